/* SPDX-License-Identifier: Apache-2.0 */
/* Journal cipher: keys of segments, sealing and opening of payloads. */
#include "store/journal_cipher.h"

#include "base/crypto.h"

enum { FIELDS_AT = 12 }; /* of a record: kind, flags, position, csn, transaction, time are bound to the payload */

void journal_cipher_init(struct journal_cipher *cipher, const uint8_t master[32], const struct journal_header *header, uint8_t check[16])
{
    static const char purpose[] = "understudy journal segment";
    uint8_t input[sizeof purpose - 1 + 16], sum[CRYPTO_SHA256_SIZE];
    memcpy(input, purpose, sizeof purpose - 1);
    memcpy(input + sizeof purpose - 1, header->key_salt, 16);
    crypto_hmac(CRYPTO_SHA256, view_of(master, 32), view_of(input, sizeof input), cipher->key);
    crypto_hmac(CRYPTO_SHA256, view_of(cipher->key, 32), view_text("key check"), sum);
    memcpy(check, sum, 16);
    cipher->on = true;
}

static void nonce_of(uint64_t position, uint8_t nonce[CRYPTO_GCM_NONCE_SIZE])
{
    memset(nonce, 0, CRYPTO_GCM_NONCE_SIZE);
    for (int i = 0; i < 8; i++) nonce[4 + i] = (uint8_t)(position >> (8 * i));
}

void journal_cipher_seal(const struct journal_cipher *cipher, uint8_t *record, uint64_t position, size_t payload_plain)
{
    uint8_t nonce[CRYPTO_GCM_NONCE_SIZE], *payload = record + JOURNAL_RECORD_HEADER_SIZE;
    nonce_of(position, nonce);
    struct view fields = view_of(record + FIELDS_AT, JOURNAL_RECORD_HEADER_SIZE - FIELDS_AT);
    crypto_gcm_seal(cipher->key, nonce, fields, view_of(payload, payload_plain), payload, payload + payload_plain);
}

bool journal_cipher_open(const struct journal_cipher *cipher, const struct journal_record *record, uint8_t *out)
{
    if (!cipher->on || record->payload.size < JOURNAL_TAG_SIZE) return false;
    uint8_t nonce[CRYPTO_GCM_NONCE_SIZE];
    nonce_of(record->position, nonce);
    size_t plain = record->payload.size - JOURNAL_TAG_SIZE;
    const uint8_t *fields = record->payload.data - JOURNAL_RECORD_HEADER_SIZE + FIELDS_AT;
    return crypto_gcm_open(cipher->key, nonce, view_of(fields, JOURNAL_RECORD_HEADER_SIZE - FIELDS_AT),
                           view_of(record->payload.data, plain), out, record->payload.data + plain);
}
