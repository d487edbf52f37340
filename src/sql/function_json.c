/* SPDX-License-Identifier: Apache-2.0 */
/* SQL/JSON: JSON_VALUE and JSON_EXISTS by PostgreSQL's paths. The rest is refused. */
#include "sql/build.h"
#include "sql/function.h"
#include "sql/json.h"

static const char lax[] = "documents in lax syntax (names without quotes, single quotes) are none for the target";

struct expression *as_document(struct translation *t, struct expression *e)
{
    if (e->typing.type == SQL_BLOB || e->typing.type == SQL_RAW) { /* the document's bytes, not their hex digits as elsewhere */
        return BUILD_CALL(t, e->at, typing_of(SQL_VARCHAR, TARGET_TEXT), "convert_from(\1, 'UTF8')", e);
    }
    return e->typing.type == SQL_JSON ? build_cast(t, e, "text", TARGET_TEXT) : as_text(t, e);
}

/* The part of the clause that we keep: NULL when nothing is found or the document is no JSON. */
static bool refuse_clause(struct translation *t, const struct expression *e)
{
    const struct json_clause *json = e->call->json;
    const char *reason = NULL;
    if (e->argument_count > 1 && e->arguments[1]->kind != EXPRESSION_STRING)
        reason = "a path that is no literal";
    else if (json && json->passing)
        reason = "PASSING";
    else if (json && (json->on_error == JSON_ON_ERROR || json->on_error == JSON_ON_DEFAULT || json->on_error == JSON_ON_TRUE))
        reason = "this ON ERROR clause";
    else if (json && (json->on_empty == JSON_ON_ERROR || json->on_empty == JSON_ON_DEFAULT))
        reason = "this ON EMPTY clause";
    else if (json && json->formatted > 1)
        reason = "FORMAT JSON";
    if (reason)
        finding_refuse(t, e->at, e->rule->name, translation_printf(t, "%s of %s is not translated", reason, e->rule->name),
                       "read the document in the application");
    return reason != NULL;
}

static struct expression *rewrite_json_value(struct translation *t, struct expression *e)
{
    const struct type_name *type = e->call->json ? e->call->json->returning : NULL;
    if (refuse_clause(t, e)) return e;
    if (type && !type_is_text(type->type) && !type_is_number(type->type)) {
        finding_refuse(t, e->at, "JSON_VALUE", "RETURNING of this type is not translated",
                       "convert the text with TO_DATE, TO_TIMESTAMP or the like");
        return e;
    }
    bool number = type && type_is_number(type->type);
    struct typing typing = typing_of(number ? SQL_NUMBER : SQL_VARCHAR, number ? TARGET_NUMERIC : TARGET_TEXT);
    return BUILD_CALL(t, e->at, typing, number ? "@json_number(\1, \2)" : "@json_value(\1, \2)", as_document(t, e->arguments[0]),
                      e->arguments[1]);
}

static struct expression *rewrite_json_exists(struct translation *t, struct expression *e)
{
    if (refuse_clause(t, e)) return e;
    return BUILD_CALL(t, e->at, e->typing, "@json_exists(\1, \2)", as_document(t, e->arguments[0]), e->arguments[1]);
}

static const char by_type[] = "a value whose type is not known is written by the type that it has on the target";

static bool is_document(const struct expression *e)
{
    return e->typing.type == SQL_JSON || (e->kind == EXPRESSION_CALL && e->target_name && strstr(e->target_name, ".json_"));
}

/* A value as JSON has it; NULL stays NULL. */
static struct expression *member(struct translation *t, struct expression *e, bool formatted)
{
    enum sql_type type = e->typing.type;
    struct typing text = typing_of(SQL_VARCHAR, TARGET_TEXT);
    if (is_null_literal(e)) return build_cast(t, build_null(t, e->at), "text", TARGET_TEXT);
    if (formatted || is_document(e)) return as_document(t, e);
    if (e->kind == EXPRESSION_BIND || type == SQL_UNKNOWN) {
        finding_difference(t, e->at, "JSON", by_type, "give the catalog, or CAST the value");
        return BUILD_CALL(t, e->at, text, "to_json(\1)::text", e->kind == EXPRESSION_BIND ? as_text(t, e) : e);
    }
    if (type_is_number(type) && !type_is_double(type)) return BUILD_CALL(t, e->at, text, "trim_scale(\1)::text", as_numeric(t, e));
    if (type_is_text(type)) return BUILD_CALL(t, e->at, text, "to_json(\1)::text", build_cast(t, as_text(t, e), "text", TARGET_TEXT));
    if (type == SQL_DATE) return BUILD_CALL(t, e->at, text, "to_json(to_char(\1, 'YYYY-MM-DD\"T\"HH24:MI:SS'))::text", as_timestamp(t, e));
    finding_refuse(t, e->at, "JSON", "a value of this type in JSON is not translated", "make it text or a number first");
    return e;
}

/* JSON_OBJECT(key, value, ..) and JSON_ARRAY(value, ..): our functions put the members' texts together. */
static struct expression *rewrite_json_made(struct translation *t, struct expression *e)
{
    const struct json_clause *json = e->call->json;
    bool object = !strcmp(e->rule->name, "JSON_OBJECT");
    bool absent = json && (object ? json->absent_on_null : !json->null_on_null);
    if (e->call->star || (json && (json->pretty || (json->returning && !type_is_text(json->returning->type))))) {
        finding_refuse(t, e->at, e->rule->name, translation_printf(t, "this form of %s is not translated", e->rule->name),
                       "build the document in the application");
        return e;
    }
    struct expression *made = build_expression(t, EXPRESSION_CALL, e->at, (struct typing){.type = SQL_VARCHAR, .target = TARGET_TEXT});
    made->call = translation_alloc(t, sizeof *made->call);
    made->call->brackets = true;
    made->target_name = translation_printf(t, "%s.%s", t->options->function_schema, object ? "json_object" : "json_array");
    build_add(t, made, build_text(t, e->at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN), PRECEDENCE_PRIMARY, absent ? "true" : "false"));
    for (uint32_t i = 0; i < e->argument_count; i++) {
        bool formatted = json && i < 64 && (json->formatted >> i & 1);
        build_add(t, made, object && i % 2 == 0 ? as_text(t, e->arguments[i]) : member(t, e->arguments[i], formatted));
    }
    return made;
}

const struct function_rule functions_json[] = {
    {"JSON_ARRAY", 1, -1, SQL_EXACT, FUNCTION_NOT_NULL, GIVES_TEXT, "a", NULL, rewrite_json_made},
    {"JSON_EXISTS", 2, 2, SQL_APPROXIMATE, 0, GIVES_BOOLEAN, "a", NULL, rewrite_json_exists, lax, "store strict JSON"},
    {"JSON_OBJECT", 2, -1, SQL_EXACT, FUNCTION_NOT_NULL, GIVES_TEXT, "a", NULL, rewrite_json_made},
    {"JSON_VALUE", 2, 2, SQL_APPROXIMATE, 0, GIVES_TEXT, "a", NULL, rewrite_json_value, lax, "store strict JSON"},
};
const uint32_t functions_json_count = sizeof functions_json / sizeof *functions_json;
