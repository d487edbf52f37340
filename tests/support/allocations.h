/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts what is allocated, by whoever, while it is asked to: for tests that a hot path allocates nothing. It takes the place of malloc and its kin in the whole program, so include it in one
 * file of a program. A sanitizer has its own malloc: then nothing is counted, and `allocations_counted` is false.
 */
#ifndef TESTS_SUPPORT_ALLOCATIONS_H
#define TESTS_SUPPORT_ALLOCATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static _Thread_local bool allocations_on;
static _Thread_local uint64_t allocations;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool allocations_counted = false;
#else
static const bool allocations_counted = true;
/* glibc's own, which ours stand in front of. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);

void *malloc(size_t size)
{
    allocations += allocations_on;
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size)
{
    allocations += allocations_on;
    return __libc_calloc(count, size);
}
void *realloc(void *block, size_t size)
{
    allocations += allocations_on;
    return __libc_realloc(block, size);
}
#endif

#endif
