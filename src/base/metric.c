/* SPDX-License-Identifier: Apache-2.0 */
/* One array of atomics holds all numbers of a set; the table says where each metric's begin. */
#include "base/metric.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>
#include <stdio.h>

enum {
    SUB_BUCKETS = 16,
    SUB_BITS = 4,
    POWER_MAX = 36,
    HISTOGRAM_CELLS = METRIC_BUCKETS + 2, /* count, sum, buckets */
    RENDER_POWER_FIRST = 6,               /* 64 us */
    RENDER_POWER_LAST = 26                /* 67 s */
};

struct metric_set {
    const struct metric_row *rows;
    size_t count;
    size_t *first;    /* cell of each metric's first label */
    unsigned *labels; /* how many label values each has, at least 1 */
    _Atomic uint64_t *cells;
};

static unsigned label_count(const struct metric_row *row)
{
    unsigned count = 0;
    if (!row->label) return 1;
    while (row->label_values[count]) count++;
    return count;
}

static size_t cells_of(const struct metric_row *row)
{
    return row->kind == METRIC_HISTOGRAM ? HISTOGRAM_CELLS : 1;
}

struct metric_set *metric_set_new(const struct metric_row *rows, size_t count)
{
    struct metric_set *set = memory_zero(1, sizeof *set);
    set->rows = rows;
    set->count = count;
    set->first = memory_zero(count, sizeof *set->first);
    set->labels = memory_zero(count, sizeof *set->labels);
    size_t cells = 0;
    for (size_t i = 0; i < count; i++) {
        CHECK(rows[i].name && rows[i].help && (!rows[i].label || rows[i].label_values));
        set->first[i] = cells;
        set->labels[i] = label_count(&rows[i]);
        CHECK(set->labels[i] > 0 && set->labels[i] <= METRIC_LABELS_MAX);
        cells += set->labels[i] * cells_of(&rows[i]);
    }
    set->cells = memory_zero(cells, sizeof *set->cells);
    return set;
}

void metric_set_free(struct metric_set *set)
{
    if (!set) return;
    memory_free(set->first);
    memory_free(set->labels);
    memory_free((void *)set->cells);
    memory_free(set);
}

static _Atomic uint64_t *cell_of(const struct metric_set *set, unsigned metric, unsigned label)
{
    CHECK(metric < set->count && label < set->labels[metric]);
    return &set->cells[set->first[metric] + label * cells_of(&set->rows[metric])];
}

static uint64_t load(const _Atomic uint64_t *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

static void add(_Atomic uint64_t *cell, uint64_t n)
{
    atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

void metric_add(struct metric_set *set, unsigned metric, unsigned label, uint64_t n)
{
    add(cell_of(set, metric, label), n);
}

void metric_put(struct metric_set *set, unsigned metric, unsigned label, int64_t n)
{
    atomic_store_explicit(cell_of(set, metric, label), (uint64_t)n, memory_order_relaxed);
}

void metric_change(struct metric_set *set, unsigned metric, unsigned label, int64_t by)
{
    add(cell_of(set, metric, label), (uint64_t)by);
}

int64_t metric_value(const struct metric_set *set, unsigned metric, unsigned label)
{
    return (int64_t)load(cell_of(set, metric, label));
}

/* ---- histograms ---- */

unsigned metric_bucket(uint64_t us)
{
    if (us < SUB_BUCKETS) return (unsigned)us;
    unsigned power = 63u - (unsigned)__builtin_clzll(us);
    if (power >= POWER_MAX) return METRIC_BUCKETS - 1;
    return (power - SUB_BITS + 1) * SUB_BUCKETS + (unsigned)((us >> (power - SUB_BITS)) & (SUB_BUCKETS - 1));
}

uint64_t metric_bucket_end_us(unsigned bucket)
{
    if (bucket < SUB_BUCKETS) return bucket + 1u;
    unsigned shift = bucket / SUB_BUCKETS - 1;
    return (uint64_t)(SUB_BUCKETS + bucket % SUB_BUCKETS + 1) << shift;
}

void metric_observe(struct metric_set *set, unsigned metric, unsigned label, uint64_t us)
{
    CHECK(set->rows[metric].kind == METRIC_HISTOGRAM);
    _Atomic uint64_t *cells = cell_of(set, metric, label);
    add(&cells[0], 1);
    add(&cells[1], us);
    add(&cells[2 + metric_bucket(us)], 1);
}

void metric_snapshot(const struct metric_set *set, unsigned metric, unsigned label, struct metric_histogram *out)
{
    CHECK(set->rows[metric].kind == METRIC_HISTOGRAM);
    const _Atomic uint64_t *cells = cell_of(set, metric, label);
    out->sum_us = load(&cells[1]);
    out->count = 0; /* summed from the buckets, so that it agrees with them while others write */
    for (unsigned i = 0; i < METRIC_BUCKETS; i++) out->count += out->buckets[i] = load(&cells[2 + i]);
}

void metric_histogram_subtract(struct metric_histogram *from, const struct metric_histogram *earlier)
{
    from->count -= earlier->count;
    from->sum_us -= earlier->sum_us;
    for (unsigned i = 0; i < METRIC_BUCKETS; i++) from->buckets[i] -= earlier->buckets[i];
}

uint64_t metric_histogram_quantile_us(const struct metric_histogram *histogram, double quantile)
{
    if (histogram->count == 0) return 0;
    uint64_t rank = (uint64_t)ceil(quantile * (double)histogram->count), seen = 0;
    if (rank == 0) rank = 1;
    for (unsigned i = 0; i < METRIC_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= rank) return metric_bucket_end_us(i) - 1;
    }
    return metric_bucket_end_us(METRIC_BUCKETS - 1) - 1;
}

/* ---- Prometheus text ---- */

void metric_write_head(struct buffer *out, const char *name, const char *help, enum metric_kind kind)
{
    static const char *const kinds[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kinds[kind]);
}

/* {label="value",le="0.5"}; either may be missing */
static void write_labels(struct buffer *out, const char *label, const char *value, const char *bound)
{
    if (!label && !bound) return;
    buffer_u8(out, '{');
    if (label) {
        buffer_printf(out, "%s=\"", label);
        for (; *value; value++) {
            if (*value == '"' || *value == '\\') buffer_u8(out, '\\');
            if (*value == '\n')
                buffer_append_text(out, "\\n");
            else
                buffer_u8(out, (uint8_t)*value);
        }
        buffer_append_text(out, bound ? "\"," : "\"");
    }
    if (bound) buffer_printf(out, "le=\"%s\"", bound);
    buffer_u8(out, '}');
}

void metric_write_sample(struct buffer *out, const char *name, const char *label, const char *label_value, double value)
{
    buffer_append_text(out, name);
    write_labels(out, label, label_value, NULL);
    if (isfinite(value) && value == floor(value) && fabs(value) < 0x1p53)
        buffer_printf(out, " %.0f\n", value);
    else if (isnan(value))
        buffer_append_text(out, " NaN\n");
    else if (isinf(value))
        buffer_append_text(out, value < 0 ? " -Inf\n" : " +Inf\n");
    else
        buffer_printf(out, " %.10g\n", value);
}

static void write_bucket(struct buffer *out, const char *name, const char *label, const char *label_value, const char *bound,
                         uint64_t count)
{
    buffer_printf(out, "%s_bucket", name);
    write_labels(out, label, label_value, bound);
    buffer_printf(out, " %llu\n", (unsigned long long)count);
}

void metric_write_histogram(struct buffer *out, const char *name, const char *label, const char *label_value,
                            metric_count_below *count_below, const void *context, uint64_t count, uint64_t sum_us)
{
    for (unsigned power = RENDER_POWER_FIRST; power <= RENDER_POWER_LAST; power++) {
        uint64_t us = UINT64_C(1) << power;
        char bound[32];
        snprintf(bound, sizeof bound, "%.6f", (double)us / 1e6);
        write_bucket(out, name, label, label_value, bound, count_below(context, us));
    }
    write_bucket(out, name, label, label_value, "+Inf", count);
    buffer_printf(out, "%s_sum", name);
    write_labels(out, label, label_value, NULL);
    buffer_printf(out, " %.6f\n%s_count", (double)sum_us / 1e6, name);
    write_labels(out, label, label_value, NULL);
    buffer_printf(out, " %llu\n", (unsigned long long)count);
}

/* Bucket ends meet the powers of two exactly; what equals a power counts as below it only from the next bucket on, less than a microsecond's worth. */
static uint64_t snapshot_below(const void *context, uint64_t us)
{
    const struct metric_histogram *histogram = context;
    uint64_t sum = 0;
    for (unsigned i = 0; i < METRIC_BUCKETS && metric_bucket_end_us(i) <= us; i++) sum += histogram->buckets[i];
    return sum;
}

static void render_one(const struct metric_set *set, unsigned metric, unsigned label, struct metric_histogram *scratch, struct buffer *out)
{
    const struct metric_row *row = &set->rows[metric];
    const char *value = row->label ? row->label_values[label] : NULL;
    if (row->kind != METRIC_HISTOGRAM) {
        int64_t number = metric_value(set, metric, label);
        metric_write_sample(out, row->name, row->label, value, row->kind == METRIC_GAUGE ? (double)number : (double)(uint64_t)number);
        return;
    }
    metric_snapshot(set, metric, label, scratch);
    metric_write_histogram(out, row->name, row->label, value, snapshot_below, scratch, scratch->count, scratch->sum_us);
}

void metric_render(const struct metric_set *set, struct buffer *out)
{
    struct metric_histogram *scratch = memory_alloc(sizeof *scratch);
    for (unsigned metric = 0; metric < set->count; metric++) {
        metric_write_head(out, set->rows[metric].name, set->rows[metric].help, set->rows[metric].kind);
        for (unsigned label = 0; label < set->labels[metric]; label++) render_one(set, metric, label, scratch, out);
    }
    memory_free(scratch);
}
