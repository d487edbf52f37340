/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrite: ORDER BY (binary order of text, aliases, positions), OFFSET and FETCH. NULLs stand where Oracle puts them without a word. */
#include "sql/build.h"
#include "sql/rewrite.h"
#include "sql/rewrite_parts.h"
#include "sql/walk.h"

static struct select *leading_select(struct body *body)
{
    while (body->kind != BODY_SELECT) body = body->kind == BODY_SET ? body->terms[0] : body->query->body;
    return body->select;
}

static bool has_star(const struct select *s)
{
    for (uint32_t i = 0; i < s->item_count; i++)
        if (s->items[i].expression->kind == EXPRESSION_STAR) return true;
    return false;
}

/* A key of DISTINCT or of a set operation must be one of the select list: its number; 0: not found. */
static uint32_t find_item(const struct select *s, const struct expression *key)
{
    for (uint32_t i = 0; i < s->item_count; i++) {
        const struct expression *e = s->items[i].expression;
        if (expression_equal(e, key) || (e->kind == EXPRESSION_COLLATE && expression_equal(e->arguments[0], key))) return i + 1;
    }
    return 0;
}

static void order_by_position(struct translation *t, struct select *s, struct sort_key *key, uint32_t position)
{
    struct expression **item = &s->items[position - 1].expression;
    if (type_is_text(key->expression->typing.type) || type_is_text((*item)->typing.type)) {
        struct expression *collated = collate_binary(t, *item);
        if (collated != *item && !s->items[position - 1].label.size && (*item)->kind == EXPRESSION_NAME)
            s->items[position - 1].label = (*item)->column ? (*item)->column->target : view_of(NULL, 0);
        *item = collated;
    }
    key->expression = build_number(t, key->expression->at, position);
}

static bool is_position(const struct expression *e)
{
    return e->kind == EXPRESSION_NUMBER && e->item > 0;
}

/* A bare name would be taken for the output column that PostgreSQL itself calls so: n::text is called n. */
static void qualify_name(struct translation *t, struct expression **at, void *context)
{
    struct expression *e = *at;
    (void)t;
    (void)context;
    if (e->kind == EXPRESSION_NAME && e->relation && e->relation->label.size && !(e->column && e->column->merged)) e->qualify = true;
}

/* Output columns get a name of ours where a key is a name that nobody could resolve. */
static void name_outputs(struct translation *t, struct query *q, struct select *s)
{
    bool loose = false;
    for (uint32_t i = 0; i < q->order.count; i++) {
        const struct expression *e = q->order.keys[i].expression;
        loose |= e->kind == EXPRESSION_NAME && !e->item && !e->relation;
    }
    for (uint32_t i = 0; loose && i < s->item_count; i++) {
        struct expression *e = s->items[i].expression;
        if (!s->items[i].label.size && e->kind != EXPRESSION_NAME && e->kind != EXPRESSION_STAR)
            s->items[i].label = view_text(translation_printf(t, "column_%u", (unsigned)i + 1));
    }
}

void rewrite_order(struct translation *t, struct query *q)
{
    bool set = q->body->kind != BODY_SELECT;
    struct select *s = leading_select(q->body);
    uint32_t kept = 0;
    if (!set) name_outputs(t, q, s);
    for (uint32_t i = 0; i < q->order.count; i++) {
        struct sort_key *key = &q->order.keys[i];
        uint32_t item = key->expression->item;
        bool position = is_position(key->expression);
        if (!item && is_constant(key->expression) && !(!q->known && key->expression->kind == EXPRESSION_NUMBER))
            continue; /* sorts nothing */
        if (!item) {
            rewrite_expression(t, &key->expression);
            if (!set) walk_flat(t, &key->expression, qualify_name, NULL);
        }
        if (key->expression->kind == EXPRESSION_BIND) continue;
        if ((set || s->distinct) && !has_star(s)) {
            if (!item) item = find_item(s, key->expression);
            if (item && item <= s->item_count) order_by_position(t, s, key, item);
        } else if (item && item <= s->item_count && !has_star(s)) {
            struct expression *e = s->items[item - 1].expression;
            struct expression *collated = collate_binary(t, e);
            if (collated != e)
                key->expression = collated;
            else if (position || !s->items[item - 1].label.size)
                key->expression = build_number(t, key->expression->at, item);
            else
                key->expression->text = s->items[item - 1].alias;
        } else if (!item) {
            key->expression = collate_binary(t, key->expression);
        } else if (has_star(s) && item <= q->column_count && q->known && !set) {
            struct relation_column *column = &q->columns[item - 1];
            struct expression *name = build_expression(t, EXPRESSION_NAME, key->expression->at, column->typing);
            name->text = column->name;
            name->column = column;
            key->expression = position || type_is_text(column->typing.type) ? collate_binary(t, name) : key->expression;
        }
        q->order.keys[kept++] = *key;
    }
    q->order.count = kept;
}

/* FETCH FIRST p PERCENT: so many rows of all that there are. */
static struct expression *percent_of_rows(struct translation *t, struct query *q, struct expression *percent)
{
    struct query *all = translation_alloc(t, sizeof *all);
    *all = *q;
    all->order = (struct sort_list){0};
    all->limit = all->skip = NULL;
    all->withs = NULL;
    all->with_count = 0;
    all->for_update = false;
    struct expression *subquery = build_expression(t, EXPRESSION_QUERY, percent->at, typing_of(SQL_NUMBER, TARGET_NUMERIC));
    subquery->query = all;
    return BUILD_CALL(t, percent->at, typing_of(SQL_NUMBER, TARGET_NUMERIC),
                      "(SELECT ceil(count(*) * greatest(coalesce(\2, 0), 0) / 100.0) FROM \1 AS rows_of_it)", subquery,
                      as_numeric(t, percent));
}

void rewrite_limit(struct translation *t, struct query *q)
{
    if (q->offset) {
        struct expression *count = rewrite_row_count(t, q->offset);
        int64_t zero;
        if (!(literal_integer(count, &zero) && zero == 0)) q->skip = count;
    }
    if (!q->has_fetch) return;
    if (q->fetch_percent) {
        if (q->fetch) rewrite_expression(t, &q->fetch);
        q->limit = percent_of_rows(t, q, q->fetch ? q->fetch : build_number(t, q->at, 1));
    } else {
        q->limit = q->fetch ? rewrite_row_count(t, q->fetch) : build_number(t, q->at, 1);
    }
    q->ties = q->fetch_ties && q->order.count > 0;
    if (q->ties && q->wait == LOCK_SKIP)
        finding_refuse(t, q->at, "fetch with ties", "WITH TIES and SKIP LOCKED do not go together on the target", "leave one out");
    if (q->order.count == 0) t->arbitrary_rows = true;
}
