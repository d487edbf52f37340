/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histogram of microseconds: exact below 8, then 8 buckets for each power of two (so a quantile is at most 12.5 % above the truth),
 * up to 2^42 us (50 days), above which all falls into the last. Any thread: adding is one relaxed atomic add, reading sees each bucket as it is
 * at that moment. The counts wrap at 2^32; differences of two copies are right over a wrap, too.
 */
#ifndef ENGINE_HISTOGRAM_H
#define ENGINE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 8 * 40 };
struct histogram {
    _Atomic uint32_t buckets[HISTOGRAM_BUCKETS];
};
/* Counts at one moment, of one histogram or summed over many: for windows, and for totals. Starts as zero. */
struct histogram_copy {
    uint32_t buckets[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t us)
{
    if (us < 8) return (unsigned)us;
    unsigned power = 63u - (unsigned)__builtin_clzll(us);
    unsigned bucket = (power - 2) * 8 + (unsigned)((us >> (power - 3)) & 7);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}
static inline void histogram_add(struct histogram *h, uint64_t us)
{
    atomic_fetch_add_explicit(&h->buckets[histogram_bucket(us)], 1, memory_order_relaxed);
}
/* Upper edge of the bucket that holds the quantile (0..1); 0 when empty. `count` (may be NULL): of how many. */
uint64_t histogram_quantile(const struct histogram *h, double quantile, uint64_t *count);
/* Adds the histogram's counts to the copy. */
void histogram_sum(const struct histogram *h, struct histogram_copy *sum);
/* The quantile of what came between two copies; `before` NULL: of all in `after`. `count` (may be NULL): how many that are. */
uint64_t histogram_quantile_between(const struct histogram_copy *before, const struct histogram_copy *after, double quantile,
                                    uint64_t *count);

#endif
