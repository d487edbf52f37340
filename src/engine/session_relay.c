/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that the source answers: what is sent, what is read off the reply, what follows from its end. */
#include "engine/session_private.h"

#include "base/log.h"
#include "base/memory.h"

/* ---- sending ---- */

static bool is_foreign(uint32_t id)
{
    return id >= TARGET_CURSOR_FIRST;
}

static uint32_t map_id(void *context, uint32_t id)
{
    struct session *s = context;
    if (!is_foreign(id)) return id;
    struct wire_cursor *cursor = wire_cursor_find(s->cursors, id);
    return cursor && cursor->owner ? ((struct session_cursor *)cursor->owner)->source_id : 0;
}

static bool has_foreign_ids(const struct wire_request *request)
{
    for (uint32_t i = 0; i < request->piggyback_count; i++)
        for (uint32_t j = 0; j < request->piggybacks[i].id_count; j++)
            if (is_foreign(request->piggybacks[i].ids[j])) return true;
    return false;
}

/* The close lists and settings that the source has not been told, because the calls they were stapled to were served. */
static void write_leftovers(struct session *s, struct buffer *out)
{
    if (s->pending_close_count) {
        wire_close_cursors_write(s->wire, ++s->sequence, s->pending_close, s->pending_close_count, out);
        s->pending_close_count = 0;
    }
    buffer_append_view(out, buffer_view(&s->pending_piggybacks));
    buffer_clear(&s->pending_piggybacks);
}

/* The execution said in full, with binds and defines: for a cursor whose state on the source is not what the client thinks it is. */
static bool write_full_execute(struct session *s, const struct wire_request *request, bool by_value, struct buffer *out)
{
    const struct wire_execute *execute = &request->execute;
    const struct wire_cursor *cursor = s->call.wire_cursor;
    uint32_t options = execute->options;
    if (execute->short_form) {
        options = WIRE_OPTION_EXECUTE | WIRE_OPTION_NOT_PLSQL | (execute->commit ? WIRE_OPTION_COMMIT : 0);
        if (request->function == WIRE_FN_REEXECUTE_FETCH) options |= WIRE_OPTION_FETCH;
    }
    if (cursor->bind_count) options |= WIRE_OPTION_BIND;
    if (cursor->define_count) options |= WIRE_OPTION_DEFINE;
    struct wire_execute_spec spec = {
        .options = options,
        .cursor_id = is_foreign(cursor->id) ? s->call.cursor->source_id : cursor->id,
        .prefetch_rows = execute->prefetch_rows,
        .execution_count = execute->execution_count,
        .binds = cursor->binds,
        .bind_count = cursor->bind_count,
        .defines = cursor->defines,
        .define_count = cursor->define_count,
        .rows = execute->rows,
        .row_count = execute->row_count,
        .return_binds = cursor->return_binds,
        .plsql = cursor->plsql,
        .query = cursor->query,
        .dml_row_counts = execute->dml_row_counts,
    };
    if (execute->sql.size) {
        spec.sql = execute->sql;
        spec.options |= WIRE_OPTION_PARSE;
    }
    return (!by_value || session_lobs_by_value(s, &spec)) && wire_execute_write(s->wire, request->sequence, &spec, out);
}

static bool is_execute(const struct wire_request *request)
{
    return request->function == WIRE_FN_EXECUTE || request->function == WIRE_FN_REEXECUTE || request->function == WIRE_FN_REEXECUTE_FETCH;
}

/* raw, mapped or with stapled leftovers: bytes go to the source now */
static void session_forward(struct session *s)
{
    struct call *call = &s->call;
    struct wire_request *request = wire_tap_request(s->tap);
    bool foreign_close = has_foreign_ids(request);
    wire_tap_sent(s->tap);
    bool foreign = call->wire_cursor && is_foreign(call->wire_cursor->id);
    bool executes = is_execute(request) && call->wire_cursor && call->cursor;
    bool by_value = executes && session_lob_bound(request, call->wire_cursor);
    bool full = executes && (foreign || by_value || call->cursor->source_stale);
    call->sent_us = session_now(s);
    if (!full && !foreign && !foreign_close && !s->pending_close_count && buffer_size(&s->pending_piggybacks) == 0) {
        session_send(s, PEER_SOURCE, buffer_view(&s->raw));
        session_break_forward(s);
        return;
    }
    call->mapped = foreign;
    buffer_clear(&s->output);
    write_leftovers(s, &s->output);
    if (full) {
        if (!write_full_execute(s, request, by_value, &s->output)) {
            session_answer_error(s, 22922, "ORA-22922: nonexistent LOB value\n", 0);
            return;
        }
        call->cursor->source_stale = by_value; /* the next execution binds LOBs again */
    } else if (!wire_request_rewrite_ids(request, map_id, s, &s->output)) {
        session_answer_error(s, 1001, "ORA-01001: invalid cursor\n", 0);
        return;
    }
    buffer_clear(&s->packets);
    wire_packet_write_data(&s->packets, buffer_view(&s->output), s->wire->large, s->wire->sdu, 0);
    session_send(s, PEER_SOURCE, buffer_view(&s->packets));
    if (call->mapped) {
        buffer_clear(&s->mapped_reply);
        s->mapped_to = call->wire_cursor->id;
    }
    session_break_forward(s);
}

static void parsed_on_source(struct session *s)
{
    if (s->hidden_end.error || !s->hidden_end.cursor_id) {
        char text[600];
        snprintf(text, sizeof text, VIEW_FORMAT, VIEW_ARGUMENTS(s->hidden_end.message));
        session_answer_error(s, s->hidden_end.error ? s->hidden_end.error : 1001, text, s->hidden_end.error_position);
        return;
    }
    s->call.cursor->source_id = s->hidden_end.cursor_id;
    s->call.state = CALL_RELAYED;
    session_forward(s);
}

void session_relay(struct session *s)
{
    struct call *call = &s->call;
    struct wire_request *request = wire_tap_request(s->tap);
    if (!s->source_open) {
        session_answer_error(s, 3113, "ORA-03113: end-of-file on communication channel\n", 0);
        return;
    }
    engine_count(s->engine, COUNT_RELAYED, 1);
    if (call->statement) atomic_fetch_add_explicit(&call->statement->fingerprint->relayed, 1, memory_order_relaxed);
    if (call->kind == KIND_LOB) session_source_lob_request(s);
    if (call->shadow) session_capture_begin(s);
    if (call->cursor && is_execute(request) && call->kind != KIND_FETCH) call->cursor->on_target = false;
    if (is_execute(request) && call->wire_cursor && is_foreign(call->wire_cursor->id) && !call->cursor->source_id &&
        request->execute.sql.size == 0) {
        call->state = CALL_PREPARING; /* the statement was parsed on the target only: parse it on the source first */
        session_hidden_execute(s, view_of(call->wire_cursor->sql, call->wire_cursor->sql_size), NULL, 0, WIRE_OPTION_PARSE,
                               parsed_on_source);
        return;
    }
    call->state = CALL_RELAYED;
    session_forward(s);
}

/* ---- reading the reply ---- */

static void on_describe(void *context, struct wire_cursor *cursor)
{
    struct session *s = context;
    if (s->call.statement && cursor == s->call.wire_cursor && s->call.kind == KIND_QUERY)
        statement_set_describe(s->call.statement, cursor->columns, cursor->column_count);
}

static void on_row(void *context, struct wire_cursor *cursor, const struct wire_cell *cells, uint32_t count)
{
    struct session *s = context;
    if (s->capture_job && s->capture_cursor && cursor->owner == s->capture_cursor) session_capture_row(s, cursor, cells, count);
}

static void on_returned(void *context, struct wire_cursor *cursor, uint32_t iteration, const struct wire_return_rows *binds, uint32_t count)
{
    struct session *s = context;
    struct record_result *result = &s->call.result;
    (void)iteration;
    if (count == 0 || count > cursor->bind_count) return;
    uint32_t rows = binds[0].row_count;
    result->returned_binds = count;
    uint32_t need = (result->returned_rows + rows) * count;
    if (need > s->call.returned_capacity) {
        uint32_t capacity = need * 2;
        struct value *grown = arena_alloc(&s->call.arena, sizeof(struct value) * capacity);
        if (result->returned) memcpy(grown, result->returned, sizeof(struct value) * result->returned_rows * count);
        result->returned = grown;
        s->call.returned_capacity = capacity;
    }
    for (uint32_t r = 0; r < rows; r++) {
        for (uint32_t b = 0; b < count; b++) {
            const struct wire_oac *oac = &cursor->binds[cursor->bind_count - count + b];
            struct value value = r < binds[b].row_count ? wire_cell_value(s->wire, oac, &binds[b].cells[r], &s->call.arena) : value_null();
            result->returned[(result->returned_rows + r) * count + b] = value_copy(&s->call.arena, &value);
        }
    }
    result->returned_rows += rows;
}

static void on_lob_result(void *context, struct view locator, bool has_amount, uint64_t amount, int32_t flag)
{
    (void)has_amount, (void)amount, (void)flag;
    session_source_lob_result(context, locator);
}

static void on_schema(void *context, struct view name)
{
    struct session *s = context;
    if (name.size && name.size < sizeof s->schema) snprintf(s->schema, sizeof s->schema, VIEW_FORMAT, VIEW_ARGUMENTS(name));
}

static void on_end(void *context, const struct wire_end *end)
{
    struct session *s = context;
    struct call *call = &s->call;
    call->end = *end;
    call->ended = true;
    call->result.affected = end->row_count;
    if (end->has_rowid && (end->rowid_object || end->rowid_block)) {
        call->result.has_rowid = true;
        wire_rowid_to_text(end->rowid_object, end->rowid_file, end->rowid_block, end->rowid_slot, call->result.rowid);
    }
    if (end->batch_count) {
        call->result.failed_count = end->batch_count;
        call->result.failed = arena_alloc(&call->arena, sizeof(uint32_t) * end->batch_count);
        memcpy(call->result.failed, end->batch_offsets, sizeof(uint32_t) * end->batch_count);
    }
}

const struct wire_reply_events session_reply_events = {
    .describe = on_describe,
    .row = on_row,
    .returned = on_returned,
    .lob_result = on_lob_result,
    .schema = on_schema,
    .end = on_end,
};

/* ---- after the reply ---- */

static void dml_over(struct session *s, bool good)
{
    struct call *call = &s->call;
    uint32_t iterations = wire_tap_request(s->tap)->execute.row_count;
    bool some = call->result.affected > 0 && (iterations > 1 || call->end.error == 24381);
    if (!good && some) { /* array DML stopped half way, or batch errors: what was done stays in the transaction */
        call->result.partial = call->end.error != 24381;
        call->result.good_iterations = call->result.partial ? (uint32_t)call->result.affected : iterations;
    }
    bool still_open = call->commits && !good && call->end.transaction_open; /* what fails commits nothing */
    if (still_open) session_outcome(s, JOURNAL_NOT_COMMITTED);
    if (call->commits && !still_open) {
        if (good)
            session_outcome(s, JOURNAL_COMMITTED);
        else if (some)
            session_outcome(s, JOURNAL_UNKNOWN);
        else
            session_outcome(s, s->tx.journalled ? JOURNAL_UNKNOWN : JOURNAL_ROLLED_BACK);
        s->tx.open = false; /* without a CSN, as in observe, too */
        return;
    }
    if (good || some) {
        if (call->policy->mirror)
            session_record_dml(s);
        else
            session_transaction_begin(s);
    }
}

static void session_command_over(struct session *s)
{
    const struct sql_plan *plan = s->call.plan;
    const struct wire_cursor *cursor = s->call.wire_cursor;
    if (cursor && cursor->sql) session_settings_alter(s, view_of(cursor->sql, cursor->sql_size));
    if (!plan || !plan->session_parameter || !plan->session_value) return;
    if (strcasecmp(plan->session_parameter, "CURRENT_SCHEMA") == 0) snprintf(s->schema, sizeof s->schema, "%.128s", plan->session_value);
}

static void query_over(struct session *s, bool good)
{
    struct call *call = &s->call;
    uint64_t took = session_now(s) - call->sent_us;
    if (call->statement) histogram_add(&call->statement->fingerprint->source_us, took);
    if (s->tx.csn)
        session_outcome(s, good ? JOURNAL_COMMITTED : call->end.transaction_open ? JOURNAL_NOT_COMMITTED : JOURNAL_UNKNOWN);
    else if (call->commits && (good || !call->end.transaction_open))
        s->tx.open = false;
    else if (call->plan && call->plan->for_update && good && !call->commits)
        session_transaction_begin(s);
    if (s->capture_job && call->cursor == s->capture_cursor) {
        if (!good)
            session_capture_end(s, false, true);
        else if (call->end.error == 1403)
            session_capture_end(s, true, false);
    }
}

void session_reply_over(struct session *s)
{
    struct call *call = &s->call;
    bool good = call->end.status_only || call->end.error == 0 || call->end.error == 1403;
    if (!good) engine_count(s->engine, COUNT_CLIENT_ERRORS, 1);
    switch (call->kind) {
    case KIND_QUERY:
    case KIND_FETCH: query_over(s, good); break;
    case KIND_DML: dml_over(s, good); break;
    case KIND_PLSQL:
        session_block_over(s, good);
        session_block_settings(s, good);
        break;
    case KIND_COMMIT:
        session_outcome(s, good ? JOURNAL_COMMITTED : JOURNAL_UNKNOWN);
        if (good) s->tx.open = false;
        break;
    case KIND_ROLLBACK:
        if (good) session_transaction_abort(s);
        break;
    case KIND_SAVEPOINT:
        if (good && call->plan && call->plan->savepoint) session_savepoint(s, call->plan->savepoint);
        break;
    case KIND_ROLLBACK_TO:
        if (good && call->plan && call->plan->savepoint) session_rollback_to(s, call->plan->savepoint);
        break;
    case KIND_SESSION:
        if (good) session_command_over(s);
        break;
    case KIND_DDL: session_ddl_over(s, good); break;
    case KIND_DISTRIBUTED: session_distributed_over(s); break;
    default: break;
    }
    const struct wire_request *request = wire_tap_request(s->tap);
    if (session_switches_transaction(request)) session_distributed_over(s);
    if (is_execute(request) && call->kind != KIND_ROLLBACK_TO && session_ended_unseen(s)) session_unseen_end(s);
    if (s->unread.any && (call->commits || !call->end.transaction_open)) session_unread_settle(s, call->kind != KIND_ROLLBACK);
    if (s->tx.counted && !s->tx.open && call->end.transaction_open && call->kind != KIND_COMMIT && call->kind != KIND_ROLLBACK)
        session_transaction_begin(s);
    s->tx.seen_open = s->tx.open && call->end.transaction_open;
}

/* ---- packets that are not simply forwarded ---- */

static void mapped_reply_over(struct session *s)
{
    struct call *call = &s->call;
    buffer_clear(&s->output);
    if (!wire_reply_rewrite_id(s->wire, wire_tap_request(s->tap), call->wire_cursor, buffer_view(&s->mapped_reply), s->hidden_end.cursor_id,
                               s->mapped_to, &s->output)) {
        LOG(LOG_ERROR, "session.mapped_reply", log_u64("session", s->id), log_text("what", "a reply could not be rewritten"));
        session_answer_error(s, 3106, "ORA-03106: fatal two-task communication protocol error\n", 0);
        return;
    }
    if (s->hidden_end.cursor_id && call->cursor && !is_foreign(s->hidden_end.cursor_id)) call->cursor->source_id = s->hidden_end.cursor_id;
    call->mapped = false;
    buffer_clear(&s->packets);
    wire_packet_write_data(&s->packets, buffer_view(&s->output), s->wire->large, s->wire->sdu, 0);
    struct buffer reply = s->packets; /* fed back through the ordinary path, which forwards it */
    buffer_init(&s->packets, 0);
    session_source_input(s, reply.data + reply.start, buffer_size(&reply));
    buffer_release(&reply);
}

bool session_source_data(struct session *s, struct wire_packet *packet)
{
    if (s->hidden_active) {
        if (packet->type == WIRE_DATA) return session_hidden_data(s, packet->payload);
        if (packet->type == WIRE_MARKER && packet->payload.size >= 3) {
            wire_reply_discard(s->hidden_decoder);
            if (packet->payload.data[2] == WIRE_MARKER_RESET) { /* the error follows once we have answered the reset */
                buffer_clear(&s->packets);
                wire_packet_write_marker(&s->packets, s->wire->large, WIRE_MARKER_RESET);
                session_send(s, PEER_SOURCE, buffer_view(&s->packets));
            }
            return true;
        }
        return false;
    }
    if (!s->call.mapped || s->call.state != CALL_RELAYED) return false;
    if (packet->type == WIRE_MARKER) {
        wire_reply_discard(s->hidden_decoder);
        buffer_clear(&s->mapped_reply);
        return false;
    }
    if (packet->type != WIRE_DATA) return false;
    bool first = buffer_size(&s->mapped_reply) == 0;
    buffer_append_view(&s->mapped_reply, packet->payload);
    if (session_hidden_scout(s, packet->payload, first)) mapped_reply_over(s);
    return true;
}
