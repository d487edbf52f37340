/* SPDX-License-Identifier: Apache-2.0 */
/* The tap between both halves of a log-in: edits, cuts, fast authentication, native clients, nonsense. */
#include "wire/tap.h"

#include "wire/auth_message.h"
#include "wire/negotiate_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/tap_seen.h"

static const char orders[] = LOGIN_PAIR_DESCRIPTOR("orders");

/* Makes the server's packets those of a newer one, before the tap sees them. */
static void pretend_new_server(struct buffer *out)
{
    uint8_t *p = out->data + out->start;
    if (buffer_size(out) >= 45 && p[4] == WIRE_ACCEPT) {
        exact_hex("1a 00 00 01", p + 41, 4);
        p[10] |= 4;
    } else if (buffer_size(out) > 100 && p[4] == WIRE_DATA && p[10] == 1 && p[11] == 6) {
        size_t at = 10 + 3 + strlen((char *)p + 13) + 1 + 3;
        at += 2 + 5u * (p[at] | (unsigned)p[at + 1] << 8);
        at += 2 + ((unsigned)p[at] << 8 | p[at + 1]) + 1;
        p[at + 7] = 25;
        p[at + 40] |= 0x20;
    }
}

/* A driver that announces its own maximum whatever the server said. */
static void pretend_bold_client(struct buffer *out)
{
    uint8_t *p = out->data + out->start;
    if (buffer_size(out) > 100 && p[4] == WIRE_DATA && p[10] == 2) p[10 + 7 + 7] = 24;
}

static enum wire_tap_event relay_login(struct seen *seen, struct login_pair *pair, size_t piece, bool newer)
{
    struct buffer to_server, to_client;
    enum wire_tap_event last = WIRE_TAP_PASS;
    buffer_init(&to_server, 0);
    buffer_init(&to_client, 0);
    while (buffer_size(&pair->to_server) || buffer_size(&pair->to_client)) {
        if (newer) pretend_bold_client(&pair->to_server);
        pass(seen, false, &pair->to_server, &to_server, piece);
        size_t used = 0;
        if (pair->server_state == WIRE_LOGIN_GOING)
            pair->server_state =
                wire_server_login_feed(pair->server, to_server.data, buffer_size(&to_server), &used, &pair->to_client, &pair->server_error);
        buffer_clear(&to_server);
        if (newer) pretend_new_server(&pair->to_client);
        last = pass(seen, true, &pair->to_client, &to_client, piece);
        if (pair->client_state == WIRE_LOGIN_GOING)
            pair->client_state = wire_client_login_feed(pair->client, to_client.data, buffer_size(&to_client), &used, &pair->to_server,
                                                        &pair->redirect, &pair->client_error);
        buffer_clear(&to_client);
    }
    buffer_release(&to_server);
    buffer_release(&to_client);
    return last;
}

static void test_login_is_followed_however_it_is_cut(void **state)
{
    (void)state;
    static const size_t pieces[] = {0, 1, 2, 5, 13, 64, 1000};
    for (int newer = 0; newer <= 1; newer++)
        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
            struct seen seen;
            struct login_pair pair;
            seen_begin(&seen, NULL);
            login_pair_begin(&pair, "scott", "Tiger#123", orders);
            enum wire_tap_event last = relay_login(&seen, &pair, pieces[i], newer);
            if (pair.client_state != WIRE_LOGIN_DONE || pair.server_state != WIRE_LOGIN_DONE)
                fail_msg("piece %zu: %s / %s", pieces[i], pair.client_error.text, pair.server_error.text);
            assert_int_equal(last, WIRE_TAP_LOGGED_IN);
            assert_int_equal(seen.events[1][WIRE_TAP_LOGGED_IN], 1);
            assert_int_equal(seen.events[0][WIRE_TAP_OPAQUE] + seen.events[1][WIRE_TAP_OPAQUE], 0);
            assert_int_equal(wire_tap_state(seen.tap), WIRE_TAP_READY);
            const struct wire_session *session = wire_tap_session(seen.tap), *server = wire_server_login_session(pair.server);
            assert_int_equal(session->field_version, 12);
            assert_int_equal(server->field_version, 12); /* the bold client was lowered on its way */
            assert_int_equal(wire_client_login_session(pair.client)->field_version, 12);
            assert_int_equal(session->accept_flags2 & 0x12000001, 0);
            assert_false(session->end_of_response);
            assert_string_equal(session->user, "SCOTT");
            assert_string_equal(session->driver, "understudy");
            assert_string_equal(session->service, "orders");
            assert_int_equal(session->server_version, 0x13030000);
            assert_string_equal(wire_tap_login(seen.tap)->machine, "box");
            assert_non_null(strstr(wire_tap_login(seen.tap)->alter_session, "TIME_ZONE"));
            wire_tap_free(seen.tap);
            login_pair_end(&pair);
        }
}

static void test_failed_logins_are_told(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{LOGIN_PAIR_DESCRIPTOR("orders"), "wrong"}, {LOGIN_PAIR_DESCRIPTOR("nosuch"), "Tiger#123"}};
    for (size_t i = 0; i < 2; i++) {
        struct seen seen;
        struct login_pair pair;
        seen_begin(&seen, NULL);
        login_pair_begin(&pair, "scott", cases[i][1], cases[i][0]);
        assert_int_equal(relay_login(&seen, &pair, 0, false), WIRE_TAP_LOGIN_FAILED);
        assert_int_equal(seen.events[1][WIRE_TAP_LOGGED_IN], 0);
        wire_tap_free(seen.tap);
        login_pair_end(&pair);
    }
}

/* Brings a tap behind ACCEPT, without edits. */
static void accepted(struct seen *seen, struct buffer *packets)
{
    seen_begin(seen, NULL);
    wire_tap_set_edit(seen->tap, false);
    buffer_init(packets, 0);
    wire_connect_write(packets, view_text(orders), 8192, false);
    pass(seen, false, packets, NULL, 0);
    wire_accept_write(packets, 318, 8192);
    pass(seen, true, packets, NULL, 0);
}

static void test_descriptor_behind_its_connect(void **state)
{
    (void)state;
    static const size_t pieces[] = {0, 7, 100};
    char text[600];
    int size = snprintf(text, sizeof text, "(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=orders)(CID=(PROGRAM=test)(HOST=box)(USER=u)))(X=");
    memset(text + size, 'x', sizeof text - (size_t)size);
    strcpy(text + sizeof text - 3, "))");
    for (size_t i = 0; i < 3; i++) {
        struct seen seen;
        struct login_pair pair;
        seen_begin(&seen, NULL);
        login_pair_begin(&pair, "scott", "Tiger#123", text);
        if (i == 1) { /* the server wants it again */
            struct buffer again, resend;
            buffer_init(&again, 0);
            buffer_init(&resend, 0);
            buffer_append_view(&again, buffer_view(&pair.to_server));
            pass(&seen, false, &again, NULL, 0);
            wire_packet_write(&resend, WIRE_RESEND, 0, view_of(NULL, 0), false);
            assert_int_equal(pass(&seen, true, &resend, NULL, 0), WIRE_TAP_PASS);
            buffer_release(&again);
            buffer_release(&resend);
        }
        assert_int_equal(relay_login(&seen, &pair, pieces[i], true), WIRE_TAP_LOGGED_IN);
        assert_string_equal(wire_tap_session(seen.tap)->service, "orders");
        wire_tap_free(seen.tap);
        login_pair_end(&pair);
    }
}

static void test_markers_before_a_login_error(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets, reply;
    accepted(&seen, &packets);
    buffer_init(&reply, 0);
    data(&seen, false, &packets, "03 76 01 00 00 01 01 01 00 01 01", 0);
    data(&seen, true, &packets, "08 01 05", 0); /* broken off */
    wire_packet_write_marker(&packets, true, WIRE_MARKER_RESET);
    assert_int_equal(pass(&seen, true, &packets, NULL, 0), WIRE_TAP_MARKER);
    wire_packet_write_marker(&packets, true, WIRE_MARKER_RESET);
    assert_int_equal(pass(&seen, false, &packets, NULL, 0), WIRE_TAP_MARKER);
    wire_auth_end_write(wire_tap_session(seen.tap), &reply, 1, 1, 1017, "ORA-01017: no\n");
    wire_packet_write_data(&packets, buffer_view(&reply), true, 8192, 0);
    assert_int_equal(pass(&seen, true, &packets, NULL, 0), WIRE_TAP_LOGIN_FAILED);
    data(&seen, false, &packets, "03 76 02 00 00 01 01 01 00 01 01", 0);
    assert_int_equal(data(&seen, true, &packets, "ff", 0), WIRE_TAP_OPAQUE);
    buffer_release(&packets);
    buffer_release(&reply);
    wire_tap_free(seen.tap);
}

static void test_redirect_ends_the_connection(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    seen_begin(&seen, NULL);
    buffer_init(&packets, 0);
    wire_connect_write(&packets, view_text("(DESCRIPTION=(CONNECT_DATA=(SID=old)))"), 8192, false);
    pass(&seen, false, &packets, NULL, 0);
    assert_string_equal(wire_tap_session(seen.tap)->service, "old");
    wire_redirect_write(&packets, view_text("(ADDRESS=(PORT=7))"), view_text(orders));
    assert_int_equal(pass(&seen, true, &packets, NULL, 0), WIRE_TAP_PASS);
    assert_int_equal(wire_tap_state(seen.tap), WIRE_TAP_CONNECTING);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static void test_without_edits_nothing_is_changed(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer from, to;
    seen_begin(&seen, NULL);
    wire_tap_set_edit(seen.tap, false);
    buffer_init(&from, 0);
    buffer_init(&to, 0);
    wire_connect_write(&from, view_text(orders), 8192, false);
    from.data[32] = from.data[33] = 0x81;
    uint8_t *before = exact_copy(from.data, buffer_size(&from));
    size_t size = buffer_size(&from);
    pass(&seen, false, &from, &to, 0);
    assert_memory_equal(to.data, before, size);
    free(before);
    buffer_release(&from);
    buffer_release(&to);
    wire_tap_free(seen.tap);
}

/* FAST_AUTH as a recording has it: three requests in one message, three replies in one, messages closed by 29. */
static void test_fast_auth_in_a_recording(void **state)
{
    (void)state;
    static const size_t pieces[] = {0, 1, 9, 500};
    for (size_t i = 0; i < 4; i++) {
        struct seen seen;
        struct buffer packets, message;
        struct wire_session writer;
        struct wire_accept accept = {.version = 319, .sdu = 8192, .flags2 = 0x1a000000};
        seen_begin(&seen, NULL);
        wire_tap_set_edit(seen.tap, false);
        buffer_init(&packets, 0);
        buffer_init(&message, 0);
        wire_session_init(&writer, NULL);
        wire_session_set_accept(&writer, &accept);
        wire_connect_write(&packets, view_text(orders), 8192, false);
        pass(&seen, false, &packets, NULL, 0);
        wire_accept_write(&packets, 319, 8192);
        exact_hex("1a 00 00 00", packets.data + 41, 4);
        pass(&seen, true, &packets, NULL, 0);

        buffer_append(&message, "\x22\1\1\0", 4);
        wire_protocol_request_write(&message, "fast");
        buffer_append(&message, "\0\0\0\0\0\x0d", 6);
        size_t types_at = buffer_size(&message);
        wire_data_types_request_write(&writer, &message);
        message.data[types_at + 7 + 40] |= 0x20;
        size_t types_size = buffer_size(&message) - types_at;
        writer.field_version = 13;
        wire_auth_request_begin(&writer, &message, WIRE_AUTH_SESSION_KEY, 1, "scott", 1, 0);
        wire_packet_write_data(&packets, buffer_view(&message), true, 8192, 0);
        pass(&seen, false, &packets, NULL, pieces[i]);

        struct buffer reply;
        buffer_init(&reply, 0);
        wire_protocol_reply_write(&writer, &reply);
        reply.data[3 + 20 + 3 + 2 + 2 + 13 + 1 + 7] = 24;
        wire_data_types_reply_write(&writer, view_of(message.data + types_at, types_size), &reply);
        writer.field_version = 24;
        writer.status_has_call_status = writer.status_has_sequence = true;
        wire_auth_reply_begin(&reply, 0);
        wire_auth_end_write(&writer, &reply, 1, 1, 0, NULL);
        buffer_u8(&reply, 29);
        wire_packet_write_data(&packets, buffer_view(&reply), true, 8192, WIRE_DATA_END_OF_RESPONSE);
        assert_int_equal(pass(&seen, true, &packets, NULL, pieces[i]), WIRE_TAP_PASS);
        assert_int_equal(wire_tap_session(seen.tap)->field_version, 24);
        assert_true(wire_tap_session(seen.tap)->end_of_response);

        buffer_clear(&message);
        wire_auth_request_begin(&writer, &message, WIRE_AUTH_PASSWORD, 2, "scott", 0x101, 0); /* with a token now */
        wire_packet_write_data(&packets, buffer_view(&message), true, 8192, 0);
        pass(&seen, false, &packets, NULL, pieces[i]);
        buffer_clear(&reply);
        wire_auth_reply_begin(&reply, 0);
        wire_auth_end_write(&writer, &reply, 2, 2, 0, NULL);
        buffer_u8(&reply, 29);
        wire_packet_write_data(&packets, buffer_view(&reply), true, 8192, WIRE_DATA_END_OF_RESPONSE);
        assert_int_equal(pass(&seen, true, &packets, NULL, pieces[i]), WIRE_TAP_LOGGED_IN);
        assert_string_equal(wire_tap_session(seen.tap)->user, "SCOTT");
        buffer_release(&packets);
        buffer_release(&message);
        buffer_release(&reply);
        wire_tap_free(seen.tap);
    }
}

static void test_oci_logins(void **state)
{
    (void)state;
    static const char *const types[] = {
        "02 69 03 69 03 02 08 06 01 01 01 2f 01 01 07 07 02 00 00 00 18 00 07 d0 07", /* no list */
        "02 69 03 69 03 02 1c 06 01 01 01 2f 01 01 07 01 01 01 01 01 01 01 7f ff 03 0b 03 03 01 01 ff 01 ff ff 01 07 02 00 00 00 18 00 07 "
        "d0 07 "
        "00 19 00 19 00 14 00 00 00 00", /* a representation that nobody has seen */
    };
    for (size_t i = 0; i < 2; i++) {
        struct seen seen;
        struct buffer packets, reply;
        struct wire_session writer;
        accepted(&seen, &packets);
        buffer_init(&reply, 0);
        wire_session_init(&writer, NULL);
        data(&seen, false, &packets, "01 06 00 78 00", 0);
        wire_protocol_reply_write(&writer, &reply);
        wire_packet_write_data(&packets, buffer_view(&reply), true, 8192, 0);
        pass(&seen, true, &packets, NULL, 0);
        assert_int_equal(data(&seen, false, &packets, types[i], 0), WIRE_TAP_PASS);
        assert_int_equal(data(&seen, true, &packets, i ? "02 00 19 00 19 00 14 00 00 00 00" : "02", 0), WIRE_TAP_PASS);
        assert_true(wire_tap_session(seen.tap)->native_encoding);
        assert_int_equal(wire_tap_session(seen.tap)->encoding, i ? WIRE_ENCODING_UNKNOWN : WIRE_ENCODING_STRUCT);
        static const char body[] = " fe ff ff ff ff ff ff ff 05 00 00 00 01 00 00 00 fe ff ff ff ff ff ff ff 00 00 00 00 00 00 00 00 "
                                   "fe ff ff ff ff ff ff ff fe ff ff ff ff ff ff ff 05 73 63 6f 74 74";
        char request[400];
        snprintf(request, sizeof request, "03 76 02%s", body);
        assert_int_equal(data(&seen, false, &packets, request, 0), WIRE_TAP_PASS);
        assert_int_equal(data(&seen, true, &packets, "08 06 00 0c 00 00 00", 0), WIRE_TAP_PASS);
        snprintf(request, sizeof request, "03 73 03%s", body);
        assert_int_equal(data(&seen, false, &packets, request, 0), WIRE_TAP_PASS);
        if (!i) assert_string_equal(wire_tap_session(seen.tap)->user, "SCOTT");
        assert_int_equal(data(&seen, true, &packets, "08 33 00 13 00 00 00", 0), WIRE_TAP_LOGGED_IN);
        if (i) assert_int_equal(wire_tap_state(seen.tap), WIRE_TAP_LOST);
        if (!i) { /* its requests are read as far as they are known, its answers are not */
            assert_int_equal(wire_tap_state(seen.tap), WIRE_TAP_READY);
            assert_int_equal(data(&seen, true, &packets, "01 02", 0), WIRE_TAP_OPAQUE);
            assert_int_equal(data(&seen, false, &packets, "03 0e 04", 0), WIRE_TAP_REQUEST);
            assert_int_equal(data(&seen, true, &packets, "08 06 00 01", 0), WIRE_TAP_OPAQUE);
            assert_int_equal(data(&seen, false, &packets, "03 60 05 fe ff ff ff ff ff ff ff", 0), WIRE_TAP_OPAQUE);
            assert_non_null(strstr(wire_tap_opaque_reason(seen.tap), "OCI"));
        }
        buffer_release(&packets);
        buffer_release(&reply);
        wire_tap_free(seen.tap);
    }
}

static void test_agreed_encryption_is_opaque(void **state)
{
    (void)state;
    struct seen seen;
    struct buffer packets;
    accepted(&seen, &packets);
    data(&seen, false, &packets, "de ad be ef 00 0d 13 00 00 00 00 00 00", 3);
    assert_int_equal(data(&seen, true, &packets,
                          "de ad be ef 00 22 13 00 00 00 00 01 00  00 02 00 02 00 00 00 00  00 04 00 05 13 00 00 00  00 01 00 02 11", 0),
                     WIRE_TAP_OPAQUE);
    assert_int_equal(data(&seen, false, &packets, "55 66 77", 0), WIRE_TAP_OPAQUE);
    assert_non_null(strstr(wire_tap_opaque_reason(seen.tap), "encryption"));
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

static void test_nonsense_before_the_login_is_opaque(void **state)
{
    (void)state;
    static const char *const client[] = {"ee", "03 5e 01", "02 00 00 00 00 00 01 06 00", "22 01 01 00 02", "de ad be ef 00 01"};
    for (size_t i = 0; i < 5; i++) {
        struct seen seen;
        struct buffer packets;
        accepted(&seen, &packets);
        assert_int_equal(data(&seen, false, &packets, client[i], 0), WIRE_TAP_OPAQUE);
        assert_int_equal(wire_tap_state(seen.tap), WIRE_TAP_LOST);
        buffer_release(&packets);
        wire_tap_free(seen.tap);
    }
    struct seen seen;
    struct buffer packets;
    accepted(&seen, &packets);
    assert_int_equal(data(&seen, true, &packets, "01 06 00", 0), WIRE_TAP_OPAQUE); /* before it was asked */
    buffer_release(&packets);
    wire_tap_free(seen.tap);

    accepted(&seen, &packets); /* a message that never ends */
    uint8_t *zeros = memory_zero(1, 1 << 20);
    memcpy(zeros, "\2\0\0\0\0\3\x09\6\1\1\1\1\1\1\7\1", 16);
    memset(zeros + 16, 1, (1 << 20) - 16);
    wire_packet_write_data(&packets, view_of(zeros, 1 << 20), true, 8192, 0);
    assert_int_equal(pass(&seen, false, &packets, NULL, 0), WIRE_TAP_OPAQUE);
    memory_free(zeros);
    buffer_release(&packets);
    wire_tap_free(seen.tap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login_is_followed_however_it_is_cut),
        cmocka_unit_test(test_failed_logins_are_told),
        cmocka_unit_test(test_descriptor_behind_its_connect),
        cmocka_unit_test(test_markers_before_a_login_error),
        cmocka_unit_test(test_redirect_ends_the_connection),
        cmocka_unit_test(test_without_edits_nothing_is_changed),
        cmocka_unit_test(test_fast_auth_in_a_recording),
        cmocka_unit_test(test_oci_logins),
        cmocka_unit_test(test_agreed_encryption_is_opaque),
        cmocka_unit_test(test_nonsense_before_the_login_is_opaque),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
