/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TNS packets: framing only. No I/O: bytes in, packets out, and back. docs/protocol.md section 2 has the layouts.
 *
 * Packets before and including ACCEPT have a 16-bit length; after an ACCEPT of version >= 315 the length has 32 bits
 * (CONNECT, ACCEPT, REFUSE, REDIRECT, RESEND always have 16). `large` says which form the stream is in: the caller sets it
 * when it has seen (or sent) an ACCEPT with version >= 315.
 */
#ifndef WIRE_PACKET_H
#define WIRE_PACKET_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/view.h"

enum wire_packet_type {
    WIRE_CONNECT = 1,
    WIRE_ACCEPT = 2,
    WIRE_ACK = 3,
    WIRE_REFUSE = 4,
    WIRE_REDIRECT = 5,
    WIRE_DATA = 6,
    WIRE_NULL = 7,
    WIRE_ABORT = 9,
    WIRE_RESEND = 11,
    WIRE_MARKER = 12,
    WIRE_ATTENTION = 13,
    WIRE_CONTROL = 14,
    WIRE_DATA_DESCRIPTOR = 15,
};
enum { WIRE_HEADER_SIZE = 8, WIRE_DATA_HEADER_SIZE = 10 };
enum wire_data_flag {
    WIRE_DATA_EOF = 0x0040,
    WIRE_DATA_COMPRESSED = 0x0400,
    WIRE_DATA_END_OF_REQUEST = 0x0800,
    WIRE_DATA_BEGIN_PIPELINE = 0x1000,
    WIRE_DATA_END_OF_RESPONSE = 0x2000,
};
enum wire_marker { WIRE_MARKER_BREAK = 1, WIRE_MARKER_RESET = 2, WIRE_MARKER_INTERRUPT = 3 };

struct wire_packet {
    uint8_t *bytes; /* the whole packet, header included, inside the caller's buffer (mutable: the relay edits in place) */
    size_t size;
    uint8_t type;        /* enum wire_packet_type, or something unknown */
    uint8_t flags;       /* header flags */
    uint16_t data_flags; /* WIRE_DATA only */
    struct view payload; /* after the 8-byte header; for WIRE_DATA after the data flags */
};

enum wire_status {
    WIRE_DECODED,
    WIRE_NEED_MORE, /* good so far, not whole yet */
    WIRE_MALFORMED, /* can never become good; `error` (where there is one) says where */
    WIRE_UNKNOWN,   /* well framed, but a kind that we do not decode: relay it, count it, resynchronise */
};

/* Looks at `bytes` for one packet; fills `out` when it is whole. A length < 8, or > packet_max, is malformed. */
enum wire_status wire_packet_next(uint8_t *bytes, size_t size, bool large, size_t packet_max, struct wire_packet *out);

/* Appends `payload` as one or more DATA packets of at most `sdu` bytes each (header included); the last gets last_flags. */
void wire_packet_write_data(struct buffer *out, struct view payload, bool large, uint32_t sdu, uint16_t last_flags);
void wire_packet_write_marker(struct buffer *out, bool large, enum wire_marker kind);
/* Any other packet: body is what follows the 8-byte header. */
void wire_packet_write(struct buffer *out, enum wire_packet_type type, uint8_t flags, struct view body, bool large);

#endif
