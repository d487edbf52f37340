/* SPDX-License-Identifier: Apache-2.0 */
/* The client half: what is written is read back the same, in every form; and requests relayed under other cursor ids. */
#include "wire/request.h"

#include "tests/support/wire_bench_fixture.h"
#include "wire/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_binds_of_values_come_back(void **state)
{
    (void)state;
    for (unsigned form = 0; form < WIRE_FORM_COUNT; form++) {
        bench.session = wire_session_of(wire_form_at(form));
        struct arena arena;
        arena_init(&arena, 0);
        struct value values[] = {
            value_text(view_text("it's")),
            value_number_text(&arena, view_text("-12.5")),
            value_null(),
            value_bytes(view_text("\x01\x02")),
            {.type = VALUE_DATETIME,
             .datetime = {.year = 2024, .month = 2, .day = 29, .nanosecond = 5, .has_zone = true, .zone_minutes = -330}},
            {.type = VALUE_DOUBLE, .real = 0.1},
            {.type = VALUE_INTERVAL_YM, .months = -25},
            {.type = VALUE_INTERVAL_DS, .interval = {.days = 3, .nanoseconds = 1}},
        };
        enum { COUNT = sizeof values / sizeof *values };
        struct wire_oac oacs[COUNT];
        struct wire_bind binds[COUNT];
        for (int i = 0; i < COUNT; i++) {
            binds[i] = (struct wire_bind){.present = true};
            wire_value_to_bind(&bench.session, &values[i], &arena, &oacs[i], &binds[i].raw, &binds[i].null);
            assert_int_not_equal(oacs[i].type, 0);
        }
        struct wire_execute_spec spec = {.options = 0x8029,
                                         .sql = view_text("insert into t values(:1,:2,:3,:4,:5,:6,:7,:8)"),
                                         .execution_count = 1,
                                         .binds = oacs,
                                         .bind_count = COUNT,
                                         .rows = binds,
                                         .row_count = 1};
        buffer_clear(&bench.message);
        assert_true(wire_execute_write(&bench.session, 1, &spec, &bench.message));
        assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
        for (int i = 0; i < COUNT; i++) {
            struct value back =
                wire_bind_value(&bench.session, &bench.request.execute.binds[i], &bench.request.execute.rows[i], &bench.arena);
            assert_true(value_equal(&values[i], &back) || (values[i].type == VALUE_NULL && back.type == VALUE_NULL));
        }
        wire_request_abandon(bench.cursors, &bench.request);
        arena_release(&arena);
    }
}

static void test_all_kinds_of_binds(void **state)
{
    (void)state;
    struct wire_bind elements[] = {wire_bind_of("e1"), wire_bind_of(NULL)};
    struct wire_oac oacs[] = {wire_oac_of(WIRE_TYPE_LONG, 9),
                              wire_oac_of(WIRE_TYPE_CURSOR, 0),
                              wire_oac_of(WIRE_TYPE_BLOB, 0),
                              wire_oac_of(WIRE_TYPE_JSON, 0),
                              wire_oac_of(1, 10),
                              wire_oac_of(WIRE_TYPE_BOOLEAN, 4),
                              wire_oac_of(2, 22)};
    oacs[4].flags |= WIRE_OAC_ARRAY;
    struct wire_bind rows[] = {wire_bind_of("long"),
                               wire_bind_of("x"),
                               wire_bind_of("loc"),
                               wire_bind_of("{}"),
                               {.present = true, .element_count = 2, .elements = elements},
                               wire_bind_of(NULL),
                               wire_bind_of(NULL)};
    struct wire_execute_spec spec = {.options = 0x429,
                                     .sql = view_text("begin p(:1,:2,:3,:4,:5,:6,:7); end;"),
                                     .execution_count = 1,
                                     .plsql = true,
                                     .binds = oacs,
                                     .bind_count = 7,
                                     .rows = rows,
                                     .row_count = 1};
    assert_true(wire_execute_write(&bench.session, 1, &spec, &bench.message));
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    const struct wire_bind *read = bench.request.execute.rows;
    assert_true(view_equal(read[0].raw, view_text("long")));
    assert_true(view_equal(read[2].raw, view_text("loc")));
    assert_true(view_equal(read[3].raw, view_text("{}")));
    assert_int_equal(read[4].element_count, 2);
    assert_true(read[4].elements[1].null && read[5].null && read[6].null);
    oacs[0].type = WIRE_TYPE_OBJECT;
    size_t size = buffer_size(&bench.message);
    assert_false(wire_execute_write(&bench.session, 1, &spec, &bench.message));
    assert_int_equal(buffer_size(&bench.message), size);
}

static void test_return_binds_as_the_options_ask(void **state)
{
    (void)state;
    struct wire_oac oacs[] = {wire_oac_of(2, 22), wire_oac_of(2, 22)};
    struct wire_bind rows[] = {wire_bind_of("a"), {.present = false}};
    struct wire_execute_spec spec = {.options = 0x8029,
                                     .sql = view_text("update t set a = :a returning b into :b"),
                                     .execution_count = 1,
                                     .binds = oacs,
                                     .bind_count = 2,
                                     .rows = rows,
                                     .row_count = 1,
                                     .return_binds = 1};
    for (int vector = 0; vector < 2; vector++) {
        if (vector) spec.options |= WIRE_OPTION_IO_VECTOR;
        buffer_clear(&bench.message);
        assert_true(wire_execute_write(&bench.session, 1, &spec, &bench.message));
        assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
        assert_int_equal(bench.request.execute.rows[1].present, vector);
        assert_true(view_equal(bench.request.execute.rows[0].raw, view_text("a")));
        wire_request_abandon(bench.cursors, &bench.request);
    }
}

static void test_short_forms_come_back(void **state)
{
    (void)state;
    struct wire_oac oacs[] = {wire_oac_of(2, 22), wire_oac_of(2, 22)};
    for (unsigned form = 0; form < WIRE_FORM_COUNT; form++) {
        bench.session = wire_session_of(wire_form_at(form));
        struct wire_cursor *cursor = wire_bench_cursor(&bench, 300, "begin p(:a,:b); end;", oacs, 2);
        uint8_t directions[] = {WIRE_OUT, WIRE_IN};
        wire_cursor_set_directions(cursor, directions, 2);
        struct wire_bind rows[] = {{.present = false}, wire_bind_of("b1"), {.present = false}, wire_bind_of("b2")};
        struct wire_execute_spec spec = {.options = WIRE_OPTION_COMMIT,
                                         .cursor_id = 300,
                                         .execution_count = 2,
                                         .binds = oacs,
                                         .bind_count = 2,
                                         .rows = rows,
                                         .row_count = 2,
                                         .plsql = true};
        buffer_clear(&bench.message);
        assert_true(wire_reexecute_write(&bench.session, 1, WIRE_FN_REEXECUTE, &spec, &bench.message));
        assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
        assert_true(bench.request.execute.commit);
        assert_int_equal(bench.request.execute.row_count, 2);
        assert_true(view_equal(bench.request.execute.rows[3].raw, view_text("b2")));
        buffer_clear(&bench.message);
        wire_fetch_write(&bench.session, 1, 300, 70000, &bench.message);
        assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
        assert_int_equal(bench.request.fetch.rows, 70000);
    }
}

static void test_large_values_are_written_in_chunks(void **state)
{
    (void)state;
    size_t size = 200000;
    char *large = malloc(size);
    memset(large, 'x', size);
    large[size - 1] = 'y';
    struct wire_oac oac = wire_oac_of(1, 200000);
    struct wire_bind bind = {.present = true, .raw = view_of(large, size)};
    struct wire_execute_spec spec = {.options = 0x8029,
                                     .sql = view_text("insert into t values(:a)"),
                                     .execution_count = 1,
                                     .binds = &oac,
                                     .bind_count = 1,
                                     .rows = &bind,
                                     .row_count = 1};
    assert_true(wire_execute_write(&bench.session, 1, &spec, &bench.message));
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_true(view_equal(bench.request.execute.rows[0].raw, bind.raw));
    free(large);
}

/* ---- other cursor ids ---- */

static uint32_t map_id(void *context, uint32_t id)
{
    (void)context;
    return id == 5 ? 70000 : id == 6 ? 1 : 0;
}

static void test_ids_are_rewritten_and_the_rest_stays(void **state)
{
    (void)state;
    struct wire_oac oac = wire_oac_of(2, 22);
    struct buffer out, expected;
    buffer_init(&out, 0);
    buffer_init(&expected, 0);
    wire_bench_cursor(&bench, 5, "insert into t values(:a)", &oac, 1);
    uint32_t ids[] = {6, 9, 6}, mapped[] = {1, 1}, gone[] = {9};
    struct wire_bind bind = wire_bind_of("\xc1\x06");
    struct wire_execute_spec spec = {.cursor_id = 5, .execution_count = 1, .binds = &oac, .bind_count = 1, .rows = &bind, .row_count = 1};
    wire_close_cursors_write(&bench.session, 1, gone, 1, &bench.message);
    wire_bench_add_hex(&bench, "11 98 02 01 01 03 03 48 52 31");
    wire_close_cursors_write(&bench.session, 3, ids, 3, &bench.message);
    wire_reexecute_write(&bench.session, 4, WIRE_FN_REEXECUTE, &spec, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_true(wire_request_rewrite_ids(&bench.request, map_id, NULL, &out));

    uint8_t schema[16];
    size_t schema_size = exact_hex("11 98 02 01 01 03 03 48 52 31", schema, sizeof schema);
    buffer_append(&expected, schema, schema_size); /* the list of what is not known there is gone */
    wire_close_cursors_write(&bench.session, 3, mapped, 2, &expected);
    spec.cursor_id = 70000;
    wire_reexecute_write(&bench.session, 4, WIRE_FN_REEXECUTE, &spec, &expected);
    assert_true(view_equal(buffer_view(&out), buffer_view(&expected)));

    buffer_clear(&out);
    buffer_clear(&bench.message);
    wire_bench_cursor(&bench, 7, "select 1 from dual", NULL, 0);
    wire_fetch_write(&bench.session, 1, 7, 10, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_false(wire_request_rewrite_ids(&bench.request, map_id, NULL, &out)); /* it has no id there */

    buffer_clear(&out);
    buffer_clear(&bench.message);
    struct wire_execute_spec parse = {.options = 0x8021, .sql = view_text("select 1 from dual")};
    wire_execute_write(&bench.session, 1, &parse, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_true(wire_request_rewrite_ids(&bench.request, map_id, NULL, &out)); /* a new cursor: id 0 stays */
    assert_true(view_equal(buffer_view(&out), buffer_view(&bench.message)));
    buffer_release(&out);
    buffer_release(&expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_binds_of_values_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_kinds_of_binds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_return_binds_as_the_options_ask, setup, teardown),
        cmocka_unit_test_setup_teardown(test_short_forms_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_values_are_written_in_chunks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ids_are_rewritten_and_the_rest_stays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
