/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Late looks: a commit in doubt is settled by reading its rows once it should be over at the source. A call that carries its commit and waits there for somebody's row
 * lock, after its client is gone, may still commit later than that. So its rows are looked at again, several times over some minutes, and written if they changed.
 * Only while the source is primary. What is due stands in the state store, before the target's commit that settles it where its key is known by then: a restart goes on. Too many, or a key
 * of a table that is no longer there: the table is in a gap.
 */
#include "engine/mirror_private.h"

#include "base/clock.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

static const uint64_t pauses_us[] = {5000000, 30000000, 300000000};
enum { LOOKS = sizeof pauses_us / sizeof *pauses_us, AGAIN_US = 1000000, DROP_AT_ONCE = 100, DROP_EVERY_US = 1000000 };

struct mirror_late {
    struct mirror *mirror;
    const struct sql_table *table;
    struct buffer key;
    uint64_t due_us;
    uint32_t look;
    bool looking; /* the mirror has been asked for it, and has not answered */
    struct mirror_late *next;
};

/* ---- in the state store ---- */

static void name_of(const struct sql_table *table, char *out, size_t size)
{
    snprintf(out, size, "%s.%s", table->schema, table->name);
}

static void drop_done(struct mirror *m)
{
    struct error error;
    uint64_t now = clock_monotonic_us();
    if (!m->late_done_count || (m->late_done_count < DROP_AT_ONCE && now < m->late_dropped_us + DROP_EVERY_US)) return;
    m->late_dropped_us = now;
    if (!state_late_drop(m->engine->state, m->late_done, m->late_done_count, &error))
        LOG_RATED(LOG_ERROR, "mirror.late_not_dropped", log_failure(&error));
    for (uint32_t i = 0; i < m->late_done_count; i++) memory_free((void *)(uintptr_t)m->late_done[i].key.data);
    m->late_done_count = 0;
}

void mirror_late_keep(struct mirror *m)
{
    struct mirror_batch *b = &m->batch;
    struct state_late *list = NULL;
    struct error error;
    uint32_t count = 0;
    if (!m->engine->state) return;
    for (uint32_t i = 0; i < b->keys.count; i++) {
        const struct mirror_key *key = b->keys.list[i];
        if (!key->doubt || key->late_kept) continue;
        if (!list) list = arena_zero(&b->arena, sizeof *list * b->keys.count);
        list[count].noted_us = (int64_t)clock_wall_us();
        list[count].key = key->encoded;
        name_of(key->map->table, list[count++].table, sizeof list->table);
    }
    if (!count) return;
    m->late_dropped_us = 0; /* what is waiting to be dropped goes first: one of these keys may be among it */
    drop_done(m);
    bool good = state_late_put(m->engine->state, list, count, &error);
    for (uint32_t i = 0; i < b->keys.count; i++) /* what could not be kept is tried again after the commit */
        b->keys.list[i]->late_kept = b->keys.list[i]->doubt && (b->keys.list[i]->late_kept || good);
    if (!good) LOG_RATED(LOG_ERROR, "mirror.late_not_kept", log_failure(&error));
}

/* Its last look is over: a restart need not do it. */
static void late_done(const struct mirror_late *late)
{
    struct mirror *m = late->mirror;
    if (!m->engine->state) return;
    for (const struct mirror_late *other = m->late; other; other = other->next) /* in doubt once more since: that one has looks to come */
        if (other != late && other->table == late->table && view_equal(buffer_view(&other->key), buffer_view(&late->key))) return;
    m->late_done = memory_resize(m->late_done, sizeof *m->late_done * (m->late_done_count + 1));
    struct state_late *done = &m->late_done[m->late_done_count++];
    struct view key = buffer_view(&late->key);
    memset(done, 0, sizeof *done);
    name_of(late->table, done->table, sizeof done->table);
    done->key = view_of(memory_string_of((const char *)key.data, key.size), key.size);
}

/* ---- looking ---- */

static void late_free(struct mirror_late *late)
{
    struct mirror_late **at = &late->mirror->late;
    while (*at != late) at = &(*at)->next;
    *at = late->next;
    late->mirror->late_count--;
    buffer_release(&late->key);
    memory_free(late);
}

static void looked(void *context, const struct row *before, const struct row *after, bool changed, const struct error *error)
{
    struct mirror_late *late = context;
    (void)before;
    (void)after;
    uint64_t now = clock_monotonic_us();
    late->looking = false;
    if (error && error->code == ERROR_CANCELLED) {
        late_free(late);
    } else if (error && (error->code == ERROR_STATE || error->code == ERROR_CORRUPT)) {
        mirror_gap(late->mirror, late->table->name, error->text);
        late_done(late);
        late_free(late);
    } else if (error) {
        late->due_us = now + AGAIN_US; /* one side is away */
    } else {
        if (changed) LOG(LOG_WARNING, "mirror.late_commit", log_text("table", late->table->name), log_u64("look", late->look));
        if (++late->look < LOOKS) {
            late->due_us = now + pauses_us[late->look];
            return;
        }
        late_done(late);
        late_free(late);
    }
}

static void note(struct mirror *m, const struct sql_table *table, struct view encoded_key, uint32_t look, uint64_t after_us)
{
    if (m->late_count >= LIMIT_LATE_LOOKS) {
        mirror_gap(m, table->name, "too many commits in doubt to look at their rows again");
        return;
    }
    struct mirror_late *late = memory_zero(1, sizeof *late);
    late->mirror = m;
    late->table = table;
    late->look = look;
    buffer_init(&late->key, 0);
    buffer_append_view(&late->key, encoded_key);
    m->late_count++;
    late->due_us = clock_monotonic_us() + after_us;
    late->next = m->late;
    m->late = late;
}

void mirror_late_note(struct mirror *m, const struct mirror_key *key)
{
    note(m, key->map->table, key->encoded, 0, pauses_us[0]);
}

/* One that an earlier process left: with the look that is next by now, and at least one. */
static void resume(void *context, const struct state_late *kept)
{
    struct mirror *m = context;
    char schema[260];
    snprintf(schema, sizeof schema, "%s", kept->table);
    char *dot = strchr(schema, '.');
    const struct sql_table *table = NULL;
    if (dot) {
        *dot = 0;
        table = sql_catalog_table(m->catalog, NULL, schema, dot + 1);
    }
    if (!table) {
        mirror_gap(m, dot ? dot + 1 : kept->table, "a row of a commit in doubt cannot be looked at again: the table is no longer there");
        return;
    }
    int64_t since = (int64_t)clock_wall_us() - kept->noted_us;
    uint64_t elapsed = since > 0 ? (uint64_t)since : 0, due = pauses_us[0];
    uint32_t look = 0;
    while (look + 1 < LOOKS && elapsed > due) due += pauses_us[++look];
    note(m, table, kept->key, look, elapsed > due ? 0 : due - elapsed);
}

static void resume_all(struct mirror *m)
{
    if (m->late_resumed || !m->catalog || !m->target) return;
    m->late_resumed = true;
    if (!m->engine->state) return;
    uint32_t before = m->late_count;
    state_late_each(m->engine->state, resume, m);
    if (m->late_count > before) LOG(LOG_INFO, "mirror.late_resumed", log_u64("rows", m->late_count - before));
}

void mirror_late_run(struct mirror *m)
{
    resume_all(m);
    drop_done(m);
    if (!m->late) return;
    uint64_t now = clock_monotonic_us();
    bool ours = engine_policy(m->engine)->primary == SIDE_SOURCE;
    for (struct mirror_late *late = m->late, *next; late; late = next) {
        next = late->next;
        if (late->looking || (ours && now < late->due_us)) continue;
        if (ours) {
            late->looking = true;
            mirror_reconcile(m, late->table, buffer_view(&late->key), looked, late);
        } else { /* the source's row is no longer the truth */
            late_done(late);
            late_free(late);
        }
    }
}

void mirror_late_release(struct mirror *m)
{
    m->late_dropped_us = 0;
    drop_done(m);
    memory_free(m->late_done);
    m->late_done = NULL;
    while (m->late) late_free(m->late);
}
