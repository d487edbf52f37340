/* SPDX-License-Identifier: Apache-2.0 */
/* understudy translate: the translator over a file of statements. */
#include "cli/command.h"

#include "base/json.h"
#include "base/memory.h"
#include "cli/statements.h"
#include "sql/translate.h"
#include <stdio.h>
#include <string.h>

struct run {
    bool json, bad;
    struct sql_options options;
};

static void print_json(const char *id, struct view text, const struct sql_plan *plan)
{
    static const char *const states[] = {"exact", "approximate", "passed", "refused", "unparsed"};
    struct buffer out;
    buffer_init(&out, 0);
    struct json json = json_into(&out);
    json_object_begin(&json);
    json_field_text(&json, "id", id);
    json_field_view(&json, "sql", text);
    json_field_text(&json, "state", states[plan->state]);
    json_field_text(&json, "target", plan->target_text);
    json_key(&json, "binds");
    json_array_begin(&json);
    for (uint32_t i = 0; i < plan->bind_count; i++) json_text(&json, plan->binds[i].name);
    json_array_end(&json);
    json_field_text(&json, "class", sql_class_name(plan->class_));
    json_key(&json, "tables");
    json_array_begin(&json);
    for (uint32_t i = 0; i < plan->name_count; i++) {
        char name[300];
        const struct sql_name_use *use = &plan->names[i];
        snprintf(name, sizeof name, "%s%s%s", use->schema, use->schema[0] ? "." : "", use->name);
        json_text(&json, name);
    }
    json_array_end(&json);
    json_key(&json, "findings");
    json_array_begin(&json);
    for (uint32_t i = 0; i < plan->finding_count; i++) {
        json_object_begin(&json);
        json_field_u64(&json, "line", plan->findings[i].line);
        json_field_u64(&json, "column", plan->findings[i].column);
        json_field_text(&json, "reason", plan->findings[i].reason);
        json_field_text(&json, "advice", plan->findings[i].advice);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    buffer_u8(&out, '\n');
    fwrite(buffer_view(&out).data, 1, buffer_size(&out), stdout);
    buffer_release(&out);
}

/* No statement: said in the same form, and by the exit status. */
static void print_problem(struct run *run, const char *id, struct view text, const char *problem)
{
    struct sql_finding finding = {.line = 1, .column = 1, .reason = problem, .advice = "mend the input"};
    struct sql_plan nothing = {.state = SQL_UNPARSED, .class_ = SQL_CLASS_OPAQUE, .findings = &finding, .finding_count = 1};
    run->bad = true;
    if (run->json)
        print_json(id, text, &nothing);
    else
        printf("-- %s: %s\n", id, problem);
}

static void one(void *context, const struct statement_read *read)
{
    struct run *run = context;
    struct view text = read->text;
    const char *id = read->id;
    size_t good = json_utf8_size(text);
    char problem[80];
    if (read->problem) {
        print_problem(run, id, text, read->problem);
        return;
    }
    if (good < text.size) {
        snprintf(problem, sizeof problem, "byte %zu of the statement is not UTF-8", good + 1);
        print_problem(run, id, text, problem);
        return;
    }
    struct sql_plan *plan = sql_translate(&run->options, text);
    if (run->json) {
        print_json(id, text, plan);
    } else {
        if (plan->target_text) printf("%s;\n", plan->target_text);
        for (uint32_t i = 0; i < plan->finding_count; i++)
            printf("-- %s:%u:%u: %s%s%s\n", id, plan->findings[i].line, plan->findings[i].column, plan->findings[i].reason,
                   plan->findings[i].advice ? "; " : "", plan->findings[i].advice ? plan->findings[i].advice : "");
    }
    sql_plan_unref(plan);
}

int command_translate(const struct arguments *arguments)
{
    struct run run = {.json = arguments->json};
    struct error error = {0};
    if (arguments->rest_count != 1) {
        error_set(&error, ERROR_USAGE, "name a file of statements, or - for standard input");
        return command_fail(&error);
    }
    sql_options_default(&run.options);
    struct sql_catalog *catalog = NULL;
    char schema[129];
    if (arguments->catalog) {
        catalog = statements_catalog(arguments->catalog, schema, &error);
        if (!catalog) return command_fail(&error);
        run.options.catalog = catalog;
        run.options.current_schema = schema;
    }
    bool good = statements_read(arguments->rest[0], one, &run, &error);
    if (catalog) sql_catalog_free(catalog);
    if (!good) return command_fail(&error);
    return run.bad ? 1 : 0;
}
