/* SPDX-License-Identifier: Apache-2.0 */
/* What the checker found: counted for the gate, kept as divergences, and those closed that a row proves wrong. */
#include "engine/checker_private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

enum { OPEN_MAX = 100000 };
#define OPEN_EVERY_US UINT64_C(1000000)

static const char *const origin_names[] = {
    [CHECK_MIRROR] = "mirror", [CHECK_PREDICATE] = "mirror", [CHECK_VERIFY] = "verify",
    [CHECK_REPAIR] = "mirror", [CHECK_REVERSE] = "reverse",
};

/* ---- open divergences ---- */

static void open_add(struct checker *c, const char *table, struct view key, uint64_t id, uint64_t fingerprint, bool refused)
{
    struct buffer name;
    buffer_init(&name, 0);
    const char *dot = strchr(table, '.');
    checker_key_name(&name, dot ? dot + 1 : table, key);
    struct open_divergence *d = memory_zero(1, sizeof *d);
    *d = (struct open_divergence){.id = id, .fingerprint = fingerprint, .refused = refused, .next = map_get(&c->open, buffer_view(&name))};
    map_put(&c->open, buffer_view(&name), d);
    buffer_release(&name);
}

static void visit_open(void *context, const struct state_divergence *divergence)
{
    if (divergence->key.size)
        open_add(context, divergence->table, divergence->key, divergence->id, divergence->fingerprint, divergence->refused != 0);
}

static void chain_free(struct open_divergence *d)
{
    while (d) {
        struct open_divergence *next = d->next;
        memory_free(d);
        d = next;
    }
}

void checker_open_release(struct checker *c)
{
    void *value;
    for (uint32_t at = 0; map_next(&c->open, &at, NULL, &value);) chain_free(value);
    map_clear(&c->open);
}

void checker_open_refresh(struct checker *c, bool now)
{
    uint64_t time = clock_monotonic_us();
    if (!c->engine->state || (!now && time < c->open_read_us + OPEN_EVERY_US)) return;
    c->open_read_us = time;
    uint64_t count = state_divergence_count(c->engine->state, "open");
    if (!now && count == c->open_count) return;
    c->open_count = count;
    checker_open_release(c);
    if (count) state_divergence_each(c->engine->state, "open", OPEN_MAX, visit_open, c);
}

static void close_open(struct checker *c, const struct row_map *map, const struct checker_item *item)
{
    if (map_count(&c->open) == 0) return;
    struct buffer name;
    buffer_init(&name, 0);
    checker_key_name(&name, map->table->name, item->key);
    struct open_divergence *chain = map_remove(&c->open, buffer_view(&name));
    for (struct open_divergence *d = chain; d; d = d->next) {
        struct error error;
        bool repaired = item->origin == CHECK_REPAIR;
        /* Both sides may lack what the target acknowledged: engine/refused.h. */
        if (d->refused && engine_policy(c->engine)->primary == SIDE_SOURCE) continue;
        if (!state_divergence_close(c->engine->state, d->id, repaired ? "repaired" : "gone", "the row is equal on both sides", &error))
            LOG(LOG_ERROR, "checker.close", log_failure(&error), log_u64("divergence", d->id));
        struct fingerprint *f =
            d->fingerprint && c->engine->statements ? statements_fingerprint(c->engine->statements, d->fingerprint) : NULL;
        if (f) fingerprint_restart(c->engine->statements, f, "its divergence is closed: the row is equal on both sides");
    }
    if (chain && c->open_count) c->open_count = state_divergence_count(c->engine->state, "open");
    chain_free(chain);
    buffer_release(&name);
}

/* ---- outcomes ---- */

void checker_equal(struct checker *c, const struct row_map *map, const struct checker_item *item)
{
    engine_count(c->engine, COUNT_ROWS_COMPARED, 1);
    engine_count(c->engine, COUNT_ROWS_EQUAL, 1);
    if (item->fingerprint) {
        atomic_fetch_add_explicit(&item->fingerprint->comparable, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&item->fingerprint->equal, 1, memory_order_relaxed);
    }
    if (item->origin == CHECK_REPAIR) checker_open_refresh(c, true);
    close_open(c, map, item);
}

static void say_why(char *out, size_t size, const struct row_map *map, const struct row *source, const struct row *target, uint32_t column)
{
    if (!source->found)
        snprintf(out, size, "the row is on the target only");
    else if (!target->found)
        snprintf(out, size, "the row is on the source only");
    else if (column < map->column_count)
        snprintf(out, size, "column %s differs", map->table->columns[map->columns[column]].name);
    else
        snprintf(out, size, "the rows differ");
}

/* Kept in step without reading the ledger again. */
static void note_open(struct checker *c, const struct row_map *map, const struct checker_item *item, uint64_t id, uint64_t fingerprint)
{
    struct buffer name;
    buffer_init(&name, 0);
    checker_key_name(&name, map->table->name, item->key);
    bool known = false;
    for (const struct open_divergence *d = map_get(&c->open, buffer_view(&name)); d; d = d->next) known = known || d->id == id;
    buffer_release(&name);
    if (known) return;
    open_add(c, map->table->name, item->key, id, fingerprint, false);
    c->open_count++;
}

void checker_divergent(struct checker *c, const struct row_map *map, const struct checker_item *item, const struct row *source,
                       const struct row *target, uint32_t column)
{
    struct state_divergence *d = memory_zero(1, sizeof *d);
    struct error error;
    uint64_t id = 0;
    engine_count(c->engine, COUNT_ROWS_COMPARED, 1);
    engine_count(c->engine, COUNT_ROWS_DIVERGENT, 1);
    if (item->fingerprint) {
        atomic_fetch_add_explicit(&item->fingerprint->comparable, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&item->fingerprint->divergent, 1, memory_order_relaxed);
        d->fingerprint = item->fingerprint->id;
        snprintf(d->statement, sizeof d->statement, "%s", item->fingerprint->text);
    }
    snprintf(d->origin, sizeof d->origin, "%s", origin_names[item->origin]);
    snprintf(d->status, sizeof d->status, "open");
    snprintf(d->table, sizeof d->table, "%s", map->table->name);
    struct buffer key;
    buffer_init(&key, 0);
    rows_print_key(&key, map, source->key ? source->key : target->key);
    struct view text = buffer_view(&key);
    snprintf(d->key_text, sizeof d->key_text, VIEW_FORMAT, (int)(text.size < sizeof d->key_text ? text.size : sizeof d->key_text - 1),
             (const char *)text.data);
    buffer_release(&key);
    rows_print_row(d->source_row, sizeof d->source_row, map, source);
    rows_print_row(d->target_row, sizeof d->target_row, map, target);
    say_why(d->reason, sizeof d->reason, map, source, target, column);
    d->key = item->key;
    d->csn = item->csn;
    d->found_us = (int64_t)clock_wall_us();
    if (item->origin == CHECK_REPAIR) checker_open_refresh(c, true);
    struct buffer name;
    buffer_init(&name, 0);
    checker_key_name(&name, map->table->name, item->key);
    bool known = item->origin == CHECK_REPAIR && map_get(&c->open, buffer_view(&name)); /* it is open already: the repair did not help */
    buffer_release(&name);
    if (!known && c->engine->state) {
        fault_point(FAULT_divergence_found);
        if (state_divergence_add(c->engine->state, d, &id, &error))
            note_open(c, map, item, id, d->fingerprint);
        else
            LOG(LOG_ERROR, "checker.divergence", log_failure(&error));
    }
    LOG_RATED(LOG_WARNING, "row.divergent", log_text("table", d->table), log_text("reason", d->reason), log_u64("id", id),
              log_u64("csn", d->csn));
    memory_free(d);
}
