/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprint: the token stream with literals replaced, as text and as a hash; and the kind of a statement by its first words. */
#include "sql/fingerprint.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

struct sink {
    XXH3_state_t *hash;
    struct buffer *text; /* NULL: the hash only */
};

static void put(struct sink *sink, const void *bytes, size_t size)
{
    XXH3_64bits_update(sink->hash, bytes, size);
    if (sink->text) buffer_append(sink->text, bytes, size);
}

static void put_upper(struct sink *sink, struct view text)
{
    char upper[64];
    size_t n = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        upper[n++] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
        if (n == sizeof upper) {
            put(sink, upper, n);
            n = 0;
        }
    }
    put(sink, upper, n);
}

static const char *operator_text(const struct token *token)
{
    switch (token->code) { /* those that have several spellings */
    case OPERATOR_NOT_EQUAL: return "<>";
    case OPERATOR_LESS_EQUAL: return "<=";
    case OPERATOR_GREATER_EQUAL: return ">=";
    case OPERATOR_CONCAT: return "||";
    default: return NULL;
    }
}

static bool glued(const struct token *before, const struct token *token)
{
    if (!before) return true;
    bool dot =
        token->kind == TOKEN_OPERATOR && (token->code == OPERATOR_DOT || token->code == OPERATOR_COMMA || token->code == OPERATOR_RIGHT);
    bool after = before->kind == TOKEN_OPERATOR && (before->code == OPERATOR_DOT || before->code == OPERATOR_LEFT);
    return dot || after;
}

static void put_token(struct sink *sink, const struct token *token)
{
    const char *text;
    switch ((enum token_kind)token->kind) {
    case TOKEN_WORD: put_upper(sink, token->text); return;
    case TOKEN_QUOTED:
        put(sink, "\"", 1);
        put(sink, token->text.data, token->text.size);
        put(sink, "\"", 1);
        return;
    case TOKEN_NUMBER:
    case TOKEN_STRING: put(sink, "?", 1); return;
    case TOKEN_BIND:
        put(sink, ":", 1);
        if (token->form)
            put(sink, token->text.data, token->text.size);
        else
            put_upper(sink, token->text);
        return;
    default:
        text = operator_text(token);
        if (text)
            put(sink, text, strlen(text));
        else
            put(sink, token->text.data, token->text.size);
        return;
    }
}

uint64_t fingerprint_write(struct view statement, struct buffer *text)
{
    XXH3_state_t hash;
    XXH3_64bits_reset(&hash);
    struct sink sink = {&hash, text};
    struct lexer lexer = {.text = statement, .plain = true};
    struct token before = {0}, token;
    bool first = true;
    for (;;) {
        token = lexer_next(&lexer);
        if (token.kind == TOKEN_END) break;
        if (token.kind == TOKEN_OPERATOR && token.code == OPERATOR_SEMICOLON && lexer.at >= statement.size)
            break; /* a last semicolon says nothing */
        if (!glued(first ? NULL : &before, &token)) put(&sink, " ", 1);
        put_token(&sink, &token);
        before = token;
        first = false;
        if (token.kind == TOKEN_BAD) break;
    }
    return XXH3_64bits_digest(&hash);
}

uint64_t sql_fingerprint(struct view statement)
{
    return fingerprint_write(statement.data ? statement : view_text(""), NULL);
}

enum sql_kind sql_kind_quick(struct view statement)
{
    struct lexer lexer = lexer_of(statement.data ? statement : view_text(""));
    struct token token = lexer_next(&lexer);
    while (token.kind == TOKEN_OPERATOR && (token.code == OPERATOR_LEFT || token.code == OPERATOR_LESS)) {
        bool label = token.code == OPERATOR_LESS;
        token = lexer_next(&lexer);
        while (label && token.kind != TOKEN_END && token.kind != TOKEN_BAD &&
               !(token.kind == TOKEN_OPERATOR && token.code == OPERATOR_GREATER))
            token = lexer_next(&lexer);
        while (label && token.kind == TOKEN_OPERATOR && token.code == OPERATOR_GREATER) token = lexer_next(&lexer);
    }
    if (token.kind != TOKEN_WORD) return SQL_OTHER;
    struct token next = lexer_next(&lexer);
    enum word second = next.kind == TOKEN_WORD ? next.code : WORD_NONE;
    switch ((enum word)token.code) {
    case WORD_SELECT:
    case WORD_WITH: return SQL_SELECT;
    case WORD_INSERT: return second == WORD_ALL || second == WORD_FIRST || second == WORD_WHEN ? SQL_INSERT_ALL : SQL_INSERT;
    case WORD_UPDATE: return SQL_UPDATE;
    case WORD_DELETE: return SQL_DELETE;
    case WORD_MERGE: return SQL_MERGE;
    case WORD_BEGIN:
    case WORD_DECLARE:
    case WORD_CALL:
    case WORD_EXEC:
    case WORD_EXECUTE: return SQL_PLSQL;
    case WORD_COMMIT: return SQL_COMMIT;
    case WORD_SAVEPOINT: return SQL_SAVEPOINT;
    case WORD_EXPLAIN: return SQL_EXPLAIN;
    case WORD_SET: return second == WORD_TRANSACTION ? SQL_SET_TRANSACTION : SQL_OTHER;
    case WORD_LOCK: return SQL_LOCK_TABLE;
    case WORD_ALTER: return second == WORD_SESSION ? SQL_ALTER_SESSION : SQL_DDL;
    case WORD_ROLLBACK:
        if (second == WORD_WORK) {
            next = lexer_next(&lexer);
            second = next.kind == TOKEN_WORD ? next.code : WORD_NONE;
        }
        return second == WORD_TO ? SQL_ROLLBACK_TO : SQL_ROLLBACK;
    default: return word_defines(token.code) ? SQL_DDL : SQL_OTHER;
    }
}
