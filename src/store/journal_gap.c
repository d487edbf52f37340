/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a GAP record: when, which commits, how many, which table, why. */
#include "store/journal.h"

#include "base/reader.h"

static void put_u64(struct buffer *out, uint64_t value)
{
    buffer_u32le(out, (uint32_t)value);
    buffer_u32le(out, (uint32_t)(value >> 32));
}

static uint64_t get_u64(struct reader *in)
{
    uint64_t low = reader_u32le(in);
    return low | (uint64_t)reader_u32le(in) << 32;
}

static void put_text(struct buffer *out, struct view text)
{
    uint16_t size = text.size > UINT16_MAX ? UINT16_MAX : (uint16_t)text.size;
    buffer_u16le(out, size);
    buffer_append(out, text.data, size);
}

void journal_gap_encode(struct buffer *out, const struct journal_gap *gap)
{
    put_u64(out, gap->from_us);
    put_u64(out, gap->to_us);
    put_u64(out, gap->from_csn);
    put_u64(out, gap->to_csn);
    put_u64(out, gap->refused);
    put_text(out, gap->table);
    put_text(out, gap->reason);
}

bool journal_gap_decode(struct view payload, struct journal_gap *out)
{
    struct reader in = reader_of(payload);
    out->from_us = get_u64(&in);
    out->to_us = get_u64(&in);
    out->from_csn = get_u64(&in);
    out->to_csn = get_u64(&in);
    out->refused = get_u64(&in);
    out->table = reader_bytes(&in, reader_u16le(&in));
    out->reason = reader_bytes(&in, reader_u16le(&in));
    return reader_ok(&in);
}
