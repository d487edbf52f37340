/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that a statement names: fills plan->names. */
#ifndef SQL_TABLE_NAME_H
#define SQL_TABLE_NAME_H

#include "sql/translation.h"

void table_names_keep(struct sql_plan *plan, const struct translation *t, const struct statement *s, struct arena *arena);

#endif
