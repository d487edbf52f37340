/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on numbers. Their results are numeric, never double precision, unless an argument is BINARY_FLOAT or BINARY_DOUBLE. */
#include "sql/build.h"
#include "sql/function.h"

#define DIGITS "PostgreSQL answers fewer digits than Oracle's 40"

static bool is_double(const struct expression *e)
{
    for (uint32_t i = 0; i < e->argument_count; i++)
        if (type_is_double(e->arguments[i]->typing.type)) return true;
    return false;
}

/* MOD: by zero answers the first argument. */
static struct expression *rewrite_mod(struct translation *t, struct expression *e)
{
    int64_t divisor;
    struct expression *a = as_number(t, e->arguments[0]), *b = as_number(t, e->arguments[1]);
    if (!is_double(e) && literal_integer(b, &divisor) && divisor != 0 &&
        (a->typing.target == TARGET_NUMERIC || a->typing.target == TARGET_INTEGER)) {
        struct typing typing = e->typing;
        typing.target = a->typing.target;
        typing.nullable = a->typing.nullable;
        return BUILD_CALL(t, e->at, typing, "mod(\1, \2)", a, b);
    }
    if (is_double(e)) finding_difference(t, e->at, "MOD", "MOD of binary floats is taken as of decimal numbers", "cast to NUMBER");
    return BUILD_CALL(t, e->at, e->typing, "@mod(\1, \2)", is_double(e) ? build_cast(t, a, "numeric", TARGET_NUMERIC) : as_numeric(t, a),
                      is_double(e) ? build_cast(t, b, "numeric", TARGET_NUMERIC) : as_numeric(t, b));
}

static bool is_time_unit(const struct expression *e)
{
    return e->kind == EXPRESSION_STRING && e->text.size > 0 && !(e->text.data[0] >= '0' && e->text.data[0] <= '9') &&
           e->text.data[0] != '-';
}

static struct expression *round_datetime(struct translation *t, struct expression *e, bool truncate);

/* ROUND and TRUNC are two functions each: on numbers and on dates. */
static struct expression *rewrite_round(struct translation *t, struct expression *e)
{
    bool truncate = e->rule->name[0] == 'T';
    struct expression *a = e->arguments[0];
    if (type_is_datetime(a->typing.type) || (e->argument_count > 1 && is_time_unit(e->arguments[1]))) return round_datetime(t, e, truncate);
    if (a->typing.type == SQL_UNKNOWN && a->kind != EXPRESSION_BIND && !is_null_literal(a)) { /* the target knows the column's type */
        if (e->argument_count == 1) return BUILD_CALL(t, e->at, e->typing, truncate ? "@trunc(\1)" : "@round(\1)", a);
        return BUILD_CALL(t, e->at, e->typing, truncate ? "@trunc(\1, \2)" : "@round(\1, \2)", a,
                          e->arguments[1]->kind == EXPRESSION_STRING ? e->arguments[1] : as_integer(t, e->arguments[1]));
    }
    struct typing typing = e->typing;
    typing.nullable = true;
    if (type_is_double(a->typing.type)) {
        if (e->argument_count > 1)
            finding_difference(t, e->at, "ROUND", "rounding of binary floats goes by way of decimal numbers", "cast to NUMBER");
        struct expression *decimal = build_cast(t, a, "numeric", TARGET_NUMERIC);
        struct expression *digits = e->argument_count > 1 ? as_integer(t, e->arguments[1]) : build_number(t, e->at, 0);
        return BUILD_TEMPLATE(t, e->at, typing, PRECEDENCE_CAST, truncate ? "trunc(\1, \2)::float8" : "round(\1, \2)::float8", decimal,
                              digits);
    }
    a = as_numeric(t, a);
    typing.target = TARGET_NUMERIC;
    typing.nullable = a->typing.nullable;
    if (e->argument_count == 1) return BUILD_CALL(t, e->at, typing, truncate ? "trunc(\1)" : "round(\1)", a);
    return BUILD_CALL(t, e->at, typing, truncate ? "trunc(\1, \2)" : "round(\1, \2)", a, as_integer(t, e->arguments[1]));
}

struct unit_row {
    const char *unit;
    const char *field; /* date_trunc's field; NULL: our own function */
};
/* Units of TRUNC that date_trunc knows. */
static const struct unit_row units[] = {
    {"DD", "day"},     {"DDD", "day"},  {"HH", "hour"},   {"HH12", "hour"},   {"HH24", "hour"}, {"IW", "week"},   {"J", "day"},
    {"MI", "minute"},  {"MM", "month"}, {"MON", "month"}, {"MONTH", "month"}, {"Q", "quarter"}, {"RM", "month"},  {"SYEAR", "year"},
    {"SYYYY", "year"}, {"Y", "year"},   {"YEAR", "year"}, {"YY", "year"},     {"YYY", "year"},  {"YYYY", "year"},
};

static struct expression *round_datetime(struct translation *t, struct expression *e, bool truncate)
{
    struct typing typing = typing_of(SQL_DATE, TARGET_TIMESTAMP);
    struct expression *date = e->arguments[0];
    typing.nullable = date->typing.nullable;
    if (date->kind == EXPRESSION_TEMPLATE && view_equal(date->text, view_text("@systimestamp()")))
        date = build_text(t, e->at, typing, PRECEDENCE_PRIMARY, "@sysdate()");
    date = as_timestamp(t, date);
    if (e->argument_count == 1 && truncate) return BUILD_CALL(t, e->at, typing, "date_trunc('day', \1)", date);
    if (e->argument_count == 1) return BUILD_CALL(t, e->at, typing, "@round(\1)", date);
    struct expression *unit = e->arguments[1];
    if (truncate && unit->kind == EXPRESSION_STRING) {
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            if (view_equal_ignoring_case(unit->text, view_text(units[i].unit)))
                return BUILD_CALL(t, e->at, typing, translation_printf(t, "date_trunc('%s', \1)", units[i].field), date);
    }
    typing.nullable = true;
    return BUILD_CALL(t, e->at, typing, truncate ? "@trunc(\1, \2)" : "@round(\1, \2)", date, as_text(t, unit));
}

/* The same function for numeric and double precision; integers are made numeric so that the answer is no double. */
static struct expression *rewrite_same(struct translation *t, struct expression *e)
{
    struct typing typing = e->typing;
    struct expression *a = as_numeric(t, e->arguments[0]);
    typing.target = a->typing.target == TARGET_FLOAT ? TARGET_FLOAT : TARGET_NUMERIC;
    typing.nullable = a->typing.nullable;
    return BUILD_CALL(t, e->at, typing, e->rule->how, a);
}

static struct expression *rewrite_abs(struct translation *t, struct expression *e)
{
    struct expression *a = as_number(t, e->arguments[0]);
    if (type_is_interval(a->typing.type)) finding_refuse(t, e->at, "ABS", "ABS of an interval is not translated", "use CASE");
    struct typing typing = e->typing;
    typing.target = a->typing.target;
    typing.nullable = a->typing.nullable;
    return BUILD_CALL(t, e->at, typing, "abs(\1)", a);
}

static struct expression *rewrite_nanvl(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    if (!type_is_double(a->typing.type)) return as_number(t, a);
    return BUILD_TEMPLATE(t, e->at, e->typing, PRECEDENCE_PRIMARY, "CASE WHEN \1 = 'NaN'::float8 THEN \2 ELSE \1 END", a,
                          as_double(t, e->arguments[1]));
}

#define STRICT FUNCTION_STRICT
const struct function_rule functions_number[] = {
    {"ABS", 1, 1, SQL_EXACT, STRICT, GIVES_NUMBER_OF_FIRST, "a", NULL, rewrite_abs},
    {"ACOS", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER, "f", "acos(\1)::numeric", NULL, DIGITS},
    {"ASIN", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER, "f", "asin(\1)::numeric", NULL, DIGITS},
    {"ATAN", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER, "f", "atan(\1)::numeric", NULL, DIGITS},
    {"ATAN2", 2, 2, SQL_APPROXIMATE, STRICT, GIVES_NUMBER, "f", "atan2(\1, \2)::numeric", NULL, DIGITS},
    {"BINARY_DOUBLE_INFINITY", 0, 0, SQL_EXACT, FUNCTION_BARE | FUNCTION_ONLY_BARE | FUNCTION_NOT_NULL, GIVES_DOUBLE, "",
     "'Infinity'::float8"},
    {"BINARY_DOUBLE_NAN", 0, 0, SQL_EXACT, FUNCTION_BARE | FUNCTION_ONLY_BARE | FUNCTION_NOT_NULL, GIVES_DOUBLE, "", "'NaN'::float8"},
    {"BINARY_FLOAT_INFINITY", 0, 0, SQL_EXACT, FUNCTION_BARE | FUNCTION_ONLY_BARE | FUNCTION_NOT_NULL, GIVES_DOUBLE, "",
     "'Infinity'::float4"},
    {"BINARY_FLOAT_NAN", 0, 0, SQL_EXACT, FUNCTION_BARE | FUNCTION_ONLY_BARE | FUNCTION_NOT_NULL, GIVES_DOUBLE, "", "'NaN'::float4"},
    {"BITAND", 2, 2, SQL_EXACT, STRICT, GIVES_NUMBER, "m", "@bitand(\1, \2)"},
    {"CEIL", 1, 1, SQL_EXACT, STRICT, GIVES_NUMBER_OF_FIRST, "a", "ceil(\1)", rewrite_same},
    {"COS", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER, "f", "cos(\1)::numeric", NULL, DIGITS},
    {"COSH", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER, "f", "cosh(\1)::numeric", NULL, DIGITS},
    {"EXP", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER_OF_FIRST, "n", "exp(\1)", NULL, DIGITS},
    {"FLOOR", 1, 1, SQL_EXACT, STRICT, GIVES_NUMBER_OF_FIRST, "a", "floor(\1)", rewrite_same},
    {"LN", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER_OF_FIRST, "n", "ln(\1)", NULL, DIGITS},
    {"LOG", 2, 2, SQL_APPROXIMATE, STRICT, GIVES_NUMBER, "n", "log(\1, \2)", NULL, DIGITS},
    {"MOD", 2, 2, SQL_EXACT, STRICT, GIVES_NUMBER, "a", NULL, rewrite_mod},
    {"NANVL", 2, 2, SQL_EXACT, 0, GIVES_NUMBER_OF_FIRST, "a", NULL, rewrite_nanvl},
    {"POWER", 2, 2, SQL_APPROXIMATE, STRICT, GIVES_NUMBER_OF_FIRST, "n", "power(\1, \2)", NULL, DIGITS},
    {"REMAINDER", 2, 2, SQL_EXACT, STRICT, GIVES_NUMBER, "m", "@remainder(\1, \2)"},
    {"ROUND", 1, 2, SQL_EXACT, 0, GIVES_DATE_OR_NUMBER, "a", NULL, rewrite_round},
    {"SIGN", 1, 1, SQL_EXACT, STRICT, GIVES_NUMBER, "a", "sign(\1)", rewrite_same},
    {"SIN", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER, "f", "sin(\1)::numeric", NULL, DIGITS},
    {"SINH", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER, "f", "sinh(\1)::numeric", NULL, DIGITS},
    {"SQRT", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER_OF_FIRST, "n", "sqrt(\1)", NULL, DIGITS},
    {"TAN", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER, "f", "tan(\1)::numeric", NULL, DIGITS},
    {"TANH", 1, 1, SQL_APPROXIMATE, STRICT, GIVES_NUMBER, "f", "tanh(\1)::numeric", NULL, DIGITS},
    {"TRUNC", 1, 2, SQL_EXACT, 0, GIVES_DATE_OR_NUMBER, "a", NULL, rewrite_round},
    {"WIDTH_BUCKET", 4, 4, SQL_EXACT, STRICT, GIVES_INTEGER, "nnni", "width_bucket(\1, \2, \3, \4)"},
};
const uint32_t functions_number_count = sizeof functions_number / sizeof *functions_number;
