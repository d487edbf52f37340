/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes and transactions on the target while it is primary.
 *
 * A statement inside an open transaction stands between SAVEPOINT and RELEASE, because Oracle undoes one failed statement and PostgreSQL would abort the
 * transaction. Array DML does so for each iteration: what ran before the failing one stays, as in Oracle.
 *
 * An auto-commit statement is a statement and a COMMIT: BEGIN and the statement; when it has run its record and its intent, made durable (I8); then the CSN's logical
 * message and COMMIT. So it has its rows locked when it gets its CSN, and whoever waits for one of them gets his later: while the target is primary
 * the order of CSNs is an order in which conflicting transactions committed, without exception, whenever their answers are seen.
 */
#include "engine/session_private.h"

#include "base/memory.h"

enum { TAG_CONTROL = 1 << 30, STAGE_ROWS = 1, STAGE_UNDO, STAGE_FINISH, STAGE_CONTROL };
#define SAVEPOINT_TEXT "SAVEPOINT understudy_statement"
#define RELEASE_TEXT   "RELEASE SAVEPOINT understudy_statement"
#define UNDO_TEXT      "ROLLBACK TO SAVEPOINT understudy_statement"

/* ---- results ---- */

static struct value *grow_values(struct session *s, struct value *old, uint32_t used, uint32_t need, uint32_t *capacity)
{
    if (need <= *capacity) return old;
    *capacity = need * 2 + 16;
    struct value *grown = arena_alloc(&s->call.arena, sizeof *grown * *capacity);
    if (used) memcpy(grown, old, sizeof *grown * used);
    return grown;
}

static struct value result_value(struct session *s, const struct pg_result *result, uint32_t row, uint32_t column)
{
    struct value value = pg_value_from_text(pg_result_column(result, column).type, pg_result_text(result, row, column),
                                            pg_result_null(result, row, column), &s->call.arena);
    return value_copy(&s->call.arena, &value);
}

static void gather_dml(struct session *s, struct pg_result *result, uint32_t iteration)
{
    struct call *call = &s->call;
    struct record_result *out = &call->result;
    out->affected += result->affected;
    if (call->counts && iteration < call->count_count) call->counts[iteration] = result->affected;
    out->good_iterations = iteration + 1;
    uint32_t images = call->plan->returning_text ? call->plan->returning_image_count : 0;
    if (images > result->columns) images = 0;
    uint32_t into = result->columns - images;
    out->image_columns = images;
    out->returned_binds = into;
    out->images = grow_values(s, out->images, out->image_rows * images, (out->image_rows + result->rows) * images, &call->images_capacity);
    out->returned =
        grow_values(s, out->returned, out->returned_rows * into, (out->returned_rows + result->rows) * into, &call->returned_capacity);
    for (uint32_t r = 0; r < result->rows; r++) {
        for (uint32_t c = 0; c < images; c++) out->images[(out->image_rows + r) * images + c] = result_value(s, result, r, c);
        for (uint32_t c = 0; c < into; c++) out->returned[(out->returned_rows + r) * into + c] = result_value(s, result, r, images + c);
    }
    if (images) out->image_rows += result->rows;
    if (into) out->returned_rows += result->rows;
}

void session_keep_rows(struct session_cursor *cursor, struct pg_result *result)
{
    if (cursor->target.held) pg_result_free(&cursor->target.result);
    pg_result_take(result, &cursor->target.result);
    cursor->target.held = true;
    cursor->target.next_row = 0;
    cursor->target.done = false;
    cursor->on_target = true;
}

static void write_done(struct session *s, struct pg_result *result, uint64_t tag)
{
    struct call *call = &s->call;
    call->expected_results--;
    if (!result->ok && !call->statement_failed) {
        call->statement_failed = true;
        call->target_error = result->error;
        snprintf(call->target_constraint, sizeof call->target_constraint, "%s", result->constraint);
        if (tag != TAG_CONTROL) call->iteration = (uint32_t)tag;
    } else if (result->ok && tag != TAG_CONTROL) {
        if (call->kind == KIND_QUERY)
            session_keep_rows(s->call.cursor, result);
        else
            gather_dml(s, result, (uint32_t)tag);
    }
    if (call->expected_results == 0 && !call->sending && s->cancels == 0) session_write_over(s);
}

/* A connection that is found dead fails what is sent at once: what follows from it waits for the flush. */
static void control_send(struct session *s, const char *text)
{
    s->call.sending = true;
    session_target_send(s, text, NULL, NULL, 0, write_done, TAG_CONTROL);
}

static void flush(struct session *s)
{
    if (s->lease) pg_sync(s->lease);
    if (s->lease) s->environment->target_flush(s->context, s->lease);
    s->call.sending = false;
    if (s->call.expected_results == 0 && s->cancels == 0) session_write_over(s);
}

/* ---- sending ---- */

static void begin(struct session *s)
{
    if (s->target_began) return;
    control_send(s, "BEGIN");
    s->target_began = true;
    s->settings_sent = false;
}

static bool needs_savepoint(const struct session *s)
{
    return s->tx.open || s->call.kind == KIND_QUERY || wire_tap_request(s->tap)->execute.row_count > 1;
}

static bool send_iteration(struct session *s, uint32_t iteration, const char *text, char kind, struct error *error)
{
    struct call *call = &s->call;
    struct pg_parameter *parameters;
    struct value *values = session_bind_values(s, iteration, &call->arena, error);
    if (!values || !session_parameters(s, call->plan, values, &call->arena, &parameters, error)) return false;
    char name[64];
    session_statement_name(s, call->plan, parameters, kind, name);
    bool guard = needs_savepoint(s);
    if (guard) control_send(s, SAVEPOINT_TEXT);
    if (guard && call->plan->lock_wait_s) {
        char limit[60];
        snprintf(limit, sizeof limit, "SET LOCAL lock_timeout = '%us'", call->plan->lock_wait_s);
        control_send(s, limit);
    }
    session_target_send(s, text, name, parameters, call->plan->bind_count, write_done, iteration);
    if (guard && call->plan->lock_wait_s) control_send(s, "SET LOCAL lock_timeout = DEFAULT");
    if (guard) control_send(s, RELEASE_TEXT);
    return true;
}

static void send_rows(struct session *s)
{
    struct call *call = &s->call;
    struct wire_request *request = wire_tap_request(s->tap);
    uint32_t rows = call->kind == KIND_QUERY || request->execute.row_count == 0 ? 1 : request->execute.row_count;
    const struct sql_plan *plan = call->plan;
    bool dml = call->kind == KIND_DML;
    const char *text = dml && plan->returning_text        ? plan->returning_text
                       : dml && plan->returning_into_text ? plan->returning_into_text
                                                          : plan->target_text;
    char kind = text == plan->returning_text ? 'i' : text == plan->target_text ? 't' : 'o';
    if (dml && !call->counts) {
        call->counts = arena_zero(&call->arena, sizeof(uint64_t) * rows);
        call->count_count = rows;
    }
    call->stage = STAGE_ROWS;
    call->statement_failed = false;
    call->sending = true;
    call->sent_us = session_now(s);
    begin(s);
    const char *settings = session_settings_text(s);
    if (settings) control_send(s, settings);
    for (uint32_t i = call->iteration; i < rows; i++) {
        struct error error;
        if (send_iteration(s, i, text, kind, &error)) continue;
        call->statement_failed = true;
        call->target_error = error;
        call->iteration = i;
        break;
    }
    flush(s);
}

static void send_finish(struct session *s)
{
    char message[100];
    s->call.stage = STAGE_FINISH;
    s->call.statement_failed = false;
    snprintf(message, sizeof message, "SELECT pg_logical_emit_message(true, 'understudy', 'csn %llu')", (unsigned long long)s->tx.csn);
    if (s->tx.csn) control_send(s, message);
    control_send(s, "COMMIT");
    flush(s);
}

/* A call that carries its commit has run. */
static void commit_rows(struct session *s)
{
    s->call.rows_us = session_now(s);
    if (!session_intent(s)) send_finish(s);
}

static void send_undo(struct session *s, const char *text)
{
    s->call.stage = STAGE_UNDO;
    control_send(s, text);
    flush(s);
}

/* ---- what follows ---- */

static void answer_written(struct session *s)
{
    struct call *call = &s->call;
    if (call->kind == KIND_QUERY) {
        session_transaction_begin(s);
        s->tx.locked = true;
        session_answer_rows(s, wire_tap_request(s->tap)->execute.options & WIRE_OPTION_PARSE);
        return;
    }
    if (call->statement) histogram_add(&call->statement->fingerprint->target_us, session_now(s) - call->sent_us);
    if (call->commits) {
        session_lease_return(s, false);
        session_outcome(s, JOURNAL_COMMITTED);
    } else {
        session_record_dml(s);
    }
    session_answer_dml(s);
}

static void note_batch_error(struct session *s)
{
    struct call *call = &s->call;
    uint32_t n = call->result.failed_count;
    if (n == call->failed_capacity) {
        uint32_t capacity = n * 2 + 16;
        uint32_t *rows = arena_zero(&call->arena, sizeof *rows * capacity), *errors = arena_zero(&call->arena, sizeof *errors * capacity);
        char **texts = arena_zero(&call->arena, sizeof *texts * capacity);
        if (n) {
            memcpy(rows, call->result.failed, sizeof *rows * n);
            memcpy(errors, call->failed_errors, sizeof *errors * n);
            memcpy(texts, call->failed_texts, sizeof *texts * n);
        }
        call->result.failed = rows;
        call->failed_errors = errors;
        call->failed_texts = texts;
        call->failed_capacity = capacity;
    }
    char text[700];
    call->failed_errors[n] = (uint32_t)sql_error_to_ora(call->target_error.sqlstate, call->target_constraint, call->target_error.text,
                                                        s->schema, text, sizeof text);
    call->failed_texts[n] = arena_string(&call->arena, view_text(text));
    call->result.failed[n] = call->iteration;
    call->result.failed_count++;
}

static void undone(struct session *s)
{
    struct call *call = &s->call;
    struct wire_request *request = wire_tap_request(s->tap);
    struct error error = call->target_error;
    if (needs_savepoint(s) && (request->execute.options & WIRE_OPTION_BATCH_ERRORS) && !call->cancelled) {
        note_batch_error(s);
        call->iteration++;
        if (call->iteration < request->execute.row_count)
            send_rows(s);
        else if (call->commits)
            commit_rows(s);
        else
            answer_written(s);
        return;
    }
    if (call->iteration > 0 && call->kind == KIND_DML) { /* the iterations before the failing one stay in the transaction */
        call->result.partial = true;
        call->result.good_iterations = call->iteration;
        session_record_dml(s);
    } else if (!s->tx.open) {
        session_lease_return(s, false);
    }
    session_answer_sqlstate(s, &error, call->target_constraint);
}

static void rows_failed(struct session *s)
{
    if (s->call.target_error.code != ERROR_TARGET && s->call.target_error.code != ERROR_PROTOCOL) {
        session_target_failed(s, &s->call.target_error);
        return;
    }
    if (needs_savepoint(s) &&
        (s->tx.open || s->call.iteration > 0 || (wire_tap_request(s->tap)->execute.options & WIRE_OPTION_BATCH_ERRORS)))
        send_undo(s, UNDO_TEXT);
    else {
        s->target_began = false;
        send_undo(s, "ROLLBACK");
    }
}

static void finish_over(struct session *s)
{
    struct call *call = &s->call;
    if (call->statement_failed) {
        struct error error = call->target_error;
        if (error.code != ERROR_TARGET) {
            session_target_failed(s, &error);
            return;
        }
        s->target_began = false;
        session_lease_return(s, true); /* a commit that failed: the transaction is gone */
        session_outcome(s, JOURNAL_ROLLED_BACK);
        session_transaction_abort(s);
        session_answer_sqlstate(s, &error, call->target_constraint);
        return;
    }
    s->target_began = false;
    if (call->kind == KIND_COMMIT) {
        session_lease_return(s, false);
        session_outcome(s, JOURNAL_COMMITTED);
        s->tx.open = false;
        session_answer_ok(s, 44);
        return;
    }
    if (call->kind == KIND_ROLLBACK) {
        session_lease_return(s, false);
        session_transaction_abort(s);
        session_answer_ok(s, 45);
        return;
    }
    answer_written(s);
}

static void control_over(struct session *s)
{
    struct call *call = &s->call;
    if (call->statement_failed) {
        struct error error = call->target_error;
        if (error.code != ERROR_TARGET) {
            session_target_failed(s, &error);
        } else if (s->tx.open) { /* the transaction goes on without it */
            send_undo(s, UNDO_TEXT);
        } else {
            s->target_began = false;
            send_undo(s, "ROLLBACK");
        }
        return;
    }
    if (call->kind == KIND_SAVEPOINT) session_savepoint(s, call->plan->savepoint);
    if (call->kind == KIND_ROLLBACK_TO) {
        session_rollback_to(s, call->plan->savepoint);
        s->settings_sent = false; /* those said after the savepoint are undone */
    }
    if (call->kind == KIND_OTHER) session_transaction_begin(s);
    session_answer_ok(s, 0);
}

bool session_commit_sent(const struct session *s)
{
    return s->call.stage == STAGE_FINISH;
}

bool session_write_may_stop(const struct session *s)
{
    return s->call.stage == STAGE_ROWS || s->call.stage == 0;
}

void session_write_over(struct session *s)
{
    struct call *call = &s->call;
    switch (call->stage) {
    case STAGE_ROWS:
        if (call->statement_failed)
            rows_failed(s);
        else if (call->commits && call->kind == KIND_DML)
            commit_rows(s);
        else
            answer_written(s);
        return;
    case STAGE_UNDO: undone(s); return;
    case STAGE_FINISH: finish_over(s); return;
    default: control_over(s); return;
    }
}

/* ---- doors ---- */

static void take_lease(struct session *s)
{
    if (s->lease && s->lease_exclusive) {
        s->call.state = CALL_SERVING;
        session_write_granted(s);
        return;
    }
    s->call.state = CALL_WAIT_LEASE;
    s->lease_exclusive = true;
    s->environment->target_lease(s->context, true);
}

/* One that fails must not end the transaction. ROLLBACK TO takes our own savepoint along when it succeeds. */
static void send_control(struct session *s)
{
    struct call *call = &s->call;
    char text[100];
    call->stage = STAGE_CONTROL;
    begin(s);
    if (s->tx.open && call->kind != KIND_SAVEPOINT) control_send(s, SAVEPOINT_TEXT);
    if (call->kind == KIND_OTHER) {
        control_send(s, call->plan->target_text);
        if (s->tx.open) control_send(s, RELEASE_TEXT);
    } else {
        snprintf(text, sizeof text, "%s \"client_%.60s\"", call->kind == KIND_SAVEPOINT ? "SAVEPOINT" : "ROLLBACK TO SAVEPOINT",
                 call->plan->savepoint);
        control_send(s, text);
    }
    flush(s);
}

void session_write_granted(struct session *s)
{
    struct call *call = &s->call;
    s->lease_exclusive = true;
    if (call->kind == KIND_COMMIT || call->intent_sent) {
        send_finish(s);
    } else if (call->kind == KIND_SAVEPOINT || call->kind == KIND_ROLLBACK_TO || call->kind == KIND_OTHER) {
        send_control(s);
    } else {
        send_rows(s);
    }
}

void session_write(struct session *s)
{
    struct call *call = &s->call;
    engine_count(s->engine, COUNT_SERVED, 1);
    if (call->statement) atomic_fetch_add_explicit(&call->statement->fingerprint->served, 1, memory_order_relaxed);
    if (!call->plan || !call->plan->target_text || !call->cursor) {
        session_refuse(s);
        return;
    }
    take_lease(s);
}

void session_after_intent_target(struct session *s)
{
    if (s->call.rows_us) s->call.sent_us += session_now(s) - s->call.rows_us; /* the journal's time is not the target's */
    take_lease(s);
}

void session_target_commit(struct session *s)
{
    engine_count(s->engine, COUNT_SERVED, 1);
    if (session_intent(s)) return;
    if (s->lease && s->lease_exclusive) {
        take_lease(s);
        return;
    }
    s->tx.open = false;
    session_answer_ok(s, 44);
}

void session_target_rollback(struct session *s)
{
    engine_count(s->engine, COUNT_SERVED, 1);
    if (!s->lease || !s->lease_exclusive) {
        session_transaction_abort(s);
        session_answer_ok(s, 45);
        return;
    }
    s->call.state = CALL_SERVING;
    s->call.stage = STAGE_FINISH;
    control_send(s, "ROLLBACK");
    flush(s);
}

/* Neither query nor change: parsed only, a lock, a setting of the transaction, or nothing that we know. Nothing is answered as done that was not. */
static void other_statement(struct session *s)
{
    struct call *call = &s->call;
    const struct wire_execute *execute = &wire_tap_request(s->tap)->execute;
    const struct sql_plan *plan = call->plan;
    bool runs = execute->short_form || (execute->options & (WIRE_OPTION_EXECUTE | WIRE_OPTION_FETCH));
    bool control = plan->kind == SQL_LOCK_TABLE || plan->kind == SQL_SET_TRANSACTION;
    if (!plan->target_text && plan->kind != SQL_PLSQL && plan->kind != SQL_ALTER_SESSION && plan->kind != SQL_COMMIT &&
        plan->kind != SQL_ROLLBACK && plan->kind != SQL_SAVEPOINT && plan->kind != SQL_ROLLBACK_TO)
        session_refuse(s);
    else if (runs && control)
        take_lease(s);
    else
        session_answer_ok(s, 0);
}

void session_target_control(struct session *s)
{
    struct call *call = &s->call;
    struct wire_request *request = wire_tap_request(s->tap);
    engine_count(s->engine, COUNT_SERVED, 1);
    switch (call->kind) {
    case KIND_SAVEPOINT:
    case KIND_ROLLBACK_TO:
        if (call->plan && call->plan->savepoint)
            take_lease(s);
        else
            session_answer_error(s, 1086, "ORA-01086: savepoint never established in this session or is invalid\n", 0);
        return;
    case KIND_PLSQL:
    case KIND_DDL:
        if (call->plan && call->plan->target_text) {
            call->kind = KIND_DML;
            session_write(s);
            return;
        }
        if (call->kind == KIND_PLSQL && session_block_only_sets(s, true)) {
            session_answer_ok(s, 47);
            return;
        }
        session_answer_error(
            s, 439, "ORA-00439: feature not enabled: this PL/SQL block or DDL has no mapping for the target; add an override for it\n", 0);
        return;
    case KIND_SESSION:
        if (call->wire_cursor && call->wire_cursor->sql)
            session_settings_alter(s, view_of(call->wire_cursor->sql, call->wire_cursor->sql_size));
        if (call->plan && call->plan->session_parameter && call->plan->session_value &&
            strcasecmp(call->plan->session_parameter, "CURRENT_SCHEMA") == 0)
            snprintf(s->schema, sizeof s->schema, "%.128s", call->plan->session_value);
        session_answer_ok(s, 42);
        return;
    case KIND_DISTRIBUTED:
        session_answer_error(s, 439, "ORA-00439: feature not enabled: distributed transactions are not served by the target\n", 0);
        return;
    default: break;
    }
    if (request->function == WIRE_FN_VERSION) {
        session_served(s);
        buffer_clear(&s->output);
        wire_version_write(s->wire, "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production", s->wire->server_version,
                           &s->output);
        wire_status_write(s->wire, s->tx.open, &s->output);
        session_answer_send(s);
        return;
    }
    if (call->plan && call->cursor)
        other_statement(s);
    else
        session_answer_ok(s, 0);
}
