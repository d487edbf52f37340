/* SPDX-License-Identifier: Apache-2.0 */
/* Entries stand densely in the order they came; a table of 32-bit slots with linear probing finds them. Short keys live in the entry. */
#include "base/map.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/random.h"

#include <stdatomic.h>
#include <xxhash.h>

enum { KEY_INLINE = 16, SLOTS_FIRST = 16, SLOT_EMPTY = 0, SLOT_REMOVED = 1, SLOT_ENTRY = 2 /* and above: entry number + 2 */ };

struct map_entry {
    uint32_t hash;
    uint32_t key_size;
    union {
        uint8_t bytes[KEY_INLINE];
        uint8_t *pointer;
    } key;
    void *value; /* NULL: a hole */
};

static uint64_t seed(void)
{
    static _Atomic uint64_t process_seed;
    uint64_t value = atomic_load_explicit(&process_seed, memory_order_relaxed);
    if (value) return value;
    uint64_t none = 0;
    value = random_secure_u64() | 1;
    return atomic_compare_exchange_strong(&process_seed, &none, value) ? value : none; /* a lost race: the winner's */
}

static uint32_t hash_of(struct view key)
{
    return (uint32_t)XXH3_64bits_withSeed(key.size ? (const void *)key.data : "", key.size, seed());
}

static struct view key_of(const struct map_entry *entry)
{
    return view_of(entry->key_size <= KEY_INLINE ? entry->key.bytes : entry->key.pointer, entry->key_size);
}

static void key_free(struct map_entry *entry)
{
    if (entry->key_size > KEY_INLINE) memory_free(entry->key.pointer);
}

void map_init(struct map *map)
{
    *map = (struct map){0};
}

static void free_keys(struct map *map)
{
    for (uint32_t i = 0; i < map->entry_end; i++)
        if (map->entries[i].value) key_free(&map->entries[i]);
}

void map_release(struct map *map)
{
    free_keys(map);
    memory_free(map->entries);
    memory_free(map->slots);
    map_init(map);
}

void map_clear(struct map *map)
{
    free_keys(map);
    if (map->slots) memset(map->slots, 0, map->slot_count * sizeof *map->slots);
    map->entry_end = 0;
    map->count = 0;
}

/* The slot of the key, or NULL. */
static uint32_t *find(const struct map *map, struct view key, uint32_t hash)
{
    if (map->count == 0) return NULL;
    uint32_t mask = map->slot_count - 1;
    for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
        uint32_t slot = map->slots[at];
        if (slot == SLOT_EMPTY) return NULL;
        if (slot == SLOT_REMOVED) continue;
        const struct map_entry *entry = &map->entries[slot - SLOT_ENTRY];
        if (entry->hash == hash && view_equal(key_of(entry), key)) return &map->slots[at];
    }
}

static void place(struct map *map, uint32_t entry)
{
    uint32_t mask = map->slot_count - 1;
    uint32_t at = map->entries[entry].hash & mask;
    while (map->slots[at] >= SLOT_ENTRY) at = (at + 1) & mask;
    map->slots[at] = entry + SLOT_ENTRY;
}

/* Closes the holes, and doubles the table unless holes were what filled it. Slots stay at most three quarters full. */
static void rebuild(struct map *map)
{
    uint32_t slot_count = map->slot_count ? map->slot_count : SLOTS_FIRST;
    if (map->count >= slot_count / 2) slot_count *= 2;
    CHECK(slot_count <= 1u << 30);
    uint32_t room = slot_count / 4 * 3;
    struct map_entry *entries = memory_alloc(room * sizeof *entries);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < map->entry_end; i++)
        if (map->entries[i].value) entries[kept++] = map->entries[i];
    memory_free(map->entries);
    memory_free(map->slots);
    map->entries = entries;
    map->entry_end = kept;
    map->entry_room = room;
    map->slots = memory_zero(slot_count, sizeof *map->slots);
    map->slot_count = slot_count;
    for (uint32_t i = 0; i < kept; i++) place(map, i);
}

void *map_get(const struct map *map, struct view key)
{
    uint32_t *slot = find(map, key, hash_of(key));
    return slot ? map->entries[*slot - SLOT_ENTRY].value : NULL;
}

void *map_put(struct map *map, struct view key, void *value)
{
    CHECK(value != NULL && key.size <= INT32_MAX);
    uint32_t hash = hash_of(key);
    uint32_t *slot = find(map, key, hash);
    if (slot) {
        struct map_entry *entry = &map->entries[*slot - SLOT_ENTRY];
        void *before = entry->value;
        entry->value = value;
        return before;
    }
    if (map->entry_end == map->entry_room) rebuild(map);
    struct map_entry *entry = &map->entries[map->entry_end];
    *entry = (struct map_entry){.hash = hash, .key_size = (uint32_t)key.size, .value = value};
    if (key.size > KEY_INLINE)
        entry->key.pointer = memory_copy(key.data, key.size);
    else if (key.size)
        memcpy(entry->key.bytes, key.data, key.size);
    place(map, map->entry_end++);
    map->count++;
    return NULL;
}

void *map_remove(struct map *map, struct view key)
{
    uint32_t *slot = find(map, key, hash_of(key));
    if (!slot) return NULL;
    struct map_entry *entry = &map->entries[*slot - SLOT_ENTRY];
    void *value = entry->value;
    key_free(entry);
    entry->value = NULL;
    *slot = SLOT_REMOVED;
    map->count--;
    return value;
}

bool map_next(const struct map *map, uint32_t *at, struct view *key, void **value)
{
    while (*at < map->entry_end) {
        const struct map_entry *entry = &map->entries[(*at)++];
        if (!entry->value) continue;
        if (key) *key = key_of(entry);
        *value = entry->value;
        return true;
    }
    return false;
}
