/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key exchange of O5LOGON (docs/protocol.md 7.2, 7.3): both sides prove that they know the verifier, agree on a key, and
 * the password crosses encrypted under it. Secrets are wiped by whoever holds the structures. Pure but for random bytes.
 */
#ifndef WIRE_AUTH_EXCHANGE_H
#define WIRE_AUTH_EXCHANGE_H

#include "base/crypto.h"
#include "wire/auth.h"

enum {
    WIRE_PASSWORD_KEY_SIZE = 64,
    WIRE_SESSION_KEY_MAX = 48,
    WIRE_PASSWORD_MAX = 1024, /* bytes; Oracle's own limit is 1024 with long passwords */
    WIRE_AUTH_HEX_MAX = 2 * (WIRE_PASSWORD_MAX + 48) + 1,
    WIRE_GENERATIONS_MAX = 1 << 20, /* what a server may make us iterate */
};

/* ---- verifiers ---- */
void wire_password_key(struct view password, const uint8_t salt[16], uint32_t generations, uint8_t out[WIRE_PASSWORD_KEY_SIZE]);
void wire_password_key_hash(const uint8_t key[WIRE_PASSWORD_KEY_SIZE], const uint8_t salt[16], uint8_t out[CRYPTO_SHA512_SIZE]);
void wire_password_sha1(struct view password, const uint8_t salt[10], uint8_t out[CRYPTO_SHA1_SIZE]);
size_t wire_verifier_salt_size(const struct wire_verifier *verifier);
size_t wire_verifier_cipher_key(const struct wire_verifier *verifier, uint8_t out[32]); /* answers its size */
void wire_verifier_fake(const uint8_t seed[32], struct view user, struct wire_verifier *out);

/* ---- server ---- */
struct wire_challenge {
    bool old_form;          /* of 11g: parts of 48 bytes, MD5; only with an 11g verifier */
    uint8_t server_key[48]; /* our part of the session key; the newer form uses 32 */
    uint8_t exchange_salt[16];
    uint32_t exchange_count;
    uint8_t combined[32]; /* the agreed key, once the client has answered */
    size_t combined_size;
};
void wire_challenge_make(struct wire_challenge *challenge, bool old_form);
/* AUTH_SESSKEY as hexadecimal text. */
void wire_challenge_session_key(const struct wire_challenge *challenge, const struct wire_verifier *verifier, char out[97]);
/* The three values of phase 2, hexadecimal. True: the password is right; challenge->combined is set. */
bool wire_challenge_verify(struct wire_challenge *challenge, const struct wire_verifier *verifier, struct view session_key,
                           struct view password, struct view speedy_key) MUST_USE;
void wire_challenge_server_response(const struct wire_challenge *challenge, char out[97]);

/* ---- client ---- */
struct wire_answer {
    char session_key[2 * WIRE_SESSION_KEY_MAX + 1];
    char speedy_key[161]; /* empty with an 11g verifier */
    char password[WIRE_AUTH_HEX_MAX];
    uint8_t combined[32];
    size_t combined_size;
};
struct wire_phase1 { /* what the server said: hexadecimal texts, counts */
    uint32_t verifier_kind;
    struct view session_key, verifier_data, exchange_salt;
    uint32_t generations, exchange_count;
};
bool wire_answer_make(struct wire_answer *answer, const struct wire_phase1 *phase1, const char *password, struct error *error) MUST_USE;
bool wire_answer_server_proved(const struct wire_answer *answer, struct view response_hex) MUST_USE;

#endif
