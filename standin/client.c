/* SPDX-License-Identifier: Apache-2.0 */
/* One client connection: log-in, requests as they come, breaks. */
#include "standin/branch.h"
#include "standin/statement.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

#include "standin/call.h"

enum {
    READ_SIZE = 64 << 10,
    IDLE_MS = 24 * 3600 * 1000,
    WRITE_MS = 60000,
    BUSY_BEFORE_LOOK_US = 20000,
    INPUT_MAX = 1 << 30,
    CALL_MEMORY_MAX = 1 << 30,
};

/* ---- log-in ---- */

static bool service_known(void *context, struct view service)
{
    const struct server *server = context;
    return !server->service || view_equal_ignoring_case(service, view_text(server->service));
}

static bool user_find(void *context, struct view user, struct wire_verifier *out, bool *locked)
{
    const struct server *server = context;
    *locked = false;
    for (uint32_t i = 0; i < server->user_count; i++) {
        if (!view_equal(view_text(server->users[i].name), user)) continue;
        *out = server->users[i].verifier;
        return true;
    }
    return false;
}

static bool receive(struct client *client, struct error *error)
{
    return socket_read(client->socket, &client->input, READ_SIZE, IDLE_MS, error);
}

static bool send_output(struct client *client, struct error *error)
{
    bool good = buffer_size(&client->output) == 0 || socket_write(client->socket, buffer_view(&client->output), WRITE_MS, error);
    buffer_clear(&client->output);
    return good;
}

static bool log_in(struct client *client, struct error *error)
{
    struct wire_server_login_options options = {.version_max = 318,
                                                .version_text = STANDIN_BANNER,
                                                .version_number = STANDIN_VERSION,
                                                .database_name = "STANDIN",
                                                .instance_name = "standin",
                                                .service_known = service_known,
                                                .user_find = user_find,
                                                .context = client->server,
                                                .session_id = client->session_id,
                                                .serial = 1};
    memcpy(options.fake_seed, client->server->fake_seed, sizeof options.fake_seed);
    client->login = wire_server_login_new(&options, &wire_limits_default);
    for (;;) {
        size_t used = 0;
        enum wire_login_state state = wire_server_login_feed(client->login, client->input.data + client->input.start,
                                                             buffer_size(&client->input), &used, &client->output, error);
        buffer_consume(&client->input, used);
        if (!send_output(client, error)) return false;
        if (state == WIRE_LOGIN_DONE) break;
        if (state == WIRE_LOGIN_REFUSED) return false;
        if (!receive(client, error)) return false;
    }
    client->session = wire_server_login_session(client->login);
    return true;
}

/* Settings that came with the log-in: one ALTER SESSION text. */
static void apply_login_settings(struct client *client)
{
    struct plan_error failed = {0};
    const char *text = wire_server_login_info(client->login)->alter_session;
    if (!*text) return;
    struct plan_session session = client_plan_session(client);
    const struct dictionary *dictionary = dictionary_acquire(client->server->dictionary);
    struct plan *plan = plan_make(dictionary, &session, view_text(text), NULL, 0, &failed);
    dictionary_release(dictionary);
    for (uint32_t i = 0; plan && plan->kind == PLAN_SESSION && i < plan->setting_count; i++)
        session_setting(client, plan->setting_names[i], plan->setting_values[i], &failed);
    plan_free(plan);
}

bool client_engine_open(struct client *client, struct engine *engine, struct error *error)
{
    struct engine_error failed;
    if (!engine_connect(engine, client->server->mariadb_socket, error)) return false;
    if (engine_runf(engine, &failed, "SET @standin_user = '%s'", client->user)) return true;
    engine_close(engine);
    return error_set(error, ERROR_SOURCE, "%s", failed.text);
}

static bool start_session(struct client *client, struct error *error)
{
    snprintf(client->user, sizeof client->user, "%.130s", client->session->user);
    snprintf(client->schema, sizeof client->schema, "%.130s", client->session->user);
    snprintf(client->module, sizeof client->module, "%.60s", client->session->program);
    session_defaults(client);
    if (!client_engine_open(client, &client->engine, error)) return false;
    apply_login_settings(client);
    client->cursors = wire_cursor_table_new(wire_limits_default.cursor_max, statement_free);
    return true;
}

/* ---- breaks ---- */

/* From the monitor: a call has been running for a while; a marker that has come stops it. */
void client_monitor(struct client *client)
{
    uint64_t since = atomic_load(&client->busy_since_us);
    struct error error;
    if (!since || clock_monotonic_us() - since < BUSY_BEFORE_LOOK_US || atomic_load(&client->interrupted)) return;
    if (pthread_mutex_trylock(&client->input_lock) != 0) return;
    if (atomic_load(&client->busy_since_us) == since) {
        bool gone = !socket_read(client->socket, &client->input, READ_SIZE, 0, &error) && error.code != ERROR_TIMEOUT;
        bool marker = false;
        size_t at = 0;
        for (;;) {
            struct wire_packet packet;
            if (wire_packet_next(client->input.data + client->input.start + at, buffer_size(&client->input) - at, client->session->large,
                                 client->session->limits.packet_max, &packet) != WIRE_DECODED)
                break;
            marker |= packet.type == WIRE_MARKER;
            at += packet.size;
        }
        if (gone) atomic_store(&client->closing, true);
        if (gone || marker) {
            atomic_store(&client->interrupted, true);
            engine_kill(client->server->mariadb_socket, client->engine.thread_id);
        }
    }
    pthread_mutex_unlock(&client->input_lock);
}

static bool next_packet(struct client *client, struct wire_packet *packet, struct error *error)
{
    for (;;) {
        enum wire_status status = wire_packet_next(client->input.data + client->input.start, buffer_size(&client->input),
                                                   client->session->large, client->session->limits.packet_max, packet);
        if (status == WIRE_DECODED) return true;
        if (status != WIRE_NEED_MORE) return error_set(error, ERROR_PROTOCOL, "malformed packet");
        if (!receive(client, error)) return false;
    }
}

/* Both sides agree on where the stream goes on: break and reset go out, reset comes back, then ORA-01013. */
static bool reset_stream(struct client *client, uint8_t sequence, struct error *error)
{
    bool large = client->session->large;
    wire_packet_write_marker(&client->output, large, WIRE_MARKER_BREAK);
    wire_packet_write_marker(&client->output, large, WIRE_MARKER_RESET);
    if (!send_output(client, error)) return false;
    for (;;) {
        struct wire_packet packet;
        if (!next_packet(client, &packet, error)) return false;
        bool reset = packet.type == WIRE_MARKER && packet.payload.size >= 3 && packet.payload.data[2] == WIRE_MARKER_RESET;
        buffer_consume(&client->input, packet.size);
        if (reset) break;
    }
    buffer_clear(&client->reply);
    wire_error_write(client->session, 1013, "user requested cancel of current operation", 0, 0, client->in_transaction, sequence,
                     &client->reply);
    wire_packet_write_data(&client->output, buffer_view(&client->reply), large, client->session->sdu, 0);
    return send_output(client, error);
}

/* ---- requests ---- */

static void run_call(struct client *client, struct wire_request *request)
{
    atomic_store(&client->interrupted, false);
    atomic_store(&client->busy_since_us, clock_monotonic_us());
    buffer_clear(&client->reply);
    call_answer(client, request);
    atomic_store(&client->busy_since_us, 0);
    /* The monitor may be at work still. */
    pthread_mutex_lock(&client->input_lock);
    pthread_mutex_unlock(&client->input_lock);
    if (atomic_load(&client->interrupted)) {
        struct engine_error ignored;
        (void)!engine_run(&client->engine, "DO 0", NULL, &ignored); /* takes a kill that came too late */
    }
    client->calls++;
}

static bool answer(struct client *client, struct wire_request *request, struct error *error)
{
    wire_request_commit(client->cursors, request);
    run_call(client, request);
    if (atomic_load(&client->closing)) return error_set(error, ERROR_NETWORK, "the client went away");
    if (atomic_load(&client->interrupted)) return reset_stream(client, request->sequence, error);
    if (client->reply.failed) return error_set(error, ERROR_LIMIT, "reply over the limit");
    if (buffer_size(&client->reply) == 0) return true;
    wire_packet_write_data(&client->output, buffer_view(&client->reply), client->session->large, client->session->sdu, 0);
    return send_output(client, error);
}

/* One whole request from DATA packets, answered. False: the connection ends. */
static bool serve_one(struct client *client, struct buffer *message, struct error *error)
{
    buffer_clear(message);
    for (;;) {
        struct wire_packet packet;
        if (!next_packet(client, &packet, error)) return false;
        if (packet.type == WIRE_MARKER) {
            buffer_consume(&client->input, packet.size);
            return reset_stream(client, 0, error);
        }
        bool end = packet.type == WIRE_DATA && (packet.data_flags & WIRE_DATA_EOF);
        if (packet.type == WIRE_DATA) buffer_append_view(message, packet.payload);
        if (message->failed) return error_set(error, ERROR_LIMIT, "a request over the limit");
        buffer_consume(&client->input, packet.size);
        if (end && buffer_size(message) == 0) return error_set(error, ERROR_NONE, "closed");
        if (packet.type != WIRE_DATA) continue;
        arena_reset(&client->call_arena);
        struct wire_request request = {0};
        enum wire_status status =
            wire_request_decode(client->session, client->cursors, &client->call_arena, buffer_view(message), &request, error);
        if (status == WIRE_NEED_MORE) continue;
        if (status == WIRE_DECODED && request.one_way) {
            buffer_clear(message);
            continue;
        }
        if (status == WIRE_DECODED) return answer(client, &request, error);
        server_log(client->server, "session %u: function %u not decoded: %s", client->session_id, request.function, error->text);
        wire_request_abandon(client->cursors, &request);
        if (status == WIRE_MALFORMED) return false;
        buffer_clear(&client->reply);
        bool cursor = request.unknown_cursor;
        wire_error_write(client->session, cursor ? 1001 : 3115,
                         cursor ? "invalid cursor" : "unsupported network datatype or representation", 0, 0, client->in_transaction,
                         request.sequence, &client->reply);
        wire_packet_write_data(&client->output, buffer_view(&client->reply), client->session->large, client->session->sdu, 0);
        return send_output(client, error);
    }
}

static void end_session(struct client *client)
{
    struct plan_error ignored = {0};
    atomic_store(&client->closing, true);
    branch_client_gone(client);
    if (client->engine.mysql) (void)!client_rollback(client, &ignored);
    if (client->cursors) wire_cursor_table_free(client->cursors);
    while (client->cache_count) statement_destroy(client->cache[--client->cache_count]);
    engine_close(&client->engine);
    lob_store_release(&client->lobs);
}

void *client_main(void *context)
{
    struct client *client = context;
    struct error error = {0};
    mysql_thread_init();
    buffer_init(&client->input, INPUT_MAX);
    buffer_init(&client->output, 0);
    buffer_init(&client->reply, 0);
    struct buffer message;
    buffer_init(&message, wire_limits_default.call_max);
    arena_init(&client->call_arena, CALL_MEMORY_MAX);
    bool good = log_in(client, &error) && start_session(client, &error);
    server_log(client->server, "session %u: %s", client->session_id, good ? client->user : error.text);
    while (good && !client->logged_off && !atomic_load(&client->server->stopping)) good = serve_one(client, &message, &error);
    if (!good && error.code != ERROR_NONE) server_log(client->server, "session %u: ends: %s", client->session_id, error.text);
    server_client_gone(client->server, client);
    end_session(client);
    wire_server_login_free(client->login);
    socket_close(client->socket);
    buffer_release(&client->input);
    buffer_release(&client->output);
    buffer_release(&client->reply);
    buffer_release(&message);
    arena_release(&client->call_arena);
    pthread_mutex_destroy(&client->input_lock);
    mysql_thread_end();
    atomic_fetch_sub(&client->server->client_count, 1);
    memory_free(client);
    return NULL;
}
