/* SPDX-License-Identifier: Apache-2.0 */
/* Values by kind, templates, lists. */
#include "cli/show.h"

#include "base/memory.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct json_t *show_parse(struct view text)
{
    return json_loadb((const char *)text.data, text.size, 0, NULL);
}

void show_release(struct json_t *document)
{
    json_decref(document);
}

bool show_is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

bool show_refusal_code(const json_t *answer, enum error_code *code)
{
    const json_t *refusal = json_object_get(answer, "error");
    const char *name = json_string_value(json_object_get(refusal, "code"));
    if (json_array_size(json_object_get(refusal, "missing")) == 0) return name && error_parse(name, code);
    *code = ERROR_GATE;
    return true;
}

static const json_t *member(const json_t *object, const char *path)
{
    char name[64];
    while (*path && object) {
        size_t size = strcspn(path, ".");
        if (size >= sizeof name) return NULL;
        memcpy(name, path, size);
        name[size] = 0;
        object = json_object_get(object, name);
        path += size + (path[size] == '.');
    }
    return object;
}

static void say_count(double number, struct buffer *out)
{
    char digits[32], text[48];
    int size = snprintf(digits, sizeof digits, "%.0f", fabs(number));
    int at = 0;
    if (number < 0) text[at++] = '-';
    for (int i = 0; i < size && at < (int)sizeof text - 2; i++) {
        if (i > 0 && (size - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    buffer_append(out, text, (size_t)at);
}

static void say_rate(double number, struct buffer *out)
{
    if (number > 0.05 && number < 10)
        buffer_printf(out, "%.1f", number);
    else
        say_count(number, out);
}

/* A bound that says 0.9999900 must not be less than that. */
static void say_share(double number, struct buffer *out)
{
    buffer_printf(out, "%.7f", floor(number * 1e7) / 1e7);
}

static void say_seconds(double seconds, struct buffer *out)
{
    if (seconds < 60)
        buffer_printf(out, "%.1f s", seconds);
    else if (seconds < 3600)
        buffer_printf(out, "%.0f min %02.0f s", floor(seconds / 60), floor(fmod(seconds, 60)));
    else if (seconds < 86400)
        buffer_printf(out, "%.0f h %02.0f min", floor(seconds / 3600), floor(fmod(seconds, 3600) / 60));
    else
        buffer_printf(out, "%.0f d %.0f h", floor(seconds / 86400), floor(fmod(seconds, 86400) / 3600));
}

static void say_milliseconds(double ms, struct buffer *out)
{
    if (ms < 1000)
        buffer_printf(out, "%.1f ms", ms);
    else
        say_seconds(ms / 1000, out);
}

static void say_microseconds(double us, struct buffer *out)
{
    if (us == 0)
        buffer_append_text(out, "-"); /* nothing was measured */
    else
        say_milliseconds(us / 1000, out);
}

static void say_bytes(double bytes, struct buffer *out)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1000;
        unit++;
    }
    buffer_printf(out, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

static void say_time(double us, struct buffer *out)
{
    time_t seconds = (time_t)(us / 1e6);
    struct tm utc;
    char text[32];
    if (us <= 0 || !gmtime_r(&seconds, &utc) || strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &utc) == 0)
        buffer_append_text(out, "-");
    else
        buffer_append_text(out, text);
}

static void say_yes(double yes, struct buffer *out)
{
    buffer_append_text(out, yes != 0 ? "yes" : "no");
}

static const struct show_kind {
    const char *name;
    void (*say)(double number, struct buffer *out);
} kinds[] = {{"count", say_count}, {"rate", say_rate},   {"share", say_share}, {"us", say_microseconds}, {"ms", say_milliseconds},
             {"s", say_seconds},   {"bytes", say_bytes}, {"time", say_time},   {"yes", say_yes}};

/* A terminal obeys control characters; a statement or a row may hold any. */
static void say_text(const char *text, struct buffer *out)
{
    for (; *text; text++) buffer_u8(out, (uint8_t)*text < 0x20 || *text == 0x7f ? ' ' : (uint8_t)*text);
}

void show_value(const json_t *object, const char *path, const char *kind, struct buffer *out)
{
    const json_t *value = member(object, path);
    if (json_is_string(value)) {
        say_text(json_string_value(value), out);
        return;
    }
    if (!json_is_number(value) && !json_is_boolean(value)) {
        buffer_append_text(out, "-");
        return;
    }
    double number = json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, kind) == 0) {
            kinds[i].say(number, out);
            return;
        }
    say_count(number, out);
}

void show_template(const json_t *object, const char *template, struct buffer *out)
{
    while (*template) {
        size_t plain = strcspn(template, "{");
        buffer_append(out, template, plain);
        template += plain;
        if (!*template) return;
        char path[64] = "", kind[16] = "";
        int used = 0;
        if (sscanf(template, "{%63[^:}]:%15[^}]}%n", path, kind, &used) != 2 || used == 0) return;
        show_value(object, path, kind, out);
        template += used;
    }
}

/* ---- lists ------------------------------------------------------------------------------------------------------------------------------------ */

/* Characters of UTF-8 text, which is what a terminal's columns hold for most scripts. */
static uint32_t characters(struct view text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.size; i++) count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

static uint32_t line_width;

void show_width(uint32_t width)
{
    line_width = width;
}

/* The cell's text; longer than `width` (0: no bound): cut at a whole character. */
static struct view cell(const json_t *row, const struct show_column *column, uint32_t width, struct buffer *scratch)
{
    buffer_clear(scratch);
    show_value(row, column->path, column->kind, scratch);
    if (buffer_size(scratch) == 0) buffer_append_text(scratch, "-");
    struct view text = buffer_view(scratch);
    if (width == 0 || characters(text) <= width) return text;
    uint32_t seen = 0;
    size_t end = 0;
    while (end < text.size && ((text.data[end] & 0xc0) == 0x80 || seen++ < width - 3)) end++;
    memcpy(scratch->data + scratch->start + end, "...", 3); /* at least four characters stand there */
    return view_of(text.data, end + 3);
}

static bool to_the_right(const struct show_column *column)
{
    return strcmp(column->kind, "text") != 0 && strcmp(column->kind, "time") != 0 && strcmp(column->kind, "yes") != 0;
}

static void put_cell(struct view text, const struct show_column *column, uint32_t width, bool last, struct buffer *out)
{
    uint32_t have = characters(text), pad = width > have ? width - have : 0;
    if (to_the_right(column))
        for (; pad > 0; pad--) buffer_u8(out, ' ');
    buffer_append(out, text.data, text.size);
    if (last) return;
    for (; pad > 0; pad--) buffer_u8(out, ' ');
    buffer_append_text(out, "  ");
}

enum { COLUMNS_MAX = 16, LAST_COLUMN_LEAST = 20 };

struct ordered_row {
    const json_t *row;
    double number;
    size_t place;
};

static int by_number(const void *a, const void *b)
{
    const struct ordered_row *left = a, *right = b;
    if (left->number != right->number) return left->number < right->number ? 1 : -1;
    return left->place < right->place ? -1 : left->place > right->place;
}

/* The rows in the order in which they are said. */
static struct ordered_row *ordered(const json_t *array, const struct show_list *list, size_t count)
{
    struct ordered_row *rows = memory_zero(count, sizeof *rows);
    for (size_t r = 0; r < count; r++) {
        const json_t *row = json_array_get(array, r);
        rows[r] = (struct ordered_row){row, list->most ? json_number_value(member(row, list->most)) : 0, r};
    }
    qsort(rows, count, sizeof *rows, by_number);
    return rows;
}

/* What is left of a terminal's line for the last column, if it is text. */
static uint32_t last_width(const struct show_list *list, const uint32_t *widths)
{
    const struct show_column *last = &list->columns[list->count - 1];
    uint32_t used = 0;
    if (line_width == 0 || to_the_right(last)) return last->width;
    for (uint32_t c = 0; c + 1 < list->count; c++) used += widths[c] + 2;
    return line_width > used + LAST_COLUMN_LEAST ? line_width - used : LAST_COLUMN_LEAST;
}

void show_rows(const json_t *array, const struct show_list *list, struct buffer *out)
{
    uint32_t widths[COLUMNS_MAX] = {0}, bounds[COLUMNS_MAX];
    size_t count = json_array_size(array);
    if (count == 0) {
        buffer_printf(out, "%s\n", list->empty);
        return;
    }
    struct ordered_row *rows = ordered(array, list, count);
    struct buffer scratch;
    buffer_init(&scratch, 0);
    for (uint32_t c = 0; c < list->count && c < COLUMNS_MAX; c++) {
        bounds[c] = list->columns[c].width;
        widths[c] = (uint32_t)strlen(list->columns[c].title);
        for (size_t r = 0; r < count; r++) {
            uint32_t wide = characters(cell(rows[r].row, &list->columns[c], bounds[c], &scratch));
            if (wide > widths[c]) widths[c] = wide;
        }
    }
    bounds[list->count - 1] = last_width(list, widths);
    for (uint32_t c = 0; c < list->count && c < COLUMNS_MAX; c++)
        put_cell(view_text(list->columns[c].title), &list->columns[c], widths[c], c + 1 == list->count, out);
    buffer_u8(out, '\n');
    for (size_t r = 0; r < count; r++) {
        for (uint32_t c = 0; c < list->count && c < COLUMNS_MAX; c++)
            put_cell(cell(rows[r].row, &list->columns[c], bounds[c], &scratch), &list->columns[c], widths[c], c + 1 == list->count, out);
        buffer_u8(out, '\n');
    }
    buffer_release(&scratch);
    memory_free(rows);
}

void show_wrapped(struct view text, uint32_t indent, struct buffer *out)
{
    while (line_width > indent + LAST_COLUMN_LEAST && characters(text) > line_width - indent) {
        size_t end = 0, blank = 0;
        for (uint32_t seen = 0; end < text.size && seen <= line_width - indent; end++) {
            if (text.data[end] == ' ') blank = end;
            seen += (text.data[end] & 0xc0) != 0x80;
        }
        if (blank == 0) break; /* a word that fills the line stays whole */
        buffer_append(out, text.data, blank);
        buffer_printf(out, "\n%*s", (int)indent, "");
        text = view_of(text.data + blank + 1, text.size - blank - 1);
    }
    buffer_append(out, text.data, text.size);
}

void show_records(const json_t *array, const struct show_list *list, struct buffer *out)
{
    size_t count = json_array_size(array);
    uint32_t indent = 0;
    if (count == 0) buffer_printf(out, "%s\n", list->empty);
    for (uint32_t c = 0; c < list->count; c++) {
        uint32_t size = (uint32_t)strlen(list->columns[c].title);
        if (size + 4 > indent) indent = size + 4;
    }
    struct buffer scratch;
    buffer_init(&scratch, 0);
    for (size_t r = 0; r < count; r++) {
        for (uint32_t c = 0; c < list->count; c++) {
            struct view text = cell(json_array_get(array, r), &list->columns[c], 0, &scratch);
            if (c > 0 && text.size == 1 && (*text.data == '-' || *text.data == '0')) continue; /* says nothing */
            buffer_printf(out, c == 0 ? "%-*s" : "  %-*s", (int)(c == 0 ? indent : indent - 2), list->columns[c].title);
            show_wrapped(text, indent, out);
            buffer_u8(out, '\n');
        }
        if (r + 1 < count) buffer_u8(out, '\n');
    }
    buffer_release(&scratch);
}
