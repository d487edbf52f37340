/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated target, in the place of src/pg: pipelines, transactions, savepoints, lost connections, serialization failures. It knows the texts that the project's translator and row
 * maps make for the simulation's two tables, and does what they say.
 */
#include "tests/sim/sim.h"

#include "base/memory.h"
#include "engine/dictionary.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KNOWN_MAX = 64, QUEUE_MAX = 20000, PARAMETERS_MAX = 4, CELLS_MAX = 64 };
enum known_kind { KNOWN_STATEMENT, KNOWN_RETURNING, KNOWN_UPSERT, KNOWN_INSERT, KNOWN_DELETE };
struct known {
    const char *text;
    enum known_kind kind;
    int table;
    const struct sim_statement *statement;
    const struct sql_plan *plan;
};
static struct known known[KNOWN_MAX];
static uint32_t known_count;

struct item {
    const char *text;
    int64_t values[PARAMETERS_MAX];
    bool null[PARAMETERS_MAX];
    uint32_t count;
    bool sync;
    pg_on_result *done;
    void *context;
};
struct pg {
    enum pg_state state;
    bool in_transaction, aborted;
    struct sim_database work, saved;
    struct item *queue;
    uint32_t queued;
};
struct answer {
    uint32_t columns, rows;
    const char *names[3];
    char cells[CELLS_MAX][24];
};

/* ---- texts ---- */

static void learn(const char *text, enum known_kind kind, int table, const struct sim_statement *statement, const struct sql_plan *plan)
{
    if (!text) return;
    CHECK(known_count < KNOWN_MAX);
    known[known_count++] = (struct known){text, kind, table, statement, plan};
}

void target_begin(void)
{
    const struct sql_catalog *catalog = atomic_load(&sim.engine->catalog);
    struct statement_cache *cache = statement_cache_new(sim.engine->statements);
    for (uint32_t i = 0; i < sim_statement_count; i++) {
        const struct sql_plan *plan = statement_plan(statement_of(cache, view_text(sim_statements[i].text), "APP"));
        CHECK(plan->written && (plan->target_text || plan->class_ == SQL_CLASS_IMAGE));
        learn(plan->target_text, KNOWN_STATEMENT, sim_statements[i].table, &sim_statements[i], plan);
        learn(plan->returning_text, KNOWN_RETURNING, sim_statements[i].table, &sim_statements[i], plan);
    }
    statement_cache_free(cache);
    static struct row_maps *maps; /* the texts live in them */
    maps = row_maps_new(catalog);
    for (int t = 0; t < SIM_TABLES; t++) {
        const struct row_map *map = row_map_of(maps, sql_catalog_table(catalog, NULL, "APP", t == TABLE_ITEM ? "ITEM" : "COUNTER"));
        learn(map->target_upsert, KNOWN_UPSERT, t, NULL, NULL);
        learn(map->target_insert, KNOWN_INSERT, t, NULL, NULL);
        learn(map->target_delete, KNOWN_DELETE, t, NULL, NULL);
    }
}

static const struct known *known_of(const char *text)
{
    for (uint32_t i = 0; i < known_count; i++)
        if (strcmp(known[i].text, text) == 0) return &known[i];
    return NULL;
}

/* ---- results ---- */

static const char *const column_names[] = {"id", "n", "grp"};

struct pg_column pg_result_column(const struct pg_result *result, uint32_t column)
{
    const struct answer *answer = result->handle;
    return (struct pg_column){.name = answer->names[column], .type = PG_OID_NUMERIC, .modifier = -1};
}
bool pg_result_null(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return (void)result, (void)row, (void)column, false;
}
struct view pg_result_text(const struct pg_result *result, uint32_t row, uint32_t column)
{
    struct answer *answer = result->handle;
    return view_text(answer->cells[row * answer->columns + column]);
}
void pg_result_free(struct pg_result *result)
{
    memory_free(result->handle);
    memset(result, 0, sizeof *result);
}
void pg_result_take(struct pg_result *from, struct pg_result *to)
{
    *to = *from;
    from->handle = NULL;
}

static struct answer *answer_of(struct pg_result *result, uint32_t columns)
{
    struct answer *answer = memory_zero(1, sizeof *answer);
    answer->columns = columns;
    result->columns = columns;
    result->handle = answer;
    for (uint32_t c = 0; c < columns; c++) answer->names[c] = column_names[c];
    return answer;
}

static void add_row(struct pg_result *result, const int64_t *values)
{
    struct answer *answer = result->handle;
    CHECK((answer->rows + 1) * answer->columns <= CELLS_MAX);
    for (uint32_t c = 0; c < answer->columns; c++)
        snprintf(answer->cells[answer->rows * answer->columns + c], 24, "%lld", (long long)values[c]);
    result->rows = ++answer->rows;
}

/* ---- running ---- */

static bool refuse(struct pg_result *result, const char *state, const char *text)
{
    result->ok = false;
    error_set(&result->error, ERROR_TARGET, "%s", text);
    snprintf(result->error.sqlstate, sizeof result->error.sqlstate, "%s", state);
    return false;
}

static bool run_known(struct sim_database *db, const struct known *k, const struct item *item, struct pg_result *result)
{
    struct sim_row *rows = db->rows[k->table];
    uint32_t columns = k->table == TABLE_ITEM ? 3 : 2;
    if (k->kind == KNOWN_UPSERT || k->kind == KNOWN_INSERT || k->kind == KNOWN_DELETE) {
        struct sim_row *row = &rows[item->values[0]];
        result->affected = 1;
        if (k->kind == KNOWN_DELETE) {
            result->affected = row->there;
            *row = (struct sim_row){.there = false};
            return true;
        }
        if (k->kind == KNOWN_INSERT && row->there) return refuse(result, "23505", "duplicate key");
        *row = (struct sim_row){.there = true, .n = item->values[1], .grp = columns > 2 ? item->values[2] : 0};
        return true;
    }
    struct sim_call call = {.statement = k->statement};
    for (uint32_t i = 0; i < k->plan->bind_count; i++) call.binds[k->plan->binds[i].position] = item->values[i];
    bool touched[SIM_KEYS], refused;
    int64_t sequence = -1000000;
    result->affected = sim_do(&call, rows, &sequence, touched, &refused);
    if (refused) return refuse(result, "23505", "duplicate key");
    if (k->kind != KNOWN_RETURNING) return true;
    answer_of(result, columns);
    for (int i = 0; i < SIM_KEYS; i++)
        if (touched[i]) add_row(result, (int64_t[]){i, rows[i].n, rows[i].grp});
    return true;
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void read_position(const struct sim_database *db, struct pg_result *result)
{
    struct answer *answer = answer_of(result, 3);
    if (!db->positioned) return;
    snprintf(answer->cells[0], 24, "mirror");
    snprintf(answer->cells[1], 24, "%llu", (unsigned long long)db->csn);
    snprintf(answer->cells[2], 24, "%llu", (unsigned long long)db->position);
    snprintf(answer->cells[3], 24, "mirror horizon");
    snprintf(answer->cells[4], 24, "%llu", (unsigned long long)db->horizon);
    snprintf(answer->cells[5], 24, "0");
    result->rows = answer->rows = 2;
}

static void end_transaction(struct pg *pg, bool commit)
{
    if (commit && !pg->aborted && pg->in_transaction) {
        sim.target.committed = pg->work;
        sim.target.commits++;
    }
    pg->in_transaction = pg->aborted = false;
}

/* One statement. False: result holds the error. */
static bool run(struct pg *pg, const struct item *item, struct pg_result *result)
{
    const char *text = item->text;
    result->ok = true;
    sim_trace("target: %.60s [%lld %lld %lld]", text, (long long)item->values[0], (long long)item->values[1], (long long)item->values[2]);
    if (strcmp(text, "ROLLBACK") == 0 || strcmp(text, "COMMIT") == 0) {
        end_transaction(pg, text[0] == 'C');
        return true;
    }
    if (strcmp(text, "ROLLBACK TO SAVEPOINT understudy") == 0) {
        pg->work = pg->saved;
        pg->aborted = false;
        return true;
    }
    if (pg->aborted) return refuse(result, "25P02", "current transaction is aborted");
    if (strcmp(text, "BEGIN") == 0) {
        pg->in_transaction = true;
        pg->work = sim.target.committed;
        return true;
    }
    if (starts(text, "SAVEPOINT")) {
        pg->saved = pg->work;
        return true;
    }
    if (starts(text, "RELEASE") || starts(text, "SET ") || starts(text, "SELECT 1")) return true;
    struct sim_database *db = pg->in_transaction ? &pg->work : &sim.target.committed;
    if (starts(text, "SELECT reader")) {
        read_position(db, result);
        return true;
    }
    if (starts(text, "INSERT INTO understudy.applied")) {
        db->csn = (uint64_t)item->values[0];
        db->position = (uint64_t)item->values[1];
        db->horizon = (uint64_t)item->values[2];
        db->positioned = true;
        return true;
    }
    const struct known *k = known_of(text);
    if (!k) {
        sim_fail("the target was sent what it does not know: %.300s", text);
        return refuse(result, "42601", "not simulated");
    }
    if (sim.faults && sim_chance(0.003)) {
        sim.target.retried++;
        return refuse(result, "40001", "could not serialize access");
    }
    return run_known(db, k, item, result);
}

static void lose(struct pg *pg)
{
    pg->state = PG_LOST;
    pg->in_transaction = pg->aborted = false;
    sim.target.lost++;
    sim_trace("the target's connection is lost");
}

/* The queue, in order. An error skips the rest of its group; a lost connection everything. */
static void run_queue(struct pg *pg)
{
    struct item *items = pg->queue;
    uint32_t count = pg->queued;
    bool skip = false, losing = sim.faults && sim_chance(0.015);
    uint32_t lost_at = losing && count ? (uint32_t)sim_below(count) : UINT32_MAX;
    pg->queue = NULL;
    pg->queued = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].sync) {
            skip = false;
            continue;
        }
        struct pg_result result = {.ok = false};
        if (pg->state == PG_READY && (i == lost_at || sim.now_us < sim.target.away_until_us)) {
            /* What was on its way may have been done, and only its answer is lost. */
            if (!skip && strcmp(items[i].text, "COMMIT") == 0 && sim_chance(0.5)) end_transaction(pg, true);
            lose(pg);
        }
        if (pg->state != PG_READY)
            error_set(&result.error, ERROR_TARGET_LOST, "the connection is lost");
        else if (skip)
            error_set(&result.error, ERROR_CANCELLED, "skipped");
        else if (!run(pg, &items[i], &result)) {
            skip = true;
            if (pg->in_transaction) pg->aborted = true;
        }
        if (items[i].done) items[i].done(items[i].context, &result);
        memory_free(result.handle);
    }
    memory_free(items);
}

/* ---- the interface of src/pg ---- */

struct pg *pg_connect(const char *conninfo, uint32_t timeout_ms, struct error *error)
{
    (void)conninfo, (void)timeout_ms;
    if (sim.now_us < sim.target.away_until_us) {
        error_set(error, ERROR_TARGET_LOST, "the target is away");
        return NULL;
    }
    struct pg *pg = memory_zero(1, sizeof *pg);
    pg->state = PG_READY;
    return pg;
}

void pg_close(struct pg *pg)
{
    pg->state = PG_LOST;
    run_queue(pg);
    memory_free(pg);
}

enum pg_state pg_state(const struct pg *pg)
{
    return pg->state;
}

static struct item *push(struct pg *pg)
{
    CHECK(pg->queued < QUEUE_MAX);
    pg->queue = memory_resize(pg->queue, sizeof *pg->queue * (pg->queued + 1));
    struct item *item = &pg->queue[pg->queued++];
    memset(item, 0, sizeof *item);
    return item;
}

void pg_send_prepared(struct pg *pg, const char *name, const char *text, const struct pg_parameter *parameters, uint32_t count,
                      pg_on_result *done, void *context)
{
    (void)name;
    struct item *item = push(pg);
    CHECK(count <= PARAMETERS_MAX);
    *item = (struct item){.text = text, .count = count, .done = done, .context = context};
    for (uint32_t i = 0; i < count; i++) {
        char digits[32];
        snprintf(digits, sizeof digits, VIEW_FORMAT, VIEW_ARGUMENTS(parameters[i].text));
        item->null[i] = parameters[i].null;
        item->values[i] = strtoll(digits, NULL, 10);
    }
}

void pg_send_text(struct pg *pg, const char *text, pg_on_result *done, void *context)
{
    *push(pg) = (struct item){.text = text, .done = done, .context = context};
}
void pg_sync(struct pg *pg)
{
    push(pg)->sync = true;
}

bool pg_run_wait(struct pg *pg, uint32_t timeout_ms, struct error *error)
{
    (void)timeout_ms;
    sim_pass(sim_below(3000));
    run_queue(pg);
    return pg->state == PG_READY || error_set(error, ERROR_TARGET_LOST, "the connection is lost");
}

struct taken {
    struct pg_result *result;
    struct error error;
    bool ok;
};
static void take_result(void *context, struct pg_result *result)
{
    struct taken *taken = context;
    taken->ok = result->ok;
    taken->error = result->error;
    if (taken->result) pg_result_take(result, taken->result);
}

bool pg_run(struct pg *pg, const char *text, struct pg_result *result, struct error *error)
{
    struct taken taken = {.result = result};
    pg_send_text(pg, text, take_result, &taken);
    pg_sync(pg);
    struct error lost;
    if (!pg_run_wait(pg, 0, &lost) && error)
        *error = lost;
    else if (!taken.ok && error)
        *error = taken.error;
    return pg->state == PG_READY && taken.ok;
}

bool pg_run_prepared(struct pg *pg, const char *name, const char *text, const struct pg_parameter *parameters, uint32_t count,
                     struct pg_result *result, struct error *error)
{
    (void)pg, (void)name, (void)parameters, (void)count, (void)result;
    return error_set(error, ERROR_INTERNAL, "not simulated: %.200s", text);
}

bool epoch_prepare_target(struct pg *target, struct error *error)
{
    return (void)target, (void)error, true;
}
