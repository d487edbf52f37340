/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal crowd: threads that sleep until their record is durable. They must cost the journal thread next to nothing, because while it wakes threads
 * the disk stands still: it wakes one of a group, which wakes the others. Who waits for a later group sleeps on: sleepers are told apart by a bit that
 * stands for the group in which their record was expected when it was appended.
 */
#ifndef STORE_JOURNAL_CROWD_H
#define STORE_JOURNAL_CROWD_H

#include "store/journal.h"
#include <stdatomic.h>

struct journal_crowd {
    _Alignas(64) _Atomic uint32_t turn; /* what they sleep on; changes with each group that has sleepers */
    _Atomic uint32_t collecting;        /* number of the group that takes records now */
    _Atomic uint32_t done;              /* bits of those whose records are done and who have not been told */
    _Atomic uint32_t to_wake;           /* bits: whoever wakes up next wakes these */
};
struct journal_sleeper {
    struct journal_crowd *crowd;
    struct journal_ticket ticket;
    uint32_t bit;
    _Atomic bool done;
};

/* The sleeper: enter before the append, with journal_crowd_done as its callback; then sleep. */
void journal_crowd_enter(struct journal_crowd *crowd, struct journal_sleeper *sleeper);
void journal_crowd_done(void *sleeper, struct journal_ticket ticket);
void journal_crowd_sleep(struct journal_sleeper *sleeper);
/* The journal thread: no more records for this group; and: the callbacks of the group have run. */
void journal_crowd_collected(struct journal_crowd *crowd);
void journal_crowd_tell(struct journal_crowd *crowd);

#endif
