/* SPDX-License-Identifier: Apache-2.0 */
/* Reading statements from files, and a catalog from PostgreSQL. */
#include "cli/statements.h"

#include "base/buffer.h"
#include "base/memory.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static bool read_all(const char *file, struct buffer *out, struct error *error)
{
    FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "r");
    if (!in) return error_set(error, ERROR_IO, "%s: %s", file, strerror(errno));
    char block[65536];
    size_t size;
    while ((size = fread(block, 1, sizeof block, in)) > 0) buffer_append(out, block, size);
    if (in != stdin) fclose(in);
    if (out->failed) return error_set(error, ERROR_LIMIT, "%s: larger than 1 GiB", file);
    return true;
}

static void json_lines(struct view text, statements_one *one, void *context)
{
    size_t at = 0, line = 0;
    while (at < text.size) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - (text.data + at)) : text.size - at;
        json_error_t problem;
        json_t *root = json_loadb((const char *)text.data + at, size, 0, &problem);
        const char *sql = json_string_value(json_object_get(root, "sql"));
        json_t *id = json_object_get(root, "id");
        char number[32];
        snprintf(number, sizeof number, "%zu", ++line);
        if (json_is_integer(id)) snprintf(number, sizeof number, "%lld", (long long)json_integer_value(id));
        json_t *executions = json_object_get(root, "executions");
        uint64_t weight = json_is_integer(executions) && json_integer_value(executions) >= 0 ? (uint64_t)json_integer_value(executions) : 1;
        if (sql) one(context, json_is_string(id) ? json_string_value(id) : number, view_text(sql), weight);
        json_decref(root);
        at += size + 1;
    }
}

/* The end of one token-like stretch from `at`: quotes and comments are skipped whole. */
static size_t skip(struct view text, size_t at)
{
    uint8_t c = text.data[at];
    if (c == '\'' || c == '"') {
        for (at++; at < text.size && text.data[at] != c; at++) {}
        return at + 1;
    }
    if (c == '-' && at + 1 < text.size && text.data[at + 1] == '-') {
        while (at < text.size && text.data[at] != '\n') at++;
        return at;
    }
    if (c == '/' && at + 1 < text.size && text.data[at + 1] == '*') {
        for (at += 2; at + 1 < text.size && !(text.data[at] == '*' && text.data[at + 1] == '/'); at++) {}
        return at + 2;
    }
    return at + 1;
}

static bool is_block(struct view text)
{
    static const char *const words[] = {"BEGIN",
                                        "DECLARE",
                                        "CREATE OR REPLACE TRIGGER",
                                        "CREATE TRIGGER",
                                        "CREATE OR REPLACE PROCEDURE",
                                        "CREATE OR REPLACE FUNCTION",
                                        "CREATE OR REPLACE PACKAGE",
                                        "CREATE PROCEDURE",
                                        "CREATE FUNCTION",
                                        "CREATE PACKAGE"};
    text = view_trim(text);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text.size >= strlen(words[i]) && strncasecmp((const char *)text.data, words[i], strlen(words[i])) == 0) return true;
    return false;
}

static void semicolons(struct view text, statements_one *one, void *context)
{
    size_t start = 0, at = 0;
    unsigned number = 0;
    char id[32];
    while (at <= text.size) {
        bool end = at == text.size;
        bool line_start = at == 0 || (at < text.size && text.data[at - 1] == '\n');
        bool slash =
            !end && line_start && text.data[at] == '/' && (at + 1 == text.size || text.data[at + 1] == '\n' || text.data[at + 1] == '\r');
        bool semicolon = !end && text.data[at] == ';' && !is_block(view_of(text.data + start, at - start));
        if (end || slash || semicolon) {
            struct view statement = view_trim(view_of(text.data + start, at - start));
            if (statement.size) {
                snprintf(id, sizeof id, "%u", ++number);
                one(context, id, statement, 1);
            }
            start = ++at;
            continue;
        }
        at = skip(text, at);
        if (at > text.size) at = text.size;
    }
}

bool statements_read(const char *file, statements_one *one, void *context, struct error *error)
{
    struct buffer text;
    buffer_init(&text, 1ull << 30);
    bool good = read_all(file, &text, error);
    struct view all = buffer_view(&text), trimmed = view_trim(all);
    if (good && trimmed.size && trimmed.data[0] == '{')
        json_lines(all, one, context);
    else if (good)
        semicolons(all, one, context);
    buffer_release(&text);
    return good;
}

bool statements_seen_read(struct view answer, statements_seen *one, void *context)
{
    json_error_t problem;
    json_t *list = json_loadb((const char *)answer.data, answer.size, 0, &problem);
    bool good = json_is_array(list);
    for (size_t i = 0; good && i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        const char *text = json_string_value(json_object_get(row, "text")), *state = json_string_value(json_object_get(row, "state"));
        if (text && state) one(context, text, state, (uint64_t)json_integer_value(json_object_get(row, "executions")));
    }
    json_decref(list);
    return good;
}
