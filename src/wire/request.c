/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests, decoding: the frame (piggybacks, then one function) and the functions that are short. A request has no length of
 * its own, so every read may run out, and then the whole is read again when more has come.
 */
#include "wire/request.h"

#include "wire/cursor_state.h"
#include "wire/message.h"
#include "wire/request_decode.h"

#include <stdio.h>

enum { XID_MAX = 1024, NAME_MAX_SIZE = 65536, PAIRS_MAX = 1024 };

/* ---- what the parts share ---- */

bool request_ok(const struct request_decoder *d)
{
    return reader_ok(&d->in) && !d->unknown;
}

void request_unknown(struct request_decoder *d, const char *why)
{
    if (request_ok(d)) d->unknown = why;
}

void request_limit(struct request_decoder *d, const char *which)
{
    if (!request_ok(d)) return;
    d->unknown = which;
    d->over_limit = true;
}

void *request_array(struct request_decoder *d, size_t count, size_t size)
{
    void *array = count > SIZE_MAX / size ? NULL : arena_try(d->arena, count * size);
    if (array)
        memset(array, 0, count * size);
    else
        request_limit(d, "memory of one call");
    return array;
}

bool request_room(struct request_decoder *d, uint64_t count, size_t size_min)
{
    if (!request_ok(d)) return false;
    if (count > reader_left(&d->in) / size_min) d->in.short_read = true;
    return request_ok(d);
}

struct wire_clr request_clr(struct request_decoder *d)
{
    return wire_read_clr(&d->in, d->arena, d->session->limits.value_max);
}

struct wire_clr request_dalc(struct request_decoder *d)
{
    return wire_read_dalc(&d->in, d->arena, d->session->limits.value_max);
}

struct view request_chr(struct request_decoder *d, size_t size)
{
    if (size == 0) return view_of(NULL, 0);
    if (size > d->session->limits.value_max) {
        request_limit(d, "size of one value");
        return view_of(NULL, 0);
    }
    return d->session->conversion_length ? request_clr(d).bytes : reader_bytes(&d->in, size);
}

static bool closed_by_this_request(const struct request_decoder *d, uint32_t id)
{
    for (uint32_t i = 0; i < d->out->piggyback_count; i++) {
        const struct wire_piggyback *piggyback = &d->out->piggybacks[i];
        if (piggyback->function != WIRE_FN_CLOSE_CURSORS) continue;
        for (uint32_t k = 0; k < piggyback->id_count; k++)
            if (piggyback->ids[k] == id) return true;
    }
    return false;
}

void request_use_cursor(struct request_decoder *d, uint32_t id)
{
    if (!request_ok(d)) return;
    d->out->cursor = closed_by_this_request(d, id) ? NULL : wire_cursor_find(d->cursors, id);
    if (d->out->cursor) return;
    d->out->unknown_cursor = true;
    request_unknown(d, "a cursor that is not known");
}

bool request_not_seen_native(struct request_decoder *d, const char *why)
{
    if (wire_reader_native(&d->in)) request_unknown(d, why);
    return wire_reader_native(&d->in);
}

/* ---- functions ---- */

static void request_empty(struct request_decoder *d, uint8_t function)
{
    (void)d;
    (void)function;
}

static void request_version(struct request_decoder *d, uint8_t function)
{
    (void)function;
    wire_struct_begin(&d->in);
    wire_read_pointer(&d->in);
    wire_read_ub4(&d->in); /* room for the banner */
    wire_read_pointer(&d->in);
    wire_read_pointer(&d->in);
    if (d->session->field_version >= WIRE_FIELD_VERSION_FORMAT) wire_read_ub4(&d->in);
    wire_struct_end(&d->in);
}

/* A password change inside a session. It is walked over: what it carries is not for us to keep. */
static void request_auth(struct request_decoder *d, uint8_t function)
{
    (void)function;
    wire_struct_begin(&d->in);
    bool has_user = wire_read_pointer(&d->in);
    uint32_t user_size = wire_read_ub4(&d->in);
    wire_read_ub4(&d->in); /* mode */
    wire_read_pointer(&d->in);
    uint32_t pairs = wire_read_ub4(&d->in);
    wire_read_pointer(&d->in);
    wire_read_pointer(&d->in);
    wire_struct_end(&d->in);
    if (pairs > PAIRS_MAX) request_unknown(d, "a log-in message of unusual size");
    if (has_user) (void)request_chr(d, user_size);
    for (uint32_t i = 0; i < pairs && request_ok(d); i++) {
        request_dalc(d);
        request_dalc(d);
        wire_read_ub4(&d->in);
    }
}

/* Column names of a table, asked for by JDBC. Its layout is known for the form without options only. */
static void request_describe(struct request_decoder *d, uint8_t function)
{
    (void)function;
    if (request_not_seen_native(d, "a describe call in OCI's own encoding")) return;
    bool has_name = reader_u8(&d->in) == 1;
    uint32_t size = wire_read_ub4(&d->in);
    bool plain = reader_u8(&d->in) == 0;
    plain = reader_u8(&d->in) == 0 && plain;
    plain = reader_u8(&d->in) == 0 && plain;
    wire_read_ub4(&d->in);
    if (!has_name || !plain || size > NAME_MAX_SIZE) request_unknown(d, "a describe call of unknown form");
    if (request_ok(d)) (void)request_chr(d, size);
}

void request_tpc(struct request_decoder *d, uint8_t function)
{
    struct reader *in = &d->in;
    if (request_not_seen_native(d, "a distributed transaction in OCI's own encoding")) return;
    bool change_state = function == WIRE_FN_TPC_STATE;
    d->out->tpc.operation = wire_read_ub4(in);
    bool has_context = reader_u8(in);
    uint32_t context_size = wire_read_ub4(in);
    d->out->tpc.format = wire_read_ub4(in);
    uint32_t global_size = wire_read_ub4(in), branch_size = wire_read_ub4(in);
    bool has_xid = reader_u8(in);
    uint32_t xid_size = wire_read_ub4(in);
    uint32_t first = wire_read_ub4(in), second = wire_read_ub4(in);
    uint32_t names[2] = {0, 0};
    d->out->tpc.flags = first;
    d->out->tpc.timeout = second;
    d->out->tpc.global_size = global_size;
    if (change_state) { /* the two stand for the timeout and the state */
        d->out->tpc.timeout = first;
        d->out->tpc.state = second;
        reader_u8(in);
        d->out->tpc.flags = wire_read_ub4(in);
    } else {
        reader_skip(in, 3);
        for (int i = 0; i < 2; i++) {
            bool has_name = reader_u8(in);
            uint32_t size = wire_read_ub4(in);
            names[i] = has_name ? size : 0;
        }
    }
    if (reader_ok(in) && (context_size > NAME_MAX_SIZE || xid_size > XID_MAX || (uint64_t)global_size + branch_size > xid_size ||
                          names[0] > NAME_MAX_SIZE || names[1] > NAME_MAX_SIZE))
        reader_malformed(in);
    if (has_context) d->out->tpc.context = reader_bytes(in, context_size);
    struct view xid = has_xid ? reader_bytes(in, xid_size) : view_of(NULL, 0);
    if (reader_ok(in) && has_xid) d->out->tpc.xid = view_of(xid.data, global_size + branch_size);
    if (change_state) return;
    wire_read_ub4(in); /* application value */
    reader_skip(in, names[0]);
    reader_skip(in, names[1]);
}

static void request_fetch(struct request_decoder *d, uint8_t function)
{
    (void)function;
    wire_struct_begin(&d->in);
    d->out->cursor_id_at = d->in.at;
    d->out->fetch.cursor_id = wire_read_ub4(&d->in);
    d->out->cursor_id_size = d->in.at - d->out->cursor_id_at;
    d->out->fetch.rows = wire_read_ub4(&d->in);
    request_use_cursor(d, d->out->fetch.cursor_id);
}

static const struct function_row {
    uint8_t function;
    void (*read)(struct request_decoder *d, uint8_t function);
} functions[] = {
    {WIRE_FN_EXECUTE, request_execute},   {WIRE_FN_REEXECUTE, request_reexecute}, {WIRE_FN_REEXECUTE_FETCH, request_reexecute},
    {WIRE_FN_FETCH, request_fetch},       {WIRE_FN_COMMIT, request_empty},        {WIRE_FN_ROLLBACK, request_empty},
    {WIRE_FN_LOGOFF, request_empty},      {WIRE_FN_PING, request_empty},          {WIRE_FN_PIPELINE_END, request_empty},
    {WIRE_FN_LOB, request_lob},           {WIRE_FN_VERSION, request_version},     {WIRE_FN_TPC_SWITCH, request_tpc},
    {WIRE_FN_TPC_STATE, request_tpc},     {WIRE_FN_AUTH, request_auth},           {WIRE_FN_SESSION_KEY, request_auth},
    {WIRE_FN_DESCRIBE, request_describe},
};

static void read_function(struct request_decoder *d, size_t at)
{
    struct wire_request *out = d->out;
    wire_struct_begin(&d->in);
    uint8_t function = reader_u8(&d->in);
    out->sequence = reader_u8(&d->in);
    out->token = d->session->field_version >= WIRE_FIELD_TOKEN ? wire_read_ub8(&d->in) : 0;
    if (!reader_ok(&d->in)) return;
    out->function = function;
    out->function_at = at;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (functions[i].function == function) {
            functions[i].read(d, function);
            return;
        }
    request_unknown(d, "a function that is not decoded");
}

static bool only_one_way(const struct wire_request *request)
{
    for (uint32_t i = 0; i < request->piggyback_count; i++)
        if (request->message.data[request->piggybacks[i].at] != WIRE_MESSAGE_ONE_WAY) return false;
    return true;
}

static void read_messages(struct request_decoder *d)
{
    while (request_ok(d)) {
        size_t at = d->in.at;
        switch (reader_u8(&d->in)) {
        case WIRE_MESSAGE_PIGGYBACK: request_piggyback(d); break;
        case WIRE_MESSAGE_ONE_WAY:
            request_one_way(d);
            if (!request_ok(d) || reader_left(&d->in)) break;
            d->out->one_way = only_one_way(d->out);
            d->out->function_at = d->in.at;
            if (d->out->one_way) return;
            break;
        case WIRE_MESSAGE_FUNCTION: read_function(d, at); return;
        case WIRE_MESSAGE_FLUSH_OUT_BINDS: d->out->function_at = at; return;
        default: request_unknown(d, "a message that is no call"); return;
        }
    }
}

/* The new statement enters the table, as the last thing, so that nothing has to be taken back. */
static void make_pending(struct request_decoder *d)
{
    if (!d->sql || !request_ok(d)) return;
    wire_cursor_release_borrowed(d->cursors);
    d->out->cursor = wire_cursor_make_borrowed(d->cursors, d->sql, d->sql_size, &d->kind);
    if (!d->out->cursor) request_limit(d, "open cursors");
}

static enum wire_status decode_result(struct request_decoder *d, struct error *error)
{
    if (d->in.malformed && !d->unknown && d->arena->exhausted) {
        d->in.malformed = false;
        d->in.short_read = false;
        request_limit(d, "memory of one call");
    }
    /* The first finding counts: what was read after it means nothing. */
    if (d->unknown) {
        error_set(error, d->over_limit ? ERROR_LIMIT : ERROR_PROTOCOL, "request of function %u, byte %zu of %zu: %s%s", d->out->function,
                  d->in.at, d->in.size, d->over_limit ? "over the limit of " : "", d->unknown);
        return WIRE_UNKNOWN;
    }
    if (d->in.malformed) {
        error_set(error, ERROR_PROTOCOL, "request of function %u: malformed before byte %zu of %zu", d->out->function, d->in.at,
                  d->in.size);
        return WIRE_MALFORMED;
    }
    return d->in.short_read ? WIRE_NEED_MORE : WIRE_DECODED;
}

enum wire_status wire_request_decode_more(const struct wire_session *session, struct wire_cursor_table *cursors, struct arena *arena,
                                          struct view message, struct wire_request_progress *progress, struct wire_request *out,
                                          struct error *error)
{
    *out = (struct wire_request){.message = message};
    struct request_decoder d = {.session = session,
                                .cursors = cursors,
                                .arena = arena,
                                .in = wire_reader_of(message, session->encoding),
                                .out = out,
                                .progress = progress};
    d.in.small_chunks = session->small_chunks;
    if (session->encoding == WIRE_ENCODING_UNKNOWN)
        request_unknown(&d, "an encoding that is not known");
    else if (message.size > session->limits.call_max)
        request_limit(&d, "size of one call");
    else
        read_messages(&d);
    if (request_ok(&d) && reader_left(&d.in)) request_unknown(&d, "bytes behind the end of the call");
    make_pending(&d);
    enum wire_status status = decode_result(&d, error);
    out->undecoded = status == WIRE_UNKNOWN || status == WIRE_MALFORMED;
    if (status != WIRE_DECODED) out->cursor = NULL;
    return status;
}

enum wire_status wire_request_decode(const struct wire_session *session, struct wire_cursor_table *cursors, struct arena *arena,
                                     struct view message, struct wire_request *out, struct error *error)
{
    return wire_request_decode_more(session, cursors, arena, message, NULL, out, error);
}

/* ---- taking effect ---- */

static void commit_execute(struct wire_cursor_table *cursors, struct wire_cursor *cursor, const struct wire_execute *execute)
{
    if (cursor->state->pending) {
        wire_cursor_own_sql(cursors, cursor);
        wire_cursor_bind_id(cursors, cursor, execute->cursor_id); /* a parse into an open cursor: what it was is gone */
    }
    if (execute->has_binds) wire_cursor_set_binds(cursor, execute->binds, execute->bind_count);
    if (execute->has_defines) wire_cursor_set_defines(cursor, execute->defines, execute->define_count);
    if (!execute->short_form && !(execute->options & WIRE_OPTION_EXECUTE)) return;
    cursor->rows_fetched = 0;
    cursor->executions++;
}

void wire_request_commit(struct wire_cursor_table *cursors, struct wire_request *request)
{
    for (uint32_t i = 0; i < request->piggyback_count; i++) {
        const struct wire_piggyback *piggyback = &request->piggybacks[i];
        if (piggyback->function != WIRE_FN_CLOSE_CURSORS) continue;
        for (uint32_t k = 0; k < piggyback->id_count; k++) wire_cursor_close_id(cursors, piggyback->ids[k]);
    }
    bool executes =
        request->function == WIRE_FN_EXECUTE || request->function == WIRE_FN_REEXECUTE || request->function == WIRE_FN_REEXECUTE_FETCH;
    /* What was not read may have closed cursors and parsed others into their ids; an entry that is wrong is worse than none. */
    if (request->undecoded && executes) wire_cursor_close_id(cursors, request->execute.cursor_id);
    if (request->function == WIRE_FN_LOGOFF || (request->undecoded && request->function == 0)) wire_cursor_table_clear(cursors);
    if (executes && request->cursor) commit_execute(cursors, request->cursor, &request->execute);
}

void wire_request_abandon(struct wire_cursor_table *cursors, struct wire_request *request)
{
    if (!request->cursor || !request->cursor->state->pending) return;
    wire_cursor_release(cursors, request->cursor);
    request->cursor = NULL;
}

uint32_t wire_rows_wanted(const struct wire_request *request, const struct wire_cursor *cursor)
{
    const struct wire_execute *execute = &request->execute;
    bool lobs = false;
    for (uint32_t i = 0; i < cursor->column_count; i++)
        lobs |= wire_type_is_lob(cursor->columns[i].oac.type) || wire_type_is_image(cursor->columns[i].oac.type);
    if (lobs && !cursor->define_count) return 0;
    if (request->function == WIRE_FN_FETCH) return request->fetch.rows;
    if (request->function == WIRE_FN_REEXECUTE_FETCH) return execute->execution_count;
    if (execute->short_form) return 0;
    bool prefetch = (execute->options & WIRE_OPTION_EXECUTE) && execute->prefetch_rows > 0 && !lobs;
    if (!(execute->options & WIRE_OPTION_FETCH) && !prefetch) return 0;
    return execute->prefetch_rows ? execute->prefetch_rows : execute->execution_count;
}
