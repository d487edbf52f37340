/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal bench: durable records a second and the time from append to durable, with 64 commits on their way, beside what the disk does
 * bare in the same run: one record a sync, and groups as large as the journal's own. Rounds alternate, medians are shown. The goal is 100,000 records a second,
 * and that the slowest hundredth of the commits takes no longer than the slowest hundredth of the bare syncs beside it and a millisecond.
 *   bench_journal [folder [seconds a round [rounds]]]
 */
#include "store/journal.h"

#include "base/memory.h"
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RECORD = 400, LATENCIES = 1 << 22, ROUNDS_MAX = 15, THREADS = 64, GOAL_PER_SECOND = 100000, GOAL_ADDED_US = 1000 };

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct outcome {
    double per_second, p50_us, p99_us, group, mb_per_second;
};

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static struct outcome summary(uint32_t *ns, size_t count, uint64_t duration_ns)
{
    qsort(ns, count, sizeof *ns, by_size);
    struct outcome outcome = {.per_second = (double)count * 1e9 / (double)duration_ns};
    if (count) {
        outcome.p50_us = ns[count / 2] / 1e3;
        outcome.p99_us = ns[count * 99 / 100] / 1e3;
    }
    return outcome;
}

/* ---- one thread with N commits on their way, as a worker loop has them ---- */

struct loop {
    uint64_t *started; /* by slot */
    uint32_t *ns;
    _Atomic size_t count;
    sem_t more;
    _Atomic int outstanding;
    _Atomic bool sleeping;
    uint32_t *free_slots;
    _Atomic uint32_t freed; /* slots given back so far */
};
struct slot {
    struct loop *loop;
    uint32_t number;
    uint64_t started;
};

static void loop_done(void *context, struct journal_ticket ticket)
{
    struct slot *slot = context;
    struct loop *loop = slot->loop;
    if (ticket.refused) abort();
    size_t at = atomic_fetch_add_explicit(&loop->count, 1, memory_order_relaxed);
    if (at < LATENCIES) loop->ns[at] = (uint32_t)(now_ns() - slot->started);
    uint32_t freed = atomic_load_explicit(&loop->freed, memory_order_relaxed);
    loop->free_slots[freed % THREADS] = slot->number;
    atomic_store(&loop->freed, freed + 1);
    if (atomic_load(&loop->sleeping) && atomic_exchange(&loop->sleeping, false)) sem_post(&loop->more);
}

static struct outcome run_loop(struct journal *journal, double seconds, uint32_t *ns)
{
    struct loop loop = {.ns = ns};
    struct slot slots[THREADS];
    uint32_t ring[THREADS], taken = 0;
    uint8_t payload[RECORD - 48] = {7};
    loop.free_slots = ring;
    sem_init(&loop.more, 0, 0);
    for (uint32_t i = 0; i < THREADS; i++) {
        slots[i] = (struct slot){&loop, i, 0};
        ring[i] = i;
    }
    atomic_store(&loop.freed, THREADS);
    struct journal_statistics before, after;
    journal_statistics(journal, &before);
    uint64_t begin = now_ns(), end = begin + (uint64_t)(seconds * 1e9);
    while (now_ns() < end) {
        if (taken == atomic_load(&loop.freed)) {
            atomic_store(&loop.sleeping, true);
            if (taken == atomic_load(&loop.freed)) sem_wait(&loop.more);
            atomic_store(&loop.sleeping, false);
            while (sem_trywait(&loop.more) == 0) {}
            continue;
        }
        struct slot *slot = &slots[ring[taken++ % THREADS]];
        slot->started = now_ns();
        journal_append(journal, JOURNAL_INTENT, 1, journal_next_csn(journal), view_of(payload, sizeof payload), loop_done, slot);
    }
    while (taken + THREADS != atomic_load(&loop.freed)) usleep(100);
    uint64_t duration = now_ns() - begin;
    journal_statistics(journal, &after);
    size_t count = atomic_load(&loop.count);
    struct outcome outcome = summary(ns, count < LATENCIES ? count : LATENCIES, duration);
    outcome.per_second = (double)count * 1e9 / (double)duration;
    outcome.group = (double)count / (double)(after.syncs - before.syncs);
    outcome.mb_per_second = (double)(after.bytes - before.bytes) * 1e3 / (double)duration;
    sem_destroy(&loop.more);
    return outcome;
}

/* ---- 64 threads that each wait for their own ---- */

struct committer {
    struct journal *journal;
    pthread_t thread;
    uint64_t end;
    uint32_t *ns;
    size_t count, most;
};

static void *commit(void *context)
{
    struct committer *c = context;
    uint8_t payload[RECORD - 48] = {7};
    struct view bytes = view_of(payload, sizeof payload);
    uint64_t now;
    while ((now = now_ns()) < c->end) {
        if (journal_commit(c->journal, JOURNAL_INTENT, 1, journal_next_csn(c->journal), bytes).refused) abort();
        if (c->count < c->most) c->ns[c->count++] = (uint32_t)(now_ns() - now);
    }
    return NULL;
}

static struct outcome run_threads(struct journal *journal, double seconds, uint32_t *ns)
{
    static struct committer committers[THREADS];
    struct journal_statistics before, after;
    journal_statistics(journal, &before);
    uint64_t begin = now_ns();
    for (int i = 0; i < THREADS; i++) {
        committers[i] = (struct committer){.journal = journal,
                                           .end = begin + (uint64_t)(seconds * 1e9),
                                           .ns = ns + i * (LATENCIES / THREADS),
                                           .most = LATENCIES / THREADS};
        pthread_create(&committers[i].thread, NULL, commit, &committers[i]);
    }
    size_t count = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(committers[i].thread, NULL);
        memmove(ns + count, committers[i].ns, committers[i].count * sizeof *ns);
        count += committers[i].count;
    }
    struct outcome outcome = summary(ns, count, now_ns() - begin);
    journal_statistics(journal, &after);
    outcome.group = (double)count / (double)(after.syncs - before.syncs);
    return outcome;
}

/* ---- bare: pwrite and fdatasync into a file made ahead ---- */

static struct outcome run_bare(const char *folder, double seconds, size_t size, double records, uint32_t *ns)
{
    enum { FILE_SIZE = 64 << 20 };
    char path[500];
    snprintf(path, sizeof path, "%s/bare", folder);
    int descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    uint8_t *bytes = memory_zero(1, size > (1 << 20) ? size : 1 << 20);
    for (off_t at = 0; at < FILE_SIZE; at += 1 << 20)
        if (pwrite(descriptor, bytes, 1 << 20, at) < 0) abort();
    fsync(descriptor);
    memset(bytes, 7, size);
    size_t count = 0;
    uint64_t begin = now_ns(), now = begin, end = begin + (uint64_t)(seconds * 1e9);
    for (off_t at = 0; now<end; at = at + 2 * (off_t)size> FILE_SIZE ? 0 : at + (off_t)size) {
        if (pwrite(descriptor, bytes, size, at) != (ssize_t)size || fdatasync(descriptor) != 0) abort();
        uint64_t after = now_ns();
        if (count < LATENCIES) ns[count++] = (uint32_t)(after - now);
        now = after;
    }
    struct outcome outcome = summary(ns, count, now - begin);
    outcome.per_second *= records;
    outcome.group = records;
    close(descriptor);
    unlink(path);
    memory_free(bytes);
    return outcome;
}

/* ---- the run ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#define MEDIAN(outcomes, count, field)                                                                                                     \
    ({                                                                                                                                     \
        double v_[ROUNDS_MAX];                                                                                                             \
        for (int i_ = 0; i_ < (count); i_++) v_[i_] = (outcomes)[i_].field;                                                                \
        qsort(v_, (size_t)(count), sizeof *v_, by_value);                                                                                  \
        v_[(count) / 2];                                                                                                                   \
    })

static void print_row(const char *what, const struct outcome *outcomes, int rounds)
{
    printf("  %-44s %9.0f %9.0f %9.0f %10.1f\n", what, MEDIAN(outcomes, rounds, per_second), MEDIAN(outcomes, rounds, p50_us),
           MEDIAN(outcomes, rounds, p99_us), MEDIAN(outcomes, rounds, group));
}

/* What the journal adds to the disk's own sync, in each round compared with the bare groups right behind it. */
static void print_goal(const char *what, const struct outcome *journal, const struct outcome *bare, int rounds)
{
    struct outcome added[ROUNDS_MAX];
    for (int i = 0; i < rounds; i++) added[i] = (struct outcome){.p99_us = journal[i].p99_us - bare[i].p99_us};
    double speed = MEDIAN(journal, rounds, per_second), more = MEDIAN(added, rounds, p99_us);
    printf("  %s: %.0f records/s (goal %d: %s), p99 added to a commit %.0f us (goal at most %d: %s)\n", what, speed, GOAL_PER_SECOND,
           speed >= GOAL_PER_SECOND ? "met" : "missed", more, GOAL_ADDED_US, more <= GOAL_ADDED_US ? "met" : "missed");
}

static void run_rounds(struct journal *journal, const char *folder, double seconds, int rounds)
{
    uint32_t *ns = memory_alloc(LATENCIES * sizeof *ns);
    struct outcome one[ROUNDS_MAX], loop[ROUNDS_MAX], loop_bare[ROUNDS_MAX], threads[ROUNDS_MAX], threads_bare[ROUNDS_MAX];
    for (int i = 0; i < rounds; i++) {
        one[i] = run_bare(folder, seconds, RECORD, 1, ns);
        loop[i] = run_loop(journal, seconds, ns);
        loop_bare[i] = run_bare(folder, seconds, (size_t)(loop[i].group * RECORD), loop[i].group, ns);
        threads[i] = run_threads(journal, seconds, ns);
        threads_bare[i] = run_bare(folder, seconds, (size_t)(threads[i].group * RECORD), threads[i].group, ns);
        journal_release(journal, journal_durable(journal));
    }
    memory_free(ns);
    printf("records of %d bytes, %d rounds of %.1f s, medians\n  %-44s %9s %9s %9s %10s\n", RECORD, rounds, seconds, "", "records/s",
           "p50 us", "p99 us", "rec/sync");
    print_row("bare: one record, one fdatasync", one, rounds);
    print_row("journal: one thread, 64 commits on their way", loop, rounds);
    print_row("bare: groups of that size, one fdatasync", loop_bare, rounds);
    print_row("journal: 64 threads, each waits for its own", threads, rounds);
    print_row("bare: groups of that size, one fdatasync", threads_bare, rounds);
    struct journal_statistics seen;
    journal_statistics(journal, &seen);
    printf("  the journal's own writes with their syncs: %llu, p50 %llu us, p99 %llu us\n", (unsigned long long)seen.syncs,
           (unsigned long long)seen.sync_us_p50, (unsigned long long)seen.sync_us_p99);
    printf("  journal / bare single %.1f, journal / bare groups %.2f\n", MEDIAN(loop, rounds, per_second) / MEDIAN(one, rounds, per_second),
           MEDIAN(loop, rounds, per_second) / MEDIAN(loop_bare, rounds, per_second));
    print_goal("one thread", loop, loop_bare, rounds);
    print_goal("64 threads", threads, threads_bare, rounds);
}

static double recovery_gb_per_second(const struct journal_options *options, double *records)
{
    struct error error = {0};
    struct journal *journal = journal_open(options, &error);
    if (!journal) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    struct journal_recovery recovery;
    journal_recovery(journal, &recovery);
    journal_close(journal);
    *records = (double)recovery.records / (double)recovery.microseconds;
    return (double)recovery.bytes / 1e3 / (double)recovery.microseconds;
}

int main(int argc, char **argv)
{
    char folder[400], journal_folder[450], command[500];
    double seconds = argc > 2 ? atof(argv[2]) : 2;
    int rounds = argc > 3 ? atoi(argv[3]) : 5;
    if (rounds < 1 || rounds > ROUNDS_MAX) rounds = 5;
    snprintf(folder, sizeof folder, "%s/bench-journal-%d", argc > 1 ? argv[1] : "/tmp", (int)getpid());
    snprintf(journal_folder, sizeof journal_folder, "%s/journal", folder);
    if (mkdir(folder, 0700) != 0) return 1;
    struct journal_options options;
    struct error error = {0};
    journal_options_default(&options);
    options.folder = journal_folder;
    options.retain_bytes = (uint64_t)1 << 30;
    struct journal *journal = journal_open(&options, &error);
    if (!journal) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    run_rounds(journal, folder, seconds, rounds);
    journal_close(journal);
    double records, speed = recovery_gb_per_second(&options, &records);
    printf("  recovery verifies %.2f GB/s, %.1f million records/s\n", speed, records);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) != 0;
}
