/* SPDX-License-Identifier: Apache-2.0 */
/* The target: a real PostgreSQL. */
#include "tests/translator/suite.h"

#include <stdlib.h>
#include <string.h>

void rows_free(struct rows *rows)
{
    free(rows->text);
    rows->text = NULL;
}

static struct rows rows_of(PGresult *result)
{
    struct rows rows = {0};
    struct buffer out;
    buffer_init(&out, 0);
    ExecStatusType status = PQresultStatus(result);
    rows.ok = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!rows.ok) {
        const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE), *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        snprintf(rows.sqlstate, sizeof rows.sqlstate, "%s", sqlstate ? sqlstate : "");
        const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
        buffer_append_text(&out, message ? message : PQresultErrorMessage(result));
        if (detail && strcmp(rows.sqlstate, "42804") == 0) buffer_printf(&out, " %s", detail);
    }
    rows.row_count = PQntuples(result);
    rows.column_count = PQnfields(result);
    for (int i = 0; i < rows.column_count && i < 64; i++) rows.types[i] = PQftype(result, i);
    for (int r = 0; rows.ok && r < rows.row_count; r++) {
        if (r) buffer_u8(&out, '\n');
        for (int c = 0; c < rows.column_count; c++) {
            if (c) buffer_u8(&out, '|');
            buffer_append_text(&out, PQgetisnull(result, r, c) ? "NULL" : PQgetvalue(result, r, c));
        }
    }
    buffer_u8(&out, 0);
    rows.text = strdup((const char *)buffer_view(&out).data);
    buffer_release(&out);
    PQclear(result);
    return rows;
}

struct rows target_run(PGconn *target, const char *text, int parameters, const char *value)
{
    enum { MOST = 500 };
    const char *values[MOST];
    for (int i = 0; i < parameters && i < MOST; i++) values[i] = value;
    return rows_of(PQexecParams(target, text, parameters < MOST ? parameters : MOST, NULL, values, NULL, NULL, 0));
}

bool target_script(PGconn *target, const char *text)
{
    PGresult *result = PQexec(target, text);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!good) fprintf(stderr, "target: %sin: %.300s\n", PQresultErrorMessage(result), text);
    PQclear(result);
    return good;
}

static void upper(char *to, size_t size, const char *name)
{
    bool mixed = false;
    for (const char *at = name; *at; at++) mixed |= *at >= 'A' && *at <= 'Z';
    snprintf(to, size, "%s", name);
    for (char *at = to; *at && !mixed; at++)
        if (*at >= 'a' && *at <= 'z') *at = (char)(*at - 32);
}

struct type_row {
    const char *name;
    enum sql_type type;
};
static const struct type_row types[] = {
    {"numeric", SQL_NUMBER},  {"int2", SQL_INTEGER},         {"int4", SQL_INTEGER},
    {"int8", SQL_INTEGER},    {"float4", SQL_BINARY_FLOAT},  {"float8", SQL_BINARY_DOUBLE},
    {"varchar", SQL_VARCHAR}, {"bpchar", SQL_CHAR},          {"text", SQL_CLOB},
    {"bytea", SQL_RAW},       {"timestamp", SQL_TIMESTAMP},  {"timestamptz", SQL_TIMESTAMP_TZ},
    {"date", SQL_DATE},       {"interval", SQL_INTERVAL_DS}, {"bool", SQL_INTEGER}, /* what people make of NUMBER(1) */
};

static void take_column(struct sql_table *table, const PGresult *result, int row)
{
    struct sql_column column = {0};
    const char *type = PQgetvalue(result, row, 2);
    int modifier = atoi(PQgetvalue(result, row, 3));
    upper(column.name, sizeof column.name, PQgetvalue(result, row, 1));
    snprintf(column.target, sizeof column.target, "%.128s", PQgetvalue(result, row, 1));
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, type) == 0) column.type = types[i].type;
    if (column.type == SQL_TIMESTAMP && modifier == 0) column.type = SQL_DATE;
    if (column.type == SQL_TIMESTAMP) column.scale = modifier < 0 ? 6 : modifier;
    if (column.type == SQL_INTEGER)
        column.precision = strcmp(type, "bool") == 0 ? 1 : strcmp(type, "int2") == 0 ? 4 : strcmp(type, "int4") == 0 ? 9 : 18;
    if (column.type == SQL_NUMBER && modifier > 4) {
        column.precision = (modifier - 4) >> 16;
        column.scale = (modifier - 4) & 0x7ff;
    }
    if ((column.type == SQL_VARCHAR || column.type == SQL_CHAR) && modifier > 4) column.length = modifier - 4;
    column.nullable = strcmp(PQgetvalue(result, row, 4), "f") == 0;
    column.target_type = (uint32_t)strtoul(PQgetvalue(result, row, 5), NULL, 10);
    sql_catalog_add_column(table, &column);
}

static void take_key(struct sql_table *table, const char *name, const char *primary, char *columns)
{
    struct sql_key key = {.primary = *primary == 't'};
    upper(key.name, sizeof key.name, name);
    for (char *at = strtok(columns, " "); at && key.column_count < 32; at = strtok(NULL, " "))
        key.columns[key.column_count++] = (uint16_t)(atoi(at) - 1);
    sql_catalog_add_key(table, &key);
}

struct sql_catalog *target_catalog(PGconn *target)
{
    struct sql_catalog *catalog = sql_catalog_new();
    PGresult *result = PQexec(target, "SELECT c.relname, a.attname, t.typname, a.atttypmod, a.attnotnull, a.atttypid FROM pg_class c JOIN "
                                      "pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
                                      "JOIN pg_type t ON t.oid = a.atttypid WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN "
                                      "('r', 'v') AND NOT a.attisdropped ORDER BY c.relname, a.attnum");
    PGresult *keys = PQexec(
        target, "SELECT c.relname, k.relname, i.indisprimary, i.indkey FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class "
                "k ON k.oid = i.indexrelid "
                "WHERE i.indisunique AND i.indexprs IS NULL AND c.relnamespace = 'public'::regnamespace ORDER BY i.indisprimary DESC");
    struct sql_table *table = NULL;
    for (int row = 0; row < PQntuples(result); row++) {
        const char *name = PQgetvalue(result, row, 0);
        if (row == 0 || strcmp(name, PQgetvalue(result, row - 1, 0)) != 0) {
            char source[129];
            upper(source, sizeof source, name);
            table = sql_catalog_add_table(catalog, "APP", source);
            snprintf(table->target_schema, sizeof table->target_schema, "public");
            snprintf(table->target, sizeof table->target, "%.128s", name);
        }
        take_column(table, result, row);
        bool last = row + 1 == PQntuples(result) || strcmp(name, PQgetvalue(result, row + 1, 0)) != 0;
        for (int k = 0; last && k < PQntuples(keys); k++)
            if (strcmp(PQgetvalue(keys, k, 0), name) == 0)
                take_key(table, PQgetvalue(keys, k, 1), PQgetvalue(keys, k, 2), PQgetvalue(keys, k, 3));
    }
    PQclear(result);
    result = PQexec(target, "SELECT sequencename, increment_by FROM pg_sequences WHERE schemaname = 'public'");
    for (int row = 0; row < PQntuples(result); row++) {
        struct sql_sequence sequence = {.schema = "APP", .target_schema = "public", .increment = atoll(PQgetvalue(result, row, 1))};
        upper(sequence.name, sizeof sequence.name, PQgetvalue(result, row, 0));
        snprintf(sequence.target, sizeof sequence.target, "%.128s", PQgetvalue(result, row, 0));
        sql_catalog_add_sequence(catalog, &sequence);
    }
    PQclear(result);
    PQclear(keys);
    sql_catalog_freeze(catalog, 1);
    return catalog;
}
