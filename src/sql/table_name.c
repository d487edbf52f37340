/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that a statement names, whether the catalog knows them or not: for reports. */
#include "sql/table_name.h"
#include "sql/definition.h"

static void add_name(struct sql_plan *plan, uint32_t room, const struct from_item *item, bool read, bool written, struct arena *arena)
{
    for (uint32_t i = 0; i < plan->name_count; i++) {
        struct sql_name_use *use = &plan->names[i];
        if (!view_equal(view_text(use->name), item->name) || !view_equal(view_text(use->schema), item->schema)) continue;
        use->read |= read;
        use->written |= written;
        return;
    }
    if (plan->name_count == room) return;
    plan->names[plan->name_count++] = (struct sql_name_use){
        .schema = arena_string(arena, item->schema), .name = arena_string(arena, item->name), .read = read, .written = written};
}

/* What a definition makes, changes or drops, if it is a table or view. */
static void add_defined(struct sql_plan *plan, uint32_t room, const struct definition *d, struct arena *arena)
{
    bool target = d->kind == DEFINITION_CREATE_TABLE || d->kind == DEFINITION_ALTER_TABLE || d->kind == DEFINITION_TRUNCATE ||
                  d->kind == DEFINITION_CREATE_VIEW || d->kind == DEFINITION_CREATE_MATERIALIZED_VIEW || d->kind == DEFINITION_RENAME ||
                  ((d->kind == DEFINITION_DROP || d->kind == DEFINITION_COMMENT) &&
                   (view_equal(d->object, view_text("TABLE")) || view_equal(d->object, view_text("VIEW")) ||
                    view_equal(d->object, view_text("COLUMN")) || view_equal(d->object, view_text("MATERIALIZED VIEW"))));
    if (target && d->target) add_name(plan, room, d->target, false, true, arena);
    if (d->table) add_name(plan, room, d->table, false, true, arena);
}

void table_names_keep(struct sql_plan *plan, const struct translation *t, const struct statement *s, struct arena *arena)
{
    uint32_t room = t->relation_count + 2;
    plan->names = arena_zero(arena, sizeof *plan->names * room);
    if (s && s->definition) add_defined(plan, room, s->definition, arena);
    for (uint32_t i = 0; i < t->relation_count; i++) {
        const struct relation *r = t->relations[i];
        if (!r->item || r->item->kind != FROM_TABLE || !r->item->name.size || r->kind == RELATION_WITH || r->kind == RELATION_DUAL)
            continue;
        bool written = r->item->dml_target;
        add_name(plan, room, r->item, !written || (s && s->kind != SQL_INSERT && s->kind != SQL_INSERT_ALL), written, arena);
    }
}
