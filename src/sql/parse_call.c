/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: names, function calls with all that may stand in and after their brackets, windows. */
#include "sql/parse_foreign.h"

void parse_sort_list(struct parser *p, struct sort_list *order)
{
    do {
        struct sort_key key = {.expression = parse_expression(p)};
        foreign_skip_slots(p); /* ORDER BY x ${direction} */
        if (parse_accept_word(p, WORD_DESC))
            key.descending = true;
        else
            parse_accept_word(p, WORD_ASC);
        if (parse_accept_word(p, WORD_NULLS)) {
            key.nulls = parse_at_word(p, WORD_FIRST) ? NULLS_FIRST : NULLS_LAST;
            if (!parse_accept_word(p, WORD_FIRST)) parse_expect_word(p, WORD_LAST);
        }
        LIST_ADD(p->t, order->keys, order->count, key);
        parse_check_list(p, order->count, "columns are ordered by");
    } while (parse_accept(p, OPERATOR_COMMA));
}

static void parse_bound(struct parser *p, struct frame_bound *bound)
{
    if (parse_accept_word(p, WORD_UNBOUNDED)) {
        bound->kind = parse_at_word(p, WORD_PRECEDING) ? BOUND_UNBOUNDED_PRECEDING : BOUND_UNBOUNDED_FOLLOWING;
        parse_advance(p);
    } else if (parse_accept_word(p, WORD_CURRENT)) {
        parse_expect_word(p, WORD_ROW);
        bound->kind = BOUND_CURRENT;
    } else {
        bound->offset = parse_operand(p);
        bound->kind = parse_at_word(p, WORD_PRECEDING) ? BOUND_PRECEDING : BOUND_FOLLOWING;
        if (!parse_accept_word(p, WORD_PRECEDING)) parse_expect_word(p, WORD_FOLLOWING);
    }
}

static void parse_frame(struct parser *p, struct window *window)
{
    window->unit = parse_at_word(p, WORD_ROWS) ? FRAME_ROWS : parse_at_word(p, WORD_GROUPS) ? FRAME_GROUPS : FRAME_RANGE;
    parse_advance(p);
    if (parse_accept_word(p, WORD_BETWEEN)) {
        parse_bound(p, &window->from);
        parse_expect_word(p, WORD_AND);
        parse_bound(p, &window->to);
    } else {
        parse_bound(p, &window->from);
    }
    if (parse_accept_word(p, WORD_EXCLUDE)) {
        window->exclude = parse_token(p)->text;
        parse_any_name(p);
        if (!parse_accept_word(p, WORD_ROW) && view_equal_ignoring_case(parse_token(p)->text, view_text("OTHERS"))) parse_advance(p);
    }
}

struct window *parse_window(struct parser *p)
{
    struct window *window = translation_alloc(p->t, sizeof *window);
    if (!parse_at(p, OPERATOR_LEFT)) {
        window->name = parse_name(p, NULL);
        return window;
    }
    parse_advance(p);
    if (parse_at_name(p) && !parse_at_word(p, WORD_PARTITION) && !parse_at_word(p, WORD_RANGE) && !parse_at_word(p, WORD_GROUPS))
        window->name = parse_name(p, NULL);
    if (parse_accept_words(p, WORD_PARTITION, WORD_BY)) parse_expression_list(p, &window->partition, &window->partition_count);
    if (parse_accept_word(p, WORD_ORDER)) {
        window->order.siblings = parse_accept_word(p, WORD_SIBLINGS);
        parse_expect_word(p, WORD_BY);
        parse_sort_list(p, &window->order);
    }
    if (parse_at_word(p, WORD_ROWS) || parse_at_word(p, WORD_RANGE) || parse_at_word(p, WORD_GROUPS)) parse_frame(p, window);
    parse_expect(p, OPERATOR_RIGHT);
    return window;
}

static void parse_overflow(struct parser *p, struct expression *e)
{
    if (parse_accept_word(p, WORD_ERROR)) return;
    parse_expect_word(p, WORD_TRUNCATE);
    e->call->overflow_truncate = true;
    e->call->overflow_count = true;
    if (parse_token(p)->kind == TOKEN_STRING || parse_token(p)->kind == TOKEN_BIND) e->call->overflow = parse_operand(p);
    if (parse_at_word(p, WORD_WITHOUT)) e->call->overflow_count = false;
    if (parse_accept_word(p, WORD_WITH) || parse_accept_word(p, WORD_WITHOUT)) parse_expect_word(p, WORD_COUNT);
}

static void parse_nulls_treatment(struct parser *p, struct expression *e)
{
    if (parse_accept_words(p, WORD_IGNORE, WORD_NULLS)) e->call->nulls = NULLS_IGNORE;
    if (parse_accept_words(p, WORD_RESPECT, WORD_NULLS)) e->call->nulls = NULLS_RESPECT;
}

/* Names stand beside the arguments from the first named one on. */
static void keep_argument_name(struct parser *p, struct expression *e, struct view name)
{
    struct view *names = translation_alloc(p->t, sizeof *names * e->argument_count);
    for (uint32_t i = 0; e->call->names && i + 1 < e->argument_count; i++) names[i] = e->call->names[i];
    names[e->argument_count - 1] = name;
    e->call->names = names;
}

static void parse_argument(struct parser *p, struct expression *e)
{
    struct view name = {0};
    if ((parse_token(p)->kind == TOKEN_WORD || parse_token(p)->kind == TOKEN_QUOTED) &&
        token_is_operator(parse_ahead(p, 1), OPERATOR_ARROW)) {
        e->call->named = true;
        name = token_name(p->t, parse_token(p));
        parse_advance(p);
        parse_advance(p);
    }
    if (e->argument_count == 0 && parse_at(p, OPERATOR_STAR) && token_is_operator(parse_ahead(p, 1), OPERATOR_RIGHT)) {
        parse_advance(p);
        e->call->star = true;
        return;
    }
    expression_add(p, e, parse_expression(p));
    if (e->call->named) {
        parse_check_list(p, e->argument_count * 16, "named arguments"); /* the names are copied for each */
        keep_argument_name(p, e, name);
    }
    foreign_substring(p, e);
    parse_nulls_treatment(p, e);
    if (parse_accept_word(p, WORD_DEFAULT)) { /* TO_NUMBER(x DEFAULT 0 ON CONVERSION ERROR, ..) */
        e->call->fallback = parse_operand(p);
        parse_expect_word(p, WORD_ON);
        parse_expect_word(p, WORD_CONVERSION);
        parse_expect_word(p, WORD_ERROR);
    }
    if (parse_at_word(p, WORD_ON) && token_is_word(parse_ahead(p, 1), WORD_OVERFLOW)) {
        parse_advance(p);
        parse_advance(p);
        parse_overflow(p, e);
    }
    if (parse_accept_word(p, WORD_USING)) { /* TRANSLATE(x USING NCHAR_CS), CONVERT */
        e->call->option = parse_any_name(p);
        while (parse_accept(p, OPERATOR_COMMA)) parse_any_name(p);
    }
    if (parse_accept_words(p, WORD_ORDER, WORD_BY)) parse_sort_list(p, &e->call->order);
}

/* NTH_VALUE(x, n) FROM LAST; the words may stand inside the brackets too. */
static void accept_from_last(struct parser *p, struct expression *e)
{
    bool first = token_is_word(parse_ahead(p, 1), WORD_FIRST), last = token_is_word(parse_ahead(p, 1), WORD_LAST);
    if (!parse_at_word(p, WORD_FROM) || (!first && !last) || !view_equal(e->text, view_text("NTH_VALUE"))) return;
    e->call->from_last = last;
    p->at += 2;
}

static void parse_call_tail(struct parser *p, struct expression *e)
{
    if (parse_at_word(p, WORD_WITHIN) && token_is_word(parse_ahead(p, 1), WORD_GROUP)) {
        p->at += 2;
        e->call->within = true;
        parse_expect(p, OPERATOR_LEFT);
        parse_expect_word(p, WORD_ORDER);
        parse_expect_word(p, WORD_BY);
        parse_sort_list(p, &e->call->order);
        parse_expect(p, OPERATOR_RIGHT);
    }
    if (parse_at_word(p, WORD_KEEP) && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT)) {
        p->at += 2;
        e->call->keep = true;
        parse_expect_word(p, WORD_DENSE_RANK);
        e->call->keep_last = parse_at_word(p, WORD_LAST);
        if (!parse_accept_word(p, WORD_LAST)) parse_expect_word(p, WORD_FIRST);
        parse_expect_word(p, WORD_ORDER);
        parse_expect_word(p, WORD_BY);
        parse_sort_list(p, &e->call->order);
        parse_expect(p, OPERATOR_RIGHT);
    }
    accept_from_last(p, e);
    parse_nulls_treatment(p, e);
    foreign_filter(p);
    if (parse_at_word(p, WORD_OVER) && (token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT) || parse_ahead(p, 1)->kind == TOKEN_WORD)) {
        parse_advance(p);
        e->call->over = parse_window(p);
    }
}

/* XML functions and others with a grammar of their own inside the brackets are taken as a whole. */
static bool has_own_grammar(struct view name)
{
    static const char *const names[] = {"XMLELEMENT",
                                        "XMLFOREST",
                                        "XMLROOT",
                                        "XMLPARSE",
                                        "XMLSERIALIZE",
                                        "XMLQUERY",
                                        "XMLEXISTS",
                                        "XMLCAST",
                                        "XMLATTRIBUTES",
                                        "XMLPI",
                                        "XMLCOLATTVAL",
                                        "JSON_TRANSFORM",
                                        "JSON_DATAGUIDE",
                                        "VALIDATE_CONVERSION",
                                        "CLUSTER_ID",
                                        "CLUSTER_PROBABILITY",
                                        "FEATURE_ID",
                                        "FEATURE_VALUE",
                                        "PREDICTION",
                                        "PREDICTION_PROBABILITY",
                                        "PREDICTION_DETAILS",
                                        "CLUSTER_SET",
                                        "FEATURE_SET",
                                        "CLUSTER_DETAILS",
                                        "FEATURE_DETAILS",
                                        "PREDICTION_SET",
                                        "PREDICTION_COST",
                                        "PREDICTION_BOUNDS",
                                        "CLUSTER_DISTANCE",
                                        "FEATURE_COMPARE",
                                        "VECTOR_EMBEDDING",
                                        "XMLTABLE",
                                        "JSON_SERIALIZE",
                                        "JSON_SCALAR",
                                        "JSON_TEXTCONTAINS",
                                        "APPROX_RANK",
                                        "TO_VECTOR",
                                        "VECTOR",
                                        "VECTOR_DISTANCE",
                                        "VECTOR_SERIALIZE",
                                        "FROM_VECTOR",
                                        "ORA_DM_PARTITION_NAME",
                                        "JSON",
                                        "SET"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (view_equal(name, view_text(names[i]))) return true;
    return false;
}

static enum word json_word(const struct expression *e)
{
    if (e->qualifier.size || e->quoted) return WORD_NONE;
    enum word word = word_find(e->text);
    switch (word) {
    case WORD_JSON_VALUE:
    case WORD_JSON_QUERY:
    case WORD_JSON_EXISTS:
    case WORD_JSON_OBJECT:
    case WORD_JSON_ARRAY:
    case WORD_JSON_ARRAYAGG:
    case WORD_JSON_OBJECTAGG:
    case WORD_JSON_MERGEPATCH: return word;
    default: return WORD_NONE;
    }
}

struct expression *parse_call(struct parser *p, struct expression *e)
{
    e->kind = EXPRESSION_CALL;
    e->call = translation_alloc(p->t, sizeof *e->call);
    e->call->brackets = true;
    if (!e->quoted && has_own_grammar(e->text)) {
        parse_skip_brackets(p);
        e->kind = EXPRESSION_UNSUPPORTED;
        parse_call_tail(p, e);
        return expression_finish(p, e);
    }
    enum word word = json_word(e);
    if (word != WORD_NONE) {
        e = parse_json_call(p, e, word);
        parse_call_tail(p, e);
        return expression_finish(p, e);
    }
    parse_expect(p, OPERATOR_LEFT);
    if (parse_accept_word(p, WORD_DISTINCT) || parse_accept_word(p, WORD_UNIQUE))
        e->call->distinct = true;
    else
        parse_accept_word(p, WORD_ALL);
    if (!parse_at(p, OPERATOR_RIGHT)) {
        do parse_argument(p, e);
        while (parse_accept(p, OPERATOR_COMMA));
        accept_from_last(p, e);
    }
    parse_expect(p, OPERATOR_RIGHT);
    parse_call_tail(p, e);
    return expression_finish(p, e);
}

static bool at_outer_mark(const struct parser *p)
{
    return parse_at(p, OPERATOR_LEFT) && token_is_operator(parse_ahead(p, 1), OPERATOR_PLUS) &&
           token_is_operator(parse_ahead(p, 2), OPERATOR_RIGHT);
}

/* Words that are reserved and yet stand as expressions. */
static bool reserved_value(enum word word)
{
    switch (word) {
    case WORD_ROWNUM:
    case WORD_LEVEL:
    case WORD_ROWID:
    case WORD_SYSDATE:
    case WORD_UID:
    case WORD_USER:
    case WORD_ROW:
    case WORD_ROWS:
    case WORD_MODE:
    case WORD_SESSION:
    case WORD_FILE:
    case WORD_SIZE:
    case WORD_COMMENT:
    case WORD_COLUMN:
    case WORD_CURRENT:
    case WORD_INITIAL:
    case WORD_ONLINE:
    case WORD_OFFLINE:
    case WORD_CHAR:
    case WORD_RAW:
    case WORD_DATE:
    case WORD_NUMBER:
    case WORD_ACCESS:
    case WORD_LONG:
    case WORD_RESOURCE:
    case WORD_SHARE:
    case WORD_EXCLUSIVE:
    case WORD_VALIDATE:
    case WORD_AUDIT:
    case WORD_START:
    case WORD_ADD:
    case WORD_INDEX:
    case WORD_INTEGER:
    case WORD_FLOAT:
    case WORD_DECIMAL:
    case WORD_SMALLINT:
    case WORD_CLUSTER:
    case WORD_INCREMENT:
    case WORD_OPTION:
    case WORD_LOCK:
    case WORD_PUBLIC:
    case WORD_SYNONYM:
    case WORD_REPLACE: return true;
    default: return false;
    }
}

struct expression *parse_name_expression(struct parser *p)
{
    const struct token *token = parse_token(p);
    bool set = token_is_word(token, WORD_SET) && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT); /* the function SET(collection) */
    if (token->kind == TOKEN_WORD && word_reserved(token->code) && !reserved_value(token->code) && !set) parse_fail(p, "an expression");
    struct expression *e = expression_new(p, EXPRESSION_NAME);
    e->quoted = token->kind == TOKEN_QUOTED;
    e->text = token_name(p->t, token);
    parse_advance(p);
    while (parse_at(p, OPERATOR_DOT)) {
        if (token_is_operator(parse_ahead(p, 1), OPERATOR_STAR)) {
            p->at += 2;
            e->kind = EXPRESSION_STAR;
            e->schema = e->qualifier;
            e->qualifier = e->text;
            e->text = view_of(NULL, 0);
            return expression_finish(p, e);
        }
        parse_advance(p);
        if (e->schema.size) parse_fail_at(p, e->at, "a name of more than three parts", "objects with attributes are not translated");
        e->schema = e->qualifier;
        e->qualifier = e->text;
        e->quoted = parse_token(p)->kind == TOKEN_QUOTED;
        e->text = parse_any_name(p);
    }
    if (parse_at(p, OPERATOR_AT) && view_equal(parse_ahead(p, 1)->text, view_text("!"))) {
        p->at += 2; /* SYSDATE@!: of this server, as the source itself writes it */
    } else if (parse_at(p, OPERATOR_AT)) {
        parse_advance(p);
        if (parse_at(p, OPERATOR_NOT_EQUAL)) parse_fail(p, "a database link");
        e->link = parse_any_name(p);
        while (parse_accept(p, OPERATOR_DOT)) parse_any_name(p);
    }
    if (at_outer_mark(p)) {
        p->at += 3;
        e->outer = e->contains_outer = true;
    } else if (parse_at(p, OPERATOR_LEFT)) {
        return parse_call(p, e);
    }
    if (e->qualifier.size && !e->quoted && (view_equal(e->text, view_text("NEXTVAL")) || view_equal(e->text, view_text("CURRVAL"))))
        e->kind = EXPRESSION_SEQUENCE;
    return expression_finish(p, e);
}
