/* SPDX-License-Identifier: Apache-2.0 */
/* OCI clients: numbers of fixed width, and structures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/oci_messages.h"
#include "tests/support/tap_seen.h"
#include "wire/message.h"
#include "wire/negotiate.h"

/* ---- the negotiation ---- */

struct choice {
    const char *offered, *chosen;
    enum wire_encoding encoding;
};

static void test_the_server_chooses_the_encoding(void **state)
{
    (void)state;
    static const char head[] =
        "02 69 03 69 03 02 1c 06 01 01 01 2f 01 01 0c 01 01 01 01 01 01 01 7f ff 03 0b 03 03 01 01 ff 01 ff ff 01 07 02 00 00 00 "
        "18 00 07 ";
    static const char both[] = "00 01 00 01 00 01 00 00 00 19 00 19 00 18 00 19 00 01 00 00 00 1a 00 1a 00 19 00 1a 00 01 00 00 "
                               "01 94 01 94 00 01 01 25 00 01 00 00 00 14 00 00 00 00"; /* entries with several pairs, and one without */
    static const struct choice choices[] = {
        {both, "00 01 00 01 00 01 00 00 00 19 00 19 00 18 00 00 00 1a 00 1a 00 19 00 00 00 14 00 00 00 00", WIRE_ENCODING_FIXED},
        {both, "00 19 00 19 00 01 00 00 00 1a 00 1a 00 01 00 00 00 00", WIRE_ENCODING_UNIVERSAL},
        {both, "00 19 00 19 00 18 00 00 00 1a 00 1a 00 01 00 00 00 00", WIRE_ENCODING_UNKNOWN},
        {both, "00 19 00 19 00 77 00 00 00 1a 00 1a 00 78 00 00 00 00", WIRE_ENCODING_UNKNOWN},
        {both, "00 00", WIRE_ENCODING_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        struct wire_session session;
        uint8_t bytes[400];
        char hex[1200];
        size_t used, size;
        wire_session_init(&session, NULL);
        snprintf(hex, sizeof hex, "%s%s", head, choices[i].offered);
        size = exact_hex(hex, bytes, sizeof bytes);
        assert_int_equal(wire_data_types_request_decode(&session, view_of(bytes, size), &used), WIRE_DECODED);
        assert_int_equal(used, size);
        assert_true(session.native_encoding);
        snprintf(hex, sizeof hex, "02 %s", choices[i].chosen);
        size = exact_hex(hex, bytes, sizeof bytes);
        for (size_t cut = 0; cut < size; cut++)
            assert_int_equal(wire_data_types_reply_decode(&session, view_of(bytes, cut), &used), WIRE_NEED_MORE);
        assert_int_equal(wire_data_types_reply_decode(&session, view_of(bytes, size), &used), WIRE_DECODED);
        assert_int_equal(used, size);
        assert_int_equal(session.encoding, choices[i].encoding);
        assert_int_equal(session.native_encoding, choices[i].encoding != WIRE_ENCODING_UNIVERSAL);
    }
}

/* ---- a session with fixed widths ---- */

static void begin_session(struct seen *seen, enum wire_encoding encoding, uint8_t version)
{
    static const struct wire_login_info nobody;
    struct wire_session session;
    seen_begin(seen, NULL);
    wire_session_init(&session, NULL);
    session.large = session.native_encoding = session.conversion_length = true;
    session.encoding = encoding;
    session.version = 319;
    session.field_version = version;
    session.status_has_call_status = session.status_has_sequence = true;
    session.client_charset = session.server_charset = 873;
    wire_tap_adopt(seen->tap, &session, &nobody);
}

static enum wire_tap_event show(struct seen *seen, bool server, struct buffer *message, size_t piece)
{
    struct buffer packets;
    buffer_init(&packets, 0);
    wire_packet_write_data(&packets, buffer_view(message), true, 8192, 0);
    enum wire_tap_event event = pass(seen, server, &packets, NULL, piece);
    buffer_release(&packets);
    buffer_clear(message);
    return event;
}

static void query_and_fetch(struct seen *seen, struct buffer *message, uint8_t version, size_t piece)
{
    static const struct oci_execute query = {.sql = "SELECT 1 AS n FROM dual", .options = 0x8061};
    oci_write_execute(message, &query, version);
    assert_int_equal(show(seen, false, message, piece), WIRE_TAP_REQUEST);
    assert_string_equal(wire_tap_request(seen->tap)->cursor->sql, query.sql);
    assert_int_equal(wire_tap_request(seen->tap)->execute.prefetch_rows, 1);
    oci_write_describe(message, version);
    oci_write_row(message);
    oci_write_parameters(message, 4);
    oci_write_end(message, 0, 0, 4, 1, version);
    assert_int_equal(show(seen, true, message, piece), WIRE_TAP_REPLY_END);
    assert_int_equal(seen->rows, 1);
    assert_int_equal(seen->describes, 1);
    assert_non_null(wire_cursor_find(wire_tap_cursors(seen->tap), 4));

    oci_begin(message, 3, 5, 8, version);
    oci_put(message, 4, 4);
    oci_put(message, 15, 4);
    assert_int_equal(show(seen, false, message, piece), WIRE_TAP_REQUEST);
    assert_int_equal(wire_tap_request(seen->tap)->fetch.rows, 15);
    oci_write_end(message, 1403, 1403, 4, 0x4e20, version);
    assert_int_equal(show(seen, true, message, piece), WIRE_TAP_REPLY_END);
    assert_int_equal(seen->error, 1403);
}

static void write_close_and_attributes(struct buffer *message, uint8_t version)
{
    oci_begin(message, 17, 105, 9, version);
    oci_counted(message, true, 1);
    oci_put(message, 4, 4);
    oci_begin(message, 17, 107, 9, version);
    for (int i = 0; i < 3; i++) oci_put(message, 38, 4);
    oci_begin(message, 17, 135, 10, version);
    oci_pointer(message, false);
    oci_pointer(message, false);
    oci_put(message, 0x18, 4);
    oci_counted(message, false, 0);
    oci_counted(message, true, 24); /* the module, three bytes a character */
    oci_counted(message, true, 0);
    oci_counted(message, false, 0);
    oci_zeros(message, 1);
    oci_put(message, 0x3f, 2);
    for (int i = 0; i < 4; i++) oci_counted(message, false, 0);
    oci_text(message, "SQL*Plus");
}

static void test_a_session_with_fixed_widths(void **state)
{
    (void)state;
    static const uint8_t versions[] = {8, 12, 14, 17, 18, 22};
    static const size_t pieces[] = {0, 1, 7, 100};
    for (size_t i = 0; i < sizeof versions * 4; i++) {
        uint8_t version = versions[i / 4];
        size_t piece = pieces[i % 4];
        struct seen seen;
        struct buffer message;
        buffer_init(&message, 0);
        begin_session(&seen, WIRE_ENCODING_FIXED, version);
        query_and_fetch(&seen, &message, version, piece);
        write_close_and_attributes(&message, version);
        oci_begin(&message, 3, 14, 11, version);
        assert_int_equal(show(&seen, false, &message, piece), WIRE_TAP_REQUEST);
        assert_int_equal(wire_tap_request(seen.tap)->function, WIRE_FN_COMMIT);
        assert_int_equal(wire_tap_request(seen.tap)->piggyback_count, 3);
        assert_int_equal(wire_tap_request(seen.tap)->piggybacks[2].module.size, 8);
        assert_null(wire_cursor_find(wire_tap_cursors(seen.tap), 4));
        buffer_append(&message, "\x17\5\1\0\x10\1\0\0\0\x16\x08\0\0\0\x08SQL*Plus\0\0\0\0\xb8\0\0\0\0\0", 34 - 1);
        buffer_append(&message, "\x09\5\0\1\0\x41\0", 7);
        assert_int_equal(show(&seen, true, &message, piece), WIRE_TAP_REPLY_END);
        assert_int_equal(seen.events[0][WIRE_TAP_OPAQUE] + seen.events[1][WIRE_TAP_OPAQUE], 0);
        buffer_release(&message);
        wire_tap_free(seen.tap);
    }
}

/* Widths say nothing of themselves, so what contradicts itself, or was not seen, is unknown and not something. */
static void test_what_was_not_seen_is_unknown(void **state)
{
    (void)state;
    static const struct oci_execute binds = {.sql = "INSERT INTO t VALUES (:1)", .options = 0x8029, .binds = 1},
                                    insert = {.sql = "INSERT INTO t VALUES (1)", .options = 0x8021};
    struct seen seen;
    struct buffer message;
    buffer_init(&message, 0);
    begin_session(&seen, WIRE_ENCODING_FIXED, 12);

    oci_write_execute(&message, &binds, 12);
    oci_zeros(&message, 60);
    assert_int_equal(show(&seen, false, &message, 0), WIRE_TAP_OPAQUE);
    const struct wire_request *request = wire_tap_request(seen.tap);
    assert_true(request->undecoded);
    assert_int_equal(request->function, WIRE_FN_EXECUTE);
    assert_true(view_equal(request->execute.sql, view_text(binds.sql))); /* what it says is known, only not with which values */

    oci_write_end(&message, 0, 0, 1, 1, 12);
    assert_int_equal(show(&seen, true, &message, 0), WIRE_TAP_OPAQUE);
    oci_write_execute(&message, &insert, 12);
    assert_int_equal(show(&seen, false, &message, 0), WIRE_TAP_REQUEST);
    oci_write_end(&message, 942, 943, 1, 0, 12); /* the two numbers differ: the widths are others than we think */
    assert_int_equal(show(&seen, true, &message, 0), WIRE_TAP_OPAQUE);
    oci_write_execute(&message, &insert, 12);
    assert_int_equal(show(&seen, false, &message, 0), WIRE_TAP_REQUEST);
    buffer_u8(&message, 11); /* an I/O vector */
    oci_zeros(&message, 40);
    assert_int_equal(show(&seen, true, &message, 0), WIRE_TAP_OPAQUE);
    oci_begin(&message, 3, 96, 1, 12); /* a LOB operation */
    oci_zeros(&message, 80);
    assert_int_equal(show(&seen, false, &message, 0), WIRE_TAP_OPAQUE);
    buffer_release(&message);
    wire_tap_free(seen.tap);
}

/* ---- structures ---- */

static void test_structures(void **state)
{
    (void)state;
    static const char *const requests[] = {
        /* the session is chosen, the version asked for: 12 bytes of one structure, 40 of another */
        ("11 6b 04 00 00 00 00 00 00 05 00 00 00 00 00 00 00 3a 00 00 00 37 75 00 00 01 00 00 00 03 3b 05 00 00 00 00 00 00 06 00 00 00 00 "
         "00 00 00 "
         "fe ff ff ff ff ff ff ff f4 01 00 00 00 00 00 00 fe ff ff ff ff ff ff ff fe ff ff ff ff ff ff ff 01 00 00 00 00 00 00 00"),
        /* a close list of two, garbage between the fields, and a commit */
        ("11 69 08 00 00 7b 05 00 00 09 00 00 00 00 00 00 00 fe ff ff ff ff ff ff ff 02 00 00 00 99 99 99 99 02 00 00 00 03 00 00 00 "
         "03 0e 0e 00 00 7b 05 00 00 0f 00 00 00 00 00 00 00"),
        /* a rollback */
        ("03 0f 0e 00 00 7b 05 00 00 0f 00 00 00 00 00 00 00"),
    };
    static const uint8_t functions[] = {WIRE_FN_VERSION, WIRE_FN_COMMIT, WIRE_FN_ROLLBACK};
    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[400];
        size_t size = exact_hex(requests[i], bytes, sizeof bytes);
        struct seen seen;
        begin_session(&seen, WIRE_ENCODING_STRUCT, 24);
        for (size_t cut = 1; cut <= size; cut++) {
            struct wire_request request;
            struct error error;
            struct arena arena;
            arena_init(&arena, 0);
            uint8_t *exact = exact_copy(bytes, cut);
            enum wire_status status =
                wire_request_decode(wire_tap_session(seen.tap), wire_tap_cursors(seen.tap), &arena, view_of(exact, cut), &request, &error);
            assert_int_equal(status, cut == size ? WIRE_DECODED : WIRE_NEED_MORE);
            if (cut == size) assert_int_equal(request.function, functions[i]);
            if (cut == size && i == 1) {
                assert_int_equal(request.piggybacks[0].id_count, 2);
                assert_int_equal(request.piggybacks[0].ids[1], 3);
            }
            free(exact);
            arena_release(&arena);
        }
        wire_tap_free(seen.tap);
    }
}

static void test_the_end_of_a_call_in_a_structure(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer message;
    buffer_init(&message, 0);
    for (uint8_t version = 12; version <= 24; version += 12) {
        begin_session(&seen, WIRE_ENCODING_STRUCT, version);
        oci_begin(&message, 3, 14, 1, 0);
        if (version >= 18) {
            oci_zeros(&message, 6);
            oci_put(&message, 1, 8);
        }
        assert_int_equal(show(&seen, false, &message, 0), WIRE_TAP_REQUEST);
        buffer_append(&message, "\4\1\0\0\0\5\0\1", 8);
        oci_put(&message, 1, 4);
        oci_put(&message, 1403, 2);
        oci_put(&message, 0, 4);
        oci_put(&message, 2, 2);
        oci_put(&message, 0, 2);
        buffer_u8(&message, 3);
        oci_zeros(&message, 124 - 15);
        oci_put(&message, 1403, 4);
        oci_put(&message, 1, 8);
        oci_put(&message, 3, 8);
        oci_text(&message, "ORA-01403: no data found\n");
        /* before 20c the place of the second number was not seen */
        assert_int_equal(show(&seen, true, &message, 9), version == 24 ? WIRE_TAP_REPLY_END : WIRE_TAP_OPAQUE);
        if (version == 24) assert_int_equal(seen.error, 1403);
        wire_tap_free(seen.tap);
    }
    buffer_release(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_server_chooses_the_encoding),  cmocka_unit_test(test_a_session_with_fixed_widths),
        cmocka_unit_test(test_what_was_not_seen_is_unknown),     cmocka_unit_test(test_structures),
        cmocka_unit_test(test_the_end_of_a_call_in_a_structure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
