/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: conditions and expressions by precedence climbing. Conditions and values share one grammar; the resolver tells them apart. */
#include "sql/parse_foreign.h"

enum level { LEVEL_OR = 1, LEVEL_AND, LEVEL_NOT, LEVEL_COMPARE, LEVEL_ADD, LEVEL_MULTIPLY };
enum { CHAIN_MAX = 1500 }; /* height of a left-leaning tree: every later pass recurses over it */

static struct expression *parse_level(struct parser *p, enum level lowest);

struct expression *expression_new(struct parser *p, enum expression_kind kind)
{
    struct expression *e = translation_alloc(p->t, sizeof *e);
    e->kind = kind;
    e->at = parse_token(p)->at;
    e->typing.nullable = true;
    return e;
}

void expression_add(struct parser *p, struct expression *e, struct expression *argument)
{
    LIST_ADD(p->t, e->arguments, e->argument_count, argument);
    if (argument->depth >= e->depth) e->depth = argument->depth + 1;
    if (argument->contains_outer) e->contains_outer = true;
    if (e->depth > CHAIN_MAX)
        parse_fail_at(p, e->at, "the expression is a chain of too many operators", "split it with brackets or into parts");
}

struct expression *expression_finish(struct parser *p, struct expression *e)
{
    e->end = parse_previous_end(p);
    return e;
}

static struct expression *join_two(struct parser *p, enum expression_kind kind, struct expression *left, struct expression *right)
{
    struct expression *e = expression_new(p, kind);
    e->at = left->at;
    expression_add(p, e, left);
    expression_add(p, e, right);
    return expression_finish(p, e);
}

/* AND, OR and || become one node with many arguments: long chains stay flat. */
static struct expression *join_flat(struct parser *p, enum expression_kind kind, struct expression *left, struct expression *right)
{
    if (left->kind == kind && !left->bracketed) {
        expression_add(p, left, right);
        return expression_finish(p, left);
    }
    return join_two(p, kind, left, right);
}

bool parse_brackets_open_query(const struct parser *p)
{
    uint32_t at = p->at, depth = 0;
    while (at < p->end && token_is_operator(&p->tokens[at], OPERATOR_LEFT)) at++, depth++;
    if (at >= p->end || depth == 0) return false;
    if (!token_is_word(&p->tokens[at], WORD_SELECT) && !token_is_word(&p->tokens[at], WORD_WITH)) return false;
    if (depth == 1) return true;
    for (uint32_t level = 1; level < depth; level++) { /* from the innermost bracket outwards: what follows each? */
        uint32_t close = p->tokens[at - level].value;
        if (close == 0) return true;
        const struct token *after = &p->tokens[close + 1 <= p->end ? close + 1 : p->end];
        if (after->kind != TOKEN_WORD && !token_is_operator(after, OPERATOR_RIGHT)) return false;
        if (after->kind == TOKEN_WORD && after->code != WORD_UNION && after->code != WORD_MINUS && after->code != WORD_INTERSECT &&
            after->code != WORD_EXCEPT && after->code != WORD_ORDER && after->code != WORD_FETCH && after->code != WORD_OFFSET)
            return false;
        if (after->kind == TOKEN_WORD) return true;
    }
    return true;
}

struct expression *parse_expression_list(struct parser *p, struct expression ***list, uint32_t *count)
{
    struct expression *e;
    do {
        e = parse_expression(p);
        LIST_ADD(p->t, *list, *count, e);
    } while (parse_accept(p, OPERATOR_COMMA));
    return e;
}

static struct expression *parse_brackets(struct parser *p)
{
    struct expression *e;
    if (parse_brackets_open_query(p)) {
        e = expression_new(p, EXPRESSION_QUERY);
        parse_advance(p);
        e->query = parse_query(p);
        parse_expect(p, OPERATOR_RIGHT);
        return expression_finish(p, e);
    }
    uint32_t at = parse_token(p)->at;
    parse_advance(p);
    if (parse_at(p, OPERATOR_RIGHT)) { /* () in GROUPING SETS */
        e = expression_new(p, EXPRESSION_ROW);
        parse_advance(p);
        return expression_finish(p, e);
    }
    e = parse_expression(p);
    if (parse_at(p, OPERATOR_COMMA)) {
        struct expression *row = expression_new(p, EXPRESSION_ROW);
        row->at = at;
        expression_add(p, row, e);
        while (parse_accept(p, OPERATOR_COMMA)) expression_add(p, row, parse_expression(p));
        e = row;
    }
    parse_expect(p, OPERATOR_RIGHT);
    e->bracketed = true; /* was in brackets: not merged into a chain around it */
    e->at = at;
    return expression_finish(p, e);
}

static struct expression *parse_literal(struct parser *p, enum expression_kind kind)
{
    const struct token *token = parse_token(p);
    struct expression *e = expression_new(p, kind);
    e->text = token->text;
    e->form = token->kind == TOKEN_NUMBER ? (uint8_t)token->code : (uint8_t)(token->form >> 4);
    if (token->kind == TOKEN_STRING && (token->form & 15) == STRING_PLAIN && memchr(token->text.data, '\'', token->text.size)) {
        uint8_t *copy = translation_alloc(p->t, token->text.size);
        size_t n = 0;
        for (size_t i = 0; i < token->text.size; i++) {
            copy[n++] = token->text.data[i];
            if (token->text.data[i] == '\'') i++;
        }
        e->text = view_of(copy, n);
    }
    parse_advance(p);
    return expression_finish(p, e);
}

static struct expression *parse_bind(struct parser *p)
{
    const struct token *token = parse_token(p);
    struct expression *e = expression_new(p, EXPRESSION_BIND);
    e->bind = token->value;
    e->text = p->t->binds[token->value].name;
    p->t->binds[token->value].parsed = true;
    parse_advance(p);
    if (parse_at_word(p, WORD_NONE) && view_equal_ignoring_case(parse_token(p)->text, view_text("INDICATOR"))) parse_advance(p);
    return expression_finish(p, e);
}

static struct expression *parse_primary(struct parser *p)
{
    const struct token *token = parse_token(p);
    switch ((enum token_kind)token->kind) {
    case TOKEN_NUMBER: return parse_literal(p, EXPRESSION_NUMBER);
    case TOKEN_STRING: return parse_literal(p, EXPRESSION_STRING);
    case TOKEN_BIND: return parse_bind(p);
    case TOKEN_OPERATOR:
        if (token->code == OPERATOR_LEFT) return parse_brackets(p);
        if (token->code == OPERATOR_STAR) {
            struct expression *e = expression_new(p, EXPRESSION_STAR);
            parse_advance(p);
            return expression_finish(p, e);
        }
        break;
    case TOKEN_WORD: {
        struct expression *e = parse_special(p);
        if (!e) e = foreign_primary(p);
        return e ? e : parse_name_expression(p);
    }
    case TOKEN_QUOTED: return parse_name_expression(p);
    default: break;
    }
    struct expression *foreign = foreign_primary(p);
    if (foreign) return foreign;
    parse_fail(p, "an expression");
}

/* What may follow a primary: AT TIME ZONE, DAY TO SECOND, members, COLLATE, (+) has been taken with the name. */
static struct expression *parse_postfix(struct parser *p, struct expression *e)
{
    for (;;) {
        if (parse_at_word(p, WORD_AT) && (token_is_word(parse_ahead(p, 1), WORD_TIME) || token_is_word(parse_ahead(p, 1), WORD_LOCAL))) {
            struct expression *zone = expression_new(p, EXPRESSION_ZONE);
            zone->at = e->at;
            expression_add(p, zone, e);
            parse_advance(p);
            zone->form = ZONE_LOCAL;
            if (parse_accept_words(p, WORD_TIME, WORD_ZONE)) {
                zone->form = ZONE_NAMED;
                expression_add(p, zone, parse_primary(p));
            } else {
                parse_expect_word(p, WORD_LOCAL);
            }
            e = expression_finish(p, zone);
        } else if ((parse_at_word(p, WORD_DAY) || parse_at_word(p, WORD_YEAR)) && (e->bracketed || e->kind == EXPRESSION_BIND) &&
                   (token_is_word(parse_ahead(p, 1), WORD_TO) || token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT))) {
            struct expression *interval = expression_new(p, EXPRESSION_INTERVAL_CAST);
            interval->at = e->at;
            interval->form = parse_at_word(p, WORD_YEAR);
            expression_add(p, interval, e);
            parse_advance(p);
            if (parse_at(p, OPERATOR_LEFT)) parse_skip_brackets(p);
            parse_expect_word(p, WORD_TO);
            parse_advance(p);
            if (parse_at(p, OPERATOR_LEFT)) parse_skip_brackets(p);
            e = expression_finish(p, interval);
        } else if (parse_at_word(p, WORD_COLLATE)) {
            struct expression *collate = expression_new(p, EXPRESSION_UNSUPPORTED);
            collate->at = e->at;
            collate->text = view_text("COLLATE");
            expression_add(p, collate, e);
            parse_advance(p);
            parse_any_name(p);
            e = expression_finish(p, collate);
        } else if (parse_at(p, OPERATOR_DOT) && (e->kind == EXPRESSION_CALL || e->kind == EXPRESSION_UNSUPPORTED ||
                                                 e->kind == EXPRESSION_CAST || e->bracketed)) { /* method of an object */
            struct expression *member = expression_new(p, EXPRESSION_UNSUPPORTED);
            member->at = e->at;
            member->text = view_text("a member of an object value");
            expression_add(p, member, e);
            parse_advance(p);
            parse_any_name(p);
            if (parse_at(p, OPERATOR_LEFT)) parse_skip_brackets(p);
            e = expression_finish(p, member);
        } else if (!foreign_postfix(p)) {
            return e;
        }
    }
}

static struct expression *parse_unary(struct parser *p)
{
    enum expression_kind kind;
    if (parse_at(p, OPERATOR_MINUS))
        kind = EXPRESSION_NEGATE;
    else if (parse_at(p, OPERATOR_PLUS))
        kind = EXPRESSION_PLUS;
    else if (parse_at_word(p, WORD_PRIOR))
        kind = EXPRESSION_PRIOR;
    else if (parse_at_word(p, WORD_CONNECT_BY_ROOT))
        kind = EXPRESSION_ROOT;
    else
        return parse_postfix(p, parse_primary(p));
    struct expression *e = expression_new(p, kind);
    parse_enter(p);
    parse_advance(p);
    expression_add(p, e, parse_unary(p));
    parse_leave(p);
    return expression_finish(p, e);
}

static struct expression *parse_in(struct parser *p, struct expression *left)
{
    struct expression *e = expression_new(p, EXPRESSION_IN);
    e->at = left->at;
    expression_add(p, e, left);
    if (parse_at(p, OPERATOR_LEFT)) {
        if (parse_brackets_open_query(p)) {
            parse_advance(p);
            e->query = parse_query(p);
        } else {
            parse_advance(p);
            do expression_add(p, e, parse_expression(p));
            while (parse_accept(p, OPERATOR_COMMA));
        }
        parse_expect(p, OPERATOR_RIGHT);
        return expression_finish(p, e);
    }
    expression_add(p, e, parse_operand(p)); /* IN :x, IN f(x): one value without brackets */
    return expression_finish(p, e);
}

static struct expression *parse_like(struct parser *p, struct expression *left)
{
    struct expression *e = expression_new(p, EXPRESSION_LIKE);
    e->at = left->at;
    parse_advance(p);
    expression_add(p, e, left);
    expression_add(p, e, parse_operand(p));
    if (parse_accept_word(p, WORD_ESCAPE)) expression_add(p, e, parse_operand(p));
    return expression_finish(p, e);
}

static struct expression *parse_is(struct parser *p, struct expression *left)
{
    struct expression *e = expression_new(p, EXPRESSION_IS);
    e->at = left->at;
    expression_add(p, e, left);
    parse_advance(p);
    e->negated = parse_accept_word(p, WORD_NOT);
    if (parse_accept_word(p, WORD_NULL)) {
        e->form = IS_NULL;
    } else if (parse_accept_word(p, WORD_NAN)) {
        e->form = IS_NAN;
    } else if (parse_accept_word(p, WORD_INFINITE)) {
        e->form = IS_INFINITE;
    } else if (parse_accept_word(p, WORD_JSON)) {
        e->form = IS_JSON;
        if (parse_at(p, OPERATOR_LEFT)) parse_skip_brackets(p);
        if (view_equal_ignoring_case(parse_token(p)->text, view_text("FORMAT"))) {
            parse_advance(p);
            if (!parse_at_word(p, WORD_JSON)) { /* OSON, BSON: binary forms */
                e->form = IS_OTHER;
                e->text = view_text("JSON in a binary form");
            }
            parse_any_name(p);
        }
        while (parse_at_word(p, WORD_WITH) || parse_at_word(p, WORD_WITHOUT) || parse_at_word(p, WORD_UNIQUE) ||
               parse_at_word(p, WORD_KEY) || view_equal_ignoring_case(parse_token(p)->text, view_text("STRICT")) ||
               view_equal_ignoring_case(parse_token(p)->text, view_text("LAX")) ||
               view_equal_ignoring_case(parse_token(p)->text, view_text("KEYS")))
            parse_advance(p);
    } else {
        e->form = IS_OTHER; /* OF TYPE, A SET, EMPTY, PRESENT, DANGLING, TRUE */
        e->text = parse_token(p)->text;
        parse_any_name(p);
        while (parse_at_word(p, WORD_SET) || parse_at_word(p, WORD_TYPE)) parse_advance(p);
        if (parse_at(p, OPERATOR_LEFT)) parse_skip_brackets(p);
    }
    return expression_finish(p, e);
}

static struct expression *parse_between(struct parser *p, struct expression *left)
{
    struct expression *e = expression_new(p, EXPRESSION_BETWEEN);
    e->at = left->at;
    expression_add(p, e, left);
    expression_add(p, e, parse_operand(p));
    parse_expect_word(p, WORD_AND);
    expression_add(p, e, parse_operand(p));
    return expression_finish(p, e);
}

static struct expression *parse_compare(struct parser *p, struct expression *left, enum operator_code code)
{
    struct expression *e = expression_new(p, EXPRESSION_COMPARE);
    e->at = left->at;
    e->operator_code = (uint8_t)code;
    expression_add(p, e, left);
    parse_advance(p);
    if (parse_at_word(p, WORD_ANY) || parse_at_word(p, WORD_SOME) ||
        (parse_at_word(p, WORD_ALL) && token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT))) {
        e->form = parse_at_word(p, WORD_ALL) ? QUANTIFIER_ALL : QUANTIFIER_ANY;
        parse_advance(p);
    }
    expression_add(p, e, parse_operand(p));
    return expression_finish(p, e);
}

static struct expression *parse_multiset(struct parser *p, struct expression *left)
{
    struct expression *e = expression_new(p, EXPRESSION_MULTISET);
    e->at = left->at;
    expression_add(p, e, left);
    while (parse_at_word(p, WORD_MULTISET) || parse_at_word(p, WORD_UNION) || parse_at_word(p, WORD_EXCEPT) ||
           parse_at_word(p, WORD_INTERSECT) || parse_at_word(p, WORD_ALL) || parse_at_word(p, WORD_DISTINCT) || parse_at_word(p, WORD_OF) ||
           parse_at_word(p, WORD_MEMBER) || parse_at_word(p, WORD_SUBMULTISET))
        parse_advance(p);
    expression_add(p, e, parse_operand(p));
    return expression_finish(p, e);
}

/* NOT before IN, LIKE, BETWEEN, MEMBER; NULL: the next token goes on with no condition. */
static struct expression *parse_condition(struct parser *p, struct expression *left)
{
    const struct token *token = parse_token(p);
    if (token->kind == TOKEN_OPERATOR && token->code >= OPERATOR_EQUAL && token->code <= OPERATOR_GREATER_EQUAL) {
        const struct token *next = parse_ahead(p, 1), *last = parse_ahead(p, 2);
        bool minus = token_is_operator(token, OPERATOR_LESS) && token_is_operator(next, OPERATOR_MINUS) &&
                     token_is_operator(last, OPERATOR_GREATER) && last->at == token->at + 2;
        bool equal = token_is_operator(token, OPERATOR_LESS_EQUAL) && token_is_operator(next, OPERATOR_GREATER);
        bool hash = token_is_operator(token, OPERATOR_LESS) && view_equal(next->text, view_text("#"));
        if (minus || equal || hash) parse_fail_at(p, token->at, "a distance of vectors is not translated", "vectors have no counterpart");
        return parse_compare(p, left, token->code);
    }
    if (token->kind != TOKEN_WORD) return NULL;
    uint32_t negated = token->code == WORD_NOT;
    const struct token *word = parse_ahead(p, negated);
    if (word->kind != TOKEN_WORD) return NULL;
    struct expression *e;
    switch ((enum word)word->code) {
    case WORD_IS: return negated ? NULL : parse_is(p, left);
    case WORD_IN:
        p->at += negated + 1;
        e = parse_in(p, left);
        break;
    case WORD_LIKE:
    case WORD_LIKEC:
    case WORD_LIKE2:
    case WORD_LIKE4:
        p->at += negated;
        e = parse_like(p, left);
        break;
    case WORD_BETWEEN:
        p->at += negated + 1;
        e = parse_between(p, left);
        break;
    case WORD_OVERLAPS:
        if (left->kind != EXPRESSION_ROW) return NULL;
        parse_fail_at(p, word->at, "OVERLAPS is not translated", "compare the ends of the two periods");
    case WORD_MULTISET:
    case WORD_MEMBER:
    case WORD_SUBMULTISET:
        if (!negated && parse_ahead(p, 1)->kind != TOKEN_WORD) return NULL; /* a name: MEMBER [OF] and its kin have words behind them */
        if (token_is_word(parse_ahead(p, 1), WORD_FROM) || token_is_word(parse_ahead(p, 1), WORD_INTO)) return NULL;
        p->at += negated;
        e = parse_multiset(p, left);
        break;
    default: return NULL;
    }
    e->negated = negated;
    return e;
}

static struct expression *parse_arithmetic(struct parser *p, struct expression *left, uint16_t code, enum level level)
{
    parse_advance(p);
    struct expression *right = parse_level(p, level + 1);
    if (code == OPERATOR_CONCAT) return join_flat(p, EXPRESSION_CONCAT, left, right);
    struct expression *e = join_two(p, EXPRESSION_ARITHMETIC, left, right);
    e->operator_code = (uint8_t)code;
    return e;
}

static enum level infix_level(const struct token *token)
{
    if (token->kind == TOKEN_WORD) return token->code == WORD_OR ? LEVEL_OR : token->code == WORD_AND ? LEVEL_AND : 0;
    if (token->kind != TOKEN_OPERATOR) return 0;
    switch (token->code) {
    case OPERATOR_PLUS:
    case OPERATOR_MINUS:
    case OPERATOR_CONCAT: return LEVEL_ADD;
    case OPERATOR_STAR:
    case OPERATOR_SLASH: return LEVEL_MULTIPLY;
    default: return 0;
    }
}

/* An operator of another dialect: it binds as it comes, since nothing is made of it. */
static struct expression *parse_foreign(struct parser *p, struct expression *left)
{
    enum expression_kind kind = foreign_operator(p);
    if (kind == EXPRESSION_NULL) return NULL;
    struct expression *e = join_two(p, kind, left, parse_level(p, LEVEL_ADD));
    e->operator_code = kind == EXPRESSION_COMPARE ? OPERATOR_EQUAL : OPERATOR_PLUS;
    return e;
}

/* Most tokens after an operand cannot be: a quick look before the slow one. */
static bool may_be_foreign(const struct token *token)
{
    if (token->kind == TOKEN_WORD) return token->code == WORD_NONE || token->code == WORD_NOT;
    return token->kind == TOKEN_OPERATOR && token->code != OPERATOR_RIGHT && token->code != OPERATOR_COMMA && token->code != OPERATOR_EQUAL;
}

static struct expression *parse_prefix(struct parser *p, enum level lowest)
{
    if (lowest <= LEVEL_NOT && parse_at_word(p, WORD_NOT)) {
        struct expression *e = expression_new(p, EXPRESSION_NOT);
        parse_advance(p);
        expression_add(p, e, parse_level(p, LEVEL_NOT));
        return expression_finish(p, e);
    }
    return parse_unary(p);
}

static struct expression *parse_level(struct parser *p, enum level lowest)
{
    parse_enter(p);
    struct expression *left = parse_prefix(p, lowest);
    for (;;) {
        const struct token *token = parse_token(p);
        struct expression *foreign = may_be_foreign(token) ? parse_foreign(p, left) : NULL;
        if (foreign) {
            left = foreign;
            continue;
        }
        enum level level = infix_level(token);
        if (level == LEVEL_OR || level == LEVEL_AND) {
            if (level < lowest) break;
            parse_advance(p);
            left = join_flat(p, level == LEVEL_OR ? EXPRESSION_OR : EXPRESSION_AND, left, parse_level(p, level + 1));
        } else if (level != 0) {
            if (level < lowest) break;
            left = parse_arithmetic(p, left, token->code, level);
        } else {
            if (lowest > LEVEL_COMPARE) break;
            struct expression *condition = parse_condition(p, left);
            if (!condition) break;
            left = condition;
        }
    }
    parse_leave(p);
    return left;
}

struct expression *parse_expression(struct parser *p)
{
    return parse_level(p, LEVEL_OR);
}
struct expression *parse_operand(struct parser *p)
{
    return parse_level(p, LEVEL_ADD);
}
