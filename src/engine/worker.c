/* SPDX-License-Identifier: Apache-2.0 */
/* Worker: the loop, its listener and its clients; the sessions' environment. */
#include "engine/worker.h"

#include "base/fault.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "engine/session.h"
#include "engine/target_pool.h"
#include "io/stream.h"
#include <stdio.h>

enum { INPUT_MAX = LIMIT_SESSION_INPUT_BYTES, SWEEP_US = 250000 };

/* A ticket of the journal: made by a worker, completed on the journal's thread, delivered on the worker's loop. */
struct ticket {
    struct client *client;
    struct loop_job job;
    uint64_t csn;
    bool refused, busy;
};

struct client {
    struct engine_worker *worker;
    struct session *session;
    struct stream *client, *source;
    struct target_waiter waiter;
    struct timer *timer;
    bool waits_applied, ending, in_end_list;
    bool refused;                /* one too many: told so as soon as it has asked */
    uint64_t since_us, heard_us; /* when it came; when it last sent something or had a call under way */
    struct ticket ticket;        /* of the commit under way: all but always one at a time */
    uint32_t journal_pending;    /* tickets under way, the journal's and cancel requests: the client is freed after the last */
    char peer[64];
    struct client *next, **link, *next_end;
};

struct engine_worker {
    struct engine *engine;
    uint32_t number;
    struct worker_options options;
    struct loop *loop;
    struct listener *listener;
    struct target_pool *pool;
    struct timer *sweeper;
    struct statement_cache *statements;
    struct client *clients, *end_list;
    struct thread *thread;
    uint64_t next_id;
    atomic_bool applied_posted, policy_posted;
    atomic_bool applied_wanted; /* a session waits for it */
    _Atomic uint64_t applied_changes;
    uint64_t applied_seen; /* of the changes, when the first session said that it waits */
    bool stopping;
};

static struct session_environment environment;
static void env_close(void *context, enum session_peer peer);
static void on_applied(void *context);

/* ---- end of a client ---- */

static void end_clients(void *context)
{
    struct engine_worker *worker = context;
    struct client **at = &worker->end_list;
    while (*at) {
        struct client *client = *at;
        if (client->journal_pending) {
            at = &client->next_end;
            continue;
        }
        *at = client->next_end;
        if (client->link) *client->link = client->next;
        if (client->next) client->next->link = client->link;
        target_pool_cancel(worker->pool, &client->waiter);
        struct session_view view;
        session_describe(client->session, &view);
        LOG(LOG_INFO, "session.closed", log_u64("session", view.id), log_text("peer", client->peer), log_u64("calls", view.calls));
        session_free(client->session);
        timer_free(client->timer);
        memory_free(client);
    }
}

static void client_end(struct client *client)
{
    client->ending = true;
    if (client->in_end_list) return;
    client->in_end_list = true;
    client->next_end = client->worker->end_list;
    client->worker->end_list = client;
    loop_at_turn_end(client->worker->loop, end_clients, client->worker);
}

/* ---- streams ---- */

static void pump_client(struct client *client)
{
    while (client->client && !client->ending) {
        struct view input = stream_input(client->client);
        if (input.size == 0) return;
        size_t used = session_client_input(client->session, stream_input_bytes(client->client), input.size);
        if (client->client && used) stream_consume(client->client, used);
        if (used == 0) return;
    }
}

/* A REFUSE before the client has asked could be lost with what it sends meanwhile. */
static void refuse(struct client *client)
{
    struct buffer packet;
    buffer_init(&packet, 0);
    wire_refuse_write(&packet, 12520, "TNS:listener could not find available handler for requested type of server (the limit of sessions)");
    stream_consume(client->client, stream_input(client->client).size);
    stream_write(client->client, buffer_view(&packet));
    buffer_release(&packet);
    env_close(client, PEER_CLIENT);
}

static void client_readable(void *context)
{
    struct client *client = context;
    client->heard_us = loop_now_us(client->worker->loop);
    if (client->refused)
        refuse(client);
    else
        pump_client(client);
}

static void client_closed(void *context, const struct error *why)
{
    struct client *client = context;
    struct stream *stream = client->client;
    client->client = NULL;
    if (stream) stream_close(stream);
    session_client_closed(client->session, why);
    if (client->source) stream_close(client->source);
    client->source = NULL;
    client_end(client);
}

static void source_opened(void *context)
{
    struct client *client = context;
    session_source_opened(client->session);
    pump_client(client);
}

static void source_readable(void *context)
{
    struct client *client = context;
    struct view input = stream_input(client->source);
    if (atomic_load_explicit(&client->worker->engine->commits_in_flight, memory_order_relaxed)) fault_point(FAULT_commit_answered);
    size_t used = session_source_input(client->session, stream_input_bytes(client->source), input.size);
    if (client->source && used) stream_consume(client->source, used);
    if (client->client && client->source && stream_pending(client->client) > 256 * 1024) stream_pause(client->source, true);
    pump_client(client);
}

static void client_drained(void *context)
{
    struct client *client = context;
    if (client->source) stream_pause(client->source, false);
}

static void source_closed(void *context, const struct error *why)
{
    struct client *client = context;
    struct stream *stream = client->source;
    client->source = NULL;
    if (stream) stream_close(stream);
    session_source_closed(client->session, why);
    pump_client(client);
}

static const struct stream_events client_events = {.readable = client_readable, .closed = client_closed, .drained = client_drained};
static const struct stream_events source_events = {.opened = source_opened, .readable = source_readable, .closed = source_closed};

/* ---- the sessions' environment ---- */

static void env_send(void *context, enum session_peer peer, struct view bytes)
{
    struct client *client = context;
    struct stream *stream = peer == PEER_CLIENT ? client->client : client->source;
    if (stream) stream_write(stream, bytes);
    if (peer == PEER_CLIENT) fault_point(FAULT_reply_sent);
}

static void env_close(void *context, enum session_peer peer)
{
    struct client *client = context;
    struct stream **stream = peer == PEER_CLIENT ? &client->client : &client->source;
    if (*stream) stream_close(*stream);
    *stream = NULL;
    if (peer != PEER_CLIENT) return;
    if (client->source) stream_close(client->source);
    client->source = NULL;
    if (!client->ending) session_client_closed(client->session, NULL);
    client_end(client);
}

static bool env_source_connect(void *context)
{
    struct client *client = context;
    const struct engine_options *options = &client->worker->engine->options;
    client->source = stream_connect(client->worker->loop, options->source_host, options->source_port, client->worker->options.source_tls,
                                    5000, INPUT_MAX, &source_events, client);
    return client->source != NULL;
}

static void ticket_delivered(void *context)
{
    struct ticket *ticket = context;
    struct client *client = ticket->client;
    uint64_t csn = ticket->csn;
    bool refused = ticket->refused;
    ticket->busy = false;
    if (ticket != &client->ticket) memory_free(ticket);
    client->journal_pending--;
    if (client->ending) {
        loop_at_turn_end(client->worker->loop, end_clients, client->worker);
    } else {
        fault_point(FAULT_intent_durable);
        session_journal_done(client->session, csn, refused);
        fault_point(FAULT_commit_forwarded);
        pump_client(client);
    }
}

static void ticket_done(void *context, struct journal_ticket done)
{
    struct ticket *ticket = context;
    ticket->refused = done.refused;
    loop_post_job(ticket->client->worker->loop, &ticket->job, ticket_delivered, ticket);
}

static void env_journal(void *context, enum journal_kind kind, uint64_t transaction, uint64_t csn, struct view payload, bool notify)
{
    struct client *client = context;
    struct ticket *ticket = NULL;
    if (notify) {
        ticket = client->ticket.busy ? memory_alloc(sizeof *ticket) : &client->ticket;
        *ticket = (struct ticket){.client = client, .csn = csn, .busy = true};
        client->journal_pending++;
    }
    static const enum fault_point before[] = {
        [JOURNAL_DML] = FAULT_dml_answered, [JOURNAL_INTENT] = FAULT_intent_made, [JOURNAL_OUTCOME] = FAULT_outcome_known};
    static const enum fault_point after[] = {
        [JOURNAL_DML] = FAULT_dml_queued, [JOURNAL_INTENT] = FAULT_intent_queued, [JOURNAL_OUTCOME] = FAULT_outcome_queued};
    if (kind <= JOURNAL_OUTCOME) fault_point(before[kind]);
    journal_append(client->worker->engine->journal, kind, transaction, csn, payload, notify ? ticket_done : NULL, ticket);
    if (kind <= JOURNAL_OUTCOME) fault_point(after[kind]);
}

static void lease_granted(void *context, struct pg *pg, const struct error *error)
{
    struct client *client = context;
    session_target_granted(client->session, pg, error);
}

static void env_target_lease(void *context, bool exclusive)
{
    struct client *client = context;
    client->waiter = (struct target_waiter){.granted = lease_granted, .context = client, .exclusive = exclusive};
    target_pool_lease(client->worker->pool, &client->waiter);
}

static void env_target_cancel_lease(void *context)
{
    struct client *client = context;
    target_pool_cancel(client->worker->pool, &client->waiter);
}

static void env_target_return(void *context, struct pg *pg, bool exclusive, bool broken)
{
    struct client *client = context;
    target_pool_return(client->worker->pool, pg, exclusive, broken);
}

static void cancel_delivered(void *context)
{
    struct client *client = context;
    client->journal_pending--;
    if (client->ending) {
        loop_at_turn_end(client->worker->loop, end_clients, client->worker);
        return;
    }
    session_cancel_sent(client->session);
    pump_client(client);
}

static void cancel_sent(void *context)
{
    struct client *client = context;
    loop_post(client->worker->loop, cancel_delivered, client);
}

static void env_target_cancel(void *context, struct pg *pg, bool notify)
{
    struct client *client = context;
    if (notify) client->journal_pending++;
    target_pool_stop(client->worker->pool, pg, notify ? cancel_sent : NULL, client);
}

static void env_target_flush(void *context, struct pg *pg)
{
    struct client *client = context;
    target_pool_flush(client->worker->pool, pg);
}

static void timer_fired(void *context)
{
    struct client *client = context;
    if (!client->ending) session_tick(client->session);
    if (!client->ending) pump_client(client);
}

static void env_wake_after(void *context, uint64_t microseconds)
{
    struct client *client = context;
    if (!client->timer) client->timer = timer_new(client->worker->loop, timer_fired, client);
    if (microseconds)
        timer_start(client->timer, microseconds, 0);
    else
        timer_stop(client->timer);
}

static void env_wait_applied(void *context)
{
    struct client *client = context;
    struct engine_worker *worker = client->worker;
    client->waits_applied = true;
    atomic_store(&worker->applied_wanted, true);
    /* It may have moved between the session's look and now, when nobody was known to want it. */
    uint64_t changes = atomic_load(&worker->applied_changes);
    if (changes == worker->applied_seen) return;
    worker->applied_seen = changes;
    if (!atomic_exchange(&worker->applied_posted, true)) loop_post(worker->loop, on_applied, worker);
}

static uint64_t env_now_us(void *context)
{
    struct client *client = context;
    return loop_now_us(client->worker->loop);
}

static void env_shadow(void *context, struct shadow_job *job)
{
    struct client *client = context;
    shadow_submit(client->worker->options.shadow, job);
}

static struct session_environment environment = {
    .send = env_send,
    .close = env_close,
    .source_connect = env_source_connect,
    .journal = env_journal,
    .target_lease = env_target_lease,
    .target_return = env_target_return,
    .target_cancel = env_target_cancel,
    .target_cancel_lease = env_target_cancel_lease,
    .target_flush = env_target_flush,
    .wake_after = env_wake_after,
    .wait_applied = env_wait_applied,
    .now_us = env_now_us,
    .shadow = env_shadow,
};

/* ---- clients that take too long ---- */

static void end_by_limit(struct client *client, const char *limit)
{
    struct session_view view;
    session_describe(client->session, &view);
    LOG(LOG_WARNING, "session.limit", log_u64("session", view.id), log_text("peer", client->peer), log_text("limit", limit));
    env_close(client, PEER_CLIENT);
}

static void sweep(void *context)
{
    struct engine_worker *worker = context;
    const struct engine_options *options = &worker->engine->options;
    uint64_t now = loop_now_us(worker->loop);
    for (struct client *client = worker->clients, *next; client; client = next) {
        next = client->next;
        if (client->ending) continue;
        bool in_call = session_logged_in(client->session) && !session_wants_client_input(client->session);
        if (in_call) client->heard_us = now;
        if (!session_logged_in(client->session) && now - client->since_us > options->login_timeout_us)
            end_by_limit(client, "LOGIN_US");
        else if (options->idle_timeout_us && !in_call && now - client->heard_us > options->idle_timeout_us)
            end_by_limit(client, "IDLE_US");
    }
}

/* ---- clients come ---- */

static void accepted(void *context, struct stream *stream)
{
    struct engine_worker *worker = context;
    struct client *client = memory_zero(1, sizeof *client);
    client->worker = worker;
    client->client = stream;
    client->next = worker->clients;
    client->link = &worker->clients;
    if (client->next) client->next->link = &client->next;
    worker->clients = client;
    stream_peer(stream, client->peer);
    stream_set_events(stream, &client_events, client);
    uint64_t id = (++worker->next_id << 8) | worker->number;
    client->session = session_new(worker->engine, id, worker->statements, &environment, client);
    client->since_us = client->heard_us = loop_now_us(worker->loop);
    LOG(LOG_INFO, "session.opened", log_u64("session", id), log_text("peer", client->peer));
    client->refused = atomic_load_explicit(&worker->engine->sessions, memory_order_relaxed) > worker->engine->options.sessions_max;
    if (client->refused) {
        LOG_RATED(LOG_WARNING, "session.limit", log_u64("session", id), log_text("peer", client->peer), log_text("limit", "SESSIONS"));
        return;
    }
    const struct engine_policy *policy = engine_policy(worker->engine);
    if (policy->source_attached)
        env_source_connect(client);
    else
        session_source_closed(client->session, NULL);
}

static void pool_lost(void *context, struct pg *pg)
{
    struct engine_worker *worker = context;
    for (struct client *client = worker->clients; client; client = client->next) session_lease_lost(client->session, pg);
}

static void on_applied(void *context)
{
    struct engine_worker *worker = context;
    atomic_store(&worker->applied_posted, false);
    atomic_store(&worker->applied_wanted, false); /* who still waits says so again */
    for (struct client *client = worker->clients, *next; client; client = next) {
        next = client->next;
        if (!client->waits_applied || client->ending) continue;
        client->waits_applied = false;
        session_applied(client->session);
        pump_client(client);
    }
}

static void on_policy(void *context)
{
    struct engine_worker *worker = context;
    atomic_store(&worker->policy_posted, false);
    if (engine_policy(worker->engine)->target_down) target_pool_give_up(worker->pool);
    for (struct client *client = worker->clients, *next; client; client = next) {
        next = client->next;
        if (client->ending) continue;
        session_policy_changed(client->session);
        pump_client(client);
    }
}

void worker_applied_changed(struct engine_worker *worker)
{
    atomic_fetch_add(&worker->applied_changes, 1); /* before the look at who waits: env_wait_applied does it the other way round */
    if (atomic_load(&worker->applied_wanted) && !atomic_exchange(&worker->applied_posted, true))
        loop_post(worker->loop, on_applied, worker);
}

void worker_policy_changed(struct engine_worker *worker)
{
    if (!atomic_exchange(&worker->policy_posted, true)) loop_post(worker->loop, on_policy, worker);
}

/* ---- life ---- */

static void worker_main(void *context)
{
    struct engine_worker *worker = context;
    loop_run(worker->loop);
}

struct engine_worker *worker_start(struct engine *engine, uint32_t number, const struct worker_options *options, struct error *error)
{
    struct engine_worker *worker = memory_zero(1, sizeof *worker);
    worker->engine = engine;
    worker->number = number;
    worker->options = *options;
    worker->loop = loop_new();
    worker->listener = listener_new(worker->loop, options->address, options->port, options->client_tls, INPUT_MAX, accepted, worker, error);
    if (!worker->listener) {
        loop_free(worker->loop);
        memory_free(worker);
        return NULL;
    }
    worker->statements = statement_cache_new(engine->statements);
    worker->pool = target_pool_new(engine, worker->loop, engine->options.target_connections, pool_lost, worker);
    worker->sweeper = timer_new(worker->loop, sweep, worker);
    timer_start(worker->sweeper, SWEEP_US, SWEEP_US);
    char name[16];
    snprintf(name, sizeof name, "worker-%u", number);
    worker->thread = thread_start(name, worker_main, worker, error);
    return worker->thread ? worker : NULL;
}

uint16_t worker_port(const struct engine_worker *worker)
{
    return listener_port(worker->listener);
}

static void on_stop(void *context)
{
    struct engine_worker *worker = context;
    worker->stopping = true;
    listener_free(worker->listener);
    worker->listener = NULL;
    timer_free(worker->sweeper);
    for (struct client *client = worker->clients, *next; client; client = next) {
        next = client->next;
        if (!client->ending) env_close(client, PEER_CLIENT);
    }
    end_clients(worker);
    loop_stop(worker->loop);
}

void worker_stop(struct engine_worker *worker, bool close_sessions)
{
    (void)close_sessions;
    if (!worker) return;
    loop_post(worker->loop, on_stop, worker);
    thread_join(worker->thread);
    target_pool_free(worker->pool);
    statement_cache_free(worker->statements);
    loop_free(worker->loop);
    memory_free(worker);
}

/* ---- questions of control ---- */

struct session_question {
    struct engine_worker *worker;
    struct worker_session *out;
    uint32_t max, count;
    struct mutex mutex;
    struct condition answered;
    bool done;
};

static void list_sessions(void *context)
{
    struct session_question *question = context;
    for (struct client *client = question->worker->clients; client && question->count < question->max; client = client->next) {
        struct session_view view;
        if (client->ending) continue;
        session_describe(client->session, &view);
        struct worker_session *out = &question->out[question->count++];
        memset(out, 0, sizeof *out);
        out->id = view.id;
        snprintf(out->user, sizeof out->user, "%s", view.user);
        snprintf(out->program, sizeof out->program, "%s", view.program);
        snprintf(out->peer, sizeof out->peer, "%s", client->peer);
        snprintf(out->state, sizeof out->state, "%s", view.state);
        snprintf(out->last_side, sizeof out->last_side, "%s", view.last_side);
        snprintf(out->statement, sizeof out->statement, "%s", view.statement);
        out->calls = view.calls;
        out->transaction_us = view.transaction_open ? loop_now_us(question->worker->loop) - view.transaction_since_us : 0;
    }
    mutex_lock(&question->mutex);
    question->done = true;
    condition_signal(&question->answered);
    mutex_unlock(&question->mutex);
}

uint32_t engine_sessions(struct engine *engine, struct worker_session *out, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < engine->worker_count && count < max; i++) {
        struct session_question question = {.worker = engine->workers[i], .out = out + count, .max = max - count};
        mutex_init(&question.mutex);
        condition_init(&question.answered);
        loop_post(engine->workers[i]->loop, list_sessions, &question);
        mutex_lock(&question.mutex);
        while (!question.done) condition_wait(&question.answered, &question.mutex);
        mutex_unlock(&question.mutex);
        count += question.count;
        mutex_release(&question.mutex);
        condition_release(&question.answered);
    }
    return count;
}

uint64_t engine_longest_hold_us(struct engine *engine)
{
    return atomic_exchange(&engine->longest_hold_us, 0);
}
