/* SPDX-License-Identifier: Apache-2.0 */
/* A catalog for the translator from PostgreSQL's own: tables, columns with the types that the source would have had, keys, sequences, functions. */
#include "cli/statements.h"

#include "base/buffer.h"
#include "pg/connection.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct type_row {
    const char *name;
    enum sql_type type;
};
static const struct type_row types[] = {
    {"int2", SQL_INTEGER},
    {"int4", SQL_INTEGER},
    {"int8", SQL_INTEGER},
    {"float4", SQL_BINARY_FLOAT},
    {"float8", SQL_BINARY_DOUBLE},
    {"varchar", SQL_VARCHAR},
    {"text", SQL_CLOB},
    {"bpchar", SQL_CHAR},
    {"bytea", SQL_BLOB},
    {"timestamp", SQL_TIMESTAMP},
    {"timestamptz", SQL_TIMESTAMP_TZ},
    {"date", SQL_DATE},
    {"interval", SQL_INTERVAL_DS},
    {"bool", SQL_INTEGER}, /* what people make of NUMBER(1) */
    {"json", SQL_JSON},
    {"jsonb", SQL_JSON},
    {"xml", SQL_XML},
};

static enum sql_type type_of(const char *name, int modifier, int precision, int scale)
{
    if (strcmp(name, "numeric") == 0) return precision > 0 && scale == 0 ? SQL_INTEGER : SQL_NUMBER;
    if (strcmp(name, "timestamp") == 0 && modifier == 0) return SQL_DATE;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) return types[i].type;
    return SQL_UNKNOWN;
}

static void copy_text(const struct pg_result *result, uint32_t row, uint32_t column, char *out, size_t size)
{
    snprintf(out, size, VIEW_FORMAT, VIEW_ARGUMENTS(pg_result_text(result, row, column)));
}

/* As the source would have it: lower case was upper case; a name with capitals stays. */
static void copy_source(const struct pg_result *result, uint32_t row, uint32_t column, char *out, size_t size)
{
    bool mixed = false;
    copy_text(result, row, column, out, size);
    for (const char *c = out; *c; c++) mixed |= *c >= 'A' && *c <= 'Z';
    for (char *c = out; *c && !mixed; c++)
        if (*c >= 'a' && *c <= 'z') *c -= 32;
}

static long number_at(const struct pg_result *result, uint32_t row, uint32_t column)
{
    char text[32];
    copy_text(result, row, column, text, sizeof text);
    return atol(text);
}

static void add_column(struct sql_table *table, const struct pg_result *result, uint32_t row)
{
    struct sql_column column = {0};
    char type[64];
    int modifier = (int)number_at(result, row, 4);
    copy_source(result, row, 2, column.name, sizeof column.name);
    copy_text(result, row, 2, column.target, sizeof column.target);
    copy_text(result, row, 3, type, sizeof type);
    if (strcmp(type, "numeric") == 0 && modifier > 4) {
        column.precision = (modifier - 4) >> 16;
        column.scale = (modifier - 4) & 0x7ff;
    } else if (strcmp(type, "timestamp") == 0 || strcmp(type, "timestamptz") == 0) {
        column.scale = modifier < 0 ? 6 : modifier;
    } else if (modifier > 4) {
        column.length = modifier - 4;
    }
    column.type = type_of(type, modifier, column.precision, column.scale);
    if (column.type == SQL_INTEGER && column.precision == 0)
        column.precision = strcmp(type, "bool") == 0 ? 1 : strcmp(type, "int2") == 0 ? 4 : strcmp(type, "int4") == 0 ? 9 : 18;
    column.nullable = pg_result_text(result, row, 5).data[0] == 'f';
    column.target_type = (uint32_t)number_at(result, row, 6);
    column.has_default = column.default_varies = pg_result_text(result, row, 7).data[0] == 't';
    sql_catalog_add_column(table, &column);
}

static void add_keys(struct sql_table *table, const struct pg_result *keys)
{
    for (uint32_t i = 0; i < keys->rows; i++) {
        char schema[129], name[129], columns[400], *rest = NULL;
        struct sql_key key = {.primary = pg_result_text(keys, i, 3).data[0] == 't'};
        copy_text(keys, i, 0, schema, sizeof schema);
        copy_text(keys, i, 1, name, sizeof name);
        if (strcmp(schema, table->target_schema) != 0 || strcmp(name, table->target) != 0) continue;
        copy_source(keys, i, 2, key.name, sizeof key.name);
        copy_text(keys, i, 4, columns, sizeof columns);
        for (char *at = strtok_r(columns, " ", &rest); at && key.column_count < 32; at = strtok_r(NULL, " ", &rest))
            key.columns[key.column_count++] = (uint16_t)(atoi(at) - 1);
        if (key.column_count > 0) sql_catalog_add_key(table, &key);
    }
}

static void add_tables(struct sql_catalog *catalog, const struct pg_result *columns, const struct pg_result *keys)
{
    struct sql_table *table = NULL;
    for (uint32_t i = 0; i < columns->rows; i++) {
        char schema[129], name[129], target_schema[129], target[129];
        copy_text(columns, i, 0, target_schema, sizeof target_schema);
        copy_text(columns, i, 1, target, sizeof target);
        if (!table || strcmp(table->target_schema, target_schema) != 0 || strcmp(table->target, target) != 0) {
            if (table) add_keys(table, keys);
            copy_source(columns, i, 0, schema, sizeof schema);
            copy_source(columns, i, 1, name, sizeof name);
            table = sql_catalog_add_table(catalog, schema, name);
            memcpy(table->target_schema, target_schema, sizeof target_schema);
            memcpy(table->target, target, sizeof target);
            table->view = pg_result_text(columns, i, 8).data[0] != 'r' && pg_result_text(columns, i, 8).data[0] != 'p';
        }
        add_column(table, columns, i);
    }
    if (table) add_keys(table, keys);
}

static void add_sequences(struct sql_catalog *catalog, const struct pg_result *result)
{
    for (uint32_t i = 0; i < result->rows; i++) {
        struct sql_sequence sequence = {.increment = number_at(result, i, 2)};
        copy_source(result, i, 0, sequence.schema, sizeof sequence.schema);
        copy_text(result, i, 0, sequence.target_schema, sizeof sequence.target_schema);
        copy_source(result, i, 1, sequence.name, sizeof sequence.name);
        copy_text(result, i, 1, sequence.target, sizeof sequence.target);
        sql_catalog_add_sequence(catalog, &sequence);
    }
}

static void add_functions(struct sql_catalog *catalog, const struct pg_result *result,
                          void (*add)(struct sql_catalog *catalog, const char *schema, const char *name))
{
    for (uint32_t i = 0; i < result->rows; i++) {
        char schema[129], name[129];
        copy_source(result, i, 0, schema, sizeof schema);
        copy_source(result, i, 1, name, sizeof name);
        add(catalog, schema, name);
    }
}

#define USERS_SCHEMA "n.nspname NOT IN ('pg_catalog', 'information_schema', 'understudy') AND n.nspname !~ '^pg_'"
static const char columns_text[] =
    "SELECT n.nspname, c.relname, a.attname, t.typname, a.atttypmod, a.attnotnull, a.atttypid, a.atthasdef OR a.attidentity <> '', "
    "c.relkind FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND " USERS_SCHEMA
    " ORDER BY n.nspname, c.relname, a.attnum";
/* Positions among the columns that there still are. */
static const char keys_text[] =
    "SELECT n.nspname, c.relname, k.relname, i.indisprimary, (SELECT string_agg((SELECT count(*) FROM pg_attribute b WHERE b.attrelid = "
    "c.oid AND b.attnum > 0 AND "
    "b.attnum <= u.attnum AND NOT b.attisdropped)::text, ' ' ORDER BY u.position) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS "
    "u(attnum, position)) "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class k ON k.oid = i.indexrelid JOIN pg_namespace n ON n.oid = "
    "c.relnamespace "
    "WHERE i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL AND " USERS_SCHEMA " ORDER BY i.indisprimary DESC, k.relname";
static const char sequences_text[] = "SELECT n.nspname, c.relname, s.seqincrement FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid "
                                     "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE " USERS_SCHEMA;
static const char functions_text[] = "SELECT DISTINCT n.nspname, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
                                     "WHERE p.prokind = 'f' AND " USERS_SCHEMA;

/* Those that only take values: what an OUT parameter gives back would have to reach the client's bind. */
static const char procedures_text[] =
    "SELECT n.nspname, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind = 'p' AND " USERS_SCHEMA
    " GROUP BY 1, 2 HAVING bool_and(p.proargmodes IS NULL OR NOT (p.proargmodes && '{o,b}'))";

/* That of the search path if it has tables, else that of the first table. */
static void choose_schema(const struct sql_catalog *catalog, const struct pg_result *current, char schema[129])
{
    copy_source(current, 0, 0, schema, 129);
    for (uint32_t i = 0; i < sql_catalog_table_count(catalog); i++)
        if (strcmp(sql_catalog_table_at(catalog, i)->schema, schema) == 0) return;
    if (sql_catalog_table_count(catalog) > 0) snprintf(schema, 129, "%s", sql_catalog_table_at(catalog, 0)->schema);
}

struct sql_catalog *statements_catalog(const char *conninfo, char schema[129], struct error *error)
{
    static const char *const texts[] = {columns_text,   keys_text,       sequences_text,
                                        functions_text, procedures_text, "SELECT current_schema()"};
    enum { COUNT = sizeof texts / sizeof *texts };
    struct pg_result results[COUNT];
    struct pg *pg = pg_connect(conninfo, 5000, error);
    if (!pg) return NULL;
    uint32_t good = 0;
    while (good < COUNT && pg_run(pg, texts[good], &results[good], error)) good++;
    struct sql_catalog *catalog = NULL;
    if (good == COUNT) {
        catalog = sql_catalog_new();
        add_tables(catalog, &results[0], &results[1]);
        add_sequences(catalog, &results[2]);
        add_functions(catalog, &results[3], sql_catalog_add_function);
        add_functions(catalog, &results[4], sql_catalog_add_procedure);
        choose_schema(catalog, &results[5], schema);
        sql_catalog_freeze(catalog, 1);
    }
    for (uint32_t i = 0; i < good; i++) pg_result_free(&results[i]);
    pg_close(pg);
    return catalog;
}
