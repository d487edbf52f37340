/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffer: growing bytes with a maximum. A failed append (over the maximum) leaves the buffer as it was, sets the
 * sticky `failed`, and makes every later append fail, so that an encoder checks once at its end. Consuming from the
 * front is O(1) amortised. One thread at a time.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/view.h"

struct buffer {
    uint8_t *data;
    size_t start; /* first live byte */
    size_t end;   /* one past the last live byte */
    size_t capacity;
    size_t maximum; /* most live bytes; 0: no maximum */
    bool failed;
};

void buffer_init(struct buffer *buffer, size_t maximum);
void buffer_release(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* empties, also clears `failed`; keeps memory up to 64 KiB */
static inline size_t buffer_size(const struct buffer *b)
{
    return b->end - b->start;
}
static inline struct view buffer_view(const struct buffer *b)
{
    return view_of(b->data ? b->data + b->start : NULL, b->end - b->start);
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size); /* room for size bytes at the end, not yet live; NULL: failed */
void buffer_commit(struct buffer *buffer, size_t size);      /* makes reserved bytes live */
void buffer_append(struct buffer *buffer, const void *bytes, size_t size);
void buffer_append_view(struct buffer *buffer, struct view bytes);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_u8(struct buffer *buffer, uint8_t value);
void buffer_u16(struct buffer *buffer, uint16_t value); /* big-endian */
void buffer_u32(struct buffer *buffer, uint32_t value);
void buffer_u64(struct buffer *buffer, uint64_t value);
void buffer_u16le(struct buffer *buffer, uint16_t value); /* little-endian */
void buffer_u32le(struct buffer *buffer, uint32_t value);
void buffer_patch_u16(struct buffer *buffer, size_t offset, uint16_t value); /* offset from the first live byte */
void buffer_consume(struct buffer *buffer, size_t size);                     /* drops from the front */
void buffer_truncate(struct buffer *buffer, size_t size);                    /* keeps the first size bytes; no more than there are */

#endif
