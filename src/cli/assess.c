/* SPDX-License-Identifier: Apache-2.0 */
/*
 * understudy assess: how much can be translated. Of a file of SQL (JSON lines may say how often each ran), or, without a file, of what the daemon has seen:
 * every statement weighed by its executions. What cannot be translated is listed, most executed first, with its reason.
 */
#include "base/json.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/statements.h"
#include "sql/script.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct missed {
    char *text, *reason;
    uint64_t weight;
    enum sql_state state;
};
struct assessment {
    struct sql_options options;
    uint64_t statements, executions, covered_statements, covered_executions, states[SQL_STATE_COUNT], programs;
    struct missed *missed;
    size_t count, room;
};

static void count_one(struct assessment *a, enum sql_state state, enum sql_kind kind, uint64_t weight, const char *text, const char *reason)
{
    a->statements++;
    a->executions += weight;
    a->states[state]++;
    a->programs += kind == SQL_PLSQL;
    if (state < SQL_REFUSED) {
        a->covered_statements++;
        a->covered_executions += weight;
        return;
    }
    if (a->count == a->room) {
        size_t room = a->room ? a->room * 2 : 64;
        struct missed *list = memory_zero(room, sizeof *list);
        if (a->count) memcpy(list, a->missed, a->count * sizeof *list);
        memory_free(a->missed);
        a->missed = list;
        a->room = room;
    }
    a->missed[a->count++] = (struct missed){.text = memory_string(text), .reason = memory_string(reason), .weight = weight, .state = state};
}

static const char *reason_of(const struct sql_plan *plan)
{
    for (uint32_t i = 0; i < plan->finding_count; i++)
        if (plan->findings[i].severity == SQL_REFUSAL) return plan->findings[i].reason;
    return "";
}

static void one(void *context, const struct statement_read *read)
{
    struct assessment *a = context;
    char front[201];
    if (read->problem) {
        snprintf(front, sizeof front, VIEW_FORMAT, VIEW_ARGUMENTS(read->text));
        count_one(a, SQL_UNPARSED, SQL_OTHER, read->weight, front, read->problem);
        return;
    }
    struct script_parts parts = script_translate(&a->options, read->text); /* several statements in one record count as their worst */
    const struct script_part *worst = script_worst(&parts);
    count_one(a, worst->plan->state, worst->plan->kind, read->weight, worst->plan->source_text, reason_of(worst->plan));
    script_release(&parts);
}

static enum sql_state state_named(const char *name)
{
    for (int i = 0; i < SQL_STATE_COUNT; i++)
        if (name && strcmp(sql_state_name(i), name) == 0) return i;
    return SQL_UNPARSED;
}

/* The reason is found by translating the text again, without its literals. */
static void seen(void *context, const char *sql, const char *state, uint64_t executions)
{
    struct assessment *a = context;
    struct sql_plan *plan = sql_translate(&a->options, view_text(sql));
    count_one(a, state_named(state), plan->kind, executions, sql, reason_of(plan));
    sql_plan_unref(plan);
}

static bool from_daemon(const struct arguments *arguments, struct assessment *a, struct error *error)
{
    struct buffer answer;
    buffer_init(&answer, 256 * 1024 * 1024);
    int status = command_fetch(arguments, "GET", "/v1/statements", view_of(NULL, 0), &answer, error);
    struct view text = buffer_view(&answer);
    bool good = status == 200 && statements_seen_read(text, seen, a);
    if (!good && status != 0)
        error_set(error, ERROR_USAGE, "the daemon answers %d: %.*s", status, (int)(text.size > 200 ? 200 : text.size),
                  (const char *)text.data);
    buffer_release(&answer);
    return good;
}

static int by_weight(const void *x, const void *y)
{
    const struct missed *a = x, *b = y;
    return a->weight < b->weight ? 1 : a->weight > b->weight ? -1 : strcmp(a->text, b->text);
}

static bool maps(const struct sql_column *column)
{
    return column->type != SQL_UNKNOWN && column->type != SQL_OBJECT && column->type != SQL_XML && column->type != SQL_BFILE &&
           column->type != SQL_CURSOR;
}

/* Tables whose rows cannot be told apart, and columns that have no type on the other side. */
static void print_tables(const struct sql_catalog *catalog, struct json *json)
{
    if (json) json_key(json, "tables_without_key"), json_array_begin(json);
    for (uint32_t i = 0; i < sql_catalog_table_count(catalog); i++) {
        const struct sql_table *table = sql_catalog_table_at(catalog, i);
        if (table->view || sql_table_primary_key(table)) continue;
        if (json)
            json_text(json, table->name);
        else
            printf("without a key: %s.%s\n", table->schema, table->name);
    }
    if (json) json_array_end(json), json_key(json, "columns_without_type"), json_array_begin(json);
    for (uint32_t i = 0; i < sql_catalog_table_count(catalog); i++) {
        const struct sql_table *table = sql_catalog_table_at(catalog, i);
        for (uint32_t c = 0; c < table->column_count; c++) {
            char name[300];
            if (maps(&table->columns[c])) continue;
            snprintf(name, sizeof name, "%s.%s", table->name, table->columns[c].name);
            if (json)
                json_text(json, name);
            else
                printf("no type for: %s\n", name);
        }
    }
    if (json) json_array_end(json);
}

static void print_json(const struct assessment *a)
{
    struct buffer out;
    buffer_init(&out, 0);
    struct json json = json_into(&out);
    json_object_begin(&json);
    json_field_u64(&json, "statements", a->statements);
    json_field_u64(&json, "executions", a->executions);
    json_field_u64(&json, "covered_statements", a->covered_statements);
    json_field_u64(&json, "covered_executions", a->covered_executions);
    json_field_u64(&json, "programs", a->programs);
    for (int i = 0; i < SQL_STATE_COUNT; i++) json_field_u64(&json, sql_state_name(i), a->states[i]);
    json_key(&json, "not_covered");
    json_array_begin(&json);
    for (size_t i = 0; i < a->count; i++) {
        json_object_begin(&json);
        json_field_u64(&json, "executions", a->missed[i].weight);
        json_field_text(&json, "state", sql_state_name(a->missed[i].state));
        json_field_text(&json, "sql", a->missed[i].text);
        json_field_text(&json, "reason", a->missed[i].reason);
        json_object_end(&json);
    }
    json_array_end(&json);
    if (a->options.catalog) print_tables(a->options.catalog, &json);
    json_object_end(&json);
    buffer_u8(&out, '\n');
    fwrite(buffer_view(&out).data, 1, buffer_size(&out), stdout);
    buffer_release(&out);
}

static void print_text(const struct assessment *a)
{
    printf("covers %.2f %% of executions, %llu of %llu statements: %llu exact, %llu approximate, %llu passed through; %llu refused, %llu "
           "unparsed\n",
           a->executions ? 100.0 * (double)a->covered_executions / (double)a->executions : 0, (unsigned long long)a->covered_statements,
           (unsigned long long)a->statements, (unsigned long long)a->states[SQL_EXACT], (unsigned long long)a->states[SQL_APPROXIMATE],
           (unsigned long long)a->states[SQL_PASSED], (unsigned long long)a->states[SQL_REFUSED],
           (unsigned long long)a->states[SQL_UNPARSED]);
    if (a->programs) printf("PL/SQL is called by %llu of them\n", (unsigned long long)a->programs);
    if (a->count) printf("the other %zu:\n", a->count);
    for (size_t i = 0; i < a->count; i++) {
        printf("%10llu x  ", (unsigned long long)a->missed[i].weight);
        for (const char *c = a->missed[i].text; *c && c - a->missed[i].text < 160; c++) putchar(*c == '\n' || *c == '\t' ? ' ' : *c);
        printf("\n              %s: %s\n", sql_state_name(a->missed[i].state), a->missed[i].reason);
    }
    if (a->options.catalog) print_tables(a->options.catalog, NULL);
}

int command_assess(const struct arguments *arguments)
{
    struct assessment a = {0};
    struct error error = {0};
    struct sql_catalog *catalog = NULL;
    char schema[129];
    if (arguments->rest_count > 1) {
        error_set(&error, ERROR_USAGE, "name one file of statements, - for standard input, or none for what the daemon has seen");
        return command_fail(&error);
    }
    sql_options_default(&a.options);
    if (arguments->catalog) {
        catalog = statements_catalog(arguments->catalog, schema, &error);
        if (!catalog) return command_fail(&error);
        a.options.catalog = catalog;
        a.options.current_schema = schema;
    }
    bool good = arguments->rest_count ? statements_read(arguments->rest[0], one, &a, &error) : from_daemon(arguments, &a, &error);
    if (good) {
        if (a.count) qsort(a.missed, a.count, sizeof *a.missed, by_weight);
        if (arguments->json)
            print_json(&a);
        else
            print_text(&a);
    }
    for (size_t i = 0; i < a.count; i++) {
        memory_free(a.missed[i].text);
        memory_free(a.missed[i].reason);
    }
    memory_free(a.missed);
    if (catalog) sql_catalog_free(catalog);
    return good ? 0 : command_fail(&error);
}
