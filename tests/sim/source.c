/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated source: committed rows, row locks, READ COMMITTED; and what the mirror asks of it. */
#include "tests/sim/sim.h"

#include "base/clock.h"
#include <string.h>

const struct sim_statement sim_statements[] = {
    {"UPDATE ITEM SET N = N + 1 WHERE ID = :1", VERB_ADD, TABLE_ITEM, 1},
    {"UPDATE ITEM SET N = :1 WHERE ID = :2", VERB_SET, TABLE_ITEM, 2},
    {"INSERT INTO ITEM (ID, N, GRP) VALUES (:1, :2, :3)", VERB_INSERT, TABLE_ITEM, 3},
    {"DELETE FROM ITEM WHERE ID = :1", VERB_DELETE, TABLE_ITEM, 1},
    {"UPDATE ITEM SET N = N + 10 WHERE GRP = :1", VERB_GROUP, TABLE_ITEM, 1},
    {"UPDATE ITEM SET GRP = :1 WHERE ID = :2", VERB_MOVE, TABLE_ITEM, 2},
    {"UPDATE ITEM SET U = :1 WHERE ID = :2", VERB_UNIQUE, TABLE_ITEM, 2},
    {"UPDATE ITEM SET N = ITEM_SEQ.NEXTVAL WHERE ID = :1", VERB_SEQUENCE, TABLE_ITEM, 1},
    {"UPDATE COUNTER SET N = N + 1 WHERE ID = :1", VERB_COUNT, TABLE_COUNTER, 1},
};
const uint32_t sim_statement_count = sizeof sim_statements / sizeof *sim_statements;

static int64_t key_of(const struct sim_call *call)
{
    static const int at[] = {[VERB_ADD] = 0,    [VERB_SET] = 1,  [VERB_INSERT] = 0,   [VERB_DELETE] = 0,
                             [VERB_GROUP] = -1, [VERB_MOVE] = 1, [VERB_UNIQUE] = 1, [VERB_SEQUENCE] = 0, [VERB_COUNT] = 0};
    return at[call->statement->verb] < 0 ? -1 : call->binds[at[call->statement->verb]];
}

uint32_t sim_do(const struct sim_call *call, struct sim_row rows[SIM_KEYS], int64_t *sequence, bool touched[SIM_KEYS], bool *refused)
{
    int64_t key = key_of(call);
    uint32_t count = 0;
    *refused = false;
    for (int k = 0; k < SIM_KEYS; k++) {
        struct sim_row *row = &rows[k];
        touched[k] = false;
        bool here = call->statement->verb == VERB_GROUP ? row->there && row->grp == call->binds[0] : k == key && row->there;
        if (call->statement->verb == VERB_INSERT && k == key) {
            *refused = row->there;
            here = !row->there;
        }
        if (!here) continue;
        touched[k] = true;
        count++;
        switch (call->statement->verb) {
        case VERB_ADD:
        case VERB_COUNT: row->n++; break;
        case VERB_SET: row->n = call->binds[0]; break;
        case VERB_INSERT: *row = (struct sim_row){.there = true, .n = call->binds[1], .grp = call->binds[2]}; break;
        case VERB_DELETE: *row = (struct sim_row){.there = false}; break;
        case VERB_GROUP: row->n += 10; break;
        case VERB_MOVE: row->grp = call->binds[0]; break;
        case VERB_UNIQUE:
            for (int other = 0; call->binds[0] && other < SIM_KEYS; other++)
                *refused = *refused || (other != k && rows[other].there && rows[other].u == call->binds[0]);
            row->u = call->binds[0];
            break;
        case VERB_SEQUENCE: row->n = ++*sequence; break;
        }
    }
    return count;
}

/* What the client sees: committed rows, and its own changes. */
static void view_of_client(int client, int table, struct sim_row rows[SIM_KEYS])
{
    for (int k = 0; k < SIM_KEYS; k++)
        rows[k] = sim.source.holder[table][k] == client + 1 ? sim.source.mine[table][k] : sim.source.rows[table][k];
}

enum sim_answer source_execute(int client, const struct sim_call *call, uint32_t *affected)
{
    struct sim_source *s = &sim.source;
    int table = call->statement->table;
    struct sim_row rows[SIM_KEYS];
    bool touched[SIM_KEYS], refused;
    int64_t sequence = s->sequence, key = key_of(call);
    view_of_client(client, table, rows);
    /* An insert or a change of a row that somebody else holds waits for him, whatever it would find. */
    if (key >= 0 && s->holder[table][key] && s->holder[table][key] != client + 1) return ANSWER_WAIT;
    for (int k = 0; call->statement->verb == VERB_UNIQUE && call->binds[0] && k < SIM_KEYS; k++)
        if (k != key && s->holder[table][k] && s->holder[table][k] != client + 1 &&
            ((s->mine[table][k].there && s->mine[table][k].u == call->binds[0]) ||
             (s->rows[table][k].there && s->rows[table][k].u == call->binds[0])))
            return ANSWER_WAIT; /* whether the value is free is known when he ends */
    *affected = sim_do(call, rows, &sequence, touched, &refused);
    if (refused) return ANSWER_REFUSED;
    for (int k = 0; k < SIM_KEYS; k++)
        if (touched[k] && s->holder[table][k] && s->holder[table][k] != client + 1) return ANSWER_WAIT; /* and looks again then */
    for (int k = 0; k < SIM_KEYS; k++) {
        if (!touched[k]) continue;
        s->holder[table][k] = client + 1;
        s->mine[table][k] = rows[k];
    }
    s->sequence = sequence;
    return ANSWER_DONE;
}

void source_end(int client, bool commit)
{
    struct sim_source *s = &sim.source;
    for (int t = 0; t < SIM_TABLES; t++)
        for (int k = 0; k < SIM_KEYS; k++) {
            if (s->holder[t][k] != client + 1) continue;
            if (commit) {
                sim_trace("source: %s %d of client %d: %s n %lld grp %lld", t == TABLE_ITEM ? "item" : "counter", k, client,
                          s->mine[t][k].there ? "there" : "gone", (long long)s->mine[t][k].n, (long long)s->mine[t][k].grp);
                s->rows[t][k] = s->mine[t][k];
            }
            s->holder[t][k] = 0;
        }
    s->commits += commit;
}

void source_back_to(int client, const bool held[SIM_TABLES][SIM_KEYS], const struct sim_row mine[SIM_TABLES][SIM_KEYS])
{
    struct sim_source *s = &sim.source;
    for (int t = 0; t < SIM_TABLES; t++)
        for (int k = 0; k < SIM_KEYS; k++) {
            if (s->holder[t][k] != client + 1) continue;
            if (held[t][k])
                s->mine[t][k] = mine[t][k];
            else
                s->holder[t][k] = 0;
        }
}

/* ---- what the mirror asks ---- */

struct source {
    int nothing;
};
static struct source connection;

static bool source_fails(struct error *error)
{
    if (sim.now_us >= sim.source.away_until_us && !(sim.faults && sim_chance(0.01))) return false;
    error_set(error, ERROR_SOURCE_LOST, "the source is away");
    return true;
}

struct source *source_open(const struct engine_options *options, uint32_t timeout_ms, struct error *error)
{
    (void)options, (void)timeout_ms;
    return source_fails(error) ? NULL : &connection;
}

void source_close(struct source *source)
{
    (void)source;
}
bool source_commit(struct source *source, struct error *error)
{
    return (void)source, error_set(error, ERROR_INTERNAL, "the simulated mirror does not write to the source");
}
bool source_rollback(struct source *source, struct error *error)
{
    return (void)source, (void)error, true;
}

bool source_run(struct source *source, const char *text, const struct value *binds, uint32_t bind_count, uint32_t rows, uint32_t fetch_rows,
                source_row *row, void *context, struct source_result *result, struct error *error)
{
    (void)source, (void)binds, (void)bind_count, (void)rows, (void)fetch_rows, (void)row, (void)context, (void)result;
    return error_set(error, ERROR_INTERNAL, "not simulated: %.200s", text);
}

static int key_number(const struct value *key)
{
    int64_t number = -1;
    CHECK(key->type == VALUE_NUMBER && number_to_i64(key->bytes, &number) && number >= 0 && number < SIM_KEYS);
    return (int)number;
}

static int table_number(const struct row_map *map)
{
    return strcmp(map->table->name, "ITEM") == 0 ? TABLE_ITEM : TABLE_COUNTER;
}

static void fill(const struct row_map *map, struct row *row, const struct sim_row *from, int key, struct arena *arena)
{
    row->found = from->there;
    if (!row->found) return;
    row->values = arena_zero(arena, sizeof *row->values * map->column_count);
    row->values[0] = value_number_i64(arena, key);
    row->values[1] = value_number_i64(arena, from->n);
    if (map->column_count > 2) row->values[2] = value_number_i64(arena, from->grp);
    if (map->column_count > 3) row->values[3] = from->u ? value_number_i64(arena, from->u) : value_null();
}

/* Between two rows of one read the others go on: nobody promises one point in time. */
bool rows_read_source(struct source *source, const struct row_map *map, struct row *rows, uint32_t count, struct arena *arena,
                      struct error *error)
{
    (void)source;
    if (source_fails(error)) return false;
    for (uint32_t i = 0; i < count; i++) {
        int key = key_number(&rows[i].key[0]);
        fill(map, &rows[i], &sim.source.rows[table_number(map)][key], key, arena);
        sim_trace("mirror reads %s %d: n %lld", map->table->name, key, (long long)sim.source.rows[table_number(map)][key].n);
        sim_others();
    }
    sim_others();
    return !source_fails(error);
}

bool rows_read_target(struct pg *pg, const struct row_map *map, struct row *rows, uint32_t count, struct arena *arena, struct error *error)
{
    (void)pg, (void)error;
    for (uint32_t i = 0; i < count; i++) {
        int key = key_number(&rows[i].key[0]);
        fill(map, &rows[i], &sim.target.committed.rows[table_number(map)][key], key, arena);
    }
    return true;
}

bool rows_read_rowids(struct source *source, const struct row_map *map, const char (*rowids)[19], uint32_t count, struct row *rows,
                      uint32_t *found, struct arena *arena, struct error *error)
{
    (void)source, (void)map, (void)rowids, (void)count, (void)rows, (void)arena;
    *found = 0;
    return error_set(error, ERROR_INTERNAL, "no statement of the simulation needs a ROWID");
}
