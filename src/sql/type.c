/* SPDX-License-Identifier: Apache-2.0 */
/* Types: what Oracle would take an expression for, and what PostgreSQL takes our text for. */
#include "sql/function.h"
#include "sql/json.h"
#include "sql/resolve.h"

struct typing typing_of(enum sql_type type, enum target_type target)
{
    return (struct typing){.type = type, .target = target, .nullable = true};
}

static const enum target_type targets[SQL_TYPE_COUNT] = {
    [SQL_NUMBER] = TARGET_NUMERIC,
    [SQL_INTEGER] = TARGET_NUMERIC,
    [SQL_FLOAT] = TARGET_NUMERIC,
    [SQL_BINARY_FLOAT] = TARGET_FLOAT,
    [SQL_BINARY_DOUBLE] = TARGET_FLOAT,
    [SQL_VARCHAR] = TARGET_TEXT,
    [SQL_CHAR] = TARGET_TEXT,
    [SQL_NVARCHAR] = TARGET_TEXT,
    [SQL_NCHAR] = TARGET_TEXT,
    [SQL_CLOB] = TARGET_TEXT,
    [SQL_NCLOB] = TARGET_TEXT,
    [SQL_BLOB] = TARGET_BYTES,
    [SQL_RAW] = TARGET_BYTES,
    [SQL_LONG] = TARGET_TEXT,
    [SQL_LONG_RAW] = TARGET_BYTES,
    [SQL_DATE] = TARGET_TIMESTAMP,
    [SQL_TIMESTAMP] = TARGET_TIMESTAMP,
    [SQL_TIMESTAMP_TZ] = TARGET_TIMESTAMPTZ,
    [SQL_TIMESTAMP_LTZ] = TARGET_TIMESTAMPTZ,
    [SQL_INTERVAL_YM] = TARGET_INTERVAL,
    [SQL_INTERVAL_DS] = TARGET_INTERVAL,
    [SQL_ROWID] = TARGET_TEXT,
    [SQL_BOOLEAN] = TARGET_BOOLEAN,
    [SQL_XML] = TARGET_OTHER,
    [SQL_JSON] = TARGET_OTHER,
    [SQL_OBJECT] = TARGET_OTHER,
    [SQL_BFILE] = TARGET_OTHER,
};

/* PostgreSQL's type oids, as far as a column may have them. */
static enum target_type target_of_oid(uint32_t oid)
{
    switch (oid) {
    case 16: return TARGET_BOOLEAN;
    case 17: return TARGET_BYTES;
    case 20:
    case 21:
    case 23: return TARGET_INTEGER;
    case 25:
    case 1043: return TARGET_TEXT;
    case 700:
    case 701: return TARGET_FLOAT;
    case 1042: return TARGET_BPCHAR;
    case 1114: return TARGET_TIMESTAMP;
    case 1184: return TARGET_TIMESTAMPTZ;
    case 1186: return TARGET_INTERVAL;
    case 1700: return TARGET_NUMERIC;
    default: return TARGET_OTHER;
    }
}

struct typing typing_of_column(const struct sql_column *column)
{
    struct typing typing = {.type = column->type,
                            .precision = column->precision,
                            .scale = column->scale,
                            .length = column->length,
                            .nullable = column->nullable};
    if (column->target_type)
        typing.target = target_of_oid(column->target_type);
    else if (column->type == SQL_INTEGER || (column->type == SQL_NUMBER && column->scale <= 0))
        typing.target = TARGET_INTEGER; /* numeric or one of the integers: handled as the one that divides and overflows */
    else
        typing.target = type_is_fixed(column->type) ? TARGET_BPCHAR : targets[column->type];
    return typing;
}

struct typing typing_of_type_name(const struct type_name *type)
{
    struct typing typing = typing_of(type->type, targets[type->type]);
    typing.precision = type->precision > 0 ? type->precision : 0;
    typing.scale = type->scale > -1000 && type->scale < 1000 ? type->scale : 0;
    typing.length = type->length > 0 ? type->length : 0;
    if (type_is_fixed(type->type)) typing.target = TARGET_BPCHAR;
    return typing;
}

static const struct typing *argument(const struct expression *e, uint32_t i)
{
    return &e->arguments[i]->typing;
}

static bool is_unknown(const struct typing *t)
{
    return t->type == SQL_UNKNOWN;
}

/* The type of several values that may stand in one place: the first one known decides, doubles win over numbers, wide text over fixed. */
static struct typing common_type(struct expression *const *values, uint32_t count, uint32_t step)
{
    struct typing result = typing_of(SQL_UNKNOWN, TARGET_UNKNOWN);
    bool nullable = false, seen = false;
    for (uint32_t i = 0; i < count; i += step) {
        const struct typing *typing = &values[i]->typing;
        nullable |= typing->nullable;
        if (values[i]->kind == EXPRESSION_NULL || is_unknown(typing)) continue;
        if (!seen) {
            result = *typing;
            seen = true;
            continue;
        }
        if (type_is_number(result.type) && type_is_number(typing->type)) {
            if (type_is_double(typing->type)) result.type = typing->type, result.target = TARGET_FLOAT;
            if (result.type == SQL_INTEGER && typing->type != SQL_INTEGER && !type_is_double(typing->type)) result.type = SQL_NUMBER;
            if (result.target == TARGET_INTEGER && typing->target != TARGET_INTEGER) result.target = typing->target;
        } else if (type_is_text(result.type) && type_is_text(typing->type)) {
            if (type_is_fixed(result.type) && (!type_is_fixed(typing->type) || typing->length != result.length)) {
                result.type = SQL_VARCHAR;
                if (result.target == TARGET_BPCHAR) result.target = TARGET_TEXT;
            }
            if (type_is_lob(typing->type)) result.type = typing->type;
            if (typing->length > result.length) result.length = typing->length;
            if (result.target != typing->target) result.target = TARGET_TEXT;
        } else if (result.type == SQL_DATE && type_is_timestamp(typing->type)) {
            result.type = typing->type;
            result.target = typing->target;
        }
    }
    result.nullable = nullable;
    return result;
}

static struct typing type_arithmetic(const struct expression *e)
{
    const struct typing *a = argument(e, 0), *b = argument(e, 1);
    struct typing number = typing_of(SQL_NUMBER, TARGET_NUMERIC);
    struct typing result = number;
    bool minus = e->operator_code == OPERATOR_MINUS, plus = e->operator_code == OPERATOR_PLUS;
    if (type_is_datetime(a->type) && type_is_datetime(b->type))
        result = minus ? (a->type == SQL_DATE && b->type == SQL_DATE ? number : typing_of(SQL_INTERVAL_DS, TARGET_INTERVAL)) : number;
    else if (type_is_datetime(a->type) && type_is_interval(b->type))
        result = typing_of(a->type, a->target);
    else if (type_is_interval(a->type) && type_is_datetime(b->type))
        result = typing_of(b->type, b->target);
    else if ((type_is_datetime(a->type) || type_is_datetime(b->type)) && (plus || minus))
        result = typing_of(SQL_DATE, TARGET_TIMESTAMP); /* a number of days, also to a TIMESTAMP */
    else if (type_is_interval(a->type) || type_is_interval(b->type))
        result = typing_of(type_is_interval(a->type) ? a->type : b->type, TARGET_INTERVAL);
    else if (type_is_double(a->type) || type_is_double(b->type))
        result =
            typing_of(a->type == SQL_BINARY_DOUBLE || b->type == SQL_BINARY_DOUBLE ? SQL_BINARY_DOUBLE : SQL_BINARY_FLOAT, TARGET_FLOAT);
    else if ((is_unknown(a) && e->arguments[0]->kind != EXPRESSION_BIND) || (is_unknown(b) && e->arguments[1]->kind != EXPRESSION_BIND))
        result = (plus || minus) ? typing_of(SQL_UNKNOWN, TARGET_UNKNOWN) : number;
    result.nullable = a->nullable || b->nullable;
    return result;
}

static struct typing type_number(const struct expression *e)
{
    if (e->form) return (struct typing){.type = e->form == 'F' ? SQL_BINARY_FLOAT : SQL_BINARY_DOUBLE, .target = TARGET_FLOAT};
    bool whole = e->text.size <= 18 || (e->text.size == 19 && view_compare(e->text, view_text("9223372036854775807")) <= 0);
    for (size_t i = 0; i < e->text.size && whole; i++) whole = e->text.data[i] >= '0' && e->text.data[i] <= '9';
    return (struct typing){.type = SQL_NUMBER, .target = whole ? TARGET_INTEGER : TARGET_NUMERIC};
}

static struct typing type_datetime(const struct expression *e)
{
    if (!e->form) return (struct typing){.type = SQL_DATE, .target = TARGET_TIMESTAMP};
    const uint8_t *blank = memchr(e->text.data, ':', e->text.size);
    size_t at = blank ? (size_t)(blank - e->text.data) : e->text.size;
    bool zoned = false;
    for (size_t i = at; i < e->text.size; i++) {
        uint8_t c = e->text.data[i];
        zoned |= c == '+' || c == '-' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }
    return (struct typing){.type = zoned ? SQL_TIMESTAMP_TZ : SQL_TIMESTAMP, .target = zoned ? TARGET_TIMESTAMPTZ : TARGET_TIMESTAMP};
}

static struct typing type_case(const struct expression *e)
{
    uint32_t first = e->form ? 2 : 1;
    struct expression *values[512];
    uint32_t count = 0;
    for (uint32_t i = first; i < e->argument_count && count < 511; i += 2) values[count++] = e->arguments[i];
    if (e->negated) values[count++] = e->arguments[e->argument_count - 1];
    struct typing result = common_type(values, count, 1);
    if (!e->negated) result.nullable = true;
    return result;
}

/* DECODE answers the type of its first result; text when that is NULL or text. */
static struct typing type_decode(const struct expression *e)
{
    struct typing result = typing_of(SQL_UNKNOWN, TARGET_UNKNOWN);
    if (e->argument_count < 3) return result;
    const struct expression *first = e->arguments[2];
    result = first->typing;
    if (first->kind == EXPRESSION_NULL || (first->kind == EXPRESSION_STRING && first->text.size == 0) || type_is_text(first->typing.type)) {
        result = typing_of(SQL_VARCHAR, TARGET_TEXT);
        if (type_is_lob(first->typing.type)) result.type = first->typing.type;
        for (uint32_t i = 2; i < e->argument_count; i++)
            if ((i % 2 == 0 || i == e->argument_count - 1) && argument(e, i)->length > result.length)
                result.length = argument(e, i)->length;
    } else if (type_is_number(result.type)) {
        result.target = result.type == SQL_BINARY_DOUBLE || result.type == SQL_BINARY_FLOAT ? TARGET_FLOAT : TARGET_NUMERIC;
        result.type = type_is_double(result.type) ? result.type : SQL_NUMBER;
        for (uint32_t i = 2; i < e->argument_count; i++)
            if ((i % 2 == 0 || i == e->argument_count - 1) && type_is_double(argument(e, i)->type))
                result = typing_of(SQL_BINARY_DOUBLE, TARGET_FLOAT);
    }
    result.nullable = true;
    return result;
}

static struct typing type_of_gives(const struct expression *e, enum gives gives)
{
    const struct typing unknown = typing_of(SQL_UNKNOWN, TARGET_UNKNOWN);
    const struct typing *a = e->argument_count > 0 ? argument(e, 0) : &unknown;
    switch (gives) {
    case GIVES_NUMBER: return typing_of(SQL_NUMBER, TARGET_NUMERIC);
    case GIVES_INTEGER: return typing_of(SQL_NUMBER, TARGET_INTEGER);
    case GIVES_DOUBLE: return typing_of(SQL_BINARY_DOUBLE, TARGET_FLOAT);
    case GIVES_TEXT: return typing_of(SQL_VARCHAR, TARGET_TEXT);
    case GIVES_CLOB: return typing_of(SQL_CLOB, TARGET_TEXT);
    case GIVES_DATE: return typing_of(SQL_DATE, TARGET_TIMESTAMP);
    case GIVES_TIMESTAMP: return typing_of(SQL_TIMESTAMP, TARGET_TIMESTAMP);
    case GIVES_TIMESTAMPTZ: return typing_of(SQL_TIMESTAMP_TZ, TARGET_TIMESTAMPTZ);
    case GIVES_INTERVAL_DS: return typing_of(SQL_INTERVAL_DS, TARGET_INTERVAL);
    case GIVES_INTERVAL_YM: return typing_of(SQL_INTERVAL_YM, TARGET_INTERVAL);
    case GIVES_BYTES: return typing_of(SQL_RAW, TARGET_BYTES);
    case GIVES_BLOB: return typing_of(SQL_BLOB, TARGET_BYTES);
    case GIVES_ROWID: return typing_of(SQL_ROWID, TARGET_TEXT);
    case GIVES_BOOLEAN: return typing_of(SQL_BOOLEAN, TARGET_BOOLEAN);
    case GIVES_XML: return typing_of(SQL_XML, TARGET_OTHER);
    case GIVES_FIRST: return *a;
    case GIVES_SECOND: return e->argument_count > 1 ? *argument(e, 1) : unknown;
    case GIVES_COMMON: return common_type(e->arguments, e->argument_count, 1);
    case GIVES_TEXT_OF_FIRST: return typing_of(type_is_lob(a->type) ? a->type : SQL_VARCHAR, TARGET_TEXT);
    case GIVES_NUMBER_OF_FIRST: return type_is_double(a->type) ? *a : typing_of(SQL_NUMBER, TARGET_NUMERIC);
    case GIVES_DATE_OR_NUMBER:
        if (type_is_datetime(a->type)) return typing_of(SQL_DATE, TARGET_TIMESTAMP);
        if (type_is_double(a->type)) return *a;
        if (a->type == SQL_UNKNOWN && e->argument_count > 0 && e->arguments[0]->kind != EXPRESSION_BIND) return unknown;
        return typing_of(SQL_NUMBER, TARGET_NUMERIC);
    case GIVES_DECODE: return type_decode(e);
    default: return unknown;
    }
}

static struct typing type_call(const struct expression *e)
{
    if (!e->rule) return typing_of(SQL_UNKNOWN, TARGET_UNKNOWN);
    struct typing result = type_of_gives(e, e->rule->gives);
    if (type_is_fixed(result.type) &&
        (!strcmp(e->rule->name, "NVL") || !strcmp(e->rule->name, "NVL2"))) /* never CHAR, unlike CASE and COALESCE */
        result.type = SQL_VARCHAR, result.target = TARGET_TEXT;
    if (e->call->json && e->call->json->returning && e->rule->gives == GIVES_TEXT) result = typing_of_type_name(e->call->json->returning);
    if (e->rule->flags & FUNCTION_NOT_NULL) {
        result.nullable = false;
    } else if (e->rule->flags & FUNCTION_STRICT) {
        result.nullable = false;
        for (uint32_t i = 0; i < e->argument_count; i++) result.nullable |= argument(e, i)->nullable;
    } else if (e->rule->gives != GIVES_COMMON) {
        result.nullable = true;
    }
    return result;
}

static struct typing type_concat(const struct expression *e)
{
    struct typing result = {.type = SQL_VARCHAR, .target = TARGET_TEXT, .nullable = true};
    bool fixed = true;
    for (uint32_t i = 0; i < e->argument_count; i++) {
        fixed &= type_is_fixed(argument(e, i)->type);
        if (!argument(e, i)->nullable) result.nullable = false;
        if (type_is_lob(argument(e, i)->type)) result.type = SQL_CLOB;
        if (argument(e, i)->type == SQL_RAW) result.type = SQL_VARCHAR;
        result.length += argument(e, i)->length;
    }
    if (fixed) result.type = SQL_CHAR; /* CHAR joined to CHAR is CHAR, literals too */
    return result;
}

void type_expression(struct translation *t, struct expression *e)
{
    (void)t;
    const struct typing *first = e->argument_count > 0 ? argument(e, 0) : NULL;
    switch (e->kind) {
    case EXPRESSION_NUMBER: e->typing = type_number(e); return;
    case EXPRESSION_STRING:
        e->typing = (struct typing){.type = SQL_CHAR,
                                    .target = TARGET_LITERAL,
                                    .nullable = e->text.size == 0,
                                    .length = (int)(e->text.size > 4000 ? 4000 : e->text.size)};
        return;
    case EXPRESSION_NULL: e->typing = (struct typing){.type = SQL_UNKNOWN, .target = TARGET_LITERAL, .nullable = true}; return;
    case EXPRESSION_DATETIME: e->typing = type_datetime(e); return;
    case EXPRESSION_INTERVAL:
        e->typing = (struct typing){
            .type = view_equal(e->call->option, view_text("YEAR")) || view_equal(e->call->option, view_text("MONTH")) ? SQL_INTERVAL_YM
                                                                                                                      : SQL_INTERVAL_DS,
            .target = TARGET_INTERVAL};
        return;
    case EXPRESSION_INTERVAL_CAST: e->typing = typing_of(e->form ? SQL_INTERVAL_YM : SQL_INTERVAL_DS, TARGET_INTERVAL); return;
    case EXPRESSION_BIND: e->typing = typing_of(SQL_UNKNOWN, TARGET_PARAMETER); return;
    case EXPRESSION_CALL: e->typing = type_call(e); return;
    case EXPRESSION_CASE: e->typing = type_case(e); return;
    case EXPRESSION_NEGATE:
    case EXPRESSION_PLUS:
        e->typing = first->type == SQL_UNKNOWN || type_is_text(first->type) ? typing_of(SQL_NUMBER, TARGET_NUMERIC) : *first;
        return;
    case EXPRESSION_PRIOR:
    case EXPRESSION_ROOT: e->typing = *first; return;
    case EXPRESSION_ARITHMETIC: e->typing = type_arithmetic(e); return;
    case EXPRESSION_CONCAT: e->typing = type_concat(e); return;
    case EXPRESSION_CAST: e->typing = typing_of_type_name(e->type_name); return;
    case EXPRESSION_SEQUENCE: e->typing = (struct typing){.type = SQL_NUMBER, .target = TARGET_INTEGER}; return;
    case EXPRESSION_ZONE: e->typing = typing_of(SQL_TIMESTAMP_TZ, TARGET_TIMESTAMPTZ); return;
    case EXPRESSION_QUERY:
        if (e->query->column_count > 0) e->typing = e->query->columns[0].typing;
        e->typing.nullable = true;
        return;
    case EXPRESSION_COMPARE:
    case EXPRESSION_AND:
    case EXPRESSION_OR:
    case EXPRESSION_NOT:
    case EXPRESSION_IS:
    case EXPRESSION_BETWEEN:
    case EXPRESSION_IN:
    case EXPRESSION_LIKE:
    case EXPRESSION_EXISTS: e->typing = typing_of(SQL_BOOLEAN, TARGET_BOOLEAN); return;
    default: return;
    }
}
