/* SPDX-License-Identifier: Apache-2.0 */
/* Emitter: queries. */
#include "sql/build.h"
#include "sql/emit.h"
#include "sql/json.h"
#include "sql/name.h"

static void emit_body(struct emitter *m, const struct body *body);

void emit_table(struct emitter *m, const struct from_item *item)
{
    const struct sql_table *table = item->relation ? item->relation->table : NULL;
    if (item->with) {
        name_write(m->out, item->with->label);
    } else if (table) {
        if (table->target_schema[0]) {
            name_write(m->out, view_text(table->target_schema));
            buffer_u8(m->out, '.');
        }
        name_write(m->out, view_text(table->target));
    } else if (item->relation && item->relation->dictionary.size) {
        name_write(m->out, view_text(m->t->options->function_schema));
        buffer_u8(m->out, '.');
        name_write(m->out, name_to_target(m->t, item->relation->dictionary));
    } else {
        if (item->schema.size) {
            name_write(m->out, name_to_target(m->t, item->schema));
            buffer_u8(m->out, '.');
        }
        name_write(m->out, name_to_target(m->t, item->name));
    }
}

static void emit_alias(struct emitter *m, struct view label)
{
    emit_text(m, " AS ");
    name_write(m->out, label);
}

static void emit_join(struct emitter *m, const struct from_item *item)
{
    static const char *const words[] = {" JOIN ",       " LEFT JOIN ",          " RIGHT JOIN ",       " FULL JOIN ",
                                        " CROSS JOIN ", " CROSS JOIN LATERAL ", " LEFT JOIN LATERAL "};
    emit_from_item(m, item->left);
    bool natural = item->natural && item->using_count == 0; /* else the columns in common are named: the target may have more */
    if (natural) emit_text(m, " NATURAL");
    bool apply = item->join == JOIN_CROSS_APPLY || item->join == JOIN_OUTER_APPLY;
    bool lateral = apply && item->right->kind == FROM_QUERY;
    emit_text(m, apply && !lateral ? (item->join == JOIN_CROSS_APPLY ? " CROSS JOIN " : " LEFT JOIN ") : words[item->join]);
    bool brackets = item->right->kind == FROM_JOIN;
    if (brackets) buffer_u8(m->out, '(');
    emit_from_item(m, item->right);
    if (brackets) buffer_u8(m->out, ')');
    if (item->join == JOIN_OUTER_APPLY) emit_text(m, " ON true");
    if (item->on) {
        emit_text(m, " ON ");
        emit_expression(m, item->on, PRECEDENCE_ANY);
    } else if (item->using_count) {
        emit_text(m, " USING (");
        for (uint32_t i = 0; i < item->using_count; i++) {
            if (i > 0) emit_text(m, ", ");
            name_write(m->out, name_to_target(m->t, item->using_names[i]));
        }
        buffer_u8(m->out, ')');
    } else if (item->join <= JOIN_FULL && !item->natural) {
        emit_text(m, " ON true");
    }
}

void emit_from_item(struct emitter *m, const struct from_item *item)
{
    const struct relation *r = item->relation;
    switch (item->kind) {
    case FROM_JOIN: emit_join(m, item); return;
    case FROM_QUERY:
        if (item->lateral && !item->applied) emit_text(m, "LATERAL ");
        emit_query_in_brackets(m, item->query);
        emit_alias(m, r->label);
        return;
    case FROM_TABLE:
        if (r && r->kind == RELATION_DUAL) {
            emit_text(m, "(SELECT 'X'::text AS dummy)");
            emit_alias(m, r->label.size ? r->label : view_text("dual"));
            return;
        }
        emit_table(m, item);
        if (item->alias.size || (r && (r->renamed || r->dictionary.size)) || (item->with && !view_equal(r->label, item->with->label)))
            emit_alias(m, r ? r->label : name_to_target(m->t, item->alias));
        return;
    case FROM_FUNCTION:
        if (item->json_table) {
            json_table_emit(m, item);
            return;
        }
        if (!item->column_alias.size) break;
        emit_expression(m, item->function, PRECEDENCE_ANY);
        emit_alias(m, r->label);
        buffer_u8(m->out, '(');
        name_write(m->out, item->column_alias);
        buffer_u8(m->out, ')');
        return;
    case FROM_ROWS:
        emit_text(m, "LATERAL (VALUES ");
        emit_list(m, item->rows, item->row_count);
        emit_text(m, ")");
        emit_alias(m, r->label);
        for (uint32_t i = 0; i < r->column_count; i++) {
            emit_text(m, i == 0 ? "(" : ", ");
            name_write(m->out, r->columns[i].target);
        }
        emit_text(m, ")");
        return;
    default: break;
    }
    emit_text(m, "(SELECT 1) AS refused");
}

static void emit_groups(struct emitter *m, const struct group_item *items, uint32_t count)
{
    static const char *const words[] = {[GROUP_ROLLUP] = "ROLLUP ", [GROUP_CUBE] = "CUBE ", [GROUP_SETS] = "GROUPING SETS "};
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) emit_text(m, ", ");
        if (items[i].kind == GROUP_PLAIN) {
            emit_expression(m, items[i].expression, PRECEDENCE_ANY);
            continue;
        }
        emit_text(m, words[items[i].kind]);
        buffer_u8(m->out, '(');
        emit_groups(m, items[i].items, items[i].count);
        buffer_u8(m->out, ')');
    }
}

static void emit_items(struct emitter *m, const struct select *s)
{
    for (uint32_t i = 0; i < s->item_count && !m->out->failed; i++) {
        const struct select_item *item = &s->items[i];
        if (i > 0) emit_text(m, ", ");
        emit_expression(m, item->expression, PRECEDENCE_ANY);
        if (item->label.size) emit_alias(m, item->label);
    }
}

static void emit_limit(struct emitter *m, const struct expression *limit, const struct expression *skip, bool ties)
{
    if (skip) {
        emit_text(m, " OFFSET ");
        emit_expression(m, skip, PRECEDENCE_ANY);
    }
    if (!limit) return;
    if (ties) {
        emit_text(m, " FETCH FIRST ");
        emit_expression(m, limit, limit->kind == EXPRESSION_NUMBER ? PRECEDENCE_ANY : PRECEDENCE_PRIMARY);
        emit_text(m, " ROWS WITH TIES");
        return;
    }
    emit_text(m, " LIMIT ");
    emit_expression(m, limit, PRECEDENCE_ANY);
}

static void emit_select(struct emitter *m, const struct select *s)
{
    emit_text(m, s->distinct ? "SELECT DISTINCT" : "SELECT");
    if (s->item_count) buffer_u8(m->out, ' ');
    emit_items(m, s);
    for (uint32_t i = 0; i < s->from_count; i++) {
        emit_text(m, i == 0 ? " FROM " : ", ");
        emit_from_item(m, s->from[i]);
    }
    if (s->where) {
        emit_text(m, " WHERE ");
        emit_expression(m, s->where, PRECEDENCE_ANY);
    }
    if (s->group_count) {
        emit_text(m, " GROUP BY ");
        emit_groups(m, s->group, s->group_count);
    }
    if (s->having) {
        emit_text(m, " HAVING ");
        emit_expression(m, s->having, PRECEDENCE_ANY);
    }
    for (uint32_t i = 0; i < s->window_count; i++) {
        emit_text(m, i == 0 ? " WINDOW " : ", ");
        name_write(m->out, name_to_target(m->t, s->windows[i].name));
        emit_text(m, " AS ");
        emit_window(m, s->windows[i].window, true);
    }
}

static const char *set_word(enum set_operator operator)
{
    static const char *const words[] = {" UNION ", " UNION ALL ", " INTERSECT ", " INTERSECT ALL ", " EXCEPT ", " EXCEPT ALL "};
    return words[operator];
}

static void emit_term(struct emitter *m, const struct body *body)
{
    bool brackets = body->kind != BODY_SELECT || body->select->limit;
    if (body->kind == BODY_QUERY) {
        emit_query_in_brackets(m, body->query);
        return;
    }
    if (brackets) buffer_u8(m->out, '(');
    emit_body(m, body);
    if (brackets && body->kind == BODY_SELECT) emit_limit(m, body->select->limit, NULL, false);
    if (brackets) buffer_u8(m->out, ')');
}

/* Oracle reads set operators from left to right, all alike: brackets say so where INTERSECT stands among others. */
static void emit_set(struct emitter *m, const struct body *body)
{
    bool intersect = false, other = false;
    for (uint32_t i = 0; i + 1 < body->term_count; i++) {
        bool is_intersect = body->operators[i] == SET_INTERSECT || body->operators[i] == SET_INTERSECT_ALL;
        intersect |= is_intersect;
        other |= !is_intersect;
    }
    bool brackets = intersect && other;
    for (uint32_t i = 2; brackets && i < body->term_count; i++) buffer_u8(m->out, '(');
    for (uint32_t i = 0; i < body->term_count && !m->out->failed; i++) {
        if (i > 0) emit_text(m, set_word(body->operators[i - 1]));
        emit_term(m, body->terms[i]);
        if (brackets && i > 0 && i + 1 < body->term_count) buffer_u8(m->out, ')');
    }
}

static void emit_body(struct emitter *m, const struct body *body)
{
    if (body->kind == BODY_SELECT)
        emit_select(m, body->select);
    else if (body->kind == BODY_SET)
        emit_set(m, body);
    else
        emit_query_in_brackets(m, body->query);
}

static void emit_columns(struct emitter *m, const struct view *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) emit_text(m, ", ");
        name_write(m->out, name_to_target(m->t, names[i]));
    }
}

static void emit_mark(struct emitter *m, const char *before, const struct expression *mark)
{
    emit_text(m, before);
    buffer_u8(m->out, '\'');
    for (size_t i = 0; i < mark->text.size; i++) {
        if (mark->text.data[i] == '\'') buffer_u8(m->out, '\'');
        buffer_u8(m->out, mark->text.data[i]);
    }
    buffer_u8(m->out, '\'');
}

/* SEARCH and CYCLE: the recursion stands one level deeper, so that the target's own columns (a path of records) are not seen; the order is counted. */
static void emit_searched(struct emitter *m, const struct with_item *with)
{
    emit_text(m, "(WITH RECURSIVE ");
    name_write(m->out, with->label);
    buffer_u8(m->out, '(');
    emit_columns(m, with->columns, with->column_count);
    emit_text(m, ") AS ");
    emit_query_in_brackets(m, with->query);
    if (with->search) {
        emit_text(m, with->search_depth ? " SEARCH DEPTH FIRST BY " : " SEARCH BREADTH FIRST BY ");
        for (uint32_t i = 0; i < with->search_order.count; i++) {
            if (i > 0) emit_text(m, ", ");
            emit_columns(m, &with->search_order.keys[i].expression->text, 1);
        }
        emit_text(m, " SET us_order");
    }
    if (with->cycle) {
        emit_text(m, " CYCLE ");
        emit_columns(m, with->cycle_columns, with->cycle_count);
        emit_text(m, " SET ");
        emit_columns(m, &with->cycle_set, 1);
        emit_mark(m, " TO ", with->cycle_value);
        emit_mark(m, " DEFAULT ", with->cycle_default);
        emit_text(m, " USING us_path");
    }
    emit_text(m, " SELECT ");
    emit_columns(m, with->columns, with->column_count);
    if (with->search) emit_text(m, ", row_number() OVER (ORDER BY us_order)");
    if (with->cycle) {
        emit_text(m, ", ");
        emit_columns(m, &with->cycle_set, 1);
    }
    emit_text(m, " FROM ");
    name_write(m->out, with->label);
    buffer_u8(m->out, ')');
}

static void emit_withs(struct emitter *m, const struct query *q)
{
    for (uint32_t i = 0; i < q->with_count; i++) {
        const struct with_item *with = &q->withs[i];
        emit_text(m, i > 0 ? ", " : q->recursive ? "WITH RECURSIVE " : "WITH ");
        name_write(m->out, with->label);
        if (with->column_count) {
            buffer_u8(m->out, '(');
            emit_columns(m, with->columns, with->column_count);
            if (with->search) {
                emit_text(m, ", ");
                emit_columns(m, &with->search_set, 1);
            }
            if (with->cycle) {
                emit_text(m, ", ");
                emit_columns(m, &with->cycle_set, 1);
            }
            buffer_u8(m->out, ')');
        }
        emit_text(m, with->materialized ? " AS MATERIALIZED " : " AS ");
        if (with->search || with->cycle)
            emit_searched(m, with);
        else
            emit_query_in_brackets(m, with->query);
    }
    if (q->with_count) buffer_u8(m->out, ' ');
}

static void emit_lock(struct emitter *m, const struct query *q)
{
    struct view written[64];
    uint32_t count = 0;
    emit_text(m, " FOR NO KEY UPDATE"); /* as Oracle's row lock: it does not keep children from referring to the row */
    for (uint32_t i = 0; i < q->lock_of_count; i++) {
        const struct expression *e = q->lock_of[i];
        struct view label = e->relation ? e->relation->label : e->qualifier.size ? name_to_target(m->t, e->qualifier) : view_of(NULL, 0);
        bool again = label.size == 0;
        for (uint32_t j = 0; j < count && !again; j++) again = view_equal(written[j], label);
        if (again || count == 64) continue;
        emit_text(m, count == 0 ? " OF " : ", ");
        name_write(m->out, label);
        written[count++] = label;
    }
    if (q->wait == LOCK_NOWAIT) emit_text(m, " NOWAIT");
    if (q->wait == LOCK_SKIP) emit_text(m, " SKIP LOCKED");
}

void emit_query(struct emitter *m, const struct query *q)
{
    emit_withs(m, q);
    emit_body(m, q->body);
    if (q->order.count) {
        emit_text(m, " ORDER BY ");
        emit_sort(m, &q->order);
    }
    const struct expression *limit = q->limit;
    if (!limit && q->body->kind == BODY_SELECT) limit = q->body->select->limit;
    emit_limit(m, limit, q->skip, q->ties);
    if (q->for_update) emit_lock(m, q);
}

void emit_query_in_brackets(struct emitter *m, const struct query *q)
{
    if (m->out->failed) return;
    buffer_u8(m->out, '(');
    emit_query(m, q);
    buffer_u8(m->out, ')');
}
