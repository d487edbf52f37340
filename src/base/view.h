/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view: bytes that belong to somebody else. It never owns; it is valid as long as what it looks into.
 * An empty view has size 0 (data may be NULL). Text in views is not NUL-terminated. Any thread.
 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const uint8_t *data;
    size_t size;
};

#define VIEW_FORMAT       "%.*s"
#define VIEW_ARGUMENTS(v) (int)(v).size, (const char *)((v).data ? (const void *)(v).data : (const void *)"")

static inline struct view view_of(const void *data, size_t size)
{
    return (struct view){.data = data, .size = size};
}
static inline struct view view_text(const char *text)
{
    return view_of(text, text ? strlen(text) : 0);
}
static inline bool view_equal(struct view a, struct view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}
bool view_equal_ignoring_case(struct view a, struct view b); /* ASCII only */
int view_compare(struct view a, struct view b);              /* bytewise, shorter first */
struct view view_trim(struct view v);                        /* without ASCII blanks at both ends */
bool view_starts_with(struct view v, const char *prefix);
uint64_t view_hash(struct view v);              /* XXH3, 64 bits; not for hostile-collision safety */
bool view_to_u64(struct view v, uint64_t *out); /* whole view is decimal digits, fits */
bool view_to_i64(struct view v, int64_t *out);  /* optional sign */

#endif
