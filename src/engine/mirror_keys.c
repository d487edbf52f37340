/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a batch, and what is remembered of keys beyond it: how far ahead their rows were read, and when they were last written by whom. */
#include "engine/mirror_private.h"

#include "base/memory.h"

enum { KEY_SLOTS_FIRST = 256, RECENT_SLOTS_FIRST = 1024, RECENT_ROTATE = 8192 };

/* ---- the batch ---- */

void mirror_keys_reset(struct mirror_batch *batch)
{
    memset(&batch->keys, 0, sizeof batch->keys);
}

static uint32_t key_slot(const struct mirror_keys *keys, const struct row_map *map, uint64_t hash, struct view encoded)
{
    uint32_t mask = keys->slot_count - 1, at = (uint32_t)hash & mask;
    for (; keys->slots[at]; at = (at + 1) & mask)
        if (keys->slots[at]->hash == hash && keys->slots[at]->map == map && view_equal(keys->slots[at]->encoded, encoded)) break;
    return at;
}

static void keys_grow(struct mirror_batch *batch)
{
    struct mirror_keys *keys = &batch->keys;
    keys->slot_count = keys->slot_count ? keys->slot_count * 2 : KEY_SLOTS_FIRST;
    keys->slots = arena_zero(&batch->arena, sizeof *keys->slots * keys->slot_count);
    for (uint32_t i = 0; i < keys->count; i++)
        keys->slots[key_slot(keys, keys->list[i]->map, keys->list[i]->hash, keys->list[i]->encoded)] = keys->list[i];
}

struct mirror_key *mirror_key_add(struct mirror_batch *batch, const struct row_map *map, const struct value *normal_key)
{
    struct mirror_keys *keys = &batch->keys;
    struct buffer *bytes = &batch->scratch;
    buffer_clear(bytes);
    for (uint16_t i = 0; i < map->key->column_count; i++) value_encode(bytes, &normal_key[i]);
    uint64_t hash = view_hash(buffer_view(bytes)) ^ ((uint64_t)map->table->id * 0x9E3779B97F4A7C15u);
    if (keys->count * 2 >= keys->slot_count) keys_grow(batch);
    uint32_t at = key_slot(keys, map, hash, buffer_view(bytes));
    struct mirror_key *key = keys->slots[at];
    if (!key) {
        key = arena_zero(&batch->arena, sizeof *key);
        key->map = map;
        key->hash = hash;
        key->encoded = arena_copy(&batch->arena, buffer_view(bytes));
        key->key = arena_alloc(&batch->arena, sizeof *key->key * map->key->column_count);
        for (uint16_t i = 0; i < map->key->column_count; i++) key->key[i] = value_copy(&batch->arena, &normal_key[i]);
        if (keys->count == keys->room) {
            keys->room = keys->room ? keys->room * 2 : 64;
            struct mirror_key **list = arena_alloc(&batch->arena, sizeof *list * keys->room);
            if (keys->count) memcpy(list, keys->list, sizeof *list * keys->count);
            keys->list = list;
        }
        keys->list[keys->count++] = key;
        keys->slots[at] = key;
    }
    return key;
}

void mirror_key_image(struct mirror_key *key)
{
    key->image = true;
}

/* ---- beyond the batch ---- */

static void generation_clear(struct recent_generation *g)
{
    arena_reset(&g->arena);
    memory_free(g->slots);
    g->slots = NULL;
    g->slot_count = g->count = 0;
    g->horizon_max = g->outcome_max = 0;
}

void recent_init(struct mirror *mirror)
{
    for (int i = 0; i < 2; i++) {
        generation_clear(&mirror->recent[i]);
        arena_init(&mirror->recent[i].arena, 0);
    }
}

void recent_release(struct mirror *mirror)
{
    for (int i = 0; i < 2; i++) {
        memory_free(mirror->recent[i].slots);
        arena_release(&mirror->recent[i].arena);
        mirror->recent[i].slots = NULL;
        mirror->recent[i].slot_count = mirror->recent[i].count = 0;
    }
}

static struct recent_entry *generation_slot(const struct recent_generation *g, const struct mirror_key *key)
{
    if (!g->slot_count) return NULL;
    uint32_t mask = g->slot_count - 1, at = (uint32_t)key->hash & mask;
    while (g->slots[at].table &&
           (g->slots[at].hash != key->hash || g->slots[at].table != key->map->table || !view_equal(g->slots[at].encoded, key->encoded)))
        at = (at + 1) & mask;
    return &g->slots[at];
}

static void generation_grow(struct recent_generation *g)
{
    struct recent_entry *old = g->slots;
    uint32_t old_count = g->slot_count;
    g->slot_count = old_count ? old_count * 2 : RECENT_SLOTS_FIRST;
    g->slots = memory_zero(g->slot_count, sizeof *g->slots);
    for (uint32_t i = 0; i < old_count; i++) {
        if (!old[i].table) continue;
        uint32_t at = (uint32_t)old[i].hash & (g->slot_count - 1);
        while (g->slots[at].table) at = (at + 1) & (g->slot_count - 1);
        g->slots[at] = old[i];
    }
    memory_free(old);
}

static void raise(uint64_t *place, uint64_t to)
{
    if (*place < to) *place = to;
}

void recent_find(const struct mirror *mirror, const struct mirror_key *key, struct recent_entry *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < 2; i++) {
        const struct recent_entry *e = generation_slot(&mirror->recent[i], key);
        if (!e || !e->table) continue;
        raise(&out->horizon, e->horizon);
        raise(&out->any_outcome, e->any_outcome);
        raise(&out->auto_outcome, e->auto_outcome);
    }
}

void recent_note(struct mirror *mirror, const struct mirror_key *key, uint64_t horizon, uint64_t outcome, bool auto_commit)
{
    struct recent_generation *g = &mirror->recent[0];
    if (g->count * 2 >= g->slot_count) generation_grow(g);
    struct recent_entry *e = generation_slot(g, key);
    if (!e->table) {
        *e = (struct recent_entry){.hash = key->hash, .table = key->map->table, .encoded = arena_copy(&g->arena, key->encoded)};
        g->count++;
    }
    raise(&e->horizon, horizon);
    raise(&e->any_outcome, outcome);
    if (auto_commit) raise(&e->auto_outcome, outcome);
    raise(&g->horizon_max, horizon);
    raise(&g->outcome_max, outcome);
}

void recent_images(struct mirror *mirror, const struct row_map *map, const struct mirror_transaction *t)
{
    for (int i = 0; i < 2; i++) {
        const struct recent_generation *g = &mirror->recent[i];
        if (g->outcome_max <= t->intent_position) continue;
        for (uint32_t at = 0; at < g->slot_count; at++) {
            const struct recent_entry *e = &g->slots[at];
            struct value key[32];
            if (e->table != map->table || (t->auto_commit ? e->any_outcome : e->auto_outcome) <= t->intent_position) continue;
            if (!rows_decode_key(e->encoded, map, &mirror->batch.arena, key)) continue;
            struct mirror_key *touched = mirror_key_add(&mirror->batch, map, key);
            mirror_key_image(touched);
            mirror_links_key(&mirror->batch, touched, t);
            if (touched->csn < t->csn) touched->csn = t->csn;
            watch_touch(mirror, touched);
        }
    }
}

/* What an older generation says matters to transactions with a CSN at or below its horizons, and to those whose interval overlaps its outcomes:
 * these have their intent before the outcome in the journal, so they have been read, and stand in the list of what is pending. */
void recent_prune(struct mirror *mirror)
{
    struct recent_generation *old = &mirror->recent[1];
    if (mirror->recent[0].count < RECENT_ROTATE && old->count == 0) return;
    uint64_t first_intent = UINT64_MAX;
    uint32_t looked = 0;
    for (const struct mirror_transaction *t = mirror->oldest; t && looked < 1000; t = t->newer, looked++)
        if (t->intent_position && t->intent_position < first_intent) first_intent = t->intent_position;
    bool overlapped = first_intent <= old->outcome_max || looked == 1000;
    if (old->horizon_max > mirror->applied_csn || overlapped) return;
    generation_clear(old);
    if (mirror->recent[0].count < RECENT_ROTATE / 4) return;
    struct recent_generation filled = mirror->recent[0];
    mirror->recent[0] = *old;
    mirror->recent[1] = filled;
}
