/* SPDX-License-Identifier: Apache-2.0 */
/* Character sets of values: what a connection's text bytes are, as UTF-8, and back. Inner header of value*.c. Pure. */
#ifndef WIRE_VALUE_TEXT_H
#define WIRE_VALUE_TEXT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "wire/session.h"

enum wire_charset {
    WIRE_CHARSET_ASCII = 1,
    WIRE_CHARSET_LATIN1 = 31,
    WIRE_CHARSET_LATIN9 = 46,
    WIRE_CHARSET_WINDOWS1252 = 178,
    WIRE_CHARSET_CESU8 = 871, /* Oracle's "UTF8": surrogate pairs as two three-byte sequences */
    WIRE_CHARSET_UTF8 = 873,
    WIRE_CHARSET_UTF16 = 2000,
};

/* The charset of text of `form` on this connection (WIRE_FORM_*); what was not negotiated counts as AL32UTF8 / AL16UTF16. */
uint16_t wire_text_charset(const struct wire_session *session, uint8_t form);
/* False: not text of that charset, or a charset that is not known here, or no room in the arena. UTF-8 is checked, not copied. */
bool wire_text_decode(uint16_t charset, struct view raw, struct arena *arena, struct view *utf8);
/* Appends `utf8` in that charset. False (and `out` as before): a character that the charset does not have, or malformed UTF-8. */
bool wire_text_encode(uint16_t charset, struct view utf8, struct buffer *out);
bool wire_text_is_utf8(struct view text);

#endif
