/* SPDX-License-Identifier: Apache-2.0 */
/* Writes rows by key: images to the target, rows to the source; finds what stands in the way under another unique key. */
#include "engine/rows_private.h"

#include "base/crypto.h"
#include <stdio.h>

/* ---- parameters ---- */

static struct value fit(const struct sql_column *column, const struct value *value, struct arena *arena)
{
    struct value out = rows_to_target(column, value);
    if (out.type == VALUE_BYTES && column->target_type == PG_OID_UUID && out.bytes.size == 16) {
        char *hex = arena_alloc(arena, 33);
        crypto_hex_lower(out.bytes, hex);
        return value_text(view_of(hex, 32)); /* PostgreSQL reads it without hyphens */
    }
    if (out.type == VALUE_NUMBER && column->target_type == PG_OID_BOOL) {
        struct rows_normal normal;
        rows_normalise(column, &out, &normal);
        return normal.value.type == VALUE_BOOLEAN ? normal.value : out;
    }
    return out;
}

bool rows_parameter(const struct sql_column *column, const struct value *value, struct arena *arena, struct pg_parameter *out,
                    struct error *error)
{
    struct value fitting = fit(column, value, arena);
    if (fitting.type == VALUE_UNSUPPORTED)
        return error_set(error, ERROR_TRANSLATION, "column %s holds a value of a type that is not mirrored", column->name);
    if (!pg_value_to_parameter(&fitting, arena, out, error)) return error_prefix(error, "column %s", column->name);
    out->type = 0; /* as the column is */
    return true;
}

static struct pg_parameter *key_parameters(const struct row_map *map, const struct value *key, struct arena *arena, struct error *error)
{
    struct pg_parameter *out = arena_alloc(arena, sizeof *out * map->key->column_count);
    for (uint16_t i = 0; i < map->key->column_count; i++)
        if (!rows_parameter(rows_key_column(map, i), &key[i], arena, &out[i], error)) return NULL;
    return out;
}

static struct pg_parameter *row_parameters(const struct row_map *map, const struct value *values, struct arena *arena, struct error *error)
{
    struct pg_parameter *out = arena_alloc(arena, sizeof *out * (map->column_count + 1));
    for (uint32_t i = 0; i < map->column_count; i++)
        if (!rows_parameter(rows_column(map, i), &values[i], arena, &out[i], error)) return NULL;
    return out;
}

/* ---- images ---- */

static bool send_delete(struct pg *pg, const struct row_map *map, const struct row *row, struct arena *arena, pg_on_result *done,
                        void *context, struct error *error)
{
    struct pg_parameter *key = key_parameters(map, row->key, arena, error);
    if (!key) return false;
    pg_send_prepared(pg, rows_full(map)->delete_name, map->target_delete, key, map->key->column_count, done, context);
    return true;
}

bool rows_send_image(struct pg *pg, const struct row_map *map, const struct row *rows, uint32_t count, struct arena *arena,
                     pg_on_result *done, void *context, struct error *error)
{
    if (!map->key) return error_set(error, ERROR_INTERNAL, "%s has no key", map->table->name);
    for (uint32_t i = 0; i < count; i++) {
        if (!rows[i].found) {
            if (!send_delete(pg, map, &rows[i], arena, done, context, error)) return false;
            continue;
        }
        struct pg_parameter *values = row_parameters(map, rows[i].values, arena, error);
        if (!values) return false;
        pg_send_prepared(pg, rows_full(map)->upsert_name, map->target_upsert, values, map->column_count, done, context);
    }
    return true;
}

bool rows_send_replace(struct pg *pg, const struct row_map *map, const struct row *rows, uint32_t count, struct arena *arena,
                       pg_on_result *done, void *context, struct error *error)
{
    if (!map->key) return error_set(error, ERROR_INTERNAL, "%s has no key", map->table->name);
    for (uint32_t i = 0; i < count; i++)
        if (!send_delete(pg, map, &rows[i], arena, done, context, error)) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!rows[i].found) continue;
        struct pg_parameter *values = row_parameters(map, rows[i].values, arena, error);
        if (!values) return false;
        pg_send_prepared(pg, rows_full(map)->insert_name, map->target_insert, values, map->column_count, done, context);
    }
    return true;
}

/* ---- looking for rows by other columns ---- */

static void select_keys(struct buffer *out, const struct row_map *map)
{
    buffer_append_text(out, "SELECT ");
    for (uint16_t i = 0; i < map->key->column_count; i++) {
        if (i) buffer_append_text(out, ", ");
        pg_quote_identifier(out, rows_key_column(map, i)->target);
    }
    buffer_printf(out, " FROM %s WHERE ", map->target_name);
}

static void equal_columns(struct buffer *out, const struct row_map *map, const uint16_t *columns, uint32_t count, uint32_t first)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i) buffer_append_text(out, " AND ");
        pg_quote_identifier(out, map->table->columns[columns[i]].target);
        buffer_printf(out, " = $%u", first + i);
    }
}

/* Runs a query for keys and adds them, normal, to *keys. */
static bool add_keys(struct pg *pg, const struct row_map *map, struct buffer *text, const struct pg_parameter *parameters, uint32_t count,
                     struct arena *arena, struct value **keys, uint32_t *key_count, struct error *error)
{
    uint16_t parts = map->key->column_count;
    char name[ROWS_NAME_SIZE];
    struct pg_result result = {0};
    buffer_u8(text, 0);
    const char *sql = (const char *)buffer_view(text).data;
    rows_statement_name(sql, name);
    if (!pg_run_prepared(pg, name, sql, parameters, count, &result, error)) {
        pg_result_free(&result);
        return false;
    }
    struct value *all = arena_alloc(arena, sizeof *all * parts * (*key_count + result.rows + 1));
    if (*key_count) memcpy(all, *keys, sizeof *all * parts * *key_count);
    for (uint32_t r = 0; r < result.rows; r++) {
        struct value raw[32];
        for (uint16_t i = 0; i < parts && i < 32; i++)
            raw[i] =
                pg_value_from_text(pg_result_column(&result, i).type, pg_result_text(&result, r, i), pg_result_null(&result, r, i), arena);
        if (rows_normal_key(map, raw, &all[*key_count * parts], arena)) (*key_count)++;
    }
    *keys = all;
    pg_result_free(&result);
    return true;
}

bool rows_find_keys(struct pg *pg, const struct row_map *map, const uint16_t *columns, const struct value *values, uint32_t count,
                    struct arena *arena, struct value **keys, uint32_t *key_count, struct error *error)
{
    struct pg_parameter parameters[32];
    struct buffer text;
    if (!map->key || count > 32) return error_set(error, ERROR_INTERNAL, "%s has no key", map->table->name);
    for (uint32_t i = 0; i < count; i++)
        if (!rows_parameter(&map->table->columns[columns[i]], &values[i], arena, &parameters[i], error)) return false;
    buffer_init(&text, 0);
    select_keys(&text, map);
    equal_columns(&text, map, columns, count, 1);
    *key_count = 0;
    bool good = add_keys(pg, map, &text, parameters, count, arena, keys, key_count, error);
    buffer_release(&text);
    return good;
}

/* Index in the map's columns; UINT32_MAX: not mirrored. */
static uint32_t place_of(const struct row_map *map, uint16_t column)
{
    for (uint32_t i = 0; i < map->column_count; i++)
        if (map->columns[i] == column) return i;
    return UINT32_MAX;
}

static bool find_conflicts_of(struct pg *pg, const struct row_map *map, const struct sql_key *unique, const struct row *row,
                              struct arena *arena, struct value **keys, uint32_t *key_count, struct error *error)
{
    struct pg_parameter parameters[64];
    uint32_t count = 0;
    if (unique->column_count + map->key->column_count > 64) return true;
    for (uint16_t i = 0; i < unique->column_count; i++) {
        uint32_t at = place_of(map, unique->columns[i]);
        if (at == UINT32_MAX || row->values[at].type == VALUE_NULL) return true; /* PostgreSQL lets NULLs pass */
        if (!rows_parameter(rows_column(map, at), &row->values[at], arena, &parameters[count++], error)) return false;
    }
    for (uint16_t i = 0; i < map->key->column_count; i++)
        if (!rows_parameter(rows_key_column(map, i), &row->key[i], arena, &parameters[count++], error)) return false;
    struct buffer text;
    buffer_init(&text, 0);
    select_keys(&text, map);
    equal_columns(&text, map, unique->columns, unique->column_count, 1);
    buffer_append_text(&text, " AND NOT (");
    equal_columns(&text, map, map->key->columns, map->key->column_count, unique->column_count + 1u);
    buffer_u8(&text, ')');
    bool good = add_keys(pg, map, &text, parameters, count, arena, keys, key_count, error);
    buffer_release(&text);
    return good;
}

bool rows_find_conflicts(struct pg *pg, const struct row_map *map, const struct row *rows, uint32_t count, struct arena *arena,
                         struct value **keys, uint32_t *key_count, struct error *error)
{
    *keys = NULL;
    *key_count = 0;
    for (uint32_t k = 0; k < map->table->key_count; k++) {
        const struct sql_key *unique = &map->table->keys[k];
        if (unique == map->key) continue;
        for (uint32_t i = 0; i < count; i++)
            if (rows[i].found && !find_conflicts_of(pg, map, unique, &rows[i], arena, keys, key_count, error)) return false;
    }
    return true;
}

/* ---- towards the source ---- */

uint32_t rows_source_update_binds(const struct row_map *map, const struct row *row, struct value *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < map->column_count; i++) {
        bool key = false;
        for (uint16_t k = 0; k < map->key->column_count; k++) key = key || map->key_at[k] == i;
        if (!key) out[count++] = row->values[i];
    }
    for (uint16_t k = 0; k < map->key->column_count; k++) out[count++] = row->key[k];
    return count;
}

bool rows_write_source(struct source *source, const struct row_map *map, const struct row *row, struct error *error)
{
    if (!map->key) return error_set(error, ERROR_INTERNAL, "%s has no key", map->table->name);
    struct source_result result;
    uint16_t parts = map->key->column_count;
    if (!row->found)
        return source_run(source, map->source_delete, row->key, parts, 1, 0, NULL, NULL, &result, error) ||
               error_prefix(error, "deleting from %s", map->source_name);
    struct arena arena;
    arena_init(&arena, 0);
    struct value *binds = arena_alloc(&arena, sizeof *binds * (map->column_count + parts));
    uint32_t count = rows_source_update_binds(map, row, binds);
    bool good = source_run(source, map->source_update, binds, count, 1, 0, NULL, NULL, &result, error);
    if (good && result.affected == 0)
        good = source_run(source, map->source_insert, row->values, map->column_count, 1, 0, NULL, NULL, &result, error);
    arena_release(&arena);
    return good || error_prefix(error, "writing %s", map->source_name);
}
