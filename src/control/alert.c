/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions as a table, and the thread that tells of them. */
#include "control/alert.h"

#include "base/json.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/http.h"
#include <stdio.h>
#include <sys/statvfs.h>

enum { LOOK_EVERY_US = 1000000, POST_MS = 2000, ATTEMPTS = 3, RETRY_US = 500000, LAST_WORDS_US = 2000000 };
#define LAG_US          UINT64_C(30000000)
#define IN_DOUBT_US     UINT64_C(60000000)
#define DISK_FREE_BYTES UINT64_C(1000000000)

/* What the conditions are looked for in, gathered once a look. */
struct facts {
    struct daemon *daemon;
    const struct engine_policy *policy;
    struct mirror_statistics mirror;
    uint64_t divergences, refused, gaps, demoted, mirror_lag_us, reverse_lag_us, in_doubt, disk_free;
    char gap[300], demoted_text[300];
};

static bool target_unreachable(const struct facts *f, char *text, size_t size)
{
    snprintf(text, size, "the target does not answer: %.200s", f->mirror.last_error);
    return f->policy->phase != PHASE_OBSERVE && !atomic_load(&f->daemon->engine.target_healthy);
}
static bool divergence_open(const struct facts *f, char *text, size_t size)
{
    snprintf(text, size, "%llu divergences are open; `understudy divergences` shows both rows", (unsigned long long)f->divergences);
    return f->divergences > 0;
}
static bool write_refused(const struct facts *f, char *text, size_t size)
{
    snprintf(text, size,
             "%llu transactions that the target acknowledged were refused by the source; `understudy divergences` shows them, "
             "`understudy repair` does them again",
             (unsigned long long)f->refused);
    return f->refused > 0;
}
static bool gap_open(const struct facts *f, char *text, size_t size)
{
    snprintf(text, size, "%llu gaps are open: %.250s", (unsigned long long)f->gaps, f->gap);
    return f->gaps > 0;
}
static bool statement_demoted(const struct facts *f, char *text, size_t size)
{
    snprintf(text, size, "%llu statements went back to the source: %.250s", (unsigned long long)f->demoted, f->demoted_text);
    return f->demoted > 0;
}
static bool mirror_behind(const struct facts *f, char *text, size_t size)
{
    snprintf(text, size, "the target is %.1f s behind the source", (double)f->mirror_lag_us / 1e6);
    return f->policy->primary == SIDE_SOURCE && f->mirror_lag_us > LAG_US;
}
static bool fallback_behind(const struct facts *f, char *text, size_t size)
{
    snprintf(text, size, "the fallback is %.1f s behind; at %.0f s the guard rolls back", (double)f->reverse_lag_us / 1e6,
             (double)f->daemon->config.guard_reverse_lag_us / 1e6);
    return f->policy->phase == PHASE_CUTOVER && f->reverse_lag_us > f->daemon->config.guard_reverse_lag_us / 2;
}
static bool slot_large(const struct facts *f, char *text, size_t size)
{
    snprintf(text, size, "PostgreSQL keeps %.1f GB of its log for the fallback; at %.1f GB the guard rolls back",
             (double)f->daemon->slot_bytes / 1e9, (double)f->daemon->config.guard_slot_bytes / 1e9);
    return f->policy->phase == PHASE_CUTOVER && f->daemon->slot_bytes > f->daemon->config.guard_slot_bytes / 2;
}
static bool in_doubt(const struct facts *f, char *text, size_t size)
{
    snprintf(text, size, "%llu transactions are in doubt", (unsigned long long)f->in_doubt);
    return f->in_doubt > 0;
}
static bool disk_low(const struct facts *f, char *text, size_t size)
{
    snprintf(text, size, "%.2f GB are free for the journal", (double)f->disk_free / 1e9);
    return f->disk_free < DISK_FREE_BYTES;
}
static bool journal_broken(const struct facts *f, char *text, size_t size)
{
    struct error why = {0};
    bool failed = journal_failed(f->daemon->engine.journal, &why);
    snprintf(text, size, "the journal cannot be written: %.300s", why.text);
    return failed;
}
static bool feed_broken(const struct facts *f, char *text, size_t size)
{
    bool broken;
    return !feed_ready(f->daemon, &broken, text, size) && broken;
}

static const struct rule {
    const char *code, *severity, *help;
    bool (*holds)(const struct facts *facts, char *text, size_t size);
    uint64_t after_us; /* it must hold that long before it is told */
} rules[] = {
    {"TARGET_UNREACHABLE", "critical", "the target does not answer", target_unreachable, 2000000},
    {"DIVERGENCE_OPEN", "critical", "a difference between the sides was confirmed and is not repaired", divergence_open, 0},
    {"WRITE_REFUSED", "critical", "the source refused what the target had acknowledged", write_refused, 0},
    {"GAP_OPEN", "warning", "something may have been missed and is not verified yet", gap_open, 0},
    {"STATEMENT_DEMOTED", "warning", "a statement is no longer served by the target", statement_demoted, 0},
    {"MIRROR_LAG", "warning", "the target is more than 30 s behind", mirror_behind, 0},
    {"REVERSE_LAG", "critical", "the fallback is behind by more than half of [guard] reverse_lag", fallback_behind, 0},
    {"SLOT_LARGE", "critical", "the log that PostgreSQL keeps for the fallback is more than half of [guard] slot_size", slot_large, 0},
    {"IN_DOUBT", "warning", "transactions are in doubt for more than a minute", in_doubt, IN_DOUBT_US},
    {"DISK_LOW", "critical", "less than 1 GB is free for the journal", disk_low, 0},
    {"JOURNAL_FAILED", "critical", "the journal cannot be written: commits go on unmirrored and leave a gap", journal_broken, 0},
    {"FEED_BROKEN", "critical", "a key feed on the source does not work", feed_broken, 0},
};
enum { CONDITIONS = sizeof rules / sizeof *rules };
/* What happens once and holds for no time: alert_send. */
static const struct {
    const char *code, *help;
} events[] = {{"GUARD_TRIPPED", "the guard found a reason to step back"},
              {"ROLLED_BACK", "the guard has stepped back"},
              {"STALE_PROXY", "the databases know of a later switch than this daemon: it ends"}};

struct alert {
    char code[48], text[400];
    const char *severity, *status, *phase;
    int64_t time_us;
};
struct alerts {
    struct daemon *daemon;
    struct thread *thread;
    struct mutex mutex;
    struct condition changed;
    struct alert waiting[LIMIT_WEBHOOK_QUEUE];
    uint32_t first, count;
    bool stopping;
    uint64_t stop_at;
    _Atomic uint64_t failed;
    uint64_t looked_us, since_us[CONDITIONS];
    atomic_bool firing[CONDITIONS];
};

/* ---- telling ---- */

static void raise(struct alerts *alerts, const char *code, const char *severity, const char *status, const char *text)
{
    enum engine_phase phase = engine_policy(&alerts->daemon->engine)->phase;
    LOG(strcmp(severity, "critical") == 0 && strcmp(status, "resolved") != 0 ? LOG_ERROR : LOG_WARNING, "alert", log_text("code", code),
        log_text("status", status), log_text("text", text));
    if (!alerts->daemon->config.webhook_url[0]) return;
    mutex_lock(&alerts->mutex);
    if (alerts->count == LIMIT_WEBHOOK_QUEUE) { /* the oldest gives way: what is true now matters more */
        alerts->first = (alerts->first + 1) % LIMIT_WEBHOOK_QUEUE;
        alerts->count--;
        atomic_fetch_add(&alerts->failed, 1);
    }
    struct alert *alert = &alerts->waiting[(alerts->first + alerts->count++) % LIMIT_WEBHOOK_QUEUE];
    *alert = (struct alert){.severity = severity, .status = status, .phase = engine_phase_name(phase), .time_us = (int64_t)clock_wall_us()};
    snprintf(alert->code, sizeof alert->code, "%s", code);
    snprintf(alert->text, sizeof alert->text, "%s", text);
    condition_signal(&alerts->changed);
    mutex_unlock(&alerts->mutex);
}

void alert_send(struct daemon *daemon, const char *code, const char *text)
{
    if (daemon->alerts) raise(daemon->alerts, code, "critical", "event", text);
}

static bool post(struct alerts *alerts, const struct alert *alert)
{
    struct buffer body, answer;
    struct error error = {0};
    buffer_init(&body, 8192);
    buffer_init(&answer, 65536);
    struct json json = json_into(&body);
    json_object_begin(&json);
    json_field_text(&json, "code", alert->code);
    json_field_text(&json, "severity", alert->severity);
    json_field_text(&json, "status", alert->status);
    json_field_text(&json, "text", alert->text);
    json_field_text(&json, "phase", alert->phase);
    json_field_i64(&json, "time_us", alert->time_us);
    json_object_end(&json);
    int status = http_call("POST", alerts->daemon->config.webhook_url, NULL, buffer_view(&body), NULL, POST_MS, &answer, &error);
    if (status / 100 != 2)
        LOG_RATED(LOG_WARNING, "alert.not_sent", log_text("code", alert->code), log_i64("http", status), log_failure(&error));
    buffer_release(&body);
    buffer_release(&answer);
    return status / 100 == 2;
}

/* The next alert; false: there is none and it is time to end. */
static bool take(struct alerts *alerts, struct alert *alert)
{
    mutex_lock(&alerts->mutex);
    while (alerts->count == 0 && !alerts->stopping) condition_wait(&alerts->changed, &alerts->mutex);
    bool any = alerts->count > 0 && !(alerts->stopping && clock_monotonic_us() > alerts->stop_at);
    if (any) {
        *alert = alerts->waiting[alerts->first];
        alerts->first = (alerts->first + 1) % LIMIT_WEBHOOK_QUEUE;
        alerts->count--;
    }
    mutex_unlock(&alerts->mutex);
    return any;
}

static void alerts_main(void *context)
{
    struct alerts *alerts = context;
    struct alert alert;
    while (take(alerts, &alert)) {
        bool sent = false;
        for (int attempt = 0; attempt < ATTEMPTS && !sent; attempt++) {
            if (attempt) clock_sleep_us(RETRY_US);
            sent = post(alerts, &alert);
        }
        if (!sent) atomic_fetch_add(&alerts->failed, 1);
    }
}

/* ---- looking ---- */

static void take_gap(void *context, const struct state_gap *gap)
{
    struct facts *facts = context;
    if (facts->gaps++ == 0) snprintf(facts->gap, sizeof facts->gap, "%.90s: %.200s", gap->table, gap->reason);
}

static void take_demoted(void *context, struct fingerprint *f)
{
    struct facts *facts = context;
    if (!atomic_load(&f->demoted)) return;
    if (facts->demoted++ == 0)
        snprintf(facts->demoted_text, sizeof facts->demoted_text, "%016llx %.100s: %.140s", (unsigned long long)f->id, f->text,
                 f->demoted_reason);
}

static void gather(struct daemon *daemon, struct facts *facts)
{
    struct engine *engine = &daemon->engine;
    *facts = (struct facts){.daemon = daemon,
                            .policy = engine_policy(engine),
                            .divergences = state_divergence_count(engine->state, "open"),
                            .refused = state_refused_open(engine->state, NULL, 0),
                            .mirror_lag_us = atomic_load(&engine->mirror_lag_us),
                            .reverse_lag_us = atomic_load(&engine->reverse_lag_us),
                            .in_doubt = atomic_load(&engine->in_doubt),
                            .disk_free = UINT64_MAX};
    mirror_statistics(daemon->mirror, &facts->mirror);
    state_gap_each(engine->state, true, take_gap, facts);
    statements_each_fingerprint(engine->statements, take_demoted, facts);
    struct statvfs space;
    if (statvfs(engine->options.journal_folder, &space) == 0) facts->disk_free = (uint64_t)space.f_bavail * space.f_frsize;
}

void alerts_tick(struct daemon *daemon)
{
    struct alerts *alerts = daemon->alerts;
    uint64_t now = clock_monotonic_us();
    if (!alerts || now < alerts->looked_us + LOOK_EVERY_US) return;
    alerts->looked_us = now;
    struct facts facts;
    gather(daemon, &facts);
    for (uint32_t i = 0; i < CONDITIONS; i++) {
        char text[400];
        bool holds = rules[i].holds(&facts, text, sizeof text), firing = atomic_load(&alerts->firing[i]);
        if (!holds)
            alerts->since_us[i] = 0;
        else if (!alerts->since_us[i])
            alerts->since_us[i] = now;
        bool wanted = holds && now - alerts->since_us[i] >= rules[i].after_us;
        if (wanted == firing) continue;
        atomic_store(&alerts->firing[i], wanted);
        raise(alerts, rules[i].code, rules[i].severity, wanted ? "firing" : "resolved", wanted ? text : rules[i].help);
    }
}

/* ---- for others ---- */

uint32_t alert_condition_count(void)
{
    return CONDITIONS;
}

const char *alert_condition_name(uint32_t index, const char **help)
{
    if (help) *help = rules[index].help;
    return rules[index].code;
}

bool alert_condition_firing(const struct alerts *alerts, uint32_t index)
{
    return alerts && atomic_load(&alerts->firing[index]);
}

uint64_t alerts_failed(const struct alerts *alerts)
{
    return alerts ? atomic_load(&alerts->failed) : 0;
}

struct alerts *alerts_start(struct daemon *daemon, struct error *error)
{
    struct alerts *alerts = memory_zero(1, sizeof *alerts);
    alerts->daemon = daemon;
    mutex_init(&alerts->mutex);
    condition_init(&alerts->changed);
    alerts->thread = thread_start("alerts", alerts_main, alerts, error);
    if (alerts->thread) return alerts;
    alerts_stop(alerts);
    return NULL;
}

void alerts_stop(struct alerts *alerts)
{
    if (!alerts) return;
    mutex_lock(&alerts->mutex);
    alerts->stopping = true;
    alerts->stop_at = clock_monotonic_us() + LAST_WORDS_US;
    condition_signal(&alerts->changed);
    mutex_unlock(&alerts->mutex);
    thread_join(alerts->thread);
    condition_release(&alerts->changed);
    mutex_release(&alerts->mutex);
    memory_free(alerts);
}

void alert_print(struct buffer *out)
{
    for (size_t i = 0; i < CONDITIONS; i++) buffer_printf(out, "%-19s %-9s %s\n", rules[i].code, rules[i].severity, rules[i].help);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        buffer_printf(out, "%-19s %-9s %s\n", events[i].code, "event", events[i].help);
}
