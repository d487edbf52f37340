/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that answer calls. */
#ifndef STANDIN_CALL_H
#define STANDIN_CALL_H

#include "standin/server.h"
#include "standin/statement.h"

#define STANDIN_BANNER  "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production"
#define STANDIN_VERSION 0x13000000u

/* Each of these replaces what is in client->reply. */
void call_error(struct client *client, const struct wire_request *request, const struct plan_error *error, uint32_t cursor_id);
void call_refuse(struct client *client, const struct wire_request *request, int ora, const char *text);
/* Row header, up to `wanted` rows and the end of call are appended. */
void call_rows(struct client *client, const struct wire_request *request, struct statement *statement, uint32_t wanted);
void call_execute(struct client *client, struct wire_request *request);
void call_dml(struct client *client, struct wire_request *request, struct statement *statement);
void call_block(struct client *client, struct wire_request *request, struct statement *statement);
void call_lob(struct client *client, struct wire_request *request);
bool call_rollback(struct client *client, struct plan_error *error) MUST_USE; /* that the client asked for */
void call_end(struct client *client, const struct wire_request *request, const struct wire_end *end);
/* An OUT or RETURNING value; LOB binds get a temporary LOB. */
void call_out_value(struct client *client, const struct wire_oac *oac, const struct value *value);
bool call_steps(struct client *client, struct statement *statement, struct plan_error *error) MUST_USE;

#endif
