/* SPDX-License-Identifier: Apache-2.0 */
/* Journal scan: walks the groups of one segment file through a window, verifies them, and judges what stands behind the last whole one. */
#ifndef STORE_JOURNAL_SCAN_H
#define STORE_JOURNAL_SCAN_H

#include "store/journal_file.h"
#include "store/journal_format.h"

enum journal_tail {
    JOURNAL_TAIL_COMPLETE, /* every record below the first one of the next segment is there */
    JOURNAL_TAIL_CLOSED,   /* a close group is the last */
    JOURNAL_TAIL_ZERO,     /* nothing but zeros, or nothing */
    JOURNAL_TAIL_TORN,     /* a group that was never written to its end */
    JOURNAL_TAIL_DAMAGED,
};

struct journal_scan {
    const struct journal_files *files;
    struct journal_file *file;
    uint64_t file_size;
    uint8_t *window;
    size_t window_capacity, window_size;
    uint64_t window_at; /* offset of the window in the file */
    /* results */
    struct journal_header header;
    uint64_t offset; /* end of the last whole group */
    uint64_t last;   /* its beginning; `offset` if there is none */
    uint64_t end;    /* one past the last record */
    uint64_t highest_csn;
    uint64_t records;
    enum journal_tail tail;
};

/* Opens the file and reads its header. False: cannot be read, or has no valid header (ERROR_CORRUPT). Close it in both cases. */
bool journal_scan_open(struct journal_scan *scan, const struct journal_files *files, const char *name, struct error *error) MUST_USE;
void journal_scan_close(struct journal_scan *scan);
/* Walks to the end, or to the record `next` (first of the next segment; UINT64_MAX: this is the last). False: I/O error. */
bool journal_scan_run(struct journal_scan *scan, uint64_t next, struct error *error) MUST_USE;
/* After damage: raises both to the highest position and CSN in what stands behind `offset`, or to a bound of them where it cannot be read. */
bool journal_scan_rest(struct journal_scan *scan, uint64_t *highest_position, uint64_t *highest_csn, struct error *error) MUST_USE;

#endif
