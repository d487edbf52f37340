/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deterministic simulation. A seed is one history: who does the next small step, how long messages take, what breaks, all drawn from it. The same seed is the same history.
 *
 *   sim [--seed N] [--runs N] [--trace] [--bug NAME] [--no-bugs] [--result FILE]
 */
#include "tests/sim/sim.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/worker.h"
#include "tests/support/journal_disk.h"
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STEPS = 4000, ROUNDS = 4, DRAIN_STEPS = 20000, BUG_SEEDS = 1000 };
struct sim sim;
static struct engine engine;
static enum fault_bug bug_at_work;
static void plant(enum fault_bug bug)
{
    bug_at_work = bug;
    fault_plant(bug);
}

static struct {
    uint64_t crashes, power_cuts, commits, acknowledged, retried, lost, gaps, forgiven, reads, lane_batches, retreats, torn, cutovers,
        rollbacks, losses, replayed, refused;
} total;

/* ---- tools ---- */

bool sim_chance(double probability)
{
    return random_chance(&sim.random, probability);
}
uint64_t sim_below(uint64_t bound)
{
    return random_below(&sim.random, bound);
}

void sim_fail(const char *format, ...)
{
    va_list list;
    if (sim.failed) return;
    sim.failed = true;
    va_start(list, format);
    vsnprintf(sim.problem, sizeof sim.problem, format, list);
    va_end(list);
}

void sim_trace(const char *format, ...)
{
    va_list list;
    if (!sim.trace) return;
    printf("  %5" PRIu64 " %9" PRIu64 "us  ", sim.step, sim.now_us % UINT64_C(1000000000));
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
}

void sim_pass(uint64_t us)
{
    sim.now_us += us;
    clients_time();
    readers_time();
}

static uint64_t now(void *context)
{
    return (void)context, sim.now_us;
}
static void pause_(void *context, uint64_t us)
{
    (void)context, sim_pass(us);
}

void sim_others(void)
{
    for (uint64_t n = sim_below(3); n; n--) {
        if (sim_chance(0.3))
            (void)journal_step(sim.journal);
        else
            (void)client_step((int)sim_below(SIM_CLIENTS));
    }
}

/* ---- what else the mirror asks for ---- */

bool checker_add(struct checker *checker, enum checker_origin origin, const struct sql_table *table, struct view encoded_key, uint64_t csn,
                 struct fingerprint *fingerprint)
{
    (void)checker, (void)csn, (void)fingerprint;
    if (origin == CHECK_MIRROR) return true; /* a sample */
    struct arena arena;
    struct value key;
    int64_t number = 0;
    struct row_maps *maps = row_maps_new(atomic_load(&engine.catalog));
    arena_init(&arena, 0);
    CHECK(rows_decode_key(encoded_key, row_map_of(maps, table), &arena, &key) && number_to_i64(key.bytes, &number));
    sim.to_check[strcmp(table->name, "ITEM") == 0 ? TABLE_ITEM : TABLE_COUNTER][number] = true;
    arena_release(&arena);
    row_maps_free(maps);
    return true;
}

bool state_gap_add(struct state *state, const struct state_gap *gap, uint64_t *id, struct error *error)
{
    static uint64_t ids;
    (void)state, (void)error;
    *id = ++ids;
    if (strcmp(gap->table, "ITEM") == 0)
        sim.gap[TABLE_ITEM] = true;
    else if (strcmp(gap->table, "COUNTER") == 0)
        sim.gap[TABLE_COUNTER] = true;
    else if (strstr(gap->reason, "the target was lost while it was primary"))
        sim.resync_gap = true;
    else
        sim.gap_any = true;
    sim_trace("gap %s: %s", gap->table, gap->reason);
    return true;
}

static uint64_t *state_place(const char *name)
{
    for (size_t i = 0; i < sizeof sim.state / sizeof *sim.state; i++) {
        if (!sim.state[i].name[0]) snprintf(sim.state[i].name, sizeof sim.state[i].name, "%s", name);
        if (strcmp(sim.state[i].name, name) == 0) return &sim.state[i].value;
    }
    abort();
}
uint64_t state_get_u64(struct state *state, const char *name, uint64_t otherwise)
{
    (void)state, (void)otherwise;
    return *state_place(name);
}
bool state_put_u64(struct state *state, const char *name, uint64_t value, struct error *error)
{
    (void)state, (void)error;
    *state_place(name) = value;
    return true;
}
bool state_divergence_add(struct state *state, const struct state_divergence *divergence, uint64_t *id, struct error *error)
{
    (void)state, (void)error;
    *id = 1;
    sim_trace("divergence in %s: %s", divergence->table, divergence->reason);
    return true;
}
/* What a client was told of is refused only where strangers have written, or where it builds on a commit in doubt that its client has to do again; what is in doubt may be, if it never
 * was committed. */
bool state_refused_put(struct state *state, uint64_t csn, struct view payload, uint64_t *id, struct error *error)
{
    (void)state, (void)payload, (void)error;
    *id = csn + 1;
    bool told = true, doubt = false;
    for (uint32_t i = 0; i < sim.try_count; i++) {
        doubt = doubt || (sim.tries[i].committed && !sim.tries[i].told);
        if (sim.tries[i].csn != csn) continue;
        told = sim.tries[i].told;
        sim.tries[i].refused = true;
    }
    sim.refused++;
    if (told && !doubt && !sim.forgiven && !sim.strangers)
        sim_fail("the source refuses commit %llu of the target", (unsigned long long)csn);
    return true;
}
bool state_refused_get(struct state *state, uint64_t id, uint64_t *csn, struct buffer *payload, struct error *error)
{
    (void)state, (void)id, (void)csn, (void)payload;
    return error_set(error, ERROR_NOT_FOUND, "not simulated");
}
bool state_refused_close(struct state *state, uint64_t id, const char *status, const char *note, struct error *error)
{
    (void)state, (void)id, (void)status, (void)note;
    return error_set(error, ERROR_NOT_FOUND, "not simulated");
}
/* Late looks are minutes apart: no history here is as long. */
bool state_late_put(struct state *state, const struct state_late *list, uint32_t count, struct error *error)
{
    return (void)state, (void)list, (void)count, (void)error, true;
}
bool state_late_drop(struct state *state, const struct state_late *list, uint32_t count, struct error *error)
{
    return (void)state, (void)list, (void)count, (void)error, true;
}
void state_late_each(struct state *state, state_late_visit *visit, void *context)
{
    (void)state, (void)visit, (void)context;
}
void worker_applied_changed(struct engine_worker *worker)
{
    (void)worker;
}
void worker_policy_changed(struct engine_worker *worker)
{
    (void)worker;
}

/* ---- the engine ---- */

static void add_column(struct sql_table *table, const char *name)
{
    struct sql_column column = {.type = SQL_INTEGER, .precision = 12, .nullable = strcmp(name, "ID") != 0};
    snprintf(column.name, sizeof column.name, "%s", name);
    sql_catalog_add_column(table, &column);
}

static void engine_make(void)
{
    struct sql_catalog *catalog = sql_catalog_new();
    for (int t = 0; t < SIM_TABLES; t++) {
        struct sql_table *table = sql_catalog_add_table(catalog, "APP", t == TABLE_ITEM ? "ITEM" : "COUNTER");
        struct sql_key key = {.name = "PK", .primary = true, .columns = {0}, .column_count = 1};
        add_column(table, "ID");
        add_column(table, "N");
        sql_catalog_add_key(table, &key);
        if (t != TABLE_ITEM) continue;
        struct sql_key unique = {.name = "UK", .columns = {3}, .column_count = 1};
        add_column(table, "GRP");
        add_column(table, "U");
        sql_catalog_add_key(table, &unique);
    }
    struct sql_sequence sequence = {.schema = "APP", .name = "ITEM_SEQ", .increment = 1};
    sql_catalog_add_sequence(catalog, &sequence);
    sql_catalog_freeze(catalog, 1);
    engine_options_default(&engine.options);
    snprintf(engine.options.source_schema, sizeof engine.options.source_schema, "APP");
    snprintf(engine.options.target_schema, sizeof engine.options.target_schema, "app");
    engine.state = (struct state *)(uintptr_t)1; /* never looked into */
    engine.checker = (struct checker *)(uintptr_t)1;
    atomic_store(&engine.catalog, catalog);
    engine.statements = statements_new(&engine, 1000);
    engine_set_policy(&engine,
                      &(struct engine_policy){.phase = PHASE_DUAL_WRITE, .primary = SIDE_SOURCE, .mirror = true, .source_attached = true});
    sim.engine = &engine;
    target_begin();
}

/* ---- a seed ---- */

static void world_begin(uint64_t seed, bool trace)
{
    static struct sim_wal wal[SIM_WAL];
    memset(&sim, 0, sizeof sim);
    sim.target.wal = wal;
    sim.epoch = 1;
    sim.engine = &engine;
    sim.seed = seed;
    sim.trace = trace;
    sim.now_us = UINT64_C(1700000000000000);
    random_seed(&sim.random, seed);
    for (int k = 0; k < SIM_KEYS; k++) {
        sim.source.rows[TABLE_COUNTER][k] = (struct sim_row){.there = true};
        sim.source.rows[TABLE_ITEM][k] = (struct sim_row){.there = k % 2 == 0, .n = k, .grp = k % SIM_GROUPS};
    }
    memcpy(sim.target.committed.rows, sim.source.rows, sizeof sim.source.rows);
    for (int k = 0; k < SIM_KEYS; k++) sim.history[k][sim.states[k]++].row = sim.source.rows[TABLE_ITEM][k];
    sim.disk = disk_new(seed);
    sim.groups = sim_chance(0.4);
    sim.switching = sim_chance(0.5);
    sim.images = sim_chance(0.7);
    sim.strangers = sim.switching && sim_chance(0.2);
    sim.deferred = sim.strangers && sim_chance(0.5);
    engine.options.mirror_fold = (uint32_t)(1 + sim_below(sim_chance(0.5) ? 3 : 30));
    engine.options.mirror_lanes = (uint32_t)(1 + sim_below(SIM_LANES));
    for (int i = 0; i < ENGINE_COUNTER_COUNT; i++) atomic_store(&engine.counters[i], 0);
}

static void one_step(void)
{
    uint64_t draw = sim_below(100);
    if (draw < 60)
        (void)client_step((int)sim_below(SIM_CLIENTS));
    else if (draw < 75)
        (void)journal_step(sim.journal);
    else if (draw < 85)
        (void)mirror_step(sim.mirror);
    else if (draw < 91)
        reader_step();
    else
        sim_pass(sim_below(draw < 97 ? 2000 : 200000));
    if (!sim.failed) switch_step();
    if (sim.faults && !sim.failed) fault_step();
    if (!sim.failed) judge_step();
    sim.step++;
}

/* Nothing new, nothing breaks any more: everything must come to rest. */
static void drain(void)
{
    sim.faults = false;
    sim.draining = true;
    sim.disk->fail_at = UINT64_MAX;
    sim.source.away_until_us = 0;
    if (!sim.target_lost) sim.target.away_until_us = 0;
    for (int i = 0; i < DRAIN_STEPS && !sim.failed; i++) {
        one_step();
        if (i % 16 == 0) sim_pass(100000);
        while (clients_idle() && journal_step(sim.journal)) {}
        if (clients_idle() && switch_at_rest() && !journal_failed(sim.journal, NULL) &&
            atomic_load(&engine.applied) >= journal_last_csn(sim.journal) && !mirror_step(sim.mirror))
            break;
    }
}

/* True: everything held. */
static bool run_seed(uint64_t seed, bool trace)
{
    world_begin(seed, trace);
    if (process_start()) {
        for (int round = 0; round < ROUNDS && !sim.failed; round++) {
            sim.faults = true;
            sim.draining = false;
            for (int i = 0; i < STEPS / ROUNDS && !sim.failed; i++) one_step();
            if (!sim.failed) drain();
            if (!sim.failed) judge_end();
        }
        if (sim.mirror) process_end(false);
    }
    disk_free(sim.disk);
    total.crashes += sim.crashes;
    total.power_cuts += sim.power_cuts;
    total.commits += sim.source.commits;
    total.acknowledged += sim.acknowledged;
    total.retried += sim.target.retried;
    total.lost += sim.target.lost;
    total.gaps += sim.gap_any || sim.gap[TABLE_ITEM] || sim.gap[TABLE_COUNTER];
    total.forgiven += sim.forgiven;
    total.reads += sim.reads;
    total.lane_batches += engine_counted(&engine, COUNT_MIRROR_LANE_BATCHES);
    total.retreats += engine_counted(&engine, COUNT_MIRROR_LANE_RETREATS);
    total.torn += sim.target.torn;
    total.cutovers += sim.cutovers;
    total.rollbacks += sim.rollbacks;
    total.losses += sim.losses;
    total.replayed += sim.replayed;
    total.refused += sim.refused;
    return !sim.failed;
}

/* ---- all of them ---- */

static const char *const bug_names[BUG_COUNT] = {[BUG_NONE] = "none",
                                                 [BUG_ORDER] = "order",
                                                 [BUG_LOST_OUTCOME] = "lost outcome",
                                                 [BUG_DOUBLE_APPLY] = "double apply",
                                                 [BUG_UNSYNCED] = "unsynced",
                                                 [BUG_LANE_POSITION] = "lane position",
                                                 [BUG_LANE_ORDER] = "lane order",
                                                 [BUG_LANE_READS] = "lane reads",
                                                 [BUG_LANE_MEMORY] = "lane memory",
                                                 [BUG_UNIQUE_ROW] = "unique row",
                                                 [BUG_RETURNED] = "returned",
                                                 [BUG_REPLAY_ORDER] = "replay order",
                                                 [BUG_REPLAY_START] = "replay start",
                                                 [BUG_REFUSED] = "refused"};

static void died(int number)
{
    char text[120];
    int size = snprintf(text, sizeof text, "\nsignal %d in seed %" PRIu64 ", step %" PRIu64 ", bug %s\n", number, sim.seed, sim.step,
                        bug_names[bug_at_work]);
    if (write(STDERR_FILENO, text, (size_t)size) < 0) _exit(3);
    signal(number, SIG_DFL);
    raise(number);
}

static uint64_t seeds_to_find(enum fault_bug bug, uint64_t first, char problem[500])
{
    plant(bug);
    for (uint64_t i = 0; i < BUG_SEEDS; i++) {
        if (run_seed(first + i, false)) continue;
        snprintf(problem, 500, "%.499s", sim.problem);
        plant(BUG_NONE);
        return i + 1;
    }
    plant(BUG_NONE);
    return 0;
}

static int plant_bugs(FILE *result, uint64_t first)
{
    int missed = 0;
    for (int bug = BUG_NONE + 1; bug < BUG_COUNT; bug++) {
        char problem[500] = "";
        uint64_t seeds = seeds_to_find((enum fault_bug)bug, first, problem);
        printf("planted bug %-12s %s %" PRIu64 " seeds: %s\n", bug_names[bug], seeds ? "found in" : "NOT FOUND in",
               seeds ? seeds : (uint64_t)BUG_SEEDS, problem);
        if (result)
            fprintf(result, "%s{\"bug\": \"%s\", \"seeds_to_find\": %" PRIu64 "}", bug == BUG_NONE + 1 ? "" : ", ", bug_names[bug], seeds);
        missed += seeds == 0;
    }
    return missed;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"seed", required_argument, NULL, 's'},
                                            {"runs", required_argument, NULL, 'r'},
                                            {"trace", no_argument, NULL, 't'},
                                            {"bug", required_argument, NULL, 'b'},
                                            {"no-bugs", no_argument, NULL, 'n'},
                                            {"result", required_argument, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    uint64_t first = 1, runs = 1000, failed = 0;
    bool trace = false, bugs = true;
    const char *file = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 's')
            first = strtoull(optarg, NULL, 10);
        else if (option == 'r')
            runs = strtoull(optarg, NULL, 10);
        else if (option == 't')
            trace = true;
        else if (option == 'n')
            bugs = false;
        else if (option == 'o')
            file = optarg;
        else if (option == 'b') {
            for (int b = 0; b < BUG_COUNT; b++)
                if (strcmp(bug_names[b], optarg) == 0) plant((enum fault_bug)b);
        } else
            return 2;
    }
    static const struct clock_source clock = {.monotonic_us = now, .wall_us = now, .sleep_us = pause_};
    log_set_level((enum log_level)(LOG_ERROR + (trace ? 0 : 1)));
    clock_replace(&clock);
    signal(SIGABRT, died);
    signal(SIGSEGV, died);
    engine_make();
    for (uint64_t i = 0; i < runs; i++) {
        if (run_seed(first + i, trace)) continue;
        failed++;
        printf("seed %" PRIu64 " FAILED at step %" PRIu64 ": %s\n  again: make sim SEED=%" PRIu64 " RUNS=1 SIM=--trace\n", first + i,
               sim.step, sim.problem, first + i);
        if (failed >= 20) break;
    }
    printf("%" PRIu64 " seeds, %" PRIu64 " failed: %" PRIu64 " commits, %" PRIu64 " acknowledged, %" PRIu64 " crashes (%" PRIu64
           " power cuts), %" PRIu64 " target connections lost, %" PRIu64 " serialization failures, %" PRIu64 " seeds with a gap, %" PRIu64
           " with a crash on a failing disk\n",
           runs, failed, total.commits, total.acknowledged, total.crashes, total.power_cuts, total.lost, total.retried, total.gaps,
           total.forgiven);
    printf("lanes: %" PRIu64 " batches over several, %" PRIu64 " torn by a fault; %" PRIu64 " retreats; %" PRIu64 " reads on the target\n",
           total.lane_batches, total.torn, total.retreats, total.reads);
    printf("switches: %" PRIu64 " cut-overs, %" PRIu64 " rollbacks, %" PRIu64 " targets lost as primary, %" PRIu64
           " commits brought from the journal, %" PRIu64 " refused by the source\n",
           total.cutovers, total.rollbacks, total.losses, total.replayed, total.refused);
    FILE *result = file ? fopen(file, "w") : NULL;
    if (result)
        fprintf(result,
                "{\"seeds\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"commits\": %" PRIu64 ", \"crashes\": %" PRIu64
                ", \"cutovers\": %" PRIu64 ", \"rollbacks\": %" PRIu64 ", \"replayed\": %" PRIu64 ", \"planted_bugs\": [",
                runs, failed, total.commits, total.crashes, total.cutovers, total.rollbacks, total.replayed);
    int missed = bugs && !trace ? plant_bugs(result, first) : 0;
    if (result) {
        fprintf(result, "]}\n");
        fclose(result);
    }
    return failed || missed ? 1 : 0;
}
