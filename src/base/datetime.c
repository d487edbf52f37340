/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar arithmetic (proleptic Gregorian, no leap seconds) and ISO text, both as PostgreSQL does them. */
#include "base/value.h"

#include <stdio.h>

enum { SECONDS_PER_DAY = 86400, DAYS_PER_ERA = 146097, EPOCH_SHIFT = 719468 /* days from 0000-03-01 to 1970-01-01 */ };

/* Years are counted from March here, so that the leap day is the last day of a year. */
static int64_t days_from_date(int64_t year, int month, int day)
{
    if (month <= 2) year--;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_SHIFT;
}

int64_t datetime_to_seconds(const struct value_datetime *d)
{
    return days_from_date(d->year, d->month, d->day) * SECONDS_PER_DAY + d->hour * 3600 + d->minute * 60 + d->second;
}

void datetime_from_seconds(int64_t seconds, struct value_datetime *d)
{
    int64_t days = seconds / SECONDS_PER_DAY;
    int64_t rest = seconds % SECONDS_PER_DAY;
    if (rest < 0) {
        rest += SECONDS_PER_DAY;
        days--;
    }
    days += EPOCH_SHIFT;
    int64_t era = (days >= 0 ? days : days - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *d = (struct value_datetime){
        .day = (uint8_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
        .month = (uint8_t)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9),
        .hour = (uint8_t)(rest / 3600),
        .minute = (uint8_t)(rest / 60 % 60),
        .second = (uint8_t)(rest % 60),
    };
    d->year = (int32_t)(year_of_era + era * 400 + (d->month <= 2));
}

size_t datetime_to_text(const struct value_datetime *d, char out[64])
{
    struct value_datetime local = *d;
    if (d->has_zone) {
        datetime_from_seconds(datetime_to_seconds(d) + d->zone_minutes * 60, &local);
        local.nanosecond = d->nanosecond;
    }
    int64_t year = local.year > 0 ? local.year : 1 - (int64_t)local.year;
    int at = snprintf(out, 64, "%04lld-%02u-%02u %02u:%02u:%02u", (long long)year, local.month, local.day, local.hour, local.minute,
                      local.second);
    if (local.nanosecond) {
        at += snprintf(out + at, 64 - (size_t)at, ".%09u", local.nanosecond);
        while (out[at - 1] == '0') at--;
    }
    if (d->has_zone) {
        int zone = d->zone_minutes < 0 ? -d->zone_minutes : d->zone_minutes;
        at += snprintf(out + at, 64 - (size_t)at, "%c%02d:%02d", d->zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
    }
    if (local.year <= 0) at += snprintf(out + at, 64 - (size_t)at, " BC");
    out[at] = '\0';
    return (size_t)at;
}

/* ---- from text ---- */

struct scan {
    const uint8_t *at, *end;
};

static bool scan_char(struct scan *s, char c)
{
    if (s->at == s->end || *s->at != (uint8_t)c) return false;
    s->at++;
    return true;
}

/* Between `least` and `most` digits. */
static bool scan_number(struct scan *s, int least, int most, int32_t *out)
{
    int32_t sum = 0;
    int count = 0;
    while (count < most && s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        sum = sum * 10 + (*s->at++ - '0');
        count++;
    }
    *out = sum;
    return count >= least;
}

static bool scan_fraction(struct scan *s, uint32_t *nanosecond)
{
    const uint8_t *first = s->at;
    int32_t digits;
    if (!scan_number(s, 1, 9, &digits)) return false;
    for (ptrdiff_t n = s->at - first; n < 9; n++) digits *= 10;
    *nanosecond = (uint32_t)digits;
    return true;
}

static bool scan_time(struct scan *s, int32_t *seconds, uint32_t *nanosecond)
{
    int32_t hour, minute, second = 0;
    if (!scan_number(s, 2, 2, &hour) || !scan_char(s, ':') || !scan_number(s, 2, 2, &minute)) return false;
    if (scan_char(s, ':')) {
        if (!scan_number(s, 2, 2, &second)) return false;
        if (scan_char(s, '.') && !scan_fraction(s, nanosecond)) return false;
    }
    *seconds = hour * 3600 + minute * 60 + second;
    return hour < 24 && minute < 60 && second < 60;
}

/* +02, -05:30, +00:53:28 (old local mean times have seconds), Z. Answers whether there is a well-formed zone. */
static bool scan_zone(struct scan *s, int32_t *seconds)
{
    *seconds = 0;
    if (scan_char(s, 'Z')) return true;
    bool negative = scan_char(s, '-');
    if (!negative && !scan_char(s, '+')) return false;
    int32_t hours, minutes = 0, rest = 0;
    if (!scan_number(s, 2, 2, &hours)) return false;
    if (scan_char(s, ':') && !scan_number(s, 2, 2, &minutes)) return false;
    if (scan_char(s, ':') && !scan_number(s, 2, 2, &rest)) return false;
    *seconds = hours * 3600 + minutes * 60 + rest;
    if (*seconds > 16 * 3600 || minutes > 59 || rest > 59) return false;
    if (negative) *seconds = -*seconds;
    return true;
}

static int days_in_month(int32_t year, int32_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

bool datetime_from_text(struct view iso, struct value_datetime *out)
{
    iso = view_trim(iso);
    struct scan s = {.at = iso.data, .end = iso.data + iso.size};
    int32_t year, month, day, time = 0, zone = 0;
    uint32_t nanosecond = 0;
    bool has_zone = false;
    if (iso.size == 0) return false;
    if (!scan_number(&s, 4, 6, &year) || !scan_char(&s, '-') || !scan_number(&s, 2, 2, &month) || !scan_char(&s, '-') ||
        !scan_number(&s, 2, 2, &day))
        return false;
    bool before_christ = s.end - s.at >= 3 && memcmp(s.end - 3, " BC", 3) == 0;
    if (before_christ) s.end -= 3;
    if (scan_char(&s, 'T') || scan_char(&s, ' ')) {
        if (!scan_time(&s, &time, &nanosecond)) return false;
        has_zone = s.at < s.end;
        if (has_zone && !scan_zone(&s, &zone)) return false;
    }
    if (s.at != s.end || year == 0) return false;
    if (before_christ) year = 1 - year;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return false;
    datetime_from_seconds(days_from_date(year, month, day) * SECONDS_PER_DAY + time - zone, out);
    out->nanosecond = nanosecond;
    out->has_zone = has_zone;
    out->zone_minutes = (int16_t)(zone / 60);
    return true;
}
