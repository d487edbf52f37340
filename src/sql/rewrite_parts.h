/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the expression rewrite that live in files of their own. Arguments have been rewritten before. */
#ifndef SQL_REWRITE_PARTS_H
#define SQL_REWRITE_PARTS_H

#include "sql/name.h"
#include "sql/translation.h"

struct expression *rewrite_call(struct translation *t, struct expression *e);
/* TO_NUMBER, TO_DATE, TO_TIMESTAMP, TO_TIMESTAMP_TZ and CAST with DEFAULT .. ON CONVERSION ERROR. */
struct expression *rewrite_fallback(struct translation *t, struct expression *e);
struct expression *rewrite_arithmetic(struct translation *t, struct expression *e);
struct expression *rewrite_compare(struct translation *t, struct expression *e);
struct expression *rewrite_in(struct translation *t, struct expression *e);
struct expression *rewrite_between(struct translation *t, struct expression *e);
struct expression *rewrite_aggregate(struct translation *t, struct expression *e); /* target_name is set; arguments are converted */
struct expression *rewrite_row_count(struct translation *t,
                                     struct expression *e);        /* for LIMIT and OFFSET: whole, not negative, NULL is none */
bool contains_rownum(struct translation *t, struct expression *e); /* subqueries not looked into; e may be NULL */
void rewrite_window(struct translation *t, struct window *w);
/* Makes two values comparable as Oracle would: text meets a number as a number, a date as a date. */
void compare_pair(struct translation *t, struct expression **a, struct expression **b, enum operator_code code);
struct expression *compare_values(struct translation *t, enum operator_code code, struct expression *a, struct expression *b, uint32_t at);
struct expression *as_result(struct translation *t, struct expression *e, const struct typing *wanted);

#endif
