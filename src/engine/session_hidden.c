/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of our own on the session's source connection, which the client does not see: a parse before a re-execution, the replay of a transaction. */
#include "engine/session_private.h"

#include "base/log.h"

static void hidden_row(void *context, struct wire_cursor *cursor, const struct wire_cell *cells, uint32_t count)
{
    (void)context, (void)cursor, (void)cells, (void)count;
}
static void hidden_returned(void *context, struct wire_cursor *cursor, uint32_t iteration, const struct wire_return_rows *binds,
                            uint32_t count)
{
    struct session *s = context;
    (void)iteration;
    if (count == 0 || count > cursor->bind_count) return;
    struct record_result *result = &s->hidden_result;
    uint32_t rows = binds[0].row_count;
    struct value *all = arena_alloc(&s->call.arena, sizeof(struct value) * count * (result->returned_rows + rows + 1));
    if (result->returned) memcpy(all, result->returned, sizeof(struct value) * count * result->returned_rows);
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t b = 0; b < count; b++) {
            struct value value = r < binds[b].row_count ? wire_cell_value(s->wire, &cursor->binds[cursor->bind_count - count + b],
                                                                          &binds[b].cells[r], &s->call.arena)
                                                        : value_null();
            all[(result->returned_rows + r) * count + b] = value_copy(&s->call.arena, &value);
        }
    result->returned = all;
    result->returned_rows += rows;
    result->returned_binds = count;
}
static void hidden_end(void *context, const struct wire_end *end)
{
    struct session *s = context;
    s->hidden_end = *end;
    s->hidden_end.message = arena_copy(&s->call.arena, end->message);
    s->hidden_affected = end->row_count;
}
static const struct wire_reply_events hidden_events = {.row = hidden_row, .returned = hidden_returned, .end = hidden_end};

static void decoder_ready(struct session *s)
{
    if (!s->hidden_decoder) s->hidden_decoder = wire_reply_decoder_new(s->wire, s->hidden_cursors, &hidden_events, s);
}

void session_hidden_send(struct session *s, struct buffer *payload, const struct wire_request *request, void (*done)(struct session *))
{
    decoder_ready(s);
    memset(&s->hidden_end, 0, sizeof s->hidden_end);
    memset(&s->hidden_result, 0, sizeof s->hidden_result);
    s->hidden_request = *request;
    s->hidden_done = done;
    s->hidden_active = true;
    wire_reply_begin(s->hidden_decoder, &s->hidden_request);
    buffer_clear(&s->packets);
    wire_packet_write_data(&s->packets, buffer_view(payload), s->wire->large, s->wire->sdu, 0);
    session_send(s, PEER_SOURCE, buffer_view(&s->packets));
}

void session_hidden_execute(struct session *s, struct view sql, const struct value *binds, uint32_t bind_count, uint32_t options,
                            void (*done)(struct session *))
{
    struct wire_cursor *cursor = wire_cursor_make(s->hidden_cursors, sql);
    struct wire_request request = {.function = WIRE_FN_EXECUTE, .sequence = ++s->sequence, .cursor = cursor};
    struct wire_oac *oacs = arena_zero(&s->call.arena, sizeof *oacs * (bind_count + 1));
    struct wire_bind *row = arena_zero(&s->call.arena, sizeof *row * (bind_count + 1));
    for (uint32_t i = 0; i < bind_count; i++) {
        row[i].present = true;
        wire_value_to_bind(s->wire, &binds[i], &s->call.arena, &oacs[i], &row[i].raw, &row[i].null);
    }
    if (cursor) wire_cursor_set_binds(cursor, oacs, bind_count);
    options |= WIRE_OPTION_PARSE | WIRE_OPTION_NOT_PLSQL | (bind_count ? WIRE_OPTION_BIND : 0);
    if (!(options & WIRE_OPTION_EXECUTE)) options |= WIRE_OPTION_DESCRIBE;
    struct wire_execute_spec spec = {.options = options,
                                     .sql = sql,
                                     .execution_count = (options & WIRE_OPTION_EXECUTE) ? 1 : 0,
                                     .binds = oacs,
                                     .bind_count = bind_count,
                                     .rows = row,
                                     .row_count = bind_count ? 1 : 0,
                                     .query = cursor && cursor->query};
    request.execute.options = options;
    request.execute.sql = sql;
    buffer_clear(&s->output);
    wire_execute_write(s->wire, request.sequence, &spec, &s->output);
    session_hidden_send(s, &s->output, &request, done);
}

bool session_hidden_data(struct session *s, struct view payload)
{
    struct error error;
    switch (wire_reply_feed(s->hidden_decoder, payload, &error)) {
    case WIRE_NEED_MORE: return true;
    case WIRE_DECODED: break;
    default:
        LOG(LOG_ERROR, "session.hidden", log_u64("session", s->id), log_text("what", "a reply to our own call could not be read"));
        s->hidden_end.error = 3106;
        break;
    }
    s->hidden_active = false;
    void (*done)(struct session *) = s->hidden_done;
    s->hidden_done = NULL;
    done(s);
    return true;
}

/* A reply under another cursor id is followed beside the tap, so that the tap's table never sees the foreign id. */
bool session_hidden_scout(struct session *s, struct view payload, bool first)
{
    decoder_ready(s);
    if (first) {
        const struct wire_cursor *from = s->call.wire_cursor;
        struct wire_cursor *clone = wire_cursor_make(s->hidden_cursors, view_of(from->sql, from->sql_size));
        if (!clone) return false;
        wire_cursor_set_binds(clone, from->binds, from->bind_count);
        if (from->directions) wire_cursor_set_directions(clone, from->directions, from->bind_count);
        if (from->column_count) wire_cursor_set_columns(clone, from->columns, from->column_count);
        if (from->define_count) wire_cursor_set_defines(clone, from->defines, from->define_count);
        s->hidden_request = *wire_tap_request(s->tap);
        s->hidden_request.cursor = clone;
        memset(&s->hidden_end, 0, sizeof s->hidden_end);
        wire_reply_begin(s->hidden_decoder, &s->hidden_request);
    }
    struct error error;
    enum wire_status status = wire_reply_feed(s->hidden_decoder, payload, &error);
    return status != WIRE_NEED_MORE;
}
