/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal segments: the index of segment files, shared by the journal thread (adds, seals), its helper (removes) and readers
 * (look up). One mutex, never taken for a record or a group, only when a segment begins, ends or goes.
 */
#ifndef STORE_JOURNAL_SEGMENTS_H
#define STORE_JOURNAL_SEGMENTS_H

#include "store/journal_file.h"
#include <pthread.h>
#include <stdatomic.h>

struct journal_segment {
    uint64_t id; /* differs between two files that had the same name one after the other */
    uint64_t first;
    uint64_t end;      /* one past the last record; UINT64_MAX while it is being written */
    uint64_t bytes;    /* on disk */
    uint64_t begun_us; /* wall clock */
    bool jump;         /* records before it were lost and are covered by the GAP it begins with */
};
struct journal_segments {
    pthread_mutex_t lock;     /* of items */
    pthread_mutex_t removing; /* one remover at a time: the oldest goes first, always */
    struct journal_segment *items;
    size_t count, capacity;
    uint64_t next_id;
    _Atomic uint64_t generation;  /* moves with every change that a reader must look at */
    _Atomic uint64_t first;       /* of the oldest */
    _Atomic uint64_t released;    /* records below it are not needed */
    _Atomic uint64_t bytes, live; /* on disk; how many segments */
};

void journal_segments_init(struct journal_segments *segments);
void journal_segments_release(struct journal_segments *segments);
void journal_segments_add(struct journal_segments *segments, const struct journal_segment *segment); /* its id is given */
void journal_segments_seal(struct journal_segments *segments, uint64_t end, uint64_t bytes);         /* the last one */
void journal_segments_drop_last(struct journal_segments *segments);
/* The segment that holds `position` or will; *next: first position of the one after it, UINT64_MAX if there is none. A position before the oldest
 * segment was removed (false), or lost if that segment jumps: then it is answered. */
bool journal_segments_find(struct journal_segments *segments, uint64_t position, struct journal_segment *out, uint64_t *next);
/* Removes released segments, oldest first, until those left are not larger than keep_bytes together and none of them ended before keep_since_us (wall clock,
 * microseconds since 1970; 0: whatever its age). */
bool journal_segments_prune(struct journal_segments *segments, const struct journal_files *files, uint64_t keep_bytes,
                            uint64_t keep_since_us, struct error *error) MUST_USE;

#endif
