/* SPDX-License-Identifier: Apache-2.0 */
/* A script taken apart as SQL*Plus takes it apart, by the translator's own lexer. */
#include "cli/statements.h"
#include "sql/parse.h"
#include "sql/token.h"
#include <stdio.h>

struct script {
    struct view text;
    statements_one *one;
    void *context;
    unsigned number;
    bool slashes; /* there is a line with nothing but "/" further on */
};

static void give(struct script *s, size_t from, size_t to)
{
    char id[16];
    struct view text = view_trim(view_of(s->text.data + from, to - from));
    if (text.size == 0) return;
    snprintf(id, sizeof id, "%u", ++s->number);
    struct statement_read read = {.id = id, .text = text, .weight = 1};
    s->one(s->context, &read);
}

/* Is there nothing but this on its line? */
static bool alone_on_line(struct view text, size_t at)
{
    size_t before = at, after = at + 1;
    while (before > 0 && (text.data[before - 1] == ' ' || text.data[before - 1] == '\t')) before--;
    while (after < text.size && (text.data[after] == ' ' || text.data[after] == '\t' || text.data[after] == '\r')) after++;
    return (before == 0 || text.data[before - 1] == '\n') && (after == text.size || text.data[after] == '\n');
}

static bool slash_follows(struct view text, size_t at)
{
    for (const uint8_t *c; at < text.size && (c = memchr(text.data + at, '/', text.size - at)); at = (size_t)(c - text.data) + 1)
        if (alone_on_line(text, (size_t)(c - text.data))) return true;
    return false;
}

/* The end of a line that is a command of SQL*Plus; "-" before the end of the line goes on in the next one. */
static size_t command_end(struct view text, size_t at)
{
    for (;;) {
        while (at < text.size && text.data[at] != '\n') at++;
        size_t last = at;
        while (last > 0 && (text.data[last - 1] == '\r' || text.data[last - 1] == ' ')) last--;
        if (at >= text.size || last == 0 || text.data[last - 1] != '-') return at;
        at++;
    }
}

static bool word_is(const struct token *token, const char *word)
{
    return token->kind == TOKEN_WORD && view_equal_ignoring_case(token->text, view_text(word));
}

/* Is it procedural code? `lexer` stands after the statement's first token. */
static bool is_code(const struct token *first, struct lexer lexer)
{
    static const char *const kinds[] = {"PROCEDURE", "FUNCTION", "PACKAGE", "TRIGGER", "TYPE", "LIBRARY", "JAVA"};
    if (word_is(first, "BEGIN") || word_is(first, "DECLARE") || token_is_operator(first, OPERATOR_LESS)) return true;
    struct token next = lexer_next(&lexer);
    if (word_is(first, "WITH")) return word_is(&next, "FUNCTION") || word_is(&next, "PROCEDURE");
    if (!word_is(first, "CREATE")) return false;
    while (word_is(&next, "OR") || word_is(&next, "REPLACE") || word_is(&next, "EDITIONABLE") || word_is(&next, "NONEDITIONABLE") ||
           word_is(&next, "AND") || word_is(&next, "RESOLVE") || word_is(&next, "COMPILE") || word_is(&next, "NOFORCE"))
        next = lexer_next(&lexer);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (word_is(&next, kinds[i])) return true;
    return false;
}

/* Where code ends that no "/" ends: after the semicolon behind the END of its outermost BEGIN. */
struct nesting {
    int depth;
    bool begun, after_end;
};

static bool ends_code(struct nesting *n, const struct token *token)
{
    bool after_end = n->after_end;
    n->after_end = false;
    if (word_is(token, "BEGIN") || word_is(token, "CASE")) {
        if (!after_end) n->depth++;
        n->begun |= word_is(token, "BEGIN");
    } else if ((word_is(token, "IF") || word_is(token, "LOOP")) && !after_end) {
        n->depth++;
    } else if (word_is(token, "END")) {
        n->depth--;
        n->after_end = true;
    }
    return n->begun && n->depth <= 0 && token_is_operator(token, OPERATOR_SEMICOLON);
}

/* One statement from the lexer's place, of which `first` has been read. */
static void read_one(struct script *s, struct lexer *lexer, struct token first)
{
    struct lexer ahead = *lexer;
    struct token next = lexer_next(&ahead), token = first;
    if (token_is_client_command(&first, &next) || word_is(&first, "EXEC") || word_is(&first, "EXECUTE")) {
        lexer->at = command_end(s->text, first.at);
        give(s, first.at, lexer->at);
        return;
    }
    bool code = is_code(&first, *lexer);
    struct nesting nesting = {0};
    if (code && s->slashes) s->slashes = slash_follows(s->text, first.at);
    for (;; token = lexer_next(lexer)) {
        bool slash = token_is_operator(&token, OPERATOR_SLASH) && alone_on_line(s->text, token.at);
        bool semicolon = token_is_operator(&token, OPERATOR_SEMICOLON) && !code;
        if (token.kind == TOKEN_END || token.kind == TOKEN_BAD || slash || semicolon) {
            give(s, first.at, token.kind == TOKEN_BAD ? s->text.size : token.at);
            return;
        }
        if (code && !s->slashes && ends_code(&nesting, &token)) {
            give(s, first.at, token.at + 1);
            return;
        }
    }
}

void script_read(struct view text, statements_one *one, void *context)
{
    struct script s = {.text = text, .one = one, .context = context, .slashes = true};
    struct lexer lexer = lexer_of(text);
    for (;;) {
        struct token first = lexer_next(&lexer);
        if (first.kind == TOKEN_END) return;
        if (first.kind == TOKEN_BAD) {
            give(&s, first.at, text.size);
            return;
        }
        if (token_is_operator(&first, OPERATOR_SEMICOLON) || token_is_operator(&first, OPERATOR_SLASH))
            continue; /* runs the last one again */
        read_one(&s, &lexer, first);
    }
}
