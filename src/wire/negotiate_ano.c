/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Native network services (encryption, integrity, authentication adapters): recognised and declined.
 *
 *   u32 DEADBEEF | u16 total length | u32 version | u16 number of services | u8 error flag
 *   service:    u16 id | u16 number of fields | u32 error
 *   field:      u16 length | u16 type | bytes
 */
#include "wire/negotiate_ano.h"

#include "base/reader.h"

enum { ANO_MAGIC_SIZE = 4, ANO_HEADER_SIZE = 13, SERVER_NUMBER = 0x13000000 };
enum { SERVICE_AUTHENTICATION = 1, SERVICE_ENCRYPTION = 2, SERVICE_INTEGRITY = 3, SERVICE_SUPERVISOR = 4 };
enum { FIELD_RAW = 1, FIELD_UB1 = 2, FIELD_VERSION = 5, FIELD_STATUS = 6 };

static const uint8_t magic[ANO_MAGIC_SIZE] = {0xde, 0xad, 0xbe, 0xef};

bool wire_ano_is_request(struct view payload)
{
    return payload.size >= ANO_MAGIC_SIZE && memcmp(payload.data, magic, ANO_MAGIC_SIZE) == 0;
}

enum wire_status wire_ano_measure(struct view payload, size_t *used)
{
    size_t known = payload.size < ANO_MAGIC_SIZE ? payload.size : ANO_MAGIC_SIZE;
    if (known && memcmp(payload.data, magic, known) != 0) return WIRE_MALFORMED;
    struct reader r = reader_of(payload);
    reader_skip(&r, ANO_MAGIC_SIZE);
    size_t size = reader_u16(&r);
    if (!reader_ok(&r)) return WIRE_NEED_MORE;
    if (size < ANO_HEADER_SIZE) return WIRE_MALFORMED;
    if (size > payload.size) return WIRE_NEED_MORE;
    *used = size;
    return WIRE_DECODED;
}

/* Whether a field of the encryption or of the integrity service matches: their list in a request, their choice in a reply. */
static bool any_service(struct view message, bool (*matches)(unsigned type, struct view field))
{
    struct reader r = reader_of(message);
    reader_skip(&r, 10);
    unsigned services = reader_u16(&r);
    reader_skip(&r, 1);
    bool found = false;
    while (services-- && reader_ok(&r)) {
        unsigned id = reader_u16(&r), fields = reader_u16(&r);
        reader_skip(&r, 4);
        while (fields-- && reader_ok(&r)) {
            size_t size = reader_u16(&r);
            unsigned type = reader_u16(&r);
            struct view field = reader_bytes(&r, size);
            if (reader_ok(&r) && (id == SERVICE_ENCRYPTION || id == SERVICE_INTEGRITY) && matches(type, field)) found = true;
        }
    }
    return found;
}

static bool lacks_none(unsigned type, struct view field)
{
    return type == FIELD_RAW && field.size && !memchr(field.data, 0, field.size);
}

bool wire_ano_encryption_required(struct view request)
{
    return any_service(request, lacks_none);
}

static bool chooses(unsigned type, struct view field)
{
    return type == FIELD_UB1 && field.size == 1 && field.data[0] != 0;
}

bool wire_ano_is_active(struct view reply)
{
    return any_service(reply, chooses);
}

/* ---- the reply that declines ---- */

static void write_service(struct buffer *out, uint16_t id, uint16_t fields)
{
    buffer_u16(out, id);
    buffer_u16(out, fields);
    buffer_u32(out, 0);
    buffer_u16(out, 4);
    buffer_u16(out, FIELD_VERSION);
    buffer_u32(out, SERVER_NUMBER);
}

static void write_field(struct buffer *out, uint16_t type, uint16_t size)
{
    buffer_u16(out, size);
    buffer_u16(out, type);
}

void wire_ano_write_decline(struct buffer *out)
{
    size_t start = buffer_size(out);
    buffer_append(out, magic, ANO_MAGIC_SIZE);
    buffer_u16(out, 0);
    buffer_u32(out, SERVER_NUMBER);
    buffer_u16(out, 4);
    buffer_u8(out, 0);

    /* The supervisor lists the services that stay: only itself and authentication. JDBC refuses a list that names the others. */
    write_service(out, SERVICE_SUPERVISOR, 3);
    write_field(out, FIELD_STATUS, 2);
    buffer_u16(out, 0x001f);
    write_field(out, FIELD_RAW, 14);
    buffer_append(out, magic, ANO_MAGIC_SIZE);
    buffer_u16(out, 3);
    buffer_u32(out, 2);
    buffer_u16(out, SERVICE_SUPERVISOR);
    buffer_u16(out, SERVICE_AUTHENTICATION);
    write_service(out, SERVICE_AUTHENTICATION, 2);
    write_field(out, FIELD_STATUS, 2);
    buffer_u16(out, 0xfbff);
    for (uint16_t id = SERVICE_ENCRYPTION; id <= SERVICE_INTEGRITY; id++) {
        write_service(out, id, 2);
        write_field(out, FIELD_UB1, 1);
        buffer_u8(out, 0);
    }
    if (!out->failed) buffer_patch_u16(out, start + ANO_MAGIC_SIZE, (uint16_t)(buffer_size(out) - start));
}
