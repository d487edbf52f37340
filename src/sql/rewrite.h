/* SPDX-License-Identifier: Apache-2.0 */
/* The rewrites, in the order in which they run. Each is a file of its own. */
#ifndef SQL_REWRITE_H
#define SQL_REWRITE_H

#include "sql/translation.h"

/* While names are resolved: PIVOT and UNPIVOT become subqueries. */
void rewrite_pivot(struct translation *t, struct scope *scope, struct from_item *item);

/* Over the resolved tree. */
void rewrite_statement(struct translation *t, struct statement *s);
void rewrite_query(struct translation *t, struct query *q);
void rewrite_outer_join(struct translation *t, struct select *s); /* (+) to JOIN */
void rewrite_star(struct translation *t, struct select *s);
void rewrite_hierarchy(struct translation *t, struct query *q, struct select *s);
void rewrite_rownum(struct translation *t, struct query *q, struct select *s);
void rewrite_rownum_change(struct translation *t, struct change *c);
void rewrite_rownum_assigned(struct translation *t, struct change *c);
void rewrite_limit(struct translation *t, struct query *q); /* OFFSET, FETCH */
void rewrite_order(struct translation *t, struct query *q);
void rewrite_expression(struct translation *t, struct expression **at);
struct definition;
void rewrite_definition(struct translation *t, struct definition *d); /* resolves too */
void rewrite_change(struct translation *t, struct change *c, enum sql_kind kind);

#endif
