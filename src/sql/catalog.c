/* SPDX-License-Identifier: Apache-2.0 */
/* Catalog: tables, sequences, synonyms and functions by name; open addressing over one array of entries, made at freeze. */
#include "sql/catalog.h"
#include "base/memory.h"
#include <stdio.h>

enum entry_kind { ENTRY_TABLE, ENTRY_SEQUENCE, ENTRY_SYNONYM, ENTRY_FUNCTION, ENTRY_PROCEDURE };
struct entry {
    enum entry_kind kind;
    char schema[129], name[129];
    char to_schema[129], to_name[129]; /* synonyms */
    struct sql_table *table;
    struct sql_sequence *sequence;
};

struct sql_catalog {
    struct entry **entries;
    uint32_t entry_count, entry_room;
    uint32_t *slots; /* index + 1 into entries; 0: free */
    uint32_t slot_mask;
    struct sql_table **tables;
    uint32_t table_count, table_room;
    struct sql_sequence **sequences;
    uint32_t sequence_count, sequence_room;
    uint64_t version;
    bool frozen;
};

static void *room_for(void *list, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room) return list;
    *room = *room ? *room * 2 : 8;
    return memory_resize(list, size * *room);
}

static void copy_name(char out[129], const char *name)
{
    snprintf(out, 129, "%s", name ? name : "");
}

static void fold_name(char out[129], const char *name)
{
    bool mixed = false;
    for (const char *c = name; *c; c++) mixed |= *c >= 'a' && *c <= 'z';
    copy_name(out, name);
    for (char *c = out; !mixed && *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 32);
}

struct sql_catalog *sql_catalog_new(void)
{
    return memory_zero(1, sizeof(struct sql_catalog));
}

void sql_catalog_free(struct sql_catalog *catalog)
{
    if (!catalog) return;
    for (uint32_t i = 0; i < catalog->table_count; i++) {
        memory_free(catalog->tables[i]->columns);
        memory_free(catalog->tables[i]->keys);
        memory_free(catalog->tables[i]->foreign_keys);
        memory_free(catalog->tables[i]);
    }
    for (uint32_t i = 0; i < catalog->sequence_count; i++) memory_free(catalog->sequences[i]);
    for (uint32_t i = 0; i < catalog->entry_count; i++) memory_free(catalog->entries[i]);
    memory_free(catalog->tables);
    memory_free(catalog->sequences);
    memory_free(catalog->entries);
    memory_free(catalog->slots);
    memory_free(catalog);
}

static struct entry *add_entry(struct sql_catalog *catalog, enum entry_kind kind, const char *schema, const char *name)
{
    CHECK(!catalog->frozen);
    struct entry *entry = memory_zero(1, sizeof *entry);
    entry->kind = kind;
    copy_name(entry->schema, schema);
    copy_name(entry->name, name);
    catalog->entries = room_for(catalog->entries, catalog->entry_count, &catalog->entry_room, sizeof *catalog->entries);
    catalog->entries[catalog->entry_count++] = entry;
    return entry;
}

struct sql_table *sql_catalog_add_table(struct sql_catalog *catalog, const char *schema, const char *name)
{
    struct entry *entry = add_entry(catalog, ENTRY_TABLE, schema, name);
    struct sql_table *table = memory_zero(1, sizeof *table);
    copy_name(table->schema, schema);
    copy_name(table->name, name);
    entry->table = table;
    table->id = catalog->table_count;
    catalog->tables = room_for(catalog->tables, catalog->table_count, &catalog->table_room, sizeof *catalog->tables);
    catalog->tables[catalog->table_count++] = table;
    return table;
}

/* Lists inside a table grow by doubling: their room is the next power of two of their count. */
static void *grow_list(void *list, uint32_t count, size_t size)
{
    if (count != 0 && (count & (count - 1)) != 0) return list;
    return memory_resize(list, size * (count ? count * 2 : 1));
}

struct sql_column *sql_catalog_add_column(struct sql_table *table, const struct sql_column *column)
{
    table->columns = grow_list(table->columns, table->column_count, sizeof *column);
    struct sql_column *added = &table->columns[table->column_count++];
    *added = *column;
    return added;
}

struct sql_key *sql_catalog_add_key(struct sql_table *table, const struct sql_key *key)
{
    table->keys = grow_list(table->keys, table->key_count, sizeof *key);
    struct sql_key *added = &table->keys[table->key_count++];
    *added = *key;
    return added;
}

struct sql_foreign_key *sql_catalog_add_foreign_key(struct sql_table *table, const struct sql_foreign_key *key)
{
    table->foreign_keys = grow_list(table->foreign_keys, table->foreign_key_count, sizeof *key);
    struct sql_foreign_key *added = &table->foreign_keys[table->foreign_key_count++];
    *added = *key;
    return added;
}

void sql_catalog_add_sequence(struct sql_catalog *catalog, const struct sql_sequence *sequence)
{
    struct entry *entry = add_entry(catalog, ENTRY_SEQUENCE, sequence->schema, sequence->name);
    entry->sequence = memory_copy(sequence, sizeof *sequence);
    catalog->sequences = room_for(catalog->sequences, catalog->sequence_count, &catalog->sequence_room, sizeof *catalog->sequences);
    catalog->sequences[catalog->sequence_count++] = entry->sequence;
}

void sql_catalog_add_synonym(struct sql_catalog *catalog, const char *schema, const char *name, const char *to_schema, const char *to_name)
{
    struct entry *entry = add_entry(catalog, ENTRY_SYNONYM, schema, name);
    copy_name(entry->to_schema, to_schema);
    copy_name(entry->to_name, to_name);
}

void sql_catalog_add_function(struct sql_catalog *catalog, const char *schema, const char *name)
{
    add_entry(catalog, ENTRY_FUNCTION, schema, name);
}

void sql_catalog_add_procedure(struct sql_catalog *catalog, const char *schema, const char *name)
{
    add_entry(catalog, ENTRY_PROCEDURE, schema, name);
}

static uint64_t hash_name(const char *schema, const char *name)
{
    uint64_t a = view_hash(view_text(schema)), b = view_hash(view_text(name));
    return a * 31 + b;
}

static int rank_of_key(const struct sql_table *table, const struct sql_key *key)
{
    if (key->primary) return 0;
    for (uint16_t i = 0; i < key->column_count; i++)
        if (key->columns[i] >= table->column_count || table->columns[key->columns[i]].nullable) return 2;
    return 1;
}

static void finish_table(struct sql_table *table)
{
    if (!table->target[0]) fold_name(table->target, table->name);
    if (!table->target_schema[0]) fold_name(table->target_schema, table->schema);
    for (uint32_t i = 0; i < table->column_count; i++)
        if (!table->columns[i].target[0]) fold_name(table->columns[i].target, table->columns[i].name);
    for (uint32_t i = 1; i < table->key_count; i++) { /* insertion sort: few keys, and equal ranks keep their order */
        struct sql_key key = table->keys[i];
        uint32_t at = i;
        for (; at > 0 && rank_of_key(table, &table->keys[at - 1]) > rank_of_key(table, &key); at--) table->keys[at] = table->keys[at - 1];
        table->keys[at] = key;
    }
}

void sql_catalog_freeze(struct sql_catalog *catalog, uint64_t version)
{
    uint32_t slots = 16;
    while (slots < catalog->entry_count * 2) slots *= 2;
    catalog->slots = memory_zero(slots, sizeof *catalog->slots);
    catalog->slot_mask = slots - 1;
    for (uint32_t i = 0; i < catalog->entry_count; i++) {
        uint64_t at = hash_name(catalog->entries[i]->schema, catalog->entries[i]->name) & catalog->slot_mask;
        while (catalog->slots[at]) at = (at + 1) & catalog->slot_mask;
        catalog->slots[at] = i + 1;
    }
    for (uint32_t i = 0; i < catalog->table_count; i++) finish_table(catalog->tables[i]);
    for (uint32_t i = 0; i < catalog->sequence_count; i++) {
        struct sql_sequence *s = catalog->sequences[i];
        if (!s->target[0]) fold_name(s->target, s->name);
        if (!s->target_schema[0]) fold_name(s->target_schema, s->schema);
    }
    catalog->version = version;
    catalog->frozen = true;
}

static const struct entry *find(const struct sql_catalog *catalog, unsigned kinds, const char *schema, const char *name)
{
    if (!catalog->slots) return NULL;
    uint64_t at = hash_name(schema, name) & catalog->slot_mask;
    for (; catalog->slots[at]; at = (at + 1) & catalog->slot_mask) {
        const struct entry *entry = catalog->entries[catalog->slots[at] - 1];
        if ((kinds >> entry->kind & 1) && !strcmp(entry->name, name) && !strcmp(entry->schema, schema)) return entry;
    }
    return NULL;
}

/* Own schema, then its synonyms, then public ones; synonyms may name synonyms. */
static const struct entry *resolve(const struct sql_catalog *catalog, unsigned kind, const char *current_schema, const char *schema,
                                   const char *name)
{
    unsigned kinds = 1u << kind | 1u << ENTRY_SYNONYM;
    const char *in = schema ? schema : current_schema ? current_schema : "";
    for (int hops = 0; hops < 8; hops++) {
        const struct entry *entry = find(catalog, kinds, in, name);
        if (!entry && (!schema || hops > 0 || !strcmp(in, "PUBLIC"))) entry = find(catalog, kinds, "", name);
        if (!entry || entry->kind == kind) return entry;
        in = entry->to_schema;
        name = entry->to_name;
    }
    return NULL;
}

const struct sql_table *sql_catalog_table(const struct sql_catalog *catalog, const char *current_schema, const char *schema,
                                          const char *name)
{
    const struct entry *entry = resolve(catalog, ENTRY_TABLE, current_schema, schema, name);
    return entry ? entry->table : NULL;
}

const struct sql_sequence *sql_catalog_sequence(const struct sql_catalog *catalog, const char *current_schema, const char *schema,
                                                const char *name)
{
    const struct entry *entry = resolve(catalog, ENTRY_SEQUENCE, current_schema, schema, name);
    return entry ? entry->sequence : NULL;
}

bool sql_catalog_function(const struct sql_catalog *catalog, const char *current_schema, const char *schema, const char *name)
{
    return resolve(catalog, ENTRY_FUNCTION, current_schema, schema, name) != NULL;
}

bool sql_catalog_procedure(const struct sql_catalog *catalog, const char *current_schema, const char *schema, const char *name)
{
    return resolve(catalog, ENTRY_PROCEDURE, current_schema, schema, name) != NULL;
}

uint64_t sql_catalog_version(const struct sql_catalog *catalog)
{
    return catalog->version;
}

const struct sql_column *sql_table_column(const struct sql_table *table, const char *name)
{
    for (uint32_t i = 0; i < table->column_count; i++)
        if (!strcmp(table->columns[i].name, name)) return &table->columns[i];
    return NULL;
}

const struct sql_key *sql_table_primary_key(const struct sql_table *table)
{
    return table->key_count > 0 && rank_of_key(table, &table->keys[0]) < 2 ? &table->keys[0] : NULL;
}

uint32_t sql_catalog_table_count(const struct sql_catalog *catalog)
{
    return catalog->table_count;
}
const struct sql_table *sql_catalog_table_at(const struct sql_catalog *catalog, uint32_t index)
{
    return index < catalog->table_count ? catalog->tables[index] : NULL;
}
uint32_t sql_catalog_sequence_count(const struct sql_catalog *catalog)
{
    return catalog->sequence_count;
}
const struct sql_sequence *sql_catalog_sequence_at(const struct sql_catalog *catalog, uint32_t index)
{
    return index < catalog->sequence_count ? catalog->sequences[index] : NULL;
}
