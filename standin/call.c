/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: what each TTC function does, and its reply. Executing statements is in call_execute.c, LOB operations in call_lob.c. */
#include "standin/call.h"

#include "standin/branch.h"

#include "base/clock.h"

#include <stdio.h>

void call_error(struct client *client, const struct wire_request *request, const struct plan_error *error, uint32_t cursor_id)
{
    buffer_clear(&client->reply);
    wire_error_write(client->session, (uint32_t)error->ora, error->text, error->position, cursor_id,
                     client->in_transaction || client->doomed, request->sequence, &client->reply);
}

void call_refuse(struct client *client, const struct wire_request *request, int ora, const char *text)
{
    struct plan_error error = {.ora = ora};
    snprintf(error.text, sizeof error.text, "ORA-%05d: %s", ora, text);
    call_error(client, request, &error, 0);
}

static void answer_status(struct client *client)
{
    wire_status_write(client->session, client->in_transaction, &client->reply);
}

bool call_rollback(struct client *client, struct plan_error *error)
{
    if (!client->branch) return client_rollback(client, error);
    error->ora = 2074;
    snprintf(error->text, sizeof error->text, "ORA-02074: cannot ROLLBACK in a distributed transaction");
    return false;
}

static void answer_commit(struct client *client, const struct wire_request *request)
{
    struct plan_error error = {0};
    bool good = request->function == WIRE_FN_COMMIT ? client_commit(client, &error) : call_rollback(client, &error);
    if (good)
        answer_status(client);
    else
        call_error(client, request, &error, 0);
}

static void answer_logoff(struct client *client)
{
    struct plan_error error = {0};
    /* A session that says goodbye keeps its work; one that breaks off loses it. */
    if (!client_commit(client, &error)) (void)!client_rollback(client, &error);
    client->logged_off = true;
    answer_status(client);
}

static void answer_version(struct client *client)
{
    wire_version_write(client->session, STANDIN_BANNER, STANDIN_VERSION, &client->reply);
    answer_status(client);
}

static void answer_fetch(struct client *client, const struct wire_request *request)
{
    struct statement *s = request->cursor ? request->cursor->owner : NULL;
    if (!s) {
        call_refuse(client, request, 1001, "invalid cursor");
        return;
    }
    if (!s->plan || s->plan->column_count == 0 || !s->prepared) {
        call_refuse(client, request, 1002, "fetch out of sequence");
        return;
    }
    struct plan_error error = {0};
    if (client->streaming != s && !client_free_engine(client, &error)) {
        call_error(client, request, &error, request->cursor->id);
        return;
    }
    call_rows(client, request, s, request->fetch.rows);
}

static void copy_text(char *to, size_t size, struct view text)
{
    snprintf(to, size, "%.*s", (int)(text.size < size ? text.size : size - 1), text.size ? (const char *)text.data : "");
}

static void take_piggyback(struct client *client, const struct wire_piggyback *p)
{
    if (p->function == WIRE_FN_SET_SCHEMA && p->text.size) {
        copy_text(client->schema, sizeof client->schema, p->text);
        client->settings_version++;
    } else if (p->function == WIRE_FN_END_TO_END) {
        if (p->text.size) copy_text(client->client_identifier, sizeof client->client_identifier, p->text);
        if (p->module.size) copy_text(client->module, sizeof client->module, p->module);
    }
}

void call_answer(struct client *client, struct wire_request *request)
{
    if (client->server->latency_us) clock_sleep_us(client->server->latency_us);
    for (uint32_t i = 0; i < request->piggyback_count; i++) take_piggyback(client, &request->piggybacks[i]);
    switch (request->function) {
    case 0: break;
    case WIRE_FN_EXECUTE:
    case WIRE_FN_REEXECUTE:
    case WIRE_FN_REEXECUTE_FETCH: call_execute(client, request); break;
    case WIRE_FN_FETCH: answer_fetch(client, request); break;
    case WIRE_FN_COMMIT:
    case WIRE_FN_ROLLBACK: answer_commit(client, request); break;
    case WIRE_FN_LOGOFF: answer_logoff(client); break;
    case WIRE_FN_PING: answer_status(client); break;
    case WIRE_FN_VERSION: answer_version(client); break;
    case WIRE_FN_LOB: call_lob(client, request); break;
    case WIRE_FN_TPC_SWITCH:
    case WIRE_FN_TPC_STATE: call_branch(client, request); break;
    default: call_refuse(client, request, 3115, "unsupported network datatype or representation"); break;
    }
}
