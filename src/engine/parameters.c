/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of a target statement from source binds. */
#include "engine/parameters.h"

#include <stdio.h>

static bool number_is_whole(struct view bytes)
{
    int64_t whole;
    return number_to_i64(bytes, &whole);
}

bool parameters_make(const struct sql_plan *plan, const struct value *values, uint32_t value_count, struct arena *arena,
                     struct pg_parameter **out, struct error *error)
{
    struct pg_parameter *parameters = arena_zero(arena, sizeof *parameters * (plan->bind_count + 1));
    for (uint32_t i = 0; i < plan->bind_count; i++) {
        if (plan->binds[i].position >= value_count) {
            error_set(error, ERROR_TRANSLATION, "not all variables bound: the statement wants bind %u, but %u were sent",
                      plan->binds[i].position + 1, value_count);
            if (error) error->native = 1008;
            return false;
        }
        const struct value *value = &values[plan->binds[i].position];
        if (!pg_value_to_parameter(value, arena, &parameters[i], error)) return false;
        parameters[i].type = value->type == VALUE_NUMBER && !number_is_whole(value->bytes) ? PG_OID_NUMERIC
                             : value->type == VALUE_BYTES                                  ? PG_OID_BYTEA
                                                                                           : 0;
    }
    *out = parameters;
    return true;
}

void parameters_name(uint64_t statement_number, const struct sql_plan *plan, const struct pg_parameter *parameters, char kind, char out[64])
{
    uint32_t types = 0;
    for (uint32_t i = 0; i < plan->bind_count; i++) types = types * 31 + parameters[i].type;
    snprintf(out, 64, "%c%llu_%llu_%x", kind, (unsigned long long)statement_number, (unsigned long long)plan->generation, types);
}
