/* SPDX-License-Identifier: Apache-2.0 */
/* Oracle's datetime format models, as far as they can be said with PostgreSQL's or worked out at once. */
#ifndef SQL_FORMAT_MODEL_H
#define SQL_FORMAT_MODEL_H

#include "sql/translation.h"

/* For TO_CHAR: PostgreSQL's model that prints the same; NULL: there is none (our own function knows the rest). */
const char *format_model_print(struct translation *t, struct view model);
/* For TO_DATE of two literals: "YYYY-MM-DD HH:MM:SS[.ffffff]"; NULL: not complete, not plain digits, or out of range. */
const char *format_model_read(struct translation *t, struct view text, struct view model);

#endif
