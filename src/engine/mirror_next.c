/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While the target works on a batch, the mirror plans the next one: what the plan asks for must not depend on how the first one ends. So the first one has
 * to be of statements by key alone, whose keys were noted when it was planned: no rows are read for it, none become known by it. If it ends otherwise (a
 * count that differs, an error), or anything happens between the two that a plan depends on, the plan is thrown away and made again.
 */
#include "engine/mirror_private.h"

static void swap(struct mirror *m)
{
    struct mirror_batch batch = m->batch;
    m->batch = m->next;
    m->next = batch;
}

static bool is_plain(const struct mirror_batch *b)
{
    if (b->predicates || b->rowid_count || b->horizon) return false;
    for (uint32_t i = 0; i < b->op_count; i++)
        if (!b->ops[i].key) return false;
    for (uint32_t i = 0; i < b->keys.count; i++)
        if (b->keys.list[i]->image) return false;
    return true;
}

/* A transaction in doubt may get its outcome while the plan waits. */
static bool is_certain(const struct mirror_batch *b)
{
    for (uint32_t i = 0; i < b->count; i++)
        if (b->transactions[i]->state != TRANSACTION_COMMITTED && b->transactions[i]->state != TRANSACTION_VOID) return false;
    return true;
}

void mirror_next_plan(struct mirror *m)
{
    if (m->next.planned || m->batch.count == 0 || m->narrow || m->paused || m->ahead_count || watch_any(m) || !is_plain(&m->batch)) return;
    uint64_t applied = m->applied_csn, from = m->batch.csn;
    swap(m);
    m->applied_csn = from; /* as it will be */
    bool any = mirror_collect(m) && m->batch.count > 0 && is_certain(&m->batch);
    if (any) {
        mirror_plan_batch(m);
        m->batch.planned = true;
        m->next_from = from;
    } else {
        mirror_batch_reset(m);
    }
    m->applied_csn = applied;
    swap(m);
}

void mirror_next_drop(struct mirror *m)
{
    if (!m->next.planned) return;
    swap(m);
    mirror_batch_reset(m);
    swap(m);
}

bool mirror_next_take(struct mirror *m)
{
    if (!m->next.planned) return false;
    if (m->applied_csn != m->next_from || m->paused || m->ahead_count || watch_any(m)) {
        mirror_next_drop(m);
        return false;
    }
    swap(m); /* the one that is over was reset */
    return true;
}
