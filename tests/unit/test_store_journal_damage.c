/* SPDX-License-Identifier: Apache-2.0 */
/* Torn tails, flipped bits and repair: what the journal makes of bytes that are not what it wrote. */
#define _GNU_SOURCE /* memmem */
#include "tests/support/journal_disk.h"

#include "store/journal_format.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
    struct disk *disk;
    struct journal *journal;
    struct journal_options options;
    uint64_t acknowledged;
};

static void done(void *context, struct journal_ticket ticket)
{
    struct fixture *fixture = context;
    assert_false(ticket.refused);
    fixture->acknowledged = ticket.position;
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
    journal_close(fixture->journal);
    fixture->journal = NULL;
}

/* The process is killed: nothing is closed in order. */
static void kill_it(struct fixture *fixture)
{
    fixture->disk->lose_nothing = true;
    fixture->disk->stop_at = 0;
    stop(fixture);
    disk_crash(fixture->disk);
}

static void append_group(struct fixture *fixture, int records, size_t size)
{
    uint8_t *bytes = memory_alloc(size);
    for (int i = 0; i < records; i++) {
        memset(bytes, 'a' + i, size);
        journal_append(fixture->journal, JOURNAL_DML, 7, 0, view_of(bytes, size), done, fixture);
    }
    memory_free(bytes);
    while (journal_step(fixture->journal)) {}
}

static struct fixture fixture_new(void)
{
    struct fixture fixture = {.disk = disk_new(1)};
    journal_options_default(&fixture.options);
    fixture.options.segment_size = 64 * 1024;
    assert_true(start(&fixture, NULL));
    return fixture;
}

/* Records that can be read, from the first one; answers one past the last. */
static uint64_t read_all(struct fixture *fixture, uint32_t *gaps)
{
    struct error error = {0};
    struct journal_record record;
    struct journal_reader *reader = journal_reader_new(fixture->journal, 1, &error);
    assert_non_null(reader);
    uint64_t next = 1;
    enum journal_read answer;
    *gaps = 0;
    while ((answer = journal_read(reader, &record, &error)) == JOURNAL_READ_OK) {
        assert_true(record.position >= next);
        next = record.position + 1;
        *gaps += record.kind == JOURNAL_GAP;
    }
    if (answer != JOURNAL_READ_END) fail_msg("%s", error.text);
    journal_reader_free(reader);
    return next;
}

/* Bytes of the last group of segment 1: [*from, *to). */
static uint8_t *last_group(struct fixture *fixture, uint64_t *from, uint64_t *to)
{
    uint64_t size = 0;
    uint8_t *bytes = disk_bytes(fixture->disk, "00000000000000000001.journal", &size);
    assert_non_null(bytes);
    struct journal_header header;
    assert_true(journal_header_decode(view_of(bytes, size), &header, NULL));
    struct journal_group group;
    *to = JOURNAL_HEADER_SIZE;
    while (*to < size && journal_group_decode(view_of(bytes + *to, size - *to), header.salt, &group)) {
        *from = *to;
        *to += group.size;
    }
    return bytes;
}

static void torn(size_t payload, bool truncated)
{
    for (uint64_t keep = 0;; keep++) {
        struct fixture fixture = fixture_new();
        append_group(&fixture, 3, 300);
        append_group(&fixture, 2, 100);
        append_group(&fixture, 3, payload);
        kill_it(&fixture);
        uint64_t from, to;
        uint8_t *bytes = last_group(&fixture, &from, &to);
        if (from + keep >= to) {
            disk_free(fixture.disk);
            return;
        }
        if (truncated)
            disk_find(fixture.disk->live, fixture.disk->live_count, "00000000000000000001.journal")->inode->live_size = from + keep;
        else
            memset(bytes + from + keep, 0, to - from - keep);
        struct error error = {0};
        if (!start(&fixture, &error)) fail_msg("cut after %llu bytes: %s", (unsigned long long)keep, error.text);
        struct journal_recovery recovery;
        journal_recovery(fixture.journal, &recovery);
        assert_false(recovery.clean);
        assert_int_equal(recovery.torn_bytes > 0, keep > 0);
        uint32_t gaps;
        assert_int_equal(read_all(&fixture, &gaps), 6);
        append_group(&fixture, 1, 10);
        assert_int_equal(fixture.acknowledged, 6);
        stop(&fixture);
        assert_true(start(&fixture, &error));
        journal_recovery(fixture.journal, &recovery);
        assert_true(recovery.clean);
        assert_int_equal(read_all(&fixture, &gaps), 7);
        stop(&fixture);
        disk_free(fixture.disk);
    }
}

static void test_torn_at_every_byte(void **state)
{
    (void)state;
    torn(50, false);  /* one sector */
    torn(400, false); /* three */
    torn(50, true);
}

/* One sector of the last group was written, another not: in any combination. */
static void test_torn_by_sector(void **state)
{
    (void)state;
    for (unsigned written = 0; written < 7; written++) { /* three sectors, not all written */
        struct fixture fixture = fixture_new();
        append_group(&fixture, 2, 100);
        append_group(&fixture, 3, 400);
        kill_it(&fixture);
        uint64_t from, to;
        uint8_t *bytes = last_group(&fixture, &from, &to);
        assert_int_equal(to - from, 3 * JOURNAL_SECTOR);
        for (unsigned i = 0; i < 3; i++)
            if (!(written >> i & 1)) memset(bytes + from + i * JOURNAL_SECTOR, 0, JOURNAL_SECTOR);
        struct error error = {0};
        if (!start(&fixture, &error)) fail_msg("%s", error.text);
        uint32_t gaps;
        assert_int_equal(read_all(&fixture, &gaps), 3);
        stop(&fixture);
        disk_free(fixture.disk);
    }
}

/* A flipped bit in the segment is never read as a record: it is told as corruption, or it hit bytes that mean nothing. */
static void flipped(bool clean, size_t *refused, size_t *harmless)
{
    *refused = *harmless = 0;
    for (uint64_t at = 0;; at++) {
        struct fixture fixture = fixture_new();
        append_group(&fixture, 3, 300);
        append_group(&fixture, 2, 100);
        append_group(&fixture, 3, 50);
        if (clean)
            stop(&fixture);
        else
            kill_it(&fixture);
        uint64_t from, to;
        uint8_t *bytes = last_group(&fixture, &from, &to);
        if (at >= to) {
            disk_free(fixture.disk);
            return;
        }
        bytes[at] ^= (uint8_t)(1u << at % 8);
        struct error error = {0};
        uint32_t gaps;
        if (start(&fixture, &error)) {
            assert_int_equal(read_all(&fixture, &gaps), 9);
            (*harmless)++;
            stop(&fixture);
        } else {
            assert_int_equal(error.code, ERROR_CORRUPT);
            assert_non_null(strstr(error.text, "journal repair"));
            (*refused)++;
            fixture.options.cut_damage = true;
            assert_true(start(&fixture, &error));
            read_all(&fixture, &gaps);
            assert_int_equal(gaps, 0); /* it is written with the first turn */
            append_group(&fixture, 1, 10);
            read_all(&fixture, &gaps);
            assert_int_equal(gaps, 1);
            if (fixture.acknowledged < 10) fail_msg("flip at %llu: %llu", (unsigned long long)at, (unsigned long long)fixture.acknowledged);
            /* above all that was ever seen; the one before is the GAP */
            if (clean && at >= JOURNAL_HEADER_SIZE && at < to - JOURNAL_SECTOR) assert_int_equal(fixture.acknowledged, 10);
            stop(&fixture);
        }
        disk_free(fixture.disk);
    }
}

static void test_flipped_bit(void **state)
{
    (void)state;
    size_t refused, harmless;
    flipped(true, &refused, &harmless);
    assert_true(refused > 1800);
    assert_int_equal(harmless, 1278); /* exactly the padding of groups and records */
    flipped(false, &refused, &harmless);
    assert_true(refused > 1800);
}

static void test_repair_in_the_middle(void **state)
{
    (void)state;
    struct fixture fixture = fixture_new();
    for (int i = 0; i < 30; i++) append_group(&fixture, 5, 2000); /* several segments */
    uint64_t last = fixture.acknowledged;
    assert_int_equal(last, 150);
    stop(&fixture);
    uint64_t size = 0;
    uint8_t *bytes = disk_bytes(fixture.disk, "00000000000000000001.journal", &size);
    bytes[JOURNAL_HEADER_SIZE + 25000] ^= 4;
    struct error error = {0};
    assert_false(start(&fixture, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    assert_non_null(strstr(error.text, "00000000000000000001.journal"));
    assert_non_null(strstr(error.text, "record 11 "));
    fixture.options.cut_damage = true;
    fixture.disk->fail_at = fixture.disk->operations + 9; /* interrupted: the marker stands, the next one goes on */
    fixture.disk->fail_count = 1;
    if (start(&fixture, &error)) kill_it(&fixture);
    fixture.disk->fail_at = UINT64_MAX;
    if (!start(&fixture, &error)) fail_msg("%s", error.text);
    fixture.options.cut_damage = false;
    append_group(&fixture, 2, 10);
    assert_int_equal(fixture.acknowledged, last + 3);
    struct journal_record record;
    struct journal_reader *reader = journal_reader_new(fixture.journal, 1, &error);
    uint64_t positions[20], count = 0;
    while (journal_read(reader, &record, &error) == JOURNAL_READ_OK) positions[count++] = record.position;
    assert_int_equal(count, 13);
    assert_int_equal(positions[9], 10);
    assert_int_equal(positions[10], last + 1);
    journal_reader_free(reader);
    /* A reader that stands in the hole goes on with the GAP. */
    reader = journal_reader_new(fixture.journal, 77, &error);
    assert_int_equal(journal_read(reader, &record, &error), JOURNAL_READ_OK);
    assert_int_equal(record.kind, JOURNAL_GAP);
    assert_int_equal(record.position, last + 1);
    journal_reader_free(reader);
    stop(&fixture);
    assert_true(start(&fixture, &error));
    uint32_t gaps;
    assert_int_equal(read_all(&fixture, &gaps), last + 4);
    assert_int_equal(gaps, 1);
    stop(&fixture);
    disk_free(fixture.disk);
}

static void test_missing_segment(void **state)
{
    (void)state;
    struct fixture fixture = fixture_new();
    for (int i = 0; i < 30; i++) append_group(&fixture, 5, 2000);
    stop(&fixture);
    size_t segments = 0;
    struct disk_name *second = NULL;
    for (size_t i = 0; i < fixture.disk->live_count; i++) {
        uint64_t first;
        if (!journal_segment_name_parse(fixture.disk->live[i].name, &first)) continue;
        segments++;
        if (first > 1 && first < 60) second = &fixture.disk->live[i];
    }
    assert_true(segments >= 4);
    disk_forget(fixture.disk->live, &fixture.disk->live_count, second);
    struct error error = {0};
    assert_false(start(&fixture, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    disk_free(fixture.disk);
}

/* The journal's folder was lost; its consumers have not forgotten what they saw. */
static void test_floor(void **state)
{
    (void)state;
    struct fixture fixture = fixture_new();
    stop(&fixture);
    fixture.options.position_floor = 500;
    fixture.options.csn_floor = 70;
    assert_true(start(&fixture, NULL));
    assert_int_equal(journal_next_csn(fixture.journal), 71);
    struct journal_record record;
    struct journal_reader *reader = journal_reader_new(fixture.journal, 501, NULL);
    assert_non_null(reader);
    assert_int_equal(journal_read(reader, &record, NULL), JOURNAL_READ_END);
    append_group(&fixture, 1, 10);
    assert_int_equal(journal_read(reader, &record, NULL), JOURNAL_READ_OK);
    assert_int_equal(record.kind, JOURNAL_GAP);
    assert_int_equal(record.position, 501);
    journal_reader_free(reader);
    stop(&fixture);
    assert_true(start(&fixture, NULL)); /* the floor is below now: nothing new to say */
    uint32_t gaps;
    append_group(&fixture, 1, 10);
    assert_int_equal(read_all(&fixture, &gaps), 504);
    assert_int_equal(gaps, 1);
    stop(&fixture);
    disk_free(fixture.disk);
}

/* The folder was replaced by an older copy: the number of the last start tells, and what may have been given since is not given again. */
static void test_older_copy(void **state)
{
    (void)state;
    struct fixture fixture = fixture_new();
    stop(&fixture);
    fixture.options.boot_floor = 9; /* others know of nine starts, of nothing else */
    fixture.options.position_reserved = 5000;
    fixture.options.csn_reserved = 700;
    assert_true(start(&fixture, NULL));
    struct journal_recovery recovery;
    journal_recovery(fixture.journal, &recovery);
    assert_true(recovery.lost);
    assert_int_equal(recovery.boot, 10);
    assert_int_equal(journal_next_csn(fixture.journal), 701);
    assert_int_equal(journal_durable(fixture.journal), 5000);
    append_group(&fixture, 1, 10);
    uint32_t gaps;
    assert_int_equal(read_all(&fixture, &gaps), 5003);
    assert_int_equal(gaps, 1);
    stop(&fixture);
    assert_true(start(&fixture, NULL));
    journal_recovery(fixture.journal, &recovery);
    assert_false(recovery.lost);
    assert_int_equal(journal_durable(fixture.journal), 5002);
    stop(&fixture);
    disk_free(fixture.disk);
}

/* A CSN whose intent was refused stands in no record but the GAP: a start must not give it again. */
static void test_refused_csn_is_not_given_again(void **state)
{
    (void)state;
    struct fixture fixture = fixture_new();
    uint64_t csn = 0;
    fixture.options.queue_max = 4;
    stop(&fixture);
    assert_true(start(&fixture, NULL));
    for (int i = 0; i < 10; i++) { /* nothing is taken meanwhile: the queue is full after four */
        csn = journal_next_csn(fixture.journal);
        journal_append(fixture.journal, JOURNAL_INTENT, 7, csn, view_text("x"), NULL, NULL);
    }
    while (journal_step(fixture.journal)) {}
    kill_it(&fixture);
    assert_true(start(&fixture, NULL));
    assert_true(journal_next_csn(fixture.journal) > csn);
    stop(&fixture);
    disk_free(fixture.disk);
}

static void test_retention_by_age(void **state)
{
    (void)state;
    struct fixture fixture = fixture_new();
    stop(&fixture);
    fixture.options.retain_us = UINT64_C(3600000000);
    assert_true(start(&fixture, NULL));
    for (int i = 0; i < 12; i++) append_group(&fixture, 2, 10000); /* three in a segment */
    struct journal_statistics numbers;
    journal_statistics(fixture.journal, &numbers);
    uint64_t segments = numbers.segments;
    assert_true(segments >= 4);
    journal_release(fixture.journal, 10); /* the first segment, a part of the second */
    fixture.disk->now_us += UINT64_C(1800000000);
    while (journal_step(fixture.journal)) {}
    journal_statistics(fixture.journal, &numbers);
    assert_int_equal(numbers.segments, segments); /* young enough */
    fixture.disk->now_us += UINT64_C(1800000000);
    while (journal_step(fixture.journal)) {}
    journal_statistics(fixture.journal, &numbers);
    assert_int_equal(numbers.segments, segments - 1); /* what is not released stays, whatever its age */
    journal_release(fixture.journal, UINT64_MAX);
    while (journal_step(fixture.journal)) {}
    journal_statistics(fixture.journal, &numbers);
    assert_int_equal(numbers.segments, 1);
    stop(&fixture);
    disk_free(fixture.disk);
}

static void test_encryption(void **state)
{
    (void)state;
    static const uint8_t key[32] = {9}, other[32] = {8};
    struct fixture fixture = fixture_new();
    stop(&fixture);
    fixture.options.key = key;
    assert_true(start(&fixture, NULL));
    append_group(&fixture, 2, 100);
    append_group(&fixture, 1, 0);
    struct journal_record record;
    struct journal_reader *reader = journal_reader_new(fixture.journal, 2, NULL);
    assert_int_equal(journal_read(reader, &record, NULL), JOURNAL_READ_OK);
    assert_int_equal(record.payload.size, 100);
    for (size_t i = 0; i < 100; i++) assert_int_equal(record.payload.data[i], 'b');
    assert_int_equal(journal_read(reader, &record, NULL), JOURNAL_READ_OK);
    assert_int_equal(record.payload.size, 0);
    journal_reader_free(reader);
    stop(&fixture);
    uint64_t from, to;
    uint8_t *bytes = last_group(&fixture, &from, &to);
    assert_null(memmem(bytes, to, "bbbbbbbb", 8));
    struct error error = {0};
    fixture.options.key = other;
    assert_false(start(&fixture, &error));
    assert_int_equal(error.code, ERROR_JOURNAL);
    fixture.options.key = NULL;
    assert_false(start(&fixture, &error));
    assert_int_equal(error.code, ERROR_JOURNAL);
    disk_free(fixture.disk);
}

/* The process is killed between a write and its sync; the next one finds the group, goes on behind it, and then the power goes: the group must still be there. */
static void test_found_and_then_power_cut(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct fixture fixture = {.disk = disk_new(seed)};
        journal_options_default(&fixture.options);
        fixture.options.segment_size =
            JOURNAL_HEADER_SIZE + 1536 + 512; /* the second group fills it to the last byte: nothing is left to be cut */
        assert_true(start(&fixture, NULL));
        append_group(&fixture, 3, 300);
        journal_append(fixture.journal, JOURNAL_DML, 7, 0, view_text("written, not synced"), NULL, NULL);
        fixture.disk->stop_at = fixture.disk->operations + 2; /* the write is the next, the sync the one after */
        while (journal_step(fixture.journal) && !journal_failed(fixture.journal, NULL)) {}
        stop(&fixture);
        fixture.disk->lose_nothing = true;
        disk_crash(fixture.disk);
        struct error error = {0};
        if (!start(&fixture, &error)) fail_msg("%s", error.text);
        append_group(&fixture, 1, 100);
        assert_int_equal(fixture.acknowledged, 5);
        fixture.disk->stop_at = 0;
        stop(&fixture);
        fixture.disk->lose_nothing = false;
        disk_crash(fixture.disk);
        if (!start(&fixture, &error)) fail_msg("seed %llu: %s", (unsigned long long)seed, error.text);
        uint32_t gaps;
        assert_int_equal(read_all(&fixture, &gaps), 6);
        assert_int_equal(gaps, 0);
        stop(&fixture);
        disk_free(fixture.disk);
    }
}

/*
 * A sync fails: what it did not write can be read, looks clean, and is not on the disk. The process dies before it could write its GAP; the next one finds the group and must not
 * believe it: when the power goes later, the records behind it must not stand behind a hole.
 */
static void test_failed_sync_and_a_restart(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct fixture fixture = {.disk = disk_new(seed)};
        journal_options_default(&fixture.options);
        fixture.options.segment_size = 64 * 1024;
        assert_true(start(&fixture, NULL));
        append_group(&fixture, 3, 300);
        fixture.disk->fail_at = fixture.disk->operations + 2; /* the write is the next, the sync the one after */
        fixture.disk->fail_count = seed % 3 ? UINT64_MAX : 1;
        uint8_t bytes[5000] = {1};
        journal_append(fixture.journal, JOURNAL_DML, 7, 0, view_of(bytes, sizeof bytes), NULL, NULL);
        while (journal_step(fixture.journal) && !journal_failed(fixture.journal, NULL)) {}
        assert_true(journal_failed(fixture.journal, NULL));
        fixture.disk->stop_at = 0;
        stop(&fixture);
        fixture.disk->lose_nothing = true;
        disk_crash(fixture.disk);
        struct error error = {0};
        if (!start(&fixture, &error)) fail_msg("seed %llu: %s", (unsigned long long)seed, error.text);
        append_group(&fixture, 2, 100);
        uint64_t acknowledged = fixture.acknowledged;
        fixture.disk->lose_nothing = false;
        fixture.disk->stop_at = 0;
        stop(&fixture);
        disk_crash(fixture.disk);
        if (!start(&fixture, &error)) fail_msg("seed %llu, after the power cut: %s", (unsigned long long)seed, error.text);
        uint32_t gaps;
        assert_true(read_all(&fixture, &gaps) > acknowledged);
        stop(&fixture);
        disk_free(fixture.disk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_torn_at_every_byte),
        cmocka_unit_test(test_torn_by_sector),
        cmocka_unit_test(test_flipped_bit),
        cmocka_unit_test(test_repair_in_the_middle),
        cmocka_unit_test(test_missing_segment),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_older_copy),
        cmocka_unit_test(test_refused_csn_is_not_given_again),
        cmocka_unit_test(test_retention_by_age),
        cmocka_unit_test(test_encryption),
        cmocka_unit_test(test_found_and_then_power_cut),
        cmocka_unit_test(test_failed_sync_and_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
