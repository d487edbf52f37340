/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the logs: keys are read, rows compared, what differs is written by the mirror, and the log's rows are deleted. */
#include "engine/feed_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>

enum { WRITE_KEYS = 256, WAIT_STEP_US = 500, RATE_SLEEP_US = 20000 };
#define WAIT_APPLIED_US UINT64_C(300000)

/* ---- comparing ---- */

/* Has the secondary everything that the primary's rows can show? Waits shortly. */
static bool caught_up(struct feed *feed, enum feed_mode mode, uint64_t csn)
{
    _Atomic uint64_t *place = mode == FEED_REVERSE ? &feed->engine->reverse_csn : &feed->engine->applied;
    uint64_t until = clock_monotonic_us() + WAIT_APPLIED_US;
    while (atomic_load_explicit(place, memory_order_acquire) < csn) {
        if (clock_monotonic_us() > until || atomic_load(&feed->stopping)) return false;
        clock_sleep_us(WAIT_STEP_US);
    }
    return true;
}

static struct row *rows_of(struct feed *feed, const struct feed_keys *keys)
{
    struct row *rows = arena_zero(&feed->arena, sizeof *rows * (keys->count + 1));
    for (uint32_t i = 0; i < keys->count; i++) rows[i].key = keys->keys[i];
    return rows;
}

/*
 * The keys whose rows differ, in order of the batch. The primary is read first, and the secondary when it has applied every commit that began before that read
 * ended: equal rows are equal for good, because who writes them later notes the key again. If the secondary does not get there in time, all keys
 * count as different: writing a row that is equal already costs, and harms nothing.
 */
static bool find_different(struct feed *feed, const struct row_map *map, const struct feed_keys *keys, enum feed_mode mode,
                           struct value **different, uint32_t *count, struct error *error)
{
    struct row *source = rows_of(feed, keys), *target = rows_of(feed, keys);
    bool reverse = mode == FEED_REVERSE;
    *count = 0;
    if (!(reverse ? rows_read_target(feed->target, map, target, keys->count, &feed->arena, error)
                  : rows_read_source(feed->source, map, source, keys->count, &feed->arena, error)))
        return false;
    bool all = !caught_up(feed, mode, journal_last_csn(feed->engine->journal));
    if (!all && !(reverse ? rows_read_source(feed->source, map, source, keys->count, &feed->arena, error)
                          : rows_read_target(feed->target, map, target, keys->count, &feed->arena, error)))
        return false;
    for (uint32_t i = 0; i < keys->count; i++)
        if (all || !rows_equal(map, &source[i], &target[i], NULL)) different[(*count)++] = keys->keys[i];
    return true;
}

/* ---- what differs ---- */

static bool write_forward(struct feed *feed, const struct row_map *map, struct value **keys, uint32_t count, struct error *error)
{
    for (uint32_t at = 0; at < count; at += WRITE_KEYS) {
        uint32_t some = count - at < WRITE_KEYS ? count - at : WRITE_KEYS;
        if (!mirror_reconcile_keys(feed->mirror, map->table, keys + at, some, error)) return false;
    }
    return true;
}

/* The target is primary: the source's row is not what our own stream made of it. The checker looks again, and tells if it stays so. */
static bool tell_checker(struct feed *feed, const struct row_map *map, struct value **keys, uint32_t count)
{
    struct buffer encoded;
    bool good = true;
    if (!feed->engine->checker) return true;
    buffer_init(&encoded, 0);
    for (uint32_t i = 0; i < count && good; i++) {
        buffer_clear(&encoded);
        rows_encode_key(&encoded, map, keys[i]);
        good = checker_add(feed->engine->checker, CHECK_REVERSE, map->table, buffer_view(&encoded), journal_last_csn(feed->engine->journal),
                           NULL);
    }
    buffer_release(&encoded);
    return good;
}

/* ---- one log ---- */

/* So many keys a second and no more: the next batch waits. */
static void hold_rate(struct feed *feed, uint32_t keys)
{
    uint64_t rate = feed->engine->options.feed_rows_per_second, now = clock_monotonic_us();
    if (rate == 0) return;
    if (feed->allowed_us < now) feed->allowed_us = now;
    feed->allowed_us += (uint64_t)keys * 1000000 / rate;
    while (clock_monotonic_us() < feed->allowed_us && !atomic_load(&feed->stopping)) {
        uint64_t left = feed->allowed_us - clock_monotonic_us();
        clock_sleep_us(left < RATE_SLEEP_US ? left : RATE_SLEEP_US);
    }
}

struct tally {
    uint64_t keys, equal, written, discarded;
};

static void count_up(struct feed *feed, struct feed_entry *e, const struct tally *t)
{
    mutex_lock(&feed->lock);
    e->told.keys += t->keys;
    e->told.equal += t->equal;
    e->told.written += t->written;
    e->told.discarded += t->discarded;
    mutex_unlock(&feed->lock);
    engine_count(feed->engine, COUNT_FEED_KEYS, t->keys);
    engine_count(feed->engine, COUNT_FEED_EQUAL, t->equal);
    engine_count(feed->engine, COUNT_FEED_WRITTEN, t->written);
    engine_count(feed->engine, COUNT_FEED_DISCARDED, t->discarded);
}

static void set_waiting(struct feed *feed, struct feed_entry *e, uint64_t backlog, uint64_t lag_us)
{
    mutex_lock(&feed->lock);
    e->told.backlog = backlog;
    e->told.lag_us = lag_us;
    mutex_unlock(&feed->lock);
}

static void give_up(struct feed *feed, const struct feed_entry *e)
{
    char reason[200];
    snprintf(reason, sizeof reason, "its key feed held %u keys or more ([feed] backlog_max): they were given up",
             feed->engine->options.feed_backlog_max);
    engine_gap(feed->engine, e->told.table, reason);
}

/* More waits than the source should keep for us, because the target is away or too slow. The gap is durable before the keys go. */
static bool check_backlog(struct feed *feed, struct feed_entry *e, uint64_t *backlog, struct error *error)
{
    char number[40];
    uint64_t limit = feed->engine->options.feed_backlog_max;
    if (!source_scalar(feed->source, e->log.count, number, sizeof number, error)) return false;
    *backlog = strtoull(number, NULL, 10); /* may be fewer than were just read: the mirror takes keys, too */
    if (*backlog < limit || e->overflowed) return true;
    give_up(feed, e);
    LOG(LOG_ERROR, "feed.overflow", log_text("table", e->told.table), log_u64("rows", *backlog));
    e->overflowed = true;
    return true;
}

static bool reconcile(struct feed *feed, const struct row_map *map, const struct feed_keys *keys, enum feed_mode mode, struct tally *tally,
                      struct error *error)
{
    struct value **different = arena_zero(&feed->arena, sizeof *different * (keys->count + 1));
    uint32_t count = 0;
    if (!find_different(feed, map, keys, mode, different, &count, error)) return false;
    if (mode == FEED_FORWARD ? !write_forward(feed, map, different, count, error) : !tell_checker(feed, map, different, count))
        return mode == FEED_FORWARD ? false : error_set(error, ERROR_LIMIT, "the checker's queue is full");
    if (keys->nameless) engine_gap(feed->engine, map->table->name, "its key feed holds keys that name no row: a part of them is NULL");
    tally->equal = keys->count - count;
    tally->written = mode == FEED_FORWARD ? count : 0;
    return true;
}

/* One batch of one log. *more: it was full. */
static bool batch(struct feed *feed, struct feed_entry *e, const struct row_map *map, uint64_t *rows, bool *more)
{
    struct error error;
    struct feed_keys keys;
    struct tally tally = {0};
    uint64_t backlog = 0;
    error_clear(&error);
    arena_reset(&feed->arena);
    *more = false;
    if (!feed_log_read(feed->source, &e->log, map, &feed->arena, &keys, &error)) {
        feed_failed(feed, &error);
        return false;
    }
    *rows = keys.rows;
    *more = keys.rows == e->log.rows;
    backlog = keys.rows;
    if (*more && !check_backlog(feed, e, &backlog, &error)) {
        feed_failed(feed, &error);
        return false;
    }
    set_waiting(feed, e, backlog, keys.age_us);
    if (keys.rows == 0) {
        e->overflowed = false;
        return true;
    }
    enum feed_mode mode = feed_mode_now(feed);
    uint64_t epoch = engine_policy(feed->engine)->epoch;
    if (mode == FEED_REST) return true;
    if (e->overflowed || mode == FEED_DISCARD) {
        tally.discarded = keys.rows;
        if (e->overflowed && !*more) give_up(feed, e); /* once more for the last of them: a sweep may have cleared the first */
    } else if (!feed_target_ready(feed)) {
        return false;
    } else if (!reconcile(feed, map, &keys, mode, &tally, &error)) {
        feed_failed(feed, &error);
        return false;
    }
    if (engine_policy(feed->engine)->epoch != epoch || feed_mode_now(feed) != mode)
        return true; /* a switch: the same keys again under its rules */
    if (!feed_log_delete(feed->source, &e->log, &keys, &error)) {
        feed_failed(feed, &error);
        return false;
    }
    tally.keys = keys.count;
    count_up(feed, e, &tally);
    set_waiting(feed, e, backlog > keys.rows ? backlog - keys.rows : 0, *more ? keys.age_us : 0);
    if (!*more) e->overflowed = false;
    hold_rate(feed, keys.count);
    return true;
}

bool feed_pass(struct feed *feed, uint64_t *waiting)
{
    *waiting = 0;
    for (struct feed_entry *e = feed->entries; e && !atomic_load(&feed->stopping); e = e->next) {
        const struct sql_table *t = sql_catalog_table(feed->catalog, NULL, feed->engine->options.source_schema, e->told.table);
        const struct row_map *map = t && t->target[0] ? row_map_of(feed->maps, t) : NULL;
        if (atomic_load(&e->retired) || !e->readable || !e->log_made || !map || !map->key) continue;
        uint64_t rows = 0;
        bool more;
        if (!batch(feed, e, map, &rows, &more)) return false;
        *waiting += rows;
    }
    return true;
}
