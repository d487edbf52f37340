/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server for the cursor soak, with the tap of the relay between itself and the driver. It hands out the smallest free cursor id, so that ids are recycled at once,
 * and keeps its own list of what each id stands for; the tap's cursor table is compared with that list at every re-execution, and its reading of the binds too.
 *
 *   cursor-server     listens on a free port, prints it, serves until its input ends, then prints {"reexecutions", "executions", "unknown", "wrong", "closed", "errors"}
 *
 * Statements hold a number k:  SELECT :1, k FROM t        one row, the bind and k (k divisible by 4: six rows, fetched in pieces)
 *                              UPDATE t SET a = :1 WHERE k = k   changes k % 9 rows
 *                              SELECT :1, k FROM broken   every second execution fails with ORA-01476 and keeps its cursor
 *                              SELECT :1, k FROM missing  ORA-00942, no cursor
 */
#include "base/memory.h"
#include "wire/auth.h"
#include "wire/login_server.h"
#include "wire/message.h"
#include "wire/tap.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IDS_MAX = 4096, ROWS_OF_MANY = 6, EVERY_MANY = 4, READ_SIZE = 64 * 1024, CALL_MEMORY = 16 << 20, BIND_MODULUS = 1000 /* a bind ends in its statement's k */ };

static atomic_ullong reexecutions, executions, unknown, wrong, closed, errors;
static struct wire_verifier verifier;

/* What the server knows of an id: the list that the tap's is compared with. */
struct truth { char *sql; uint32_t rows_left, executions; int64_t bound; };

struct connection {
    int socket;
    struct wire_tap *tap;
    struct wire_server_login *login;
    struct wire_session *session;
    struct wire_cursor_table *cursors;
    struct buffer from_client, input, message, reply, output;
    struct arena arena;
    struct truth truth[IDS_MAX];
    bool over;
};

static bool find_user(void *context, struct view user, struct wire_verifier *out, bool *locked)
{
    (void)context, (void)user;
    *locked = false;
    *out = verifier;
    return true;
}

static uint32_t number_of(const char *sql);

static void complain(const char *what, const struct truth *truth, const char *sql)
{
    if (atomic_fetch_add(&wrong, 1) < 20) fprintf(stderr, "%s: truth [%s], tap [%s]\n", what, truth && truth->sql ? truth->sql : "closed", sql ? sql : "none");
}

/* ---- the tap's reading, compared ---- */

static void compare(struct connection *c)
{
    struct wire_request *request = wire_tap_request(c->tap);
    bool executes = request->function == WIRE_FN_REEXECUTE || request->function == WIRE_FN_REEXECUTE_FETCH ||
                    (request->function == WIRE_FN_EXECUTE && (request->execute.options & WIRE_OPTION_EXECUTE));
    if (!executes) return;
    if (request->execute.sql.size) {
        atomic_fetch_add(&executions, 1);
        return;
    }
    atomic_fetch_add(&reexecutions, 1);
    uint32_t id = request->execute.cursor_id;
    const struct truth *truth = id < IDS_MAX ? &c->truth[id] : NULL;
    const struct wire_cursor *cursor = request->cursor;
    if (request->unknown_cursor || !cursor || !cursor->sql) {
        atomic_fetch_add(&unknown, 1);
        return;
    }
    if (!truth || !truth->sql || strcmp(truth->sql, cursor->sql) != 0) complain("statement", truth, cursor->sql);
    const struct wire_oac *binds = request->execute.has_binds ? request->execute.binds : cursor->binds;
    if (request->execute.row_count != 1 || cursor->bind_count != 1) {
        complain("binds", truth, cursor->sql);
        return;
    }
    int64_t number;
    struct value value = wire_bind_value(wire_tap_session(c->tap), &binds[0], &request->execute.rows[0], wire_tap_call_arena(c->tap));
    if (value.type != VALUE_NUMBER || !number_to_i64(value.bytes, &number) || !truth || !truth->sql || number % BIND_MODULUS != number_of(truth->sql) % BIND_MODULUS) complain("bind", truth, cursor->sql);
}

/* ---- the server ---- */

static uint32_t number_of(const char *sql)
{
    const char *at = strstr(sql, "k = ");
    if (!at) at = strchr(sql, ',');
    if (!at) return 0; /* none of ours: a question of the driver itself */
    while (*at && (*at < '0' || *at > '9')) at++;
    return (uint32_t)strtoul(at, NULL, 10);
}

static void write_rows(struct connection *c, struct wire_cursor *cursor, struct truth *truth, uint32_t wanted)
{
    uint32_t count = truth->rows_left < wanted ? truth->rows_left : wanted;
    struct value number = value_number_i64(&c->arena, number_of(truth->sql)), bound = value_number_i64(&c->arena, truth->bound);
    if (count) wire_row_header_write(c->session, 2, count, &c->reply);
    for (uint32_t i = 0; i < count; i++) {
        wire_row_begin(&c->reply);
        const struct wire_oac *define = cursor->define_count == 2 ? cursor->defines : NULL;
        (void)wire_row_value(c->session, &cursor->columns[0].oac, define, &bound, &c->reply);
        (void)wire_row_value(c->session, &cursor->columns[1].oac, define ? define + 1 : NULL, &number, &c->reply);
    }
    truth->rows_left -= count;
}

static void end_rows(struct connection *c, const struct wire_request *request, struct wire_cursor *cursor, struct truth *truth, uint32_t wanted)
{
    bool done = truth->rows_left == 0 && wanted > 0;
    struct wire_end end = {.call_status = 1, .cursor_id = cursor->id, .command = 3, .error = done ? 1403 : 0};
    if (done) end.message = view_text("ORA-01403: no data found\n");
    if (request->function != WIRE_FN_FETCH) wire_parameters_write(c->session, cursor->id, NULL, 0, false, &c->reply);
    wire_end_write(c->session, &end, request->sequence, &c->reply);
}

static void fail_call(struct connection *c, const struct wire_request *request, uint32_t ora, const char *text, uint32_t id)
{
    atomic_fetch_add(&errors, 1);
    wire_error_write(c->session, ora, text, 0, id, false, request->sequence, &c->reply);
}

static void describe(struct wire_cursor *cursor)
{
    static const struct wire_oac number = {.type = WIRE_TYPE_NUMBER, .size_max = 22, .scale = -127};
    const struct wire_column columns[] = {{.oac = number, .name = (char *)(uintptr_t) "A", .nullable = true}, {.oac = number, .name = (char *)(uintptr_t) "B"}};
    wire_cursor_set_columns(cursor, columns, 2);
}

static void take_bind(struct connection *c, const struct wire_request *request, const struct wire_cursor *cursor, struct truth *truth)
{
    truth->bound = -1;
    if (request->execute.row_count == 0 || cursor->bind_count == 0) return;
    struct value value = wire_bind_value(c->session, &cursor->binds[0], &request->execute.rows[0], &c->arena);
    if (value.type != VALUE_NUMBER || !number_to_i64(value.bytes, &truth->bound)) truth->bound = -1;
}

static struct truth *parsed(struct connection *c, struct wire_request *request)
{
    struct wire_cursor *cursor = request->cursor;
    uint32_t id = cursor->id;
    if (id == 0)
        for (id = 1; id < IDS_MAX && c->truth[id].sql; id++) {} /* from our own list: the table's bookkeeping is what is tested */
    if (id >= IDS_MAX) return NULL;
    wire_cursor_bind_id(c->cursors, cursor, id);
    struct truth *truth = &c->truth[id];
    memory_free(truth->sql);
    *truth = (struct truth){.sql = memory_string(cursor->sql)};
    return truth;
}

static void run_query(struct connection *c, struct wire_request *request, struct truth *truth, bool first)
{
    const struct wire_execute *execute = &request->execute;
    struct wire_cursor *cursor = request->cursor;
    bool executes = execute->short_form || (execute->options & WIRE_OPTION_EXECUTE);
    bool fetches = (execute->options & WIRE_OPTION_FETCH) || execute->prefetch_rows > 0 || request->function == WIRE_FN_REEXECUTE_FETCH;
    uint32_t wanted = !fetches ? 0 : execute->prefetch_rows ? execute->prefetch_rows : execute->execution_count ? execute->execution_count : 1;
    if (first) {
        describe(cursor);
        wire_describe_write(c->session, cursor->columns, cursor->column_count, &c->reply);
    }
    if (executes) {
        take_bind(c, request, cursor, truth);
        truth->rows_left = number_of(truth->sql) % EVERY_MANY ? 1 : ROWS_OF_MANY;
        if (strstr(truth->sql, "broken") && truth->executions++ % 2) {
            buffer_clear(&c->reply);
            fail_call(c, request, 1476, "ORA-01476: divisor is equal to zero\n", cursor->id);
            return;
        }
    }
    write_rows(c, cursor, truth, wanted);
    end_rows(c, request, cursor, truth, wanted);
}

static void run_execute(struct connection *c, struct wire_request *request)
{
    struct wire_cursor *cursor = request->cursor;
    bool first = request->execute.sql.size > 0;
    if (!cursor || request->unknown_cursor || !cursor->sql) {
        fail_call(c, request, 1001, "ORA-01001: invalid cursor\n", 0);
        return;
    }
    if (first && strstr(cursor->sql, "missing")) {
        wire_request_abandon(c->cursors, request);
        fail_call(c, request, 942, "ORA-00942: table or view does not exist\n", 0);
        return;
    }
    struct truth *truth = first ? parsed(c, request) : cursor->id < IDS_MAX ? &c->truth[cursor->id] : NULL;
    if (!truth || !truth->sql) {
        fail_call(c, request, 1000, "ORA-01000: maximum open cursors exceeded\n", 0);
        return;
    }
    if (cursor->query) {
        run_query(c, request, truth, first);
        return;
    }
    struct wire_end end = {.call_status = 1, .cursor_id = cursor->id, .command = 6, .row_count = number_of(truth->sql) % 9};
    wire_parameters_write(c->session, cursor->id, NULL, 0, request->execute.dml_row_counts, &c->reply);
    wire_end_write(c->session, &end, request->sequence, &c->reply);
}

static void close_listed(struct connection *c, const struct wire_request *request)
{
    for (uint32_t i = 0; i < request->piggyback_count; i++) {
        const struct wire_piggyback *piggyback = &request->piggybacks[i];
        if (piggyback->function != WIRE_FN_CLOSE_CURSORS) continue;
        for (uint32_t k = 0; k < piggyback->id_count; k++) {
            if (piggyback->ids[k] >= IDS_MAX || !c->truth[piggyback->ids[k]].sql) continue;
            memory_free(c->truth[piggyback->ids[k]].sql);
            c->truth[piggyback->ids[k]].sql = NULL;
            atomic_fetch_add(&closed, 1);
        }
    }
}

static void answer(struct connection *c, struct wire_request *request)
{
    close_listed(c, request);
    wire_request_commit(c->cursors, request);
    buffer_clear(&c->reply);
    struct wire_cursor *cursor = request->cursor;
    switch (request->function) {
    case WIRE_FN_EXECUTE:
    case WIRE_FN_REEXECUTE:
    case WIRE_FN_REEXECUTE_FETCH: run_execute(c, request); break;
    case WIRE_FN_FETCH:
        if (cursor && cursor->id < IDS_MAX && c->truth[cursor->id].sql) {
            write_rows(c, cursor, &c->truth[cursor->id], request->fetch.rows);
            end_rows(c, request, cursor, &c->truth[cursor->id], request->fetch.rows);
        } else {
            fail_call(c, request, 1001, "ORA-01001: invalid cursor\n", 0);
        }
        break;
    case WIRE_FN_VERSION:
        wire_version_write(c->session, "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production", c->session->server_version, &c->reply);
        wire_status_write(c->session, false, &c->reply);
        break;
    default:
        wire_status_write(c->session, false, &c->reply);
        c->over = request->function == WIRE_FN_LOGOFF;
        break;
    }
    wire_packet_write_data(&c->output, buffer_view(&c->reply), c->session->large, c->session->sdu, 0);
}

/* ---- bytes ---- */

static void log_in(struct connection *c)
{
    size_t used = 0;
    struct error error = {0};
    enum wire_login_state state = wire_server_login_feed(c->login, c->input.data + c->input.start, buffer_size(&c->input), &used, &c->output, &error);
    buffer_consume(&c->input, used);
    if (state == WIRE_LOGIN_REFUSED) c->over = true;
    if (state == WIRE_LOGIN_DONE) c->session = wire_server_login_session(c->login);
}

/* What the tap let through, as the server reads it. */
static void serve(struct connection *c)
{
    if (!c->session) {
        log_in(c);
        if (!c->session) return;
    }
    struct wire_packet packet;
    while (!c->over && wire_packet_next(c->input.data + c->input.start, buffer_size(&c->input), c->session->large, c->session->limits.packet_max, &packet) == WIRE_DECODED) {
        struct error error = {0};
        struct wire_request request = {0};
        if (packet.type == WIRE_DATA && (packet.data_flags & WIRE_DATA_EOF)) c->over = true;
        if (packet.type == WIRE_DATA) buffer_append_view(&c->message, packet.payload);
        buffer_consume(&c->input, packet.size);
        if (buffer_size(&c->message) == 0) continue;
        arena_reset(&c->arena);
        enum wire_status status = wire_request_decode(c->session, c->cursors, &c->arena, buffer_view(&c->message), &request, &error);
        if (status == WIRE_NEED_MORE) continue;
        if (status == WIRE_DECODED) {
            answer(c, &request);
        } else {
            fprintf(stderr, "not decoded: %s\n", error.text);
            wire_request_abandon(c->cursors, &request);
            fail_call(c, &request, 1001, "ORA-01001: invalid cursor\n", 0);
            wire_packet_write_data(&c->output, buffer_view(&c->reply), c->session->large, c->session->sdu, 0);
        }
        buffer_clear(&c->message);
    }
}

static void tap_client(struct connection *c)
{
    struct wire_packet packet;
    bool large = wire_tap_session(c->tap)->large;
    while (wire_packet_next(c->from_client.data + c->from_client.start, buffer_size(&c->from_client), large, 1 << 24, &packet) == WIRE_DECODED) {
        enum wire_tap_event event = wire_tap_client(c->tap, &packet);
        if (event == WIRE_TAP_REQUEST) {
            compare(c);
            wire_tap_sent(c->tap);
        } else if (event == WIRE_TAP_OPAQUE) {
            complain(wire_tap_opaque_reason(c->tap), NULL, NULL);
        }
        buffer_append(&c->input, packet.bytes, packet.size);
        buffer_consume(&c->from_client, packet.size);
        serve(c);
        large = wire_tap_session(c->tap)->large;
    }
}

static bool tap_server(struct connection *c)
{
    struct wire_packet packet;
    size_t at = 0, size = buffer_size(&c->output);
    while (at < size && wire_packet_next(c->output.data + c->output.start + at, size - at, wire_tap_session(c->tap)->large, 1 << 24, &packet) == WIRE_DECODED) {
        if (wire_tap_server(c->tap, &packet) == WIRE_TAP_OPAQUE) complain(wire_tap_opaque_reason(c->tap), NULL, NULL);
        at += packet.size;
    }
    const uint8_t *bytes = c->output.data + c->output.start;
    for (size_t sent = 0; sent < size;) {
        ssize_t n = send(c->socket, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0) return false;
        sent += (size_t)n;
    }
    buffer_clear(&c->output);
    return true;
}

static struct connection *connection_new(int socket)
{
    static const struct wire_reply_events nothing;
    struct connection *c = memory_zero(1, sizeof *c);
    struct wire_server_login_options options = {.version_max = 318, .version_text = "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production",
                                                .version_number = 0x13030000, .database_name = "SOAK", .instance_name = "soak", .user_find = find_user, .session_id = 1, .serial = 1};
    c->socket = socket;
    c->tap = wire_tap_new(&wire_limits_default, &nothing, NULL, NULL);
    c->login = wire_server_login_new(&options, &wire_limits_default);
    c->cursors = wire_cursor_table_new(wire_limits_default.cursor_max, NULL);
    struct buffer *buffers[] = {&c->from_client, &c->input, &c->message, &c->reply, &c->output};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) buffer_init(buffers[i], 0);
    arena_init(&c->arena, CALL_MEMORY);
    return c;
}

static void connection_free(struct connection *c)
{
    for (uint32_t i = 0; i < IDS_MAX; i++) memory_free(c->truth[i].sql);
    wire_tap_free(c->tap);
    wire_server_login_free(c->login);
    wire_cursor_table_free(c->cursors);
    struct buffer *buffers[] = {&c->from_client, &c->input, &c->message, &c->reply, &c->output};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) buffer_release(buffers[i]);
    arena_release(&c->arena);
    close(c->socket);
    memory_free(c);
}

static void *serve_connection(void *context)
{
    struct connection *c = connection_new((int)(intptr_t)context);
    while (!c->over) {
        ssize_t n = recv(c->socket, buffer_reserve(&c->from_client, READ_SIZE), READ_SIZE, 0);
        if (n <= 0) break;
        buffer_commit(&c->from_client, (size_t)n);
        tap_client(c);
        if (!tap_server(c)) break;
    }
    connection_free(c);
    return NULL;
}

static void *accept_all(void *context)
{
    int listener = (int)(intptr_t)context, one = 1;
    for (;;) {
        int socket = accept(listener, NULL, NULL);
        if (socket < 0) return NULL;
        pthread_t thread;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)socket) == 0) pthread_detach(thread);
    }
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;
    char line[64];
    if (!wire_verifier_make(WIRE_VERIFIER_12C, "soak", &verifier) || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&address, &size) || pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)listener)) {
        perror("cursor-server");
        return 1;
    }
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {}
    printf("{\"reexecutions\": %llu, \"executions\": %llu, \"unknown\": %llu, \"wrong\": %llu, \"closed\": %llu, \"errors\": %llu}\n", atomic_load(&reexecutions),
           atomic_load(&executions), atomic_load(&unknown), atomic_load(&wrong), atomic_load(&closed), atomic_load(&errors));
    return 0;
}
