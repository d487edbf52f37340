/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: SQL/JSON functions and the table functions JSON_TABLE and XMLTABLE. */
#include "sql/json.h"
#include "sql/parse.h"

static bool text_is(const struct parser *p, const char *word)
{
    return parse_token(p)->kind == TOKEN_WORD && view_equal_ignoring_case(parse_token(p)->text, view_text(word));
}

static bool accept_format(struct parser *p)
{
    if (!parse_accept_words(p, WORD_FORMAT, WORD_JSON)) return false;
    return true;
}

static bool parse_on_clause(struct parser *p, struct json_clause *json)
{
    enum json_on on;
    struct expression *value = NULL;
    uint32_t start = p->at;
    if (parse_accept_word(p, WORD_NULL)) {
        on = JSON_ON_NULL;
    } else if (parse_accept_word(p, WORD_ERROR)) {
        on = JSON_ON_ERROR;
    } else if (text_is(p, "TRUE") || text_is(p, "FALSE")) {
        on = text_is(p, "TRUE") ? JSON_ON_TRUE : JSON_ON_FALSE;
        parse_advance(p);
    } else if (parse_accept_word(p, WORD_EMPTY)) {
        on = JSON_ON_EMPTY_VALUE;
        if (!parse_accept_word(p, WORD_ARRAY)) parse_accept_word(p, WORD_OBJECT);
    } else if (parse_accept_word(p, WORD_DEFAULT)) {
        on = JSON_ON_DEFAULT;
        value = parse_operand(p);
    } else {
        return false;
    }
    parse_expect_word(p, WORD_ON);
    if (parse_accept_word(p, WORD_NULL)) { /* NULL ON NULL of the constructors */
        json->null_on_null = true;
        return true;
    }
    if (parse_accept_word(p, WORD_ERROR)) {
        json->on_error = on;
        json->error_default = value;
        return true;
    }
    if (parse_accept_word(p, WORD_EMPTY)) {
        json->on_empty = on;
        json->empty_default = value;
        return true;
    }
    p->at = start;
    parse_fail(p, "ON ERROR or ON EMPTY");
}

/* Everything after the arguments, up to the closing bracket. */
static void parse_json_options(struct parser *p, struct json_clause *json)
{
    while (!parse_at(p, OPERATOR_RIGHT)) {
        if (parse_accept_word(p, WORD_RETURNING)) {
            json->returning = parse_type_name(p);
            accept_format(p);
        } else if (parse_accept_word(p, WORD_ABSENT)) {
            parse_expect_word(p, WORD_ON);
            parse_expect_word(p, WORD_NULL);
            json->absent_on_null = true;
        } else if (parse_accept_word(p, WORD_PASSING)) {
            json->passing = true;
            do {
                parse_expression(p);
                if (parse_accept_word(p, WORD_AS)) parse_any_name(p);
            } while (parse_accept(p, OPERATOR_COMMA));
        } else if (parse_accept_word(p, WORD_PRETTY)) {
            json->pretty = true;
        } else if (parse_accept_word(p, WORD_WITHOUT)) {
            json->wrapper = JSON_WRAPPER_WITHOUT;
            parse_accept_word(p, WORD_ARRAY);
            parse_any_name(p);
        } else if (parse_accept_word(p, WORD_WITH)) {
            if (parse_accept_word(p, WORD_UNIQUE)) {
                parse_any_name(p);
                json->unique = true;
                continue;
            }
            json->wrapper = parse_accept_word(p, WORD_CONDITIONAL) ? JSON_WRAPPER_CONDITIONAL : JSON_WRAPPER_WITH;
            parse_accept_word(p, WORD_UNCONDITIONAL);
            parse_accept_word(p, WORD_ARRAY);
            parse_expect_word(p, WORD_WRAPPER);
        } else if (text_is(p, "STRICT") || text_is(p, "ASCII") || text_is(p, "LAX")) {
            json->strict = true;
            parse_advance(p);
        } else if (!parse_on_clause(p, json)) {
            parse_fail(p, "a JSON option or \")\"");
        }
    }
}

static void mark_format(struct parser *p, struct expression *e, struct json_clause *json)
{
    if (accept_format(p) && e->argument_count <= 64) json->formatted |= 1ull << (e->argument_count - 1);
}

/* 'key' : value. Behind a key that is no string the lexer takes ": name" for a bind. */
static void parse_member_value(struct parser *p, struct expression *e)
{
    if (parse_token(p)->kind == TOKEN_BIND && parse_token(p)->text.size > 0 && p->t->text.data[parse_token(p)->at] == ':')
        parse_fail_at(p, parse_token(p)->at, "\"key : value\" cannot be told from a bind", "write \"key VALUE value\"");
    if (!parse_accept(p, OPERATOR_COLON)) {
        if (parse_accept_word(p, WORD_IS) || parse_accept_word(p, WORD_VALUE)) {
        } else if (!parse_at(p, OPERATOR_COMMA) && !parse_at(p, OPERATOR_RIGHT)) {
            parse_fail(p, "VALUE");
        } else { /* a plain column: its name is the key */
            struct expression *value = e->arguments[e->argument_count - 1];
            struct expression *key = expression_new(p, EXPRESSION_STRING);
            key->text = value->text;
            e->arguments[e->argument_count - 1] = key;
            expression_add(p, e, value);
            return;
        }
    }
    expression_add(p, e, parse_expression(p));
}

/* * and table.*: a member for each column. */
static bool accept_all_columns(struct parser *p, struct expression *e)
{
    bool of_table =
        parse_at_name(p) && token_is_operator(parse_ahead(p, 1), OPERATOR_DOT) && token_is_operator(parse_ahead(p, 2), OPERATOR_STAR);
    if (!of_table && !parse_at(p, OPERATOR_STAR)) return false;
    struct expression *star = expression_new(p, EXPRESSION_STAR);
    if (of_table) {
        star->qualifier = parse_name(p, NULL);
        parse_expect(p, OPERATOR_DOT);
    }
    parse_expect(p, OPERATOR_STAR);
    expression_add(p, e, expression_finish(p, star));
    e->call->json->all_columns = true;
    return true;
}

static void parse_members(struct parser *p, struct expression *e, struct json_clause *json)
{
    do {
        if (accept_all_columns(p, e)) continue;
        if (parse_at(p, OPERATOR_RIGHT) || parse_at_words(p, WORD_NULL, WORD_ON) || parse_at_words(p, WORD_ABSENT, WORD_ON)) return;
        if (parse_at_word(p, WORD_KEY) && !token_is_operator(parse_ahead(p, 1), OPERATOR_COMMA)) parse_advance(p);
        expression_add(p, e, parse_operand(p));
        parse_member_value(p, e);
        mark_format(p, e, json);
    } while (parse_accept(p, OPERATOR_COMMA));
}

struct expression *parse_json_call(struct parser *p, struct expression *e, enum word word)
{
    struct json_clause *json = translation_alloc(p->t, sizeof *json);
    e->call->json = json;
    parse_expect(p, OPERATOR_LEFT);
    if (word == WORD_JSON_OBJECT || word == WORD_JSON_OBJECTAGG) {
        parse_members(p, e, json);
    } else if (!parse_at(p, OPERATOR_RIGHT)) {
        do {
            if (parse_at_words(p, WORD_NULL, WORD_ON) || parse_at_words(p, WORD_ABSENT, WORD_ON)) break;
            expression_add(p, e, parse_expression(p));
            mark_format(p, e, json);
            if (parse_accept_words(p, WORD_ORDER, WORD_BY)) parse_sort_list(p, &e->call->order);
        } while (parse_accept(p, OPERATOR_COMMA));
    }
    parse_json_options(p, json);
    parse_expect(p, OPERATOR_RIGHT);
    return e;
}

/* NULL ON ERROR, NULL ON EMPTY: what is done without a word. False: another clause. */
static bool accept_null_on(struct parser *p)
{
    while (parse_at_words(p, WORD_NULL, WORD_ON)) {
        p->at += 2;
        if (!parse_accept_word(p, WORD_ERROR) && !parse_accept_word(p, WORD_EMPTY)) return false;
    }
    return true;
}

static bool accept_column_query(struct parser *p, struct json_column *c)
{
    c->kind = JSON_COLUMN_QUERY;
    if (parse_accept_word(p, WORD_WITHOUT)) {
        parse_accept_word(p, WORD_ARRAY);
        return parse_accept_word(p, WORD_WRAPPER);
    }
    if (!parse_accept_word(p, WORD_WITH)) return true;
    c->wrapper = parse_accept_word(p, WORD_CONDITIONAL) ? JSON_WRAPPER_CONDITIONAL : JSON_WRAPPER_WITH;
    parse_accept_word(p, WORD_UNCONDITIONAL);
    parse_accept_word(p, WORD_ARRAY);
    return parse_accept_word(p, WORD_WRAPPER);
}

/* A path as a plain literal. */
static bool accept_path(struct parser *p, struct view *path)
{
    if (parse_token(p)->kind != TOKEN_STRING || memchr(parse_token(p)->text.data, '\'', parse_token(p)->text.size)) return false;
    *path = parse_token(p)->text;
    parse_advance(p);
    return json_path_is_plain(*path);
}

/* name FOR ORDINALITY; name [type] [EXISTS | FORMAT JSON [wrapper]] PATH 'path'. False: more than that. */
static bool accept_json_column(struct parser *p, struct json_column *c)
{
    if (!parse_at_name(p) || parse_at_word(p, WORD_NESTED)) return false;
    c->name = parse_name(p, NULL);
    if (parse_accept_word(p, WORD_FOR)) {
        c->kind = JSON_COLUMN_ORDINALITY;
        bool good = text_is(p, "ORDINALITY");
        parse_advance(p);
        return good;
    }
    if (!parse_at_word(p, WORD_PATH) && !parse_at_word(p, WORD_EXISTS) && !parse_at_word(p, WORD_FORMAT)) {
        if (parse_token(p)->kind != TOKEN_WORD) return false;
        c->type = parse_type_name(p);
    }
    if (parse_accept_word(p, WORD_EXISTS))
        c->kind = JSON_COLUMN_EXISTS;
    else if (accept_format(p) && !accept_column_query(p, c))
        return false;
    return parse_accept_word(p, WORD_PATH) && accept_path(p, &c->path) && accept_null_on(p);
}

/* COLUMNS [(] .. [)], nested ones flattened behind the entry that opens them. */
static bool accept_json_columns(struct parser *p, struct json_table *table, uint32_t depth)
{
    enum { NESTED_MAX = 16 };
    if (!text_is(p, "COLUMNS") || depth > NESTED_MAX) return false;
    parse_advance(p);
    bool brackets = parse_accept(p, OPERATOR_LEFT);
    do {
        struct json_column column = {0};
        bool nested = parse_accept_word(p, WORD_NESTED);
        if (nested) {
            column.kind = JSON_COLUMN_NESTED;
            parse_accept_word(p, WORD_PATH);
            if (!accept_path(p, &column.path)) return false;
        } else if (!accept_json_column(p, &column)) {
            return false;
        }
        uint32_t at = table->column_count;
        LIST_ADD(p->t, table->columns, table->column_count, column);
        parse_check_list(p, table->column_count, "columns of JSON_TABLE");
        if (nested && !accept_json_columns(p, table, depth + 1)) return false;
        table->columns[at].nested = table->column_count - at - 1;
    } while (parse_accept(p, OPERATOR_COMMA));
    return !brackets || parse_accept(p, OPERATOR_RIGHT);
}

/* Behind the opening bracket. False: a form that is not translated; what was read is of no use then. */
static bool accept_json_table(struct parser *p, struct from_item *item)
{
    struct json_table *table = translation_alloc(p->t, sizeof *table);
    table->path = view_text("$");
    item->function = parse_expression(p);
    accept_format(p);
    if (parse_accept(p, OPERATOR_COMMA) && !accept_path(p, &table->path)) return false;
    if (!accept_null_on(p) || !accept_json_columns(p, table, 0) || !parse_at(p, OPERATOR_RIGHT)) return false;
    item->json_table = table;
    return true;
}

struct from_item *parse_json_table(struct parser *p, uint32_t at)
{
    struct from_item *item = translation_alloc(p->t, sizeof *item);
    bool xml = parse_at_word(p, WORD_XMLTABLE);
    item->kind = FROM_FUNCTION;
    item->at = at;
    parse_advance(p);
    uint32_t start = p->at;
    if (!xml && parse_token(p)->value != 0) {
        parse_advance(p);
        if (accept_json_table(p, item)) {
            parse_expect(p, OPERATOR_RIGHT);
            return item;
        }
    }
    p->at = start;
    item->function = NULL;
    item->unsupported = xml ? "XMLTABLE is not translated" : "this form of JSON_TABLE is not translated";
    parse_skip_brackets(p);
    return item;
}
