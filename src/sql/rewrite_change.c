/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrite: INSERT, UPDATE, DELETE, MERGE. Values are converted to the type of the column that takes them. */
#include "sql/build.h"
#include "sql/check.h"
#include "sql/rewrite.h"
#include "sql/rewrite_parts.h"
#include "sql/walk.h"

/* PostgreSQL cuts blanks that are too many for a varchar, the source refuses the row. */
static void check_blanks(struct translation *t, const struct expression *e, const struct expression *column)
{
    int length = column->column && column->column->source ? column->column->source->length : 0;
    if (e->kind != EXPRESSION_STRING || column->typing.type != SQL_VARCHAR || length <= 0 || e->text.size <= (size_t)length ||
        e->text.data[e->text.size - 1] != ' ')
        return;
    finding_refuse(t, e->at, "length", "the value is too long for its column, by blanks that the target would cut", "shorten it");
}

static void into_column(struct translation *t, struct expression **value, const struct expression *column)
{
    struct expression *e = *value;
    check_blanks(t, e, column);
    int64_t step;
    bool counter = e->kind == EXPRESSION_ARITHMETIC && (e->operator_code == OPERATOR_PLUS || e->operator_code == OPERATOR_MINUS) &&
                   e->arguments[0]->kind == EXPRESSION_NAME && column->column && e->arguments[0]->column == column->column &&
                   literal_integer(e->arguments[1], &step) && column->typing.target == TARGET_INTEGER &&
                   type_is_number(column->typing.type);
    if (counter) { /* version = version + 1: what overflows here overflows the column too */
        e->rewritten = true;
        return;
    }
    rewrite_expression(t, value);
    if ((*value)->kind == EXPRESSION_DEFAULT) return;
    if (is_null_literal(*value)) {
        *value = build_null(t, (*value)->at);
        return;
    }
    *value = as_type(t, *value, &column->typing);
}

static void convert_items(struct translation *t, struct body *body, const struct insert_branch *b)
{
    if (body->kind == BODY_QUERY) {
        convert_items(t, body->query->body, b);
        return;
    }
    if (body->kind == BODY_SET) {
        for (uint32_t i = 0; i < body->term_count; i++) convert_items(t, body->terms[i], b);
        return;
    }
    struct select *s = body->select;
    for (uint32_t i = 0; i < s->item_count && i < b->column_count; i++) {
        struct expression *e = s->items[i].expression;
        if (e->kind == EXPRESSION_STAR) return;
        bool distinct_bind = e->kind == EXPRESSION_BIND && (s->distinct || s->aggregated);
        s->items[i].expression = distinct_bind ? as_result(t, e, &b->columns[i]->typing) : as_type(t, e, &b->columns[i]->typing);
    }
}

static void rewrite_branch(struct translation *t, struct insert_branch *b)
{
    for (uint32_t i = 0; i < b->value_count; i++) {
        if (i < b->column_count)
            into_column(t, &b->values[i], b->columns[i]);
        else
            rewrite_expression(t, &b->values[i]);
    }
    if (b->when) rewrite_expression(t, &b->when);
}

static bool branch_equal(const struct insert_branch *a, const struct insert_branch *b)
{
    if (a->target->relation == NULL || b->target->relation == NULL || a->column_count != b->column_count || a->when || b->when ||
        a->is_else || b->is_else)
        return false;
    if (!a->target->relation->table || a->target->relation->table != b->target->relation->table) return false;
    for (uint32_t i = 0; i < a->column_count; i++)
        if (!view_equal(a->columns[i]->text, b->columns[i]->text)) return false;
    return true;
}

static bool reads_source(struct insert_branch *b)
{
    for (uint32_t i = 0; i < b->value_count; i++)
        if (!is_constant(b->values[i]) && b->values[i]->kind != EXPRESSION_BIND) return true;
    return false;
}

/* INSERT ALL INTO t VALUES (..) INTO t VALUES (..) SELECT .. FROM dual: one INSERT of several rows. */
static bool is_rows_of_one_table(const struct change *c)
{
    if (!c->query || c->query->body->kind != BODY_SELECT || c->query->order.count) return false;
    const struct select *s = c->query->body->select;
    if (s->where || s->aggregated || s->distinct || s->connect_by || s->from_count != 1) return false;
    if (!s->from[0]->relation || s->from[0]->relation->kind != RELATION_DUAL) return false;
    for (uint32_t i = 0; i < c->branch_count; i++)
        if (reads_source(&c->branches[i]) || (i > 0 && !branch_equal(&c->branches[0], &c->branches[i])) || c->branches[i].when)
            return false;
    return true;
}

/* INSERT ALL draws a sequence once for a row of the source: there, and the branches take the number from it. */
static void draw_once(struct translation *t, struct expression **at, void *context)
{
    struct change *c = context;
    struct expression *e = *at;
    uint32_t k = 0;
    if (e->kind != EXPRESSION_SEQUENCE) return;
    while (k < c->drawn_count && !(view_equal(c->drawn[k]->qualifier, e->qualifier) && view_equal(c->drawn[k]->schema, e->schema))) k++;
    if (k == c->drawn_count) LIST_ADD(t, c->drawn, c->drawn_count, e);
    *at = build_text(t, e->at, e->typing, PRECEDENCE_PRIMARY, translation_printf(t, "next_value_%u", (unsigned)k + 1));
}

static void draw_sequences(struct translation *t, struct change *c)
{
    for (uint32_t i = 0; i < c->branch_count; i++) {
        for (uint32_t j = 0; j < c->branches[i].value_count; j++) walk_flat(t, &c->branches[i].values[j], draw_once, c);
        if (c->branches[i].when) walk_flat(t, &c->branches[i].when, draw_once, c);
    }
    for (uint32_t k = 0; k < c->drawn_count; k++) rewrite_expression(t, &c->drawn[k]);
}

/* A column that is NULL in every row has no type of its own: the branches write NULL themselves. */
static void put_nulls(struct translation *t, struct change *c)
{
    if (c->query->body->kind != BODY_SELECT) return;
    for (uint32_t i = 0; i < c->branch_count; i++)
        for (uint32_t j = 0; j < c->branches[i].value_count; j++) {
            const struct expression *e = c->branches[i].values[j];
            if (e->kind == EXPRESSION_NAME && e->column && e->column->expression && is_null_literal(e->column->expression))
                c->branches[i].values[j] = build_null(t, e->at);
        }
}

static void rewrite_insert(struct translation *t, struct change *c, enum sql_kind kind)
{
    if (kind == SQL_INSERT_ALL && is_rows_of_one_table(c)) {
        c->rows_of_values = true;
        c->query = NULL;
    }
    if (c->query && kind == SQL_INSERT_ALL) put_nulls(t, c);
    if (c->query) rewrite_query(t, c->query);
    if (c->query && kind == SQL_INSERT_ALL) draw_sequences(t, c);
    for (uint32_t i = 0; i < c->branch_count; i++) rewrite_branch(t, &c->branches[i]);
    if (c->query && kind == SQL_INSERT) convert_items(t, c->query->body, &c->branches[0]);
}

static void rewrite_assignments(struct translation *t, struct change *c)
{
    for (uint32_t i = 0; i < c->assignment_count; i++) {
        struct assignment *a = &c->assignments[i];
        if (a->column_count == 1) {
            into_column(t, &a->value, a->columns[0]);
            continue;
        }
        if (a->value->kind == EXPRESSION_ROW && a->value->argument_count == a->column_count) {
            for (uint32_t j = 0; j < a->column_count; j++) into_column(t, &a->value->arguments[j], a->columns[j]);
            continue;
        }
        rewrite_expression(t, &a->value);
        if (a->value->kind != EXPRESSION_QUERY) {
            finding_refuse(t, a->value->at, "update", "several columns are set from something that is no query", "set them one by one");
            continue;
        }
        struct insert_branch columns = {.columns = a->columns, .column_count = a->column_count};
        convert_items(t, a->value->query->body, &columns);
    }
}

/* In MERGE .. DELETE WHERE the target's columns are those after the update. */
static void substitute(const struct change *c, struct expression **at)
{
    struct expression *e = *at;
    if (e->kind == EXPRESSION_NAME && e->relation == c->target->relation && e->column) {
        for (uint32_t i = 0; i < c->assignment_count; i++)
            if (c->assignments[i].column_count == 1 && c->assignments[i].columns[0]->column == e->column) {
                *at = c->assignments[i].value;
                return;
            }
    }
    for (uint32_t i = 0; i < e->argument_count; i++) substitute(c, &e->arguments[i]);
}

static void rewrite_merge(struct translation *t, struct change *c)
{
    for (uint32_t i = 0; i < c->from_count; i++) {
        struct from_item *item = c->from[i];
        if (item->query) rewrite_query(t, item->query);
        if (item->kind == FROM_JOIN) finding_refuse(t, item->at, "merge", "the source of MERGE is a join", "put it into a subquery");
    }
    check_condition(t, c->on);
    rewrite_expression(t, &c->on);
    if (c->delete_where) rewrite_expression(t, &c->delete_where);
    rewrite_assignments(t, c);
    if (c->delete_where) substitute(c, &c->delete_where);
    check_condition(t, c->where);
    if (c->where) rewrite_expression(t, &c->where);
    if (c->has_insert) rewrite_branch(t, &c->insert);
    if (c->insert_where) rewrite_expression(t, &c->insert_where);
}

static void rewrite_returning(struct translation *t, struct change *c)
{
    for (uint32_t i = 0; i < c->returning_count; i++) {
        rewrite_expression(t, &c->returning[i]);
        if (c->returning[i]->kind == EXPRESSION_STRING) c->returning[i] = build_cast(t, c->returning[i], "text", TARGET_TEXT);
    }
}

void rewrite_change(struct translation *t, struct change *c, enum sql_kind kind)
{
    if (!c->scope) return; /* refused by the resolver */
    if (kind == SQL_INSERT || kind == SQL_INSERT_ALL) {
        rewrite_insert(t, c, kind);
    } else if (kind == SQL_MERGE) {
        rewrite_merge(t, c);
    } else {
        rewrite_rownum_assigned(t, c);
        for (uint32_t i = 0; i < c->from_count; i++)
            if (c->from[i]->query) rewrite_query(t, c->from[i]->query);
        rewrite_assignments(t, c);
        check_condition(t, c->where);
        if (c->where) rewrite_rownum_change(t, c);
        if (c->where) rewrite_expression(t, &c->where);
    }
    rewrite_returning(t, c);
}
