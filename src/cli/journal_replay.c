/* SPDX-License-Identifier: Apache-2.0 */
/*
 * understudy journal replay: what the journal holds and the target has not seen is applied by the same mirror that the daemon runs, without listening to anybody. For a
 * daemon that is to stay down, or before a target is handed over. --dry-run only tells how much that is.
 */
#include "cli/command.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/daemon.h"
#include "engine/dictionary.h"
#include "store/journal_inspect.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STALLED_S = 60, CONNECT_MS = 5000, STATEMENT_MAX = 100000 };

struct pending {
    uint64_t applied, transactions, last_csn;
};

static bool count_record(void *context, const struct journal_record *record)
{
    struct pending *p = context;
    if (record->kind != JOURNAL_INTENT) return true;
    p->transactions += record->csn > p->applied;
    if (record->csn > p->last_csn) p->last_csn = record->csn;
    return true;
}

static bool read_applied(const struct config *config, uint64_t *csn, struct error *error)
{
    struct pg *target = pg_connect(config->engine.target_conninfo, CONNECT_MS, error);
    *csn = 0;
    if (!target) return false;
    bool good = epoch_prepare_target(target, error) && mirror_target_position(target, csn, error);
    pg_close(target);
    return good;
}

static bool count_pending(const struct config *config, struct pending *p, struct error *error)
{
    struct journal_files files;
    uint8_t key[32];
    bool encrypted;
    if (!read_applied(config, &p->applied, error) || !config_journal_key(config, key, &encrypted, error)) return false;
    if (!journal_files_posix_look(config->engine.journal_folder, &files, error)) return false;
    struct journal_inspection wanted = {.context = p, .record = count_record, .key = encrypted ? key : NULL};
    bool good = journal_inspect(&files, &wanted, error);
    files.release(files.context);
    return good;
}

static bool open_stores(struct engine *engine, const struct config *config, struct error *error)
{
    struct journal_options options;
    uint8_t key[32];
    bool encrypted;
    if (!config_journal_key(config, key, &encrypted, error)) return false;
    journal_options_default(&options);
    options.folder = engine->options.journal_folder;
    options.segment_size = config->journal_segment;
    options.retain_bytes = config->journal_retain;
    options.key = encrypted ? key : NULL;
    engine->state = state_open(engine->options.state_file, error);
    if (!engine->state) return false;
    journal_floor_options(engine->state, &options);
    engine->journal = journal_open(&options, error); /* locks it: not beside a daemon */
    return engine->journal != NULL;
}

/* The dictionary as it is; from the state store if the source cannot be reached: then only what needs no row of the source goes through. */
static bool load_catalog(struct engine *engine, struct error *error)
{
    struct pg *target = pg_connect(engine->options.target_conninfo, CONNECT_MS, error);
    if (!target) return false;
    struct source *source = source_open(&engine->options, CONNECT_MS, error);
    struct sql_catalog *catalog = source ? dictionary_load(engine, source, target, 1, error) : dictionary_restore(engine, 1, error);
    if (source) source_close(source);
    pg_close(target);
    atomic_store(&engine->catalog, catalog);
    return catalog != NULL;
}

static bool target_is_primary(struct engine *engine)
{
    struct buffer text;
    buffer_init(&text, 200);
    char phase[201] = "";
    if (state_get(engine->state, "phase", &text)) snprintf(phase, sizeof phase, VIEW_FORMAT, VIEW_ARGUMENTS(buffer_view(&text)));
    buffer_release(&text);
    return strstr(phase, "target") != NULL;
}

/* Until everything is applied; gives up when nothing moves for a minute. */
static bool wait_applied(struct engine *engine, struct mirror *mirror, struct error *error)
{
    uint64_t last = journal_last_csn(engine->journal), seen = 0, moved_us = clock_monotonic_us();
    for (;;) {
        uint64_t applied = atomic_load(&engine->applied), now = clock_monotonic_us();
        if (applied >= last) return true;
        if (applied != seen) moved_us = now;
        seen = applied;
        if (now > moved_us + STALLED_S * UINT64_C(1000000)) {
            struct mirror_statistics numbers;
            mirror_statistics(mirror, &numbers);
            return error_set(error, ERROR_TIMEOUT, "nothing was applied for %d s: stands at csn %" PRIu64 " of %" PRIu64 "; %.200s",
                             STALLED_S, applied, last, numbers.last_error);
        }
        clock_sleep_us(50000);
    }
}

static bool replay(struct engine *engine, const struct config *config, struct mirror_statistics *numbers, struct error *error)
{
    if (!open_stores(engine, config, error)) return false;
    if (target_is_primary(engine))
        return error_set(error, ERROR_STATE, "the target is primary: its rows are the newer ones, nothing is replayed onto it");
    engine->statements = statements_new(engine, STATEMENT_MAX);
    if (!load_catalog(engine, error)) return false;
    struct mirror *mirror = mirror_start(engine, error);
    if (!mirror) return false;
    bool good = wait_applied(engine, mirror, error);
    mirror_statistics(mirror, numbers);
    mirror_stop(mirror);
    return good;
}

int journal_replay(const struct config *config, bool dry_run, bool json)
{
    struct error error = {0};
    struct pending p = {0};
    if (!count_pending(config, &p, &error)) return command_fail(&error);
    if (dry_run) {
        printf(json ? "{\"applied\":%" PRIu64 ",\"last\":%" PRIu64 ",\"transactions\":%" PRIu64 "}\n"
                    : "the target stands at csn %" PRIu64 ", the journal ends at csn %" PRIu64 ": %" PRIu64
                      " transactions would be applied\n",
               p.applied, p.last_csn, p.transactions);
        return 0;
    }
    struct engine *engine = memory_zero(1, sizeof *engine);
    struct mirror_statistics numbers = {0};
    engine->options = config->engine;
    engine_set_policy(engine,
                      &(struct engine_policy){.phase = PHASE_DUAL_WRITE, .primary = SIDE_SOURCE, .mirror = true, .source_attached = true});
    bool good = replay(engine, config, &numbers, &error);
    uint64_t gaps = engine_counted(engine, COUNT_GAPS), applied = atomic_load(&engine->applied);
    if (engine->statements) statements_free(engine->statements);
    if (engine->journal) journal_close(engine->journal);
    if (engine->state) state_close(engine->state);
    memory_free(engine);
    if (!good) return command_fail(&error);
    printf(json ? "{\"transactions\":%" PRIu64 ",\"statements\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"gaps\":%" PRIu64 ",\"applied\":%" PRIu64
                  "}\n"
                : "%" PRIu64 " transactions applied: %" PRIu64 " statements, %" PRIu64 " rows read from the source, %" PRIu64
                  " gaps; the target stands at csn %" PRIu64 "\n",
           numbers.transactions, numbers.statements, numbers.images, gaps, applied);
    return 0;
}
