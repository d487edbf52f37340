/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TTC primitives: universal integers, CLR, DALC, CHR (docs/protocol.md section 1). Readers are the checked base/reader.h;
 * writers append to a buffer.
 */
#ifndef WIRE_PRIMITIVE_H
#define WIRE_PRIMITIVE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/reader.h"

/*
 * How the numbers of a message stand in it (docs/protocol.md section 1). Decoders are written once: every read below goes by the reader's
 * encoding, which the session's negotiation gave it.
 */
enum wire_encoding {
    WIRE_ENCODING_UNIVERSAL, /* a length byte before each number: thin drivers */
    WIRE_ENCODING_FIXED,  /* OCI: 2 and 4 bytes, little-endian, one behind the other; pointers take 8; only 64-bit numbers stay universal */
    WIRE_ENCODING_STRUCT, /* OCI on the server's own platform: the same and 64-bit numbers of 8 bytes, laid out like C structures */
    WIRE_ENCODING_UNKNOWN, /* anything else: not read */
};
struct reader wire_reader_of(struct view bytes, enum wire_encoding encoding);
static inline bool wire_reader_native(const struct reader *r)
{
    return r->encoding != WIRE_ENCODING_UNIVERSAL;
}
/* Between the two a STRUCT reader aligns each number to its size, and at the end to the largest of them. Others: nothing happens. */
void wire_struct_begin(struct reader *r);
void wire_struct_end(struct reader *r);
bool wire_read_pointer(struct reader *r); /* whether the sender points at something, that is, whether that follows */

uint32_t wire_read_ub(struct reader *r, unsigned size_max); /* size_max 2 or 4: malformed when the length byte is larger */
static inline uint16_t wire_read_ub2(struct reader *r)
{
    return (uint16_t)wire_read_ub(r, 2);
}
static inline uint32_t wire_read_ub4(struct reader *r)
{
    return wire_read_ub(r, 4);
}
uint64_t wire_read_ub8(struct reader *r);
int32_t wire_read_sb2(struct reader *r); /* may be universal beyond 16 bits: some clients' fields are wider than others' */
int32_t wire_read_sb4(struct reader *r);
int64_t wire_read_sb8(struct reader *r);

/*
 * A CLR. One-piece values are views into the message (no copy); chunked ones are joined in `arena`.
 * `null`: the length byte was 0 or 255. A value longer than size_max is malformed. The sizes of chunks are ub4, or one byte each
 * if the reader's `small_chunks` is set: whoever makes a reader for a session's messages sets it.
 */
struct wire_clr {
    struct view bytes;
    bool null;
};
struct wire_clr wire_read_clr(struct reader *r, struct arena *arena, size_t size_max);
void wire_skip_clr(struct reader *r, size_t size_max);
struct wire_clr wire_read_dalc(struct reader *r, struct arena *arena, size_t size_max); /* the CLR's own length is authoritative */
/* Fields of the end of a call that OCI sends in another width, or that are only understood while they are empty. */
uint32_t wire_read_rowid_size(struct reader *r); /* of the logical rowid whose CLR follows unless it is 0 */
bool wire_read_no_batch(struct reader *r);       /* native only: the three counts of batch errors; false: there are some */

void wire_write_ub2(struct buffer *out, uint16_t n);
void wire_write_ub4(struct buffer *out, uint32_t n);
void wire_write_ub8(struct buffer *out, uint64_t n);
void wire_write_sb4(struct buffer *out, int32_t n);
void wire_write_sb8(struct buffer *out, int64_t n);
void wire_write_clr(struct buffer *out, struct view bytes); /* <= 252 bytes short form, else chunks of 32767; empty: one 00 */
/* The same for connections on which the size of a chunk is one byte (wire_session.small_chunks); for whatever may pass 252 bytes. */
void wire_write_long_clr(struct buffer *out, struct view bytes, bool small_chunks);
void wire_write_dalc(struct buffer *out, struct view bytes);

#endif
