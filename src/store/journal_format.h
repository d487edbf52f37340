/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal format: bytes of segment headers, groups and records, as docs/journal.md describes them. Pure functions, any thread;
 * every decoder takes untrusted bytes.
 */
#ifndef STORE_JOURNAL_FORMAT_H
#define STORE_JOURNAL_FORMAT_H

#include "store/journal.h"

enum {
    JOURNAL_SECTOR = 512,
    JOURNAL_HEADER_SIZE = 512,
    JOURNAL_GROUP_HEADER_SIZE = 32,
    JOURNAL_GROUP_TRAILER_SIZE = 8,
    JOURNAL_RECORD_HEADER_SIZE = 48,
    JOURNAL_TAG_SIZE = 16,   /* what encryption adds to a payload */
    JOURNAL_NAME_SIZE = 64,  /* room for any file name of the journal */
    JOURNAL_BOOT_SHIFT = 40, /* of a transaction id */
};
#define JOURNAL_PAYLOAD_MAX    ((size_t)256 << 20)
#define JOURNAL_GROUP_SIZE_MAX ((size_t)1 << 30) /* no valid group is larger: bounds what a decoder believes */

struct journal_header {
    uint64_t first, boot, last_csn, created_us, salt;
    bool encrypted;
    bool jump; /* positions before `first` are missing on purpose: a repair; a GAP record follows */
    uint8_t key_salt[16], key_check[16];
};
void journal_header_encode(const struct journal_header *header, uint8_t out[JOURNAL_HEADER_SIZE]);
bool journal_header_decode(struct view bytes, struct journal_header *out, struct error *error) MUST_USE;

struct journal_group {
    uint64_t first;
    uint32_t size; /* bytes of the whole group */
    uint32_t count;
    bool close;
};
/* Bytes a group takes whose records take `records` bytes. */
size_t journal_group_size(size_t records);
/* Writes header and trailer of the group; the records are there already, and zeros after them. */
void journal_group_seal(uint8_t *bytes, const struct journal_group *group, uint64_t salt);
/* Reads and verifies a header. False: there is none. The group may be longer than `bytes`. */
bool journal_group_decode(struct view bytes, uint64_t salt, struct journal_group *out) MUST_USE;
/* Verifies trailer and every record; *records gets one past the last record. `bytes` is the whole group. */
bool journal_group_verify(struct view bytes, const struct journal_group *group, uint64_t salt, uint64_t *highest_csn) MUST_USE;

/* Bytes a record takes in its group, padding included. */
size_t journal_record_size(size_t payload_stored);
/* First the fields (offsets 8..47; the payload is copied to bytes + JOURNAL_RECORD_HEADER_SIZE by the caller), later, when the segment is
 * known, the checksum and the padding. _finish answers journal_record_size of the record; _stored reads back what was put into the fields. */
void journal_record_fields(uint8_t *bytes, const struct journal_record *record, size_t payload_stored, bool encrypted);
size_t journal_record_stored(const uint8_t *bytes);
size_t journal_record_finish(uint8_t *bytes, size_t payload_stored, uint64_t salt);
/* Reads and verifies the record at the front of `bytes`; out->payload is the stored payload. *used: bytes with padding. */
bool journal_record_decode(struct view bytes, uint64_t salt, struct journal_record *out, bool *encrypted, size_t *used) MUST_USE;

void journal_segment_name(uint64_t first, char out[JOURNAL_NAME_SIZE]);
bool journal_segment_name_parse(const char *name, uint64_t *first); /* false: not the name of a segment */

#endif
