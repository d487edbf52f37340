/* SPDX-License-Identifier: Apache-2.0 */
/* The rewriting front: tokens, errors, text, and which statement goes where. */
#include "standin/rewrite.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Copies the names: the plan outlives the dictionary, which DDL of any session replaces. */
void rewrite_plan_table(struct rewriter *rw, const struct dictionary_object *object)
{
    rw->plan->table_id = object->id;
    rw->plan->table_owner = arena_string(rw->arena, view_text(object->owner));
    rw->plan->table_name = arena_string(rw->arena, view_text(object->name));
}

/* ---- errors ---- */

void rewrite_fail(struct rewriter *rw, int ora, const struct token *at, const char *format, ...)
{
    if (rewrite_failed(rw)) return;
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rw->error->ora = ora;
    rw->error->position = at ? (int32_t)at->at : (int32_t)rewrite_peek(rw, 0)->at;
    snprintf(rw->error->text, sizeof rw->error->text, "ORA-%05d: %s", ora, text);
    rw->at = rw->list.count;
}

void rewrite_refuse(struct rewriter *rw, const char *what)
{
    rewrite_fail(rw, 439, NULL, "feature not enabled: stand-in does not support %s", what);
}

bool rewrite_deeper(struct rewriter *rw)
{
    enum { DEPTH_MAX = 300 };
    if (++rw->depth > DEPTH_MAX) rewrite_fail(rw, 913, NULL, "too many values: statement is nested too deeply");
    return !rewrite_failed(rw);
}

/* ---- tokens ---- */

const struct token *rewrite_peek(const struct rewriter *rw, uint32_t ahead)
{
    uint32_t at = rw->at + ahead;
    return &rw->list.tokens[at < rw->list.count ? at : rw->list.count];
}

static bool token_is(const struct token *t, const char *text)
{
    return (t->kind == TOKEN_WORD || t->kind == TOKEN_SYMBOL) && strcmp(t->text, text) == 0;
}
bool rewrite_is(const struct rewriter *rw, const char *text)
{
    return token_is(rewrite_peek(rw, 0), text);
}
bool rewrite_is_ahead(const struct rewriter *rw, uint32_t ahead, const char *text)
{
    return token_is(rewrite_peek(rw, ahead), text);
}
bool rewrite_take(struct rewriter *rw, const char *text)
{
    if (!rewrite_is(rw, text)) return false;
    rw->at++;
    return true;
}
bool rewrite_take2(struct rewriter *rw, const char *first, const char *second)
{
    if (!rewrite_is(rw, first) || !rewrite_is_ahead(rw, 1, second)) return false;
    rw->at += 2;
    return true;
}

bool rewrite_expect(struct rewriter *rw, const char *text)
{
    static const struct {
        const char *text;
        int ora;
        const char *message;
    } errors[] = {{"(", 906, "missing left parenthesis"},
                  {")", 907, "missing right parenthesis"},
                  {"FROM", 923, "FROM keyword not found where expected"},
                  {"=", 927, "missing equal sign"},
                  {"SET", 971, "missing SET keyword"},
                  {"VALUES", 926, "missing VALUES keyword"},
                  {"INTO", 925, "missing INTO keyword"},
                  {"BY", 924, "missing BY keyword"},
                  {"THEN", 905, "missing keyword"},
                  {"AND", 905, "missing keyword"}};
    if (rewrite_take(rw, text)) return true;
    if (rewrite_failed(rw)) return false;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(errors[i].text, text) == 0) {
            rewrite_fail(rw, errors[i].ora, NULL, "%s", errors[i].message);
            return false;
        }
    }
    rewrite_fail(rw, 905, NULL, "missing keyword");
    return false;
}

bool rewrite_reserved(const char *word)
{
    static const char *const words[] = {
        "ACCESS",  "ADD",        "ALL",      "ALTER",    "AND",       "ANY",      "AS",         "ASC",        "AUDIT",   "BETWEEN",
        "BY",      "CHAR",       "CHECK",    "CLUSTER",  "COLUMN",    "COMPRESS", "CONNECT",    "CREATE",     "CURRENT", "DATE",
        "DECIMAL", "DEFAULT",    "DELETE",   "DESC",     "DISTINCT",  "DROP",     "ELSE",       "EXCLUSIVE",  "EXISTS",  "FILE",
        "FLOAT",   "FOR",        "FROM",     "GRANT",    "GROUP",     "HAVING",   "IDENTIFIED", "IMMEDIATE",  "IN",      "INCREMENT",
        "INDEX",   "INITIAL",    "INSERT",   "INTEGER",  "INTERSECT", "INTO",     "IS",         "LEVEL",      "LIKE",    "LOCK",
        "LONG",    "MAXEXTENTS", "MINUS",    "MLSLABEL", "MODE",      "MODIFY",   "NOAUDIT",    "NOCOMPRESS", "NOT",     "NOWAIT",
        "NULL",    "NUMBER",     "OF",       "OFFLINE",  "ON",        "ONLINE",   "OPTION",     "OR",         "ORDER",   "PCTFREE",
        "PRIOR",   "PUBLIC",     "RAW",      "RENAME",   "RESOURCE",  "REVOKE",   "ROW",        "ROWID",      "ROWNUM",  "ROWS",
        "SELECT",  "SESSION",    "SET",      "SHARE",    "SIZE",      "SMALLINT", "START",      "SUCCESSFUL", "SYNONYM", "SYSDATE",
        "TABLE",   "THEN",       "TO",       "TRIGGER",  "UID",       "UNION",    "UNIQUE",     "UPDATE",     "USER",    "VALIDATE",
        "VALUES",  "VARCHAR",    "VARCHAR2", "VIEW",     "WHENEVER",  "WHERE",    "WITH"};
    size_t low = 0, high = sizeof words / sizeof *words;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(word, words[middle]);
        if (order == 0) return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

bool rewrite_is_name(const struct rewriter *rw, uint32_t ahead)
{
    const struct token *t = rewrite_peek(rw, ahead);
    return t->kind == TOKEN_QUOTED || (t->kind == TOKEN_WORD && !rewrite_reserved(t->text));
}

const char *rewrite_take_name(struct rewriter *rw)
{
    enum { NAME_MAX_BYTES = 128 };
    const struct token *t = rewrite_peek(rw, 0);
    if (!rewrite_is_name(rw, 0)) {
        rewrite_fail(rw, t->kind == TOKEN_WORD ? 903 : 904, t, t->kind == TOKEN_WORD ? "invalid table name" : "invalid identifier");
        return "";
    }
    if (t->text_size > NAME_MAX_BYTES || t->text_size == 0) rewrite_fail(rw, 972, t, "identifier is too long");
    rw->at++;
    return t->text;
}

bool rewrite_take_qualified(struct rewriter *rw, const char **owner, const char **name)
{
    *owner = NULL;
    *name = rewrite_take_name(rw);
    if (!rewrite_failed(rw) && rewrite_is(rw, ".")) {
        rw->at++;
        *owner = *name;
        const struct token *t = rewrite_peek(rw, 0);
        if (t->kind != TOKEN_WORD && t->kind != TOKEN_QUOTED) rewrite_fail(rw, 903, t, "invalid table name");
        *name = t->text;
        rw->at++;
    }
    if (rewrite_is(rw, "@")) rewrite_refuse(rw, "database links");
    return !rewrite_failed(rw);
}

uint32_t rewrite_match_parenthesis(const struct rewriter *rw, uint32_t open)
{
    uint32_t depth = 0;
    for (uint32_t i = open; i < rw->list.count; i++) {
        if (token_is(&rw->list.tokens[i], "(")) depth++;
        if (token_is(&rw->list.tokens[i], ")") && --depth == 0) return i;
    }
    return rw->list.count;
}

const char *rewrite_source_text(struct rewriter *rw, uint32_t from, uint32_t to)
{
    if (from >= to || to > rw->list.count) return "";
    uint32_t start = rw->list.tokens[from].at, end = rw->list.tokens[to - 1].end;
    return arena_string(rw->arena, view_of(rw->list.sql + start, end - start));
}

bool rewrite_at_end(const struct rewriter *rw)
{
    return rewrite_peek(rw, 0)->kind == TOKEN_END;
}

void rewrite_expect_end(struct rewriter *rw)
{
    if (rewrite_is(rw, ";") && rw->at + 1 == rw->list.count) {
        /* The server does not take a semicolon after SQL. */
        rewrite_fail(rw, 911, NULL, "invalid character");
        return;
    }
    if (!rewrite_at_end(rw)) rewrite_fail(rw, 933, NULL, "SQL command not properly ended");
}

/* ---- text ---- */

const char *text_format(struct rewriter *rw, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = arena_alloc(rw->arena, (size_t)size + 1);
    vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

static const char *text_quoted(struct rewriter *rw, const char *value, char quote)
{
    char *text = arena_alloc(rw->arena, strlen(value) * 2 + 3), *out = text;
    *out++ = quote;
    for (const char *c = value; *c; c++) {
        if (*c == quote) *out++ = quote;
        *out++ = *c;
    }
    *out++ = quote;
    *out = '\0';
    return text;
}
const char *text_name(struct rewriter *rw, const char *name)
{
    return text_quoted(rw, name, '`');
}
const char *text_string(struct rewriter *rw, const char *value)
{
    return text_quoted(rw, value, '\'');
}
const char *text_table(struct rewriter *rw, const char *owner, const char *name)
{
    return text_format(rw, "%s.%s", text_name(rw, owner), text_name(rw, name));
}

const char *text_bind(struct rewriter *rw, uint32_t ordinal, enum bind_conversion conversion)
{
    if (rw->bind_variables) return text_format(rw, "@b%u", ordinal + 1);
    return text_format(rw, "\x01%u:%d\x02", ordinal, (int)conversion);
}

const char *text_join(struct rewriter *rw, const char *left, const char *separator, const char *right)
{
    return *left ? text_format(rw, "%s%s%s", left, separator, right) : right;
}

void text_finish(struct rewriter *rw, const char *text, const char **sql, struct plan_bind **binds, uint32_t *count)
{
    char *out = arena_alloc(rw->arena, strlen(text) + 1), *end = out;
    uint32_t marks = 0;
    for (const char *c = text; *c; c++) marks += *c == '\x01';
    *binds = arena_alloc(rw->arena, (marks + 1) * sizeof **binds);
    *count = 0;
    for (const char *c = text; *c; c++) {
        if (*c != '\x01') {
            *end++ = *c;
            continue;
        }
        unsigned ordinal = (unsigned)strtoul(c + 1, NULL, 10);
        const char *colon = strchr(c, ':'), *close = strchr(c, '\x02');
        CHECK(colon && close);
        (*binds)[(*count)++] = (struct plan_bind){.ordinal = ordinal, .conversion = (enum bind_conversion)atoi(colon + 1)};
        *end++ = '?';
        c = close;
    }
    *end = '\0';
    *sql = out;
}

void rewrite_step(struct rewriter *rw, const char *sql)
{
    struct plan *plan = rw->plan;
    if (rewrite_failed(rw)) return;
    if (plan->step_count == plan->step_capacity) {
        uint32_t capacity = plan->step_capacity ? plan->step_capacity * 2 : 32;
        const char **steps = arena_alloc(rw->arena, capacity * sizeof *steps);
        if (plan->step_count) memcpy(steps, plan->steps, plan->step_count * sizeof *steps);
        plan->steps = steps;
        plan->step_capacity = capacity;
    }
    plan->steps[plan->step_count++] = sql;
}

/* ---- statements ---- */

static void statement_with_parenthesis(struct rewriter *rw)
{
    statement_query(rw);
}

static void rewrite_statement(struct rewriter *rw)
{
    static const struct {
        const char *word;
        void (*make)(struct rewriter *rw);
    } statements[] = {
        {"SELECT", statement_query},   {"WITH", statement_query},        {"(", statement_with_parenthesis}, {"INSERT", statement_insert},
        {"UPDATE", statement_update},  {"DELETE", statement_delete},     {"MERGE", statement_merge},        {"BEGIN", statement_block},
        {"DECLARE", statement_block},  {"CALL", statement_block},        {"CREATE", statement_create},      {"ALTER", statement_alter},
        {"DROP", statement_drop},      {"TRUNCATE", statement_truncate}, {"COMMENT", statement_comment},    {"COMMIT", statement_other},
        {"ROLLBACK", statement_other}, {"SAVEPOINT", statement_other},   {"SET", statement_other},          {"LOCK", statement_other},
        {"GRANT", statement_other},    {"REVOKE", statement_other},      {"ANALYZE", statement_other},      {"PURGE", statement_other},
        {"RENAME", statement_other},   {"EXPLAIN", statement_other},     {"AUDIT", statement_other},        {"FLASHBACK", statement_other}};
    const struct token *first = rewrite_peek(rw, 0);
    for (uint32_t i = 0; i < rw->list.count; i++) {
        if (rw->list.tokens[i].kind == TOKEN_BAD) {
            rewrite_fail(rw, rw->list.sql[rw->list.tokens[i].at] == '\'' ? 1756 : 911, &rw->list.tokens[i], "%s",
                         rw->list.sql[rw->list.tokens[i].at] == '\'' ? "quoted string not properly terminated" : "invalid character");
            return;
        }
    }
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        if (token_is(first, statements[i].word)) {
            statements[i].make(rw);
            return;
        }
    }
    rewrite_fail(rw, 900, first, "invalid SQL statement");
}

struct plan *plan_make(const struct dictionary *dictionary, const struct plan_session *session, struct view sql,
                       const struct sql_type *bind_types, uint32_t bind_count, struct plan_error *error)
{
    enum { PLAN_MEMORY_MAX = 256 << 20 };
    struct plan *plan = memory_zero(1, sizeof *plan);
    arena_init(&plan->arena, PLAN_MEMORY_MAX);
    *error = (struct plan_error){0};
    struct rewriter rw = {.arena = &plan->arena,
                          .plan = plan,
                          .dictionary = dictionary,
                          .session = session,
                          .bind_types = bind_types,
                          .bind_type_count = bind_count,
                          .error = error};
    rw.list = token_split(&plan->arena, sql);
    plan->dictionary_version = dictionary_version(dictionary);
    plan->source_binds = rw.list.bind_count;
    rewrite_statement(&rw);
    plan->sql_size = plan->sql ? strlen(plan->sql) : 0;
    if (error->ora) {
        plan_free(plan);
        return NULL;
    }
    return plan;
}

void plan_free(struct plan *plan)
{
    if (!plan) return;
    arena_release(&plan->arena);
    memory_free(plan);
}
