/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API's calls that change something. */
#include "control/admin_private.h"

#include "base/memory.h"
#include "control/override.h"
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_ROWS_MAX = 100000, REPAIR_IDS_MAX = 256 };

void admin_post_phase(struct exchange *exchange)
{
    struct phase_request request = {.override = request_boolean(exchange->body, "override"),
                                    .dry_run = request_boolean(exchange->body, "dry_run")};
    const char *to = request_text(exchange->body, "to");
    struct error error = {0};
    if (!request_count(exchange->body, "percent", 100, &request.percent, &error)) {
        admin_error(exchange, &error, NULL);
        return;
    }
    if (!to || !engine_phase_parse(to, &request.to)) {
        admin_fail(exchange, ERROR_USAGE, "\"to\" must be one of observe, dual-write, shadow, canary, cutover, complete");
        return;
    }
    snprintf(request.author, sizeof request.author, "%s",
             request_text(exchange->body, "author") ? request_text(exchange->body, "author") : "");
    snprintf(request.reason, sizeof request.reason, "%s",
             request_text(exchange->body, "reason") ? request_text(exchange->body, "reason") : "");
    struct gate *gate = memory_zero(1, sizeof *gate);
    enum engine_phase entered;
    if (!phase_change(exchange->daemon, &request, gate, &entered, &error)) {
        admin_error(exchange, &error, error.code == ERROR_GATE ? gate : NULL);
    } else {
        json_object_begin(&exchange->json);
        json_field_text(&exchange->json, "phase", engine_phase_name(entered));
        json_field_boolean(&exchange->json, "dry_run", request.dry_run);
        json_field_boolean(&exchange->json, "gate_open", gate->open);
        json_field_u64(&exchange->json, "pause_us", request.to >= PHASE_CUTOVER ? exchange->daemon->last_switch.pause_us : 0);
        json_object_end(&exchange->json);
    }
    memory_free(gate);
}

/* A changing call with dry_run: everything was looked at, nothing was done, and this says so. */
static bool only_tried(struct exchange *exchange, const char *name, const char *value)
{
    const char *parameter = exchange->request->parameter(exchange->request, "dry_run");
    if (!request_boolean(exchange->body, "dry_run") && !(parameter && strcmp(parameter, "1") == 0)) return false;
    json_object_begin(&exchange->json);
    json_field_boolean(&exchange->json, "dry_run", true);
    json_field_text(&exchange->json, name, value);
    json_object_end(&exchange->json);
    return true;
}

/* False: only one table is wanted, and there is none of this name. */
static bool table_known(struct daemon *daemon, const char *name, struct error *error)
{
    const struct sql_catalog *catalog = atomic_load(&daemon->engine.catalog);
    if (!catalog) return error_set(error, ERROR_STATE, "the source's dictionary has not been read yet");
    if (!*name || sql_catalog_table(catalog, daemon->engine.options.source_schema, NULL, name)) return true;
    return error_set(error, ERROR_NOT_FOUND, "there is no table %s on both sides", name);
}

static void start_copy(struct exchange *exchange, enum copy_work work)
{
    struct daemon *daemon = exchange->daemon;
    struct error error = {0};
    struct copy_options options = {.work = work, .restart = request_boolean(exchange->body, "restart")};
    if (!request_count(exchange->body, "chunk_rows", CHUNK_ROWS_MAX, &options.chunk_rows, &error) ||
        !request_count(exchange->body, "rows_per_second", UINT32_MAX, &options.rows_per_second, &error)) {
        admin_error(exchange, &error, NULL);
        return;
    }
    bool tried = request_boolean(exchange->body, "dry_run");
    request_name(exchange->body, "table", options.table, sizeof options.table);
    mutex_lock(&daemon->command);
    if (daemon->copy && copy_running(daemon->copy)) {
        error_set(&error, ERROR_STATE, "a %s is running; wait for it or stop it",
                  daemon->copy_work == COPY_BACKFILL ? "backfill" : "verify");
    } else if (engine_policy(&daemon->engine)->phase == PHASE_OBSERVE) {
        error_set(&error, ERROR_STATE, "writes are not mirrored yet: enter dual-write first, so that nothing is missed");
    } else if (tried) {
        table_known(daemon, options.table, &error);
    } else {
        mutex_lock(&daemon->work);
        if (daemon->copy) copy_stop(daemon->copy);
        daemon->copy = copy_start(&daemon->engine, daemon->mirror, daemon->checker, &options, &error);
        daemon->copy_work = work;
        mutex_unlock(&daemon->work);
    }
    bool good = (tried || daemon->copy != NULL) && error.code == ERROR_NONE;
    mutex_unlock(&daemon->command);
    if (!good) {
        admin_error(exchange, &error, NULL);
        return;
    }
    if (only_tried(exchange, "started", work == COPY_BACKFILL ? "backfill" : "verify")) return;
    json_object_begin(&exchange->json);
    json_field_text(&exchange->json, "started", work == COPY_BACKFILL ? "backfill" : "verify");
    json_object_end(&exchange->json);
}

void admin_post_backfill(struct exchange *exchange)
{
    start_copy(exchange, COPY_BACKFILL);
}
void admin_post_verify(struct exchange *exchange)
{
    start_copy(exchange, COPY_VERIFY);
}

void admin_post_repair(struct exchange *exchange)
{
    struct error error = {0};
    uint64_t ids[REPAIR_IDS_MAX];
    struct repair_result result;
    uint32_t count;
    bool listed;
    char open[32];
    if (!request_ids(exchange->body, "divergences", ids, REPAIR_IDS_MAX, &count, &listed, &error)) {
        admin_error(exchange, &error, NULL);
        return;
    }
    snprintf(open, sizeof open, "%llu",
             (unsigned long long)(listed ? count : state_divergence_count(exchange->daemon->engine.state, "open")));
    if (only_tried(exchange, "queued", open)) return;
    if (!repair_start(exchange->daemon, listed ? ids : NULL, count, &result, &error)) {
        admin_error(exchange, &error, NULL);
        return;
    }
    char refused[420];
    snprintf(refused, sizeof refused,
             result.still_refused ? "%u refused transactions done again, %u still refused: %s" : "%u refused transactions done again",
             result.done_again, result.still_refused, result.why);
    json_object_begin(&exchange->json);
    json_field_u64(&exchange->json, "queued", result.queued);
    json_field_u64(&exchange->json, "done_again", result.done_again);
    json_field_u64(&exchange->json, "still_refused", result.still_refused);
    json_field_text(&exchange->json, "why", result.why);
    json_field_text(&exchange->json, "refused", refused);
    json_object_end(&exchange->json);
}

static char *unowned(const char *text)
{
    return (char *)(uintptr_t)text; /* the body's: statements_override_add copies it */
}

/* "source" is the statement's text, for which the override then holds to the letter, or the fingerprint of one that has run: then for all texts of it. */
static struct fingerprint *fingerprint_named(struct exchange *exchange, const char *source)
{
    bool digits = strlen(source) == 16 && strspn(source, "0123456789abcdefABCDEF") == 16;
    return digits ? statements_fingerprint(exchange->daemon->engine.statements, strtoull(source, NULL, 16)) : NULL;
}

static bool override_store(struct daemon *daemon, const struct statement_override *override, const char *detail, struct error *error)
{
    mutex_lock(&daemon->overrides);
    bool good = statements_override_add(daemon->engine.statements, override, error) &&
                state_audit(daemon->engine.state, *override->author ? override->author : "unknown", "override.add", override->reason,
                            detail, error) &&
                statements_overrides_save(daemon->engine.statements, daemon->config.engine.overrides_file, error);
    mutex_unlock(&daemon->overrides);
    return good;
}

void admin_post_override(struct exchange *exchange)
{
    struct daemon *daemon = exchange->daemon;
    const char *source = request_text(exchange->body, "source"), *target = request_text(exchange->body, "target");
    const char *author = request_text(exchange->body, "author"), *reason = request_text(exchange->body, "reason");
    struct error error = {0};
    if (!source || !target) {
        admin_fail(exchange, ERROR_USAGE, "\"source\" and \"target\" must hold the statement, or its fingerprint, and its translation");
        return;
    }
    const struct fingerprint *known = fingerprint_named(exchange, source);
    struct statement_override override = {.fingerprint = known ? known->id : sql_fingerprint(view_text(source)),
                                          .source_text = known ? NULL : unowned(source),
                                          .target_text = unowned(target),
                                          .bind_order = unowned(request_text(exchange->body, "bind_order")),
                                          .tables = unowned(request_text(exchange->body, "tables")),
                                          .author = unowned(author ? author : ""),
                                          .reason = unowned(reason ? reason : ""),
                                          .time_us = (int64_t)clock_wall_us()};
    char id[24], detail[48];
    snprintf(id, sizeof id, "%016llx", (unsigned long long) override.fingerprint);
    snprintf(detail, sizeof detail, "{\"fingerprint\":\"%s\"}", id);
    bool prepared = override_prepare(daemon, target, &error);
    if (prepared && only_tried(exchange, "fingerprint", id)) return;
    if (!prepared || !override_store(daemon, &override, detail, &error)) {
        admin_error(exchange, &error, NULL);
        return;
    }
    json_object_begin(&exchange->json);
    json_field_text(&exchange->json, "fingerprint", id);
    json_field_boolean(&exchange->json, "seen", statements_fingerprint(daemon->engine.statements, override.fingerprint) != NULL);
    json_object_end(&exchange->json);
}

static uint64_t fingerprint_parameter(struct exchange *exchange)
{
    const char *text = exchange->request->parameter(exchange->request, "fingerprint");
    return text ? strtoull(text, NULL, 16) : 0;
}

struct override_search {
    uint64_t fingerprint;
    char source[200];
};
static void look_for_override(void *context, const struct statement_override *o)
{
    struct override_search *search = context;
    if (o->fingerprint == search->fingerprint) snprintf(search->source, sizeof search->source, "%s", o->source_text);
}

void admin_delete_override(struct exchange *exchange)
{
    struct daemon *daemon = exchange->daemon;
    struct error error = {0};
    struct override_search search = {.fingerprint = fingerprint_parameter(exchange)};
    const char *author = exchange->request->parameter(exchange->request, "author"),
               *reason = exchange->request->parameter(exchange->request, "reason");
    statements_each_override(daemon->engine.statements, look_for_override, &search);
    if (search.source[0] && only_tried(exchange, "removed", search.source)) return;
    char detail[48];
    snprintf(detail, sizeof detail, "{\"fingerprint\":\"%016llx\"}", (unsigned long long)search.fingerprint);
    mutex_lock(&daemon->overrides);
    bool good = statements_override_remove(daemon->engine.statements, search.fingerprint, &error) &&
                state_audit(daemon->engine.state, author ? author : "unknown", "override.remove", reason ? reason : "", detail, &error) &&
                statements_overrides_save(daemon->engine.statements, daemon->config.engine.overrides_file, &error);
    mutex_unlock(&daemon->overrides);
    if (!good) {
        admin_error(exchange, &error, NULL);
        return;
    }
    json_object_begin(&exchange->json);
    json_field_boolean(&exchange->json, "removed", true);
    json_object_end(&exchange->json);
}

static void waive_refused(struct exchange *exchange, const char *number, const char *author, const char *reason)
{
    struct error error = {0};
    uint64_t id = 0;
    if (!view_to_u64(view_text(number), &id) || !author || !reason) {
        admin_fail(exchange, ERROR_USAGE, "a waiver needs \"refused\", the number of a refused transaction, \"author\" and \"reason\"");
        return;
    }
    if (only_tried(exchange, "waived", number)) return;
    if (!repair_waive(exchange->daemon, id, author, reason, &error)) {
        admin_error(exchange, &error, NULL);
        return;
    }
    json_object_begin(&exchange->json);
    json_field_boolean(&exchange->json, "waived", true);
    json_object_end(&exchange->json);
}

void admin_post_waiver(struct exchange *exchange)
{
    const char *author = request_text(exchange->body, "author"), *reason = request_text(exchange->body, "reason"),
               *text = request_text(exchange->body, "fingerprint"), *refused = request_text(exchange->body, "refused");
    if (refused) {
        waive_refused(exchange, refused, author, reason);
        return;
    }
    struct fingerprint *fingerprint = text ? statements_fingerprint(exchange->daemon->engine.statements, strtoull(text, NULL, 16)) : NULL;
    struct error error = {0};
    if (!text || !author || !reason) {
        admin_fail(exchange, ERROR_USAGE, "a waiver needs \"fingerprint\" of a statement that ran, \"author\" and \"reason\"");
        return;
    }
    if (!fingerprint) {
        error_set(&error, ERROR_NOT_FOUND, "no statement with the fingerprint %.40s has run; `understudy statements` lists those that have",
                  text);
        admin_error(exchange, &error, NULL);
        return;
    }
    if (only_tried(exchange, "waived", fingerprint->text)) return;
    if (!state_audit(exchange->daemon->engine.state, author, "waiver", reason, text, &error)) {
        admin_error(exchange, &error, NULL);
        return;
    }
    atomic_store(&fingerprint->waived, true);
    atomic_store(&exchange->daemon->evidence_us, 0); /* saved at the next tick; the audit has it already */
    json_object_begin(&exchange->json);
    json_field_boolean(&exchange->json, "waived", true);
    json_object_end(&exchange->json);
}

void admin_post_users(struct exchange *exchange)
{
    struct error error = {0};
    uint32_t imported = 0;
    bool dry_run = request_boolean(exchange->body, "dry_run");
    if (!users_import(exchange->daemon, dry_run, &imported, &error)) {
        admin_error(exchange, &error, NULL);
        return;
    }
    char count[16];
    snprintf(count, sizeof count, "%u", imported);
    if (dry_run && only_tried(exchange, "imported", count)) return;
    json_object_begin(&exchange->json);
    json_field_u64(&exchange->json, "imported", imported);
    json_object_end(&exchange->json);
}
