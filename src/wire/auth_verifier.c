/* SPDX-License-Identifier: Apache-2.0 */
/* Verifiers: made from a password, and to and from the text that the dictionary keeps (USER$.SPARE4). */
#include "wire/auth_exchange.h"

#include "base/crypto.h"

#include <stdio.h>

enum {
    SALT_12C_SIZE = 16,
    SALT_11G_SIZE = 10,
    GENERATIONS = 4096,
    SPARE4_11G_DIGITS = 2 * (CRYPTO_SHA1_SIZE + SALT_11G_SIZE),
    SPARE4_12C_DIGITS = 2 * (CRYPTO_SHA512_SIZE + SALT_12C_SIZE),
};
static const char speedy_key[] = "AUTH_PBKDF2_SPEEDY_KEY";

void wire_password_key(struct view password, const uint8_t salt[16], uint32_t generations, uint8_t out[WIRE_PASSWORD_KEY_SIZE])
{
    uint8_t salted[SALT_12C_SIZE + sizeof speedy_key - 1];
    memcpy(salted, salt, SALT_12C_SIZE);
    memcpy(salted + SALT_12C_SIZE, speedy_key, sizeof speedy_key - 1);
    crypto_pbkdf2_sha512(password, view_of(salted, sizeof salted), generations, out, WIRE_PASSWORD_KEY_SIZE);
}

void wire_password_key_hash(const uint8_t key[WIRE_PASSWORD_KEY_SIZE], const uint8_t salt[16], uint8_t out[CRYPTO_SHA512_SIZE])
{
    const struct view parts[] = {view_of(key, WIRE_PASSWORD_KEY_SIZE), view_of(salt, SALT_12C_SIZE)};
    crypto_digest_parts(CRYPTO_SHA512, parts, 2, out);
}

void wire_password_sha1(struct view password, const uint8_t salt[SALT_11G_SIZE], uint8_t out[CRYPTO_SHA1_SIZE])
{
    const struct view parts[] = {password, view_of(salt, SALT_11G_SIZE)};
    crypto_digest_parts(CRYPTO_SHA1, parts, 2, out);
}

bool wire_verifier_make(enum wire_verifier_kind kind, const char *password, struct wire_verifier *out)
{
    *out = (struct wire_verifier){.kind = kind, .generations = GENERATIONS};
    if (kind == WIRE_VERIFIER_12C) {
        uint8_t key[WIRE_PASSWORD_KEY_SIZE];
        crypto_random(out->salt, SALT_12C_SIZE);
        wire_password_key(view_text(password), out->salt, out->generations, key);
        wire_password_key_hash(key, out->salt, out->hash);
        crypto_wipe(key, sizeof key);
        return true;
    }
    if (kind == WIRE_VERIFIER_11G) {
        crypto_random(out->salt, SALT_11G_SIZE);
        wire_password_sha1(view_text(password), out->salt, out->hash);
        return true;
    }
    return false;
}

/* One ';'-separated part, "X:<hash><salt>" in hexadecimal digits. */
static bool read_part(struct view part, char letter, size_t hash_size, size_t salt_size, struct wire_verifier *out)
{
    size_t size;
    part = view_trim(part);
    if (part.size != 2 + 2 * (hash_size + salt_size) || part.data[0] != letter || part.data[1] != ':') return false;
    return crypto_hex_decode(view_of(part.data + 2, 2 * hash_size), out->hash, hash_size, &size) &&
           crypto_hex_decode(view_of(part.data + 2 + 2 * hash_size, 2 * salt_size), out->salt, salt_size, &size);
}

bool wire_verifier_from_spare4(struct view spare4, struct wire_verifier *out)
{
    struct wire_verifier old = {0};
    bool has_old = false;
    while (spare4.size) {
        const uint8_t *end = memchr(spare4.data, ';', spare4.size);
        size_t size = end ? (size_t)(end - spare4.data) : spare4.size;
        struct view part = view_of(spare4.data, size);
        *out = (struct wire_verifier){.kind = WIRE_VERIFIER_12C, .generations = GENERATIONS};
        if (read_part(part, 'T', CRYPTO_SHA512_SIZE, SALT_12C_SIZE, out)) return true;
        *out = (struct wire_verifier){.kind = WIRE_VERIFIER_11G, .generations = GENERATIONS};
        if (read_part(part, 'S', CRYPTO_SHA1_SIZE, SALT_11G_SIZE, out)) {
            old = *out;
            has_old = true;
        }
        size += end ? 1 : 0;
        spare4 = view_of(spare4.data + size, spare4.size - size);
    }
    *out = old;
    return has_old;
}

size_t wire_verifier_to_spare4(const struct wire_verifier *verifier, char *out, size_t size)
{
    char hash[2 * CRYPTO_SHA512_SIZE + 1], salt[2 * SALT_12C_SIZE + 1];
    bool new = verifier->kind == WIRE_VERIFIER_12C;
    crypto_hex_upper(view_of(verifier->hash, new ? CRYPTO_SHA512_SIZE : CRYPTO_SHA1_SIZE), hash);
    crypto_hex_upper(view_of(verifier->salt, new ? SALT_12C_SIZE : SALT_11G_SIZE), salt);
    int length = snprintf(out, size, "%c:%s%s", new ? 'T' : 'S', hash, salt);
    return length < 0 ? 0 : (size_t)length;
}

size_t wire_verifier_salt_size(const struct wire_verifier *verifier)
{
    return verifier->kind == WIRE_VERIFIER_12C ? SALT_12C_SIZE : SALT_11G_SIZE;
}

/* 12c: the first 32 bytes of T. 11g: the SHA-1 and four zeros. */
size_t wire_verifier_cipher_key(const struct wire_verifier *verifier, uint8_t out[32])
{
    if (verifier->kind == WIRE_VERIFIER_12C) {
        memcpy(out, verifier->hash, 32);
        return 32;
    }
    memcpy(out, verifier->hash, CRYPTO_SHA1_SIZE);
    memset(out + CRYPTO_SHA1_SIZE, 0, 4);
    return 24;
}

void wire_verifier_fake(const uint8_t seed[32], struct view user, struct wire_verifier *out)
{
    uint8_t stretched[CRYPTO_SHA512_SIZE];
    *out = (struct wire_verifier){.kind = WIRE_VERIFIER_12C, .generations = GENERATIONS};
    crypto_hmac(CRYPTO_SHA512, view_of(seed, 32), user, stretched);
    memcpy(out->salt, stretched, SALT_12C_SIZE);
    crypto_hmac(CRYPTO_SHA512, view_of(stretched, sizeof stretched), user, out->hash);
}
