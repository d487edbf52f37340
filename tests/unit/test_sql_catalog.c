/* SPDX-License-Identifier: Apache-2.0 */
/* Catalog: names, synonyms, keys, folding; and that the order of building does not matter. */
#include "tests/unit/sql_catalog.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void names(void **state)
{
    (void)state;
    struct sql_catalog *catalog = catalog_of_media();
    const struct sql_table *asset = sql_catalog_table(catalog, "APP", NULL, "ASSET");
    assert_non_null(asset);
    assert_ptr_equal(sql_catalog_table(catalog, "OTHER", "APP", "ASSET"), asset);
    assert_ptr_equal(sql_catalog_table(catalog, "OTHER", NULL, "MEDIA"), asset); /* public synonym */
    assert_null(sql_catalog_table(catalog, "OTHER", NULL, "ASSET"));
    assert_null(sql_catalog_table(catalog, "APP", NULL, "asset"));
    assert_null(sql_catalog_table(catalog, "APP", "OTHER", "MEDIA"));
    assert_string_equal(asset->target, "asset");
    assert_string_equal(asset->target_schema, "app");
    assert_string_equal(sql_catalog_table(catalog, "APP", NULL, "Mixed")->target, "Mixed");
    assert_string_equal(sql_table_column(sql_catalog_table(catalog, "APP", NULL, "Mixed"), "LIMIT")->target, "limit");
    assert_null(sql_table_column(asset, "NOPE"));
    assert_int_equal(sql_catalog_version(catalog), 7);
    assert_int_equal(sql_catalog_table_count(catalog), 8);
    assert_ptr_equal(sql_catalog_table_at(catalog, asset->id), asset);
    assert_null(sql_catalog_table_at(catalog, 8));
    assert_non_null(sql_catalog_sequence(catalog, "APP", NULL, "ASSET_SEQ"));
    assert_null(sql_catalog_sequence(catalog, "APP", NULL, "ASSET"));
    assert_null(sql_catalog_table(catalog, "APP", NULL, "ASSET_SEQ"));
    assert_true(sql_catalog_function(catalog, "APP", NULL, "SCORE_OF"));
    assert_false(sql_catalog_function(catalog, "APP", NULL, "OTHER"));
    sql_catalog_free(catalog);
}

static void keys(void **state)
{
    (void)state;
    struct sql_catalog *catalog = catalog_of_media();
    const struct sql_table *asset = sql_catalog_table(catalog, "APP", NULL, "ASSET");
    assert_string_equal(asset->keys[0].name, "ASSET_PK"); /* primary first although it was added second */
    assert_string_equal(sql_table_primary_key(asset)->name, "ASSET_PK");
    assert_null(sql_table_primary_key(sql_catalog_table(catalog, "APP", NULL, "NOTE")));
    sql_catalog_free(catalog);

    catalog = sql_catalog_new();
    struct sql_table *table = sql_catalog_add_table(catalog, "S", "T");
    catalog_column(table, "A", SQL_NUMBER, 0, 0, 0, true);
    catalog_column(table, "B", SQL_NUMBER, 0, 0, 0, false);
    catalog_key(table, "NULLABLE", false, 0, -1);
    assert_null(sql_table_primary_key(table));
    catalog_key(table, "SURE", false, 1, -1);
    sql_catalog_freeze(catalog, 1);
    assert_string_equal(sql_table_primary_key(table)->name, "SURE");
    sql_catalog_free(catalog);
}

static void synonyms(void **state)
{
    (void)state;
    struct sql_catalog *catalog = sql_catalog_new();
    sql_catalog_add_table(catalog, "S", "T");
    sql_catalog_add_synonym(catalog, "A", "X", "B", "Y");
    sql_catalog_add_synonym(catalog, "B", "Y", "S", "T");
    sql_catalog_add_synonym(catalog, "A", "LOOP", "A", "POOL");
    sql_catalog_add_synonym(catalog, "A", "POOL", "A", "LOOP");
    sql_catalog_freeze(catalog, 1);
    assert_string_equal(sql_catalog_table(catalog, "A", NULL, "X")->name, "T");
    assert_null(sql_catalog_table(catalog, "A", NULL, "LOOP"));
    sql_catalog_free(catalog);
}

static void many(void **state)
{
    (void)state;
    struct sql_catalog *catalog = sql_catalog_new();
    char name[32];
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "T%d", i);
        sql_catalog_add_table(catalog, "S", name);
    }
    sql_catalog_freeze(catalog, 1);
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "T%d", i);
        assert_int_equal(sql_catalog_table(catalog, "S", NULL, name)->id, i);
    }
    assert_null(sql_catalog_table(catalog, "S", NULL, "T3000"));
    sql_catalog_free(catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(keys), cmocka_unit_test(synonyms), cmocka_unit_test(many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
