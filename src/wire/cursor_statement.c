/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of statement a text is, and how many of its placeholders stand behind RETURNING .. INTO.
 *
 * Thin drivers leave those binds out of a request, and they find them by scanning the text. So this scan must see what theirs
 * sees, not what a parser of SQL would: words are runs of letters; comments, quoted strings, q-quotes and quoted names are
 * skipped; a colon after a string literal belongs to JSON; every occurrence of a placeholder in SQL is a bind of its own.
 */
#include "base/memory.h"
#include "wire/cursor.h"

struct scan {
    struct view text;
    size_t at;
    bool first_word_seen, returning_seen, into_seen;
    struct wire_cursor *out;
    /* only where names are wanted */
    struct view *names;
    uint32_t names_max, name_count;
};

static uint8_t byte_at(const struct scan *s, size_t at)
{
    return at < s->text.size ? s->text.data[at] : 0;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}
/* Bytes of other alphabets count as letters, as they mostly are. */
static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static bool word_is(struct view word, const char *text)
{
    return view_equal_ignoring_case(word, view_text(text));
}

static bool word_in(struct view word, const char *const *words)
{
    while (*words)
        if (word_is(word, *words++)) return true;
    return false;
}

/* ---- what is skipped; each leaves `at` behind it ---- */

static void skip_line_comment(struct scan *s)
{
    while (s->at < s->text.size && s->text.data[s->at] != '\n') s->at++;
}

static void skip_block_comment(struct scan *s)
{
    for (s->at += 2; s->at < s->text.size; s->at++)
        if (s->text.data[s->at] == '*' && byte_at(s, s->at + 1) == '/') {
            s->at += 2;
            return;
        }
}

static void skip_quoted(struct scan *s)
{
    uint8_t quote = s->text.data[s->at++];
    while (s->at < s->text.size && s->text.data[s->at] != quote) s->at++;
    s->at++;
}

static void skip_q_quoted(struct scan *s)
{
    static const char open[] = "[{<(", close[] = "]}>)";
    uint8_t end = byte_at(s, s->at + 1);
    const char *pair = end ? strchr(open, end) : NULL;
    if (pair) end = (uint8_t)close[pair - open];
    for (s->at += 2; s->at < s->text.size; s->at++)
        if (s->text.data[s->at] == end && byte_at(s, s->at + 1) == '\'') {
            s->at += 2;
            return;
        }
}

/* ---- what is read ---- */

static void take_first_word(struct scan *s, struct view word)
{
    static const char *const plsql[] = {"BEGIN", "DECLARE", "CALL", NULL};
    static const char *const query[] = {"SELECT", "WITH", NULL};
    static const char *const dml[] = {"INSERT", "UPDATE", "DELETE", "MERGE", NULL};
    s->first_word_seen = true;
    s->out->plsql = word_in(word, plsql);
    s->out->query = word_in(word, query);
    s->out->dml = word_in(word, dml);
}

static void take_word(struct scan *s)
{
    size_t start = s->at;
    while (s->at < s->text.size && is_letter(s->text.data[s->at])) s->at++;
    struct view word = view_of(s->text.data + start, s->at - start);
    if (!s->first_word_seen)
        take_first_word(s, word);
    else if (!s->returning_seen)
        s->returning_seen = word_is(word, "RETURNING") || word_is(word, "RETURN");
    else if (word_is(word, "INTO"))
        s->into_seen = true;
}

/* ":name", ": name", ":1", ":\"Name\"". */
static void take_placeholder(struct scan *s)
{
    do s->at++;
    while (s->at < s->text.size && is_space(s->text.data[s->at]));
    uint8_t first = byte_at(s, s->at);
    size_t start = s->at;
    if (first == '"') {
        skip_quoted(s);
    } else if (is_digit(first)) {
        while (is_digit(byte_at(s, s->at))) s->at++;
    } else if (is_letter(first)) {
        for (uint8_t c; c = byte_at(s, s->at), is_letter(c) || is_digit(c) || (c && strchr("_$#", c));) s->at++;
    } else {
        return;
    }
    if (s->into_seen) s->out->return_binds++;
    if (s->name_count < s->names_max)
        s->names[s->name_count] = view_of(s->text.data + start, (s->at < s->text.size ? s->at : s->text.size) - start);
    s->name_count++;
}

static void scan_text(struct scan *s)
{
    bool after_string = false;
    while (s->at < s->text.size) {
        uint8_t c = s->text.data[s->at];
        if (is_space(c)) {
            s->at++;
            continue;
        }
        bool string = c == '\'';
        if (string) {
            uint8_t before = s->at ? s->text.data[s->at - 1] : 0;
            if (before == 'q' || before == 'Q')
                skip_q_quoted(s);
            else
                skip_quoted(s);
        } else if (is_letter(c)) {
            take_word(s);
            if (!s->out->dml && !s->names) return; /* the rest only matters for RETURNING */
        } else if (c == '-' && byte_at(s, s->at + 1) == '-') {
            skip_line_comment(s);
        } else if (c == '/' && byte_at(s, s->at + 1) == '*') {
            skip_block_comment(s);
        } else if (c == '"') {
            skip_quoted(s);
        } else if (c == ':' && !after_string) {
            take_placeholder(s);
        } else {
            s->at++;
        }
        after_string = string;
    }
}

void wire_cursor_classify(struct view sql, struct wire_cursor *cursor)
{
    struct scan s = {.text = sql, .out = cursor};
    cursor->plsql = cursor->query = cursor->dml = false;
    cursor->return_binds = 0;
    scan_text(&s);
}

uint32_t wire_statement_same_names(struct view sql, uint32_t *first_of, uint32_t count)
{
    struct wire_cursor kind = {0};
    struct view *names = memory_zero(count + 1, sizeof *names);
    struct scan s = {.text = sql, .out = &kind, .names = names, .names_max = count};
    scan_text(&s);
    for (uint32_t i = 0; i < count; i++) {
        first_of[i] = i;
        for (uint32_t j = 0; i < s.name_count && j < i && first_of[i] == i; j++)
            if (view_equal_ignoring_case(names[j], names[i])) first_of[i] = j;
    }
    memory_free(names);
    return s.name_count;
}
