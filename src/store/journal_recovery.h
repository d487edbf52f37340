/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal recovery: reads a journal from end to end, verifies every checksum, cuts a torn tail, and says from where to go on.
 * Used once, before the journal's thread starts.
 */
#ifndef STORE_JOURNAL_RECOVERY_H
#define STORE_JOURNAL_RECOVERY_H

#include "store/journal_file.h"
#include "store/journal_format.h"
#include "store/journal_segments.h"

struct journal_found {
    uint64_t next_position, highest_csn, highest_boot;
    uint64_t lost_position; /* highest position seen in what was set aside, 0: nothing was */
    bool gap;               /* a repair was made whose GAP is not durable yet */
    struct journal_recovery report;
};
/* File that stands from before a repair until its GAP is durable. */
#define JOURNAL_GAP_MARKER     "gap-to-write"
#define JOURNAL_GAP_MARKER_NEW "gap-to-write.new"

/* Fills `segments` with what stays. key may be NULL. */
bool journal_recover(const struct journal_files *files, const uint8_t *key, bool cut_damage, struct journal_segments *segments,
                     struct journal_found *out, struct error *error) MUST_USE;

#endif
