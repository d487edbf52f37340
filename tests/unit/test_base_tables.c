/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, and the small services around them: clock, random numbers, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/limit.h"
#include "base/random.h"
#include "base/thread.h"

#include <stdio.h>
#include <stdlib.h>

static const char *text_of(struct buffer *buffer)
{
    buffer_u8(buffer, 0);
    return (const char *)buffer->data;
}

/* ---- limits, clock, random numbers, threads ---- */

static void each_limit_has_its_reason(void **state)
{
    (void)state;
    assert_true(limit_count() > 20);
    for (size_t i = 0; i < limit_count(); i++) {
        const struct limit_row *row = limit_at(i);
        assert_true(row->value > 0 && row->unit[0] && row->reason[0] && row->reached[0]);
        for (size_t j = 0; j < i; j++) assert_string_not_equal(row->name, limit_at(j)->name);
    }
    assert_null(limit_at(limit_count()));
    assert_true(LIMIT_IDLE_US == INT64_C(31536000000000));
    struct buffer out;
    buffer_init(&out, 0);
    limit_print_markdown(&out);
    assert_non_null(strstr(text_of(&out), "| `login_us` | 60000000 us |"));
    buffer_release(&out);
}

static uint64_t sleeps, simulated_now;
static uint64_t simulated(void *context)
{
    (void)context;
    return simulated_now;
}
static void simulated_sleep(void *context, uint64_t us)
{
    (void)context;
    sleeps++;
    simulated_now += us;
}

static void the_clock_can_be_replaced(void **state)
{
    (void)state;
    const struct clock_source source = {.monotonic_us = simulated, .wall_us = simulated, .sleep_us = simulated_sleep};
    char text[CLOCK_TEXT_SIZE];
    uint64_t before = clock_monotonic_us();
    clock_sleep_us(2000);
    assert_true(clock_monotonic_us() - before >= 2000);
    simulated_now = 1769903999123456;
    clock_replace(&source);
    clock_sleep_us(3600000000u);
    assert_int_equal(sleeps, 1);
    assert_int_equal(clock_text(clock_wall_us(), text), 27);
    clock_replace(NULL);
    assert_string_equal(text, "2026-02-01T00:59:59.123456Z");
    assert_true(clock_wall_us() > UINT64_C(1700000000000000));
}

static void random_numbers_repeat_and_spread(void **state)
{
    (void)state;
    struct random_generator a, b;
    unsigned counts[10] = {0}, hits = 0;
    random_seed(&a, 42);
    random_seed(&b, 42);
    for (int i = 0; i < 100; i++) assert_true(random_next(&a) == random_next(&b));
    random_seed(&b, 43);
    assert_true(random_next(&a) != random_next(&b));
    for (int i = 0; i < 100000; i++) counts[random_below(&a, 10)]++;
    for (int i = 0; i < 10; i++) assert_in_range(counts[i], 9500, 10500);
    for (int i = 0; i < 100000; i++) hits += random_chance(&a, 0.05);
    assert_in_range(hits, 4700, 5300);
    for (int i = 0; i < 100; i++) assert_true(!random_chance(&a, 0) && random_chance(&a, 1));
    for (uint32_t attempt = 0; attempt < 100; attempt++) {
        uint64_t most = attempt < 4 ? 1000u << attempt : 10000;
        assert_in_range(random_backoff_us(&a, attempt, 1000, 10000), most / 2, most);
    }
    uint8_t first[300], second[300];
    random_secure(first, sizeof first);
    random_secure(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    assert_true(random_secure_u64() != random_secure_u64());
}

struct meeting {
    struct mutex mutex;
    struct condition condition;
    struct thread *thread;
    bool met;
};

static void meet(void *context)
{
    struct meeting *meeting = context;
    mutex_lock(&meeting->mutex);
    meeting->met = true;
    condition_broadcast(&meeting->condition);
    mutex_unlock(&meeting->mutex);
}

static void threads_meet(void **state)
{
    (void)state;
    struct meeting meeting = {0};
    struct error error = {0};
    mutex_init(&meeting.mutex);
    condition_init(&meeting.condition);
    mutex_lock(&meeting.mutex);
    uint64_t before = clock_monotonic_us();
    assert_false(condition_wait_us(&meeting.condition, &meeting.mutex, 20000));
    assert_true(clock_monotonic_us() - before >= 20000);
    meeting.thread = thread_start("a-name-longer-than-fifteen", meet, &meeting, &error);
    assert_non_null(meeting.thread);
    while (!meeting.met) condition_wait(&meeting.condition, &meeting.mutex);
    mutex_unlock(&meeting.mutex);
    thread_join(meeting.thread);
    thread_join(NULL);
    condition_release(&meeting.condition);
    mutex_release(&meeting.mutex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_limit_has_its_reason),
        cmocka_unit_test(the_clock_can_be_replaced),
        cmocka_unit_test(random_numbers_repeat_and_spread),
        cmocka_unit_test(threads_meet),
    };
    return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
