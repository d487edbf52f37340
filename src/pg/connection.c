/* SPDX-License-Identifier: Apache-2.0 */
/* Connection: from connecting to closed or lost. */
#include "pg/connection_internal.h"

#include "base/memory.h"

/* The text forms that pg/value.c reads do not depend on how the server or the user is configured. */
#define SESSION_OPTIONS                                                                                                                    \
    "-c datestyle=ISO,YMD -c intervalstyle=postgres -c bytea_output=hex -c extra_float_digits=1 -c standard_conforming_strings=on"

bool pg_fail(struct error *error, enum error_code code, PGconn *handle, const char *what)
{
    struct view text = view_trim(view_text(handle ? PQerrorMessage(handle) : "out of memory"));
    return error_set(error, code, "%s: " VIEW_FORMAT, what, VIEW_ARGUMENTS(text));
}

static void drop_notice(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

/* conninfo with our session options behind the user's own, so that ours win. */
static PGconn *open_with(PQconninfoOption *given, bool replication)
{
    enum { MOST = 64 };
    /* A peer that is gone without a word is noticed within half a minute; what the user gives comes later and wins. */
    static const char *const defaults[][2] = {
        {"keepalives_idle", "10"}, {"keepalives_interval", "5"}, {"keepalives_count", "4"}, {"tcp_user_timeout", "30000"}};
    const char *keys[MOST + 8], *values[MOST + 8];
    struct buffer options;
    int count = 0;
    buffer_init(&options, 0);
    for (; count < (int)(sizeof defaults / sizeof *defaults); count++) keys[count] = defaults[count][0], values[count] = defaults[count][1];
    for (const PQconninfoOption *option = given; option->keyword && count < MOST; option++) {
        if (!option->val) continue;
        if (strcmp(option->keyword, "options") == 0) {
            buffer_printf(&options, "%s ", option->val);
            continue;
        }
        keys[count] = option->keyword;
        values[count++] = option->val;
    }
    buffer_append(&options, SESSION_OPTIONS, sizeof SESSION_OPTIONS);
    keys[count] = "options", values[count++] = (const char *)options.data + options.start;
    keys[count] = "client_encoding", values[count++] = "UTF8";
    keys[count] = "fallback_application_name", values[count++] = "understudy";
    if (replication) keys[count] = "replication", values[count++] = "database";
    keys[count] = values[count] = NULL;
    PGconn *handle = PQconnectStartParams(keys, values, 0);
    buffer_release(&options);
    return handle;
}

PGconn *pg_open(const char *conninfo, bool replication, struct error *error)
{
    char *why = NULL;
    PQconninfoOption *given = PQconninfoParse(conninfo, &why);
    if (!given) {
        struct view text = view_trim(view_text(why ? why : "out of memory"));
        error_set(error, ERROR_CONFIG, "the target's connection string: " VIEW_FORMAT, VIEW_ARGUMENTS(text));
        PQfreemem(why);
        return NULL;
    }
    PGconn *handle = open_with(given, replication);
    PQconninfoFree(given);
    if (handle && PQstatus(handle) != CONNECTION_BAD) {
        PQsetNoticeReceiver(handle, drop_notice, NULL);
        return handle;
    }
    pg_fail(error, ERROR_TARGET_LOST, handle, "cannot connect to the target");
    PQfinish(handle);
    return NULL;
}

struct pg *pg_start(const char *conninfo, pg_on_state *on_state, void *context, struct error *error)
{
    PGconn *handle = pg_open(conninfo, false, error);
    if (!handle) return NULL;
    struct pg *pg = memory_zero(1, sizeof *pg);
    *pg = (struct pg){.handle = handle, .state = PG_CONNECTING, .polling = PGRES_POLLING_WRITING, .on_state = on_state, .context = context};
    map_init(&pg->statements);
    buffer_init(&pg->scratch, 0);
    return pg;
}

static void pg_free(struct pg *pg)
{
    pg_pipeline_release(pg);
    PQfreeCancel(pg->cancel);
    PQfinish(pg->handle);
    memory_free(pg);
}

void pg_close(struct pg *pg)
{
    if (!pg || pg->closing) return;
    struct error error = {0};
    error_set(&error, ERROR_CANCELLED, "the connection to the target was closed");
    pg->closing = true;
    pg->state = PG_CLOSED;
    pg->depth++;
    pg_pipeline_fail(pg, &error);
    if (--pg->depth == 0) pg_free(pg); /* else the callback's caller does it */
}

static void set_state(struct pg *pg, enum pg_state state, const struct error *error)
{
    pg->state = state;
    if (pg->on_state) pg->on_state(pg->context, pg, state, error);
}

void pg_lose(struct pg *pg, const char *what)
{
    if (pg->state != PG_READY && pg->state != PG_CONNECTING) return;
    struct error error = {0};
    pg_fail(&error, ERROR_TARGET_LOST, pg->handle, what);
    pg->state = PG_LOST;
    pg->depth++;
    pg_pipeline_fail(pg, &error);
    if (!pg->closing) set_state(pg, PG_LOST, &error);
    if (--pg->depth == 0 && pg->closing) pg_free(pg);
}

static void go_on_connecting(struct pg *pg)
{
    pg->polling = PQconnectPoll(pg->handle);
    if (pg->polling == PGRES_POLLING_FAILED) {
        pg_lose(pg, "cannot connect to the target");
    } else if (pg->polling == PGRES_POLLING_OK) {
        PQsetnonblocking(pg->handle, 1);
        pg->cancel = PQgetCancel(pg->handle);
        pg->depth++;
        set_state(pg, PG_READY, NULL);
        if (--pg->depth == 0 && pg->closing) pg_free(pg);
    }
}

static void flush(struct pg *pg)
{
    pg->unflushed = PQflush(pg->handle) != 0; /* a failure shows when reading */
}

void pg_flush(struct pg *pg)
{
    if (pg->state == PG_READY && pg->unflushed) flush(pg);
}

void pg_ready(struct pg *pg, int what)
{
    if (pg->state == PG_CONNECTING) {
        go_on_connecting(pg);
        return;
    }
    if (pg->state != PG_READY) return;
    bool good = !(what & PG_WANT_READ) || PQconsumeInput(pg->handle);
    if (pg->unflushed) flush(pg);
    pg->depth++;
    pg_pipeline_read(pg);
    if (!pg->closing && pg->state == PG_READY && (!good || PQstatus(pg->handle) == CONNECTION_BAD)) pg_lose(pg, "the target");
    if (--pg->depth == 0 && pg->closing) pg_free(pg);
}

int pg_socket(const struct pg *pg)
{
    return PQsocket(pg->handle);
}

int pg_wants(const struct pg *pg)
{
    if (pg->state == PG_CONNECTING) return pg->polling == PGRES_POLLING_READING ? PG_WANT_READ : PG_WANT_WRITE;
    if (pg->state != PG_READY) return 0;
    return PG_WANT_READ | (pg->unflushed ? PG_WANT_WRITE : 0);
}

enum pg_state pg_state(const struct pg *pg)
{
    return pg->state;
}
uint32_t pg_in_flight(const struct pg *pg)
{
    return pg->in_flight;
}

bool pg_cancel(struct pg *pg, struct error *error)
{
    char why[256] = "no connection";
    if (pg->cancel && PQcancel(pg->cancel, why, sizeof why)) return true;
    return error_set(error, ERROR_TARGET_LOST, "cannot cancel: %s", why);
}

/* libpq's PGcancel stands for itself: it holds the address, the process and its key. */
struct pg_cancel *pg_cancel_new(struct pg *pg)
{
    return pg->handle ? (struct pg_cancel *)PQgetCancel(pg->handle) : NULL;
}

bool pg_cancel_send(struct pg_cancel *cancel, struct error *error)
{
    char why[256] = "no connection";
    bool sent = cancel && PQcancel((PGcancel *)cancel, why, sizeof why);
    pg_cancel_free(cancel);
    return sent || error_set(error, ERROR_TARGET_LOST, "cannot cancel: %s", why);
}

void pg_cancel_free(struct pg_cancel *cancel)
{
    PQfreeCancel((PGcancel *)cancel);
}
