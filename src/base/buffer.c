/* SPDX-License-Identifier: Apache-2.0 */
/* Growing bytes: grows by doubling, moves live bytes to the front only when at least as many dead ones pay for it. */
#include "base/buffer.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

enum { CAPACITY_FIRST = 256, CAPACITY_KEPT_MAX = 64 * 1024 };

void buffer_init(struct buffer *buffer, size_t maximum)
{
    *buffer = (struct buffer){.maximum = maximum};
}

void buffer_release(struct buffer *buffer)
{
    memory_free(buffer->data);
    buffer_init(buffer, buffer->maximum);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->start = 0;
    buffer->end = 0;
    buffer->failed = false;
    if (buffer->capacity > CAPACITY_KEPT_MAX) buffer_release(buffer);
}

static void to_front(struct buffer *buffer)
{
    size_t live = buffer_size(buffer);
    if (live) memmove(buffer->data, buffer->data + buffer->start, live);
    buffer->start = 0;
    buffer->end = live;
}

static void grow(struct buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : CAPACITY_FIRST;
    while (capacity < needed) capacity *= 2;
    if (buffer->start == 0) {
        buffer->data = memory_resize(buffer->data, capacity);
    } else {
        size_t live = buffer_size(buffer);
        uint8_t *data = memory_alloc(capacity);
        memcpy(data, buffer->data + buffer->start, live);
        memory_free(buffer->data);
        buffer->data = data;
        buffer->start = 0;
        buffer->end = live;
    }
    buffer->capacity = capacity;
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size)
{
    size_t live = buffer_size(buffer);
    size_t most = buffer->maximum ? buffer->maximum : PTRDIFF_MAX / 4;
    if (buffer->failed || live > most || size > most - live) {
        buffer->failed = true;
        return NULL;
    }
    if (size > buffer->capacity - buffer->end || !buffer->data) {
        size_t needed = live + size;
        if (buffer->data && needed <= buffer->capacity / 2)
            to_front(buffer);
        else
            grow(buffer, needed);
    }
    return buffer->data + buffer->end;
}

void buffer_commit(struct buffer *buffer, size_t size)
{
    CHECK(size <= buffer->capacity - buffer->end);
    buffer->end += size;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
    uint8_t *at = buffer_reserve(buffer, size);
    if (!at || size == 0) return;
    memcpy(at, bytes, size);
    buffer->end += size;
}

void buffer_append_view(struct buffer *buffer, struct view bytes)
{
    buffer_append(buffer, bytes.data, bytes.size);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    char small[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    CHECK(size >= 0);
    if ((size_t)size < sizeof small) {
        buffer_append(buffer, small, (size_t)size);
        return;
    }
    char *text = memory_alloc((size_t)size + 1); /* the NUL that vsnprintf writes must not count against the maximum */
    va_start(arguments, format);
    vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer_append(buffer, text, (size_t)size);
    memory_free(text);
}

void buffer_u8(struct buffer *buffer, uint8_t value)
{
    uint8_t *at = buffer_reserve(buffer, 1);
    if (!at) return;
    *at = value;
    buffer->end++;
}

static void put_big(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = size; i-- > 0; value >>= 8) at[i] = (uint8_t)value;
}

static void append_big(struct buffer *buffer, uint64_t value, size_t size)
{
    uint8_t *at = buffer_reserve(buffer, size);
    if (!at) return;
    put_big(at, value, size);
    buffer->end += size;
}

static void append_little(struct buffer *buffer, uint64_t value, size_t size)
{
    uint8_t *at = buffer_reserve(buffer, size);
    if (!at) return;
    for (size_t i = 0; i < size; i++, value >>= 8) at[i] = (uint8_t)value;
    buffer->end += size;
}

void buffer_u16(struct buffer *buffer, uint16_t value)
{
    append_big(buffer, value, 2);
}

void buffer_u32(struct buffer *buffer, uint32_t value)
{
    append_big(buffer, value, 4);
}

void buffer_u64(struct buffer *buffer, uint64_t value)
{
    append_big(buffer, value, 8);
}

void buffer_u16le(struct buffer *buffer, uint16_t value)
{
    append_little(buffer, value, 2);
}

void buffer_u32le(struct buffer *buffer, uint32_t value)
{
    append_little(buffer, value, 4);
}

/* A buffer that has failed may lack the bytes to patch: the encoder's one check at its end finds that. */
static void patch(struct buffer *buffer, size_t offset, uint64_t value, size_t size)
{
    size_t live = buffer_size(buffer);
    if (offset > live || size > live - offset) {
        CHECK(buffer->failed);
        return;
    }
    put_big(buffer->data + buffer->start + offset, value, size);
}

void buffer_patch_u16(struct buffer *buffer, size_t offset, uint16_t value)
{
    patch(buffer, offset, value, 2);
}

void buffer_truncate(struct buffer *buffer, size_t size)
{
    if (size < buffer_size(buffer)) buffer->end = buffer->start + size;
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    CHECK(size <= buffer_size(buffer));
    buffer->start += size;
    if (buffer->start == buffer->end) {
        buffer->start = 0;
        buffer->end = 0;
    }
}
