/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DDL: what the parser keeps of a definition. Physical attributes (tablespaces, storage, parallelism ..) are read over: they say
 * nothing about content. What has no translation is recognised and refused with its reason.
 */
#ifndef SQL_DEFINITION_H
#define SQL_DEFINITION_H

#include "sql/ast.h"

enum definition_kind {
    DEFINITION_UNKNOWN,
    DEFINITION_CREATE_TABLE,
    DEFINITION_ALTER_TABLE,
    DEFINITION_CREATE_INDEX,
    DEFINITION_CREATE_SEQUENCE,
    DEFINITION_ALTER_SEQUENCE,
    DEFINITION_CREATE_VIEW,
    DEFINITION_CREATE_MATERIALIZED_VIEW,
    DEFINITION_DROP,
    DEFINITION_TRUNCATE,
    DEFINITION_COMMENT,
    DEFINITION_RENAME,
    DEFINITION_GRANT,
    DEFINITION_ALTER_INDEX_RENAME,
    DEFINITION_ANALYZE,
    DEFINITION_SET_CONSTRAINTS,
    DEFINITION_IGNORED
};

enum constraint_kind {
    CONSTRAINT_NOT_NULL,
    CONSTRAINT_NULL,
    CONSTRAINT_PRIMARY_KEY,
    CONSTRAINT_UNIQUE,
    CONSTRAINT_FOREIGN_KEY,
    CONSTRAINT_CHECK
};
struct constraint_definition {
    enum constraint_kind kind;
    uint32_t at;
    struct view name;
    struct view *columns;
    uint32_t column_count;
    struct from_item *references;
    struct view *referred;
    uint32_t referred_count;
    bool cascade, set_null;
    bool deferrable, deferred, disabled, novalidate;
    struct expression *check;
};

struct sequence_options {
    struct view start, increment, minimum, maximum, cache; /* texts of numbers; empty: not said */
    bool cycle, no_cycle, no_cache, no_minimum, no_maximum, restart;
};

struct column_definition {
    uint32_t at;
    struct view name;
    struct type_name *type; /* NULL: not said (MODIFY, virtual, CREATE TABLE AS) */
    struct expression *default_value;
    bool default_on_null, drop_default;
    bool identity, identity_always, identity_on_null;
    struct sequence_options identity_options;
    struct expression *generated; /* virtual column */
    struct constraint_definition *constraints;
    uint32_t constraint_count;
};

enum alter_kind {
    ALTER_ADD_COLUMN,
    ALTER_ADD_CONSTRAINT,
    ALTER_MODIFY,
    ALTER_DROP_COLUMN,
    ALTER_DROP_CONSTRAINT,
    ALTER_DROP_PRIMARY_KEY,
    ALTER_DROP_UNIQUE,
    ALTER_RENAME_COLUMN,
    ALTER_RENAME_TABLE,
    ALTER_RENAME_CONSTRAINT
};
struct alter_action {
    enum alter_kind kind;
    struct column_definition *column;
    struct constraint_definition *constraint;
    struct view name, other;
    bool cascade;
};

struct definition {
    enum definition_kind kind;
    uint32_t at;
    struct view verb, object; /* as written: CREATE, TABLE */
    struct from_item *target; /* table, view, sequence, index or other object */
    struct from_item *table;  /* of an index */
    bool replace, unique, temporary, keep_rows, cascade, if_exists, if_not_exists, bitmap, with_check;
    struct column_definition *columns;
    uint32_t column_count;
    struct constraint_definition *constraints;
    uint32_t constraint_count;
    struct query *query; /* AS SELECT */
    struct view *names;  /* column names of a view */
    uint32_t name_count;
    struct sort_list keys; /* of an index */
    struct sequence_options sequence;
    struct alter_action *actions;
    uint32_t action_count;
    struct view text;    /* comment; privileges */
    struct view column;  /* COMMENT ON COLUMN */
    struct view other;   /* new name; grantees */
    const char *refused; /* reason: nothing is emitted */
    const char *advice;
    const char *difference; /* first difference met while reading */
    uint32_t difference_at;
};

#endif
