/* SPDX-License-Identifier: Apache-2.0 */
/* understudy translate: the translator over a file of statements. */
#include "cli/command.h"

#include "base/json.h"
#include "base/memory.h"
#include "cli/statements.h"
#include "sql/script.h"
#include <stdio.h>
#include <string.h>

struct run {
    bool json, bad;
    struct sql_options options;
};

static const char *const states[] = {"exact", "approximate", "passed", "refused", "unparsed"};

static bool named_before(const struct script_parts *parts, uint32_t part, const struct sql_name_use *use)
{
    for (uint32_t i = 0; i < part; i++)
        for (uint32_t n = 0; n < parts->parts[i].plan->name_count; n++) {
            const struct sql_name_use *other = &parts->parts[i].plan->names[n];
            if (strcmp(other->schema, use->schema) == 0 && strcmp(other->name, use->name) == 0) return true;
        }
    return false;
}

static void write_tables(struct json *json, const struct script_parts *parts, uint32_t part)
{
    const struct sql_plan *plan = parts->parts[part].plan;
    for (uint32_t i = 0; i < plan->name_count; i++) {
        char name[300];
        const struct sql_name_use *use = &plan->names[i];
        if (named_before(parts, part, use)) continue;
        snprintf(name, sizeof name, "%s%s%s", use->schema, use->schema[0] ? "." : "", use->name);
        json_text(json, name);
    }
}

/* Places are those in the whole text. */
static void write_findings(struct json *json, const struct sql_plan *plan, uint32_t line, uint32_t column)
{
    for (uint32_t i = 0; i < plan->finding_count; i++) {
        const struct sql_finding *f = &plan->findings[i];
        json_object_begin(json);
        json_field_u64(json, "line", f->line + line - 1);
        json_field_u64(json, "column", f->column + (f->line == 1 ? column - 1 : 0));
        json_field_text(json, "reason", f->reason);
        json_field_text(json, "advice", f->advice);
        json_object_end(json);
    }
}

/* One object; the whole text's has the id and, if it is several statements, each of them as a part. */
static void write_object(struct json *json, const char *id, struct view text, const struct script_parts *parts)
{
    const struct sql_plan *first = parts->parts[0].plan;
    char *joined = parts->count > 1 ? script_target(parts) : NULL;
    const char *target = parts->count > 1 ? joined : first->target_text;
    bool same = true;
    for (uint32_t i = 1; i < parts->count; i++) same &= parts->parts[i].plan->class_ == first->class_;
    json_object_begin(json);
    if (id) json_field_text(json, "id", id);
    json_field_view(json, "sql", text);
    json_field_text(json, "state", states[script_worst(parts)->plan->state]);
    json_field_text(json, "target", target);
    json_key(json, "binds");
    json_array_begin(json);
    for (uint32_t i = 0; i < parts->count && target; i++)
        for (uint32_t b = 0; b < parts->parts[i].plan->bind_count; b++) json_text(json, parts->parts[i].plan->binds[b].name);
    json_array_end(json);
    json_field_text(json, "class", sql_class_name(same ? first->class_ : SQL_CLASS_OPAQUE));
    json_key(json, "tables");
    json_array_begin(json);
    for (uint32_t i = 0; i < parts->count; i++) write_tables(json, parts, i);
    json_array_end(json);
    json_key(json, "findings");
    json_array_begin(json);
    for (uint32_t i = 0; i < parts->count; i++) write_findings(json, parts->parts[i].plan, parts->parts[i].line, parts->parts[i].column);
    json_array_end(json);
    if (parts->count > 1) {
        json_key(json, "parts");
        json_array_begin(json);
        for (uint32_t i = 0; i < parts->count; i++)
            write_object(json, NULL, parts->parts[i].text, &(struct script_parts){&parts->parts[i], 1});
        json_array_end(json);
    }
    json_object_end(json);
    memory_free(joined);
}

static void print_json(const char *id, struct view text, const struct script_parts *parts)
{
    struct buffer out;
    buffer_init(&out, 0);
    struct json json = json_into(&out);
    write_object(&json, id, text, parts);
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
        print_json(id, text, &(struct script_parts){&(struct script_part){.text = text, .line = 1, .column = 1, .plan = &nothing}, 1});
    else
        printf("-- %s: %s\n", id, problem);
}

static void print_text(const char *id, const struct script_part *part)
{
    const struct sql_plan *plan = part->plan;
    if (plan->target_text) printf("%s;\n", plan->target_text);
    for (uint32_t i = 0; i < plan->finding_count; i++) {
        const struct sql_finding *f = &plan->findings[i];
        printf("-- %s:%u:%u: %s%s%s\n", id, f->line + part->line - 1, f->column + (f->line == 1 ? part->column - 1 : 0), f->reason,
               f->advice ? "; " : "", f->advice ? f->advice : "");
    }
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
    struct script_parts parts = script_translate(&run->options, text);
    if (run->json)
        print_json(id, text, &parts);
    else
        for (uint32_t i = 0; i < parts.count; i++) print_text(id, &parts.parts[i]);
    script_release(&parts);
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
