/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that hold queries: FROM lists, common tables, the parts of a query's text. */
#ifndef STANDIN_REWRITE_QUERY_H
#define STANDIN_REWRITE_QUERY_H

#include "standin/rewrite.h"

struct common_table {
    const char *name;
    const struct query *query;
    struct common_table *next;
};
const struct common_table *common_table_find(const struct rewriter *rw, const char *name);
const char *source_join(struct rewriter *rw, bool first);
const char *source_join_operand(struct rewriter *rw);
/* The query's text; derived: with column names that are unique. */
const char *query_text(struct rewriter *rw, const struct query *query, bool derived);
/* At WHERE: is (+) in it? Then outer_where takes it and answers FROM and WHERE with LEFT JOINs. */
bool outer_marks_ahead(const struct rewriter *rw);
const char *outer_where(struct rewriter *rw);
/* ORDER BY (already taken): the list with NULL in its place. */
const char *query_order(struct rewriter *rw, struct query *query);

#endif
