/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neutral values to TTC bytes. Each type has one writer that says no to what it cannot hold exactly: a rounded or shifted
 * value must never pass for the real one, the caller has other ways (the other side serves, an error is answered).
 */
#include "wire/value.h"

#include "wire/primitive.h"
#include "wire/value_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SECOND_NANOSECONDS = 1000000000,
    RAW_MAX = 32,            /* longest value of a type with a fixed layout */
    NUMBER_AS_TEXT_MAX = 40, /* beyond it Oracle's own conversion switches to an exponent */
    EXACT_TEXT_MAX = 1536,   /* the longest finite double, written out */
    INTERVAL_MAX = 999999999,
};

/* A value of a type with a fixed layout. */
struct scalar {
    uint8_t bytes[RAW_MAX];
    size_t size;
};

static void put_u8(struct scalar *out, int byte)
{
    out->bytes[out->size++] = (uint8_t)byte;
}

static void put_u32(struct scalar *out, uint32_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8) put_u8(out, (int)(n >> shift & 0xFF));
}

/* ---- numbers ---- */

static bool real_to_number(double real, struct scalar *out)
{
    char text[EXACT_TEXT_MAX];
    bool rounded;
    if (!isfinite(real)) return false;
    int size = snprintf(text, sizeof text, "%.1074f", real); /* every finite double ends within 1074 decimals */
    return size > 0 && (size_t)size < sizeof text && number_from_text(view_of(text, (size_t)size), out->bytes, &out->size, &rounded) &&
           !rounded;
}

static bool encode_number(const struct value *value, struct scalar *out)
{
    bool rounded;
    switch (value->type) {
    case VALUE_NUMBER: return number_canonical(value->bytes, out->bytes, &out->size);
    case VALUE_TEXT: return number_from_text(value->bytes, out->bytes, &out->size, &rounded) && !rounded;
    case VALUE_FLOAT:
    case VALUE_DOUBLE: return real_to_number(value->real, out);
    case VALUE_BOOLEAN: return number_from_i64(value->boolean, out->bytes, &out->size);
    default: return false;
    }
}

static bool number_to_real(struct view number, double *real)
{
    char text[NUMBER_TEXT_MAX + 1];
    size_t size = number_to_text(number, text);
    if (size == 0) return false;
    text[size] = '\0';
    char *end;
    *real = strtod(text, &end);
    struct scalar back = {0};
    return *end == '\0' && real_to_number(*real, &back) && view_equal(view_of(back.bytes, back.size), number);
}

static bool value_to_real(const struct value *value, double *real)
{
    if (value->type == VALUE_NUMBER) return number_to_real(value->bytes, real);
    *real = value->real;
    return value->type == VALUE_FLOAT || value->type == VALUE_DOUBLE;
}

static void put_real(struct scalar *out, uint64_t bits, unsigned size)
{
    uint64_t sign = (uint64_t)1 << (size * 8 - 1);
    bits = bits & sign ? ~bits : bits | sign;
    for (int shift = (int)size * 8 - 8; shift >= 0; shift -= 8) put_u8(out, (int)(bits >> shift & 0xFF));
}

static bool encode_float(const struct value *value, struct scalar *out)
{
    double real;
    if (!value_to_real(value, &real) || (!isnan(real) && (double)(float)real != real)) return false;
    float narrow = isnan(real) ? NAN : (float)real;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    put_real(out, bits, 4);
    return true;
}

static bool encode_double(const struct value *value, struct scalar *out)
{
    double real;
    if (!value_to_real(value, &real)) return false;
    if (isnan(real)) real = NAN;
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    put_real(out, bits, 8);
    return true;
}

static bool encode_boolean(const struct value *value, struct scalar *out)
{
    int64_t n = value->type == VALUE_BOOLEAN ? value->boolean : 2;
    if (value->type == VALUE_NUMBER && !number_to_i64(value->bytes, &n)) return false;
    if (n != 0 && n != 1) return false;
    if (n == 1) put_u8(out, 1);
    put_u8(out, (int)n);
    return true;
}

/* ---- dates ---- */

static bool put_date(struct scalar *out, const struct value_datetime *d)
{
    int32_t year = d->year < 1 ? d->year - 1 : d->year;
    if (year < -4712 || year > 9999 || d->month < 1 || d->month > 12 || d->day < 1 || d->day > 31) return false;
    if (d->hour > 23 || d->minute > 59 || d->second > 59 || d->nanosecond >= SECOND_NANOSECONDS) return false;
    put_u8(out, 100 + year / 100);
    put_u8(out, 100 + year % 100);
    put_u8(out, d->month);
    put_u8(out, d->day);
    put_u8(out, d->hour + 1);
    put_u8(out, d->minute + 1);
    put_u8(out, d->second + 1);
    return true;
}

static bool encode_date(const struct value *value, struct scalar *out)
{
    return value->type == VALUE_DATETIME && !value->datetime.has_zone && value->datetime.nanosecond == 0 && put_date(out, &value->datetime);
}

static bool put_timestamp(const struct value *value, bool zone_wanted, struct scalar *out)
{
    if (value->type != VALUE_DATETIME || value->datetime.has_zone != zone_wanted || !put_date(out, &value->datetime)) return false;
    if (value->datetime.nanosecond) put_u32(out, value->datetime.nanosecond);
    return true;
}

static bool encode_timestamp(const struct value *value, struct scalar *out)
{
    return put_timestamp(value, false, out);
}

/* In the time zone of the database. */
static bool write_timestamp_ltz(const struct wire_session *session, const struct value *value, struct buffer *out)
{
    struct scalar scalar = {.size = 0};
    struct value local = *value;
    if (value->type != VALUE_DATETIME || !value->datetime.has_zone || !session->database_zone_known) return false;
    if (session->database_zone_minutes) {
        datetime_from_seconds(datetime_to_seconds(&value->datetime) + session->database_zone_minutes * 60, &local.datetime);
        local.datetime.nanosecond = value->datetime.nanosecond;
        local.datetime.has_zone = true;
    }
    if (!put_timestamp(&local, true, &scalar)) return false;
    wire_write_clr(out, view_of(scalar.bytes, scalar.size));
    return true;
}

static bool encode_timestamp_tz(const struct value *value, struct scalar *out)
{
    int zone = value->datetime.zone_minutes;
    if (!put_timestamp(value, true, out) || zone < -15 * 60 || zone > 15 * 60) return false;
    if (!value->datetime.nanosecond) put_u32(out, 0);
    put_u8(out, 20 + zone / 60);
    put_u8(out, 60 + zone % 60);
    return true;
}

static bool encode_interval_ym(const struct value *value, struct scalar *out)
{
    if (value->type != VALUE_INTERVAL_YM || value->months / 12 > INTERVAL_MAX || value->months / 12 < -INTERVAL_MAX) return false;
    put_u32(out, (uint32_t)(value->months / 12 + 0x80000000LL));
    put_u8(out, (int)(value->months % 12) + 60);
    return true;
}

static bool encode_interval_ds(const struct value *value, struct scalar *out)
{
    if (value->type != VALUE_INTERVAL_DS) return false;
    int64_t days = value->interval.days, rest = value->interval.nanoseconds;
    if (days > INTERVAL_MAX || days < -INTERVAL_MAX || rest <= -86400LL * SECOND_NANOSECONDS || rest >= 86400LL * SECOND_NANOSECONDS)
        return false;
    if ((days > 0 && rest < 0) || (days < 0 && rest > 0)) return false;
    int64_t seconds = rest / SECOND_NANOSECONDS;
    put_u32(out, (uint32_t)(days + 0x80000000LL));
    put_u8(out, (int)(seconds / 3600) + 60);
    put_u8(out, (int)(seconds / 60 % 60) + 60);
    put_u8(out, (int)(seconds % 60) + 60);
    put_u32(out, (uint32_t)(rest % SECOND_NANOSECONDS + 0x80000000LL));
    return true;
}

static bool encode_urowid(const struct value *value, struct scalar *out)
{
    uint32_t object, block;
    uint16_t file, slot;
    if (value->type != VALUE_TEXT || !wire_rowid_from_text(value->bytes, &object, &file, &block, &slot)) return false;
    put_u8(out, 1);
    put_u32(out, object);
    put_u8(out, file >> 8);
    put_u8(out, file & 0xFF);
    put_u32(out, block);
    put_u8(out, slot >> 8);
    put_u8(out, slot & 0xFF);
    return true;
}

/* ---- texts and bytes: written without a copy where the charset allows ---- */

static bool write_text(const struct wire_session *session, uint8_t form, struct view utf8, struct buffer *out)
{
    uint16_t charset = wire_text_charset(session, form);
    if (charset == WIRE_CHARSET_UTF8) {
        if (!wire_text_is_utf8(utf8)) return false;
        wire_write_long_clr(out, utf8, session->small_chunks);
        return true;
    }
    struct buffer converted;
    buffer_init(&converted, 0);
    bool good = wire_text_encode(charset, utf8, &converted);
    if (good) wire_write_long_clr(out, buffer_view(&converted), session->small_chunks);
    buffer_release(&converted);
    return good;
}

/* NUMBER as Oracle's implicit conversion writes it: no zero before the point. */
static bool write_number_text(const struct wire_session *session, uint8_t form, struct view number, struct buffer *out)
{
    char text[NUMBER_TEXT_MAX], *start = text;
    size_t size = number_to_text(number, text);
    bool negative = size > 0 && text[0] == '-';
    size_t sign = negative ? 1 : 0;
    if (size > sign + 1 && text[sign] == '0' && text[sign + 1] == '.') {
        start++;
        size--;
        if (negative) *start = '-';
    }
    if (size == 0 || size > NUMBER_AS_TEXT_MAX) return false;
    return write_text(session, form, view_of(start, size), out);
}

static bool write_characters(const struct wire_session *session, uint8_t form, const struct value *value, struct buffer *out)
{
    if (value->type == VALUE_TEXT) return write_text(session, form, value->bytes, out);
    return value->type == VALUE_NUMBER && write_number_text(session, form, value->bytes, out);
}

/* The text of a ROWID, which is the same in every character set. */
static bool write_rowid(const struct value *value, struct buffer *out)
{
    struct arena none;
    arena_init(&none, 1);
    if (value->type != VALUE_TEXT || wire_rowid_text(value->bytes, false, &none).data != value->bytes.data) return false;
    wire_write_clr(out, value->bytes);
    return true;
}

typedef bool (*scalar_encoder)(const struct value *value, struct scalar *out);

static scalar_encoder scalar_encoder_of(uint8_t type)
{
    switch (type) {
    case WIRE_TYPE_NUMBER:
    case WIRE_TYPE_BINARY_INTEGER:
    case WIRE_TYPE_VARNUM: return encode_number;
    case WIRE_TYPE_DATE: return encode_date;
    case WIRE_TYPE_TIMESTAMP:
    case WIRE_TYPE_TIMESTAMP_DESCRIPTOR: return encode_timestamp;
    case WIRE_TYPE_TIMESTAMP_TZ:
    case WIRE_TYPE_TIMESTAMP_TZ_DESCRIPTOR: return encode_timestamp_tz;
    case WIRE_TYPE_INTERVAL_YM:
    case WIRE_TYPE_INTERVAL_YM_DESCRIPTOR: return encode_interval_ym;
    case WIRE_TYPE_INTERVAL_DS:
    case WIRE_TYPE_INTERVAL_DS_DESCRIPTOR: return encode_interval_ds;
    case WIRE_TYPE_BINARY_FLOAT: return encode_float;
    case WIRE_TYPE_BINARY_DOUBLE: return encode_double;
    case WIRE_TYPE_BOOLEAN: return encode_boolean;
    default: return NULL;
    }
}

bool wire_value_encode(const struct wire_session *session, uint8_t type, uint8_t form, const struct value *value, struct buffer *out)
{
    struct scalar scalar = {.size = 0};
    if (value->type == VALUE_NULL) {
        buffer_u8(out, 0);
        return true;
    }
    switch (type) {
    case WIRE_TYPE_VARCHAR:
    case WIRE_TYPE_CHAR:
    case WIRE_TYPE_CHARZ:
    case WIRE_TYPE_LONG:
    case WIRE_TYPE_LONG_VARCHAR: return write_characters(session, form, value, out);
    case WIRE_TYPE_ROWID:
    case WIRE_TYPE_ROWID_DESCRIPTOR: return write_rowid(value, out);
    case WIRE_TYPE_RAW:
    case WIRE_TYPE_LONG_RAW:
    case WIRE_TYPE_LONG_VARRAW:
        if (value->type != VALUE_BYTES) return false;
        wire_write_long_clr(out, value->bytes, session->small_chunks);
        return true;
    case WIRE_TYPE_TIMESTAMP_LTZ:
    case WIRE_TYPE_TIMESTAMP_LTZ_DESCRIPTOR: return write_timestamp_ltz(session, value, out);
    case WIRE_TYPE_UROWID:
        if (!encode_urowid(value, &scalar)) return false;
        wire_write_dalc(out, view_of(scalar.bytes, scalar.size));
        return true;
    default: {
        scalar_encoder encode = scalar_encoder_of(type);
        if (!encode || !encode(value, &scalar)) return false;
        wire_write_clr(out, view_of(scalar.bytes, scalar.size));
        return true;
    }
    }
}

/* ---- binds of the client half ---- */

struct bind_form {
    uint8_t type;
    uint32_t size_max;
};

static struct bind_form bind_form_of(const struct wire_session *session, const struct value *value)
{
    enum { FIELD_VERSION_BOOLEAN = 17 };
    switch (value->type) {
    case VALUE_NUMBER: return (struct bind_form){WIRE_TYPE_NUMBER, 22};
    case VALUE_BYTES: return (struct bind_form){WIRE_TYPE_RAW, (uint32_t)value->bytes.size};
    case VALUE_DATETIME:
        if (value->datetime.has_zone) return (struct bind_form){WIRE_TYPE_TIMESTAMP_TZ, 13};
        return value->datetime.nanosecond ? (struct bind_form){WIRE_TYPE_TIMESTAMP, 11} : (struct bind_form){WIRE_TYPE_DATE, 7};
    case VALUE_INTERVAL_YM: return (struct bind_form){WIRE_TYPE_INTERVAL_YM, 5};
    case VALUE_INTERVAL_DS: return (struct bind_form){WIRE_TYPE_INTERVAL_DS, 11};
    case VALUE_FLOAT: return (struct bind_form){WIRE_TYPE_BINARY_FLOAT, 4};
    case VALUE_DOUBLE: return (struct bind_form){WIRE_TYPE_BINARY_DOUBLE, 8};
    case VALUE_BOOLEAN: /* SQL has no BOOLEAN before 23 */
        return session->field_version >= FIELD_VERSION_BOOLEAN ? (struct bind_form){WIRE_TYPE_BOOLEAN, 4}
                                                               : (struct bind_form){WIRE_TYPE_NUMBER, 22};
    default: return (struct bind_form){0, 0};
    }
}

void wire_value_to_bind(const struct wire_session *session, const struct value *value, struct arena *arena, struct wire_oac *oac,
                        struct view *raw, bool *null)
{
    enum { INDICATORS = 1 };
    struct scalar scalar = {.size = 0};
    *oac = (struct wire_oac){.flags = INDICATORS};
    *null = value->type == VALUE_NULL;
    *raw = view_of(NULL, 0);
    if (*null || value->type == VALUE_TEXT) {
        if (!*null && !wire_text_is_utf8(value->bytes)) return;
        oac->type = WIRE_TYPE_VARCHAR;
        oac->form = WIRE_FORM_DATABASE;
        oac->charset = WIRE_CHARSET_UTF8;
        oac->size_max = *null ? 1 : (uint32_t)value->bytes.size;
        if (!*null) *raw = value->bytes;
        return;
    }
    struct bind_form form = bind_form_of(session, value);
    scalar_encoder encode = scalar_encoder_of(form.type);
    if (form.type == WIRE_TYPE_RAW) {
        *raw = value->bytes;
    } else {
        if (!encode || !encode(value, &scalar)) return;
        *raw = arena_copy(arena, view_of(scalar.bytes, scalar.size));
        if (raw->size == 0) return;
    }
    oac->type = form.type;
    oac->size_max = form.size_max;
}
