/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrite: ROWNUM in WHERE becomes LIMIT, elsewhere row_number(); where ROWNUM counts before sorting or grouping, so does the subquery made for it. */
#include "sql/build.h"
#include "sql/function.h"
#include "sql/rewrite.h"
#include "sql/rewrite_parts.h"
#include "sql/walk.h"

static bool is_rownum(const struct expression *e)
{
    return e->kind == EXPRESSION_CALL && e->rule && !e->call->brackets && !strcmp(e->rule->name, "ROWNUM");
}

static void look_for(struct translation *t, struct expression **at, void *context)
{
    (void)t;
    if (is_rownum(*at)) *(bool *)context = true;
}

bool contains_rownum(struct translation *t, struct expression *e)
{
    bool found = false;
    if (e) walk_flat(t, &e, look_for, &found);
    return found;
}

static enum operator_code mirrored(enum operator_code code)
{
    switch (code) {
    case OPERATOR_LESS: return OPERATOR_GREATER;
    case OPERATOR_LESS_EQUAL: return OPERATOR_GREATER_EQUAL;
    case OPERATOR_GREATER: return OPERATOR_LESS;
    case OPERATOR_GREATER_EQUAL: return OPERATOR_LESS_EQUAL;
    default: return code;
    }
}

struct expression *rewrite_row_count(struct translation *t, struct expression *e)
{
    int64_t value;
    rewrite_expression(t, &e);
    if (literal_integer(e, &value)) return build_number(t, e->at, value < 0 ? 0 : value);
    struct typing typing = typing_of(SQL_NUMBER, TARGET_INTEGER);
    return BUILD_TEMPLATE(t, e->at, typing, PRECEDENCE_CAST, "greatest(coalesce(floor(\1), 0), 0)::bigint", as_numeric(t, e));
}

static void add_limit(struct translation *t, struct select *s, struct expression *limit)
{
    int64_t a, b;
    if (!s->limit)
        s->limit = limit;
    else if (literal_integer(s->limit, &a) && literal_integer(limit, &b))
        s->limit = a <= b ? s->limit : limit;
    else
        s->limit = BUILD_CALL(t, limit->at, limit->typing, "least(\1, \2)", s->limit, limit);
}

/* ROWNUM op literal. */
static void limit_by_literal(struct translation *t, struct select *s, enum operator_code code, int64_t n, uint32_t at)
{
    switch (code) {
    case OPERATOR_LESS: add_limit(t, s, build_number(t, at, n > 1 ? n - 1 : 0)); return;
    case OPERATOR_LESS_EQUAL: add_limit(t, s, build_number(t, at, n > 0 ? n : 0)); return;
    case OPERATOR_EQUAL: add_limit(t, s, build_number(t, at, n == 1 ? 1 : 0)); return;
    case OPERATOR_NOT_EQUAL:
        if (n >= 1) add_limit(t, s, build_number(t, at, n - 1)); /* counting stops at the row that is refused */
        return;
    case OPERATOR_GREATER:
        if (n >= 1) add_limit(t, s, build_number(t, at, 0));
        return;
    default:
        if (n > 1) add_limit(t, s, build_number(t, at, 0));
        return;
    }
}

static bool limit_by_value(struct translation *t, struct select *s, enum operator_code code, struct expression *value)
{
    struct typing typing = typing_of(SQL_NUMBER, TARGET_INTEGER);
    rewrite_expression(t, &value);
    struct expression *n = as_numeric(t, value);
    const char *how;
    switch (code) {
    case OPERATOR_LESS: how = "greatest(coalesce(ceil(\1) - 1, 0), 0)::bigint"; break;
    case OPERATOR_LESS_EQUAL: how = "greatest(coalesce(floor(\1), 0), 0)::bigint"; break;
    case OPERATOR_EQUAL: how = "(CASE WHEN \1 = 1 THEN 1 ELSE 0 END)"; break;
    case OPERATOR_GREATER: how = "(CASE WHEN \1 < 1 THEN NULL ELSE 0 END)"; break;
    case OPERATOR_GREATER_EQUAL: how = "(CASE WHEN \1 <= 1 THEN NULL ELSE 0 END)"; break;
    default: return false;
    }
    add_limit(t, s, BUILD_TEMPLATE(t, value->at, typing, PRECEDENCE_CAST, how, n));
    return true;
}

/* One condition of WHERE. True: it was a limit and is gone. */
static bool take_condition(struct translation *t, struct select *s, struct expression *e)
{
    int64_t n;
    if (e->kind == EXPRESSION_COMPARE && e->form == QUANTIFIER_NONE) {
        bool left = is_rownum(e->arguments[0]), right = is_rownum(e->arguments[1]);
        if (left == right) return false;
        struct expression *value = e->arguments[left ? 1 : 0];
        enum operator_code code = left ? e->operator_code : mirrored(e->operator_code);
        if (contains_rownum(t, value)) return false;
        if (literal_integer(value, &n)) {
            limit_by_literal(t, s, code, n, e->at);
            return true;
        }
        return limit_by_value(t, s, code, value);
    }
    if (e->kind == EXPRESSION_BETWEEN && !e->negated && is_rownum(e->arguments[0]) && !contains_rownum(t, e->arguments[1]) &&
        !contains_rownum(t, e->arguments[2])) {
        if (literal_integer(e->arguments[1], &n))
            limit_by_literal(t, s, OPERATOR_GREATER_EQUAL, n, e->at);
        else if (!limit_by_value(t, s, OPERATOR_GREATER_EQUAL, e->arguments[1]))
            return false;
        if (literal_integer(e->arguments[2], &n))
            limit_by_literal(t, s, OPERATOR_LESS_EQUAL, n, e->at);
        else
            limit_by_value(t, s, OPERATOR_LESS_EQUAL, e->arguments[2]);
        return true;
    }
    if (e->kind == EXPRESSION_IN && !e->negated && !e->query && e->argument_count == 2 && is_rownum(e->arguments[0]) &&
        literal_integer(e->arguments[1], &n)) {
        limit_by_literal(t, s, OPERATOR_EQUAL, n, e->at);
        return true;
    }
    return false;
}

static void take_where(struct translation *t, struct select *s)
{
    struct expression *where = s->where;
    if (!where) return;
    if (where->kind != EXPRESSION_AND) {
        if (take_condition(t, s, where)) s->where = NULL;
        return;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < where->argument_count; i++)
        if (!take_condition(t, s, where->arguments[i])) where->arguments[kept++] = where->arguments[i];
    where->argument_count = kept;
    if (kept == 0) s->where = NULL;
    if (kept == 1) s->where = where->arguments[0];
}

struct replacement {
    struct expression *by;
};

static void replace(struct translation *t, struct expression **at, void *context)
{
    struct replacement *r = context;
    if (!is_rownum(*at)) return;
    if (!r->by)
        *at = build_text(t, (*at)->at, (struct typing){.type = SQL_NUMBER, .target = TARGET_INTEGER}, PRECEDENCE_PRIMARY,
                         "row_number() OVER ()");
    else
        *at = r->by;
}

/* A single subquery with its own order: what comes first there comes first here. */
static bool from_is_ordered(const struct select *s)
{
    if (s->from_count != 1) return false;
    if (s->from[0]->kind == FROM_FUNCTION) return true; /* a series */
    if (s->from[0]->kind != FROM_QUERY) return false;
    const struct query *q = s->from[0]->query;
    if (q->order.count > 0) return true;
    return q->body->kind == BODY_SELECT && !q->body->select->aggregated && !q->body->select->distinct && from_is_ordered(q->body->select);
}

static bool only_constants(const struct select *s)
{
    for (uint32_t i = 0; i < s->item_count; i++)
        if (!is_literal(s->items[i].expression)) return false;
    return true;
}

static struct expression *row_place(struct translation *t, const struct change *c)
{
    struct expression *row = build_expression(t, EXPRESSION_NAME, c->at, typing_of(SQL_UNKNOWN, TARGET_OTHER));
    row->text = view_text("CTID");
    row->relation = c->target->relation;
    row->qualify = true;
    return row;
}

/* UPDATE and DELETE of the first n rows found: the rows are picked by a subquery on the table itself. */
void rewrite_rownum_change(struct translation *t, struct change *c)
{
    struct relation *target = c->target->relation;
    if (!contains_rownum(t, c->where) || !target) return;
    struct select *s = translation_alloc(t, sizeof *s);
    s->where = c->where;
    s->at = c->at;
    s->scope = c->scope;
    take_where(t, s);
    if (!s->limit || contains_rownum(t, s->where)) return; /* refused where it stands */
    struct query *q = translation_alloc(t, sizeof *q);
    struct select_item item = {.expression = build_text(t, c->at, typing_of(SQL_UNKNOWN, TARGET_OTHER), PRECEDENCE_PRIMARY, "ctid")};
    LIST_ADD(t, s->items, s->item_count, item);
    LIST_ADD(t, s->from, s->from_count, c->target);
    q->body = translation_alloc(t, sizeof *q->body);
    q->body->kind = BODY_SELECT;
    q->body->select = s;
    q->resolved = q->known = true;
    struct expression *row = row_place(t, c);
    struct expression *in = build_expression(t, EXPRESSION_IN, c->at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN));
    build_add(t, in, row);
    in->query = q;
    in->rewritten = false;
    c->where = in;
    t->rownum_limit = t->arbitrary_rows = true;
}

/* UPDATE t SET n = ROWNUM: a subquery on the table itself counts the rows that are found, and each takes its number from there. */
void rewrite_rownum_assigned(struct translation *t, struct change *c)
{
    bool counted = false;
    for (uint32_t i = 0; i < c->assignment_count; i++) counted |= contains_rownum(t, c->assignments[i].value);
    if (!counted || c->from_count > 0 || !c->target->relation || c->target->kind != FROM_TABLE) return; /* refused where it stands */
    struct select *s = translation_alloc(t, sizeof *s);
    s->where = c->where;
    s->at = c->at;
    s->scope = c->scope;
    take_where(t, s);
    if (contains_rownum(t, s->where)) return;
    struct select_item items[] = {
        {.expression = build_text(t, c->at, typing_of(SQL_UNKNOWN, TARGET_OTHER), PRECEDENCE_PRIMARY, "ctid"),
         .label = view_text("us_row")},
        {.expression = build_text(t, c->at, typing_of(SQL_NUMBER, TARGET_INTEGER), PRECEDENCE_PRIMARY, "row_number() OVER ()"),
         .label = view_text("us_number")}};
    for (uint32_t i = 0; i < 2; i++) LIST_ADD(t, s->items, s->item_count, items[i]);
    LIST_ADD(t, s->from, s->from_count, c->target);
    struct query *q = translation_alloc(t, sizeof *q);
    q->body = translation_alloc(t, sizeof *q->body);
    q->body->kind = BODY_SELECT;
    q->body->select = s;
    q->resolved = q->known = true;
    struct from_item *numbered = translation_alloc(t, sizeof *numbered);
    numbered->kind = FROM_QUERY;
    numbered->query = q;
    numbered->relation = translation_alloc(t, sizeof *numbered->relation);
    numbered->relation->label = view_text(translation_printf(t, "q%u", ++t->made_names));
    LIST_ADD(t, c->from, c->from_count, numbered);
    const char *label = (const char *)numbered->relation->label.data;
    struct replacement replacement = {
        build_text(t, c->at, typing_of(SQL_NUMBER, TARGET_INTEGER), PRECEDENCE_PRIMARY, translation_printf(t, "%s.us_number", label))};
    for (uint32_t i = 0; i < c->assignment_count; i++) walk_flat(t, &c->assignments[i].value, replace, &replacement);
    struct expression *found =
        build_text(t, c->at, typing_of(SQL_UNKNOWN, TARGET_OTHER), PRECEDENCE_PRIMARY, translation_printf(t, "%s.us_row", label));
    c->where = build_compare(t, OPERATOR_EQUAL, row_place(t, c), found);
    c->where->rewritten = true;
    t->rownum_limit = t->arbitrary_rows = true;
}

void rewrite_rownum(struct translation *t, struct query *q, struct select *s)
{
    bool in_items = false, in_upper = false;
    for (uint32_t i = 0; i < s->item_count; i++) in_items |= contains_rownum(t, s->items[i].expression);
    for (uint32_t i = 0; q && i < q->order.count; i++) in_items |= contains_rownum(t, q->order.keys[i].expression);
    for (uint32_t i = 0; i < s->group_count; i++) in_upper |= contains_rownum(t, s->group[i].expression);
    if (contains_rownum(t, s->having)) {
        finding_refuse(t, s->having->at, "rownum", "ROWNUM stands where it cannot be counted on the target",
                       "count in WHERE of a subquery");
        return;
    }
    take_where(t, s);
    if (!in_items && !in_upper && !s->limit) return;
    t->rownum_limit = true;
    bool grouped = s->aggregated || s->distinct;
    bool sorted = q && (q->order.count > 0 || q->has_fetch || q->offset);
    bool chance = !from_is_ordered(s) && !(only_constants(s) && !grouped);
    struct replacement replacement = {NULL};
    if (grouped || (sorted && s->limit)) {
        struct expression *limit = s->limit;
        s->limit = NULL;
        struct select *inner = wrap_select(t, q, s);
        inner->limit = limit;
        chance = inner->item_count > 0; /* which rows they are shows only in their columns */
        if (in_items || in_upper) {
            struct expression *number = build_text(t, s->at, (struct typing){.type = SQL_NUMBER, .target = TARGET_INTEGER},
                                                   PRECEDENCE_PRIMARY, "row_number() OVER ()");
            replacement.by = wrap_add(t, s, inner, number, "rownum");
        }
    }
    if (chance) t->arbitrary_rows = true;
    if (!in_items && !in_upper) return;
    for (uint32_t i = 0; i < s->item_count; i++) walk_flat(t, &s->items[i].expression, replace, &replacement);
    for (uint32_t i = 0; q && i < q->order.count; i++) walk_flat(t, &q->order.keys[i].expression, replace, &replacement);
    for (uint32_t i = 0; i < s->group_count; i++)
        if (s->group[i].expression) walk_flat(t, &s->group[i].expression, replace, &replacement);
    if (s->having) walk_flat(t, &s->having, replace, &replacement);
}
