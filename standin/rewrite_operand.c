/* SPDX-License-Identifier: Apache-2.0 */
/* Operands of expressions: literals, binds, columns and variables, CASE, subqueries, sequences. */
#include "standin/rewrite.h"

#include "base/memory.h"
#include "base/value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static struct expression bad(void)
{
    return expression_of("", sql_type_of(KIND_UNKNOWN));
}

/* ---- literals ---- */

static struct expression number_operand(struct rewriter *rw, const struct token *t)
{
    uint8_t bytes[NUMBER_SIZE_MAX];
    size_t size;
    char digits[NUMBER_TEXT_MAX];
    char last = (char)tolower((unsigned char)rw->list.sql[t->end - 1]);
    rw->at++;
    if (!number_from_text(view_text(t->text), bytes, &size, NULL)) {
        rewrite_fail(rw, 1426, t, "numeric overflow");
        return bad();
    }
    digits[number_to_text(view_of(bytes, size), digits)] = '\0';
    if (last == 'd' || last == 'f')
        return expression_of(text_format(rw, "%se0", digits), sql_type_of(last == 'd' ? KIND_BINARY_DOUBLE : KIND_BINARY_FLOAT));
    struct expression e = expression_of(text_format(rw, "%s", digits), sql_type_number());
    e.literal = true;
    e.literal_text = e.text;
    e.at = t->at;
    return e;
}

static uint32_t count_characters(const char *text)
{
    uint32_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static struct expression string_operand(struct rewriter *rw, const struct token *t)
{
    rw->at++;
    struct expression e = expression_of(*t->text ? text_string(rw, t->text) : "NULL", sql_type_of(KIND_CHAR));
    e.type.length = count_characters(t->text);
    e.type.characters = true;
    e.literal = true;
    e.maybe_null = *t->text == '\0';
    e.literal_text = *t->text ? t->text : NULL;
    if (!e.literal_text) e.type = sql_type_varchar(1);
    e.at = t->at;
    return e;
}

/* DATE '..', TIMESTAMP '..', INTERVAL '..' unit. */
static struct expression time_literal(struct rewriter *rw)
{
    bool date = rewrite_is(rw, "DATE");
    const struct token *t = rewrite_peek(rw, 1);
    rw->at += 2;
    int year, month, day, hour = 0, minute = 0, used = 0;
    double second = 0;
    int got = sscanf(t->text, date ? "%4d-%2d-%2d%n" : "%4d-%2d-%2d %2d:%2d:%lf%n", &year, &month, &day, date ? &used : &hour, &minute,
                     &second, &used);
    if (got < 3 || month < 1 || month > 12 || day < 1 || day > 31) {
        rewrite_fail(rw, 1843, t, "not a valid month");
        return bad();
    }
    if (date) return expression_of(text_format(rw, "TIMESTAMP'%04d-%02d-%02d 00:00:00'", year, month, day), sql_type_of(KIND_DATE));
    const char *zone = t->text + used;
    while (*zone == ' ') zone++;
    struct sql_type type = {.kind = KIND_TIMESTAMP, .scale = 6};
    char stamp[40];
    int size = (int)strcspn(t->text, " ");
    const char *clock = t->text + size + 1;
    snprintf(stamp, sizeof stamp, "%.*s %.*s", size, t->text, (int)strspn(clock, "0123456789:."), clock);
    const char *text = text_format(rw, "TIMESTAMP'%s'", stamp);
    if (!*zone) return expression_of(text, type);
    int zone_hour = 0, zone_minute = 0;
    if (sscanf(zone, "%3d:%2d", &zone_hour, &zone_minute) < 1 && strcmp(zone, "UTC") != 0 && strcmp(zone, "GMT") != 0) {
        rewrite_refuse(rw, "time zone regions in literals");
        return bad();
    }
    int minutes = zone_hour * 60 + (*zone == '-' ? -zone_minute : zone_minute);
    type.kind = KIND_TIMESTAMP_TZ;
    return expression_of(minutes ? text_format(rw, "(%s - INTERVAL %d MINUTE)", text, minutes) : text, type);
}

static struct expression interval_literal(struct rewriter *rw)
{
    const char *text = rewrite_peek(rw, 1)->text;
    rw->at += 2;
    const char *unit = rewrite_peek(rw, 0)->text;
    rw->at++;
    if (rewrite_take(rw, "(")) {
        while (!rewrite_take(rw, ")") && !rewrite_at_end(rw)) rw->at++;
    }
    const char *to = NULL;
    if (rewrite_take(rw, "TO")) {
        to = rewrite_peek(rw, 0)->text;
        rw->at++;
        if (rewrite_take(rw, "(")) {
            while (!rewrite_take(rw, ")") && !rewrite_at_end(rw)) rw->at++;
        }
    }
    int sign = *text == '-' ? -1 : 1;
    text += *text == '-' || *text == '+';
    if (strcmp(unit, "YEAR") == 0 || strcmp(unit, "MONTH") == 0) {
        int first = atoi(text), second = to && strchr(text, '-') ? atoi(strchr(text, '-') + 1) : 0;
        int months = strcmp(unit, "YEAR") == 0 ? first * 12 + second : first;
        return expression_of(text_format(rw, "%d", sign * months), (struct sql_type){.kind = KIND_INTERVAL_YM, .precision = 2});
    }
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"DAY", 86400}, {"HOUR", 3600}, {"MINUTE", 60}, {"SECOND", 1}};
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(units[i].name, unit) != 0) continue;
        double total = 0;
        for (size_t k = i; *text && k < 4; k++) {
            char *end;
            total += strtod(text, &end) * units[k].seconds;
            if (end == text) break;
            text = end;
            while (*text == ' ' || *text == ':') text++;
        }
        long long micros = (long long)(total * 1e6 + 0.5);
        return expression_of(text_format(rw, "%lld", sign * micros),
                             (struct sql_type){.kind = KIND_INTERVAL_DS, .precision = 2, .scale = 6});
    }
    rewrite_fail(rw, 30089, NULL, "missing or invalid <datetime field>");
    return bad();
}

/* ---- binds ---- */

static struct expression variable_expression(const struct variable *v)
{
    struct expression e = expression_of(v->emit, v->type);
    e.maybe_null = true;
    return e;
}

/* :NEW.column and :OLD.column of a trigger. */
static struct expression trigger_operand(struct rewriter *rw, const struct token *t)
{
    rw->at++;
    if (!rewrite_take(rw, ".")) {
        rewrite_refuse(rw, "a whole :NEW or :OLD record");
        return bad();
    }
    const struct token *column_token = rewrite_peek(rw, 0);
    rw->at++;
    const struct dictionary_column *column = rw->trigger_table ? dictionary_column_find(rw->trigger_table, column_token->text) : NULL;
    if (!column) {
        rewrite_fail(rw, 904, column_token, "\"%s\".\"%s\": invalid identifier", t->text, column_token->text);
        return bad();
    }
    bool absent = (strcmp(t->text, "OLD") == 0 && strcmp(rw->trigger_event, "INSERT") == 0) ||
                  (strcmp(t->text, "NEW") == 0 && strcmp(rw->trigger_event, "DELETE") == 0);
    struct expression e = expression_of(absent ? "NULL" : text_format(rw, "%s.%s", t->text, text_name(rw, column->name)), column->type);
    e.maybe_null = true;
    return e;
}

static uint32_t bind_ordinal(struct rewriter *rw, const struct token *t)
{
    if (!rw->block_binds) return (uint32_t)t->bind;
    for (uint32_t i = 0; i < rw->bind_name_count; i++) {
        if (*t->text && strcmp(rw->bind_names[i], t->text) == 0) return i;
    }
    CHECK(rw->bind_name_count <= 256);
    if (rw->bind_name_count == 256) {
        rewrite_refuse(rw, "more than 256 binds in a block");
        return 0;
    }
    rw->bind_names[rw->bind_name_count] = t->text;
    return rw->bind_name_count++;
}

static struct expression bind_operand(struct rewriter *rw, const struct token *t)
{
    if (rw->place == PLACE_TRIGGER && (strcmp(t->text, "NEW") == 0 || strcmp(t->text, "OLD") == 0)) return trigger_operand(rw, t);
    if (rw->place == PLACE_VIEW || rw->place == PLACE_DDL) {
        rewrite_fail(rw, 1027, t, "bind variables not allowed for data definition operations");
        return bad();
    }
    rw->at++;
    uint32_t ordinal = bind_ordinal(rw, t);
    struct sql_type type = ordinal < rw->bind_type_count ? rw->bind_types[ordinal] : sql_type_of(KIND_UNKNOWN);
    const char *text = text_bind(rw, ordinal, BIND_NATURAL);
    if (rw->block_binds) rw->bind_in[ordinal] = true;
    /* A variable of MariaDB has no time type. */
    if (rw->bind_variables && sql_kind_is_time(type.kind)) text = text_format(rw, "CAST(%s AS DATETIME(6))", text);
    struct expression e = expression_of(text, type);
    e.bind = rw->bind_variables ? -1 : (int)ordinal;
    e.maybe_null = true;
    e.at = t->at;
    return e;
}

/* ---- CASE ---- */

static struct expression case_operand(struct rewriter *rw)
{
    enum { BRANCH_MAX = 200 };
    struct expression subject = bad(), *results = arena_zero(rw->arena, (BRANCH_MAX + 1) * sizeof *results);
    const char **conditions = arena_alloc(rw->arena, BRANCH_MAX * sizeof *conditions);
    uint32_t count = 0;
    uint32_t at = rewrite_peek(rw, 0)->at;
    rw->at++;
    bool simple = !rewrite_is(rw, "WHEN");
    if (simple) subject = expression_value(rw);
    struct expression out = bad();
    if (simple) expression_combine(&out, &subject);
    while (rewrite_take(rw, "WHEN") && count < BRANCH_MAX) {
        struct expression when = simple ? expression_value(rw) : expression_condition(rw);
        if (simple && !rewrite_failed(rw)) when = expression_compare(rw, &subject, "=", &when);
        rewrite_expect(rw, "THEN");
        conditions[count] = when.text;
        results[count++] = expression_value(rw);
        expression_combine(&out, &when);
    }
    bool otherwise = rewrite_take(rw, "ELSE");
    uint32_t total = count;
    if (otherwise) results[total++] = expression_value(rw);
    rewrite_expect(rw, "END");
    if (rewrite_failed(rw)) return out;
    out.type = expression_common_type(rw, results, total);
    if (out.type.kind == KIND_CHAR) out.type = sql_type_varchar(out.type.length);
    const char *text = "CASE";
    bool null = !otherwise;
    for (uint32_t i = 0; i < total; i++) {
        const char *value = expression_as(rw, &results[i], &out.type);
        text = i < count ? text_format(rw, "%s WHEN %s THEN %s", text, conditions[i], value) : text_format(rw, "%s ELSE %s", text, value);
        expression_combine(&out, &results[i]);
        null |= results[i].maybe_null;
    }
    out.maybe_null = null;
    out.text = text_format(rw, "(%s END)", text);
    out.at = at;
    expression_group_check(rw, &out);
    return out;
}

/* ---- parentheses ---- */

static struct expression tuple_operand(struct rewriter *rw, struct expression first)
{
    struct expression e = expression_of("", sql_type_of(KIND_UNKNOWN));
    e.tuple_types = arena_zero(rw->arena, 16 * sizeof *e.tuple_types);
    const char *text = "";
    do {
        struct expression item = e.tuple_count ? expression_value(rw) : first;
        if (e.tuple_count == 16) {
            rewrite_refuse(rw, "lists of more than 16 values");
            return e;
        }
        e.tuple_types[e.tuple_count] = item.type;
        e.tuple[e.tuple_count++] = item.text;
        text = text_join(rw, text, ", ", item.text);
        expression_combine(&e, &item);
    } while (rewrite_take(rw, ","));
    rewrite_expect(rw, ")");
    e.text = text_format(rw, "(%s)", text);
    return e;
}

static struct expression parenthesis_operand(struct rewriter *rw)
{
    uint32_t at = rewrite_peek(rw, 0)->at;
    rw->at++;
    if (rewrite_is(rw, "SELECT") || rewrite_is(rw, "WITH")) {
        struct query *query = query_parse_nested(rw);
        if (rewrite_failed(rw)) return bad();
        if (query->item_count != 1) {
            rewrite_fail(rw, 913, NULL, "too many values");
            return bad();
        }
        struct expression e = expression_of(text_format(rw, "(%s)", query->text), query->items[0].value.type);
        e.maybe_null = e.subquery = true;
        if (e.type.kind == KIND_CHAR) e.type.kind = KIND_CHAR;
        e.at = at;
        return e;
    }
    struct expression e = expression_parse(rw);
    if (rewrite_is(rw, ",")) return tuple_operand(rw, e);
    rewrite_expect(rw, ")");
    e.at = at;
    return e;
}

/* ---- names ---- */

static struct expression sequence_operand(struct rewriter *rw, const struct token *t, const char *owner, const char *name, const char *what)
{
    const struct dictionary_object *object = dictionary_resolve(rw->dictionary, rw->session->schema, owner, name);
    if (!object || object->kind != OBJECT_SEQUENCE) {
        rewrite_fail(rw, 2289, t, "sequence does not exist");
        return bad();
    }
    rewrite_depends(rw, object);
    bool next = strcmp(what, "NEXTVAL") == 0;
    const char *table = text_table(rw, object->owner, object->name);
    for (uint32_t i = 0; next && i < rw->nextval_count; i++) {
        /* Every mention in one row has the same value; MariaDB would advance at each. */
        if (strcmp(rw->nextval_seen[i], table) == 0 && rw->place == PLACE_SQL)
            return expression_of(text_format(rw, "LASTVAL(%s)", table), sql_type_number());
    }
    if (next && rw->nextval_count < 8) rw->nextval_seen[rw->nextval_count++] = table;
    return expression_of(
        next ? text_format(rw, "NEXTVAL(%s)", table)
             : text_format(rw, "IFNULL(LASTVAL(%s), ora_raise(8002, 'sequence %s.CURRVAL is not yet defined in this session'))", table,
                           name),
        sql_type_number());
}

static const struct variable *variable_find(const struct rewriter *rw, const char *name)
{
    for (const struct scope *s = rw->scope; s; s = s->outer) {
        for (uint32_t i = s->variable_count; i-- > 0;) {
            if (strcmp(s->variables[i].name, name) == 0) return &s->variables[i];
        }
    }
    return NULL;
}

static bool record_field(struct rewriter *rw, const char *record, const char *field, struct expression *out)
{
    const struct variable *v = variable_find(rw, record);
    if (!v || !v->record) return false;
    for (uint32_t i = 0; i < v->record->column_count; i++) {
        const struct source_column *column = &v->record->columns[i];
        if (strcmp(column->name, field) != 0) continue;
        *out = expression_of(text_format(rw, "%s.%s", v->emit, text_name(rw, column->stored)), column->type);
        out->maybe_null = true;
        return true;
    }
    return false;
}

static struct expression row_number_column(struct rewriter *rw, const struct token *t, const struct source *source)
{
    if (!source->object || !source->object->has_row_number) {
        rewrite_fail(rw, 1445, t, "cannot select ROWID from, or sample, a join view without a key-preserved table");
        return bad();
    }
    struct expression e =
        expression_of(text_format(rw, "%s.`ROWID$`", source->emit), (struct sql_type){.kind = KIND_ROWID, .object = source->object->id});
    e.bare = true;
    e.maybe_null = source->outer;
    return e;
}

static struct expression source_column_expression(struct rewriter *rw, const struct token *t, const struct source *source,
                                                  const struct source_column *column)
{
    /* Within its own table's definition a column has no qualifier; DUAL alone has no column of its own. */
    const char *text = text_name(rw, column->stored);
    if (source->emit) text = *source->emit ? text_format(rw, "%s.%s", source->emit, text) : "'X'";
    struct expression e = expression_of(text, column->type);
    e.source = source;
    e.column = column;
    e.bare = true;
    e.maybe_null = column->nullable || source->outer;
    e.at = t->at;
    expression_group_check(rw, &e);
    return e;
}

static bool source_matches(const struct source *source, const char *owner, const char *table)
{
    if (!table) return true;
    if (strcmp(source->name, table) != 0) return false;
    return !owner || (source->owner && strcmp(source->owner, owner) == 0);
}

static bool column_in_scope(struct rewriter *rw, const struct scope *scope, const struct token *t, const char *owner, const char *table,
                            const char *column, struct expression *out)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < scope->source_count; i++) {
        const struct source *source = scope->sources[i];
        if (!source_matches(source, owner, table)) continue;
        if (strcmp(column, "ROWID") == 0 && (table || scope->source_count == 1)) {
            *out = row_number_column(rw, t, source);
            return true;
        }
        for (uint32_t k = 0; k < source->column_count; k++) {
            if (strcmp(source->columns[k].name, column) != 0 || (!table && source->columns[k].merged)) continue;
            if (found++ == 0) *out = source_column_expression(rw, t, source, &source->columns[k]);
            break;
        }
    }
    if (found > 1) rewrite_fail(rw, 918, t, "column ambiguously defined");
    return found > 0;
}

struct expression expression_column(struct rewriter *rw, const struct token *first, const char *owner, const char *table,
                                    const char *column)
{
    struct expression e = bad();
    for (const struct scope *s = rw->scope; s; s = s->outer) {
        if (column_in_scope(rw, s, first, owner, table, column, &e)) return e;
        if (!table) {
            for (uint32_t i = s->variable_count; i-- > 0;) {
                if (strcmp(s->variables[i].name, column) == 0) return variable_expression(&s->variables[i]);
            }
        }
    }
    if (table && !owner && record_field(rw, table, column, &e)) return e;
    if (table)
        rewrite_fail(rw, 904, first, "\"%s\".\"%s\": invalid identifier", table, column);
    else
        rewrite_fail(rw, 904, first, "\"%s\": invalid identifier", column);
    return bad();
}

static uint64_t source_bit(const struct rewriter *rw, const struct expression *e)
{
    for (uint32_t i = 0; rw->scope && i < rw->scope->source_count; i++) {
        if (rw->scope->sources[i] == e->source) return (uint64_t)1 << i;
    }
    return 0;
}

/* name, name.name, name.name.name, each perhaps with arguments. */
static struct expression name_operand(struct rewriter *rw, const struct token *t)
{
    const char *parts[3] = {t->text};
    uint32_t count = 1;
    bool row = rw->place == PLACE_TRIGGER && rewrite_is_ahead(rw, 1, ".") && (strcmp(t->text, "NEW") == 0 || strcmp(t->text, "OLD") == 0);
    if (row) return trigger_operand(rw, t); /* in WHEN the colon is left out */
    uint32_t start = rw->at++;
    while (count < 3 && rewrite_is(rw, ".") && (rewrite_peek(rw, 1)->kind == TOKEN_WORD || rewrite_peek(rw, 1)->kind == TOKEN_QUOTED)) {
        parts[count++] = rewrite_peek(rw, 1)->text;
        rw->at += 2;
    }
    const char *last = parts[count - 1];
    if (count > 1 && (strcmp(last, "NEXTVAL") == 0 || strcmp(last, "CURRVAL") == 0))
        return sequence_operand(rw, t, count == 3 ? parts[0] : NULL, parts[count - 2], last);
    if (rewrite_is(rw, "(")) {
        if (rewrite_is_ahead(rw, 1, "+") && rewrite_is_ahead(rw, 2, ")")) {
            struct expression e = expression_column(rw, t, count == 3 ? parts[0] : NULL, count > 1 ? parts[count - 2] : NULL, last);
            rw->at += 3;
            rw->scope->outer_marks |= source_bit(rw, &e);
            return e;
        }
        const char *name = count == 1   ? last
                           : count == 2 ? text_format(rw, "%s.%s", parts[0], parts[1])
                                        : text_format(rw, "%s.%s.%s", parts[0], parts[1], parts[2]);
        return function_call(rw, &rw->list.tokens[start], count > 1 ? parts[0] : NULL, name);
    }
    if (rewrite_is(rw, "%")) {
        const char *attribute = rewrite_peek(rw, 1)->text;
        rw->at += 2;
        if (strcmp(attribute, "ROWCOUNT") == 0 && strcmp(parts[0], "SQL") == 0) return expression_of("SQL%ROWCOUNT", sql_type_number());
        const char *cursor = strcmp(parts[0], "SQL") == 0 ? "SQL" : text_name(rw, parts[0]);
        return expression_of(text_format(rw, "%s%%%s", cursor, attribute),
                             strcmp(attribute, "ROWCOUNT") == 0 ? sql_type_number() : sql_type_of(KIND_BOOLEAN));
    }
    struct expression e;
    if (count == 1 && t->kind == TOKEN_WORD && function_without_arguments(rw, t, &e)) return e;
    e = expression_column(rw, t, count == 3 ? parts[0] : NULL, count > 1 ? parts[count - 2] : NULL, last);
    if (rw->scope && e.source) rw->scope->used |= source_bit(rw, &e);
    return e;
}

struct expression expression_primary(struct rewriter *rw)
{
    const struct token *t = rewrite_peek(rw, 0);
    struct expression e;
    if (!rewrite_deeper(rw)) return bad();
    switch (t->kind) {
    case TOKEN_NUMBER: e = number_operand(rw, t); break;
    case TOKEN_STRING: e = string_operand(rw, t); break;
    case TOKEN_BIND: e = bind_operand(rw, t); break;
    case TOKEN_QUOTED: e = name_operand(rw, t); break;
    case TOKEN_WORD:
        if (strcmp(t->text, "CASE") == 0)
            e = case_operand(rw);
        else if ((strcmp(t->text, "DATE") == 0 || strcmp(t->text, "TIMESTAMP") == 0) && rewrite_peek(rw, 1)->kind == TOKEN_STRING)
            e = time_literal(rw);
        else if (strcmp(t->text, "INTERVAL") == 0 && rewrite_peek(rw, 1)->kind == TOKEN_STRING)
            e = interval_literal(rw);
        else if (strcmp(t->text, "NULL") == 0) {
            rw->at++;
            e = expression_of("NULL", sql_type_of(KIND_UNKNOWN));
            e.maybe_null = true;
        } else if (strcmp(t->text, "ROWID") == 0)
            e = name_operand(rw, t);
        else if (function_special(rw, t, &e))
            break;
        else if (rewrite_reserved(t->text) && !function_without_arguments(rw, t, &e)) {
            rewrite_fail(rw, 936, t, "missing expression");
            e = bad();
        } else if (!rewrite_reserved(t->text))
            e = name_operand(rw, t);
        break;
    default:
        if (rewrite_is(rw, "("))
            e = parenthesis_operand(rw);
        else {
            rewrite_fail(rw, 936, t, "missing expression");
            e = bad();
        }
    }
    rw->depth--;
    return e;
}
