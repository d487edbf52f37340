/* SPDX-License-Identifier: Apache-2.0 */
/* Source bind values -> the parameters of a plan's target statement, and the name under which it is prepared. Pure. */
#ifndef ENGINE_PARAMETERS_H
#define ENGINE_PARAMETERS_H

#include "pg/connection.h"
#include "sql/translate.h"

/* values: one per source bind occurrence. Whole numbers are left to PostgreSQL's inference, so that an index on a bigint column is used; others force numeric. */
bool parameters_make(const struct sql_plan *plan, const struct value *values, uint32_t value_count, struct arena *arena,
                     struct pg_parameter **out, struct error *error) MUST_USE;
/* kind tells the plan's texts apart; the parameter types are part of the name. */
void parameters_name(uint64_t statement_number, const struct sql_plan *plan, const struct pg_parameter *parameters, char kind,
                     char out[64]);

#endif
