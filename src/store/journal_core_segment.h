/* SPDX-License-Identifier: Apache-2.0 */
/* What journal_core.c and journal_core_segment.c ask of each other; for nobody else. Journal thread only. */
#ifndef STORE_JOURNAL_CORE_SEGMENT_H
#define STORE_JOURNAL_CORE_SEGMENT_H

#include "store/journal_core.h"

/* Ends the segment being written, if any, and begins one at next_position with room for a group of `group_size`. */
bool journal_core_begin_segment(struct journal_core *core, size_t group_size, struct error *error) MUST_USE;
/* Gives the segment up after an error: it is never written or synced again. */
void journal_core_abandon_segment(struct journal_core *core);
/* Goes into the failed state; what is missing begins now. */
void journal_core_fail(struct journal_core *core, const struct error *error);

/* Durations are counted in buckets of 1/8 of a power of two. */
size_t journal_sync_bucket(uint64_t us);
uint64_t journal_sync_bucket_top(size_t bucket);

#endif
