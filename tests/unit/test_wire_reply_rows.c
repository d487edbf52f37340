/* SPDX-License-Identifier: Apache-2.0 */
/* Rows, OUT binds and returned values: repeated values, LOBs, result sets, arrays; each also cut at every byte. */
#include "wire/reply.h"

#include "tests/support/wire_listener_fixture.h"
#include "wire/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void end_message(void)
{
    struct wire_end end = {.cursor_id = 9};
    wire_end_write(SESSION, &end, 1, MESSAGE);
}

static const char end_line[] = "end 0 rows 0 cursor 9 at 0 command 0 \n";

typedef struct wire_cursor *(*maker)(void);

static void begin(maker make, uint8_t function)
{
    wire_cursor_table_clear(listener.bench.cursors);
    buffer_clear(&listener.lines);
    listener.request = (struct wire_request){.function = function, .cursor = make()};
    wire_reply_begin(listener.decoder, &listener.request);
}

/* The message is read whole, then cut in two at every byte: always these lines. */
static void assert_reads(maker make, const char *expected)
{
    char whole[2048];
    size_t size = buffer_size(MESSAGE);
    snprintf(whole, sizeof whole, "%s%s", expected, end_line);
    for (size_t cut = 0; cut < size; cut++) {
        begin(make, WIRE_FN_EXECUTE);
        if (cut) assert_int_equal(wire_listen_piece(&listener, 0, cut), WIRE_NEED_MORE);
        assert_int_equal(wire_listen_piece(&listener, cut, size - cut), WIRE_DECODED);
        assert_string_equal(wire_listen_lines(&listener), whole);
    }
}

static struct wire_column column_of(uint8_t type, uint32_t size)
{
    return (struct wire_column){.oac = {.type = type, .size_max = size, .form = type == 1 || type == 112 ? 1 : 0},
                                .name = (char *)(uintptr_t) "C"};
}

static struct wire_cursor *make_query(const struct wire_column *columns, uint32_t count)
{
    struct wire_cursor *cursor = wire_cursor_make(listener.bench.cursors, view_text("select * from t"));
    wire_cursor_set_columns(cursor, columns, count);
    return cursor;
}

/* ---- repeated values ---- */

static struct wire_cursor *make_three(void)
{
    struct wire_column columns[] = {column_of(1, 10), column_of(1, 10), column_of(1, 10)};
    return make_query(columns, 3);
}

static void test_bit_vectors_stand_for_the_next_row(void **state)
{
    (void)state;
    wire_bench_add_hex(&listener.bench, "07 01 61 01 62 01 63");                            /* a b c */
    wire_bench_add_hex(&listener.bench, "15 01 01 02 07 01 64");                            /* = d = */
    wire_bench_add_hex(&listener.bench, "15 01 02 05 07 01 65 00");                         /* e = null */
    wire_bench_add_hex(&listener.bench, "15 00 00 07");                                     /* = = = */
    wire_bench_add_hex(&listener.bench, "07 01 66 01 67 01 68");                            /* the vector is spent */
    wire_bench_add_hex(&listener.bench, "06 22 01 03 00 01 0a 00 01 01 01 04 00 07 01 69"); /* a vector in the row header */
    end_message();
    assert_reads(
        make_three,
        "row 'a' 'b' 'c'\nrow = 'a' 'd' = 'c'\nrow 'e' = 'd' NULL\nrow = 'e' = 'd' = NULL\nrow 'f' 'g' 'h'\nrow = 'f' = 'g' 'i'\n");
}

static void test_a_repeated_value_without_a_row_before(void **state)
{
    (void)state;
    wire_bench_add_hex(&listener.bench, "15 01 02 03 07 01 61 01 62");
    begin(make_three, WIRE_FN_EXECUTE);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_UNKNOWN);
}

/* The row before may have come with an earlier fetch. */
static void test_values_repeat_across_fetches(void **state)
{
    (void)state;
    begin(make_three, WIRE_FN_EXECUTE);
    struct wire_cursor *cursor = listener.request.cursor;
    wire_bench_add_hex(&listener.bench, "07 01 61 01 62 01 63");
    end_message();
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    buffer_clear(MESSAGE);
    wire_bench_add_hex(&listener.bench, "15 01 01 04 07 01 64");
    end_message();
    listener.request = (struct wire_request){.function = WIRE_FN_FETCH, .cursor = cursor};
    wire_reply_begin(listener.decoder, &listener.request);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    assert_string_equal(
        wire_listen_lines(&listener),
        "row 'a' 'b' 'c'\nend 0 rows 0 cursor 9 at 0 command 0 \nrow = 'a' = 'b' 'd'\nend 0 rows 0 cursor 9 at 0 command 0 \n");
    assert_int_equal(cursor->rows_fetched, 2);
}

static struct wire_cursor *make_large(void)
{
    struct wire_column columns[] = {column_of(WIRE_TYPE_ROWID, 10), column_of(1, 32767), column_of(1, 10)};
    return make_query(columns, 3);
}

/* Values that had to be joined or made repeat as well, many times over: their memory is taken by later rows. */
static void test_joined_values_repeat(void **state)
{
    (void)state;
    wire_bench_add_hex(&listener.bench, "07 0e 01 05 01 18 00 01 74 01 07 fe 01 02 78 79 01 02 7a 7a 00 01 61");
    for (int i = 0; i < 5; i++) wire_bench_add_hex(&listener.bench, "15 01 01 04 07 01 62");
    end_message();
    char expected[1024] = "row 'AAAAAFAAYAAAAB0AAH' 'xyzz' 'a'\n";
    for (int i = 0; i < 5; i++) strcat(expected, "row = 'AAAAAFAAYAAAAB0AAH' = 'xyzz' 'b'\n");
    assert_reads(make_large, expected);
}

/* ---- special columns ---- */

static struct wire_cursor *make_special(void)
{
    struct wire_column columns[] = {column_of(1, 0), column_of(WIRE_TYPE_LONG_RAW, 0), column_of(WIRE_TYPE_UROWID, 0),
                                    column_of(WIRE_TYPE_RAW, 5), column_of(WIRE_TYPE_LONG, 0)};
    return make_query(columns, 5);
}

static void test_columns_without_a_size(void **state)
{
    (void)state;
    /* Null by describe: no byte at all; LONG and UROWID have bytes nevertheless. */
    wire_bench_add_hex(&listener.bench, "07 02 aa bb 00 00 00 01 cc 00 81 01 02 05 7d");
    end_message();
    assert_reads(make_special, "row NULL 0xaabb NULL 0xcc NULL\n");
}

static struct wire_cursor *make_lobs(void)
{
    struct wire_column columns[] = {column_of(WIRE_TYPE_CLOB, 4000), column_of(WIRE_TYPE_BLOB, 4000), column_of(WIRE_TYPE_BFILE, 4000),
                                    column_of(WIRE_TYPE_JSON, 8000), column_of(WIRE_TYPE_OBJECT, 2000)};
    return make_query(columns, 5);
}

static void test_locators(void **state)
{
    (void)state;
    wire_bench_add_hex(
        &listener.bench,
        "07 01 02 01 0f 01 64 02 aa bb 01 01 00 00 01 cc 01 03 03 11 22 33 01 01 01 02 00 02 7b 7d 01 dd 00 00 00 00 01 02 00 02 55 66");
    wire_bench_add_hex(&listener.bench, "07 00 00 00 00 01 01 01 aa 00 00 01 01 00 00");
    end_message();
    assert_reads(make_lobs, "row unsupported 0xaabb(15) unsupported 0xcc unsupported 0x112233 unsupported 0xdd(2) unsupported 0x5566\nrow "
                            "NULL NULL NULL NULL NULL\n");
}

static struct wire_cursor *make_prefetched(void)
{
    struct wire_column columns[] = {column_of(WIRE_TYPE_CLOB, 4000), column_of(WIRE_TYPE_CLOB, 4000), column_of(WIRE_TYPE_BLOB, 4000),
                                    column_of(WIRE_TYPE_CLOB, 4000), column_of(WIRE_TYPE_CLOB, 4000)};
    struct wire_oac clob = {.type = 112, .continue_flags = WIRE_CONTINUE_LOB_PREFETCH, .characters_max = 100}, blob = clob, bare = clob,
                    long_text = {.type = WIRE_TYPE_LONG};
    struct wire_cursor *cursor = make_query(columns, 5);
    blob.type = 113;
    bare.characters_max = 0;
    struct wire_oac defines[] = {clob, clob, blob, bare, long_text};
    wire_cursor_set_defines(cursor, defines, 5);
    return cursor;
}

static void test_data_that_comes_with_the_locator(void **state)
{
    (void)state;
    wire_bench_add_hex(&listener.bench, "07 01 01 01 02 00 00 01 02 68 69 01 aa");             /* UTF-8, whole */
    wire_bench_add_hex(&listener.bench, "01 01 01 03 00 01 02 07 d0 01 04 00 68 00 e9 01 bb"); /* UTF-16, two of three characters */
    wire_bench_add_hex(&listener.bench, "01 01 01 02 00 02 ca fe 01 cc");                      /* bytes, whole */
    wire_bench_add_hex(&listener.bench, "01 01 01 05 00 01 dd");                               /* locator only */
    wire_bench_add_hex(&listener.bench, "04 6c 6f 6e 67 00 00");                               /* inline */
    end_message();
    assert_reads(make_prefetched, "row 'hi'(2) unsupported 0xbb(3) 0xcafe(2) unsupported 0xdd(5) 'long'\n");
}

/* ---- result sets ---- */

static struct wire_column inner[] = {{.oac = {.type = 2, .size_max = 22}, .name = (char *)(uintptr_t) "X"},
                                     {.oac = {.type = 1, .size_max = 5, .form = 1}, .name = (char *)(uintptr_t) "Y"}};

static struct wire_cursor *make_nested(void)
{
    struct wire_column columns[] = {column_of(2, 22), column_of(WIRE_TYPE_CURSOR, 1)};
    return make_query(columns, 2);
}

static void test_result_sets_inside_rows(void **state)
{
    (void)state;
    wire_bench_add_hex(&listener.bench, "07 02 c1 02");
    wire_row_cursor(SESSION, inner, 2, 41, MESSAGE);
    wire_bench_add_hex(&listener.bench, "07 02 c1 03");
    wire_row_cursor(SESSION, inner, 2, 42, MESSAGE);
    wire_bench_add_hex(&listener.bench, "07 02 c1 04 00");
    end_message();
    assert_reads(make_nested, "row 1 cursor 41\nrow 2 cursor 42\nrow 3 NULL\n");
    const struct wire_cursor *cursor = wire_cursor_find(listener.bench.cursors, 42);
    assert_null(cursor->sql);
    assert_true(cursor->query);
    assert_int_equal(cursor->column_count, 2);
    assert_int_equal(wire_cursor_count(listener.bench.cursors), 3);
}

/* Two rows cannot share a result set, and a vector without a byte is none. */
static void test_result_sets_and_vectors_that_cannot_be(void **state)
{
    (void)state;
    wire_bench_add_hex(&listener.bench, "07 02 c1 02");
    wire_row_cursor(SESSION, inner, 2, 41, MESSAGE);
    wire_bench_add_hex(&listener.bench, "15 01 01 01 07 02 c1 03");
    begin(make_nested, WIRE_FN_EXECUTE);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_UNKNOWN);
    buffer_clear(MESSAGE);
    wire_bench_add_hex(&listener.bench, "06 22 01 03 00 01 0a 00 01 01 fe 00 00 07 01 61 01 62 01 63"); /* a chunked nothing */
    end_message();
    assert_reads(make_three, "row 'a' 'b' 'c'\n");
}

static struct wire_cursor *make_block(void)
{
    struct wire_oac binds[] = {wire_oac_of(2, 22), wire_oac_of(1, 20), wire_oac_of(WIRE_TYPE_CURSOR, 0), wire_oac_of(1, 20),
                               wire_oac_of(WIRE_TYPE_BOOLEAN, 4)};
    binds[3].flags |= WIRE_OAC_ARRAY;
    struct wire_cursor *cursor = wire_cursor_make(listener.bench.cursors, view_text("begin p(:a,:b,:c,:d,:e); end;"));
    wire_cursor_set_binds(cursor, binds, 5);
    return cursor;
}

static void test_out_binds(void **state)
{
    (void)state;
    uint8_t directions[] = {WIRE_IN, WIRE_IN_OUT, WIRE_OUT, WIRE_OUT, WIRE_OUT};
    struct value text = value_text(view_text("out"));
    struct wire_oac varchar = wire_oac_of(1, 20);
    wire_io_vector_write(SESSION, directions, 5, MESSAGE);
    wire_row_begin(MESSAGE);
    assert_true(wire_out_value(SESSION, &varchar, &text, MESSAGE));
    wire_out_cursor(SESSION, inner, 2, 50, MESSAGE);
    wire_return_count(MESSAGE, 2);
    assert_true(wire_out_value(SESSION, &varchar, &text, MESSAGE));
    text = value_null();
    assert_true(wire_out_value(SESSION, &varchar, &text, MESSAGE));
    wire_bench_add_hex(&listener.bench, "02 01 01 81 01"); /* a boolean whose length says null */
    end_message();
    assert_reads(make_block, "out 'out' cursor 50 [2 'out' NULL] NULL\n");
    assert_memory_equal(listener.request.cursor->directions, directions, 5);
    assert_int_equal(wire_cursor_count(listener.bench.cursors), 2);
}

static void test_out_binds_without_directions(void **state)
{
    (void)state;
    wire_bench_add_hex(&listener.bench, "07 01 61 00");
    begin(make_block, WIRE_FN_EXECUTE);
    assert_int_equal(wire_listen_piece(&listener, 0, 4), WIRE_UNKNOWN);
    assert_true(listener.request.cursor->directions_lost); /* so a short re-execution cannot be read */
    buffer_clear(MESSAGE);
    wire_io_vector_write(SESSION, (const uint8_t[]){WIRE_IN, WIRE_IN}, 2, MESSAGE); /* for other binds */
    begin(make_block, WIRE_FN_EXECUTE);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_UNKNOWN);
}

static void test_a_result_set_cannot_take_the_id_of_its_own_call(void **state)
{
    (void)state;
    begin(make_nested, WIRE_FN_FETCH);
    wire_cursor_bind_id(listener.bench.cursors, listener.request.cursor, 41);
    wire_bench_add_hex(&listener.bench, "07 02 c1 02");
    wire_row_cursor(SESSION, inner, 2, 41, MESSAGE);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_UNKNOWN);
    assert_ptr_equal(wire_cursor_find(listener.bench.cursors, 41), listener.request.cursor);
}

static void test_implicit_results(void **state)
{
    (void)state;
    struct buffer body;
    buffer_init(&body, 0);
    wire_row_cursor(SESSION, inner, 2, 60, &body);
    wire_bench_add_hex(&listener.bench, "1b 01 02 02 aa bb");
    buffer_append(MESSAGE, body.data + body.start + 1, buffer_size(&body) - 1);
    wire_bench_add_hex(&listener.bench, "00");
    buffer_append(MESSAGE, body.data + body.start + 1, buffer_size(&body) - 2);
    wire_bench_add_hex(&listener.bench, "3d"); /* the second has id 61 */
    end_message();
    assert_reads(make_block, "implicit 60 of 2 columns\nimplicit 61 of 2 columns\n");
    buffer_clear(MESSAGE);
    wire_implicit_results_write(2, MESSAGE);
    wire_implicit_result(SESSION, inner, 2, 62, MESSAGE);
    wire_implicit_result(SESSION, inner, 1, 300, MESSAGE);
    end_message();
    assert_reads(make_block, "implicit 62 of 2 columns\nimplicit 300 of 1 columns\n");
    buffer_release(&body);
}

static void test_flush_out_binds_hands_the_turn_over(void **state)
{
    (void)state;
    begin(make_block, WIRE_FN_EXECUTE);
    wire_bench_add_hex(&listener.bench, "13");
    assert_int_equal(wire_listen_piece(&listener, 0, 1), WIRE_NEED_MORE);
    assert_true(wire_reply_flushed(listener.decoder));
    assert_false(wire_reply_flushed(listener.decoder));
    struct wire_request turn = {.function = 0};
    wire_reply_begin(listener.decoder, &turn); /* the client's one byte: the same reply goes on */
    buffer_clear(MESSAGE);
    end_message();
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    assert_ptr_equal(wire_cursor_find(listener.bench.cursors, 9), listener.request.cursor);
}

/* ---- RETURNING ---- */

static struct wire_cursor *make_returning(void)
{
    struct wire_oac binds[] = {wire_oac_of(2, 22), wire_oac_of(2, 22), wire_oac_of(1, 20)};
    struct wire_cursor *cursor = wire_cursor_make(listener.bench.cursors, view_text("update t set a = :a returning b, c into :b, :c"));
    wire_cursor_set_binds(cursor, binds, 3);
    return cursor;
}

static void write_returned(void)
{
    struct wire_oac number = wire_oac_of(2, 22), varchar = wire_oac_of(1, 20);
    static const uint8_t one[] = {0xC1, 0x02};
    struct value n = {.type = VALUE_NUMBER, .bytes = {one, 2}}, t = value_text(view_text("t"));
    wire_row_begin(MESSAGE);
    wire_return_count(MESSAGE, 2);
    for (int i = 0; i < 2; i++) wire_out_value(SESSION, &number, &n, MESSAGE);
    wire_return_count(MESSAGE, 2);
    for (int i = 0; i < 2; i++) wire_out_value(SESSION, &varchar, &t, MESSAGE);
    wire_row_begin(MESSAGE); /* the second execution touched no row */
    wire_return_count(MESSAGE, 0);
    wire_return_count(MESSAGE, 0);
}

static void test_returned_rows(void **state)
{
    (void)state;
    static const char lines[] = "returned 0: 2: 1 1 2: 't' 't'\nreturned 1: 0: 0:\n";
    write_returned();
    end_message();
    assert_reads(make_returning, lines);
    buffer_clear(MESSAGE);
    wire_io_vector_write(SESSION, (const uint8_t[]){WIRE_IN, WIRE_OUT, WIRE_OUT}, 3, MESSAGE);
    write_returned();
    end_message();
    assert_reads(make_returning, lines);
}

static void test_counts_beyond_the_message(void **state)
{
    (void)state;
    wire_bench_add_hex(&listener.bench, "07 04 ff ff ff ff 01 61");
    begin(make_returning, WIRE_FN_EXECUTE);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_UNKNOWN);
    assert_int_equal(listener.bench.error.code, ERROR_LIMIT);
}

/* ---- describes ---- */

static void test_a_describe_in_the_reply_to_defines_keeps_them(void **state)
{
    (void)state;
    struct wire_column columns[] = {column_of(WIRE_TYPE_CLOB, 4000), column_of(WIRE_TYPE_CLOB, 4000)};
    struct wire_oac defines[] = {{.type = WIRE_TYPE_LONG},
                                 {.type = WIRE_TYPE_CLOB, .continue_flags = WIRE_CONTINUE_LOB_PREFETCH, .characters_max = 10}};
    struct wire_cursor *cursor = make_query(columns, 2);
    wire_cursor_set_defines(cursor, defines, 2);
    listener.request = (struct wire_request){.function = WIRE_FN_EXECUTE, .cursor = cursor};
    listener.request.execute.has_defines = true;
    wire_reply_begin(listener.decoder, &listener.request);
    wire_describe_write(SESSION, columns, 2, MESSAGE);
    wire_bench_add_hex(&listener.bench, "07 02 68 69 00 00 01 01 01 02 00 00 01 02 79 6f 01 aa");
    end_message();
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    assert_string_equal(wire_listen_lines(&listener),
                        "describe C:112/0/0/4000 C:112/0/0/4000\nrow 'hi' 'yo'(2)\nend 0 rows 0 cursor 9 at 0 command 0 \n");
}

/* What 23ai adds to a column: domains, annotations, vectors. */
static void test_annotated_columns(void **state)
{
    (void)state;
    *SESSION = wire_session_of((struct wire_form){.field_version = 24, .conversion_length = true});
    wire_bench_add_hex(&listener.bench, "10 00 01 16 01 01 82");
    wire_bench_add_hex(&listener.bench, "02 00 05 00 01 16 00 00 00 00 00 00 00 00 01 01 01 01 01 4e 00 00 00 00");
    wire_bench_add_hex(&listener.bench, "01 01 01 44 01 01 01 45 01 01 01 01 01 01 01 01 01 4b 01 02 02 56 57 00 01 01 00 00 00");
    wire_bench_add_hex(&listener.bench, "00 00 00 00 00 00");
    end_message();
    struct wire_cursor *cursor = make_query(NULL, 0);
    listener.request = (struct wire_request){.function = WIRE_FN_EXECUTE, .cursor = cursor};
    wire_reply_begin(listener.decoder, &listener.request);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    assert_string_equal(wire_listen_lines(&listener), "describe N:2/5/0/22?\nend 0 rows 0 cursor 9 at 0 command 0 \n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bit_vectors_stand_for_the_next_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_repeated_value_without_a_row_before, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_repeat_across_fetches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_joined_values_repeat, setup, teardown),
        cmocka_unit_test_setup_teardown(test_columns_without_a_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locators, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_that_comes_with_the_locator, setup, teardown),
        cmocka_unit_test_setup_teardown(test_result_sets_inside_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_result_sets_and_vectors_that_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(test_out_binds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_out_binds_without_directions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_result_set_cannot_take_the_id_of_its_own_call, setup, teardown),
        cmocka_unit_test_setup_teardown(test_implicit_results, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flush_out_binds_hands_the_turn_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_returned_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts_beyond_the_message, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_describe_in_the_reply_to_defines_keeps_them, setup, teardown),
        cmocka_unit_test_setup_teardown(test_annotated_columns, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
