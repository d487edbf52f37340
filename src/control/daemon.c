/* SPDX-License-Identifier: Apache-2.0 */
/* Start, the control thread's tick, and end, in order. */
#include "control/alert.h"

#include "base/fault.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "control/override.h"
#include "engine/dictionary.h"
#include "engine/evidence.h"
#include "engine/outstanding.h"
#include "io/http.h"
#include "io/stream.h"
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TICK_US = 100000,
    CATALOG_RETRY_US = 1000000,
    SEQUENCES_EVERY_US = 1000000,
    EVIDENCE_EVERY_US = 5000000,
    REVERSE_RETRY_US = 1000000
};

/* ---- one primary (I6) ---- */

/* What can be asked is asked before anybody is let in; the rest when it is there. */
static bool check_epoch(struct daemon *daemon, struct error *error)
{
    struct error ignored;
    struct pg *target = pg_connect(daemon->engine.options.target_conninfo, 2000, &ignored);
    struct source *source = engine_policy(&daemon->engine)->source_attached ? source_open(&daemon->engine.options, 3000, &ignored) : NULL;
    bool there, good = !source || epoch_check_source(source, &there, error) || error->code != ERROR_CONFIG;
    good = good && (epoch_is_ours(source, target, daemon->epoch, error) || error->code != ERROR_STATE);
    if (source) source_close(source);
    if (target) pg_close(target);
    return good;
}

/* A database that was away at the start is there: if it knows of a later switch, this proxy ends, in order. */
static void check_epoch_late(struct daemon *daemon, struct source *source, struct pg *target)
{
    struct error error = {0};
    if (epoch_is_ours(source, target, daemon->epoch, &error) || error.code != ERROR_STATE) return;
    LOG(LOG_ERROR, "epoch.stale", log_failure(&error));
    alert_send(daemon, "STALE_PROXY", error.text);
    kill(getpid(), SIGTERM);
}

/* ---- the dictionary ---- */

/* The schema of ours on the target; its views of the dictionary call the mirrored schema as the source does. */
static void install_runtime(struct daemon *daemon, struct pg *target)
{
    struct error error = {0};
    struct buffer owner;
    buffer_init(&owner, 0);
    buffer_append_text(&owner, "INSERT INTO understudy.owner VALUES (");
    pg_quote_literal(&owner, view_text(daemon->config.engine.target_schema));
    buffer_append_text(&owner, ", ");
    pg_quote_literal(&owner, view_text(daemon->config.engine.source_schema));
    buffer_append_text(&owner, ") ON CONFLICT (schema) DO UPDATE SET owner = excluded.owner");
    buffer_u8(&owner, 0);
    if (!pg_run(target, sql_runtime_script, NULL, &error) || !pg_run(target, (const char *)buffer_view(&owner).data, NULL, &error))
        LOG(LOG_ERROR, "target.runtime", log_failure(&error));
    buffer_release(&owner);
}

static void load_catalog(struct daemon *daemon, uint64_t now)
{
    if (atomic_load(&daemon->engine.catalog) || now < daemon->catalog_try_us) return;
    daemon->catalog_try_us = now + CATALOG_RETRY_US;
    struct error error = {0};
    struct sql_catalog *catalog = NULL;
    const struct engine_policy *policy = engine_policy(&daemon->engine);
    struct pg *target = pg_connect(daemon->engine.options.target_conninfo, 2000, &error);
    if (target) install_runtime(daemon, target);
    if (!policy->source_attached || (!target && policy->primary == SIDE_TARGET)) {
        /* Without the source; or the target died with the daemon: its rows come out of the journal by what was known of the tables. */
        catalog = dictionary_restore(&daemon->engine, 1, &error);
    } else if (target) {
        struct source *source = source_open(&daemon->engine.options, 3000, &error);
        if (source) {
            check_epoch_late(daemon, source, target);
            catalog = dictionary_load(&daemon->engine, source, target, 1, &error);
            source_close(source);
        }
        if (catalog && !dictionary_save(&daemon->engine, catalog, &error)) LOG(LOG_WARNING, "dictionary.not_saved", log_failure(&error));
    }
    if (target) pg_close(target);
    if (!catalog) {
        if (strcmp(daemon->catalog_error, error.text) != 0) LOG(LOG_WARNING, "dictionary.missing", log_failure(&error));
        snprintf(daemon->catalog_error, sizeof daemon->catalog_error, "%.299s", error.text);
        return;
    }
    atomic_store(&daemon->engine.catalog, catalog);
    statements_retranslate(daemon->engine.statements);
    LOG(LOG_INFO, "dictionary.loaded", log_u64("tables", sql_catalog_table_count(catalog)),
        log_u64("sequences", sql_catalog_sequence_count(catalog)));
}

static void keep_sequences(struct daemon *daemon, uint64_t now)
{
    const struct engine_policy *policy = engine_policy(&daemon->engine);
    if (policy->phase != PHASE_CUTOVER || policy->hold || now < daemon->sequences_us || daemon->probe_failed_since_us) return;
    daemon->sequences_us = now + SEQUENCES_EVERY_US;
    struct error error;
    if (!sequences_advance(&daemon->engine, SIDE_SOURCE, &error)) LOG(LOG_WARNING, "sequences.behind", log_failure(&error));
}

/* A start that could not ask the source where the reverse stands (it was away) goes on without it: until it is there. */
static void keep_reverse(struct daemon *daemon, uint64_t now)
{
    if (daemon->reverse || now < daemon->reverse_try_us || engine_policy(&daemon->engine)->phase != PHASE_CUTOVER) return;
    daemon->reverse_try_us = now + REVERSE_RETRY_US;
    struct error error = {0};
    mutex_lock(&daemon->command);
    const struct engine_policy *policy = engine_policy(&daemon->engine);
    if (policy->phase == PHASE_CUTOVER && !policy->hold) {
        daemon->reverse = reverse_start(&daemon->engine, daemon->epoch, daemon->reverse_lsn, &error);
        if (!daemon->reverse) LOG_RATED(LOG_ERROR, "reverse.not_started", log_failure(&error));
    }
    mutex_unlock(&daemon->command);
}

static void keep_evidence(struct daemon *daemon, uint64_t now)
{
    if (now < atomic_load(&daemon->evidence_us) + EVIDENCE_EVERY_US) return;
    atomic_store(&daemon->evidence_us, now);
    struct error error = {0};
    if (!evidence_save(&daemon->engine, &error)) LOG_RATED(LOG_ERROR, "evidence.not_saved", log_failure(&error));
}

static void control_main(void *context)
{
    struct daemon *daemon = context;
    while (!atomic_load(&daemon->stopping)) {
        uint64_t now = clock_monotonic_us();
        atomic_store(&daemon->tick_us, now);
        load_catalog(daemon, now);
        guard_tick(daemon);
        keep_sequences(daemon, now);
        keep_reverse(daemon, now);
        alerts_tick(daemon);
        keep_evidence(daemon, now);
        struct error error = {0};
        if (!journal_floor_keep(daemon, now, &error)) LOG_RATED(LOG_ERROR, "journal.floor_not_kept", log_failure(&error));
        clock_sleep_us(TICK_US);
    }
}

/* ---- start ---- */

static bool open_stores(struct daemon *daemon, struct error *error)
{
    struct engine *engine = &daemon->engine;
    if (mkdir(engine->options.journal_folder, 0700) != 0 && access(engine->options.journal_folder, W_OK) != 0)
        return error_set(error, ERROR_IO, "[journal] folder: %s cannot be made or written", engine->options.journal_folder);
    engine->state = state_open(engine->options.state_file, error);
    if (!engine->state) return error_prefix(error, "[state] file");
    struct journal_options options;
    journal_options_default(&options);
    options.folder = engine->options.journal_folder;
    options.segment_size = daemon->config.journal_segment;
    options.retain_bytes = daemon->config.journal_retain;
    options.retain_us = daemon->config.journal_retain_us;
    uint8_t key[32];
    bool encrypted;
    if (!config_journal_key(&daemon->config, key, &encrypted, error)) return false;
    options.key = encrypted ? key : NULL;
    journal_floor_options(engine->state, &options);
    engine->journal = journal_open(&options, error);
    if (!engine->journal) return error_prefix(error, "[journal] folder");
    if (!journal_floor_opened(daemon, error)) return error_prefix(error, "[state] file");
    engine->start_csn = journal_last_csn(engine->journal);
    fault_point(FAULT_start_recovered);
    engine->boot = state_get_u64(engine->state, "boot", 0) + 1;
    return state_put_u64(engine->state, "boot", engine->boot, error);
}

/* Where the last run stood: the phase and who is primary, from the state store. */
static void restore_phase(struct daemon *daemon)
{
    struct buffer text;
    buffer_init(&text, 200);
    enum engine_phase phase = PHASE_OBSERVE;
    enum engine_side primary = SIDE_SOURCE;
    unsigned canary = 0;
    char name[32] = "", side[16] = "", copy[100];
    if (state_get(daemon->engine.state, "phase", &text)) {
        snprintf(copy, sizeof copy, VIEW_FORMAT, VIEW_ARGUMENTS(buffer_view(&text)));
        if (sscanf(copy, "%31s %u %15s", name, &canary, side) == 3 && engine_phase_parse(name, &phase))
            primary = strcmp(side, "target") == 0 ? SIDE_TARGET : SIDE_SOURCE;
    }
    buffer_release(&text);
    daemon->epoch = state_get_u64(daemon->engine.state, "epoch", 1);
    daemon->source_p99_us = state_get_u64(daemon->engine.state, "source_p99_us", 0);
    phase_publish(daemon, phase, primary, canary, false, false);
}

static bool start_workers(struct daemon *daemon, struct error *error)
{
    struct engine *engine = &daemon->engine;
    const struct config *config = &daemon->config;
    uint32_t count = engine->options.workers;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (count == 0) count = cores > 4 ? 4 : cores < 1 ? 1 : (uint32_t)cores;
    struct worker_options options = {.address = config->listen_address, .port = config->listen_port, .shadow = daemon->shadow};
    if (config->listen_certificate[0]) {
        struct tls_options tls = {.certificate_file = config->listen_certificate, .key_file = config->listen_key};
        options.client_tls = tls_context_new(&tls, error);
        if (!options.client_tls) return error_prefix(error, "[listen] certificate_file");
    }
    if (engine->options.source_tls) {
        struct tls_options tls = {.ca_file = engine->options.source_ca[0] ? engine->options.source_ca : NULL,
                                  .verify_peer = true,
                                  .server_name = engine->options.source_host,
                                  .client = true};
        options.source_tls = tls_context_new(&tls, error);
        if (!options.source_tls) return error_prefix(error, "[source] tls");
    }
    engine->workers = memory_zero(count, sizeof *engine->workers);
    for (uint32_t i = 0; i < count; i++) {
        engine->workers[i] = worker_start(engine, i, &options, error);
        if (!engine->workers[i]) return error_prefix(error, "[listen]");
        engine->worker_count = i + 1;
        options.port = worker_port(engine->workers[i]); /* all on one port */
    }
    return true;
}

/* After a crash while the target was primary the reverse goes on from where the source says it stands. */
static bool resume_reverse(struct daemon *daemon, struct error *error)
{
    const struct engine_policy *policy = engine_policy(&daemon->engine);
    if (policy->phase != PHASE_CUTOVER) return true;
    mirror_pause(daemon->mirror, true);
    daemon->reverse = reverse_start(&daemon->engine, daemon->epoch, 0, error);
    if (!daemon->reverse) LOG(LOG_ERROR, "reverse.not_started", log_failure(error));
    return true;
}

struct daemon *daemon_start(const struct config *config, struct error *error)
{
    struct daemon *daemon = memory_zero(1, sizeof *daemon);
    daemon->config = *config;
    daemon->engine.options = config->engine;
    mutex_init(&daemon->command);
    mutex_init(&daemon->work);
    mutex_init(&daemon->overrides);
    atomic_store(&daemon->tick_us, clock_monotonic_us());
    daemon->started_us = daemon->phase_since_us = daemon->step_since_us = clock_monotonic_us();
    random_secure(daemon->engine.fake_seed, sizeof daemon->engine.fake_seed);
    if (!open_stores(daemon, error)) return NULL;
    daemon->engine.outstanding = outstanding_new();
    daemon->engine.statements = statements_new(&daemon->engine, LIMIT_STATEMENTS);
    if (access(config->engine.overrides_file, R_OK) == 0 &&
        !statements_overrides_load(daemon->engine.statements, config->engine.overrides_file, error))
        return NULL;
    evidence_load(&daemon->engine);
    restore_phase(daemon);
    if (!check_epoch(daemon, error)) return NULL;
    /* Before the mirror releases anything of the journal. */
    if (engine_policy(&daemon->engine)->phase == PHASE_CUTOVER) atomic_store(&daemon->engine.reverse_from, REVERSE_FROM_ALL);
    load_catalog(daemon, clock_monotonic_us());
    daemon->checker = checker_start(&daemon->engine, error);
    daemon->engine.checker = daemon->checker;
    daemon->mirror = daemon->checker ? mirror_start(&daemon->engine, error) : NULL;
    daemon->shadow = daemon->mirror ? shadow_start(&daemon->engine, error) : NULL;
    daemon->feed = daemon->shadow ? feed_start(&daemon->engine, daemon->mirror, error) : NULL;
    if (!daemon->feed || !resume_reverse(daemon, error) || !start_workers(daemon, error) || !admin_start(daemon, error)) return NULL;
    daemon->alerts = alerts_start(daemon, error);
    if (!daemon->alerts) return NULL;
    daemon->thread = thread_start("control", control_main, daemon, error);
    if (!daemon->thread) return NULL;
    LOG(LOG_INFO, "daemon.started", log_u64("port", worker_port(daemon->engine.workers[0])),
        log_u64("admin_port", http_server_port(daemon->http)), log_text("phase", engine_phase_name(engine_policy(&daemon->engine)->phase)));
    return daemon;
}

static void tell_option(void *context, const struct option_row *row, bool applied)
{
    (void)context;
    if (applied)
        LOG(LOG_INFO, "option.changed", log_text("section", row->section), log_text("name", row->name));
    else
        LOG(LOG_WARNING, "option.needs_restart", log_text("section", row->section), log_text("name", row->name));
}

static bool reload_options(struct daemon *daemon, const char *config_file, struct error *error)
{
    struct config fresh, *running = &daemon->config;
    struct engine_options *options = &daemon->engine.options;
    if (!config_read(config_file, &fresh, error)) return false;
    option_reload(&config_options, running, &fresh, tell_option, NULL);
    atomic_store(&options->fence_wait_us, running->engine.fence_wait_us);
    atomic_store(&options->compare_share, running->engine.compare_share);
    atomic_store(&options->shadow_share, running->engine.shadow_share);
    log_set_level((enum log_level)running->log_level);
    return true;
}

void daemon_reload(struct daemon *daemon, const char *config_file)
{
    struct error error = {0};
    if (!log_reopen(&error)) LOG(LOG_ERROR, "log.reopen", log_failure(&error));
    if (!reload_options(daemon, config_file, &error)) LOG(LOG_ERROR, "options.reload", log_failure(&error));
    mutex_lock(&daemon->overrides);
    if (access(daemon->config.engine.overrides_file, R_OK) == 0 && !override_reload(daemon, &error))
        LOG(LOG_ERROR, "overrides.reload", log_failure(&error));
    mutex_unlock(&daemon->overrides);
}

void daemon_stop(struct daemon *daemon)
{
    atomic_store(&daemon->stopping, true);
    thread_join(daemon->thread);
    alerts_stop(daemon->alerts);
    daemon->alerts = NULL;
    http_server_stop(daemon->http);
    feed_work_stop(daemon);
    for (uint32_t i = 0; i < daemon->engine.worker_count; i++) worker_stop(daemon->engine.workers[i], true);
    if (daemon->copy) copy_stop(daemon->copy);
    shadow_stop(daemon->shadow);
    if (daemon->reverse) reverse_stop(daemon->reverse);
    feed_stop(daemon->feed);
    mirror_stop(daemon->mirror);
    feed_free(daemon->feed);
    checker_stop(daemon->checker);
    if (daemon->probe) pg_close(daemon->probe);
    atomic_store(&daemon->evidence_us, 0);
    keep_evidence(daemon, clock_monotonic_us());
    statements_free(daemon->engine.statements);
    outstanding_free(daemon->engine.outstanding);
    journal_close(daemon->engine.journal);
    state_close(daemon->engine.state);
    memory_free(daemon->engine.workers);
    mutex_release(&daemon->command);
    mutex_release(&daemon->work);
    mutex_release(&daemon->overrides);
    LOG(LOG_INFO, "daemon.stopped");
    memory_free(daemon);
}
