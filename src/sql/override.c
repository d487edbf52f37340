/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overrides: the operator's own translation. Kind, class, tables, key and fingerprint come from the source text as far as it can be read; the target text is taken as
 * given. bind_order names, for $1, $2, .., the source bind by name or by its 1-based occurrence, comma-separated; without it $n is the n-th occurrence.
 */
#include "sql/plan.h"

#include "base/arena.h"

static uint32_t parameters_of(const char *text)
{
    uint32_t most = 0;
    for (const char *c = text; *c; c++) {
        uint32_t n = 0;
        if (*c == '\'') { /* literals hold no parameters */
            for (c++; *c && *c != '\''; c++) {}
            if (!*c) break;
            continue;
        }
        if (*c != '$') continue;
        while (c[1] >= '0' && c[1] <= '9' && n < 100000) n = n * 10 + (uint32_t)(*++c - '0');
        if (n > most) most = n;
    }
    return most;
}

static bool find_source(const struct sql_plan *plan, struct view wanted, uint32_t *position)
{
    uint64_t number;
    if (view_to_u64(wanted, &number) && number >= 1 && number <= plan->source_bind_count) {
        *position = (uint32_t)number - 1;
        return true;
    }
    for (uint32_t i = 0; i < plan->source_bind_count; i++) {
        if (!view_equal_ignoring_case(view_text(plan->source_binds[i]), wanted)) continue;
        *position = i;
        return true;
    }
    return false;
}

static struct view next_name(struct view *list)
{
    size_t size = 0;
    while (size < list->size && list->data[size] != ',') size++;
    struct view name = view_trim(view_of(list->data, size));
    *list = view_of(list->data + (size < list->size ? size + 1 : size), list->size - (size < list->size ? size + 1 : size));
    if (name.size && name.data[0] == ':') name = view_of(name.data + 1, name.size - 1);
    return name;
}

static void refuse(struct sql_plan *plan, struct arena *arena, const char *reason, const char *advice)
{
    plan->state = SQL_REFUSED;
    plan->target_text = NULL;
    plan->findings = arena_zero(arena, sizeof *plan->findings);
    plan->finding_count = 1;
    plan->findings[0] =
        (struct sql_finding){.severity = SQL_REFUSAL, .line = 1, .column = 1, .rule = "override", .reason = reason, .advice = advice};
}

static void take_binds(struct sql_plan *plan, struct arena *arena, const char *bind_order)
{
    uint32_t count = parameters_of(plan->target_text);
    struct view order = view_text(bind_order ? bind_order : "");
    plan->binds = arena_zero(arena, sizeof *plan->binds * (count + 1));
    plan->bind_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t position = i;
        bool found = bind_order && *bind_order ? find_source(plan, next_name(&order), &position) : i < plan->source_bind_count;
        if (!found) {
            refuse(plan, arena, "the override wants a bind that the statement does not have", "name each $n's source bind in bind_order");
            return;
        }
        plan->binds[i] = (struct sql_bind){.name = plan->source_binds[position], .position = position};
    }
}

static void take_tables(struct sql_plan *plan, struct arena *arena, const struct sql_options *options, const char *tables)
{
    struct view list = view_text(tables ? tables : "");
    uint32_t room = 1;
    for (size_t i = 0; i < list.size; i++) room += list.data[i] == ',';
    struct sql_table_use *uses = arena_zero(arena, sizeof *uses * (room + plan->table_count));
    uint32_t count = 0;
    while (list.size && options->catalog) {
        char *name = arena_string(arena, next_name(&list)), *point = strchr(name, '.');
        if (point) *point = 0;
        for (char *c = name; *c; c++)
            if (*c >= 'a' && *c <= 'z') *c -= 32;
        for (char *c = point ? point + 1 : name; *c; c++)
            if (*c >= 'a' && *c <= 'z') *c -= 32;
        const struct sql_table *table =
            sql_catalog_table(options->catalog, options->current_schema, point ? name : NULL, point ? point + 1 : name);
        if (table) uses[count++] = (struct sql_table_use){table, true, plan->kind != SQL_SELECT};
    }
    if (!count) return;
    plan->tables = uses;
    plan->table_count = count;
}

struct sql_plan *sql_plan_override(const struct sql_options *options, struct view statement, const char *target_text,
                                   const char *bind_order, const char *tables, uint64_t generation)
{
    struct sql_plan *plan = sql_translate(options, statement);
    struct arena *arena = plan_arena(plan);
    plan->target_text = arena_string(arena, view_text(target_text));
    plan->returning_text = NULL;
    plan->returning_into_text = NULL;
    plan->returning_image_count = 0;
    plan->finding_count = 0;
    plan->state = SQL_EXACT;
    plan->overridden = true;
    plan->generation = generation;
    if (plan->class_ == SQL_CLASS_OPAQUE) plan->class_ = SQL_CLASS_PREDICATE; /* the operator says what it does on the target */
    take_tables(plan, arena, options, tables);
    take_binds(plan, arena, bind_order);
    return plan;
}
