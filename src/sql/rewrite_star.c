/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrite: * becomes the columns that the source has, in the source's order. */
#include "sql/build.h"
#include "sql/rewrite.h"

struct item_list {
    struct select_item *items;
    uint32_t count;
};

static void add_column(struct translation *t, struct item_list *list, struct relation *r, struct relation_column *column, bool qualify)
{
    struct expression *e = build_column(t, r->item->at, r, column);
    e->qualify = qualify;
    e->rewritten = column->typing.target != TARGET_BOOLEAN; /* that one is shown as the number that it is */
    struct select_item item = {.expression = e, .heading = column->name};
    LIST_ADD(t, list->items, list->count, item);
}

static void add_star(struct translation *t, struct item_list *list, struct relation *r, uint32_t at, bool only)
{
    struct expression *star = build_expression(t, EXPRESSION_STAR, at, typing_of(SQL_UNKNOWN, TARGET_UNKNOWN));
    star->relation = only ? NULL : r;
    struct select_item item = {.expression = star};
    LIST_ADD(t, list->items, list->count, item);
}

static void add_relation(struct translation *t, struct item_list *list, struct relation *r, uint32_t at, bool only, bool skip_merged)
{
    if (r->kind != RELATION_TABLE && r->kind != RELATION_DUAL) {
        add_star(t, list, r, at, only);
        return;
    }
    for (uint32_t i = 0; i < r->column_count; i++)
        if (!skip_merged || !r->columns[i].merged) add_column(t, list, r, &r->columns[i], !only);
}

/* A natural join whose columns in common are not known: only the target can say what * is. */
static bool has_open_natural(const struct from_item *item)
{
    if (item->kind != FROM_JOIN) return false;
    return (item->natural && item->using_count == 0) || has_open_natural(item->left) || has_open_natural(item->right);
}

static bool has_merged(const struct scope *scope)
{
    for (uint32_t i = 0; i < scope->relation_count; i++)
        for (uint32_t j = 0; j < scope->relations[i]->column_count; j++)
            if (scope->relations[i]->columns[j].merged) return true;
    return false;
}

static void expand(struct translation *t, struct select *s, struct item_list *list, struct select_item *item)
{
    struct scope *scope = s->scope;
    struct expression *star = item->expression;
    bool merged = has_merged(scope);
    if (star->relation) {
        add_relation(t, list, star->relation, star->at, false, false);
        return;
    }
    bool open = false;
    for (uint32_t i = 0; i < s->from_count; i++) open |= has_open_natural(s->from[i]);
    if (open || star->qualifier.size || (merged && scope->unknown_relations) || scope->relation_count == 0) {
        LIST_ADD(t, list->items, list->count, *item);
        return;
    }
    struct view seen[64];
    uint32_t seen_count = 0;
    for (uint32_t i = 0; merged && i < scope->relation_count; i++)
        for (uint32_t j = 0; j < scope->relations[i]->column_count; j++) {
            struct relation_column *column = &scope->relations[i]->columns[j];
            bool again = !column->merged;
            for (uint32_t k = 0; k < seen_count && !again; k++) again = view_equal(seen[k], column->name);
            if (again || seen_count == 64) continue;
            seen[seen_count++] = column->name;
            add_column(t, list, scope->relations[i], column, false);
        }
    for (uint32_t i = 0; i < scope->relation_count; i++) {
        struct relation *r = scope->relations[i];
        if (merged && r->kind != RELATION_TABLE) {
            for (uint32_t j = 0; j < r->column_count; j++)
                if (!r->columns[j].merged) add_column(t, list, r, &r->columns[j], true);
            continue;
        }
        add_relation(t, list, r, star->at, scope->relation_count == 1, merged);
    }
}

void rewrite_star(struct translation *t, struct select *s)
{
    struct item_list list = {0};
    bool any = false;
    for (uint32_t i = 0; i < s->item_count; i++) any |= s->items[i].expression->kind == EXPRESSION_STAR;
    if (!any) return;
    for (uint32_t i = 0; i < s->item_count; i++) {
        if (s->items[i].expression->kind == EXPRESSION_STAR)
            expand(t, s, &list, &s->items[i]);
        else
            LIST_ADD(t, list.items, list.count, s->items[i]);
    }
    s->items = list.items;
    s->item_count = list.count;
}
