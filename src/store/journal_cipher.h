/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal cipher: AES-256-GCM of payloads with a key of the segment's own, as docs/journal.md describes. The nonce is the
 * position, so one cipher must never seal two payloads under one position: a segment that failed is never continued.
 */
#ifndef STORE_JOURNAL_CIPHER_H
#define STORE_JOURNAL_CIPHER_H

#include "store/journal_format.h"

struct journal_cipher {
    bool on;
    uint8_t key[32];
};
/* The cipher of the segment with that header; *check gets what its key_check must be. */
void journal_cipher_init(struct journal_cipher *cipher, const uint8_t master[32], const struct journal_header *header, uint8_t check[16]);
/* Encrypts in place: `record` has its fields (journal_record_fields) and the plain payload, and room for the tag behind it. */
void journal_cipher_seal(const struct journal_cipher *cipher, uint8_t *record, uint64_t position, size_t payload_plain);
/* Decrypts the payload of a decoded record into out (payload.size - JOURNAL_TAG_SIZE bytes). False: the tag does not hold. */
bool journal_cipher_open(const struct journal_cipher *cipher, const struct journal_record *record, uint8_t *out) MUST_USE;

#endif
