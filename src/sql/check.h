/* SPDX-License-Identifier: Apache-2.0 */
/* What the source would refuse and PostgreSQL might take: it is refused here, with a reason. Over the resolved tree, before the rewrites. */
#ifndef SQL_CHECK_H
#define SQL_CHECK_H

#include "sql/translation.h"

void check_select(struct translation *t, struct select *s);
/* NULL: there is no condition. A value that is no condition is refused. */
void check_condition(struct translation *t, const struct expression *e);

#endif
