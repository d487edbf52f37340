/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histogram of microseconds: log-linear buckets (8 per power of two, so within 12.5 %), updated with one relaxed atomic add. 1 us .. 2^40 us.
 */
#ifndef ENGINE_HISTOGRAM_H
#define ENGINE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 8 * 40 };
struct histogram {
    _Atomic uint32_t buckets[HISTOGRAM_BUCKETS];
    _Atomic uint64_t count, sum;
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
    atomic_fetch_add_explicit(&h->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum, us, memory_order_relaxed);
}
/* Upper edge of the bucket that holds the quantile (0..1); 0 when empty. */
uint64_t histogram_quantile(const struct histogram *h, double quantile);
/* For windows: copies the counts; histogram_quantile_between works on the difference of two copies. */
struct histogram_copy {
    uint32_t buckets[HISTOGRAM_BUCKETS];
    uint64_t count, sum;
};
void histogram_take(const struct histogram *h, struct histogram_copy *out);
uint64_t histogram_quantile_between(const struct histogram_copy *before, const struct histogram_copy *after, double quantile,
                                    uint64_t *count);

#endif
