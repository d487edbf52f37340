/* SPDX-License-Identifier: Apache-2.0 */
/* Row sources: tables, views, subqueries and joins of a FROM list; scopes in which names are looked up. */
#include "standin/rewrite_query.h"

#include <stdio.h>

void scope_push(struct rewriter *rw, struct scope *scope)
{
    scope->outer = rw->scope;
    rw->scope = scope;
}
void scope_pop(struct rewriter *rw)
{
    rw->scope = rw->scope->outer;
}

static void scope_add(struct rewriter *rw, struct source *source)
{
    if (rw->scope->source_count == SOURCE_MAX) {
        rewrite_refuse(rw, "more than 64 tables in one FROM");
        return;
    }
    rw->scope->sources[rw->scope->source_count++] = source;
}

/* An inner block's alias must not hide an outer one's in MariaDB's text: both may be needed. */
const char *source_unique_alias(struct rewriter *rw, const char *wanted)
{
    const char *alias = wanted ? wanted : text_format(rw, "$Q%u", ++rw->alias_count);
    for (uint32_t i = 0; i < rw->alias_used_count; i++) {
        if (strcmp(rw->alias_used[i], alias) == 0) {
            alias = text_format(rw, "%s$%u", alias, ++rw->alias_count);
            break;
        }
    }
    if (rw->alias_used_count < 256) rw->alias_used[rw->alias_used_count++] = alias;
    return alias;
}

struct source *source_new(struct rewriter *rw, const char *name, const char *owner, const struct dictionary_object *object)
{
    struct source *source = arena_zero(rw->arena, sizeof *source);
    source->name = name;
    source->owner = owner;
    source->object = object;
    if (!object) return source;
    source->columns = arena_zero(rw->arena, (object->column_count + 1) * sizeof *source->columns);
    for (uint32_t i = 0; i < object->column_count; i++) {
        const struct dictionary_column *column = &object->columns[i];
        if (column->hidden) continue;
        source->columns[source->column_count++] =
            (struct source_column){.name = column->name, .stored = column->name, .type = column->type, .nullable = column->nullable};
    }
    return source;
}

/* The column's name in a derived table: two columns of one name get different ones there. */
static const char *derived_name(const struct query *query, uint32_t index, struct rewriter *rw)
{
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(query->items[i].name, query->items[index].name) == 0) return text_format(rw, "%s$%u", query->items[index].name, index);
    }
    return query->items[index].name;
}

struct source *source_of_query(struct rewriter *rw, const char *name, const struct query *query)
{
    struct source *source = source_new(rw, name, NULL, NULL);
    source->columns = arena_zero(rw->arena, (query->item_count + 1) * sizeof *source->columns);
    for (uint32_t i = 0; i < query->item_count; i++) {
        const struct select_item *item = &query->items[i];
        struct sql_type type = item->value.type;
        if (type.kind == KIND_CHAR && item->value.literal) type.kind = KIND_CHAR;
        source->columns[source->column_count++] = (struct source_column){
            .name = item->name, .stored = derived_name(query, i, rw), .type = type, .nullable = item->value.maybe_null};
    }
    return source;
}

const struct dictionary_object *rewrite_object(struct rewriter *rw, const struct token *at, const char *owner, const char *name)
{
    if (rewrite_failed(rw)) return NULL;
    const struct dictionary_object *object = dictionary_resolve(rw->dictionary, rw->session->schema, owner, name);
    if (!object || (object->kind != OBJECT_TABLE && object->kind != OBJECT_VIEW)) {
        rewrite_fail(rw, 942, at, "table or view does not exist");
        return NULL;
    }
    if (strcmp(object->owner, "SYS") == 0 && strstr(object->name, "_SEQUENCES")) rw->reads_sequences = true;
    rewrite_depends(rw, object);
    return object;
}

void rewrite_depends(struct rewriter *rw, const struct dictionary_object *object)
{
    for (uint32_t i = 0; i < rw->dependency_count; i++) {
        if (rw->dependencies[i] == object) return;
    }
    if (rw->dependency_count < 64) rw->dependencies[rw->dependency_count++] = object;
}

static bool clause_word(const struct rewriter *rw)
{
    static const char *const words[] = {"WHERE",   "GROUP",     "HAVING", "ORDER",     "UNION",  "INTERSECT", "MINUS",  "EXCEPT", "START",
                                        "CONNECT", "FOR",       "FETCH",  "OFFSET",    "JOIN",   "INNER",     "LEFT",   "RIGHT",  "FULL",
                                        "CROSS",   "NATURAL",   "ON",     "USING",     "SET",    "WHEN",      "MODEL",  "PIVOT",  "UNPIVOT",
                                        "SAMPLE",  "PARTITION", "AS",     "RETURNING", "RETURN", "VALUES",    "SELECT", "LOG",    "LOOP"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (rewrite_is(rw, words[i])) return true;
    }
    return false;
}

static const char *optional_alias(struct rewriter *rw)
{
    if (!rewrite_is_name(rw, 0) || (rewrite_peek(rw, 0)->kind == TOKEN_WORD && clause_word(rw))) return NULL;
    return rewrite_take_name(rw);
}

static void refuse_table_options(struct rewriter *rw)
{
    static const struct {
        const char *word, *what;
    } options[] = {{"AS", "flashback queries (AS OF)"},
                   {"VERSIONS", "flashback queries (VERSIONS)"},
                   {"PARTITION", "PARTITION (..) in FROM"},
                   {"SUBPARTITION", "SUBPARTITION (..) in FROM"},
                   {"SAMPLE", "SAMPLE"},
                   {"PIVOT", "PIVOT"},
                   {"UNPIVOT", "UNPIVOT"},
                   {"MODEL", "MODEL"},
                   {"MATCH_RECOGNIZE", "MATCH_RECOGNIZE"}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (rewrite_is(rw, options[i].word)) rewrite_refuse(rw, options[i].what);
    }
}

/* A table of DML: its columns are qualified by schema and table, because MariaDB's DELETE takes no alias. */
struct source *source_table(struct rewriter *rw, bool alias_allowed)
{
    const struct token *at = rewrite_peek(rw, 0);
    const char *owner, *name;
    if (rewrite_is(rw, "(")) rewrite_refuse(rw, "DML on a subquery");
    if (!rewrite_take_qualified(rw, &owner, &name)) return source_new(rw, "", NULL, NULL);
    const struct dictionary_object *object = rewrite_object(rw, at, owner, name);
    if (!object) return source_new(rw, "", NULL, NULL);
    refuse_table_options(rw);
    const char *alias = alias_allowed ? optional_alias(rw) : NULL;
    struct source *source = source_new(rw, alias ? alias : name, alias ? NULL : object->owner, object);
    source->emit = text_table(rw, object->owner, object->name);
    if (rw->alias_used_count < 256) rw->alias_used[rw->alias_used_count++] = object->name;
    return source;
}

static const char *dual_factor(struct rewriter *rw, bool first)
{
    rw->at++;
    const char *alias = optional_alias(rw);
    struct source *source = source_new(rw, alias ? alias : "DUAL", "SYS", NULL);
    source->columns = arena_zero(rw->arena, sizeof *source->columns);
    source->columns[source->column_count++] =
        (struct source_column){.name = "DUMMY", .stored = "DUMMY", .type = sql_type_varchar(1), .nullable = true};
    bool alone = first && !rewrite_is(rw, ",") && !rewrite_is(rw, "JOIN") && !rewrite_is(rw, "INNER") && !rewrite_is(rw, "LEFT") &&
                 !rewrite_is(rw, "CROSS") && !rewrite_is(rw, "RIGHT") && !rewrite_is(rw, "FULL") && !rewrite_is(rw, "NATURAL");
    source->emit = alone ? "" : text_name(rw, source_unique_alias(rw, source->name));
    scope_add(rw, source);
    return alone ? "DUAL" : text_format(rw, "(SELECT 'X' AS `DUMMY`) AS %s", source->emit);
}

static const char *query_factor(struct rewriter *rw)
{
    rw->at++;
    struct scope *inner = rw->scope;
    /* A subquery in FROM does not see its neighbours. */
    rw->scope = inner->outer;
    struct query *query = query_parse_nested(rw);
    rw->scope = inner;
    if (rewrite_failed(rw)) return "";
    refuse_table_options(rw);
    const char *alias = optional_alias(rw);
    struct source *source = source_of_query(rw, alias ? alias : "", query);
    source->emit = text_name(rw, source_unique_alias(rw, alias));
    scope_add(rw, source);
    const char *text = query_text(rw, query, true);
    return text_format(rw, "(%s) AS %s", text, source->emit);
}

static const char *table_factor(struct rewriter *rw, bool first)
{
    if (rewrite_is(rw, "(")) {
        if (rewrite_is_ahead(rw, 1, "SELECT") || rewrite_is_ahead(rw, 1, "WITH") || rewrite_is_ahead(rw, 1, "(")) return query_factor(rw);
        rw->at++;
        const char *inner = source_join(rw, first);
        rewrite_expect(rw, ")");
        return text_format(rw, "(%s)", inner);
    }
    if (rewrite_is(rw, "TABLE") || rewrite_is(rw, "LATERAL") || rewrite_is(rw, "ONLY") || rewrite_is(rw, "XMLTABLE") ||
        rewrite_is(rw, "JSON_TABLE")) {
        rewrite_refuse(rw, "this kind of row source");
        return "";
    }
    if (rewrite_is(rw, "DUAL")) return dual_factor(rw, first);
    const struct token *at = rewrite_peek(rw, 0);
    const char *owner, *name, *text;
    if (!rewrite_take_qualified(rw, &owner, &name)) return "";
    if (owner && strcmp(owner, "SYS") == 0 && strcmp(name, "DUAL") == 0) {
        rw->at--;
        return dual_factor(rw, first);
    }
    const struct common_table *common = owner ? NULL : common_table_find(rw, name);
    const struct dictionary_object *object = common ? NULL : rewrite_object(rw, at, owner, name);
    if (rewrite_failed(rw)) return "";
    refuse_table_options(rw);
    const char *alias = optional_alias(rw);
    struct source *source = common ? source_of_query(rw, alias ? alias : name, common->query)
                                   : source_new(rw, alias ? alias : name, alias ? NULL : object->owner, object);
    source->emit = text_name(rw, source_unique_alias(rw, source->name));
    scope_add(rw, source);
    text = common ? text_name(rw, common->name) : text_table(rw, object->owner, object->name);
    return text_format(rw, "%s AS %s", text, source->emit);
}

static const char *join_condition(struct rewriter *rw, uint32_t left_from, uint32_t left_to)
{
    if (rewrite_take(rw, "ON")) {
        struct expression e = expression_condition(rw);
        return text_format(rw, " ON %s", e.text);
    }
    if (!rewrite_take(rw, "USING")) {
        rewrite_fail(rw, 905, NULL, "missing keyword");
        return "";
    }
    rewrite_expect(rw, "(");
    const char *list = "";
    do {
        const char *column = rewrite_take_name(rw);
        uint32_t sides = 0;
        for (uint32_t i = left_from; i < rw->scope->source_count; i++) {
            struct source *source = rw->scope->sources[i];
            for (uint32_t k = 0; k < source->column_count; k++) {
                if (strcmp(source->columns[k].name, column) != 0) continue;
                sides |= i < left_to ? 1 : 2;
                if (i >= left_to) source->columns[k].merged = true;
            }
        }
        if (sides != 3) rewrite_fail(rw, 904, NULL, "\"%s\": invalid identifier", column);
        list = text_join(rw, list, ", ", text_name(rw, column));
    } while (rewrite_take(rw, ","));
    rewrite_expect(rw, ")");
    return text_format(rw, " USING (%s)", list);
}

const char *source_join(struct rewriter *rw, bool first)
{
    uint32_t from = rw->scope->source_count;
    if (!rewrite_deeper(rw)) return "";
    const char *text = table_factor(rw, first);
    if (from < SOURCE_MAX) rw->scope->factors[from] = text;
    for (;;) {
        bool left = false, right = false, cross = false;
        if (rewrite_take2(rw, "CROSS", "JOIN"))
            cross = true;
        else if (rewrite_take2(rw, "INNER", "JOIN") || rewrite_take(rw, "JOIN"))
            cross = false;
        else if (rewrite_is(rw, "LEFT") || rewrite_is(rw, "RIGHT")) {
            left = rewrite_is(rw, "LEFT");
            right = !left;
            rw->at++;
            rewrite_take(rw, "OUTER");
            rewrite_expect(rw, "JOIN");
        } else {
            if (rewrite_is(rw, "FULL") || rewrite_is(rw, "NATURAL")) rewrite_refuse(rw, "FULL and NATURAL joins");
            if (rewrite_is(rw, "CROSS") || rewrite_is(rw, "OUTER")) rewrite_refuse(rw, "APPLY");
            break;
        }
        uint32_t middle = rw->scope->source_count;
        rw->scope->joined = true;
        const char *other = table_factor(rw, false);
        const char *condition = cross ? "" : join_condition(rw, from, middle);
        for (uint32_t i = from; i < rw->scope->source_count; i++) {
            if (i < middle ? right : left) rw->scope->sources[i]->outer = true;
        }
        text = text_format(rw, "%s %s %s%s", text,
                           cross   ? "CROSS JOIN"
                           : left  ? "LEFT JOIN"
                           : right ? "RIGHT JOIN"
                                   : "INNER JOIN",
                           other, condition);
        if (rewrite_failed(rw)) break;
    }
    rw->depth--;
    return text;
}

const char *source_from(struct rewriter *rw)
{
    const char *text = source_join(rw, true);
    /* CROSS JOIN binds as the comma does here: everything before it is joined already. */
    while (rewrite_take(rw, ",")) text = text_format(rw, "%s CROSS JOIN %s", text, source_join_operand(rw));
    return text;
}

const char *source_join_operand(struct rewriter *rw)
{
    uint32_t before = rw->scope->source_count;
    const char *text = source_join(rw, false);
    return rw->scope->source_count > before + 1 ? text_format(rw, "(%s)", text) : text;
}
