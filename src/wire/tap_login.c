/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tap while a connection is set up: CONNECT to the end of the log-in. Every packet is passed on at once; capability
 * bytes are edited as they pass, and copies of the (edited) messages are read when they are whole.
 */
#include "wire/tap_private.h"

#include "base/reader.h"
#include "wire/primitive.h"

enum client_message { MESSAGE_PROTOCOL = 1, MESSAGE_DATA_TYPES = 2, MESSAGE_FUNCTION = 3, MESSAGE_ANO = 0xde, MESSAGE_FAST_AUTH = 34 };
enum { REPLY_PARAMETER = 8, REPLY_END = 4 };

/* ---- connect ---- */

static void take_descriptor(struct wire_tap *tap, struct view descriptor)
{
    struct view value;
    if (wire_descriptor_find(descriptor, "DESCRIPTION.CONNECT_DATA.SERVICE_NAME", &value) ||
        wire_descriptor_find(descriptor, "DESCRIPTION.CONNECT_DATA.SID", &value))
        wire_session_set_text(tap->session.service, value);
    if (wire_descriptor_find(descriptor, "DESCRIPTION.CONNECT_DATA.CID.PROGRAM", &value))
        wire_session_set_text(tap->session.program, value);
    if (wire_descriptor_find(descriptor, "DESCRIPTION.CONNECT_DATA.CID.HOST", &value)) wire_session_set_text(tap->session.machine, value);
}

static enum wire_tap_event client_connect(struct wire_tap *tap, struct wire_packet *packet)
{
    struct wire_connect connect;
    if (tap->edit) wire_relay_edit_connect(packet);
    buffer_clear(&tap->client);
    tap->descriptor_left = 0;
    if (wire_connect_decode(packet, &connect) != WIRE_DECODED) return WIRE_TAP_PASS; /* the server will say what it thinks of it */
    if (connect.descriptor_follows)
        tap->descriptor_left = connect.descriptor_size;
    else
        take_descriptor(tap, connect.descriptor);
    return WIRE_TAP_PASS;
}

static enum wire_tap_event client_descriptor(struct wire_tap *tap, const struct wire_packet *packet)
{
    buffer_append_view(&tap->client, packet->payload);
    if (buffer_size(&tap->client) < tap->descriptor_left) return WIRE_TAP_PASS;
    take_descriptor(tap, buffer_view(&tap->client));
    buffer_clear(&tap->client);
    tap->descriptor_left = 0;
    return WIRE_TAP_PASS;
}

static enum wire_tap_event server_connect(struct wire_tap *tap, struct wire_packet *packet)
{
    struct wire_accept accept;
    switch (packet->type) {
    case WIRE_ACCEPT:
        if (tap->edit) wire_relay_edit_accept(packet);
        if (wire_accept_decode(packet, &accept) != WIRE_DECODED) return tap_lose(tap, "the server's ACCEPT cannot be read");
        wire_session_set_accept(&tap->session, &accept);
        buffer_clear(&tap->client);
        tap->state = WIRE_TAP_NEGOTIATING;
        return WIRE_TAP_PASS;
    case WIRE_REFUSE: tap->refused = true; return WIRE_TAP_LOGIN_FAILED;
    case WIRE_REDIRECT: tap->refused = true; return WIRE_TAP_PASS;
    default: return WIRE_TAP_PASS;
    }
}

/* ---- requests ---- */

static enum wire_status client_native_services(struct wire_tap *tap, struct view message)
{
    size_t used;
    enum wire_status status = wire_ano_measure(message, &used);
    if (status == WIRE_DECODED) tap->expected = TAP_EXPECT_ANO;
    return status;
}

static enum wire_status client_protocol(struct wire_tap *tap, struct view message)
{
    size_t used;
    enum wire_status status = wire_protocol_request_decode(&tap->session, message, &used);
    if (status == WIRE_DECODED) tap->expected = TAP_EXPECT_PROTOCOL;
    return status;
}

static enum wire_status client_data_types(struct wire_tap *tap, struct view message)
{
    size_t used;
    enum wire_status status = wire_data_types_request_decode(&tap->session, message, &used);
    tap->expected = TAP_EXPECT_DATA_TYPES;
    return status;
}

static void take_auth_request(struct wire_tap *tap, const struct wire_auth_request *request)
{
    wire_login_info_take(&tap->login, request);
    wire_session_set_text(tap->session.user, view_text(tap->login.user));
    if (tap->login.program[0]) wire_session_set_text(tap->session.program, view_text(tap->login.program));
    if (tap->login.machine[0]) wire_session_set_text(tap->session.machine, view_text(tap->login.machine));
    tap->state = WIRE_TAP_LOGIN;
    tap->expected = request->function == WIRE_AUTH_PASSWORD ? TAP_EXPECT_PASSWORD : TAP_EXPECT_SESSION_KEY;
}

static enum wire_status client_auth(struct wire_tap *tap, struct view message, uint8_t field_version)
{
    struct wire_auth_request request;
    size_t used;
    arena_reset(&tap->login_arena);
    enum wire_status status = wire_auth_message_decode(&tap->session, field_version, message, &tap->login_arena, &request, &used);
    if (status == WIRE_DECODED) take_auth_request(tap, &request);
    return status;
}

/* Its answer is not read: nothing but the log-in itself can follow. */
static enum wire_status client_function(struct wire_tap *tap, struct view message)
{
    if (message.size < 2) return WIRE_NEED_MORE;
    if (message.data[1] != WIRE_FN_VERSION) return client_auth(tap, message, tap->session.field_version);
    struct wire_request request;
    struct error error;
    arena_reset(&tap->login_arena);
    enum wire_status status = wire_request_decode(&tap->session, tap->cursors, &tap->login_arena, message, &request, &error);
    if (status == WIRE_DECODED) tap->expected = TAP_EXPECT_VERSION;
    return status;
}

/* OCI's structures are not all known, and of another encoding nothing is. */
static bool cannot_read_login(const struct wire_tap *tap)
{
    return tap->session.encoding == WIRE_ENCODING_STRUCT || tap->session.encoding == WIRE_ENCODING_UNKNOWN;
}

/* An OCI client: its answers are not read, only whether they start with parameters; who logs in is. */
static enum wire_status client_native(struct wire_tap *tap, struct view message)
{
    if (tap->session.encoding == WIRE_ENCODING_STRUCT) {
        enum wire_status status = client_auth(tap, message, tap->session.field_version);
        if (status == WIRE_NEED_MORE) return status;
    }
    tap->state = WIRE_TAP_LOGIN;
    tap->expected = message.size >= 2 && message.data[1] == WIRE_AUTH_PASSWORD ? TAP_EXPECT_NATIVE_PASSWORD : TAP_EXPECT_NOTHING;
    return WIRE_DECODED;
}

/*
 * FAST_AUTH: PROTOCOL, DATA_TYPES and the first log-in request in one message, before the server's capabilities are known:
 *   u8 34 | u8 version | u8 flags, flags | PROTOCOL | u16 charset | u8 flag | u16 ncharset | u8 field version | DATA_TYPES | FUNCTION
 */
static enum wire_status client_fast_auth(struct wire_tap *tap, struct view message)
{
    struct reader r = reader_of(message);
    size_t used;
    reader_skip(&r, 4);
    if (!reader_ok(&r)) return WIRE_NEED_MORE;
    enum wire_status status = wire_protocol_request_decode(&tap->session, view_of(r.data + r.at, reader_left(&r)), &used);
    if (status != WIRE_DECODED) return status;
    reader_skip(&r, used + 5);
    uint8_t field_version = reader_u8(&r);
    if (!reader_ok(&r)) return WIRE_NEED_MORE;
    status = wire_data_types_request_decode(&tap->session, view_of(r.data + r.at, reader_left(&r)), &used);
    if (status != WIRE_DECODED) return status;
    reader_skip(&r, used);
    status = client_auth(tap, view_of(r.data + r.at, reader_left(&r)), field_version);
    if (status == WIRE_DECODED) tap->expected = TAP_EXPECT_FAST;
    return status;
}

static enum wire_status client_message(struct wire_tap *tap, struct view message)
{
    if (cannot_read_login(tap)) return client_native(tap, message);
    switch (message.data[0]) {
    case MESSAGE_ANO: return client_native_services(tap, message);
    case MESSAGE_PROTOCOL: return client_protocol(tap, message);
    case MESSAGE_DATA_TYPES: return client_data_types(tap, message);
    case MESSAGE_FAST_AUTH: return client_fast_auth(tap, message);
    case MESSAGE_FUNCTION: return client_function(tap, message);
    default: return WIRE_UNKNOWN;
    }
}

/* The payload inside the packet, for edits in place. */
static uint8_t *payload_of(struct wire_packet *packet)
{
    return packet->bytes + (packet->size - packet->payload.size);
}

static enum wire_tap_event client_data(struct wire_tap *tap, struct wire_packet *packet)
{
    if (packet->payload.size == 0) return WIRE_TAP_PASS;
    if (tap->server_spoke) { /* half duplex: an answer ends the request before it */
        buffer_clear(&tap->client);
        tap->server_spoke = false;
    }
    if (buffer_size(&tap->client) == 0) {
        tap->expected = TAP_EXPECT_NOTHING;
        tap->client_walks = tap->edit && packet->payload.data[0] == MESSAGE_DATA_TYPES && !tap->session.native_encoding;
        wire_relay_walker_init(&tap->client_walker, WIRE_RELAY_DATA_TYPES_REQUEST);
    }
    if (tap->client_walks) wire_relay_walker_feed(&tap->client_walker, payload_of(packet), packet->payload.size);
    buffer_append_view(&tap->client, packet->payload);
    if (tap->client.failed) return tap_lose(tap, "a log-in message of the client is over its limit");
    switch (client_message(tap, buffer_view(&tap->client))) {
    case WIRE_DECODED: buffer_clear(&tap->client); return WIRE_TAP_PASS;
    case WIRE_NEED_MORE: return WIRE_TAP_PASS;
    case WIRE_MALFORMED: return tap_lose(tap, "a log-in message of the client is malformed");
    case WIRE_UNKNOWN: break;
    }
    return tap_lose(tap, "the client sent an unknown message before its log-in");
}

enum wire_tap_event tap_login_client(struct wire_tap *tap, struct wire_packet *packet)
{
    if (packet->type == WIRE_CONNECT) return client_connect(tap, packet);
    if (packet->type != WIRE_DATA) return WIRE_TAP_PASS;
    if (tap->state == WIRE_TAP_CONNECTING) return tap->descriptor_left ? client_descriptor(tap, packet) : WIRE_TAP_PASS;
    return client_data(tap, packet);
}

/* ---- answers ---- */

/* The server answers a DATA_TYPES request that stops before its list: an OCI client of the server's own kind sent none. */
static void settle_missing_list(struct wire_tap *tap)
{
    struct wire_data_types types;
    size_t used;
    if (buffer_size(&tap->client) == 0) return;
    if (wire_data_types_parse(buffer_view(&tap->client), &types, &used) == WIRE_NEED_MORE && types.list_missing)
        wire_data_types_apply(&tap->session, &types);
    buffer_clear(&tap->client);
}

static enum wire_status server_data_types(struct wire_tap *tap, struct view message, size_t *used)
{
    settle_missing_list(tap);
    if (tap->session.encoding != WIRE_ENCODING_STRUCT) return wire_data_types_reply_decode(&tap->session, message, used);
    *used = message.size; /* nothing of it is needed */
    return WIRE_DECODED;
}

static enum wire_tap_event end_of_login(struct wire_tap *tap, const struct wire_auth_reply *reply)
{
    if (reply->error) return WIRE_TAP_LOGIN_FAILED;
    if (tap->expected != TAP_EXPECT_PASSWORD) return WIRE_TAP_PASS;
    uint64_t number;
    if (view_to_u64(wire_auth_pair_find(reply->pairs, reply->pair_count, "AUTH_VERSION_NO"), &number))
        tap->session.server_version = (uint32_t)number;
    tap->state = WIRE_TAP_READY;
    return WIRE_TAP_LOGGED_IN;
}

static enum wire_status server_auth(struct wire_tap *tap, struct view message, size_t *used, enum wire_tap_event *event)
{
    struct wire_auth_reply reply;
    arena_reset(&tap->login_arena);
    enum wire_status status = wire_auth_reply_decode(&tap->session, message, &tap->login_arena, &reply, used);
    if (status == WIRE_DECODED) *event = end_of_login(tap, &reply);
    return status;
}

static enum wire_status server_fast_auth(struct wire_tap *tap, struct view message, size_t *used, enum wire_tap_event *event)
{
    size_t at = 0, part;
    enum wire_status status = wire_protocol_reply_decode(&tap->session, message, &part);
    if (status != WIRE_DECODED) return status;
    at += part;
    status = wire_data_types_reply_decode(&tap->session, view_of(message.data + at, message.size - at), &part);
    if (status != WIRE_DECODED) return status;
    at += part;
    status = server_auth(tap, view_of(message.data + at, message.size - at), &part, event);
    *used = at + part;
    return status;
}

static enum wire_status server_native_services(struct wire_tap *tap, struct view message, size_t *used, enum wire_tap_event *event)
{
    enum wire_status status = wire_ano_measure(message, used);
    if (status == WIRE_DECODED && wire_ano_is_active(view_of(message.data, *used)))
        *event = tap_lose(tap, "native network encryption was agreed on; use TLS instead, or set SQLNET.ENCRYPTION_* to ACCEPTED");
    return status;
}

/* What an OCI client's password was answered with. After that its structures are read as far as they are known, and nothing of any other encoding. */
static enum wire_status server_native_password(struct wire_tap *tap, struct view message, size_t *used, enum wire_tap_event *event)
{
    *used = message.size;
    if (message.data[0] == REPLY_END) *event = WIRE_TAP_LOGIN_FAILED;
    if (message.data[0] != REPLY_PARAMETER) return WIRE_DECODED;
    if (tap->session.encoding == WIRE_ENCODING_STRUCT)
        tap->state = WIRE_TAP_READY;
    else
        tap_lose(tap, "an OCI client with an encoding that is not known");
    *event = WIRE_TAP_LOGGED_IN;
    return WIRE_DECODED;
}

static enum wire_status server_message(struct wire_tap *tap, struct view message, size_t *used, enum wire_tap_event *event)
{
    switch (tap->expected) {
    case TAP_EXPECT_ANO: return server_native_services(tap, message, used, event);
    case TAP_EXPECT_PROTOCOL: return wire_protocol_reply_decode(&tap->session, message, used);
    case TAP_EXPECT_DATA_TYPES: return server_data_types(tap, message, used);
    case TAP_EXPECT_SESSION_KEY:
    case TAP_EXPECT_PASSWORD: return server_auth(tap, message, used, event);
    case TAP_EXPECT_FAST: return server_fast_auth(tap, message, used, event);
    case TAP_EXPECT_NATIVE_PASSWORD: return server_native_password(tap, message, used, event);
    case TAP_EXPECT_VERSION: *used = message.size; return WIRE_DECODED;
    case TAP_EXPECT_NOTHING: break;
    }
    *used = message.size;
    return cannot_read_login(tap) ? WIRE_DECODED : WIRE_UNKNOWN;
}

static enum wire_tap_event server_data(struct wire_tap *tap, struct wire_packet *packet)
{
    if (packet->payload.size == 0) return WIRE_TAP_PASS;
    if (!tap->server_spoke) {
        buffer_clear(&tap->server);
        tap->server_walks = tap->edit && tap->expected == TAP_EXPECT_PROTOCOL;
        wire_relay_walker_init(&tap->server_walker, WIRE_RELAY_PROTOCOL_REPLY);
    }
    tap->server_spoke = true;
    if (tap->server_walks) wire_relay_walker_feed(&tap->server_walker, payload_of(packet), packet->payload.size);
    buffer_append_view(&tap->server, packet->payload);
    if (tap->server.failed) return tap_lose(tap, "a log-in message of the server is over its limit");

    enum wire_tap_event event = WIRE_TAP_PASS;
    size_t used = 0;
    switch (server_message(tap, buffer_view(&tap->server), &used, &event)) {
    case WIRE_DECODED:
        if (tap->state != WIRE_TAP_LOST) buffer_consume(&tap->server, used);
        if (tap->state != WIRE_TAP_READY && tap->expected != TAP_EXPECT_VERSION) tap->expected = TAP_EXPECT_NOTHING;
        return event;
    case WIRE_NEED_MORE: return WIRE_TAP_PASS;
    case WIRE_MALFORMED: return tap_lose(tap, "a log-in message of the server is malformed");
    case WIRE_UNKNOWN: break;
    }
    return tap_lose(tap, "the server spoke before it was asked");
}

enum wire_tap_event tap_login_server(struct wire_tap *tap, struct wire_packet *packet)
{
    if (tap->refused) return WIRE_TAP_PASS;
    if (tap->state == WIRE_TAP_CONNECTING) return server_connect(tap, packet);
    if (packet->type == WIRE_REFUSE) return WIRE_TAP_LOGIN_FAILED;
    return packet->type == WIRE_DATA ? server_data(tap, packet) : WIRE_TAP_PASS;
}
