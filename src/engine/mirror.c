/* SPDX-License-Identifier: Apache-2.0 */
/* The mirror's thread: reads, applies, waits; and what others ask of it. */
#include "engine/mirror_private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/outstanding.h"
#include <stdio.h>

enum { IDLE_MS = 20, KEPT_MAX = 65536, KEPT_BEHIND = 100000 /* CSNs behind the stream: what has not come back by then was no commit */ };
#define GAP_EVERY_US     UINT64_C(1000000)
#define RELEASE_EVERY_US UINT64_C(1000000)

/* ---- gaps ---- */

/* A statement that leaves a gap may come a thousand times a second. Its ledger row is written at once, then at most once a second; the last one
 * is always written after the last statement, so that a sweep which began before it does not clear it. */
void mirror_gap(struct mirror *m, const char *table, const char *reason)
{
    const char *name = table ? table : "*";
    uint64_t now = clock_monotonic_us();
    struct gap_memory *memory = NULL;
    for (uint32_t i = 0; i < m->gap_memory_count && !memory; i++)
        if (strcmp(m->gap_memory[i].table, name) == 0) memory = &m->gap_memory[i];
    if (!memory) {
        m->gap_memory = memory_resize(m->gap_memory, sizeof *memory * (m->gap_memory_count + 1));
        memory = &m->gap_memory[m->gap_memory_count++];
        memset(memory, 0, sizeof *memory);
        snprintf(memory->table, sizeof memory->table, "%s", name);
    }
    snprintf(memory->reason, sizeof memory->reason, "%s", reason);
    memory->waiting = memory->last_us && now < memory->last_us + GAP_EVERY_US;
    if (memory->waiting) return;
    memory->last_us = now;
    engine_gap(m->engine, table, reason);
}

static void mirror_gaps_flush(struct mirror *m, bool all)
{
    uint64_t now = clock_monotonic_us();
    for (uint32_t i = 0; i < m->gap_memory_count; i++) {
        struct gap_memory *memory = &m->gap_memory[i];
        if (!memory->waiting || (!all && now < memory->last_us + GAP_EVERY_US)) continue;
        memory->waiting = false;
        memory->last_us = now;
        engine_gap(m->engine, strcmp(memory->table, "*") == 0 ? NULL : memory->table, memory->reason);
    }
}

/* ---- catalog ---- */

const struct sql_table *mirror_table_here(const struct mirror *m, const struct sql_table *table)
{
    if (!m->catalog) return NULL;
    if (table->id < m->table_count && sql_catalog_table_at(m->catalog, table->id) == table) return table;
    return sql_catalog_table(m->catalog, NULL, table->schema, table->name);
}

/* between batches: takes a new catalog */
static void mirror_catalog_check(struct mirror *m)
{
    const struct sql_catalog *catalog = atomic_load_explicit(&m->engine->catalog, memory_order_acquire);
    if (catalog == m->catalog) return;
    mirror_next_drop(m);
    if (m->catalog) { /* what was remembered by table is void: everything given out so far counts as read ahead */
        uint64_t csn = journal_last_csn(m->engine->journal);
        if (m->horizon_start < csn) m->horizon_start = csn;
        if (m->horizon_max < csn) m->horizon_max = csn;
    }
    recent_release(m);
    recent_init(m);
    row_maps_free(m->maps);
    memory_free(m->tables);
    m->catalog = catalog;
    m->table_count = catalog ? sql_catalog_table_count(catalog) : 0;
    m->tables = memory_zero(m->table_count ? m->table_count : 1, sizeof *m->tables);
    m->maps = row_maps_new(catalog);
}

/* ---- the journal behind us ---- */

/* Is it still to be kept? What has not come back far behind the stream was no commit. */
static bool kept_wanted(const struct mirror *m, const struct csn_place *place, uint64_t reverse)
{
    return outstanding_has(m->engine->outstanding, place->csn) && place->csn + KEPT_BEHIND >= reverse;
}

/* There are too many: one place stands for all of them, until the stream is well past the last. */
static void kept_fold(struct mirror *m)
{
    struct csn_place *all = &m->kept_folded;
    for (uint32_t i = 0; i < m->kept_count; i++) {
        if (m->kept[i].csn > all->csn) all->csn = m->kept[i].csn;
        if (!all->position || m->kept[i].position < all->position) all->position = m->kept[i].position;
    }
    m->kept_count = 0;
}

/* The first journal position that a replay onto the source would need; a transaction that began early may have committed late. */
static uint64_t kept_from(struct mirror *m)
{
    uint64_t reverse = atomic_load(&m->engine->reverse_csn), from = m->applied_position;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->kept_count; i++) {
        if (!kept_wanted(m, &m->kept[i], reverse)) continue;
        if (m->kept[i].position < from) from = m->kept[i].position;
        m->kept[kept++] = m->kept[i];
    }
    m->kept_count = kept;
    if (m->kept_folded.position && reverse > m->kept_folded.csn + KEPT_MAX) m->kept_folded = (struct csn_place){0};
    return m->kept_folded.position && m->kept_folded.position < from ? m->kept_folded.position : from;
}

void mirror_keep_for_reverse(struct mirror *m, const struct mirror_transaction *t)
{
    if (!t->target_primary || !outstanding_has(m->engine->outstanding, t->csn)) return;
    if (m->kept_count == KEPT_MAX) kept_fold(m);
    if (m->kept_count == m->kept_room) {
        m->kept_room = m->kept_room ? m->kept_room * 2 : 64;
        m->kept = memory_resize(m->kept, sizeof *m->kept * m->kept_room);
    }
    m->kept[m->kept_count++] = (struct csn_place){.csn = t->csn, .position = t->first_position};
}

static void release_journal(struct mirror *m)
{
    uint64_t now = clock_monotonic_us();
    if (now < m->released_us + RELEASE_EVERY_US) return;
    m->released_us = now;
    uint64_t position = m->written_position, from = atomic_load(&m->engine->reverse_from);
    if (from == REVERSE_FROM_ALL) return;
    uint64_t wanted = kept_from(m);
    if (from) atomic_compare_exchange_strong(&m->engine->reverse_from, &from, wanted); /* unless a switch came between */
    if (wanted < position) position = wanted;
    if (position) journal_release(m->engine->journal, position);
    fault_point(FAULT_mirror_released);
}

/* ---- the thread ---- */

static void take_pause(struct mirror *m)
{
    mutex_lock(&m->lock);
    if (m->paused != m->pause_wanted) {
        m->paused = m->pause_wanted;
        if (!m->paused) m->resync_wanted = true;
        condition_broadcast(&m->changed);
    }
    mutex_unlock(&m->lock);
}

static void tell(struct mirror *m)
{
    uint64_t oldest = mirror_oldest_commit_us(m), now = clock_wall_us(), monotonic = clock_monotonic_us();
    atomic_store_explicit(&m->engine->mirror_lag_us, oldest && oldest < now ? now - oldest : 0, memory_order_relaxed);
    mutex_lock(&m->lock);
    m->statistics.pending_transactions = m->transaction_count;
    m->statistics.position = m->applied_position;
    if (monotonic > m->rate_us + 1000000) {
        double rate = (double)(m->statistics.transactions - m->rate_count) * 1e6 / (double)(monotonic - m->rate_us);
        m->statistics.per_second = m->rate_us ? m->statistics.per_second * 0.5 + rate * 0.5 : 0;
        m->rate_us = monotonic;
        m->rate_count = m->statistics.transactions;
    }
    mutex_unlock(&m->lock);
}

/* False: there was nothing to do. */
static bool turn(struct mirror *m)
{
    bool was_there = m->target != NULL;
    mirror_catalog_check(m);
    watch_take_ends(m);
    bool ready = mirror_target_ready(m);
    if (ready && !was_there) m->resync_wanted = true;
    take_pause(m);
    if (!m->positioned) {
        mirror_jobs_fail(m);
        clock_sleep_us(IDLE_MS * 1000);
        return true;
    }
    if (ready)
        mirror_jobs_run(m);
    else
        mirror_jobs_fail(m);
    mirror_late_run(m);
    if (m->resync_wanted && m->target && !m->paused) mirror_resync(m);
    bool busy = mirror_read_some(m), applied = false;
    if (m->target && m->catalog && (mirror_next_take(m) || mirror_collect(m))) {
        applied = mirror_apply_batch(m);
        if (!applied) clock_sleep_us(IDLE_MS * 1000); /* one of the sides is not there */
    }
    mirror_batch_reset(m);
    recent_prune(m);
    mirror_gaps_flush(m, false);
    release_journal(m);
    tell(m);
    if (busy || applied) return true;
    mirror_lanes_settle(m);
    mirror_target_probe(m);
    return false;
}

static void mirror_main(void *context)
{
    struct mirror *m = context;
    while (!atomic_load(&m->stopping))
        if (!turn(m)) (void)journal_wait(m->engine->journal, m->next_position - 1, IDLE_MS);
    mirror_gaps_flush(m, true);
    mutex_lock(&m->lock);
    m->paused = m->pause_wanted;
    condition_broadcast(&m->changed);
    mutex_unlock(&m->lock);
    mirror_jobs_fail(m);
}

/* ---- from outside ---- */

static void mirror_free(struct mirror *m)
{
    mirror_lanes_close(m);
    if (m->target) pg_close(m->target); /* first: what is in flight is answered into the batch's memory */
    mirror_late_release(m);
    mirror_next_drop(m);
    mirror_batch_reset(m);
    mirror_assemble_release(m);
    source_close(m->source);
    statement_cache_free(m->statements);
    row_maps_free(m->maps);
    watch_release(m);
    recent_release(m);
    void *blocks[] = {m->tables,       m->gaps,        m->gap_memory,        m->kept,     m->batch.transactions, m->batch.ops,
                      m->batch.rowids, m->batch.plans, m->next.transactions, m->next.ops, m->next.rowids,        m->next.plans,
                      m->ahead};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) memory_free(blocks[i]);
    arena_release(&m->batch.arena);
    arena_release(&m->next.arena);
    buffer_release(&m->batch.scratch);
    buffer_release(&m->next.scratch);
    mutex_release(&m->lock);
    condition_release(&m->changed);
    memory_free(m);
}

static struct mirror *mirror_new(struct engine *engine, uint64_t seed)
{
    struct mirror *m = memory_zero(1, sizeof *m);
    struct journal_recovery recovery;
    m->engine = engine;
    mutex_init(&m->lock);
    condition_init(&m->changed);
    map_init(&m->by_id);
    map_init(&m->by_csn);
    arena_init(&m->batch.arena, 0);
    arena_init(&m->next.arena, 0);
    buffer_init(&m->batch.scratch, 0);
    buffer_init(&m->next.scratch, 0);
    m->gaps = memory_zero(MIRROR_GAPS_MAX, sizeof *m->gaps);
    recent_init(m);
    random_seed(&m->random, seed);
    m->statements = statement_cache_new(engine->statements);
    /* No session runs yet: what is durable now is all that earlier starts have left. */
    journal_recovery(engine->journal, &recovery);
    m->boot = recovery.boot;
    m->start_durable = journal_durable(engine->journal);
    m->start_csn = journal_last_csn(engine->journal);
    m->started_us = clock_wall_us();
    m->next_position = 1;
    m->statistics.lanes = 1;
    /* Clients were told of all these, and may ask for them anywhere: no read is older than this start. */
    if (m->start_csn) engine_acknowledge(engine, m->start_csn, NULL, 0, true);
    return m;
}

struct mirror *mirror_start(struct engine *engine, struct error *error)
{
    struct mirror *m = mirror_new(engine, random_secure_u64());
    m->thread = thread_start("mirror", mirror_main, m, error);
    if (m->thread) return m;
    mirror_free(m);
    return NULL;
}

struct mirror *mirror_open_stepped(struct engine *engine, uint64_t seed)
{
    return mirror_new(engine, seed);
}

bool mirror_step(struct mirror *m)
{
    return turn(m);
}

void mirror_stop(struct mirror *m)
{
    if (!m) return;
    mutex_lock(&m->lock);
    atomic_store(&m->stopping, true);
    mutex_unlock(&m->lock);
    thread_join(m->thread);
    if (!m->thread) mirror_jobs_fail(m);
    mirror_free(m);
}

void mirror_pause(struct mirror *m, bool paused)
{
    mutex_lock(&m->lock);
    m->pause_wanted = paused;
    if (!m->thread) { /* stepped: it is between two turns */
        mutex_unlock(&m->lock);
        take_pause(m);
        return;
    }
    while (m->paused != paused && !atomic_load(&m->stopping)) condition_wait(&m->changed, &m->lock);
    mutex_unlock(&m->lock);
}

void mirror_statistics(struct mirror *m, struct mirror_statistics *out)
{
    mutex_lock(&m->lock);
    *out = m->statistics;
    mutex_unlock(&m->lock);
}
