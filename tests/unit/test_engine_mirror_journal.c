/* SPDX-License-Identifier: Apache-2.0 */
/* The journal was lost, or is an older copy, and the target, which would have told, is away at the start: what is written meanwhile must not look applied.
 * A commit that comes after its doubt was settled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/mirror_fixture.h"
#include <stdlib.h>
#include <unistd.h>

static struct client *client;

static void shell(const char *command)
{
    char text[300];
    snprintf(text, sizeof text, command, journal_folder, journal_folder, journal_folder);
    if (system(text) != 0) fail_msg("%s", text);
}

/* What another process would find. */
static void forget_positions(void)
{
    atomic_store(&engine.applied, 0);
    atomic_store(&engine.applied_position, 0);
    atomic_store(&engine.acknowledged, 0);
}

static void count_to(int from, int to)
{
    for (int i = from; i <= to; i++) {
        WRITE(client, "UPDATE acct SET n = n + 1, v = :1 WHERE id = :2", "si", i % 2 ? "odd" : "even", (int64_t)1);
        client_commit(client);
    }
}

static void target_back(void)
{
    struct error error;
    assert_int_equal(private_postgres_do(&postgres, "resume"), 0);
    pg = pg_connect(postgres.conninfo, 60000, &error);
    assert_non_null(pg);
    on_target("SET search_path = app, public");
}

static void lose_it(const char *how, int again)
{
    mirror_end();
    journal_close(engine.journal);
    shell(how);
    pg_close(pg);
    assert_int_equal(private_postgres_do(&postgres, "crash"), 0);
    engine_journal_open();
    forget_positions();
    client_free(client);
    client = client_new();
    clear_gaps();
    mirror_begin();
    count_to(1, again);
    target_back();
    assert_applied();
    assert_same_rows("ACCT");
    assert_true(open_gaps() > 0);
    /* The connection is lost before much was written: the higher position that stood there must not be taken for an answer that was lost. */
    on_target("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'understudy mirror'");
    count_to(1, 5);
    assert_applied();
    assert_same_rows("ACCT");
}

static void a_lost_journal_while_the_target_was_away(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    client = client_new();
    mirror_begin();
    assert_true(AUTO(client, "INSERT INTO acct (id, n) VALUES (:1, :2)", "ii", (int64_t)1, (int64_t)0));
    count_to(1, 40);
    assert_applied();
    lose_it("rm -rf %s", 10);
    assert_string_equal(ask_target("SELECT n FROM app.acct WHERE id = 1"), "55");
}

static void an_older_copy_while_the_target_was_away(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    mirror_end();
    journal_close(engine.journal);
    shell("rm -rf %s-copy; cp -r %s %s-copy");
    engine_journal_open();
    client_free(client);
    client = client_new();
    mirror_begin();
    count_to(1, 40);
    assert_applied();
    lose_it("rm -rf %s; mv %s-copy %s", 10);
    assert_string_equal(ask_target("SELECT n FROM app.acct WHERE id = 1"), "110");
}

/* The call waited at the source for somebody's lock, and its client was gone: it commits when its rows have been read already. */
static void a_commit_after_its_doubt_was_settled_is_found(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    client_free(client);
    client = client_new();
    WRITE(client, "UPDATE acct SET v = 'late' WHERE id = :1", "i", (int64_t)1);
    client_intent(client, NULL);
    client_outcome(client, JOURNAL_UNKNOWN, NULL);
    assert_applied();
    for (int i = 0; i < 100 && atomic_load(&engine.in_doubt); i++) clock_sleep_us(100000); /* counted off after its position is told */
    assert_int_equal(atomic_load(&engine.in_doubt), 0);
    assert_string_not_equal(ask_target("SELECT v FROM app.acct WHERE id = 1"), "late");
    assert_true(source_commit(client->source, &error));
    for (int i = 0; i < 600 && strcmp(ask_target("SELECT v FROM app.acct WHERE id = 1"), "late") != 0; i++) clock_sleep_us(100000);
    assert_string_equal(ask_target("SELECT v FROM app.acct WHERE id = 1"), "late");
    assert_applied();
    assert_same_rows("ACCT");
}

static void count_late(void *context, const struct state_late *late)
{
    assert_string_equal(late->table, "APP.ACCT");
    assert_true(late->key.size > 0 && late->noted_us > 0);
    ++*(uint32_t *)context;
}
static uint32_t late_rows(void)
{
    uint32_t count = 0;
    state_late_each(engine.state, count_late, &count);
    return count;
}

/* The same, and the daemon is started again before it commits: the looks that were due go on, and end. */
static void a_restart_goes_on_looking(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    struct state_late *old = memory_zero(1, sizeof *old);
    client_free(client);
    client = client_new();
    assert_true(late_rows() >= 1); /* of the test before this one */
    mirror_end();
    on_source(
        "INSERT INTO acct (id, n, v) VALUES (2, 0, 'away')"); /* nobody tells of it, and its looks were due while the daemon was not there */
    struct row_maps *maps = row_maps_new(atomic_load(&engine.catalog));
    struct buffer key;
    struct value id = value_number_i64(&client->arena, 2);
    buffer_init(&key, 0);
    rows_encode_key(&key, row_map_of(maps, table_named("ACCT")), &id);
    *old = (struct state_late){.table = "APP.ACCT", .noted_us = (int64_t)clock_wall_us() - INT64_C(3600000000), .key = buffer_view(&key)};
    assert_true(state_late_put(engine.state, old, 1, &error));
    uint32_t before = late_rows();
    mirror_begin();
    WRITE(client, "UPDATE acct SET v = 'doubt' WHERE id = :1", "i", (int64_t)1);
    client_intent(client, NULL);
    client_outcome(client, JOURNAL_UNKNOWN, NULL);
    assert_applied();
    mirror_end();
    assert_true(late_rows() >= 1);
    assert_true(source_commit(client->source, &error));
    mirror_begin();
    for (int i = 0; i < 600 && strcmp(ask_target("SELECT v FROM app.acct WHERE id = 1"), "doubt") != 0; i++) clock_sleep_us(100000);
    assert_string_equal(ask_target("SELECT v FROM app.acct WHERE id = 1"), "doubt");
    for (int i = 0; i < 600 && strcmp(ask_target("SELECT v FROM app.acct WHERE id = 2"), "away") != 0; i++) clock_sleep_us(100000);
    assert_string_equal(ask_target("SELECT v FROM app.acct WHERE id = 2"), "away");
    for (int i = 0; i < 600 && late_rows() >= before; i++) clock_sleep_us(100000);
    assert_int_equal(late_rows(), before - 1); /* the old one has had its last look */
    assert_same_rows("ACCT");
    buffer_release(&key);
    row_maps_free(maps);
    memory_free(old);
}

static int start(void **state)
{
    return mirror_fixture_start(state);
}
static int stop(void **state)
{
    if (client) client_free(client);
    return mirror_fixture_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_journal_while_the_target_was_away),
        cmocka_unit_test(an_older_copy_while_the_target_was_away),
        cmocka_unit_test(a_commit_after_its_doubt_was_settled_is_found),
        cmocka_unit_test(a_restart_goes_on_looking),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
