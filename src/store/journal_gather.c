/* SPDX-License-Identifier: Apache-2.0 */
/* Journal gather: how long a group waits for committers that were just told. */
#include "store/journal_gather.h"

enum {
    SILENCE_US = 40,   /* nothing came for so long: nothing will */
    PATIENCE_US = 250, /* at most, however slow the disk is */
    PATIENCE_PART = 3, /* of the time of a sync */
    PAUSE_MAX = 256,   /* groups between two tries that are in vain */
    STALE_US = 100     /* later than this after they were told nobody is on the way back */
};

void journal_gather_told(struct journal_gather *gather, uint32_t awaited, uint32_t queued, uint64_t took_us, uint64_t now_us)
{
    gather->expected = awaited ? awaited + queued : 0;
    gather->patience_us = took_us / PATIENCE_PART < PATIENCE_US ? took_us / PATIENCE_PART : PATIENCE_US;
    gather->told_us = now_us;
}

bool journal_gather_hopes(const struct journal_gather *gather)
{
    return gather->expected && !gather->pause;
}

uint32_t journal_gather_begin(struct journal_gather *gather, uint32_t awaited, uint64_t now_us)
{
    uint32_t wanted = gather->expected;
    gather->expected = 0;
    if (wanted <= awaited || now_us > gather->told_us + STALE_US) return 0;
    if (gather->pause) {
        gather->pause--;
        return 0;
    }
    gather->first = gather->latest = awaited;
    gather->wanted = wanted;
    gather->latest_us = now_us;
    return wanted;
}

bool journal_gather_goes_on(struct journal_gather *gather, uint32_t awaited, uint64_t now_us)
{
    if (awaited != gather->latest) {
        gather->latest = awaited;
        gather->latest_us = now_us;
    }
    return awaited < gather->wanted && now_us < gather->told_us + gather->patience_us && now_us < gather->latest_us + SILENCE_US;
}

void journal_gather_end(struct journal_gather *gather, uint32_t awaited)
{
    if ((awaited - gather->first) * 2 >= gather->wanted - gather->first) {
        gather->misses = 0;
        return;
    }
    gather->pause = gather->misses < 8 ? 1U << gather->misses : PAUSE_MAX;
    gather->misses++;
}
