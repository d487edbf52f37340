/* SPDX-License-Identifier: Apache-2.0 */
/* Functions whose meaning depends on the types of their arguments, those with a syntax of their own, and those without arguments. */
#include "standin/rewrite_function.h"

#include <stdio.h>
#include <stdlib.h>

#define UDF_TEXT(call) "(CONVERT(" call " USING utf8mb4) COLLATE utf8mb4_nopad_bin)"

static const char *literal_of(const struct expression *e)
{
    return e->literal && e->literal_text ? e->literal_text : NULL;
}

/* ---- NVL and its kin ---- */

static struct expression coalesce(struct rewriter *rw, struct expression *list, uint32_t count)
{
    struct sql_type type = expression_common_type(rw, list, count);
    if (type.kind == KIND_CHAR) type = sql_type_varchar(type.length);
    const char *text = "";
    for (uint32_t i = 0; i < count; i++) text = text_join(rw, text, ", ", expression_as(rw, &list[i], &type));
    return expression_of(text_format(rw, "COALESCE(%s)", text), type);
}

static struct expression nvl2(struct rewriter *rw, struct expression *list)
{
    struct sql_type type = expression_common_type(rw, list + 1, 2);
    if (type.kind == KIND_CHAR) type = sql_type_varchar(type.length);
    const char *text =
        text_format(rw, "IF(%s IS NOT NULL, %s, %s)", list[0].text, expression_as(rw, &list[1], &type), expression_as(rw, &list[2], &type));
    return expression_of(text, type);
}

static struct expression extreme(struct rewriter *rw, const char *name, struct expression *list, uint32_t count)
{
    struct sql_type type = count ? list[0].type : sql_type_number();
    if (type.kind == KIND_CHAR) type = sql_type_varchar(type.length);
    if (type.kind == KIND_UNKNOWN) type = expression_common_type(rw, list, count);
    const char *text = "";
    for (uint32_t i = 0; i < count; i++) text = text_join(rw, text, ", ", expression_as(rw, &list[i], &type));
    return expression_of(text_format(rw, "%s(%s)", name, text), type);
}

static struct expression decode(struct rewriter *rw, struct expression *list, uint32_t count)
{
    struct expression results[101];
    uint32_t result_count = 0;
    for (uint32_t i = 2; i < count; i += 2) results[result_count++] = list[i];
    if (count % 2 == 0) results[result_count++] = list[count - 1];
    struct sql_type type = expression_common_type(rw, results, result_count);
    if (type.kind == KIND_CHAR) type = sql_type_varchar(type.length);
    const char *text = "CASE";
    for (uint32_t i = 1; i + 1 < count; i += 2) {
        /* NULL matches NULL here. */
        struct expression one = expression_compare(rw, &list[0], "<=>", &list[i]);
        text = text_format(rw, "%s WHEN %s THEN %s", text, one.text, expression_as(rw, &list[i + 1], &type));
    }
    if (count % 2 == 0) text = text_format(rw, "%s ELSE %s", text, expression_as(rw, &list[count - 1], &type));
    return expression_of(text_format(rw, "(%s END)", text), type);
}

static struct expression nullif(struct rewriter *rw, struct expression *list)
{
    struct expression same = expression_compare(rw, &list[0], "=", &list[1]);
    struct sql_type type = list[0].type.kind == KIND_CHAR ? sql_type_varchar(list[0].type.length) : list[0].type;
    return expression_of(text_format(rw, "IF(%s, NULL, %s)", same.text, expression_as(rw, &list[0], &type)), type);
}

/* ---- numbers and dates ---- */

static struct expression truncate_or_round(struct rewriter *rw, bool round, struct expression *list, uint32_t count)
{
    if (sql_kind_is_time(list[0].type.kind)) {
        const char *format = count == 2 ? expression_text(rw, &list[1]) : "'DDD'";
        return expression_of(text_format(rw, "CAST(ora_%s_time(%s, %s) AS DATETIME)", round ? "round" : "trunc", list[0].text, format),
                             sql_type_of(KIND_DATE));
    }
    const char *digits = count == 2 ? expression_number(rw, &list[1]) : "0";
    return expression_of(text_format(rw, "%s(%s, %s)", round ? "ROUND" : "TRUNCATE", expression_number(rw, &list[0]), digits),
                         sql_type_number());
}

static struct expression to_char(struct rewriter *rw, struct expression *list, uint32_t count)
{
    if (count == 1) {
        struct expression e = expression_of(expression_text(rw, &list[0]), sql_type_varchar(list[0].type.kind == KIND_CLOB ? 4000
                                                                                            : list[0].type.length ? list[0].type.length
                                                                                                                  : 40));
        return e;
    }
    const char *format = expression_text(rw, &list[1]);
    struct sql_type type = sql_type_varchar(literal_of(&list[1]) ? (uint32_t)strlen(literal_of(&list[1])) + 20 : 200);
    enum sql_kind kind = list[0].type.kind;
    if (sql_kind_is_time(kind)) {
        const char *time = list[0].text;
        if (kind == KIND_TIMESTAMP_LTZ && rw->session->zone_minutes)
            time = text_format(rw, "(%s + INTERVAL %d MINUTE)", time, rw->session->zone_minutes);
        return expression_of(text_format(rw, UDF_TEXT("ora_to_char_time(%s, %s)"), time, format), type);
    }
    if (kind == KIND_UNKNOWN || sql_kind_is_number(kind) || kind == KIND_VARCHAR || kind == KIND_CHAR)
        return expression_of(text_format(rw, UDF_TEXT("ora_to_char_number(%s, %s)"), expression_number(rw, &list[0]), format), type);
    rewrite_refuse(rw, "TO_CHAR of this type");
    return list[0];
}

static struct expression to_time(struct rewriter *rw, const char *name, struct expression *list)
{
    bool date = strcmp(name, "TO_DATE") == 0;
    struct sql_type type = date ? sql_type_of(KIND_DATE) : (struct sql_type){.kind = KIND_TIMESTAMP, .scale = 6};
    struct expression text = list[0];
    if (sql_kind_is_time(text.type.kind)) return expression_of(text.text, type);
    return expression_of(expression_as(rw, &text, &type), type);
}

static struct expression interval_of_number(struct rewriter *rw, struct expression *list)
{
    static const struct {
        const char *unit;
        const char *factor;
        enum sql_kind kind;
    } units[] = {{"DAY", "86400000000", KIND_INTERVAL_DS}, {"HOUR", "3600000000", KIND_INTERVAL_DS},
                 {"MINUTE", "60000000", KIND_INTERVAL_DS}, {"SECOND", "1000000", KIND_INTERVAL_DS},
                 {"YEAR", "12", KIND_INTERVAL_YM},         {"MONTH", "1", KIND_INTERVAL_YM}};
    for (size_t i = 0; literal_of(&list[1]) && i < sizeof units / sizeof *units; i++) {
        if (!view_equal_ignoring_case(view_text(units[i].unit), view_text(literal_of(&list[1])))) continue;
        return expression_of(text_format(rw, "ROUND((%s) * %s)", expression_number(rw, &list[0]), units[i].factor),
                             (struct sql_type){.kind = units[i].kind, .precision = 9, .scale = 6});
    }
    rewrite_refuse(rw, "an interval with this unit");
    return list[0];
}

static struct expression sys_context(struct rewriter *rw, struct expression *list)
{
    const struct plan_session *s = rw->session;
    const struct {
        const char *name, *value;
    } values[] = {{"SESSION_USER", s->user},
                  {"CURRENT_USER", s->user},
                  {"CURRENT_SCHEMA", s->schema},
                  {"DB_NAME", "STANDIN"},
                  {"INSTANCE_NAME", "standin"},
                  {"SERVICE_NAME", "standin"},
                  {"LANGUAGE", "AMERICAN_AMERICA.AL32UTF8"},
                  {"LANG", "US"},
                  {"SERVER_HOST", "localhost"},
                  {"HOST", "localhost"},
                  {"DB_UNIQUE_NAME", "STANDIN"},
                  {"DATABASE_ROLE", "PRIMARY"},
                  {"CON_NAME", "STANDIN"},
                  {"CON_ID", "1"},
                  {"NLS_DATE_FORMAT", s->date_format},
                  {"CLIENT_IDENTIFIER", s->client_identifier},
                  {"MODULE", s->module},
                  {"SID", text_format(rw, "%u", s->session_id)},
                  {"SESSIONID", text_format(rw, "%u", s->session_id)},
                  {"ISDBA", "FALSE"}};
    if (!literal_of(&list[1])) rewrite_refuse(rw, "SYS_CONTEXT with a computed name");
    for (size_t i = 0; !rewrite_failed(rw) && i < sizeof values / sizeof *values; i++) {
        if (view_equal_ignoring_case(view_text(values[i].name), view_text(literal_of(&list[1]))))
            return expression_of(values[i].value ? text_string(rw, values[i].value) : "NULL", sql_type_varchar(256));
    }
    return expression_of("NULL", sql_type_varchar(256));
}

bool function_typed(struct rewriter *rw, const char *name, struct expression *list, uint32_t count, struct expression *out, bool *known)
{
    static const struct {
        const char *name;
        uint32_t least, most;
        int which;
    } table[] = {{"NVL", 2, 2, 1},
                 {"COALESCE", 2, 100, 1},
                 {"NVL2", 3, 3, 2},
                 {"GREATEST", 1, 100, 3},
                 {"LEAST", 1, 100, 3},
                 {"DECODE", 3, 100, 4},
                 {"NULLIF", 2, 2, 5},
                 {"TRUNC", 1, 2, 6},
                 {"ROUND", 1, 2, 7},
                 {"TO_CHAR", 1, 2, 8},
                 {"TO_NCHAR", 1, 2, 8},
                 {"TO_DATE", 1, 1, 9},
                 {"TO_TIMESTAMP", 1, 1, 9},
                 {"NUMTODSINTERVAL", 2, 2, 10},
                 {"NUMTOYMINTERVAL", 2, 2, 10},
                 {"SYS_CONTEXT", 2, 2, 11}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(table[i].name, name) != 0) continue;
        *known = true;
        if (count < table[i].least || count > table[i].most) continue;
        switch (table[i].which) {
        case 1: *out = coalesce(rw, list, count); return true;
        case 2: *out = nvl2(rw, list); return true;
        case 3: *out = extreme(rw, name, list, count); return true;
        case 4: *out = decode(rw, list, count); return true;
        case 5: *out = nullif(rw, list); return true;
        case 6: *out = truncate_or_round(rw, false, list, count); return true;
        case 7: *out = truncate_or_round(rw, true, list, count); return true;
        case 8: *out = to_char(rw, list, count); return true;
        case 9: *out = to_time(rw, name, list); return true;
        case 10: *out = interval_of_number(rw, list); return true;
        default: *out = sys_context(rw, list); return true;
        }
    }
    return false;
}

/* ---- without arguments ---- */

static const char *now_in_zone(struct rewriter *rw, const char *now)
{
    return rw->session->zone_minutes ? text_format(rw, "(%s + INTERVAL %d MINUTE)", now, rw->session->zone_minutes) : now;
}

bool function_without_arguments(struct rewriter *rw, const struct token *name, struct expression *out)
{
    enum word {
        W_SYSDATE,
        W_SYSTIMESTAMP,
        W_CURRENT_DATE,
        W_CURRENT_TIMESTAMP,
        W_LOCALTIMESTAMP,
        W_USER,
        W_UID,
        W_ROWNUM,
        W_DBTIMEZONE,
        W_SESSIONTIMEZONE,
        W_TRUE,
        W_FALSE,
        W_SQLCODE,
        W_SQLERRM,
        W_INSERTING,
        W_UPDATING,
        W_DELETING,
        W_COUNT
    };
    static const char *const words[W_COUNT] = {"SYSDATE", "SYSTIMESTAMP", "CURRENT_DATE", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "USER",
                                               "UID",     "ROWNUM",       "DBTIMEZONE",   "SESSIONTIMEZONE",   "TRUE",           "FALSE",
                                               "SQLCODE", "SQLERRM",      "INSERTING",    "UPDATING",          "DELETING"};
    bool program = rw->place == PLACE_PLSQL || rw->place == PLACE_TRIGGER;
    enum word w = 0;
    while (w < W_COUNT && strcmp(words[w], name->text) != 0) w++;
    if (w == W_COUNT || (w >= W_TRUE && !program)) return false;
    if (w >= W_INSERTING && rw->place != PLACE_TRIGGER) return false;
    if (rw->list.tokens[rw->at].text == name->text) rw->at++;
    if ((w == W_CURRENT_TIMESTAMP || w == W_LOCALTIMESTAMP || w == W_SYSTIMESTAMP) && rewrite_is(rw, "(")) rw->at += 3;
    struct sql_type stamp = {.kind = w == W_LOCALTIMESTAMP ? KIND_TIMESTAMP : KIND_TIMESTAMP_TZ, .scale = 6};
    switch (w) {
    case W_SYSDATE: *out = expression_of("NOW()", sql_type_of(KIND_DATE)); break;
    case W_CURRENT_DATE: *out = expression_of(now_in_zone(rw, "NOW()"), sql_type_of(KIND_DATE)); break;
    case W_SYSTIMESTAMP:
    case W_CURRENT_TIMESTAMP: *out = expression_of("NOW(6)", stamp); break;
    case W_LOCALTIMESTAMP: *out = expression_of(now_in_zone(rw, "NOW(6)"), stamp); break;
    case W_USER:
        *out = expression_of(rw->place == PLACE_SQL ? text_string(rw, rw->session->user) : "`SYS`.`ORA_USER`()", sql_type_varchar(128));
        break;
    case W_UID: *out = expression_of("100", sql_type_number()); break;
    case W_ROWNUM: *out = expression_of("ROWNUM", sql_type_number()); break;
    case W_DBTIMEZONE: *out = expression_of("'+00:00'", sql_type_varchar(6)); break;
    case W_SESSIONTIMEZONE: *out = expression_of(text_string(rw, rw->session->zone_name), sql_type_varchar(75)); break;
    case W_SQLCODE: *out = expression_of("SQLCODE", sql_type_number()); break;
    case W_SQLERRM: *out = expression_of("SQLERRM", sql_type_varchar(512)); break;
    case W_TRUE: *out = expression_of("TRUE", sql_type_of(KIND_BOOLEAN)); break;
    case W_FALSE: *out = expression_of("FALSE", sql_type_of(KIND_BOOLEAN)); break;
    default: *out = expression_of(strncmp(words[w], rw->trigger_event, 5) == 0 ? "TRUE" : "FALSE", sql_type_of(KIND_BOOLEAN)); break;
    }
    out->at = name->at;
    return true;
}

/* ---- own syntax ---- */

static struct expression cast_call(struct rewriter *rw)
{
    struct expression e = expression_value(rw);
    rewrite_expect(rw, "AS");
    struct sql_type type = sql_type_parse(rw);
    rewrite_expect(rw, ")");
    if (rewrite_failed(rw)) return e;
    const char *text = expression_as(rw, &e, &type), *storage = NULL, *why = NULL;
    if (type.kind == KIND_NUMBER && type.precision && type.scale >= 0 && type.scale <= type.precision) {
        /* DECIMAL would clip a number that is too large; the function refuses it. */
        text = text_format(rw, "ora_cast_number(%s, %u, %d)", text, type.precision, type.scale);
    } else if (type.kind == KIND_VARCHAR) {
        text = text_format(rw, "LEFT(%s, %u)", text, type.length);
    } else if (type.kind == KIND_CHAR) {
        text = text_format(rw, "RPAD(LEFT(%s, %u), %u)", text, type.length, type.length);
    } else if (sql_kind_is_time(type.kind) && sql_type_storage(rw->arena, &type, &storage, &why)) {
        text = text_format(rw, "CAST(%s AS %s)", text, storage);
    } else if (type.kind == KIND_BINARY_DOUBLE || type.kind == KIND_BINARY_FLOAT) {
        text = text_format(rw, "CAST(%s AS %s)", text, type.kind == KIND_BINARY_DOUBLE ? "DOUBLE" : "FLOAT");
    }
    struct expression out = expression_of(text, type);
    expression_combine(&out, &e);
    return out;
}

static struct expression extract_call(struct rewriter *rw)
{
    const char *field = rewrite_peek(rw, 0)->text;
    rw->at++;
    rewrite_expect(rw, "FROM");
    struct expression e = expression_value(rw);
    rewrite_expect(rw, ")");
    if (rewrite_failed(rw)) return e;
    const char *text;
    if (e.type.kind == KIND_INTERVAL_DS) {
        static const struct {
            const char *field, *text;
        } parts[] = {
            {"DAY", "(%s DIV 86400000000)"}, {"HOUR", "(%s %% 86400000000 DIV 3600000000)"}, {"MINUTE", "(%s %% 3600000000 DIV 60000000)"}};
        text = text_format(rw, "(%s %% 60000000 / 1000000)", e.text);
        if (strcmp(field, parts[0].field) == 0) text = text_format(rw, "(%s DIV 86400000000)", e.text);
        if (strcmp(field, parts[1].field) == 0) text = text_format(rw, "((%s MOD 86400000000) DIV 3600000000)", e.text);
        if (strcmp(field, parts[2].field) == 0) text = text_format(rw, "((%s MOD 3600000000) DIV 60000000)", e.text);
    } else if (!sql_kind_is_time(e.type.kind)) {
        rewrite_fail(rw, 30076, NULL, "invalid extract field for extract source");
        return e;
    } else if (strcmp(field, "SECOND") == 0) {
        text = text_format(rw, "(SECOND(%s) + MICROSECOND(%s) / 1000000)", e.text, e.text);
    } else {
        text = text_format(rw, "EXTRACT(%s FROM %s)", field, e.text);
    }
    struct expression out = expression_of(text, sql_type_number());
    expression_combine(&out, &e);
    return out;
}

static struct expression trim_call(struct rewriter *rw)
{
    const char *side = "BOTH", *set = "' '";
    bool has_side = rewrite_is(rw, "LEADING") || rewrite_is(rw, "TRAILING") || rewrite_is(rw, "BOTH");
    if (has_side) {
        side = rewrite_peek(rw, 0)->text;
        rw->at++;
    }
    struct expression e = expression_of("' '", sql_type_varchar(1));
    if (!rewrite_is(rw, "FROM")) e = expression_value(rw);
    if (rewrite_take(rw, "FROM")) {
        set = expression_text(rw, &e);
        e = expression_value(rw);
    }
    rewrite_expect(rw, ")");
    struct expression out = expression_of(text_format(rw, "TRIM(%s %s FROM %s)", side, set, expression_text(rw, &e)),
                                          sql_type_varchar(e.type.length ? e.type.length : 4000));
    expression_combine(&out, &e);
    out.maybe_null = true;
    return out;
}

bool function_special(struct rewriter *rw, const struct token *name, struct expression *out)
{
    static const struct {
        const char *name;
        struct expression (*make)(struct rewriter *rw);
    } table[] = {{"CAST", cast_call}, {"EXTRACT", extract_call}, {"TRIM", trim_call}};
    if (!rewrite_is_ahead(rw, 1, "(")) return false;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(table[i].name, name->text) != 0) continue;
        rw->at += 2;
        *out = table[i].make(rw);
        out->at = name->at;
        expression_group_check(rw, out);
        return true;
    }
    return false;
}
