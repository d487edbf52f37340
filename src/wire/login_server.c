/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server half of a log-in: CONNECT to the end of the second authentication call, fed with bytes as they come.
 *
 *   connect -> [descriptor] -> protocol -> data types -> session key -> password -> done
 *                          (native services may ask first; they are declined)
 */
#include "wire/login_server.h"

#include "base/memory.h"

enum {
    PACKET_MAX = 64 * 1024,  /* before the log-in nobody has a reason to send more */
    MESSAGE_MAX = 64 * 1024, /* of one call, all packets together */
    OUTPUT_MAX = 256 * 1024,
    SDU_SMALLEST = 512,
    SDU_DEFAULT = 8192,
    VERSION_SMALLEST = 310,
    VERSION_LARGE = 315,
    RUNTIME_OCI = 4, /* place in the runtime capabilities */
    LOGON_O7 = 0x20, /* 12c's verifiers, and session keys by PBKDF2 */
};
enum {
    ORA_INVALID_LOGON = 1017,
    ORA_PRIVILEGES = 1031,
    ORA_TWO_TASK = 3106,
    ORA_NO_SERVICE_GIVEN = 12504,
    ORA_UNKNOWN_SID = 12505,
    ORA_UNKNOWN_COMMAND = 12508,
    ORA_UNKNOWN_SERVICE = 12514,
    ORA_BAD_PACKET = 12569,
    ORA_VERSIONS = 12618,
    ORA_ENCRYPTION = 12660,
    ORA_LOCKED = 28000,
    ORA_NO_PROTOCOL = 28040,
};

struct wire_server_login *wire_server_login_new(const struct wire_server_login_options *options, const struct wire_limits *limits)
{
    struct wire_server_login *login = memory_zero(1, sizeof *login);
    login->options = *options;
    wire_session_init(&login->session, limits);
    buffer_init(&login->message, MESSAGE_MAX);
    arena_init(&login->arena, 4 * MESSAGE_MAX);
    return login;
}

void wire_server_login_free(struct wire_server_login *login)
{
    if (!login) return;
    buffer_release(&login->message);
    arena_release(&login->arena);
    crypto_wipe(login, sizeof *login);
    memory_free(login);
}

struct wire_session *wire_server_login_session(struct wire_server_login *login)
{
    return &login->session;
}

const struct wire_login_info *wire_server_login_info(const struct wire_server_login *login)
{
    return &login->info;
}

/* ---- ends ---- */

static enum wire_login_state fail(struct wire_server_login *login)
{
    login->step = STEP_REFUSED;
    return WIRE_LOGIN_REFUSED;
}

static enum wire_login_state close_connection(struct wire_server_login *login, struct buffer *output)
{
    wire_packet_write_data(output, view_of(NULL, 0), login->session.large, login->session.sdu, WIRE_DATA_EOF);
    return fail(login);
}

/* Before ACCEPT a REFUSE says it; in the authentication calls an error does; in between a driver understands neither. */
static enum wire_login_state reject_bytes(struct wire_server_login *login, struct buffer *output, struct error *error, const char *what)
{
    error_set(error, ERROR_PROTOCOL, "log-in: %s is malformed", what);
    if (login->step <= STEP_DESCRIPTOR) {
        wire_refuse_write(output, ORA_BAD_PACKET, NULL);
        return fail(login);
    }
    if (login->step >= STEP_SESSION_KEY)
        wire_login_write_error(login, output, ORA_TWO_TASK, "ORA-03106: fatal two-task communication protocol error\n");
    return close_connection(login, output);
}

static enum wire_login_state refuse_connect(struct wire_server_login *login, struct buffer *output, struct error *error, int number,
                                            const char *why)
{
    error_set(error, ERROR_AUTHENTICATION, "ORA-%05d: %s", number, why);
    if (error) error->native = number;
    wire_refuse_write(output, number, NULL);
    return fail(login);
}

static enum wire_login_state refuse_user(struct wire_server_login *login, struct buffer *output, struct error *error, int number,
                                         const char *text)
{
    error_set(error, ERROR_AUTHENTICATION, "user %s: %.*s", login->session.user, (int)strcspn(text, "\n"), text);
    if (error) error->native = number;
    wire_login_write_error(login, output, (uint32_t)number, text);
    return fail(login);
}

/* ---- connect ---- */

static enum wire_login_state accept_service(struct wire_server_login *login, struct view descriptor, struct buffer *output,
                                            struct error *error)
{
    struct wire_session *session = &login->session;
    struct view name, value;
    bool has_command = wire_descriptor_find(descriptor, "DESCRIPTION.CONNECT_DATA.COMMAND", &value) ||
                       wire_descriptor_find(descriptor, "CONNECT_DATA.COMMAND", &value);
    if (has_command) {
        bool ping = view_equal_ignoring_case(value, view_text("ping"));
        return refuse_connect(login, output, error, ping ? 0 : ORA_UNKNOWN_COMMAND, "listener command, not a connection");
    }
    bool by_service = wire_descriptor_find(descriptor, "DESCRIPTION.CONNECT_DATA.SERVICE_NAME", &name);
    bool by_sid = !by_service && wire_descriptor_find(descriptor, "DESCRIPTION.CONNECT_DATA.SID", &name);
    if (!by_service && !by_sid) {
        if (login->options.service_known)
            return refuse_connect(login, output, error, ORA_NO_SERVICE_GIVEN, "no SERVICE_NAME or SID was given");
        name = view_of(NULL, 0);
    }
    wire_session_set_text(session->service, name);
    if (login->options.service_known && !login->options.service_known(login->options.context, name))
        return refuse_connect(login, output, error, by_sid ? ORA_UNKNOWN_SID : ORA_UNKNOWN_SERVICE,
                              "the service that was asked for is not known here");
    if (wire_descriptor_find(descriptor, "DESCRIPTION.CONNECT_DATA.CID.PROGRAM", &value)) wire_session_set_text(session->program, value);
    if (wire_descriptor_find(descriptor, "DESCRIPTION.CONNECT_DATA.CID.HOST", &value)) wire_session_set_text(session->machine, value);

    wire_accept_write(output, login->accept.version, login->accept.sdu);
    wire_session_set_accept(session, &login->accept);
    login->step = STEP_PROTOCOL;
    return WIRE_LOGIN_GOING;
}

static enum wire_login_state take_connect(struct wire_server_login *login, const struct wire_packet *packet, struct buffer *output,
                                          struct error *error)
{
    struct wire_connect connect;
    if (wire_connect_decode(packet, &connect) != WIRE_DECODED) return reject_bytes(login, output, error, "the CONNECT packet");
    if (connect.version < VERSION_SMALLEST || connect.version_low > login->options.version_max)
        return refuse_connect(login, output, error, ORA_VERSIONS, "the client's network version is not supported");
    if (wire_connect_requires_services(&connect))
        return refuse_connect(login, output, error, ORA_ENCRYPTION,
                              "the client insists on native encryption; let it use TLS, or set SQLNET.ENCRYPTION_CLIENT to ACCEPTED");
    uint32_t most = connect.version < VERSION_LARGE ? UINT16_MAX : (uint32_t)login->session.limits.packet_max;
    uint32_t sdu = connect.sdu ? connect.sdu : SDU_DEFAULT;
    login->accept.version = connect.version < login->options.version_max ? connect.version : login->options.version_max;
    login->accept.sdu = sdu < SDU_SMALLEST ? SDU_SMALLEST : sdu > most ? most : sdu;
    login->descriptor_size = connect.descriptor_size;
    if (connect.descriptor_follows) {
        login->step = STEP_DESCRIPTOR;
        return WIRE_LOGIN_GOING;
    }
    return accept_service(login, connect.descriptor, output, error);
}

static enum wire_login_state take_descriptor(struct wire_server_login *login, struct buffer *output, struct error *error)
{
    struct view text = buffer_view(&login->message);
    if (text.size < login->descriptor_size) return WIRE_LOGIN_GOING;
    enum wire_login_state state = accept_service(login, view_of(text.data, login->descriptor_size), output, error);
    buffer_clear(&login->message);
    return state;
}

/* ---- calls ---- */

static void send_reply(struct wire_server_login *login, struct buffer *reply, struct buffer *output)
{
    if (reply->failed) output->failed = true;
    wire_packet_write_data(output, buffer_view(reply), login->session.large, login->session.sdu, 0);
    buffer_release(reply);
}

static enum wire_status answer_native_services(struct wire_server_login *login, struct view message, struct buffer *output, size_t *used)
{
    enum wire_status status = wire_ano_measure(message, used);
    if (status != WIRE_DECODED) return status;
    if (wire_ano_encryption_required(view_of(message.data, *used))) {
        login->refusal = "the client insists on native encryption (ORA-12660); let it use TLS, or set SQLNET.ENCRYPTION_CLIENT to ACCEPTED";
        return WIRE_UNKNOWN;
    }
    struct buffer reply;
    buffer_init(&reply, OUTPUT_MAX);
    wire_ano_write_decline(&reply);
    send_reply(login, &reply, output);
    return WIRE_DECODED;
}

static enum wire_status answer_protocol(struct wire_server_login *login, struct view message, struct buffer *output, size_t *used)
{
    enum wire_status status = wire_protocol_request_decode(&login->session, message, used);
    if (status != WIRE_DECODED) return status;
    struct buffer reply;
    buffer_init(&reply, OUTPUT_MAX);
    wire_protocol_reply_write(&login->session, &reply);
    send_reply(login, &reply, output);
    login->step = STEP_DATA_TYPES;
    return WIRE_DECODED;
}

/* A message that stops before its list may still go on, unless it comes from an OCI client, which sets a byte that no other does. */
static bool is_native(enum wire_status status, const struct wire_data_types *types)
{
    if (status == WIRE_DECODED) return types->native;
    return status == WIRE_NEED_MORE && types->list_missing && types->runtime.size > RUNTIME_OCI && types->runtime.data[RUNTIME_OCI];
}

static enum wire_status answer_data_types(struct wire_server_login *login, struct view message, struct buffer *output, size_t *used)
{
    struct wire_data_types types;
    enum wire_status status = wire_data_types_parse(message, &types, used);
    if (is_native(status, &types)) {
        login->refusal = "the client is an OCI one with native encoding, which is served only while the source is attached";
        return WIRE_UNKNOWN;
    }
    if (status != WIRE_DECODED) return status;
    wire_data_types_apply(&login->session, &types);
    struct buffer reply;
    buffer_init(&reply, OUTPUT_MAX);
    wire_data_types_reply_write(&login->session, view_of(message.data, *used), &reply);
    send_reply(login, &reply, output);
    login->step = STEP_SESSION_KEY;
    return WIRE_DECODED;
}

static void take_login_info(struct wire_server_login *login, const struct wire_auth_request *request)
{
    wire_login_info_take(&login->info, request);
    wire_session_set_text(login->session.user, view_text(login->info.user));
    if (login->info.program[0]) wire_session_set_text(login->session.program, view_text(login->info.program));
    if (login->info.machine[0]) wire_session_set_text(login->session.machine, view_text(login->info.machine));
}

/* A driver from before 12c knows only the SHA-1 verifier, and only the old way to agree on a key with it. */
static enum wire_login_state answer_session_key(struct wire_server_login *login, struct buffer *output, struct error *error)
{
    bool old = !(wire_session_client_compile(&login->session, WIRE_COMPILE_LOGON) & LOGON_O7);
    struct view user = view_text(login->session.user);
    bool known = user.size && login->options.user_find(login->options.context, user, &login->verifier, &login->locked);
    if (!known) {
        wire_verifier_fake(login->options.fake_seed, user, &login->verifier);
        if (old) login->verifier.kind = WIRE_VERIFIER_11G;
        login->locked = false;
    }
    login->user_known = known;
    if (old && login->verifier.kind != WIRE_VERIFIER_11G)
        return refuse_user(login, output, error, ORA_NO_PROTOCOL, "ORA-28040: No matching authentication protocol\n");
    wire_challenge_make(&login->challenge, old);
    wire_login_write_challenge(login, output);
    login->step = STEP_PASSWORD;
    return WIRE_LOGIN_GOING;
}

static enum wire_login_state answer_password(struct wire_server_login *login, const struct wire_auth_request *request,
                                             struct buffer *output, struct error *error)
{
    struct view session_key = wire_auth_pair_find(request->pairs, request->pair_count, "AUTH_SESSKEY");
    struct view password = wire_auth_pair_find(request->pairs, request->pair_count, "AUTH_PASSWORD");
    struct view speedy = wire_auth_pair_find(request->pairs, request->pair_count, "AUTH_PBKDF2_SPEEDY_KEY");
    bool right = wire_challenge_verify(&login->challenge, &login->verifier, session_key, password, speedy);
    if (login->user_known && login->locked) return refuse_user(login, output, error, ORA_LOCKED, "ORA-28000: the account is locked\n");
    if (!right || !login->user_known)
        return refuse_user(login, output, error, ORA_INVALID_LOGON, "ORA-01017: invalid username/password; logon denied\n");
    if (request->mode & (WIRE_AUTH_ADMINISTRATIVE | WIRE_AUTH_CHANGE_PASSWORD))
        return refuse_user(login, output, error, ORA_PRIVILEGES, "ORA-01031: insufficient privileges\n");
    wire_login_write_session(login, output);
    login->session.server_version = login->options.version_number;
    login->step = STEP_DONE;
    return WIRE_LOGIN_DONE;
}

static enum wire_login_state answer_authentication(struct wire_server_login *login, struct view message, struct buffer *output,
                                                   size_t *used, struct error *error)
{
    struct wire_auth_request request;
    arena_reset(&login->arena);
    enum wire_status status =
        wire_auth_message_decode(&login->session, login->session.field_version, message, &login->arena, &request, used);
    if (status == WIRE_NEED_MORE) {
        *used = 0;
        return WIRE_LOGIN_GOING;
    }
    bool expected = request.function == (login->step == STEP_SESSION_KEY ? WIRE_AUTH_SESSION_KEY : WIRE_AUTH_PASSWORD);
    if (status != WIRE_DECODED || !expected) return reject_bytes(login, output, error, "an authentication request");
    login->sequence = request.sequence;
    take_login_info(login, &request);
    if (login->step == STEP_PASSWORD) return answer_password(login, &request, output, error);
    return answer_session_key(login, output, error);
}

/* One message of those that have come so far; *used 0: it is not whole yet. */
static enum wire_login_state answer_message(struct wire_server_login *login, struct view message, struct buffer *output, size_t *used,
                                            struct error *error)
{
    if (login->step >= STEP_SESSION_KEY) return answer_authentication(login, message, output, used, error);
    enum wire_status status;
    if (login->step == STEP_PROTOCOL && message.data[0] == 0xde)
        status = answer_native_services(login, message, output, used);
    else if (login->step == STEP_PROTOCOL)
        status = answer_protocol(login, message, output, used);
    else
        status = answer_data_types(login, message, output, used);
    if (status == WIRE_DECODED) return WIRE_LOGIN_GOING;
    if (status == WIRE_NEED_MORE) {
        *used = 0;
        return WIRE_LOGIN_GOING;
    }
    if (status == WIRE_MALFORMED) return reject_bytes(login, output, error, "a negotiation message");
    error_set(error, ERROR_PROTOCOL, "log-in: %s", login->refusal);
    return close_connection(login, output);
}

static enum wire_login_state answer_messages(struct wire_server_login *login, struct buffer *output, struct error *error)
{
    while (buffer_size(&login->message)) {
        size_t used = 0;
        enum wire_login_state state = answer_message(login, buffer_view(&login->message), output, &used, error);
        if (state != WIRE_LOGIN_GOING) return state;
        if (used == 0) return WIRE_LOGIN_GOING;
        buffer_consume(&login->message, used);
    }
    return WIRE_LOGIN_GOING;
}

static enum wire_login_state take_packet(struct wire_server_login *login, const struct wire_packet *packet, struct buffer *output,
                                         struct error *error)
{
    if (login->step == STEP_CONNECT) return take_connect(login, packet, output, error);
    if (packet->type == WIRE_NULL || packet->type == WIRE_CONTROL) return WIRE_LOGIN_GOING;
    if (packet->type == WIRE_MARKER) {
        error_set(error, ERROR_CANCELLED, "the client broke the log-in off");
        return close_connection(login, output);
    }
    if (packet->type != WIRE_DATA) return reject_bytes(login, output, error, "a packet");
    if (packet->data_flags & WIRE_DATA_EOF) {
        error_set(error, ERROR_NETWORK, "the client closed the connection during the log-in");
        return fail(login);
    }
    buffer_append_view(&login->message, packet->payload);
    if (login->message.failed) return reject_bytes(login, output, error, "a message of that size");
    return login->step == STEP_DESCRIPTOR ? take_descriptor(login, output, error) : answer_messages(login, output, error);
}

enum wire_login_state wire_server_login_feed(struct wire_server_login *login, uint8_t *bytes, size_t size, size_t *used,
                                             struct buffer *output, struct error *error)
{
    *used = 0;
    if (login->step == STEP_REFUSED) return WIRE_LOGIN_REFUSED;
    size_t packet_max = login->session.limits.packet_max < PACKET_MAX ? login->session.limits.packet_max : PACKET_MAX;
    enum wire_login_state state = login->step == STEP_DONE ? WIRE_LOGIN_DONE : WIRE_LOGIN_GOING;
    while (state == WIRE_LOGIN_GOING && *used < size) {
        struct wire_packet packet;
        enum wire_status status = wire_packet_next(bytes + *used, size - *used, login->session.large, packet_max, &packet);
        if (status == WIRE_NEED_MORE) break;
        if (status != WIRE_DECODED) return reject_bytes(login, output, error, "a packet header");
        *used += packet.size;
        state = take_packet(login, &packet, output, error);
    }
    return state;
}
