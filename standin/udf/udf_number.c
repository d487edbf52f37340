/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers: text of a number, TO_CHAR and TO_NUMBER with formats, checked casts. Numbers come and go as decimal digits. */
#include "standin/udf/udf.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 100, FORMAT_MAX = 100, DECIMAL_TEXT_SIZE = 2 * DIGITS_MAX + 8, FORMATTED_SIZE = 3 * FORMAT_MAX };
struct decimal {
    bool negative;
    char whole[DIGITS_MAX + 1], fraction[DIGITS_MAX + 1];
}; /* no leading zeros in whole, no trailing ones in fraction */

static void decimal_trim(struct decimal *d)
{
    size_t zeros = strspn(d->whole, "0"), size = strlen(d->fraction);
    memmove(d->whole, d->whole + zeros, strlen(d->whole) - zeros + 1);
    while (size && d->fraction[size - 1] == '0') d->fraction[--size] = '\0';
    if (!*d->whole && !*d->fraction) d->negative = false;
}

/* Blanks around, sign, digits, point, exponent. */
static bool decimal_read(const char *text, struct decimal *d)
{
    char digits[2 * DIGITS_MAX + 2];
    size_t count = 0, point = 0;
    bool seen_point = false, any = false;
    *d = (struct decimal){0};
    while (isspace((unsigned char)*text)) text++;
    if (*text == '-' || *text == '+') d->negative = *text++ == '-';
    for (; isdigit((unsigned char)*text) || (*text == '.' && !seen_point); text++) {
        if (*text == '.') {
            seen_point = true;
            point = count;
            continue;
        }
        any = true;
        if (count >= DIGITS_MAX) return false;
        digits[count++] = *text;
    }
    if (!seen_point) point = count;
    long exponent = 0;
    if (any && (*text == 'e' || *text == 'E')) {
        char *end;
        exponent = strtol(text + 1, &end, 10);
        if (end == text + 1 || exponent < -90 || exponent > 90) return false;
        text = end;
    }
    while (isspace((unsigned char)*text)) text++;
    if (!any || *text) return false;
    long at = (long)point + exponent;
    for (long i = at < 0 ? at : 0; i < (long)count || i < at; i++) {
        char digit = i >= 0 && i < (long)count ? digits[i] : '0';
        char *to = i < at ? d->whole : d->fraction;
        size_t size = strlen(to);
        if (size >= DIGITS_MAX) return false;
        to[size] = digit;
        to[size + 1] = '\0';
    }
    decimal_trim(d);
    return true;
}

/* Half up, away from zero; scale >= 0. */
static void decimal_round(struct decimal *d, size_t scale)
{
    if (strlen(d->fraction) <= scale) return;
    bool up = d->fraction[scale] >= '5';
    d->fraction[scale] = '\0';
    for (size_t i = scale; up && i-- > 0;) {
        up = d->fraction[i] == '9';
        d->fraction[i] = up ? '0' : (char)(d->fraction[i] + 1);
    }
    for (size_t i = strlen(d->whole); up && i-- > 0;) {
        up = d->whole[i] == '9';
        d->whole[i] = up ? '0' : (char)(d->whole[i] + 1);
    }
    if (up) {
        memmove(d->whole + 1, d->whole, strlen(d->whole) + 1);
        d->whole[0] = '1';
    }
    decimal_trim(d);
}

static unsigned long decimal_write(const struct decimal *d, bool leading_zero, char *out)
{
    const char *whole = *d->whole || !leading_zero ? d->whole : "0";
    if (!*d->whole && !*d->fraction) whole = "0";
    return (unsigned long)snprintf(out, DECIMAL_TEXT_SIZE, "%s%s%s%s", d->negative ? "-" : "", whole, *d->fraction ? "." : "", d->fraction);
}

static bool decimal_argument(const UDF_ARGS *arguments, unsigned i, struct decimal *d)
{
    char text[256];
    if (arguments->lengths[i] >= sizeof text) return false;
    udf_copy(arguments, i, text, sizeof text);
    return decimal_read(text, d);
}

UDF_STRING(ora_number_text, 1, 1)
{
    struct decimal d;
    UDF_UNUSED;
    if (udf_any_null(arguments) || !decimal_argument(arguments, 0, &d)) {
        *is_null = 1;
        return NULL;
    }
    char *room = udf_room(init, DECIMAL_TEXT_SIZE);
    (void)result;
    *length = decimal_write(&d, false, room);
    return room;
}

UDF_DECIMAL(ora_cast_number, 3, 3)
{
    struct decimal d;
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return NULL;
    }
    if (!decimal_argument(arguments, 0, &d)) return udf_fail(is_null, 1722, "invalid number");
    size_t precision = udf_integer(arguments, 1), scale = udf_integer(arguments, 2);
    decimal_round(&d, scale);
    if (strlen(d.whole) + scale > precision)
        return udf_fail(is_null, 1438, "value larger than specified precision allowed for this column");
    char *room = udf_room(init, DECIMAL_TEXT_SIZE);
    *length = decimal_write(&d, true, room);
    return room;
}

/* Only exact results are given: the legacy server has 40 digits, a double has 15. */
UDF_DECIMAL(ora_power, 2, 2)
{
    UDF_UNUSED;
    (void)result;
    char text[2][256];
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return NULL;
    }
    udf_copy(arguments, 0, text[0], sizeof text[0]);
    udf_copy(arguments, 1, text[1], sizeof text[1]);
    double base = strtod(text[0], NULL), exponent = strtod(text[1], NULL), value = pow(base, exponent);
    bool whole_base = floor(base) == base, exact = isfinite(value) && floor(value) == value && fabs(value) < 9007199254740992.0;
    if (exponent == 0.5)
        exact = exact && value * value == base;
    else
        exact = exact && whole_base && floor(exponent) == exponent && exponent >= 0;
    if (!exact)
        return udf_fail(is_null, 439,
                        "feature not enabled: stand-in does not support POWER and SQRT with a result that is no whole number");
    char *room = udf_room(init, 64);
    *length = (unsigned long)snprintf(room, 64, "%.0f", value);
    return room;
}

/* ---- formats ---- */

struct number_format {
    bool fill, dollar, sign_left, sign_right, minus_right, angle, blank_zero;
    char picture[FORMAT_MAX + 1];
};

static bool format_read(const char *text, struct number_format *f)
{
    *f = (struct number_format){0};
    size_t size = 0;
    while (*text && size < FORMAT_MAX) {
        char c = (char)toupper((unsigned char)*text), next = (char)toupper((unsigned char)text[1]);
        if (c == 'F' && next == 'M')
            f->fill = true, text += 2;
        else if (c == 'M' && next == 'I' && !text[2])
            f->minus_right = true, text += 2;
        else if (c == 'P' && next == 'R' && !text[2])
            f->angle = true, text += 2;
        else if (c == 'S' && size == 0 && !f->sign_left)
            f->sign_left = true, text++;
        else if (c == 'S' && !next)
            f->sign_right = true, text++;
        else if (c == '$' || c == 'L')
            f->dollar = true, text++;
        else if (c == 'B')
            f->blank_zero = true, text++;
        else if (strchr("90.,DG", c))
            f->picture[size++] = c == 'D' ? '.' : c == 'G' ? ',' : c, text++;
        else
            return false;
    }
    return size > 0 && !*text;
}

static char *format_number(struct decimal *d, const struct number_format *f, char *out)
{
    char body[2 * FORMAT_MAX + 8];
    const char *point = strchr(f->picture, '.');
    size_t whole_size = point ? (size_t)(point - f->picture) : strlen(f->picture), places = 0, fractions = 0, at = 0,
           first_zero = whole_size;
    for (size_t i = 0; i < whole_size; i++) places += f->picture[i] != ',';
    for (const char *c = point ? point + 1 : ""; *c; c++) fractions += *c == '9' || *c == '0';
    decimal_round(d, fractions);
    size_t digits = strlen(d->whole), total = strlen(f->picture) + 1 + f->dollar;
    if (digits > places) {
        memset(out, '#', total);
        out[total] = '\0';
        return out;
    }
    for (size_t i = whole_size; i-- > 0;) {
        if (f->picture[i] == '0') first_zero = i;
    }
    size_t seen = 0;
    bool started = false;
    for (size_t i = 0; i < whole_size; i++) {
        if (f->picture[i] == ',') {
            body[at++] = started ? ',' : ' ';
            continue;
        }
        size_t left = places - seen++;
        bool digit = left <= digits;
        started |= digit || i >= first_zero;
        /* The last place before a point-less end shows the zero. */
        bool zero = started || (left == 1 && !point);
        body[at++] = digit ? d->whole[digits - left] : zero ? '0' : ' ';
    }
    if (point) {
        body[at++] = '.';
        size_t have = strlen(d->fraction), n = 0;
        size_t least = 0;
        for (size_t i = 0; point[1 + i]; i++) least = point[1 + i] == '0' ? i + 1 : least;
        for (size_t i = 0; i < fractions; i++, n++) {
            if (f->fill && i >= have && i >= least) break;
            body[at++] = i < have ? d->fraction[i] : '0';
        }
    }
    body[at] = '\0';
    char *text = body + strspn(body, " ");
    size_t blanks = (size_t)(text - body);
    const char *left = f->angle                          ? (d->negative ? "<" : " ")
                       : f->sign_right || f->minus_right ? ""
                       : d->negative                     ? "-"
                       : f->sign_left                    ? "+"
                                                         : " ";
    const char *right = f->angle         ? (d->negative ? ">" : " ")
                        : f->sign_right  ? (d->negative ? "-" : "+")
                        : f->minus_right ? (d->negative ? "-" : " ")
                                         : "";
    if (f->fill) {
        if (*left == ' ') left = "";
        if (*right == ' ') right = "";
        blanks = 0;
    }
    snprintf(out, FORMATTED_SIZE, "%*s%s%s%s%s", (int)blanks, "", left, f->dollar ? "$" : "", text, right);
    return out;
}

UDF_STRING(ora_to_char_number, 2, 2)
{
    struct decimal d;
    struct number_format f;
    char format[FORMAT_MAX + 1];
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return NULL;
    }
    udf_copy(arguments, 1, format, sizeof format);
    if (!decimal_argument(arguments, 0, &d)) return udf_fail(is_null, 1722, "invalid number");
    char *room = udf_room(init, FORMATTED_SIZE);
    if (strcasecmp(format, "TM9") == 0 || strcasecmp(format, "TM") == 0) {
        *length = decimal_write(&d, false, room);
        return room;
    }
    if (!format_read(format, &f)) return udf_fail(is_null, 1481, "invalid number format model");
    format_number(&d, &f, room);
    *length = strlen(room);
    return room;
}

UDF_DECIMAL(ora_to_number, 1, 2)
{
    struct decimal d;
    struct number_format f;
    char text[256], format[FORMAT_MAX + 1], plain[256];
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return NULL;
    }
    if (arguments->lengths[0] >= sizeof text) return udf_fail(is_null, 1722, "invalid number");
    udf_copy(arguments, 0, text, sizeof text);
    if (arguments->arg_count == 2) {
        udf_copy(arguments, 1, format, sizeof format);
        if (!format_read(format, &f)) return udf_fail(is_null, 1481, "invalid number format model");
        size_t size = 0, whole = 0, places = 0;
        bool minus = false, point = false;
        for (const char *c = text; *c; c++) {
            if (*c == '-' || *c == '<')
                minus = true;
            else if (*c == '$' && f.dollar)
                continue;
            else if (*c == ',' && strchr(f.picture, ','))
                continue;
            else if (*c == '+' || *c == '>' || *c == ' ')
                continue;
            else
                plain[size++] = *c;
            point |= *c == '.';
            whole += isdigit((unsigned char)*c) && !point;
        }
        plain[size] = '\0';
        for (const char *c = f.picture; *c && *c != '.'; c++) places += *c != ',';
        if (whole > places) return udf_fail(is_null, 1722, "invalid number");
        snprintf(text, sizeof text, "%s%.250s", minus ? "-" : "", plain);
    }
    if (!decimal_read(text, &d)) return udf_fail(is_null, 1722, "invalid number");
    if (strlen(d.whole) > 38 || strlen(d.fraction) > 38)
        return udf_fail(is_null, 439,
                        "feature not enabled: stand-in does not support numbers of more than 38 digits before or after the point");
    char *room = udf_room(init, DECIMAL_TEXT_SIZE);
    *length = decimal_write(&d, true, room);
    return room;
}
