/* SPDX-License-Identifier: Apache-2.0 */
/* Classes, keys, assigned values, purity, order: what the mirror and the shadow rely on. */
#include "sql/translate.h"
#include "tests/unit/sql_catalog.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct sql_catalog *catalog;

static int set_up(void **state)
{
    (void)state;
    catalog = catalog_of_media();
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
    struct sql_options options;
    sql_options_default(&options);
    options.catalog = catalog;
    options.current_schema = "APP";
    return sql_translate(&options, view_text(text));
}

static void classes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sql_class class_;
        const char *key;
    } rows[] = {
        {"update asset set title = :1 where id = :2", SQL_CLASS_EXACT, "ASSET_PK"},
        {"update asset set title = :1 where :2 = id", SQL_CLASS_EXACT, "ASSET_PK"},
        {"update asset set title = 'x' where id = 1 and version = :v", SQL_CLASS_EXACT, "ASSET_PK"},
        {"update asset set title = 'x' where title = :t", SQL_CLASS_EXACT, "ASSET_UK"},
        {"update asset set title = 'x' where title = 5", SQL_CLASS_PREDICATE, NULL}, /* '5' and '05' are both 5 */
        {"update asset set title = 'x' where id = 1 or id = 2", SQL_CLASS_PREDICATE, NULL},
        {"update asset set title = 'x' where id in (1, 2)", SQL_CLASS_PREDICATE, NULL},
        {"update asset set title = 'x' where id = :1 + 0", SQL_CLASS_PREDICATE, NULL},
        {"update asset set title = 'x' where id > :1", SQL_CLASS_PREDICATE, NULL},
        {"update asset set title = 'x'", SQL_CLASS_PREDICATE, NULL},
        {"update asset set created = sysdate where id = :1", SQL_CLASS_IMAGE, "ASSET_PK"},
        {"update asset set created = sysdate where owner_id = :1", SQL_CLASS_PREDICATE, NULL},
        {"update asset set title = (select max(name) from owner) where id = :1", SQL_CLASS_IMAGE, "ASSET_PK"},
        {"update asset set version = asset_seq.nextval where id = :1", SQL_CLASS_IMAGE, "ASSET_PK"},
        {"update asset set title = user where id = :1", SQL_CLASS_IMAGE, "ASSET_PK"},
        {"update asset set version = score_of(id) where id = :1", SQL_CLASS_IMAGE, "ASSET_PK"},
        {"update tag set weight = 1 where asset_id = :1", SQL_CLASS_PREDICATE, NULL},
        {"update tag set weight = 1 where asset_id = :1 and name = :2", SQL_CLASS_EXACT, "TAG_PK"},
        {"update audited set what = 'x' where id = 1", SQL_CLASS_IMAGE, "AUDITED_PK"},
        {"update note set text = 'x' where asset_id = 1", SQL_CLASS_PREDICATE, NULL},
        {"delete from asset where id = :1", SQL_CLASS_EXACT, "ASSET_PK"},
        {"delete from owner where id = :1", SQL_CLASS_IMAGE, "OWNER_PK"}, /* cascades to TAG */
        {"delete from audited where id = :1", SQL_CLASS_IMAGE, "AUDITED_PK"},
        {"delete from asset where created < sysdate", SQL_CLASS_PREDICATE, NULL},
        {"insert into asset (id, created, version) values (:1, :2, 0)", SQL_CLASS_EXACT, "ASSET_PK"},
        {"insert into asset (id, created, version) values (asset_seq.nextval, :2, 0)", SQL_CLASS_IMAGE, NULL},
        {"insert into asset (id, created, version) values (:1, sysdate, 0)", SQL_CLASS_IMAGE, "ASSET_PK"},
        {"insert into rendition (asset_id, made) values (:1, :2)", SQL_CLASS_IMAGE, NULL},        /* identity */
        {"insert into rendition (id, asset_id) values (1, :1)", SQL_CLASS_IMAGE, "RENDITION_PK"}, /* default that varies */
        {"insert into rendition (id, asset_id, made) values (1, :1, :2)", SQL_CLASS_EXACT, "RENDITION_PK"},
        {"insert into rendition (id, asset_id, made) values (:0, :1, :2)", SQL_CLASS_IMAGE, "RENDITION_PK"}, /* a NULL would be replaced */
        {"insert into rendition (id, asset_id, made) values (1, :1, default)", SQL_CLASS_IMAGE, "RENDITION_PK"},
        {"insert into tag select id, 'x', 1 from asset", SQL_CLASS_PREDICATE, NULL},
        {"insert into tag (asset_id, name) select :1, :2 from dual", SQL_CLASS_EXACT, "TAG_PK"},
        {"insert into tag (asset_id, name) values (1, 'a'), (2, 'b')", SQL_CLASS_EXACT, NULL},
        {"merge into asset t using dual on (t.id = :1) when matched then update set title = :2", SQL_CLASS_EXACT, "ASSET_PK"},
        {"merge into asset t using (select :1 as id from dual) s on (s.id = t.id) when matched then update set title = :2", SQL_CLASS_EXACT,
         "ASSET_PK"},
        {"merge into asset t using owner s on (s.id = t.id) when matched then update set title = s.name", SQL_CLASS_PREDICATE, NULL},
        {"merge into asset t using dual on (t.id = :1) when matched then update set updated = systimestamp", SQL_CLASS_IMAGE, "ASSET_PK"},
        {"begin null; end;", SQL_CLASS_OPAQUE, NULL},
        {"create table x (a number)", SQL_CLASS_OPAQUE, NULL},
        {"delete from nowhere", SQL_CLASS_OPAQUE, NULL},
        {"commit", SQL_CLASS_CONTROL, NULL},
        {"select 1 from dual", SQL_CLASS_READ, NULL},
        {"select nonsense from", SQL_CLASS_READ, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sql_plan *plan = translate(rows[i].text);
        if (plan->class_ != rows[i].class_)
            fail_msg("%s is %s, not %s", rows[i].text, sql_class_name(plan->class_), sql_class_name(rows[i].class_));
        if (!rows[i].key != !plan->key || (plan->key && strcmp(plan->key->name, rows[i].key)))
            fail_msg("%s: key %s", rows[i].text, plan->key ? plan->key->name : "none");
        sql_plan_unref(plan);
    }
}

static void key_parts(void **state)
{
    (void)state;
    struct sql_plan *plan = translate("update tag set weight = :w where name = 'it''s' and asset_id = :a");
    assert_int_equal(plan->key->column_count, 2);
    assert_int_equal(plan->key_parts[0].column, 0);
    assert_int_equal(plan->key_parts[0].from, SQL_FROM_BIND);
    assert_int_equal(plan->key_parts[0].bind, 1);
    assert_string_equal(plan->source_binds[plan->key_parts[0].bind], "A");
    assert_int_equal(plan->key_parts[1].from, SQL_FROM_LITERAL);
    assert_memory_equal(plan->key_parts[1].literal.data, "it's", 4);
    assert_int_equal(plan->assigned_count, 1);
    assert_int_equal(plan->assigned[0].column, 2);
    assert_int_equal(plan->assigned[0].bind, 0);
    assert_false(plan->key_changes);
    assert_ptr_equal(plan->written, sql_catalog_table(catalog, "APP", NULL, "TAG"));
    sql_plan_unref(plan);

    plan = translate("update asset set id = -5 where id = -7");
    assert_true(plan->key_changes);
    assert_memory_equal(plan->key_parts[0].literal.data, "-7", 2);
    assert_memory_equal(plan->assigned[0].literal.data, "-5", 2);
    sql_plan_unref(plan);

    plan = translate("update asset set id = id + 1 where id = 7"); /* the new key is not known: it must not look as if it stayed */
    assert_true(plan->key_changes);
    assert_int_equal(plan->assigned_count, 1);
    assert_int_equal(plan->assigned[0].from, SQL_FROM_NOWHERE);
    sql_plan_unref(plan);

    plan = translate("insert into rendition (asset_id) values (:a) returning made, id into :m, :i");
    assert_int_equal(plan->key_parts[0].from, SQL_FROM_RETURNING);
    assert_string_equal(plan->source_binds[plan->key_parts[0].bind], "I");
    assert_int_equal(plan->return_bind_count, 2);
    assert_int_equal(plan->return_binds[1], 2);
    sql_plan_unref(plan);
}

static void images(void **state)
{
    (void)state;
    struct sql_plan *plan = translate("update tag t set weight = :w where asset_id = :a returning t.name into :n");
    assert_string_equal(plan->returning_text,
                        "UPDATE app.tag AS t SET weight = $1 WHERE asset_id = $2 RETURNING t.asset_id, t.name, t.weight, t.name");
    assert_string_equal(plan->returning_into_text, "UPDATE app.tag AS t SET weight = $1 WHERE asset_id = $2 RETURNING t.name");
    assert_int_equal(plan->returning_image_count, 3);
    assert_int_equal(plan->bind_count, 2);
    assert_int_equal(plan->source_bind_count, 3);
    sql_plan_unref(plan);
    plan = translate("insert into tag select id, 'x', null from asset where id = :1");
    assert_non_null(strstr(plan->returning_text, "RETURNING tag.asset_id, tag.name, tag.weight"));
    assert_null(plan->returning_into_text);
    sql_plan_unref(plan);
}

static void queries(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool pure, is_volatile, ordered, order_by, single;
    } rows[] = {
        {"select id from asset", true, false, false, false, false},
        {"select id from asset where id = :1", true, false, true, false, true},
        {"select count(*) from asset", true, false, true, false, true},
        {"select title from asset order by id", true, false, true, true, false},
        {"select title from asset order by title", true, false, false, true, false}, /* the unique key allows several NULLs */
        {"select title from asset order by created, 1", true, false, false, true, false},
        {"select id i from asset order by created, i", true, false, true, true, false},
        {"select kind, count(*) from asset group by kind order by kind", true, false, true, true, false},
        {"select distinct kind from asset order by kind", true, false, true, true, false},
        {"select a.id from asset a join owner o on o.id = a.owner_id order by a.id", true, false, false, true, false},
        {"select sysdate from dual", true, true, true, false, true},
        {"select asset_seq.nextval from dual", false, true, true, false, true},
        {"select score_of(id) from asset", false, false, false, false, false},
        {"select id from asset for update", false, false, false, false, false},
        {"select id from asset where rownum <= 5", true, true, false, false, false},
        {"select id from asset fetch first 5 rows only", true, true, false, false, false},
        {"select 1 from asset where title like 'x' and rownum = 1", true, false, false, false, false},
        {"select * from (select id from asset order by id) where rownum <= 5", true, false, true, true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sql_plan *plan = translate(rows[i].text);
        if (plan->pure != rows[i].pure || plan->volatile_ != rows[i].is_volatile || plan->ordered != rows[i].ordered ||
            plan->order_by != rows[i].order_by || plan->single_row != rows[i].single)
            fail_msg("%s: pure %d volatile %d ordered %d order_by %d single %d", rows[i].text, plan->pure, plan->volatile_, plan->ordered,
                     plan->order_by, plan->single_row);
        sql_plan_unref(plan);
    }
}

static void tables(void **state)
{
    (void)state;
    struct sql_plan *plan = translate("insert into tag (asset_id, name) select a.id, o.name from media a, owner o where o.id = a.owner_id");
    assert_int_equal(plan->table_count, 3);
    for (uint32_t i = 0; i < plan->table_count; i++) {
        bool tag = !strcmp(plan->tables[i].table->name, "TAG");
        assert_int_equal(plan->tables[i].written, tag);
        assert_int_equal(plan->tables[i].read, !tag);
    }
    sql_plan_unref(plan);
    plan = translate("begin update app.asset set title = 'x'; insert into tag select 1 from owner; end;");
    assert_int_equal(plan->table_count, 3);
    assert_int_equal(plan->kind, SQL_PLSQL);
    sql_plan_unref(plan);
    plan = translate("delete from asset where and id = 1"); /* not readable: its words still name the table */
    assert_int_equal(plan->state, SQL_UNPARSED);
    assert_int_equal(plan->table_count, 1);
    assert_true(plan->tables[0].written);
    sql_plan_unref(plan);
}

static void control(void **state)
{
    (void)state;
    struct sql_plan *plan = translate("rollback to savepoint Before_It");
    assert_int_equal(plan->kind, SQL_ROLLBACK_TO);
    assert_string_equal(plan->savepoint, "BEFORE_IT");
    sql_plan_unref(plan);
    plan = translate("alter session set nls_date_format = 'YYYY-MM-DD' time_zone = 'UTC'");
    assert_string_equal(plan->session_parameter, "NLS_DATE_FORMAT");
    assert_string_equal(plan->session_value, "YYYY-MM-DD");
    sql_plan_unref(plan);
    plan = translate("alter session set current_schema = other");
    assert_string_equal(plan->session_value, "OTHER");
    sql_plan_unref(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes), cmocka_unit_test(key_parts), cmocka_unit_test(images),
        cmocka_unit_test(queries), cmocka_unit_test(tables),    cmocka_unit_test(control),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
