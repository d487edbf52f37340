/* SPDX-License-Identifier: Apache-2.0 */
/* A query as a plan: its result columns, and the hidden ones by which a LOB's row is found again. */
#include "standin/rewrite_query.h"

#include <stdio.h>

static void describe_item(struct rewriter *rw, const struct select_item *item, struct plan_column *out)
{
    struct sql_type type = item->value.type;
    if (type.kind == KIND_UNKNOWN || type.kind == KIND_BOOLEAN) type = sql_type_varchar(item->value.bind >= 0 ? 4000 : 1);
    if (type.kind == KIND_CHAR && type.length == 0) type.length = 1;
    if (type.kind == KIND_CURSOR) rewrite_refuse(rw, "CURSOR expressions");
    *out = (struct plan_column){.name = item->name, .type = type, .nullable = item->value.maybe_null, .lob_key = -1};
}

/* One hidden column per table that a LOB column comes from. */
static const char *hidden_keys(struct rewriter *rw, const struct query *query)
{
    const struct source *known[SOURCE_MAX];
    struct plan *plan = rw->plan;
    const char *list = "";
    for (uint32_t i = 0; query->plain && i < query->item_count; i++) {
        const struct expression *e = &query->items[i].value;
        if (!sql_kind_is_lob(e->type.kind) || !e->source || !e->column || !e->source->object || !e->source->object->has_row_number)
            continue;
        uint32_t k = 0;
        while (k < plan->hidden_count && known[k] != e->source) k++;
        if (k == SOURCE_MAX) continue;
        if (k == plan->hidden_count) {
            known[plan->hidden_count++] = e->source;
            list = text_format(rw, "%s, %s.`ROWID$` AS `$K%u`", list, e->source->emit, k);
        }
        plan->columns[i].lob_key = (int)(query->item_count + k);
        plan->columns[i].lob_owner = e->source->object->owner;
        plan->columns[i].lob_table = e->source->object->name;
        plan->columns[i].lob_column = e->column->stored;
    }
    return list;
}

void query_to_plan(struct rewriter *rw, struct query *query)
{
    struct plan *plan = rw->plan;
    if (rewrite_failed(rw)) return;
    plan->kind = PLAN_QUERY;
    plan->command = 3;
    plan->column_count = query->item_count;
    plan->columns = arena_zero(rw->arena, (query->item_count + 1) * sizeof *plan->columns);
    for (uint32_t i = 0; i < query->item_count; i++) describe_item(rw, &query->items[i], &plan->columns[i]);
    plan->locks = query->locks;
    plan->no_wait = query->no_wait;
    plan->wait_seconds = query->wait_seconds;
    const char *hidden = hidden_keys(rw, query);
    if (*hidden) query->tail = text_format(rw, "%s%s", hidden, query->tail);
    text_finish(rw, query_text(rw, query, false), &plan->sql, &plan->binds, &plan->bind_count);
    if (rw->reads_sequences) plan->refresh_sequences = "";
}

void statement_query(struct rewriter *rw)
{
    struct query *query = query_parse(rw);
    rewrite_expect_end(rw);
    query_to_plan(rw, query);
}
