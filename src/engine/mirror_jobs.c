/* SPDX-License-Identifier: Apache-2.0 */
/* Work that others hand to the mirror's thread, done between two batches: chunks of the backfill, and rows to be reconciled. */
#include "engine/mirror_private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

enum { WAIT_MS = 60000 };

/* ---- handing over ---- */

static void job_put(struct mirror *m, struct mirror_job *job)
{
    if (m->jobs_last)
        m->jobs_last->next = job;
    else
        m->jobs = job;
    m->jobs_last = job;
}

bool mirror_run(struct mirror *m, mirror_work *work, void *context, struct error *error)
{
    struct mirror_job job = {.work = work, .context = context};
    mutex_lock(&m->lock);
    if (atomic_load(&m->stopping)) {
        mutex_unlock(&m->lock);
        return error_set(error, ERROR_CANCELLED, "the mirror is stopping");
    }
    job_put(m, &job);
    while (!job.finished) condition_wait(&m->changed, &m->lock);
    mutex_unlock(&m->lock);
    if (!job.good && error) *error = job.error;
    return job.good;
}

void mirror_reconcile(struct mirror *m, const struct sql_table *table, struct view encoded_key, mirror_reconciled *done, void *context)
{
    struct mirror_job *job = memory_zero(1, sizeof *job);
    job->reconciled = done;
    job->context = context;
    job->table = table;
    buffer_init(&job->key, 0);
    buffer_append_view(&job->key, encoded_key);
    mutex_lock(&m->lock);
    bool stopping = atomic_load(&m->stopping);
    if (!stopping) job_put(m, job);
    mutex_unlock(&m->lock);
    if (!stopping) return;
    struct error error;
    error_set(&error, ERROR_CANCELLED, "the mirror is stopping");
    done(context, NULL, NULL, false, &error);
    buffer_release(&job->key);
    memory_free(job);
}

static struct mirror_job *job_take(struct mirror *m)
{
    mutex_lock(&m->lock);
    struct mirror_job *job = m->jobs;
    if (job) {
        m->jobs = job->next;
        if (!m->jobs) m->jobs_last = NULL;
        job->next = NULL;
    }
    mutex_unlock(&m->lock);
    return job;
}

static void job_finish(struct mirror *m, struct mirror_job *job, bool good, const struct error *error)
{
    if (job->reconciled) {
        if (!good) job->reconciled(job->context, NULL, NULL, false, error);
        buffer_release(&job->key);
        memory_free(job);
        return;
    }
    mutex_lock(&m->lock);
    job->good = good;
    if (!good) job->error = *error;
    job->finished = true;
    condition_broadcast(&m->changed);
    mutex_unlock(&m->lock);
}

/* ---- reconciling one row ---- */

struct pair {
    struct row before, after;
};

static bool horizon_write(struct mirror *m, struct error *error)
{
    uint64_t csn = journal_last_csn(m->engine->journal);
    if (m->horizon_max < csn) m->horizon_max = csn;
    mirror_send_applied(m, m->applied_csn, m->applied_position, NULL, NULL);
    pg_sync(m->target);
    return pg_run_wait(m->target, WAIT_MS, error);
}

static bool write_one(struct mirror *m, const struct row_map *map, const struct row *row, struct error *error)
{
    struct arena *arena = &m->batch.arena;
    for (int replace = 0; replace < 2; replace++) {
        bool good = pg_run(m->target, "BEGIN", NULL, error);
        good = good && (replace ? rows_send_replace(m->target, map, row, 1, arena, NULL, NULL, error)
                                : rows_send_image(m->target, map, row, 1, arena, NULL, NULL, error));
        mirror_send_applied(m, m->applied_csn, m->applied_position, NULL, NULL);
        pg_sync(m->target);
        good = good && pg_run_wait(m->target, WAIT_MS, error);
        struct pg_result result = {0};
        if (good) good = pg_run(m->target, "SELECT 1", &result, error); /* fails if anything before it in the transaction did */
        pg_result_free(&result);
        if (good) return pg_run(m->target, "COMMIT", NULL, error);
        if (pg_state(m->target) != PG_READY || !pg_run(m->target, "ROLLBACK", NULL, NULL)) return false;
    }
    return false;
}

/* The source is primary: its row goes to the target. The horizon is written first, so that what is replayed later knows that this row is ahead. */
static bool reconcile_to_target(struct mirror *m, const struct row_map *map, struct pair *pair, bool *changed, struct error *error)
{
    struct arena *arena = &m->batch.arena;
    if (!mirror_source_ready(m)) return error_set(error, ERROR_SOURCE_LOST, "the source is not there");
    if (!rows_read_target(m->target, map, &pair->before, 1, arena, error) ||
        !rows_read_source(m->source, map, &pair->after, 1, arena, error))
        return false;
    *changed = !rows_equal(map, &pair->after, &pair->before, NULL);
    if (!*changed) return true;
    if (!horizon_write(m, error)) return false;
    struct mirror_key *key = mirror_key_add(&m->batch, map, pair->after.key);
    watch_touch(m, key);
    recent_note(m, key, m->horizon_max, 0, false);
    if (m->tables[map->table->id].image_csn < m->horizon_max) m->tables[map->table->id].image_csn = m->horizon_max;
    fault_point(FAULT_reconcile_horizon);
    bool good = write_one(m, map, &pair->after, error);
    if (!good && m->target && pg_state(m->target) == PG_READY && !mirror_target_trouble(error)) {
        /* Other rows stand in its way under a unique key, perhaps in a circle: they are stale too, and are written with it. */
        mirror_key_image(key);
        good = mirror_apply_keys(m) && !key->dropped;
    }
    if (good) fault_point(FAULT_reconcile_committed);
    return good;
}

static bool reconcile_to_source(struct mirror *m, const struct row_map *map, struct pair *pair, bool *changed, struct error *error)
{
    struct arena *arena = &m->batch.arena;
    if (!mirror_source_ready(m)) return error_set(error, ERROR_SOURCE_LOST, "the source is not there");
    if (!rows_read_source(m->source, map, &pair->before, 1, arena, error) ||
        !rows_read_target(m->target, map, &pair->after, 1, arena, error))
        return false;
    *changed = !rows_equal(map, &pair->before, &pair->after, NULL);
    if (!*changed) return true;
    if (rows_write_source(m->source, map, &pair->after, error) && source_commit(m->source, error)) return true;
    struct error second;
    if (!source_rollback(m->source, &second)) mirror_source_failed(m, &second);
    return false;
}

static void reconcile(struct mirror *m, struct mirror_job *job)
{
    struct error error;
    bool changed = false, good = false;
    struct pair pair;
    memset(&pair, 0, sizeof pair);
    error_clear(&error);
    mirror_batch_reset(m);
    const struct sql_table *table = mirror_table_here(m, job->table);
    const struct row_map *map = table && table->target[0] ? row_map_of(m->maps, table) : NULL;
    if (!map || !map->key) {
        error_set(&error, ERROR_STATE, "the table %s has no key by which its rows could be read", job->table->name);
    } else {
        struct value *key = arena_zero(&m->batch.arena, sizeof *key * map->key->column_count * 2);
        if (!rows_decode_key(buffer_view(&job->key), map, &m->batch.arena, key)) {
            error_set(&error, ERROR_CORRUPT, "a key of %s that cannot be read", job->table->name);
        } else {
            memcpy(key + map->key->column_count, key, sizeof *key * map->key->column_count);
            pair.before.key = key;
            pair.after.key = key + map->key->column_count;
            bool to_source = engine_policy(m->engine) && engine_policy(m->engine)->primary == SIDE_TARGET;
            good = to_source ? reconcile_to_source(m, map, &pair, &changed, &error) : reconcile_to_target(m, map, &pair, &changed, &error);
        }
    }
    if (good)
        job->reconciled(job->context, &pair.before, &pair.after, changed, NULL);
    else if (error.code == ERROR_SOURCE_LOST)
        mirror_source_failed(m, &error);
    else if (m->target && (pg_state(m->target) != PG_READY || mirror_target_trouble(&error)))
        mirror_target_failed(m, &error);
    mirror_batch_reset(m);
    job_finish(m, job, good, &error);
}

/* ---- work of others ---- */

static void run_work(struct mirror *m, struct mirror_job *job)
{
    struct error error;
    error_clear(&error);
    /* Rows that the work writes were read ahead of the mirror: what is known of that is durable before them. */
    bool good = !watch_any(m) || horizon_write(m, &error);
    good = good && job->work(job->context, m->target, &error);
    if (!good && m->target) {
        struct error second;
        if (error.code == ERROR_NONE) error_set(&error, ERROR_INTERNAL, "the work failed and did not say why");
        if (pg_state(m->target) != PG_READY || !pg_run(m->target, "ROLLBACK", NULL, &second)) mirror_target_failed(m, &error);
    }
    job_finish(m, job, good, &error);
}

void mirror_jobs_run(struct mirror *m)
{
    for (int i = 0; i < MIRROR_RECONCILE_BATCH && m->target; i++) {
        struct mirror_job *job = job_take(m);
        if (!job) return;
        mirror_next_drop(m);
        if (job->reconciled)
            reconcile(m, job);
        else
            run_work(m, job);
    }
}

void mirror_jobs_fail(struct mirror *m)
{
    struct error error;
    error_set(&error, ERROR_TARGET_LOST, "the target is not there");
    if (atomic_load(&m->stopping)) error_set(&error, ERROR_CANCELLED, "the mirror is stopping");
    for (struct mirror_job *job = job_take(m); job; job = job_take(m)) job_finish(m, job, false, &error);
}
