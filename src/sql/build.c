/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes made by rewrites. */
#include "sql/build.h"

struct expression *build_expression(struct translation *t, enum expression_kind kind, uint32_t at, struct typing typing)
{
    struct expression *e = translation_alloc(t, sizeof *e);
    e->kind = kind;
    e->at = e->end = at;
    e->typing = typing;
    e->rewritten = true;
    return e;
}

void build_add(struct translation *t, struct expression *e, struct expression *argument)
{
    LIST_ADD(t, e->arguments, e->argument_count, argument);
}

struct expression *build_template(struct translation *t, uint32_t at, struct typing typing, uint8_t precedence, const char *text,
                                  struct expression *const *arguments, uint32_t count)
{
    struct expression *e = build_expression(t, EXPRESSION_TEMPLATE, at, typing);
    e->precedence = precedence;
    e->text = view_text(text);
    for (uint32_t i = 0; i < count; i++) build_add(t, e, arguments[i]);
    return e;
}

struct expression *build_text(struct translation *t, uint32_t at, struct typing typing, uint8_t precedence, const char *text)
{
    return build_template(t, at, typing, precedence, text, NULL, 0);
}

struct expression *build_cast(struct translation *t, struct expression *e, const char *type, enum target_type target)
{
    struct typing typing = e->typing;
    typing.target = target;
    struct expression *cast = build_expression(t, EXPRESSION_CAST, e->at, typing);
    cast->end = e->end;
    cast->target_type = type;
    build_add(t, cast, e);
    return cast;
}

struct expression *build_number(struct translation *t, uint32_t at, int64_t number)
{
    struct expression *e = build_expression(t, EXPRESSION_NUMBER, at, (struct typing){.type = SQL_NUMBER, .target = TARGET_INTEGER});
    e->text = view_text(translation_printf(t, "%lld", (long long)number));
    return e;
}

struct expression *build_string(struct translation *t, uint32_t at, struct view text)
{
    struct expression *e =
        build_expression(t, EXPRESSION_STRING, at, (struct typing){.type = SQL_CHAR, .target = TARGET_LITERAL, .length = (int)text.size});
    e->text = text;
    return e;
}

struct expression *build_null(struct translation *t, uint32_t at)
{
    return build_expression(t, EXPRESSION_NULL, at, typing_of(SQL_UNKNOWN, TARGET_LITERAL));
}

struct expression *build_compare(struct translation *t, enum operator_code code, struct expression *a, struct expression *b)
{
    struct expression *e = build_expression(t, EXPRESSION_COMPARE, a->at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN));
    e->operator_code = (uint8_t)code;
    build_add(t, e, a);
    build_add(t, e, b);
    return e;
}

struct expression *build_and(struct translation *t, struct expression *a, struct expression *b)
{
    if (!a) return b;
    if (!b) return a;
    struct expression *e = build_expression(t, EXPRESSION_AND, a->at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN));
    e->rewritten = a->rewritten && b->rewritten;
    struct expression *both[] = {a, b};
    for (int i = 0; i < 2; i++) {
        if (both[i]->kind != EXPRESSION_AND) {
            build_add(t, e, both[i]);
            continue;
        }
        for (uint32_t j = 0; j < both[i]->argument_count; j++) build_add(t, e, both[i]->arguments[j]);
    }
    return e;
}

struct expression *build_column(struct translation *t, uint32_t at, struct relation *relation, struct relation_column *column)
{
    struct expression *e = build_expression(t, EXPRESSION_NAME, at, column->typing);
    e->text = column->name;
    e->relation = relation;
    e->column = column;
    e->qualify = true;
    column->used = true;
    if (relation->optional) e->typing.nullable = true;
    return e;
}

bool is_null_literal(const struct expression *e)
{
    return e->kind == EXPRESSION_NULL || (e->kind == EXPRESSION_STRING && e->text.size == 0);
}

bool is_literal(const struct expression *e)
{
    return e->kind == EXPRESSION_NUMBER || e->kind == EXPRESSION_STRING || e->kind == EXPRESSION_NULL || e->kind == EXPRESSION_DATETIME ||
           e->kind == EXPRESSION_INTERVAL;
}

bool is_constant(const struct expression *e)
{
    if (is_literal(e)) return true;
    if (e->kind != EXPRESSION_NEGATE && e->kind != EXPRESSION_PLUS && e->kind != EXPRESSION_ARITHMETIC && e->kind != EXPRESSION_CONCAT)
        return false;
    for (uint32_t i = 0; i < e->argument_count; i++)
        if (!is_constant(e->arguments[i])) return false;
    return true;
}

bool literal_integer(const struct expression *e, int64_t *value)
{
    if (e->kind == EXPRESSION_PLUS) return literal_integer(e->arguments[0], value);
    if (e->kind == EXPRESSION_NEGATE) {
        if (!literal_integer(e->arguments[0], value)) return false;
        *value = -*value;
        return true;
    }
    return (e->kind == EXPRESSION_NUMBER || e->kind == EXPRESSION_STRING) && !(e->kind == EXPRESSION_NUMBER && e->form) &&
           e->text.size <= 18 && view_to_i64(e->text, value);
}

static bool equal_views(struct view a, struct view b)
{
    return view_equal(a, b);
}

bool expression_equal(const struct expression *a, const struct expression *b)
{
    if (a == b) return true;
    if (!a || !b || a->kind != b->kind || a->operator_code != b->operator_code || a->form != b->form || a->negated != b->negated ||
        a->argument_count != b->argument_count || a->query || b->query)
        return false;
    if (a->kind == EXPRESSION_NAME && a->relation && b->relation) {
        if (a->relation != b->relation || a->column != b->column) return false;
        return a->column || equal_views(a->text, b->text);
    }
    if (!equal_views(a->text, b->text) || (a->kind != EXPRESSION_NAME && !equal_views(a->qualifier, b->qualifier))) return false;
    if ((a->call == NULL) != (b->call == NULL)) return false;
    if (a->call && (a->call->distinct != b->call->distinct || a->call->star != b->call->star || a->call->over || b->call->over ||
                    a->call->order.count || b->call->order.count || !equal_views(a->call->option, b->call->option)))
        return false;
    if (a->kind == EXPRESSION_CAST &&
        (!a->type_name || !b->type_name || a->type_name->type != b->type_name->type || a->type_name->length != b->type_name->length ||
         a->type_name->precision != b->type_name->precision || a->type_name->scale != b->type_name->scale))
        return false;
    for (uint32_t i = 0; i < a->argument_count; i++)
        if (!expression_equal(a->arguments[i], b->arguments[i])) return false;
    return true;
}

struct expression *expression_copy(struct translation *t, const struct expression *e)
{
    struct expression *copy = translation_alloc(t, sizeof *copy);
    *copy = *e;
    if (e->call) {
        copy->call = translation_alloc(t, sizeof *copy->call);
        *copy->call = *e->call;
    }
    if (e->argument_count) {
        copy->arguments = translation_alloc(t, sizeof *copy->arguments * e->argument_count);
        for (uint32_t i = 0; i < e->argument_count; i++) copy->arguments[i] = expression_copy(t, e->arguments[i]);
    }
    return copy;
}
