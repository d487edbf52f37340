/* SPDX-License-Identifier: Apache-2.0 */
/* Walking and wrapping. */
#include "sql/walk.h"
#include "sql/build.h"
#include "sql/name.h"

struct walk {
    expression_visit *visit;
    void *context;
    bool deep;
};

static void walk_one(struct translation *t, struct expression **at, void *context);

static void walk_parts(struct translation *t, struct expression *e, struct walk *walk)
{
    expression_parts(t, e, walk_one, walk);
    if (e->query && walk->deep) walk_query(t, e->query, walk->visit, walk->context);
}

static void walk_one(struct translation *t, struct expression **at, void *context)
{
    struct walk *walk = context;
    if (!*at) return;
    walk->visit(t, at, walk->context);
    walk_parts(t, *at, walk);
}

void walk_expression(struct translation *t, struct expression **at, expression_visit *visit, void *context)
{
    struct walk walk = {visit, context, true};
    walk_one(t, at, &walk);
}

void walk_flat(struct translation *t, struct expression **at, expression_visit *visit, void *context)
{
    struct walk walk = {visit, context, false};
    walk_one(t, at, &walk);
}

void walk_from(struct translation *t, struct from_item *item, expression_visit *visit, void *context)
{
    if (item->query) walk_query(t, item->query, visit, context);
    if (item->left) walk_from(t, item->left, visit, context);
    if (item->right) walk_from(t, item->right, visit, context);
    if (item->on) walk_expression(t, &item->on, visit, context);
    if (item->function) walk_expression(t, &item->function, visit, context);
    for (uint32_t i = 0; i < item->row_count; i++) walk_expression(t, &item->rows[i], visit, context);
}

static void walk_groups(struct translation *t, struct group_item *items, uint32_t count, expression_visit *visit, void *context)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].expression) walk_expression(t, &items[i].expression, visit, context);
        walk_groups(t, items[i].items, items[i].count, visit, context);
    }
}

static void walk_window(struct translation *t, struct window *w, expression_visit *visit, void *context)
{
    for (uint32_t i = 0; i < w->partition_count; i++) walk_expression(t, &w->partition[i], visit, context);
    for (uint32_t i = 0; i < w->order.count; i++) walk_expression(t, &w->order.keys[i].expression, visit, context);
    if (w->from.offset) walk_expression(t, &w->from.offset, visit, context);
    if (w->to.offset) walk_expression(t, &w->to.offset, visit, context);
}

/* What stands above FROM and WHERE. */
static void walk_upper(struct translation *t, struct select *s, expression_visit *visit, void *context)
{
    for (uint32_t i = 0; i < s->item_count; i++) walk_expression(t, &s->items[i].expression, visit, context);
    walk_groups(t, s->group, s->group_count, visit, context);
    if (s->having) walk_expression(t, &s->having, visit, context);
    for (uint32_t i = 0; i < s->window_count; i++) walk_window(t, s->windows[i].window, visit, context);
}

void walk_select(struct translation *t, struct select *s, expression_visit *visit, void *context)
{
    walk_upper(t, s, visit, context);
    for (uint32_t i = 0; i < s->from_count; i++) walk_from(t, s->from[i], visit, context);
    if (s->where) walk_expression(t, &s->where, visit, context);
    if (s->start_with) walk_expression(t, &s->start_with, visit, context);
    if (s->connect_by) walk_expression(t, &s->connect_by, visit, context);
    if (s->limit) walk_expression(t, &s->limit, visit, context);
}

static void walk_body(struct translation *t, struct body *body, expression_visit *visit, void *context)
{
    if (body->kind == BODY_SELECT) walk_select(t, body->select, visit, context);
    if (body->kind == BODY_QUERY) walk_query(t, body->query, visit, context);
    for (uint32_t i = 0; body->kind == BODY_SET && i < body->term_count; i++) walk_body(t, body->terms[i], visit, context);
}

void walk_query(struct translation *t, struct query *q, expression_visit *visit, void *context)
{
    for (uint32_t i = 0; i < q->with_count; i++) walk_query(t, q->withs[i].query, visit, context);
    walk_body(t, q->body, visit, context);
    for (uint32_t i = 0; i < q->order.count; i++) walk_expression(t, &q->order.keys[i].expression, visit, context);
    if (q->offset) walk_expression(t, &q->offset, visit, context);
    if (q->fetch) walk_expression(t, &q->fetch, visit, context);
    if (q->limit) walk_expression(t, &q->limit, visit, context);
    if (q->skip) walk_expression(t, &q->skip, visit, context);
}

struct wrap {
    bool star; /* the inner select offers all columns of tables that are not known */
    struct scope *old;
    struct select *inner;
    struct relation *relation;
};

static bool name_taken(const struct relation *r, struct view target)
{
    for (uint32_t i = 0; i < r->column_count; i++)
        if (view_equal(r->columns[i].target, target)) return true;
    return false;
}

static struct relation_column *add_wrapped(struct translation *t, struct wrap *w, struct expression *e, struct view wanted)
{
    struct view target = wanted;
    for (unsigned n = 2; name_taken(w->relation, target); n++)
        target = view_text(translation_printf(t, "%.*s_%u", (int)wanted.size, (const char *)wanted.data, n));
    struct select_item item = {.expression = e, .alias = target, .label = target, .heading = target};
    LIST_ADD(t, w->inner->items, w->inner->item_count, item);
    struct relation_column column = {.name = target, .target = target, .typing = e->typing, .expression = e};
    if (w->relation->column_count == 0)
        w->relation->columns = translation_alloc(t, sizeof column * 1024); /* references keep pointers into it */
    if (w->relation->column_count >= 1024) {
        finding_refuse(t, e->at, "limit", "more than 1024 columns are carried through a subquery", "select fewer columns");
        translation_stop(t);
    }
    w->relation->columns[w->relation->column_count] = column;
    return &w->relation->columns[w->relation->column_count++];
}

static bool in_scope(const struct scope *scope, const struct relation *r)
{
    for (uint32_t i = 0; i < scope->relation_count; i++)
        if (scope->relations[i] == r) return true;
    return false;
}

/* Is something there that cannot be named: *, or a name of which nobody knows the table? */
static void need_star(struct translation *t, struct expression **at, void *context)
{
    struct wrap *w = context;
    const struct expression *e = *at;
    (void)t;
    if (e->kind == EXPRESSION_STAR || (e->kind == EXPRESSION_NAME && !e->column && !e->item)) w->star = true;
}

static void move_name(struct translation *t, struct expression **at, void *context)
{
    struct wrap *w = context;
    struct expression *e = *at;
    if (e->kind == EXPRESSION_STAR && w->star) {
        e->qualifier = view_of(NULL, 0);
        e->relation = NULL;
        return;
    }
    if (e->kind != EXPRESSION_NAME || !e->relation || !in_scope(w->old, e->relation)) return;
    if (!e->column || w->star) {
        e->relation = NULL;
        e->qualify = false;
        e->qualifier = view_of(NULL, 0);
        return;
    }
    struct relation_column *found = NULL;
    for (uint32_t i = 0; i < w->relation->column_count && !found; i++) {
        const struct expression *have = w->relation->columns[i].expression;
        if (have->kind == EXPRESSION_NAME && have->relation == e->relation && have->column == e->column) found = &w->relation->columns[i];
    }
    if (!found) {
        struct expression *copy = translation_alloc(t, sizeof *copy);
        *copy = *e;
        copy->qualify = true;
        found = add_wrapped(t, w, copy, e->column->target);
        found->source = e->column->source;
    }
    e->relation = w->relation;
    e->column = found;
    e->qualify = true;
}

/* A star that is left: all columns of what is known only to the target. Alone it can stand inside and outside; beside others it would bring too many. */
static bool has_open_star(struct translation *t, const struct select *s)
{
    bool star = false;
    for (uint32_t i = 0; i < s->item_count; i++) star |= s->items[i].expression->kind == EXPRESSION_STAR;
    if (!star) return false;
    const struct expression *first = s->items[0].expression;
    bool alone = s->item_count == 1 && ((first->qualifier.size == 0 && !first->relation) || s->scope->relation_count == 1);
    if (!alone)
        finding_refuse(t, s->at, "*",
                       "* beside other columns, of a table whose columns are not known, cannot be carried through a subquery",
                       "name the columns, or give the catalog");
    return true;
}

struct select *wrap_select(struct translation *t, struct query *q, struct select *s)
{
    struct select *inner = translation_alloc(t, sizeof *inner);
    struct query *query = translation_alloc(t, sizeof *query);
    struct from_item *item = translation_alloc(t, sizeof *item);
    struct scope *scope = scope_new(t, s->scope->outer);
    struct wrap w = {.old = s->scope, .inner = inner};
    inner->from = s->from;
    inner->from_count = s->from_count;
    inner->where = s->where;
    inner->scope = s->scope;
    inner->at = s->at;
    query->at = s->at;
    query->body = translation_alloc(t, sizeof *query->body);
    query->body->kind = BODY_SELECT;
    query->body->select = inner;
    query->resolved = true;
    query->known = !s->scope->unknown_relations;
    item->kind = FROM_QUERY;
    item->at = s->at;
    item->query = query;
    w.relation = scope_add(t, scope, item);
    w.relation->kind = RELATION_QUERY;
    w.relation->known = query->known;
    w.relation->label = view_text(translation_printf(t, "q%u", ++t->made_names));
    scope->unknown_relations = s->scope->unknown_relations;
    bool stars = has_open_star(t, s);
    if (stars) w.star = true;
    if (s->scope->unknown_relations) {
        walk_upper(t, s, need_star, &w);
        for (uint32_t i = 0; q && i < q->order.count; i++) walk_flat(t, &q->order.keys[i].expression, need_star, &w);
    }
    if (w.star) {
        struct select_item star = {.expression = build_expression(t, EXPRESSION_STAR, s->at, typing_of(SQL_UNKNOWN, TARGET_UNKNOWN))};
        LIST_ADD(t, inner->items, inner->item_count, star);
    }
    walk_upper(t, s, move_name, &w);
    for (uint32_t i = 0; q && i < q->order.count; i++) walk_expression(t, &q->order.keys[i].expression, move_name, &w);
    s->from = NULL;
    s->from_count = 0;
    LIST_ADD(t, s->from, s->from_count, item);
    s->where = NULL;
    s->scope = scope;
    scope->select = s;
    return inner;
}

void wrap_names(struct translation *t, struct select *outer, struct select *inner, struct expression **at)
{
    bool star = inner->item_count > 0 && inner->items[0].expression->kind == EXPRESSION_STAR;
    struct wrap w = {.star = star, .old = inner->scope, .inner = inner, .relation = outer->scope->relations[0]};
    if (*at) walk_expression(t, at, move_name, &w);
}

struct expression *wrap_add(struct translation *t, struct select *outer, struct select *inner, struct expression *e, const char *name)
{
    struct wrap w = {.inner = inner, .relation = outer->scope->relations[0]};
    struct relation_column *column = add_wrapped(t, &w, e, view_text(name));
    return build_column(t, e->at, w.relation, column);
}
