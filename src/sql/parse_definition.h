/* SPDX-License-Identifier: Apache-2.0 */
/* The DDL parser's inner door. */
#ifndef SQL_PARSE_DEFINITION_H
#define SQL_PARSE_DEFINITION_H

#include "sql/definition.h"
#include "sql/parse.h"

void parse_create_table(struct parser *p, struct definition *d);
void parse_alter_table(struct parser *p, struct definition *d);
bool parse_constraint(struct parser *p, struct definition *d, struct constraint_definition *c, bool inside_column);
void parse_sequence_options(struct parser *p, struct sequence_options *o);
struct from_item *parse_object(struct parser *p);
bool parse_at_as_query(const struct parser *p);                           /* AS and a query; LOB (c) STORE AS (..) is none */
void parse_names(struct parser *p, struct view **names, uint32_t *count); /* ( a, b ) */
void parse_skip_attributes(struct parser *p, struct definition *d);       /* physical attributes up to what the caller knows */
void parse_rest(struct parser *p);                                        /* to the end of the statement */
bool parse_text_is(const struct parser *p, const char *word);             /* the next token is that word, known or not */
bool parse_accept_text(struct parser *p, const char *word);
void definition_refuse(struct definition *d, const char *reason, const char *advice);
void definition_differs(struct parser *p, struct definition *d, const char *difference);

#endif
