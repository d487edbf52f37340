/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of calls in every form, array DML, parameters by function, server-side piggybacks and warnings. */
#include "wire/reply.h"

#include "tests/support/wire_listener_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void begin(uint8_t function, bool counts)
{
    buffer_clear(&listener.lines);
    listener.request = (struct wire_request){.function = function};
    listener.request.execute.dml_row_counts = counts && function == WIRE_FN_EXECUTE;
    wire_reply_begin(listener.decoder, &listener.request);
}

/* Reads the message whole and cut in two at every byte. */
static void assert_reads(uint8_t function, bool counts, const char *lines)
{
    size_t size = buffer_size(MESSAGE);
    for (size_t cut = 0; cut < size; cut++) {
        begin(function, counts);
        if (cut) assert_int_equal(wire_listen_piece(&listener, 0, cut), WIRE_NEED_MORE);
        assert_int_equal(wire_listen_piece(&listener, cut, size - cut), WIRE_DECODED);
        assert_string_equal(wire_listen_lines(&listener), lines);
    }
}

static void test_the_end_of_array_dml(void **state)
{
    (void)state;
    uint32_t errors[] = {1, 1400}, offsets[] = {3, 70000};
    struct view texts[] = {view_text("ORA-00001: unique\n"), view_text("ORA-01400: null\n")};
    uint64_t counts[] = {1, 0, 5000000000};
    struct wire_end end = {
        .error = 24381,
        .message = view_text("ORA-24381: error(s) in array DML\n"),
        .error_position = -1,
        .cursor_id = 65535,
        .row_count = 70001,
        .command = 2,
        .has_rowid = true,
        .rowid_object = 100937,
        .rowid_file = 24,
        .rowid_block = 116,
        .rowid_slot = 7,
        .transaction_open = true,
        .batch_count = 2,
        .batch_errors = errors,
        .batch_offsets = offsets,
        .batch_messages = texts,
    };
    for (unsigned form = 0; form < WIRE_FORM_COUNT; form++) {
        bool new = wire_form_at(form).field_version >= 7;
        *SESSION = wire_session_of(wire_form_at(form));
        buffer_clear(MESSAGE);
        wire_parameters_write(SESSION, 65535, counts, 3, true, MESSAGE);
        wire_end_write(SESSION, &end, 200, MESSAGE);
        assert_reads(WIRE_FN_EXECUTE, true,
                     new ? "counts 1 0 705032704\nend 24381 rows 70001 cursor 65535 at -1 open command 2 rowid 100937.24.116.7 [1 at 3 "
                           "ORA-00001: unique] [1400 at 70000 ORA-01400: null] ORA-24381: error(s) in array DML\n"
                         : "counts 1 0 705032704\nend 24381 rows 70001 cursor 65535 at -1 open command 2 rowid 100937.24.116.7 "
                           "ORA-24381: error(s) in array DML\n");
    }
}

/* The arrays may also come element by element, each with a length before it. */
static void test_batch_errors_in_chunks(void **state)
{
    (void)state;
    static const char start[] = "04 01 01 01 05 00 02 5f 3d 00 00 01 09 00 02 00 00 00 00 00 00 00 00 00 00 00 00 05 00 00 00";
    wire_bench_add_hex(&listener.bench, start);
    wire_bench_add_hex(&listener.bench, "01 02 fe 01 02 01 01 01 03 02 05 78 00"); /* 1 and 1400 */
    wire_bench_add_hex(&listener.bench, "01 02 fe 01 02 01 03 01 01 00 00");       /* 3 and 0 */
    wire_bench_add_hex(&listener.bench, "00 02 5f 3d 00 01 78");
    assert_reads(WIRE_FN_COMMIT, false, "end 24381 rows 0 cursor 9 at 0 command 2 [1 at 3] [1400 at 0] x\n");
    buffer_clear(MESSAGE);
    wire_bench_add_hex(&listener.bench, start);
    wire_bench_add_hex(&listener.bench, "01 02 01 01 01 02 05 78 01 01 01 01 03 00 02 5f 3d 00 01 78"); /* two errors, one row */
    begin(WIRE_FN_COMMIT, false);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_UNKNOWN);
}

/* Flags are a signed byte in the form that was agreed on; read in the other they would shift all that follows. */
static void test_flags_of_an_end(void **state)
{
    (void)state;
    static const char lines[] = "end 0 rows 100 cursor 3 at 36 command 3 rowid 72985.0.36802.58 \n";
    SESSION->sb1_universal = true;
    wire_bench_add_hex(&listener.bench, "04 01 01 01 0e 01 64 00 00 00 01 03 01 24 03 00 01 20 81 02 00 00 03 01 1d 19 00 00 02 8f c2 01 "
                                        "3a 00 00 0e 00 01 01 00 00 00 00 00 01 64");
    assert_reads(WIRE_FN_COMMIT, false, lines);
    SESSION->sb1_universal = false;
    buffer_clear(MESSAGE);
    wire_bench_add_hex(&listener.bench, "04 01 01 01 0e 01 64 00 00 00 01 03 01 24 03 00 20 02 00 00 03 01 1d 19 00 00 02 8f c2 01 3a 00 "
                                        "00 0e 00 01 01 00 00 00 00 00 01 64");
    assert_reads(WIRE_FN_COMMIT, false, lines);
}

static void test_status(void **state)
{
    (void)state;
    for (int bits = 0; bits < 8; bits++) {
        SESSION->status_has_call_status = bits & 1;
        SESSION->status_has_sequence = bits & 2;
        SESSION->end_of_response = bits & 4;
        buffer_clear(MESSAGE);
        wire_status_write(SESSION, true, MESSAGE);
        if (buffer_size(MESSAGE) == 1) continue; /* one byte: cutting it says nothing */
        assert_reads(WIRE_FN_PING, false,
                     bits & 1 ? "status 0 rows 0 cursor 0 at 0 open command 0 \n" : "status 0 rows 0 cursor 0 at 0 command 0 \n");
    }
}

static void test_error_texts(void **state)
{
    (void)state;
    char long_text[6000];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    wire_error_write(SESSION, 600, long_text, 0, 0, false, 1, MESSAGE);
    begin(WIRE_FN_COMMIT, false);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    const char *lines = wire_listen_lines(&listener);
    assert_non_null(strstr(lines, "ORA-00600: xxx"));
    buffer_clear(MESSAGE);
    wire_error_write(SESSION, 600, "", 0, 0, false, 1, MESSAGE);
    begin(WIRE_FN_COMMIT, false);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    assert_string_equal(wire_listen_lines(&listener), "end 600 rows 0 cursor 0 at 0 command 0 ORA-00600:\n");
}

/* ---- parameters, by function ---- */

static void test_parameters_by_function(void **state)
{
    (void)state;
    static const char status[] = "status 0 rows 0 cursor 0 at 0 command 0 \n";
    for (int raw = 0; raw < 2; raw++) {
        SESSION->conversion_length = !raw;
        buffer_clear(MESSAGE);
        wire_version_write(SESSION, "Oracle Database 19c", 0x13030000, MESSAGE);
        wire_status_write(SESSION, false, MESSAGE);
        assert_reads(WIRE_FN_VERSION, false, status);
    }
    buffer_clear(MESSAGE);
    wire_bench_add_hex(&listener.bench, "08 01 07 01 02 aa bb"); /* a transaction's context */
    wire_status_write(SESSION, false, MESSAGE);
    assert_reads(WIRE_FN_TPC_SWITCH, false, status);
    buffer_clear(MESSAGE);
    wire_bench_add_hex(&listener.bench, "08 01 07");
    wire_status_write(SESSION, false, MESSAGE);
    assert_reads(WIRE_FN_TPC_STATE, false, status);
    buffer_clear(MESSAGE);
    wire_tpc_switch_write(view_text("context"), MESSAGE);
    wire_status_write(SESSION, false, MESSAGE);
    assert_reads(WIRE_FN_TPC_SWITCH, false, status);
    buffer_clear(MESSAGE);
    wire_tpc_state_write(WIRE_TPC_READ_ONLY, MESSAGE);
    wire_status_write(SESSION, false, MESSAGE);
    assert_reads(WIRE_FN_TPC_STATE, false, status);
    buffer_clear(MESSAGE);
    wire_bench_add_hex(&listener.bench, "08 01 01 01 01 01 4b 01 01 01 56 00"); /* pairs of a changed password */
    wire_status_write(SESSION, false, MESSAGE);
    assert_reads(WIRE_FN_AUTH, false, status);
    begin(WIRE_FN_DESCRIBE, false);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_UNKNOWN);
}

static void test_parameters_with_all_their_parts(void **state)
{
    (void)state;
    wire_bench_add_hex(&listener.bench,
                       "08 01 03 02 12 34 00 01 09 01 02 aa bb 01 02 01 03 03 41 50 50 00 01 a8 00 01 01 01 ff 01 07 01 02 cc dd");
    struct wire_end end = {.cursor_id = 0};
    wire_end_write(SESSION, &end, 1, MESSAGE);
    assert_reads(WIRE_FN_EXECUTE, false, "schema APP\nend 0 rows 0 cursor 0 at 0 command 0 \n");
}

/* ---- what may stand between messages ---- */

static void test_server_side_piggybacks_everywhere(void **state)
{
    (void)state;
    wire_bench_add_hex(&listener.bench, "17 01");                   /* the query cache */
    wire_bench_add_hex(&listener.bench, "17 02 01 03 03 31 32 33"); /* a process id */
    wire_bench_add_hex(&listener.bench, "17 03");
    wire_bench_add_hex(&listener.bench, "17 04 00 00 01 01 00 01 01 01 4b 01 01 01 56 01 05 01 04 01 09 01 02"); /* a pooled session */
    wire_bench_add_hex(&listener.bench, "17 05 00 00 01 02 00 00 01 02 02 41 42 01 10 01 03 03 48 52 31 00 01 a8 01 01"); /* attributes */
    wire_bench_add_hex(&listener.bench, "17 07 01 02 02 aa bb");                /* a transaction id */
    wire_bench_add_hex(&listener.bench, "17 08 00 00 01 01 00 00 01 01 01 cc"); /* replay */
    wire_bench_add_hex(&listener.bench, "17 09 00 00");
    wire_bench_add_hex(&listener.bench, "17 0a 00 00 01 01 01 02 01 03");             /* a signature */
    wire_bench_add_hex(&listener.bench, "21 01 07");                                  /* a token */
    wire_bench_add_hex(&listener.bench, "0f 02 6d 62 01 02 00 02 68 69 0f 00 00 00"); /* warnings */
    wire_status_write(SESSION, false, MESSAGE);
    assert_reads(WIRE_FN_PING, false, "schema HR1\nstatus 0 rows 0 cursor 0 at 0 command 0 \n");
    static const char *const unknown[] = {"17 00", "17 06 00", "17 0b 00", "1c", "18"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        buffer_clear(MESSAGE);
        wire_bench_add_hex(&listener.bench, unknown[i]);
        begin(WIRE_FN_PING, false);
        assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_UNKNOWN);
    }
}

static void test_rows_for_no_statement(void **state)
{
    (void)state;
    static const char *const strays[] = {"07 01 61", "15 01 01 01", "0b 05 00 00 00 00 00 00", "10 00 00 00 00 00 00 00 00 00"};
    for (size_t i = 0; i < sizeof strays / sizeof *strays; i++) {
        buffer_clear(MESSAGE);
        wire_bench_add_hex(&listener.bench, strays[i]);
        begin(WIRE_FN_COMMIT, false);
        enum wire_status status = wire_listen_piece(&listener, 0, buffer_size(MESSAGE));
        assert_true(status == WIRE_UNKNOWN);
    }
}

static void test_damaged_ends(void **state)
{
    (void)state;
    uint32_t errors[] = {1}, offsets[] = {3};
    struct view texts[] = {view_text("x")};
    struct wire_end end = {.error = 1,
                           .message = view_text("y"),
                           .cursor_id = 9,
                           .batch_count = 1,
                           .batch_errors = errors,
                           .batch_offsets = offsets,
                           .batch_messages = texts};
    wire_end_write(SESSION, &end, 1, MESSAGE);
    for (size_t at = 0; at < buffer_size(MESSAGE); at++)
        for (int value = 0; value < 256; value++) {
            uint8_t *byte = MESSAGE->data + MESSAGE->start + at, kept = *byte;
            *byte = (uint8_t)value;
            begin(WIRE_FN_COMMIT, false);
            (void)wire_listen_piece(&listener, 0, buffer_size(MESSAGE));
            *byte = kept;
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_end_of_array_dml, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batch_errors_in_chunks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flags_of_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_status, setup, teardown),
        cmocka_unit_test_setup_teardown(test_error_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parameters_by_function, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parameters_with_all_their_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_server_side_piggybacks_everywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows_for_no_statement, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_ends, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
