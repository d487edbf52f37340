/* SPDX-License-Identifier: Apache-2.0 */
/* Reading statements from files, and a catalog from PostgreSQL. */
#include "cli/statements.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "sql/script.h"
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
    int problem = ferror(in) ? errno : 0; /* a folder opens well and cannot be read */
    if (in != stdin) fclose(in);
    if (problem) return error_set(error, ERROR_IO, "%s: %s", file, strerror(problem));
    if (out->failed) return error_set(error, ERROR_LIMIT, "%s: larger than 1 GiB", file);
    return true;
}

/* One line of JSON: {"sql": .., "id": .., "executions": ..}. What it lacks is said, with the line's number as id. */
static void json_line(struct view line, size_t number, statements_one *one, void *context)
{
    char id_text[32], problem_text[300];
    json_error_t problem = {0};
    struct statement_read read = {.id = id_text, .weight = 1};
    json_t *root = json_loadb((const char *)line.data, line.size, 0, &problem);
    json_t *id = json_object_get(root, "id"), *sql = json_object_get(root, "sql"), *executions = json_object_get(root, "executions");
    snprintf(id_text, sizeof id_text, "%zu", number);
    if (json_is_integer(id)) snprintf(id_text, sizeof id_text, "%lld", (long long)json_integer_value(id));
    if (json_is_string(id)) read.id = json_string_value(id);
    if (json_is_integer(executions) && json_integer_value(executions) >= 0) read.weight = (uint64_t)json_integer_value(executions);
    if (json_is_string(sql)) {
        read.text = view_of(json_string_value(sql), json_string_length(sql));
    } else {
        if (root)
            snprintf(problem_text, sizeof problem_text, "line %zu has no text \"sql\"", number);
        else
            snprintf(problem_text, sizeof problem_text, "line %zu is no JSON: %.200s", number, problem.text);
        read.problem = problem_text;
        read.text = line.size > 200 ? view_of(line.data, 200) : line;
    }
    one(context, &read);
    json_decref(root);
}

static void json_lines(struct view text, statements_one *one, void *context)
{
    size_t at = 0, number = 0;
    while (at < text.size) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - (text.data + at)) : text.size - at;
        number++;
        if (view_trim(view_of(text.data + at, size)).size) json_line(view_of(text.data + at, size), number, one, context);
        at += size + 1;
    }
}

struct numbered {
    statements_one *one;
    void *context;
    unsigned number;
};

static void give_numbered(void *context, struct view text)
{
    struct numbered *n = context;
    char id[16];
    snprintf(id, sizeof id, "%u", ++n->number);
    n->one(n->context, &(struct statement_read){.id = id, .text = text, .weight = 1});
}

bool statements_read(const char *file, statements_one *one, void *context, struct error *error)
{
    struct buffer text;
    buffer_init(&text, 1ull << 30);
    bool good = read_all(file, &text, error);
    struct view all = buffer_view(&text);
    if (view_starts_with(all, "\xEF\xBB\xBF")) all = view_of(all.data + 3, all.size - 3); /* a byte order mark */
    struct view trimmed = view_trim(all);
    if (good && trimmed.size == 0) fprintf(stderr, "%s: there are no statements in it\n", file);
    if (good && trimmed.size && trimmed.data[0] == '{')
        json_lines(all, one, context);
    else if (good)
        script_read(all, give_numbered, &(struct numbered){one, context, 0});
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
