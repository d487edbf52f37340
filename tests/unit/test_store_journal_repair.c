/* SPDX-License-Identifier: Apache-2.0 */
/* What a repair may do and what it must not: interrupted again and again it forgets no number; a segment of another version is no damage. */
#include "tests/support/journal_disk.h"

#include "store/journal_format.h"
#include <setjmp.h>
#include <stdarg.h>
#include <xxhash.h>

#include <cmocka.h>

enum { GROUPS = 12, RECORDS = 5 };
static const char first_name[] = "00000000000000000001.journal";

struct fixture {
    struct disk *disk;
    struct journal *journal;
    struct journal_options options;
    uint64_t acknowledged, csn;
};

static void done(void *context, struct journal_ticket ticket)
{
    struct fixture *fixture = context;
    assert_false(ticket.refused);
    fixture->acknowledged = ticket.position;
    fixture->csn = ticket.csn;
}

static bool start(struct fixture *fixture, struct error *error)
{
    struct journal_files files = disk_files(fixture->disk);
    struct journal_clock clock = disk_clock(fixture->disk);
    fixture->journal = journal_open_stepped(&fixture->options, &files, &clock, error);
    return fixture->journal != NULL;
}

static void stop(struct fixture *fixture)
{
    if (fixture->journal) journal_close(fixture->journal);
    fixture->journal = NULL;
}

static void append(struct fixture *fixture)
{
    static const uint8_t bytes[2000] = {9};
    for (int i = 0; i < RECORDS; i++)
        journal_append(fixture->journal, JOURNAL_INTENT, 7, journal_next_csn(fixture->journal), view_of(bytes, sizeof bytes), done,
                       fixture);
    while (journal_step(fixture->journal)) {}
}

/* Several segments, closed in order. */
static struct fixture fixture_new(uint64_t seed)
{
    struct fixture fixture = {.disk = disk_new(seed)};
    struct error error;
    journal_options_default(&fixture.options);
    fixture.options.segment_size = 32 * 1024;
    assert_true(start(&fixture, &error));
    for (int i = 0; i < GROUPS; i++) append(&fixture);
    assert_int_equal(fixture.acknowledged, GROUPS * RECORDS);
    stop(&fixture);
    return fixture;
}

/* The power goes at operation `at` of a start that repairs. False: it was over before. */
static bool cut_power(struct fixture *fixture, uint64_t at)
{
    struct error error = {0};
    fixture->disk->operations = 0;
    fixture->disk->stop_at = at;
    bool through = start(fixture, &error) && fixture->disk->operations < at;
    fixture->disk->stop_at = 0;
    stop(fixture);
    disk_crash(fixture->disk);
    return !through;
}

/* Power cut at every operation of a repair, and then at every operation of the next one: whatever comes afterwards has numbers of its own. */
static void no_number_is_forgotten(void **state)
{
    (void)state;
    uint32_t cases = 0, twice = 0;
    for (uint64_t first = 1;; first++) {
        bool first_cut = true, second_cut = true;
        for (uint64_t second = 1; second_cut; second++) {
            struct fixture fixture = fixture_new(first * 1000 + second);
            uint64_t highest = fixture.acknowledged, csn = fixture.csn, size;
            struct error error = {0};
            disk_bytes(fixture.disk, first_name, &size)[JOURNAL_HEADER_SIZE + 11000] ^= 4;
            fixture.options.cut_damage = true;
            first_cut = cut_power(&fixture, first);
            second_cut = first_cut && cut_power(&fixture, second);
            twice += second_cut;
            fixture.options.cut_damage = true;
            if (!start(&fixture, &error)) fail_msg("%s", error.text);
            fixture.acknowledged = 0;
            append(&fixture);
            assert_true(fixture.acknowledged > highest);
            assert_true(fixture.csn > csn);
            stop(&fixture);
            disk_free(fixture.disk);
            cases++;
        }
        if (!first_cut) break;
    }
    assert_true(cases > 50 && twice > 50);
}

static void set_header(uint8_t *header, size_t at, uint32_t value)
{
    for (int i = 0; i < 4; i++) header[at + i] = (uint8_t)(value >> (8 * i));
    uint64_t sum = XXH3_64bits_withSeed(header, 504, 0);
    for (int i = 0; i < 8; i++) header[504 + i] = (uint8_t)(sum >> (8 * i));
}

static void refused_and_left_alone(struct fixture *fixture)
{
    for (int repair = 0; repair < 2; repair++) {
        uint64_t size;
        struct error error = {0};
        fixture->options.cut_damage = repair;
        uint8_t *before = memory_copy(disk_bytes(fixture->disk, first_name, &size), 32 * 1024);
        assert_false(start(fixture, &error));
        assert_int_equal(error.code, ERROR_JOURNAL);
        assert_non_null(strstr(error.text, first_name));
        assert_null(strstr(error.text, "repair"));
        uint8_t *after = disk_bytes(fixture->disk, first_name, &size);
        assert_non_null(after);
        assert_memory_equal(before, after, 32 * 1024);
        memory_free(before);
    }
}

/* A program that is older than its journal must not call damaged what it does not know, nor set it aside. */
static void another_version_is_no_damage(void **state)
{
    (void)state;
    struct fixture fixture = fixture_new(1);
    uint64_t size;
    struct error error = {0};
    uint8_t *header = disk_bytes(fixture.disk, first_name, &size);
    set_header(header, 8, 2); /* version */
    refused_and_left_alone(&fixture);
    set_header(header, 8, 1);
    set_header(header, 56, 4); /* a flag that nobody knows */
    refused_and_left_alone(&fixture);
    set_header(header, 56, 0);
    assert_true(start(&fixture, &error));
    append(&fixture);
    assert_int_equal(fixture.acknowledged, (GROUPS + 1) * RECORDS);
    stop(&fixture);
    disk_free(fixture.disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_number_is_forgotten), cmocka_unit_test(another_version_is_no_damage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
