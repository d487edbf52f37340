/* SPDX-License-Identifier: Apache-2.0 */
/* JSON bodies of admin calls. */
#include "control/request.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct request_body *request_parse(struct view text, struct error *error)
{
    json_error_t problem;
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &problem);
    if (json_is_object(root)) return (struct request_body *)root;
    if (root)
        error_set(error, ERROR_USAGE, "the body must be a JSON object");
    else
        error_set(error, ERROR_USAGE, "the body is no JSON: line %d, column %d: %s", problem.line, problem.column, problem.text);
    json_decref(root);
    return NULL;
}

void request_free(struct request_body *body)
{
    json_decref((json_t *)body);
}

static json_t *member(const struct request_body *body, const char *name)
{
    return body ? json_object_get((const json_t *)body, name) : NULL;
}

const char *request_text(const struct request_body *body, const char *name)
{
    return json_string_value(member(body, name));
}

void request_name(const struct request_body *body, const char *name, char *out, size_t size)
{
    const char *text = request_text(body, name);
    struct view view = view_text(text ? text : "");
    bool quoted = view.size >= 2 && view.data[0] == '"' && view.data[view.size - 1] == '"';
    if (quoted) view = view_of(view.data + 1, view.size - 2);
    snprintf(out, size, VIEW_FORMAT, VIEW_ARGUMENTS(view));
    for (char *c = out; *c && !quoted; c++)
        if (*c >= 'a' && *c <= 'z') *c -= 32;
}

bool request_count(const struct request_body *body, const char *name, uint32_t most, uint32_t *out, struct error *error)
{
    json_t *value = member(body, name);
    json_int_t number = json_integer_value(value); /* 0 of what is no integer */
    *out = (uint32_t)number;
    if ((!value || json_is_null(value) || json_is_integer(value)) && number >= 0 && number <= most) return true;
    return error_set(error, ERROR_USAGE, "\"%s\" must be a whole number from 0 to %u", name, most);
}

bool request_boolean(const struct request_body *body, const char *name)
{
    return json_is_true(member(body, name));
}

bool request_ids(const struct request_body *body, const char *name, uint64_t *ids, uint32_t max, uint32_t *count, bool *listed,
                 struct error *error)
{
    json_t *list = member(body, name);
    const char *word = json_string_value(list);
    size_t size = json_array_size(list);
    bool good = size <= max;
    *count = 0;
    *listed = json_is_array(list);
    if (!list || (word && strcmp(word, "all") == 0)) return true;
    for (size_t i = 0; good && i < size; i++) {
        good = json_is_integer(json_array_get(list, i));
        ids[(*count)++] = (uint64_t)json_integer_value(json_array_get(list, i));
    }
    return (good && *listed) || error_set(error, ERROR_USAGE, "\"%s\" must be \"all\" or a list of at most %u ids", name, max);
}
