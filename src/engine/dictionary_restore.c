/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the catalog back from the state store. The one place of the dictionary that parses JSON. */
#include "engine/dictionary.h"

#include <jansson.h>
#include <stdio.h>

enum { CATALOG_VERSION = 1 };

static void text_into(const json_t *object, const char *name, char out[129])
{
    const char *text = json_string_value(json_object_get(object, name));
    snprintf(out, 129, "%s", text ? text : "");
}

static bool is_set(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static int number(const json_t *object, const char *name)
{
    return (int)json_integer_value(json_object_get(object, name));
}

static enum sql_type type_named(const char *name)
{
    for (int i = 0; name && i < SQL_TYPE_COUNT; i++)
        if (strcmp(sql_type_name((enum sql_type)i), name) == 0) return (enum sql_type)i;
    return SQL_UNKNOWN;
}

/* False: an index that the table does not have. */
static bool read_indexes(const json_t *object, const struct sql_table *table, uint16_t out[32], uint16_t *count)
{
    const json_t *list = json_object_get(object, "columns");
    size_t size = json_array_size(list);
    if (size == 0 || size > 32) return false;
    for (size_t i = 0; i < size; i++) {
        json_int_t at = json_integer_value(json_array_get(list, i));
        if (at < 0 || at >= table->column_count) return false;
        out[i] = (uint16_t)at;
    }
    *count = (uint16_t)size;
    return true;
}

static bool read_keys(const json_t *object, struct sql_table *table)
{
    const json_t *list = json_object_get(object, "keys");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *from = json_array_get(list, i);
        struct sql_key key = {.primary = is_set(from, "primary")};
        text_into(from, "name", key.name);
        if (!read_indexes(from, table, key.columns, &key.column_count)) return false;
        sql_catalog_add_key(table, &key);
    }
    list = json_object_get(object, "foreign_keys");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *from = json_array_get(list, i);
        struct sql_foreign_key key = {.cascades = is_set(from, "cascades")};
        text_into(from, "name", key.name);
        text_into(from, "table", key.table);
        if (!read_indexes(from, table, key.columns, &key.column_count)) return false;
        sql_catalog_add_foreign_key(table, &key);
    }
    return true;
}

static void read_column(const json_t *from, struct sql_table *table)
{
    struct sql_column c = {.precision = number(from, "precision"),
                           .scale = number(from, "scale"),
                           .length = number(from, "length"),
                           .nullable = is_set(from, "nullable"),
                           .has_default = is_set(from, "has_default"),
                           .default_varies = is_set(from, "default_varies"),
                           .identity = is_set(from, "identity"),
                           .generated_virtual = is_set(from, "virtual")};
    c.target_type = (uint32_t)json_integer_value(json_object_get(from, "target_type"));
    c.type = type_named(json_string_value(json_object_get(from, "type")));
    text_into(from, "name", c.name);
    text_into(from, "target", c.target);
    sql_catalog_add_column(table, &c);
}

static bool read_table(const json_t *from, struct sql_catalog *catalog)
{
    char schema[129], name[129];
    text_into(from, "schema", schema);
    text_into(from, "name", name);
    if (!name[0] || sql_catalog_table_count(catalog) >= ENGINE_TABLE_MAX) return false;
    struct sql_table *table = sql_catalog_add_table(catalog, schema, name);
    text_into(from, "target_schema", table->target_schema);
    text_into(from, "target", table->target);
    table->view = is_set(from, "view");
    table->temporary = is_set(from, "temporary");
    table->trigger_insert = is_set(from, "trigger_insert");
    table->trigger_update = is_set(from, "trigger_update");
    table->trigger_delete = is_set(from, "trigger_delete");
    table->owner = (void *)(uintptr_t)(unsigned)number(from, "facts");
    const json_t *columns = json_object_get(from, "columns");
    for (size_t i = 0; i < json_array_size(columns); i++) read_column(json_array_get(columns, i), table);
    return read_keys(from, table);
}

/* Freezing gives a name to what has none: what the target lacks is marked again afterwards. */
static void restore_absent(struct sql_catalog *catalog, const json_t *tables)
{
    for (size_t i = 0; i < json_array_size(tables); i++) {
        const json_t *from = json_array_get(tables, i);
        struct sql_table *table = (struct sql_table *)(uintptr_t)sql_catalog_table_at(catalog, (uint32_t)i);
        text_into(from, "target", table->target);
        const json_t *columns = json_object_get(from, "columns");
        for (size_t c = 0; c < json_array_size(columns) && c < table->column_count; c++)
            text_into(json_array_get(columns, c), "target", table->columns[c].target);
    }
}

static void read_sequences(const json_t *list, struct sql_catalog *catalog)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *from = json_array_get(list, i);
        struct sql_sequence s = {.increment = (int64_t)json_integer_value(json_object_get(from, "increment"))};
        text_into(from, "schema", s.schema);
        text_into(from, "name", s.name);
        text_into(from, "target_schema", s.target_schema);
        text_into(from, "target", s.target);
        if (s.name[0]) sql_catalog_add_sequence(catalog, &s);
    }
}

struct sql_catalog *dictionary_restore(struct engine *engine, uint64_t version, struct error *error)
{
    struct buffer text;
    buffer_init(&text, 0);
    if (!state_get(engine->state, "catalog", &text)) {
        buffer_release(&text);
        error_set(error, ERROR_NOT_FOUND, "the state store has no catalog: it is kept the first time that the source's dictionary is read");
        return NULL;
    }
    json_error_t why;
    struct view bytes = buffer_view(&text);
    json_t *root = json_loadb((const char *)bytes.data, bytes.size, 0, &why);
    const json_t *tables = json_object_get(root, "tables");
    bool good = json_is_array(tables) && number(root, "format") == CATALOG_VERSION;
    struct sql_catalog *catalog = sql_catalog_new();
    for (size_t i = 0; good && i < json_array_size(tables); i++) good = read_table(json_array_get(tables, i), catalog);
    if (good) {
        read_sequences(json_object_get(root, "sequences"), catalog);
        sql_catalog_freeze(catalog, version);
        restore_absent(catalog, tables);
    }
    json_decref(root);
    buffer_release(&text);
    if (good) return catalog;
    sql_catalog_free(catalog);
    error_set(error, ERROR_CORRUPT, "the catalog in the state store cannot be read: read the source's dictionary again");
    return NULL;
}
