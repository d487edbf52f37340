/* SPDX-License-Identifier: Apache-2.0 */
/* One libuv loop: posted tasks, the end of a turn, and what lives on the loop. */
#include "io/loop.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "io/loop_private.h"

#include <stdatomic.h>

void loop_add(struct loop *loop, struct loop_object *object, void (*dispose)(struct loop_object *object))
{
    object->dispose = dispose;
    object->next = &loop->objects;
    object->previous = loop->objects.previous;
    loop->objects.previous->next = object;
    loop->objects.previous = object;
}

void loop_remove(struct loop_object *object)
{
    if (!object->next) return;
    object->next->previous = object->previous;
    object->previous->next = object->next;
    object->next = object->previous = NULL;
}

/* ---- tasks of other threads ---- */

static void run_job(struct loop_job *job)
{
    loop_task *task = job->task;
    void *context = job->context;
    if (job->owned) memory_free(job); /* before the task: it may post again */
    task(context);
}

static void on_wake(uv_async_t *wake)
{
    struct loop *loop = wake->data;
    /* As many as there are now: a task that posts to its own loop must not keep the others waiting. */
    for (size_t left = queue_count(&loop->posted); left > 0; left--) {
        struct queue_node *node = queue_take(&loop->posted);
        if (!node) break;
        run_job(QUEUE_OWNER(node, struct loop_job, node));
    }
    if (queue_count(&loop->posted) > 0)
        uv_async_send(&loop->wake);
    else if (atomic_load(&loop->stopping))
        uv_stop(&loop->uv);
}

static void post(struct loop *loop, struct loop_job *job)
{
    if (queue_put(&loop->posted, &job->node)) uv_async_send(&loop->wake);
}

void loop_post(struct loop *loop, loop_task *task, void *context)
{
    struct loop_job *job = memory_zero(1, sizeof *job);
    job->task = task;
    job->context = context;
    job->owned = true;
    post(loop, job);
}

void loop_post_job(struct loop *loop, struct loop_job *job, loop_task *task, void *context)
{
    job->task = task;
    job->context = context;
    job->owned = false;
    post(loop, job);
}

/* ---- the end of a turn ---- */

void loop_at_turn_end(struct loop *loop, loop_task *task, void *context)
{
    if (loop->turn_count == loop->turn_room) {
        loop->turn_room = loop->turn_room ? loop->turn_room * 2 : 64;
        loop->turn_tasks = memory_resize(loop->turn_tasks, loop->turn_room * sizeof *loop->turn_tasks);
    }
    loop->turn_tasks[loop->turn_count++] = (struct loop_turn_task){.task = task, .context = context};
}

static void end_turn(struct loop *loop)
{
    for (size_t i = 0; i < loop->turn_count; i++) { /* a task may add others, and move the array */
        struct loop_turn_task turn = loop->turn_tasks[i];
        turn.task(turn.context);
    }
    loop->turn_count = 0;
}

static void on_check(uv_check_t *check)
{
    end_turn(check->data);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;
    end_turn(loop);
    loop->now_us = 0; /* time passes while waiting */
}

/* ---- life ---- */

struct loop *loop_new(void)
{
    struct loop *loop = memory_zero(1, sizeof *loop);
    CHECK(uv_loop_init(&loop->uv) == 0);
    loop->objects.next = loop->objects.previous = &loop->objects;
    queue_init(&loop->posted);
    loop->wake.data = loop->check.data = loop->prepare.data = loop;
    CHECK(uv_async_init(&loop->uv, &loop->wake, on_wake) == 0);
    uv_check_init(&loop->uv, &loop->check);
    uv_check_start(&loop->check, on_check);
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_prepare_start(&loop->prepare, on_prepare);
    return loop;
}

void loop_run(struct loop *loop)
{
    while (!atomic_load(&loop->stopping)) uv_run(&loop->uv, UV_RUN_DEFAULT);
    end_turn(loop); /* what the last callbacks queued still goes out */
    atomic_store(&loop->stopping, false);
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->stopping, true);
    uv_async_send(&loop->wake);
}

uint64_t loop_now_us(const struct loop *loop)
{
    struct loop *cache = (struct loop *)loop; /* reading the time for the first time in a turn changes nothing that a caller sees */
    if (cache->now_us == 0) cache->now_us = clock_monotonic_us();
    return cache->now_us;
}

void loop_free(struct loop *loop)
{
    if (!loop) return;
    while (loop->objects.next != &loop->objects) loop->objects.next->dispose(loop->objects.next);
    for (struct queue_node *node; (node = queue_take(&loop->posted)) != NULL;) {
        struct loop_job *job = QUEUE_OWNER(node, struct loop_job, node);
        if (job->owned) memory_free(job);
    }
    end_turn(loop);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    CHECK(uv_run(&loop->uv, UV_RUN_DEFAULT) == 0);
    CHECK(uv_loop_close(&loop->uv) == 0);
    memory_free(loop->turn_tasks);
    memory_free(loop);
}
