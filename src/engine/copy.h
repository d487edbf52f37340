/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copy: the long jobs over whole tables. Backfill copies what existed before mirroring, in key chunks, each written between two batches of the mirror without the
 * keys that were touched since its read began; resumable per chunk. Verify compares every row of every table under live writes: both sides
 * are read in key order by chunks, compared by typed row hash, what differs goes to the checker by key. Tables without a key are compared as multisets.
 * Each runs in its own thread; progress stands in the state store (rows, total, rate, ETA) and survives a restart.
 */
#ifndef ENGINE_COPY_H
#define ENGINE_COPY_H

#include "engine/checker.h"
#include "engine/mirror.h"

enum copy_work { COPY_BACKFILL, COPY_VERIFY };
struct copy_options {
    enum copy_work work;
    char table[260];          /* its name on the source, without schema; "": all */
    uint32_t chunk_rows;      /* rows read at once; 0: 5000 */
    uint32_t rows_per_second; /* 0: no throttle */
    bool restart;             /* from the beginning, whatever an earlier run had done */
};
struct copy;
/* NULL with ERROR_NOT_FOUND: no such table on both sides; ERROR_STATE: the dictionary has not been read yet. One at a time: the caller sees to it. */
struct copy *copy_start(struct engine *engine, struct mirror *mirror, struct checker *checker, const struct copy_options *options,
                        struct error *error) MUST_USE;
bool copy_running(struct copy *copy);
void copy_stop(struct copy *copy); /* asks, waits, frees; progress is kept */
struct copy_table {
    char table[260];
    char status[16];
    uint64_t rows, total, differing;
    double rows_per_second, eta_seconds;
    char error[300];
};
/* A line for each table of the job, at most `max`; answers how many. All are done or failed only when the job is over (copy_running is false, gaps are cleared). Any thread. */
uint32_t copy_progress(struct copy *copy, struct copy_table *out, uint32_t max);
/* Gate: has every table been backfilled / verified since its last gap? missing: names, comma separated. */
bool copy_complete(struct engine *engine, enum copy_work work, struct buffer *missing);
/* Rows verified, counted once a sweep. */
uint64_t copy_verified_rows(struct engine *engine);

#endif
