/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrite: DEFAULT .. ON CONVERSION ERROR becomes a function of ours that catches the error. */
#include "sql/build.h"
#include "sql/function.h"
#include "sql/rewrite_parts.h"

struct conversion {
    const char *name; /* of the source's function; NULL: of the type only */
    enum sql_type type;
    enum target_type target;
    const char *with_model, *without, *read, *read_with_model, *target_name;
};
static const struct conversion conversions[] = {
    {"TO_NUMBER", SQL_NUMBER, TARGET_NUMERIC, "@number_or(\1, \2, \3)", "@number_or(\1, \2)", "@to_number(\1)", "@to_number(\1, \2)",
     "numeric"},
    {"TO_DATE", SQL_DATE, TARGET_TIMESTAMP, "@date_or(\1, \2, \3)", "@date_or(\1, \2)", "@to_date(\1)", "@to_date(\1, \2)", "timestamp"},
    {"TO_TIMESTAMP", SQL_TIMESTAMP, TARGET_TIMESTAMP, "@timestamp_or(\1, \2, \3)", "@timestamp_or(\1, \2)", "@to_timestamp(\1)",
     "@to_timestamp(\1, \2)", "timestamp"},
    {"TO_TIMESTAMP_TZ", SQL_TIMESTAMP_TZ, TARGET_TIMESTAMPTZ, "@timestamp_tz_or(\1, \2, \3)", "@timestamp_tz_or(\1, \2)",
     "@to_timestamp_tz(\1)", "@to_timestamp_tz(\1, \2)", "timestamptz"},
};

static const struct conversion *find(const struct expression *e)
{
    const struct type_name *type = e->type_name;
    for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++) {
        const struct conversion *c = &conversions[i];
        if (e->rule && !strcmp(e->rule->name, c->name)) return c;
        if (type && type->type == c->type && type->precision < 0 && type->scale <= -1) return c;
    }
    return NULL;
}

/* The other value is read as the text would be; a number may stand for itself. */
static struct expression *other_value(struct translation *t, const struct conversion *c, struct expression *e, struct expression *model)
{
    struct typing typing = typing_of(c->type, c->target);
    typing.nullable = true;
    if (is_null_literal(e)) return build_cast(t, build_null(t, e->at), c->target_name, c->target);
    if (c->type == SQL_NUMBER && type_is_number(e->typing.type)) return as_numeric(t, e);
    if (model) return BUILD_CALL(t, e->at, typing, c->read_with_model, as_text(t, e), expression_copy(t, model));
    return BUILD_CALL(t, e->at, typing, c->read, as_text(t, e));
}

struct expression *rewrite_fallback(struct translation *t, struct expression *e)
{
    const struct conversion *c = find(e);
    struct expression *a = e->arguments[0], *model = e->argument_count > 1 ? e->arguments[1] : NULL;
    bool readable = type_is_text(a->typing.type) || a->kind == EXPRESSION_BIND || is_null_literal(a);
    if (!c || !readable || e->argument_count > 2 || (model && model->kind != EXPRESSION_STRING)) {
        finding_refuse(t, e->at, "ON CONVERSION ERROR",
                       "DEFAULT .. ON CONVERSION ERROR is not translated of this type or with these arguments",
                       "ask first whether the text has the form, with REGEXP_LIKE in a CASE");
        return e;
    }
    struct typing typing = typing_of(c->type, c->target);
    typing.nullable = true;
    struct expression *otherwise = other_value(t, c, e->call->fallback, model);
    if (model) return BUILD_CALL(t, e->at, typing, c->with_model, as_text(t, a), model, otherwise);
    return BUILD_CALL(t, e->at, typing, c->without, as_text(t, a), otherwise);
}
