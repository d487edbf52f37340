/* SPDX-License-Identifier: Apache-2.0 */
/* standin-server: a database that legacy drivers talk to, kept by MariaDB. Options, listener, threads. */
#include "standin/branch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"

#include <ctype.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLIENT_MAX = 2000, MONITOR_US = 10000, STOP_WAIT_US = 5000000 };

static const char usage_text[] = "usage: standin-server --mariadb-socket PATH --user NAME:PASSWORD [options]\n"
                                 "  --port N             listen there (default 0: any; the line `ready port=N` tells)\n"
                                 "  --address A          listen on that address (default 127.0.0.1)\n"
                                 "  --mariadb-socket P   MariaDB's socket (run-mariadb prints it)\n"
                                 "  --user NAME:PASSWORD a user and schema; may be given again\n"
                                 "  --user-file FILE     lines of NAME:PASSWORD\n"
                                 "  --service NAME       accept only this service (default: every one)\n"
                                 "  --log FILE           every statement as it is given to MariaDB (- for standard error)\n"
                                 "  --latency-us N       wait before each answer, for tests\n"
                                 "  --old-verifiers      before --user: its password as 11g keeps it, which drivers before 12c need\n";

void server_log(struct server *server, const char *format, ...)
{
    if (!server->log) return;
    va_list arguments;
    va_start(arguments, format);
    flockfile(server->log);
    char now[CLOCK_TEXT_SIZE];
    clock_text(clock_wall_us(), now);
    fprintf(server->log, "%s ", now);
    vfprintf(server->log, format, arguments);
    fputc('\n', server->log);
    fflush(server->log);
    funlockfile(server->log);
    va_end(arguments);
}

/* ---- users ---- */

static bool user_add(struct server *server, const char *text)
{
    const char *colon = strchr(text, ':');
    if (!colon || colon == text || (size_t)(colon - text) >= NAME_SIZE - 4 || server->user_count == USER_MAX) return false;
    struct server_user *user = &server->users[server->user_count];
    for (size_t i = 0; i < (size_t)(colon - text); i++) {
        char c = (char)toupper((unsigned char)text[i]);
        /* The name becomes part of SQL text. */
        if (!isalnum((unsigned char)c) && c != '_' && c != '$' && c != '#') return false;
        user->name[i] = c;
    }
    char *password = memory_string(colon + 1);
    password[strcspn(password, "\r\n")] = '\0';
    bool good = wire_verifier_make(server->old_verifiers ? WIRE_VERIFIER_11G : WIRE_VERIFIER_12C, password, &user->verifier);
    memory_free(password);
    server->user_count += good;
    return good;
}

static bool user_file(struct server *server, const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");
    bool good = file != NULL;
    while (good && fgets(line, sizeof line, file)) {
        if (*line != '\n' && *line != '#') good = user_add(server, line);
    }
    if (file) fclose(file);
    return good;
}

/* ---- clients ---- */

void server_client_gone(struct server *server, struct client *client)
{
    pthread_mutex_lock(&server->clients_lock);
    for (struct client **at = &server->clients; *at; at = &(*at)->next) {
        if (*at == client) {
            *at = client->next;
            break;
        }
    }
    pthread_mutex_unlock(&server->clients_lock);
}

static void client_start(struct server *server, struct socket_stream *socket)
{
    pthread_attr_t attributes;
    pthread_t thread;
    struct client *client = memory_zero(1, sizeof *client);
    client->server = server;
    client->socket = socket;
    client->session_id = atomic_fetch_add(&server->next_session, 1) + 1;
    pthread_mutex_init(&client->input_lock, NULL);
    pthread_mutex_lock(&server->clients_lock);
    client->next = server->clients;
    server->clients = client;
    pthread_mutex_unlock(&server->clients_lock);
    atomic_fetch_add(&server->client_count, 1);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 8 << 20);
    if (pthread_create(&thread, &attributes, client_main, client) != 0) {
        server_client_gone(server, client);
        socket_close(socket);
        atomic_fetch_sub(&server->client_count, 1);
        memory_free(client);
    }
    pthread_attr_destroy(&attributes);
}

struct accepting {
    struct server *server;
    struct socket_listener *listener;
};

static void *accept_main(void *context)
{
    struct accepting *a = context;
    for (;;) {
        struct error error = {0};
        struct socket_stream *socket = socket_accept(a->listener, NULL, &error);
        if (atomic_load(&a->server->stopping)) {
            if (socket) socket_close(socket);
            return NULL;
        }
        if (!socket) {
            clock_sleep_us(MONITOR_US);
            continue;
        }
        if (atomic_load(&a->server->client_count) >= CLIENT_MAX)
            socket_close(socket);
        else
            client_start(a->server, socket);
    }
}

static void *monitor_main(void *context)
{
    struct server *server = context;
    while (!atomic_load(&server->stopping)) {
        pthread_mutex_lock(&server->clients_lock);
        for (struct client *client = server->clients; client; client = client->next) client_monitor(client);
        pthread_mutex_unlock(&server->clients_lock);
        branch_expire(server);
        clock_sleep_us(MONITOR_US);
    }
    return NULL;
}

static void stop_clients(struct server *server)
{
    atomic_store(&server->stopping, true);
    pthread_mutex_lock(&server->clients_lock);
    for (struct client *client = server->clients; client; client = client->next) socket_shutdown(client->socket);
    pthread_mutex_unlock(&server->clients_lock);
    for (uint64_t waited = 0; atomic_load(&server->client_count) && waited < STOP_WAIT_US; waited += MONITOR_US) clock_sleep_us(MONITOR_US);
}

/* ---- main ---- */

struct options {
    uint16_t port;
    const char *address;
};

static bool parse_options(struct server *server, int count, char **arguments, struct options *options)
{
    static const struct option table[] = {{"port", required_argument, NULL, 'p'},
                                          {"address", required_argument, NULL, 'a'},
                                          {"mariadb-socket", required_argument, NULL, 'm'},
                                          {"user", required_argument, NULL, 'u'},
                                          {"user-file", required_argument, NULL, 'f'},
                                          {"service", required_argument, NULL, 's'},
                                          {"log", required_argument, NULL, 'l'},
                                          {"latency-us", required_argument, NULL, 'd'},
                                          {"old-verifiers", no_argument, NULL, 'o'},
                                          {0}};
    for (int c; (c = getopt_long(count, arguments, "", table, NULL)) != -1;) {
        switch (c) {
        case 'p': options->port = (uint16_t)atoi(optarg); break;
        case 'a': options->address = optarg; break;
        case 'm': server->mariadb_socket = optarg; break;
        case 'u':
            if (!user_add(server, optarg)) return false;
            break;
        case 'f':
            if (!user_file(server, optarg)) return false;
            break;
        case 's': server->service = optarg; break;
        case 'o': server->old_verifiers = true; break;
        case 'l': server->log = strcmp(optarg, "-") == 0 ? stderr : fopen(optarg, "a"); break;
        case 'd': server->latency_us = (uint32_t)strtoul(optarg, NULL, 10); break;
        default: return false;
        }
    }
    return server->mariadb_socket && server->user_count && optind == count;
}

static int serve(struct server *server, const struct options *options)
{
    struct error error = {0};
    sigset_t signals;
    int number;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* every thread: sigwait takes them */
    signal(SIGPIPE, SIG_IGN);
    struct socket_listener *listener = NULL;
    server->dictionary = dictionary_store_open(server->mariadb_socket, &error);
    bool good =
        server->dictionary && server_bootstrap(server, &error) && (listener = socket_listen(options->address, options->port, &error));
    if (!good) {
        fprintf(stderr, "standin-server: %s\n", error.text);
        dictionary_store_close(server->dictionary);
        return 1;
    }
    struct accepting accepting = {.server = server, .listener = listener};
    pthread_t accept_thread, monitor_thread;
    pthread_create(&accept_thread, NULL, accept_main, &accepting);
    pthread_create(&monitor_thread, NULL, monitor_main, server);
    printf("ready port=%u\n", socket_listener_port(listener));
    fflush(stdout);
    sigwait(&signals, &number);
    atomic_store(&server->stopping, true);
    stop_clients(server);
    socket_listener_stop(listener);
    pthread_join(accept_thread, NULL);
    pthread_join(monitor_thread, NULL);
    socket_listener_close(listener);
    if (atomic_load(&server->client_count) == 0) {
        branch_close_all(server);
        dictionary_store_close(server->dictionary);
    }
    return 0;
}

int main(int count, char **arguments)
{
    struct server *server = memory_zero(1, sizeof *server);
    struct options options = {.address = "127.0.0.1"};
    server->users = memory_zero(USER_MAX, sizeof *server->users);
    pthread_mutex_init(&server->ddl_lock, NULL);
    pthread_mutex_init(&server->branches_lock, NULL);
    pthread_mutex_init(&server->clients_lock, NULL);
    random_secure(server->fake_seed, sizeof server->fake_seed);
    int status = 2;
    mysql_library_init(0, NULL, NULL);
    if (parse_options(server, count, arguments, &options))
        status = serve(server, &options);
    else
        fputs(usage_text, stderr);
    if (atomic_load(&server->client_count)) _exit(status); /* a client that did not stop still uses all this */
    if (server->log && server->log != stderr) fclose(server->log);
    mysql_library_end();
    memory_free(server->users);
    memory_free(server);
    return status;
}
