/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mirror bench: how fast the mirror itself works off a backlog, with 1, 2 and 4 lanes, beside a bare libpq pipeline that sends the same statements in
 * transactions of the same size, texts made ahead. Each source transaction updates one account by key and inserts one row of 12 columns. The journal (on the
 * same disk, not synced) is filled first; decoding its records, finding plans, keys, conflicts and parameters is part of what is measured. Rounds
 * alternate, medians are shown.
 *   bench_mirror CONNINFO [transactions a round [rounds]]
 */
#include "engine/mirror.h"
#include "engine/record.h"
#include "engine/statement.h"
#include "engine/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "tests/bench/outcome.h"
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROWS = 100000, FOLD = 64, COLUMNS = 12, LANE_KINDS = 3, WAYS = LANE_KINDS + 1, KEYS_STEP = 7919 };
static const char source_update[] = "UPDATE account SET balance = balance + :1, changed = :2 WHERE id = :3";
static const char source_insert[] =
    "INSERT INTO entry (id, a, b, c, d, e, f, g, h, i, j, k) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12)";
static const uint32_t lane_kinds[LANE_KINDS] = {1, 2, 4};
static struct engine engine;
static char folder[100];
static uint64_t next_id = 1;

static _Noreturn void stop(const char *why)
{
    fprintf(stderr, "bench_mirror: %s\n", why);
    exit(1);
}

/* ---- the engine: a catalog by hand, no source ---- */

static void add_column(struct sql_table *table, const char *name, enum sql_type type, uint32_t size)
{
    struct sql_column column = {
        .type = type, .precision = type == SQL_NUMBER ? 18 : 0, .length = size, .nullable = strcmp(name, "ID") != 0};
    snprintf(column.name, sizeof column.name, "%s", name);
    sql_catalog_add_column(table, &column);
}

static void engine_make(const char *conninfo)
{
    static const char *const names[COLUMNS] = {"ID", "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K"};
    struct sql_catalog *catalog = sql_catalog_new();
    struct sql_key key = {.name = "PK", .primary = true, .columns = {0}, .column_count = 1};
    struct sql_table *account = sql_catalog_add_table(catalog, "APP", "ACCOUNT"), *entry;
    add_column(account, "ID", SQL_NUMBER, 0);
    add_column(account, "BALANCE", SQL_NUMBER, 0);
    add_column(account, "CHANGED", SQL_DATE, 0);
    sql_catalog_add_key(account, &key);
    entry = sql_catalog_add_table(catalog, "APP", "ENTRY");
    for (int i = 0; i < COLUMNS; i++) add_column(entry, names[i], i < 5 ? SQL_NUMBER : i == 5 ? SQL_DATE : SQL_VARCHAR, 60);
    sql_catalog_add_key(entry, &key);
    sql_catalog_freeze(catalog, 1);
    engine_options_default(&engine.options);
    snprintf(engine.options.source_schema, sizeof engine.options.source_schema, "APP");
    snprintf(engine.options.target_schema, sizeof engine.options.target_schema, "app");
    snprintf(engine.options.target_conninfo, sizeof engine.options.target_conninfo, "%s", conninfo);
    engine.options.mirror_fold = FOLD;
    atomic_store(&engine.catalog, catalog);
    engine.statements = statements_new(&engine, 1000);
    engine_set_policy(&engine,
                      &(struct engine_policy){.phase = PHASE_DUAL_WRITE, .primary = SIDE_SOURCE, .mirror = true, .source_attached = true});
}

static void journal_begin(void)
{
    struct journal_options options;
    struct error error = {0};
    journal_options_default(&options);
    options.folder = folder;
    options.sync = false;
    engine.journal = journal_open(&options, &error);
    if (!engine.journal) stop(error.text);
}

/* ---- a backlog ---- */

static void write_record(uint64_t transaction, uint32_t ordinal, const char *text, struct value *binds, uint32_t count)
{
    struct record record = {.ordinal = ordinal,
                            .session = 1,
                            .schema = view_text("APP"),
                            .text = view_text(text),
                            .bind_count = count,
                            .row_count = 1,
                            .binds = binds};
    struct record_result result = {.affected = 1, .good_iterations = 1};
    struct buffer payload;
    buffer_init(&payload, 0);
    record_encode(&payload, &record, &result);
    journal_append(engine.journal, JOURNAL_DML, transaction, 0, buffer_view(&payload), NULL, NULL);
    buffer_release(&payload);
}

static void write_transaction(struct arena *arena)
{
    uint64_t transaction = journal_new_transaction(engine.journal), id = next_id++;
    struct value update[3] = {value_number_i64(arena, (int64_t)(id % 1000)),
                              {.type = VALUE_DATETIME, .datetime = {2026, 1, 31, 12, 30, 15, false, 0, 0}},
                              value_number_i64(arena, (int64_t)(id * KEYS_STEP % ROWS))};
    struct value insert[COLUMNS];
    for (int i = 0; i < COLUMNS; i++)
        insert[i] = i < 5 ? value_number_i64(arena, (int64_t)id + i) : i == 5 ? update[1] : value_text(view_text("a text of some length"));
    write_record(transaction, 0, source_update, update, 3);
    write_record(transaction, 1, source_insert, insert, COLUMNS);
    struct record_intent intent = {.auto_commit = false};
    uint64_t csn = journal_next_csn(engine.journal);
    struct buffer payload;
    buffer_init(&payload, 0);
    record_encode_intent(&payload, &intent);
    journal_append(engine.journal, JOURNAL_INTENT, transaction, csn, buffer_view(&payload), NULL, NULL);
    buffer_clear(&payload);
    record_encode_outcome(&payload, JOURNAL_COMMITTED, NULL);
    journal_append(engine.journal, JOURNAL_OUTCOME, transaction, csn, buffer_view(&payload), NULL, NULL);
    buffer_release(&payload);
}

static _Atomic uint64_t durable_marks;
static void marked(void *context, struct journal_ticket ticket)
{
    (void)context;
    if (ticket.refused) stop("the journal refused a record");
    atomic_fetch_add(&durable_marks, 1);
}

static void fill(uint32_t transactions)
{
    struct arena arena;
    arena_init(&arena, 0);
    for (uint32_t i = 0; i < transactions; i++) {
        write_transaction(&arena);
        arena_reset(&arena);
        if (i % 1000 != 999 && i + 1 != transactions) continue;
        uint64_t before = atomic_load(&durable_marks);
        journal_append(engine.journal, JOURNAL_MARK, 0, 0, view_text("bench"), marked, NULL);
        while (atomic_load(&durable_marks) == before) clock_sleep_us(200);
    }
    arena_release(&arena);
}

static struct outcome run_mirror(uint32_t transactions, uint32_t lanes)
{
    struct error error;
    fill(transactions);
    engine.options.mirror_lanes = lanes;
    uint64_t last = journal_last_csn(engine.journal), begin = clock_monotonic_us();
    double cpu = cpu_s();
    struct mirror *mirror = mirror_start(&engine, &error);
    if (!mirror) stop(error.text);
    while (atomic_load(&engine.applied) < last) clock_sleep_us(500);
    double duration = (double)(clock_monotonic_us() - begin) / 1e6;
    cpu = cpu_s() - cpu;
    mirror_stop(mirror);
    return (struct outcome){2.0 * transactions / duration, cpu * 1e6 / (2.0 * transactions)};
}

/* ---- bare libpq ---- */

static void check_result(PGconn *handle, PGresult *result, ExecStatusType wanted)
{
    if (PQresultStatus(result) != wanted) stop(PQerrorMessage(handle));
    PQclear(result);
}

static void bare_wait(PGconn *handle, uint32_t most, uint32_t *outstanding)
{
    while (*outstanding > most) {
        int unsent = PQflush(handle);
        struct pollfd one = {.fd = PQsocket(handle), .events = (short)(POLLIN | (unsent ? POLLOUT : 0))};
        poll(&one, 1, 1000);
        if (one.revents & POLLIN && !PQconsumeInput(handle)) stop(PQerrorMessage(handle));
        for (int nulls = 0; *outstanding && nulls < 3 && !PQisBusy(handle);) {
            PGresult *result = PQgetResult(handle);
            ExecStatusType status = PQresultStatus(result);
            nulls = result ? 0 : nulls + 1;
            if (!result) continue;
            if (status == PGRES_COMMAND_OK)
                (*outstanding)--;
            else if (status != PGRES_PIPELINE_SYNC)
                stop(PQerrorMessage(handle));
            PQclear(result);
        }
    }
}

static void bare_transaction(PGconn *handle, uint32_t *outstanding)
{
    char id[24], key[24], amount[24];
    const char *update[] = {amount, "2026-01-31 12:30:15", key};
    const char *insert[COLUMNS] = {id, id, id, id, id, "2026-01-31 12:30:15"};
    uint64_t number = next_id++;
    for (int i = 6; i < COLUMNS; i++) insert[i] = "a text of some length";
    snprintf(id, sizeof id, "%llu", (unsigned long long)number);
    snprintf(key, sizeof key, "%llu", (unsigned long long)(number * KEYS_STEP % ROWS));
    snprintf(amount, sizeof amount, "%llu", (unsigned long long)(number % 1000));
    if (!PQsendQueryPrepared(handle, "u", 3, update, NULL, NULL, 0) || !PQsendQueryPrepared(handle, "i", COLUMNS, insert, NULL, NULL, 0))
        stop(PQerrorMessage(handle));
    *outstanding += 2;
}

/* Groups of FOLD transactions with a progress row, four of them on their way. */
static struct outcome run_bare(const char *conninfo, uint32_t transactions)
{
    static const char update[] = "UPDATE app.account SET balance = balance + $1, changed = $2 WHERE id = $3";
    static const char insert[] = "INSERT INTO app.entry VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    PGconn *handle = PQconnectdb(conninfo);
    if (PQstatus(handle) != CONNECTION_OK) stop(PQerrorMessage(handle));
    check_result(handle, PQexec(handle, "SET session_replication_role = replica"), PGRES_COMMAND_OK);
    check_result(handle, PQprepare(handle, "u", update, 0, NULL), PGRES_COMMAND_OK);
    check_result(handle, PQprepare(handle, "i", insert, 0, NULL), PGRES_COMMAND_OK);
    check_result(handle, PQprepare(handle, "p", "UPDATE app.progress SET csn = $1 WHERE id = 1", 0, NULL), PGRES_COMMAND_OK);
    PQsetnonblocking(handle, 1);
    PQenterPipelineMode(handle);
    uint32_t outstanding = 0;
    uint64_t begin = clock_monotonic_us();
    double cpu = cpu_s();
    for (uint32_t i = 0; i < transactions; i++) {
        bare_transaction(handle, &outstanding);
        if (i % FOLD != FOLD - 1 && i + 1 != transactions) continue;
        char csn[24];
        const char *progress[] = {csn};
        snprintf(csn, sizeof csn, "%u", i);
        if (!PQsendQueryPrepared(handle, "p", 1, progress, NULL, NULL, 0) || !PQpipelineSync(handle)) stop(PQerrorMessage(handle));
        outstanding++;
        PQflush(handle);
        bare_wait(handle, 3 * (2 * FOLD + 1), &outstanding);
    }
    bare_wait(handle, 0, &outstanding);
    double duration = (double)(clock_monotonic_us() - begin) / 1e6;
    struct outcome outcome = {2.0 * transactions / duration, (cpu_s() - cpu) * 1e6 / (2.0 * transactions)};
    PQfinish(handle);
    return outcome;
}

/* ---- the run ---- */

static double best(const struct outcome *outcomes, int count)
{
    double most = 0;
    for (int i = 0; i < count; i++)
        if (outcomes[i].per_second > most) most = outcomes[i].per_second;
    return most;
}

static void run_text(const char *conninfo, const char *text)
{
    struct error error = {0};
    struct pg *pg = pg_connect(conninfo, 5000, &error);
    if (!pg || !pg_run(pg, text, NULL, &error)) stop(error.text);
    pg_close(pg);
}

static void make_tables(const char *conninfo)
{
    run_text(
        conninfo,
        "CREATE SCHEMA app;"
        "CREATE TABLE app.account (id bigint PRIMARY KEY, balance numeric NOT NULL, changed timestamp) WITH (fillfactor = 70);"
        "INSERT INTO app.account SELECT i, 0, now() FROM generate_series(0, 99999) i;"
        "CREATE TABLE app.entry (id bigint PRIMARY KEY, a bigint, b numeric, c numeric, d int8, e timestamp, f text, g text, h text, i "
        "text, j text, k text);"
        "CREATE TABLE app.progress (id int PRIMARY KEY, csn bigint) WITH (fillfactor = 10); INSERT INTO app.progress VALUES (1, 0)");
    run_text(conninfo, "VACUUM ANALYZE app.account");
}

/* Every row that was to be there is, once: a bench that loses writes would be fast. */
static void check_rows(const char *conninfo)
{
    struct error error = {0};
    struct pg_result result = {0};
    struct pg *pg = pg_connect(conninfo, 5000, &error);
    uint64_t count = 0;
    if (!pg || !pg_run(pg, "SELECT count(*) FROM app.entry", &result, &error)) stop(error.text);
    if (!view_to_u64(pg_result_text(&result, 0, 0), &count) || count != next_id - 1) stop("rows are missing");
    pg_result_free(&result);
    pg_close(pg);
}

int main(int argc, char **argv)
{
    if (argc < 2) stop("usage: bench_mirror CONNINFO [transactions [rounds]]");
    uint32_t transactions = argc > 2 ? (uint32_t)atoi(argv[2]) : 20000;
    int rounds = argc > 3 ? atoi(argv[3]) : 5;
    struct outcome out[WAYS][ROUNDS_MAX];
    if (rounds < 1 || rounds > ROUNDS_MAX) rounds = 5;
    log_set_level(LOG_WARNING);
    snprintf(folder, sizeof folder, "/tmp/understudy-bench-journal-%d", (int)getpid());
    make_tables(argv[1]);
    engine_make(argv[1]);
    journal_begin();
    run_bare(argv[1], transactions / 2); /* warm */
    for (int i = 0; i < rounds; i++) {
        out[LANE_KINDS][i] = run_bare(argv[1], transactions);
        for (int k = 0; k < LANE_KINDS; k++) out[k][i] = run_mirror(transactions, lane_kinds[k]);
    }
    check_rows(argv[1]);
    double bare = median(out[LANE_KINDS], rounds, false), bare_best = best(out[LANE_KINDS], rounds);
    printf("a backlog of %u transactions of 2 statements, %d a target transaction, %d rounds: medians, and the best\n  %-20s %12s %16s "
           "%12s %12s %8s\n",
           transactions, FOLD, rounds, "", "statements/s", "client us/stmt", "of bare", "best", "of bare");
    printf("  %-20s %12.0f %16.2f %12s %12.0f\n", "bare libpq pipeline", bare, median(out[LANE_KINDS], rounds, true), "", bare_best);
    for (int k = 0; k < LANE_KINDS; k++)
        printf("  mirror, %u lane%-6s %12.0f %16.2f %12.2f %12.0f %8.2f\n", lane_kinds[k], lane_kinds[k] > 1 ? "s" : "",
               median(out[k], rounds, false), median(out[k], rounds, true), median(out[k], rounds, false) / bare, best(out[k], rounds),
               best(out[k], rounds) / bare_best);
    printf("  batches over several lanes %llu, retreats %llu\n", (unsigned long long)engine_counted(&engine, COUNT_MIRROR_LANE_BATCHES),
           (unsigned long long)engine_counted(&engine, COUNT_MIRROR_LANE_RETREATS));
    journal_close(engine.journal);
    char command[200];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0;
}
