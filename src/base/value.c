/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing, ordering, hashing and copying values in their normal forms. */
#include "base/value.h"

#include <xxhash.h>

static const char *const names[VALUE_TYPE_COUNT] = {
    [VALUE_NULL] = "null",
    [VALUE_NUMBER] = "number",
    [VALUE_TEXT] = "text",
    [VALUE_BYTES] = "bytes",
    [VALUE_DATETIME] = "datetime",
    [VALUE_INTERVAL_YM] = "interval year to month",
    [VALUE_INTERVAL_DS] = "interval day to second",
    [VALUE_FLOAT] = "float",
    [VALUE_DOUBLE] = "double",
    [VALUE_BOOLEAN] = "boolean",
    [VALUE_UNSUPPORTED] = "unsupported",
};

const char *value_type_name(enum value_type type)
{
    return (unsigned)type < VALUE_TYPE_COUNT ? names[type] : "unknown";
}

static struct value value_of_view(enum value_type type, struct view bytes)
{
    return bytes.size ? (struct value){.type = type, .bytes = bytes} : value_null();
}

struct value value_text(struct view utf8)
{
    return value_of_view(VALUE_TEXT, utf8);
}

struct value value_bytes(struct view bytes)
{
    return value_of_view(VALUE_BYTES, bytes);
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type || a->type == VALUE_UNSUPPORTED) return false;
    return value_order(a, b) == 0;
}

#define ORDER(a, b) ((a) < (b) ? -1 : (a) > (b))

/* NaN is one value, above all others; -0 is 0. */
static int real_order(double a, double b)
{
    bool a_is_nan = a != a, b_is_nan = b != b;
    if (a_is_nan || b_is_nan) return ORDER(a_is_nan, b_is_nan);
    return ORDER(a, b);
}

static int datetime_order(const struct value_datetime *a, const struct value_datetime *b)
{
    if (a->has_zone != b->has_zone) return ORDER(a->has_zone, b->has_zone);
    int64_t left = datetime_to_seconds(a), right = datetime_to_seconds(b);
    if (left != right) return ORDER(left, right);
    return ORDER(a->nanosecond, b->nanosecond);
}

int value_order(const struct value *a, const struct value *b)
{
    if (a->type != b->type) {
        if (a->type == VALUE_NULL || b->type == VALUE_NULL) return a->type == VALUE_NULL ? 1 : -1;
        return ORDER(a->type, b->type);
    }
    switch (a->type) {
    case VALUE_NULL: return 0;
    case VALUE_NUMBER: /* canonical bytes sort as the numbers do */
    case VALUE_TEXT:
    case VALUE_BYTES:
    case VALUE_UNSUPPORTED: return view_compare(a->bytes, b->bytes);
    case VALUE_DATETIME: return datetime_order(&a->datetime, &b->datetime);
    case VALUE_INTERVAL_YM: return ORDER(a->months, b->months);
    case VALUE_INTERVAL_DS:
        if (a->interval.days != b->interval.days) return ORDER(a->interval.days, b->interval.days);
        return ORDER(a->interval.nanoseconds, b->interval.nanoseconds);
    case VALUE_FLOAT:
    case VALUE_DOUBLE: return real_order(a->real, b->real);
    case VALUE_BOOLEAN: return ORDER(a->boolean, b->boolean);
    case VALUE_TYPE_COUNT: break;
    }
    return 0;
}

static uint64_t hash_of(struct view bytes, uint64_t seed, enum value_type type)
{
    return XXH3_64bits_withSeed(bytes.size ? (const void *)bytes.data : "", bytes.size, seed + (uint64_t)type * 0x9E3779B97F4A7C15u);
}

uint64_t value_hash(const struct value *value, uint64_t seed)
{
    struct {
        int64_t first, second, third;
    } key = {0};
    switch (value->type) {
    case VALUE_NUMBER:
    case VALUE_TEXT:
    case VALUE_BYTES:
    case VALUE_UNSUPPORTED: return hash_of(value->bytes, seed, value->type);
    case VALUE_DATETIME: /* the zone is how the writer wrote the instant, no part of it */
        key.first = datetime_to_seconds(&value->datetime);
        key.second = value->datetime.nanosecond;
        key.third = value->datetime.has_zone;
        break;
    case VALUE_INTERVAL_YM: key.first = value->months; break;
    case VALUE_INTERVAL_DS:
        key.first = value->interval.days;
        key.second = value->interval.nanoseconds;
        break;
    case VALUE_FLOAT:
    case VALUE_DOUBLE: {
        double real = value->real != value->real ? 0 : value->real + 0.0; /* -0.0 + 0.0 is 0.0 */
        memcpy(&key.first, &real, sizeof real);
        key.second = value->real != value->real;
        break;
    }
    case VALUE_BOOLEAN: key.first = value->boolean; break;
    case VALUE_NULL:
    case VALUE_TYPE_COUNT: break;
    }
    return hash_of(view_of(&key, sizeof key), seed, value->type);
}

static bool has_view(enum value_type type)
{
    return type == VALUE_NUMBER || type == VALUE_TEXT || type == VALUE_BYTES || type == VALUE_UNSUPPORTED;
}

struct value value_copy(struct arena *arena, const struct value *value)
{
    struct value copy = *value;
    if (has_view(value->type)) copy.bytes = arena_copy(arena, value->bytes);
    return copy;
}
