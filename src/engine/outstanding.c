/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/outstanding.h"

#include "base/memory.h"
#include <stdatomic.h>

struct outstanding {
    _Atomic uint64_t words[OUTSTANDING_WINDOW / 64];
};

struct outstanding *outstanding_new(void)
{
    return memory_zero(1, sizeof(struct outstanding));
}

void outstanding_free(struct outstanding *outstanding)
{
    memory_free(outstanding);
}

static size_t word_of(uint64_t csn)
{
    return (size_t)(csn % OUTSTANDING_WINDOW / 64);
}

static uint64_t bit_of(uint64_t csn)
{
    return (uint64_t)1 << csn % 64;
}

void outstanding_add(struct outstanding *outstanding, uint64_t csn)
{
    if (outstanding) atomic_fetch_or(&outstanding->words[word_of(csn)], bit_of(csn));
}

void outstanding_remove(struct outstanding *outstanding, uint64_t csn)
{
    if (outstanding) atomic_fetch_and(&outstanding->words[word_of(csn)], ~bit_of(csn));
}

bool outstanding_has(const struct outstanding *outstanding, uint64_t csn)
{
    return !outstanding || (atomic_load(&((struct outstanding *)(uintptr_t)outstanding)->words[word_of(csn)]) & bit_of(csn)) != 0;
}
