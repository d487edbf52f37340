/* SPDX-License-Identifier: Apache-2.0 */
/* Reads that the target answers, and how a session talks to its target connection. */
#include "engine/parameters.h"
#include "engine/session_private.h"

#include "base/log.h"
#include "base/memory.h"

/* ---- binds and parameters ---- */

const struct wire_oac *session_call_binds(struct session *s, uint32_t *count)
{
    struct wire_request *request = wire_tap_request(s->tap);
    if (request->execute.has_binds) {
        *count = request->execute.bind_count;
        return request->execute.binds;
    }
    *count = s->call.wire_cursor ? s->call.wire_cursor->bind_count : 0;
    return s->call.wire_cursor ? s->call.wire_cursor->binds : NULL;
}

struct value *session_bind_values(struct session *s, uint32_t row, struct arena *arena, struct error *error)
{
    struct wire_request *request = wire_tap_request(s->tap);
    uint32_t count;
    const struct wire_oac *oacs = session_call_binds(s, &count);
    if (row >= request->execute.row_count && count > 0 && request->execute.row_count > 0) {
        error_set(error, ERROR_PROTOCOL, "bind row %u of %u", row, request->execute.row_count);
        return NULL;
    }
    bool runs = request->function != WIRE_FN_EXECUTE || (request->execute.options & WIRE_OPTION_EXECUTE);
    bool brings = count > (s->call.wire_cursor ? s->call.wire_cursor->return_binds : 0); /* those of RETURNING INTO bring none */
    if (runs && brings && request->execute.row_count == 0) {
        error_set(error, ERROR_PROTOCOL, "the call executes a statement with %u binds and brings none", count);
        return NULL;
    }
    struct value *values = arena_zero(arena, sizeof *values * (count + 1));
    for (uint32_t i = 0; i < count && request->execute.row_count > 0; i++) {
        const struct wire_bind *bind = &request->execute.rows[(size_t)row * count + i];
        if (!bind->present || bind->null) continue;
        if (oacs[i].type == WIRE_TYPE_CLOB || oacs[i].type == WIRE_TYPE_BLOB) {
            if (!session_lob_bind(s, &oacs[i], bind->raw, arena, &values[i])) {
                error_set(error, ERROR_PROTOCOL, "bind %u is a LOB whose content did not pass here", i + 1);
                return NULL;
            }
            continue;
        }
        values[i] = wire_bind_value(s->wire, &oacs[i], bind, arena);
        if (values[i].type == VALUE_UNSUPPORTED) {
            error_set(error, ERROR_PROTOCOL, "bind %u has type %u, which cannot be carried over", i + 1, oacs[i].type);
            return NULL;
        }
    }
    return values;
}

bool session_parameters(struct session *s, const struct sql_plan *plan, const struct value *values, struct arena *arena,
                        struct pg_parameter **out, struct error *error)
{
    uint32_t count;
    (void)session_call_binds(s, &count);
    return parameters_make(plan, values, count, arena, out, error);
}

void session_statement_name(struct session *s, const struct sql_plan *plan, const struct pg_parameter *parameters, char kind, char out[64])
{
    parameters_name(s->call.statement->number, plan, parameters, kind, out);
}

/* ---- settings ---- */

void session_settings_alter(struct session *s, struct view statement)
{
    if (settings_alter(&s->settings, statement)) s->settings_sent = false;
}

const char *session_settings_text(struct session *s)
{
    if (s->settings_sent && s->lease_exclusive) return NULL;
    if (!s->settings.altered && !(s->call.plan && s->call.plan->volatile_)) return NULL;
    struct buffer text;
    buffer_init(&text, 0);
    settings_statement(&s->settings, s->wire->user, &text);
    char *kept = arena_string(&s->call.arena, view_text((const char *)text.data + text.start));
    buffer_release(&text);
    s->settings_sent = s->lease_exclusive;
    return kept;
}

/* ---- target calls ---- */

static void target_result(void *context, struct pg_result *result)
{
    struct target_call *call = context;
    struct session *s = call->session;
    if (call->reading) engine_read_end(call->reading);
    if (s) {
        if (call->link) *call->link = call->next;
        if (call->next) call->next->link = call->link;
        if (call->number == s->call.number) call->done(s, result, call->tag);
    }
    memory_free(call);
}

bool session_target_send(struct session *s, const char *text, const char *name, const struct pg_parameter *parameters, uint32_t count,
                         void (*done)(struct session *, struct pg_result *, uint64_t), uint64_t tag)
{
    struct target_call *call = memory_zero(1, sizeof *call);
    call->session = s;
    call->number = s->call.number;
    call->done = done;
    call->tag = tag;
    if (s->call.read_begun) { /* whatever becomes of the session: the read is over when its answer comes */
        call->reading = s->engine;
        s->call.read_begun = false;
    }
    call->next = s->outstanding;
    call->link = &s->outstanding;
    if (call->next) call->next->link = &call->next;
    s->outstanding = call;
    s->call.expected_results++;
    if (!s->lease) { /* lost while this call's statements were being sent: the rest fails the same way */
        struct pg_result lost = {0};
        error_set(&lost.error, ERROR_TARGET_LOST, "there is no connection to the target");
        target_result(call, &lost);
        return false;
    }
    if (name)
        pg_send_prepared(s->lease, name, text, parameters, count, target_result, call);
    else
        pg_send_text(s->lease, text, target_result, call);
    return true;
}

void session_lease_return(struct session *s, bool broken)
{
    if (!s->lease) return;
    struct pg *pg = s->lease;
    bool exclusive = s->lease_exclusive;
    s->lease = NULL;
    s->lease_exclusive = false;
    s->target_began = false;
    s->environment->target_return(s->context, pg, exclusive, broken);
}

static void session_serve_granted(struct session *s);

void session_target_granted(struct session *s, struct pg *pg, const struct error *error)
{
    if (s->call.state != CALL_WAIT_LEASE) {
        if (pg) s->environment->target_return(s->context, pg, s->lease_exclusive, false);
        return;
    }
    if (!pg) {
        session_target_failed(s, error);
        return;
    }
    s->lease = pg;
    s->call.state = CALL_SERVING;
    if (s->call.kind == KIND_QUERY && !s->lease_exclusive)
        session_serve_granted(s);
    else
        session_write_granted(s);
}

/* The target did not do it. A read goes to the source if that is primary; with the target as primary the call is kept until somebody answers. */
void session_target_failed(struct session *s, const struct error *error)
{
    struct call *call = &s->call;
    bool lost = error->code == ERROR_TARGET_LOST || error->code == ERROR_TIMEOUT;
    engine_count(s->engine, COUNT_TARGET_ERRORS, 1);
    if (call->state == CALL_WAIT_LEASE) s->environment->target_cancel_lease(s->context);
    call->number++; /* results still to come belong to nobody */
    call->expected_results = 0;
    if (error->code == ERROR_CANCELLED) {
        if (!s->lease_exclusive) session_lease_return(s, false);
        if (s->tx.csn) session_outcome(s, JOURNAL_ROLLED_BACK); /* its intent stands, its statement never ran */
        session_answer_error(s, 1013, "ORA-01013: user requested cancel of current operation\n", 0);
        return;
    }
    if (error->code == ERROR_LIMIT && (s->tx.counted ? s->tx.side : call->policy->primary) == SIDE_TARGET) {
        if (s->tx.csn) session_outcome(s, JOURNAL_ROLLED_BACK);
        session_answer_error(
            s, 20, "ORA-00020: maximum number of processes exceeded: every connection to the target is in use (target.connections)\n", 0);
        return;
    }
    enum engine_side primary = s->tx.counted ? s->tx.side : call->policy->primary;
    if (primary == SIDE_SOURCE) {
        session_lease_return(s, lost);
        engine_count(s->engine, COUNT_FALLBACKS, 1);
        call->fallback = true;
        session_relay(s);
        return;
    }
    if (lost) {
        LOG(LOG_WARNING, "session.target_lost", log_u64("session", s->id), log_text("why", error->text));
        session_target_lost(s, session_commit_sent(s) ? JOURNAL_UNKNOWN : JOURNAL_ROLLED_BACK);
        return;
    }
    session_answer_sqlstate(s, error, call->target_constraint);
}

/* ---- the client gives up ---- */

/* Ours is the statement at work there, so that a cancel request hits no other. */
static bool is_running(const struct session *s)
{
    const void *running = pg_running(s->lease);
    for (const struct target_call *call = s->outstanding; call; call = call->next)
        if (call == running) return true;
    return false;
}

/* Its own end answers the call: an open transaction keeps what it had done before, and nothing is sent there before the request is over, which might hit it. */
void session_target_cancel(struct session *s)
{
    struct call *call = &s->call;
    if (call->cancelled || !s->lease) return;
    if (s->lease_exclusive ? !session_write_may_stop(s) : false) return;
    if (s->lease_exclusive || is_running(s)) {
        call->cancelled = true;
        s->cancels++;
        s->environment->target_cancel(s->context, s->lease, true);
        return;
    }
    struct error error; /* it waits behind reads of others: its result will find nobody */
    error_set(&error, ERROR_CANCELLED, "user requested cancel of current operation");
    session_target_failed(s, &error);
}

static void read_cancelled(struct session *s)
{
    session_lease_return(s, false);
    session_answer_error(s, 1013, "ORA-01013: user requested cancel of current operation\n", 0);
}

void session_cancel_sent(struct session *s)
{
    if (s->cancels == 0 || --s->cancels) return;
    if (!s->call.cancelled || s->call.state != CALL_SERVING || s->call.expected_results) return;
    if (s->lease_exclusive)
        session_write_over(s);
    else
        read_cancelled(s);
}

void session_target_abandon(struct session *s)
{
    if (s->lease && !s->lease_exclusive && is_running(s)) s->environment->target_cancel(s->context, s->lease, false);
}

/* ---- reads ---- */

enum { READ_RETRIES_MAX = 3 };

/* A cancel request of another session hit this read, which stood behind it on the same connection. */
static bool hit_by_another(struct call *call, const struct pg_result *result)
{
    return strcmp(result->error.sqlstate, "57014") == 0 && call->retries++ < READ_RETRIES_MAX;
}

static void read_done(struct session *s, struct pg_result *result, uint64_t tag)
{
    struct call *call = &s->call;
    (void)tag;
    call->expected_results--;
    if (call->cancelled && result->error.code != ERROR_TARGET_LOST) {
        if (s->cancels == 0) read_cancelled(s);
        return;
    }
    if (!result->ok && hit_by_another(call, result)) {
        session_serve_granted(s);
        return;
    }
    if (!result->ok) {
        struct error error = result->error;
        snprintf(call->target_constraint, sizeof call->target_constraint, "%s", result->constraint);
        if (error.code != ERROR_TARGET_LOST) session_lease_return(s, false);
        session_target_failed(s, &error);
        return;
    }
    session_keep_rows(call->cursor, result);
    histogram_add(&call->statement->fingerprint->target_us, session_now(s) - call->sent_us);
    session_lease_return(s, false);
    session_answer_rows(s, wire_tap_request(s->tap)->execute.options & (WIRE_OPTION_PARSE | WIRE_OPTION_DESCRIBE));
}

/* If they are refused, so is the read behind them: both are one group. */
static void settings_done(struct session *s, struct pg_result *result, uint64_t tag)
{
    (void)tag;
    if (!result->ok) s->call.target_error = result->error;
    s->call.expected_results--;
}

/* Until the mirror has applied more, or for so long that the source has to answer. */
static void wait_for_fence(struct session *s)
{
    struct call *call = &s->call;
    if (call->state != CALL_WAIT_FENCE) {
        call->state = CALL_WAIT_FENCE;
        call->sent_us = session_now(s);
        engine_count(s->engine, COUNT_FENCE_WAITS, 1);
        s->environment->wake_after(s->context, s->engine->options.fence_wait_us);
    }
    s->environment->wait_applied(s->context);
}

static void session_serve_granted(struct session *s)
{
    struct call *call = &s->call;
    struct error error;
    struct pg_parameter *parameters;
    struct value *values = session_bind_values(s, 0, &call->arena, &error);
    if (!values || !session_parameters(s, call->plan, values, &call->arena, &parameters, &error)) {
        session_lease_return(s, false);
        session_target_failed(s, &error);
        return;
    }
    char name[64];
    session_statement_name(s, call->plan, parameters, 'r', name);
    call->sent_us = session_now(s);
    const char *settings = session_settings_text(s);
    if (call->policy->primary == SIDE_SOURCE &&
        !engine_read_begin(s->engine)) { /* the mirror is committing: like a fence that does not hold */
        session_lease_return(s, false);
        wait_for_fence(s);
        return;
    }
    if (settings) session_target_send(s, settings, NULL, NULL, 0, settings_done, 0);
    call->read_begun = call->policy->primary == SIDE_SOURCE;
    session_target_send(s, call->plan->target_text, name, parameters, call->plan->bind_count, read_done, 1);
    if (s->lease) pg_sync(s->lease);
    if (s->lease) s->environment->target_flush(s->context, s->lease);
}

void session_serve(struct session *s)
{
    struct call *call = &s->call;
    if (!call->plan || !call->plan->target_text || !call->cursor || !call->statement) {
        session_refuse(s);
        return;
    }
    if (call->plan->for_update || (s->lease && s->lease_exclusive)) { /* inside a transaction on the target */
        session_write(s);
        return;
    }
    if (call->policy->primary == SIDE_SOURCE) {
        if (call->state != CALL_WAIT_FENCE) call->fence = engine_fence(s->engine, call->plan->tables, call->plan->table_count);
        if (atomic_load_explicit(&s->engine->applied, memory_order_acquire) < call->fence) {
            wait_for_fence(s);
            return;
        }
    }
    engine_count(s->engine, COUNT_SERVED, 1);
    atomic_fetch_add_explicit(&call->statement->fingerprint->served, 1, memory_order_relaxed);
    s->last_side = SIDE_TARGET;
    call->state = CALL_WAIT_LEASE;
    s->lease_exclusive = false;
    s->environment->target_lease(s->context, false);
}

void session_serve_fetch(struct session *s)
{
    if (!s->call.cursor || !s->call.cursor->target.held) {
        session_answer_error(s, 1001, "ORA-01001: invalid cursor\n", 0);
        return;
    }
    session_answer_rows(s, false);
}

/* ---- the tap, and what the source is to be told later ---- */

void session_keep_piggybacks(struct session *s)
{
    struct wire_request *request = wire_tap_request(s->tap);
    if (!s->source_open) return;
    for (uint32_t i = 0; i < request->piggyback_count; i++) {
        const struct wire_piggyback *piggyback = &request->piggybacks[i];
        if (piggyback->function == WIRE_FN_CLOSE_CURSORS || piggyback->function == WIRE_FN_CANCEL_CURSORS) {
            for (uint32_t j = 0; j < piggyback->id_count; j++)
                if (piggyback->ids[j] < TARGET_CURSOR_FIRST) session_close_later(s, piggyback->ids[j]);
        } else if (piggyback->function != WIRE_FN_LOB) {
            if (buffer_size(&s->pending_piggybacks) + piggyback->size > 16 * 1024)
                buffer_clear(&s->pending_piggybacks); /* older settings are overtaken by newer ones */
            buffer_append(&s->pending_piggybacks, request->message.data + piggyback->at, piggyback->size);
        }
    }
}

void session_served(struct session *s)
{
    struct call *call = &s->call;
    if (call->tap_told) return;
    call->tap_told = true;
    session_keep_piggybacks(s);
    struct wire_request *request = wire_tap_request(s->tap);
    bool changes = request->function == WIRE_FN_EXECUTE && (request->execute.has_binds || request->execute.has_defines);
    wire_tap_served(s->tap);
    if (call->wire_cursor && call->wire_cursor->id == 0)
        wire_cursor_bind_id(s->cursors, call->wire_cursor, wire_cursor_free_id(s->cursors, TARGET_CURSOR_FIRST));
    if (call->cursor && changes) call->cursor->source_stale = true;
}
