/* SPDX-License-Identifier: Apache-2.0 */
/* The tap's surface: life, packets by type, and what the engine asks. */
#include "wire/tap_private.h"

#include "base/memory.h"

#include <stdio.h>

enum {
    LOGIN_MESSAGE_MAX = 256 * 1024, /* one message of either side before the log-in is over */
    CALL_ARENA_FACTOR = 4,          /* decoded binds take more room than their bytes */
    CALL_ARENA_LEAST = 1 << 20,
};

struct wire_tap *wire_tap_new(const struct wire_limits *limits, const struct wire_reply_events *events, void *context,
                              void (*owner_free)(void *owner))
{
    struct wire_tap *tap = memory_zero(1, sizeof *tap);
    wire_session_init(&tap->session, limits);
    tap->edit = true;
    tap->cursors = wire_cursor_table_new(tap->session.limits.cursor_max, owner_free);
    tap->replies = wire_reply_decoder_new(&tap->session, tap->cursors, events, context);
    buffer_init(&tap->client, LOGIN_MESSAGE_MAX);
    buffer_init(&tap->server, LOGIN_MESSAGE_MAX);
    arena_init(&tap->login_arena, 4 * LOGIN_MESSAGE_MAX);
    arena_init(&tap->call_arena, CALL_ARENA_FACTOR * tap->session.limits.call_max + CALL_ARENA_LEAST);
    return tap;
}

void wire_tap_free(struct wire_tap *tap)
{
    if (!tap) return;
    wire_reply_decoder_free(tap->replies);
    wire_cursor_table_free(tap->cursors);
    buffer_release(&tap->client);
    buffer_release(&tap->server);
    arena_release(&tap->login_arena);
    arena_release(&tap->call_arena);
    memory_free(tap);
}

void wire_tap_set_edit(struct wire_tap *tap, bool edit)
{
    tap->edit = edit;
}

enum wire_tap_event tap_lose(struct wire_tap *tap, const char *reason)
{
    snprintf(tap->reason, sizeof tap->reason, "%s", reason);
    tap->state = WIRE_TAP_LOST;
    buffer_release(&tap->client);
    buffer_release(&tap->server);
    return WIRE_TAP_OPAQUE;
}

static bool is_logged_in(const struct wire_tap *tap)
{
    return tap->state == WIRE_TAP_READY || tap->state == WIRE_TAP_IN_CALL;
}

enum wire_tap_event wire_tap_client(struct wire_tap *tap, struct wire_packet *packet)
{
    if (packet->type == WIRE_MARKER) {
        if (is_logged_in(tap))
            tap_call_client_marker(tap);
        else
            buffer_clear(&tap->client);
        return WIRE_TAP_MARKER;
    }
    if (packet->type == WIRE_DATA && packet->data_flags & WIRE_DATA_EOF && packet->payload.size == 0) return WIRE_TAP_EOF;
    if (tap->state == WIRE_TAP_LOST) return WIRE_TAP_OPAQUE;
    if (!is_logged_in(tap)) return tap_login_client(tap, packet);
    return packet->type == WIRE_DATA ? tap_call_client(tap, packet) : WIRE_TAP_PASS;
}

enum wire_tap_event wire_tap_server(struct wire_tap *tap, struct wire_packet *packet)
{
    if (packet->type == WIRE_MARKER) {
        if (is_logged_in(tap))
            tap_call_server_marker(tap);
        else
            buffer_clear(&tap->server);
        return WIRE_TAP_MARKER;
    }
    if (packet->type == WIRE_DATA && packet->data_flags & WIRE_DATA_EOF && packet->payload.size == 0) return WIRE_TAP_EOF;
    if (tap->state == WIRE_TAP_LOST) return WIRE_TAP_OPAQUE;
    if (!is_logged_in(tap)) return tap_login_server(tap, packet);
    return packet->type == WIRE_DATA ? tap_call_server(tap, packet) : WIRE_TAP_PASS;
}

enum wire_tap_state wire_tap_state(const struct wire_tap *tap)
{
    return tap->state;
}

struct wire_session *wire_tap_session(struct wire_tap *tap)
{
    return &tap->session;
}

struct wire_cursor_table *wire_tap_cursors(struct wire_tap *tap)
{
    return tap->cursors;
}

const struct wire_login_info *wire_tap_login(const struct wire_tap *tap)
{
    return &tap->login;
}

struct wire_request *wire_tap_request(struct wire_tap *tap)
{
    return tap->has_request ? &tap->request : NULL;
}

struct arena *wire_tap_call_arena(struct wire_tap *tap)
{
    return &tap->call_arena;
}

const char *wire_tap_opaque_reason(const struct wire_tap *tap)
{
    return tap->reason;
}

bool wire_tap_client_turn(const struct wire_tap *tap)
{
    return tap->client_turn;
}

void wire_tap_adopt(struct wire_tap *tap, const struct wire_session *session, const struct wire_login_info *login)
{
    tap->session = *session;
    tap->login = *login;
    tap->server_spoke = true; /* the first packet begins a request */
    tap->state = session->encoding == WIRE_ENCODING_UNKNOWN ? WIRE_TAP_LOST : WIRE_TAP_READY;
}
