/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-width integers out of a checked cursor. */
#include "base/reader.h"

static uint64_t read_big(struct reader *r, size_t size)
{
    struct view bytes = reader_bytes(r, size);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size; i++) value = value << 8 | bytes.data[i];
    return value;
}

static uint64_t read_little(struct reader *r, size_t size)
{
    struct view bytes = reader_bytes(r, size);
    uint64_t value = 0;
    for (size_t i = bytes.size; i-- > 0;) value = value << 8 | bytes.data[i];
    return value;
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)read_big(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)read_big(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return read_big(r, 8);
}

uint16_t reader_u16le(struct reader *r)
{
    return (uint16_t)read_little(r, 2);
}

uint32_t reader_u32le(struct reader *r)
{
    return (uint32_t)read_little(r, 4);
}
