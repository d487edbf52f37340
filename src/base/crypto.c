/* SPDX-License-Identifier: Apache-2.0 */
/* Crypto primitives over OpenSSL 3's EVP interface. */
#include "base/crypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

static const struct {
    const EVP_MD *(*md)(void);
    size_t size;
} digests[CRYPTO_DIGEST_COUNT] = {
    [CRYPTO_MD5] = {EVP_md5, CRYPTO_MD5_SIZE},
    [CRYPTO_SHA1] = {EVP_sha1, CRYPTO_SHA1_SIZE},
    [CRYPTO_SHA256] = {EVP_sha256, CRYPTO_SHA256_SIZE},
    [CRYPTO_SHA512] = {EVP_sha512, CRYPTO_SHA512_SIZE},
};

void crypto_digest_parts(enum crypto_digest digest, const struct view *parts, size_t count, uint8_t *out)
{
    CHECK(digest < CRYPTO_DIGEST_COUNT);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    CHECK(context && EVP_DigestInit_ex(context, digests[digest].md(), NULL) == 1);
    for (size_t i = 0; i < count; i++) CHECK(EVP_DigestUpdate(context, parts[i].data, parts[i].size) == 1);
    CHECK(EVP_DigestFinal_ex(context, out, NULL) == 1);
    EVP_MD_CTX_free(context);
}

void crypto_sha256(struct view bytes, uint8_t out[CRYPTO_SHA256_SIZE])
{
    crypto_digest_parts(CRYPTO_SHA256, &bytes, 1, out);
}

void crypto_md5(struct view bytes, uint8_t out[CRYPTO_MD5_SIZE])
{
    crypto_digest_parts(CRYPTO_MD5, &bytes, 1, out);
}

void crypto_hmac(enum crypto_digest digest, struct view key, struct view bytes, uint8_t *out)
{
    CHECK(digest < CRYPTO_DIGEST_COUNT && key.size <= INT_MAX);
    unsigned size = 0;
    const void *key_data = key.data ? (const void *)key.data : "";
    CHECK(HMAC(digests[digest].md(), key_data, (int)key.size, bytes.data, bytes.size, out, &size) && size == digests[digest].size);
}

void crypto_pbkdf2_sha512(struct view password, struct view salt, uint32_t iterations, uint8_t *out, size_t size)
{
    CHECK(password.size <= INT_MAX && salt.size <= INT_MAX && size <= INT_MAX && iterations >= 1 && iterations <= INT_MAX);
    const char *text = password.data ? (const char *)password.data : "";
    CHECK(PKCS5_PBKDF2_HMAC(text, (int)password.size, salt.data, (int)salt.size, (int)iterations, EVP_sha512(), (int)size, out) == 1);
}

static bool aes_cbc(struct view key, struct view bytes, uint8_t *out, bool encrypt)
{
    static const uint8_t zeros[CRYPTO_BLOCK_SIZE];
    if ((key.size != 24 && key.size != 32) || bytes.size % CRYPTO_BLOCK_SIZE != 0 || bytes.size > INT_MAX) return false;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *cipher = key.size == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
    CHECK(context && EVP_CipherInit_ex(context, cipher, NULL, key.data, zeros, encrypt) == 1);
    EVP_CIPHER_CTX_set_padding(context, 0);
    int size = 0;
    CHECK(bytes.size == 0 || EVP_CipherUpdate(context, out, &size, bytes.data, (int)bytes.size) == 1);
    CHECK((size_t)size == bytes.size);
    EVP_CIPHER_CTX_free(context);
    return true;
}

bool crypto_aes_cbc_encrypt(struct view key, struct view bytes, uint8_t *out)
{
    return aes_cbc(key, bytes, out, true);
}

bool crypto_aes_cbc_decrypt(struct view key, struct view bytes, uint8_t *out)
{
    return aes_cbc(key, bytes, out, false);
}

static EVP_CIPHER_CTX *gcm_begin(const uint8_t *key, const uint8_t *nonce, struct view associated, struct view bytes, uint8_t *out,
                                 bool encrypt)
{
    CHECK(associated.size <= INT_MAX && bytes.size <= INT_MAX);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0;
    CHECK(context && EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) == 1);
    if (associated.size) CHECK(EVP_CipherUpdate(context, NULL, &size, associated.data, (int)associated.size) == 1);
    if (bytes.size) CHECK(EVP_CipherUpdate(context, out, &size, bytes.data, (int)bytes.size) == 1);
    return context;
}

void crypto_gcm_seal(const uint8_t key[CRYPTO_GCM_KEY_SIZE], const uint8_t nonce[CRYPTO_GCM_NONCE_SIZE], struct view associated,
                     struct view bytes, uint8_t *out, uint8_t tag[CRYPTO_GCM_TAG_SIZE])
{
    EVP_CIPHER_CTX *context = gcm_begin(key, nonce, associated, bytes, out, true);
    uint8_t rest[CRYPTO_BLOCK_SIZE];
    int size = 0;
    CHECK(EVP_CipherFinal_ex(context, rest, &size) == 1 && size == 0);
    CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, CRYPTO_GCM_TAG_SIZE, tag) == 1);
    EVP_CIPHER_CTX_free(context);
}

bool crypto_gcm_open(const uint8_t key[CRYPTO_GCM_KEY_SIZE], const uint8_t nonce[CRYPTO_GCM_NONCE_SIZE], struct view associated,
                     struct view bytes, uint8_t *out, const uint8_t tag[CRYPTO_GCM_TAG_SIZE])
{
    EVP_CIPHER_CTX *context = gcm_begin(key, nonce, associated, bytes, out, false);
    uint8_t expected[CRYPTO_GCM_TAG_SIZE], rest[CRYPTO_BLOCK_SIZE];
    memcpy(expected, tag, sizeof expected);
    int size = 0;
    CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, CRYPTO_GCM_TAG_SIZE, expected) == 1);
    bool good = EVP_CipherFinal_ex(context, rest, &size) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!good && bytes.size) crypto_wipe(out, bytes.size);
    return good;
}

void crypto_random(void *out, size_t size)
{
    CHECK(size <= INT_MAX && RAND_bytes(out, (int)size) == 1);
}

bool crypto_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

void crypto_wipe(void *secret, size_t size)
{
    OPENSSL_cleanse(secret, size);
}

static void write_hex(struct view bytes, char *out, const char *digit)
{
    for (size_t i = 0; i < bytes.size; i++) {
        *out++ = digit[bytes.data[i] >> 4];
        *out++ = digit[bytes.data[i] & 15];
    }
    *out = '\0';
}

void crypto_hex_upper(struct view bytes, char *out)
{
    write_hex(bytes, out, "0123456789ABCDEF");
}

void crypto_hex_lower(struct view bytes, char *out)
{
    write_hex(bytes, out, "0123456789abcdef");
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool crypto_hex_decode(struct view text, uint8_t *out, size_t size_max, size_t *size)
{
    if (text.size % 2 != 0 || text.size / 2 > size_max) return false;
    for (size_t i = 0; i < text.size / 2; i++) {
        int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    *size = text.size / 2;
    return true;
}
