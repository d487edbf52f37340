/* SPDX-License-Identifier: Apache-2.0 */
/* TO_CHAR and TO_DATE/TO_TIMESTAMP of times: one table of format elements, read for both directions. */
#include "standin/udf/udf.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum element {
    E_SYYYY,
    E_YYYY,
    E_RRRR,
    E_IYYY,
    E_YYY,
    E_IYY,
    E_YEAR,
    E_YY,
    E_RR,
    E_IY,
    E_Y,
    E_I,
    E_CC,
    E_Q,
    E_MONTH,
    E_MON,
    E_MM,
    E_RM,
    E_MI,
    E_WW,
    E_IW,
    E_W,
    E_DDD,
    E_DAY,
    E_DD,
    E_DY,
    E_D,
    E_J,
    E_HH24,
    E_HH12,
    E_HH,
    E_SSSSS,
    E_SS,
    E_FF,
    E_AM_DOTS,
    E_AM,
    E_AD_DOTS,
    E_AD,
    E_TZH,
    E_TZM,
    E_TZR,
    E_TZD,
    E_X,
    E_FM,
    E_FX,
    E_DL,
    E_DS,
    E_TS,
    E_COUNT
};
/* Longer names first: the first that matches is taken. */
static const struct {
    const char *name;
    enum element element;
} elements[] = {{"SYYYY", E_SYYYY},  {"SSSSS", E_SSSSS}, {"MONTH", E_MONTH}, {"YYYY", E_YYYY},    {"RRRR", E_RRRR},    {"IYYY", E_IYYY},
                {"YEAR", E_YEAR},    {"HH24", E_HH24},   {"HH12", E_HH12},   {"A.M.", E_AM_DOTS}, {"P.M.", E_AM_DOTS}, {"A.D.", E_AD_DOTS},
                {"B.C.", E_AD_DOTS}, {"YYY", E_YYY},     {"IYY", E_IYY},     {"MON", E_MON},      {"DDD", E_DDD},      {"DAY", E_DAY},
                {"TZH", E_TZH},      {"TZM", E_TZM},     {"TZR", E_TZR},     {"TZD", E_TZD},      {"YY", E_YY},        {"RR", E_RR},
                {"IY", E_IY},        {"CC", E_CC},       {"MM", E_MM},       {"RM", E_RM},        {"MI", E_MI},        {"WW", E_WW},
                {"IW", E_IW},        {"DD", E_DD},       {"DY", E_DY},       {"HH", E_HH},        {"SS", E_SS},        {"FF", E_FF},
                {"AM", E_AM},        {"PM", E_AM},       {"AD", E_AD},       {"BC", E_AD},        {"FM", E_FM},        {"FX", E_FX},
                {"DL", E_DL},        {"DS", E_DS},       {"TS", E_TS},       {"Y", E_Y},          {"I", E_I},          {"Q", E_Q},
                {"W", E_W},          {"D", E_D},         {"J", E_J},         {"X", E_X}};

static bool next_element(const char *format, enum element *out, size_t *size)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        size_t length = strlen(elements[i].name);
        if (strncasecmp(elements[i].name, format, length) != 0) continue;
        *out = elements[i].element;
        *size = length;
        return true;
    }
    return false;
}

/* ---- TO_CHAR ---- */

struct printer {
    char *out;
    size_t size, most;
    bool fill;
};

static void print_text(struct printer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void print_text(struct printer *p, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(p->out + p->size, p->most - p->size, format, arguments);
    va_end(arguments);
    if (size > 0 && (size_t)size < p->most - p->size) p->size += (size_t)size;
}

static int week_day(const struct udf_time *t)
{
    return (int)(((udf_days(t->year, t->month, t->day) + 4) % 7 + 7) % 7);
}

/* As the element's letters are: MON, Mon or mon. */
static void print_name(struct printer *p, const char *name, size_t letters, size_t width, const char *element)
{
    bool upper = isupper((unsigned char)element[0]) && isupper((unsigned char)element[1]), initial = isupper((unsigned char)element[0]);
    size_t i = 0;
    for (; i < letters && name[i]; i++) {
        unsigned char c = (unsigned char)name[i];
        p->out[p->size++] = (char)(upper || (initial && i == 0) ? toupper(c) : tolower(c));
    }
    for (; !p->fill && i < width; i++) p->out[p->size++] = ' ';
}

static void print_number(struct printer *p, long long value, int width)
{
    print_text(p, "%0*lld", p->fill ? 1 : width, value);
}

static void iso_week(const struct udf_time *t, int *year, int *week)
{
    int64_t days = udf_days(t->year, t->month, t->day);
    struct udf_time thursday;
    udf_from_days(days - (week_day(t) + 6) % 7 + 3, &thursday);
    *year = thursday.year;
    *week = (int)(udf_days(thursday.year, thursday.month, thursday.day) - udf_days(thursday.year, 1, 1)) / 7 + 1;
}

static bool print_date_element(struct printer *p, enum element e, const char *text, const struct udf_time *t)
{
    int year, week, of_year = (int)(udf_days(t->year, t->month, t->day) - udf_days(t->year, 1, 1)) + 1;
    static const char *const roman[] = {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};
    iso_week(t, &year, &week);
    switch (e) {
    case E_SYYYY: print_text(p, p->fill ? "%d" : " %04d", t->year); break;
    case E_YYYY:
    case E_RRRR: print_number(p, t->year, 4); break;
    case E_YYY: print_number(p, t->year % 1000, 3); break;
    case E_YY:
    case E_RR: print_number(p, t->year % 100, 2); break;
    case E_Y: print_number(p, t->year % 10, 1); break;
    case E_IYYY: print_number(p, year, 4); break;
    case E_IYY: print_number(p, year % 1000, 3); break;
    case E_IY: print_number(p, year % 100, 2); break;
    case E_I: print_number(p, year % 10, 1); break;
    case E_CC: print_number(p, (t->year + 99) / 100, 2); break;
    case E_Q: print_number(p, (t->month + 2) / 3, 1); break;
    case E_MONTH: print_name(p, udf_month_names[t->month - 1], 9, 9, text); break;
    case E_MON: print_name(p, udf_month_names[t->month - 1], 3, 3, text); break;
    case E_MM: print_number(p, t->month, 2); break;
    case E_RM: print_name(p, roman[t->month - 1], 4, 4, text); break;
    case E_WW: print_number(p, (of_year + 6) / 7, 2); break;
    case E_IW: print_number(p, week, 2); break;
    case E_W: print_number(p, (t->day + 6) / 7, 1); break;
    case E_DDD: print_number(p, of_year, 3); break;
    case E_DD: print_number(p, t->day, 2); break;
    case E_D: print_number(p, week_day(t) + 1, 1); break;
    case E_DAY: print_name(p, udf_day_names[week_day(t)], 9, 9, text); break;
    case E_DY: print_name(p, udf_day_names[week_day(t)], 3, 3, text); break;
    case E_J: print_number(p, udf_days(t->year, t->month, t->day) + 2440588, 7); break;
    case E_AD: print_name(p, "AD", 2, 2, text); break;
    case E_AD_DOTS: print_name(p, "A.D.", 4, 4, text); break;
    default: return false;
    }
    return true;
}

static bool print_clock_element(struct printer *p, enum element e, const char *text, const struct udf_time *t, int fraction_digits)
{
    char fraction[16];
    switch (e) {
    case E_HH24: print_number(p, t->hour, 2); break;
    case E_HH12:
    case E_HH: print_number(p, (t->hour + 11) % 12 + 1, 2); break;
    case E_MI: print_number(p, t->minute, 2); break;
    case E_SS: print_number(p, t->second, 2); break;
    case E_SSSSS: print_number(p, t->hour * 3600 + t->minute * 60 + t->second, 5); break;
    case E_FF:
        snprintf(fraction, sizeof fraction, "%06d000", t->micro);
        print_text(p, "%.*s", fraction_digits, fraction);
        break;
    case E_AM: print_name(p, t->hour < 12 ? "AM" : "PM", 2, 2, text); break;
    case E_AM_DOTS: print_name(p, t->hour < 12 ? "A.M." : "P.M.", 4, 4, text); break;
    case E_TZH: print_text(p, "+00"); break;
    case E_TZM: print_text(p, "00"); break;
    case E_TZR: print_text(p, "+00:00"); break;
    case E_X: p->out[p->size++] = '.'; break;
    case E_FM: p->fill = !p->fill; break;
    case E_FX: break;
    default: return false;
    }
    return true;
}

/* False: a format element that is not known. */
static bool print_time(struct printer *p, const struct udf_time *t, const char *format)
{
    while (*format) {
        enum element e;
        size_t size;
        if (*format == '"') {
            for (format++; *format && *format != '"'; format++) p->out[p->size++] = *format;
            if (*format) format++;
            continue;
        }
        if (!isalnum((unsigned char)*format) && !((unsigned char)*format & 0x80)) {
            p->out[p->size++] = *format++;
            continue;
        }
        if (!next_element(format, &e, &size)) return false;
        int digits = 6;
        if (e == E_FF && isdigit((unsigned char)format[size])) digits = format[size++] - '0';
        if (!print_date_element(p, e, format, t) && !print_clock_element(p, e, format, t, digits)) return false;
        format += size;
        bool ordinal = strncasecmp(format, "TH", 2) == 0;
        if (ordinal) return false;
    }
    return true;
}

UDF_STRING(ora_to_char_time, 2, 2)
{
    struct udf_time t;
    char format[256];
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments) || !udf_time_read(arguments, 0, &t)) {
        *is_null = 1;
        return NULL;
    }
    if (arguments->lengths[1] >= sizeof format) return udf_fail(is_null, 1801, "date format is too long for internal buffer");
    udf_copy(arguments, 1, format, sizeof format);
    struct printer p = {.out = udf_room(init, sizeof format * 10), .most = sizeof format * 10};
    if (!print_time(&p, &t, format)) return udf_fail(is_null, 1821, "date format not recognized");
    *length = p.size;
    if (!p.size) *is_null = 1;
    return p.out;
}

/* ---- TO_DATE ---- */

struct scanner {
    const char *at;
    struct udf_time t;
    bool has_year, has_month, has_day, has_afternoon, afternoon, half_day, has_zone;
    int zone_hour, zone_minute, day_of_year;
    long seconds, julian;
    int ora; /* set: what is wrong */
    const char *message;
};

static bool scan_fail(struct scanner *s, int ora, const char *message)
{
    if (!s->ora) {
        s->ora = ora;
        s->message = message;
    }
    return false;
}

static bool scan_number(struct scanner *s, int digits, long *out)
{
    *out = 0;
    int n = 0;
    while (n < digits && isdigit((unsigned char)*s->at)) {
        *out = *out * 10 + (*s->at++ - '0');
        n++;
    }
    if (n) return true;
    return *s->at ? scan_fail(s, 1858, "a non-numeric character was found where a numeric was expected")
                  : scan_fail(s, 1840, "input value not long enough for date format");
}

static bool scan_range(struct scanner *s, int digits, long least, long most, int *out, int ora, const char *message)
{
    long n;
    if (!scan_number(s, digits, &n)) return false;
    if (n < least || n > most) return scan_fail(s, ora, message);
    *out = (int)n;
    return true;
}

static bool scan_month(struct scanner *s)
{
    for (int i = 0; i < 12; i++) {
        size_t full = strlen(udf_month_names[i]);
        bool whole = strncasecmp(udf_month_names[i], s->at, full) == 0;
        if (!whole && strncasecmp(udf_month_names[i], s->at, 3) != 0) continue;
        s->at += whole ? full : 3;
        s->t.month = i + 1;
        s->has_month = true;
        return true;
    }
    return *s->at ? scan_fail(s, 1843, "not a valid month") : scan_fail(s, 1840, "input value not long enough for date format");
}

static bool scan_year(struct scanner *s, enum element e)
{
    time_t now = time(NULL);
    struct tm today;
    gmtime_r(&now, &today);
    int current = today.tm_year + 1900;
    const char *start = s->at;
    long n;
    int digits = e == E_YYYY || e == E_RRRR || e == E_SYYYY ? 4 : e == E_YYY ? 3 : e == E_Y ? 1 : 2;
    if (e == E_SYYYY && *s->at == ' ') start = ++s->at;
    if (!scan_number(s, digits, &n)) return false;
    long given = s->at - start;
    if (e == E_YY)
        n += current / 100 * 100;
    else if (e == E_YYY)
        n += current / 1000 * 1000;
    else if (e == E_Y)
        n += current / 10 * 10;
    else if (e == E_RR || (e == E_RRRR && given <= 2)) {
        int century = current / 100 * 100, half = current % 100;
        n += n < 50 ? (half < 50 ? century : century + 100) : (half < 50 ? century - 100 : century);
    }
    if (n < 1 || n > 9999) return scan_fail(s, 1841, "(full) year must be between -4713 and +9999, and not be 0");
    s->t.year = (int)n;
    s->has_year = true;
    return true;
}

static bool scan_fraction(struct scanner *s)
{
    int micro = 0, n = 0;
    for (; isdigit((unsigned char)*s->at) && n < 9; s->at++, n++) {
        if (n < 6) micro = micro * 10 + (*s->at - '0');
    }
    for (; n < 6; n++) micro *= 10;
    s->t.micro = micro;
    return true;
}

static bool scan_half(struct scanner *s, bool dots)
{
    char c = (char)toupper((unsigned char)*s->at);
    if ((c != 'A' && c != 'P') || toupper((unsigned char)s->at[dots ? 2 : 1]) != 'M')
        return scan_fail(s, 1855, "AM/A.M. or PM/P.M. required");
    s->has_afternoon = true;
    s->afternoon = c == 'P';
    s->at += dots ? 4 : 2;
    return true;
}

static bool scan_zone_hour(struct scanner *s)
{
    int sign = *s->at == '-' ? -1 : 1;
    if (*s->at == '+' || *s->at == '-') s->at++;
    s->has_zone = true;
    if (!scan_range(s, 2, 0, 15, &s->zone_hour, 1874, "time zone hour must be between -15 and 15")) return false;
    s->zone_hour *= sign;
    return true;
}

static bool scan_region(struct scanner *s)
{
    s->has_zone = true;
    if (strncasecmp(s->at, "UTC", 3) == 0 || strncasecmp(s->at, "GMT", 3) == 0) {
        s->at += 3;
        return true;
    }
    if (*s->at != '+' && *s->at != '-') return scan_fail(s, 439, "feature not enabled: stand-in does not support time zone regions");
    bool minus = *s->at == '-';
    if (!scan_zone_hour(s)) return false;
    if (*s->at == ':') {
        s->at++;
        if (!scan_range(s, 2, 0, 59, &s->zone_minute, 1875, "time zone minute must be between -59 and 59")) return false;
    }
    if (minus) s->zone_minute = -s->zone_minute;
    return true;
}

static bool scan_element(struct scanner *s, enum element e)
{
    int hour;
    long n;
    switch (e) {
    case E_SYYYY:
    case E_YYYY:
    case E_RRRR:
    case E_YYY:
    case E_YY:
    case E_RR:
    case E_Y: return scan_year(s, e);
    case E_MONTH:
    case E_MON: return scan_month(s);
    case E_MM:
        s->has_month = true;
        return isalpha((unsigned char)*s->at) ? scan_month(s) : scan_range(s, 2, 1, 12, &s->t.month, 1843, "not a valid month");
    case E_DD: s->has_day = true; return scan_range(s, 2, 1, 31, &s->t.day, 1847, "day of month must be between 1 and last day of month");
    case E_DDD: return scan_range(s, 3, 1, 366, &s->day_of_year, 1848, "day of year must be between 1 and 365 (366 for leap year)");
    case E_J: return scan_number(s, 7, &s->julian);
    case E_HH24: return scan_range(s, 2, 0, 23, &s->t.hour, 1850, "hour must be between 0 and 23");
    case E_HH12:
    case E_HH:
        s->half_day = true;
        if (!scan_range(s, 2, 1, 12, &hour, 1849, "hour must be between 1 and 12")) return false;
        s->t.hour = hour;
        return true;
    case E_MI: return scan_range(s, 2, 0, 59, &s->t.minute, 1851, "minutes must be between 0 and 59");
    case E_SS: return scan_range(s, 2, 0, 59, &s->t.second, 1852, "seconds must be between 0 and 59");
    case E_SSSSS:
        if (!scan_number(s, 5, &n)) return false;
        s->t.hour = (int)(n / 3600), s->t.minute = (int)(n / 60 % 60), s->t.second = (int)(n % 60);
        return true;
    case E_FF: return scan_fraction(s);
    case E_AM: return scan_half(s, false);
    case E_AM_DOTS: return scan_half(s, true);
    case E_TZH: return scan_zone_hour(s);
    case E_TZM: return scan_range(s, 2, 0, 59, &s->zone_minute, 1875, "time zone minute must be between -59 and 59");
    case E_TZR: return scan_region(s);
    case E_X:
        if (*s->at == '.' || *s->at == ',') s->at++;
        return true;
    case E_FM:
    case E_FX: return true;
    case E_DAY:
    case E_DY:
        while (isalpha((unsigned char)*s->at)) s->at++;
        return true;
    default: return scan_fail(s, 1820, "format code cannot appear in date input format");
    }
}

static bool scan_format(struct scanner *s, const char *format)
{
    while (*format) {
        enum element e;
        size_t size;
        if (*format == '"') {
            for (format++; *format && *format != '"'; format++) {
                if (*s->at == *format)
                    s->at++;
                else
                    return scan_fail(s, 1861, "literal does not match format string");
            }
            if (*format) format++;
            continue;
        }
        if (!isalnum((unsigned char)*format)) {
            /* Any punctuation stands for any other; blanks may be more or fewer. */
            if (*format == ' ')
                while (*s->at == ' ') s->at++;
            else if (*s->at && !isalnum((unsigned char)*s->at) && !(*s->at == '-' && strncasecmp(format, " TZ", 3) == 0))
                s->at++;
            else if (!*s->at)
                return true;
            format++;
            continue;
        }
        if (!next_element(format, &e, &size)) return scan_fail(s, 1821, "date format not recognized");
        if (e == E_FF && isdigit((unsigned char)format[size])) size++;
        format += size;
        while (*s->at == ' ') s->at++;
        /* A time of day that is missing at the end is midnight. */
        bool optional = e == E_HH24 || e == E_MI || e == E_SS || e == E_FF || e == E_HH || e == E_HH12 || e == E_X || e == E_AM ||
                        e == E_AM_DOTS || e == E_TZR || e == E_TZH || e == E_TZM || e == E_SSSSS;
        if (!*s->at && optional) continue;
        if (!scan_element(s, e)) return false;
    }
    while (*s->at == ' ') s->at++;
    return *s->at ? scan_fail(s, 1830, "date format picture ends before converting entire input string") : true;
}

static bool complete(struct scanner *s)
{
    time_t now = time(NULL);
    struct tm today;
    gmtime_r(&now, &today);
    if (!s->has_year) s->t.year = today.tm_year + 1900;
    if (!s->has_month) s->t.month = s->has_year && s->day_of_year ? 1 : today.tm_mon + 1;
    if (!s->has_day) s->t.day = 1;
    if (s->half_day) s->t.hour = s->t.hour % 12 + (s->has_afternoon && s->afternoon ? 12 : 0);
    if (s->day_of_year) udf_from_days(udf_days(s->t.year, 1, 1) + s->day_of_year - 1, &s->t);
    if (s->julian) udf_from_days(s->julian - 2440588, &s->t);
    if (s->t.day > udf_month_days(s->t.year, s->t.month)) return scan_fail(s, 1839, "date not valid for month specified");
    int minutes = s->zone_hour * 60 + (s->zone_hour < 0 && s->zone_minute > 0 ? -s->zone_minute : s->zone_minute);
    if (s->has_zone && minutes) {
        int64_t all = udf_days(s->t.year, s->t.month, s->t.day) * 1440 + s->t.hour * 60 + s->t.minute - minutes,
                days = all >= 0 ? all / 1440 : -((-all + 1439) / 1440);
        int of_day = (int)(all - days * 1440);
        udf_from_days(days, &s->t);
        s->t.hour = of_day / 60;
        s->t.minute = of_day % 60;
    }
    return true;
}

UDF_STRING(ora_to_time, 2, 2)
{
    char text[256], format[256];
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments)) {
        *is_null = 1;
        return NULL;
    }
    if (arguments->lengths[0] >= sizeof text || arguments->lengths[1] >= sizeof format)
        return udf_fail(is_null, 1801, "date format is too long for internal buffer");
    udf_copy(arguments, 0, text, sizeof text);
    udf_copy(arguments, 1, format, sizeof format);
    struct scanner s = {.at = text};
    while (*s.at == ' ') s.at++;
    if (!scan_format(&s, format) || !complete(&s)) return udf_fail(is_null, s.ora, s.message);
    char *room = udf_room(init, UDF_TIME_SIZE);
    *length = udf_time_write(&s.t, true, room);
    return room;
}
