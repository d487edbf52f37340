/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a loop, for the other files of io. */
#ifndef IO_LOOP_PRIVATE_H
#define IO_LOOP_PRIVATE_H

#include "io/loop.h"

#include <uv.h>

/* Everything that lives on a loop is in its list, so that loop_free finds what its owner left behind. */
struct loop_object {
    struct loop_object *next, *previous;
    void (*dispose)(struct loop_object *object);
};

enum { LOOP_SCRATCH_SIZE = 64 * 1024 };

struct loop_turn_task {
    loop_task *task;
    void *context;
};

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_check_t check;     /* after the descriptors' callbacks */
    uv_prepare_t prepare; /* before waiting: timers and closings may have left something for the turn's end */
    struct queue posted;
    _Atomic bool stopping;
    struct loop_turn_task *turn_tasks;
    size_t turn_count, turn_room;
    uint64_t now_us; /* 0: not read yet this turn */
    struct loop_object objects;
    uint8_t scratch[LOOP_SCRATCH_SIZE]; /* for bytes that do not outlive a callback */
};

void loop_add(struct loop *loop, struct loop_object *object, void (*dispose)(struct loop_object *object));
void loop_remove(struct loop_object *object);

#endif
