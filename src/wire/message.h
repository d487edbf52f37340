/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that requests and replies share: message types, and the field versions at which layouts change. Inner header of the wire floor. */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include "wire/cursor.h"

enum wire_message {
    WIRE_MESSAGE_FUNCTION = 3,
    WIRE_MESSAGE_END = 4,
    WIRE_MESSAGE_ROW_HEADER = 6,
    WIRE_MESSAGE_ROW = 7,
    WIRE_MESSAGE_PARAMETERS = 8,
    WIRE_MESSAGE_STATUS = 9,
    WIRE_MESSAGE_IO_VECTOR = 11,
    WIRE_MESSAGE_LOB_DATA = 14,
    WIRE_MESSAGE_WARNING = 15,
    WIRE_MESSAGE_DESCRIBE = 16,
    WIRE_MESSAGE_PIGGYBACK = 17,
    WIRE_MESSAGE_FLUSH_OUT_BINDS = 19,
    WIRE_MESSAGE_BIT_VECTOR = 21,
    WIRE_MESSAGE_SERVER_PIGGYBACK = 23,
    WIRE_MESSAGE_ONE_WAY = 26,
    WIRE_MESSAGE_IMPLICIT_RESULT = 27,
    WIRE_MESSAGE_END_OF_RESPONSE = 29,
    WIRE_MESSAGE_TOKEN = 33,
};

/* The first field version that has ... */
enum {
    WIRE_FIELD_REGISTRATION = 4,
    WIRE_FIELD_BATCH_ERRORS = 4,
    WIRE_FIELD_LOB_ARRAYS = 4,
    WIRE_FIELD_BLV = 5,
    WIRE_FIELD_QUERY_CACHE = 5,
    WIRE_FIELD_USER_TYPES = 6,
    WIRE_FIELD_ROW_COUNTS = 7,
    WIRE_FIELD_SIGNATURE = 8,
    WIRE_FIELD_CHUNK_IDS = 9,
    WIRE_FIELD_VERSION_FORMAT = 11,
    WIRE_FIELD_CHECKSUM = 14,
    WIRE_FIELD_DOMAINS = 17,
    WIRE_FIELD_TOKEN = 18,
    WIRE_FIELD_ANNOTATIONS = 20,
    WIRE_FIELD_VECTORS = 24,
};

enum { WIRE_CALL_TRANSACTION = 2 };

static inline bool wire_type_is_long(uint8_t type)
{
    return type == WIRE_TYPE_LONG || type == WIRE_TYPE_LONG_RAW || type == WIRE_TYPE_LONG_VARCHAR || type == WIRE_TYPE_LONG_VARRAW;
}
static inline bool wire_type_is_cursor(uint8_t type)
{
    return type == WIRE_TYPE_CURSOR || type == WIRE_TYPE_RESULT_SET;
}
/* Whose bytes the database itself keeps: BFILE is only a locator, of a file on the server's machine. */
static inline bool wire_type_is_stored_lob(uint8_t type)
{
    return type == WIRE_TYPE_CLOB || type == WIRE_TYPE_BLOB;
}
/* Sent as a locator with a length of its own; JSON and VECTOR too, with their image before it. */
static inline bool wire_type_is_lob(uint8_t type)
{
    return wire_type_is_stored_lob(type) || type == WIRE_TYPE_BFILE;
}
static inline bool wire_type_is_image(uint8_t type)
{
    return type == WIRE_TYPE_JSON || type == WIRE_TYPE_VECTOR;
}
/* Whether an end of call has the statement type and checksum of 20c. Not every client of that version gets them: those seen that do
 * announce 11 or more as their highest function, the one that does not (go-ora v3) 10. */
static inline bool wire_end_has_checksum(const struct wire_session *session)
{
    enum { HIGHEST_FUNCTION = 34, HIGHEST_FUNCTION_MIN = 11 };
    bool told = session->client_compile_size > HIGHEST_FUNCTION;
    return session->field_version >= WIRE_FIELD_CHECKSUM && (!told || session->client_compile[HIGHEST_FUNCTION] >= HIGHEST_FUNCTION_MIN);
}
static inline uint32_t wire_string_limit(const struct wire_session *session)
{
    return session->strings_32k ? 32767 : 4000;
}

#endif
