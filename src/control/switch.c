/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch: cut-over, rollback and completion. Each is a list of steps; before the epoch is written (step 6) any failure puts everything back. The clock
 * of the pause runs from the hold to the release.
 */
#include "control/daemon.h"

#include "base/log.h"
#include "engine/dictionary.h"
#include <stdio.h>

#define FEED_BEFORE_US UINT64_C(10000000)
enum { TARGET_MS = 3000 }; /* clients wait while the target is asked */

struct pause {
    uint64_t began_us, held_us, limit_us;
};

static bool wait_until(bool (*condition)(struct daemon *daemon, void *context), struct daemon *daemon, void *context, uint64_t deadline_us)
{
    while (!condition(daemon, context)) {
        if (clock_monotonic_us() > deadline_us || atomic_load(&daemon->stopping)) return false;
        clock_sleep_us(500);
    }
    return true;
}

static bool drained(struct daemon *daemon, void *context)
{
    (void)context;
    return atomic_load(&daemon->engine.transactions_open) == 0 && atomic_load(&daemon->engine.commits_in_flight) == 0;
}

static bool commits_settled(struct daemon *daemon, void *context)
{
    (void)context;
    return atomic_load(&daemon->engine.commits_in_flight) == 0;
}

static bool applied_all(struct daemon *daemon, void *context)
{
    (void)context;
    return atomic_load(&daemon->engine.applied) >= journal_last_csn(daemon->engine.journal) && atomic_load(&daemon->engine.in_doubt) == 0;
}

struct reverse_goal {
    uint64_t csn, lsn;
};
static bool reversed_all(struct daemon *daemon, void *context)
{
    struct reverse_goal *goal = context;
    return reverse_drained(daemon->reverse, goal->csn, goal->lsn);
}

/* Who still has a transaction open: the answer to "why was it aborted". */
static bool fail_blocked(struct daemon *daemon, struct error *error)
{
    struct worker_session sessions[64];
    uint32_t count = engine_sessions(&daemon->engine, sessions, 64);
    char names[300] = "";
    size_t at = 0;
    for (uint32_t i = 0; i < count && at + 60 < sizeof names; i++)
        if (sessions[i].transaction_us)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%llu (%s, %.1f s)", at ? ", " : "", (unsigned long long)sessions[i].id,
                                   sessions[i].user, (double)sessions[i].transaction_us / 1e6);
    return error_set(
        error, ERROR_TIMEOUT,
        "open transactions did not end within the pause limit; sessions: %s. Everything was put back; try again when they are over",
        names[0] ? names : "none seen now");
}

static void hold(struct daemon *daemon, struct pause *pause)
{
    const struct engine_policy *policy = engine_policy(&daemon->engine);
    pause->held_us = clock_monotonic_us();
    (void)engine_longest_hold_us(&daemon->engine);
    phase_publish(daemon, policy->phase, policy->primary, policy->canary_percent, true, policy->target_down);
}

static void release_as_before(struct daemon *daemon, const struct engine_policy *before)
{
    phase_publish(daemon, before->phase, before->primary, before->canary_percent, false, before->target_down);
}

static void report(struct daemon *daemon, const char *kind, const char *reason, const struct pause *pause, bool good)
{
    struct switch_report *last = &daemon->last_switch;
    uint64_t now = clock_monotonic_us();
    snprintf(last->kind, sizeof last->kind, "%s", kind);
    snprintf(last->reason, sizeof last->reason, "%s", reason ? reason : "");
    last->at_us = clock_wall_us();
    last->pause_us = pause->held_us ? now - pause->held_us : 0;
    last->total_us = now - pause->began_us;
    last->good = good;
    if (daemon->switch_count < sizeof daemon->switches / sizeof *daemon->switches) daemon->switches[daemon->switch_count++] = *last;
    LOG(good ? LOG_INFO : LOG_ERROR, "switch.over", log_text("kind", kind), log_boolean("good", good), log_u64("pause_us", last->pause_us),
        log_u64("total_us", last->total_us), log_text("reason", last->reason));
}

/* The epoch that says who is primary: durable here first, then in both databases. */
static bool write_epoch(struct daemon *daemon, enum engine_side primary, bool target_there, uint64_t *lsn, struct error *error)
{
    uint64_t epoch = daemon->epoch + 1;
    if (!state_put_u64(daemon->engine.state, "epoch", epoch, error)) return false;
    struct source *source = source_open(&daemon->engine.options, 3000, error);
    bool good = source && epoch_write_source(source, epoch, primary, error) && source_commit(source, error);
    if (source) source_close(source);
    if (!good) return false;
    if (target_there) {
        struct pg *pg = pg_connect(daemon->engine.options.target_conninfo, 3000, error);
        if (pg) pg_set_patience(pg, TARGET_MS);
        good = pg && epoch_write_target(pg, epoch, primary, lsn, error);
        if (pg) pg_close(pg);
        if (!good) return false;
    }
    daemon->epoch = epoch;
    return true;
}

/* ---- mirroring begins ---- */

/* A transaction that began unrecorded must not end recorded: mirroring starts at a moment without open transactions, or what was open is a gap. */
bool switch_mirror_on(struct daemon *daemon, struct error *error)
{
    (void)error;
    struct pause pause = {.began_us = clock_monotonic_us(), .limit_us = daemon->config.switch_pause_us};
    hold(daemon, &pause);
    if (!wait_until(drained, daemon, NULL, pause.held_us + daemon->config.switch_drain_us))
        engine_gap(&daemon->engine, NULL, "transactions were open when mirroring began");
    phase_publish(daemon, PHASE_DUAL_WRITE, SIDE_SOURCE, 0, false, false);
    report(daemon, "dual-write", "", &pause, true);
    return true;
}

/* ---- cut-over ---- */

/* What the key feeds noted before the hold stands on the target, and from here on nothing more is written there in the source's name. */
static bool feed_settled(struct daemon *daemon, uint64_t limit_us, struct error *error)
{
    struct feed_statistics feeds;
    struct feed_table one;
    if (feed_drain(daemon->feed, limit_us)) return true;
    feed_statistics(daemon->feed, &feeds, &one, 0);
    return error_set(error, ERROR_TIMEOUT, "the key feed did not catch up within %.1f s: %llu keys wait. %.150s", (double)limit_us / 1e6,
                     (unsigned long long)feeds.backlog, feeds.last_error);
}

static bool cutover_held(struct daemon *daemon, const struct pause *pause, struct error *error)
{
    if (!wait_until(drained, daemon, NULL, pause->held_us + daemon->config.switch_drain_us)) return fail_blocked(daemon, error);
    if (!wait_until(applied_all, daemon, NULL, pause->held_us + pause->limit_us))
        return error_set(error, ERROR_TIMEOUT, "the mirror did not catch up within the pause limit of %.1f s",
                         (double)pause->limit_us / 1e6);
    uint64_t spent = clock_monotonic_us() - pause->held_us;
    if (!feed_settled(daemon, spent < pause->limit_us ? pause->limit_us - spent : 0, error)) return false;
    if (!feed_pause(daemon->feed, true, pause->limit_us))
        return error_set(error, ERROR_TIMEOUT, "the key feed's reader did not come to rest: is one of the databases slow to answer?");
    mirror_pause(daemon->mirror, true);
    if (!sequences_advance(&daemon->engine, SIDE_TARGET, error)) return false;
    uint64_t lsn = 0;
    return write_epoch(daemon, SIDE_TARGET, true, &lsn, error);
}

bool switch_cutover(struct daemon *daemon, const char *reason, struct error *error)
{
    struct engine_policy before = *engine_policy(&daemon->engine);
    struct pause pause = {.began_us = clock_monotonic_us(), .limit_us = daemon->config.switch_pause_us};
    if (!reverse_prepare(&daemon->engine, &daemon->reverse_lsn, error)) return false;
    if (!feed_settled(daemon, FEED_BEFORE_US, error)) return false; /* most of it, before anybody waits */
    hold(daemon, &pause);
    if (!cutover_held(daemon, &pause, error)) {
        mirror_pause(daemon->mirror, false);
        release_as_before(daemon, &before);
        (void)feed_pause(daemon->feed, false, 0);
        report(daemon, "cutover", error->text, &pause, false);
        return false;
    }
    atomic_store(&daemon->engine.reverse_from, atomic_load(&daemon->engine.applied_position)); /* up to here both sides have everything */
    phase_publish(daemon, PHASE_CUTOVER, SIDE_TARGET, 0, false, false);
    report(daemon, "cutover", reason, &pause, true);
    atomic_store(&daemon->engine.reverse_csn, journal_last_csn(daemon->engine.journal));
    (void)feed_pause(daemon->feed, false, 0);
    if (!state_put_u64(daemon->engine.state, "cutover_csn", journal_last_csn(daemon->engine.journal), error))
        LOG(LOG_ERROR, "state", log_failure(error));
    daemon->reverse = reverse_start(&daemon->engine, daemon->epoch, daemon->reverse_lsn, error);
    if (!daemon->reverse) LOG(LOG_ERROR, "reverse.not_started", log_failure(error)); /* the guard sees it and rolls back */
    return true;
}

/* ---- rollback ---- */

static bool target_position(struct daemon *daemon, uint64_t *lsn, struct error *error)
{
    struct pg *pg = pg_connect(daemon->engine.options.target_conninfo, 2000, error);
    if (!pg) return false;
    struct pg_result result;
    unsigned high = 0, low = 0;
    pg_set_patience(pg, TARGET_MS);
    bool good = pg_run(pg, "SELECT pg_logical_emit_message(true, 'understudy', 'mark')", &result, error);
    if (good) {
        char text[40];
        snprintf(text, sizeof text, VIEW_FORMAT, VIEW_ARGUMENTS(pg_result_text(&result, 0, 0)));
        good = sscanf(text, "%X/%X", &high, &low) == 2;
        pg_result_free(&result);
    }
    pg_close(pg);
    *lsn = (uint64_t)high << 32 | low;
    return good;
}

/* In order, with the target alive: nothing is lost because everything has come back through its stream. */
static bool rollback_in_step(struct daemon *daemon, const struct pause *pause, struct error *error)
{
    if (!wait_until(drained, daemon, NULL, pause->held_us + daemon->config.switch_drain_us)) return fail_blocked(daemon, error);
    struct reverse_goal goal = {.csn = journal_last_csn(daemon->engine.journal)};
    if (!target_position(daemon, &goal.lsn, error)) return false;
    if (!daemon->reverse || !wait_until(reversed_all, daemon, &goal, pause->held_us + 10000000))
        return error_set(error, ERROR_TIMEOUT, "the source is not in step with the target's stream");
    return true;
}

/* The target is gone: what was acknowledged and has not come back through the stream stands in the journal. */
static bool rollback_from_journal(struct daemon *daemon, struct error *error)
{
    if (!wait_until(commits_settled, daemon, NULL, clock_monotonic_us() + 3000000))
        return error_set(error, ERROR_TIMEOUT, "commits in flight did not settle");
    if (daemon->reverse) reverse_stop(daemon->reverse);
    daemon->reverse = NULL;
    uint64_t from = atomic_load(&daemon->engine.reverse_csn), to = journal_last_csn(daemon->engine.journal);
    struct reverse_replayed replayed = {0};
    if (!reverse_replay(&daemon->engine, to, &replayed, error)) return false;
    LOG(LOG_INFO, "rollback.replayed", log_u64("from_csn", from), log_u64("to_csn", to), log_u64("transactions", replayed.transactions),
        log_u64("refused", replayed.refused));
    /* When the target comes back, the keys of these transactions are read from the source: whatever it did with them, they end equal. */
    return state_put_u64(daemon->engine.state, "resync_from_csn", from, error) &&
           state_put_u64(daemon->engine.state, "resync_to_csn", to, error);
}

static bool brought_over(struct daemon *daemon, void *context)
{
    (void)context;
    return atomic_load(&daemon->engine.transactions_on_target) == 0;
}

/* Transactions that were open on the lost target are done again on the source before anybody else's: their rows were locked, and must not change meanwhile. */
static void bring_over(struct daemon *daemon)
{
    uint64_t began = clock_monotonic_us();
    uint32_t count = atomic_load(&daemon->engine.transactions_on_target);
    phase_publish(daemon, PHASE_DUAL_WRITE, SIDE_SOURCE, 0, true, true);
    bool all = wait_until(brought_over, daemon, NULL, began + daemon->config.switch_pause_us);
    LOG(all ? LOG_INFO : LOG_ERROR, "rollback.brought_over", log_u64("transactions", count),
        log_u64("left", atomic_load(&daemon->engine.transactions_on_target)), log_u64("us", clock_monotonic_us() - began));
}

/* Without the reverse there is no way back in order: the target has everything, and the source has not. */
static bool fallback_follows(struct daemon *daemon, struct error *error)
{
    struct error why = {0};
    if (daemon->reverse && !reverse_failed(daemon->reverse, &why)) return true;
    if (!atomic_load(&daemon->engine.target_healthy)) return true; /* from the journal */
    return error_set(error, ERROR_STATE, "the source does not follow the target: %.250s",
                     daemon->reverse ? why.text : "the reverse mirror does not run");
}

bool switch_rollback(struct daemon *daemon, const char *reason, bool target_lost, struct error *error)
{
    struct pause pause = {.began_us = clock_monotonic_us(), .limit_us = daemon->config.switch_pause_us};
    const struct engine_policy *policy = engine_policy(&daemon->engine);
    struct engine_policy before = *policy;
    bool in_step = false;
    if (!target_lost && !fallback_follows(daemon, error)) return false; /* nobody is held up for what cannot be */
    if (!target_lost) {
        hold(daemon, &pause);
        in_step = rollback_in_step(daemon, &pause, error);
        if (!in_step && error->code == ERROR_TIMEOUT &&
            atomic_load(&daemon->engine.target_healthy)) { /* blocked by a client, not by the target */
            release_as_before(daemon, &before);
            report(daemon, "rollback", error->text, &pause, false);
            return false;
        }
    }
    if (in_step) {
        reverse_stop(daemon->reverse);
        daemon->reverse = NULL;
    } else {
        if (!pause.held_us) pause.held_us = clock_monotonic_us();
        phase_publish(daemon, before.phase, before.primary, 0, true, true);
        if (!rollback_from_journal(daemon, error)) {
            report(daemon, "rollback", error->text, &pause, false);
            return false; /* calls stay held; the guard tries again */
        }
    }
    if (in_step && !sequences_advance(&daemon->engine, SIDE_SOURCE, error)) LOG(LOG_WARNING, "rollback.sequences", log_failure(error));
    uint64_t lsn;
    struct error problem = {0};
    if (!write_epoch(daemon, SIDE_SOURCE, in_step, &lsn, &problem)) {
        LOG(LOG_ERROR, "rollback.epoch", log_failure(&problem));
        *error = problem;
        return false;
    }
    if (!in_step) bring_over(daemon);
    atomic_store(&daemon->engine.reverse_from, 0);
    phase_publish(daemon, in_step ? PHASE_SHADOW : PHASE_DUAL_WRITE, SIDE_SOURCE, 0, false, false);
    mirror_pause(daemon->mirror, false);
    daemon->phase_since_us = daemon->step_since_us = clock_monotonic_us();
    report(daemon, "rollback", reason, &pause, true);
    return true;
}

/* ---- completion ---- */

bool switch_complete(struct daemon *daemon, struct error *error)
{
    struct engine_policy before = *engine_policy(&daemon->engine);
    struct pause pause = {.began_us = clock_monotonic_us(), .limit_us = daemon->config.switch_pause_us};
    hold(daemon, &pause);
    if (!rollback_in_step(daemon, &pause, error)) {
        release_as_before(daemon, &before);
        report(daemon, "complete", error->text, &pause, false);
        return false;
    }
    reverse_stop(daemon->reverse);
    daemon->reverse = NULL;
    phase_publish(daemon, PHASE_COMPLETE, SIDE_TARGET, 0, false, false);
    report(daemon, "complete", "the source is detached", &pause, true);
    if (!reverse_drop(&daemon->engine, error)) LOG(LOG_WARNING, "complete.slot", log_failure(error));
    return true;
}
