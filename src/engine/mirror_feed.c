/* SPDX-License-Identifier: Apache-2.0 */
/* The mirror and the key feed: keys that the reader found different, and the side effects of statements whose tables are not named. */
#include "engine/feed_private.h"
#include "engine/mirror_private.h"

#include "base/log.h"

enum { NAMED_GAPS_MAX = 64 };

/* ---- rows that the feed's reader found different ---- */

struct keys_work {
    struct mirror *mirror;
    const struct sql_table *table;
    struct value *const *keys;
    uint32_t count;
};

static bool write_keys(void *context, struct pg *target, struct error *error)
{
    struct keys_work *w = context;
    struct mirror *m = w->mirror;
    const struct engine_policy *policy = engine_policy(m->engine);
    const struct sql_table *table = mirror_table_here(m, w->table);
    const struct row_map *map = table && table->target[0] ? row_map_of(m->maps, table) : NULL;
    (void)target;
    if (policy->primary != SIDE_SOURCE) return error_set(error, ERROR_CANCELLED, "the target has become primary");
    if (!map || !map->key) return error_set(error, ERROR_STATE, "the table %s has no key by which its rows could be read", w->table->name);
    mirror_batch_reset(m);
    for (uint32_t i = 0; i < w->count; i++) {
        struct mirror_key *key = mirror_key_add(&m->batch, map, w->keys[i]);
        mirror_key_image(key);
        watch_touch(m, key);
    }
    bool good = mirror_apply_keys(m);
    mirror_batch_reset(m);
    return good || error_set(error, ERROR_TARGET_LOST, "rows of %s could not be brought to the target", w->table->name);
}

bool mirror_reconcile_keys(struct mirror *m, const struct sql_table *table, struct value *const *keys, uint32_t count, struct error *error)
{
    struct keys_work w = {m, table, keys, count};
    return mirror_run(m, write_keys, &w, error);
}

/* ---- what a statement did besides what it says ---- */

static const struct feed_set *set_of(const struct mirror *m)
{
    return atomic_load_explicit(&m->engine->feed_set, memory_order_acquire);
}

static bool is_mirrored(const struct sql_table *t)
{
    return !t->view && !t->temporary && t->target[0];
}

void mirror_side_effects(struct mirror *m, const struct mirror_transaction *t, const char *table, const char *reason)
{
    const struct feed_set *set = set_of(m);
    uint32_t covered = 0, bare = 0;
    const struct sql_table *names[NAMED_GAPS_MAX];
    for (uint32_t i = 0; set && i < m->table_count; i++) {
        const struct sql_table *one = sql_catalog_table_at(m->catalog, i);
        if (!is_mirrored(one) || (table && strcmp(one->name, table) != 0)) continue;
        if (feed_covers(set, one, t->first_position))
            covered++;
        else if (bare++ < NAMED_GAPS_MAX)
            names[bare - 1] = one;
    }
    if (covered) m->batch.feed_wanted = true;
    if (covered && bare <= NAMED_GAPS_MAX)
        for (uint32_t i = 0; i < bare; i++) mirror_gap(m, names[i]->name, reason);
    else
        mirror_gap(m, table, reason);
}

/* The keys of one log, as images of the batch. False without error: there are more than a batch should take; the reader is waited for. */
static bool pull(struct mirror *m, const struct feed_member *member, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    struct feed_keys keys;
    const struct sql_table *table = sql_catalog_table(m->catalog, NULL, member->schema, member->table);
    const struct row_map *map = table && table->target[0] ? row_map_of(m->maps, table) : NULL;
    if (!map || !map->key) return true;
    if (!feed_log_read(m->source, &member->log, map, &b->arena, &keys, error)) {
        if (error->code != ERROR_SOURCE) return false;
        error_clear(error); /* it was removed a moment ago */
        mirror_gap(m, member->table, "its key feed cannot be read");
        return true;
    }
    if (keys.rows == member->log.rows) {
        LOG_RATED(LOG_WARNING, "mirror.feed_behind", log_text("table", member->table), log_u64("rows", keys.rows));
        return false;
    }
    for (uint32_t i = 0; i < keys.count; i++) {
        struct mirror_key *key = mirror_key_add(b, map, keys.keys[i]);
        mirror_key_image(key);
        if (key->csn < b->csn) key->csn = b->csn;
        watch_touch(m, key);
    }
    return true;
}

bool mirror_feed_pull(struct mirror *m, struct error *error)
{
    const struct feed_set *set = set_of(m);
    if (!m->batch.feed_wanted) return true;
    error_clear(error);
    for (uint32_t i = 0; set && i < set->count; i++)
        if (set->members[i].covers && !pull(m, &set->members[i], error)) return false;
    m->batch.feed_wanted = false;
    m->batch.wide = false; /* the keys belong to no transaction by which lanes could be told apart */
    return true;
}
