/* SPDX-License-Identifier: Apache-2.0 */
/* The mirror over several connections: what may go side by side does, what may not keeps its order, and a torn batch is neither lost nor doubled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "base/thread.h"
#include "tests/support/mirror_fixture.h"

enum { ROWS = 200, FOLD = 8 };
static struct client *client;

static void add(struct client *to, int64_t id)
{
    WRITE(to, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", id);
    client_commit(to);
}

static void rows_without_anything_in_common_go_side_by_side(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    client = client_new();
    for (int64_t id = 0; id < ROWS; id++) WRITE(client, "INSERT INTO acct (id, n, grp) VALUES (:1, :2, :3)", "iii", id, (int64_t)0, id % 5);
    client_commit(client);
    assert_applied();
    uint64_t before = counted(COUNT_MIRROR_LANE_BATCHES);
    mirror_pause(mirror, true);
    for (int i = 0; i < 400; i++) add(client, i % ROWS);
    assert_int_equal(counted(COUNT_MIRROR_LANE_BATCHES), before);
    mirror_pause(mirror, false);
    assert_applied();
    assert_true(counted(COUNT_MIRROR_LANE_BATCHES) > before + 5);
    assert_same_rows("ACCT");
    assert_string_equal(ask_target("SELECT count(*) FROM app.acct WHERE n = 2"), "200");
    assert_string_equal(ask_target("SELECT count(DISTINCT csn) > 0 AND max(lanes) <= 4 FROM understudy.lane"), "t");
    assert_int_equal(counted(COUNT_MIRROR_LANE_RETREATS), 0);
    assert_int_equal(open_gaps(), 0);
    /* At rest one row says it all again. */
    char stands[64];
    snprintf(stands, sizeof stands, "%llu", (unsigned long long)journal_last_csn(engine.journal));
    for (int i = 0; i < 2000 && strcmp(ask_target("SELECT csn FROM understudy.applied WHERE reader = 'mirror'"), stands) != 0; i++)
        clock_sleep_us(20000);
    assert_string_equal(ask_target("SELECT csn FROM understudy.applied WHERE reader = 'mirror'"), stands);
}

/* One row all the time: there is nothing to do side by side. */
static void a_hot_row_stays_on_one_connection(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    uint64_t before = counted(COUNT_MIRROR_LANE_BATCHES);
    mirror_pause(mirror, true);
    for (int i = 0; i < 100; i++) add(client, 7);
    mirror_pause(mirror, false);
    assert_applied();
    assert_int_equal(counted(COUNT_MIRROR_LANE_BATCHES), before);
    assert_same_rows("ACCT");
}

static void one_of_everything(struct random_generator *random, int i)
{
    int64_t id = (int64_t)random_below(random, 40), other = 1000 + (int64_t)random_below(random, 30);
    switch (random_below(random, 9)) {
    case 0: WRITE(client, "UPDATE acct SET n = n * 2 + 1 WHERE grp = :1", "i", id % 5); break;
    case 1: WRITE(client, "UPDATE acct SET d = SYSDATE, n = n + 1 WHERE id = :1", "i", id); break;
    case 2: client_write_array(client, "INSERT INTO trig (id, v) VALUES (trig_seq.NEXTVAL, 'abc')", NULL, 0, 1); break;
    case 3: WRITE(client, "INSERT INTO plain (a, b) VALUES (:1, 'x')", "i", id); break;
    case 4: WRITE(client, "UPDATE plain SET b = b || 'y' WHERE a = :1", "i", id); break;
    case 5: WRITE(client, "DELETE FROM acct WHERE id = :1", "i", other); break;
    case 6: /* a unique value goes from row to row */
        WRITE(client, "UPDATE acct SET u = NULL WHERE u = :1", "s", "token");
        WRITE(client, "UPDATE acct SET u = :1 WHERE id = :2", "si", "token", id);
        break;
    case 7:
        WRITE(client, "DELETE FROM acct WHERE id = :1", "i", other);
        WRITE(client, "INSERT INTO acct (id, n, grp, u) VALUES (:1, :2, 9, :3)", "iis", other, (int64_t)i, i % 2 ? "a" : "");
        WRITE(client, "UPDATE acct SET u = NULL WHERE id = :1", "i", other);
        break;
    default:
        WRITE(client, "UPDATE acct SET n = n - 1 WHERE id = :1", "i", id);
        WRITE(client, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", (int64_t)((id + 13) % 40));
    }
    client_commit(client);
}

static void whatever_they_have_in_common_they_end_as_on_the_source(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct random_generator random;
    random_seed(&random, 11);
    for (int round = 0; round < 8; round++) {
        mirror_pause(mirror, true);
        for (int i = 0; i < 120; i++) one_of_everything(&random, i);
        for (int i = 0; i < 40; i++) add(client, 100 + i);
        mirror_pause(mirror, false);
        assert_applied();
        assert_same_rows("ACCT");
        assert_same_rows("TRIG");
        assert_string_equal(ask_target("SELECT count(*) || max(b) FROM app.plain"), ask_source("SELECT COUNT(*) || MAX(b) FROM plain"));
    }
    assert_int_equal(mirror_numbers().poison, 0);
}

/* The same row twice in a batch whose unique value nobody could see: a lane waits for another one. That ends, and one connection does it. */
static void a_value_that_moves_unseen_is_a_retreat_and_no_more(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    on_target("CREATE UNIQUE INDEX hidden ON app.acct (v)"); /* the source has no such key, but keeps the rule all the same */
    WRITE(client, "UPDATE acct SET v = 'one' WHERE id = :1", "i", (int64_t)1);
    client_commit(client);
    assert_applied();
    uint64_t retreats = counted(COUNT_MIRROR_LANE_RETREATS), poison = mirror_numbers().poison;
    mirror_pause(mirror, true);
    WRITE(client, "UPDATE acct SET v = NULL WHERE id = :1", "i", (int64_t)1);
    client_commit(client);
    WRITE(client, "UPDATE acct SET v = 'one' WHERE id = :1", "i", (int64_t)2);
    client_commit(client);
    for (int i = 0; i < 40; i++) add(client, 100 + i);
    mirror_pause(mirror, false);
    assert_applied();
    assert_same_rows("ACCT");
    assert_true(counted(COUNT_MIRROR_LANE_RETREATS) > retreats);
    assert_int_equal(mirror_numbers().poison, poison);
    on_target("DROP INDEX app.hidden");
    clock_sleep_us(1100000); /* after a retreat there are no lanes for a second */
}

/* ---- reads ---- */

static void no_read_runs_while_lanes_commit(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    uint64_t batches = counted(COUNT_MIRROR_LANE_BATCHES), retreats = counted(COUNT_MIRROR_LANE_RETREATS);
    assert_true(engine_read_begin(&engine)); /* and does not end */
    mirror_pause(mirror, true);
    for (int i = 0; i < 60; i++) add(client, i);
    mirror_pause(mirror, false);
    assert_applied();
    assert_int_equal(counted(COUNT_MIRROR_LANE_BATCHES), batches);
    assert_int_equal(counted(COUNT_MIRROR_LANE_RETREATS), retreats + 1);
    engine_read_end(&engine);
    assert_int_equal(atomic_load(&engine.reads_running), 0);
    assert_same_rows("ACCT");
    /* The other way round: what is ragged is not read. */
    uint64_t last = journal_last_csn(engine.journal);
    assert_true(engine_ragged_begin(&engine, last + 2, 0));
    assert_false(engine_read_begin(&engine));
    engine_ragged_end(&engine);
    assert_true(engine_read_begin(&engine));
    assert_false(engine_ragged_begin(&engine, last + 2, 1000));
    assert_true(engine_read_begin(&engine));
    engine_read_end(&engine);
    engine_read_end(&engine);
    clock_sleep_us(1100000);
}

/* ---- torn batches ---- */

/* Of two lanes one had committed when the process died. */
static void what_a_lane_had_applied_is_not_done_again(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    assert_applied();
    mirror_end();
    char text[400], before[40];
    uint64_t base = journal_last_csn(engine.journal);
    snprintf(before, sizeof before, "%s", ask_target("SELECT n FROM app.acct WHERE id = 151"));
    add(client, 150);
    add(client, 151);
    add(client, 152);
    snprintf(text, sizeof text,
             "DELETE FROM understudy.lane; UPDATE app.acct SET n = n + 1 WHERE id = 151; INSERT INTO understudy.lane SELECT 1, 2, %llu, "
             "%llu, position, csn, "
             "ARRAY[%llu], now() FROM understudy.applied WHERE reader = 'mirror'",
             (unsigned long long)base, (unsigned long long)base + 3, (unsigned long long)base + 2);
    on_target(text);
    mirror_begin();
    assert_applied();
    assert_same_rows("ACCT");
    assert_string_equal(ask_source("SELECT n FROM acct WHERE id = 151"), ask_target("SELECT n FROM app.acct WHERE id = 151"));
    assert_true(atoi(ask_target("SELECT n FROM app.acct WHERE id = 151")) == atoi(before) + 1);
    /* All of them had: nothing is left to be done. */
    mirror_end();
    base = journal_last_csn(engine.journal);
    add(client, 150);
    add(client, 151);
    snprintf(text, sizeof text,
             "DELETE FROM understudy.lane; UPDATE app.acct SET n = n + 1 WHERE id IN (150, 151); INSERT INTO understudy.lane SELECT l, 2, "
             "%llu, %llu, "
             "position, csn, ARRAY[%llu + 1 + l], now() FROM understudy.applied, generate_series(0, 1) l WHERE reader = 'mirror'",
             (unsigned long long)base, (unsigned long long)base + 2, (unsigned long long)base);
    on_target(text);
    uint64_t statements = counted(COUNT_MIRROR_EXACT);
    mirror_begin();
    assert_applied();
    assert_int_equal(counted(COUNT_MIRROR_EXACT), statements);
    assert_same_rows("ACCT");
}

/* After a restart nobody is told of rows that the target does not have yet. */
static void reads_after_a_restart_wait_for_what_was_acknowledged_before(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    mirror_end();
    add(client, 160);
    uint64_t last = journal_last_csn(engine.journal);
    atomic_store(&engine.acknowledged, 0);
    atomic_store(&engine.unknown_acknowledged, 0);
    mirror_begin();
    assert_int_equal(engine_fence(&engine, NULL, 0), last);
    assert_applied();
}

static _Atomic bool cutting;
static void cut(void *context)
{
    struct error error;
    struct pg *own = pg_connect(postgres.conninfo, 60000, &error);
    (void)context;
    static const char text[] =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'understudy mirror' ORDER BY random() LIMIT 1";
    while (own && atomic_load(&cutting) && pg_run(own, text, NULL, &error)) clock_sleep_us(7000);
    if (own) pg_close(own);
}

static void connections_that_are_cut_lose_nothing_and_double_nothing(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    for (int round = 0; round < 3; round++) {
        mirror_pause(mirror, true);
        for (int i = 0; i < 300; i++) add(client, i % ROWS);
        atomic_store(&cutting, true);
        struct thread *thread = thread_start("cut", cut, NULL, &error);
        mirror_pause(mirror, false);
        clock_sleep_us(1500000);
        atomic_store(&cutting, false);
        thread_join(thread);
        assert_applied();
        assert_same_rows("ACCT");
    }
    assert_int_equal(mirror_numbers().poison, 0);
}

static int start(void **state)
{
    if (mirror_fixture_start(state)) return -1;
    if (!fixture_there) return 0;
    engine.options.mirror_fold = FOLD;
    engine.options.mirror_lanes = 4;
    mirror_begin();
    return 0;
}
static int stop(void **state)
{
    if (client) client_free(client);
    return mirror_fixture_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_without_anything_in_common_go_side_by_side),
        cmocka_unit_test(a_hot_row_stays_on_one_connection),
        cmocka_unit_test(whatever_they_have_in_common_they_end_as_on_the_source),
        cmocka_unit_test(a_value_that_moves_unseen_is_a_retreat_and_no_more),
        cmocka_unit_test(no_read_runs_while_lanes_commit),
        cmocka_unit_test(what_a_lane_had_applied_is_not_done_again),
        cmocka_unit_test(reads_after_a_restart_wait_for_what_was_acknowledged_before),
        cmocka_unit_test(connections_that_are_cut_lose_nothing_and_double_nothing),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
