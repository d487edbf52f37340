/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A linked list whose newest end is swapped atomically. A put first swaps `newest`, then links the node before it to the new one; between
 * the two the list has a hole, which only the consumer can see. The stub keeps the list from ever being empty.
 */
#include "base/queue.h"

#include <sched.h>

void queue_init(struct queue *queue)
{
    atomic_init(&queue->stub.next, NULL);
    atomic_init(&queue->newest, &queue->stub);
    atomic_init(&queue->count, 0);
    queue->oldest = &queue->stub;
}

static struct queue_node *link_newest(struct queue *queue, struct queue_node *node)
{
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    struct queue_node *before = atomic_exchange_explicit(&queue->newest, node, memory_order_acq_rel);
    atomic_store_explicit(&before->next, node, memory_order_release);
    return before;
}

bool queue_put(struct queue *queue, struct queue_node *node)
{
    atomic_fetch_add_explicit(&queue->count, 1, memory_order_relaxed);
    return link_newest(queue, node) == &queue->stub;
}

/* The next of a node that is known not to be the newest: at worst its producer was preempted before linking it. */
static struct queue_node *next_of(struct queue_node *node)
{
    struct queue_node *next;
    for (int spins = 0; (next = atomic_load_explicit(&node->next, memory_order_acquire)) == NULL; spins++)
        if (spins > 64) sched_yield();
    return next;
}

static bool is_newest(struct queue *queue, const struct queue_node *node)
{
    return atomic_load_explicit(&queue->newest, memory_order_acquire) == node;
}

struct queue_node *queue_take(struct queue *queue)
{
    struct queue_node *node = queue->oldest;
    if (node == &queue->stub) {
        if (is_newest(queue, node)) return NULL;
        node = next_of(node);
        queue->oldest = node;
    }
    if (is_newest(queue, node)) link_newest(queue, &queue->stub); /* so that the last node may leave */
    queue->oldest = next_of(node);
    atomic_fetch_sub_explicit(&queue->count, 1, memory_order_relaxed);
    return node;
}
