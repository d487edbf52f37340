/* SPDX-License-Identifier: Apache-2.0 */
/* Resolver: INSERT, UPDATE, DELETE, MERGE. */
#include "sql/name.h"
#include "sql/resolve.h"

static struct relation *resolve_target(struct translation *t, struct scope *scope, struct from_item *item)
{
    resolve_from(t, scope, item);
    if (item->kind != FROM_TABLE) {
        finding_refuse(t, item->at, "change of a view", "an inline view of more than columns of one table, or a collection, is written",
                       "write the table itself: UPDATE .. SET (..) = (SELECT ..) WHERE EXISTS (..), or MERGE");
        return NULL;
    }
    return item->relation;
}

/* A column of the table written; other tables are not looked at. */
static void resolve_column(struct translation *t, struct relation *target, struct expression *column)
{
    struct scope only = {.relations = &target, .relation_count = 1, .relation_room = 1, .unknown_relations = !target->known};
    column->outer = false;
    resolve_name(t, &only, column);
}

static void resolve_values(struct translation *t, struct scope *scope, struct insert_branch *b)
{
    for (uint32_t i = 0; i < b->value_count; i++) resolve_expression(t, scope, b->values[i]);
}

/* Without a column list: all columns, in the source's order. */
static void complete_columns(struct translation *t, struct insert_branch *b, struct relation *target)
{
    if (b->column_count > 0) {
        for (uint32_t i = 0; i < b->column_count; i++) resolve_column(t, target, b->columns[i]);
        return;
    }
    for (uint32_t i = 0; target->known && i < target->column_count; i++) {
        if (target->columns[i].source && target->columns[i].source->generated_virtual) continue;
        struct expression *column = translation_alloc(t, sizeof *column);
        column->kind = EXPRESSION_NAME;
        column->text = target->columns[i].name;
        column->relation = target;
        column->column = &target->columns[i];
        column->typing = target->columns[i].typing;
        LIST_ADD(t, b->columns, b->column_count, column);
    }
}

static void refuse_count(struct translation *t, const struct change *c, bool more)
{
    finding_refuse(t, c->at, "insert", more ? "more values than columns" : "fewer values than columns", "name the columns");
}

static void check_count(struct translation *t, const struct change *c, const struct insert_branch *b)
{
    if (b->column_count > 0 && b->value_count > 0 && b->column_count != b->value_count)
        refuse_count(t, c, b->value_count > b->column_count);
}

/* Columns of INSERT ALL's query that are expressions without an alias get a name by which the branches ask for them. */
static void name_columns(struct translation *t, struct query *q)
{
    const struct body *body = q->body;
    while (body->kind != BODY_SELECT) body = body->kind == BODY_SET ? body->terms[0] : body->query->body;
    struct select *s = body->select;
    if (s->item_count != q->column_count) return;
    for (uint32_t i = 0; i < s->item_count; i++) {
        enum expression_kind kind = s->items[i].expression->kind;
        if (kind == EXPRESSION_STAR) return;
        if (s->items[i].label.size || kind == EXPRESSION_NAME) continue;
        s->items[i].label = q->columns[i].target = view_text(translation_printf(t, "column_%u", (unsigned)i + 1));
    }
}

static void resolve_insert(struct translation *t, struct change *c, enum sql_kind kind)
{
    struct scope *outside = scope_new(t, NULL);
    if (c->query) resolve_query(t, c->query, NULL);
    struct scope *source = scope_new(t, NULL);
    if (kind == SQL_INSERT_ALL && c->query) { /* the values name columns of the query */
        name_columns(t, c->query);
        struct from_item *item = translation_alloc(t, sizeof *item);
        item->kind = FROM_QUERY;
        item->query = c->query;
        struct relation *r = scope_add(t, source, item);
        r->kind = RELATION_QUERY;
        r->columns = c->query->columns;
        r->column_count = c->query->column_count;
        r->known = c->query->known;
        r->label = view_text("source_row");
        source->unknown_relations = !r->known;
    }
    for (uint32_t i = 0; i < c->branch_count; i++) {
        struct insert_branch *b = &c->branches[i];
        struct relation *target = NULL;
        if (i > 0 && c->rows_of_values) {
            target = c->branches[0].target->relation;
            if (target) resolve_values(t, outside, b);
            b->columns = c->branches[0].columns;
            b->column_count = c->branches[0].column_count;
            if (target) check_count(t, c, b);
            continue;
        }
        target = resolve_target(t, scope_new(t, NULL), b->target);
        if (!target) return;
        if (i == 0) {
            c->target = b->target;
            c->scope = target->scope;
        }
        complete_columns(t, b, target);
        resolve_values(t, kind == SQL_INSERT_ALL ? source : outside, b);
        if (b->when) resolve_expression(t, source, b->when);
        check_count(t, c, b);
        if (c->query && kind == SQL_INSERT && c->query->known && b->column_count > 0 && c->query->column_count != b->column_count)
            refuse_count(t, c, c->query->column_count > b->column_count);
        if (kind == SQL_INSERT_ALL && b->value_count == 0 && c->query && !c->query->known)
            finding_refuse(t, b->target->at, "insert", "the columns of the query are not known",
                           "name them behind VALUES, or give the catalog");
        if (kind == SQL_INSERT_ALL && b->value_count == 0) { /* INTO t: the columns of the query, by position */
            for (uint32_t j = 0; c->query && j < c->query->column_count; j++) {
                struct expression *e = translation_alloc(t, sizeof *e);
                e->kind = EXPRESSION_NAME;
                e->text = c->query->columns[j].name;
                e->relation = source->relations[0];
                e->column = &c->query->columns[j];
                e->typing = e->column->typing;
                e->column->used = true;
                LIST_ADD(t, b->values, b->value_count, e);
            }
        }
    }
}

static void resolve_assignments(struct translation *t, struct change *c, struct relation *target)
{
    for (uint32_t i = 0; i < c->assignment_count; i++) {
        struct assignment *a = &c->assignments[i];
        for (uint32_t j = 0; j < a->column_count; j++) resolve_column(t, target, a->columns[j]);
        resolve_expression(t, c->scope, a->value);
    }
}

static void resolve_change(struct translation *t, struct change *c, enum sql_kind kind)
{
    if (kind == SQL_INSERT || kind == SQL_INSERT_ALL) {
        resolve_insert(t, c, kind);
    } else {
        c->scope = scope_new(t, NULL);
        struct relation *target = resolve_target(t, c->scope, c->target);
        if (!target) return;
        for (uint32_t i = 0; i < c->from_count; i++) {
            struct scope *scope = c->scope;
            resolve_from(t, scope, c->from[i]);
        }
        if (c->on) resolve_expression(t, c->scope, c->on);
        resolve_assignments(t, c, target);
        if (c->where) resolve_expression(t, c->scope, c->where);
        if (c->delete_where) resolve_expression(t, c->scope, c->delete_where);
        if (c->has_insert) {
            complete_columns(t, &c->insert, target);
            resolve_values(t, c->scope, &c->insert);
            check_count(t, c, &c->insert);
            if (c->insert_where) resolve_expression(t, c->scope, c->insert_where);
        }
        if (c->where && c->where->contains_outer)
            finding_refuse(t, c->where->at, "outer join", "(+) stands in the WHERE of a change", "write it as a subquery");
    }
    for (uint32_t i = 0; i < c->returning_count && c->scope; i++) resolve_expression(t, c->scope, c->returning[i]);
    if (c->log_errors)
        finding_refuse(t, c->log_errors_at, "log errors", "LOG ERRORS keeps rows that fail; the target undoes the whole statement",
                       "give a translation in the mapping file");
}

void resolve_statement(struct translation *t, struct statement *s)
{
    if (s->query) resolve_query(t, s->query, NULL);
    if (s->change) resolve_change(t, s->change, s->kind);
    struct scope *scope = s->call ? scope_new(t, NULL) : NULL;
    for (uint32_t i = 0; s->call && i < s->call->argument_count; i++) resolve_expression(t, scope, s->call->arguments[i]);
}
