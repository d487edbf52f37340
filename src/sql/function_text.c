/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on text. Whatever could be '' on the target is made NULL, so that '' never comes out of an expression. */
#include "sql/build.h"
#include "sql/function.h"
#include "sql/rewrite.h"

static bool is_positive(const struct expression *e)
{
    int64_t value;
    return literal_integer(e, &value) && value > 0;
}

static struct expression *rewrite_substr(struct translation *t, struct expression *e)
{
    struct expression *text = as_text(t, e->arguments[0]), *from = e->arguments[1],
                      *length = e->argument_count > 2 ? e->arguments[2] : NULL;
    int64_t start = 0;
    if (!is_positive(from) || (length && !is_positive(length))) {
        struct expression *a = as_number(t, from), *b = length ? as_numeric(t, length) : NULL;
        return b ? BUILD_CALL(t, e->at, e->typing, "@substr(\1, \2, \3)", text, a, b)
                 : BUILD_CALL(t, e->at, e->typing, "@substr(\1, \2)", text, a);
    }
    literal_integer(from, &start);
    from = build_number(t, from->at, start);
    if (!length) return start == 1 ? text : BUILD_CALL(t, e->at, e->typing, "nullif(substr(\1, \2), '')", text, from);
    int64_t size = 0;
    literal_integer(length, &size);
    length = build_number(t, length->at, size > 2000000000 ? 2000000000 : size);
    if (start == 1 && !type_is_lob(e->typing.type)) {
        struct typing typing = e->typing;
        typing.nullable = text->typing.nullable;
        return BUILD_CALL(t, e->at, typing, "substr(\1, \2, \3)", text, from, length);
    }
    return BUILD_CALL(t, e->at, e->typing, "nullif(substr(\1, \2, \3), '')", text, from, length);
}

static struct expression *rewrite_instr(struct translation *t, struct expression *e)
{
    struct expression *text = as_text(t, e->arguments[0]), *part = as_text(t, e->arguments[1]);
    if (e->argument_count == 2) return BUILD_CALL(t, e->at, e->typing, "strpos(\1, \2)", text, part);
    struct expression *from = as_number(t, e->arguments[2]);
    struct typing typing = e->typing;
    if (e->argument_count == 3) return BUILD_CALL(t, e->at, typing, "@instr(\1, \2, \3)", text, part, from);
    return BUILD_CALL(t, e->at, typing, "@instr(\1, \2, \3, \4)", text, part, from, as_number(t, e->arguments[3]));
}

static struct expression *rewrite_replace(struct translation *t, struct expression *e)
{
    struct expression *text = as_text(t, e->arguments[0]), *part = e->arguments[1];
    if (is_null_literal(part)) return text;
    bool sure = part->kind != EXPRESSION_BIND && !part->typing.nullable;
    part = as_text(t, part);
    struct expression *with =
        e->argument_count > 2 ? as_readable(t, e->arguments[2]) : build_text(t, e->at, e->typing, PRECEDENCE_PRIMARY, "''");
    if (sure) return BUILD_CALL(t, e->at, e->typing, "nullif(replace(\1, \2, \3), '')", text, part, with);
    return BUILD_CALL(t, e->at, e->typing, "@replace(\1, \2, \3)", text, part, with);
}

static struct expression *rewrite_trim(struct translation *t, struct expression *e)
{
    struct expression *text = as_text(t, e->arguments[0]);
    struct view side = e->call->option;
    const char *one = "nullif(btrim(\1), '')", *two = "nullif(btrim(\1, \2), '')";
    if (view_equal(side, view_text("LEADING"))) one = "nullif(ltrim(\1), '')", two = "nullif(ltrim(\1, \2), '')";
    if (view_equal(side, view_text("TRAILING"))) one = "nullif(rtrim(\1), '')", two = "nullif(rtrim(\1, \2), '')";
    if (e->argument_count == 1) return BUILD_CALL(t, e->at, e->typing, one, text);
    return BUILD_CALL(t, e->at, e->typing, two, text, as_text(t, e->arguments[1]));
}

static struct expression *rewrite_concat_call(struct translation *t, struct expression *e)
{
    struct expression *concat = build_expression(t, EXPRESSION_CONCAT, e->at, e->typing);
    concat->rewritten = false;
    concat->typing.nullable = e->arguments[0]->typing.nullable && e->arguments[1]->typing.nullable;
    for (uint32_t i = 0; i < e->argument_count; i++) build_add(t, concat, e->arguments[i]);
    rewrite_expression(t, &concat);
    return concat;
}

static struct expression *rewrite_chr(struct translation *t, struct expression *e)
{
    int64_t code;
    if (literal_integer(e->arguments[0], &code) && code > 0 && code < 128)
        return BUILD_CALL(t, e->at, e->typing, "chr(\1)", build_number(t, e->at, code));
    return BUILD_CALL(t, e->at, e->typing, "@chr(\1)", as_number(t, e->arguments[0]));
}

/* The key of NLS_SORT = BINARY: the bytes and a zero. */
static struct expression *rewrite_nlssort(struct translation *t, struct expression *e)
{
    const struct expression *how = e->argument_count > 1 ? e->arguments[1] : NULL;
    bool binary = !how;
    if (how && how->kind == EXPRESSION_STRING) {
        struct view word = view_trim(how->text);
        const uint8_t *equal = memchr(word.data ? (const void *)word.data : "", '=', word.size);
        if (equal) word = view_trim(view_of(equal + 1, word.size - (size_t)(equal + 1 - word.data)));
        binary = equal && view_equal_ignoring_case(word, view_text("BINARY"));
    }
    if (binary) return BUILD_CALL(t, e->at, e->typing, "convert_to(\1, 'UTF8') || '\\x00'::bytea", as_text(t, e->arguments[0]));
    finding_refuse(t, e->at, "NLSSORT", "linguistic sort keys differ between the two", "sort by a collation in the mapping file");
    return e;
}

static struct expression *rewrite_upper(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    const char *name = e->rule->name;
    const char *how = strstr(name, "UPPER") ? "upper(\1)" : strstr(name, "LOWER") ? "lower(\1)" : "initcap(\1)";
    struct typing typing = e->typing;
    if (type_is_fixed(a->typing.type) &&
        a->typing.target == TARGET_BPCHAR) { /* stays CHAR: blanks do not count when it is compared with a literal */
        typing = a->typing;
        typing.target = TARGET_TEXT;
    }
    typing.nullable = a->typing.nullable;
    return BUILD_CALL(t, e->at, typing, how, as_text(t, a));
}

static struct expression *rewrite_length(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    if (type_is_bytes(a->typing.type)) return BUILD_CALL(t, e->at, e->typing, "octet_length(\1)", a);
    return BUILD_CALL(t, e->at, e->typing, "length(\1)", as_text(t, a));
}

static struct expression *rewrite_translate(struct translation *t, struct expression *e)
{
    if (e->call->option.size) return as_text(t, e->arguments[0]); /* TRANSLATE(x USING NCHAR_CS) */
    if (e->argument_count != 3) {
        finding_refuse(t, e->at, "function", "TRANSLATE takes three arguments", "check the call");
        return e;
    }
    return BUILD_CALL(t, e->at, e->typing, "nullif(translate(\1, \2, \3), '')", as_text(t, e->arguments[0]), as_text(t, e->arguments[1]),
                      as_text(t, e->arguments[2]));
}

static struct expression *rewrite_as_text(struct translation *t, struct expression *e)
{
    return as_text(t, e->arguments[0]);
}

/* Text as the bytes of a character set, and back. */
static struct expression *rewrite_in_character_set(struct translation *t, struct expression *e)
{
    struct expression *set = e->arguments[1];
    bool from = view_equal(view_text(e->rule->name), view_text("UTL_I18N.RAW_TO_CHAR"));
    if (set->kind != EXPRESSION_STRING || !view_equal_ignoring_case(set->text, view_text("AL32UTF8"))) {
        finding_refuse(t, e->at, e->rule->name, "a character set other than AL32UTF8 is not translated", "use 'AL32UTF8'");
        return e;
    }
    return from ? BUILD_CALL(t, e->at, e->typing, "convert_from(\1, 'UTF8')", as_bytes(t, e->arguments[0]))
                : BUILD_CALL(t, e->at, e->typing, "convert_to(\1, 'UTF8')", as_text(t, e->arguments[0]));
}

/* The parts that are not NULL, one behind the other. */
static struct expression *rewrite_raw_concat(struct translation *t, struct expression *e)
{
    struct expression *made = NULL;
    struct typing typing = e->typing;
    for (uint32_t i = 0; i < e->argument_count; i++) {
        struct expression *part = BUILD_CALL(t, e->at, typing, "coalesce(\1, ''::bytea)", e->arguments[i]);
        made = made ? BUILD_TEMPLATE(t, e->at, typing, PRECEDENCE_OTHER, "\1 || \2", made, part) : part;
    }
    typing.nullable = true;
    return BUILD_CALL(t, e->at, typing, "nullif(\1, ''::bytea)", made);
}

static struct expression *rewrite_lob_length(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    return BUILD_CALL(t, e->at, e->typing, type_is_bytes(a->typing.type) ? "octet_length(\1)" : "length(\1)",
                      type_is_bytes(a->typing.type) ? a : as_text(t, a));
}

/* DBMS_LOB.SUBSTR(lob, amount, offset): the arguments stand the other way round. */
static struct expression *rewrite_lob_substr(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    bool bytes = type_is_bytes(a->typing.type);
    struct expression *amount = e->argument_count > 1 ? as_integer(t, e->arguments[1]) : build_number(t, e->at, 32767);
    struct expression *offset = e->argument_count > 2 ? as_integer(t, e->arguments[2]) : build_number(t, e->at, 1);
    struct typing typing = typing_of(bytes ? SQL_RAW : SQL_VARCHAR, bytes ? TARGET_BYTES : TARGET_TEXT);
    return BUILD_CALL(t, e->at, typing, bytes ? "nullif(substr(\1, \3, \2), ''::bytea)" : "nullif(substr(\1, \3, \2), '')",
                      bytes ? a : as_text(t, a), amount, offset);
}

/* Text is taken by its bytes, not as hex digits. */
static struct expression *rewrite_rawtohex(struct translation *t, struct expression *e)
{
    struct expression *a = e->arguments[0];
    if (type_is_text(a->typing.type)) return BUILD_CALL(t, e->at, e->typing, "upper(encode(convert_to(\1, 'UTF8'), 'hex'))", as_text(t, a));
    return BUILD_CALL(t, e->at, e->typing, "upper(encode(\1, 'hex'))", as_bytes(t, a));
}

#define TEXT FUNCTION_STRICT
const struct function_rule functions_text[] = {
    {"ASCII", 1, 1, SQL_EXACT, TEXT, GIVES_NUMBER, "t", "@ascii(\1)"},
    {"ASCIISTR", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT, "t", "@asciistr(\1)"},
    {"CHR", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT, "a", NULL, rewrite_chr},
    {"CONCAT", 2, 2, SQL_EXACT, 0, GIVES_TEXT, "a", NULL, rewrite_concat_call},
    {"DBMS_LOB.GETLENGTH", 1, 1, SQL_EXACT, TEXT, GIVES_INTEGER, "a", NULL, rewrite_lob_length},
    {"DBMS_LOB.INSTR", 2, 4, SQL_EXACT, TEXT, GIVES_NUMBER, "a", NULL, rewrite_instr},
    {"DBMS_LOB.SUBSTR", 1, 3, SQL_EXACT, 0, GIVES_TEXT, "a", NULL, rewrite_lob_substr},
    {"HEXTORAW", 1, 1, SQL_EXACT, TEXT, GIVES_BYTES, "t", "@hextoraw(\1)"},
    {"INITCAP", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT_OF_FIRST, "a", NULL, rewrite_upper},
    {"INSTR", 2, 4, SQL_EXACT, TEXT, GIVES_NUMBER, "a", NULL, rewrite_instr},
    {"INSTRB", 2, 2, SQL_EXACT, TEXT, GIVES_NUMBER, "tt", "@instrb(\1, \2)"},
    {"INSTRB", 3, 3, SQL_EXACT, TEXT, GIVES_NUMBER, "ttm", "@instrb(\1, \2, \3)"},
    {"INSTRB", 4, 4, SQL_EXACT, TEXT, GIVES_NUMBER, "ttmm", "@instrb(\1, \2, \3, \4)"},
    {"LENGTH", 1, 1, SQL_EXACT, TEXT, GIVES_INTEGER, "a", NULL, rewrite_length},
    {"LENGTH2", 1, 1, SQL_EXACT, TEXT, GIVES_INTEGER, "t", "length(\1)"},
    {"LENGTH4", 1, 1, SQL_EXACT, TEXT, GIVES_INTEGER, "t", "length(\1)"},
    {"LENGTHB", 1, 1, SQL_EXACT, TEXT, GIVES_INTEGER, "t", "octet_length(\1)"},
    {"LENGTHC", 1, 1, SQL_EXACT, TEXT, GIVES_INTEGER, "t", "length(\1)"},
    {"LOWER", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT_OF_FIRST, "a", NULL, rewrite_upper},
    {"LPAD", 2, 2, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "tm", "@lpad(\1, \2)"},
    {"LPAD", 3, 3, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "tmt", "@lpad(\1, \2, \3)"},
    {"LTRIM", 1, 1, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "t", "nullif(ltrim(\1), '')"},
    {"LTRIM", 2, 2, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "tt", "nullif(ltrim(\1, \2), '')"},
    {"NLSSORT", 1, 2, SQL_EXACT, TEXT, GIVES_BYTES, "a", NULL, rewrite_nlssort},
    {"NLS_INITCAP", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT_OF_FIRST, "a", NULL, rewrite_upper},
    {"NLS_LOWER", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT_OF_FIRST, "a", NULL, rewrite_upper},
    {"NLS_UPPER", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT_OF_FIRST, "a", NULL, rewrite_upper},
    {"RAWTOHEX", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT, "a", NULL, rewrite_rawtohex},
    {"REGEXP_COUNT", 2, 2, SQL_EXACT, TEXT, GIVES_NUMBER, "tt", "@regexp_count(\1, \2)"},
    {"REGEXP_COUNT", 3, 3, SQL_EXACT, TEXT, GIVES_NUMBER, "ttm", "@regexp_count(\1, \2, \3)"},
    {"REGEXP_COUNT", 4, 4, SQL_EXACT, TEXT, GIVES_NUMBER, "ttmt", "@regexp_count(\1, \2, \3, \4)"},
    {"REGEXP_INSTR", 2, 2, SQL_EXACT, TEXT, GIVES_NUMBER, "tt", "@regexp_instr(\1, \2)"},
    {"REGEXP_INSTR", 3, 3, SQL_EXACT, TEXT, GIVES_NUMBER, "ttm", "@regexp_instr(\1, \2, \3)"},
    {"REGEXP_INSTR", 4, 4, SQL_EXACT, TEXT, GIVES_NUMBER, "ttmm", "@regexp_instr(\1, \2, \3, \4)"},
    {"REGEXP_INSTR", 5, 5, SQL_EXACT, TEXT, GIVES_NUMBER, "ttmmm", "@regexp_instr(\1, \2, \3, \4, \5)"},
    {"REGEXP_INSTR", 6, 6, SQL_EXACT, TEXT, GIVES_NUMBER, "ttmmmt", "@regexp_instr(\1, \2, \3, \4, \5, \6)"},
    {"REGEXP_INSTR", 7, 7, SQL_EXACT, TEXT, GIVES_NUMBER, "ttmmmtm", "@regexp_instr(\1, \2, \3, \4, \5, \6, \7)"},
    {"REGEXP_LIKE", 2, 2, SQL_EXACT, 0, GIVES_BOOLEAN, "tt", "@regexp_like(\1, \2)"},
    {"REGEXP_LIKE", 3, 3, SQL_EXACT, 0, GIVES_BOOLEAN, "ttt", "@regexp_like(\1, \2, \3)"},
    {"REGEXP_REPLACE", 2, 2, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "tt", "@regexp_replace(\1, \2)"},
    {"REGEXP_REPLACE", 3, 3, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "ttt", "@regexp_replace(\1, \2, \3)"},
    {"REGEXP_REPLACE", 4, 4, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "tttm", "@regexp_replace(\1, \2, \3, \4)"},
    {"REGEXP_REPLACE", 5, 5, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "tttmm", "@regexp_replace(\1, \2, \3, \4, \5)"},
    {"REGEXP_REPLACE", 6, 6, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "tttmmt", "@regexp_replace(\1, \2, \3, \4, \5, \6)"},
    {"REGEXP_SUBSTR", 2, 2, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "tt", "@regexp_substr(\1, \2)"},
    {"REGEXP_SUBSTR", 3, 3, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "ttm", "@regexp_substr(\1, \2, \3)"},
    {"REGEXP_SUBSTR", 4, 4, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "ttmm", "@regexp_substr(\1, \2, \3, \4)"},
    {"REGEXP_SUBSTR", 5, 5, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "ttmmt", "@regexp_substr(\1, \2, \3, \4, \5)"},
    {"REGEXP_SUBSTR", 6, 6, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "ttmmtm", "@regexp_substr(\1, \2, \3, \4, \5, \6)"},
    {"REPLACE", 2, 3, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "a", NULL, rewrite_replace},
    {"REVERSE", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT, "t", "reverse(\1)"},
    {"RPAD", 2, 2, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "tm", "@rpad(\1, \2)"},
    {"RPAD", 3, 3, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "tmt", "@rpad(\1, \2, \3)"},
    {"RTRIM", 1, 1, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "t", "nullif(rtrim(\1), '')"},
    {"RTRIM", 2, 2, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "tt", "nullif(rtrim(\1, \2), '')"},
    {"SOUNDEX", 1, 1, SQL_EXACT, 0, GIVES_TEXT, "t", "@soundex(\1)"},
    {"SUBSTR", 2, 3, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "a", NULL, rewrite_substr},
    {"SUBSTRB", 2, 2, SQL_EXACT, 0, GIVES_TEXT, "tm", "@substrb(\1, \2)"},
    {"SUBSTRB", 3, 3, SQL_EXACT, 0, GIVES_TEXT, "tmm", "@substrb(\1, \2, \3)"},
    {"SUBSTRC", 2, 3, SQL_EXACT, 0, GIVES_TEXT, "a", NULL, rewrite_substr},
    {"TO_BLOB", 1, 1, SQL_EXACT, TEXT, GIVES_BLOB, "b", "\1"},
    {"TO_CLOB", 1, 1, SQL_EXACT, 0, GIVES_CLOB, "a", NULL, rewrite_as_text},
    {"TO_LOB", 1, 1, SQL_EXACT, 0, GIVES_CLOB, "a", NULL, rewrite_as_text},
    {"TO_NCLOB", 1, 1, SQL_EXACT, 0, GIVES_CLOB, "a", NULL, rewrite_as_text},
    {"TRANSLATE", 1, 3, SQL_EXACT, 0, GIVES_TEXT, "a", NULL, rewrite_translate},
    {"TRIM", 1, 2, SQL_EXACT, 0, GIVES_TEXT_OF_FIRST, "a", NULL, rewrite_trim},
    {"UNISTR", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT, "t", "@unistr(\1)"},
    {"UPPER", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT_OF_FIRST, "a", NULL, rewrite_upper},
    {"UTL_I18N.RAW_TO_CHAR", 2, 2, SQL_EXACT, TEXT, GIVES_TEXT, "a", NULL, rewrite_in_character_set},
    {"UTL_I18N.STRING_TO_RAW", 2, 2, SQL_EXACT, TEXT, GIVES_BYTES, "a", NULL, rewrite_in_character_set},
    {"UTL_RAW.BIT_COMPLEMENT", 1, 1, SQL_EXACT, TEXT, GIVES_BYTES, "b", "@bit_complement(\1)"},
    {"UTL_RAW.CAST_TO_RAW", 1, 1, SQL_EXACT, TEXT, GIVES_BYTES, "t", "convert_to(\1, 'UTF8')"},
    {"UTL_RAW.CAST_TO_VARCHAR2", 1, 1, SQL_EXACT, TEXT, GIVES_TEXT, "b", "convert_from(\1, 'UTF8')"},
    {"UTL_RAW.CONCAT", 2, 12, SQL_EXACT, 0, GIVES_BYTES, "b", NULL, rewrite_raw_concat},
    {"UTL_RAW.LENGTH", 1, 1, SQL_EXACT, TEXT, GIVES_INTEGER, "b", "octet_length(\1)"},
    {"UTL_RAW.REVERSE", 1, 1, SQL_EXACT, TEXT, GIVES_BYTES, "b", "@raw_reverse(\1)"},
    {"UTL_RAW.SUBSTR", 2, 2, SQL_EXACT, TEXT, GIVES_BYTES, "bn", "@raw_substr(\1, \2)"},
    {"UTL_RAW.SUBSTR", 3, 3, SQL_EXACT, 0, GIVES_BYTES, "bnn", "@raw_substr(\1, \2, \3)"},
};
const uint32_t functions_text_count = sizeof functions_text / sizeof *functions_text;
