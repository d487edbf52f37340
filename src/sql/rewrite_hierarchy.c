/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrite: CONNECT BY becomes a recursive WITH inside a subquery in FROM.
 *
 *   FROM (WITH RECURSIVE h AS (SELECT columns, 1 AS level, ARRAY[row] AS path FROM tables WHERE joins AND start
 *         UNION ALL SELECT columns, h.level + 1, h.path || row FROM h, tables WHERE joins AND connect AND row not in h.path)
 *         SELECT * FROM h) AS q WHERE what is left of WHERE
 *
 * "row" tells a row of the tables from others: its primary keys, or with ORDER SIBLINGS BY (and without keys) its number in a first,
 * materialised WITH that holds the tables in the order of the siblings; then the order of the paths is the order wanted.
 */
#include "sql/build.h"
#include "sql/function.h"
#include "sql/rewrite.h"
#include "sql/rewrite_parts.h"
#include "sql/walk.h"

enum { COLUMNS_MAX = 1024 };
struct hierarchy {
    struct select *select;           /* the one being rewritten */
    struct scope *base;              /* tables of its FROM */
    struct relation *inside;         /* h, as the recursive term sees it */
    struct relation *outside;        /* q */
    struct relation_column *columns; /* shared by both */
    uint32_t column_count;
    struct expression **first, **next; /* select lists of the two terms */
    struct relation_column *level, *path, *leaf, *cycle;
    struct expression *row;     /* tells rows apart; NULL: loops are not looked for */
    struct expression *connect; /* CONNECT BY over h and the tables */
    struct expression *joins;
    bool prior;     /* CONNECT BY names PRIOR */
    bool in_prior;  /* names are those of h */
    bool generated; /* PRIOR of a value that is new each time (SYS_GUID(), DBMS_RANDOM.VALUE): no row is its own ancestor */
};

static bool is_bare(const struct expression *e, const char *name)
{
    return e->kind == EXPRESSION_CALL && e->rule && !e->call->brackets && !strcmp(e->rule->name, name);
}

static bool is_path_call(const struct expression *e)
{
    return e->kind == EXPRESSION_CALL && e->call->brackets && !e->qualifier.size && view_equal(e->text, view_text("SYS_CONNECT_BY_PATH"));
}

static bool of_base(const struct hierarchy *h, const struct relation *r)
{
    for (uint32_t i = 0; i < h->base->relation_count; i++)
        if (h->base->relations[i] == r) return true;
    return false;
}

static struct relation_column *add_column(struct translation *t, struct hierarchy *h, struct view wanted, struct expression *first,
                                          struct expression *next)
{
    struct view target = wanted;
    for (unsigned n = 2, taken = 1; taken; n++) {
        taken = 0;
        for (uint32_t i = 0; i < h->column_count; i++) taken |= view_equal(h->columns[i].target, target);
        if (taken) target = view_text(translation_printf(t, "%.*s_%u", (int)wanted.size, (const char *)wanted.data, n));
    }
    if (h->column_count == COLUMNS_MAX) {
        finding_refuse(t, h->select->at, "limit", "too many columns are carried through CONNECT BY", "select fewer columns");
        translation_stop(t);
    }
    h->first[h->column_count] = first;
    h->next[h->column_count] = next;
    h->columns[h->column_count] = (struct relation_column){.name = target, .target = target, .typing = first->typing};
    h->inside->column_count = h->outside->column_count = h->column_count + 1;
    return &h->columns[h->column_count++];
}

/* The column of h that carries a column of the tables. */
static struct relation_column *carry(struct translation *t, struct hierarchy *h, const struct expression *name)
{
    for (uint32_t i = 0; i < h->column_count; i++)
        if (h->first[i] && h->first[i]->kind == EXPRESSION_NAME && h->first[i]->relation == name->relation &&
            h->first[i]->column == name->column && h->next[i] == h->first[i])
            return &h->columns[i];
    struct expression *own = expression_copy(t, name);
    own->qualify = true;
    struct relation_column *column = add_column(t, h, name->column->target, own, own);
    column->source = name->column->source;
    return column;
}

/* In the recursive term: PRIOR x is h's x, LEVEL is one more than h's. */
static void recursive_term(struct translation *t, struct expression **at, struct hierarchy *h)
{
    struct expression *e = *at;
    if (e->kind == EXPRESSION_PRIOR) {
        h->prior = true;
        bool outer = h->in_prior;
        h->in_prior = true;
        recursive_term(t, &e->arguments[0], h);
        h->in_prior = outer;
        *at = e->arguments[0];
        return;
    }
    if (e->kind == EXPRESSION_NAME && h->in_prior && e->relation && of_base(h, e->relation) && e->column) {
        *at = build_column(t, e->at, h->inside, carry(t, h, e));
        (*at)->typing = e->typing;
        return;
    }
    if (is_bare(e, "LEVEL")) {
        struct expression *level = build_column(t, e->at, h->inside, h->level);
        *at = BUILD_TEMPLATE(t, e->at, e->typing, PRECEDENCE_ADD, "\1 + 1", level);
        return;
    }
    for (uint32_t i = 0; i < e->argument_count; i++) recursive_term(t, &e->arguments[i], h);
}

static struct expression *concat_of(struct translation *t, uint32_t at, struct expression *a, struct expression *b, struct expression *c)
{
    struct expression *e = build_expression(t, EXPRESSION_CONCAT, at, (struct typing){.type = SQL_VARCHAR, .target = TARGET_TEXT});
    e->rewritten = false;
    if (a) build_add(t, e, a);
    build_add(t, e, b);
    build_add(t, e, c);
    return e;
}

static struct expression *children(struct translation *t, struct hierarchy *h, uint32_t at, bool cycle);

/* CONNECT_BY_ROOT, PRIOR, SYS_CONNECT_BY_PATH above the recursion: columns of their own. */
static struct expression *carried_value(struct translation *t, struct hierarchy *h, struct expression *e)
{
    struct relation_column *column;
    if (is_path_call(e) && e->argument_count == 2) {
        struct expression *first = concat_of(t, e->at, NULL, e->arguments[1], expression_copy(t, e->arguments[0]));
        column = add_column(t, h, view_text("path_text"), first, NULL);
        column->typing = (struct typing){.type = SQL_VARCHAR, .target = TARGET_TEXT};
        h->next[column - h->columns] = concat_of(t, e->at, build_column(t, e->at, h->inside, column), expression_copy(t, e->arguments[1]),
                                                 expression_copy(t, e->arguments[0]));
    } else if (e->kind == EXPRESSION_ROOT) {
        struct expression *value = expression_copy(t, e->arguments[0]);
        column = add_column(t, h, view_text("root"), value, NULL);
        h->next[column - h->columns] = build_column(t, e->at, h->inside, column);
    } else { /* PRIOR: nothing for the roots */
        struct expression *value = expression_copy(t, e->arguments[0]), *of_parent = expression_copy(t, e->arguments[0]);
        h->in_prior = true;
        recursive_term(t, &of_parent, h);
        h->in_prior = false;
        struct expression *none = build_expression(t, EXPRESSION_TEMPLATE, e->at, e->typing);
        none->rewritten = false;
        none->text = view_text("CASE WHEN false THEN \1 END");
        none->precedence = PRECEDENCE_PRIMARY;
        build_add(t, none, value);
        column = add_column(t, h, view_text("prior"), none, of_parent);
        column->typing.nullable = true;
    }
    return build_column(t, e->at, h->outside, column);
}

/* Above the recursion: the operators and pseudo columns of this CONNECT BY; those of subqueries are their own. */
static void outer_operator(struct translation *t, struct expression **at, void *context)
{
    struct hierarchy *h = context;
    struct expression *e = *at;
    if (e->kind == EXPRESSION_ROOT || e->kind == EXPRESSION_PRIOR || is_path_call(e)) {
        *at = carried_value(t, h, e);
    } else if (is_bare(e, "LEVEL")) {
        *at = build_column(t, e->at, h->outside, h->level);
    } else if (is_bare(e, "CONNECT_BY_ISLEAF") || is_bare(e, "CONNECT_BY_ISCYCLE")) {
        bool cycle = is_bare(e, "CONNECT_BY_ISCYCLE");
        struct relation_column **column = cycle ? &h->cycle : &h->leaf;
        if (!*column) {
            *column = add_column(t, h, view_text(cycle ? "iscycle" : "isleaf"), build_number(t, e->at, 0), NULL);
            h->first[*column - h->columns] = NULL; /* not of the terms: of the select around them */
            h->next[*column - h->columns] = children(t, h, e->at, cycle);
        }
        *at = build_column(t, e->at, h->outside, *column);
    }
}

/* Names of the tables become q's, in subqueries too. */
static void outer_name(struct translation *t, struct expression **at, void *context)
{
    struct hierarchy *h = context;
    struct expression *e = *at;
    if (e->kind != EXPRESSION_NAME || !e->relation || !of_base(h, e->relation)) return;
    if (!e->column) {
        finding_refuse(t, e->at, "hierarchy", "CONNECT BY over a table whose columns are not known", "add the table to the catalog");
        return;
    }
    struct relation_column *column = carry(t, h, e);
    e->column = column;
    e->relation = h->outside;
    e->qualify = true;
}

static void outer_use(struct translation *t, struct expression **at, struct hierarchy *h)
{
    walk_flat(t, at, outer_operator, h);
    walk_expression(t, at, outer_name, h);
}

/* Has the row children (of those a loop leads back to)? Answers 1 or 0 as the pseudo column does; asked where h is read, inside the subquery. */
static struct expression *children(struct translation *t, struct hierarchy *h, uint32_t at, bool cycle)
{
    struct select *s = translation_alloc(t, sizeof *s);
    struct query *q = translation_alloc(t, sizeof *q);
    struct expression *exists = build_expression(t, EXPRESSION_EXISTS, at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN));
    struct select_item one = {.expression = build_number(t, at, 1)};
    LIST_ADD(t, s->items, s->item_count, one);
    s->from = h->select->from;
    s->from_count = h->select->from_count;
    s->scope = h->base;
    struct expression *connect = expression_copy(t, h->connect), *joins = h->joins ? expression_copy(t, h->joins) : NULL;
    s->where = build_and(t, joins, connect);
    if (h->row && !h->generated) {
        struct expression *path = build_column(t, at, h->inside, h->path);
        const char *how = cycle ? "\1 = ANY (\2)" : "\1 <> ALL (\2)";
        struct expression *test =
            BUILD_TEMPLATE(t, at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN), PRECEDENCE_COMPARE, how, expression_copy(t, h->row), path);
        test->rewritten = true;
        s->where = build_and(t, s->where, test);
    }
    s->where->rewritten = false;
    q->body = translation_alloc(t, sizeof *q->body);
    q->body->kind = BODY_SELECT;
    q->body->select = s;
    q->resolved = q->known = true;
    exists->query = q;
    exists->rewritten = false;
    struct typing typing = {.type = SQL_NUMBER, .target = TARGET_INTEGER};
    struct expression *e = build_template(t, at, typing, PRECEDENCE_PRIMARY,
                                          cycle ? "CASE WHEN \1 THEN 1 ELSE 0 END" : "CASE WHEN \1 THEN 0 ELSE 1 END", &exists, 1);
    e->rewritten = false;
    return e;
}

static struct expression *primary_keys(struct translation *t, struct hierarchy *h)
{
    struct expression *row =
        build_expression(t, EXPRESSION_CONCAT, h->select->at, (struct typing){.type = SQL_VARCHAR, .target = TARGET_TEXT});
    for (uint32_t i = 0; i < h->base->relation_count; i++) {
        struct relation *r = h->base->relations[i];
        if (r->kind == RELATION_DUAL) continue;
        const struct sql_key *key = r->table && !r->optional ? sql_table_primary_key(r->table) : NULL;
        if (!key) return NULL;
        for (uint16_t j = 0; j < key->column_count; j++) {
            if (row->argument_count) build_add(t, row, build_string(t, row->at, view_text(",")));
            struct expression *column = build_column(t, row->at, r, &r->columns[key->columns[j]]);
            build_add(t, row, build_cast(t, column, "text", TARGET_TEXT));
        }
    }
    if (row->argument_count == 0) return NULL;
    return row->argument_count == 1 ? row->arguments[0] : row;
}

struct count_relations {
    const struct hierarchy *h;
    const struct relation *first;
    bool several;
};

static void count_relation(struct translation *t, struct expression **at, void *context)
{
    struct count_relations *c = context;
    (void)t;
    if ((*at)->kind != EXPRESSION_NAME || !(*at)->relation || !of_base(c->h, (*at)->relation)) return;
    if (c->first && c->first != (*at)->relation) c->several = true;
    c->first = (*at)->relation;
}

/* Conditions over several tables join them before CONNECT BY; the others are asked after it. */
static void split_where(struct translation *t, struct hierarchy *h)
{
    struct select *s = h->select;
    struct expression *where = s->where, *rest = NULL;
    uint32_t count = !where ? 0 : where->kind == EXPRESSION_AND ? where->argument_count : 1;
    for (uint32_t i = 0; i < count; i++) {
        struct expression *e = where->kind == EXPRESSION_AND ? where->arguments[i] : where;
        struct count_relations c = {.h = h};
        walk_expression(t, &e, count_relation, &c);
        if (c.several)
            h->joins = build_and(t, h->joins, e);
        else
            rest = build_and(t, rest, e);
    }
    s->where = rest;
}

static struct body *term(struct translation *t, struct hierarchy *h, bool recursive, struct with_item *with)
{
    struct body *body = translation_alloc(t, sizeof *body);
    struct select *s = translation_alloc(t, sizeof *s);
    body->kind = BODY_SELECT;
    body->select = s;
    s->scope = h->base;
    s->at = h->select->at;
    for (uint32_t i = 0; i < h->column_count; i++) {
        if (!h->first[i]) continue;
        struct select_item item = {.expression = recursive ? h->next[i] : h->first[i],
                                   .alias = h->columns[i].target,
                                   .label = recursive ? view_of(NULL, 0) : h->columns[i].target};
        LIST_ADD(t, s->items, s->item_count, item);
    }
    if (recursive) {
        struct from_item *item = translation_alloc(t, sizeof *item);
        item->kind = FROM_TABLE;
        item->with = with;
        item->relation = h->inside;
        LIST_ADD(t, s->from, s->from_count, item);
    }
    for (uint32_t i = 0; i < h->select->from_count; i++) LIST_ADD(t, s->from, s->from_count, h->select->from[i]);
    if (!recursive) {
        s->where = build_and(t, h->joins, h->select->start_with);
        return body;
    }
    s->where = build_and(t, h->joins, h->connect);
    if (h->row && !h->generated) {
        const char *how = h->select->nocycle ? "\1 <> ALL (\2)" : "@refuse_loop(\1 = ANY (\2))";
        struct expression *path = build_column(t, s->at, h->inside, h->path);
        struct expression *test = BUILD_TEMPLATE(t, s->at, typing_of(SQL_BOOLEAN, TARGET_BOOLEAN),
                                                 h->select->nocycle ? PRECEDENCE_COMPARE : PRECEDENCE_PRIMARY, how, h->row, path);
        s->where = build_and(t, s->where, test);
    }
    return body;
}

/* The subquery: WITH RECURSIVE [siblings,] h AS (..) SELECT * FROM h. */
static struct query *subquery(struct translation *t, struct hierarchy *h, struct with_item *withs, uint32_t with_count)
{
    struct query *recursion = translation_alloc(t, sizeof *recursion), *q = translation_alloc(t, sizeof *q);
    struct with_item *with = &withs[with_count - 1];
    recursion->body = translation_alloc(t, sizeof *recursion->body);
    recursion->body->kind = BODY_SET;
    struct body *first = term(t, h, false, with), *next = term(t, h, true, with);
    LIST_ADD(t, recursion->body->terms, recursion->body->term_count, first);
    uint32_t operators = 0;
    enum set_operator all = SET_UNION_ALL;
    LIST_ADD(t, recursion->body->operators, operators, all);
    LIST_ADD(t, recursion->body->terms, recursion->body->term_count, next);
    recursion->resolved = recursion->known = true;
    with->query = recursion;
    struct select *s = translation_alloc(t, sizeof *s);
    struct from_item *item = translation_alloc(t, sizeof *item);
    struct select_item star = {.expression = build_expression(t, EXPRESSION_STAR, h->select->at, typing_of(SQL_UNKNOWN, TARGET_UNKNOWN))};
    item->kind = FROM_TABLE;
    item->with = with;
    item->relation = h->inside;
    LIST_ADD(t, s->from, s->from_count, item);
    LIST_ADD(t, s->items, s->item_count, star);
    for (uint32_t i = 0; i < h->column_count; i++) {
        struct select_item added = {.expression = h->next[i], .alias = h->columns[i].target, .label = h->columns[i].target};
        if (!h->first[i]) LIST_ADD(t, s->items, s->item_count, added);
    }
    s->scope = scope_new(t, h->base->outer);
    q->body = translation_alloc(t, sizeof *q->body);
    q->body->kind = BODY_SELECT;
    q->body->select = s;
    q->withs = withs;
    q->with_count = with_count;
    q->recursive = q->resolved = q->known = true;
    return q;
}

static struct relation *new_relation(struct translation *t, struct hierarchy *h, const char *prefix)
{
    struct relation *r = translation_alloc(t, sizeof *r);
    r->kind = RELATION_QUERY;
    r->label = view_text(translation_printf(t, "%s%u", prefix, ++t->made_names));
    r->columns = h->columns;
    r->known = true;
    return r;
}

/* With ORDER SIBLINGS BY, or without keys: the tables numbered once, in a WITH of its own. */
static void number_rows(struct translation *t, struct query *q, struct hierarchy *h, struct with_item *with)
{
    struct select *s = h->select;
    struct sort_list order = {0};
    if (q && q->order.siblings) {
        order = q->order;
        q->order = (struct sort_list){0};
    }
    struct expression *where = s->where, *start = s->start_with, *connect = s->connect_by;
    s->where = h->joins;
    struct select *inner = wrap_select(t, q, s);
    wrap_names(t, s, inner, &where);
    wrap_names(t, s, inner, &start);
    wrap_names(t, s, inner, &connect);
    struct expression *number = build_expression(t, EXPRESSION_CALL, s->at, (struct typing){.type = SQL_NUMBER, .target = TARGET_INTEGER});
    bool wrong;
    number->rule = function_find(view_of(NULL, 0), view_text("ROW_NUMBER"), 0, true, &wrong);
    number->rewritten = false;
    number->call = translation_alloc(t, sizeof *number->call);
    number->call->brackets = true;
    number->call->over = translation_alloc(t, sizeof *number->call->over);
    number->call->over->order = order;
    for (uint32_t i = 0; i < order.count; i++)
        if (order.keys[i].expression->item && order.keys[i].expression->item <= s->item_count) /* an alias of the select list */
            finding_refuse(t, order.keys[i].expression->at, "hierarchy", "ORDER SIBLINGS BY names an alias of the select list",
                           "name the column itself");
    h->row = wrap_add(t, s, inner, number, "row_position");
    s->where = where;
    s->start_with = start;
    s->connect_by = connect;
    h->joins = NULL;
    struct from_item *item = s->from[0];
    with->query = item->query;
    with->label = view_text(translation_printf(t, "rows%u", ++t->made_names));
    with->materialized = true;
    item->kind = FROM_TABLE;
    item->query = NULL;
    item->with = with;
    h->base = s->scope;
}

static void siblings_items(struct query *q, struct select *s)
{
    for (uint32_t i = 0; q && q->order.siblings && i < q->order.count; i++) { /* aliases and positions stand for their expressions */
        struct expression *key = q->order.keys[i].expression;
        if (!key->item || key->item > s->item_count || s->items[key->item - 1].expression->kind != EXPRESSION_NAME) continue;
        *key = *s->items[key->item - 1].expression;
    }
}

/* CONNECT BY LEVEL <= n on DUAL: so many rows, one at least. */
static bool series(struct translation *t, struct hierarchy *h)
{
    struct select *s = h->select;
    struct expression *e = s->connect_by;
    if (s->start_with || e->kind != EXPRESSION_COMPARE || e->form != QUANTIFIER_NONE) return false;
    bool left = is_bare(e->arguments[0], "LEVEL") || is_bare(e->arguments[0], "ROWNUM"),
         right = is_bare(e->arguments[1], "LEVEL") || is_bare(e->arguments[1], "ROWNUM");
    enum operator_code code = e->operator_code;
    bool equal = left ? code == OPERATOR_LESS_EQUAL : code == OPERATOR_GREATER_EQUAL,
         less = left ? code == OPERATOR_LESS : code == OPERATOR_GREATER;
    if (left == right || (!equal && !less)) return false;
    struct expression *n = e->arguments[left ? 1 : 0];
    rewrite_expression(t, &n);
    int64_t literal;
    struct expression *count;
    struct typing typing = {.type = SQL_NUMBER, .target = TARGET_INTEGER};
    if (literal_integer(n, &literal))
        count = build_number(t, n->at, literal - less > 1 ? literal - less : 1);
    else
        count = BUILD_TEMPLATE(t, n->at, typing, PRECEDENCE_CAST,
                               less ? "greatest(coalesce(ceil(\1) - 1, 1), 1)::bigint" : "greatest(coalesce(floor(\1), 1), 1)::bigint",
                               as_numeric(t, n));
    struct from_item *item = translation_alloc(t, sizeof *item);
    item->kind = FROM_FUNCTION;
    item->function = BUILD_CALL(t, e->at, typing, "generate_series(1, \1)", count);
    item->column_alias = view_text("level");
    item->relation = h->outside;
    s->from_count = 0;
    LIST_ADD(t, s->from, s->from_count, item);
    return true;
}

static void walk_above(struct translation *t, struct query *q, struct hierarchy *h)
{
    struct select *s = h->select;
    for (uint32_t i = 0; i < s->item_count; i++) {
        if (s->items[i].expression->kind == EXPRESSION_STAR)
            finding_refuse(t, s->items[i].expression->at, "hierarchy", "* in a CONNECT BY over tables that are not known",
                           "name the columns");
        outer_use(t, &s->items[i].expression, h);
    }
    if (s->where) outer_use(t, &s->where, h);
    for (uint32_t i = 0; i < s->group_count; i++)
        if (s->group[i].expression) outer_use(t, &s->group[i].expression, h);
    if (s->having) outer_use(t, &s->having, h);
    for (uint32_t i = 0; q && i < q->order.count; i++) outer_use(t, &q->order.keys[i].expression, h);
}

static void order_by_path(struct translation *t, struct query *q, struct hierarchy *h)
{
    const struct select *s = h->select;
    if (!q || q->order.count || s->aggregated || s->distinct || !h->path || q->body->kind != BODY_SELECT) return;
    struct sort_key key = {.expression = build_column(t, s->at, h->outside, h->path)};
    LIST_ADD(t, q->order.keys, q->order.count, key);
}

static void find_prior(struct translation *t, struct expression **at, void *context)
{
    (void)t;
    if ((*at)->kind == EXPRESSION_PRIOR) *(bool *)context = true;
}

static void find_volatile(struct translation *t, struct expression **at, void *context)
{
    (void)t;
    if ((*at)->kind == EXPRESSION_CALL && (*at)->rule && ((*at)->rule->flags & FUNCTION_VOLATILE)) *(bool *)context = true;
}

static void find_generated(struct translation *t, struct expression **at, void *context)
{
    if ((*at)->kind == EXPRESSION_PRIOR) walk_flat(t, at, find_volatile, context);
}

static void qualify(struct translation *t, struct expression **at, void *context)
{
    (void)t;
    if ((*at)->kind == EXPRESSION_NAME && (*at)->relation && of_base(context, (*at)->relation)) (*at)->qualify = true;
}

static bool only_dual(const struct scope *scope)
{
    for (uint32_t i = 0; i < scope->relation_count; i++)
        if (scope->relations[i]->kind != RELATION_DUAL) return false;
    return true;
}

void rewrite_hierarchy(struct translation *t, struct query *q, struct select *s)
{
    struct hierarchy h = {.select = s, .base = s->scope};
    bool siblings = q && q->order.siblings, prior = false;
    struct with_item *withs = translation_alloc(t, sizeof *withs * 2);
    uint32_t with_count = 1;
    h.columns = translation_alloc(t, sizeof *h.columns * COLUMNS_MAX);
    h.first = translation_alloc(t, sizeof *h.first * COLUMNS_MAX);
    h.next = translation_alloc(t, sizeof *h.next * COLUMNS_MAX);
    rewrite_star(t, s);
    walk_select(t, s, qualify, &h); /* h has columns of the same names */
    split_where(t, &h);
    walk_flat(t, &s->connect_by, find_prior, &prior);
    walk_flat(t, &s->connect_by, find_generated, &h.generated);
    if (prior && contains_rownum(t, s->connect_by)) {
        finding_refuse(t, s->connect_by->at, "hierarchy", "ROWNUM in CONNECT BY stops the search at a row that depends on its order",
                       "limit the rows of the finished hierarchy");
        return;
    }
    siblings_items(q, s);
    if (prior || siblings) {
        if (!siblings) h.row = primary_keys(t, &h);
        if (!h.row) {
            for (uint32_t i = 0; i < s->item_count; i++)
                if (s->items[i].expression->kind == EXPRESSION_STAR) {
                    finding_refuse(t, s->connect_by->at, "hierarchy", "CONNECT BY over a table whose columns are not known",
                                   "add the table to the catalog");
                    return;
                }
            number_rows(t, q, &h, &withs[0]);
            with_count = 2;
        }
    }
    h.inside = new_relation(t, &h, "h");
    h.outside = new_relation(t, &h, "q");
    struct expression *one = build_number(t, s->at, 1);
    h.level = add_column(t, &h, view_text("level"), one, NULL);
    h.next[0] = BUILD_TEMPLATE(t, s->at, one->typing, PRECEDENCE_ADD, "\1 + 1", build_column(t, s->at, h.inside, h.level));
    if (!prior && only_dual(h.base) && series(t, &h)) {
        h.outside->kind = RELATION_FUNCTION;
    } else {
        if (h.row) {
            struct typing list = typing_of(SQL_UNKNOWN, TARGET_OTHER);
            h.path = add_column(t, &h, view_text("path"), BUILD_CALL(t, s->at, list, "ARRAY[\1]", h.row), NULL);
            h.next[1] = BUILD_TEMPLATE(t, s->at, list, PRECEDENCE_OTHER, "\1 || \2", build_column(t, s->at, h.inside, h.path), h.row);
        }
        h.connect = s->connect_by;
        recursive_term(t, &h.connect, &h);
    }
    walk_above(t, q, &h);
    order_by_path(t, q, &h);
    if (h.outside->kind != RELATION_FUNCTION) {
        struct from_item *item = translation_alloc(t, sizeof *item);
        withs[with_count - 1].label = h.inside->label;
        item->query = subquery(t, &h, withs, with_count);
        item->kind = FROM_QUERY;
        item->relation = h.outside;
        s->from = NULL;
        s->from_count = 0;
        LIST_ADD(t, s->from, s->from_count, item);
    }
    h.outside->item = s->from[0];
    s->scope = scope_new(t, h.base->outer);
    s->scope->select = s;
    LIST_ADD(t, s->scope->relations, s->scope->relation_count, h.outside);
    s->start_with = s->connect_by = NULL;
}
