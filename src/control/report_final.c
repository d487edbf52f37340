/* SPDX-License-Identifier: Apache-2.0 */
/* The final report: one model (the status as JSON plus ledgers), rendered as JSON, text or HTML. */
#include "control/daemon.h"

#include <stdarg.h>
#include <stdio.h>

struct line {
    const char *name;
    char value[200];
};
struct page {
    struct line lines[48];
    uint32_t count;
};

static void add(struct page *page, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);
static void add(struct page *page, const char *name, const char *format, ...)
{
    if (page->count == sizeof page->lines / sizeof *page->lines) return;
    va_list arguments;
    va_start(arguments, format);
    page->lines[page->count].name = name;
    vsnprintf(page->lines[page->count++].value, sizeof page->lines[0].value, format, arguments);
    va_end(arguments);
}

static void fill(struct daemon *daemon, struct page *page)
{
    struct engine *engine = &daemon->engine;
    const struct engine_policy *policy = engine_policy(engine);
    struct consistency reads, rows;
    gate_reads(daemon, &reads);
    gate_rows(daemon, &rows);
    add(page, "Phase", "%s (epoch %llu, %s is primary)", engine_phase_name(policy->phase), (unsigned long long)policy->epoch,
        policy->primary == SIDE_TARGET ? "target" : "source");
    add(page, "Calls", "%llu (%llu relayed, %llu served, %llu held)", (unsigned long long)engine_counted(engine, COUNT_CALLS),
        (unsigned long long)engine_counted(engine, COUNT_RELAYED), (unsigned long long)engine_counted(engine, COUNT_SERVED),
        (unsigned long long)engine_counted(engine, COUNT_HELD));
    add(page, "Transactions journalled", "%llu", (unsigned long long)engine_counted(engine, COUNT_TRANSACTIONS));
    add(page, "Read consistency", "%llu of %llu equal; bound %.7f at %.0f %%", (unsigned long long)reads.equal,
        (unsigned long long)reads.comparable, reads.bound, daemon->config.gate_confidence * 100);
    add(page, "Row consistency", "%llu rows proven equal, %llu divergent; bound %.7f", (unsigned long long)rows.equal,
        (unsigned long long)rows.divergent, rows.bound);
    add(page, "Rows verified", "%llu", (unsigned long long)copy_verified_rows(engine));
    add(page, "Rows backfilled", "%llu", (unsigned long long)engine_counted(engine, COUNT_ROWS_BACKFILLED));
    add(page, "Divergences", "%llu found, %llu open", (unsigned long long)state_divergence_count(engine->state, NULL),
        (unsigned long long)state_divergence_count(engine->state, "open"));
    add(page, "Rows repaired", "%llu", (unsigned long long)engine_counted(engine, COUNT_ROWS_REPAIRED));
    add(page, "Gaps", "%llu", (unsigned long long)engine_counted(engine, COUNT_GAPS));
    add(page, "Reverse", "%llu transactions, %llu rows brought back to the source",
        (unsigned long long)engine_counted(engine, COUNT_REVERSE_APPLIED), (unsigned long long)engine_counted(engine, COUNT_REVERSE_ROWS));
    if (daemon->guard_reason[0])
        add(page, "Guard", "%s (rolled back in %.0f ms)", daemon->guard_reason, (double)daemon->rollback_us / 1000);
    for (uint32_t i = 0; i < daemon->switch_count; i++)
        add(page, "Switch", "%s: %s, pause %.1f ms, total %.1f ms", daemon->switches[i].kind,
            daemon->switches[i].good ? "good" : "put back", (double)daemon->switches[i].pause_us / 1000,
            (double)daemon->switches[i].total_us / 1000);
    uint64_t audited = 0;
    struct error error;
    add(page, "Audit log", "%s", state_audit_verify(engine->state, &audited, &error) ? "hash chain holds" : error.text);
}

static void append_escaped(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            buffer_append_text(out, "&lt;");
        else if (*text == '&')
            buffer_append_text(out, "&amp;");
        else
            buffer_u8(out, (uint8_t)*text);
    }
}

struct audit_page {
    struct buffer *out;
    bool html;
};
static void audit_line(void *context, int64_t time_us, const char *author, const char *action, const char *reason, const char *detail,
                       const char *hash)
{
    struct audit_page *page = context;
    char when[CLOCK_TEXT_SIZE];
    (void)hash;
    clock_text((uint64_t)time_us, when);
    if (!page->html) {
        buffer_printf(page->out, "  %s  %-12s %-16s %s %s\n", when, author, action, reason, detail);
        return;
    }
    buffer_append_text(page->out, "<tr><td>");
    const char *cells[] = {when, author, action, reason, detail};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        if (i) buffer_append_text(page->out, "</td><td>");
        append_escaped(page->out, cells[i]);
    }
    buffer_append_text(page->out, "</td></tr>\n");
}

void report_final(struct daemon *daemon, const char *format, struct buffer *out)
{
    if (strcmp(format, "json") == 0) {
        struct json json = json_into(out);
        report_status(daemon, &json);
        return;
    }
    struct page page = {0};
    fill(daemon, &page);
    bool html = strcmp(format, "html") == 0;
    if (html)
        buffer_append_text(out, "<!doctype html><meta charset=\"utf-8\"><title>Understudy report</title><style>body{font:15px/1.5 "
                                "system-ui;margin:2em auto;max-width:60em;color:#222}"
                                "td,th{padding:.25em .8em;border-bottom:1px solid "
                                "#ddd;text-align:left;vertical-align:top}h1{font-weight:600}</style><h1>Understudy report</h1><table>\n");
    else
        buffer_append_text(out, "Understudy report\n\n");
    for (uint32_t i = 0; i < page.count; i++) {
        if (!html) {
            buffer_printf(out, "  %-26s %s\n", page.lines[i].name, page.lines[i].value);
            continue;
        }
        buffer_printf(out, "<tr><th>%s</th><td>", page.lines[i].name);
        append_escaped(out, page.lines[i].value);
        buffer_append_text(out, "</td></tr>\n");
    }
    buffer_append_text(out, html ? "</table><h2>Audit log</h2><table>\n" : "\nAudit log\n");
    struct audit_page audit = {out, html};
    state_audit_each(daemon->engine.state, 1000, audit_line, &audit);
    if (html) buffer_append_text(out, "</table>\n");
}
