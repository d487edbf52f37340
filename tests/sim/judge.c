/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold: after each step, and when everything has come to rest. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

/* A counter on the target holds at least what is applied by the target's own word, and never more than the source has committed. */
static void judge_counters(void)
{
    const struct sim_database *db = &sim.target.committed;
    if (sim_excused() || sim.gap[TABLE_COUNTER]) return;
    uint64_t least[SIM_KEYS] = {0};
    for (uint32_t i = 0; i < sim.commit_count; i++)
        if (sim.commits[i].csn <= db->csn) least[sim.commits[i].key] += sim.commits[i].count;
    for (int k = 0; k < SIM_KEYS; k++) {
        int64_t is = db->rows[TABLE_COUNTER][k].n, most = sim.source.rows[TABLE_COUNTER][k].n;
        if (is > most) sim_fail("counter %d: the target holds %lld, the source committed %lld: doubled", k, (long long)is, (long long)most);
        if (is < (int64_t)least[k])
            sim_fail("counter %d: the target holds %lld at csn %llu, %llu were committed up to there: lost", k, (long long)is,
                     (unsigned long long)db->csn, (unsigned long long)least[k]);
    }
}

bool sim_rows_equal(const struct sim_row *a, const struct sim_row *b)
{
    return a->there == b->there && (!a->there || (a->n == b->n && a->grp == b->grp && a->u == b->u));
}

/*
 * A row of the target is one that the source has had: not before the last commit on it that is applied by the target's own word. It may be a later one, read ahead. Statements
 * over a predicate may differ for a while, until the keys that they touched are looked at.
 */
static void judge_items(void)
{
    const struct sim_database *db = &sim.target.committed;
    if (sim.groups || sim.gap[TABLE_ITEM] || sim_excused()) return;
    for (int k = 0; k < SIM_KEYS; k++) {
        const struct sim_state *history = sim.history[k];
        uint32_t from = sim.states[k];
        if (sim.to_check[TABLE_ITEM][k]) continue;
        while (from > 1 && history[from - 1].csn > db->csn) from--;
        bool found = false;
        /* A call that carries its commit waited for a row: its CSN is lower than that of a commit before it. Until both are applied the row is neither's (engine/mirror.h). */
        uint64_t highest = 0;
        for (uint32_t i = 0; i < sim.states[k] && !found; i++) {
            found = highest > db->csn && history[i].csn < highest;
            if (history[i].csn > highest) highest = history[i].csn;
        }
        for (uint32_t i = from - 1; i < sim.states[k] && !found; i++) found = sim_rows_equal(&history[i].row, &db->rows[TABLE_ITEM][k]);
        if (found) continue;
        const struct sim_row *is = &db->rows[TABLE_ITEM][k];
        sim_fail("item %d: the target at csn %llu %s n %lld grp %lld u %lld, as the source never did since: out of order", k,
                 (unsigned long long)db->csn, is->there ? "has" : "lacks", (long long)is->n, (long long)is->grp, (long long)is->u);
    }
}

void judge_step(void)
{
    uint64_t last = journal_last_csn(sim.journal);
    const struct sim_database *db = &sim.target.committed;
    if (db->csn > last && !sim.forgiven)
        sim_fail("the target stands at csn %llu, the journal has given %llu", (unsigned long long)db->csn, (unsigned long long)last);
    if (db->horizon < db->csn && db->horizon > last) sim_fail("the horizon is ahead of the journal");
    if (sim.primary == SIDE_TARGET) return; /* the mirror rests */
    judge_counters();
    judge_items();
}

/* ---- at rest ---- */

static void reconciled(void *context, const struct row *before, const struct row *after, bool changed, const struct error *error)
{
    (void)before, (void)after, (void)changed;
    ++*(uint32_t *)context;
    if (error && error->code != ERROR_NONE) sim_fail("a row could not be reconciled: %.300s", error->text);
}

/* What the mirror asked to be compared is compared, and made equal by the project's own reconcile: a difference there is one that the product finds. */
void judge_checked(void)
{
    const struct sql_catalog *catalog = atomic_load(&sim.engine->catalog);
    struct row_maps *maps = row_maps_new(catalog);
    uint32_t wanted = 0, done = 0;
    for (int t = 0; t < SIM_TABLES; t++)
        for (int k = 0; k < SIM_KEYS; k++) {
            if (!sim.to_check[t][k]) continue;
            const struct sql_table *table = sql_catalog_table(catalog, NULL, "APP", t == TABLE_ITEM ? "ITEM" : "COUNTER");
            struct arena arena;
            struct buffer encoded;
            arena_init(&arena, 0);
            buffer_init(&encoded, 0);
            struct value key = value_number_i64(&arena, k);
            rows_encode_key(&encoded, row_map_of(maps, table), &key);
            mirror_reconcile(sim.mirror, table, buffer_view(&encoded), reconciled, &done);
            wanted++;
            buffer_release(&encoded);
            arena_release(&arena);
        }
    for (int i = 0; i < 1000 && done < wanted && !sim.failed; i++) (void)mirror_step(sim.mirror);
    memset(sim.to_check, 0, sizeof sim.to_check);
    if (done < wanted) sim_fail("%u of %u rows were reconciled", done, wanted);
    row_maps_free(maps);
}

static void compare_table(int table)
{
    for (int k = 0; k < SIM_KEYS; k++) {
        const struct sim_row *s = &sim.source.rows[table][k], *t = &sim.target.committed.rows[table][k];
        if (sim_rows_equal(s, t)) continue;
        sim_fail("%s %d: source %s n %lld grp %lld u %lld, target %s n %lld grp %lld u %lld, and nothing says so",
                 table == TABLE_ITEM ? "item" : "counter", k, s->there ? "has" : "lacks", (long long)s->n, (long long)s->grp,
                 (long long)s->u, t->there ? "has" : "lacks", (long long)t->n, (long long)t->grp, (long long)t->u);
        return;
    }
}

void judge_equal(const char *when)
{
    char problem[sizeof sim.problem];
    if (sim.failed) return;
    for (int t = 0; t < SIM_TABLES && !sim.failed; t++)
        if (!sim.gap[t] && !sim.gap_any && !sim.forgiven) compare_table(t);
    if (!sim.failed) return;
    snprintf(problem, sizeof problem, "%s: %.400s", when, sim.problem);
    snprintf(sim.problem, sizeof sim.problem, "%s", problem);
}

/* I8, order: an item that only commits wrote of which their clients were told stands on the source as the last of them left it on the target. */
static void judge_items_back(void)
{
    for (int k = 0; k < SIM_KEYS && !sim.strangers && !sim.forgiven; k++) {
        const struct sim_row *s = &sim.source.rows[TABLE_ITEM][k], *t = &sim.target.committed.rows[TABLE_ITEM][k];
        bool sure = true;
        for (uint32_t i = 0; i < sim.try_count; i++)
            sure = sure && (!sim.tries[i].wrote[k] || (sim.tries[i].told && !sim.tries[i].refused));
        if (sure && !sim_rows_equal(s, t))
            sim_fail("item %d: the source %s n %lld grp %lld u %lld after a rollback, acknowledged is %s n %lld grp %lld u %lld", k,
                     s->there ? "has" : "lacks", (long long)s->n, (long long)s->grp, (long long)s->u, t->there ? "there" : "gone",
                     (long long)t->n, (long long)t->grp, (long long)t->u);
    }
}

/* I8: what was acknowledged is there, once, and nothing else than what was tried. In step: whatever the target committed. */
void judge_back(bool in_step)
{
    int64_t wanted[SIM_KEYS], more[SIM_KEYS] = {0};
    memcpy(wanted, sim.base, sizeof wanted);
    for (uint32_t i = 0; i < sim.try_count; i++) {
        const struct sim_try *try = &sim.tries[i];
        bool counts = false;
        for (int k = 0; k < SIM_KEYS; k++) {
            counts = counts || try->counted[k];
            if (!try->refused && (in_step ? try->committed : try->told))
                wanted[k] += try->counted[k];
            else if (try->committed ||
                     try->back) /* in doubt: it may be there; of a row that a later commit wrote, with or without its effect */
                more[k] += try->counted[k];
        }
        if (try->told && counts && !try->back && !try->refused && !sim.forgiven)
            sim_fail("commit %llu was acknowledged on the target and is not on the source after a rollback", (unsigned long long)try->csn);
    }
    if (!in_step) judge_items_back();
    for (int k = 0; k < SIM_KEYS && !sim.forgiven; k++)
        if (sim.source.rows[TABLE_COUNTER][k].n < wanted[k] || sim.source.rows[TABLE_COUNTER][k].n > wanted[k] + more[k])
            sim_fail("counter %d: the source holds %lld after a rollback, %lld to %lld were counted", k,
                     (long long)sim.source.rows[TABLE_COUNTER][k].n, (long long)wanted[k], (long long)(wanted[k] + more[k]));
}

void judge_end(void)
{
    if (atomic_load(&sim.engine->applied) < journal_last_csn(sim.journal)) {
        sim_fail("it does not come to rest: applied %llu of %llu", (unsigned long long)atomic_load(&sim.engine->applied),
                 (unsigned long long)journal_last_csn(sim.journal));
        return;
    }
    if (atomic_load(&sim.engine->in_doubt)) sim_fail("%u transactions stay in doubt", atomic_load(&sim.engine->in_doubt));
    if (sim.resync_gap) { /* a verify of all tables */
        memset(sim.to_check, 1, sizeof sim.to_check);
        sim.resync_gap = false;
    }
    judge_checked();
    for (int t = 0; t < SIM_TABLES && !sim.failed; t++)
        if (!sim.gap[t] && !sim.gap_any && !sim.forgiven) compare_table(t);
}
