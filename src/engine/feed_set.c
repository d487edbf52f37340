/* SPDX-License-Identifier: Apache-2.0 */
/* What is covered by a working feed, as the data path asks for it. */
#include "engine/feed_private.h"

#include "base/memory.h"

bool feed_covers(const struct feed_set *set, const struct sql_table *table, uint64_t position)
{
    for (uint32_t i = 0; set && i < set->count; i++) {
        const struct feed_member *member = &set->members[i];
        if (strcmp(member->table, table->name) != 0 || strcmp(member->schema, table->schema) != 0) continue;
        return member->covers && position > member->since_position;
    }
    return false;
}

bool feed_covers_any(const struct feed_set *set, uint64_t since_us)
{
    for (uint32_t i = 0; set && i < set->count; i++)
        if (set->members[i].covers && set->members[i].since_us < since_us) return true;
    return false;
}

void feed_set_free(struct feed_set *set)
{
    while (set) {
        struct feed_set *before = set->before;
        for (uint32_t i = 0; i < set->count; i++) feed_log_release(&set->members[i].log);
        memory_free(set->members);
        memory_free(set);
        set = before;
    }
}
