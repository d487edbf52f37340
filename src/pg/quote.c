/* SPDX-License-Identifier: Apache-2.0 */
/* Quoting of names and literals in SQL text. */
#include "pg/connection.h"

static void quoted(struct buffer *out, struct view text, char quote)
{
    buffer_u8(out, (uint8_t)quote);
    size_t from = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != (uint8_t)quote) continue;
        buffer_append(out, text.data + from, i + 1 - from);
        from = i; /* the quote again */
    }
    if (text.size > from) buffer_append(out, text.data + from, text.size - from);
    buffer_u8(out, (uint8_t)quote);
}

void pg_quote_identifier(struct buffer *out, const char *name)
{
    quoted(out, view_text(name), '"');
}

void pg_quote_literal(struct buffer *out, struct view text)
{
    if (text.size && memchr(text.data, '\\', text.size)) {
        /* The E form says the same whatever standard_conforming_strings is. */
        buffer_append_text(out, " E'");
        for (size_t i = 0; i < text.size; i++) {
            if (text.data[i] == '\\' || text.data[i] == '\'') buffer_u8(out, text.data[i]);
            buffer_u8(out, text.data[i]);
        }
        buffer_u8(out, '\'');
        return;
    }
    quoted(out, text, '\'');
}
