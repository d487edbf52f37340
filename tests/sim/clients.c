/* SPDX-License-Identifier: Apache-2.0 */
/* Client sessions: what a session of the daemon does around its calls (docs/journal.md), with every message on its way for a while. */
#include "engine/outstanding.h"
#include "tests/sim/sim.h"

#include <string.h>

enum { WAITS_MAX = 60 };
#define ZOMBIE_US UINT64_C(1000000) /* a COMMIT that was on its way arrives within this, or never */

static struct view key_text(void)
{
    return view_text("APP");
}

/* ---- the journal ---- */

static void told(void *context, struct journal_ticket ticket)
{
    uint64_t which = (uint64_t)(uintptr_t)context;
    struct sim_client *c = &sim.clients[which % SIM_CLIENTS];
    if (which / SIM_CLIENTS != sim.birth || c->birth != sim.birth || c->stage != STAGE_WAIT_INTENT) return;
    if (ticket.refused) sim_trace("intent %llu is refused", (unsigned long long)c->csn);
    if (ticket.refused && c->side == SIDE_TARGET) sim.forgiven = true; /* nothing could be brought back from it */
    c->stage = STAGE_COMMIT_SENT;                                      /* durable, or refused: the client goes on (I1) */
}

static void append(int number, enum journal_kind kind, uint64_t csn, struct buffer *payload, bool notify)
{
    struct sim_client *c = &sim.clients[number];
    if (!c->transaction) c->transaction = journal_new_transaction(sim.journal);
    sim_trace("client %d: journal kind %d, transaction %llu/%llu, csn %llu", number, (int)kind, (unsigned long long)(c->transaction >> 40),
              (unsigned long long)(c->transaction & 0xffffffffff), (unsigned long long)csn);
    void *context = (void *)(uintptr_t)(sim.birth * SIM_CLIENTS + (uint64_t)number);
    journal_append(sim.journal, kind, c->transaction, csn, buffer_view(payload), notify ? told : NULL, context);
    buffer_release(payload);
}

static struct record record_of(struct sim_client *c, struct arena *arena)
{
    const struct sim_statement *s = c->call.statement;
    struct record record = {
        .ordinal = c->ordinal, .session = 1, .schema = key_text(), .text = view_text(s->text), .bind_count = s->binds, .row_count = 1};
    record.binds = arena_zero(arena, sizeof *record.binds * s->binds);
    for (uint32_t i = 0; i < s->binds; i++) record.binds[i] = value_number_i64(arena, c->call.binds[i]);
    if (s->verb == VERB_UNIQUE && c->call.binds[0] == 0) record.binds[0] = value_null();
    return record;
}

/* The rows that the target's RETURNING gives with the answer, as they are now; of a deleted one, its key. */
static void add_images(int number, struct record_result *result, struct arena *arena)
{
    const struct sim_client *c = &sim.clients[number];
    const struct row_map *map = sim_map(c->call.statement->table);
    bool needed = c->call.statement->verb == VERB_SEQUENCE || c->call.statement->verb == VERB_GROUP; /* it would not be the same again */
    if (c->side == SIDE_SOURCE || (!sim.images && !needed)) return;
    result->image_columns = map->column_count;
    result->images = arena_zero(arena, sizeof *result->images * map->column_count * SIM_KEYS);
    for (int k = 0; k < SIM_KEYS; k++) {
        const struct sim_row *row = &c->rows[k];
        struct value *values = &result->images[result->image_rows * map->column_count];
        if (!c->touched[k]) continue;
        values[0] = value_number_i64(arena, k);
        values[1] = value_number_i64(arena, row->n);
        if (map->column_count > 2) values[2] = value_number_i64(arena, row->grp);
        if (map->column_count > 3) values[3] = row->u ? value_number_i64(arena, row->u) : value_null();
        result->image_rows++;
    }
}

/* What the call has touched, and made of it. */
static void note_rows(int number)
{
    struct sim_client *c = &sim.clients[number];
    int table = c->call.statement->table;
    struct sim_row before[SIM_KEYS], *rows = c->rows;
    bool refused;
    int64_t sequence = sim.locks[c->side].sequence;
    side_view(c->side, number, table, before);
    memcpy(rows, before, sizeof before);
    (void)sim_do(&c->call, rows, &sequence, c->touched, &refused);
}

static void journal_dml(int number)
{
    struct sim_client *c = &sim.clients[number];
    struct arena arena;
    struct buffer payload;
    arena_init(&arena, 0);
    buffer_init(&payload, 0);
    struct record record = record_of(c, &arena);
    struct record_result result = {.affected = c->affected, .good_iterations = 1};
    record.flags = c->side == SIDE_TARGET ? RECORD_PRIMARY_TARGET : 0;
    add_images(number, &result, &arena);
    record_encode(&payload, &record, &result);
    append(number, JOURNAL_DML, 0, &payload, false);
    c->ordinal++;
    c->journalled = true;
    arena_release(&arena);
}

static struct sim_try *try_of(uint64_t csn)
{
    for (uint32_t i = sim.try_count; i; i--)
        if (sim.tries[i - 1].csn == csn) return &sim.tries[i - 1];
    return NULL;
}

/* A call that carries its commit is one message to the source: its intent stands before it. On the target it is a statement and a COMMIT, with the intent between them. */
static bool intent_first(const struct sim_client *c)
{
    return c->auto_commit && c->side == SIDE_SOURCE;
}

static void journal_intent(int number, bool with_call)
{
    struct sim_client *c = &sim.clients[number];
    struct arena arena;
    struct buffer payload;
    struct record_intent intent = {.auto_commit = with_call, .has_record = with_call, .target_primary = c->side == SIDE_TARGET};
    arena_init(&arena, 0);
    buffer_init(&payload, 0);
    if (with_call) intent.record = record_of(c, &arena);
    c->csn = journal_next_csn(sim.journal);
    c->birth = sim.birth;
    c->stage = STAGE_WAIT_INTENT;
    if (c->side == SIDE_TARGET) {
        CHECK(sim.try_count < SIM_TRIES && c->csn < SIM_CSNS);
        struct sim_try *before = try_of(c->csn), *try = &sim.tries[sim.try_count++];
        if (before) before->csn = 0; /* it was never durable, and is given again */
        *try = (struct sim_try){.csn = c->csn};
        memcpy(try->counted, c->counted, sizeof try->counted);
        for (int k = 0; k < SIM_KEYS; k++) try->wrote[k] = side_holds(SIDE_TARGET, number, TABLE_ITEM, k);
        outstanding_add(sim.engine->outstanding, c->csn);
    }
    record_encode_intent(&payload, &intent);
    append(number, JOURNAL_INTENT, c->csn, &payload, true);
    arena_release(&arena);
}

static void journal_outcome(int number, enum journal_outcome outcome)
{
    struct sim_client *c = &sim.clients[number];
    struct buffer payload;
    struct record_result result = {.affected = c->affected, .good_iterations = 1};
    struct arena arena;
    arena_init(&arena, 0);
    add_images(number, &result, &arena);
    buffer_init(&payload, 0);
    record_encode_outcome(&payload, outcome, outcome == JOURNAL_COMMITTED && intent_first(c) ? &result : NULL);
    append(number, JOURNAL_OUTCOME, c->csn, &payload, false);
    arena_release(&arena);
    if (outcome == JOURNAL_NOT_COMMITTED || outcome == JOURNAL_ROLLED_BACK) outstanding_remove(sim.engine->outstanding, c->csn);
    sim_trace("client %d: csn %llu %s", number, (unsigned long long)c->csn,
              outcome == JOURNAL_COMMITTED ? "acknowledged"
              : outcome == JOURNAL_UNKNOWN ? "unknown"
                                           : "not committed");
}

static void journal_plain(int number, enum journal_kind kind, uint32_t ordinal)
{
    struct buffer payload;
    buffer_init(&payload, 0);
    if (kind == JOURNAL_TRIM) buffer_u32le(&payload, ordinal);
    append(number, kind, 0, &payload, false);
}

/* ---- transactions ---- */

static void forget(struct sim_client *c)
{
    memset(c, 0, sizeof *c);
}

static void choose(struct sim_client *c)
{
    const struct sim_statement *s = &sim_statements[sim_chance(0.35) ? sim_statement_count - 1 : sim_below(sim_statement_count)];
    if (s->verb == VERB_GROUP && !sim.groups) s = &sim_statements[sim_statement_count - 1];
    c->call = (struct sim_call){.statement = s};
    int64_t key = (int64_t)sim_below(SIM_KEYS), group = (int64_t)sim_below(SIM_GROUPS);
    int64_t number = (int64_t)sim_below(1000);
    switch (s->verb) {
    case VERB_SET: c->call.binds[0] = number, c->call.binds[1] = key; break;
    case VERB_INSERT: c->call.binds[0] = key, c->call.binds[1] = number, c->call.binds[2] = group; break;
    case VERB_GROUP: c->call.binds[0] = group; break;
    case VERB_UNIQUE: c->call.binds[0] = (int64_t)sim_below(SIM_VALUES + 1), c->call.binds[1] = key; break;
    case VERB_MOVE: c->call.binds[0] = group, c->call.binds[1] = key; break;
    default: c->call.binds[0] = key; break;
    }
    c->waits = 0;
    c->refused = false;
}

/* The primary has committed it: from now on it must never be lost, nor done twice. */
static void committed(int number)
{
    struct sim_client *c = &sim.clients[number];
    if (c->side == SIDE_TARGET) {
        struct sim_try *try = try_of(c->csn);
        if (try) try->committed = true;
        wal_write(number, c->csn);
        side_end(SIDE_TARGET, number, true);
        sim_trace("client %d: csn %llu is committed on the target", number, (unsigned long long)c->csn);
        return;
    }
    for (int k = 0; k < SIM_KEYS; k++) {
        if (!side_holds(SIDE_SOURCE, number, TABLE_ITEM, k)) continue;
        CHECK(sim.states[k] < SIM_STATES);
        sim.history[k][sim.states[k]++] = (struct sim_state){.csn = c->csn, .row = sim.locks[SIDE_SOURCE].mine[TABLE_ITEM][k]};
    }
    side_end(SIDE_SOURCE, number, true);
    for (int k = 0; k < SIM_KEYS; k++) {
        if (!c->counted[k]) continue;
        CHECK(sim.commit_count < SIM_COMMITS);
        sim.commits[sim.commit_count].csn = c->csn;
        sim.commits[sim.commit_count].key = k;
        sim.commits[sim.commit_count++].count = c->counted[k];
    }
    sim_trace("client %d: csn %llu is committed", number, (unsigned long long)c->csn);
}

static void roll_back(int number)
{
    struct sim_client *c = &sim.clients[number];
    side_end(c->side, number, false);
    if (c->journalled) journal_plain(number, JOURNAL_ABORT, 0);
    forget(c);
}

static bool begin(int number)
{
    struct sim_client *c = &sim.clients[number];
    if (sim.draining || sim.hold || sim.target_lost) return false;
    forget(c);
    c->side = sim.primary;
    c->left = 1 + (uint32_t)sim_below(4);
    choose(c);
    c->auto_commit = c->left == 1 && sim_chance(0.6);
    c->birth = sim.birth;
    c->stage = STAGE_AT_SOURCE;
    if (intent_first(c)) journal_intent(number, true);
    return true;
}

/* The statement is at the source. An auto-commit one commits if it succeeds. */
static bool at_source(int number)
{
    struct sim_client *c = &sim.clients[number];
    if (c->side == SIDE_TARGET && sim.target_lost) return false;
    note_rows(number);
    enum sim_answer answer = side_execute(c->side, number, &c->call, &c->affected);
    if (answer == ANSWER_WAIT) {
        if (++c->waits < WAITS_MAX) return false;
        answer = ANSWER_REFUSED; /* ORA-00060, let us say */
    }
    c->refused = answer == ANSWER_REFUSED;
    sim_trace("client %d: %s [%lld %lld %lld] %s", number, c->call.statement->text, (long long)c->call.binds[0],
              (long long)c->call.binds[1], (long long)c->call.binds[2], c->refused ? "refused" : "done");
    if (!c->refused && c->call.statement->verb == VERB_COUNT) c->counted[c->call.binds[0]] += c->affected;
    if (intent_first(c) && !c->refused) committed(number);
    c->stage = intent_first(c) ? STAGE_COMMITTED : STAGE_ANSWERED;
    return true;
}

static void savepoints(int number)
{
    struct sim_client *c = &sim.clients[number];
    if (c->saved && sim_chance(0.4)) {
        side_back_to(c->side, number, (const bool(*)[SIM_KEYS])c->saved_held, (const struct sim_row(*)[SIM_KEYS])c->saved_mine);
        memcpy(c->counted, c->saved_counted, sizeof c->counted);
        journal_plain(number, JOURNAL_TRIM, c->saved_ordinal);
        c->saved = false;
    } else if (sim_chance(0.2)) {
        c->saved = true;
        c->saved_ordinal = c->ordinal;
        memcpy(c->saved_counted, c->counted, sizeof c->counted);
        memcpy(c->saved_mine, sim.locks[c->side].mine, sizeof c->saved_mine);
        for (int t = 0; t < SIM_TABLES; t++)
            for (int k = 0; k < SIM_KEYS; k++) c->saved_held[t][k] = side_holds(c->side, number, t, k);
    }
}

/* The answer to a statement inside a transaction has come. */
static bool answered(int number)
{
    struct sim_client *c = &sim.clients[number];
    if (c->refused && c->waits >= WAITS_MAX) { /* a deadlock: the client gives the transaction up */
        roll_back(number);
        return true;
    }
    bool over = c->auto_commit; /* on the target, with its rows locked */
    c->auto_commit = over && !c->refused;
    if (over && c->refused && !c->ordinal) {
        roll_back(number);
        return true;
    }
    if (!c->refused) journal_dml(number);
    if (c->auto_commit) {
        journal_intent(number, false);
        return true;
    }
    if (over) c->left = 2; /* refused: what ran before is still open */
    c->refused = false;
    savepoints(number);
    if (c->left > 1) {
        c->left--;
        choose(c);
        c->auto_commit = c->left == 1 && sim_chance(0.3); /* the last one carries the commit */
        c->stage = STAGE_AT_SOURCE;
        if (intent_first(c)) journal_intent(number, true);
        return true;
    }
    if (sim_chance(0.15) || !c->journalled)
        roll_back(number);
    else
        journal_intent(number, false);
    return true;
}

/* COMMIT, or the auto-commit call, is on its way; or its answer is. The client, or the daemon's session, may go away before it comes. */
static bool commit_sent(int number)
{
    struct sim_client *c = &sim.clients[number];
    if (c->side == SIDE_TARGET && sim.target_lost) return false;
    if (sim.faults && sim_chance(0.02)) {
        journal_outcome(number, JOURNAL_UNKNOWN);
        c->stage = STAGE_ZOMBIE;
        c->will_commit = sim_chance(0.5);
        c->due_us = sim.now_us + sim_below(ZOMBIE_US);
        return true;
    }
    if (intent_first(c)) return at_source(number);
    committed(number);
    c->stage = STAGE_COMMITTED;
    return true;
}

static bool commit_answered(int number)
{
    struct sim_client *c = &sim.clients[number];
    if (c->side == SIDE_TARGET && sim.target_lost) return false;
    if (c->refused && c->ordinal > 0) { /* nothing was committed: what ran before is still open */
        journal_outcome(number, JOURNAL_NOT_COMMITTED);
        c->csn = 0;
        c->auto_commit = c->refused = false;
        c->stage = STAGE_ANSWERED;
        c->left = 2;
        choose(c);
        c->stage = STAGE_AT_SOURCE;
        return true;
    }
    journal_outcome(number, c->refused ? JOURNAL_ROLLED_BACK : JOURNAL_COMMITTED);
    if (c->refused)
        side_end(c->side, number, false);
    else if (c->side == SIDE_TARGET && try_of(c->csn))
        sim.acknowledged++, try_of(c->csn)->told = true, engine_acknowledge(sim.engine, c->csn, NULL, 0, true);
    else
        sim.acknowledged++, engine_acknowledge(sim.engine, c->csn, NULL, 0, true);
    forget(c);
    return true;
}

bool client_step(int number)
{
    struct sim_client *c = &sim.clients[number];
    switch (c->stage) {
    case STAGE_IDLE: return begin(number);
    case STAGE_AT_SOURCE: return at_source(number);
    case STAGE_ANSWERED: return answered(number);
    case STAGE_COMMIT_SENT: return commit_sent(number);
    case STAGE_COMMITTED: return commit_answered(number);
    default: return false;
    }
}

/* ---- ends ---- */

void clients_crash(void)
{
    for (int i = 0; i < SIM_CLIENTS; i++) {
        struct sim_client *c = &sim.clients[i];
        if (c->stage == STAGE_ZOMBIE) continue;
        if (c->stage == STAGE_IDLE || (c->stage == STAGE_COMMITTED && !c->refused)) {
            forget(c);
            continue;
        }
        c->will_commit = c->stage == STAGE_COMMIT_SENT && sim_chance(0.5);
        c->stage = STAGE_ZOMBIE; /* the source hears of the end later, or never got to know that there is one */
        c->due_us = sim.now_us + sim_below(ZOMBIE_US);
    }
}

void clients_time(void)
{
    for (int i = 0; i < SIM_CLIENTS; i++) {
        struct sim_client *c = &sim.clients[i];
        if (c->stage != STAGE_ZOMBIE || c->due_us > sim.now_us) continue;
        bool good = c->will_commit && !(c->side == SIDE_TARGET && sim.target_lost);
        if (good && intent_first(c)) {
            good = side_execute(c->side, i, &c->call, &c->affected) == ANSWER_DONE; /* who must wait is told that its client is gone */
            if (good && c->call.statement->verb == VERB_COUNT) c->counted[c->call.binds[0]] += c->affected;
        }
        if (good)
            committed(i);
        else
            side_end(c->side, i, false);
        forget(c);
    }
}

void clients_target_lost(void)
{
    for (int i = 0; i < SIM_CLIENTS; i++) {
        struct sim_client *c = &sim.clients[i];
        if (c->stage == STAGE_IDLE || c->side != SIDE_TARGET) continue;
        if (c->stage != STAGE_ZOMBIE) {
            if (c->csn)
                journal_outcome(i, JOURNAL_UNKNOWN);
            else if (c->journalled)
                journal_plain(i, JOURNAL_ABORT, 0);
        }
        side_end(SIDE_TARGET, i, false);
        forget(c);
    }
}

bool clients_idle(void)
{
    for (int i = 0; i < SIM_CLIENTS; i++)
        if (sim.clients[i].stage != STAGE_IDLE) return false;
    return true;
}
