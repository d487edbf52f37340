/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other dialects have and the source has not, as people leave it in SQL for the source: the grammar reads it, so that the whole statement is read, and
 * refuses it by name ("not Oracle: ..") with the source's own form as advice. No statement with such a finding is ever translated.
 */
#ifndef SQL_PARSE_FOREIGN_H
#define SQL_PARSE_FOREIGN_H

#include "sql/parse.h"

/* A row of the table in parse_foreign.c. */
enum foreign {
    FOREIGN_CAST,
    FOREIGN_NUMBERED_BIND,
    FOREIGN_DOLLAR_STRING,
    FOREIGN_BACKQUOTE,
    FOREIGN_ARRAY,
    FOREIGN_OPERATOR,
    FOREIGN_PATTERN,
    FOREIGN_TYPED_LITERAL,
    FOREIGN_TYPED_BIND,
    FOREIGN_CURRENT,
    FOREIGN_SUBSTRING,
    FOREIGN_FILTER,
    FOREIGN_DISTINCT_ON,
    FOREIGN_LIMIT,
    FOREIGN_LOCK,
    FOREIGN_MATERIALIZED,
    FOREIGN_CHANGE_IN_WITH,
    FOREIGN_CHANGE_AFTER_WITH,
    FOREIGN_DEFAULT_VALUES,
    FOREIGN_CONFLICT,
    FOREIGN_IGNORE,
    FOREIGN_UPDATE_JOIN,
    FOREIGN_DELETE_JOIN,
    FOREIGN_JOIN_WITHOUT_ON,
    FOREIGN_CROSS_JOIN_ON,
    FOREIGN_ALIAS_COLUMNS,
    FOREIGN_ALIAS_PIVOT,
    FOREIGN_SAMPLE,
    FOREIGN_ORDINALITY,
    FOREIGN_RESERVED,
    FOREIGN_TABLE_LIKE,
    FOREIGN_INHERITS,
    FOREIGN_PARTITION_OF,
    FOREIGN_IF_EXISTS_PLACE,
    FOREIGN_INDEX_USING,
    FOREIGN_ADD_COLUMN,
    FOREIGN_DROP_LIST,
    FOREIGN_TRUNCATE,
    FOREIGN_MATCH,
    FOREIGN_ON_UPDATE,
    FOREIGN_STORED,
    FOREIGN_RENAME_SCHEMA,
    FOREIGN_TRANSACTION_WORD,
    FOREIGN_COUNT_
};
/* The rows of the table, for the printed page. False: there is no more. */
bool foreign_row_at(uint32_t i, const char **name, const char **advice);
/* Refuses what begins at the token at hand. */
void foreign_note(struct parser *p, enum foreign what);

/* ::type after an expression, [..] after one: taken. False: neither. */
bool foreign_postfix(struct parser *p);
/* An expression that begins as none of the source's does. NULL: it is none that is known. */
struct expression *foreign_primary(struct parser *p);
/* An operator of another dialect at hand: takes it, and answers the kind of expression that it makes; EXPRESSION_NULL: none. */
enum expression_kind foreign_operator(struct parser *p);
/* FROM a FOR b inside SUBSTRING(..), after its first argument. */
void foreign_substring(struct parser *p, struct expression *call);
/* FILTER (WHERE ..) after a call. */
void foreign_filter(struct parser *p);
/* LIMIT n, LIMIT m, n, OFFSET m after LIMIT, FOR SHARE: at the end of a query or change. */
void foreign_limit(struct parser *p);
bool foreign_at_limit(const struct parser *p);
/* (a, b) after an alias, WITH ORDINALITY, TABLESAMPLE. */
void foreign_alias_columns(struct parser *p);
void foreign_table_options(struct parser *p);
/* After the opening bracket of a WITH item: INSERT, UPDATE, DELETE .. in place of its query; NULL: none stands there. */
struct query *foreign_change_in_with(struct parser *p);
/* ON CONFLICT .., ON DUPLICATE KEY UPDATE .. after the rows of INSERT. */
void foreign_conflict(struct parser *p);
/* A reserved word where a table is named: taken as its name if so. */
bool foreign_reserved_name(struct parser *p, struct view *name);
/* IF NOT EXISTS behind the name. */
void foreign_if_not_exists(struct parser *p);
/* The slots and marks of the whole text that no place of the grammar sees. */
void foreign_tokens(struct parser *p);
/* Slots that stand alone between clauses. */
void foreign_skip_slots(struct parser *p);

#endif
