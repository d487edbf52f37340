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

void histogram_sum(const struct histogram *h, struct histogram_copy *sum)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) sum->buckets[i] += atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
}

uint64_t histogram_quantile(const struct histogram *h, double quantile, uint64_t *count)
{
    struct histogram_copy now = {0};
    histogram_sum(h, &now);
    return histogram_quantile_between(NULL, &now, quantile, count);
}

uint64_t histogram_quantile_between(const struct histogram_copy *before, const struct histogram_copy *after, double quantile,
                                    uint64_t *count)
{
    uint32_t between[HISTOGRAM_BUCKETS];
    uint64_t total = 0, seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) total += between[i] = after->buckets[i] - (before ? before->buckets[i] : 0);
    if (count) *count = total;
    if (total == 0) return 0;
    if (quantile < 0) quantile = 0;
    if (quantile > 1) quantile = 1;
    uint64_t rank = (uint64_t)(quantile * (double)total + 0.999999);
    if (rank == 0) rank = 1;
    if (rank > total) rank = total;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += between[i];
        if (seen >= rank) return upper_edge(i);
    }
    return upper_edge(HISTOGRAM_BUCKETS - 1);
}
