/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch that failed is done again with care: every key by its image, the rest statement by statement under savepoints. What still fails
 * is a divergence, and its table is unverified until it is swept; the others go on.
 */
#include "engine/mirror_private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

/* ---- divergences ---- */

static void print_into(char *out, size_t size, const struct buffer *text)
{
    struct view v = buffer_view(text);
    snprintf(out, size, VIEW_FORMAT, (int)(v.size < size ? v.size : size - 1), (const char *)v.data);
}

static void record_divergence(struct mirror *m, struct state_divergence *d, const struct error *error)
{
    struct error second;
    uint64_t id;
    snprintf(d->origin, sizeof d->origin, "apply");
    snprintf(d->status, sizeof d->status, "open");
    snprintf(d->reason, sizeof d->reason, "%s", error->text);
    d->found_us = (int64_t)clock_wall_us();
    if (m->engine->state && !state_divergence_add(m->engine->state, d, &id, &second))
        LOG(LOG_ERROR, "mirror.divergence", log_failure(&second));
    mirror_gap(m, d->table, error->text);
    mutex_lock(&m->lock);
    m->statistics.poison++;
    mutex_unlock(&m->lock);
    LOG(LOG_ERROR, "mirror.poison", log_failure(error), log_text("table", d->table), log_u64("csn", d->csn));
}

static void poison_statement(struct mirror *m, const struct mirror_op *op, const struct error *error)
{
    struct state_divergence *d = memory_zero(1, sizeof *d);
    struct buffer text;
    buffer_init(&text, 0);
    for (uint32_t i = 0; i < op->bind_count; i++) {
        buffer_printf(&text, "%s:%u=", i ? ", " : "", i + 1);
        value_print(&text, &op->binds[i], 100);
    }
    print_into(d->key_text, sizeof d->key_text, &text);
    buffer_release(&text);
    if (op->plan->written)
        snprintf(d->table, sizeof d->table, "%s", op->plan->written->name);
    else
        snprintf(d->table, sizeof d->table, "*");
    snprintf(d->statement, sizeof d->statement, "%s", op->plan->source_text);
    d->fingerprint = op->plan->fingerprint;
    d->csn = op->transaction->csn;
    record_divergence(m, d, error);
    memory_free(d);
}

static void poison_key(struct mirror *m, struct mirror_key *key, const struct error *error)
{
    struct state_divergence *d = memory_zero(1, sizeof *d);
    struct buffer text;
    buffer_init(&text, 0);
    rows_print_key(&text, key->map, key->key);
    print_into(d->key_text, sizeof d->key_text, &text);
    buffer_clear(&text);
    if (key->row.found) rows_print(&text, key->map, key->row.values);
    print_into(d->source_row, sizeof d->source_row, &text);
    buffer_release(&text);
    snprintf(d->table, sizeof d->table, "%s", key->map->table->name);
    d->key = key->encoded;
    d->csn = key->csn;
    if (key->fingerprint) d->fingerprint = key->fingerprint->id;
    record_divergence(m, d, error);
    memory_free(d);
    key->dropped = true;
}

/* ---- one step at a time ---- */

static bool command(struct mirror *m, const char *text, struct error *error)
{
    return pg_run(m->target, text, NULL, error);
}

/* Waits for what was sent under a savepoint. *step is its error, if it has one that concerns only itself. */
static bool settle(struct mirror *m, bool ok, struct error *step, struct error *error)
{
    if (ok) return command(m, "RELEASE SAVEPOINT understudy", error);
    if (mirror_target_trouble(step) || mirror_target_transient(step) || pg_state(m->target) != PG_READY) {
        *error = *step;
        return false;
    }
    return command(m, "ROLLBACK TO SAVEPOINT understudy", error);
}

struct outcome {
    bool failed;
    struct error error;
};
static void outcome_done(void *context, struct pg_result *result)
{
    struct outcome *o = context;
    if (result->ok || o->failed) return;
    o->failed = true;
    o->error = result->error;
}

static bool wait_sent(struct mirror *m, struct outcome *o)
{
    struct error error;
    error_clear(&error);
    pg_sync(m->target);
    if (!pg_run_wait(m->target, 120000, &error) && !o->failed) {
        o->failed = true;
        o->error = error;
    }
    return !o->failed;
}

static bool run_statement(struct mirror *m, struct mirror_op *op, struct error *error)
{
    struct outcome o = {.failed = false};
    if (!command(m, "SAVEPOINT understudy", error)) return false;
    if (!mirror_send_statement(m, m->target, op, &o.error)) o.failed = true;
    wait_sent(m, &o);
    if (op->failed) {
        o.failed = true;
        o.error = op->error;
    }
    if (!settle(m, !o.failed, &o.error, error)) return false;
    if (o.failed) {
        op->sent = false;
        poison_statement(m, op, &o.error);
        return true;
    }
    if (op->action == ACTION_PREDICATE) {
        op->image_touched = true;
        return mirror_take_touched(m, op, error);
    }
    return true;
}

static bool write_rows(struct mirror *m, const struct row_map *map, const struct row *rows, uint32_t count, bool replace, struct outcome *o,
                       struct error *error)
{
    *o = (struct outcome){.failed = false};
    if (!command(m, "SAVEPOINT understudy", error)) return false;
    bool sent = replace ? rows_send_replace(m->target, map, rows, count, &m->batch.arena, outcome_done, o, &o->error)
                        : rows_send_image(m->target, map, rows, count, &m->batch.arena, outcome_done, o, &o->error);
    struct error conversion = o->error;
    wait_sent(m, o);
    if (!sent) {
        o->failed = true;
        o->error = conversion;
    }
    return settle(m, !o->failed, &o->error, error);
}

static uint32_t keys_of(struct mirror *m, const struct row_map *map, struct mirror_key ***keys, struct row **rows)
{
    struct mirror_batch *b = &m->batch;
    uint32_t count = 0;
    *keys = arena_alloc(&b->arena, sizeof **keys * (b->keys.count + 1));
    *rows = arena_alloc(&b->arena, sizeof **rows * (b->keys.count + 1));
    for (uint32_t i = 0; i < b->keys.count; i++) {
        struct mirror_key *key = b->keys.list[i];
        if (key->map != map || !key->image || !key->read || key->dropped) continue;
        (*keys)[count] = key;
        (*rows)[count++] = key->row;
    }
    return count;
}

/* Rows of the target that hold a unique value which one of ours is to get: they are stale, and get their own image. */
static bool add_conflicts(struct mirror *m, const struct row_map *map, const struct row *rows, uint32_t count, bool *added,
                          struct error *error)
{
    struct value *keys;
    uint32_t found;
    *added = false;
    if (!rows_find_conflicts(m->target, map, rows, count, &m->batch.arena, &keys, &found, error)) return false;
    for (uint32_t i = 0; i < found; i++) {
        struct mirror_key *key = mirror_key_add(&m->batch, map, &keys[(size_t)i * map->key->column_count]);
        if (key->image && key->read) continue;
        mirror_key_image(key);
        key->must_check = !FAULT_PLANTED(BUG_UNIQUE_ROW);
        if (FAULT_PLANTED(BUG_UNIQUE_ROW)) {
            key->read = true;
            key->row = (struct row){.key = key->key};
        }
        watch_touch(m, key);
        *added = true;
    }
    return !*added || mirror_read_images(m, error);
}

static bool write_table(struct mirror *m, const struct row_map *map, struct error *error)
{
    struct mirror_key **keys;
    struct row *rows;
    struct outcome o;
    uint32_t count = keys_of(m, map, &keys, &rows);
    if (!write_rows(m, map, rows, count, false, &o, error)) return false;
    for (int round = 0; o.failed && round < MIRROR_FIND_ROUNDS; round++) {
        bool added = false;
        if (strcmp(o.error.sqlstate, "23505") != 0) break;
        if (!add_conflicts(m, map, rows, count, &added, error)) return false;
        if (round > 0 && !added) break;
        count = keys_of(m, map, &keys, &rows);
        if (!write_rows(m, map, rows, count, true, &o, error)) return false;
    }
    for (uint32_t i = 0; o.failed && i < count; i++) { /* one by one: what can be written is */
        struct outcome one;
        if (!write_rows(m, map, &rows[i], 1, true, &one, error)) return false;
        if (one.failed) poison_key(m, keys[i], &one.error);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (keys[i]->dropped) continue;
        keys[i]->sent = true;
        m->batch.images++;
    }
    return true;
}

static bool write_images(struct mirror *m, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    for (uint32_t i = 0; i < b->keys.count; i++) {
        struct mirror_key *key = b->keys.list[i];
        if (key->image && key->read && !key->dropped && !key->sent && !write_table(m, key->map, error)) return false;
    }
    return true;
}

static bool carefully(struct mirror *m, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    if (!mirror_source_ready(m)) return error_set(error, ERROR_SOURCE_LOST, "the source is not there");
    for (uint32_t i = 0; i < b->keys.count; i++) {
        b->keys.list[i]->sent = b->keys.list[i]->expanded = false;
        mirror_key_image(b->keys.list[i]);
    }
    if (!mirror_read_rowids(m, error) || !mirror_read_images(m, error) || !command(m, "BEGIN", error)) return false;
    for (uint32_t i = 0; i < b->op_count; i++) {
        b->ops[i].sent = false;
        if (!b->ops[i].key && !run_statement(m, &b->ops[i], error)) return false;
    }
    if (!mirror_read_images(m, error) || !mirror_add_cascades(m, error) || !write_images(m, error)) return false;
    if (m->horizon_max < b->horizon) m->horizon_max = b->horizon;
    fault_point(FAULT_mirror_careful);
    struct outcome o = {.failed = false};
    mirror_send_applied(m, b->csn, mirror_restart_position(m, b->csn), outcome_done, &o);
    pg_send_text(m->target, "COMMIT", outcome_done, &o);
    if (wait_sent(m, &o)) return true;
    *error = o.error;
    return false;
}

bool mirror_apply_carefully(struct mirror *m, struct error *error)
{
    error_clear(error);
    LOG_RATED(LOG_WARNING, "mirror.careful", log_u64("csn", m->batch.csn), log_u64("keys", m->batch.keys.count),
              log_u64("statements", m->batch.op_count));
    return carefully(m, error);
}
