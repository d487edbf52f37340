/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's thread: when it looks, when it reads, and what others ask of it. */
#include "engine/feed_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

enum { CONNECT_TIMEOUT_MS = 5000, SOURCE_TIMEOUT_MS = 30000, BUSY_US = 5000, DRAIN_LOOK_US = 2000 };

/* ---- the sides ---- */

enum feed_mode feed_mode_now(struct feed *feed)
{
    const struct engine_policy *policy = engine_policy(feed->engine);
    if (!policy || !policy->source_attached || !feed->catalog) return FEED_REST;
    if (!policy->mirror) return FEED_DISCARD; /* what changes before mirroring begins is the backfill's */
    return policy->primary == SIDE_TARGET ? FEED_REVERSE : FEED_FORWARD;
}

static bool feed_source_ready(struct feed *feed)
{
    struct error error;
    if (feed->source) return true;
    if (clock_monotonic_us() < feed->source_retry_us) return false;
    feed->source = source_open(&feed->engine->options, SOURCE_TIMEOUT_MS, &error);
    if (feed->source) {
        feed->source_tries = 0;
        return true;
    }
    LOG_RATED(LOG_WARNING, "feed.source", log_failure(&error));
    feed->source_retry_us = clock_monotonic_us() + random_backoff_us(&feed->random, feed->source_tries++, 100000, 2000000);
    return false;
}

bool feed_target_ready(struct feed *feed)
{
    static const char settings[] =
        "SET application_name = 'understudy feed'; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET statement_timeout = '60s'";
    struct error error;
    if (feed->target && pg_state(feed->target) == PG_READY) return true;
    if (clock_monotonic_us() < feed->target_retry_us) return false;
    if (feed->target) pg_close(feed->target);
    feed->target = pg_connect(feed->engine->options.target_conninfo, CONNECT_TIMEOUT_MS, &error);
    if (feed->target && pg_run(feed->target, settings, NULL, &error)) {
        feed->target_tries = 0;
        return true;
    }
    LOG_RATED(LOG_WARNING, "feed.target", log_failure(&error));
    if (feed->target) pg_close(feed->target);
    feed->target = NULL;
    feed->target_retry_us = clock_monotonic_us() + random_backoff_us(&feed->random, feed->target_tries++, 100000, 2000000);
    return false;
}

/* Keys that were read stay in their log: they come again. */
void feed_failed(struct feed *feed, const struct error *error)
{
    LOG_RATED(LOG_WARNING, "feed.failed", log_failure(error));
    mutex_lock(&feed->lock);
    snprintf(feed->statistics.last_error, sizeof feed->statistics.last_error, "%.299s", error->text);
    mutex_unlock(&feed->lock);
    struct error second;
    if (error->code == ERROR_SOURCE_LOST || (feed->source && !source_rollback(feed->source, &second))) {
        source_close(feed->source);
        feed->source = NULL;
    }
    feed->retry_us = clock_monotonic_us() + random_backoff_us(&feed->random, feed->tries++, 50000, 2000000);
}

/* ---- looking ---- */

static void catalog_check(struct feed *feed)
{
    const struct sql_catalog *catalog = atomic_load_explicit(&feed->engine->catalog, memory_order_acquire);
    if (catalog == feed->catalog) return;
    row_maps_free(feed->maps);
    feed->catalog = catalog;
    feed->maps = row_maps_new(catalog);
    for (struct feed_entry *e = feed->entries; e; e = e->next) {
        if (e->log_made) feed_log_release(&e->log);
        e->log_made = false;
    }
    feed->covered = 0;
    feed->looked_us = 0;
}

static bool look_is_due(struct feed *feed)
{
    mutex_lock(&feed->lock);
    bool wanted = feed->look_wanted;
    mutex_unlock(&feed->lock);
    return wanted || clock_monotonic_us() >= feed->looked_us + feed->engine->options.feed_look_us;
}

static void look_again(struct feed *feed)
{
    struct feed_look look;
    struct error error;
    mutex_lock(&feed->lock);
    feed->look_wanted = false;
    mutex_unlock(&feed->lock);
    arena_reset(&feed->arena);
    feed->looked_us = clock_monotonic_us();
    if (!feed_look(feed->source, feed->engine->options.source_schema, feed->catalog, feed->maps, &feed->arena, &look, &error)) {
        feed_failed(feed, &error);
        return;
    }
    feed_take_look(feed, &look);
    uint32_t tables = 0, starting = 0;
    mutex_lock(&feed->lock);
    for (struct feed_entry *e = feed->entries; e; e = e->next) {
        tables++;
        starting += e->told.state == FEED_STARTING;
    }
    feed->statistics.tables = tables;
    feed->looks++;
    condition_broadcast(&feed->changed);
    mutex_unlock(&feed->lock);
    if (starting) feed->looked_us -= feed->engine->options.feed_look_us - feed->engine->options.feed_look_us / 4; /* the second look soon */
}

/* ---- the thread ---- */

static bool take_pause(struct feed *feed)
{
    mutex_lock(&feed->lock);
    if (feed->paused != feed->pause_wanted) {
        feed->paused = feed->pause_wanted;
        condition_broadcast(&feed->changed);
    }
    bool paused = feed->paused;
    mutex_unlock(&feed->lock);
    return paused;
}

static void sum_up(struct feed *feed, bool good, uint64_t number, uint64_t waiting)
{
    mutex_lock(&feed->lock);
    feed->statistics.passes = number;
    if (good) feed->statistics.last_error[0] = 0;
    if (good && waiting == 0) feed->empty_pass = number;
    feed->statistics.backlog = feed->statistics.lag_us = 0;
    for (struct feed_entry *e = feed->entries; e; e = e->next) {
        feed->statistics.backlog += e->told.backlog;
        if (e->told.lag_us > feed->statistics.lag_us) feed->statistics.lag_us = e->told.lag_us;
    }
    condition_broadcast(&feed->changed);
    mutex_unlock(&feed->lock);
}

/* Answers how long to wait before the next turn. */
static uint64_t turn(struct feed *feed, uint64_t interval)
{
    const struct engine_options *options = &feed->engine->options;
    catalog_check(feed);
    if (take_pause(feed) || feed_mode_now(feed) == FEED_REST) return options->feed_poll_max_us;
    if (clock_monotonic_us() < feed->retry_us || !feed_source_ready(feed)) return options->feed_poll_us;
    if (look_is_due(feed)) look_again(feed);
    if (!feed->source || !feed->entries) return options->feed_poll_max_us;
    mutex_lock(&feed->lock);
    uint64_t number = ++feed->passes_begun, waiting = 0;
    mutex_unlock(&feed->lock);
    bool good = feed_pass(feed, &waiting);
    sum_up(feed, good, number, waiting);
    if (good) feed->tries = 0;
    if (!good) return options->feed_poll_us;
    if (waiting >= LIMIT_FEED_BATCH_ROWS) return 0;
    if (waiting) return options->feed_poll_us;
    return interval * 2 > options->feed_poll_max_us ? options->feed_poll_max_us : interval * 2;
}

static void feed_main(void *context)
{
    struct feed *feed = context;
    uint64_t interval = feed->engine->options.feed_poll_us;
    while (!atomic_load(&feed->stopping)) {
        uint64_t wait = turn(feed, interval < BUSY_US ? BUSY_US : interval);
        interval = wait;
        mutex_lock(&feed->lock);
        if (feed->drains && wait > DRAIN_LOOK_US) wait = DRAIN_LOOK_US;
        bool asked = feed->look_wanted || feed->pause_wanted != feed->paused;
        if (wait && !asked && !atomic_load(&feed->stopping)) condition_wait_us(&feed->wake, &feed->lock, wait);
        mutex_unlock(&feed->lock);
    }
    (void)take_pause(feed);
}

/* ---- from outside ---- */

struct feed *feed_start(struct engine *engine, struct mirror *mirror, struct error *error)
{
    struct feed *feed = memory_zero(1, sizeof *feed);
    feed->engine = engine;
    feed->mirror = mirror;
    mutex_init(&feed->lock);
    condition_init(&feed->wake);
    condition_init(&feed->changed);
    arena_init(&feed->arena, 0);
    random_seed(&feed->random, random_secure_u64());
    feed->thread = thread_start("feed", feed_main, feed, error);
    if (feed->thread) return feed;
    feed_free(feed);
    return NULL;
}

static void wake(struct feed *feed)
{
    mutex_lock(&feed->lock);
    condition_broadcast(&feed->wake);
    condition_broadcast(&feed->changed);
    mutex_unlock(&feed->lock);
}

void feed_stop(struct feed *feed)
{
    if (!feed || !feed->thread) return;
    atomic_store(&feed->stopping, true);
    wake(feed);
    thread_join(feed->thread);
    feed->thread = NULL;
    source_close(feed->source);
    feed->source = NULL;
    if (feed->target) pg_close(feed->target);
    feed->target = NULL;
}

void feed_free(struct feed *feed)
{
    if (!feed) return;
    feed_stop(feed);
    if (feed->set) atomic_store(&feed->engine->feed_set, NULL);
    feed_set_free(feed->set);
    while (feed->entries) {
        struct feed_entry *next = feed->entries->next;
        if (feed->entries->log_made) feed_log_release(&feed->entries->log);
        memory_free(feed->entries);
        feed->entries = next;
    }
    row_maps_free(feed->maps);
    arena_release(&feed->arena);
    condition_release(&feed->wake);
    condition_release(&feed->changed);
    mutex_release(&feed->lock);
    memory_free(feed);
}

bool feed_drain(struct feed *feed, uint64_t timeout_us)
{
    uint64_t until = clock_monotonic_us() + timeout_us;
    bool drained = true;
    mutex_lock(&feed->lock);
    if (feed->entries) {
        uint64_t after = feed->passes_begun;
        feed->drains++;
        condition_broadcast(&feed->wake);
        while (!(drained = feed->empty_pass > after) && !atomic_load(&feed->stopping)) {
            uint64_t now = clock_monotonic_us();
            if (now >= until || !condition_wait_us(&feed->changed, &feed->lock, until - now)) break;
        }
        drained = drained || feed->empty_pass > after;
        feed->drains--;
    }
    mutex_unlock(&feed->lock);
    return drained;
}

bool feed_pause(struct feed *feed, bool paused, uint64_t timeout_us)
{
    uint64_t until = clock_monotonic_us() + timeout_us;
    mutex_lock(&feed->lock);
    feed->pause_wanted = paused;
    condition_broadcast(&feed->wake);
    while (feed->paused != paused && !atomic_load(&feed->stopping)) {
        uint64_t now = clock_monotonic_us();
        if (now >= until || !condition_wait_us(&feed->changed, &feed->lock, until - now)) break;
    }
    bool good = feed->paused == paused;
    if (!good && paused) feed->pause_wanted = false;
    mutex_unlock(&feed->lock);
    return good;
}

void feed_look_soon(struct feed *feed)
{
    mutex_lock(&feed->lock);
    feed->look_wanted = true;
    condition_broadcast(&feed->wake);
    mutex_unlock(&feed->lock);
}

uint32_t feed_statistics(struct feed *feed, struct feed_statistics *all, struct feed_table *tables, uint32_t max)
{
    uint32_t count = 0;
    mutex_lock(&feed->lock);
    *all = feed->statistics;
    for (struct feed_entry *e = feed->entries; e && count < max; e = e->next) tables[count++] = e->told;
    mutex_unlock(&feed->lock);
    return count;
}
