/* SPDX-License-Identifier: Apache-2.0 */
/* The dictionary: look-ups in a snapshot, and the store that holds the newest one. Loading is in dictionary_load.c. */
#include "standin/dictionary_load.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct dictionary_store {
    pthread_mutex_t lock; /* guards `newest` and counts of its snapshots */
    pthread_mutex_t engine_lock;
    struct engine engine;
    struct dictionary *newest;
    atomic_ullong version;
};

/* The SQL text is part of the program, so that it needs no file beside it. */
__asm__(".section .rodata\n.global standin_dictionary_sql\nstandin_dictionary_sql:\n.incbin \"standin/sql/dictionary.sql\"\n.byte "
        "0\n.previous\n");
extern const char standin_dictionary_sql[];

static bool run_script(struct engine *engine, const char *script, struct error *error)
{
    struct engine_error failed = {0};
    while (script && *script) {
        const char *end = strstr(script, "\n;;\n");
        char *statement = end ? memory_string_of(script, (size_t)(end - script)) : memory_string(script);
        bool good = engine_run(engine, statement, NULL, &failed);
        memory_free(statement);
        if (!good) return error_set(error, ERROR_SOURCE, "dictionary script: %s", failed.text);
        script = end ? end + 4 : NULL;
    }
    return true;
}

struct dictionary_store *dictionary_store_open(const char *socket_path, struct error *error)
{
    struct dictionary_store *store = memory_zero(1, sizeof *store);
    pthread_mutex_init(&store->lock, NULL);
    pthread_mutex_init(&store->engine_lock, NULL);
    if (!engine_connect(&store->engine, socket_path, error) || !run_script(&store->engine, standin_dictionary_sql, error) ||
        !dictionary_store_reload(store, error)) {
        dictionary_store_close(store);
        return NULL;
    }
    return store;
}

void dictionary_store_close(struct dictionary_store *store)
{
    if (!store) return;
    if (store->newest) dictionary_release(store->newest);
    engine_close(&store->engine);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->engine_lock);
    memory_free(store);
}

struct engine *dictionary_store_lock(struct dictionary_store *store)
{
    pthread_mutex_lock(&store->engine_lock);
    /* MariaDB may have been started again; whoever uses the connection notices if it is still not there. */
    if (store->engine.mysql && mysql_ping(store->engine.mysql) != 0) {
        struct engine again;
        struct error ignored;
        if (engine_connect(&again, store->engine.socket, &ignored)) {
            engine_close(&store->engine);
            store->engine = again;
        }
    }
    return &store->engine;
}

void dictionary_store_unlock(struct dictionary_store *store)
{
    pthread_mutex_unlock(&store->engine_lock);
}

bool dictionary_store_reload(struct dictionary_store *store, struct error *error)
{
    struct engine *engine = dictionary_store_lock(store);
    struct dictionary *fresh = dictionary_load(engine, error);
    if (fresh) {
        pthread_mutex_lock(&store->lock);
        struct dictionary *old = store->newest;
        fresh->version = atomic_fetch_add(&store->version, 1) + 1;
        store->newest = fresh;
        pthread_mutex_unlock(&store->lock);
        if (old) dictionary_release(old);
    }
    dictionary_store_unlock(store);
    return fresh != NULL;
}

uint64_t dictionary_store_version(const struct dictionary_store *store)
{
    return atomic_load(&store->version);
}

const struct dictionary *dictionary_acquire(struct dictionary_store *store)
{
    pthread_mutex_lock(&store->lock);
    struct dictionary *dictionary = store->newest;
    atomic_fetch_add(&dictionary->references, 1);
    pthread_mutex_unlock(&store->lock);
    return dictionary;
}

void dictionary_release(const struct dictionary *dictionary)
{
    struct dictionary *mutable = (struct dictionary *)(uintptr_t)dictionary; /* the count is the one part that changes */
    if (atomic_fetch_sub(&mutable->references, 1) != 1) return;
    arena_release(&mutable->arena);
    memory_free(mutable);
}

uint64_t dictionary_version(const struct dictionary *dictionary)
{
    return dictionary->version;
}

/* ---- look-ups ---- */

static int object_order(const char *owner, const char *name, const struct dictionary_object *object)
{
    int order = strcmp(owner, object->owner);
    return order ? order : strcmp(name, object->name);
}

const struct dictionary_object *dictionary_find(const struct dictionary *dictionary, const char *owner, const char *name)
{
    size_t low = 0, high = dictionary->object_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = object_order(owner, name, &dictionary->objects[middle]);
        if (order == 0) return &dictionary->objects[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct dictionary_object *dictionary_resolve(const struct dictionary *dictionary, const char *schema, const char *owner,
                                                   const char *name)
{
    enum { SYNONYM_DEPTH_MAX = 8 };
    const struct dictionary_object *object = dictionary_find(dictionary, owner ? owner : schema, name);
    if (!object && !owner) object = dictionary_find(dictionary, "PUBLIC", name);
    if (!object && !owner) object = dictionary_find(dictionary, "SYS", name);
    for (int depth = 0; object && object->kind == OBJECT_SYNONYM; depth++) {
        if (depth == SYNONYM_DEPTH_MAX) return NULL;
        object = dictionary_find(dictionary, object->target_owner, object->target_name);
    }
    return object;
}

const struct dictionary_column *dictionary_column_find(const struct dictionary_object *object, const char *name)
{
    for (uint32_t i = 0; i < object->column_count; i++) {
        if (strcmp(object->columns[i].name, name) == 0) return &object->columns[i];
    }
    return NULL;
}

const struct dictionary_constraint *dictionary_constraint_find(const struct dictionary *dictionary, const char *owner, const char *name)
{
    for (size_t i = 0; i < dictionary->constraint_count; i++) {
        const struct dictionary_constraint *c = &dictionary->constraints[i];
        if (strcmp(c->name, name) == 0 && strcmp(c->owner, owner) == 0) return c;
    }
    return NULL;
}

const struct dictionary_constraint *dictionary_constraint_stored(const struct dictionary *dictionary, const char *owner, const char *table,
                                                                 const char *stored_name)
{
    for (size_t i = 0; i < dictionary->constraint_count; i++) {
        const struct dictionary_constraint *c = &dictionary->constraints[i];
        if (c->stored_name && strcmp(c->stored_name, stored_name) == 0 && (!table || strcmp(c->table, table) == 0) &&
            strcmp(c->owner, owner) == 0)
            return c;
    }
    return NULL;
}

const struct dictionary_constraint *dictionary_constraint_of(const struct dictionary *dictionary, const char *owner, const char *table,
                                                             char type)
{
    for (size_t i = 0; i < dictionary->constraint_count; i++) {
        const struct dictionary_constraint *c = &dictionary->constraints[i];
        if (c->type == type && strcmp(c->table, table) == 0 && strcmp(c->owner, owner) == 0) return c;
    }
    return NULL;
}

void dictionary_constraints_each(const struct dictionary *dictionary,
                                 void (*visit)(void *context, const struct dictionary_constraint *constraint), void *context)
{
    for (size_t i = 0; i < dictionary->constraint_count; i++) visit(context, &dictionary->constraints[i]);
}

uint32_t dictionary_next_number(const struct dictionary *dictionary)
{
    struct dictionary *mutable = (struct dictionary *)(uintptr_t)dictionary;
    return atomic_fetch_add(&mutable->next_number, 1) + 1;
}

const struct dictionary_object *dictionary_object_by_id(const struct dictionary *dictionary, uint32_t id)
{
    for (size_t i = 0; i < dictionary->object_count; i++) {
        if (dictionary->objects[i].id == id) return &dictionary->objects[i];
    }
    return NULL;
}
