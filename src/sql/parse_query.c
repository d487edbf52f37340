/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: queries from WITH to FOR UPDATE. */
#include "sql/parse_foreign.h"

static struct body *parse_body(struct parser *p);

static void parse_search_cycle(struct parser *p, struct with_item *with)
{
    if (parse_accept_word(p, WORD_SEARCH)) {
        with->search = true;
        with->search_depth = parse_accept_word(p, WORD_DEPTH);
        if (!with->search_depth) parse_any_name(p); /* BREADTH */
        parse_expect_word(p, WORD_FIRST);
        parse_expect_word(p, WORD_BY);
        parse_sort_list(p, &with->search_order);
        parse_expect_word(p, WORD_SET);
        with->search_set = parse_name(p, NULL);
    }
    if (!parse_accept_word(p, WORD_CYCLE)) return;
    with->cycle = true;
    do {
        struct view name = parse_name(p, NULL);
        LIST_ADD(p->t, with->cycle_columns, with->cycle_count, name);
    } while (parse_accept(p, OPERATOR_COMMA));
    parse_expect_word(p, WORD_SET);
    with->cycle_set = parse_name(p, NULL);
    parse_expect_word(p, WORD_TO);
    with->cycle_value = parse_operand(p);
    parse_expect_word(p, WORD_DEFAULT);
    with->cycle_default = parse_operand(p);
}

static void parse_withs(struct parser *p, struct with_item **withs, uint32_t *count, uint32_t *function_at)
{
    if (!parse_accept_word(p, WORD_WITH)) return;
    if (parse_at_word(p, WORD_FUNCTION) || parse_at_word(p, WORD_PROCEDURE)) {
        *function_at = parse_token(p)->at;
        parse_fail_at(p, parse_token(p)->at, "WITH FUNCTION is procedural code inside a query",
                      "create the function on both sides and call it");
    }
    do {
        struct with_item with = {.at = parse_token(p)->at};
        with.name = parse_name(p, NULL);
        if (view_equal_ignoring_case(parse_token(p)->text, view_text("ANALYTIC")) && token_is_word(parse_ahead(p, 1), WORD_VIEW))
            parse_fail_at(p, with.at, "analytic views are not translated", "make a plain view");
        if (parse_accept(p, OPERATOR_LEFT)) {
            do {
                struct view column = parse_name(p, NULL);
                LIST_ADD(p->t, with.columns, with.column_count, column);
            } while (parse_accept(p, OPERATOR_COMMA));
            parse_expect(p, OPERATOR_RIGHT);
        }
        parse_expect_word(p, WORD_AS);
        if (parse_at_word(p, WORD_MATERIALIZED) || parse_at_words(p, WORD_NOT, WORD_MATERIALIZED)) {
            foreign_note(p, FOREIGN_MATERIALIZED);
            p->at += parse_at_word(p, WORD_NOT) ? 2 : 1;
        }
        parse_expect(p, OPERATOR_LEFT);
        with.query = foreign_change_in_with(p);
        if (!with.query) with.query = parse_query(p);
        parse_expect(p, OPERATOR_RIGHT);
        parse_search_cycle(p, &with);
        LIST_ADD(p->t, *withs, *count, with);
        if (*count > 1000) parse_check_list(p, PARSE_LIST_MAX + 1, "queries stand in WITH");
    } while (parse_accept(p, OPERATOR_COMMA));
}

static void parse_items(struct parser *p, struct select *s)
{
    do {
        struct select_item item = {0};
        item.expression = parse_expression(p);
        if (item.expression->kind != EXPRESSION_STAR) item.alias = parse_alias(p, false);
        LIST_ADD(p->t, s->items, s->item_count, item);
        parse_check_list(p, s->item_count, "columns are selected");
    } while (parse_accept(p, OPERATOR_COMMA));
}

static void parse_group_items(struct parser *p, struct group_item **list, uint32_t *count);

static struct group_item parse_group_item(struct parser *p)
{
    struct group_item item = {0};
    bool rollup = view_equal_ignoring_case(parse_token(p)->text, view_text("ROLLUP"));
    bool cube = view_equal_ignoring_case(parse_token(p)->text, view_text("CUBE"));
    if ((rollup || cube) && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT)) {
        item.kind = rollup ? GROUP_ROLLUP : GROUP_CUBE;
        parse_advance(p);
    } else if (parse_at_words(p, WORD_GROUPING, WORD_SETS)) {
        item.kind = GROUP_SETS;
        p->at += 2;
    } else {
        item.expression = parse_expression(p);
        return item;
    }
    parse_expect(p, OPERATOR_LEFT);
    parse_enter(p);
    parse_group_items(p, &item.items, &item.count);
    parse_leave(p);
    parse_expect(p, OPERATOR_RIGHT);
    return item;
}

static void parse_group_items(struct parser *p, struct group_item **list, uint32_t *count)
{
    do {
        struct group_item item = parse_group_item(p);
        LIST_ADD(p->t, *list, *count, item);
        parse_check_list(p, *count, "columns are grouped by");
    } while (parse_accept(p, OPERATOR_COMMA));
}

static void parse_into(struct parser *p, struct select *s)
{
    if (parse_at_word(p, WORD_BULK)) {
        parse_advance(p);
        parse_expect_word(p, WORD_COLLECT);
    }
    if (parse_accept_word(p, WORD_INTO)) parse_expression_list(p, &s->into, &s->into_count);
}

static void parse_windows(struct parser *p, struct select *s)
{
    do {
        struct window_definition definition = {.name = parse_name(p, NULL)};
        parse_expect_word(p, WORD_AS);
        definition.window = parse_window(p);
        LIST_ADD(p->t, s->windows, s->window_count, definition);
    } while (parse_accept(p, OPERATOR_COMMA));
}

static void parse_connect(struct parser *p, struct select *s)
{
    for (;;) {
        if (parse_at_word(p, WORD_START) && token_is_word(parse_ahead(p, 1), WORD_WITH)) {
            p->at += 2;
            s->start_with = parse_expression(p);
        } else if (parse_at_word(p, WORD_CONNECT) && token_is_word(parse_ahead(p, 1), WORD_BY)) {
            p->at += 2;
            s->nocycle = parse_accept_word(p, WORD_NOCYCLE);
            s->connect_by = parse_expression(p);
        } else {
            return;
        }
    }
}

static void parse_grouping(struct parser *p, struct select *s)
{
    for (;;) {
        if (parse_at_words(p, WORD_GROUP, WORD_BY)) {
            p->at += 2;
            parse_group_items(p, &s->group, &s->group_count);
            s->aggregated = true;
        } else if (parse_accept_word(p, WORD_HAVING)) {
            s->having = parse_expression(p);
            s->aggregated = true;
        } else {
            return;
        }
    }
}

static struct body *parse_select(struct parser *p)
{
    struct body *body = translation_alloc(p->t, sizeof *body);
    struct select *s = translation_alloc(p->t, sizeof *s);
    body->kind = BODY_SELECT;
    body->select = s;
    s->at = parse_token(p)->at;
    parse_expect_word(p, WORD_SELECT);
    s->distinct = parse_accept_word(p, WORD_DISTINCT) || parse_accept_word(p, WORD_UNIQUE);
    if (!s->distinct) parse_accept_word(p, WORD_ALL);
    if (s->distinct && parse_at_word(p, WORD_ON) && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT)) {
        foreign_note(p, FOREIGN_DISTINCT_ON);
        parse_advance(p);
        parse_skip_brackets(p);
    }
    parse_items(p, s);
    parse_into(p, s);
    if (parse_accept_word(p, WORD_FROM)) {
        do {
            struct from_item *item = parse_from_item(p);
            LIST_ADD(p->t, s->from, s->from_count, item);
            parse_check_list(p, s->from_count, "tables are joined");
        } while (parse_accept(p, OPERATOR_COMMA));
    }
    foreign_skip_slots(p);
    if (parse_accept_word(p, WORD_WHERE)) s->where = parse_expression(p);
    foreign_skip_slots(p);
    parse_connect(p, s);
    parse_grouping(p, s);
    if (s->group_count > 0 && !s->connect_by) { /* Oracle takes the hierarchy after GROUP BY too: it is walked first all the same */
        parse_connect(p, s);
        parse_grouping(p, s);
    }
    if (parse_begins_model(p))
        parse_fail_at(p, parse_token(p)->at, "the MODEL clause is not translated",
                      "rewrite it with analytic functions, or give a translation in the mapping file");
    if (parse_at_word(p, WORD_WINDOW) && token_is_word(parse_ahead(p, 2), WORD_AS)) {
        parse_advance(p);
        parse_windows(p, s);
    }
    return body;
}

/* VALUES (..), (..) as a query: SELECT .. FROM DUAL UNION ALL SELECT .. */
static struct body *parse_value_rows(struct parser *p)
{
    struct body *set = translation_alloc(p->t, sizeof *set);
    set->kind = BODY_SET;
    parse_advance(p);
    do {
        struct body *row = translation_alloc(p->t, sizeof *row);
        struct select *s = row->select = translation_alloc(p->t, sizeof *s);
        struct from_item *dual = translation_alloc(p->t, sizeof *dual);
        row->kind = BODY_SELECT;
        s->at = dual->at = parse_token(p)->at;
        dual->kind = FROM_TABLE;
        dual->name = view_text("DUAL");
        LIST_ADD(p->t, s->from, s->from_count, dual);
        parse_expect(p, OPERATOR_LEFT);
        do {
            struct select_item item = {.expression = parse_expression(p)};
            LIST_ADD(p->t, s->items, s->item_count, item);
            parse_check_list(p, s->item_count, "columns are selected");
        } while (parse_accept(p, OPERATOR_COMMA));
        parse_expect(p, OPERATOR_RIGHT);
        uint32_t operators = set->term_count ? set->term_count - 1 : 0;
        if (set->term_count) LIST_ADD(p->t, set->operators, operators, (enum set_operator){SET_UNION_ALL});
        LIST_ADD(p->t, set->terms, set->term_count, row);
        parse_check_list(p, set->term_count, "rows are listed");
    } while (parse_accept(p, OPERATOR_COMMA));
    return set->term_count == 1 ? set->terms[0] : set;
}

void parse_column_names(struct parser *p, struct body *body)
{
    uint32_t count = 0;
    struct view *names = NULL;
    while (body->kind == BODY_SET) body = body->terms[0];
    parse_expect(p, OPERATOR_LEFT);
    do {
        struct view name = parse_name(p, NULL);
        LIST_ADD(p->t, names, count, name);
    } while (parse_accept(p, OPERATOR_COMMA));
    parse_expect(p, OPERATOR_RIGHT);
    if (body->kind != BODY_SELECT || count != body->select->item_count) parse_fail(p, "as many names as there are columns");
    for (uint32_t i = 0; i < count; i++) body->select->items[i].alias = names[i];
}

static struct body *parse_term(struct parser *p)
{
    if (parse_at_word(p, WORD_SELECT)) return parse_select(p);
    if (parse_at_word(p, WORD_VALUES) && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT)) return parse_value_rows(p);
    if (!parse_at(p, OPERATOR_LEFT)) parse_fail(p, "SELECT");
    struct body *body = translation_alloc(p->t, sizeof *body);
    body->kind = BODY_QUERY;
    parse_enter(p);
    parse_advance(p);
    body->query = parse_query(p);
    parse_expect(p, OPERATOR_RIGHT);
    parse_leave(p);
    return body;
}

static bool parse_set_operator(struct parser *p, enum set_operator *operator)
{
    enum word word = parse_token(p)->kind == TOKEN_WORD ? parse_token(p)->code : WORD_NONE;
    if (word != WORD_UNION && word != WORD_INTERSECT && word != WORD_MINUS && word != WORD_EXCEPT) return false;
    parse_advance(p);
    bool all = parse_accept_word(p, WORD_ALL);
    if (!all) parse_accept_word(p, WORD_DISTINCT);
    *operator= word == WORD_UNION ? (all ? SET_UNION_ALL : SET_UNION)
    : word == WORD_INTERSECT      ? (all ? SET_INTERSECT_ALL : SET_INTERSECT)
                                  : (all ? SET_EXCEPT_ALL : SET_EXCEPT);
    return true;
}

static struct body *parse_body(struct parser *p)
{
    struct body *first = parse_term(p), *set = NULL;
    enum set_operator operator;
    while (parse_set_operator(p, &operator)) {
        uint32_t operators = set ? set->term_count - 1 : 0;
        if (!set) {
            set = translation_alloc(p->t, sizeof *set);
            set->kind = BODY_SET;
            LIST_ADD(p->t, set->terms, set->term_count, first);
        }
        LIST_ADD(p->t, set->operators, operators, operator);
        struct body *term = parse_term(p);
        LIST_ADD(p->t, set->terms, set->term_count, term);
        parse_check_list(p, set->term_count, "queries are united");
    }
    return set ? set : first;
}

static void parse_fetch(struct parser *p, struct query *q)
{
    if (parse_at_word(p, WORD_OFFSET)) {
        parse_advance(p);
        q->offset = parse_operand(p);
        if (!parse_accept_word(p, WORD_ROWS)) parse_accept_word(p, WORD_ROW);
    }
    if (!parse_at_word(p, WORD_FETCH)) return;
    parse_advance(p);
    q->has_fetch = true;
    if (!parse_accept_word(p, WORD_FIRST)) parse_expect_word(p, WORD_NEXT);
    if (!parse_at_word(p, WORD_ROW) && !parse_at_word(p, WORD_ROWS)) q->fetch = parse_operand(p);
    q->fetch_percent = parse_accept_word(p, WORD_PERCENT);
    if (!parse_accept_word(p, WORD_ROWS)) parse_expect_word(p, WORD_ROW);
    if (parse_accept_word(p, WORD_ONLY)) return;
    parse_expect_word(p, WORD_WITH);
    parse_expect_word(p, WORD_TIES);
    q->fetch_ties = true;
}

void parse_lock_clause(struct parser *p, enum lock_wait *wait, uint32_t *seconds)
{
    if (parse_accept_word(p, WORD_NOWAIT)) {
        *wait = LOCK_NOWAIT;
    } else if (parse_accept_word(p, WORD_WAIT)) {
        *wait = LOCK_WAIT_SECONDS;
        *seconds = parse_unsigned(p);
    } else if (parse_accept_word(p, WORD_SKIP)) {
        parse_expect_word(p, WORD_LOCKED);
        *wait = LOCK_SKIP;
    }
}

static void parse_for_update(struct parser *p, struct query *q)
{
    if (!parse_at_words(p, WORD_FOR, WORD_UPDATE)) return;
    p->at += 2;
    q->for_update = true;
    if (parse_accept_word(p, WORD_OF)) parse_expression_list(p, &q->lock_of, &q->lock_of_count);
    parse_lock_clause(p, &q->wait, &q->wait_seconds);
}

/* WITH .. INSERT, UPDATE, DELETE as a statement: for parse_one to take. */
static bool parse_change_after_with(struct parser *p, struct query *q)
{
    if (p->depth != 1 || !(parse_at_word(p, WORD_INSERT) || parse_at_word(p, WORD_UPDATE) || parse_at_word(p, WORD_DELETE))) return false;
    foreign_note(p, FOREIGN_CHANGE_AFTER_WITH);
    p->change_after_with = parse_change(p, &p->change_kind);
    p->change_after_with->withs = q->withs;
    p->change_after_with->with_count = q->with_count;
    parse_leave(p);
    return true;
}

struct query *parse_query(struct parser *p)
{
    struct query *q = translation_alloc(p->t, sizeof *q);
    q->at = parse_token(p)->at;
    parse_enter(p);
    parse_withs(p, &q->withs, &q->with_count, &q->with_function_at);
    if (q->with_count > 0 && parse_change_after_with(p, q)) return q;
    q->body = parse_body(p);
    parse_for_update(p, q); /* Oracle takes FOR UPDATE before ORDER BY as well */
    if (parse_at_word(p, WORD_ORDER)) {
        parse_advance(p);
        q->order.siblings = parse_accept_word(p, WORD_SIBLINGS);
        parse_expect_word(p, WORD_BY);
        parse_sort_list(p, &q->order);
    }
    foreign_skip_slots(p);
    parse_fetch(p, q);
    parse_for_update(p, q);
    foreign_limit(p);
    parse_leave(p);
    return q;
}
