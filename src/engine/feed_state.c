/* SPDX-License-Identifier: Apache-2.0 */
/* What a look at the dictionary means: which tables are covered from when on, what was missed, and what the next start must know. */
#include "engine/feed_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/worker.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SESSIONS_MAX = 4096 };
static const char remembered_name[] = "feed.tables", counted_name[] = "feed.counted";

static struct feed_entry *feed_entry_of(struct feed *feed, const char *table)
{
    for (struct feed_entry *e = feed->entries; e; e = e->next)
        if (strcmp(e->told.table, table) == 0) return e;
    return NULL;
}

static struct feed_entry *entry_make(struct feed *feed, const char *table)
{
    struct feed_entry *e = memory_zero(1, sizeof *e);
    snprintf(e->told.table, sizeof e->told.table, "%s", table);
    mutex_lock(&feed->lock);
    e->next = feed->entries;
    feed->entries = e;
    mutex_unlock(&feed->lock);
    return e;
}

/* ---- what the last run knew ---- */

/* A line for each table that was covered: TABLE, position, identity. */
static void remember(struct feed *feed)
{
    struct buffer text;
    struct error error;
    if (!feed->engine->state) return;
    buffer_init(&text, 0);
    for (struct feed_entry *e = feed->entries; e; e = e->next)
        if (e->told.state == FEED_ON) buffer_printf(&text, "%s\t%" PRIu64 "\t%s\n", e->told.table, e->since_position, e->identity);
    buffer_u8(&text, 0);
    if (!state_put(feed->engine->state, remembered_name, (const char *)buffer_view(&text).data, &error))
        LOG(LOG_ERROR, "feed.not_remembered", log_failure(&error));
    buffer_release(&text);
}

static void recall_line(struct feed *feed, struct view line)
{
    char copy[600], *rest = NULL;
    if (line.size == 0 || line.size >= sizeof copy) return;
    snprintf(copy, sizeof copy, VIEW_FORMAT, VIEW_ARGUMENTS(line));
    char *table = strtok_r(copy, "\t", &rest), *position = strtok_r(NULL, "\t", &rest), *identity = strtok_r(NULL, "\t", &rest);
    if (!table || !position || !identity || strlen(table) > 128) return;
    struct feed_entry *e = entry_make(feed, table);
    snprintf(e->identity, sizeof e->identity, "%s", identity);
    e->since_position = strtoull(position, NULL, 10);
    e->told.state = FEED_ON; /* the look that follows says whether it still is what it was */
}

static void recall(struct feed *feed)
{
    struct buffer text;
    feed->remembered = true;
    if (!feed->engine->state) return;
    buffer_init(&text, 0);
    if (state_get(feed->engine->state, remembered_name, &text)) {
        struct view all = buffer_view(&text);
        for (size_t at = 0; at < all.size;) {
            const uint8_t *end = memchr(all.data + at, '\n', all.size - at);
            size_t size = end ? (size_t)(end - all.data) - at : all.size - at;
            recall_line(feed, view_of(all.data + at, size));
            at += size + 1;
        }
    }
    buffer_release(&text);
}

/* ---- publishing ---- */

static void publish(struct feed *feed)
{
    struct feed_set *set = memory_zero(1, sizeof *set);
    uint32_t count = 0;
    for (struct feed_entry *e = feed->entries; e; e = e->next) count++;
    set->members = memory_zero(count ? count : 1, sizeof *set->members);
    for (struct feed_entry *e = feed->entries; e; e = e->next) {
        const struct sql_table *t = sql_catalog_table(feed->catalog, NULL, feed->engine->options.source_schema, e->told.table);
        const struct row_map *map = t && t->target[0] ? row_map_of(feed->maps, t) : NULL;
        if (e->told.state != FEED_ON || !map || !map->key) continue;
        struct feed_member *m = &set->members[set->count++];
        snprintf(m->schema, sizeof m->schema, "%s", t->schema);
        snprintf(m->table, sizeof m->table, "%s", t->name);
        m->covers = true;
        m->since_us = e->since_us;
        m->since_position = e->since_position;
        feed_log_make(&m->log, map, e->told.form, e->told.log, LIMIT_FEED_PULL_KEYS, 1);
    }
    set->before = feed->set;
    feed->set = set;
    atomic_store_explicit(&feed->engine->feed_set, set, memory_order_release);
}

/* ---- one table ---- */

static void set_state(struct feed *feed, struct feed_entry *e, enum feed_state state, const char *reason)
{
    if (e->told.state != state)
        LOG(state == FEED_BROKEN ? LOG_WARNING : LOG_INFO, "feed.state", log_text("table", e->told.table),
            log_text("state", feed_state_name(state)), log_text("reason", reason ? reason : ""));
    mutex_lock(&feed->lock);
    e->told.state = state;
    snprintf(e->told.reason, sizeof e->told.reason, "%s", reason ? reason : "");
    mutex_unlock(&feed->lock);
}

/* Does it matter what happens on the source besides our own writes? */
static bool writes_count(struct feed *feed)
{
    enum feed_mode mode = feed_mode_now(feed);
    return mode == FEED_FORWARD;
}

static bool is_changing(struct feed *feed, const struct feed_entry *e)
{
    mutex_lock(&feed->lock);
    bool changing = strcmp(feed->changing, e->told.table) == 0;
    mutex_unlock(&feed->lock);
    return changing;
}

/* First nobody relies on the feed any more, then the gap is opened: what the mirror still took for covered was committed before the gap. */
static void missed(struct feed *feed, struct feed_entry *e, const char *why)
{
    char reason[400];
    bool covered = e->told.state == FEED_ON;
    set_state(feed, e, FEED_BROKEN, why);
    if (covered) publish(feed);
    if (!writes_count(feed)) return;
    snprintf(reason, sizeof reason, "its key feed did not see every write: %s", why);
    engine_gap(feed->engine, e->told.table, reason);
}

/* Is a client's transaction older than this moment still open? It may have written before the feed was there. */
static bool old_transactions(struct feed *feed, uint64_t since_us)
{
    if (feed->engine->worker_count == 0) return false;
    struct worker_session *sessions = memory_zero(SESSIONS_MAX, sizeof *sessions);
    uint32_t count = engine_sessions(feed->engine, sessions, SESSIONS_MAX);
    uint64_t age = clock_monotonic_us() - since_us;
    bool old = count == SESSIONS_MAX && atomic_load(&feed->engine->transactions_open) > 0;
    for (uint32_t i = 0; i < count && !old; i++) old = sessions[i].transaction_us > age;
    memory_free(sessions);
    return old;
}

static void take_shape(struct feed *feed, struct feed_entry *e, const struct feed_found *f)
{
    bool same = e->log_made && e->log.form == f->form && strcmp(e->told.log, f->log) == 0;
    mutex_lock(&feed->lock);
    e->told.form = f->form;
    snprintf(e->told.log, sizeof e->told.log, "%s", f->log);
    mutex_unlock(&feed->lock);
    e->readable = f->readable;
    if (same && e->readable) return;
    if (e->log_made) feed_log_release(&e->log);
    e->log_made = false;
    const struct sql_table *t = sql_catalog_table(feed->catalog, NULL, feed->engine->options.source_schema, f->table);
    if (!t || !e->readable) return;
    feed_log_make(&e->log, row_map_of(feed->maps, t), f->form, f->log, LIMIT_FEED_BATCH_ROWS, feed->engine->options.feed_backlog_max);
    e->log_made = true;
}

static void start_again(struct feed *feed, struct feed_entry *e, const struct feed_found *f)
{
    snprintf(e->identity, sizeof e->identity, "%s", f->identity);
    e->first_us = clock_monotonic_us();
    set_state(feed, e, FEED_STARTING, "transactions that began before it are waited for");
}

static void found_whole(struct feed *feed, struct feed_entry *e, const struct feed_found *f)
{
    bool same = strcmp(e->identity, f->identity) == 0;
    if (e->told.state == FEED_ON && same) {
        set_state(feed, e, FEED_ON, NULL);
        return;
    }
    if (e->told.state == FEED_ON) missed(feed, e, "it was changed, or the table's rows were exchanged, since the last look");
    if (e->told.state != FEED_STARTING || !same) {
        start_again(feed, e, f);
        return;
    }
    if (old_transactions(feed, e->first_us)) return;
    e->since_us = clock_monotonic_us();
    e->since_position = journal_durable(feed->engine->journal);
    set_state(feed, e, FEED_ON, NULL);
}

static void found_broken(struct feed *feed, struct feed_entry *e, const struct feed_found *f)
{
    if (e->told.state == FEED_ON || e->told.state == FEED_STARTING) missed(feed, e, f->reason);
    set_state(feed, e, f->state, f->reason);
    struct error error;
    bool emptied = f->form == FEED_TRIGGER && f->readable && !f->marked;
    if (emptied && !feed_mark_again(feed->source, feed->engine->options.source_schema, f->log, &error))
        LOG(LOG_WARNING, "feed.mark", log_failure(&error), log_text("table", f->table));
}

static void forget(struct feed *feed, struct feed_entry *gone)
{
    mutex_lock(&feed->lock);
    for (struct feed_entry **at = &feed->entries; *at; at = &(*at)->next)
        if (*at == gone) {
            *at = gone->next;
            break;
        }
    mutex_unlock(&feed->lock);
    if (gone->log_made) feed_log_release(&gone->log);
    memory_free(gone);
}

/* ---- the counter of keys that a trigger could not note ---- */

static void take_counter(struct feed *feed, const struct feed_look *look)
{
    struct error error;
    if (!look->counter || !feed->engine->state) return;
    uint64_t before = state_get_u64(feed->engine->state, counted_name, 0);
    if (before && look->counted > before + 1)
        for (struct feed_entry *e = feed->entries; e; e = e->next)
            if (e->told.form == FEED_TRIGGER && e->told.state == FEED_ON) missed(feed, e, "a trigger could not note a key");
    if (!state_put_u64(feed->engine->state, counted_name, look->counted, &error)) LOG(LOG_ERROR, "feed.counter", log_failure(&error));
}

/* ---- the whole ---- */

static uint64_t covered_hash(struct feed *feed, uint32_t *on, uint32_t *broken)
{
    uint64_t hash = 0;
    *on = *broken = 0;
    for (struct feed_entry *e = feed->entries; e; e = e->next) {
        if (e->told.state == FEED_BROKEN) (*broken)++;
        if (e->told.state != FEED_ON) continue;
        (*on)++;
        hash += view_hash(view_text(e->told.table)) ^ (view_hash(view_text(e->identity)) * 31) ^ e->since_position;
    }
    return hash;
}

void feed_take_look(struct feed *feed, const struct feed_look *look)
{
    uint32_t on, broken;
    if (!feed->remembered) recall(feed);
    for (struct feed_entry *e = feed->entries; e; e = e->next) e->seen = false;
    for (uint32_t i = 0; i < look->count; i++) {
        const struct feed_found *f = &look->found[i];
        struct feed_entry *e = feed_entry_of(feed, f->table);
        if (!e) e = entry_make(feed, f->table);
        e->seen = true;
        take_shape(feed, e, f);
        if (is_changing(feed, e)) { /* what it notes is read, and not relied on */
            e->identity[0] = 0;
            set_state(feed, e, FEED_STARTING, "it is being made or removed");
        } else if (f->state == FEED_ON)
            found_whole(feed, e, f);
        else
            found_broken(feed, e, f);
    }
    for (struct feed_entry *e = feed->entries, *next; e; e = next) {
        next = e->next;
        if (e->seen) continue;
        if (!is_changing(feed, e) && (e->told.state == FEED_ON || e->told.state == FEED_STARTING)) missed(feed, e, "it was removed");
        LOG(LOG_INFO, "feed.gone", log_text("table", e->told.table));
        forget(feed, e);
    }
    take_counter(feed, look);
    uint64_t covered = covered_hash(feed, &on, &broken);
    mutex_lock(&feed->lock);
    feed->statistics.on = on;
    feed->statistics.broken = broken;
    mutex_unlock(&feed->lock);
    if (feed->set && covered == feed->covered) return;
    feed->covered = covered;
    publish(feed);
    remember(feed);
}
