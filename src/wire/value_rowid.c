/* SPDX-License-Identifier: Apache-2.0 */
/* ROWIDs: the four numbers of a physical one, the bytes of a universal one, and the texts that clients see. */
#include "wire/value.h"

#include "wire/value_text.h"

enum { ROWID_TEXT_SIZE = 18, ROWID_BYTES = 13, LOGICAL_TEXT_MAX = 5267, KIND_PHYSICAL = 1, KIND_LOGICAL = 2 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *put_digits(char *at, uint64_t number, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; number >>= 6) at[i] = alphabet[number & 63];
    return at + digits;
}

static int digit_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool take_digits(struct view text, size_t at, unsigned digits, uint64_t max, uint64_t *out)
{
    *out = 0;
    for (size_t i = at; i < at + digits; i++) {
        int digit = digit_of(text.data[i]);
        if (digit < 0) return false;
        *out = *out << 6 | (unsigned)digit;
    }
    return *out <= max;
}

size_t wire_rowid_to_text(uint32_t object, uint16_t file, uint32_t block, uint16_t slot, char out[19])
{
    char *at = put_digits(out, object, 6);
    at = put_digits(at, file, 3);
    at = put_digits(at, block, 6);
    at = put_digits(at, slot, 3);
    *at = '\0';
    return ROWID_TEXT_SIZE;
}

bool wire_rowid_from_text(struct view text, uint32_t *object, uint16_t *file, uint32_t *block, uint16_t *slot)
{
    uint64_t o, f, b, s;
    if (text.size != ROWID_TEXT_SIZE) return false;
    if (!take_digits(text, 0, 6, UINT32_MAX, &o) || !take_digits(text, 6, 3, UINT16_MAX, &f)) return false;
    if (!take_digits(text, 9, 6, UINT32_MAX, &b) || !take_digits(text, 15, 3, UINT16_MAX, &s)) return false;
    *object = (uint32_t)o;
    *file = (uint16_t)f;
    *block = (uint32_t)b;
    *slot = (uint16_t)s;
    return true;
}

static uint32_t big(const uint8_t *at, size_t size)
{
    uint32_t n = 0;
    for (size_t i = 0; i < size; i++) n = n << 8 | at[i];
    return n;
}

static struct view physical_text(uint32_t object, uint16_t file, uint32_t block, uint16_t slot, struct arena *arena)
{
    char text[ROWID_TEXT_SIZE + 1];
    wire_rowid_to_text(object, file, block, slot, text);
    return arena_copy(arena, view_of(text, ROWID_TEXT_SIZE));
}

/* '*' and the bytes behind the kind byte in base 64, without padding. */
static struct view logical_text(struct view bytes, struct arena *arena)
{
    size_t size = 1 + bytes.size / 3 * 4 + (bytes.size % 3 ? bytes.size % 3 + 1 : 0);
    char *text = arena_try(arena, size);
    if (!text) return view_of(NULL, 0);
    char *at = text;
    *at++ = '*';
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t some = bytes.size - i < 3 ? bytes.size - i : 3;
        uint32_t group = big(bytes.data + i, some) << (24 - 8 * some);
        for (size_t digit = 0; digit <= some; digit++) *at++ = alphabet[group >> (18 - 6 * digit) & 63];
    }
    return view_of(text, size);
}

static bool is_rowid_text(struct view raw)
{
    uint32_t object, block;
    uint16_t file, slot;
    if (raw.size > 1 && raw.size <= LOGICAL_TEXT_MAX && raw.data[0] == '*') return wire_text_is_utf8(raw);
    return wire_rowid_from_text(raw, &object, &file, &block, &slot);
}

/*
 * Three forms are met: the text itself (binds and OUT binds), the 13 bytes that this library makes of a ROWID column
 * (object, file, 0, block, slot), and the bytes of a UROWID with its kind first. The two of 13 bytes differ in where the
 * zero or kind byte stands, which does not tell them apart, so the caller's type decides.
 */
struct view wire_rowid_text(struct view raw, bool universal, struct arena *arena)
{
    if (is_rowid_text(raw)) return raw;
    if (!universal) {
        if (raw.size != ROWID_BYTES) return view_of(NULL, 0);
        return physical_text(big(raw.data, 4), (uint16_t)big(raw.data + 4, 2), big(raw.data + 7, 4), (uint16_t)big(raw.data + 11, 2),
                             arena);
    }
    if (raw.size == ROWID_BYTES && raw.data[0] == KIND_PHYSICAL)
        return physical_text(big(raw.data + 1, 4), (uint16_t)big(raw.data + 5, 2), big(raw.data + 7, 4), (uint16_t)big(raw.data + 11, 2),
                             arena);
    if (raw.size > 1 && raw.data[0] == KIND_LOGICAL) return logical_text(view_of(raw.data + 1, raw.size - 1), arena);
    return view_of(NULL, 0);
}
