/* SPDX-License-Identifier: Apache-2.0 */
/* What the front makes of one statement: the MariaDB statements to run and how their results are to be described. */
#ifndef STANDIN_PLAN_H
#define STANDIN_PLAN_H

#include "standin/dictionary.h"

enum plan_kind {
    PLAN_QUERY,       /* `sql` answers rows of `columns` */
    PLAN_DML,         /* `sql` changes rows of `table_id` */
    PLAN_STEPS,       /* DDL: `steps` in order; commits before and after; the dictionary is read again */
    PLAN_SESSION,     /* ALTER SESSION: `assignments` */
    PLAN_TRANSACTION, /* SAVEPOINT, SET TRANSACTION, LOCK TABLE: `steps` inside a transaction */
    PLAN_COMMIT,
    PLAN_ROLLBACK,
    PLAN_BLOCK,   /* PL/SQL: `sql` is a block over the variables @b1, @b2, ... */
    PLAN_CURSOR,  /* a block that only opens a cursor: `sql` is the query, `cursor_bind` gets it */
    PLAN_ARRAYS,  /* a call of STANDIN_ARRAYS: `sql` is the member, whose binds are index-by tables */
    PLAN_RESULTS, /* a block that only returns results (DBMS_SQL.RETURN_RESULT): `steps` are the queries, as the client wrote them */
};

enum plan_row_number { /* where the row number of the last changed row comes from */
                       ROW_NUMBER_NONE,
                       ROW_NUMBER_INSERT_ID,     /* the statement's insert id is the row's */
                       ROW_NUMBER_FIRST_OF_MANY, /* the insert id is the first of as many rows as were inserted */
                       ROW_NUMBER_RETURNED,      /* the statement answers rows; the first column is the row number */
};

enum bind_conversion {
    BIND_NATURAL, /* as declared; times with a zone as UTC */
    BIND_LOCAL,   /* times with a zone as the fields that the writer gave, without zone */
    BIND_DOUBLE,  /* a number as double: the target is BINARY_DOUBLE or BINARY_FLOAT */
    BIND_SECONDS, /* the same, fraction of a second cut off (DATE columns) */
};

struct plan_bind {
    uint32_t ordinal; /* which of the statement's binds */
    enum bind_conversion conversion;
};

struct plan_column {
    const char *name;
    struct sql_type type;
    bool nullable;
    /* LOBs straight from a table: where they came from, so that a locator can be written to. */
    const char *lob_owner, *lob_table, *lob_column;
    int lob_key; /* index of the hidden result column with the row number; -1: none */
};

struct plan_return { /* RETURNING item INTO bind */
    struct plan_column column;
    uint32_t ordinal;
};

struct plan_out { /* a bind of a block */
    const char *name;
    bool in, out;
    struct sql_type type;      /* of what is assigned to it; KIND_UNKNOWN: take the bind's own */
    const char *cursor_result; /* set: the block answers this cursor's rows as a result; column descriptions */
};

struct plan {
    struct arena arena;
    enum plan_kind kind;
    uint8_t command; /* SQL command type of the wire's end-of-call */
    uint64_t dictionary_version;
    const char *sql;
    size_t sql_size;
    struct plan_bind *binds;
    uint32_t bind_count;   /* in the order of `sql`'s question marks */
    uint32_t source_binds; /* binds that the client's text has */
    struct plan_column *columns;
    uint32_t column_count;
    uint32_t hidden_count; /* result columns after those */
    bool locks;            /* SELECT .. FOR UPDATE; blocks: may change rows */
    bool no_wait;          /* error 1205 means ORA-00054 */
    uint32_t wait_seconds; /* FOR UPDATE WAIT n: ORA-30006 */
    /* DML */
    uint32_t table_id;
    const char *table_owner, *table_name;
    enum plan_row_number row_number;
    struct plan_return *returns;
    uint32_t return_count;
    const char *lock_sql; /* UPDATE .. RETURNING: locks and answers the row numbers first */
    struct plan_bind *lock_binds;
    uint32_t lock_bind_count;
    const char *read_sql;   /* UPDATE .. RETURNING: reads the items afterwards; \x03 stands for the list of row numbers */
    const char *second_sql; /* MERGE: the INSERT after the UPDATE, as one statement; either may be NULL */
    struct plan_bind *second_binds;
    uint32_t second_bind_count;
    /* steps */
    const char **steps;
    uint32_t step_count, step_capacity;
    bool script_error;             /* compiled with errors */
    const char *refresh_sequences; /* the query reads LAST_NUMBER: bring it up to date first */
    /* ALTER SESSION */
    const char *setting_names[16], *setting_values[16];
    uint32_t setting_count;
    /* blocks */
    struct plan_out *outs;
    uint32_t out_count;
    uint32_t cursor_bind;
};

/* What the session contributes to a rewrite. */
struct plan_session {
    const char *user, *schema; /* upper-cased */
    const char *date_format, *timestamp_format, *timestamp_tz_format;
    int zone_minutes; /* session time zone */
    const char *zone_name;
    uint32_t session_id;
    const char *client_identifier, *module;
    bool byte_semantics; /* NLS_LENGTH_SEMANTICS = BYTE */
};

struct plan_error {
    int ora;          /* 0: good */
    int32_t position; /* 0-based byte offset in the statement; 0 where it means nothing */
    char text[480];   /* "ORA-00942: table or view does not exist" */
};

/*
 * Rewrites one statement. `bind_types`: what is known of the binds (bind_count 0: nothing yet). NULL with error.
 * The plan is the caller's: plan_free.
 */
struct plan *plan_make(const struct dictionary *dictionary, const struct plan_session *session, struct view sql,
                       const struct sql_type *bind_types, uint32_t bind_count, struct plan_error *error) MUST_USE;
void plan_free(struct plan *plan);

#endif
