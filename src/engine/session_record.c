/* SPDX-License-Identifier: Apache-2.0 */
/* The transaction of a session and what the journal gets to know of it. */
#include "engine/session_private.h"

#include "base/log.h"
#include "base/memory.h"
#include "engine/dictionary.h"

/* Enters before it looks at the policy: control raises `hold` first and counts open transactions then, so one of the two sees the other. */
bool session_transaction_enter(struct session *s)
{
    atomic_fetch_add_explicit(&s->engine->transactions_open, 1, memory_order_seq_cst);
    const struct engine_policy *policy = atomic_load_explicit(&s->engine->policy, memory_order_seq_cst);
    if (policy->hold || policy->target_down) {
        atomic_fetch_sub_explicit(&s->engine->transactions_open, 1, memory_order_seq_cst);
        return false;
    }
    s->tx.counted = true;
    s->tx.side = SIDE_SOURCE;
    session_transaction_side(s, policy->primary);
    return true;
}

void session_transaction_side(struct session *s, enum engine_side side)
{
    if (s->tx.counted && s->tx.side != side) {
        if (side == SIDE_TARGET)
            atomic_fetch_add(&s->engine->transactions_on_target, 1);
        else
            atomic_fetch_sub(&s->engine->transactions_on_target, 1);
    }
    s->tx.side = side;
}

void session_transaction_begin(struct session *s)
{
    if (s->tx.open) return;
    s->tx.open = true;
    s->tx.since_us = session_now(s);
}

static uint64_t transaction_id(struct session *s)
{
    if (!s->tx.id) s->tx.id = journal_new_transaction(s->engine->journal);
    return s->tx.id;
}

void session_transaction_end(struct session *s)
{
    session_transaction_side(s, SIDE_SOURCE);
    if (s->tx.counted) atomic_fetch_sub_explicit(&s->engine->transactions_open, 1, memory_order_seq_cst);
    struct buffer log = s->tx.log;
    buffer_clear(&log);
    memset(&s->tx, 0, sizeof s->tx);
    s->tx.log = log;
}

void session_transaction_abort(struct session *s)
{
    if (s->tx.block && s->tx.journalled && session_feed_sees(s, s->tx.since_us)) {
        session_intent_late(s, JOURNAL_UNKNOWN); /* what of it was committed tell the rows */
        session_transaction_end(s);
        return;
    }
    if (s->tx.block && s->tx.journalled)
        engine_gap(s->engine, NULL, "a transaction was rolled back in which a PL/SQL block ran that may have committed inside");
    if (s->tx.journalled) s->environment->journal(s->context, JOURNAL_ABORT, s->tx.id, 0, view_of(NULL, 0), false);
    s->tx.open = false;
    s->tx.wrote = false;
    session_transaction_end(s);
}

/* Its triggers or cascades may change rows of tables that the statement does not name: a read of any table must see them. */
static bool writes_elsewhere(const struct sql_plan *plan, const struct sql_table *table)
{
    unsigned facts = dictionary_facts(table);
    bool deletes = plan->kind != SQL_INSERT && plan->kind != SQL_UPDATE;
    return (facts & TABLE_TRIGGERS_SPREAD) || (deletes && (facts & TABLE_CASCADES));
}

static void session_add_tables(struct session *s, const struct sql_plan *plan)
{
    bool any = false;
    for (uint32_t i = 0; plan && i < plan->table_count; i++) {
        if (!plan->tables[i].written || !plan->tables[i].table) continue;
        any = true;
        if (writes_elsewhere(plan, plan->tables[i].table)) s->tx.unknown_tables = true;
        uint32_t id = plan->tables[i].table->id;
        bool known = false;
        for (uint32_t j = 0; j < s->tx.table_count; j++) known = known || s->tx.tables[j] == id;
        if (known) continue;
        if (s->tx.table_count < SESSION_TABLES_MAX)
            s->tx.tables[s->tx.table_count++] = id;
        else
            s->tx.unknown_tables = true;
    }
    if (!any || (plan && plan->class_ == SQL_CLASS_OPAQUE)) s->tx.unknown_tables = true;
}

/* ---- records ---- */

static struct record session_record_make(struct session *s)
{
    struct call *call = &s->call;
    struct wire_request *request = wire_tap_request(s->tap);
    struct record record = {.ordinal = s->tx.ordinal, .session = s->id, .schema = view_text(s->schema)};
    if (s->tx.side == SIDE_TARGET) record.flags |= RECORD_PRIMARY_TARGET;
    if (!call->wire_cursor || !call->wire_cursor->sql) {
        record.flags |= RECORD_INCOMPLETE;
        return record;
    }
    record.text = view_of(call->wire_cursor->sql, call->wire_cursor->sql_size);
    uint32_t rows = request->execute.row_count;
    (void)session_call_binds(s, &record.bind_count);
    record.row_count = rows ? rows : (record.bind_count == call->wire_cursor->return_binds ? 1 : 0);
    if (!record.bind_count) {
        record.row_count = request->execute.execution_count > 1 ? request->execute.execution_count : 1;
        return record;
    }
    record.binds = arena_alloc(&call->arena, sizeof(struct value) * record.bind_count * (record.row_count ? record.row_count : 1));
    for (uint32_t i = 0; i < record.row_count; i++) {
        struct error error;
        struct value *row = rows ? session_bind_values(s, i, &call->arena, &error) : NULL;
        if (rows && !row) record.flags |= RECORD_INCOMPLETE;
        for (uint32_t j = 0; j < record.bind_count; j++) record.binds[i * record.bind_count + j] = row ? row[j] : value_null();
    }
    return record;
}

/* For one record at a time: the hot path allocates nothing. */
static struct buffer *record_buffer(struct session *s)
{
    buffer_clear(&s->record);
    return &s->record;
}

static void journal_record(struct session *s, enum journal_kind kind, uint64_t csn, struct buffer *payload, bool notify)
{
    s->environment->journal(s->context, kind, transaction_id(s), csn, buffer_view(payload), notify);
    buffer_clear(payload); /* keeps little */
}

static void finish_result(struct session *s, const struct record *record)
{
    struct call *call = &s->call;
    if (call->result.good_iterations == 0 && !call->result.partial) call->result.good_iterations = record->row_count;
}

/* `again`: should the target be lost before the commit, a replay on the source has to do it; otherwise the call at hand does. */
static void record_rows(struct session *s, bool again)
{
    struct record record = session_record_make(s);
    finish_result(s, &record);
    struct buffer *payload = record_buffer(s);
    record_encode(payload, &record, &s->call.result);
    if (again) {
        buffer_u32(&s->tx.log, (uint32_t)buffer_size(payload));
        buffer_append_view(&s->tx.log, buffer_view(payload));
    }
    s->tx.ordinal++;
    s->tx.wrote = true;
    s->tx.journalled = true;
    engine_count(s->engine, COUNT_DML_RECORDED, 1);
    journal_record(s, JOURNAL_DML, 0, payload, false);
}

void session_record_dml(struct session *s)
{
    session_transaction_begin(s);
    session_add_tables(s, s->call.plan);
    if (s->call.policy->mirror) record_rows(s, s->tx.side == SIDE_TARGET);
}

bool session_intent(struct session *s)
{
    struct call *call = &s->call;
    if (call->intent_sent || !call->commits) return false;
    bool writes = call->kind == KIND_DML || call->kind == KIND_PLSQL, on_target = s->tx.side == SIDE_TARGET;
    if (!s->tx.wrote && !writes) return false;
    struct record_intent intent = {.auto_commit = writes && !on_target, .target_primary = on_target, .has_record = writes && !on_target};
    if (writes) session_add_tables(s, call->plan);
    if (writes && on_target) /* it has run already: with its result, like a statement before a COMMIT */
        record_rows(s, false);
    else if (writes)
        intent.record = session_record_make(s);
    intent.unknown_tables = s->tx.unknown_tables;
    intent.unsure = s->tx.block != 0;
    s->tx.csn = journal_next_csn(s->engine->journal);
    if (intent.target_primary) outstanding_add(s->engine->outstanding, s->tx.csn);
    struct buffer *payload = record_buffer(s);
    record_encode_intent(payload, &intent);
    call->state = CALL_WAIT_INTENT;
    s->tx.wrote = true;
    atomic_fetch_add_explicit(&s->engine->commits_in_flight, 1, memory_order_seq_cst);
    journal_record(s, JOURNAL_INTENT, s->tx.csn, payload, true);
    return true;
}

void session_intent_late(struct session *s, enum journal_outcome outcome)
{
    struct record_intent intent = {.unknown_tables = s->tx.unknown_tables};
    struct buffer *payload = record_buffer(s);
    s->tx.csn = journal_next_csn(s->engine->journal);
    atomic_fetch_add_explicit(&s->engine->commits_in_flight, 1, memory_order_seq_cst);
    record_encode_intent(payload, &intent);
    journal_record(s, JOURNAL_INTENT, s->tx.csn, payload, false);
    session_outcome(s, outcome);
}

/* The call that carried the commit failed: what ran before it is still open, under the same id, and its commit will get another CSN. */
static void not_committed(struct session *s)
{
    struct buffer *payload = record_buffer(s);
    record_encode_outcome(payload, JOURNAL_NOT_COMMITTED, NULL);
    journal_record(s, JOURNAL_OUTCOME, s->tx.csn, payload, false);
    outstanding_remove(s->engine->outstanding, s->tx.csn);
    atomic_fetch_sub_explicit(&s->engine->commits_in_flight, 1, memory_order_seq_cst);
    s->tx.csn = 0;
    s->tx.wrote = s->tx.journalled;
}

void session_outcome(struct session *s, enum journal_outcome outcome)
{
    struct call *call = &s->call;
    if (!s->tx.csn) return;
    if (outcome == JOURNAL_NOT_COMMITTED) {
        not_committed(s);
        return;
    }
    struct buffer *payload = record_buffer(s);
    bool with_result = outcome == JOURNAL_COMMITTED && s->tx.side == SIDE_SOURCE && (call->kind == KIND_DML || call->kind == KIND_PLSQL);
    if (with_result && call->result.good_iterations == 0 && !call->result.partial) {
        struct wire_request *request = wire_tap_request(s->tap);
        call->result.good_iterations = request->execute.row_count ? request->execute.row_count : 1;
    }
    record_encode_outcome(payload, outcome, with_result ? &call->result : NULL);
    if (outcome == JOURNAL_COMMITTED) {
        engine_acknowledge(s->engine, s->tx.csn, s->tx.tables, s->tx.table_count, s->tx.unknown_tables);
        engine_count(s->engine, COUNT_TRANSACTIONS, 1);
        if (with_result) engine_count(s->engine, COUNT_DML_RECORDED, 1);
    } else if (outcome == JOURNAL_UNKNOWN) {
        /* It may have committed: readers must not be served until the mirror has looked at its rows. */
        engine_acknowledge(s->engine, s->tx.csn, s->tx.tables, s->tx.table_count, s->tx.unknown_tables);
    }
    journal_record(s, JOURNAL_OUTCOME, s->tx.csn, payload, false);
    if (outcome == JOURNAL_ROLLED_BACK) outstanding_remove(s->engine->outstanding, s->tx.csn);
    atomic_fetch_sub_explicit(&s->engine->commits_in_flight, 1, memory_order_seq_cst);
    s->tx.csn = 0;
    s->tx.id = 0;
    s->tx.wrote = false;
    s->tx.journalled = false;
    s->tx.open = false;
}

/* ---- savepoints ---- */

void session_savepoint(struct session *s, const char *name)
{
    session_transaction_begin(s);
    uint32_t at = s->tx.savepoint_count;
    for (uint32_t i = 0; i < s->tx.savepoint_count; i++)
        if (strcasecmp(s->tx.savepoints[i].name, name) == 0) at = i;
    if (at == SESSION_SAVEPOINT_MAX) { /* limit: the oldest is forgotten; a ROLLBACK TO it makes a gap */
        memmove(s->tx.savepoints, s->tx.savepoints + 1, sizeof s->tx.savepoints[0] * (SESSION_SAVEPOINT_MAX - 1));
        at--;
    }
    if (at >= s->tx.savepoint_count) s->tx.savepoint_count = at + 1;
    snprintf(s->tx.savepoints[at].name, sizeof s->tx.savepoints[at].name, "%.63s", name);
    s->tx.savepoints[at].ordinal = s->tx.ordinal;
    s->tx.savepoints[at].log_size = buffer_size(&s->tx.log);
}

void session_rollback_to(struct session *s, const char *name)
{
    for (uint32_t i = s->tx.savepoint_count; i-- > 0;) {
        if (strcasecmp(s->tx.savepoints[i].name, name) != 0) continue;
        s->tx.savepoint_count = i + 1;
        uint32_t ordinal = s->tx.savepoints[i].ordinal;
        if (s->tx.block > ordinal) s->tx.block = 0; /* the savepoint is still there: nothing was committed since */
        s->tx.log.end = s->tx.log.start + s->tx.savepoints[i].log_size;
        if (!s->tx.journalled || ordinal >= s->tx.ordinal) return;
        uint8_t payload[4] = {(uint8_t)ordinal, (uint8_t)(ordinal >> 8), (uint8_t)(ordinal >> 16), (uint8_t)(ordinal >> 24)};
        s->environment->journal(s->context, JOURNAL_TRIM, s->tx.id, 0, view_of(payload, sizeof payload), false);
        return;
    }
    if (s->tx.journalled) engine_gap(s->engine, NULL, "ROLLBACK TO a savepoint that was not seen");
}
