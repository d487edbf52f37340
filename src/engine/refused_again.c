/* SPDX-License-Identifier: Apache-2.0 */
/* A refused transaction once more, when somebody has removed the cause: the form in which it is kept, and its writes on the source. */
#include "engine/refused_private.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/reader.h"
#include <stdio.h>

enum { ROW_IS_THERE = 1, SOURCE_HAD_ONE = 2, SOURCE_WAS_ASKED = 4, ROW_HAS_KEY = 8, SOURCE_MS = 10000, ORA_UNIQUE = 1 };

static void encode_item(struct buffer *out, char kind, struct view body)
{
    buffer_u8(out, (uint8_t)kind);
    buffer_u32(out, (uint32_t)body.size);
    buffer_append_view(out, body);
}

void refused_encode_record(struct buffer *out, struct view record)
{
    encode_item(out, 'S', record);
}

void refused_encode_row(struct buffer *out, const struct row_map *map, const struct row *row, const struct row *source)
{
    struct buffer body;
    buffer_init(&body, 0);
    buffer_u16(&body, (uint16_t)strlen(map->table->name));
    buffer_append_text(&body, map->table->name);
    buffer_u8(&body, (uint8_t)((row->found ? ROW_IS_THERE : 0) | (source && source->found ? SOURCE_HAD_ONE : 0) |
                               (source ? SOURCE_WAS_ASKED : 0) | (row->key ? ROW_HAS_KEY : 0)));
    buffer_u64(&body, source && source->found ? rows_hash(map, source->values) : 0);
    for (uint16_t i = 0; row->key && i < map->key->column_count; i++) value_encode(&body, &row->key[i]);
    for (uint32_t i = 0; row->found && i < map->column_count; i++) value_encode(&body, &row->values[i]);
    encode_item(out, 'R', buffer_view(&body));
    buffer_release(&body);
}

/* ---- once more ---- */

struct again {
    struct engine *engine;
    struct source *source;
    struct row_maps *maps;
    struct statement_cache *statements;
    struct arena arena;
    bool done; /* it was committed before, and nobody heard of it: only the keys are wanted */
    struct written {
        const struct row_map *map;
        struct value *key;
    } * written;
    uint32_t count;
};

static void note_written(struct again *a, const struct row_map *map, const struct value *key)
{
    a->written = memory_resize(a->written, sizeof *a->written * (a->count + 1));
    struct written *w = &a->written[a->count++];
    *w = (struct written){.map = map, .key = arena_zero(&a->arena, sizeof *key * ROWS_KEY_MAX)};
    for (uint16_t i = 0; i < map->key->column_count; i++) w->key[i] = key[i];
}

/* This transaction has written it already: it is as it should be, not as it was found. */
static bool is_written(const struct again *a, const struct row_map *map, const struct value *key)
{
    for (uint32_t i = 0; i < a->count; i++) {
        bool same = a->written[i].map == map;
        for (uint16_t k = 0; same && k < map->key->column_count; k++) same = value_equal(&a->written[i].key[k], &key[k]);
        if (same) return true;
    }
    return false;
}

static bool decode_values(struct again *a, struct reader *in, struct value *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct value value;
        if (!value_decode(in, &value)) return false;
        out[i] = value_copy(&a->arena, &value);
    }
    return true;
}

static bool corrupt(struct error *error)
{
    return error_set(error, ERROR_CORRUPT, "what was kept of the transaction cannot be read");
}

static bool again_row(struct again *a, struct view body, struct error *error)
{
    struct reader in = reader_of(body);
    struct view name = reader_bytes(&in, reader_u16(&in));
    uint8_t bits = reader_u8(&in);
    uint64_t hash = reader_u64(&in);
    char table_name[260];
    if (!reader_ok(&in) || name.size >= sizeof table_name) return corrupt(error);
    snprintf(table_name, sizeof table_name, VIEW_FORMAT, VIEW_ARGUMENTS(name));
    const struct sql_table *table = sql_catalog_table(atomic_load(&a->engine->catalog), a->engine->options.source_schema, NULL, table_name);
    const struct row_map *map = table ? row_map_of(a->maps, table) : NULL;
    if (!map || !map->key || !(bits & ROW_HAS_KEY))
        return error_set(error, ERROR_STATE, "a row of %s cannot be named by a key: write it by hand, then `understudy waive`", table_name);
    struct row row = {.found = (bits & ROW_IS_THERE) != 0,
                      .key = arena_zero(&a->arena, sizeof(struct value) * ROWS_KEY_MAX),
                      .values = arena_zero(&a->arena, sizeof(struct value) * (map->column_count + 1))};
    if (!decode_values(a, &in, row.key, map->key->column_count) || (row.found && !decode_values(a, &in, row.values, map->column_count)) ||
        reader_left(&in))
        return corrupt(error);
    if (a->done) {
        note_written(a, map, row.key);
        return true;
    }
    struct row there = {.key = row.key};
    if (!rows_read_source(a->source, map, &there, 1, &a->arena, error)) return false;
    if (there.found == row.found && (!row.found || rows_hash(map, there.values) == rows_hash(map, row.values))) {
        note_written(a, map, row.key); /* the target may not have it yet */
        return true;
    }
    bool as_it_was =
        bits & SOURCE_WAS_ASKED && there.found == ((bits & SOURCE_HAD_ONE) != 0) && (!there.found || rows_hash(map, there.values) == hash);
    if (!as_it_was && !is_written(a, map, row.key))
        return error_set(error, ERROR_STATE,
                         "a row of %s has been changed since it was refused: decide by hand which is right, then `understudy waive`",
                         table_name);
    if (!reverse_write_row(a->source, map, &row, error)) return false;
    note_written(a, map, row.key);
    return true;
}

static bool again_record(struct again *a, struct view body, struct error *error)
{
    struct record record;
    struct record_result result = {0};
    struct reverse_write write;
    bool has_result = false;
    if (!record_decode(body, &a->arena, &record, &result, &has_result, error)) return false;
    reverse_write_of(a->maps, a->statements, &record, &result, has_result, &write);
    if (!a->done && !reverse_write_run(a->source, &write, error)) return false;
    /* Which rows it has written is not known. */
    engine_gap(a->engine, write.map ? write.map->table->name : NULL, "a refused statement was done again on the source");
    return true;
}

/* A statement done twice is not what it was done once: it is noted on the source, in the transaction that does it, in case nobody hears of its end. */
static bool note_done(struct again *a, uint64_t csn, bool *before, struct error *error)
{
    char reader[40];
    struct source_result result;
    snprintf(reader, sizeof reader, "refused %llu", (unsigned long long)csn);
    struct value binds[] = {value_text(view_text(reader)), value_number_i64(&a->arena, (int64_t)csn)};
    bool good = source_run(a->source, "INSERT INTO UNDERSTUDY_APPLIED (READER, CSN, POSITION) VALUES (:1, :2, 0)", binds, 2, 1, 0, NULL,
                           NULL, &result, error);
    *before = !good && error->code == ERROR_SOURCE && error->native == ORA_UNIQUE;
    return good || *before;
}

static bool again_all(struct again *a, uint64_t csn, struct view payload, struct error *error)
{
    struct reader in = reader_of(payload);
    if (csn && !note_done(a, csn, &a->done, error)) return false;
    while (reader_left(&in)) {
        uint8_t kind = reader_u8(&in);
        struct view body = reader_bytes(&in, reader_u32(&in));
        if (!reader_ok(&in) || (kind != 'R' && kind != 'S')) return corrupt(error);
        if (!(kind == 'R' ? again_row(a, body, error) : again_record(a, body, error))) return false;
    }
    return a->done ? source_rollback(a->source, error) : source_commit(a->source, error);
}

bool refused_again(struct engine *engine, uint64_t id, refused_written *written, void *context, struct error *error)
{
    struct buffer payload;
    uint64_t csn = 0;
    buffer_init(&payload, 0);
    struct again a = {
        .engine = engine, .maps = row_maps_new(atomic_load(&engine->catalog)), .statements = statement_cache_new(engine->statements)};
    arena_init(&a.arena, 0);
    bool good = state_refused_get(engine->state, id, &csn, &payload, error);
    if (good) a.source = source_open(&engine->options, SOURCE_MS, error);
    good = good && a.source && again_all(&a, csn, buffer_view(&payload), error);
    if (a.source && !good && !source_rollback(a.source, NULL)) LOG(LOG_WARNING, "refused.rollback");
    for (uint32_t i = 0; good && i < a.count; i++) {
        struct buffer key;
        buffer_init(&key, 0);
        rows_encode_key(&key, a.written[i].map, a.written[i].key);
        written(context, a.written[i].map->table, buffer_view(&key));
        buffer_release(&key);
    }
    good = good && state_refused_close(engine->state, id, "repaired", "done again on the source", error);
    if (!good && csn) (void)error_prefix(error, "commit %llu", (unsigned long long)csn);
    if (a.source) source_close(a.source);
    row_maps_free(a.maps);
    statement_cache_free(a.statements);
    memory_free(a.written);
    buffer_release(&payload);
    arena_release(&a.arena);
    return good;
}
