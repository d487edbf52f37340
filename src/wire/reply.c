/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies, decoding: the stream of messages. One message is read at a time, from the payload itself where it is whole there,
 * else from a buffer in which its pieces are joined. What a message says takes effect only when all of it has been read.
 */
#include "wire/reply.h"

#include "base/memory.h"
#include "wire/cursor_state.h"
#include "wire/message.h"
#include "wire/reply_decode.h"

/* ---- what the parts share ---- */

bool reply_ok(const struct wire_reply_decoder *d)
{
    return reader_ok(&d->in) && !d->unknown;
}

bool reply_effective(const struct wire_reply_decoder *d)
{
    return reply_ok(d) && !d->measuring;
}

void reply_unknown(struct wire_reply_decoder *d, const char *why)
{
    if (reply_ok(d)) d->unknown = why;
}

void reply_limit(struct wire_reply_decoder *d, const char *which)
{
    if (!reply_ok(d)) return;
    d->unknown = which;
    d->over_limit = true;
}

void *reply_array(struct wire_reply_decoder *d, size_t count, size_t size)
{
    void *array = count > SIZE_MAX / size ? NULL : arena_try(d->arena, count * size);
    if (array)
        memset(array, 0, count * size);
    else
        reply_limit(d, "memory of one message");
    return array;
}

bool reply_room(struct wire_reply_decoder *d, uint64_t count, size_t size_min)
{
    if (!reply_ok(d)) return false;
    if (count > reader_left(&d->in) / size_min) d->in.short_read = true;
    return reply_ok(d);
}

struct wire_clr reply_clr(struct wire_reply_decoder *d)
{
    if (!d->measuring) return wire_read_clr(&d->in, d->arena, d->session->limits.value_max);
    wire_skip_clr(&d->in, d->session->limits.value_max);
    return (struct wire_clr){.null = true};
}

struct wire_clr reply_dalc(struct wire_reply_decoder *d)
{
    uint32_t size = wire_read_ub4(&d->in);
    if (!reader_ok(&d->in) || size == 0) return (struct wire_clr){.null = true};
    return reply_clr(d);
}

void reply_place(struct wire_reply_decoder *d, size_t at, uint32_t id)
{
    if (!d->record_places || !reply_effective(d)) return;
    if (d->place_count == REPLY_ID_PLACES_MAX) {
        d->places_overflow = true;
        return;
    }
    d->places[d->place_count++] = (struct reply_id_place){.at = at, .size = d->in.at - at, .id = id};
}

void reply_enter_cursors(struct wire_reply_decoder *d)
{
    for (struct reply_new_cursor *new = d->new_cursors; new; new = new->next) {
        struct wire_cursor *cursor = wire_cursor_make(d->cursors, view_of(NULL, 0));
        if (!cursor) {
            reply_limit(d, "open cursors");
            return;
        }
        cursor->query = true;
        wire_cursor_set_columns(cursor, new->columns, new->column_count);
        /* An id of the cursor whose reply this is cannot be given to another one: then the bytes were not what they seemed. */
        bool own = d->cursor && d->cursor->id && d->cursor->id == new->id;
        if (new->id == 0 || own) {
            wire_cursor_release(d->cursors, cursor);
            reply_unknown(d, "a result set without an id of its own");
            return;
        }
        wire_cursor_bind_id(d->cursors, cursor, new->id);
        if (new->cell)
            new->cell->cursor = cursor;
        else if (d->events->implicit_result)
            d->events->implicit_result(d->context, cursor);
    }
}

/* ---- messages ---- */

static void flush_out_binds(struct wire_reply_decoder *d)
{
    if (!d->measuring) d->flushed = true;
}

static void token(struct wire_reply_decoder *d)
{
    wire_read_ub8(&d->in);
}

static void end_of_response(struct wire_reply_decoder *d)
{
    if (!d->measuring) d->ended = true;
}

/* `fixed`, `structure`: seen in that encoding of OCI. The others are not read there. */
static const struct message_row {
    uint8_t type;
    bool fixed, structure;
    void (*read)(struct wire_reply_decoder *d);
} messages[] = {
    {WIRE_MESSAGE_ROW, true, false, reply_row},
    {WIRE_MESSAGE_END, true, true, reply_end},
    {WIRE_MESSAGE_ROW_HEADER, true, false, reply_row_header},
    {WIRE_MESSAGE_PARAMETERS, true, false, reply_parameters},
    {WIRE_MESSAGE_BIT_VECTOR, true, false, reply_bit_vector},
    {WIRE_MESSAGE_DESCRIBE, true, false, reply_describe},
    {WIRE_MESSAGE_STATUS, true, true, reply_status},
    {WIRE_MESSAGE_IO_VECTOR, false, false, reply_io_vector},
    {WIRE_MESSAGE_LOB_DATA, false, false, reply_lob_data},
    {WIRE_MESSAGE_WARNING, false, false, reply_warning},
    {WIRE_MESSAGE_FLUSH_OUT_BINDS, false, false, flush_out_binds},
    {WIRE_MESSAGE_SERVER_PIGGYBACK, true, false, reply_server_piggyback},
    {WIRE_MESSAGE_IMPLICIT_RESULT, false, false, reply_implicit_result},
    {WIRE_MESSAGE_END_OF_RESPONSE, true, true, end_of_response},
    {WIRE_MESSAGE_TOKEN, false, false, token},
};

static bool is_readable(const struct wire_reply_decoder *d, const struct message_row *row)
{
    switch (d->in.encoding) {
    case WIRE_ENCODING_UNIVERSAL: return true;
    case WIRE_ENCODING_FIXED: return row->fixed;
    case WIRE_ENCODING_STRUCT: return row->structure;
    default: return false;
    }
}

static void read_message(struct wire_reply_decoder *d)
{
    uint8_t type = reader_u8(&d->in);
    d->new_cursors = NULL;
    d->schema = view_of(NULL, 0);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        if (messages[i].type != type || !is_readable(d, &messages[i])) continue;
        messages[i].read(d);
        if (reply_effective(d) && d->schema.size && d->events->schema) d->events->schema(d->context, d->schema);
        return;
    }
    reply_unknown(d, "a message that is not decoded");
}

/* Reads one message at `at`; answers whether it was whole. The arena of the last row is left alone. */
static bool read_one(struct wire_reply_decoder *d, bool measure_first)
{
    size_t at = d->in.at;
    d->arena = d->arena == &d->arenas[0] ? &d->arenas[1] : &d->arenas[0];
    arena_reset(d->arena);
    if (measure_first) {
        d->measuring = true;
        read_message(d);
        d->measuring = false;
        if (!reply_ok(d)) {
            if (d->in.short_read && !d->in.malformed && !d->unknown) d->in.at = at;
            return false;
        }
        d->in.at = at;
        arena_reset(d->arena);
    }
    read_message(d);
    if (reply_ok(d)) return true;
    if (d->in.short_read && !d->in.malformed && !d->unknown) d->in.at = at;
    return false;
}

/* A row lies in the arena that its message was read into; every other message gives that turn back. */
static void read_messages(struct wire_reply_decoder *d, bool joined)
{
    bool first = joined;
    while (!d->ended && !d->flushed && reader_left(&d->in)) {
        struct arena *before = d->arena;
        const struct wire_cell *row = d->row;
        if (!read_one(d, first)) return;
        first = false;
        if (row && d->row == row) d->arena = before; /* no new row: the old one keeps its arena */
    }
    if (d->ended && reader_left(&d->in)) reply_unknown(d, "bytes behind the end of the reply");
}

/* ---- the decoder ---- */

struct wire_reply_decoder *wire_reply_decoder_new(const struct wire_session *session, struct wire_cursor_table *cursors,
                                                  const struct wire_reply_events *events, void *context)
{
    struct wire_reply_decoder *d = memory_zero(1, sizeof *d);
    d->session = session;
    d->cursors = cursors;
    d->events = events;
    d->context = context;
    d->ended = true;
    d->arena = &d->arenas[0];
    buffer_init(&d->partial, session->limits.call_max);
    for (int i = 0; i < 2; i++) arena_init(&d->arenas[i], session->limits.call_max);
    return d;
}

void wire_reply_decoder_free(struct wire_reply_decoder *d)
{
    if (!d) return;
    buffer_release(&d->partial);
    for (int i = 0; i < 2; i++) arena_release(&d->arenas[i]);
    memory_free(d);
}

static void forget_messages(struct wire_reply_decoder *d)
{
    buffer_clear(&d->partial);
    d->row = NULL;
    d->row_cells = 0;
    d->has_vector = false;
    d->flushed = false;
    d->unknown = NULL;
    d->over_limit = false;
}

void wire_reply_begin(struct wire_reply_decoder *d, const struct wire_request *request)
{
    if (request->function == 0 && !request->undecoded) return;
    wire_cursor_release_pending(d->cursors, request->cursor);
    forget_messages(d);
    d->function = request->undecoded ? 0 : request->function;
    d->cursor = request->cursor;
    d->row_counts_wanted = d->function == WIRE_FN_EXECUTE && request->execute.dml_row_counts;
    d->defines = d->function == WIRE_FN_EXECUTE && request->execute.has_defines;
    if (d->function == WIRE_FN_LOB) {
        d->lob_locator_size = request->lob.source_length;
        d->lob_has_amount = request->lob.has_amount;
        d->lob_has_flag = request->lob.has_flag;
        d->lob_has_charset = request->lob.has_charset || request->lob.operation == WIRE_LOB_CREATE_TEMPORARY;
    }
    d->iteration = 0;
    d->ended = false;
    d->failed = request->undecoded;
    d->place_count = 0;
    d->places_overflow = false;
}

/* What the cursor's values look like from here on is not known any more: better no reading than a wrong one. */
static void fail(struct wire_reply_decoder *d)
{
    d->failed = true;
    buffer_clear(&d->partial);
    d->row = NULL;
    if (!d->cursor) return;
    if (d->cursor->plsql && !d->cursor->directions) d->cursor->directions_lost = true;
    if (d->cursor->column_count) wire_cursor_set_columns(d->cursor, NULL, 0);
}

static enum wire_status feed_result(struct wire_reply_decoder *d, struct error *error)
{
    if (d->in.malformed && !d->unknown && d->arena->exhausted) {
        d->in.malformed = d->in.short_read = false;
        reply_limit(d, "memory of one message");
    }
    bool bad = d->in.malformed || d->unknown;
    if (!bad) return d->ended ? WIRE_DECODED : WIRE_NEED_MORE;
    enum wire_status status = d->unknown ? WIRE_UNKNOWN : WIRE_MALFORMED; /* the first finding counts */
    const char *why = d->unknown ? d->unknown : "malformed";
    error_set(error, d->over_limit ? ERROR_LIMIT : ERROR_PROTOCOL, "reply to function %u, before byte %zu of %zu: %s%s", d->function,
              d->in.at, d->in.size, d->over_limit ? "over the limit of " : "", why);
    fail(d);
    return status;
}

static void keep_rest(struct wire_reply_decoder *d, bool joined)
{
    struct view rest = view_of(d->in.data + d->in.at, reader_left(&d->in));
    if (joined)
        buffer_consume(&d->partial, d->in.at);
    else
        buffer_append_view(&d->partial, rest);
    if (!d->partial.failed) return;
    d->in.short_read = false;
    reply_limit(d, "size of one message");
}

enum wire_status wire_reply_feed(struct wire_reply_decoder *d, struct view payload, struct error *error)
{
    if (d->failed) {
        error_set(error, ERROR_PROTOCOL, "the reply was lost before");
        return WIRE_UNKNOWN;
    }
    if (d->ended) {
        error_set(error, ERROR_PROTOCOL, "%zu bytes of a reply that nobody asked for", payload.size);
        return WIRE_UNKNOWN;
    }
    bool joined = buffer_size(&d->partial) > 0;
    if (joined) buffer_append_view(&d->partial, payload);
    d->in = wire_reader_of(joined ? buffer_view(&d->partial) : payload, d->session->encoding);
    d->in.small_chunks = d->session->small_chunks;
    if (d->partial.failed)
        reply_limit(d, "size of one message");
    else
        read_messages(d, joined);
    if (d->in.malformed || d->unknown) return feed_result(d, error);
    reply_keep_row(d);
    keep_rest(d, joined);
    return feed_result(d, error);
}

bool wire_reply_flushed(struct wire_reply_decoder *d)
{
    bool flushed = d->flushed;
    d->flushed = false;
    return flushed;
}

void wire_reply_discard(struct wire_reply_decoder *d)
{
    forget_messages(d);
}
