/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on dates, times and intervals, and the conversions TO_CHAR, TO_DATE, TO_NUMBER and their kin. */
#include "sql/build.h"
#include "sql/format_model.h"
#include "sql/function.h"

static void check_language(struct translation *t, struct expression *e)
{
    if (e->argument_count > 2)
        finding_difference(t, e->at, e->rule->name, "the third argument (NLS parameters) is not applied",
                           "leave it out, or set it for the session");
}

static struct expression *rewrite_to_char(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0], *format = e->argument_count > 1 ? e->arguments[1] : NULL;
    enum sql_type type = a->typing.type;
    check_language(t, e);
    if (!format)
        return type_is_bytes(type)                        ? as_text(t, a)
               : a->kind == EXPRESSION_BIND               ? as_text(t, a)
               : type_is_text(type) || is_null_literal(a) ? as_text(t, a)
                                                          : as_text(t, a);
    if (is_null_literal(a) || is_null_literal(format)) return build_cast(t, build_null(t, e->at), "text", TARGET_TEXT);
    struct typing typing = e->typing;
    bool literal = format->kind == EXPRESSION_STRING;
    const char *model = literal ? format_model_print(t, format->text) : NULL;
    if (type_is_text(type)) { /* implicit TO_NUMBER: a format of digits is one of numbers */
        a = as_number(t, a);
        type = SQL_NUMBER;
    }
    if (a->kind == EXPRESSION_BIND) { /* the format says what the bind must be */
        bool number =
            literal && (memchr(format->text.data, '9', format->text.size) || memchr(format->text.data, '0', format->text.size) || !model);
        a = number ? as_number(t, a) : as_timestamp(t, a);
        type = number ? SQL_NUMBER : SQL_DATE;
    }
    if (type_is_datetime(type) && !type_is_zoned(type) && model && a->typing.target == TARGET_TIMESTAMP)
        return BUILD_CALL(t, e->at, typing, "to_char(\1, \2)", a, build_string(t, format->at, view_text(model)));
    if (type_is_number(type) && a->typing.target == TARGET_INTEGER) a = build_cast(t, a, "numeric", TARGET_NUMERIC);
    return BUILD_CALL(t, e->at, typing, "@to_char(\1, \2)", a, as_text(t, format));
}

static struct expression *rewrite_to_number(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    check_language(t, e);
    if (e->argument_count == 1) {
        if (type_is_number(a->typing.type)) return a;
        if (a->kind == EXPRESSION_BIND) return as_number(t, a);
        return as_number(t, type_is_text(a->typing.type) || is_null_literal(a) ? a : as_text(t, a));
    }
    return BUILD_CALL(t, e->at, e->typing, "@to_number(\1, \2)", as_text(t, a), as_text(t, e->arguments[1]));
}

static struct expression *literal_timestamp(struct translation *t, struct expression *e, const char *text)
{
    struct expression *made = build_expression(t, EXPRESSION_DATETIME, e->at, e->typing);
    made->text = view_text(text);
    made->form = 1;
    made->typing.nullable = false;
    return made;
}

static struct expression *rewrite_to_date(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    bool stamp = view_equal(view_text(e->rule->name), view_text("TO_TIMESTAMP"));
    check_language(t, e);
    if (is_null_literal(a)) return build_cast(t, build_null(t, e->at), "timestamp", TARGET_TIMESTAMP);
    if (e->argument_count == 1) {
        if (type_is_datetime(a->typing.type)) return as_timestamp(t, a);
        return BUILD_CALL(t, e->at, e->typing, stamp ? "@to_timestamp(\1)" : "@to_date(\1)", as_text(t, a));
    }
    struct expression *format = e->arguments[1];
    if (a->kind == EXPRESSION_STRING && format->kind == EXPRESSION_STRING) {
        const char *text = format_model_read(t, a->text, format->text);
        if (text) return literal_timestamp(t, e, text);
    }
    return BUILD_CALL(t, e->at, e->typing, stamp ? "@to_timestamp(\1, \2)" : "@to_date(\1, \2)", as_text(t, a), as_text(t, format));
}

struct extract_row {
    const char *field, *date, *interval;
};
static const struct extract_row extract_rows[] = {
    {"YEAR", "extract(year from \1)", "extract(year from \1)"},
    {"MONTH", "extract(month from \1)", "extract(month from \1)"},
    {"DAY", "extract(day from \1)", "extract(day from \1)"},
    {"HOUR", "extract(hour from \1)", "extract(hour from \1)"},
    {"MINUTE", "extract(minute from \1)", "extract(minute from \1)"},
    {"SECOND", "trim_scale(extract(second from \1))", "trim_scale(extract(second from \1))"},
};

static struct expression *rewrite_extract(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    if (e->call->option.size == 0) {
        finding_refuse(t, e->at, "EXTRACT", "EXTRACT on XML is not translated", "give a translation in the mapping file");
        return e;
    }
    struct typing typing = e->typing;
    typing.nullable = a->typing.nullable;
    for (size_t i = 0; i < sizeof extract_rows / sizeof *extract_rows; i++) {
        if (!view_equal(e->call->option, view_text(extract_rows[i].field))) continue;
        if (type_is_interval(a->typing.type)) return BUILD_CALL(t, e->at, typing, extract_rows[i].interval, a);
        if (type_is_zoned(a->typing.type)) { /* Oracle counts the fields of the instant in UTC */
            struct expression *utc = BUILD_TEMPLATE(t, e->at, typing, PRECEDENCE_ZONE, "\1 AT TIME ZONE 'UTC'", a);
            return BUILD_CALL(t, e->at, typing, extract_rows[i].date, utc);
        }
        return BUILD_CALL(t, e->at, typing, extract_rows[i].date,
                          type_is_text(a->typing.type) || a->kind == EXPRESSION_BIND ? as_timestamp(t, a) : a);
    }
    finding_refuse(t, e->at, "EXTRACT", "EXTRACT of a time zone's part is not translated: PostgreSQL does not keep the zone",
                   "give a translation in the mapping file");
    return e;
}

static struct expression *rewrite_stamp_now(struct translation *t, struct expression *e)
{
    bool local = view_equal(view_text(e->rule->name), view_text("LOCALTIMESTAMP"));
    struct typing typing = e->typing;
    typing.nullable = false;
    return build_text(t, e->at, typing, local ? PRECEDENCE_CAST : PRECEDENCE_PRIMARY,
                      local ? "statement_timestamp()::timestamp" : "statement_timestamp()");
}

#define NOW    (FUNCTION_VOLATILE | FUNCTION_BARE | FUNCTION_NOT_NULL)
#define STRICT FUNCTION_STRICT
const struct function_rule functions_datetime[] = {
    {"ADD_MONTHS", 2, 2, SQL_EXACT, STRICT, GIVES_DATE, "dm", "@add_months(\1, \2)"},
    {"CURRENT_DATE", 0, 0, SQL_EXACT, NOW, GIVES_DATE, "", "@session_date()"},
    {"CURRENT_TIMESTAMP", 0, 1, SQL_EXACT, NOW, GIVES_TIMESTAMPTZ, "a", NULL, rewrite_stamp_now},
    {"DBTIMEZONE", 0, 0, SQL_EXACT, FUNCTION_BARE | FUNCTION_SESSION, GIVES_TEXT, "", "@dbtimezone()"},
    {"EXTRACT", 1, 1, SQL_EXACT, STRICT, GIVES_NUMBER, "a", NULL, rewrite_extract},
    {"FROM_TZ", 2, 2, SQL_EXACT, STRICT, GIVES_TIMESTAMPTZ, "dt", "@from_tz(\1, \2)"},
    {"LAST_DAY", 1, 1, SQL_EXACT, STRICT, GIVES_DATE, "d", "@last_day(\1)"},
    {"LOCALTIMESTAMP", 0, 1, SQL_EXACT, NOW, GIVES_TIMESTAMP, "a", NULL, rewrite_stamp_now},
    {"MONTHS_BETWEEN", 2, 2, SQL_EXACT, STRICT, GIVES_NUMBER, "d", "@months_between(\1, \2)"},
    {"NEW_TIME", 3, 3, SQL_EXACT, STRICT, GIVES_DATE, "dtt", "@new_time(\1, \2, \3)"},
    {"NEXT_DAY", 2, 2, SQL_EXACT, STRICT, GIVES_DATE, "dt", "@next_day(\1, \2)"},
    {"NUMTODSINTERVAL", 2, 2, SQL_EXACT, STRICT, GIVES_INTERVAL_DS, "mt", "@numtodsinterval(\1, \2)"},
    {"NUMTOYMINTERVAL", 2, 2, SQL_EXACT, STRICT, GIVES_INTERVAL_YM, "mt", "@numtoyminterval(\1, \2)"},
    {"SESSIONTIMEZONE", 0, 0, SQL_EXACT, FUNCTION_BARE | FUNCTION_VOLATILE, GIVES_TEXT, "", "@sessiontimezone()"},
    {"SYSDATE", 0, 0, SQL_EXACT, NOW | FUNCTION_ONLY_BARE, GIVES_DATE, "", "@sysdate()"},
    {"SYSTIMESTAMP", 0, 1, SQL_EXACT, NOW, GIVES_TIMESTAMPTZ, "a", "@systimestamp()"},
    {"SYS_EXTRACT_UTC", 1, 1, SQL_EXACT, STRICT, GIVES_TIMESTAMP, "z", "(\1 AT TIME ZONE 'UTC')"},
    {"TO_BINARY_DOUBLE", 1, 1, SQL_EXACT, STRICT, GIVES_DOUBLE, "f", "\1"},
    {"TO_BINARY_FLOAT", 1, 1, SQL_EXACT, STRICT, GIVES_DOUBLE, "f", "(\1)::float4"},
    {"TO_CHAR", 1, 3, SQL_EXACT, STRICT, GIVES_TEXT, "a", NULL, rewrite_to_char},
    {"TO_DATE", 1, 3, SQL_EXACT, STRICT, GIVES_DATE, "a", NULL, rewrite_to_date},
    {"TO_DSINTERVAL", 1, 1, SQL_EXACT, STRICT, GIVES_INTERVAL_DS, "t", "@to_dsinterval(\1)"},
    {"TO_NCHAR", 1, 3, SQL_EXACT, STRICT, GIVES_TEXT, "a", NULL, rewrite_to_char},
    {"TO_NUMBER", 1, 3, SQL_EXACT, STRICT, GIVES_NUMBER, "a", NULL, rewrite_to_number},
    {"TO_TIMESTAMP", 1, 3, SQL_EXACT, STRICT, GIVES_TIMESTAMP, "a", NULL, rewrite_to_date},
    {"TO_TIMESTAMP_TZ", 1, 1, SQL_EXACT, STRICT, GIVES_TIMESTAMPTZ, "t", "@to_timestamp_tz(\1)"},
    {"TO_TIMESTAMP_TZ", 2, 3, SQL_EXACT, STRICT, GIVES_TIMESTAMPTZ, "t", "@to_timestamp_tz(\1, \2)"},
    {"TO_YMINTERVAL", 1, 1, SQL_EXACT, STRICT, GIVES_INTERVAL_YM, "t", "@to_yminterval(\1)"},
    {"TZ_OFFSET", 1, 1, SQL_EXACT, FUNCTION_VOLATILE, GIVES_TEXT, "t", "@tz_offset(\1)"},
};
const uint32_t functions_datetime_count = sizeof functions_datetime / sizeof *functions_datetime;
