/* SPDX-License-Identifier: Apache-2.0 */
/* Stored programs, triggers and sequences, as statement_create hands them on: after the word that says what they are. */
#ifndef STANDIN_REWRITE_PROGRAM_H
#define STANDIN_REWRITE_PROGRAM_H

#include "standin/rewrite.h"

void create_trigger(struct rewriter *rw, bool replace);
void create_program(struct rewriter *rw, bool replace); /* at PROCEDURE or FUNCTION */
void create_package(struct rewriter *rw, bool replace);
void create_sequence(struct rewriter *rw);
void alter_sequence(struct rewriter *rw);

/* The body of a block up to its END (taken), composed for MariaDB. Declarations may come first. */
const char *block_body(struct rewriter *rw, bool declarations);
/* Statements up to a word that ends the list (END, ELSE, ELSIF, EXCEPTION, WHEN); the word is not taken. */
const char *block_statements(struct rewriter *rw);

#endif
