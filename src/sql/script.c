/* SPDX-License-Identifier: Apache-2.0 */
/* A script taken apart as SQL*Plus takes it apart, by the translator's own lexer; records that hold several statements. */
#include "sql/script.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "sql/parse.h"
#include "sql/token.h"
#include <stdio.h>
#include <stdlib.h>

struct script {
    struct view text;
    script_one *one;
    void *context;
    bool slashes; /* there is a line with nothing but "/" further on */
};

static void give(struct script *s, size_t from, size_t to)
{
    struct view text = view_trim(view_of(s->text.data + from, to - from));
    if (text.size > 0) s->one(s->context, text);
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

void script_read(struct view text, script_one *one, void *context)
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

static void add_part(struct script_parts *parts, struct view whole, struct view text, struct sql_plan *plan)
{
    if ((parts->count & (parts->count - 1)) == 0) { /* 0, 1, 2, 4 ..: room doubles */
        struct script_part *room = memory_zero(parts->count ? parts->count * 2 : 1, sizeof *room);
        if (parts->count) memcpy(room, parts->parts, parts->count * sizeof *room);
        memory_free(parts->parts);
        parts->parts = room;
    }
    struct script_part *part = &parts->parts[parts->count++];
    *part = (struct script_part){.text = text, .plan = plan};
    token_place(whole, (uint32_t)(text.data - whole.data), &part->line, &part->column);
}

static size_t place_offset(struct view text, uint32_t line, uint32_t column)
{
    size_t at = 0;
    for (const uint8_t *end; line > 1 && (end = memchr(text.data + at, '\n', text.size - at)); line--) at = (size_t)(end - text.data) + 1;
    return at + column - 1 < text.size ? at + column - 1 : text.size;
}

/* Does a statement begin here, behind an empty line? */
static bool begins_after_empty_line(struct view text, size_t at)
{
    static const enum word first[] = {WORD_SELECT, WORD_WITH,  WORD_INSERT,  WORD_UPDATE,  WORD_DELETE,  WORD_MERGE,
                                      WORD_CREATE, WORD_ALTER, WORD_DROP,    WORD_COMMIT,  WORD_COMMENT, WORD_GRANT,
                                      WORD_REVOKE, WORD_BEGIN, WORD_DECLARE, WORD_ROLLBACK};
    uint32_t lines = 0;
    for (size_t i = at; i > 0 && (text.data[i - 1] <= ' '); i--) lines += text.data[i - 1] == '\n';
    struct lexer lexer = lexer_of(view_of(text.data + at, text.size - at));
    struct token token = lexer_next(&lexer);
    bool word = false;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) word |= token_is_word(&token, first[i]);
    return lines >= 2 && word;
}

/* Where the grammar stopped, if that is where another statement begins; 0: it is not. */
static size_t next_statement(struct view text, const struct sql_plan *plan)
{
    for (uint32_t i = 0; i < plan->finding_count; i++) {
        if (strcmp(plan->findings[i].rule, "syntax") != 0) continue;
        size_t at = place_offset(text, plan->findings[i].line, plan->findings[i].column);
        return at < text.size && begins_after_empty_line(text, at) ? at : 0;
    }
    return 0;
}

/* One statement, or several that empty lines divide: as long as what stands before the place where the grammar stopped is a statement. */
static void add_divided(struct script_parts *parts, const struct sql_options *options, struct view whole, struct view text)
{
    struct sql_plan *plan = sql_translate(options, text);
    uint32_t divided = 0;
    while (plan->state == SQL_UNPARSED && text.size <= SCRIPT_DIVIDED_BYTES && ++divided < SCRIPT_DIVIDED_MAX) {
        size_t at = next_statement(text, plan);
        struct view front = view_trim(view_of(text.data, at));
        if (at == 0 || front.size == 0) break;
        struct sql_plan *first = sql_translate(options, front);
        if (first->state == SQL_UNPARSED) {
            sql_plan_unref(first);
            break;
        }
        add_part(parts, whole, front, first);
        sql_plan_unref(plan);
        text = view_of(text.data + at, text.size - at);
        plan = sql_translate(options, text);
    }
    add_part(parts, whole, text, plan);
}

struct division {
    struct view texts[SCRIPT_PARTS_MAX];
    uint32_t count;
    struct view whole;
};

static void note_text(void *context, struct view text)
{
    struct division *d = context;
    if (d->count < SCRIPT_PARTS_MAX) {
        d->texts[d->count++] = text;
    } else { /* too many: the last part takes the rest */
        struct view *last = &d->texts[d->count - 1];
        *last = view_of(last->data, (size_t)(d->whole.data + d->whole.size - last->data));
    }
}

struct script_parts script_translate(const struct sql_options *options, struct view text)
{
    struct script_parts parts = {0};
    struct sql_plan *plan = sql_translate(options, text);
    if (plan->state != SQL_UNPARSED) {
        add_part(&parts, text, text, plan);
        return parts;
    }
    struct division *d = memory_zero(1, sizeof *d);
    d->whole = text;
    script_read(text, note_text, d);
    if (d->count < 2) {
        d->texts[0] = text;
        d->count = 1;
    }
    for (uint32_t i = 0; i < d->count; i++) add_divided(&parts, options, text, d->texts[i]);
    memory_free(d);
    sql_plan_unref(plan);
    return parts;
}

void script_release(struct script_parts *parts)
{
    for (uint32_t i = 0; i < parts->count; i++) sql_plan_unref(parts->parts[i].plan);
    memory_free(parts->parts);
    *parts = (struct script_parts){0};
}

const struct script_part *script_worst(const struct script_parts *parts)
{
    static const int rank[SQL_STATE_COUNT] = {
        [SQL_EXACT] = 0, [SQL_PASSED] = 1, [SQL_APPROXIMATE] = 2, [SQL_REFUSED] = 3, [SQL_UNPARSED] = 4};
    const struct script_part *worst = parts->parts;
    for (uint32_t i = 1; i < parts->count; i++)
        if (rank[parts->parts[i].plan->state] > rank[worst->plan->state]) worst = &parts->parts[i];
    return worst;
}

/* Our own text for the target: parameters stand outside of strings and quoted names only. */
static void put_renumbered(struct buffer *out, const char *text, uint32_t before)
{
    char quote = 0, number[16];
    for (const char *c = text; *c; c++) {
        if (quote) {
            if (*c == quote) quote = 0; /* a doubled one opens it again */
        } else if (*c == '\'' || *c == '"') {
            quote = *c;
        } else if (*c == '$' && c[1] >= '1' && c[1] <= '9') {
            char *end;
            unsigned long value = strtoul(c + 1, &end, 10);
            int size = snprintf(number, sizeof number, "$%lu", value + before);
            buffer_append(out, number, (size_t)size);
            c = end - 1;
            continue;
        }
        buffer_u8(out, (uint8_t)*c);
    }
}

char *script_target(const struct script_parts *parts)
{
    struct buffer out;
    uint32_t before = 0;
    if (script_worst(parts)->plan->state >= SQL_REFUSED) return NULL;
    buffer_init(&out, 0);
    for (uint32_t i = 0; i < parts->count; i++) {
        const struct sql_plan *plan = parts->parts[i].plan;
        if (!plan->target_text) continue;
        if (buffer_size(&out) > 0) buffer_append(&out, ";\n", 2);
        put_renumbered(&out, plan->target_text, before);
        before += plan->bind_count;
    }
    char *text = buffer_size(&out) > 0 ? memory_zero(buffer_size(&out) + 1, 1) : NULL;
    if (text) memcpy(text, buffer_view(&out).data, buffer_size(&out));
    buffer_release(&out);
    return text;
}
