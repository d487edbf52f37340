/* SPDX-License-Identifier: Apache-2.0 */
/* The journal with its threads on a real disk: order, durability under kill -9, following, retention, limits. */
#include "store/journal.h"

#include "base/memory.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[256];

static int make_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/understudy-journal-XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static struct journal_options options_small(void)
{
    struct journal_options options;
    journal_options_default(&options);
    options.folder = folder;
    options.segment_size = 256 * 1024;
    return options;
}

static struct journal *open_journal(const struct journal_options *options)
{
    struct error error = {0};
    struct journal *journal = journal_open(options, &error);
    if (!journal) fail_msg("%s", error.text);
    return journal;
}

/* ---- 64 producers ---- */

enum { PRODUCERS = 64, EACH = 300 };
struct producer {
    struct journal *journal;
    pthread_t thread;
    uint32_t number;
    _Atomic uint32_t done, refused;
    _Atomic uint64_t last_position;
    uint64_t positions[EACH], csns[EACH];
};
struct ticket_context {
    struct producer *producer;
    uint32_t index;
};

static void producer_done(void *context, struct journal_ticket ticket)
{
    struct ticket_context *c = context;
    if (ticket.refused) atomic_fetch_add(&c->producer->refused, 1);
    c->producer->positions[c->index] = ticket.position;
    atomic_store(&c->producer->last_position, ticket.position);
    atomic_fetch_add(&c->producer->done, 1);
    memory_free(c);
}

static void *produce(void *context)
{
    struct producer *p = context;
    uint8_t bytes[1200];
    for (uint32_t i = 0; i < EACH; i++) {
        uint32_t size = 8 + (p->number * 31 + i * 17) % 1000;
        memset(bytes, (int)(p->number + i), sizeof bytes);
        memcpy(bytes, &p->number, 4);
        memcpy(bytes + 4, &i, 4);
        struct ticket_context *c = memory_alloc(sizeof *c);
        *c = (struct ticket_context){p, i};
        p->csns[i] = i % 3 == 0 ? journal_next_csn(p->journal) : 0;
        journal_append(p->journal, i % 3 == 0 ? JOURNAL_INTENT : JOURNAL_DML, p->number, p->csns[i], view_of(bytes, size), producer_done,
                       c);
        if (i % 50 == 0) usleep(1000);
    }
    return NULL;
}

static void wait_done(struct producer *producers)
{
    for (int i = 0; i < PRODUCERS; i++) {
        pthread_join(producers[i].thread, NULL);
        while (atomic_load(&producers[i].done) < EACH) usleep(200);
        assert_int_equal(atomic_load(&producers[i].refused), 0);
    }
}

static void check_producers(struct journal *journal, struct producer *producers)
{
    struct error error = {0};
    struct journal_reader *reader = journal_reader_new(journal, 1, &error);
    assert_non_null(reader);
    struct journal_record record;
    static uint32_t next[PRODUCERS];
    memset(next, 0, sizeof next);
    uint64_t position = 0;
    enum journal_read answer;
    while ((answer = journal_read(reader, &record, &error)) == JOURNAL_READ_OK) {
        assert_int_equal(record.position, ++position);
        uint32_t number, index;
        memcpy(&number, record.payload.data, 4);
        memcpy(&index, record.payload.data + 4, 4);
        assert_true(number < PRODUCERS);
        assert_int_equal(index, next[number]); /* a producer's records keep their order */
        next[number]++;
        assert_int_equal(record.payload.size, 8 + (number * 31 + index * 17) % 1000);
        for (size_t i = 8; i < record.payload.size; i++) assert_int_equal(record.payload.data[i], (uint8_t)(number + index));
        assert_int_equal(record.transaction, number);
        assert_int_equal(producers[number].positions[index], record.position);
        assert_int_equal(producers[number].csns[index], record.csn);
    }
    if (answer != JOURNAL_READ_END) fail_msg("%s", error.text);
    assert_int_equal(position, PRODUCERS * EACH);
    journal_reader_free(reader);
}

static void test_producers(void **state)
{
    (void)state;
    struct journal_options options = options_small();
    struct journal *journal = open_journal(&options);
    struct producer *producers = memory_zero(PRODUCERS, sizeof *producers);
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        producers[i].journal = journal;
        producers[i].number = i;
        assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    wait_done(producers);
    assert_int_equal(journal_durable(journal), PRODUCERS * EACH);
    check_producers(journal, producers);
    struct journal_statistics statistics;
    journal_statistics(journal, &statistics);
    assert_int_equal(statistics.records, PRODUCERS * EACH);
    assert_int_equal(statistics.refused, 0);
    assert_true(statistics.segments > 2);
    assert_true(statistics.syncs > 0 && statistics.sync_us_p99 >= statistics.sync_us_p50);
    uint64_t csn = journal_last_csn(journal), transaction = journal_new_transaction(journal);
    assert_int_equal(csn, PRODUCERS * EACH / 3);
    journal_close(journal);
    journal = open_journal(&options);
    check_producers(journal, producers);
    assert_int_equal(journal_next_csn(journal), csn + 1);
    assert_true(journal_new_transaction(journal) >> 40 == (transaction >> 40) + 1);
    journal_close(journal);
    memory_free(producers);
}

/* ---- threads that sleep until their record is durable ---- */

enum { SLEEPERS = 16, BURSTS = 300 };
struct burst {
    struct journal *journal;
    pthread_barrier_t together;
    _Atomic uint64_t committed, refused;
};

/* All at once, and all of them must be back before the next burst: nothing comes later that would wake one who was forgotten. */
static void *commit_bursts(void *context)
{
    struct burst *burst = context;
    for (uint32_t i = 0; i < BURSTS; i++) {
        pthread_barrier_wait(&burst->together);
        struct journal_ticket ticket =
            journal_commit(burst->journal, JOURNAL_INTENT, 1, journal_next_csn(burst->journal), view_text("sleeper"));
        atomic_fetch_add(ticket.refused ? &burst->refused : &burst->committed, 1);
        if (!ticket.refused && journal_durable(burst->journal) < ticket.position) abort();
    }
    return NULL;
}

static void check_sleepers(uint32_t queue_max)
{
    struct journal_options options = options_small();
    options.queue_max = queue_max;
    struct burst burst = {.journal = open_journal(&options)};
    pthread_t threads[SLEEPERS];
    struct journal_statistics statistics;
    pthread_barrier_init(&burst.together, NULL, SLEEPERS);
    alarm(120); /* a lost wake-up is a test that never ends */
    for (uint32_t i = 0; i < SLEEPERS; i++) assert_int_equal(pthread_create(&threads[i], NULL, commit_bursts, &burst), 0);
    for (uint32_t i = 0; i < SLEEPERS; i++) pthread_join(threads[i], NULL);
    alarm(0);
    pthread_barrier_destroy(&burst.together);
    assert_int_equal(atomic_load(&burst.committed) + atomic_load(&burst.refused), SLEEPERS * BURSTS);
    assert_true(atomic_load(&burst.committed) >= BURSTS);
    journal_statistics(burst.journal, &statistics);
    assert_int_equal(statistics.refused, atomic_load(&burst.refused));
    assert_true(statistics.records >= atomic_load(&burst.committed));
    journal_close(burst.journal);
}

static void test_sleepers(void **state)
{
    (void)state;
    check_sleepers(65536);
}

static void test_sleepers_refused(void **state)
{
    (void)state;
    check_sleepers(2); /* some find the queue full, and come back at once */
}

/* ---- what nobody waits for ---- */

static uint64_t syncs_of(struct journal *journal)
{
    struct journal_statistics statistics;
    journal_statistics(journal, &statistics);
    return statistics.syncs;
}

/* Statements go with the intent behind them, by one sync; alone they wait, but not long, and not when they are much. */
static void test_statements_go_with_the_intent(void **state)
{
    enum { SMALL = 100, LARGE = 50000 };
    static const uint8_t bytes[LARGE] = {3};
    (void)state;
    struct journal_options options = options_small();
    struct journal *journal = open_journal(&options);
    struct journal_ticket ticket;
    uint64_t before = 0,
             syncs = 0; /* before: positions of earlier tries, in which this thread got no processor for longer than statements wait */
    for (int try = 0; try < 20; try++) {
        before = journal_durable(journal);
        syncs = syncs_of(journal);
        for (uint32_t i = 0; i < 3; i++) journal_append(journal, JOURNAL_DML, 1, 0, view_of(bytes, SMALL), NULL, NULL);
        ticket = journal_commit(journal, JOURNAL_INTENT, 1, journal_next_csn(journal), view_of(bytes, SMALL));
        assert_false(ticket.refused);
        assert_int_equal(ticket.position, before + 4);
        if (syncs_of(journal) == syncs + 1) break;
    }
    assert_int_equal(syncs_of(journal), syncs + 1);
    journal_append(journal, JOURNAL_OUTCOME, 1, ticket.csn, view_of(bytes, 1), NULL, NULL); /* the mirror waits for these */
    assert_true(journal_wait(journal, before + 4, 60000));
    journal_append(journal, JOURNAL_DML, 2, 0, view_of(bytes, SMALL), NULL, NULL);
    assert_true(journal_wait(journal, before + 5, 60000));
    for (uint32_t i = 0; i < 5; i++) journal_append(journal, JOURNAL_DML, 3, 0, view_of(bytes, LARGE), NULL, NULL);
    assert_true(journal_wait(journal, before + 8, 60000));
    journal_close(journal);
    journal = open_journal(&options); /* and nothing is left behind in memory when it closes */
    assert_int_equal(journal_durable(journal), before + 11);
    journal_close(journal);
}

/* ---- a reader that follows ---- */

struct follower {
    struct journal *journal;
    uint64_t upto;
    uint64_t bytes;
    struct error error;
};

static void *follow(void *context)
{
    struct follower *f = context;
    struct journal_reader *reader = journal_reader_new(f->journal, 1, &f->error);
    uint64_t position = 0;
    struct journal_record record;
    while (reader && position < f->upto) {
        enum journal_read answer = journal_read(reader, &record, &f->error);
        if (answer == JOURNAL_READ_ERROR) break;
        if (answer == JOURNAL_READ_END) {
            journal_wait(f->journal, position, 1000);
            continue;
        }
        if (record.position != position + 1) {
            error_set(&f->error, ERROR_INTERNAL, "position %llu", (unsigned long long)record.position);
            break;
        }
        position++;
        f->bytes += record.payload.size;
        if (position % 64 == 0) journal_release(f->journal, position);
    }
    journal_reader_free(reader);
    return NULL;
}

static void test_follow_and_retain(void **state)
{
    (void)state;
    struct journal_options options = options_small();
    options.retain_bytes = 1024 * 1024;
    struct journal *journal = open_journal(&options);
    struct follower follower = {.journal = journal, .upto = 20000};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, follow, &follower), 0);
    uint8_t bytes[700];
    memset(bytes, 5, sizeof bytes);
    uint64_t sum = 0;
    for (int i = 0; i < 20000; i++) {
        journal_append(journal, i % 100 == 99 ? JOURNAL_OUTCOME : JOURNAL_DML, 1, 0, view_of(bytes, (size_t)(i % 700)), NULL, NULL);
        sum += (uint64_t)(i % 700);
        if (i % 100 == 99) assert_true(journal_wait(journal, (uint64_t)i - 99, 60000)); /* small groups */
    }
    pthread_join(thread, NULL);
    assert_string_equal(follower.error.text, "");
    assert_int_equal(follower.bytes, sum);
    struct journal_statistics statistics;
    for (int i = 0; i < 1200; i++) { /* the helper removes when it comes by */
        journal_statistics(journal, &statistics);
        if (statistics.bytes_on_disk <= 2 * options.retain_bytes) break;
        usleep(50000);
    }
    assert_true(statistics.bytes_on_disk <= 2 * options.retain_bytes);
    assert_true(statistics.bytes_on_disk >= options.retain_bytes / 2);
    assert_true(journal_first(journal) > 1);
    struct error error = {0};
    assert_null(journal_reader_new(journal, 1, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    uint64_t first = journal_first(journal);
    journal_close(journal);
    journal = open_journal(&options);
    assert_true(journal_first(journal) >= first); /* the helper may have removed one more */
    assert_int_equal(journal_durable(journal), 20000);
    journal_close(journal);
}

static void test_wait(void **state)
{
    (void)state;
    struct journal_options options = options_small();
    struct journal *journal = open_journal(&options);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_false(journal_wait(journal, 0, 50));
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 45);
    journal_append(journal, JOURNAL_MARK, 0, 0, view_text("x"), NULL, NULL);
    assert_true(journal_wait(journal, 0, 60000));
    assert_int_equal(journal_durable(journal), 1);
    journal_close(journal);
}

static void test_one_process_only(void **state)
{
    (void)state;
    struct journal_options options = options_small();
    struct journal *journal = open_journal(&options);
    struct error error = {0};
    assert_null(journal_open(&options, &error));
    assert_int_equal(error.code, ERROR_STATE);
    journal_close(journal);
}

/* ---- large payloads ---- */

static void large_done(void *context, struct journal_ticket ticket)
{
    struct journal_ticket *out = context;
    *out = ticket;
    out->csn = 1; /* it ran */
}

static void test_large(void **state)
{
    (void)state;
    struct journal_options options = options_small();
    options.queue_bytes = 1024 * 1024;
    struct journal *journal = open_journal(&options);
    size_t size = 20 * 1024 * 1024;
    uint8_t *bytes = memory_alloc(size);
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i * 7 + i / 1000);
    struct journal_ticket tickets[3] = {0};
    journal_append(journal, JOURNAL_DML, 1, 0, view_of(bytes, 1000), large_done, &tickets[0]);
    journal_append(journal, JOURNAL_DML, 1, 0, view_of(bytes, size), large_done, &tickets[1]);
    assert_true(journal_wait(journal, 1, 60000));
    journal_append(journal, JOURNAL_DML, 1, 0, view_of(bytes, ((size_t)256 << 20) + 1), large_done, &tickets[2]);
    assert_true(tickets[2].refused && tickets[2].csn == 1);
    struct journal_reader *reader = journal_reader_new(journal, 2, NULL);
    struct journal_record record;
    assert_int_equal(journal_read(reader, &record, NULL), JOURNAL_READ_OK);
    assert_int_equal(record.payload.size, size);
    assert_memory_equal(record.payload.data, bytes, size);
    assert_true(journal_wait(journal, 2, 60000)); /* the refusal's GAP */
    assert_int_equal(journal_read(reader, &record, NULL), JOURNAL_READ_OK);
    assert_int_equal(record.kind, JOURNAL_GAP);
    journal_reader_free(reader);
    journal_close(journal);
    journal = open_journal(&options);
    assert_int_equal(journal_durable(journal), 3);
    journal_close(journal);
    memory_free(bytes);
}

/* ---- kill -9 ---- */

struct shared_write {
    int pipe;
    uint32_t number;
};

static void report_done(void *context, struct journal_ticket ticket)
{
    struct shared_write *w = context;
    uint64_t line[2] = {w->number, ticket.position};
    if (!ticket.refused && write(w->pipe, line, sizeof line) != sizeof line) _exit(3);
    memory_free(w);
}

static _Noreturn void child(int pipe, uint32_t first)
{
    struct journal_options options = options_small();
    struct journal *journal = journal_open(&options, NULL);
    if (!journal) _exit(2);
    uint8_t bytes[3000];
    for (uint32_t i = first;; i++) {
        struct shared_write *w = memory_alloc(sizeof *w);
        *w = (struct shared_write){pipe, i};
        memset(bytes, (int)i, sizeof bytes);
        memcpy(bytes, &i, 4);
        journal_append(journal, JOURNAL_INTENT, i, journal_next_csn(journal), view_of(bytes, 4 + i * 13 % 2900), report_done, w);
        if (i % 20 == 0) usleep(300);
    }
}

static void check_reported(const uint64_t *positions, uint32_t count)
{
    struct journal_options options = options_small();
    struct journal *journal = open_journal(&options);
    struct journal_recovery recovery;
    journal_recovery(journal, &recovery);
    assert_false(recovery.clean);
    struct journal_reader *reader = journal_reader_new(journal, 1, NULL);
    struct journal_record record;
    uint32_t found = 0;
    while (journal_read(reader, &record, NULL) == JOURNAL_READ_OK) {
        uint32_t number;
        memcpy(&number, record.payload.data, 4);
        assert_int_equal(record.payload.size, 4 + number * 13 % 2900);
        if (number < count && positions[number]) {
            assert_int_equal(positions[number], record.position);
            found++;
        }
    }
    uint32_t reported = 0;
    for (uint32_t i = 0; i < count; i++) reported += positions[i] != 0;
    assert_int_equal(found, reported);
    journal_reader_free(reader);
    journal_close(journal);
}

static void test_kill(void **state)
{
    (void)state;
    enum { MOST = 1000000 };
    uint64_t *positions = memory_zero(MOST, sizeof *positions);
    uint32_t first = 0;
    for (int round = 0; round < 8; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) child(ends[1], first);
        close(ends[1]);
        uint64_t line[2];
        uint32_t lines = 0, highest = first;
        while (read(ends[0], line, sizeof line) == sizeof line) {
            assert_true(line[0] < MOST);
            positions[line[0]] = line[1];
            if (line[0] >= highest) highest = (uint32_t)line[0] + 1;
            if (++lines == 200 + 137 * (uint32_t)round) kill(pid, SIGKILL);
        }
        assert_true(lines >= 200);
        close(ends[0]);
        waitpid(pid, NULL, 0);
        check_reported(positions, highest);
        first = highest + 100000;
    }
    memory_free(positions);
}

/* ---- a real disk that takes no more ---- */

static void count_done(void *context, struct journal_ticket ticket)
{
    _Atomic uint32_t *counts = context;
    atomic_fetch_add(&counts[ticket.refused], 1);
}

/* In a process of its own: no file may grow beyond 300 kB, which allocation of a segment (after the first) needs. */
static _Noreturn void limited_child(void)
{
    struct journal_options options = options_small();
    struct journal *journal = journal_open(&options, NULL);
    if (!journal) _exit(2);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {100 * 1024, RLIM_INFINITY};
    usleep(300000); /* the helper has its spare */
    setrlimit(RLIMIT_FSIZE, &limit);
    static _Atomic uint32_t counts[2];
    uint8_t bytes[1000] = {0};
    for (int i = 0; i < 2000; i++) {
        journal_append(journal, JOURNAL_DML, 1, 0, view_of(bytes, sizeof bytes), count_done, counts);
        usleep(100);
    }
    while (counts[0] + counts[1] < 2000) usleep(1000);
    struct error why = {0};
    if (!journal_failed(journal, &why) || why.code != ERROR_DISK_FULL || counts[0] == 0 || counts[1] == 0) _exit(4);
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 0; i < 1200 && journal_failed(journal, NULL); i++) usleep(50000);
    if (journal_failed(journal, NULL)) _exit(5);
    uint32_t good = counts[0];
    journal_append(journal, JOURNAL_DML, 1, 0, view_of(bytes, sizeof bytes), count_done, counts);
    while (counts[0] == good) usleep(1000);
    journal_close(journal);
    _exit(0);
}

static void test_limited(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) limited_child();
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct journal_options options = options_small();
    struct journal *journal = open_journal(&options);
    struct journal_reader *reader = journal_reader_new(journal, 1, NULL);
    struct journal_record record;
    uint64_t records = 0, gaps = 0, refused = 0;
    struct journal_gap gap;
    while (journal_read(reader, &record, NULL) == JOURNAL_READ_OK) {
        if (record.kind != JOURNAL_GAP) {
            records++;
            continue;
        }
        gaps++;
        assert_true(journal_gap_decode(record.payload, &gap));
        refused += gap.refused;
    }
    assert_true(gaps >= 1); /* two when the spare took the first one */
    assert_int_equal(records - 1 + refused, 2000);
    journal_reader_free(reader);
    journal_close(journal);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(test_producers),
        TEST(test_sleepers),
        TEST(test_sleepers_refused),
        TEST(test_statements_go_with_the_intent),
        TEST(test_follow_and_retain),
        TEST(test_wait),
        TEST(test_one_process_only),
        TEST(test_large),
        TEST(test_kill),
        TEST(test_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
