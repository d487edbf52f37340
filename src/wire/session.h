/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was negotiated on one Oracle Net connection: the facts without which no call can be read. The same structure serves
 * the tap (watching others negotiate), the server half and the client half. Filled by wire/negotiate.h and wire/auth.h.
 */
#ifndef WIRE_SESSION_H
#define WIRE_SESSION_H

#include "wire/primitive.h"

enum { WIRE_CAPABILITY_MAX = 255, WIRE_NAME_MAX = 256 };

/* Limits come from the limits table; see base/limit.h. */
struct wire_limits {
    size_t packet_max;   /* bytes of one TNS packet */
    size_t call_max;     /* bytes of one request, all packets together */
    size_t value_max;    /* bytes of one bind, column value or LOB piece */
    uint32_t bind_max;   /* binds of one statement */
    uint32_t column_max; /* columns of one result */
    uint32_t cursor_max; /* open cursors of one session */
    uint32_t rows_max;   /* iterations of one array DML */
};
extern const struct wire_limits wire_limits_default;

struct wire_session {
    struct wire_limits limits;
    uint16_t version; /* TNS version of the ACCEPT; 0 before it */
    bool large;       /* 32-bit packet lengths from now on */
    uint32_t sdu;
    uint32_t accept_flags2;      /* of the ACCEPT as the client sees it */
    uint8_t field_version;       /* FV: min of both sides' compile capability 7; 0 before negotiation */
    bool conversion_length;      /* CHR texts are CLR (true) or raw (false): DATA_TYPES flag 0x02 */
    bool small_chunks;           /* sizes of a CLR's chunks are one byte: one of the sides lacks cc[37] & 0x20 (drivers before 12c) */
    bool sb1_universal;          /* scale and LOB flags as universal signed ints (type 27 with rep 1) */
    bool native_encoding;        /* the encoding is not the universal one: an OCI client. Its calls are relayed, never served */
    enum wire_encoding encoding; /* how numbers stand in its calls; settled by the answer to DATA_TYPES */
    bool end_of_response;        /* message 29 closes replies (negotiated away by the relay) */
    bool status_has_call_status; /* client cc[15] & 1 */
    bool status_has_sequence;    /* client/server cc[16] & 0x10 */
    bool strings_32k;            /* rc[6] & 4 on both sides: string limit 32767, else 4000 */
    uint16_t server_charset;     /* database charset id of the PROTOCOL reply */
    uint16_t national_charset;
    uint16_t client_charset;       /* of DATA_TYPES; 873 in practice */
    bool database_zone_known;      /* the server told its time zone (to clients that ask), or somebody asked DBTIMEZONE and set it */
    int16_t database_zone_minutes; /* what TIMESTAMP WITH LOCAL TIME ZONE values are in on the wire */
    uint8_t server_compile[WIRE_CAPABILITY_MAX], client_compile[WIRE_CAPABILITY_MAX];
    uint8_t server_runtime[WIRE_CAPABILITY_MAX], client_runtime[WIRE_CAPABILITY_MAX];
    size_t server_compile_size, client_compile_size, server_runtime_size, client_runtime_size;
    char driver[WIRE_NAME_MAX];  /* driver name of the PROTOCOL request */
    char user[WIRE_NAME_MAX];    /* as logged in: upper-cased unless quoted */
    char service[WIRE_NAME_MAX]; /* SERVICE_NAME or SID of the connect descriptor */
    char program[WIRE_NAME_MAX], machine[WIRE_NAME_MAX];
    uint32_t server_version; /* AUTH_VERSION_NO */
};

void wire_session_init(struct wire_session *session, const struct wire_limits *limits);

#endif
