/* SPDX-License-Identifier: Apache-2.0 */
/* The lexer: one token at a time, every byte looked at once. */
#include "sql/token.h"
#include "sql/slot.h"

static inline bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0;
}
static inline bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}
static inline bool is_name_start(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}
static inline bool is_slot_start(uint8_t c)
{
    return c == '&' || c == '{' || c == '%' || c == '$' || c == '#' || c == '?';
}
static inline bool is_name(uint8_t c)
{
    return is_name_start(c) || is_digit(c) || c == '$' || c == '#';
}

static inline uint8_t peek(const struct lexer *l, size_t ahead)
{
    return l->at + ahead < l->text.size ? l->text.data[l->at + ahead] : 0;
}

static struct view text_from(const struct lexer *l, size_t from, size_t to)
{
    return view_of(l->text.data + from, to - from);
}

/* Skips blanks and comments. False: a comment has no end. */
static bool skip_blanks(struct lexer *l)
{
    while (l->at < l->text.size) {
        uint8_t c = l->text.data[l->at];
        if (is_blank(c)) {
            l->at++;
        } else if (c == 0xE3 && peek(l, 1) == 0x80 && peek(l, 2) == 0x80) { /* ideographic space */
            l->at += 3;
        } else if (c == 0xC2 && peek(l, 1) == 0xA0) { /* no-break space */
            l->at += 2;
        } else if (c == '-' && peek(l, 1) == '-') {
            while (l->at < l->text.size && l->text.data[l->at] != '\n') l->at++;
        } else if (c == '/' && peek(l, 1) == '*') {
            size_t at = l->at + 2;
            while (at + 1 < l->text.size && !(l->text.data[at] == '*' && l->text.data[at + 1] == '/')) at++;
            if (at + 1 >= l->text.size) return false;
            l->at = at + 2;
        } else {
            break;
        }
    }
    return true;
}

static struct token bad(struct lexer *l, size_t from)
{
    struct token t = {.kind = TOKEN_BAD, .at = (uint32_t)from, .text = text_from(l, from, l->text.size)};
    l->at = l->text.size;
    return t;
}

/* At the opening quote. Text is what stands between the quotes, doubled quotes still doubled. */
static struct token read_string(struct lexer *l, size_t from, bool national)
{
    size_t at = l->at + 1, start = at;
    for (;;) {
        const uint8_t *quote = at < l->text.size ? memchr(l->text.data + at, '\'', l->text.size - at) : NULL;
        if (!quote) return bad(l, from);
        at = (size_t)(quote - l->text.data);
        if (at + 1 >= l->text.size || l->text.data[at + 1] != '\'') break;
        at += 2;
    }
    l->at = at + 1;
    return (struct token){
        .kind = TOKEN_STRING, .form = (uint8_t)(STRING_PLAIN | (national ? 16 : 0)), .at = (uint32_t)from, .text = text_from(l, start, at)};
}

/* Bytes of the character that begins with this byte of UTF-8. */
static size_t character_size(uint8_t first)
{
    return first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* At the quote after q. The delimiter is any character, of several bytes too. */
static struct token read_q_string(struct lexer *l, size_t from, bool national)
{
    if (l->at + 2 > l->text.size) return bad(l, from);
    uint8_t open = l->text.data[l->at + 1], close = open;
    size_t wide = character_size(open), start = l->at + 1 + wide;
    if (start > l->text.size) return bad(l, from);
    const uint8_t *mark = l->text.data + l->at + 1;
    switch (open) {
    case '[': close = ']'; break;
    case '{': close = '}'; break;
    case '(': close = ')'; break;
    case '<': close = '>'; break;
    default: break;
    }
    for (size_t at = start; at + wide < l->text.size; at++) {
        if (l->text.data[at] != close || l->text.data[at + wide] != '\'' || memcmp(l->text.data + at + 1, mark + 1, wide - 1) != 0)
            continue;
        l->at = at + wide + 1;
        return (struct token){.kind = TOKEN_STRING,
                              .form = (uint8_t)(STRING_QUOTED | (national ? 16 : 0)),
                              .at = (uint32_t)from,
                              .text = text_from(l, start, at)};
    }
    return bad(l, from);
}

/* At the quote: the source's " or another dialect's `. */
static struct token read_quoted(struct lexer *l, size_t from)
{
    size_t start = l->at + 1;
    uint8_t mark = l->text.data[l->at];
    const uint8_t *quote = start < l->text.size ? memchr(l->text.data + start, mark, l->text.size - start) : NULL;
    if (!quote || quote == l->text.data + start) return bad(l, from);
    size_t end = (size_t)(quote - l->text.data);
    l->at = end + 1;
    return (struct token){
        .kind = TOKEN_QUOTED, .form = mark == '`' ? QUOTED_BACK : 0, .at = (uint32_t)from, .text = text_from(l, start, end)};
}

static struct token read_number(struct lexer *l, size_t from)
{
    while (is_digit(peek(l, 0))) l->at++;
    if (peek(l, 0) == '.' && peek(l, 1) != '.') {
        l->at++;
        while (is_digit(peek(l, 0))) l->at++;
    }
    uint8_t c = peek(l, 0);
    if (c == 'e' || c == 'E') {
        size_t sign = peek(l, 1) == '+' || peek(l, 1) == '-' ? 1 : 0;
        if (is_digit(peek(l, 1 + sign))) {
            l->at += 1 + sign;
            while (is_digit(peek(l, 0))) l->at++;
        }
    }
    struct token t = {.kind = TOKEN_NUMBER, .at = (uint32_t)from, .text = text_from(l, from, l->at)};
    c = peek(l, 0);
    if ((c == 'd' || c == 'D' || c == 'f' || c == 'F') && !is_name(peek(l, 1))) {
        t.code = (uint16_t)(c & ~32u);
        l->at++;
    }
    return t;
}

static struct token read_word(struct lexer *l, size_t from)
{
    uint8_t first = l->text.data[from], next = peek(l, 1);
    if ((first == 'q' || first == 'Q') && next == '\'') {
        l->at++;
        return read_q_string(l, from, false);
    }
    if (first == 'n' || first == 'N') {
        if (next == '\'') {
            l->at++;
            return read_string(l, from, true);
        }
        if ((next == 'q' || next == 'Q') && peek(l, 2) == '\'') {
            l->at += 2;
            return read_q_string(l, from, true);
        }
    }
    bool slots = false;
    while (l->at < l->text.size) {
        uint8_t c = l->text.data[l->at];
        size_t slot = is_slot_start(c) ? slot_size(l->text, l->at, l->at == from) : 0;
        slots |= slot > 0;
        l->at += slot;
        if (slot > 0) continue;
        if (!is_name(c) || (c == 0xC2 && peek(l, 1) == 0xA0) || (c == 0xE3 && peek(l, 1) == 0x80 && peek(l, 2) == 0x80)) break;
        l->at++;
    }
    struct view text = text_from(l, from, l->at);
    return (struct token){.kind = TOKEN_WORD,
                          .form = slots ? WORD_WITH_SLOT : 0,
                          .code = l->plain ? WORD_NONE : (uint16_t)word_find(text),
                          .at = (uint32_t)from,
                          .text = text};
}

/* What no token of the source's language begins with: a slot of a template, a bind of a mapper, another dialect's quotes. False: nothing of these. */
static bool read_slot(struct lexer *l, size_t from, struct token *token)
{
    struct view inside;
    size_t size = slot_bind(l->text, from, &inside);
    if (size > 0) {
        l->at = from + size;
        *token = (struct token){
            .kind = TOKEN_BIND, .form = BIND_QUOTED | BIND_MAPPER, .at = (uint32_t)from, .value = l->binds++, .text = inside};
        return true;
    }
    size = slot_dollar_string(l->text, from, &inside);
    if (size > 0) {
        l->at = from + size;
        *token = (struct token){.kind = TOKEN_STRING, .form = STRING_DOLLAR, .at = (uint32_t)from, .text = inside};
        return true;
    }
    if (slot_size(l->text, from, true) == 0) return false;
    *token = read_word(l, from);
    return true;
}

static struct token read_bind(struct lexer *l, size_t from)
{
    size_t start = l->at;
    struct token t = {.kind = TOKEN_BIND, .at = (uint32_t)from, .value = l->binds};
    if (peek(l, 0) == '"') {
        struct token quoted = read_quoted(l, from);
        if (quoted.kind == TOKEN_BAD) return quoted;
        t.text = quoted.text;
        t.form = BIND_QUOTED;
    } else {
        bool number = is_digit(peek(l, 0)); /* :5AND is :5 and AND */
        while (number ? is_digit(peek(l, 0)) : is_name(peek(l, 0))) l->at++;
        t.text = text_from(l, start, l->at);
    }
    l->binds++;
    return t;
}

/* Oracle allows blanks inside two-byte comparison operators. */
static bool accept_after_blanks(struct lexer *l, uint8_t wanted)
{
    size_t at = l->at;
    while (at < l->text.size && is_blank(l->text.data[at])) at++;
    if (at >= l->text.size || l->text.data[at] != wanted) return false;
    l->at = at + 1;
    return true;
}

static uint16_t read_operator(struct lexer *l, uint8_t c)
{
    switch (c) {
    case '(': return OPERATOR_LEFT;
    case ')': return OPERATOR_RIGHT;
    case ',': return OPERATOR_COMMA;
    case ';': return OPERATOR_SEMICOLON;
    case '+': return OPERATOR_PLUS;
    case '-': return OPERATOR_MINUS;
    case '/': return OPERATOR_SLASH;
    case '@': return OPERATOR_AT;
    case '%': return OPERATOR_PERCENT;
    case '[': return OPERATOR_LEFT_BRACKET;
    case ']': return OPERATOR_RIGHT_BRACKET;
    case '{': return OPERATOR_LEFT_BRACE;
    case '}': return OPERATOR_RIGHT_BRACE;
    case '*':
        if (peek(l, 0) != '*') return OPERATOR_STAR;
        l->at++;
        return OPERATOR_POWER;
    case '.':
        if (peek(l, 0) != '.') return OPERATOR_DOT;
        l->at++;
        return OPERATOR_RANGE;
    case '|': return accept_after_blanks(l, '|') ? OPERATOR_CONCAT : OPERATOR_OTHER;
    case '=':
        if (peek(l, 0) != '>') return OPERATOR_EQUAL;
        l->at++;
        return OPERATOR_ARROW;
    case '<':
        if (accept_after_blanks(l, '>')) return OPERATOR_NOT_EQUAL;
        return accept_after_blanks(l, '=') ? OPERATOR_LESS_EQUAL : OPERATOR_LESS;
    case '>': return accept_after_blanks(l, '=') ? OPERATOR_GREATER_EQUAL : OPERATOR_GREATER;
    case '!':
    case '^':
    case '~': return accept_after_blanks(l, '=') ? OPERATOR_NOT_EQUAL : OPERATOR_OTHER;
    default: return OPERATOR_OTHER;
    }
}

static struct token read_token(struct lexer *l)
{
    size_t from = l->at;
    if (!skip_blanks(l)) return bad(l, l->at);
    from = l->at;
    if (from >= l->text.size) return (struct token){.kind = TOKEN_END, .at = (uint32_t)l->text.size, .text = text_from(l, from, from)};
    uint8_t c = l->text.data[from];
    struct token slot;
    if (is_name_start(c)) return read_word(l, from);
    if (is_slot_start(c) && read_slot(l, from, &slot)) return slot;
    if (is_digit(c) || (c == '.' && is_digit(peek(l, 1)))) return read_number(l, from);
    if (c == '\'') return read_string(l, from, false);
    if (c == '"' || c == '`') return read_quoted(l, from);
    l->at++;
    if (c == '?') return (struct token){.kind = TOKEN_BIND, .at = (uint32_t)from, .value = l->binds++, .text = text_from(l, from, l->at)};
    if (c == ':') {
        if (peek(l, 0) == '=') {
            l->at++;
            return (struct token){.kind = TOKEN_OPERATOR, .code = OPERATOR_ASSIGN, .at = (uint32_t)from, .text = text_from(l, from, l->at)};
        }
        if (peek(l, 0) == ':' && is_name_start(peek(l, 1))) {
            l->at++;
            return (struct token){.kind = TOKEN_OPERATOR, .code = OPERATOR_CAST, .at = (uint32_t)from, .text = text_from(l, from, l->at)};
        }
        size_t after = l->at;
        while (is_blank(peek(l, 0)) && l->at < l->text.size) l->at++;
        if (!l->string && (is_name(peek(l, 0)) || peek(l, 0) == '"')) return read_bind(l, from);
        l->at = after;
        return (struct token){.kind = TOKEN_OPERATOR, .code = OPERATOR_COLON, .at = (uint32_t)from, .text = text_from(l, from, l->at)};
    }
    uint16_t code = read_operator(l, c);
    return (struct token){.kind = TOKEN_OPERATOR, .code = code, .at = (uint32_t)from, .text = text_from(l, from, l->at)};
}

struct token lexer_next(struct lexer *l)
{
    struct token token = read_token(l);
    l->string = token.kind == TOKEN_STRING;
    return token;
}

static void match_brackets(struct token *list, uint32_t count, uint32_t *stack)
{
    uint32_t depth = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (list[i].kind != TOKEN_OPERATOR) continue;
        if (list[i].code == OPERATOR_LEFT) stack[depth++] = i;
        if (list[i].code == OPERATOR_RIGHT && depth > 0) list[stack[--depth]].value = i;
    }
}

struct token *token_list(struct arena *arena, struct view text, uint32_t *count, uint32_t *bind_count)
{
    struct lexer lexer = {.text = text, .plain = true};
    uint32_t n = 0, left = 0;
    for (;;) { /* counted first: the list is made once, at its size */
        struct token t = lexer_next(&lexer);
        n++;
        left += t.kind == TOKEN_OPERATOR && t.code == OPERATOR_LEFT;
        if (t.kind == TOKEN_END || t.kind == TOKEN_BAD) break;
    }
    struct token *list = arena_try(arena, sizeof *list * (n + 1));
    uint32_t *stack = arena_try(arena, sizeof *stack * (left + 1));
    if (!list || !stack) return NULL;
    lexer = lexer_of(text);
    for (uint32_t i = 0; i < n; i++) list[i] = lexer_next(&lexer);
    list[n] = (struct token){.kind = TOKEN_END, .at = (uint32_t)text.size};
    n += list[n - 1].kind == TOKEN_BAD; /* the end stands behind that too: what walks to it must find it */
    match_brackets(list, n, stack);
    *count = n;
    *bind_count = lexer.binds;
    return list;
}

void token_place(struct view text, uint32_t at, uint32_t *line, uint32_t *column)
{
    *line = 1;
    *column = 1;
    for (uint32_t i = 0; i < at && i < text.size; i++) {
        if (text.data[i] == '\n') {
            ++*line;
            *column = 1;
        } else {
            ++*column;
        }
    }
}
