/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON writer into a buffer: puts commas and escapes, checks that what is opened is closed. Text that is not UTF-8 gets U+FFFD in
 * place of the bytes that are not; numbers that JSON does not know (NaN, infinities) become null. One thread at a time.
 *
 *   struct json json = json_into(&buffer);
 *   json_object_begin(&json);
 *   json_field_text(&json, "phase", "shadow");
 *   json_key(&json, "tables");
 *   json_array_begin(&json);  json_text(&json, "EMP");  json_array_end(&json);
 *   json_object_end(&json);
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buffer.h"

enum { JSON_DEPTH_MAX = 32 };

struct json {
    struct buffer *out;
    uint32_t depth;
    uint32_t objects;  /* bit per depth: object, not array */
    uint32_t occupied; /* bit per depth: has a member, so the next needs a comma */
    bool after_key;
};

static inline struct json json_into(struct buffer *out)
{
    return (struct json){.out = out};
}
bool json_complete(const struct json *json); /* all closed and nothing lost to the buffer's maximum */

void json_object_begin(struct json *json);
void json_object_end(struct json *json);
void json_array_begin(struct json *json);
void json_array_end(struct json *json);
void json_key(struct json *json, const char *key);

void json_text(struct json *json, const char *text); /* NULL: null */
void json_i64(struct json *json, int64_t number);
void json_u64(struct json *json, uint64_t number);

void json_field_text(struct json *json, const char *key, const char *text);
void json_field_view(struct json *json, const char *key, struct view text);
void json_field_i64(struct json *json, const char *key, int64_t number);
void json_field_u64(struct json *json, const char *key, uint64_t number);
void json_field_real(struct json *json, const char *key, double number);
void json_field_boolean(struct json *json, const char *key, bool value);

/* How many bytes at the front are UTF-8: all of them, or up to the first that is not. */
size_t json_utf8_size(struct view text);
/* Escapes as much of the text as fits whole characters into `size` bytes; answers the bytes written, without quotes. */
size_t json_escape(struct view text, char *out, size_t size);

#endif
