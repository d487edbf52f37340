/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's process as far as it is simulated, and all that may happen to it, its disk, and both databases. */
#include "tests/sim/sim.h"

#include "tests/support/journal_disk.h"
#include <stdlib.h>

enum { SEGMENT = 16384 };

static uint64_t clock_now(void *context)
{
    return (void)context, sim.now_us++;
}
static uint64_t clock_random(void *context)
{
    return (void)context, random_next(&sim.random);
}

bool process_start(void)
{
    struct journal_options options;
    struct error error = {0};
    journal_options_default(&options);
    options.segment_size = SEGMENT;
    options.retain_bytes = (uint64_t)4 * SEGMENT;
    options.queue_max = 256;
    options.queue_bytes = 1 << 16;
    struct journal_files files = disk_files(sim.disk);
    struct journal_clock clock = {.wall_us = clock_now, .monotonic_us = clock_now, .random = clock_random};
    sim.birth++;
    sim.journal = journal_open_stepped(&options, &files, &clock, &error);
    if (!sim.journal) {
        sim_fail("the journal does not open: %.300s", error.text);
        return false;
    }
    struct engine *e = sim.engine;
    e->journal = sim.journal;
    atomic_store(&e->applied, 0);
    atomic_store(&e->applied_position, 0);
    atomic_store(&e->in_doubt, 0);
    atomic_store(&e->ragged, 0);
    atomic_store(&e->reads_running, 0);
    atomic_store(&e->acknowledged, 0);
    atomic_store(&e->unknown_acknowledged, 0);
    atomic_store(&e->commits_in_flight, 0);
    e->start_csn = journal_last_csn(sim.journal);
    switch_before_start();
    sim.mirror = mirror_open_stepped(e, random_next(&sim.random));
    switch_resume();
    sim.start_fence = engine_fence(e, NULL, 0);
    return true;
}

void process_end(bool power)
{
    struct error why;
    if (journal_failed(sim.journal, &why)) sim.forgiven = true;
    sim.birth++; /* callbacks from now on are nobody's */
    bool dying = sim.dying;
    sim.dying = true; /* what it had in hand at the databases is gone */
    reverse_stop(sim.reverse);
    sim.reverse = NULL;
    sim.dying = dying;
    mirror_stop(sim.mirror);
    sim.disk->lose_nothing = !power;
    sim.disk->stop_at = 0;
    journal_close(sim.journal);
    sim.mirror = NULL;
    sim.journal = sim.engine->journal = NULL;
    disk_crash(sim.disk);
    clients_crash();
}

static void crash(bool power)
{
    sim_trace("%s", power ? "power is cut" : "the process is killed");
    process_end(power);
    sim.crashes++;
    sim.power_cuts += power;
    sim.dying = false;
    sim_pass(sim_below(300000));
    process_start();
}

void fault_step(void)
{
    if (sim.dying)
        crash(sim_chance(0.5));
    else if (sim_chance(0.002))
        crash(sim_chance(0.5));
    else if (!sim.target_lost && sim_chance(0.0015))
        sim.target.away_until_us = sim.now_us + sim_below(2000000);
    else if (sim_chance(0.0015))
        sim.source.away_until_us = sim.now_us + sim_below(1000000);
    else if (sim_chance(0.00003)) {
        sim.disk->fail_at = sim.disk->operations + 1 + sim_below(4);
        sim.disk->fail_count = 1 + sim_below(4);
        sim_trace("the disk is about to fail");
    }
}
