/* SPDX-License-Identifier: Apache-2.0 */
/* Compares a captured result with what the other side gave, as typed normal values. Pure. */
#ifndef ENGINE_SHADOW_COMPARE_H
#define ENGINE_SHADOW_COMPARE_H

#include "engine/shadow.h"
#include "pg/connection.h"

enum compare_outcome { COMPARE_EQUAL, COMPARE_DIFFERENT, COMPARE_IMPOSSIBLE };
/* ordered: row by row, a partial capture as a prefix; else as a multiset. why (may be NULL) gets the first difference, for people. */
enum compare_outcome compare_capture(const struct capture *capture, const struct pg_result *result, bool ordered, struct buffer *why);
bool compare_captures(const struct capture *a, const struct capture *b, bool ordered);
/* The first rows for a person: "A=1, B=x | ..". */
void compare_print_capture(struct buffer *out, const struct capture *capture, uint32_t rows);
void compare_print_result(struct buffer *out, const struct pg_result *result, uint32_t rows);
/* The statement with its binds, cut to fit. */
void compare_print_job(const struct shadow_job *job, char *out, size_t size);

#endif
