/* SPDX-License-Identifier: Apache-2.0 */
/* The guard: watches the target while clients depend on it, and steps back by itself. */
#include "control/alert.h"

#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>

enum { PROBE_EVERY_US = 250000, PROBE_MS = 1000, SLOT_EVERY_US = 2000000, AGAIN_US = 30000000, WINDOW_SAMPLES = 20 };

/* One round trip on a connection of its own, at most a second: the target answers or it does not. */
static void probe(struct daemon *daemon, uint64_t now)
{
    if (now < daemon->probe_last_us + PROBE_EVERY_US) return;
    daemon->probe_last_us = now;
    struct error error;
    bool good = false;
    if (!daemon->probe) daemon->probe = pg_connect(daemon->engine.options.target_conninfo, PROBE_MS, &error);
    if (daemon->probe) {
        pg_set_patience(daemon->probe, PROBE_MS);
        good = pg_run(daemon->probe, "SELECT 1", NULL, &error);
        if (!good) {
            pg_close(daemon->probe);
            daemon->probe = NULL;
        }
    }
    if (good) {
        if (daemon->probe_failed_since_us) LOG(LOG_INFO, "target.back", log_u64("after_us", now - daemon->probe_failed_since_us));
        daemon->probe_failed_since_us = 0;
        atomic_store(&daemon->engine.target_healthy, true);
    } else {
        if (!daemon->probe_failed_since_us) {
            daemon->probe_failed_since_us = now;
            LOG(LOG_WARNING, "target.unreachable", log_failure(&error));
        }
        atomic_store(&daemon->engine.target_healthy, false);
    }
}

/* What PostgreSQL keeps for the reverse: it must not fill its disk because the source does not take the changes. */
static void look_at_slot(struct daemon *daemon, uint64_t now)
{
    if (!daemon->probe || now < daemon->slot_looked_us + SLOT_EVERY_US) return;
    daemon->slot_looked_us = now;
    static const char text[] =
        "SELECT coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::int8, coalesce(wal_status, '') FROM "
        "pg_replication_slots WHERE slot_name = '" REVERSE_NAME "' AND database = current_database()";
    struct pg_result result = {0};
    struct error error;
    daemon->slot_lost = false;
    daemon->slot_bytes = 0;
    if (pg_run(daemon->probe, text, &result, &error) && result.rows == 1) {
        (void)view_to_u64(pg_result_text(&result, 0, 0), &daemon->slot_bytes);
        daemon->slot_lost = view_equal(pg_result_text(&result, 0, 1), view_text("lost"));
    }
    pg_result_free(&result);
}

static void trip(struct daemon *daemon, const char *format, ...) PRINTF_LIKE(2, 3);
static void trip(struct daemon *daemon, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(daemon->guard_reason, sizeof daemon->guard_reason, format, arguments);
    va_end(arguments);
    if (!daemon->guard_tripped) {
        daemon->guard_at_us = clock_wall_us();
        LOG(LOG_ERROR, "guard.tripped", log_text("reason", daemon->guard_reason));
        alert_send(daemon, "GUARD_TRIPPED", daemon->guard_reason);
    }
    daemon->guard_tripped = true;
}

static void sum_target(void *context, struct fingerprint *f)
{
    histogram_sum(&f->target_us, context);
}

static void sample(struct daemon *daemon, uint64_t now)
{
    if (now < daemon->sampled_us + 500000) return;
    daemon->sampled_us = now;
    struct sample *s = &daemon->samples[daemon->sample_at++ % DAEMON_SAMPLES];
    s->at_us = now;
    for (int i = 0; i < ENGINE_COUNTER_COUNT; i++) s->counters[i] = engine_counted(&daemon->engine, (enum engine_counter)i);
    memset(&s->target, 0, sizeof s->target);
    statements_each_fingerprint(daemon->engine.statements, sum_target, &s->target);
}

/* Errors and latency of served calls in the last ten seconds, or since the step if that is shorter. */
static void watch_served(struct daemon *daemon)
{
    if (daemon->sample_at < 4) return;
    const struct sample *last = &daemon->samples[(daemon->sample_at - 1) % DAEMON_SAMPLES], *first = last;
    for (uint32_t back = 2; back <= WINDOW_SAMPLES && back <= daemon->sample_at; back++) {
        const struct sample *s = &daemon->samples[(daemon->sample_at - back) % DAEMON_SAMPLES];
        if (s->at_us < daemon->step_since_us) break;
        first = s;
    }
    if (first == last) return;
    uint64_t served = last->counters[COUNT_SERVED] - first->counters[COUNT_SERVED],
             errors = last->counters[COUNT_TARGET_ERRORS] - first->counters[COUNT_TARGET_ERRORS];
    if (served > 200 && (double)errors > (double)served * daemon->config.guard_error_share)
        trip(daemon, "%llu of %llu served calls failed on the target", (unsigned long long)errors, (unsigned long long)served);
    uint64_t count = 0, p99 = histogram_quantile_between(&first->target, &last->target, 0.99, &count);
    if (count > 200 && p99 > daemon->config.guard_latency_floor_us &&
        (double)p99 > (double)daemon->source_p99_us * daemon->config.guard_latency_factor)
        trip(daemon, "p99 of served calls is %.1f ms, it was %.1f ms on the source", (double)p99 / 1000,
             (double)daemon->source_p99_us / 1000);
}

static void watch_fallback(struct daemon *daemon)
{
    struct error why;
    if (!daemon->reverse) {
        trip(daemon, "the reverse mirror does not run");
        return;
    }
    if (reverse_failed(daemon->reverse, &why) && !daemon->probe_failed_since_us)
        trip(daemon, "the reverse mirror failed: %.200s", why.text);
    uint64_t lag = atomic_load(&daemon->engine.reverse_lag_us);
    if (lag > daemon->config.guard_reverse_lag_us) trip(daemon, "the fallback is %.1f s behind", (double)lag / 1e6);
    if (daemon->slot_lost) trip(daemon, "PostgreSQL has given up the slot of the fallback (max_slot_wal_keep_size)");
    if (daemon->slot_bytes > daemon->config.guard_slot_bytes)
        trip(daemon, "PostgreSQL keeps %.1f GB of its log for the fallback", (double)daemon->slot_bytes / 1e9);
}

static void step_back(struct daemon *daemon, const struct engine_policy *policy, bool lost)
{
    struct error error = {0};
    if (!lost && clock_monotonic_us() < daemon->step_back_from_us) return;
    if (!state_audit(daemon->engine.state, "guard", "step-back", daemon->guard_reason, "{}", &error))
        LOG(LOG_ERROR, "audit", log_failure(&error));
    if (policy->phase == PHASE_CANARY) {
        phase_publish(daemon, PHASE_SHADOW, SIDE_SOURCE, 0, false, false);
        daemon->step_since_us = clock_monotonic_us();
        LOG(LOG_WARNING, "guard.stepped_back", log_text("to", "shadow"), log_text("reason", daemon->guard_reason));
        return;
    }
    uint64_t began = daemon->probe_failed_since_us && lost ? daemon->probe_failed_since_us : clock_monotonic_us();
    if (!switch_rollback(daemon, daemon->guard_reason, lost, &error)) {
        LOG(LOG_ERROR, "guard.rollback_failed", log_failure(&error));
        /* Again: at the next tick if the target is lost or calls are held; else not so soon that clients are held all the time. */
        daemon->step_back_from_us = engine_policy(&daemon->engine)->hold ? 0 : clock_monotonic_us() + AGAIN_US;
        return;
    }
    daemon->rollback_us = clock_monotonic_us() - began;
    alert_send(daemon, "ROLLED_BACK", daemon->guard_reason);
}

void guard_tick(struct daemon *daemon)
{
    uint64_t now = clock_monotonic_us();
    const struct engine_policy *policy = engine_policy(&daemon->engine);
    sample(daemon, now);
    if (policy->phase == PHASE_OBSERVE && !atomic_load(&daemon->engine.catalog)) return;
    probe(daemon, now);
    now = clock_monotonic_us();
    if (policy->phase == PHASE_CUTOVER && !daemon->probe_failed_since_us) look_at_slot(daemon, now);
    if (policy->phase != PHASE_CANARY && policy->phase != PHASE_CUTOVER) return;
    bool lost = daemon->probe_failed_since_us && now - daemon->probe_failed_since_us > daemon->config.guard_health_us;
    mutex_lock(&daemon->command);
    policy = engine_policy(&daemon->engine);
    if (policy->phase == PHASE_CANARY || policy->phase == PHASE_CUTOVER) {
        if (lost)
            trip(daemon, "the target has been out of reach for %.1f s", (double)(now - daemon->probe_failed_since_us) / 1e6);
        else
            watch_served(daemon);
        if (policy->phase == PHASE_CUTOVER && !lost) watch_fallback(daemon);
        if (policy->phase == PHASE_CANARY && !lost && state_divergence_count(daemon->engine.state, "open") > 0)
            trip(daemon, "a divergence was found while the target serves reads");
        if (daemon->guard_tripped) step_back(daemon, policy, lost);
    }
    mutex_unlock(&daemon->command);
}
