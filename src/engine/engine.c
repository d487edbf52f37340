/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads of the data path share: options, names, counters, the route policy, positions, gaps. */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/dictionary.h"
#include "engine/worker.h"
#include <stdio.h>
#include <strings.h>

enum { READS_LOOK_US = 50 };

static const char *const phase_names[PHASE_COUNT] = {
    [PHASE_OBSERVE] = "observe", [PHASE_DUAL_WRITE] = "dual-write", [PHASE_SHADOW] = "shadow",
    [PHASE_CANARY] = "canary",   [PHASE_CUTOVER] = "cutover",       [PHASE_COMPLETE] = "complete",
};

const char *engine_phase_name(enum engine_phase phase)
{
    return phase < PHASE_COUNT ? phase_names[phase] : "?";
}

bool engine_phase_parse(const char *name, enum engine_phase *out)
{
    for (int i = 0; i < PHASE_COUNT; i++) {
        if (strcasecmp(name, phase_names[i]) != 0) continue;
        *out = (enum engine_phase)i;
        return true;
    }
    return false;
}

static const struct {
    const char *name, *help;
} counter_table[ENGINE_COUNTER_COUNT] = {
    [COUNT_CALLS] = {"calls", "Calls received from clients after their log-in."},
    [COUNT_RELAYED] = {"calls_relayed", "Calls answered by the source."},
    [COUNT_SERVED] = {"calls_served", "Calls answered by the target."},
    [COUNT_HELD] = {"calls_held", "Calls that waited for a switch or for a lost target."},
    [COUNT_OPAQUE_CALLS] = {"calls_opaque",
                            "Calls that could not be decoded and were relayed byte-exact; each is a gap while writes are mirrored."},
    [COUNT_UNKNOWN_CURSORS] = {"unknown_cursors", "Re-executions of a cursor id that is not in the session's table."},
    [COUNT_VALUES_LOST] = {"values_lost",
                           "Values of rows served by the target that cannot be said in the column's type: the call ended with an error."},
    [COUNT_TRANSLATIONS] = {"translations", "Statements translated; all other executions found their plan."},
    [COUNT_CLIENT_ERRORS] = {"client_errors", "Calls answered with a database error."},
    [COUNT_SESSIONS_OPENED] = {"sessions_opened", "Client connections accepted."},
    [COUNT_SESSIONS_CLOSED] = {"sessions_closed", "Client connections ended."},
    [COUNT_TRANSACTIONS] = {"transactions", "Writing transactions whose commit was acknowledged to a client."},
    [COUNT_DML_RECORDED] = {"dml_recorded", "Write statements put into the journal."},
    [COUNT_GAPS] = {"gaps", "Stretches in which the mirror may have missed something."},
    [COUNT_MIRROR_APPLIED] = {"mirror_transactions", "Transactions applied to the secondary by the mirror."},
    [COUNT_MIRROR_EXACT] = {"mirror_exact", "Statements replayed as they are: by key or with literal values."},
    [COUNT_MIRROR_IMAGES] = {"mirror_images", "Rows read from the primary by key and written to the secondary as they are."},
    [COUNT_MIRROR_PREDICATE] = {"mirror_predicate", "Statements over a predicate that were replayed."},
    [COUNT_MIRROR_OPAQUE] = {"mirror_opaque", "Statements that could neither be replayed nor reduced to keys; each is a gap."},
    [COUNT_MIRROR_RETRIES] = {"mirror_retries",
                              "Batches that were done again after a serialization failure, a deadlock or a lost connection."},
    [COUNT_MIRROR_MISMATCH] = {"mirror_mismatches", "Replayed statements that touched another number of rows than on the primary."},
    [COUNT_MIRROR_LANE_BATCHES] = {"mirror_lane_batches", "Batches that the mirror applied over several connections side by side."},
    [COUNT_MIRROR_LANE_RETREATS] = {"mirror_lane_retreats",
                                    "Batches meant for several connections that were undone before any COMMIT and done on one."},
    [COUNT_ROWS_COMPARED] = {"rows_compared", "Rows compared by key on both sides, once each decision."},
    [COUNT_ROWS_EQUAL] = {"rows_equal", "Rows compared by key that were equal."},
    [COUNT_ROWS_DIVERGENT] = {"rows_divergent", "Rows compared by key with a difference that persisted."},
    [COUNT_ROWS_VERIFIED] = {"rows_verified", "Rows compared by a sweep over whole tables."},
    [COUNT_ROWS_BACKFILLED] = {"rows_backfilled", "Rows copied by the backfill."},
    [COUNT_ROWS_REPAIRED] = {"rows_repaired", "Rows made equal by a repair."},
    [COUNT_SHADOW_QUEUED] = {"shadow_queued", "Reads handed over for comparison."},
    [COUNT_SHADOW_SKIPPED] = {"shadow_skipped", "Reads not compared because the queue was full."},
    [COUNT_SHADOW_EQUAL] = {"shadow_equal", "Reads with equal results on both sides."},
    [COUNT_SHADOW_RECHECKED] = {"shadow_rechecked", "Reads that were equal only when they were run again."},
    [COUNT_SHADOW_NOISE] = {"shadow_noise", "Reads that differ from themselves on the source."},
    [COUNT_SHADOW_NOT_COMPARABLE] = {"shadow_not_comparable", "Reads whose results cannot be compared."},
    [COUNT_SHADOW_DIVERGENT] = {"shadow_divergent", "Reads with a difference that persisted."},
    [COUNT_FENCE_WAITS] = {"fence_waits", "Reads that waited for the mirror before the target could answer them."},
    [COUNT_FENCE_TIMEOUTS] = {"fence_timeouts", "Reads that went to the source because the mirror was not there in time."},
    [COUNT_FALLBACKS] = {"fallbacks", "Calls that the target failed to answer and the source answered."},
    [COUNT_REPLAYED_CALLS] = {"replayed_calls", "Statements of open transactions done again on the source after the target was lost."},
    [COUNT_REVERSE_APPLIED] = {"reverse_transactions", "Transactions of the target applied to the source."},
    [COUNT_REVERSE_ROWS] = {"reverse_rows", "Row changes of the target applied to the source."},
    [COUNT_REVERSE_REFUSED] = {"reverse_refused", "Transactions of the target that the source refused: each left divergences and a gap."},
    [COUNT_TARGET_ERRORS] = {"target_errors", "Errors of the target in background work, lost connections counted."},
    [COUNT_SOURCE_ERRORS] = {"source_errors", "Errors of the source in background work, lost connections counted."},
    [COUNT_FEED_KEYS] = {"feed_keys", "Different keys read from the key feeds on the source, each batch."},
    [COUNT_FEED_EQUAL] = {"feed_keys_equal", "Of them those whose rows were equal: the wire had brought them already."},
    [COUNT_FEED_WRITTEN] = {"feed_rows_written", "Rows that a key feed named and the mirror wrote to the target."},
    [COUNT_FEED_DISCARDED] = {"feed_keys_discarded",
                              "Rows of key feeds deleted unread: nothing was mirrored then, or they were more than backlog_max (a gap)."},
};

const char *engine_counter_name(enum engine_counter counter)
{
    return counter < ENGINE_COUNTER_COUNT ? counter_table[counter].name : "?";
}

const char *engine_counter_help(enum engine_counter counter)
{
    return counter < ENGINE_COUNTER_COUNT ? counter_table[counter].help : "?";
}

void engine_options_default(struct engine_options *options)
{
    memset(options, 0, sizeof *options);
    options->source_port = 1521;
    snprintf(options->target_schema, sizeof options->target_schema, "public");
    snprintf(options->journal_folder, sizeof options->journal_folder, "journal");
    snprintf(options->state_file, sizeof options->state_file, "understudy.state");
    options->sessions_max = LIMIT_SESSIONS;
    options->login_timeout_us = LIMIT_LOGIN_US;
    options->target_connections = 16;
    options->fence_wait_us = 20000;
    options->compare_share = 100;
    options->shadow_share = 100;
    options->shadow_queue = 4096;
    options->mirror_fold = 64;
    options->mirror_lanes = 4;
    options->capture_max = 256 * 1024;
    options->result_max = 64 * 1024 * 1024;
    options->sequence_margin = 10000;
    options->feed_poll_us = 50000;
    options->feed_poll_max_us = 1000000;
    options->feed_look_us = 2000000;
    options->feed_backlog_max = 1000000;
}

/* ---- policy ---- */

/* Published policies stay: a worker may hold the old one for as long as a call takes. The chain keeps them reachable. */
struct policy_link {
    struct engine_policy policy; /* first: the published pointer is a pointer to the link */
    const struct engine_policy *before;
};

void engine_set_policy(struct engine *engine, const struct engine_policy *policy)
{
    struct policy_link *link = memory_alloc(sizeof *link);
    link->policy = *policy;
    link->before = atomic_load_explicit(&engine->policy, memory_order_acquire);
    atomic_store_explicit(&engine->policy, &link->policy, memory_order_seq_cst);
    for (uint32_t i = 0; i < engine->worker_count; i++) worker_policy_changed(engine->workers[i]);
}

/* ---- positions ---- */

static void raise(_Atomic uint64_t *place, uint64_t to)
{
    uint64_t now = atomic_load_explicit(place, memory_order_relaxed);
    while (now < to && !atomic_compare_exchange_weak_explicit(place, &now, to, memory_order_acq_rel, memory_order_relaxed)) {}
}

void engine_acknowledge(struct engine *engine, uint64_t csn, const uint32_t *tables, uint32_t count, bool unknown)
{
    const struct sql_catalog *catalog = atomic_load_explicit(&engine->catalog, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        if (tables[i] < ENGINE_TABLE_MAX)
            raise(&engine->table_acknowledged[tables[i]], csn);
        else
            unknown = true;
        const struct sql_table *table = catalog ? sql_catalog_table_at(catalog, tables[i]) : NULL;
        if (!table || dictionary_table_spreads(table)) unknown = true; /* its triggers and cascades write where no statement says so */
    }
    if (unknown) raise(&engine->unknown_acknowledged, csn);
    raise(&engine->acknowledged, csn);
}

uint64_t engine_fence(struct engine *engine, const struct sql_table_use *tables, uint32_t count)
{
    uint64_t fence = atomic_load_explicit(&engine->unknown_acknowledged, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        if (!tables[i].table || tables[i].table->view || tables[i].table->id >= ENGINE_TABLE_MAX)
            return atomic_load_explicit(&engine->acknowledged, memory_order_acquire); /* what a view reads is not known here */
        uint64_t csn = atomic_load_explicit(&engine->table_acknowledged[tables[i].table->id], memory_order_acquire);
        if (csn > fence) fence = csn;
    }
    return fence;
}

void engine_set_applied(struct engine *engine, uint64_t csn, uint64_t position)
{
    raise(&engine->applied_position, position);
    raise(&engine->applied, csn);
    for (uint32_t i = 0; i < engine->worker_count; i++) worker_applied_changed(engine->workers[i]);
}

/* ---- reads beside lanes ---- */

/* Both sides announce themselves first and look for the other afterwards (sequentially consistent): one of the two sees the other. */
bool engine_read_begin(struct engine *engine)
{
    atomic_fetch_add(&engine->reads_running, 1);
    if (atomic_load(&engine->ragged) <= atomic_load(&engine->applied) || FAULT_PLANTED(BUG_LANE_READS)) return true;
    engine_read_end(engine);
    return false;
}

void engine_read_end(struct engine *engine)
{
    atomic_fetch_sub(&engine->reads_running, 1);
}

bool engine_ragged_begin(struct engine *engine, uint64_t csn, uint64_t patience_us)
{
    uint64_t until = clock_monotonic_us() + patience_us;
    atomic_store(&engine->ragged, csn);
    while (atomic_load(&engine->reads_running) && !FAULT_PLANTED(BUG_LANE_READS)) {
        if (clock_monotonic_us() > until) {
            engine_ragged_end(engine);
            return false;
        }
        clock_sleep_us(READS_LOOK_US);
    }
    return true;
}

void engine_ragged_end(struct engine *engine)
{
    atomic_store(&engine->ragged, 0);
    for (uint32_t i = 0; i < engine->worker_count; i++) worker_applied_changed(engine->workers[i]);
}

void engine_held(struct engine *engine, uint64_t microseconds)
{
    raise(&engine->longest_hold_us, microseconds);
}

/* ---- gaps ---- */

void engine_gap(struct engine *engine, const char *table, const char *reason)
{
    uint64_t now = clock_wall_us(), csn = engine->journal ? journal_last_csn(engine->journal) : 0, id = 0;
    struct error error;
    error_clear(&error);
    engine_count(engine, COUNT_GAPS, 1);
    if (!table) table = "*";
    if (!reason || !reason[0]) reason = "not known";
    if (engine->state) {
        struct state_gap row = {.from_us = (int64_t)now, .to_us = (int64_t)now, .from_csn = csn, .to_csn = csn};
        snprintf(row.table, sizeof row.table, "%s", table);
        snprintf(row.reason, sizeof row.reason, "%.499s", reason);
        if (!state_gap_add(engine->state, &row, &id, &error))
            LOG(LOG_ERROR, "gap.not_recorded", log_failure(&error), log_text("table", table));
    }
    fault_point(FAULT_gap_ledger);
    if (engine->journal) {
        /* The ledger row's number stands in the record's transaction field: whoever reads the journal knows that the ledger has it. */
        struct journal_gap gap = {.from_us = now, .to_us = now, .table = view_text(table), .reason = view_text(reason)};
        struct buffer payload;
        buffer_init(&payload, 0);
        journal_gap_encode(&payload, &gap);
        journal_append(engine->journal, JOURNAL_GAP, id, 0, buffer_view(&payload), NULL, NULL);
        buffer_release(&payload);
    }
    LOG_RATED(LOG_WARNING, "gap.opened", log_text("table", table), log_text("reason", reason), log_u64("csn", csn), log_u64("id", id));
}
