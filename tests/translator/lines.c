/* SPDX-License-Identifier: Apache-2.0 */
/* Files of cases: lines, tab-separated fields, one JSON object a line. */
#include "tests/translator/suite.h"

#include <stdlib.h>
#include <string.h>

bool lines_read(const char *path, void (*take)(void *context, char *line), void *context)
{
    FILE *file = fopen(path, "r");
    if (!file) return false;
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) >= 0) {
        line[strcspn(line, "\r\n")] = 0;
        take(context, line);
    }
    free(line);
    fclose(file);
    return true;
}

static void unescape(char *text)
{
    char *out = text;
    for (char *at = text; *at; at++) {
        if (*at == '\\' && at[1]) {
            at++;
            *out++ = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
        } else {
            *out++ = *at;
        }
    }
    *out = 0;
}

int lines_fields(char *line, char **fields, int most)
{
    int count = 0;
    while (line && count < most) {
        char *end = strchr(line, '\t');
        if (end) *end = 0;
        fields[count++] = line;
        line = end ? end + 1 : NULL;
    }
    for (int i = 0; i < count; i++) unescape(fields[i]);
    return count;
}

static void put_utf8(struct buffer *out, unsigned code)
{
    if (code < 0x80) {
        buffer_u8(out, (uint8_t)code);
    } else if (code < 0x800) {
        buffer_u8(out, (uint8_t)(0xc0 | code >> 6));
        buffer_u8(out, (uint8_t)(0x80 | (code & 63)));
    } else {
        if (code < 0x10000) {
            buffer_u8(out, (uint8_t)(0xe0 | code >> 12));
        } else {
            buffer_u8(out, (uint8_t)(0xf0 | code >> 18));
            buffer_u8(out, (uint8_t)(0x80 | (code >> 12 & 63)));
        }
        buffer_u8(out, (uint8_t)(0x80 | (code >> 6 & 63)));
        buffer_u8(out, (uint8_t)(0x80 | (code & 63)));
    }
}

static unsigned hex4(const char *text)
{
    char digits[5] = {0};
    memcpy(digits, text, 4);
    return (unsigned)strtoul(digits, NULL, 16);
}

char *lines_json_text(const char *line, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\": \"", name);
    const char *at = strstr(line, key);
    if (!at) return NULL;
    struct buffer out;
    buffer_init(&out, 0);
    for (at += strlen(key); *at && *at != '"'; at++) {
        if (*at != '\\') {
            buffer_u8(&out, (uint8_t)*at);
            continue;
        }
        at++;
        if (*at == 'u' && strlen(at) > 4) {
            unsigned code = hex4(at + 1);
            at += 4;
            if (code >= 0xd800 && code < 0xdc00 && at[1] == '\\' && at[2] == 'u' && strlen(at) > 6) {
                code = 0x10000 + ((code - 0xd800) << 10) + (hex4(at + 3) - 0xdc00);
                at += 6;
            }
            put_utf8(&out, code);
        } else {
            buffer_u8(&out, (uint8_t)(*at == 'n'   ? '\n'
                                      : *at == 't' ? '\t'
                                      : *at == 'r' ? '\r'
                                      : *at == 'b' ? '\b'
                                      : *at == 'f' ? '\f'
                                                   : *at));
        }
    }
    buffer_u8(&out, 0);
    char *text = strdup((const char *)buffer_view(&out).data);
    buffer_release(&out);
    return text;
}
