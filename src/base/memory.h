/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is there or the process ends. No caller has an out-of-memory branch; what the outside may make us
 * allocate is bounded by the limits table (base/limit.h) long before. Free with memory_free. Any thread.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

void *memory_alloc(size_t size);              /* not zeroed */
void *memory_zero(size_t count, size_t size); /* zeroed; stops on overflow of count * size */
void *memory_resize(void *block, size_t size);
void *memory_copy(const void *bytes, size_t size);
char *memory_string(const char *text);                  /* copy of a C string */
char *memory_string_of(const void *bytes, size_t size); /* copy with a NUL added */
void memory_free(void *block);                          /* NULL is allowed */
void memory_trim(void); /* gives what was freed back to the system, where the C library can: after a backlog; takes milliseconds */

#endif
