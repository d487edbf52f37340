/* SPDX-License-Identifier: Apache-2.0 */
/* A journal is looked at without being changed: segments, records, torn tails, damage, encryption. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/journal_inspect.h"
#include "tests/support/journal_disk.h"

enum { SEGMENT = 8192, RECORDS = 60 };
static const uint8_t right_key[32] = {7, 1, 2}, wrong_key[32] = {8};

struct seen {
    uint64_t segments, damaged, torn, records, next, holes;
    bool texts_good;
    char problem[400];
};

static void see_segment(void *context, const struct journal_segment_report *report)
{
    struct seen *seen = context;
    seen->segments++;
    seen->damaged += report->state == JOURNAL_SEGMENT_DAMAGED;
    seen->torn += report->state == JOURNAL_SEGMENT_TORN;
    if (report->problem[0]) snprintf(seen->problem, sizeof seen->problem, "%s", report->problem);
}

static bool see_record(void *context, const struct journal_record *record)
{
    struct seen *seen = context;
    char want[40];
    seen->records++;
    if (record->position != seen->next) seen->holes++;
    seen->next = record->position + 1;
    snprintf(want, sizeof want, "record %llu", (unsigned long long)record->position);
    if (!view_equal(record->payload, view_text(want))) seen->texts_good = false;
    return true;
}

static bool inspect(struct disk *disk, const uint8_t *key, struct seen *seen, struct error *error)
{
    struct journal_files files = disk_files(disk);
    struct journal_inspection wanted = {.context = seen, .segment = see_segment, .record = see_record, .key = key};
    *seen = (struct seen){.next = 1, .texts_good = true};
    uint64_t operations = disk->operations;
    bool good = journal_inspect(&files, &wanted, error);
    assert_int_equal(disk->operations, operations); /* nothing was changed */
    return good;
}

static struct disk *filled_disk(const uint8_t *key, bool close)
{
    struct disk *disk = disk_new(5);
    struct journal_options options;
    struct error error = {0};
    journal_options_default(&options);
    options.segment_size = SEGMENT;
    options.key = key;
    struct journal_files files = disk_files(disk);
    struct journal_clock clock = disk_clock(disk);
    struct journal *journal = journal_open_stepped(&options, &files, &clock, &error);
    if (!journal) fail_msg("%s", error.text);
    for (int i = 1; i <= RECORDS; i++) {
        char text[40];
        snprintf(text, sizeof text, "record %d", i);
        journal_append(journal, JOURNAL_DML, 1, 0, view_text(text), NULL, NULL);
        while (journal_step(journal)) {}
    }
    if (!close) { /* as a killed process leaves it */
        struct disk *copy = disk_clone(disk);
        journal_close(journal);
        disk_free(disk);
        return copy;
    }
    journal_close(journal);
    return disk;
}

static struct disk_inode *last_segment(struct disk *disk)
{
    struct disk_name *last = NULL;
    for (size_t i = 0; i < disk->live_count; i++)
        if (strstr(disk->live[i].name, ".journal") && (!last || strcmp(disk->live[i].name, last->name) > 0)) last = &disk->live[i];
    assert_non_null(last);
    return last->inode;
}

static void every_record_is_shown_once(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct seen seen;
        struct error error = {0};
        struct disk *disk = filled_disk(how & 1 ? right_key : NULL, how & 2);
        if (!inspect(disk, right_key, &seen, &error)) fail_msg("%s", error.text);
        assert_int_equal(seen.records, RECORDS);
        assert_int_equal(seen.holes + seen.damaged + seen.torn, 0);
        assert_true(seen.segments > 2 && seen.texts_good);
        disk_free(disk);
    }
}

static void a_wrong_key_is_told(void **state)
{
    (void)state;
    struct seen seen;
    struct error error = {0};
    struct disk *disk = filled_disk(right_key, true);
    assert_false(inspect(disk, wrong_key, &seen, &error));
    assert_non_null(strstr(error.text, "another key"));
    assert_false(inspect(disk, NULL, &seen, &error));
    assert_non_null(strstr(error.text, "key_file"));
    disk_free(disk);
}

static void a_flipped_bit_is_damage_and_a_half_write_is_torn(void **state)
{
    (void)state;
    struct seen seen;
    struct error error = {0};
    struct disk *disk = filled_disk(NULL, false);
    struct disk_inode *inode = last_segment(disk);
    uint64_t first_group = JOURNAL_HEADER_SIZE;
    inode->live[first_group + 50] ^= 4;
    assert_true(inspect(disk, NULL, &seen, &error));
    assert_true(seen.damaged == 1 && seen.records < RECORDS && seen.problem[0]);
    inode->live[first_group + 50] ^= 4;
    for (uint64_t at = inode->live_size - 1; at > JOURNAL_HEADER_SIZE; at--) { /* the last group's end did not arrive */
        if (!inode->live[at]) continue;
        memset(inode->live + at - 100, 0, 101);
        break;
    }
    assert_true(inspect(disk, NULL, &seen, &error));
    assert_int_equal(seen.torn, 1);
    assert_int_equal(seen.damaged, 0);
    assert_int_equal(seen.records, RECORDS - 1);
    disk_free(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_shown_once),
        cmocka_unit_test(a_wrong_key_is_told),
        cmocka_unit_test(a_flipped_bit_is_damage_and_a_half_write_is_torn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
