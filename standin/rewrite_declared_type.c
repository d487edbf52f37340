/* SPDX-License-Identifier: Apache-2.0 */
/* Declared types: NUMBER(10,2), VARCHAR2(20 CHAR), TIMESTAMP(3) WITH TIME ZONE, ... */
#include "standin/rewrite.h"

#include <stdlib.h>

enum { SCALE_FLOAT = -127 };

static int take_integer(struct rewriter *rw)
{
    bool minus = rewrite_take(rw, "-");
    const struct token *t = rewrite_peek(rw, 0);
    if (t->kind != TOKEN_NUMBER) {
        rewrite_fail(rw, 2017, t, "integer value required");
        return 0;
    }
    rw->at++;
    long n = strtol(t->text, NULL, 10);
    return (int)(minus ? -n : n);
}

static struct sql_type number_type(struct rewriter *rw, bool integer)
{
    struct sql_type type = sql_type_number();
    if (integer) {
        type.precision = 38;
        type.scale = 0;
        return type;
    }
    if (!rewrite_take(rw, "(")) return type;
    if (rewrite_take(rw, "*"))
        type.precision = 38;
    else {
        int precision = take_integer(rw);
        if (precision < 1 || precision > 38) rewrite_fail(rw, 1727, NULL, "numeric precision specifier is out of range (1 to 38)");
        type.precision = (uint8_t)precision;
    }
    type.scale = 0;
    if (rewrite_take(rw, ",")) {
        int scale = take_integer(rw);
        if (scale < -84 || scale > 127) rewrite_fail(rw, 1728, NULL, "numeric scale specifier is out of range (-84 to 127)");
        type.scale = (int8_t)scale;
    }
    rewrite_expect(rw, ")");
    return type;
}

static struct sql_type text_type(struct rewriter *rw, enum sql_kind kind, bool national, bool length_needed)
{
    struct sql_type type = {.kind = kind, .national = national, .length = 1, .characters = national || !rw->session->byte_semantics};
    if (!rewrite_take(rw, "(")) {
        bool program = rw->place == PLACE_PLSQL || rw->place == PLACE_TRIGGER;
        if (length_needed && !program) rewrite_fail(rw, 906, NULL, "missing left parenthesis");
        if (length_needed) type.length = 4000;
        return type;
    }
    int length = take_integer(rw);
    int limit = kind == KIND_CHAR ? 2000 : kind == KIND_RAW ? 2000 : 4000;
    if (rw->place == PLACE_PLSQL || rw->place == PLACE_TRIGGER) limit = 32767;
    if (length < 1) rewrite_fail(rw, 1723, NULL, "zero-length columns are not allowed");
    if (length > limit) rewrite_fail(rw, 910, NULL, "specified length too long for its datatype");
    type.length = (uint32_t)length;
    if (rewrite_take(rw, "CHAR"))
        type.characters = true;
    else if (rewrite_take(rw, "BYTE"))
        type.characters = false;
    rewrite_expect(rw, ")");
    return type;
}

static struct sql_type timestamp_type(struct rewriter *rw)
{
    struct sql_type type = {.kind = KIND_TIMESTAMP, .scale = 6};
    if (rewrite_take(rw, "(")) {
        type.scale = (int8_t)take_integer(rw);
        if (type.scale < 0 || type.scale > 9) rewrite_fail(rw, 30088, NULL, "datetime/interval precision is out of range");
        rewrite_expect(rw, ")");
    }
    if (!rewrite_is(rw, "WITH")) return type;
    rw->at++;
    bool local = rewrite_take(rw, "LOCAL");
    rewrite_expect(rw, "TIME");
    rewrite_expect(rw, "ZONE");
    type.kind = local ? KIND_TIMESTAMP_LTZ : KIND_TIMESTAMP_TZ;
    return type;
}

static struct sql_type interval_type(struct rewriter *rw)
{
    struct sql_type type = {.kind = KIND_INTERVAL_DS, .precision = 2, .scale = 6};
    if (rewrite_take(rw, "YEAR"))
        type.kind = KIND_INTERVAL_YM;
    else
        rewrite_expect(rw, "DAY");
    if (rewrite_take(rw, "(")) {
        type.precision = (uint8_t)take_integer(rw);
        rewrite_expect(rw, ")");
    }
    rewrite_expect(rw, "TO");
    if (type.kind == KIND_INTERVAL_YM) {
        type.scale = 0;
        rewrite_expect(rw, "MONTH");
        return type;
    }
    rewrite_expect(rw, "SECOND");
    if (rewrite_take(rw, "(")) {
        type.scale = (int8_t)take_integer(rw);
        rewrite_expect(rw, ")");
    }
    return type;
}

static struct sql_type float_type(struct rewriter *rw)
{
    struct sql_type type = sql_type_number();
    type.precision = 126;
    if (rewrite_take(rw, "(")) {
        type.precision = (uint8_t)take_integer(rw);
        rewrite_expect(rw, ")");
    }
    type.scale = SCALE_FLOAT;
    return type;
}

/* table.column%TYPE */
static bool anchored_type(struct rewriter *rw, struct sql_type *out)
{
    uint32_t names = 1;
    while (names < 3 && rewrite_is_ahead(rw, names * 2 - 1, ".")) names++;
    if (!rewrite_is_ahead(rw, names * 2 - 1, "%") || !rewrite_is_ahead(rw, names * 2, "TYPE")) return false;
    const char *owner = names == 3 ? rewrite_peek(rw, 0)->text : NULL;
    const char *table = names >= 2 ? rewrite_peek(rw, names * 2 - 4)->text : NULL, *column = rewrite_peek(rw, names * 2 - 2)->text;
    const struct token *at = rewrite_peek(rw, 0);
    rw->at += names * 2 + 1;
    if (!table) {
        for (const struct scope *s = rw->scope; s; s = s->outer) {
            for (uint32_t i = 0; i < s->variable_count; i++) {
                if (strcmp(s->variables[i].name, column) != 0) continue;
                *out = s->variables[i].type;
                return true;
            }
        }
        rewrite_fail(rw, 6550, at, "PLS-00201: identifier '%s' must be declared", column);
        return true;
    }
    const struct dictionary_object *object = dictionary_resolve(rw->dictionary, rw->session->schema, owner, table);
    const struct dictionary_column *found = object ? dictionary_column_find(object, column) : NULL;
    if (!found)
        rewrite_fail(rw, 6550, at, "PLS-00201: identifier '%s.%s' must be declared", table, column);
    else
        *out = found->type;
    return true;
}

struct sql_type sql_type_parse(struct rewriter *rw)
{
    struct sql_type type = sql_type_number();
    const struct token *t = rewrite_peek(rw, 0);
    if ((t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED) && anchored_type(rw, &type)) return type;
    if (t->kind != TOKEN_WORD) {
        rewrite_fail(rw, 902, t, "invalid datatype");
        return type;
    }
    rw->at++;
    static const struct {
        const char *word;
        enum sql_kind kind;
    } plain[] = {{"DATE", KIND_DATE},
                 {"CLOB", KIND_CLOB},
                 {"BLOB", KIND_BLOB},
                 {"BINARY_FLOAT", KIND_BINARY_FLOAT},
                 {"BINARY_DOUBLE", KIND_BINARY_DOUBLE},
                 {"BOOLEAN", KIND_BOOLEAN},
                 {"ROWID", KIND_ROWID},
                 {"SYS_REFCURSOR", KIND_CURSOR}};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strcmp(plain[i].word, t->text) == 0) return sql_type_of(plain[i].kind);
    }
    if (strcmp(t->text, "NUMBER") == 0 || strcmp(t->text, "NUMERIC") == 0 || strcmp(t->text, "DECIMAL") == 0 ||
        strcmp(t->text, "DEC") == 0) {
        type = number_type(rw, false);
        if (strcmp(t->text, "NUMBER") != 0 && type.precision == 0) return number_type(rw, true);
        return type;
    }
    static const char *const integers[] = {"INTEGER",        "INT",     "SMALLINT", "PLS_INTEGER", "BINARY_INTEGER",
                                           "SIMPLE_INTEGER", "NATURAL", "POSITIVE"};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        if (strcmp(integers[i], t->text) == 0) return number_type(rw, true);
    }
    if (strcmp(t->text, "VARCHAR2") == 0 || strcmp(t->text, "VARCHAR") == 0) return text_type(rw, KIND_VARCHAR, false, true);
    if (strcmp(t->text, "NVARCHAR2") == 0) return text_type(rw, KIND_VARCHAR, true, true);
    if (strcmp(t->text, "NCHAR") == 0) return text_type(rw, KIND_CHAR, true, false);
    if (strcmp(t->text, "NCLOB") == 0) return (struct sql_type){.kind = KIND_CLOB, .national = true};
    if (strcmp(t->text, "CHAR") == 0 || strcmp(t->text, "CHARACTER") == 0) {
        bool varying = rewrite_take(rw, "VARYING");
        return text_type(rw, varying ? KIND_VARCHAR : KIND_CHAR, false, varying);
    }
    if (strcmp(t->text, "RAW") == 0) return text_type(rw, KIND_RAW, false, true);
    if (strcmp(t->text, "FLOAT") == 0) return float_type(rw);
    if (strcmp(t->text, "REAL") == 0) return (struct sql_type){.kind = KIND_NUMBER, .precision = 63, .scale = SCALE_FLOAT};
    if (strcmp(t->text, "DOUBLE") == 0) {
        rewrite_expect(rw, "PRECISION");
        return (struct sql_type){.kind = KIND_NUMBER, .precision = 126, .scale = SCALE_FLOAT};
    }
    if (strcmp(t->text, "LONG") == 0) return rewrite_take(rw, "RAW") ? sql_type_of(KIND_BLOB) : sql_type_of(KIND_LONG);
    if (strcmp(t->text, "TIMESTAMP") == 0) return timestamp_type(rw);
    if (strcmp(t->text, "INTERVAL") == 0) return interval_type(rw);
    if (strcmp(t->text, "BFILE") == 0 || strcmp(t->text, "XMLTYPE") == 0 || strcmp(t->text, "JSON") == 0 ||
        strcmp(t->text, "UROWID") == 0) {
        rewrite_refuse(rw, text_format(rw, "the type %s", t->text));
        return type;
    }
    rewrite_fail(rw, 902, t, "invalid datatype");
    return type;
}
