/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a dictionary snapshot; only dictionary.c and dictionary_load.c use it. */
#ifndef STANDIN_DICTIONARY_LOAD_H
#define STANDIN_DICTIONARY_LOAD_H

#include "standin/dictionary.h"

#include <stdatomic.h>

struct dictionary {
    struct arena arena;
    atomic_uint references, next_number;
    uint64_t version;
    struct dictionary_object *objects;
    size_t object_count, object_capacity; /* sorted by owner, name */
    struct dictionary_constraint *constraints;
    size_t constraint_count, constraint_capacity;
};

/* Reads the dictionary's tables. One reference is held by the caller. NULL with error: MariaDB failed. */
struct dictionary *dictionary_load(struct engine *engine, struct error *error);

#endif
