/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin API: routes as rows; JSON in and out. All but the page and /health want a bearer token: rows, keys and statements are the application's data. One
 * token opens everything; a second one, if it is configured, reads only, for whoever scrapes and looks.
 */
#include "control/admin_private.h"

#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/assets.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEALTH_SILENT_US = 60000000 };

/* ---- answers ---- */

void admin_error(struct exchange *exchange, const struct error *error, const struct gate *gate)
{
    exchange->response->status = error_http_status(error->code);
    buffer_clear(&exchange->response->body);
    struct json json = json_into(&exchange->response->body);
    json_object_begin(&json);
    json_key(&json, "error");
    json_object_begin(&json);
    json_field_text(&json, "code", gate && gate->count ? gate->missing[0].code : error_name(error->code));
    json_field_text(&json, "text", error->text);
    json_key(&json, "missing");
    json_array_begin(&json);
    for (uint32_t i = 0; gate && i < gate->count; i++) {
        json_object_begin(&json);
        json_field_text(&json, "code", gate->missing[i].code);
        json_field_text(&json, "text", gate->missing[i].text);
        json_field_text(&json, "advice", gate->missing[i].advice);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    json_object_end(&json);
}

void admin_fail(struct exchange *exchange, enum error_code code, const char *text)
{
    struct error error;
    error_set(&error, code, "%s", text);
    admin_error(exchange, &error, NULL);
}

/* ---- reading ---- */

static void get_status(struct exchange *exchange)
{
    report_status(exchange->daemon, &exchange->json);
}

static void work_table(struct json *json, const char *work, const struct copy_table *table)
{
    json_object_begin(json);
    json_field_text(json, "work", work);
    json_field_text(json, "table", table->table);
    json_field_text(json, "status", table->status);
    json_field_u64(json, "rows", table->rows);
    json_field_u64(json, "total", table->total);
    json_field_u64(json, "differing", table->differing);
    if (table->rows_per_second > 0) { /* of what ran before, or in an earlier process, nobody knows */
        json_field_real(json, "rows_per_s", table->rows_per_second);
        json_field_real(json, "eta_s", table->eta_seconds);
    }
    if (table->error[0]) json_field_text(json, "error", table->error);
    json_object_end(json);
}

static void stored_work(void *context, const struct state_progress *progress)
{
    struct copy_table table = {.rows = progress->rows, .total = progress->total, .differing = progress->bytes}; /* see copy_report */
    snprintf(table.table, sizeof table.table, "%s", progress->table);
    snprintf(table.status, sizeof table.status, "%s", progress->status);
    work_table(context, progress->work, &table);
}

static void get_work(struct exchange *exchange)
{
    struct daemon *daemon = exchange->daemon;
    struct copy_table *tables = memory_zero(ENGINE_TABLE_MAX, sizeof *tables);
    json_array_begin(&exchange->json);
    mutex_lock(&daemon->work);
    uint32_t count = daemon->copy ? copy_progress(daemon->copy, tables, ENGINE_TABLE_MAX) : 0;
    for (uint32_t i = 0; i < count; i++)
        work_table(&exchange->json, daemon->copy_work == COPY_BACKFILL ? "backfill" : "verify", &tables[i]);
    if (!daemon->copy || daemon->copy_work != COPY_BACKFILL)
        state_progress_each(daemon->engine.state, "backfill", stored_work, &exchange->json);
    if (!daemon->copy || daemon->copy_work != COPY_VERIFY)
        state_progress_each(daemon->engine.state, "verify", stored_work, &exchange->json);
    mutex_unlock(&daemon->work);
    feed_work_list(daemon, &exchange->json);
    json_array_end(&exchange->json);
    memory_free(tables);
}

static void one_divergence(void *context, const struct state_divergence *d)
{
    struct json *json = context;
    char fingerprint[24];
    snprintf(fingerprint, sizeof fingerprint, "%016llx", (unsigned long long)d->fingerprint);
    json_object_begin(json);
    json_field_u64(json, "id", d->id);
    json_field_i64(json, "found_us", d->found_us);
    json_field_i64(json, "closed_us", d->closed_us);
    json_field_text(json, "origin", d->origin);
    json_field_text(json, "table", d->table);
    json_field_text(json, "key", d->key_text);
    json_field_text(json, "fingerprint", fingerprint);
    json_field_text(json, "statement", d->statement);
    json_field_text(json, "source", d->source_row);
    json_field_text(json, "target", d->target_row);
    json_field_text(json, "reason", d->reason);
    json_field_text(json, "status", d->status);
    json_field_text(json, "note", d->note);
    json_field_u64(json, "csn", d->csn);
    json_field_u64(json, "refused", d->refused);
    json_object_end(json);
}

static void get_divergences(struct exchange *exchange)
{
    const char *status = exchange->request->parameter(exchange->request, "status");
    json_array_begin(&exchange->json);
    state_divergence_each(exchange->daemon->engine.state, status, 1000, one_divergence, &exchange->json);
    json_array_end(&exchange->json);
}

static void one_statement(void *context, struct fingerprint *f)
{
    struct json *json = context;
    char id[24];
    snprintf(id, sizeof id, "%016llx", (unsigned long long)f->id);
    json_object_begin(json);
    json_field_text(json, "fingerprint", id);
    json_field_text(json, "text", f->text);
    json_field_text(json, "kind", sql_kind_name(f->kind));
    json_field_text(json, "state", sql_state_name(f->state));
    json_field_text(json, "class", sql_class_name(f->class_));
    json_field_u64(json, "executions", atomic_load(&f->executions));
    json_field_u64(json, "relayed", atomic_load(&f->relayed));
    json_field_u64(json, "served", atomic_load(&f->served));
    json_field_u64(json, "comparable", atomic_load(&f->comparable));
    json_field_u64(json, "equal", atomic_load(&f->equal));
    json_field_u64(json, "divergent", atomic_load(&f->divergent));
    json_field_u64(json, "not_comparable", atomic_load(&f->not_comparable));
    json_field_boolean(json, "demoted", atomic_load(&f->demoted));
    if (atomic_load(&f->demoted)) json_field_text(json, "demoted_reason", f->demoted_reason);
    json_field_boolean(json, "waived", atomic_load(&f->waived));
    json_field_u64(json, "source_p50_us", histogram_quantile(&f->source_us, 0.5, NULL));
    json_field_u64(json, "source_p99_us", histogram_quantile(&f->source_us, 0.99, NULL));
    json_field_u64(json, "target_p50_us", histogram_quantile(&f->target_us, 0.5, NULL));
    json_field_u64(json, "target_p99_us", histogram_quantile(&f->target_us, 0.99, NULL));
    json_object_end(json);
}

static void get_statements(struct exchange *exchange)
{
    json_array_begin(&exchange->json);
    statements_each_fingerprint(exchange->daemon->engine.statements, one_statement, &exchange->json);
    json_array_end(&exchange->json);
}

static void get_sessions(struct exchange *exchange)
{
    enum { MOST = 1000 };
    struct worker_session *sessions = memory_zero(MOST, sizeof *sessions);
    uint32_t count = engine_sessions(&exchange->daemon->engine, sessions, MOST);
    json_array_begin(&exchange->json);
    for (uint32_t i = 0; i < count; i++) {
        json_object_begin(&exchange->json);
        json_field_u64(&exchange->json, "id", sessions[i].id);
        json_field_text(&exchange->json, "user", sessions[i].user);
        json_field_text(&exchange->json, "program", sessions[i].program);
        json_field_text(&exchange->json, "peer", sessions[i].peer);
        json_field_text(&exchange->json, "state", sessions[i].state);
        json_field_text(&exchange->json, "side", sessions[i].last_side);
        json_field_u64(&exchange->json, "calls", sessions[i].calls);
        json_field_u64(&exchange->json, "transaction_us", sessions[i].transaction_us);
        json_field_text(&exchange->json, "statement", sessions[i].statement);
        json_object_end(&exchange->json);
    }
    json_array_end(&exchange->json);
    memory_free(sessions);
}

static void one_override(void *context, const struct statement_override *o)
{
    struct json *json = context;
    char id[24];
    snprintf(id, sizeof id, "%016llx", (unsigned long long)o->fingerprint);
    json_object_begin(json);
    json_field_text(json, "fingerprint", id);
    json_field_text(json, "source", o->source_text ? o->source_text : "every text of the fingerprint");
    json_field_text(json, "target", o->target_text);
    if (o->tables) json_field_text(json, "tables", o->tables);
    if (o->bind_order) json_field_text(json, "bind_order", o->bind_order);
    json_field_text(json, "author", o->author);
    json_field_text(json, "reason", o->reason);
    json_object_end(json);
}

static void get_overrides(struct exchange *exchange)
{
    json_array_begin(&exchange->json);
    statements_each_override(exchange->daemon->engine.statements, one_override, &exchange->json);
    json_array_end(&exchange->json);
}

static void one_gap(void *context, const struct state_gap *gap)
{
    struct json *json = context;
    json_object_begin(json);
    json_field_u64(json, "id", gap->id);
    json_field_text(json, "table", gap->table);
    json_field_text(json, "reason", gap->reason);
    json_field_i64(json, "from_us", gap->from_us);
    json_field_i64(json, "cleared_us", gap->cleared_us);
    json_field_text(json, "cleared_by", gap->cleared_by);
    json_object_end(json);
}

static void get_gaps(struct exchange *exchange)
{
    json_array_begin(&exchange->json);
    const char *status = exchange->request->parameter(exchange->request, "status");
    state_gap_each(exchange->daemon->engine.state, status && strcmp(status, "open") == 0, one_gap, &exchange->json);
    json_array_end(&exchange->json);
}

static void one_audit(void *context, int64_t time_us, const char *author, const char *action, const char *reason, const char *detail,
                      const char *hash)
{
    struct json *json = context;
    json_object_begin(json);
    json_field_i64(json, "time_us", time_us);
    json_field_text(json, "author", author);
    json_field_text(json, "action", action);
    json_field_text(json, "reason", reason);
    json_field_text(json, "detail", detail);
    json_field_text(json, "hash", hash);
    json_object_end(json);
}

static void get_audit(struct exchange *exchange)
{
    json_array_begin(&exchange->json);
    state_audit_each(exchange->daemon->engine.state, 1000, one_audit, &exchange->json);
    json_array_end(&exchange->json);
}

static void get_report(struct exchange *exchange)
{
    const char *format = exchange->request->parameter(exchange->request, "format");
    if (format && strcmp(format, "html") != 0 && strcmp(format, "json") != 0 && strcmp(format, "text") != 0) {
        admin_fail(exchange, ERROR_USAGE, "the formats are text, json and html");
        return;
    }
    exchange->response->content_type = format && strcmp(format, "html") == 0   ? "text/html; charset=utf-8"
                                       : format && strcmp(format, "json") == 0 ? "application/json"
                                                                               : "text/plain; charset=utf-8";
    report_final(exchange->daemon, format ? format : "text", &exchange->response->body);
}

static void get_metrics(struct exchange *exchange)
{
    exchange->response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    report_metrics(exchange->daemon, &exchange->response->body);
}

static void get_page(struct exchange *exchange)
{
    exchange->response->content_type = "text/html; charset=utf-8";
    buffer_append_text(&exchange->response->body, asset_dashboard);
}

/* For who restarts what hangs: says nothing of the application, and wants no token. */
static void get_health(struct exchange *exchange)
{
    uint64_t silent_us = clock_monotonic_us() - atomic_load(&exchange->daemon->tick_us);
    bool good = silent_us < HEALTH_SILENT_US;
    if (!good) exchange->response->status = 503;
    json_object_begin(&exchange->json);
    json_field_text(&exchange->json, "status", good ? "ok" : "the control thread has not been heard of for a minute");
    json_object_end(&exchange->json);
}

/* ---- key feeds ---- */

static void get_feed(struct exchange *exchange)
{
    struct error error = {0};
    const char *only = exchange->request->parameter(exchange->request, "only");
    if (!feed_list(exchange->daemon, only && strcmp(only, "fed") == 0, &exchange->json, &error)) admin_error(exchange, &error, NULL);
}

static void post_feed(struct exchange *exchange)
{
    struct error error = {0};
    if (!feed_change(exchange->daemon, exchange->body, &exchange->json, &error)) admin_error(exchange, &error, NULL);
}

/* ---- routes ---- */

enum access { OPEN, READ, CHANGE };
static const char *const tokens[] = {[OPEN] = "", [READ] = "read", [CHANGE] = "admin"}; /* which one is wanted */

static const struct route {
    const char *method, *path;
    route_handler *handler;
    enum access access;
    const char *what;
} routes[] = {
    {"GET", "/", get_page, OPEN, "the dashboard, which asks for a token"},
    {"GET", "/health", get_health, OPEN, "200: the daemon lives; 503: it hangs"},
    {"GET", "/metrics", get_metrics, READ, "Prometheus metrics"},
    {"GET", "/v1/status", get_status, READ, "phase, rates, lag, consistency, gate"},
    {"GET", "/v1/work", get_work, READ, "progress of backfill, verify, and what is done to key feeds"},
    {"GET", "/v1/divergences", get_divergences, READ, "differences with both rows; ?status=open"},
    {"GET", "/v1/statements", get_statements, READ, "every fingerprint with what was measured of it"},
    {"GET", "/v1/sessions", get_sessions, READ, "client sessions"},
    {"GET", "/v1/overrides", get_overrides, READ, "statement overrides"},
    {"GET", "/v1/gaps", get_gaps, READ, "stretches in which something may have been missed; ?status=open"},
    {"GET", "/v1/audit", get_audit, READ, "the audit log"},
    {"GET", "/v1/report", get_report, READ, "the final report; ?format=text|json|html"},
    {"GET", "/v1/feed", get_feed, READ, "key feeds: every table, why it would need one, what it has; ?only=fed"},
    {"POST", "/v1/feed", post_feed, CHANGE,
     "start making or removing key feeds, see /v1/work: action, table or all, form, override, print or dry_run"},
    {"POST", "/v1/phase", admin_post_phase, CHANGE, "enter a phase: to, percent, author, reason, override, dry_run"},
    {"POST", "/v1/backfill", admin_post_backfill, CHANGE, "start the backfill: table, chunk_rows, rows_per_second, restart, dry_run"},
    {"POST", "/v1/verify", admin_post_verify, CHANGE, "compare every row: table, chunk_rows, rows_per_second, restart, dry_run"},
    {"POST", "/v1/repair", admin_post_repair, CHANGE, "repair divergences: divergences (ids or \"all\"), dry_run"},
    {"POST", "/v1/overrides", admin_post_override, CHANGE,
     "add an override: source (text or fingerprint), target, bind_order, tables, author, reason, dry_run"},
    {"DELETE", "/v1/overrides", admin_delete_override, CHANGE, "remove an override: ?fingerprint=, &dry_run=1"},
    {"POST", "/v1/waivers", admin_post_waiver, CHANGE,
     "sign for a statement that was never compared, or for a refused transaction: fingerprint or refused, author, reason, dry_run"},
    {"POST", "/v1/users/import", admin_post_users, CHANGE, "take users' verifiers from the source: dry_run"},
};

void admin_print_routes(struct buffer *out)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        buffer_printf(out, "%-6s %-16s  %-5s  %s\n", routes[i].method, routes[i].path, tokens[routes[i].access], routes[i].what);
}

/* Is this the token on the file's first line? Equal time whatever the difference, so that a token cannot be guessed byte by byte. */
static bool token_is(const char *path, const char *given)
{
    char token[256] = "";
    FILE *file = *path ? fopen(path, "r") : NULL;
    if (!file) return false;
    bool read = fgets(token, sizeof token, file) != NULL;
    fclose(file);
    token[strcspn(token, "\r\n")] = 0;
    size_t length = strlen(token), other = strlen(given);
    unsigned difference = (unsigned)(length ^ other);
    for (size_t i = 0; i < length; i++) difference |= (unsigned)(token[i] ^ given[i % (other ? other : 1)]);
    return read && length > 0 && difference == 0;
}

/* False: it was refused. */
static bool allowed(struct exchange *exchange, enum access access)
{
    const struct config *config = &exchange->daemon->config;
    const char *header = exchange->request->header(exchange->request, "Authorization");
    const char *given = header && strncmp(header, "Bearer ", 7) == 0 ? header + 7 : NULL;
    if (access == OPEN || (given && token_is(config->admin_token_file, given))) return true;
    bool reader = given && token_is(config->admin_read_token_file, given);
    if (reader && access == READ) return true;
    LOG_RATED(LOG_WARNING, "admin.refused", log_text("path", exchange->request->path), log_text("peer", exchange->request->peer),
              log_text("why", reader  ? "the token reads only"
                              : given ? "wrong token"
                                      : "no token"));
    admin_fail(exchange, ERROR_AUTHENTICATION,
               reader  ? "this token may only read: send the one of [admin] token_file"
               : given ? "the token is not that of [admin] token_file"
                       : "send the token of [admin] token_file as Authorization: Bearer ..");
    return false;
}

static void handle(void *context, const struct http_request *request, struct http_response *response)
{
    struct exchange exchange = {.daemon = context, .request = request, .response = response, .json = json_into(&response->body)};
    response->content_type = "application/json";
    const struct route *found = NULL;
    bool path_known = false;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(routes[i].path, request->path) != 0) continue;
        path_known = true;
        if (strcmp(routes[i].method, request->method) == 0) found = &routes[i];
    }
    if (!found) {
        admin_fail(&exchange, path_known ? ERROR_USAGE : ERROR_NOT_FOUND,
                   path_known ? "this path does not take this method" : "no such path; `understudy help api` lists them");
        return;
    }
    if (!allowed(&exchange, found->access)) return;
    struct error error = {0};
    if (found->access == CHANGE && request->body.size && !(exchange.body = request_parse(request->body, &error))) {
        admin_error(&exchange, &error, NULL);
        return;
    }
    found->handler(&exchange);
    request_free(exchange.body);
}

/* A file without a token would lock everybody out, and nobody would know why. */
static bool token_there(const char *option, const char *path, struct error *error)
{
    char first[2] = "";
    FILE *file = fopen(path, "r");
    if (!file)
        return error_set(error, ERROR_CONFIG,
                         "[admin] %s: %s cannot be read (%s); put a long random text on its first line, readable by us alone", option, path,
                         strerror(errno));
    bool read = fgets(first, sizeof first, file) != NULL;
    fclose(file);
    return (read && first[0] != '\r' && first[0] != '\n') ||
           error_set(error, ERROR_CONFIG, "[admin] %s: %s is empty; put a long random text on its first line", option, path);
}

bool admin_start(struct daemon *daemon, struct error *error)
{
    const struct config *config = &daemon->config;
    if (!token_there("token_file", config->admin_token_file, error)) return false;
    if (config->admin_read_token_file[0] && !token_there("read_token_file", config->admin_read_token_file, error)) return false;
    daemon->http = http_server_start(config->admin_address, config->admin_port, LIMIT_HTTP_BODY_BYTES, handle, daemon, error);
    if (!daemon->http) return error_prefix(error, "[admin]");
    if (!config_admin_is_local(config))
        LOG(LOG_WARNING, "admin.not_local", log_text("address", config->admin_address),
            log_text("advice", "tokens and data pass in the clear: reach it over a tunnel, or a proxy that speaks TLS"));
    return true;
}
