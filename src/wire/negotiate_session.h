/* SPDX-License-Identifier: Apache-2.0 */
/* How the session's facts follow from the two sides' capabilities. Capabilities may come in either order. */
#ifndef WIRE_NEGOTIATE_SESSION_H
#define WIRE_NEGOTIATE_SESSION_H

#include "wire/negotiate.h"

enum wire_capability { /* places in the compile capabilities */
                       WIRE_COMPILE_LOGON = 4,
                       WIRE_COMPILE_FIELD_VERSION = 7,
                       WIRE_COMPILE_TTC1 = 15,
                       WIRE_COMPILE_OCI1 = 16,
                       WIRE_COMPILE_WIDE_TYPES = 27,
                       WIRE_COMPILE_TTC3 = 37,
                       WIRE_COMPILE_TTC4 = 40,
};
enum { WIRE_RUNTIME_TIME_ZONE = 1, WIRE_RUNTIME_TTC = 6 };
enum { WIRE_TTC3_TIME_ZONE_VERSION = 0x02, WIRE_TTC4_END_OF_RESPONSE = 0x20, WIRE_LOGON_PBKDF2 = 0x20 };

void wire_session_set_text(char out[WIRE_NAME_MAX], struct view text); /* cut to what fits */
void wire_session_set_server(struct wire_session *session, struct view compile, struct view runtime);
void wire_session_set_client(struct wire_session *session, struct view compile, struct view runtime);
/* The ACCEPT: version, packet form, SDU. */
void wire_session_set_accept(struct wire_session *session, const struct wire_accept *accept);
uint8_t wire_session_server_compile(const struct wire_session *session, size_t index); /* 0 when there is no such byte */
uint8_t wire_session_client_compile(const struct wire_session *session, size_t index);
uint8_t wire_session_server_runtime(const struct wire_session *session, size_t index);
uint8_t wire_session_client_runtime(const struct wire_session *session, size_t index);

/* The DATA_TYPES request in parts. */
struct wire_data_types {
    uint16_t charset;
    uint8_t flags;
    struct view compile, runtime;
    size_t list_at;              /* where the type list starts */
    bool wide;                   /* list of 16-bit elements */
    bool list_missing;           /* the message ends where the list should start: an OCI client of the server's own kind sends none */
    bool native;                 /* native integers in the list */
    enum wire_encoding encoding; /* what the representations of the list stand for; of a request: the one that is offered first */
    bool sb1_universal;
    uint32_t entries;
};
enum wire_status wire_data_types_parse(struct view message, struct wire_data_types *out, size_t *used);
void wire_data_types_apply(struct wire_session *session, const struct wire_data_types *types);

#endif
