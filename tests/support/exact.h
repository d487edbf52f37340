/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in a heap block of exactly their size, so that the address sanitizer sees a read of even one byte too many. */
#ifndef TESTS_SUPPORT_EXACT_H
#define TESTS_SUPPORT_EXACT_H

#include "base/memory.h"
#include "base/view.h"

#include <stdio.h>
#include <stdlib.h>

static inline uint8_t *exact_copy(const void *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (size) memcpy(copy, bytes, size);
    return copy;
}

/* "01 ff 0a" -> bytes; answers how many. For short pieces that a test writes itself. */
static inline size_t exact_hex(const char *text, uint8_t *out, size_t out_size)
{
    size_t size = 0;
    unsigned byte;
    int length;
    while (size < out_size && sscanf(text, " %2x%n", &byte, &length) == 1) {
        out[size++] = (uint8_t)byte;
        text += length;
    }
    return size;
}

#endif
