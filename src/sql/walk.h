/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a query: every expression in it, those of its subqueries too; and subtrees put into subqueries of their own. Nodes stand in the translation's arena. */
#ifndef SQL_WALK_H
#define SQL_WALK_H

#include "sql/resolve.h"

/* Visits every expression of a select or query, parents before their parts, subqueries included. The visitor may replace *at; then
 * the parts of the new node are visited. */
void walk_expression(struct translation *t, struct expression **at, expression_visit *visit, void *context);
void walk_select(struct translation *t, struct select *s, expression_visit *visit, void *context);
void walk_query(struct translation *t, struct query *q, expression_visit *visit, void *context);
void walk_from(struct translation *t, struct from_item *item, expression_visit *visit, void *context);
/* As walk_expression, but subqueries are not entered. */
void walk_flat(struct translation *t, struct expression **at, expression_visit *visit, void *context);

/* Moves FROM and WHERE of `s` into a subquery; columns of its relations that are used elsewhere in `s` (and in the keys of q's ORDER
 * BY, when q is given) become columns of the subquery. Answers the inner select. */
struct select *wrap_select(struct translation *t, struct query *q, struct select *s);
/* The same for an expression that wrap_select did not reach: names of the relations that were moved. */
void wrap_names(struct translation *t, struct select *outer, struct select *inner, struct expression **at);
/* Adds a column with that expression to the inner select of a wrapped one; answers a reference to it. */
struct expression *wrap_add(struct translation *t, struct select *outer, struct select *inner, struct expression *e, const char *name);

#endif
