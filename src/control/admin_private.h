/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the admin API share; for nobody else. */
#ifndef CONTROL_ADMIN_PRIVATE_H
#define CONTROL_ADMIN_PRIVATE_H

#include "base/json.h"
#include "control/daemon.h"
#include "control/request.h"
#include "io/http.h"

struct exchange {
    struct daemon *daemon;
    const struct http_request *request;
    struct http_response *response;
    struct json json;
    struct request_body *body;
};
typedef void route_handler(struct exchange *exchange);

/* The refusal as {"error": {code, text, missing}}; gate NULL: nothing is missing. */
void admin_error(struct exchange *exchange, const struct error *error, const struct gate *gate);
void admin_fail(struct exchange *exchange, enum error_code code, const char *text);

/* admin_change.c: what changes something. Each takes dry_run: everything is looked at, nothing done. */
void admin_post_phase(struct exchange *exchange);
void admin_post_backfill(struct exchange *exchange);
void admin_post_verify(struct exchange *exchange);
void admin_post_repair(struct exchange *exchange);
void admin_post_override(struct exchange *exchange);
void admin_delete_override(struct exchange *exchange);
void admin_post_waiver(struct exchange *exchange);
void admin_post_users(struct exchange *exchange);

#endif
