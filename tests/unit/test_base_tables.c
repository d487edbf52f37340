/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics, state machines, limits, and the small services around them: clock, random numbers, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/fsm.h"
#include "base/limit.h"
#include "base/metric.h"
#include "base/random.h"
#include "base/thread.h"

#include <stdio.h>
#include <stdlib.h>

enum { CALLS, LAG, CALL_TIME };
static const char *const routes[] = {"relay", "ser\"ve", NULL};
static const struct metric_row metrics[] = {
    [CALLS] = {"calls_total", "Calls.", METRIC_COUNTER, "route", routes},
    [LAG] = {"lag_seconds", "Lag.", METRIC_GAUGE},
    [CALL_TIME] = {"call_seconds", "Time.", METRIC_HISTOGRAM, "route", routes},
};

static const char *text_of(struct buffer *buffer)
{
    buffer_u8(buffer, 0);
    return (const char *)buffer->data;
}

static void metrics_are_rendered_as_prometheus_reads_them(void **state)
{
    (void)state;
    struct metric_set *set = metric_set_new(metrics, 3);
    struct buffer out;
    buffer_init(&out, 0);
    metric_add(set, CALLS, 0, 5);
    metric_add(set, CALLS, 1, 1);
    metric_add(set, CALLS, 0, 2);
    metric_put(set, LAG, 0, -3);
    metric_change(set, LAG, 0, 1);
    metric_observe(set, CALL_TIME, 1, 50);
    metric_observe(set, CALL_TIME, 1, 1000);
    metric_observe(set, CALL_TIME, 1, 100000000);
    assert_int_equal(metric_value(set, CALLS, 0), 7);
    assert_int_equal(metric_value(set, CALL_TIME, 1), 3);
    metric_render(set, &out);
    const char *text = text_of(&out);
    static const char begin[] =
        "# HELP calls_total Calls.\n# TYPE calls_total counter\ncalls_total{route=\"relay\"} 7\ncalls_total{route=\"ser\\\"ve\"} 1\n"
        "# HELP lag_seconds Lag.\n# TYPE lag_seconds gauge\nlag_seconds -2\n# HELP call_seconds Time.\n# TYPE call_seconds histogram\n";
    assert_memory_equal(text, begin, sizeof begin - 1);
    const char *serve = "{route=\"ser\\\"ve\",le=";
    char line[100];
    static const struct {
        const char *bound;
        int count;
    } buckets[] = {{"0.000064", 1}, {"0.000512", 1}, {"0.001024", 2}, {"67.108864", 2}, {"+Inf", 3}};
    for (size_t i = 0; i < sizeof buckets / sizeof *buckets; i++) {
        snprintf(line, sizeof line, "call_seconds_bucket%s\"%s\"} %d\n", serve, buckets[i].bound, buckets[i].count);
        if (!strstr(text, line)) fail_msg("missing: %s in %s", line, text);
    }
    assert_non_null(strstr(text, "call_seconds_sum{route=\"ser\\\"ve\"} 100.001050\ncall_seconds_count{route=\"ser\\\"ve\"} 3\n"));
    buffer_release(&out);
    metric_set_free(set);
}

static void buckets_cover_all_times_without_holes(void **state)
{
    (void)state;
    uint64_t begin = 0;
    for (unsigned bucket = 0; bucket < METRIC_BUCKETS; bucket++) {
        uint64_t end = metric_bucket_end_us(bucket);
        assert_int_equal(metric_bucket(begin), bucket);
        assert_int_equal(metric_bucket(end - 1), bucket);
        assert_true(end - begin <= 1 || (end - begin) * 16 <= begin);
        begin = end;
    }
    assert_true(begin == UINT64_C(1) << 36);
    assert_int_equal(metric_bucket(UINT64_MAX), METRIC_BUCKETS - 1);
}

static void quantiles_are_near_and_windows_subtract(void **state)
{
    (void)state;
    struct metric_set *set = metric_set_new(metrics, 3);
    static struct metric_histogram before, after;
    for (uint64_t us = 1; us <= 10000; us++) metric_observe(set, CALL_TIME, 0, us);
    metric_snapshot(set, CALL_TIME, 0, &before);
    assert_int_equal(before.count, 10000);
    assert_in_range(metric_histogram_quantile_us(&before, 0.5), 5000, 5320);
    assert_in_range(metric_histogram_quantile_us(&before, 0.99), 9900, 10300);
    assert_int_equal(metric_histogram_quantile_us(&before, 0), 1);
    for (int i = 0; i < 10; i++) metric_observe(set, CALL_TIME, 0, 100);
    metric_snapshot(set, CALL_TIME, 0, &after);
    metric_histogram_subtract(&after, &before);
    assert_int_equal(after.count, 10);
    assert_int_equal(after.sum_us, 1000);
    assert_in_range(metric_histogram_quantile_us(&after, 0.99), 100, 106);
    after.count = 0;
    assert_int_equal(metric_histogram_quantile_us(&after, 0.99), 0);
    metric_set_free(set);
}

static void count_many(void *context)
{
    for (int i = 0; i < 100000; i++) {
        metric_add(context, CALLS, 0, 1);
        metric_observe(context, CALL_TIME, 0, (uint64_t)i);
    }
}

static void threads_lose_no_counts(void **state)
{
    (void)state;
    struct metric_set *set = metric_set_new(metrics, 3);
    struct thread *threads[3];
    struct error error = {0};
    for (int i = 0; i < 3; i++) threads[i] = thread_start("counter", count_many, set, &error);
    for (int i = 0; i < 3; i++) thread_join(threads[i]);
    assert_int_equal(metric_value(set, CALLS, 0), 300000);
    assert_int_equal(metric_value(set, CALL_TIME, 0), 300000);
    metric_set_free(set);
}

/* ---- state machines ---- */

enum { IDLE, BUSY, DONE };
static const char *const states[] = {"idle", "busy", "done"};
static const struct fsm_move moves[] = {{IDLE, BUSY, "work came"}, {BUSY, IDLE, "work is over"}, {BUSY, DONE, "nothing is left"}};

static const char *broken(const void *context, uint8_t state)
{
    return state == DONE && *(const int *)context > 0 ? "3 calls are open" : NULL;
}
static const struct fsm_table machine_table = {"machine", states, 3, UINT64_C(1) << DONE, moves, 3, broken, LOG_DEBUG};

static void only_moves_of_the_table_are_made(void **state)
{
    (void)state;
    struct fsm machine;
    struct error error = {0};
    int open = 3;
    fsm_check(&machine_table, IDLE);
    fsm_init(&machine, &machine_table, IDLE, 7);
    assert_true(fsm_may(&machine, BUSY));
    assert_false(fsm_may(&machine, DONE));
    assert_false(fsm_move(&machine, DONE, NULL, &open, &error));
    assert_int_equal(error.code, ERROR_STATE);
    assert_string_equal(error.text, "machine cannot go from idle to done; from there it can go to: busy");
    assert_true(fsm_move(&machine, BUSY, "a test", &open, &error));
    assert_string_equal(fsm_state_name(&machine), "busy");
    assert_false(fsm_move(&machine, DONE, NULL, &open, &error));
    assert_string_equal(error.text, "machine cannot go from busy to done: 3 calls are open");
    assert_int_equal(machine.state, BUSY);
    open = 0;
    assert_true(fsm_move(&machine, DONE, NULL, &open, &error));
    assert_false(fsm_move(&machine, IDLE, NULL, &open, &error));
    assert_string_equal(error.text, "machine cannot go from done to idle; from there it can go to: nothing, it is final");
    assert_false(fsm_move(&machine, 200, NULL, &open, &error));
}

static void a_table_prints_itself(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    fsm_print_markdown(&machine_table, &out);
    assert_string_equal(text_of(&out), "| from | to | when |\n|---|---|---|\n| idle | busy | work came |\n| busy | idle | work is over "
                                       "|\n| busy | done | nothing is left |\n");
    buffer_clear(&out);
    fsm_print_dot(&machine_table, &out);
    assert_non_null(strstr(text_of(&out), "\"busy\" -> \"done\" [label=\"nothing is left\"];"));
    buffer_release(&out);
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
    meeting->met = meeting->thread == NULL || thread_is_current(meeting->thread);
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
    assert_false(thread_is_current(meeting.thread));
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
        cmocka_unit_test(metrics_are_rendered_as_prometheus_reads_them),
        cmocka_unit_test(buckets_cover_all_times_without_holes),
        cmocka_unit_test(quantiles_are_near_and_windows_subtract),
        cmocka_unit_test(threads_lose_no_counts),
        cmocka_unit_test(only_moves_of_the_table_are_made),
        cmocka_unit_test(a_table_prints_itself),
        cmocka_unit_test(each_limit_has_its_reason),
        cmocka_unit_test(the_clock_can_be_replaced),
        cmocka_unit_test(random_numbers_repeat_and_spread),
        cmocka_unit_test(threads_meet),
    };
    return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
