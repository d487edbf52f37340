/* SPDX-License-Identifier: Apache-2.0 */
/* What the source would refuse and PostgreSQL might take: values in the place of conditions, aggregates of aggregates. */
#include "sql/check.h"
#include "sql/function.h"
#include "sql/resolve.h"
#include "sql/walk.h"

static bool is_value(const struct expression *e)
{
    switch (e->kind) {
    case EXPRESSION_NUMBER:
    case EXPRESSION_STRING:
    case EXPRESSION_NULL:
    case EXPRESSION_DATETIME:
    case EXPRESSION_INTERVAL:
    case EXPRESSION_NEGATE:
    case EXPRESSION_PLUS:
    case EXPRESSION_ARITHMETIC:
    case EXPRESSION_CONCAT:
    case EXPRESSION_SEQUENCE: return true;
    case EXPRESSION_NAME:
    case EXPRESSION_CALL:
    case EXPRESSION_CAST: return e->typing.type != SQL_UNKNOWN && e->typing.type != SQL_BOOLEAN;
    default: return false;
    }
}

void check_condition(struct translation *t, const struct expression *e)
{
    if (!e) return;
    if (e->kind == EXPRESSION_AND || e->kind == EXPRESSION_OR || e->kind == EXPRESSION_NOT) {
        for (uint32_t i = 0; i < e->argument_count; i++) check_condition(t, e->arguments[i]);
        return;
    }
    if (is_value(e)) finding_refuse(t, e->at, "condition", "a value stands where a condition is expected", "compare it with another value");
}

static void check_from(struct translation *t, const struct from_item *item)
{
    if (item->left) check_from(t, item->left);
    if (item->right) check_from(t, item->right);
    check_condition(t, item->on);
}

static bool is_aggregate(const struct expression *e)
{
    return e->kind == EXPRESSION_CALL && e->rule && (e->rule->flags & FUNCTION_AGGREGATE) && !e->call->over;
}

static void check_inner(struct translation *t, struct expression **at, void *context)
{
    const struct expression *outer = context;
    if (*at != outer && is_aggregate(*at))
        finding_refuse(t, (*at)->at, "aggregate", "an aggregate of an aggregate is not translated", "aggregate in a subquery first");
}

static void check_aggregate(struct translation *t, struct expression **at, void *context)
{
    struct expression *e = *at;
    (void)context;
    if (!is_aggregate(e)) return;
    for (uint32_t i = 0; i < e->argument_count; i++) walk_flat(t, &e->arguments[i], check_inner, e);
}

void check_select(struct translation *t, struct select *s)
{
    check_condition(t, s->where);
    check_condition(t, s->having);
    check_condition(t, s->start_with);
    check_condition(t, s->connect_by);
    for (uint32_t i = 0; i < s->from_count; i++) check_from(t, s->from[i]);
    for (uint32_t i = 0; i < s->item_count; i++) walk_flat(t, &s->items[i].expression, check_aggregate, NULL);
    if (s->having) walk_flat(t, &s->having, check_aggregate, NULL);
}
