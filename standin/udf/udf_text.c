/* SPDX-License-Identifier: Apache-2.0 */
/* Text, RAW and ROWID functions, and those that only raise or count. Text is UTF-8. */
#include "standin/udf/udf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static size_t character_size(const char *text, size_t left)
{
    size_t size = 1;
    while (size < left && ((unsigned char)text[size] & 0xC0) == 0x80) size++;
    return size;
}

UDF_STRING(ora_initcap, 1, 1)
{
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return NULL;
    }
    size_t size = arguments->lengths[0];
    char *room = udf_room(init, size + 1);
    bool start = true;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)arguments->args[0][i];
        room[i] = (char)(start ? toupper(c) : tolower(c));
        start = c < 0x80 && !isalnum(c);
    }
    *length = size;
    return room;
}

/* The place of one character in a set, counted in characters; -1: not there. */
static long place_of(const char *character, size_t size, const char *set, size_t set_size)
{
    long place = 0;
    for (size_t at = 0; at < set_size; place++) {
        size_t one = character_size(set + at, set_size - at);
        if (one == size && memcmp(set + at, character, size) == 0) return place;
        at += one;
    }
    return -1;
}

UDF_STRING(ora_translate, 3, 3)
{
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return NULL;
    }
    size_t size = arguments->lengths[0], out = 0;
    char *room = udf_room(init, size * 4 + 1);
    for (size_t at = 0; at < size;) {
        const char *character = arguments->args[0] + at;
        size_t one = character_size(character, size - at);
        long place = place_of(character, one, arguments->args[1], arguments->lengths[1]);
        at += one;
        if (place < 0) {
            memcpy(room + out, character, one);
            out += one;
            continue;
        }
        const char *to = arguments->args[2];
        size_t left = arguments->lengths[2];
        for (; place > 0 && left; place--) {
            size_t skip = character_size(to, left);
            to += skip;
            left -= skip;
        }
        if (!left) continue; /* no counterpart: the character goes */
        size_t put = character_size(to, left);
        memcpy(room + out, to, put);
        out += put;
    }
    *length = out;
    if (!out) *is_null = 1;
    return room;
}

/* ora_trim_set(text, set, side): side 1 left, 2 right. */
UDF_STRING(ora_trim_set, 3, 3)
{
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return NULL;
    }
    const char *text = arguments->args[0], *set = arguments->args[1];
    size_t size = arguments->lengths[0], set_size = arguments->lengths[1];
    bool left = arguments->args[2][0] == '1';
    while (left && size) {
        size_t one = character_size(text, size);
        if (place_of(text, one, set, set_size) < 0) break;
        text += one;
        size -= one;
    }
    while (!left && size) {
        size_t last = size - 1;
        while (last && ((unsigned char)text[last] & 0xC0) == 0x80) last--;
        if (place_of(text + last, size - last, set, set_size) < 0) break;
        size = last;
    }
    char *room = udf_room(init, size + 1);
    memcpy(room, text, size);
    *length = size;
    if (!size) *is_null = 1;
    return room;
}

/* ora_instr(text, part, position, occurrence), all counted in characters. */
UDF_INTEGER(ora_instr, 4, 4)
{
    UDF_UNUSED;
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return 0;
    }
    const char *text = arguments->args[0], *part = arguments->args[1];
    size_t size = arguments->lengths[0], part_size = arguments->lengths[1];
    long position = udf_integer(arguments, 2), occurrence = udf_integer(arguments, 3), characters = 0, found = 0, best = 0;
    if (occurrence < 1) {
        udf_fail(is_null, 1428, "argument out of range");
        return 0;
    }
    for (size_t at = 0; at < size; at += character_size(text + at, size - at)) characters++;
    if (position == 0 || part_size == 0) return 0;
    long start = position > 0 ? position : characters + position + 1, index = 0;
    long total = 0;
    for (size_t at = 0; position < 0 && at + part_size <= size; at += character_size(text + at, size - at)) {
        if (++index <= start && memcmp(text + at, part, part_size) == 0) total++;
    }
    index = 0;
    for (size_t at = 0; at + part_size <= size; at += character_size(text + at, size - at)) {
        index++;
        if ((position > 0 ? index < start : index > start) || memcmp(text + at, part, part_size) != 0) continue;
        found++;
        if (found == (position > 0 ? occurrence : total - occurrence + 1)) best = index;
    }
    return best;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)toupper((unsigned char)c);
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

UDF_STRING(ora_hex_to_raw, 1, 1)
{
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return NULL;
    }
    size_t size = arguments->lengths[0], odd = size % 2;
    char *room = udf_room(init, size / 2 + 2);
    memset(room, 0, size / 2 + 2);
    for (size_t i = 0; i < size; i++) {
        int digit = hex_digit(arguments->args[0][i]);
        if (digit < 0) return udf_fail(is_null, 1465, "invalid hex number");
        size_t at = (i + odd) / 2;
        room[at] = (char)((unsigned char)room[at] << 4 | digit);
    }
    *length = (size + odd) / 2;
    return room;
}

/* ---- ROWID: 6 characters of object, 3 of file, 6 of block, 3 of slot ---- */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
enum { ROWID_SIZE = 18, ROWID_FILE = 4, SLOT_BITS = 7 };

static void put_digits(char *out, int count, uint64_t value)
{
    for (int i = count; i-- > 0; value >>= 6) out[i] = base64[value & 63];
}

static bool take_digits(const char *text, int count, uint64_t *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        const char *at = text[i] ? strchr(base64, text[i]) : NULL;
        if (!at) return false;
        *value = *value << 6 | (uint64_t)(at - base64);
    }
    return true;
}

UDF_STRING(ora_rowid_text, 2, 2)
{
    UDF_UNUSED;
    (void)init;
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return NULL;
    }
    uint64_t object = udf_integer(arguments, 0), row = udf_integer(arguments, 1);
    put_digits(result, 6, object);
    put_digits(result + 6, 3, ROWID_FILE);
    put_digits(result + 9, 6, row >> SLOT_BITS);
    put_digits(result + 15, 3, row & ((1 << SLOT_BITS) - 1));
    *length = ROWID_SIZE;
    return result;
}

UDF_INTEGER(ora_rowid_number, 2, 2)
{
    uint64_t object, file, block, slot;
    UDF_UNUSED;
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return 0;
    }
    const char *text = arguments->args[1];
    bool good = arguments->lengths[1] == ROWID_SIZE && take_digits(text, 6, &object) && take_digits(text + 6, 3, &file) &&
                take_digits(text + 9, 6, &block) && take_digits(text + 15, 3, &slot);
    if (!good || object != (uint64_t)udf_integer(arguments, 0)) {
        udf_fail(is_null, 1410, "invalid ROWID");
        return 0;
    }
    return (long long)(block << SLOT_BITS | slot);
}

/* ---- others ---- */

UDF_INTEGER(ora_raise, 2, 2)
{
    char text[300];
    UDF_UNUSED;
    udf_copy(arguments, 1, text, sizeof text);
    udf_fail(is_null, (int)udf_integer(arguments, 0), text);
    return 0;
}

UDF_INTEGER(ora_scn, 0, 0)
{
    struct timespec now;
    UDF_UNUSED;
    (void)is_null;
    clock_gettime(CLOCK_REALTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
