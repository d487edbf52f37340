/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon tells of itself: the status as JSON. */
#include "control/daemon.h"

#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

static double rate(struct daemon *daemon, enum engine_counter counter)
{
    if (daemon->sample_at < 2) return 0;
    const struct sample *last = &daemon->samples[(daemon->sample_at - 1) % DAEMON_SAMPLES];
    uint32_t back = daemon->sample_at > 7 ? 7 : daemon->sample_at;
    const struct sample *first = &daemon->samples[(daemon->sample_at - back) % DAEMON_SAMPLES];
    return last->at_us > first->at_us
               ? (double)(last->counters[counter] - first->counters[counter]) * 1e6 / (double)(last->at_us - first->at_us)
               : 0;
}

static void write_consistency(struct json *json, const char *key, const struct consistency *c)
{
    json_key(json, key);
    json_object_begin(json);
    json_field_u64(json, "comparable", c->comparable);
    json_field_u64(json, "equal", c->equal);
    json_field_u64(json, "divergent", c->divergent);
    json_field_real(json, "estimate", c->estimate);
    json_field_real(json, "bound", c->bound);
    json_field_u64(json, "needed", c->needed);
    json_object_end(json);
}

static enum engine_phase next_phase(enum engine_phase phase)
{
    return phase == PHASE_COMPLETE ? PHASE_COMPLETE : (enum engine_phase)(phase + 1);
}

static void write_gate(struct daemon *daemon, struct json *json)
{
    enum engine_phase to = next_phase(engine_policy(&daemon->engine)->phase);
    struct gate *gate = memory_zero(1, sizeof *gate);
    gate_evaluate(daemon, to, gate);
    json_key(json, "gate");
    json_object_begin(json);
    json_field_text(json, "target", engine_phase_name(to));
    json_field_boolean(json, "open", gate->open);
    json_key(json, "missing");
    json_array_begin(json);
    for (uint32_t i = 0; i < gate->count; i++) {
        json_object_begin(json);
        json_field_text(json, "code", gate->missing[i].code);
        json_field_text(json, "text", gate->missing[i].text);
        json_field_text(json, "advice", gate->missing[i].advice);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
    memory_free(gate);
}

static void write_switch(struct json *json, const struct switch_report *s)
{
    json_object_begin(json);
    json_field_text(json, "kind", s->kind);
    json_field_boolean(json, "good", s->good);
    json_field_real(json, "pause_ms", (double)s->pause_us / 1000);
    json_field_real(json, "total_ms", (double)s->total_us / 1000);
    json_field_u64(json, "at_us", s->at_us);
    json_field_text(json, "reason", s->reason);
    json_object_end(json);
}

static void write_calls(struct daemon *daemon, struct json *json)
{
    struct engine *engine = &daemon->engine;
    json_key(json, "calls");
    json_object_begin(json);
    json_field_u64(json, "total", engine_counted(engine, COUNT_CALLS));
    json_field_real(json, "per_s", rate(daemon, COUNT_CALLS));
    json_field_u64(json, "relayed", engine_counted(engine, COUNT_RELAYED));
    json_field_u64(json, "served", engine_counted(engine, COUNT_SERVED));
    json_field_u64(json, "held", engine_counted(engine, COUNT_HELD));
    json_field_u64(json, "opaque", engine_counted(engine, COUNT_OPAQUE_CALLS));
    json_field_u64(json, "fallbacks", engine_counted(engine, COUNT_FALLBACKS));
    json_field_u64(json, "replayed", engine_counted(engine, COUNT_REPLAYED_CALLS));
    json_field_u64(json, "unknown_cursors", engine_counted(engine, COUNT_UNKNOWN_CURSORS));
    json_field_u64(json, "translations", engine_counted(engine, COUNT_TRANSLATIONS));
    json_object_end(json);
}

static void write_lag(struct daemon *daemon, struct json *json)
{
    struct engine *engine = &daemon->engine;
    const struct engine_policy *policy = engine_policy(engine);
    uint64_t last = journal_last_csn(engine->journal),
             at = policy->primary == SIDE_TARGET ? atomic_load(&engine->reverse_csn) : atomic_load(&engine->applied);
    uint64_t lag_us = policy->primary == SIDE_TARGET ? atomic_load(&engine->reverse_lag_us) : atomic_load(&engine->mirror_lag_us);
    json_key(json, "lag");
    json_object_begin(json);
    json_field_text(json, "direction", policy->primary == SIDE_TARGET ? "reverse" : "forward");
    json_field_u64(json, "csn", last);
    json_field_u64(json, "applied", at);
    json_field_u64(json, "records", policy->phase == PHASE_OBSERVE || policy->phase == PHASE_COMPLETE || last <= at ? 0 : last - at);
    json_field_real(json, "seconds", (double)lag_us / 1e6);
    json_field_u64(json, "in_doubt", atomic_load(&engine->in_doubt));
    json_object_end(json);
}

static void write_divergences(struct daemon *daemon, struct json *json)
{
    json_key(json, "divergences");
    json_object_begin(json);
    json_field_u64(json, "open", state_divergence_count(daemon->engine.state, "open"));
    json_field_u64(json, "total", state_divergence_count(daemon->engine.state, NULL));
    json_field_u64(json, "repaired",
                   state_divergence_count(daemon->engine.state, "repaired") + state_divergence_count(daemon->engine.state, "gone"));
    json_object_end(json);
}

static void write_mirror(struct daemon *daemon, struct json *json)
{
    struct mirror_statistics mirror;
    mirror_statistics(daemon->mirror, &mirror);
    json_key(json, "mirror");
    json_object_begin(json);
    json_field_u64(json, "transactions", mirror.transactions);
    json_field_u64(json, "statements", mirror.statements);
    json_field_u64(json, "images", mirror.images);
    json_field_u64(json, "batches", mirror.batches);
    json_field_u64(json, "retries", mirror.retries);
    json_field_u64(json, "lanes", mirror.lanes);
    json_field_u64(json, "lane_batches", engine_counted(&daemon->engine, COUNT_MIRROR_LANE_BATCHES));
    json_field_u64(json, "poison", mirror.poison);
    json_field_real(json, "per_s", mirror.per_second);
    json_field_boolean(json, "target_up", mirror.target_up);
    json_field_text(json, "last_error", mirror.last_error);
    json_object_end(json);
    struct journal_statistics journal;
    journal_statistics(daemon->engine.journal, &journal);
    json_key(json, "journal");
    json_object_begin(json);
    json_field_u64(json, "records", journal.records);
    json_field_u64(json, "bytes", journal.bytes);
    json_field_u64(json, "bytes_on_disk", journal.bytes_on_disk);
    json_field_u64(json, "refused", journal.refused);
    json_field_u64(json, "sync_us_p50", journal.sync_us_p50);
    json_field_u64(json, "sync_us_p99", journal.sync_us_p99);
    json_field_u64(json, "failures", journal.failures);
    json_field_u64(json, "segments", journal.segments);
    struct error why = {0};
    json_field_boolean(json, "failed", journal_failed(daemon->engine.journal, &why));
    json_field_text(json, "error", why.text);
    json_object_end(json);
}

static void write_rows(struct daemon *daemon, struct json *json)
{
    struct consistency rows;
    gate_rows(daemon, &rows);
    json_key(json, "rows");
    json_object_begin(json);
    json_field_u64(json, "verified", copy_verified_rows(&daemon->engine));
    json_field_u64(json, "compared", engine_counted(&daemon->engine, COUNT_ROWS_COMPARED));
    json_field_u64(json, "backfilled", engine_counted(&daemon->engine, COUNT_ROWS_BACKFILLED));
    json_field_u64(json, "repaired", engine_counted(&daemon->engine, COUNT_ROWS_REPAIRED));
    json_field_real(json, "bound", rows.bound);
    json_field_u64(json, "divergent", rows.divergent);
    json_object_end(json);
}

void report_status(struct daemon *daemon, struct json *json)
{
    const struct engine_policy *policy = engine_policy(&daemon->engine);
    struct consistency reads;
    gate_reads(daemon, &reads);
    json_object_begin(json);
    json_field_text(json, "phase", engine_phase_name(policy->phase));
    json_field_u64(json, "epoch", policy->epoch);
    json_field_text(json, "primary", policy->primary == SIDE_TARGET ? "target" : "source");
    json_field_u64(json, "canary_percent", policy->canary_percent);
    json_field_boolean(json, "hold", policy->hold);
    json_field_boolean(json, "target_healthy", atomic_load(&daemon->engine.target_healthy));
    json_field_real(json, "uptime_s", (double)(clock_monotonic_us() - daemon->started_us) / 1e6);
    json_field_u64(json, "sessions", atomic_load(&daemon->engine.sessions));
    json_field_u64(json, "transactions_open", atomic_load(&daemon->engine.transactions_open));
    write_calls(daemon, json);
    write_lag(daemon, json);
    write_consistency(json, "consistency", &reads);
    write_rows(daemon, json);
    write_divergences(daemon, json);
    write_mirror(daemon, json);
    feed_status(daemon, json);
    json_key(json, "shadow");
    json_object_begin(json);
    json_field_u64(json, "pending", shadow_pending(daemon->shadow));
    json_field_real(json, "per_s", rate(daemon, COUNT_SHADOW_EQUAL));
    json_field_u64(json, "skipped", engine_counted(&daemon->engine, COUNT_SHADOW_SKIPPED));
    json_field_u64(json, "rechecked", engine_counted(&daemon->engine, COUNT_SHADOW_RECHECKED));
    json_field_u64(json, "not_comparable", engine_counted(&daemon->engine, COUNT_SHADOW_NOT_COMPARABLE));
    const char *foreign = atomic_load_explicit(&daemon->engine.foreign_setting, memory_order_relaxed);
    if (foreign) json_field_text(json, "foreign_setting", foreign);
    json_field_u64(json, "noise", engine_counted(&daemon->engine, COUNT_SHADOW_NOISE));
    json_field_u64(json, "fence_waits", engine_counted(&daemon->engine, COUNT_FENCE_WAITS));
    json_field_u64(json, "fence_timeouts", engine_counted(&daemon->engine, COUNT_FENCE_TIMEOUTS));
    json_object_end(json);
    write_gate(daemon, json);
    json_key(json, "guard");
    json_object_begin(json);
    json_field_boolean(json, "tripped", daemon->guard_tripped);
    json_field_text(json, "reason", daemon->guard_reason);
    json_field_u64(json, "at_us", daemon->guard_at_us);
    json_field_real(json, "rollback_ms", (double)daemon->rollback_us / 1000);
    json_object_end(json);
    json_key(json, "last_switch");
    write_switch(json, &daemon->last_switch);
    json_key(json, "switches");
    json_array_begin(json);
    for (uint32_t i = 0; i < daemon->switch_count; i++) write_switch(json, &daemon->switches[i]);
    json_array_end(json);
    json_object_end(json);
}
