/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the source's tables: primary, unique (constraints and indexes), foreign with their cascades. */
#include "engine/dictionary_private.h"

#include "base/memory.h"
#include <stdio.h>

enum { KEY_COLUMNS_MAX = 32 };

struct dictionary_key {
    char name[129], table[129], parent[129]; /* parent: name of the constraint that a foreign key refers to */
    char kind;                               /* P, U, R; I: unique index */
    bool cascades, broken;                   /* broken: a column that the catalog does not have, or too many */
    uint16_t columns[KEY_COLUMNS_MAX], column_count;
};

static struct dictionary_key *key_named(struct dictionary_load *load, const char *name, char kind)
{
    char full[140];
    snprintf(full, sizeof full, "%c%s", kind == 'I' ? 'I' : 'C', name);
    return map_get(&load->keys, view_text(full));
}

static struct dictionary_key *key_add(struct dictionary_load *load, const char *name, char kind)
{
    char full[140];
    struct dictionary_key *key = arena_zero(&load->arena, sizeof *key);
    snprintf(full, sizeof full, "%c%s", kind == 'I' ? 'I' : 'C', name);
    snprintf(key->name, sizeof key->name, "%s", name);
    key->kind = kind;
    map_put(&load->keys, view_text(full), key);
    return key;
}

/* CONSTRAINT_NAME, CONSTRAINT_TYPE, TABLE_NAME, R_CONSTRAINT_NAME, DELETE_RULE */
static bool take_constraint(void *context, const struct value *values, uint32_t count)
{
    char name[129], kind[4], rule[20];
    if (count < 5) return true;
    dictionary_text(&values[0], name, sizeof name);
    dictionary_text(&values[1], kind, sizeof kind);
    dictionary_text(&values[4], rule, sizeof rule);
    struct dictionary_key *key = key_add(context, name, kind[0]);
    dictionary_text(&values[2], key->table, sizeof key->table);
    dictionary_text(&values[3], key->parent, sizeof key->parent);
    key->cascades = strcmp(rule, "CASCADE") == 0 || strcmp(rule, "SET NULL") == 0;
    return true;
}

static void add_column(struct dictionary_load *load, struct dictionary_key *key, const char *name)
{
    const struct sql_table *table = map_get(&load->tables, view_text(key->table));
    for (uint32_t i = 0; table && i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) != 0) continue;
        if (key->column_count < KEY_COLUMNS_MAX)
            key->columns[key->column_count++] = (uint16_t)i;
        else
            key->broken = true;
        return;
    }
    key->broken = true;
}

static bool take_key_column(void *context, const struct value *values, uint32_t count)
{
    char name[129], column[129];
    if (count < 2) return true;
    dictionary_text(&values[0], name, sizeof name);
    dictionary_text(&values[1], column, sizeof column);
    struct dictionary_key *key = key_named(context, name, 'C');
    if (key) add_column(context, key, column);
    return true;
}

static bool take_unique_index(void *context, const struct value *values, uint32_t count)
{
    char name[129];
    if (count < 2) return true;
    dictionary_text(&values[0], name, sizeof name);
    struct dictionary_key *key = key_add(context, name, 'I');
    dictionary_text(&values[1], key->table, sizeof key->table);
    return true;
}

static bool take_index_column(void *context, const struct value *values, uint32_t count)
{
    char name[129], column[129];
    if (count < 2) return true;
    dictionary_text(&values[0], name, sizeof name);
    dictionary_text(&values[1], column, sizeof column);
    struct dictionary_key *key = key_named(context, name, 'I');
    if (key) add_column(context, key, column);
    return true;
}

static bool same_columns(const struct sql_key *a, const struct dictionary_key *b)
{
    return a->column_count == b->column_count && memcmp(a->columns, b->columns, sizeof *a->columns * a->column_count) == 0;
}

static void put_key(struct sql_table *table, const struct dictionary_key *key)
{
    for (uint32_t i = 0; i < table->key_count; i++)
        if (same_columns(&table->keys[i], key)) return; /* a constraint's own index */
    struct sql_key out = {.primary = key->kind == 'P', .column_count = key->column_count};
    snprintf(out.name, sizeof out.name, "%s", key->name);
    memcpy(out.columns, key->columns, sizeof *out.columns * key->column_count);
    sql_catalog_add_key(table, &out);
}

static void put_foreign_key(struct dictionary_load *load, struct sql_table *table, const struct dictionary_key *key)
{
    const struct dictionary_key *parent = key_named(load, key->parent, 'C');
    if (!parent) return; /* of another schema */
    struct sql_foreign_key out = {.cascades = key->cascades, .column_count = key->column_count};
    snprintf(out.name, sizeof out.name, "%s", key->name);
    snprintf(out.table, sizeof out.table, "%s", parent->table);
    memcpy(out.columns, key->columns, sizeof *out.columns * key->column_count);
    sql_catalog_add_foreign_key(table, &out);
    struct sql_table *parent_table = map_get(&load->tables, view_text(parent->table));
    if (key->cascades && parent_table) dictionary_fact_set(parent_table, TABLE_CASCADES);
}

static void put_keys(struct dictionary_load *load)
{
    static const char order[] = "PUIR"; /* constraints before indexes, so that a key has its constraint's name */
    for (const char *kind = order; *kind; kind++) {
        void *value;
        for (uint32_t at = 0; map_next(&load->keys, &at, NULL, &value);) {
            const struct dictionary_key *key = value;
            struct sql_table *table = map_get(&load->tables, view_text(key->table));
            if (key->kind != *kind || !table || key->broken || key->column_count == 0) continue;
            if (*kind == 'R')
                put_foreign_key(load, table, key);
            else
                put_key(table, key);
        }
    }
}

bool dictionary_read_keys(struct dictionary_load *load)
{
    static const char constraints[] =
        "SELECT CONSTRAINT_NAME, CONSTRAINT_TYPE, TABLE_NAME, R_CONSTRAINT_NAME, DELETE_RULE FROM ALL_CONSTRAINTS "
        "WHERE OWNER = :1 AND CONSTRAINT_TYPE IN ('P', 'U', 'R') AND STATUS = 'ENABLED' ORDER BY TABLE_NAME, CONSTRAINT_NAME";
    static const char columns[] =
        "SELECT CONSTRAINT_NAME, COLUMN_NAME FROM ALL_CONS_COLUMNS WHERE OWNER = :1 ORDER BY CONSTRAINT_NAME, POSITION";
    static const char indexes[] =
        "SELECT INDEX_NAME, TABLE_NAME FROM ALL_INDEXES WHERE OWNER = :1 AND UNIQUENESS = 'UNIQUE' ORDER BY TABLE_NAME, INDEX_NAME";
    static const char index_columns[] =
        "SELECT INDEX_NAME, COLUMN_NAME FROM ALL_IND_COLUMNS WHERE INDEX_OWNER = :1 ORDER BY INDEX_NAME, COLUMN_POSITION";
    bool known;
    if (!dictionary_query(load, constraints, load->schema, take_constraint) ||
        !dictionary_query(load, columns, load->schema, take_key_column) ||
        !dictionary_query_if_known(load, indexes, load->schema, take_unique_index, &known))
        return false;
    if (known && !dictionary_query_if_known(load, index_columns, load->schema, take_index_column, &known)) return false;
    put_keys(load);
    return true;
}
