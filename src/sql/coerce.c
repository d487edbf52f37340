/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions that Oracle makes without being asked, said aloud for PostgreSQL. */
#include "sql/build.h"

void want_bind(struct translation *t, struct expression *e, enum sql_type type, const char *cast)
{
    if (e->kind != EXPRESSION_BIND) return;
    struct bind_occurrence *bind = &t->binds[e->bind];
    if (bind->type == SQL_UNKNOWN) bind->type = type;
    if (cast && !bind->cast) bind->cast = cast;
}

static struct typing text_typing(const struct expression *e)
{
    struct typing typing = e->typing;
    typing.type = type_is_lob(typing.type) ? typing.type : SQL_VARCHAR;
    typing.target = TARGET_TEXT;
    return typing;
}

static struct expression *bind_as(struct translation *t, struct expression *e, enum sql_type type, const char *cast,
                                  enum target_type target)
{
    want_bind(t, e, type, cast);
    struct expression *made = build_cast(t, e, cast, target);
    made->typing.type = type;
    return made;
}

/* A number literal as Oracle prints it: no leading zero, no trailing zeros. False: too unusual to do here. */
static bool plain_number_text(struct translation *t, struct view number, struct view *out)
{
    size_t start = 0, end = number.size;
    const uint8_t *point = memchr(number.data, '.', number.size);
    for (size_t i = 0; i < number.size; i++)
        if (number.data[i] != '.' && (number.data[i] < '0' || number.data[i] > '9')) return false;
    if (number.size > 38) return false;
    while (start < end && number.data[start] == '0') start++;
    if (point)
        while (end > start && number.data[end - 1] == '0') end--;
    if (end > start && number.data[end - 1] == '.') end--;
    *out = start == end ? view_text("0") : view_of(number.data + start, end - start);
    (void)t;
    return true;
}

struct expression *as_text(struct translation *t, struct expression *e)
{
    struct view text;
    if (e->kind == EXPRESSION_BIND) return bind_as(t, e, SQL_VARCHAR, "text", TARGET_TEXT);
    if (e->kind == EXPRESSION_NUMBER && !e->form && plain_number_text(t, e->text, &text)) return build_string(t, e->at, text);
    if (is_null_literal(e) || e->kind == EXPRESSION_STRING) return e;
    if (type_is_fixed(e->typing.type) && e->typing.target == TARGET_BPCHAR) { /* the blanks are part of the value */
        struct expression *cast = build_cast(t, e, "text", TARGET_TEXT);
        if (e->typing.length <= 0) return cast;
        struct typing typing = e->typing;
        typing.target = TARGET_TEXT;
        return BUILD_CALL(t, e->at, typing, "rpad(\1, \2)", cast, build_number(t, e->at, e->typing.length));
    }
    if (type_is_text(e->typing.type)) return e->typing.target == TARGET_OTHER ? build_cast(t, e, "text", TARGET_TEXT) : e;
    if (e->typing.target == TARGET_BOOLEAN || e->typing.type == SQL_BOOLEAN) return e;
    if (type_is_bytes(e->typing.type)) return BUILD_CALL(t, e->at, text_typing(e), "upper(encode(\1, 'hex'))", e);
    if (e->typing.type == SQL_JSON || e->typing.type == SQL_XML) return build_cast(t, e, "text", TARGET_TEXT);
    if (e->typing.target == TARGET_INTEGER && (e->typing.type == SQL_INTEGER || e->typing.scale == 0) && e->kind != EXPRESSION_NUMBER &&
        e->typing.precision > 0) {
        struct expression *cast = build_cast(t, e, "text", TARGET_TEXT); /* whole numbers have one spelling */
        cast->typing = text_typing(e);
        return cast;
    }
    struct typing typing = text_typing(e);
    if (e->typing.target == TARGET_INTEGER) e = build_cast(t, e, "numeric", TARGET_NUMERIC);
    return BUILD_CALL(t, e->at, typing, e->typing.type == SQL_TIMESTAMP ? "@to_char_timestamp(\1)" : "@to_char(\1)", e);
}

struct expression *as_readable(struct translation *t, struct expression *e)
{
    struct expression *text = as_text(t, e);
    if (is_null_literal(text))
        return build_text(t, e->at, (struct typing){.type = SQL_VARCHAR, .target = TARGET_TEXT}, PRECEDENCE_PRIMARY, "''");
    if (!text->typing.nullable) return text;
    struct typing typing = text->typing;
    typing.nullable = false;
    return BUILD_CALL(t, e->at, typing, "coalesce(\1, '')", text);
}

struct expression *as_number(struct translation *t, struct expression *e)
{
    struct typing number = typing_of(SQL_NUMBER, TARGET_NUMERIC);
    number.nullable = e->typing.nullable;
    if (e->kind == EXPRESSION_BIND) return bind_as(t, e, SQL_NUMBER, "numeric", TARGET_NUMERIC);
    if (is_null_literal(e)) return build_cast(t, e, "numeric", TARGET_NUMERIC);
    if (e->kind == EXPRESSION_STRING) {
        struct view text = view_trim(e->text);
        bool plain = text.size > 0 && text.size <= 38;
        uint32_t points = 0, digits = 0;
        for (size_t i = 0; i < text.size && plain; i++) {
            points += text.data[i] == '.';
            digits += text.data[i] >= '0' && text.data[i] <= '9';
            plain = text.data[i] == '.' || (text.data[i] >= '0' && text.data[i] <= '9') || (i == 0 && text.data[i] == '-');
        }
        if (plain && points <= 1 && digits > 0 && text.data[0] != '-') {
            struct expression *literal = build_number(t, e->at, 0);
            literal->text = text;
            if (points || text.size > 18) literal->typing.target = TARGET_NUMERIC;
            return literal;
        }
    }
    if (type_is_text(e->typing.type)) return BUILD_CALL(t, e->at, number, "@to_number(\1)", as_text(t, e));
    return e;
}

struct expression *as_numeric(struct translation *t, struct expression *e)
{
    e = as_number(t, e);
    if (e->typing.target == TARGET_NUMERIC || e->typing.target == TARGET_FLOAT || e->typing.type == SQL_UNKNOWN) return e;
    return build_cast(t, e, "numeric", TARGET_NUMERIC);
}

struct expression *as_double(struct translation *t, struct expression *e)
{
    e = e->kind == EXPRESSION_BIND ? bind_as(t, e, SQL_BINARY_DOUBLE, "float8", TARGET_FLOAT) : as_number(t, e);
    if (e->typing.target == TARGET_FLOAT) return e;
    struct expression *cast = build_cast(t, e, "float8", TARGET_FLOAT);
    cast->typing.type = SQL_BINARY_DOUBLE;
    return cast;
}

struct expression *as_integer(struct translation *t, struct expression *e)
{
    int64_t value;
    if (literal_integer(e, &value) && value >= -2147483647 && value <= 2147483647) return build_number(t, e->at, value);
    e = as_number(t, e);
    struct typing typing = typing_of(SQL_NUMBER, TARGET_INTEGER);
    typing.nullable = e->typing.nullable;
    if (e->typing.target == TARGET_INTEGER) return build_cast(t, e, "integer", TARGET_INTEGER);
    return BUILD_TEMPLATE(t, e->at, typing, PRECEDENCE_CAST, "trunc(\1)::integer", e);
}

struct expression *as_timestamp(struct translation *t, struct expression *e)
{
    struct typing typing = typing_of(SQL_DATE, TARGET_TIMESTAMP);
    typing.nullable = e->typing.nullable;
    if (e->kind == EXPRESSION_BIND) return bind_as(t, e, SQL_DATE, "timestamp", TARGET_TIMESTAMP);
    if (is_null_literal(e)) return build_cast(t, e, "timestamp", TARGET_TIMESTAMP);
    if (type_is_text(e->typing.type)) return BUILD_CALL(t, e->at, typing, "@to_date(\1)", as_text(t, e));
    if (e->kind == EXPRESSION_TEMPLATE && view_equal(e->text, view_text("@systimestamp()"))) {
        typing.type = SQL_TIMESTAMP;
        return build_text(t, e->at, typing, PRECEDENCE_PRIMARY, "@database_timestamp()");
    }
    if (e->typing.target == TARGET_TIMESTAMPTZ) {
        typing.type = SQL_TIMESTAMP;
        struct expression *cast = build_cast(t, e, "timestamp", TARGET_TIMESTAMP);
        cast->typing = typing;
        return cast;
    }
    return e;
}

struct expression *as_zoned(struct translation *t, struct expression *e)
{
    if (e->kind == EXPRESSION_BIND) return bind_as(t, e, SQL_TIMESTAMP_TZ, "timestamptz", TARGET_TIMESTAMPTZ);
    if (e->typing.target == TARGET_TIMESTAMPTZ) return e;
    if (type_is_text(e->typing.type) && !is_null_literal(e)) {
        struct typing typing = typing_of(SQL_TIMESTAMP_TZ, TARGET_TIMESTAMPTZ);
        return BUILD_CALL(t, e->at, typing, "@to_timestamp_tz(\1)", as_text(t, e));
    }
    struct expression *cast = build_cast(t, e, "timestamptz", TARGET_TIMESTAMPTZ);
    cast->typing.type = SQL_TIMESTAMP_TZ;
    return cast;
}

struct expression *as_interval(struct translation *t, struct expression *e)
{
    if (e->kind == EXPRESSION_BIND) return bind_as(t, e, SQL_INTERVAL_DS, "interval", TARGET_INTERVAL);
    if (type_is_text(e->typing.type) && !is_null_literal(e))
        return BUILD_CALL(t, e->at, typing_of(SQL_INTERVAL_DS, TARGET_INTERVAL), "@to_dsinterval(\1)", as_text(t, e));
    return e;
}

struct expression *as_bytes(struct translation *t, struct expression *e)
{
    struct typing typing = typing_of(SQL_RAW, TARGET_BYTES);
    typing.nullable = e->typing.nullable;
    if (e->kind == EXPRESSION_BIND) return bind_as(t, e, SQL_RAW, "bytea", TARGET_BYTES);
    if (is_null_literal(e)) return build_cast(t, e, "bytea", TARGET_BYTES);
    if (type_is_text(e->typing.type)) return BUILD_CALL(t, e->at, typing, "@hextoraw(\1)", as_text(t, e));
    return e;
}

struct expression *as_type(struct translation *t, struct expression *e, const struct typing *wanted)
{
    if (e->kind == EXPRESSION_BIND) {
        want_bind(t, e, wanted->type, NULL);
        return e;
    }
    if (is_null_literal(e)) return e;
    if (wanted->target == TARGET_BOOLEAN && type_is_number(wanted->type)) /* a NUMBER(1) that is a boolean on the target */
        return BUILD_TEMPLATE(t, e->at, *wanted, PRECEDENCE_COMPARE, "\1 <> 0", as_number(t, e));
    enum sql_type have = e->typing.type;
    if (have == SQL_UNKNOWN || wanted->type == SQL_UNKNOWN) return e;
    if (type_is_double(wanted->type)) return type_is_text(have) ? as_number(t, e) : e;
    if (type_is_number(wanted->type)) return type_is_text(have) ? as_number(t, e) : e;
    if (type_is_text(wanted->type)) {
        if (type_is_fixed(have) && type_is_fixed(wanted->type)) return e;
        return as_text(t, e);
    }
    if (type_is_zoned(wanted->type)) return type_is_text(have) ? as_zoned(t, e) : e;
    if (wanted->type == SQL_DATE && type_is_timestamp(have)) { /* the fraction is cut, not rounded */
        struct expression *cut = as_timestamp(t, e);
        struct typing typing = cut->typing;
        typing.type = SQL_DATE;
        return BUILD_CALL(t, e->at, typing, "date_trunc('second', \1)", cut);
    }
    if (type_is_timestamp(wanted->type) && type_is_text(have)) {
        struct typing typing = *wanted;
        return BUILD_CALL(t, e->at, typing, "@to_timestamp(\1)", as_text(t, e));
    }
    if (type_is_datetime(wanted->type)) return as_timestamp(t, e);
    if (type_is_bytes(wanted->type)) return type_is_text(have) ? as_bytes(t, e) : e;
    if (type_is_interval(wanted->type) && type_is_text(have))
        return wanted->type == SQL_INTERVAL_DS ? as_interval(t, e) : BUILD_CALL(t, e->at, *wanted, "@to_yminterval(\1)", as_text(t, e));
    return e;
}

struct expression *collate_binary(struct translation *t, struct expression *e)
{
    if (t->options->binary_collation || !type_is_text(e->typing.type) || e->kind == EXPRESSION_COLLATE || e->typing.type == SQL_ROWID)
        return e;
    if (e->kind == EXPRESSION_BIND) return e;
    struct expression *collate = build_expression(t, EXPRESSION_COLLATE, e->at, e->typing);
    build_add(t, collate, e);
    return collate;
}
