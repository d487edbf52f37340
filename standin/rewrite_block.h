/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that hold PL/SQL. */
#ifndef STANDIN_REWRITE_BLOCK_H
#define STANDIN_REWRITE_BLOCK_H

#include "standin/rewrite.h"
#include "standin/rewrite_program.h"

/* Declarations up to BEGIN; adds to the innermost scope, which has room for VARIABLE_MAX variables. */
const char *block_declarations(struct rewriter *rw);
/* The type of a variable or parameter in MariaDB. */
const char *block_type_text(struct rewriter *rw, const struct sql_type *type);

/* MariaDB only warns of a SELECT INTO without a row that nobody handles: then a handler around the whole program says it as an error. */
const char *block_must_find(struct rewriter *rw, const char *text);
/* At a procedure's name: its call, without the semicolon that follows in a block. */
const char *block_call(struct rewriter *rw);
/* An operand that is assigned to. `read`: its value is used too. *ordinal: the bind's number, when it is one. */
struct expression block_target(struct rewriter *rw, bool read, uint32_t *ordinal);
/* The bind gets a value of this type. */
void block_bind_out(struct rewriter *rw, uint32_t ordinal, struct sql_type type);

#endif
