/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which transactions of a batch have to stay in order, and how the others are dealt out to lanes. Two belong together if they name the same row; if one
 * of them runs a statement that touches, or reads, rows that it does not name, together with whoever touches that table; and if one may give up a value
 * under another unique key that the other may get. Belonging together is transitive (union-find); a group goes to one lane, in CSN order.
 *
 * Only the first two are needed for the right result. A unique value that was missed (a trigger's, say) makes a lane fail or wait for another one that
 * waits for it in turn: the lanes' short lock_timeout ends that, and the batch is done again on one connection.
 */
#include "engine/mirror_private.h"

#include "base/fault.h"
#include "base/memory.h"
#include <string.h>

enum { NOBODY = UINT32_MAX };

/* ---- groups ---- */

static uint32_t root_of(const struct mirror_batch *b, uint32_t slot)
{
    while (b->links[slot] != slot) {
        b->links[slot] = b->links[b->links[slot]];
        slot = b->links[slot];
    }
    return slot;
}

static void join(struct mirror_batch *b, uint32_t one, uint32_t other)
{
    uint32_t x = root_of(b, one), y = root_of(b, other);
    if (x == y) return;
    if (b->lanes) { /* too late: what went to different lanes has been sent */
        b->crossed = b->crossed || b->lanes[x] != b->lanes[y];
        return;
    }
    b->links[x > y ? x : y] = x > y ? y : x; /* the oldest is the root */
}

void mirror_links_begin(struct mirror_batch *b)
{
    b->links = arena_alloc(&b->arena, sizeof *b->links * (b->count + 1));
    b->lanes = NULL;
    b->lane_count = 1;
    b->crossed = false;
    for (uint32_t i = 0; i < b->count; i++) {
        b->links[i] = i;
        b->transactions[i]->slot = i;
    }
}

void mirror_links_key(struct mirror_batch *b, struct mirror_key *key, const struct mirror_transaction *t)
{
    if (!b->links) return;
    if (!key->slot)
        key->slot = t->slot + 1;
    else if (!FAULT_PLANTED(BUG_LANE_ORDER))
        join(b, key->slot - 1, t->slot);
}

void mirror_links_together(struct mirror_batch *b, const struct mirror_transaction *one, const struct mirror_transaction *other)
{
    if (b->links) join(b, one->slot, other->slot);
}

uint32_t mirror_lane_of(const struct mirror_batch *b, uint32_t slot)
{
    return b->lanes ? b->lanes[root_of(b, slot)] : 0;
}

uint32_t mirror_lane_of_key(const struct mirror_batch *b, const struct mirror_key *key)
{
    return b->lanes && key->slot ? mirror_lane_of(b, key->slot - 1) : 0;
}

/* ---- tables ---- */

struct tables { /* by table id */
    bool *whole, *frees;
    uint32_t *first, *first_unique; /* slot, or NOBODY */
};

static void join_table(struct mirror_batch *b, uint32_t *first, uint32_t slot)
{
    if (*first == NOBODY)
        *first = slot;
    else
        join(b, *first, slot);
}

static bool is_own(const struct mirror_op *op, const struct sql_table_use *use)
{
    return op->key && use->table == op->key->map->table;
}

/* Tables whose rows the statement touches or reads without naming them. False: which tables these are is not known. */
static bool mark_whole(const struct mirror *m, const struct mirror_op *op, struct tables *tables)
{
    const struct sql_plan *plan = op->plan;
    if (plan->overridden || (!op->key && plan->table_count == 0)) return false;
    for (uint32_t i = 0; i < plan->table_count; i++) {
        const struct sql_table_use *use = &plan->tables[i];
        if (!use->table || use->table->view || use->table->id >= m->table_count) return false;
        if (!is_own(op, use)) tables->whole[use->table->id] = true;
    }
    return true;
}

static bool join_tables(struct mirror *m, struct tables *tables)
{
    struct mirror_batch *b = &m->batch;
    for (uint32_t i = 0; i < b->op_count; i++)
        if (!mark_whole(m, &b->ops[i], tables)) return false;
    for (uint32_t i = 0; i < b->op_count; i++) {
        const struct mirror_op *op = &b->ops[i];
        for (uint32_t u = 0; u < op->plan->table_count; u++)
            if (!is_own(op, &op->plan->tables[u])) join_table(b, &tables->first[op->plan->tables[u].table->id], op->transaction->slot);
    }
    for (uint32_t i = 0; i < b->keys.count; i++) {
        const struct mirror_key *key = b->keys.list[i];
        uint32_t table = key->map->table->id;
        if (!key->slot) return false;
        if (tables->whole[table]) join_table(b, &tables->first[table], key->slot - 1);
        tables->frees[table] = tables->frees[table] || key->frees_unique;
    }
    for (uint32_t i = 0; i < b->keys.count; i++) {
        const struct mirror_key *key = b->keys.list[i];
        uint32_t table = key->map->table->id;
        if (tables->frees[table] && (key->takes_unique || key->frees_unique)) join_table(b, &tables->first_unique[table], key->slot - 1);
    }
    return true;
}

static struct tables tables_new(struct mirror *m)
{
    struct arena *arena = &m->batch.arena;
    uint32_t count = m->table_count + 1;
    struct tables tables = {.whole = arena_zero(arena, count), .frees = arena_zero(arena, count)};
    tables.first = arena_alloc(arena, sizeof *tables.first * count);
    tables.first_unique = arena_alloc(arena, sizeof *tables.first * count);
    for (uint32_t i = 0; i < count; i++) tables.first[i] = tables.first_unique[i] = NOBODY;
    return tables;
}

/* ---- lanes ---- */

/* Groups in the order of their oldest transaction, each to the lane that has least to do. False: one of them would have nearly all of it. */
static bool deal_out(struct mirror *m, uint32_t lanes)
{
    struct mirror_batch *b = &m->batch;
    uint32_t *weight = arena_zero(&b->arena, sizeof *weight * (b->count + 1)), load[MIRROR_LANES_MAX] = {0}, all = 0, most = 0, used = 0;
    uint32_t *lane_of = arena_alloc(&b->arena, sizeof *lane_of * (b->count + 1));
    for (uint32_t i = 0; i < b->op_count; i++) weight[root_of(b, b->ops[i].transaction->slot)]++;
    for (uint32_t i = 0; i < b->keys.count; i++) weight[root_of(b, b->keys.list[i]->slot - 1)] += b->keys.list[i]->image;
    for (uint32_t i = 0; i < b->count; i++) {
        uint32_t least = 0;
        lane_of[i] = 0;
        if (root_of(b, i) != i || !weight[i]) continue;
        for (uint32_t l = 1; l < lanes; l++)
            if (load[l] < load[least]) least = l;
        lane_of[i] = least;
        load[least] += weight[i];
        all += weight[i];
    }
    for (uint32_t l = 0; l < lanes; l++) {
        used += load[l] > 0;
        if (load[l] > most) most = load[l];
    }
    if (used < 2 || (uint64_t)most * 4 > (uint64_t)all * 3) return false;
    b->lanes = lane_of;
    b->lane_count = used; /* the first ones: an empty lane is filled before another gets its second group */
    return true;
}

bool mirror_links_split(struct mirror *m, uint32_t lanes)
{
    struct mirror_batch *b = &m->batch;
    if (lanes < 2 || !b->links || b->count < 2 || mirror_may_cascade(m)) return false;
    struct tables tables = tables_new(m);
    return join_tables(m, &tables) && deal_out(m, lanes);
}
