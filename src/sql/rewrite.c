/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the rewrites over a query. */
#include "sql/rewrite.h"
#include "sql/build.h"
#include "sql/check.h"
#include "sql/json.h"
#include "sql/rewrite_parts.h"
#include "sql/walk.h"

static void name_used(struct query *q);

static void rewrite_from(struct translation *t, struct from_item *item)
{
    if (item->query && !item->query->rewritten) name_used(item->query);
    if (item->query) rewrite_query(t, item->query);
    if (item->left) rewrite_from(t, item->left);
    if (item->right) rewrite_from(t, item->right);
    if (item->on) rewrite_expression(t, &item->on);
    if (item->function) rewrite_expression(t, &item->function);
    if (item->json_table && !t->refused) json_table_rewrite(t, item);
    for (uint32_t i = 0; i < item->row_count; i++) rewrite_expression(t, &item->rows[i]);
}

static void rewrite_groups(struct translation *t, struct group_item *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].expression) {
            rewrite_expression(t, &items[i].expression);
            if (is_literal(items[i].expression)) /* a bare constant would be a position */
                items[i].expression =
                    build_cast(t, items[i].expression, items[i].expression->kind == EXPRESSION_NUMBER ? "numeric" : "text", TARGET_TEXT);
        }
        rewrite_groups(t, items[i].items, items[i].count);
    }
}

static void rewrite_windows(struct translation *t, struct select *s)
{
    for (uint32_t i = 0; i < s->window_count; i++) {
        struct window *w = s->windows[i].window;
        for (uint32_t j = 0; j < w->partition_count; j++) rewrite_expression(t, &w->partition[j]);
        for (uint32_t j = 0; j < w->order.count; j++) rewrite_expression(t, &w->order.keys[j].expression);
        if (w->from.offset) rewrite_expression(t, &w->from.offset);
        if (w->to.offset) rewrite_expression(t, &w->to.offset);
        rewrite_window(t, w);
    }
}

/* '' and bare binds in a select list need a type of their own. */
static void rewrite_item(struct translation *t, struct select_item *item)
{
    rewrite_expression(t, &item->expression);
    struct expression *e = item->expression;
    if (e->kind == EXPRESSION_STRING && e->text.size == 0) item->expression = build_null(t, e->at);
    if (e->kind == EXPRESSION_NAME && e->typing.type == SQL_CHAR && e->typing.target == TARGET_BPCHAR) e->typing.target = TARGET_BPCHAR;
}

static void rewrite_dual(struct select *s);

static void rewrite_group(struct translation *t, struct query *q, struct select *s);

static void rewrite_select(struct translation *t, struct query *q, struct select *s)
{
    check_select(t, s);
    rewrite_outer_join(t, s);
    if (s->connect_by) rewrite_hierarchy(t, q, s);
    rewrite_group(t, q, s);
    rewrite_star(t, s);
    rewrite_rownum(t, q, s);
    rewrite_dual(s);
    for (uint32_t i = 0; i < s->from_count; i++) rewrite_from(t, s->from[i]);
    for (uint32_t i = 0; i < s->item_count; i++) rewrite_item(t, &s->items[i]);
    if (s->where) rewrite_expression(t, &s->where);
    rewrite_groups(t, s->group, s->group_count);
    if (s->having) rewrite_expression(t, &s->having);
    if (s->limit) rewrite_expression(t, &s->limit);
    rewrite_windows(t, s);
}

/* CHARs of one length stay CHARs; beside any other text they are VARCHAR2s with their blanks. */
static void unify_fixed(struct translation *t, struct body *set, uint32_t column)
{
    int length = -1;
    bool fixed = false, same = true;
    for (uint32_t i = 0; i < set->term_count; i++) {
        const struct expression *e = set->terms[i]->select->items[column].expression;
        if (e->kind == EXPRESSION_NULL) continue;
        bool padded = type_is_fixed(e->typing.type) && e->typing.target == TARGET_BPCHAR;
        fixed |= padded;
        same &= type_is_fixed(e->typing.type) && (length < 0 || length == e->typing.length);
        length = e->typing.length;
    }
    for (uint32_t i = 0; fixed && !same && i < set->term_count; i++) {
        struct expression **e = &set->terms[i]->select->items[column].expression;
        if (type_is_fixed((*e)->typing.type) && (*e)->typing.target == TARGET_BPCHAR) {
            struct select_item *item = &set->terms[i]->select->items[column];
            if ((*e)->kind == EXPRESSION_NAME && !item->label.size && (*e)->column) item->label = (*e)->column->target;
            *e = as_text(t, *e);
        }
    }
}

/* Bare NULLs and literals of a set operation take the type of the other branches. */
static void unify_branches(struct translation *t, struct body *set)
{
    uint32_t columns = 0;
    for (uint32_t i = 0; i < set->term_count; i++) {
        if (set->terms[i]->kind != BODY_SELECT) return;
        for (uint32_t j = 0; j < set->terms[i]->select->item_count; j++)
            if (set->terms[i]->select->items[j].expression->kind == EXPRESSION_STAR) return;
        if (i == 0 || set->terms[i]->select->item_count < columns) columns = set->terms[i]->select->item_count;
    }
    for (uint32_t j = 0; j < columns; j++) {
        unify_fixed(t, set, j);
        struct typing wanted = typing_of(SQL_UNKNOWN, TARGET_UNKNOWN);
        bool loose = false;
        for (uint32_t i = 0; i < set->term_count; i++) {
            const struct expression *e = set->terms[i]->select->items[j].expression;
            if (e->kind == EXPRESSION_NULL || e->kind == EXPRESSION_BIND)
                loose = true;
            else if (wanted.type == SQL_UNKNOWN)
                wanted = e->typing;
        }
        for (uint32_t i = 0; loose && i < set->term_count; i++) {
            struct expression **e = &set->terms[i]->select->items[j].expression;
            if ((*e)->kind == EXPRESSION_BIND)
                *e = as_result(t, *e, &wanted);
            else if ((*e)->kind == EXPRESSION_NULL && wanted.type != SQL_UNKNOWN)
                *e = type_is_number(wanted.type)     ? build_cast(t, *e, "numeric", TARGET_NUMERIC)
                     : type_is_zoned(wanted.type)    ? build_cast(t, *e, "timestamptz", TARGET_TIMESTAMPTZ)
                     : type_is_datetime(wanted.type) ? build_cast(t, *e, "timestamp", TARGET_TIMESTAMP)
                     : type_is_bytes(wanted.type)    ? build_cast(t, *e, "bytea", TARGET_BYTES)
                                                     : build_cast(t, *e, "text", TARGET_TEXT);
        }
    }
}

static void rewrite_body(struct translation *t, struct query *q, struct body *body)
{
    switch (body->kind) {
    case BODY_SELECT: rewrite_select(t, q, body->select); return;
    case BODY_QUERY: rewrite_query(t, body->query); return;
    case BODY_SET:
        for (uint32_t i = 0; i < body->term_count; i++) rewrite_body(t, NULL, body->terms[i]);
        unify_branches(t, body);
        return;
    }
}

static struct select *leading_select(struct body *body)
{
    while (body->kind != BODY_SELECT) body = body->kind == BODY_SET ? body->terms[0] : body->query->body;
    return body->select;
}

/* Columns that the query around names get the name under which it does. */
static void name_used(struct query *q)
{
    struct select *s = leading_select(q->body);
    for (uint32_t i = 0; i < s->item_count && i < q->column_count; i++) {
        if (s->items[i].expression->kind == EXPRESSION_STAR) return;
        if (q->columns[i].used && !s->items[i].label.size && s->items[i].expression->kind != EXPRESSION_NAME)
            s->items[i].label = q->columns[i].target;
    }
}

/* A recursive query's types are those of its first term, to the last modifier: that one gets the wide type of its kind. */
static void widen_recursion(struct translation *t, struct with_item *with)
{
    if (!with->recursive || with->query->body->kind != BODY_SET || with->query->body->terms[0]->kind != BODY_SELECT) return;
    struct select *s = with->query->body->terms[0]->select;
    for (uint32_t i = 0; i < s->item_count; i++) {
        struct expression **e = &s->items[i].expression;
        if ((*e)->kind == EXPRESSION_STAR) return;
        enum sql_type type = (*e)->typing.type;
        if ((*e)->kind == EXPRESSION_NAME && !s->items[i].label.size)
            s->items[i].label = (*e)->column ? (*e)->column->target : view_of(NULL, 0);
        if (type_is_number(type) && !type_is_double(type))
            *e = build_cast(t, *e, "numeric", TARGET_NUMERIC);
        else if (type_is_text(type))
            *e = build_cast(t, *e, "text", TARGET_TEXT);
        else if (type_is_datetime(type))
            *e = type_is_zoned(type) ? build_cast(t, *e, "timestamptz", TARGET_TIMESTAMPTZ)
                                     : build_cast(t, *e, "timestamp", TARGET_TIMESTAMP);
    }
}

/* PostgreSQL has SEARCH and CYCLE too, of columns in rising order only, and over two plain queries. */
static void check_search_cycle(struct translation *t, const struct with_item *with)
{
    const struct body *body = with->query->body;
    const char *reason = NULL;
    bool plain = body->kind == BODY_SET && body->term_count == 2 && body->operators[0] == SET_UNION_ALL &&
                 body->terms[0]->kind == BODY_SELECT && body->terms[1]->kind == BODY_SELECT;
    if (!plain || !with->recursive || with->column_count == 0)
        reason = "SEARCH and CYCLE of other queries than two with UNION ALL between them";
    for (uint32_t i = 0; i < with->search_order.count; i++) {
        const struct sort_key *key = &with->search_order.keys[i];
        uint32_t column = 0;
        while (column < with->column_count && !view_equal(with->columns[column], key->expression->text)) column++;
        if (key->expression->kind != EXPRESSION_NAME || key->descending || key->nulls == NULLS_FIRST || column == with->column_count) {
            reason = "SEARCH BY anything but columns in rising order";
            continue;
        }
        enum sql_type type = column < with->query->column_count ? with->query->columns[column].typing.type : SQL_UNKNOWN;
        if (!type_is_number(type) && !type_is_datetime(type))
            finding_difference(t, key->expression->at, "recursive with", "SEARCH orders text by the target's collation",
                               "search by numbers or dates, or make the collation \"C\"");
    }
    const struct expression *marks[] = {with->cycle_value, with->cycle_default};
    for (int i = 0; i < 2 && with->cycle; i++)
        if (marks[i]->kind != EXPRESSION_STRING && marks[i]->kind != EXPRESSION_NUMBER) reason = "CYCLE with marks that are no literals";
    if (reason)
        finding_refuse(t, with->at, "recursive with", translation_printf(t, "%s is not translated", reason),
                       "order and stop the recursion by columns of its own");
}

void rewrite_query(struct translation *t, struct query *q)
{
    if (q->rewritten) return;
    q->rewritten = true;
    for (uint32_t i = 0; i < q->with_count; i++) {
        if (!q->withs[i].column_count) name_used(q->withs[i].query);
        rewrite_query(t, q->withs[i].query);
        if (q->withs[i].query->resolved) widen_recursion(t, &q->withs[i]);
        if (q->withs[i].search || q->withs[i].cycle) check_search_cycle(t, &q->withs[i]);
    }
    rewrite_body(t, q, q->body);
    rewrite_order(t, q);
    rewrite_limit(t, q);
    if (q->wait == LOCK_WAIT_SECONDS)
        finding_difference(t, q->at, "for update wait", "the wait limit is not in the target's statement",
                           "set lock_timeout for the session");
}

/* Binds of one name that stand in GROUP BY and in the select list must be one parameter. */
static void share_binds(struct expression *into, const struct expression *from)
{
    if (into->kind == EXPRESSION_BIND) into->bind = from->bind;
    for (uint32_t i = 0; i < into->argument_count && i < from->argument_count; i++) share_binds(into->arguments[i], from->arguments[i]);
}

struct group_context {
    struct expression *expression;
};

static bool has_bind(const struct expression *e)
{
    if (e->kind == EXPRESSION_BIND) return true;
    for (uint32_t i = 0; i < e->argument_count; i++)
        if (has_bind(e->arguments[i])) return true;
    return false;
}

static void match_group(struct translation *t, struct expression **at, void *context)
{
    (void)t;
    struct expression *group = ((struct group_context *)context)->expression;
    if (*at != group && expression_equal(*at, group)) share_binds(*at, group);
}

static void rewrite_group(struct translation *t, struct query *q, struct select *s)
{
    for (uint32_t i = 0; i < s->group_count; i++) {
        struct group_context context = {s->group[i].expression};
        if (!context.expression || !has_bind(context.expression)) continue;
        for (uint32_t j = 0; j < s->item_count; j++) walk_flat(t, &s->items[j].expression, match_group, &context);
        if (s->having) walk_flat(t, &s->having, match_group, &context);
        for (uint32_t j = 0; q && j < q->order.count; j++) walk_flat(t, &q->order.keys[j].expression, match_group, &context);
    }
}

static void rewrite_dual(struct select *s)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->from_count; i++) {
        struct from_item *item = s->from[i];
        bool dual = item->kind == FROM_TABLE && item->relation && item->relation->kind == RELATION_DUAL && !item->relation->columns[0].used;
        if (!dual) s->from[kept++] = item;
    }
    s->from_count = kept;
}

void rewrite_statement(struct translation *t, struct statement *s)
{
    if (s->query) rewrite_query(t, s->query);
    if (s->change) rewrite_change(t, s->change, s->kind);
    if (s->definition) rewrite_definition(t, s->definition);
    for (uint32_t i = 0; s->call && i < s->call->argument_count; i++) rewrite_expression(t, &s->call->arguments[i]);
}
