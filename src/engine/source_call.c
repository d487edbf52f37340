/* SPDX-License-Identifier: Apache-2.0 */
/* One request to the source and its reply: packets, markers, rows, errors. */
#include "engine/source_private.h"

#include "base/memory.h"
#include <stdio.h>

enum { READ_SIZE = 262144 };

/* answers false */
static bool source_lose(struct source *source, const char *what, struct error *error)
{
    source->lost = true;
    if (error && error->code == ERROR_NONE) error_set(error, ERROR_SOURCE_LOST, "connection lost");
    if (error) error->code = ERROR_SOURCE_LOST;
    return error_prefix(error, "the source, %s", what);
}

uint8_t source_sequence(struct source *source)
{
    source->sequence = source->sequence == 255 ? 1 : (uint8_t)(source->sequence + 1);
    return source->sequence;
}

void source_request_begin(struct source *source)
{
    buffer_clear(&source->payload);
    if (!source->closing_count) return;
    wire_close_cursors_write(source->session, source_sequence(source), source->closing, source->closing_count, &source->payload);
    source->closing_count = 0;
}

/* ---- what the reply brings ---- */

static void keep_row(struct source *source, const struct wire_cursor *cursor, const struct wire_cell *cells, uint32_t count)
{
    struct source_call *call = &source->call;
    call->columns = count;
    if (call->row_count == call->row_capacity) {
        uint32_t capacity = call->row_capacity ? call->row_capacity * 2 : 64;
        struct value *rows = arena_alloc(&source->call_arena, sizeof *rows * capacity * count);
        struct wire_cell *kept = arena_alloc(&source->call_arena, sizeof *kept * capacity * count);
        if (call->row_count) {
            memcpy(rows, call->rows, sizeof *rows * call->row_count * count);
            memcpy(kept, call->cells, sizeof *kept * call->row_count * count);
        }
        call->rows = rows;
        call->cells = kept;
        call->row_capacity = capacity;
    }
    for (uint32_t i = 0; i < count; i++) {
        size_t at = (size_t)call->row_count * count + i;
        struct value value = wire_cell_value(source->session, wire_cursor_value_oac(cursor, i), &cells[i], &source->call_arena);
        call->rows[at] = value_copy(&source->call_arena, &value);
        call->cells[at] = cells[i];
        call->cells[at].raw = arena_copy(&source->call_arena, cells[i].raw);
    }
    call->row_count++;
}

static void on_row(void *context, struct wire_cursor *cursor, const struct wire_cell *cells, uint32_t count)
{
    struct source *source = context;
    struct source_call *call = &source->call;
    call->seen++;
    if (!call->row || call->stopped) return;
    for (uint32_t i = 0; i < count && !call->deferred; i++) {
        uint8_t type = wire_cursor_value_oac(cursor, i)->type;
        call->deferred = (type == WIRE_TYPE_CLOB || type == WIRE_TYPE_BLOB) && !cells[i].null && !cells[i].lob_has_data;
    }
    if (call->deferred) {
        keep_row(source, cursor, cells, count);
        return;
    }
    arena_reset(&source->row_arena);
    struct value *values = arena_alloc(&source->row_arena, sizeof *values * (count ? count : 1));
    for (uint32_t i = 0; i < count; i++)
        values[i] = wire_cell_value(source->session, wire_cursor_value_oac(cursor, i), &cells[i], &source->row_arena);
    if (!call->row(call->context, values, count)) call->stopped = true;
}

static void on_lob_data(void *context, struct view data)
{
    struct source *source = context;
    if (source->call.lob) buffer_append_view(source->call.lob, data);
}

static void on_end(void *context, const struct wire_end *end)
{
    struct source *source = context;
    source->call.end = *end;
    source->call.end.message = arena_copy(&source->call_arena, end->message);
    source->call.ended = true;
}

const struct wire_reply_events source_events = {.row = on_row, .lob_data = on_lob_data, .end = on_end};

/* ---- packets ---- */

static bool send_marker(struct source *source, enum wire_marker kind, struct error *error)
{
    buffer_clear(&source->packets);
    wire_packet_write_marker(&source->packets, source->session->large, kind);
    return socket_write(source->socket, buffer_view(&source->packets), source->timeout_ms, error);
}

static bool send_payload(struct source *source, struct view payload, struct error *error)
{
    buffer_clear(&source->packets);
    wire_packet_write_data(&source->packets, payload, source->session->large, source->session->sdu, 0);
    return socket_write(source->socket, buffer_view(&source->packets), source->timeout_ms, error);
}

/* One packet of the reply. *over: the reply is complete. */
static bool take_packet(struct source *source, const struct wire_packet *packet, bool *reset_sent, bool *over, struct error *error)
{
    if (packet->type == WIRE_MARKER) {
        /* The server broke off: what it sent so far is void. We answer the reset once; then the error comes. */
        wire_reply_discard(source->decoder);
        if (*reset_sent) return true;
        *reset_sent = true;
        return send_marker(source, WIRE_MARKER_RESET, error) || source_lose(source, "reset", error);
    }
    if (packet->type != WIRE_DATA) return true; /* CONTROL and the like */
    if (packet->data_flags & WIRE_DATA_EOF) return source_lose(source, "end of file", error);
    switch (wire_reply_feed(source->decoder, packet->payload, error)) {
    case WIRE_DECODED: *over = true; return true;
    case WIRE_NEED_MORE: break;
    default: return source_lose(source, "a reply that cannot be decoded", error);
    }
    static const uint8_t flush[] = {19};
    if (wire_reply_flushed(source->decoder) && !send_payload(source, view_of(flush, sizeof flush), error))
        return source_lose(source, "write", error);
    return true;
}

static bool read_reply(struct source *source, struct error *error)
{
    bool over = false, reset_sent = false;
    while (!over) {
        struct wire_packet packet;
        enum wire_status status = wire_packet_next(source->input.data + source->input.start, buffer_size(&source->input),
                                                   source->session->large, source->session->limits.packet_max, &packet);
        if (status == WIRE_NEED_MORE) {
            if (!socket_read(source->socket, &source->input, READ_SIZE, source->timeout_ms, error))
                return source_lose(source, "read", error);
            continue;
        }
        if (status != WIRE_DECODED) return source_lose(source, "a packet that is none", error);
        bool good = take_packet(source, &packet, &reset_sent, &over, error);
        buffer_consume(&source->input, packet.size);
        if (!good) return false;
    }
    return true;
}

bool source_exchange(struct source *source, const struct wire_request *request, struct error *error)
{
    error_clear(error);
    if (source->lost) return source_lose(source, "lost before", error);
    source->call.ended = false;
    memset(&source->call.end, 0, sizeof source->call.end);
    wire_reply_begin(source->decoder, request);
    if (!send_payload(source, buffer_view(&source->payload), error)) return source_lose(source, "write", error);
    return read_reply(source, error);
}

/* Errors after which the server's session is gone. */
static bool is_fatal(uint32_t number)
{
    static const uint16_t fatal[] = {22,   28,   31,   45,   378,  600,  602,  603,  609,   1012,  1033,  1034,  1041,  1043,
                                     1089, 1090, 1092, 2396, 3113, 3114, 3122, 3135, 12153, 12537, 12547, 12570, 12571, 12583};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        if (fatal[i] == number) return true;
    return false;
}

bool source_error(struct source *source, struct error *error)
{
    const struct wire_end *end = &source->call.end;
    if (end->status_only || end->error == 0 || end->error == 1403) return false;
    struct view text = view_trim(end->message);
    if (text.size > 400) text.size = 400;
    error_set(error, ERROR_SOURCE, VIEW_FORMAT, VIEW_ARGUMENTS(text));
    if (text.size == 0) error_set(error, ERROR_SOURCE, "ORA-%05u", end->error);
    if (error) error->native = (int)end->error;
    if (is_fatal(end->error)) {
        source->lost = true;
        if (error) error->code = ERROR_SOURCE_LOST;
    }
    return true;
}
