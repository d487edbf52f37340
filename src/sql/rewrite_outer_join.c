/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrite: (+) becomes JOIN. Every conjunct of WHERE with a marked column belongs to the one relation that is marked in it; that
 * relation is joined LEFT to the relations that the conjunct names unmarked. Relations without marks are the ground on which the
 * others are joined in dependency order. Conjuncts without marks stay in WHERE, and columns keep the order of FROM (* is expanded
 * by relation), so that nothing but the join changes.
 */
#include "sql/build.h"
#include "sql/rewrite.h"
#include "sql/walk.h"

enum { RELATIONS_MAX = 64 };
struct joined {
    struct relation *relation;
    struct from_item *item;
    struct expression *on;
    uint64_t needs; /* relations that must be joined before */
    bool placed;
};
struct outer {
    struct select *select;
    struct joined list[RELATIONS_MAX];
    uint32_t count;
    uint64_t marked, plain; /* of the conjunct being looked at */
    bool foreign;
};

static void collect(struct translation *t, struct expression **at, void *context)
{
    (void)t;
    struct outer *o = context;
    struct expression *e = *at;
    if (e->kind != EXPRESSION_NAME) return;
    for (uint32_t i = 0; i < o->count; i++) {
        if (o->list[i].relation != e->relation) continue;
        *(e->outer ? &o->marked : &o->plain) |= 1ull << i;
        return;
    }
    if (e->outer) o->foreign = true;
}

static int single_bit(uint64_t bits)
{
    if (bits == 0 || (bits & (bits - 1)) != 0) return -1;
    return __builtin_ctzll(bits);
}

static bool take_conjunct(struct translation *t, struct outer *o, struct expression *e)
{
    if (!e->contains_outer) return false;
    o->marked = o->plain = 0;
    o->foreign = false;
    walk_expression(t, &e, collect, o);
    int supplied = single_bit(o->marked);
    if (o->foreign || supplied < 0) {
        finding_refuse(t, e->at, "outer join",
                       o->foreign ? "(+) stands on a column whose table is not known here" : "one condition marks two tables with (+)",
                       "write it as LEFT JOIN");
        return false;
    }
    struct joined *j = &o->list[supplied];
    uint64_t own = 1ull << supplied;
    if (o->plain & own) { /* the same table marked and unmarked: the unmarked use makes it no outer condition of this table alone */
        finding_refuse(t, e->at, "outer join", "one condition names a table both with and without (+)", "write it as LEFT JOIN");
        return false;
    }
    j->needs |= o->plain;
    if (!j->on) {
        j->on = build_expression(t, EXPRESSION_AND, e->at, e->typing);
        j->on->rewritten = false;
    }
    build_add(t, j->on, e);
    return true;
}

static bool add_item(struct translation *t, struct outer *o, struct from_item *item)
{
    if (item->kind == FROM_JOIN || !item->relation) {
        finding_refuse(t, item->at, "outer join", "(+) and JOIN stand in one FROM", "write all of it as JOIN");
        return false;
    }
    if (o->count == RELATIONS_MAX) {
        finding_refuse(t, item->at, "outer join", "more than 64 tables are joined with (+)", "split the query");
        return false;
    }
    o->list[o->count++] = (struct joined){.relation = item->relation, .item = item};
    return true;
}

static struct from_item *join_two(struct translation *t, struct from_item *left, struct from_item *right, enum join_kind kind,
                                  struct expression *on)
{
    struct from_item *join = translation_alloc(t, sizeof *join);
    join->kind = FROM_JOIN;
    join->at = right->at;
    join->join = kind;
    join->left = left;
    join->right = right;
    join->on = on && on->kind == EXPRESSION_AND && on->argument_count == 1 ? on->arguments[0] : on;
    return join;
}

/* Joins every marked relation once all that it needs is in the tree. False: they wait for each other. */
static bool place_all(struct translation *t, struct outer *o, struct from_item **tree, uint64_t done)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t i = 0; i < o->count; i++) {
            struct joined *j = &o->list[i];
            if (j->placed || (j->needs & ~done) != 0) continue;
            *tree = join_two(t, *tree, j->item, JOIN_LEFT, j->on);
            j->relation->optional = true;
            j->placed = true;
            done |= 1ull << i;
            moved = true;
        }
    }
    for (uint32_t i = 0; i < o->count; i++)
        if (!o->list[i].placed) return false;
    return true;
}

/* A marked relation whose conditions name no other table is joined to nothing: they are plain conditions. */
static void release_unjoined(struct translation *t, struct outer *o, struct select *s)
{
    for (uint32_t i = 0; i < o->count; i++) {
        struct joined *j = &o->list[i];
        if (!j->on || j->needs != 0) continue;
        s->where = build_and(t, s->where, j->on);
        j->on = NULL;
    }
}

static void unmark(struct translation *t, struct expression **at, void *context)
{
    (void)t;
    (void)context;
    (*at)->outer = (*at)->contains_outer = false;
}

void rewrite_outer_join(struct translation *t, struct select *s)
{
    struct expression *where = s->where;
    if (!where || !where->contains_outer) return;
    struct outer o = {.select = s};
    for (uint32_t i = 0; i < s->from_count; i++)
        if (!add_item(t, &o, s->from[i])) return;
    struct expression *rest = build_expression(t, EXPRESSION_AND, where->at, where->typing);
    rest->rewritten = false;
    uint32_t count = where->kind == EXPRESSION_AND ? where->argument_count : 1;
    for (uint32_t i = 0; i < count; i++) {
        struct expression *e = where->kind == EXPRESSION_AND ? where->arguments[i] : where;
        if (!take_conjunct(t, &o, e)) build_add(t, rest, e);
        if (t->refused) return;
    }
    s->where = rest->argument_count > 1 ? rest : rest->argument_count == 1 ? rest->arguments[0] : NULL;
    release_unjoined(t, &o, s);
    struct from_item *tree = NULL;
    uint64_t done = 0;
    for (uint32_t i = 0; i < o.count; i++) {
        if (o.list[i].on) continue;
        o.list[i].placed = true;
        done |= 1ull << i;
        tree = tree ? join_two(t, tree, o.list[i].item, JOIN_CROSS, NULL) : o.list[i].item;
    }
    if (!tree || !place_all(t, &o, &tree, done)) {
        finding_refuse(t, where->at, "outer join", "the tables are joined with (+) in a circle", "write it as LEFT JOIN");
        return;
    }
    s->from_count = 1;
    s->from[0] = tree;
    if (s->where) walk_expression(t, &s->where, unmark, NULL);
}
