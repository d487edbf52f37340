/* SPDX-License-Identifier: Apache-2.0 */
/* The tap after the log-in: requests and replies however they are cut, breaks, and what cannot be read. */
#include "wire/tap.h"

#include "wire/negotiate_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/tap_seen.h"

static void ready_session(struct wire_session *session, const struct wire_limits *limits)
{
    struct wire_accept accept = {.version = 318, .sdu = 8192};
    wire_session_init(session, limits);
    wire_session_set_accept(session, &accept);
    session->field_version = 12;
    session->conversion_length = session->status_has_call_status = session->status_has_sequence = session->strings_32k = true;
    session->client_charset = session->server_charset = 873;
}

static void adopted(struct seen *seen, struct buffer *packets, const struct wire_limits *limits)
{
    struct wire_session session;
    struct wire_login_info info = {.user = "SCOTT"};
    seen_begin(seen, limits);
    ready_session(&session, limits);
    wire_tap_adopt(seen->tap, &session, &info);
    assert_int_equal(wire_tap_state(seen->tap), WIRE_TAP_READY);
    assert_string_equal(wire_tap_login(seen->tap)->user, "SCOTT");
    buffer_init(packets, 0);
}

static enum wire_tap_event send_message(struct seen *seen, bool server, struct buffer *packets, struct buffer *message, size_t piece)
{
    wire_packet_write_data(packets, buffer_view(message), true, 8192, 0);
    buffer_clear(message);
    return pass(seen, server, packets, NULL, piece);
}

static enum wire_tap_event send_query(struct seen *seen, struct buffer *packets, size_t piece, const char *sql)
{
    struct buffer message;
    struct wire_execute_spec spec = {
        .options = WIRE_OPTION_PARSE | WIRE_OPTION_EXECUTE | WIRE_OPTION_FETCH | WIRE_OPTION_NOT_PLSQL,
        .sql = view_text(sql),
        .prefetch_rows = 2,
        .query = true,
    };
    buffer_init(&message, 0);
    assert_true(wire_execute_write(wire_tap_session(seen->tap), 1, &spec, &message));
    enum wire_tap_event event = send_message(seen, false, packets, &message, piece);
    buffer_release(&message);
    return event;
}

static enum wire_tap_event send_rows(struct seen *seen, struct buffer *packets, size_t piece, uint32_t cursor_id, unsigned rows,
                                     uint32_t error)
{
    struct wire_session *session = wire_tap_session(seen->tap);
    struct wire_column column = {
        .oac = {.type = WIRE_TYPE_VARCHAR, .flags = 0x80, .size_max = 20, .charset = 873, .form = 1, .characters_max = 20},
        .nullable = true,
        .name = (char[]){"C"}};
    struct wire_end end = {
        .error = error, .message = view_text("ORA-01403: no data found\n"), .cursor_id = cursor_id, .row_count = rows, .command = 3};
    struct buffer message;
    buffer_init(&message, 0);
    wire_describe_write(session, &column, 1, &message);
    wire_row_header_write(session, 1, 2, &message);
    for (unsigned i = 0; i < rows; i++) {
        struct value value = value_text(view_text("text"));
        wire_row_begin(&message);
        assert_true(wire_row_value(session, &column.oac, NULL, &value, &message));
    }
    wire_parameters_write(session, cursor_id, NULL, 0, false, &message);
    wire_end_write(session, &end, 1, &message);
    enum wire_tap_event event = send_message(seen, true, packets, &message, piece);
    buffer_release(&message);
    return event;
}

static void test_calls_however_they_are_cut(void **state)
{
    (void)state;
    static const size_t pieces[] = {0, 1, 3, 10, 50};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct seen seen;
        struct buffer packets;
        adopted(&seen, &packets, NULL);
        assert_int_equal(send_query(&seen, &packets, pieces[i], "select c from t"), WIRE_TAP_REQUEST);
        assert_int_equal(seen.events[0][WIRE_TAP_REQUEST], 1);
        assert_int_equal(wire_tap_state(seen.tap), WIRE_TAP_IN_CALL);
        assert_int_equal(wire_tap_request(seen.tap)->function, WIRE_FN_EXECUTE);
        assert_true(pieces[i] == 0 || view_equal(wire_tap_request(seen.tap)->execute.sql, view_text("select c from t")));
        assert_int_equal(send_rows(&seen, &packets, pieces[i], 5, 2, 1403), WIRE_TAP_REPLY_END);
        assert_int_equal(wire_tap_state(seen.tap), WIRE_TAP_READY);
        assert_int_equal(seen.rows, 2);
        assert_int_equal(seen.describes, 1);
        assert_int_equal(seen.ends, 1);
        assert_int_equal(seen.error, 1403);
        struct wire_cursor *cursor = wire_cursor_find(wire_tap_cursors(seen.tap), 5);
        assert_non_null(cursor);
        assert_string_equal(cursor->sql, "select c from t");

        struct buffer message;
        buffer_init(&message, 0);
        wire_fetch_write(wire_tap_session(seen.tap), 2, 5, 10, &message);
        assert_int_equal(send_message(&seen, false, &packets, &message, pieces[i]), WIRE_TAP_REQUEST);
        assert_ptr_equal(wire_tap_request(seen.tap)->cursor, cursor);
        wire_status_write(wire_tap_session(seen.tap), false, &message);
        assert_int_equal(send_message(&seen, true, &packets, &message, pieces[i]), WIRE_TAP_REPLY_END);
        wire_simple_write(wire_tap_session(seen.tap), 3, WIRE_FN_LOGOFF, &message);
        assert_int_equal(send_message(&seen, false, &packets, &message, pieces[i]), WIRE_TAP_REQUEST);
        wire_status_write(wire_tap_session(seen.tap), false, &message);
        assert_int_equal(send_message(&seen, true, &packets, &message, pieces[i]), WIRE_TAP_REPLY_END);
        wire_packet_write_data(&packets, view_of(NULL, 0), true, 8192, WIRE_DATA_EOF);
        assert_int_equal(pass(&seen, false, &packets, NULL, 0), WIRE_TAP_EOF);
        assert_int_equal(seen.events[0][WIRE_TAP_OPAQUE] + seen.events[1][WIRE_TAP_OPAQUE], 0);
        buffer_release(&message);
        buffer_release(&packets);
        wire_tap_free(seen.tap);
    }
}

static void test_opaque_request_then_a_clear_one(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    adopted(&seen, &packets, NULL);
    send_query(&seen, &packets, 0, "select c from t");
    send_rows(&seen, &packets, 0, 5, 1, 0);
    assert_int_equal(data(&seen, false, &packets, "03 f0 07 01 02 03", 0), WIRE_TAP_OPAQUE);
    assert_int_equal(wire_tap_request(seen.tap)->sequence, 7);
    assert_true(wire_tap_opaque_reason(seen.tap)[0]);
    assert_int_equal(data(&seen, false, &packets, "09 09 09", 0), WIRE_TAP_OPAQUE); /* more of the same */
    assert_int_equal(data(&seen, true, &packets, "04 01", 0), WIRE_TAP_OPAQUE);
    assert_int_equal(data(&seen, true, &packets, "09 09", 0), WIRE_TAP_OPAQUE);
    assert_int_equal(send_query(&seen, &packets, 0, "select d from t"), WIRE_TAP_REQUEST);
    assert_int_equal(send_rows(&seen, &packets, 0, 6, 1, 0), WIRE_TAP_REPLY_END);
    assert_int_equal(seen.ends, 2);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

/* RENEGOTIATE: nobody knows by what rules the connection is to be read afterwards, so no cursor is believed and nothing is read any more. */
static void test_negotiated_anew(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    adopted(&seen, &packets, NULL);
    send_query(&seen, &packets, 0, "select c from t");
    send_rows(&seen, &packets, 0, 5, 1, 0);
    assert_int_equal(send_query(&seen, &packets, 0, "alter session set container = c"), WIRE_TAP_REQUEST);
    assert_int_equal(data(&seen, true, &packets, "1c", 0), WIRE_TAP_OPAQUE);
    assert_int_equal(data(&seen, false, &packets, "01 06 05 04 00 61 00", 0), WIRE_TAP_OPAQUE);
    assert_int_equal(wire_tap_state(seen.tap), WIRE_TAP_LOST);
    assert_int_equal(wire_cursor_count(wire_tap_cursors(seen.tap)), 0);
    assert_null(wire_tap_request(seen.tap));
    assert_int_equal(data(&seen, true, &packets, "01 06 00 61 00", 0), WIRE_TAP_OPAQUE);
    assert_int_equal(send_query(&seen, &packets, 0, "select d from t"), WIRE_TAP_OPAQUE);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

/* Functions and piggybacks whose bodies are decoded. Every other number must be unknown, and the call after it clear again. */
static const uint8_t read_functions[] = {
    WIRE_FN_REEXECUTE,       WIRE_FN_FETCH,    WIRE_FN_LOGOFF, WIRE_FN_COMMIT,      WIRE_FN_ROLLBACK,  WIRE_FN_VERSION,
    WIRE_FN_REEXECUTE_FETCH, WIRE_FN_EXECUTE,  WIRE_FN_LOB,    WIRE_FN_TPC_SWITCH,  WIRE_FN_TPC_STATE, WIRE_FN_AUTH,
    WIRE_FN_SESSION_KEY,     WIRE_FN_DESCRIBE, WIRE_FN_PING,   WIRE_FN_PIPELINE_END};
static const uint8_t read_piggybacks[] = {
    WIRE_FN_LOB,        WIRE_FN_TPC_SWITCH,  WIRE_FN_CLOSE_CURSORS, WIRE_FN_SWITCH_SESSION, WIRE_FN_CANCEL_CURSORS, WIRE_FN_END_TO_END,
    WIRE_FN_SET_SCHEMA, WIRE_FN_APP_CONTEXT, WIRE_FN_SESSION_STATE, WIRE_FN_JDBC_BF,        WIRE_FN_PIPELINE_BEGIN};

static bool is_read(bool piggyback, uint8_t number)
{
    const uint8_t *list = piggyback ? read_piggybacks : read_functions;
    size_t count = piggyback ? sizeof read_piggybacks : sizeof read_functions;
    return memchr(list, number, count) != NULL;
}

static void test_every_function_is_read_or_left(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 512; i++) {
        bool piggyback = i >= 256;
        uint8_t number = (uint8_t)i;
        if (is_read(piggyback, number)) continue;
        struct seen seen;
        struct buffer packets, message;
        adopted(&seen, &packets, NULL);
        buffer_init(&message, 0);
        send_query(&seen, &packets, 0, "select c from t");
        send_rows(&seen, &packets, 0, 5, 1, 0);
        buffer_u8(&message, piggyback ? 0x11 : 3);
        buffer_u8(&message, number);
        for (int k = 0; k < 40; k++) buffer_u8(&message, 0);
        assert_int_equal(send_message(&seen, false, &packets, &message, 0), WIRE_TAP_OPAQUE);
        const struct wire_request *request = wire_tap_request(seen.tap);
        assert_true(request->undecoded);
        assert_int_equal(request->function, piggyback ? 0 : number);
        assert_int_equal(data(&seen, true, &packets, "04 01 02 03", 0), WIRE_TAP_OPAQUE);
        wire_simple_write(wire_tap_session(seen.tap), 9, WIRE_FN_PING, &message);
        assert_int_equal(send_message(&seen, false, &packets, &message, 0), WIRE_TAP_REQUEST);
        buffer_release(&message);
        buffer_release(&packets);
        wire_tap_free(seen.tap);
    }
}

/* The same of the messages of a reply. */
static void test_every_message_is_read_or_left(void **state)
{
    (void)state;
    static const uint8_t read[] = {4, 6, 7, 8, 9, 11, 14, 15, 16, 19, 21, 23, 27, 29, 33};
    for (unsigned type = 0; type < 256; type++) {
        struct seen seen;
        struct buffer packets, message;
        if (memchr(read, (int)type, sizeof read)) continue;
        adopted(&seen, &packets, NULL);
        buffer_init(&message, 0);
        send_query(&seen, &packets, 0, "select c from t");
        buffer_u8(&message, (uint8_t)type);
        for (int k = 0; k < 40; k++) buffer_u8(&message, 0);
        assert_int_equal(send_message(&seen, true, &packets, &message, 0), WIRE_TAP_OPAQUE);
        assert_int_equal(send_query(&seen, &packets, 0, "select d from t"), WIRE_TAP_REQUEST);
        assert_int_equal(send_rows(&seen, &packets, 0, 6, 1, 0), WIRE_TAP_REPLY_END);
        buffer_release(&message);
        buffer_release(&packets);
        wire_tap_free(seen.tap);
    }
}

static void test_opaque_reply_then_a_clear_call(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    adopted(&seen, &packets, NULL);
    send_query(&seen, &packets, 0, "select c from t");
    assert_int_equal(data(&seen, true, &packets, "fe 01", 0), WIRE_TAP_OPAQUE);
    assert_int_equal(wire_tap_state(seen.tap), WIRE_TAP_READY);
    assert_int_equal(data(&seen, true, &packets, "01 02 03", 0), WIRE_TAP_OPAQUE);
    assert_int_equal(seen.ends, 0);
    assert_int_equal(send_query(&seen, &packets, 2, "select c from t"), WIRE_TAP_REQUEST);
    assert_int_equal(send_rows(&seen, &packets, 2, 7, 1, 0), WIRE_TAP_REPLY_END);
    assert_int_equal(data(&seen, true, &packets, "01 02 03", 0), WIRE_TAP_OPAQUE); /* nobody asked */
    assert_int_equal(send_query(&seen, &packets, 0, "select c from t"), WIRE_TAP_REQUEST);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static void test_unread_close_makes_its_cursors_unknown(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets, message;
    adopted(&seen, &packets, NULL);
    buffer_init(&message, 0);
    send_query(&seen, &packets, 0, "select c from t");
    send_rows(&seen, &packets, 0, 5, 1, 0);
    uint32_t id = 5;
    wire_close_cursors_write(wire_tap_session(seen.tap), 2, &id, 1, &message);
    buffer_append(&message, "\3\xf0\3\1", 4);
    assert_int_equal(send_message(&seen, false, &packets, &message, 0), WIRE_TAP_OPAQUE);
    assert_non_null(wire_cursor_find(wire_tap_cursors(seen.tap), 5)); /* it may still be answered by us */
    data(&seen, true, &packets, "09 01 01 01 02", 0);
    assert_null(wire_cursor_find(wire_tap_cursors(seen.tap), 5));
    buffer_release(&message);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static enum wire_tap_event marker(struct seen *seen, bool server, struct buffer *packets, enum wire_marker kind)
{
    wire_packet_write_marker(packets, true, kind);
    return pass(seen, server, packets, NULL, 0);
}

static void test_break_in_a_call(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    adopted(&seen, &packets, NULL);
    send_query(&seen, &packets, 0, "select c from t");
    data(&seen, true, &packets, "10 17 01 02", 0); /* the start of a describe */
    assert_int_equal(marker(&seen, false, &packets, WIRE_MARKER_INTERRUPT), WIRE_TAP_MARKER);
    assert_non_null(wire_tap_request(seen.tap));
    assert_int_equal(marker(&seen, true, &packets, WIRE_MARKER_BREAK), WIRE_TAP_MARKER);
    assert_int_equal(marker(&seen, true, &packets, WIRE_MARKER_RESET), WIRE_TAP_MARKER);
    assert_int_equal(marker(&seen, false, &packets, WIRE_MARKER_RESET), WIRE_TAP_MARKER);
    struct buffer message;
    buffer_init(&message, 0);
    wire_error_write(wire_tap_session(seen.tap), 1013, "ORA-01013: user requested cancel of current operation\n", 0, 0, false, 1, &message);
    assert_int_equal(send_message(&seen, true, &packets, &message, 4), WIRE_TAP_REPLY_END);
    assert_int_equal(seen.error, 1013);
    assert_int_equal(send_query(&seen, &packets, 0, "select c from t"), WIRE_TAP_REQUEST);
    assert_int_equal(send_rows(&seen, &packets, 0, 8, 1, 0), WIRE_TAP_REPLY_END);
    buffer_release(&message);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static void test_break_that_comes_too_late(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets, message;
    adopted(&seen, &packets, NULL);
    buffer_init(&message, 0);
    send_query(&seen, &packets, 0, "select c from t");
    send_rows(&seen, &packets, 0, 8, 1, 0);
    marker(&seen, false, &packets, WIRE_MARKER_INTERRUPT);
    marker(&seen, true, &packets, WIRE_MARKER_BREAK);
    marker(&seen, true, &packets, WIRE_MARKER_RESET);
    marker(&seen, false, &packets, WIRE_MARKER_RESET);
    wire_error_write(wire_tap_session(seen.tap), 1013, "ORA-01013: no\n", 0, 0, false, 1, &message);
    assert_int_equal(send_message(&seen, true, &packets, &message, 4), WIRE_TAP_PASS);
    assert_int_equal(seen.ends, 1);
    assert_int_equal(send_query(&seen, &packets, 0, "select c from t"), WIRE_TAP_REQUEST);
    assert_int_equal(send_rows(&seen, &packets, 0, 9, 1, 0), WIRE_TAP_REPLY_END);
    buffer_release(&message);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static void test_break_while_a_request_is_sent(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    adopted(&seen, &packets, NULL);
    assert_int_equal(data(&seen, false, &packets, "03 5e 01 02 80 61", 0), WIRE_TAP_PART);
    marker(&seen, false, &packets, WIRE_MARKER_BREAK);
    marker(&seen, true, &packets, WIRE_MARKER_RESET);
    assert_int_equal(send_query(&seen, &packets, 3, "select c from t"), WIRE_TAP_REQUEST);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static void test_served_call_expects_no_reply(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets, message;
    adopted(&seen, &packets, NULL);
    buffer_init(&message, 0);
    for (uint8_t i = 1; i <= 3; i++) {
        wire_simple_write(wire_tap_session(seen.tap), i, WIRE_FN_PING, &message);
        wire_packet_write_data(&packets, buffer_view(&message), true, 8192, 0);
        struct wire_packet packet;
        assert_int_equal(wire_packet_next(packets.data, buffer_size(&packets), true, 1 << 20, &packet), WIRE_DECODED);
        assert_int_equal(wire_tap_client(seen.tap, &packet), WIRE_TAP_REQUEST);
        assert_int_equal(wire_tap_request(seen.tap)->sequence, i);
        wire_tap_served(seen.tap);
        assert_int_equal(wire_tap_state(seen.tap), WIRE_TAP_READY);
        buffer_clear(&packets);
        buffer_clear(&message);
    }
    assert_int_equal(data(&seen, false, &packets, "03 f0 07 01", 0), WIRE_TAP_OPAQUE);
    wire_tap_served(seen.tap); /* we answered it with an error */
    assert_int_equal(send_query(&seen, &packets, 0, "select c from t"), WIRE_TAP_REQUEST);
    buffer_release(&message);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static void test_request_over_its_limit(void **state)
{
    (void)state;
    struct wire_limits limits = wire_limits_default;
    struct seen seen;
    struct buffer packets;
    static char sql[30000];
    limits.call_max = 20000;
    memset(sql, 'x', sizeof sql - 1);
    memcpy(sql, "select ", 7);
    adopted(&seen, &packets, &limits);
    assert_int_equal(send_query(&seen, &packets, 1000, sql), WIRE_TAP_OPAQUE);
    assert_int_equal(seen.events[0][WIRE_TAP_REQUEST], 0);
    assert_int_equal(seen.events[0][WIRE_TAP_PART], 21); /* what is kept never exceeds the limit */
    assert_non_null(strstr(wire_tap_opaque_reason(seen.tap), "20000"));
    data(&seen, true, &packets, "09 01 01 01 02", 0);
    assert_int_equal(send_query(&seen, &packets, 0, "select c from t"), WIRE_TAP_REQUEST);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static void test_reply_that_gives_the_turn_to_the_client(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    adopted(&seen, &packets, NULL);
    send_query(&seen, &packets, 0, "begin p; end;");
    assert_int_equal(data(&seen, true, &packets, "13", 0), WIRE_TAP_PART);
    assert_true(wire_tap_client_turn(seen.tap));
    assert_int_equal(data(&seen, false, &packets, "13", 0), WIRE_TAP_PASS);
    assert_false(wire_tap_client_turn(seen.tap));
    struct buffer message;
    struct wire_end end = {.cursor_id = 3, .command = 47};
    buffer_init(&message, 0);
    wire_end_write(wire_tap_session(seen.tap), &end, 1, &message);
    assert_int_equal(send_message(&seen, true, &packets, &message, 0), WIRE_TAP_REPLY_END);
    assert_int_equal(seen.ends, 1);
    buffer_release(&message);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static void test_client_that_does_not_wait(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    adopted(&seen, &packets, NULL);
    send_query(&seen, &packets, 0, "select c from t");
    data(&seen, true, &packets, "10 17 01 02", 0); /* the start of a describe */
    assert_int_equal(send_query(&seen, &packets, 0, "select d from t"), WIRE_TAP_REQUEST);
    assert_int_equal(send_rows(&seen, &packets, 0, 4, 1, 0), WIRE_TAP_REPLY_END);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static void test_unread_request_that_is_sent_all_the_same(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    adopted(&seen, &packets, NULL);
    send_query(&seen, &packets, 0, "select c from t");
    send_rows(&seen, &packets, 0, 5, 1, 0);
    assert_int_equal(data(&seen, false, &packets, "11 f0 07 01 02 03", 0), WIRE_TAP_OPAQUE);
    wire_tap_sent(seen.tap);
    assert_null(wire_cursor_find(wire_tap_cursors(seen.tap), 5));
    assert_int_equal(data(&seen, true, &packets, "09 01 01 01 02", 0), WIRE_TAP_OPAQUE);
    assert_int_equal(send_query(&seen, &packets, 0, "select c from t"), WIRE_TAP_REQUEST);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static void test_adopting_an_unknown_encoding_is_lost(void **state)
{
    (void)state;
    struct seen seen;
    struct wire_session session;
    struct wire_login_info info = {0};
    seen_begin(&seen, NULL);
    ready_session(&session, NULL);
    session.encoding = WIRE_ENCODING_UNKNOWN;
    wire_tap_adopt(seen.tap, &session, &info);
    assert_int_equal(wire_tap_state(seen.tap), WIRE_TAP_LOST);
    wire_tap_free(seen.tap);
    wire_tap_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_however_they_are_cut),
        cmocka_unit_test(test_opaque_request_then_a_clear_one),
        cmocka_unit_test(test_negotiated_anew),
        cmocka_unit_test(test_every_function_is_read_or_left),
        cmocka_unit_test(test_every_message_is_read_or_left),
        cmocka_unit_test(test_opaque_reply_then_a_clear_call),
        cmocka_unit_test(test_unread_close_makes_its_cursors_unknown),
        cmocka_unit_test(test_break_in_a_call),
        cmocka_unit_test(test_break_that_comes_too_late),
        cmocka_unit_test(test_break_while_a_request_is_sent),
        cmocka_unit_test(test_served_call_expects_no_reply),
        cmocka_unit_test(test_request_over_its_limit),
        cmocka_unit_test(test_reply_that_gives_the_turn_to_the_client),
        cmocka_unit_test(test_client_that_does_not_wait),
        cmocka_unit_test(test_unread_request_that_is_sent_all_the_same),
        cmocka_unit_test(test_adopting_an_unknown_encoding_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
