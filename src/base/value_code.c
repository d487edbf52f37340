/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte form of values in the journal and in keys: one tag byte, then the payload. Big-endian; lengths are 7 bits a byte,
 * least significant first, at most five bytes. The tags are on disk: they are never renumbered.
 */
#include "base/reader.h"
#include "base/value.h"

enum tag {
    TAG_NULL = 0,
    TAG_NUMBER = 1,      /* length byte, canonical bytes */
    TAG_TEXT = 2,        /* length, bytes */
    TAG_BYTES = 3,       /* length, bytes */
    TAG_DATETIME = 4,    /* seconds since 1970 i64, nanosecond u32 */
    TAG_ZONED = 5,       /* the same, then the offset in minutes i16 */
    TAG_INTERVAL_YM = 6, /* months i64 */
    TAG_INTERVAL_DS = 7, /* days i64, nanoseconds i64 */
    TAG_FLOAT = 8,       /* IEEE double bits */
    TAG_DOUBLE = 9,
    TAG_FALSE = 10,
    TAG_TRUE = 11,
    TAG_UNSUPPORTED = 12 /* length, bytes */
};

enum { ZONE_MINUTES_MAX = 16 * 60 };
#define NANOSECONDS_PER_SECOND 1000000000
#define NANOSECONDS_PER_DAY    (86400 * (int64_t)NANOSECONDS_PER_SECOND)

static void put_length(struct buffer *out, size_t length)
{
    while (length >= 0x80) {
        buffer_u8(out, (uint8_t)(length | 0x80));
        length >>= 7;
    }
    buffer_u8(out, (uint8_t)length);
}

static void put_bytes(struct buffer *out, enum tag tag, struct view bytes)
{
    if (bytes.size > UINT32_MAX) {
        out->failed = true;
        return;
    }
    buffer_u8(out, tag);
    put_length(out, bytes.size);
    buffer_append_view(out, bytes);
}

static void put_real(struct buffer *out, enum tag tag, double real)
{
    uint64_t bits = 0x7FF8000000000000u; /* the one NaN */
    if (real == real) {
        real += 0.0; /* -0 becomes 0 */
        memcpy(&bits, &real, sizeof bits);
    }
    buffer_u8(out, tag);
    buffer_u64(out, bits);
}

static void put_datetime(struct buffer *out, const struct value_datetime *d)
{
    buffer_u8(out, d->has_zone ? TAG_ZONED : TAG_DATETIME);
    buffer_u64(out, (uint64_t)datetime_to_seconds(d));
    buffer_u32(out, d->nanosecond);
    if (d->has_zone) buffer_u16(out, (uint16_t)d->zone_minutes);
}

/* What is not in its normal form is written as unsupported: it is then never mirrored as if it were right. */
static void put_view(struct buffer *out, const struct value *value)
{
    size_t size = value->bytes.size;
    switch (value->type) {
    case VALUE_NUMBER: put_bytes(out, size >= 1 && size <= NUMBER_SIZE_MAX ? TAG_NUMBER : TAG_UNSUPPORTED, value->bytes); return;
    case VALUE_TEXT: size ? put_bytes(out, TAG_TEXT, value->bytes) : buffer_u8(out, TAG_NULL); return;
    case VALUE_BYTES: size ? put_bytes(out, TAG_BYTES, value->bytes) : buffer_u8(out, TAG_NULL); return;
    default: put_bytes(out, TAG_UNSUPPORTED, value->bytes); return;
    }
}

void value_encode(struct buffer *out, const struct value *value)
{
    switch (value->type) {
    case VALUE_NUMBER:
    case VALUE_TEXT:
    case VALUE_BYTES:
    case VALUE_UNSUPPORTED: put_view(out, value); return;
    case VALUE_DATETIME: put_datetime(out, &value->datetime); return;
    case VALUE_INTERVAL_YM:
        buffer_u8(out, TAG_INTERVAL_YM);
        buffer_u64(out, (uint64_t)value->months);
        return;
    case VALUE_INTERVAL_DS:
        buffer_u8(out, TAG_INTERVAL_DS);
        buffer_u64(out, (uint64_t)value->interval.days);
        buffer_u64(out, (uint64_t)value->interval.nanoseconds);
        return;
    case VALUE_FLOAT: put_real(out, TAG_FLOAT, value->real); return;
    case VALUE_DOUBLE: put_real(out, TAG_DOUBLE, value->real); return;
    case VALUE_BOOLEAN: buffer_u8(out, value->boolean ? TAG_TRUE : TAG_FALSE); return;
    case VALUE_NULL:
    case VALUE_TYPE_COUNT: break;
    }
    buffer_u8(out, TAG_NULL);
}

static struct view get_bytes(struct reader *in)
{
    uint64_t length = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = reader_u8(in);
        length |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) break;
        if (shift == 28) {
            reader_malformed(in);
            return view_of(NULL, 0);
        }
    }
    return reader_bytes(in, (size_t)length);
}

static void get_view(struct reader *in, struct value *out, enum value_type type)
{
    out->type = type;
    out->bytes = get_bytes(in);
    if (type == VALUE_UNSUPPORTED || !reader_ok(in)) return;
    if (out->bytes.size == 0 || (type == VALUE_NUMBER && out->bytes.size > NUMBER_SIZE_MAX)) reader_malformed(in);
}

static void get_datetime(struct reader *in, struct value *out, bool has_zone)
{
    int64_t seconds = (int64_t)reader_u64(in);
    uint32_t nanosecond = reader_u32(in);
    int16_t zone = has_zone ? (int16_t)reader_u16(in) : 0;
    bool in_range = seconds > -(INT64_C(1) << 50) && seconds < (INT64_C(1) << 50); /* years fit 32 bits */
    if (!in_range || nanosecond >= NANOSECONDS_PER_SECOND || zone < -ZONE_MINUTES_MAX || zone > ZONE_MINUTES_MAX) {
        reader_malformed(in);
        return;
    }
    out->type = VALUE_DATETIME;
    datetime_from_seconds(seconds, &out->datetime);
    out->datetime.nanosecond = nanosecond;
    out->datetime.has_zone = has_zone;
    out->datetime.zone_minutes = zone;
}

static void get_interval(struct reader *in, struct value *out)
{
    out->type = VALUE_INTERVAL_DS;
    out->interval.days = (int64_t)reader_u64(in);
    out->interval.nanoseconds = (int64_t)reader_u64(in);
    int64_t days = out->interval.days, rest = out->interval.nanoseconds;
    bool within_a_day = rest > -NANOSECONDS_PER_DAY && rest < NANOSECONDS_PER_DAY;
    bool same_sign = !(days > 0 && rest < 0) && !(days < 0 && rest > 0);
    if (!within_a_day || !same_sign) reader_malformed(in);
}

static void get_real(struct reader *in, struct value *out, enum value_type type)
{
    uint64_t bits = reader_u64(in);
    out->type = type;
    memcpy(&out->real, &bits, sizeof bits);
}

bool value_decode(struct reader *in, struct value *out)
{
    *out = value_null();
    switch (reader_u8(in)) {
    case TAG_NULL: break;
    case TAG_NUMBER: get_view(in, out, VALUE_NUMBER); break;
    case TAG_TEXT: get_view(in, out, VALUE_TEXT); break;
    case TAG_BYTES: get_view(in, out, VALUE_BYTES); break;
    case TAG_UNSUPPORTED: get_view(in, out, VALUE_UNSUPPORTED); break;
    case TAG_DATETIME: get_datetime(in, out, false); break;
    case TAG_ZONED: get_datetime(in, out, true); break;
    case TAG_INTERVAL_YM:
        out->type = VALUE_INTERVAL_YM;
        out->months = (int64_t)reader_u64(in);
        break;
    case TAG_INTERVAL_DS: get_interval(in, out); break;
    case TAG_FLOAT: get_real(in, out, VALUE_FLOAT); break;
    case TAG_DOUBLE: get_real(in, out, VALUE_DOUBLE); break;
    case TAG_FALSE:
    case TAG_TRUE:
        out->type = VALUE_BOOLEAN;
        out->boolean = in->data[in->at - 1] == TAG_TRUE;
        break;
    default: reader_malformed(in); break;
    }
    if (!reader_ok(in)) *out = value_null();
    return reader_ok(in);
}
