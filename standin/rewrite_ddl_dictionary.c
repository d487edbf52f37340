/* SPDX-License-Identifier: Apache-2.0 */
/* The steps by which DDL writes the dictionary's tables. */
#include "standin/rewrite_ddl.h"

static const char *quoted(struct rewriter *rw, const char *text)
{
    return text && *text ? text_string(rw, text) : "NULL";
}

void ddl_number_step(struct rewriter *rw, uint32_t number)
{
    rewrite_step(rw, text_format(rw, "UPDATE `SYS`.`STANDIN$COUNTER` SET `VALUE` = GREATEST(`VALUE`, %u) WHERE `NAME` = 'NUMBER'", number));
}

bool ddl_name_free(struct rewriter *rw, const char *owner, const char *name)
{
    if (rewrite_failed(rw)) return false;
    if (dictionary_find(rw->dictionary, owner, name)) rewrite_fail(rw, 955, NULL, "name is already used by an existing object");
    return !rewrite_failed(rw);
}

void ddl_object_steps(struct rewriter *rw, const char *owner, const char *name, const char *type)
{
    rewrite_step(rw, text_format(rw,
                                 "INSERT INTO `SYS`.`STANDIN$OBJECT` (OWNER, OBJECT_NAME, OBJECT_TYPE) VALUES (%s, %s, '%s')"
                                 " ON DUPLICATE KEY UPDATE LAST_DDL_TIME = NOW(), STATUS = 'VALID'",
                                 quoted(rw, owner), quoted(rw, name), type));
}

void ddl_column_step(struct rewriter *rw, const char *owner, const char *table, const char *type, const struct ddl_column *c,
                     uint32_t position)
{
    const char *values =
        text_format(rw, "%u, %s, %d, %u, %d, %u, %d, %d, %d, %d, %d, %d, %s, %u, %s, %s", position, quoted(rw, c->name), (int)c->type.kind,
                    c->type.precision, c->type.scale, c->type.length, c->type.national, c->type.characters, !(c->not_null || c->primary),
                    c->hidden, c->computed, c->generated, quoted(rw, sql_type_name(rw->arena, &c->type)), sql_type_data_length(&c->type),
                    quoted(rw, c->default_text), quoted(rw, c->default_stored));
    rewrite_step(
        rw, text_format(rw,
                        "REPLACE INTO `SYS`.`STANDIN$COLUMN` (OBJECT_ID, COLUMN_ID, COLUMN_NAME, KIND, DATA_PRECISION, DATA_SCALE, "
                        "`CHAR_LENGTH`, `NATIONAL`,"
                        " `CHARACTERS`, NULLABLE, HIDDEN, `VIRTUAL`, `IDENTITY`, DATA_TYPE, DATA_LENGTH, DATA_DEFAULT, STORED_DEFAULT)"
                        " SELECT OBJECT_ID, %s FROM `SYS`.`STANDIN$OBJECT` WHERE OWNER = %s AND OBJECT_NAME = %s AND OBJECT_TYPE = '%s'",
                        values, quoted(rw, owner), quoted(rw, table), type));
}

static void constraint_columns(struct rewriter *rw, const char *owner, const char *table, const struct ddl_constraint *c)
{
    const char *rows = "";
    for (uint32_t i = 0; i < c->column_count; i++)
        rows = text_join(rw, rows, ", ",
                         text_format(rw, "(%s, %s, %s, %s, %u)", quoted(rw, owner), quoted(rw, c->name), quoted(rw, table),
                                     quoted(rw, c->columns[i]), i + 1));
    if (*rows)
        rewrite_step(
            rw,
            text_format(
                rw, "REPLACE INTO `SYS`.`STANDIN$CONSTRAINT_COLUMN` (OWNER, CONSTRAINT_NAME, TABLE_NAME, COLUMN_NAME, POSITION) VALUES %s",
                rows));
}

void ddl_constraint_steps(struct rewriter *rw, const char *owner, const char *table, const struct ddl_constraint *c)
{
    bool not_null = c->type == 'N';
    const char *condition = not_null ? text_format(rw, "\"%s\" IS NOT NULL", c->columns[0]) : c->condition;
    const char *stored = not_null ? NULL : ddl_stored_name(rw, c);
    const char *referenced_owner = c->type == 'R' ? (c->referenced ? c->referenced->owner : owner) : NULL;
    const char *rule = c->type == 'R' ? (c->delete_rule ? c->delete_rule : "NO ACTION") : NULL;
    bool key = c->type == 'P' || c->type == 'U';
    rewrite_step(rw,
                 text_format(rw,
                             "REPLACE INTO `SYS`.`STANDIN$CONSTRAINT` (OWNER, CONSTRAINT_NAME, CONSTRAINT_TYPE, TABLE_NAME, "
                             "SEARCH_CONDITION, R_OWNER, R_CONSTRAINT_NAME,"
                             " DELETE_RULE, `GENERATED`, INDEX_NAME, STORED_NAME) VALUES (%s, %s, '%c', %s, %s, %s, %s, %s, '%s', %s, %s)",
                             quoted(rw, owner), quoted(rw, c->name), not_null ? 'C' : c->type, quoted(rw, table), quoted(rw, condition),
                             quoted(rw, referenced_owner), quoted(rw, c->referenced_constraint), quoted(rw, rule),
                             c->generated ? "GENERATED NAME" : "USER NAME", quoted(rw, key ? c->name : NULL), quoted(rw, stored)));
    constraint_columns(rw, owner, table, c);
    if (!key) return;
    ddl_index_steps(rw, owner, c->name, owner, table, true, stored);
    for (uint32_t i = 0; i < c->column_count; i++)
        ddl_index_column_step(rw, owner, c->name, owner, table, c->columns[i], i + 1, false, NULL);
}

void ddl_index_steps(struct rewriter *rw, const char *owner, const char *name, const char *table_owner, const char *table, bool unique,
                     const char *stored)
{
    rewrite_step(rw, text_format(rw,
                                 "REPLACE INTO `SYS`.`STANDIN$INDEX` (OWNER, INDEX_NAME, TABLE_OWNER, TABLE_NAME, UNIQUENESS, STORED_NAME) "
                                 "VALUES (%s, %s, %s, %s, '%s', %s)",
                                 quoted(rw, owner), quoted(rw, name), quoted(rw, table_owner), quoted(rw, table),
                                 unique ? "UNIQUE" : "NONUNIQUE", quoted(rw, stored)));
}

void ddl_index_column_step(struct rewriter *rw, const char *owner, const char *name, const char *table_owner, const char *table,
                           const char *column, uint32_t position, bool descending, const char *expression)
{
    rewrite_step(rw, text_format(rw,
                                 "REPLACE INTO `SYS`.`STANDIN$INDEX_COLUMN` (INDEX_OWNER, INDEX_NAME, TABLE_OWNER, TABLE_NAME, "
                                 "COLUMN_NAME, COLUMN_POSITION, `DESCEND`, COLUMN_EXPRESSION)"
                                 " VALUES (%s, %s, %s, %s, %s, %u, '%s', %s)",
                                 quoted(rw, owner), quoted(rw, name), quoted(rw, table_owner), quoted(rw, table), quoted(rw, column),
                                 position, descending ? "DESC" : "ASC", quoted(rw, expression)));
}

void ddl_dependency_steps(struct rewriter *rw, const char *owner, const char *name, const char *type)
{
    const char *o = quoted(rw, owner), *n = quoted(rw, name);
    rewrite_step(rw,
                 text_format(rw, "DELETE FROM `SYS`.`STANDIN$DEPENDENCY` WHERE OWNER = %s AND NAME = %s AND `TYPE` = '%s'", o, n, type));
    for (uint32_t i = 0; i < rw->dependency_count; i++) {
        const struct dictionary_object *on = rw->dependencies[i];
        if (strcmp(on->owner, owner) == 0 && strcmp(on->name, name) == 0) continue;
        rewrite_step(rw, text_format(rw, "REPLACE INTO `SYS`.`STANDIN$DEPENDENCY` VALUES (%s, %s, '%s', %s, %s, '%s')", o, n, type,
                                     quoted(rw, on->owner), quoted(rw, on->name), on->type_name));
    }
}

void ddl_drop_object_steps(struct rewriter *rw, const struct dictionary_object *o)
{
    const char *owner = quoted(rw, o->owner), *name = quoted(rw, o->name);
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$COLUMN` WHERE OBJECT_ID = %u", o->id));
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$ARGUMENT` WHERE OBJECT_ID = %u", o->id));
    if (o->kind == OBJECT_TABLE) {
        rewrite_step(rw,
                     text_format(rw, "DELETE FROM `SYS`.`STANDIN$CONSTRAINT_COLUMN` WHERE OWNER = %s AND TABLE_NAME = %s", owner, name));
        rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$CONSTRAINT` WHERE OWNER = %s AND TABLE_NAME = %s", owner, name));
        rewrite_step(rw,
                     text_format(rw, "DELETE FROM `SYS`.`STANDIN$INDEX_COLUMN` WHERE TABLE_OWNER = %s AND TABLE_NAME = %s", owner, name));
        rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$INDEX` WHERE TABLE_OWNER = %s AND TABLE_NAME = %s", owner, name));
        rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$TRIGGER` WHERE TABLE_OWNER = %s AND TABLE_NAME = %s", owner, name));
    }
    if (o->kind == OBJECT_SEQUENCE)
        rewrite_step(rw,
                     text_format(rw, "DELETE FROM `SYS`.`STANDIN$SEQUENCE` WHERE SEQUENCE_OWNER = %s AND SEQUENCE_NAME = %s", owner, name));
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$DEPENDENCY` WHERE OWNER = %s AND NAME = %s AND `TYPE` = '%s'", owner, name,
                                 o->type_name));
    rewrite_step(rw, text_format(rw, "DELETE FROM `SYS`.`STANDIN$OBJECT` WHERE OBJECT_ID = %u", o->id));
}
