/* SPDX-License-Identifier: Apache-2.0 */
/* Journal ring: bounded bytes from many producers to one consumer. */
#include "store/journal_ring.h"

#include "base/memory.h"
#include <sys/mman.h>

_Static_assert(sizeof(struct journal_entry) == JOURNAL_RING_LINE, "the header of an entry is one line");

enum { RING_SIZE_MIN = 64 * 1024 };

void journal_ring_init(struct journal_ring *ring, uint64_t bytes, uint32_t waiting_max)
{
    memset(ring, 0, sizeof *ring);
    ring->size = RING_SIZE_MIN;
    while (ring->size < bytes) ring->size *= 2;
    ring->waiting_max = waiting_max;
    ring->large_max = ring->size;
    /* Zero pages that are there when first touched: every line says "not ready" before it is claimed for the first time. */
    ring->memory = mmap(NULL, ring->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(ring->memory != MAP_FAILED);
}

void journal_ring_release(struct journal_ring *ring)
{
    struct journal_entry *entry;
    while ((entry = journal_ring_peek(ring))) journal_ring_pop(ring, entry);
    munmap(ring->memory, ring->size);
    ring->memory = NULL;
}

/* Claims `need` bytes in one piece; *at gets where. What is left before the ring's end is filled by an empty entry. */
static bool claim(struct journal_ring *ring, uint64_t need, uint64_t *at)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    for (;;) {
        uint64_t to_end = ring->size - (tail & (ring->size - 1));
        uint64_t pad = to_end < need ? to_end : 0;
        uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
        /* tail may be older than head here; then the swap fails, but the sum must not wrap */
        if (tail < head || tail + pad + need - head > ring->size) {
            uint64_t now = atomic_load_explicit(&ring->tail, memory_order_relaxed);
            if (now == tail) return false;
            tail = now;
            continue;
        }
        if (!atomic_compare_exchange_weak_explicit(&ring->tail, &tail, tail + pad + need, memory_order_relaxed, memory_order_relaxed))
            continue;
        if (pad) {
            struct journal_entry *filler = (struct journal_entry *)(ring->memory + (tail & (ring->size - 1)));
            filler->lines = (uint32_t)(pad / JOURNAL_RING_LINE);
            filler->kind = 0;
            atomic_store_explicit(&filler->ready, 1, memory_order_release);
        }
        *at = tail + pad;
        return true;
    }
}

static bool take_large(struct journal_ring *ring, uint64_t size)
{
    uint64_t before = atomic_fetch_add_explicit(&ring->large_bytes, size, memory_order_relaxed);
    if (before == 0 || before + size <= ring->large_max) return true;
    atomic_fetch_sub_explicit(&ring->large_bytes, size, memory_order_relaxed);
    return false;
}

static void raise_due(struct journal_ring *ring, uint64_t end)
{
    uint64_t before = atomic_load(&ring->due);
    while (before < end && !atomic_compare_exchange_weak(&ring->due, &before, end)) {}
}

bool journal_ring_due(const struct journal_ring *ring)
{
    uint64_t head = atomic_load(&ring->head);
    return atomic_load(&ring->due) > head || atomic_load(&ring->tail) - head >= JOURNAL_RING_MUCH;
}

uint32_t journal_ring_awaited(const struct journal_ring *ring)
{
    return (uint32_t)(atomic_load_explicit(&ring->waiting, memory_order_relaxed) >> 32);
}

/* What an entry counts in `waiting`. */
static uint64_t weight(const struct journal_entry *entry)
{
    return entry->done ? UINT64_C(1) << 32 | 1 : 1;
}

bool journal_ring_push(struct journal_ring *ring, const struct journal_entry *entry, struct view payload)
{
    if ((uint32_t)atomic_fetch_add_explicit(&ring->waiting, weight(entry), memory_order_relaxed) >= ring->waiting_max) goto no_count;
    bool large = payload.size > ring->size / 8;
    if (large && !take_large(ring, payload.size)) goto no_count;
    uint64_t need = sizeof *entry + (large ? 0 : payload.size);
    need = (need + JOURNAL_RING_LINE - 1) & ~(uint64_t)(JOURNAL_RING_LINE - 1);
    uint64_t at;
    if (!claim(ring, need, &at)) goto no_room;
    struct journal_entry *slot = (struct journal_entry *)(ring->memory + (at & (ring->size - 1)));
    slot->lines = (uint32_t)(need / JOURNAL_RING_LINE);
    slot->kind = entry->kind;
    slot->large = large;
    slot->payload_size = (uint32_t)payload.size;
    slot->transaction = entry->transaction;
    slot->csn = entry->csn;
    slot->done = entry->done;
    slot->context = entry->context;
    slot->payload = large ? memory_copy(payload.data, payload.size) : (uint8_t *)(slot + 1);
    if (!large && payload.size) memcpy(slot->payload, payload.data, payload.size);
    atomic_store(&slot->ready, 1);
    if (entry->urgent || payload.size >= JOURNAL_RING_MUCH) raise_due(ring, at + need);
    return true;
no_room:
    if (large) atomic_fetch_sub_explicit(&ring->large_bytes, payload.size, memory_order_relaxed);
no_count:
    atomic_fetch_sub_explicit(&ring->waiting, weight(entry), memory_order_relaxed);
    return false;
}

/* Gives the entry's lines back, each marked "not ready" for whoever claims it next. */
static void give_back(struct journal_ring *ring, struct journal_entry *entry)
{
    uint32_t lines = entry->lines;
    for (uint32_t i = 0; i < lines; i++) {
        struct journal_entry *line = (struct journal_entry *)((uint8_t *)entry + (size_t)i * JOURNAL_RING_LINE);
        atomic_store_explicit(&line->ready, 0, memory_order_relaxed);
    }
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    atomic_store_explicit(&ring->head, head + (uint64_t)lines * JOURNAL_RING_LINE, memory_order_release);
}

struct journal_entry *journal_ring_peek(struct journal_ring *ring)
{
    for (;;) {
        uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
        struct journal_entry *entry = (struct journal_entry *)(ring->memory + (head & (ring->size - 1)));
        if (!atomic_load(&entry->ready)) return NULL;
        if (entry->kind) return entry;
        give_back(ring, entry);
    }
}

void journal_ring_pop(struct journal_ring *ring, struct journal_entry *entry)
{
    if (entry->large) {
        atomic_fetch_sub_explicit(&ring->large_bytes, entry->payload_size, memory_order_relaxed);
        memory_free(entry->payload);
    }
    uint64_t counted = weight(entry);
    give_back(ring, entry);
    atomic_fetch_sub_explicit(&ring->waiting, counted, memory_order_relaxed);
}
