/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrite: PIVOT becomes GROUP BY with one aggregate over CASE for each value; UNPIVOT a lateral list of rows. Done while names are
 * resolved, because what comes out are columns that the query around it names.
 */
#include "sql/build.h"
#include "sql/name.h"
#include "sql/pivot.h"
#include "sql/rewrite.h"

struct pivoting {
    const struct pivot *pivot;
    struct scope *scope; /* of what is pivoted */
    struct select *select;
    struct query *query;
};

static bool is_called(const struct view *names, uint32_t count, struct view name)
{
    for (uint32_t i = 0; i < count; i++)
        if (view_equal(names[i], name)) return true;
    return false;
}

static struct expression *name_of(struct translation *t, uint32_t at, struct scope *scope, struct view name)
{
    struct expression *e = translation_alloc(t, sizeof *e);
    e->kind = EXPRESSION_NAME;
    e->at = e->end = at;
    e->text = name;
    resolve_expression(t, scope, e);
    e->qualify = true;
    return e;
}

static void add_item(struct translation *t, struct pivoting *p, struct expression *e, struct view name)
{
    struct view target = name_to_target(t, name);
    struct select_item item = {.expression = e, .alias = name, .label = target, .heading = name};
    LIST_ADD(t, p->select->items, p->select->item_count, item);
    struct typing typing = e->typing;
    struct relation_column column = {.name = name, .target = target, .typing = typing, .expression = e};
    LIST_ADD(t, p->query->columns, p->query->column_count, column);
}

/* Aggregate over the rows of one value. */
static struct expression *aggregate_of(struct translation *t, struct pivoting *p, const struct expression *aggregate,
                                       struct expression *value)
{
    const struct pivot *pivot = p->pivot;
    struct expression *e = expression_copy(t, aggregate), *when = NULL;
    struct expression *const *values = value->kind == EXPRESSION_ROW ? value->arguments : &value;
    for (uint32_t i = 0; i < pivot->name_count; i++) {
        struct expression *compare =
            build_compare(t, OPERATOR_EQUAL, name_of(t, value->at, p->scope, pivot->names[i]), expression_copy(t, values[i]));
        compare->rewritten = false;
        when = build_and(t, when, compare);
    }
    if (e->kind != EXPRESSION_CALL || !e->call || e->call->over) {
        finding_refuse(t, e->at, "pivot", "PIVOT with something else than plain aggregates", "write it with CASE and GROUP BY");
        return e;
    }
    struct expression *choice = build_expression(t, EXPRESSION_CASE, e->at, typing_of(SQL_UNKNOWN, TARGET_UNKNOWN));
    choice->rewritten = false;
    build_add(t, choice, when);
    build_add(t, choice, e->argument_count > 0 ? e->arguments[0] : build_number(t, e->at, 1));
    if (e->argument_count == 0) {
        e->arguments = NULL;
        build_add(t, e, choice);
        e->call->star = false;
    } else {
        e->arguments[0] = choice;
    }
    resolve_expression(t, p->scope, e);
    return e;
}

static struct view value_name(struct translation *t, const struct pivot_value *value)
{
    if (value->alias.size) return value->alias;
    uint32_t end = value->expression->end > value->expression->at ? value->expression->end : value->expression->at;
    return view_of(t->text.data + value->expression->at, end - value->expression->at);
}

static void mark_used(struct translation *t, struct expression **at, void *context)
{
    (void)t;
    (void)context;
    if ((*at)->kind == EXPRESSION_NAME && (*at)->column) (*at)->column->merged = true; /* borrowed: columns that do not group */
}

static bool begin(struct translation *t, struct pivoting *p, struct from_item *item)
{
    p->scope->select = p->select;
    resolve_from(t, p->scope, item->left);
    p->select->scope = p->scope;
    p->select->at = item->at;
    LIST_ADD(t, p->select->from, p->select->from_count, item->left);
    p->query->body = translation_alloc(t, sizeof *p->query->body);
    p->query->body->kind = BODY_SELECT;
    p->query->body->select = p->select;
    p->query->known = p->query->resolved = true;
    for (uint32_t i = 0; i < p->scope->relation_count; i++)
        if (!p->scope->relations[i]->known) {
            finding_refuse(t, item->at, "pivot", "PIVOT over a table whose columns are not known", "add the table to the catalog");
            return false;
        }
    return true;
}

static void pivot(struct translation *t, struct pivoting *p)
{
    const struct pivot *pivot = p->pivot;
    for (uint32_t i = 0; i < pivot->aggregate_count; i++) {
        resolve_expression(t, p->scope, pivot->aggregates[i].expression);
        for (uint32_t j = 0; j < pivot->aggregates[i].expression->argument_count; j++) {
            struct expression *argument = pivot->aggregates[i].expression->arguments[j];
            struct expression **at = &argument;
            mark_used(t, at, NULL);
            expression_parts(t, argument, mark_used, NULL);
        }
    }
    p->select->aggregated = true;
    for (uint32_t i = 0; i < p->scope->relation_count; i++) {
        struct relation *r = p->scope->relations[i];
        for (uint32_t j = 0; j < r->column_count; j++) {
            if (r->columns[j].merged || is_called(pivot->names, pivot->name_count, r->columns[j].name)) continue;
            struct expression *e = build_column(t, p->select->at, r, &r->columns[j]);
            struct group_item group = {.kind = GROUP_PLAIN, .expression = e};
            e->rewritten = false;
            add_item(t, p, e, r->columns[j].name);
            LIST_ADD(t, p->select->group, p->select->group_count, group);
        }
        for (uint32_t j = 0; j < r->column_count; j++) r->columns[j].merged = false;
    }
    for (uint32_t i = 0; i < pivot->value_count; i++) {
        struct expression *value = pivot->values[i].expression;
        uint32_t count = value->kind == EXPRESSION_ROW ? value->argument_count : 1;
        if (count != pivot->name_count) {
            finding_refuse(t, value->at, "pivot", "a value of PIVOT does not have as many parts as there are columns", "check the list");
            return;
        }
        for (uint32_t j = 0; j < pivot->aggregate_count; j++) {
            struct view name = value_name(t, &pivot->values[i]), own = pivot->aggregates[j].alias;
            if (own.size)
                name = view_text(
                    translation_printf(t, "%.*s_%.*s", (int)name.size, (const char *)name.data, (int)own.size, (const char *)own.data));
            add_item(t, p, aggregate_of(t, p, pivot->aggregates[j].expression, value), name);
        }
    }
}

static bool is_unpivoted(const struct pivot *pivot, struct view name)
{
    for (uint32_t i = 0; i < pivot->value_count; i++)
        for (uint32_t j = 0; j < pivot->values[i].column_count; j++)
            if (view_equal(pivot->values[i].columns[j]->text, name)) return true;
    return false;
}

static void unpivot(struct translation *t, struct pivoting *p)
{
    const struct pivot *pivot = p->pivot;
    struct from_item *rows = translation_alloc(t, sizeof *rows);
    struct relation *r = translation_alloc(t, sizeof *r);
    rows->kind = FROM_ROWS;
    rows->relation = r;
    r->kind = RELATION_QUERY;
    r->item = rows;
    r->known = true;
    r->label = view_text(translation_printf(t, "u%u", ++t->made_names));
    r->columns = translation_alloc(t, sizeof *r->columns * (pivot->measure_count + pivot->name_count));
    r->column_count = pivot->measure_count + pivot->name_count;
    for (uint32_t i = 0; i < p->scope->relation_count; i++) {
        struct relation *from = p->scope->relations[i];
        for (uint32_t j = 0; j < from->column_count; j++)
            if (!is_unpivoted(pivot, from->columns[j].name))
                add_item(t, p, build_column(t, p->select->at, from, &from->columns[j]), from->columns[j].name);
    }
    for (uint32_t i = 0; i < pivot->value_count; i++) {
        const struct pivot_value *value = &pivot->values[i];
        struct expression *row = build_expression(t, EXPRESSION_ROW, p->select->at, typing_of(SQL_UNKNOWN, TARGET_UNKNOWN));
        row->rewritten = false;
        for (uint32_t j = 0; j < pivot->name_count; j++) {
            const struct expression *given = value->expression;
            if (given && given->kind == EXPRESSION_ROW && j < given->argument_count) given = given->arguments[j];
            struct expression *name = given ? expression_copy(t, given) : build_string(t, p->select->at, value->columns[0]->text);
            resolve_expression(t, p->scope, name);
            if (i == 0)
                r->columns[j] =
                    (struct relation_column){.name = pivot->names[j], .target = name_to_target(t, pivot->names[j]), .typing = name->typing};
            if (i == 0 && name->kind == EXPRESSION_STRING) r->columns[j].typing = typing_of(SQL_VARCHAR, TARGET_TEXT);
            build_add(t, row, name);
        }
        for (uint32_t j = 0; j < pivot->measure_count; j++) {
            if (j >= value->column_count) {
                finding_refuse(t, p->select->at, "unpivot", "a row of UNPIVOT does not have as many columns as there are measures",
                               "check the list");
                return;
            }
            struct expression *column = name_of(t, value->columns[j]->at, p->scope, value->columns[j]->text);
            struct relation_column *out = &r->columns[pivot->name_count + j];
            if (i == 0)
                *out = (struct relation_column){
                    .name = pivot->measures[j], .target = name_to_target(t, pivot->measures[j]), .typing = column->typing};
            out->typing.nullable = true;
            build_add(t, row, column);
        }
        LIST_ADD(t, rows->rows, rows->row_count, row);
    }
    LIST_ADD(t, p->select->from, p->select->from_count, rows);
    struct expression *present = NULL;
    for (uint32_t j = 0; j < r->column_count; j++) {
        struct expression *e = build_column(t, p->select->at, r, &r->columns[j]);
        add_item(t, p, e, r->columns[j].name);
        if (j < pivot->name_count) continue;
        struct expression *test = build_expression(t, EXPRESSION_IS, p->select->at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN));
        test->form = IS_NULL;
        test->negated = true;
        build_add(t, test, e);
        if (!present) {
            present = build_expression(t, EXPRESSION_OR, p->select->at, test->typing);
        }
        build_add(t, present, test);
    }
    if (!pivot->include_nulls) p->select->where = present && present->argument_count == 1 ? present->arguments[0] : present;
}

void rewrite_pivot(struct translation *t, struct scope *scope, struct from_item *item)
{
    struct pivoting p = {.pivot = item->pivot, .scope = scope_new(t, scope->outer)};
    p.select = translation_alloc(t, sizeof *p.select);
    p.query = translation_alloc(t, sizeof *p.query);
    p.query->at = item->at;
    if (begin(t, &p, item)) {
        if (item->pivot->unpivot)
            unpivot(t, &p);
        else
            pivot(t, &p);
    }
    item->kind = FROM_QUERY;
    item->query = p.query;
    item->left = NULL;
    struct relation *r = scope_add(t, scope, item);
    r->kind = RELATION_QUERY;
    r->columns = p.query->columns;
    r->column_count = p.query->column_count;
    r->known = true;
    r->label = r->alias.size ? name_to_target(t, r->alias) : view_text(translation_printf(t, "q%u", ++t->made_names));
}
