/* SPDX-License-Identifier: Apache-2.0 */
/* The mirror, statement by statement: each class of write reaches the target, and what cannot is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/mirror_fixture.h"

static struct client *client;

static void inserts_updates_and_deletes_by_key(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    client = client_new();
    uint64_t exact = counted(COUNT_MIRROR_EXACT), images = counted(COUNT_MIRROR_IMAGES);
    WRITE(client, "INSERT INTO acct (id, n, v, grp, u) VALUES (:1, :2, :3, :4, :5)", "iisis", (int64_t)1, (int64_t)10, "one", (int64_t)1,
          "u1");
    WRITE(client, "INSERT INTO acct (id, n, v, grp, u) VALUES (:1, :2, :3, :4, :5)", "iisis", (int64_t)2, (int64_t)20, "", (int64_t)1,
          "u2");
    client_commit(client);
    assert_applied();
    assert_same_rows("ACCT");
    assert_int_equal(counted(COUNT_MIRROR_EXACT) - exact, 2);
    WRITE(client, "UPDATE acct SET n = n + :1 WHERE id = :2", "ii", (int64_t)5, (int64_t)1);
    WRITE(client, "UPDATE acct SET v = :1 WHERE id = :2", "si", "grüße", (int64_t)2);
    client_commit(client);
    assert_applied();
    assert_same_rows("ACCT");
    assert_string_equal(ask_target("SELECT n FROM app.acct WHERE id = 1"), "15");
    assert_int_equal(counted(COUNT_MIRROR_IMAGES), images);
    WRITE(client, "DELETE FROM trig WHERE id = :1", "i", (int64_t)999);
    client_commit(client);
    WRITE(client, "INSERT INTO acct (id, n) VALUES (:1, :2)", "ii", (int64_t)3, (int64_t)30);
    client_commit(client);
    assert_applied();
    assert_same_rows("ACCT");
    assert_int_equal(open_gaps(), 0);
    assert_int_equal(counted(COUNT_MIRROR_MISMATCH), 0);
}

static void values_that_cannot_be_known_are_read(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    uint64_t images = counted(COUNT_MIRROR_IMAGES);
    WRITE(client, "UPDATE acct SET d = SYSDATE, n = n + 1 WHERE id = :1", "i", (int64_t)1);
    WRITE(client, "INSERT INTO acct (id, n, d, c) VALUES (:1, :2, SYSDATE, :3)", "iis", (int64_t)4, (int64_t)40, "a clob");
    client_commit(client);
    assert_applied();
    assert_same_rows("ACCT");
    assert_true(counted(COUNT_MIRROR_IMAGES) >= images + 2);
    /* A key from a sequence, and a trigger: the ROWID tells which row it became. */
    client_write_array(client, "INSERT INTO trig (id, v) VALUES (trig_seq.NEXTVAL, 'abc')", NULL, 0, 1);
    client_write_array(client, "INSERT INTO trig (id, v) VALUES (trig_seq.NEXTVAL, 'def')", NULL, 0, 1);
    client_commit(client);
    assert_applied();
    assert_same_rows("TRIG");
    assert_string_equal(ask_target("SELECT string_agg(up, ',' ORDER BY id) FROM app.trig"), "ABC,DEF");
    assert_int_equal(open_gaps(), 0);
}

static void arrays_and_predicates(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct value *binds = arena_zero(&client->arena, sizeof *binds * 4 * 50);
    for (int i = 0; i < 50; i++) {
        binds[i * 4] = value_number_i64(&client->arena, 100 + i);
        binds[i * 4 + 1] = value_number_i64(&client->arena, i);
        binds[i * 4 + 2] = value_text(view_text("array"));
        binds[i * 4 + 3] = value_number_i64(&client->arena, i % 5);
    }
    client_write_array(client, "INSERT INTO acct (id, n, v, grp) VALUES (:1, :2, :3, :4)", binds, 4, 50);
    client_commit(client);
    assert_applied();
    assert_same_rows("ACCT");
    uint64_t predicates = counted(COUNT_MIRROR_PREDICATE);
    WRITE(client, "UPDATE acct SET n = n * 2 + 1 WHERE grp = :1", "i", (int64_t)3);
    WRITE(client, "DELETE FROM acct WHERE grp = :1 AND n > :2", "ii", (int64_t)4, (int64_t)20);
    client_commit(client);
    assert_applied();
    assert_same_rows("ACCT");
    assert_int_equal(counted(COUNT_MIRROR_PREDICATE) - predicates, 2);
    assert_int_equal(open_gaps(), 0);
}

/* The replay runs at another time: the rows that it touches are read from the primary. */
static void clocks_over_predicates(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    mirror_pause(mirror, true);
    WRITE(client, "UPDATE acct SET d = SYSDATE WHERE grp = :1", "i", (int64_t)2);
    client_commit(client);
    clock_sleep_us(1300000);
    mirror_pause(mirror, false);
    assert_applied();
    assert_same_rows("ACCT");
    assert_int_equal(open_gaps(), 0);
    /* Rows without a key cannot be read again: what the clock said there is not known. */
    WRITE(client, "INSERT INTO plain (a, b) VALUES (:1, :2)", "is", (int64_t)7, "clock");
    WRITE(client, "UPDATE plain SET b = TO_CHAR(SYSDATE, 'SSSSS') WHERE a = :1", "i", (int64_t)7);
    client_commit(client);
    assert_applied();
    assert_int_equal(open_gaps(), 1);
    WRITE(client, "DELETE FROM plain WHERE a = :1", "i", (int64_t)7);
    client_commit(client);
    assert_applied();
    clear_gaps();
}

static void keys_that_change_and_rows_that_go(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    WRITE(client, "INSERT INTO line (a, l, note) VALUES (:1, :2, :3)", "iis", (int64_t)1, (int64_t)1, "first");
    WRITE(client, "INSERT INTO line (a, l, note) VALUES (:1, :2, :3)", "iis", (int64_t)1, (int64_t)2, "second");
    WRITE(client, "INSERT INTO line (a, l, note) VALUES (:1, :2, :3)", "iis", (int64_t)2, (int64_t)1, "other");
    client_commit(client);
    WRITE(client, "UPDATE line SET l = :1 WHERE a = :2 AND l = :3", "iii", (int64_t)7, (int64_t)1, (int64_t)2);
    client_commit(client);
    assert_applied();
    assert_same_rows("LINE");
    assert_string_equal(ask_target("SELECT note FROM app.line WHERE a = 1 AND l = 7"), "second");
    WRITE(client, "DELETE FROM acct WHERE id = :1", "i", (int64_t)1); /* takes its lines with it */
    client_commit(client);
    assert_applied();
    assert_same_rows("ACCT");
    assert_same_rows("LINE");
    assert_string_equal(ask_target("SELECT count(*) FROM app.line"), "1");
    /* Unique values that change hands in one transaction. */
    WRITE(client, "UPDATE acct SET u = 'tmp' WHERE id = :1", "i", (int64_t)2);
    WRITE(client, "UPDATE acct SET u = 'u2' WHERE id = :1", "i", (int64_t)3);
    WRITE(client, "UPDATE acct SET u = 'u3' WHERE id = :1", "i", (int64_t)2);
    client_commit(client);
    assert_applied();
    assert_same_rows("ACCT");
    assert_int_equal(open_gaps(), 0);
}

static void what_was_undone_stays_undone(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    WRITE(client, "INSERT INTO acct (id, n) VALUES (:1, :2)", "ii", (int64_t)900, (int64_t)1);
    client_abort(client);
    WRITE(client, "INSERT INTO acct (id, n) VALUES (:1, :2)", "ii", (int64_t)901, (int64_t)1);
    struct error error;
    assert_true(source_run(client->source, "SAVEPOINT sp", NULL, 0, 0, 0, NULL, NULL, NULL, &error));
    WRITE(client, "INSERT INTO acct (id, n) VALUES (:1, :2)", "ii", (int64_t)902, (int64_t)1);
    WRITE(client, "UPDATE acct SET n = 50 WHERE id = :1", "i", (int64_t)901);
    assert_true(source_run(client->source, "ROLLBACK TO SAVEPOINT sp", NULL, 0, 0, 0, NULL, NULL, NULL, &error));
    journal_append(engine.journal, JOURNAL_TRIM, client->transaction, 0, view_of("\1\0\0\0", 4), NULL, NULL);
    client->ordinal = 1;
    WRITE(client, "UPDATE acct SET v = 'kept' WHERE id = :1", "i", (int64_t)901);
    client_commit(client);
    assert_true(AUTO(client, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", (int64_t)901));
    assert_false(AUTO(client, "INSERT INTO acct (id, n) VALUES (:1, :2)", "ii", (int64_t)901, (int64_t)5)); /* refused: nothing to mirror */
    assert_applied();
    assert_same_rows("ACCT");
    assert_string_equal(ask_target("SELECT n || v FROM app.acct WHERE id = 901"), "2kept");
    assert_string_equal(ask_target("SELECT count(*) FROM app.acct WHERE id IN (900, 902)"), "0");
    assert_int_equal(open_gaps(), 0);
}

static void tables_without_key_or_counterpart(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    for (int i = 0; i < 3; i++) WRITE(client, "INSERT INTO plain (a, b) VALUES (:1, :2)", "is", (int64_t)1, "same");
    client_commit(client);
    assert_applied();
    assert_string_equal(ask_target("SELECT count(*) FROM app.plain WHERE a = 1 AND b = 'same'"), "3");
    assert_int_equal(open_gaps(), 0);
    WRITE(client, "INSERT INTO alone (id) VALUES (:1)", "i", (int64_t)1);
    client_commit(client);
    assert_applied();
    assert_int_equal(open_gaps(), 1);
    /* What no parser reads is opaque. */
    client_write_array(client, "BEGIN UPDATE acct SET n = 1 WHERE id = 3; UPDATE acct SET n = 0 WHERE id = 3; END;", NULL, 0, 1);
    client_commit(client);
    assert_applied();
    assert_int_equal(open_gaps(), 2);
    clear_gaps();
    assert_int_equal(open_gaps(), 0);
    on_target("UPDATE app.acct SET n = 0 WHERE id = 3");
}

static void a_row_that_is_missing_is_healed_and_counted(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    uint64_t mismatches = counted(COUNT_MIRROR_MISMATCH);
    on_target("DELETE FROM app.acct WHERE id = 110; UPDATE app.acct SET v = 'wrong' WHERE id = 111");
    WRITE(client, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", (int64_t)110);
    client_commit(client);
    assert_applied();
    assert_int_equal(counted(COUNT_MIRROR_MISMATCH) - mismatches, 1);
    assert_string_equal(ask_target("SELECT v FROM app.acct WHERE id = 110"), "array");
    /* A row that is there although it should not: the insert fails, the image puts it right. */
    on_target("INSERT INTO app.acct (id, n, v) VALUES (777, 1, 'stray')");
    WRITE(client, "INSERT INTO acct (id, n, v) VALUES (:1, :2, :3)", "iis", (int64_t)777, (int64_t)7, "true");
    client_commit(client);
    assert_applied();
    assert_string_equal(ask_target("SELECT n || v FROM app.acct WHERE id = 777"), "7true");
    assert_int_equal(open_gaps(), 0);
    on_target("UPDATE app.acct SET v = 'array' WHERE id = 111");
    assert_same_rows("ACCT");
}

static void what_fails_for_good_is_a_divergence_and_the_others_go_on(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    on_target("ALTER TABLE app.acct ADD CONSTRAINT narrow CHECK (n < 1000000)");
    uint64_t poison = mirror_numbers().poison;
    WRITE(client, "UPDATE acct SET n = 5000000 WHERE id = :1", "i", (int64_t)120);
    WRITE(client, "UPDATE acct SET n = 6 WHERE id = :1", "i", (int64_t)121);
    client_commit(client);
    WRITE(client, "UPDATE acct SET n = 7 WHERE id = :1", "i", (int64_t)122);
    client_commit(client);
    assert_applied();
    assert_string_equal(ask_target("SELECT n FROM app.acct WHERE id = 121"), "6");
    assert_string_equal(ask_target("SELECT n FROM app.acct WHERE id = 122"), "7");
    assert_int_equal(mirror_numbers().poison - poison, 1);
    assert_int_equal(state_divergence_count(engine.state, "open"), 1);
    for (int i = 0; i < 600 && open_gaps() == 0; i++) clock_sleep_us(100000); /* at most one a second for each table, but none is lost */
    assert_int_equal(open_gaps(), 1);
    on_target("ALTER TABLE app.acct DROP CONSTRAINT narrow");
    WRITE(client, "UPDATE acct SET n = 8, d = SYSDATE WHERE id = :1", "i", (int64_t)120);
    client_commit(client);
    assert_applied();
    assert_same_rows("ACCT");
    clear_gaps();
}

static void it_goes_on_where_it_stopped(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct client *open = client_new();
    WRITE(open, "UPDATE acct SET n = n + 100 WHERE id = :1", "i", (int64_t)130); /* begun before, committed after the restart */
    for (int i = 0; i < 20; i++) {
        WRITE(client, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", (int64_t)(131 + i % 3));
        client_commit(client);
    }
    assert_applied();
    mirror_end();
    for (int i = 0; i < 20; i++) {
        WRITE(client, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", (int64_t)(131 + i % 3));
        client_commit(client);
    }
    client_commit(open);
    mirror_begin();
    assert_applied();
    assert_same_rows("ACCT");
    client_free(open);
    assert_int_equal(open_gaps(), 0);
    /* Nothing is done twice when nothing is new. */
    uint64_t statements = counted(COUNT_MIRROR_EXACT);
    mirror_end();
    mirror_begin();
    assert_applied();
    clock_sleep_us(200000);
    assert_int_equal(counted(COUNT_MIRROR_EXACT), statements);
}

static int stop(void **state)
{
    if (client) client_free(client);
    return mirror_fixture_stop(state);
}

static void count_reconciled(void *context, const struct row *before, const struct row *after, bool changed, const struct error *error)
{
    (void)before, (void)after, (void)changed;
    if (error) fprintf(stderr, "%s\n", error->text);
    atomic_fetch_add((atomic_int *)context, error ? 1000 : 1);
}

/* Unique values went round in a circle behind our back: no row can be repaired alone. */
static void a_circle_of_unique_values_is_repaired(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    enum { CIRCLE = 12 };
    for (int64_t i = 0; i < CIRCLE; i++) {
        char name[20];
        snprintf(name, sizeof name, "circle %d", (int)i);
        WRITE(client, "INSERT INTO acct (id, n, u) VALUES (:1, :2, :3)", "iis", 500000 + i, i, name);
    }
    client_commit(client);
    assert_applied();
    on_target("UPDATE app.acct SET u = 'x' || id WHERE id >= 500000");
    on_target("UPDATE app.acct SET u = 'circle ' || ((id - 500000 + 1) % 12) WHERE id >= 500000");
    struct arena arena;
    struct buffer key;
    atomic_int done = 0;
    arena_init(&arena, 0);
    buffer_init(&key, 0);
    struct row_maps *maps = row_maps_new(atomic_load(&engine.catalog));
    struct value id = value_number_i64(&arena, 500003);
    rows_encode_key(&key, row_map_of(maps, table_named("ACCT")), &id);
    mirror_reconcile(mirror, table_named("ACCT"), buffer_view(&key), count_reconciled, &done);
    for (int wait = 0; wait < 12000 && atomic_load(&done) == 0; wait++) clock_sleep_us(5000);
    assert_int_equal(atomic_load(&done), 1);
    assert_same_rows("ACCT");
    row_maps_free(maps);
    buffer_release(&key);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inserts_updates_and_deletes_by_key),
        cmocka_unit_test(values_that_cannot_be_known_are_read),
        cmocka_unit_test(arrays_and_predicates),
        cmocka_unit_test(clocks_over_predicates),
        cmocka_unit_test(keys_that_change_and_rows_that_go),
        cmocka_unit_test(what_was_undone_stays_undone),
        cmocka_unit_test(tables_without_key_or_counterpart),
        cmocka_unit_test(a_row_that_is_missing_is_healed_and_counted),
        cmocka_unit_test(a_circle_of_unique_values_is_repaired),
        cmocka_unit_test(what_fails_for_good_is_a_divergence_and_the_others_go_on),
        cmocka_unit_test(it_goes_on_where_it_stopped),
    };
    return cmocka_run_group_tests(tests, mirror_fixture_begin, stop);
}
