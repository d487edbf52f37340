/* SPDX-License-Identifier: Apache-2.0 */
/* Our own client of the source against the stand-in: values both ways, cursors used again, arrays, LOBs, errors, a lost connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "engine/source.h"
#include "tests/support/private_standin.h"

static struct private_standin standin;
static bool there;
static struct engine_options options;

static int start(void **state)
{
    (void)state;
    int started = private_standin_start(&standin);
    there = started == 0;
    engine_options_default(&options);
    snprintf(options.source_host, sizeof options.source_host, "127.0.0.1");
    options.source_port = (uint16_t)standin.port;
    snprintf(options.source_service, sizeof options.source_service, "ANY");
    snprintf(options.source_user, sizeof options.source_user, "APP");
    snprintf(options.source_password, sizeof options.source_password, "secret");
    snprintf(options.source_schema, sizeof options.source_schema, "APP");
    return started < 0;
}
static int stop(void **state)
{
    (void)state;
    if (there) private_standin_stop(&standin);
    return 0;
}
#define NEEDS_STANDIN()                                                                                                                    \
    do {                                                                                                                                   \
        if (!there) skip();                                                                                                                \
    } while (0)

static struct source *connected(void)
{
    struct error error = {0};
    struct source *source = source_open(&options, 60000, &error);
    if (!source) fail_msg("%s", error.text);
    return source;
}

static uint64_t run(struct source *source, const char *text)
{
    struct error error = {0};
    struct source_result result;
    if (!source_run(source, text, NULL, 0, 0, 0, NULL, NULL, &result, &error)) fail_msg("%s: %s", text, error.text);
    return result.affected;
}

static const char *ask(struct source *source, const char *text)
{
    static char out[200];
    struct error error = {0};
    if (!source_scalar(source, text, out, sizeof out, &error)) fail_msg("%s: %s", text, error.text);
    return out;
}

struct rows {
    struct arena arena;
    struct value values[64];
    uint32_t count, columns, stop_after;
};
static bool keep(void *context, const struct value *values, uint32_t count)
{
    struct rows *rows = context;
    rows->columns = count;
    for (uint32_t i = 0; i < count && rows->count * count + i < 64; i++)
        rows->values[rows->count * count + i] = value_copy(&rows->arena, &values[i]);
    rows->count++;
    return rows->stop_after == 0 || rows->count < rows->stop_after;
}

static void scalars_and_wrong_passwords(void **state)
{
    (void)state;
    NEEDS_STANDIN();
    struct source *source = connected();
    struct error error = {0};
    assert_string_equal(ask(source, "SELECT 1 + 1 FROM DUAL"), "2");
    assert_string_equal(ask(source, "SELECT 'a' || 'b' FROM DUAL"), "ab");
    source_close(source);
    struct engine_options wrong = options;
    snprintf(wrong.source_password, sizeof wrong.source_password, "guess");
    assert_null(source_open(&wrong, 60000, &error));
    assert_int_equal(error.native, 1017);
    wrong.source_port = 1;
    assert_null(source_open(&wrong, 1000, &error));
}

static void values_come_back_as_they_were_bound(void **state)
{
    (void)state;
    NEEDS_STANDIN();
    struct source *source = connected();
    struct rows rows = {.count = 0};
    struct error error = {0};
    arena_init(&rows.arena, 0);
    run(source, "CREATE TABLE kinds (id NUMBER(9) PRIMARY KEY, n NUMBER, v VARCHAR2(100), c CHAR(6), d DATE, t TIMESTAMP(6), r RAW(20), f "
                "BINARY_DOUBLE)");
    struct value binds[8] = {
        value_number_i64(&rows.arena, 7),
        value_number_text(&rows.arena, view_text("-12345678901234567890.125")),
        value_text(view_text("grüße, 漢")),
        value_text(view_text("ab")),
        {.type = VALUE_DATETIME, .datetime = {.year = 2026, .month = 2, .day = 3, .hour = 4, .minute = 5, .second = 6}},
        {.type = VALUE_DATETIME,
         .datetime = {.year = 1999, .month = 12, .day = 31, .hour = 23, .minute = 59, .second = 59, .nanosecond = 123456000}},
        value_bytes(view_of("\0\1\377", 3)),
        {.type = VALUE_DOUBLE, .real = 0.1}};
    struct source_result result;
    static const char insert[] = "INSERT INTO kinds (id, n, v, c, d, t, r, f) VALUES (:1, :2, :3, :4, :5, :6, :7, :8)";
    if (!source_run(source, insert, binds, 8, 1, 0, NULL, NULL, &result, &error)) fail_msg("%s", error.text);
    assert_int_equal(result.affected, 1);
    assert_true(result.has_rowid);
    struct value nulls[8] = {value_number_i64(&rows.arena, 8)};
    if (!source_run(source, insert, nulls, 8, 1, 0, NULL, NULL, &result, &error)) fail_msg("%s", error.text);
    assert_true(source_commit(source, &error));
    if (!source_run(source, "SELECT id, n, v, c, d, t, r, f FROM kinds ORDER BY id", NULL, 0, 0, 10, keep, &rows, &result, &error))
        fail_msg("%s", error.text);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.columns, 8);
    assert_int_equal(result.columns, 8);
    binds[3] = value_text(view_text("ab    "));
    for (int i = 0; i < 8; i++)
        if (!value_equal(&binds[i], &rows.values[i])) fail_msg("column %d differs", i);
    for (int i = 1; i < 8; i++) assert_int_equal(rows.values[8 + i].type, VALUE_NULL);
    arena_release(&rows.arena);
    source_close(source);
}

static void cursors_are_used_again_and_closed(void **state)
{
    (void)state;
    NEEDS_STANDIN();
    struct source *source = connected();
    struct error error = {0};
    struct arena arena;
    arena_init(&arena, 0);
    run(source, "CREATE TABLE many (id NUMBER(9) PRIMARY KEY, v NUMBER(9))");
    /* More texts than cursors are kept, each run again: every answer must be its own statement's. */
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 260; i++) {
            char text[80], want[20];
            snprintf(text, sizeof text, "SELECT %d + :1 FROM DUAL", i);
            snprintf(want, sizeof want, "%d", i + round);
            struct rows rows = {.count = 0};
            arena_init(&rows.arena, 0);
            struct value bind = value_number_i64(&arena, round);
            if (!source_run(source, text, &bind, 1, 1, 1, keep, &rows, NULL, &error)) fail_msg("%s: %s", text, error.text);
            struct value expected = value_number_text(&arena, view_text(want));
            assert_int_equal(rows.count, 1);
            assert_true(value_equal(&rows.values[0], &expected));
            arena_release(&rows.arena);
        }
    for (int i = 0; i < 500; i++) {
        struct value binds[2] = {value_number_i64(&arena, i), value_number_i64(&arena, i * 2)};
        assert_true(source_run(source, "INSERT INTO many (id, v) VALUES (:1, :2)", binds, 2, 1, 0, NULL, NULL, NULL, &error));
    }
    assert_true(source_commit(source, &error));
    assert_string_equal(ask(source, "SELECT COUNT(*) FROM many"), "500");
    assert_string_equal(ask(source, "SELECT SUM(v) FROM many"), "249500");
    /* A statement whose table was made anew. */
    assert_string_equal(ask(source, "SELECT v FROM many WHERE id = 3"), "6");
    run(source, "DROP TABLE many");
    run(source, "CREATE TABLE many (id NUMBER(9) PRIMARY KEY, v VARCHAR2(10))");
    run(source, "INSERT INTO many VALUES (3, 'three')");
    assert_string_equal(ask(source, "SELECT v FROM many WHERE id = 3"), "three");
    assert_true(source_rollback(source, &error));
    arena_release(&arena);
    source_close(source);
}

static void large_results_arrays_and_early_stops(void **state)
{
    (void)state;
    NEEDS_STANDIN();
    struct source *source = connected();
    struct error error = {0};
    struct arena arena;
    arena_init(&arena, 0);
    run(source, "CREATE TABLE wide (id NUMBER(9) PRIMARY KEY, v VARCHAR2(200))");
    enum { ROWS = 3000 };
    struct value *binds = arena_alloc(&arena, sizeof *binds * ROWS * 2);
    for (int i = 0; i < ROWS; i++) {
        binds[i * 2] = value_number_i64(&arena, i);
        binds[i * 2 + 1] = i % 7 ? value_text(view_text(arena_printf(&arena, "%0*d", 1 + i % 150, i))) : value_null();
    }
    struct source_result result;
    if (!source_run(source, "INSERT INTO wide (id, v) VALUES (:1, :2)", binds, 2, ROWS, 0, NULL, NULL, &result, &error))
        fail_msg("%s", error.text);
    assert_int_equal(result.affected, ROWS);
    assert_true(source_commit(source, &error));
    for (uint32_t fetch = 1; fetch <= 5000; fetch = fetch * 13 + 1) {
        struct rows rows = {.count = 0};
        arena_init(&rows.arena, 0);
        if (!source_run(source, "SELECT id, v FROM wide", NULL, 0, 0, fetch, keep, &rows, NULL, &error)) fail_msg("%s", error.text);
        assert_int_equal(rows.count, ROWS);
        rows.count = 0;
        rows.stop_after = 3;
        assert_true(source_run(source, "SELECT id, v FROM wide", NULL, 0, 0, fetch, keep, &rows, NULL, &error));
        assert_int_equal(rows.count, 3);
        arena_release(&rows.arena);
    }
    /* One bind is a number in one iteration and a text in another. */
    struct value mixed[4] = {value_number_i64(&arena, 9001), value_text(view_text("x")), value_number_i64(&arena, 9002),
                             value_number_i64(&arena, 5)};
    if (!source_run(source, "INSERT INTO wide (id, v) VALUES (:1, :2)", mixed, 2, 2, 0, NULL, NULL, &result, &error))
        fail_msg("%s", error.text);
    assert_int_equal(result.affected, 2);
    assert_string_equal(ask(source, "SELECT v FROM wide WHERE id = 9002"), "5");
    assert_true(source_rollback(source, &error));
    arena_release(&arena);
    source_close(source);
}

static void lobs_come_whole(void **state)
{
    (void)state;
    NEEDS_STANDIN();
    struct source *source = connected();
    struct error error = {0};
    struct arena arena;
    arena_init(&arena, 0);
    run(source, "CREATE TABLE papers (id NUMBER(9) PRIMARY KEY, body CLOB, scan BLOB)");
    size_t size = 100000;
    char *text = arena_alloc(&arena, size), *bytes = arena_alloc(&arena, size);
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)('a' + i % 26);
        bytes[i] = (char)(i * 7);
    }
    for (int i = 0; i < 3; i++) {
        struct value binds[3] = {value_number_i64(&arena, i), i == 1 ? value_null() : value_text(view_of(text, i ? size : 10)),
                                 i == 2 ? value_null() : value_bytes(view_of(bytes, i ? size : 5))};
        if (!source_run(source, "INSERT INTO papers (id, body, scan) VALUES (:1, :2, :3)", binds, 3, 1, 0, NULL, NULL, NULL, &error))
            fail_msg("%d: %s", i, error.text);
    }
    assert_true(source_commit(source, &error));
    for (int round = 0; round < 3; round++) { /* described, defined, run again */
        struct rows rows = {.count = 0};
        arena_init(&rows.arena, 0);
        struct value from = value_number_i64(&arena, 0);
        if (!source_run(source, "SELECT id, body, scan FROM papers WHERE id >= :1 ORDER BY id", &from, 1, 1, 2, keep, &rows, NULL, &error))
            fail_msg("%s", error.text);
        assert_int_equal(rows.count, 3);
        assert_int_equal(rows.values[1].bytes.size, 10);
        assert_int_equal(rows.values[2].type, VALUE_BYTES);
        assert_int_equal(rows.values[2].bytes.size, 5);
        assert_int_equal(rows.values[4].type, VALUE_NULL);
        assert_true(view_equal(rows.values[5].bytes, view_of(bytes, size)));
        assert_true(view_equal(rows.values[7].bytes, view_of(text, size)));
        assert_int_equal(rows.values[8].type, VALUE_NULL);
        arena_release(&rows.arena);
    }
    arena_release(&arena);
    source_close(source);
}

static void errors_leave_the_connection_usable(void **state)
{
    (void)state;
    NEEDS_STANDIN();
    struct source *source = connected();
    struct error error = {0};
    assert_false(source_run(source, "SELECT * FROM nowhere_at_all", NULL, 0, 0, 1, NULL, NULL, NULL, &error));
    assert_int_equal(error.code, ERROR_SOURCE);
    assert_int_equal(error.native, 942);
    run(source, "CREATE TABLE uniq (id NUMBER(9) PRIMARY KEY)");
    run(source, "INSERT INTO uniq VALUES (1)");
    for (int i = 0; i < 3; i++) {
        assert_false(source_run(source, "INSERT INTO uniq VALUES (1)", NULL, 0, 0, 0, NULL, NULL, NULL, &error));
        assert_int_equal(error.native, 1);
        assert_string_equal(ask(source, "SELECT COUNT(*) FROM uniq"), "1");
    }
    assert_true(source_commit(source, &error));
    source_close(source);
}

static void a_lost_connection_is_told_as_such(void **state)
{
    (void)state;
    NEEDS_STANDIN();
    struct source *source = connected();
    struct error error = {0};
    unsigned port = standin.port;
    assert_string_equal(ask(source, "SELECT 1 FROM DUAL"), "1");
    private_standin_kill(&standin);
    assert_false(source_rollback(source, &error));
    assert_int_equal(error.code, ERROR_SOURCE_LOST);
    assert_false(source_run(source, "SELECT 1 FROM DUAL", NULL, 0, 0, 1, NULL, NULL, NULL, &error));
    assert_int_equal(error.code, ERROR_SOURCE_LOST);
    source_close(source);
    assert_int_equal(private_standin_listen(&standin, port), 0);
    source = connected();
    assert_string_equal(ask(source, "SELECT COUNT(*) FROM uniq"), "1");
    source_close(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_and_wrong_passwords),
        cmocka_unit_test(values_come_back_as_they_were_bound),
        cmocka_unit_test(cursors_are_used_again_and_closed),
        cmocka_unit_test(large_results_arrays_and_early_stops),
        cmocka_unit_test(lobs_come_whole),
        cmocka_unit_test(errors_leave_the_connection_usable),
        cmocka_unit_test(a_lost_connection_is_told_as_such),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
