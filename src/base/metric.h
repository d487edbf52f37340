/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics: a constant table says names, kinds, help texts and the few values a label may have; a set holds the numbers. Updating is one relaxed atomic
 * add, from any thread, without a lock. Rendering (Prometheus text) reads while others write: each number is right, they need not be of one instant.
 *
 *   enum { CALLS, LAG, CALL_TIME };
 *   static const char *const routes[] = {"relay", "serve", "hold", NULL};
 *   static const struct metric_row rows[] = {
 *       [CALLS] = {"understudy_calls_total", "Calls by the side that answered.", METRIC_COUNTER, "route", routes},
 *
 * Numbers that live elsewhere are rendered with the metric_write_* functions.
 */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "base/buffer.h"
#include <stdatomic.h>

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
enum { METRIC_LABELS_MAX = 64 };

struct metric_row {
    const char *name, *help;
    enum metric_kind kind;
    const char *label;               /* NULL: none */
    const char *const *label_values; /* NULL-terminated; the index is the `label` argument below */
};
struct metric_set;
/* rows must outlive the set. Stops the process on a defect of the table. */
struct metric_set *metric_set_new(const struct metric_row *rows, size_t count);
void metric_set_free(struct metric_set *set);

void metric_add(struct metric_set *set, unsigned metric, unsigned label, uint64_t n); /* counters */
void metric_put(struct metric_set *set, unsigned metric, unsigned label, int64_t n);  /* gauges */
void metric_change(struct metric_set *set, unsigned metric, unsigned label, int64_t by);
void metric_observe(struct metric_set *set, unsigned metric, unsigned label, uint64_t us); /* histograms */
int64_t metric_value(const struct metric_set *set, unsigned metric, unsigned label);       /* histograms: number of observations */

/*
 * Histograms of microseconds: exact below 16, then 16 buckets for each power of two (so a quantile is at most 6.25 % off), up to 2^36 us (19 h), above
 * which all falls into the last.
 */
enum { METRIC_BUCKETS = 16 + 16 * 32 };
struct metric_histogram {
    uint64_t count, sum_us;
    uint64_t buckets[METRIC_BUCKETS];
};
unsigned metric_bucket(uint64_t us);
uint64_t metric_bucket_end_us(unsigned bucket); /* the smallest value that is above the bucket */
void metric_snapshot(const struct metric_set *set, unsigned metric, unsigned label, struct metric_histogram *out);
void metric_histogram_subtract(struct metric_histogram *from, const struct metric_histogram *earlier); /* for windows */
uint64_t metric_histogram_quantile_us(const struct metric_histogram *histogram, double quantile); /* upper end of its bucket; 0: empty */

void metric_render(const struct metric_set *set, struct buffer *out);

/* Rendering of numbers that are kept elsewhere: first the head, then each sample. label NULL: none. */
void metric_write_head(struct buffer *out, const char *name, const char *help, enum metric_kind kind);
void metric_write_sample(struct buffer *out, const char *name, const char *label, const char *label_value, double value);
/* count_below(context, us): observations at or below us. Bounds are powers of two from 64 us to 67 s, in seconds as Prometheus wants them. */
typedef uint64_t metric_count_below(const void *context, uint64_t us);
void metric_write_histogram(struct buffer *out, const char *name, const char *label, const char *label_value,
                            metric_count_below *count_below, const void *context, uint64_t count, uint64_t sum_us);

#endif
