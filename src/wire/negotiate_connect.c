/* SPDX-License-Identifier: Apache-2.0 */
/* CONNECT, ACCEPT, REFUSE, REDIRECT: the packets that set up a connection, and the descriptor text in them. */
#include "wire/negotiate.h"

#include "base/reader.h"

#include <stdio.h>

enum {
    VERSION_WANTED = 319,
    VERSION_LOWEST = 300,
    VERSION_LARGE_SDU = 315, /* 32-bit SDU fields, and 32-bit packet lengths after ACCEPT */
    VERSION_FLAGS2 = 318,
    VERSION_UUID = 319,
    CONNECT_HEADER_SIZE = 74, /* where the descriptor starts in our own CONNECT */
    CONNECT_FLAGS_END = 34,   /* every CONNECT reaches at least behind its two ANO flag bytes */
    CONNECT_LARGE_SDU_END = 66,
    DESCRIPTOR_INLINE_MAX = 230,
    DESCRIPTOR_MAX = 32767,
    LEGACY_SDU = 8192,
    TDU_LEGACY = 65535,
    TDU_LARGE = 0x200000,
    NT_CHARACTERISTICS = 0x4f98,
    ANO_DISABLED = 0x04,
    ANO_NOT_LINKED = 0x08,
    ANO_SECURITY_RENEGOTIATION = 0x80,
    OPTIONS_PLAIN = 0x0001,
    REFUSED_BY_USER = 0x22,
    HEADER_DATA_FOLLOWS = 0x02,
    HEADER_REDIRECTED = 0x04,
    SERVER_NUMBER = 318767104, /* 19.0.0.0.0 as VSNNUM says it */
};

static struct reader read_at(const struct wire_packet *packet, size_t offset)
{
    struct reader r = {.data = packet->bytes, .size = packet->size, .at = offset};
    if (offset > packet->size) {
        r.at = packet->size;
        r.short_read = true;
    }
    return r;
}

enum wire_status wire_connect_decode(const struct wire_packet *packet, struct wire_connect *out)
{
    *out = (struct wire_connect){0};
    if (packet->type != WIRE_CONNECT || packet->size < CONNECT_FLAGS_END) return WIRE_MALFORMED;
    struct reader r = read_at(packet, WIRE_HEADER_SIZE);
    out->version = reader_u16(&r);
    out->version_low = reader_u16(&r);
    out->options = reader_u16(&r);
    out->sdu = reader_u16(&r);
    reader_skip(&r, 8); /* TDU, NT characteristics, line turnaround, byte order */
    size_t length = reader_u16(&r);
    size_t offset = reader_u16(&r);
    reader_skip(&r, 4); /* most connect data that can be received */
    out->flags0 = reader_u8(&r);
    out->flags1 = reader_u8(&r);
    if (out->version >= VERSION_LARGE_SDU && packet->size >= CONNECT_LARGE_SDU_END && offset >= CONNECT_LARGE_SDU_END) {
        struct reader large = read_at(packet, 58);
        uint32_t sdu = reader_u32(&large);
        if (sdu) out->sdu = sdu;
    }
    out->redirected = packet->flags & HEADER_REDIRECTED;
    out->descriptor_size = length;
    if (length == 0) return WIRE_DECODED;
    if (offset < CONNECT_FLAGS_END) return WIRE_MALFORMED;
    if (offset >= packet->size) {
        out->descriptor_follows = true;
        return WIRE_DECODED;
    }
    r = read_at(packet, offset);
    out->descriptor = reader_bytes(&r, length);
    return reader_ok(&r) ? WIRE_DECODED : WIRE_MALFORMED;
}

/* ---- descriptor: nested (KEY=value) ---- */

/* The size of the "(...)" that text starts with, 0 if it is never closed. Brackets in a value that starts with a double
 * quote do not count; a quote inside a value is an ordinary character. */
static size_t bracket_size(struct view text)
{
    size_t depth = 0;
    bool quoted = false;
    uint8_t before = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '"' && (quoted || before == '=')) quoted = !quoted;
        if (c != ' ') before = c;
        if (quoted) continue;
        if (c == '(') depth++;
        if (c == ')' && --depth == 0) return i + 1;
    }
    return 0;
}

static struct view unquoted(struct view value)
{
    value = view_trim(value);
    if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"') return view_of(value.data + 1, value.size - 2);
    return value;
}

bool wire_descriptor_find(struct view descriptor, const char *path, struct view *out)
{
    const char *dot = strchr(path, '.');
    struct view wanted = view_of(path, dot ? (size_t)(dot - path) : strlen(path));
    struct view rest = descriptor;
    while (rest.size) {
        const uint8_t *open = memchr(rest.data, '(', rest.size);
        if (!open) return false;
        rest = view_of(open, rest.size - (size_t)(open - rest.data));
        size_t size = bracket_size(rest);
        if (size == 0) return false;
        struct view group = view_of(rest.data + 1, size - 2);
        rest = view_of(rest.data + size, rest.size - size);
        const uint8_t *equals = group.size ? memchr(group.data, '=', group.size) : NULL;
        if (!equals) continue;
        size_t key_size = (size_t)(equals - group.data);
        if (!view_equal_ignoring_case(view_trim(view_of(group.data, key_size)), wanted)) continue;
        struct view value = view_of(equals + 1, group.size - key_size - 1);
        if (dot && wire_descriptor_find(value, dot + 1, out)) return true;
        if (!dot) {
            *out = unquoted(value);
            return true;
        }
    }
    return false;
}

/* ---- writers ---- */

static void write_zeros(struct buffer *out, size_t count)
{
    while (count--) buffer_u8(out, 0);
}

bool wire_connect_requires_services(const struct wire_connect *connect)
{
    enum { SERVICES_REQUIRED = 0x10 };
    return (connect->flags0 | connect->flags1) & SERVICES_REQUIRED;
}

void wire_connect_write(struct buffer *out, struct view descriptor, uint32_t sdu, bool redirected)
{
    bool is_inline = descriptor.size <= DESCRIPTOR_INLINE_MAX;
    if (descriptor.size > DESCRIPTOR_MAX) {
        out->failed = true;
        return;
    }
    struct buffer body;
    buffer_init(&body, 0);
    buffer_u16(&body, VERSION_WANTED);
    buffer_u16(&body, VERSION_LOWEST);
    buffer_u16(&body, OPTIONS_PLAIN);
    buffer_u16(&body, (uint16_t)(sdu < TDU_LEGACY ? sdu : TDU_LEGACY));
    buffer_u16(&body, TDU_LEGACY);
    buffer_u16(&body, NT_CHARACTERISTICS);
    buffer_u16(&body, 0); /* line turnaround */
    buffer_u16(&body, 1); /* our byte order */
    buffer_u16(&body, (uint16_t)descriptor.size);
    buffer_u16(&body, CONNECT_HEADER_SIZE);
    buffer_u32(&body, 0); /* most connect data that can be received */
    buffer_u8(&body, ANO_SECURITY_RENEGOTIATION | ANO_DISABLED);
    buffer_u8(&body, ANO_SECURITY_RENEGOTIATION | ANO_DISABLED);
    write_zeros(&body, 24); /* trace identifiers of old releases */
    buffer_u32(&body, sdu);
    buffer_u32(&body, sdu > TDU_LARGE ? sdu : TDU_LARGE);
    buffer_u32(&body, 0); /* compression */
    buffer_u32(&body, 0); /* no out-of-band check */
    if (is_inline) buffer_append_view(&body, descriptor);
    wire_packet_write(out, WIRE_CONNECT, redirected ? HEADER_REDIRECTED : 0, buffer_view(&body), false);
    buffer_release(&body);
    if (!is_inline) wire_packet_write_data(out, descriptor, false, LEGACY_SDU, 0);
}

enum wire_status wire_accept_decode(const struct wire_packet *packet, struct wire_accept *out)
{
    *out = (struct wire_accept){0};
    if (packet->type != WIRE_ACCEPT) return WIRE_MALFORMED;
    struct reader r = read_at(packet, WIRE_HEADER_SIZE);
    out->version = reader_u16(&r);
    out->options = reader_u16(&r);
    out->sdu = reader_u16(&r);
    reader_skip(&r, 8); /* TDU, byte order, data length and offset */
    out->flags0 = reader_u8(&r);
    out->flags1 = reader_u8(&r);
    if (out->version >= VERSION_LARGE_SDU) {
        reader_skip(&r, 8);
        out->sdu = reader_u32(&r);
    }
    if (out->version >= VERSION_FLAGS2) {
        reader_skip(&r, 5); /* TDU, compression */
        out->flags2 = reader_u32(&r);
    }
    return reader_ok(&r) ? WIRE_DECODED : WIRE_MALFORMED;
}

void wire_accept_write(struct buffer *out, uint16_t version, uint32_t sdu)
{
    bool large = version >= VERSION_LARGE_SDU;
    uint16_t size = version >= VERSION_UUID ? 61 : version >= VERSION_FLAGS2 ? 45 : large ? 41 : 32;
    struct buffer body;
    buffer_init(&body, 0);
    buffer_u16(&body, version);
    buffer_u16(&body, OPTIONS_PLAIN);
    buffer_u16(&body, large ? 0 : (uint16_t)(sdu < TDU_LEGACY ? sdu : TDU_LEGACY));
    buffer_u16(&body, large ? 0 : TDU_LEGACY);
    buffer_u16(&body, 0x0100); /* byte order */
    buffer_u16(&body, 0);      /* no data behind the header */
    buffer_u16(&body, size);
    buffer_u8(&body, ANO_DISABLED);
    buffer_u8(&body, ANO_DISABLED | ANO_NOT_LINKED);
    write_zeros(&body, 8);
    if (large) {
        buffer_u32(&body, sdu);
        buffer_u32(&body, TDU_LARGE);
        buffer_u8(&body, 0); /* no compression */
    }
    if (version >= VERSION_FLAGS2) buffer_u32(&body, 0);
    if (version >= VERSION_UUID) write_zeros(&body, 16);
    wire_packet_write(out, WIRE_ACCEPT, 0, buffer_view(&body), false);
    buffer_release(&body);
}

void wire_refuse_write(struct buffer *out, int ora_number, const char *detail)
{
    char text[512], buf[192] = "";
    if (detail) snprintf(buf, sizeof buf, "(ERROR=(BUF='%.150s'))", detail);
    int size = snprintf(text, sizeof text, "(DESCRIPTION=(TMP=)(VSNNUM=%d)(ERR=%d)(ERROR_STACK=(ERROR=(CODE=%d)(EMFI=4))%s))",
                        SERVER_NUMBER, ora_number, ora_number, buf);
    struct buffer body;
    buffer_init(&body, 0);
    buffer_u8(&body, REFUSED_BY_USER);
    buffer_u8(&body, 0);
    buffer_u16(&body, (uint16_t)size);
    buffer_append(&body, text, (size_t)size);
    wire_packet_write(out, WIRE_REFUSE, 0, buffer_view(&body), false);
    buffer_release(&body);
}

enum wire_status wire_refuse_decode(const struct wire_packet *packet, int *ora_number, struct view *text)
{
    *ora_number = 0;
    *text = view_of(NULL, 0);
    if (packet->type == WIRE_DATA) {
        *text = packet->payload;
    } else {
        if (packet->type != WIRE_REFUSE) return WIRE_MALFORMED;
        struct reader r = read_at(packet, WIRE_HEADER_SIZE + 2);
        size_t size = reader_u16(&r);
        if (reader_ok(&r) && size == 0 && packet->flags & HEADER_DATA_FOLLOWS) return WIRE_NEED_MORE;
        *text = reader_bytes(&r, size);
        if (!reader_ok(&r)) return WIRE_MALFORMED;
    }
    struct view number;
    uint64_t n;
    bool found = wire_descriptor_find(*text, "DESCRIPTION.ERR", &number) || wire_descriptor_find(*text, "ERR", &number);
    if (found && view_to_u64(number, &n) && n <= 99999) *ora_number = (int)n;
    return WIRE_DECODED;
}

void wire_redirect_write(struct buffer *out, struct view address, struct view descriptor)
{
    size_t size = address.size + 1 + descriptor.size;
    if (size > DESCRIPTOR_MAX) {
        out->failed = true;
        return;
    }
    struct buffer data;
    buffer_init(&data, 0);
    buffer_append_view(&data, address);
    buffer_u8(&data, 0);
    buffer_append_view(&data, descriptor);
    const uint8_t length[2] = {(uint8_t)(size >> 8), (uint8_t)size};
    wire_packet_write(out, WIRE_REDIRECT, HEADER_DATA_FOLLOWS, view_of(length, sizeof length), false);
    wire_packet_write_data(out, buffer_view(&data), false, TDU_LEGACY, WIRE_DATA_EOF);
    buffer_release(&data);
}

enum wire_status wire_redirect_decode(const struct wire_packet *packet, struct view *address, struct view *descriptor)
{
    struct view data = packet->payload;
    if (packet->type == WIRE_REDIRECT) {
        struct reader r = read_at(packet, WIRE_HEADER_SIZE);
        size_t size = reader_u16(&r);
        if (!reader_ok(&r)) return WIRE_MALFORMED;
        if (packet->flags & HEADER_DATA_FOLLOWS && reader_left(&r) == 0) return WIRE_NEED_MORE;
        data = reader_bytes(&r, size);
        if (!reader_ok(&r)) return WIRE_MALFORMED;
    } else if (packet->type != WIRE_DATA) {
        return WIRE_MALFORMED;
    }
    const uint8_t *nul = data.size ? memchr(data.data, 0, data.size) : NULL;
    size_t address_size = nul ? (size_t)(nul - data.data) : data.size;
    *address = view_of(data.data, address_size);
    *descriptor = nul ? view_of(nul + 1, data.size - address_size - 1) : view_of(NULL, 0);
    return address_size ? WIRE_DECODED : WIRE_MALFORMED;
}
