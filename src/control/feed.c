/* SPDX-License-Identifier: Apache-2.0 */
/* The key feed towards the operator: list, install, remove, the SQL to run by hand, its place in status, gate and alerts. */
#include "control/daemon.h"

#include "base/log.h"
#include "base/memory.h"
#include "control/request.h"
#include "engine/feed.h"
#include <stdio.h>

enum { TABLES_MAX = ENGINE_TABLE_MAX };

struct feed_page {
    struct feed_need *needs;
    uint32_t need_count;
    struct feed_table *tables;
    uint32_t table_count;
    struct feed_statistics all;
};

static bool page_fill(struct daemon *daemon, struct feed_page *page, struct error *error)
{
    memset(page, 0, sizeof *page);
    if (!feed_survey(daemon->feed, &page->needs, &page->need_count, error)) return false;
    page->tables = memory_zero(TABLES_MAX, sizeof *page->tables);
    page->table_count = feed_statistics(daemon->feed, &page->all, page->tables, TABLES_MAX);
    return true;
}

static void page_release(struct feed_page *page)
{
    memory_free(page->needs);
    memory_free(page->tables);
}

static const struct feed_table *numbers_of(const struct feed_page *page, const char *table)
{
    for (uint32_t i = 0; i < page->table_count; i++)
        if (strcmp(page->tables[i].table, table) == 0) return &page->tables[i];
    return NULL;
}

/* ---- list ---- */

static void totals_json(struct json *json, const struct feed_statistics *all)
{
    json_object_begin(json);
    json_field_u64(json, "tables", all->tables);
    json_field_u64(json, "on", all->on);
    json_field_u64(json, "broken", all->broken);
    json_field_u64(json, "backlog", all->backlog);
    json_field_real(json, "lag_s", (double)all->lag_us / 1e6);
    json_field_text(json, "last_error", all->last_error);
    json_object_end(json);
}

static void need_json(struct json *json, const struct feed_need *need, const struct feed_table *numbers)
{
    json_object_begin(json);
    json_field_text(json, "table", need->table);
    json_field_boolean(json, "needed", need->why[0] != 0);
    json_field_text(json, "why", need->why);
    json_field_boolean(json, "possible", need->possible);
    json_field_text(json, "state", feed_state_name(need->state));
    if (need->state != FEED_ABSENT) json_field_text(json, "form", feed_form_name(need->form));
    json_field_text(json, "reason", need->reason);
    if (numbers) {
        json_field_text(json, "log", numbers->log);
        json_field_u64(json, "keys", numbers->keys);
        json_field_u64(json, "equal", numbers->equal);
        json_field_u64(json, "written", numbers->written);
        json_field_u64(json, "discarded", numbers->discarded);
        json_field_u64(json, "backlog", numbers->backlog);
        json_field_real(json, "lag_s", (double)numbers->lag_us / 1e6);
    }
    json_object_end(json);
}

bool feed_list(struct daemon *daemon, bool fed_only, struct json *json, struct error *error)
{
    struct feed_page page;
    if (!page_fill(daemon, &page, error)) return false;
    json_object_begin(json);
    json_key(json, "totals");
    totals_json(json, &page.all);
    json_key(json, "tables");
    json_array_begin(json);
    for (uint32_t i = 0; i < page.need_count; i++)
        if (!fed_only || page.needs[i].state != FEED_ABSENT) need_json(json, &page.needs[i], numbers_of(&page, page.needs[i].table));
    json_array_end(json);
    json_object_end(json);
    page_release(&page);
    return true;
}

/* ---- which tables ---- */

struct choice {
    const char *table;
    bool all, install, form_given;
};

static bool chosen(const struct choice *choice, const struct feed_need *need)
{
    if (choice->table) return strcmp(choice->table, need->table) == 0;
    if (!choice->install) return need->state != FEED_ABSENT && need->state != FEED_FOREIGN;
    return need->state == FEED_BROKEN || (need->possible && need->state == FEED_ABSENT && (choice->all || need->why[0]));
}

/* ---- the SQL ---- */

static bool print_statement(void *context, const char *comment, const char *sql)
{
    struct json *json = context;
    json_object_begin(json);
    if (comment) json_field_text(json, "comment", comment);
    json_field_text(json, "sql", sql);
    json_object_end(json);
    return true;
}

static bool print_table(struct daemon *daemon, const char *table, enum feed_form form, bool install, struct json *json, struct error *error)
{
    struct row_maps *maps;
    const struct row_map *map = feed_table_map(&daemon->engine, table, &maps, error);
    if (!map) return false;
    struct feed_script script = {.map = map, .form = form, .reader = daemon->engine.options.source_user};
    bool good =
        install ? feed_script_install(&script, print_statement, json, error) : feed_script_remove(&script, print_statement, json, error);
    row_maps_free(maps);
    return good;
}

static bool print_scripts(struct daemon *daemon, const struct feed_page *page, const struct choice *choice, enum feed_form form,
                          struct json *json, struct error *error)
{
    const struct engine_options *options = &daemon->engine.options;
    bool good = true, shared = form == FEED_TRIGGER && (choice->install || !choice->table);
    json_object_begin(json);
    json_key(json, "statements");
    json_array_begin(json);
    if (shared && choice->install) good = feed_script_shared(options->source_schema, options->source_user, true, print_statement, json);
    for (uint32_t i = 0; good && i < page->need_count; i++) {
        const struct feed_need *need = &page->needs[i];
        if (!chosen(choice, need)) continue;
        bool other = choice->install || need->state == FEED_ABSENT;
        good = print_table(daemon, need->table, other ? form : need->form, choice->install, json, error);
    }
    if (good && shared && !choice->install)
        good = feed_script_shared(options->source_schema, options->source_user, false, print_statement, json);
    json_array_end(json);
    json_object_end(json);
    return good;
}

/* ---- changing ---- */

static bool start_work(struct daemon *daemon, const struct feed_page *page, const struct choice *choice, const struct request_body *body,
                       enum feed_form form, struct json *json, struct error *error)
{
    const char *author = request_text(body, "author"), *reason = request_text(body, "reason");
    struct feed_request request = {.install = choice->install, .anyway = request_boolean(body, "override")};
    snprintf(request.author, sizeof request.author, "%s", author ? author : "operator");
    snprintf(request.reason, sizeof request.reason, "%s", reason ? reason : "");
    struct feed_order *orders = memory_zero(page->need_count + 1, sizeof *orders);
    uint32_t count = 0, bare = 0; /* bare: tables with a key that stay without a feed */
    for (uint32_t i = 0; i < page->need_count; i++) {
        const struct feed_need *need = &page->needs[i];
        if (!chosen(choice, need)) {
            bare += choice->install && !choice->table && need->possible && need->state == FEED_ABSENT;
            continue;
        }
        bool same = need->state == FEED_BROKEN && !choice->form_given; /* made whole as what it was */
        snprintf(orders[count].table, sizeof orders[count].table, "%s", need->table);
        orders[count++].form = same ? need->form : form;
    }
    bool good = count == 0 || feed_work_start(daemon, &request, orders, count, error);
    if (good) {
        json_object_begin(json);
        json_field_text(json, "action", choice->install ? "install" : "remove");
        json_field_u64(json, "started", count);
        json_field_u64(json, "without", bare);
        json_object_end(json);
    }
    memory_free(orders);
    return good;
}

bool feed_change(struct daemon *daemon, const struct request_body *body, struct json *json, struct error *error)
{
    const char *action = request_text(body, "action"), *form_name = request_text(body, "form");
    enum feed_form form = FEED_TRIGGER;
    struct feed_page page;
    char table[260];
    request_name(body, "table", table, sizeof table);
    struct choice choice = {.table = *table ? table : NULL, .all = request_boolean(body, "all"), .form_given = form_name != NULL};
    choice.install = action && strcmp(action, "install") == 0;
    if (!choice.install && (!action || strcmp(action, "remove") != 0))
        return error_set(error, ERROR_USAGE, "\"action\" must be install or remove");
    if (form_name && !feed_form_parse(form_name, &form))
        return error_set(error, ERROR_USAGE, "the forms are trigger and mvlog, not %s", form_name);
    if (!page_fill(daemon, &page, error)) return false;
    bool good = true, known = choice.table == NULL;
    for (uint32_t i = 0; i < page.need_count && !known; i++) known = strcmp(page.needs[i].table, choice.table) == 0;
    if (!known)
        good =
            error_set(error, ERROR_NOT_FOUND, "there is no table %s in the schema %s", choice.table, daemon->engine.options.source_schema);
    else if (request_boolean(body, "print") || request_boolean(body, "dry_run"))
        good = print_scripts(daemon, &page, &choice, form, json, error);
    else
        good = start_work(daemon, &page, &choice, body, form, json, error);
    page_release(&page);
    return good;
}

/* ---- status, gate, alerts ---- */

void feed_status(struct daemon *daemon, struct json *json)
{
    struct feed_statistics all;
    struct feed_table one;
    feed_statistics(daemon->feed, &all, &one, 0);
    json_key(json, "feed");
    totals_json(json, &all);
}

static uint32_t tables_in(struct daemon *daemon, enum feed_state state, char *names, size_t size)
{
    struct feed_statistics all;
    struct feed_table *tables = memory_zero(TABLES_MAX, sizeof *tables);
    uint32_t count = feed_statistics(daemon->feed, &all, tables, TABLES_MAX), found = 0;
    size_t at = 0;
    names[0] = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (tables[i].state != state) continue;
        if (at + 200 < size)
            at += (size_t)snprintf(names + at, size - at, "%s%s (%.100s)", found ? ", " : "", tables[i].table, tables[i].reason);
        found++;
    }
    memory_free(tables);
    return found;
}

bool feed_ready(struct daemon *daemon, bool *broken, char *text, size_t size)
{
    struct feed_statistics all;
    struct feed_table one;
    char names[1000];
    feed_statistics(daemon->feed, &all, &one, 0);
    *broken = all.broken > 0 && tables_in(daemon, FEED_BROKEN, names, sizeof names) > 0;
    if (*broken)
        snprintf(text, size, "the key feed does not work: %.300s", names);
    else if (all.lag_us > 5000000)
        snprintf(text, size, "the key feed is %.1f s behind, %llu keys wait: %.200s", (double)all.lag_us / 1e6,
                 (unsigned long long)all.backlog, all.last_error);
    else
        return true;
    return false;
}
