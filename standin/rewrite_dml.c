/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT, UPDATE, DELETE and MERGE. */
#include "standin/rewrite_dml.h"
#include "standin/rewrite_query.h"

#include <stdio.h>

enum { COLUMN_MAX = 1000 };

static bool in_program(const struct rewriter *rw)
{
    return rw->place == PLACE_PLSQL || rw->place == PLACE_TRIGGER;
}

static void plan_table(struct rewriter *rw, const struct source *source, uint8_t command)
{
    rw->plan->kind = PLAN_DML;
    rw->plan->command = command;
    if (!source->object) return;
    rewrite_plan_table(rw, source->object);
    if (source->object->system) rewrite_fail(rw, 1031, NULL, "insufficient privileges");
}

static void plan_text(struct rewriter *rw, const char *text)
{
    if (rewrite_failed(rw)) return;
    text_finish(rw, text, &rw->plan->sql, &rw->plan->binds, &rw->plan->bind_count);
}

/* ---- RETURNING items INTO binds ---- */

static const char *returning(struct rewriter *rw)
{
    if (!rewrite_take(rw, "RETURNING") && !rewrite_take(rw, "RETURN")) return "";
    struct plan *plan = rw->plan;
    plan->returns = arena_zero(rw->arena, COLUMN_MAX * sizeof *plan->returns);
    const char *list = "";
    uint32_t count = 0;
    do {
        struct expression e = expression_value(rw);
        if (rewrite_failed(rw) || count == COLUMN_MAX) return "";
        plan->returns[count++].column = (struct plan_column){.name = "", .type = e.type, .nullable = e.maybe_null, .lob_key = -1};
        list = text_join(rw, list, ", ", e.text);
    } while (rewrite_take(rw, ","));
    rewrite_expect(rw, "INTO");
    if (in_program(rw)) {
        rewrite_refuse(rw, "RETURNING INTO in PL/SQL");
        return "";
    }
    uint32_t targets = 0;
    do {
        const struct token *t = rewrite_peek(rw, 0);
        if (t->kind != TOKEN_BIND) {
            rewrite_fail(rw, 925, t, "missing INTO keyword");
            return "";
        }
        if (targets < count) plan->returns[targets].ordinal = (uint32_t)t->bind;
        targets++;
        rw->at++;
    } while (rewrite_take(rw, ","));
    if (targets != count) rewrite_fail(rw, targets > count ? 947 : 913, NULL, targets > count ? "not enough values" : "too many values");
    plan->return_count = count;
    return list;
}

/* ---- INSERT ---- */

static const struct dictionary_column *target_column(struct rewriter *rw, const struct source *source)
{
    const struct token *t = rewrite_peek(rw, 0);
    rw->at++;
    if (rewrite_is(rw, ".")) {
        t = rewrite_peek(rw, 1);
        rw->at += 2;
    }
    if (rewrite_is(rw, ".")) {
        t = rewrite_peek(rw, 1);
        rw->at += 2;
    }
    const struct dictionary_column *column = source->object ? dictionary_column_find(source->object, t->text) : NULL;
    if (!column || column->hidden) {
        rewrite_fail(rw, 904, t, "\"%s\": invalid identifier", t->text);
        return NULL;
    }
    if (column->computed) rewrite_fail(rw, 54013, t, "INSERT operation disallowed on virtual columns");
    return column;
}

static const char *assigned(struct rewriter *rw, const struct dictionary_column *column, const struct expression *e, bool insert)
{
    if (column->generated == COLUMN_IDENTITY_ALWAYS) {
        rewrite_fail(rw, insert ? 32795 : 32796, NULL, "cannot %s a generated always identity column", insert ? "insert into" : "update");
        return "";
    }
    struct expression value = *e;
    /* An untyped NULL or bind takes the column's type. */
    const char *text = expression_as(rw, &value, &column->type);
    bool on_null = column->generated == COLUMN_IDENTITY_ON_NULL || column->generated == COLUMN_DEFAULT_ON_NULL;
    if (insert && on_null && column->default_stored) text = text_format(rw, "IFNULL(%s, %s)", text, column->default_stored);
    return text;
}

const char *insert_values(struct rewriter *rw, const struct dictionary_column **columns, uint32_t count, uint32_t all)
{
    const char *list = "";
    rewrite_expect(rw, "(");
    for (uint32_t i = 0; !rewrite_failed(rw); i++) {
        if (i >= count) {
            rewrite_fail(rw, 913, NULL, "too many values");
            break;
        }
        if (rewrite_take(rw, "DEFAULT")) {
            list = text_join(rw, list, ", ", column_draws(columns[i]->default_stored) ? columns[i]->default_stored : "DEFAULT");
        } else {
            struct expression e = expression_value(rw);
            if (rewrite_failed(rw)) break;
            list = text_join(rw, list, ", ", assigned(rw, columns[i], &e, true));
        }
        if (rewrite_take(rw, ",")) continue;
        if (i + 1 < count) rewrite_fail(rw, 947, NULL, "not enough values");
        break;
    }
    rewrite_expect(rw, ")");
    for (uint32_t i = count; i < all; i++) list = text_join(rw, list, ", ", columns[i]->default_stored);
    return list;
}

static const char *insert_query(struct rewriter *rw, const struct dictionary_column **columns, uint32_t count, uint32_t all)
{
    struct query *query = query_parse(rw);
    if (rewrite_failed(rw)) return "";
    if (query->item_count != count) {
        rewrite_fail(rw, query->item_count > count ? 913 : 947, NULL, query->item_count > count ? "too many values" : "not enough values");
        return "";
    }
    bool converted = all > count;
    const char *list = "";
    struct source *derived = source_of_query(rw, "", query);
    for (uint32_t i = 0; i < count; i++) {
        struct expression e =
            expression_of(text_format(rw, "`$I`.%s", text_name(rw, derived->columns[i].stored)), query->items[i].value.type);
        const char *text = assigned(rw, columns[i], &e, true);
        converted |= strcmp(text, e.text) != 0;
        list = text_join(rw, list, ", ", text);
    }
    for (uint32_t i = count; i < all; i++) list = text_join(rw, list, ", ", columns[i]->default_stored);
    return converted ? text_format(rw, "SELECT %s FROM (%s) AS `$I`", list, query_text(rw, query, true)) : query->text;
}

/*
 * MariaDB stops dead when a column's own default draws from a sequence inside a trigger's statement, so such defaults stand in the
 * statement instead. Answers the new count; the columns after `count` take their default.
 */
uint32_t insert_defaults(const struct source *source, const struct dictionary_column **columns, uint32_t count)
{
    uint32_t all = count;
    for (uint32_t i = 0; source->object && i < source->object->column_count && all < COLUMN_MAX; i++) {
        const struct dictionary_column *c = &source->object->columns[i];
        bool given = false;
        for (uint32_t k = 0; k < count; k++) given |= columns[k] == c;
        if (!given && column_draws(c->default_stored)) columns[all++] = c;
    }
    return all;
}

bool column_draws(const char *default_stored)
{
    return default_stored && strstr(default_stored, "NEXTVAL(");
}

uint32_t insert_columns(struct rewriter *rw, const struct source *source, const struct dictionary_column **columns)
{
    uint32_t count = 0;
    if (rewrite_is(rw, "(") && !rewrite_is_ahead(rw, 1, "SELECT") && !rewrite_is_ahead(rw, 1, "WITH") && !rewrite_is_ahead(rw, 1, "(")) {
        rw->at++;
        do {
            const struct dictionary_column *column = target_column(rw, source);
            if (!column || count == COLUMN_MAX) return count;
            for (uint32_t i = 0; i < count; i++) {
                if (columns[i] == column) rewrite_fail(rw, 957, NULL, "duplicate column name");
            }
            columns[count++] = column;
        } while (rewrite_take(rw, ","));
        rewrite_expect(rw, ")");
        return count;
    }
    for (uint32_t i = 0; source->object && i < source->object->column_count && count < COLUMN_MAX; i++) {
        if (!source->object->columns[i].hidden) columns[count++] = &source->object->columns[i];
    }
    return count;
}

const char *insert_text(struct rewriter *rw, const struct source *source, const struct dictionary_column **columns, uint32_t count,
                        const char *rows)
{
    const char *names = "";
    for (uint32_t i = 0; i < count; i++) names = text_join(rw, names, ", ", text_name(rw, columns[i]->name));
    return text_format(rw, "INSERT INTO %s (%s) %s", text_table(rw, source->object->owner, source->object->name), names, rows);
}

void statement_insert(struct rewriter *rw)
{
    rw->at++;
    if (rewrite_is(rw, "ALL") || rewrite_is(rw, "FIRST")) rewrite_refuse(rw, "multi-table INSERT");
    rewrite_expect(rw, "INTO");
    struct source *source = source_table(rw, true);
    if (rewrite_failed(rw)) return;
    const struct dictionary_column **columns = arena_alloc(rw->arena, COLUMN_MAX * sizeof *columns);
    uint32_t count = insert_columns(rw, source, columns);
    uint32_t all = insert_defaults(source, columns, count);
    bool values = rewrite_is(rw, "VALUES");
    const char *rows;
    if (rewrite_take(rw, "VALUES"))
        rows = text_format(rw, "VALUES (%s)", insert_values(rw, columns, count, all));
    else
        rows = insert_query(rw, columns, count, all);
    if (rewrite_failed(rw)) return;
    const char *text = insert_text(rw, source, columns, all, rows);
    struct scope scope = {0};
    scope_push(rw, &scope);
    scope.sources[scope.source_count++] = source;
    const char *list = returning(rw);
    scope_pop(rw);
    plan_table(rw, source, 2);
    bool own = source->object->has_row_number;
    if (*list) text = text_format(rw, "%s RETURNING %s%s", text, own ? "`ROWID$`, " : "0, ", list);
    if (!in_program(rw)) {
        rw->plan->row_number = *list    ? ROW_NUMBER_RETURNED
                               : !own   ? ROW_NUMBER_NONE
                               : values ? ROW_NUMBER_INSERT_ID
                                        : ROW_NUMBER_FIRST_OF_MANY;
        rewrite_expect_end(rw);
    }
    if (rewrite_is(rw, "LOG")) rewrite_refuse(rw, "LOG ERRORS");
    plan_text(rw, text);
}

/* ---- UPDATE ---- */

static const char *column_set(struct rewriter *rw, const struct source *source, const struct dictionary_column *column, const char *value)
{
    return text_format(rw, "%s.%s = %s", source->emit, text_name(rw, column->name), value);
}

/* (a, b) = (SELECT x, y ..): one scalar subquery for each column. */
static const char *set_tuple(struct rewriter *rw, const struct source *source)
{
    const struct dictionary_column *columns[100];
    uint32_t count = 0;
    rewrite_expect(rw, "(");
    do {
        const struct dictionary_column *column = target_column(rw, source);
        if (!column || count == 100) return "";
        columns[count++] = column;
    } while (rewrite_take(rw, ","));
    rewrite_expect(rw, ")");
    rewrite_expect(rw, "=");
    rewrite_expect(rw, "(");
    struct query *query = query_parse_nested(rw);
    if (rewrite_failed(rw)) return "";
    if (query->item_count != count)
        rewrite_fail(rw, query->item_count > count ? 913 : 947, NULL, query->item_count > count ? "too many values" : "not enough values");
    if (query->set_operator) rewrite_refuse(rw, "a list assigned from a set operator");
    const char *list = "";
    for (uint32_t i = 0; !rewrite_failed(rw) && i < count; i++) {
        const char *value = assigned(rw, columns[i], &query->items[i].value, false);
        const char *one = text_format(rw, "(%sSELECT %s%s%s%s)", query->with, query->distinct, value, query->tail, query->suffix);
        list = text_join(rw, list, ", ", column_set(rw, source, columns[i], one));
    }
    return list;
}

const char *set_list(struct rewriter *rw, const struct source *source)
{
    const char *list = "";
    do {
        if (rewrite_is(rw, "(")) {
            list = text_join(rw, list, ", ", set_tuple(rw, source));
            continue;
        }
        const struct dictionary_column *column = target_column(rw, source);
        rewrite_expect(rw, "=");
        if (rewrite_failed(rw)) return "";
        const char *value = "DEFAULT";
        if (!rewrite_take(rw, "DEFAULT")) {
            struct expression e = expression_value(rw);
            if (rewrite_failed(rw)) return "";
            value = assigned(rw, column, &e, false);
        }
        list = text_join(rw, list, ", ", column_set(rw, source, column, value));
    } while (rewrite_take(rw, ","));
    return list;
}

static const char *where_clause(struct rewriter *rw)
{
    if (!rewrite_take(rw, "WHERE")) return "";
    if (rewrite_is(rw, "CURRENT") && rewrite_is_ahead(rw, 1, "OF")) {
        if (!in_program(rw)) rewrite_refuse(rw, "WHERE CURRENT OF");
        rewrite_refuse(rw, "WHERE CURRENT OF");
        return "";
    }
    struct expression e = expression_condition(rw);
    return text_format(rw, " WHERE %s", e.text);
}

void statement_update(struct rewriter *rw)
{
    rw->at++;
    struct source *source = source_table(rw, true);
    struct scope scope = {0};
    scope_push(rw, &scope);
    scope.sources[scope.source_count++] = source;
    rewrite_expect(rw, "SET");
    const char *sets = rewrite_failed(rw) ? "" : set_list(rw, source);
    const char *where = where_clause(rw);
    const char *list = returning(rw);
    scope_pop(rw);
    if (rewrite_failed(rw)) return;
    plan_table(rw, source, 6);
    const char *table = text_table(rw, source->object->owner, source->object->name);
    bool own = source->object->has_row_number;
    if (own && !in_program(rw)) {
        sets = text_format(rw, "%s, %s.`ROWID$` = LAST_INSERT_ID(%s.`ROWID$`)", sets, source->emit, source->emit);
        rw->plan->row_number = ROW_NUMBER_INSERT_ID;
    }
    if (*list) {
        if (!own) rewrite_refuse(rw, "UPDATE .. RETURNING on a view");
        const char *lock = text_format(rw, "SELECT `ROWID$` FROM %s%s FOR UPDATE", table, where);
        text_finish(rw, lock, &rw->plan->lock_sql, &rw->plan->lock_binds, &rw->plan->lock_bind_count);
        rw->plan->read_sql = text_format(rw, "SELECT `ROWID$`, %s FROM %s WHERE `ROWID$` IN (\x03)", list, table);
        if (strchr(list, '\x01')) rewrite_refuse(rw, "binds in the RETURNING list of UPDATE");
        where = text_format(rw, " WHERE %s.`ROWID$` IN (\x03)", source->emit);
    }
    plan_text(rw, text_format(rw, "UPDATE %s SET %s%s", table, sets, where));
    if (!in_program(rw)) rewrite_expect_end(rw);
}

/* ---- DELETE ---- */

void statement_delete(struct rewriter *rw)
{
    rw->at++;
    rewrite_take(rw, "FROM");
    struct source *source = source_table(rw, true);
    struct scope scope = {0};
    scope_push(rw, &scope);
    scope.sources[scope.source_count++] = source;
    const char *where = where_clause(rw);
    const char *list = returning(rw);
    scope_pop(rw);
    if (rewrite_failed(rw)) return;
    plan_table(rw, source, 7);
    bool own = source->object->has_row_number && !in_program(rw);
    const char *text = text_format(rw, "DELETE FROM %s%s", text_table(rw, source->object->owner, source->object->name), where);
    if (own || *list) {
        text = text_format(rw, "%s RETURNING %s%s%s", text, own ? "`ROWID$`" : "0", *list ? ", " : "", list);
        rw->plan->row_number = ROW_NUMBER_RETURNED;
    }
    plan_text(rw, text);
    if (!in_program(rw)) rewrite_expect_end(rw);
}
