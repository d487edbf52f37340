/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a file of overrides: a JSON list of objects. The one place of the registry that parses JSON. */
#include "engine/statement_private.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

static const char *text_member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool override_read(const json_t *object, const char *file, size_t number, struct statement_override *out, struct error *error)
{
    memset(out, 0, sizeof *out);
    if (!json_is_object(object)) return error_set(error, ERROR_CONFIG, "%s: override %zu is no object", file, number);
    const char *fingerprint = text_member(object, "fingerprint");
    if (fingerprint) {
        char *end;
        errno = 0;
        out->fingerprint = strtoull(fingerprint, &end, 16);
        if (errno || *end || end == fingerprint)
            return error_set(error, ERROR_CONFIG, "%s: override %zu: fingerprint \"%.40s\" is not hexadecimal", file, number, fingerprint);
    }
    out->source_text = (char *)(uintptr_t)text_member(object, "source");
    out->target_text = (char *)(uintptr_t)text_member(object, "target");
    out->bind_order = (char *)(uintptr_t)text_member(object, "binds");
    out->tables = (char *)(uintptr_t)text_member(object, "tables");
    out->author = (char *)(uintptr_t)text_member(object, "author");
    out->reason = (char *)(uintptr_t)text_member(object, "reason");
    out->time_us = (int64_t)json_integer_value(json_object_get(object, "time_us"));
    if (!statement_override_is_valid(out, error)) return error_prefix(error, "%s: override %zu", file, number);
    return true;
}

bool statement_overrides_parse(const char *file, struct statement_override **out, struct error *error)
{
    json_error_t why;
    json_t *root = json_load_file(file, JSON_REJECT_DUPLICATES, &why);
    if (!root && access(file, F_OK) != 0) return error_set(error, ERROR_NOT_FOUND, "%s is not there", file);
    if (!root) return error_set(error, ERROR_CONFIG, "%s:%d: %s", file, why.line, why.text);
    bool good = json_is_array(root) && json_array_size(root) <= OVERRIDES_MAX;
    if (!good) error_set(error, ERROR_CONFIG, "%s: expected a list of at most %d overrides", file, OVERRIDES_MAX);
    for (size_t i = 0; good && i < json_array_size(root); i++) {
        struct statement_override o;
        good = override_read(json_array_get(root, i), file, i + 1, &o, error);
        if (!good) break;
        struct statement_override *copy = statement_override_copy(&o);
        copy->next = *out;
        *out = copy;
    }
    json_decref(root);
    return good;
}
