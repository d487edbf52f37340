/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client bench: rows a second of 10 columns through our own client of the source (log-in, array fetches, values decoded), from a server that sends prepared rows.
 * The server runs on a thread of its own; what counts for one core is the client thread's CPU time. Medians of the rounds are shown.
 *   bench_client [rows a round [rounds]]
 */
#include "engine/source.h"

#include "base/memory.h"
#include "wire/auth.h"
#include "wire/packet.h"
#include "wire/request.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS = 10, FETCH_ROWS = 1000, ROUNDS_MAX = 15, READ_SIZE = 1 << 18, CALL_MEMORY = 64 << 20 };
static const char user[] = "BENCH", password[] = "bench", query[] = "SELECT bench FROM bench";

static _Noreturn void stop(const char *why)
{
    fprintf(stderr, "bench_client: %s\n", why);
    exit(1);
}
static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- the server ---- */

static const struct wire_column columns[COLUMNS] = {
    {.name = (char *)(uintptr_t) "ID", .oac = {.type = WIRE_TYPE_NUMBER, .size_max = 22, .precision = 18}},
    {.name = (char *)(uintptr_t) "PRICE", .oac = {.type = WIRE_TYPE_NUMBER, .size_max = 22, .precision = 12, .scale = 2}},
    {.name = (char *)(uintptr_t) "CODE",
     .oac = {.type = WIRE_TYPE_VARCHAR, .size_max = 80, .characters_max = 20, .charset = 873, .form = 1}},
    {.name = (char *)(uintptr_t) "NAME",
     .oac = {.type = WIRE_TYPE_VARCHAR, .size_max = 160, .characters_max = 40, .charset = 873, .form = 1}},
    {.name = (char *)(uintptr_t) "MADE", .oac = {.type = WIRE_TYPE_DATE, .size_max = 7}},
    {.name = (char *)(uintptr_t) "CHANGED", .oac = {.type = WIRE_TYPE_TIMESTAMP, .size_max = 11, .scale = 6}},
    {.name = (char *)(uintptr_t) "QTY", .oac = {.type = WIRE_TYPE_NUMBER, .size_max = 22, .precision = 9}},
    {.name = (char *)(uintptr_t) "STATE", .oac = {.type = WIRE_TYPE_CHAR, .size_max = 40, .characters_max = 10, .charset = 873, .form = 1}},
    {.name = (char *)(uintptr_t) "OWNER", .oac = {.type = WIRE_TYPE_NUMBER, .size_max = 22, .precision = 18}},
    {.name = (char *)(uintptr_t) "NOTE",
     .oac = {.type = WIRE_TYPE_VARCHAR, .size_max = 32, .characters_max = 8, .charset = 873, .form = 1}},
};

struct server {
    int socket;
    struct wire_server_login *login;
    struct wire_session *session;
    struct wire_cursor_table *cursors;
    struct buffer input, message, reply, output, rows;
    struct arena arena;
    uint64_t left;
};
static struct wire_verifier verifier;
static uint64_t rows_wanted;

static bool find_user(void *context, struct view name, struct wire_verifier *out, bool *locked)
{
    (void)context, (void)name;
    *locked = false;
    *out = verifier;
    return true;
}

/* A thousand rows, encoded once. */
static void prepare_rows(struct server *server)
{
    struct value_datetime when = {.year = 2026, .month = 1, .day = 31, .hour = 12, .minute = 30, .second = 15, .nanosecond = 123456000};
    for (uint32_t i = 0; i < FETCH_ROWS; i++) {
        arena_reset(&server->arena);
        struct value values[COLUMNS] = {value_number_i64(&server->arena, 1000000 + i),
                                        value_number_text(&server->arena, view_text("1234.56")),
                                        value_text(view_text("A-4711-B")),
                                        value_text(view_text("a name of thirty characters...")),
                                        {.type = VALUE_DATETIME, .datetime = when},
                                        {.type = VALUE_DATETIME, .datetime = when},
                                        value_number_i64(&server->arena, i % 90),
                                        value_text(view_text("open      ")),
                                        value_number_i64(&server->arena, 77000 + i),
                                        value_null()};
        values[4].datetime.nanosecond = 0;
        wire_row_begin(&server->rows);
        for (uint32_t c = 0; c < COLUMNS; c++)
            if (!wire_row_value(server->session, &columns[c].oac, NULL, &values[c], &server->rows)) stop("a row cannot be encoded");
    }
}

static void write_end(struct server *server, const struct wire_request *request, uint32_t error)
{
    struct wire_end end = {.call_status = 1, .command = 3, .cursor_id = request->cursor ? request->cursor->id : 0, .error = error};
    if (error) end.message = view_text("ORA-01403: no data found\n");
    if (request->function != WIRE_FN_FETCH) wire_parameters_write(server->session, end.cursor_id, NULL, 0, false, &server->reply);
    wire_end_write(server->session, &end, request->sequence, &server->reply);
}

static void answer_rows(struct server *server, struct wire_request *request)
{
    bool parsed = request->function == WIRE_FN_EXECUTE && request->execute.sql.size;
    uint32_t wanted = request->function == WIRE_FN_FETCH ? request->fetch.rows : request->execute.prefetch_rows;
    bool executes = request->function != WIRE_FN_FETCH && (request->execute.short_form || (request->execute.options & WIRE_OPTION_EXECUTE));
    if (executes) server->left = rows_wanted;
    if (parsed) wire_describe_write(server->session, columns, COLUMNS, &server->reply);
    if (wanted > FETCH_ROWS) stop("the client asks for more rows than were prepared");
    if (wanted > server->left) wanted = (uint32_t)server->left;
    if (wanted == FETCH_ROWS) {
        wire_row_header_write(server->session, COLUMNS, wanted, &server->reply);
        buffer_append_view(&server->reply, buffer_view(&server->rows));
        server->left -= wanted;
    }
    write_end(server, request, server->left ? 0 : 1403);
}

static void answer(struct server *server, struct wire_request *request)
{
    struct wire_cursor *cursor = request->cursor;
    buffer_clear(&server->reply);
    wire_request_commit(server->cursors, request);
    bool executes =
        request->function == WIRE_FN_EXECUTE || request->function == WIRE_FN_REEXECUTE || request->function == WIRE_FN_REEXECUTE_FETCH;
    if (executes && cursor && cursor->id == 0) {
        wire_cursor_bind_id(server->cursors, cursor, wire_cursor_free_id(server->cursors, 1));
        if (cursor->query) wire_cursor_set_columns(cursor, columns, COLUMNS);
    }
    if ((executes || request->function == WIRE_FN_FETCH) && cursor && cursor->query)
        answer_rows(server, request);
    else if (executes)
        write_end(server, request, 0);
    else
        wire_status_write(server->session, false, &server->reply);
    wire_packet_write_data(&server->output, buffer_view(&server->reply), server->session->large, server->session->sdu, 0);
}

static void take_packets(struct server *server)
{
    struct wire_packet packet;
    while (wire_packet_next(server->input.data + server->input.start, buffer_size(&server->input), server->session->large, 1 << 24,
                            &packet) == WIRE_DECODED) {
        struct wire_request request = {0};
        struct error error;
        if (packet.type == WIRE_DATA) buffer_append_view(&server->message, packet.payload);
        buffer_consume(&server->input, packet.size);
        if (buffer_size(&server->message) == 0) continue;
        arena_reset(&server->arena);
        enum wire_status status =
            wire_request_decode(server->session, server->cursors, &server->arena, buffer_view(&server->message), &request, &error);
        if (status == WIRE_NEED_MORE) continue;
        if (status != WIRE_DECODED) stop(error.text);
        answer(server, &request);
        buffer_clear(&server->message);
    }
}

static void log_in(struct server *server)
{
    size_t used = 0;
    struct error error = {0};
    enum wire_login_state state = wire_server_login_feed(server->login, server->input.data + server->input.start,
                                                         buffer_size(&server->input), &used, &server->output, &error);
    buffer_consume(&server->input, used);
    if (state == WIRE_LOGIN_REFUSED) stop(error.text);
    if (state != WIRE_LOGIN_DONE) return;
    server->session = wire_server_login_session(server->login);
    prepare_rows(server);
}

static bool send_all(int socket, struct buffer *output)
{
    while (buffer_size(output)) {
        ssize_t n = send(socket, output->data + output->start, buffer_size(output), MSG_NOSIGNAL);
        if (n <= 0) return false;
        buffer_consume(output, (size_t)n);
    }
    return true;
}

static void *serve(void *context)
{
    struct wire_server_login_options options = {.version_max = 318,
                                                .version_text = "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production",
                                                .version_number = 0x13030000,
                                                .database_name = "BENCH",
                                                .instance_name = "bench",
                                                .user_find = find_user,
                                                .session_id = 1,
                                                .serial = 1};
    struct server server = {.login = wire_server_login_new(&options, &wire_limits_default),
                            .cursors = wire_cursor_table_new(wire_limits_default.cursor_max, NULL)};
    struct buffer *buffers[] = {&server.input, &server.message, &server.reply, &server.output, &server.rows};
    int one = 1;
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) buffer_init(buffers[i], 0);
    arena_init(&server.arena, CALL_MEMORY);
    server.socket = accept((int)(intptr_t)context, NULL, NULL);
    setsockopt(server.socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (;;) {
        ssize_t n = recv(server.socket, buffer_reserve(&server.input, READ_SIZE), READ_SIZE, 0);
        if (n <= 0) break;
        buffer_commit(&server.input, (size_t)n);
        if (!server.session) log_in(&server);
        if (server.session) take_packets(&server);
        if (!send_all(server.socket, &server.output)) break;
    }
    close(server.socket);
    wire_server_login_free(server.login);
    wire_cursor_table_free(server.cursors);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) buffer_release(buffers[i]);
    arena_release(&server.arena);
    return NULL;
}

static int listen_on(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&address, &size))
        stop("no port");
    *port = ntohs(address.sin_port);
    return listener;
}

/* ---- a round ---- */

struct seen {
    uint64_t rows, sum;
};
static bool take_row(void *context, const struct value *values, uint32_t count)
{
    struct seen *seen = context;
    int64_t id;
    if (count != COLUMNS || !number_to_i64(values[0].bytes, &id) || values[3].type != VALUE_TEXT || values[5].type != VALUE_DATETIME ||
        values[9].type != VALUE_NULL)
        stop("a row is wrong");
    seen->rows++;
    seen->sum += (uint64_t)id;
    return true;
}

struct figures {
    double wall, cpu;
};

static struct figures fetch_round(void)
{
    struct engine_options options;
    struct error error = {0};
    struct source_result result;
    struct seen seen = {0};
    pthread_t thread;
    engine_options_default(&options);
    snprintf(options.source_host, sizeof options.source_host, "127.0.0.1");
    snprintf(options.source_service, sizeof options.source_service, "BENCH");
    snprintf(options.source_user, sizeof options.source_user, "%s", user);
    snprintf(options.source_password, sizeof options.source_password, "%s", password);
    int listener = listen_on(&options.source_port);
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)listener)) stop("no thread");
    struct source *source = source_open(&options, 10000, &error);
    if (!source) stop(error.text);
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    if (!source_run(source, query, NULL, 0, 0, FETCH_ROWS, take_row, &seen, &result, &error)) stop(error.text);
    struct figures figures = {(double)rows_wanted / (seconds(CLOCK_MONOTONIC) - wall),
                              (double)rows_wanted / (seconds(CLOCK_THREAD_CPUTIME_ID) - cpu)};
    if (seen.rows != rows_wanted ||
        seen.sum != rows_wanted * 1000000 + rows_wanted / FETCH_ROWS * ((uint64_t)FETCH_ROWS * (FETCH_ROWS - 1) / 2))
        stop("rows are missing");
    source_close(source);
    pthread_join(thread, NULL);
    close(listener);
    return figures;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    uint32_t rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 5;
    double wall[ROUNDS_MAX], cpu[ROUNDS_MAX];
    rows_wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    rows_wanted -= rows_wanted % FETCH_ROWS;
    if (rounds == 0 || rounds > ROUNDS_MAX || rows_wanted == 0) stop("rows a round, rounds (1 to 15)");
    if (!wire_verifier_make(WIRE_VERIFIER_12C, password, &verifier)) stop("no verifier");
    for (uint32_t i = 0; i < rounds; i++) {
        struct figures figures = fetch_round();
        wall[i] = figures.wall;
        cpu[i] = figures.cpu;
    }
    qsort(wall, rounds, sizeof *wall, by_value);
    qsort(cpu, rounds, sizeof *cpu, by_value);
    printf("client: %.0f rows/s of %d columns by the clock, %.0f rows for each second of the client thread's CPU (medians of %u rounds of "
           "%llu rows, %d rows a fetch)\n",
           wall[rounds / 2], COLUMNS, cpu[rounds / 2], rounds, (unsigned long long)rows_wanted, FETCH_ROWS);
    return 0;
}
