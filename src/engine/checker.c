/* SPDX-License-Identifier: Apache-2.0 */
/* The checker's thread and its queue. */
#include "engine/checker_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

enum { LINGER_US = 10000, IDLE_US = 50000, LINGER_BELOW = 64, SCAN_MAX = 2048, LAG_LIMIT_US = 50000, LAG_PAUSE_US = 20000 };

/* ---- lists ---- */

static void list_put(struct checker_list *list, struct checker_item *item)
{
    item->next = NULL;
    if (list->last)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
    list->count++;
}

void checker_key_name(struct buffer *out, const char *table, struct view key)
{
    buffer_append(out, table, strlen(table) + 1);
    buffer_append_view(out, key);
}

void checker_settled(struct checker *c, struct checker_item *item)
{
    memory_free(item);
    atomic_fetch_sub(&c->pending, 1);
}

void checker_later(struct checker *c, struct checker_item *item, uint64_t after_us)
{
    item->due_us = clock_monotonic_us() + after_us;
    list_put(&c->later, item);
}

/* ---- adding ---- */

static bool has_room(struct checker *c, enum checker_origin origin)
{
    if (origin == CHECK_MIRROR) return atomic_load(&c->pending) < CHECKER_SAMPLED_MAX;
    for (int waited = 0; atomic_load(&c->pending) >= CHECKER_WAITING_MAX; waited++) {
        if (waited >= CHECKER_ADD_WAIT_MS || atomic_load(&c->stopping)) return false;
        clock_sleep_us(1000);
    }
    return true;
}

bool checker_add(struct checker *c, enum checker_origin origin, const struct sql_table *table, struct view encoded_key, uint64_t csn,
                 struct fingerprint *fingerprint)
{
    if (!has_room(c, origin)) {
        if (origin != CHECK_MIRROR) engine_gap(c->engine, table->name, "a row was to be compared, but too many wait: verify the table");
        return false;
    }
    struct checker_item *item = memory_alloc(sizeof *item + encoded_key.size);
    memset(item, 0, sizeof *item);
    memcpy(item + 1, encoded_key.data, encoded_key.size);
    item->origin = origin;
    item->table = table;
    item->key = view_of(item + 1, encoded_key.size);
    item->csn = csn;
    item->fingerprint = fingerprint;
    item->sequence = atomic_fetch_add(&c->sequence, 1) + 1;
    atomic_fetch_add(&c->pending, 1);
    if (queue_put(&c->queue, &item->node)) {
        mutex_lock(&c->lock);
        condition_signal(&c->wake);
        mutex_unlock(&c->lock);
    }
    return true;
}

/* ---- the thread ---- */

static void take_queue(struct checker *c)
{
    struct buffer name;
    buffer_init(&name, 0);
    for (struct queue_node *node = queue_take(&c->queue); node; node = queue_take(&c->queue)) {
        struct checker_item *item = QUEUE_OWNER(node, struct checker_item, node);
        buffer_clear(&name);
        checker_key_name(&name, item->table->name, item->key);
        struct checker_item *same = map_get(&c->known, buffer_view(&name));
        if (same) { /* it waits already, and has not been looked at: one look is enough */
            if (same->csn < item->csn) same->csn = item->csn;
            if (item->origin != CHECK_MIRROR) same->origin = item->origin;
            if (item->fingerprint) same->fingerprint = item->fingerprint;
            checker_settled(c, item);
            continue;
        }
        map_put(&c->known, buffer_view(&name), item);
        list_put(&c->ready, item);
    }
    buffer_release(&name);
}

static void take_due(struct checker *c)
{
    uint64_t now = clock_monotonic_us();
    struct checker_list keep = {0};
    for (struct checker_item *item = c->later.first, *next; item; item = next) {
        next = item->next;
        if (item->due_us <= now)
            list_put(&c->ready, item);
        else
            list_put(&keep, item);
    }
    c->later = keep;
}

static void find_oldest(struct checker *c)
{
    uint64_t oldest = UINT64_MAX;
    const struct checker_list *lists[] = {&c->ready, &c->later};
    if (atomic_load(&c->drains) == 0) return;
    for (size_t i = 0; i < 2; i++)
        for (const struct checker_item *item = lists[i]->first; item; item = item->next)
            if (item->sequence < oldest) oldest = item->sequence;
    mutex_lock(&c->lock);
    atomic_store(&c->oldest, queue_count(&c->queue) ? 0 : oldest);
    condition_broadcast(&c->decided);
    mutex_unlock(&c->lock);
}

static void catalog_check(struct checker *c)
{
    const struct sql_catalog *catalog = atomic_load_explicit(&c->engine->catalog, memory_order_acquire);
    if (catalog == c->catalog) return;
    row_maps_free(c->maps);
    c->catalog = catalog;
    c->maps = row_maps_new(catalog);
}

static const struct row_map *map_of(struct checker *c, const struct sql_table *table)
{
    if (!c->catalog) return NULL;
    if (table->id >= sql_catalog_table_count(c->catalog) || sql_catalog_table_at(c->catalog, table->id) != table)
        table = sql_catalog_table(c->catalog, NULL, table->schema, table->name);
    return table && table->target[0] ? row_map_of(c->maps, table) : NULL;
}

/* Takes items of one table out of the ready list. */
static uint32_t gather(struct checker *c, struct checker_item **items)
{
    struct checker_list keep = {0};
    const struct sql_table *table = c->ready.first->table;
    struct checker_item *item = c->ready.first, *next;
    uint32_t count = 0, scanned = 0;
    struct buffer name;
    buffer_init(&name, 0);
    for (; item && count < CHECKER_BATCH && scanned < SCAN_MAX; item = next, scanned++) {
        next = item->next;
        if (item->table != table) {
            list_put(&keep, item);
            continue;
        }
        items[count++] = item;
        buffer_clear(&name);
        checker_key_name(&name, item->table->name, item->key);
        if (map_get(&c->known, buffer_view(&name)) == item) map_remove(&c->known, buffer_view(&name));
    }
    buffer_release(&name);
    uint32_t rest = c->ready.count - scanned;
    if (keep.last)
        keep.last->next = item;
    else
        keep.first = item;
    keep.last = item ? c->ready.last : keep.last;
    keep.count += rest;
    c->ready = keep;
    return count;
}

static void give_back(struct checker *c, struct checker_item **items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) checker_later(c, items[i], 200000);
}

static void look_at_some(struct checker *c)
{
    struct checker_item *items[CHECKER_BATCH];
    uint32_t count = gather(c, items);
    const struct row_map *map = map_of(c, items[0]->table);
    const struct engine_policy *policy = engine_policy(c->engine);
    if (!c->catalog || !policy) {
        give_back(c, items, count);
    } else if (!map || !map->key || !policy->source_attached) { /* the table is gone, or there is nothing to compare with any more */
        for (uint32_t i = 0; i < count; i++) checker_settled(c, items[i]);
    } else if (!checker_look(c, map, items, count)) {
        clock_sleep_us(IDLE_US);
    }
    arena_reset(&c->arena);
}

static void checker_main(void *context)
{
    struct checker *c = context;
    while (!atomic_load(&c->stopping)) {
        catalog_check(c);
        take_queue(c);
        take_due(c);
        find_oldest(c);
        checker_open_refresh(c, false);
        if (c->ready.count > 0) {
            if (c->ready.count < LINGER_BELOW && atomic_load(&c->drains) == 0) clock_sleep_us(LINGER_US); /* more in one statement */
            /* Proof may wait, the mirror may not: while it is behind, the checker takes less of both databases. */
            if (atomic_load_explicit(&c->engine->mirror_lag_us, memory_order_relaxed) > LAG_LIMIT_US) clock_sleep_us(LAG_PAUSE_US);
            take_queue(c);
            look_at_some(c);
            find_oldest(c);
            continue;
        }
        mutex_lock(&c->lock);
        if (queue_count(&c->queue) == 0 && !atomic_load(&c->stopping))
            condition_wait_us(&c->wake, &c->lock, c->later.count ? LINGER_US : IDLE_US);
        mutex_unlock(&c->lock);
    }
}

/* ---- from outside ---- */

struct checker *checker_start(struct engine *engine, struct error *error)
{
    struct checker *c = memory_zero(1, sizeof *c);
    c->engine = engine;
    mutex_init(&c->lock);
    condition_init(&c->wake);
    condition_init(&c->decided);
    queue_init(&c->queue);
    map_init(&c->known);
    map_init(&c->open);
    arena_init(&c->arena, 0);
    random_seed(&c->random, random_secure_u64());
    c->thread = thread_start("checker", checker_main, c, error);
    if (c->thread) return c;
    checker_stop(c);
    return NULL;
}

static void list_free(struct checker *c, struct checker_list *list)
{
    while (list->first) {
        struct checker_item *next = list->first->next;
        checker_settled(c, list->first);
        list->first = next;
    }
}

void checker_stop(struct checker *c)
{
    if (!c) return;
    mutex_lock(&c->lock);
    atomic_store(&c->stopping, true);
    condition_broadcast(&c->wake);
    condition_broadcast(&c->decided);
    mutex_unlock(&c->lock);
    thread_join(c->thread);
    take_queue(c);
    list_free(c, &c->ready);
    list_free(c, &c->later);
    if (c->target) pg_close(c->target);
    source_close(c->source);
    row_maps_free(c->maps);
    checker_open_release(c);
    map_release(&c->known);
    map_release(&c->open);
    arena_release(&c->arena);
    mutex_release(&c->lock);
    condition_release(&c->wake);
    condition_release(&c->decided);
    memory_free(c);
}

uint64_t checker_pending(struct checker *c)
{
    return atomic_load(&c->pending);
}

bool checker_drain(struct checker *c, uint32_t timeout_ms)
{
    uint64_t upto = atomic_load(&c->sequence), until = clock_monotonic_us() + (uint64_t)timeout_ms * 1000;
    bool drained = false;
    mutex_lock(&c->lock);
    atomic_fetch_add(&c->drains, 1);
    atomic_store(&c->oldest, 0);
    condition_signal(&c->wake);
    while (!(drained = atomic_load(&c->oldest) > upto) && !atomic_load(&c->stopping)) {
        uint64_t now = clock_monotonic_us();
        if (now >= until || !condition_wait_us(&c->decided, &c->lock, until - now)) break;
    }
    drained = drained || atomic_load(&c->oldest) > upto;
    atomic_fetch_sub(&c->drains, 1);
    mutex_unlock(&c->lock);
    return drained;
}
