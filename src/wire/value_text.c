/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Character sets of values. A client charset of UTF-8 is the rule (every thin driver asks for it), so that is a check without
 * a copy; the others are met with servers and drivers that keep a single-byte database charset on the wire.
 */
#include "wire/value_text.h"

#include "wire/cursor.h"
#include "wire/value.h"

enum { REPLACEMENT = 0xFFFD, NO_CHARACTER = 0xFFFFFFFF, CHARACTER_MAX = 0x10FFFF };

/* ---- UTF-8 ---- */

/* One character at *at, which moves past it; NO_CHARACTER for malformed bytes, of which one is passed. */
static uint32_t utf8_next(struct view text, size_t *at)
{
    uint8_t first = text.data[*at];
    if (first < 0x80) {
        (*at)++;
        return first;
    }
    unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    if (first < 0xC2 || first > 0xF4 || text.size - *at <= more) {
        (*at)++;
        return NO_CHARACTER;
    }
    uint32_t c = first & (0x3F >> more);
    for (unsigned i = 1; i <= more; i++) {
        uint8_t next = text.data[*at + i];
        if ((next & 0xC0) != 0x80) {
            (*at)++;
            return NO_CHARACTER;
        }
        c = c << 6 | (next & 0x3F);
    }
    if (c < smallest[more] || c > CHARACTER_MAX || (c >= 0xD800 && c <= 0xDFFF)) {
        (*at)++;
        return NO_CHARACTER;
    }
    *at += more + 1;
    return c;
}

static size_t utf8_put(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xC0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (c & 0x3F));
    return 4;
}

static size_t ascii_prefix(struct view text)
{
    size_t at = 0;
    for (uint64_t word; at + sizeof word <= text.size; at += sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        if (word & 0x8080808080808080u) break;
    }
    while (at < text.size && text.data[at] < 0x80) at++;
    return at;
}

bool wire_text_is_utf8(struct view text)
{
    for (size_t at = ascii_prefix(text); at < text.size;)
        if (utf8_next(text, &at) == NO_CHARACTER) return false;
    return true;
}

/* ---- single-byte charsets: what differs from ISO 8859-1 ---- */

struct substitution {
    uint8_t byte;
    uint16_t character;
};
static const struct substitution latin9[] = {
    {0xA4, 0x20AC}, {0xA6, 0x0160}, {0xA8, 0x0161}, {0xB4, 0x017D}, {0xB8, 0x017E}, {0xBC, 0x0152}, {0xBD, 0x0153}, {0xBE, 0x0178},
};
static const struct substitution windows1252[] = {
    {0x80, 0x20AC}, {0x82, 0x201A}, {0x83, 0x0192}, {0x84, 0x201E}, {0x85, 0x2026}, {0x86, 0x2020}, {0x87, 0x2021},
    {0x88, 0x02C6}, {0x89, 0x2030}, {0x8A, 0x0160}, {0x8B, 0x2039}, {0x8C, 0x0152}, {0x8E, 0x017D}, {0x91, 0x2018},
    {0x92, 0x2019}, {0x93, 0x201C}, {0x94, 0x201D}, {0x95, 0x2022}, {0x96, 0x2013}, {0x97, 0x2014}, {0x98, 0x02DC},
    {0x99, 0x2122}, {0x9A, 0x0161}, {0x9B, 0x203A}, {0x9C, 0x0153}, {0x9E, 0x017E}, {0x9F, 0x0178},
};
static const struct single_byte {
    uint16_t charset;
    uint8_t last; /* bytes above it are no characters */
    bool no_c1;   /* 0x80 .. 0x9F are characters only if substituted */
    const struct substitution *substitutions;
    size_t count;
} single_bytes[] = {
    {WIRE_CHARSET_ASCII, 0x7F, false, NULL, 0},
    {WIRE_CHARSET_LATIN1, 0xFF, false, NULL, 0},
    {WIRE_CHARSET_LATIN9, 0xFF, false, latin9, sizeof latin9 / sizeof *latin9},
    {WIRE_CHARSET_WINDOWS1252, 0xFF, true, windows1252, sizeof windows1252 / sizeof *windows1252},
};

static const struct single_byte *single_byte_find(uint16_t charset)
{
    for (size_t i = 0; i < sizeof single_bytes / sizeof *single_bytes; i++)
        if (single_bytes[i].charset == charset) return &single_bytes[i];
    return NULL;
}

static uint32_t single_byte_character(const struct single_byte *set, uint8_t byte)
{
    if (byte > set->last) return NO_CHARACTER;
    for (size_t i = 0; i < set->count; i++)
        if (set->substitutions[i].byte == byte) return set->substitutions[i].character;
    return set->no_c1 && byte >= 0x80 && byte <= 0x9F ? NO_CHARACTER : byte;
}

/* -1: the charset does not have it. */
static int single_byte_of(const struct single_byte *set, uint32_t c)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->substitutions[i].character == c) return set->substitutions[i].byte;
    return c <= set->last && single_byte_character(set, (uint8_t)c) == c ? (int)c : -1;
}

static bool single_byte_decode(const struct single_byte *set, struct view raw, struct arena *arena, struct view *utf8)
{
    uint8_t *out = arena_try(arena, raw.size * 3);
    size_t filled = 0;
    if (!out) return false;
    for (size_t i = 0; i < raw.size; i++) {
        uint32_t c = single_byte_character(set, raw.data[i]);
        if (c == NO_CHARACTER) return false;
        filled += utf8_put(out + filled, c);
    }
    *utf8 = view_of(out, filled);
    return true;
}

/* ---- UTF-16BE, and surrogates inside UTF-8 ---- */

static bool is_high(uint32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}
static bool is_low(uint32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}
static uint32_t pair_join(uint32_t high, uint32_t low)
{
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

/* Lone surrogates and a half unit at the end: with `strict` a failure, else U+FFFD. */
static bool utf16_decode(struct view raw, struct arena *arena, bool strict, struct view *utf8)
{
    uint8_t *out = arena_try(arena, raw.size / 2 * 3 + 3);
    size_t filled = 0, at = 0;
    if (!out) return false;
    while (at + 2 <= raw.size) {
        uint32_t c = (uint32_t)raw.data[at] << 8 | raw.data[at + 1];
        at += 2;
        uint32_t next = at + 2 <= raw.size ? (uint32_t)raw.data[at] << 8 | raw.data[at + 1] : 0;
        if (is_high(c) && is_low(next)) {
            c = pair_join(c, next);
            at += 2;
        } else if (is_high(c) || is_low(c)) {
            if (strict) return false;
            c = REPLACEMENT;
        }
        filled += utf8_put(out + filled, c);
    }
    if (at < raw.size) {
        if (strict) return false;
        filled += utf8_put(out + filled, REPLACEMENT);
    }
    *utf8 = view_of(out, filled);
    return true;
}

static bool three_bytes(struct view raw, size_t at, uint32_t *unit)
{
    if (raw.size - at < 3 || (raw.data[at] & 0xF0) != 0xE0 || (raw.data[at + 1] & 0xC0) != 0x80 || (raw.data[at + 2] & 0xC0) != 0x80)
        return false;
    *unit = (raw.data[at] & 0x0Fu) << 12 | (raw.data[at + 1] & 0x3Fu) << 6 | (raw.data[at + 2] & 0x3Fu);
    return true;
}

static bool cesu8_decode(struct view raw, struct arena *arena, struct view *utf8)
{
    if (wire_text_is_utf8(raw)) {
        *utf8 = raw;
        return true;
    }
    uint8_t *out = arena_try(arena, raw.size);
    size_t filled = 0, at = 0;
    if (!out) return false;
    while (at < raw.size) {
        uint32_t high, low, c;
        if (three_bytes(raw, at, &high) && is_high(high) && three_bytes(raw, at + 3, &low) && is_low(low)) {
            c = pair_join(high, low);
            at += 6;
        } else if ((c = utf8_next(raw, &at)) == NO_CHARACTER) {
            return false;
        }
        filled += utf8_put(out + filled, c);
    }
    *utf8 = view_of(out, filled);
    return true;
}

size_t wire_utf8_to_utf16be(struct view utf8, struct buffer *out)
{
    size_t units = 0;
    for (size_t at = 0; at < utf8.size;) {
        uint32_t c = utf8_next(utf8, &at);
        if (c == NO_CHARACTER) c = REPLACEMENT;
        if (c >= 0x10000) {
            buffer_u16(out, (uint16_t)(0xD800 + ((c - 0x10000) >> 10)));
            buffer_u16(out, (uint16_t)(0xDC00 + ((c - 0x10000) & 0x3FF)));
            units += 2;
        } else {
            buffer_u16(out, (uint16_t)c);
            units++;
        }
    }
    return units;
}

struct view wire_utf16be_to_utf8(struct view utf16, struct arena *arena)
{
    struct view utf8;
    return utf16_decode(utf16, arena, false, &utf8) ? utf8 : view_of(NULL, 0);
}

/* ---- by charset ---- */

uint16_t wire_text_charset(const struct wire_session *session, uint8_t form)
{
    if (form == WIRE_FORM_NATIONAL) return session->national_charset ? session->national_charset : WIRE_CHARSET_UTF16;
    return session->client_charset ? session->client_charset : WIRE_CHARSET_UTF8;
}

bool wire_text_decode(uint16_t charset, struct view raw, struct arena *arena, struct view *utf8)
{
    if (charset == WIRE_CHARSET_UTF8) {
        *utf8 = raw;
        return wire_text_is_utf8(raw);
    }
    if (charset == WIRE_CHARSET_UTF16) return utf16_decode(raw, arena, true, utf8);
    if (charset == WIRE_CHARSET_CESU8) return cesu8_decode(raw, arena, utf8);
    const struct single_byte *set = single_byte_find(charset);
    if (!set) return false;
    if (ascii_prefix(raw) == raw.size) {
        *utf8 = raw;
        return true;
    }
    return single_byte_decode(set, raw, arena, utf8);
}

static bool cesu8_encode(struct view utf8, struct buffer *out)
{
    for (size_t at = 0; at < utf8.size;) {
        uint32_t c = utf8_next(utf8, &at);
        uint8_t bytes[6];
        size_t size;
        if (c >= 0x10000) {
            size = utf8_put(bytes, 0xD800 + ((c - 0x10000) >> 10));
            size += utf8_put(bytes + size, 0xDC00 + ((c - 0x10000) & 0x3FF));
        } else {
            size = utf8_put(bytes, c);
        }
        buffer_append(out, bytes, size);
    }
    return true;
}

bool wire_text_encode(uint16_t charset, struct view utf8, struct buffer *out)
{
    if (!wire_text_is_utf8(utf8)) return false;
    if (charset == WIRE_CHARSET_UTF16) {
        (void)wire_utf8_to_utf16be(utf8, out);
        return true;
    }
    if (charset == WIRE_CHARSET_CESU8) return cesu8_encode(utf8, out);
    const struct single_byte *set = single_byte_find(charset);
    if (!set && charset != WIRE_CHARSET_UTF8) return false;
    if (set) {
        for (size_t at = 0; at < utf8.size;)
            if (single_byte_of(set, utf8_next(utf8, &at)) < 0) return false;
        for (size_t at = 0; at < utf8.size;) buffer_u8(out, (uint8_t)single_byte_of(set, utf8_next(utf8, &at)));
        return true;
    }
    buffer_append_view(out, utf8);
    return true;
}
