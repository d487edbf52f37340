/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the source's data dictionary into a catalog: tables, columns, sequences, synonyms, functions. */
#include "engine/dictionary_private.h"

#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

/* ---- queries ---- */

void dictionary_text(const struct value *value, char *out, size_t size)
{
    out[0] = 0;
    if (value->type == VALUE_TEXT) snprintf(out, size, VIEW_FORMAT, VIEW_ARGUMENTS(value->bytes));
}

long dictionary_number(const struct value *value, long otherwise)
{
    int64_t number;
    if (value->type == VALUE_NUMBER && number_to_i64(value->bytes, &number)) return (long)number;
    if (value->type == VALUE_TEXT && view_to_i64(view_trim(value->bytes), &number)) return (long)number;
    return otherwise;
}

static bool query(struct dictionary_load *load, const char *text, const char *bind, source_row *row)
{
    struct value value = bind ? value_text(view_text(bind)) : value_null();
    error_clear(load->error);
    return source_run(load->source, text, &value, bind ? 1 : 0, 1, 500, row, load, NULL, load->error) && !load->failed;
}

bool dictionary_query(struct dictionary_load *load, const char *text, const char *bind, source_row *row)
{
    return query(load, text, bind, row) || error_prefix(load->error, "the source's dictionary (%.60s ..)", text);
}

bool dictionary_query_if_known(struct dictionary_load *load, const char *text, const char *bind, source_row *row, bool *known)
{
    *known = true;
    if (query(load, text, bind, row)) return true;
    int number = load->error->code == ERROR_SOURCE ? load->error->native : 0;
    *known = number != 942 && number != 904;
    if (*known) return error_prefix(load->error, "the source's dictionary (%.60s ..)", text);
    error_clear(load->error);
    return true;
}

/* ---- types ---- */

static enum sql_type dictionary_type(const char *data_type, bool has_scale, int scale)
{
    static const struct {
        const char *name;
        enum sql_type type;
    } types[] = {
        {"VARCHAR2", SQL_VARCHAR},
        {"VARCHAR", SQL_VARCHAR},
        {"CHAR", SQL_CHAR},
        {"NVARCHAR2", SQL_NVARCHAR},
        {"NCHAR", SQL_NCHAR},
        {"CLOB", SQL_CLOB},
        {"NCLOB", SQL_NCLOB},
        {"BLOB", SQL_BLOB},
        {"RAW", SQL_RAW},
        {"LONG", SQL_LONG},
        {"LONG RAW", SQL_LONG_RAW},
        {"DATE", SQL_DATE},
        {"FLOAT", SQL_FLOAT},
        {"BINARY_FLOAT", SQL_BINARY_FLOAT},
        {"BINARY_DOUBLE", SQL_BINARY_DOUBLE},
        {"ROWID", SQL_ROWID},
        {"UROWID", SQL_ROWID},
        {"BOOLEAN", SQL_BOOLEAN},
        {"XMLTYPE", SQL_XML},
        {"JSON", SQL_JSON},
        {"BFILE", SQL_BFILE},
        {"REF CURSOR", SQL_CURSOR},
        {"INTEGER", SQL_INTEGER},
    };
    if (strcmp(data_type, "NUMBER") == 0) return has_scale && scale <= 0 ? SQL_INTEGER : SQL_NUMBER;
    if (strncmp(data_type, "TIMESTAMP", 9) == 0) {
        if (strstr(data_type, "LOCAL TIME ZONE")) return SQL_TIMESTAMP_LTZ;
        return strstr(data_type, "WITH TIME ZONE") ? SQL_TIMESTAMP_TZ : SQL_TIMESTAMP;
    }
    if (strncmp(data_type, "INTERVAL YEAR", 13) == 0) return SQL_INTERVAL_YM;
    if (strncmp(data_type, "INTERVAL DAY", 12) == 0) return SQL_INTERVAL_DS;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(data_type, types[i].name) == 0) return types[i].type;
    return SQL_OBJECT;
}

/* A default that is the same whenever and by whomever the row is inserted: a number, one quoted text, NULL. */
static bool default_is_constant(struct view text)
{
    text = view_trim(text);
    if (text.size == 0 || view_equal_ignoring_case(text, view_text("NULL"))) return true;
    if (text.data[0] == '\'') {
        for (size_t i = 1; i + 1 < text.size; i++) {
            if (text.data[i] != '\'') continue;
            if (text.data[i + 1] != '\'' || i + 2 >= text.size) return false;
            i++;
        }
        return text.size >= 2 && text.data[text.size - 1] == '\'';
    }
    uint8_t number[NUMBER_SIZE_MAX];
    size_t size;
    return number_from_text(text, number, &size, NULL);
}

/* ---- rows of the dictionary ---- */

bool dictionary_is_internal(struct view name)
{
    static const char *const prefixes[] = {"BIN$", "MLOG$_", "RUPD$_", "UNDERSTUDY_", "DR$", "SYS_IOT_", "ISEQ$$_", "MDRT_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (view_starts_with(name, prefixes[i])) return true;
    return false;
}

static bool add_table(struct dictionary_load *load, const char *name, bool view, bool temporary)
{
    if (dictionary_is_internal(view_text(name)) || map_get(&load->tables, view_text(name))) return true;
    if (map_count(&load->tables) >= ENGINE_TABLE_MAX) {
        load->failed = true;
        return error_set(load->error, ERROR_LIMIT, "the schema %s has more than %d tables and views", load->schema, ENGINE_TABLE_MAX);
    }
    struct sql_table *table = sql_catalog_add_table(load->catalog, load->schema, name);
    snprintf(table->target_schema, sizeof table->target_schema, "%s", load->engine->options.target_schema);
    table->view = view;
    table->temporary = temporary;
    map_put(&load->tables, view_text(name), table);
    return true;
}

static bool take_table(void *context, const struct value *values, uint32_t count)
{
    char name[129], temporary[4] = "";
    if (count < 1) return true;
    dictionary_text(&values[0], name, sizeof name);
    if (count > 1) dictionary_text(&values[1], temporary, sizeof temporary);
    return add_table(context, name, false, temporary[0] == 'Y');
}

static bool take_view(void *context, const struct value *values, uint32_t count)
{
    char name[129];
    if (count < 1) return true;
    dictionary_text(&values[0], name, sizeof name);
    return add_table(context, name, true, false);
}

/* TABLE_NAME, COLUMN_NAME, DATA_TYPE, DATA_LENGTH, DATA_PRECISION, DATA_SCALE, NULLABLE, CHAR_LENGTH, DATA_DEFAULT [, VIRTUAL, IDENTITY] */
static bool take_column(void *context, const struct value *values, uint32_t count)
{
    struct dictionary_load *load = context;
    char table_name[129], data_type[129], flag[4];
    if (count < 9) return true;
    dictionary_text(&values[0], table_name, sizeof table_name);
    struct sql_table *table = map_get(&load->tables, view_text(table_name));
    if (!table) return true;
    struct sql_column column = {.nullable = true};
    dictionary_text(&values[1], column.name, sizeof column.name);
    dictionary_text(&values[2], data_type, sizeof data_type);
    long length = dictionary_number(&values[3], 0), characters = dictionary_number(&values[7], 0), scale = dictionary_number(&values[5], 0);
    column.precision = (int)dictionary_number(&values[4], 0);
    column.scale = (int)scale;
    column.type = dictionary_type(data_type, values[5].type != VALUE_NULL, (int)scale);
    column.length = (int)(characters > 0 ? characters : length);
    dictionary_text(&values[6], flag, sizeof flag);
    column.nullable = flag[0] != 'N';
    struct view text = values[8].type == VALUE_TEXT ? view_trim(values[8].bytes) : view_of(NULL, 0);
    column.has_default = text.size > 0 && !view_equal_ignoring_case(text, view_text("NULL"));
    column.default_varies = column.has_default && !default_is_constant(text);
    if (count > 9) {
        dictionary_text(&values[9], flag, sizeof flag);
        column.generated_virtual = flag[0] == 'Y';
    }
    if (count > 10) {
        dictionary_text(&values[10], flag, sizeof flag);
        column.identity = flag[0] == 'Y';
        if (column.identity) column.has_default = column.default_varies = true;
    }
    sql_catalog_add_column(table, &column);
    return true;
}

static bool take_sequence(void *context, const struct value *values, uint32_t count)
{
    struct dictionary_load *load = context;
    if (count < 2) return true;
    struct sql_sequence sequence = {.increment = dictionary_number(&values[1], 1)};
    snprintf(sequence.schema, sizeof sequence.schema, "%s", load->schema);
    snprintf(sequence.target_schema, sizeof sequence.target_schema, "%s", load->engine->options.target_schema);
    dictionary_text(&values[0], sequence.name, sizeof sequence.name);
    if (!dictionary_is_internal(view_text(sequence.name))) sql_catalog_add_sequence(load->catalog, &sequence);
    return true;
}

static bool take_synonym(void *context, const struct value *values, uint32_t count)
{
    struct dictionary_load *load = context;
    char owner[129], name[129], to_owner[129], to_name[129];
    if (count < 4) return true;
    dictionary_text(&values[0], owner, sizeof owner);
    dictionary_text(&values[1], name, sizeof name);
    dictionary_text(&values[2], to_owner, sizeof to_owner);
    dictionary_text(&values[3], to_name, sizeof to_name);
    sql_catalog_add_synonym(load->catalog, strcmp(owner, "PUBLIC") == 0 ? "" : owner, name, to_owner, to_name);
    return true;
}

/* ---- the whole ---- */

static bool read_columns(struct dictionary_load *load)
{
    /* ALL_TAB_COLS tells virtual, hidden and identity columns; where it does not, ALL_TAB_COLUMNS tells the rest. */
    static const char full[] =
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, DATA_LENGTH, DATA_PRECISION, DATA_SCALE, NULLABLE, CHAR_LENGTH, DATA_DEFAULT, "
        "VIRTUAL_COLUMN, IDENTITY_COLUMN FROM ALL_TAB_COLS WHERE OWNER = :1 AND HIDDEN_COLUMN = 'NO' ORDER BY TABLE_NAME, COLUMN_ID";
    static const char plain[] =
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, DATA_LENGTH, DATA_PRECISION, DATA_SCALE, NULLABLE, CHAR_LENGTH, DATA_DEFAULT "
        "FROM ALL_TAB_COLUMNS WHERE OWNER = :1 ORDER BY TABLE_NAME, COLUMN_ID";
    bool known;
    if (!dictionary_query_if_known(load, full, load->schema, take_column, &known)) return false;
    if (known) return true;
    LOG(LOG_WARNING, "dictionary.partial", log_text("missing", "ALL_TAB_COLS: virtual and identity columns are not known"));
    return dictionary_query(load, plain, load->schema, take_column);
}

/* What the source says: tables, columns, keys, triggers, sequences, synonyms. */
static bool dictionary_read_source(struct dictionary_load *load)
{
    static const char synonyms[] = "SELECT OWNER, SYNONYM_NAME, TABLE_OWNER, TABLE_NAME FROM ALL_SYNONYMS WHERE OWNER = :1";
    static const char public_synonyms[] =
        "SELECT OWNER, SYNONYM_NAME, TABLE_OWNER, TABLE_NAME FROM ALL_SYNONYMS WHERE OWNER = 'PUBLIC' AND TABLE_OWNER = :1";
    bool known;
    return dictionary_query(load, "SELECT TABLE_NAME, TEMPORARY FROM ALL_TABLES WHERE OWNER = :1 ORDER BY TABLE_NAME", load->schema,
                            take_table) &&
           dictionary_query(load, "SELECT VIEW_NAME FROM ALL_VIEWS WHERE OWNER = :1 ORDER BY VIEW_NAME", load->schema, take_view) &&
           read_columns(load) && dictionary_read_keys(load) && dictionary_read_triggers(load) &&
           dictionary_query(load, "SELECT SEQUENCE_NAME, INCREMENT_BY FROM ALL_SEQUENCES WHERE SEQUENCE_OWNER = :1", load->schema,
                            take_sequence) &&
           dictionary_query_if_known(load, synonyms, load->schema, take_synonym, &known) &&
           dictionary_query_if_known(load, public_synonyms, load->schema, take_synonym, &known) && dictionary_read_functions(load);
}

struct sql_catalog *dictionary_load(struct engine *engine, struct source *source, struct pg *target, uint64_t version, struct error *error)
{
    struct error ignored;
    struct dictionary_load load = {.engine = engine,
                                   .source = source,
                                   .target = target,
                                   .schema = engine->options.source_schema,
                                   .error = error ? error : &ignored,
                                   .catalog = sql_catalog_new()};
    map_init(&load.tables);
    map_init(&load.keys);
    arena_init(&load.arena, 0);
    bool good = dictionary_read_source(&load);
    if (good && map_count(&load.tables) == 0)
        good =
            error_set(load.error, ERROR_CONFIG, "the schema %s has no tables that %s can see: check source.schema, or grant SELECT on them",
                      load.schema, engine->options.source_user);
    if (good) {
        sql_catalog_freeze(load.catalog, version);
        good = dictionary_match_target(&load);
    }
    LOG(LOG_INFO, "dictionary.loaded", log_text("schema", load.schema), log_u64("tables", map_count(&load.tables)),
        log_boolean("good", good));
    map_release(&load.tables);
    map_release(&load.keys);
    arena_release(&load.arena);
    if (good) return load.catalog;
    sql_catalog_free(load.catalog);
    return NULL;
}
