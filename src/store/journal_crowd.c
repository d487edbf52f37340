/* SPDX-License-Identifier: Apache-2.0 */
/* Journal crowd: one wakes the others. */
#include "store/journal_crowd.h"

#include "base/thread.h"
#include <limits.h>

enum { BITS = 32 };

void journal_crowd_enter(struct journal_crowd *crowd, struct journal_sleeper *sleeper)
{
    uint32_t group = atomic_load_explicit(&crowd->collecting, memory_order_relaxed);
    *sleeper = (struct journal_sleeper){.crowd = crowd, .bit = UINT32_C(1) << group % BITS};
}

void journal_crowd_done(void *context, struct journal_ticket ticket)
{
    struct journal_sleeper *sleeper = context;
    struct journal_crowd *crowd = sleeper->crowd;
    uint32_t bit = sleeper->bit;
    sleeper->ticket = ticket;
    atomic_store(&sleeper->done, true); /* if it is awake it is gone now */
    atomic_fetch_or(&crowd->done, bit);
}

void journal_crowd_sleep(struct journal_sleeper *sleeper)
{
    struct journal_crowd *crowd = sleeper->crowd;
    for (;;) {
        uint32_t turn = atomic_load(&crowd->turn), others;
        if (atomic_load(&crowd->to_wake) && (others = atomic_exchange(&crowd->to_wake, 0))) thread_wake(&crowd->turn, INT_MAX, others);
        if (atomic_load(&sleeper->done)) return;
        thread_sleep(&crowd->turn, turn, sleeper->bit);
    }
}

void journal_crowd_collected(struct journal_crowd *crowd)
{
    atomic_fetch_add_explicit(&crowd->collecting, 1, memory_order_relaxed);
}

void journal_crowd_tell(struct journal_crowd *crowd)
{
    if (!atomic_load(&crowd->done)) return;
    uint32_t bits = atomic_exchange(&crowd->done, 0);
    /* The turn first: who goes to sleep after somebody took `to_wake` must find that the turn has changed. */
    atomic_fetch_add(&crowd->turn, 1);
    atomic_fetch_or(&crowd->to_wake, bits);
    thread_wake(&crowd->turn, 1, bits);
}
