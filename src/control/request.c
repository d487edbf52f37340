/* SPDX-License-Identifier: Apache-2.0 */
/* JSON bodies of admin calls. */
#include "control/request.h"

#include <jansson.h>

struct request_body *request_parse(struct view text, struct error *error)
{
    json_error_t problem;
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &problem);
    if (root && json_is_object(root)) return (struct request_body *)root;
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

int64_t request_integer(const struct request_body *body, const char *name, int64_t otherwise)
{
    json_t *value = member(body, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool request_boolean(const struct request_body *body, const char *name)
{
    return json_is_true(member(body, name));
}

uint32_t request_ids(const struct request_body *body, const char *name, uint64_t *ids, uint32_t max)
{
    json_t *list = member(body, name);
    uint32_t count = 0;
    for (size_t i = 0; json_is_array(list) && i < json_array_size(list) && count < max; i++)
        if (json_is_integer(json_array_get(list, i))) ids[count++] = (uint64_t)json_integer_value(json_array_get(list, i));
    return count;
}
