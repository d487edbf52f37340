/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrite: operators, conditions, literals and casts, bottom up; functions go to their row of the function tables. */
#include "sql/build.h"
#include "sql/check.h"
#include "sql/function.h"
#include "sql/json.h"
#include "sql/rewrite.h"
#include "sql/rewrite_parts.h"

static void rewrite_part(struct translation *t, struct expression **at, void *context)
{
    (void)context;
    rewrite_expression(t, at);
}

static struct expression *rewrite_concat(struct translation *t, struct expression *e)
{
    struct expression *made = build_expression(t, EXPRESSION_CONCAT, e->at, e->typing);
    bool nullable = true;
    for (uint32_t i = 0; i < e->argument_count; i++) {
        struct expression *argument = e->arguments[i];
        if (is_null_literal(argument)) continue;
        if (!argument->typing.nullable) nullable = false;
    }
    for (uint32_t i = 0; i < e->argument_count; i++)
        if (!is_null_literal(e->arguments[i])) build_add(t, made, as_readable(t, e->arguments[i]));
    if (made->argument_count == 0) return build_cast(t, build_null(t, e->at), "text", TARGET_TEXT);
    if (made->argument_count == 1) {
        struct expression *only = NULL;
        for (uint32_t i = 0; i < e->argument_count; i++)
            if (!is_null_literal(e->arguments[i])) only = as_text(t, e->arguments[i]);
        return only;
    }
    made->typing.nullable = nullable;
    if (!nullable) return made;
    return BUILD_CALL(t, e->at, made->typing, "nullif(\1, '')", made);
}

static struct expression *rewrite_case(struct translation *t, struct expression *e)
{
    uint32_t count = e->argument_count - (e->negated ? 1 : 0), first = e->form;
    bool same = true;
    for (uint32_t i = 0; !e->form && i < count; i += 2) check_condition(t, e->arguments[i]);
    for (uint32_t i = first; e->form && i < count; i += 2) { /* CASE x WHEN v: the operand is converted as for x = v */
        struct expression *a = e->arguments[0], *b = e->arguments[i];
        compare_pair(t, &a, &b, OPERATOR_EQUAL);
        same &= a == e->arguments[0];
    }
    if (e->form && same) {
        for (uint32_t i = first; i < count; i += 2) {
            struct expression *a = e->arguments[0];
            compare_pair(t, &a, &e->arguments[i], OPERATOR_EQUAL);
        }
    } else if (e->form) { /* the searched form takes each comparison as it is */
        struct expression *searched = build_expression(t, EXPRESSION_CASE, e->at, e->typing);
        for (uint32_t i = first; i < count; i += 2) {
            build_add(t, searched, compare_values(t, OPERATOR_EQUAL, e->arguments[0], e->arguments[i], e->at));
            build_add(t, searched, e->arguments[i + 1]);
        }
        if (e->negated) build_add(t, searched, e->arguments[e->argument_count - 1]);
        searched->negated = e->negated;
        searched->end = e->end;
        e = searched;
        count = e->argument_count - (e->negated ? 1 : 0);
        first = 0;
    }
    for (uint32_t i = first + 1; i < count; i += 2) e->arguments[i] = as_result(t, e->arguments[i], &e->typing);
    if (e->negated) e->arguments[e->argument_count - 1] = as_result(t, e->arguments[e->argument_count - 1], &e->typing);
    return e;
}

/* A result of CASE, NVL and their kind: as_type, and binds are cast, because nothing around them says their type. */
struct expression *as_result(struct translation *t, struct expression *e, const struct typing *wanted)
{
    if (is_null_literal(e)) return build_null(t, e->at);
    if (e->kind == EXPRESSION_BIND) {
        if (type_is_number(wanted->type)) return as_number(t, e);
        if (type_is_text(wanted->type)) return as_text(t, e);
        if (type_is_zoned(wanted->type)) return as_zoned(t, e);
        if (type_is_datetime(wanted->type)) return as_timestamp(t, e);
        if (type_is_bytes(wanted->type)) return as_bytes(t, e);
        return e;
    }
    if (type_is_fixed(wanted->type) && e->typing.target == TARGET_BPCHAR && wanted->target == TARGET_BPCHAR) return e;
    if (type_is_double(wanted->type) && e->typing.target != TARGET_FLOAT && e->typing.type != SQL_UNKNOWN) return as_double(t, e);
    return as_type(t, e, wanted);
}

static struct expression *rewrite_is(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    switch ((enum is_what)e->form) {
    case IS_NULL:
        if (a->kind == EXPRESSION_BIND) e->arguments[0] = build_cast(t, a, "text", TARGET_TEXT), want_bind(t, a, SQL_VARCHAR, "text");
        return e;
    case IS_NAN:
        return BUILD_TEMPLATE(t, e->at, e->typing, PRECEDENCE_COMPARE, e->negated ? "\1 <> 'NaN'::float8" : "\1 = 'NaN'::float8",
                              as_double(t, a));
    case IS_INFINITE:
        return BUILD_TEMPLATE(t, e->at, e->typing, PRECEDENCE_COMPARE,
                              e->negated ? "abs(\1) <> 'Infinity'::float8" : "abs(\1) = 'Infinity'::float8", as_double(t, a));
    case IS_JSON:
        finding_difference(t, e->at, "IS JSON", "documents in lax syntax (names without quotes, single quotes) are none for the target",
                           "store strict JSON");
        return BUILD_TEMPLATE(t, e->at, e->typing, PRECEDENCE_NOT, e->negated ? "NOT @is_json(\1)" : "@is_json(\1)", as_document(t, a));
    default: break;
    }
    finding_refuse(t, e->at, "is", "IS with an object or collection condition is not translated", "give a translation in the mapping file");
    return e;
}

static struct expression *rewrite_like(struct translation *t, struct expression *e)
{
    e->arguments[0] = as_text(t, e->arguments[0]);
    struct expression *pattern = e->arguments[1] = as_text(t, e->arguments[1]);
    if (e->argument_count > 2) {
        e->arguments[2] = as_text(t, e->arguments[2]);
        return e;
    }
    if (pattern->kind == EXPRESSION_STRING && !memchr(pattern->text.data ? (const void *)pattern->text.data : "", '\\', pattern->text.size))
        return e;
    build_add(
        t, e,
        build_text(t, e->at, typing_of(SQL_CHAR, TARGET_LITERAL), PRECEDENCE_PRIMARY, "''")); /* Oracle has no escape unless one is named */
    return e;
}

static struct expression *rewrite_cast_interval(struct translation *t, struct expression *e, struct expression *a)
{
    if (type_is_text(a->typing.type) || a->kind == EXPRESSION_BIND)
        return BUILD_CALL(t, e->at, e->typing, e->typing.type == SQL_INTERVAL_YM ? "@to_yminterval(\1)" : "@to_dsinterval(\1)",
                          as_text(t, a));
    return a;
}

static const char *numeric_type(struct translation *t, const struct type_name *type)
{
    if (type->type == SQL_INTEGER && type->precision <= 0) return "numeric(38)";
    if (type->precision <= 0)
        return type->scale > -1000 && type->precision == -1 && type->scale != -1000 ? translation_printf(t, "numeric(38,%d)", type->scale)
                                                                                    : "numeric";
    if (type->scale <= -1000) return translation_printf(t, "numeric(%d)", type->precision);
    return translation_printf(t, "numeric(%d,%d)", type->precision, type->scale);
}

static bool is_now(const struct expression *e)
{
    return e->kind == EXPRESSION_TEMPLATE && view_equal(e->text, view_text("@systimestamp()"));
}

static struct expression *rewrite_cast_datetime(struct translation *t, struct expression *e, struct expression *a)
{
    const struct type_name *type = e->type_name;
    if (e->typing.type == SQL_DATE) {
        if (is_now(a)) return build_text(t, e->at, e->typing, PRECEDENCE_PRIMARY, "@sysdate()");
        return as_type(t, as_timestamp(t, a), &e->typing);
    }
    if (type_is_zoned(e->typing.type)) return as_zoned(t, a);
    struct expression *stamp = type_is_text(a->typing.type) && !is_null_literal(a)
                                   ? BUILD_CALL(t, e->at, e->typing, "@to_timestamp(\1)", as_text(t, a))
                                   : as_timestamp(t, a);
    if (type->precision >= 0 && type->precision < 6)
        return build_cast(t, stamp, translation_printf(t, "timestamp(%d)", type->precision), TARGET_TIMESTAMP);
    return stamp;
}

static struct expression *rewrite_cast(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    const struct type_name *type = e->type_name;
    if (!type) return e;
    if (e->call && e->call->fallback) return rewrite_fallback(t, e);
    if (e->argument_count > 1)
        finding_refuse(t, e->at, "cast", "CAST with a format is not translated", "use TO_CHAR, TO_DATE or TO_NUMBER with the format");
    struct expression *made = NULL;
    enum sql_type wanted = e->typing.type;
    if (wanted == SQL_NUMBER || wanted == SQL_INTEGER || wanted == SQL_FLOAT) {
        const char *name = wanted == SQL_FLOAT ? "numeric" : numeric_type(t, type);
        made = as_number(t, a);
        made = made->kind == EXPRESSION_CAST && made->target_type && !strcmp(made->target_type, "numeric") && !strcmp(name, "numeric")
                   ? made
                   : build_cast(t, made, name, TARGET_NUMERIC);
    } else if (type_is_double(wanted)) {
        made = build_cast(t, as_number(t, a), wanted == SQL_BINARY_FLOAT ? "float4" : "float8", TARGET_FLOAT);
    } else if (type_is_lob(wanted)) {
        made = wanted == SQL_BLOB ? as_bytes(t, a) : as_text(t, a);
    } else if (type_is_text(wanted) && wanted != SQL_ROWID) {
        const char *name = type_is_fixed(wanted) ? "char" : "varchar";
        made = as_text(t, a);
        int length = type->length > 0 ? type->length : type_is_fixed(wanted) ? 1 : 0;
        made = build_cast(t, made, length ? translation_printf(t, "%s(%d)", name, length) : "text",
                          type_is_fixed(wanted) ? TARGET_BPCHAR : TARGET_TEXT);
    } else if (type_is_datetime(wanted)) {
        made = rewrite_cast_datetime(t, e, a);
    } else if (type_is_interval(wanted)) {
        made = rewrite_cast_interval(t, e, a);
    } else if (wanted == SQL_RAW) {
        made = as_bytes(t, a);
    } else {
        finding_refuse(t, e->at, "cast",
                       translation_printf(t, "CAST to %.*s is not translated", (int)type->text.size, (const char *)type->text.data),
                       "give a translation in the mapping file");
        return e;
    }
    struct typing typing = e->typing;
    typing.target = made->typing.target;
    typing.nullable = a->typing.nullable;
    if (made == a) return a;
    made->typing = typing;
    return made;
}

static struct expression *rewrite_datetime_literal(struct translation *t, struct expression *e)
{
    struct view text = view_trim(e->text);
    if (text.size == 0 || text.data[0] == '-') {
        finding_refuse(t, e->at, "datetime literal", "a date before the year 1 is not translated",
                       "give a translation in the mapping file");
        return e;
    }
    if (text.size >= 10 && view_compare(view_of(text.data, 10), view_text("1582-10-15")) < 0)
        finding_difference(t, e->at, "datetime literal", "before 15 October 1582 the source counts days by the Julian calendar",
                           "compare such dates, but do not subtract them");
    const uint8_t *point = memchr(text.data, '.', text.size);
    if (point) {
        size_t digits = 0, at = (size_t)(point - text.data) + 1;
        while (at + digits < text.size && text.data[at + digits] >= '0' && text.data[at + digits] <= '9') digits++;
        for (size_t i = 6; i < digits; i++)
            if (text.data[at + i] != '0')
                finding_difference(t, e->at, "fraction", "PostgreSQL keeps six digits of a second",
                                   "keep such values in another column if they matter");
        if (digits > 6)
            e->text = view_text(translation_printf(t, "%.*s%.*s", (int)(at + 6), (const char *)text.data, (int)(text.size - at - digits),
                                                   (const char *)text.data + at + digits));
    }
    return e;
}

static struct expression *rewrite_zone(struct translation *t, struct expression *e)
{
    struct expression *a = as_zoned(t, e->arguments[0]);
    if (e->form == ZONE_LOCAL) return a;
    finding_difference(t, e->at, "at time zone", "the instant is right, but PostgreSQL does not keep the zone in which it is to be shown",
                       "convert with TO_CHAR or CAST(.. AS TIMESTAMP) if the local time is meant");
    e->arguments[0] = a;
    e->arguments[1] = as_text(t, e->arguments[1]);
    e->original = a;
    struct typing typing = e->typing;
    return BUILD_TEMPLATE(t, e->at, typing, PRECEDENCE_ZONE, "\1", a);
}

/* (d2 - d1) DAY TO SECOND: the difference itself, not its number of days. */
static struct expression *rewrite_interval_cast(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    if (e->typing.type == SQL_INTERVAL_DS && a->kind == EXPRESSION_TEMPLATE && view_equal(a->text, view_text("@days_between(\1, \2)")))
        return build_template(t, e->at, e->typing, PRECEDENCE_ADD, "\1 - \2", a->arguments, a->argument_count);
    if (e->typing.type == SQL_INTERVAL_DS && type_is_interval(a->typing.type)) return a;
    finding_refuse(t, e->at, "interval", "this difference as an interval is not translated", "use MONTHS_BETWEEN or NUMTODSINTERVAL");
    return e;
}

/* A statement draws one number of a sequence for a row, however often it names it: the first mention draws, the others repeat. */
static bool sequence_advances(struct translation *t, const struct expression *e)
{
    bool drawn = false, first = true;
    for (uint32_t i = 0; i < t->sequence_count; i++) {
        const struct expression *other = t->sequences[i];
        if (!view_equal(other->qualifier, e->qualifier) || !view_equal(other->schema, e->schema)) continue;
        drawn |= view_equal(other->text, view_text("NEXTVAL"));
        if (other != e && other->at < e->at) first = false;
    }
    if (!drawn)
        finding_difference(t, e->at, "currval",
                           "CURRVAL is that of the target's connection, which a session keeps only within a transaction",
                           "take the number with RETURNING, or within the transaction that drew it");
    return drawn && first;
}

static struct expression *rewrite_sequence(struct translation *t, struct expression *e)
{
    bool next = sequence_advances(t, e);
    struct view name = e->sequence ? view_text(e->sequence->target) : name_to_target(t, e->qualifier);
    struct view schema = e->sequence      ? view_text(e->sequence->target_schema)
                         : e->schema.size ? name_to_target(t, e->schema)
                                          : view_of(NULL, 0);
    struct buffer quoted;
    buffer_init(&quoted, 1024);
    if (schema.size) {
        name_write(&quoted, schema);
        buffer_u8(&quoted, '.');
    }
    name_write(&quoted, name);
    struct expression *argument = build_string(t, e->at, arena_copy(t->arena, buffer_view(&quoted)));
    buffer_release(&quoted);
    return BUILD_CALL(t, e->at, e->typing, next ? "nextval(\1)" : "currval(\1)", argument);
}

static struct expression *rewrite_name(struct translation *t, struct expression *e)
{
    if (!e->column && view_equal(e->text, view_text("ROWID")) && !e->quoted) {
        t->uses_rowid = true;
        finding_refuse(t, e->at, "rowid", "ROWID is the source's physical address of a row; the target has none", "use the primary key");
    }
    if (!e->column && view_equal(e->text, view_text("ORA_ROWSCN")) && !e->quoted)
        finding_refuse(t, e->at, "rowscn", "ORA_ROWSCN is the source's own change number", "use a version column");
    if (e->typing.target == TARGET_BOOLEAN && type_is_number(e->typing.type)) return build_cast(t, e, "int", TARGET_INTEGER);
    return e;
}

static struct expression *rewrite_number_literal(struct translation *t, struct expression *e)
{
    if (!e->form) return e;
    e->typing.target = TARGET_FLOAT;
    return build_cast(t, e, e->form == 'F' ? "float4" : "float8", TARGET_FLOAT);
}

static struct expression *rewrite_one(struct translation *t, struct expression *e)
{
    switch (e->kind) {
    case EXPRESSION_NUMBER: return rewrite_number_literal(t, e);
    case EXPRESSION_STRING:
        if (memchr(e->text.data ? (const void *)e->text.data : "", 0, e->text.size))
            finding_refuse(t, e->at, "nul", "PostgreSQL's text cannot hold the character 0", "strip it, or keep the column as bytes");
        return e;
    case EXPRESSION_DATETIME: return rewrite_datetime_literal(t, e);
    case EXPRESSION_NAME: return rewrite_name(t, e);
    case EXPRESSION_CALL: return rewrite_call(t, e);
    case EXPRESSION_CASE: return rewrite_case(t, e);
    case EXPRESSION_NEGATE:
    case EXPRESSION_PLUS:
        if (!type_is_interval(e->typing.type)) e->arguments[0] = as_number(t, e->arguments[0]);
        e->typing.target = e->arguments[0]->typing.target;
        return e->kind == EXPRESSION_PLUS ? e->arguments[0] : e;
    case EXPRESSION_ARITHMETIC: return rewrite_arithmetic(t, e);
    case EXPRESSION_CONCAT: return rewrite_concat(t, e);
    case EXPRESSION_COMPARE: return rewrite_compare(t, e);
    case EXPRESSION_IN: return rewrite_in(t, e);
    case EXPRESSION_BETWEEN: return rewrite_between(t, e);
    case EXPRESSION_LIKE: return rewrite_like(t, e);
    case EXPRESSION_IS: return rewrite_is(t, e);
    case EXPRESSION_CAST: return rewrite_cast(t, e);
    case EXPRESSION_ZONE: return rewrite_zone(t, e);
    case EXPRESSION_SEQUENCE: return rewrite_sequence(t, e);
    case EXPRESSION_INTERVAL_CAST: return rewrite_interval_cast(t, e);
    case EXPRESSION_PRIOR:
    case EXPRESSION_ROOT:
        finding_refuse(t, e->at, "hierarchy", "PRIOR and CONNECT_BY_ROOT belong to CONNECT BY", "check the query");
        return e;
    case EXPRESSION_MULTISET:
        finding_refuse(t, e->at, "collection", "operators on collections are not translated", "give a translation in the mapping file");
        return e;
    case EXPRESSION_UNSUPPORTED:
        finding_refuse(t, e->at, "function", translation_printf(t, "%.*s is not translated", (int)e->text.size, (const char *)e->text.data),
                       "give a translation in the mapping file");
        return e;
    default: return e;
    }
}

void rewrite_expression(struct translation *t, struct expression **at)
{
    struct expression *e = *at;
    if (!e || e->rewritten) return;
    e->rewritten = true;
    if (e->query) rewrite_query(t, e->query);
    expression_parts(t, e, rewrite_part, NULL);
    struct expression *made = rewrite_one(t, e);
    if (made != e) {
        made->rewritten = true;
        if (!made->original) made->original = e;
    }
    *at = made;
}
