/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: tokens taken and refused, names, and the first word that decides what kind of statement it is. */
#include "sql/definition.h"
#include "sql/parse_foreign.h"

_Noreturn void parse_fail_at(struct parser *p, uint32_t offset, const char *reason, const char *advice)
{
    finding_refuse(p->t, offset, "syntax", reason, advice);
    translation_stop(p->t);
}

_Noreturn void parse_fail(struct parser *p, const char *wanted)
{
    const struct token *token = parse_token(p);
    char *reason;
    if (token->kind == TOKEN_BAD)
        reason = translation_printf(p->t, "a string, quoted name or comment that begins here has no end");
    else if (token->kind == TOKEN_END)
        reason = translation_printf(p->t, "the statement ends where %s is expected", wanted);
    else
        reason = translation_printf(p->t, "\"%.*s\" stands where %s is expected", (int)(token->text.size > 40 ? 40 : token->text.size),
                                    (const char *)token->text.data, wanted);
    p->t->unparsed = true;
    parse_fail_at(p, token->at, reason, "if the source accepts this statement, give its translation in the mapping file");
}

void parse_check_list(struct parser *p, uint32_t count, const char *what)
{
    if (count > PARSE_LIST_MAX)
        parse_fail_at(p, parse_token(p)->at, translation_printf(p->t, "more than %d %s", PARSE_LIST_MAX, what), "split the statement");
}

void parse_enter(struct parser *p)
{
    if (++p->depth > p->depth_max)
        parse_fail_at(p, parse_token(p)->at, "the statement is nested too deeply", "flatten it, or raise the limit on nesting");
}

bool parse_at_words(const struct parser *p, enum word first, enum word second)
{
    return parse_at_word(p, first) && token_is_word(parse_ahead(p, 1), second);
}

bool parse_accept_word(struct parser *p, enum word word)
{
    if (!parse_at_word(p, word)) return false;
    parse_advance(p);
    return true;
}

bool parse_accept_words(struct parser *p, enum word first, enum word second)
{
    if (!parse_at_words(p, first, second)) return false;
    parse_advance(p);
    parse_advance(p);
    return true;
}

bool parse_accept(struct parser *p, enum operator_code code)
{
    if (!parse_at(p, code)) return false;
    parse_advance(p);
    return true;
}

void parse_expect_word(struct parser *p, enum word word)
{
    if (!parse_accept_word(p, word)) parse_fail(p, word_text(word));
}

static const char *operator_name(enum operator_code code)
{
    switch (code) {
    case OPERATOR_LEFT: return "\"(\"";
    case OPERATOR_RIGHT: return "\")\"";
    case OPERATOR_COMMA: return "\",\"";
    case OPERATOR_EQUAL: return "\"=\"";
    case OPERATOR_DOT: return "\".\"";
    default: return "another sign";
    }
}

void parse_expect(struct parser *p, enum operator_code code)
{
    if (!parse_accept(p, code)) parse_fail(p, operator_name(code));
}

uint32_t parse_previous_end(const struct parser *p)
{
    if (p->at == 0) return 0;
    const struct token *last = &p->tokens[p->at - 1];
    const uint8_t *end = last->text.data + last->text.size;
    uint32_t offset = (uint32_t)(end - p->t->text.data);
    if (last->kind == TOKEN_STRING || last->kind == TOKEN_QUOTED || (last->kind == TOKEN_BIND && last->form)) {
        offset++; /* the closing quote */
        while (last->kind == TOKEN_BIND && (last->form & BIND_MAPPER) && offset < p->t->text.size && p->t->text.data[offset - 1] != '}' &&
               p->t->text.data[offset - 1] != '#')
            offset++;
        if (last->kind == TOKEN_STRING && (last->form & 15) == STRING_QUOTED) offset++;
    }
    if (last->kind == TOKEN_NUMBER && last->code) offset++;
    return offset;
}

bool parse_at_name(const struct parser *p)
{
    const struct token *token = parse_token(p);
    if (token->kind == TOKEN_BIND && (token->form & BIND_MAPPER)) return true; /* a text put in, no bind: refused by parse_name */
    return token->kind == TOKEN_QUOTED || (token->kind == TOKEN_WORD && !word_reserved(token->code));
}

struct view token_name(struct translation *t, const struct token *token)
{
    return token->kind == TOKEN_QUOTED ? token->text : translation_upper(t, token->text);
}

struct view parse_name(struct parser *p, bool *quoted)
{
    if (!parse_at_name(p)) parse_fail(p, "a name");
    const struct token *token = parse_token(p);
    if (quoted) *quoted = token->kind == TOKEN_QUOTED;
    if (token->kind == TOKEN_BIND)
        finding_refuse(p->t, token->at, "template", "a slot of a template stands where a name is expected", "put in the name");
    parse_advance(p);
    return token_name(p->t, token);
}

struct view parse_any_name(struct parser *p)
{
    const struct token *token = parse_token(p);
    if (token->kind != TOKEN_QUOTED && token->kind != TOKEN_WORD) parse_fail(p, "a name");
    parse_advance(p);
    return token_name(p->t, token);
}

void parse_object_name(struct parser *p, struct view *schema, struct view *name, struct view *link)
{
    *schema = view_of(NULL, 0);
    *link = view_of(NULL, 0);
    if (!foreign_reserved_name(p, name)) *name = parse_name(p, NULL);
    while (parse_at(p, OPERATOR_DOT)) {
        parse_advance(p);
        *schema = *name;
        *name = parse_any_name(p);
    }
    if (!parse_accept(p, OPERATOR_AT)) return;
    if (parse_at(p, OPERATOR_OTHER) && view_equal(parse_token(p)->text, view_text("!"))) { /* back to where the statement came from */
        *link = parse_token(p)->text;
        parse_advance(p);
        return;
    }
    *link = parse_any_name(p);
    while (parse_accept(p, OPERATOR_DOT) || parse_accept(p, OPERATOR_AT)) parse_any_name(p);
}

/* MODEL as the clause; by itself it is a name like any other. */
bool parse_begins_model(const struct parser *p)
{
    static const char *const next[] = {"DIMENSION", "PARTITION", "IGNORE", "KEEP", "UNIQUE", "RETURN", "REFERENCE", "MAIN"};
    if (!parse_at_word(p, WORD_MODEL) || parse_ahead(p, 1)->kind != TOKEN_WORD) return false;
    for (size_t i = 0; i < sizeof next / sizeof *next; i++)
        if (view_equal_ignoring_case(parse_ahead(p, 1)->text, view_text(next[i]))) return true;
    return false;
}

bool parse_begins_pivot(const struct parser *p)
{
    const struct token *next = parse_ahead(p, 1), *after = parse_ahead(p, 2);
    if (!parse_at_word(p, WORD_PIVOT) && !parse_at_word(p, WORD_UNPIVOT)) return false;
    return token_is_operator(next, OPERATOR_LEFT) ||
           (next->kind == TOKEN_WORD && (token_is_operator(after, OPERATOR_LEFT) || token_is_word(after, WORD_NULLS)));
}

bool parse_begins_sample(const struct parser *p)
{
    const struct token *next = parse_ahead(p, 1);
    if (!parse_at_word(p, WORD_SAMPLE)) return false;
    return token_is_operator(next, OPERATOR_LEFT) ||
           (view_equal_ignoring_case(next->text, view_text("BLOCK")) && token_is_operator(parse_ahead(p, 2), OPERATOR_LEFT));
}

/* Does this word go on behind a table and its alias? */
static bool follows_alias(const struct token *token)
{
    static const enum word words[] = {WORD_WHERE,  WORD_JOIN,    WORD_LEFT,    WORD_RIGHT, WORD_FULL,  WORD_INNER,
                                      WORD_CROSS,  WORD_NATURAL, WORD_ON,      WORD_USING, WORD_GROUP, WORD_ORDER,
                                      WORD_HAVING, WORD_START,   WORD_CONNECT, WORD_UNION, WORD_MINUS, WORD_INTERSECT,
                                      WORD_FOR,    WORD_FETCH,   WORD_SET,     WORD_FROM};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (token_is_word(token, words[i])) return true;
    return false;
}

/* Words that are no reserved words but go on with the query where an alias could stand. */
static bool word_ends_table(const struct parser *p)
{
    const struct token *next = parse_ahead(p, 1);
    switch ((enum word)parse_token(p)->code) {
    case WORD_JOIN:
    case WORD_USING: return true;
    case WORD_INNER:
    case WORD_NATURAL:
    case WORD_CROSS:
    case WORD_LEFT:
    case WORD_RIGHT:
    case WORD_FULL:
    case WORD_OUTER:
        return next->kind == TOKEN_WORD &&
               (next->code == WORD_JOIN || next->code == WORD_OUTER || next->code == WORD_INNER || next->code == WORD_LEFT ||
                next->code == WORD_RIGHT || next->code == WORD_FULL || next->code == WORD_APPLY);
    case WORD_PIVOT:
    case WORD_UNPIVOT: return parse_begins_pivot(p);
    case WORD_SAMPLE: return parse_begins_sample(p);
    case WORD_MATCH_RECOGNIZE: return token_is_operator(next, OPERATOR_LEFT);
    case WORD_PARTITION: return token_is_word(next, WORD_BY) || token_is_operator(next, OPERATOR_LEFT) || token_is_word(next, WORD_FOR);
    case WORD_WHEN: /* INSERT ALL WHEN .. THEN INTO a WHEN .. */
        return !follows_alias(next) && next->kind != TOKEN_END && !token_is_operator(next, OPERATOR_COMMA) &&
               !token_is_operator(next, OPERATOR_RIGHT);
    case WORD_MODEL: return parse_begins_model(p);
    case WORD_WINDOW: return token_is_word(parse_ahead(p, 2), WORD_AS);
    case WORD_LOG: return token_is_word(next, WORD_ERRORS);
    case WORD_RETURNING:
    case WORD_RETURN:
        return (next->kind == TOKEN_WORD && !follows_alias(next)) || token_is_operator(next, OPERATOR_LEFT) || next->kind == TOKEN_QUOTED ||
               next->kind == TOKEN_BIND;
    case WORD_LIMIT: return foreign_at_limit(p);
    case WORD_FETCH: return token_is_word(next, WORD_FIRST) || token_is_word(next, WORD_NEXT);
    case WORD_OFFSET:
        return next->kind == TOKEN_NUMBER || next->kind == TOKEN_BIND || token_is_operator(next, OPERATOR_LEFT) ||
               (next->kind == TOKEN_WORD && !follows_alias(next)) ||
               (next->kind == TOKEN_QUOTED && parse_ahead(p, 2)->kind == TOKEN_WORD && parse_ahead(p, 2)->code == WORD_ROWS);
    case WORD_VERSIONS: return token_is_word(next, WORD_BETWEEN) || token_is_word(next, WORD_PERIOD);
    case WORD_EXCEPT: return true;
    case WORD_BULK: return token_is_word(next, WORD_COLLECT);
    default: return false;
    }
}

struct view parse_alias(struct parser *p, bool of_table)
{
    if (!of_table && parse_accept_word(p, WORD_AS)) return parse_any_name(p);
    if (of_table && parse_at_word(p, WORD_AS) && !token_is_word(parse_ahead(p, 1), WORD_OF) && parse_ahead(p, 1)->kind != TOKEN_OPERATOR) {
        parse_advance(p);
        return parse_name(p, NULL);
    }
    const struct token *token = parse_token(p);
    if (token->kind == TOKEN_QUOTED || (token->kind == TOKEN_WORD && !word_reserved(token->code) && !word_ends_table(p))) {
        parse_advance(p);
        return token_name(p->t, token);
    }
    return view_of(NULL, 0);
}

uint32_t parse_unsigned(struct parser *p)
{
    uint64_t number = 0;
    if (parse_token(p)->kind != TOKEN_NUMBER || !view_to_u64(parse_token(p)->text, &number)) parse_fail(p, "a whole number");
    parse_advance(p);
    return number > 1000000000 ? 1000000000 : (uint32_t)number;
}

void parse_skip_brackets(struct parser *p)
{
    uint32_t close = parse_token(p)->value;
    if (!parse_at(p, OPERATOR_LEFT) || close == 0) parse_fail(p, "a bracket that is closed again");
    p->at = close + 1 <= p->end ? close + 1 : p->end;
}

static struct statement *statement_new(struct parser *p, enum sql_kind kind)
{
    struct statement *s = translation_alloc(p->t, sizeof *s);
    s->kind = kind;
    s->at = parse_token(p)->at;
    return s;
}

static bool at_query(const struct parser *p)
{
    if (parse_at_word(p, WORD_SELECT) || parse_at_word(p, WORD_WITH)) return true;
    return parse_at(p, OPERATOR_LEFT) && parse_brackets_open_query(p);
}

static struct statement *parse_one(struct parser *p)
{
    struct statement *s = statement_new(p, SQL_OTHER);
    if (at_query(p)) {
        s->kind = SQL_SELECT;
        s->query = parse_query(p);
        if (p->change_after_with) { /* WITH .. DELETE: another dialect's */
            s->kind = p->change_kind;
            s->change = p->change_after_with;
            s->query = NULL;
        }
        return s;
    }
    switch ((enum word)parse_token(p)->code) {
    case WORD_INSERT:
    case WORD_UPDATE:
    case WORD_DELETE:
    case WORD_MERGE: s->change = parse_change(p, &s->kind); return s;
    case WORD_BEGIN:
    case WORD_DECLARE:
    case WORD_CALL:
    case WORD_EXEC:
    case WORD_EXECUTE: parse_block(p, s); return s;
    case WORD_EXPLAIN:
        s->kind = SQL_EXPLAIN;
        p->at = p->end;
        return s;
    default: break;
    }
    s->control = parse_control(p, &s->kind);
    if (s->control) return s;
    s->definition = parse_definition(p);
    if (s->definition) {
        s->kind = SQL_DDL;
        return s;
    }
    parse_fail(p, "a statement");
}

static void skip_label(struct parser *p)
{
    while (parse_at(p, OPERATOR_LESS) && token_is_operator(parse_ahead(p, 1), OPERATOR_LESS)) {
        while (parse_token(p)->kind != TOKEN_END && !parse_at(p, OPERATOR_GREATER)) parse_advance(p);
        parse_accept(p, OPERATOR_GREATER);
        parse_accept(p, OPERATOR_GREATER);
    }
}

struct statement *parse_statement(struct translation *t)
{
    struct parser parser = {.t = t, .tokens = t->tokens, .end = t->token_count - 1, .depth_max = t->options->depth_max};
    struct parser *p = &parser;
    skip_label(p);
    parse_refuse_client_command(p);
    struct statement *s = parse_one(p);
    bool code = (s->kind == SQL_PLSQL && !s->call && !s->change) || (s->definition && s->definition->refused);
    if (!code) foreign_tokens(p); /* in code the same signs mean other things */
    if (s->kind == SQL_PLSQL || s->kind == SQL_EXPLAIN) return s;
    foreign_skip_slots(p);
    while (parse_at(p, OPERATOR_SEMICOLON)) parse_advance(p);
    if (parse_at(p, OPERATOR_SLASH) && parse_ahead(p, 1)->kind == TOKEN_END) parse_advance(p);
    if (parse_token(p)->kind != TOKEN_END) parse_fail(p, "the end of the statement");
    return s;
}
