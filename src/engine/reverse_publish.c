/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What PostgreSQL must be told before its changes can be streamed: which tables, and how a row of a table without a primary key is named. Only the mirrored tables are published:
 * a publication of all tables needs a superuser, and would refuse updates and deletes of everybody else's tables that have no key.
 */
#include "engine/reverse_private.h"

#include "base/log.h"

enum { CONNECT_MS = 10000 };
#define NO_RIGHT "42501"

/* "schema"."table", .. of what is mirrored; each as an SQL literal if `literals`. Answers how many. */
static uint32_t list_tables(struct engine *engine, bool literals, struct buffer *out)
{
    const struct sql_catalog *catalog = atomic_load(&engine->catalog);
    uint32_t count = 0;
    for (uint32_t i = 0; catalog && i < sql_catalog_table_count(catalog); i++) {
        const struct sql_table *table = sql_catalog_table_at(catalog, i);
        if (!table->target[0] || table->view || table->temporary) continue;
        struct buffer name;
        buffer_init(&name, 0);
        pg_quote_identifier(&name, table->target_schema);
        buffer_u8(&name, '.');
        pg_quote_identifier(&name, table->target);
        if (count++) buffer_append_text(out, ", ");
        if (literals)
            pg_quote_literal(out, buffer_view(&name));
        else
            buffer_append_view(out, buffer_view(&name));
        buffer_release(&name);
    }
    return count;
}

static bool run_text(struct pg *pg, struct buffer *text, struct pg_result *result, struct error *error)
{
    buffer_u8(text, 0);
    bool good = pg_run(pg, (const char *)buffer_view(text).data, result, error);
    buffer_release(text);
    return good;
}

/* Somebody who may has made it: is everything in it? */
static bool is_covered(struct engine *engine, struct pg *pg, const struct error *refused, struct error *error)
{
    struct buffer text;
    struct pg_result result = {0};
    buffer_init(&text, 0);
    buffer_append_text(&text, "SELECT coalesce(string_agg(replace(t, '\"', ''), ', '), '') FROM unnest(ARRAY[");
    list_tables(engine, true, &text);
    buffer_append_text(&text, "]::text[]) t WHERE NOT EXISTS (SELECT FROM pg_publication_tables p WHERE p.pubname = '" REVERSE_NAME
                              "' AND (quote_ident(p.schemaname) || '.' || quote_ident(p.tablename))::regclass = t::regclass)");
    bool good = run_text(pg, &text, &result, error);
    struct view missing = good && result.rows ? pg_result_text(&result, 0, 0) : view_of(NULL, 0);
    if (good && missing.size)
        good = error_set(error, ERROR_TARGET,
                         "the account may not publish the mirrored tables (%.200s): make it their owner or a superuser, or let one run "
                         "CREATE PUBLICATION " REVERSE_NAME
                         " FOR TABLE .. WITH (publish_via_partition_root = true); missing in it: " VIEW_FORMAT,
                         refused->text, (int)(missing.size > 600 ? 600 : missing.size), (const char *)missing.data);
    pg_result_free(&result);
    return good;
}

static bool publish(struct engine *engine, struct pg *pg, struct error *error)
{
    struct buffer text;
    struct error refused = {0};
    buffer_init(&text, 0);
    /* One message: one transaction. */
    buffer_append_text(&text, "DROP PUBLICATION IF EXISTS " REVERSE_NAME "; CREATE PUBLICATION " REVERSE_NAME " FOR TABLE ");
    if (list_tables(engine, false, &text) == 0) {
        buffer_release(&text);
        return error_set(error, ERROR_STATE, "no table is mirrored: the dictionary has not been read, or nothing of it is on the target");
    }
    buffer_append_text(&text, " WITH (publish_via_partition_root = true)");
    if (run_text(pg, &text, NULL, &refused)) return true;
    if (strcmp(refused.sqlstate, NO_RIGHT) == 0) return is_covered(engine, pg, &refused, error);
    *error = refused;
    return error_prefix(error, "publishing the mirrored tables");
}

/* PostgreSQL refuses to update or delete a row of a published table that it cannot name: without a primary key the whole row is its name. */
static bool identify_rows(struct engine *engine, struct pg *pg, struct error *error)
{
    struct buffer text;
    struct pg_result result = {0};
    buffer_init(&text, 0);
    buffer_append_text(&text, "SELECT t FROM unnest(ARRAY[");
    list_tables(engine, true, &text);
    buffer_append_text(
        &text, "]::text[]) t JOIN pg_class c ON c.oid = t::regclass WHERE c.relreplident = 'n' OR (c.relreplident = 'd' AND NOT EXISTS "
               "(SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))");
    bool good = run_text(pg, &text, &result, error);
    for (uint32_t r = 0; good && r < result.rows; r++) {
        struct view name = pg_result_text(&result, r, 0);
        buffer_init(&text, 0);
        buffer_append_text(&text, "ALTER TABLE ");
        buffer_append_view(&text, name);
        buffer_append_text(&text, " REPLICA IDENTITY FULL");
        good = run_text(pg, &text, NULL, error) ||
               error_prefix(
                   error,
                   "table " VIEW_FORMAT
                   " has no primary key, and its rows could not be changed once it is published: as its owner, ALTER TABLE " VIEW_FORMAT
                   " REPLICA IDENTITY FULL",
                   VIEW_ARGUMENTS(name), VIEW_ARGUMENTS(name));
        if (good) LOG(LOG_INFO, "reverse.identity_full", log_view("table", name));
    }
    pg_result_free(&result);
    return good;
}

bool reverse_publish(struct engine *engine, struct error *error)
{
    struct pg *pg = pg_connect(engine->options.target_conninfo, CONNECT_MS, error);
    bool good = pg && identify_rows(engine, pg, error) && publish(engine, pg, error);
    if (pg) pg_close(pg);
    return good;
}

bool reverse_unpublish(struct engine *engine, struct error *error)
{
    struct pg *pg = pg_connect(engine->options.target_conninfo, CONNECT_MS, error);
    bool good = pg && pg_run(pg, "DROP PUBLICATION IF EXISTS " REVERSE_NAME, NULL, error);
    if (pg) pg_close(pg);
    return good;
}

/* ---- rows of tables without a key ---- */

static bool is_comparable(const struct sql_column *column)
{
    switch (column->type) {
    case SQL_NUMBER:
    case SQL_INTEGER:
    case SQL_FLOAT:
    case SQL_BINARY_FLOAT:
    case SQL_BINARY_DOUBLE:
    case SQL_VARCHAR:
    case SQL_CHAR:
    case SQL_NVARCHAR:
    case SQL_NCHAR:
    case SQL_RAW:
    case SQL_DATE:
    case SQL_TIMESTAMP: return true;
    default: return false;
    }
}

bool reverse_keyless_writable(const struct row_map *map)
{
    for (uint32_t i = 0; i < map->column_count; i++)
        if (!is_comparable(&map->table->columns[map->columns[i]])) return false;
    return map->column_count > 0;
}

static bool is_empty(const struct value *value)
{
    return value->type == VALUE_NULL || ((value->type == VALUE_TEXT || value->type == VALUE_BYTES) && value->bytes.size == 0);
}

bool reverse_delete_keyless(struct source *source, const struct row_map *map, const struct row *row, bool *found, struct error *error)
{
    struct buffer text;
    struct arena arena;
    struct source_result result = {0};
    arena_init(&arena, 0);
    buffer_init(&text, 0);
    struct value *binds = arena_alloc(&arena, sizeof *binds * map->column_count);
    uint32_t count = 0;
    buffer_printf(&text, "DELETE FROM %s WHERE ROWNUM = 1", map->source_name);
    for (uint32_t i = 0; i < map->column_count; i++) {
        const struct sql_column *column = &map->table->columns[map->columns[i]];
        bool padded = column->type == SQL_CHAR || column->type == SQL_NCHAR, empty = is_empty(&row->values[i]);
        if (empty)
            buffer_printf(&text, " AND \"%s\" IS NULL", column->name);
        else
            buffer_printf(&text, padded ? " AND RTRIM(\"%s\") = RTRIM(:%u)" : " AND \"%s\" = :%u", column->name, ++count);
        if (!empty) binds[count - 1] = row->values[i];
    }
    buffer_u8(&text, 0);
    bool good = source_run(source, (const char *)buffer_view(&text).data, binds, count, 1, 0, NULL, NULL, &result, error);
    *found = good && result.affected == 1;
    buffer_release(&text);
    arena_release(&arena);
    return good || error_prefix(error, "deleting from %s", map->source_name);
}

bool reverse_insert_keyless(struct source *source, const struct row_map *map, const struct row *row, struct error *error)
{
    struct source_result result;
    return source_run(source, map->source_insert, row->values, map->column_count, 1, 0, NULL, NULL, &result, error) ||
           error_prefix(error, "writing %s", map->source_name);
}
