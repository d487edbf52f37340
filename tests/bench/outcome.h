/* SPDX-License-Identifier: Apache-2.0 */
/* What a round of a bench gave, and the middle of several rounds. */
#ifndef BENCH_OUTCOME_H
#define BENCH_OUTCOME_H

#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { ROUNDS_MAX = 15 };
struct outcome {
    double per_second, cpu_us; /* our own processor time for one */
};

/* This process's processor time so far. */
static double cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the rates, or of the processor time. */
static double median(const struct outcome *outcomes, int count, bool cpu)
{
    double values[ROUNDS_MAX];
    for (int i = 0; i < count; i++) values[i] = cpu ? outcomes[i].cpu_us : outcomes[i].per_second;
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

#endif
