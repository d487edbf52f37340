/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon tells Prometheus: the engine's counters, gauges from one table, the alerts' conditions. */
#include "control/alert.h"

#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

/* What the gauges are read from, gathered once a scrape. */
struct scrape {
    struct daemon *daemon;
    const struct engine_policy *policy;
    struct consistency reads, rows;
    struct mirror_statistics mirror;
    struct journal_statistics journal;
    struct feed_statistics feeds;
    struct histogram_copy source, target; /* latencies of calls, since the start */
    uint64_t statements, refused, demoted, waived, gaps;
};

#define GAUGE(name, expression)                                                                                                            \
    static double name(const struct scrape *s)                                                                                             \
    {                                                                                                                                      \
        return (double)(expression);                                                                                                       \
    }
#define QUANTILE(histogram, quantile) ((double)histogram_quantile_between(NULL, &s->histogram, quantile, NULL) / 1e6)
#define ENGINE                        s->daemon->engine

GAUGE(uptime, (double)(clock_monotonic_us() - s->daemon->started_us) / 1e6)
GAUGE(phase, s->policy->phase)
GAUGE(primary_target, s->policy->primary == SIDE_TARGET)
GAUGE(epoch, s->policy->epoch)
GAUGE(canary_percent, s->policy->canary_percent)
GAUGE(holding, s->policy->hold)
GAUGE(sessions, atomic_load(&ENGINE.sessions))
GAUGE(transactions_open, atomic_load(&ENGINE.transactions_open))
GAUGE(commits_in_flight, atomic_load(&ENGINE.commits_in_flight))
GAUGE(mirror_lag, (double)atomic_load(&ENGINE.mirror_lag_us) / 1e6)
GAUGE(mirror_pending, s->mirror.pending_transactions)
GAUGE(mirror_rate, s->mirror.per_second)
GAUGE(mirror_batches, s->mirror.batches)
GAUGE(mirror_poison, s->mirror.poison)
GAUGE(in_doubt, atomic_load(&ENGINE.in_doubt))
GAUGE(reverse_lag, (double)atomic_load(&ENGINE.reverse_lag_us) / 1e6)
GAUGE(slot_bytes, s->daemon->slot_bytes)
GAUGE(reads_comparable, s->reads.comparable)
GAUGE(reads_needed, s->reads.needed)
GAUGE(reads_bound, s->reads.bound)
GAUGE(rows_bound, s->rows.bound)
GAUGE(divergences_open, state_divergence_count(ENGINE.state, "open"))
GAUGE(divergences_all, state_divergence_count(ENGINE.state, NULL))
GAUGE(gaps_open, s->gaps)
GAUGE(shadow_queue, shadow_pending(s->daemon->shadow))
GAUGE(checker_queue, checker_pending(s->daemon->checker))
GAUGE(feeds_on, s->feeds.on)
GAUGE(feeds_broken, s->feeds.broken)
GAUGE(feed_backlog, s->feeds.backlog)
GAUGE(feed_lag, (double)s->feeds.lag_us / 1e6)
GAUGE(target_healthy, atomic_load(&ENGINE.target_healthy))
GAUGE(guard_tripped, s->daemon->guard_tripped)
GAUGE(guard_baseline, (double)s->daemon->source_p99_us / 1e6)
GAUGE(rollback_time, (double)s->daemon->rollback_us / 1e6)
GAUGE(switch_pause, (double)s->daemon->last_switch.pause_us / 1e6)
GAUGE(statements, s->statements)
GAUGE(statements_refused, s->refused)
GAUGE(statements_demoted, s->demoted)
GAUGE(statements_waived, s->waived)
GAUGE(journal_records, s->journal.records)
GAUGE(journal_bytes, s->journal.bytes)
GAUGE(journal_disk, s->journal.bytes_on_disk)
GAUGE(journal_segments, s->journal.segments)
GAUGE(journal_refused, s->journal.refused)
GAUGE(journal_failures, s->journal.failures)
GAUGE(journal_syncs, s->journal.syncs)
GAUGE(journal_segment_failures, s->journal.helper_failures)
GAUGE(journal_sync_p50, (double)s->journal.sync_us_p50 / 1e6)
GAUGE(journal_sync_p99, (double)s->journal.sync_us_p99 / 1e6)
GAUGE(source_p50, QUANTILE(source, 0.5))
GAUGE(source_p99, QUANTILE(source, 0.99))
GAUGE(target_p50, QUANTILE(target, 0.5))
GAUGE(target_p99, QUANTILE(target, 0.99))
GAUGE(alerts_lost, alerts_failed(s->daemon->alerts))
GAUGE(log_lines_lost, ((void)s, log_lost()))

static const struct gauge {
    const char *name, *help;
    double (*read)(const struct scrape *scrape);
} gauges[] = {
    {"uptime_seconds", "Time since the daemon started.", uptime},
    {"phase", "The phase: 0 observe, 1 dual-write, 2 shadow, 3 canary, 4 cutover, 5 complete.", phase},
    {"primary_target", "1 while the target is primary.", primary_target},
    {"epoch", "The epoch that says who is primary.", epoch},
    {"canary_percent", "Share of reads served by the target.", canary_percent},
    {"holding", "1 while calls are held for a switch.", holding},
    {"sessions", "Client sessions.", sessions},
    {"transactions_open", "Open client transactions.", transactions_open},
    {"commits_in_flight", "Commits whose outcome is awaited.", commits_in_flight},
    {"mirror_lag_seconds", "Age of the oldest commit that is not applied.", mirror_lag},
    {"mirror_pending_transactions", "Committed transactions that wait to be applied.", mirror_pending},
    {"mirror_transactions_per_second", "Transactions applied a second, lately.", mirror_rate},
    {"mirror_batches", "Target transactions that the mirror has committed.", mirror_batches},
    {"mirror_poison", "Statements that failed on the target for good.", mirror_poison},
    {"transactions_in_doubt", "Transactions whose outcome is not known.", in_doubt},
    {"reverse_lag_seconds", "How far the fallback is behind.", reverse_lag},
    {"reverse_slot_bytes", "Log that PostgreSQL keeps for the fallback.", slot_bytes},
    {"reads_comparable", "Reads in the window of the consistency bound.", reads_comparable},
    {"reads_needed", "Comparisons without a difference that the gate wants.", reads_needed},
    {"read_consistency_bound", "Lower bound of the share of equal reads.", reads_bound},
    {"row_consistency_bound", "Lower bound of the share of equal rows.", rows_bound},
    {"divergences_open", "Confirmed differences that are not repaired.", divergences_open},
    {"divergences", "Differences ever confirmed.", divergences_all},
    {"gaps_open", "Gaps that no verify has cleared.", gaps_open},
    {"shadow_queue", "Reads that wait to be compared.", shadow_queue},
    {"checker_queue", "Rows that wait to be compared by key.", checker_queue},
    {"feed_tables_on", "Tables whose changed rows a key feed on the source notes.", feeds_on},
    {"feed_tables_broken", "Tables whose key feed does not work.", feeds_broken},
    {"feed_backlog", "Rows of key feeds that wait to be reconciled.", feed_backlog},
    {"feed_lag_seconds", "Age of the oldest of them.", feed_lag},
    {"target_healthy", "1 while the target answers.", target_healthy},
    {"guard_tripped", "1 after the guard stepped back.", guard_tripped},
    {"guard_baseline_seconds", "99th percentile of the source's slowest statement before the last step: the guard compares with it.",
     guard_baseline},
    {"rollback_seconds", "From the fault to served by the source, of the last automatic rollback.", rollback_time},
    {"switch_pause_seconds", "The pause of the last switch.", switch_pause},
    {"statements", "Statements known by fingerprint.", statements},
    {"statements_refused", "Statements that cannot be translated.", statements_refused},
    {"statements_demoted", "Statements that went back to the source.", statements_demoted},
    {"statements_waived", "Statements that an operator signed for.", statements_waived},
    {"journal_records", "Records written since the start.", journal_records},
    {"journal_bytes", "Bytes written since the start.", journal_bytes},
    {"journal_disk_bytes", "Bytes of the journal's segments on disk.", journal_disk},
    {"journal_segments", "The journal's segments.", journal_segments},
    {"journal_refused", "Records that the journal did not take.", journal_refused},
    {"journal_failures", "Groups that could not be written.", journal_failures},
    {"journal_syncs", "Syncs since the start: records a sync are a group's size.", journal_syncs},
    {"journal_segment_failures", "Segment files that could not be made ahead or removed: the disk fills up.", journal_segment_failures},
    {"journal_sync_p50_seconds", "Median of the journal's sync.", journal_sync_p50},
    {"journal_sync_p99_seconds", "99th percentile of the journal's sync.", journal_sync_p99},
    {"source_call_p50_seconds", "Median of calls answered by the source.", source_p50},
    {"source_call_p99_seconds", "99th percentile of calls answered by the source.", source_p99},
    {"target_call_p50_seconds", "Median of calls answered by the target.", target_p50},
    {"target_call_p99_seconds", "99th percentile of calls answered by the target.", target_p99},
    {"alerts_lost", "Alerts that the webhook did not take.", alerts_lost},
    {"log_lines_lost", "Lines that the log file did not take.", log_lines_lost},
};

static void take_statement(void *context, struct fingerprint *f)
{
    struct scrape *s = context;
    s->statements++;
    s->refused += f->state == SQL_REFUSED || f->state == SQL_UNPARSED;
    s->demoted += atomic_load(&f->demoted);
    s->waived += atomic_load(&f->waived);
    histogram_sum(&f->source_us, &s->source);
    histogram_sum(&f->target_us, &s->target);
}

static void take_gap(void *context, const struct state_gap *gap)
{
    (void)gap;
    ((struct scrape *)context)->gaps++;
}

static void put(struct buffer *out, const char *name, const char *help, const char *type, double value)
{
    buffer_printf(out, "# HELP understudy_%s %s\n# TYPE understudy_%s %s\nunderstudy_%s %.9g\n", name, help, name, type, name, value);
}

static void put_alerts(struct daemon *daemon, struct buffer *out)
{
    buffer_append_text(out, "# HELP understudy_alert 1 while the condition holds.\n# TYPE understudy_alert gauge\n");
    for (uint32_t i = 0; i < alert_condition_count(); i++)
        buffer_printf(out, "understudy_alert{code=\"%s\"} %d\n", alert_condition_name(i, NULL), alert_condition_firing(daemon->alerts, i));
}

void report_metrics(struct daemon *daemon, struct buffer *out)
{
    struct engine *engine = &daemon->engine;
    for (int i = 0; i < ENGINE_COUNTER_COUNT; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s_total", engine_counter_name((enum engine_counter)i));
        put(out, name, engine_counter_help((enum engine_counter)i), "counter", (double)engine_counted(engine, (enum engine_counter)i));
    }
    struct scrape *scrape = memory_zero(1, sizeof *scrape);
    struct feed_table none;
    scrape->daemon = daemon;
    scrape->policy = engine_policy(engine);
    gate_reads(daemon, &scrape->reads);
    gate_rows(daemon, &scrape->rows);
    mirror_statistics(daemon->mirror, &scrape->mirror);
    journal_statistics(engine->journal, &scrape->journal);
    feed_statistics(daemon->feed, &scrape->feeds, &none, 0);
    state_gap_each(engine->state, true, take_gap, scrape);
    statements_each_fingerprint(engine->statements, take_statement, scrape);
    for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++) put(out, gauges[i].name, gauges[i].help, "gauge", gauges[i].read(scrape));
    put_alerts(daemon, out);
    memory_free(scrape);
}

void report_metric_names(struct buffer *out)
{
    buffer_append_text(out, "| metric | type | what it says |\n|---|---|---|\n");
    for (int i = 0; i < ENGINE_COUNTER_COUNT; i++)
        buffer_printf(out, "| `understudy_%s_total` | counter | %s |\n", engine_counter_name((enum engine_counter)i),
                      engine_counter_help((enum engine_counter)i));
    for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++)
        buffer_printf(out, "| `understudy_%s` | gauge | %s |\n", gauges[i].name, gauges[i].help);
    buffer_append_text(out, "| `understudy_alert{code=\"..\"}` | gauge | 1 while the condition of an alert holds. |\n");
}
