/* SPDX-License-Identifier: Apache-2.0 */
/* Bind rows: the order and the presence of values, which depend on the statement, the options and what earlier calls said. */
#include "wire/request.h"

#include "tests/support/wire_bench_fixture.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* The head of an execution: everything before the rows. */
static void write_head(uint32_t options, uint32_t cursor_id, const char *sql, uint32_t executions, const struct wire_oac *binds,
                       uint32_t count)
{
    struct wire_execute_spec spec = {
        .options = options,
        .cursor_id = cursor_id,
        .sql = view_text(sql),
        .execution_count = executions,
        .binds = binds,
        .bind_count = count,
    };
    buffer_clear(&bench.message);
    assert_true(wire_execute_write(&bench.session, 1, &spec, &bench.message));
}

/* One row as bytes: texts as short CLRs in the order given. */
static void add_row(const char *const *values, size_t count)
{
    buffer_u8(&bench.message, 7);
    for (size_t i = 0; i < count; i++) {
        buffer_u8(&bench.message, (uint8_t)(values[i] ? strlen(values[i]) : 0));
        if (values[i]) buffer_append_text(&bench.message, values[i]);
    }
}

static void assert_bind(uint32_t row, uint32_t bind, uint32_t count, const char *text)
{
    const struct wire_bind *value = &bench.request.execute.rows[row * count + bind];
    assert_true(value->present);
    assert_int_equal(value->null, text == NULL);
    if (text) assert_true(view_equal(value->raw, view_text(text)));
}

/* Each prefix of the message: wait, and leave the table alone. */
static void assert_prefixes_need_more(void)
{
    uint32_t before = wire_cursor_count(bench.cursors);
    for (size_t size = 0; size < buffer_size(&bench.message); size++) {
        assert_int_equal(wire_bench_decode_part(&bench, size), WIRE_NEED_MORE);
        assert_int_equal(wire_cursor_count(bench.cursors), before);
    }
}

enum { PARSE = 0x8029, REBIND = 0x8028, AGAIN = 0x8020, WITH_VECTOR = 0x429 };

/* ---- LONG values stand last ---- */

static void test_long_types_stand_last(void **state)
{
    (void)state;
    static const uint8_t longs[] = {WIRE_TYPE_LONG, WIRE_TYPE_LONG_RAW, WIRE_TYPE_LONG_VARCHAR, WIRE_TYPE_LONG_VARRAW};
    for (size_t i = 0; i < sizeof longs; i++) {
        struct wire_oac binds[] = {wire_oac_of(longs[i], 100), wire_oac_of(2, 22), wire_oac_of(longs[i], 100), wire_oac_of(1, 10)};
        write_head(PARSE, 0, "insert into t values(:a,:b,:c,:d)", 1, binds, 4);
        add_row((const char *const[]){"bb", "dd", "aa", "cc"}, 4);
        assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
        assert_bind(0, 0, 4, "aa");
        assert_bind(0, 1, 4, "bb");
        assert_bind(0, 2, 4, "cc");
        assert_bind(0, 3, 4, "dd");
        wire_request_abandon(bench.cursors, &bench.request);
    }
}

static void test_values_declared_beyond_the_string_limit_stand_last_in_sql(void **state)
{
    (void)state;
    static const struct {
        bool strings_32k;
        uint32_t size;
        const char *sql;
        bool late;
    } cases[] = {
        {true, 32767, "insert into t values(:a,:b)", false}, {true, 32768, "insert into t values(:a,:b)", true},
        {false, 4000, "insert into t values(:a,:b)", false}, {false, 4001, "insert into t values(:a,:b)", true},
        {false, 12000, "begin p(:a,:b); end;", false},       {false, 12000, "select :a, :b from dual", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_oac binds[] = {wire_oac_of(1, cases[i].size), wire_oac_of(2, 22)};
        bench.session.strings_32k = cases[i].strings_32k;
        write_head(PARSE, 0, cases[i].sql, 1, binds, 2);
        add_row((const char *const[]){"first", "second"}, 2);
        assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
        assert_bind(0, 0, 2, cases[i].late ? "second" : "first");
        assert_bind(0, 1, 2, cases[i].late ? "first" : "second");
        wire_request_abandon(bench.cursors, &bench.request);
    }
}

static void test_locators_and_cursors_keep_their_place(void **state)
{
    (void)state;
    struct wire_oac binds[] = {wire_oac_of(WIRE_TYPE_CLOB, 99999), wire_oac_of(WIRE_TYPE_CURSOR, 99999),
                               wire_oac_of(WIRE_TYPE_JSON, 33554432), wire_oac_of(2, 22)};
    write_head(PARSE, 0, "insert into t values(:a,:b,:c,:d)", 1, binds, 4);
    wire_bench_add_hex(&bench, "07 01 03 03 aa bb cc 01 01 01 09 01 02 02 11 22 03 7b 7d 20 02 c1 02");
    assert_prefixes_need_more();
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_int_equal(bench.request.execute.rows[0].raw.size, 3);
    assert_false(bench.request.execute.rows[1].null);
    assert_bind(0, 2, 4, "{} ");
    assert_bind(0, 3, 4, "\xc1\x02");
    wire_request_abandon(bench.cursors, &bench.request);
    write_head(PARSE, 0, "insert into t values(:a,:b,:c,:d)", 1, binds, 4);
    wire_bench_add_hex(&bench, "07 00 01 00 00 00"); /* null, a new cursor, null, null */
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_true(bench.request.execute.rows[0].null);
    assert_false(bench.request.execute.rows[1].null);
    assert_true(bench.request.execute.rows[2].null);
    wire_request_abandon(bench.cursors, &bench.request);
    write_head(PARSE, 0, "insert into t values(:a,:b,:c,:d)", 1, binds, 4);
    wire_bench_add_hex(&bench, "07 00 02 00 00 00 00");
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN); /* no cursor bind looks like that */
}

static void test_objects_and_booleans(void **state)
{
    (void)state;
    enum { STAND_IN = 200 };
    struct wire_oac binds[] = {wire_oac_of(STAND_IN, 100), wire_oac_of(WIRE_TYPE_BOOLEAN, 4), wire_oac_of(WIRE_TYPE_BOOLEAN, 4),
                               wire_oac_of(STAND_IN, 100)};
    write_head(PARSE, 0, "begin p(:a,:b,:c,:d); end;", 1, binds, 4);
    for (size_t i = bench.message.start; i < bench.message.end; i++) /* the encoder does not bind objects */
        if (bench.message.data[i] == STAND_IN) bench.message.data[i] = WIRE_TYPE_OBJECT;
    wire_bench_add_hex(&bench, "07 01 02 02 aa bb 00 00 01 01 01 03 01 01 03 11 22 33 02 01 01 fd 01 00 00 00 00 00 01 01");
    assert_prefixes_need_more();
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_bind(0, 0, 4, "\x11\x22\x33");
    assert_bind(0, 1, 4, "\x01\x01");
    assert_bind(0, 2, 4, NULL);
    assert_bind(0, 3, 4, NULL);
}

/* ---- RETURNING ---- */

static const struct wire_oac three[] = {
    {.type = 2, .flags = 1, .size_max = 22}, {.type = 1, .flags = 1, .size_max = 20, .form = 1}, {.type = 2, .flags = 1, .size_max = 22}};

static void test_return_binds_are_left_out(void **state)
{
    (void)state;
    write_head(PARSE, 0, "insert into t values(:a, ':x') returning b, c into :b, :c", 2, three, 3);
    add_row((const char *const[]){"a1"}, 1);
    add_row((const char *const[]){"a2"}, 1);
    assert_prefixes_need_more();
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_int_equal(bench.request.execute.row_count, 2);
    assert_bind(1, 0, 3, "a2");
    assert_false(bench.request.execute.rows[1].present);
    assert_false(bench.request.execute.rows[2].present);
    assert_int_equal(bench.request.cursor->return_binds, 2);
}

static void test_with_an_io_vector_they_are_nulls(void **state)
{
    (void)state;
    write_head(WITH_VECTOR, 0, "insert into t values(:a) returning b, c into :b, :c", 1, three, 3);
    add_row((const char *const[]){"a1", NULL, NULL}, 3);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_bind(0, 0, 3, "a1");
    assert_bind(0, 2, 3, NULL);
}

static void test_only_return_binds_means_no_row(void **state)
{
    (void)state;
    write_head(PARSE, 0, "delete from t returning a, b, c into :a, :b, :c", 1, three, 3);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_int_equal(bench.request.execute.row_count, 0);
    wire_request_abandon(bench.cursors, &bench.request);
    write_head(PARSE, 0, "delete from t returning a, b, c, d into :a, :b, :c, :d", 1, three, 3);
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN); /* more than were bound */
}

/* ---- re-execution ---- */

static void write_again(uint8_t function, uint32_t cursor_id, uint32_t count)
{
    struct wire_execute_spec spec = {.cursor_id = cursor_id, .execution_count = count, .prefetch_rows = count};
    buffer_clear(&bench.message);
    assert_true(wire_reexecute_write(&bench.session, 2, function, &spec, &bench.message));
}

static void test_short_forms_leave_out_what_is_only_out(void **state)
{
    (void)state;
    struct wire_cursor *cursor = wire_bench_cursor(&bench, 8, "begin p(:a,:b,:c); end;", three, 3);
    write_again(WIRE_FN_REEXECUTE, 8, 1); /* nothing said to be OUT yet: all are sent */
    add_row((const char *const[]){"a", "b", "c"}, 3);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_bind(0, 2, 3, "c");
    uint8_t directions[] = {WIRE_OUT, WIRE_IN_OUT, WIRE_IN};
    wire_cursor_set_directions(cursor, directions, 3);
    write_again(WIRE_FN_REEXECUTE, 8, 1);
    add_row((const char *const[]){"b", "c"}, 2);
    assert_prefixes_need_more();
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_true(bench.request.execute.short_form);
    assert_false(bench.request.execute.rows[0].present);
    assert_bind(0, 1, 3, "b");
    assert_bind(0, 2, 3, "c");
    directions[1] = directions[2] = WIRE_OUT;
    wire_cursor_set_directions(cursor, directions, 3);
    write_again(WIRE_FN_REEXECUTE, 8, 1); /* only OUT: no row at all */
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_int_equal(bench.request.execute.row_count, 0);
    cursor->directions_lost = true; /* a reply that was not followed */
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
}

static void test_short_forms_leave_out_return_binds(void **state)
{
    (void)state;
    struct wire_cursor *cursor = wire_bench_cursor(&bench, 8, "update t set a = :a where b = :b returning c into :c", three, 3);
    write_again(WIRE_FN_REEXECUTE, 8, 2);
    add_row((const char *const[]){"a", "b"}, 2);
    add_row((const char *const[]){"x", "y"}, 2);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_bind(1, 1, 3, "y");
    uint8_t directions[] = {WIRE_IN, WIRE_IN, WIRE_OUT}; /* as an I/O vector says it: not left out twice */
    wire_cursor_set_directions(cursor, directions, 3);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_bind(1, 1, 3, "y");
}

static void test_a_full_form_without_descriptors_uses_the_stored_ones(void **state)
{
    (void)state;
    struct wire_oac binds[] = {wire_oac_of(WIRE_TYPE_LONG, 100), wire_oac_of(2, 22)};
    struct wire_cursor *cursor = wire_bench_cursor(&bench, 8, "begin p(:a,:b); end;", binds, 2);
    uint8_t directions[] = {WIRE_IN, WIRE_OUT};
    wire_cursor_set_directions(cursor, directions, 2);
    write_head(AGAIN, 8, "", 1, NULL, 0);
    add_row((const char *const[]){"0", "long"}, 2); /* OUT ones too, and LONG last */
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_false(bench.request.execute.has_binds);
    assert_bind(0, 0, 2, "long");
    assert_bind(0, 1, 2, "0");
    wire_request_commit(bench.cursors, &bench.request);
    assert_int_equal(cursor->executions, 1);
    assert_non_null(cursor->directions);
}

static void test_rebinding_replaces_descriptors_at_the_commit(void **state)
{
    (void)state;
    struct wire_cursor *cursor = wire_bench_cursor(&bench, 8, "insert into t values(:a,:b,:c)", three, 3);
    struct wire_oac binds[] = {wire_oac_of(1, 10), wire_oac_of(WIRE_TYPE_LONG, 10), wire_oac_of(1, 10)};
    write_head(REBIND, 8, "", 1, binds, 3);
    add_row((const char *const[]){"a", "c", "b"}, 3);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_bind(0, 1, 3, "b");
    assert_int_equal(cursor->binds[1].type, 1);
    wire_request_commit(bench.cursors, &bench.request);
    assert_int_equal(cursor->binds[1].type, WIRE_TYPE_LONG);
}

static void test_queries_have_one_row_of_binds(void **state)
{
    (void)state;
    struct wire_oac bind = wire_oac_of(2, 22);
    wire_bench_cursor(&bench, 8, "select * from t where a = :a", &bind, 1);
    write_again(WIRE_FN_REEXECUTE_FETCH, 8, 500); /* the number is of rows wanted */
    assert_int_equal(wire_bench_decode(&bench), WIRE_NEED_MORE);
    add_row((const char *const[]){"a"}, 1);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_int_equal(bench.request.execute.row_count, 1);
    assert_int_equal(bench.request.execute.prefetch_rows, 500);
    write_head(0x8068, 8, "", 500, &bind, 1);
    add_row((const char *const[]){"a"}, 1);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    write_head(0x8050, 8, "", 10, NULL, 0); /* a fetch with defines to come: stored binds, but nothing is executed */
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_int_equal(bench.request.execute.row_count, 0);
}

/* ---- many rows ---- */

static void test_more_rows_than_announced_are_all_taken(void **state)
{
    (void)state;
    struct wire_oac bind = wire_oac_of(2, 22);
    write_head(PARSE, 0, "insert into t values(:a)", 1, &bind, 1);
    for (int i = 0; i < 3; i++) add_row((const char *const[]){"a"}, 1);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_int_equal(bench.request.execute.row_count, 3);
    wire_request_abandon(bench.cursors, &bench.request);
    buffer_u8(&bench.message, 9); /* something else behind them */
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
}

static void test_index_by_tables(void **state)
{
    (void)state;
    struct wire_oac binds[] = {wire_oac_of(1, 10), wire_oac_of(2, 22)};
    binds[0].flags |= WIRE_OAC_ARRAY;
    binds[0].elements_max = 10;
    write_head(PARSE | 0x400, 0, "begin p(:a,:b); end;", 1, binds, 2);
    wire_bench_add_hex(&bench, "07 01 03 01 61 00 02 62 63 02 c1 02");
    assert_prefixes_need_more();
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    const struct wire_bind *array = &bench.request.execute.rows[0];
    assert_int_equal(array->element_count, 3);
    assert_true(view_equal(array->elements[2].raw, view_text("bc")));
    assert_true(array->elements[1].null);
    assert_bind(0, 1, 2, "\xc1\x02");
    assert_int_equal(wire_bind_value(&bench.session, &binds[0], array, &bench.arena).type, VALUE_UNSUPPORTED);
    wire_request_abandon(bench.cursors, &bench.request);
    write_head(PARSE | 0x400, 0, "begin p(:a,:b); end;", 1, binds, 2);
    wire_bench_add_hex(&bench, "07 04 ff ff ff ff 01 61"); /* four thousand million elements: wait, without room for them */
    assert_int_equal(wire_bench_decode(&bench), WIRE_NEED_MORE);
    assert_true(bench.arena.used < 4096);
}

static void test_a_long_array_is_not_read_from_its_start_each_time(void **state)
{
    (void)state;
    enum { ROWS = 20000, PIECE = 8000 };
    struct wire_oac binds[] = {wire_oac_of(2, 22), wire_oac_of(1, 100)};
    struct wire_request_progress progress = {0};
    size_t pieces = 0;
    write_head(PARSE, 0, "insert into t values(:a,:b)", ROWS, binds, 2);
    for (int i = 0; i < ROWS; i++) {
        char text[16];
        snprintf(text, sizeof text, "row %d", i);
        add_row((const char *const[]){"\xc1\x02", text}, 2);
    }
    struct view message = buffer_view(&bench.message);
    for (size_t size = PIECE;; size += PIECE) {
        if (size > message.size) size = message.size;
        arena_reset(&bench.arena);
        size_t before = progress.at;
        enum wire_status status = wire_request_decode_more(&bench.session, bench.cursors, &bench.arena, view_of(message.data, size),
                                                           &progress, &bench.request, &bench.error);
        assert_true(progress.at >= before);
        if (size > PIECE && size < message.size) assert_true(progress.at > size - 2 * PIECE);
        pieces++;
        if (size == message.size) {
            assert_int_equal(status, WIRE_DECODED);
            break;
        }
        assert_int_equal(status, WIRE_NEED_MORE);
    }
    assert_true(pieces > 30);
    assert_int_equal(bench.request.execute.row_count, ROWS);
    assert_bind(ROWS - 1, 1, 2, "row 19999");
}

/* ---- values ---- */

static void test_values_of_binds(void **state)
{
    (void)state;
    struct wire_bind bind = {.present = true, .raw = view_text("\xc1\x0b")};
    struct wire_oac oac = wire_oac_of(2, 22);
    assert_int_equal(wire_bind_value(&bench.session, &oac, &bind, &bench.arena).type, VALUE_NUMBER);
    oac.type = WIRE_TYPE_CLOB;
    assert_int_equal(wire_bind_value(&bench.session, &oac, &bind, &bench.arena).type, VALUE_UNSUPPORTED);
    oac.type = WIRE_TYPE_CURSOR;
    assert_int_equal(wire_bind_value(&bench.session, &oac, &bind, &bench.arena).type, VALUE_UNSUPPORTED);
    bind.null = true;
    assert_int_equal(wire_bind_value(&bench.session, &oac, &bind, &bench.arena).type, VALUE_NULL);
    bind = (struct wire_bind){.present = false};
    assert_int_equal(wire_bind_value(&bench.session, &oac, &bind, &bench.arena).type, VALUE_NULL);
}

/* The steady state of a session: one packet in, no allocation. */
static void test_decoding_does_not_allocate(void **state)
{
    (void)state;
    struct wire_oac binds[] = {wire_oac_of(2, 22), wire_oac_of(1, 100)};
    wire_bench_cursor(&bench, 8, "insert into t values(:a,:b)", binds, 2);
    write_again(WIRE_FN_REEXECUTE, 8, 1);
    add_row((const char *const[]){"\xc1\x02", "text"}, 2);
    struct buffer parse;
    buffer_init(&parse, 0);
    buffer_append_view(&parse, buffer_view(&bench.message));
    write_head(PARSE, 0, "insert into t values(:a,:b)", 1, binds, 2);
    add_row((const char *const[]){"\xc1\x02", "text"}, 2);
    struct view messages[] = {buffer_view(&parse), buffer_view(&bench.message)};
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 2; i++) {
            struct mallinfo2 before = mallinfo2();
            arena_reset(&bench.arena);
            enum wire_status status =
                wire_request_decode(&bench.session, bench.cursors, &bench.arena, messages[i], &bench.request, &bench.error);
            struct mallinfo2 after = mallinfo2();
            assert_int_equal(status, WIRE_DECODED);
            if (round > 0) assert_int_equal(after.uordblks, before.uordblks);
            wire_request_abandon(bench.cursors, &bench.request);
        }
    buffer_release(&parse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_long_types_stand_last, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_declared_beyond_the_string_limit_stand_last_in_sql, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locators_and_cursors_keep_their_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_objects_and_booleans, setup, teardown),
        cmocka_unit_test_setup_teardown(test_return_binds_are_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_with_an_io_vector_they_are_nulls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_return_binds_means_no_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_short_forms_leave_out_what_is_only_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_short_forms_leave_out_return_binds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_form_without_descriptors_uses_the_stored_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rebinding_replaces_descriptors_at_the_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queries_have_one_row_of_binds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_rows_than_announced_are_all_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_index_by_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_array_is_not_read_from_its_start_each_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_of_binds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_decoding_does_not_allocate, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
