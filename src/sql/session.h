/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that steer the session and the transaction; and the tables named by text that is not translated. */
#ifndef SQL_SESSION_H
#define SQL_SESSION_H

#include "sql/translation.h"

void session_control(struct translation *t, struct statement *s); /* resolves and checks */
void session_keep(struct sql_plan *plan, const struct statement *s, struct arena *arena);
void session_scan_tables(struct translation *t); /* tables after INTO, UPDATE, FROM, JOIN, by their words alone */

#endif
