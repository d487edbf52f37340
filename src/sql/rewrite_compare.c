/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrite: comparisons. Which side is converted, blank-padded comparison of CHAR, binary order of text. */
#include "sql/build.h"
#include "sql/rewrite.h"
#include "sql/rewrite_parts.h"

static bool is_fixed_column(const struct expression *e)
{
    return type_is_fixed(e->typing.type) && e->typing.target == TARGET_BPCHAR;
}

static bool is_string(const struct expression *e)
{
    return e->kind == EXPRESSION_STRING && e->text.size > 0;
}

/* One side is CHAR, the other is not a bind. */
static void compare_fixed(struct translation *t, struct expression **a, struct expression **b)
{
    struct expression **fixed = type_is_fixed((*a)->typing.type) && !is_literal(*a) ? a : b, **other = fixed == a ? b : a;
    if (is_string(*other)) { /* CHAR with a literal: blanks do not count */
        if ((*fixed)->typing.target != TARGET_BPCHAR) *fixed = build_cast(t, *fixed, "bpchar", TARGET_BPCHAR);
        return;
    }
    if (type_is_fixed((*other)->typing.type)) {
        if ((*fixed)->typing.target != TARGET_BPCHAR) *fixed = build_cast(t, *fixed, "bpchar", TARGET_BPCHAR);
        if ((*other)->typing.target != TARGET_BPCHAR) *other = build_cast(t, *other, "bpchar", TARGET_BPCHAR);
        return;
    }
    if (type_is_text((*other)->typing.type)) *fixed = as_text(t, *fixed);
}

static void compare_bind(struct translation *t, struct expression *other, struct expression **bind)
{
    enum sql_type type = other->typing.type;
    if (other->kind == EXPRESSION_NAME || type_is_datetime(type) ||
        type_is_bytes(type)) { /* the column's type decides; an index stays usable */
        want_bind(t, *bind, type, NULL);
        if (type_is_fixed(type)) *bind = as_text(t, *bind);
    } else if (type_is_number(type)) {
        *bind = as_number(t, *bind);
    } else if (type_is_text(type)) {
        *bind = as_text(t, *bind);
    }
}

void compare_pair(struct translation *t, struct expression **a, struct expression **b, enum operator_code code)
{
    struct expression *x = *a, *y = *b;
    if (is_null_literal(x) || is_null_literal(y)) {
        if (is_null_literal(x) && x->kind == EXPRESSION_STRING) *a = build_null(t, x->at);
        if (is_null_literal(y) && y->kind == EXPRESSION_STRING) *b = build_null(t, y->at);
        return;
    }
    if (x->kind == EXPRESSION_BIND && y->kind == EXPRESSION_BIND) {
        *a = as_text(t, x);
        *b = as_text(t, y);
        return;
    }
    enum sql_type tx = x->typing.type, ty = y->typing.type;
    if (y->kind == EXPRESSION_BIND) {
        compare_bind(t, x, b);
    } else if (x->kind == EXPRESSION_BIND) {
        compare_bind(t, y, a);
    } else if (type_is_number(tx) && type_is_text(ty)) {
        *b = as_number(t, y);
    } else if (type_is_text(tx) && type_is_number(ty)) {
        *a = as_number(t, x);
    } else if (type_is_zoned(tx) && type_is_text(ty)) {
        *b = as_zoned(t, y);
    } else if (type_is_zoned(ty) && type_is_text(tx)) {
        *a = as_zoned(t, x);
    } else if (type_is_datetime(tx) && type_is_text(ty)) {
        *b = as_type(t, y, &x->typing);
    } else if (type_is_text(tx) && type_is_datetime(ty)) {
        *a = as_type(t, x, &y->typing);
    } else if (type_is_bytes(tx) && type_is_text(ty)) {
        *b = as_bytes(t, y);
    } else if (type_is_text(tx) && type_is_bytes(ty)) {
        *a = as_bytes(t, x);
    } else if (type_is_interval(tx) && type_is_text(ty)) {
        *b = as_type(t, y, &x->typing);
    } else if (is_string(x) && is_string(y)) {
        *a = build_cast(t, x, "bpchar", TARGET_BPCHAR);
    } else if ((type_is_fixed(tx) && !is_literal(x)) || (type_is_fixed(ty) && !is_literal(y))) {
        compare_fixed(t, a, b);
    }
    if (code != OPERATOR_EQUAL && code != OPERATOR_NOT_EQUAL && (type_is_text((*a)->typing.type) || type_is_text((*b)->typing.type)) &&
        !is_fixed_column(*a)) {
        if (type_is_text((*a)->typing.type) && (*a)->kind != EXPRESSION_BIND)
            *a = collate_binary(t, *a);
        else
            *b = collate_binary(t, *b);
    } else if (code != OPERATOR_EQUAL && code != OPERATOR_NOT_EQUAL && is_fixed_column(*a)) {
        *a = collate_binary(t, *a);
    }
}

/* CHAR column against a bind: the bind is VARCHAR2, so that only a value padded to the column's length is equal; the column stays bare for its index. */
static struct expression *compare_fixed_bind(struct translation *t, enum operator_code code, struct expression *column,
                                             struct expression *bind)
{
    want_bind(t, bind, SQL_CHAR, "text");
    t->binds[bind->bind].length = column->typing.length;
    struct expression *text = build_cast(t, bind, "text", TARGET_TEXT);
    struct typing boolean = typing_of(SQL_BOOLEAN, TARGET_BOOLEAN);
    struct expression *length = build_number(t, bind->at, column->typing.length);
    if (code == OPERATOR_EQUAL)
        return BUILD_TEMPLATE(t, column->at, boolean, PRECEDENCE_PRIMARY, "(\1 = \2::bpchar AND length(\2) = \3)", column, text, length);
    return BUILD_TEMPLATE(t, column->at, boolean, PRECEDENCE_PRIMARY, "(\1 <> \2::bpchar OR length(\2) <> \3)", column, text, length);
}

struct expression *compare_values(struct translation *t, enum operator_code code, struct expression *a, struct expression *b, uint32_t at)
{
    if (code == OPERATOR_EQUAL || code == OPERATOR_NOT_EQUAL) {
        if (is_fixed_column(a) && b->kind == EXPRESSION_BIND && a->typing.length > 0) return compare_fixed_bind(t, code, a, b);
        if (is_fixed_column(b) && a->kind == EXPRESSION_BIND && b->typing.length > 0) return compare_fixed_bind(t, code, b, a);
    } else {
        if (is_fixed_column(a) && b->kind == EXPRESSION_BIND) a = as_text(t, a);
        if (is_fixed_column(b) && a->kind == EXPRESSION_BIND) b = as_text(t, b);
    }
    compare_pair(t, &a, &b, code);
    struct expression *e = build_compare(t, code, a, b);
    e->at = at;
    return e;
}

static bool same_family(enum sql_type a, enum sql_type b)
{
    if (a == SQL_UNKNOWN || b == SQL_UNKNOWN) return true;
    if (type_is_number(a)) return type_is_number(b);
    if (type_is_text(a)) return type_is_text(b);
    if (type_is_datetime(a)) return type_is_datetime(b);
    if (type_is_bytes(a)) return type_is_bytes(b);
    return a == b;
}

static void compare_with_query(struct translation *t, struct expression **a, struct query *q)
{
    struct expression *row[1] = {*a};
    struct expression **values = (*a)->kind == EXPRESSION_ROW ? (*a)->arguments : row;
    uint32_t count = (*a)->kind == EXPRESSION_ROW ? (*a)->argument_count : 1;
    for (uint32_t i = 0; i < count && i < q->column_count; i++) {
        const struct typing *wanted = &q->columns[i].typing;
        if (values[i]->kind == EXPRESSION_BIND) {
            want_bind(t, values[i], wanted->type, NULL);
        } else if (type_is_fixed(values[i]->typing.type) != type_is_fixed(wanted->type) && type_is_text(wanted->type) &&
                   type_is_text(values[i]->typing.type) && !is_literal(values[i])) {
            if (type_is_fixed(wanted->type))
                finding_refuse(t, (*a)->at, "comparison", "a CHAR column of a subquery is compared with a VARCHAR2",
                               "compare values of one type");
            values[i] = as_text(t, values[i]);
        } else if (!same_family(values[i]->typing.type, wanted->type) && !is_null_literal(values[i])) {
            if (type_is_text(values[i]->typing.type))
                values[i] = as_type(t, values[i], wanted);
            else
                finding_refuse(t, (*a)->at, "comparison", "a subquery answers another type than the one it is compared with",
                               "convert it explicitly");
        }
    }
    *a = (*a)->kind == EXPRESSION_ROW ? *a : row[0];
}

struct expression *rewrite_compare(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0], *b = e->arguments[1];
    enum operator_code code = e->operator_code;
    if (e->form != QUANTIFIER_NONE) {
        if (b->kind == EXPRESSION_QUERY) {
            compare_with_query(t, &e->arguments[0], b->query);
            return e;
        }
        struct expression *all = build_expression(t, e->form == QUANTIFIER_ALL ? EXPRESSION_AND : EXPRESSION_OR, e->at, e->typing);
        if (b->kind != EXPRESSION_ROW) return compare_values(t, code, a, b, e->at);
        for (uint32_t i = 0; i < b->argument_count; i++) build_add(t, all, compare_values(t, code, a, b->arguments[i], e->at));
        return all;
    }
    if (a->kind == EXPRESSION_ROW && b->kind == EXPRESSION_ROW && a->argument_count == b->argument_count) {
        for (uint32_t i = 0; i < a->argument_count; i++) compare_pair(t, &a->arguments[i], &b->arguments[i], OPERATOR_EQUAL);
        return e;
    }
    if (a->kind == EXPRESSION_ROW && b->kind == EXPRESSION_QUERY) {
        compare_with_query(t, &e->arguments[0], b->query);
        return e;
    }
    return compare_values(t, code, a, b, e->at);
}

static struct expression *expand_in(struct translation *t, struct expression *e)
{
    struct expression *all = build_expression(t, e->negated ? EXPRESSION_AND : EXPRESSION_OR, e->at, e->typing);
    for (uint32_t i = 1; i < e->argument_count; i++)
        build_add(t, all, compare_values(t, e->negated ? OPERATOR_NOT_EQUAL : OPERATOR_EQUAL, e->arguments[0], e->arguments[i], e->at));
    return all->argument_count == 1 ? all->arguments[0] : all;
}

struct expression *rewrite_in(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    if (e->query) {
        compare_with_query(t, &e->arguments[0], e->query);
        return e;
    }
    if (a->kind == EXPRESSION_ROW) {
        for (uint32_t i = 1; i < e->argument_count; i++) {
            struct expression *row = e->arguments[i];
            if (row->kind != EXPRESSION_ROW) continue;
            for (uint32_t j = 0; j < a->argument_count && j < row->argument_count; j++)
                compare_pair(t, &a->arguments[j], &row->arguments[j], OPERATOR_EQUAL);
        }
        return e;
    }
    if (e->argument_count == 2 && e->arguments[1]->kind == EXPRESSION_ROW && a->kind != EXPRESSION_ROW) { /* IN ((1, 2)) */
        struct expression *row = e->arguments[1];
        e->argument_count = 1;
        for (uint32_t i = 0; i < row->argument_count; i++) build_add(t, e, row->arguments[i]);
    }
    struct expression *first = NULL;
    for (uint32_t i = 1; i < e->argument_count; i++) {
        struct expression *left = a, *right = e->arguments[i];
        if (is_fixed_column(a) && right->kind == EXPRESSION_BIND) return expand_in(t, e);
        compare_pair(t, &left, &right, OPERATOR_EQUAL);
        if (left->kind == EXPRESSION_CAST || left->kind == EXPRESSION_TEMPLATE ? left != a : false) {
            if (first && !expression_equal(first, left)) return expand_in(t, e);
            if (!first && i > 1) return expand_in(t, e);
            first = left;
        } else if (first) {
            return expand_in(t, e);
        }
    }
    for (uint32_t i = 1; i < e->argument_count; i++) {
        struct expression *left = a;
        compare_pair(t, &left, &e->arguments[i], OPERATOR_EQUAL);
        e->arguments[0] = left;
    }
    return e;
}

struct expression *rewrite_between(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0], *low = e->arguments[1], *high = e->arguments[2];
    struct expression *a1 = a, *a2 = a, *l = low, *h = high;
    bool fixed_bind = is_fixed_column(a) && (low->kind == EXPRESSION_BIND || high->kind == EXPRESSION_BIND);
    if (!fixed_bind) {
        compare_pair(t, &a1, &l, OPERATOR_LESS);
        compare_pair(t, &a2, &h, OPERATOR_LESS);
        if (a1 == a2 || expression_equal(a1, a2)) {
            e->arguments[0] = a1;
            e->arguments[1] = l;
            e->arguments[2] = h;
            return e;
        }
    }
    struct expression *from = compare_values(t, e->negated ? OPERATOR_LESS : OPERATOR_GREATER_EQUAL, a, low, e->at);
    struct expression *to = compare_values(t, e->negated ? OPERATOR_GREATER : OPERATOR_LESS_EQUAL, a, high, e->at);
    struct expression *both = build_expression(t, e->negated ? EXPRESSION_OR : EXPRESSION_AND, e->at, e->typing);
    build_add(t, both, from);
    build_add(t, both, to);
    return both;
}
