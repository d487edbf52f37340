/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: references across threads, binds, result columns, findings with their place, overrides, limits. */
#include "base/memory.h"
#include "sql/translate.h"
#include "tests/unit/sql_catalog.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct sql_catalog *catalog;
static struct sql_options options;

static int set_up(void **state)
{
    (void)state;
    catalog = catalog_of_media();
    sql_options_default(&options);
    options.catalog = catalog;
    options.current_schema = "APP";
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sql_catalog_free(catalog);
    return 0;
}

static struct sql_plan *translate(const char *text)
{
    return sql_translate(&options, view_text(text));
}

static void binds(void **state)
{
    (void)state;
    struct sql_plan *plan =
        translate("select id from asset where title = :t and owner_id = :o and created > :t2 and version = :o and hash = :\"h\"");
    assert_int_equal(plan->source_bind_count, 5);
    assert_string_equal(plan->source_binds[0], "T");
    assert_string_equal(plan->source_binds[3], "O");
    assert_string_equal(plan->source_binds[4], "h");
    assert_int_equal(plan->bind_count, 5);
    assert_int_equal(plan->binds[3].position, 3);
    assert_int_equal(plan->binds[0].type, SQL_VARCHAR);
    assert_int_equal(plan->binds[1].type, SQL_INTEGER);
    assert_null(plan->binds[1].cast); /* an index on the column stays usable */
    assert_int_equal(plan->binds[2].type, SQL_DATE);
    assert_int_equal(plan->binds[4].type, SQL_RAW);
    sql_plan_unref(plan);

    plan = translate("select ? + id, ? from asset where id in (?, ?)");
    assert_int_equal(plan->source_bind_count, 4);
    assert_string_equal(plan->source_binds[0], "1");
    assert_string_equal(plan->source_binds[3], "4");
    assert_string_equal(plan->binds[0].cast, "numeric");
    sql_plan_unref(plan);

    plan = translate("select nvl2(:x, 1, 0), greatest(:y, 3) from dual"); /* written twice, one parameter */
    assert_int_equal(plan->bind_count, 2);
    assert_int_equal(plan->binds[1].position, 1);
    sql_plan_unref(plan);

    plan = translate("select id from asset where kind = :k");
    assert_int_equal(plan->binds[0].type, SQL_CHAR);
    assert_int_equal(plan->binds[0].length, 5);
    sql_plan_unref(plan);

    plan = translate("begin p(:a, :b, :a); end;"); /* a block takes a name once */
    assert_int_equal(plan->source_bind_count, 2);
    sql_plan_unref(plan);

    plan = translate("begin update asset set title = :t, owner_id = :o where version = :o and id = :i returning price into :p; end;");
    assert_int_equal(plan->kind, SQL_PLSQL);
    assert_int_equal(plan->class_, SQL_CLASS_EXACT);
    assert_int_equal(plan->source_bind_count, 4);
    assert_int_equal(plan->bind_count, 3);
    assert_int_equal(plan->binds[1].position, 1);
    assert_int_equal(plan->key_parts[0].bind, 2);
    assert_int_equal(plan->return_binds[0], 3);
    sql_plan_unref(plan);
}

static void columns(void **state)
{
    (void)state;
    struct sql_plan *plan =
        translate("select a.*, o.name \"Owner\", count(*) over () n, upper( o.name ) from asset a left join owner o on o.id = a.owner_id");
    assert_int_equal(plan->column_count, 16);
    assert_string_equal(plan->columns[0].name, "ID");
    assert_int_equal(plan->columns[0].type, SQL_INTEGER);
    assert_false(plan->columns[0].nullable);
    assert_string_equal(plan->columns[13].name, "Owner");
    assert_true(plan->columns[13].nullable); /* by the outer join */
    assert_string_equal(plan->columns[14].name, "N");
    assert_string_equal(plan->columns[15].name, "UPPER(O.NAME)");
    sql_plan_unref(plan);
    options.catalog = NULL;
    plan = translate("select * from anything");
    assert_int_equal(plan->column_count, 0);
    assert_string_equal(plan->target_text, "SELECT * FROM anything");
    sql_plan_unref(plan);
    options.catalog = catalog;
}

static void findings(void **state)
{
    (void)state;
    struct sql_plan *plan = translate("select id,\n  nowhere\nfrom asset");
    assert_int_equal(plan->state, SQL_REFUSED);
    assert_null(plan->target_text);
    assert_int_equal(plan->finding_count, 1);
    assert_int_equal(plan->findings[0].line, 2);
    assert_int_equal(plan->findings[0].column, 3);
    assert_int_equal(plan->findings[0].severity, SQL_REFUSAL);
    assert_true(strlen(plan->findings[0].reason) > 0 && strlen(plan->findings[0].advice) > 0);
    sql_plan_unref(plan);
}

static void overrides(void **state)
{
    (void)state;
    struct sql_plan *plan = sql_plan_override(&options, view_text("begin app.publish(:asset, :who); end;"),
                                              "SELECT app.publish($2, $1, '$9')", "who,asset", "APP.ASSET,APP.NOTE", 42);
    assert_true(plan->overridden);
    assert_int_equal(plan->generation, 42);
    assert_int_equal(plan->kind, SQL_PLSQL);
    assert_int_equal(plan->bind_count, 2);
    assert_int_equal(plan->binds[0].position, 1);
    assert_int_equal(plan->binds[1].position, 0);
    assert_int_equal(plan->table_count, 2);
    assert_true(plan->tables[1].written);
    assert_int_equal(plan->fingerprint, sql_fingerprint(view_text("BEGIN app.publish(:asset,:who); end")));
    sql_plan_unref(plan);
    plan = sql_plan_override(&options, view_text("select :a, :b from asset"), "SELECT $1, $2 FROM app.asset", NULL, NULL, 1);
    assert_int_equal(plan->binds[1].position, 1);
    assert_int_equal(plan->table_count, 1);
    sql_plan_unref(plan);
}

static void *use_plan(void *argument)
{
    for (int i = 0; i < 20000; i++) sql_plan_unref(sql_plan_ref(argument));
    sql_plan_unref(argument);
    return NULL;
}

static void references(void **state)
{
    (void)state;
    struct sql_plan *plan = translate("select 1 from dual");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, use_plan, sql_plan_ref(plan)), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_string_equal(plan->target_text, "SELECT 1");
    sql_plan_unref(plan);
    sql_plan_unref(NULL);
}

static void limits(void **state)
{
    (void)state;
    struct sql_options small = options;
    small.text_max = 30;
    struct sql_plan *plan = sql_translate(&small, view_text("select id from asset where title = 'a long text'"));
    assert_int_equal(plan->state, SQL_REFUSED);
    assert_string_equal(plan->findings[0].rule, "limit");
    sql_plan_unref(plan);
    small = options;
    small.depth_max = 10;
    plan = sql_translate(&small, view_text("select ((((((((((((1)))))))))))) from dual"));
    assert_int_equal(plan->state, SQL_REFUSED);
    sql_plan_unref(plan);
    plan = sql_translate(&options, view_text("select ((((((((((((1)))))))))))) from dual"));
    assert_int_equal(plan->state, SQL_EXACT);
    sql_plan_unref(plan);
}

static void names(void **state)
{
    (void)state;
    for (int i = 0; i < SQL_STATE_COUNT; i++) assert_true(sql_state_name(i)[0] != '?');
    for (int i = 0; i < SQL_KIND_COUNT; i++) assert_true(sql_kind_name(i)[0] != '?');
    for (int i = 0; i < SQL_CLASS_COUNT; i++) assert_true(sql_class_name(i)[0] != '?');
    for (int i = 0; i < SQL_TYPE_COUNT; i++) assert_true(sql_type_name(i)[0] != '?');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binds),      cmocka_unit_test(columns), cmocka_unit_test(findings), cmocka_unit_test(overrides),
        cmocka_unit_test(references), cmocka_unit_test(limits),  cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
