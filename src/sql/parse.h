/* SPDX-License-Identifier: Apache-2.0 */
/* The parser's inner door: recursive descent over the token list, shared by the parse_*.c files. A syntax error leaves by parse_fail. */
#ifndef SQL_PARSE_H
#define SQL_PARSE_H

#include "sql/translation.h"

struct parser {
    struct translation *t;
    const struct token *tokens;
    uint32_t at;
    uint32_t end; /* index of the TOKEN_END */
    uint32_t depth, depth_max;
    struct change *change_after_with; /* WITH .. DELETE, see parse_foreign.h; its kind */
    enum sql_kind change_kind;
};

/* Lists longer than this are no application's: refused, so that no pass needs to be fast for them. */
enum { PARSE_LIST_MAX = 4096 };
void parse_check_list(struct parser *p, uint32_t count, const char *what);

/* Whole statement. Leaves by translation_stop with a refusal when it cannot be read. */
struct statement *parse_statement(struct translation *t);

_Noreturn void parse_fail(struct parser *p, const char *wanted);
_Noreturn void parse_fail_at(struct parser *p, uint32_t offset, const char *reason, const char *advice);
void parse_enter(struct parser *p); /* one level deeper; fails at the limit */
static inline void parse_leave(struct parser *p)
{
    p->depth--;
}

static inline const struct token *parse_token(const struct parser *p)
{
    return &p->tokens[p->at];
}
static inline const struct token *parse_ahead(const struct parser *p, uint32_t n)
{
    return &p->tokens[p->at + n <= p->end ? p->at + n : p->end];
}
static inline void parse_advance(struct parser *p)
{
    p->at += p->at < p->end;
}
static inline bool token_is_word(const struct token *t, enum word word)
{
    return t->kind == TOKEN_WORD && t->code == word;
}
static inline bool token_is_operator(const struct token *t, enum operator_code code)
{
    return t->kind == TOKEN_OPERATOR && t->code == code;
}
static inline bool parse_at_word(const struct parser *p, enum word word)
{
    return token_is_word(parse_token(p), word);
}
static inline bool parse_at(const struct parser *p, enum operator_code code)
{
    return token_is_operator(parse_token(p), code);
}
bool parse_at_words(const struct parser *p, enum word first, enum word second);
bool parse_accept_word(struct parser *p, enum word word);
bool parse_accept_words(struct parser *p, enum word first, enum word second);
bool parse_accept(struct parser *p, enum operator_code code);
void parse_expect_word(struct parser *p, enum word word);
void parse_expect(struct parser *p, enum operator_code code);
uint32_t parse_previous_end(const struct parser *p); /* offset after the last token taken */

/* A command of SQL*Plus is refused by name. */
void parse_refuse_client_command(struct parser *p);
bool token_is_client_command(const struct token *first, const struct token *next);
/*
 * A text for SQL*Plus: where a "-" at the end of a line stands before "," or ")" it can be no minus; then all of them at ends of lines are signs
 * that the line goes on, in strings too. true: the text was changed and must be read again.
 */
bool parse_drop_continuations(struct translation *t);

/* A name: unquoted and not reserved, or quoted. Folded as Oracle folds. */
bool parse_at_name(const struct parser *p);
struct view parse_name(struct parser *p, bool *quoted);
struct view parse_any_name(struct parser *p); /* keywords allowed: after a dot, in DDL option lists */
struct view token_name(struct translation *t, const struct token *token);
/* [schema.]name[@link] */
void parse_object_name(struct parser *p, struct view *schema, struct view *name, struct view *link);
/* Alias after a table or an expression, with or without AS. Empty: none. */
struct view parse_alias(struct parser *p, bool of_table);
bool parse_begins_pivot(const struct parser *p);  /* PIVOT, UNPIVOT */
bool parse_begins_sample(const struct parser *p); /* SAMPLE [BLOCK] ( */
bool parse_begins_model(const struct parser *p);  /* MODEL as a clause, not as a name */
uint32_t parse_unsigned(struct parser *p);
void parse_skip_brackets(struct parser *p); /* at '(': to after its ')' */

struct expression *parse_expression(struct parser *p);
struct expression *parse_operand(struct parser *p); /* above comparisons: no AND, OR, NOT, comparison */
struct expression *parse_expression_list(struct parser *p, struct expression ***list, uint32_t *count);
struct expression *parse_call(struct parser *p, struct expression *e); /* at '(' of a call whose name is in e; also what follows: OVER .. */
struct expression *parse_special(struct parser *p);                    /* CAST, EXTRACT, TRIM, CASE, INTERVAL, .. ; NULL: not one */
struct expression *parse_name_expression(struct parser *p);
bool parse_brackets_open_query(const struct parser *p); /* at '(': does a query stand in it? */
struct expression *expression_new(struct parser *p, enum expression_kind kind);
struct expression *expression_finish(struct parser *p, struct expression *e);
void expression_add(struct parser *p, struct expression *e, struct expression *argument);
struct type_name *parse_type_name(struct parser *p);
void parse_sort_list(struct parser *p, struct sort_list *order); /* after ORDER BY */
struct window *parse_window(struct parser *p);                   /* after OVER or WINDOW name AS: at '(' or a name */
struct expression *parse_json_call(struct parser *p, struct expression *e, enum word word);
struct from_item *parse_json_table(struct parser *p, uint32_t at);

struct query *parse_query(struct parser *p);
void parse_column_names(struct parser *p, struct body *body);                    /* ( a, b ) after the alias of rows written as VALUES */
struct from_item *parse_from_item(struct parser *p);                             /* a join tree */
struct from_item *parse_rest_of_joins(struct parser *p, struct from_item *left); /* after its first table */
struct from_item *parse_table_reference(struct parser *p, bool alias_allowed);
struct pivot *parse_pivot(struct parser *p);

struct change *parse_change(struct parser *p, enum sql_kind *kind);
struct control *parse_control(struct parser *p, enum sql_kind *kind); /* transaction and session control; NULL: not one */
void parse_block(struct parser *p, struct statement *s);              /* BEGIN, DECLARE, CALL, EXEC: fills kind, and change or call */
struct definition *parse_definition(struct parser *p);
void parse_lock_clause(struct parser *p, enum lock_wait *wait, uint32_t *seconds);

#endif
