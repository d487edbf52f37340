/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden translations: tests/golden/sql/NAME.txt holds blocks "source", "=> state class [flags]", target and findings, divided by
 * empty lines. GOLDEN_UPDATE=1 writes what the translator answers now; the difference is then read by a person.
 */
#include "base/buffer.h"
#include "base/memory.h"
#include "sql/function.h"
#include "sql/translate.h"
#include "tests/unit/sql_catalog.h"
#include <dirent.h>
#include <pg_query.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char golden_folder[] = "tests/golden/sql";

static struct sql_options options_for(const struct sql_catalog *catalog)
{
    struct sql_options options;
    sql_options_default(&options);
    options.catalog = catalog;
    options.current_schema = "APP";
    return options;
}

static void judge(const char *text, const char *source)
{
    PgQueryParseResult result = pg_query_parse(text);
    if (result.error) print_error("%s\n%s\n%s\n", source, text, result.error->message);
    assert_null(result.error);
    pg_query_free_parse_result(result);
}

static void describe(struct buffer *out, const struct sql_plan *plan)
{
    buffer_printf(out, "=> %s %s%s%s%s%s%s\n", sql_state_name(plan->state), sql_class_name(plan->class_),
                  plan->volatile_ ? " volatile" : "", plan->ordered ? " ordered" : "", plan->single_row ? " single" : "",
                  plan->key ? " by " : "", plan->key ? plan->key->name : "");
    if (plan->target_text) buffer_printf(out, "%s\n", plan->target_text);
    if (plan->returning_into_text) buffer_printf(out, "into: %s\n", plan->returning_into_text);
    for (uint32_t i = 0; i < plan->finding_count; i++)
        buffer_printf(out, "%s %u:%u %s: %s\n",
                      plan->findings[i].severity == SQL_REFUSAL      ? "refused"
                      : plan->findings[i].severity == SQL_DIFFERENCE ? "differs"
                                                                     : "note",
                      plan->findings[i].line, plan->findings[i].column, plan->findings[i].rule, plan->findings[i].reason);
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    char *text = memory_alloc(*size + 1);
    assert_int_equal(fread(text, 1, *size, file), *size);
    text[*size] = '\0';
    fclose(file);
    return text;
}

/* Every block's source, translated anew. */
static void rebuild(struct buffer *out, const struct sql_options *options, char *text, uint32_t *blocks)
{
    for (char *at = text; *at;) {
        char *end = strstr(at, "\n\n");
        size_t size = end ? (size_t)(end - at) : strlen(at);
        char *block = memory_string_of(at, size);
        at += size;
        while (*at == '\n') at++;
        if (block[0] == '#') { /* a remark */
            buffer_printf(out, "%s\n\n", block);
        } else {
            char *answer = strstr(block, "\n=>");
            if (answer) *answer = '\0';
            for (size_t n = strlen(block); n > 0 && block[n - 1] == '\n'; n--) block[n - 1] = '\0';
            struct sql_plan *plan = sql_translate(options, view_text(block));
            buffer_printf(out, "%s\n", block);
            describe(out, plan);
            buffer_append_text(out, "\n");
            if (plan->target_text && plan->kind != SQL_ALTER_SESSION) judge(plan->target_text, block);
            if (plan->returning_text) judge(plan->returning_text, block);
            if (plan->returning_into_text) judge(plan->returning_into_text, block);
            sql_plan_unref(plan);
            ++*blocks;
        }
        memory_free(block);
    }
}

static void golden_file(const struct sql_options *options, const char *name, uint32_t *blocks)
{
    char path[512];
    size_t size;
    struct buffer out;
    snprintf(path, sizeof path, "%s/%s", golden_folder, name);
    char *text = read_file(path, &size);
    buffer_init(&out, 0);
    rebuild(&out, options, text, blocks);
    bool same = buffer_size(&out) == size && memcmp(buffer_view(&out).data, text, size) == 0;
    if (!same && getenv("GOLDEN_UPDATE")) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(buffer_view(&out).data, 1, buffer_size(&out), file), buffer_size(&out));
        fclose(file);
    } else if (!same) {
        size_t at = 0;
        while (at < size && at < buffer_size(&out) && text[at] == (char)buffer_view(&out).data[at]) at++;
        size_t from = at > 300 ? at - 300 : 0;
        print_error("%s differs at byte %zu:\n--- wanted\n%.600s\n--- got\n%.*s\n", path, at, text + from,
                    (int)(buffer_size(&out) - from > 600 ? 600 : buffer_size(&out) - from), (const char *)buffer_view(&out).data + from);
        fail();
    }
    buffer_release(&out);
    memory_free(text);
}

static void golden(void **state)
{
    (void)state;
    struct sql_catalog *catalog = catalog_of_media();
    struct sql_options options = options_for(catalog);
    DIR *folder = opendir(golden_folder);
    uint32_t blocks = 0;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strstr(entry->d_name, ".txt")) golden_file(&options, entry->d_name, &blocks);
    closedir(folder);
    assert_true(blocks > 100);
    sql_catalog_free(catalog);
}

static void function_tables_are_sorted(void **state)
{
    (void)state;
    struct function_table table;
    for (uint32_t i = 0; function_table_at(i, &table); i++)
        for (uint32_t j = 1; j < table.count; j++)
            if (strcmp(table.rules[j - 1].name, table.rules[j].name) > 0)
                fail_msg("%s stands before %s", table.rules[j - 1].name, table.rules[j].name);
}

/* Texts made to hurt: deep, long, wide, cut. Each must come back as a plan, quickly. */
static char *repeat(const char *head, const char *part, size_t times, const char *tail)
{
    size_t size = strlen(part);
    char *text = memory_alloc(strlen(head) + size * times + strlen(tail) + 1);
    char *at = stpcpy(text, head);
    for (size_t i = 0; i < times; i++, at += size) memcpy(at, part, size);
    memcpy(at, tail, strlen(tail) + 1);
    return text;
}

static void hurtful(void **state)
{
    (void)state;
    struct sql_options options = options_for(NULL);
    const struct {
        const char *head, *part, *tail;
        size_t times;
    } rows[] = {
        {"select ", "(", "1 from dual", 100000},
        {"select ", "-", "1 from dual", 100000},
        {"select 1", "+1", " from dual", 400000},
        {"select 1 from t where a = 1", " or a = 1", "", 100000},
        {"select 1 from t where a in (1", ",1", ")", 500000},
        {"select ", "case when a = 1 then ", "", 40000},
        {"select ", "nvl2(a,", "", 100000},
        {"select * from ", "(select * from ", "t", 60000},
        {"select 1 from dual", " union select 1 from dual", "", 40000},
        {"select ", "not ", " a from t", 200000},
        {"select ", "decode(a, 1, ", "", 60000},
        {"", "'", "", 1000000},
        {"", "\"", "", 999999},
        {"", "/*", "", 500000},
        {"", "begin ", "", 150000},
        {"select a", "||b", " from t", 300000},
        {"select a", ".b", " from t", 300000},
        {"insert into t values (1", ",:x", ")", 300000},
        {"select 1 from a", ", a", "", 300000},
        {"select 1 from a", " join b on 1 = 1", "", 60000},
        {"select 1 from dual where 1 = 1", " and x(+) = 1", "", 70000},
        {"select f(", "f(", "", 300000},
        {"select ", "prior ", "1 from dual connect by 1 = 1", 150000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = repeat(rows[i].head, rows[i].part, rows[i].times, rows[i].tail);
        struct sql_plan *plan = sql_translate(&options, view_of(text, strlen(text)));
        assert_non_null(plan);
        assert_true(plan->finding_count > 0 || plan->target_text || plan->state != SQL_EXACT);
        sql_plan_unref(plan);
        memory_free(text);
    }
}

/* Nested functions whose translation writes an argument twice must not double at every level. */
static void doubling(void **state)
{
    (void)state;
    struct sql_options options = options_for(NULL);
    char *text = repeat("select ", "greatest(1, ", 60, "a");
    char *closed = repeat(text, ")", 60, " from t");
    struct sql_plan *plan = sql_translate(&options, view_text(closed));
    assert_non_null(plan);
    sql_plan_unref(plan);
    memory_free(text);
    memory_free(closed);
}

/* Every prefix of a statement is read without harm. */
static void prefixes(void **state)
{
    (void)state;
    static const char text[] = "with r (n) as (select 1 from dual union all select n + 1 from r where n < :m) select /*+ x */ a.id, "
                               "q'[it's]', case when b.x is null then 'a' else b.y || :1 end, "
                               "max(c) keep (dense_rank last order by d nulls first) over (partition by e rows between 1 preceding and "
                               "unbounded following), extract(year from f), "
                               "cast(g as varchar2(10 char)), interval '1-2' year to month, trim(both 'x' from h) from s.a a, (select * "
                               "from t) b, lateral (select 1 from dual) l "
                               "where a.id = b.id(+) and exists (select 1 from u) and (a, b) in ((1, 2), (3, 4)) and k like '%' escape "
                               "'\\' start with a = 1 connect by nocycle prior a = b "
                               "group by rollup(a, (b, c)), grouping sets ((), a) having count(*) > 1 order by 1 desc nulls last offset 5 "
                               "rows fetch next 10 percent rows with ties for update of a.id wait 5";
    struct sql_options options = options_for(NULL);
    for (size_t i = 0; i < sizeof text; i++) {
        char *copy = memory_string_of(text, i);
        sql_plan_unref(sql_translate(&options, view_of(copy, i)));
        memory_free(copy);
    }
}

static void empty_statement(void **state)
{
    (void)state;
    struct sql_options options = options_for(NULL);
    struct sql_plan *plan = sql_translate(&options, view_of(NULL, 0));
    assert_int_equal(plan->state, SQL_UNPARSED);
    assert_int_equal(plan->finding_count, 1);
    sql_plan_unref(plan);
}

/* Without a catalog. Tables of one name from two schemas: each column keeps its table, though the target cannot name it by its schema. */
static void without_catalog(void **state)
{
    static const char *const rows[][2] = {
        {"select emp.id, hr.emp.id from emp, hr.emp", "SELECT emp.id, q1.id FROM emp, hr.emp AS q1"},
        {"select hr.emp.id from hr.emp where exists (select 1 from emp where hr.emp.id = emp.id)",
         "SELECT emp.id FROM hr.emp WHERE EXISTS (SELECT 1 FROM emp AS q1 WHERE emp.id = q1.id)"},
        {"update emp set a = (select max(b) from hr.emp where hr.emp.id = app.emp.id)",
         "UPDATE emp SET a = (SELECT max(b) FROM hr.emp AS q1 WHERE q1.id = emp.id)"},
        {"select app.emp.id from emp", "SELECT emp.id FROM emp"},
        /* * of tables that are not known */
        {"select * from t order by 2", "SELECT * FROM t ORDER BY 2"},
        {"select * from t where rownum < 4 order by 2", "SELECT * FROM (SELECT * FROM t LIMIT 3) AS q1 ORDER BY 2"},
        {"select a.*, b.c from t a, u b where rownum <= 10 order by a.x",
         "* beside other columns, of a table whose columns are not known, cannot be carried through a subquery"},
    };
    (void)state;
    struct sql_options options;
    sql_options_default(&options);
    options.current_schema = "APP";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sql_plan *plan = sql_translate(&options, view_text(rows[i][0]));
        const char *got = plan->target_text;
        for (uint32_t j = 0; !got && j < plan->finding_count; j++)
            if (plan->findings[j].severity == SQL_REFUSAL) got = plan->findings[j].reason;
        assert_string_equal(got, rows[i][1]);
        sql_plan_unref(plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),          cmocka_unit_test(function_tables_are_sorted),
        cmocka_unit_test(hurtful),         cmocka_unit_test(doubling),
        cmocka_unit_test(prefixes),        cmocka_unit_test(empty_statement),
        cmocka_unit_test(without_catalog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
