/* SPDX-License-Identifier: Apache-2.0 */
/* Making a plan: the empty plan with its arena. */
#ifndef SQL_PLAN_H
#define SQL_PLAN_H

#include "sql/translate.h"

struct sql_plan *plan_new(struct arena **arena);
struct arena *plan_arena(struct sql_plan *plan); /* lives as long as the plan; only before the plan is shared */

#endif
