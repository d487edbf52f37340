/* SPDX-License-Identifier: Apache-2.0 */
/* What is different with drivers and servers from before 12c: chunks, ends of calls, describes, the log-in. The bytes are laid out as in recordings of 10.2 and 11.2. */
#include "wire/tap.h"

#include "wire/negotiate_session.h"
#include "wire/value.h"

#include "tests/support/wire_replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/tap_seen.h"

static const char orders[] = LOGIN_PAIR_DESCRIPTOR("orders");

/* ---- chunks whose size is one byte ---- */

static void test_small_chunks_come_back_at_every_size(void **state)
{
    (void)state;
    uint8_t value[1300];
    struct buffer written;
    struct arena arena;
    buffer_init(&written, 0);
    arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof value; i++) value[i] = (uint8_t)(i * 7 + 3);
    for (size_t size = 0; size < sizeof value; size += size < 400 ? 1 : 37) {
        buffer_clear(&written);
        wire_write_long_clr(&written, view_of(value, size), true);
        for (size_t cut = size > 250 && size < 330 ? 0 : buffer_size(&written); cut <= buffer_size(&written); cut++) {
            uint8_t *exact = exact_copy(buffer_view(&written).data, cut);
            struct reader r = reader_of(view_of(exact, cut)), skipping;
            r.small_chunks = true;
            skipping = r;
            arena_reset(&arena);
            struct wire_clr clr = wire_read_clr(&r, &arena, sizeof value);
            wire_skip_clr(&skipping, sizeof value);
            bool whole = cut == buffer_size(&written);
            assert_int_equal(reader_ok(&r), whole);
            assert_int_equal(reader_ok(&skipping), whole);
            assert_false(r.malformed || skipping.malformed);
            if (whole) assert_true(view_equal(clr.bytes, view_of(value, size)) && reader_left(&r) == 0 && reader_left(&skipping) == 0);
            free(exact);
        }
    }
    buffer_release(&written);
    arena_release(&arena);
}

static void test_small_chunks_over_the_limit_are_malformed(void **state)
{
    (void)state;
    uint8_t bytes[300];
    size_t size = exact_hex("fe 03 61 62 63 02 64 65 00", bytes, sizeof bytes);
    struct arena arena;
    arena_init(&arena, 0);
    struct reader r = reader_of(view_of(bytes, size));
    r.small_chunks = true;
    (void)wire_read_clr(&r, &arena, 4);
    assert_true(r.malformed);
    arena_release(&arena);
}

static void test_both_sides_must_know_large_chunks(void **state)
{
    (void)state;
    uint8_t new[38] = {[7] = 12, [37] = 0x20}, old[38] = {[7] = 6, [37] = 0x83};
    const struct {
        struct view server, client;
        bool small;
    } cases[] = {
        {view_of(new, 38), view_of(new, 38), false},
        {view_of(new, 38), view_of(old, 38), true},
        {view_of(old, 38), view_of(new, 38), true},
        {view_of(new, 33), view_of(new, 38), true}, /* a vector that ends before the byte */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_session session;
        wire_session_init(&session, NULL);
        wire_session_set_server(&session, cases[i].server, view_of(NULL, 0));
        assert_false(session.small_chunks);
        wire_session_set_client(&session, cases[i].client, view_of(NULL, 0));
        assert_int_equal(session.small_chunks, cases[i].small);
    }
}

/* ---- replies ---- */

static struct wire_session old_session(uint8_t field_version)
{
    struct wire_session session = wire_session_of((struct wire_form){.field_version = field_version, .sb1_universal = true});
    session.small_chunks = true;
    session.status_has_call_status = field_version >= 4;
    return session;
}

/* The reply whole and cut in two at every byte. */
static void assert_reply(uint8_t field_version, uint8_t function, const char *sql, const char *hex, const char *lines)
{
    struct wire_listener listener;
    wire_listen_open(&listener, old_session(field_version));
    wire_bench_add_hex(&listener.bench, hex);
    size_t size = buffer_size(&listener.bench.message);
    for (size_t cut = 0; cut < size; cut++) {
        buffer_clear(&listener.lines);
        listener.request = (struct wire_request){.function = function};
        if (sql) listener.request.cursor = wire_bench_cursor(&listener.bench, 2, sql, NULL, 0);
        wire_reply_begin(listener.decoder, &listener.request);
        if (cut) assert_int_equal(wire_listen_piece(&listener, 0, cut), WIRE_NEED_MORE);
        if (wire_listen_piece(&listener, cut, size - cut) != WIRE_DECODED) fail_msg("cut at %zu: %s", cut, listener.bench.error.text);
        assert_string_equal(wire_listen_lines(&listener), lines);
    }
    wire_listen_close(&listener);
}

static void test_ends_of_calls(void **state)
{
    (void)state;
    /* field version 3: nothing stands between the iterations and the text */
    assert_reply(3, WIRE_FN_FETCH, NULL,
                 "04 01 05 01 02 02 05 7b 00 00 01 02 00 03 00 01 20 00 00 00 00 00 00 00 00 00 00 00 00 01 01"
                 "08 6e 6f 20 64 61 74 61 0a",
                 "end 1403 rows 2 cursor 2 at 0 command 3 no data\n");
    /* 6: the logical rowid and three lists, all empty, but no long numbers */
    assert_reply(6, WIRE_FN_COMMIT, NULL,
                 "04 01 03 01 05 00 02 03 ae 00 00 00 01 0e 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
                 "00 00 00 00  06 6e 6f 6e 65 21 0a",
                 "end 942 rows 0 cursor 0 at 14 open command 3 none!\n");
}

static void test_batch_errors_of_old_servers_are_not_guessed(void **state)
{
    (void)state;
    struct wire_listener listener;
    wire_listen_open(&listener, old_session(6));
    wire_bench_add_hex(&listener.bench, "04 01 01 01 05 00 02 5f 3d 00 00 01 09 00 02 00 00 00 00 00 00 00 00 00 00 00 00 05 00 00 00"
                                        "01 01 02 01 01 01 01 02 01 03 01 01 02 61 62 06 6e 6f 6e 65 21 0a");
    listener.request = (struct wire_request){.function = WIRE_FN_EXECUTE};
    wire_reply_begin(listener.decoder, &listener.request);
    assert_int_equal(wire_listen_piece(&listener, 0, buffer_size(&listener.bench.message)), WIRE_UNKNOWN);
    assert_non_null(strstr(listener.bench.error.text, "before 12c"));
    wire_listen_close(&listener);
}

static void test_describes_and_rows(void **state)
{
    (void)state;
    static const char describe[] = /* ID NUMBER, WHO VARCHAR2(14); then the parameters with one pair, and the end */
        "10 03 01 02 03 01 24 01 02 39 02 00 02 00 01 16 00 00 00 00 00 00 00 00 02 01 02 02 49 44 00 00 00"
        "01 80 00 00 01 0e 00 00 00 00 02 03 69 01 01 0e 01 03 01 03 03 57 48 4f 00 00 01 01"
        "01 07 07 78 72 01 02 11 08 3b 01 01 02 1f e8"
        "08 01 06 03 06 3a 33 00 01 02 00 00 00 00 01 01 00 01 03 03 41 42 43 01 10"
        "04 01 04 00 00 00 00 01 02 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 01";
    assert_reply(3, WIRE_FN_EXECUTE, "select * from people", describe,
                 "describe ID:2/2/0/22 WHO:1/0/0/14?\nend 0 rows 0 cursor 2 at 0 command 3 \n");
}

/* A value that is written for such a client is read the way it reads it. */
static void test_long_values_are_written_in_small_chunks(void **state)
{
    (void)state;
    struct wire_session session = old_session(6);
    char text[1000];
    memset(text, 'q', sizeof text);
    struct value value = {.type = VALUE_TEXT, .bytes = view_of(text, sizeof text)};
    struct buffer out;
    buffer_init(&out, 0);
    assert_true(wire_value_encode(&session, WIRE_TYPE_VARCHAR, WIRE_FORM_DATABASE, &value, &out));
    struct view bytes = buffer_view(&out);
    assert_int_equal(bytes.data[0], 254);
    assert_int_equal(bytes.data[1], 64);
    assert_int_equal(bytes.size, 1 + sizeof text + (sizeof text + 63) / 64 + 1);
    buffer_release(&out);
}

/* ---- log-in ---- */

static void small(struct seen *seen, bool server, struct buffer *packets, const char *hex, enum wire_tap_event expected)
{
    uint8_t bytes[400];
    wire_packet_write_data(packets, view_of(bytes, exact_hex(hex, bytes, sizeof bytes)), false, 2048, 0);
    assert_int_equal(pass(seen, server, packets, NULL, 0), expected);
}

/* TNS 308, field version 3: the version is asked for before the log-in, and the session settings come in small chunks. */
static void test_a_driver_of_10g_is_followed(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    seen_begin(&seen, NULL);
    buffer_init(&packets, 0);
    wire_connect_write(&packets, view_text(orders), 2048, false);
    pass(&seen, false, &packets, NULL, 0);
    static const char accept[] = "00 18 00 00 02 00 00 00 01 34 0a 01 08 00 7f ff 01 00 00 00 00 18 61 01";
    uint8_t bytes[24];
    buffer_append(&packets, bytes, exact_hex(accept, bytes, sizeof bytes));
    pass(&seen, true, &packets, NULL, 0);
    small(&seen, false, &packets, "01 06 05 00 6a 00", WIRE_TAP_PASS);
    small(&seen, true, &packets, "01 06 00 77 00 69 03 01 00 00 00 00 11 06 01 01 01 0d 01 01 04 01 01 01 01 01 01 01 ff ff 02 02 01",
          WIRE_TAP_PASS);
    small(&seen, false, &packets, "02 69 03 69 03 01 11 06 01 00 00 00 01 01 03 01 01 01 01 01 01 00 28 90 02 02 00 01 01 01 00 00",
          WIRE_TAP_PASS);
    small(&seen, true, &packets, "02 01 01 01 00 00", WIRE_TAP_PASS);
    assert_int_equal(wire_tap_session(seen.tap)->field_version, 3);
    assert_true(wire_tap_session(seen.tap)->small_chunks);
    small(&seen, false, &packets, "03 3b 00 01 02 01 00 01 01", WIRE_TAP_PASS);
    small(&seen, true, &packets, "08 01 03 4f 6c 64", WIRE_TAP_PASS); /* the answer in two packets */
    small(&seen, true, &packets, "04 0a 20 01 00 09 00", WIRE_TAP_PASS);
    small(&seen, false, &packets, "03 76 00 01 01 05 01 01 01 01 00 01 01 73 63 6f 74 74", WIRE_TAP_PASS);
    small(&seen, true, &packets, "08 00 04 01 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", WIRE_TAP_PASS);
    small(&seen, false, &packets,
          "03 73 00 01 01 05 02 01 01 01 01 01 01 01 73 63 6f 74 74"
          "01 12 12 41 55 54 48 5f 41 4c 54 45 52 5f 53 45 53 53 49 4f 4e  01 10 fe 06 41 4c 54 45 52 20 0a 53 45 53 53 49 4f 4e 20 58 59 "
          "00 01 01",
          WIRE_TAP_PASS);
    small(&seen, true, &packets, "08 00 04 01 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", WIRE_TAP_LOGGED_IN);
    assert_string_equal(wire_tap_session(seen.tap)->user, "SCOTT");
    assert_string_equal(wire_tap_login(seen.tap)->alter_session, "ALTER SESSION XY");
    small(&seen, false, &packets,
          "03 5e 00 02 80 21 00 01 01 08 01 01 0d 00 00 00 00 04 7f ff ff ff 00 00 00 00 00 00 00 00 00"
          "73 65 6c 65 63 74 20 31 01 01 00 00 00 00 00 00 01 01 00 00 00 00 00",
          WIRE_TAP_REQUEST);
    assert_string_equal(wire_tap_request(seen.tap)->cursor->sql, "select 1");
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

/* ojdbc8 18.3 tells the end of what a pool took the connection for in a message of its own, without an answer; later ones staple it to a call. */
static void test_one_way_messages_are_no_calls(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    struct wire_session session = wire_session_19c();
    static const struct wire_login_info nobody;
    buffer_init(&packets, 0);
    seen_begin(&seen, NULL);
    wire_tap_adopt(seen.tap, &session, &nobody);
    struct wire_cursor *cursor = wire_cursor_make(wire_tap_cursors(seen.tap), view_text("select 1 from dual"));
    wire_cursor_bind_id(wire_tap_cursors(seen.tap), cursor, 7);
    static const size_t pieces[] = {0, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(data(&seen, false, &packets, "1a b0 0b 01 08", pieces[i]), WIRE_TAP_PASS);
        assert_null(wire_tap_request(seen.tap));
        assert_int_equal(data(&seen, false, &packets, "03 0e 0c", 0), WIRE_TAP_REQUEST); /* nothing has to come between */
        assert_int_equal(data(&seen, true, &packets, "09 01 01 00", 0), WIRE_TAP_REPLY_END);
    }
    assert_int_equal(data(&seen, false, &packets, "1a b0 0b 01 08 03 0e 0c", 0), WIRE_TAP_REQUEST);
    assert_int_equal(wire_tap_request(seen.tap)->function, WIRE_FN_COMMIT);
    assert_int_equal(data(&seen, true, &packets, "09 01 01 00", 0), WIRE_TAP_REPLY_END);
    assert_non_null(wire_cursor_find(wire_tap_cursors(seen.tap), 7)); /* what is known of cursors is not forgotten */
    assert_int_equal(data(&seen, false, &packets, "1a 69 0b 01 01 01 01 07", 0),
                     WIRE_TAP_OPAQUE); /* any other may change what is followed */
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

/* A client that does not know 12c's verifiers, made out of ours by a byte of its capabilities. */
static void old_client_logs_in(struct login_pair *pair, const char *user, const char *password)
{
    enum { CAPABILITIES_AT = 10 + 7, LOGON = 4, O7LOGON = 0x20 };
    login_pair_begin(pair, user, password, orders);
    for (bool moved = true; moved;) {
        uint8_t *p = pair->to_server.data + pair->to_server.start;
        if (buffer_size(&pair->to_server) > 100 && p[4] == WIRE_DATA && p[10] == 2) p[CAPABILITIES_AT + LOGON] &= (uint8_t)~O7LOGON;
        moved = login_pair_server_step(pair, buffer_size(&pair->to_server));
        moved = login_pair_client_step(pair, buffer_size(&pair->to_client)) || moved;
    }
}

static void test_the_server_half_lets_old_drivers_in(void **state)
{
    (void)state;
    static const struct {
        const char *user, *password;
        int error; /* 0: logged in */
    } cases[] = {
        {"old", "Tiger#123", 0},
        {"old", "Tiger#124", 1017},
        {"nobody", "Tiger#123", 1017},
        {"scott", "Tiger#123", 28040}, /* of this user only 12c's verifier is known */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct login_pair pair;
        old_client_logs_in(&pair, cases[i].user, cases[i].password);
        assert_int_equal(pair.server_state, cases[i].error ? WIRE_LOGIN_REFUSED : WIRE_LOGIN_DONE);
        if (cases[i].error) assert_int_equal(pair.server_error.native, cases[i].error);
        if (!cases[i].error && pair.client_state != WIRE_LOGIN_DONE) fail_msg("%s", pair.client_error.text);
        login_pair_end(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_chunks_come_back_at_every_size),
        cmocka_unit_test(test_small_chunks_over_the_limit_are_malformed),
        cmocka_unit_test(test_both_sides_must_know_large_chunks),
        cmocka_unit_test(test_ends_of_calls),
        cmocka_unit_test(test_batch_errors_of_old_servers_are_not_guessed),
        cmocka_unit_test(test_describes_and_rows),
        cmocka_unit_test(test_long_values_are_written_in_small_chunks),
        cmocka_unit_test(test_a_driver_of_10g_is_followed),
        cmocka_unit_test(test_the_server_half_lets_old_drivers_in),
        cmocka_unit_test(test_one_way_messages_are_no_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
