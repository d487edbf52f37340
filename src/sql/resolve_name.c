/* SPDX-License-Identifier: Apache-2.0 */
/* Resolver: what a name means: a column of this query or of one around it, a pseudo column, a function without brackets. */
#include "sql/function.h"
#include "sql/json.h"
#include "sql/name.h"
#include "sql/resolve.h"
#include <stdio.h>

struct scope *scope_new(struct translation *t, struct scope *outer)
{
    struct scope *scope = translation_alloc(t, sizeof *scope);
    scope->outer = outer;
    return scope;
}

static bool is_of_schema(const struct relation *r, struct view schema)
{
    if (r->schema.size) return view_equal(r->schema, schema);
    return r->table && view_equal(view_text(r->table->schema), schema);
}

/* A table of that schema and name, in this query or one around it? Then no other table of that name is meant. */
static bool has_exact(const struct scope *scope, struct view schema, struct view name)
{
    for (; scope; scope = scope->outer)
        for (uint32_t i = 0; i < scope->relation_count; i++) {
            const struct relation *r = scope->relations[i];
            if (!r->alias.size && view_equal(r->name, name) && is_of_schema(r, schema)) return true;
        }
    return false;
}

bool relation_called(const struct scope *scope, const struct relation *r, struct view schema, struct view qualifier)
{
    if (r->alias.size) return schema.size == 0 && view_equal(r->alias, qualifier);
    if (!view_equal(r->name, qualifier)) return false;
    if (schema.size == 0 || is_of_schema(r, schema)) return true;
    return r->schema.size == 0 && !has_exact(scope, schema, qualifier);
}

static struct relation_column *relation_find(struct relation *r, struct view name)
{
    for (uint32_t i = 0; i < r->column_count; i++)
        if (view_equal(r->columns[i].name, name)) return &r->columns[i];
    return NULL;
}

static void bind_column(struct expression *e, struct relation *r, struct relation_column *column)
{
    e->relation = r;
    e->column = column;
    if (!column) return;
    column->used = true;
    e->typing = column->typing;
    if (r->optional) e->typing.nullable = true;
}

static bool maybe_function(const struct expression *e)
{
    bool wrong;
    const struct function_rule *rule = e->quoted ? NULL : function_find(e->qualifier, e->text, 0, false, &wrong);
    return rule && (rule->flags & (FUNCTION_BARE | FUNCTION_ONLY_BARE));
}

/* A table whose columns are not known gets those that are asked for: a place to hold what the statement says of them. */
static struct relation_column *assume_column(struct translation *t, struct relation *r, struct view name)
{
    enum { ASSUMED_MAX = 512 };
    if (r->kind == RELATION_DUAL || view_equal(name, view_text("ROWID")) || view_equal(name, view_text("ORA_ROWSCN"))) return NULL;
    if (r->kind != RELATION_UNKNOWN) return NULL;
    if (!r->columns) r->columns = translation_alloc(t, sizeof *r->columns * ASSUMED_MAX);
    if (r->column_count == ASSUMED_MAX) return NULL;
    struct relation_column *column = &r->columns[r->column_count++];
    *column = (struct relation_column){.name = name, .target = name_to_target(t, name), .typing = typing_of(SQL_UNKNOWN, TARGET_UNKNOWN)};
    return column;
}

/* 1: found; 0: not here; -1: here there may be one that we do not know. */
static int find_in_scope(struct translation *t, struct scope *scope, struct expression *e)
{
    struct relation *found = NULL;
    struct relation_column *column = NULL;
    bool unknown = false;
    for (uint32_t i = 0; i < scope->relation_count; i++) {
        struct relation *r = scope->relations[i];
        if (e->qualifier.size && !relation_called(scope, r, e->schema, e->qualifier)) continue;
        struct relation_column *c = relation_find(r, e->text);
        if (!c && !r->known) {
            unknown = true;
            if (e->qualifier.size || (scope->relation_count == 1 && !maybe_function(e))) {
                bind_column(e, r, assume_column(t, r, e->text));
                return 1;
            }
            found = found ? found : r;
            continue;
        }
        if (!c) {
            if ((e->qualifier.size || scope->relation_count == 1) && view_equal(e->text, view_text("ROWID"))) {
                bind_column(e, r, NULL);
                return 1;
            }
            continue;
        }
        if (column && !e->qualifier.size && !column->merged && !c->merged) {
            finding_refuse(
                t, e->at, "name",
                translation_printf(t, "column %.*s stands in more than one table", (int)e->text.size, (const char *)e->text.data),
                "put the table's alias before it");
            return 1;
        }
        if (column) continue; /* of JOIN USING: the first */
        found = r;
        column = c;
    }
    if (column) {
        bind_column(e, found, column);
        return 1;
    }
    return unknown ? -1 : 0;
}

static bool try_bare_function(struct translation *t, struct expression *e)
{
    bool wrong;
    const struct function_rule *rule = e->quoted ? NULL : function_find(e->qualifier, e->text, 0, false, &wrong);
    if (!rule || !(rule->flags & (FUNCTION_BARE | FUNCTION_ONLY_BARE))) return false;
    e->kind = EXPRESSION_CALL;
    e->call = translation_alloc(t, sizeof *e->call);
    e->rule = rule;
    return true;
}

static bool is_reserved_value(const struct expression *e)
{
    if (e->quoted || e->qualifier.size) return false;
    switch (word_find(e->text)) {
    case WORD_ROWNUM:
    case WORD_LEVEL:
    case WORD_SYSDATE:
    case WORD_USER:
    case WORD_UID: return true;
    default: return false;
    }
}

static const char *name_text(struct translation *t, struct view v)
{
    return translation_printf(t, "%.*s", (int)v.size, (const char *)v.data);
}

/* A name of a query around this one is written with its table, so that no column that only the target has can catch it. */
static void qualify_outer(struct scope *from, struct scope *to, struct expression *e)
{
    bool shadowed = false;
    if (from == to || !e->relation) return;
    for (struct scope *s = from; s != to; s = s->outer) {
        if (s->query) s->query->correlated = true;
        for (uint32_t i = 0; i < s->relation_count; i++) shadowed |= view_equal(s->relations[i]->label, e->relation->label);
    }
    if (!shadowed) e->qualify = true;
}

void resolve_name(struct translation *t, struct scope *scope, struct expression *e)
{
    if (e->relation || e->item) return;
    if (e->link.size) {
        finding_refuse(t, e->at, "database link", "a database link leads to another server", "give a translation in the mapping file");
        return;
    }
    if (is_reserved_value(e) && try_bare_function(t, e)) return;
    bool unknown = false;
    for (struct scope *s = scope; s; s = s->outer) {
        int found = find_in_scope(t, s, e);
        if (found > 0) {
            qualify_outer(scope, s, e);
            return;
        }
        unknown |= found < 0;
    }
    if (try_bare_function(t, e)) return;
    if (unknown) return; /* a column of a table whose columns are not known */
    if (t->options->catalog && !e->qualifier.size &&
        sql_catalog_function(t->options->catalog, t->options->current_schema, NULL, name_text(t, e->text))) {
        e->kind = EXPRESSION_CALL;
        e->call = translation_alloc(t, sizeof *e->call);
        return;
    }
    if (!t->options->catalog && !scope) return;
    const char *reason = e->qualifier.size
                             ? translation_printf(t, "there is no column %.*s.%.*s", (int)e->qualifier.size,
                                                  (const char *)e->qualifier.data, (int)e->text.size, (const char *)e->text.data)
                             : translation_printf(t, "there is no column or function %.*s", (int)e->text.size, (const char *)e->text.data);
    finding_refuse(t, e->at, "name", reason, "refresh the catalog if it is new, or give a translation in the mapping file");
}

const struct sql_table *resolve_table(struct translation *t, struct view schema, struct view name)
{
    if (!t->options->catalog || name.size > 128 || schema.size > 128) return NULL;
    char schema_text[129], table_text[129];
    snprintf(schema_text, sizeof schema_text, VIEW_FORMAT, VIEW_ARGUMENTS(schema));
    snprintf(table_text, sizeof table_text, VIEW_FORMAT, VIEW_ARGUMENTS(name));
    return sql_catalog_table(t->options->catalog, t->options->current_schema, schema.size ? schema_text : NULL, table_text);
}

static void resolve_sequence(struct translation *t, struct expression *e)
{
    char schema[129], name[129];
    t->uses_sequence = true;
    LIST_ADD(t, t->sequences, t->sequence_count, e);
    t->has_side_effect |= view_equal(e->text, view_text("NEXTVAL"));
    t->is_volatile = true;
    if (e->link.size)
        finding_refuse(t, e->at, "database link", "a database link leads to another server", "give a translation in the mapping file");
    if (!t->options->catalog || e->qualifier.size > 128 || e->schema.size > 128) return;
    snprintf(schema, sizeof schema, VIEW_FORMAT, VIEW_ARGUMENTS(e->schema));
    snprintf(name, sizeof name, VIEW_FORMAT, VIEW_ARGUMENTS(e->qualifier));
    e->sequence = sql_catalog_sequence(t->options->catalog, t->options->current_schema, e->schema.size ? schema : NULL, name);
    if (!e->sequence)
        finding_refuse(t, e->at, "sequence", translation_printf(t, "there is no sequence %s", name),
                       "create it on the target and refresh the catalog");
}

static bool is_user_function(struct translation *t, const struct expression *e)
{
    if (!t->options->catalog) return false;
    const char *name = name_text(t, e->text);
    if (e->qualifier.size && sql_catalog_function(t->options->catalog, t->options->current_schema, name_text(t, e->qualifier), name))
        return true;
    if (e->qualifier.size) { /* a packaged function is registered as PACKAGE.NAME */
        const char *packaged = translation_printf(t, "%.*s.%s", (int)e->qualifier.size, (const char *)e->qualifier.data, name);
        return sql_catalog_function(t->options->catalog, t->options->current_schema, e->schema.size ? name_text(t, e->schema) : NULL,
                                    packaged);
    }
    return sql_catalog_function(t->options->catalog, t->options->current_schema, NULL, name);
}

static void resolve_call(struct translation *t, struct expression *e)
{
    bool wrong = false;
    struct view package = e->qualifier;
    if (view_equal(package, view_text("SYS")) || view_equal(package, view_text("STANDARD"))) package = view_of(NULL, 0);
    if (e->link.size)
        finding_refuse(t, e->at, "database link", "a database link leads to another server", "give a translation in the mapping file");
    if (!e->rule && !e->quoted) {
        uint32_t count = e->argument_count + (e->call->star ? 1 : 0);
        e->rule = function_find(package, e->text, count, e->call->brackets, &wrong);
    }
    if (e->rule) {
        if (e->rule->flags & FUNCTION_VOLATILE) t->is_volatile = true;
        if (e->rule->flags & FUNCTION_EFFECT) t->has_side_effect = true;
        return;
    }
    const char *name = e->qualifier.size ? translation_printf(t, "%.*s.%.*s", (int)e->qualifier.size, (const char *)e->qualifier.data,
                                                              (int)e->text.size, (const char *)e->text.data)
                                         : name_text(t, e->text);
    if (wrong) {
        finding_refuse(t, e->at, "function", translation_printf(t, "%s is not known with %u arguments", name, (unsigned)e->argument_count),
                       "check the call, or give a translation in the mapping file");
    } else if (is_user_function(t, e)) {
        t->calls_unknown = t->passed = true;
    } else {
        finding_refuse(t, e->at, "function", translation_printf(t, "function %s is not known", name),
                       "create it on the target and list it in the catalog, or give a translation in the mapping file");
    }
}

struct resolve_context {
    struct scope *scope;
};

static void resolve_part(struct translation *t, struct expression **at, void *context)
{
    resolve_expression(t, ((struct resolve_context *)context)->scope, *at);
}

void resolve_expression(struct translation *t, struct scope *scope, struct expression *e)
{
    struct resolve_context context = {scope};
    if (e->kind == EXPRESSION_NAME) resolve_name(t, scope, e);
    if (e->call && e->call->json && e->call->json->all_columns) json_expand_columns(t, scope, e);
    expression_parts(t, e, resolve_part, &context);
    if (e->query) resolve_query(t, e->query, scope);
    if (e->kind == EXPRESSION_SEQUENCE) resolve_sequence(t, e);
    if (e->kind == EXPRESSION_CALL) resolve_call(t, e);
    type_expression(t, e);
}

static void visit_sort(struct translation *t, struct sort_list *list, expression_visit *visit, void *context)
{
    for (uint32_t i = 0; i < list->count; i++) visit(t, &list->keys[i].expression, context);
}

void expression_parts(struct translation *t, struct expression *e, expression_visit *visit, void *context)
{
    for (uint32_t i = 0; i < e->argument_count; i++) visit(t, &e->arguments[i], context);
    if (!e->call) return;
    visit_sort(t, &e->call->order, visit, context);
    if (e->call->fallback) visit(t, &e->call->fallback, context);
    if (e->call->overflow) visit(t, &e->call->overflow, context);
    struct window *w = e->call->over;
    if (!w) return;
    for (uint32_t i = 0; i < w->partition_count; i++) visit(t, &w->partition[i], context);
    visit_sort(t, &w->order, visit, context);
    if (w->from.offset) visit(t, &w->from.offset, context);
    if (w->to.offset) visit(t, &w->to.offset, context);
}

bool expression_has_aggregate(const struct expression *e)
{
    if (e->kind == EXPRESSION_CALL && e->rule && (e->rule->flags & FUNCTION_AGGREGATE) && !e->call->over) return true;
    for (uint32_t i = 0; i < e->argument_count; i++)
        if (expression_has_aggregate(e->arguments[i])) return true;
    if (!e->call) return false;
    for (uint32_t i = 0; i < e->call->order.count; i++)
        if (!e->call->within && !e->call->keep && expression_has_aggregate(e->call->order.keys[i].expression)) return true;
    const struct window *w = e->call->over;
    if (!w) return false;
    for (uint32_t i = 0; i < w->partition_count; i++)
        if (expression_has_aggregate(w->partition[i])) return true;
    for (uint32_t i = 0; i < w->order.count; i++)
        if (expression_has_aggregate(w->order.keys[i].expression)) return true;
    return false;
}
