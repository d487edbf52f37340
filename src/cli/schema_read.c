/* SPDX-License-Identifier: Apache-2.0 */
/* The source's dictionary as grids of texts, and the catalog that the translator needs of it. */
#include "cli/schema.h"

#include "base/value.h"
#include "engine/dictionary.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct arena *arena;
    struct grid *grid;
    uint32_t room;
};

static char *text_of(struct arena *arena, const struct value *value)
{
    char number[NUMBER_TEXT_MAX];
    if (value->type == VALUE_TEXT) return arena_string(arena, value->bytes);
    if (value->type == VALUE_NUMBER) return arena_string(arena, view_of(number, number_to_text(value->bytes, number)));
    return NULL;
}

/* The object's name is among a row's first cells. */
static bool is_not_theirs(const struct value *values, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < 3; i++)
        if (values[i].type == VALUE_TEXT && dictionary_is_internal(values[i].bytes)) return true;
    return false;
}

static bool take_row(void *context, const struct value *values, uint32_t count)
{
    struct reading *r = context;
    struct grid *grid = r->grid;
    if (is_not_theirs(values, count)) return true;
    grid->columns = count;
    if ((grid->rows + 1) * count > r->room) {
        uint32_t room = r->room ? r->room * 2 : 256 * count;
        char **cells = arena_zero(r->arena, room * sizeof *cells);
        if (r->room) memcpy(cells, grid->cells, r->room * sizeof *cells);
        grid->cells = cells;
        r->room = room;
    }
    for (uint32_t i = 0; i < count; i++) grid->cells[grid->rows * count + i] = text_of(r->arena, &values[i]);
    grid->rows++;
    return true;
}

struct query {
    size_t grid;      /* where in the dictionary */
    bool needed;      /* else: a server without it is none the worse */
    const char *text; /* bind: the owner */
};
#define GRID(name) offsetof(struct schema_dictionary, name)
static const struct query queries[] = {
    {GRID(tables), true, "SELECT TABLE_NAME, TEMPORARY FROM ALL_TABLES WHERE OWNER = :1 ORDER BY TABLE_NAME"},
    {GRID(columns), true,
     "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, DATA_LENGTH, DATA_PRECISION, DATA_SCALE, NULLABLE, CHAR_LENGTH, DATA_DEFAULT, "
     "VIRTUAL_COLUMN, IDENTITY_COLUMN "
     "FROM ALL_TAB_COLS WHERE OWNER = :1 AND HIDDEN_COLUMN = 'NO' ORDER BY TABLE_NAME, COLUMN_ID"},
    {GRID(identities), false, "SELECT TABLE_NAME, COLUMN_NAME, GENERATION_TYPE FROM ALL_TAB_IDENTITY_COLS WHERE OWNER = :1"},
    {GRID(constraints), true,
     "SELECT CONSTRAINT_NAME, CONSTRAINT_TYPE, TABLE_NAME, SEARCH_CONDITION, R_CONSTRAINT_NAME, DELETE_RULE, STATUS, GENERATED FROM "
     "ALL_CONSTRAINTS WHERE OWNER = :1 "
     "ORDER BY TABLE_NAME, CONSTRAINT_TYPE, CONSTRAINT_NAME"},
    {GRID(key_columns), true,
     "SELECT CONSTRAINT_NAME, TABLE_NAME, COLUMN_NAME FROM ALL_CONS_COLUMNS WHERE OWNER = :1 AND POSITION IS NOT NULL ORDER BY "
     "CONSTRAINT_NAME, POSITION"},
    {GRID(indexes), true,
     "SELECT INDEX_NAME, INDEX_TYPE, TABLE_NAME, UNIQUENESS FROM ALL_INDEXES WHERE OWNER = :1 ORDER BY TABLE_NAME, INDEX_NAME"},
    {GRID(index_columns), true,
     "SELECT INDEX_NAME, COLUMN_NAME, DESCEND, COLUMN_POSITION FROM ALL_IND_COLUMNS WHERE INDEX_OWNER = :1 ORDER BY INDEX_NAME, "
     "COLUMN_POSITION"},
    {GRID(index_expressions), false,
     "SELECT INDEX_NAME, COLUMN_EXPRESSION, COLUMN_POSITION FROM ALL_IND_EXPRESSIONS WHERE INDEX_OWNER = :1"},
    {GRID(sequences), true,
     "SELECT SEQUENCE_NAME, MIN_VALUE, MAX_VALUE, INCREMENT_BY, CYCLE_FLAG, CACHE_SIZE, LAST_NUMBER FROM ALL_SEQUENCES WHERE "
     "SEQUENCE_OWNER = :1 ORDER BY SEQUENCE_NAME"},
    {GRID(views), true, "SELECT VIEW_NAME, TEXT FROM ALL_VIEWS WHERE OWNER = :1 ORDER BY VIEW_NAME"},
    {GRID(table_comments), false,
     "SELECT TABLE_NAME, COMMENTS FROM ALL_TAB_COMMENTS WHERE OWNER = :1 AND COMMENTS IS NOT NULL ORDER BY TABLE_NAME"},
    {GRID(column_comments), false,
     "SELECT TABLE_NAME, COLUMN_NAME, COMMENTS FROM ALL_COL_COMMENTS WHERE OWNER = :1 AND COMMENTS IS NOT NULL ORDER BY TABLE_NAME, "
     "COLUMN_NAME"},
    {GRID(others), false,
     "SELECT OBJECT_TYPE, OBJECT_NAME FROM ALL_OBJECTS WHERE OWNER = :1 AND OBJECT_TYPE IN ('PROCEDURE', 'FUNCTION', 'PACKAGE', 'TRIGGER', "
     "'TYPE', 'SYNONYM', "
     "'MATERIALIZED VIEW', 'DATABASE LINK', 'JAVA CLASS', 'QUEUE', 'JOB') ORDER BY OBJECT_TYPE, OBJECT_NAME"},
};

bool schema_read(struct source *source, const char *owner, struct arena *arena, struct schema_dictionary *dictionary, struct error *error)
{
    struct value bind = value_text(view_text(owner));
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        struct reading reading = {.arena = arena, .grid = (struct grid *)((char *)dictionary + queries[i].grid)};
        error_clear(error);
        if (source_run(source, queries[i].text, &bind, 1, 1, 500, take_row, &reading, NULL, error)) continue;
        if (queries[i].needed || error->code == ERROR_SOURCE_LOST)
            return error_prefix(error, "the source's dictionary (%.60s ..)", queries[i].text);
    }
    error_clear(error);
    if (dictionary->tables.rows == 0)
        return error_set(error, ERROR_CONFIG, "the schema %s has no tables that can be seen: check source.schema, or grant SELECT on them",
                         owner);
    return true;
}

struct type_row {
    const char *name;
    enum sql_type type;
};
static const struct type_row types[] = {
    {"BFILE", SQL_BFILE},
    {"BINARY_DOUBLE", SQL_BINARY_DOUBLE},
    {"BINARY_FLOAT", SQL_BINARY_FLOAT},
    {"BLOB", SQL_BLOB},
    {"CHAR", SQL_CHAR},
    {"CLOB", SQL_CLOB},
    {"DATE", SQL_DATE},
    {"FLOAT", SQL_FLOAT},
    {"INTERVAL DAY", SQL_INTERVAL_DS},
    {"INTERVAL YEAR", SQL_INTERVAL_YM},
    {"JSON", SQL_JSON},
    {"LONG RAW", SQL_LONG_RAW},
    {"LONG", SQL_LONG},
    {"NCHAR", SQL_NCHAR},
    {"NCLOB", SQL_NCLOB},
    {"NUMBER", SQL_NUMBER},
    {"NVARCHAR2", SQL_NVARCHAR},
    {"RAW", SQL_RAW},
    {"ROWID", SQL_ROWID},
    {"UROWID", SQL_ROWID},
    {"VARCHAR2", SQL_VARCHAR},
    {"XMLTYPE", SQL_XML},
};

static enum sql_type type_named(const char *name)
{
    if (strncmp(name, "TIMESTAMP", 9) == 0)
        return strstr(name, "LOCAL") ? SQL_TIMESTAMP_LTZ : strstr(name, "ZONE") ? SQL_TIMESTAMP_TZ : SQL_TIMESTAMP;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncmp(name, types[i].name, strlen(types[i].name)) == 0) return types[i].type;
    return SQL_OBJECT;
}

static int number_or(const char *text, int otherwise)
{
    return text ? atoi(text) : otherwise;
}

static void add_column(struct sql_table *table, const struct grid *columns, uint32_t row)
{
    struct sql_column column = {.type = type_named(grid_cell(columns, row, 2)),
                                .precision = number_or(grid_cell(columns, row, 4), 0),
                                .scale = number_or(grid_cell(columns, row, 5), 0)};
    const char *nullable = grid_cell(columns, row, 6), *virtual_ = grid_cell(columns, row, 9), *identity = grid_cell(columns, row, 10);
    snprintf(column.name, sizeof column.name, "%s", grid_cell(columns, row, 1));
    column.length = number_or(grid_cell(columns, row, 7), 0);
    if (column.length == 0) column.length = number_or(grid_cell(columns, row, 3), 0);
    if (column.type == SQL_NUMBER && grid_cell(columns, row, 5) && column.scale == 0) column.type = SQL_INTEGER;
    column.nullable = nullable && *nullable == 'Y';
    column.generated_virtual = virtual_ && *virtual_ == 'Y';
    column.identity = identity && *identity == 'Y';
    sql_catalog_add_column(table, &column);
}

struct sql_catalog *schema_catalog(const struct schema_dictionary *d, const char *owner, const char *target_schema)
{
    struct sql_catalog *catalog = sql_catalog_new();
    struct sql_table *table = NULL;
    for (uint32_t i = 0; i < d->columns.rows; i++) {
        const char *name = grid_cell(&d->columns, i, 0);
        if (!table || strcmp(table->name, name) != 0) {
            table = sql_catalog_add_table(catalog, owner, name);
            snprintf(table->target_schema, sizeof table->target_schema, "%s", target_schema);
            for (uint32_t v = 0; v < d->views.rows; v++) table->view |= strcmp(grid_cell(&d->views, v, 0), name) == 0;
        }
        add_column(table, &d->columns, i);
    }
    for (uint32_t i = 0; i < d->sequences.rows; i++) {
        struct sql_sequence sequence = {.increment = number_or(grid_cell(&d->sequences, i, 3), 1)};
        snprintf(sequence.schema, sizeof sequence.schema, "%s", owner);
        snprintf(sequence.target_schema, sizeof sequence.target_schema, "%s", target_schema);
        snprintf(sequence.name, sizeof sequence.name, "%s", grid_cell(&d->sequences, i, 0));
        sql_catalog_add_sequence(catalog, &sequence);
    }
    sql_catalog_freeze(catalog, 1);
    return catalog;
}
