/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrite: PIVOT and UNPIVOT. */
#include "sql/pivot.h"
#include "sql/resolve.h"
#include "sql/rewrite.h"

void rewrite_pivot(struct translation *t, struct scope *scope, struct from_item *item)
{
    struct relation *r = scope_add(t, scope, item);
    r->kind = RELATION_FUNCTION;
    r->label = view_text("pivoted");
    scope->unknown_relations = true;
    finding_refuse(t, item->at, "pivot", item->pivot->unpivot ? "UNPIVOT is not translated" : "PIVOT is not translated", "write it with CASE and GROUP BY");
}
