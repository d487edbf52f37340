/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and locks of both sides as clients see them (READ COMMITTED), and the simulated source as the mirror, the reverse and a replay see it. */
#include "tests/sim/sim.h"

#include "base/memory.h"
#include "engine/dictionary.h"
#include <stdio.h>
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
    static const int at[] = {[VERB_ADD] = 0,  [VERB_SET] = 1,    [VERB_INSERT] = 0,   [VERB_DELETE] = 0, [VERB_GROUP] = -1,
                             [VERB_MOVE] = 1, [VERB_UNIQUE] = 1, [VERB_SEQUENCE] = 0, [VERB_COUNT] = 0};
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

/* ---- rows and locks, the same on both sides while clients write there ---- */

static struct sim_row (*committed_of(enum engine_side side))[SIM_KEYS]
{
    return side == SIDE_TARGET ? sim.target.committed.rows : sim.source.rows;
}

bool side_holds(enum engine_side side, int client, int table, int key)
{
    return sim.locks[side].holder[table][key] == client + 1;
}

static bool held_by_another(enum engine_side side, int client, int table, int key)
{
    return sim.locks[side].holder[table][key] && !side_holds(side, client, table, key);
}

/* Committed rows, and its own changes. */
void side_view(enum engine_side side, int client, int table, struct sim_row rows[SIM_KEYS])
{
    for (int k = 0; k < SIM_KEYS; k++)
        rows[k] = side_holds(side, client, table, k) ? sim.locks[side].mine[table][k] : committed_of(side)[table][k];
}

static void hold(enum engine_side side, int client, int table, int key, const struct sim_row *row)
{
    sim.locks[side].holder[table][key] = client + 1;
    sim.locks[side].mine[table][key] = *row;
}

/* Somebody else may be about to give the value up, or to take it: that is known when he ends. */
static bool value_waits(enum engine_side side, int client, int key, int64_t u)
{
    const struct sim_locks *l = &sim.locks[side];
    for (int k = 0; u && k < SIM_KEYS; k++) {
        const struct sim_row *mine = &l->mine[TABLE_ITEM][k], *was = &committed_of(side)[TABLE_ITEM][k];
        if (k == key || !held_by_another(side, client, TABLE_ITEM, k)) continue;
        if ((mine->there && mine->u == u) || (was->there && was->u == u)) return true;
    }
    return false;
}

enum sim_answer side_execute(enum engine_side side, int client, const struct sim_call *call, uint32_t *affected)
{
    int table = call->statement->table;
    struct sim_row rows[SIM_KEYS];
    bool touched[SIM_KEYS], refused;
    int64_t sequence = sim.locks[side].sequence, key = key_of(call);
    side_view(side, client, table, rows);
    /* An insert or a change of a row that somebody else holds waits for him, whatever it would find. */
    if (key >= 0 && held_by_another(side, client, table, (int)key)) return ANSWER_WAIT;
    if (call->statement->verb == VERB_UNIQUE && value_waits(side, client, (int)key, call->binds[0])) return ANSWER_WAIT;
    *affected = sim_do(call, rows, &sequence, touched, &refused);
    if (refused) return ANSWER_REFUSED;
    for (int k = 0; k < SIM_KEYS; k++)
        if (touched[k] && held_by_another(side, client, table, k)) return ANSWER_WAIT; /* and looks again then */
    for (int k = 0; k < SIM_KEYS; k++)
        if (touched[k]) hold(side, client, table, k, &rows[k]);
    sim.locks[side].sequence = sequence;
    return ANSWER_DONE;
}

void side_end(enum engine_side side, int client, bool commit)
{
    for (int t = 0; t < SIM_TABLES; t++)
        for (int k = 0; k < SIM_KEYS; k++) {
            const struct sim_row *mine = &sim.locks[side].mine[t][k];
            if (!side_holds(side, client, t, k)) continue;
            if (commit) {
                sim_trace("%s: %s %d of client %d: %s n %lld grp %lld u %lld", side == SIDE_TARGET ? "target" : "source",
                          t == TABLE_ITEM ? "item" : "counter", k, client, mine->there ? "there" : "gone", (long long)mine->n,
                          (long long)mine->grp, (long long)mine->u);
                committed_of(side)[t][k] = *mine;
            }
            sim.locks[side].holder[t][k] = 0;
        }
    sim.source.commits += commit;
}

void side_back_to(enum engine_side side, int client, const bool held[SIM_TABLES][SIM_KEYS], const struct sim_row mine[SIM_TABLES][SIM_KEYS])
{
    for (int t = 0; t < SIM_TABLES; t++)
        for (int k = 0; k < SIM_KEYS; k++) {
            if (!side_holds(side, client, t, k)) continue;
            if (held[t][k])
                sim.locks[side].mine[t][k] = mine[t][k];
            else
                sim.locks[side].holder[t][k] = 0;
        }
}

/* ---- what the mirror asks ---- */

struct source {
    bool open; /* a transaction that writes */
    struct sim_meta work;
};

static bool source_fails(struct error *error)
{
    if (!sim.dying && sim.now_us >= sim.source.away_until_us && !(sim.faults && sim_chance(0.01))) return false;
    error_set(error, ERROR_SOURCE_LOST, "the source is away");
    return true;
}

struct source *source_open(const struct engine_options *options, uint32_t timeout_ms, struct error *error)
{
    (void)options, (void)timeout_ms;
    return source_fails(error) ? NULL : memory_zero(1, sizeof(struct source));
}

static void drop(struct source *source)
{
    if (source->open) side_end(SIDE_SOURCE, SIM_WRITER, false);
    source->open = false;
}

void source_close(struct source *source)
{
    if (source) drop(source);
    memory_free(source);
}

/* A deferred constraint: what no statement was refused for is refused here, and undone. */
static bool refused_late(struct source *source, struct error *error)
{
    struct sim_row rows[SIM_KEYS];
    bool twice = false;
    side_view(SIDE_SOURCE, SIM_WRITER, TABLE_ITEM, rows);
    for (int k = 0; k < SIM_KEYS; k++)
        for (int other = 0; other < k; other++)
            twice = twice || (rows[k].there && rows[other].there && rows[k].u && rows[k].u == rows[other].u);
    if (!sim.deferred || !source->open || !twice) return false;
    drop(source);
    error_set(error, ERROR_SOURCE, "ORA-02091");
    error->native = 2091;
    sim_trace("the source refuses a commit");
    return true;
}

/* The answer may be lost, before or after the commit. */
bool source_commit(struct source *source, struct error *error)
{
    if (refused_late(source, error)) return false;
    bool lost = source_fails(error);
    if (sim.faults && sim_chance(0.004)) sim.dying = true;
    if (lost && sim_chance(0.5)) {
        drop(source);
        return false;
    }
    if (source->open) {
        for (uint32_t i = 0; i < sim.try_count; i++) sim.tries[i].back = sim.tries[i].back || source->work.returned[sim.tries[i].csn];
        sim.source.meta = source->work;
        side_end(SIDE_SOURCE, SIM_WRITER, true);
        source->open = false;
    }
    return !lost;
}

bool source_rollback(struct source *source, struct error *error)
{
    drop(source);
    return !source_fails(error ? error : &(struct error){0});
}

static void begin_writing(struct source *source)
{
    if (!source->open) source->work = sim.source.meta;
    source->open = true;
}

static int64_t number_of(const struct value *value)
{
    int64_t number = 0;
    if (value->type == VALUE_NULL) return 0;
    CHECK(value->type == VALUE_NUMBER && number_to_i64(value->bytes, &number));
    return number;
}

static bool waits(struct error *error)
{
    return error_set(error, ERROR_SOURCE_LOST, "no answer in time");
}

static bool violated(struct error *error)
{
    error_set(error, ERROR_SOURCE, "ORA-00001");
    error->native = 1;
    return false;
}

/* A row as it is, from the stream or an image. */
static bool write_row(int table, int key, const struct sim_row *row, bool insert, uint64_t *affected, struct error *error)
{
    struct sim_row rows[SIM_KEYS];
    if (held_by_another(SIDE_SOURCE, SIM_WRITER, table, key) ||
        (table == TABLE_ITEM && row->there && value_waits(SIDE_SOURCE, SIM_WRITER, key, row->u)))
        return waits(error);
    side_view(SIDE_SOURCE, SIM_WRITER, table, rows);
    *affected = insert || rows[key].there;
    if (insert && rows[key].there) return violated(error);
    for (int k = 0; row->there && row->u && k < SIM_KEYS && !sim.deferred; k++)
        if (k != key && rows[k].there && rows[k].u == row->u) return violated(error);
    if (*affected) hold(SIDE_SOURCE, SIM_WRITER, table, key, row);
    return true;
}

/* The texts of the row maps. -1: it is none of them. */
static int run_map(const char *text, const struct value *binds, uint64_t *affected, struct error *error)
{
    for (int t = 0; t < SIM_TABLES; t++) {
        const struct row_map *map = sim_map(t);
        uint32_t last = map->column_count - 1;
        bool insert = strcmp(text, map->source_insert) == 0, update = strcmp(text, map->source_update) == 0;
        if (!insert && !update && strcmp(text, map->source_delete) != 0) continue;
        struct sim_row row = {.there = insert || update};
        if (row.there) {
            const struct value *values = insert ? binds + 1 : binds;
            row.n = number_of(&values[0]);
            if (t == TABLE_ITEM) row.grp = number_of(&values[1]), row.u = number_of(&values[2]);
        }
        return write_row(t, (int)number_of(&binds[update ? last : 0]), &row, insert, affected, error);
    }
    return -1;
}

static int run_statement(const char *text, const struct value *binds, uint64_t *affected, struct error *error)
{
    for (uint32_t i = 0; i < sim_statement_count; i++) {
        struct sim_call call = {.statement = &sim_statements[i]};
        uint32_t count = 0;
        if (strcmp(text, sim_statements[i].text) != 0) continue;
        for (uint32_t b = 0; b < sim_statements[i].binds; b++) call.binds[b] = number_of(&binds[b]);
        enum sim_answer answer = side_execute(SIDE_SOURCE, SIM_WRITER, &call, &count);
        *affected = count;
        return answer == ANSWER_DONE ? 1 : answer == ANSWER_WAIT ? waits(error) : violated(error);
    }
    return -1;
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool insert_returned(struct sim_meta *meta, const struct value *binds, uint32_t rows, struct error *error)
{
    for (uint32_t r = 0; r < rows; r++) {
        int64_t csn = number_of(&binds[r]);
        CHECK(csn > 0 && csn < SIM_CSNS);
        sim_trace("csn %lld comes back to the source", (long long)csn);
        if (meta->returned[csn]) return violated(error);
        meta->returned[csn] = true;
    }
    return true;
}

static int run_meta(struct sim_meta *meta, const char *text, const struct value *binds, uint32_t rows, uint64_t *affected,
                    struct error *error)
{
    bool low = strstr(text, "'reverse low'") != NULL;
    *affected = 1;
    if (starts(text, "INSERT INTO UNDERSTUDY_RETURNED")) return insert_returned(meta, binds, rows, error);
    if (starts(text, "DELETE FROM UNDERSTUDY_RETURNED")) {
        int64_t up_to = strstr(text, "CSN <= :1") ? number_of(&binds[0]) : SIM_CSNS - 1;
        for (int64_t csn = 0; csn <= up_to && csn < SIM_CSNS; csn++) meta->returned[csn] = false;
    } else if (starts(text, "DELETE FROM UNDERSTUDY_APPLIED")) {
        memset(&meta->reverse, 0, sizeof meta->reverse);
        memset(&meta->low, 0, sizeof meta->low);
    } else if (starts(text, "UPDATE UNDERSTUDY_APPLIED") || starts(text, "INSERT INTO UNDERSTUDY_APPLIED")) {
        bool insert = text[0] == 'I', there = low ? meta->low.there : meta->reverse.there;
        *affected = insert || there;
        if (!*affected) return true;
        if (low)
            meta->low.there = true, meta->low.csn = (uint64_t)number_of(&binds[0]);
        else
            meta->reverse.there = true, meta->reverse.csn = (uint64_t)number_of(&binds[0]),
            meta->reverse.position = (uint64_t)number_of(&binds[1]);
    } else {
        return -1;
    }
    return true;
}

bool source_run(struct source *source, const char *text, const struct value *binds, uint32_t bind_count, uint32_t rows, uint32_t fetch_rows,
                source_row *row, void *context, struct source_result *result, struct error *error)
{
    (void)bind_count, (void)fetch_rows;
    uint64_t affected = 0;
    if (result) memset(result, 0, sizeof *result);
    if (source_fails(error)) {
        drop(source);
        return false;
    }
    if (starts(text, "SELECT CSN FROM UNDERSTUDY_RETURNED")) {
        for (int csn = 0; csn < SIM_CSNS; csn++) {
            struct arena arena;
            if (!sim.source.meta.returned[csn]) continue;
            arena_init(&arena, 0);
            struct value value = value_number_i64(&arena, csn);
            row(context, &value, 1);
            arena_release(&arena);
        }
        return true;
    }
    begin_writing(source);
    int done = run_meta(&source->work, text, binds, rows, &affected, error);
    if (done < 0) done = run_map(text, binds, &affected, error);
    if (done < 0) done = run_statement(text, binds, &affected, error);
    if (done < 0) return error_set(error, ERROR_INTERNAL, "not simulated: %.200s", text);
    if (result) result->affected = affected;
    if (!done && error->code == ERROR_SOURCE_LOST) drop(source);
    return done;
}

bool source_scalar(struct source *source, const char *text, char *out, size_t size, struct error *error)
{
    const struct sim_meta *meta = &sim.source.meta;
    (void)source;
    if (source_fails(error)) return false;
    snprintf(out, size, "%llu",
             (unsigned long long)(strstr(text, "'reverse low'") ? meta->low.csn
                                  : strstr(text, "MAX(CSN)")    ? meta->reverse.csn
                                                                : meta->reverse.position));
    return true;
}

bool epoch_prepare_source(struct source *source, struct error *error)
{
    return (void)source, !source_fails(error);
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
