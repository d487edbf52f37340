/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal core: the writer without threads. It gives positions, builds groups, writes and syncs them, begins segments, survives a failing
 * disk, and runs callbacks. One thread at a time (the journal thread, or whoever steps); only what is _Atomic or in `segments` is
 * read by others.
 */
#ifndef STORE_JOURNAL_CORE_H
#define STORE_JOURNAL_CORE_H

#include "store/journal_cipher.h"
#include "store/journal_file.h"
#include "store/journal_recovery.h"
#include "store/journal_segments.h"

enum { JOURNAL_SYNC_BUCKETS = 256 };
#define JOURNAL_GROUP_ROOM ((size_t)4 << 20) /* bytes of records in a group; more only for one larger record */

struct journal_waiter {
    journal_done *done;
    void *context;
    uint64_t position, csn;
};
struct journal_core {
    struct journal_files files;
    struct journal_clock clock;
    uint64_t segment_size, retain_bytes, retain_us, bytes_max;
    bool encrypt;
    uint8_t key[32];
    struct journal_segments segments;
    struct journal_recovery recovery;
    /* the segment being written; file NULL: none (failed) */
    struct journal_file *file;
    uint64_t segment_first, segment_bytes, offset, salt;
    struct journal_cipher cipher;
    /* the group being built */
    uint8_t *group;
    size_t used, capacity; /* bytes of header and records; of memory */
    uint32_t count;
    uint64_t group_time_us, group_csn;
    struct journal_waiter *waiters;
    size_t waiter_count, waiter_capacity;
    uint32_t awaited; /* of the waiters: those with a callback */
    bool refuse;      /* what the waiters are told */
    /* what goes on */
    uint64_t next_position, boot;
    uint64_t durable_csn, durable_us;
    bool down; /* what `failed` tells others; the journal thread's own */
    bool jump; /* the next segment begins later than the one before ends */
    struct {
        bool pending, in_group, marker;
        uint64_t from_us, from_csn, refused;
        char reason[300];
    } gap;
    uint64_t retry_at_us, retry_wait_us; /* monotonic */
    _Atomic uint64_t durable;            /* position */
    _Atomic uint64_t csn;                /* the last given */
    _Atomic uint64_t transactions;       /* ids given in this boot */
    _Atomic bool failed;
    _Atomic bool spare_ready;
    _Atomic uint64_t overflow;     /* records refused before they came here */
    _Atomic uint64_t overflow_csn; /* the lowest CSN of those, 0: none */
    pthread_mutex_t why_lock;
    struct error why;
    _Atomic uint64_t records, bytes, syncs, refused, failures, helper_failures;
    _Atomic uint64_t sync_counts[JOURNAL_SYNC_BUCKETS];
};

/* Recovers and begins a segment; takes `files` over, also when it fails. A full disk at this point is no error: the core starts failed. */
bool journal_core_open(struct journal_core *core, const struct journal_options *options, const struct journal_files *files,
                       const struct journal_clock *clock, struct error *error) MUST_USE;
void journal_core_close(struct journal_core *core); /* writes a close group if it can; frees */

/* One turn: begin, add while there is room, end, tell if it ended with something. */
void journal_core_begin(struct journal_core *core);
bool journal_core_room(const struct journal_core *core, size_t payload_size);
void journal_core_add(struct journal_core *core, enum journal_kind kind, uint64_t transaction, uint64_t csn, struct view payload,
                      journal_done *done, void *context);
bool journal_core_end(struct journal_core *core);  /* writes, syncs; false: there is nothing to do and nobody to tell */
void journal_core_tell(struct journal_core *core); /* runs the callbacks; when the disk has failed and it is time, tries to write the GAP */
/* Any thread: a record was refused without coming here; the next group begins with a GAP. */
void journal_core_overflow(struct journal_core *core, uint64_t csn);

/* Helper's work; may run beside the above, on one other thread. */
bool journal_core_spare_wanted(const struct journal_core *core);
bool journal_core_make_spare(struct journal_core *core, const _Atomic bool *stop); /* false: failed or stopped */
void journal_core_prune(struct journal_core *core);

#endif
