/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tap: follows one relayed connection from CONNECT to logoff by looking at its packets. No I/O; it never delays a byte and never
 * needs more than it is shown. It makes the relay edits (wire/negotiate.h) in place while the connection is negotiated,
 * remembers what was agreed, and after the log-in turns packets into requests and reply events.
 *
 * When something cannot be followed it says OPAQUE for the rest of that call and resynchronises at the next client DATA packet that
 * comes after server bytes; the engine counts a gap. A packet is never refused because the tap does not understand it.
 */
#ifndef WIRE_TAP_H
#define WIRE_TAP_H

#include "wire/auth.h"
#include "wire/reply.h"

enum wire_tap_event {
    WIRE_TAP_PASS,      /* log-in, control, or the like: forward it (it may have been edited in place) */
    WIRE_TAP_PART,      /* a piece of a request or reply that is not whole yet */
    WIRE_TAP_REQUEST,   /* this packet completes a request: wire_tap_request */
    WIRE_TAP_REPLY_END, /* this packet completes a reply (events were reported) */
    WIRE_TAP_LOGGED_IN, /* the server's last packet of a successful log-in */
    WIRE_TAP_LOGIN_FAILED,
    WIRE_TAP_MARKER, /* break/reset exchange: partial state of the reply is dropped */
    WIRE_TAP_OPAQUE, /* part of a call that cannot be decoded; the first time in a call `wire_tap_opaque_reason` is new */
    WIRE_TAP_EOF,    /* end of file packet, or logoff is over */
};
enum wire_tap_state { WIRE_TAP_CONNECTING, WIRE_TAP_NEGOTIATING, WIRE_TAP_LOGIN, WIRE_TAP_READY, WIRE_TAP_IN_CALL, WIRE_TAP_LOST };

struct wire_tap;
struct wire_tap *wire_tap_new(const struct wire_limits *limits, const struct wire_reply_events *events, void *context,
                              void (*owner_free)(void *owner));
void wire_tap_free(struct wire_tap *tap);
/* `edit`: make the relay edits (false for replaying recordings as they are). Default true. */
void wire_tap_set_edit(struct wire_tap *tap, bool edit);
enum wire_tap_event wire_tap_client(struct wire_tap *tap, struct wire_packet *packet);
/* A request of which only parts have been shown is over the limit (call_max): it is one that could not be read, and so is what still comes of it. */
void wire_tap_give_up(struct wire_tap *tap);
enum wire_tap_event wire_tap_server(struct wire_tap *tap, struct wire_packet *packet);

enum wire_tap_state wire_tap_state(const struct wire_tap *tap);
struct wire_session *wire_tap_session(struct wire_tap *tap);
struct wire_cursor_table *wire_tap_cursors(struct wire_tap *tap);
const struct wire_login_info *wire_tap_login(const struct wire_tap *tap);
/* After WIRE_TAP_REQUEST, until the next client packet. Decoded but not committed: the engine calls wire_request_commit (and
 * wire_tap_sent) when it forwards it, or answers it itself and calls wire_tap_served. */
struct wire_request *wire_tap_request(struct wire_tap *tap);
struct arena *wire_tap_call_arena(struct wire_tap *tap); /* reset at the next request */
void wire_tap_sent(struct wire_tap *tap);                /* the request goes to the server: its reply is expected; also commits it */
void wire_tap_served(struct wire_tap *tap);              /* the request was answered by us: no reply will come; also commits it */
const char *wire_tap_opaque_reason(const struct wire_tap *tap);
/* In a call: the reply stopped (FLUSH_OUT_BINDS) and goes on when the client has sent its next packet, which is only passed on. */
bool wire_tap_client_turn(const struct wire_tap *tap);
/* A connection that never saw a relayed log-in (server mode): the tap starts READY with what the server half negotiated. */
void wire_tap_adopt(struct wire_tap *tap, const struct wire_session *session, const struct wire_login_info *login);

#endif
