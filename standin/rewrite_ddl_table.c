/* SPDX-License-Identifier: Apache-2.0 */
/* Columns and constraints as CREATE TABLE and ALTER TABLE declare them, and their text in MariaDB. */
#include "standin/rewrite_ddl.h"
#include "standin/rewrite_dml.h"

#include <stdio.h>
#include <stdlib.h>

enum { VARCHAR_IN_ROW_MAX = 500 };

void ddl_table_init(struct rewriter *rw, struct ddl_table *table, const char *owner, const char *name,
                    const struct dictionary_object *existing)
{
    *table = (struct ddl_table){.owner = owner, .name = name, .existing = existing};
    table->columns = arena_zero(rw->arena, DDL_COLUMN_MAX * sizeof *table->columns);
    table->constraints = arena_zero(rw->arena, DDL_CONSTRAINT_MAX * sizeof *table->constraints);
    table->source = arena_zero(rw->arena, sizeof *table->source);
    table->source->name = name;
    table->source->columns = arena_zero(rw->arena, 2 * DDL_COLUMN_MAX * sizeof *table->source->columns);
    for (uint32_t i = 0; existing && i < existing->column_count && i < DDL_COLUMN_MAX; i++) {
        const struct dictionary_column *c = &existing->columns[i];
        table->source->columns[table->source->column_count++] =
            (struct source_column){.name = c->name, .stored = c->name, .type = c->type, .nullable = c->nullable};
    }
}

static struct ddl_constraint *constraint_new(struct rewriter *rw, struct ddl_table *table, char type, const char *name)
{
    if (table->constraint_count == DDL_CONSTRAINT_MAX) {
        rewrite_refuse(rw, "more than 200 constraints in one statement");
        return &table->constraints[0];
    }
    struct ddl_constraint *c = &table->constraints[table->constraint_count++];
    c->type = type;
    c->name = name;
    if (!name) {
        uint32_t number = dictionary_next_number(rw->dictionary);
        c->name = text_format(rw, "SYS_C%07u", number);
        c->generated = true;
        ddl_number_step(rw, number);
    } else if (dictionary_constraint_find(rw->dictionary, table->owner, name)) {
        rewrite_fail(rw, 2264, NULL, "name already used by an existing constraint");
    }
    return c;
}

static void column_list(struct rewriter *rw, const char **columns, uint32_t *count)
{
    rewrite_expect(rw, "(");
    do {
        if (*count == 32) rewrite_fail(rw, 1793, NULL, "maximum number of index columns is 32");
        if (rewrite_failed(rw)) return;
        columns[(*count)++] = rewrite_take_name(rw);
    } while (rewrite_take(rw, ","));
    rewrite_expect(rw, ")");
}

static void check_condition(struct rewriter *rw, struct ddl_table *table, struct ddl_constraint *c)
{
    rewrite_expect(rw, "(");
    uint32_t from = rw->at;
    struct scope scope = {0};
    scope.sources[scope.source_count++] = table->source;
    scope_push(rw, &scope);
    enum rewrite_place place = rw->place;
    rw->place = PLACE_DDL;
    struct expression e = expression_condition(rw);
    rw->place = place;
    scope_pop(rw);
    c->condition = rewrite_source_text(rw, from, rw->at);
    c->condition_stored = e.text;
    for (uint32_t i = from; i < rw->at && i < rw->list.count; i++) {
        const struct token *t = &rw->list.tokens[i];
        bool known = false;
        for (uint32_t k = 0; k < table->source->column_count && (t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED); k++)
            known |= strcmp(table->source->columns[k].name, t->text) == 0;
        for (uint32_t k = 0; k < c->column_count; k++) known &= strcmp(c->columns[k], t->text) != 0;
        if (known && c->column_count < 32) c->columns[c->column_count++] = t->text;
    }
    rewrite_expect(rw, ")");
}

struct unique_search {
    const struct ddl_constraint *wanted;
    const char *found;
};

static void match_unique(void *context, const struct dictionary_constraint *key)
{
    struct unique_search *search = context;
    const struct ddl_constraint *c = search->wanted;
    bool same = key->type == 'U' && key->column_count == c->referenced_count && strcmp(key->table, c->referenced->name) == 0 &&
                strcmp(key->owner, c->referenced->owner) == 0;
    for (uint32_t i = 0; same && i < key->column_count; i++) same = strcmp(key->columns[i], c->referenced_columns[i]) == 0;
    if (same) search->found = key->name;
}

static const char *unique_key_of(struct rewriter *rw, const struct ddl_constraint *c)
{
    struct unique_search search = {.wanted = c};
    dictionary_constraints_each(rw->dictionary, match_unique, &search);
    if (!search.found) rewrite_fail(rw, 2270, NULL, "no matching unique or primary key for this column-list");
    return search.found ? text_format(rw, "%s", search.found) : NULL;
}

static void references(struct rewriter *rw, struct ddl_table *table, struct ddl_constraint *c)
{
    const struct token *at = rewrite_peek(rw, 0);
    const char *owner, *name;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    bool self = (!owner || strcmp(owner, table->owner) == 0) && strcmp(name, table->name) == 0 && !table->existing;
    c->referenced = self ? NULL : rewrite_object(rw, at, owner, name);
    if (rewrite_is(rw, "(")) column_list(rw, c->referenced_columns, &c->referenced_count);
    if (c->referenced && !rewrite_failed(rw)) {
        const struct dictionary_constraint *key = dictionary_constraint_of(rw->dictionary, c->referenced->owner, c->referenced->name, 'P');
        if (key && (c->referenced_count == 0 ||
                    (c->referenced_count == key->column_count && strcmp(c->referenced_columns[0], key->columns[0]) == 0))) {
            if (c->referenced_count == 0) {
                for (uint32_t i = 0; i < key->column_count; i++) c->referenced_columns[c->referenced_count++] = key->columns[i];
            }
            c->referenced_constraint = key->name;
        } else if (c->referenced_count) {
            c->referenced_constraint = unique_key_of(rw, c);
        } else {
            rewrite_fail(rw, 2268, at, "referenced table does not have a primary key");
        }
    }
    if (rewrite_take2(rw, "ON", "DELETE")) {
        if (rewrite_take(rw, "CASCADE"))
            c->delete_rule = "CASCADE";
        else if (rewrite_take2(rw, "SET", "NULL"))
            c->delete_rule = "SET NULL";
        else
            rewrite_expect(rw, "CASCADE");
    }
}

static void constraint_state(struct rewriter *rw)
{
    static const char *const accepted[] = {"ENABLE", "VALIDATE", "NORELY", "RELY"};
    for (;;) {
        bool found = false;
        for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) found |= rewrite_take(rw, accepted[i]);
        if (rewrite_take2(rw, "NOT", "DEFERRABLE") || rewrite_take2(rw, "INITIALLY", "IMMEDIATE")) found = true;
        if (rewrite_is(rw, "DEFERRABLE") || rewrite_is(rw, "INITIALLY")) rewrite_refuse(rw, "deferrable constraints");
        if (rewrite_is(rw, "DISABLE") || rewrite_is(rw, "NOVALIDATE")) rewrite_refuse(rw, "disabled constraints");
        if (rewrite_take2(rw, "USING", "INDEX")) {
            found = true;
            if (rewrite_is(rw, "("))
                rw->at = rewrite_match_parenthesis(rw, rw->at) + 1;
            else if (!rewrite_is(rw, "TABLESPACE") && rewrite_is_name(rw, 0) && !rewrite_is(rw, "ENABLE"))
                rewrite_take_name(rw);
            ddl_skip_storage(rw);
        }
        if (!found) return;
    }
}

bool ddl_parse_constraint(struct rewriter *rw, struct ddl_table *table)
{
    const char *name = NULL;
    if (rewrite_take(rw, "CONSTRAINT"))
        name = rewrite_take_name(rw);
    else if (!rewrite_is(rw, "PRIMARY") && !rewrite_is(rw, "UNIQUE") && !rewrite_is(rw, "FOREIGN") &&
             !(rewrite_is(rw, "CHECK") && rewrite_is_ahead(rw, 1, "(")))
        return false;
    if (rewrite_take2(rw, "PRIMARY", "KEY")) {
        struct ddl_constraint *c = constraint_new(rw, table, 'P', name);
        column_list(rw, c->columns, &c->column_count);
    } else if (rewrite_take(rw, "UNIQUE")) {
        struct ddl_constraint *c = constraint_new(rw, table, 'U', name);
        column_list(rw, c->columns, &c->column_count);
    } else if (rewrite_take2(rw, "FOREIGN", "KEY")) {
        struct ddl_constraint *c = constraint_new(rw, table, 'R', name);
        column_list(rw, c->columns, &c->column_count);
        rewrite_expect(rw, "REFERENCES");
        references(rw, table, c);
    } else if (rewrite_take(rw, "CHECK")) {
        check_condition(rw, table, constraint_new(rw, table, 'C', name));
    } else {
        rewrite_fail(rw, 904, NULL, "invalid identifier");
    }
    constraint_state(rw);
    return true;
}

static void default_clause(struct rewriter *rw, struct ddl_column *column)
{
    bool on_null = rewrite_take2(rw, "ON", "NULL");
    uint32_t from = rw->at;
    enum rewrite_place place = rw->place;
    rw->place = PLACE_DDL;
    struct scope scope = {0};
    scope_push(rw, &scope);
    struct expression e = expression_value(rw);
    scope_pop(rw);
    rw->place = place;
    column->default_text = rewrite_source_text(rw, from, rw->at);
    if (rewrite_failed(rw)) return;
    if (column->type.kind == KIND_CLOB || column->type.kind == KIND_BLOB)
        column->default_stored = e.text;
    else
        column->default_stored = expression_as(rw, &e, &column->type);
    if (on_null) {
        column->generated = COLUMN_DEFAULT_ON_NULL;
        column->not_null = true;
    }
}

static void generated_clause(struct rewriter *rw, struct ddl_table *table, struct ddl_column *column)
{
    bool always = rewrite_take(rw, "ALWAYS"), on_null = false;
    if (!always) {
        rewrite_expect(rw, "BY");
        rewrite_expect(rw, "DEFAULT");
        on_null = rewrite_take2(rw, "ON", "NULL");
    }
    rewrite_expect(rw, "AS");
    if (rewrite_take(rw, "IDENTITY")) {
        column->generated = always ? COLUMN_IDENTITY_ALWAYS : on_null ? COLUMN_IDENTITY_ON_NULL : COLUMN_IDENTITY;
        column->not_null = true;
        ddl_identity(rw, table, column);
        return;
    }
    rewrite_expect(rw, "(");
    uint32_t from = rw->at;
    struct scope scope = {0};
    scope.sources[scope.source_count++] = table->source;
    scope_push(rw, &scope);
    enum rewrite_place place = rw->place;
    rw->place = PLACE_DDL;
    struct expression e = expression_value(rw);
    rw->place = place;
    scope_pop(rw);
    column->default_text = rewrite_source_text(rw, from, rw->at);
    rewrite_expect(rw, ")");
    rewrite_take(rw, "VIRTUAL");
    column->computed = true;
    if (column->type.kind == KIND_UNKNOWN) column->type = e.type;
    if (!rewrite_failed(rw)) column->computed_text = expression_as(rw, &e, &column->type);
}

static void column_constraint(struct rewriter *rw, struct ddl_table *table, struct ddl_column *column, const char *name)
{
    if (rewrite_take2(rw, "NOT", "NULL")) {
        column->not_null = true;
        struct ddl_constraint *c = constraint_new(rw, table, 'N', name);
        c->columns[c->column_count++] = column->name;
    } else if (rewrite_take(rw, "NULL")) {
        column->not_null = false;
    } else if (rewrite_take2(rw, "PRIMARY", "KEY")) {
        struct ddl_constraint *c = constraint_new(rw, table, 'P', name);
        c->columns[c->column_count++] = column->name;
    } else if (rewrite_take(rw, "UNIQUE")) {
        struct ddl_constraint *c = constraint_new(rw, table, 'U', name);
        c->columns[c->column_count++] = column->name;
    } else if (rewrite_take(rw, "REFERENCES")) {
        struct ddl_constraint *c = constraint_new(rw, table, 'R', name);
        c->columns[c->column_count++] = column->name;
        references(rw, table, c);
    } else if (rewrite_take(rw, "CHECK")) {
        check_condition(rw, table, constraint_new(rw, table, 'C', name));
    } else {
        rewrite_fail(rw, 907, NULL, "missing right parenthesis");
    }
    constraint_state(rw);
}

void ddl_parse_column(struct rewriter *rw, struct ddl_table *table)
{
    if (table->column_count == DDL_COLUMN_MAX) {
        rewrite_fail(rw, 1792, NULL, "maximum number of columns in a table or view is 1000");
        return;
    }
    struct ddl_column *column = &table->columns[table->column_count++];
    const struct token *at = rewrite_peek(rw, 0);
    column->name = rewrite_take_name(rw);
    for (uint32_t i = 0; i < table->source->column_count; i++) {
        if (strcmp(table->source->columns[i].name, column->name) == 0)
            rewrite_fail(rw, table->existing ? 1430 : 957, at,
                         table->existing ? "column being added already exists in table" : "duplicate column name");
    }
    bool typed = !rewrite_is(rw, "GENERATED") && !rewrite_is(rw, "AS");
    column->type = typed ? sql_type_parse(rw) : sql_type_of(KIND_UNKNOWN);
    for (;;) {
        if (rewrite_failed(rw)) return;
        if (rewrite_take(rw, "DEFAULT"))
            default_clause(rw, column);
        else if (rewrite_take(rw, "GENERATED"))
            generated_clause(rw, table, column);
        else if (rewrite_is(rw, "AS") && rewrite_is_ahead(rw, 1, "("))
            generated_clause(rw, table, column);
        else if (rewrite_take(rw, "INVISIBLE"))
            rewrite_refuse(rw, "invisible columns");
        else if (rewrite_take(rw, "VISIBLE") || rewrite_take(rw, "SORT"))
            continue;
        else if (rewrite_is(rw, "ENCRYPT") || rewrite_is(rw, "COLLATE"))
            rewrite_refuse(rw, "ENCRYPT and COLLATE");
        else
            break;
    }
    /* Known before its constraints: a check may name it. */
    table->source->columns[table->source->column_count++] =
        (struct source_column){.name = column->name, .stored = column->name, .type = column->type, .nullable = true};
    while (!rewrite_failed(rw) && !rewrite_is(rw, ",") && !rewrite_is(rw, ")") && !rewrite_at_end(rw)) {
        const char *name = rewrite_take(rw, "CONSTRAINT") ? rewrite_take_name(rw) : NULL;
        if (!name && rewrite_take(rw, "DEFAULT"))
            default_clause(rw, column);
        else
            column_constraint(rw, table, column, name);
    }
}

/* ---- text ---- */

const char *ddl_length_check(struct rewriter *rw, const struct ddl_column *column)
{
    const struct sql_type *t = &column->type;
    bool text = t->kind == KIND_VARCHAR || t->kind == KIND_CHAR;
    if (!text || column->computed) return NULL;
    bool bytes = !t->characters && !t->national;
    if (!bytes && t->length <= VARCHAR_IN_ROW_MAX) return NULL;
    return text_format(rw, "CONSTRAINT %s CHECK (%s(%s) <= %u)", text_name(rw, text_format(rw, "SYS$L_%.57s", column->name)),
                       bytes ? "OCTET_LENGTH" : "CHAR_LENGTH", text_name(rw, column->name), t->length);
}

const char *ddl_column_text(struct rewriter *rw, const struct ddl_table *table, const struct ddl_column *column)
{
    const char *storage = "", *why = NULL;
    (void)table;
    if (!sql_type_storage(rw->arena, &column->type, &storage, &why)) {
        rewrite_refuse(rw, why);
        return "";
    }
    const char *text = text_format(rw, "%s %s", text_name(rw, column->name), storage);
    if (column->computed) return text_format(rw, "%s GENERATED ALWAYS AS (%s) VIRTUAL", text, column->computed_text);
    if (column->default_stored && !column_draws(column->default_stored))
        text = text_format(rw, "%s DEFAULT (%s)", text, column->default_stored);
    return text_format(rw, "%s%s", text, column->not_null || column->primary ? " NOT NULL" : " NULL");
}

const char *ddl_stored_name(struct rewriter *rw, const struct ddl_constraint *constraint)
{
    (void)rw;
    return constraint->type == 'P' ? "PRIMARY" : constraint->name;
}

static const char *name_list(struct rewriter *rw, const char *const *names, uint32_t count)
{
    const char *list = "";
    for (uint32_t i = 0; i < count; i++) list = text_join(rw, list, ", ", text_name(rw, names[i]));
    return list;
}

static bool column_nullable(const struct ddl_table *table, const char *name)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0) return !table->columns[i].not_null && !table->columns[i].primary;
    }
    const struct dictionary_column *c = table->existing ? dictionary_column_find(table->existing, name) : NULL;
    return c && c->nullable;
}

const char *ddl_constraint_text(struct rewriter *rw, const struct ddl_table *table, const struct ddl_constraint *c)
{
    const char *list = name_list(rw, c->columns, c->column_count);
    if (c->type == 'P') return text_format(rw, "PRIMARY KEY (%s)", list);
    if (c->type == 'U') {
        /* A key that is NULL in part still has to be unique in its rest: MariaDB lets such rows in. */
        for (uint32_t i = 0; c->column_count > 1 && i < c->column_count; i++) {
            if (column_nullable(table, c->columns[i])) rewrite_refuse(rw, "unique keys of several columns with a nullable one");
        }
        return text_format(rw, "UNIQUE KEY %s (%s)", text_name(rw, c->name), list);
    }
    if (c->type == 'C') return text_format(rw, "CONSTRAINT %s CHECK (%s)", text_name(rw, c->name), c->condition_stored);
    if (c->type != 'R') return NULL;
    const char *owner = c->referenced ? c->referenced->owner : table->owner, *name = c->referenced ? c->referenced->name : table->name;
    const char *rule = c->delete_rule ? text_format(rw, " ON DELETE %s", c->delete_rule) : "";
    struct ddl_constraint self = *c;
    if (!c->referenced && c->referenced_count == 0) {
        for (uint32_t i = 0; i < table->constraint_count; i++) {
            if (table->constraints[i].type != 'P') continue;
            memcpy(self.referenced_columns, table->constraints[i].columns, sizeof self.referenced_columns);
            self.referenced_count = table->constraints[i].column_count;
        }
    }
    return text_format(rw, "CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)%s", text_name(rw, c->name), list, text_table(rw, owner, name),
                       name_list(rw, self.referenced_columns, self.referenced_count), rule);
}
