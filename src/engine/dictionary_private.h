/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the dictionary's reader, shared by dictionary*.c only. */
#ifndef ENGINE_DICTIONARY_PRIVATE_H
#define ENGINE_DICTIONARY_PRIVATE_H

#include "base/map.h"
#include "engine/dictionary.h"

struct dictionary_key; /* a constraint or unique index while it is gathered */
struct dictionary_load {
    struct engine *engine;
    struct source *source;
    struct pg *target;
    struct sql_catalog *catalog;
    const char *schema;   /* on the source */
    struct map tables;    /* source name -> sql_table */
    struct map keys;      /* constraint name -> dictionary_key, in the dictionary's order */
    struct map functions; /* names of the target's functions, then of its procedures, while they are matched */
    size_t routine;       /* which of the two */
    struct arena arena;
    struct error *error;
    bool failed;
};

static inline unsigned dictionary_fact_set(struct sql_table *table, unsigned facts)
{
    unsigned all = dictionary_facts(table) | facts;
    table->owner = (void *)(uintptr_t)all;
    return all;
}
/* Keys, foreign keys, unique indexes (dictionary_keys.c). */
bool dictionary_read_keys(struct dictionary_load *load) MUST_USE;
/* Triggers, and which of them may write other tables (dictionary_triggers.c). */
bool dictionary_read_triggers(struct dictionary_load *load) MUST_USE;
/* Functions of the source that the target has as well; before the catalog is frozen. */
bool dictionary_read_functions(struct dictionary_load *load) MUST_USE;
/* What the target has of it: names and types; after the catalog was frozen. */
bool dictionary_match_target(struct dictionary_load *load) MUST_USE;

/* One query with one bind (or none: NULL); `row` answers false only when it has failed the load. */
bool dictionary_query(struct dictionary_load *load, const char *text, const char *bind, source_row *row) MUST_USE;
/* The same; what the server does not know (a view or column of another version) is no failure: *known tells. */
bool dictionary_query_if_known(struct dictionary_load *load, const char *text, const char *bind, source_row *row, bool *known) MUST_USE;
void dictionary_text(const struct value *value, char *out, size_t size);
long dictionary_number(const struct value *value, long otherwise);

#endif
