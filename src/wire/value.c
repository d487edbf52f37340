/* SPDX-License-Identifier: Apache-2.0 */
/* TTC scalar bytes to neutral values. What the bytes cannot mean becomes VALUE_UNSUPPORTED with the bytes kept. */
#include "wire/value.h"

#include "wire/value_text.h"

#include <math.h>

enum { SECOND_NANOSECONDS = 1000000000, GREGORIAN_YEAR = 1582, REGION_UTC = 5121, ZONE_IS_REGION = 0x80, ZONE_FIELDS_LOCAL = 0x40 };

static struct value unsupported(struct view raw)
{
    return (struct value){.type = VALUE_UNSUPPORTED, .bytes = raw};
}

static uint32_t big_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static struct value decode_number(struct view raw, struct arena *arena)
{
    uint8_t canonical[NUMBER_SIZE_MAX];
    size_t size;
    if (!number_canonical(raw, canonical, &size)) return unsupported(raw);
    struct view bytes = view_of(canonical, size);
    /* A server writes canonical bytes, so this is a view of the message nearly always. */
    bytes = view_equal(bytes, raw) ? raw : arena_copy(arena, bytes);
    return bytes.size ? (struct value){.type = VALUE_NUMBER, .bytes = bytes} : unsupported(raw);
}

static struct value decode_text(const struct wire_session *session, uint8_t form, struct view raw, struct arena *arena)
{
    struct view utf8;
    return wire_text_decode(wire_text_charset(session, form), raw, arena, &utf8) ? value_text(utf8) : unsupported(raw);
}

/* ---- dates ---- */

/* Days of a month as Oracle counts them: Julian leap years up to 1582. Before the year 1 either way of counting years is accepted. */
static uint8_t month_days(int32_t year, uint8_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month != 2) return days[month - 1];
    if (year > GREGORIAN_YEAR) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return year % 4 == 0 || (year < 1 && (year - 1) % 4 == 0) ? 29 : 28;
}

/* The seven bytes that all date types begin with. */
static bool decode_date(const uint8_t *raw, struct value_datetime *out)
{
    int century = raw[0] - 100, year_of_century = raw[1] - 100;
    if (year_of_century < -99 || year_of_century > 99 || (century > 0 && year_of_century < 0) || (century < 0 && year_of_century > 0))
        return false;
    int32_t year = century * 100 + year_of_century;
    if (year == 0 || year < -4712 || year > 9999) return false;
    *out = (struct value_datetime){.year = year < 0 ? year + 1 : year,
                                   .month = raw[2],
                                   .day = raw[3],
                                   .hour = (uint8_t)(raw[4] - 1),
                                   .minute = (uint8_t)(raw[5] - 1),
                                   .second = (uint8_t)(raw[6] - 1)};
    if (out->month < 1 || out->month > 12 || out->day < 1 || out->day > month_days(out->year, out->month)) return false;
    return raw[4] >= 1 && raw[4] <= 24 && raw[5] >= 1 && raw[5] <= 60 && raw[6] >= 1 && raw[6] <= 60;
}

static bool decode_fraction(struct view raw, struct value_datetime *out)
{
    if (raw.size < 11) return true;
    out->nanosecond = big_u32(raw.data + 7);
    return out->nanosecond < SECOND_NANOSECONDS;
}

/* Fields in the zone to fields in UTC. */
static void shift_to_utc(struct value_datetime *d, int zone_minutes)
{
    struct value_datetime utc = {.year = 0};
    if (zone_minutes == 0) return;
    datetime_from_seconds(datetime_to_seconds(d) - zone_minutes * 60, &utc);
    utc.nanosecond = d->nanosecond;
    *d = utc;
}

/*
 * Fields are in UTC, except that computed values come with the fields of their zone and a bit that says so. Of the zones by
 * region id only UTC has an offset that is known without Oracle's own zone file.
 */
static bool decode_zone(const uint8_t *raw, struct value_datetime *out)
{
    if (raw[0] & ZONE_IS_REGION) {
        out->has_zone = true;
        return ((raw[0] & 0x7Fu) << 6 | (raw[1] & 0xFCu) >> 2) == REGION_UTC;
    }
    int minutes = ((raw[0] & 0x3F) - 20) * 60 + (raw[1] - 60);
    if (raw[1] < 1 || raw[1] > 119 || minutes < -15 * 60 || minutes > 15 * 60) return false;
    if (raw[0] & ZONE_FIELDS_LOCAL) shift_to_utc(out, minutes);
    out->has_zone = true;
    out->zone_minutes = (int16_t)minutes;
    return true;
}

static struct value decode_datetime(const struct wire_session *session, uint8_t type, struct view raw)
{
    struct value value = {.type = VALUE_DATETIME};
    bool zoned = type == WIRE_TYPE_TIMESTAMP_TZ || type == WIRE_TYPE_TIMESTAMP_TZ_DESCRIPTOR;
    bool local = type == WIRE_TYPE_TIMESTAMP_LTZ || type == WIRE_TYPE_TIMESTAMP_LTZ_DESCRIPTOR;
    bool size_good = zoned ? raw.size == 13 : raw.size == 7 || (raw.size == 11 && type != WIRE_TYPE_DATE);
    if (!size_good || !decode_date(raw.data, &value.datetime) || !decode_fraction(raw, &value.datetime)) return unsupported(raw);
    if (zoned && !decode_zone(raw.data + 11, &value.datetime)) return unsupported(raw);
    if (!local) return value;
    if (!session->database_zone_known) return unsupported(raw);
    shift_to_utc(&value.datetime, session->database_zone_minutes);
    value.datetime.has_zone = true;
    return value;
}

/* ---- intervals ---- */

static struct value decode_interval_ym(struct view raw)
{
    if (raw.size != 5) return unsupported(raw);
    int64_t years = (int64_t)big_u32(raw.data) - 0x80000000LL, months = raw.data[4] - 60;
    bool signs_agree = (years >= 0 && months >= 0) || (years <= 0 && months <= 0);
    if (months < -11 || months > 11 || !signs_agree || years > 999999999 || years < -999999999) return unsupported(raw);
    return (struct value){.type = VALUE_INTERVAL_YM, .months = years * 12 + months};
}

static struct value decode_interval_ds(struct view raw)
{
    if (raw.size != 11) return unsupported(raw);
    int64_t days = (int64_t)big_u32(raw.data) - 0x80000000LL, fraction = (int64_t)big_u32(raw.data + 7) - 0x80000000LL;
    int hours = raw.data[4] - 60, minutes = raw.data[5] - 60, seconds = raw.data[6] - 60;
    if (hours < -23 || hours > 23 || minutes < -59 || minutes > 59 || seconds < -59 || seconds > 59) return unsupported(raw);
    if (fraction <= -SECOND_NANOSECONDS || fraction >= SECOND_NANOSECONDS || days > 999999999 || days < -999999999) return unsupported(raw);
    bool positive = days >= 0 && hours >= 0 && minutes >= 0 && seconds >= 0 && fraction >= 0;
    bool negative = days <= 0 && hours <= 0 && minutes <= 0 && seconds <= 0 && fraction <= 0;
    if (!positive && !negative) return unsupported(raw);
    int64_t nanoseconds = (hours * 3600LL + minutes * 60LL + seconds) * SECOND_NANOSECONDS + fraction;
    return (struct value){.type = VALUE_INTERVAL_DS, .interval = {.days = days, .nanoseconds = nanoseconds}};
}

/* ---- floats ---- */

static double plain_real(double real)
{
    if (isnan(real)) return (double)NAN;
    return real == 0 ? 0 : real;
}

/* Positive numbers have the sign bit set; of negative ones every bit is turned. So the bytes sort as the numbers do. */
static uint64_t float_bits(struct view raw)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < raw.size; i++) bits = bits << 8 | raw.data[i];
    uint64_t sign = (uint64_t)1 << (raw.size * 8 - 1);
    uint64_t all = sign | (sign - 1);
    return bits & sign ? bits & ~sign : ~bits & all;
}

static struct value decode_float(struct view raw)
{
    if (raw.size != 4) return unsupported(raw);
    uint32_t bits = (uint32_t)float_bits(raw);
    float real;
    memcpy(&real, &bits, sizeof real);
    return (struct value){.type = VALUE_FLOAT, .real = plain_real(real)};
}

static struct value decode_double(struct view raw)
{
    if (raw.size != 8) return unsupported(raw);
    uint64_t bits = float_bits(raw);
    double real;
    memcpy(&real, &bits, sizeof real);
    return (struct value){.type = VALUE_DOUBLE, .real = plain_real(real)};
}

static struct value decode_boolean(struct view raw)
{
    if (raw.size < 1 || raw.size > 2 || raw.data[raw.size - 1] > 1 || (raw.size == 2 && raw.data[0] != 1)) return unsupported(raw);
    return (struct value){.type = VALUE_BOOLEAN, .boolean = raw.data[raw.size - 1] == 1};
}

/* ---- by type ---- */

struct value wire_value_decode(const struct wire_session *session, uint8_t type, uint8_t form, struct view raw, struct arena *arena)
{
    if (raw.size == 0) return value_null();
    switch (type) {
    case WIRE_TYPE_NUMBER:
    case WIRE_TYPE_BINARY_INTEGER:
    case WIRE_TYPE_VARNUM: return decode_number(raw, arena);
    case WIRE_TYPE_VARCHAR:
    case WIRE_TYPE_CHAR:
    case WIRE_TYPE_CHARZ:
    case WIRE_TYPE_LONG:
    case WIRE_TYPE_LONG_VARCHAR: return decode_text(session, form, raw, arena);
    case WIRE_TYPE_RAW:
    case WIRE_TYPE_LONG_RAW:
    case WIRE_TYPE_LONG_VARRAW: return value_bytes(raw);
    case WIRE_TYPE_DATE:
    case WIRE_TYPE_TIMESTAMP:
    case WIRE_TYPE_TIMESTAMP_TZ:
    case WIRE_TYPE_TIMESTAMP_LTZ:
    case WIRE_TYPE_TIMESTAMP_DESCRIPTOR:
    case WIRE_TYPE_TIMESTAMP_TZ_DESCRIPTOR:
    case WIRE_TYPE_TIMESTAMP_LTZ_DESCRIPTOR: return decode_datetime(session, type, raw);
    case WIRE_TYPE_INTERVAL_YM:
    case WIRE_TYPE_INTERVAL_YM_DESCRIPTOR: return decode_interval_ym(raw);
    case WIRE_TYPE_INTERVAL_DS:
    case WIRE_TYPE_INTERVAL_DS_DESCRIPTOR: return decode_interval_ds(raw);
    case WIRE_TYPE_BINARY_FLOAT: return decode_float(raw);
    case WIRE_TYPE_BINARY_DOUBLE: return decode_double(raw);
    case WIRE_TYPE_BOOLEAN: return decode_boolean(raw);
    case WIRE_TYPE_ROWID:
    case WIRE_TYPE_ROWID_DESCRIPTOR:
    case WIRE_TYPE_UROWID: {
        struct view text = wire_rowid_text(raw, type == WIRE_TYPE_UROWID, arena);
        return text.size ? value_text(text) : unsupported(raw);
    }
    default: return unsupported(raw);
    }
}
