/* SPDX-License-Identifier: Apache-2.0 */
/* Verifiers against independently computed ones, the key exchange both ways, and the log-in messages prefix by prefix. */
#include "wire/auth_exchange.h"
#include "wire/auth_message.h"

#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Of "correct horse", salts 00..0f and a0..a9, made with another implementation of the digests. */
static const char spare4_new[] = "T:8D9ADEDD2C49FBD8C84DA43BD08A0F0F0F186788F3811D13F94F8EE30D90D8ABC74C5E3317196DB8093C57A84DE7B186"
                                 "42ED4BAEB21A68D8A6476770AC4233B6000102030405060708090A0B0C0D0E0F";
static const char spare4_old[] = "S:3D30D41DE21686C8DF86EDD6E855DAF79FF9D57EA0A1A2A3A4A5A6A7A8A9";

static void session_with(struct wire_session *session, uint8_t field_version, bool conversion_length)
{
    wire_session_init(session, NULL);
    session->field_version = field_version;
    session->conversion_length = conversion_length;
    session->status_has_call_status = session->status_has_sequence = true;
}

/* ---- verifiers ---- */

static void test_spare4_takes_the_newest(void **state)
{
    (void)state;
    struct wire_verifier verifier;
    char text[600];
    assert_true(wire_verifier_from_spare4(view_text(spare4_new), &verifier));
    assert_int_equal(verifier.kind, WIRE_VERIFIER_12C);
    assert_int_equal(verifier.salt[15], 0x0f);
    assert_true(wire_verifier_to_spare4(&verifier, text, sizeof text) == strlen(spare4_new));
    assert_string_equal(text, spare4_new);

    assert_true(wire_verifier_from_spare4(view_text(spare4_old), &verifier));
    assert_int_equal(verifier.kind, WIRE_VERIFIER_11G);
    assert_int_equal(wire_verifier_to_spare4(&verifier, text, sizeof text), strlen(spare4_old));
    assert_string_equal(text, spare4_old);

    snprintf(text, sizeof text, "%s;H:00112233445566778899AABBCCDDEEFF;%s", spare4_old, spare4_new);
    assert_true(wire_verifier_from_spare4(view_text(text), &verifier));
    assert_int_equal(verifier.kind, WIRE_VERIFIER_12C);
    snprintf(text, sizeof text, "%s;T:00", spare4_old); /* a damaged T: is no verifier */
    assert_true(wire_verifier_from_spare4(view_text(text), &verifier));
    assert_int_equal(verifier.kind, WIRE_VERIFIER_11G);
    assert_int_equal(verifier.salt[0], 0xa0);
}

static void test_spare4_nonsense_is_refused(void **state)
{
    (void)state;
    struct wire_verifier verifier;
    static const char *const texts[] = {"", ";", "S:", "T:zz", "S:00;;;", "GLOBAL"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) assert_false(wire_verifier_from_spare4(view_text(texts[i]), &verifier));
    char text[sizeof spare4_new];
    strcpy(text, spare4_new);
    text[100] = 'x';
    assert_false(wire_verifier_from_spare4(view_text(text), &verifier));
    for (size_t cut = 0; cut < strlen(spare4_old); cut++) {
        uint8_t *exact = exact_copy(spare4_old, cut);
        assert_false(wire_verifier_from_spare4(view_of(exact, cut), &verifier));
        free(exact);
    }
}

/* ---- the exchange ---- */

/* The two halves talk through text only, as on the wire. Answers whether the server believed the client. */
static bool exchange(const struct wire_verifier *verifier, const char *password, bool with_speedy_key, bool *server_proved)
{
    struct wire_challenge challenge;
    struct wire_answer answer;
    char session_key[97], salt[33], exchange_salt[33], response[97];
    wire_challenge_make(&challenge, false);
    wire_challenge_session_key(&challenge, verifier, session_key);
    crypto_hex_upper(view_of(verifier->salt, wire_verifier_salt_size(verifier)), salt);
    crypto_hex_upper(view_of(challenge.exchange_salt, 16), exchange_salt);
    struct wire_phase1 phase1 = {
        .verifier_kind = verifier->kind,
        .session_key = view_text(session_key),
        .verifier_data = view_text(salt),
        .exchange_salt = view_text(exchange_salt),
        .generations = verifier->generations,
        .exchange_count = challenge.exchange_count,
    };
    assert_true(wire_answer_make(&answer, &phase1, password, NULL));
    assert_int_equal(answer.speedy_key[0] != 0, verifier->kind == WIRE_VERIFIER_12C);
    bool good = wire_challenge_verify(&challenge, verifier, view_text(answer.session_key), view_text(answer.password),
                                      view_text(with_speedy_key ? answer.speedy_key : ""));
    *server_proved = false;
    if (good) {
        wire_challenge_server_response(&challenge, response);
        *server_proved = wire_answer_server_proved(&answer, view_text(response));
        response[40] = response[40] == '0' ? '1' : '0';
        assert_false(wire_answer_server_proved(&answer, view_text(response)));
        assert_false(wire_answer_server_proved(&answer, view_text("00")));
    }
    return good;
}

static void test_known_verifiers_accept_their_password(void **state)
{
    (void)state;
    static const char *const texts[] = {spare4_new, spare4_old};
    for (size_t i = 0; i < 2; i++) {
        struct wire_verifier verifier;
        bool proved;
        assert_true(wire_verifier_from_spare4(view_text(texts[i]), &verifier));
        for (int speedy = 0; speedy <= 1; speedy++) {
            assert_true(exchange(&verifier, "correct horse", speedy, &proved));
            assert_true(proved);
            assert_false(exchange(&verifier, "Correct horse", speedy, &proved));
            assert_false(exchange(&verifier, "", speedy, &proved));
        }
    }
}

static void test_made_verifiers_accept_their_password(void **state)
{
    (void)state;
    static const enum wire_verifier_kind kinds[] = {WIRE_VERIFIER_12C, WIRE_VERIFIER_11G};
    static const char *const passwords[] = {"x", "0123456789abcde", "0123456789abcdef",
                                            "p\xc3\xa4ssw\xc3\xb6rd with blanks and much more of it"};
    for (size_t k = 0; k < 2; k++)
        for (size_t p = 0; p < 4; p++) {
            struct wire_verifier verifier, other;
            bool proved;
            assert_true(wire_verifier_make(kinds[k], passwords[p], &verifier));
            assert_true(wire_verifier_make(kinds[k], passwords[p], &other));
            assert_memory_not_equal(verifier.hash, other.hash, 20); /* salted */
            assert_true(exchange(&verifier, passwords[p], true, &proved) && proved);
        }
}

/* The form of an 11g server: 48-byte keys, no exchange salt. The server's side is done here by hand. */
static void test_client_knows_the_old_exchange(void **state)
{
    (void)state;
    struct wire_verifier verifier;
    uint8_t key[32], server[48], client[48], mixed[24], combined[32], plain[64];
    char session_key[97], salt[21];
    size_t size;
    assert_true(wire_verifier_from_spare4(view_text(spare4_old), &verifier));
    assert_int_equal(wire_verifier_cipher_key(&verifier, key), 24);
    crypto_random(server, sizeof server);
    assert_true(crypto_aes_cbc_encrypt(view_of(key, 24), view_of(server, 48), plain));
    crypto_hex_upper(view_of(plain, 48), session_key);
    crypto_hex_upper(view_of(verifier.salt, 10), salt);
    struct wire_phase1 phase1 = {.verifier_kind = 0xb152, .session_key = view_text(session_key), .verifier_data = view_text(salt)};
    struct wire_answer answer;
    assert_true(wire_answer_make(&answer, &phase1, "correct horse", NULL));

    assert_true(crypto_hex_decode(view_text(answer.session_key), client, sizeof client, &size) && size == 48);
    assert_true(crypto_aes_cbc_decrypt(view_of(key, 24), view_of(client, 48), client));
    for (size_t i = 0; i < 24; i++) mixed[i] = server[16 + i] ^ client[16 + i];
    crypto_md5(view_of(mixed, 16), combined);
    crypto_md5(view_of(mixed + 16, 8), combined + 16);
    assert_true(crypto_hex_decode(view_text(answer.password), plain, sizeof plain, &size));
    assert_true(crypto_aes_cbc_decrypt(view_of(combined, 24), view_of(plain, size), plain));
    assert_memory_equal(plain + 16, "correct horse\3\3\3", 16);
}

static void test_client_refuses_bad_challenges(void **state)
{
    (void)state;
    static const char key64[] = "00000000000000000000000000000000000000000000000000000000000000AA",
                      salt32[] = "00000000000000000000000000000000";
    const struct wire_phase1 good = {WIRE_VERIFIER_12C, view_text(key64), view_text(salt32), view_text(salt32), 4096, 3};
    struct wire_answer answer;
    struct error error = {0};
    assert_true(wire_answer_make(&answer, &good, "x", &error));
    struct wire_phase1 bad[9];
    for (size_t i = 0; i < 9; i++) bad[i] = good;
    bad[0].verifier_kind = 0x939; /* 10g */
    bad[1].session_key = view_text("0");
    bad[2].session_key = view_text(salt32);
    bad[3].verifier_data = view_text("00");
    bad[4].exchange_salt = view_text("");
    bad[5].generations = 0;
    bad[6].generations = UINT32_MAX; /* would keep us busy for hours */
    bad[7].exchange_count = UINT32_MAX;
    bad[8].session_key = view_of(NULL, 0);
    for (size_t i = 0; i < 9; i++) {
        error_clear(&error);
        assert_false(wire_answer_make(&answer, &bad[i], "x", &error));
        assert_true(error.text[0]);
    }
}

static void test_server_refuses_bad_answers(void **state)
{
    (void)state;
    struct wire_verifier verifier;
    struct wire_challenge challenge;
    char long_key[4001];
    assert_true(wire_verifier_from_spare4(view_text(spare4_new), &verifier));
    memset(long_key, 'A', sizeof long_key);
    static const char key64[] = "00000000000000000000000000000000000000000000000000000000000000AA";
    const struct view texts[] = {view_of(NULL, 0), view_text("zz"), view_text("0"), view_text(key64), view_of(long_key, 4000)};
    for (size_t a = 0; a < 5; a++)
        for (size_t b = 0; b < 5; b++)
            for (size_t c = 0; c < 5; c++) {
                wire_challenge_make(&challenge, false);
                assert_false(wire_challenge_verify(&challenge, &verifier, texts[a], texts[b], texts[c]));
            }
}

static void test_fake_verifier_is_stable(void **state)
{
    (void)state;
    struct wire_verifier a, b;
    uint8_t seed[32] = {7}, other[32] = {8};
    wire_verifier_fake(seed, view_text("NOBODY"), &a);
    wire_verifier_fake(seed, view_text("NOBODY"), &b);
    assert_memory_equal(a.salt, b.salt, 16);
    assert_memory_equal(a.hash, b.hash, 64);
    wire_verifier_fake(seed, view_text("NOBODY2"), &b);
    assert_memory_not_equal(a.salt, b.salt, 16);
    wire_verifier_fake(other, view_text("NOBODY"), &b);
    assert_memory_not_equal(a.salt, b.salt, 16);
}

/* ---- messages ---- */

static void write_request(const struct wire_session *session, struct buffer *out)
{
    char large[400];
    memset(large, 'v', sizeof large);
    wire_auth_request_begin(session, out, WIRE_AUTH_PASSWORD, 9, "scott", 0x101, 4);
    wire_auth_pair_write(out, view_of("AUTH_ALTER_SESSION", 19), view_of("ALTER SESSION SET X=1", 22), 1); /* with their NULs */
    wire_auth_text_write(out, "AUTH_PROGRAM_NM", "app", 0);
    wire_auth_text_write(out, "AUTH_MACHINE", "", 0);
    wire_auth_pair_write(out, view_text("LARGE"), view_of(large, sizeof large), 0); /* chunked */
}

static void test_request_prefixes(void **state)
{
    (void)state;
    static const uint8_t versions[] = {7, 12, 17, 18, 24};
    for (size_t i = 0; i < sizeof versions; i++) {
        struct wire_session session;
        struct wire_login_info info = {0};
        struct buffer out;
        size_t used;
        session_with(&session, versions[i], true);
        buffer_init(&out, 0);
        write_request(&session, &out);
        struct view whole = buffer_view(&out);
        for (size_t cut = 0; cut < whole.size; cut++) {
            uint8_t *exact = exact_copy(whole.data, cut);
            assert_int_equal(wire_auth_request_decode(&session, view_of(exact, cut), &info, &used), WIRE_NEED_MORE);
            free(exact);
        }
        uint8_t *exact = exact_copy(whole.data, whole.size);
        assert_int_equal(wire_auth_request_decode(&session, view_of(exact, whole.size), &info, &used), WIRE_DECODED);
        free(exact);
        assert_int_equal(used, whole.size);
        assert_string_equal(info.user, "SCOTT");
        assert_string_equal(info.program, "app");
        assert_string_equal(info.alter_session, "ALTER SESSION SET X=1");
        assert_true(info.second_phase);
        buffer_release(&out);
    }
}

static void test_user_name_in_every_form(void **state)
{
    (void)state;
    static const struct {
        bool conversion;
        const char *hex, *expected;
    } cases[] = {
        {true, "03 76 01 01 01 03 01 01 01 00 01 01 03 62 6f 62", "BOB"},
        {false, "03 76 01 01 01 03 01 01 01 00 01 01 62 6f 62", "BOB"},    /* raw, as JDBC */
        {false, "03 76 01 01 01 03 01 01 01 00 01 01 03 62 6f 62", "BOB"}, /* with its length all the same */
        {true, "03 76 01 01 01 05 01 01 01 00 01 01 05 22 62 6f 62 22", "bob"},
        {true, "03 76 01 00 00 01 01 01 00 01 01", ""}, /* none: a token, or an external user */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire_session session;
        struct wire_login_info info = {0};
        uint8_t bytes[64];
        size_t used, size = exact_hex(cases[i].hex, bytes, sizeof bytes);
        session_with(&session, 12, cases[i].conversion);
        assert_int_equal(wire_auth_request_decode(&session, view_of(bytes, size), &info, &used), WIRE_DECODED);
        assert_int_equal(used, size);
        assert_string_equal(info.user, cases[i].expected);
        assert_false(info.second_phase);
    }
}

static void test_malformed_requests(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum wire_status status;
    } cases[] = {
        {"04", WIRE_MALFORMED},
        {"03 5e", WIRE_UNKNOWN},
        {"03 76 01 01 02 01 00", WIRE_MALFORMED},                         /* a name of 256 bytes */
        {"03 76 01 01 05", WIRE_MALFORMED},                               /* a length of five bytes */
        {"03 76 01 00 00 01 01 01 04 ff ff ff ff 01 01", WIRE_MALFORMED}, /* four billion pairs */
        {"03 76 01 00 00 01 01 01 01 01 01 01 01 ff 01", WIRE_NEED_MORE},
        {"03 76 01 00 00 01 01 01 01 01 01 01 01 ff fe 04 00 01 00 00", WIRE_NEED_MORE},
        {"03 76 01 00 00 01 01 01 01 01 01 01 01 ff fe 04 00 01 00 01", WIRE_MALFORMED}, /* a key over 64 KiB */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire_session session;
        struct wire_login_info info = {0};
        uint8_t bytes[64];
        size_t used, size = exact_hex(cases[i].hex, bytes, sizeof bytes);
        session_with(&session, 12, true);
        uint8_t *exact = exact_copy(bytes, size);
        if (wire_auth_request_decode(&session, view_of(exact, size), &info, &used) != cases[i].status) fail_msg("case %zu", i);
        free(exact);
    }
}

/* Parameters, then what servers put between them and the end: a warning, session attributes, the process number. */
static void write_reply(const struct wire_session *session, struct buffer *out, uint32_t error)
{
    uint8_t notes[64];
    wire_auth_reply_begin(out, 2);
    wire_auth_text_write(out, "AUTH_VERSION_NO", "318767104", 0);
    wire_auth_text_write(out, "AUTH_VFR_DATA", "00", 0x4815);
    buffer_append(out, notes, exact_hex("0f 02 6d 62 01 03 00 03 61 62 63", notes, sizeof notes)); /* warning 28002 */
    buffer_append(
        out, notes,
        exact_hex("17 05 01 01 00 01 02 01  01 01 01 78 00 01 07  00 01 01 01 79 01 a8  00", notes, sizeof notes)); /* attributes */
    static const char *const others[] = {
        "17 01",
        "17 02 01 02 02 31 32",
        "17 03",
        "17 04 01 01 00 01 01 00  01 01 01 78 00 01 01  01 02 01 03 01 04",
        "17 04 00 00 00 00 00 00",
        "17 07 01 01 01 05",
        "17 08 01 01 00 01 01 01 01 00 01 01 01 05",
        "17 09 01 01 00",
        "17 0a 01 01 00 01 01 01 01 01 01",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) buffer_append(out, notes, exact_hex(others[i], notes, sizeof notes));
    wire_auth_end_write(session, out, 4, 7, error, "ORA-01017: no\n");
    if (session->end_of_response) buffer_u8(out, 29);
}

static void test_reply_prefixes(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 16; which++) {
        struct wire_session session;
        struct wire_auth_reply reply;
        struct arena arena;
        struct buffer out;
        size_t used;
        session_with(&session, which & 1 ? 24 : 12, true);
        session.end_of_response = which & 2;
        session.status_has_call_status = session.status_has_sequence = which & 4;
        uint32_t error = which & 8 ? 1017 : 0;
        arena_init(&arena, 1 << 20);
        buffer_init(&out, 0);
        write_reply(&session, &out, error);
        struct view whole = buffer_view(&out);
        for (size_t cut = 0; cut < whole.size; cut++) {
            uint8_t *exact = exact_copy(whole.data, cut);
            if (wire_auth_reply_decode(&session, view_of(exact, cut), &arena, &reply, &used) != WIRE_NEED_MORE)
                fail_msg("form %u, %zu", which, cut);
            free(exact);
        }
        uint8_t *exact = exact_copy(whole.data, whole.size);
        assert_int_equal(wire_auth_reply_decode(&session, view_of(exact, whole.size), &arena, &reply, &used), WIRE_DECODED);
        assert_int_equal(used, whole.size);
        assert_int_equal(reply.error, error);
        assert_int_equal(reply.warning, 28002);
        assert_true(view_equal(reply.text, view_text(error ? "ORA-01017: no\n" : "")));
        assert_true(view_equal(wire_auth_pair_find(reply.pairs, reply.pair_count, "AUTH_VERSION_NO"), view_text("318767104")));
        assert_int_equal(reply.pairs[1].flags, 0x4815);
        free(exact);
        buffer_release(&out);
        arena_release(&arena);
    }
}

static void test_reply_with_strange_messages_is_malformed(void **state)
{
    (void)state;
    static const char *const cases[] = {"ff", "17 2a", "08 02 01 01", "08 03", "04 05"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire_session session;
        struct wire_auth_reply reply;
        struct arena arena;
        uint8_t bytes[64];
        size_t used, size = exact_hex(cases[i], bytes, sizeof bytes);
        session_with(&session, 12, true);
        arena_init(&arena, 1 << 20);
        assert_int_equal(wire_auth_reply_decode(&session, view_of(bytes, size), &arena, &reply, &used), WIRE_MALFORMED);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spare4_takes_the_newest),
        cmocka_unit_test(test_spare4_nonsense_is_refused),
        cmocka_unit_test(test_known_verifiers_accept_their_password),
        cmocka_unit_test(test_made_verifiers_accept_their_password),
        cmocka_unit_test(test_client_knows_the_old_exchange),
        cmocka_unit_test(test_client_refuses_bad_challenges),
        cmocka_unit_test(test_server_refuses_bad_answers),
        cmocka_unit_test(test_fake_verifier_is_stable),
        cmocka_unit_test(test_request_prefixes),
        cmocka_unit_test(test_user_name_in_every_form),
        cmocka_unit_test(test_malformed_requests),
        cmocka_unit_test(test_reply_prefixes),
        cmocka_unit_test(test_reply_with_strange_messages_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
