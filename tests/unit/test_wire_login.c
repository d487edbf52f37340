/* SPDX-License-Identifier: Apache-2.0 */
/* The two log-in machines back to back, in pieces of any size, with every refusal; and each alone against bad bytes. */
#include "tests/support/login_pair.h"

#include "tests/support/exact.h"
#include "wire/auth_message.h"
#include "wire/negotiate_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char orders[] = LOGIN_PAIR_DESCRIPTOR("orders");

static void assert_logged_in(struct login_pair *pair, const char *user)
{
    if (pair->client_state != WIRE_LOGIN_DONE || pair->server_state != WIRE_LOGIN_DONE)
        fail_msg("client %d (%s), server %d (%s)", pair->client_state, pair->client_error.text, pair->server_state,
                 pair->server_error.text);
    struct wire_session *server = wire_server_login_session(pair->server), *client = wire_client_login_session(pair->client);
    assert_string_equal(server->user, user);
    assert_string_equal(client->user, user);
    assert_string_equal(server->service, "orders");
    assert_string_equal(server->program, "test");
    assert_string_equal(server->machine, "box");
    assert_string_equal(server->driver, "understudy");
    assert_int_equal(server->version, 318);
    assert_int_equal(client->version, 318);
    assert_int_equal(server->field_version, 12);
    assert_int_equal(client->field_version, 12);
    assert_int_equal(client->server_version, 0x13030000);
    assert_true(server->large && client->large && server->conversion_length && !server->sb1_universal && server->strings_32k);
    assert_string_equal(wire_server_login_info(pair->server)->alter_session,
                        "ALTER SESSION SET TIME_ZONE='+00:00' NLS_NUMERIC_CHARACTERS='.,'");
    assert_int_equal(buffer_size(&pair->to_server) + buffer_size(&pair->to_client), 0);
}

static void test_both_verifiers_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 2, 7, 11, 100, 1000, 1 << 20};
    static const char *const users[] = {"scott", "old", "\"SCOTT\""}, *const names[] = {"SCOTT", "OLD", "SCOTT"};
    for (size_t u = 0; u < 3; u++)
        for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
            struct login_pair pair;
            login_pair_begin(&pair, users[u], "Tiger#123", orders);
            login_pair_run(&pair, pieces[p]);
            assert_logged_in(&pair, names[u]);
            login_pair_end(&pair);
        }
}

static void test_long_descriptor(void **state)
{
    (void)state;
    char text[12000];
    int size = snprintf(text, sizeof text, "(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=orders)(CID=(PROGRAM=test)(HOST=box)(USER=u)))(X=");
    memset(text + size, 'x', sizeof text - (size_t)size);
    strcpy(text + sizeof text - 3, "))");
    for (size_t piece = 1; piece < 20000; piece = piece * 3 + 1) {
        struct login_pair pair;
        login_pair_begin(&pair, "scott", "Tiger#123", text);
        login_pair_run(&pair, piece);
        assert_logged_in(&pair, "SCOTT");
        login_pair_end(&pair);
    }
}

static void test_refused_users(void **state)
{
    (void)state;
    static const struct {
        const char *user, *password;
        int number;
    } cases[] = {
        {"scott", "tiger#123", 1017}, {"old", "", 1017}, {"nobody", "Tiger#123", 1017}, {"", "x", 1017}, {"locked", "Tiger#123", 28000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct login_pair pair;
        login_pair_begin(&pair, cases[i].user, cases[i].password, orders);
        login_pair_run(&pair, 100);
        assert_int_equal(pair.client_state, WIRE_LOGIN_REFUSED);
        assert_int_equal(pair.server_state, WIRE_LOGIN_REFUSED);
        assert_int_equal(pair.client_error.native, cases[i].number);
        assert_int_equal(pair.client_error.code, ERROR_AUTHENTICATION);
        assert_int_equal(pair.server_error.native, cases[i].number);
        assert_null(strstr(pair.server_error.text, "Tiger")); /* no secret in what is logged */
        login_pair_end(&pair);
    }
}

static void test_administrators_are_refused(void **state)
{
    (void)state;
    struct login_pair pair;
    login_pair_begin(&pair, "scott", "Tiger#123", orders);
    wire_client_login_free(pair.client);
    buffer_clear(&pair.to_server);
    struct wire_client_login_options options = {
        .descriptor = view_text(orders), .user = "scott", .password = "Tiger#123", .sdu = 8192, .sysdba = true};
    pair.client = wire_client_login_new(&options, NULL, &pair.to_server);
    login_pair_run(&pair, 100);
    assert_int_equal(pair.client_error.native, 1031);
    login_pair_end(&pair);
}

static void test_refused_services(void **state)
{
    (void)state;
    static const struct {
        const char *descriptor;
        int number;
    } cases[] = {
        {LOGIN_PAIR_DESCRIPTOR("nosuch"), 12514},
        {"(DESCRIPTION=(CONNECT_DATA=(SID=nosuch)))", 12505},
        {"(DESCRIPTION=(CONNECT_DATA=(CID=(PROGRAM=x))))", 12504},
        {"(CONNECT_DATA=(COMMAND=version))", 12508},
        {"(DESCRIPTION=(CONNECT_DATA=(COMMAND=ping)))", 0},
        {"((((", 12504},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct login_pair pair;
        login_pair_begin(&pair, "scott", "Tiger#123", cases[i].descriptor);
        login_pair_run(&pair, 50);
        assert_int_equal(pair.client_state, WIRE_LOGIN_REFUSED);
        assert_int_equal(pair.server_state, WIRE_LOGIN_REFUSED);
        assert_int_equal(pair.client_error.native, cases[i].number);
        assert_int_equal(pair.client_error.code, ERROR_SOURCE);
        login_pair_end(&pair);
    }
}

static void test_unknown_users_see_a_stable_verifier(void **state)
{
    (void)state;
    char first[64] = "", second[64] = "";
    for (int i = 0; i < 2; i++) {
        struct login_pair pair;
        login_pair_begin(&pair, "nobody", "x", orders);
        struct view key = view_text("AUTH_VFR_DATA");
        while (!first[0] || (i == 1 && !second[0])) {
            login_pair_server_step(&pair, buffer_size(&pair.to_server));
            struct view sent = buffer_view(&pair.to_client);
            for (size_t at = 0; at + key.size + 40 < sent.size; at++)
                if (memcmp(sent.data + at, key.data, key.size) == 0) memcpy(i ? second : first, sent.data + at + key.size, 34);
            login_pair_client_step(&pair, buffer_size(&pair.to_client));
        }
        login_pair_end(&pair);
    }
    assert_memory_equal(first, second, 34);
}

/* ---- the client half alone ---- */

static void test_resend_sends_the_same_again(void **state)
{
    (void)state;
    struct login_pair pair;
    login_pair_begin(&pair, "scott", "Tiger#123", orders);
    size_t size = buffer_size(&pair.to_server);
    uint8_t *first = exact_copy(pair.to_server.data, size);
    for (int i = 0; i < 2; i++) {
        buffer_clear(&pair.to_server);
        wire_packet_write(&pair.to_client, WIRE_RESEND, 0, view_of(NULL, 0), false);
        assert_true(login_pair_client_step(&pair, buffer_size(&pair.to_client)));
        assert_int_equal(buffer_size(&pair.to_server), size);
        assert_memory_equal(pair.to_server.data, first, size);
    }
    login_pair_run(&pair, 10);
    assert_logged_in(&pair, "SCOTT");
    free(first);
    login_pair_end(&pair);

    login_pair_begin(&pair, "scott", "Tiger#123", orders); /* not for ever */
    for (int i = 0; i < 10; i++) wire_packet_write(&pair.to_client, WIRE_RESEND, 0, view_of(NULL, 0), false);
    login_pair_client_step(&pair, buffer_size(&pair.to_client));
    assert_int_equal(pair.client_state, WIRE_LOGIN_REFUSED);
    login_pair_end(&pair);
}

static void test_redirect_leads_elsewhere(void **state)
{
    (void)state;
    struct login_pair pair;
    static const char there[] = "(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=orders)(INSTANCE_NAME=b)(CID=(PROGRAM=test)(HOST=box)(USER=u))))";
    login_pair_begin(&pair, "scott", "Tiger#123", orders);
    wire_redirect_write(&pair.to_client, view_text("(ADDRESS=(PORT=7))"), view_text(there));
    for (size_t shown = 0; pair.client_state == WIRE_LOGIN_GOING && shown <= buffer_size(&pair.to_client); shown++) {
        if (login_pair_client_step(&pair, shown)) shown = 0;
    }
    assert_int_equal(pair.client_state, WIRE_LOGIN_REFUSED);
    assert_int_equal(pair.client_error.code, ERROR_NONE);
    assert_true(view_equal(pair.redirect, view_text("(ADDRESS=(PORT=7))")));
    assert_true(view_equal(wire_client_login_descriptor(pair.client), view_text(there)));

    struct wire_client_login *before = pair.client;
    struct wire_client_login_options options = {
        .descriptor = wire_client_login_descriptor(before),
        .user = "scott",
        .password = "Tiger#123",
        .program = "test",
        .machine = "box",
        .sdu = 8192,
        .redirected = true,
    };
    buffer_clear(&pair.to_server);
    pair.client = wire_client_login_new(&options, NULL, &pair.to_server);
    pair.client_state = WIRE_LOGIN_GOING;
    assert_int_equal(pair.to_server.data[5], 4); /* says that it was redirected */
    login_pair_run(&pair, 33);
    assert_logged_in(&pair, "SCOTT");
    wire_client_login_free(before);
    login_pair_end(&pair);
}

static void test_refuse_with_its_text_behind(void **state)
{
    (void)state;
    struct login_pair pair;
    login_pair_begin(&pair, "scott", "Tiger#123", orders);
    wire_packet_write(&pair.to_client, WIRE_REFUSE, 2, view_of("\x22\0\0\0", 4), false);
    wire_packet_write_data(&pair.to_client, view_text("(DESCRIPTION=(ERR=12528)(ERROR_STACK=(ERROR=(CODE=12528))))"), false, 8192, 0);
    login_pair_run(&pair, 9);
    assert_int_equal(pair.client_state, WIRE_LOGIN_REFUSED);
    assert_int_equal(pair.client_error.native, 12528);
    login_pair_end(&pair);
}

static void test_markers_before_an_error(void **state)
{
    (void)state;
    struct login_pair pair;
    login_pair_begin(&pair, "scott", "wrong", orders);
    while (pair.server_state == WIRE_LOGIN_GOING) {
        login_pair_client_step(&pair, buffer_size(&pair.to_client));
        login_pair_server_step(&pair, buffer_size(&pair.to_server));
    }
    struct buffer answer;
    buffer_init(&answer, 0);
    wire_packet_write_data(&answer, view_text("\4\1\1\1"), true, 8192, 0); /* the start of an answer that is broken off */
    wire_packet_write_marker(&answer, true, WIRE_MARKER_BREAK);
    wire_packet_write_marker(&answer, true, WIRE_MARKER_RESET);
    size_t before = buffer_size(&answer);
    buffer_append_view(&answer, buffer_view(&pair.to_client));
    buffer_clear(&pair.to_client);
    buffer_append_view(&pair.to_client, buffer_view(&answer));
    buffer_clear(&pair.to_server);
    login_pair_client_step(&pair, before);
    assert_int_equal(buffer_size(&pair.to_server), 11); /* our half of the reset, once */
    assert_int_equal(pair.to_server.data[10], WIRE_MARKER_RESET);
    login_pair_client_step(&pair, buffer_size(&pair.to_client));
    assert_int_equal(pair.client_error.native, 1017);
    buffer_release(&answer);
    login_pair_end(&pair);
}

static void test_client_refuses_what_it_cannot_do(void **state)
{
    (void)state;
    static const struct {
        uint16_t version;
        uint8_t flags0;
        int number;
    } cases[] = {{314, 4, 12618}, {318, 0x10, 12660}};
    for (size_t i = 0; i < 2; i++) {
        struct login_pair pair;
        login_pair_begin(&pair, "scott", "Tiger#123", orders);
        wire_accept_write(&pair.to_client, cases[i].version, 8192);
        pair.to_client.data[22] = cases[i].flags0;
        login_pair_client_step(&pair, buffer_size(&pair.to_client));
        assert_int_equal(pair.client_state, WIRE_LOGIN_REFUSED);
        assert_int_equal(pair.client_error.native, cases[i].number);
        login_pair_end(&pair);
    }
    struct login_pair pair;
    login_pair_begin(&pair, "scott", "Tiger#123", orders);
    wire_accept_write(&pair.to_client, 318, 8192);
    wire_packet_write_data(&pair.to_client, view_of(NULL, 0), true, 8192, WIRE_DATA_EOF);
    login_pair_client_step(&pair, buffer_size(&pair.to_client));
    assert_int_equal(pair.client_error.native, 3113);
    login_pair_end(&pair);
}

/* A server that does not know the verifier cannot make up a proof. */
static void test_client_wants_the_servers_proof(void **state)
{
    (void)state;
    struct login_pair pair;
    login_pair_begin(&pair, "scott", "Tiger#123", orders);
    while (pair.server_state == WIRE_LOGIN_GOING) {
        login_pair_client_step(&pair, buffer_size(&pair.to_client));
        login_pair_server_step(&pair, buffer_size(&pair.to_server));
    }
    struct view key = view_text("AUTH_SVR_RESPONSE");
    for (size_t at = 0; at + key.size < buffer_size(&pair.to_client); at++)
        if (memcmp(pair.to_client.data + at, key.data, key.size) == 0) {
            uint8_t *digit = pair.to_client.data + at + key.size + 5;
            *digit = *digit == '0' ? '1' : '0';
        }
    login_pair_client_step(&pair, buffer_size(&pair.to_client));
    assert_int_equal(pair.client_state, WIRE_LOGIN_REFUSED);
    assert_int_equal(pair.client_error.code, ERROR_AUTHENTICATION);
    login_pair_end(&pair);
}

/* ---- the server half alone ---- */

/* Brings the server to the given step of a log-in, then shows it the bytes. */
static enum wire_login_state server_after(int steps, const void *bytes, size_t size, struct error *error, size_t *answered)
{
    struct login_pair pair;
    login_pair_begin(&pair, "scott", "Tiger#123", orders);
    for (int i = 0; i < steps; i++) {
        login_pair_server_step(&pair, buffer_size(&pair.to_server));
        login_pair_client_step(&pair, buffer_size(&pair.to_client));
    }
    buffer_clear(&pair.to_client);
    uint8_t *exact = exact_copy(bytes, size);
    size_t used;
    enum wire_login_state state = wire_server_login_feed(pair.server, exact, size, &used, &pair.to_client, error);
    free(exact);
    *answered = buffer_size(&pair.to_client);
    size_t none = 0;
    if (state == WIRE_LOGIN_REFUSED)
        assert_int_equal(wire_server_login_feed(pair.server, NULL, 0, &none, &pair.to_client, NULL), WIRE_LOGIN_REFUSED);
    login_pair_end(&pair);
    return state;
}

static void test_server_refuses_bad_packets_at_every_step(void **state)
{
    (void)state;
    static const uint8_t short_length[] = {0, 0, 0, 3, 6, 0, 0, 0}, huge[] = {0x7f, 0xff, 0xff, 0xff, 6, 0, 0, 0};
    static const uint8_t redirect[] = {0, 8, 0, 0, 5, 0, 0, 0}, strange[] = {0, 0, 0, 12, 6, 0, 0, 0, 0, 0, 0xee, 1};
    static const struct {
        const uint8_t *bytes;
        size_t size;
    } cases[] = {{short_length, 8}, {huge, 8}, {redirect, 8}, {strange, 12}};
    for (int steps = 0; steps <= 4; steps++)
        for (size_t i = 0; i < 4; i++) {
            struct error error = {0};
            size_t answered;
            enum wire_login_state got = server_after(steps, cases[i].bytes, cases[i].size, &error, &answered);
            if (steps == 0 && i == 1) continue; /* a good length in the short form */
            if (got != WIRE_LOGIN_REFUSED || !error.text[0] || answered == 0) fail_msg("step %d, case %zu: %d", steps, i, got);
        }
}

static void test_server_ends_with_the_client(void **state)
{
    (void)state;
    static const uint8_t end[] = {0, 0, 0, 10, 6, 0, 0, 0, 0, 0x40}, marker[] = {0, 0, 0, 11, 12, 0, 0, 0, 1, 0, 3},
                         nothing[] = {0, 0, 0, 8, 7, 0, 0, 0};
    for (int steps = 1; steps <= 4; steps++) {
        struct error error = {0};
        size_t answered;
        assert_int_equal(server_after(steps, end, sizeof end, &error, &answered), WIRE_LOGIN_REFUSED);
        assert_int_equal(answered, 0);
        assert_int_equal(server_after(steps, marker, sizeof marker, &error, &answered), WIRE_LOGIN_REFUSED);
        assert_int_equal(server_after(steps, nothing, sizeof nothing, &error, &answered), WIRE_LOGIN_GOING);
    }
}

static void test_server_limits_what_it_keeps(void **state)
{
    (void)state;
    struct buffer out;
    uint8_t *zeros = memory_zero(1, 100000);
    zeros[0] = 1; /* a PROTOCOL request that never ends its list of versions; refused long before 64 KiB */
    memset(zeros + 1, 6, 99999);
    buffer_init(&out, 0);
    wire_packet_write_data(&out, view_of(zeros, 100000), true, 8192, 0);
    struct error error = {0};
    size_t answered;
    assert_int_equal(server_after(1, out.data, buffer_size(&out), &error, &answered), WIRE_LOGIN_REFUSED);
    buffer_clear(&out);
    zeros[0] = 2; /* a type list that goes on and on */
    memset(zeros + 1, 0, 5);
    zeros[6] = 9;
    memset(zeros + 7, 12, 9);
    zeros[16] = 0;
    memset(zeros + 17, 1, 99983);
    wire_packet_write_data(&out, view_of(zeros, 100000), true, 8192, 0);
    assert_int_equal(server_after(2, out.data, buffer_size(&out), &error, &answered), WIRE_LOGIN_REFUSED);
    buffer_release(&out);
    memory_free(zeros);
}

static void test_server_declines_native_services(void **state)
{
    (void)state;
    uint8_t request[80], required[80];
    size_t size = exact_hex("00 00 00 2d 06 00 00 00 00 00  de ad be ef 00 23 13 00 00 00 00 01 00  00 02 00 02 00 00 00 00  00 04 00 05 "
                            "13 00 00 00  00 02 00 01 00 11",
                            request, sizeof request);
    struct error error = {0};
    size_t answered;
    assert_int_equal(size, 0x2d);
    assert_int_equal(server_after(1, request, size, &error, &answered), WIRE_LOGIN_GOING);
    assert_true(answered > 100);
    memcpy(required, request, size);
    required[size - 2] = 0x10;
    assert_int_equal(server_after(1, required, size, &error, &answered), WIRE_LOGIN_REFUSED);
    assert_non_null(strstr(error.text, "12660"));

    struct login_pair pair; /* who says so in the CONNECT gets the number itself */
    login_pair_begin(&pair, "scott", "Tiger#123", orders);
    pair.to_server.data[32] = pair.to_server.data[33] = 0x91;
    login_pair_server_step(&pair, buffer_size(&pair.to_server));
    assert_int_equal(pair.server_state, WIRE_LOGIN_REFUSED);
    assert_int_equal(pair.server_error.native, 12660);
    assert_int_equal(pair.to_client.data[4], WIRE_REFUSE);
    login_pair_end(&pair);
}

static void test_server_refuses_native_encoding(void **state)
{
    (void)state;
    struct buffer out, message;
    struct error error = {0};
    size_t answered;
    buffer_init(&out, 0);
    buffer_init(&message, 0);
    uint8_t bytes[64];
    buffer_append(&message, bytes,
                  exact_hex("02 69 03 69 03 02 08 06 01 01 01 2f 01 01 07 07 02 00 00 00 18 00 07 d0 07", bytes, sizeof bytes));
    wire_packet_write_data(&out, buffer_view(&message), true, 8192, 0);
    assert_int_equal(server_after(2, out.data, buffer_size(&out), &error, &answered), WIRE_LOGIN_REFUSED);
    assert_non_null(strstr(error.text, "OCI"));
    buffer_release(&out);
    buffer_release(&message);
}

static void test_old_client_gets_short_lengths(void **state)
{
    (void)state;
    struct login_pair pair;
    login_pair_begin(&pair, "scott", "Tiger#123", orders);
    pair.to_server.data[8] = 314 >> 8;
    pair.to_server.data[9] = 314 & 0xff;
    login_pair_server_step(&pair, buffer_size(&pair.to_server));
    assert_int_equal(pair.server_state, WIRE_LOGIN_GOING);
    assert_false(wire_server_login_session(pair.server)->large);
    assert_int_equal(buffer_size(&pair.to_client), 32);
    login_pair_end(&pair);

    login_pair_begin(&pair, "scott", "Tiger#123", orders);
    pair.to_server.data[9] = 300 & 0xff;
    login_pair_server_step(&pair, buffer_size(&pair.to_server));
    assert_int_equal(pair.server_error.native, 12618);
    login_pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_verifiers_in_pieces_of_any_size),
        cmocka_unit_test(test_long_descriptor),
        cmocka_unit_test(test_refused_users),
        cmocka_unit_test(test_administrators_are_refused),
        cmocka_unit_test(test_refused_services),
        cmocka_unit_test(test_unknown_users_see_a_stable_verifier),
        cmocka_unit_test(test_resend_sends_the_same_again),
        cmocka_unit_test(test_redirect_leads_elsewhere),
        cmocka_unit_test(test_refuse_with_its_text_behind),
        cmocka_unit_test(test_markers_before_an_error),
        cmocka_unit_test(test_client_refuses_what_it_cannot_do),
        cmocka_unit_test(test_client_wants_the_servers_proof),
        cmocka_unit_test(test_server_refuses_bad_packets_at_every_step),
        cmocka_unit_test(test_server_ends_with_the_client),
        cmocka_unit_test(test_server_limits_what_it_keeps),
        cmocka_unit_test(test_server_declines_native_services),
        cmocka_unit_test(test_server_refuses_native_encoding),
        cmocka_unit_test(test_old_client_gets_short_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
