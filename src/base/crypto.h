/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crypto: digests, keys from passwords, ciphers, random bytes, hexadecimal text. The only file of base that knows OpenSSL.
 * The primitives that take correct sizes cannot fail for reasons of the input; if the library itself refuses, the process stops.
 * Secrets: wipe what you copied (crypto_wipe). Any thread.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "base/check.h"
#include "base/view.h"

enum crypto_digest { CRYPTO_MD5, CRYPTO_SHA1, CRYPTO_SHA256, CRYPTO_SHA512, CRYPTO_DIGEST_COUNT };
enum { CRYPTO_MD5_SIZE = 16, CRYPTO_SHA1_SIZE = 20, CRYPTO_SHA256_SIZE = 32, CRYPTO_SHA512_SIZE = 64, CRYPTO_DIGEST_MAX = 64 };
enum { CRYPTO_BLOCK_SIZE = 16, CRYPTO_GCM_KEY_SIZE = 32, CRYPTO_GCM_NONCE_SIZE = 12, CRYPTO_GCM_TAG_SIZE = 16 };

/* The digest of the parts one after the other; out has CRYPTO_.._SIZE bytes, CRYPTO_DIGEST_MAX at most. */
void crypto_digest_parts(enum crypto_digest digest, const struct view *parts, size_t count, uint8_t *out);
void crypto_sha256(struct view bytes, uint8_t out[CRYPTO_SHA256_SIZE]);
void crypto_md5(struct view bytes, uint8_t out[CRYPTO_MD5_SIZE]);
void crypto_hmac(enum crypto_digest digest, struct view key, struct view bytes, uint8_t *out);
/* PBKDF2 with HMAC-SHA512; iterations >= 1. */
void crypto_pbkdf2_sha512(struct view password, struct view salt, uint32_t iterations, uint8_t *out, size_t size);

/* AES-CBC without padding, initialisation vector of zeros: the key has 24 or 32 bytes, bytes.size is a multiple of 16.
 * False: other sizes. `out` has bytes.size bytes and may be bytes.data. */
bool crypto_aes_cbc_encrypt(struct view key, struct view bytes, uint8_t *out) MUST_USE;
bool crypto_aes_cbc_decrypt(struct view key, struct view bytes, uint8_t *out) MUST_USE;

/* AES-256-GCM: out has bytes.size bytes, tag apart. Open answers false if the tag does not hold (out is then zeroed). */
void crypto_gcm_seal(const uint8_t key[CRYPTO_GCM_KEY_SIZE], const uint8_t nonce[CRYPTO_GCM_NONCE_SIZE], struct view associated,
                     struct view bytes, uint8_t *out, uint8_t tag[CRYPTO_GCM_TAG_SIZE]);
bool crypto_gcm_open(const uint8_t key[CRYPTO_GCM_KEY_SIZE], const uint8_t nonce[CRYPTO_GCM_NONCE_SIZE], struct view associated,
                     struct view bytes, uint8_t *out, const uint8_t tag[CRYPTO_GCM_TAG_SIZE]) MUST_USE;

void crypto_random(void *out, size_t size);
bool crypto_equal(const void *a, const void *b, size_t size); /* in constant time */
void crypto_wipe(void *secret, size_t size);

/* out has 2 * bytes.size + 1 bytes, NUL-terminated. */
void crypto_hex_upper(struct view bytes, char *out);
void crypto_hex_lower(struct view bytes, char *out);
/* Either case. False: odd length, other characters, or more than size_max bytes. */
bool crypto_hex_decode(struct view text, uint8_t *out, size_t size_max, size_t *size) MUST_USE;

#endif
