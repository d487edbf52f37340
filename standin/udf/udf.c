/* SPDX-License-Identifier: Apache-2.0 */
/* What the functions share: arguments, results, errors, the calendar. */
#include "standin/udf/udf.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* MariaDB's own: sets the running statement's error, which a function cannot do otherwise. */
extern void my_printf_error(unsigned int number, const char *format, unsigned long flags, ...);
enum { ER_SIGNAL_EXCEPTION = 1644, TEXT_LENGTH_MAX = 65535 };

const char *const udf_month_names[12] = {"JANUARY", "FEBRUARY", "MARCH",     "APRIL",   "MAY",      "JUNE",
                                         "JULY",    "AUGUST",   "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"};
const char *const udf_day_names[7] = {"SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"};

char *udf_fail(char *is_null, int ora, const char *text)
{
    my_printf_error(ER_SIGNAL_EXCEPTION, "ORA-%05d: %s", 0, ora, text);
    *is_null = 1;
    return NULL;
}

my_bool udf_begin(UDF_INIT *init, UDF_ARGS *arguments, unsigned least, unsigned most, char *message)
{
    if (arguments->arg_count < least || arguments->arg_count > most) {
        snprintf(message, MYSQL_ERRMSG_SIZE, "wrong number of arguments");
        return 1;
    }
    for (unsigned i = 0; i < arguments->arg_count; i++) arguments->arg_type[i] = STRING_RESULT;
    init->maybe_null = 1;
    init->max_length = TEXT_LENGTH_MAX;
    init->decimals = 30;
    init->ptr = NULL;
    return 0;
}

struct room {
    size_t size;
    char bytes[];
};

void udf_end(UDF_INIT *init)
{
    memory_free(init->ptr);
}

char *udf_room(UDF_INIT *init, size_t size)
{
    struct room *room = (struct room *)(void *)init->ptr;
    if (!room || room->size < size) {
        memory_free(room);
        room = memory_alloc(sizeof *room + size);
        room->size = size;
        init->ptr = (char *)room;
    }
    return room->bytes;
}

bool udf_any_null(const UDF_ARGS *arguments)
{
    for (unsigned i = 0; i < arguments->arg_count; i++) {
        if (!arguments->args[i]) return true;
    }
    return false;
}

void udf_copy(const UDF_ARGS *arguments, unsigned i, char *out, size_t size)
{
    size_t length = arguments->lengths[i] < size - 1 ? arguments->lengths[i] : size - 1;
    memcpy(out, arguments->args[i], length);
    out[length] = '\0';
}

long long udf_integer(const UDF_ARGS *arguments, unsigned i)
{
    char text[64];
    udf_copy(arguments, i, text, sizeof text);
    return strtoll(text, NULL, 10);
}

/* ---- calendar ---- */

int64_t udf_days(int year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned of_era = (unsigned)(year - era * 400), of_year = (unsigned)((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1);
    return era * 146097 + (int64_t)(of_era * 365 + of_era / 4 - of_era / 100 + of_year) - 719468;
}

void udf_from_days(int64_t days, struct udf_time *t)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned of_era = (unsigned)(days - era * 146097), year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    t->day = (int)(of_year - (153 * month + 2) / 5 + 1);
    t->month = (int)(month < 10 ? month + 3 : month - 9);
    t->year = (int)((int64_t)year + era * 400) + (t->month <= 2);
}

int udf_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 29 : days[month - 1];
}

bool udf_time_read(const UDF_ARGS *arguments, unsigned i, struct udf_time *out)
{
    char text[64], fraction[8] = "000000";
    *out = (struct udf_time){0};
    udf_copy(arguments, i, text, sizeof text);
    int got =
        sscanf(text, "%d-%d-%d %d:%d:%d.%6[0-9]", &out->year, &out->month, &out->day, &out->hour, &out->minute, &out->second, fraction);
    for (size_t n = strlen(fraction); n < 6; n++) fraction[n] = '0';
    out->micro = got == 7 ? atoi(fraction) : 0;
    return got >= 3 && out->month >= 1 && out->month <= 12;
}

unsigned long udf_time_write(const struct udf_time *t, bool fraction, char *out)
{
    char micros[16] = "";
    if (fraction) snprintf(micros, sizeof micros, ".%06d", t->micro);
    return (unsigned long)snprintf(out, UDF_TIME_SIZE, "%04d-%02d-%02d %02d:%02d:%02d%s", t->year, t->month, t->day, t->hour, t->minute,
                                   t->second, micros);
}
