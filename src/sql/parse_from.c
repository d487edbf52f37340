/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: what stands in FROM. */
#include "sql/parse_foreign.h"
#include "sql/pivot.h"

static struct from_item *parse_primary_item(struct parser *p);

static struct from_item *item_new(struct parser *p, enum from_kind kind)
{
    struct from_item *item = translation_alloc(p->t, sizeof *item);
    item->kind = kind;
    item->at = parse_token(p)->at;
    return item;
}

/* PERIOD FOR column: of a table with valid times. */
static bool accept_period(struct parser *p)
{
    if (!parse_accept_words(p, WORD_PERIOD, WORD_FOR)) return false;
    parse_any_name(p);
    return true;
}

/* NESTED document COLUMNS (..): a join with JSON_TABLE in short. */
static bool accept_nested(struct parser *p)
{
    uint32_t at = p->at + 1;
    if (!parse_at_word(p, WORD_NESTED) || parse_ahead(p, 1)->kind == TOKEN_OPERATOR) return false;
    while (at < p->end && at < p->at + 40 && !view_equal_ignoring_case(p->tokens[at].text, view_text("COLUMNS"))) at++;
    if (at >= p->end || !token_is_operator(&p->tokens[at + 1], OPERATOR_LEFT)) return false;
    p->at = at + 1;
    parse_skip_brackets(p);
    return true;
}

/* SAMPLE, AS OF, VERSIONS, PARTITION: known, and refused later with the reason. */
static void parse_table_options(struct parser *p, struct from_item *item)
{
    for (;;) {
        if ((parse_at_word(p, WORD_PARTITION) || parse_at_word(p, WORD_SUBPARTITION)) &&
            (token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT) || token_is_word(parse_ahead(p, 1), WORD_FOR))) {
            item->unsupported = "a partition is named, and the target's partitions may be others";
            parse_advance(p);
            parse_accept_word(p, WORD_FOR);
            parse_skip_brackets(p);
        } else if (parse_begins_sample(p)) {
            item->unsupported = "SAMPLE answers rows by chance";
            parse_advance(p);
            if (!parse_at(p, OPERATOR_LEFT)) parse_advance(p);
            parse_skip_brackets(p);
            if (view_equal_ignoring_case(parse_token(p)->text, view_text("SEED"))) {
                parse_advance(p);
                parse_skip_brackets(p);
            }
        } else if (parse_at_words(p, WORD_AS, WORD_OF)) {
            item->unsupported = "a flashback query asks for past states of the table";
            p->at += 2;
            if (!accept_period(p) && !parse_accept_word(p, WORD_SCN) && !parse_accept_word(p, WORD_TIMESTAMP)) parse_any_name(p);
            parse_operand(p);
        } else if (parse_at_words(p, WORD_VERSIONS, WORD_BETWEEN) || parse_at_words(p, WORD_VERSIONS, WORD_PERIOD)) {
            item->unsupported = "a flashback query asks for past states of the table";
            parse_advance(p);
            bool period = accept_period(p);
            parse_expect_word(p, WORD_BETWEEN);
            if (!period && !parse_accept_word(p, WORD_SCN) && !parse_accept_word(p, WORD_TIMESTAMP)) parse_any_name(p);
            parse_operand(p);
            parse_expect_word(p, WORD_AND);
            parse_operand(p);
        } else if (parse_at_word(p, WORD_MATCH_RECOGNIZE) && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT)) {
            item->unsupported = "MATCH_RECOGNIZE is not translated";
            parse_advance(p);
            parse_skip_brackets(p);
        } else if (accept_nested(p)) {
            item->unsupported = "NESTED .. COLUMNS is not translated";
        } else {
            foreign_table_options(p);
            return;
        }
    }
}

static struct from_item *parse_pivots(struct parser *p, struct from_item *item)
{
    while (parse_begins_pivot(p)) {
        struct from_item *pivot = item_new(p, FROM_PIVOT);
        pivot->left = item;
        pivot->pivot = parse_pivot(p);
        item = pivot;
    }
    return item;
}

/* An alias before PIVOT and another one behind it. */
static struct from_item *parse_late_pivots(struct parser *p, struct from_item *item)
{
    if (!(parse_at_word(p, WORD_PIVOT) || parse_at_word(p, WORD_UNPIVOT)) || !token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT))
        return item;
    foreign_note(p, FOREIGN_ALIAS_PIVOT);
    item = parse_pivots(p, item);
    item->alias = parse_alias(p, true);
    return item;
}

struct from_item *parse_table_reference(struct parser *p, bool alias_allowed)
{
    struct from_item *item = item_new(p, FROM_TABLE);
    item->name_quoted = parse_token(p)->kind == TOKEN_QUOTED;
    parse_object_name(p, &item->schema, &item->name, &item->link);
    if (parse_at(p, OPERATOR_LEFT) && alias_allowed && !token_is_operator(parse_ahead(p, 1), OPERATOR_PLUS)) { /* f(x) as a table */
        struct expression *e = expression_new(p, EXPRESSION_NAME);
        e->at = item->at;
        e->qualifier = item->schema;
        e->text = item->name;
        item->kind = FROM_FUNCTION;
        item->function = parse_call(p, e);
        item->name = view_of(NULL, 0);
    }
    parse_table_options(p, item);
    if (alias_allowed) item = parse_pivots(p, item);
    item->alias = parse_alias(p, true);
    if (alias_allowed && item->alias.size) {
        foreign_alias_columns(p);
        item = parse_late_pivots(p, item);
    }
    parse_table_options(p, item);
    return item;
}

static void accept_outer_mark(struct parser *p, struct from_item *item)
{
    if (!parse_at(p, OPERATOR_LEFT) || !token_is_operator(parse_ahead(p, 1), OPERATOR_PLUS)) return;
    p->at += 2;
    parse_expect(p, OPERATOR_RIGHT);
    item->outer = true;
}

static struct from_item *parse_table_function(struct parser *p)
{
    struct from_item *item = item_new(p, FROM_FUNCTION);
    parse_advance(p);
    parse_expect(p, OPERATOR_LEFT);
    if (parse_at_word(p, WORD_SELECT) || parse_at_word(p, WORD_WITH)) {
        struct expression *e = expression_new(p, EXPRESSION_QUERY);
        e->query = parse_query(p);
        item->function = expression_finish(p, e);
    } else {
        item->function = parse_expression(p);
    }
    foreign_table_options(p);
    parse_expect(p, OPERATOR_RIGHT);
    accept_outer_mark(p, item);
    foreign_table_options(p);
    item->alias = parse_alias(p, true);
    if (item->alias.size) foreign_alias_columns(p);
    return item;
}

static struct from_item *parse_bracketed_item(struct parser *p, bool lateral)
{
    struct from_item *item;
    parse_enter(p);
    if (parse_brackets_open_query(p)) {
        item = item_new(p, FROM_QUERY);
        parse_advance(p);
        item->query = parse_query(p);
        item->lateral = lateral;
        if (parse_accept_word(p, WORD_WITH)) { /* WITH READ ONLY, WITH CHECK OPTION of an inline view */
            parse_any_name(p);
            parse_any_name(p);
            item->checked = true;
        }
        parse_expect(p, OPERATOR_RIGHT);
        parse_table_options(p, item);
        item = parse_pivots(p, item);
        item->alias = parse_alias(p, true);
        if (item->alias.size) {
            foreign_alias_columns(p);
            item = parse_late_pivots(p, item);
        }
    } else if (token_is_word(parse_ahead(p, 1), WORD_VALUES)) {
        item = item_new(p, FROM_QUERY);
        parse_advance(p);
        item->query = parse_query(p);
        item->lateral = lateral;
        parse_expect(p, OPERATOR_RIGHT);
        item->alias = parse_alias(p, true);
        if (parse_at(p, OPERATOR_LEFT)) parse_column_names(p, item->query->body);
    } else {
        parse_advance(p);
        item = parse_from_item(p);
        parse_expect(p, OPERATOR_RIGHT);
        item = parse_pivots(p, item);
        struct view alias = parse_alias(p, true);
        if (alias.size) item->alias = alias;
    }
    parse_leave(p);
    return item;
}

static struct from_item *parse_primary_item(struct parser *p)
{
    bool bracket = token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT);
    if (parse_at_word(p, WORD_LATERAL) && bracket) {
        parse_advance(p);
        return parse_bracketed_item(p, true);
    }
    if (parse_at(p, OPERATOR_LEFT)) return parse_bracketed_item(p, false);
    if ((parse_at_word(p, WORD_TABLE) || parse_at_word(p, WORD_THE)) && bracket) return parse_table_function(p);
    if ((parse_at_word(p, WORD_JSON_TABLE) || parse_at_word(p, WORD_XMLTABLE)) && bracket) {
        struct from_item *item = parse_json_table(p, parse_token(p)->at);
        accept_outer_mark(p, item);
        item->alias = parse_alias(p, true);
        return item;
    }
    if ((parse_at_word(p, WORD_ONLY) || parse_at_word(p, WORD_CONTAINERS) || parse_at_word(p, WORD_SHARED)) && bracket) {
        parse_advance(p);
        parse_advance(p);
        struct from_item *item = parse_table_reference(p, false);
        parse_expect(p, OPERATOR_RIGHT);
        if (!item->alias.size) item->alias = parse_alias(p, true);
        return item;
    }
    return parse_table_reference(p, true);
}

/* At the words of a join? Takes them. */
static bool parse_join_words(struct parser *p, struct from_item *join)
{
    uint32_t start = p->at;
    join->natural = parse_accept_word(p, WORD_NATURAL);
    join->join = JOIN_INNER;
    if (parse_accept_word(p, WORD_CROSS)) {
        join->join = parse_at_word(p, WORD_APPLY) ? JOIN_CROSS_APPLY : JOIN_CROSS;
        if (parse_accept_word(p, WORD_APPLY)) return true;
    } else if (parse_at_word(p, WORD_OUTER) && token_is_word(parse_ahead(p, 1), WORD_APPLY)) {
        p->at += 2;
        join->join = JOIN_OUTER_APPLY;
        return true;
    } else if (parse_at_word(p, WORD_LEFT) || parse_at_word(p, WORD_RIGHT) || parse_at_word(p, WORD_FULL)) {
        join->join = parse_at_word(p, WORD_LEFT) ? JOIN_LEFT : parse_at_word(p, WORD_RIGHT) ? JOIN_RIGHT : JOIN_FULL;
        parse_advance(p);
        parse_accept_word(p, WORD_OUTER);
    } else {
        parse_accept_word(p, WORD_INNER);
    }
    if (parse_accept_word(p, WORD_JOIN)) return true;
    p->at = start;
    return false;
}

static void parse_join_condition(struct parser *p, struct from_item *join)
{
    if (join->join == JOIN_CROSS && parse_at_word(p, WORD_ON) && !parse_at_words(p, WORD_ON, WORD_COMMIT)) {
        foreign_note(p, FOREIGN_CROSS_JOIN_ON);
        parse_advance(p);
        parse_expression(p);
    }
    if (join->natural || join->join == JOIN_CROSS || join->join == JOIN_CROSS_APPLY || join->join == JOIN_OUTER_APPLY) return;
    if (parse_accept_word(p, WORD_ON)) {
        join->on = parse_expression(p);
        return;
    }
    parse_expect_word(p, WORD_USING);
    parse_expect(p, OPERATOR_LEFT);
    do {
        struct view name = parse_name(p, NULL);
        LIST_ADD(p->t, join->using_names, join->using_count, name);
    } while (parse_accept(p, OPERATOR_COMMA));
    parse_expect(p, OPERATOR_RIGHT);
}

static void refuse_partitioned_join(struct parser *p)
{
    if (parse_at_words(p, WORD_PARTITION, WORD_BY))
        parse_fail_at(p, parse_token(p)->at, "a partitioned outer join is not translated", "join with every partition's key instead");
}

struct from_item *parse_from_item(struct parser *p)
{
    parse_enter(p);
    struct from_item *item = parse_rest_of_joins(p, parse_primary_item(p));
    parse_leave(p);
    return item;
}

struct from_item *parse_rest_of_joins(struct parser *p, struct from_item *left)
{
    uint32_t joins = 0;
    for (;;) {
        struct from_item *join = item_new(p, FROM_JOIN);
        refuse_partitioned_join(p);
        if (!parse_join_words(p, join)) break;
        if (++joins > 200) parse_fail_at(p, join->at, "more than 200 joins in one place", "split the query");
        join->left = left;
        join->right = parse_primary_item(p);
        refuse_partitioned_join(p);
        bool conditional = join->join <= JOIN_FULL && !join->natural;
        while (conditional && !parse_at_word(p, WORD_ON) && !parse_at_word(p, WORD_USING)) { /* a JOIN b JOIN c ON .. ON .. */
            struct from_item *inner = item_new(p, FROM_JOIN);
            if (!parse_join_words(p, inner)) {
                foreign_note(p, FOREIGN_JOIN_WITHOUT_ON);
                join->join = JOIN_CROSS;
                break;
            }
            inner->left = join->right;
            inner->right = parse_primary_item(p);
            parse_join_condition(p, inner);
            join->right = inner;
        }
        parse_join_condition(p, join);
        left = join;
    }
    return parse_pivots(p, left);
}
