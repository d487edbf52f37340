/* SPDX-License-Identifier: Apache-2.0 */
/* The mirror under load and in trouble: hot rows, restarts, a target that dies, commits in doubt, a backfill meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "base/thread.h"
#include "engine/copy.h"
#include "tests/support/mirror_fixture.h"

static struct client *client;

static void reopen_journal(void)
{
    journal_close(engine.journal);
    engine_journal_open();
}

static void set_fold(uint32_t fold)
{
    mirror_end(); /* options do not change under a running mirror */
    engine.options.mirror_fold = fold;
    mirror_begin();
}

/* ---- load ---- */

enum { THREADS = 6, IDS = 30 };
/* clang-format off */
struct worker { struct client *client; struct random_generator random; _Atomic bool *stop; _Atomic uint64_t committed, refused; _Atomic bool failed; };
/* clang-format on */

static bool write_if_good(struct client *c, const char *text, const struct value *binds, uint32_t count)
{
    struct record_result result;
    if (!client_execute(c, text, binds, count, 1, &result)) return false;
    if (!c->transaction) c->transaction = journal_new_transaction(engine.journal);
    struct record record = client_record(c, text, binds, count, 1);
    struct buffer payload;
    buffer_init(&payload, 0);
    record_encode(&payload, &record, &result);
    c->ordinal++;
    client_append(c, JOURNAL_DML, 0, &payload);
    return true;
}

static const struct {
    const char *text, *kinds;
} load_statements[] = {
    {"UPDATE acct SET n = n + :1 WHERE id = :2", "ii"},
    {"UPDATE acct SET n = n + :1 WHERE id = :2", "ii"},
    {"UPDATE acct SET d = SYSDATE, n = n + :1 WHERE id = :2", "ii"},
    {"UPDATE acct SET v = 'v' || :1, n = n * 2 - 1 WHERE id = :2 AND n < 100000", "ii"},
    {"DELETE FROM acct WHERE n > :1 - 100 AND id = :2", "ii"},
    {"INSERT INTO acct (n, id) VALUES (:1, :2)", "ii"},
    {"INSERT INTO acct (n, id, d) VALUES (:1, :2, SYSDATE)", "ii"},
    {"UPDATE acct SET u = :1 WHERE id = :2", "ii"},
    {"INSERT INTO line (l, a) VALUES (:1, :2)", "ii"},
    {"UPDATE line SET l = l + 1000 WHERE l = :1 AND a = :2", "ii"},
    {"DELETE FROM line WHERE l = :1 AND a = :2", "ii"},
    {"INSERT INTO trig (id, v) VALUES (trig_seq.NEXTVAL, :1 || '-' || :2)", "ii"},
};

static bool one_statement(struct worker *w, bool automatic)
{
    size_t at = random_below(&w->random, sizeof load_statements / sizeof *load_statements);
    int64_t id = (int64_t)(5000 + random_below(&w->random, IDS)), number = (int64_t)random_below(&w->random, 100);
    struct value *binds = values_of(&w->client->arena, load_statements[at].kinds, number, id);
    if (!automatic) return write_if_good(w->client, load_statements[at].text, binds, 2);
    struct record_result result;
    struct error error;
    struct record record = client_record(w->client, load_statements[at].text, binds, 2, 1);
    client_intent(w->client, &record);
    bool good = client_execute(w->client, load_statements[at].text, binds, 2, 1, &result);
    bool over = good ? source_commit(w->client->source, &error) : source_rollback(w->client->source, &error);
    w->failed = w->failed || (!good && !over);
    good = good && over;
    client_outcome(w->client, good ? JOURNAL_COMMITTED : JOURNAL_ROLLED_BACK, good ? &result : NULL);
    return good;
}

static void one_transaction(struct worker *w)
{
    struct error error;
    bool good = true;
    if (random_below(&w->random, 3) == 0) {
        good = one_statement(w, true);
    } else {
        for (uint64_t i = 1 + random_below(&w->random, 4); i > 0 && good; i--) good = one_statement(w, false);
        if (good && random_below(&w->random, 10) > 0) {
            client_intent(w->client, NULL);
            good = source_commit(w->client->source, &error);
            client_outcome(w->client, good ? JOURNAL_COMMITTED : JOURNAL_UNKNOWN, NULL);
        } else {
            if (!source_rollback(w->client->source, &error)) w->failed = true;
            struct buffer nothing;
            buffer_init(&nothing, 0);
            if (w->client->transaction) client_append(w->client, JOURNAL_ABORT, 0, &nothing);
            w->client->transaction = 0;
            w->client->ordinal = 0;
        }
    }
    w->committed += good;
    w->refused += !good;
    arena_reset(&w->client->arena);
}

static void load_main(void *context)
{
    struct worker *w = context;
    while (!atomic_load(w->stop) && !w->failed) one_transaction(w);
}

/* clang-format off */
struct load { struct worker workers[THREADS]; struct thread *threads[THREADS]; _Atomic bool stop; };
/* clang-format on */

static void load_start(struct load *load, uint64_t seed)
{
    struct error error;
    memset(load, 0, sizeof *load);
    for (int i = 0; i < THREADS; i++) {
        load->workers[i] = (struct worker){.client = client_new(), .stop = &load->stop};
        random_seed(&load->workers[i].random, seed + (uint64_t)i);
    }
    for (int i = 0; i < THREADS; i++) load->threads[i] = thread_start("load", load_main, &load->workers[i], &error);
}

static uint64_t load_committed(struct load *load)
{
    uint64_t committed = 0;
    for (int i = 0; i < THREADS; i++) committed += load->workers[i].committed;
    return committed;
}

/* Ends it when it has committed some: a slow machine is given the time for it. */
static uint64_t load_end(struct load *load)
{
    uint64_t committed = 0, refused = 0;
    for (int i = 0; i < 600 && load_committed(load) <= 50; i++) clock_sleep_us(100000);
    atomic_store(&load->stop, true);
    for (int i = 0; i < THREADS; i++) {
        thread_join(load->threads[i]);
        committed += load->workers[i].committed;
        refused += load->workers[i].refused;
        assert_false(load->workers[i].failed);
        client_free(load->workers[i].client);
    }
    if (getenv("FIXTURE_TALK"))
        fprintf(stderr, "load: %llu committed, %llu refused\n", (unsigned long long)committed, (unsigned long long)refused);
    return committed;
}

static void assert_all_same(void)
{
    assert_applied();
    assert_same_rows("ACCT");
    assert_same_rows("LINE");
    assert_same_rows("TRIG");
}

static void hot_rows_under_load_end_equal(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct load load;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        set_fold(seed == 1 ? 1 : 50);
        load_start(&load, seed * 1000);
        clock_sleep_us(2000000);
        assert_true(load_end(&load) > 50);
        assert_all_same();
    }
    assert_int_equal(open_gaps(), 0);
    assert_int_equal(state_divergence_count(engine.state, "open"), 0);
}

static void restarts_under_load_lose_and_double_nothing(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct load load;
    load_start(&load, 77);
    for (int i = 0; i < 12; i++) {
        clock_sleep_us(150000);
        mirror_end();
        mirror_begin();
    }
    assert_true(load_end(&load) > 50);
    assert_all_same();
    assert_int_equal(open_gaps(), 0);
}

static void a_target_that_dies_again_and_again(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct load load;
    load_start(&load, 99);
    for (int i = 0; i < 10; i++) { /* connections cut in the middle of whatever they do */
        clock_sleep_us(120000);
        on_target("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'understudy mirror'");
    }
    pg_close(pg);
    for (int i = 0; i < 2; i++) { /* the whole server, as by a power cut */
        assert_int_equal(private_postgres_do(&postgres, "crash"), 0);
        for (int wait = 0; wait < 600 && atomic_load(&engine.target_healthy); wait++) clock_sleep_us(100000);
        assert_false(atomic_load(&engine.target_healthy));
        assert_int_equal(private_postgres_do(&postgres, "resume"), 0);
        clock_sleep_us(500000);
    }
    uint64_t committed = load_end(&load);
    struct error error;
    pg = pg_connect(postgres.conninfo, 60000, &error);
    assert_non_null(pg);
    on_target("SET search_path = app, public");
    assert_true(committed > 50);
    assert_all_same();
    assert_true(atomic_load(&engine.target_healthy));
    assert_int_equal(open_gaps(), 0);
}

static void a_dead_target_costs_no_processor(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    assert_int_equal(private_postgres_do(&postgres, "crash"), 0);
    for (int i = 0; i < 100; i++) {
        WRITE(client, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", (int64_t)1);
        client_commit(client);
    }
    clock_sleep_us(300000);
    struct timespec before, after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    clock_sleep_us(2000000);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    double used = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
    if (used > 0.3) fail_msg("%.2f s of processor in 2 s", used);
    assert_true(atomic_load(&engine.mirror_lag_us) > 1000000);
    assert_int_equal(private_postgres_do(&postgres, "resume"), 0);
    pg_close(pg);
    struct error error;
    pg = pg_connect(postgres.conninfo, 60000, &error);
    assert_non_null(pg);
    assert_all_same();
    for (int i = 0; i < 600 && atomic_load(&engine.mirror_lag_us); i++) clock_sleep_us(100000);
    assert_int_equal(atomic_load(&engine.mirror_lag_us), 0);
}

/* ---- in doubt ---- */

static void commits_without_outcome_are_settled_by_key(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    struct record_result result;
    on_source("DELETE FROM acct WHERE id = 1");
    on_target("DELETE FROM app.acct WHERE id = 1");
    assert_true(AUTO(client, "INSERT INTO acct (id, n) VALUES (:1, :2)", "ii", (int64_t)1, (int64_t)1));
    assert_applied();
    mirror_end();
    /* One whose COMMIT came through, one whose COMMIT never left, one auto-commit call, and one of a predicate: then the process dies. */
    WRITE(client, "UPDATE acct SET v = 'came through' WHERE id = :1", "i", (int64_t)1);
    client_intent(client, NULL);
    assert_true(source_commit(client->source, &error));
    client->transaction = 0;
    struct client *lost = client_new(), *automatic = client_new();
    WRITE(lost, "INSERT INTO acct (id, n, v) VALUES (:1, :2, :3)", "iis", (int64_t)2, (int64_t)2, "never");
    client_intent(lost, NULL);
    assert_true(source_rollback(lost->source, &error));
    struct value *binds = values_of(&automatic->arena, "iis", (int64_t)3, (int64_t)3, "auto");
    static const char insert[] = "INSERT INTO acct (id, n, v) VALUES (:1, :2, :3)";
    struct record record = client_record(automatic, insert, binds, 3, 1);
    client_intent(automatic, &record);
    assert_true(client_execute(automatic, insert, binds, 3, 1, &result) && source_commit(automatic->source, &error));
    journal_next_csn(engine.journal); /* and a CSN whose intent did not become durable */
    reopen_journal();
    client->transaction = automatic->transaction = lost->transaction = 0;
    client->ordinal = automatic->ordinal = lost->ordinal = 0;
    mirror_begin();
    WRITE(client, "UPDATE acct SET n = 44 WHERE id = :1", "i", (int64_t)3);
    client_commit(client);
    assert_all_same();
    assert_string_equal(ask_target("SELECT v FROM app.acct WHERE id = 1"), "came through");
    assert_string_equal(ask_target("SELECT count(*) FROM app.acct WHERE id = 2"), "0");
    assert_string_equal(ask_target("SELECT n FROM app.acct WHERE id = 3"), "44");
    assert_int_equal(atomic_load(&engine.in_doubt), 0);
    assert_int_equal(open_gaps(), 0);
    /* An outcome that is not known, in this run. */
    WRITE(client, "UPDATE acct SET n = 45 WHERE id = :1", "i", (int64_t)3);
    client_intent(client, NULL);
    assert_true(source_commit(client->source, &error));
    client_outcome(client, JOURNAL_UNKNOWN, NULL);
    assert_all_same();
    client_free(lost);
    client_free(automatic);
}

/* An auto-commit call fails inside an open transaction: nothing was committed, what ran before it stays open and is committed later, by another CSN. */
static void what_a_failed_auto_commit_left_open_is_committed_later(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct client *other = client_new();
    static const char text[] = "INSERT INTO acct (id, n) VALUES (:1, 1)";
    assert_true(AUTO(other, text, "i", (int64_t)80));
    for (int restarted = 0; restarted < 2; restarted++) {
        struct value *key = values_of(&client->arena, "i", (int64_t)80);
        struct record_result result;
        WRITE(client, "UPDATE acct SET n = n + 1, v = 'open' WHERE id = :1", "i", (int64_t)80);
        uint64_t transaction = client->transaction;
        struct record record = client_record(client, text, key, 1, 1);
        client_intent(client, &record);
        assert_false(client_execute(client, text, key, 1, 1, &result));
        client_outcome(client, JOURNAL_NOT_COMMITTED, NULL);
        client->transaction = transaction;
        client->ordinal = 1;
        assert_true(AUTO(other, "UPDATE acct SET v = 'other' WHERE id = :1", "i", (int64_t)1));
        assert_applied();
        assert_int_equal(atomic_load(&engine.in_doubt), 0);
        if (restarted) {
            mirror_end();
            mirror_begin();
        }
        WRITE(client, "UPDATE acct SET grp = 7 WHERE id = :1", "i", (int64_t)80);
        client_commit(client);
        assert_all_same();
        assert_string_equal(ask_target("SELECT n FROM app.acct WHERE id = 80"), restarted ? "3" : "2");
    }
    client_free(other);
}

/* ---- the target was primary ---- */

static void transactions_of_the_target_are_left_alone_and_read_again_after_it_was_lost(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    on_target("SET application_name = 'the test'"); /* older connections of the product are ended before rows are read again */
    assert_applied();
    uint64_t images = engine_counted(&engine, COUNT_MIRROR_IMAGES);
    /* As a session writes with the target as primary: the source has the rows by the reverse, the target for some reason has not. */
    on_source("UPDATE acct SET v = 'primary' WHERE id = 1");
    on_source("INSERT INTO acct (id, n, v) VALUES (60, 6, 'primary')");
    uint64_t from = journal_last_csn(engine.journal);
    static const char *const texts[] = {"UPDATE acct SET v = 'primary' WHERE id = 1",
                                        "INSERT INTO acct (id, n, v) VALUES (60, 6, 'primary')"};
    for (int i = 0; i < 2; i++) {
        struct record record = {.flags = RECORD_PRIMARY_TARGET, .schema = view_text("APP"), .text = view_text(texts[i]), .row_count = 1};
        struct record_result result = {.affected = 1, .good_iterations = 1};
        struct record_intent intent = {.target_primary = true};
        struct buffer payload;
        client->transaction = journal_new_transaction(engine.journal);
        buffer_init(&payload, 0);
        record_encode(&payload, &record, &result);
        client_append(client, JOURNAL_DML, 0, &payload);
        client->csn = journal_next_csn(engine.journal);
        buffer_init(&payload, 0);
        record_encode_intent(&payload, &intent);
        client_append(client, JOURNAL_INTENT, client->csn, &payload);
        client_outcome(client, JOURNAL_COMMITTED, NULL);
    }
    assert_applied();
    assert_int_equal(engine_counted(&engine, COUNT_MIRROR_IMAGES), images);
    assert_string_equal(ask_target("SELECT count(*) FROM app.acct WHERE id = 60"), "0");
    struct error error;
    assert_true(state_put_u64(engine.state, "resync_from_csn", from, &error) &&
                state_put_u64(engine.state, "resync_to_csn", journal_last_csn(engine.journal), &error));
    mirror_pause(mirror, true);
    mirror_pause(mirror, false);
    for (int i = 0; i < 1200 && state_get_u64(engine.state, "resync_to_csn", 0); i++) clock_sleep_us(50000);
    assert_int_equal(state_get_u64(engine.state, "resync_to_csn", 0), 0);
    assert_all_same();
    assert_int_equal(open_gaps(), 1); /* writers beside us may have done more on the target */
    clear_gaps();
}

/* ---- backfill meanwhile ---- */

static void a_backfill_under_load_meets_the_mirror(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    struct load load;
    assert_applied();
    for (int i = 0; i < 400; i++) { /* what was there before anybody mirrored */
        char text[120];
        snprintf(text, sizeof text, "INSERT INTO acct (id, n, v) VALUES (%d, %d, 'old')", 4900 + i, i);
        if (i < 100 || i > 100 + IDS) on_source(text);
    }
    on_target("TRUNCATE app.acct CASCADE; TRUNCATE app.line");
    load_start(&load, 4242);
    struct checker *checker = checker_start(&engine, &error);
    assert_non_null(checker);
    struct copy_options options = {.work = COPY_BACKFILL, .chunk_rows = 100, .restart = true};
    struct copy *copy = copy_start(&engine, mirror, checker, &options, &error);
    if (!copy) fail_msg("%s", error.text);
    for (int i = 0; i < 2400 && copy_running(copy); i++) clock_sleep_us(50000);
    clock_sleep_us(300000);
    load_end(&load);
    for (int i = 0; i < 2400 && copy_running(copy); i++) clock_sleep_us(50000);
    assert_false(copy_running(copy));
    struct copy_table tables[16];
    uint32_t count = copy_progress(copy, tables, 16);
    for (uint32_t i = 0; i < count; i++)
        if (tables[i].error[0]) fail_msg("%s: %s", tables[i].table, tables[i].error);
    copy_stop(copy);
    assert_all_same();
    checker_stop(checker);
}

static int start(void **state)
{
    int status = mirror_fixture_begin(state);
    if (status == 0 && fixture_there) client = client_new();
    return status;
}
static int stop(void **state)
{
    if (client) client_free(client);
    return mirror_fixture_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hot_rows_under_load_end_equal),
        cmocka_unit_test(restarts_under_load_lose_and_double_nothing),
        cmocka_unit_test(a_target_that_dies_again_and_again),
        cmocka_unit_test(a_dead_target_costs_no_processor),
        cmocka_unit_test(commits_without_outcome_are_settled_by_key),
        cmocka_unit_test(what_a_failed_auto_commit_left_open_is_committed_later),
        cmocka_unit_test(transactions_of_the_target_are_left_alone_and_read_again_after_it_was_lost),
        cmocka_unit_test(a_backfill_under_load_meets_the_mirror),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
