/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clock: monotonic time for durations, wall time for people and records; microseconds both. A simulation puts its own
 * source in place of the system's for the whole process. Any thread.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct clock_source {
    uint64_t (*monotonic_us)(void *context);
    uint64_t (*wall_us)(void *context); /* since 1970-01-01 UTC */
    void (*sleep_us)(void *context, uint64_t us);
    void *context;
};

uint64_t clock_monotonic_us(void);
uint64_t clock_wall_us(void);
void clock_sleep_us(uint64_t us); /* background threads only */

/* NULL: the system's. The source must live until it is replaced again. */
void clock_replace(const struct clock_source *source);

enum { CLOCK_TEXT_SIZE = 28 };
/* "2026-01-31T23:59:59.123456Z"; answers the length, 27. */
size_t clock_text(uint64_t wall_us, char out[CLOCK_TEXT_SIZE]);

#endif
