/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a feed's log: rows in bounded batches, each key once, and deletes exactly what was read. */
#include "engine/feed_private.h"

#include "base/memory.h"
#include "engine/rows_private.h"
#include <stdio.h>

enum { FIXED = 3 /* ROWID, time or sequence, the database's clock */, DELETE_MAX = 256 };
static const uint32_t delete_sizes[FEED_DELETE_SIZES] = {1, 16, DELETE_MAX};

static char *finish(struct buffer *text)
{
    char *out = memory_string_of(buffer_view(text).data, buffer_size(text));
    buffer_release(text);
    return out;
}

/* Rows that were changed. The mark is none. */
static void append_from(struct buffer *out, const struct row_map *map, enum feed_form form, const char *log)
{
    buffer_printf(out, " FROM \"%s\".\"%s\" WHERE ", map->table->schema, log);
    if (form == FEED_TRIGGER) buffer_append_text(out, "OP$$ <> 'S' AND ");
}

void feed_log_make(struct feed_log *out, const struct row_map *map, enum feed_form form, const char *log, uint32_t rows, uint32_t count_max)
{
    struct buffer text;
    const char *second = form == FEED_TRIGGER ? "AT$$" : "SEQUENCE$$";
    *out = (struct feed_log){.form = form, .rows = rows};
    buffer_init(&text, 0);
    buffer_printf(&text, "SELECT ROWIDTOCHAR(ROWID), %s, CAST(SYSTIMESTAMP AS TIMESTAMP)", second);
    for (uint16_t i = 0; i < map->key->column_count; i++) buffer_printf(&text, ", \"%s\"", rows_key_column(map, i)->name);
    append_from(&text, map, form, log);
    buffer_printf(&text, "ROWNUM <= %u", rows);
    out->select = finish(&text);
    for (int d = 0; d < FEED_DELETE_SIZES; d++) {
        buffer_init(&text, 0);
        buffer_printf(&text, "DELETE FROM \"%s\".\"%s\" WHERE ROWID IN (", map->table->schema, log);
        for (uint32_t i = 1; i <= delete_sizes[d]; i++) buffer_printf(&text, "%s:%u", i > 1 ? ", " : "", i);
        /* A ROWID is given to another row only when the log was emptied, which is a gap; even then a newer row is left alone. */
        buffer_printf(&text, ") AND %s <= :%u", second, delete_sizes[d] + 1);
        out->delete[d] = finish(&text);
    }
    buffer_init(&text, 0);
    buffer_append_text(&text, "SELECT COUNT(*)");
    append_from(&text, map, form, log);
    buffer_printf(&text, "ROWNUM <= %u", count_max);
    out->count = finish(&text);
}

void feed_log_release(struct feed_log *log)
{
    memory_free(log->select);
    for (int d = 0; d < FEED_DELETE_SIZES; d++) memory_free(log->delete[d]);
    memory_free(log->count);
    *log = (struct feed_log){0};
}

/* ---- reading ---- */

struct log_read {
    const struct row_map *map;
    struct arena *arena;
    struct feed_keys *out;
    uint32_t rows_max;
    struct map known; /* encoded key -> anything */
    struct buffer encoded;
};

static int64_t microseconds(const struct value_datetime *d)
{
    return datetime_to_seconds(d) * 1000000 + d->nanosecond / 1000;
}

static void take_age(struct feed_keys *out, const struct value *at, const struct value *now)
{
    if (at->type != VALUE_DATETIME || now->type != VALUE_DATETIME) return;
    int64_t age = microseconds(&now->datetime) - microseconds(&at->datetime);
    if (age < 1) age = 1; /* it does wait */
    if ((uint64_t)age > out->age_us) out->age_us = (uint64_t)age;
}

static bool take_row(void *context, const struct value *values, uint32_t count)
{
    struct log_read *r = context;
    struct feed_keys *out = r->out;
    const struct sql_key *key = r->map->key;
    if (count < (uint32_t)FIXED + key->column_count || out->rows == r->rows_max) return false;
    out->rowids[out->rows++] = value_copy(r->arena, &values[0]);
    if (out->highest.type == VALUE_NULL || value_order(&values[1], &out->highest) > 0) out->highest = value_copy(r->arena, &values[1]);
    take_age(out, &values[1], &values[2]);
    struct value *normal = arena_zero(r->arena, sizeof *normal * key->column_count);
    if (!rows_normal_key(r->map, values + FIXED, normal, r->arena)) {
        out->nameless++;
        return true;
    }
    buffer_clear(&r->encoded);
    rows_encode_key(&r->encoded, r->map, normal);
    if (map_get(&r->known, buffer_view(&r->encoded))) return true;
    map_put(&r->known, buffer_view(&r->encoded), r);
    for (uint16_t i = 0; i < key->column_count; i++)
        normal[i] = value_copy(r->arena, &normal[i]); /* they may point into the call's values */
    out->keys[out->count++] = normal;
    return true;
}

bool feed_log_read(struct source *source, const struct feed_log *log, const struct row_map *map, struct arena *arena, struct feed_keys *out,
                   struct error *error)
{
    if (map->key->column_count > 32) return error_set(error, ERROR_LIMIT, "the key of %s has more than 32 columns", map->table->name);
    *out = (struct feed_keys){.rowids = arena_zero(arena, sizeof(struct value) * (log->rows + 1)),
                              .keys = arena_zero(arena, sizeof(struct value *) * (log->rows + 1))};
    struct log_read r = {.map = map, .arena = arena, .out = out, .rows_max = log->rows};
    map_init(&r.known);
    buffer_init(&r.encoded, 0);
    bool good = source_run(source, log->select, NULL, 0, 0, 500, take_row, &r, NULL, error);
    map_release(&r.known);
    buffer_release(&r.encoded);
    return good || error_prefix(error, "the key feed of %s", map->table->name);
}

bool feed_log_delete(struct source *source, const struct feed_log *log, const struct feed_keys *keys, struct error *error)
{
    struct value binds[DELETE_MAX + 1];
    for (uint32_t at = 0; at < keys->rows;) {
        uint32_t rows = keys->rows - at < DELETE_MAX ? keys->rows - at : DELETE_MAX;
        int d = 0;
        while (delete_sizes[d] < rows) d++;
        for (uint32_t i = 0; i < delete_sizes[d]; i++) binds[i] = keys->rowids[at + (i < rows ? i : 0)]; /* filled up: few texts */
        binds[delete_sizes[d]] = keys->highest;
        if (!source_run(source, log->delete[d], binds, delete_sizes[d] + 1, 1, 0, NULL, NULL, NULL, error)) return false;
        at += rows;
    }
    return source_commit(source, error);
}
