/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of queries: both halves against each other in every form, cut at every byte, damaged; and what they do to the table. */
#include "wire/reply.h"

#include "tests/support/wire_replies.h"
#include "wire/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct wire_listener listener;
static struct arena arena;

static int setup(void **state)
{
    (void)state;
    wire_listen_open(&listener, wire_session_19c());
    arena_init(&arena, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wire_listen_close(&listener);
    arena_release(&arena);
    return 0;
}

#define SESSION (&listener.bench.session)
#define MESSAGE (&listener.bench.message)

static const struct wire_column columns[] = {
    {.oac = {.type = WIRE_TYPE_NUMBER, .scale = -127, .size_max = 22}, .name = (char *)(uintptr_t) "N", .nullable = true},
    {.oac = {.type = WIRE_TYPE_VARCHAR, .size_max = 40, .form = 1, .characters_max = 10}, .name = (char *)(uintptr_t) "T"},
    {.oac = {.type = WIRE_TYPE_DATE, .size_max = 7}, .name = (char *)(uintptr_t) "D"},
    {.oac = {.type = WIRE_TYPE_ROWID, .size_max = 10}, .name = (char *)(uintptr_t) "R"},
    {.oac = {.type = WIRE_TYPE_LONG, .form = 1}, .name = (char *)(uintptr_t) "L"},
    {.oac = {.type = WIRE_TYPE_UROWID, .size_max = 4000}, .name = (char *)(uintptr_t) "U"},
    {.oac = {.type = WIRE_TYPE_BOOLEAN, .size_max = 1}, .name = (char *)(uintptr_t) "B"},
    {.oac = {.type = WIRE_TYPE_VARCHAR, .size_max = 40, .form = 2}, .name = (char *)(uintptr_t) "W"},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void write_row(int i)
{
    struct value row[COLUMNS] = {
        value_number_i64(&arena, i * 100),
        value_text(view_text(i ? "text" : "")),
        {.type = VALUE_DATETIME, .datetime = {.year = 2024, .month = 2, .day = 29}},
        value_text(view_text("AAAYpJAAYAAAAB0AAH")),
        value_text(view_text(i == 2 ? "" : "long text")),
        value_text(view_text("AAAYpJAAYAAAAB0AAH")),
        {.type = VALUE_BOOLEAN, .boolean = i & 1},
        value_text(view_text("n\xc3\xa9")),
    };
    wire_row_begin(MESSAGE);
    for (int c = 0; c < COLUMNS; c++) assert_true(wire_row_value(SESSION, &columns[c].oac, NULL, &row[c], MESSAGE));
}

static void write_query_reply(void)
{
    struct wire_end end = {.error = 1403,
                           .message = view_text("ORA-01403: no data found\n"),
                           .cursor_id = 17,
                           .row_count = 3,
                           .command = 3,
                           .transaction_open = true};
    buffer_clear(MESSAGE);
    wire_describe_write(SESSION, columns, COLUMNS, MESSAGE);
    wire_row_header_write(SESSION, COLUMNS, 10, MESSAGE);
    for (int i = 0; i < 3; i++) write_row(i);
    wire_parameters_write(SESSION, 17, NULL, 0, false, MESSAGE);
    wire_end_write(SESSION, &end, 5, MESSAGE);
}

static const char query_lines[] =
    "describe N:2/0/-127/22? T:1/0/0/40 D:12/0/0/7 R:11/0/0/10 L:8/0/0/0 U:208/0/0/4000 B:252/0/0/1 W:1/0/0/40\n"
    "row 0 NULL 2024-02-29 00:00:00 'AAAYpJAAYAAAAB0AAH' 'long text' 'AAAYpJAAYAAAAB0AAH' false 'n\xc3\xa9'\n"
    "row 100 'text' 2024-02-29 00:00:00 'AAAYpJAAYAAAAB0AAH' 'long text' 'AAAYpJAAYAAAAB0AAH' true 'n\xc3\xa9'\n"
    "row 200 'text' 2024-02-29 00:00:00 'AAAYpJAAYAAAAB0AAH' NULL 'AAAYpJAAYAAAAB0AAH' false 'n\xc3\xa9'\n";

/* A parse of a query is under way. */
static void begin_query(void)
{
    wire_cursor_table_clear(listener.bench.cursors);
    buffer_clear(&listener.lines);
    listener.request = (struct wire_request){.function = WIRE_FN_EXECUTE,
                                             .cursor = wire_cursor_make(listener.bench.cursors, view_text("select * from t"))};
    listener.request.execute.sql = view_text("select * from t");
    wire_reply_begin(listener.decoder, &listener.request);
}

static void assert_query_lines(void)
{
    const char *lines = wire_listen_lines(&listener);
    if (strncmp(lines, query_lines, sizeof query_lines - 1) != 0) print_error("%s", lines);
    assert_memory_equal(lines, query_lines, sizeof query_lines - 1);
    /* Before 11.2 there is no call number but a row number of 32 bits; the texts are the same. */
    assert_string_equal(lines + sizeof query_lines - 1, "end 1403 rows 3 cursor 17 at 0 open command 3 ORA-01403: no data found\n");
    assert_ptr_equal(wire_cursor_find(listener.bench.cursors, 17), listener.request.cursor);
}

static void test_a_query_in_every_form(void **state)
{
    (void)state;
    for (unsigned form = 0; form < WIRE_FORM_COUNT; form++)
        for (int bits = 0; bits < 8; bits++) {
            *SESSION = wire_session_of(wire_form_at(form));
            SESSION->status_has_call_status = !(bits & 1);
            SESSION->status_has_sequence = !(bits & 2);
            SESSION->end_of_response = bits & 4;
            write_query_reply();
            begin_query();
            assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
            if (!(bits & 1)) assert_query_lines();
        }
}

static void test_cut_anywhere_it_reads_the_same(void **state)
{
    (void)state;
    write_query_reply();
    size_t size = buffer_size(MESSAGE);
    for (size_t cut = 1; cut < size; cut++) {
        begin_query();
        assert_int_equal(wire_listen_piece(&listener, 0, cut), WIRE_NEED_MORE);
        assert_int_equal(wire_listen_piece(&listener, cut, size - cut), WIRE_DECODED);
        assert_query_lines();
    }
    for (size_t piece = 1; piece < 40; piece++) {
        begin_query();
        enum wire_status status = WIRE_NEED_MORE;
        for (size_t at = 0; at < size; at += piece) {
            assert_int_equal(status, WIRE_NEED_MORE);
            status = wire_listen_piece(&listener, at, size - at < piece ? size - at : piece);
        }
        assert_int_equal(status, WIRE_DECODED);
        assert_query_lines();
    }
}

static void test_damaged_bytes(void **state)
{
    (void)state;
    static const uint8_t values[] = {0, 1, 2, 4, 7, 9, 0x7F, 0x80, 0x84, 253, 254, 255};
    write_query_reply();
    size_t size = buffer_size(MESSAGE);
    for (size_t at = 0; at < size; at++)
        for (size_t v = 0; v < sizeof values; v++) {
            uint8_t *byte = MESSAGE->data + MESSAGE->start + at, kept = *byte;
            *byte = values[v];
            begin_query();
            enum wire_status status = wire_listen_piece(&listener, 0, size / 2);
            if (status == WIRE_NEED_MORE) status = wire_listen_piece(&listener, size / 2, size - size / 2);
            *byte = kept;
            if (status == WIRE_UNKNOWN || status == WIRE_MALFORMED)
                assert_int_equal(wire_listen_piece(&listener, 0, 1), WIRE_UNKNOWN); /* lost until the next request */
        }
}

static void test_bytes_that_nobody_asked_for(void **state)
{
    (void)state;
    write_query_reply();
    assert_int_equal(wire_listen_piece(&listener, 0, 10), WIRE_UNKNOWN);
    begin_query();
    buffer_u8(MESSAGE, 4);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_UNKNOWN); /* behind the end */
}

/* After a reply that was not followed, nothing is left by which later rows could be misread. */
static void test_a_lost_reply_forgets_the_columns(void **state)
{
    (void)state;
    write_query_reply();
    begin_query();
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    struct wire_cursor *cursor = wire_cursor_find(listener.bench.cursors, 17);
    assert_int_equal(cursor->column_count, COLUMNS);
    listener.request = (struct wire_request){.function = WIRE_FN_REEXECUTE_FETCH, .cursor = cursor};
    wire_reply_begin(listener.decoder, &listener.request);
    buffer_clear(MESSAGE);
    wire_bench_add_hex(&listener.bench, "18"); /* a message that is not decoded */
    assert_int_equal(wire_listen_piece(&listener, 0, 1), WIRE_UNKNOWN);
    assert_int_equal(cursor->column_count, 0);
    listener.request.function = WIRE_FN_FETCH;
    wire_reply_begin(listener.decoder, &listener.request);
    buffer_clear(MESSAGE);
    write_row(1);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_UNKNOWN);
}

static void test_ids_follow_the_replies(void **state)
{
    (void)state;
    struct wire_end end = {.cursor_id = 21};
    begin_query();
    struct wire_cursor *cursor = listener.request.cursor;
    buffer_clear(MESSAGE);
    wire_parameters_write(SESSION, 20, NULL, 0, false, MESSAGE);
    size_t parameters = buffer_size(MESSAGE);
    assert_int_equal(wire_listen_piece(&listener, 0, parameters), WIRE_NEED_MORE);
    assert_ptr_equal(wire_cursor_find(listener.bench.cursors, 20), cursor);
    wire_end_write(SESSION, &end, 1, MESSAGE);
    assert_int_equal(wire_listen_piece(&listener, parameters, buffer_size(MESSAGE) - parameters), WIRE_DECODED);
    assert_null(wire_cursor_find(listener.bench.cursors, 20)); /* clients take the last word */
    assert_ptr_equal(wire_cursor_find(listener.bench.cursors, 21), cursor);
    /* A re-execution does not take its id from the parameters. */
    listener.request = (struct wire_request){.function = WIRE_FN_REEXECUTE, .cursor = cursor};
    wire_reply_begin(listener.decoder, &listener.request);
    assert_int_equal(wire_listen_piece(&listener, 0, parameters), WIRE_NEED_MORE);
    assert_ptr_equal(wire_cursor_find(listener.bench.cursors, 21), cursor);
}

static void test_a_parse_without_an_id_is_released(void **state)
{
    (void)state;
    begin_query();
    buffer_clear(MESSAGE);
    wire_error_write(SESSION, 942, "table or view does not exist", 14, 0, false, 1, MESSAGE);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    assert_string_equal(wire_listen_lines(&listener), "end 942 rows 0 cursor 0 at 14 command 0 ORA-00942: table or view does not exist\n");
    assert_int_equal(wire_cursor_count(listener.bench.cursors), 1); /* still there for who handles the end */
    listener.request = (struct wire_request){.function = WIRE_FN_COMMIT};
    wire_reply_begin(listener.decoder, &listener.request);
    assert_int_equal(wire_cursor_count(listener.bench.cursors), 0);
}

/* A failed first execution whose reply names a cursor: some drivers execute it again. */
static void test_a_failed_execution_keeps_its_cursor(void **state)
{
    (void)state;
    begin_query();
    buffer_clear(MESSAGE);
    wire_error_write(SESSION, 1, "ORA-00001: unique constraint violated", 0, 33, true, 1, MESSAGE);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    assert_string_equal(wire_cursor_find(listener.bench.cursors, 33)->sql, "select * from t");
}

static void test_a_recycled_id_says_the_new_statement(void **state)
{
    (void)state;
    struct wire_end end = {.cursor_id = 17};
    write_query_reply();
    begin_query();
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    listener.request =
        (struct wire_request){.function = WIRE_FN_EXECUTE, .cursor = wire_cursor_make(listener.bench.cursors, view_text("delete from t"))};
    wire_reply_begin(listener.decoder, &listener.request);
    buffer_clear(MESSAGE);
    wire_end_write(SESSION, &end, 1, MESSAGE);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    assert_string_equal(wire_cursor_find(listener.bench.cursors, 17)->sql, "delete from t");
    assert_int_equal(wire_cursor_count(listener.bench.cursors), 1);
}

static void test_a_marker_drops_what_was_read_in_part(void **state)
{
    (void)state;
    write_query_reply();
    begin_query();
    assert_int_equal(wire_listen_piece(&listener, 0, 150), WIRE_NEED_MORE);
    wire_reply_discard(listener.decoder);
    buffer_clear(MESSAGE);
    buffer_clear(&listener.lines);
    wire_error_write(SESSION, 1013, "user requested cancel of current operation", 0, 17, false, 1, MESSAGE);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    assert_string_equal(wire_listen_lines(&listener),
                        "end 1013 rows 0 cursor 17 at 0 command 0 ORA-01013: user requested cancel of current operation\n");
}

static void test_a_message_over_the_limit(void **state)
{
    (void)state;
    SESSION->limits.call_max = 100;
    wire_reply_decoder_free(listener.decoder);
    static const struct wire_reply_events none = {.end = NULL};
    listener.decoder = wire_reply_decoder_new(SESSION, listener.bench.cursors, &none, NULL);
    write_query_reply();
    begin_query();
    assert_int_equal(wire_listen_piece(&listener, 0, 90), WIRE_NEED_MORE);
    assert_int_equal(wire_listen_piece(&listener, 90, 90), WIRE_UNKNOWN);
    assert_int_equal(listener.bench.error.code, ERROR_LIMIT);
}

static void test_a_reply_under_another_cursor_id(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    write_query_reply();
    begin_query();
    assert_true(wire_reply_rewrite_id(SESSION, &listener.request, listener.request.cursor, buffer_view(MESSAGE), 17, 3, &out));
    assert_int_equal(wire_cursor_count(listener.bench.cursors), 1); /* nothing happened to the real table */
    assert_int_equal(listener.request.cursor->column_count, 0);
    buffer_clear(MESSAGE);
    buffer_append_view(MESSAGE, buffer_view(&out));
    wire_reply_begin(listener.decoder, &listener.request);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    assert_ptr_equal(wire_cursor_find(listener.bench.cursors, 3), listener.request.cursor);
    assert_null(wire_cursor_find(listener.bench.cursors, 17));
    buffer_clear(&out);
    assert_true(wire_reply_rewrite_id(SESSION, &listener.request, listener.request.cursor, buffer_view(MESSAGE), 99, 4, &out));
    assert_true(view_equal(buffer_view(&out), buffer_view(MESSAGE))); /* not one byte else */
    assert_false(wire_reply_rewrite_id(SESSION, &listener.request, listener.request.cursor, view_of(MESSAGE->data + MESSAGE->start, 40), 3,
                                       4, &out));
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_query_in_every_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_anywhere_it_reads_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes_that_nobody_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_reply_forgets_the_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ids_follow_the_replies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_parse_without_an_id_is_released, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_failed_execution_keeps_its_cursor, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_recycled_id_says_the_new_statement, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_marker_drops_what_was_read_in_part, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_message_over_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_reply_under_another_cursor_id, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
