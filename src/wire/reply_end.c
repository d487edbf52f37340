/* SPDX-License-Identifier: Apache-2.0 */
/* Replies, decoding: parameters, the end of a call, status, warnings, server-side piggybacks, LOB data. */
#include "wire/cursor_state.h"
#include "wire/message.h"
#include "wire/reply_decode.h"

enum {
    PACKED_IN_CHUNKS = 254,
    KEYWORD_CURRENT_SCHEMA = 168,
    CURSOR_ID_AT = 2,
    ERROR_END_OF_DATA = 1403,
};

/* ---- pairs of keyword and value, as they stand in several messages ---- */

static void read_pairs(struct wire_reply_decoder *d, uint32_t count)
{
    for (uint32_t i = 0; i < count && reply_ok(d); i++) {
        struct wire_clr text = {.null = true}, binary = {.null = true};
        if (wire_read_ub4(&d->in)) text = reply_clr(d);
        if (wire_read_ub4(&d->in)) binary = reply_clr(d);
        if (wire_read_ub2(&d->in) == KEYWORD_CURRENT_SCHEMA) d->schema = text.null ? binary.bytes : text.bytes;
    }
}

/* ---- parameters: their form depends on what was called ---- */

static void read_row_counts(struct wire_reply_decoder *d)
{
    uint32_t count = wire_read_ub4(&d->in);
    if (count > d->session->limits.rows_max) reply_limit(d, "rows of one array execution");
    uint64_t *counts = reply_room(d, count, 1) && count ? reply_array(d, count, sizeof *counts) : NULL;
    for (uint32_t i = 0; counts && i < count && reply_ok(d); i++) counts[i] = wire_read_ub8(&d->in);
    if (reply_effective(d) && d->events->row_counts) d->events->row_counts(d->context, counts, count);
}

static void execute_parameters(struct wire_reply_decoder *d)
{
    struct reader *in = &d->in;
    uint32_t id = 0;
    uint16_t count = wire_read_ub2(in);
    for (uint32_t i = 0; i < count && reply_ok(d); i++) {
        size_t at = in->at;
        uint32_t n = wire_read_ub4(in);
        if (i != CURSOR_ID_AT) continue;
        id = n;
        reply_place(d, at, id);
    }
    reader_skip(in, wire_read_ub2(in)); /* transaction id */
    read_pairs(d, wire_read_ub2(in));
    if (d->session->field_version >= WIRE_FIELD_REGISTRATION) reader_skip(in, wire_read_ub4(in));
    if (d->row_counts_wanted) read_row_counts(d);
    /* Only a parse gets its id here: what stands here otherwise is not what clients go by. */
    if (reply_effective(d) && id && d->cursor && d->cursor->state->pending) wire_cursor_bind_id(d->cursors, d->cursor, id);
}

/* Signed bytes are one of the types whose form is agreed on; flags of 0x20 were seen as 20 and as 01 20. */
static int32_t read_signed_byte(struct wire_reply_decoder *d)
{
    return d->session->sb1_universal ? wire_read_sb4(&d->in) : (int8_t)reader_u8(&d->in);
}

static void lob_parameters(struct wire_reply_decoder *d)
{
    struct view locator = reader_bytes(&d->in, d->lob_locator_size);
    if (d->lob_has_charset) wire_read_ub2(&d->in); /* whoever pointed at one reads one back */
    uint64_t amount = d->lob_has_amount ? wire_read_ub8(&d->in) : 0;
    int32_t flag = d->lob_has_flag ? read_signed_byte(d) : 0;
    if (reply_effective(d) && d->events->lob_result) d->events->lob_result(d->context, locator, d->lob_has_amount, amount, flag);
}

static void version_parameters(struct wire_reply_decoder *d)
{
    uint16_t size = wire_read_ub2(&d->in);
    if (size && d->session->conversion_length)
        reply_clr(d);
    else
        reader_skip(&d->in, size);
    wire_read_ub4(&d->in);
}

static void auth_parameters(struct wire_reply_decoder *d)
{
    uint16_t count = wire_read_ub2(&d->in);
    for (uint32_t i = 0; i < count && reply_ok(d); i++) {
        reply_dalc(d);
        reply_dalc(d);
        wire_read_ub4(&d->in);
    }
}

static void tpc_parameters(struct wire_reply_decoder *d)
{
    wire_read_ub4(&d->in); /* application value, or state */
    if (d->function == WIRE_FN_TPC_SWITCH) reader_skip(&d->in, wire_read_ub2(&d->in));
}

void reply_parameters(struct wire_reply_decoder *d)
{
    switch (d->function) {
    case WIRE_FN_EXECUTE:
    case WIRE_FN_REEXECUTE:
    case WIRE_FN_REEXECUTE_FETCH:
    case WIRE_FN_FETCH: execute_parameters(d); break;
    case WIRE_FN_LOB: lob_parameters(d); break;
    case WIRE_FN_VERSION: version_parameters(d); break;
    case WIRE_FN_AUTH:
    case WIRE_FN_SESSION_KEY: auth_parameters(d); break;
    case WIRE_FN_TPC_SWITCH:
    case WIRE_FN_TPC_STATE: tpc_parameters(d); break;
    default: reply_unknown(d, "parameters of a function that is not decoded"); break;
    }
}

/* ---- the end of a call ---- */

static void read_call_status(struct wire_reply_decoder *d, struct wire_end *end)
{
    if (d->session->status_has_call_status) end->call_status = wire_read_ub4(&d->in);
    if (d->session->status_has_sequence) wire_read_ub2(&d->in);
    end->transaction_open = end->call_status & WIRE_CALL_TRANSACTION;
}

static void read_rowid(struct wire_reply_decoder *d, struct wire_end *end)
{
    end->rowid_object = wire_read_ub4(&d->in);
    end->rowid_file = wire_read_ub2(&d->in);
    reader_u8(&d->in);
    end->rowid_block = wire_read_ub4(&d->in);
    end->rowid_slot = wire_read_ub2(&d->in);
    end->has_rowid = end->rowid_object || end->rowid_file || end->rowid_block;
}

/* An array packed in one piece, or (first byte 254) each element with a chunk length and a closing zero. */
static uint32_t *read_numbers(struct wire_reply_decoder *d, uint32_t count, unsigned size_max)
{
    if (count == 0) return NULL;
    bool chunks = reader_u8(&d->in) == PACKED_IN_CHUNKS;
    uint32_t *numbers = reply_room(d, count, 1) ? reply_array(d, count, sizeof *numbers) : NULL;
    for (uint32_t i = 0; numbers && i < count && reply_ok(d); i++) {
        if (chunks) wire_read_ub4(&d->in);
        numbers[i] = wire_read_ub(&d->in, size_max);
    }
    if (chunks) reader_u8(&d->in);
    return numbers;
}

static void read_batch_messages(struct wire_reply_decoder *d, struct wire_end *end)
{
    uint32_t count = wire_read_ub2(&d->in);
    if (count == 0) return;
    reader_u8(&d->in);
    struct view *messages = reply_room(d, count, 1) ? reply_array(d, count, sizeof *messages) : NULL;
    for (uint32_t i = 0; messages && i < count && reply_ok(d); i++) {
        wire_read_ub2(&d->in);
        messages[i] = reply_clr(d).bytes;
        reader_skip(&d->in, 2);
    }
    if (count == end->batch_count) end->batch_messages = messages;
}

static void read_batch(struct wire_reply_decoder *d, struct wire_end *end)
{
    if (wire_reader_native(&d->in)) {
        if (!wire_read_no_batch(&d->in)) reply_unknown(d, "batch errors in OCI's own encoding");
        return;
    }
    end->batch_count = wire_read_ub2(&d->in);
    end->batch_errors = read_numbers(d, end->batch_count, 2);
    uint32_t offsets = wire_read_ub4(&d->in);
    if (offsets > d->session->limits.rows_max) reply_limit(d, "rows of one array execution");
    uint32_t *numbers = reply_ok(d) ? read_numbers(d, offsets, 4) : NULL;
    if (offsets == end->batch_count)
        end->batch_offsets = numbers;
    else
        reply_unknown(d, "batch errors without their rows");
    if (d->session->field_version >= WIRE_FIELD_ROW_COUNTS)
        read_batch_messages(d, end);
    else if (wire_read_ub2(&d->in) || end->batch_count) /* how the three are laid out there was not seen */
        reply_unknown(d, "batch errors of a server or client before 12c");
}

/*
 * The two ends of an OCI structure. Behind the iterations stand arrays and pointers of the server's, as far as a place that was only seen
 * since 20c; what a batch that failed looks like in them was not.
 */
enum { STRUCT_FOLLOWS = 1, STRUCT_ERROR_AT = 124, ERROR_BATCH = 24381 };

static void begin_structure(struct wire_reply_decoder *d)
{
    if (d->in.encoding != WIRE_ENCODING_STRUCT) return;
    if (reader_u8(&d->in) != STRUCT_FOLLOWS || d->session->field_version < WIRE_FIELD_CHECKSUM)
        reply_unknown(d, "an end of call in a structure of unknown form");
    wire_struct_begin(&d->in);
}

static void skip_arrays(struct wire_reply_decoder *d, const struct wire_end *end)
{
    struct reader *in = &d->in;
    if (end->error == ERROR_BATCH) reply_unknown(d, "batch errors in a structure of OCI");
    if (reply_ok(d)) reader_skip(in, STRUCT_ERROR_AT - (in->at - in->struct_at));
}

static void read_end(struct wire_reply_decoder *d, struct wire_end *end)
{
    struct reader *in = &d->in;
    read_call_status(d, end);
    begin_structure(d);
    uint32_t row = wire_read_ub4(in);
    end->error = wire_read_ub2(in);
    wire_read_ub2(in); /* array element, and its error */
    wire_read_ub2(in);
    size_t at = in->at;
    end->cursor_id = wire_read_ub2(in);
    reply_place(d, at, end->cursor_id);
    end->error_position = wire_read_sb2(in);
    end->command = reader_u8(in);
    reader_u8(in);       /* fatal */
    read_signed_byte(d); /* flags, cursor options */
    read_signed_byte(d);
    reader_u8(in); /* UPI parameter */
    end->warning_flags = reader_u8(in);
    read_rowid(d, end);
    wire_read_ub4(in);  /* error of the operating system */
    reader_skip(in, 2); /* statement and call number */
    wire_read_ub2(in);
    wire_read_ub4(in); /* successful iterations */
    if (in->encoding == WIRE_ENCODING_STRUCT) {
        skip_arrays(d, end);
    } else if (d->session->field_version >= WIRE_FIELD_BATCH_ERRORS) {
        if (wire_read_rowid_size(in)) reply_clr(d);
        read_batch(d, end);
    }
    end->row_count = row;
    if (d->session->field_version >= WIRE_FIELD_ROW_COUNTS) {
        uint32_t extended = wire_read_ub4(in);
        /* Fixed widths say nothing of themselves: that the number stands where it stood before is what shows that they were the right ones. */
        if (wire_reader_native(in) && extended != end->error) reply_unknown(d, "an end of call whose error numbers differ");
        end->error = extended;
        end->row_count = wire_read_ub8(in);
    }
    if (wire_end_has_checksum(d->session)) {
        wire_read_ub4(in);
        wire_read_ub4(in);
    }
    wire_struct_end(in);
    if (end->error && reply_ok(d)) end->message = reply_clr(d).bytes;
}

/* Clients take the id of every end of call, that of a failed one too; so does the table. */
static void bind_cursor(struct wire_reply_decoder *d, const struct wire_end *end)
{
    if (d->cursor && end->cursor_id) wire_cursor_bind_id(d->cursors, d->cursor, end->cursor_id);
}

static void finish(struct wire_reply_decoder *d, const struct wire_end *end)
{
    if (!d->session->end_of_response) d->ended = true;
    if (end->error == ERROR_END_OF_DATA) d->row = NULL;
    if (d->events->end) d->events->end(d->context, end);
}

void reply_end(struct wire_reply_decoder *d)
{
    struct wire_end end = {.status_only = false};
    read_end(d, &end);
    if (!reply_effective(d)) return;
    bind_cursor(d, &end);
    finish(d, &end);
}

void reply_status(struct wire_reply_decoder *d)
{
    struct wire_end end = {.status_only = true};
    read_call_status(d, &end);
    if (reply_effective(d)) finish(d, &end);
}

void reply_warning(struct wire_reply_decoder *d)
{
    uint16_t number = wire_read_ub2(&d->in), size = wire_read_ub2(&d->in);
    wire_read_ub2(&d->in);
    if (number && size && reply_ok(d)) reply_clr(d);
}

void reply_lob_data(struct wire_reply_decoder *d)
{
    struct wire_clr data = reply_clr(d);
    if (reply_effective(d) && d->events->lob_data) d->events->lob_data(d->context, data.bytes);
}

/* ---- server-side piggybacks: may stand before any message ---- */

static void nothing(struct wire_reply_decoder *d)
{
    (void)d;
}

static void process_id(struct wire_reply_decoder *d)
{
    wire_read_ub2(&d->in);
    reply_clr(d);
}

static void read_types(struct wire_reply_decoder *d)
{
    wire_read_ub2(&d->in);
    reader_u8(&d->in);
}

static void session_returned(struct wire_reply_decoder *d)
{
    read_types(d);
    uint16_t count = wire_read_ub2(&d->in);
    if (count) {
        reader_u8(&d->in);
        read_pairs(d, count);
    }
    wire_read_ub4(&d->in); /* flags, session, serial number */
    wire_read_ub4(&d->in);
    wire_read_ub2(&d->in);
}

static void attributes(struct wire_reply_decoder *d)
{
    read_types(d);
    uint32_t count = wire_read_ub4(&d->in);
    reader_u8(&d->in);
    if (count > UINT16_MAX) reply_limit(d, "session attributes");
    read_pairs(d, count);
    wire_read_ub4(&d->in);
}

static void transaction_id(struct wire_reply_decoder *d)
{
    reply_dalc(d);
}

static void replay_context(struct wire_reply_decoder *d)
{
    read_types(d);
    wire_read_ub4(&d->in); /* flags, error */
    wire_read_ub4(&d->in);
    reader_u8(&d->in);
    reply_dalc(d);
}

static void signature(struct wire_reply_decoder *d)
{
    read_types(d);
    for (int i = 0; i < 3; i++) wire_read_ub8(&d->in);
}

void reply_server_piggyback(struct wire_reply_decoder *d)
{
    static void (*const read[])(struct wire_reply_decoder * d) = {
        NULL, nothing, process_id, nothing, session_returned, attributes, NULL, transaction_id, replay_context, read_types, signature,
    };
    uint8_t opcode = reader_u8(&d->in);
    if (!reply_ok(d)) return;
    if (opcode < sizeof read / sizeof *read && read[opcode])
        read[opcode](d);
    else
        reply_unknown(d, "a server-side piggyback that is not decoded");
}
