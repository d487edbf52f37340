/* SPDX-License-Identifier: Apache-2.0 */
/* The dictionary: what the source says of its tables with what the target has of them, kept and restored; epochs on both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/engine_fixture.h"

static int start(void **state)
{
    if (fixture_start(state)) return -1;
    if (!fixture_there) return 0;
    on_source("CREATE TABLE parent (id NUMBER(9) PRIMARY KEY, code CHAR(4) NOT NULL, big NUMBER(18), any_number NUMBER, money "
              "NUMBER(12,2), v VARCHAR2(40) DEFAULT 'x', "
              "d DATE DEFAULT SYSDATE, t TIMESTAMP(6), z TIMESTAMP(6) WITH TIME ZONE, r RAW(16), c CLOB, b BLOB, f BINARY_DOUBLE, "
              "CONSTRAINT parent_code_uk UNIQUE (code))");
    on_source("CREATE TABLE child (parent_id NUMBER(9) NOT NULL, line NUMBER(4) NOT NULL, note VARCHAR2(20), CONSTRAINT child_pk PRIMARY "
              "KEY (parent_id, line), "
              "CONSTRAINT child_parent_fk FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE)");
    on_source("CREATE TABLE nokey (a NUMBER(9), b VARCHAR2(10))");
    on_source("CREATE TABLE alone (id NUMBER(9) PRIMARY KEY)");
    on_source("CREATE SEQUENCE parent_seq START WITH 1 INCREMENT BY 5");
    on_source("CREATE OR REPLACE TRIGGER parent_v BEFORE INSERT ON parent FOR EACH ROW BEGIN IF :NEW.v IS NULL THEN :NEW.v := 'trigger'; "
              "END IF; END;");
    on_source("CREATE OR REPLACE TRIGGER child_log AFTER UPDATE ON child FOR EACH ROW BEGIN INSERT INTO nokey (a, b) VALUES "
              "(:NEW.parent_id, 'log'); END;");
    on_target("CREATE SCHEMA app; SET search_path = app;"
              "CREATE TABLE parent (id bigint PRIMARY KEY, code char(4) NOT NULL UNIQUE, big bigint, any_number numeric, money "
              "numeric(12,2), v varchar(40) DEFAULT 'x', "
              "d timestamp(0), t timestamp(6), z timestamptz(6), r bytea, c text, b bytea, f float8);"
              "CREATE TABLE child (parent_id bigint NOT NULL, line bigint NOT NULL, note varchar(20), PRIMARY KEY (parent_id, line));"
              "CREATE TABLE nokey (a bigint, b varchar(10)); CREATE SEQUENCE parent_seq;");
    return 0;
}

static void check_catalog(const struct sql_catalog *catalog)
{
    const struct sql_table *parent = sql_catalog_table(catalog, "APP", NULL, "PARENT"),
                           *child = sql_catalog_table(catalog, "APP", NULL, "CHILD");
    assert_non_null(parent);
    assert_string_equal(parent->target, "parent");
    assert_string_equal(parent->target_schema, "app");
    assert_int_equal(parent->column_count, 13);
    static const struct {
        const char *name;
        enum sql_type type;
        uint32_t target;
    } columns[] = {
        {"ID", SQL_INTEGER, PG_OID_INT8},
        {"CODE", SQL_CHAR, PG_OID_BPCHAR},
        {"BIG", SQL_INTEGER, PG_OID_INT8},
        {"ANY_NUMBER", SQL_NUMBER, PG_OID_NUMERIC},
        {"MONEY", SQL_NUMBER, PG_OID_NUMERIC},
        {"V", SQL_VARCHAR, PG_OID_VARCHAR},
        {"D", SQL_DATE, PG_OID_TIMESTAMP},
        {"T", SQL_TIMESTAMP, PG_OID_TIMESTAMP},
        {"Z", SQL_TIMESTAMP_TZ, PG_OID_TIMESTAMPTZ},
        {"R", SQL_RAW, PG_OID_BYTEA},
        {"C", SQL_CLOB, PG_OID_TEXT},
        {"B", SQL_BLOB, PG_OID_BYTEA},
        {"F", SQL_BINARY_DOUBLE, PG_OID_FLOAT8},
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const struct sql_column *c = &parent->columns[i];
        assert_string_equal(c->name, columns[i].name);
        if (c->type != columns[i].type || c->target_type != columns[i].target)
            fail_msg("%s: type %d, target %u", c->name, c->type, c->target_type);
    }
    assert_false(parent->columns[0].nullable);
    assert_true(parent->columns[2].nullable);
    assert_int_equal(parent->columns[4].precision, 12);
    assert_int_equal(parent->columns[4].scale, 2);
    assert_int_equal(parent->columns[5].length, 40);
    assert_true(parent->columns[5].has_default && !parent->columns[5].default_varies);
    assert_true(parent->columns[6].has_default && parent->columns[6].default_varies);
    assert_true(parent->trigger_insert && !parent->trigger_update && !parent->trigger_delete);
    const struct sql_key *key = sql_table_primary_key(parent);
    assert_true(key && key->primary && key->column_count == 1 && key->columns[0] == 0);
    assert_int_equal(parent->key_count, 2);
    assert_true(dictionary_facts(parent) == TABLE_CASCADES); /* its trigger writes its own row only */
    assert_int_equal(dictionary_facts(child), TABLE_TRIGGERS_SPREAD);
    assert_int_equal(sql_table_primary_key(child)->column_count, 2);
    assert_int_equal(child->foreign_key_count, 1);
    assert_string_equal(child->foreign_keys[0].table, "PARENT");
    assert_true(child->foreign_keys[0].cascades);
    assert_null(sql_table_primary_key(sql_catalog_table(catalog, "APP", NULL, "NOKEY")));
    assert_string_equal(sql_catalog_table(catalog, "APP", NULL, "ALONE")->target, "");
    const struct sql_sequence *sequence = sql_catalog_sequence(catalog, "APP", NULL, "PARENT_SEQ");
    assert_true(sequence && sequence->increment == 5);
    assert_string_equal(sequence->target, "parent_seq");
}

static void the_catalog_is_read_and_comes_back(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error = {0};
    const struct sql_catalog *catalog = catalog_load();
    check_catalog(catalog);
    if (!dictionary_save(&engine, catalog, &error)) fail_msg("%s", error.text);
    struct sql_catalog *back = dictionary_restore(&engine, 7, &error);
    if (!back) fail_msg("%s", error.text);
    check_catalog(back);
    assert_int_equal(sql_catalog_version(back), 7);
    sql_catalog_free(back);
    assert_true(state_put(engine.state, "catalog", "{\"format\":1,\"tables\":[{}]}", &error));
    assert_null(dictionary_restore(&engine, 8, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
}

static void the_older_proxy_is_refused_by_both_sides(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error = {0};
    uint64_t epoch = 99, lsn = 0;
    assert_true(epoch_read_source(app, &epoch, &error));
    assert_int_equal(epoch, 0);
    if (!epoch_write_source(app, 3, SIDE_TARGET, &error)) fail_msg("%s", error.text);
    assert_true(epoch_write_source(app, 3, SIDE_TARGET, &error));
    assert_true(epoch_write_source(app, 4, SIDE_SOURCE, &error));
    assert_false(epoch_write_source(app, 3, SIDE_TARGET, &error));
    assert_int_equal(error.code, ERROR_STATE);
    assert_true(epoch_read_source(app, &epoch, &error));
    assert_int_equal(epoch, 4);
    assert_string_equal(ask_source("SELECT PRIMARY_SIDE FROM UNDERSTUDY_EPOCH"), "source");

    assert_true(epoch_read_target(pg, &epoch, &error));
    assert_int_equal(epoch, 0);
    if (!epoch_write_target(pg, 3, SIDE_TARGET, &lsn, &error)) fail_msg("%s", error.text);
    assert_true(lsn > 0);
    assert_true(epoch_write_target(pg, 4, SIDE_SOURCE, NULL, &error));
    assert_false(epoch_write_target(pg, 3, SIDE_TARGET, &lsn, &error));
    assert_int_equal(error.code, ERROR_STATE);
    assert_true(epoch_read_target(pg, &epoch, &error));
    assert_int_equal(epoch, 4);
    /* A proxy that knows of fewer switches is refused, by either side. */
    assert_true(epoch_is_ours(app, pg, 4, &error));
    assert_true(epoch_is_ours(NULL, NULL, 1, &error));
    assert_false(epoch_is_ours(app, NULL, 3, &error));
    assert_int_equal(error.code, ERROR_STATE);
    assert_non_null(strstr(error.text, "the source stands at epoch 4"));
    assert_false(epoch_is_ours(NULL, pg, 3, &error));
    assert_non_null(strstr(error.text, "the target stands at epoch 4"));
}

/* A table of ours that somebody has made otherwise: told, never used as it is. */
static void our_tables_on_the_source_are_as_we_need_them(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    static const char *const made[] = {"CREATE TABLE UNDERSTUDY_RETURNED (CSN NUMBER(20) NOT NULL)",
                                       "CREATE TABLE UNDERSTUDY_RETURNED (CSN NUMBER(20), X NUMBER(5), PRIMARY KEY (CSN, X))",
                                       "CREATE TABLE UNDERSTUDY_RETURNED (N NUMBER(20) PRIMARY KEY)"};
    struct error error = {0};
    bool there = false;
    if (!epoch_prepare_source(app, &error)) fail_msg("%s", error.text);
    if (!epoch_check_source(app, &there, &error)) fail_msg("%s", error.text);
    assert_true(there);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        on_source("DROP TABLE UNDERSTUDY_RETURNED");
        assert_true(epoch_check_source(app, &there, &error));
        assert_false(there);
        on_source(made[i]);
        assert_false(epoch_check_source(app, &there, &error));
        assert_int_equal(error.code, ERROR_CONFIG);
        assert_non_null(strstr(error.text, "UNDERSTUDY_RETURNED"));
        assert_non_null(strstr(error.text, "CREATE TABLE UNDERSTUDY_RETURNED (CSN NUMBER(20) NOT NULL, CONSTRAINT"));
        error_clear(&error);
        assert_false(epoch_prepare_source(app, &error));
        assert_int_equal(error.code, ERROR_CONFIG);
    }
    on_source("DROP TABLE UNDERSTUDY_RETURNED");
    assert_true(epoch_prepare_source(app, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_catalog_is_read_and_comes_back),
        cmocka_unit_test(the_older_proxy_is_refused_by_both_sides),
        cmocka_unit_test(our_tables_on_the_source_are_as_we_need_them),
    };
    return cmocka_run_group_tests(tests, start, fixture_stop);
}
