/* SPDX-License-Identifier: Apache-2.0 */
/* LOB operations: requests and results of both families of clients, both ways, and LOB columns as the server half writes them. */
#include "wire/reply.h"

#include "tests/support/wire_listener_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct wire_lob_request operations[] = {
    {.operation = WIRE_LOB_LENGTH, .has_amount = true},
    {.operation = WIRE_LOB_READ, .source_offset = 1, .has_amount = true, .amount = 100000},
    {.operation = WIRE_LOB_TRIM, .has_amount = true, .amount = 5},
    {.operation = WIRE_LOB_WRITE, .source_offset = 70000, .has_data = true},
    {.operation = WIRE_LOB_WRITE, .source_offset = 1, .has_data = true, .has_amount = true, .amount = 4},
    {.operation = WIRE_LOB_WRITE,
     .source_offset = 1,
     .has_data = true,
     .has_charset = true,
     .charset = 873}, /* go-ora keeps it from the creation */
    {.operation = WIRE_LOB_CREATE_TEMPORARY,
     .destination_length = 10,
     .source_offset = 1,
     .destination_offset = 112,
     .has_flag = true,
     .has_charset = true,
     .charset = 873},
    {.operation = WIRE_LOB_FREE_TEMPORARY},
    {.operation = WIRE_LOB_CHUNK_SIZE, .has_amount = true},
    {.operation = WIRE_LOB_OPEN, .has_amount = true, .amount = 2},
    {.operation = WIRE_LOB_CLOSE},
    {.operation = WIRE_LOB_IS_OPEN, .has_flag = true},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static struct wire_lob_request operation_at(int i)
{
    struct wire_lob_request lob = operations[i];
    lob.source = view_text("LOCATOR-OF-TWENTY-BY");
    if (lob.has_data) lob.data = view_text("data");
    return lob;
}

static void test_requests_in_every_form(void **state)
{
    (void)state;
    for (unsigned form = 0; form < WIRE_FORM_COUNT; form++)
        for (int i = 0; i < OPERATIONS; i++) {
            struct wire_lob_request lob = operation_at(i);
            *SESSION = wire_session_of(wire_form_at(form));
            buffer_clear(MESSAGE);
            wire_lob_write(SESSION, 3, &lob, MESSAGE);
            for (size_t size = 0; size < buffer_size(MESSAGE); size++)
                assert_int_equal(wire_bench_decode_part(&listener.bench, size), WIRE_NEED_MORE);
            assert_int_equal(wire_bench_decode(&listener.bench), WIRE_DECODED);
            const struct wire_lob_request *read = &listener.bench.request.lob;
            assert_int_equal(listener.bench.request.function, WIRE_FN_LOB);
            assert_int_equal(read->operation, lob.operation);
            assert_true(view_equal(read->source, lob.source));
            assert_int_equal(read->source_length, 20);
            assert_int_equal(read->destination_length, lob.destination_length);
            assert_true(read->source_offset == lob.source_offset && read->destination_offset == lob.destination_offset);
            assert_true(read->has_amount == lob.has_amount && read->amount == lob.amount);
            assert_true(read->has_flag == lob.has_flag && read->has_charset == lob.has_charset && read->charset == lob.charset);
            assert_true(read->has_data == lob.has_data && view_equal(read->data, lob.data));
        }
}

static void test_results_in_every_form(void **state)
{
    (void)state;
    for (unsigned form = 0; form < WIRE_FORM_COUNT; form++)
        for (int i = 0; i < OPERATIONS; i++) {
            struct wire_lob_request lob = operation_at(i);
            struct wire_end end = {.cursor_id = 0};
            char lines[200];
            *SESSION = wire_session_of(wire_form_at(form));
            lob.source_length = 20;
            buffer_clear(MESSAGE);
            if (lob.operation == WIRE_LOB_READ) wire_lob_data_write(SESSION, view_text("content"), MESSAGE);
            wire_lob_result_write(SESSION, &lob, view_text("LOCATOR-OF-TWENTY-BY"), 7, lob.has_flag, MESSAGE);
            wire_end_write(SESSION, &end, 1, MESSAGE);
            snprintf(lines, sizeof lines, "%slob LOCATOR-OF-TWENTY-BY %d %u %d\nend 0 rows 0 cursor 0 at 0 command 0 \n",
                     lob.operation == WIRE_LOB_READ ? "lob data content\n" : "", lob.has_amount, lob.has_amount ? 7 : 0, lob.has_flag);
            for (size_t cut = 0; cut < buffer_size(MESSAGE); cut++) {
                buffer_clear(&listener.lines);
                listener.request = (struct wire_request){.function = WIRE_FN_LOB, .lob = lob};
                wire_reply_begin(listener.decoder, &listener.request);
                if (cut) assert_int_equal(wire_listen_piece(&listener, 0, cut), WIRE_NEED_MORE);
                assert_int_equal(wire_listen_piece(&listener, cut, buffer_size(MESSAGE) - cut), WIRE_DECODED);
                assert_string_equal(wire_listen_lines(&listener), lines);
            }
        }
}

/* The client takes as many locator bytes as it sent. */
static void test_locators_have_the_length_that_was_sent(void **state)
{
    (void)state;
    struct wire_lob_request lob = {.operation = WIRE_LOB_CREATE_TEMPORARY, .source_length = 6};
    static const uint8_t short_one[] = {8, 'a', 'b', 0, 0, 0, 0, 2, 0x03, 0x69},
                         long_one[] = {8, 'a', 'b', 'c', 'd', 'e', 'f', 2, 0x03, 0x69};
    wire_lob_result_write(SESSION, &lob, view_text("ab"), 0, 0, MESSAGE);
    assert_true(view_equal(buffer_view(MESSAGE), view_of(short_one, sizeof short_one)));
    buffer_clear(MESSAGE);
    wire_lob_result_write(SESSION, &lob, view_text("abcdefgh"), 0, 0, MESSAGE);
    assert_true(view_equal(buffer_view(MESSAGE), view_of(long_one, sizeof long_one)));
}

static void test_requests_that_cannot_be(void **state)
{
    (void)state;
    struct wire_lob_request lob = operation_at(3);
    wire_lob_write(SESSION, 3, &lob, MESSAGE);
    for (size_t at = 0; at < buffer_size(MESSAGE); at++)
        for (int value = 0; value < 256; value++) {
            uint8_t *byte = MESSAGE->data + MESSAGE->start + at, kept = *byte;
            *byte = (uint8_t)value;
            (void)wire_bench_decode(&listener.bench);
            *byte = kept;
        }
    buffer_clear(MESSAGE);
    wire_bench_add_hex(
        &listener.bench,
        "03 60 01 01 04 7f ff ff ff 00 00 00 00 00 00 00 01 01 00 00 00 00 00 00 00 00 00 00 00"); /* a locator of two gigabytes */
    assert_int_equal(wire_bench_decode(&listener.bench), WIRE_MALFORMED);
}

/* ---- columns ---- */

static const struct wire_column columns[] = {
    {.oac = {.type = 112, .size_max = 4000, .form = 1}, .name = (char *)(uintptr_t) "C"},
    {.oac = {.type = 113, .size_max = 4000}, .name = (char *)(uintptr_t) "B"},
    {.oac = {.type = 114, .size_max = 4000}, .name = (char *)(uintptr_t) "F"},
};

static void assert_columns(const struct wire_oac *defines, const struct wire_lob_cell *cells, const char *row)
{
    struct wire_end end = {.cursor_id = 5};
    struct wire_cursor *cursor = wire_cursor_make(listener.bench.cursors, view_text("select * from t"));
    wire_cursor_set_columns(cursor, columns, 3);
    if (defines) wire_cursor_set_defines(cursor, defines, 3);
    buffer_clear(MESSAGE);
    wire_row_begin(MESSAGE);
    for (int i = 0; i < 3; i++) wire_row_lob(SESSION, &columns[i].oac, defines ? &defines[i] : NULL, cells ? &cells[i] : NULL, MESSAGE);
    wire_end_write(SESSION, &end, 1, MESSAGE);
    buffer_clear(&listener.lines);
    listener.request = (struct wire_request){.function = WIRE_FN_EXECUTE, .cursor = cursor};
    wire_reply_begin(listener.decoder, &listener.request);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(MESSAGE)), WIRE_DECODED);
    const char *lines = wire_listen_lines(&listener);
    if (strncmp(lines, row, strlen(row)) != 0) print_error("%s", lines);
    assert_memory_equal(lines, row, strlen(row));
}

static void test_columns_as_the_server_half_writes_them(void **state)
{
    (void)state;
    struct wire_lob_cell cells[] = {
        {.locator = view_text("c"),
         .size = 4,
         .has_data = true,
         .data = view_text("a\xf0\x9f\x98\x80"
                           "b")},
        {.locator = view_text("b"), .size = 3, .has_data = true, .data = view_text("xyz")},
        {.locator = view_text("f")},
    };
    struct wire_oac prefetch = {.type = 112, .continue_flags = WIRE_CONTINUE_LOB_PREFETCH, .characters_max = 10};
    struct wire_oac whole[] = {prefetch, prefetch, {.type = 114}}, part[] = {prefetch, prefetch, {.type = 114}},
                    inlined[] = {{.type = 8}, {.type = 24}, {.type = 114}};
    whole[1].type = part[1].type = 113;
    part[0].characters_max = 2; /* would end inside the surrogate pair */
    part[1].characters_max = 2;
    assert_columns(NULL, cells, "row unsupported 0x63(4) unsupported 0x62(3) unsupported 0x66\n");
    assert_columns(NULL, NULL, "row NULL NULL NULL\n");
    assert_columns(whole, cells,
                   "row 'a\xf0\x9f\x98\x80"
                   "b'(4) 0x78797a(3) unsupported 0x66\n");
    assert_columns(part, cells, "row unsupported 0x63(4) unsupported 0x62(3) unsupported 0x66\n");
    assert_columns(inlined, cells,
                   "row 'a\xf0\x9f\x98\x80"
                   "b' 0x78797a unsupported 0x66\n");
    assert_columns(inlined, NULL, "row NULL NULL NULL\n");
}

static void test_out_of_a_bind(void **state)
{
    (void)state;
    struct wire_lob_cell cell = {.locator = view_text("ab"), .size = 5, .chunk = 9};
    struct wire_oac plain = {.type = 112}, prefetch = {.type = 112, .continue_flags = WIRE_CONTINUE_LOB_PREFETCH};
    static const uint8_t alone[] = {1, 2, 2, 'a', 'b', 0}, sized[] = {1, 2, 1, 5, 1, 9, 2, 'a', 'b', 0}, null[] = {0, 0};
    wire_out_lob(SESSION, &plain, &cell, MESSAGE);
    assert_true(view_equal(buffer_view(MESSAGE), view_of(alone, sizeof alone)));
    buffer_clear(MESSAGE);
    wire_out_lob(SESSION, &prefetch, &cell, MESSAGE);
    assert_true(view_equal(buffer_view(MESSAGE), view_of(sized, sizeof sized)));
    buffer_clear(MESSAGE);
    wire_out_lob(SESSION, &plain, NULL, MESSAGE);
    wire_out_lob(SESSION, &prefetch, NULL, MESSAGE);
    assert_memory_equal(MESSAGE->data + MESSAGE->start, null, 2);
    assert_memory_equal(MESSAGE->data + MESSAGE->start + 2, null, 2);
    assert_int_equal(buffer_size(MESSAGE), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_requests_in_every_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_results_in_every_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locators_have_the_length_that_was_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_requests_that_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(test_out_of_a_bind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_columns_as_the_server_half_writes_them, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
