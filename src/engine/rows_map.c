/* SPDX-License-Identifier: Apache-2.0 */
/* Row maps: which columns of a table are mirrored, and the statements that read and write its rows by key. */
#include "engine/rows_private.h"

#include "base/map.h"
#include "base/memory.h"
#include <inttypes.h>
#include <stdio.h>

struct row_maps {
    const struct sql_catalog *catalog;
    struct row_map_full **by_id;
    uint32_t count;
};

struct row_maps *row_maps_new(const struct sql_catalog *catalog)
{
    struct row_maps *maps = memory_zero(1, sizeof *maps);
    maps->catalog = catalog;
    maps->count = catalog ? sql_catalog_table_count(catalog) : 0;
    maps->by_id = memory_zero(maps->count ? maps->count : 1, sizeof *maps->by_id);
    return maps;
}

static void map_free(struct row_map_full *full)
{
    if (!full) return;
    struct row_map *map = &full->map;
    char *texts[] = {map->source_name,   map->target_name,   map->source_select, map->target_select, map->target_upsert,
                     map->target_insert, map->target_delete, map->source_update, map->source_insert, map->source_delete};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) memory_free(texts[i]);
    for (unsigned i = 0; i < ROWS_SIZES; i++) {
        memory_free(full->source_in[i]);
        memory_free(full->target_in[i]);
        memory_free(full->source_rowids[i]);
    }
    memory_free(map->columns);
    memory_free(map->key_at);
    memory_free(full);
}

void row_maps_free(struct row_maps *maps)
{
    if (!maps) return;
    for (uint32_t i = 0; i < maps->count; i++) map_free(maps->by_id[i]);
    memory_free(maps->by_id);
    memory_free(maps);
}

/* ---- names and texts ---- */

void rows_statement_name(const char *text, char out[ROWS_NAME_SIZE])
{
    snprintf(out, ROWS_NAME_SIZE, "r%016" PRIx64, view_hash(view_text(text)));
}

static char *finish(struct buffer *text)
{
    char *out = memory_string_of(buffer_view(text).data, buffer_size(text));
    buffer_release(text);
    return out;
}

static void source_quoted(struct buffer *out, const char *name)
{
    buffer_printf(out, "\"%s\"", name); /* Oracle's names hold no double quotes */
}

static char *qualified(const char *schema, const char *name, bool target)
{
    struct buffer out;
    buffer_init(&out, 0);
    if (target)
        pg_quote_identifier(&out, schema);
    else
        source_quoted(&out, schema);
    buffer_u8(&out, '.');
    if (target)
        pg_quote_identifier(&out, name);
    else
        source_quoted(&out, name);
    return finish(&out);
}

static void column_name(struct buffer *out, const struct sql_column *column, bool target)
{
    if (target)
        pg_quote_identifier(out, column->target);
    else
        source_quoted(out, column->name);
}

static void column_list(struct buffer *out, const struct row_map *map, bool target)
{
    for (uint32_t i = 0; i < map->column_count; i++) {
        if (i) buffer_append_text(out, ", ");
        column_name(out, rows_column(map, i), target);
    }
}

/* "column = :n" for the source, so that CHAR compares without regard to padding. */
static void rows_source_key_place(struct buffer *out, const struct sql_column *column, uint32_t number)
{
    /* Both sides CHAR: then Oracle compares without regard to padding. The bind itself would be compared as VARCHAR2. */
    if (column->type == SQL_CHAR || column->type == SQL_NCHAR) {
        int length = column->length * 4 > 2000 || column->length <= 0 ? 2000 : column->length * 4;
        buffer_printf(out, "CAST(:%u AS CHAR(%d))", number, length);
    } else {
        buffer_printf(out, ":%u", number);
    }
}

static void key_where(struct buffer *out, const struct row_map *map, bool target, uint32_t first)
{
    buffer_append_text(out, " WHERE ");
    for (uint16_t i = 0; i < map->key->column_count; i++) {
        if (i) buffer_append_text(out, " AND ");
        column_name(out, rows_key_column(map, i), target);
        buffer_append_text(out, " = ");
        if (target)
            buffer_printf(out, "$%u", first + i);
        else
            rows_source_key_place(out, rows_key_column(map, i), first + i);
    }
}

/* WHERE (k1 = .. AND k2 = ..) OR (..): what Oracle makes of a list of pairs anyway, and every dialect reads it. */
static char *select_any_of(const struct row_map *map, uint32_t keys)
{
    struct buffer out;
    buffer_init(&out, 0);
    uint16_t parts = map->key->column_count;
    buffer_append_text(&out, map->source_select);
    for (uint32_t k = 0; k < keys; k++) {
        buffer_append_text(&out, k ? " OR (" : " WHERE (");
        for (uint16_t i = 0; i < parts; i++) {
            if (i) buffer_append_text(&out, " AND ");
            column_name(&out, rows_key_column(map, i), false);
            buffer_append_text(&out, " = ");
            rows_source_key_place(&out, rows_key_column(map, i), k * parts + i + 1);
        }
        buffer_u8(&out, ')');
    }
    return finish(&out);
}

/* WHERE k IN (..) or WHERE (k1, k2) IN ((..), (..)) */
static char *select_in(const struct row_map *map, uint32_t keys, bool target)
{
    struct buffer out;
    buffer_init(&out, 0);
    uint16_t parts = map->key->column_count;
    buffer_append_text(&out, target ? map->target_select : map->source_select);
    buffer_append_text(&out, parts > 1 ? " WHERE (" : " WHERE ");
    for (uint16_t i = 0; i < parts; i++) {
        if (i) buffer_append_text(&out, ", ");
        column_name(&out, rows_key_column(map, i), target);
    }
    buffer_append_text(&out, parts > 1 ? ") IN (" : " IN (");
    for (uint32_t k = 0; k < keys; k++) {
        buffer_append_text(&out, k ? ", " : "");
        if (parts > 1) buffer_u8(&out, '(');
        for (uint16_t i = 0; i < parts; i++) {
            if (i) buffer_append_text(&out, ", ");
            uint32_t number = k * parts + i + 1;
            if (target)
                buffer_printf(&out, "$%u", number);
            else
                rows_source_key_place(&out, rows_key_column(map, i), number);
        }
        if (parts > 1) buffer_u8(&out, ')');
    }
    buffer_u8(&out, ')');
    return finish(&out);
}

const char *rows_source_in(const struct row_map *map, unsigned size)
{
    struct row_map_full *full = rows_full(map);
    if (!full->source_in[size])
        full->source_in[size] = map->key->column_count > 1 ? select_any_of(map, 1u << size) : select_in(map, 1u << size, false);
    return full->source_in[size];
}

const char *rows_target_in(const struct row_map *map, unsigned size)
{
    struct row_map_full *full = rows_full(map);
    if (!full->target_in[size]) {
        full->target_in[size] = select_in(map, 1u << size, true);
        rows_statement_name(full->target_in[size], full->target_in_name[size]);
    }
    return full->target_in[size];
}

const char *rows_source_rowids(const struct row_map *map, unsigned size)
{
    struct row_map_full *full = rows_full(map);
    if (full->source_rowids[size]) return full->source_rowids[size];
    struct buffer out;
    buffer_init(&out, 0);
    buffer_printf(&out, "%s WHERE ROWID %s", map->source_select, size ? "IN (:1" : "= :1");
    for (uint32_t i = 2; i <= 1u << size; i++) buffer_printf(&out, ", :%u", i);
    if (size) buffer_u8(&out, ')');
    return full->source_rowids[size] = finish(&out);
}

/* ---- making a map ---- */

static char *make_select(const struct row_map *map, bool target)
{
    struct buffer out;
    buffer_init(&out, 0);
    buffer_append_text(&out, "SELECT ");
    column_list(&out, map, target);
    buffer_printf(&out, " FROM %s", target ? map->target_name : map->source_name);
    return finish(&out);
}

static bool in_key(const struct row_map *map, uint32_t at)
{
    for (uint16_t i = 0; i < map->key->column_count; i++)
        if (map->key->columns[i] == map->columns[at]) return true;
    return false;
}

static char *make_insert(const struct row_map *map, bool target, bool upsert)
{
    struct buffer out;
    bool identity = false;
    buffer_init(&out, 0);
    buffer_printf(&out, "INSERT INTO %s (", target ? map->target_name : map->source_name);
    column_list(&out, map, target);
    for (uint32_t i = 0; i < map->column_count; i++) identity = identity || rows_column(map, i)->identity;
    buffer_append_text(&out, target && identity ? ") OVERRIDING SYSTEM VALUE VALUES (" : ") VALUES (");
    for (uint32_t i = 0; i < map->column_count; i++) buffer_printf(&out, target ? "%s$%u" : "%s:%u", i ? ", " : "", i + 1);
    buffer_u8(&out, ')');
    if (upsert) {
        buffer_append_text(&out, " ON CONFLICT (");
        for (uint16_t i = 0; i < map->key->column_count; i++) {
            if (i) buffer_append_text(&out, ", ");
            column_name(&out, rows_key_column(map, i), true);
        }
        buffer_append_text(&out, ") DO ");
        bool any = false;
        for (uint32_t i = 0; i < map->column_count; i++) {
            if (in_key(map, i)) continue;
            buffer_append_text(&out, any ? ", " : "UPDATE SET ");
            any = true;
            column_name(&out, rows_column(map, i), true);
            buffer_append_text(&out, " = excluded.");
            column_name(&out, rows_column(map, i), true);
        }
        if (!any) buffer_append_text(&out, "NOTHING");
    }
    return finish(&out);
}

static char *make_delete(const struct row_map *map, bool target)
{
    struct buffer out;
    buffer_init(&out, 0);
    buffer_printf(&out, "DELETE FROM %s", target ? map->target_name : map->source_name);
    key_where(&out, map, target, 1);
    return finish(&out);
}

/* SET every column that is not in the key (or the first key column to itself, if there is no other), then the key. */
static char *make_source_update(const struct row_map *map)
{
    struct buffer out;
    uint32_t number = 0;
    buffer_init(&out, 0);
    buffer_printf(&out, "UPDATE %s SET ", map->source_name);
    for (uint32_t i = 0; i < map->column_count; i++) {
        if (in_key(map, i)) continue;
        buffer_append_text(&out, number ? ", " : "");
        column_name(&out, rows_column(map, i), false);
        buffer_printf(&out, " = :%u", ++number);
    }
    if (number == 0) {
        column_name(&out, rows_key_column(map, 0), false);
        buffer_append_text(&out, " = ");
        column_name(&out, rows_key_column(map, 0), false);
    }
    key_where(&out, map, false, number + 1);
    return finish(&out);
}

static bool is_mirrored(const struct sql_column *column)
{
    return !column->generated_virtual && column->target[0] && column->type != SQL_OBJECT && column->type != SQL_BFILE &&
           column->type != SQL_XML && column->type != SQL_CURSOR && column->type != SQL_JSON;
}

static void choose_key(struct row_map *map)
{
    const struct sql_key *key = map->table->view ? NULL : sql_table_primary_key(map->table);
    if (!key || !map->table->target[0]) return;
    map->key_at = memory_zero(key->column_count ? key->column_count : 1, sizeof *map->key_at);
    for (uint16_t i = 0; i < key->column_count; i++) {
        uint32_t at = 0;
        while (at < map->column_count && map->columns[at] != key->columns[i]) at++;
        if (at == map->column_count) return; /* a key column that is not mirrored: rows cannot be addressed */
        map->key_at[i] = (uint16_t)at;
    }
    map->key = key;
}

static void make_texts(struct row_map_full *full)
{
    struct row_map *map = &full->map;
    map->source_name = qualified(map->table->schema, map->table->name, false);
    map->target_name = qualified(map->table->target_schema, map->table->target, true);
    map->source_select = make_select(map, false);
    map->target_select = make_select(map, true);
    map->target_insert = make_insert(map, true, false);
    map->source_insert = make_insert(map, false, false);
    rows_statement_name(map->target_insert, full->insert_name);
    if (!map->key) return;
    map->target_upsert = make_insert(map, true, true);
    map->target_delete = make_delete(map, true);
    map->source_delete = make_delete(map, false);
    map->source_update = make_source_update(map);
    rows_statement_name(map->target_upsert, full->upsert_name);
    rows_statement_name(map->target_delete, full->delete_name);
}

const struct row_map *row_map_of(struct row_maps *maps, const struct sql_table *table)
{
    CHECK(table->id < maps->count && sql_catalog_table_at(maps->catalog, table->id) == table);
    struct row_map_full *full = maps->by_id[table->id];
    if (full) return &full->map;
    full = memory_zero(1, sizeof *full);
    full->map.table = table;
    full->map.columns = memory_zero(table->column_count ? table->column_count : 1, sizeof *full->map.columns);
    for (uint32_t i = 0; i < table->column_count; i++)
        if (is_mirrored(&table->columns[i])) full->map.columns[full->map.column_count++] = (uint16_t)i;
    choose_key(&full->map);
    make_texts(full);
    maps->by_id[table->id] = full;
    return &full->map;
}
