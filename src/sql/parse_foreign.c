/* SPDX-License-Identifier: Apache-2.0 */
/* Other dialects' constructs: their names and the source's forms; expressions and what stands around them. */
#include "sql/parse_foreign.h"

struct foreign_row {
    const char *name, *advice;
};
static const struct foreign_row foreign_rows[] = {
    [FOREIGN_CAST] = {"value::type is PostgreSQL's cast", "write CAST(value AS type)"},
    [FOREIGN_NUMBERED_BIND] = {"$1 is PostgreSQL's form of a bind", "write :1"},
    [FOREIGN_DOLLAR_STRING] = {"$$..$$ is PostgreSQL's form of a string", "write '..' or q'[..]'"},
    [FOREIGN_BACKQUOTE] = {"`name` is MySQL's form of a quoted name", "write \"NAME\", or the name without quotes"},
    [FOREIGN_ARRAY] = {"[..] is an array, which belongs to other dialects", "use a collection type or a table"},
    [FOREIGN_OPERATOR] = {"this operator belongs to other dialects",
                          "write the function: MOD, POWER, BITAND, JSON_VALUE, REGEXP_LIKE .., whichever is meant"},
    [FOREIGN_PATTERN] = {"this comparison with a pattern belongs to other dialects", "write LIKE with UPPER(..), or REGEXP_LIKE(..)"},
    [FOREIGN_TYPED_LITERAL] = {"a constant of this type has no such form", "write CAST('..' AS type) or TO_..('..')"},
    [FOREIGN_TYPED_BIND] = {"DATE and TIMESTAMP stand before strings only, never before a bind", "write TO_DATE(:x, 'YYYY-MM-DD')"},
    [FOREIGN_CURRENT] = {"CURRENT DATE and CURRENT TIMESTAMP are Db2's", "write CURRENT_DATE, SYSTIMESTAMP or SYSDATE"},
    [FOREIGN_SUBSTRING] = {"SUBSTRING(x FROM a FOR b) belongs to other dialects", "write SUBSTR(x, a, b)"},
    [FOREIGN_FILTER] = {"FILTER (WHERE ..) belongs to other dialects", "write the aggregate over CASE WHEN .. THEN .. END"},
    [FOREIGN_DISTINCT_ON] = {"DISTINCT ON is PostgreSQL's", "number the rows with ROW_NUMBER() OVER (PARTITION BY ..) and keep the first"},
    [FOREIGN_LIMIT] = {"LIMIT belongs to other dialects", "write OFFSET m ROWS FETCH FIRST n ROWS ONLY"},
    [FOREIGN_LOCK] = {"this lock of rows is PostgreSQL's", "write FOR UPDATE"},
    [FOREIGN_MATERIALIZED] = {"AS MATERIALIZED is PostgreSQL's", "write AS (SELECT /*+ MATERIALIZE */ ..)"},
    [FOREIGN_CHANGE_IN_WITH] = {"a change inside WITH is PostgreSQL's", "send the change by itself, with RETURNING .. INTO"},
    [FOREIGN_CHANGE_AFTER_WITH] = {"WITH before INSERT, UPDATE or DELETE belongs to other dialects", "put the WITH into the subquery"},
    [FOREIGN_DEFAULT_VALUES] = {"an INSERT without values belongs to other dialects", "write VALUES (DEFAULT, ..)"},
    [FOREIGN_CONFLICT] = {"ON CONFLICT and ON DUPLICATE KEY belong to other dialects", "write MERGE"},
    [FOREIGN_IGNORE] = {"INSERT IGNORE is MySQL's", "write MERGE, or the hint IGNORE_ROW_ON_DUPKEY_INDEX"},
    [FOREIGN_UPDATE_JOIN] = {"UPDATE of a join is MySQL's", "write MERGE, or UPDATE with a subquery"},
    [FOREIGN_DELETE_JOIN] = {"DELETE with a join belongs to other dialects", "write WHERE EXISTS (..)"},
    [FOREIGN_JOIN_WITHOUT_ON] = {"a JOIN without ON or USING is MySQL's", "write ON (..), or CROSS JOIN"},
    [FOREIGN_CROSS_JOIN_ON] = {"a CROSS JOIN has no condition", "write JOIN .. ON"},
    [FOREIGN_ALIAS_COLUMNS] = {"columns are named after an alias", "name them in the query's select list"},
    [FOREIGN_ALIAS_PIVOT] = {"an alias stands before PIVOT", "put it behind the brackets of PIVOT"},
    [FOREIGN_SAMPLE] = {"TABLESAMPLE belongs to other dialects", "write SAMPLE (percent)"},
    [FOREIGN_ORDINALITY] = {"WITH ORDINALITY is PostgreSQL's", "write ROWNUM"},
    [FOREIGN_RESERVED] = {"this word is reserved and names no table unless it is quoted", "quote it"},
    [FOREIGN_TABLE_LIKE] = {"a table LIKE another is PostgreSQL's", "write CREATE TABLE .. AS SELECT .. WHERE 1 = 0"},
    [FOREIGN_INHERITS] = {"INHERITS is PostgreSQL's", "name the columns"},
    [FOREIGN_PARTITION_OF] = {"PARTITION OF is PostgreSQL's", "write PARTITION BY .. in the table"},
    [FOREIGN_IF_EXISTS_PLACE] = {"IF EXISTS and IF NOT EXISTS do not stand here", "leave them out"},
    [FOREIGN_INDEX_USING] = {"USING before an index's columns is PostgreSQL's", "leave it out"},
    [FOREIGN_ADD_COLUMN] = {"ADD COLUMN belongs to other dialects", "write ADD (..)"},
    [FOREIGN_DROP_LIST] = {"one DROP of several objects belongs to other dialects", "write a DROP for each"},
    [FOREIGN_TRUNCATE] = {"TRUNCATE without TABLE belongs to other dialects", "write TRUNCATE TABLE"},
    [FOREIGN_MATCH] = {"MATCH in a foreign key belongs to other dialects", "leave it out"},
    [FOREIGN_ON_UPDATE] = {"this action of a foreign key belongs to other dialects", "leave it out, or write a trigger"},
    [FOREIGN_STORED] = {"a STORED column belongs to other dialects", "write VIRTUAL, or a column with a trigger"},
    [FOREIGN_RENAME_SCHEMA] = {"a new name has no schema", "leave the schema out"},
    [FOREIGN_TRANSACTION_WORD] = {"TRANSACTION does not follow COMMIT or ROLLBACK", "leave it out"},
};
_Static_assert(sizeof foreign_rows / sizeof *foreign_rows == FOREIGN_COUNT_, "every construct has its row");

static void note_at(struct parser *p, uint32_t at, enum foreign what)
{
    finding_refuse(p->t, at, "dialect", translation_printf(p->t, "not Oracle: %s", foreign_rows[what].name), foreign_rows[what].advice);
}

void foreign_note(struct parser *p, enum foreign what)
{
    note_at(p, parse_token(p)->at, what);
}

bool foreign_row_at(uint32_t i, const char **name, const char **advice)
{
    if (i >= FOREIGN_COUNT_) return false;
    *name = foreign_rows[i].name;
    *advice = foreign_rows[i].advice;
    return true;
}

static bool text_is(const struct token *token, const char *word)
{
    return token->kind == TOKEN_WORD && view_equal_ignoring_case(token->text, view_text(word));
}

static bool in_list(const struct token *token, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_is(token, words[i])) return true;
    return false;
}

static bool is_slot(const struct token *token)
{
    return token->kind == TOKEN_WORD && token->form == WORD_WITH_SLOT;
}

/* Does the next token follow without a blank? */
static bool joined(const struct parser *p, uint32_t n)
{
    return parse_ahead(p, n + 1)->at == parse_ahead(p, n)->at + parse_ahead(p, n)->text.size;
}

static void parse_array(struct parser *p)
{
    parse_enter(p);
    parse_expect(p, OPERATOR_LEFT_BRACKET);
    while (!parse_at(p, OPERATOR_RIGHT_BRACKET)) {
        if (parse_at(p, OPERATOR_COLON) || parse_at(p, OPERATOR_COMMA))
            parse_advance(p);
        else
            parse_expression(p);
    }
    parse_advance(p);
    parse_leave(p);
}

bool foreign_postfix(struct parser *p)
{
    if (parse_at(p, OPERATOR_CAST)) {
        foreign_note(p, FOREIGN_CAST);
        parse_advance(p);
        parse_type_name(p);
        while (parse_at(p, OPERATOR_LEFT_BRACKET)) parse_array(p);
        return true;
    }
    if (!parse_at(p, OPERATOR_LEFT_BRACKET)) return false;
    foreign_note(p, FOREIGN_ARRAY);
    parse_array(p);
    return true;
}

static struct expression *dummy(struct parser *p)
{
    struct expression *e = expression_new(p, EXPRESSION_NULL);
    return expression_finish(p, e);
}

struct expression *foreign_primary(struct parser *p)
{
    static const char *const literal_types[] = {"TIME", "TIMETZ", "TIMESTAMPTZ", "BINARY_DOUBLE", "BINARY_FLOAT", "B",     "X",
                                                "E",    "BIT",    "BYTEA",       "TEXT",          "NUMERIC",      "JSONB", "UUID"};
    const struct token *token = parse_token(p), *next = parse_ahead(p, 1);
    if (parse_at(p, OPERATOR_LEFT_BRACKET)) {
        foreign_note(p, FOREIGN_ARRAY);
        parse_array(p);
        return dummy(p);
    }
    if (next->kind == TOKEN_STRING && in_list(token, literal_types, sizeof literal_types / sizeof *literal_types)) {
        foreign_note(p, FOREIGN_TYPED_LITERAL);
        p->at += 2;
        return dummy(p);
    }
    if ((parse_at_word(p, WORD_DATE) || parse_at_word(p, WORD_TIMESTAMP)) && next->kind == TOKEN_BIND) {
        foreign_note(p, FOREIGN_TYPED_BIND);
        parse_advance(p);
        return parse_operand(p);
    }
    if (parse_at_word(p, WORD_CURRENT) &&
        (token_is_word(next, WORD_DATE) || token_is_word(next, WORD_TIMESTAMP) || token_is_word(next, WORD_TIME))) {
        foreign_note(p, FOREIGN_CURRENT);
        p->at += 2;
        return dummy(p);
    }
    bool root = (parse_at(p, OPERATOR_CONCAT) || (parse_at(p, OPERATOR_OTHER) && view_equal(token->text, view_text("|")))) &&
                token_is_operator(next, OPERATOR_SLASH);
    bool sign = parse_at(p, OPERATOR_AT) || (parse_at(p, OPERATOR_OTHER) && view_equal(token->text, view_text("~")));
    if (!root && !sign) return NULL;
    foreign_note(p, FOREIGN_OPERATOR);
    p->at += root ? 2 : 1;
    return parse_operand(p);
}

/* Signs in a row without blanks between them. */
static uint32_t signs(const struct parser *p)
{
    uint32_t n = 1;
    while (n < 4 && joined(p, n - 1) && parse_ahead(p, n)->kind == TOKEN_OPERATOR && parse_ahead(p, n)->code != OPERATOR_LEFT &&
           parse_ahead(p, n)->code != OPERATOR_RIGHT && parse_ahead(p, n)->code != OPERATOR_LEFT_BRACKET &&
           parse_ahead(p, n)->code != OPERATOR_MINUS && parse_ahead(p, n)->code != OPERATOR_COMMA)
        n++;
    return n;
}

/* ILIKE and its kin: only before something that can be compared with, since they are names as well. */
static uint32_t pattern_words(const struct parser *p)
{
    static const char *const words[] = {"ILIKE", "RLIKE", "REGEXP", "GLOB"};
    uint32_t n = parse_at_word(p, WORD_NOT);
    const struct token *word = parse_ahead(p, n), *next = parse_ahead(p, n + 1);
    if (text_is(word, "SIMILAR") && token_is_word(next, WORD_TO)) return n + 2;
    if (!in_list(word, words, sizeof words / sizeof *words)) return 0;
    bool operand = next->kind == TOKEN_STRING || next->kind == TOKEN_BIND || next->kind == TOKEN_QUOTED || next->kind == TOKEN_NUMBER ||
                   token_is_operator(next, OPERATOR_LEFT) || (next->kind == TOKEN_WORD && !word_reserved(next->code));
    return operand ? n + 1 : 0;
}

enum expression_kind foreign_operator(struct parser *p)
{
    const struct token *token = parse_token(p), *next = parse_ahead(p, 1);
    uint32_t words = token->kind == TOKEN_WORD ? pattern_words(p) : 0;
    if (words > 0) {
        foreign_note(p, FOREIGN_PATTERN);
        p->at += words;
        return EXPRESSION_COMPARE;
    }
    if (token->kind != TOKEN_OPERATOR) return EXPRESSION_NULL;
    bool pair = joined(p, 0) && next->kind == TOKEN_OPERATOR &&
                ((token->code == OPERATOR_MINUS && (next->code == OPERATOR_GREATER || next->code == OPERATOR_GREATER_EQUAL)) ||
                 (token->code == OPERATOR_LESS && (next->code == OPERATOR_LESS || next->code == OPERATOR_AT)) ||
                 (token->code == OPERATOR_GREATER && next->code == OPERATOR_GREATER) ||
                 (token->code == OPERATOR_AT && next->code == OPERATOR_GREATER));
    bool single = token->code == OPERATOR_PERCENT || token->code == OPERATOR_POWER || token->code == OPERATOR_CAST ||
                  (token->code == OPERATOR_OTHER && token->text.size == 1 && memchr("^#&|~!", token->text.data[0], 6));
    if (!pair && !single) return EXPRESSION_NULL;
    foreign_note(p, FOREIGN_OPERATOR);
    bool condition = token->code == OPERATOR_AT || token->code == OPERATOR_LESS || token->text.data[0] == '~' ||
                     token->text.data[0] == '!' || token->text.data[0] == '&';
    p->at += signs(p);
    return condition ? EXPRESSION_COMPARE : EXPRESSION_ARITHMETIC;
}

void foreign_substring(struct parser *p, struct expression *call)
{
    static const char *const names[] = {"SUBSTRING", "SUBSTR", "OVERLAY"};
    bool known = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) known |= view_equal(call->text, view_text(names[i]));
    if (!known || !parse_at_word(p, WORD_FROM)) return;
    foreign_note(p, FOREIGN_SUBSTRING);
    parse_advance(p);
    expression_add(p, call, parse_operand(p));
    if (parse_accept_word(p, WORD_FOR)) expression_add(p, call, parse_operand(p));
}

void foreign_filter(struct parser *p)
{
    if (!text_is(parse_token(p), "FILTER") || !token_is_operator(parse_ahead(p, 1), OPERATOR_LEFT) ||
        !token_is_word(parse_ahead(p, 2), WORD_WHERE))
        return;
    foreign_note(p, FOREIGN_FILTER);
    p->at += 3;
    parse_expression(p);
    parse_expect(p, OPERATOR_RIGHT);
}

bool foreign_at_limit(const struct parser *p)
{
    const struct token *next = parse_ahead(p, 1), *after = parse_ahead(p, 2);
    if (!parse_at_word(p, WORD_LIMIT)) return false;
    if (next->kind == TOKEN_NUMBER || next->kind == TOKEN_BIND || token_is_word(next, WORD_ALL) || is_slot(next)) return true;
    if (token_is_operator(next, OPERATOR_LEFT)) return true;
    return next->kind == TOKEN_WORD && !word_reserved(next->code) &&
           (after->kind == TOKEN_END || token_is_operator(after, OPERATOR_RIGHT) || token_is_operator(after, OPERATOR_SEMICOLON) ||
            token_is_word(after, WORD_OFFSET));
}

void foreign_limit(struct parser *p)
{
    if (foreign_at_limit(p)) {
        foreign_note(p, FOREIGN_LIMIT);
        parse_advance(p);
        if (!parse_accept_word(p, WORD_ALL)) parse_operand(p);
        if (parse_accept(p, OPERATOR_COMMA) || parse_accept_word(p, WORD_OFFSET)) parse_operand(p);
    }
    const struct token *next = parse_ahead(p, 1);
    if (!parse_at_word(p, WORD_FOR) || !(token_is_word(next, WORD_SHARE) || token_is_word(next, WORD_NO) || token_is_word(next, WORD_KEY)))
        return;
    foreign_note(p, FOREIGN_LOCK);
    for (p->at++; parse_at_word(p, WORD_NO) || parse_at_word(p, WORD_KEY) || parse_at_word(p, WORD_SHARE) || parse_at_word(p, WORD_UPDATE);)
        parse_advance(p);
}

void foreign_alias_columns(struct parser *p)
{
    if (!parse_at(p, OPERATOR_LEFT) || token_is_operator(parse_ahead(p, 1), OPERATOR_PLUS)) return;
    foreign_note(p, FOREIGN_ALIAS_COLUMNS);
    parse_skip_brackets(p);
}

void foreign_table_options(struct parser *p)
{
    if (text_is(parse_token(p), "TABLESAMPLE") && parse_ahead(p, 1)->kind == TOKEN_WORD &&
        token_is_operator(parse_ahead(p, 2), OPERATOR_LEFT)) {
        foreign_note(p, FOREIGN_SAMPLE);
        p->at += 2;
        parse_skip_brackets(p);
        if (text_is(parse_token(p), "REPEATABLE")) {
            parse_advance(p);
            parse_skip_brackets(p);
        }
    }
    if (!parse_at_word(p, WORD_WITH) || !text_is(parse_ahead(p, 1), "ORDINALITY")) return;
    foreign_note(p, FOREIGN_ORDINALITY);
    p->at += 2;
}

struct query *foreign_change_in_with(struct parser *p)
{
    enum sql_kind kind;
    if (!parse_at_word(p, WORD_INSERT) && !parse_at_word(p, WORD_UPDATE) && !parse_at_word(p, WORD_DELETE) && !parse_at_word(p, WORD_MERGE))
        return NULL;
    struct query *q = translation_alloc(p->t, sizeof *q);
    struct body *body = q->body = translation_alloc(p->t, sizeof *body);
    struct select *s = body->select = translation_alloc(p->t, sizeof *s);
    struct from_item *dual = translation_alloc(p->t, sizeof *dual);
    foreign_note(p, FOREIGN_CHANGE_IN_WITH);
    q->at = s->at = dual->at = parse_token(p)->at;
    body->kind = BODY_SELECT;
    dual->kind = FROM_TABLE;
    dual->name = view_text("DUAL");
    LIST_ADD(p->t, s->from, s->from_count, dual);
    struct select_item item = {.expression = dummy(p)};
    LIST_ADD(p->t, s->items, s->item_count, item);
    parse_enter(p);
    parse_change(p, &kind);
    parse_leave(p);
    p->t->has_side_effect = true;
    return q;
}

void foreign_conflict(struct parser *p)
{
    bool conflict = parse_at_word(p, WORD_ON) && text_is(parse_ahead(p, 1), "CONFLICT");
    bool duplicate = parse_at_word(p, WORD_ON) && text_is(parse_ahead(p, 1), "DUPLICATE");
    if (!conflict && !duplicate) return;
    foreign_note(p, FOREIGN_CONFLICT);
    /* What follows names columns and values of the table at hand only: read to its end by its brackets. */
    while (parse_token(p)->kind != TOKEN_END && !parse_at(p, OPERATOR_SEMICOLON) && !parse_at(p, OPERATOR_RIGHT) &&
           !parse_at_word(p, WORD_RETURNING)) {
        if (parse_token(p)->kind == TOKEN_BAD) parse_fail(p, "the end of the statement");
        if (parse_at(p, OPERATOR_LEFT))
            parse_skip_brackets(p);
        else
            parse_advance(p);
    }
}

bool foreign_reserved_name(struct parser *p, struct view *name)
{
    static const enum word words[] = {WORD_USER,  WORD_NUMBER, WORD_ROWID,  WORD_DATE,     WORD_SESSION, WORD_FILE,  WORD_COMMENT,
                                      WORD_LEVEL, WORD_ACCESS, WORD_AUDIT,  WORD_RESOURCE, WORD_OPTION,  WORD_INDEX, WORD_SHARE,
                                      WORD_MODE,  WORD_SIZE,   WORD_COLUMN, WORD_TRIGGER,  WORD_TABLE,   WORD_VIEW,  WORD_ROW};
    const struct token *next = parse_ahead(p, 1);
    bool clear = next->kind != TOKEN_OPERATOR || next->code != OPERATOR_LEFT; /* INSERT INTO user (..) is clear too, TABLE(..) is not */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!parse_at_word(p, words[i]) || (!clear && (words[i] == WORD_TABLE || words[i] == WORD_ROW))) continue;
        foreign_note(p, FOREIGN_RESERVED);
        *name = token_name(p->t, parse_token(p));
        parse_advance(p);
        return true;
    }
    return false;
}

/* A slot of SQL*Plus, of a mapper, or PostgreSQL's bind. */
static void refuse_slot(struct parser *p, const struct token *token)
{
    const uint8_t *dollar = memchr(token->text.data, '$', token->text.size);
    int size = (int)(token->text.size > 40 ? 40 : token->text.size);
    if (memchr(token->text.data, '&', token->text.size))
        finding_refuse(p->t, token->at, "substitution variable", "a substitution variable of SQL*Plus stands here and has no value",
                       "put the value into the script");
    else if (dollar == token->text.data && token->text.size > 1 && dollar[1] >= '0' && dollar[1] <= '9')
        note_at(p, token->at, FOREIGN_NUMBERED_BIND);
    else
        finding_refuse(
            p->t, token->at, "template",
            translation_printf(p->t, "a slot of a template, %.*s, stands here and has no value", size, (const char *)token->text.data),
            "put in what the application puts there");
}

void foreign_tokens(struct parser *p)
{
    uint32_t at = p->at;
    bool slot = false, mapper = false, back = false, dollar = false;
    for (uint32_t i = 0; i < p->end; i++) {
        const struct token *token = &p->tokens[i];
        p->at = i;
        if (is_slot(token) && !slot) {
            refuse_slot(p, token);
            slot = true;
        } else if (token->kind == TOKEN_QUOTED && token->form == QUOTED_BACK && !back) {
            foreign_note(p, FOREIGN_BACKQUOTE);
            back = true;
        } else if (token->kind == TOKEN_STRING && (token->form & 15) == STRING_DOLLAR && !dollar) {
            foreign_note(p, FOREIGN_DOLLAR_STRING);
            dollar = true;
        } else if (token->kind == TOKEN_BIND && (token->form & BIND_MAPPER) && !mapper) {
            finding_difference(p->t, token->at, "template", "#{name} is read as a mapper reads it: as a bind",
                               "where the application puts text there, put that text in");
            mapper = true;
        }
    }
    p->at = at;
}

void foreign_skip_slots(struct parser *p)
{
    while (is_slot(parse_token(p))) parse_advance(p);
}

void foreign_if_not_exists(struct parser *p)
{
    if (!parse_at_words(p, WORD_IF, WORD_NOT) || !token_is_word(parse_ahead(p, 2), WORD_EXISTS)) return;
    foreign_note(p, FOREIGN_IF_EXISTS_PLACE);
    p->at += 3;
}
