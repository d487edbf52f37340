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
int32_t wire_read_sb4(struct reader *r);
int64_t wire_read_sb8(struct reader *r);

/*
 * A CLR. One-piece values are views into the message (no copy); chunked ones are joined in `arena`.
 * `null`: the length byte was 0 or 255. A value longer than size_max is malformed.
 */
struct wire_clr {
    struct view bytes;
    bool null;
};
struct wire_clr wire_read_clr(struct reader *r, struct arena *arena, size_t size_max);
void wire_skip_clr(struct reader *r, size_t size_max);
struct wire_clr wire_read_dalc(struct reader *r, struct arena *arena, size_t size_max); /* the CLR's own length is authoritative */

void wire_write_ub2(struct buffer *out, uint16_t n);
void wire_write_ub4(struct buffer *out, uint32_t n);
void wire_write_ub8(struct buffer *out, uint64_t n);
void wire_write_sb4(struct buffer *out, int32_t n);
void wire_write_sb8(struct buffer *out, int64_t n);
void wire_write_clr(struct buffer *out, struct view bytes); /* <= 252 bytes short form, else chunks of 32767; empty: one 00 */
void wire_write_dalc(struct buffer *out, struct view bytes);

#endif
