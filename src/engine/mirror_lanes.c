/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch over several connections. All lanes do their parts in step: statements, then images, then what they have applied; only when every one of them
 * has answered without an error does the first COMMIT go out. So whatever fails before that is undone as a whole, and done again on one connection.
 * After it the target's own word counts: the connections are given up and understudy.lane is read (mirror_position.c).
 */
#include "engine/mirror_private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include <inttypes.h>
#include <stdio.h>

enum { LANE_TIMEOUT_MS = 120000, LANE_CONNECT_MS = 2000, FLUSH_EVERY = 64 };
#define LANES_RETRY_US      UINT64_C(1000000) /* after a retreat: whatever made it will be over */
#define READS_PATIENCE_US   UINT64_C(100000)  /* for reads that run when the lanes are about to commit */
#define CONNECT_PATIENCE_US UINT64_C(10000000)

/* ---- connections ---- */

struct pg *mirror_lane_pg(const struct mirror *m, uint32_t lane)
{
    return lane ? m->lanes[lane] : m->target;
}

void mirror_lanes_close(struct mirror *m)
{
    for (uint32_t i = 1; i < MIRROR_LANES_MAX; i++) {
        if (m->lanes[i]) pg_close(m->lanes[i]);
        m->lanes[i] = NULL;
    }
}

uint32_t mirror_lanes_wanted(const struct mirror *m)
{
    uint32_t lanes = m->engine->options.mirror_lanes;
    if (lanes > MIRROR_LANES_MAX) lanes = MIRROR_LANES_MAX;
    /* What lanes have applied beyond the others is forgotten by the next batch of lanes: first comes what they left over, on one connection. */
    if (lanes < 2 || m->narrow || m->paused || m->ahead_count || clock_monotonic_us() < m->lanes_retry_us) return 1;
    return lanes;
}

static bool connect_lanes(struct mirror *m)
{
    for (uint32_t i = 1; i < m->batch.lane_count; i++) {
        struct error error;
        if (m->lanes[i] && pg_state(m->lanes[i]) == PG_READY) continue;
        if (m->lanes[i]) pg_close(m->lanes[i]);
        m->lanes[i] = mirror_target_connect(m, true, LANE_CONNECT_MS, &error);
        if (m->lanes[i]) continue;
        LOG_RATED(LOG_WARNING, "mirror.lane", log_failure(&error), log_u64("lane", i));
        m->lanes_retry_us = clock_monotonic_us() + CONNECT_PATIENCE_US;
        return false;
    }
    return true;
}

/* ---- sending ---- */

struct lane_errors {
    bool failed;
    struct error error;
};

static void lane_done(void *context, struct pg_result *result)
{
    struct lane_errors *e = context;
    if (result->ok || e->failed) return;
    e->failed = true;
    e->error = result->error;
}

static bool wait_lanes(struct mirror *m, struct lane_errors *e, struct error *error)
{
    struct pg *list[MIRROR_LANES_MAX];
    uint32_t count = m->batch.lane_count;
    for (uint32_t i = 0; i < count; i++) {
        list[i] = mirror_lane_pg(m, i);
        pg_sync(list[i]);
    }
    bool good = pg_run_wait_all(list, count, LANE_TIMEOUT_MS, error);
    if (e->failed) *error = e->error;
    return good && !e->failed;
}

static bool send_all(struct mirror *m, struct lane_errors *e, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    for (uint32_t i = 0; i < b->lane_count; i++) {
        pg_send_text(mirror_lane_pg(m, i), "BEGIN", lane_done, e);
        /* Whoever waits for another lane waits in vain: that one commits when all are done. */
        pg_send_text(mirror_lane_pg(m, i), "SET LOCAL lock_timeout = '250ms'", lane_done, e);
    }
    if (!mirror_send_images(m, false, lane_done, e, error)) return false;
    for (uint32_t i = 0, sent = 0; i < b->op_count; i++) {
        struct mirror_op *op = &b->ops[i];
        op->sent = op->failed = false;
        op->record->sent = 0;
        op->record->affected = 0;
        if (op->key && op->key->image) continue;
        if (!mirror_send_statement(m, mirror_lane_pg(m, mirror_lane_of(b, op->transaction->slot)), op, error)) return false;
        if (++sent % FLUSH_EVERY == 0)
            for (uint32_t l = 0; l < b->lane_count; l++) pg_flush(mirror_lane_pg(m, l));
    }
    for (uint32_t l = 0; l < b->lane_count; l++) pg_flush(mirror_lane_pg(m, l));
    mirror_next_plan(m);
    if (!wait_lanes(m, e, error)) {
        const struct mirror_op *op = mirror_first_failed(m);
        if (op) *error = op->error;
        return false;
    }
    const struct mirror_op *op = mirror_first_failed(m);
    if (!op) return true;
    *error = op->error;
    return false;
}

/* Rows that turned out to be needed are read, and all images are written. */
static bool finish_images(struct mirror *m, struct lane_errors *e, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    if (!mirror_look_at_results(m, error)) return false;
    if (!mirror_images_are_read(b)) {
        if (!mirror_source_ready(m)) return error_set(error, ERROR_SOURCE_LOST, "the source is not there");
        if (!mirror_read_images(m, error) || !mirror_send_images(m, false, lane_done, e, error)) return false;
    }
    if (mirror_may_cascade(m) || b->crossed) return error_set(error, ERROR_STATE, "the rows of the lanes turned out to belong together");
    return mirror_send_images(m, true, lane_done, e, error);
}

/* {1,2,3}: the CSNs of a lane. */
static struct view csns_of(struct mirror *m, uint32_t lane)
{
    struct mirror_batch *b = &m->batch;
    size_t room = (size_t)b->count * 21 + 3, size = 0;
    char *text = arena_alloc(&b->arena, room);
    text[size++] = '{';
    for (uint32_t i = 0; i < b->count; i++) {
        const struct mirror_transaction *t = b->transactions[i];
        if (t->state == TRANSACTION_VOID || t->target_primary || mirror_lane_of(b, i) != lane) continue;
        size += (size_t)snprintf(text + size, room - size, "%s%" PRIu64, size > 1 ? "," : "", t->csn);
    }
    text[size++] = '}';
    return view_of(text, size);
}

/* ---- the batch ---- */

static enum mirror_ran retreat(struct mirror *m, const struct error *error)
{
    struct lane_errors ignored = {.failed = false};
    struct error second;
    engine_count(m->engine, COUNT_MIRROR_LANE_RETREATS, 1);
    LOG_RATED(LOG_WARNING, "mirror.lanes_retreat", log_failure(error), log_u64("lanes", m->batch.lane_count));
    m->lanes_retry_us = clock_monotonic_us() + LANES_RETRY_US;
    for (uint32_t i = 1; i < m->batch.lane_count; i++) {
        if (pg_state(m->lanes[i]) != PG_READY) continue;
        pg_sync(m->lanes[i]);
        pg_send_text(m->lanes[i], "ROLLBACK", lane_done, &ignored);
        pg_sync(m->lanes[i]);
        if (!pg_run_wait(m->lanes[i], LANE_TIMEOUT_MS, &second) || ignored.failed) {
            pg_close(m->lanes[i]);
            m->lanes[i] = NULL;
        }
    }
    return mirror_roll_back(m) ? RAN_UNDONE : RAN_FAILED;
}

/* From the first COMMIT on. */
static bool commit_lanes(struct mirror *m, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    struct lane_errors *e = arena_zero(&b->arena, sizeof *e);
    for (uint32_t i = 0; i < b->lane_count; i++) {
        pg_send_text(mirror_lane_pg(m, i), "COMMIT", lane_done, e);
        pg_sync(mirror_lane_pg(m, i));
        if (i == 0) fault_point(FAULT_lane_committing);
    }
    return wait_lanes(m, e, error);
}

enum mirror_ran mirror_lanes_run(struct mirror *m, struct error *error)
{
    struct mirror_batch *b = &m->batch;
    struct lane_errors *e = arena_zero(&b->arena, sizeof *e); /* outlives this call, as what is in flight does */
    error_clear(error);
    b->images = 0;
    for (uint32_t i = 0; i < b->keys.count; i++) b->keys.list[i]->sent = false;
    if (!connect_lanes(m)) return RAN_UNDONE;
    if (!send_all(m, e, error) || !finish_images(m, e, error)) return retreat(m, error);
    if (m->horizon_max < b->horizon) m->horizon_max = b->horizon;
    for (uint32_t i = 0; i < b->lane_count; i++) mirror_send_lane(m, mirror_lane_pg(m, i), i, csns_of(m, i), lane_done, e);
    if (!wait_lanes(m, e, error)) return retreat(m, error);
    fault_point(FAULT_lanes_sent);
    if (!engine_ragged_begin(m->engine, b->csn, READS_PATIENCE_US)) {
        error_set(error, ERROR_TIMEOUT, "reads on the target go on for long");
        return retreat(m, error);
    }
    if (!commit_lanes(m, error)) {
        if (error->code == ERROR_NONE) error_set(error, ERROR_TARGET_LOST, "a lane was lost");
        mirror_target_failed(m, error); /* which of them have committed, the target says */
        return RAN_FAILED;
    }
    fault_point(FAULT_lanes_committed);
    engine_count(m->engine, COUNT_MIRROR_LANE_BATCHES, 1);
    m->lanes_unsettled = true;
    return RAN_GOOD;
}

/* ---- at rest ---- */

void mirror_lanes_settle(struct mirror *m)
{
    if (!m->lanes_unsettled || !m->target || m->ahead_count) return;
    struct lane_errors e = {.failed = false};
    struct error error;
    uint64_t position = mirror_restart_position(m, m->applied_csn);
    error_clear(&error);
    mirror_send_applied(m, m->applied_csn, position, lane_done, &e);
    pg_sync(m->target);
    bool good = pg_run_wait(m->target, LANE_TIMEOUT_MS, &error);
    if (!good || e.failed) {
        mirror_target_failed(m, e.failed ? &e.error : &error);
        return;
    }
    m->written_csn = m->applied_csn;
    m->written_position = position;
    m->lanes_unsettled = false;
}
