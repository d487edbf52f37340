/* SPDX-License-Identifier: Apache-2.0 */
/* The map against a plain model, and the queue under many producers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/map.h"
#include "base/queue.h"
#include "base/random.h"
#include "base/thread.h"

#include <stdio.h>
#include <stdlib.h>

static void a_map_finds_keys_of_all_lengths(void **state)
{
    (void)state;
    struct map map;
    char key[200];
    int values[200];
    map_init(&map);
    assert_null(map_get(&map, view_text("x")));
    assert_null(map_remove(&map, view_text("x")));
    for (int i = 0; i < 200; i++) {
        memset(key, 'k', sizeof key);
        assert_null(map_put(&map, view_of(key, (size_t)i), &values[i]));
    }
    memset(key, '!', sizeof key); /* the map has copies */
    assert_int_equal(map_count(&map), 200);
    memset(key, 'k', sizeof key);
    for (int i = 0; i < 200; i++) assert_ptr_equal(map_get(&map, view_of(key, (size_t)i)), &values[i]);
    assert_ptr_equal(map_put(&map, view_of(key, 7), &values[0]), &values[7]);
    assert_int_equal(map_count(&map), 200);
    map_clear(&map);
    assert_null(map_get(&map, view_of(key, 7)));
    assert_null(map_put_u64(&map, 7, &values[3]));
    assert_ptr_equal(map_get_u64(&map, 7), &values[3]);
    map_release(&map);
}

static void a_map_agrees_with_a_plain_array(void **state)
{
    (void)state;
    enum { KEYS = 3000 };
    static int values[KEYS];
    static bool there[KEYS];
    struct random_generator random;
    struct map map;
    uint32_t count = 0;
    map_init(&map);
    random_seed(&random, 5);
    for (int round = 0; round < 300000; round++) {
        uint64_t key = random_below(&random, KEYS);
        if (random_chance(&random, round % 100000 < 50000 ? 0.7 : 0.3)) {
            assert_int_equal(map_put_u64(&map, key, &values[key]) != NULL, there[key]);
            if (!there[key]) count++;
            there[key] = true;
        } else {
            assert_int_equal(map_remove_u64(&map, key) != NULL, there[key]);
            if (there[key]) count--;
            there[key] = false;
        }
        assert_int_equal(map_count(&map), count);
    }
    for (uint64_t key = 0; key < KEYS; key++) assert_ptr_equal(map_get_u64(&map, key), there[key] ? &values[key] : NULL);
    assert_true(map.slot_count <= 16384); /* holes are used again */
    map_release(&map);
}

static void a_map_is_walked_in_the_order_of_insertion(void **state)
{
    (void)state;
    struct map map;
    struct view key;
    void *value;
    int values[100];
    map_init(&map);
    for (uint64_t i = 0; i < 100; i++) map_put_u64(&map, i * 7919, &values[i]);
    uint64_t expected = 0;
    for (uint32_t at = 0; map_next(&map, &at, &key, &value); expected++) {
        assert_true(map_key_u64(key) == expected * 7919);
        assert_ptr_equal(value, &values[expected]);
        if (expected % 3 == 0) map_remove(&map, key); /* allowed while walking */
    }
    assert_int_equal(expected, 100);
    assert_int_equal(map_count(&map), 66);
    map_release(&map);
}

enum { PRODUCERS = 4, ITEMS = 100000 };

struct item {
    struct queue_node node;
    uint32_t producer, number;
};
struct producer {
    struct queue *queue;
    struct item *items;
    uint32_t number;
    _Atomic uint64_t wakes;
};

static void produce(void *context)
{
    struct producer *producer = context;
    for (uint32_t i = 0; i < ITEMS; i++) {
        producer->items[i] = (struct item){.producer = producer->number, .number = i};
        if (queue_put(producer->queue, &producer->items[i].node)) producer->wakes++;
    }
}

static void a_queue_loses_nothing_and_keeps_each_producers_order(void **state)
{
    (void)state;
    static struct producer producers[PRODUCERS];
    struct thread *threads[PRODUCERS];
    struct queue queue;
    struct error error = {0};
    uint32_t next[PRODUCERS] = {0};
    queue_init(&queue);
    assert_null(queue_take(&queue));
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){.queue = &queue, .items = calloc(ITEMS, sizeof(struct item)), .number = i};
        threads[i] = thread_start("producer", produce, &producers[i], &error);
        assert_non_null(threads[i]);
    }
    for (uint32_t taken = 0; taken < PRODUCERS * ITEMS;) {
        struct queue_node *node = queue_take(&queue);
        if (!node) continue;
        struct item *item = QUEUE_OWNER(node, struct item, node);
        assert_int_equal(item->number, next[item->producer]++);
        taken++;
    }
    assert_null(queue_take(&queue));
    assert_int_equal(queue_count(&queue), 0);
    uint64_t wakes = 0;
    for (int i = 0; i < PRODUCERS; i++) {
        thread_join(threads[i]);
        wakes += producers[i].wakes;
        free(producers[i].items);
    }
    assert_true(wakes >= 1);
}

/* The consumer sleeps until a put says that it has to be woken: a lost wake-up would end in the time-out. */
struct sleeper {
    struct queue queue;
    struct mutex mutex;
    struct condition condition;
    bool woken;
    struct item *items;
};

static void produce_and_wake(void *context)
{
    struct sleeper *sleeper = context;
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (!queue_put(&sleeper->queue, &sleeper->items[i].node)) continue;
        mutex_lock(&sleeper->mutex);
        sleeper->woken = true;
        condition_signal(&sleeper->condition);
        mutex_unlock(&sleeper->mutex);
    }
}

static void whoever_fills_an_empty_queue_knows_it(void **state)
{
    (void)state;
    static struct sleeper sleeper;
    struct error error = {0};
    queue_init(&sleeper.queue);
    mutex_init(&sleeper.mutex);
    condition_init(&sleeper.condition);
    sleeper.items = calloc(ITEMS, sizeof(struct item));
    struct thread *thread = thread_start("producer", produce_and_wake, &sleeper, &error);
    for (uint32_t taken = 0; taken < ITEMS;) {
        if (queue_take(&sleeper.queue)) {
            taken++;
            continue;
        }
        mutex_lock(&sleeper.mutex);
        while (!sleeper.woken) assert_true(condition_wait_us(&sleeper.condition, &sleeper.mutex, 10000000));
        sleeper.woken = false;
        mutex_unlock(&sleeper.mutex);
    }
    thread_join(thread);
    free(sleeper.items);
    condition_release(&sleeper.condition);
    mutex_release(&sleeper.mutex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_finds_keys_of_all_lengths),           cmocka_unit_test(a_map_agrees_with_a_plain_array),
        cmocka_unit_test(a_map_is_walked_in_the_order_of_insertion), cmocka_unit_test(a_queue_loses_nothing_and_keeps_each_producers_order),
        cmocka_unit_test(whoever_fills_an_empty_queue_knows_it),
    };
    return cmocka_run_group_tests_name("containers", tests, NULL, NULL);
}
