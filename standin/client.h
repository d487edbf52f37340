/* SPDX-License-Identifier: Apache-2.0 */
/* One client connection of the stand-in: its thread, its MariaDB connection, its session. */
#ifndef STANDIN_CLIENT_H
#define STANDIN_CLIENT_H

#include "io/stream.h"
#include "standin/lob.h"
#include "standin/plan.h"
#include "wire/auth.h"
#include "wire/reply.h"

#include <pthread.h>
#include <stdatomic.h>

struct server;
struct statement;

enum { STATEMENT_CACHE_SIZE = 64, FORMAT_SIZE = 64, NAME_SIZE = 132 };

struct client {
    struct server *server;
    struct client *next; /* the server's list */
    uint32_t session_id;
    struct socket_stream *socket;
    struct buffer input, output, reply;
    struct wire_server_login *login;
    struct wire_session *session; /* owned by login */
    struct wire_cursor_table *cursors;
    struct arena call_arena;
    struct engine engine;
    struct lob_store lobs;

    /* session */
    char user[NAME_SIZE], schema[NAME_SIZE];
    char date_format[FORMAT_SIZE], timestamp_format[FORMAT_SIZE], timestamp_tz_format[FORMAT_SIZE], zone_name[FORMAT_SIZE];
    char client_identifier[FORMAT_SIZE], module[FORMAT_SIZE];
    int zone_minutes;
    bool byte_semantics;
    uint64_t settings_version; /* grows with every change of the above: plans are made again */

    /* transaction */
    struct branch
        *branch; /* the distributed transaction's that the session is joined to; `engine` is its connection, `home` the session's own */
    struct engine home;
    bool in_transaction;
    bool read_only; /* SET TRANSACTION READ ONLY */
    bool doomed;    /* MariaDB undid it (deadlock): only ROLLBACK is left */

    struct statement *streaming; /* whose rows MariaDB is sending */
    struct statement *cache[STATEMENT_CACHE_SIZE];
    uint32_t cache_count;
    uint64_t calls;

    /* Breaks: while `busy` the monitor may read the socket, under `input_lock`. */
    pthread_mutex_t input_lock;
    atomic_ullong busy_since_us; /* 0: not in a MariaDB call */
    atomic_bool interrupted;     /* the client sent a marker */
    atomic_bool closing;
    bool logged_off;
};

void *client_main(void *client);            /* the thread; frees the client at its end */
void client_monitor(struct client *client); /* from the monitor thread, with the list locked */
/* One more MariaDB connection with the session's settings. */
bool client_engine_open(struct client *client, struct engine *engine, struct error *error) MUST_USE;
struct plan_session client_plan_session(const struct client *client);

/* Transactions. False with error: MariaDB failed. */
bool client_begin(struct client *client, struct plan_error *error) MUST_USE;
bool client_commit(struct client *client, struct plan_error *error) MUST_USE;
bool client_rollback(struct client *client, struct plan_error *error) MUST_USE;
/* Makes the MariaDB connection free for the next statement: rows still coming go to their statement's spool. */
bool client_free_engine(struct client *client, struct plan_error *error) MUST_USE;

/* Answers one request: fills client->reply with the messages. */
void call_answer(struct client *client, struct wire_request *request);

void error_from_engine(const struct client *client, const struct plan *plan, const struct engine_error *failed, struct plan_error *out);
void session_setting(struct client *client, const char *name, const char *value, struct plan_error *error);
void session_defaults(struct client *client);

#endif
