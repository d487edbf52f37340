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

const struct function_rule functions_json[] = {
    {"JSON_EXISTS", 2, 2, SQL_APPROXIMATE, 0, GIVES_BOOLEAN, "a", NULL, rewrite_json_exists, lax, "store strict JSON"},
    {"JSON_VALUE", 2, 2, SQL_APPROXIMATE, 0, GIVES_TEXT, "a", NULL, rewrite_json_value, lax, "store strict JSON"},
};
const uint32_t functions_json_count = sizeof functions_json / sizeof *functions_json;
