/* SPDX-License-Identifier: Apache-2.0 */
/* MERGE: an UPDATE of the joined rows, then an INSERT of what has no match; both see the source as it was. */
#include "standin/rewrite_dml.h"
#include "standin/rewrite_query.h"

struct merge {
    struct source *target;
    const char *source_text; /* "(..) AS `B`" */
    struct source *source;
    const char *on;
    const char *update_sets, *update_where, *delete_where;
    const char *insert, *insert_where;
};

static void merge_source(struct rewriter *rw, struct merge *m)
{
    struct scope inner = {0};
    rewrite_expect(rw, "USING");
    /* Parsed as a FROM list of its own; the target is not seen from within. */
    scope_push(rw, &inner);
    m->source_text = source_join(rw, false);
    scope_pop(rw);
    if (rewrite_failed(rw)) return;
    if (inner.source_count != 1) rewrite_refuse(rw, "MERGE USING a join");
    m->source = inner.sources[0];
}

static void merge_matched(struct rewriter *rw, struct merge *m)
{
    rewrite_expect(rw, "THEN");
    rewrite_expect(rw, "UPDATE");
    rewrite_expect(rw, "SET");
    m->update_sets = set_list(rw, m->target);
    if (rewrite_take(rw, "WHERE")) m->update_where = expression_condition(rw).text;
    if (rewrite_is(rw, "DELETE")) rewrite_refuse(rw, "MERGE .. DELETE");
}

static void merge_not_matched(struct rewriter *rw, struct merge *m, struct scope *source_only)
{
    rewrite_expect(rw, "MATCHED");
    rewrite_expect(rw, "THEN");
    rewrite_expect(rw, "INSERT");
    const struct dictionary_column **columns = arena_alloc(rw->arena, 1000 * sizeof *columns);
    uint32_t count = insert_columns(rw, m->target, columns);
    uint32_t all = insert_defaults(m->target, columns, count);
    rewrite_expect(rw, "VALUES");
    struct scope *saved = rw->scope;
    rw->scope = source_only;
    const char *values = insert_values(rw, columns, count, all);
    if (rewrite_take(rw, "WHERE")) m->insert_where = expression_condition(rw).text;
    rw->scope = saved;
    if (rewrite_failed(rw)) return;
    const char *exists =
        text_format(rw, "NOT EXISTS (SELECT 1 FROM %s WHERE %s)", text_table(rw, m->target->object->owner, m->target->object->name), m->on);
    const char *where = m->insert_where ? text_format(rw, "%s AND %s", exists, m->insert_where) : exists;
    m->insert = insert_text(rw, m->target, columns, all, text_format(rw, "SELECT %s FROM %s WHERE %s", values, m->source_text, where));
}

static void merge_finish(struct rewriter *rw, struct merge *m)
{
    struct plan *plan = rw->plan;
    plan->kind = PLAN_DML;
    plan->command = 189;
    rewrite_plan_table(rw, m->target->object);
    const char *table = text_table(rw, plan->table_owner, plan->table_name);
    if (m->update_sets) {
        const char *where = m->update_where ? text_format(rw, " WHERE %s", m->update_where) : "";
        const char *text = text_format(rw, "UPDATE %s JOIN %s ON %s SET %s%s", table, m->source_text, m->on, m->update_sets, where);
        text_finish(rw, text, &plan->sql, &plan->binds, &plan->bind_count);
    }
    if (m->insert) text_finish(rw, m->insert, &plan->second_sql, &plan->second_binds, &plan->second_bind_count);
}

void statement_merge(struct rewriter *rw)
{
    struct merge m = {0};
    rw->at++;
    rewrite_expect(rw, "INTO");
    m.target = source_table(rw, true);
    if (rewrite_failed(rw)) return;
    merge_source(rw, &m);
    rewrite_expect(rw, "ON");
    if (rewrite_failed(rw)) return;
    struct scope both = {0}, source_only = {0};
    scope_push(rw, &source_only);
    source_only.sources[source_only.source_count++] = m.source;
    scope_pop(rw);
    scope_push(rw, &both);
    both.sources[both.source_count++] = m.target;
    both.sources[both.source_count++] = m.source;
    rewrite_expect(rw, "(");
    m.on = expression_condition(rw).text;
    rewrite_expect(rw, ")");
    while (rewrite_take(rw, "WHEN")) {
        if (rewrite_take(rw, "MATCHED"))
            merge_matched(rw, &m);
        else if (rewrite_take(rw, "NOT"))
            merge_not_matched(rw, &m, &source_only);
        else
            rewrite_expect(rw, "MATCHED");
    }
    scope_pop(rw);
    if (rewrite_failed(rw)) return;
    if (rw->place == PLACE_PLSQL || rw->place == PLACE_TRIGGER) {
        rewrite_refuse(rw, "MERGE in PL/SQL");
        return;
    }
    merge_finish(rw, &m);
    rewrite_expect_end(rw);
}
