/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrite: + - * / on numbers, dates and intervals. */
#include "sql/build.h"
#include "sql/rewrite_parts.h"

static struct expression *as_single(struct translation *t, struct expression *e)
{
    if (e->kind == EXPRESSION_NUMBER && e->form == 'F') return e;
    return e->typing.type == SQL_BINARY_FLOAT && e->kind != EXPRESSION_ARITHMETIC ? e : build_cast(t, e, "float4", TARGET_FLOAT);
}

/* Integers of PostgreSQL overflow where NUMBER does not: one operand becomes numeric. */
static struct expression *number_arithmetic(struct translation *t, struct expression *e, struct expression *a, struct expression *b)
{
    bool left_is_literal = a->kind == EXPRESSION_NUMBER;
    if (a->typing.target == TARGET_INTEGER && b->typing.target == TARGET_INTEGER) {
        int64_t x, y;
        bool small = literal_integer(a, &x) && literal_integer(b, &y) && x < 30000 && y < 30000 && x > -30000 && y > -30000;
        if (!small && left_is_literal)
            b = build_cast(t, b, "numeric", TARGET_NUMERIC);
        else if (!small)
            a = build_cast(t, a, "numeric", TARGET_NUMERIC);
    }
    if (e->typing.type == SQL_BINARY_FLOAT) {
        a = as_single(t, a);
        b = as_single(t, b);
    } else if (type_is_double(e->typing.type)) {
        a = as_double(t, a);
        b = as_double(t, b);
    }
    e->arguments[0] = a;
    e->arguments[1] = b;
    if (e->typing.type != SQL_UNKNOWN && !type_is_double(e->typing.type)) {
        bool integers = a->typing.target == TARGET_INTEGER && b->typing.target == TARGET_INTEGER;
        e->typing.target = integers ? TARGET_INTEGER : TARGET_NUMERIC;
    }
    return e;
}

static struct expression *divide(struct translation *t, struct expression *e, struct expression *a, struct expression *b)
{
    if (e->typing.type == SQL_BINARY_FLOAT)
        return build_cast(t, BUILD_CALL(t, e->at, e->typing, "@divide_double(\1, \2)", as_single(t, a), as_single(t, b)), "float4",
                          TARGET_FLOAT);
    if (type_is_double(e->typing.type)) return BUILD_CALL(t, e->at, e->typing, "@divide_double(\1, \2)", as_double(t, a), as_double(t, b));
    e->typing.target = TARGET_NUMERIC;
    return BUILD_CALL(t, e->at, e->typing, "@divide(\1, \2)", a, b);
}

/* A date and a number of days. */
static struct expression *add_days(struct translation *t, struct expression *e, struct expression *date, struct expression *days,
                                   bool minus)
{
    struct typing typing = e->typing;
    int64_t whole;
    date = as_timestamp(t, date);
    if (type_is_timestamp(date->typing.type)) /* a TIMESTAMP becomes a DATE first */
        date = BUILD_CALL(t, e->at, typing, "date_trunc('second', \1)", date);
    if (literal_integer(days, &whole) && whole >= 0) {
        const char *text =
            translation_printf(t, "\1 %c interval '%lld %s'", minus ? '-' : '+', (long long)whole, whole == 1 ? "day" : "days");
        return BUILD_TEMPLATE(t, e->at, typing, PRECEDENCE_ADD, text, date);
    }
    return BUILD_TEMPLATE(t, e->at, typing, PRECEDENCE_CAST,
                          minus ? "(\1 - \2 * interval '1 day')::timestamp(0)" : "(\1 + \2 * interval '1 day')::timestamp(0)", date,
                          as_number(t, days));
}

static struct expression *subtract_dates(struct translation *t, struct expression *e, struct expression *a, struct expression *b)
{
    bool days = e->typing.type == SQL_NUMBER;
    struct typing typing = e->typing;
    if (days) {
        typing.target = TARGET_NUMERIC;
        return BUILD_CALL(t, e->at, typing, "@days_between(\1, \2)", as_timestamp(t, a), as_timestamp(t, b));
    }
    if (type_is_zoned(a->typing.type) || type_is_zoned(b->typing.type))
        return BUILD_TEMPLATE(t, e->at, typing, PRECEDENCE_ADD, "\1 - \2", as_zoned(t, a), as_zoned(t, b));
    return BUILD_TEMPLATE(t, e->at, typing, PRECEDENCE_ADD, "\1 - \2", as_timestamp(t, a), as_timestamp(t, b));
}

static struct expression *add_interval(struct translation *t, struct expression *e, struct expression *date, struct expression *interval,
                                       bool minus)
{
    struct typing typing = e->typing;
    if (interval->typing.type == SQL_INTERVAL_YM) /* the day must exist in the month reached */
        return BUILD_CALL(t, e->at, typing, minus ? "@add_yminterval(\1, -\2)" : "@add_yminterval(\1, \2)", date, interval);
    return BUILD_TEMPLATE(t, e->at, typing, PRECEDENCE_ADD, minus ? "\1 - \2" : "\1 + \2", date, interval);
}

static struct expression *interval_arithmetic(struct translation *t, struct expression *e, struct expression *a, struct expression *b)
{
    if (e->operator_code == OPERATOR_STAR || e->operator_code == OPERATOR_SLASH) {
        e->arguments[0] = type_is_interval(a->typing.type) ? a : as_number(t, a);
        e->arguments[1] = type_is_interval(b->typing.type) ? b : as_number(t, b);
        if (e->typing.type == SQL_INTERVAL_YM) {
            finding_refuse(t, e->at, "interval", "an interval of months is multiplied or divided",
                           "multiply the number of months and use NUMTOYMINTERVAL");
            return e;
        }
        return BUILD_CALL(t, e->at, e->typing, "justify_hours(\1)", e);
    }
    e->arguments[0] = as_interval(t, a);
    e->arguments[1] = as_interval(t, b);
    return e;
}

struct expression *rewrite_arithmetic(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0], *b = e->arguments[1];
    enum sql_type ta = a->typing.type, tb = b->typing.type;
    bool minus = e->operator_code == OPERATOR_MINUS, plus = e->operator_code == OPERATOR_PLUS;
    if (plus || minus) {
        if (type_is_datetime(ta) && type_is_datetime(tb)) {
            if (minus) return subtract_dates(t, e, a, b);
            finding_refuse(t, e->at, "date arithmetic", "two dates cannot be added", "check the expression");
            return e;
        }
        if (type_is_datetime(ta) && type_is_interval(tb)) return add_interval(t, e, a, b, minus);
        if (type_is_interval(ta) && type_is_datetime(tb) && plus) return add_interval(t, e, b, a, false);
        if (type_is_interval(ta) || type_is_interval(tb)) return interval_arithmetic(t, e, a, b);
        if (type_is_datetime(ta)) return add_days(t, e, a, b, minus);
        if (type_is_datetime(tb) && plus) return add_days(t, e, b, a, false);
        if (type_is_datetime(tb)) return subtract_dates(t, e, a, b);
    } else if (type_is_interval(ta) || type_is_interval(tb)) {
        return interval_arithmetic(t, e, a, b);
    }
    bool unknown = (ta == SQL_UNKNOWN && a->kind != EXPRESSION_BIND && !is_null_literal(a)) ||
                   (tb == SQL_UNKNOWN && b->kind != EXPRESSION_BIND && !is_null_literal(b));
    if (unknown && minus)
        finding_difference(t, e->at, "unknown type",
                           "the types of this subtraction are not known: two dates would give an interval, not days",
                           "add the tables to the catalog");
    if (!unknown || !type_is_datetime(ta)) {
        a = as_number(t, a);
        b = as_number(t, b);
    }
    if (e->operator_code == OPERATOR_SLASH) return divide(t, e, a, b);
    return number_arithmetic(t, e, a, b);
}
