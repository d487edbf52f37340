/* SPDX-License-Identifier: Apache-2.0 */
/* Journal format: encoders and decoders of docs/journal.md. */
#include "store/journal_format.h"

#include <endian.h>
#include <stdio.h>
#include <xxhash.h>

enum { VERSION = 1, HEADER_ENCRYPTED = 1, HEADER_JUMP = 2, HEADER_FLAGS = 3, GROUP_CLOSE = 1, RECORD_ENCRYPTED = 1 };
static const uint8_t header_magic[8] = {'U', 'S', 'J', 'R', 'N', 'L', '\r', '\n'};
static const uint8_t group_magic[4] = {'G', 'R', 'P', '1'};

static void put_u32(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof value);
}
static void put_u64(uint8_t *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof value);
}
static uint32_t get_u32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}
static uint64_t get_u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}
static uint64_t checksum(const uint8_t *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, size, seed);
}

void journal_header_encode(const struct journal_header *header, uint8_t out[JOURNAL_HEADER_SIZE])
{
    memset(out, 0, JOURNAL_HEADER_SIZE);
    memcpy(out, header_magic, sizeof header_magic);
    put_u32(out + 8, VERSION);
    put_u32(out + 12, JOURNAL_HEADER_SIZE);
    put_u64(out + 16, header->first);
    put_u64(out + 24, header->boot);
    put_u64(out + 32, header->last_csn);
    put_u64(out + 40, header->created_us);
    put_u64(out + 48, header->salt);
    put_u32(out + 56, (header->encrypted ? HEADER_ENCRYPTED : 0) | (header->jump ? HEADER_JUMP : 0));
    memcpy(out + 64, header->key_salt, sizeof header->key_salt);
    memcpy(out + 80, header->key_check, sizeof header->key_check);
    put_u64(out + 504, checksum(out, 504, 0));
}

bool journal_header_decode(struct view bytes, struct journal_header *out, struct error *error)
{
    const uint8_t *at = bytes.data;
    if (bytes.size < JOURNAL_HEADER_SIZE || memcmp(at, header_magic, sizeof header_magic) != 0)
        return error_set(error, ERROR_CORRUPT, "no segment header");
    if (get_u64(at + 504) != checksum(at, 504, 0))
        return error_set(error, ERROR_CORRUPT, "the checksum of the segment header does not hold");
    /* Whole, but not ours: no damage, and nothing to be set aside. */
    if (get_u32(at + 8) != VERSION || get_u32(at + 12) != JOURNAL_HEADER_SIZE || (get_u32(at + 56) & ~(uint32_t)HEADER_FLAGS))
        return error_set(error, ERROR_JOURNAL,
                         "format version %u with flags %u, this program knows version %d: use the program that wrote it", get_u32(at + 8),
                         get_u32(at + 56), VERSION);
    *out = (struct journal_header){.first = get_u64(at + 16),
                                   .boot = get_u64(at + 24),
                                   .last_csn = get_u64(at + 32),
                                   .created_us = get_u64(at + 40),
                                   .salt = get_u64(at + 48),
                                   .encrypted = get_u32(at + 56) & HEADER_ENCRYPTED,
                                   .jump = get_u32(at + 56) & HEADER_JUMP};
    memcpy(out->key_salt, at + 64, sizeof out->key_salt);
    memcpy(out->key_check, at + 80, sizeof out->key_check);
    if (out->first == 0 || out->boot == 0) return error_set(error, ERROR_CORRUPT, "segment header without a first position or boot");
    return true;
}

size_t journal_group_size(size_t records)
{
    size_t size = JOURNAL_GROUP_HEADER_SIZE + records + JOURNAL_GROUP_TRAILER_SIZE;
    return (size + JOURNAL_SECTOR - 1) / JOURNAL_SECTOR * JOURNAL_SECTOR;
}

/* The trailer's last byte is never zero: a write that stopped short of the end is told from a flipped bit by it. */
static uint64_t trailer_of(uint64_t header_checksum)
{
    return header_checksum | (uint64_t)1 << 56;
}

void journal_group_seal(uint8_t *bytes, const struct journal_group *group, uint64_t salt)
{
    memcpy(bytes + 8, group_magic, sizeof group_magic);
    put_u32(bytes + 12, group->size);
    put_u64(bytes + 16, group->first);
    put_u32(bytes + 24, group->count);
    put_u32(bytes + 28, group->close ? GROUP_CLOSE : 0);
    uint64_t sum = checksum(bytes + 8, JOURNAL_GROUP_HEADER_SIZE - 8, salt);
    put_u64(bytes, sum);
    put_u64(bytes + group->size - JOURNAL_GROUP_TRAILER_SIZE, trailer_of(sum));
}

bool journal_group_decode(struct view bytes, uint64_t salt, struct journal_group *out)
{
    const uint8_t *at = bytes.data;
    if (bytes.size < JOURNAL_GROUP_HEADER_SIZE || memcmp(at + 8, group_magic, sizeof group_magic) != 0) return false;
    if (get_u64(at) != checksum(at + 8, JOURNAL_GROUP_HEADER_SIZE - 8, salt)) return false;
    *out = (struct journal_group){
        .size = get_u32(at + 12), .first = get_u64(at + 16), .count = get_u32(at + 24), .close = get_u32(at + 28) & GROUP_CLOSE};
    if (out->size < JOURNAL_SECTOR || out->size % JOURNAL_SECTOR != 0 || out->size > JOURNAL_GROUP_SIZE_MAX) return false;
    if (out->first == 0) return false;
    return out->count <= out->size / JOURNAL_RECORD_HEADER_SIZE && (out->count > 0 || out->close);
}

bool journal_group_verify(struct view bytes, const struct journal_group *group, uint64_t salt, uint64_t *highest_csn)
{
    if (bytes.size < group->size) return false;
    uint64_t sum = get_u64(bytes.data);
    size_t end = group->size - JOURNAL_GROUP_TRAILER_SIZE;
    if (get_u64(bytes.data + end) != trailer_of(sum)) return false;
    size_t at = JOURNAL_GROUP_HEADER_SIZE;
    for (uint32_t i = 0; i < group->count; i++) {
        struct journal_record record;
        bool encrypted;
        size_t used;
        if (!journal_record_decode(view_of(bytes.data + at, end - at), salt, &record, &encrypted, &used)) return false;
        if (record.position != group->first + i) return false;
        if (record.csn > *highest_csn) *highest_csn = record.csn;
        at += used;
    }
    return true;
}

size_t journal_record_size(size_t payload_stored)
{
    return (JOURNAL_RECORD_HEADER_SIZE + payload_stored + 7) & ~(size_t)7;
}

void journal_record_fields(uint8_t *bytes, const struct journal_record *record, size_t payload_stored, bool encrypted)
{
    put_u32(bytes + 8, (uint32_t)(JOURNAL_RECORD_HEADER_SIZE + payload_stored));
    bytes[12] = (uint8_t)record->kind;
    bytes[13] = encrypted ? RECORD_ENCRYPTED : 0;
    bytes[14] = bytes[15] = 0;
    put_u64(bytes + 16, record->position);
    put_u64(bytes + 24, record->csn);
    put_u64(bytes + 32, record->transaction);
    put_u64(bytes + 40, record->time_us);
}

size_t journal_record_stored(const uint8_t *bytes)
{
    return get_u32(bytes + 8) - JOURNAL_RECORD_HEADER_SIZE;
}

size_t journal_record_finish(uint8_t *bytes, size_t payload_stored, uint64_t salt)
{
    size_t size = JOURNAL_RECORD_HEADER_SIZE + payload_stored, padded = journal_record_size(payload_stored);
    put_u64(bytes, checksum(bytes + 8, size - 8, salt));
    memset(bytes + size, 0, padded - size);
    return padded;
}

bool journal_record_decode(struct view bytes, uint64_t salt, struct journal_record *out, bool *encrypted, size_t *used)
{
    const uint8_t *at = bytes.data;
    if (bytes.size < JOURNAL_RECORD_HEADER_SIZE) return false;
    size_t size = get_u32(at + 8);
    if (size < JOURNAL_RECORD_HEADER_SIZE || size > bytes.size) return false;
    if (get_u64(at) != checksum(at + 8, size - 8, salt)) return false;
    *out = (struct journal_record){.position = get_u64(at + 16),
                                   .csn = get_u64(at + 24),
                                   .transaction = get_u64(at + 32),
                                   .kind = (enum journal_kind)at[12],
                                   .time_us = get_u64(at + 40),
                                   .payload = view_of(at + JOURNAL_RECORD_HEADER_SIZE, size - JOURNAL_RECORD_HEADER_SIZE)};
    *encrypted = at[13] & RECORD_ENCRYPTED;
    size_t padded = journal_record_size(out->payload.size);
    *used = padded < bytes.size ? padded : bytes.size;
    return !*encrypted || out->payload.size >= JOURNAL_TAG_SIZE;
}

void journal_segment_name(uint64_t first, char out[JOURNAL_NAME_SIZE])
{
    snprintf(out, JOURNAL_NAME_SIZE, "%020llu.journal", (unsigned long long)first);
}

bool journal_segment_name_parse(const char *name, uint64_t *first)
{
    struct view text = view_text(name);
    return text.size == 28 && strcmp(name + 20, ".journal") == 0 && view_to_u64(view_of(name, 20), first) && *first > 0;
}
