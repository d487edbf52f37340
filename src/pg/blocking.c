/* SPDX-License-Identifier: Apache-2.0 */
/* The blocking calls: connecting, running, waiting for a pipeline, COPY. */
#include "pg/connection_internal.h"

#include "base/clock.h"
#include <stdlib.h>

struct connecting {
    bool over;
    struct error error;
};

static void connected(void *context, struct pg *pg, enum pg_state state, const struct error *error)
{
    (void)pg;
    struct connecting *connecting = context;
    if (state == PG_LOST) connecting->error = *error;
    connecting->over = true;
}

struct pg *pg_connect(const char *conninfo, uint32_t timeout_ms, struct error *error)
{
    struct connecting connecting = {0};
    uint64_t until = clock_monotonic_us() + (uint64_t)timeout_ms * 1000;
    struct pg *pg = pg_start(conninfo, connected, &connecting, error);
    while (pg && !connecting.over) {
        uint64_t now = clock_monotonic_us();
        if (now >= until || !pg_wait_socket(pg_socket(pg), pg_wants(pg), (int64_t)(until - now + 999) / 1000)) {
            error_set(&connecting.error, ERROR_TIMEOUT, "the target did not answer within %u ms", timeout_ms);
            break;
        }
        pg_ready(pg, pg_wants(pg));
    }
    if (!pg) return NULL;
    pg->on_state = NULL;
    pg->patience_ms = PG_PATIENCE_MS;
    if (pg->state == PG_READY) return pg;
    if (error) *error = connecting.error;
    pg_close(pg);
    return NULL;
}

static bool lost(struct error *error)
{
    return error_set(error, ERROR_TARGET_LOST, "there is no connection to the target");
}

/* timeout_ms < 0: none */
static bool wait_answers(struct pg *pg, int64_t timeout_ms, struct error *error)
{
    uint64_t until = clock_monotonic_us() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms) * 1000;
    if (pg->state == PG_READY && pg->unsynced) pg_sync(pg);
    while (pg->state == PG_READY && pg->count > 0) {
        int64_t left = -1;
        if (timeout_ms >= 0) {
            uint64_t now = clock_monotonic_us();
            left = now >= until ? 0 : (int64_t)(until - now + 999) / 1000;
        }
        if (!pg_wait_socket(pg_socket(pg), pg_wants(pg), left))
            return error_set(error, ERROR_TIMEOUT, "the target did not answer within %lld ms", (long long)timeout_ms);
        pg_ready(pg, PG_WANT_READ | PG_WANT_WRITE);
        if (pg->unsynced) pg_sync(pg); /* a callback sent more */
    }
    return pg->state == PG_READY || lost(error);
}

bool pg_run_wait(struct pg *pg, uint32_t timeout_ms, struct error *error)
{
    return wait_answers(pg, (int64_t)timeout_ms, error);
}

/* True: something is still awaited; its socket and wants are noted. */
static bool is_awaited(struct pg *pg, int *descriptor, int *wants)
{
    if (pg->state == PG_READY && pg->unsynced) pg_sync(pg);
    bool awaited = pg->state == PG_READY && pg->count > 0;
    *descriptor = awaited ? pg_socket(pg) : -1;
    *wants = awaited ? pg_wants(pg) : 0;
    return awaited;
}

bool pg_run_wait_all(struct pg *const *list, uint32_t count, uint32_t timeout_ms, struct error *error)
{
    int descriptors[PG_WAIT_MAX], wants[PG_WAIT_MAX];
    uint64_t until = clock_monotonic_us() + (uint64_t)timeout_ms * 1000;
    CHECK(count <= PG_WAIT_MAX);
    for (;;) {
        bool any = false, good = true;
        for (uint32_t i = 0; i < count; i++) {
            any = is_awaited(list[i], &descriptors[i], &wants[i]) || any;
            good = good && list[i]->state == PG_READY;
        }
        if (!any) return good || lost(error);
        uint64_t now = clock_monotonic_us();
        int64_t left = now >= until ? 0 : (int64_t)(until - now + 999) / 1000;
        if (!pg_wait_sockets(descriptors, wants, count, left))
            return error_set(error, ERROR_TIMEOUT, "the target did not answer within %u ms", timeout_ms);
        for (uint32_t i = 0; i < count; i++)
            if (descriptors[i] >= 0) pg_ready(list[i], PG_WANT_READ | PG_WANT_WRITE);
    }
}

void pg_set_patience(struct pg *pg, uint32_t timeout_ms)
{
    pg->patience_ms = timeout_ms;
}

void pg_abandon(struct pg *pg, const char *why)
{
    pg_lose(pg, why);
}

/* Until the patience is over; then the connection is, so that no callback outlives its caller. */
static bool wait_patiently(struct pg *pg, struct error *error)
{
    struct error why = {0};
    if (wait_answers(pg, pg->patience_ms ? (int64_t)pg->patience_ms : -1, &why)) return true;
    if (why.code == ERROR_TIMEOUT) pg_lose(pg, "no answer in time");
    if (error) *error = why;
    return false;
}

/* Ready for libpq's own blocking calls. */
static bool settle(struct pg *pg, struct error *error)
{
    return pg->state == PG_READY ? wait_patiently(pg, error) && pg_pipeline_leave(pg, error) : lost(error);
}

/* A statement on a settled connection. False: there was no answer in time, the connection is lost. */
static bool execute(struct pg *pg, const char *text, PGresult **handle, struct error *error)
{
    bool expired;
    *handle = pg_exec_patiently(pg->handle, text, pg->patience_ms, &expired);
    if (!expired) return true;
    pg_lose(pg, "no answer in time");
    return error_set(error, ERROR_TIMEOUT, "the target did not answer within %u ms", pg->patience_ms);
}

/* Takes a result over; false with its error if it is one. */
static bool finish(struct pg *pg, PGresult *handle, struct pg_result *result, struct error *error)
{
    struct pg_result local;
    if (!result) result = &local;
    if (!handle) {
        *result = (struct pg_result){0};
        pg_fail(&result->error, ERROR_TARGET_LOST, pg->handle, "the target");
    } else {
        pg_result_init(result, handle);
    }
    bool ok = result->ok;
    if (!ok && error) *error = result->error;
    if (result == &local) pg_result_free(result);
    if (PQstatus(pg->handle) == CONNECTION_BAD) {
        if (!ok && error) error->code = ERROR_TARGET_LOST;
        pg_lose(pg, "the target");
    }
    return ok;
}

bool pg_run(struct pg *pg, const char *text, struct pg_result *result, struct error *error)
{
    if (result) *result = (struct pg_result){0};
    PGresult *handle;
    if (!settle(pg, error) || !execute(pg, text, &handle, error)) return false;
    return finish(pg, handle, result, error);
}

struct run_prepared {
    struct pg_result result;
    bool done;
};

static void run_prepared_done(void *context, struct pg_result *result)
{
    struct run_prepared *run = context;
    pg_result_take(result, &run->result);
    run->done = true;
}

bool pg_run_prepared(struct pg *pg, const char *name, const char *text, const struct pg_parameter *parameters, uint32_t count,
                     struct pg_result *result, struct error *error)
{
    struct run_prepared run = {0};
    if (result) *result = (struct pg_result){0};
    if (!wait_patiently(pg, error)) return false;
    pg_send_prepared(pg, name, text, parameters, count, run_prepared_done, &run);
    struct error why = {0};
    bool waited = wait_patiently(pg, &why);
    CHECK(run.done || !waited);
    if (run.done && !run.result.ok && why.code != ERROR_TIMEOUT) why = run.result.error;
    if (why.code && error) *error = why;
    bool ok = run.done && run.result.ok;
    if (result)
        *result = run.result;
    else
        pg_result_free(&run.result);
    return ok;
}

/* ---- COPY ---- */

bool pg_copy_start(struct pg *pg, const char *copy_statement, struct error *error)
{
    PGresult *handle;
    if (!settle(pg, error) || !execute(pg, copy_statement, &handle, error)) return false;
    bool copying = PQresultStatus(handle) == PGRES_COPY_IN;
    if (!finish(pg, handle, NULL, error)) return false;
    if (!copying) return error_set(error, ERROR_INTERNAL, "not a COPY FROM STDIN: %.100s", copy_statement);
    PQsetnonblocking(pg->handle, 0);
    return true;
}

bool pg_copy_data(struct pg *pg, struct view rows, struct error *error)
{
    enum { PIECE = 1 << 30 };
    if (pg->state != PG_READY) return lost(error);
    while (rows.size > 0) {
        size_t piece = rows.size < PIECE ? rows.size : PIECE;
        if (PQputCopyData(pg->handle, (const char *)rows.data, (int)piece) != 1) {
            pg_fail(error, ERROR_TARGET_LOST, pg->handle, "COPY");
            pg_lose(pg, "COPY");
            return false;
        }
        rows = view_of(rows.data + piece, rows.size - piece);
    }
    return true;
}

bool pg_copy_end(struct pg *pg, const char *abort_reason, uint64_t *rows, struct error *error)
{
    struct pg_result result = {0};
    if (rows) *rows = 0;
    if (pg->state != PG_READY) return lost(error);
    bool ok = PQputCopyEnd(pg->handle, abort_reason) == 1;
    PGresult *handle = PQgetResult(pg->handle);
    for (PGresult *more; handle && (more = PQgetResult(pg->handle));) PQclear(more);
    ok = finish(pg, handle, &result, error) && ok;
    if (rows) *rows = result.affected;
    pg_result_free(&result);
    if (pg->state == PG_READY) PQsetnonblocking(pg->handle, 1);
    return ok;
}
