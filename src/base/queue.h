/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queue: many threads put in, one takes out, in the order of putting for each producer; no lock (Vyukov's intrusive queue). The node is
 * a member of what is queued; a node is in one queue at a time and must stay valid until it was taken.
 *
 * The queue itself has no maximum, as a put never fails: who puts looks at queue_count first and answers by its own limit
 * (several producers may overshoot it by one each).
 */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct queue_node {
    _Atomic(struct queue_node *) next;
};

struct queue {
    _Atomic(struct queue_node *) newest; /* producers */
    _Atomic size_t count;
    char apart[48];            /* the two ends on two cache lines */
    struct queue_node *oldest; /* the consumer */
    struct queue_node stub;
};

/* The thing around a node: QUEUE_OWNER(node, struct job, node). */
#define QUEUE_OWNER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

void queue_init(struct queue *queue);
/* Any thread. True: the queue may have been empty, so the consumer has to be woken; false: whoever put before does or did that. */
bool queue_put(struct queue *queue, struct queue_node *node);
/* The consumer only. NULL: empty. When a producer is between its two instructions, waits for the second. */
struct queue_node *queue_take(struct queue *queue);
static inline size_t queue_count(const struct queue *queue)
{
    return atomic_load_explicit(&queue->count, memory_order_relaxed);
}

#endif
