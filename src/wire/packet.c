/* SPDX-License-Identifier: Apache-2.0 */
/* TNS packet framing: finds packets in a byte stream and puts bytes into packets. */
#include "wire/packet.h"

enum { LEGACY_PACKET_MAX = 65535 };

static uint16_t get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)get_u16(p) << 16 | get_u16(p + 2);
}

/* The packets of connection set-up keep the short length whatever was agreed. */
static bool has_large_length(uint8_t type, bool large)
{
    switch (type) {
    case WIRE_CONNECT:
    case WIRE_ACCEPT:
    case WIRE_REFUSE:
    case WIRE_REDIRECT:
    case WIRE_RESEND: return false;
    default: return large;
    }
}

enum wire_status wire_packet_next(uint8_t *bytes, size_t size, bool large, size_t packet_max, struct wire_packet *out)
{
    if (size < WIRE_HEADER_SIZE) return WIRE_NEED_MORE;
    uint8_t type = bytes[4];
    size_t length = has_large_length(type, large) ? get_u32(bytes) : get_u16(bytes);
    size_t header = type == WIRE_DATA ? WIRE_DATA_HEADER_SIZE : WIRE_HEADER_SIZE;
    if (length < header || length > packet_max) return WIRE_MALFORMED;
    if (size < length) return WIRE_NEED_MORE;
    *out = (struct wire_packet){
        .bytes = bytes,
        .size = length,
        .type = type,
        .flags = bytes[5],
        .data_flags = type == WIRE_DATA ? get_u16(bytes + WIRE_HEADER_SIZE) : 0,
        .payload = view_of(bytes + header, length - header),
    };
    return WIRE_DECODED;
}

static void write_header(struct buffer *out, uint8_t type, uint8_t flags, size_t length, bool large)
{
    if (has_large_length(type, large)) {
        buffer_u32(out, (uint32_t)length);
    } else if (length > LEGACY_PACKET_MAX) {
        out->failed = true;
    } else {
        buffer_u16(out, (uint16_t)length);
        buffer_u16(out, 0);
    }
    buffer_u8(out, type);
    buffer_u8(out, flags);
    buffer_u16(out, 0);
}

void wire_packet_write_data(struct buffer *out, struct view payload, bool large, uint32_t sdu, uint16_t last_flags)
{
    CHECK(sdu > WIRE_DATA_HEADER_SIZE);
    size_t room = sdu - WIRE_DATA_HEADER_SIZE;
    if (!large && room > LEGACY_PACKET_MAX - WIRE_DATA_HEADER_SIZE) room = LEGACY_PACKET_MAX - WIRE_DATA_HEADER_SIZE;
    do {
        size_t size = payload.size < room ? payload.size : room;
        bool last = size == payload.size;
        write_header(out, WIRE_DATA, 0, size + WIRE_DATA_HEADER_SIZE, large);
        buffer_u16(out, last ? last_flags : 0);
        buffer_append(out, payload.data, size);
        if (last) return;
        payload = view_of(payload.data + size, payload.size - size);
    } while (!out->failed);
}

void wire_packet_write_marker(struct buffer *out, bool large, enum wire_marker kind)
{
    const uint8_t body[3] = {1, 0, (uint8_t)kind};
    wire_packet_write(out, WIRE_MARKER, 0, view_of(body, sizeof body), large);
}

void wire_packet_write(struct buffer *out, enum wire_packet_type type, uint8_t flags, struct view body, bool large)
{
    write_header(out, (uint8_t)type, flags, body.size + WIRE_HEADER_SIZE, large);
    buffer_append_view(out, body);
}
