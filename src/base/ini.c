/* SPDX-License-Identifier: Apache-2.0 */
/* A line at a time; errors name the place. */
#include "base/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { CHUNK = 4096 };

static bool is_name(struct view v)
{
    for (size_t i = 0; i < v.size; i++) {
        uint8_t c = v.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '_' && c != '-' && c != '.') return false;
    }
    return v.size > 0;
}

static struct view take_line(struct view *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->size);
    size_t size = end ? (size_t)(end - text->data) : text->size;
    struct view line = view_of(text->data, size);
    size_t used = end ? size + 1 : size;
    *text = view_of(text->data + used, text->size - used);
    return line;
}

static struct view after(struct view v, size_t size)
{
    return view_of(v.data + size, v.size - size);
}

/* A # or ; begins a comment at the start of a line, a # also after a blank. */
static struct view without_comment(struct view v)
{
    for (size_t i = 1; i < v.size; i++)
        if (v.data[i] == '#' && (v.data[i - 1] == ' ' || v.data[i - 1] == '\t')) return view_trim(view_of(v.data, i));
    return v;
}

static bool read_section(struct view line, struct ini_place place, struct view *section, struct error *error)
{
    const uint8_t *close = memchr(line.data, ']', line.size);
    if (!close) return error_set(error, ERROR_CONFIG, "%s:%u: section without ']'; write [name]", place.file, place.line);
    struct view name = view_trim(view_of(line.data + 1, (size_t)(close - line.data) - 1));
    struct view rest = view_trim(after(line, (size_t)(close - line.data) + 1));
    if (name.size == 0) return error_set(error, ERROR_CONFIG, "%s:%u: section without a name; write [name]", place.file, place.line);
    if (rest.size > 0 && rest.data[0] != '#' && rest.data[0] != ';')
        return error_set(error, ERROR_CONFIG, "%s:%u: text after ']'; options go on lines of their own", place.file, place.line);
    *section = name;
    return true;
}

/* Text in double quotes, without them and with its escapes undone. */
static bool read_quoted(struct view value, struct ini_place place, char out[INI_VALUE_MAX], struct view *result, struct error *error)
{
    size_t size = 0, at = 1;
    while (at < value.size && value.data[at] != '"') {
        if (value.data[at] == '\\' && at + 1 < value.size) at++;
        if (size == INI_VALUE_MAX)
            return error_set(error, ERROR_CONFIG, "%s:%u: value longer than %d bytes", place.file, place.line, INI_VALUE_MAX);
        out[size++] = (char)value.data[at++];
    }
    if (at == value.size) return error_set(error, ERROR_CONFIG, "%s:%u: the closing double quote is missing", place.file, place.line);
    struct view rest = view_trim(after(value, at + 1));
    if (rest.size > 0 && rest.data[0] != '#')
        return error_set(error, ERROR_CONFIG, "%s:%u: text after the closing double quote; write \\\" for a quote within a value",
                         place.file, place.line);
    *result = view_of(out, size);
    return true;
}

static bool read_pair(struct view line, struct ini_place place, struct view section, ini_pair *pair, void *context, struct error *error)
{
    char unquoted[INI_VALUE_MAX];
    const uint8_t *equals = memchr(line.data, '=', line.size);
    struct view name = view_trim(view_of(line.data, equals ? (size_t)(equals - line.data) : line.size));
    if (!equals || !is_name(name))
        return error_set(error, ERROR_CONFIG, "%s:%u: not understood: '" VIEW_FORMAT "'; write name = value, [section] or # comment",
                         place.file, place.line, VIEW_ARGUMENTS(view_of(line.data, line.size < 60 ? line.size : 60)));
    struct view value = view_trim(after(line, (size_t)(equals - line.data) + 1));
    if (value.size > 0 && value.data[0] == '"') {
        if (!read_quoted(value, place, unquoted, &value, error)) return false;
    } else {
        value = value.size > 0 && value.data[0] == '#' ? view_of(value.data, 0) : without_comment(value);
        if (value.size > INI_VALUE_MAX)
            return error_set(error, ERROR_CONFIG, "%s:%u: value longer than %d bytes", place.file, place.line, INI_VALUE_MAX);
    }
    return pair(context, place, section, name, value, error);
}

bool ini_read(struct view text, const char *file, ini_pair *pair, void *context, struct error *error)
{
    struct ini_place place = {.file = file};
    struct view section = view_of(NULL, 0);
    if (view_starts_with(text, "\xEF\xBB\xBF")) text = after(text, 3); /* some editors begin a file with it */
    while (text.size > 0) {
        struct view line = view_trim(take_line(&text));
        place.line++;
        if (line.size == 0 || line.data[0] == '#' || line.data[0] == ';') continue;
        if (memchr(line.data, '\0', line.size))
            return error_set(error, ERROR_CONFIG, "%s:%u: a zero byte; is this a text file?", file, place.line);
        if (line.data[0] == '[') {
            if (!read_section(line, place, &section, error)) return false;
        } else if (!read_pair(line, place, section, pair, context, error)) {
            return false;
        }
    }
    return true;
}

static bool load_descriptor(int descriptor, const char *file, struct buffer *out, struct error *error)
{
    for (;;) {
        size_t left = out->maximum ? out->maximum - buffer_size(out) : CHUNK;
        size_t wanted = left < CHUNK ? left : CHUNK;
        uint8_t *room = wanted ? buffer_reserve(out, wanted) : NULL;
        if (!room) return error_set(error, ERROR_LIMIT, "%s is not smaller than %zu bytes, the most that is read", file, out->maximum);
        ssize_t size = read(descriptor, room, wanted);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return error_set(error, ERROR_IO, "cannot read %s: %s", file, strerror(errno));
        if (size == 0) return true;
        buffer_commit(out, (size_t)size);
    }
}

bool ini_load(const char *file, struct buffer *out, struct error *error)
{
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        int reason = errno;
        const char *advice = reason == ENOENT ? "; check the path" : reason == EACCES ? "; check its owner and mode" : "";
        return error_set(error, reason == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "cannot open %s: %s%s", file, strerror(reason), advice);
    }
    bool loaded = load_descriptor(descriptor, file, out, error);
    close(descriptor);
    return loaded;
}
