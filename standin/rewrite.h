/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the rewriting front: one pass over the tokens of a statement that resolves names against the dictionary, types
 * every expression, and composes the text MariaDB is to run. Whatever it cannot type or say faithfully is refused with an ORA error.
 */
#ifndef STANDIN_REWRITE_H
#define STANDIN_REWRITE_H

#include "standin/plan.h"
#include "standin/token.h"

struct source_column {
    const char *name;   /* as the statement says it */
    const char *stored; /* as MariaDB says it */
    struct sql_type type;
    bool nullable;
    bool merged; /* the right column of USING: not part of `*`, found only with its qualifier */
};
struct source {                             /* one row source of FROM */
    const char *name;                       /* visible name: the alias or the table's */
    const char *emit;                       /* qualifier in MariaDB, quoted */
    const struct dictionary_object *object; /* a base table or view; NULL: a subquery */
    const char *owner;
    struct source_column *columns;
    uint32_t column_count;
    bool outer; /* on the optional side of an outer join: its columns may be NULL */
};
struct variable { /* PL/SQL variable, parameter, loop record */
    const char *name, *emit;
    struct sql_type type;
    const struct source *record; /* %ROWTYPE or loop record: fields; NULL: scalar */
    bool cursor;
    bool maybe_null;
};
enum { SOURCE_MAX = 64, VARIABLE_MAX = 256, GROUP_MAX = 64 };
struct scope {
    struct scope *outer;
    struct source *sources[SOURCE_MAX];
    uint32_t source_count;
    struct variable *variables;
    uint32_t variable_count; /* PL/SQL scopes only; room for VARIABLE_MAX */
    const char *groups[GROUP_MAX];
    uint32_t group_count;            /* texts of GROUP BY items */
    const char *factors[SOURCE_MAX]; /* of a FROM list without JOIN: each source's text; (+) puts them together anew */
    bool joined;                     /* JOIN was used */
    uint64_t used, outer_marks;      /* sources named, and named with (+), since they were cleared */
    bool connect_by;
};

struct expression {
    const char *text;
    struct sql_type type;
    bool maybe_null;
    bool literal;                /* a constant as written */
    const char *literal_text;    /* its value: text of a string, digits of a number */
    int bind;                    /* ordinal of a lone bind; -1 */
    bool aggregate;              /* an aggregate is in it */
    bool bare;                   /* a column outside of an aggregate is in it */
    const struct source *source; /* a plain column's; NULL */
    const struct source_column *column;
    const char *tuple[16];
    uint32_t tuple_count; /* (a, b, ..): texts */
    struct sql_type *tuple_types;
    bool subquery;
    uint32_t at; /* byte offset in the statement */
};

struct select_item {
    struct expression value;
    const char *name;
    const struct source *source;
};
struct query {        /* a parsed query expression */
    const char *text; /* all of it */
    struct select_item *items;
    uint32_t item_count;
    bool plain; /* one block without set operator, DISTINCT, grouping: rows are rows of its sources */
    const char *with, *distinct, *list, *into, *tail, *suffix; /* the parts of `text`; set operators: all of it is in `tail` */
    bool set_operator;
    struct scope *scope; /* one block: where its items were resolved */
    bool locks, no_wait;
    uint32_t wait_seconds;
};

enum rewrite_place { PLACE_SQL, PLACE_VIEW, PLACE_DDL, PLACE_PLSQL, PLACE_TRIGGER };

struct rewriter {
    struct arena *arena;
    struct plan *plan;
    const struct dictionary *dictionary;
    const struct plan_session *session;
    struct token_list list;
    uint32_t at; /* current token */
    struct scope *scope;
    enum rewrite_place place;
    const struct sql_type *bind_types;
    uint32_t bind_type_count;
    struct plan_error *error;
    uint32_t alias_count; /* for made-up names */
    const char *alias_used[256];
    uint32_t alias_used_count;
    uint32_t depth; /* nesting of expressions and queries, limited */
    /* PL/SQL: binds by name */
    const char *bind_names[256];
    uint32_t bind_name_count;
    bool block_binds;    /* a bind's number is its name's, not its occurrence's */
    bool bind_variables; /* binds are emitted as @b1.. */
    bool bind_in[256];   /* its value is read */
    bool bind_out[256];  /* something is assigned to it */
    struct sql_type bind_out_types[256];
    const char *bind_cursor_results[256];
    bool selects_into;            /* a SELECT INTO stands in the program: it must find a row */
    bool in_sql;                  /* inside a SQL statement of a program */
    const char *cursor_parameter; /* the SYS_REFCURSOR parameter of the procedure being made */
    const char *cursor_result;    /* how its columns are, once OPEN .. FOR was read */
    struct sql_type return_type;
    const struct dictionary_object *trigger_table;
    const char *trigger_event; /* "INSERT", "UPDATE", "DELETE" */
    struct common_table *common_tables;
    uint32_t aggregate_depth;
    bool reads_sequences;
    const char *nextval_seen[8];
    uint32_t nextval_count;
    const struct dictionary_object *dependencies[64]; /* what the statement stands on */
    uint32_t dependency_count;
    const char *member_owner; /* package whose members may be called without qualifier */
};

/* ---- errors (sticky: after the first one the rewriter stands at the end of its tokens) ---- */
void rewrite_plan_table(struct rewriter *rw, const struct dictionary_object *object); /* the table that the plan changes */
void rewrite_fail(struct rewriter *rw, int ora, const struct token *at, const char *format, ...) PRINTF_LIKE(4, 5);
void rewrite_refuse(struct rewriter *rw, const char *what); /* ORA-00439 */
static inline bool rewrite_failed(const struct rewriter *rw)
{
    return rw->error->ora != 0;
}
bool rewrite_deeper(struct rewriter *rw); /* false and failed: too deep. Pair with rw->depth--. */

/* ---- tokens ---- */
const struct token *rewrite_peek(const struct rewriter *rw, uint32_t ahead);
bool rewrite_is(const struct rewriter *rw, const char *text); /* a word or symbol here */
bool rewrite_is_ahead(const struct rewriter *rw, uint32_t ahead, const char *text);
bool rewrite_take(struct rewriter *rw, const char *text);
bool rewrite_take2(struct rewriter *rw, const char *first, const char *second); /* both or none */
bool rewrite_expect(struct rewriter *rw, const char *text);                     /* fails with the error that fits */
bool rewrite_is_name(const struct rewriter *rw, uint32_t ahead);                /* word (not reserved) or quoted */
const char *rewrite_take_name(struct rewriter *rw);                             /* NULL and failed when there is none */
bool rewrite_take_qualified(struct rewriter *rw, const char **owner, const char **name);
bool rewrite_reserved(const char *word);
uint32_t rewrite_match_parenthesis(const struct rewriter *rw, uint32_t open);     /* index of the matching ), or of the end */
const char *rewrite_source_text(struct rewriter *rw, uint32_t from, uint32_t to); /* original text of tokens [from, to) */
bool rewrite_at_end(const struct rewriter *rw);
void rewrite_expect_end(struct rewriter *rw);

/* ---- text ---- */
const char *text_format(struct rewriter *rw, const char *format, ...) PRINTF_LIKE(2, 3);
const char *text_name(struct rewriter *rw, const char *name);                     /* `NAME` */
const char *text_table(struct rewriter *rw, const char *owner, const char *name); /* `OWNER`.`NAME` */
const char *text_string(struct rewriter *rw, const char *value);                  /* 'value' */
const char *text_bind(struct rewriter *rw, uint32_t ordinal, enum bind_conversion conversion);
const char *text_join(struct rewriter *rw, const char *left, const char *separator, const char *right); /* left "" : right alone */
/* Turns bind marks into question marks and the list of binds. */
void text_finish(struct rewriter *rw, const char *text, const char **sql, struct plan_bind **binds, uint32_t *count);
void rewrite_step(struct rewriter *rw, const char *sql);

/* ---- expressions ---- */
struct expression expression_parse(struct rewriter *rw); /* a condition or a value */
struct expression expression_value(struct rewriter *rw); /* a value; a condition is an error */
struct expression expression_condition(struct rewriter *rw);
struct expression expression_primary(struct rewriter *rw);
struct expression expression_conjunct(struct rewriter *rw); /* one of the conditions between ANDs */
struct expression expression_of(const char *text, struct sql_type type);
const char *expression_as(struct rewriter *rw, const struct expression *e,
                          const struct sql_type *wanted);                       /* converted as an assignment would */
const char *expression_text(struct rewriter *rw, const struct expression *e);   /* as text (implicit TO_CHAR) */
const char *expression_number(struct rewriter *rw, const struct expression *e); /* as number (implicit TO_NUMBER) */
const char *expression_time(struct rewriter *rw, const struct expression *e);   /* as date or timestamp */
struct expression expression_arithmetic(struct rewriter *rw, struct expression left, char operation, struct expression right);
struct expression expression_compare(struct rewriter *rw, struct expression *left, const char *operation, struct expression *right);
void expression_combine(struct expression *into, const struct expression *part); /* aggregate, bare, null flags */
void expression_group_check(struct rewriter *rw, struct expression *e);
struct expression expression_column(struct rewriter *rw, const struct token *first, const char *owner, const char *table,
                                    const char *column);
bool expression_bool_context(const struct rewriter *rw);
struct sql_type expression_common_type(struct rewriter *rw, const struct expression *list, uint32_t count);
struct expression function_call(struct rewriter *rw, const struct token *name_token, const char *owner, const char *name);
bool function_without_arguments(struct rewriter *rw, const struct token *name, struct expression *out);
bool function_special(struct rewriter *rw, const struct token *name, struct expression *out); /* own syntax: CAST, EXTRACT, TRIM.. */
struct expression function_window(struct rewriter *rw, struct expression call);
uint32_t function_arguments(struct rewriter *rw, struct expression *out, uint32_t most); /* after ( ; takes ) */

/* ---- queries ---- */
struct query *query_parse(struct rewriter *rw);        /* WITH .. SELECT .. ORDER BY .. FOR UPDATE */
struct query *query_parse_nested(struct rewriter *rw); /* in parentheses, already taken */
struct source *source_new(struct rewriter *rw, const char *name, const char *owner, const struct dictionary_object *object);
struct source *source_of_query(struct rewriter *rw, const char *name, const struct query *query);
struct source *source_table(struct rewriter *rw, bool alias_allowed); /* a table name with alias, for DML */
const char *source_from(struct rewriter *rw);                         /* the FROM list; fills rw->scope */
const char *source_unique_alias(struct rewriter *rw, const char *wanted);
const struct dictionary_object *rewrite_object(struct rewriter *rw, const struct token *at, const char *owner, const char *name);
void rewrite_depends(struct rewriter *rw, const struct dictionary_object *object);
void scope_push(struct rewriter *rw, struct scope *scope);
void scope_pop(struct rewriter *rw);
void query_to_plan(struct rewriter *rw, struct query *query);
struct sql_type sql_type_parse(struct rewriter *rw); /* a declared type; failed if there is none */

/* ---- statements ---- */
void statement_query(struct rewriter *rw);
void statement_insert(struct rewriter *rw);
void statement_update(struct rewriter *rw);
void statement_delete(struct rewriter *rw);
void statement_merge(struct rewriter *rw);
void statement_create(struct rewriter *rw);
void statement_alter(struct rewriter *rw);
void statement_drop(struct rewriter *rw);
void statement_truncate(struct rewriter *rw);
void statement_comment(struct rewriter *rw);
void statement_other(struct rewriter *rw); /* transactions, grants, LOCK TABLE, .. */
void statement_alter_session(struct rewriter *rw);
void statement_block(struct rewriter *rw); /* BEGIN, DECLARE, CALL */

#endif
