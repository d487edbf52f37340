/* SPDX-License-Identifier: Apache-2.0 */
/* Timers, watched descriptors and signals: libuv handles that free themselves when libuv has let go of them. */
#include "base/check.h"
#include "base/memory.h"
#include "io/loop_private.h"

struct timer {
    struct loop_object object;
    uv_timer_t uv;
    loop_task *task;
    void *context;
};

struct watch {
    struct loop_object object;
    uv_poll_t uv;
    watch_ready *ready;
    void *context;
};

/* The objects begin with their loop_object, so freeing data frees them. */
static void on_closed(uv_handle_t *handle)
{
    memory_free(handle->data);
}

static void let_go(struct loop_object *object, uv_handle_t *handle)
{
    loop_remove(object);
    if (!uv_is_closing(handle)) uv_close(handle, on_closed);
}

/* ---- timers ---- */

static void dispose_timer(struct loop_object *object)
{
    struct timer *timer = (struct timer *)object;
    let_go(object, (uv_handle_t *)&timer->uv);
}

static void on_timer(uv_timer_t *uv)
{
    struct timer *timer = uv->data;
    timer->task(timer->context);
}

struct timer *timer_new(struct loop *loop, loop_task *task, void *context)
{
    struct timer *timer = memory_zero(1, sizeof *timer);
    timer->task = task;
    timer->context = context;
    CHECK(uv_timer_init(&loop->uv, &timer->uv) == 0);
    timer->uv.data = timer;
    loop_add(loop, &timer->object, dispose_timer);
    return timer;
}

static uint64_t milliseconds(uint64_t us)
{
    return us / 1000 + (us % 1000 != 0);
}

void timer_start(struct timer *timer, uint64_t after_us, uint64_t repeat_us)
{
    uv_update_time(timer->uv.loop); /* libuv counts from its own cached time, which a long callback leaves behind */
    CHECK(uv_timer_start(&timer->uv, on_timer, milliseconds(after_us), milliseconds(repeat_us)) == 0);
}

void timer_stop(struct timer *timer)
{
    uv_timer_stop(&timer->uv);
}

void timer_free(struct timer *timer)
{
    if (timer) dispose_timer(&timer->object);
}

/* ---- watched descriptors ---- */

static void dispose_watch(struct loop_object *object)
{
    struct watch *watch = (struct watch *)object;
    let_go(object, (uv_handle_t *)&watch->uv);
}

static void on_ready(uv_poll_t *uv, int status, int events)
{
    struct watch *watch = uv->data;
    int what = (events & UV_READABLE ? WATCH_READ : 0) | (events & UV_WRITABLE ? WATCH_WRITE : 0);
    if (status < 0) what = WATCH_READ | WATCH_WRITE; /* the owner's next read or write finds out what is wrong */
    watch->ready(watch->context, what);
}

struct watch *watch_new(struct loop *loop, int descriptor, watch_ready *ready, void *context)
{
    struct watch *watch = memory_zero(1, sizeof *watch);
    watch->ready = ready;
    watch->context = context;
    CHECK(uv_poll_init(&loop->uv, &watch->uv, descriptor) == 0);
    watch->uv.data = watch;
    loop_add(loop, &watch->object, dispose_watch);
    return watch;
}

void watch_set(struct watch *watch, int what)
{
    int events = (what & WATCH_READ ? UV_READABLE : 0) | (what & WATCH_WRITE ? UV_WRITABLE : 0);
    if (events)
        CHECK(uv_poll_start(&watch->uv, events, on_ready) == 0);
    else
        uv_poll_stop(&watch->uv);
}

void watch_free(struct watch *watch)
{
    if (!watch) return;
    uv_poll_stop(&watch->uv);
    dispose_watch(&watch->object);
}
