/* SPDX-License-Identifier: Apache-2.0 */
/* TTC primitives: universal integers, byte strings with a length (CLR), and the doubled form of them (DALC). */
#include "wire/primitive.h"

enum {
    CLR_SHORT_MAX = 252, /* longest value behind a single length byte */
    CLR_ESCAPE = 253,    /* "no value" of types for which 0 bytes would be one */
    CLR_CHUNKED = 254,
    CLR_NULL = 255,
    CLR_CHUNK_SIZE = 32767,
    CLR_SMALL_CHUNK_SIZE = 64, /* as the clients send it that know no other */
    SIGN_BIT = 0x80,
    NATIVE_POINTER_SIZE = 8,
};

/* Big-endian magnitude of `size` bytes, 0 <= size <= 8. */
static uint64_t read_magnitude(struct reader *r, unsigned size)
{
    struct view bytes = reader_bytes(r, size);
    uint64_t n = 0;
    for (size_t i = 0; i < bytes.size; i++) n = n << 8 | bytes.data[i];
    return n;
}

/* ---- OCI's own forms ---- */

struct reader wire_reader_of(struct view bytes, enum wire_encoding encoding)
{
    struct reader r = reader_of(bytes);
    r.encoding = (uint8_t)encoding;
    return r;
}

void wire_struct_begin(struct reader *r)
{
    r->in_struct = r->encoding == WIRE_ENCODING_STRUCT;
    r->struct_at = r->at;
    r->struct_alignment = 1;
}

static void align(struct reader *r, unsigned size)
{
    if (!r->in_struct) return;
    size_t beyond = (r->at - r->struct_at) % size;
    if (beyond) reader_skip(r, size - beyond);
    if (size > r->struct_alignment) r->struct_alignment = (uint8_t)size;
}

void wire_struct_end(struct reader *r)
{
    if (r->in_struct) align(r, r->struct_alignment);
    r->in_struct = false;
}

static uint64_t read_fixed(struct reader *r, unsigned size)
{
    align(r, size);
    struct view bytes = reader_bytes(r, size);
    uint64_t n = 0;
    for (size_t i = bytes.size; i-- > 0;) n = n << 8 | bytes.data[i];
    return n;
}

bool wire_read_pointer(struct reader *r)
{
    return wire_reader_native(r) ? read_fixed(r, NATIVE_POINTER_SIZE) != 0 : reader_u8(r) != 0;
}

static uint64_t read_unsigned(struct reader *r, unsigned size_max)
{
    if (r->encoding == WIRE_ENCODING_STRUCT || (size_max <= 4 && wire_reader_native(r))) return read_fixed(r, size_max);
    uint8_t size = reader_u8(r);
    if (size > size_max) {
        reader_malformed(r);
        return 0;
    }
    return read_magnitude(r, size);
}

uint32_t wire_read_ub(struct reader *r, unsigned size_max)
{
    return (uint32_t)read_unsigned(r, size_max);
}

uint64_t wire_read_ub8(struct reader *r)
{
    return read_unsigned(r, 8);
}

/* The magnitude of a signed integer may not pass its type's range: 2^31 and 2^63 only with the sign. */
static int64_t read_signed(struct reader *r, unsigned size_max)
{
    if (r->encoding == WIRE_ENCODING_STRUCT || (size_max <= 4 && wire_reader_native(r))) {
        uint64_t n = read_fixed(r, size_max);
        return size_max == 2 ? (int16_t)n : size_max == 4 ? (int32_t)n : (int64_t)n;
    }
    uint8_t first = reader_u8(r);
    bool negative = first & SIGN_BIT;
    uint8_t size = first & (SIGN_BIT - 1);
    if (size > size_max) {
        reader_malformed(r);
        return 0;
    }
    uint64_t magnitude = read_magnitude(r, size);
    uint64_t largest = ((uint64_t)1 << (size_max * 8 - 1)) - 1;
    if (magnitude > largest + (negative ? 1 : 0)) {
        reader_malformed(r);
        return 0;
    }
    return negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
}

int32_t wire_read_sb2(struct reader *r)
{
    return (int32_t)read_signed(r, wire_reader_native(r) ? 2 : 4);
}

int32_t wire_read_sb4(struct reader *r)
{
    return (int32_t)read_signed(r, 4);
}

int64_t wire_read_sb8(struct reader *r)
{
    return read_signed(r, 8);
}

static uint32_t read_chunk_size(struct reader *r)
{
    return r->small_chunks ? reader_u8(r) : wire_read_ub4(r);
}

/* Walks over the chunks after the 254. Answers their sum and how many were not empty; `first` is the first of those. */
static size_t measure_chunks(struct reader *r, size_t size_max, unsigned *count, struct view *first)
{
    size_t total = 0;
    *count = 0;
    for (;;) {
        uint32_t size = read_chunk_size(r);
        if (!reader_ok(r) || size == 0) return total;
        if (size > size_max - total) {
            reader_malformed(r);
            return total;
        }
        struct view chunk = reader_bytes(r, size);
        if (!reader_ok(r)) return total;
        if ((*count)++ == 0) *first = chunk;
        total += size;
    }
}

/* One chunk is a view like any other value; several are joined, but only once all of them are there. */
static struct view read_chunks(struct reader *r, struct arena *arena, size_t size_max)
{
    size_t start = r->at;
    unsigned count;
    struct view only = view_of(NULL, 0);
    size_t total = measure_chunks(r, size_max, &count, &only);
    if (!reader_ok(r)) return view_of(NULL, 0);
    if (count <= 1) return only;

    uint8_t *joined = arena_try(arena, total);
    if (!joined) {
        reader_malformed(r);
        return view_of(NULL, 0);
    }
    size_t end = r->at, filled = 0;
    r->at = start;
    while (filled < total) {
        struct view chunk = reader_bytes(r, read_chunk_size(r));
        memcpy(joined + filled, chunk.data, chunk.size);
        filled += chunk.size;
    }
    r->at = end;
    return view_of(joined, total);
}

struct wire_clr wire_read_clr(struct reader *r, struct arena *arena, size_t size_max)
{
    struct wire_clr clr = {.null = false};
    uint8_t first = reader_u8(r);
    if (!reader_ok(r)) return clr;
    if (first == 0 || first == CLR_NULL) {
        clr.null = true;
    } else if (first == CLR_ESCAPE) {
        if (reader_u8(r) != 1 && reader_ok(r)) reader_malformed(r);
        clr.null = true;
    } else if (first == CLR_CHUNKED) {
        clr.bytes = read_chunks(r, arena, size_max);
    } else if (first > size_max) {
        reader_malformed(r);
    } else {
        clr.bytes = reader_bytes(r, first);
    }
    return clr;
}

void wire_skip_clr(struct reader *r, size_t size_max)
{
    uint8_t first = reader_u8(r);
    if (!reader_ok(r) || first == 0 || first == CLR_NULL) return;
    if (first == CLR_ESCAPE) {
        if (reader_u8(r) != 1 && reader_ok(r)) reader_malformed(r);
    } else if (first == CLR_CHUNKED) {
        unsigned count;
        struct view unused;
        (void)measure_chunks(r, size_max, &count, &unused);
    } else if (first > size_max) {
        reader_malformed(r);
    } else {
        reader_skip(r, first);
    }
}

struct wire_clr wire_read_dalc(struct reader *r, struct arena *arena, size_t size_max)
{
    uint32_t size = wire_read_ub4(r);
    if (!reader_ok(r) || size == 0) return (struct wire_clr){.null = true};
    return wire_read_clr(r, arena, size_max);
}

uint32_t wire_read_rowid_size(struct reader *r)
{
    return wire_reader_native(r) ? wire_read_ub2(r) : wire_read_ub4(r);
}

bool wire_read_no_batch(struct reader *r)
{
    enum { COUNTS = 3 };
    uint32_t any = 0;
    for (int i = 0; i < COUNTS; i++) any |= wire_read_ub4(r);
    return any == 0;
}

/* ---- writers ---- */

static void write_magnitude(struct buffer *out, uint64_t n, uint8_t sign)
{
    uint8_t bytes[9];
    uint8_t size = 0;
    for (uint64_t rest = n; rest; rest >>= 8) size++;
    bytes[0] = size | sign;
    for (uint8_t i = size; i > 0; i--, n >>= 8) bytes[i] = (uint8_t)n;
    buffer_append(out, bytes, (size_t)size + 1);
}

void wire_write_ub2(struct buffer *out, uint16_t n)
{
    write_magnitude(out, n, 0);
}

void wire_write_ub4(struct buffer *out, uint32_t n)
{
    write_magnitude(out, n, 0);
}

void wire_write_ub8(struct buffer *out, uint64_t n)
{
    write_magnitude(out, n, 0);
}

void wire_write_sb4(struct buffer *out, int32_t n)
{
    wire_write_sb8(out, n);
}

void wire_write_sb8(struct buffer *out, int64_t n)
{
    if (n < 0)
        write_magnitude(out, 0 - (uint64_t)n, SIGN_BIT);
    else
        write_magnitude(out, (uint64_t)n, 0);
}

void wire_write_clr(struct buffer *out, struct view bytes)
{
    wire_write_long_clr(out, bytes, false);
}

void wire_write_long_clr(struct buffer *out, struct view bytes, bool small_chunks)
{
    size_t most = small_chunks ? CLR_SMALL_CHUNK_SIZE : CLR_CHUNK_SIZE;
    if (bytes.size <= CLR_SHORT_MAX) {
        buffer_u8(out, (uint8_t)bytes.size);
        buffer_append_view(out, bytes);
        return;
    }
    buffer_u8(out, CLR_CHUNKED);
    while (bytes.size) {
        size_t size = bytes.size < most ? bytes.size : most;
        if (small_chunks)
            buffer_u8(out, (uint8_t)size);
        else
            wire_write_ub4(out, (uint32_t)size);
        buffer_append(out, bytes.data, size);
        bytes = view_of(bytes.data + size, bytes.size - size);
    }
    buffer_u8(out, 0);
}

void wire_write_dalc(struct buffer *out, struct view bytes)
{
    wire_write_ub4(out, (uint32_t)bytes.size);
    if (bytes.size) wire_write_clr(out, bytes);
}
