/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: INSERT, UPDATE, DELETE, MERGE. */
#include "sql/parse_foreign.h"

/* TABLE, (subquery), TABLE(collection): the place that is written. */
static struct from_item *parse_target(struct parser *p)
{
    struct from_item *item;
    if (parse_at(p, OPERATOR_LEFT) || ((parse_at_word(p, WORD_TABLE) || parse_at_word(p, WORD_ONLY) || parse_at_word(p, WORD_THE)) &&
                                       token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT)))
        item = parse_from_item(p);
    else
        item = parse_table_reference(p, false);
    item->dml_target = true;
    return item;
}

/* Names of an inline view's own table, for a change of the table itself. False: a condition that cannot be moved (ROWNUM counts before it, subqueries). */
static bool move_condition(struct expression *e, struct view inner, struct view outer)
{
    const struct call *c = e->call;
    if (e->query || e->kind == EXPRESSION_PRIOR || e->kind == EXPRESSION_ROOT || (c && (c->over || c->keep || c->order.count)))
        return false;
    if (e->kind == EXPRESSION_NAME) {
        if (e->schema.size || (!e->qualifier.size && view_equal(e->text, view_text("ROWNUM")))) return false;
        if (e->qualifier.size && !view_equal(e->qualifier, inner)) return false;
        if (e->qualifier.size) e->qualifier = outer;
    }
    for (uint32_t i = 0; i < e->argument_count; i++)
        if (!move_condition(e->arguments[i], inner, outer)) return false;
    return true;
}

/* (SELECT a, b FROM t WHERE ..): columns of one table under their own names. NULL: another query. */
static const struct select *plain_view(const struct from_item *item)
{
    const struct query *q = item->query;
    if (item->kind != FROM_QUERY || item->checked || item->lateral || q->with_count || q->order.count || q->offset || q->has_fetch ||
        q->for_update || q->body->kind != BODY_SELECT)
        return NULL;
    const struct select *s = q->body->select;
    if (s->distinct || s->group_count || s->having || s->connect_by || s->start_with || s->into_count || s->from_count != 1 ||
        s->from[0]->kind != FROM_TABLE || s->from[0]->unsupported || s->from[0]->link.size)
        return NULL;
    for (uint32_t i = 0; i < s->item_count; i++) {
        const struct expression *e = s->items[i].expression;
        if (e->kind != EXPRESSION_STAR &&
            (e->kind != EXPRESSION_NAME || (s->items[i].alias.size && !view_equal(s->items[i].alias, e->text))))
            return NULL;
    }
    return s;
}

/* An inline view of one table is that table, and its condition one more; what it does not show the source would not let through. */
static struct from_item *view_as_table(struct from_item *item, struct expression **condition)
{
    const struct select *s = plain_view(item);
    if (!s) return item;
    struct from_item *table = s->from[0];
    struct view inner = table->alias.size ? table->alias : table->name, outer = item->alias.size ? item->alias : inner;
    if (s->where && !move_condition(s->where, inner, outer)) return item;
    if (item->alias.size) table->alias = item->alias;
    table->dml_target = true;
    *condition = s->where;
    return table;
}

/* The condition of the view and that of the change. */
static struct expression *both_conditions(struct parser *p, struct expression *view, struct expression *own)
{
    if (!view || !own) return view ? view : own;
    struct expression *e = expression_new(p, EXPRESSION_AND);
    e->at = own->at;
    view->bracketed = own->bracketed = true;
    expression_add(p, e, view);
    expression_add(p, e, own);
    return expression_finish(p, e);
}

/* INSERT INTO (SELECT a, b FROM t): without a list of columns those of the view. */
static void insert_into_view(struct parser *p, struct insert_branch *branch)
{
    struct expression *condition = NULL;
    const struct select *s = plain_view(branch->target);
    if (!s) return;
    branch->target = view_as_table(branch->target, &condition);
    for (uint32_t i = 0; i < s->item_count && branch->column_count == i; i++)
        if (s->items[i].expression->kind == EXPRESSION_NAME) {
            struct expression *column = expression_new(p, EXPRESSION_NAME);
            column->at = s->items[i].expression->at;
            column->text = s->items[i].expression->text;
            LIST_ADD(p->t, branch->columns, branch->column_count, column);
        }
}

static void parse_returning(struct parser *p, struct change *c)
{
    if (!parse_accept_word(p, WORD_RETURNING) && !parse_accept_word(p, WORD_RETURN)) return;
    do {
        if ((view_equal_ignoring_case(parse_token(p)->text, view_text("OLD")) ||
             view_equal_ignoring_case(parse_token(p)->text, view_text("NEW"))) &&
            (parse_ahead(p, 1)->kind == TOKEN_WORD || parse_ahead(p, 1)->kind == TOKEN_QUOTED) &&
            !token_is_word(parse_ahead(p, 1), WORD_INTO) && !token_is_word(parse_ahead(p, 1), WORD_BULK)) {
            finding_refuse(p->t, parse_token(p)->at, "RETURNING OLD", "RETURNING of values before and after the change is not translated",
                           "read the row before changing it");
            parse_advance(p);
        }
        struct expression *e = parse_expression(p);
        LIST_ADD(p->t, c->returning, c->returning_count, e);
    } while (parse_accept(p, OPERATOR_COMMA));
    if (parse_at_word(p, WORD_BULK)) {
        parse_advance(p);
        parse_expect_word(p, WORD_COLLECT);
    }
    if (!parse_accept_word(p, WORD_INTO)) return;
    parse_expression_list(p, &c->into, &c->into_count);
    for (uint32_t i = 0; i < c->into_count; i++)
        if (c->into[i]->kind == EXPRESSION_BIND) p->t->binds[c->into[i]->bind].into = true;
}

static void parse_log_errors(struct parser *p, struct change *c)
{
    if (!parse_at_word(p, WORD_LOG) || !token_is_word(parse_ahead(p, 1), WORD_ERRORS)) return;
    c->log_errors = true;
    c->log_errors_at = parse_token(p)->at;
    p->at += 2;
    if (parse_accept_word(p, WORD_INTO)) {
        struct view schema, name, link;
        parse_object_name(p, &schema, &name, &link);
    }
    if (parse_at(p, OPERATOR_LEFT)) parse_skip_brackets(p);
    if (parse_accept_word(p, WORD_REJECT)) {
        parse_expect_word(p, WORD_LIMIT);
        parse_advance(p);
    }
}

static void parse_column_list(struct parser *p, struct expression ***columns, uint32_t *count)
{
    parse_expect(p, OPERATOR_LEFT);
    do {
        struct expression *column = parse_name_expression(p);
        LIST_ADD(p->t, *columns, *count, column);
    } while (parse_accept(p, OPERATOR_COMMA));
    parse_expect(p, OPERATOR_RIGHT);
}

/* VALUES record, SET ROW = record: forms of procedural code. */
static void refuse_record(struct parser *p)
{
    if (parse_at_name(p) || parse_token(p)->kind == TOKEN_BIND ||
        (parse_at_word(p, WORD_ROW) && token_is_operator(parse_ahead(p, 1), OPERATOR_EQUAL)))
        parse_fail_at(p, parse_token(p)->at, "a record of procedural code is written", "write its fields one by one");
}

static void parse_values(struct parser *p, struct insert_branch *branch)
{
    if (!parse_at(p, OPERATOR_LEFT)) parse_fail(p, "\"(\"");
    parse_advance(p);
    if (!parse_at(p, OPERATOR_RIGHT)) parse_expression_list(p, &branch->values, &branch->value_count);
    parse_expect(p, OPERATOR_RIGHT);
}

/* DEFAULT VALUES: another dialect's. */
static bool accept_default_values(struct parser *p)
{
    if (!parse_at_words(p, WORD_DEFAULT, WORD_VALUES)) return false;
    foreign_note(p, FOREIGN_DEFAULT_VALUES);
    p->at += 2;
    return true;
}

static bool at_column_list(const struct parser *p)
{
    return parse_at(p, OPERATOR_LEFT) && !parse_brackets_open_query(p);
}

/* The source takes at most 999 columns in all INTO clauses together. */
enum { INTO_MAX = 1000 };

static void parse_multi_insert(struct parser *p, struct change *c)
{
    uint32_t group = 0;
    struct expression *when = NULL;
    bool is_else = false;
    c->first = parse_at_word(p, WORD_FIRST);
    if (!parse_at_word(p, WORD_WHEN)) parse_advance(p); /* INSERT WHEN ..: ALL is not said */
    for (;;) {
        if (parse_accept_word(p, WORD_WHEN)) {
            when = parse_expression(p);
            parse_expect_word(p, WORD_THEN);
            group++;
        } else if (parse_accept_word(p, WORD_ELSE)) {
            when = NULL;
            is_else = true;
            group++;
        }
        if (!parse_accept_word(p, WORD_INTO)) break;
        struct insert_branch branch = {.when = when, .is_else = is_else, .group = group};
        branch.target = parse_target(p);
        if (at_column_list(p)) parse_column_list(p, &branch.columns, &branch.column_count);
        if (parse_accept_word(p, WORD_VALUES)) parse_values(p, &branch);
        parse_log_errors(p, c);
        LIST_ADD(p->t, c->branches, c->branch_count, branch);
        if (c->branch_count > INTO_MAX)
            parse_fail_at(p, parse_token(p)->at, translation_printf(p->t, "more than %d INTO clauses", INTO_MAX), "split the statement");
    }
    if (c->branch_count == 0) parse_fail(p, "INTO");
    c->query = parse_query(p);
}

static void parse_insert(struct parser *p, struct change *c, enum sql_kind *kind)
{
    *kind = SQL_INSERT;
    if (parse_at_word(p, WORD_ALL) || parse_at_word(p, WORD_FIRST) || parse_at_word(p, WORD_WHEN)) {
        *kind = SQL_INSERT_ALL;
        parse_multi_insert(p, c);
        return;
    }
    if (parse_at_words(p, WORD_IGNORE, WORD_INTO)) {
        foreign_note(p, FOREIGN_IGNORE);
        parse_advance(p);
    }
    parse_expect_word(p, WORD_INTO);
    struct insert_branch branch = {.target = parse_target(p)};
    if (parse_at(p, OPERATOR_LEFT) && token_is_operator(parse_ahead(p, 1), OPERATOR_RIGHT)) {
        foreign_note(p, FOREIGN_DEFAULT_VALUES);
        p->at += 2;
    }
    if (at_column_list(p))
        parse_column_list(p, &branch.columns, &branch.column_count);
    else
        insert_into_view(p, &branch);
    if (parse_accept_word(p, WORD_VALUES)) {
        refuse_record(p);
        do {
            branch.values = NULL;
            branch.value_count = 0;
            parse_values(p, &branch);
            LIST_ADD(p->t, c->branches, c->branch_count, branch);
            parse_check_list(p, c->branch_count, "rows are inserted");
            c->rows_of_values = c->branch_count > 1;
        } while (parse_accept(p, OPERATOR_COMMA));
    } else {
        LIST_ADD(p->t, c->branches, c->branch_count, branch);
        if (parse_at_word(p, WORD_SELECT) || parse_at_word(p, WORD_WITH) || parse_at(p, OPERATOR_LEFT))
            c->query = parse_query(p);
        else if (!accept_default_values(p))
            parse_fail(p, "VALUES or SELECT");
    }
    foreign_conflict(p);
    parse_returning(p, c);
    parse_log_errors(p, c);
}

static void parse_assignments(struct parser *p, struct change *c)
{
    do {
        struct assignment a = {0};
        if (parse_at(p, OPERATOR_LEFT)) {
            parse_column_list(p, &a.columns, &a.column_count);
            parse_expect(p, OPERATOR_EQUAL);
            a.value = parse_expression(p);
        } else {
            struct expression *column = parse_name_expression(p);
            if (column->kind != EXPRESSION_NAME)
                parse_fail_at(p, column->at, "an object or collection is assigned", "objects are not translated");
            LIST_ADD(p->t, a.columns, a.column_count, column);
            parse_expect(p, OPERATOR_EQUAL);
            a.value = parse_expression(p);
        }
        LIST_ADD(p->t, c->assignments, c->assignment_count, a);
        parse_check_list(p, c->assignment_count, "columns are set");
    } while (parse_accept(p, OPERATOR_COMMA));
}

static void parse_where(struct parser *p, struct change *c)
{
    if (!parse_accept_word(p, WORD_WHERE)) return;
    if (parse_at_words(p, WORD_CURRENT, WORD_OF))
        parse_fail_at(p, parse_token(p)->at, "WHERE CURRENT OF needs a cursor of procedural code", "address the row by its key");
    c->where = parse_expression(p);
    foreign_skip_slots(p);
}

/* Other dialects' changes of joins: UPDATE a JOIN b .. SET, DELETE a FROM a JOIN b, DELETE FROM a USING b. The tables are read and left. */
static void accept_joined(struct parser *p, struct change *c, enum foreign what)
{
    bool join = parse_at_word(p, WORD_JOIN) || parse_at_word(p, WORD_INNER) || parse_at_word(p, WORD_LEFT) || parse_at_word(p, WORD_CROSS);
    if (!join && !parse_at(p, OPERATOR_COMMA) && !parse_at_word(p, WORD_USING)) return;
    foreign_note(p, what);
    if (join) parse_rest_of_joins(p, c->target);
    while (parse_accept(p, OPERATOR_COMMA) || parse_accept_word(p, WORD_USING)) parse_from_item(p);
}

/* DELETE name FROM ..: the name says which table of the join loses rows. */
static void accept_deleted_name(struct parser *p)
{
    uint32_t after = token_is_operator(parse_ahead(p, 1), OPERATOR_DOT) ? 3 : 1;
    if (!parse_at_name(p) || !token_is_word(parse_ahead(p, after), WORD_FROM)) return;
    foreign_note(p, FOREIGN_DELETE_JOIN);
    p->at += after;
}

static void parse_update(struct parser *p, struct change *c, enum sql_kind *kind)
{
    *kind = SQL_UPDATE;
    struct expression *condition = NULL;
    c->target = view_as_table(parse_target(p), &condition);
    accept_joined(p, c, FOREIGN_UPDATE_JOIN);
    parse_expect_word(p, WORD_SET);
    if (parse_at_word(p, WORD_ROW)) refuse_record(p);
    parse_assignments(p, c);
    if (parse_accept_word(p, WORD_FROM)) { /* 23ai */
        do {
            struct from_item *item = parse_from_item(p);
            LIST_ADD(p->t, c->from, c->from_count, item);
        } while (parse_accept(p, OPERATOR_COMMA));
    }
    parse_where(p, c);
    c->where = both_conditions(p, condition, c->where);
    foreign_limit(p);
    parse_returning(p, c);
    parse_log_errors(p, c);
}

static void parse_delete(struct parser *p, struct change *c, enum sql_kind *kind)
{
    *kind = SQL_DELETE;
    accept_deleted_name(p);
    parse_accept_word(p, WORD_FROM);
    struct expression *condition = NULL;
    c->target = view_as_table(parse_target(p), &condition);
    accept_joined(p, c, FOREIGN_DELETE_JOIN);
    parse_where(p, c);
    c->where = both_conditions(p, condition, c->where);
    foreign_limit(p);
    parse_returning(p, c);
    parse_log_errors(p, c);
}

static void parse_merge_branch(struct parser *p, struct change *c)
{
    parse_expect_word(p, WORD_WHEN);
    bool negated = parse_accept_word(p, WORD_NOT);
    parse_expect_word(p, WORD_MATCHED);
    parse_expect_word(p, WORD_THEN);
    if (negated) {
        if (c->has_insert) parse_fail(p, "only one WHEN NOT MATCHED");
        c->has_insert = true;
        parse_expect_word(p, WORD_INSERT);
        if (parse_at(p, OPERATOR_LEFT)) parse_column_list(p, &c->insert.columns, &c->insert.column_count);
        if (!accept_default_values(p)) {
            parse_expect_word(p, WORD_VALUES);
            refuse_record(p);
            parse_values(p, &c->insert);
        }
        if (parse_accept_word(p, WORD_WHERE)) c->insert_where = parse_expression(p);
        return;
    }
    if (c->has_update) parse_fail(p, "only one WHEN MATCHED");
    c->has_update = true;
    parse_expect_word(p, WORD_UPDATE);
    parse_expect_word(p, WORD_SET);
    parse_assignments(p, c);
    if (parse_accept_word(p, WORD_WHERE)) c->where = parse_expression(p);
    if (parse_accept_word(p, WORD_DELETE)) {
        parse_expect_word(p, WORD_WHERE);
        c->delete_where = parse_expression(p);
    }
}

static void parse_merge(struct parser *p, struct change *c, enum sql_kind *kind)
{
    *kind = SQL_MERGE;
    parse_expect_word(p, WORD_INTO);
    c->target = parse_target(p);
    parse_expect_word(p, WORD_USING);
    struct from_item *source = parse_from_item(p);
    LIST_ADD(p->t, c->from, c->from_count, source);
    parse_expect_word(p, WORD_ON);
    c->on = parse_expression(p);
    do parse_merge_branch(p, c);
    while (parse_at_word(p, WORD_WHEN));
    parse_returning(p, c);
    parse_log_errors(p, c);
}

struct change *parse_change(struct parser *p, enum sql_kind *kind)
{
    struct change *c = translation_alloc(p->t, sizeof *c);
    c->at = parse_token(p)->at;
    enum word word = parse_token(p)->code;
    parse_advance(p);
    switch (word) {
    case WORD_INSERT: parse_insert(p, c, kind); break;
    case WORD_UPDATE: parse_update(p, c, kind); break;
    case WORD_DELETE: parse_delete(p, c, kind); break;
    default: parse_merge(p, c, kind); break;
    }
    return c;
}
