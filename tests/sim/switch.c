/* SPDX-License-Identifier: Apache-2.0 */
/* What control does at a cut-over and at a rollback (src/control/switch.c), in the simulation's small steps, around the project's own reverse and replay. */
#include "tests/sim/sim.h"

#include "engine/outstanding.h"
#include "engine/refused.h"
#include <stdlib.h>

enum wish { WISH_NOTHING, WISH_TARGET, WISH_SOURCE };
#define PAUSE_US  UINT64_C(2000000)
#define GUARD_US  UINT64_C(2000000)
#define RETRY_US  UINT64_C(300000)
#define SETTLE_US UINT64_C(500000)

bool sim_excused(void)
{
    return sim.gap_any || sim.forgiven || sim.resync_gap || state_get_u64(sim.engine->state, "resync_to_csn", 0);
}

static void publish(void)
{
    bool target = sim.primary == SIDE_TARGET;
    engine_set_policy(sim.engine, &(struct engine_policy){.phase = target ? PHASE_CUTOVER : PHASE_DUAL_WRITE,
                                                          .primary = sim.primary,
                                                          .mirror = true,
                                                          .source_attached = true});
}

static void start_reverse(uint64_t lsn)
{
    struct error error = {0};
    sim.reverse = reverse_open_stepped(sim.engine, sim.epoch, lsn, &error);
    sim_trace("the reverse %s", sim.reverse ? "begins" : "cannot begin");
    sim.switched_us = sim.now_us;
}

void switch_resume(void)
{
    sim.wish = WISH_NOTHING;
    sim.hold = false;
    if (sim.primary == SIDE_SOURCE) return;
    mirror_pause(sim.mirror, true);
    start_reverse(0);
}

void switch_before_start(void)
{
    struct engine *e = sim.engine;
    publish();
    atomic_store(&e->reverse_from, sim.primary == SIDE_TARGET ? REVERSE_FROM_ALL : 0);
    atomic_store(&e->reverse_csn, 0);
    if (e->outstanding) outstanding_free(e->outstanding);
    e->outstanding = sim.switching ? outstanding_new() : NULL;
}

/* ---- to the target ---- */

static bool gate_open(void)
{
    if (sim_excused() || atomic_load(&sim.engine->in_doubt) || journal_failed(sim.journal, NULL)) return false;
    for (int t = 0; t < SIM_TABLES; t++)
        if (sim.gap[t]) return false;
    return true;
}

static void cut_over(void)
{
    struct engine *e = sim.engine;
    struct error error = {0};
    bool faults = sim.faults;
    sim.faults = false; /* a failure before the epoch puts everything back; what follows the epoch is one step here */
    sim.source.away_until_us = sim.target.away_until_us = 0;
    for (int i = 0; i < 20; i++) { /* it may have lost the target a moment ago */
        (void)mirror_step(sim.mirror);
        sim_pass(100000);
    }
    judge_checked();
    judge_equal("cut-over");
    if (sim.failed) return;
    if (!returned_forget(e, &error)) sim_fail("%.300s", error.text);
    mirror_pause(sim.mirror, true);
    sim.epoch++;
    wal_epoch(sim.epoch);
    sim.target.slot = sim.target.lsn - 1;
    sim.primary = SIDE_TARGET;
    sim.locks[SIDE_TARGET].sequence = sim.locks[SIDE_SOURCE].sequence + 1000;
    uint64_t last = journal_last_csn(sim.journal);
    atomic_store(&e->reverse_from, atomic_load(&e->applied_position));
    atomic_store(&e->reverse_csn, last);
    if (!state_put_u64(e->state, "cutover_csn", last, &error)) abort();
    publish();
    sim.try_count = 0;
    for (int k = 0; k < SIM_KEYS; k++) sim.base[k] = sim.target.committed.rows[TABLE_COUNTER][k].n;
    start_reverse(sim.target.slot);
    sim.cutovers++;
    sim.hold = false;
    sim.faults = faults;
    sim_trace("the target is primary, epoch %llu", (unsigned long long)sim.epoch);
}

/* ---- to the source ---- */

static void source_again(bool in_step)
{
    struct engine *e = sim.engine;
    judge_back(in_step);
    reverse_stop(sim.reverse);
    sim.reverse = NULL;
    sim.epoch++;
    sim.primary = SIDE_SOURCE;
    sim.locks[SIDE_SOURCE].sequence = sim.locks[SIDE_TARGET].sequence + 1000;
    publish();
    atomic_store(&e->reverse_from, 0);
    mirror_pause(sim.mirror, false);
    /* From here on the source's rows are where histories begin. */
    sim.commit_count = 0;
    for (int k = 0; k < SIM_KEYS; k++) {
        sim.commits[sim.commit_count].csn = 0;
        sim.commits[sim.commit_count].key = k;
        sim.commits[sim.commit_count++].count = (uint32_t)sim.source.rows[TABLE_COUNTER][k].n;
        sim.states[k] = 0;
        sim.history[k][sim.states[k]++] = (struct sim_state){.row = sim.source.rows[TABLE_ITEM][k]};
    }
    sim.rollbacks++;
    sim.hold = false;
    sim.switched_us = sim.now_us;
    sim_trace("the source is primary, epoch %llu", (unsigned long long)sim.epoch);
}

static void back_in_step(void)
{
    if (!sim.reverse || !clients_idle() || !reverse_drained(sim.reverse, journal_last_csn(sim.journal), sim.target.lsn)) return;
    judge_equal("rollback in step");
    if (!sim.failed) source_again(true);
    sim.wish = WISH_NOTHING;
}

static void back_from_journal(void)
{
    struct engine *e = sim.engine;
    struct reverse_replayed replayed = {0};
    struct error error = {0};
    uint64_t from = atomic_load(&e->reverse_csn), to = journal_last_csn(sim.journal);
    clients_target_lost();
    while (journal_step(sim.journal)) {}
    if (journal_failed(sim.journal, NULL)) sim.forgiven = true;
    reverse_stop(sim.reverse);
    sim.reverse = NULL;
    if (!reverse_replay(e, to, &replayed, &error)) {
        sim_trace("rollback: %s", error.text);
        sim.switched_us = sim.now_us - GUARD_US + RETRY_US;
        return;
    }
    sim.replayed += replayed.transactions;
    if (!state_put_u64(e->state, "resync_from_csn", from, &error) || !state_put_u64(e->state, "resync_to_csn", to, &error)) abort();
    sim.target_lost = false;
    sim.target.away_until_us = sim.now_us + sim_below(3000000);
    source_again(false);
}

/* The server comes back without what was not in its log: here, with everything that it had committed. */
static void lose_target(void)
{
    sim_trace("the target is lost");
    sim.target_lost = true;
    sim.target.away_until_us = UINT64_MAX;
    sim.losses++;
    sim.switched_us = sim.now_us;
    sim.hold = false;
    sim.wish = WISH_NOTHING;
}

/* ---- a step ---- */

/* A program writes to the source although it is not primary: a unique value that a row of the target may get. Which rows differ then is for the key feed to say. */
static void stranger(void)
{
    int key = (int)sim_below(SIM_KEYS);
    int64_t u = 1 + (int64_t)sim_below(SIM_VALUES);
    struct sim_row *row = &sim.source.rows[TABLE_ITEM][key];
    for (int k = 0; k < SIM_KEYS; k++)
        if (sim.locks[SIDE_SOURCE].holder[TABLE_ITEM][k] || (sim.source.rows[TABLE_ITEM][k].there && sim.source.rows[TABLE_ITEM][k].u == u))
            return;
    if (!row->there) *row = (struct sim_row){.there = true};
    row->u = u;
    sim.gap[TABLE_ITEM] = true;
    sim_trace("a stranger gives item %d of the source the value %lld", key, (long long)u);
}

static void step_on_target(void)
{
    if (sim.strangers && sim.faults && sim_chance(0.004)) stranger();
    if (sim.target_lost) {
        if (sim.now_us > sim.switched_us + GUARD_US) back_from_journal();
        return;
    }
    if (!sim.reverse && sim.now_us > sim.switched_us + SETTLE_US) start_reverse(0);
    if (sim.reverse && sim_chance(0.25)) reverse_step(sim.reverse);
    if (sim.dying || sim.failed) return;
    if (sim.faults && sim_chance(0.0015)) {
        lose_target();
        return;
    }
    if (sim.wish == WISH_SOURCE)
        back_in_step();
    else if (sim.draining || sim_chance(0.002)) {
        sim.wish = WISH_SOURCE;
        sim.hold = true;
    }
}

static void step_on_source(void)
{
    if (sim.wish == WISH_TARGET) {
        if (sim.now_us > sim.wish_until_us || sim.draining || !gate_open()) {
            sim.wish = WISH_NOTHING;
            sim.hold = false;
        } else if (clients_idle() && atomic_load(&sim.engine->applied) >= journal_last_csn(sim.journal)) {
            sim.wish = WISH_NOTHING;
            cut_over();
        }
        return;
    }
    if (sim.draining || !sim_chance(0.004) || !gate_open()) return;
    sim.wish = WISH_TARGET;
    sim.hold = true;
    sim.wish_until_us = sim.now_us + PAUSE_US;
}

void switch_step(void)
{
    if (!sim.switching || sim.dying) return;
    if (sim.primary == SIDE_TARGET)
        step_on_target();
    else
        step_on_source();
}

bool switch_at_rest(void)
{
    return sim.primary == SIDE_SOURCE && !sim.hold && !state_get_u64(sim.engine->state, "resync_to_csn", 0);
}
