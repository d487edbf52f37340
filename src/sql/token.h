/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: Oracle's lexical grammar. The lexer is a cursor without memory of its own, so that the fingerprint and the quick
 * look at a statement's kind need no allocation. Blanks, comments and hints are skipped. Never fails: what cannot be read
 * is a TOKEN_BAD that reaches to the end of the text.
 */
#ifndef SQL_TOKEN_H
#define SQL_TOKEN_H

#include "base/arena.h"
#include "base/view.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,     /* name or keyword; `code` is its enum word, WORD_NONE for other names */
    TOKEN_QUOTED,   /* "Name": text without the quotes */
    TOKEN_NUMBER,   /* `code` is 'F' or 'D' with that suffix, else 0 */
    TOKEN_STRING,   /* '..', N'..', q'[..]': the text between the outermost delimiters; `code`: enum string_form */
    TOKEN_BIND,     /* :name, :1, :"Name", ?: text without the colon; `value`: occurrence, counted from 0 */
    TOKEN_OPERATOR, /* `code`: enum operator_code */
    TOKEN_BAD
};
enum string_form { STRING_PLAIN, STRING_QUOTED /* q'..': nothing doubled */, STRING_DOLLAR /* $$..$$, another dialect's */ };
enum { WORD_WITH_SLOT = 1 /* slot.h */, QUOTED_BACK = 1 /* `name`, another dialect's */, BIND_QUOTED = 1, BIND_MAPPER = 2 /* #{name} */ };
enum operator_code {
    OPERATOR_LEFT = 1,
    OPERATOR_RIGHT,
    OPERATOR_COMMA,
    OPERATOR_DOT,
    OPERATOR_SEMICOLON,
    OPERATOR_PLUS,
    OPERATOR_MINUS,
    OPERATOR_STAR,
    OPERATOR_SLASH,
    OPERATOR_CONCAT,
    OPERATOR_EQUAL,
    OPERATOR_NOT_EQUAL,
    OPERATOR_LESS,
    OPERATOR_GREATER,
    OPERATOR_LESS_EQUAL,
    OPERATOR_GREATER_EQUAL,
    OPERATOR_ARROW,
    OPERATOR_ASSIGN,
    OPERATOR_AT,
    OPERATOR_RANGE,
    OPERATOR_PERCENT,
    OPERATOR_LEFT_BRACKET,
    OPERATOR_RIGHT_BRACKET,
    OPERATOR_LEFT_BRACE,
    OPERATOR_RIGHT_BRACE,
    OPERATOR_COLON,
    OPERATOR_POWER,
    OPERATOR_CAST, /* ::, another dialect's */
    OPERATOR_OTHER
};
enum word {
    WORD_NONE,
#define WORD(name)     WORD_##name,
#define RESERVED(name) WORD_##name,
#include "sql/word.inc"
#undef WORD
#undef RESERVED
    WORD_COUNT_
};

struct token {
    uint8_t kind;
    uint8_t form; /* TOKEN_STRING: enum string_form; national: bit 4. TOKEN_WORD, TOKEN_QUOTED, TOKEN_BIND: see WORD_WITH_SLOT .. */
    uint16_t code;
    uint32_t at;      /* offset of its first byte in the statement */
    uint32_t value;   /* TOKEN_BIND: occurrence; a left bracket: index of its right one (0: none) */
    struct view text; /* into the statement */
};

struct lexer {
    struct view text;
    size_t at;
    uint32_t binds; /* occurrences so far */
    bool plain;     /* words are not looked up: all are WORD_NONE */
    bool string;    /* the last token was a string: a colon behind it divides a JSON member's name from its value, and begins no bind */
};
static inline struct lexer lexer_of(struct view text)
{
    return (struct lexer){.text = text};
}
struct token lexer_next(struct lexer *lexer);

enum word word_find(struct view text); /* ASCII case ignored */
const char *word_text(enum word word); /* upper case; "" for WORD_NONE */
bool word_reserved(enum word word);    /* Oracle refuses it as an unquoted name */
bool word_defines(enum word word);     /* a definition (DDL) begins with it; ALTER SESSION and SET are told by what follows */

/* All tokens of the text, ended by TOKEN_END; round brackets are matched. NULL: the arena's limit was reached. */
struct token *token_list(struct arena *arena, struct view text, uint32_t *count, uint32_t *bind_count);
/* Line and column, from 1, of an offset. Columns count bytes. */
void token_place(struct view text, uint32_t at, uint32_t *line, uint32_t *column);

#endif
