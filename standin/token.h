/* SPDX-License-Identifier: Apache-2.0 */
/* Lexer of the legacy dialect: one statement text -> an array of tokens in an arena. Pure; one thread at a time. */
#ifndef STANDIN_TOKEN_H
#define STANDIN_TOKEN_H

#include "base/arena.h"
#include "base/view.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* unquoted identifier or keyword; `text` is upper-cased */
    TOKEN_QUOTED, /* "quoted identifier"; `text` is what stands between the quotes */
    TOKEN_STRING, /* 'text', q'[text]', N'text'; `text` is the value */
    TOKEN_NUMBER, /* `text` is as written */
    TOKEN_BIND,   /* :name, :1, ?; `text` is the name, upper-cased ("" for ?) */
    TOKEN_SYMBOL, /* operator or punctuation; `text` normalised: != ^= ~= become <> */
    TOKEN_BAD,    /* something that cannot start a token, or an open string or comment */
};

struct token {
    enum token_kind kind;
    const char *text; /* NUL-terminated, in the arena */
    size_t text_size;
    uint32_t at;  /* byte offset in the statement */
    uint32_t end; /* one past its last byte */
    int bind;     /* TOKEN_BIND: ordinal of this occurrence, from 0; else -1 */
};

struct token_list {
    const char *sql; /* the statement, NUL-terminated */
    size_t sql_size;
    struct token *tokens; /* the last one is TOKEN_END */
    uint32_t count;       /* without TOKEN_END */
    uint32_t bind_count;  /* occurrences */
};

enum { TOKEN_STATEMENT_MAX = 4 << 20 };

/* Comments and hints are dropped. A statement over TOKEN_STATEMENT_MAX bytes yields one TOKEN_BAD. */
struct token_list token_split(struct arena *arena, struct view sql);

#endif
