/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a recorded execution: binds by place, key parts from binds, literals and RETURNING. */
#include "engine/mirror_private.h"

struct value *mirror_expand_binds(const struct sql_plan *plan, const struct value *binds, uint32_t count, struct arena *arena,
                                  uint32_t *out_count)
{
    uint32_t wanted = plan->source_bind_count;
    *out_count = wanted;
    struct value *out = arena_alloc(arena, sizeof *out * (wanted + 1));
    if (count == wanted) {
        if (count) memcpy(out, binds, sizeof *out * count);
        return out;
    }
    /* One value for each distinct name, in the order of their first occurrence. */
    uint32_t distinct = 0;
    uint32_t *first = arena_alloc(arena, sizeof *first * (wanted + 1));
    for (uint32_t i = 0; i < wanted; i++) {
        uint32_t same = 0;
        while (same < i && strcmp(plan->source_binds[same], plan->source_binds[i]) != 0) same++;
        first[i] = same < i ? first[same] : distinct++;
    }
    if (distinct != count) return NULL;
    for (uint32_t i = 0; i < wanted; i++) out[i] = binds[first[i]];
    return out;
}

static bool returned_value(const struct mirror_execution *e, uint32_t bind, struct value *out)
{
    const struct record_result *result = e->result;
    if (!result || e->returned_row >= result->returned_rows) return false;
    for (uint32_t i = 0; i < e->plan->return_bind_count && i < result->returned_binds; i++) {
        if (e->plan->return_binds[i] != bind) continue;
        *out = result->returned[(size_t)e->returned_row * result->returned_binds + i];
        return true;
    }
    return false;
}

bool mirror_part_value(const struct mirror_execution *e, const struct sql_key_part *part, struct arena *arena, struct value *out)
{
    switch (part->from) {
    case SQL_FROM_BIND:
        if (part->bind >= e->bind_count) return false;
        *out = e->binds[part->bind];
        return true;
    case SQL_FROM_LITERAL:
        if (part->literal_type == SQL_NUMBER || part->literal_type == SQL_INTEGER || part->literal_type == SQL_BINARY_DOUBLE ||
            part->literal_type == SQL_BINARY_FLOAT)
            *out = value_number_text(arena, part->literal);
        else
            *out = value_text(part->literal);
        return out->type != VALUE_UNSUPPORTED;
    case SQL_FROM_RETURNING: return returned_value(e, part->bind, out);
    case SQL_FROM_NOWHERE: break;
    }
    return false;
}
