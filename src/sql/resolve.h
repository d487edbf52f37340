/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolver: names to relations and columns, functions to their rows, a type for every expression. Runs once over the parsed
 * tree; rewrites that make new subqueries keep relations and columns themselves.
 */
#ifndef SQL_RESOLVE_H
#define SQL_RESOLVE_H

#include "sql/translation.h"

void resolve_statement(struct translation *t, struct statement *s);
void resolve_query(struct translation *t, struct query *q, struct scope *outer);
void resolve_expression(struct translation *t, struct scope *scope, struct expression *e);
void resolve_name(struct translation *t, struct scope *scope, struct expression *e);
void resolve_from(struct translation *t, struct scope *scope, struct from_item *item);
struct scope *scope_new(struct translation *t, struct scope *outer);
struct relation *scope_add(struct translation *t, struct scope *scope, struct from_item *item);
const struct sql_table *resolve_table(struct translation *t, struct view schema, struct view name);

/* Is the relation the one that [schema.]qualifier names in this scope? */
bool relation_called(const struct scope *scope, const struct relation *r, struct view schema, struct view qualifier);
/* Type of an expression from those of its arguments. */
void type_expression(struct translation *t, struct expression *e);
struct typing typing_of_column(const struct sql_column *column);
struct typing typing_of(enum sql_type type, enum target_type target);
struct typing typing_of_type_name(const struct type_name *type);
static inline bool type_is_number(enum sql_type type)
{
    return type >= SQL_NUMBER && type <= SQL_BINARY_DOUBLE;
}
static inline bool type_is_double(enum sql_type type)
{
    return type == SQL_BINARY_FLOAT || type == SQL_BINARY_DOUBLE;
}
static inline bool type_is_text(enum sql_type type)
{
    return (type >= SQL_VARCHAR && type <= SQL_NCLOB) || type == SQL_LONG || type == SQL_ROWID;
}
static inline bool type_is_fixed(enum sql_type type)
{
    return type == SQL_CHAR || type == SQL_NCHAR;
}
static inline bool type_is_lob(enum sql_type type)
{
    return type == SQL_CLOB || type == SQL_NCLOB || type == SQL_BLOB;
}
static inline bool type_is_datetime(enum sql_type type)
{
    return type >= SQL_DATE && type <= SQL_TIMESTAMP_LTZ;
}
static inline bool type_is_timestamp(enum sql_type type)
{
    return type >= SQL_TIMESTAMP && type <= SQL_TIMESTAMP_LTZ;
}
static inline bool type_is_zoned(enum sql_type type)
{
    return type == SQL_TIMESTAMP_TZ || type == SQL_TIMESTAMP_LTZ;
}
static inline bool type_is_interval(enum sql_type type)
{
    return type == SQL_INTERVAL_YM || type == SQL_INTERVAL_DS;
}
static inline bool type_is_bytes(enum sql_type type)
{
    return type == SQL_RAW || type == SQL_BLOB || type == SQL_LONG_RAW;
}

/* Calls `visit` for every direct part of an expression: arguments, sort keys, window, fallback. Subqueries are not entered. */
typedef void expression_visit(struct translation *t, struct expression **at, void *context);
void expression_parts(struct translation *t, struct expression *e, expression_visit *visit, void *context);
/* Whether the tree below (subqueries not entered) holds an aggregate that is not analytic. */
bool expression_has_aggregate(const struct expression *e);

#endif
