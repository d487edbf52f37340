/* SPDX-License-Identifier: Apache-2.0 */
/* Function tables: looked up by name and number of arguments; the general case of a call's rewrite. */
#include "sql/function.h"
#include "sql/build.h"
#include "sql/rewrite_parts.h"

bool function_table_at(uint32_t index, struct function_table *table)
{
    switch (index) {
    case 0: *table = (struct function_table){"text", functions_text, functions_text_count}; return true;
    case 1: *table = (struct function_table){"numbers", functions_number, functions_number_count}; return true;
    case 2: *table = (struct function_table){"dates and times", functions_datetime, functions_datetime_count}; return true;
    case 3: *table = (struct function_table){"general", functions_general, functions_general_count}; return true;
    case 4: *table = (struct function_table){"aggregates and windows", functions_aggregate, functions_aggregate_count}; return true;
    case 5: *table = (struct function_table){"JSON", functions_json, functions_json_count}; return true;
    case 6: *table = (struct function_table){"not translated", functions_refused, functions_refused_count}; return true;
    default: return false;
    }
}

static bool count_fits(const struct function_rule *rule, uint32_t arguments, bool brackets)
{
    if (!brackets && !(rule->flags & (FUNCTION_BARE | FUNCTION_ONLY_BARE))) return false;
    if (brackets && (rule->flags & FUNCTION_ONLY_BARE)) return false;
    return arguments >= (uint32_t)rule->least && (rule->most < 0 || arguments <= (uint32_t)rule->most);
}

static const struct function_rule *find_in(const struct function_table *table, struct view name, uint32_t arguments, bool brackets,
                                           bool *wrong_count)
{
    uint32_t low = 0, high = table->count;
    while (low < high) { /* the first row whose name is not before `name` */
        uint32_t middle = (low + high) / 2;
        if (view_compare(view_text(table->rules[middle].name), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < table->count && view_equal(view_text(table->rules[low].name), name); low++) {
        if (count_fits(&table->rules[low], arguments, brackets)) return &table->rules[low];
        *wrong_count = true;
    }
    return NULL;
}

const struct function_rule *function_find(struct view package, struct view name, uint32_t arguments, bool brackets, bool *wrong_count)
{
    char joined[80];
    *wrong_count = false;
    if (package.size + name.size + 1 > sizeof joined) return NULL;
    if (package.size) {
        memcpy(joined, package.data, package.size);
        joined[package.size] = '.';
        memcpy(joined + package.size + 1, name.data, name.size);
        name = view_of(joined, package.size + 1 + name.size);
    }
    struct function_table table;
    for (uint32_t i = 0; function_table_at(i, &table); i++) {
        const struct function_rule *rule = find_in(&table, name, arguments, brackets, wrong_count);
        if (rule) return rule;
    }
    return NULL;
}

static struct expression *take(struct translation *t, struct expression *e, char letter)
{
    switch (letter) {
    case 't': return as_text(t, e);
    case 'T': return as_readable(t, e);
    case 'n': return as_numeric(t, e);
    case 'm': return as_number(t, e);
    case 'i': return as_integer(t, e);
    case 'd': return as_timestamp(t, e);
    case 'z': return as_zoned(t, e);
    case 'y': return as_interval(t, e);
    case 'b': return as_bytes(t, e);
    case 'f': return as_double(t, e);
    default: return e;
    }
}

static void take_arguments(struct translation *t, struct expression *e, const char *takes)
{
    size_t letters = takes ? strlen(takes) : 0;
    for (uint32_t i = 0; i < e->argument_count && letters > 0; i++)
        e->arguments[i] = take(t, e->arguments[i], takes[i < letters ? i : letters - 1]);
}

static bool has_window_parts(const struct expression *e)
{
    const struct call *c = e->call;
    return c->over || c->keep || c->within || c->distinct || c->nulls || c->order.count || c->from_last;
}

struct expression *rewrite_call(struct translation *t, struct expression *e)
{
    const struct function_rule *rule = e->rule;
    if (!rule) return e; /* a function of the user's, or refused by the resolver */
    if (e->call->named)
        finding_refuse(t, e->at, "named arguments", "a built-in function is called with named arguments", "call it by position");
    if (rule->state == SQL_REFUSED) {
        finding_refuse(
            t, e->at, "function",
            translation_printf(t, "%s is not translated: %s", rule->name, rule->difference ? rule->difference : "it has no counterpart"),
            rule->advice ? rule->advice : "give a translation in the mapping file");
        return e;
    }
    if (rule->state == SQL_APPROXIMATE)
        finding_difference(t, e->at, rule->name, rule->difference, rule->advice ? rule->advice : "compare with a tolerance");
    if (e->call->fallback) {
        return rewrite_fallback(t, e);
    }
    if (!(rule->flags & (FUNCTION_AGGREGATE | FUNCTION_ANALYTIC)) && has_window_parts(e)) {
        finding_refuse(t, e->at, "function", translation_printf(t, "%s is called as an aggregate or window function", rule->name),
                       "check the call");
        return e;
    }
    take_arguments(t, e, rule->takes);
    if (rule->rewrite) return rule->rewrite(t, e);
    if (rule->flags & (FUNCTION_AGGREGATE | FUNCTION_ANALYTIC)) {
        e->target_name = rule->how;
        return rewrite_aggregate(t, e);
    }
    struct expression *made = build_template(t, e->at, e->typing, PRECEDENCE_PRIMARY, rule->how, e->arguments, e->argument_count);
    made->end = e->end;
    return made;
}
