/* SPDX-License-Identifier: Apache-2.0 */
/* Commas, escapes and nesting; one bit per depth says what is open and whether it has members. */
#include "base/json.h"

#include "base/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ESCAPED_MAX = 6 /* bytes that one character can become */, CHUNK = 128 };

/* Bytes of the UTF-8 character at the front, 0 if there is none. */
static size_t character_size(struct view v)
{
    uint8_t first = v.data[0];
    size_t size = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (size == 0 || size > v.size) return 0;
    for (size_t i = 1; i < size; i++)
        if ((v.data[i] & 0xC0) != 0x80) return 0;
    if (first == 0xE0 && v.data[1] < 0xA0) return 0; /* longer than needed */
    if (first == 0xED && v.data[1] > 0x9F) return 0; /* half of a surrogate pair */
    if (first == 0xF0 && v.data[1] < 0x90) return 0;
    if (first == 0xF4 && v.data[1] > 0x8F) return 0; /* above U+10FFFF */
    return size;
}

size_t json_utf8_size(struct view text)
{
    size_t at = 0, size;
    while (at < text.size && (size = character_size(view_of(text.data + at, text.size - at))) > 0) at += size;
    return at;
}

static size_t escape_one(struct view text, size_t size, char out[ESCAPED_MAX])
{
    static const char letters[] = {['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['\b'] = 'b', ['\f'] = 'f'};
    if (size == 0) {
        memcpy(out, "\xEF\xBF\xBD", 3);
        return 3;
    }
    uint8_t c = text.data[0];
    if (size > 1) {
        memcpy(out, text.data, size);
        return size;
    }
    if (c < sizeof letters && letters[c]) {
        out[0] = '\\';
        out[1] = letters[c];
        return 2;
    }
    if (c < 0x20 || c == 0x7F) {
        static const char digits[] = "0123456789abcdef";
        memcpy(out, "\\u00", 4);
        out[4] = digits[c >> 4];
        out[5] = digits[c & 15];
        return 6;
    }
    out[0] = (char)c;
    return 1;
}

/* Escapes from the front of *text into out, and moves *text past what was done. */
static size_t escape_some(struct view *text, char *out, size_t size)
{
    size_t at = 0;
    while (text->size > 0) {
        char escaped[ESCAPED_MAX];
        size_t taken = character_size(*text);
        size_t made = escape_one(*text, taken, escaped);
        if (made > size - at) break;
        memcpy(out + at, escaped, made);
        at += made;
        if (taken == 0) taken = 1;
        *text = view_of(text->data + taken, text->size - taken);
    }
    return at;
}

size_t json_escape(struct view text, char *out, size_t size)
{
    return escape_some(&text, out, size);
}

bool json_complete(const struct json *json)
{
    return json->depth == 0 && !json->after_key && !json->out->failed;
}

static uint32_t bit(const struct json *json)
{
    return 1u << json->depth;
}

/* Before each value: a comma if it is not the first; a value of an object needs its key first. */
static void before_value(struct json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    CHECK(json->depth == 0 || !(json->objects & bit(json)));
    if (json->occupied & bit(json)) buffer_u8(json->out, ',');
    json->occupied |= bit(json);
}

static void begin(struct json *json, char bracket, bool object)
{
    before_value(json);
    CHECK(json->depth + 1 < JSON_DEPTH_MAX);
    json->depth++;
    json->occupied &= ~bit(json);
    json->objects = object ? json->objects | bit(json) : json->objects & ~bit(json);
    buffer_u8(json->out, (uint8_t)bracket);
}

static void end(struct json *json, char bracket, bool object)
{
    CHECK(json->depth > 0 && !json->after_key && ((json->objects & bit(json)) != 0) == object);
    json->depth--;
    buffer_u8(json->out, (uint8_t)bracket);
}

void json_object_begin(struct json *json)
{
    begin(json, '{', true);
}

void json_object_end(struct json *json)
{
    end(json, '}', true);
}

void json_array_begin(struct json *json)
{
    begin(json, '[', false);
}

void json_array_end(struct json *json)
{
    end(json, ']', false);
}

static void put_quoted(struct json *json, struct view text)
{
    char chunk[CHUNK];
    buffer_u8(json->out, '"');
    while (text.size > 0) buffer_append(json->out, chunk, escape_some(&text, chunk, sizeof chunk));
    buffer_u8(json->out, '"');
}

void json_key(struct json *json, const char *key)
{
    CHECK(json->depth > 0 && (json->objects & bit(json)) && !json->after_key);
    if (json->occupied & bit(json)) buffer_u8(json->out, ',');
    json->occupied |= bit(json);
    put_quoted(json, view_text(key));
    buffer_u8(json->out, ':');
    json->after_key = true;
}

static void json_view(struct json *json, struct view text)
{
    before_value(json);
    put_quoted(json, text);
}

static void json_null(struct json *json);

void json_text(struct json *json, const char *text)
{
    if (text)
        json_view(json, view_text(text));
    else
        json_null(json);
}

void json_i64(struct json *json, int64_t number)
{
    before_value(json);
    buffer_printf(json->out, "%lld", (long long)number);
}

void json_u64(struct json *json, uint64_t number)
{
    before_value(json);
    buffer_printf(json->out, "%llu", (unsigned long long)number);
}

/* As many digits as needed, at most 17. */
static void json_real(struct json *json, double number)
{
    char text[32];
    if (!isfinite(number)) {
        json_null(json);
        return;
    }
    before_value(json);
    int digits = 15;
    do snprintf(text, sizeof text, "%.*g", digits, number);
    while (strtod(text, NULL) != number && ++digits <= 17);
    buffer_append_text(json->out, text);
}

static void json_boolean(struct json *json, bool value)
{
    before_value(json);
    buffer_append_text(json->out, value ? "true" : "false");
}

static void json_null(struct json *json)
{
    before_value(json);
    buffer_append_text(json->out, "null");
}

void json_field_text(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_text(json, text);
}

void json_field_view(struct json *json, const char *key, struct view text)
{
    json_key(json, key);
    json_view(json, text);
}

void json_field_i64(struct json *json, const char *key, int64_t number)
{
    json_key(json, key);
    json_i64(json, number);
}

void json_field_u64(struct json *json, const char *key, uint64_t number)
{
    json_key(json, key);
    json_u64(json, number);
}

void json_field_real(struct json *json, const char *key, double number)
{
    json_key(json, key);
    json_real(json, number);
}

void json_field_boolean(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    json_boolean(json, value);
}
