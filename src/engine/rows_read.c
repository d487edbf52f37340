/* SPDX-License-Identifier: Apache-2.0 */
/* Reads rows by key from both sides, many in one statement. */
#include "engine/rows_private.h"

#include <stdio.h>

struct key_read {
    const struct row_map *map;
    struct row *rows;
    uint32_t count;
    const uint64_t *hashes; /* of the keys of rows */
    struct arena *arena;
};

static uint64_t key_hash(const struct row_map *map, const struct value *key)
{
    uint64_t hash = 0;
    for (uint16_t i = 0; i < map->key->column_count; i++) hash = value_hash(&key[i], hash * 31 + 7);
    return hash;
}

static bool same_key(const struct row_map *map, const struct value *a, const struct value *b)
{
    for (uint16_t i = 0; i < map->key->column_count; i++)
        if (!value_equal(&a[i], &b[i])) return false;
    return true;
}

/* Gives a row that was read to everyone who asked for its key. `values` live as long as the call. */
static bool take_row(struct key_read *read, const struct value *values)
{
    const struct row_map *map = read->map;
    struct value raw[32], key[32], *kept = NULL;
    if (map->key->column_count > 32) return false;
    for (uint16_t i = 0; i < map->key->column_count; i++) raw[i] = values[map->key_at[i]];
    if (!rows_normal_key(map, raw, key, read->arena)) return true;
    uint64_t hash = key_hash(map, key);
    for (uint32_t i = 0; i < read->count; i++) {
        if (read->hashes[i] != hash || !same_key(map, read->rows[i].key, key)) continue;
        if (!kept) {
            kept = arena_alloc(read->arena, sizeof *kept * map->column_count);
            for (uint32_t c = 0; c < map->column_count; c++) kept[c] = value_copy(read->arena, &values[c]);
        }
        read->rows[i].found = true;
        read->rows[i].values = kept;
    }
    return true;
}

static bool take_source_row(void *context, const struct value *values, uint32_t count)
{
    struct key_read *read = context;
    return count < read->map->column_count || take_row(read, values);
}

static unsigned size_for(uint32_t count)
{
    unsigned size = 0;
    while ((1u << size) < count) size++;
    return size;
}

static uint32_t chunk_of(const struct row_map *map, uint32_t left)
{
    uint32_t most = ROWS_READ_MAX;
    while (most > 1 && most * map->key->column_count > 1000) most /= 2; /* Oracle takes 1000 expressions in a list */
    return left < most ? left : most;
}

/* Keys in normal form, rows cleared, hashes made; `padded` values for the statement, the last key again where there are too few. */
static bool prepare(const struct row_map *map, struct row *rows, uint32_t count, uint32_t padded, struct arena *arena, struct value **binds,
                    uint64_t **hashes, struct error *error)
{
    uint16_t parts = map->key->column_count;
    *binds = arena_alloc(arena, sizeof **binds * padded * parts);
    *hashes = arena_alloc(arena, sizeof **hashes * count);
    for (uint32_t i = 0; i < count; i++) {
        struct value *key = &(*binds)[i * parts];
        if (!rows_normal_key(map, rows[i].key, key, arena))
            return error_set(error, ERROR_INTERNAL, "%s: a key that cannot be looked up", map->table->name);
        rows[i].key = key;
        rows[i].found = false;
        rows[i].values = NULL;
        (*hashes)[i] = key_hash(map, key);
    }
    for (uint32_t i = count; i < padded; i++) memcpy(&(*binds)[i * parts], &(*binds)[(count - 1) * parts], sizeof **binds * parts);
    return true;
}

bool rows_read_source(struct source *source, const struct row_map *map, struct row *rows, uint32_t count, struct arena *arena,
                      struct error *error)
{
    if (!map->key) return error_set(error, ERROR_INTERNAL, "%s has no key", map->table->name);
    for (uint32_t at = 0; at < count;) {
        uint32_t chunk = chunk_of(map, count - at);
        unsigned size = size_for(chunk);
        struct value *binds;
        uint64_t *hashes;
        if (!prepare(map, rows + at, chunk, 1u << size, arena, &binds, &hashes, error)) return false;
        struct key_read read = {.map = map, .rows = rows + at, .count = chunk, .hashes = hashes, .arena = arena};
        if (!source_run(source, rows_source_in(map, size), binds, map->key->column_count << size, 1, (1u << size) + 1, take_source_row,
                        &read, NULL, error))
            return error_prefix(error, "reading %s by key", map->table->name);
        at += chunk;
    }
    return true;
}

static bool read_target_chunk(struct pg *pg, struct key_read *read, unsigned size, const struct value *binds, struct error *error)
{
    const struct row_map *map = read->map;
    uint32_t count = (uint32_t)map->key->column_count << size;
    struct pg_parameter *parameters = arena_alloc(read->arena, sizeof *parameters * count);
    for (uint32_t i = 0; i < count; i++)
        if (!rows_parameter(rows_key_column(map, i % map->key->column_count), &binds[i], read->arena, &parameters[i], error)) return false;
    struct pg_result result = {0};
    const char *text = rows_target_in(map, size);
    if (!pg_run_prepared(pg, rows_full(map)->target_in_name[size], text, parameters, count, &result, error)) {
        pg_result_free(&result);
        return false;
    }
    struct value *values = arena_alloc(read->arena, sizeof *values * (map->column_count + 1));
    bool good = true;
    for (uint32_t r = 0; good && r < result.rows; r++) {
        for (uint32_t c = 0; c < map->column_count; c++)
            values[c] = pg_value_from_text(pg_result_column(&result, c).type, pg_result_text(&result, r, c), pg_result_null(&result, r, c),
                                           read->arena);
        good = take_row(read, values);
    }
    pg_result_free(&result);
    return good;
}

bool rows_read_target(struct pg *pg, const struct row_map *map, struct row *rows, uint32_t count, struct arena *arena, struct error *error)
{
    if (!map->key) return error_set(error, ERROR_INTERNAL, "%s has no key", map->table->name);
    for (uint32_t at = 0; at < count;) {
        uint32_t chunk = chunk_of(map, count - at);
        unsigned size = size_for(chunk);
        struct value *binds;
        uint64_t *hashes;
        if (!prepare(map, rows + at, chunk, 1u << size, arena, &binds, &hashes, error)) return false;
        struct key_read read = {.map = map, .rows = rows + at, .count = chunk, .hashes = hashes, .arena = arena};
        if (!read_target_chunk(pg, &read, size, binds, error)) return error_prefix(error, "reading %s by key", map->target_name);
        at += chunk;
    }
    return true;
}

/* ---- rows by ROWID ---- */

struct rowid_read {
    const struct row_map *map;
    struct row *rows;
    uint32_t count, most;
    struct arena *arena;
};

static bool take_rowid_row(void *context, const struct value *values, uint32_t count)
{
    struct rowid_read *read = context;
    const struct row_map *map = read->map;
    struct value raw[32];
    if (count < map->column_count || read->count == read->most) return false;
    struct value *kept = arena_alloc(read->arena, sizeof *kept * map->column_count);
    struct value *key = arena_alloc(read->arena, sizeof *key * map->key->column_count);
    for (uint32_t c = 0; c < map->column_count; c++) kept[c] = value_copy(read->arena, &values[c]);
    for (uint16_t i = 0; i < map->key->column_count && i < 32; i++) raw[i] = kept[map->key_at[i]];
    if (!rows_normal_key(map, raw, key, read->arena)) return true;
    read->rows[read->count++] = (struct row){.key = key, .values = kept, .found = true};
    return true;
}

bool rows_read_rowids(struct source *source, const struct row_map *map, const char (*rowids)[19], uint32_t count, struct row *rows,
                      uint32_t *found, struct arena *arena, struct error *error)
{
    if (!map->key) return error_set(error, ERROR_INTERNAL, "%s has no key", map->table->name);
    *found = 0;
    struct value *binds = arena_alloc(arena, sizeof *binds * ROWS_READ_MAX);
    for (uint32_t at = 0; at < count;) {
        uint32_t chunk = count - at < ROWS_READ_MAX ? count - at : ROWS_READ_MAX;
        unsigned size = size_for(chunk);
        for (uint32_t i = 0; i < 1u << size; i++) binds[i] = value_text(view_text(rowids[at + (i < chunk ? i : chunk - 1)]));
        struct rowid_read read = {.map = map, .rows = rows + *found, .most = chunk, .arena = arena};
        if (!source_run(source, rows_source_rowids(map, size), binds, 1u << size, 1, (1u << size) + 1, take_rowid_row, &read, NULL, error))
            return error_prefix(error, "reading %s by ROWID", map->table->name);
        *found += read.count;
        at += chunk;
    }
    return true;
}
