/* SPDX-License-Identifier: Apache-2.0 */
/* Crypto against published test vectors, and its refusals. */
#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_hex(const uint8_t *bytes, size_t size, const char *expected)
{
    char text[2 * 128 + 1];
    crypto_hex_lower(view_of(bytes, size), text);
    assert_string_equal(text, expected);
}

static void test_digests_of_abc(void **state)
{
    (void)state;
    uint8_t out[CRYPTO_DIGEST_MAX];
    const struct view abc = view_text("abc");
    crypto_md5(view_text("abc"), out);
    assert_hex(out, CRYPTO_MD5_SIZE, "900150983cd24fb0d6963f7d28e17f72");
    crypto_digest_parts(CRYPTO_SHA1, &abc, 1, out);
    assert_hex(out, CRYPTO_SHA1_SIZE, "a9993e364706816aba3e25717850c26c9cd0d89d");
    crypto_sha256(view_text("abc"), out);
    assert_hex(out, CRYPTO_SHA256_SIZE, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_digest_parts(CRYPTO_SHA512, &abc, 1, out);
    assert_hex(out, 16, "ddaf35a193617abacc417349ae204131");
}

static void test_parts_are_the_whole(void **state)
{
    (void)state;
    uint8_t whole[32], parts[32];
    const struct view pieces[] = {view_text("a"), view_of(NULL, 0), view_text("bc")};
    crypto_sha256(view_text("abc"), whole);
    crypto_digest_parts(CRYPTO_SHA256, pieces, 3, parts);
    assert_memory_equal(whole, parts, sizeof whole);
}

static void test_hmac_rfc4231(void **state)
{
    (void)state;
    uint8_t out[CRYPTO_DIGEST_MAX];
    crypto_hmac(CRYPTO_SHA256, view_text("Jefe"), view_text("what do ya want for nothing?"), out);
    assert_hex(out, CRYPTO_SHA256_SIZE, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_pbkdf2_sha512_known(void **state)
{
    (void)state;
    uint8_t out[64];
    crypto_pbkdf2_sha512(view_text("password"), view_text("salt"), 1, out, sizeof out);
    assert_hex(out, 16, "867f70cf1ade02cff3752599a3a53dc4");
    crypto_pbkdf2_sha512(view_text("password"), view_text("salt"), 4096, out, sizeof out);
    assert_hex(out, 16, "d197b1b33db0143e018b12f3d1d1479e");
}

static void test_aes_cbc_sp800_38a_first_block(void **state)
{
    (void)state;
    /* With an initialisation vector of zeros the first block is plain AES: FIPS 197 appendix C. */
    uint8_t key[32], plain[16], cipher[16];
    for (int i = 0; i < 32; i++) key[i] = (uint8_t)i;
    for (int i = 0; i < 16; i++) plain[i] = (uint8_t)(i * 0x11);
    assert_true(crypto_aes_cbc_encrypt(view_of(key, 24), view_of(plain, 16), cipher));
    assert_hex(cipher, 16, "dda97ca4864cdfe06eaf70a0ec0d7191");
    assert_true(crypto_aes_cbc_encrypt(view_of(key, 32), view_of(plain, 16), cipher));
    assert_hex(cipher, 16, "8ea2b7ca516745bfeafc49904b496089");
    assert_true(crypto_aes_cbc_decrypt(view_of(key, 32), view_of(cipher, 16), cipher));
    assert_memory_equal(cipher, plain, 16);
}

static void test_aes_cbc_refuses_sizes(void **state)
{
    (void)state;
    uint8_t key[32] = {0}, bytes[32] = {0};
    assert_false(crypto_aes_cbc_encrypt(view_of(key, 16), view_of(bytes, 16), bytes));
    assert_false(crypto_aes_cbc_decrypt(view_of(key, 32), view_of(bytes, 15), bytes));
    assert_true(crypto_aes_cbc_decrypt(view_of(key, 32), view_of(bytes, 0), bytes));
}

static void test_gcm_holds_and_notices_a_change(void **state)
{
    (void)state;
    uint8_t key[32] = {0}, nonce[12] = {0}, plain[16] = {0}, sealed[16], opened[16], tag[16];
    crypto_gcm_seal(key, nonce, view_of(NULL, 0), view_of(plain, 16), sealed, tag);
    assert_hex(sealed, 16, "cea7403d4d606b6e074ec5d3baf39d18"); /* the GCM specification's test case 14 */
    assert_hex(tag, 16, "d0d1c8a799996bf0265b98b5d48ab919");
    assert_true(crypto_gcm_open(key, nonce, view_of(NULL, 0), view_of(sealed, 16), opened, tag));
    assert_memory_equal(opened, plain, 16);
    assert_false(crypto_gcm_open(key, nonce, view_text("x"), view_of(sealed, 16), opened, tag));
    tag[15] ^= 1;
    assert_false(crypto_gcm_open(key, nonce, view_of(NULL, 0), view_of(sealed, 16), opened, tag));
}

static void test_hex_both_ways(void **state)
{
    (void)state;
    uint8_t bytes[4] = {0x00, 0x9a, 0xbc, 0xff}, back[4];
    char text[9];
    size_t size;
    crypto_hex_upper(view_of(bytes, 4), text);
    assert_string_equal(text, "009ABCFF");
    assert_true(crypto_hex_decode(view_text("009AbCfF"), back, 4, &size));
    assert_int_equal(size, 4);
    assert_memory_equal(bytes, back, 4);
    assert_false(crypto_hex_decode(view_text("009AbCf"), back, 4, &size));
    assert_false(crypto_hex_decode(view_text("009AbCfG"), back, 4, &size));
    assert_false(crypto_hex_decode(view_text("0000000000"), back, 4, &size));
    assert_true(crypto_hex_decode(view_text(""), back, 4, &size));
    assert_int_equal(size, 0);
}

static void test_random_differs_and_equal_compares(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    crypto_random(a, sizeof a);
    crypto_random(b, sizeof b);
    assert_false(crypto_equal(a, b, sizeof a));
    memcpy(b, a, sizeof a);
    assert_true(crypto_equal(a, b, sizeof a));
    crypto_wipe(b, sizeof b);
    assert_int_equal(b[0] | b[31], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests_of_abc),
        cmocka_unit_test(test_parts_are_the_whole),
        cmocka_unit_test(test_hmac_rfc4231),
        cmocka_unit_test(test_pbkdf2_sha512_known),
        cmocka_unit_test(test_aes_cbc_sp800_38a_first_block),
        cmocka_unit_test(test_aes_cbc_refuses_sizes),
        cmocka_unit_test(test_gcm_holds_and_notices_a_change),
        cmocka_unit_test(test_hex_both_ways),
        cmocka_unit_test(test_random_differs_and_equal_compares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
