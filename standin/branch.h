/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distributed transactions (XA): a branch is a transaction that a session joins, leaves and lets another session end. Each has a connection to
 * MariaDB of its own, so that it goes on existing while nobody is joined to it. A branch lives as long as the stand-in: "prepared" is a promise
 * that no crash is to test. Branches are found by identifier, by the context that the start answered, or as the session's own.
 */
#ifndef STANDIN_BRANCH_H
#define STANDIN_BRANCH_H

#include "standin/server.h"

/* The calls 103 and 104. */
void call_branch(struct client *client, struct wire_request *request);
/* The session ends: the branch that it is joined to is rolled back. Its MariaDB connection is closed, the session has its own again. */
void branch_client_gone(struct client *client);
/* Branches that nobody is joined to and that are not prepared end after their time. From the monitor's thread. */
void branch_expire(struct server *server);
void branch_close_all(struct server *server);

#endif
