/* SPDX-License-Identifier: Apache-2.0 */
/* The O5LOGON key exchange, both halves. */
#include "wire/auth_exchange.h"

enum {
    KEY_SIZE = 32,     /* parts of the session key in the PBKDF2 form */
    OLD_KEY_SIZE = 48, /* and in the form of 11g servers */
    SALT_SIZE = 16,    /* random bytes before each secret, and the salts */
    EXCHANGE_COUNT = 3,
    SPEEDY_SIZE = SALT_SIZE + WIRE_PASSWORD_KEY_SIZE,
    KIND_11G_OTHER = 0xb152, /* SHA-1 as well */
};
static const char server_proof[] = "SERVER_TO_CLIENT";

/* PKCS 7 always adds something. */
static size_t pad(uint8_t *bytes, size_t size)
{
    uint8_t missing = (uint8_t)(CRYPTO_BLOCK_SIZE - size % CRYPTO_BLOCK_SIZE);
    memset(bytes + size, missing, missing);
    return size + missing;
}

static bool unpad(const uint8_t *bytes, size_t *size)
{
    if (*size == 0 || *size % CRYPTO_BLOCK_SIZE) return false;
    uint8_t missing = bytes[*size - 1];
    if (missing == 0 || missing > CRYPTO_BLOCK_SIZE) return false;
    for (size_t i = *size - missing; i < *size; i++)
        if (bytes[i] != missing) return false;
    *size -= missing;
    return true;
}

static void encrypt_hex(struct view key, struct view plain, char *out)
{
    uint8_t cipher[WIRE_PASSWORD_MAX + 48];
    CHECK(plain.size <= sizeof cipher && crypto_aes_cbc_encrypt(key, plain, cipher));
    crypto_hex_upper(view_of(cipher, plain.size), out);
}

static bool decrypt_hex(struct view key, struct view hex, uint8_t *out, size_t size_max, size_t *size)
{
    return crypto_hex_decode(hex, out, size_max, size) && *size > 0 && crypto_aes_cbc_decrypt(key, view_of(out, *size), out);
}

/* The newer form: PBKDF2 over the hexadecimal text of both parts. As much of each part counts as the key has bytes. */
static void combine_pbkdf2(const uint8_t *client, const uint8_t *server, size_t size, struct view salt, uint32_t count,
                           uint8_t out[KEY_SIZE])
{
    uint8_t both[2 * KEY_SIZE];
    char text[4 * KEY_SIZE + 1];
    memcpy(both, client, size);
    memcpy(both + size, server, size);
    crypto_hex_upper(view_of(both, 2 * size), text);
    crypto_pbkdf2_sha512(view_of(text, 4 * size), salt, count, out, size);
    crypto_wipe(both, sizeof both);
    crypto_wipe(text, sizeof text);
}

/* The form of 11g servers: MD5 over the exclusive or of the middle of both parts. */
static void combine_md5(const uint8_t *client, const uint8_t *server, uint8_t out[KEY_SIZE])
{
    uint8_t mixed[24], digests[2 * CRYPTO_MD5_SIZE];
    for (size_t i = 0; i < sizeof mixed; i++) mixed[i] = client[16 + i] ^ server[16 + i];
    crypto_md5(view_of(mixed, 16), digests);
    crypto_md5(view_of(mixed + 16, 8), digests + CRYPTO_MD5_SIZE);
    memcpy(out, digests, 24);
    crypto_wipe(mixed, sizeof mixed);
    crypto_wipe(digests, sizeof digests);
}

/* ---- server ---- */

static size_t part_size_of(const struct wire_challenge *challenge)
{
    return challenge->old_form ? OLD_KEY_SIZE : KEY_SIZE;
}

void wire_challenge_make(struct wire_challenge *challenge, bool old_form)
{
    *challenge = (struct wire_challenge){.exchange_count = EXCHANGE_COUNT, .old_form = old_form};
    crypto_random(challenge->server_key, sizeof challenge->server_key);
    crypto_random(challenge->exchange_salt, sizeof challenge->exchange_salt);
}

void wire_challenge_session_key(const struct wire_challenge *challenge, const struct wire_verifier *verifier, char out[97])
{
    uint8_t key[32];
    size_t size = wire_verifier_cipher_key(verifier, key);
    encrypt_hex(view_of(key, size), view_of(challenge->server_key, part_size_of(challenge)), out);
    crypto_wipe(key, sizeof key);
}

static bool password_holds(const struct wire_verifier *verifier, struct view password)
{
    if (verifier->kind == WIRE_VERIFIER_11G) {
        uint8_t sha1[CRYPTO_SHA1_SIZE];
        wire_password_sha1(password, verifier->salt, sha1);
        return crypto_equal(sha1, verifier->hash, sizeof sha1);
    }
    uint8_t key[WIRE_PASSWORD_KEY_SIZE], hash[CRYPTO_SHA512_SIZE];
    wire_password_key(password, verifier->salt, verifier->generations, key);
    wire_password_key_hash(key, verifier->salt, hash);
    crypto_wipe(key, sizeof key);
    return crypto_equal(hash, verifier->hash, sizeof hash);
}

/* The client may hand over the derived key, which spares us the thousands of rounds. */
static bool speedy_key_holds(const struct wire_challenge *challenge, const struct wire_verifier *verifier, struct view speedy_key)
{
    uint8_t plain[SPEEDY_SIZE], hash[CRYPTO_SHA512_SIZE];
    size_t size;
    bool good =
        decrypt_hex(view_of(challenge->combined, challenge->combined_size), speedy_key, plain, sizeof plain, &size) && size == sizeof plain;
    if (good) {
        wire_password_key_hash(plain + SALT_SIZE, verifier->salt, hash);
        good = crypto_equal(hash, verifier->hash, sizeof hash);
    }
    crypto_wipe(plain, sizeof plain);
    return good;
}

bool wire_challenge_verify(struct wire_challenge *challenge, const struct wire_verifier *verifier, struct view session_key,
                           struct view password, struct view speedy_key)
{
    uint8_t key[32], client_key[WIRE_SESSION_KEY_MAX], plain[WIRE_PASSWORD_MAX + 48];
    size_t key_size = wire_verifier_cipher_key(verifier, key), size = 0;
    bool good = decrypt_hex(view_of(key, key_size), session_key, client_key, sizeof client_key, &size) &&
                size >= (challenge->old_form ? OLD_KEY_SIZE : key_size);
    if (good) {
        if (challenge->old_form)
            combine_md5(client_key, challenge->server_key, challenge->combined);
        else
            combine_pbkdf2(client_key, challenge->server_key, key_size, view_of(challenge->exchange_salt, SALT_SIZE),
                           challenge->exchange_count, challenge->combined);
        challenge->combined_size = key_size;
        good = decrypt_hex(view_of(challenge->combined, key_size), password, plain, sizeof plain, &size) && unpad(plain, &size) &&
               size >= SALT_SIZE;
    }
    if (good && verifier->kind == WIRE_VERIFIER_12C && speedy_key.size)
        good = speedy_key_holds(challenge, verifier, speedy_key);
    else if (good)
        good = password_holds(verifier, view_of(plain + SALT_SIZE, size - SALT_SIZE));
    crypto_wipe(key, sizeof key);
    crypto_wipe(client_key, sizeof client_key);
    crypto_wipe(plain, sizeof plain);
    return good;
}

void wire_challenge_server_response(const struct wire_challenge *challenge, char out[97])
{
    uint8_t plain[SALT_SIZE + sizeof server_proof - 1 + CRYPTO_BLOCK_SIZE];
    crypto_random(plain, SALT_SIZE);
    memcpy(plain + SALT_SIZE, server_proof, sizeof server_proof - 1);
    size_t size = pad(plain, SALT_SIZE + sizeof server_proof - 1);
    encrypt_hex(view_of(challenge->combined, challenge->combined_size), view_of(plain, size), out);
}

/* ---- client ---- */

/* What the verifier would be, made from the password and the server's salt. */
static bool rebuild_verifier(const struct wire_phase1 *phase1, struct view password, uint8_t password_key[WIRE_PASSWORD_KEY_SIZE],
                             struct wire_verifier *out)
{
    size_t size = 0;
    *out = (struct wire_verifier){.generations = phase1->generations};
    if (phase1->verifier_kind == WIRE_VERIFIER_12C) {
        out->kind = WIRE_VERIFIER_12C;
        if (!crypto_hex_decode(phase1->verifier_data, out->salt, 16, &size) || size != 16) return false;
        if (phase1->generations == 0 || phase1->generations > WIRE_GENERATIONS_MAX) return false;
        wire_password_key(password, out->salt, phase1->generations, password_key);
        wire_password_key_hash(password_key, out->salt, out->hash);
        return true;
    }
    if (phase1->verifier_kind != WIRE_VERIFIER_11G && phase1->verifier_kind != KIND_11G_OTHER) return false;
    out->kind = WIRE_VERIFIER_11G;
    if (!crypto_hex_decode(phase1->verifier_data, out->salt, 10, &size) || size != 10) return false;
    wire_password_sha1(password, out->salt, out->hash);
    return true;
}

static bool combine(struct wire_answer *answer, const struct wire_phase1 *phase1, const uint8_t *client, const uint8_t *server,
                    size_t part_size)
{
    if (part_size == OLD_KEY_SIZE) {
        combine_md5(client, server, answer->combined);
        return true;
    }
    uint8_t salt[SALT_SIZE];
    size_t size;
    if (!crypto_hex_decode(phase1->exchange_salt, salt, sizeof salt, &size) || size != sizeof salt) return false;
    if (phase1->exchange_count == 0 || phase1->exchange_count > WIRE_GENERATIONS_MAX) return false;
    combine_pbkdf2(client, server, answer->combined_size, view_of(salt, sizeof salt), phase1->exchange_count, answer->combined);
    return true;
}

static void encrypt_secrets(struct wire_answer *answer, enum wire_verifier_kind kind, struct view password, const uint8_t *password_key)
{
    uint8_t plain[WIRE_PASSWORD_MAX + 48];
    struct view key = view_of(answer->combined, answer->combined_size);
    crypto_random(plain, SALT_SIZE);
    if (password.size) memcpy(plain + SALT_SIZE, password.data, password.size);
    encrypt_hex(key, view_of(plain, pad(plain, SALT_SIZE + password.size)), answer->password);
    if (kind == WIRE_VERIFIER_12C) {
        crypto_random(plain, SALT_SIZE);
        memcpy(plain + SALT_SIZE, password_key, WIRE_PASSWORD_KEY_SIZE);
        encrypt_hex(key, view_of(plain, SPEEDY_SIZE), answer->speedy_key);
    }
    crypto_wipe(plain, sizeof plain);
}

bool wire_answer_make(struct wire_answer *answer, const struct wire_phase1 *phase1, const char *password_text, struct error *error)
{
    struct view password = view_text(password_text);
    uint8_t password_key[WIRE_PASSWORD_KEY_SIZE], key[32], server[WIRE_SESSION_KEY_MAX], client[WIRE_SESSION_KEY_MAX];
    struct wire_verifier verifier;
    *answer = (struct wire_answer){0};
    if (password.size > WIRE_PASSWORD_MAX) return error_set(error, ERROR_LIMIT, "the password has more than %d bytes", WIRE_PASSWORD_MAX);
    if (!rebuild_verifier(phase1, password, password_key, &verifier))
        return error_set(error, ERROR_AUTHENTICATION,
                         "the server offers a password verifier (0x%x) that we do not know; set the password anew on the server",
                         phase1->verifier_kind);
    size_t part_size = 0;
    answer->combined_size = wire_verifier_cipher_key(&verifier, key);
    bool good = decrypt_hex(view_of(key, answer->combined_size), phase1->session_key, server, sizeof server, &part_size) &&
                (part_size == KEY_SIZE || (part_size == OLD_KEY_SIZE && verifier.kind == WIRE_VERIFIER_11G));
    if (good) {
        crypto_random(client, part_size);
        encrypt_hex(view_of(key, answer->combined_size), view_of(client, part_size), answer->session_key);
        good = combine(answer, phase1, client, server, part_size);
    }
    if (good) encrypt_secrets(answer, verifier.kind, password, password_key);
    crypto_wipe(password_key, sizeof password_key);
    crypto_wipe(key, sizeof key);
    crypto_wipe(server, sizeof server);
    crypto_wipe(client, sizeof client);
    crypto_wipe(&verifier, sizeof verifier);
    return good || error_set(error, ERROR_PROTOCOL, "the server's session key is not what its verifier asks for");
}

bool wire_answer_server_proved(const struct wire_answer *answer, struct view response_hex)
{
    uint8_t plain[64];
    size_t size, proof_size = sizeof server_proof - 1;
    return decrypt_hex(view_of(answer->combined, answer->combined_size), response_hex, plain, sizeof plain, &size) &&
           size >= SALT_SIZE + proof_size && memcmp(plain + SALT_SIZE, server_proof, proof_size) == 0;
}
