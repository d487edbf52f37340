/* SPDX-License-Identifier: Apache-2.0 */
/* Values for people: what a log line or a divergence shows. */
#include "base/value.h"

#include <math.h>

/* Where a text may be cut without splitting a UTF-8 character. */
static size_t cut_at(struct view text, size_t limit)
{
    if (limit == 0 || text.size <= limit) return text.size;
    while (limit > 0 && (text.data[limit] & 0xC0) == 0x80) limit--;
    return limit;
}

static void print_text(struct buffer *out, struct view text, size_t limit)
{
    size_t shown = cut_at(text, limit);
    buffer_u8(out, '\'');
    for (size_t i = 0; i < shown; i++) {
        uint8_t c = text.data[i];
        if (c == '\'')
            buffer_append_text(out, "''");
        else if (c < 0x20 || c == 0x7F)
            buffer_printf(out, "\\x%02x", c);
        else
            buffer_u8(out, c);
    }
    buffer_u8(out, '\'');
    if (shown < text.size) buffer_printf(out, "... (%zu bytes)", text.size);
}

static void print_hex(struct buffer *out, struct view bytes, size_t limit)
{
    static const char digits[] = "0123456789abcdef";
    size_t shown = limit && bytes.size > limit / 2 ? limit / 2 : bytes.size;
    buffer_append_text(out, "0x");
    for (size_t i = 0; i < shown; i++) {
        buffer_u8(out, (uint8_t)digits[bytes.data[i] >> 4]);
        buffer_u8(out, (uint8_t)digits[bytes.data[i] & 15]);
    }
    if (shown < bytes.size) buffer_printf(out, "... (%zu bytes)", bytes.size);
}

static void print_number(struct buffer *out, struct view bytes)
{
    char text[NUMBER_TEXT_MAX];
    size_t size = number_to_text(bytes, text);
    if (size)
        buffer_append(out, text, size);
    else
        print_hex(out, bytes, 0);
}

static void print_months(struct buffer *out, int64_t months)
{
    uint64_t magnitude = months < 0 ? 0 - (uint64_t)months : (uint64_t)months;
    buffer_printf(out, "%c%llu-%02llu", months < 0 ? '-' : '+', (unsigned long long)(magnitude / 12), (unsigned long long)(magnitude % 12));
}

static void print_days(struct buffer *out, int64_t days, int64_t nanoseconds)
{
    bool negative = days < 0 || nanoseconds < 0;
    uint64_t whole = days < 0 ? 0 - (uint64_t)days : (uint64_t)days;
    uint64_t rest = nanoseconds < 0 ? 0 - (uint64_t)nanoseconds : (uint64_t)nanoseconds;
    uint64_t seconds = rest / 1000000000u;
    buffer_printf(out, "%c%llu %02llu:%02llu:%02llu.%09llu", negative ? '-' : '+', (unsigned long long)whole,
                  (unsigned long long)(seconds / 3600), (unsigned long long)(seconds / 60 % 60), (unsigned long long)(seconds % 60),
                  (unsigned long long)(rest % 1000000000u));
}

static void print_real(struct buffer *out, double real, int digits)
{
    if (isnan(real))
        buffer_append_text(out, "NaN");
    else
        buffer_printf(out, "%.*g", digits, real == 0 ? 0.0 : real);
}

void value_print(struct buffer *out, const struct value *value, size_t text_limit)
{
    char text[64];
    switch (value->type) {
    case VALUE_NULL: buffer_append_text(out, "NULL"); return;
    case VALUE_NUMBER: print_number(out, value->bytes); return;
    case VALUE_TEXT: print_text(out, value->bytes, text_limit); return;
    case VALUE_BYTES: print_hex(out, value->bytes, text_limit); return;
    case VALUE_DATETIME: buffer_append(out, text, datetime_to_text(&value->datetime, text)); return;
    case VALUE_INTERVAL_YM: print_months(out, value->months); return;
    case VALUE_INTERVAL_DS: print_days(out, value->interval.days, value->interval.nanoseconds); return;
    case VALUE_FLOAT: print_real(out, value->real, 9); return;
    case VALUE_DOUBLE: print_real(out, value->real, 17); return;
    case VALUE_BOOLEAN: buffer_append_text(out, value->boolean ? "true" : "false"); return;
    case VALUE_UNSUPPORTED:
        buffer_append_text(out, "unsupported ");
        print_hex(out, value->bytes, text_limit);
        return;
    case VALUE_TYPE_COUNT: break;
    }
    buffer_append_text(out, "?");
}
