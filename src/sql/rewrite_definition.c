/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrite: DDL. Expressions of defaults, checks and indexes are resolved over the table's columns and rewritten like any other. */
#include "sql/build.h"
#include "sql/definition.h"
#include "sql/name.h"
#include "sql/rewrite.h"
#include "sql/rewrite_parts.h"

/* The object's relation when the catalog knows it; the plan lists it as written. */
static void find_target(struct translation *t, struct from_item *item, bool written)
{
    if (!item || item->relation) return;
    if (item->link.size)
        finding_refuse(t, item->at, "database link", "a database link leads to another server", "make the change there by hand");
    const struct sql_table *table = resolve_table(t, item->schema, item->name);
    if (!table) return;
    struct relation *r = scope_add(t, scope_new(t, NULL), item);
    r->kind = RELATION_TABLE;
    r->table = table;
    item->dml_target = written;
}

static struct scope *scope_of_columns(struct translation *t, struct definition *d)
{
    struct scope *scope = scope_new(t, NULL);
    struct from_item *item = translation_alloc(t, sizeof *item);
    item->name = d->target->name;
    struct relation *r = scope_add(t, scope, item);
    r->known = d->query == NULL;
    r->label = name_to_target(t, item->name);
    r->columns = translation_alloc(t, sizeof *r->columns * (d->column_count + 1));
    r->column_count = d->column_count;
    for (uint32_t i = 0; i < d->column_count; i++) {
        struct typing typing = d->columns[i].type ? typing_of_type_name(d->columns[i].type) : typing_of(SQL_UNKNOWN, TARGET_UNKNOWN);
        typing.nullable = true;
        r->columns[i] =
            (struct relation_column){.name = d->columns[i].name, .target = name_to_target(t, d->columns[i].name), .typing = typing};
    }
    return scope;
}

static struct scope *scope_of_table(struct translation *t, struct from_item *table)
{
    struct scope *scope = scope_new(t, NULL);
    struct from_item *item = translation_alloc(t, sizeof *item);
    *item = *table;
    item->relation = NULL;
    struct relation *r = scope_add(t, scope, item);
    const struct sql_table *known = table->relation ? table->relation->table : NULL;
    r->label = known ? view_text(known->target) : name_to_target(t, table->name);
    if (!known) {
        scope->unknown_relations = true;
        return scope;
    }
    r->known = true;
    r->columns = translation_alloc(t, sizeof *r->columns * (known->column_count + 1));
    r->column_count = known->column_count;
    for (uint32_t i = 0; i < known->column_count; i++)
        r->columns[i] = (struct relation_column){.name = view_text(known->columns[i].name),
                                                 .target = view_text(known->columns[i].target),
                                                 .typing = typing_of_column(&known->columns[i]),
                                                 .source = &known->columns[i]};
    return scope;
}

static void rewrite_over(struct translation *t, struct scope *scope, struct expression **e)
{
    if (!*e) return;
    resolve_expression(t, scope, *e);
    rewrite_expression(t, e);
}

static void rewrite_constraint(struct translation *t, struct scope *scope, struct constraint_definition *c)
{
    if (c->references) find_target(t, c->references, false);
    rewrite_over(t, scope, &c->check);
}

static void rewrite_column(struct translation *t, struct scope *scope, struct column_definition *c)
{
    if (c->type && (c->type->type == SQL_OBJECT || c->type->type == SQL_BFILE || c->type->type == SQL_ROWID))
        finding_refuse(
            t, c->at, "type",
            translation_printf(t, "a column of type %.*s is not translated", (int)c->type->text.size, (const char *)c->type->text.data),
            "choose a type by hand");
    if (c->type && c->type->type == SQL_XML)
        finding_difference(t, c->at, "type", "XML is kept as PostgreSQL's xml", "check what is done with it");
    if (c->type && c->type->type >= SQL_TIMESTAMP && c->type->type <= SQL_TIMESTAMP_LTZ && c->type->precision > 6)
        finding_difference(t, c->at, "fraction", "PostgreSQL keeps six digits of a second",
                           "keep such values in another column if they matter");
    if (c->type && c->type->bytes && c->type->type == SQL_VARCHAR)
        finding_difference(t, c->at, "bytes", "the target counts characters where the source counts bytes", "add a CHECK on octet_length");
    if (c->type && c->type->type == SQL_TIMESTAMP_TZ)
        finding_difference(t, c->at, "type", "the target keeps the instant, not the zone in which it was written",
                           "keep the zone in another column if it matters");
    if (c->default_value) {
        struct scope *empty = scope_new(t, NULL);
        rewrite_over(t, empty, &c->default_value);
        if (c->type) {
            struct typing typing = typing_of_type_name(c->type);
            c->default_value = as_type(t, c->default_value, &typing);
        }
    }
    if (c->default_on_null || c->identity_on_null)
        finding_difference(t, c->at, "default on null", "an explicit NULL is refused by the target where the source puts the default",
                           "leave the column out of the INSERT");
    rewrite_over(t, scope, &c->generated);
    for (uint32_t i = 0; i < c->constraint_count; i++) rewrite_constraint(t, scope, &c->constraints[i]);
}

static bool is_not_null_column(const struct definition *d, struct view name)
{
    for (uint32_t i = 0; i < d->column_count; i++) {
        if (!view_equal(d->columns[i].name, name)) continue;
        for (uint32_t j = 0; j < d->columns[i].constraint_count; j++)
            if (d->columns[i].constraints[j].kind == CONSTRAINT_NOT_NULL || d->columns[i].constraints[j].kind == CONSTRAINT_PRIMARY_KEY)
                return true;
    }
    return false;
}

static void check_unique(struct translation *t, const struct definition *d, const struct constraint_definition *c)
{
    if (c->kind != CONSTRAINT_UNIQUE || c->column_count < 2) return;
    for (uint32_t i = 0; i < c->column_count; i++)
        if (!is_not_null_column(d, c->columns[i])) {
            finding_difference(t, c->at, "unique", "the source counts (1, NULL) twice as a duplicate, the target does not",
                               "make the columns NOT NULL, or add partial unique indexes");
            return;
        }
}

static void rewrite_create_table(struct translation *t, struct definition *d)
{
    if (d->query) {
        resolve_query(t, d->query, NULL);
        rewrite_query(t, d->query);
    }
    struct scope *scope = scope_of_columns(t, d);
    for (uint32_t i = 0; i < d->column_count; i++) rewrite_column(t, scope, &d->columns[i]);
    for (uint32_t i = 0; i < d->constraint_count; i++) {
        rewrite_constraint(t, scope, &d->constraints[i]);
        check_unique(t, d, &d->constraints[i]);
    }
    if (d->temporary)
        finding_difference(t, d->at, "temporary table", "a temporary table of the target lives as long as the session that made it",
                           "make it at the begin of each session");
    if (d->query && d->column_count > 0 && d->columns[0].type)
        finding_refuse(t, d->at, "create table", "columns with types and AS SELECT stand together", "make the table first");
}

static void rewrite_alter_table(struct translation *t, struct definition *d)
{
    find_target(t, d->target, true);
    struct scope *scope = scope_of_table(t, d->target);
    for (uint32_t i = 0; i < d->action_count; i++) {
        struct alter_action *a = &d->actions[i];
        if (a->column) {
            if (a->kind == ALTER_ADD_COLUMN) scope->unknown_relations = true, scope->relations[0]->known = false;
            rewrite_column(t, scope, a->column);
        }
        if (a->constraint) rewrite_constraint(t, scope, a->constraint);
        bool rename = a->kind >= ALTER_RENAME_COLUMN;
        if (rename && d->action_count > 1)
            finding_refuse(t, d->at, "alter table", "a renaming stands with other changes", "rename in a statement of its own");
        if (a->kind == ALTER_DROP_PRIMARY_KEY) {
            const struct sql_table *table = d->target->relation ? d->target->relation->table : NULL;
            const struct sql_key *key = table && table->key_count > 0 && table->keys[0].primary ? &table->keys[0] : NULL;
            if (!key) finding_refuse(t, d->at, "alter table", "the primary key's name is not known", "drop it by its name");
            a->name = key ? view_text(key->name) : view_of(NULL, 0);
        }
    }
    if (d->action_count == 0 && !d->refused)
        finding_refuse(t, d->at, "alter table", "this ALTER TABLE is not translated",
                       "make the change on both sides and refresh the catalog");
}

static void rewrite_index(struct translation *t, struct definition *d)
{
    find_target(t, d->table, true);
    struct scope *scope = scope_of_table(t, d->table);
    for (uint32_t i = 0; i < d->keys.count; i++) rewrite_over(t, scope, &d->keys.keys[i].expression);
}

static void rewrite_view(struct translation *t, struct definition *d)
{
    if (!d->query) return;
    resolve_query(t, d->query, NULL);
    rewrite_query(t, d->query);
    if (t->bind_count > 0) finding_refuse(t, d->at, "view", "a view cannot hold binds", "check the statement");
}

void rewrite_definition(struct translation *t, struct definition *d)
{
    if (d->difference) finding_difference(t, d->difference_at, "ddl", d->difference, "make by hand what the application needs of it");
    if (d->refused) {
        finding_refuse(t, d->at, "ddl", d->refused, d->advice);
        if (d->target) find_target(t, d->target, true);
        return;
    }
    switch (d->kind) {
    case DEFINITION_CREATE_TABLE: rewrite_create_table(t, d); break;
    case DEFINITION_ALTER_TABLE: rewrite_alter_table(t, d); break;
    case DEFINITION_CREATE_INDEX: rewrite_index(t, d); break;
    case DEFINITION_CREATE_VIEW:
    case DEFINITION_CREATE_MATERIALIZED_VIEW: rewrite_view(t, d); break;
    case DEFINITION_DROP:
        find_target(t, d->target, true);
        if (d->cascade)
            finding_difference(t, d->at, "drop cascade", "the target drops dependent views too, where the source only drops constraints",
                               "make them again");
        break;
    case DEFINITION_TRUNCATE:
    case DEFINITION_COMMENT:
    case DEFINITION_RENAME:
    case DEFINITION_GRANT:
    case DEFINITION_ANALYZE: find_target(t, d->target, d->kind == DEFINITION_TRUNCATE); break;
    case DEFINITION_IGNORED:
        t->passed = true;
        finding_note(t, d->at, "ddl", "this has no meaning for the target", "none is needed");
        break;
    case DEFINITION_UNKNOWN:
        finding_refuse(t, d->at, "ddl", "this definition is not translated", "make the change on both sides and refresh the catalog");
        break;
    default: break;
    }
}
