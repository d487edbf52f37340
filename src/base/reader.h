/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader: a cursor over bytes in which every read is checked. Failure is sticky: after the first short read each
 * later read answers 0 / an empty view, so that a decoder reads all its fields and asks once at the end.
 * A short read means "need more" as long as the message may still grow; `malformed` is set by a decoder (or by a
 * read with an impossible value) and wins. The size wanted is compared before any arithmetic is done with it.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/view.h"

struct reader {
    const uint8_t *data;
    size_t size;
    size_t at;
    bool short_read; /* wanted bytes beyond the end */
    bool malformed;  /* the bytes cannot be what they should be, however many follow */
    /* Not looked at here: how the floor above reads its numbers (wire/primitive.h). */
    uint8_t encoding, struct_alignment;
    bool in_struct, small_chunks;
    size_t struct_at;
};

static inline struct reader reader_of(struct view bytes)
{
    return (struct reader){.data = bytes.data, .size = bytes.size};
}
static inline bool reader_ok(const struct reader *r)
{
    return !r->short_read && !r->malformed;
}
static inline size_t reader_left(const struct reader *r)
{
    return r->size - r->at;
}
static inline bool reader_want(struct reader *r, size_t size)
{
    if (!reader_ok(r) || size > r->size - r->at) {
        r->short_read = true;
        return false;
    }
    return true;
}
static inline void reader_malformed(struct reader *r)
{
    r->malformed = true;
}
static inline struct view reader_bytes(struct reader *r, size_t size)
{
    if (!reader_want(r, size)) return view_of(NULL, 0);
    struct view v = view_of(r->data + r->at, size);
    r->at += size;
    return v;
}
static inline void reader_skip(struct reader *r, size_t size)
{
    (void)reader_bytes(r, size);
}
static inline uint8_t reader_peek(struct reader *r)
{
    return reader_want(r, 1) ? r->data[r->at] : 0;
}
static inline uint8_t reader_u8(struct reader *r)
{
    return reader_want(r, 1) ? r->data[r->at++] : 0;
}
uint16_t reader_u16(struct reader *r); /* big-endian */
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
uint16_t reader_u16le(struct reader *r); /* little-endian */
uint32_t reader_u32le(struct reader *r);

#endif
