/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of statements: one entry a text and schema, overrides that take effect at once, their file, measured windows, limits, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/thread.h"
#include "engine/statement.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct engine engine;
static struct sql_catalog *catalog;

static int start(void **state)
{
    (void)state;
    catalog = sql_catalog_new();
    struct sql_table *table = sql_catalog_add_table(catalog, "APP", "T");
    sql_catalog_add_column(table, &(struct sql_column){.name = "ID", .type = SQL_INTEGER, .precision = 9, .target_type = 20});
    sql_catalog_add_column(table,
                           &(struct sql_column){.name = "V", .type = SQL_VARCHAR, .length = 40, .nullable = true, .target_type = 1043});
    sql_catalog_add_key(table, &(struct sql_key){.name = "T_PK", .primary = true, .columns = {0}, .column_count = 1});
    sql_catalog_freeze(catalog, 1);
    return 0;
}
static int stop(void **state)
{
    (void)state;
    sql_catalog_free(catalog);
    return 0;
}
static struct engine_statements *fresh(uint32_t limit)
{
    memset(&engine, 0, sizeof engine);
    atomic_store(&engine.catalog, catalog);
    return engine.statements = statements_new(&engine, limit);
}
static struct statement *of(struct statement_cache *cache, const char *text)
{
    return statement_of(cache, view_text(text), "APP");
}

static void one_entry_for_a_text_and_schema(void **state)
{
    (void)state;
    struct engine_statements *statements = fresh(3);
    struct statement_cache *a = statement_cache_new(statements), *b = statement_cache_new(statements);
    struct statement *one = of(a, "SELECT v FROM t WHERE id = 1");
    assert_non_null(one);
    assert_ptr_equal(of(b, "SELECT v FROM t WHERE id = 1"), one);
    assert_ptr_equal(of(a, "SELECT v FROM t WHERE id = 1"), one);
    struct statement *two = of(a, "select V from T where ID = 2");
    assert_ptr_not_equal(two, one);
    assert_ptr_equal(two->fingerprint, one->fingerprint);
    assert_true(two->number != one->number);
    struct statement *other = statement_of(a, view_text("SELECT v FROM t WHERE id = 1"), "OTHER");
    assert_ptr_not_equal(other, one);
    assert_int_equal(statement_plan(one)->state, SQL_EXACT);
    assert_null(of(a, "SELECT id FROM t")); /* the limit: not registered */
    assert_null(of(b, "SELECT id FROM t"));
    assert_ptr_equal(of(b, "select V from T where ID = 2"), two);
    statement_cache_free(a);
    statement_cache_free(b);
    statements_free(statements);
}

static void overrides_take_effect_and_go_again(void **state)
{
    (void)state;
    struct engine_statements *statements = fresh(1000);
    struct statement_cache *cache = statement_cache_new(statements);
    struct error error = {0};
    struct statement *one = of(cache, "SELECT v FROM t WHERE id = 1"), *two = of(cache, "SELECT v FROM t WHERE id = 2");
    const struct sql_plan *before = statement_plan(one);
    uint64_t generation = atomic_load(&one->fingerprint->generation);
    atomic_store(&one->fingerprint->comparable, 10);
    atomic_store(&one->fingerprint->divergent, 2);
    fingerprint_demote(statements, one->fingerprint, "it differs");
    assert_true(atomic_load(&one->fingerprint->demoted));
    assert_string_equal(one->fingerprint->demoted_reason, "it differs");
    struct statement_override o = {.fingerprint = one->fingerprint->id, .target_text = "SELECT 'all'", .author = "me", .reason = "why"};
    if (!statements_override_add(statements, &o, &error)) fail_msg("%s", error.text);
    assert_ptr_not_equal(statement_plan(one), before);
    assert_true(statement_plan(one)->overridden);
    assert_string_equal(statement_plan(one)->target_text, "SELECT 'all'");
    assert_true(statement_plan(two)->overridden);
    assert_true(statement_plan(of(cache, "SELECT v FROM t WHERE id = 3"))->overridden);
    assert_true(statement_plan(one)->generation != before->generation);
    assert_int_equal(atomic_load(&one->fingerprint->generation), generation + 1);
    assert_int_equal(atomic_load(&one->fingerprint->comparable), 0);
    assert_int_equal(atomic_load(&one->fingerprint->retired_divergent), 2);
    assert_false(atomic_load(&one->fingerprint->demoted));
    /* An exact text wins over its fingerprint. */
    struct statement_override exact = {.source_text = "SELECT v FROM t WHERE id = 2", .target_text = "SELECT 'two'"};
    assert_true(statements_override_add(statements, &exact, &error));
    assert_string_equal(statement_plan(two)->target_text, "SELECT 'two'");
    assert_string_equal(statement_plan(one)->target_text, "SELECT 'all'");
    assert_string_equal(statement_plan(one)->source_text, "SELECT v FROM t WHERE id = 1");
    assert_true(statements_override_remove(statements, one->fingerprint->id, &error));
    assert_false(statement_plan(one)->overridden);
    assert_false(statement_plan(two)->overridden);
    assert_false(statements_override_remove(statements, one->fingerprint->id, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    struct statement_override bad = {.fingerprint = 5};
    assert_false(statements_override_add(statements, &bad, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    statement_cache_free(cache);
    statements_free(statements);
}

static void count(void *context, const struct statement_override *override)
{
    (void) override;
    ++*(int *)context;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void the_file_is_read_and_written(void **state)
{
    (void)state;
    struct engine_statements *statements = fresh(1000);
    struct statement_cache *cache = statement_cache_new(statements);
    struct error error = {0};
    char name[64];
    int overrides = 0;
    snprintf(name, sizeof name, "/tmp/understudy-overrides-%d.json", (int)getpid());
    struct statement *one = of(cache, "SELECT v FROM t WHERE id = 1"), *delete = of(cache, "DELETE FROM t WHERE v = :1");
    struct statement_override o = {.source_text = "DELETE FROM t WHERE v = :1",
                                   .target_text = "SELECT \"quoted\"\n, 'ü'",
                                   .bind_order = "1",
                                   .tables = "APP.T",
                                   .author = "a",
                                   .reason = "r",
                                   .time_us = 5};
    assert_true(statements_override_add(statements, &o, &error));
    if (!statements_overrides_save(statements, name, &error)) fail_msg("%s", error.text);
    assert_true(statements_override_remove(statements, delete->fingerprint->id, &error));
    assert_false(statement_plan(delete)->overridden);
    const struct sql_plan *plan = statement_plan(one);
    if (!statements_overrides_load(statements, name, &error)) fail_msg("%s", error.text);
    assert_string_equal(statement_plan(delete)->target_text, o.target_text);
    assert_ptr_equal(statement_plan(one), plan); /* what did not change is not translated again */
    statements_each_override(statements, count, &overrides);
    assert_int_equal(overrides, 1);
    /* A file that is wrong changes nothing. */
    static const char *const wrong[] = {"[",
                                        "{}",
                                        "[1]",
                                        "[{\"target\":\"SELECT 1\"}]",
                                        "[{\"fingerprint\":\"xyz\",\"target\":\"SELECT 1\"}]",
                                        "[{\"fingerprint\":\"1\"}]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_file(name, wrong[i]);
        assert_false(statements_overrides_load(statements, name, &error));
        assert_int_equal(error.code, ERROR_CONFIG);
        assert_true(statement_plan(delete)->overridden);
    }
    /* null is jansson's business, not the JSON writer's of the same name. */
    write_file(name, "[{\"fingerprint\":\"00000000000000ff\",\"target\":\"SELECT 1\",\"source\":null,\"time_us\":1.5}]");
    if (!statements_overrides_load(statements, name, &error)) fail_msg("%s", error.text);
    assert_false(statement_plan(delete)->overridden);
    unlink(name);
    assert_false(statements_overrides_load(statements, name, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    statement_cache_free(cache);
    statements_free(statements);
}

static void a_new_catalog_makes_new_plans(void **state)
{
    (void)state;
    struct engine_statements *statements = fresh(1000);
    atomic_store(&engine.catalog, NULL);
    struct statement_cache *cache = statement_cache_new(statements);
    struct statement *one = of(cache, "DELETE FROM t WHERE id = :1");
    assert_null(statement_plan(one)->key);
    atomic_store(&engine.catalog, catalog);
    statements_retranslate(statements);
    assert_non_null(statement_plan(one)->key);
    statement_cache_free(cache);
    statements_free(statements);
}

static void what_the_source_described_is_kept(void **state)
{
    (void)state;
    struct engine_statements *statements = fresh(1000);
    struct statement_cache *cache = statement_cache_new(statements);
    struct statement *one = of(cache, "SELECT v FROM t");
    char text[] = "V", other[] = "W";
    struct wire_column columns[] = {{.oac = {.type = WIRE_TYPE_VARCHAR, .size_max = 40}, .name = text}};
    statement_set_describe(one, columns, 1);
    const struct statement_describe *first = atomic_load(&one->describe);
    statement_set_describe(one, columns, 1);
    assert_ptr_equal(atomic_load(&one->describe), first);
    columns[0].name = other;
    statement_set_describe(one, columns, 1);
    assert_ptr_not_equal(atomic_load(&one->describe), first);
    assert_string_equal(atomic_load(&one->describe)->columns[0].name, "W");
    assert_string_equal(first->columns[0].name, "V"); /* somebody may still read it */
    statement_cache_free(cache);
    statements_free(statements);
}

enum { THREADS = 4, TEXTS = 300 };
static struct statement *found[THREADS][TEXTS];
struct looker {
    struct engine_statements *statements;
    int number;
};
static void look(void *context)
{
    struct looker *looker = context;
    struct statement_cache *cache = statement_cache_new(looker->statements);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < TEXTS; i++) {
            char text[80];
            snprintf(text, sizeof text, "SELECT v AS c%d FROM t WHERE id = :1", i);
            struct statement *s = statement_of(cache, view_text(text), "APP");
            if (found[looker->number][i] && found[looker->number][i] != s) abort();
            found[looker->number][i] = s;
        }
    statement_cache_free(cache);
}

static void threads_find_the_same(void **state)
{
    (void)state;
    struct engine_statements *statements = fresh(10000);
    struct looker lookers[THREADS];
    struct thread *threads[THREADS];
    struct error error = {0};
    for (int i = 0; i < THREADS; i++) {
        lookers[i] = (struct looker){statements, i};
        threads[i] = thread_start("look", look, &lookers[i], &error);
        assert_non_null(threads[i]);
    }
    struct statement_override o = {.source_text = "SELECT v AS c7 FROM t WHERE id = :1", .target_text = "SELECT 7"};
    for (int i = 0; i < 20; i++) assert_true(statements_override_add(statements, &o, &error));
    for (int i = 0; i < THREADS; i++) thread_join(threads[i]);
    for (int i = 0; i < TEXTS; i++)
        for (int t = 1; t < THREADS; t++) assert_ptr_equal(found[t][i], found[0][i]);
    assert_string_equal(statement_plan(found[0][7])->target_text, "SELECT 7");
    statements_free(statements);
}

static void quantiles_stand_within_their_bucket(void **state)
{
    (void)state;
    struct histogram *h = memory_zero(1, sizeof *h);
    struct histogram_copy before = {0}, after = {0};
    assert_int_equal(histogram_quantile(h, 0.5, NULL), 0);
    for (uint64_t us = 1; us <= 10000; us++) histogram_add(h, us);
    uint64_t half = histogram_quantile(h, 0.5, NULL), most = histogram_quantile(h, 0.99, NULL);
    assert_true(half >= 5000 && half <= 5000 * 9 / 8);
    assert_true(most >= 9900 && most <= 9900 * 9 / 8);
    histogram_sum(h, &before);
    for (int i = 0; i < 100; i++) histogram_add(h, 1000000);
    histogram_sum(h, &after);
    uint64_t count_between;
    uint64_t q = histogram_quantile_between(&before, &after, 0.5, &count_between);
    assert_int_equal(count_between, 100);
    assert_true(q >= 1000000 && q <= 1125000);
    histogram_sum(h, &after); /* a second one on top */
    assert_true(histogram_quantile_between(NULL, &after, 0.5, &count_between) == half && count_between == 20200);
    before.buckets[3] = UINT32_MAX; /* the counter wrapped since */
    after = before;
    after.buckets[3] = 4;
    assert_int_equal(histogram_quantile_between(&before, &after, 0.9, &count_between), 3);
    assert_int_equal(count_between, 5);
    memory_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_entry_for_a_text_and_schema),     cmocka_unit_test(overrides_take_effect_and_go_again),
        cmocka_unit_test(the_file_is_read_and_written),        cmocka_unit_test(a_new_catalog_makes_new_plans),
        cmocka_unit_test(what_the_source_described_is_kept),   cmocka_unit_test(threads_find_the_same),
        cmocka_unit_test(quantiles_stand_within_their_bucket),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
