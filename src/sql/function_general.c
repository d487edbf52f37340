/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on NULL, choices, sessions, random values; pseudo columns. */
#include "sql/build.h"
#include "sql/function.h"
#include "sql/rewrite.h"
#include "sql/rewrite_parts.h"

static struct expression *rewrite_nvl(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0], *b = e->arguments[1];
    struct typing wanted = is_null_literal(a) || a->typing.type == SQL_UNKNOWN ? b->typing : a->typing;
    if (type_is_number(wanted.type) && type_is_double(b->typing.type)) wanted = b->typing;
    if (is_null_literal(a)) return as_result(t, b, &wanted);
    if (type_is_fixed(wanted.type)) wanted.type = SQL_VARCHAR, wanted.target = TARGET_TEXT; /* NVL answers no CHAR */
    struct typing typing = wanted;
    a = as_result(t, a, &wanted);
    b = as_result(t, b, &wanted);
    if (wanted.type == SQL_UNKNOWN && a->kind == EXPRESSION_BIND && b->kind == EXPRESSION_BIND) a = as_text(t, a);
    if (a->typing.target != b->typing.target && type_is_number(wanted.type)) typing.target = TARGET_NUMERIC;
    typing.nullable = b->typing.nullable && a->typing.nullable;
    return BUILD_CALL(t, e->at, typing, "coalesce(\1, \2)", a, b);
}

static struct expression *rewrite_coalesce(struct translation *t, struct expression *e)
{
    struct typing typing = e->typing;
    bool nullable = true;
    struct expression *made = build_expression(t, EXPRESSION_CALL, e->at, typing);
    made->call = translation_alloc(t, sizeof *made->call);
    made->call->brackets = true;
    made->target_name = "coalesce";
    for (uint32_t i = 0; i < e->argument_count; i++) {
        if (is_null_literal(e->arguments[i])) continue;
        struct expression *argument = as_result(t, e->arguments[i], &typing);
        nullable &= argument->typing.nullable;
        build_add(t, made, argument);
    }
    made->typing.nullable = nullable;
    if (made->argument_count == 0) return build_null(t, e->at);
    return made->argument_count == 1 ? made->arguments[0] : made;
}

static struct expression *is_not_null(struct translation *t, struct expression *a, bool negated)
{
    struct expression *e = build_expression(t, EXPRESSION_IS, a->at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN));
    e->form = IS_NULL;
    e->negated = negated;
    if (a->kind == EXPRESSION_BIND) {
        want_bind(t, a, SQL_VARCHAR, "text");
        a = build_cast(t, a, "text", TARGET_TEXT);
    }
    build_add(t, e, a);
    return e;
}

static struct expression *choice(struct translation *t, uint32_t at, struct typing typing, struct expression *when, struct expression *then,
                                 struct expression *otherwise)
{
    struct expression *e = build_expression(t, EXPRESSION_CASE, at, typing);
    build_add(t, e, when);
    build_add(t, e, then);
    if (!otherwise) return e;
    e->negated = true;
    build_add(t, e, otherwise);
    return e;
}

static struct expression *rewrite_nvl2(struct translation *t, struct expression *e)
{
    struct expression *b = e->arguments[1], *c = e->arguments[2];
    struct typing wanted = is_null_literal(b) || b->typing.type == SQL_UNKNOWN ? c->typing : b->typing;
    if (type_is_text(wanted.type)) wanted.type = SQL_VARCHAR, wanted.target = TARGET_TEXT;
    return choice(t, e->at, wanted, is_not_null(t, e->arguments[0], true), as_result(t, b, &wanted), as_result(t, c, &wanted));
}

/* One search of DECODE: NULL finds NULL. */
static struct expression *decode_match(struct translation *t, struct expression *value, struct expression *search)
{
    if (is_null_literal(search)) return is_not_null(t, value, false);
    bool sure = is_literal(search) || !search->typing.nullable || (value->kind != EXPRESSION_BIND && !value->typing.nullable);
    if (sure) return compare_values(t, OPERATOR_EQUAL, value, search, search->at);
    struct expression *a = value, *b = search;
    if (type_is_fixed(a->typing.type) || type_is_fixed(b->typing.type)) a = as_text(t, a), b = as_text(t, b);
    compare_pair(t, &a, &b, OPERATOR_EQUAL);
    return BUILD_TEMPLATE(t, search->at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN), PRECEDENCE_IS, "\1 IS NOT DISTINCT FROM \2", a, b);
}

/* All are compared as the type of the first search value; text always with its blanks. */
static void decode_types(struct translation *t, struct expression *e, uint32_t pairs)
{
    struct expression *value = e->arguments[0];
    enum sql_type first = e->arguments[1]->typing.type;
    if (is_null_literal(e->arguments[1]) || first == SQL_UNKNOWN) {
        if (type_is_fixed(value->typing.type))
            first = value->typing.type;
        else
            return;
    }
    if (!type_is_text(first)) return;
    if (!is_null_literal(value)) e->arguments[0] = as_text(t, value);
    for (uint32_t i = 0; i < pairs; i++)
        if (!is_null_literal(e->arguments[1 + 2 * i])) e->arguments[1 + 2 * i] = as_text(t, e->arguments[1 + 2 * i]);
    if (e->arguments[0]->kind == EXPRESSION_STRING && e->arguments[0]->text.size)
        e->arguments[0] = build_cast(t, e->arguments[0], "text", TARGET_TEXT);
    e->arguments[0]->typing.type =
        e->arguments[0]->typing.type == SQL_CHAR || e->arguments[0]->typing.type == SQL_NCHAR ? SQL_VARCHAR : e->arguments[0]->typing.type;
}

static struct expression *rewrite_decode(struct translation *t, struct expression *e)
{
    uint32_t pairs = (e->argument_count - 1) / 2;
    decode_types(t, e, pairs);
    bool otherwise = (e->argument_count - 1) % 2 == 1, simple = true;
    struct expression *value = e->arguments[0];
    for (uint32_t i = 0; i < pairs; i++) {
        struct expression *a = value, *b = e->arguments[1 + 2 * i];
        if (!is_literal(b) || is_null_literal(b)) simple = false;
        if (simple) compare_pair(t, &a, &b, OPERATOR_EQUAL);
        if (a != value && a->kind != EXPRESSION_CAST) simple = false;
    }
    if (is_null_literal(value)) simple = false;
    struct expression *made = build_expression(t, EXPRESSION_CASE, e->at, e->typing);
    if (simple && pairs > 1) { /* CASE x WHEN literal: the value is computed once */
        struct expression *a = value;
        for (uint32_t i = 0; i < pairs; i++) {
            a = value;
            compare_pair(t, &a, &e->arguments[1 + 2 * i], OPERATOR_EQUAL);
        }
        made->form = 1;
        build_add(t, made, a);
    } else {
        simple = false;
    }
    for (uint32_t i = 0; i < pairs; i++) {
        build_add(t, made, simple ? e->arguments[1 + 2 * i] : decode_match(t, value, e->arguments[1 + 2 * i]));
        build_add(t, made, as_result(t, e->arguments[2 + 2 * i], &e->typing));
    }
    if (otherwise) {
        build_add(t, made, as_result(t, e->arguments[e->argument_count - 1], &e->typing));
        made->negated = true;
    }
    made->end = e->end;
    return made;
}

static struct expression *rewrite_nullif(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0], *b = e->arguments[1];
    if (is_null_literal(b)) return a;
    struct expression *left = a, *right = b;
    compare_pair(t, &left, &right, OPERATOR_EQUAL);
    struct typing typing = a->typing;
    typing.nullable = true;
    if (left == a && !type_is_fixed(a->typing.type)) return BUILD_CALL(t, e->at, typing, "nullif(\1, \2)", left, right);
    return choice(t, e->at, typing, compare_values(t, OPERATOR_EQUAL, a, b, e->at), build_null(t, e->at), a);
}

/* NULL as soon as one argument is NULL; all arguments take the type of the first. */
static struct expression *rewrite_greatest(struct translation *t, struct expression *e)
{
    struct typing wanted = e->arguments[0]->typing;
    bool literal_null = false;
    for (uint32_t i = 0; i < e->argument_count; i++) {
        literal_null |= is_null_literal(e->arguments[i]);
        if (wanted.type == SQL_UNKNOWN) wanted = e->arguments[i]->typing;
        if (type_is_number(wanted.type) && type_is_double(e->arguments[i]->typing.type)) wanted = e->arguments[i]->typing;
    }
    if (literal_null) return build_null(t, e->at);
    struct typing typing = wanted;
    if (type_is_text(wanted.type)) typing.type = wanted.type = SQL_VARCHAR, typing.target = wanted.target = TARGET_TEXT;
    struct expression *made = build_expression(t, EXPRESSION_CALL, e->at, typing), *missing = NULL;
    made->call = translation_alloc(t, sizeof *made->call);
    made->call->brackets = true;
    made->target_name = e->rule->how;
    for (uint32_t i = 0; i < e->argument_count; i++) {
        struct expression *argument = as_result(t, e->arguments[i], &wanted);
        build_add(t, made, i == 0 ? collate_binary(t, argument) : argument);
        if (!argument->typing.nullable) continue;
        struct expression *test = is_not_null(t, argument, false);
        if (!missing) {
            missing = build_expression(t, EXPRESSION_OR, e->at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN));
            build_add(t, missing, test);
        } else {
            build_add(t, missing, test);
        }
    }
    if (!missing) return made;
    if (missing->argument_count == 1) missing = missing->arguments[0];
    return choice(t, e->at, typing, missing, build_null(t, e->at), made);
}

static struct expression *rewrite_lnnvl(struct translation *t, struct expression *e)
{
    return BUILD_TEMPLATE(t, e->at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN), PRECEDENCE_IS, "\1 IS NOT TRUE", e->arguments[0]);
}

static struct expression *refuse_rownum(struct translation *t, struct expression *e)
{
    finding_refuse(t, e->at, "rownum", "ROWNUM stands where it cannot be counted on the target",
                   "use it in the select list or as ROWNUM <= n in WHERE");
    return e;
}

static struct expression *refuse_level(struct translation *t, struct expression *e)
{
    finding_refuse(t, e->at, "hierarchy", "LEVEL belongs to CONNECT BY", "check the query");
    return e;
}

/* Of RAW and of text in the database's character set. NULL is hashed as no bytes at all: the answer is never NULL. */
static struct expression *rewrite_standard_hash(struct translation *t, struct expression *e)
{
    static const struct {
        const char *method, *how;
    } methods[] = {{"SHA1", "@sha1(\1)"},
                   {"MD5", "decode(md5(\1), 'hex')"},
                   {"SHA256", "sha256(\1)"},
                   {"SHA384", "sha384(\1)"},
                   {"SHA512", "sha512(\1)"}};
    struct expression *a = e->arguments[0], *method = e->argument_count > 1 ? e->arguments[1] : NULL;
    enum sql_type type = a->typing.type;
    bool text = (type_is_text(type) && type != SQL_NVARCHAR && type != SQL_NCHAR && type != SQL_NCLOB) || is_null_literal(a);
    struct view name = !method ? view_text("SHA1") : method->kind == EXPRESSION_STRING ? method->text : view_of(NULL, 0);
    if (text && !type_is_bytes(type)) a = BUILD_CALL(t, e->at, e->typing, "convert_to(\1, 'UTF8')", as_text(t, a));
    if (a->typing.nullable || is_null_literal(e->arguments[0])) a = BUILD_CALL(t, e->at, e->typing, "coalesce(\1, ''::bytea)", a);
    for (size_t i = 0; i < sizeof methods / sizeof *methods && (text || type_is_bytes(type)); i++)
        if (view_equal_ignoring_case(name, view_text(methods[i].method))) return BUILD_CALL(t, e->at, e->typing, methods[i].how, a);
    finding_refuse(t, e->at, "STANDARD_HASH", "this hash is of bytes that the target does not have",
                   "hash text or RAW, with MD5, SHA1, SHA256, SHA384 or SHA512");
    return e;
}

#define BARE_VOLATILE (FUNCTION_VOLATILE | FUNCTION_BARE)
const struct function_rule functions_general[] = {
    {"COALESCE", 1, -1, SQL_EXACT, 0, GIVES_COMMON, "a", NULL, rewrite_coalesce},
    {"CONNECT_BY_ISCYCLE", 0, 0, SQL_EXACT, FUNCTION_ONLY_BARE | FUNCTION_NOT_NULL, GIVES_INTEGER, "", NULL, refuse_level},
    {"CONNECT_BY_ISLEAF", 0, 0, SQL_EXACT, FUNCTION_ONLY_BARE | FUNCTION_NOT_NULL, GIVES_INTEGER, "", NULL, refuse_level},
    {"DBMS_RANDOM.RANDOM", 0, 0, SQL_APPROXIMATE, BARE_VOLATILE, GIVES_NUMBER, "", "trunc((random() * 4294967295 - 2147483648)::numeric)",
     NULL, "other random numbers"},
    {"DBMS_RANDOM.VALUE", 0, 0, SQL_APPROXIMATE, BARE_VOLATILE, GIVES_NUMBER, "", "random()::numeric", NULL, "other random numbers"},
    {"DBMS_RANDOM.VALUE", 2, 2, SQL_APPROXIMATE, BARE_VOLATILE, GIVES_NUMBER, "n", "(\1 + random()::numeric * (\2 - \1))", NULL,
     "other random numbers"},
    {"DECODE", 3, -1, SQL_EXACT, 0, GIVES_DECODE, "a", NULL, rewrite_decode},
    {"EMPTY_BLOB", 0, 0, SQL_EXACT, FUNCTION_BARE | FUNCTION_NOT_NULL, GIVES_BLOB, "", "''::bytea"},
    {"EMPTY_CLOB", 0, 0, SQL_EXACT, FUNCTION_BARE | FUNCTION_NOT_NULL, GIVES_CLOB, "", "''::text"},
    {"GREATEST", 1, -1, SQL_EXACT, FUNCTION_STRICT, GIVES_FIRST, "a", "greatest", rewrite_greatest},
    {"LEAST", 1, -1, SQL_EXACT, FUNCTION_STRICT, GIVES_FIRST, "a", "least", rewrite_greatest},
    {"LEVEL", 0, 0, SQL_EXACT, FUNCTION_ONLY_BARE | FUNCTION_NOT_NULL, GIVES_INTEGER, "", NULL, refuse_level},
    {"LNNVL", 1, 1, SQL_EXACT, 0, GIVES_BOOLEAN, "a", NULL, rewrite_lnnvl},
    {"NULLIF", 2, 2, SQL_EXACT, 0, GIVES_FIRST, "a", NULL, rewrite_nullif},
    {"NVL", 2, 2, SQL_EXACT, 0, GIVES_COMMON, "a", NULL, rewrite_nvl},
    {"NVL2", 3, 3, SQL_EXACT, 0, GIVES_SECOND, "a", NULL, rewrite_nvl2},
    {"ROWNUM", 0, 0, SQL_EXACT, FUNCTION_ONLY_BARE | FUNCTION_NOT_NULL, GIVES_INTEGER, "", NULL, refuse_rownum},
    {"STANDARD_HASH", 1, 2, SQL_EXACT, FUNCTION_NOT_NULL, GIVES_BYTES, "a", NULL, rewrite_standard_hash},
    {"SYS_CONNECT_BY_PATH", 2, 2, SQL_EXACT, FUNCTION_NOT_NULL, GIVES_TEXT, "a", NULL, refuse_level},
    {"SYS_CONTEXT", 2, 3, SQL_EXACT, FUNCTION_VOLATILE, GIVES_TEXT, "t", "@sys_context(\1, \2)"},
    {"SYS_GUID", 0, 0, SQL_EXACT, FUNCTION_VOLATILE | FUNCTION_BARE | FUNCTION_NOT_NULL, GIVES_BYTES, "", "@sys_guid()"},
    {"UID", 0, 0, SQL_EXACT, FUNCTION_VOLATILE | FUNCTION_ONLY_BARE, GIVES_NUMBER, "", "@uid()"},
    {"USER", 0, 0, SQL_EXACT, FUNCTION_VOLATILE | FUNCTION_ONLY_BARE, GIVES_TEXT, "", "@user_name()"},
    {"USERENV", 1, 1, SQL_EXACT, FUNCTION_VOLATILE, GIVES_TEXT, "t", "@userenv(\1)"},
};
const uint32_t functions_general_count = sizeof functions_general / sizeof *functions_general;
