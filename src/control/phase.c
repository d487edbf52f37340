/* SPDX-License-Identifier: Apache-2.0 */
/* The phase table, and the one door by which the phase moves. */
#include "control/daemon.h"

#include "base/log.h"
#include <stdio.h>

const struct phase_move phase_moves[] = {
    {PHASE_OBSERVE, PHASE_DUAL_WRITE, "writes are mirrored from now on", "dictionary read, target and journal work",
     "none: the target cannot harm a client"},
    {PHASE_DUAL_WRITE, PHASE_SHADOW, "reads are compared from now on",
     "every table backfilled and verified since its last gap, no open divergence", "none"},
    {PHASE_SHADOW, PHASE_CANARY, "the target serves a share of the reads", "consistency proven, no open divergence",
     "divergence, errors, latency, target health"},
    {PHASE_CANARY, PHASE_CANARY, "the share grows or shrinks", "as before, probation of the last step over",
     "divergence, errors, latency, target health"},
    {PHASE_CANARY, PHASE_CUTOVER, "the target is primary, the source the fallback",
     "bound of reads and rows, every statement proven or waived, lag 0", "errors, latency, reverse lag, target health"},
    {PHASE_SHADOW, PHASE_CUTOVER, "the target is primary without a canary", "an override: the canary was skipped",
     "errors, latency, reverse lag, target health"},
    {PHASE_CUTOVER, PHASE_COMPLETE, "the source is detached", "reverse mirror in step, users imported", "none: there is no way back"},
    {PHASE_CUTOVER, PHASE_SHADOW, "rollback: the source is primary again", "none", "none"},
    {PHASE_CUTOVER, PHASE_DUAL_WRITE, "rollback with the target lost", "none", "none"},
    {PHASE_CANARY, PHASE_SHADOW, "step back", "none", "none"},
    {PHASE_CANARY, PHASE_DUAL_WRITE, "step back", "none", "none"},
    {PHASE_SHADOW, PHASE_DUAL_WRITE, "step back", "none", "none"},
    {PHASE_CANARY, PHASE_OBSERVE, "step back: what is written from now on is a gap", "none", "none"},
    {PHASE_SHADOW, PHASE_OBSERVE, "step back: what is written from now on is a gap", "none", "none"},
    {PHASE_DUAL_WRITE, PHASE_OBSERVE, "step back: what is written from now on is a gap", "none", "none"},
};
const uint32_t phase_move_count = sizeof phase_moves / sizeof *phase_moves;

static const struct phase_move *move_find(enum engine_phase from, enum engine_phase to)
{
    for (uint32_t i = 0; i < phase_move_count; i++)
        if (phase_moves[i].from == from && phase_moves[i].to == to) return &phase_moves[i];
    return NULL;
}

/* Says where the way leads from here. */
static bool refuse_move(enum engine_phase from, enum engine_phase to, struct error *error)
{
    char list[200] = "";
    size_t used = 0;
    if (from == to) return error_set(error, ERROR_STATE, "the phase is %s already", engine_phase_name(from));
    if (from == PHASE_COMPLETE) return error_set(error, ERROR_STATE, "complete is final: the source is detached");
    for (uint32_t i = 0; i < phase_move_count; i++)
        if (phase_moves[i].from == from && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", engine_phase_name(phase_moves[i].to));
    return error_set(error, ERROR_STATE, "%s cannot be entered from %s; from here the way leads to %s", engine_phase_name(to),
                     engine_phase_name(from), list);
}

void phase_publish(struct daemon *daemon, enum engine_phase phase, enum engine_side primary, uint32_t canary, bool hold, bool target_down)
{
    struct engine_policy policy = {
        .epoch = daemon->epoch,
        .phase = phase,
        .primary = primary,
        .canary_percent = phase == PHASE_CANARY ? canary : 0,
        .mirror = phase != PHASE_OBSERVE,
        .shadow = phase == PHASE_SHADOW || phase == PHASE_CANARY,
        .hold = hold,
        .target_down = target_down,
        .source_attached = phase != PHASE_COMPLETE,
    };
    struct error error;
    if (!hold) { /* what is durable is where a restart goes on */
        char text[64];
        snprintf(text, sizeof text, "%s %u %s", engine_phase_name(phase), canary, primary == SIDE_TARGET ? "target" : "source");
        if (!state_put(daemon->engine.state, "phase", text, &error)) LOG(LOG_ERROR, "phase.not_stored", log_failure(&error));
    }
    engine_set_policy(&daemon->engine, &policy);
}

static uint64_t source_p99(struct daemon *daemon);

static bool change_locked(struct daemon *daemon, const struct phase_request *request, struct gate *gate, struct error *error)
{
    const struct engine_policy *policy = engine_policy(&daemon->engine);
    const struct phase_move *move = move_find(policy->phase, request->to);
    if (!move) return refuse_move(policy->phase, request->to, error);
    if (request->to == PHASE_COMPLETE && !request->dry_run &&
        state_user_count(daemon->engine.state) == 0) { /* nobody took the verifiers along yet */
        uint32_t imported = 0;
        struct error problem = {0};
        if (!users_import(daemon, false, &imported, &problem)) LOG(LOG_WARNING, "users.not_imported", log_failure(&problem));
    }
    gate_evaluate(daemon, request->to, gate);
    if (policy->phase == PHASE_SHADOW && request->to == PHASE_CUTOVER && !request->override)
        return error_set(error, ERROR_STATE,
                         "the phase is shadow, so the canary would be skipped: step through it, or override with author and reason");
    if (!gate->open && !request->override) return error_set(error, ERROR_GATE, "%s", gate->missing[0].text);
    if (request->override && (!request->author[0] || !request->reason[0]))
        return error_set(error, ERROR_USAGE, "an override names its author and its reason");
    if (request->dry_run) return true;
    char detail[600];
    snprintf(detail, sizeof detail, "{\"from\":\"%s\",\"to\":\"%s\",\"percent\":%u,\"override\":%s,\"missing\":%u}",
             engine_phase_name(policy->phase), engine_phase_name(request->to), request->percent,
             request->override && !gate->open ? "true" : "false", gate->count);
    if (!state_audit(daemon->engine.state, request->author[0] ? request->author : "unknown",
                     request->override && !gate->open ? "phase.override" : "phase", request->reason, detail, error))
        return false;
    uint64_t p99 = source_p99(daemon);
    if (p99) { /* none since the last start: what was measured before it holds */
        daemon->source_p99_us = p99;
        if (!state_put_u64(daemon->engine.state, "source_p99_us", p99, error)) return false;
    }
    if (request->to == PHASE_CUTOVER) return switch_cutover(daemon, request->reason, error);
    if (request->to == PHASE_COMPLETE) return switch_complete(daemon, error);
    if (policy->phase == PHASE_CUTOVER) return switch_rollback(daemon, request->reason, false, error);
    if (policy->phase == PHASE_OBSERVE) return switch_mirror_on(daemon, error);
    if (request->to == PHASE_OBSERVE) engine_gap(&daemon->engine, NULL, "mirroring was switched off");
    phase_publish(daemon, request->to, SIDE_SOURCE, request->percent, false, false);
    return true;
}

static void take_latency(void *context, struct fingerprint *f)
{
    uint64_t *slowest = context, count, p99 = histogram_quantile(&f->source_us, 0.99, &count);
    if (p99 > *slowest && count > 100) *slowest = p99;
}
static uint64_t source_p99(struct daemon *daemon)
{
    uint64_t slowest = 0;
    statements_each_fingerprint(daemon->engine.statements, take_latency, &slowest);
    return slowest;
}

/* By what is known now. */
static enum engine_phase phase_expected(const struct engine_policy *policy, enum engine_phase to, bool target_healthy)
{
    bool back = policy->phase == PHASE_CUTOVER && to != PHASE_COMPLETE;
    return !back ? to : target_healthy ? PHASE_SHADOW : PHASE_DUAL_WRITE;
}

bool phase_change(struct daemon *daemon, const struct phase_request *request, struct gate *gate, enum engine_phase *entered,
                  struct error *error)
{
    mutex_lock(&daemon->command);
    *entered = phase_expected(engine_policy(&daemon->engine), request->to, atomic_load(&daemon->engine.target_healthy));
    bool good = change_locked(daemon, request, gate, error);
    if (good && !request->dry_run) *entered = engine_policy(&daemon->engine)->phase;
    if (good && !request->dry_run) {
        daemon->phase_since_us = daemon->step_since_us = clock_monotonic_us();
        daemon->guard_tripped = false;
        LOG(LOG_INFO, "phase.entered", log_text("phase", engine_phase_name(*entered)), log_u64("percent", request->percent),
            log_text("author", request->author), log_text("reason", request->reason));
    } else if (!good) {
        LOG(LOG_WARNING, "phase.refused", log_text("phase", engine_phase_name(request->to)), log_failure(error));
    }
    mutex_unlock(&daemon->command);
    return good;
}
