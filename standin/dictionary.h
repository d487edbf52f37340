/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dictionary: every object as it was declared. A snapshot is immutable and counted; DDL writes the tables of sql/dictionary.sql
 * and then makes a new snapshot. One process owns the dictionary of a MariaDB: a second stand-in on it would not see its changes.
 */
#ifndef STANDIN_DICTIONARY_H
#define STANDIN_DICTIONARY_H

#include "standin/engine.h"
#include "standin/type.h"

struct dictionary_column {
    const char *name;
    struct sql_type type;
    uint32_t position; /* 1-based; 0: hidden */
    bool nullable, hidden, computed;
    enum { COLUMN_PLAIN, COLUMN_IDENTITY_ALWAYS, COLUMN_IDENTITY, COLUMN_IDENTITY_ON_NULL, COLUMN_DEFAULT_ON_NULL } generated;
    const char *default_text;   /* as written; NULL: none */
    const char *default_stored; /* as MariaDB has it */
};

enum dictionary_kind {
    OBJECT_TABLE,
    OBJECT_VIEW,
    OBJECT_SEQUENCE,
    OBJECT_SYNONYM,
    OBJECT_PROCEDURE,
    OBJECT_FUNCTION,
    OBJECT_PACKAGE,
    OBJECT_OTHER,
};

struct dictionary_argument {
    const char *member; /* package member, or the object's own name */
    const char *name;   /* "" for a function's result (position 0) */
    int position;
    bool in, out, defaulted;
    struct sql_type type;
    const char *result; /* KIND_CURSOR: column descriptions, see block_cursor.c; else NULL */
};

struct dictionary_constraint {
    const char *owner, *name, *stored_name; /* stored_name: as MariaDB knows it */
    char type;                              /* P U R C */
    const char *table;
    const char *condition, *referenced_owner, *referenced_name;
    const char **columns;
    uint32_t column_count;
};

struct dictionary_object {
    uint32_t id;
    enum dictionary_kind kind;
    const char *owner, *name, *type_name;
    const char *target_owner, *target_name; /* synonyms */
    const struct dictionary_column *columns;
    uint32_t column_count;
    const struct dictionary_argument *arguments;
    uint32_t argument_count;
    bool has_row_number; /* a table of ours: the hidden column ROWID$ is there */
    bool system;         /* part of the dictionary itself */
};

struct dictionary;       /* a snapshot */
struct dictionary_store; /* where the newest snapshot stands; any thread */

struct dictionary_store *dictionary_store_open(const char *socket_path,
                                               struct error *error) MUST_USE; /* makes the tables when they are missing */
void dictionary_store_close(struct dictionary_store *store);
/* Reads everything again after DDL. */
bool dictionary_store_reload(struct dictionary_store *store, struct error *error) MUST_USE;
uint64_t dictionary_store_version(const struct dictionary_store *store);
const struct dictionary *dictionary_acquire(struct dictionary_store *store);
void dictionary_release(const struct dictionary *dictionary);
uint64_t dictionary_version(const struct dictionary *dictionary);
/* Work on the store's own connection (never inside a client's transaction), one caller at a time. */
struct engine *dictionary_store_lock(struct dictionary_store *store);
void dictionary_store_unlock(struct dictionary_store *store);

/* Exact owner and name; a table, view, sequence, synonym or stored program. */
const struct dictionary_object *dictionary_find(const struct dictionary *dictionary, const char *owner, const char *name);
/* As a name in a statement resolves: schema (or the session's when NULL), synonyms followed, then PUBLIC synonyms and SYS. */
const struct dictionary_object *dictionary_resolve(const struct dictionary *dictionary, const char *schema, const char *owner,
                                                   const char *name);
const struct dictionary_column *dictionary_column_find(const struct dictionary_object *object, const char *name);
const struct dictionary_constraint *dictionary_constraint_find(const struct dictionary *dictionary, const char *owner, const char *name);
/* By the name MariaDB uses ("PRIMARY" with a table, or a key's name). */
const struct dictionary_constraint *dictionary_constraint_stored(const struct dictionary *dictionary, const char *owner, const char *table,
                                                                 const char *stored_name);
/* The constraint of that type on a table: 'P'. NULL: none. */
const struct dictionary_constraint *dictionary_constraint_of(const struct dictionary *dictionary, const char *owner, const char *table,
                                                             char type);
void dictionary_constraints_each(const struct dictionary *dictionary,
                                 void (*visit)(void *context, const struct dictionary_constraint *constraint), void *context);
/* A number for a made-up name (SYS_C.., ISEQ$$_..), not used before. */
uint32_t dictionary_next_number(const struct dictionary *dictionary);
const struct dictionary_object *dictionary_object_by_id(const struct dictionary *dictionary, uint32_t id);

#endif
