/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE TABLE, VIEW, INDEX, SEQUENCE, SYNONYM. */
#include "standin/rewrite_ddl.h"
#include "standin/rewrite_program.h"
#include "standin/rewrite_query.h"

#include <stdlib.h>

/* Clauses that say where and how things are kept: no part of what they mean. */
void ddl_skip_storage(struct rewriter *rw)
{
    static const struct {
        const char *word;
        int values;
    } clauses[] = {{"TABLESPACE", 1}, {"PCTFREE", 1},   {"PCTUSED", 1},    {"INITRANS", 1},        {"MAXTRANS", 1},
                   {"LOGGING", 0},    {"NOLOGGING", 0}, {"COMPRESS", 0},   {"NOCOMPRESS", 0},      {"CACHE", 0},
                   {"NOCACHE", 0},    {"PARALLEL", 0},  {"NOPARALLEL", 0}, {"MONITORING", 0},      {"NOMONITORING", 0},
                   {"ONLINE", 0},     {"REVERSE", 0},   {"COMPUTE", 1},    {"ROWDEPENDENCIES", 0}, {"NOROWDEPENDENCIES", 0}};
    for (bool more = true; more && !rewrite_failed(rw);) {
        more = false;
        for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++) {
            if (!rewrite_take(rw, clauses[i].word)) continue;
            more = true;
            rw->at += (uint32_t)clauses[i].values;
            if (rewrite_peek(rw, 0)->kind == TOKEN_NUMBER) rw->at++;
        }
        if (rewrite_take(rw, "STORAGE")) {
            more = true;
            rw->at = rewrite_match_parenthesis(rw, rw->at) + 1;
        }
        if (rewrite_take2(rw, "SEGMENT", "CREATION")) {
            more = true;
            rw->at++;
        }
        if (rewrite_take2(rw, "ROW", "STORE") || rewrite_take2(rw, "ENABLE", "ROW") || rewrite_take2(rw, "DISABLE", "ROW")) {
            more = true;
            while (!rewrite_at_end(rw) && !rewrite_is(rw, ")")) rw->at++;
        }
        if (rewrite_is(rw, "LOB") && rewrite_is_ahead(rw, 1, "(")) {
            more = true;
            rw->at = rewrite_match_parenthesis(rw, rw->at + 1) + 1;
            while (!rewrite_at_end(rw) && !rewrite_is(rw, "(")) rw->at++;
            rw->at = rewrite_match_parenthesis(rw, rw->at) + 1;
        }
    }
}

/* ---- tables ---- */

void ddl_identity(struct rewriter *rw, struct ddl_table *table, struct ddl_column *column)
{
    uint32_t number = dictionary_next_number(rw->dictionary);
    const char *name = text_format(rw, "ISEQ$$_%u", number);
    long long start = 1, step = 1, cache = 20;
    if (rewrite_take(rw, "(")) {
        while (!rewrite_take(rw, ")") && !rewrite_at_end(rw)) {
            if (rewrite_take2(rw, "START", "WITH"))
                start = atoll(rewrite_peek(rw, 0)->text);
            else if (rewrite_take2(rw, "INCREMENT", "BY"))
                step = atoll(rewrite_peek(rw, 0)->text);
            else if (rewrite_take(rw, "CACHE"))
                cache = atoll(rewrite_peek(rw, 0)->text);
            rw->at++;
        }
    }
    ddl_number_step(rw, number);
    rewrite_step(rw, text_format(rw, "CREATE SEQUENCE %s START WITH %lld INCREMENT BY %lld CACHE %lld", text_table(rw, table->owner, name),
                                 start, step, cache));
    rewrite_step(
        rw,
        text_format(rw, "INSERT INTO `SYS`.`STANDIN$SEQUENCE` VALUES (%s, %s, 1, 9999999999999999999999999999, %lld, 'N', 'N', %lld, %lld)",
                    text_string(rw, table->owner), text_string(rw, name), step, cache, start));
    ddl_object_steps(rw, table->owner, name, "SEQUENCE");
    column->default_text = text_format(rw, "\"%s\".\"%s\".nextval", table->owner, name);
    column->default_stored = text_format(rw, "NEXTVAL(%s)", text_table(rw, table->owner, name));
}

static void mark_primary(struct ddl_table *table)
{
    for (uint32_t i = 0; i < table->constraint_count; i++) {
        const struct ddl_constraint *c = &table->constraints[i];
        for (uint32_t k = 0; c->type == 'P' && k < c->column_count; k++) {
            for (uint32_t n = 0; n < table->column_count; n++) {
                if (strcmp(table->columns[n].name, c->columns[k]) == 0) table->columns[n].primary = true;
            }
        }
    }
}

static void table_steps(struct rewriter *rw, struct ddl_table *table, const char *query)
{
    const char *parts = "";
    mark_primary(table);
    for (uint32_t i = 0; i < table->column_count; i++) {
        parts = text_join(rw, parts, ",\n", ddl_column_text(rw, table, &table->columns[i]));
        const char *check = ddl_length_check(rw, &table->columns[i]);
        if (check) parts = text_join(rw, parts, ",\n", check);
    }
    bool keyed = false;
    for (uint32_t i = 0; i < table->constraint_count; i++) {
        const char *text = ddl_constraint_text(rw, table, &table->constraints[i]);
        keyed |= table->constraints[i].type == 'P';
        if (text) parts = text_join(rw, parts, ",\n", text);
    }
    /* The row number behind ROWID. */
    parts = text_format(rw, "%s,\n`ROWID$` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT INVISIBLE, %s (`ROWID$`)", parts,
                        keyed ? "UNIQUE KEY `ROWID$`" : "PRIMARY KEY");
    rewrite_step(rw, text_format(rw, "CREATE TABLE %s (%s) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin%s%s",
                                 text_table(rw, table->owner, table->name), parts, *query ? " AS " : "", query));
    ddl_object_steps(rw, table->owner, table->name, "TABLE");
    for (uint32_t i = 0; i < table->column_count; i++) ddl_column_step(rw, table->owner, table->name, "TABLE", &table->columns[i], i + 1);
    for (uint32_t i = 0; i < table->constraint_count; i++) {
        struct ddl_constraint *c = &table->constraints[i];
        for (uint32_t k = 0; c->type == 'R' && !c->referenced_constraint && k < table->constraint_count; k++) {
            if (table->constraints[k].type == 'P' && !c->referenced) c->referenced_constraint = table->constraints[k].name;
        }
        ddl_constraint_steps(rw, table->owner, table->name, c);
    }
}

static const char *table_query(struct rewriter *rw, struct ddl_table *table)
{
    enum rewrite_place place = rw->place;
    rw->place = PLACE_DDL;
    struct query *query = query_parse(rw);
    rw->place = place;
    if (rewrite_failed(rw)) return "";
    if (table->column_count) rewrite_refuse(rw, "CREATE TABLE (columns) AS SELECT");
    for (uint32_t i = 0; i < query->item_count && i < DDL_COLUMN_MAX; i++) {
        const struct select_item *item = &query->items[i];
        struct sql_type type = item->value.type;
        if (type.kind == KIND_UNKNOWN) rewrite_fail(rw, 1723, NULL, "zero-length columns are not allowed");
        if (item->value.literal && type.kind == KIND_CHAR) type.length = type.length ? type.length : 1;
        table->columns[table->column_count++] =
            (struct ddl_column){.name = item->name, .type = type, .not_null = !item->value.maybe_null && item->value.column};
    }
    return query->text;
}

static void create_table(struct rewriter *rw)
{
    const char *owner, *name, *query = "";
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    if (!owner) owner = rw->session->schema;
    if (!ddl_name_free(rw, owner, name)) return;
    struct ddl_table table;
    ddl_table_init(rw, &table, owner, name, NULL);
    if (rewrite_take(rw, "(")) {
        do {
            if (!ddl_parse_constraint(rw, &table)) ddl_parse_column(rw, &table);
        } while (rewrite_take(rw, ","));
        rewrite_expect(rw, ")");
    } else if (!rewrite_is(rw, "AS")) {
        rewrite_fail(rw, 906, NULL, "missing left parenthesis");
    }
    ddl_skip_storage(rw);
    if (rewrite_take2(rw, "ORGANIZATION", "INDEX") || rewrite_take2(rw, "ORGANIZATION", "HEAP")) ddl_skip_storage(rw);
    if (rewrite_is(rw, "PARTITION")) rewrite_refuse(rw, "partitioned tables");
    if (rewrite_take(rw, "AS")) query = table_query(rw, &table);
    rewrite_expect_end(rw);
    if (rewrite_failed(rw)) return;
    table_steps(rw, &table, query);
    rw->plan->command = 1;
}

/* ---- views ---- */

static void create_view(struct rewriter *rw, bool replace)
{
    const char *owner, *name;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    if (!owner) owner = rw->session->schema;
    const struct dictionary_object *existing = dictionary_find(rw->dictionary, owner, name);
    if (existing && (!replace || existing->kind != OBJECT_VIEW)) rewrite_fail(rw, 955, NULL, "name is already used by an existing object");
    const char *aliases[1000];
    uint32_t alias_count = 0;
    if (rewrite_take(rw, "(")) {
        do {
            if (alias_count < 1000) aliases[alias_count++] = rewrite_take_name(rw);
        } while (rewrite_take(rw, ","));
        rewrite_expect(rw, ")");
    }
    rewrite_expect(rw, "AS");
    uint32_t from = rw->at;
    rw->place = PLACE_VIEW;
    struct query *query = query_parse(rw);
    const char *source = rewrite_source_text(rw, from, rw->at), *check = "";
    if (rewrite_take(rw, "WITH")) {
        if (rewrite_take(rw, "READ"))
            rewrite_expect(rw, "ONLY");
        else if (rewrite_take2(rw, "CHECK", "OPTION"))
            check = " WITH CHECK OPTION";
        if (rewrite_take(rw, "CONSTRAINT")) rewrite_take_name(rw);
    }
    rewrite_expect_end(rw);
    if (rewrite_failed(rw)) return;
    if (alias_count && alias_count != query->item_count) rewrite_fail(rw, 1730, NULL, "invalid number of column names specified");
    const char *names = "";
    struct ddl_column column;
    for (uint32_t i = 0; i < query->item_count; i++) {
        if (alias_count) query->items[i].name = aliases[i];
        names = text_join(rw, names, ", ", text_name(rw, query->items[i].name));
    }
    rewrite_step(rw, text_format(rw, "CREATE %sVIEW %s (%s) AS %s%s", existing ? "OR REPLACE " : "", text_table(rw, owner, name), names,
                                 query_text(rw, query, true), check));
    if (existing) rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$COLUMN` WHERE OBJECT_ID = %u", existing->id));
    ddl_object_steps(rw, owner, name, "VIEW");
    rewrite_step(
        rw, text_format(rw, "UPDATE `SYS`.`STANDIN$OBJECT` SET `TEXT` = %s WHERE OWNER = %s AND OBJECT_NAME = %s AND OBJECT_TYPE = 'VIEW'",
                        text_string(rw, source), text_string(rw, owner), text_string(rw, name)));
    for (uint32_t i = 0; i < query->item_count; i++) {
        struct expression *e = &query->items[i].value;
        struct sql_type type = e->type.kind == KIND_UNKNOWN || e->type.kind == KIND_BOOLEAN ? sql_type_varchar(1) : e->type;
        if (type.kind == KIND_CHAR && type.length == 0) type.length = 1;
        column = (struct ddl_column){.name = query->items[i].name, .type = type, .not_null = !e->maybe_null};
        ddl_column_step(rw, owner, name, "VIEW", &column, i + 1);
    }
    ddl_dependency_steps(rw, owner, name, "VIEW");
    rw->plan->command = 21;
}

/* ---- indexes ---- */

struct index_item {
    const char *column, *stored, *expression;
    bool descending, text_long;
    struct sql_type type;
};

static void parse_index_item(struct rewriter *rw, const struct dictionary_object *table, struct source *source, struct index_item *item)
{
    const struct token *t = rewrite_peek(rw, 0);
    bool plain =
        rewrite_is_ahead(rw, 1, ",") || rewrite_is_ahead(rw, 1, ")") || rewrite_is_ahead(rw, 1, "ASC") || rewrite_is_ahead(rw, 1, "DESC");
    const struct dictionary_column *column = plain ? dictionary_column_find(table, t->text) : NULL;
    if (column) {
        rw->at++;
        item->column = column->name;
        item->text_long = column->type.kind == KIND_VARCHAR && column->type.length > 500;
        if (sql_kind_is_lob(column->type.kind)) rewrite_fail(rw, 2327, t, "cannot create index on expression with datatype LOB");
    } else {
        uint32_t from = rw->at;
        struct scope scope = {0};
        scope.sources[scope.source_count++] = source;
        scope_push(rw, &scope);
        rw->place = PLACE_DDL;
        struct expression e = expression_value(rw);
        scope_pop(rw);
        uint32_t number = dictionary_next_number(rw->dictionary);
        ddl_number_step(rw, number);
        item->column = text_format(rw, "SYS_NC%05u$", number);
        item->expression = rewrite_source_text(rw, from, rw->at);
        item->stored = e.text;
        item->type = e.type.kind == KIND_CHAR ? sql_type_varchar(e.type.length) : e.type;
    }
    item->descending = rewrite_take(rw, "DESC");
    if (!item->descending) rewrite_take(rw, "ASC");
}

static void create_index(struct rewriter *rw, bool unique)
{
    enum { ITEM_MAX = 32 };
    struct index_item items[ITEM_MAX] = {0};
    uint32_t count = 0;
    const char *owner, *name, *table_owner, *table_name;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    rewrite_expect(rw, "ON");
    const struct token *at = rewrite_peek(rw, 0);
    if (rewrite_failed(rw) || !rewrite_take_qualified(rw, &table_owner, &table_name)) return;
    const struct dictionary_object *table = rewrite_object(rw, at, table_owner, table_name);
    if (!table) return;
    if (!owner) owner = rw->session->schema;
    struct source *source = source_new(rw, table->name, table->owner, table);
    rewrite_expect(rw, "(");
    do {
        if (count < ITEM_MAX) parse_index_item(rw, table, source, &items[count++]);
    } while (!rewrite_failed(rw) && rewrite_take(rw, ","));
    rewrite_expect(rw, ")");
    ddl_skip_storage(rw);
    rewrite_expect_end(rw);
    const char *list = "", *stored_table = text_table(rw, table->owner, table->name);
    for (uint32_t i = 0; !rewrite_failed(rw) && i < count; i++) {
        if (items[i].expression) {
            const char *storage = "", *why = "";
            if (!sql_type_storage(rw->arena, &items[i].type, &storage, &why)) rewrite_refuse(rw, why);
            rewrite_step(rw, text_format(rw, "ALTER TABLE %s ADD COLUMN %s %s GENERATED ALWAYS AS (%s) VIRTUAL INVISIBLE", stored_table,
                                         text_name(rw, items[i].column), storage, items[i].stored));
            struct ddl_column hidden = {
                .name = items[i].column, .type = items[i].type, .hidden = true, .computed = true, .default_text = items[i].expression};
            ddl_column_step(rw, table->owner, table->name, "TABLE", &hidden, 0);
        }
        const struct dictionary_column *column = dictionary_column_find(table, items[i].column);
        if (unique && count > 1 && (!column || column->nullable)) rewrite_refuse(rw, "unique keys of several columns with a nullable one");
        const char *prefix = items[i].text_long && !unique ? "(255)" : "";
        list = text_join(rw, list, ", ",
                         text_format(rw, "%s%s%s", text_name(rw, items[i].column), prefix, items[i].descending ? " DESC" : ""));
    }
    rewrite_step(rw,
                 text_format(rw, "ALTER TABLE %s ADD %s %s (%s)", stored_table, unique ? "UNIQUE KEY" : "KEY", text_name(rw, name), list));
    ddl_object_steps(rw, owner, name, "INDEX");
    ddl_index_steps(rw, owner, name, table->owner, table->name, unique, name);
    for (uint32_t i = 0; i < count; i++)
        ddl_index_column_step(rw, owner, name, table->owner, table->name, items[i].column, i + 1, items[i].descending, items[i].expression);
    rw->plan->command = 9;
}

/* ---- synonyms, users ---- */

static void create_synonym(struct rewriter *rw, bool replace, bool public)
{
    const char *owner, *name, *target_owner, *target;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    if (public) owner = "PUBLIC";
    if (!owner) owner = rw->session->schema;
    rewrite_expect(rw, "FOR");
    if (rewrite_failed(rw) || !rewrite_take_qualified(rw, &target_owner, &target)) return;
    const struct dictionary_object *existing = dictionary_find(rw->dictionary, owner, name);
    if (existing && (!replace || existing->kind != OBJECT_SYNONYM))
        rewrite_fail(rw, 955, NULL, "name is already used by an existing object");
    rewrite_expect_end(rw);
    ddl_object_steps(rw, owner, name, "SYNONYM");
    rewrite_step(rw, text_format(rw,
                                 "UPDATE `SYS`.`STANDIN$OBJECT` SET TARGET_OWNER = %s, TARGET_NAME = %s WHERE OWNER = %s AND OBJECT_NAME = "
                                 "%s AND OBJECT_TYPE = 'SYNONYM'",
                                 text_string(rw, target_owner ? target_owner : rw->session->schema), text_string(rw, target),
                                 text_string(rw, owner), text_string(rw, name)));
    rw->plan->command = 19;
}

void statement_create(struct rewriter *rw)
{
    rw->at++;
    rw->plan->kind = PLAN_STEPS;
    bool replace = rewrite_take2(rw, "OR", "REPLACE");
    rewrite_take(rw, "EDITIONABLE");
    rewrite_take(rw, "NONEDITIONABLE");
    if (!rewrite_take2(rw, "NO", "FORCE")) rewrite_take(rw, "FORCE");
    if (rewrite_take(rw, "TABLE"))
        create_table(rw);
    else if (rewrite_take(rw, "VIEW"))
        create_view(rw, replace);
    else if (rewrite_take(rw, "INDEX"))
        create_index(rw, false);
    else if (rewrite_take2(rw, "UNIQUE", "INDEX"))
        create_index(rw, true);
    else if (rewrite_take2(rw, "BITMAP", "INDEX"))
        create_index(rw, false);
    else if (rewrite_take(rw, "SEQUENCE"))
        create_sequence(rw);
    else if (rewrite_take(rw, "SYNONYM"))
        create_synonym(rw, replace, false);
    else if (rewrite_take2(rw, "PUBLIC", "SYNONYM"))
        create_synonym(rw, replace, true);
    else if (rewrite_take(rw, "TRIGGER"))
        create_trigger(rw, replace);
    else if (rewrite_is(rw, "PROCEDURE") || rewrite_is(rw, "FUNCTION"))
        create_program(rw, replace);
    else if (rewrite_is(rw, "PACKAGE"))
        create_package(rw, replace);
    else if (rewrite_is(rw, "GLOBAL") || rewrite_is(rw, "PRIVATE"))
        rewrite_refuse(rw, "temporary tables");
    else if (rewrite_is(rw, "MATERIALIZED"))
        rewrite_refuse(rw, "materialized views");
    else if (rewrite_is(rw, "TYPE") || rewrite_is(rw, "DATABASE") || rewrite_is(rw, "DIRECTORY") || rewrite_is(rw, "CONTEXT") ||
             rewrite_is(rw, "USER") || rewrite_is(rw, "ROLE") || rewrite_is(rw, "TABLESPACE") || rewrite_is(rw, "JAVA"))
        rewrite_refuse(rw, text_format(rw, "CREATE %s", rewrite_peek(rw, 0)->text));
    else
        rewrite_fail(rw, 901, NULL, "invalid CREATE command");
}
