/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrite: CONNECT BY. */
#include "sql/build.h"
#include "sql/rewrite.h"

void rewrite_hierarchy(struct translation *t, struct query *q, struct select *s)
{
    (void)q;
    finding_refuse(t, s->connect_by->at, "hierarchy", "this CONNECT BY is not translated", "write it as a recursive WITH");
}
