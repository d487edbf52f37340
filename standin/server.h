/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-in as a whole: its options, users, dictionary and clients. */
#ifndef STANDIN_SERVER_H
#define STANDIN_SERVER_H

#include "standin/client.h"

#include <stdio.h>

enum { USER_MAX = 256 };
struct server_user {
    char name[NAME_SIZE];
    struct wire_verifier verifier;
};

struct server {
    const char *mariadb_socket, *service;
    uint32_t latency_us;
    bool old_verifiers; /* users from here on get verifiers of 11g, which is all that drivers before 12c know */
    FILE *log;
    struct server_user *users;
    uint32_t user_count;
    struct dictionary_store *dictionary;
    pthread_mutex_t ddl_lock; /* one DDL at a time: it reads and writes the dictionary */
    pthread_mutex_t clients_lock;
    struct client *clients;
    pthread_mutex_t branches_lock; /* of distributed transactions */
    struct branch *branches;
    uint32_t next_branch;
    atomic_uint client_count, next_session;
    uint8_t fake_seed[32];
    atomic_bool stopping;
};

void server_log(struct server *server, const char *format, ...) PRINTF_LIKE(2, 3); /* nothing without --log */
void server_refresh_sequences(struct server *server);                              /* LAST_NUMBER of every sequence, in the dictionary */
void server_client_gone(struct server *server, struct client *client);
bool server_bootstrap(struct server *server, struct error *error) MUST_USE; /* functions, schemas, dictionary views */

#endif
