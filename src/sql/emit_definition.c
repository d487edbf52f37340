/* SPDX-License-Identifier: Apache-2.0 */
/* Emitter: DDL. */
#include "sql/build.h"
#include "sql/definition.h"
#include "sql/emit.h"
#include "sql/name.h"
#include <stdio.h>

static void write_source_name(struct emitter *m, struct view name)
{
    name_write(m->out, name_to_target(m->t, name));
}

static void emit_object(struct emitter *m, const struct from_item *item, bool qualified)
{
    if (item->relation && item->relation->table) {
        emit_table(m, item);
        return;
    }
    if (qualified && item->schema.size) {
        write_source_name(m, item->schema);
        buffer_u8(m->out, '.');
    } else if (qualified && m->t->options->catalog && m->t->options->current_schema) {
        write_source_name(m, view_text(m->t->options->current_schema));
        buffer_u8(m->out, '.');
    }
    write_source_name(m, item->name);
}

static void emit_names(struct emitter *m, const struct view *names, uint32_t count)
{
    emit_text(m, " (");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) emit_text(m, ", ");
        write_source_name(m, names[i]);
    }
    buffer_u8(m->out, ')');
}

static void emit_sized(struct emitter *m, const char *name, int size)
{
    if (size > 0)
        buffer_printf(m->out, "%s(%d)", name, size);
    else
        emit_text(m, name);
}

static void emit_number_type(struct emitter *m, const struct type_name *type, bool identity)
{
    int precision = type->precision, scale = type->scale > -1000 ? type->scale : 0;
    bool sized = precision > 0;
    if (identity && (!sized || precision > 9 || scale != 0)) {
        emit_text(m, "bigint");
    } else if (sized && scale == 0 && precision <= 18) {
        emit_text(m, precision <= 4 ? "smallint" : precision <= 9 ? "integer" : "bigint");
    } else if (sized) {
        buffer_printf(m->out, scale ? "numeric(%d,%d)" : "numeric(%d)", precision, scale);
    } else if (type->type == SQL_INTEGER) {
        emit_text(m, "numeric(38)");
    } else {
        emit_text(m, "numeric");
    }
}

static void emit_type(struct emitter *m, const struct type_name *type, bool identity)
{
    int fraction = type->precision >= 0 && type->precision < 6 ? type->precision : -1;
    switch (type->type) {
    case SQL_NUMBER:
    case SQL_INTEGER: emit_number_type(m, type, identity); return;
    case SQL_FLOAT: emit_text(m, "numeric"); return;
    case SQL_BINARY_FLOAT: emit_text(m, "real"); return;
    case SQL_BINARY_DOUBLE: emit_text(m, "double precision"); return;
    case SQL_VARCHAR:
    case SQL_NVARCHAR: emit_sized(m, "varchar", type->length); return;
    case SQL_CHAR:
    case SQL_NCHAR: emit_sized(m, "char", type->length > 0 ? type->length : 1); return;
    case SQL_CLOB:
    case SQL_NCLOB:
    case SQL_LONG: emit_text(m, "text"); return;
    case SQL_BLOB:
    case SQL_RAW:
    case SQL_LONG_RAW: emit_text(m, "bytea"); return;
    case SQL_DATE: emit_text(m, "timestamp(0)"); return;
    case SQL_TIMESTAMP:
    case SQL_TIMESTAMP_TZ:
    case SQL_TIMESTAMP_LTZ:
        emit_text(m, type->type == SQL_TIMESTAMP ? "timestamp" : "timestamp");
        if (fraction >= 0) buffer_printf(m->out, "(%d)", fraction);
        if (type->type != SQL_TIMESTAMP) emit_text(m, " with time zone");
        return;
    case SQL_INTERVAL_YM: emit_text(m, "interval year to month"); return;
    case SQL_INTERVAL_DS: emit_text(m, "interval day to second"); return;
    case SQL_BOOLEAN: emit_text(m, "boolean"); return;
    case SQL_JSON: emit_text(m, "jsonb"); return;
    case SQL_XML: emit_text(m, "xml"); return;
    default: emit_text(m, "text"); return;
    }
}

static bool is_small(struct view number)
{
    return number.size > 0 && number.size <= 18;
}

static void emit_sequence_options(struct emitter *m, const struct sequence_options *o, bool alter)
{
    if (o->restart) {
        emit_text(m, " RESTART");
        if (o->start.size) buffer_printf(m->out, " WITH %.*s", (int)o->start.size, (const char *)o->start.data);
    } else if (is_small(o->start)) {
        buffer_printf(m->out, " START WITH %.*s", (int)o->start.size, (const char *)o->start.data);
    }
    if (is_small(o->increment)) buffer_printf(m->out, " INCREMENT BY %.*s", (int)o->increment.size, (const char *)o->increment.data);
    if (is_small(o->minimum)) buffer_printf(m->out, " MINVALUE %.*s", (int)o->minimum.size, (const char *)o->minimum.data);
    if (o->no_minimum) emit_text(m, " NO MINVALUE");
    if (is_small(o->maximum)) buffer_printf(m->out, " MAXVALUE %.*s", (int)o->maximum.size, (const char *)o->maximum.data);
    if (o->no_maximum || (o->maximum.size && !is_small(o->maximum) && alter)) emit_text(m, " NO MAXVALUE");
    if (o->cycle) emit_text(m, " CYCLE");
    if (o->no_cycle && alter) emit_text(m, " NO CYCLE");
}

static bool has_options(const struct sequence_options *o)
{
    return is_small(o->start) || is_small(o->increment) || is_small(o->minimum) || is_small(o->maximum) || o->cycle;
}

/* False: nothing is written, because the source does not enforce it. */
static bool emit_constraint(struct emitter *m, const struct constraint_definition *c, const char *before)
{
    if (c->disabled || c->kind == CONSTRAINT_NULL) return false;
    emit_text(m, before);
    if (c->name.size) {
        emit_text(m, "CONSTRAINT ");
        write_source_name(m, c->name);
        buffer_u8(m->out, ' ');
    }
    switch (c->kind) {
    case CONSTRAINT_NOT_NULL: emit_text(m, "NOT NULL"); return true;
    case CONSTRAINT_PRIMARY_KEY: emit_text(m, "PRIMARY KEY"); break;
    case CONSTRAINT_UNIQUE: emit_text(m, "UNIQUE"); break;
    case CONSTRAINT_CHECK:
        emit_text(m, "CHECK (");
        emit_expression(m, c->check, PRECEDENCE_ANY);
        buffer_u8(m->out, ')');
        return true;
    case CONSTRAINT_FOREIGN_KEY:
        if (c->column_count) emit_text(m, "FOREIGN KEY");
        break;
    default: return false;
    }
    if (c->column_count) emit_names(m, c->columns, c->column_count);
    if (c->kind == CONSTRAINT_FOREIGN_KEY) {
        emit_text(m, c->column_count ? " REFERENCES " : "REFERENCES ");
        emit_object(m, c->references, true);
        if (c->referred_count) emit_names(m, c->referred, c->referred_count);
        if (c->cascade) emit_text(m, " ON DELETE CASCADE");
        if (c->set_null) emit_text(m, " ON DELETE SET NULL");
    }
    if (c->deferrable || c->deferred) emit_text(m, c->deferred ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE");
    return true;
}

static void emit_typing(struct emitter *m, const struct typing *typing)
{
    struct type_name type = {.type = typing->type == SQL_UNKNOWN ? SQL_VARCHAR : typing->type,
                             .precision = typing->precision ? typing->precision : -1,
                             .scale = typing->scale ? typing->scale : -1000,
                             .length = typing->length ? typing->length : -1};
    emit_type(m, &type, false);
}

static void emit_column_definition(struct emitter *m, const struct column_definition *c)
{
    write_source_name(m, c->name);
    buffer_u8(m->out, ' ');
    if (c->type)
        emit_type(m, c->type, c->identity);
    else if (c->generated)
        emit_typing(m, &c->generated->typing);
    else
        emit_text(m, c->identity ? "bigint" : "text");
    if (c->default_value && !is_null_literal(c->default_value)) {
        emit_text(m, " DEFAULT ");
        emit_expression(m, c->default_value, PRECEDENCE_OTHER + 1);
    }
    if (c->generated) {
        emit_text(m, " GENERATED ALWAYS AS (");
        emit_expression(m, c->generated, PRECEDENCE_ANY);
        emit_text(m, ") STORED");
    }
    if (c->identity) {
        emit_text(m, c->identity_always ? " GENERATED ALWAYS AS IDENTITY" : " GENERATED BY DEFAULT AS IDENTITY");
        if (has_options(&c->identity_options)) {
            emit_text(m, " (");
            struct buffer *out = m->out;
            size_t before = buffer_size(out);
            emit_sequence_options(m, &c->identity_options, false);
            if (!out->failed && buffer_size(out) > before) { /* without the first blank */
                uint8_t *text = out->data + out->start + before;
                memmove(text, text + 1, buffer_size(out) - before - 1);
                out->end--;
            }
            buffer_u8(m->out, ')');
        }
    }
    for (uint32_t i = 0; i < c->constraint_count; i++) emit_constraint(m, &c->constraints[i], " ");
}

static void emit_create_table(struct emitter *m, const struct definition *d)
{
    bool any = false;
    emit_text(m, d->temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ");
    if (d->if_not_exists) emit_text(m, "IF NOT EXISTS ");
    emit_object(m, d->target, !d->temporary);
    if (d->query) {
        if (d->column_count) {
            emit_text(m, " (");
            for (uint32_t i = 0; i < d->column_count; i++) {
                if (i > 0) emit_text(m, ", ");
                write_source_name(m, d->columns[i].name);
            }
            buffer_u8(m->out, ')');
        }
        if (d->temporary && !d->keep_rows) emit_text(m, " ON COMMIT DELETE ROWS");
        emit_text(m, " AS ");
        emit_query(m, d->query);
        return;
    }
    emit_text(m, " (");
    for (uint32_t i = 0; i < d->column_count && !m->out->failed; i++) {
        if (any) emit_text(m, ", ");
        any = true;
        emit_column_definition(m, &d->columns[i]);
    }
    for (uint32_t i = 0; i < d->constraint_count; i++)
        if (emit_constraint(m, &d->constraints[i], any ? ", " : "")) any = true;
    buffer_u8(m->out, ')');
    if (d->temporary) emit_text(m, d->keep_rows ? " ON COMMIT PRESERVE ROWS" : " ON COMMIT DELETE ROWS");
}

static void emit_modify(struct emitter *m, const struct column_definition *c, bool *any)
{
    const char *before = *any ? ", " : " ";
    struct buffer *out = m->out;
    if (c->type) {
        buffer_printf(out, "%sALTER COLUMN ", before);
        write_source_name(m, c->name);
        emit_text(m, " TYPE ");
        emit_type(m, c->type, false);
        emit_text(m, " USING ");
        write_source_name(m, c->name);
        emit_text(m, "::");
        if (type_is_text(c->type->type))
            emit_text(m, "text"); /* from there it is assigned: what is too long is refused, where varchar(n) would cut it */
        else
            emit_type(m, c->type, false);
        before = ", ";
    }
    if (c->default_value || c->drop_default) {
        buffer_printf(out, "%sALTER COLUMN ", before);
        write_source_name(m, c->name);
        emit_text(m, c->default_value ? " SET DEFAULT " : " DROP DEFAULT");
        if (c->default_value) emit_expression(m, c->default_value, PRECEDENCE_OTHER + 1);
        before = ", ";
    }
    for (uint32_t i = 0; i < c->constraint_count; i++) {
        const struct constraint_definition *constraint = &c->constraints[i];
        if (constraint->kind == CONSTRAINT_NOT_NULL || constraint->kind == CONSTRAINT_NULL) {
            buffer_printf(out, "%sALTER COLUMN ", before);
            write_source_name(m, c->name);
            emit_text(m, constraint->kind == CONSTRAINT_NULL || constraint->disabled ? " DROP NOT NULL" : " SET NOT NULL");
        } else if (constraint->kind != CONSTRAINT_FOREIGN_KEY || constraint->column_count) {
            struct constraint_definition whole = *constraint;
            struct view name = c->name;
            if (whole.kind != CONSTRAINT_CHECK && whole.column_count == 0) whole.columns = &name, whole.column_count = 1;
            buffer_printf(out, "%sADD ", before);
            emit_constraint(m, &whole, "");
        }
        before = ", ";
    }
    *any = before[0] == ',';
}

static void emit_alter_table(struct emitter *m, const struct definition *d)
{
    bool any = false;
    emit_text(m, "ALTER TABLE ");
    emit_object(m, d->target, true);
    for (uint32_t i = 0; i < d->action_count && !m->out->failed; i++) {
        const struct alter_action *a = &d->actions[i];
        const char *before = any ? ", " : " ";
        switch (a->kind) {
        case ALTER_ADD_COLUMN:
            buffer_printf(m->out, "%sADD COLUMN ", before);
            emit_column_definition(m, a->column);
            break;
        case ALTER_ADD_CONSTRAINT: {
            char add[8];
            snprintf(add, sizeof add, "%sADD ", any ? ", " : " ");
            if (!emit_constraint(m, a->constraint, add)) continue;
            break;
        }
        case ALTER_MODIFY: emit_modify(m, a->column, &any); continue;
        case ALTER_DROP_COLUMN:
        case ALTER_DROP_CONSTRAINT:
        case ALTER_DROP_PRIMARY_KEY:
            buffer_printf(m->out, "%sDROP %s ", before, a->kind == ALTER_DROP_COLUMN ? "COLUMN" : "CONSTRAINT");
            write_source_name(m, a->name);
            if (a->cascade) emit_text(m, " CASCADE");
            break;
        case ALTER_RENAME_COLUMN:
        case ALTER_RENAME_CONSTRAINT:
            emit_text(m, a->kind == ALTER_RENAME_COLUMN ? " RENAME COLUMN " : " RENAME CONSTRAINT ");
            write_source_name(m, a->name);
            emit_text(m, " TO ");
            write_source_name(m, a->other);
            break;
        default:
            emit_text(m, " RENAME TO ");
            write_source_name(m, a->other);
            break;
        }
        any = true;
    }
    if (!any) { /* only constraints that are disabled: nothing to do */
        buffer_clear(m->out);
        m->t->passed = true;
    }
}

static void emit_index(struct emitter *m, const struct definition *d)
{
    emit_text(m, d->unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    if (d->if_not_exists) emit_text(m, "IF NOT EXISTS ");
    write_source_name(m, d->target->name);
    emit_text(m, " ON ");
    emit_object(m, d->table, true);
    emit_text(m, " (");
    for (uint32_t i = 0; i < d->keys.count; i++) {
        const struct expression *e = d->keys.keys[i].expression;
        bool plain = e->kind == EXPRESSION_NAME;
        if (i > 0) emit_text(m, ", ");
        if (!plain) buffer_u8(m->out, '(');
        emit_expression(m, e, PRECEDENCE_ANY);
        if (!plain) buffer_u8(m->out, ')');
        if (d->keys.keys[i].descending) emit_text(m, " DESC");
    }
    buffer_u8(m->out, ')');
}

static void emit_view(struct emitter *m, const struct definition *d)
{
    bool materialized = d->kind == DEFINITION_CREATE_MATERIALIZED_VIEW;
    emit_text(m, materialized ? "CREATE MATERIALIZED VIEW " : d->replace ? "CREATE OR REPLACE VIEW " : "CREATE VIEW ");
    emit_object(m, d->target, true);
    if (d->name_count) emit_names(m, d->names, d->name_count);
    emit_text(m, " AS ");
    emit_query(m, d->query);
    if (d->with_check && !materialized) emit_text(m, " WITH CHECK OPTION");
}

static void emit_comment(struct emitter *m, const struct definition *d)
{
    emit_text(m, d->column.size ? "COMMENT ON COLUMN " : "COMMENT ON TABLE ");
    emit_object(m, d->target, true);
    if (d->column.size) {
        buffer_u8(m->out, '.');
        write_source_name(m, d->column);
    }
    emit_text(m, " IS ");
    if (d->text.size)
        string_write(m->out, d->text);
    else
        emit_text(m, "NULL");
}

static void emit_grant(struct emitter *m, const struct definition *d)
{
    bool revoke = view_equal(d->verb, view_text("REVOKE"));
    buffer_printf(m->out, "%s %.*s ON ", revoke ? "REVOKE" : "GRANT", (int)d->text.size, (const char *)d->text.data);
    emit_object(m, d->target, true);
    buffer_printf(m->out, " %s %.*s", revoke ? "FROM" : "TO", (int)d->other.size, (const char *)d->other.data);
    if (d->cascade && !revoke) emit_text(m, " WITH GRANT OPTION");
}

void emit_definition(struct emitter *m, const struct definition *d)
{
    switch (d->kind) {
    case DEFINITION_CREATE_TABLE: emit_create_table(m, d); return;
    case DEFINITION_ALTER_TABLE: emit_alter_table(m, d); return;
    case DEFINITION_CREATE_INDEX: emit_index(m, d); return;
    case DEFINITION_CREATE_SEQUENCE:
    case DEFINITION_ALTER_SEQUENCE:
        emit_text(m, d->kind == DEFINITION_CREATE_SEQUENCE ? "CREATE SEQUENCE " : "ALTER SEQUENCE ");
        if (d->if_not_exists) emit_text(m, "IF NOT EXISTS ");
        emit_object(m, d->target, true);
        emit_sequence_options(m, &d->sequence, d->kind == DEFINITION_ALTER_SEQUENCE);
        return;
    case DEFINITION_CREATE_VIEW:
    case DEFINITION_CREATE_MATERIALIZED_VIEW: emit_view(m, d); return;
    case DEFINITION_DROP:
        buffer_printf(m->out, "DROP %.*s ", (int)d->object.size, (const char *)d->object.data);
        if (d->if_exists) emit_text(m, "IF EXISTS ");
        emit_object(m, d->target, true);
        if (d->cascade) emit_text(m, " CASCADE");
        return;
    case DEFINITION_TRUNCATE:
        emit_text(m, "TRUNCATE TABLE ");
        emit_object(m, d->target, true);
        if (d->cascade) emit_text(m, " CASCADE");
        return;
    case DEFINITION_COMMENT: emit_comment(m, d); return;
    case DEFINITION_RENAME:
        emit_text(m, "ALTER TABLE ");
        emit_object(m, d->target, true);
        emit_text(m, " RENAME TO ");
        write_source_name(m, d->other);
        return;
    case DEFINITION_ALTER_INDEX_RENAME:
        emit_text(m, "ALTER INDEX ");
        emit_object(m, d->target, true);
        emit_text(m, " RENAME TO ");
        write_source_name(m, d->other);
        return;
    case DEFINITION_GRANT: emit_grant(m, d); return;
    case DEFINITION_ANALYZE:
        emit_text(m, "ANALYZE ");
        emit_object(m, d->target, true);
        return;
    case DEFINITION_SET_CONSTRAINTS:
        buffer_printf(m->out, "SET CONSTRAINTS %.*s %.*s", (int)d->text.size, (const char *)d->text.data, (int)d->other.size,
                      (const char *)d->other.data);
        return;
    default: return;
    }
}
