/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What answers a log-in request: parameters (key/value pairs), warnings and side notes in any order, then the end of call.
 * Only as much of the end of call is read here as a log-in needs.
 */
#include "wire/auth_message.h"

#include "wire/message.h"
#include "wire/primitive.h"

enum reply_message {
    MESSAGE_END = 4,
    MESSAGE_PARAMETER = 8,
    MESSAGE_STATUS = 9,
    MESSAGE_WARNING = 15,
    MESSAGE_SIDE_NOTE = 23,
    MESSAGE_END_OF_RESPONSE = 29
};
enum { FIELD_VERSION_EXTENDED_ERROR = 7, BATCH_MAX = 65535, TEXT_MAX = 64 * 1024, LIST_MAX = 4096 };
enum { CALL_STATUS_END = 1 };

/* Batch errors never come with a log-in, but the fields stand there. `packed`: each array starts with a size byte. */
static void skip_batch(struct reader *r)
{
    if (wire_reader_native(r)) {
        if (!wire_read_no_batch(r)) reader_malformed(r);
        return;
    }
    uint32_t count = wire_read_ub2(r);
    if (count) reader_malformed(r);
    count = wire_read_ub4(r);
    if (count) reader_malformed(r);
    count = wire_read_ub2(r);
    if (count) reader_malformed(r);
}

static void read_end(const struct wire_session *session, struct reader *r, struct arena *arena, struct wire_auth_reply *out)
{
    if (session->status_has_call_status) (void)wire_read_ub4(r);
    if (session->status_has_sequence) (void)wire_read_ub2(r);
    (void)wire_read_ub4(r); /* row number */
    uint32_t error = wire_read_ub2(r);
    (void)wire_read_ub2(r); /* array element with the error, and the error in it */
    (void)wire_read_ub2(r);
    (void)wire_read_ub2(r); /* cursor */
    (void)wire_read_sb2(r); /* position */
    reader_skip(r, 6);      /* command, fatal, flags, cursor options, UPI parameter, warning flags */
    (void)wire_read_ub4(r); /* rowid */
    (void)wire_read_ub2(r);
    reader_skip(r, 1);
    (void)wire_read_ub4(r);
    (void)wire_read_ub2(r);
    (void)wire_read_ub4(r); /* error of the operating system */
    reader_skip(r, 2);      /* statement and call number */
    (void)wire_read_ub2(r);
    (void)wire_read_ub4(r); /* iterations */
    if (session->field_version >= WIRE_FIELD_BATCH_ERRORS) {
        if (wire_read_rowid_size(r)) wire_skip_clr(r, TEXT_MAX);
        skip_batch(r);
    }
    if (session->field_version >= FIELD_VERSION_EXTENDED_ERROR) {
        uint32_t extended = wire_read_ub4(r);
        if (extended) error = extended;
        (void)wire_read_ub8(r); /* rows */
    }
    if (wire_end_has_checksum(session)) {
        (void)wire_read_ub4(r);
        (void)wire_read_ub4(r);
    }
    if (error) out->text = wire_read_clr(r, arena, TEXT_MAX).bytes;
    out->error = error;
}

static void read_warning(struct reader *r, struct arena *arena, struct wire_auth_reply *out)
{
    uint32_t number = wire_read_ub2(r), size = wire_read_ub2(r);
    (void)wire_read_ub2(r);
    if (number && size) (void)wire_read_clr(r, arena, TEXT_MAX);
    if (number) out->warning = number;
}

/* {ub4 length [CLR text], ub4 length [CLR bytes], ub2 keyword} */
static void skip_keywords(struct reader *r, uint32_t count)
{
    if (count > LIST_MAX) reader_malformed(r);
    for (uint32_t i = 0; i < count && reader_ok(r); i++) {
        if (wire_read_ub4(r)) wire_skip_clr(r, TEXT_MAX);
        if (wire_read_ub4(r)) wire_skip_clr(r, TEXT_MAX);
        (void)wire_read_ub2(r);
    }
}

enum side_note {
    NOTE_CACHE_INVALIDATION = 1,
    NOTE_PROCESS = 2,
    NOTE_TRACE = 3,
    NOTE_SESSION_RETURN = 4,
    NOTE_SYNC = 5,
    NOTE_TRANSACTION_ID = 7,
    NOTE_REPLAY = 8,
    NOTE_9 = 9,
    NOTE_SIGNATURE = 10,
};

static void skip_session_return(struct reader *r)
{
    (void)wire_read_ub2(r);
    reader_skip(r, 1);
    uint32_t count = wire_read_ub2(r);
    if (count) reader_skip(r, 1);
    skip_keywords(r, count);
    (void)wire_read_ub4(r); /* flags, session, serial */
    (void)wire_read_ub4(r);
    (void)wire_read_ub2(r);
}

static void skip_side_note(struct reader *r)
{
    switch (reader_u8(r)) {
    case NOTE_CACHE_INVALIDATION:
    case NOTE_TRACE: break;
    case NOTE_PROCESS:
        (void)wire_read_ub2(r);
        wire_skip_clr(r, TEXT_MAX);
        break;
    case NOTE_SESSION_RETURN: skip_session_return(r); break;
    case NOTE_SYNC:
        (void)wire_read_ub2(r);
        reader_skip(r, 1);
        uint32_t count = wire_read_ub4(r);
        reader_skip(r, 1);
        skip_keywords(r, count);
        (void)wire_read_ub4(r);
        break;
    case NOTE_TRANSACTION_ID:
        if (wire_read_ub4(r)) wire_skip_clr(r, TEXT_MAX);
        break;
    case NOTE_REPLAY:
        (void)wire_read_ub2(r);
        reader_skip(r, 1);
        (void)wire_read_ub4(r);
        (void)wire_read_ub4(r);
        reader_skip(r, 1);
        if (wire_read_ub4(r)) wire_skip_clr(r, TEXT_MAX);
        break;
    case NOTE_9:
        (void)wire_read_ub2(r);
        reader_skip(r, 1);
        break;
    case NOTE_SIGNATURE:
        (void)wire_read_ub2(r);
        reader_skip(r, 1);
        for (int i = 0; i < 3; i++) (void)wire_read_ub8(r);
        break;
    default:
        if (reader_ok(r)) reader_malformed(r);
    }
}

/* One message. True: it was the last. */
static bool read_message(const struct wire_session *session, struct reader *r, struct arena *arena, struct wire_auth_reply *out)
{
    size_t at = r->at;
    switch (reader_u8(r)) {
    case MESSAGE_PARAMETER:
        out->pair_count = wire_read_ub2(r);
        out->pairs = wire_auth_pairs_read(r, arena, out->pair_count);
        return false;
    case MESSAGE_END:
        out->end_at = at;
        read_end(session, r, arena, out);
        return true;
    case MESSAGE_STATUS:
        out->end_at = at;
        if (session->status_has_call_status) (void)wire_read_ub4(r);
        if (session->status_has_sequence) (void)wire_read_ub2(r);
        return true;
    case MESSAGE_WARNING: read_warning(r, arena, out); return false;
    case MESSAGE_SIDE_NOTE: skip_side_note(r); return false;
    default:
        if (reader_ok(r)) reader_malformed(r);
        return false;
    }
}

enum wire_status wire_auth_reply_decode(const struct wire_session *session, struct view message, struct arena *arena,
                                        struct wire_auth_reply *out, size_t *used)
{
    *out = (struct wire_auth_reply){0};
    struct reader r = wire_reader_of(message, session->encoding);
    r.small_chunks = session->small_chunks;
    bool last = false;
    while (!last && reader_ok(&r)) last = read_message(session, &r, arena, out);
    if (session->end_of_response && reader_ok(&r) && reader_u8(&r) != MESSAGE_END_OF_RESPONSE && reader_ok(&r)) reader_malformed(&r);
    if (r.malformed) return WIRE_MALFORMED;
    if (r.short_read) return WIRE_NEED_MORE;
    *used = r.at;
    return WIRE_DECODED;
}

void wire_auth_end_write(const struct wire_session *session, struct buffer *out, uint8_t request_sequence, uint16_t call_number,
                         uint32_t error, const char *text)
{
    static const uint8_t zeros[16];
    buffer_u8(out, MESSAGE_END);
    if (session->status_has_call_status) wire_write_ub4(out, CALL_STATUS_END);
    if (session->status_has_sequence) wire_write_ub2(out, call_number);
    buffer_u8(out, 0); /* row number */
    wire_write_ub2(out, (uint16_t)error);
    buffer_append(out, zeros, 4);     /* array errors, cursor, position */
    buffer_append(out, zeros, 6);     /* command .. warning flags */
    buffer_append(out, zeros, 5);     /* rowid */
    buffer_append(out, zeros, 2);     /* operating system error, statement number */
    buffer_u8(out, request_sequence); /* ojdbc 23 takes an error with another number for that of a piggyback */
    buffer_append(out, zeros, 2);     /* padding, iterations */
    if (session->field_version >= WIRE_FIELD_BATCH_ERRORS) buffer_append(out, zeros, 4); /* logical rowid, batch errors */
    if (session->field_version >= FIELD_VERSION_EXTENDED_ERROR) {
        wire_write_ub4(out, error);
        buffer_u8(out, 0);
    }
    if (wire_end_has_checksum(session)) buffer_append(out, zeros, 2);
    if (error) wire_write_long_clr(out, view_text(text), session->small_chunks);
}
