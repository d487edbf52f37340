/* SPDX-License-Identifier: Apache-2.0 */
/* Journal recovery: all segments in order; torn tails are cut, damage is told or, if asked, set aside. */
#include "store/journal_recovery.h"

#include "base/memory.h"
#include "store/journal_cipher.h"
#include "store/journal_scan.h"
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

enum { MARKER_NUMBERS = 3 };

struct recovery {
    const struct journal_files *files;
    const uint8_t *key;
    struct journal_segments *segments;
    struct journal_found *found;
    uint64_t *firsts; /* of the segment files, in order */
    size_t count, capacity;
    uint64_t previous_offset; /* where the last whole group of the segment before ends */
};

static void note_file(void *visitor, const char *name, uint64_t size)
{
    (void)size;
    struct recovery *r = visitor;
    uint64_t first;
    if (strcmp(name, JOURNAL_GAP_MARKER) == 0) r->found->gap = true;
    if (!journal_segment_name_parse(name, &first)) return;
    if (r->count == r->capacity) {
        r->capacity = r->capacity ? r->capacity * 2 : 64;
        r->firsts = memory_resize(r->firsts, r->capacity * sizeof *r->firsts);
    }
    r->firsts[r->count++] = first;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool check_key(const struct recovery *r, const struct journal_scan *scan, const char *name, struct error *error)
{
    if (!scan->header.encrypted) return true;
    if (!r->key) return error_set(error, ERROR_JOURNAL, "journal segment %s is encrypted: give the journal's key", name);
    struct journal_cipher cipher;
    uint8_t check[16];
    journal_cipher_init(&cipher, r->key, &scan->header, check);
    if (memcmp(check, scan->header.key_check, sizeof check) == 0) return true;
    return error_set(error, ERROR_JOURNAL, "journal segment %s is encrypted with another key: give the key it was written with", name);
}

static bool damaged(struct error *error, const char *name, uint64_t offset, uint64_t position, const char *what)
{
    return error_set(
        error, ERROR_CORRUPT,
        "journal segment %s is damaged at byte %llu: record %llu cannot be read (%s). Put back a copy of the file, or run `understudy "
        "journal repair`: everything from record %llu on is then set aside and all tables count as unverified until swept",
        name, (unsigned long long)offset, (unsigned long long)position, what, (unsigned long long)position);
}

/* What the segment after `index` begins with: UINT64_MAX if there is none. *jump: it may begin later than this one ends. */
static bool next_first(const struct recovery *r, size_t index, uint64_t *next, bool *jump, struct error *error)
{
    *jump = false;
    *next = index + 1 < r->count ? r->firsts[index + 1] : UINT64_MAX;
    if (index + 1 >= r->count) return true;
    char name[JOURNAL_NAME_SIZE];
    struct journal_scan scan;
    struct error why = {0};
    journal_segment_name(*next, name);
    bool opened = journal_scan_open(&scan, r->files, name, &why);
    if (opened) *jump = scan.header.jump;
    journal_scan_close(&scan);
    /* A disk that cannot be read now is no reason to call this segment damaged. */
    if (opened || why.code == ERROR_CORRUPT) return true;
    if (error) *error = why;
    return error_prefix(error, "journal segment %s", name);
}

static void count_in(struct recovery *r, const struct journal_scan *scan)
{
    struct journal_found *found = r->found;
    if (scan->highest_csn > found->highest_csn) found->highest_csn = scan->highest_csn;
    if (scan->header.boot > found->highest_boot) found->highest_boot = scan->header.boot;
    found->next_position = scan->end;
    found->report.segments++;
    found->report.records += scan->records;
    found->report.bytes += scan->offset;
}

static void keep_segment(struct recovery *r, const struct journal_scan *scan)
{
    struct journal_segment segment = {.first = scan->header.first,
                                      .end = scan->end,
                                      .bytes = scan->file_size,
                                      .begun_us = scan->header.created_us,
                                      .jump = scan->header.jump};
    journal_segments_add(r->segments, &segment);
}

/* The same bytes once more. */
static bool write_again(const struct journal_files *files, struct journal_file *file, uint64_t from, uint64_t to, struct error *error)
{
    enum { CHUNK = 1 << 20 };
    uint8_t *bytes = memory_alloc(CHUNK);
    bool good = true;
    for (uint64_t at = from; good && at < to; at += CHUNK) {
        size_t size = to - at < CHUNK ? (size_t)(to - at) : CHUNK, got = 0;
        good = files->read(files->context, file, at, bytes, size, &got, error) &&
               (got == size || error_set(error, ERROR_IO, "the file became shorter while it was read")) &&
               files->write(files->context, file, at, bytes, size, error);
    }
    memory_free(bytes);
    return good;
}

/*
 * Gives back what stands behind the last whole group, so that nothing of it is ever read again, and makes durable what stands before. A process that was killed
 * between its write and its sync left a group that can be read and may still be in memory only; one whose sync failed left a group that can be read, looks clean to
 * the kernel and is written by no later sync. There is never more than one such group, the last one, [from, size): it is written again.
 */
static bool cut(struct recovery *r, const char *name, uint64_t from, uint64_t size, struct error *error)
{
    const struct journal_files *files = r->files;
    struct journal_file *file = files->open(files->context, name, JOURNAL_OPEN_WRITE, error);
    bool good = file && files->truncate(files->context, file, size, error) && write_again(files, file, from, size, error) &&
                files->sync(files->context, file, error);
    if (file) files->close(files->context, file);
    return good || error_prefix(error, "journal segment %s", name);
}

static bool settle_last(struct recovery *r, struct journal_scan *scan, const char *name, struct error *error)
{
    if (scan->tail == JOURNAL_TAIL_TORN) r->found->report.torn_bytes += scan->file_size - scan->offset;
    r->found->report.clean = scan->tail == JOURNAL_TAIL_CLOSED;
    if (!cut(r, name, scan->last, scan->offset, error)) return false;
    scan->file_size = scan->offset;
    return true;
}

/* One segment. *bad: it is damaged (`error` says how); then scan is left open at the damage. */
static bool recover_segment(struct recovery *r, size_t index, struct journal_scan *scan, bool *bad, struct error *error)
{
    char name[JOURNAL_NAME_SIZE];
    bool jump, last = index + 1 == r->count;
    uint64_t first = r->firsts[index], next;
    journal_segment_name(first, name);
    *scan = (struct journal_scan){0};
    if (!next_first(r, index, &next, &jump, error)) return false;
    bool opened = journal_scan_open(scan, r->files, name, error);
    if (!opened && error->code != ERROR_CORRUPT) return error_prefix(error, "journal segment %s", name);
    if (!opened || scan->header.first != first) {
        *bad = true;
        scan->end = first;
        return damaged(error, name, 0, first, "its header does not hold");
    }
    if (!check_key(r, scan, name, error)) return false;
    if (!journal_scan_run(scan, next, error)) return error_prefix(error, "journal segment %s", name);
    bool whole = scan->tail == JOURNAL_TAIL_COMPLETE || (last && scan->tail != JOURNAL_TAIL_DAMAGED) ||
                 (jump && (scan->tail == JOURNAL_TAIL_CLOSED || scan->tail == JOURNAL_TAIL_ZERO));
    if (!whole) {
        *bad = true;
        const char *what = last ? "a checksum does not hold although all of it was written" : "records of the next segment are there";
        return damaged(error, name, scan->offset, scan->end, what);
    }
    if (last && !settle_last(r, scan, name, error)) return false;
    count_in(r, scan);
    r->previous_offset = scan->offset;
    /* A last segment without records is replaced by the new one, which begins with the same position. */
    if (!last || scan->records) keep_segment(r, scan);
    return true;
}

/* ---- repair ---- */

/* The marker holds what nothing may be numbered like again, because a repair that was interrupted cannot see it any more. An older one is replaced in one step: what
 * it says may stand nowhere else by now. */
static bool make_marker(const struct journal_files *files, const struct journal_found *found, struct error *error)
{
    uint64_t numbers[MARKER_NUMBERS] = {htole64(found->lost_position), htole64(found->highest_csn), htole64(found->highest_boot)};
    struct journal_file *file = files->open(files->context, JOURNAL_GAP_MARKER_NEW, JOURNAL_OPEN_CREATE, error);
    if (!file) return false;
    bool good = files->write(files->context, file, 0, numbers, sizeof numbers, error) && files->sync(files->context, file, error);
    files->close(files->context, file);
    return good && files->rename(files->context, JOURNAL_GAP_MARKER_NEW, JOURNAL_GAP_MARKER, error) &&
           files->sync_folder(files->context, error);
}

static bool read_marker(const struct journal_files *files, struct journal_found *found, struct error *error)
{
    uint64_t numbers[MARKER_NUMBERS] = {0};
    size_t got;
    struct journal_file *file = files->open(files->context, JOURNAL_GAP_MARKER, JOURNAL_OPEN_READ, error);
    if (!file) return false;
    bool good = files->read(files->context, file, 0, numbers, sizeof numbers, &got, error);
    files->close(files->context, file);
    found->lost_position = le64toh(numbers[0]);
    found->highest_csn = le64toh(numbers[1]);
    found->highest_boot = le64toh(numbers[2]);
    return good;
}

static bool set_aside(const struct journal_files *files, const char *name, struct error *error)
{
    char aside[JOURNAL_NAME_SIZE + 16];
    snprintf(aside, sizeof aside, "%s.damaged", name);
    return files->rename(files->context, name, aside, error) && files->sync_folder(files->context, error);
}

static bool copy_aside(struct journal_scan *scan, const char *name, struct error *error)
{
    enum { CHUNK = 1 << 20 };
    const struct journal_files *files = scan->files;
    char aside[JOURNAL_NAME_SIZE + 16];
    snprintf(aside, sizeof aside, "%s.damaged", name);
    struct journal_file *copy = files->open(files->context, aside, JOURNAL_OPEN_CREATE, error);
    if (!copy) return false;
    uint8_t *chunk = memory_alloc(CHUNK);
    bool good = true;
    for (uint64_t at = 0; good && at < scan->file_size; at += CHUNK) {
        size_t got;
        good = files->read(files->context, scan->file, at, chunk, CHUNK, &got, error) &&
               files->write(files->context, copy, at, chunk, got, error);
    }
    good = good && files->sync(files->context, copy, error);
    memory_free(chunk);
    files->close(files->context, copy);
    return good && files->sync_folder(files->context, error);
}

/* Highest position and CSN of what is about to be set aside: nothing may be numbered like it again. */
static bool look_at_lost(struct recovery *r, struct journal_scan *scan, uint64_t first, bool readable, struct error *error)
{
    struct journal_found *found = r->found;
    if (first - 1 > found->lost_position) found->lost_position = first - 1;
    if (!readable) { /* without the header's salt no group can be verified: a bound must do */
        uint64_t most = scan->file_size / JOURNAL_RECORD_HEADER_SIZE;
        found->lost_position += most;
        found->highest_csn += most;
        return true;
    }
    if (scan->header.boot > found->highest_boot) found->highest_boot = scan->header.boot;
    if (scan->header.last_csn > found->highest_csn) found->highest_csn = scan->header.last_csn;
    if (scan->highest_csn > found->highest_csn) found->highest_csn = scan->highest_csn;
    if (scan->offset == 0) scan->offset = JOURNAL_HEADER_SIZE;
    return journal_scan_rest(scan, &found->lost_position, &found->highest_csn, error);
}

static bool look_at_all_lost(struct recovery *r, struct journal_scan *scan, size_t index, bool readable, struct error *error)
{
    bool good = look_at_lost(r, scan, r->firsts[index], readable, error);
    for (size_t i = index + 1; good && i < r->count; i++) {
        char name[JOURNAL_NAME_SIZE];
        struct journal_scan later;
        journal_segment_name(r->firsts[i], name);
        bool opened = journal_scan_open(&later, r->files, name, error);
        good = (opened || error->code == ERROR_CORRUPT) && look_at_lost(r, &later, r->firsts[i], opened, error);
        journal_scan_close(&later);
    }
    return good;
}

static bool repair(struct recovery *r, struct journal_scan *scan, size_t index, struct error *error)
{
    const struct journal_files *files = r->files;
    char name[JOURNAL_NAME_SIZE];
    bool readable = scan->offset > 0; /* its header was good */
    error_clear(error);
    if (!look_at_all_lost(r, scan, index, readable, error) || !make_marker(files, r->found, error)) return false;
    for (size_t i = r->count; i-- > index + 1;) {
        journal_segment_name(r->firsts[i], name);
        if (!set_aside(files, name, error)) return false;
    }
    journal_segment_name(r->firsts[index], name);
    if (scan->records == 0) {
        if (!set_aside(files, name, error)) return false;
        /* The one before is followed by a jump from now on, so a void group behind its end would come back to life. */
        if (index > 0) {
            journal_segment_name(r->firsts[index - 1], name);
            if (!cut(r, name, r->previous_offset, r->previous_offset, error)) return false;
        }
    } else {
        if (!copy_aside(scan, name, error) || !cut(r, name, scan->last, scan->offset, error)) return false;
        scan->file_size = scan->offset;
        keep_segment(r, scan);
        count_in(r, scan);
    }
    r->found->gap = true;
    r->found->report.damaged_segments = r->count - index;
    r->found->report.clean = false;
    return true;
}

bool journal_recover(const struct journal_files *files, const uint8_t *key, bool cut_damage, struct journal_segments *segments,
                     struct journal_found *out, struct error *error)
{
    *out = (struct journal_found){.next_position = 1, .report.clean = true};
    struct recovery r = {.files = files, .key = key, .segments = segments, .found = out};
    struct error local = {0};
    bool good = files->list(files->context, note_file, &r, &local);
    if (good && out->gap) good = read_marker(files, out, &local);
    if (good && r.count) {
        qsort(r.firsts, r.count, sizeof *r.firsts, by_number);
        out->next_position = r.firsts[0];
    }
    for (size_t i = 0; good && i < r.count; i++) {
        struct journal_scan scan;
        bool bad = false;
        good = recover_segment(&r, i, &scan, &bad, &local);
        if (bad && cut_damage) {
            good = repair(&r, &scan, i, &local);
            r.count = 0;
        }
        journal_scan_close(&scan);
    }
    memory_free(r.firsts);
    if (!good && error) *error = local;
    return good;
}
