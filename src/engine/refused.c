/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers a refused transaction and writes it to the ledgers. Its payload is a list of items: u8 kind, u32 size, then what refused_item.c says. */
#include "engine/refused_private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

struct item {
    const struct row_map *map; /* NULL: of no table that is known */
    struct row row, there;     /* acknowledged; the source's */
    bool is_row, asked;        /* the source was asked */
    struct view record;        /* !is_row */
    char *text;
    uint64_t fingerprint;
};
struct refused {
    struct engine *engine;
    uint64_t csn;
    struct arena arena;
    struct item *items;
    uint32_t count, room;
};

struct refused *refused_new(struct engine *engine, uint64_t csn)
{
    struct refused *r = memory_zero(1, sizeof *r);
    r->engine = engine;
    r->csn = csn;
    arena_init(&r->arena, 0);
    return r;
}

void refused_free(struct refused *r)
{
    arena_release(&r->arena);
    memory_free(r->items);
    memory_free(r);
}

static struct item *item_new(struct refused *r)
{
    if (r->count == r->room) {
        r->room = r->room ? r->room * 2 : 16;
        r->items = memory_resize(r->items, sizeof *r->items * r->room);
    }
    struct item *item = &r->items[r->count++];
    memset(item, 0, sizeof *item);
    return item;
}

void refused_row(struct refused *r, const struct row_map *map, const struct row *row)
{
    struct item *item = item_new(r);
    item->map = map;
    item->is_row = true;
    item->row.found = row->found;
    item->row.values = arena_zero(&r->arena, sizeof *row->values * (map->column_count + 1));
    for (uint32_t i = 0; row->values && i < map->column_count; i++) item->row.values[i] = value_copy(&r->arena, &row->values[i]);
    if (!map->key) return;
    struct value *key = arena_zero(&r->arena, sizeof *key * ROWS_KEY_MAX);
    if (rows_normal_key(map, row->key, key, &r->arena)) item->row.key = item->there.key = key;
}

void refused_write(struct refused *r, const struct reverse_write *write)
{
    if (write->by_image) {
        for (uint32_t i = 0; i < write->result->image_rows; i++) {
            struct value key[ROWS_KEY_MAX];
            struct row row;
            reverse_image(write, i, key, &row);
            refused_row(r, write->map, &row);
        }
        return;
    }
    struct item *item = item_new(r);
    struct buffer payload;
    buffer_init(&payload, 0);
    record_encode(&payload, write->record, write->result);
    item->map = write->map;
    item->record = arena_copy(&r->arena, buffer_view(&payload));
    item->text = arena_string(&r->arena, write->record->text);
    item->fingerprint = write->plan ? write->plan->fingerprint : 0;
    buffer_release(&payload);
}

/* ---- the source's rows ---- */

enum { READ_AT_ONCE = 200 };

/* Rows of one table that follow each other are asked for together. */
static void ask_source(struct refused *r, struct source *source)
{
    struct row rows[READ_AT_ONCE];
    struct error error;
    for (uint32_t from = 0, to; from < r->count; from = to) {
        const struct row_map *map = r->items[from].map;
        uint32_t count = 0;
        for (to = from; to < r->count && count < READ_AT_ONCE; to++) {
            const struct item *item = &r->items[to];
            if (!item->is_row || !item->there.key || item->map != map) break;
            rows[count++] = item->there;
        }
        if (count == 0) {
            to = from + 1;
            continue;
        }
        if (!rows_read_source(source, map, rows, count, &r->arena, &error)) {
            LOG(LOG_WARNING, "refused.not_read", log_failure(&error), log_text("table", map->table->name));
            if (error.code != ERROR_SOURCE) return;
            continue;
        }
        for (uint32_t i = 0; i < count; i++) {
            r->items[from + i].there = rows[i];
            r->items[from + i].asked = true;
        }
    }
}

/* ---- the ledgers ---- */

static void print_key(char *out, size_t size, const struct refused *r, const struct item *item, uint32_t at)
{
    struct buffer text;
    buffer_init(&text, 0);
    if (item->is_row && item->row.key) rows_print_key(&text, item->map, item->row.key);
    /* With the transaction, and its place in it where no key tells: two that were refused are two, though they wrote one row. */
    if (r->csn)
        buffer_printf(&text, "%s(csn %llu", buffer_size(&text) ? " " : "", (unsigned long long)r->csn);
    else
        buffer_printf(&text, "%s(at %llu", buffer_size(&text) ? " " : "", (unsigned long long)clock_wall_us());
    if (item->is_row && item->row.key)
        buffer_u8(&text, ')');
    else
        buffer_printf(&text, ", %u)", at + 1);
    struct view v = buffer_view(&text);
    snprintf(out, size, VIEW_FORMAT, (int)(v.size < size ? v.size : size - 1), (const char *)v.data);
    buffer_release(&text);
}

static bool add_divergence(struct refused *r, uint64_t id, uint32_t at, const char *reason, struct error *error)
{
    const struct item *item = &r->items[at];
    struct state_divergence *d = memory_zero(1, sizeof *d);
    struct buffer key;
    uint64_t ignored;
    buffer_init(&key, 0);
    snprintf(d->origin, sizeof d->origin, "refused");
    snprintf(d->table, sizeof d->table, "%s", item->map ? item->map->table->name : "*");
    print_key(d->key_text, sizeof d->key_text, r, item, at);
    if (item->is_row) {
        rows_print_row(d->target_row, sizeof d->target_row, item->map, &item->row);
        if (item->asked)
            rows_print_row(d->source_row, sizeof d->source_row, item->map, &item->there);
        else
            snprintf(d->source_row, sizeof d->source_row, "(not known)");
        if (item->row.key) rows_encode_key(&key, item->map, item->row.key);
    } else {
        snprintf(d->statement, sizeof d->statement, "%s", item->text);
    }
    snprintf(d->reason, sizeof d->reason, "%s", reason);
    d->fingerprint = item->fingerprint;
    d->key = buffer_view(&key);
    d->csn = r->csn;
    d->refused = id;
    d->found_us = (int64_t)clock_wall_us();
    bool good = state_divergence_add(r->engine->state, d, &ignored, error);
    buffer_release(&key);
    memory_free(d);
    return good;
}

static void add_gaps(struct refused *r, const char *reason)
{
    for (uint32_t i = 0; i < r->count; i++) {
        bool again = false;
        for (uint32_t before = 0; before < i && !again; before++) again = r->items[before].map == r->items[i].map;
        if (!again) engine_gap(r->engine, r->items[i].map ? r->items[i].map->table->name : NULL, reason);
    }
}

bool refused_keep(struct refused *r, struct source *source, const struct error *why, struct error *error)
{
    struct buffer payload;
    char reason[400];
    uint64_t id = 0;
    if (r->csn)
        snprintf(reason, sizeof reason, "commit %llu of the target is refused by the source: %.300s", (unsigned long long)r->csn,
                 why->text);
    else
        snprintf(reason, sizeof reason, "a commit on the target is refused by the source: %.300s", why->text);
    if (r->count == 0) item_new(r)->text = arena_string(&r->arena, view_text("(its records cannot be read)"));
    if (source) ask_source(r, source);
    buffer_init(&payload, 0);
    for (uint32_t i = 0; i < r->count; i++) {
        const struct item *item = &r->items[i];
        if (!item->is_row)
            refused_encode_record(&payload, item->record);
        else
            refused_encode_row(&payload, item->map, &item->row, item->asked ? &item->there : NULL);
    }
    bool good = FAULT_PLANTED(BUG_REFUSED) || state_refused_put(r->engine->state, r->csn, buffer_view(&payload), &id, error);
    for (uint32_t i = 0; good && i < r->count && i < LIMIT_REFUSED_ROWS; i++) good = add_divergence(r, id, i, reason, error);
    buffer_release(&payload);
    if (!good) return error_prefix(error, "a refused transaction cannot be kept");
    add_gaps(r, reason);
    engine_count(r->engine, COUNT_REVERSE_REFUSED, 1);
    LOG(LOG_ERROR, "reverse.refused", log_u64("csn", r->csn), log_u64("refused", id), log_u64("writes", r->count), log_failure(why));
    return true;
}
