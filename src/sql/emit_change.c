/* SPDX-License-Identifier: Apache-2.0 */
/* Emitter: INSERT, UPDATE, DELETE, MERGE, transaction control. */
#include "sql/build.h"
#include "sql/emit.h"
#include "sql/name.h"

static void emit_target(struct emitter *m, const struct from_item *item)
{
    emit_table(m, item);
    if (!item->alias.size) return;
    emit_text(m, " AS ");
    name_write(m->out, item->relation ? item->relation->label : name_to_target(m->t, item->alias));
}

static void emit_column(struct emitter *m, const struct expression *column)
{
    name_write(m->out, column->column ? column->column->target : name_to_target(m->t, column->text));
}

static void emit_columns(struct emitter *m, struct expression *const *columns, uint32_t count)
{
    buffer_u8(m->out, '(');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) emit_text(m, ", ");
        emit_column(m, columns[i]);
    }
    buffer_u8(m->out, ')');
}

/* RETURNING: the whole row in the catalog's order, then what goes INTO binds. */
static void emit_returning(struct emitter *m, const struct change *c)
{
    const struct relation *target = c->target->relation;
    bool any = false;
    if (m->returning == RETURN_NOTHING) return;
    if (m->returning == RETURN_IMAGE && target && target->table) {
        for (uint32_t i = 0; i < target->column_count; i++) {
            emit_text(m, any ? ", " : " RETURNING ");
            any = true;
            name_write(m->out, target->label);
            buffer_u8(m->out, '.');
            name_write(m->out, target->columns[i].target);
        }
    }
    for (uint32_t i = 0; i < c->returning_count; i++) {
        emit_text(m, any ? ", " : " RETURNING ");
        any = true;
        emit_expression(m, c->returning[i], PRECEDENCE_ANY);
    }
}

static void emit_values(struct emitter *m, const struct insert_branch *b)
{
    buffer_u8(m->out, '(');
    emit_list(m, b->values, b->value_count);
    buffer_u8(m->out, ')');
}

static bool gives_identity(const struct insert_branch *b)
{
    for (uint32_t i = 0; i < b->column_count; i++)
        if (b->columns[i]->column && b->columns[i]->column->source && b->columns[i]->column->source->identity) return true;
    return false;
}

static void emit_insert(struct emitter *m, const struct change *c)
{
    const struct insert_branch *first = &c->branches[0];
    emit_text(m, "INSERT INTO ");
    emit_target(m, first->target);
    if (first->column_count) {
        buffer_u8(m->out, ' ');
        emit_columns(m, first->columns, first->column_count);
    }
    buffer_u8(m->out, ' ');
    if (gives_identity(first)) emit_text(m, "OVERRIDING SYSTEM VALUE ");
    if (c->query) {
        emit_query(m, c->query);
    } else {
        emit_text(m, "VALUES ");
        for (uint32_t i = 0; i < c->branch_count; i++) {
            if (i > 0) emit_text(m, ", ");
            emit_values(m, &c->branches[i]);
        }
    }
    emit_returning(m, c);
}

/* INSERT ALL and FIRST: the source once, then one INSERT for each INTO; the answer is one row with the number of rows inserted. */
static void emit_insert_all(struct emitter *m, const struct change *c)
{
    emit_text(m, "WITH source_row AS MATERIALIZED ");
    if (c->drawn_count) {
        emit_text(m, "(SELECT *");
        for (uint32_t k = 0; k < c->drawn_count; k++) {
            emit_text(m, ", ");
            emit_expression(m, c->drawn[k], PRECEDENCE_ANY);
            buffer_printf(m->out, " AS next_value_%u", (unsigned)k + 1);
        }
        emit_text(m, " FROM ");
    }
    emit_query_in_brackets(m, c->query);
    if (c->drawn_count) emit_text(m, " AS counted)");
    for (uint32_t i = 0; i < c->branch_count; i++) {
        const struct insert_branch *b = &c->branches[i];
        buffer_printf(m->out, ", inserted_%u AS (INSERT INTO ", (unsigned)(i + 1));
        emit_target(m, b->target);
        buffer_u8(m->out, ' ');
        if (b->column_count) emit_columns(m, b->columns, b->column_count);
        emit_text(m, " SELECT ");
        emit_list(m, b->values, b->value_count);
        emit_text(m, " FROM source_row");
        bool any = false;
        if (b->when) {
            emit_text(m, " WHERE ");
            emit_expression(m, b->when, PRECEDENCE_AND + 1);
            any = true;
        }
        uint32_t last = 0;
        for (uint32_t j = 0; j < i && (c->first || b->is_else); j++) { /* those that an earlier WHEN took are not taken again */
            if (c->branches[j].group == b->group || c->branches[j].group == last || !c->branches[j].when) continue;
            last = c->branches[j].group;
            emit_text(m, any ? " AND " : " WHERE ");
            any = true;
            buffer_u8(m->out, '(');
            emit_expression(m, c->branches[j].when, PRECEDENCE_ANY);
            emit_text(m, ") IS NOT TRUE");
        }
        emit_text(m, " RETURNING 1)");
    }
    emit_text(m, " SELECT ");
    for (uint32_t i = 0; i < c->branch_count; i++)
        buffer_printf(m->out, "%s(SELECT count(*) FROM inserted_%u)", i > 0 ? " + " : "", (unsigned)(i + 1));
    emit_text(m, " AS row_count");
}

static void emit_assignments(struct emitter *m, const struct change *c)
{
    emit_text(m, " SET ");
    for (uint32_t i = 0; i < c->assignment_count && !m->out->failed; i++) {
        const struct assignment *a = &c->assignments[i];
        if (i > 0) emit_text(m, ", ");
        if (a->column_count == 1)
            emit_column(m, a->columns[0]);
        else
            emit_columns(m, a->columns, a->column_count);
        emit_text(m, " = ");
        emit_expression(m, a->value, PRECEDENCE_ANY);
    }
}

static void emit_where(struct emitter *m, const struct expression *where)
{
    if (!where) return;
    emit_text(m, " WHERE ");
    emit_expression(m, where, PRECEDENCE_ANY);
}

static void emit_update(struct emitter *m, const struct change *c)
{
    emit_text(m, "UPDATE ");
    emit_target(m, c->target);
    emit_assignments(m, c);
    for (uint32_t i = 0; i < c->from_count; i++) {
        emit_text(m, i == 0 ? " FROM " : ", ");
        emit_from_item(m, c->from[i]);
    }
    emit_where(m, c->where);
    emit_returning(m, c);
}

static void emit_delete(struct emitter *m, const struct change *c)
{
    emit_text(m, "DELETE FROM ");
    emit_target(m, c->target);
    emit_where(m, c->where);
    emit_returning(m, c);
}

static void emit_merge_condition(struct emitter *m, const struct expression *a, const struct expression *b)
{
    const struct expression *conditions[] = {a, b};
    for (int i = 0; i < 2; i++) {
        if (!conditions[i]) continue;
        emit_text(m, " AND ");
        emit_expression(m, conditions[i], PRECEDENCE_AND + 1);
    }
}

static void emit_merge(struct emitter *m, const struct change *c)
{
    emit_text(m, "MERGE INTO ");
    emit_target(m, c->target);
    emit_text(m, " USING ");
    emit_from_item(m, c->from[0]);
    emit_text(m, " ON ");
    emit_expression(m, c->on, PRECEDENCE_ANY);
    if (c->has_update && c->delete_where) { /* rows that the update would have made fit for deletion */
        emit_text(m, " WHEN MATCHED");
        emit_merge_condition(m, c->where, c->delete_where);
        emit_text(m, " THEN DELETE");
    }
    if (c->has_update) {
        emit_text(m, " WHEN MATCHED");
        emit_merge_condition(m, c->where, NULL);
        emit_text(m, " THEN UPDATE");
        emit_assignments(m, c);
    }
    if (c->has_insert) {
        emit_text(m, " WHEN NOT MATCHED");
        emit_merge_condition(m, c->insert_where, NULL);
        emit_text(m, " THEN INSERT ");
        if (c->insert.column_count) {
            emit_columns(m, c->insert.columns, c->insert.column_count);
            buffer_u8(m->out, ' ');
        }
        emit_text(m, "VALUES ");
        emit_values(m, &c->insert);
    }
}

static void emit_change(struct emitter *m, const struct change *c, enum sql_kind kind)
{
    switch (kind) {
    case SQL_INSERT: emit_insert(m, c); return;
    case SQL_INSERT_ALL:
        if (c->rows_of_values)
            emit_insert(m, c);
        else
            emit_insert_all(m, c);
        return;
    case SQL_UPDATE: emit_update(m, c); return;
    case SQL_DELETE: emit_delete(m, c); return;
    default: emit_merge(m, c); return;
    }
}

static void emit_isolation(struct emitter *m, const struct control *c)
{
    switch (c->isolation) {
    case ISOLATION_READ_ONLY: emit_text(m, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"); return;
    case ISOLATION_SERIALIZABLE:
        emit_text(m, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        return; /* Oracle's is snapshot isolation */
    case ISOLATION_READ_COMMITTED: emit_text(m, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"); return;
    default: emit_text(m, "SET TRANSACTION READ WRITE"); return;
    }
}

static void emit_control(struct emitter *m, const struct control *c, enum sql_kind kind)
{
    switch (kind) {
    case SQL_COMMIT: emit_text(m, "COMMIT"); return;
    case SQL_ROLLBACK: emit_text(m, "ROLLBACK"); return;
    case SQL_SAVEPOINT:
    case SQL_ROLLBACK_TO:
        emit_text(m, kind == SQL_SAVEPOINT ? "SAVEPOINT " : "ROLLBACK TO SAVEPOINT ");
        name_write(m->out, name_to_target(m->t, c->name));
        return;
    case SQL_SET_TRANSACTION: emit_isolation(m, c); return;
    case SQL_LOCK_TABLE:
        emit_text(m, "LOCK TABLE ");
        for (uint32_t i = 0; i < c->table_count; i++) {
            if (i > 0) emit_text(m, ", ");
            emit_table(m, c->tables[i]);
        }
        buffer_printf(m->out, " IN %s MODE%s", c->lock_mode, c->wait == LOCK_NOWAIT ? " NOWAIT" : "");
        return;
    default: return;
    }
}

void emit_statement(struct emitter *m, const struct statement *s)
{
    if (s->query) emit_query(m, s->query);
    if (s->change) emit_change(m, s->change, s->kind);
    if (s->control) emit_control(m, s->control, s->kind);
    if (s->definition) emit_definition(m, s->definition);
    if (s->call) {
        emit_text(m, "CALL ");
        emit_expression(m, s->call, PRECEDENCE_ANY);
    }
}
