/* SPDX-License-Identifier: Apache-2.0 */
/* The system's clocks, behind one pointer that a simulation may swap. */
#include "base/clock.h"

#include "base/value.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static uint64_t system_monotonic(void *context)
{
    (void)context;
    return read_clock(CLOCK_MONOTONIC);
}

static uint64_t system_wall(void *context)
{
    (void)context;
    return read_clock(CLOCK_REALTIME);
}

static void system_sleep(void *context, uint64_t us)
{
    (void)context;
    struct timespec left = {.tv_sec = (time_t)(us / 1000000u), .tv_nsec = (long)(us % 1000000u) * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) continue; /* a signal came: sleep what is left */
}

static const struct clock_source system_source = {.monotonic_us = system_monotonic, .wall_us = system_wall, .sleep_us = system_sleep};
static _Atomic(const struct clock_source *) current = &system_source;

static const struct clock_source *source(void)
{
    return atomic_load_explicit(&current, memory_order_acquire);
}

uint64_t clock_monotonic_us(void)
{
    const struct clock_source *s = source();
    return s->monotonic_us(s->context);
}

uint64_t clock_wall_us(void)
{
    const struct clock_source *s = source();
    return s->wall_us(s->context);
}

void clock_sleep_us(uint64_t us)
{
    const struct clock_source *s = source();
    s->sleep_us(s->context, us);
}

void clock_replace(const struct clock_source *replacement)
{
    atomic_store_explicit(&current, replacement ? replacement : &system_source, memory_order_release);
}

size_t clock_text(uint64_t wall_us, char out[CLOCK_TEXT_SIZE])
{
    struct value_datetime d;
    datetime_from_seconds((int64_t)(wall_us / 1000000u), &d);
    int size = snprintf(out, CLOCK_TEXT_SIZE, "%04d-%02u-%02uT%02u:%02u:%02u.%06uZ", d.year % 10000, d.month % 100u, d.day % 100u,
                        d.hour % 100u, d.minute % 100u, d.second % 100u, (unsigned)(wall_us % 1000000u));
    return size < CLOCK_TEXT_SIZE ? (size_t)size : CLOCK_TEXT_SIZE - 1;
}
