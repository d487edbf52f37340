/* SPDX-License-Identifier: Apache-2.0 */
/* ALTER TABLE, DROP, TRUNCATE, COMMENT. */
#include "standin/rewrite_ddl.h"
#include "standin/rewrite_program.h"

#include <stdio.h>

/* ---- ALTER TABLE ---- */

static void mark_primary(struct ddl_table *table, const struct ddl_constraint *c)
{
    for (uint32_t k = 0; c->type == 'P' && k < c->column_count; k++) {
        for (uint32_t n = 0; n < table->column_count; n++) {
            if (strcmp(table->columns[n].name, c->columns[k]) == 0) table->columns[n].primary = true;
        }
    }
}

static void add_primary_key(struct rewriter *rw, const struct ddl_table *table, const struct ddl_constraint *c)
{
    /* The row number was the key until now; it stays unique. */
    const char *list = "", *modify = "";
    for (uint32_t i = 0; i < c->column_count; i++) {
        list = text_join(rw, list, ", ", text_name(rw, c->columns[i]));
        const struct dictionary_column *column = table->existing ? dictionary_column_find(table->existing, c->columns[i]) : NULL;
        if (!column) {
            rewrite_fail(rw, 904, NULL, "\"%s\": invalid identifier", c->columns[i]);
            return;
        }
        struct ddl_column again = {.name = column->name, .type = column->type, .not_null = true, .default_stored = column->default_stored};
        modify = text_format(rw, "%s, MODIFY COLUMN %s", modify, ddl_column_text(rw, table, &again));
        rewrite_step(rw, text_format(rw, "UPDATE `SYS`.`STANDIN$COLUMN` SET NULLABLE = 0 WHERE OBJECT_ID = %u AND COLUMN_NAME = %s",
                                     table->existing->id, text_string(rw, column->name)));
    }
    rewrite_step(rw, text_format(rw, "ALTER TABLE %s DROP PRIMARY KEY, ADD UNIQUE KEY `ROWID$` (`ROWID$`)%s, ADD PRIMARY KEY (%s)",
                                 text_table(rw, table->owner, table->name), modify, list));
}

static void alter_add(struct rewriter *rw, struct ddl_table *table)
{
    bool parenthesis = rewrite_take(rw, "(");
    do {
        rewrite_take(rw, "COLUMN");
        if (!ddl_parse_constraint(rw, table)) ddl_parse_column(rw, table);
    } while (parenthesis && rewrite_take(rw, ","));
    if (parenthesis) rewrite_expect(rw, ")");
    if (rewrite_failed(rw)) return;
    const char *stored = text_table(rw, table->owner, table->name);
    for (uint32_t i = 0; i < table->constraint_count; i++) mark_primary(table, &table->constraints[i]);
    uint32_t position = table->existing->column_count;
    for (uint32_t i = 0; i < table->column_count; i++) {
        const char *check = ddl_length_check(rw, &table->columns[i]);
        rewrite_step(rw, text_format(rw, "ALTER TABLE %s ADD COLUMN %s%s%s", stored, ddl_column_text(rw, table, &table->columns[i]),
                                     check ? ", ADD " : "", check ? check : ""));
        ddl_column_step(rw, table->owner, table->name, "TABLE", &table->columns[i], position + i + 1);
    }
    for (uint32_t i = 0; i < table->constraint_count; i++) {
        struct ddl_constraint *c = &table->constraints[i];
        const char *text = ddl_constraint_text(rw, table, c);
        if (c->type == 'P' && dictionary_constraint_of(rw->dictionary, table->owner, table->name, 'P'))
            rewrite_fail(rw, 2260, NULL, "table can have only one primary key");
        if (c->type == 'P')
            add_primary_key(rw, table, c);
        else if (text)
            rewrite_step(rw, text_format(rw, "ALTER TABLE %s ADD %s", stored, text));
        ddl_constraint_steps(rw, table->owner, table->name, c);
    }
}

static void modify_column(struct rewriter *rw, struct ddl_table *table)
{
    const struct token *at = rewrite_peek(rw, 0);
    const char *name = rewrite_take_name(rw);
    const struct dictionary_column *old = dictionary_column_find(table->existing, name);
    if (!old) {
        rewrite_fail(rw, 904, at, "\"%s\": invalid identifier", name);
        return;
    }
    struct ddl_column column = {.name = name,
                                .type = old->type,
                                .not_null = !old->nullable,
                                .default_text = old->default_text,
                                .default_stored = old->default_stored,
                                .generated = (int)old->generated};
    if (!rewrite_is(rw, "DEFAULT") && !rewrite_is(rw, "NOT") && !rewrite_is(rw, "NULL") && !rewrite_is(rw, "CONSTRAINT"))
        column.type = sql_type_parse(rw);
    if (rewrite_take(rw, "DEFAULT")) {
        uint32_t from = rw->at;
        struct scope scope = {0};
        scope_push(rw, &scope);
        struct expression e = expression_value(rw);
        scope_pop(rw);
        column.default_text = rewrite_source_text(rw, from, rw->at);
        column.default_stored = expression_as(rw, &e, &column.type);
    }
    if (rewrite_take(rw, "CONSTRAINT")) rewrite_take_name(rw);
    if (rewrite_take2(rw, "NOT", "NULL"))
        column.not_null = true;
    else if (rewrite_take(rw, "NULL"))
        column.not_null = false;
    if (rewrite_failed(rw)) return;
    const char *stored = text_table(rw, table->owner, table->name);
    struct ddl_column before = {.name = name, .type = old->type};
    const char *had = ddl_length_check(rw, &before), *has = ddl_length_check(rw, &column);
    const char *drop = had ? text_format(rw, ", DROP CONSTRAINT %s", text_name(rw, text_format(rw, "SYS$L_%.57s", name))) : "";
    rewrite_step(rw, text_format(rw, "ALTER TABLE %s MODIFY COLUMN %s%s", stored, ddl_column_text(rw, table, &column), drop));
    if (has) rewrite_step(rw, text_format(rw, "ALTER TABLE %s ADD %s", stored, has));
    ddl_column_step(rw, table->owner, table->name, "TABLE", &column, old->position);
}

static void alter_modify(struct rewriter *rw, struct ddl_table *table)
{
    bool parenthesis = rewrite_take(rw, "(");
    do {
        modify_column(rw, table);
    } while (parenthesis && rewrite_take(rw, ",") && !rewrite_failed(rw));
    if (parenthesis) rewrite_expect(rw, ")");
}

static void drop_constraint(struct rewriter *rw, const struct ddl_table *table, const struct dictionary_constraint *c)
{
    const char *stored = text_table(rw, table->owner, table->name);
    if (c->type == 'P') {
        rewrite_step(rw, text_format(rw, "ALTER TABLE %s DROP PRIMARY KEY, DROP KEY `ROWID$`, ADD PRIMARY KEY (`ROWID$`)", stored));
    } else if (c->type == 'U') {
        rewrite_step(rw, text_format(rw, "ALTER TABLE %s DROP KEY %s", stored, text_name(rw, c->stored_name)));
    } else if (c->type == 'R') {
        rewrite_step(rw, text_format(rw, "ALTER TABLE %s DROP FOREIGN KEY %s", stored, text_name(rw, c->stored_name)));
    } else if (c->stored_name) {
        rewrite_step(rw, text_format(rw, "ALTER TABLE %s DROP CONSTRAINT %s", stored, text_name(rw, c->stored_name)));
    } else {
        rewrite_refuse(rw, "dropping a NOT NULL constraint by name");
    }
    const char *owner = text_string(rw, c->owner), *name = text_string(rw, c->name);
    rewrite_step(rw,
                 text_format(rw, "DELETE FROM `SYS`.`STANDIN$CONSTRAINT_COLUMN` WHERE OWNER = %s AND CONSTRAINT_NAME = %s", owner, name));
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$CONSTRAINT` WHERE OWNER = %s AND CONSTRAINT_NAME = %s", owner, name));
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$INDEX_COLUMN` WHERE INDEX_OWNER = %s AND INDEX_NAME = %s", owner, name));
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$INDEX` WHERE OWNER = %s AND INDEX_NAME = %s", owner, name));
}

static void drop_column(struct rewriter *rw, const struct ddl_table *table)
{
    const struct token *at = rewrite_peek(rw, 0);
    const char *name = rewrite_take_name(rw);
    const struct dictionary_column *column = dictionary_column_find(table->existing, name);
    if (!column) {
        rewrite_fail(rw, 904, at, "\"%s\": invalid identifier", name);
        return;
    }
    struct ddl_column before = {.name = name, .type = column->type};
    const char *check =
        ddl_length_check(rw, &before) ? text_format(rw, "DROP CONSTRAINT %s, ", text_name(rw, text_format(rw, "SYS$L_%.57s", name))) : "";
    rewrite_step(rw,
                 text_format(rw, "ALTER TABLE %s %sDROP COLUMN %s", text_table(rw, table->owner, table->name), check, text_name(rw, name)));
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$COLUMN` WHERE OBJECT_ID = %u AND COLUMN_NAME = %s", table->existing->id,
                                 text_string(rw, name)));
    rewrite_step(rw, text_format(rw, "UPDATE `SYS`.`STANDIN$COLUMN` SET COLUMN_ID = COLUMN_ID - 1 WHERE OBJECT_ID = %u AND COLUMN_ID > %u",
                                 table->existing->id, column->position));
}

static void alter_drop(struct rewriter *rw, struct ddl_table *table)
{
    if (rewrite_take(rw, "CONSTRAINT")) {
        const struct token *at = rewrite_peek(rw, 0);
        const char *name = rewrite_take_name(rw);
        const struct dictionary_constraint *c = dictionary_constraint_find(rw->dictionary, table->owner, name);
        if (!c || strcmp(c->table, table->name) != 0)
            rewrite_fail(rw, 2443, at, "Cannot drop constraint  - nonexistent constraint");
        else
            drop_constraint(rw, table, c);
    } else if (rewrite_take2(rw, "PRIMARY", "KEY")) {
        const struct dictionary_constraint *c = dictionary_constraint_of(rw->dictionary, table->owner, table->name, 'P');
        if (!c)
            rewrite_fail(rw, 2441, NULL, "Cannot drop nonexistent primary key");
        else
            drop_constraint(rw, table, c);
    } else if (rewrite_take(rw, "COLUMN")) {
        drop_column(rw, table);
    } else if (rewrite_take(rw, "(")) {
        do {
            drop_column(rw, table);
        } while (!rewrite_failed(rw) && rewrite_take(rw, ","));
        rewrite_expect(rw, ")");
    } else {
        rewrite_fail(rw, 905, NULL, "missing keyword");
    }
    rewrite_take2(rw, "CASCADE", "CONSTRAINTS");
    rewrite_take(rw, "CASCADE");
}

static void alter_rename(struct rewriter *rw, struct ddl_table *table)
{
    const char *stored = text_table(rw, table->owner, table->name);
    if (rewrite_take(rw, "COLUMN")) {
        const char *from = rewrite_take_name(rw);
        rewrite_expect(rw, "TO");
        const char *to = rewrite_take_name(rw);
        const struct dictionary_column *column = dictionary_column_find(table->existing, from);
        if (!column) {
            rewrite_fail(rw, 904, NULL, "\"%s\": invalid identifier", from);
            return;
        }
        struct ddl_column before = {.name = from, .type = column->type}, after = {.name = to, .type = column->type};
        const char *had = ddl_length_check(rw, &before), *has = ddl_length_check(rw, &after);
        const char *drop = had ? text_format(rw, "DROP CONSTRAINT %s, ", text_name(rw, text_format(rw, "SYS$L_%.57s", from))) : "";
        rewrite_step(rw, text_format(rw, "ALTER TABLE %s %sRENAME COLUMN %s TO %s", stored, drop, text_name(rw, from), text_name(rw, to)));
        if (has) rewrite_step(rw, text_format(rw, "ALTER TABLE %s ADD %s", stored, has));
        rewrite_step(rw, text_format(rw, "UPDATE `SYS`.`STANDIN$COLUMN` SET COLUMN_NAME = %s WHERE OBJECT_ID = %u AND COLUMN_NAME = %s",
                                     text_string(rw, to), table->existing->id, text_string(rw, from)));
        rewrite_step(
            rw,
            text_format(
                rw,
                "UPDATE `SYS`.`STANDIN$CONSTRAINT_COLUMN` SET COLUMN_NAME = %s WHERE OWNER = %s AND TABLE_NAME = %s AND COLUMN_NAME = %s",
                text_string(rw, to), text_string(rw, table->owner), text_string(rw, table->name), text_string(rw, from)));
        rewrite_step(
            rw,
            text_format(
                rw,
                "UPDATE `SYS`.`STANDIN$INDEX_COLUMN` SET COLUMN_NAME = %s WHERE TABLE_OWNER = %s AND TABLE_NAME = %s AND COLUMN_NAME = %s",
                text_string(rw, to), text_string(rw, table->owner), text_string(rw, table->name), text_string(rw, from)));
        return;
    }
    rewrite_expect(rw, "TO");
    const char *to = rewrite_take_name(rw);
    if (!ddl_name_free(rw, table->owner, to)) return;
    rewrite_step(rw, text_format(rw, "RENAME TABLE %s TO %s", stored, text_table(rw, table->owner, to)));
    rewrite_step(rw, text_format(rw, "UPDATE `SYS`.`STANDIN$OBJECT` SET OBJECT_NAME = %s WHERE OBJECT_ID = %u", text_string(rw, to),
                                 table->existing->id));
    static const char *const tables[][2] = {{"STANDIN$CONSTRAINT", "OWNER"},
                                            {"STANDIN$CONSTRAINT_COLUMN", "OWNER"},
                                            {"STANDIN$INDEX", "TABLE_OWNER"},
                                            {"STANDIN$INDEX_COLUMN", "TABLE_OWNER"},
                                            {"STANDIN$TRIGGER", "TABLE_OWNER"}};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        rewrite_step(rw, text_format(rw, "UPDATE `SYS`.`%s` SET TABLE_NAME = %s WHERE %s = %s AND TABLE_NAME = %s", tables[i][0],
                                     text_string(rw, to), tables[i][1], text_string(rw, table->owner), text_string(rw, table->name)));
}

static void alter_table(struct rewriter *rw)
{
    const struct token *at = rewrite_peek(rw, 0);
    const char *owner, *name;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    const struct dictionary_object *object = rewrite_object(rw, at, owner, name);
    if (!object || object->kind != OBJECT_TABLE) {
        rewrite_fail(rw, 942, at, "table or view does not exist");
        return;
    }
    struct ddl_table table;
    ddl_table_init(rw, &table, object->owner, object->name, object);
    rw->place = PLACE_DDL;
    while (!rewrite_at_end(rw) && !rewrite_failed(rw)) {
        if (rewrite_take(rw, "ADD"))
            alter_add(rw, &table);
        else if (rewrite_take(rw, "MODIFY"))
            alter_modify(rw, &table);
        else if (rewrite_take(rw, "DROP"))
            alter_drop(rw, &table);
        else if (rewrite_take(rw, "RENAME"))
            alter_rename(rw, &table);
        else {
            uint32_t before = rw->at;
            ddl_skip_storage(rw);
            if (rw->at == before) rewrite_refuse(rw, "this clause of ALTER TABLE");
        }
        table.column_count = table.constraint_count = 0;
    }
    rw->plan->command = 15;
}

void statement_alter(struct rewriter *rw)
{
    rw->at++;
    rw->plan->kind = PLAN_STEPS;
    if (rewrite_take(rw, "TABLE"))
        alter_table(rw);
    else if (rewrite_take(rw, "SESSION"))
        statement_alter_session(rw);
    else if (rewrite_take(rw, "SEQUENCE"))
        alter_sequence(rw);
    else if (rewrite_is(rw, "PROCEDURE") || rewrite_is(rw, "FUNCTION") || rewrite_is(rw, "PACKAGE") || rewrite_is(rw, "VIEW")) {
        /* COMPILE: everything is always compiled. */
        rw->at = rw->list.count;
    } else {
        rewrite_refuse(rw, text_format(rw, "ALTER %s", rewrite_peek(rw, 0)->text));
    }
}

/* ---- DROP ---- */

struct cascade {
    struct rewriter *rw;
    const struct dictionary_object *table;
    bool allowed;
};

static void drop_references(void *context, const struct dictionary_constraint *c)
{
    struct cascade *cascade = context;
    struct rewriter *rw = cascade->rw;
    if (c->type != 'R' || !c->referenced_name || strcmp(c->referenced_owner, cascade->table->owner) != 0) return;
    const struct dictionary_constraint *key = dictionary_constraint_find(rw->dictionary, c->referenced_owner, c->referenced_name);
    if (!key || strcmp(key->table, cascade->table->name) != 0 || strcmp(c->table, cascade->table->name) == 0) return;
    if (!cascade->allowed) {
        rewrite_fail(rw, 2449, NULL, "unique/primary keys in table referenced by foreign keys");
        return;
    }
    struct ddl_table child = {.owner = c->owner, .name = c->table};
    drop_constraint(rw, &child, c);
}

static void drop_table(struct rewriter *rw, const struct dictionary_object *object)
{
    bool cascade = rewrite_take2(rw, "CASCADE", "CONSTRAINTS");
    rewrite_take(rw, "PURGE");
    dictionary_constraints_each(rw->dictionary, drop_references, &(struct cascade){.rw = rw, .table = object, .allowed = cascade});
    rewrite_step(rw, text_format(rw, "DROP TABLE %s", text_table(rw, object->owner, object->name)));
    for (uint32_t i = 0; i < object->column_count; i++) {
        const struct dictionary_column *c = &object->columns[i];
        if (c->generated == COLUMN_PLAIN || c->generated == COLUMN_DEFAULT_ON_NULL || !c->default_stored) continue;
        const char *sequence = strstr(c->default_stored, "ISEQ$$_");
        char name[64];
        if (!sequence || sscanf(sequence, "%63[^`]", name) != 1) continue;
        const struct dictionary_object *made = dictionary_find(rw->dictionary, object->owner, text_format(rw, "%s", name));
        if (!made) continue;
        rewrite_step(rw, text_format(rw, "DROP SEQUENCE %s", text_table(rw, made->owner, made->name)));
        ddl_drop_object_steps(rw, made);
    }
}

static void drop_index(struct rewriter *rw)
{
    const char *owner, *name;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    const char *where =
        text_format(rw, "OWNER = %s AND INDEX_NAME = %s", text_string(rw, owner ? owner : rw->session->schema), text_string(rw, name));
    /* Which table it stands on is known to the dictionary's tables only: the statement is made there. */
    rewrite_step(rw, text_format(rw,
                                 "SELECT CONCAT('ALTER TABLE `', TABLE_OWNER, '`.`', TABLE_NAME, '` DROP KEY `', STORED_NAME, '`') INTO "
                                 "@drop_index FROM `SYS`.`STANDIN$INDEX` WHERE %s",
                                 where));
    rewrite_step(rw, text_format(rw, "SELECT IFNULL(@drop_index, 'CALL `SYS`.`ORA_NO_INDEX`()') INTO @drop_index FROM DUAL"));
    rewrite_step(rw, "EXECUTE IMMEDIATE @drop_index");
    rewrite_step(rw, "SET @drop_index = NULL");
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$INDEX_COLUMN` WHERE INDEX_%s", where));
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$INDEX` WHERE %s", where));
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$OBJECT` WHERE OBJECT_TYPE = 'INDEX' AND OWNER = %s AND OBJECT_NAME = %s",
                                 text_string(rw, owner ? owner : rw->session->schema), text_string(rw, name)));
    rw->plan->command = 10;
}

static void drop_trigger(struct rewriter *rw)
{
    const char *owner, *name;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    if (!owner) owner = rw->session->schema;
    static const char *const suffixes[] = {"", "$U", "$D"};
    for (size_t i = 0; i < 3; i++)
        rewrite_step(rw, text_format(rw, "DROP TRIGGER IF EXISTS %s", text_table(rw, owner, text_format(rw, "%s%s", name, suffixes[i]))));
    const char *where = text_format(rw, "OWNER = %s", text_string(rw, owner));
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$TRIGGER` WHERE %s AND TRIGGER_NAME = %s", where, text_string(rw, name)));
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$OBJECT` WHERE OBJECT_TYPE = 'TRIGGER' AND %s AND OBJECT_NAME = %s", where,
                                 text_string(rw, name)));
    rw->plan->command = 61;
}

static void drop_named(struct rewriter *rw, const char *what)
{
    static const struct {
        const char *what;
        enum dictionary_kind kind;
        int ora;
        const char *message;
        uint8_t command;
    } kinds[] = {{"TABLE", OBJECT_TABLE, 942, "table or view does not exist", 12},
                 {"VIEW", OBJECT_VIEW, 942, "table or view does not exist", 22},
                 {"SEQUENCE", OBJECT_SEQUENCE, 2289, "sequence does not exist", 16},
                 {"SYNONYM", OBJECT_SYNONYM, 1434, "private synonym to be dropped does not exist", 20},
                 {"PROCEDURE", OBJECT_PROCEDURE, 4043, "object does not exist", 68},
                 {"FUNCTION", OBJECT_FUNCTION, 4043, "object does not exist", 92},
                 {"PACKAGE", OBJECT_PACKAGE, 4043, "object does not exist", 96}};
    bool body = strcmp(what, "PACKAGE") == 0 && rewrite_take(rw, "BODY");
    const struct token *at = rewrite_peek(rw, 0);
    const char *owner, *name;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].what, what) != 0) continue;
        const struct dictionary_object *object = dictionary_find(rw->dictionary, owner ? owner : rw->session->schema, name);
        if (!object && rw->place == PLACE_DDL) object = dictionary_find(rw->dictionary, "PUBLIC", name);
        if (!object || object->kind != kinds[i].kind) {
            rewrite_fail(rw, kinds[i].ora, at, "%s", kinds[i].message);
            return;
        }
        if (object->kind == OBJECT_TABLE)
            drop_table(rw, object);
        else if (object->kind != OBJECT_SYNONYM)
            rewrite_step(rw, text_format(rw, "DROP %s%s %s", what, body ? " BODY" : "", text_table(rw, object->owner, object->name)));
        rewrite_take2(rw, "CASCADE", "CONSTRAINTS");
        rewrite_take(rw, "FORCE");
        if (!body) ddl_drop_object_steps(rw, object);
        rw->plan->command = kinds[i].command;
        return;
    }
    rewrite_fail(rw, 950, at, "invalid DROP option");
}

void statement_drop(struct rewriter *rw)
{
    rw->at++;
    rw->plan->kind = PLAN_STEPS;
    const char *what = rewrite_peek(rw, 0)->text;
    rw->at++;
    if (strcmp(what, "PUBLIC") == 0) {
        rw->place = PLACE_DDL;
        what = rewrite_peek(rw, 0)->text;
        rw->at++;
    }
    if (strcmp(what, "INDEX") == 0)
        drop_index(rw);
    else if (strcmp(what, "TRIGGER") == 0)
        drop_trigger(rw);
    else if (strcmp(what, "USER") == 0 || strcmp(what, "ROLE") == 0 || strcmp(what, "TYPE") == 0 || strcmp(what, "MATERIALIZED") == 0)
        rewrite_refuse(rw, text_format(rw, "DROP %s", what));
    else
        drop_named(rw, what);
    rewrite_expect_end(rw);
}

/* ---- TRUNCATE, COMMENT ---- */

void statement_truncate(struct rewriter *rw)
{
    rw->at++;
    rw->plan->kind = PLAN_STEPS;
    rw->plan->command = 85;
    rewrite_expect(rw, "TABLE");
    const struct token *at = rewrite_peek(rw, 0);
    const char *owner, *name;
    if (!rewrite_take_qualified(rw, &owner, &name)) return;
    const struct dictionary_object *object = rewrite_object(rw, at, owner, name);
    if (!object) return;
    if (rewrite_take(rw, "DROP") || rewrite_take(rw, "REUSE")) rewrite_expect(rw, "STORAGE");
    if (rewrite_is(rw, "CASCADE")) rewrite_refuse(rw, "TRUNCATE .. CASCADE");
    rewrite_expect_end(rw);
    rewrite_step(rw, text_format(rw, "TRUNCATE TABLE %s", text_table(rw, object->owner, object->name)));
}

void statement_comment(struct rewriter *rw)
{
    rw->at++;
    rw->plan->kind = PLAN_STEPS;
    rw->plan->command = 29;
    rewrite_expect(rw, "ON");
    bool column = rewrite_take(rw, "COLUMN");
    if (!column) rewrite_expect(rw, "TABLE");
    const struct token *at = rewrite_peek(rw, 0);
    const char *parts[3] = {0};
    uint32_t count = 0;
    do {
        if (count < 3) parts[count++] = rewrite_take_name(rw);
    } while (rewrite_take(rw, "."));
    rewrite_expect(rw, "IS");
    const struct token *text = rewrite_peek(rw, 0);
    rw->at++;
    if (rewrite_failed(rw)) return;
    uint32_t wanted = column ? 2 : 1;
    const char *owner = count > wanted ? parts[0] : NULL, *table = parts[count - wanted];
    const struct dictionary_object *object = rewrite_object(rw, at, owner, table);
    if (!object) return;
    const char *value = *text->text ? text_string(rw, text->text) : "NULL";
    if (column)
        rewrite_step(rw, text_format(rw, "UPDATE `SYS`.`STANDIN$COLUMN` SET COMMENTS = %s WHERE OBJECT_ID = %u AND COLUMN_NAME = %s", value,
                                     object->id, text_string(rw, parts[count - 1])));
    else
        rewrite_step(rw, text_format(rw, "UPDATE `SYS`.`STANDIN$OBJECT` SET COMMENTS = %s WHERE OBJECT_ID = %u", value, object->id));
}
