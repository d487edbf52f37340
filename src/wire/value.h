/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TTC scalar bytes <-> neutral values (docs/protocol.md 11.2). Pure. Malformed bytes become VALUE_UNSUPPORTED, never a guess.
 */
#ifndef WIRE_VALUE_H
#define WIRE_VALUE_H

#include "base/value.h"
#include "wire/cursor.h"

/* `raw` without CLR framing. TIMESTAMP WITH LOCAL TIME ZONE needs session->database_zone_known. Text of form 2 is UTF-16BE; of form 1 the client charset (UTF-8; other single-byte charsets are converted). */
struct value wire_value_decode(const struct wire_session *session, uint8_t type, uint8_t form, struct view raw, struct arena *arena);
/* Appends the CLR-framed value as `type` wants it (text to NUMBER and the like are converted where exact). False: cannot be said in that
 * type; nothing is appended then. UROWID is written as a column's DALC, ROWID as its text. */
bool wire_value_encode(const struct wire_session *session, uint8_t type, uint8_t form, const struct value *value, struct buffer *out)
    __attribute__((warn_unused_result));
/* The bind descriptor and raw bytes for a value (client half): what python-oracledb would send for it. oac->type 0: the value has
 * no wire form (VALUE_UNSUPPORTED, an interval or year beyond Oracle's range) and must not be sent. */
void wire_value_to_bind(const struct wire_session *session, const struct value *value, struct arena *arena, struct wire_oac *oac,
                        struct view *raw, bool *null);
size_t wire_rowid_to_text(uint32_t object, uint16_t file, uint32_t block, uint16_t slot, char out[19]); /* 18 characters */
/* Bytes of a ROWID or (`universal`) UROWID value, or the text itself, as text. Empty: neither, or no room in the arena. */
struct view wire_rowid_text(struct view raw, bool universal, struct arena *arena);
bool wire_rowid_from_text(struct view text, uint32_t *object, uint16_t *file, uint32_t *block, uint16_t *slot);
size_t wire_utf8_to_utf16be(struct view utf8, struct buffer *out); /* code units written; malformed input becomes U+FFFD */
struct view wire_utf16be_to_utf8(struct view utf16, struct arena *arena);

#endif
