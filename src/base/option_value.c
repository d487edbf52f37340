/* SPDX-License-Identifier: Apache-2.0 */
/* One option's value: from text into a member of the configuration struct, and back into text. */
#include "base/option_value.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct unit {
    const char *name;
    uint64_t factor;
};
/* Largest first: printing takes the first that divides. */
static const struct unit durations[] = {{"d", 86400000000u}, {"h", 3600000000u}, {"min", 60000000u},
                                        {"s", 1000000u},     {"ms", 1000u},      {"us", 1u}};
static const struct unit sizes[] = {{"T", UINT64_C(1) << 40}, {"G", 1u << 30}, {"M", 1u << 20}, {"K", 1u << 10}, {"", 1u}};
enum { DURATIONS = sizeof durations / sizeof *durations, SIZES = sizeof sizes / sizeof *sizes };

static bool is_word(struct view v, const char *word)
{
    return view_equal_ignoring_case(v, view_text(word));
}

/* "12 ms" into 12 and "ms". */
static bool split_number(struct view text, uint64_t *number, struct view *rest)
{
    size_t digits = 0;
    text = view_trim(text);
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9') digits++;
    *rest = view_trim(view_of(text.data + digits, text.size - digits));
    return view_to_u64(view_of(text.data, digits), number);
}

static bool parse_units(struct view text, const struct unit *units, size_t count, uint64_t *out)
{
    uint64_t number;
    struct view rest;
    if (text.size == 0 || !split_number(text, &number, &rest)) return false;
    for (size_t i = 0; i < count; i++)
        if (is_word(rest, units[i].name)) return !__builtin_mul_overflow(number, units[i].factor, out);
    *out = number;
    return number == 0 && rest.size == 0; /* zero needs no unit */
}

static bool parse_size(struct view text, uint64_t *bytes)
{
    text = view_trim(text);
    if (text.size > 1 && (text.data[text.size - 1] | 0x20) == 'b') { /* KB, MiB */
        text.size--;
        if (text.size > 1 && (text.data[text.size - 1] | 0x20) == 'i') text.size--;
    }
    return parse_units(text, sizes, SIZES, bytes);
}

static bool parse_duration(struct view text, uint64_t *us)
{
    return parse_units(text, durations, DURATIONS, us);
}

static bool parse_boolean(struct view text, bool *value)
{
    static const char *const words[2][4] = {{"false", "no", "off", "0"}, {"true", "yes", "on", "1"}};
    text = view_trim(text);
    for (int i = 0; i < 8; i++) {
        if (!is_word(text, words[i / 4][i % 4])) continue;
        *value = i / 4;
        return true;
    }
    return false;
}

static void format_units(uint64_t number, const struct unit *units, size_t count, struct buffer *out)
{
    size_t i = 0;
    while (i + 1 < count && (number == 0 || number % units[i].factor != 0)) i++;
    buffer_printf(out, "%llu%s", (unsigned long long)(number / units[i].factor), units[i].name);
}

static void format_size(uint64_t bytes, struct buffer *out)
{
    format_units(bytes, sizes, SIZES, out);
}

static void format_duration(uint64_t us, struct buffer *out)
{
    if (us == 0)
        buffer_append_text(out, "0s");
    else
        format_units(us, durations, DURATIONS, out);
}

/* ---- members ---- */

/* Microseconds in the unit that a duration's member counts. */
static uint64_t member_unit(const struct option_row *row)
{
    for (size_t i = 0; i < DURATIONS && row->unit; i++)
        if (strcmp(row->unit, durations[i].name) == 0) return durations[i].factor;
    return 1;
}

/* Integers are kept as int64_t on the way; a member of 64 bits holds no more than INT64_MAX. */
static int64_t member_maximum(const struct option_row *row)
{
    if (row->kind == OPTION_PERCENT) return 100;
    if (row->size >= 8) return INT64_MAX;
    return (INT64_C(1) << (8 * row->size - (row->minimum < 0 ? 1 : 0))) - 1;
}

struct option_bounds option_bounds(const struct option_row *row)
{
    struct option_bounds bounds = {.minimum = row->minimum, .maximum = row->maximum};
    int64_t most = member_maximum(row);
    if (row->maximum == 0 || bounds.maximum > most) bounds.maximum = most;
    return bounds;
}

static int64_t option_get_integer(const struct option_row *row, const void *config)
{
    const char *at = (const char *)config + row->offset;
    uint64_t raw = 0;
    memcpy(&raw, at, row->size < 8 ? row->size : 8); /* little-endian, as all we run on; checked by option_check */
    if (row->minimum < 0 && row->size < 8) {
        unsigned unused = (unsigned)(64 - 8 * row->size);
        return (int64_t)(raw << unused) >> unused;
    }
    return (int64_t)raw;
}

static void put_integer(const struct option_row *row, void *config, int64_t number)
{
    memcpy((char *)config + row->offset, &number, row->size < 8 ? row->size : 8);
}

static void print_integer(const struct option_row *row, int64_t number, struct buffer *out)
{
    switch (row->kind) {
    case OPTION_SIZE: format_size((uint64_t)number, out); return;
    case OPTION_DURATION: format_duration((uint64_t)number * member_unit(row), out); return;
    case OPTION_PERCENT: buffer_printf(out, "%lld%%", (long long)number); return;
    default: buffer_printf(out, "%lld", (long long)number); return;
    }
}

void option_print_bounds(const struct option_row *row, struct buffer *out)
{
    struct option_bounds bounds = option_bounds(row);
    if (row->maximum == 0 && row->kind != OPTION_PERCENT) {
        buffer_append_text(out, "at least ");
        print_integer(row, bounds.minimum, out);
        return;
    }
    print_integer(row, bounds.minimum, out);
    buffer_append_text(out, " to ");
    print_integer(row, bounds.maximum, out);
}

static bool parse_integer(const struct option_row *row, struct view text, int64_t *out)
{
    uint64_t number;
    if (row->kind == OPTION_INTEGER) return view_to_i64(text, out);
    if (row->kind == OPTION_PERCENT && text.size > 0 && text.data[text.size - 1] == '%')
        text = view_trim(view_of(text.data, text.size - 1));
    if (row->kind == OPTION_PERCENT) return view_to_i64(text, out);
    if (row->kind == OPTION_SIZE && !parse_size(text, &number)) return false;
    if (row->kind == OPTION_DURATION) {
        if (!parse_duration(text, &number) || number % member_unit(row) != 0) return false;
        number /= member_unit(row);
    }
    *out = (int64_t)number;
    return number <= INT64_MAX;
}

static bool set_choice(const struct option_row *row, void *config, struct view text)
{
    for (int i = 0; row->choices[i]; i++) {
        if (!is_word(text, row->choices[i])) continue;
        put_integer(row, config, i);
        return true;
    }
    return false;
}

static bool set_real(const struct option_row *row, void *config, struct view text)
{
    char copy[64];
    char *end;
    if (text.size == 0 || text.size >= sizeof copy) return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    double number = strtod(copy, &end);
    if (*end == '%' && end != copy) {
        number /= 100;
        end++;
    }
    if (*end != '\0' || end == copy || !isfinite(number)) return false;
    if ((row->minimum != 0 || row->maximum != 0) && (number < (double)row->minimum || number > (double)row->maximum)) return false;
    memcpy((char *)config + row->offset, &number, sizeof number);
    return true;
}

static bool set_text(const struct option_row *row, void *config, struct view text)
{
    char *at = (char *)config + row->offset;
    if (text.size >= row->size || (text.size && memchr(text.data, '\0', text.size))) return false;
    memset(at, 0, row->size); /* so that option_reload may compare members bytewise */
    if (text.size) memcpy(at, text.data, text.size);
    return true;
}

bool option_put(const struct option_row *row, void *config, struct view text)
{
    bool boolean;
    int64_t number;
    switch (row->kind) {
    case OPTION_TEXT: return set_text(row, config, text);
    case OPTION_CHOICE: return set_choice(row, config, text);
    case OPTION_REAL: return set_real(row, config, text);
    case OPTION_BOOLEAN:
        if (!parse_boolean(text, &boolean)) return false;
        memcpy((char *)config + row->offset, &boolean, sizeof boolean);
        return true;
    default: break;
    }
    struct option_bounds bounds = option_bounds(row);
    if (!parse_integer(row, text, &number) || number < bounds.minimum || number > bounds.maximum) return false;
    put_integer(row, config, number);
    return true;
}

void option_print_value(const struct option_row *row, const void *config, struct buffer *out)
{
    const char *at = (const char *)config + row->offset;
    double real;
    if (row->secret) {
        buffer_append_text(out, row->kind == OPTION_TEXT && *at == '\0' ? "" : "********");
        return;
    }
    switch (row->kind) {
    case OPTION_TEXT: buffer_append(out, at, strnlen(at, row->size)); return;
    case OPTION_CHOICE: buffer_append_text(out, row->choices[option_get_integer(row, config)]); return;
    case OPTION_BOOLEAN: buffer_append_text(out, *(const bool *)at ? "true" : "false"); return;
    case OPTION_REAL:
        memcpy(&real, at, sizeof real);
        buffer_printf(out, "%.10g", real);
        return;
    default: print_integer(row, option_get_integer(row, config), out); return;
    }
}
