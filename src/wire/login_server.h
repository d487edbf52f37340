/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the server half of a log-in; what it says is in wire/login_server_reply.c. */
#ifndef WIRE_LOGIN_SERVER_H
#define WIRE_LOGIN_SERVER_H

#include "wire/auth_exchange.h"
#include "wire/auth_message.h"
#include "wire/negotiate_ano.h"
#include "wire/negotiate_session.h"

struct wire_server_login {
    struct wire_server_login_options options;
    struct wire_session session;
    struct wire_login_info info;
    struct wire_accept accept;
    enum { STEP_CONNECT, STEP_DESCRIPTOR, STEP_PROTOCOL, STEP_DATA_TYPES, STEP_SESSION_KEY, STEP_PASSWORD, STEP_DONE, STEP_REFUSED } step;
    size_t descriptor_size; /* of a descriptor that comes in DATA packets */
    struct buffer message;  /* payload that is not answered yet */
    struct arena arena;     /* of one authentication request */
    struct wire_verifier verifier;
    bool user_known, locked;
    struct wire_challenge challenge;
    uint8_t sequence;    /* of the request being answered */
    uint16_t calls;      /* end-of-call messages sent */
    const char *refusal; /* why a message that is well formed cannot be served */
};

void wire_login_write_challenge(struct wire_server_login *login, struct buffer *output);
void wire_login_write_session(struct wire_server_login *login, struct buffer *output);
void wire_login_write_error(struct wire_server_login *login, struct buffer *output, uint32_t number, const char *text);

#endif
