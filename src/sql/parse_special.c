/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: expressions that begin with a word of their own (CASE, CAST, EXTRACT, TRIM, INTERVAL ..), data types. */
#include "sql/parse.h"

static struct expression *parse_case(struct parser *p)
{
    /* arguments: [operand,] when, then, when, then, .. [else]; form 1: operand given, negated: else given */
    struct expression *e = expression_new(p, EXPRESSION_CASE);
    parse_enter(p);
    parse_advance(p);
    if (!parse_at_word(p, WORD_WHEN)) {
        e->form = 1;
        expression_add(p, e, parse_expression(p));
    }
    while (parse_accept_word(p, WORD_WHEN)) {
        expression_add(p, e, parse_expression(p));
        parse_expect_word(p, WORD_THEN);
        expression_add(p, e, parse_expression(p));
    }
    if (e->argument_count <= e->form) parse_fail(p, "WHEN");
    if (parse_accept_word(p, WORD_ELSE)) {
        e->negated = true;
        expression_add(p, e, parse_expression(p));
    }
    parse_expect_word(p, WORD_END);
    parse_leave(p);
    return expression_finish(p, e);
}

struct type_row {
    enum word word;
    enum sql_type type;
};
static const struct type_row type_rows[] = {
    {WORD_NUMBER, SQL_NUMBER},
    {WORD_NUMERIC, SQL_NUMBER},
    {WORD_DECIMAL, SQL_NUMBER},
    {WORD_INTEGER, SQL_INTEGER},
    {WORD_SMALLINT, SQL_INTEGER},
    {WORD_FLOAT, SQL_FLOAT},
    {WORD_REAL, SQL_FLOAT},
    {WORD_DOUBLE, SQL_FLOAT},
    {WORD_BINARY_FLOAT, SQL_BINARY_FLOAT},
    {WORD_BINARY_DOUBLE, SQL_BINARY_DOUBLE},
    {WORD_VARCHAR2, SQL_VARCHAR},
    {WORD_VARCHAR, SQL_VARCHAR},
    {WORD_CHAR, SQL_CHAR},
    {WORD_CHARACTER, SQL_CHAR},
    {WORD_NVARCHAR2, SQL_NVARCHAR},
    {WORD_NCHAR, SQL_NCHAR},
    {WORD_NATIONAL, SQL_NCHAR},
    {WORD_CLOB, SQL_CLOB},
    {WORD_NCLOB, SQL_NCLOB},
    {WORD_BLOB, SQL_BLOB},
    {WORD_RAW, SQL_RAW},
    {WORD_LONG, SQL_LONG},
    {WORD_DATE, SQL_DATE},
    {WORD_TIMESTAMP, SQL_TIMESTAMP},
    {WORD_INTERVAL, SQL_INTERVAL_DS},
    {WORD_ROWID, SQL_ROWID},
    {WORD_UROWID, SQL_ROWID},
    {WORD_BOOLEAN, SQL_BOOLEAN},
    {WORD_XMLTYPE, SQL_XML},
    {WORD_JSON, SQL_JSON},
    {WORD_BFILE, SQL_BFILE},
};

static void parse_type_size(struct parser *p, struct type_name *type)
{
    if (!parse_accept(p, OPERATOR_LEFT)) return;
    if (parse_accept(p, OPERATOR_STAR))
        type->precision = -1;
    else
        type->precision = (int)parse_unsigned(p);
    if (parse_accept(p, OPERATOR_COMMA)) {
        bool negative = parse_accept(p, OPERATOR_MINUS);
        type->scale = (int)parse_unsigned(p) * (negative ? -1 : 1);
    }
    type->bytes = parse_accept_word(p, WORD_BYTE);
    parse_accept_word(p, WORD_CHAR);
    parse_expect(p, OPERATOR_RIGHT);
}

static void parse_interval_type(struct parser *p, struct type_name *type)
{
    type->type = parse_at_word(p, WORD_YEAR) ? SQL_INTERVAL_YM : SQL_INTERVAL_DS;
    parse_advance(p);
    parse_type_size(p, type);
    parse_expect_word(p, WORD_TO);
    parse_advance(p);
    int leading = type->precision;
    parse_type_size(p, type);
    type->scale = type->precision == leading ? -1 : type->precision;
    type->precision = leading;
}

/* The words that follow the first one of a type's name. */
static void parse_type_rest(struct parser *p, struct type_name *type, enum word word)
{
    switch (word) {
    case WORD_DOUBLE: parse_expect_word(p, WORD_PRECISION); return;
    case WORD_LONG:
        if (parse_accept_word(p, WORD_RAW)) type->type = SQL_LONG_RAW;
        return;
    case WORD_INTERVAL: parse_interval_type(p, type); return;
    case WORD_NATIONAL:
        if (!parse_accept_word(p, WORD_CHARACTER)) parse_expect_word(p, WORD_CHAR);
        if (parse_accept_word(p, WORD_VARYING)) type->type = SQL_NVARCHAR;
        break;
    case WORD_CHAR:
    case WORD_CHARACTER:
    case WORD_NCHAR:
        if (parse_accept_word(p, WORD_VARYING)) type->type = word == WORD_NCHAR ? SQL_NVARCHAR : SQL_VARCHAR;
        break;
    default: break;
    }
    parse_type_size(p, type);
    if (word == WORD_TIMESTAMP && parse_accept_word(p, WORD_WITH)) {
        bool local = parse_accept_word(p, WORD_LOCAL);
        parse_expect_word(p, WORD_TIME);
        parse_expect_word(p, WORD_ZONE);
        type->type = local ? SQL_TIMESTAMP_LTZ : SQL_TIMESTAMP_TZ;
    } else if (word == WORD_TIMESTAMP && parse_at_word(p, WORD_WITHOUT)) {
        p->at += 3 < p->end - p->at ? 3 : 0;
    }
    if (type->type == SQL_VARCHAR || type->type == SQL_CHAR || type->type == SQL_NVARCHAR || type->type == SQL_NCHAR ||
        type->type == SQL_RAW) {
        type->length = type->precision;
        type->precision = -1;
    }
    if (type->type == SQL_NUMBER && type->precision > 0 && type->scale <= 0 && type->scale > -2) type->type = SQL_INTEGER;
}

struct type_name *parse_type_name(struct parser *p)
{
    struct type_name *type = translation_alloc(p->t, sizeof *type);
    const struct token *token = parse_token(p);
    *type = (struct type_name){.type = SQL_OBJECT, .precision = -1, .scale = -1000, .length = -1, .text = token->text, .at = token->at};
    if (token->kind != TOKEN_WORD && token->kind != TOKEN_QUOTED) parse_fail(p, "a data type");
    parse_advance(p);
    for (size_t i = 0; i < sizeof type_rows / sizeof *type_rows; i++) {
        if (token->kind != TOKEN_WORD || token->code != type_rows[i].word) continue;
        type->type = type_rows[i].type;
        parse_type_rest(p, type, token->code);
        return type;
    }
    if (token->kind == TOKEN_WORD &&
        (view_equal_ignoring_case(token->text, view_text("INT")) || view_equal_ignoring_case(token->text, view_text("DEC")))) {
        type->type = token->text.data[0] == 'i' || token->text.data[0] == 'I' ? SQL_INTEGER : SQL_NUMBER;
        parse_type_rest(p, type, WORD_NUMBER);
        return type;
    }
    while (parse_accept(p, OPERATOR_DOT)) type->text = parse_any_name(p);
    if (token_is_word(token, WORD_TIME) && parse_accept_words(p, WORD_WITH, WORD_TIME)) parse_accept_word(p, WORD_ZONE);
    if (parse_at(p, OPERATOR_LEFT)) parse_skip_brackets(p); /* of a type that is not known, e.g. VECTOR(3, FLOAT32) */
    if (parse_accept(p, OPERATOR_PERCENT)) parse_any_name(p);
    return type;
}

static struct expression *parse_cast(struct parser *p)
{
    struct expression *e = expression_new(p, EXPRESSION_CAST);
    bool treat = parse_at_word(p, WORD_TREAT);
    parse_advance(p);
    parse_expect(p, OPERATOR_LEFT);
    if (parse_at_word(p, WORD_MULTISET) || treat) {
        e->kind = EXPRESSION_UNSUPPORTED;
        e->text = view_text(treat ? "TREAT" : "CAST(MULTISET ..)");
        parse_accept_word(p, WORD_MULTISET);
    }
    expression_add(p, e, parse_expression(p));
    parse_expect_word(p, WORD_AS);
    if (treat) parse_accept_word(p, WORD_REF);
    e->type_name = parse_type_name(p);
    if (parse_accept_word(p, WORD_DEFAULT)) {
        e->call = translation_alloc(p->t, sizeof *e->call);
        e->call->fallback = parse_operand(p);
        parse_expect_word(p, WORD_ON);
        parse_expect_word(p, WORD_CONVERSION);
        parse_expect_word(p, WORD_ERROR);
    }
    while (parse_accept(p, OPERATOR_COMMA)) expression_add(p, e, parse_expression(p));
    parse_expect(p, OPERATOR_RIGHT);
    return expression_finish(p, e);
}

static struct expression *special_call(struct parser *p)
{
    struct expression *e = expression_new(p, EXPRESSION_CALL);
    e->text = view_text(word_text(parse_token(p)->code));
    e->call = translation_alloc(p->t, sizeof *e->call);
    e->call->brackets = true;
    parse_advance(p);
    parse_expect(p, OPERATOR_LEFT);
    return e;
}

static struct expression *parse_extract(struct parser *p)
{
    if (!token_is_word(parse_ahead(p, 3), WORD_FROM)) return NULL; /* EXTRACT(xml, path) is a plain call */
    struct expression *e = special_call(p);
    e->call->option = parse_any_name(p);
    parse_advance(p);
    expression_add(p, e, parse_expression(p));
    parse_expect(p, OPERATOR_RIGHT);
    return expression_finish(p, e);
}

static struct expression *parse_trim(struct parser *p)
{
    /* arguments: text [, characters] */
    struct expression *e = special_call(p);
    bool sided = parse_at_word(p, WORD_LEADING) || parse_at_word(p, WORD_TRAILING) ||
                 view_equal_ignoring_case(parse_token(p)->text, view_text("BOTH"));
    if (sided) e->call->option = parse_any_name(p);
    struct expression *first = NULL;
    if (!sided || !parse_at_word(p, WORD_FROM)) first = parse_expression(p);
    if (parse_accept_word(p, WORD_FROM)) {
        expression_add(p, e, parse_expression(p));
        if (first) expression_add(p, e, first);
    } else if (first) {
        expression_add(p, e, first);
    }
    parse_expect(p, OPERATOR_RIGHT);
    return expression_finish(p, e);
}

/* INTERVAL '1-2' YEAR(4) TO MONTH; text: the string, call->option: the field words without precisions. */
static struct expression *parse_interval(struct parser *p)
{
    struct expression *e = expression_new(p, EXPRESSION_INTERVAL);
    parse_advance(p);
    const struct token *value = parse_token(p);
    e->text = value->text;
    parse_advance(p);
    struct view from = parse_any_name(p), to = view_of(NULL, 0);
    if (parse_at(p, OPERATOR_LEFT)) parse_skip_brackets(p);
    if (parse_accept_word(p, WORD_TO)) {
        to = parse_any_name(p);
        if (parse_at(p, OPERATOR_LEFT)) parse_skip_brackets(p);
    }
    e->call = translation_alloc(p->t, sizeof *e->call);
    e->call->option = from;
    e->qualifier = to;
    return expression_finish(p, e);
}

static struct expression *parse_datetime(struct parser *p)
{
    struct expression *e = expression_new(p, EXPRESSION_DATETIME);
    e->form = parse_at_word(p, WORD_TIMESTAMP);
    parse_advance(p);
    e->text = parse_token(p)->text;
    parse_advance(p);
    return expression_finish(p, e);
}

static struct expression *parse_query_word(struct parser *p, enum expression_kind kind)
{
    struct expression *e = expression_new(p, kind);
    parse_advance(p);
    if (kind == EXPRESSION_UNSUPPORTED) e->text = view_text("CURSOR(..)");
    parse_expect(p, OPERATOR_LEFT);
    e->query = parse_query(p);
    parse_expect(p, OPERATOR_RIGHT);
    return expression_finish(p, e);
}

struct expression *parse_special(struct parser *p)
{
    const struct token *next = parse_ahead(p, 1);
    bool bracket = token_is_operator(next, OPERATOR_LEFT);
    enum word word = parse_token(p)->code;
    struct expression *e;
    switch (word) {
    case WORD_NULL:
        e = expression_new(p, EXPRESSION_NULL);
        parse_advance(p);
        return expression_finish(p, e);
    case WORD_CASE: return parse_case(p);
    case WORD_CAST:
    case WORD_TREAT: return bracket ? parse_cast(p) : NULL;
    case WORD_EXTRACT: return bracket ? parse_extract(p) : NULL;
    case WORD_TRIM: return bracket ? parse_trim(p) : NULL;
    case WORD_EXISTS: return bracket ? parse_query_word(p, EXPRESSION_EXISTS) : NULL;
    case WORD_CURSOR: return bracket ? parse_query_word(p, EXPRESSION_UNSUPPORTED) : NULL;
    case WORD_DATE:
    case WORD_TIMESTAMP: return next->kind == TOKEN_STRING ? parse_datetime(p) : NULL;
    case WORD_INTERVAL:
        if (next->kind == TOKEN_BIND) /* as the source's cursor cache has literals that it replaced */
            parse_fail_at(p, parse_token(p)->at, "an interval whose text is a bind is not translated", "write NUMTODSINTERVAL(..)");
        return next->kind == TOKEN_STRING ? parse_interval(p) : NULL;
    case WORD_JSON:
        if (token_is_operator(next, OPERATOR_LEFT_BRACE) || token_is_operator(next, OPERATOR_LEFT_BRACKET))
            parse_fail_at(p, parse_token(p)->at, "the JSON constructor is not translated", "write JSON_OBJECT or JSON_ARRAY");
        return NULL;
    case WORD_DEFAULT:
        e = expression_new(p, EXPRESSION_DEFAULT);
        parse_advance(p);
        return expression_finish(p, e);
    default: return NULL;
    }
}
