/* SPDX-License-Identifier: Apache-2.0 */
/* The server half's closing messages (parameters, end of call, status), LOB and version replies. */
#include "wire/reply.h"

#include "wire/message.h"
#include "wire/primitive.h"
#include "wire/value_text.h"

#include <stdio.h>

enum { CALL_STATUS_DONE = 1, PARAMETER_COUNT = 6, ERROR_TEXT_MAX = 4096, ROWID_KIND_PHYSICAL = 1 };

void wire_parameters_write(const struct wire_session *session, uint32_t cursor_id, const uint64_t *row_counts, uint32_t count,
                           bool counts_wanted, struct buffer *out)
{
    buffer_u8(out, WIRE_MESSAGE_PARAMETERS);
    wire_write_ub2(out, PARAMETER_COUNT);
    wire_write_ub4(out, 1); /* system change number, low half: there is none to tell */
    wire_write_ub4(out, 0);
    wire_write_ub4(out, cursor_id);
    for (int i = 3; i < PARAMETER_COUNT; i++) wire_write_ub4(out, 0);
    wire_write_ub2(out, 0); /* transaction id */
    wire_write_ub2(out, 0); /* key and value pairs */
    if (session->field_version >= WIRE_FIELD_REGISTRATION) wire_write_ub2(out, 0);
    if (!counts_wanted) return;
    wire_write_ub4(out, count);
    for (uint32_t i = 0; i < count; i++) wire_write_ub8(out, row_counts[i]);
}

static uint32_t call_status(const struct wire_end *end)
{
    return (end->call_status | CALL_STATUS_DONE) | (end->transaction_open ? WIRE_CALL_TRANSACTION : 0);
}

static void write_call_status(const struct wire_session *session, uint32_t status, uint8_t sequence, struct buffer *out)
{
    if (session->status_has_call_status) wire_write_ub4(out, status);
    if (session->status_has_sequence) wire_write_ub2(out, sequence);
}

static void write_logical_rowid(const struct wire_end *end, struct buffer *out)
{
    if (!end->has_rowid) {
        wire_write_dalc(out, view_of(NULL, 0));
        return;
    }
    uint8_t bytes[] = {
        ROWID_KIND_PHYSICAL,
        (uint8_t)(end->rowid_object >> 24),
        (uint8_t)(end->rowid_object >> 16),
        (uint8_t)(end->rowid_object >> 8),
        (uint8_t)end->rowid_object,
        (uint8_t)(end->rowid_file >> 8),
        (uint8_t)end->rowid_file,
        (uint8_t)(end->rowid_block >> 24),
        (uint8_t)(end->rowid_block >> 16),
        (uint8_t)(end->rowid_block >> 8),
        (uint8_t)end->rowid_block,
        (uint8_t)(end->rowid_slot >> 8),
        (uint8_t)end->rowid_slot,
    };
    wire_write_dalc(out, view_of(bytes, sizeof bytes));
}

/* Three arrays side by side: numbers, iterations, texts. Each has a packed size before it that nobody reads. */
static void write_batch(const struct wire_session *session, const struct wire_end *end, struct buffer *out)
{
    enum { PACKED_SIZE = 1 };
    bool known = session->field_version >= WIRE_FIELD_ROW_COUNTS; /* how older clients read what is not empty was never seen */
    uint32_t count = !known ? 0 : end->batch_count > UINT16_MAX ? UINT16_MAX : end->batch_count;
    wire_write_ub2(out, (uint16_t)count);
    if (count) buffer_u8(out, PACKED_SIZE);
    for (uint32_t i = 0; i < count; i++) wire_write_ub2(out, (uint16_t)end->batch_errors[i]);
    wire_write_ub4(out, count);
    if (count) buffer_u8(out, PACKED_SIZE);
    for (uint32_t i = 0; i < count; i++) wire_write_ub4(out, end->batch_offsets[i]);
    wire_write_ub2(out, (uint16_t)count);
    if (count) buffer_u8(out, PACKED_SIZE);
    for (uint32_t i = 0; i < count; i++) {
        struct view text = end->batch_messages ? end->batch_messages[i] : view_of(NULL, 0);
        wire_write_ub2(out, (uint16_t)(text.size > UINT16_MAX ? UINT16_MAX : text.size));
        wire_write_long_clr(out, text, session->small_chunks);
        buffer_u16(out, 0);
    }
}

/* ---- for OCI with fixed widths: refusals, which is all that such a client ever gets from us ---- */

static void fixed(struct buffer *out, uint64_t n, unsigned size)
{
    for (unsigned i = 0; i < size; i++, n >>= 8) buffer_u8(out, (uint8_t)n);
}

static void write_fixed_end(const struct wire_session *session, const struct wire_end *end, uint8_t sequence, struct buffer *out)
{
    enum { ROWID_AND_SYSTEM = 13 + 4, BATCH = 12 };
    buffer_u8(out, WIRE_MESSAGE_END);
    if (session->status_has_call_status) fixed(out, call_status(end), 4);
    if (session->status_has_sequence) fixed(out, sequence, 2);
    fixed(out, 0, 4); /* row */
    fixed(out, end->error, 2);
    fixed(out, 0, 4);
    fixed(out, end->cursor_id, 2);
    fixed(out, (uint16_t)end->error_position, 2);
    buffer_u8(out, end->command);
    for (int i = 0; i < 5 + ROWID_AND_SYSTEM; i++) buffer_u8(out, 0);
    buffer_u8(out, 0); /* statement and call number */
    buffer_u8(out, sequence);
    fixed(out, 0, 2);
    fixed(out, 1, 4); /* successful iterations */
    fixed(out, 0, 2); /* no logical rowid */
    for (int i = 0; i < BATCH; i++) buffer_u8(out, 0);
    if (session->field_version >= WIRE_FIELD_ROW_COUNTS) {
        fixed(out, end->error, 4);
        buffer_u8(out, 0); /* no rows: 64-bit numbers are universal here too */
    }
    if (wire_end_has_checksum(session)) fixed(out, end->command, 8);
    if (end->error) wire_write_long_clr(out, end->message, session->small_chunks);
    if (session->end_of_response) buffer_u8(out, WIRE_MESSAGE_END_OF_RESPONSE);
}

void wire_end_write(const struct wire_session *session, const struct wire_end *end, uint8_t sequence, struct buffer *out)
{
    if (session->encoding == WIRE_ENCODING_FIXED) {
        write_fixed_end(session, end, sequence, out);
        return;
    }
    buffer_u8(out, WIRE_MESSAGE_END);
    write_call_status(session, call_status(end), sequence, out);
    wire_write_ub4(out, end->row_count > UINT32_MAX ? UINT32_MAX : (uint32_t)end->row_count);
    wire_write_ub2(out, (uint16_t)end->error);
    wire_write_ub2(out, 0); /* array element with the error */
    wire_write_ub2(out, 0);
    wire_write_ub2(out, (uint16_t)end->cursor_id);
    wire_write_sb4(out, end->error_position);
    buffer_u8(out, end->command);
    buffer_u8(out, 0); /* fatal */
    buffer_u8(out, 0); /* flags, cursor options: 0 is one byte in both forms */
    buffer_u8(out, 0);
    buffer_u8(out, 0); /* UPI parameter */
    buffer_u8(out, end->warning_flags);
    wire_write_ub4(out, end->has_rowid ? end->rowid_object : 0);
    wire_write_ub2(out, end->has_rowid ? end->rowid_file : 0);
    buffer_u8(out, 0);
    wire_write_ub4(out, end->has_rowid ? end->rowid_block : 0);
    wire_write_ub2(out, end->has_rowid ? end->rowid_slot : 0);
    wire_write_ub4(out, 0); /* error of the operating system */
    buffer_u8(out, 0);      /* statement number */
    buffer_u8(out, sequence);
    wire_write_ub2(out, 0);
    wire_write_ub4(out, 1); /* successful iterations */
    if (session->field_version >= WIRE_FIELD_BATCH_ERRORS) {
        write_logical_rowid(end, out);
        write_batch(session, end, out);
    }
    if (session->field_version >= WIRE_FIELD_ROW_COUNTS) {
        wire_write_ub4(out, end->error);
        wire_write_ub8(out, end->row_count);
    }
    if (wire_end_has_checksum(session)) {
        wire_write_ub4(out, end->command);
        wire_write_ub4(out, 0);
    }
    if (end->error) wire_write_long_clr(out, end->message, session->small_chunks);
    if (session->end_of_response) buffer_u8(out, WIRE_MESSAGE_END_OF_RESPONSE);
}

void wire_status_write(const struct wire_session *session, bool transaction_open, struct buffer *out)
{
    buffer_u8(out, WIRE_MESSAGE_STATUS);
    write_call_status(session, CALL_STATUS_DONE | (transaction_open ? WIRE_CALL_TRANSACTION : 0), 0, out);
    if (session->end_of_response) buffer_u8(out, WIRE_MESSAGE_END_OF_RESPONSE);
}

void wire_error_write(const struct wire_session *session, uint32_t ora_number, const char *text, int32_t position, uint32_t cursor_id,
                      bool transaction_open, uint8_t sequence, struct buffer *out)
{
    char message[ERROR_TEXT_MAX];
    bool numbered = view_starts_with(view_text(text), "ORA-");
    int size =
        numbered ? snprintf(message, sizeof message, "%s", text) : snprintf(message, sizeof message, "ORA-%05u: %s", ora_number, text);
    if (size < 0) size = 0;
    size_t filled = (size_t)size < sizeof message ? (size_t)size : sizeof message - 1;
    if (filled == sizeof message - 1) filled--;
    if (filled == 0 || message[filled - 1] != '\n') message[filled++] = '\n';
    struct wire_end end = {
        .error = ora_number,
        .message = view_of(message, filled),
        .error_position = position,
        .cursor_id = cursor_id,
        .transaction_open = transaction_open,
    };
    wire_end_write(session, &end, sequence, out);
}

void wire_version_write(const struct wire_session *session, const char *banner, uint32_t number, struct buffer *out)
{
    struct view text = view_text(banner);
    buffer_u8(out, WIRE_MESSAGE_PARAMETERS);
    wire_write_ub2(out, (uint16_t)text.size);
    if (session->conversion_length)
        wire_write_long_clr(out, text, session->small_chunks);
    else
        buffer_append_view(out, text);
    wire_write_ub4(out, number);
}

void wire_tpc_switch_write(struct view context, struct buffer *out)
{
    buffer_u8(out, WIRE_MESSAGE_PARAMETERS);
    wire_write_ub4(out, 0); /* application value */
    wire_write_ub2(out, (uint16_t)context.size);
    buffer_append_view(out, context);
}

void wire_tpc_state_write(uint32_t state, struct buffer *out)
{
    buffer_u8(out, WIRE_MESSAGE_PARAMETERS);
    wire_write_ub4(out, state);
}

/* ---- LOBs ---- */

void wire_lob_data_write(const struct wire_session *session, struct view data, struct buffer *out)
{
    buffer_u8(out, WIRE_MESSAGE_LOB_DATA);
    wire_write_long_clr(out, data, session->small_chunks);
}

/* The client takes as many locator bytes as it sent, neither more nor fewer. */
static void write_locator(struct view locator, uint32_t size, struct buffer *out)
{
    size_t some = locator.size < size ? locator.size : size;
    buffer_append(out, locator.data, some);
    for (size_t i = some; i < size; i++) buffer_u8(out, 0);
}

void wire_lob_result_write(const struct wire_session *session, const struct wire_lob_request *request, struct view locator, uint64_t amount,
                           int32_t flag, struct buffer *out)
{
    buffer_u8(out, WIRE_MESSAGE_PARAMETERS);
    write_locator(locator, request->source_length, out);
    /* Whoever pointed at a charset reads one back, whatever the operation. */
    if (request->operation == WIRE_LOB_CREATE_TEMPORARY || request->has_charset)
        wire_write_ub2(out, (uint16_t)(request->has_charset && request->charset ? request->charset : WIRE_CHARSET_UTF8));
    if (request->has_amount) wire_write_ub8(out, amount);
    if (!request->has_flag) return;
    if (session->sb1_universal)
        wire_write_sb4(out, flag);
    else
        buffer_u8(out, (uint8_t)flag);
}
