/* SPDX-License-Identifier: Apache-2.0 */
/* Emitter: expressions. Brackets stand wherever PostgreSQL's precedence could read it otherwise. */
#include "sql/build.h"
#include "sql/emit.h"
#include "sql/name.h"

static uint8_t precedence_of(const struct expression *e)
{
    switch (e->kind) {
    case EXPRESSION_OR: return e->argument_count > 1 ? PRECEDENCE_OR : PRECEDENCE_AND;
    case EXPRESSION_AND: return PRECEDENCE_AND;
    case EXPRESSION_NOT: return PRECEDENCE_NOT;
    case EXPRESSION_IS: return PRECEDENCE_IS;
    case EXPRESSION_COMPARE: return PRECEDENCE_COMPARE;
    case EXPRESSION_BETWEEN:
    case EXPRESSION_IN:
    case EXPRESSION_LIKE: return PRECEDENCE_LIKE;
    case EXPRESSION_CONCAT: return PRECEDENCE_OTHER;
    case EXPRESSION_ARITHMETIC:
        return e->operator_code == OPERATOR_PLUS || e->operator_code == OPERATOR_MINUS ? PRECEDENCE_ADD : PRECEDENCE_MULTIPLY;
    case EXPRESSION_NEGATE: return PRECEDENCE_UNARY;
    case EXPRESSION_CAST: return PRECEDENCE_CAST;
    case EXPRESSION_COLLATE: return PRECEDENCE_COLLATE;
    case EXPRESSION_TEMPLATE: return e->precedence;
    default: return PRECEDENCE_PRIMARY;
    }
}

void emit_list(struct emitter *m, struct expression *const *list, uint32_t count)
{
    for (uint32_t i = 0; i < count && !m->out->failed; i++) {
        if (i > 0) emit_text(m, ", ");
        emit_expression(m, list[i], PRECEDENCE_ANY);
    }
}

void emit_sort(struct emitter *m, const struct sort_list *order)
{
    for (uint32_t i = 0; i < order->count; i++) {
        if (i > 0) emit_text(m, ", ");
        emit_expression(m, order->keys[i].expression, PRECEDENCE_ANY);
        if (order->keys[i].descending) emit_text(m, " DESC");
        if (order->keys[i].nulls == NULLS_FIRST) emit_text(m, " NULLS FIRST");
        if (order->keys[i].nulls == NULLS_LAST) emit_text(m, " NULLS LAST");
    }
}

static void emit_bind(struct emitter *m, const struct expression *e)
{
    struct bind_occurrence *bind = &m->t->binds[e->bind];
    if (bind->parameter == 0) bind->parameter = ++*m->parameters;
    buffer_printf(m->out, "$%u", (unsigned)bind->parameter);
}

static void emit_name(struct emitter *m, const struct expression *e)
{
    const struct relation *r = e->relation;
    bool merged = e->column && e->column->merged;
    if (r && r->label.size && (e->qualifier.size || e->qualify) && !(merged && !e->qualifier.size)) {
        name_write(m->out, r->label);
        buffer_u8(m->out, '.');
    } else if (!r && e->qualifier.size) {
        if (e->schema.size) {
            name_write(m->out, name_to_target(m->t, e->schema));
            buffer_u8(m->out, '.');
        }
        name_write(m->out, name_to_target(m->t, e->qualifier));
        buffer_u8(m->out, '.');
    }
    name_write(m->out, e->column ? e->column->target : name_to_target(m->t, e->text));
}

static void emit_star(struct emitter *m, const struct expression *e)
{
    if (e->relation) {
        name_write(m->out, e->relation->label);
        emit_text(m, ".*");
    } else if (e->qualifier.size) {
        name_write(m->out, name_to_target(m->t, e->qualifier));
        emit_text(m, ".*");
    } else {
        emit_text(m, "*");
    }
}

static void emit_bound(struct emitter *m, const struct frame_bound *bound)
{
    switch (bound->kind) {
    case BOUND_UNBOUNDED_PRECEDING: emit_text(m, "UNBOUNDED PRECEDING"); return;
    case BOUND_UNBOUNDED_FOLLOWING: emit_text(m, "UNBOUNDED FOLLOWING"); return;
    case BOUND_CURRENT: emit_text(m, "CURRENT ROW"); return;
    case BOUND_PRECEDING:
    case BOUND_FOLLOWING:
        emit_expression(m, bound->offset, PRECEDENCE_ADD);
        emit_text(m, bound->kind == BOUND_PRECEDING ? " PRECEDING" : " FOLLOWING");
        return;
    default: return;
    }
}

void emit_window(struct emitter *m, const struct window *w, bool inner)
{
    if (!inner && w->name.size && !w->partition_count && !w->order.count && w->unit == FRAME_NONE) {
        name_write(m->out, name_to_target(m->t, w->name));
        return;
    }
    const char *blank = "";
    buffer_u8(m->out, '(');
    if (w->name.size) {
        name_write(m->out, name_to_target(m->t, w->name));
        blank = " ";
    }
    if (w->partition_count) {
        buffer_printf(m->out, "%sPARTITION BY ", blank);
        emit_list(m, w->partition, w->partition_count);
        blank = " ";
    }
    if (w->order.count) {
        buffer_printf(m->out, "%sORDER BY ", blank);
        emit_sort(m, &w->order);
        blank = " ";
    }
    if (w->unit != FRAME_NONE) {
        buffer_printf(m->out, "%s%s ", blank, w->unit == FRAME_ROWS ? "ROWS" : w->unit == FRAME_RANGE ? "RANGE" : "GROUPS");
        if (w->to.kind != BOUND_NONE) emit_text(m, "BETWEEN ");
        emit_bound(m, &w->from);
        if (w->to.kind != BOUND_NONE) {
            emit_text(m, " AND ");
            emit_bound(m, &w->to);
        }
        if (w->exclude.size) {
            struct view word = w->exclude;
            buffer_printf(m->out, " EXCLUDE %.*s%s", (int)word.size, (const char *)word.data,
                          view_equal_ignoring_case(word, view_text("CURRENT")) ? " ROW"
                          : view_equal_ignoring_case(word, view_text("NO"))    ? " OTHERS"
                                                                               : "");
        }
    }
    buffer_u8(m->out, ')');
}

/* p(1, b => 2) */
static void emit_named(struct emitter *m, const struct expression *e)
{
    for (uint32_t i = 0; i < e->argument_count; i++) {
        if (i > 0) emit_text(m, ", ");
        if (e->call->names[i].size) {
            name_write(m->out, name_to_target(m->t, e->call->names[i]));
            emit_text(m, " => ");
        }
        emit_expression(m, e->arguments[i], PRECEDENCE_ANY);
    }
}

static void emit_call(struct emitter *m, const struct expression *e)
{
    const struct call *c = e->call;
    if (e->target_name) {
        emit_text(m, e->target_name);
    } else {
        if (e->schema.size) {
            name_write(m->out, name_to_target(m->t, e->schema));
            buffer_u8(m->out, '.');
        }
        if (e->qualifier.size) {
            name_write(m->out, name_to_target(m->t, e->qualifier));
            buffer_u8(m->out, '.');
        }
        name_write(m->out, name_to_target(m->t, e->text));
    }
    buffer_u8(m->out, '(');
    if (c->distinct) emit_text(m, "DISTINCT ");
    if (c->star) emit_text(m, "*");
    if (c->names)
        emit_named(m, e);
    else
        emit_list(m, e->arguments, e->argument_count);
    if (c->order.count && !c->within) {
        emit_text(m, " ORDER BY ");
        emit_sort(m, &c->order);
    }
    buffer_u8(m->out, ')');
    if (c->within) {
        emit_text(m, " WITHIN GROUP (ORDER BY ");
        emit_sort(m, &c->order);
        buffer_u8(m->out, ')');
    }
    if (c->over) {
        emit_text(m, " OVER ");
        emit_window(m, c->over, false);
    }
}

static void emit_case(struct emitter *m, const struct expression *e)
{
    uint32_t count = e->argument_count - (e->negated ? 1 : 0), i = 0;
    emit_text(m, "CASE");
    if (e->form) {
        buffer_u8(m->out, ' ');
        emit_expression(m, e->arguments[i++], PRECEDENCE_ANY);
    }
    for (; i + 1 < count && !m->out->failed; i += 2) {
        emit_text(m, " WHEN ");
        emit_expression(m, e->arguments[i], PRECEDENCE_ANY);
        emit_text(m, " THEN ");
        emit_expression(m, e->arguments[i + 1], PRECEDENCE_ANY);
    }
    if (e->negated) {
        emit_text(m, " ELSE ");
        emit_expression(m, e->arguments[e->argument_count - 1], PRECEDENCE_ANY);
    }
    emit_text(m, " END");
}

/* A template: @ is the schema of our functions, bytes 1 to 9 stand for arguments. */
static void emit_template(struct emitter *m, const struct expression *e)
{
    for (size_t i = 0; i < e->text.size && !m->out->failed; i++) {
        uint8_t c = e->text.data[i];
        if (c == '@') {
            name_write(m->out, view_text(m->t->options->function_schema));
            buffer_u8(m->out, '.');
        } else if (c >= 1 && c <= 8 && c <= e->argument_count) {
            uint8_t before = i > 0 ? e->text.data[i - 1] : 0, after = i + 1 < e->text.size ? e->text.data[i + 1] : 0;
            bool enclosed = (before == '(' || (before == ' ' && i > 1 && e->text.data[i - 2] == ',')) && (after == ')' || after == ',');
            if (i == 0 && after == 0) enclosed = true;
            emit_expression(m, e->arguments[c - 1], enclosed ? PRECEDENCE_ANY : PRECEDENCE_CAST);
        } else {
            buffer_u8(m->out, c);
        }
    }
}

static const char *compare_sign(uint8_t code)
{
    switch (code) {
    case OPERATOR_EQUAL: return " = ";
    case OPERATOR_NOT_EQUAL: return " <> ";
    case OPERATOR_LESS: return " < ";
    case OPERATOR_GREATER: return " > ";
    case OPERATOR_LESS_EQUAL: return " <= ";
    default: return " >= ";
    }
}

static void emit_compare(struct emitter *m, const struct expression *e)
{
    emit_expression(m, e->arguments[0], PRECEDENCE_COMPARE + 1);
    emit_text(m, compare_sign(e->operator_code));
    if (e->form == QUANTIFIER_ANY) emit_text(m, "ANY ");
    if (e->form == QUANTIFIER_ALL) emit_text(m, "ALL ");
    emit_expression(m, e->arguments[1], PRECEDENCE_COMPARE + 1);
}

static void emit_chain(struct emitter *m, const struct expression *e, const char *sign, uint8_t precedence)
{
    for (uint32_t i = 0; i < e->argument_count && !m->out->failed; i++) {
        if (i > 0) emit_text(m, sign);
        emit_expression(m, e->arguments[i], precedence);
    }
}

static void emit_in(struct emitter *m, const struct expression *e)
{
    emit_expression(m, e->arguments[0], PRECEDENCE_LIKE + 1);
    emit_text(m, e->negated ? " NOT IN " : " IN ");
    if (e->query) {
        emit_query_in_brackets(m, e->query);
        return;
    }
    buffer_u8(m->out, '(');
    emit_list(m, e->arguments + 1, e->argument_count - 1);
    buffer_u8(m->out, ')');
}

static void emit_like(struct emitter *m, const struct expression *e)
{
    emit_expression(m, e->arguments[0], PRECEDENCE_LIKE + 1);
    emit_text(m, e->negated ? " NOT LIKE " : " LIKE ");
    emit_expression(m, e->arguments[1], PRECEDENCE_LIKE + 1);
    if (e->argument_count < 3) return;
    emit_text(m, " ESCAPE ");
    emit_expression(m, e->arguments[2], PRECEDENCE_LIKE + 1);
}

static void emit_interval(struct emitter *m, const struct expression *e)
{
    struct view text = view_trim(e->text);
    bool negative = text.size > 0 && text.data[0] == '-';
    if (negative) text = view_of(text.data + 1, text.size - 1);
    if (text.size > 0 && text.data[0] == '+') text = view_of(text.data + 1, text.size - 1);
    emit_text(m, negative ? "(-interval " : "interval ");
    string_write(m->out, text);
    struct view from = translation_lower(m->t, e->call->option), to = translation_lower(m->t, e->qualifier);
    buffer_printf(m->out, " %.*s", (int)from.size, (const char *)from.data);
    if (to.size && !view_equal(to, from)) buffer_printf(m->out, " to %.*s", (int)to.size, (const char *)to.data);
    if (negative) buffer_u8(m->out, ')');
}

static void emit_datetime(struct emitter *m, const struct expression *e)
{
    emit_text(m, e->typing.target == TARGET_TIMESTAMPTZ ? "timestamptz " : "timestamp ");
    string_write(m->out, e->text);
}

static void emit_plain(struct emitter *m, const struct expression *e)
{
    switch (e->kind) {
    case EXPRESSION_NUMBER: buffer_append_view(m->out, e->text); return;
    case EXPRESSION_STRING:
        if (e->text.size == 0)
            emit_text(m, "NULL");
        else
            string_write(m->out, e->text);
        return;
    case EXPRESSION_NULL: emit_text(m, "NULL"); return;
    case EXPRESSION_DATETIME: emit_datetime(m, e); return;
    case EXPRESSION_INTERVAL: emit_interval(m, e); return;
    case EXPRESSION_BIND: emit_bind(m, e); return;
    case EXPRESSION_NAME: emit_name(m, e); return;
    case EXPRESSION_STAR: emit_star(m, e); return;
    case EXPRESSION_CALL: emit_call(m, e); return;
    case EXPRESSION_CASE: emit_case(m, e); return;
    case EXPRESSION_DEFAULT: emit_text(m, "DEFAULT"); return;
    case EXPRESSION_QUERY: emit_query_in_brackets(m, e->query); return;
    case EXPRESSION_EXISTS:
        emit_text(m, "EXISTS ");
        emit_query_in_brackets(m, e->query);
        return;
    case EXPRESSION_ROW:
        buffer_u8(m->out, '(');
        emit_list(m, e->arguments, e->argument_count);
        buffer_u8(m->out, ')');
        return;
    default: emit_text(m, "NULL"); return; /* refused before */
    }
}

static void emit_bare(struct emitter *m, const struct expression *e)
{
    static const char *const signs[] = {
        [OPERATOR_PLUS] = " + ", [OPERATOR_MINUS] = " - ", [OPERATOR_STAR] = " * ", [OPERATOR_SLASH] = " / "};
    uint8_t own = precedence_of(e);
    switch (e->kind) {
    case EXPRESSION_OR: emit_chain(m, e, " OR ", PRECEDENCE_OR + 1); return;
    case EXPRESSION_AND: emit_chain(m, e, " AND ", PRECEDENCE_AND + 1); return;
    case EXPRESSION_NOT:
        emit_text(m, "NOT ");
        emit_expression(m, e->arguments[0], PRECEDENCE_NOT + 1);
        return;
    case EXPRESSION_IS:
        emit_expression(m, e->arguments[0], PRECEDENCE_IS + 1);
        emit_text(m, e->negated ? " IS NOT NULL" : " IS NULL");
        return;
    case EXPRESSION_COMPARE: emit_compare(m, e); return;
    case EXPRESSION_BETWEEN:
        emit_expression(m, e->arguments[0], PRECEDENCE_LIKE + 1);
        emit_text(m, e->negated ? " NOT BETWEEN " : " BETWEEN ");
        emit_expression(m, e->arguments[1], e->arguments[1]->kind == EXPRESSION_COLLATE ? PRECEDENCE_PRIMARY : PRECEDENCE_LIKE + 1);
        emit_text(m, " AND ");
        emit_expression(m, e->arguments[2], PRECEDENCE_LIKE + 1);
        return;
    case EXPRESSION_IN: emit_in(m, e); return;
    case EXPRESSION_LIKE: emit_like(m, e); return;
    case EXPRESSION_CONCAT: emit_chain(m, e, " || ", PRECEDENCE_OTHER + 1); return;
    case EXPRESSION_ARITHMETIC:
        emit_expression(m, e->arguments[0], own);
        emit_text(m, signs[e->operator_code]);
        emit_expression(m, e->arguments[1], own + 1);
        return;
    case EXPRESSION_NEGATE:
        emit_text(m, "-");
        emit_expression(m, e->arguments[0], PRECEDENCE_UNARY + 1);
        return;
    case EXPRESSION_CAST:
        emit_expression(m, e->arguments[0], PRECEDENCE_CAST);
        buffer_printf(m->out, "::%s", e->target_type ? e->target_type : "text");
        return;
    case EXPRESSION_COLLATE:
        emit_expression(m, e->arguments[0], PRECEDENCE_COLLATE);
        emit_text(m, " COLLATE \"C\"");
        return;
    case EXPRESSION_TEMPLATE: emit_template(m, e); return;
    default: emit_plain(m, e); return;
    }
}

void emit_expression(struct emitter *m, const struct expression *e, uint8_t need)
{
    if (m->out->failed) return;
    bool brackets = precedence_of(e) < need;
    if (brackets) buffer_u8(m->out, '(');
    emit_bare(m, e);
    if (brackets) buffer_u8(m->out, ')');
}
