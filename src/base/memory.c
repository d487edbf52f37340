/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that stops the process instead of answering NULL. */
#include "base/memory.h"

#include "base/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void *memory_alloc(size_t size)
{
    void *block = malloc(size ? size : 1);
    CHECK(block != NULL);
    return block;
}

void *memory_zero(size_t count, size_t size)
{
    CHECK(size == 0 || count <= SIZE_MAX / size);
    void *block = calloc(count ? count : 1, size ? size : 1);
    CHECK(block != NULL);
    return block;
}

void *memory_resize(void *block, size_t size)
{
    void *resized = realloc(block, size ? size : 1);
    CHECK(resized != NULL);
    return resized;
}

void *memory_copy(const void *bytes, size_t size)
{
    void *block = memory_alloc(size);
    if (size > 0) memcpy(block, bytes, size);
    return block;
}

char *memory_string(const char *text)
{
    return memory_copy(text, strlen(text) + 1);
}

char *memory_string_of(const void *bytes, size_t size)
{
    CHECK(size < SIZE_MAX);
    char *text = memory_alloc(size + 1);
    if (size > 0) memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

void memory_free(void *block)
{
    free(block);
}

void memory_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
