/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of OCI with numbers of fixed width, put together field by field by the layouts of docs/protocol.md section 15; nothing of the decoder takes part in that.
 */
#ifndef TESTS_SUPPORT_OCI_MESSAGES_H
#define TESTS_SUPPORT_OCI_MESSAGES_H

#include "base/buffer.h"

#include <string.h>

static inline void oci_put(struct buffer *out, uint64_t n, unsigned size)
{
    for (unsigned i = 0; i < size; i++, n >>= 8) buffer_u8(out, (uint8_t)n);
}

static inline void oci_pointer(struct buffer *out, bool there)
{
    oci_put(out, there ? 0xfffffffffffffffeu : 0, 8);
}

static inline void oci_text(struct buffer *out, const char *bytes)
{
    buffer_u8(out, (uint8_t)strlen(bytes));
    buffer_append(out, bytes, strlen(bytes));
}

static inline void oci_counted(struct buffer *out, bool there, uint32_t count)
{
    oci_pointer(out, there);
    oci_put(out, count, 4);
}

static inline void oci_zeros(struct buffer *out, size_t count)
{
    while (count--) buffer_u8(out, 0);
}

/* A message's beginning: from field version 18 on with a token, a universal number. */
static inline void oci_begin(struct buffer *out, uint8_t message, uint8_t function, uint8_t sequence, uint8_t version)
{
    buffer_u8(out, message);
    buffer_u8(out, function);
    buffer_u8(out, sequence);
    if (version >= 18) oci_put(out, 0x0501, 2);
}

struct oci_execute {
    const char *sql; /* NULL: none */
    uint32_t options, cursor, binds;
};

static inline void oci_write_execute(struct buffer *out, const struct oci_execute *shape, uint8_t version)
{
    oci_begin(out, 3, 94, 7, version);
    oci_put(out, shape->options, 4);
    oci_put(out, shape->cursor, 4);
    oci_counted(out, shape->sql,
                shape->sql ? 3 * (uint32_t)strlen(shape->sql) : 0); /* three bytes a character, as a client of one-byte text says it */
    oci_counted(out, true, 13);
    oci_pointer(out, true);
    oci_pointer(out, true);
    oci_put(out, 0, 4); /* prefetched bytes, rows, longest LONG */
    oci_put(out, 1, 4);
    oci_put(out, 0, 4);
    oci_counted(out, shape->binds, shape->binds);
    for (int i = 0; i < 5; i++) oci_pointer(out, i & 1);
    oci_counted(out, true, 0);
    oci_put(out, 0, 4);
    oci_pointer(out, true);
    oci_pointer(out, true);
    oci_counted(out, false, 0);
    oci_counted(out, false, 0);
    oci_put(out, 0, 4);
    oci_counted(out, false, 0); /* row counts */
    oci_pointer(out, false);
    if (version >= 8) {
        oci_counted(out, false, 0);
        oci_counted(out, false, 0);
        oci_pointer(out, false);
    }
    if (version >= 9) oci_counted(out, false, 0);
    if (shape->sql) oci_text(out, shape->sql);
    for (int i = 0; i < 13; i++) oci_put(out, i == 0 && shape->sql ? 1 : 0, 4);
}

static inline void oci_write_end(struct buffer *out, uint16_t first_error, uint32_t error, uint16_t cursor, uint64_t rows, uint8_t version)
{
    buffer_u8(out, 4);
    oci_put(out, 1, 4);    /* call status */
    oci_put(out, 0x42, 2); /* sequence */
    oci_put(out, (uint32_t)rows, 4);
    oci_put(out, first_error, 2);
    oci_put(out, 0, 4);
    oci_put(out, cursor, 2);
    oci_put(out, 0xfff0, 2); /* position: signed */
    buffer_u8(out, 3);       /* kind of statement */
    oci_zeros(out, 5);
    oci_put(out, 0x11d4e, 4); /* rowid */
    oci_put(out, 4, 2);
    oci_zeros(out, 1);
    oci_put(out, 0x8fc2, 4);
    oci_put(out, 58, 2);
    oci_zeros(out, 4 + 2);
    oci_put(out, 0, 2);
    oci_put(out, 1, 4);
    oci_put(out, 0, 2); /* no logical rowid */
    oci_zeros(out, 12); /* no batch */
    oci_put(out, error, 4);
    if (rows < 0x100) {
        oci_put(out, rows ? 0x0001 | rows << 8 : 0, rows ? 2 : 1);
    } else {
        buffer_u8(out, 2);
        buffer_u8(out, (uint8_t)(rows >> 8));
        buffer_u8(out, (uint8_t)rows);
    }
    if (version >= 14) oci_put(out, 3, 8);
    if (error) oci_text(out, "ORA-01403: no data found\n");
}

static inline void oci_write_describe(struct buffer *out, uint8_t version)
{
    buffer_u8(out, 16);
    oci_put(out, 3, 4);
    oci_zeros(out, 3);
    oci_put(out, 22, 4); /* size of a row, columns */
    oci_put(out, 1, 4);
    buffer_u8(out, 0x82);
    buffer_append(out, "\2\0\0\x81", 4); /* NUMBER, scale -127 */
    oci_put(out, 22, 4);
    oci_put(out, 0, 4);
    oci_zeros(out, 1);  /* flags: a 64-bit number */
    oci_put(out, 0, 4); /* no type id */
    oci_put(out, 0, 2 + 2);
    oci_zeros(out, 1);
    oci_put(out, 0, 4);
    if (version >= 8) oci_put(out, 0, 4);
    buffer_append(out, "\1\1", 2);
    oci_put(out, 1, 4);
    oci_text(out, "N");
    oci_put(out, 0, 8);
    oci_put(out, 0, 2);
    oci_put(out, 0, 4);
    if (version >= 17) oci_put(out, 0, 8);
    if (version >= 20) oci_put(out, 0, 4);
    oci_put(out, 0, 4); /* no time */
    for (int i = 0; i < 4; i++) oci_put(out, i, 4);
    oci_put(out, 0, 4);
}

static inline void oci_write_row(struct buffer *out)
{
    buffer_append(out, "\6\x22\1\0", 4);
    oci_put(out, 0, 4);
    oci_put(out, 1, 4);
    oci_put(out, 0, 2);
    oci_put(out, 0, 8);
    buffer_append(out, "\7\2\xc1\2", 4);
}

static inline void oci_write_parameters(struct buffer *out, uint32_t cursor)
{
    buffer_u8(out, 8);
    oci_put(out, 6, 2);
    for (uint32_t i = 0; i < 6; i++) oci_put(out, i == 2 ? cursor : 0, 4);
    oci_put(out, 0, 8);
}

#endif
