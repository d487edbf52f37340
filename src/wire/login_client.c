/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client half of a log-in, as node-oracledb and python-oracledb do it, fed with bytes as they come.
 *
 *   connect -> protocol -> data types -> session key -> password -> done
 *   connect may be answered by RESEND (again), REDIRECT (somebody else), REFUSE (no)
 */
#include "wire/auth_exchange.h"
#include "wire/auth_message.h"
#include "wire/negotiate_session.h"

#include "base/memory.h"

#include <stdio.h>

enum {
    MESSAGE_MAX = 256 * 1024, /* a reply of the server during the log-in */
    ADDRESS_MAX = 32 * 1024,
    VERSION_SMALLEST = 315,
    RESENDS_MAX = 3,
    ANO_REQUIRED = 0x10,
    ORA_ENCRYPTION = 12660,
    ORA_END_OF_FILE = 3113,
    ORA_VERSIONS = 12618,
};
static const char driver_name[] = "understudy";
/* Values are compared as text: one time zone, one decimal point. */
static const char session_settings[] = "ALTER SESSION SET TIME_ZONE='+00:00' NLS_NUMERIC_CHARACTERS='.,'";

enum client_step {
    STEP_CONNECT,
    STEP_REFUSE_TEXT,
    STEP_REDIRECT_TEXT,
    STEP_PROTOCOL,
    STEP_DATA_TYPES,
    STEP_SESSION_KEY,
    STEP_PASSWORD,
    STEP_DONE,
    STEP_REFUSED
};

struct wire_client_login {
    struct wire_client_login_options options; /* strings below */
    char *user, *password, *program, *machine, *os_user;
    struct wire_session session;
    enum client_step step;
    struct buffer connect;  /* the CONNECT and its descriptor: a RESEND wants them again */
    struct buffer message;  /* the reply that is being gathered */
    struct buffer redirect; /* address, NUL, descriptor */
    struct view address, descriptor;
    struct arena arena;
    struct wire_answer answer;
    uint8_t sequence;
    unsigned resends;
};

struct wire_client_login *wire_client_login_new(const struct wire_client_login_options *options, const struct wire_limits *limits,
                                                struct buffer *output)
{
    struct wire_client_login *login = memory_zero(1, sizeof *login);
    login->options = *options;
    login->user = memory_string(options->user ? options->user : "");
    login->password = memory_string(options->password ? options->password : "");
    login->program = memory_string(options->program ? options->program : driver_name);
    login->machine = memory_string(options->machine ? options->machine : "localhost");
    login->os_user = memory_string(options->os_user ? options->os_user : "oracle");
    wire_session_init(&login->session, limits);
    buffer_init(&login->connect, ADDRESS_MAX + 256);
    buffer_init(&login->message, MESSAGE_MAX);
    buffer_init(&login->redirect, ADDRESS_MAX);
    arena_init(&login->arena, 4 * MESSAGE_MAX);
    wire_connect_write(&login->connect, options->descriptor, options->sdu, options->redirected);
    if (login->connect.failed) output->failed = true;
    buffer_append_view(output, buffer_view(&login->connect));
    return login;
}

void wire_client_login_free(struct wire_client_login *login)
{
    if (!login) return;
    crypto_wipe(login->password, strlen(login->password));
    memory_free(login->user);
    memory_free(login->password);
    memory_free(login->program);
    memory_free(login->machine);
    memory_free(login->os_user);
    buffer_release(&login->connect);
    buffer_release(&login->message);
    buffer_release(&login->redirect);
    arena_release(&login->arena);
    crypto_wipe(login, sizeof *login);
    memory_free(login);
}

struct wire_session *wire_client_login_session(struct wire_client_login *login)
{
    return &login->session;
}

struct view wire_client_login_descriptor(const struct wire_client_login *login)
{
    return login->descriptor.size ? login->descriptor : login->options.descriptor;
}

/* ---- ends ---- */

static enum wire_login_state refuse(struct wire_client_login *login, struct error *error, int number, const char *what, struct view text)
{
    bool known = number == 0 || number == ORA_END_OF_FILE;
    error_set(error, known ? ERROR_SOURCE_LOST : ERROR_SOURCE, "log-in: %s%s%.*s", what, text.size ? ": " : "",
              (int)(text.size < 300 ? text.size : 300), text.size ? (const char *)text.data : "");
    if (error) error->native = number;
    login->step = STEP_REFUSED;
    return WIRE_LOGIN_REFUSED;
}

static enum wire_login_state refuse_malformed(struct wire_client_login *login, struct error *error, const char *what)
{
    error_set(error, ERROR_PROTOCOL, "log-in: the server's %s cannot be read", what);
    login->step = STEP_REFUSED;
    return WIRE_LOGIN_REFUSED;
}

static void send_message(struct wire_client_login *login, struct buffer *message, enum client_step next, struct buffer *output)
{
    if (message->failed) output->failed = true;
    wire_packet_write_data(output, buffer_view(message), login->session.large, login->session.sdu, WIRE_DATA_END_OF_REQUEST);
    buffer_release(message);
    login->step = next;
}

/* ---- connect ---- */

static enum wire_login_state take_refuse(struct wire_client_login *login, const struct wire_packet *packet, struct error *error)
{
    int number;
    struct view text;
    enum wire_status status = wire_refuse_decode(packet, &number, &text);
    if (status == WIRE_NEED_MORE) {
        login->step = STEP_REFUSE_TEXT;
        return WIRE_LOGIN_GOING;
    }
    if (status != WIRE_DECODED) return refuse_malformed(login, error, "REFUSE");
    char what[48];
    snprintf(what, sizeof what, "the listener refused with ORA-%05d", number);
    refuse(login, error, number, what, text);
    if (error) error->code = ERROR_SOURCE;
    return WIRE_LOGIN_REFUSED;
}

static enum wire_login_state take_redirect(struct wire_client_login *login, const struct wire_packet *packet, struct view *redirect,
                                           struct error *error)
{
    struct view address, descriptor;
    enum wire_status status = wire_redirect_decode(packet, &address, &descriptor);
    if (status == WIRE_NEED_MORE) {
        login->step = STEP_REDIRECT_TEXT;
        return WIRE_LOGIN_GOING;
    }
    if (status != WIRE_DECODED) return refuse_malformed(login, error, "REDIRECT");
    buffer_append_view(&login->redirect, address);
    buffer_append_view(&login->redirect, descriptor);
    if (login->redirect.failed) return refuse_malformed(login, error, "REDIRECT");
    struct view kept = buffer_view(&login->redirect);
    login->address = view_of(kept.data, address.size);
    login->descriptor = view_of(kept.data + address.size, descriptor.size);
    *redirect = login->address;
    login->step = STEP_REFUSED;
    return WIRE_LOGIN_REFUSED;
}

static enum wire_login_state take_accept(struct wire_client_login *login, const struct wire_packet *packet, struct buffer *output,
                                         struct error *error)
{
    struct wire_accept accept;
    if (wire_accept_decode(packet, &accept) != WIRE_DECODED) return refuse_malformed(login, error, "ACCEPT");
    if (accept.version < VERSION_SMALLEST)
        return refuse(login, error, ORA_VERSIONS, "the server is older than Oracle 12.1, which is not supported", view_of(NULL, 0));
    if (accept.flags0 & ANO_REQUIRED)
        return refuse(login, error, ORA_ENCRYPTION,
                      "the server requires native encryption (ORA-12660); use TLS, or set SQLNET.ENCRYPTION_SERVER to ACCEPTED there",
                      view_of(NULL, 0));
    wire_session_set_accept(&login->session, &accept);
    struct buffer message;
    buffer_init(&message, MESSAGE_MAX);
    wire_protocol_request_write(&message, driver_name);
    send_message(login, &message, STEP_PROTOCOL, output);
    return WIRE_LOGIN_GOING;
}

static enum wire_login_state take_connect_answer(struct wire_client_login *login, const struct wire_packet *packet, struct buffer *output,
                                                 struct view *redirect, struct error *error)
{
    switch (packet->type) {
    case WIRE_ACCEPT: return take_accept(login, packet, output, error);
    case WIRE_REFUSE: return take_refuse(login, packet, error);
    case WIRE_REDIRECT: return take_redirect(login, packet, redirect, error);
    case WIRE_RESEND:
        if (++login->resends > RESENDS_MAX) return refuse_malformed(login, error, "repeated RESEND");
        buffer_append_view(output, buffer_view(&login->connect));
        return WIRE_LOGIN_GOING;
    default: return refuse_malformed(login, error, "answer to CONNECT");
    }
}

/* ---- calls ---- */

static uint32_t logon_mode(const struct wire_client_login *login)
{
    return WIRE_AUTH_LOGON | (login->options.sysdba ? WIRE_AUTH_SYSDBA : 0);
}

static void send_session_key_request(struct wire_client_login *login, struct buffer *output)
{
    struct buffer message;
    buffer_init(&message, MESSAGE_MAX);
    wire_auth_request_begin(&login->session, &message, WIRE_AUTH_SESSION_KEY, ++login->sequence, login->user, logon_mode(login), 5);
    wire_auth_text_write(&message, "AUTH_TERMINAL", "unknown", 0);
    wire_auth_text_write(&message, "AUTH_PROGRAM_NM", login->program, 0);
    wire_auth_text_write(&message, "AUTH_MACHINE", login->machine, 0);
    wire_auth_text_write(&message, "AUTH_PID", "1", 0);
    wire_auth_text_write(&message, "AUTH_SID", login->os_user, 0);
    send_message(login, &message, STEP_SESSION_KEY, output);
}

static void send_password_request(struct wire_client_login *login, struct buffer *output)
{
    const struct wire_answer *answer = &login->answer;
    struct buffer message;
    buffer_init(&message, MESSAGE_MAX);
    wire_auth_request_begin(&login->session, &message, WIRE_AUTH_PASSWORD, ++login->sequence, login->user,
                            logon_mode(login) | WIRE_AUTH_WITH_PASSWORD, answer->speedy_key[0] ? 7 : 6);
    wire_auth_text_write(&message, "AUTH_SESSKEY", answer->session_key, 1);
    if (answer->speedy_key[0]) wire_auth_text_write(&message, "AUTH_PBKDF2_SPEEDY_KEY", answer->speedy_key, 0);
    wire_auth_text_write(&message, "AUTH_PASSWORD", answer->password, 0);
    wire_auth_text_write(&message, "SESSION_CLIENT_CHARSET", "873", 0);
    wire_auth_text_write(&message, "SESSION_CLIENT_DRIVER_NAME", driver_name, 0);
    wire_auth_text_write(&message, "SESSION_CLIENT_VERSION", "318767104", 0);
    wire_auth_pair_write(&message, view_text("AUTH_ALTER_SESSION"), view_of(session_settings, sizeof session_settings), 1);
    send_message(login, &message, STEP_PASSWORD, output);
    if (message.data) crypto_wipe(message.data, message.capacity);
}

static uint32_t number_of(struct view text)
{
    uint64_t n;
    return view_to_u64(text, &n) && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static enum wire_login_state take_challenge(struct wire_client_login *login, const struct wire_auth_reply *reply, struct buffer *output,
                                            struct error *error)
{
    struct wire_phase1 phase1 = {
        .session_key = wire_auth_pair_find(reply->pairs, reply->pair_count, "AUTH_SESSKEY"),
        .verifier_data = wire_auth_pair_find(reply->pairs, reply->pair_count, "AUTH_VFR_DATA"),
        .exchange_salt = wire_auth_pair_find(reply->pairs, reply->pair_count, "AUTH_PBKDF2_CSK_SALT"),
        .generations = number_of(wire_auth_pair_find(reply->pairs, reply->pair_count, "AUTH_PBKDF2_VGEN_COUNT")),
        .exchange_count = number_of(wire_auth_pair_find(reply->pairs, reply->pair_count, "AUTH_PBKDF2_SDER_COUNT")),
    };
    for (uint32_t i = 0; i < reply->pair_count; i++)
        if (view_equal(reply->pairs[i].key, view_text("AUTH_VFR_DATA"))) phase1.verifier_kind = reply->pairs[i].flags;
    if (!wire_answer_make(&login->answer, &phase1, login->password, error)) {
        login->step = STEP_REFUSED;
        return WIRE_LOGIN_REFUSED;
    }
    send_password_request(login, output);
    return WIRE_LOGIN_GOING;
}

static enum wire_login_state take_session(struct wire_client_login *login, const struct wire_auth_reply *reply, struct error *error)
{
    struct view proof = wire_auth_pair_find(reply->pairs, reply->pair_count, "AUTH_SVR_RESPONSE");
    if (!wire_answer_server_proved(&login->answer, proof)) {
        error_set(error, ERROR_AUTHENTICATION, "log-in: the server could not prove that it knows the password's verifier");
        login->step = STEP_REFUSED;
        return WIRE_LOGIN_REFUSED;
    }
    login->session.server_version = number_of(wire_auth_pair_find(reply->pairs, reply->pair_count, "AUTH_VERSION_NO"));
    wire_auth_user_canonical(view_text(login->user), login->session.user);
    struct view service = wire_auth_pair_find(reply->pairs, reply->pair_count, "AUTH_SC_SERVICE_NAME");
    wire_session_set_text(login->session.service, service);
    wire_session_set_text(login->session.program, view_text(login->program));
    wire_session_set_text(login->session.machine, view_text(login->machine));
    login->step = STEP_DONE;
    return WIRE_LOGIN_DONE;
}

static enum wire_login_state take_authentication(struct wire_client_login *login, struct view message, size_t *used, struct buffer *output,
                                                 struct error *error)
{
    struct wire_auth_reply reply;
    arena_reset(&login->arena);
    enum wire_status status = wire_auth_reply_decode(&login->session, message, &login->arena, &reply, used);
    if (status == WIRE_NEED_MORE) return WIRE_LOGIN_GOING;
    if (status != WIRE_DECODED) return refuse_malformed(login, error, "authentication reply");
    if (reply.error) {
        refuse(login, error, (int)reply.error, login->user, view_trim(reply.text));
        if (error) error->code = ERROR_AUTHENTICATION;
        return WIRE_LOGIN_REFUSED;
    }
    if (login->step == STEP_SESSION_KEY) return take_challenge(login, &reply, output, error);
    return take_session(login, &reply, error);
}

static enum wire_login_state take_negotiation(struct wire_client_login *login, struct view message, size_t *used, struct buffer *output,
                                              struct error *error)
{
    bool protocol = login->step == STEP_PROTOCOL;
    enum wire_status status = protocol ? wire_protocol_reply_decode(&login->session, message, used)
                                       : wire_data_types_reply_decode(&login->session, message, used);
    if (status == WIRE_NEED_MORE) return WIRE_LOGIN_GOING;
    if (status != WIRE_DECODED) return refuse_malformed(login, error, protocol ? "PROTOCOL reply" : "DATA_TYPES reply");
    if (!protocol) {
        send_session_key_request(login, output);
        return WIRE_LOGIN_GOING;
    }
    struct buffer request;
    buffer_init(&request, MESSAGE_MAX);
    wire_data_types_request_write(&login->session, &request);
    send_message(login, &request, STEP_DATA_TYPES, output);
    return WIRE_LOGIN_GOING;
}

/* A server that breaks its answer off (older ones do before an error) waits for our reset, then says why. */
static enum wire_login_state take_marker(struct wire_client_login *login, const struct wire_packet *packet, struct buffer *output)
{
    buffer_clear(&login->message);
    if (packet->payload.size >= 3 && packet->payload.data[2] == WIRE_MARKER_RESET)
        wire_packet_write_marker(output, login->session.large, WIRE_MARKER_RESET);
    return WIRE_LOGIN_GOING;
}

static enum wire_login_state take_data(struct wire_client_login *login, const struct wire_packet *packet, struct buffer *output,
                                       struct error *error)
{
    buffer_append_view(&login->message, packet->payload);
    if (login->message.failed) return refuse_malformed(login, error, "reply of that size");
    enum wire_login_state state = WIRE_LOGIN_GOING;
    if (buffer_size(&login->message)) {
        size_t used = 0;
        struct view message = buffer_view(&login->message);
        state = login->step >= STEP_SESSION_KEY ? take_authentication(login, message, &used, output, error)
                                                : take_negotiation(login, message, &used, output, error);
        buffer_consume(&login->message, used);
    }
    if (state == WIRE_LOGIN_GOING && packet->data_flags & WIRE_DATA_EOF)
        return refuse(login, error, ORA_END_OF_FILE, "the server closed the connection", view_of(NULL, 0));
    return state;
}

static enum wire_login_state take_packet(struct wire_client_login *login, const struct wire_packet *packet, struct buffer *output,
                                         struct view *redirect, struct error *error)
{
    if (login->step == STEP_CONNECT) return take_connect_answer(login, packet, output, redirect, error);
    if (login->step == STEP_REFUSE_TEXT) return take_refuse(login, packet, error);
    if (login->step == STEP_REDIRECT_TEXT) return take_redirect(login, packet, redirect, error);
    if (packet->type == WIRE_MARKER) return take_marker(login, packet, output);
    if (packet->type == WIRE_NULL || packet->type == WIRE_CONTROL) return WIRE_LOGIN_GOING;
    if (packet->type == WIRE_REFUSE) return take_refuse(login, packet, error);
    if (packet->type != WIRE_DATA) return refuse_malformed(login, error, "packet");
    return take_data(login, packet, output, error);
}

enum wire_login_state wire_client_login_feed(struct wire_client_login *login, uint8_t *bytes, size_t size, size_t *used,
                                             struct buffer *output, struct view *redirect, struct error *error)
{
    *used = 0;
    *redirect = view_of(NULL, 0);
    if (login->step == STEP_REFUSED) return WIRE_LOGIN_REFUSED;
    enum wire_login_state state = login->step == STEP_DONE ? WIRE_LOGIN_DONE : WIRE_LOGIN_GOING;
    while (state == WIRE_LOGIN_GOING && *used < size) {
        struct wire_packet packet;
        enum wire_status status =
            wire_packet_next(bytes + *used, size - *used, login->session.large, login->session.limits.packet_max, &packet);
        if (status == WIRE_NEED_MORE) break;
        if (status != WIRE_DECODED) return refuse_malformed(login, error, "packet header");
        *used += packet.size;
        state = take_packet(login, &packet, output, redirect, error);
    }
    return state;
}
