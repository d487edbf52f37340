/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes made by rewrites, and the conversions that Oracle makes without being asked. */
#ifndef SQL_BUILD_H
#define SQL_BUILD_H

#include "sql/resolve.h"

struct expression *build_expression(struct translation *t, enum expression_kind kind, uint32_t at, struct typing typing);
void build_add(struct translation *t, struct expression *e, struct expression *argument);
/* Target text with \1 .. \9 for the arguments; `precedence` of the whole (enum precedence). */
struct expression *build_template(struct translation *t, uint32_t at, struct typing typing, uint8_t precedence, const char *text,
                                  struct expression *const *arguments, uint32_t count);
#define BUILD_CALL(t, at, typing, text, ...)                                                                                               \
    build_template((t), (at), (typing), PRECEDENCE_PRIMARY, (text), (struct expression *[]){__VA_ARGS__},                                  \
                   sizeof((struct expression *[]){__VA_ARGS__}) / sizeof(struct expression *))
#define BUILD_TEMPLATE(t, at, typing, precedence, text, ...)                                                                               \
    build_template((t), (at), (typing), (precedence), (text), (struct expression *[]){__VA_ARGS__},                                        \
                   sizeof((struct expression *[]){__VA_ARGS__}) / sizeof(struct expression *))
struct expression *build_text(struct translation *t, uint32_t at, struct typing typing, uint8_t precedence,
                              const char *text); /* no arguments */
struct expression *build_cast(struct translation *t, struct expression *e, const char *type, enum target_type target);
struct expression *build_number(struct translation *t, uint32_t at, int64_t number);
struct expression *build_string(struct translation *t, uint32_t at, struct view text);
struct expression *build_null(struct translation *t, uint32_t at);
struct expression *build_compare(struct translation *t, enum operator_code code, struct expression *a, struct expression *b);
struct expression *build_and(struct translation *t, struct expression *a, struct expression *b); /* either may be NULL */
struct expression *build_column(struct translation *t, uint32_t at, struct relation *relation, struct relation_column *column);

enum precedence {
    PRECEDENCE_ANY,
    PRECEDENCE_OR,
    PRECEDENCE_AND,
    PRECEDENCE_NOT,
    PRECEDENCE_IS,
    PRECEDENCE_COMPARE,
    PRECEDENCE_LIKE,
    PRECEDENCE_OTHER,
    PRECEDENCE_ADD,
    PRECEDENCE_MULTIPLY,
    PRECEDENCE_ZONE,
    PRECEDENCE_COLLATE,
    PRECEDENCE_UNARY,
    PRECEDENCE_CAST,
    PRECEDENCE_PRIMARY
};

/* Conversions. They look at the type that Oracle sees and answer a node that has the wanted one on the target. */
struct expression *as_text(struct translation *t, struct expression *e);      /* implicit TO_CHAR */
struct expression *as_readable(struct translation *t, struct expression *e);  /* the same, NULL as '' */
struct expression *as_number(struct translation *t, struct expression *e);    /* any number type: text goes through TO_NUMBER */
struct expression *as_numeric(struct translation *t, struct expression *e);   /* numeric (or double where it is one) */
struct expression *as_integer(struct translation *t, struct expression *e);   /* PostgreSQL's integer, truncated */
struct expression *as_timestamp(struct translation *t, struct expression *e); /* implicit TO_DATE, zone dropped in session time */
struct expression *as_zoned(struct translation *t, struct expression *e);
struct expression *as_interval(struct translation *t, struct expression *e);
struct expression *as_bytes(struct translation *t, struct expression *e); /* implicit HEXTORAW */
struct expression *as_double(struct translation *t, struct expression *e);
struct expression *as_type(struct translation *t, struct expression *e, const struct typing *wanted); /* into a place of that type */
/* The type that a bind is wanted in; the first place decides. */
void want_bind(struct translation *t, struct expression *e, enum sql_type type, const char *cast);

struct expression *expression_copy(struct translation *t,
                                   const struct expression *e); /* arguments too; subqueries and windows are shared */
bool is_null_literal(const struct expression *e);               /* NULL or '' */
bool is_literal(const struct expression *e);
bool is_constant(const struct expression *e); /* literals and operators on them */
bool literal_integer(const struct expression *e, int64_t *value);
struct expression *collate_binary(struct translation *t, struct expression *e); /* COLLATE "C" where text is ordered */
bool expression_equal(const struct expression *a, const struct expression *b);  /* the same text in meaning; binds by name */

#endif
