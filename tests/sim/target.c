/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated target, in the place of src/pg: pipelines, transactions, savepoints, lost connections, serialization failures. It knows the texts that the project's translator and row
 * maps make for the simulation's two tables, and does what they say.
 */
#include "tests/sim/texts.h"

#include "base/memory.h"
#include "engine/dictionary.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_MAX = 20000, PARAMETERS_MAX = 7, COLUMNS_MAX = 6, CELLS_MAX = 64, CONNECTIONS_MAX = 8, CELL_SIZE = 600 };
struct item {
    const char *text;
    int64_t values[PARAMETERS_MAX];
    bool null[PARAMETERS_MAX];
    char array[CELL_SIZE]; /* the last parameter's text, if it is one of numbers in braces */
    uint32_t count;
    bool sync;
    pg_on_result *done;
    void *context;
};
/* What a transaction has written, and therefore holds. */
struct held {
    bool rows[SIM_TABLES][SIM_KEYS], lanes[SIM_LANES], position;
};
struct pg {
    enum pg_state state;
    bool in_transaction, aborted;
    struct sim_database work, saved;
    struct held held, saved_held;
    struct item *queue;
    uint32_t queued;
    struct { /* the queue that is being run */
        struct item *items;
        uint32_t count, at, lost_at;
        bool skip;
    } run;
};
static struct pg *connections[CONNECTIONS_MAX];
struct answer {
    uint32_t columns, rows;
    const char *names[COLUMNS_MAX];
    char cells[CELLS_MAX][CELL_SIZE];
};

/* ---- results ---- */

static const char *const column_names[] = {"id", "n", "grp", "u"};

struct pg_column pg_result_column(const struct pg_result *result, uint32_t column)
{
    const struct answer *answer = result->handle;
    return (struct pg_column){.name = answer->names[column], .type = PG_OID_NUMERIC, .modifier = -1};
}
bool pg_result_null(const struct pg_result *result, uint32_t row, uint32_t column)
{
    struct answer *answer = result->handle;
    return answer->names[column] == column_names[3] && !answer->cells[row * answer->columns + column][0];
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
    for (uint32_t c = 0; c < columns && c < sizeof column_names / sizeof *column_names; c++) answer->names[c] = column_names[c];
    return answer;
}

static void add_row(struct pg_result *result, const int64_t *values)
{
    struct answer *answer = result->handle;
    CHECK((answer->rows + 1) * answer->columns <= CELLS_MAX);
    for (uint32_t c = 0; c < answer->columns; c++)
        snprintf(answer->cells[answer->rows * answer->columns + c], CELL_SIZE, c == 3 && !values[c] ? "" : "%lld", (long long)values[c]);
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

/* A row is about to be written. False: another transaction holds it; the mirror's lanes must never come to that. */
static bool hold(struct pg *pg, int table, int key, struct pg_result *result)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct pg *other = connections[i];
        if (!other || other == pg || !other->in_transaction || !other->held.rows[table][key]) continue;
        sim_fail("two lanes write row %d of table %d", key, table);
        return refuse(result, "55P03", "canceling statement due to lock timeout");
    }
    pg->held.rows[table][key] = true;
    return true;
}

/* May the row have this value? Another lane may be about to give it up, or to take it: the row waits for that lane, which may wait for this one. */
static bool unique(struct pg *pg, const struct sim_row rows[SIM_KEYS], int key, int64_t u, struct pg_result *result)
{
    for (int k = 0; u && k < SIM_KEYS; k++) {
        if (k == key) continue;
        for (int i = 0; i < CONNECTIONS_MAX; i++) {
            struct pg *other = connections[i];
            if (!other || other == pg || !other->in_transaction || !other->held.rows[TABLE_ITEM][k]) continue;
            const struct sim_row *his = &other->work.rows[TABLE_ITEM][k], *was = &sim.target.committed.rows[TABLE_ITEM][k];
            if (!(his->there && his->u == u) && !(was->there && was->u == u)) continue;
            sim.target.unique_waits++;
            return refuse(result, "55P03", "canceling statement due to lock timeout");
        }
        if (rows[k].there && rows[k].u == u) return refuse(result, "23505", "duplicate key");
    }
    return true;
}

static bool run_known(struct pg *pg, struct sim_database *db, const struct known *k, const struct item *item, struct pg_result *result)
{
    struct sim_row *rows = db->rows[k->table];
    uint32_t columns = k->table == TABLE_ITEM ? 4 : 2;
    if (k->kind == KNOWN_UPSERT || k->kind == KNOWN_INSERT || k->kind == KNOWN_DELETE) {
        struct sim_row *row = &rows[item->values[0]];
        result->affected = 1;
        if (!hold(pg, k->table, (int)item->values[0], result)) return false;
        if (k->kind == KNOWN_DELETE) {
            result->affected = row->there;
            *row = (struct sim_row){.there = false};
            return true;
        }
        if (k->kind == KNOWN_INSERT && row->there) return refuse(result, "23505", "duplicate key");
        if (columns > 3 && !unique(pg, rows, (int)item->values[0], item->values[3], result)) return false;
        *row = (struct sim_row){
            .there = true, .n = item->values[1], .grp = columns > 2 ? item->values[2] : 0, .u = columns > 3 ? item->values[3] : 0};
        return true;
    }
    struct sim_call call = {.statement = k->statement};
    for (uint32_t i = 0; i < k->plan->bind_count; i++) call.binds[k->plan->binds[i].position] = item->values[i];
    bool touched[SIM_KEYS], refused;
    int64_t sequence = -1000000;
    if (k->statement->verb == VERB_UNIQUE && rows[call.binds[1]].there && !unique(pg, rows, (int)call.binds[1], call.binds[0], result))
        return false;
    result->affected = sim_do(&call, rows, &sequence, touched, &refused);
    if (refused) return refuse(result, "23505", "duplicate key");
    for (int i = 0; i < SIM_KEYS; i++)
        if (touched[i] && !hold(pg, k->table, i, result)) return false;
    if (k->kind != KNOWN_RETURNING) return true;
    answer_of(result, columns);
    for (int i = 0; i < SIM_KEYS; i++)
        if (touched[i]) add_row(result, (int64_t[]){i, rows[i].n, rows[i].grp, rows[i].u});
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
    snprintf(answer->cells[0], CELL_SIZE, "mirror");
    snprintf(answer->cells[1], CELL_SIZE, "%llu", (unsigned long long)db->csn);
    snprintf(answer->cells[2], CELL_SIZE, "%llu", (unsigned long long)db->position);
    snprintf(answer->cells[3], CELL_SIZE, "mirror horizon");
    snprintf(answer->cells[4], CELL_SIZE, "%llu", (unsigned long long)db->horizon);
    snprintf(answer->cells[5], CELL_SIZE, "0");
    result->rows = answer->rows = 2;
}

static void read_lanes(const struct sim_database *db, struct pg_result *result)
{
    struct answer *answer = answer_of(result, 6);
    for (int i = 0; i < SIM_LANES; i++) {
        const struct sim_lane *lane = &db->lanes[i];
        char(*cells)[CELL_SIZE] = &answer->cells[answer->rows * 6];
        if (!lane->there) continue;
        const uint64_t numbers[5] = {lane->lanes, lane->csn, lane->upto, lane->position, lane->horizon};
        for (int c = 0; c < 5; c++) snprintf(cells[c], CELL_SIZE, "%llu", (unsigned long long)numbers[c]);
        snprintf(cells[5], CELL_SIZE, "%s", lane->ahead);
        answer->rows++;
    }
    result->rows = answer->rows;
}

static void write_lane(struct pg *pg, struct sim_database *db, const struct item *item)
{
    struct sim_lane *lane = &db->lanes[item->values[0]];
    *lane = (struct sim_lane){.there = true,
                              .lanes = (uint64_t)item->values[1],
                              .csn = (uint64_t)item->values[2],
                              .upto = (uint64_t)item->values[3],
                              .position = (uint64_t)item->values[4],
                              .horizon = (uint64_t)item->values[5]};
    snprintf(lane->ahead, sizeof lane->ahead, "%s", item->array);
    pg->held.lanes[item->values[0]] = true;
}

static bool lane_has(const struct sim_lane *lane, uint64_t csn)
{
    for (const char *at = lane->ahead; at && *at; at = strchr(at + 1, ','))
        if (strtoull(at + 1, NULL, 10) == csn) return true;
    return false;
}

static bool has(const struct sim_database *db, uint64_t csn)
{
    bool there = csn <= db->csn;
    for (int i = 0; i < SIM_LANES; i++) there = there || (db->lanes[i].there && (csn <= db->lanes[i].csn || lane_has(&db->lanes[i], csn)));
    return there;
}

bool target_is_torn(const struct sim_database *db)
{
    uint64_t first_missing = UINT64_MAX;
    for (uint32_t i = 0; i < sim.commit_count; i++)
        if (sim.commits[i].csn < first_missing && !has(db, sim.commits[i].csn)) first_missing = sim.commits[i].csn;
    for (uint32_t i = 0; i < sim.commit_count; i++)
        if (sim.commits[i].csn > first_missing && has(db, sim.commits[i].csn)) return true;
    return false;
}

/* READ COMMITTED: a statement sees what others have committed by now, and what its own transaction has written. */
static void see(struct pg *pg)
{
    struct sim_database *to = &pg->work;
    const struct sim_database *from = &sim.target.committed;
    for (int t = 0; t < SIM_TABLES; t++)
        for (int k = 0; k < SIM_KEYS; k++)
            if (!pg->held.rows[t][k]) to->rows[t][k] = from->rows[t][k];
}

static void end_transaction(struct pg *pg, bool commit)
{
    struct sim_database *to = &sim.target.committed;
    if (commit && !pg->aborted && pg->in_transaction) {
        bool torn = target_is_torn(to);
        for (int t = 0; t < SIM_TABLES; t++)
            for (int k = 0; k < SIM_KEYS; k++)
                if (pg->held.rows[t][k]) to->rows[t][k] = pg->work.rows[t][k];
        for (int i = 0; i < SIM_LANES; i++)
            if (pg->held.lanes[i]) to->lanes[i] = pg->work.lanes[i];
        if (pg->held.position) {
            to->csn = pg->work.csn;
            to->position = pg->work.position;
            to->horizon = pg->work.horizon;
            to->positioned = true;
        }
        sim.target.commits++;
        sim.target.torn += torn && pg->held.position;
    }
    memset(&pg->held, 0, sizeof pg->held);
    pg->in_transaction = pg->aborted = false;
}

static bool run_statement(struct pg *pg, const struct item *item, struct pg_result *result)
{
    const char *text = item->text;
    struct sim_database *db = &pg->work;
    if (starts(text, "SELECT reader")) {
        read_position(db, result);
        return true;
    }
    if (starts(text, "SELECT lanes")) {
        read_lanes(db, result);
        return true;
    }
    if (starts(text, "INSERT INTO understudy.applied")) {
        db->csn = (uint64_t)item->values[0];
        db->position = (uint64_t)item->values[1];
        db->horizon = (uint64_t)item->values[2];
        pg->held.position = true;
        return true;
    }
    if (starts(text, "INSERT INTO understudy.lane")) {
        write_lane(pg, db, item);
        return true;
    }
    if (starts(text, "SELECT count(*) FILTER (WHERE NOT pg_terminate_backend") || starts(text, "SELECT (pg_current_wal_lsn()")) {
        answer_of(result, 1);
        add_row(result, (int64_t[]){strstr(text, "wal_lsn") ? (int64_t)sim.target.lsn : 0});
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
    return run_known(pg, db, k, item, result);
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
        pg->held = pg->saved_held;
        pg->aborted = false;
        return true;
    }
    if (pg->aborted) return refuse(result, "25P02", "current transaction is aborted");
    if (strcmp(text, "BEGIN") == 0) {
        pg->in_transaction = true;
        pg->work = sim.target.committed;
        memset(&pg->held, 0, sizeof pg->held);
        return true;
    }
    if (starts(text, "SAVEPOINT")) {
        pg->saved = pg->work;
        pg->saved_held = pg->held;
        return true;
    }
    if (starts(text, "RELEASE") || starts(text, "SET ") || starts(text, "SELECT 1")) return true;
    bool alone = !pg->in_transaction; /* a statement of its own is a transaction */
    if (alone) {
        pg->in_transaction = true;
        pg->work = sim.target.committed;
    }
    see(pg);
    bool good = run_statement(pg, item, result);
    if (alone) end_transaction(pg, good);
    return good;
}

static void lose(struct pg *pg)
{
    pg->state = PG_LOST;
    pg->in_transaction = pg->aborted = false;
    sim.target.lost++;
    sim_trace("the target's connection is lost");
}

/* The queue, in order, an item at a time. An error skips the rest of its group; a lost connection everything. */
static void queue_begin(struct pg *pg)
{
    bool losing = sim.faults && sim_chance(0.015);
    pg->run.items = pg->queue;
    pg->run.count = pg->queued;
    pg->run.at = 0;
    pg->run.skip = false;
    pg->run.lost_at = losing && pg->queued ? (uint32_t)sim_below(pg->queued) : UINT32_MAX;
    pg->queue = NULL;
    pg->queued = 0;
}

static bool queue_step(struct pg *pg)
{
    if (pg->run.at == pg->run.count) return false;
    struct item *item = &pg->run.items[pg->run.at];
    bool cut = pg->run.at++ == pg->run.lost_at;
    if (item->sync) {
        pg->run.skip = false;
        return true;
    }
    struct pg_result result = {.ok = false};
    if (pg->state == PG_READY && (cut || sim.dying || sim.now_us < sim.target.away_until_us)) {
        /* What was on its way may have been done, and only its answer is lost. */
        if (!pg->run.skip && strcmp(item->text, "COMMIT") == 0 && sim_chance(0.5)) end_transaction(pg, true);
        lose(pg);
    }
    if (pg->state != PG_READY)
        error_set(&result.error, ERROR_TARGET_LOST, "the connection is lost");
    else if (pg->run.skip)
        error_set(&result.error, ERROR_CANCELLED, "skipped");
    else if (!run(pg, item, &result)) {
        pg->run.skip = true;
        if (pg->in_transaction) pg->aborted = true;
    }
    if (item->done) item->done(item->context, &result);
    memory_free(result.handle);
    return true;
}

static void queue_end(struct pg *pg)
{
    memory_free(pg->run.items);
    memset(&pg->run, 0, sizeof pg->run);
}

static void run_queue(struct pg *pg)
{
    queue_begin(pg);
    while (queue_step(pg)) {}
    queue_end(pg);
}

/* ---- the interface of src/pg ---- */

struct pg *pg_connect(const char *conninfo, uint32_t timeout_ms, struct error *error)
{
    (void)conninfo, (void)timeout_ms;
    if (sim.dying || sim.now_us < sim.target.away_until_us || (sim.faults && sim_chance(0.02))) {
        error_set(error, ERROR_TARGET_LOST, "the target is away");
        return NULL;
    }
    struct pg *pg = memory_zero(1, sizeof *pg);
    int place = 0;
    while (connections[place]) CHECK(++place < CONNECTIONS_MAX);
    connections[place] = pg;
    pg->state = PG_READY;
    return pg;
}

void pg_close(struct pg *pg)
{
    pg->state = PG_LOST;
    run_queue(pg);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i] == pg) connections[i] = NULL;
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
    if (count == PARAMETERS_MAX) snprintf(item->array, sizeof item->array, VIEW_FORMAT, VIEW_ARGUMENTS(parameters[count - 1].text));
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

/* Several connections: who goes on next is anybody's guess; and the process may be killed between two of them. */
bool pg_run_wait_all(struct pg *const *list, uint32_t count, uint32_t timeout_ms, struct error *error)
{
    bool good = true;
    (void)timeout_ms;
    sim_pass(sim_below(3000));
    for (uint32_t i = 0; i < count; i++) queue_begin(list[i]);
    for (uint32_t left = count; left;) {
        uint32_t which = (uint32_t)sim_below(count);
        left = 0;
        for (uint32_t i = 0; i < count; i++) left += list[i]->run.at < list[i]->run.count;
        if (queue_step(list[which]) && sim.faults && sim_chance(0.004)) sim.dying = true;
        if (sim_chance(0.3)) sim_pass(sim_below(800));
    }
    for (uint32_t i = 0; i < count; i++) {
        queue_end(list[i]);
        good = good && list[i]->state == PG_READY;
    }
    return good || error_set(error, ERROR_TARGET_LOST, "the connection is lost");
}

void pg_flush(struct pg *pg)
{
    (void)pg;
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
    (void)name;
    char digits[2][32];
    if (count != 2 || !starts(text, "SELECT \"id\" FROM \"app\".\"item\" WHERE \"u\" = $1 AND NOT (\"id\" = $2)"))
        return error_set(error, ERROR_INTERNAL, "not simulated: %.200s", text);
    if (pg->state != PG_READY || sim.now_us < sim.target.away_until_us) {
        lose(pg);
        return error_set(error, ERROR_TARGET_LOST, "the connection is lost");
    }
    for (int i = 0; i < 2; i++) snprintf(digits[i], sizeof digits[i], VIEW_FORMAT, VIEW_ARGUMENTS(parameters[i].text));
    int64_t u = strtoll(digits[0], NULL, 10), key = strtoll(digits[1], NULL, 10);
    answer_of(result, 1);
    result->ok = true;
    see(pg);
    for (int k = 0; k < SIM_KEYS; k++)
        if (k != key && pg->work.rows[TABLE_ITEM][k].there && pg->work.rows[TABLE_ITEM][k].u == u) add_row(result, (int64_t[]){k});
    return true;
}

bool epoch_prepare_target(struct pg *target, struct error *error)
{
    return (void)target, (void)error, true;
}
