/* SPDX-License-Identifier: Apache-2.0 */
/* Quantiles of histograms and of the difference of two copies. */
#include "engine/histogram.h"

#include <stddef.h>

static uint64_t upper_edge(unsigned bucket)
{
    if (bucket < 8) return bucket;
    unsigned power = bucket / 8 + 2, step = bucket % 8;
    return ((uint64_t)1 << power) + ((uint64_t)(step + 1) << (power - 3)) - 1;
}

static uint64_t quantile_of(const uint32_t *before, const uint32_t *after, uint64_t total, double quantile)
{
    if (total == 0) return 0;
    if (quantile < 0) quantile = 0;
    if (quantile > 1) quantile = 1;
    uint64_t rank = (uint64_t)(quantile * (double)total + 0.999999), seen = 0;
    if (rank == 0) rank = 1;
    if (rank > total) rank = total;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += (uint32_t)(after[i] - (before ? before[i] : 0));
        if (seen >= rank) return upper_edge(i);
    }
    return upper_edge(HISTOGRAM_BUCKETS - 1);
}

void histogram_take(const struct histogram *h, struct histogram_copy *out)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        out->buckets[i] = atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
        count += out->buckets[i];
    }
    out->count = count; /* of the buckets that were read, so that ranks fit whatever is added meanwhile */
    out->sum = atomic_load_explicit(&h->sum, memory_order_relaxed);
}

uint64_t histogram_quantile(const struct histogram *h, double quantile)
{
    struct histogram_copy now;
    histogram_take(h, &now);
    return quantile_of(NULL, now.buckets, now.count, quantile);
}

uint64_t histogram_quantile_between(const struct histogram_copy *before, const struct histogram_copy *after, double quantile,
                                    uint64_t *count)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        total += (uint32_t)(after->buckets[i] - before->buckets[i]); /* right over a wrap, too */
    if (count) *count = total;
    return quantile_of(before->buckets, after->buckets, total, quantile);
}
