/* SPDX-License-Identifier: Apache-2.0 */
/* Both halves of a log-in, talking through two buffers; a test may look at, cut or change what crosses. */
#ifndef TESTS_SUPPORT_LOGIN_PAIR_H
#define TESTS_SUPPORT_LOGIN_PAIR_H

#include "wire/auth.h"

struct login_pair {
    struct wire_verifier new_verifier, old_verifier; /* of SCOTT and OLD: "Tiger#123"; LOCKED has the first */
    struct wire_server_login *server;
    struct wire_client_login *client;
    struct buffer to_server, to_client;
    enum wire_login_state server_state, client_state;
    struct error server_error, client_error;
    struct view redirect;
};

#define LOGIN_PAIR_DESCRIPTOR(service) "(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=" service ")(CID=(PROGRAM=test)(HOST=box)(USER=u))))"

static inline bool login_pair_service(void *context, struct view service)
{
    (void)context;
    return view_equal_ignoring_case(service, view_text("orders"));
}

static inline bool login_pair_user(void *context, struct view user, struct wire_verifier *out, bool *locked)
{
    struct login_pair *pair = context;
    *locked = view_equal(user, view_text("LOCKED"));
    bool old = view_equal(user, view_text("OLD"));
    *out = old ? pair->old_verifier : pair->new_verifier;
    return old || *locked || view_equal(user, view_text("SCOTT"));
}

static inline struct wire_server_login_options login_pair_server_options(struct login_pair *pair)
{
    return (struct wire_server_login_options){
        .version_max = 318,
        .version_text = "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production",
        .version_number = 0x13030000,
        .database_name = "TEST",
        .instance_name = "test1",
        .service_known = login_pair_service,
        .user_find = login_pair_user,
        .context = pair,
        .session_id = 41,
        .serial = 7,
        .fake_seed = {1, 2, 3},
    };
}

static inline void login_pair_begin(struct login_pair *pair, const char *user, const char *password, const char *descriptor)
{
    *pair = (struct login_pair){0};
    bool made = wire_verifier_make(WIRE_VERIFIER_12C, "Tiger#123", &pair->new_verifier) &&
                wire_verifier_make(WIRE_VERIFIER_11G, "Tiger#123", &pair->old_verifier);
    CHECK(made);
    buffer_init(&pair->to_server, 0);
    buffer_init(&pair->to_client, 0);
    struct wire_server_login_options server = login_pair_server_options(pair);
    struct wire_client_login_options client = {
        .descriptor = view_text(descriptor),
        .user = user,
        .password = password,
        .program = "test",
        .machine = "box",
        .os_user = "u",
        .sdu = 8192,
    };
    pair->server = wire_server_login_new(&server, NULL);
    pair->client = wire_client_login_new(&client, NULL, &pair->to_server);
}

static inline void login_pair_end(struct login_pair *pair)
{
    wire_server_login_free(pair->server);
    wire_client_login_free(pair->client);
    buffer_release(&pair->to_server);
    buffer_release(&pair->to_client);
}

/* One step of each side: shows it the first `piece` bytes more than it has seen (0: all). Answers whether anything moved. */
static inline bool login_pair_server_step(struct login_pair *pair, size_t shown)
{
    size_t used = 0;
    if (pair->server_state == WIRE_LOGIN_GOING)
        pair->server_state = wire_server_login_feed(pair->server, (uint8_t *)buffer_view(&pair->to_server).data, shown, &used,
                                                    &pair->to_client, &pair->server_error);
    buffer_consume(&pair->to_server, used);
    return used > 0;
}

static inline bool login_pair_client_step(struct login_pair *pair, size_t shown)
{
    size_t used = 0;
    if (pair->client_state == WIRE_LOGIN_GOING)
        pair->client_state = wire_client_login_feed(pair->client, (uint8_t *)buffer_view(&pair->to_client).data, shown, &used,
                                                    &pair->to_server, &pair->redirect, &pair->client_error);
    buffer_consume(&pair->to_client, used);
    return used > 0;
}

/* Until nothing moves any more. Each side sees its input grow by `piece` bytes at a time. */
static inline void login_pair_run(struct login_pair *pair, size_t piece)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t shown = piece; !moved && buffer_size(&pair->to_server) && shown < buffer_size(&pair->to_server) + piece; shown += piece)
            moved = login_pair_server_step(pair, shown < buffer_size(&pair->to_server) ? shown : buffer_size(&pair->to_server));
        for (size_t shown = piece; !moved && buffer_size(&pair->to_client) && shown < buffer_size(&pair->to_client) + piece; shown += piece)
            moved = login_pair_client_step(pair, shown < buffer_size(&pair->to_client) ? shown : buffer_size(&pair->to_client));
    }
}

#endif
