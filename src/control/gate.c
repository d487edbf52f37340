/* SPDX-License-Identifier: Apache-2.0 */
/* The gate: what must hold before a phase may be entered, as measured, and what is missing with the advice that supplies it. */
#include "control/daemon.h"

#include "base/memory.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- the bound ---- */

/* log of the probability of at most k successes of n, each with probability p >= k / n: the terms fall from the k-th down, so few of them count. */
static double log_binomial_cdf(uint64_t k, uint64_t n, double p)
{
    double term = 1, sum = 1; /* as shares of the k-th */
    for (uint64_t i = k; i > 0 && term > sum * 1e-17; i--) {
        term *= (double)i * (1 - p) / ((double)(n - i + 1) * p);
        sum += term;
    }
    return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) + (double)k * log(p) + (double)(n - k) * log1p(-p) +
           log(sum);
}

double gate_bound(uint64_t comparable, uint64_t divergent, double confidence)
{
    double alpha = 1 - confidence;
    if (comparable == 0 || divergent >= comparable) return 0;
    if (divergent == 0) return pow(alpha, 1.0 / (double)comparable);
    if (divergent > 10000) return 1 - (double)divergent / (double)comparable; /* far from any threshold: the estimate will do */
    double low = (double)divergent / (double)comparable, high = 1;
    for (int i = 0; i < 64; i++) { /* the error rate p at which so few divergences have probability alpha */
        double p = (low + high) / 2;
        if (log_binomial_cdf(divergent, comparable, p) > log(alpha))
            low = p;
        else
            high = p;
    }
    return 1 - high;
}

uint64_t gate_needed(uint64_t divergent, double threshold, double confidence)
{
    uint64_t low = divergent + 1, high = 1ull << 40;
    if (divergent > 10000) return high;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (gate_bound(middle, divergent, confidence) >= threshold)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void finish(struct daemon *daemon, struct consistency *c)
{
    c->estimate = c->comparable ? 1 - (double)c->divergent / (double)c->comparable : 0;
    c->bound = gate_bound(c->comparable, c->divergent, daemon->config.gate_confidence);
    c->needed = gate_needed(c->divergent, daemon->config.gate_threshold, daemon->config.gate_confidence);
}

static void add_fingerprint(void *context, struct fingerprint *fingerprint)
{
    struct consistency *c = context;
    if (fingerprint->kind != SQL_SELECT) return; /* what a write left is proven by its rows: gate_rows */
    c->comparable += atomic_load(&fingerprint->comparable);
    c->equal += atomic_load(&fingerprint->equal);
    c->divergent += atomic_load(&fingerprint->divergent);
}

void gate_reads(struct daemon *daemon, struct consistency *out)
{
    memset(out, 0, sizeof *out);
    statements_each_fingerprint(daemon->engine.statements, add_fingerprint, out);
    finish(daemon, out);
}

void gate_rows(struct daemon *daemon, struct consistency *out)
{
    memset(out, 0, sizeof *out);
    uint64_t equal = engine_counted(&daemon->engine, COUNT_ROWS_EQUAL);
    out->equal = equal + copy_verified_rows(&daemon->engine);
    out->divergent = state_divergence_count(daemon->engine.state, "open");
    out->comparable = out->equal + out->divergent;
    finish(daemon, out);
}

/* ---- what is missing ---- */

static void miss(struct gate *gate, const char *code, const char *advice, const char *format, ...) PRINTF_LIKE(4, 5);
static void miss(struct gate *gate, const char *code, const char *advice, const char *format, ...)
{
    if (gate->count == GATE_MISSING_MAX) return;
    struct gate_missing *missing = &gate->missing[gate->count++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(missing->text, sizeof missing->text, format, arguments);
    va_end(arguments);
    snprintf(missing->code, sizeof missing->code, "%s", code);
    snprintf(missing->advice, sizeof missing->advice, "%s", advice);
}

/* To the seven digits that are printed, never rounded up to what it has not reached. */
static double shown(double bound)
{
    return floor(bound * 1e7) / 1e7;
}

static void need_bound(struct daemon *daemon, struct gate *gate)
{
    struct consistency reads, rows;
    gate_reads(daemon, &reads);
    gate_rows(daemon, &rows);
    if (reads.bound < daemon->config.gate_threshold)
        miss(gate, "CONSISTENCY_THRESHOLD_NOT_MET", "let shadow reads run on; repair open divergences",
             "reads: bound %.7f of %.7f (%llu of %llu comparisons equal, %llu needed)", shown(reads.bound), daemon->config.gate_threshold,
             (unsigned long long)reads.equal, (unsigned long long)reads.comparable, (unsigned long long)reads.needed);
    if (rows.bound < daemon->config.gate_threshold)
        miss(gate, "CONSISTENCY_THRESHOLD_NOT_MET", "run `understudy verify`; repair open divergences",
             "rows: bound %.7f of %.7f (%llu rows proven equal, %llu divergent, %llu needed)", shown(rows.bound),
             daemon->config.gate_threshold, (unsigned long long)rows.equal, (unsigned long long)rows.divergent,
             (unsigned long long)rows.needed);
}

static void need_no_divergence(struct daemon *daemon, struct gate *gate)
{
    uint64_t open = state_divergence_count(daemon->engine.state, "open");
    if (open)
        miss(gate, "CONSISTENCY_THRESHOLD_NOT_MET", "see `understudy divergences`, remove the cause, then `understudy repair`",
             "%llu divergences are open", (unsigned long long)open);
}

/* What writes without end opens gaps without end: they are told by table, the last reason with them. */
struct gap_names {
    struct {
        char table[260], reason[200];
        uint64_t count;
    } tables[GATE_MISSING_MAX / 2];
    uint32_t count;
};

static void name_gap(void *context, const struct state_gap *gap)
{
    struct gap_names *names = context;
    uint32_t i = 0;
    while (i < names->count && strcmp(names->tables[i].table, gap->table) != 0) i++;
    if (i == sizeof names->tables / sizeof names->tables[0]) return;
    if (i == names->count) snprintf(names->tables[names->count++].table, sizeof names->tables[0].table, "%s", gap->table);
    snprintf(names->tables[i].reason, sizeof names->tables[0].reason, "%.199s", gap->reason);
    names->tables[i].count++;
}

static void need_no_gap(struct daemon *daemon, struct gate *gate)
{
    struct gap_names *names = memory_zero(1, sizeof *names);
    state_gap_each(daemon->engine.state, true, name_gap, names);
    for (uint32_t i = 0; i < names->count; i++) {
        bool every = strcmp(names->tables[i].table, "*") == 0, one = names->tables[i].count == 1;
        miss(gate, "GAP_OPEN",
             one ? "run `understudy verify`" : "run `understudy verify`; if it opens again, a key feed or an override keeps it closed",
             "%s%s unverified: %s%s", every ? "all tables are" : names->tables[i].table, every ? "" : " is",
             one ? "" : "of several gaps the last: ", names->tables[i].reason);
    }
    memory_free(names);
}

static void need_tables(struct daemon *daemon, struct gate *gate)
{
    struct buffer missing;
    buffer_init(&missing, 0);
    if (!copy_complete(&daemon->engine, COPY_BACKFILL, &missing))
        miss(gate, "BACKFILL_INCOMPLETE", "run `understudy backfill`", "not backfilled: " VIEW_FORMAT,
             VIEW_ARGUMENTS(buffer_view(&missing)));
    buffer_clear(&missing);
    if (!copy_complete(&daemon->engine, COPY_VERIFY, &missing))
        miss(gate, "VERIFY_INCOMPLETE", "run `understudy verify`", "not verified since the last gap: " VIEW_FORMAT,
             VIEW_ARGUMENTS(buffer_view(&missing)));
    buffer_release(&missing);
    need_no_gap(daemon, gate);
}

static void need_mirror(struct daemon *daemon, struct gate *gate)
{
    struct mirror_statistics mirror;
    mirror_statistics(daemon->mirror, &mirror);
    if (!mirror.target_up)
        miss(gate, "TARGET_UNREACHABLE", "check [target] conninfo and the server", "the target does not answer: %.200s", mirror.last_error);
    uint64_t lag = atomic_load(&daemon->engine.mirror_lag_us);
    if (lag > 5000000) miss(gate, "MIRROR_LAG", "wait until the mirror has caught up", "the mirror is %.1f s behind", (double)lag / 1e6);
    if (atomic_load(&daemon->engine.in_doubt))
        miss(gate, "IN_DOUBT", "they are resolved by reading the source", "%u transactions are in doubt",
             atomic_load(&daemon->engine.in_doubt));
    struct error why;
    if (journal_failed(daemon->engine.journal, &why))
        miss(gate, "JOURNAL_FAILED", "free disk space or replace the disk", "the journal cannot be written: %.200s", why.text);
}

static void need_feed(struct daemon *daemon, struct gate *gate)
{
    char text[400];
    bool broken;
    if (feed_ready(daemon, &broken, text, sizeof text)) return;
    miss(gate, broken ? "FEED_BROKEN" : "FEED_LAG",
         broken ? "`understudy feed install` makes it whole, `understudy feed remove` takes it away" : "wait until it has caught up", "%s",
         text);
}

struct fingerprint_need {
    struct daemon *daemon;
    struct gate *gate;
};

static void need_fingerprint(void *context, struct fingerprint *f)
{
    struct fingerprint_need *need = context;
    const struct config *config = &need->daemon->config;
    if (atomic_load(&f->executions) == 0 || atomic_load(&f->waived)) return;
    if (f->state == SQL_REFUSED || f->state == SQL_UNPARSED) {
        if (f->class_ != SQL_CLASS_CONTROL)
            miss(need->gate, "STATEMENT_NOT_TRANSLATED", "add an override for it, or waive it", "%016llx: %.200s",
                 (unsigned long long)f->id, f->text);
        return;
    }
    if (f->kind != SQL_SELECT) return;
    if (atomic_load(&f->demoted)) {
        miss(need->gate, "STATEMENT_DEMOTED", "remove the cause and repair; it is promoted again once proven equal",
             "%016llx %.120s: %.150s", (unsigned long long)f->id, f->text, f->demoted_reason);
        return;
    }
    uint64_t comparable = atomic_load(&f->comparable), possible = atomic_load(&f->not_comparable);
    if (comparable + possible > 0 && comparable < config->gate_fingerprint_comparisons && comparable < atomic_load(&f->executions) / 2)
        miss(need->gate, "STATEMENT_UNPROVEN", "let it run on, or waive it", "%016llx %.200s: %llu clean comparisons of %u",
             (unsigned long long)f->id, f->text, (unsigned long long)comparable, config->gate_fingerprint_comparisons);
    uint64_t source = histogram_quantile(&f->source_us, 0.99, NULL), target = histogram_quantile(&f->target_us, 0.99, NULL);
    if (atomic_load(&f->served) > 100 && target > config->gate_latency_floor_us &&
        (double)target > (double)source * config->gate_latency_factor)
        miss(need->gate, "TARGET_SLOWER", "look at its plan on PostgreSQL",
             "%016llx %.120s: p99 %llu us on the target, %llu us on the source", (unsigned long long)f->id, f->text,
             (unsigned long long)target, (unsigned long long)source);
}

static void need_probation(struct daemon *daemon, struct gate *gate)
{
    uint64_t since = clock_monotonic_us() - daemon->step_since_us;
    if (since < daemon->config.guard_probation_us)
        miss(gate, "PROBATION", "wait", "the last step is on probation for another %.1f s",
             (double)(daemon->config.guard_probation_us - since) / 1e6);
}

void gate_evaluate(struct daemon *daemon, enum engine_phase to, struct gate *gate)
{
    memset(gate, 0, sizeof *gate);
    struct engine *engine = &daemon->engine;
    enum engine_phase from = engine_policy(engine)->phase;
    if (to > PHASE_OBSERVE && !atomic_load(&engine->catalog))
        miss(gate, "DICTIONARY_MISSING", "check [source] and [target]: both must be reachable",
             "the source's dictionary has not been read: %.250s", daemon->catalog_error);
    if (to <= from && !(to == PHASE_CANARY && from == PHASE_CANARY)) { /* every step back is allowed */
        gate->open = gate->count == 0;
        return;
    }
    if (to >= PHASE_DUAL_WRITE) need_mirror(daemon, gate);
    if (to >= PHASE_SHADOW && to != PHASE_COMPLETE) need_tables(daemon, gate);
    if (to >= PHASE_SHADOW && to != PHASE_COMPLETE) need_feed(daemon, gate);
    if (to >= PHASE_SHADOW) need_no_divergence(daemon, gate);
    if (to == PHASE_CANARY && daemon->config.gate_canary_bound) need_bound(daemon, gate);
    if (to >= PHASE_CANARY) need_probation(daemon, gate);
    if (to == PHASE_CUTOVER) {
        need_bound(daemon, gate);
        struct fingerprint_need need = {daemon, gate};
        statements_each_fingerprint(engine->statements, need_fingerprint, &need);
    }
    if (to == PHASE_COMPLETE) {
        struct error why;
        if (!daemon->reverse || reverse_failed(daemon->reverse, &why))
            miss(gate, "FALLBACK_NOT_TRUE", "see the log; roll back or repair", "the reverse mirror does not run");
        if (state_user_count(engine->state) == 0)
            miss(gate, "USERS_NOT_IMPORTED", "run `understudy users import`", "no user could log in once the source is gone");
    }
    gate->open = gate->count == 0;
}
