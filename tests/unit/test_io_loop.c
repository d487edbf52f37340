/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: tasks of many threads in order, the end of a turn, timers, watched descriptors, signals, and what is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/thread.h"
#include "io/loop.h"

#include <signal.h>
#include <unistd.h>

enum { PRODUCERS = 4, TASKS = 20000 };

struct producer {
    struct loop *loop;
    struct counted *all;
    uint32_t sent, seen;
    struct thread *thread;
};
struct counted {
    struct producer producers[PRODUCERS];
    uint32_t total;
    bool out_of_order;
};
struct numbered {
    struct loop_job job;
    struct producer *producer;
    uint32_t number;
};

static struct numbered jobs[PRODUCERS][TASKS];

static void run_numbered(void *context)
{
    struct numbered *numbered = context;
    struct producer *producer = numbered->producer;
    if (producer->seen++ != numbered->number) producer->all->out_of_order = true;
    if (++producer->all->total == PRODUCERS * TASKS) loop_stop(producer->loop);
}

static void produce(void *context)
{
    struct producer *producer = context;
    struct numbered *mine = jobs[producer - producer->all->producers];
    for (uint32_t i = 0; i < TASKS; i++) {
        mine[i] = (struct numbered){.producer = producer, .number = i};
        if (i % 2)
            loop_post(producer->loop, run_numbered, &mine[i]);
        else
            loop_post_job(producer->loop, &mine[i].job, run_numbered, &mine[i]);
    }
}

static void tasks_of_many_threads_run_in_order_and_none_is_lost(void **state)
{
    (void)state;
    struct counted counted = {0};
    struct error error = {0};
    struct loop *loop = loop_new();
    for (int i = 0; i < PRODUCERS; i++) {
        counted.producers[i] = (struct producer){.loop = loop, .all = &counted};
        counted.producers[i].thread = thread_start("producer", produce, &counted.producers[i], &error);
    }
    loop_run(loop);
    for (int i = 0; i < PRODUCERS; i++) thread_join(counted.producers[i].thread);
    assert_int_equal(counted.total, PRODUCERS * TASKS);
    assert_false(counted.out_of_order);
    loop_free(loop);
}

struct trace {
    struct loop *loop;
    char text[64];
    size_t size;
};

static void note(struct trace *trace, char c)
{
    if (trace->size < sizeof trace->text - 1) trace->text[trace->size++] = c;
}

static void stop_now(void *context)
{
    struct trace *trace = context;
    note(trace, 's');
    loop_stop(trace->loop);
}

static void second_end(void *context)
{
    note(context, 'f');
}

static void first_end(void *context)
{
    struct trace *trace = context;
    note(trace, 'e');
    loop_at_turn_end(trace->loop, second_end, trace);
}

static void first_task(void *context)
{
    struct trace *trace = context;
    note(trace, 'a');
    loop_at_turn_end(trace->loop, first_end, trace);
}

static void second_task(void *context)
{
    note(context, 'b');
}

static void a_turn_ends_after_its_callbacks(void **state)
{
    (void)state;
    struct trace trace = {.loop = loop_new()};
    loop_post(trace.loop, first_task, &trace);
    loop_post(trace.loop, second_task, &trace);
    struct timer *timer = timer_new(trace.loop, stop_now, &trace);
    timer_start(timer, 20000, 0);
    loop_run(trace.loop);
    assert_string_equal(trace.text, "abefs");
    loop_free(trace.loop);
}

static void timer_end(void *context)
{
    struct trace *trace = context;
    note(trace, 'e');
    loop_stop(trace->loop);
}

static void timer_task(void *context)
{
    struct trace *trace = context;
    note(trace, 't');
    if (trace->size == 3) loop_at_turn_end(trace->loop, timer_end, trace);
}

static void timers_repeat_and_their_turns_end_too(void **state)
{
    (void)state;
    struct trace trace = {.loop = loop_new()};
    struct timer *timer = timer_new(trace.loop, timer_task, &trace);
    uint64_t before = clock_monotonic_us();
    timer_start(timer, 20000, 10000);
    loop_run(trace.loop);
    assert_string_equal(trace.text, "ttte");
    assert_in_range(clock_monotonic_us() - before, 39000, 30000000);
    timer_free(timer);
    loop_free(trace.loop);
}

static uint64_t now_started;

static void now_task(void *context)
{
    struct trace *trace = context;
    uint64_t first = loop_now_us(trace->loop);
    clock_sleep_us(3000);
    note(trace, loop_now_us(trace->loop) == first ? '=' : '!');
    uint64_t now = clock_monotonic_us();
    note(trace, now - first >= 3000 && first - now_started >= 29000 ? 'k' : '?');
    loop_stop(trace->loop);
}

static void the_time_stands_still_within_a_turn(void **state)
{
    (void)state;
    struct trace trace = {.loop = loop_new()};
    struct timer *timer = timer_new(trace.loop, now_task, &trace);
    timer_start(timer, 30000, 0);
    now_started = clock_monotonic_us(); /* what was cached before the wait is not later than this by 30 ms */
    (void)loop_now_us(trace.loop);
    loop_run(trace.loop);
    assert_string_equal(trace.text, "=k");
    loop_free(trace.loop);
}

struct watched {
    struct loop *loop;
    struct watch *watch;
    int descriptor;
    int seen;
};

static void on_ready(void *context, int what)
{
    struct watched *watched = context;
    char c;
    watched->seen |= what;
    if (what & WATCH_READ) assert_int_equal(read(watched->descriptor, &c, 1), 1);
    watch_free(watched->watch); /* within its own callback */
    loop_stop(watched->loop);
}

static void a_descriptor_is_watched(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct watched watched = {.loop = loop_new(), .descriptor = ends[0]};
    watched.watch = watch_new(watched.loop, ends[0], on_ready, &watched);
    watch_set(watched.watch, WATCH_READ);
    assert_int_equal(write(ends[1], "x", 1), 1);
    loop_run(watched.loop);
    assert_int_equal(watched.seen, WATCH_READ);
    close(ends[0]);
    close(ends[1]);
    loop_free(watched.loop);
}

/* What is not freed would be found by the leak check of the sanitizer build. */
static void a_loop_frees_what_was_left_on_it(void **state)
{
    (void)state;
    struct trace trace = {.loop = loop_new()};
    timer_start(timer_new(trace.loop, timer_task, &trace), 1000, 1000);
    loop_post(trace.loop, first_task, &trace);
    loop_free(trace.loop);
    assert_int_equal(trace.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_of_many_threads_run_in_order_and_none_is_lost),
        cmocka_unit_test(a_turn_ends_after_its_callbacks),
        cmocka_unit_test(timers_repeat_and_their_turns_end_too),
        cmocka_unit_test(the_time_stands_still_within_a_turn),
        cmocka_unit_test(a_descriptor_is_watched),
        cmocka_unit_test(a_loop_frees_what_was_left_on_it),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
