/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MERGE INTO t USING (SELECT :1 AS id FROM dual) s ON (t.id = s.id): PostgreSQL would take an untyped $1 of a subquery for text. Here
 * such a bind gets the type of what its column is compared with or assigned to, before anything is rewritten.
 */
#include "sql/bind_type.h"
#include "sql/build.h"
#include "sql/function.h"
#include "sql/walk.h"

struct spread {
    bool found;
};

static const char *type_text(const struct typing *typing)
{
    if (type_is_double(typing->type)) return "float8";
    if (typing->type == SQL_INTEGER && typing->precision <= 18 && typing->precision > 0) return "bigint";
    if (type_is_number(typing->type))
        return typing->target == TARGET_INTEGER && typing->precision > 0 && typing->precision <= 18 ? "bigint" : "numeric";
    if (type_is_zoned(typing->type)) return "timestamptz";
    if (type_is_datetime(typing->type)) return "timestamp";
    if (type_is_bytes(typing->type)) return "bytea";
    if (type_is_text(typing->type)) return "text";
    if (type_is_interval(typing->type)) return "interval";
    return NULL;
}

/* The binds or NULLs that a column of a subquery stands for: one, or one in each branch of a set operation. */
static uint32_t loose_values(struct expression *e, struct expression **one, struct expression ***values)
{
    for (int hops = 0; hops < 16; hops++) {
        *one = e;
        *values = one;
        if (e->kind == EXPRESSION_BIND || e->kind == EXPRESSION_NULL) return 1;
        if (e->kind != EXPRESSION_NAME || !e->column || e->column->source) return 0;
        *values = e->column->branches;
        if (!e->column->expression) return e->column->branch_count;
        e = e->column->expression;
    }
    return 0;
}

static void cast_value(struct translation *t, struct expression *value, const struct typing *typing, const struct typing *own,
                       const char *type)
{
    struct expression *inner = translation_alloc(t, sizeof *inner);
    *inner = *value;
    inner->rewritten = true;
    want_bind(t, inner, typing->type, type);
    *value = (struct expression){
        .kind = EXPRESSION_CAST, .at = inner->at, .end = inner->end, .typing = *own, .target_type = type, .rewritten = true};
    build_add(t, value, inner);
}

static void give_type(struct translation *t, struct expression *name, const struct typing *typing, struct spread *spread)
{
    if (name->kind != EXPRESSION_NAME || typing->type == SQL_UNKNOWN) return;
    struct expression *one, **values;
    uint32_t count = loose_values(name, &one, &values);
    const char *type = type_text(typing);
    if (count == 0 || !type) return;
    struct typing own = *typing;
    own.nullable = true;
    if (own.target == TARGET_BPCHAR) own.target = TARGET_TEXT, own.type = SQL_VARCHAR;
    if (!strcmp(type, "numeric")) own.target = TARGET_NUMERIC;
    for (uint32_t i = 0; i < count; i++) cast_value(t, values[i], typing, &own, type);
    spread->found = true;
    for (struct expression *e = name; e->kind == EXPRESSION_NAME && e->column; e = e->column->expression) {
        e->column->typing = own;
        e->column->branch_count = 0; /* they have a type now */
        e->typing = own;
        if (!e->column->expression) break;
    }
}

static void give_both(struct translation *t, struct expression *a, struct expression *b, struct spread *spread)
{
    give_type(t, a, &b->typing, spread);
    give_type(t, b, &a->typing, spread);
}

/* a IN (SELECT :b ..), a = (SELECT :b ..): the query's columns. */
static void give_query(struct translation *t, struct expression *left, struct query *q, struct spread *spread)
{
    bool row = left->kind == EXPRESSION_ROW;
    for (uint32_t i = 0; i < q->column_count && i < (row ? left->argument_count : 1); i++) {
        struct expression name = {.kind = EXPRESSION_NAME, .column = &q->columns[i]};
        give_type(t, &name, row ? &left->arguments[i]->typing : &left->typing, spread);
    }
}

static bool named(const struct expression *e, const char *name)
{
    return e->kind == EXPRESSION_CALL && e->rule && !strcmp(e->rule->name, name);
}

/* :b + 1, TRUNC(:b), NVL(:b, ..) where a date is wanted: the bind is a date. */
static void expect_date(struct expression *e, const struct typing *wanted, struct spread *spread)
{
    if (e->kind == EXPRESSION_BIND) {
        if (e->typing.type != SQL_UNKNOWN) return;
        e->typing.type = wanted->type == SQL_DATE ? SQL_DATE : SQL_TIMESTAMP;
        spread->found = true;
    } else if (e->kind == EXPRESSION_ARITHMETIC && (e->operator_code == OPERATOR_PLUS || e->operator_code == OPERATOR_MINUS)) {
        const struct typing *other = &e->arguments[1]->typing;
        if (type_is_number(other->type) || type_is_interval(other->type) || e->arguments[1]->kind == EXPRESSION_BIND)
            expect_date(e->arguments[0], wanted, spread);
    } else if (named(e, "TRUNC") || named(e, "ROUND") || named(e, "NVL") || named(e, "COALESCE") || named(e, "GREATEST") ||
               named(e, "LEAST")) {
        bool all = !named(e, "TRUNC") && !named(e, "ROUND");
        for (uint32_t i = 0; i < (all ? e->argument_count : 1); i++) expect_date(e->arguments[i], wanted, spread);
    }
}

static void expect_dates(struct expression *e, struct spread *spread)
{
    for (uint32_t i = 0; i < e->argument_count; i++) {
        if (!type_is_datetime(e->arguments[i]->typing.type)) continue;
        for (uint32_t j = 0; j < e->argument_count; j++)
            if (j != i && e->arguments[j]->kind != EXPRESSION_BIND) expect_date(e->arguments[j], &e->arguments[i]->typing, spread);
        return;
    }
}

static void look(struct translation *t, struct expression **at, void *context)
{
    struct expression *e = *at;
    if (e->kind == EXPRESSION_COMPARE || e->kind == EXPRESSION_BETWEEN) expect_dates(e, context);
    if (e->kind == EXPRESSION_COMPARE || e->kind == EXPRESSION_BETWEEN || (e->kind == EXPRESSION_IN && !e->query) ||
        e->kind == EXPRESSION_ARITHMETIC ||
        (e->kind == EXPRESSION_CALL && e->argument_count > 1 && e->rule &&
         (!strcmp(e->rule->name, "NVL") || !strcmp(e->rule->name, "COALESCE") || !strcmp(e->rule->name, "DECODE"))))
        for (uint32_t i = 1; i < e->argument_count; i++) give_both(t, e->arguments[0], e->arguments[i], context);
    if (e->kind == EXPRESSION_IN && e->query && e->query->column_count > 0)
        give_type(t, e->arguments[0], &e->query->columns[0].typing, context);
    if (e->kind == EXPRESSION_IN && e->query) give_query(t, e->arguments[0], e->query, context);
    if (e->kind == EXPRESSION_COMPARE && e->arguments[1]->kind == EXPRESSION_QUERY)
        give_query(t, e->arguments[0], e->arguments[1]->query, context);
}

/* After columns have got types: the expressions above them. */
static void retype_parts(struct translation *t, struct expression **at, void *context);

static void retype(struct translation *t, struct expression *e)
{
    expression_parts(t, e, retype_parts, NULL);
    if (e->kind == EXPRESSION_NAME) {
        if (e->column && e->typing.type == SQL_UNKNOWN) {
            e->typing = e->column->typing;
            e->typing.nullable = true;
        }
    } else if (!(e->kind == EXPRESSION_CAST && e->target_type) && e->kind != EXPRESSION_BIND) {
        type_expression(t, e);
    }
}

static void retype_parts(struct translation *t, struct expression **at, void *context)
{
    (void)context;
    retype(t, *at);
}

static void look_for_names(struct translation *t, struct expression **at, void *context)
{
    (void)context;
    if ((*at)->kind != EXPRESSION_NAME || (*at)->typing.type != SQL_UNKNOWN || !(*at)->column) return;
    (*at)->typing = (*at)->column->typing;
    (void)t;
}

static void spread_change(struct translation *t, struct change *c, expression_visit *visit, struct spread *spread)
{
    struct expression **singles[] = {&c->on, &c->where, &c->delete_where, &c->insert_where};
    for (uint32_t i = 0; i < c->from_count; i++) walk_from(t, c->from[i], visit, spread);
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++)
        if (*singles[i]) walk_expression(t, singles[i], visit, spread);
    for (uint32_t i = 0; i < c->assignment_count; i++) walk_expression(t, &c->assignments[i].value, visit, spread);
    for (uint32_t i = 0; i < c->insert.value_count; i++) walk_expression(t, &c->insert.values[i], visit, spread);
    for (uint32_t i = 0; i < c->branch_count; i++) {
        for (uint32_t j = 0; j < c->branches[i].value_count; j++) walk_expression(t, &c->branches[i].values[j], visit, spread);
        if (c->branches[i].when) walk_expression(t, &c->branches[i].when, visit, spread);
    }
    if (c->query) walk_query(t, c->query, visit, spread);
}

static void spread_assigned(struct translation *t, struct change *c, struct spread *spread)
{
    for (uint32_t i = 0; i < c->assignment_count; i++)
        if (c->assignments[i].column_count == 1) give_type(t, c->assignments[i].value, &c->assignments[i].columns[0]->typing, spread);
    for (uint32_t i = 0; i < c->insert.value_count && i < c->insert.column_count; i++)
        give_type(t, c->insert.values[i], &c->insert.columns[i]->typing, spread);
    for (uint32_t i = 0; i < c->branch_count; i++)
        for (uint32_t j = 0; j < c->branches[i].value_count && j < c->branches[i].column_count; j++)
            give_type(t, c->branches[i].values[j], &c->branches[i].columns[j]->typing, spread);
}

static void retype_all(struct translation *t, struct expression **at, void *context)
{
    (void)context;
    if ((*at)->argument_count > 0 && !(*at)->marked) {
        (*at)->marked = true;
        retype(t, *at);
    }
}

void bind_types_spread(struct translation *t, struct statement *s)
{
    struct spread spread = {false};
    if (t->bind_count == 0) return;
    if (s->query) walk_query(t, s->query, look, &spread);
    if (s->change) {
        spread_change(t, s->change, look, &spread);
        spread_assigned(t, s->change, &spread);
    }
    if (!spread.found) return;
    if (s->query) {
        walk_query(t, s->query, look_for_names, NULL);
        walk_query(t, s->query, retype_all, NULL);
    }
    if (s->change) {
        spread_change(t, s->change, look_for_names, NULL);
        spread_change(t, s->change, retype_all, NULL);
    }
}
