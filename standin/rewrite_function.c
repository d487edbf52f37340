/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: a table of templates for those that only need their arguments converted, and the call of everything else. */
#include "standin/rewrite_function.h"

#include <stdio.h>
#include <stdlib.h>

#define UDF_TEXT(call) "(CONVERT(" call " USING utf8mb4) COLLATE utf8mb4_nopad_bin)"

/*
 * arguments: s text, n number, d time, r raw, a anything, x text or null as it is, c CLOB; the count must match exactly.
 * result: S text as long as the first argument, L text of 4000, N number, D date, T timestamp, Z timestamp with time zone, R raw,
 * C CLOB, B BLOB, 1 the first argument's type, I interval day to second, Y interval year to month, ? condition.
 */
static const struct template
{
    const char *name, *arguments, *text;
    char result;
}
templates[] = {
    {"UPPER", "s", "UPPER($1)", 'S'},
    {"LOWER", "s", "LOWER($1)", 'S'},
    {"NLS_UPPER", "s", "UPPER($1)", 'S'},
    {"NLS_LOWER", "s", "LOWER($1)", 'S'},
    {"INITCAP", "s", UDF_TEXT("ora_initcap($1)"), 'S'},
    {"LENGTH", "s", "CHAR_LENGTH($1)", 'N'},
    {"LENGTHC", "s", "CHAR_LENGTH($1)", 'N'},
    {"LENGTHB", "s", "OCTET_LENGTH($1)", 'N'},
    {"SUBSTR", "sn", "SUBSTR($1, TRUNCATE($2, 0))", 'S'},
    {"SUBSTR", "snn", "SUBSTR($1, TRUNCATE($2, 0), TRUNCATE($3, 0))", 'S'},
    {"INSTR", "ss", "INSTR($1, $2)", 'N'},
    {"INSTR", "ssn", "ora_instr($1, $2, $3, 1)", 'N'},
    {"INSTR", "ssnn", "ora_instr($1, $2, $3, $4)", 'N'},
    {"REPLACE", "ss", "REPLACE($1, $2, NULL)", 'S'},
    {"REPLACE", "sss", "REPLACE($1, $2, $3)", 'L'},
    {"TRANSLATE", "sss", UDF_TEXT("ora_translate($1, $2, $3)"), 'S'},
    {"LTRIM", "s", "LTRIM($1)", 'S'},
    {"RTRIM", "s", "RTRIM($1)", 'S'},
    {"LTRIM", "ss", UDF_TEXT("ora_trim_set($1, $2, 1)"), 'S'},
    {"RTRIM", "ss", UDF_TEXT("ora_trim_set($1, $2, 2)"), 'S'},
    {"LPAD", "sn", "LPAD($1, TRUNCATE($2, 0))", 'L'},
    {"LPAD", "sns", "LPAD($1, TRUNCATE($2, 0), $3)", 'L'},
    {"RPAD", "sn", "RPAD($1, TRUNCATE($2, 0))", 'L'},
    {"RPAD", "sns", "RPAD($1, TRUNCATE($2, 0), $3)", 'L'},
    {"CHR", "n", "(CHR($1) COLLATE utf8mb4_nopad_bin)", 'S'},
    {"ASCII", "s", "ORD($1)", 'N'},
    {"CONCAT", "ss", "($1 || $2)", 'L'},
    {"REVERSE", "s", "REVERSE($1)", 'S'},
    {"TO_CHAR", "s", "$1", 'S'},
    {"TO_NCHAR", "s", "$1", 'S'},
    {"TO_CLOB", "s", "$1", 'C'},
    {"TO_NCLOB", "s", "$1", 'C'},
    {"TO_LOB", "s", "$1", 'C'},
    {"TO_BLOB", "r", "$1", 'B'},
    {"EMPTY_CLOB", "", "_utf8mb4 x'' COLLATE utf8mb4_nopad_bin", 'C'},
    {"EMPTY_BLOB", "", "x''", 'B'},
    {"DBMS_LOB.GETLENGTH", "a", "CHAR_LENGTH($1)", 'N'},
    {"DBMS_LOB.SUBSTR", "an", "SUBSTR($1, 1, $2)", 'L'},
    {"DBMS_LOB.SUBSTR", "ann", "SUBSTR($1, $3, $2)", 'L'},
    {"DBMS_LOB.INSTR", "ss", "INSTR($1, $2)", 'N'},
    {"DBMS_RANDOM.VALUE", "", "CAST(RAND() AS DECIMAL(38,30))", 'N'},
    {"DBMS_RANDOM.VALUE", "nn", "($1 + CAST(RAND() AS DECIMAL(38,30)) * ($2 - $1))", 'N'},
    {"ABS", "n", "ABS($1)", 'N'},
    {"CEIL", "n", "CEIL($1)", 'N'},
    {"FLOOR", "n", "FLOOR($1)", 'N'},
    {"SIGN", "n", "SIGN($1)", 'N'},
    {"MOD", "nn", "IF($2 = 0, $1, MOD($1, $2))", 'N'},
    {"POWER", "nn", "ora_power($1, $2)", 'N'},
    {"SQRT", "n", "ora_power($1, 0.5)", 'N'},
    {"BITAND", "nn", "CAST(CAST($1 AS INT) & CAST($2 AS INT) AS INT)", 'N'},
    {"TO_NUMBER", "a", "$1", '#'},
    {"TO_NUMBER", "ss", "ora_to_number($1, $2)", 'N'},
    {"TO_BINARY_DOUBLE", "n", "CAST($1 AS DOUBLE)", 'E'},
    {"TO_BINARY_FLOAT", "n", "CAST($1 AS FLOAT)", 'F'},
    {"TO_DATE", "ss", "CAST(ora_to_time($1, $2) AS DATETIME)", 'D'},
    {"TO_TIMESTAMP", "ss", "CAST(ora_to_time($1, $2) AS DATETIME(6))", 'T'},
    {"TO_TIMESTAMP_TZ", "ss", "CAST(ora_to_time($1, $2) AS DATETIME(6))", 'Z'},
    {"ADD_MONTHS", "dn", "CAST(ora_add_months($1, $2) AS DATETIME)", 'D'},
    {"MONTHS_BETWEEN", "dd", "ora_months_between($1, $2)", 'N'},
    {"LAST_DAY", "d", "CAST(ora_last_day($1) AS DATETIME)", 'D'},
    {"NEXT_DAY", "ds", "CAST(ora_next_day($1, $2) AS DATETIME)", 'D'},
    {"SYS_EXTRACT_UTC", "d", "$1", 'T'},
    {"SYS_GUID", "", "UNHEX(SYS_GUID())", 'R'},
    {"HEXTORAW", "s", "ora_hex_to_raw($1)", 'R'},
    {"RAWTOHEX", "r", "HEX($1)", 'L'},
    {"UTL_RAW.CAST_TO_RAW", "s", "CAST($1 AS BINARY)", 'R'},
    {"UTL_RAW.CAST_TO_VARCHAR2", "r", UDF_TEXT("$1"), 'L'},
    {"CHARTOROWID", "s", "$1", 'S'},
    {"ROWIDTOCHAR", "s", "$1", 'S'},
    {"ROWIDTONCHAR", "s", "$1", 'S'},
    {"REGEXP_LIKE", "ss", "($1 REGEXP $2)", '?'},
    {"REGEXP_LIKE", "sss", "($1 REGEXP CONCAT('(?', $3, ')', $2))", '?'},
    {"REGEXP_REPLACE", "ss", "REGEXP_REPLACE($1, $2, '')", 'L'},
    {"REGEXP_REPLACE", "sss", "REGEXP_REPLACE($1, $2, $3)", 'L'},
    {"REGEXP_SUBSTR", "ss", "NULLIF(REGEXP_SUBSTR($1, $2), '')", 'S'},
    {"REGEXP_INSTR", "ss", "REGEXP_INSTR($1, $2)", 'N'},
    {"REGEXP_COUNT", "ss", "((CHAR_LENGTH(REGEXP_REPLACE($1, $2, CONCAT('\\0', CHR(1)))) - CHAR_LENGTH($1)))", 'N'},
    {"STANDIN_SCN", "", "ora_scn()", 'N'},
    {"STANDIN_SETTING", "ss", "`SYS`.`ORA_SETTING`($1, $2)", 'L'},
    {"SQLERRM", "n", "SQLERRM", 'L'},
    {"USERENV", "s", "NULL", 'L'},
};

struct sql_type function_result_type(char result, const struct expression *first)
{
    switch (result) {
    case 'S':
        if (first && first->type.kind == KIND_CLOB) return sql_type_of(KIND_CLOB);
        return sql_type_varchar(first && first->type.length ? first->type.length : 4000);
    case 'D': return sql_type_of(KIND_DATE);
    case 'T': return (struct sql_type){.kind = KIND_TIMESTAMP, .scale = 6};
    case 'Z': return (struct sql_type){.kind = KIND_TIMESTAMP_TZ, .scale = 6};
    case 'R': return (struct sql_type){.kind = KIND_RAW, .length = first ? 2000 : 16};
    case 'C': return sql_type_of(KIND_CLOB);
    case 'B': return sql_type_of(KIND_BLOB);
    case 'E': return sql_type_of(KIND_BINARY_DOUBLE);
    case 'F': return sql_type_of(KIND_BINARY_FLOAT);
    case 'I': return (struct sql_type){.kind = KIND_INTERVAL_DS, .precision = 9, .scale = 6};
    case 'Y': return (struct sql_type){.kind = KIND_INTERVAL_YM, .precision = 9};
    case '?': return sql_type_of(KIND_BOOLEAN);
    case '1': return first ? first->type : sql_type_of(KIND_UNKNOWN);
    case 'L': return sql_type_varchar(4000);
    default: return sql_type_number();
    }
}

static const char *argument_as(struct rewriter *rw, const struct expression *e, char how)
{
    switch (how) {
    case 's': return expression_text(rw, e);
    case 'n': return expression_number(rw, e);
    case 'd': return expression_time(rw, e);
    case 'r': return expression_as(rw, e, &(struct sql_type){.kind = KIND_RAW});
    default: return e->text;
    }
}

const char *function_expand(struct rewriter *rw, const char *text, const char *const *arguments)
{
    const char *out = "";
    while (*text) {
        size_t plain = strcspn(text, "$");
        out = text_format(rw, "%s%.*s", out, (int)plain, text);
        text += plain;
        if (*text == '$') {
            out = text_format(rw, "%s%s", out, arguments[text[1] - '1']);
            text += 2;
        }
    }
    return out;
}

static bool function_template(struct rewriter *rw, const char *name, struct expression *arguments, uint32_t count, struct expression *out,
                              bool *known)
{
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++) {
        const struct template *t = &templates[i];
        if (strcmp(t->name, name) != 0) continue;
        *known = true;
        if (strlen(t->arguments) != count) continue;
        const char *texts[8] = {0};
        for (uint32_t k = 0; k < count; k++)
            texts[k] = t->result == '#' ? expression_number(rw, &arguments[k]) : argument_as(rw, &arguments[k], t->arguments[k]);
        *out = expression_of(function_expand(rw, t->text, texts), function_result_type(t->result, count ? &arguments[0] : NULL));
        return true;
    }
    return false;
}

uint32_t function_arguments(struct rewriter *rw, struct expression *out, uint32_t most)
{
    uint32_t count = 0;
    if (rewrite_take(rw, ")")) return 0;
    do {
        if (count == most) {
            rewrite_fail(rw, 939, NULL, "too many arguments for function");
            return 0;
        }
        /* Named notation of stored programs: the order is checked by the caller through `at`. */
        if (rewrite_is_name(rw, 0) && rewrite_is_ahead(rw, 1, "=>")) rewrite_refuse(rw, "named arguments in SQL");
        out[count++] = expression_parse(rw);
    } while (rewrite_take(rw, ","));
    rewrite_expect(rw, ")");
    return count;
}

/* A stored function of the dictionary: OWNER.NAME, NAME, PACKAGE.MEMBER. */
static bool stored_function(struct rewriter *rw, const char *name, struct expression *arguments, uint32_t count, struct expression *out)
{
    char parts[3][130] = {"", "", ""};
    int n = sscanf(name, "%129[^.].%129[^.].%129[^.]", parts[0], parts[1], parts[2]);
    const struct dictionary_object *object = NULL;
    const char *member = NULL;
    if (n == 1) object = dictionary_resolve(rw->dictionary, rw->session->schema, NULL, parts[0]);
    if (n == 1 && !object && rw->member_owner) { /* a sibling in the package being made */
        object = dictionary_find(rw->dictionary, rw->session->schema, rw->member_owner);
        member = parts[0];
    }
    if (n == 2) {
        object = dictionary_resolve(rw->dictionary, rw->session->schema, NULL, parts[0]);
        member = parts[1];
        if (!object || object->kind != OBJECT_PACKAGE) {
            object = dictionary_resolve(rw->dictionary, rw->session->schema, parts[0], parts[1]);
            member = NULL;
        }
    }
    if (n == 3) {
        object = dictionary_resolve(rw->dictionary, rw->session->schema, parts[0], parts[1]);
        member = parts[2];
    }
    if (!object || (object->kind != OBJECT_FUNCTION && object->kind != OBJECT_PACKAGE)) return false;
    rewrite_depends(rw, object);
    const char *text = "";
    struct sql_type result = sql_type_of(KIND_UNKNOWN);
    uint32_t expected = 0;
    for (uint32_t i = 0; i < object->argument_count; i++) {
        const struct dictionary_argument *a = &object->arguments[i];
        if (strcmp(a->member, member ? member : object->name) != 0) continue;
        if (a->position == 0) {
            result = a->type;
            continue;
        }
        if (expected < count) text = text_join(rw, text, ", ", expression_as(rw, &arguments[expected], &a->type));
        expected++;
    }
    if (expected != count)
        rewrite_fail(rw, 6553, NULL, "PLS-306: wrong number or types of arguments in call to '%s'", member ? member : object->name);
    const char *call = member ? text_format(rw, "%s.%s", text_table(rw, object->owner, object->name), text_name(rw, member))
                              : text_table(rw, object->owner, object->name);
    *out = expression_of(text_format(rw, "%s(%s)", call, text), result);
    return true;
}

struct expression function_call(struct rewriter *rw, const struct token *name_token, const char *owner, const char *name)
{
    enum { ARGUMENT_MAX = 100 };
    struct expression out = expression_of("", sql_type_of(KIND_UNKNOWN));
    bool known = false;
    if (!owner && function_aggregate(rw, name_token, &out)) return out;
    rewrite_expect(rw, "(");
    struct expression *arguments = arena_zero(rw->arena, ARGUMENT_MAX * sizeof *arguments);
    uint32_t count = function_arguments(rw, arguments, ARGUMENT_MAX);
    if (rewrite_failed(rw)) return out;
    bool made = stored_function(rw, name, arguments, count, &out) || function_typed(rw, name, arguments, count, &out, &known) ||
                function_template(rw, name, arguments, count, &out, &known);
    if (!made) {
        if (known)
            rewrite_fail(rw, 909, name_token, "invalid number of arguments");
        else
            rewrite_fail(rw, 904, name_token, "\"%s\": invalid identifier", name);
        return out;
    }
    for (uint32_t i = 0; i < count; i++) expression_combine(&out, &arguments[i]);
    out.maybe_null = true;
    out.at = name_token->at;
    expression_group_check(rw, &out);
    return out;
}
