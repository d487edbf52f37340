/* SPDX-License-Identifier: Apache-2.0 */
/* What the mirror reads of the primary: rows by key for images, new rows by ROWID, and the children that a deleted row took with it. */
#include "engine/mirror_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/dictionary.h"

enum { SOURCE_TIMEOUT_MS = 30000 };

bool mirror_source_ready(struct mirror *m)
{
    if (m->source) return true;
    uint64_t now = clock_monotonic_us();
    if (now < m->source_retry_us) return false;
    struct error error;
    m->source = source_open(&m->engine->options, SOURCE_TIMEOUT_MS, &error);
    if (!m->source) {
        mirror_source_failed(m, &error);
        return false;
    }
    m->source_tries = 0;
    atomic_store(&m->engine->source_healthy, true);
    LOG(LOG_INFO, "mirror.source_connected");
    return true;
}

void mirror_source_failed(struct mirror *m, const struct error *error)
{
    /* It is away already: asking for it before its time must not put that off, or it would never come. */
    if (!m->source && clock_monotonic_us() < m->source_retry_us) return;
    engine_count(m->engine, COUNT_SOURCE_ERRORS, 1);
    LOG_RATED(LOG_ERROR, "mirror.source", log_failure(error));
    source_close(m->source);
    m->source = NULL;
    atomic_store(&m->engine->source_healthy, false);
    m->source_retry_us = clock_monotonic_us() + random_backoff_us(&m->random, m->source_tries++, 100000, 2000000);
}

static bool read_keys_of(struct mirror *m, const struct row_map *map, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    struct mirror_key **keys = arena_alloc(&b->arena, sizeof(struct mirror_key *) * (b->keys.count + 1));
    struct row *rows = arena_alloc(&b->arena, sizeof *rows * (b->keys.count + 1));
    uint32_t count = 0;
    for (uint32_t i = 0; i < b->keys.count; i++) {
        struct mirror_key *key = b->keys.list[i];
        if (key->map != map || !key->image || key->read || key->dropped) continue;
        keys[count] = key;
        rows[count++] = (struct row){.key = key->key};
    }
    if (!rows_read_source(m->source, map, rows, count, &b->arena, error)) return false;
    for (uint32_t i = 0; i < count; i++) {
        keys[i]->row = rows[i];
        keys[i]->read = true;
        if (!rows[i].found) continue;
        for (uint32_t c = 0; c < map->column_count; c++)
            if (rows[i].values[c].type == VALUE_UNSUPPORTED) mirror_gap(m, map->table->name, "a row holds a value that cannot be read");
    }
    return true;
}

bool mirror_read_images(struct mirror *m, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    bool any = false;
    if (!mirror_feed_pull(m, error)) return false;
    for (uint32_t i = 0; i < b->keys.count; i++) {
        if (!b->keys.list[i]->image || b->keys.list[i]->read || b->keys.list[i]->dropped) continue;
        any = true;
        if (!read_keys_of(m, b->keys.list[i]->map, error)) return false; /* reads all keys of its table */
    }
    if (any) b->horizon = journal_last_csn(m->engine->journal); /* after the last row came: nothing in the rows has a higher CSN */
    return true;
}

bool mirror_read_rowids(struct mirror *m, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    for (uint32_t i = 0; i < b->rowid_count; i++) {
        const struct row_map *map = b->rowids[i].map;
        if (!map) continue;
        char(*rowids)[19] = arena_alloc(&b->arena, sizeof *rowids * b->rowid_count);
        struct row *rows = arena_alloc(&b->arena, sizeof *rows * b->rowid_count);
        uint32_t count = 0, found = 0;
        uint64_t csn = 0;
        struct fingerprint *fingerprint = NULL;
        const struct mirror_transaction *first = b->rowids[i].transaction;
        for (uint32_t j = i; j < b->rowid_count; j++) {
            if (b->rowids[j].map != map) continue;
            mirror_links_together(b, first, b->rowids[j].transaction); /* rows come in no order: which is whose is not known */
            memcpy(rowids[count++], b->rowids[j].rowid, sizeof *rowids);
            csn = b->rowids[j].csn;
            fingerprint = b->rowids[j].fingerprint;
            b->rowids[j].map = NULL; /* done */
        }
        if (!rows_read_rowids(m->source, map, (const char(*)[19])rowids, count, rows, &found, &b->arena, error)) return false;
        for (uint32_t r = 0; r < found; r++) {
            struct mirror_key *key = mirror_key_add(b, map, rows[r].key);
            mirror_key_image(key); /* read again with the others: one point in time for the horizon */
            mirror_links_key(b, key, first);
            key->takes_unique = true;
            if (key->csn < csn) key->csn = csn;
            if (!key->fingerprint) key->fingerprint = fingerprint;
            watch_touch(m, key);
        }
    }
    return true;
}

/* ---- cascades ---- */

static bool add_children(struct mirror *m, const struct mirror_key *parent, const struct sql_table *child,
                         const struct sql_foreign_key *foreign, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    const struct row_map *map = child->target[0] ? row_map_of(m->maps, child) : NULL;
    if (!map || !map->key || foreign->column_count != parent->map->key->column_count) {
        mirror_gap(m, child->name, "a delete may have cascaded to it, and its rows cannot be named");
        return true;
    }
    struct value *keys = NULL;
    uint32_t count = 0;
    if (!rows_find_keys(m->target, map, foreign->columns, parent->key, foreign->column_count, &b->arena, &keys, &count, error))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct mirror_key *key = mirror_key_add(b, map, &keys[(size_t)i * map->key->column_count]);
        mirror_key_image(key);
        if (key->csn < parent->csn) key->csn = parent->csn;
        watch_touch(m, key);
    }
    return true;
}

static bool may_have_cascaded(const struct mirror_key *key)
{
    return key->image && key->read && (key->deleted || !key->row.found) && (dictionary_facts(key->map->table) & TABLE_CASCADES);
}

bool mirror_may_cascade(const struct mirror *m)
{
    for (uint32_t i = 0; i < m->batch.keys.count; i++)
        if (may_have_cascaded(m->batch.keys.list[i])) return true;
    return false;
}

bool mirror_add_cascades(struct mirror *m, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    for (uint32_t i = 0; i < b->keys.count; i++) { /* grows while we walk: children have children */
        struct mirror_key *key = b->keys.list[i];
        if (key->expanded || !may_have_cascaded(key)) continue;
        key->expanded = true;
        for (uint32_t t = 0; t < m->table_count; t++) {
            const struct sql_table *child = sql_catalog_table_at(m->catalog, t);
            for (uint32_t f = 0; f < child->foreign_key_count; f++)
                if (child->foreign_keys[f].cascades && strcmp(child->foreign_keys[f].table, key->map->table->name) == 0 &&
                    !add_children(m, key, child, &child->foreign_keys[f], error))
                    return false;
        }
        if (!mirror_read_images(m, error)) return false;
    }
    return true;
}
