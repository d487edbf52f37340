/* SPDX-License-Identifier: Apache-2.0 */
/* Journal: the thread that drives the core, its helper, and what callers see. */
#define _GNU_SOURCE /* sem_clockwait */
#include "store/journal.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "base/thread.h"
#include "store/journal_core_segment.h"
#include "store/journal_crowd.h"
#include "store/journal_gather.h"
#include "store/journal_internal.h"
#include "store/journal_ring.h"
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

enum { HELPER_PERIOD_MS = 200, SLEEP_MS = 1000, RETRY_MS = 20 };

struct journal {
    struct journal_core core;
    struct journal_ring ring;
    bool threads;
    struct thread *thread, *helper;
    _Atomic bool stop, helper_stop;
    _Alignas(64) _Atomic bool sleeping; /* the journal thread waits for `wake` */
    sem_t wake;
    sem_t helper_wake;
    struct mutex wait_lock;
    struct condition wait_more;
    _Atomic uint32_t wait_count; /* in journal_wait */
    struct journal_crowd crowd;
    struct journal_gather gather; /* the journal thread's */
};

struct journal_core *journal_core_of(struct journal *journal)
{
    return &journal->core;
}

void journal_options_default(struct journal_options *options)
{
    *options = (struct journal_options){.segment_size = (uint64_t)64 << 20,
                                        .retain_bytes = (uint64_t)4 << 30,
                                        .queue_max = 65536,
                                        .queue_bytes = (uint64_t)64 << 20,
                                        .sync = true};
}

/* ---- clock ---- */

static uint64_t real_wall_us(void *context)
{
    (void)context;
    return clock_wall_us();
}
static uint64_t real_monotonic_us(void *context)
{
    (void)context;
    return clock_monotonic_us();
}
static uint64_t real_random(void *context)
{
    (void)context;
    uint64_t number;
    crypto_random(&number, sizeof number);
    return number;
}

/* Until it is posted or the time is over. The system's clock, never a simulated one. */
static void wait_posted(sem_t *semaphore, uint32_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (sem_clockwait(semaphore, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR) {}
}

/* ---- the journal thread ---- */

static void tell_waiters(struct journal *journal)
{
    if (atomic_load(&journal->wait_count) == 0) return;
    mutex_lock(&journal->wait_lock);
    condition_broadcast(&journal->wait_more);
    mutex_unlock(&journal->wait_lock);
}

/* What is queued goes into the group. False: the group is full. */
static bool take_queued(struct journal *journal)
{
    struct journal_core *core = &journal->core;
    struct journal_entry *entry;
    while ((entry = journal_ring_peek(&journal->ring))) {
        if (!journal_core_room(core, entry->payload_size)) return false;
        struct view payload = view_of(entry->payload, entry->payload_size);
        journal_core_add(core, (enum journal_kind)entry->kind, entry->transaction, entry->csn, payload, entry->done, entry->context);
        journal_ring_pop(&journal->ring, entry);
    }
    return true;
}

static void gather(struct journal *journal)
{
    struct journal_core *core = &journal->core;
    if (atomic_load(&journal->stop) || !journal_gather_begin(&journal->gather, core->awaited, clock_monotonic_us())) return;
    while (journal_gather_goes_on(&journal->gather, core->awaited, clock_monotonic_us())) {
        thread_yield();
        if (!take_queued(journal)) break;
    }
    journal_gather_end(&journal->gather, core->awaited);
}

/* Everything that waits, up to one group, goes to the disk. False: there was nothing. */
static bool journal_turn(struct journal *journal)
{
    struct journal_core *core = &journal->core;
    uint64_t generation = atomic_load(&core->segments.generation);
    journal_core_begin(core);
    if (take_queued(journal) && journal->threads && !core->down) gather(journal);
    if (core->waiter_count) journal_crowd_collected(&journal->crowd);
    uint64_t began = clock_monotonic_us();
    bool worked = journal_core_end(core);
    if (worked) {
        uint32_t awaited = core->awaited, queued = journal_ring_awaited(&journal->ring);
        journal_core_tell(core);
        journal_crowd_tell(&journal->crowd);
        tell_waiters(journal);
        uint64_t now = clock_monotonic_us();
        journal_gather_told(&journal->gather, awaited, queued, now - began, now);
    }
    if (journal->threads && atomic_load(&core->segments.generation) != generation) sem_post(&journal->helper_wake);
    return worked;
}

static void journal_main(void *context)
{
    struct journal *journal = context;
    for (;;) {
        if (journal_turn(journal) && (journal_ring_due(&journal->ring) || journal_gather_hopes(&journal->gather))) continue;
        bool failed = atomic_load(&journal->core.failed), stop = atomic_load(&journal->stop);
        atomic_store(&journal->sleeping, true);
        bool empty = !journal_ring_peek(&journal->ring);
        if (empty && stop) return;
        /* An entry that is due and not there yet wakes us when it is. */
        if (!stop && (empty || !journal_ring_due(&journal->ring))) wait_posted(&journal->wake, failed ? RETRY_MS : SLEEP_MS);
        atomic_store(&journal->sleeping, false);
    }
}

static void wake_journal(struct journal *journal)
{
    if (atomic_load(&journal->sleeping) && atomic_exchange(&journal->sleeping, false)) sem_post(&journal->wake);
}

static void helper_main(void *context)
{
    struct journal *journal = context;
    while (!atomic_load(&journal->helper_stop)) {
        if (journal_core_spare_wanted(&journal->core)) (void)!journal_core_make_spare(&journal->core, &journal->helper_stop);
        journal_core_prune(&journal->core);
        wait_posted(&journal->helper_wake, HELPER_PERIOD_MS);
    }
}

/* ---- opening and closing ---- */

static struct journal *journal_new(const struct journal_options *options, const struct journal_files *files,
                                   const struct journal_clock *clock, struct error *error)
{
    struct journal *journal = aligned_alloc(64, (sizeof *journal + 63) / 64 * 64);
    CHECK(journal != NULL);
    memset(journal, 0, sizeof *journal);
    if (!journal_core_open(&journal->core, options, files, clock, error)) {
        free(journal);
        return NULL;
    }
    journal_ring_init(&journal->ring, options->queue_bytes, options->queue_max);
    sem_init(&journal->wake, 0, 0);
    sem_init(&journal->helper_wake, 0, 0);
    mutex_init(&journal->wait_lock);
    condition_init(&journal->wait_more);
    return journal;
}

struct journal *journal_open(const struct journal_options *options, struct error *error)
{
    static const struct journal_clock clock = {.wall_us = real_wall_us, .monotonic_us = real_monotonic_us, .random = real_random};
    struct journal_files files;
    if (!journal_files_posix(options->folder, options->sync, &files, error)) return NULL;
    struct journal *journal = journal_new(options, &files, &clock, error);
    if (!journal) return NULL;
    journal->threads = true;
    journal->thread = thread_start("journal", journal_main, journal, error);
    if (journal->thread) journal->helper = thread_start("journal-helper", helper_main, journal, error);
    if (journal->helper) return journal;
    journal_close(journal);
    return NULL;
}

struct journal *journal_open_stepped(const struct journal_options *options, const struct journal_files *files,
                                     const struct journal_clock *clock, struct error *error)
{
    return journal_new(options, files, clock, error);
}

bool journal_step(struct journal *journal)
{
    CHECK(!journal->threads);
    bool worked = journal_turn(journal);
    if (journal_core_spare_wanted(&journal->core) && journal_core_make_spare(&journal->core, NULL)) worked = true;
    journal_core_prune(&journal->core);
    return worked;
}

void journal_close(struct journal *journal)
{
    if (!journal) return;
    if (journal->threads) {
        atomic_store(&journal->stop, true);
        sem_post(&journal->wake);
        thread_join(journal->thread);
        atomic_store(&journal->helper_stop, true);
        sem_post(&journal->helper_wake);
        thread_join(journal->helper);
    } else {
        while (journal_ring_peek(&journal->ring)) journal_turn(journal);
    }
    journal_core_close(&journal->core);
    journal_ring_release(&journal->ring);
    sem_destroy(&journal->wake);
    sem_destroy(&journal->helper_wake);
    condition_release(&journal->wait_more);
    mutex_release(&journal->wait_lock);
    free(journal);
}

/* ---- append ---- */

/* Nobody needs a statement of an open transaction on the disk before its intent, behind which it goes: a sync of its own would only be in the way of
 * that of the intent, which usually comes next. */
static bool is_urgent(enum journal_kind kind, journal_done *done)
{
    return done || (kind != JOURNAL_DML && kind != JOURNAL_TRIM && kind != JOURNAL_ABORT);
}

void journal_append(struct journal *journal, enum journal_kind kind, uint64_t transaction, uint64_t csn, struct view payload,
                    journal_done *done, void *context)
{
    CHECK(kind >= JOURNAL_DML && kind <= JOURNAL_MARK);
    struct journal_entry entry = {
        .kind = (uint8_t)kind, .urgent = is_urgent(kind, done), .transaction = transaction, .csn = csn, .done = done, .context = context};
    bool queued = payload.size <= JOURNAL_PAYLOAD_MAX && journal_ring_push(&journal->ring, &entry, payload);
    if (!queued) journal_core_overflow(&journal->core, csn);
    if (journal->threads && (!queued || journal_ring_due(&journal->ring))) wake_journal(journal);
    if (!queued && done) done(context, (struct journal_ticket){.csn = csn, .refused = true});
}

struct journal_ticket journal_commit(struct journal *journal, enum journal_kind kind, uint64_t transaction, uint64_t csn,
                                     struct view payload)
{
    struct journal_sleeper sleeper;
    CHECK(journal->threads);
    journal_crowd_enter(&journal->crowd, &sleeper);
    journal_append(journal, kind, transaction, csn, payload, journal_crowd_done, &sleeper);
    journal_crowd_sleep(&sleeper);
    return sleeper.ticket;
}

uint64_t journal_next_csn(struct journal *journal)
{
    return atomic_fetch_add(&journal->core.csn, 1) + 1;
}

uint64_t journal_last_csn(const struct journal *journal)
{
    return atomic_load(&journal->core.csn);
}

uint64_t journal_new_transaction(struct journal *journal)
{
    uint64_t number = atomic_fetch_add_explicit(&journal->core.transactions, 1, memory_order_relaxed) + 1;
    CHECK(number < (uint64_t)1 << JOURNAL_BOOT_SHIFT);
    return journal->core.boot << JOURNAL_BOOT_SHIFT | number;
}

uint64_t journal_durable(const struct journal *journal)
{
    return atomic_load(&journal->core.durable);
}

bool journal_failed(const struct journal *journal, struct error *why)
{
    struct journal_core *core = &((struct journal *)journal)->core; /* only for its lock */
    if (!atomic_load(&core->failed)) return false;
    if (why) {
        pthread_mutex_lock(&core->why_lock);
        *why = core->why;
        pthread_mutex_unlock(&core->why_lock);
    }
    return true;
}

/* ---- following, releasing, counting ---- */

bool journal_wait(struct journal *journal, uint64_t beyond_position, uint32_t timeout_ms)
{
    if (journal_durable(journal) > beyond_position || !journal->threads) return journal_durable(journal) > beyond_position;
    uint64_t until = clock_monotonic_us() + (uint64_t)timeout_ms * 1000, now;
    mutex_lock(&journal->wait_lock);
    atomic_fetch_add(&journal->wait_count, 1);
    while (journal_durable(journal) <= beyond_position && (now = clock_monotonic_us()) < until)
        (void)condition_wait_us(&journal->wait_more, &journal->wait_lock, until - now);
    atomic_fetch_sub(&journal->wait_count, 1);
    mutex_unlock(&journal->wait_lock);
    return journal_durable(journal) > beyond_position;
}

void journal_release(struct journal *journal, uint64_t position)
{
    _Atomic uint64_t *released = &journal->core.segments.released;
    uint64_t before = atomic_load(released);
    while (before < position && !atomic_compare_exchange_weak(released, &before, position)) {}
}

uint64_t journal_first(const struct journal *journal)
{
    uint64_t first = atomic_load(&journal->core.segments.first);
    return first ? first : journal_durable(journal) + 1;
}

static uint64_t percentile(const uint64_t *counts, uint64_t total, unsigned percent)
{
    uint64_t rank = (total * percent + 99) / 100, seen = 0;
    for (size_t i = 0; i < JOURNAL_SYNC_BUCKETS; i++) {
        seen += counts[i];
        if (seen >= rank && seen) return journal_sync_bucket_top(i);
    }
    return 0;
}

void journal_statistics(const struct journal *journal, struct journal_statistics *out)
{
    const struct journal_core *core = &journal->core;
    uint64_t counts[JOURNAL_SYNC_BUCKETS], total = 0;
    for (size_t i = 0; i < JOURNAL_SYNC_BUCKETS; i++)
        total += counts[i] = atomic_load_explicit(&core->sync_counts[i], memory_order_relaxed);
    *out = (struct journal_statistics){.records = atomic_load(&core->records),
                                       .bytes = atomic_load(&core->bytes),
                                       .syncs = atomic_load(&core->syncs),
                                       .refused = atomic_load(&core->refused) + atomic_load(&core->overflow),
                                       .segments = atomic_load(&core->segments.live),
                                       .bytes_on_disk = atomic_load(&core->segments.bytes),
                                       .sync_us_p50 = percentile(counts, total, 50),
                                       .sync_us_p99 = percentile(counts, total, 99),
                                       .failures = atomic_load(&core->failures),
                                       .helper_failures = atomic_load(&core->helper_failures)};
}

void journal_recovery(const struct journal *journal, struct journal_recovery *out)
{
    *out = journal->core.recovery;
}
