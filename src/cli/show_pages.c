/* SPDX-License-Identifier: Apache-2.0 */
/* The pages and lists as tables: what stands in them, in which order. */
#include "cli/show.h"

#include <jansson.h>
#include <string.h>

enum { INDENT = 13 };

static const struct line {
    const char *label, *text;
} status_lines[] = {
    {"phase", "{phase:text}, epoch {epoch:count}, the {primary:text} is primary; up {uptime_s:s}"},
    {"sessions", "{sessions:count}; {transactions_open:count} transactions open"},
    {"calls",
     "{calls.total:count}, {calls.per_s:rate}/s: {calls.relayed:count} relayed, {calls.served:count} served, {calls.held:count} held, "
     "{calls.fallbacks:count} fell back, {calls.opaque:count} opaque, {calls.unknown_cursors:count} unknown cursors"},
    {"lag", "{lag.records:count} transactions, {lag.seconds:s} ({lag.direction:text}: {lag.applied:count} of {lag.csn:count}); "
            "{lag.in_doubt:count} in doubt"},
    {"mirror", "{mirror.transactions:count} transactions, {mirror.per_s:rate}/s, in {mirror.batches:count} batches; {mirror.images:count} "
               "rows by image, "
               "{mirror.retries:count} retries, {mirror.poison:count} poison"},
    {"journal", "{journal.records:count} records, {journal.bytes:bytes} ({journal.bytes_on_disk:bytes} on disk); sync p50 "
                "{journal.sync_us_p50:us}, p99 "
                "{journal.sync_us_p99:us}; {journal.refused:count} refused"},
    {"reads", "{consistency.comparable:count} compared, {consistency.equal:count} equal, {consistency.divergent:count} divergent; bound "
              "{consistency.bound:share} at 95 %"},
    {"", "{shadow.per_s:rate}/s, {shadow.pending:count} pending, {shadow.rechecked:count} rechecked, {shadow.noise:count} noise, "
         "{shadow.not_comparable:count} not comparable, {shadow.skipped:count} skipped"},
    {"rows",
     "{rows.verified:count} verified, {rows.compared:count} compared by key, {rows.divergent:count} divergent; bound {rows.bound:share}"},
    {"", "{rows.backfilled:count} backfilled, {rows.repaired:count} repaired"},
    {"divergences", "{divergences.open:count} open; {divergences.total:count} found, {divergences.repaired:count} repaired"},
};

static void put_line(const char *label, const json_t *object, const char *template, struct buffer *out)
{
    struct buffer text;
    buffer_init(&text, 0);
    show_template(object, template, &text);
    buffer_printf(out, "%-*s", INDENT, label);
    show_wrapped(buffer_view(&text), INDENT, out);
    buffer_u8(out, '\n');
    buffer_release(&text);
}

static void put_missing(const json_t *missing, uint32_t indent, struct buffer *out)
{
    size_t i;
    const json_t *one;
    json_array_foreach(missing, i, one)
    {
        struct buffer text;
        buffer_init(&text, 0);
        show_template(one, "{code:text}: {text:text}", &text);
        buffer_printf(out, "%*s", (int)indent, "");
        show_wrapped(buffer_view(&text), indent + 2, out);
        buffer_u8(out, '\n');
        buffer_release(&text);
        const char *advice = json_string_value(json_object_get(one, "advice"));
        if (advice && *advice) buffer_printf(out, "%*s  -> ", (int)indent, "");
        if (advice && *advice) show_wrapped(view_text(advice), indent + 5, out);
        if (advice && *advice) buffer_u8(out, '\n');
    }
}

static void put_troubles(const json_t *status, struct buffer *out)
{
    const json_t *mirror = json_object_get(status, "mirror"), *guard = json_object_get(status, "guard");
    const char *failure = json_string_value(json_object_get(mirror, "last_error"));
    if (show_is_true(status, "hold")) put_line("held", status, "calls wait: a switch is under way", out);
    if (!show_is_true(status, "target_healthy")) put_line("target", status, "OUT OF REACH", out);
    if (failure && *failure) put_line("last error", mirror, "{last_error:text}", out);
    const char *setting = json_string_value(json_object_get(json_object_get(status, "shadow"), "foreign_setting"));
    if (setting && *setting)
        put_line(
            "sessions", json_object_get(status, "shadow"),
            "some set {foreign_setting:text} as the target cannot follow: their reads are neither compared nor served before the cut-over",
            out);
    if (show_is_true(guard, "tripped"))
        put_line("guard", guard, "TRIPPED {at_us:time}: {reason:text}; rolled back in {rollback_ms:ms}", out);
}

void show_status(const json_t *status, struct buffer *out)
{
    for (size_t i = 0; i < sizeof status_lines / sizeof *status_lines; i++)
        put_line(status_lines[i].label, status, status_lines[i].text, out);
    if (json_integer_value(json_object_get(status, "canary_percent")) > 0)
        put_line("canary", status, "{canary_percent:count} % of the reads", out);
    const json_t *change = json_object_get(status, "last_switch");
    const char *kind = json_string_value(json_object_get(change, "kind"));
    if (kind && *kind)
        put_line("last switch", change,
                 show_is_true(change, "good") ? "{kind:text} at {at_us:time}: pause {pause_ms:ms}, {total_ms:ms} in all"
                                              : "{kind:text} at {at_us:time} FAILED, everything was put back: {reason:text}",
                 out);
    put_troubles(status, out);
    const json_t *gate = json_object_get(status, "gate");
    if (!gate) return;
    put_line("next phase", gate, show_is_true(gate, "open") ? "{target:text}: its gate is open" : "{target:text}: its gate is closed", out);
    put_missing(json_object_get(gate, "missing"), INDENT, out);
}

bool show_refusal(const json_t *answer, struct buffer *out)
{
    const json_t *refusal = json_object_get(answer, "error");
    if (!json_is_object(refusal)) return false;
    const json_t *missing = json_object_get(refusal, "missing");
    show_template(refusal, json_array_size(missing) ? "understudy: refused, this is missing:\n" : "understudy: {code:text}: {text:text}\n",
                  out);
    put_missing(missing, 2, out);
    return true;
}

#define LIST(name, nothing, ...) LIST_BY(name, nothing, NULL, __VA_ARGS__)
#define LIST_BY(name, nothing, number, ...)                                                                                                \
    static const struct show_column name##_columns[] = {__VA_ARGS__};                                                                      \
    const struct show_list show_##name = {name##_columns, sizeof name##_columns / sizeof *name##_columns, nothing, number}

LIST(work, "no backfill, no verify and no change of key feeds has run", {"WORK", "work", "text", 14}, {"TABLE", "table", "text", 40},
     {"STATUS", "status", "text", 12}, {"ROWS", "rows", "count", 0}, {"OF ABOUT", "total", "count", 0},
     {"DIFFERING", "differing", "count", 0}, {"ROWS/S", "rows_per_s", "rate", 0}, {"ETA", "eta_s", "s", 0}, {"ERROR", "error", "text", 0});
LIST(divergences, "no divergence is open", {"divergence", "id", "count", 0}, {"found", "found_us", "time", 0}, {"by", "origin", "text", 0},
     {"table", "table", "text", 0}, {"key", "key", "text", 0}, {"reason", "reason", "text", 0}, {"source", "source", "text", 0},
     {"target", "target", "text", 0}, {"statement", "statement", "text", 0}, {"refused", "refused", "count", 0});
LIST_BY(statements, "no statement has been seen yet", "executions", {"FINGERPRINT", "fingerprint", "text", 0}, {"KIND", "kind", "text", 10},
        {"STATE", "state", "text", 11}, {"CLASS", "class", "text", 9}, {"RUNS", "executions", "count", 0}, {"SERVED", "served", "count", 0},
        {"COMPARED", "comparable", "count", 0}, {"DIVERGENT", "divergent", "count", 0}, {"DEMOTED", "demoted", "yes", 0},
        {"SOURCE P50", "source_p50_us", "us", 0}, {"P99", "source_p99_us", "us", 0}, {"TARGET P50", "target_p50_us", "us", 0},
        {"P99", "target_p99_us", "us", 0}, {"TEXT", "text", "text", 100});
LIST(sessions, "no client is connected", {"ID", "id", "count", 0}, {"USER", "user", "text", 30}, {"PROGRAM", "program", "text", 30},
     {"PEER", "peer", "text", 45}, {"STATE", "state", "text", 20}, {"SIDE", "side", "text", 8}, {"CALLS", "calls", "count", 0},
     {"TRANSACTION", "transaction_us", "us", 0}, {"STATEMENT", "statement", "text", 80});
LIST(open_gap_rows, "no gap is open: nothing may have been missed", {"TABLE", "table", "text", 40}, {"GAPS", "gaps", "count", 0},
     {"SINCE", "since_us", "time", 0}, {"LAST", "last_us", "time", 0}, {"REASON", "reason", "text", 0});
LIST(gaps, "there has been no gap: nothing may have been missed", {"ID", "id", "count", 0}, {"TABLE", "table", "text", 40},
     {"SINCE", "from_us", "time", 0}, {"CLEARED", "cleared_us", "time", 0}, {"BY", "cleared_by", "text", 20},
     {"REASON", "reason", "text", 0});
LIST(audit, "the audit log is empty", {"TIME", "time_us", "time", 0}, {"AUTHOR", "author", "text", 20}, {"ACTION", "action", "text", 20},
     {"REASON", "reason", "text", 60}, {"DETAIL", "detail", "text", 0});
LIST(overrides, "there is no override", {"FINGERPRINT", "fingerprint", "text", 0}, {"AUTHOR", "author", "text", 20},
     {"REASON", "reason", "text", 40}, {"SOURCE", "source", "text", 80}, {"TARGET", "target", "text", 80});

void show_override(const json_t *answer, struct buffer *out)
{
    if (show_is_true(answer, "dry_run"))
        show_template(answer, "override {fingerprint:text}: the target can prepare it; nothing was changed\n", out);
    else
        show_template(answer, "override {fingerprint:text} holds from now on\n", out);
    if (!show_is_true(answer, "dry_run") && !show_is_true(answer, "seen"))
        buffer_append_text(out, "no such statement has run yet: if one has, compare its text in `understudy statements`\n");
}

static json_t *gap_group(json_t *groups, const json_t *gap)
{
    const json_t *table = json_object_get(gap, "table"), *reason = json_object_get(gap, "reason");
    size_t i;
    json_t *one;
    json_array_foreach(groups, i, one) if (json_equal(json_object_get(one, "table"), table) &&
                                           json_equal(json_object_get(one, "reason"), reason)) return one;
    one = json_pack("{s:O, s:O, s:O, s:i}", "table", table, "reason", reason, "since_us", json_object_get(gap, "from_us"), "gaps", 0);
    if (one) json_array_append_new(groups, one);
    return one;
}

void show_open_gaps(const json_t *gaps, struct buffer *out)
{
    json_t *groups = json_array();
    size_t i;
    const json_t *gap;
    json_array_foreach(gaps, i, gap)
    {
        json_t *group = gap_group(groups, gap);
        if (!group) continue;
        json_object_set_new(group, "gaps", json_integer(json_integer_value(json_object_get(group, "gaps")) + 1));
        json_object_set(group, "last_us", json_object_get(gap, "from_us"));
    }
    show_rows(groups, &show_open_gap_rows, out);
    json_decref(groups);
}

/* ---- key feeds ---- */

LIST(feed_tables, "no table has a key feed", {"TABLE", "table", "text", 40}, {"FEED", "state", "text", 0}, {"FORM", "form", "text", 0},
     {"KEYS", "keys", "count", 0}, {"WRITTEN", "written", "count", 0}, {"WAITING", "backlog", "count", 0}, {"LAG", "lag_s", "s", 0},
     {"REASON", "reason", "text", 0}, {"WHY IT WOULD NEED ONE", "why", "text", 0});

void show_feeds(const json_t *answer, struct buffer *out)
{
    show_rows(json_object_get(answer, "tables"), &show_feed_tables, out);
}

/* As SQL*Plus takes it: it runs what stands before a line with a slash. */
static void put_script(const json_t *statements, struct buffer *out)
{
    size_t i;
    const json_t *one;
    buffer_append_text(
        out, "-- Understudy's key feed. Run it in SQL*Plus or SQLcl as the owner of the schema, or as one who may do this in it.\n"
             "-- `understudy feed status` then shows what the daemon finds.\n");
    json_array_foreach(statements, i, one)
    {
        const char *comment = json_string_value(json_object_get(one, "comment")), *sql = json_string_value(json_object_get(one, "sql"));
        if (comment) buffer_printf(out, "\n-- %s\n", comment);
        buffer_printf(out, "%s\n/\n", sql ? sql : "");
    }
}

void show_feed_change(const json_t *answer, struct buffer *out)
{
    const json_t *statements = json_object_get(answer, "statements"), *tables = json_object_get(answer, "tables"), *one;
    size_t i;
    if (statements) {
        put_script(statements, out);
        return;
    }
    const char *action = json_string_value(json_object_get(answer, "action"));
    bool install = action && strcmp(action, "install") == 0;
    json_array_foreach(tables, i, one)
    {
        show_template(one, "{table:text}: ", out);
        show_template(one, !show_is_true(one, "done") ? "not done: {error:text}\n" : install ? "installed\n" : "removed\n", out);
    }
    if (json_integer_value(json_object_get(answer, "without")) > 0)
        show_template(
            answer,
            "{without:count} tables with a key have no feed: a call whose effects nobody knows (PL/SQL, a trigger) leaves a gap on "
            "each of them; --all takes them too\n",
            out);
    else if (json_array_size(tables) == 0)
        buffer_append_text(out, install ? "no table needs a feed that it does not have; --all takes every table with a key\n"
                                        : "there is no feed to remove\n");
}
