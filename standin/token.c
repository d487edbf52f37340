/* SPDX-License-Identifier: Apache-2.0 */
/* Lexer of the legacy dialect. */
#include "standin/token.h"

#include <ctype.h>

struct lexer {
    struct arena *arena;
    const char *sql;
    size_t size, at;
    struct token *tokens;
    uint32_t count, capacity, binds;
};

static bool is_word_start(unsigned char c)
{
    return isalpha(c) || c >= 0x80;
}
static bool is_word(unsigned char c)
{
    return isalnum(c) || c == '_' || c == '$' || c == '#' || c >= 0x80;
}
static char byte_at(const struct lexer *x, size_t at)
{
    return at < x->size ? x->sql[at] : '\0';
}

static char *copy_upper(struct lexer *x, size_t from, size_t to)
{
    char *text = arena_string(x->arena, view_of(x->sql + from, to - from));
    for (char *c = text; *c; c++) *c = (char)toupper((unsigned char)*c);
    return text;
}

static void token_add(struct lexer *x, enum token_kind kind, const char *text, size_t text_size, size_t from)
{
    if (x->count == x->capacity) {
        uint32_t capacity = x->capacity ? x->capacity * 2 : 64;
        struct token *tokens = arena_alloc(x->arena, capacity * sizeof *tokens);
        if (x->count) memcpy(tokens, x->tokens, x->count * sizeof *tokens);
        x->tokens = tokens;
        x->capacity = capacity;
    }
    x->tokens[x->count++] = (struct token){.kind = kind,
                                           .text = text,
                                           .text_size = text_size,
                                           .at = (uint32_t)from,
                                           .end = (uint32_t)x->at,
                                           .bind = kind == TOKEN_BIND ? (int)x->binds++ : -1};
}

static bool skip_blank(struct lexer *x)
{
    while (x->at < x->size) {
        char c = x->sql[x->at];
        if (isspace((unsigned char)c) || c == '\0') {
            x->at++;
        } else if (c == '-' && byte_at(x, x->at + 1) == '-') {
            while (x->at < x->size && x->sql[x->at] != '\n') x->at++;
        } else if (c == '/' && byte_at(x, x->at + 1) == '*') {
            size_t from = x->at;
            x->at += 2;
            while (x->at + 1 < x->size && !(x->sql[x->at] == '*' && x->sql[x->at + 1] == '/')) x->at++;
            if (x->at + 1 >= x->size) {
                x->at = x->size;
                token_add(x, TOKEN_BAD, "", 0, from);
                return false;
            }
            x->at += 2;
        } else {
            return true;
        }
    }
    return false;
}

/* 'text' with '' inside; x->at stands after the opening quote. */
static void lex_string(struct lexer *x, size_t from)
{
    char *text = arena_alloc(x->arena, x->size - x->at + 1);
    size_t size = 0;
    while (x->at < x->size) {
        char c = x->sql[x->at++];
        if (c == '\'') {
            if (byte_at(x, x->at) != '\'') {
                text[size] = '\0';
                token_add(x, TOKEN_STRING, text, size, from);
                return;
            }
            x->at++;
        }
        text[size++] = c;
    }
    token_add(x, TOKEN_BAD, "", 0, from);
}

/* q'[text]'; x->at stands on the delimiter. */
static void lex_alternative_string(struct lexer *x, size_t from)
{
    static const char open[] = "[{(<", close[] = "]})>";
    char delimiter = byte_at(x, x->at++);
    const char *pair = delimiter ? strchr(open, delimiter) : NULL;
    char end = pair ? close[pair - open] : delimiter;
    size_t start = x->at;
    while (x->at + 1 < x->size && !(x->sql[x->at] == end && x->sql[x->at + 1] == '\'')) x->at++;
    if (x->at + 1 >= x->size) {
        x->at = x->size;
        token_add(x, TOKEN_BAD, "", 0, from);
        return;
    }
    char *text = arena_string(x->arena, view_of(x->sql + start, x->at - start));
    size_t size = x->at - start;
    x->at += 2;
    token_add(x, TOKEN_STRING, text, size, from);
}

static void lex_number(struct lexer *x)
{
    size_t from = x->at;
    while (isdigit((unsigned char)byte_at(x, x->at))) x->at++;
    /* "1..10" in a loop header is a range, not two points of one number. */
    if (byte_at(x, x->at) == '.' && byte_at(x, x->at + 1) != '.') {
        x->at++;
        while (isdigit((unsigned char)byte_at(x, x->at))) x->at++;
    }
    char e = byte_at(x, x->at), sign = byte_at(x, x->at + 1);
    if ((e == 'e' || e == 'E') &&
        (isdigit((unsigned char)sign) || ((sign == '+' || sign == '-') && isdigit((unsigned char)byte_at(x, x->at + 2))))) {
        x->at += 2;
        while (isdigit((unsigned char)byte_at(x, x->at))) x->at++;
    }
    size_t to = x->at;
    char suffix = byte_at(x, x->at);
    if ((suffix == 'f' || suffix == 'F' || suffix == 'd' || suffix == 'D') && !is_word((unsigned char)byte_at(x, x->at + 1))) x->at++;
    token_add(x, TOKEN_NUMBER, arena_string(x->arena, view_of(x->sql + from, to - from)), to - from, from);
}

static void lex_symbol(struct lexer *x)
{
    static const char *const pairs[][2] = {{"<>", "<>"}, {"!=", "<>"}, {"^=", "<>"}, {"~=", "<>"}, {"<=", "<="}, {">=", ">="}, {"||", "||"},
                                           {":=", ":="}, {"=>", "=>"}, {"..", ".."}, {"**", "**"}, {"<<", "<<"}, {">>", ">>"}};
    size_t from = x->at;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (byte_at(x, from) == pairs[i][0][0] && byte_at(x, from + 1) == pairs[i][0][1]) {
            x->at += 2;
            token_add(x, TOKEN_SYMBOL, pairs[i][1], 2, from);
            return;
        }
    }
    x->at++;
    if (!strchr("()+-*/,.;=<>@%:[]!|", x->sql[from])) {
        token_add(x, TOKEN_BAD, "", 0, from);
        return;
    }
    token_add(x, TOKEN_SYMBOL, arena_string(x->arena, view_of(x->sql + from, 1)), 1, from);
}

static void lex_word(struct lexer *x)
{
    size_t from = x->at;
    char c = (char)toupper((unsigned char)x->sql[from]), next = byte_at(x, from + 1);
    if (c == 'Q' && next == '\'') {
        x->at += 2;
        lex_alternative_string(x, from);
        return;
    }
    if (c == 'N' && next == '\'') {
        x->at += 2;
        lex_string(x, from);
        return;
    }
    if (c == 'N' && (next == 'q' || next == 'Q') && byte_at(x, from + 2) == '\'') {
        x->at += 3;
        lex_alternative_string(x, from);
        return;
    }
    while (x->at < x->size && is_word((unsigned char)x->sql[x->at])) x->at++;
    token_add(x, TOKEN_WORD, copy_upper(x, from, x->at), x->at - from, from);
}

static void lex_quoted(struct lexer *x)
{
    size_t from = x->at++;
    while (x->at < x->size && x->sql[x->at] != '"') x->at++;
    if (x->at >= x->size) {
        token_add(x, TOKEN_BAD, "", 0, from);
        return;
    }
    char *text = arena_string(x->arena, view_of(x->sql + from + 1, x->at - from - 1));
    size_t size = x->at - from - 1;
    x->at++;
    token_add(x, TOKEN_QUOTED, text, size, from);
}

static void lex_bind(struct lexer *x)
{
    size_t from = x->at++;
    if (x->sql[from] == '?') {
        token_add(x, TOKEN_BIND, "", 0, from);
        return;
    }
    if (byte_at(x, x->at) == '"') {
        x->at++;
        size_t start = x->at;
        while (x->at < x->size && x->sql[x->at] != '"') x->at++;
        char *name = arena_string(x->arena, view_of(x->sql + start, x->at - start));
        if (x->at < x->size) x->at++;
        token_add(x, TOKEN_BIND, name, strlen(name), from);
        return;
    }
    size_t start = x->at;
    while (x->at < x->size && is_word((unsigned char)x->sql[x->at])) x->at++;
    token_add(x, TOKEN_BIND, copy_upper(x, start, x->at), x->at - start, from);
}

static void lex_one(struct lexer *x)
{
    unsigned char c = (unsigned char)x->sql[x->at], next = (unsigned char)byte_at(x, x->at + 1);
    if (is_word_start(c)) {
        lex_word(x);
    } else if (isdigit(c) || (c == '.' && isdigit(next))) {
        lex_number(x);
    } else if (c == '\'') {
        size_t from = x->at++;
        lex_string(x, from);
    } else if (c == '"') {
        lex_quoted(x);
    } else if (c == '?' || (c == ':' && (is_word(next) || next == '"'))) {
        lex_bind(x);
    } else {
        lex_symbol(x);
    }
}

struct token_list token_split(struct arena *arena, struct view sql)
{
    struct lexer x = {.arena = arena, .sql = arena_string(arena, sql), .size = sql.size};
    if (sql.size > TOKEN_STATEMENT_MAX) {
        token_add(&x, TOKEN_BAD, "", 0, 0);
    } else {
        while (skip_blank(&x)) lex_one(&x);
    }
    uint32_t count = x.count;
    x.at = x.size;
    token_add(&x, TOKEN_END, "", 0, x.size);
    return (struct token_list){.sql = x.sql, .sql_size = x.size, .tokens = x.tokens, .count = count, .bind_count = x.binds};
}
