/* SPDX-License-Identifier: Apache-2.0 */
/* Values: base/value.h to PostgreSQL's text forms and back. */
#include "pg/connection.h"

#include "base/memory.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = NUMBER_TEXT_MAX }; /* of every type of bounded length */
#define NANOSECONDS_PER_DAY ((int64_t)86400 * 1000000000)

/* ---- to text ---- */

static size_t real_to_text(double real, int digits, char out[TEXT_MAX])
{
    if (isnan(real)) return (size_t)snprintf(out, TEXT_MAX, "NaN");
    if (isinf(real)) return (size_t)snprintf(out, TEXT_MAX, real > 0 ? "Infinity" : "-Infinity");
    return (size_t)snprintf(out, TEXT_MAX, "%.*g", digits, real);
}

static size_t number_text(struct view number, char out[TEXT_MAX])
{
    size_t size = number_to_text(number, out);
    if (size && out[size - 1] == '~') size = (size_t)snprintf(out, TEXT_MAX, size == 1 ? "Infinity" : "-Infinity");
    return size;
}

static size_t interval_text(int64_t days, int64_t nanoseconds, char out[TEXT_MAX])
{
    uint64_t size = nanoseconds < 0 ? (uint64_t)0 - (uint64_t)nanoseconds : (uint64_t)nanoseconds;
    return (size_t)snprintf(out, TEXT_MAX, "%" PRId64 " days %s%" PRIu64 ".%09" PRIu64 " seconds", days, nanoseconds < 0 ? "-" : "",
                            size / 1000000000, size % 1000000000);
}

/* The types whose text has a bounded length. 0: not such a value. */
static size_t bounded_text(const struct value *value, char out[TEXT_MAX])
{
    switch (value->type) {
    case VALUE_NUMBER: return number_text(value->bytes, out);
    case VALUE_DATETIME: return datetime_to_text(&value->datetime, out);
    case VALUE_INTERVAL_YM: return (size_t)snprintf(out, TEXT_MAX, "%" PRId64 " months", value->months);
    case VALUE_INTERVAL_DS: return interval_text(value->interval.days, value->interval.nanoseconds, out);
    case VALUE_FLOAT: return real_to_text(value->real, 9, out);
    case VALUE_DOUBLE: return real_to_text(value->real, 17, out);
    case VALUE_BOOLEAN: return (size_t)snprintf(out, TEXT_MAX, value->boolean ? "true" : "false");
    default: return 0;
    }
}

static bool text_can_be_said(struct view text)
{
    return text.size == 0 || memchr(text.data, 0, text.size) == NULL;
}

bool pg_value_to_parameter(const struct value *value, struct arena *arena, struct pg_parameter *out, struct error *error)
{
    char text[TEXT_MAX];
    *out = (struct pg_parameter){0};
    switch (value->type) {
    case VALUE_NULL: out->null = true; return true;
    case VALUE_TEXT:
        if (!text_can_be_said(value->bytes))
            return error_set(error, ERROR_TARGET, "a text with the character U+0000, which PostgreSQL cannot store");
        out->text = value->bytes;
        return true;
    case VALUE_BYTES:
        out->text = value->bytes;
        out->binary = true;
        out->type = PG_OID_BYTEA;
        return true;
    default: break;
    }
    size_t size = bounded_text(value, text);
    if (size == 0)
        return error_set(error, ERROR_TARGET, "a value of type %s, which has no form in PostgreSQL", value_type_name(value->type));
    out->text = arena_copy(arena, view_of(text, size));
    if (out->text.size == size) return true;
    return error_set(error, ERROR_LIMIT, "no memory for a parameter within the call's limit");
}

/* ---- to COPY ---- */

static void copy_text(struct buffer *out, struct view text)
{
    static const char escapes[256] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\v'] = 'v', ['\f'] = 'f', ['\r'] = 'r', ['\\'] = '\\'};
    size_t from = 0;
    for (size_t i = 0; i < text.size; i++) {
        char escape = escapes[text.data[i]];
        if (!escape) continue;
        if (i > from) buffer_append(out, text.data + from, i - from);
        buffer_u8(out, '\\');
        buffer_u8(out, (uint8_t)escape);
        from = i + 1;
    }
    if (text.size > from) buffer_append(out, text.data + from, text.size - from);
}

static void append_hex(struct buffer *out, struct view bytes)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *at = buffer_reserve(out, bytes.size * 2);
    if (!at) return;
    for (size_t i = 0; i < bytes.size; i++) {
        *at++ = (uint8_t)digits[bytes.data[i] >> 4];
        *at++ = (uint8_t)digits[bytes.data[i] & 15];
    }
    buffer_commit(out, bytes.size * 2);
}

void pg_copy_value(struct buffer *out, const struct value *value, bool last)
{
    char text[TEXT_MAX];
    if (value->type == VALUE_NULL) {
        buffer_append_text(out, "\\N");
    } else if (value->type == VALUE_TEXT) {
        if (!text_can_be_said(value->bytes)) out->failed = true;
        copy_text(out, value->bytes);
    } else if (value->type == VALUE_BYTES) {
        buffer_append_text(out, "\\\\x");
        append_hex(out, value->bytes);
    } else {
        size_t size = bounded_text(value, text);
        if (size == 0) out->failed = true;
        buffer_append(out, text, size);
    }
    buffer_u8(out, last ? '\n' : '\t');
}

/* ---- from text ---- */

static struct value unsupported(struct view text)
{
    return (struct value){.type = VALUE_UNSUPPORTED, .bytes = text};
}

static struct value number_of(struct view text, struct arena *arena)
{
    static const uint8_t infinity[] = {0xFF, 0x65}, minus_infinity[] = {0x00};
    if (view_equal(text, view_text("Infinity"))) return (struct value){.type = VALUE_NUMBER, .bytes = view_of(infinity, 2)};
    if (view_equal(text, view_text("-Infinity"))) return (struct value){.type = VALUE_NUMBER, .bytes = view_of(minus_infinity, 1)};
    struct value value = value_number_text(arena, text);
    return value.type == VALUE_NUMBER ? value : unsupported(text);
}

static struct value bool_of(struct view text, struct arena *arena)
{
    (void)arena;
    if (text.size != 1 || (text.data[0] != 't' && text.data[0] != 'f')) return unsupported(text);
    return (struct value){.type = VALUE_BOOLEAN, .boolean = text.data[0] == 't'};
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static struct value bytes_of(struct view text, struct arena *arena)
{
    if (text.size < 2 || text.size % 2 || text.data[0] != '\\' || text.data[1] != 'x') return unsupported(text);
    size_t size = text.size / 2 - 1;
    if (size == 0) return value_null();
    uint8_t *bytes = arena_try(arena, size);
    if (!bytes) return unsupported(text);
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text.data[2 + 2 * i]), low = hex_digit(text.data[3 + 2 * i]);
        if (high < 0 || low < 0) return unsupported(text);
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return value_bytes(view_of(bytes, size));
}

static struct value datetime_of(struct view text, struct arena *arena)
{
    (void)arena;
    struct value value = {.type = VALUE_DATETIME};
    return datetime_from_text(text, &value.datetime) ? value : unsupported(text); /* infinity, -infinity */
}

static struct value real_of(struct view text, enum value_type type)
{
    char copy[64], *end;
    if (text.size == 0 || text.size >= sizeof copy) return unsupported(text);
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    double real = type == VALUE_FLOAT ? (double)strtof(copy, &end) : strtod(copy, &end);
    if (*end) return unsupported(text);
    if (isnan(real)) real = (double)NAN;
    return (struct value){.type = type, .real = real == 0 ? 0 : real};
}
static struct value float_of(struct view text, struct arena *arena)
{
    (void)arena;
    return real_of(text, VALUE_FLOAT);
}
static struct value double_of(struct view text, struct arena *arena)
{
    (void)arena;
    return real_of(text, VALUE_DOUBLE);
}

/* ---- intervals: "1 year -2 mons +3 days -04:05:06.789", any part may be missing ---- */

struct interval {
    int64_t months, days, nanoseconds;
};

static bool scan_digits(struct view *text, int64_t *out)
{
    size_t at = 0;
    int64_t sum = 0;
    while (at < text->size && text->data[at] >= '0' && text->data[at] <= '9') {
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, text->data[at] - '0', &sum)) return false;
        at++;
    }
    *text = view_of(text->data + at, text->size - at);
    *out = sum;
    return at > 0;
}

static bool scan_char(struct view *text, char c)
{
    if (text->size == 0 || text->data[0] != (uint8_t)c) return false;
    *text = view_of(text->data + 1, text->size - 1);
    return true;
}

/* hours were read; ":MM:SS[.ffffff]" follows */
static bool scan_clock(struct view *text, int64_t hours, bool negative, struct interval *interval)
{
    int64_t minutes, seconds, fraction = 0, sum;
    if (!scan_char(text, ':') || !scan_digits(text, &minutes) || !scan_char(text, ':') || !scan_digits(text, &seconds)) return false;
    if (scan_char(text, '.')) {
        size_t before = text->size;
        if (!scan_digits(text, &fraction) || before - text->size > 9) return false;
        for (size_t digits = before - text->size; digits < 9; digits++) fraction *= 10;
    }
    /* Hours may be more than a day's: they are days for Oracle. */
    if (minutes > 59 || seconds > 60) return false;
    sum = (hours % 24 * 3600 + minutes * 60 + seconds) * 1000000000 + fraction;
    interval->days += negative ? -(hours / 24) : hours / 24;
    interval->nanoseconds = negative ? -sum : sum;
    return true;
}

static bool scan_unit(struct view *text, int64_t number, struct interval *interval)
{
    static const struct {
        const char *name;
        int64_t months, days;
    } units[] = {{" years", 12, 0}, {" year", 12, 0}, {" mons", 1, 0}, {" mon", 1, 0}, {" days", 0, 1}, {" day", 0, 1}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!view_starts_with(*text, units[i].name)) continue;
        size_t size = strlen(units[i].name);
        int64_t months, days;
        *text = view_of(text->data + size, text->size - size);
        return !__builtin_mul_overflow(number, units[i].months, &months) &&
               !__builtin_add_overflow(interval->months, months, &interval->months) &&
               !__builtin_mul_overflow(number, units[i].days, &days) && !__builtin_add_overflow(interval->days, days, &interval->days);
    }
    return false;
}

static bool scan_interval(struct view text, struct interval *interval)
{
    *interval = (struct interval){0};
    while (text.size > 0) {
        int64_t number;
        bool negative = scan_char(&text, '-');
        if (!negative) scan_char(&text, '+');
        if (!scan_digits(&text, &number)) return false;
        bool clock = text.size > 0 && text.data[0] == ':';
        if (!(clock ? scan_clock(&text, number, negative, interval) : scan_unit(&text, negative ? -number : number, interval)))
            return false;
        if (text.size > 0 && !scan_char(&text, ' ')) return false;
    }
    return true;
}

static struct value interval_of(struct view text, struct arena *arena)
{
    (void)arena;
    struct interval interval;
    if (!scan_interval(text, &interval)) return unsupported(text);
    bool rest = interval.days || interval.nanoseconds;
    if (interval.months) return rest ? unsupported(text) : (struct value){.type = VALUE_INTERVAL_YM, .months = interval.months};
    /* One sign for both parts. */
    if (interval.days > 0 && interval.nanoseconds < 0) {
        interval.days--;
        interval.nanoseconds += NANOSECONDS_PER_DAY;
    } else if (interval.days < 0 && interval.nanoseconds > 0) {
        interval.days++;
        interval.nanoseconds -= NANOSECONDS_PER_DAY;
    }
    return (struct value){.type = VALUE_INTERVAL_DS, .interval = {interval.days, interval.nanoseconds}};
}

struct value pg_value_from_text(uint32_t type, struct view text, bool null, struct arena *arena)
{
    static const struct {
        uint32_t type;
        struct value (*from)(struct view text, struct arena *arena);
    } table[] = {
        {PG_OID_NUMERIC, number_of},     {PG_OID_INT8, number_of},          {PG_OID_INT4, number_of},   {PG_OID_INT2, number_of},
        {PG_OID_TIMESTAMP, datetime_of}, {PG_OID_TIMESTAMPTZ, datetime_of}, {PG_OID_DATE, datetime_of}, {PG_OID_BYTEA, bytes_of},
        {PG_OID_FLOAT8, double_of},      {PG_OID_FLOAT4, float_of},         {PG_OID_BOOL, bool_of},     {PG_OID_INTERVAL, interval_of},
        {26 /* oid */, number_of},
    };
    if (null) return value_null();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].type == type) return table[i].from(text, arena);
    return value_text(text);
}
