/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NUMBER: an exponent byte, then up to 20 base-100 digits. Between its text and its bytes everything goes through
 * one unpacked form (struct decimal), so that there is one place that rounds and one that strips zeros.
 */
#include "base/value.h"

enum {
    PAIRS_MAX = 20,
    EXPONENT_MAX = 62,  /* of 100: numbers below 1E126 */
    EXPONENT_MIN = -65, /* 1E-130 */
    ZERO = 0x80,
    NEGATIVE_END = 0x66,
    TEXT_EXPONENT_MAX = 100000 /* beyond it every mantissa that fits a text limit is out of range or zero */
};

/* value = sign * sum of pair[i] * 100^(exponent - i); no pairs: zero. */
struct decimal {
    bool negative;
    bool infinite;
    int exponent;
    size_t count;
    uint8_t pair[PAIRS_MAX + 1]; /* one more to round by */
};

static void decimal_strip(struct decimal *d)
{
    size_t leading = 0;
    while (leading < d->count && d->pair[leading] == 0) leading++;
    if (leading) {
        memmove(d->pair, d->pair + leading, d->count - leading);
        d->count -= leading;
        d->exponent -= (int)leading;
    }
    while (d->count > 0 && d->pair[d->count - 1] == 0) d->count--;
    if (d->count == 0 && !d->infinite) d->negative = false;
}

/* Half up, away from zero. `beyond`: the first digit pair that does not fit. */
static void decimal_round(struct decimal *d, uint8_t beyond)
{
    if (beyond < 50) return;
    size_t at = d->count;
    while (at > 0 && d->pair[at - 1] == 99) d->pair[--at] = 0;
    if (at > 0) {
        d->pair[at - 1]++;
        return;
    }
    d->pair[0] = 1; /* all were 99: the rest are zeros now */
    d->exponent++;
}

static bool decimal_write(const struct decimal *d, uint8_t out[NUMBER_SIZE_MAX], size_t *size)
{
    if (d->infinite) {
        out[0] = d->negative ? 0x00 : 0xFF;
        out[1] = 0x65;
        *size = d->negative ? 1 : 2;
        return true;
    }
    if (d->count == 0 || d->exponent < EXPONENT_MIN) {
        out[0] = ZERO;
        *size = 1;
        return true;
    }
    if (d->exponent > EXPONENT_MAX) return false;
    out[0] = (uint8_t)(d->negative ? 62 - d->exponent : 193 + d->exponent);
    for (size_t i = 0; i < d->count; i++) out[i + 1] = (uint8_t)(d->negative ? 101 - d->pair[i] : d->pair[i] + 1);
    *size = d->count + 1;
    if (d->negative && d->count < PAIRS_MAX) out[(*size)++] = NEGATIVE_END;
    return true;
}

static bool decimal_read(struct view bytes, struct decimal *d)
{
    *d = (struct decimal){0};
    if (bytes.size == 0 || bytes.size > NUMBER_SIZE_MAX + 1) return false;
    uint8_t first = bytes.data[0];
    if (first == ZERO && bytes.size == 1) return true;
    d->negative = first < 0x80;
    d->infinite = (first == 0x00 && bytes.size == 1) || (first == 0xFF && bytes.size == 2 && bytes.data[1] == 0x65);
    if (d->infinite) return true;
    d->exponent = d->negative ? 62 - first : first - 193;
    size_t count = bytes.size - 1;
    if (d->negative && count > 0 && bytes.data[count] == NEGATIVE_END) count--;
    if (count == 0 || count > PAIRS_MAX) return false;
    for (size_t i = 0; i < count; i++) {
        int pair = d->negative ? 101 - bytes.data[i + 1] : bytes.data[i + 1] - 1;
        if (pair < 0 || pair > 99) return false;
        d->pair[i] = (uint8_t)pair;
    }
    d->count = count;
    decimal_strip(d);
    return d->exponent >= EXPONENT_MIN || d->count == 0;
}

/* ---- from text ---- */

struct scan {
    const uint8_t *at, *end;
};

static bool scan_digit(struct scan *s, int *digit)
{
    if (s->at == s->end || *s->at < '0' || *s->at > '9') return false;
    *digit = *s->at++ - '0';
    return true;
}

static bool scan_byte(struct scan *s, char a, char b)
{
    if (s->at == s->end || (*s->at != (uint8_t)a && *s->at != (uint8_t)b)) return false;
    s->at++;
    return true;
}

/* "e+12". False: an e without digits. */
static bool scan_exponent(struct scan *s, long *exponent)
{
    *exponent = 0;
    if (!scan_byte(s, 'e', 'E')) return true;
    bool negative = scan_byte(s, '-', '-');
    if (!negative) (void)scan_byte(s, '+', '+');
    int digit;
    if (!scan_digit(s, &digit)) return false;
    long sum = digit;
    while (scan_digit(s, &digit))
        if (sum < TEXT_EXPONENT_MAX) sum = sum * 10 + digit;
    *exponent = negative ? -sum : sum;
    return true;
}

/* The significant digits of a text: the first few kept, and where the point stands relative to the first. */
struct digits {
    uint8_t digit[2 * (PAIRS_MAX + 1) + 1];
    size_t kept;
    bool cut;      /* digits other than zero were not kept */
    long integers; /* digits before the point, counted from the first significant one; negative: zeros after the point */
};

static void digits_add(struct digits *d, int digit)
{
    if (d->kept == 0 && digit == 0) return;
    if (d->kept < sizeof d->digit)
        d->digit[d->kept++] = (uint8_t)digit;
    else if (digit)
        d->cut = true;
}

static bool scan_digits(struct scan *s, struct digits *d)
{
    bool any = false, after_point = false;
    int digit;
    for (;;) {
        if (scan_digit(s, &digit)) {
            bool leading = d->kept == 0 && digit == 0;
            digits_add(d, digit);
            if (!after_point && !leading) d->integers++;
            if (after_point && leading) d->integers--;
            any = true;
        } else if (!after_point && scan_byte(s, '.', '.')) {
            after_point = true;
        } else {
            return any;
        }
    }
}

static bool view_is(struct view v, const char *text)
{
    return view_equal_ignoring_case(v, view_text(text));
}

static bool infinity_from_text(struct view text, bool *negative)
{
    *negative = text.size > 0 && text.data[0] == '-';
    if (text.size > 0 && (*negative || text.data[0] == '+')) text = view_of(text.data + 1, text.size - 1);
    return view_is(text, "~") || view_is(text, "infinity");
}

/* Packs digits into pairs; the point must fall between pairs, so an odd number of integer digits starts with 0. */
static void decimal_pack(struct decimal *out, const struct digits *d, long point, bool *rounded)
{
    bool odd = point % 2 != 0;
    long exponent = (odd ? point + 1 : point) / 2 - 1;
    size_t at = 0;
    int pairs[PAIRS_MAX + 2] = {0};
    size_t count = 0;
    if (odd && d->kept) pairs[count++] = d->digit[at++];
    for (; at < d->kept && count < PAIRS_MAX + 2; at += 2) pairs[count++] = d->digit[at] * 10 + (at + 1 < d->kept ? d->digit[at + 1] : 0);
    out->exponent = exponent > 1000 ? 1000 : exponent < -1000 ? -1000 : (int)exponent;
    out->count = count < PAIRS_MAX ? count : PAIRS_MAX;
    for (size_t i = 0; i < out->count; i++) out->pair[i] = (uint8_t)pairs[i];
    bool lost = d->cut || at < d->kept;
    for (size_t i = PAIRS_MAX; i < count; i++) lost = lost || pairs[i] != 0;
    if (count > PAIRS_MAX) decimal_round(out, (uint8_t)pairs[PAIRS_MAX]);
    decimal_strip(out);
    if (rounded) *rounded = lost || (out->count > 0 && out->exponent < EXPONENT_MIN);
}

bool number_from_text(struct view text, uint8_t out[NUMBER_SIZE_MAX], size_t *size, bool *rounded)
{
    struct decimal decimal = {0};
    if (rounded) *rounded = false;
    text = view_trim(text);
    if (text.size == 0) return false;
    if (infinity_from_text(text, &decimal.negative)) {
        decimal.infinite = true;
        return decimal_write(&decimal, out, size);
    }
    struct scan scan = {.at = text.data, .end = text.data + text.size};
    struct digits digits = {0};
    long exponent;
    decimal.negative = scan_byte(&scan, '-', '-');
    if (!decimal.negative) (void)scan_byte(&scan, '+', '+');
    if (!scan_digits(&scan, &digits) || !scan_exponent(&scan, &exponent) || scan.at != scan.end) return false;
    decimal_pack(&decimal, &digits, digits.integers + exponent, rounded);
    return decimal_write(&decimal, out, size);
}

/* ---- the other ways in and out ---- */

bool number_canonical(struct view oracle_bytes, uint8_t out[NUMBER_SIZE_MAX], size_t *size)
{
    struct decimal decimal;
    return decimal_read(oracle_bytes, &decimal) && decimal_write(&decimal, out, size);
}

static size_t put_pair(char *out, uint8_t pair)
{
    out[0] = (char)('0' + pair / 10);
    out[1] = (char)('0' + pair % 10);
    return 2;
}

size_t number_to_text(struct view oracle_bytes, char out[NUMBER_TEXT_MAX])
{
    struct decimal d;
    size_t at = 0;
    if (!decimal_read(oracle_bytes, &d)) return 0;
    if (d.negative) out[at++] = '-';
    if (d.infinite) {
        out[at++] = '~';
        return at;
    }
    size_t integers = d.count && d.exponent >= 0 ? (size_t)d.exponent + 1 : 0;
    for (size_t i = 0; i < integers; i++) {
        uint8_t pair = i < d.count ? d.pair[i] : 0;
        if (i == 0 && pair < 10)
            out[at++] = (char)('0' + pair);
        else
            at += put_pair(out + at, pair);
    }
    if (integers == 0) out[at++] = '0';
    if (d.count > integers) {
        out[at++] = '.';
        for (int zeros = d.exponent; zeros < -1; zeros++) at += put_pair(out + at, 0);
        for (size_t i = integers; i < d.count; i++) at += put_pair(out + at, d.pair[i]);
        if (out[at - 1] == '0') at--;
    }
    return at;
}

bool number_from_i64(int64_t n, uint8_t out[NUMBER_SIZE_MAX], size_t *size)
{
    struct decimal d = {.negative = n < 0};
    uint64_t magnitude = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    uint8_t reversed[10] = {0};
    while (magnitude) {
        reversed[d.count++] = (uint8_t)(magnitude % 100);
        magnitude /= 100;
    }
    for (size_t i = 0; i < d.count; i++) d.pair[i] = reversed[d.count - 1 - i];
    d.exponent = (int)d.count - 1;
    decimal_strip(&d);
    return decimal_write(&d, out, size);
}

bool number_to_i64(struct view oracle_bytes, int64_t *out)
{
    struct decimal d;
    if (!decimal_read(oracle_bytes, &d) || d.infinite) return false;
    if (d.count == 0) {
        *out = 0;
        return true;
    }
    if (d.exponent < 0 || d.count > (size_t)d.exponent + 1) return false;
    int64_t sum = 0;
    for (int i = 0; i <= d.exponent; i++) {
        int64_t pair = (size_t)i < d.count ? d.pair[i] : 0;
        if (__builtin_mul_overflow(sum, (int64_t)100, &sum)) return false;
        if (__builtin_add_overflow(sum, d.negative ? -pair : pair, &sum)) return false;
    }
    *out = sum;
    return true;
}

struct value value_number_i64(struct arena *arena, int64_t n)
{
    uint8_t bytes[NUMBER_SIZE_MAX];
    size_t size;
    (void)number_from_i64(n, bytes, &size);
    struct view copy = arena_copy(arena, view_of(bytes, size));
    return (struct value){.type = copy.size ? VALUE_NUMBER : VALUE_UNSUPPORTED, .bytes = copy};
}

struct value value_number_text(struct arena *arena, struct view text)
{
    uint8_t bytes[NUMBER_SIZE_MAX];
    size_t size;
    if (!number_from_text(text, bytes, &size, NULL)) return (struct value){.type = VALUE_UNSUPPORTED, .bytes = arena_copy(arena, text)};
    struct view copy = arena_copy(arena, view_of(bytes, size));
    return (struct value){.type = copy.size ? VALUE_NUMBER : VALUE_UNSUPPORTED, .bytes = copy};
}
