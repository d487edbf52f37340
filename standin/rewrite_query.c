/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT: blocks, set operators, WITH, ORDER BY, row limits, FOR UPDATE. */
#include "standin/rewrite_query.h"

#include "base/buffer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEM_MAX = 1000 };

const struct common_table *common_table_find(const struct rewriter *rw, const char *name)
{
    for (const struct common_table *c = rw->common_tables; c; c = c->next) {
        if (strcmp(c->name, name) == 0) return c;
    }
    return NULL;
}

/* ---- text ---- */

static const char *item_list(struct rewriter *rw, const struct query *query, bool derived)
{
    struct source *names = derived ? source_of_query(rw, "", query) : NULL;
    struct buffer text;
    buffer_init(&text, TOKEN_STATEMENT_MAX * 16u);
    for (uint32_t i = 0; i < query->item_count; i++) {
        const char *name = names ? names->columns[i].stored : query->items[i].name;
        buffer_append_text(&text, i ? ", " : "");
        buffer_append_text(&text, query->items[i].value.text);
        buffer_append_text(&text, " AS ");
        buffer_append_text(&text, text_name(rw, *name ? name : "?"));
    }
    if (text.failed) rewrite_refuse(rw, "a statement that long");
    const char *list = arena_string(rw->arena, buffer_view(&text));
    buffer_release(&text);
    return list;
}

const char *query_text(struct rewriter *rw, const struct query *query, bool derived)
{
    if (query->set_operator) return text_format(rw, "%s%s%s", query->with, query->tail, query->suffix);
    return text_format(rw, "%sSELECT %s%s%s%s%s", query->with, query->distinct, item_list(rw, query, derived), query->into, query->tail,
                       query->suffix);
}

/* ---- select list ---- */

static void item_add(struct rewriter *rw, struct query *query, struct expression value, const char *name)
{
    if (query->item_count == ITEM_MAX) {
        rewrite_fail(rw, 1792, NULL, "maximum number of columns in a table or view is 1000");
        return;
    }
    query->items[query->item_count++] = (struct select_item){.value = value, .name = name};
}

static void items_of_source(struct rewriter *rw, struct query *query, const struct source *source, bool qualified)
{
    for (uint32_t i = 0; i < source->column_count; i++) {
        const struct source_column *column = &source->columns[i];
        if (column->merged && !qualified) continue;
        const char *text = *source->emit ? text_format(rw, "%s.%s", source->emit, text_name(rw, column->stored)) : "'X'";
        struct expression e = expression_of(text, column->type);
        e.maybe_null = column->nullable || source->outer;
        e.source = source;
        e.column = column;
        e.bare = true;
        expression_group_check(rw, &e);
        item_add(rw, query, e, column->name);
    }
}

static bool star_item(struct rewriter *rw, struct query *query)
{
    if (rewrite_take(rw, "*")) {
        for (uint32_t i = 0; i < rw->scope->source_count; i++) items_of_source(rw, query, rw->scope->sources[i], false);
        return true;
    }
    uint32_t parts = 0;
    while (parts < 2 && rewrite_is_name(rw, parts * 2) && rewrite_is_ahead(rw, parts * 2 + 1, ".")) parts++;
    if (parts == 0 || !rewrite_is_ahead(rw, parts * 2, "*")) return false;
    const char *owner = parts == 2 ? rewrite_peek(rw, 0)->text : NULL, *name = rewrite_peek(rw, parts * 2 - 2)->text;
    const struct token *at = rewrite_peek(rw, 0);
    rw->at += parts * 2 + 1;
    for (uint32_t i = 0; i < rw->scope->source_count; i++) {
        const struct source *source = rw->scope->sources[i];
        if (strcmp(source->name, name) != 0 || (owner && (!source->owner || strcmp(source->owner, owner) != 0))) continue;
        items_of_source(rw, query, source, true);
        return true;
    }
    rewrite_fail(rw, 904, at, "\"%s\": invalid identifier", name);
    return true;
}

/* A column without alias is called as it was written, upper-cased and without blanks. */
static const char *item_name(struct rewriter *rw, const struct expression *e, uint32_t from, uint32_t to)
{
    if (e->column && to > from) return e->column->name;
    const struct token *tokens = rw->list.tokens;
    if (to - from == 1 && tokens[from].kind == TOKEN_WORD) return tokens[from].text;
    if (to - from == 3 && tokens[to - 1].kind == TOKEN_WORD && strcmp(tokens[from + 1].text, ".") == 0) return tokens[to - 1].text;
    const char *source = rewrite_source_text(rw, from, to);
    char *name = arena_alloc(rw->arena, strlen(source) + 1), *out = name;
    bool quoted = false, dropping = false;
    for (const char *c = source; *c && out - name < 120; c++) {
        if (*c == '\'') quoted = !quoted;
        bool begins = ((unsigned char)*c & 0xF8) == 0xF0; /* MariaDB's names hold characters of three bytes at most */
        dropping = begins || (dropping && ((unsigned char)*c & 0xC0) == 0x80);
        if (begins) *out++ = '?';
        if (!dropping && (quoted || !isspace((unsigned char)*c))) *out++ = quoted ? *c : (char)toupper((unsigned char)*c);
    }
    *out = '\0';
    return name;
}

static void parse_items(struct rewriter *rw, struct query *query)
{
    do {
        if (star_item(rw, query)) continue;
        uint32_t from = rw->at;
        struct expression value = expression_value(rw);
        if (rewrite_failed(rw)) return;
        if (value.type.kind == KIND_BOOLEAN && rw->place == PLACE_SQL) rewrite_fail(rw, 923, NULL, "FROM keyword not found where expected");
        if (value.tuple_count) rewrite_fail(rw, 907, NULL, "missing right parenthesis");
        uint32_t to = rw->at;
        bool bare_bind = to - from == 1 && rw->list.tokens[from].kind == TOKEN_BIND && value.type.kind == KIND_VARCHAR;
        if (bare_bind && value.type.length < 4000) value.type.length = 4000; /* the next execution may bind a longer one */
        bool as = rewrite_take(rw, "AS");
        const struct token *t = rewrite_peek(rw, 0);
        const char *name = NULL;
        if (as || t->kind == TOKEN_QUOTED || (t->kind == TOKEN_WORD && !rewrite_reserved(t->text))) {
            name = t->text;
            if (as && t->kind != TOKEN_WORD && t->kind != TOKEN_QUOTED) rewrite_fail(rw, 923, t, "FROM keyword not found where expected");
            if (!as && t->kind == TOKEN_WORD && strcmp(t->text, "BULK") == 0 && rw->place == PLACE_PLSQL)
                rewrite_refuse(rw, "BULK COLLECT");
            rw->at++;
        }
        item_add(rw, query, value, name ? name : item_name(rw, &value, from, to));
    } while (rewrite_take(rw, ","));
}

/* ---- one block ---- */

static uint32_t find_from(const struct rewriter *rw)
{
    uint32_t depth = 0;
    for (uint32_t i = rw->at; i < rw->list.count; i++) {
        const struct token *t = &rw->list.tokens[i];
        if (t->kind == TOKEN_SYMBOL && t->text[0] == '(') depth++;
        if (t->kind == TOKEN_SYMBOL && t->text[0] == ')') {
            if (depth == 0) break;
            depth--;
        }
        if (t->kind == TOKEN_SYMBOL && t->text[0] == ';' && depth == 0) break;
        if (depth == 0 && t->kind == TOKEN_WORD && strcmp(t->text, "FROM") == 0) return i;
    }
    return 0;
}

static const char *group_by(struct rewriter *rw)
{
    const char *text = "";
    if (!rewrite_take(rw, "GROUP")) return text;
    rewrite_expect(rw, "BY");
    bool rollup = rewrite_is(rw, "ROLLUP") && rewrite_is_ahead(rw, 1, "(");
    if (rollup) rw->at += 2;
    if (rewrite_is(rw, "CUBE") || rewrite_is(rw, "GROUPING")) rewrite_refuse(rw, "CUBE and GROUPING SETS");
    struct scope *scope = rw->scope;
    const char *found[GROUP_MAX];
    uint32_t count = 0;
    do {
        struct expression e = expression_value(rw);
        if (count == GROUP_MAX) rewrite_refuse(rw, "more than 64 grouping items");
        if (rewrite_failed(rw)) return text;
        if (e.aggregate) rewrite_fail(rw, 934, NULL, "group function is not allowed here");
        found[count++] = e.text;
        /* A bare constant would be a position to MariaDB. */
        if (!e.literal) text = text_join(rw, text, ", ", e.text);
    } while (rewrite_take(rw, ","));
    memcpy(scope->groups, found, count * sizeof *found);
    scope->group_count = count;
    if (rollup) rewrite_expect(rw, ")");
    return *text ? text_format(rw, " GROUP BY %s%s", text, rollup ? " WITH ROLLUP" : "") : "";
}

static void check_grouping(struct rewriter *rw, const struct query *query, bool grouped, bool having_bare)
{
    bool aggregate = grouped;
    for (uint32_t i = 0; i < query->item_count; i++) aggregate |= query->items[i].value.aggregate;
    if (!aggregate) return;
    for (uint32_t i = 0; i < query->item_count; i++) {
        if (!query->items[i].value.bare) continue;
        struct token at = {.at = query->items[i].value.at};
        rewrite_fail(rw, grouped ? 979 : 937, &at, grouped ? "not a GROUP BY expression" : "not a single-group group function");
    }
    if (having_bare) rewrite_fail(rw, 979, NULL, "not a GROUP BY expression");
}

static const char *parse_into(struct rewriter *rw)
{
    const char *list = "";
    do {
        struct expression e = expression_primary(rw);
        list = text_join(rw, list, ", ", e.text);
    } while (rewrite_take(rw, ","));
    return text_format(rw, " INTO %s", list);
}

/* The clauses after FROM come first: the select list needs the sources and the groups. */
static void parse_block(struct rewriter *rw, struct query *query)
{
    query->with = query->distinct = query->into = query->suffix = "";
    if (rewrite_take(rw, "DISTINCT") || rewrite_take(rw, "UNIQUE"))
        query->distinct = "DISTINCT ";
    else
        rewrite_take(rw, "ALL");
    uint32_t list = rw->at, from = find_from(rw);
    if (from == 0) {
        rewrite_fail(rw, 923, rewrite_peek(rw, rw->list.count - rw->at), "FROM keyword not found where expected");
        return;
    }
    rw->at = from + 1;
    query->tail = text_format(rw, " FROM %s", source_from(rw));
    if (rewrite_is(rw, "WHERE") && outer_marks_ahead(rw)) {
        query->tail = outer_where(rw);
    } else if (rewrite_take(rw, "WHERE")) {
        struct expression e = expression_condition(rw);
        if (e.aggregate) rewrite_fail(rw, 934, NULL, "group function is not allowed here");
        query->tail = text_format(rw, "%s WHERE %s", query->tail, e.text);
    }
    if (rewrite_is(rw, "CONNECT") || rewrite_is(rw, "START")) rewrite_refuse(rw, "CONNECT BY");
    bool grouped = rewrite_is(rw, "GROUP"), having_bare = false;
    query->tail = text_format(rw, "%s%s", query->tail, group_by(rw));
    if (rewrite_take(rw, "HAVING")) {
        struct expression e = expression_condition(rw);
        query->tail = text_format(rw, "%s HAVING %s", query->tail, e.text);
        having_bare = e.bare;
        grouped = true;
    }
    uint32_t end = rw->at;
    if (rewrite_failed(rw)) return;
    rw->at = list;
    parse_items(rw, query);
    if (!rewrite_failed(rw) && (rw->place == PLACE_PLSQL || rw->place == PLACE_TRIGGER) && rewrite_take(rw, "INTO"))
        query->into = parse_into(rw);
    if (!rewrite_failed(rw) && rw->at != from) rewrite_fail(rw, 923, NULL, "FROM keyword not found where expected");
    if (rewrite_failed(rw)) return;
    rw->at = end;
    check_grouping(rw, query, grouped, having_bare);
    query->plain = !*query->distinct && !grouped;
    for (uint32_t i = 0; i < query->item_count; i++) query->plain &= !query->items[i].value.aggregate;
}

static struct query *parse_body(struct rewriter *rw);

static struct query *parse_term(struct rewriter *rw)
{
    if (rewrite_take(rw, "(")) {
        struct query *query = query_parse_nested(rw);
        if (rewrite_failed(rw)) return query;
        query->tail = text_format(rw, "(%s)", query_text(rw, query, false));
        query->with = query->suffix = "";
        query->set_operator = true;
        return query;
    }
    struct query *query = arena_zero(rw->arena, sizeof *query);
    query->items = arena_zero(rw->arena, ITEM_MAX * sizeof *query->items);
    query->with = query->distinct = query->into = query->tail = query->suffix = query->text = "";
    if (!rewrite_take(rw, "SELECT")) {
        rewrite_fail(rw, 928, NULL, "missing SELECT keyword");
        return query;
    }
    query->scope = arena_zero(rw->arena, sizeof *query->scope);
    scope_push(rw, query->scope);
    parse_block(rw, query);
    scope_pop(rw);
    return query;
}

static void check_set_types(struct rewriter *rw, struct query *left, const struct query *right)
{
    if (left->item_count != right->item_count) {
        rewrite_fail(rw, 1789, NULL, "query block has incorrect number of result columns");
        return;
    }
    for (uint32_t i = 0; i < left->item_count; i++) {
        struct expression pair[2] = {left->items[i].value, right->items[i].value};
        enum sql_kind a = pair[0].type.kind, b = pair[1].type.kind;
        bool alike = a == b || a == KIND_UNKNOWN || b == KIND_UNKNOWN || (sql_kind_is_text(a) && sql_kind_is_text(b)) ||
                     (sql_kind_is_number(a) && sql_kind_is_number(b)) || (sql_kind_is_time(a) && sql_kind_is_time(b));
        if (!alike) rewrite_fail(rw, 1790, NULL, "expression must have same datatype as corresponding expression");
        left->items[i].value.type = expression_common_type(rw, pair, 2);
        left->items[i].value.maybe_null |= pair[1].maybe_null;
        left->items[i].value.source = NULL;
        left->items[i].value.column = NULL;
    }
}

static struct query *parse_body(struct rewriter *rw)
{
    struct query *left = parse_term(rw);
    for (;;) {
        const char *word = rewrite_is(rw, "UNION")                               ? "UNION"
                           : rewrite_is(rw, "INTERSECT")                         ? "INTERSECT"
                           : rewrite_is(rw, "MINUS") || rewrite_is(rw, "EXCEPT") ? "EXCEPT"
                                                                                 : NULL;
        if (!word || rewrite_failed(rw)) return left;
        rw->at++;
        bool all = rewrite_take(rw, "ALL");
        struct query *right = parse_term(rw);
        if (rewrite_failed(rw)) return left;
        check_set_types(rw, left, right);
        const char *a = query_text(rw, left, true), *b = query_text(rw, right, false);
        struct source *names = source_of_query(rw, "", left);
        for (uint32_t i = 0; i < left->item_count; i++) {
            left->items[i].value.text = text_name(rw, names->columns[i].stored);
            left->items[i].value.bare = left->items[i].value.aggregate = left->items[i].value.literal = false;
            left->items[i].value.bind = -1;
        }
        left->tail = text_format(rw, left->set_operator ? "%s %s%s %s" : "(%s) %s%s %s", a, word, all ? " ALL" : "",
                                 right->set_operator ? b : text_format(rw, "(%s)", b));
        left->tail = text_format(rw, "(%s)", left->tail);
        left->with = left->suffix = "";
        left->set_operator = true;
        left->plain = false;
        left->scope = NULL;
    }
}

/* ---- WITH ---- */

static const char *parse_with(struct rewriter *rw)
{
    const char *list = "";
    do {
        struct common_table *common = arena_zero(rw->arena, sizeof *common);
        common->name = rewrite_take_name(rw);
        const char *columns[100];
        uint32_t count = 0;
        if (rewrite_take(rw, "(")) {
            do {
                if (count < 100) columns[count++] = rewrite_take_name(rw);
            } while (rewrite_take(rw, ","));
            rewrite_expect(rw, ")");
        }
        rewrite_expect(rw, "AS");
        rewrite_expect(rw, "(");
        uint32_t start = rw->at;
        for (uint32_t i = start, close = rewrite_match_parenthesis(rw, start - 1); count && i < close; i++) {
            /* With a column list it may name itself: types of the first block are needed before the rest can be read. */
            if (rw->list.tokens[i].kind == TOKEN_WORD && strcmp(rw->list.tokens[i].text, common->name) == 0)
                rewrite_refuse(rw, "recursive WITH");
        }
        struct query *query = query_parse_nested(rw);
        if (rewrite_failed(rw)) return "";
        for (uint32_t i = 0; i < count && i < query->item_count; i++) query->items[i].name = columns[i];
        common->query = query;
        common->next = rw->common_tables;
        rw->common_tables = common;
        const char *names = "";
        struct source *derived = source_of_query(rw, "", query);
        for (uint32_t i = 0; i < derived->column_count; i++) names = text_join(rw, names, ", ", text_name(rw, derived->columns[i].stored));
        list =
            text_join(rw, list, ", ", text_format(rw, "%s (%s) AS (%s)", text_name(rw, common->name), names, query_text(rw, query, true)));
    } while (rewrite_take(rw, ","));
    return text_format(rw, "WITH %s ", list);
}

/* ---- after the body ---- */

static const char *order_item(struct rewriter *rw, struct query *query, bool *maybe_null)
{
    const struct token *t = rewrite_peek(rw, 0);
    bool alone = rewrite_is_ahead(rw, 1, ",") || rewrite_is_ahead(rw, 1, ")") || rewrite_is_ahead(rw, 1, "ASC") ||
                 rewrite_is_ahead(rw, 1, "DESC") || rewrite_is_ahead(rw, 1, "NULLS") || rewrite_is_ahead(rw, 1, "FETCH") ||
                 rewrite_is_ahead(rw, 1, "OFFSET") || rewrite_is_ahead(rw, 1, "FOR") || rewrite_is_ahead(rw, 1, ";") ||
                 rewrite_is_ahead(rw, 1, "LOOP") || rewrite_peek(rw, 1)->kind == TOKEN_END;
    const struct select_item *item = NULL;
    if (alone && t->kind == TOKEN_NUMBER) {
        unsigned long n = strtoul(t->text, NULL, 10);
        if (n < 1 || n > query->item_count)
            rewrite_fail(rw, 1785, t, "ORDER BY item must be the number of a SELECT-list expression");
        else
            item = &query->items[n - 1];
    }
    for (uint32_t i = 0; alone && (t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED) && i < query->item_count; i++) {
        if (strcmp(query->items[i].name, t->text) == 0) {
            item = &query->items[i];
            break;
        }
    }
    if (item) {
        rw->at++;
        *maybe_null = item->value.maybe_null;
        if (item->value.literal || item->value.type.kind == KIND_UNKNOWN) return "(SELECT 1)";
        return item->value.text;
    }
    if (query->set_operator) {
        rewrite_fail(rw, 1785, t, "ORDER BY item must be the number of a SELECT-list expression");
        return "";
    }
    struct scope *saved = rw->scope;
    rw->scope = query->scope;
    /* Aliases of the select list may stand inside an expression: they act as one more source. */
    struct expression e = expression_value(rw);
    rw->scope = saved;
    *maybe_null = e.maybe_null;
    return e.literal ? "(SELECT 1)" : e.text;
}

const char *query_order(struct rewriter *rw, struct query *query)
{
    const char *text = "";
    rewrite_take(rw, "SIBLINGS");
    do {
        bool maybe_null = true;
        const char *item = order_item(rw, query, &maybe_null);
        bool descending = rewrite_take(rw, "DESC");
        if (!descending) rewrite_take(rw, "ASC");
        bool nulls_first = descending;
        if (rewrite_take2(rw, "NULLS", "FIRST"))
            nulls_first = true;
        else if (rewrite_take2(rw, "NULLS", "LAST"))
            nulls_first = false;
        if (rewrite_failed(rw)) return "";
        if (maybe_null) text = text_join(rw, text, ", ", text_format(rw, "%s IS NULL%s", item, nulls_first ? " DESC" : ""));
        text = text_join(rw, text, ", ", text_format(rw, "%s%s", item, descending ? " DESC" : ""));
    } while (rewrite_take(rw, ","));
    return text_format(rw, " ORDER BY %s", text);
}

/* [OFFSET n ROWS] [FETCH FIRST n ROWS ONLY] */
static const char *row_limit(struct rewriter *rw)
{
    const char *offset = NULL, *rows = NULL;
    bool ties = false;
    if (rewrite_take(rw, "OFFSET")) {
        struct expression e = expression_value(rw);
        offset = e.text;
        if (!rewrite_take(rw, "ROWS")) rewrite_expect(rw, "ROW");
    }
    if (rewrite_take(rw, "FETCH")) {
        if (!rewrite_take(rw, "FIRST")) rewrite_expect(rw, "NEXT");
        rows = "1";
        if (!rewrite_is(rw, "ROW") && !rewrite_is(rw, "ROWS")) {
            struct expression e = expression_value(rw);
            rows = e.text;
        }
        if (rewrite_is(rw, "PERCENT")) rewrite_refuse(rw, "FETCH FIRST .. PERCENT");
        if (!rewrite_take(rw, "ROWS")) rewrite_expect(rw, "ROW");
        ties = rewrite_take2(rw, "WITH", "TIES");
        if (!ties) rewrite_expect(rw, "ONLY");
    }
    if (!offset && !rows) return "";
    if (!rows) rows = "9223372036854775807";
    return text_format(rw, " OFFSET %s ROWS FETCH NEXT %s ROWS %s", offset ? offset : "0", rows, ties ? "WITH TIES" : "ONLY");
}

static const char *for_update(struct rewriter *rw, struct query *query)
{
    if (!rewrite_take(rw, "FOR")) return "";
    rewrite_expect(rw, "UPDATE");
    query->locks = true;
    if (rewrite_take(rw, "OF")) {
        /* Only tables that are named are locked; with one table that is the same. */
        if (query->scope && query->scope->source_count > 1) rewrite_refuse(rw, "FOR UPDATE OF with several tables");
        do {
            rewrite_take_name(rw);
            while (rewrite_take(rw, ".")) rewrite_take_name(rw);
        } while (rewrite_take(rw, ","));
    }
    if (!query->plain) rewrite_fail(rw, 2014, NULL, "SELECT FOR UPDATE is not allowed with DISTINCT, GROUP BY or set operators");
    if (rewrite_take(rw, "NOWAIT")) {
        query->no_wait = true;
        return " FOR UPDATE NOWAIT";
    }
    if (rewrite_take2(rw, "SKIP", "LOCKED")) return " FOR UPDATE SKIP LOCKED";
    if (rewrite_take(rw, "WAIT")) {
        query->wait_seconds = (uint32_t)strtoul(rewrite_peek(rw, 0)->text, NULL, 10);
        query->no_wait = query->wait_seconds == 0;
        rw->at++;
        return query->no_wait ? " FOR UPDATE NOWAIT" : text_format(rw, " FOR UPDATE WAIT %u", query->wait_seconds);
    }
    return " FOR UPDATE";
}

struct query *query_parse(struct rewriter *rw)
{
    static struct query nothing = {.text = "", .with = "", .distinct = "", .list = "", .into = "", .tail = "", .suffix = ""};
    if (!rewrite_deeper(rw)) return &nothing;
    struct common_table *saved = rw->common_tables;
    const char *with = rewrite_take(rw, "WITH") ? parse_with(rw) : "";
    struct query *query = rewrite_failed(rw) ? &nothing : parse_body(rw);
    if (!rewrite_failed(rw)) {
        const char *suffix = "";
        if (rewrite_take2(rw, "ORDER", "BY")) suffix = query_order(rw, query);
        if (*suffix && query->set_operator) {
            query->tail = text_format(rw, "SELECT * FROM %s AS `$U%u`", query->tail, ++rw->alias_count);
        }
        const char *limit = row_limit(rw);
        suffix = text_format(rw, "%s%s", suffix, limit);
        query->suffix = text_format(rw, "%s%s", suffix, for_update(rw, query));
        query->with = with;
        query->plain &= !*query->suffix || query->locks || !*limit || query->plain;
        query->text = query_text(rw, query, false);
    }
    rw->common_tables = saved;
    rw->depth--;
    return query;
}

struct query *query_parse_nested(struct rewriter *rw)
{
    struct query *query = query_parse(rw);
    rewrite_expect(rw, ")");
    return query;
}
