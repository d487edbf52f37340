/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates and window functions. */
#include "standin/rewrite_function.h"

static const struct aggregate {
    const char *name;
    char argument; /* * any (and star), n number, a any, 0 none */
    char result;   /* N number, 1 the argument's type */
    bool window_only;
} aggregates[] = {
    {"COUNT", '*', 'N', false}, {"SUM", 'n', 'N', false},     {"AVG", 'n', 'N', false},        {"MIN", 'a', '1', false},
    {"MAX", 'a', '1', false},   {"ROW_NUMBER", 0, 'N', true}, {"RANK", 0, 'N', true},          {"DENSE_RANK", 0, 'N', true},
    {"LAG", 'a', '1', true},    {"LEAD", 'a', '1', true},     {"FIRST_VALUE", 'a', '1', true}, {"LAST_VALUE", 'a', '1', true},
    {"NTILE", 'n', 'N', true},
};

/* expr [ASC|DESC] [NULLS FIRST|LAST] -> MariaDB's order with NULL where the legacy dialect has it. */
static const char *order_list(struct rewriter *rw, struct expression *sum)
{
    const char *text = "";
    do {
        struct expression e = expression_value(rw);
        bool descending = rewrite_take(rw, "DESC");
        if (!descending) rewrite_take(rw, "ASC");
        bool nulls_first = descending;
        if (rewrite_take2(rw, "NULLS", "FIRST"))
            nulls_first = true;
        else if (rewrite_take2(rw, "NULLS", "LAST"))
            nulls_first = false;
        if (rewrite_failed(rw)) return "";
        if (e.maybe_null) text = text_join(rw, text, ", ", text_format(rw, "%s IS NULL%s", e.text, nulls_first ? " DESC" : ""));
        text = text_join(rw, text, ", ", text_format(rw, "%s%s", e.text, descending ? " DESC" : ""));
        if (sum) sum->bare |= e.bare;
    } while (rewrite_take(rw, ","));
    return text;
}

static const char *window_frame(struct rewriter *rw)
{
    if (!rewrite_is(rw, "ROWS") && !rewrite_is(rw, "RANGE")) return "";
    const char *text = "";
    while (!rewrite_is(rw, ")") && !rewrite_at_end(rw)) {
        const struct token *t = rewrite_peek(rw, 0);
        if (t->kind != TOKEN_WORD && t->kind != TOKEN_NUMBER) {
            rewrite_refuse(rw, "this window frame");
            return "";
        }
        text = text_format(rw, "%s %s", text, t->text);
        rw->at++;
    }
    return text;
}

static void window_clause(struct rewriter *rw, struct expression *call)
{
    rewrite_expect(rw, "(");
    const char *text = "";
    if (rewrite_take2(rw, "PARTITION", "BY")) {
        const char *list = "";
        do {
            struct expression e = expression_value(rw);
            list = text_join(rw, list, ", ", e.text);
            call->bare |= e.bare;
        } while (rewrite_take(rw, ","));
        text = text_format(rw, "PARTITION BY %s", list);
    }
    if (rewrite_take2(rw, "ORDER", "BY")) text = text_format(rw, "%s ORDER BY %s", text, order_list(rw, call));
    text = text_format(rw, "%s%s", text, window_frame(rw));
    rewrite_expect(rw, ")");
    call->text = text_format(rw, "%s OVER (%s)", call->text, text);
    call->maybe_null = true;
}

static struct expression listagg(struct rewriter *rw)
{
    rw->at++;
    bool distinct = rewrite_take(rw, "DISTINCT");
    struct expression e = expression_value(rw);
    struct expression separator = expression_of("''", sql_type_varchar(1));
    const char *mark = "_utf8mb4 x''";
    if (rewrite_take(rw, ",")) {
        separator = expression_value(rw);
        if (!separator.literal)
            rewrite_refuse(rw, "LISTAGG with a computed separator");
        else if (separator.literal_text)
            mark = separator.text;
    }
    if (rewrite_is(rw, "ON")) rewrite_refuse(rw, "LISTAGG ON OVERFLOW");
    rewrite_expect(rw, ")");
    const char *order = "";
    if (rewrite_take2(rw, "WITHIN", "GROUP")) {
        rewrite_expect(rw, "(");
        rewrite_expect(rw, "ORDER");
        rewrite_expect(rw, "BY");
        order = text_format(rw, " ORDER BY %s", order_list(rw, NULL));
        rewrite_expect(rw, ")");
    }
    if (rewrite_is(rw, "OVER")) rewrite_refuse(rw, "LISTAGG as a window function");
    /* SEPARATOR takes a literal only; an empty one is spelled as '' to it, whatever the mode. */
    const char *text = text_format(rw, "GROUP_CONCAT(%s%s%s SEPARATOR %s)", distinct ? "DISTINCT " : "", expression_text(rw, &e), order,
                                   strcmp(mark, "_utf8mb4 x''") == 0 ? "''" : mark);
    return expression_of(text, sql_type_varchar(4000));
}

static struct expression aggregate_call(struct rewriter *rw, const struct aggregate *a)
{
    struct expression out = expression_of("", sql_type_number());
    rw->at++;
    if (rewrite_take(rw, "*")) {
        rewrite_expect(rw, ")");
        out.text = text_format(rw, "%s(*)", a->name);
        return out;
    }
    if (a->argument == 0) {
        rewrite_expect(rw, ")");
        out.text = text_format(rw, "%s()", a->name);
        return out;
    }
    bool distinct = rewrite_take(rw, "DISTINCT") || rewrite_take(rw, "UNIQUE");
    if (!distinct) rewrite_take(rw, "ALL");
    struct expression e = expression_value(rw);
    const char *text = a->argument == 'n' ? expression_number(rw, &e) : e.text;
    if (a->result == '1') out.type = e.type.kind == KIND_CHAR && e.literal ? sql_type_varchar(e.type.length) : e.type;
    /* LAG(x, n, default), FIRST_VALUE(x IGNORE NULLS) */
    if (rewrite_is(rw, "IGNORE")) rewrite_refuse(rw, "IGNORE NULLS");
    if (rewrite_take(rw, ",")) {
        struct expression offset = expression_value(rw);
        text = text_format(rw, "%s, %s", text, expression_number(rw, &offset));
        if (rewrite_is(rw, ",")) rewrite_refuse(rw, "LAG and LEAD with a default");
    }
    rewrite_expect(rw, ")");
    out.text = text_format(rw, "%s(%s%s)", a->name, distinct ? "DISTINCT " : "", text);
    out.maybe_null = true;
    return out;
}

bool function_aggregate(struct rewriter *rw, const struct token *name, struct expression *out)
{
    const struct aggregate *found = NULL;
    bool list = strcmp(name->text, "LISTAGG") == 0;
    for (size_t i = 0; i < sizeof aggregates / sizeof *aggregates; i++) {
        if (strcmp(aggregates[i].name, name->text) == 0) found = &aggregates[i];
    }
    if (!found && !list) return false;
    *out = list ? listagg(rw) : aggregate_call(rw, found);
    if (rewrite_is(rw, "KEEP")) rewrite_refuse(rw, "KEEP (DENSE_RANK ..)");
    if (rewrite_take(rw, "OVER"))
        window_clause(rw, out);
    else if (found && found->window_only)
        rewrite_fail(rw, 30484, name, "missing window specification for this function");
    else
        out->aggregate = true;
    out->at = name->at;
    return true;
}
