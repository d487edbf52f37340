/* SPDX-License-Identifier: Apache-2.0 */
/* One batch into one target transaction: statements in order, images at the end, the position with them. */
#include "engine/mirror_private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/checker.h"
#include "engine/parameters.h"
#include <inttypes.h>
#include <stdio.h>

enum { BATCH_TIMEOUT_MS = 120000, SEND_AT_ONCE = 1000, FLUSH_EVERY = 64, READ_FAILURES_MAX = 5 };
#define POSITION_EVERY_US UINT64_C(1000000)

/* The first error of what was sent. */
struct sending {
    bool failed;
    struct error error;
    char constraint[129];
};

static void note_error(struct sending *s, const struct pg_result *result)
{
    if (result->ok || s->failed) return;
    s->failed = true;
    s->error = result->error;
    memcpy(s->constraint, result->constraint, sizeof s->constraint);
}

static void plain_done(void *context, struct pg_result *result)
{
    note_error(context, result);
}

static bool wait_for(struct mirror *m, struct sending *s, struct error *error)
{
    pg_sync(m->target);
    bool good = pg_run_wait(m->target, BATCH_TIMEOUT_MS, error);
    if (good && pg_state(m->target) != PG_READY) good = error_set(error, ERROR_TARGET_LOST, "the target was lost");
    if (s->failed && (good || error->code == ERROR_NONE)) {
        *error = s->error;
        return false;
    }
    return good && !s->failed;
}

/* ---- statements ---- */

static void statement_done(void *context, struct pg_result *result)
{
    struct mirror_op *op = context;
    op->affected = result->affected;
    if (!result->ok) {
        op->failed = true;
        op->error = result->error;
    } else if (op->action == ACTION_PREDICATE) {
        pg_result_free(&op->result);
        pg_result_take(result, &op->result);
    }
}

bool mirror_send_statement(struct mirror *m, struct pg *pg, struct mirror_op *op, struct error *error)
{
    struct pg_parameter *parameters;
    char name[64];
    op->sent = op->failed = false;
    op->affected = 0;
    if (!parameters_make(op->plan, op->binds, op->bind_count, &m->batch.arena, &parameters, error)) return false;
    bool returning = op->action == ACTION_PREDICATE;
    parameters_name(op->statement, op->plan, parameters, returning ? 'p' : 'm', name);
    pg_send_prepared(pg, name, returning ? op->plan->returning_text : op->plan->target_text, parameters, op->plan->bind_count,
                     statement_done, op);
    op->sent = true;
    return true;
}

/* The rows that a statement over a predicate touched become keys: to be compared, or to be read from the primary. */
bool mirror_take_touched(struct mirror *m, struct mirror_op *op, struct error *error)
{
    const struct row_map *map = op->map;
    uint32_t place[32];
    struct value raw[32], normal[32];
    const struct table_recent *table = &m->tables[map->table->id];
    for (uint16_t k = 0; k < map->key->column_count; k++) {
        const char *wanted = map->table->columns[map->key->columns[k]].target;
        place[k] = UINT32_MAX;
        for (uint32_t c = 0; c < op->plan->returning_image_count && c < op->result.columns && place[k] == UINT32_MAX; c++)
            if (strcmp(pg_result_column(&op->result, c).name, wanted) == 0) place[k] = c;
        if (place[k] == UINT32_MAX) return error_set(error, ERROR_INTERNAL, "RETURNING of %s lacks %s", map->target_name, wanted);
    }
    for (uint32_t r = 0; r < op->result.rows; r++) {
        for (uint16_t k = 0; k < map->key->column_count; k++)
            raw[k] = pg_value_from_text(pg_result_column(&op->result, place[k]).type, pg_result_text(&op->result, r, place[k]),
                                        pg_result_null(&op->result, r, place[k]), &m->batch.arena);
        if (!rows_normal_key(map, raw, normal, &m->batch.arena)) continue;
        struct mirror_key *key = mirror_key_add(&m->batch, map, normal);
        mirror_links_key(&m->batch, key, op->transaction);
        struct recent_entry recent;
        uint64_t csn = op->transaction->csn;
        recent_find(m, key, &recent);
        key->must_check = true;
        if (key->csn < csn) key->csn = csn;
        if (!key->fingerprint) key->fingerprint = op->fingerprint;
        bool ahead = csn <= m->horizon_start || csn <= table->horizon || csn <= recent.horizon;
        if (op->image_touched || ahead) mirror_key_image(key);
        if (op->plan->kind != SQL_UPDATE && op->plan->kind != SQL_INSERT) key->deleted = true;
        recent_note(m, key, 0, op->transaction->outcome_position, op->transaction->auto_commit);
        watch_touch(m, key);
    }
    return true;
}

/* ---- images ---- */

bool mirror_send_images(struct mirror *m, bool found, pg_on_result *done, void *context, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    for (uint32_t i = 0; i < b->keys.count; i++) {
        struct mirror_key *key = b->keys.list[i];
        if (!key->image || !key->read || key->sent || key->dropped || key->row.found != found) continue;
        struct pg *pg = mirror_lane_pg(m, mirror_lane_of_key(b, key));
        if (!rows_send_image(pg, key->map, &key->row, 1, &b->arena, done, context, error)) return false;
        key->sent = true;
        b->images++;
    }
    return true;
}

/* ---- the transaction ---- */

/* Row counts against the primary's. What differs is read from the primary in the same transaction. */
static void compare_counts(struct mirror *m)
{
    struct mirror_batch *b = &m->batch;
    for (uint32_t i = 0; i < b->op_count; i++) {
        struct mirror_op *op = &b->ops[i];
        if (!op->sent) continue;
        op->record->sent++;
        op->record->affected += op->affected;
    }
    for (uint32_t i = 0; i < b->op_count; i++) {
        struct mirror_op *op = &b->ops[i];
        struct mirror_record *record = op->record;
        if (!op->sent || !record->comparable || record->sent != record->ops || record->affected == record->expected) continue;
        if (op->key) {
            mirror_key_image(op->key);
            op->key->must_check = true;
        }
        if (op == b->ops || op[-1].record != record) {
            engine_count(m->engine, COUNT_MIRROR_MISMATCH, 1);
            /* Rows that were read ahead of this statement are right already, though it finds them changed: then the count says nothing. */
            const struct sql_table *table = op->plan->written;
            bool ahead = !table || op->transaction->csn <= m->horizon_start || op->transaction->csn <= m->tables[table->id].image_csn ||
                         watch_is_on(m, table);
            for (uint32_t k = 0; k < b->keys.count && !ahead; k++) ahead = b->keys.list[k]->image && b->keys.list[k]->map->table == table;
            if (!op->key && !(ahead && !op->strict && op->action == ACTION_PREDICATE)) {
                char reason[400];
                snprintf(reason, sizeof reason,
                         "a statement touched %" PRIu64 " rows on the primary and %" PRIu64 " on the secondary: %.200s", record->expected,
                         record->affected, op->plan->normal_text ? op->plan->normal_text : op->plan->source_text);
                mirror_gap(m, table ? table->name : NULL, reason);
            }
        }
        if (op->action == ACTION_PREDICATE) op->image_touched = true;
    }
}

static bool send_statements(struct mirror *m, struct sending *s, bool *any, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    uint32_t sent = 0;
    *any = false;
    for (uint32_t i = 0; i < b->op_count; i++) {
        struct mirror_op *op = &b->ops[i];
        op->sent = op->failed = false;
        op->record->sent = 0;
        op->record->affected = 0;
        if (op->key && op->key->image) continue;
        if (!mirror_send_statement(m, m->target, op, error)) return false;
        *any = true;
        if (++sent % SEND_AT_ONCE == 0 && !wait_for(m, s, error)) return false;
        if (sent % FLUSH_EVERY == 0) pg_flush(m->target);
    }
    return true;
}

struct mirror_op *mirror_first_failed(struct mirror *m)
{
    struct mirror_batch *b = &m->batch;
    for (uint32_t i = 0; i < b->op_count; i++)
        if (b->ops[i].failed && b->ops[i].error.code != ERROR_CANCELLED) return &b->ops[i];
    return NULL;
}

bool mirror_look_at_results(struct mirror *m, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    compare_counts(m);
    for (uint32_t i = 0; i < b->op_count; i++) {
        struct mirror_op *op = &b->ops[i];
        if (op->sent && op->action == ACTION_PREDICATE && !mirror_take_touched(m, op, error)) return false;
    }
    return true;
}

static bool after_statements(struct mirror *m, struct sending *s, struct error *error)
{
    bool good = wait_for(m, s, error);
    const struct mirror_op *op = mirror_first_failed(m);
    if (op) *error = op->error;
    return good && !op && mirror_look_at_results(m, error);
}

bool mirror_images_are_read(const struct mirror_batch *b)
{
    for (uint32_t i = 0; i < b->keys.count; i++)
        if (b->keys.list[i]->image && !b->keys.list[i]->read && !b->keys.list[i]->dropped) return false;
    return true;
}

static bool run_transaction(struct mirror *m, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    struct sending *s =
        arena_zero(&b->arena, sizeof *s); /* outlives this call: what is in flight when it fails is answered while we roll back */
    bool any = false;
    b->images = 0;
    for (uint32_t i = 0; i < b->keys.count; i++) b->keys.list[i]->sent = false;
    pg_send_text(m->target, "BEGIN", plain_done, s);
    /* Rows that are gone first: what they held under a unique key is free then. */
    if (!mirror_send_images(m, false, plain_done, s, error) || !send_statements(m, s, &any, error)) return false;
    bool cascades = mirror_may_cascade(m);
    if (any) {
        pg_flush(m->target);
        mirror_next_plan(m);
    }
    if (any || cascades) {
        if (!after_statements(m, s, error)) return false;
        if (!mirror_images_are_read(b) || cascades) {
            if (!mirror_source_ready(m)) return error_set(error, ERROR_SOURCE_LOST, "the source is not there");
            /* Children are looked for now, that the statements before the delete have put them there. */
            if (!mirror_read_images(m, error) || !mirror_add_cascades(m, error)) return false;
            if (!mirror_send_images(m, false, plain_done, s, error)) return false;
        }
    }
    if (!mirror_send_images(m, true, plain_done, s, error)) return false;
    fault_point(FAULT_mirror_sent);
    if (m->horizon_max < b->horizon) m->horizon_max = b->horizon;
    mirror_send_applied(m, b->csn, mirror_restart_position(m, b->csn), plain_done, s);
    pg_send_text(m->target, "COMMIT", plain_done, s);
    bool good = wait_for(m, s, error);
    if (good) fault_point(FAULT_mirror_committed);
    return good;
}

/* Ends a transaction that failed, so that the connection can be used again. */
bool mirror_roll_back(struct mirror *m)
{
    struct error error;
    error_clear(&error);
    if (pg_state(m->target) == PG_READY) {
        pg_sync(m->target);
        pg_send_text(m->target, "ROLLBACK", NULL, NULL);
        pg_sync(m->target);
        if (pg_run_wait(m->target, BATCH_TIMEOUT_MS, &error) && pg_state(m->target) == PG_READY) return true;
    }
    if (error.code == ERROR_NONE) error_set(&error, ERROR_TARGET_LOST, "the target was lost");
    mirror_target_failed(m, &error);
    return false;
}

/* ---- afterwards ---- */

static void give_to_checker(struct mirror *m)
{
    struct mirror_batch *b = &m->batch;
    mirror_late_keep(m);
    for (uint32_t i = 0; i < b->keys.count; i++)
        if (b->keys.list[i]->doubt) mirror_late_note(m, b->keys.list[i]);
    if (!m->engine->checker) return;
    uint32_t share = m->engine->options.compare_share;
    for (uint32_t i = 0; i < b->keys.count; i++) {
        const struct mirror_key *key = b->keys.list[i];
        if (!key->must_check && random_below(&m->random, 100) >= share) continue;
        (void)checker_add(m->engine->checker, key->must_check ? CHECK_PREDICATE : CHECK_MIRROR, key->map->table, key->encoded, key->csn,
                          key->fingerprint);
    }
}

/* counts, acknowledges, forgets */
static void mirror_batch_done(struct mirror *m)
{
    struct mirror_batch *b = &m->batch;
    uint64_t applied = 0, exact = 0, predicate = 0;
    for (uint32_t i = 0; i < b->op_count; i++) {
        if (!b->ops[i].sent) continue;
        if (b->ops[i].action == ACTION_EXACT)
            exact++;
        else
            predicate++;
    }
    for (uint32_t i = 0; i < b->keys.count; i++) {
        struct mirror_key *key = b->keys.list[i];
        if (!key->image || b->horizon <= b->csn) continue;
        recent_note(m, key, b->horizon, 0, false);
        struct table_recent *table = &m->tables[key->map->table->id];
        if (table->image_csn < b->horizon) table->image_csn = b->horizon;
    }
    if (b->horizon) mirror_next_drop(m); /* rows were read that the plan does not know of */
    m->applied_position = mirror_restart_position(m, b->csn);
    m->written_position = b->lane_count > 1 ? mirror_restart_position(m, m->applied_csn) : m->applied_position; /* as it stands there */
    m->written_us = clock_monotonic_us();
    m->written_csn = m->applied_csn = b->csn;
    if (b->lane_count < 2) m->lanes_unsettled = false;
    mirror_ahead_prune(m);
    if (m->applied_csn >= m->target_lost_csn) atomic_store(&m->engine->target_healthy, true);
    engine_set_applied(m->engine, m->applied_csn, m->applied_position);
    for (uint32_t i = 0; i < b->count; i++) applied += b->transactions[i]->state != TRANSACTION_VOID && !b->transactions[i]->target_primary;
    engine_count(m->engine, COUNT_MIRROR_APPLIED, applied);
    engine_count(m->engine, COUNT_MIRROR_EXACT, exact);
    engine_count(m->engine, COUNT_MIRROR_PREDICATE, predicate);
    engine_count(m->engine, COUNT_MIRROR_IMAGES, b->images);
    give_to_checker(m);
    mutex_lock(&m->lock);
    m->statistics.transactions += applied;
    m->statistics.statements += exact + predicate;
    m->statistics.images += b->images;
    m->statistics.batches++;
    m->statistics.lanes = b->lane_count;
    mutex_unlock(&m->lock);
    uint32_t count = b->count;
    struct mirror_transaction **list = b->transactions;
    for (uint32_t i = 0; i < count; i++) {
        if (list[i]->state == TRANSACTION_DOUBT)
            LOG(LOG_INFO, "mirror.doubt_settled", log_u64("csn", list[i]->csn), log_u64("statements", list[i]->entry_count));
        mirror_keep_for_reverse(m, list[i]);
        mirror_transaction_drop(m, list[i]);
    }
    b->count = 0;
}

/* Nothing of it concerns the target. Its position is written with the next batch that does, or once a second. */
static bool skip_batch(struct mirror *m)
{
    struct mirror_batch *b = &m->batch;
    uint64_t position = mirror_restart_position(m, b->csn);
    if (m->target && clock_monotonic_us() > m->written_us + POSITION_EVERY_US) {
        struct sending s = {.failed = false};
        struct error error;
        error_clear(&error);
        mirror_send_applied(m, b->csn, position, plain_done, &s);
        if (!wait_for(m, &s, &error)) {
            mirror_target_failed(m, &error);
            return false;
        }
        m->written_position = position;
        m->written_csn = b->csn;
        m->written_us = clock_monotonic_us();
        m->lanes_unsettled = false;
    }
    m->applied_csn = b->csn;
    m->applied_position = position;
    mirror_ahead_prune(m);
    engine_set_applied(m->engine, m->applied_csn, position);
    for (uint32_t i = 0; i < b->count; i++) {
        mirror_keep_for_reverse(m, b->transactions[i]);
        mirror_transaction_drop(m, b->transactions[i]);
    }
    b->count = 0;
    return true;
}

static bool batch_is_empty(const struct mirror_batch *b)
{
    return b->op_count == 0 && b->keys.count == 0 && b->rowid_count == 0 && !b->feed_wanted;
}

/* Reads what must be read before anything is sent. A table that cannot be read any more does not stop the others. */
static bool read_before(struct mirror *m, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    if (b->rowid_count == 0 && mirror_images_are_read(b) && !b->feed_wanted) return true;
    if (!mirror_source_ready(m)) return false;
    if (mirror_read_rowids(m, error) && mirror_read_images(m, error)) {
        m->read_failures = 0;
        return true;
    }
    if (error->code != ERROR_SOURCE || ++m->read_failures < READ_FAILURES_MAX) return false;
    LOG(LOG_ERROR, "mirror.table_unreadable", log_failure(error));
    for (uint32_t i = 0; i < b->keys.count; i++) {
        struct mirror_key *key = b->keys.list[i];
        if (!key->image || key->read) continue;
        key->dropped = true;
        mirror_gap(m, key->map->table->name, error->text);
    }
    for (uint32_t i = 0; i < b->rowid_count; i++)
        if (b->rowids[i].map) mirror_gap(m, b->rowids[i].map->table->name, error->text);
    b->rowid_count = 0;
    m->read_failures = 0;
    error_clear(error);
    return true;
}

static void failed(struct mirror *m, const struct error *error)
{
    if (error->code == ERROR_SOURCE_LOST || error->code == ERROR_SOURCE)
        mirror_source_failed(m, error);
    else
        mirror_target_failed(m, error);
}

/* False with m->target: it may be tried again at once; *undone: only that it was meant for several lanes went wrong. */
static bool try_batch(struct mirror *m, bool *undone, struct error *error)
{
    error_clear(error);
    *undone = false;
    if (!read_before(m, error)) {
        if (error->code != ERROR_NONE) failed(m, error);
        return false;
    }
    fault_point(FAULT_mirror_read);
    if (m->batch.wide && mirror_links_split(m, mirror_lanes_wanted(m))) {
        enum mirror_ran ran = mirror_lanes_run(m, error);
        *undone = ran == RAN_UNDONE;
        if (*undone && (error->code == ERROR_SOURCE_LOST || error->code == ERROR_SOURCE)) failed(m, error);
        return ran == RAN_GOOD;
    }
    if (run_transaction(m, error)) return true;
    if (!mirror_roll_back(m)) return false;
    if (error->code == ERROR_SOURCE_LOST || error->code == ERROR_SOURCE)
        failed(m, error);
    else if (mirror_target_trouble(error))
        mirror_target_failed(m, error);
    return false;
}

bool mirror_apply_keys(struct mirror *m)
{
    struct error error;
    m->batch.count = 0;
    m->batch.csn = m->applied_csn;
    if (batch_is_empty(&m->batch)) return true;
    bool undone, good = try_batch(m, &undone, &error);
    if (!good && (!m->target || error.code == ERROR_NONE || error.code == ERROR_SOURCE_LOST || error.code == ERROR_SOURCE)) return false;
    if (!good) good = mirror_apply_carefully(m, &error);
    if (good)
        mirror_batch_done(m);
    else if (m->target && mirror_roll_back(m))
        failed(m, &error);
    return good;
}

static void count_retry(struct mirror *m, int attempt, const struct error *error)
{
    engine_count(m->engine, COUNT_MIRROR_RETRIES, 1);
    mutex_lock(&m->lock);
    m->statistics.retries++;
    mutex_unlock(&m->lock);
    LOG_RATED(LOG_WARNING, "mirror.again", log_failure(error), log_u64("attempt", (uint64_t)attempt));
}

static bool apply_batch(struct mirror *m)
{
    struct error error;
    fault_point(FAULT_mirror_collected);
    for (int attempt = 0; attempt <= MIRROR_RETRIES; attempt++) {
        bool undone;
        if (!m->batch.planned) mirror_plan_batch(m);
        if (batch_is_empty(&m->batch)) return skip_batch(m);
        mirror_late_keep(m);
        if (try_batch(m, &undone, &error)) {
            mirror_batch_done(m);
            fault_point(FAULT_mirror_noted);
            return true;
        }
        if (!m->target || error.code == ERROR_SOURCE_LOST || error.code == ERROR_SOURCE) return false;
        if (!undone) {
            if (error.code == ERROR_NONE) return false;
            count_retry(m, attempt, &error);
            if (!mirror_target_transient(&error)) break;
            clock_sleep_us(random_backoff_us(&m->random, (uint32_t)attempt, 5000, 200000));
        }
        m->narrow = m->narrow || undone;
        mirror_batch_reset(m);
        if (!mirror_collect(m)) return false;
    }
    m->narrow = true;
    mirror_batch_reset(m);
    if (!mirror_collect(m)) return false;
    mirror_plan_batch(m);
    mirror_late_keep(m);
    if (mirror_apply_carefully(m, &error)) {
        mirror_batch_done(m);
        return true;
    }
    if (m->target && mirror_roll_back(m)) failed(m, &error);
    return false;
}

bool mirror_apply_batch(struct mirror *m)
{
    bool good = apply_batch(m);
    m->narrow = false;
    return good;
}
