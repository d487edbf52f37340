/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions: the grammar from OR down to operands. What operators mean for types is in rewrite_type.c. */
#include "standin/rewrite.h"

#include "base/value.h"

#include <stdio.h>
#include <stdlib.h>

struct expression expression_of(const char *text, struct sql_type type)
{
    return (struct expression){.text = text, .type = type, .bind = -1};
}

void expression_combine(struct expression *into, const struct expression *part)
{
    into->aggregate |= part->aggregate;
    into->bare |= part->bare;
    into->maybe_null |= part->maybe_null;
}

/* An expression whose text is a GROUP BY item is not bare, whatever is in it. */
void expression_group_check(struct rewriter *rw, struct expression *e)
{
    if (!e->bare || !rw->scope) return;
    for (uint32_t i = 0; i < rw->scope->group_count; i++) {
        if (strcmp(rw->scope->groups[i], e->text) == 0) e->bare = false;
    }
}

/* ---- conditions ---- */

static struct expression condition_of(struct rewriter *rw, const char *text, const struct expression *a, const struct expression *b)
{
    struct expression e = expression_of(text, sql_type_of(KIND_BOOLEAN));
    if (a) expression_combine(&e, a);
    if (b) expression_combine(&e, b);
    expression_group_check(rw, &e);
    return e;
}

static void want_condition(struct rewriter *rw, const struct expression *e)
{
    if (e->type.kind != KIND_BOOLEAN && !rewrite_failed(rw)) rewrite_fail(rw, 920, NULL, "invalid relational operator");
}

static struct expression parse_in_list(struct rewriter *rw, struct expression left, bool negated)
{
    const char *word = negated ? "NOT IN" : "IN";
    if (rewrite_is(rw, "(") && (rewrite_is_ahead(rw, 1, "SELECT") || rewrite_is_ahead(rw, 1, "WITH"))) {
        rw->at++;
        struct query *query = query_parse_nested(rw);
        if (rewrite_failed(rw)) return left;
        uint32_t wanted = left.tuple_count ? left.tuple_count : 1;
        if (query->item_count != wanted)
            rewrite_fail(rw, query->item_count > wanted ? 913 : 947, NULL,
                         query->item_count > wanted ? "too many values" : "not enough values");
        if (wanted == 1 && sql_kind_is_text(left.type.kind) != sql_kind_is_text(query->items[0].value.type.kind) && left.bind < 0)
            rewrite_refuse(rw, "IN between different kinds of types");
        const char *left_text = left.text;
        if (wanted == 1 && left.type.kind == KIND_CHAR && query->items[0].value.type.kind != KIND_CHAR)
            left_text = expression_text(rw, &left);
        return condition_of(rw, text_format(rw, "(%s %s (%s))", left_text, word, query->text), &left, NULL);
    }
    bool parenthesis = rewrite_take(rw, "(");
    struct expression list = expression_of("", sql_type_of(KIND_BOOLEAN));
    const char *text = "";
    do {
        struct expression item = parenthesis ? expression_value(rw) : expression_primary(rw);
        if (rewrite_failed(rw)) return left;
        struct expression one = expression_compare(rw, &left, "=", &item);
        expression_combine(&list, &one);
        text = text_join(rw, text, " OR ", one.text);
        /* The short form keeps the optimizer's list access; it is right when nothing had to be converted, or only the
         * listed ROWIDs: a chain of OR over them would read the whole table. */
        const struct sql_type rowid = left.type;
        const char *value = rowid.kind == KIND_ROWID ? expression_as(rw, &item, &rowid) : item.text;
        list.tuple[0] = list.tuple_count ? text_join(rw, list.tuple[0], ", ", value) : value;
        list.subquery |= strcmp(one.text, text_format(rw, "(%s = %s)", left.text, value)) != 0;
        list.tuple_count = 1;
    } while (parenthesis && rewrite_take(rw, ","));
    if (parenthesis) rewrite_expect(rw, ")");
    const char *short_form = text_format(rw, "(%s %s (%s))", left.text, word, list.tuple[0] ? list.tuple[0] : "");
    const char *long_form = text_format(rw, negated ? "(NOT (%s))" : "(%s)", text);
    return condition_of(rw, list.subquery ? long_form : short_form, &left, &list);
}

static struct expression parse_like(struct rewriter *rw, struct expression left, bool negated)
{
    struct expression pattern = expression_value(rw);
    const char *escape = "''";
    if (rewrite_take(rw, "ESCAPE")) {
        struct expression mark = expression_primary(rw);
        escape = mark.text;
    }
    /* Without ESCAPE no character escapes; an unused control character says so to MariaDB. */
    const char *clause = strcmp(escape, "''") == 0 ? "x'1f'" : escape;
    const char *text = text_format(rw, "(%s %sLIKE %s ESCAPE %s)", expression_text(rw, &left), negated ? "NOT " : "",
                                   expression_text(rw, &pattern), clause);
    return condition_of(rw, text, &left, &pattern);
}

static struct expression parse_between(struct rewriter *rw, struct expression left, bool negated)
{
    struct expression low = expression_value(rw);
    rewrite_expect(rw, "AND");
    struct expression high = expression_value(rw);
    if (rewrite_failed(rw)) return left;
    struct expression from = expression_compare(rw, &left, ">=", &low), to = expression_compare(rw, &left, "<=", &high);
    const char *text = text_format(rw, negated ? "(NOT (%s AND %s))" : "(%s AND %s)", from.text, to.text);
    return condition_of(rw, text, &from, &to);
}

static struct expression parse_is(struct rewriter *rw, struct expression left)
{
    bool negated = rewrite_take(rw, "NOT");
    if (!rewrite_take(rw, "NULL")) {
        rewrite_fail(rw, 908, NULL, "missing NULL keyword");
        return left;
    }
    if (left.type.kind == KIND_BOOLEAN && rw->place == PLACE_SQL) want_condition(rw, &(struct expression){.type = {.kind = KIND_NUMBER}});
    return condition_of(rw, text_format(rw, "(%s IS %sNULL)", left.text, negated ? "NOT " : ""), &left, NULL);
}

static struct expression parse_any(struct rewriter *rw, struct expression left, const char *operation)
{
    bool all = rewrite_is(rw, "ALL");
    rw->at++;
    rewrite_expect(rw, "(");
    if (rewrite_is(rw, "SELECT") || rewrite_is(rw, "WITH")) {
        struct query *query = query_parse_nested(rw);
        if (rewrite_failed(rw)) return left;
        return condition_of(rw, text_format(rw, "(%s %s %s (%s))", left.text, operation, all ? "ALL" : "ANY", query->text), &left, NULL);
    }
    const char *text = "";
    struct expression sum = left;
    do {
        struct expression item = expression_value(rw);
        struct expression one = expression_compare(rw, &left, operation, &item);
        expression_combine(&sum, &one);
        text = text_join(rw, text, all ? " AND " : " OR ", one.text);
    } while (rewrite_take(rw, ","));
    rewrite_expect(rw, ")");
    return condition_of(rw, text_format(rw, "(%s)", text), &sum, NULL);
}

static struct expression parse_predicate(struct rewriter *rw);

static struct expression parse_comparison(struct rewriter *rw, struct expression left)
{
    static const char *const operations[] = {"=", "<>", "<=", ">=", "<", ">"};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (!rewrite_is(rw, operations[i])) continue;
        rw->at++;
        if (rewrite_is(rw, "ANY") || rewrite_is(rw, "SOME") || rewrite_is(rw, "ALL")) return parse_any(rw, left, operations[i]);
        struct expression right = expression_value(rw);
        if (rewrite_failed(rw)) return left;
        return expression_compare(rw, &left, operations[i], &right);
    }
    return left;
}

static struct expression parse_sum(struct rewriter *rw);

static struct expression parse_predicate(struct rewriter *rw)
{
    if (rewrite_is(rw, "EXISTS") && rewrite_is_ahead(rw, 1, "(")) {
        rw->at += 2;
        struct query *query = query_parse_nested(rw);
        return condition_of(rw, rewrite_failed(rw) ? "" : text_format(rw, "EXISTS (%s)", query->text), NULL, NULL);
    }
    struct expression left = parse_sum(rw);
    bool negated =
        rewrite_is(rw, "NOT") && (rewrite_is_ahead(rw, 1, "IN") || rewrite_is_ahead(rw, 1, "LIKE") || rewrite_is_ahead(rw, 1, "BETWEEN"));
    if (negated) rw->at++;
    if (rewrite_take(rw, "IN")) return parse_in_list(rw, left, negated);
    if (rewrite_take(rw, "LIKE")) return parse_like(rw, left, negated);
    if (rewrite_take(rw, "BETWEEN")) return parse_between(rw, left, negated);
    if (rewrite_take(rw, "IS")) return parse_is(rw, left);
    return parse_comparison(rw, left);
}

static struct expression parse_not(struct rewriter *rw)
{
    if (!rewrite_take(rw, "NOT")) return parse_predicate(rw);
    if (!rewrite_deeper(rw)) return expression_of("", sql_type_of(KIND_BOOLEAN));
    struct expression inner = parse_not(rw);
    rw->depth--;
    want_condition(rw, &inner);
    return condition_of(rw, text_format(rw, "(NOT %s)", inner.text), &inner, NULL);
}

static struct expression parse_chain(struct rewriter *rw, const char *word, struct expression (*next)(struct rewriter *rw))
{
    struct expression left = next(rw);
    if (!rewrite_is(rw, word)) return left;
    want_condition(rw, &left);
    const char *text = left.text;
    while (rewrite_take(rw, word)) {
        struct expression right = next(rw);
        want_condition(rw, &right);
        if (rewrite_failed(rw)) return left;
        text = text_format(rw, "%s %s %s", text, word, right.text);
        expression_combine(&left, &right);
    }
    left.text = text_format(rw, "(%s)", text);
    expression_group_check(rw, &left);
    return left;
}

struct expression expression_conjunct(struct rewriter *rw)
{
    struct expression e = parse_not(rw);
    want_condition(rw, &e);
    return e;
}

static struct expression parse_and(struct rewriter *rw)
{
    return parse_chain(rw, "AND", parse_not);
}

struct expression expression_parse(struct rewriter *rw)
{
    struct expression none = expression_of("", sql_type_of(KIND_UNKNOWN));
    if (!rewrite_deeper(rw)) return none;
    struct expression e = parse_chain(rw, "OR", parse_and);
    rw->depth--;
    return e;
}

struct expression expression_value(struct rewriter *rw)
{
    struct expression none = expression_of("", sql_type_of(KIND_UNKNOWN));
    if (!rewrite_deeper(rw)) return none;
    struct expression e = parse_sum(rw);
    rw->depth--;
    return e;
}

struct expression expression_condition(struct rewriter *rw)
{
    struct expression e = expression_parse(rw);
    want_condition(rw, &e);
    return e;
}

/* ---- values ---- */

static struct expression parse_unary(struct rewriter *rw)
{
    bool minus = rewrite_is(rw, "-");
    if (!minus && !rewrite_is(rw, "+")) return expression_primary(rw);
    uint32_t at = rewrite_peek(rw, 0)->at;
    rw->at++;
    if (!rewrite_deeper(rw)) return expression_of("", sql_type_number());
    struct expression e = parse_unary(rw);
    rw->depth--;
    if (!minus) return e;
    struct expression out = expression_of(text_format(rw, "(-%s)", expression_number(rw, &e)),
                                          e.type.kind == KIND_INTERVAL_DS || e.type.kind == KIND_INTERVAL_YM ? e.type : sql_type_number());
    if (e.literal && e.type.kind == KIND_NUMBER) {
        out.literal = true;
        out.literal_text = text_format(rw, "-%s", e.literal_text);
    }
    out.at = at;
    expression_combine(&out, &e);
    expression_group_check(rw, &out);
    return out;
}

static struct expression parse_product(struct rewriter *rw)
{
    struct expression left = parse_unary(rw);
    while (rewrite_is(rw, "*") || rewrite_is(rw, "/")) {
        char operation = rewrite_peek(rw, 0)->text[0];
        rw->at++;
        struct expression right = parse_unary(rw);
        if (rewrite_failed(rw)) return left;
        left = expression_arithmetic(rw, left, operation, right);
    }
    return left;
}

static struct expression concatenate(struct rewriter *rw, struct expression left, struct expression right)
{
    uint32_t length = (left.type.length ? left.type.length : 40) + (right.type.length ? right.type.length : 40);
    struct sql_type type = left.type.kind == KIND_CLOB || right.type.kind == KIND_CLOB ? sql_type_of(KIND_CLOB) : sql_type_varchar(length);
    struct expression e = expression_of(text_format(rw, "(%s || %s)", expression_text(rw, &left), expression_text(rw, &right)), type);
    expression_combine(&e, &left);
    expression_combine(&e, &right);
    e.at = left.at;
    expression_group_check(rw, &e);
    return e;
}

static struct expression parse_sum(struct rewriter *rw)
{
    struct expression left = parse_product(rw);
    while (rewrite_is(rw, "+") || rewrite_is(rw, "-") || rewrite_is(rw, "||")) {
        char operation = rewrite_peek(rw, 0)->text[0];
        rw->at++;
        struct expression right = parse_product(rw);
        if (rewrite_failed(rw)) return left;
        left = operation == '|' ? concatenate(rw, left, right) : expression_arithmetic(rw, left, operation, right);
    }
    return left;
}
