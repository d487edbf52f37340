/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of one statement. The parser fills what the text says; the resolver adds relations, columns and types; the
 * rewrites replace nodes by ones that PostgreSQL knows (EXPRESSION_TEMPLATE, EXPRESSION_CAST with a target type). Everything
 * lives in the translation's working arena. Nodes may be shared after rewriting: a pass that changes nodes marks them.
 */
#ifndef SQL_AST_H
#define SQL_AST_H

#include "sql/token.h"
#include "sql/translate.h"

/* What PostgreSQL will take the value for. TARGET_UNKNOWN: not known to us (no catalog). */
enum target_type {
    TARGET_UNKNOWN,
    TARGET_LITERAL /* untyped string or NULL */,
    TARGET_PARAMETER /* $n without a cast */,
    TARGET_INTEGER,
    TARGET_NUMERIC,
    TARGET_FLOAT,
    TARGET_TEXT,
    TARGET_BPCHAR,
    TARGET_TIMESTAMP,
    TARGET_TIMESTAMPTZ,
    TARGET_INTERVAL,
    TARGET_BYTES,
    TARGET_BOOLEAN,
    TARGET_OTHER
};

struct typing {
    enum sql_type type;
    enum target_type target;
    int precision, scale, length;
    bool nullable;
};

/* A data type as written: CAST and DDL. */
struct type_name {
    enum sql_type type;
    int precision, scale, length; /* -1: not given; precision of intervals: leading field, scale: fraction */
    bool bytes;                   /* VARCHAR2(n BYTE) */
    struct view text;             /* first word; user-defined types: the name */
    uint32_t at;
};

enum expression_kind {
    EXPRESSION_NUMBER,
    EXPRESSION_STRING,
    EXPRESSION_NULL,
    EXPRESSION_DATETIME /* DATE '..', TIMESTAMP '..' */,
    EXPRESSION_INTERVAL,
    EXPRESSION_BIND,
    EXPRESSION_NAME /* a[.b[.c]] */,
    EXPRESSION_STAR /* *, t.* */,
    EXPRESSION_CALL,
    EXPRESSION_CASE,
    EXPRESSION_NEGATE,
    EXPRESSION_PLUS /* unary */,
    EXPRESSION_ARITHMETIC,
    EXPRESSION_CONCAT,
    EXPRESSION_COMPARE,
    EXPRESSION_AND,
    EXPRESSION_OR,
    EXPRESSION_NOT,
    EXPRESSION_IS,
    EXPRESSION_BETWEEN,
    EXPRESSION_IN,
    EXPRESSION_LIKE,
    EXPRESSION_EXISTS,
    EXPRESSION_QUERY,
    EXPRESSION_ROW,
    EXPRESSION_CAST,
    EXPRESSION_PRIOR,
    EXPRESSION_ROOT,
    EXPRESSION_ZONE /* AT TIME ZONE, AT LOCAL */,
    EXPRESSION_DEFAULT,
    EXPRESSION_SEQUENCE,
    EXPRESSION_INTERVAL_CAST /* (e) DAY TO SECOND */,
    EXPRESSION_MULTISET,
    EXPRESSION_UNSUPPORTED,
    /* made by rewrites */
    EXPRESSION_TEMPLATE, /* target text with \1 .. \9 for the arguments */
    EXPRESSION_COLLATE,
    EXPRESSION_KIND_COUNT
};

enum is_what { IS_NULL, IS_NAN, IS_INFINITE, IS_JSON, IS_OTHER };
enum quantifier { QUANTIFIER_NONE, QUANTIFIER_ANY, QUANTIFIER_ALL };
enum zone_form { ZONE_LOCAL, ZONE_NAMED };

struct query;
struct relation;
struct relation_column;
struct sort_key;
struct function_rule;

struct sort_list {
    struct sort_key *keys;
    uint32_t count;
    bool siblings;
};

enum frame_unit { FRAME_NONE, FRAME_ROWS, FRAME_RANGE, FRAME_GROUPS };
enum frame_bound_kind { BOUND_NONE, BOUND_UNBOUNDED_PRECEDING, BOUND_PRECEDING, BOUND_CURRENT, BOUND_FOLLOWING, BOUND_UNBOUNDED_FOLLOWING };
struct frame_bound {
    enum frame_bound_kind kind;
    struct expression *offset;
};
struct window {
    struct view name; /* OVER name */
    struct expression **partition;
    uint32_t partition_count;
    struct sort_list order;
    enum frame_unit unit;
    struct frame_bound from, to;
    struct view exclude;
};

enum nulls_treatment { NULLS_UNSAID, NULLS_RESPECT, NULLS_IGNORE };
struct call {
    bool star; /* COUNT(*) */
    bool distinct;
    bool brackets;        /* f() as against f */
    bool within;          /* WITHIN GROUP (ORDER BY ..) */
    bool keep, keep_last; /* KEEP (DENSE_RANK FIRST|LAST ORDER BY ..) */
    bool from_last;
    bool named;         /* named arguments */
    struct view *names; /* of the arguments, as many as there are; empty: by place. NULL: none is named */
    enum nulls_treatment nulls;
    struct sort_list order; /* of WITHIN GROUP or KEEP, or inside the brackets */
    struct window *over;
    struct view option;          /* EXTRACT's field; TRIM's side */
    struct expression *overflow; /* LISTAGG .. ON OVERFLOW TRUNCATE text */
    bool overflow_truncate, overflow_count;
    struct expression *fallback; /* DEFAULT x ON CONVERSION ERROR */
    struct json_clause *json;
};

struct expression {
    enum expression_kind kind;
    uint8_t operator_code; /* ARITHMETIC, COMPARE: enum operator_code; NEGATE: none */
    uint8_t form;          /* IS: enum is_what; COMPARE: enum quantifier; ZONE: enum zone_form; string: national */
    bool negated;          /* IS NOT, NOT IN, NOT LIKE, NOT BETWEEN */
    bool outer;            /* NAME followed by (+) */
    bool contains_outer;   /* some NAME below has (+) */
    bool bracketed;        /* stood in brackets */
    bool marked;           /* a pass has been here; meaning belongs to the pass */
    bool rewritten;        /* the expression rewrite is done with it */
    bool quoted;           /* last part of the name was quoted */
    bool qualify;          /* NAME: must be written with its relation */
    uint8_t precedence;    /* TEMPLATE */
    uint32_t at;           /* offset in the statement */
    uint32_t end;          /* offset after its last token */
    uint32_t depth;        /* height of the tree below */
    struct typing typing;
    struct view text;              /* literal's text; last part of a name; template */
    struct view schema, qualifier; /* NAME and CALL: the parts before the last one; STAR: relation */
    struct view link;              /* @dblink */
    struct expression **arguments;
    uint32_t argument_count;
    uint32_t bind; /* BIND: occurrence */
    uint32_t item; /* NAME in ORDER BY: number of the select item it names, from 1; 0: none */
    struct query *query;
    struct call *call;
    struct type_name *type_name; /* CAST */
    const char *target_type;     /* CAST made by a rewrite: PostgreSQL's type */
    const char *target_name;     /* CALL kept as a call: the function's name on the target */
    struct relation *relation;   /* NAME resolved */
    struct relation_column *column;
    const struct sql_sequence *sequence;
    const struct function_rule *rule;
    struct expression *original; /* what it was before a rewrite: for GROUP BY and keys */
};

struct sort_key {
    struct expression *expression;
    bool descending;
    enum { NULLS_DEFAULT, NULLS_FIRST, NULLS_LAST } nulls;
};

/* A column that a relation offers. */
struct relation_column {
    struct view name;   /* as Oracle calls it; empty: has none */
    struct view target; /* as PostgreSQL calls it */
    struct typing typing;
    const struct sql_column *source; /* of a table */
    struct expression *expression;   /* of a subquery */
    struct expression **branches;    /* of a set operation: the items, as long as each of them is a bind or NULL */
    uint32_t branch_count;
    bool used;
    bool merged; /* of JOIN USING: stands once, without relation */
};

enum relation_kind { RELATION_TABLE, RELATION_QUERY, RELATION_WITH, RELATION_FUNCTION, RELATION_DUAL, RELATION_UNKNOWN };
struct relation {
    enum relation_kind kind;
    struct view schema, name; /* as written, folded as Oracle folds */
    struct view alias;        /* folded; empty: none given */
    struct view label;        /* target text by which its columns are qualified */
    const struct sql_table *table;
    struct view dictionary; /* a view of the source's dictionary that our schema has; empty: none */
    struct relation_column *columns;
    uint32_t column_count;
    bool known;     /* columns are all its columns */
    bool optional;  /* null-supplied by an outer join */
    bool renamed;   /* the label is an alias of ours */
    uint32_t index; /* order in FROM */
    struct from_item *item;
    struct scope *scope;
};

enum from_kind { FROM_TABLE, FROM_QUERY, FROM_JOIN, FROM_FUNCTION, FROM_PIVOT, FROM_ROWS /* LATERAL (VALUES ..), made by a rewrite */ };
enum join_kind { JOIN_INNER, JOIN_LEFT, JOIN_RIGHT, JOIN_FULL, JOIN_CROSS, JOIN_CROSS_APPLY, JOIN_OUTER_APPLY };
struct pivot;
struct json_table;
struct from_item {
    enum from_kind kind;
    uint32_t at;
    struct view schema, name, alias;
    bool name_quoted;
    struct view link;
    struct with_item *with; /* name of a WITH */
    struct query *query;
    bool lateral;
    bool outer;   /* TABLE(f(x)) (+) */
    bool applied; /* right side of APPLY: the join says LATERAL */
    bool dml_target;
    bool checked; /* QUERY WITH CHECK OPTION, WITH READ ONLY */
    struct expression *function;
    struct json_table *json_table; /* FUNCTION: JSON_TABLE; the function is its document, then the call of ours */
    struct view column_alias;      /* FUNCTION made by a rewrite: name of its one column */
    struct from_item *left, *right;
    enum join_kind join;
    bool natural;
    struct expression *on;
    struct view *using_names;
    uint32_t using_count;
    const char *unsupported; /* reason: sample, partition, flashback .. */
    struct view partition;
    struct pivot *pivot;
    struct expression **rows; /* ROWS */
    uint32_t row_count;
    struct relation *relation;
};

struct select_item {
    struct expression *expression;
    struct view alias;   /* folded; empty: none */
    struct view label;   /* target label when aliased */
    struct view heading; /* what Oracle would call the column */
};

enum group_kind { GROUP_PLAIN, GROUP_ROLLUP, GROUP_CUBE, GROUP_SETS, GROUP_ROW /* (a, b), () */ };
struct group_item {
    enum group_kind kind;
    struct expression *expression; /* PLAIN */
    struct group_item *items;
    uint32_t count;
};

struct select {
    uint32_t at;
    bool distinct;
    struct select_item *items;
    uint32_t item_count;
    struct from_item **from;
    uint32_t from_count;
    struct expression *where;
    struct expression *start_with, *connect_by;
    bool nocycle;
    struct group_item *group;
    uint32_t group_count;
    struct expression *having;
    struct expression **into;
    uint32_t into_count;
    struct window_definition *windows;
    uint32_t window_count;
    struct scope *scope;
    bool aggregated; /* GROUP BY or an aggregate function */
    /* made by rewrites */
    struct expression *limit; /* rows of this select before anything outer */
};
struct window_definition {
    struct view name;
    struct window *window;
};

enum set_operator { SET_UNION, SET_UNION_ALL, SET_INTERSECT, SET_INTERSECT_ALL, SET_EXCEPT, SET_EXCEPT_ALL };
enum body_kind { BODY_SELECT, BODY_SET, BODY_QUERY };
struct body {
    enum body_kind kind;
    struct select *select;
    struct query *query; /* ( query ) */
    struct body **terms; /* SET: left to right, operators[i] stands before terms[i + 1] */
    enum set_operator *operators;
    uint32_t term_count;
};

struct with_item {
    uint32_t at;
    struct view name;
    struct view *columns;
    uint32_t column_count;
    struct query *query;
    struct view label;
    bool recursive;
    bool materialized;
    bool search, cycle;
    bool search_depth;
    struct sort_list search_order;
    struct view search_set;
    struct view *cycle_columns;
    uint32_t cycle_count;
    struct view cycle_set;
    struct expression *cycle_value, *cycle_default;
    struct relation *relation;
    bool resolving;
};

enum lock_wait { LOCK_WAIT, LOCK_NOWAIT, LOCK_WAIT_SECONDS, LOCK_SKIP };
struct query {
    uint32_t at;
    struct with_item *withs;
    uint32_t with_count;
    uint32_t with_function_at; /* WITH FUNCTION; 0: none */
    bool recursive;
    struct body *body;
    struct sort_list order;
    struct expression *offset, *fetch;
    bool has_fetch, fetch_percent, fetch_ties;
    bool for_update;
    struct expression **lock_of;
    uint32_t lock_of_count;
    enum lock_wait wait;
    uint32_t wait_seconds;
    struct relation_column *columns; /* results, once resolved */
    uint32_t column_count;
    bool known;
    bool resolved, rewritten;
    bool correlated;
    struct expression *limit, *skip; /* made by rewrites: LIMIT and OFFSET in target terms */
    bool ties;
};

struct scope {
    struct scope *outer;
    struct relation **relations;
    uint32_t relation_count, relation_room;
    struct query *query;
    struct select *select;
    bool hierarchical;
    bool joined;            /* an ANSI join stands in FROM */
    bool unknown_relations; /* one whose columns we do not know */
};

struct assignment {
    struct expression **columns; /* NAMEs; more than one: (a, b) = (query) */
    uint32_t column_count;
    struct expression *value;
};

struct insert_branch { /* one INTO of INSERT ALL, or the whole of a plain INSERT */
    struct from_item *target;
    struct expression **columns;
    uint32_t column_count;
    struct expression **values;
    uint32_t value_count;
    struct expression *when; /* INSERT ALL WHEN; shared by the branches of one WHEN */
    bool is_else;
    uint32_t group; /* number of its WHEN, from 1; 0: unconditional */
};

struct change {
    uint32_t at;
    struct with_item *withs;
    uint32_t with_count;
    struct from_item *target;
    struct insert_branch *branches;
    uint32_t branch_count;
    bool first;                     /* INSERT FIRST */
    bool rows_of_values;            /* VALUES (..), (..): branches are its rows */
    struct query *query;            /* INSERT .. SELECT; INSERT ALL's source */
    struct assignment *assignments; /* UPDATE; MERGE's update */
    uint32_t assignment_count;
    struct expression *where; /* UPDATE, DELETE; MERGE's update WHERE */
    struct from_item **from;  /* MERGE: USING; UPDATE .. FROM made by a rewrite */
    uint32_t from_count;
    struct expression *on; /* MERGE */
    bool has_update, has_insert;
    struct expression *delete_where, *insert_where;
    struct insert_branch insert; /* MERGE */
    struct expression **returning;
    uint32_t returning_count;
    struct expression **into;
    uint32_t into_count;
    struct expression **drawn; /* INSERT ALL: NEXTVALs, one number of each for a row of the source */
    uint32_t drawn_count;
    bool log_errors;
    uint32_t log_errors_at;
    struct scope *scope;
};

struct control {
    struct view name; /* savepoint; ALTER SESSION parameter */
    struct view value;
    enum { ISOLATION_NONE, ISOLATION_READ_COMMITTED, ISOLATION_SERIALIZABLE, ISOLATION_READ_ONLY, ISOLATION_READ_WRITE } isolation;
    struct from_item **tables; /* LOCK TABLE */
    uint32_t table_count;
    const char *lock_mode;
    enum lock_wait wait;
    uint32_t wait_seconds;
};

struct definition;
struct statement {
    enum sql_kind kind;
    uint32_t at;
    struct query *query;
    struct change *change;
    struct control *control;
    struct definition *definition;
    bool block;              /* BEGIN change; END */
    struct expression *call; /* of a procedure: target_name is set */
};

#endif
