/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The neutral typed value: what a TTC value and a PostgreSQL value are both turned into, so that binds go across,
 * rows are compared and images are written without one side knowing the other's bytes.
 *
 * Normal forms (these make equality a memcmp):
 *  - VALUE_NUMBER: canonical Oracle NUMBER bytes (1..21 of them: exponent byte, base-100 digits without trailing
 *    zero digits; zero is 80; negative numbers end in 0x66 when fewer than 20 digits). At most 40 decimal digits.
 *  - VALUE_TEXT: UTF-8. An empty text is VALUE_NULL, always ('' is NULL in Oracle).
 *  - VALUE_DATETIME: calendar fields as the client sees them; with has_zone the instant in UTC plus the offset.
 *  - VALUE_FLOAT / VALUE_DOUBLE: IEEE; -0 is 0, every NaN is the one NaN.
 * Values hold views: what they look into is owned by the caller (usually an arena). Any thread.
 */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/view.h"

enum value_type {
    VALUE_NULL,
    VALUE_NUMBER,      /* bytes: canonical Oracle NUMBER */
    VALUE_TEXT,        /* bytes: UTF-8 (VARCHAR2, CHAR with its padding, CLOB, LONG, ROWID as text) */
    VALUE_BYTES,       /* bytes: RAW, BLOB, LONG RAW */
    VALUE_DATETIME,    /* datetime: DATE, TIMESTAMP, with or without zone */
    VALUE_INTERVAL_YM, /* months */
    VALUE_INTERVAL_DS, /* nanoseconds and days */
    VALUE_FLOAT,       /* real (single precision) */
    VALUE_DOUBLE,      /* real */
    VALUE_BOOLEAN,     /* boolean */
    VALUE_UNSUPPORTED, /* a type that we do not know: bytes are the raw wire bytes; never equal, never mirrored */
    VALUE_TYPE_COUNT
};

struct value_datetime {
    int32_t year; /* astronomical: 0 is 1 BC; Oracle's -4712 is -4711 here */
    uint8_t month, day, hour, minute, second;
    bool has_zone;        /* fields are UTC, zone_minutes is the offset the writer gave */
    int16_t zone_minutes; /* -14*60 .. 14*60 */
    uint32_t nanosecond;
};

struct value {
    enum value_type type;
    union {
        struct view bytes;
        struct value_datetime datetime;
        int64_t months;
        struct {
            int64_t days;
            int64_t nanoseconds;
        } interval; /* nanoseconds: within a day, same sign as days */
        double real;
        bool boolean;
    };
};

static inline struct value value_null(void)
{
    return (struct value){.type = VALUE_NULL};
}
struct value value_text(struct view utf8);   /* empty becomes NULL */
struct value value_bytes(struct view bytes); /* empty becomes NULL */

const char *value_type_name(enum value_type type);
bool value_equal(const struct value *a, const struct value *b); /* same type, same normal form; datetimes with zone by instant */
int value_order(const struct value *a, const struct value *b);  /* total order: NULL last, then by type, then by value; text bytewise */
uint64_t value_hash(const struct value *value, uint64_t seed);  /* equal values hash equal */
struct value value_copy(struct arena *arena, const struct value *value);
void value_print(struct buffer *out, const struct value *value, size_t text_limit); /* for people: logs, divergences; long text is cut */

/* A self-describing byte form, used by the journal and for keys: tag byte, then the payload with its length.
 * value_decode answers false on malformed or short bytes; views point into `in`. */
void value_encode(struct buffer *out, const struct value *value);
struct reader;
bool value_decode(struct reader *in, struct value *out) __attribute__((warn_unused_result));

/* NUMBER: canonical Oracle bytes <-> decimal text ("-12.5", "1E+125" is never written: plain digits). */
enum { NUMBER_SIZE_MAX = 21, NUMBER_TEXT_MAX = 192 };
/* Accepts optional sign, digits, one point, optional exponent; blanks around. Rounds half up at 40 digits as Oracle does
 * (`rounded`, may be NULL, tells). False: not a number, or out of range (>= 1E126). */
bool number_from_text(struct view text, uint8_t out[NUMBER_SIZE_MAX], size_t *size, bool *rounded) __attribute__((warn_unused_result));
bool number_canonical(struct view oracle_bytes, uint8_t out[NUMBER_SIZE_MAX], size_t *size) __attribute__((warn_unused_result));
/* "~" and "-~" for the infinities. Answers the length, 0 if the bytes are no number. */
size_t number_to_text(struct view oracle_bytes, char out[NUMBER_TEXT_MAX]);
bool number_from_i64(int64_t n, uint8_t out[NUMBER_SIZE_MAX], size_t *size);
bool number_to_i64(struct view oracle_bytes, int64_t *out); /* false: not an integer that fits */
struct value value_number_i64(struct arena *arena, int64_t n);
struct value value_number_text(struct arena *arena, struct view text); /* VALUE_UNSUPPORTED if it is no number */

/* Datetime helpers. */
int64_t datetime_to_seconds(const struct value_datetime *d); /* proleptic Gregorian seconds since 1970-01-01; ignores zone and fraction */
void datetime_from_seconds(int64_t seconds, struct value_datetime *d);
size_t datetime_to_text(const struct value_datetime *d, char out[64]); /* ISO: 2026-01-31 23:59:59[.123456789][+02:00][ BC] */
bool datetime_from_text(struct view iso, struct value_datetime *out)
    __attribute__((warn_unused_result)); /* what PostgreSQL prints with DateStyle ISO */

#endif
