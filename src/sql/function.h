/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Oracle's functions: one row for each name and number of arguments, with its state, what it takes and gives, and how it is
 * written for PostgreSQL. The rows are the documentation too (contract.h prints them).
 */
#ifndef SQL_FUNCTION_H
#define SQL_FUNCTION_H

#include "sql/translation.h"

enum function_flag {
    FUNCTION_AGGREGATE = 1,  /* also with OVER */
    FUNCTION_ANALYTIC = 2,   /* only with OVER */
    FUNCTION_VOLATILE = 4,   /* depends on time, session or chance */
    FUNCTION_BARE = 8,       /* may stand without brackets */
    FUNCTION_ONLY_BARE = 16, /* a pseudo column */
    FUNCTION_NOT_NULL = 32,  /* never answers NULL */
    FUNCTION_STRICT = 64,    /* NULL only when an argument is NULL */
    FUNCTION_EFFECT = 128,   /* changes something */
    FUNCTION_SESSION = 256,  /* depends on session settings that are carried over: comparable */
};
/* What it gives. GIVES_FIRST..: the type of an argument. */
enum gives {
    GIVES_UNKNOWN,
    GIVES_NUMBER,
    GIVES_INTEGER,
    GIVES_DOUBLE,
    GIVES_TEXT,
    GIVES_CLOB,
    GIVES_DATE,
    GIVES_TIMESTAMP,
    GIVES_TIMESTAMPTZ,
    GIVES_INTERVAL_DS,
    GIVES_INTERVAL_YM,
    GIVES_BYTES,
    GIVES_BLOB,
    GIVES_ROWID,
    GIVES_BOOLEAN,
    GIVES_FIRST,
    GIVES_SECOND,
    GIVES_COMMON,
    GIVES_TEXT_OF_FIRST /* CLOB stays CLOB */,
    GIVES_NUMBER_OF_FIRST /* BINARY_DOUBLE stays */,
    GIVES_DATE_OR_NUMBER,
    GIVES_DECODE,
    GIVES_XML
};

struct function_rule {
    const char *name;   /* upper case; PACKAGE.NAME */
    int8_t least, most; /* number of arguments; most -1: any */
    enum sql_state state;
    uint16_t flags;
    enum gives gives;
    /* One letter for each argument, the last one repeats: t text, n numeric, m any number, i integer, d timestamp, z timestamp with
     * time zone, y interval, b bytes, a as it is, f double. Capital letters: as the small one, and NULL reads as ''. */
    const char *takes;
    const char *how; /* target text; \1 .. \9 are the arguments, @ our schema; NULL: `rewrite` */
    struct expression *(*rewrite)(struct translation *t, struct expression *e);
    const char *difference; /* approximate: the difference; refused: the reason */
    const char *advice;
};

/* A table of rows in byte order of their names; the tables lie side by side by theme. */
struct function_table {
    const char *theme;
    const struct function_rule *rules;
    uint32_t count;
};
extern const struct function_rule functions_text[], functions_number[], functions_datetime[], functions_general[], functions_aggregate[],
    functions_json[], functions_refused[];
extern const uint32_t functions_text_count, functions_number_count, functions_datetime_count, functions_general_count,
    functions_aggregate_count, functions_json_count, functions_refused_count;
bool function_table_at(uint32_t index, struct function_table *table); /* false: no such table */

/* NULL: no function of that name; *wrong_count: there is one, with another number of arguments. */
const struct function_rule *function_find(struct view package, struct view name, uint32_t arguments, bool brackets, bool *wrong_count);

#endif
