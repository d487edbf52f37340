/* SPDX-License-Identifier: Apache-2.0 */
/* Reading statements from files, and a catalog from PostgreSQL. */
#include "cli/statements.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "pg/connection.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static bool read_all(const char *file, struct buffer *out, struct error *error)
{
    FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "r");
    if (!in) return error_set(error, ERROR_IO, "%s: %s", file, strerror(errno));
    char block[65536];
    size_t size;
    while ((size = fread(block, 1, sizeof block, in)) > 0) buffer_append(out, block, size);
    if (in != stdin) fclose(in);
    if (out->failed) return error_set(error, ERROR_LIMIT, "%s: larger than 1 GiB", file);
    return true;
}

static void json_lines(struct view text, statements_one *one, void *context)
{
    size_t at = 0, line = 0;
    while (at < text.size) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - (text.data + at)) : text.size - at;
        json_error_t problem;
        json_t *root = json_loadb((const char *)text.data + at, size, 0, &problem);
        const char *sql = json_string_value(json_object_get(root, "sql"));
        json_t *id = json_object_get(root, "id");
        char number[32];
        snprintf(number, sizeof number, "%zu", ++line);
        if (json_is_integer(id)) snprintf(number, sizeof number, "%lld", (long long)json_integer_value(id));
        if (sql) one(context, json_is_string(id) ? json_string_value(id) : number, view_text(sql));
        json_decref(root);
        at += size + 1;
    }
}

/* The end of one token-like stretch from `at`: quotes and comments are skipped whole. */
static size_t skip(struct view text, size_t at)
{
    uint8_t c = text.data[at];
    if (c == '\'' || c == '"') {
        for (at++; at < text.size && text.data[at] != c; at++) {}
        return at + 1;
    }
    if (c == '-' && at + 1 < text.size && text.data[at + 1] == '-') {
        while (at < text.size && text.data[at] != '\n') at++;
        return at;
    }
    if (c == '/' && at + 1 < text.size && text.data[at + 1] == '*') {
        for (at += 2; at + 1 < text.size && !(text.data[at] == '*' && text.data[at + 1] == '/'); at++) {}
        return at + 2;
    }
    return at + 1;
}

static bool is_block(struct view text)
{
    static const char *const words[] = {"BEGIN", "DECLARE", "CREATE OR REPLACE TRIGGER", "CREATE TRIGGER", "CREATE OR REPLACE PROCEDURE", "CREATE OR REPLACE FUNCTION",
                                        "CREATE OR REPLACE PACKAGE", "CREATE PROCEDURE", "CREATE FUNCTION", "CREATE PACKAGE"};
    text = view_trim(text);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text.size >= strlen(words[i]) && strncasecmp((const char *)text.data, words[i], strlen(words[i])) == 0) return true;
    return false;
}

static void semicolons(struct view text, statements_one *one, void *context)
{
    size_t start = 0, at = 0;
    unsigned number = 0;
    char id[32];
    while (at <= text.size) {
        bool end = at == text.size;
        bool line_start = at == 0 || (at < text.size && text.data[at - 1] == '\n');
        bool slash = !end && line_start && text.data[at] == '/' && (at + 1 == text.size || text.data[at + 1] == '\n' || text.data[at + 1] == '\r');
        bool semicolon = !end && text.data[at] == ';' && !is_block(view_of(text.data + start, at - start));
        if (end || slash || semicolon) {
            struct view statement = view_trim(view_of(text.data + start, at - start));
            if (statement.size) {
                snprintf(id, sizeof id, "%u", ++number);
                one(context, id, statement);
            }
            start = ++at;
            continue;
        }
        at = skip(text, at);
        if (at > text.size) at = text.size;
    }
}

bool statements_read(const char *file, statements_one *one, void *context, struct error *error)
{
    struct buffer text;
    buffer_init(&text, 1ull << 30);
    bool good = read_all(file, &text, error);
    struct view all = buffer_view(&text), trimmed = view_trim(all);
    if (good && trimmed.size && trimmed.data[0] == '{') json_lines(all, one, context);
    else if (good) semicolons(all, one, context);
    buffer_release(&text);
    return good;
}

/* ---- catalog from PostgreSQL ---- */

static enum sql_type type_of(const char *name, int precision, int scale)
{
    static const struct { const char *name; enum sql_type type; } map[] = {
        {"int2", SQL_INTEGER}, {"int4", SQL_INTEGER}, {"int8", SQL_INTEGER}, {"float4", SQL_BINARY_FLOAT}, {"float8", SQL_BINARY_DOUBLE}, {"varchar", SQL_VARCHAR}, {"text", SQL_CLOB},
        {"bpchar", SQL_CHAR}, {"bytea", SQL_BLOB}, {"timestamp", SQL_TIMESTAMP}, {"timestamptz", SQL_TIMESTAMP_TZ}, {"date", SQL_DATE}, {"interval", SQL_INTERVAL_DS}, {"bool", SQL_BOOLEAN},
        {"json", SQL_JSON}, {"jsonb", SQL_JSON}, {"xml", SQL_XML},
    };
    if (strcmp(name, "numeric") == 0) return precision > 0 && scale == 0 ? SQL_INTEGER : SQL_NUMBER;
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (strcmp(map[i].name, name) == 0) return map[i].type;
    return SQL_UNKNOWN;
}

static void copy_text(const struct pg_result *result, uint32_t row, uint32_t column, char *out, size_t size, bool upper)
{
    snprintf(out, size, VIEW_FORMAT, VIEW_ARGUMENTS(pg_result_text(result, row, column)));
    for (char *c = out; upper && *c; c++)
        if (*c >= 'a' && *c <= 'z') *c -= 32;
}

static void add_columns(struct sql_catalog *catalog, const struct pg_result *result)
{
    struct sql_table *table = NULL;
    char last[300] = "";
    for (uint32_t i = 0; i < result->rows; i++) {
        char schema[129], name[129], type[64], here[300], number[32];
        copy_text(result, i, 0, schema, sizeof schema, true);
        copy_text(result, i, 1, name, sizeof name, true);
        snprintf(here, sizeof here, "%s.%s", schema, name);
        if (strcmp(here, last) != 0) {
            table = sql_catalog_add_table(catalog, schema, name);
            copy_text(result, i, 0, table->target_schema, sizeof table->target_schema, false);
            copy_text(result, i, 1, table->target, sizeof table->target, false);
            snprintf(last, sizeof last, "%s", here);
        }
        struct sql_column column = {0};
        copy_text(result, i, 2, column.name, sizeof column.name, true);
        copy_text(result, i, 2, column.target, sizeof column.target, false);
        copy_text(result, i, 3, type, sizeof type, false);
        copy_text(result, i, 4, number, sizeof number, false);
        int modifier = atoi(number);
        if (strcmp(type, "numeric") == 0 && modifier > 4) {
            column.precision = (modifier - 4) >> 16;
            column.scale = (modifier - 4) & 0x7ff;
        } else if (modifier > 4) {
            column.length = modifier - 4;
        }
        column.type = type_of(type, column.precision, column.scale);
        if (column.type == SQL_TIMESTAMP && modifier == 0) column.type = SQL_DATE;
        column.nullable = pg_result_text(result, i, 5).data[0] == 'f';
        sql_catalog_add_column(table, &column);
    }
}

struct sql_catalog *statements_catalog(const char *conninfo, struct error *error)
{
    static const char text[] = "SELECT n.nspname, c.relname, a.attname, t.typname, a.atttypmod, a.attnotnull FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                               "JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid WHERE c.relkind IN ('r','p','v') AND a.attnum > 0 AND NOT a.attisdropped "
                               "AND n.nspname NOT IN ('pg_catalog','information_schema','understudy') ORDER BY n.nspname, c.relname, a.attnum";
    struct pg *pg = pg_connect(conninfo, 5000, error);
    if (!pg) return NULL;
    struct pg_result result;
    struct sql_catalog *catalog = NULL;
    if (pg_run(pg, text, &result, error)) {
        catalog = sql_catalog_new();
        add_columns(catalog, &result);
        sql_catalog_freeze(catalog, 1);
        pg_result_free(&result);
    }
    pg_close(pg);
    return catalog;
}

const char *statements_schema(const struct sql_catalog *catalog)
{
    return sql_catalog_table_count(catalog) ? sql_catalog_table_at(catalog, 0)->schema : NULL;
}
