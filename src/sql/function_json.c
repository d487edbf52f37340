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

/* False: the columns of these tables are not known, or several of them are one. */
static bool add_columns(struct translation *t, struct scope *scope, const struct expression *star, struct expression *e)
{
    bool any = false;
    for (uint32_t i = 0; scope && i < scope->relation_count; i++) {
        struct relation *r = scope->relations[i];
        if (star->qualifier.size && !relation_called(scope, r, view_of(NULL, 0), star->qualifier)) continue;
        if (!r->known) return false;
        any = true;
        for (uint32_t j = 0; j < r->column_count; j++) {
            struct view name = r->columns[j].name;
            if (r->columns[j].merged || memchr(name.data, '\'', name.size)) return false;
            build_add(t, e, build_string(t, star->at, name));
            build_add(t, e, build_column(t, star->at, r, &r->columns[j]));
        }
    }
    return any;
}

void json_expand_columns(struct translation *t, struct scope *scope, struct expression *e)
{
    struct expression **arguments = e->arguments;
    uint32_t count = e->argument_count;
    e->arguments = NULL;
    e->argument_count = 0;
    e->call->json->all_columns = false;
    for (uint32_t i = 0; i < count; i++) {
        bool star = arguments[i]->kind == EXPRESSION_STAR;
        if (!star) build_add(t, e, arguments[i]);
        if (star && (e->call->json->formatted || !add_columns(t, scope, arguments[i], e))) {
            finding_refuse(t, arguments[i]->at, "JSON_OBJECT", "JSON_OBJECT(*) over tables whose columns are not known is not translated",
                           "give the catalog, or name the members");
            return;
        }
    }
}

/* A call of ours over the group's members, in their order. */
static struct expression *over_members(struct translation *t, struct expression *e, struct expression *value, bool absent, bool list)
{
    struct typing text = {.type = SQL_VARCHAR, .target = TARGET_TEXT, .nullable = true};
    struct expression *all = build_expression(t, EXPRESSION_CALL, e->at, typing_of(SQL_UNKNOWN, TARGET_OTHER));
    all->call = translation_alloc(t, sizeof *all->call);
    all->call->brackets = true;
    all->call->order = e->call->order;
    for (uint32_t i = 0; i < all->call->order.count; i++)
        all->call->order.keys[i].expression = collate_binary(t, all->call->order.keys[i].expression);
    all->target_name = "array_agg";
    build_add(t, all, value);
    struct expression *made = build_expression(t, EXPRESSION_CALL, e->at, text);
    made->call = translation_alloc(t, sizeof *made->call);
    made->call->brackets = true;
    made->target_name = translation_printf(t, "%s.%s", t->options->function_schema, list ? "json_list" : "json_members");
    if (list)
        build_add(t, made, build_text(t, e->at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN), PRECEDENCE_PRIMARY, absent ? "true" : "false"));
    build_add(t, made, all);
    if (e->call->order.count == 0) t->is_volatile = true; /* their order is chance */
    return made;
}

static bool refuse_aggregate(struct translation *t, const struct expression *e)
{
    const struct json_clause *json = e->call->json;
    if (!e->call->over && !e->call->keep && !(json && (json->pretty || json->strict || json->unique)) &&
        !(json && json->returning && !type_is_text(json->returning->type)))
        return false;
    finding_refuse(t, e->at, e->rule->name, translation_printf(t, "this form of %s is not translated", e->rule->name),
                   "leave out what stands behind its values, or build the document in the application");
    return true;
}

/* JSON_ARRAYAGG(value [ORDER BY ..] [NULL ON NULL]) */
static struct expression *rewrite_json_arrayagg(struct translation *t, struct expression *e)
{
    const struct json_clause *json = e->call->json;
    bool absent = !(json && json->null_on_null);
    if (refuse_aggregate(t, e)) return e;
    return over_members(t, e, member(t, e->arguments[0], json && (json->formatted & 1)), absent, true);
}

/* JSON_OBJECTAGG(key VALUE value [ABSENT ON NULL]) */
static struct expression *rewrite_json_objectagg(struct translation *t, struct expression *e)
{
    const struct json_clause *json = e->call->json;
    struct typing text = typing_of(SQL_VARCHAR, TARGET_TEXT);
    if (refuse_aggregate(t, e)) return e;
    struct expression *key = as_text(t, e->arguments[0]), *value = member(t, e->arguments[1], json && (json->formatted & 2));
    bool absent = json && json->absent_on_null;
    const char *how = absent ? "to_json(\1::text)::text || ':' || \2" : "to_json(\1::text)::text || ':' || coalesce(\2, 'null')";
    struct expression *pair = BUILD_TEMPLATE(t, e->at, text, PRECEDENCE_OTHER, how, key, value);
    return over_members(t, e, pair, absent, false);
}

bool json_path_is_plain(struct view path)
{
    size_t at = 0;
    path = view_trim(path);
    if (path.size == 0 || path.data[0] != '$') return false;
    for (at = 1; at < path.size;) {
        uint8_t c = path.data[at];
        if (c == '[') {
            const uint8_t *close = memchr(path.data + at, ']', path.size - at);
            if (!close) return false;
            struct view inside = view_trim(view_of(path.data + at + 1, (size_t)(close - path.data) - at - 1));
            size_t digits = 0, range = 0;
            while (digits < inside.size && inside.data[digits] >= '0' && inside.data[digits] <= '9') digits++;
            if (digits > 0 && inside.size > digits + 4 && memcmp(inside.data + digits, " to ", 4) == 0)
                for (range = digits + 4; range < inside.size && inside.data[range] >= '0' && inside.data[range] <= '9';) range++;
            if (!(inside.size == 1 && inside.data[0] == '*') && (digits == 0 || (digits < inside.size && range != inside.size)))
                return false;
            at = (size_t)(close - path.data) + 1;
        } else if (c == '.' && at + 1 < path.size && path.data[at + 1] == '"') {
            for (at += 2; at < path.size && path.data[at] != '"'; at++)
                if (path.data[at] == '\\') return false;
            if (at++ >= path.size) return false;
        } else if (c == '.' && at + 1 < path.size && path.data[at + 1] == '*') {
            at += 2;
        } else if (c == '.') {
            size_t from = ++at;
            while (at < path.size &&
                   (path.data[at] == '_' || path.data[at] == '$' || ((path.data[at] | 32) >= 'a' && (path.data[at] | 32) <= 'z') ||
                    (at > from && path.data[at] >= '0' && path.data[at] <= '9')))
                at++;
            if (at == from || (at < path.size && path.data[at] == '(')) return false;
        } else {
            return false;
        }
    }
    return true;
}

/* JSON_QUERY: objects and arrays as they are written, NULL for what is none. */
static struct expression *rewrite_json_query(struct translation *t, struct expression *e)
{
    const struct json_clause *json = e->call->json;
    const struct type_name *type = json ? json->returning : NULL;
    if (refuse_clause(t, e)) return e;
    const char *reason = NULL;
    if (!json_path_is_plain(e->arguments[1]->text))
        reason = "a path of other steps than names and places";
    else if (json && (json->on_error == JSON_ON_EMPTY_VALUE || json->on_empty == JSON_ON_EMPTY_VALUE || json->on_error == JSON_ON_FALSE))
        reason = "EMPTY ON ERROR";
    else if (json && (json->pretty || json->strict))
        reason = "PRETTY or ASCII";
    else if (type && type->type != SQL_CLOB && type->type != SQL_VARCHAR)
        reason = "RETURNING of this type";
    if (reason) {
        finding_refuse(t, e->at, "JSON_QUERY", translation_printf(t, "%s in JSON_QUERY is not translated", reason),
                       "read the document in the application");
        return e;
    }
    int most = type && type->type == SQL_CLOB ? 0 : type && type->length > 0 ? type->length : 4000;
    int wrapper = !json || json->wrapper <= JSON_WRAPPER_WITHOUT ? 0 : json->wrapper == JSON_WRAPPER_WITH ? 1 : 2;
    struct expression *made =
        build_expression(t, EXPRESSION_CALL, e->at, (struct typing){.type = SQL_VARCHAR, .target = TARGET_TEXT, .nullable = true});
    made->call = translation_alloc(t, sizeof *made->call);
    made->call->brackets = true;
    made->target_name = translation_printf(t, "%s.json_query", t->options->function_schema);
    build_add(t, made, as_document(t, e->arguments[0]));
    build_add(t, made, e->arguments[1]);
    build_add(t, made, build_number(t, e->at, wrapper));
    build_add(t, made, build_number(t, e->at, most));
    return made;
}

static const char no_rows[] = "over no rows at all the answer is NULL";

const struct function_rule functions_json[] = {
    {"JSON_ARRAY", 1, -1, SQL_EXACT, FUNCTION_NOT_NULL, GIVES_TEXT, "a", NULL, rewrite_json_made},
    {"JSON_ARRAYAGG", 1, 1, SQL_APPROXIMATE, FUNCTION_AGGREGATE, GIVES_TEXT, "a", NULL, rewrite_json_arrayagg, no_rows,
     "wrap it in NVL(.., '[]')"},
    {"JSON_EXISTS", 2, 2, SQL_APPROXIMATE, 0, GIVES_BOOLEAN, "a", NULL, rewrite_json_exists, lax, "store strict JSON"},
    {"JSON_OBJECT", 2, -1, SQL_EXACT, FUNCTION_NOT_NULL, GIVES_TEXT, "a", NULL, rewrite_json_made},
    {"JSON_OBJECTAGG", 2, 2, SQL_APPROXIMATE, FUNCTION_AGGREGATE, GIVES_TEXT, "a", NULL, rewrite_json_objectagg, no_rows,
     "wrap it in NVL(.., '{}')"},
    {"JSON_QUERY", 2, 2, SQL_APPROXIMATE, 0, GIVES_TEXT, "a", NULL, rewrite_json_query, lax, "store strict JSON"},
    {"JSON_VALUE", 2, 2, SQL_APPROXIMATE, 0, GIVES_TEXT, "a", NULL, rewrite_json_value, lax, "store strict JSON"},
};
const uint32_t functions_json_count = sizeof functions_json / sizeof *functions_json;
