/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: what is SQL*Plus's own in a script's text: its commands, and "-" at the end of a line that goes on in the next one. */
#include "sql/parse.h"

/* The first words of commands that no server knows. SET and EXECUTE are told from SQL by what follows. */
/* clang-format off */
static const char *const client_commands[] = {
    "PROMPT", "SPOOL", "SHOW", "DESC", "DESCRIBE", "COLUMN", "COL", "DEFINE", "UNDEFINE", "VARIABLE", "VAR", "PRINT", "ACCEPT", "WHENEVER", "CONNECT",
    "CONN", "DISCONNECT", "EXIT", "QUIT", "HOST", "PAUSE", "START", "TTITLE", "BTITLE", "BREAK", "COMPUTE", "CLEAR", "REM", "REMARK", "TIMING", "RUN",
    "SAVE", "GET", "EDIT", "STORE", "ARCHIVE", "STARTUP", "SHUTDOWN", "PASSWORD", "REPHEADER", "REPFOOTER", "XQUERY", "HISTORY"};
/* clang-format on */
static const char *const set_follows[] = {"TRANSACTION", "ROLE", "CONSTRAINT", "CONSTRAINTS"};

static bool in_list(struct view word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (view_equal_ignoring_case(word, view_text(list[i]))) return true;
    return false;
}

bool token_is_client_command(const struct token *first, const struct token *next)
{
    if (token_is_operator(first, OPERATOR_AT)) return true;
    if (first->kind != TOKEN_WORD) return false;
    if (in_list(first->text, client_commands, sizeof client_commands / sizeof *client_commands)) return true;
    return view_equal_ignoring_case(first->text, view_text("SET")) && next->kind == TOKEN_WORD &&
           !in_list(next->text, set_follows, sizeof set_follows / sizeof *set_follows);
}

void parse_refuse_client_command(struct parser *p)
{
    if (token_is_client_command(parse_token(p), parse_ahead(p, 1)))
        parse_fail_at(p, parse_token(p)->at, "a command of SQL*Plus, which no server knows", "leave it out: a driver does not send it");
}

/* Offset after the end of the line if nothing but blanks stands between `at` and it, else 0. */
static size_t line_end(struct view text, size_t at)
{
    while (at < text.size && (text.data[at] == ' ' || text.data[at] == '\t' || text.data[at] == '\r')) at++;
    return at < text.size && text.data[at] == '\n' ? at + 1 : 0;
}

static bool is_continued(const struct translation *t)
{
    for (uint32_t i = 0; i + 1 < t->token_count; i++) {
        const struct token *next = &t->tokens[i + 1];
        if (token_is_operator(&t->tokens[i], OPERATOR_MINUS) && line_end(t->text, t->tokens[i].at + 1) &&
            (token_is_operator(next, OPERATOR_COMMA) || token_is_operator(next, OPERATOR_RIGHT)))
            return true;
    }
    return false;
}

bool parse_drop_continuations(struct translation *t)
{
    if (!is_continued(t)) return false;
    uint8_t *text = translation_alloc(t, t->text.size + 1);
    size_t size = 0;
    for (size_t at = 0; at < t->text.size;) {
        size_t end = t->text.data[at] == '-' ? line_end(t->text, at + 1) : 0;
        if (end)
            at = end;
        else
            text[size++] = t->text.data[at++];
    }
    t->text = view_of(text, size);
    finding_difference(t, 0, "SQL*Plus", "\"-\" at the end of a line is SQL*Plus's sign that the line goes on",
                       "a driver would send it as a minus");
    return true;
}
