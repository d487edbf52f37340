/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal ring: the way from any number of producers to the one journal thread, without locks and without memory per record: a
 * producer claims bytes of the ring with one compare-and-swap, copies its record in and publishes it. Order of claims is the order
 * of records. A payload too large for the ring goes beside it, in memory of its own.
 */
#ifndef STORE_JOURNAL_RING_H
#define STORE_JOURNAL_RING_H

#include "store/journal.h"
#include <stdatomic.h>

enum {
    JOURNAL_RING_LINE = 64,        /* entries begin at multiples of it */
    JOURNAL_RING_MUCH = 128 * 1024 /* so many bytes are due, urgent or not: what a commit waits for should stay little */
};

struct journal_entry {
    _Atomic uint32_t ready; /* 0: claimed at most; else the entry may be read */
    uint32_t lines;         /* of the ring that it takes */
    uint8_t kind;           /* 0: nothing, fills the ring up to its end */
    bool large;             /* payload is in memory of its own */
    bool urgent;            /* given to journal_ring_push: it makes the ring due */
    uint32_t payload_size;
    uint64_t transaction, csn;
    journal_done *done;
    void *context;
    uint8_t *payload; /* right behind this struct unless large */
    uint8_t padding[8];
};

struct journal_ring {
    uint8_t *memory;
    uint64_t size; /* a power of two */
    uint32_t waiting_max;
    uint64_t large_max;
    _Alignas(64) _Atomic uint64_t tail;    /* bytes claimed since the beginning; producers */
    _Alignas(64) _Atomic uint64_t head;    /* bytes taken; the journal thread */
    _Alignas(64) _Atomic uint64_t due;     /* everything below it is wanted on the disk now */
    _Alignas(64) _Atomic uint64_t waiting; /* entries; in the upper half those of them that have a callback */
    _Alignas(64) _Atomic uint64_t large_bytes;
};

void journal_ring_init(struct journal_ring *ring, uint64_t bytes, uint32_t waiting_max);
void journal_ring_release(struct journal_ring *ring);
/* Any thread. False: no room. */
bool journal_ring_push(struct journal_ring *ring, const struct journal_entry *entry, struct view payload) MUST_USE;
/* Any thread. Must what is in it be written now: because of an urgent entry, or because it is much? An entry may still be on its way. */
bool journal_ring_due(const struct journal_ring *ring);
/* Any thread. How many entries are in it whose callback is waited for. */
uint32_t journal_ring_awaited(const struct journal_ring *ring);
/* Journal thread only. The oldest entry, NULL if there is none (yet). */
struct journal_entry *journal_ring_peek(struct journal_ring *ring);
void journal_ring_pop(struct journal_ring *ring, struct journal_entry *entry); /* the one peeked */

#endif
