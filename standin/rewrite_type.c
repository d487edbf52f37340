/* SPDX-License-Identifier: Apache-2.0 */
/* What operators and assignments mean for types: implicit conversions, comparison rules of CHAR, arithmetic with dates and intervals. */
#include "standin/rewrite.h"

#include "base/value.h"

#include <stdio.h>
#include <stdlib.h>

static void inconsistent(struct rewriter *rw, const char *wanted, const struct expression *e)
{
    rewrite_fail(rw, 932, &(struct token){.at = e->at}, "inconsistent datatypes: expected %s got %s", wanted, sql_kind_name(e->type.kind));
}

static const char *shift_minutes(struct rewriter *rw, const char *text, int minutes)
{
    return minutes ? text_format(rw, "(%s + INTERVAL %d MINUTE)", text, minutes) : text;
}

/* ---- implicit conversions ---- */

const char *expression_text(struct rewriter *rw, const struct expression *e)
{
    static const char text_of[] = "(CONVERT(%s USING utf8mb4) COLLATE utf8mb4_nopad_bin)";
    char call[64];
    switch (e->type.kind) {
    case KIND_VARCHAR:
    case KIND_CLOB:
    case KIND_LONG:
    case KIND_UNKNOWN: return e->text;
    case KIND_CHAR: return e->literal || e->bind >= 0 ? e->text : text_format(rw, "(%s COLLATE utf8mb4_nopad_bin)", e->text);
    case KIND_NUMBER:
        if (e->literal) {
            const char *digits = e->literal_text;
            const char *sign = *digits == '-' ? "-" : "";
            digits += *digits == '-';
            return text_string(rw, text_format(rw, "%s%s", sign, digits[0] == '0' && digits[1] == '.' ? digits + 1 : digits));
        }
        return text_format(rw, text_of, text_format(rw, "ora_number_text(%s)", e->text));
    case KIND_DATE:
        return text_format(rw, text_of, text_format(rw, "ora_to_char_time(%s, %s)", e->text, text_string(rw, rw->session->date_format)));
    case KIND_TIMESTAMP:
        return text_format(rw, text_of,
                           text_format(rw, "ora_to_char_time(%s, %s)", e->text, text_string(rw, rw->session->timestamp_format)));
    case KIND_TIMESTAMP_TZ:
        return text_format(rw, text_of,
                           text_format(rw, "ora_to_char_time(%s, %s)", e->text, text_string(rw, rw->session->timestamp_tz_format)));
    case KIND_TIMESTAMP_LTZ:
        return text_format(rw, text_of,
                           text_format(rw, "ora_to_char_time(%s, %s)", shift_minutes(rw, e->text, rw->session->zone_minutes),
                                       text_string(rw, rw->session->timestamp_format)));
    case KIND_RAW: return text_format(rw, "HEX(%s)", e->text);
    case KIND_ROWID:
        snprintf(call, sizeof call, "ora_rowid_text(%u, ", e->type.object);
        return text_format(rw, text_of, text_format(rw, "%s%s)", call, e->text));
    case KIND_BLOB: inconsistent(rw, "CHAR", e); return e->text;
    default: rewrite_refuse(rw, "this conversion to text"); return e->text;
    }
}

static const char *number_literal(struct rewriter *rw, const struct expression *e)
{
    uint8_t bytes[NUMBER_SIZE_MAX];
    size_t size;
    char digits[NUMBER_TEXT_MAX];
    if (!number_from_text(view_text(e->literal_text), bytes, &size, NULL)) {
        rewrite_fail(rw, 1722, &(struct token){.at = e->at}, "invalid number");
        return e->text;
    }
    digits[number_to_text(view_of(bytes, size), digits)] = '\0';
    return text_format(rw, "%s", digits);
}

const char *expression_number(struct rewriter *rw, const struct expression *e)
{
    switch (e->type.kind) {
    case KIND_VARCHAR:
    case KIND_CHAR:
        if (e->literal && e->literal_text) return number_literal(rw, e);
        return text_format(rw, "ora_to_number(%s)", e->text);
    case KIND_NUMBER:
    case KIND_BINARY_FLOAT:
    case KIND_BINARY_DOUBLE:
    case KIND_INTERVAL_DS:
    case KIND_INTERVAL_YM:
    case KIND_BOOLEAN: /* PL/SQL; elsewhere a condition does not come here */
    case KIND_UNKNOWN: return e->text;
    default: inconsistent(rw, "NUMBER", e); return e->text;
    }
}

const char *expression_time(struct rewriter *rw, const struct expression *e)
{
    if (sql_kind_is_time(e->type.kind)) return e->text;
    if (e->type.kind == KIND_UNKNOWN) return text_format(rw, "CAST(%s AS DATETIME(6))", e->text);
    if (e->type.kind == KIND_VARCHAR || e->type.kind == KIND_CHAR)
        return text_format(rw, "CAST(ora_to_time(%s, %s) AS DATETIME)", e->text, text_string(rw, rw->session->date_format));
    inconsistent(rw, "DATE", e);
    return e->text;
}

static bool is_zoned(enum sql_kind kind)
{
    return kind == KIND_TIMESTAMP_TZ || kind == KIND_TIMESTAMP_LTZ;
}

/* A time as the fields of a DATE or TIMESTAMP without zone. */
static const char *time_fields(struct rewriter *rw, const struct expression *e, bool seconds)
{
    if (e->bind >= 0 && sql_kind_is_time(e->type.kind)) return text_bind(rw, (uint32_t)e->bind, seconds ? BIND_SECONDS : BIND_LOCAL);
    const char *text = e->type.kind == KIND_TIMESTAMP_LTZ ? shift_minutes(rw, e->text, rw->session->zone_minutes) : e->text;
    if (seconds && e->type.kind != KIND_DATE) return text_format(rw, "(%s - INTERVAL MICROSECOND(%s) MICROSECOND)", text, text);
    return text;
}

static const char *as_time(struct rewriter *rw, const struct expression *e, const struct sql_type *wanted)
{
    bool text = e->type.kind == KIND_VARCHAR || e->type.kind == KIND_CHAR;
    if (text && wanted->kind == KIND_DATE) return expression_time(rw, e);
    if (text) {
        const char *format = wanted->kind == KIND_TIMESTAMP_TZ ? rw->session->timestamp_tz_format : rw->session->timestamp_format;
        const char *time = text_format(rw, "CAST(ora_to_time(%s, %s) AS DATETIME(6))", e->text, text_string(rw, format));
        return is_zoned(wanted->kind) && !strstr(format, "TZ") ? shift_minutes(rw, time, -rw->session->zone_minutes) : time;
    }
    if (e->type.kind == KIND_UNKNOWN) return e->text;
    if (!sql_kind_is_time(e->type.kind)) {
        inconsistent(rw, sql_kind_name(wanted->kind), e);
        return e->text;
    }
    if (!is_zoned(wanted->kind)) return time_fields(rw, e, wanted->kind == KIND_DATE);
    return is_zoned(e->type.kind) ? e->text : shift_minutes(rw, e->text, -rw->session->zone_minutes);
}

static const char *as_raw(struct rewriter *rw, const struct expression *e)
{
    if (e->type.kind == KIND_RAW || e->type.kind == KIND_BLOB || e->type.kind == KIND_UNKNOWN) return e->text;
    if (e->type.kind == KIND_VARCHAR || e->type.kind == KIND_CHAR) return text_format(rw, "ora_hex_to_raw(%s)", e->text);
    inconsistent(rw, "BINARY", e);
    return e->text;
}

const char *expression_as(struct rewriter *rw, const struct expression *e, const struct sql_type *wanted)
{
    if (rewrite_failed(rw)) return "";
    if (e->type.kind == KIND_BOOLEAN && wanted->kind != KIND_BOOLEAN && wanted->kind != KIND_UNKNOWN) {
        rewrite_fail(rw, 932, &(struct token){.at = e->at}, "inconsistent datatypes: expected %s got BOOLEAN", sql_kind_name(wanted->kind));
        return e->text;
    }
    switch (wanted->kind) {
    case KIND_BINARY_FLOAT:
    case KIND_BINARY_DOUBLE:
        if (e->bind >= 0 && e->type.kind == KIND_NUMBER) return text_bind(rw, (uint32_t)e->bind, BIND_DOUBLE);
        return expression_number(rw, e);
    case KIND_NUMBER: return expression_number(rw, e);
    case KIND_VARCHAR:
    case KIND_CHAR:
    case KIND_CLOB:
    case KIND_LONG: return expression_text(rw, e);
    case KIND_DATE:
    case KIND_TIMESTAMP:
    case KIND_TIMESTAMP_TZ:
    case KIND_TIMESTAMP_LTZ: return as_time(rw, e, wanted);
    case KIND_RAW:
    case KIND_BLOB: return as_raw(rw, e);
    case KIND_INTERVAL_DS:
    case KIND_INTERVAL_YM:
        if (e->type.kind != wanted->kind && e->type.kind != KIND_UNKNOWN) rewrite_refuse(rw, "this conversion to an interval");
        return e->text;
    case KIND_ROWID:
        if (e->type.kind == KIND_ROWID || e->type.kind == KIND_UNKNOWN) return e->text;
        return text_format(rw, "ora_rowid_number(%u, %s)", wanted->object, expression_text(rw, e));
    default: return e->text;
    }
}

/* ---- comparison ---- */

static void compare_text(struct rewriter *rw, const struct expression *left, const struct expression *right, const char **a, const char **b)
{
    /* Two CHARs (a literal is one) are compared with padding, everything else byte by byte. */
    if (left->type.kind == KIND_CHAR && right->type.kind == KIND_CHAR) {
        if (left->literal && right->literal) *a = text_format(rw, "(%s COLLATE utf8mb4_bin)", left->text);
        if ((left->literal || left->bind >= 0) && right->bind >= 0) *a = text_format(rw, "(%s COLLATE utf8mb4_bin)", left->text);
        return;
    }
    *a = expression_text(rw, left);
    *b = expression_text(rw, right);
}

static bool compare_lob(struct rewriter *rw, const struct expression *left, const struct expression *right)
{
    const struct expression *lob = sql_kind_is_lob(left->type.kind) ? left : sql_kind_is_lob(right->type.kind) ? right : NULL;
    if (!lob) return false;
    rewrite_fail(rw, 932, &(struct token){.at = lob->at}, "inconsistent datatypes: expected - got %s", sql_kind_name(lob->type.kind));
    return true;
}

static void compare_operands(struct rewriter *rw, const struct expression *left, const struct expression *right, const char **a,
                             const char **b)
{
    enum sql_kind l = left->type.kind, r = right->type.kind;
    if (sql_kind_is_time(l) || sql_kind_is_time(r)) {
        *a = expression_time(rw, left);
        *b = expression_time(rw, right);
        if (is_zoned(l) && !is_zoned(r) && r != KIND_UNKNOWN) *b = shift_minutes(rw, *b, -rw->session->zone_minutes);
        if (is_zoned(r) && !is_zoned(l) && l != KIND_UNKNOWN) *a = shift_minutes(rw, *a, -rw->session->zone_minutes);
    } else if (l == KIND_ROWID || r == KIND_ROWID) {
        const struct sql_type *rowid = l == KIND_ROWID ? &left->type : &right->type;
        *a = expression_as(rw, left, rowid);
        *b = expression_as(rw, right, rowid);
    } else if (l == KIND_RAW || r == KIND_RAW) {
        *a = as_raw(rw, left);
        *b = as_raw(rw, right);
    } else if (sql_kind_is_number(l) || sql_kind_is_number(r)) {
        *a = expression_number(rw, left);
        *b = expression_number(rw, right);
    } else if (sql_kind_is_text(l) && sql_kind_is_text(r)) {
        compare_text(rw, left, right, a, b);
    } else if (l != r && l != KIND_UNKNOWN && r != KIND_UNKNOWN) {
        inconsistent(rw, sql_kind_name(l), right);
    }
}

static const char *compare_tuples(struct rewriter *rw, const struct expression *left, const char *operation, const struct expression *right)
{
    if (left->tuple_count != right->tuple_count) {
        rewrite_fail(rw, 1796, NULL, "this operator cannot be used with lists");
        return "";
    }
    const char *text = "";
    for (uint32_t i = 0; i < left->tuple_count; i++) {
        struct expression a = expression_of(left->tuple[i], left->tuple_types[i]),
                          b = expression_of(right->tuple[i], right->tuple_types[i]);
        struct expression one = expression_compare(rw, &a, "=", &b);
        text = text_join(rw, text, " AND ", one.text);
    }
    return text_format(rw, strcmp(operation, "=") == 0 ? "(%s)" : "(NOT (%s))", text);
}

struct expression expression_compare(struct rewriter *rw, struct expression *left, const char *operation, struct expression *right)
{
    const char *a = left->text, *b = right->text, *text;
    if (left->tuple_count || right->tuple_count) {
        text = compare_tuples(rw, left, operation, right);
    } else {
        if (!compare_lob(rw, left, right)) compare_operands(rw, left, right, &a, &b);
        text = text_format(rw, "(%s %s %s)", a, operation, b);
    }
    struct expression e = expression_of(text, sql_type_of(KIND_BOOLEAN));
    expression_combine(&e, left);
    expression_combine(&e, right);
    e.at = left->at;
    expression_group_check(rw, &e);
    return e;
}

/* ---- arithmetic ---- */

static const char *days_as_interval(struct rewriter *rw, const struct expression *days)
{
    const char *number = expression_number(rw, days);
    if (days->literal && !strchr(days->literal_text, '.')) return text_format(rw, "INTERVAL %s DAY", number);
    return text_format(rw, "INTERVAL ROUND((%s) * 86400) SECOND", number);
}

static bool time_and_interval(struct rewriter *rw, const struct expression *time, char operation, const struct expression *other,
                              struct expression *out)
{
    struct sql_type type = time->type;
    const char *text;
    if (other->type.kind == KIND_INTERVAL_DS) {
        text = text_format(rw, "(%s %c INTERVAL (%s) MICROSECOND)", time->text, operation, other->text);
        if (type.kind == KIND_DATE) text = text_format(rw, "CAST(%s AS DATETIME)", text);
    } else if (other->type.kind == KIND_INTERVAL_YM) {
        text = text_format(rw, "CAST(ora_plus_months(%s, %s(%s)) AS DATETIME(%d))", time->text, operation == '-' ? "-" : "", other->text,
                           type.kind == KIND_DATE ? 0 : 6);
    } else {
        const char *fields = time->bind >= 0 ? text_bind(rw, (uint32_t)time->bind, BIND_SECONDS) : time_fields(rw, time, true);
        text = text_format(rw, "(%s %c %s)", fields, operation, days_as_interval(rw, other));
        type = sql_type_of(KIND_DATE);
    }
    *out = expression_of(text, type);
    return true;
}

static bool arithmetic_time(struct rewriter *rw, const struct expression *left, char operation, const struct expression *right,
                            struct expression *out)
{
    bool l = sql_kind_is_time(left->type.kind), r = sql_kind_is_time(right->type.kind);
    if (!l && !r) return false;
    if (operation == '-' && l && r) {
        if (left->type.kind == KIND_DATE && right->type.kind == KIND_DATE) {
            *out = expression_of(text_format(rw, "(TIMESTAMPDIFF(SECOND, %s, %s) / 86400)", right->text, left->text), sql_type_number());
        } else {
            struct sql_type interval = {.kind = KIND_INTERVAL_DS, .precision = 9, .scale = 6};
            *out = expression_of(text_format(rw, "TIMESTAMPDIFF(MICROSECOND, %s, %s)", right->text, left->text), interval);
        }
        return true;
    }
    if (operation == '-' && r && left->type.kind != KIND_UNKNOWN) {
        inconsistent(rw, "NUMBER", right);
        return true;
    }
    if (l && r && operation == '+') {
        rewrite_fail(rw, 975, &(struct token){.at = left->at}, "date + date not allowed");
        return true;
    }
    if (l && (operation == '+' || operation == '-') && !r) return time_and_interval(rw, left, operation, right, out);
    if (r && operation == '+' && !l) return time_and_interval(rw, right, '+', left, out);
    inconsistent(rw, "NUMBER", l ? left : right);
    return true;
}

static const char *divide(struct rewriter *rw, const char *left, const struct expression *right)
{
    const char *divisor = expression_number(rw, right);
    if (right->literal && strpbrk(right->literal_text, "123456789")) return text_format(rw, "(%s / %s)", left, divisor);
    if (right->literal) {
        rewrite_fail(rw, 1476, NULL, "divisor is equal to zero");
        return left;
    }
    /* A zero divisor is NULL to MariaDB; an unsigned overflow with this very number is told apart by the error map. */
    return text_format(rw, "(%s / IF(%s = 0, 18446744073709551615 + (%s = 0), %s))", left, divisor, divisor, divisor);
}

struct expression expression_arithmetic(struct rewriter *rw, struct expression left, char operation, struct expression right)
{
    struct expression out = expression_of(left.text, sql_type_number());
    bool interval = left.type.kind == KIND_INTERVAL_DS || left.type.kind == KIND_INTERVAL_YM;
    if (!arithmetic_time(rw, &left, operation, &right, &out)) {
        const char *a = expression_number(rw, &left), *b = expression_number(rw, &right);
        out.text = operation == '/' ? divide(rw, a, &right) : text_format(rw, "(%s %c %s)", a, operation, b);
        if (interval)
            out.type = left.type;
        else if (right.type.kind == KIND_INTERVAL_DS || right.type.kind == KIND_INTERVAL_YM)
            out.type = right.type;
        else if (left.type.kind == KIND_BINARY_DOUBLE || right.type.kind == KIND_BINARY_DOUBLE)
            out.type = sql_type_of(KIND_BINARY_DOUBLE);
        else if (left.type.kind == KIND_BINARY_FLOAT && right.type.kind == KIND_BINARY_FLOAT)
            out.type = left.type;
    }
    expression_combine(&out, &left);
    expression_combine(&out, &right);
    out.at = left.at;
    expression_group_check(rw, &out);
    return out;
}

/* The type of CASE, NVL, DECODE, set operators: the first one's family, wide enough for all. */
struct sql_type expression_common_type(struct rewriter *rw, const struct expression *list, uint32_t count)
{
    struct sql_type type = sql_type_of(KIND_UNKNOWN);
    bool same = true;
    for (uint32_t i = 0; i < count; i++) {
        const struct sql_type *t = &list[i].type;
        if (t->kind == KIND_UNKNOWN && list[i].bind < 0) continue;
        if (type.kind == KIND_UNKNOWN) {
            type = *t;
            continue;
        }
        bool texts = sql_kind_is_text(type.kind) && sql_kind_is_text(t->kind);
        bool numbers = sql_kind_is_number(type.kind) && sql_kind_is_number(t->kind);
        bool times = sql_kind_is_time(type.kind) && sql_kind_is_time(t->kind);
        if (texts && (type.kind != t->kind || type.length != t->length)) {
            bool clob = type.kind == KIND_CLOB || t->kind == KIND_CLOB;
            uint32_t length = type.length > t->length ? type.length : t->length;
            type = clob ? sql_type_of(KIND_CLOB) : sql_type_varchar(length);
        } else if (numbers && memcmp(&type, t, sizeof type) != 0) {
            type = type.kind == KIND_BINARY_DOUBLE || t->kind == KIND_BINARY_DOUBLE ? sql_type_of(KIND_BINARY_DOUBLE) : sql_type_number();
        } else if (times && t->kind > type.kind) {
            type = *t;
        }
        same &= texts || numbers || times || type.kind == t->kind;
    }
    if (!same && type.kind != KIND_UNKNOWN && rw->place == PLACE_PLSQL) return type;
    return type;
}
