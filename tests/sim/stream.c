/* SPDX-License-Identifier: Apache-2.0 */
/* The target's log and the stream that the reverse reads: transactions in commit order, with their rows and the CSN as a logical message. */
#include "tests/sim/sim.h"

#include "base/clock.h"
#include "base/memory.h"
#include "pg/replication.h"
#include <stdio.h>

enum { COLUMNS = 4, LSN_STEP = 16, CELL = 24 };

struct pg_stream {
    uint32_t at, part; /* the transaction, and what of it is next */
    struct pg_relation relations[SIM_TABLES];
    struct pg_column columns[SIM_TABLES][COLUMNS];
    struct pg_tuple_value old[COLUMNS], fresh[COLUMNS];
    char cells[2][COLUMNS][CELL], message[40];
};

static struct sim_wal *wal_new(void)
{
    CHECK(sim.target.wal_count < SIM_WAL);
    struct sim_wal *w = &sim.target.wal[sim.target.wal_count++];
    memset(w, 0, sizeof *w);
    w->lsn = sim.target.lsn += LSN_STEP;
    return w;
}

static void wal_change(struct sim_wal *w, int table, int key, const struct sim_row *before, const struct sim_row *after)
{
    CHECK(w->count < sizeof w->changes / sizeof *w->changes);
    w->changes[w->count].table = table;
    w->changes[w->count].key = key;
    w->changes[w->count].before = *before;
    w->changes[w->count++].after = *after;
}

/* Every row that was written, also one that is as it was, and one that came and went. In an order in which a value is given up before it is taken: as its statements ran. */
void wal_write(int client, uint64_t csn)
{
    struct sim_wal *w = wal_new();
    w->csn = csn;
    for (int taking = 0; taking < 2; taking++)
        for (int t = 0; t < SIM_TABLES; t++)
            for (int k = 0; k < SIM_KEYS; k++) {
                const struct sim_row *before = &sim.target.committed.rows[t][k], *after = &sim.locks[SIDE_TARGET].mine[t][k];
                struct sim_row between = *after;
                between.u = 0;
                if (!side_holds(SIDE_TARGET, client, t, k)) continue;
                bool takes = after->there && after->u && !(before->there && before->u == after->u);
                bool frees = before->there && before->u && !(after->there && before->u == after->u);
                if (!before->there && !after->there) {
                    between.there = true;
                    if (!taking) wal_change(w, t, k, before, &between), wal_change(w, t, k, &between, after);
                } else if (takes && frees && !taking) {
                    wal_change(w, t, k, before, &between);
                } else if (takes == (taking == 1)) {
                    wal_change(w, t, k, takes && frees ? &between : before, after);
                }
            }
}

void wal_epoch(uint64_t epoch)
{
    wal_new()->epoch = epoch;
}

static bool away(struct error *error)
{
    if (!sim.dying && !sim.target_lost && sim.now_us >= sim.target.away_until_us && !(sim.faults && sim_chance(0.003))) return false;
    error_set(error, ERROR_TARGET_LOST, "the target is away");
    return true;
}

struct pg_stream *pg_stream_open(const char *conninfo, const char *slot, const char *publication, uint64_t from_lsn, struct error *error)
{
    static const char *const names[] = {"id", "n", "grp", "u"};
    (void)conninfo, (void)slot, (void)publication;
    if (away(error)) return NULL;
    struct pg_stream *s = memory_zero(1, sizeof *s);
    uint64_t from = from_lsn > sim.target.slot ? from_lsn : sim.target.slot;
    while (s->at < sim.target.wal_count && sim.target.wal[s->at].lsn <= from) s->at++;
    for (int t = 0; t < SIM_TABLES; t++) {
        struct pg_relation *r = &s->relations[t];
        *r = (struct pg_relation){.id = (uint32_t)t + 1, .column_count = t == TABLE_ITEM ? 4 : 2, .columns = s->columns[t]};
        snprintf(r->schema, sizeof r->schema, "app");
        snprintf(r->name, sizeof r->name, t == TABLE_ITEM ? "item" : "counter");
        for (uint32_t c = 0; c < r->column_count; c++) s->columns[t][c] = (struct pg_column){.name = names[c], .type = PG_OID_NUMERIC};
    }
    return s;
}

void pg_stream_close(struct pg_stream *stream)
{
    memory_free(stream);
}

static struct pg_tuple_value *tuple(struct pg_stream *s, bool old, int key, const struct sim_row *row)
{
    struct pg_tuple_value *out = old ? s->old : s->fresh;
    const int64_t numbers[COLUMNS] = {key, row->n, row->grp, row->u};
    for (int c = 0; c < COLUMNS; c++) {
        char *cell = s->cells[old][c];
        snprintf(cell, CELL, "%lld", (long long)numbers[c]);
        out[c] = (struct pg_tuple_value){.kind = (old && c > 0) || (c == 3 && !row->u) ? 'n' : 't', .text = view_text(cell)};
    }
    return out;
}

static void change_of(struct pg_stream *s, const struct sim_wal *w, uint32_t at, struct pg_change *out)
{
    const struct sim_row *before = &w->changes[at].before, *after = &w->changes[at].after;
    int key = w->changes[at].key;
    out->relation = &s->relations[w->changes[at].table];
    out->old_is_key = true;
    out->kind = !before->there ? PG_CHANGE_INSERT : after->there ? PG_CHANGE_UPDATE : PG_CHANGE_DELETE;
    if (after->there)
        out->new_values = tuple(s, false, key, after);
    else
        out->old_values = tuple(s, true, key, before);
}

/* BEGIN, the message, the rows, COMMIT. */
bool pg_stream_next(struct pg_stream *s, uint32_t timeout_ms, struct pg_change *out, bool *timed_out, struct error *error)
{
    *timed_out = false;
    memset(out, 0, sizeof *out);
    if (away(error)) return false;
    if (s->at == sim.target.wal_count) {
        sim_pass((uint64_t)timeout_ms * 1000);
        *timed_out = true;
        return false;
    }
    const struct sim_wal *w = &sim.target.wal[s->at];
    uint32_t part = s->part++;
    out->lsn = w->lsn;
    out->commit_us = (int64_t)sim.now_us;
    if (part == 0) {
        out->kind = PG_CHANGE_BEGIN;
    } else if (part == 1) {
        out->kind = PG_CHANGE_MESSAGE;
        out->prefix = view_text("understudy");
        snprintf(s->message, sizeof s->message, w->epoch ? "epoch %llu" : "csn %llu", (unsigned long long)(w->epoch ? w->epoch : w->csn));
        out->content = view_text(s->message);
    } else if (part - 2 < w->count) {
        change_of(s, w, part - 2, out);
    } else {
        out->kind = PG_CHANGE_COMMIT;
        s->at++;
        s->part = 0;
    }
    return true;
}

bool pg_stream_confirm(struct pg_stream *stream, uint64_t lsn, struct error *error)
{
    (void)stream;
    if (away(error)) return false;
    if (lsn > sim.target.slot) sim.target.slot = lsn;
    return true;
}

uint64_t pg_stream_server_lsn(const struct pg_stream *stream)
{
    return stream->at == sim.target.wal_count ? sim.target.lsn : 0;
}

bool pg_slot_ensure(const char *conninfo, const char *slot, const char *publication, bool *created, uint64_t *consistent_lsn,
                    struct error *error)
{
    (void)conninfo, (void)slot, (void)publication, (void)created, (void)consistent_lsn;
    return error_set(error, ERROR_INTERNAL, "not simulated");
}
bool pg_slot_drop(const char *conninfo, const char *slot, struct error *error)
{
    (void)conninfo, (void)slot;
    return error_set(error, ERROR_INTERNAL, "not simulated");
}
void pg_set_patience(struct pg *pg, uint32_t timeout_ms)
{
    (void)pg, (void)timeout_ms;
}
