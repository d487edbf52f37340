/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal gather: whether a group waits a moment for commits that are about to come. Committers that were just told often commit again at once. A group
 * that does not wait for them takes the first few, and the others wait for its sync and for their own. So after a group was told, the next one waits
 * until as many commits are there as were told and were queued then; not longer than a part of what a sync takes, and not once they stop coming.
 * Where they do not come back at once, it soon stops trying, and tries again now and then. One thread; times in microseconds of the monotonic clock.
 */
#ifndef STORE_JOURNAL_GATHER_H
#define STORE_JOURNAL_GATHER_H

#include <stdbool.h>
#include <stdint.h>

struct journal_gather {
    uint32_t expected; /* commits that may be there soon; 0: nothing is known */
    uint64_t patience_us, told_us;
    uint32_t first, wanted; /* while it waits: commits at its beginning, and to wait for */
    uint32_t latest;
    uint64_t latest_us;     /* when the last one came */
    uint32_t misses, pause; /* in a row; groups that do not wait now */
};

/* A group was told: `awaited` commits of it, while `queued` others were waiting already; its write and sync took `took_us`. */
void journal_gather_told(struct journal_gather *gather, uint32_t awaited, uint32_t queued, uint64_t took_us, uint64_t now_us);
bool journal_gather_hopes(const struct journal_gather *gather); /* would a group that begins now wait, though nothing is queued? */
/* A group has `awaited` commits. Answers for how many it should wait; 0: it should go. */
uint32_t journal_gather_begin(struct journal_gather *gather, uint32_t awaited, uint64_t now_us);
bool journal_gather_goes_on(struct journal_gather *gather, uint32_t awaited, uint64_t now_us);
void journal_gather_end(struct journal_gather *gather, uint32_t awaited); /* only after a begin that did not answer 0 */

#endif
