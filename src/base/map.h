/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map: from a key (bytes, or a number) to a pointer. It owns copies of its keys, not what the pointers point to. Iteration is in
 * the order of insertion, whatever the hash. The hash is seeded per process, so that keys chosen by a peer cannot be made to collide.
 * Not bounded: who adds looks at map_count and answers by its own limit. One thread at a time.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/view.h"

struct map_entry;
struct map {
    struct map_entry *entries; /* in order of insertion, with holes */
    uint32_t *slots;           /* hash -> entry */
    uint32_t slot_count;       /* power of two; 0: nothing allocated yet */
    uint32_t entry_end;        /* entries used, holes counted */
    uint32_t entry_room;
    uint32_t count;
};

void map_init(struct map *map);
void map_release(struct map *map); /* frees keys and table; empty and usable again afterwards */
void map_clear(struct map *map);   /* the same, but keeps the table */
static inline uint32_t map_count(const struct map *map)
{
    return map->count;
}

/* A key is at most 2^31 bytes; a value is never NULL. */
void *map_get(const struct map *map, struct view key);        /* NULL: not there */
void *map_put(struct map *map, struct view key, void *value); /* the value that was there before, or NULL */
void *map_remove(struct map *map, struct view key);           /* the value that was there, or NULL */

static inline void *map_get_u64(const struct map *map, uint64_t key)
{
    return map_get(map, view_of(&key, sizeof key));
}
static inline void *map_put_u64(struct map *map, uint64_t key, void *value)
{
    return map_put(map, view_of(&key, sizeof key), value);
}
static inline void *map_remove_u64(struct map *map, uint64_t key)
{
    return map_remove(map, view_of(&key, sizeof key));
}

/* for (uint32_t at = 0; map_next(&map, &at, &key, &value);) ...  Removing is allowed meanwhile, adding is not. key may be NULL. */
bool map_next(const struct map *map, uint32_t *at, struct view *key, void **value);
static inline uint64_t map_key_u64(struct view key)
{
    uint64_t number = 0;
    if (key.size == sizeof number) memcpy(&number, key.data, sizeof number);
    return number;
}

#endif
