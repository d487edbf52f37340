/* SPDX-License-Identifier: Apache-2.0 */
/* Reads that the target serves while the source is primary: they wait for their fence and for the mirror's lanes as a session does. */
#include "tests/sim/sim.h"

enum { READ_US = 3000 };

void reader_step(void)
{
    struct engine *e = sim.engine;
    if (sim.primary == SIDE_TARGET || sim.hold || sim_excused()) return; /* or in no phase in which the target serves */
    for (int i = 0; i < SIM_READERS; i++) {
        if (sim.readers[i].running) continue;
        /* Over tables that the clients write, or over one that nobody has written since the start: its fence holds whatever the backlog. */
        uint64_t fence = sim_chance(0.3) ? engine_fence(e, NULL, 0) : sim.start_fence;
        if (atomic_load(&e->applied) < fence || !engine_read_begin(e)) return;
        sim.readers[i].running = true;
        sim.readers[i].fence = fence;
        sim.readers[i].birth = sim.birth;
        sim.readers[i].due_us = sim.now_us + sim_below(READ_US);
        return;
    }
}

/* Every commit that was acknowledged before the read came is there, and nothing of a batch without the rest of it. */
static void look(uint64_t fence)
{
    const struct sim_database *db = &sim.target.committed;
    uint64_t least[SIM_KEYS] = {0};
    sim.reads++;
    if (sim_excused()) return;
    if (target_is_torn(db)) sim_fail("a read sees one lane's part of a batch without another's");
    for (uint32_t i = 0; i < sim.commit_count; i++)
        if (sim.commits[i].csn <= fence) least[sim.commits[i].key] += sim.commits[i].count;
    for (int k = 0; k < SIM_KEYS; k++)
        if (db->rows[TABLE_COUNTER][k].n < (int64_t)least[k])
            sim_fail("a read whose fence is csn %llu sees counter %d at %lld, %llu were committed up to there", (unsigned long long)fence,
                     k, (long long)db->rows[TABLE_COUNTER][k].n, (unsigned long long)least[k]);
}

void readers_time(void)
{
    for (int i = 0; i < SIM_READERS; i++) {
        if (!sim.readers[i].running || sim.readers[i].due_us > sim.now_us) continue;
        sim.readers[i].running = false;
        if (sim.readers[i].birth != sim.birth || sim.dying) continue; /* its session died with the process */
        look(sim.readers[i].fence);
        engine_read_end(sim.engine);
    }
}
