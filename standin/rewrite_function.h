/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that hold functions: templates, those that look at types, aggregates. */
#ifndef STANDIN_REWRITE_FUNCTION_H
#define STANDIN_REWRITE_FUNCTION_H

#include "standin/rewrite.h"

struct sql_type function_result_type(char result, const struct expression *first);
const char *function_expand(struct rewriter *rw, const char *text, const char *const *arguments); /* $1.. replaced */
/* NVL, DECODE, TRUNC, TO_CHAR, ..: what they become depends on the types of their arguments. */
bool function_typed(struct rewriter *rw, const char *name, struct expression *arguments, uint32_t count, struct expression *out,
                    bool *known);
/* At a function's name with ( behind it: an aggregate or window function. Takes everything up to OVER's end. */
bool function_aggregate(struct rewriter *rw, const struct token *name, struct expression *out);

#endif
