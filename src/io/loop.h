/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loop: the event loop of one thread (libuv underneath; no other folder includes it). Streams, listeners, timers, watched
 * descriptors and wake-ups belong to one loop and are used on its thread only; loop_post is the one call for other threads.
 * Freed objects go to the loop's end-of-turn list, so that freeing inside a callback is safe.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/queue.h"

struct loop;
struct loop *loop_new(void);
void loop_free(struct loop *loop); /* not while it runs; closes and frees what still belongs to it; tasks not yet run are dropped */
void loop_run(struct loop *loop);  /* until loop_stop */
void loop_stop(struct loop *loop); /* any thread */
uint64_t loop_now_us(const struct loop *loop); /* monotonic, cached once a turn */

/* Runs `task` on the loop's thread, in order of posting. Any thread; no lock is held while tasks run; never blocks. */
typedef void loop_task(void *context);
void loop_post(struct loop *loop, loop_task *task, void *context);
/* The same without an allocation: the job is a member of the poster's object, not touched again until its task runs. */
struct loop_job {
    struct queue_node node;
    loop_task *task;
    void *context;
    bool owned; /* by the loop; false for jobs of others */
};
void loop_post_job(struct loop *loop, struct loop_job *job, loop_task *task, void *context);
/* Runs once at the end of this turn, after its callbacks: group flushes. What a task adds runs in the same turn. */
void loop_at_turn_end(struct loop *loop, loop_task *task, void *context);

struct timer;
struct timer *timer_new(struct loop *loop, loop_task *task, void *context);
/* Rounded up to milliseconds. repeat 0: once. Starting a running timer moves it. */
void timer_start(struct timer *timer, uint64_t after_us, uint64_t repeat_us);
void timer_stop(struct timer *timer);
void timer_free(struct timer *timer);

/* A descriptor that somebody else reads and writes (libpq's socket). */
enum { WATCH_READ = 1, WATCH_WRITE = 2 };
struct watch;
typedef void watch_ready(void *context, int what);
struct watch *watch_new(struct loop *loop, int descriptor, watch_ready *ready, void *context);
void watch_set(struct watch *watch, int what); /* WATCH_* bits; 0: pause (as after watch_new) */
void watch_free(struct watch *watch);          /* before the descriptor is closed */

#endif
