/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's target connections, shared by pipelining or held by one transaction. */
#include "engine/target_pool.h"

#include "base/log.h"
#include "base/memory.h"
#include "engine/canceller.h"

enum {
    SHARED_DEPTH_MAX = 32,
    RETRY_MIN_US = 100000,
    RETRY_MAX_US = 2000000,
    WAIT_MAX_US = 2000000,
    TICK_US = 100000,
    SLOW_AFTER_US = 20000,
    CONNECT_MAX_US = 5000000,
    SILENCE_MAX_US = 1000000 /* of a target that does not answer the guard either */
};

struct slot {
    struct target_pool *pool;
    struct pg *pg;
    struct watch *watch;
    int watched_socket;
    bool exclusive;
    bool broken;          /* close it as soon as nobody holds it */
    uint32_t shared;      /* shared leases under way */
    uint64_t progress_at; /* when the last of them was over, or the first began */
    uint64_t opened_at;
    uint64_t retry_at, retry_after;
};
struct target_pool {
    struct engine *engine;
    struct loop *loop;
    struct slot *slots;
    uint32_t count;
    struct target_waiter *first, **last;
    struct timer *timer;
    void (*lost)(void *context, struct pg *pg);
    void *context;
    bool serving_waiters;
    uint64_t unhealthy_at; /* when the guard was first seen without an answer; 0: it has one */
    struct canceller *canceller;
};

static void slot_open(struct slot *slot);
static void serve_waiters(struct target_pool *pool);

static void slot_drop(struct slot *slot)
{
    if (slot->watch) watch_free(slot->watch);
    slot->watch = NULL;
    slot->watched_socket = -1;
    struct pg *pg = slot->pg;
    slot->pg = NULL;
    slot->exclusive = slot->broken = false;
    slot->shared = 0;
    if (pg) pg_close(pg);
    if (slot->retry_after < RETRY_MIN_US) slot->retry_after = RETRY_MIN_US;
    slot->retry_at = loop_now_us(slot->pool->loop) + slot->retry_after;
    slot->retry_after = slot->retry_after * 2 > RETRY_MAX_US ? RETRY_MAX_US : slot->retry_after * 2;
}

static void slot_ready(void *context, int what);

static void slot_watch(struct slot *slot)
{
    if (!slot->pg) return;
    int socket = pg_socket(slot->pg);
    if (socket < 0) return;
    if (socket != slot->watched_socket) {
        if (slot->watch) watch_free(slot->watch);
        slot->watch = watch_new(slot->pool->loop, socket, slot_ready, slot);
        slot->watched_socket = socket;
    }
    int wants = pg_wants(slot->pg);
    watch_set(slot->watch, (wants & PG_WANT_READ ? WATCH_READ : 0) | (wants & PG_WANT_WRITE ? WATCH_WRITE : 0));
}

static void slot_lost(struct slot *slot)
{
    struct pg *pg = slot->pg;
    if (slot->pool->lost) slot->pool->lost(slot->pool->context, pg);
    slot_drop(slot);
}

static void slot_give_up(struct slot *slot)
{
    if (!slot->pg) return;
    pg_abandon(slot->pg, "the target does not answer");
    slot_lost(slot);
}

void target_pool_give_up(struct target_pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++) slot_give_up(&pool->slots[i]);
    serve_waiters(pool);
}

static void slot_ready(void *context, int what)
{
    struct slot *slot = context;
    if (!slot->pg) return;
    pg_ready(slot->pg, (what & WATCH_READ ? PG_WANT_READ : 0) | (what & WATCH_WRITE ? PG_WANT_WRITE : 0));
    if (slot->pg && pg_state(slot->pg) == PG_LOST) slot_lost(slot);
    slot_watch(slot);
    serve_waiters(slot->pool);
}

static void on_state(void *context, struct pg *pg, enum pg_state state, const struct error *error)
{
    struct slot *slot = context;
    (void)pg;
    if (state == PG_READY) {
        slot->retry_after = 0;
        atomic_store(&slot->pool->engine->target_healthy, true);
    } else if (state == PG_LOST) {
        if (slot->retry_after <= RETRY_MIN_US) LOG(LOG_WARNING, "target.connection_lost", log_text("why", error ? error->text : ""));
    }
}

static void slot_open(struct slot *slot)
{
    struct error error;
    slot->opened_at = loop_now_us(slot->pool->loop);
    slot->pg = pg_start(slot->pool->engine->options.target_conninfo, on_state, slot, &error);
    if (!slot->pg) {
        slot_drop(slot);
        return;
    }
    slot_watch(slot);
}

static void close_broken(struct slot *slot)
{
    if (slot->pg && slot->broken && !slot->exclusive && slot->shared == 0) {
        slot->retry_after = 0;
        slot_drop(slot);
        slot_open(slot);
    }
}

/*
 * A frozen target keeps its connections and says nothing. Attempts to connect end after a while. Reads that wait for it go to the source (nothing is lost by that);
 * while the target is primary it is for the guard to give it up, since what runs there may have been committed.
 */
static void watch_silence(struct target_pool *pool, uint64_t now, const struct engine_policy *policy)
{
    if (atomic_load(&pool->engine->target_healthy))
        pool->unhealthy_at = 0;
    else if (!pool->unhealthy_at)
        pool->unhealthy_at = now;
    bool silent = pool->unhealthy_at && now > pool->unhealthy_at + SILENCE_MAX_US && policy->primary == SIDE_SOURCE;
    for (uint32_t i = 0; i < pool->count; i++) {
        struct slot *slot = &pool->slots[i];
        if (!slot->pg) continue;
        bool connecting = pg_state(slot->pg) == PG_CONNECTING && now > slot->opened_at + CONNECT_MAX_US;
        if (connecting || (silent && slot->shared && now > slot->progress_at + SILENCE_MAX_US)) slot_give_up(slot);
    }
}

static uint32_t target_pool_ready(const struct target_pool *pool);

static void on_tick(void *context)
{
    struct target_pool *pool = context;
    uint64_t now = loop_now_us(pool->loop);
    const struct engine_policy *policy = engine_policy(pool->engine);
    bool wanted = policy->phase != PHASE_OBSERVE && !policy->target_down;
    watch_silence(pool, now, policy);
    for (uint32_t i = 0; i < pool->count; i++)
        if (!pool->slots[i].pg && now >= pool->slots[i].retry_at && wanted) slot_open(&pool->slots[i]);
    for (uint32_t i = 0; i < pool->count; i++) close_broken(&pool->slots[i]);
    while (pool->first && now > pool->first->since_us + WAIT_MAX_US) {
        struct target_waiter *waiter = pool->first;
        struct error error;
        error_set(&error, target_pool_ready(pool) ? ERROR_LIMIT : ERROR_TIMEOUT,
                  "no target connection was free for %u ms (target.connections)", WAIT_MAX_US / 1000);
        target_pool_cancel(pool, waiter);
        waiter->granted(waiter->context, NULL, &error);
    }
    serve_waiters(pool);
}

struct target_pool *target_pool_new(struct engine *engine, struct loop *loop, uint32_t connections,
                                    void (*lost)(void *context, struct pg *pg), void *context)
{
    struct target_pool *pool = memory_zero(1, sizeof *pool);
    pool->engine = engine;
    pool->loop = loop;
    pool->count = connections;
    pool->lost = lost;
    pool->context = context;
    pool->last = &pool->first;
    pool->canceller = canceller_new();
    pool->slots = memory_zero(connections, sizeof *pool->slots);
    for (uint32_t i = 0; i < connections; i++) {
        pool->slots[i].pool = pool;
        pool->slots[i].watched_socket = -1;
    }
    pool->timer = timer_new(loop, on_tick, pool);
    timer_start(pool->timer, 1000, TICK_US);
    return pool;
}

void target_pool_free(struct target_pool *pool)
{
    if (!pool) return;
    timer_free(pool->timer);
    for (uint32_t i = 0; i < pool->count; i++) slot_drop(&pool->slots[i]);
    canceller_free(pool->canceller);
    memory_free(pool->slots);
    memory_free(pool);
}

/* Its statement has been at work for long: what is put behind it would wait. */
static bool is_slow(const struct target_pool *pool, const struct slot *slot)
{
    return slot->shared && loop_now_us(pool->loop) > slot->progress_at + SLOW_AFTER_US;
}

static struct slot *slot_for(struct target_pool *pool, bool exclusive)
{
    struct slot *best = NULL;
    bool best_slow = false;
    for (uint32_t i = 0; i < pool->count; i++) {
        struct slot *slot = &pool->slots[i];
        if (!slot->pg || slot->exclusive || slot->broken || pg_state(slot->pg) != PG_READY) continue;
        if (exclusive && (slot->shared || pg_in_flight(slot->pg))) continue;
        if (!exclusive && slot->shared >= SHARED_DEPTH_MAX) continue;
        bool slow = is_slow(pool, slot);
        if (!best || slow < best_slow || (slow == best_slow && slot->shared < best->shared)) {
            best = slot;
            best_slow = slow;
        }
        if (best->shared == 0) break;
    }
    return best;
}

static void grant(struct slot *slot, struct target_waiter *waiter)
{
    if (waiter->exclusive)
        slot->exclusive = true;
    else if (slot->shared++ == 0)
        slot->progress_at = loop_now_us(slot->pool->loop);
    waiter->granted(waiter->context, slot->pg, NULL);
}

/* In order: a waiter that cannot be served yet is not overtaken by one of its own kind. */
static void serve_waiters(struct target_pool *pool)
{
    if (pool->serving_waiters) return;
    pool->serving_waiters = true;
    while (pool->first) {
        struct slot *slot = slot_for(pool, pool->first->exclusive);
        if (!slot) break;
        struct target_waiter *waiter = pool->first;
        target_pool_cancel(pool, waiter);
        grant(slot, waiter);
    }
    pool->serving_waiters = false;
}

void target_pool_lease(struct target_pool *pool, struct target_waiter *waiter)
{
    waiter->since_us = loop_now_us(pool->loop);
    if (!pool->first) {
        struct slot *slot = slot_for(pool, waiter->exclusive);
        if (slot) {
            grant(slot, waiter);
            return;
        }
    }
    waiter->waiting = true;
    waiter->next = NULL;
    *pool->last = waiter;
    pool->last = &waiter->next;
}

void target_pool_cancel(struct target_pool *pool, struct target_waiter *waiter)
{
    if (!waiter->waiting) return;
    waiter->waiting = false;
    for (struct target_waiter **at = &pool->first; *at; at = &(*at)->next) {
        if (*at != waiter) continue;
        *at = waiter->next;
        break;
    }
    pool->last = &pool->first;
    while (*pool->last) pool->last = &(*pool->last)->next;
}

static struct slot *slot_of(struct target_pool *pool, struct pg *pg)
{
    for (uint32_t i = 0; i < pool->count; i++)
        if (pool->slots[i].pg == pg) return &pool->slots[i];
    return NULL;
}

void target_pool_return(struct target_pool *pool, struct pg *pg, bool exclusive, bool broken)
{
    struct slot *slot = slot_of(pool, pg);
    if (!slot) return;
    if (exclusive)
        slot->exclusive = false;
    else if (slot->shared)
        slot->shared--;
    slot->progress_at = loop_now_us(pool->loop);
    if (broken && pg_in_flight(pg)) target_pool_stop(pool, pg, NULL, NULL);
    slot->broken = slot->broken || broken;
    if (slot->broken && !slot->exclusive) slot->retry_at = 0;
    timer_start(pool->timer, slot->broken || pool->first ? 0 : TICK_US, TICK_US); /* on the next turn: not inside libpq's callback */
}

void target_pool_stop(struct target_pool *pool, struct pg *pg, void (*sent)(void *context), void *context)
{
    canceller_submit(pool->canceller, pg_cancel_new(pg), sent, context);
}

void target_pool_flush(struct target_pool *pool, struct pg *pg)
{
    struct slot *slot = slot_of(pool, pg);
    if (slot) slot_watch(slot);
}

/* connections that are up */
static uint32_t target_pool_ready(const struct target_pool *pool)
{
    uint32_t ready = 0;
    for (uint32_t i = 0; i < pool->count; i++) ready += pool->slots[i].pg && pg_state(pool->slots[i].pg) == PG_READY;
    return ready;
}
