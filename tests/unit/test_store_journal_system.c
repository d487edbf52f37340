/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal's real files over a system that does all it may: short writes, interrupted calls, a disk that is full after so many bytes, a sync that fails once, a folder
 * whose list breaks off. The functions below take the place of the C library's in this program.
 */
#define _GNU_SOURCE
#include "base/memory.h"
#include "store/journal.h"
#include "store/journal_file.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* The journal's two threads and the test meet in it. */
static struct {
    _Atomic bool short_writes;
    _Atomic uint32_t interrupted;                      /* of so many calls one; 0: none */
    _Atomic int64_t room;                              /* bytes until the disk is full */
    _Atomic uint32_t fail_sync, break_list, fail_read; /* the next but so many */
    _Atomic uint32_t calls, syncs, folder_syncs, failed_syncs, interruptions;
} machine;

static void machine_reset(void)
{
    machine.short_writes = false;
    machine.interrupted = machine.fail_sync = machine.break_list = machine.fail_read = 0;
    machine.calls = machine.syncs = machine.folder_syncs = machine.failed_syncs = machine.interruptions = 0;
    machine.room = INT64_MAX;
}

/* Counts down to the call that fails: true once. */
static bool is_now(_Atomic uint32_t *countdown)
{
    uint32_t left = atomic_load(countdown);
    while (left && !atomic_compare_exchange_weak(countdown, &left, left - 1)) {}
    return left == 1;
}

static bool interrupt(void)
{
    bool now = machine.interrupted && ++machine.calls % machine.interrupted == 0;
    if (now) {
        errno = EINTR;
        machine.interruptions++;
    }
    return now;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset)
{
    if (interrupt()) return -1;
    if (machine.short_writes && size > 1) size = size / 2;
    int64_t room = machine.room, taken;
    do {
        taken = room < (int64_t)size ? room : (int64_t)size;
        if (taken <= 0) {
            errno = ENOSPC;
            return -1;
        }
    } while (!atomic_compare_exchange_weak(&machine.room, &room, room - taken));
    size = (size_t)taken;
    return syscall(SYS_pwrite64, descriptor, bytes, size, offset);
}

ssize_t pread(int descriptor, void *bytes, size_t size, off_t offset)
{
    if (is_now(&machine.fail_read)) {
        errno = EIO;
        return -1;
    }
    if (interrupt()) return -1;
    if (machine.short_writes && size > 1) size = size / 2;
    return syscall(SYS_pread64, descriptor, bytes, size, offset);
}

int fdatasync(int descriptor)
{
    machine.syncs++;
    if (is_now(&machine.fail_sync)) {
        machine.failed_syncs++;
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, descriptor);
}

int fsync(int descriptor)
{
    machine.folder_syncs++;
    return (int)syscall(SYS_fsync, descriptor);
}

int ftruncate(int descriptor, off_t size)
{
    return interrupt() ? -1 : (int)syscall(SYS_ftruncate, descriptor, size);
}

int posix_fallocate(int descriptor, off_t offset, off_t size)
{
    if (interrupt()) return EINTR;
    return syscall(SYS_fallocate, descriptor, 0, offset, size) == 0 ? 0 : errno;
}

struct dirent *readdir(DIR *directory)
{
    static struct dirent *(*real)(DIR *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "readdir");
    if (is_now(&machine.break_list)) {
        errno = EIO;
        return NULL;
    }
    return real(directory);
}

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    machine_reset();
    snprintf(folder, sizeof folder, "/tmp/journal-system-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[100];
    machine_reset();
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static bool repairs;

static struct journal *open_journal(struct error *error)
{
    static char path[80];
    struct journal_options options;
    snprintf(path, sizeof path, "%s/journal", folder);
    journal_options_default(&options);
    options.folder = path;
    options.segment_size = 64 * 1024;
    options.cut_damage = repairs;
    return journal_open(&options, error);
}

static bool commit(struct journal *journal, uint32_t number, uint64_t *position)
{
    uint8_t bytes[3000];
    memset(bytes, (int)number, sizeof bytes);
    struct journal_ticket ticket =
        journal_commit(journal, JOURNAL_INTENT, 1, journal_next_csn(journal), view_of(bytes, 100 + number * 37 % 2900));
    if (position) *position = ticket.position;
    return !ticket.refused;
}

/* How many records there are that are no GAP; each is looked at. */
static uint32_t count_records(struct journal *journal, uint32_t *gaps)
{
    struct error error;
    struct journal_record record;
    uint32_t count = 0;
    *gaps = 0;
    struct journal_reader *reader = journal_reader_new(journal, 1, &error);
    assert_non_null(reader);
    while (journal_read(reader, &record, &error) == JOURNAL_READ_OK) {
        if (record.kind == JOURNAL_GAP)
            (*gaps)++;
        else
            count++;
        for (size_t i = 1; record.kind != JOURNAL_GAP && i < record.payload.size; i++)
            assert_int_equal(record.payload.data[i], record.payload.data[0]);
    }
    journal_reader_free(reader);
    return count;
}

static void short_and_interrupted_calls_lose_nothing(void **state)
{
    (void)state;
    struct error error = {0};
    uint32_t gaps;
    machine.short_writes = true;
    machine.interrupted = 3;
    struct journal *journal = open_journal(&error);
    if (!journal) fail_msg("%s", error.text);
    for (uint32_t i = 0; i < 200; i++)
        if (!commit(journal, i, NULL)) fail_msg("%s", journal_failed(journal, &error) ? error.text : "refused");
    journal_close(journal);
    assert_true(machine.interruptions > 100);
    journal = open_journal(&error);
    if (!journal) fail_msg("%s", error.text);
    assert_int_equal(count_records(journal, &gaps), 200);
    assert_int_equal(gaps, 0);
    journal_close(journal);
}

/* Full after every number of bytes: what was acknowledged is there, what was refused is told, and it goes on when there is room. */
static void a_full_disk_at_every_place(void **state)
{
    (void)state;
    for (int64_t room = 0; room < 300000; room += 9973) {
        struct error error = {0};
        uint32_t good = 0, gaps, refused = 0;
        machine.room = room;
        struct journal *journal = open_journal(&error);
        if (!journal) fail_msg("room %lld: %s", (long long)room, error.text);
        for (uint32_t i = 0; i < 60; i++) {
            if (commit(journal, i, NULL))
                good++;
            else
                refused++;
        }
        machine.room = INT64_MAX;
        bool again = false;
        for (int i = 0; i < 400 && !again; i++) {
            usleep(10000);
            again = commit(journal, 1, NULL);
            refused += !again;
        }
        assert_true(again);
        assert_int_equal(count_records(journal, &gaps), good + 1);
        assert_int_equal(gaps > 0, refused > 0);
        journal_close(journal);
        assert_int_equal(remove_folder(NULL), 0);
        assert_int_equal(make_folder(NULL), 0);
    }
}

/* The segment whose sync failed is not written any more, and what was acknowledged before and after is there. */
static void a_failed_sync_is_not_tried_again(void **state)
{
    (void)state;
    struct error error = {0};
    uint32_t gaps, good = 0, refused = 0;
    uint64_t position, last = 0;
    struct journal *journal = open_journal(&error);
    assert_non_null(journal);
    for (uint32_t i = 0; i < 20; i++) good += commit(journal, i, NULL);
    for (int i = 0; i < 200 && machine.syncs < 4; i++) usleep(10000); /* the helper's own are over */
    usleep(300000);
    machine.fail_sync = 1;
    while (!machine.failed_syncs) refused += !commit(journal, 1, NULL);
    assert_int_equal(refused, 1);
    for (int i = 0; i < 400; i++) {
        usleep(10000);
        if (!commit(journal, 2, &position)) {
            refused++;
            continue;
        }
        good++;
        last = position;
        break;
    }
    assert_true(last > 0);
    assert_int_equal(count_records(journal, &gaps), good);
    assert_int_equal(gaps, 1);
    struct journal_statistics seen;
    journal_statistics(journal, &seen);
    assert_int_equal(seen.segments, 2);
    assert_int_equal(seen.refused, refused);
    journal_close(journal);
}

/* A list that breaks off would be a shorter journal, whose last positions are given again. */
static void a_broken_list_is_told(void **state)
{
    (void)state;
    struct error error = {0};
    uint32_t told = 0, gaps;
    struct journal *journal = open_journal(&error);
    assert_non_null(journal);
    for (uint32_t i = 0; i < 200; i++) assert_true(commit(journal, i, NULL));
    journal_close(journal);
    for (uint32_t at = 1; at < 50; at++) {
        machine.break_list = at;
        journal = open_journal(&error);
        bool whole = machine.break_list > 0; /* the list was over before */
        machine.break_list = 0;
        if (!journal) {
            assert_int_equal(error.code, ERROR_IO);
            told++;
            continue;
        }
        assert_true(whole);
        assert_int_equal(count_records(journal, &gaps), 200);
        journal_close(journal);
    }
    assert_true(told > 4);
}

/* A disk that cannot be read for a moment: no segment is called damaged for it, and no repair sets one aside. */
static void a_failed_read_is_no_damage(void **state)
{
    (void)state;
    struct error error = {0};
    uint32_t told = 0, gaps;
    struct journal *journal = open_journal(&error);
    assert_non_null(journal);
    for (uint32_t i = 0; i < 200; i++) assert_true(commit(journal, i, NULL));
    journal_close(journal);
    repairs = true;
    for (bool whole = false; !whole;) {
        machine.fail_read = ++told;
        journal = open_journal(&error);
        whole = machine.fail_read > 0; /* it reads less often */
        machine.fail_read = 0;
        if (!journal) {
            assert_int_equal(error.code, ERROR_IO);
            continue;
        }
        assert_true(whole);
    }
    repairs = false;
    assert_int_equal(count_records(journal, &gaps), 200);
    assert_int_equal(gaps, 0);
    journal_close(journal);
    assert_true(told > 10);
}

/* The name of the folder itself, too, is made durable, and that of each segment. */
static void names_are_synced(void **state)
{
    (void)state;
    struct error error = {0};
    struct journal *journal = open_journal(&error);
    assert_non_null(journal);
    assert_int_equal(machine.folder_syncs, 2); /* of the folder above, of the first segment */
    journal_close(journal);
    machine.folder_syncs = 0;
    journal = open_journal(&error);
    assert_non_null(journal);
    assert_int_equal(machine.folder_syncs, 1);
    journal_close(journal);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(short_and_interrupted_calls_lose_nothing),
                                       TEST(a_full_disk_at_every_place),
                                       TEST(a_failed_sync_is_not_tried_again),
                                       TEST(a_broken_list_is_told),
                                       TEST(a_failed_read_is_no_damage),
                                       TEST(names_are_synced)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
