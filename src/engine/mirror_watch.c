/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that are being backfilled: which of their keys were touched since a chunk's read began. */
#include "engine/mirror_private.h"

#include "base/memory.h"
#include <stdio.h>

struct mirror_watch {
    char schema[129], name[129]; /* by name: a new catalog may come meanwhile */
    uint64_t mark, whole_mark;   /* the newest mark; the mark at which rows without a known key were touched */
    struct map touched;          /* encoded key -> mark, as a pointer */
    uint64_t ending;             /* the watch was ended at this CSN; the mirror takes it away between two batches */
    struct mirror_watch *next;
};

static struct mirror_watch *find(const struct mirror *m, const struct sql_table *table)
{
    for (struct mirror_watch *w = m->watches; w; w = w->next)
        if (strcmp(w->name, table->name) == 0 && strcmp(w->schema, table->schema) == 0) return w;
    return NULL;
}

static void watch_free(struct mirror_watch *w)
{
    map_release(&w->touched);
    memory_free(w);
}

void watch_release(struct mirror *m)
{
    while (m->watches) {
        struct mirror_watch *next = m->watches->next;
        watch_free(m->watches);
        m->watches = next;
    }
}

/* ---- backfill's half ---- */

void mirror_watch_table(struct mirror *m, const struct sql_table *table, bool watch)
{
    mutex_lock(&m->lock);
    struct mirror_watch *w = find(m, table);
    if (watch && !w) {
        w = memory_zero(1, sizeof *w);
        snprintf(w->schema, sizeof w->schema, "%s", table->schema);
        snprintf(w->name, sizeof w->name, "%s", table->name);
        w->mark = 1;
        map_init(&w->touched);
        w->next = m->watches;
        m->watches = w;
        atomic_fetch_add(&m->watching, 1);
    } else if (watch) {
        w->ending = 0;
    } else if (w) {
        /* Its last chunks were read ahead of the mirror: what is committed up to now stays image on this table. */
        w->ending = journal_last_csn(m->engine->journal);
        if (!w->ending) w->ending = 1;
    }
    mutex_unlock(&m->lock);
}

uint64_t mirror_watch_mark(struct mirror *m, const struct sql_table *table)
{
    mutex_lock(&m->lock);
    struct mirror_watch *w = find(m, table);
    uint64_t mark = w ? ++w->mark : 0;
    mutex_unlock(&m->lock);
    return mark;
}

bool mirror_touched(struct mirror *m, const struct sql_table *table, uint64_t mark, const struct value *key, bool *whole_table)
{
    bool touched = false;
    mutex_lock(&m->lock);
    struct mirror_watch *w = find(m, table);
    *whole_table = w && w->whole_mark >= mark;
    const struct sql_table *here = mirror_table_here(m, table);
    if (w && key && here && m->maps) {
        const struct row_map *map = row_map_of(m->maps, here);
        struct buffer encoded;
        buffer_init(&encoded, 0);
        if (map->key) rows_encode_key(&encoded, map, key);
        touched = (uint64_t)(uintptr_t)map_get(&w->touched, buffer_view(&encoded)) >= mark;
        buffer_release(&encoded);
    }
    mutex_unlock(&m->lock);
    return touched;
}

void mirror_forget(struct mirror *m, const struct sql_table *table, uint64_t mark)
{
    mutex_lock(&m->lock);
    struct mirror_watch *w = find(m, table);
    struct view key;
    void *value;
    for (uint32_t at = 0; w && map_next(&w->touched, &at, &key, &value);)
        if ((uint64_t)(uintptr_t)value < mark) map_remove(&w->touched, key);
    mutex_unlock(&m->lock);
}

/* ---- the mirror's half ---- */

bool watch_is_on(struct mirror *m, const struct sql_table *table)
{
    if (atomic_load(&m->watching) == 0) return false;
    mutex_lock(&m->lock);
    bool on = find(m, table) != NULL;
    mutex_unlock(&m->lock);
    return on;
}

bool watch_any(struct mirror *m)
{
    return atomic_load(&m->watching) > 0;
}

void watch_touch(struct mirror *m, const struct mirror_key *key)
{
    if (atomic_load(&m->watching) == 0) return;
    mutex_lock(&m->lock);
    struct mirror_watch *w = find(m, key->map->table);
    if (w) map_put(&w->touched, key->encoded, (void *)(uintptr_t)w->mark);
    mutex_unlock(&m->lock);
}

void watch_touch_all(struct mirror *m, const struct sql_table *table)
{
    if (atomic_load(&m->watching) == 0) return;
    mutex_lock(&m->lock);
    struct mirror_watch *w = find(m, table);
    if (w) w->whole_mark = w->mark;
    mutex_unlock(&m->lock);
}

void watch_take_ends(struct mirror *m)
{
    if (atomic_load(&m->watching) == 0) return;
    mutex_lock(&m->lock);
    for (struct mirror_watch **link = &m->watches; *link;) {
        struct mirror_watch *w = *link;
        if (!w->ending) {
            link = &w->next;
            continue;
        }
        const struct sql_table *table = m->catalog ? sql_catalog_table(m->catalog, NULL, w->schema, w->name) : NULL;
        if (table && m->tables[table->id].horizon < w->ending) m->tables[table->id].horizon = w->ending;
        if (m->horizon_max < w->ending) m->horizon_max = w->ending;
        *link = w->next;
        watch_free(w);
        atomic_fetch_sub(&m->watching, 1);
    }
    mutex_unlock(&m->lock);
}
