/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: every literal form, binds and what is none, comments, the word list, fingerprints, quick kinds. */
#include "sql/token.h"
#include "sql/translate.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct token first_token(const char *text)
{
    struct lexer lexer = lexer_of(view_text(text));
    return lexer_next(&lexer);
}

static void assert_token(const char *text, enum token_kind kind, const char *wanted)
{
    struct token token = first_token(text);
    assert_int_equal(token.kind, kind);
    assert_int_equal(token.text.size, strlen(wanted));
    assert_memory_equal(token.text.data, wanted, strlen(wanted));
}

static uint32_t bind_count(const char *text)
{
    struct lexer lexer = lexer_of(view_text(text));
    while (lexer_next(&lexer).kind != TOKEN_END) assert_true(lexer.at <= strlen(text));
    return lexer.binds;
}

static void literals(void **state)
{
    (void)state;
    assert_token("'it''s' x", TOKEN_STRING, "it''s");
    assert_token("N'abc'", TOKEN_STRING, "abc");
    assert_token("q'[it's]'", TOKEN_STRING, "it's");
    assert_token("Q'{a}b}'", TOKEN_STRING, "a}b");
    assert_token("nq'!a'b!'", TOKEN_STRING, "a'b");
    assert_token("q'<a>>'", TOKEN_STRING, "a>");
    assert_token("1.5e-3", TOKEN_NUMBER, "1.5e-3");
    assert_token(".5", TOKEN_NUMBER, ".5");
    assert_token("1..2", TOKEN_NUMBER, "1");
    assert_token("5d", TOKEN_NUMBER, "5");
    assert_int_equal(first_token("5d").code, 'D');
    assert_int_equal(first_token("5f").code, 'F');
    assert_token("5days", TOKEN_NUMBER, "5");
    assert_int_equal(first_token("5days").code, 0);
    assert_token("\"Mixed Case\"", TOKEN_QUOTED, "Mixed Case");
    assert_token("a$b#c_1", TOKEN_WORD, "a$b#c_1");
    assert_token("\xC3\xA9t\xC3\xA9 ", TOKEN_WORD, "\xC3\xA9t\xC3\xA9");
}

/* Slots of templates are words or binds; what looks like one in the source's own language is none. */
static void slots(void **state)
{
    (void)state;
    static const char *const slotted[] = {"&a",      "&&a.",   "${a.b}", "a_${b}", "{0}",      "{name}",  "{{ a | b }}",
                                          "t_{x}_y", "%s",     "%d",     "%1$s",   "%(name)s", "t%ss",    "$1",
                                          "$name",   "$name$", "$$if",   "??",     "x&y",      "a_#{b}_c"};
    static const char *const plain[] = {"c%ROWTYPE", "c%isopen", "a$b", "a#b", "a?"};
    for (size_t i = 0; i < sizeof slotted / sizeof *slotted; i++) {
        struct token token = first_token(slotted[i]);
        if (token.kind != TOKEN_WORD || token.form != WORD_WITH_SLOT || token.text.size != strlen(slotted[i])) fail_msg("%s", slotted[i]);
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (first_token(plain[i]).kind != TOKEN_WORD || first_token(plain[i]).form) fail_msg("%s", plain[i]);
    assert_token("#{owner.id,jdbcType=NUMERIC} x", TOKEN_BIND, "owner.id");
    assert_token("#name:VARCHAR#", TOKEN_BIND, "name");
    assert_int_equal(bind_count("a = #{x} and b = #y# and c = :z"), 3);
    assert_int_equal(bind_count("a::text = $1"), 0);
    assert_token("$$it's$$", TOKEN_STRING, "it's");
    assert_token("$q$a $$ b$q$", TOKEN_STRING, "a $$ b");
    assert_token("`a b`", TOKEN_QUOTED, "a b");
    assert_token("q'\xE6\x94\xB9it's\xE6\x94\xB9'", TOKEN_STRING, "it's");
    assert_int_equal(first_token("{d '2024-01-01'}").kind, TOKEN_OPERATOR);
    assert_int_equal(first_token("{2,5}").kind, TOKEN_OPERATOR);
    assert_int_equal(first_token("% 3").code, OPERATOR_PERCENT);
}

static void unended(void **state)
{
    (void)state;
    static const char *const texts[] = {"'abc", "q'[abc", "\"abc", "/* abc", "q'", "''''' ", "\"\"", "n'", "nq'(a"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct lexer lexer = lexer_of(view_text(texts[i]));
        struct token token;
        do token = lexer_next(&lexer);
        while (token.kind != TOKEN_END && token.kind != TOKEN_BAD);
        assert_int_equal(token.kind, TOKEN_BAD);
        struct arena arena;
        uint32_t count, bind_count;
        arena_init(&arena, 0);
        struct token *list = token_list(&arena, view_text(texts[i]), &count, &bind_count);
        assert_int_equal(list[count - 1].kind, TOKEN_END); /* also behind what cannot be read: loops that look for the end find it */
        arena_release(&arena);
    }
}

static void binds(void **state)
{
    (void)state;
    assert_int_equal(bind_count("select :a, :1, ?, :\"B c\", : d from t"), 5);
    assert_int_equal(bind_count("select ':a', q'[:b]', \"x:y\" /* :c */ -- :d\n from t"), 0);
    assert_int_equal(bind_count("begin x := 1; end;"), 0);
    assert_int_equal(bind_count("select '$.a:b' from t where x = :x"), 1);
    assert_token(":name", TOKEN_BIND, "name");
    assert_token("?", TOKEN_BIND, "?");
}

static void operators(void **state)
{
    (void)state;
    static const char *const different[] = {"<>", "!=", "^=", "~=", "< >", "! ="};
    for (size_t i = 0; i < sizeof different / sizeof *different; i++) assert_int_equal(first_token(different[i]).code, OPERATOR_NOT_EQUAL);
    assert_int_equal(first_token("> =").code, OPERATOR_GREATER_EQUAL);
    assert_int_equal(first_token("| |").code, OPERATOR_CONCAT);
    assert_int_equal(first_token("=>").code, OPERATOR_ARROW);
    assert_int_equal(first_token("..").code, OPERATOR_RANGE);
}

static void words_are_sorted(void **state)
{
    (void)state;
    for (int i = 2; i < WORD_COUNT_; i++) assert_true(strcmp(word_text((enum word)(i - 1)), word_text((enum word)i)) < 0);
    for (int i = 1; i < WORD_COUNT_; i++) assert_int_equal(word_find(view_text(word_text((enum word)i))), i);
    assert_int_equal(word_find(view_text("select")), WORD_SELECT);
    assert_int_equal(word_find(view_text("selects")), WORD_NONE);
    assert_true(word_reserved(WORD_SELECT));
    assert_false(word_reserved(WORD_LEFT));
}

static void places(void **state)
{
    (void)state;
    uint32_t line, column;
    token_place(view_text("ab\ncd\n"), 4, &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 2);
}

static void brackets_are_matched(void **state)
{
    (void)state;
    struct arena arena;
    uint32_t count, bind_total;
    arena_init(&arena, 0);
    struct token *list = token_list(&arena, view_text("f(a, (b), c) ) ("), &count, &bind_total);
    assert_int_equal(list[1].value, 9); /* the bracket after f is closed by the last but two */
    assert_int_equal(list[4].value, 6);
    assert_int_equal(list[count - 2].value, 0);
    arena_release(&arena);
}

static void assert_same(const char *a, const char *b)
{
    assert_true(sql_fingerprint(view_text(a)) == sql_fingerprint(view_text(b)));
}
static void assert_other(const char *a, const char *b)
{
    assert_false(sql_fingerprint(view_text(a)) == sql_fingerprint(view_text(b)));
}

static void fingerprints(void **state)
{
    (void)state;
    assert_same("select a from t where id = 1", "SELECT  A\n from T /* x */ where ID=2;");
    assert_same("select 'x' from t", "select q'[yy]' from t -- c");
    assert_same("select :a from t", "select : A from t");
    assert_same("select a from t where b != 1", "select a from t where b <> 1");
    assert_other("select a from t", "select b from t");
    assert_other("select \"a\" from t", "select a from t");
    assert_other("select :a from t", "select :b from t");
    assert_other("select a from t where id in (1, 2)", "select a from t where id in (1, 2, 3)");
    (void)sql_fingerprint(view_of(NULL, 0));
}

static void quick_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sql_kind kind;
    } rows[] = {
        {"select 1 from dual", SQL_SELECT},
        {"/* c */ (select 1 from dual)", SQL_SELECT},
        {"with x as (select 1 from dual) select * from x", SQL_SELECT},
        {"insert into t values (1)", SQL_INSERT},
        {"insert all into t values (1) select 1 from dual", SQL_INSERT_ALL},
        {"--x\nUPDATE t set a = 1", SQL_UPDATE},
        {"delete t", SQL_DELETE},
        {"merge into t using s on (1=1) when matched then update set a = 1", SQL_MERGE},
        {"<<l>> begin null; end;", SQL_PLSQL},
        {"declare x number; begin null; end;", SQL_PLSQL},
        {"call p()", SQL_PLSQL},
        {"commit work", SQL_COMMIT},
        {"rollback", SQL_ROLLBACK},
        {"rollback work to savepoint a", SQL_ROLLBACK_TO},
        {"savepoint a", SQL_SAVEPOINT},
        {"set transaction read only", SQL_SET_TRANSACTION},
        {"lock table t in share mode", SQL_LOCK_TABLE},
        {"alter session set x = 1", SQL_ALTER_SESSION},
        {"alter table t add x number", SQL_DDL},
        {"create table t (a number)", SQL_DDL},
        {"explain plan for select 1 from dual", SQL_EXPLAIN},
        {"truncate table t", SQL_DDL},
        {"", SQL_OTHER},
        {"?", SQL_OTHER},
        {"'", SQL_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) assert_int_equal(sql_kind_quick(view_text(rows[i].text)), rows[i].kind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals),     cmocka_unit_test(slots),
        cmocka_unit_test(unended),      cmocka_unit_test(binds),
        cmocka_unit_test(operators),    cmocka_unit_test(words_are_sorted),
        cmocka_unit_test(places),       cmocka_unit_test(brackets_are_matched),
        cmocka_unit_test(fingerprints), cmocka_unit_test(quick_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
