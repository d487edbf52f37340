/* SPDX-License-Identifier: Apache-2.0 */
/* Slots of templates, found byte by byte: the lexer asks only where a token of the source's language cannot begin. */
#include "sql/slot.h"

/* Longer ones are not looked for: each open brace, each $ would cost a walk to the end. */
enum { SLOT_MAX = 200, DOLLARS_MAX = 32 };

static uint8_t peek(struct view text, size_t at)
{
    return at < text.size ? text.data[at] : 0;
}
static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}
static bool is_name(uint8_t c)
{
    return is_letter(c) || is_digit(c);
}

/* From an opening brace to its partner on the same line; 0: has none near. */
static size_t braces(struct view text, size_t at)
{
    size_t depth = 0;
    for (size_t i = at; i < text.size && i - at < SLOT_MAX && text.data[i] != '\n'; i++) {
        if (text.data[i] == '{') depth++;
        if (text.data[i] == '}' && --depth == 0) return i + 1 - at;
    }
    return 0;
}

/* {0}, {name}, {$name}, {a.b}, {{ name }}, {}: nothing but a name between the braces. Driver escapes such as {d '..'} are none. */
static size_t brace_slot(struct view text, size_t at)
{
    bool twice = peek(text, at + 1) == '{';
    size_t i = at + 1 + twice;
    for (uint8_t c; i - at < SLOT_MAX; i++) {
        c = peek(text, i);
        if (!is_name(c) && c != '.' && c != '$' && !(twice && (c == ' ' || c == '|'))) break;
    }
    if (peek(text, i) != '}' || (twice && peek(text, i + 1) != '}')) return 0;
    return i + 1 + twice - at;
}

/* %s, %d, %1$s, %(name)s. Attributes of cursors (c%ROWCOUNT, t%TYPE) begin with none of these. */
static size_t percent_slot(struct view text, size_t at)
{
    size_t i = at + 1;
    if (peek(text, i) == '(') {
        while (i - at < SLOT_MAX && is_name(peek(text, i + 1))) i++;
        if (peek(text, i + 1) != ')') return 0;
        i += 2;
    } else {
        while (is_digit(peek(text, i))) i++;
        if (i > at + 1 && peek(text, i) != '$') return 0;
        i += i > at + 1;
    }
    return peek(text, i) == 's' || peek(text, i) == 'd' ? i + 1 - at : 0;
}

static size_t ampersand_slot(struct view text, size_t at)
{
    size_t i = at + 1;
    i += peek(text, i) == '&';
    if (!is_name(peek(text, i)) && peek(text, i) != '$' && peek(text, i) != '#' && peek(text, i) < 0x80) return 0;
    while (is_name(peek(text, i)) || peek(text, i) == '$' || peek(text, i) == '#' || peek(text, i) >= 0x80) i++;
    return i + (peek(text, i) == '.') - at;
}

static size_t dollar_slot(struct view text, size_t at, bool first)
{
    size_t i = at + 1;
    if (peek(text, i) == '{') {
        size_t size = braces(text, i);
        return size > 2 ? size + 1 : 0;
    }
    if (!first) return 0;
    i += peek(text, i) == '$'; /* $$name: also what a compiler of procedural code puts in */
    if (!is_name(peek(text, i))) return 0;
    while (is_name(peek(text, i)) || peek(text, i) == '$') i++;
    return i - at;
}

size_t slot_size(struct view text, size_t at, bool first)
{
    struct view name;
    switch (peek(text, at)) {
    case '&': return ampersand_slot(text, at);
    case '{': return brace_slot(text, at);
    case '%': return percent_slot(text, at);
    case '$': return dollar_slot(text, at, first);
    case '#': return peek(text, at + 1) == '{' ? slot_bind(text, at, &name) : 0;
    case '?': return first && peek(text, at + 1) == '?' ? 2 : 0;
    default: return 0;
    }
}

size_t slot_bind(struct view text, size_t at, struct view *name)
{
    size_t from = at + 1, end, size;
    if (peek(text, at) != '#') return 0;
    if (peek(text, from) == '{') {
        size = braces(text, from) + 1;
        for (from++; peek(text, from) == ' ';) from++;
        for (end = from; is_name(peek(text, end)) || peek(text, end) == '.' || peek(text, end) == '[' || peek(text, end) == ']';) end++;
    } else { /* #name#, #name:TYPE# */
        for (end = from; is_name(peek(text, end)) || peek(text, end) == '.' || peek(text, end) == '[' || peek(text, end) == ']';) end++;
        size_t close = end;
        if (peek(text, close) == ':')
            for (close++; is_name(peek(text, close));) close++;
        size = peek(text, close) == '#' ? close + 1 - at : 0;
    }
    *name = view_of(text.data + from, end - from);
    return size > 1 && end > from && !is_digit(text.data[from]) ? size : 0;
}

size_t slot_dollar_string(struct view text, size_t at, struct view *inside)
{
    size_t end = at + 1;
    while (is_name(peek(text, end))) end++;
    if (peek(text, at) != '$' || peek(text, end) != '$' || is_digit(peek(text, at + 1))) return 0;
    size_t mark = end + 1 - at;
    size_t tries = 0;
    for (size_t i = end + 1; i + mark <= text.size && tries < DOLLARS_MAX; i++, tries++) {
        const uint8_t *found = memchr(text.data + i, '$', text.size - i);
        if (!found) return 0;
        i = (size_t)(found - text.data);
        if (i + mark > text.size || memcmp(found, text.data + at, mark) != 0) continue;
        *inside = view_of(text.data + end + 1, i - end - 1);
        return i + mark - at;
    }
    return 0;
}
