/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the tap: one structure, two stages (tap_login.c until the session is logged in, tap_call.c after). */
#ifndef WIRE_TAP_PRIVATE_H
#define WIRE_TAP_PRIVATE_H

#include "wire/auth_message.h"
#include "wire/negotiate_ano.h"
#include "wire/negotiate_relay.h"
#include "wire/negotiate_session.h"
#include "wire/tap.h"

/* Which answer of the server is on its way while the connection is negotiated. */
enum tap_expected {
    TAP_EXPECT_NOTHING,
    TAP_EXPECT_ANO,
    TAP_EXPECT_PROTOCOL,
    TAP_EXPECT_DATA_TYPES,
    TAP_EXPECT_SESSION_KEY,
    TAP_EXPECT_PASSWORD,
    TAP_EXPECT_FAST, /* PROTOCOL, DATA_TYPES and the session key in one */
    TAP_EXPECT_NATIVE_PASSWORD,
    TAP_EXPECT_VERSION, /* of the server, which old JDBC drivers ask for before they log in */
};
enum tap_opaque {
    TAP_CLEAR,
    TAP_OPAQUE_REQUEST, /* the request could not be read; whether it was sent is not known yet */
    TAP_OPAQUE_REPLY,   /* it was sent: everything until the next request is passed on unread */
};

struct wire_tap {
    struct wire_session session;
    struct wire_login_info login;
    struct wire_cursor_table *cursors;
    struct wire_reply_decoder *replies;
    enum wire_tap_state state;
    bool edit;
    char reason[sizeof(((struct error *)0)->text)]; /* why the last thing was opaque */

    /* Connecting and negotiating. */
    enum tap_expected expected;
    size_t descriptor_left;       /* bytes of a descriptor that follows its CONNECT */
    struct buffer client, server; /* the message of each side that is not whole yet */
    struct wire_relay_walker client_walker, server_walker;
    bool client_walks, server_walks;
    struct arena login_arena;
    bool refused; /* the server said REFUSE or REDIRECT: what is left is its text */

    /* Calls. */
    struct wire_request request;
    bool has_request;
    struct arena call_arena;
    struct wire_request_progress progress;
    enum tap_opaque opaque;
    bool server_spoke; /* since the client's last DATA packet */
    bool broken;       /* a break came while no call ran: its answer belongs to nothing */
    bool client_turn;  /* the reply asked the client to go on (FLUSH_OUT_BINDS) */
};

enum wire_tap_event tap_login_client(struct wire_tap *tap, struct wire_packet *packet);
enum wire_tap_event tap_login_server(struct wire_tap *tap, struct wire_packet *packet);
enum wire_tap_event tap_call_client(struct wire_tap *tap, const struct wire_packet *packet);
enum wire_tap_event tap_call_server(struct wire_tap *tap, const struct wire_packet *packet);
void tap_call_client_marker(struct wire_tap *tap);
void tap_call_server_marker(struct wire_tap *tap);
/* From here on nothing of the connection can be followed. */
enum wire_tap_event tap_lose(struct wire_tap *tap, const char *reason);

#endif
