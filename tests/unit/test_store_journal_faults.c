/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal on a disk that fails, fills up and loses power, at every operation in turn and at random: nothing that was acknowledged is
 * lost, nothing is there that was not appended, and what was refused lies in a GAP.
 */
#include "tests/support/journal_disk.h"

#include "base/buffer.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MODEL_MAX = 20000 };
enum fate { PENDING, ACKNOWLEDGED, REFUSED, FORGOTTEN /* pending or refused when the power went */ };
struct fact {
    enum fate fate;
    uint64_t position, csn, refused_us;
    uint32_t size;
    bool seen;
};
struct model {
    struct disk *disk;
    struct journal *journal;
    struct journal_options options;
    struct fact facts[MODEL_MAX];
    size_t count;
    uint64_t random;
    uint64_t highest_csn, highest_position;
    bool key;
};
struct token {
    struct model *model;
    size_t id;
};
static struct token tokens[MODEL_MAX];
static const uint8_t key[32] = {1, 2, 3};

static uint64_t chance(struct model *model, uint64_t of)
{
    model->random = model->random * 6364136223846793005u + 1442695040888963407u;
    return (model->random >> 33) % of;
}

/* Payload of record `id`: the id, then bytes that follow from it. */
static void fill(uint8_t *bytes, size_t size, uint64_t id)
{
    for (size_t i = 0; i < size; i++) bytes[i] = i < 8 ? (uint8_t)(id >> (8 * i)) : id % 3 == 0 ? 0 : (uint8_t)(id + i);
}

static void done(void *context, struct journal_ticket ticket)
{
    struct token *token = context;
    struct fact *fact = &token->model->facts[token->id];
    assert_int_equal(fact->fate, PENDING);
    assert_int_equal(ticket.csn, fact->csn);
    fact->fate = ticket.refused ? REFUSED : ACKNOWLEDGED;
    fact->position = ticket.position;
    fact->refused_us = token->model->disk->now_us;
    if (ticket.position > token->model->highest_position) token->model->highest_position = ticket.position;
}

static bool start(struct model *model)
{
    struct journal_files files = disk_files(model->disk);
    struct journal_clock clock = disk_clock(model->disk);
    struct error error = {0};
    model->journal = journal_open_stepped(&model->options, &files, &clock, &error);
    if (!model->journal && error.code != ERROR_IO) fail_msg("open: %s", error.text);
    if (model->journal && model->highest_csn > journal_last_csn(model->journal)) model->highest_csn = journal_last_csn(model->journal);
    return model->journal != NULL;
}

static void append(struct model *model)
{
    static uint8_t bytes[200000];
    assert_true(model->count < MODEL_MAX);
    size_t id = model->count++;
    struct fact *fact = &model->facts[id];
    *fact = (struct fact){.size = (uint32_t)(8 + chance(model, 10) * chance(model, 100))};
    if (chance(model, 200) == 0) fact->size = 100000;
    if (chance(model, 2)) fact->csn = journal_next_csn(model->journal);
    tokens[id] = (struct token){model, id};
    fill(bytes, fact->size, id);
    journal_append(model->journal, fact->csn ? JOURNAL_INTENT : JOURNAL_DML, journal_new_transaction(model->journal), fact->csn,
                   view_of(bytes, fact->size), done, &tokens[id]);
}

/* Everything that can be read, against the model. */
struct gaps {
    struct journal_gap items[1000];
    size_t count;
};

static void check_record(struct model *model, const struct journal_record *record)
{
    static uint8_t bytes[200000];
    uint64_t id = 0;
    assert_true(record->payload.size >= 8);
    memcpy(&id, record->payload.data, 8);
    assert_true(id < model->count);
    struct fact *fact = &model->facts[id];
    assert_false(fact->seen);
    fact->seen = true;
    assert_int_equal(record->payload.size, fact->size);
    fill(bytes, fact->size, id);
    assert_memory_equal(record->payload.data, bytes, fact->size);
    assert_int_equal(record->csn, fact->csn);
    if (fact->fate == ACKNOWLEDGED) assert_int_equal(fact->position, record->position);
}

static void check_all(struct model *model, bool refused_must_be_in_gap)
{
    static struct gaps gaps;
    gaps.count = 0;
    struct error error = {0};
    struct journal_record record;
    uint64_t first = journal_first(model->journal), next = first;
    struct journal_reader *reader = journal_reader_new(model->journal, first, &error);
    assert_non_null(reader);
    for (size_t i = 0; i < model->count; i++) model->facts[i].seen = false;
    enum journal_read answer;
    while ((answer = journal_read(reader, &record, &error)) == JOURNAL_READ_OK) {
        assert_int_equal(record.position, next);
        next++;
        if (record.kind != JOURNAL_GAP) {
            check_record(model, &record);
        } else if (gaps.count < 1000) {
            assert_true(journal_gap_decode(record.payload, &gaps.items[gaps.count++]));
        }
    }
    if (answer != JOURNAL_READ_END) fail_msg("read: %s", error.text);
    assert_int_equal(next, journal_durable(model->journal) + 1);
    journal_reader_free(reader);
    for (size_t i = 0; i < model->count; i++) {
        struct fact *fact = &model->facts[i];
        if (fact->fate == ACKNOWLEDGED && fact->position >= first && !fact->seen) fail_msg("acknowledged record %zu is not there", i);
        if (fact->fate != REFUSED || fact->seen || !refused_must_be_in_gap || first > 1) continue;
        bool inside = false;
        for (size_t g = 0; g < gaps.count; g++)
            inside = inside || (gaps.items[g].from_us <= fact->refused_us && fact->refused_us <= gaps.items[g].to_us &&
                                (!fact->csn || (gaps.items[g].from_csn <= fact->csn && fact->csn <= gaps.items[g].to_csn)));
        if (!inside) fail_msg("refused record %zu is in no gap", i);
    }
}

/* Some work; false: the disk does not come back (switched off). */
static void work(struct model *model, size_t records)
{
    for (size_t i = 0; i < records; i++) {
        append(model);
        if (chance(model, 4) == 0) journal_step(model->journal);
        if (chance(model, 300) == 0) journal_release(model->journal, journal_durable(model->journal));
    }
    for (int i = 0; i < 20; i++) {
        journal_step(model->journal);
        model->disk->now_us += 3000000;
    }
}

/* The process ends without a close; what was on its way is not known. */
static void vanish(struct model *model)
{
    model->disk->stop_at = 0;
    if (model->journal) journal_close(model->journal); /* every operation fails: as if it had not been called */
    model->journal = NULL;
    for (size_t i = 0; i < model->count; i++)
        if (model->facts[i].fate != ACKNOWLEDGED) model->facts[i].fate = FORGOTTEN;
    disk_crash(model->disk);
}

static struct model *model_new(uint64_t seed)
{
    struct model *model = memory_zero(1, sizeof *model);
    model->disk = disk_new(seed);
    model->random = seed * 77 + 5;
    journal_options_default(&model->options);
    model->options.segment_size = 16 * 1024;
    model->options.retain_bytes = seed % 3 == 0 ? 40 * 1024 : (uint64_t)1 << 30;
    model->options.queue_bytes = 256 * 1024;
    model->options.queue_max = 64;
    if (seed % 4 == 1) model->options.key = key;
    return model;
}

static void model_free(struct model *model)
{
    if (model->journal) journal_close(model->journal);
    disk_free(model->disk);
    memory_free(model);
}

/* Power cut at operation 1, 2, 3, .. until the work is done before it. */
static void test_power_cut_everywhere(void **state)
{
    (void)state;
    for (uint64_t at = 1;; at++) {
        struct model *model = model_new(at);
        model->disk->stop_at = at;
        if (start(model)) work(model, 150);
        bool survived = model->disk->operations < at;
        vanish(model);
        assert_true(start(model));
        check_all(model, false);
        work(model, 20);
        check_all(model, false);
        model_free(model);
        if (survived) {
            assert_true(at > 100);
            return;
        }
    }
}

/* Operation N fails, once or for a while; the journal goes on, and says what it missed. */
static void test_failure_everywhere(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1, 2, 7, 40};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        for (uint64_t at = 1;; at++) {
            struct model *model = model_new(at + 1000 * c);
            model->disk->fail_at = at;
            model->disk->fail_count = counts[c];
            bool started = start(model);
            for (int i = 0; !started && i < 50; i++) started = start(model);
            assert_true(started);
            work(model, 150);
            bool survived = model->disk->operations < at;
            model->disk->fail_at = UINT64_MAX;
            work(model, 10);
            assert_false(journal_failed(model->journal, NULL));
            check_all(model, true);
            journal_close(model->journal);
            assert_true(start(model)); /* a clean stop: everything is still so */
            check_all(model, true);
            model_free(model);
            if (survived) break;
        }
    }
}

/* Power cut while the disk fails, many times over, one journal through it all. */
static void test_long_life(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct model *model = model_new(seed);
        model->disk->lose_nothing = seed % 5 == 0;
        for (int boot = 0; boot < 12; boot++) {
            if (!start(model)) fail_msg("seed %llu boot %d does not open", (unsigned long long)seed, boot);
            check_all(model, false);
            uint64_t base = model->disk->operations;
            if (chance(model, 2)) {
                model->disk->fail_at = base + chance(model, 80);
                model->disk->fail_count = 1 + chance(model, 20);
            }
            if (chance(model, 3)) model->disk->stop_at = base + chance(model, 200);
            work(model, 20 + chance(model, 100));
            if (model->disk->stop_at != UINT64_MAX || chance(model, 2)) {
                vanish(model);
            } else {
                journal_close(model->journal);
                model->journal = NULL;
                model->disk->fail_at = UINT64_MAX;
                for (size_t i = 0; i < model->count; i++)
                    if (model->facts[i].fate == REFUSED) model->facts[i].fate = FORGOTTEN;
            }
        }
        assert_true(start(model));
        check_all(model, false);
        model_free(model);
    }
}

static void test_disk_full(void **state)
{
    (void)state;
    struct model *model = model_new(2);
    assert_true(start(model));
    work(model, 50);
    model->disk->capacity = 120 * 1024;
    for (int i = 0; i < 20 && !journal_failed(model->journal, NULL); i++) work(model, 100);
    struct error why = {0};
    assert_true(journal_failed(model->journal, &why));
    assert_int_equal(why.code, ERROR_DISK_FULL);
    struct journal_statistics statistics;
    journal_statistics(model->journal, &statistics);
    assert_true(statistics.refused > 0 && statistics.failures > 0 && statistics.helper_failures > 0);
    check_all(model, false);
    /* A reader releases: the journal makes room for itself although retention would keep the segments. */
    journal_release(model->journal, journal_durable(model->journal) + 1);
    work(model, 10);
    assert_false(journal_failed(model->journal, NULL));
    assert_true(journal_first(model->journal) > 1);
    check_all(model, false);
    model_free(model);
}

/* The limit of our own: as a full disk, but what was released goes first. */
static void test_bytes_max(void **state)
{
    (void)state;
    struct model *model = model_new(2);
    model->options.bytes_max = 100 * 1024;
    assert_true(start(model));
    for (int i = 0; i < 20 && !journal_failed(model->journal, NULL); i++) work(model, 100);
    struct error why = {0};
    assert_true(journal_failed(model->journal, &why));
    assert_non_null(strstr(why.text, "102400"));
    struct journal_statistics statistics;
    journal_statistics(model->journal, &statistics);
    assert_true(statistics.bytes_on_disk <= 100 * 1024);
    check_all(model, false);
    journal_release(model->journal, journal_durable(model->journal) + 1);
    work(model, 10);
    assert_false(journal_failed(model->journal, NULL));
    check_all(model, false);
    model_free(model);
}

static void test_disk_full_at_start(void **state)
{
    (void)state;
    struct model *model = model_new(2);
    model->disk->capacity = 1024;
    assert_true(start(model));
    assert_true(journal_failed(model->journal, NULL));
    work(model, 5);
    assert_int_equal(model->facts[0].fate, REFUSED);
    model->disk->capacity = 0;
    work(model, 5);
    assert_false(journal_failed(model->journal, NULL));
    check_all(model, true);
    model_free(model);
}

static void test_full_queue(void **state)
{
    (void)state;
    struct model *model = model_new(2);
    assert_true(start(model));
    for (int i = 0; i < 100; i++) append(model); /* queue_max is 64 */
    assert_int_equal(model->facts[99].fate, REFUSED);
    assert_false(journal_failed(model->journal, NULL));
    work(model, 1);
    check_all(model, true);
    assert_int_equal(model->facts[63].fate, ACKNOWLEDGED);
    assert_true(model->facts[63].position > 64); /* the GAP came first */
    model_free(model);
}

/* ---- what a reader costs ---- */

static struct journal_files inner;
static uint64_t reads, bytes_read;
static bool count_read(void *context, struct journal_file *file, uint64_t offset, void *bytes, size_t size, size_t *got,
                       struct error *error)
{
    bool good = inner.read(context, file, offset, bytes, size, got, error);
    reads++;
    bytes_read += *got;
    return good;
}

static void write_kilobytes(struct journal *journal, uint32_t count)
{
    static const uint8_t bytes[1000] = {5};
    for (uint32_t i = 0; i < count; i++) journal_append(journal, JOURNAL_DML, 1, 0, view_of(bytes, sizeof bytes), NULL, NULL);
    while (journal_step(journal)) {}
}

/* Whoever follows the end reads little more than what is new, group by group; a backlog is read in large pieces. */
static void test_reader_reads_what_is_new(void **state)
{
    enum { FOLLOWED = 300, BACKLOG = 4000, AT_ONCE = 50 };
    (void)state;
    struct model *model = model_new(2);
    struct journal_clock clock = disk_clock(model->disk);
    struct journal_files files = inner = disk_files(model->disk);
    files.read = count_read;
    model->options.segment_size = 16 << 20;
    model->journal = journal_open_stepped(&model->options, &files, &clock, NULL);
    assert_non_null(model->journal);
    struct journal_reader *reader = journal_reader_new(model->journal, 1, NULL);
    struct journal_record record;
    reads = bytes_read = 0;
    for (uint32_t i = 0; i < FOLLOWED; i++) {
        write_kilobytes(model->journal, 1);
        assert_int_equal(journal_read(reader, &record, NULL), JOURNAL_READ_OK);
        assert_int_equal(journal_read(reader, &record, NULL), JOURNAL_READ_END);
    }
    assert_in_range(bytes_read, FOLLOWED * 1000, FOLLOWED * 20000);
    for (uint32_t i = 0; i < BACKLOG; i += AT_ONCE) write_kilobytes(model->journal, AT_ONCE);
    reads = bytes_read = 0;
    for (uint32_t i = 0; i < BACKLOG; i++) assert_int_equal(journal_read(reader, &record, NULL), JOURNAL_READ_OK);
    assert_int_equal(journal_read(reader, &record, NULL), JOURNAL_READ_END);
    assert_in_range(bytes_read, BACKLOG * 1000, 3 * BACKLOG * 1000);
    assert_in_range(reads, 1, 30);
    journal_reader_free(reader);
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_cut_everywhere),
        cmocka_unit_test(test_failure_everywhere),
        cmocka_unit_test(test_long_life),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_bytes_max),
        cmocka_unit_test(test_disk_full_at_start),
        cmocka_unit_test(test_full_queue),
        cmocka_unit_test(test_reader_reads_what_is_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
