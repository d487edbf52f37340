/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking calls to a real PostgreSQL: statements, settings of the session, COPY, quoting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/support/pg_fixture.h"

static void test_many_statements(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    assert_string_equal(ask(pg, "CREATE TEMP TABLE m (a int); INSERT INTO m VALUES (1), (2); SELECT sum(a) FROM m"), "3");
    pg_send_text(pg, "INSERT INTO m VALUES (10)", NULL, NULL); /* a pipelined send before a blocking call: in order */
    assert_string_equal(ask(pg, "SELECT sum(a) FROM m"), "13");
    struct pg_result result;
    struct error error = {0};
    assert_true(pg_run(pg, "UPDATE m SET a = 0", &result, &error));
    assert_int_equal(result.affected, 3);
    pg_result_free(&result);
    assert_true(pg_run(pg, "", &result, &error)); /* an empty query is no error */
    pg_result_free(&result);
    pg_close(pg);
}

static void test_session_settings(void **state)
{
    (void)state;
    char conninfo[400];
    snprintf(conninfo, sizeof conninfo, "%s options='-c DateStyle=German -c work_mem=7MB'", server.conninfo);
    struct error error = {0};
    struct pg *pg = pg_connect(conninfo, 60000, &error);
    assert_non_null(pg);
    assert_string_equal(ask(pg, "SHOW datestyle"), "ISO, YMD");
    assert_string_equal(ask(pg, "SHOW work_mem"), "7MB");
    assert_string_equal(ask(pg, "SHOW application_name"), "understudy");
    pg_close(pg);
}

static void test_copy(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    struct error error = {0};
    run(pg, "CREATE TEMP TABLE c (n numeric, t text, b bytea)");
    assert_true(pg_copy_start(pg, "COPY c (n, t, b) FROM STDIN", &error));
    struct buffer rows;
    struct arena arena;
    buffer_init(&rows, 0);
    arena_init(&arena, 0);
    for (int i = 0; i < 10000; i++) {
        struct value number = value_number_i64(&arena, i), text = value_text(view_text("a\tb\\c\nd\r\b\f\v")),
                     bytes = value_bytes(view_of("\0\\\n", 3));
        pg_copy_value(&rows, &number, false);
        pg_copy_value(&rows, &text, false);
        pg_copy_value(&rows, &bytes, true);
    }
    assert_false(rows.failed);
    assert_true(pg_copy_data(pg, buffer_view(&rows), &error));
    uint64_t count;
    assert_true(pg_copy_end(pg, NULL, &count, &error));
    assert_int_equal(count, 10000);
    assert_string_equal(ask(pg, "SELECT count(*) FROM c WHERE t = E'a\\tb\\\\c\\nd\\r\\b\\f\\x0b' AND b = '\\x005c0a'"), "10000");
    assert_true(pg_copy_start(pg, "COPY c (n, t, b) FROM STDIN", &error));
    assert_true(pg_copy_data(pg, view_text("1\tx\t\\N\n"), &error));
    assert_false(pg_copy_end(pg, "changed my mind", &count, &error));
    assert_non_null(strstr(error.text, "changed my mind"));
    assert_int_equal(count, 0);
    assert_true(pg_copy_start(pg, "COPY c (n, t, b) FROM STDIN", &error));
    assert_true(pg_copy_data(pg, view_text("not a number\tx\t\\N\n"), &error));
    assert_false(pg_copy_end(pg, NULL, &count, &error));
    assert_string_equal(error.sqlstate, "22P02");
    assert_false(pg_copy_start(pg, "COPY nothing FROM STDIN", &error));
    assert_string_equal(error.sqlstate, "42P01");
    assert_string_equal(ask(pg, "SELECT count(*) FROM c"), "10000");
    pg_send_text(pg, "SELECT 1", NULL, NULL); /* pipelines work after a COPY */
    assert_true(pg_run_wait(pg, 60000, &error));
    buffer_release(&rows);
    arena_release(&arena);
    pg_close(pg);
}

static void test_quoting(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    static const char *const texts[] = {"plain", "it's", "back\\slash", "\\'; DROP TABLE x; --", "'", "\\", "tab\t", "\"", ""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buffer sql;
        buffer_init(&sql, 0);
        buffer_append_text(&sql, "SELECT");
        buffer_append_text(&sql, " ");
        pg_quote_literal(&sql, view_text(texts[i]));
        buffer_append_text(&sql, " AS ");
        pg_quote_identifier(&sql, *texts[i] ? texts[i] : "x");
        buffer_u8(&sql, 0);
        struct pg_result result;
        struct error error = {0};
        if (!pg_run(pg, (const char *)sql.data, &result, &error)) fail_msg("%s", error.text);
        assert_true(view_equal(pg_result_text(&result, 0, 0), view_text(texts[i])));
        assert_string_equal(pg_result_column(&result, 0).name, *texts[i] ? texts[i] : "x");
        pg_result_free(&result);
        buffer_release(&sql);
    }
    pg_close(pg);
}

static uint32_t failures_seen;
static void count_failure(void *context, struct pg_result *result)
{
    (void)context;
    failures_seen += !result->ok;
}

/* A server that says nothing and keeps the connection: the call ends, the connection is lost, and nothing is called afterwards. */
static void test_patience(void **state)
{
    (void)state;
    struct error error = {0};
    struct pg_result result;
    struct pg *pg = connect_blocking();
    pg_set_patience(pg, 200);
    uint64_t began = clock_monotonic_us();
    assert_false(pg_run(pg, "SELECT pg_sleep(90)", &result, &error));
    assert_int_equal(error.code, ERROR_TIMEOUT);
    assert_int_equal(pg_state(pg), PG_LOST);
    assert_false(pg_run(pg, "SELECT 1", NULL, &error));
    pg_close(pg);

    pg = connect_blocking();
    pg_set_patience(pg, 200);
    assert_false(pg_run_prepared(pg, "sleeps", "SELECT pg_sleep(90)", NULL, 0, &result, &error));
    assert_int_equal(error.code, ERROR_TIMEOUT);
    pg_close(pg);
    assert_true(clock_monotonic_us() - began < 60000000);

    pg = connect_blocking();
    pg_send_text(pg, "SELECT pg_sleep(90)", count_failure, NULL);
    pg_sync(pg);
    pg_abandon(pg, "given up");
    assert_int_equal(failures_seen, 1);
    assert_int_equal(pg_state(pg), PG_LOST);
    pg_close(pg);
    assert_int_equal(failures_seen, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_statements), cmocka_unit_test(test_session_settings), cmocka_unit_test(test_copy),
        cmocka_unit_test(test_quoting),         cmocka_unit_test(test_patience),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
