/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apply bench: statements a second through pg_send_prepared, with values turned into parameters, beside a bare libpq pipeline loop that
 * sends the same statements with texts made ahead. Half updates by key, half inserts of 12 columns; groups of 32 with one progress row each, at
 * most 512 statements on their way. Rounds alternate, medians are shown.
 *   bench_apply CONNINFO [seconds a round [rounds]]
 */
#include "pg/connection.h"

#include "base/memory.h"
#include "tests/bench/outcome.h"
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 100000, FOLD = 32, WINDOW = 512, COLUMNS = 12 };
static const char update_sql[] = "UPDATE account SET balance = balance + $1, changed = $2 WHERE id = $3";
static const char insert_sql[] = "INSERT INTO entry VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
static const char progress_sql[] = "UPDATE progress SET csn = $1 WHERE id = 1";

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
static _Noreturn void stop(const char *why)
{
    fprintf(stderr, "bench_apply: %s\n", why);
    exit(1);
}

static uint64_t next_id; /* of entries, over all rounds */

/* ---- ours ---- */

static void done(void *context, struct pg_result *result)
{
    uint64_t *answered = context;
    if (!result->ok) stop(result->error.text);
    (*answered)++;
}

static void send_update(struct pg *pg, struct arena *arena, uint64_t *answered)
{
    struct value values[3] = {value_number_i64(arena, (int64_t)(next_id % 1000)),
                              {.type = VALUE_DATETIME, .datetime = {2026, 1, 31, 12, 30, 15, false, 0, 0}},
                              value_number_i64(arena, (int64_t)(next_id * 7919 % ROWS))};
    struct pg_parameter parameters[3];
    for (int i = 0; i < 3; i++)
        if (!pg_value_to_parameter(&values[i], arena, &parameters[i], NULL)) stop("value");
    pg_send_prepared(pg, "u", update_sql, parameters, 3, done, answered);
}

static void send_insert(struct pg *pg, struct arena *arena, uint64_t *answered)
{
    struct value values[COLUMNS];
    struct pg_parameter parameters[COLUMNS];
    for (int i = 0; i < COLUMNS; i++)
        values[i] = i < 6 ? value_number_i64(arena, (int64_t)next_id + (i ? i : 0)) : value_text(view_text("a text of some length"));
    values[5] = (struct value){.type = VALUE_DATETIME, .datetime = {2026, 1, 31, 12, 30, 15, false, 0, 0}};
    for (int i = 0; i < COLUMNS; i++)
        if (!pg_value_to_parameter(&values[i], arena, &parameters[i], NULL)) stop("value");
    pg_send_prepared(pg, "i", insert_sql, parameters, COLUMNS, done, answered);
}

static void turn(struct pg *pg, int timeout_ms)
{
    int wants = pg_wants(pg);
    struct pollfd one = {.fd = pg_socket(pg), .events = (short)(POLLIN | (wants & PG_WANT_WRITE ? POLLOUT : 0))};
    poll(&one, 1, timeout_ms);
    if (one.revents) pg_ready(pg, (one.revents & ~POLLOUT ? PG_WANT_READ : 0) | (one.revents & POLLOUT ? PG_WANT_WRITE : 0));
    if (pg_state(pg) != PG_READY) stop("connection lost");
}

static struct outcome run_ours(const char *conninfo, double seconds)
{
    struct error error = {0};
    struct pg *pg = pg_connect(conninfo, 5000, &error);
    if (!pg) stop(error.text);
    struct arena arena;
    arena_init(&arena, 0);
    uint64_t answered = 0, sent = 0, groups = 0;
    double begin = now_s(), cpu = cpu_s();
    while (now_s() - begin < seconds) {
        while (pg_in_flight(pg) + FOLD <= WINDOW) {
            arena_reset(&arena);
            for (int i = 0; i < FOLD; i++, next_id++, sent++) (i % 2 ? send_insert : send_update)(pg, &arena, &answered);
            struct value csn = value_number_i64(&arena, (int64_t)++groups);
            struct pg_parameter parameter;
            if (!pg_value_to_parameter(&csn, &arena, &parameter, NULL)) stop("value");
            pg_send_prepared(pg, "p", progress_sql, &parameter, 1, done, &answered);
            pg_sync(pg);
        }
        turn(pg, 1000);
    }
    while (pg_in_flight(pg)) turn(pg, 1000);
    double duration = now_s() - begin;
    struct outcome outcome = {(double)sent / duration, (cpu_s() - cpu) * 1e6 / (double)sent};
    pg_close(pg);
    arena_release(&arena);
    return outcome;
}

/* ---- bare libpq ---- */

static void bare_prepare(PGconn *handle, const char *name, const char *text)
{
    PGresult *result = PQprepare(handle, name, text, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) stop(PQerrorMessage(handle));
    PQclear(result);
}

static uint32_t bare_read(PGconn *handle, uint32_t outstanding)
{
    if (!PQconsumeInput(handle)) stop(PQerrorMessage(handle));
    static int nulls;
    while (outstanding && !PQisBusy(handle)) {
        PGresult *result = PQgetResult(handle);
        if (!result) {
            if (++nulls > 2) break;
            continue;
        }
        nulls = 0;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_COMMAND_OK)
            outstanding--;
        else if (status != PGRES_PIPELINE_SYNC)
            stop(PQerrorMessage(handle));
        PQclear(result);
    }
    nulls = 0;
    return outstanding;
}

static void bare_turn(PGconn *handle, uint32_t *outstanding)
{
    int unsent = PQflush(handle);
    struct pollfd one = {.fd = PQsocket(handle), .events = (short)(POLLIN | (unsent ? POLLOUT : 0))};
    poll(&one, 1, 1000);
    if (one.revents & POLLIN) *outstanding = bare_read(handle, *outstanding);
}

static struct outcome run_bare(const char *conninfo, double seconds)
{
    PGconn *handle = PQconnectdb(conninfo);
    if (PQstatus(handle) != CONNECTION_OK) stop(PQerrorMessage(handle));
    bare_prepare(handle, "u", update_sql);
    bare_prepare(handle, "i", insert_sql);
    bare_prepare(handle, "p", progress_sql);
    PQsetnonblocking(handle, 1);
    PQenterPipelineMode(handle);
    uint32_t outstanding = 0;
    uint64_t sent = 0, groups = 0;
    double begin = now_s(), cpu = cpu_s();
    while (now_s() - begin < seconds) {
        while (outstanding + FOLD <= WINDOW) {
            char id[24], key[24], amount[24], csn[24];
            const char *update[] = {amount, "2026-01-31 12:30:15", key};
            const char *insert[COLUMNS] = {id, id, id, id, id, "2026-01-31 12:30:15"};
            for (int i = 6; i < COLUMNS; i++) insert[i] = "a text of some length";
            for (int i = 0; i < FOLD; i++, next_id++, sent++, outstanding++) {
                snprintf(id, sizeof id, "%llu", (unsigned long long)next_id);
                snprintf(key, sizeof key, "%llu", (unsigned long long)(next_id * 7919 % ROWS));
                snprintf(amount, sizeof amount, "%llu", (unsigned long long)(next_id % 1000));
                int good = i % 2 ? PQsendQueryPrepared(handle, "i", COLUMNS, insert, NULL, NULL, 0)
                                 : PQsendQueryPrepared(handle, "u", 3, update, NULL, NULL, 0);
                if (!good) stop(PQerrorMessage(handle));
            }
            snprintf(csn, sizeof csn, "%llu", (unsigned long long)++groups);
            const char *progress[] = {csn};
            if (!PQsendQueryPrepared(handle, "p", 1, progress, NULL, NULL, 0) || !PQpipelineSync(handle)) stop(PQerrorMessage(handle));
            outstanding++;
        }
        bare_turn(handle, &outstanding);
    }
    while (outstanding) bare_turn(handle, &outstanding);
    double duration = now_s() - begin;
    struct outcome outcome = {(double)sent / duration, (cpu_s() - cpu) * 1e6 / (double)sent};
    PQfinish(handle);
    return outcome;
}

/* ---- the run ---- */

static void make_tables(const char *conninfo)
{
    struct error error = {0};
    struct pg *pg = pg_connect(conninfo, 5000, &error);
    if (!pg) stop(error.text);
    char text[800];
    snprintf(text, sizeof text,
             "DROP TABLE IF EXISTS account, entry, progress;"
             "CREATE TABLE account (id bigint PRIMARY KEY, balance numeric NOT NULL, changed timestamp) WITH (fillfactor = 70);"
             "INSERT INTO account SELECT i, 0, now() FROM generate_series(0, %d) i;"
             "CREATE TABLE entry (id bigint PRIMARY KEY, a bigint, b numeric, c numeric, d int8, e timestamp, f text, g text, h text, i "
             "text, j text, k text);"
             "CREATE TABLE progress (id int PRIMARY KEY, csn bigint) WITH (fillfactor = 10); INSERT INTO progress VALUES (1, 0); VACUUM "
             "ANALYZE account",
             ROWS - 1);
    char *vacuum = strstr(text, "; VACUUM");
    *vacuum = 0;
    if (!pg_run(pg, text, NULL, &error) || !pg_run(pg, vacuum + 2, NULL, &error)) stop(error.text);
    pg_close(pg);
}

int main(int argc, char **argv)
{
    if (argc < 2) stop("usage: bench_apply CONNINFO [seconds [rounds]]");
    double seconds = argc > 2 ? atof(argv[2]) : 3;
    int rounds = argc > 3 ? atoi(argv[3]) : 5;
    if (rounds < 1 || rounds > ROUNDS_MAX) rounds = 5;
    struct outcome ours[ROUNDS_MAX], bare[ROUNDS_MAX];
    make_tables(argv[1]);
    next_id = 1;
    run_bare(argv[1], 1); /* warm */
    for (int i = 0; i < rounds; i++) {
        bare[i] = run_bare(argv[1], seconds);
        ours[i] = run_ours(argv[1], seconds);
    }
    printf("groups of %d statements, window %d, %d rounds of %.1f s, medians\n  %-28s %12s %16s\n", FOLD, WINDOW, rounds, seconds, "",
           "statements/s", "client us/stmt");
    printf("  %-28s %12.0f %16.2f\n", "bare libpq pipeline", median(bare, rounds, false), median(bare, rounds, true));
    printf("  %-28s %12.0f %16.2f\n", "pg_send_prepared with values", median(ours, rounds, false), median(ours, rounds, true));
    printf("  ours / bare %.2f\n", median(ours, rounds, false) / median(bare, rounds, false));
    return 0;
}
