/* SPDX-License-Identifier: Apache-2.0 */
/* Types of binds and NULLs that stand in the select list of a subquery: taken from what the column is used for. */
#ifndef SQL_BIND_TYPE_H
#define SQL_BIND_TYPE_H

#include "sql/translation.h"

void bind_types_spread(struct translation *t, struct statement *s);

#endif
