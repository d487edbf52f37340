/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tap after the log-in: packets into requests, and replies into events. What cannot be read makes its call opaque; the
 * next DATA packet of the client after any of the server starts afresh.
 */
#include "wire/tap_private.h"

#include <stdio.h>

/* The client's answer to RENEGOTIATE (28). Capabilities would be agreed on that nobody has edited, so what follows would be read by the wrong rules. */
enum { MESSAGE_PROTOCOL = 1 };

static enum wire_tap_event opaque(struct wire_tap *tap, enum tap_opaque what, const struct error *error)
{
    snprintf(tap->reason, sizeof tap->reason, "%s", error->text);
    tap->opaque = what;
    return WIRE_TAP_OPAQUE;
}

/* An unread request takes its (unknown) effect on the cursor table once it is clear that the server got it. */
static void settle_opaque_request(struct wire_tap *tap)
{
    if (tap->opaque != TAP_OPAQUE_REQUEST) return;
    wire_request_commit(tap->cursors, &tap->request);
    tap->opaque = TAP_OPAQUE_REPLY;
}

static void begin_request(struct wire_tap *tap)
{
    arena_reset(&tap->call_arena);
    buffer_clear(&tap->client);
    tap->client.maximum = tap->session.limits.call_max;
    tap->progress = (struct wire_request_progress){0};
    tap->has_request = false;
    tap->opaque = TAP_CLEAR;
    tap->server_spoke = false;
    tap->broken = false;
    tap->client_turn = false;
}

void wire_tap_give_up(struct wire_tap *tap)
{
    struct error error = {0};
    error_set(&error, ERROR_LIMIT, "a request is over the limit of %zu bytes", tap->session.limits.call_max);
    tap->request = (struct wire_request){.undecoded = true};
    tap->has_request = true;
    buffer_clear(&tap->client);
    (void)opaque(tap, TAP_OPAQUE_REQUEST, &error);
}

/* The first piece is read where it lies; only if it is not the whole is it kept. */
static enum wire_tap_event take_request(struct wire_tap *tap, struct view payload)
{
    struct error error = {0};
    struct view message = payload;
    if (buffer_size(&tap->client)) {
        buffer_append_view(&tap->client, payload);
        message = buffer_view(&tap->client);
    }
    if (tap->client.failed) {
        wire_tap_give_up(tap);
        return WIRE_TAP_OPAQUE;
    }
    arena_reset(&tap->call_arena);
    enum wire_status status =
        wire_request_decode_more(&tap->session, tap->cursors, &tap->call_arena, message, &tap->progress, &tap->request, &error);
    if (status == WIRE_NEED_MORE) {
        if (buffer_size(&tap->client) == 0) buffer_append_view(&tap->client, payload);
        return WIRE_TAP_PART;
    }
    if (status == WIRE_DECODED && tap->request.one_way) { /* nobody answers it: the next packet begins afresh */
        buffer_clear(&tap->client);
        tap->server_spoke = true;
        return WIRE_TAP_PASS;
    }
    tap->has_request = true;
    return status == WIRE_DECODED ? WIRE_TAP_REQUEST : opaque(tap, TAP_OPAQUE_REQUEST, &error);
}

enum wire_tap_event tap_call_client(struct wire_tap *tap, const struct wire_packet *packet)
{
    if (packet->payload.size == 0) return WIRE_TAP_PASS;
    if (tap->state == WIRE_TAP_IN_CALL && tap->opaque == TAP_CLEAR) {
        if (tap->client_turn) { /* the reply goes on after this */
            tap->client_turn = false;
            return WIRE_TAP_PASS;
        }
        wire_reply_discard(tap->replies); /* a client that does not wait for the end of its call */
        tap->state = WIRE_TAP_READY;
        tap->server_spoke = true;
    }
    if (tap->opaque != TAP_CLEAR && !tap->server_spoke) return WIRE_TAP_OPAQUE; /* more of what could not be read */
    if (tap->opaque != TAP_CLEAR || tap->has_request || tap->server_spoke) begin_request(tap);
    tap->state = WIRE_TAP_READY;
    if (buffer_size(&tap->client) == 0 && packet->payload.data[0] == MESSAGE_PROTOCOL) {
        wire_cursor_table_clear(tap->cursors);
        return tap_lose(tap, "the connection is negotiated anew in the middle of its session");
    }
    return take_request(tap, packet->payload);
}

void wire_tap_sent(struct wire_tap *tap)
{
    CHECK(tap->has_request);
    wire_request_commit(tap->cursors, &tap->request);
    if (tap->opaque != TAP_CLEAR) {
        tap->opaque = TAP_OPAQUE_REPLY;
        return;
    }
    wire_reply_begin(tap->replies, &tap->request);
    tap->state = WIRE_TAP_IN_CALL;
    tap->server_spoke = false;
}

void wire_tap_served(struct wire_tap *tap)
{
    if (!tap->has_request) return;
    if (tap->opaque == TAP_CLEAR) wire_request_commit(tap->cursors, &tap->request);
    tap->opaque = TAP_CLEAR;
    tap->server_spoke = true; /* we are the server: the next packet is a new request */
    tap->state = WIRE_TAP_READY;
}

enum wire_tap_event tap_call_server(struct wire_tap *tap, const struct wire_packet *packet)
{
    tap->server_spoke = true;
    settle_opaque_request(tap);
    if (tap->opaque == TAP_OPAQUE_REPLY) return WIRE_TAP_OPAQUE;
    if (packet->payload.size == 0) return WIRE_TAP_PASS;
    struct error error = {0};
    if (tap->state != WIRE_TAP_IN_CALL) {
        if (tap->broken) return WIRE_TAP_PASS; /* the answer to a break that came too late */
        error_set(&error, ERROR_PROTOCOL, "the server sent data that no request asked for");
        return opaque(tap, TAP_OPAQUE_REPLY, &error);
    }
    switch (wire_reply_feed(tap->replies, packet->payload, &error)) {
    case WIRE_DECODED: tap->state = WIRE_TAP_READY; return WIRE_TAP_REPLY_END;
    case WIRE_NEED_MORE:
        if (wire_reply_flushed(tap->replies)) tap->client_turn = true;
        return WIRE_TAP_PART;
    case WIRE_MALFORMED:
    case WIRE_UNKNOWN: break;
    }
    tap->state = WIRE_TAP_READY;
    return opaque(tap, TAP_OPAQUE_REPLY, &error);
}

/* Cancels what the client was sending; what it was receiving goes on until the server says so. */
void tap_call_client_marker(struct wire_tap *tap)
{
    if (tap->state == WIRE_TAP_IN_CALL) return;
    tap->broken = true;
    if (tap->has_request) return;
    buffer_clear(&tap->client);
    tap->progress = (struct wire_request_progress){0};
}

void tap_call_server_marker(struct wire_tap *tap)
{
    settle_opaque_request(tap);
    tap->server_spoke = true;
    if (tap->state == WIRE_TAP_IN_CALL)
        wire_reply_discard(tap->replies);
    else
        tap->broken = true;
}
