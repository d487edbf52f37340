/* SPDX-License-Identifier: Apache-2.0 */
/* Resolver: queries, from the tables in FROM to the columns that come out. */
#include "sql/dictionary_view.h"
#include "sql/function.h"
#include "sql/json.h"
#include "sql/name.h"
#include "sql/resolve.h"
#include "sql/rewrite.h"
#include "sql/walk.h"

struct relation *scope_add(struct translation *t, struct scope *scope, struct from_item *item)
{
    struct relation *r = translation_alloc(t, sizeof *r);
    r->item = item;
    r->scope = scope;
    r->schema = item->schema;
    r->name = item->name;
    r->alias = item->alias;
    item->relation = r;
    r->index = scope->relation_count;
    LIST_ADD(t, scope->relations, scope->relation_count, r);
    LIST_ADD(t, t->relations, t->relation_count, r);
    return r;
}

static struct view fresh_alias(struct translation *t)
{
    return view_text(translation_printf(t, "q%u", ++t->made_names));
}

/* Another table of that name, of another schema: on the source each can be named with its schema, on the target not. */
static bool has_namesake(const struct translation *t, const struct relation *r)
{
    if (r->alias.size) return false;
    for (uint32_t i = 0; i < t->relation_count; i++) {
        const struct relation *other = t->relations[i];
        if (other == r || !view_equal(other->label, r->label) || other->alias.size) continue;
        if (r->table != other->table || !view_equal(r->item->schema, other->item->schema)) return true;
    }
    return false;
}

static struct with_item *find_with(struct scope *scope, struct view name)
{
    for (struct scope *s = scope; s; s = s->outer) {
        struct query *q = s->query;
        if (!q) continue;
        for (uint32_t i = q->with_count; i-- > 0;)
            if (view_equal(q->withs[i].name, name) && (q->withs[i].query->resolved || q->withs[i].resolving)) return &q->withs[i];
    }
    return NULL;
}

static void columns_of_table(struct translation *t, struct relation *r)
{
    r->columns = translation_alloc(t, sizeof *r->columns * (r->table->column_count + 1));
    r->column_count = r->table->column_count;
    r->known = r->table->column_count > 0;
    for (uint32_t i = 0; i < r->table->column_count; i++) {
        const struct sql_column *column = &r->table->columns[i];
        r->columns[i] = (struct relation_column){
            .name = view_text(column->name), .target = view_text(column->target), .typing = typing_of_column(column), .source = column};
    }
}

static void columns_of_query(struct relation *r, struct query *q)
{
    r->columns = q->columns;
    r->column_count = q->column_count;
    r->known = q->known;
}

static bool is_dual(const struct from_item *item)
{
    return view_equal(item->name, view_text("DUAL")) && (!item->schema.size || view_equal(item->schema, view_text("SYS"))) &&
           !item->link.size;
}

static bool is_dictionary(struct view name)
{
    static const char *const prefixes[] = {"USER_", "ALL_", "DBA_", "V$", "GV$", "NLS_", "CDB_", "X$"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (view_starts_with(name, prefixes[i])) return true;
    return view_equal(name, view_text("DICT")) || view_equal(name, view_text("CAT")) || view_equal(name, view_text("TAB")) ||
           view_equal(name, view_text("SESSION_PRIVS")) || view_equal(name, view_text("SESSION_ROLES")) ||
           view_equal(name, view_text("COLS")) || view_equal(name, view_text("PRODUCT_COMPONENT_VERSION")) ||
           view_equal(name, view_text("DICTIONARY")) || view_equal(name, view_text("RECYCLEBIN"));
}

static void resolve_table_item(struct translation *t, struct scope *scope, struct from_item *item)
{
    struct relation *r = scope_add(t, scope, item);
    struct with_item *with = item->schema.size || item->link.size ? NULL : find_with(scope, item->name);
    r->kind = RELATION_UNKNOWN;
    if (with) {
        r->kind = RELATION_WITH;
        if (with->resolving) with->recursive = true;
        r->columns = with->query->columns;
        r->column_count = with->query->column_count;
        r->known = with->query->known;
        r->label = r->alias.size ? name_to_target(t, r->alias) : with->label;
        item->with = with;
        return;
    }
    if (item->link.size) {
        finding_refuse(t, item->at, "database link", "a database link leads to another server", "give a translation in the mapping file");
    } else if (is_dual(item)) {
        r->kind = RELATION_DUAL;
        r->columns = translation_alloc(t, sizeof *r->columns);
        r->columns[0] = (struct relation_column){
            .name = view_text("DUMMY"), .target = view_text("dummy"), .typing = typing_of(SQL_VARCHAR, TARGET_TEXT)};
        r->column_count = 1;
        r->known = true;
    } else if ((r->table = resolve_table(t, item->schema, item->name))) {
        r->kind = RELATION_TABLE;
        t->reads_tables = true;
        columns_of_table(t, r);
    } else if (dictionary_view_resolve(t, item, r)) {
        t->reads_tables = true;
    } else if (is_dictionary(item->name) || view_equal(item->schema, view_text("SYS"))) {
        finding_refuse(t, item->at, "dictionary", "a view of the source's dictionary is asked",
                       "it is answered by the source only; after the cut-over use the target's own catalog");
    } else if (t->options->catalog) {
        finding_refuse(t, item->at, "table",
                       translation_printf(t, "table %.*s is not in the catalog", (int)item->name.size, (const char *)item->name.data),
                       "refresh the catalog if it is new");
    } else {
        t->reads_tables = true;
    }
    if (item->unsupported) finding_refuse(t, item->at, "table option", item->unsupported, "give a translation in the mapping file");
    if (!r->known) scope->unknown_relations = true;
    r->label = r->alias.size ? name_to_target(t, r->alias) : r->table ? view_text(r->table->target) : name_to_target(t, item->name);
    if (!item->dml_target && has_namesake(t, r)) {
        r->label = fresh_alias(t);
        r->renamed = true;
    }
}

/* TABLE(f(x)), f(x) and their kind. */
static void resolve_function_item(struct translation *t, struct scope *scope, struct from_item *item)
{
    struct relation *r = scope_add(t, scope, item);
    r->kind = RELATION_FUNCTION;
    scope->unknown_relations = true;
    bool json = item->unsupported && strncmp(item->unsupported, "JSON", 4) == 0;
    finding_refuse(
        t, item->at, "table function", item->unsupported ? item->unsupported : "a table function or collection stands in FROM",
        json ? "read the members with JSON_VALUE where their number is known; else give a translation with json_array_elements in the "
               "mapping file"
             : "give a translation in the mapping file");
    r->label = r->alias.size ? name_to_target(t, r->alias) : fresh_alias(t);
}

static struct relation_column *find_column(struct relation **relations, uint32_t from, uint32_t to, struct view name,
                                           struct relation **owner)
{
    for (uint32_t i = from; i < to; i++)
        for (uint32_t j = 0; j < relations[i]->column_count; j++)
            if (view_equal(relations[i]->columns[j].name, name)) {
                if (owner) *owner = relations[i];
                return &relations[i]->columns[j];
            }
    return NULL;
}

static void merge_columns(struct scope *scope, uint32_t left, uint32_t middle, uint32_t right, struct view name)
{
    struct relation_column *a = find_column(scope->relations, left, middle, name, NULL);
    struct relation_column *b = find_column(scope->relations, middle, right, name, NULL);
    if (a) a->merged = a->used = true;
    if (b) b->merged = b->used = true;
}

static void resolve_join(struct translation *t, struct scope *scope, struct from_item *item)
{
    uint32_t left = scope->relation_count;
    scope->joined = true;
    resolve_from(t, scope, item->left);
    uint32_t middle = scope->relation_count;
    if (item->join == JOIN_CROSS_APPLY || item->join == JOIN_OUTER_APPLY) item->right->lateral = item->right->applied = true;
    resolve_from(t, scope, item->right);
    uint32_t right = scope->relation_count;
    if (item->join == JOIN_LEFT || item->join == JOIN_FULL || item->join == JOIN_OUTER_APPLY)
        for (uint32_t i = middle; i < right; i++) scope->relations[i]->optional = true;
    if (item->join == JOIN_RIGHT || item->join == JOIN_FULL)
        for (uint32_t i = left; i < middle; i++) scope->relations[i]->optional = true;
    if (item->natural) {
        bool known = true;
        for (uint32_t i = left; i < right; i++) known &= scope->relations[i]->known;
        if (!known)
            finding_difference(t, item->at, "natural join", "the columns of a natural join are not known here",
                               "add the tables to the catalog");
        for (uint32_t i = left; i < middle; i++)
            for (uint32_t j = 0; j < scope->relations[i]->column_count; j++) {
                struct view name = scope->relations[i]->columns[j].name;
                if (!find_column(scope->relations, middle, right, name, NULL)) continue;
                LIST_ADD(t, item->using_names, item->using_count, name);
            }
    }
    for (uint32_t i = 0; i < item->using_count; i++) merge_columns(scope, left, middle, right, item->using_names[i]);
    if (item->on) resolve_expression(t, scope, item->on);
}

void resolve_from(struct translation *t, struct scope *scope, struct from_item *item)
{
    struct relation *r;
    switch (item->kind) {
    case FROM_TABLE: resolve_table_item(t, scope, item); return;
    case FROM_FUNCTION:
        if (item->json_table)
            json_table_resolve(t, scope, item);
        else
            resolve_function_item(t, scope, item);
        return;
    case FROM_JOIN: resolve_join(t, scope, item); return;
    case FROM_PIVOT: rewrite_pivot(t, scope, item); return;
    case FROM_ROWS: return;
    case FROM_QUERY:
        resolve_query(t, item->query, item->lateral ? scope : scope->outer);
        r = scope_add(t, scope, item);
        r->kind = RELATION_QUERY;
        columns_of_query(r, item->query);
        if (!r->known) scope->unknown_relations = true;
        r->label = r->alias.size ? name_to_target(t, r->alias) : fresh_alias(t);
        if (item->unsupported) finding_refuse(t, item->at, "table option", item->unsupported, "give a translation in the mapping file");
        return;
    }
}

/* Heading as Oracle makes it from an expression's text: without blanks, upper case outside quotes. */
static struct view heading_of(struct translation *t, const struct expression *e)
{
    if (e->kind == EXPRESSION_NAME || e->kind == EXPRESSION_SEQUENCE) return e->text;
    uint32_t end = e->end > e->at && e->end <= t->text.size ? e->end : e->at;
    uint8_t *out = translation_alloc(t, end - e->at + 1);
    size_t n = 0;
    uint8_t quote = 0;
    for (uint32_t i = e->at; i < end; i++) {
        uint8_t c = t->text.data[i];
        if (quote) {
            if (c == quote) quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
            continue;
        } else if (c >= 'a' && c <= 'z') {
            c = (uint8_t)(c - 32);
        }
        if (c != '"') out[n++] = c;
    }
    return view_of(out, n);
}

static void add_output(struct translation *t, struct query *q, struct relation_column column)
{
    LIST_ADD(t, q->columns, q->column_count, column);
}

/* * and t.*: the columns of the relations, those of JOIN USING first and once. */
static void output_star(struct translation *t, struct query *q, struct scope *scope, struct expression *star)
{
    bool any = false;
    if (!star->qualifier.size) {
        for (uint32_t i = 0; i < scope->relation_count; i++)
            for (uint32_t j = 0; j < scope->relations[i]->column_count; j++) {
                struct relation_column *c = &scope->relations[i]->columns[j];
                struct relation *first = NULL;
                if (!c->merged) continue;
                if (find_column(scope->relations, 0, scope->relation_count, c->name, &first) != c) continue;
                add_output(t, q, (struct relation_column){.name = c->name, .target = c->target, .typing = c->typing});
            }
    }
    for (uint32_t i = 0; i < scope->relation_count; i++) {
        struct relation *r = scope->relations[i];
        if (star->qualifier.size) {
            if (star->relation || !relation_called(scope, r, star->schema, star->qualifier)) continue;
            star->relation = r;
        }
        any = true;
        if (!r->known) q->known = false;
        for (uint32_t j = 0; j < r->column_count; j++) {
            struct relation_column *c = &r->columns[j];
            if (c->merged && !star->qualifier.size) continue;
            struct typing typing = c->typing;
            if (r->optional) typing.nullable = true;
            c->used = true;
            add_output(t, q, (struct relation_column){.name = c->name, .target = c->target, .typing = typing, .source = c->source});
        }
    }
    if (!any && star->qualifier.size)
        finding_refuse(t, star->at, "name",
                       translation_printf(t, "there is no table %.*s here", (int)star->qualifier.size, (const char *)star->qualifier.data),
                       "check the alias");
}

static void resolve_items(struct translation *t, struct select *s, struct query *q, bool first)
{
    for (uint32_t i = 0; i < s->item_count; i++) {
        struct select_item *item = &s->items[i];
        struct expression *e = item->expression;
        if (e->kind == EXPRESSION_STAR) {
            if (first) output_star(t, q, s->scope, e);
            if (!first && e->qualifier.size) {
                struct query ignored = {0};
                output_star(t, &ignored, s->scope, e);
            }
            continue;
        }
        resolve_expression(t, s->scope, e);
        item->heading = item->alias.size ? item->alias : heading_of(t, e);
        if (item->alias.size) item->label = name_to_target(t, item->alias);
        if (expression_has_aggregate(e)) s->aggregated = true;
        if (!first) continue;
        struct view target = item->alias.size             ? item->label
                             : e->kind == EXPRESSION_NAME ? (e->column ? e->column->target : name_to_target(t, e->text))
                                                          : name_to_target(t, translation_lower(t, item->heading));
        add_output(t, q,
                   (struct relation_column){.name = item->heading,
                                            .target = target,
                                            .typing = e->typing,
                                            .expression = e,
                                            .source = e->kind == EXPRESSION_NAME && e->column ? e->column->source : NULL});
    }
}

static void resolve_groups(struct translation *t, struct scope *scope, struct group_item *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].expression) resolve_expression(t, scope, items[i].expression);
        resolve_groups(t, scope, items[i].items, items[i].count);
    }
}

static void resolve_window(struct translation *t, struct scope *scope, struct window *w)
{
    for (uint32_t i = 0; i < w->partition_count; i++) resolve_expression(t, scope, w->partition[i]);
    for (uint32_t i = 0; i < w->order.count; i++) resolve_expression(t, scope, w->order.keys[i].expression);
    if (w->from.offset) resolve_expression(t, scope, w->from.offset);
    if (w->to.offset) resolve_expression(t, scope, w->to.offset);
}

static void mark_supplied(struct translation *t, struct expression **at, void *context)
{
    struct expression *e = *at;
    if (e->kind != EXPRESSION_NAME || !e->outer) return;
    resolve_name(t, context, e);
    if (e->relation) e->relation->optional = true;
}

/* Before anything is typed: columns of tables joined with (+), and of any table under ROLLUP and CUBE, may be NULL. */
static void mark_optional(struct translation *t, struct select *s)
{
    bool plain = true;
    if (s->where && s->where->contains_outer) walk_flat(t, &s->where, mark_supplied, s->scope);
    for (uint32_t i = 0; i < s->group_count; i++) plain &= s->group[i].kind == GROUP_PLAIN;
    for (uint32_t i = 0; !plain && i < s->scope->relation_count; i++) s->scope->relations[i]->optional = true;
}

static void resolve_select(struct translation *t, struct select *s, struct query *q, struct scope *outer, bool first)
{
    struct scope *scope = scope_new(t, outer);
    s->scope = scope;
    scope->select = s;
    scope->query = NULL;
    for (uint32_t i = 0; i < s->from_count; i++) resolve_from(t, scope, s->from[i]);
    scope->hierarchical = s->connect_by != NULL;
    mark_optional(t, s);
    resolve_items(t, s, q, first);
    if (s->where) resolve_expression(t, scope, s->where);
    if (s->start_with) resolve_expression(t, scope, s->start_with);
    if (s->connect_by) resolve_expression(t, scope, s->connect_by);
    resolve_groups(t, scope, s->group, s->group_count);
    if (s->having) resolve_expression(t, scope, s->having);
    for (uint32_t i = 0; i < s->window_count; i++) resolve_window(t, scope, s->windows[i].window);
    if (s->into_count) finding_refuse(t, s->at, "select into", "SELECT INTO belongs to procedural code", "fetch the row instead");
}

static bool is_loose(const struct expression *e)
{
    return e && (e->kind == EXPRESSION_BIND || e->kind == EXPRESSION_NULL);
}

/* Binds that stand in every branch have no type but the one that is wanted of the whole column: they are kept together. */
static void gather_branches(struct translation *t, struct relation_column *column, const struct relation_column *other)
{
    if (is_loose(column->expression)) LIST_ADD(t, column->branches, column->branch_count, column->expression);
    if (column->branch_count && is_loose(other->expression))
        LIST_ADD(t, column->branches, column->branch_count, other->expression);
    else
        column->branch_count = 0;
}

static void widen_columns(struct translation *t, struct query *q, const struct query *other)
{
    for (uint32_t i = 0; i < q->column_count && i < other->column_count; i++) {
        gather_branches(t, &q->columns[i], &other->columns[i]);
        struct typing *a = &q->columns[i].typing;
        const struct typing *b = &other->columns[i].typing;
        if (a->type == SQL_UNKNOWN) *a = *b;
        if (a->target != b->target && type_is_number(a->type)) a->target = TARGET_NUMERIC;
        if (type_is_double(b->type)) a->type = b->type, a->target = TARGET_FLOAT;
        if (a->type == SQL_INTEGER && b->type == SQL_NUMBER) a->type = SQL_NUMBER;
        if (type_is_fixed(a->type) && type_is_text(b->type) && (!type_is_fixed(b->type) || b->length != a->length)) {
            a->type = SQL_VARCHAR;
            if (a->target == TARGET_BPCHAR) a->target = TARGET_TEXT;
        }
        if (a->length < b->length) a->length = b->length;
        a->nullable |= b->nullable;
        q->columns[i].source = NULL;
        q->columns[i].expression = NULL;
    }
}

static void resolve_body(struct translation *t, struct body *body, struct query *q, struct scope *outer, bool first)
{
    switch (body->kind) {
    case BODY_SELECT: resolve_select(t, body->select, q, outer, first); return;
    case BODY_QUERY:
        resolve_query(t, body->query, outer);
        if (first) {
            q->known = body->query->known;
            for (uint32_t i = 0; i < body->query->column_count; i++) add_output(t, q, body->query->columns[i]);
        }
        return;
    case BODY_SET:
        for (uint32_t i = 0; i < body->term_count; i++) {
            struct query branch = {.known = true};
            resolve_body(t, body->terms[i], i == 0 && first ? q : &branch, outer, true);
            if (i > 0) widen_columns(t, q, &branch);
        }
        return;
    }
}

static void resolve_with(struct translation *t, struct query *q, uint32_t index, struct scope *scope)
{
    struct with_item *with = &q->withs[index];
    with->label = name_to_target(t, with->name);
    with->resolving = true;
    struct query *inner = with->query;
    inner->known = true;
    if (with->column_count && inner->body->kind == BODY_SET) { /* a recursive one asks for its columns while it is being resolved */
        for (uint32_t i = 0; i < with->column_count; i++)
            add_output(t, inner, (struct relation_column){.name = with->columns[i], .target = name_to_target(t, with->columns[i])});
    }
    resolve_query(t, inner, scope);
    with->resolving = false;
    for (uint32_t i = 0; i < with->column_count && i < inner->column_count; i++) {
        inner->columns[i].name = with->columns[i];
        inner->columns[i].target = name_to_target(t, with->columns[i]);
    }
    if (with->search)
        add_output(t, inner,
                   (struct relation_column){.name = with->search_set,
                                            .target = name_to_target(t, with->search_set),
                                            .typing = {.type = SQL_NUMBER, .target = TARGET_INTEGER}});
    if (with->cycle)
        add_output(t, inner,
                   (struct relation_column){.name = with->cycle_set,
                                            .target = name_to_target(t, with->cycle_set),
                                            .typing = {.type = SQL_VARCHAR, .target = TARGET_TEXT, .length = 1}});
    if (with->recursive) q->recursive = true;
}

static const struct select *leading_select(const struct body *body)
{
    while (body->kind != BODY_SELECT) body = body->kind == BODY_SET ? body->terms[0] : body->query->body;
    return body->select;
}

static bool is_aggregate_call(const struct expression *e)
{
    bool wrong;
    if (e->kind != EXPRESSION_CALL || e->quoted || e->call->over) return false;
    const struct function_rule *rule = function_find(e->qualifier, e->text, e->argument_count, true, &wrong);
    return rule && (rule->flags & FUNCTION_AGGREGATE);
}

/* ORDER BY: an alias or heading of the select list, a position, or an expression over the tables. */
static void resolve_key(struct translation *t, struct query *q, struct scope *scope, struct expression *e, bool top, bool set,
                        bool aggregated)
{
    struct select *s = (struct select *)leading_select(q->body);
    if (!set && e->kind == EXPRESSION_NAME && !e->qualifier.size && !e->relation) {
        for (uint32_t i = 0; i < s->item_count; i++) {
            struct select_item *item = &s->items[i];
            if (!item->alias.size || !view_equal(item->alias, e->text) || item->expression->kind == EXPRESSION_STAR) continue;
            if (aggregated && expression_has_aggregate(item->expression)) continue; /* SUM(n) AS n .. ORDER BY SUM(n): the column */
            bool plain = top;
            for (uint32_t j = 0; plain && j < i; j++) plain = s->items[j].expression->kind != EXPRESSION_STAR;
            if (plain) {
                e->item = i + 1;
                e->typing = item->expression->typing;
            } else {
                *e = *item->expression;
                e->bracketed = true;
            }
            return;
        }
    }
    if (set) {
        for (uint32_t i = 0; i < q->column_count && e->kind == EXPRESSION_NAME; i++)
            if (view_equal(q->columns[i].name, e->text)) {
                e->item = i + 1;
                e->typing = q->columns[i].typing;
                return;
            }
        resolve_expression(t, NULL, e);
        return;
    }
    for (uint32_t i = 0; i < e->argument_count; i++)
        resolve_key(t, q, scope, e->arguments[i], false, set, aggregated || is_aggregate_call(e));
    resolve_expression(t, scope, e);
}

static void resolve_position(struct translation *t, struct query *q, struct expression *e)
{
    uint64_t position;
    if (e->kind != EXPRESSION_NUMBER || !view_to_u64(e->text, &position)) return;
    if (position >= 1 && position <= q->column_count) {
        e->item = (uint32_t)position;
        e->typing = q->columns[position - 1].typing;
    } else if (q->known) {
        finding_refuse(t, e->at, "order by", "ORDER BY names a column by a position that there is not", "name the column");
    }
}

void resolve_query(struct translation *t, struct query *q, struct scope *outer)
{
    if (q->resolved) return;
    struct scope *scope = scope_new(t, outer);
    scope->query = q;
    bool recursive_head = q->column_count > 0;
    struct relation_column *given = q->columns;
    uint32_t given_count = q->column_count;
    q->known = true;
    for (uint32_t i = 0; i < q->with_count; i++) resolve_with(t, q, i, scope);
    if (recursive_head) { /* types of a recursive query come from its first term */
        struct query head = {.known = true};
        struct body *first = q->body->terms[0];
        resolve_body(t, first, &head, scope, true);
        for (uint32_t i = 0; i < given_count && i < head.column_count; i++) {
            given[i].typing = head.columns[i].typing;
            given[i].typing.nullable = true; /* the other terms may answer NULL */
            if (given[i].typing.target == TARGET_INTEGER) given[i].typing.target = TARGET_NUMERIC;
            if (given[i].typing.target == TARGET_LITERAL || given[i].typing.target == TARGET_BPCHAR) given[i].typing.target = TARGET_TEXT;
            if (type_is_fixed(given[i].typing.type)) given[i].typing.type = SQL_VARCHAR;
        }
        for (uint32_t i = 1; i < q->body->term_count; i++) {
            struct query branch = {.known = true};
            resolve_body(t, q->body->terms[i], &branch, scope, true);
        }
    } else {
        resolve_body(t, q->body, q, scope, true);
    }
    bool set = q->body->kind != BODY_SELECT;
    struct scope *inner = set ? scope : q->body->select->scope;
    for (uint32_t i = 0; i < q->order.count; i++) {
        struct expression *e = q->order.keys[i].expression;
        if (e->kind == EXPRESSION_NUMBER)
            resolve_position(t, q, e);
        else
            resolve_key(t, q, inner, e, true, set, false);
    }
    if (q->offset) resolve_expression(t, inner, q->offset);
    if (q->fetch) resolve_expression(t, inner, q->fetch);
    for (uint32_t i = 0; i < q->lock_of_count; i++) resolve_expression(t, inner, q->lock_of[i]);
    q->resolved = true;
}
