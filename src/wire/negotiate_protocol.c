/* SPDX-License-Identifier: Apache-2.0 */
/* The PROTOCOL message, both ways, and the "19c" identity that our server half shows in it. */
#include "wire/negotiate_session.h"

#include "base/reader.h"

enum {
    MESSAGE_PROTOCOL = 1,
    PROTOCOL_VERSION = 6,
    VERSIONS_MAX = 32, /* entries of the client's version list */
    TEXT_MAX = 255,
    CHARSET_AL32UTF8 = 873,
    CHARSET_AL16UTF16 = 2000,
    FLAG_MULTI_BYTE_CHARSET = 0x01,
};

static const char platform[] = "x86_64/Linux 2.4.xx";

/* What a 19c announces; unnamed bytes as every 19c sends them. */
static const uint8_t server_compile[] = {
    [0] = 6,     1,           1,
    1,           [4] = 0x6f, /* logon: O5LOGON, PBKDF2 session keys, long identifiers */
    [5] = 0x07,  1,           [7] = WIRE_RELAY_FIELD_VERSION_MAX,
    [8] = 1,     1,           1,
    1,           1,           1,
    1,           [15] = 0x7f, /* end-of-call status, fast bit vectors */
    [16] = 0xff,              /* sequence number in the end of call */
    [17] = 3,    14,          3,
    3,           1,           1,
    [23] = 0xff, /* LOB: 64-bit sizes, prefetch */
    [24] = 1,    0xff,        0xff,
    [27] = 1, /* 16-bit type list */
    [28] = 11,   1,           1,
    0xff,        1,           6,
    [34] = 11,                             /* highest client function */
    [35] = 0xe2, 1,           [37] = 0x7f, /* time zone file, implicit results, large chunks */
    [38] = 5,    15,          [40] = 0x0f, /* no end-of-response message */
    [41] = 13,
};
static const uint8_t server_runtime[] = {
    [0] = 2, [1] = 1,                      /* time zone of the database in DATA_TYPES */
    [2] = 0, 1,       0x18, 0, [6] = 0x77, /* 32K strings, session state */
};

/* NUL-terminated text; too long is malformed. */
static struct view read_text(struct reader *r)
{
    size_t left = reader_left(r);
    const uint8_t *nul = reader_ok(r) && left ? memchr(r->data + r->at, 0, left) : NULL;
    size_t size = nul ? (size_t)(nul - (r->data + r->at)) : left;
    if (size > TEXT_MAX) reader_malformed(r);
    struct view text = reader_bytes(r, size);
    reader_skip(r, 1);
    return text;
}

static enum wire_status outcome(const struct reader *r, size_t *used)
{
    if (r->malformed) return WIRE_MALFORMED;
    if (r->short_read) return WIRE_NEED_MORE;
    *used = r->at;
    return WIRE_DECODED;
}

enum wire_status wire_protocol_request_decode(struct wire_session *session, struct view message, size_t *used)
{
    struct reader r = reader_of(message);
    if (reader_u8(&r) != MESSAGE_PROTOCOL && reader_ok(&r)) reader_malformed(&r);
    unsigned versions = 0;
    while (reader_u8(&r) != 0)
        if (++versions > VERSIONS_MAX) reader_malformed(&r);
    struct view driver = read_text(&r);
    enum wire_status status = outcome(&r, used);
    if (status == WIRE_DECODED) wire_session_set_text(session->driver, driver);
    return status;
}

/* The national character set stands behind two tables whose sizes are bytes 5 and 6. */
static uint16_t national_charset(struct view fdo)
{
    if (fdo.size < 7) return 0;
    size_t at = 6 + (size_t)fdo.data[5] + fdo.data[6] + 3;
    if (at + 2 > fdo.size) return 0;
    return (uint16_t)(fdo.data[at] << 8 | fdo.data[at + 1]);
}

enum wire_status wire_protocol_reply_decode(struct wire_session *session, struct view message, size_t *used)
{
    struct reader r = reader_of(message);
    if (reader_u8(&r) != MESSAGE_PROTOCOL && reader_ok(&r)) reader_malformed(&r);
    reader_skip(&r, 2);
    (void)read_text(&r);
    uint16_t charset = reader_u16le(&r);
    reader_skip(&r, 1);
    size_t elements = reader_u16le(&r);
    reader_skip(&r, elements * 5);
    struct view fdo = reader_bytes(&r, reader_u16(&r));
    struct view compile = reader_bytes(&r, reader_u8(&r));
    struct view runtime = reader_bytes(&r, reader_u8(&r));
    enum wire_status status = outcome(&r, used);
    if (status != WIRE_DECODED) return status;
    session->server_charset = charset;
    session->national_charset = national_charset(fdo);
    wire_session_set_server(session, compile, runtime);
    return WIRE_DECODED;
}

void wire_protocol_request_write(struct buffer *out, const char *driver)
{
    buffer_u8(out, MESSAGE_PROTOCOL);
    buffer_u8(out, PROTOCOL_VERSION);
    buffer_u8(out, 0);
    buffer_append(out, driver, strlen(driver) + 1);
}

void wire_protocol_reply_write(struct wire_session *session, struct buffer *out)
{
    /* No tables: the two character sets stand right behind their sizes. */
    static const uint8_t fdo[] = {
        0, 0, 0, 12, 1, 0, 0, CHARSET_AL32UTF8 >> 8, CHARSET_AL32UTF8 & 0xff, CHARSET_AL16UTF16 >> 8, CHARSET_AL16UTF16 & 0xff, 3, 0};
    buffer_u8(out, MESSAGE_PROTOCOL);
    buffer_u8(out, PROTOCOL_VERSION);
    buffer_u8(out, 0);
    buffer_append(out, platform, sizeof platform);
    buffer_u16le(out, CHARSET_AL32UTF8);
    buffer_u8(out, FLAG_MULTI_BYTE_CHARSET);
    buffer_u16le(out, 0); /* no character set graph */
    buffer_u16(out, sizeof fdo);
    buffer_append(out, fdo, sizeof fdo);
    buffer_u8(out, sizeof server_compile);
    buffer_append(out, server_compile, sizeof server_compile);
    buffer_u8(out, sizeof server_runtime);
    buffer_append(out, server_runtime, sizeof server_runtime);
    session->server_charset = CHARSET_AL32UTF8;
    session->national_charset = CHARSET_AL16UTF16;
    session->database_zone_known = true; /* UTC, which DATA_TYPES tells to who asks */
    session->database_zone_minutes = 0;
    wire_session_set_server(session, view_of(server_compile, sizeof server_compile), view_of(server_runtime, sizeof server_runtime));
}
