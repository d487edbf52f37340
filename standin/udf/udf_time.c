/* SPDX-License-Identifier: Apache-2.0 */
/* Date arithmetic: TRUNC, ROUND, ADD_MONTHS, MONTHS_BETWEEN, LAST_DAY, NEXT_DAY. Times come and go as MariaDB writes them. */
#include "standin/udf/udf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *answer(UDF_INIT *init, const struct udf_time *t, bool fraction, unsigned long *length)
{
    char *room = udf_room(init, UDF_TIME_SIZE);
    *length = udf_time_write(t, fraction, room);
    return room;
}

static int64_t seconds_of(const struct udf_time *t)
{
    return udf_days(t->year, t->month, t->day) * 86400 + t->hour * 3600 + t->minute * 60 + t->second;
}

static void from_seconds(int64_t seconds, struct udf_time *t)
{
    int64_t days = seconds >= 0 ? seconds / 86400 : -((-seconds + 86399) / 86400);
    int of_day = (int)(seconds - days * 86400);
    udf_from_days(days, t);
    t->hour = of_day / 3600;
    t->minute = of_day / 60 % 60;
    t->second = of_day % 60;
    t->micro = 0;
}

static int week_day(const struct udf_time *t) /* 0: Sunday */
{
    return (int)(((udf_days(t->year, t->month, t->day) + 4) % 7 + 7) % 7);
}

enum unit {
    UNIT_CENTURY,
    UNIT_YEAR,
    UNIT_ISO_YEAR,
    UNIT_QUARTER,
    UNIT_MONTH,
    UNIT_WEEK_OF_YEAR,
    UNIT_ISO_WEEK,
    UNIT_WEEK_OF_MONTH,
    UNIT_DAY,
    UNIT_WEEK,
    UNIT_HOUR,
    UNIT_MINUTE,
    UNIT_NONE
};

static enum unit unit_of(const char *format)
{
    static const struct {
        const char *name;
        enum unit unit;
    } units[] = {{"CC", UNIT_CENTURY},  {"SCC", UNIT_CENTURY}, {"SYYYY", UNIT_YEAR},      {"YYYY", UNIT_YEAR},   {"YEAR", UNIT_YEAR},
                 {"SYEAR", UNIT_YEAR},  {"YYY", UNIT_YEAR},    {"YY", UNIT_YEAR},         {"Y", UNIT_YEAR},      {"IYYY", UNIT_ISO_YEAR},
                 {"IY", UNIT_ISO_YEAR}, {"I", UNIT_ISO_YEAR},  {"Q", UNIT_QUARTER},       {"MONTH", UNIT_MONTH}, {"MON", UNIT_MONTH},
                 {"MM", UNIT_MONTH},    {"RM", UNIT_MONTH},    {"WW", UNIT_WEEK_OF_YEAR}, {"IW", UNIT_ISO_WEEK}, {"W", UNIT_WEEK_OF_MONTH},
                 {"DDD", UNIT_DAY},     {"DD", UNIT_DAY},      {"J", UNIT_DAY},           {"DAY", UNIT_WEEK},    {"DY", UNIT_WEEK},
                 {"D", UNIT_WEEK},      {"HH", UNIT_HOUR},     {"HH12", UNIT_HOUR},       {"HH24", UNIT_HOUR},   {"MI", UNIT_MINUTE}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcasecmp(units[i].name, format) == 0) return units[i].unit;
    }
    return UNIT_NONE;
}

static void midnight(struct udf_time *t)
{
    t->hour = t->minute = t->second = t->micro = 0;
}

static void back_days(struct udf_time *t, int days)
{
    midnight(t);
    udf_from_days(udf_days(t->year, t->month, t->day) - days, t);
}

static int iso_year(const struct udf_time *t)
{
    struct udf_time thursday = *t;
    back_days(&thursday, (week_day(t) + 6) % 7 - 3);
    return thursday.year;
}

static void truncate_to(struct udf_time *t, enum unit unit)
{
    int weekday = week_day(t);
    t->micro = 0;
    switch (unit) {
    case UNIT_MINUTE: t->second = 0; return;
    case UNIT_HOUR: t->minute = t->second = 0; return;
    case UNIT_DAY: midnight(t); return;
    case UNIT_WEEK: back_days(t, weekday); return;
    case UNIT_ISO_WEEK: back_days(t, (weekday + 6) % 7); return;
    case UNIT_WEEK_OF_MONTH: back_days(t, (t->day - 1) % 7); return;
    case UNIT_WEEK_OF_YEAR: back_days(t, (int)(udf_days(t->year, t->month, t->day) - udf_days(t->year, 1, 1)) % 7); return;
    case UNIT_MONTH: break;
    case UNIT_QUARTER: t->month = (t->month - 1) / 3 * 3 + 1; break;
    case UNIT_ISO_YEAR:
        *t = (struct udf_time){.year = iso_year(t), .month = 1, .day = 4};
        back_days(t, (week_day(t) + 6) % 7);
        return;
    case UNIT_CENTURY:
        t->year = (t->year - 1) / 100 * 100 + 1;
        t->month = 1;
        break;
    default: t->month = 1; break;
    }
    t->day = 1;
    midnight(t);
}

/* Half of the unit or more: the next one. Years round at 1 July, months at the 16th, quarters at the 16th of their second month. */
static void round_to(struct udf_time *t, enum unit unit)
{
    struct udf_time before = *t;
    truncate_to(t, unit);
    int64_t past = seconds_of(&before) - seconds_of(t), size = 0;
    switch (unit) {
    case UNIT_MINUTE: size = 60; break;
    case UNIT_HOUR: size = 3600; break;
    case UNIT_DAY: size = 86400; break;
    case UNIT_WEEK:
    case UNIT_ISO_WEEK:
    case UNIT_WEEK_OF_MONTH:
    case UNIT_WEEK_OF_YEAR: size = 7 * 86400; break;
    case UNIT_MONTH:
        if (before.day >= 16) from_seconds(seconds_of(t) + udf_month_days(t->year, t->month) * 86400LL, t);
        return;
    case UNIT_QUARTER:
        if (before.month > t->month + 1 || (before.month == t->month + 1 && before.day >= 16)) {
            t->month += 3;
            if (t->month > 12) t->month -= 12, t->year++;
        }
        return;
    case UNIT_CENTURY:
        if (before.year - t->year >= 50) t->year += 100;
        return;
    default:
        if (before.month >= 7) t->year++;
        return;
    }
    if (past * 2 >= size) from_seconds(seconds_of(t) + size, t);
}

static char *to_unit(UDF_INIT *init, UDF_ARGS *arguments, unsigned long *length, char *is_null, bool round)
{
    struct udf_time t;
    char format[32];
    if (udf_any_null(arguments) || !udf_time_read(arguments, 0, &t)) {
        *is_null = 1;
        return NULL;
    }
    udf_copy(arguments, 1, format, sizeof format);
    enum unit unit = unit_of(format);
    if (unit == UNIT_NONE) return udf_fail(is_null, 1898, "too many precision specifiers");
    if (round)
        round_to(&t, unit);
    else
        truncate_to(&t, unit);
    return answer(init, &t, false, length);
}

UDF_STRING(ora_trunc_time, 2, 2)
{
    UDF_UNUSED;
    (void)result;
    return to_unit(init, arguments, length, is_null, false);
}

UDF_STRING(ora_round_time, 2, 2)
{
    UDF_UNUSED;
    (void)result;
    return to_unit(init, arguments, length, is_null, true);
}

/* The last day of a month stays the last day. */
static char *add_months(UDF_INIT *init, UDF_ARGS *arguments, unsigned long *length, char *is_null, bool strict)
{
    struct udf_time t;
    char text[64];
    if (udf_any_null(arguments) || !udf_time_read(arguments, 0, &t)) {
        *is_null = 1;
        return NULL;
    }
    udf_copy(arguments, 1, text, sizeof text);
    long long months = (long long)strtod(text, NULL), all = (long long)t.year * 12 + t.month - 1 + months;
    bool last = t.day == udf_month_days(t.year, t.month);
    if (all < 12 || all >= 120000) return udf_fail(is_null, 1841, "(full) year must be between -4713 and +9999, and not be 0");
    t.year = (int)(all / 12);
    t.month = (int)(all % 12) + 1;
    int days = udf_month_days(t.year, t.month);
    if (strict && t.day > days) return udf_fail(is_null, 1839, "date not valid for month specified");
    if (t.day > days || (last && !strict)) t.day = days;
    return answer(init, &t, strict, length);
}

UDF_STRING(ora_add_months, 2, 2)
{
    UDF_UNUSED;
    (void)result;
    return add_months(init, arguments, length, is_null, false);
}

UDF_STRING(ora_plus_months, 2, 2)
{
    UDF_UNUSED;
    (void)result;
    return add_months(init, arguments, length, is_null, true);
}

UDF_STRING(ora_last_day, 1, 1)
{
    struct udf_time t;
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments) || !udf_time_read(arguments, 0, &t)) {
        *is_null = 1;
        return NULL;
    }
    t.day = udf_month_days(t.year, t.month);
    return answer(init, &t, false, length);
}

UDF_STRING(ora_next_day, 2, 2)
{
    struct udf_time t;
    char name[32];
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments) || !udf_time_read(arguments, 0, &t)) {
        *is_null = 1;
        return NULL;
    }
    udf_copy(arguments, 1, name, sizeof name);
    int wanted = -1;
    for (int i = 0; i < 7; i++) {
        if (strncasecmp(udf_day_names[i], name, 3) == 0) wanted = i;
    }
    if (wanted < 0) return udf_fail(is_null, 1846, "not a valid day of the week");
    int ahead = (wanted - week_day(&t) + 7) % 7;
    from_seconds(seconds_of(&t) + (ahead ? ahead : 7) * 86400LL, &t);
    return answer(init, &t, false, length);
}

/* Whole months, and the rest in 31sts of a month: digits by long division. */
UDF_DECIMAL(ora_months_between, 2, 2)
{
    enum { MONTH_SECONDS = 31 * 86400, DIGITS = 30 };
    struct udf_time a, b;
    UDF_UNUSED;
    (void)result;
    if (udf_any_null(arguments) || !udf_time_read(arguments, 0, &a) || !udf_time_read(arguments, 1, &b)) {
        *is_null = 1;
        return NULL;
    }
    int64_t months = (a.year - b.year) * 12 + a.month - b.month, rest = 0;
    bool both_last = a.day == udf_month_days(a.year, a.month) && b.day == udf_month_days(b.year, b.month);
    if (a.day != b.day && !both_last)
        rest = (a.day - b.day) * 86400LL + (a.hour - b.hour) * 3600 + (a.minute - b.minute) * 60 + a.second - b.second;
    int64_t all = months * MONTH_SECONDS + rest;
    bool negative = all < 0;
    if (negative) all = -all;
    char *room = udf_room(init, 96);
    int size = snprintf(room, 64, "%s%lld.", negative ? "-" : "", (long long)(all / MONTH_SECONDS));
    int64_t left = all % MONTH_SECONDS;
    for (int i = 0; i < DIGITS; i++) {
        left *= 10;
        room[size++] = (char)('0' + left / MONTH_SECONDS);
        left %= MONTH_SECONDS;
    }
    *length = (unsigned long)size;
    return room;
}
