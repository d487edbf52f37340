/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that hold DML. */
#ifndef STANDIN_REWRITE_DML_H
#define STANDIN_REWRITE_DML_H

#include "standin/rewrite.h"

uint32_t insert_columns(struct rewriter *rw, const struct source *source, const struct dictionary_column **columns); /* room for 1000 */
uint32_t insert_defaults(const struct source *source, const struct dictionary_column **columns, uint32_t count);
bool column_draws(const char *default_stored); /* its default is a sequence's next value */
/* `all` - `count` columns at the end take their default. */
const char *insert_values(struct rewriter *rw, const struct dictionary_column **columns, uint32_t count, uint32_t all);
const char *insert_text(struct rewriter *rw, const struct source *source, const struct dictionary_column **columns, uint32_t count,
                        const char *rows);
const char *set_list(struct rewriter *rw, const struct source *source);

#endif
