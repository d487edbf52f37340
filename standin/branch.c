/* SPDX-License-Identifier: Apache-2.0 */
/* Distributed transactions: branches, and the sessions that join them. */
#include "standin/branch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "standin/call.h"

#include <stdio.h>

enum { XID_SIZE = 128, CONTEXT_SIZE = 4, TIMEOUT_S = 60 };

struct branch {
    struct branch *next;
    uint32_t number; /* what clients get as its context */
    uint32_t format, global_size;
    uint8_t xid[XID_SIZE];
    size_t xid_size;
    struct engine engine;  /* of a branch that is joined: the session has it */
    struct client *holder; /* the session that is joined; NULL: none */
    bool open, doomed;     /* as of a session: work was done, MariaDB undid it */
    bool prepared;
    bool suspended; /* left for a while only: the end of it is still to come */
    uint32_t timeout_s;
    uint64_t left_at_us;
};

static bool fail(struct plan_error *error, int ora, const char *text)
{
    error->ora = ora;
    snprintf(error->text, sizeof error->text, "ORA-%05d: %s", ora, text);
    return false;
}

/* ---- the list; all with the lock ---- */

static struct branch *find_xid(struct server *server, const struct wire_tpc *tpc)
{
    for (struct branch *b = server->branches; b; b = b->next)
        if (b->format == tpc->format && b->global_size == tpc->global_size && view_equal(view_of(b->xid, b->xid_size), tpc->xid)) return b;
    return NULL;
}

static struct branch *find_context(struct server *server, struct view context)
{
    struct reader reader = reader_of(context);
    uint32_t number = context.size == CONTEXT_SIZE ? reader_u32(&reader) : 0;
    for (struct branch *b = server->branches; b; b = b->next)
        if (number && b->number == number) return b;
    return NULL;
}

static struct branch *find(struct client *client, const struct wire_tpc *tpc)
{
    if (tpc->xid.size) return find_xid(client->server, tpc);
    return tpc->context.size ? find_context(client->server, tpc->context) : client->branch;
}

static void unlink_branch(struct server *server, struct branch *branch)
{
    struct branch **at = &server->branches;
    while (*at != branch) at = &(*at)->next;
    *at = branch->next;
}

/* Nobody is joined. */
static void destroy(struct server *server, struct branch *branch)
{
    unlink_branch(server, branch);
    engine_close(&branch->engine); /* rolls back what is open */
    memory_free(branch);
}

/* ---- joining and leaving ---- */

static void drop_if_there(struct wire_cursor *cursor, void *mysql)
{
    if (cursor->owner) statement_forget_engine(cursor->owner, mysql);
}

/* What was prepared on the branch's connection must not be touched any more once others may close it. */
static void forget_statements(struct client *client, MYSQL *mysql)
{
    wire_cursor_each(client->cursors, drop_if_there, mysql);
    for (uint32_t i = 0; i < client->cache_count; i++) statement_forget_engine(client->cache[i], mysql);
}

/* The monitor reads which MariaDB connection is to be interrupted. */
static void use_engine(struct client *client, struct engine engine)
{
    pthread_mutex_lock(&client->input_lock);
    client->engine = engine;
    pthread_mutex_unlock(&client->input_lock);
}

static void join(struct client *client, struct branch *branch)
{
    client->home = client->engine;
    use_engine(client, branch->engine);
    client->branch = branch;
    client->in_transaction = branch->open;
    client->doomed = branch->doomed;
    branch->holder = client;
    branch->suspended = false;
}

static void leave(struct client *client)
{
    struct branch *branch = client->branch;
    forget_statements(client, client->engine.mysql);
    branch->open = client->in_transaction;
    branch->doomed = client->doomed;
    branch->holder = NULL;
    branch->left_at_us = clock_monotonic_us();
    use_engine(client, client->home);
    client->branch = NULL;
    client->in_transaction = client->doomed = false;
}

/* ---- start and end ---- */

static struct branch *branch_new(struct client *client, const struct wire_tpc *tpc)
{
    struct server *server = client->server;
    struct branch *branch = memory_zero(1, sizeof *branch);
    branch->number = ++server->next_branch;
    branch->format = tpc->format;
    branch->global_size = tpc->global_size;
    branch->xid_size = tpc->xid.size < XID_SIZE ? tpc->xid.size : XID_SIZE;
    memcpy(branch->xid, tpc->xid.data, branch->xid_size);
    branch->timeout_s = tpc->timeout ? tpc->timeout : TIMEOUT_S;
    branch->next = server->branches;
    server->branches = branch;
    return branch;
}

static bool start_new(struct client *client, const struct wire_tpc *tpc, bool promote, struct plan_error *error)
{
    struct engine fresh;
    struct error failed = {0};
    if (promote && client->branch) return fail(error, 24797, "cannot promote the current transaction to a distributed transaction");
    if (tpc->xid.size == 0) return fail(error, 24756, "transaction does not exist");
    if (find_xid(client->server, tpc)) return fail(error, 24757, "duplicate transaction identifier");
    if (!client_engine_open(client, &fresh, &failed)) return fail(error, 3113, "end-of-file on communication channel");
    if (client->branch) leave(client);
    struct branch *branch = branch_new(client, tpc);
    if (!promote) {
        branch->engine = fresh;
        join(client, branch);
        return true;
    }
    branch->engine = client->engine; /* the local transaction is the branch's from now on; the session gets another connection */
    branch->holder = client;
    client->home = fresh;
    client->branch = branch;
    return true;
}

static bool start_known(struct client *client, const struct wire_tpc *tpc, struct plan_error *error)
{
    struct branch *branch = find(client, tpc);
    if (!branch || branch->prepared) return fail(error, 24756, "transaction does not exist");
    if (branch->holder == client) return true;
    if (branch->holder) return fail(error, 24774, "cannot switch to specified transaction");
    if (client->branch) leave(client);
    join(client, branch);
    return true;
}

static bool start(struct client *client, const struct wire_tpc *tpc, struct plan_error *error)
{
    bool promote = tpc->flags & WIRE_TPC_PROMOTE;
    if (client->in_transaction && !client->branch && !promote) return fail(error, 24776, "cannot start a new transaction");
    return tpc->flags & (WIRE_TPC_JOIN | WIRE_TPC_RESUME) ? start_known(client, tpc, error) : start_new(client, tpc, promote, error);
}

/* JDBC suspends a branch and ends it then; the second of the two finds nobody joined. */
static struct branch *detach(struct client *client, const struct wire_tpc *tpc, struct plan_error *error)
{
    struct branch *branch = find(client, tpc);
    bool ends_suspended = branch && branch->suspended && !branch->holder;
    if (!client->branch && !ends_suspended) {
        (void)fail(error, 25352, "no current transaction");
        return NULL;
    }
    if (branch != client->branch && !ends_suspended) {
        (void)fail(error, 24758, "not attached to the requested transaction");
        return NULL;
    }
    if (branch->holder) leave(client);
    branch->suspended = tpc->flags & WIRE_TPC_SUSPEND;
    return branch;
}

/* ---- changing its state ---- */

static bool run(struct branch *branch, const char *sql, struct plan_error *error)
{
    struct engine_error failed;
    if (engine_run(&branch->engine, sql, NULL, &failed)) return true;
    snprintf(error->text, sizeof error->text, "ORA-24761: transaction rolled back (%.400s)", failed.text);
    error->ora = 24761;
    return false;
}

static bool prepare(struct server *server, struct branch *branch, uint32_t *state, struct plan_error *error)
{
    if (branch->prepared) return fail(error, 24756, "transaction does not exist");
    if (branch->doomed) {
        destroy(server, branch);
        return fail(error, 24761, "transaction rolled back");
    }
    *state = branch->open ? WIRE_TPC_REQUIRES_COMMIT : WIRE_TPC_READ_ONLY;
    branch->prepared = branch->open;
    if (!branch->open) destroy(server, branch);
    return true;
}

static bool commit(struct server *server, struct branch *branch, const struct wire_tpc *tpc, uint32_t *state, struct plan_error *error)
{
    bool one_phase = tpc->state == WIRE_TPC_READ_ONLY, prepared = branch->prepared;
    if (!one_phase && !prepared) return fail(error, 24771, "cannot detach, prepare or forget a local transaction");
    bool good = !branch->doomed && run(branch, "COMMIT", error);
    if (!good && !error->ora) (void)fail(error, 24761, "transaction rolled back");
    destroy(server, branch);
    if (good && one_phase && prepared) return fail(error, 2053, "transaction committed, some remote DBs may be in-doubt");
    *state = one_phase ? WIRE_TPC_COMMITTED : WIRE_TPC_FORGOTTEN;
    return good;
}

static bool change(struct client *client, const struct wire_tpc *tpc, uint32_t *state, struct plan_error *error)
{
    struct server *server = client->server;
    struct branch *branch = find(client, tpc);
    if (!branch) return fail(error, 24756, "transaction does not exist");
    if (branch->holder && branch->holder != client)
        return fail(error, 24775, "cannot prepare or commit transaction with non-zero lock value");
    if (branch->holder) leave(client);
    switch (tpc->operation) {
    case WIRE_TPC_PREPARE: return prepare(server, branch, state, error);
    case WIRE_TPC_COMMIT: return commit(server, branch, tpc, state, error);
    case WIRE_TPC_ABORT:
        *state = WIRE_TPC_ABORTED;
        destroy(server, branch);
        return true;
    default:
        return fail(error, 24756, "transaction does not exist"); /* nothing ends by heuristics here, so nothing is there to be forgotten */
    }
}

/* ---- the calls ---- */

static bool answer(struct client *client, const struct wire_request *request, struct plan_error *error)
{
    const struct wire_tpc *tpc = &request->tpc;
    if (request->function == WIRE_FN_TPC_STATE) {
        uint32_t state = 0;
        if (!change(client, tpc, &state, error)) return false;
        wire_tpc_state_write(state, &client->reply);
        return true;
    }
    if (tpc->operation == WIRE_TPC_POST_DETACH || (tpc->operation != WIRE_TPC_START && tpc->operation != WIRE_TPC_DETACH))
        return fail(error, 439, "feature not enabled: stand-in does not support this switch of transactions");
    struct branch *branch = tpc->operation == WIRE_TPC_DETACH ? detach(client, tpc, error)
                            : start(client, tpc, error)       ? client->branch
                                                              : NULL;
    if (!branch) return false;
    uint32_t number = branch->number;
    uint8_t context[CONTEXT_SIZE] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
    wire_tpc_switch_write(view_of(context, CONTEXT_SIZE), &client->reply);
    return true;
}

void call_branch(struct client *client, struct wire_request *request)
{
    struct plan_error error = {0};
    bool good = client_free_engine(client, &error);
    pthread_mutex_lock(&client->server->branches_lock);
    good = good && answer(client, request, &error);
    pthread_mutex_unlock(&client->server->branches_lock);
    if (good)
        call_end(client, request, &(struct wire_end){0});
    else
        call_error(client, request, &error, 0);
}

void branch_client_gone(struct client *client)
{
    pthread_mutex_lock(&client->server->branches_lock);
    struct branch *branch = client->branch;
    if (branch) {
        leave(client);
        destroy(client->server, branch);
    }
    pthread_mutex_unlock(&client->server->branches_lock);
}

void branch_expire(struct server *server)
{
    pthread_mutex_lock(&server->branches_lock);
    uint64_t now = clock_monotonic_us(); /* with the lock: no branch was left after it */
    for (struct branch *b = server->branches, *next; b; b = next) {
        next = b->next;
        bool over = now - b->left_at_us > (uint64_t)b->timeout_s * 1000000;
        if (!b->holder && !b->prepared && over) destroy(server, b);
    }
    pthread_mutex_unlock(&server->branches_lock);
}

void branch_close_all(struct server *server)
{
    pthread_mutex_lock(&server->branches_lock);
    while (server->branches) destroy(server, server->branches);
    pthread_mutex_unlock(&server->branches_lock);
}
