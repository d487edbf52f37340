/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing, trimming, hashing and reading numbers out of views. */
#include "base/view.h"

#include <xxhash.h>

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool view_equal_ignoring_case(struct view a, struct view b)
{
    if (a.size != b.size) return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != lower(b.data[i])) return false;
    return true;
}

int view_compare(struct view a, struct view b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order != 0) return order < 0 ? -1 : 1;
    return a.size < b.size ? -1 : a.size > b.size;
}

struct view view_trim(struct view v)
{
    while (v.size > 0 && is_blank(v.data[0])) {
        v.data++;
        v.size--;
    }
    while (v.size > 0 && is_blank(v.data[v.size - 1])) v.size--;
    return v;
}

bool view_starts_with(struct view v, const char *prefix)
{
    size_t size = strlen(prefix);
    return v.size >= size && (size == 0 || memcmp(v.data, prefix, size) == 0);
}

uint64_t view_hash(struct view v)
{
    return XXH3_64bits(v.size ? (const void *)v.data : "", v.size);
}

bool view_to_u64(struct view v, uint64_t *out)
{
    uint64_t sum = 0;
    if (v.size == 0) return false;
    for (size_t i = 0; i < v.size; i++) {
        if (v.data[i] < '0' || v.data[i] > '9') return false;
        uint64_t digit = (uint64_t)(v.data[i] - '0');
        if (__builtin_mul_overflow(sum, (uint64_t)10, &sum) || __builtin_add_overflow(sum, digit, &sum)) return false;
    }
    *out = sum;
    return true;
}

bool view_to_i64(struct view v, int64_t *out)
{
    bool negative = v.size > 0 && v.data[0] == '-';
    uint64_t magnitude;
    if (v.size > 0 && (v.data[0] == '-' || v.data[0] == '+')) v = view_of(v.data + 1, v.size - 1);
    if (!view_to_u64(v, &magnitude)) return false;
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0)) return false;
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}
