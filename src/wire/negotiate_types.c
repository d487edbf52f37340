/* SPDX-License-Identifier: Apache-2.0 */
/* The DATA_TYPES message, both ways: character sets, the client's capabilities, and how each type is represented. */
#include "wire/negotiate_session.h"

#include "base/reader.h"

enum {
    MESSAGE_DATA_TYPES = 2,
    FLAG_MULTI_BYTE = 0x01,
    FLAG_CONVERSION_LENGTH = 0x02,
    RUNTIME_TIME_ZONE = 0x01,
    TIME_ZONE_SIZE = 11,
    TIME_ZONE_VERSION_SIZE = 4,
    TIME_ZONE_VERSION = 32, /* of the time zone file that a 19c ships with */
    CHARSET_AL32UTF8 = 873,
    FIRST_CHARSET = 1024, /* no type number is that large, no national character set as small */
    ENTRIES_MAX = 4096,
    PAIRS_MAX = 64, /* of one entry */
    TYPE_SB1 = 27,
    TYPE_UB2 = 25, /* the integers inside TTC structures */
    TYPE_UB4 = 26,
    REPRESENTATION_UNIVERSAL = 1,
    REPRESENTATION_ORACLE = 10,
    REPRESENTATION_UB2_LITTLE = 24,
    REPRESENTATION_UB4_LITTLE = 25,
};

static uint16_t read_element(struct reader *r, bool wide)
{
    return wide ? reader_u16(r) : reader_u8(r);
}

/* One entry: a type, then pairs of conversion and representation, the preferred first, up to 0. Type 0 ends the list. */
static uint16_t read_entry(struct reader *r, bool wide, uint16_t *representation)
{
    *representation = 0;
    uint16_t type = read_element(r, wide);
    for (unsigned pairs = 0; type && read_element(r, wide); pairs++) {
        uint16_t first = read_element(r, wide);
        if (pairs == 0) *representation = first;
        if (pairs == PAIRS_MAX) reader_malformed(r);
        if (!reader_ok(r)) break;
    }
    return type;
}

/* The numbers of 2 and of 4 bytes have a representation each; only the pairs that were seen together are understood. */
static enum wire_encoding encoding_of(uint16_t ub2, uint16_t ub4)
{
    bool plain2 = ub2 <= REPRESENTATION_UNIVERSAL || ub2 == REPRESENTATION_ORACLE,
         plain4 = ub4 <= REPRESENTATION_UNIVERSAL || ub4 == REPRESENTATION_ORACLE;
    if (plain2 && plain4) return WIRE_ENCODING_UNIVERSAL;
    return ub2 == REPRESENTATION_UB2_LITTLE && ub4 == REPRESENTATION_UB4_LITTLE ? WIRE_ENCODING_FIXED : WIRE_ENCODING_UNKNOWN;
}

static void read_list(struct reader *r, struct wire_data_types *out)
{
    uint16_t ub2 = REPRESENTATION_UNIVERSAL, ub4 = REPRESENTATION_UNIVERSAL;
    for (;;) {
        uint16_t representation, type = read_entry(r, out->wide, &representation);
        if (!reader_ok(r) || type == 0) break;
        if (++out->entries > ENTRIES_MAX) reader_malformed(r);
        if (type == TYPE_SB1) out->sb1_universal = representation == REPRESENTATION_UNIVERSAL;
        if (type == TYPE_UB2) ub2 = representation;
        if (type == TYPE_UB4) ub4 = representation;
    }
    out->encoding = out->entries ? encoding_of(ub2, ub4) : WIRE_ENCODING_STRUCT;
    out->native = out->encoding != WIRE_ENCODING_UNIVERSAL;
}

/* OCI, ODP.NET and go-ora put the national character set before the list. */
static void skip_national_charset(struct reader *r)
{
    struct reader probe = *r;
    uint16_t element = reader_u16(&probe);
    if (!reader_ok(&probe) || element < FIRST_CHARSET) return;
    *r = probe;
}

enum wire_status wire_data_types_parse(struct view message, struct wire_data_types *out, size_t *used)
{
    *out = (struct wire_data_types){0};
    struct reader r = reader_of(message);
    if (reader_u8(&r) != MESSAGE_DATA_TYPES && reader_ok(&r)) reader_malformed(&r);
    out->charset = reader_u16le(&r);
    reader_skip(&r, 2);
    out->flags = reader_u8(&r);
    out->compile = reader_bytes(&r, reader_u8(&r));
    out->runtime = reader_bytes(&r, reader_u8(&r));
    if (reader_ok(&r) && out->runtime.size > WIRE_RUNTIME_TIME_ZONE && out->runtime.data[WIRE_RUNTIME_TIME_ZONE] & RUNTIME_TIME_ZONE) {
        reader_skip(&r, TIME_ZONE_SIZE);
        if (out->compile.size > WIRE_COMPILE_TTC3 && out->compile.data[WIRE_COMPILE_TTC3] & WIRE_TTC3_TIME_ZONE_VERSION)
            reader_skip(&r, TIME_ZONE_VERSION_SIZE);
    }
    if (reader_ok(&r) && out->compile.size <= WIRE_COMPILE_FIELD_VERSION) reader_malformed(&r);
    out->wide = out->compile.size > WIRE_COMPILE_WIDE_TYPES && out->compile.data[WIRE_COMPILE_WIDE_TYPES] == 1;
    skip_national_charset(&r);
    out->list_at = r.at;
    out->list_missing = reader_ok(&r) && reader_left(&r) == 0;
    read_list(&r, out);
    if (r.malformed) return WIRE_MALFORMED;
    if (r.short_read) return WIRE_NEED_MORE;
    *used = r.at;
    return WIRE_DECODED;
}

void wire_data_types_apply(struct wire_session *session, const struct wire_data_types *types)
{
    session->client_charset = types->charset;
    session->conversion_length = types->flags & FLAG_CONVERSION_LENGTH;
    session->sb1_universal = types->sb1_universal;
    session->encoding = types->encoding;
    session->native_encoding = types->encoding != WIRE_ENCODING_UNIVERSAL;
    wire_session_set_client(session, types->compile, types->runtime);
}

enum wire_status wire_data_types_request_decode(struct wire_session *session, struct view message, size_t *used)
{
    struct wire_data_types types;
    enum wire_status status = wire_data_types_parse(message, &types, used);
    if (status == WIRE_DECODED) wire_data_types_apply(session, &types);
    return status;
}

static bool has_time_zone(const struct wire_session *s)
{
    return wire_session_client_runtime(s, WIRE_RUNTIME_TIME_ZONE) & wire_session_server_runtime(s, WIRE_RUNTIME_TIME_ZONE) &
           RUNTIME_TIME_ZONE;
}

static bool has_time_zone_version(const struct wire_session *s)
{
    return has_time_zone(s) && wire_session_client_compile(s, WIRE_COMPILE_TTC3) & wire_session_server_compile(s, WIRE_COMPILE_TTC3) &
                                   WIRE_TTC3_TIME_ZONE_VERSION;
}

/* An interval: days, hours + 60, minutes + 60, ... */
static void read_time_zone(struct reader *r, struct wire_session *session)
{
    struct view zone = reader_bytes(r, TIME_ZONE_SIZE);
    if (!reader_ok(r)) return;
    int minutes = (zone.data[4] - 60) * 60 + (zone.data[5] - 60);
    session->database_zone_known = minutes >= -15 * 60 && minutes <= 15 * 60;
    session->database_zone_minutes = session->database_zone_known ? (int16_t)minutes : 0;
}

enum wire_status wire_data_types_reply_decode(struct wire_session *session, struct view message, size_t *used)
{
    struct reader r = reader_of(message);
    if (reader_u8(&r) != MESSAGE_DATA_TYPES && reader_ok(&r)) reader_malformed(&r);
    if (has_time_zone(session)) read_time_zone(&r, session);
    if (has_time_zone_version(session)) reader_skip(&r, TIME_ZONE_VERSION_SIZE);
    struct wire_data_types list = {.wide = wire_session_client_compile(session, WIRE_COMPILE_WIDE_TYPES) == 1};
    if (session->encoding != WIRE_ENCODING_STRUCT) read_list(&r, &list); /* who sends no list gets none */
    if (r.malformed) return WIRE_MALFORMED;
    if (r.short_read) return WIRE_NEED_MORE;
    *used = r.at;
    if (session->native_encoding && session->encoding != WIRE_ENCODING_STRUCT) { /* of what an OCI client offers the server chooses */
        session->encoding = list.encoding == WIRE_ENCODING_STRUCT ? WIRE_ENCODING_UNKNOWN : list.encoding;
        session->native_encoding = session->encoding != WIRE_ENCODING_UNIVERSAL;
        session->sb1_universal = list.sb1_universal;
    }
    return WIRE_DECODED;
}

/* ---- the client half: what node-oracledb and python-oracledb announce, less what we do not want ---- */

static const uint8_t client_compile[] = {
    [0] = 6,     0, 0,           0,        [4] = 0xea,                              /* logon: O5LOGON with PBKDF2, long identifiers */
    [5] = 0x18,  0, [7] = 24,                                                       /* the server lowers it to its own */
    [8] = 1,     1, 0,           0,        0,          0, 0,           [15] = 0x29, /* end-of-call status, indicators, bit vectors */
    [16] = 0x90,                                                                    /* sequence number in the end of call */
    [17] = 3,    7, 3,           0,        1,          0, [23] = 0xcf,              /* LOB: 64-bit sizes, prefetch */
    [24] = 0,    0, 4,           [27] = 1,                                          /* 16-bit type list */
    [28] = 0,    0, 0,           0,        0,          0, [34] = 12,                /* highest client function */
    [35] = 0x20, 0, [37] = 0xb8,                                                    /* implicit results, large chunks, order of OUT binds */
    [38] = 0,    8, [40] = 0x04,                                                    /* no end-of-response message */
    [41] = 0,    5, 0,           [44] = 0,                                          /* no tokens, no pipelining, no vectors */
    [45] = 0,    0, 0,           0,        0,          0, 0,           0,
};
static const uint8_t client_runtime[] = {[0] = 2, [6] = 0x05 /* zero copy, 32K strings */};

/* Types that stand for themselves in the universal representation. */
static const uint16_t plain_types[][2] = {
    {1, 1},     {8, 8},     {10, 11},   {23, 26},   {28, 33},   {39, 41},   {96, 96},   {100, 102}, {106, 106}, {109, 109},
    {111, 115}, {117, 117}, {119, 120}, {127, 127}, {146, 146}, {178, 183}, {185, 190}, {198, 198}, {208, 208}, {231, 231},
    {233, 233}, {252, 252}, {290, 294}, {298, 313}, {315, 323}, {327, 329}, {331, 331}, {333, 346}, {348, 349}, {354, 355},
    {359, 359}, {363, 363}, {380, 391}, {393, 401}, {404, 407}, {413, 427}, {429, 433}, {449, 450}, {454, 463}, {466, 486},
    {490, 496}, {498, 502}, {509, 510}, {513, 514}, {516, 543}, {560, 560}, {563, 565}, {572, 576}, {578, 585}, {590, 605},
    {611, 616}, {622, 632}, {636, 640}, {646, 647}, {652, 652}, {660, 661}, {663, 663}, {665, 665}, {669, 670},
};
/* Types that travel as another one, or in Oracle's own representation. */
static const struct {
    uint16_t type, conversion, representation;
} converted_types[] = {
    {2, 2, 10},    {3, 2, 10},    {4, 2, 10},    {5, 1, 1},     {6, 2, 10},    {7, 2, 10},    {9, 1, 1},     {12, 12, 10},
    {15, 1, 1},    {27, 27, 10},  {68, 2, 10},   {91, 2, 10},   {94, 1, 1},    {95, 23, 1},   {97, 96, 1},   {104, 11, 1},
    {108, 109, 1}, {110, 111, 1}, {116, 102, 1}, {152, 2, 10},  {153, 2, 10},  {154, 2, 10},  {155, 1, 1},   {156, 12, 10},
    {172, 2, 10},  {184, 12, 10}, {195, 112, 1}, {196, 113, 1}, {197, 114, 1}, {232, 231, 1}, {241, 109, 1},
};

static void write_entry(struct buffer *out, uint16_t type, uint16_t conversion, uint16_t representation)
{
    buffer_u16(out, type);
    buffer_u16(out, conversion);
    buffer_u16(out, representation);
    buffer_u16(out, 0);
}

void wire_data_types_request_write(struct wire_session *session, struct buffer *out)
{
    uint8_t compile[sizeof client_compile];
    memcpy(compile, client_compile, sizeof compile);
    uint8_t server = wire_session_server_compile(session, WIRE_COMPILE_FIELD_VERSION);
    if (session->server_compile_size && server < compile[WIRE_COMPILE_FIELD_VERSION]) compile[WIRE_COMPILE_FIELD_VERSION] = server;

    size_t start = buffer_size(out);
    buffer_u8(out, MESSAGE_DATA_TYPES);
    buffer_u16le(out, CHARSET_AL32UTF8);
    buffer_u16le(out, CHARSET_AL32UTF8);
    buffer_u8(out, FLAG_MULTI_BYTE | FLAG_CONVERSION_LENGTH);
    buffer_u8(out, sizeof compile);
    buffer_append(out, compile, sizeof compile);
    buffer_u8(out, sizeof client_runtime);
    buffer_append(out, client_runtime, sizeof client_runtime);
    for (size_t i = 0; i < sizeof converted_types / sizeof converted_types[0]; i++)
        write_entry(out, converted_types[i].type, converted_types[i].conversion, converted_types[i].representation);
    for (size_t i = 0; i < sizeof plain_types / sizeof plain_types[0]; i++)
        for (uint16_t type = plain_types[i][0]; type <= plain_types[i][1]; type++) write_entry(out, type, type, REPRESENTATION_UNIVERSAL);
    buffer_u16(out, 0);
    if (out->failed) return;

    size_t used;
    struct view whole = buffer_view(out);
    CHECK(wire_data_types_request_decode(session, view_of(whole.data + start, whole.size - start), &used) == WIRE_DECODED);
}

void wire_data_types_reply_write(const struct wire_session *session, struct view request, struct buffer *out)
{
    static const uint8_t utc[TIME_ZONE_SIZE] = {0x80, 0, 0, 0, 60, 60, 60, 0x80, 0, 0, 0};
    struct wire_data_types types;
    size_t used = 0;
    enum wire_status status = wire_data_types_parse(request, &types, &used);
    buffer_u8(out, MESSAGE_DATA_TYPES);
    if (has_time_zone(session)) buffer_append(out, utc, sizeof utc);
    if (has_time_zone_version(session)) buffer_u32(out, TIME_ZONE_VERSION);
    if (status == WIRE_DECODED) buffer_append(out, request.data + types.list_at, used - types.list_at);
}
