/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: blocks and calls. A call of a procedure that the target has and that takes values only is read; other code is not. */
#include "sql/name.h"
#include "sql/parse.h"

/* BEGIN one INSERT, UPDATE, DELETE or MERGE; END: what some drivers wrap around RETURNING. */
static bool block_is_one_change(const struct parser *p)
{
    const struct token *first = parse_ahead(p, 1);
    if (!parse_at_word(p, WORD_BEGIN) || first->kind != TOKEN_WORD) return false;
    if (first->code != WORD_INSERT && first->code != WORD_UPDATE && first->code != WORD_DELETE && first->code != WORD_MERGE) return false;
    for (uint32_t i = p->at + 1; i < p->end; i++) {
        if (!token_is_operator(&p->tokens[i], OPERATOR_SEMICOLON)) continue;
        uint32_t end = i + 1;
        if (end >= p->end || !token_is_word(&p->tokens[end], WORD_END)) return false;
        for (end++; end < p->end; end++)
            if (!token_is_operator(&p->tokens[end], OPERATOR_SEMICOLON) && !token_is_operator(&p->tokens[end], OPERATOR_SLASH))
                return false;
        return true;
    }
    return false;
}

/* CALL p(..), EXEC p(..), BEGIN p(..); END: the token after the call; 0: it is none of them. `at`: of the procedure's name. */
static uint32_t call_end(const struct parser *p, uint32_t at)
{
    while (at < p->end && (p->tokens[at].kind == TOKEN_WORD || p->tokens[at].kind == TOKEN_QUOTED)) {
        at++;
        if (!token_is_operator(&p->tokens[at], OPERATOR_DOT)) break;
        at++;
    }
    if (token_is_operator(&p->tokens[at], OPERATOR_LEFT)) {
        if (p->tokens[at].value == 0) return 0;
        at = p->tokens[at].value + 1;
    }
    uint32_t end = at;
    bool block = parse_at_word(p, WORD_BEGIN);
    if (block && (!token_is_operator(&p->tokens[at], OPERATOR_SEMICOLON) || !token_is_word(&p->tokens[at + 1], WORD_END))) return 0;
    for (at += block ? 2 : 0; at < p->end; at++)
        if (!token_is_operator(&p->tokens[at], OPERATOR_SEMICOLON) && !token_is_operator(&p->tokens[at], OPERATOR_SLASH)) return 0;
    return end;
}

static const char *text_of(struct parser *p, const struct token *token)
{
    struct view name = token_name(p->t, token);
    return translation_printf(p->t, "%.*s", (int)name.size, (const char *)name.data);
}

/* Does the target have a procedure of that name whose parameters all take values? */
static bool is_known(struct parser *p, uint32_t at)
{
    const struct sql_options *o = p->t->options;
    bool qualified = token_is_operator(&p->tokens[at + 1], OPERATOR_DOT);
    if (!o->catalog || (qualified && at + 2 >= p->end)) return false;
    return sql_catalog_procedure(o->catalog, o->current_schema, qualified ? text_of(p, &p->tokens[at]) : NULL,
                                 text_of(p, &p->tokens[qualified ? at + 2 : at]));
}

static struct expression *parse_procedure_call(struct parser *p)
{
    uint32_t at = p->at + 1, end = call_end(p, at);
    if (end == 0 || at >= p->end || !is_known(p, at)) return NULL;
    for (uint32_t i = at; i < end; i++)
        if (token_is_operator(&p->tokens[i], OPERATOR_ASSIGN)) return NULL;
    parse_advance(p);
    struct expression *e = parse_name_expression(p);
    if (p->at != end || e->link.size || e->schema.size || (e->kind != EXPRESSION_CALL && e->kind != EXPRESSION_NAME))
        parse_fail_at(p, e->at, "procedural code is not translated", "give its translation and the tables it touches in the mapping file");
    if (e->kind == EXPRESSION_NAME) {
        e->kind = EXPRESSION_CALL;
        e->call = translation_alloc(p->t, sizeof *e->call);
        e->call->brackets = true;
    }
    struct view schema = e->qualifier.size ? name_to_target(p->t, e->qualifier) : view_of(NULL, 0), name = name_to_target(p->t, e->text);
    e->target_name = translation_printf(p->t, "%.*s%s%.*s", (int)schema.size, schema.size ? (const char *)schema.data : "",
                                        schema.size ? "." : "", (int)name.size, (const char *)name.data);
    return e;
}

void parse_block(struct parser *p, struct statement *s)
{
    if (block_is_one_change(p)) {
        parse_advance(p);
        s->change = parse_change(p, &s->kind);
        s->block = true;
        parse_expect(p, OPERATOR_SEMICOLON);
        parse_expect_word(p, WORD_END);
        return;
    }
    s->kind = SQL_PLSQL;
    s->call = parse_procedure_call(p);
    p->at = p->end;
}
