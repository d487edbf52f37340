/* SPDX-License-Identifier: Apache-2.0 */
/* One look at rows of a table on both sides, and what follows from it. */
#include "engine/checker_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

enum { CONNECT_TIMEOUT_MS = 5000, SOURCE_TIMEOUT_MS = 30000, WAIT_STEP_US = 500 };
#define WAIT_APPLIED_US UINT64_C(500000)

static const uint32_t pauses_us[] = {2000, 20000, 100000, 400000, 1000000, 2000000};

/* ---- sides ---- */

static bool target_ready(struct checker *c)
{
    struct error error;
    if (c->target && pg_state(c->target) == PG_READY) return true;
    if (clock_monotonic_us() < c->target_retry_us) return false;
    if (c->target) pg_close(c->target);
    c->target = pg_connect(c->engine->options.target_conninfo, CONNECT_TIMEOUT_MS, &error);
    if (c->target &&
        pg_run(
            c->target,
            "SET application_name = 'understudy checker'; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET statement_timeout = '60s'",
            NULL, &error)) {
        c->target_tries = 0;
        return true;
    }
    LOG_RATED(LOG_WARNING, "checker.target", log_failure(&error));
    if (c->target) pg_close(c->target);
    c->target = NULL;
    c->target_retry_us = clock_monotonic_us() + random_backoff_us(&c->random, c->target_tries++, 100000, 2000000);
    return false;
}

static bool source_ready(struct checker *c)
{
    struct error error;
    if (c->source) return true;
    if (clock_monotonic_us() < c->source_retry_us) return false;
    c->source = source_open(&c->engine->options, SOURCE_TIMEOUT_MS, &error);
    if (c->source) {
        c->source_tries = 0;
        return true;
    }
    LOG_RATED(LOG_WARNING, "checker.source", log_failure(&error));
    c->source_retry_us = clock_monotonic_us() + random_backoff_us(&c->random, c->source_tries++, 100000, 2000000);
    return false;
}

static void side_failed(struct checker *c, const struct row_map *map, const struct error *error)
{
    LOG_RATED(LOG_WARNING, "checker.read", log_failure(error), log_text("table", map->table->name));
    if (error->code == ERROR_SOURCE_LOST) {
        source_close(c->source);
        c->source = NULL;
    }
}

/* ---- a look ---- */

/* Everything that the primary's rows can show has reached the secondary? Waits shortly. */
static bool caught_up(struct checker *c, uint64_t csn)
{
    bool target_primary = engine_policy(c->engine)->primary == SIDE_TARGET;
    _Atomic uint64_t *place = target_primary ? &c->engine->reverse_csn : &c->engine->applied;
    uint64_t until = clock_monotonic_us() + WAIT_APPLIED_US;
    while (atomic_load_explicit(place, memory_order_acquire) < csn) {
        if (clock_monotonic_us() > until || atomic_load(&c->stopping)) return false;
        clock_sleep_us(WAIT_STEP_US);
    }
    return true;
}

static struct row *rows_for(struct checker *c, const struct row_map *map, struct checker_item **items, uint32_t count)
{
    struct row *rows = arena_zero(&c->arena, sizeof *rows * (count + 1));
    for (uint32_t i = 0; i < count; i++) {
        rows[i].key = arena_zero(&c->arena, sizeof(struct value) * map->key->column_count);
        if (!rows_decode_key(items[i]->key, map, &c->arena, rows[i].key)) rows[i].key = NULL;
    }
    return rows;
}

static bool read_side(struct checker *c, bool target, const struct row_map *map, struct row *rows, uint32_t count, struct error *error)
{
    return target ? rows_read_target(c->target, map, rows, count, &c->arena, error)
                  : rows_read_source(c->source, map, rows, count, &c->arena, error);
}

/* A key of another catalog's table, or damaged: nothing can be said. */
static uint32_t drop_unreadable(struct checker *c, const struct row_map *map, struct checker_item **items, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct value key[32];
        if (rows_decode_key(items[i]->key, map, &c->arena, key))
            items[kept++] = items[i];
        else
            checker_settled(c, items[i]);
    }
    return kept;
}

static uint64_t pause_after(struct checker_item *item)
{
    uint32_t at = item->looks < sizeof pauses_us / sizeof *pauses_us ? item->looks : sizeof pauses_us / sizeof *pauses_us - 1;
    return pauses_us[at];
}

/* The row changed on the primary while we looked. */
static void moving(struct checker *c, struct checker_item *item)
{
    item->stable = 0;
    if (item->looks < CHECKER_MOVING_LOOKS)
        checker_later(c, item, pause_after(item));
    else if (item->origin == CHECK_MIRROR)
        checker_settled(c, item); /* the writes that move it bring it back */
    else
        checker_later(c, item, 5000000);
}

struct look {
    struct row *primary, *secondary, *again;
};

static void judge(struct checker *c, const struct row_map *map, struct checker_item **items, uint32_t count, const struct look *look,
                  bool target_primary)
{
    for (uint32_t i = 0; i < count; i++) {
        struct checker_item *item = items[i];
        const struct row *source = target_primary ? &look->secondary[i] : &look->primary[i],
                         *target = target_primary ? &look->primary[i] : &look->secondary[i];
        uint32_t column;
        item->looks++;
        if (rows_equal(map, source, target, &column)) {
            checker_equal(c, map, item);
            checker_settled(c, item);
        } else if (!look->again) { /* the first look did not wait for anything */
            checker_later(c, item, pause_after(item));
        } else if (!rows_equal(map, &look->primary[i], &look->again[i], NULL)) {
            moving(c, item);
        } else if (++item->stable < CHECKER_STABLE_LOOKS) {
            checker_later(c, item, pause_after(item));
        } else {
            checker_divergent(c, map, item, source, target, column);
            checker_settled(c, item);
        }
    }
}

static bool all_first(struct checker_item **items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (items[i]->looks) return false;
    return true;
}

bool checker_look(struct checker *c, const struct row_map *map, struct checker_item **items, uint32_t count)
{
    struct error error;
    bool target_primary = engine_policy(c->engine)->primary == SIDE_TARGET, good = source_ready(c) && target_ready(c),
         first = all_first(items, count);
    count = drop_unreadable(c, map, items, count);
    if (count == 0) return true;
    struct look look = {.primary = rows_for(c, map, items, count), .secondary = rows_for(c, map, items, count)};
    error_clear(&error);
    good = good && read_side(c, target_primary, map, look.primary, count, &error);
    if (good && !first && !caught_up(c, journal_last_csn(c->engine->journal))) {
        for (uint32_t i = 0; i < count; i++) checker_later(c, items[i], 100000); /* the mirror is behind: it says nothing of the row */
        return true;
    }
    good = good && read_side(c, !target_primary, map, look.secondary, count, &error);
    if (good && !first) {
        look.again = rows_for(c, map, items, count);
        good = read_side(c, target_primary, map, look.again, count, &error);
    }
    if (good) {
        judge(c, map, items, count, &look, target_primary);
        return true;
    }
    if (error.code != ERROR_NONE) side_failed(c, map, &error);
    for (uint32_t i = 0; i < count; i++) checker_later(c, items[i], 200000);
    return false;
}
