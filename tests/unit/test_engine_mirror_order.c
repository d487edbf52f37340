/* SPDX-License-Identifier: Apache-2.0 */
/* The mirror and the order of commits: calls that carry their commit and overlap have CSNs in another order than the source committed them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/mirror_fixture.h"

static struct client *client;

static void set_fold(uint32_t fold)
{
    mirror_end(); /* options do not change under a running mirror */
    engine.options.mirror_fold = fold;
    mirror_begin();
}

static void overlapping_auto_commits_end_as_on_the_source(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    client = client_new();
    struct client *a = client_new(), *x = client_new();
    assert_true(AUTO(client, "INSERT INTO acct (id, n, v) VALUES (:1, :2, :3)", "iis", (int64_t)1, (int64_t)1, "start"));
    for (uint32_t fold = 1; fold <= 64; fold += 63) {
        set_fold(fold);
        struct value *va = values_of(&a->arena, "si", fold == 1 ? "A" : "AA", (int64_t)1),
                     *vx = values_of(&x->arena, "si", fold == 1 ? "X" : "XX", (int64_t)1);
        static const char text[] = "UPDATE acct SET v = :1 WHERE id = :2";
        struct record ra = client_record(a, text, va, 2, 1), rx = client_record(x, text, vx, 2, 1);
        struct record_result result_a, result_x;
        struct error error;
        mirror_pause(mirror, true);
        client_intent(a, &ra); /* the lower CSN .. */
        client_intent(x, &rx);
        assert_true(client_execute(x, text, vx, 2, 1, &result_x) && source_commit(x->source, &error));
        client_outcome(x, JOURNAL_COMMITTED, &result_x);
        assert_true(client_execute(a, text, va, 2, 1, &result_a) && source_commit(a->source, &error)); /* .. but the later change */
        client_outcome(a, JOURNAL_COMMITTED, &result_a);
        mirror_pause(mirror, false);
        assert_applied();
        assert_same_rows("ACCT");
    }
    client_free(a);
    client_free(x);
    set_fold(200);
}

/* The same over a restart: the one with the lower CSN and the later change was applied before it, the other is applied after it. */
static void overlapping_commits_over_a_restart(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct client *a = client_new(), *x = client_new();
    static const char text[] = "UPDATE acct SET n = :1 WHERE id = :2";
    struct value *va = values_of(&a->arena, "ii", (int64_t)500, (int64_t)1);
    struct record ra = client_record(a, text, va, 2, 1);
    struct record_result result;
    struct error error;
    assert_applied();
    client_intent(a, &ra);
    WRITE(x, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", (int64_t)1);
    client_intent(x, NULL);
    assert_true(source_commit(x->source, &error));
    assert_true(client_execute(a, text, va, 2, 1, &result) && source_commit(a->source, &error));
    client_outcome(a, JOURNAL_COMMITTED, &result);
    for (int i = 0; i < 12000 && atomic_load(&engine.applied) < a->csn; i++) clock_sleep_us(5000);
    assert_int_equal(atomic_load(&engine.applied), a->csn);
    mirror_end();
    client_outcome(x, JOURNAL_COMMITTED, NULL);
    mirror_begin();
    assert_applied();
    assert_same_rows("ACCT");
    assert_string_equal(ask_target("SELECT n FROM app.acct WHERE id = 1"), "500");
    client_free(a);
    client_free(x);
}

/* An auto-commit call takes a row out of a group after a statement over the group, by a higher CSN, has changed it. */
static void a_row_that_leaves_a_predicate_it_was_changed_by(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct client *a = client_new(), *x = client_new();
    for (uint32_t fold = 1; fold <= 64; fold += 63) {
        set_fold(fold);
        assert_true(AUTO(client, "UPDATE acct SET grp = 77, n = 1 WHERE id = :1", "i", (int64_t)1));
        assert_applied();
        static const char text[] = "UPDATE acct SET grp = 78 WHERE id = :1";
        struct value *va = values_of(&a->arena, "i", (int64_t)1);
        struct record ra = client_record(a, text, va, 1, 1);
        struct record_result result;
        struct error error;
        mirror_pause(mirror, true);
        client_intent(a, &ra);
        WRITE(x, "UPDATE acct SET n = n + 10 WHERE grp = :1", "i", (int64_t)77);
        client_commit(x);
        assert_true(client_execute(a, text, va, 1, 1, &result) && source_commit(a->source, &error));
        client_outcome(a, JOURNAL_COMMITTED, &result);
        mirror_pause(mirror, false);
        assert_applied();
        assert_same_rows("ACCT");
        assert_string_equal(ask_target("SELECT n FROM app.acct WHERE id = 1"), "11");
    }
    client_free(a);
    client_free(x);
    set_fold(200);
    clear_gaps();
}

/* An auto-commit delete of a parent waits for a transaction that adds a child: it has the lower CSN, and takes the child with it. */
static void a_delete_that_cascades_to_a_row_committed_while_it_waited(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct client *a = client_new(), *x = client_new();
    struct error error;
    for (uint32_t fold = 1; fold <= 64; fold += 63) {
        set_fold(fold);
        assert_true(AUTO(client, "INSERT INTO acct (id, n) VALUES (:1, :2)", "ii", (int64_t)70, (int64_t)1));
        WRITE(a, "INSERT INTO line (a, l) VALUES (:1, :2)", "ii", (int64_t)70, (int64_t)7);
        static const char text[] = "DELETE FROM acct WHERE id = :1";
        struct value *parent = values_of(&x->arena, "i", (int64_t)70);
        struct record record = client_record(x, text, parent, 1, 1);
        struct record_result result;
        mirror_pause(mirror, true);
        client_intent(x, &record);
        client_commit(a);
        assert_true(client_execute(x, text, parent, 1, 1, &result) && source_commit(x->source, &error));
        client_outcome(x, JOURNAL_COMMITTED, &result);
        mirror_pause(mirror, false);
        assert_applied();
        assert_same_rows("ACCT");
        assert_same_rows("LINE");
    }
    set_fold(200);
    client_free(a);
    client_free(x);
}

static void a_row_read_ahead_is_not_changed_twice(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    set_fold(1); /* each transaction its own batch */
    mirror_pause(mirror, true);
    WRITE(client, "UPDATE acct SET d = SYSDATE WHERE id = :1", "i", (int64_t)1);
    client_commit(client);
    for (int i = 0; i < 5; i++) {
        WRITE(client, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", (int64_t)1);
        client_commit(client);
    }
    mirror_pause(mirror, false);
    assert_applied();
    assert_same_rows("ACCT");
    /* The same with a restart between the image and what follows it. */
    mirror_pause(mirror, true);
    WRITE(client, "UPDATE acct SET d = SYSDATE WHERE id = :1", "i", (int64_t)1);
    client_commit(client);
    for (int i = 0; i < 200; i++) {
        WRITE(client, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", (int64_t)1);
        client_commit(client);
    }
    uint64_t before = atomic_load(&engine.applied);
    mirror_pause(mirror, false);
    while (atomic_load(&engine.applied) < before + 3) clock_sleep_us(100);
    mirror_end();
    mirror_begin();
    assert_applied();
    assert_same_rows("ACCT");
    set_fold(200);
}

/* ---- rows that nobody names ---- */

/* Two calls that carry their commit: `first` has the lower CSN and commits last, because it waited. */
static void overlap(const char *first_text, struct client *first, const struct value *first_binds, uint32_t first_count,
                    const char *second_text, struct client *second, const struct value *second_binds, uint32_t second_count)
{
    struct record a = client_record(first, first_text, first_binds, first_count, 1),
                  x = client_record(second, second_text, second_binds, second_count, 1);
    struct record_result result_a, result_x;
    struct error error;
    mirror_pause(mirror, true);
    client_intent(first, &a);
    client_intent(second, &x);
    assert_true(client_execute(second, second_text, second_binds, second_count, 1, &result_x) && source_commit(second->source, &error));
    client_outcome(second, JOURNAL_COMMITTED, &result_x);
    assert_true(client_execute(first, first_text, first_binds, first_count, 1, &result_a) && source_commit(first->source, &error));
    client_outcome(first, JOURNAL_COMMITTED, &result_a);
    mirror_pause(mirror, false);
    assert_applied();
}

/* At most one a second for each table is told, but none is lost. */
static uint32_t gaps_told(void)
{
    for (int i = 0; i < 600 && open_gaps() == 0; i++) clock_sleep_us(100000);
    return open_gaps();
}

static void map_block(const char *source, const char *target)
{
    struct error error;
    struct statement_override o = {
        .source_text = (char *)(uintptr_t)source, .target_text = (char *)(uintptr_t)target, .tables = (char *)(uintptr_t) "acct"};
    if (!statements_override_add(engine.statements, &o, &error)) fail_msg("%s", error.text);
}

/* A block with a mapping names its tables and not its rows. */
static void a_mapped_block_and_a_statement_by_key(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct client *a = client_new(), *x = client_new();
    static const char block[] = "BEGIN UPDATE acct SET n = :1 WHERE id = :2; NULL; END;", text[] = "UPDATE acct SET n = :1 WHERE id = :2";
    map_block(block, "UPDATE app.acct SET n = $1 WHERE id = $2");
    assert_true(AUTO(client, "INSERT INTO acct (id, n) VALUES (:1, :2)", "ii", (int64_t)80, (int64_t)0));
    const struct value *four = values_of(&a->arena, "ii", (int64_t)4, (int64_t)80),
                       *five = values_of(&a->arena, "ii", (int64_t)5, (int64_t)80);
    for (uint32_t fold = 1; fold <= 64; fold += 63) {
        set_fold(fold);
        overlap(block, a, four, 2, text, x, five, 2);
        assert_same_rows("ACCT");
        overlap(text, a, five, 2, block, x, four, 2);
        assert_same_rows("ACCT");
    }
    assert_int_equal(open_gaps(), 0);
    /* One after the other they need nobody's help. */
    uint64_t images = counted(COUNT_MIRROR_IMAGES);
    assert_true(client_auto(a, block, four, 2) && client_auto(x, block, five, 2));
    assert_applied();
    assert_same_rows("ACCT");
    assert_int_equal(counted(COUNT_MIRROR_IMAGES), images);
    assert_int_equal(open_gaps(), 0);
    set_fold(200);
    client_free(a);
    client_free(x);
}

static void two_mapped_blocks(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct client *a = client_new(), *x = client_new();
    static const char block[] = "BEGIN UPDATE acct SET n = :1 WHERE id = :2; NULL; END;";
    overlap(block, a, values_of(&a->arena, "ii", (int64_t)6, (int64_t)80), 2, block, x, values_of(&x->arena, "ii", (int64_t)7, (int64_t)80),
            2);
    assert_int_equal(gaps_told(), 1); /* which rows they wrote is not known: the table says so */
    clear_gaps();
    assert_true(AUTO(client, "UPDATE acct SET n = :1, d = SYSDATE WHERE id = :2", "ii", (int64_t)8, (int64_t)80));
    assert_applied();
    assert_same_rows("ACCT");
    client_free(a);
    client_free(x);
}

/* A table without a key that many sessions write to, like a log: what they add is the same in any order. */
static void rows_that_are_added_to_a_table_without_a_key(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct client *a = client_new(), *x = client_new();
    static const char insert[] = "INSERT INTO plain (a, b) VALUES (:1, :2)", delete[] = "DELETE FROM plain WHERE a = :1 AND b = :2";
    const struct value *one = values_of(&a->arena, "is", (int64_t)61, "one"), *two = values_of(&a->arena, "is", (int64_t)61, "two");
    overlap(insert, a, one, 2, insert, x, two, 2);
    assert_string_equal(ask_target("SELECT count(*) FROM app.plain WHERE a = 61"), "2");
    assert_int_equal(open_gaps(), 0);
    overlap(insert, a, one, 2, delete, x, one, 2); /* did it see the row? */
    assert_int_equal(gaps_told(), 1);
    clear_gaps();
    client_free(a);
    client_free(x);
}

static int stop(void **state)
{
    if (client) client_free(client);
    return mirror_fixture_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlapping_auto_commits_end_as_on_the_source),
        cmocka_unit_test(overlapping_commits_over_a_restart),
        cmocka_unit_test(a_row_that_leaves_a_predicate_it_was_changed_by),
        cmocka_unit_test(a_delete_that_cascades_to_a_row_committed_while_it_waited),
        cmocka_unit_test(a_row_read_ahead_is_not_changed_twice),
        cmocka_unit_test(a_mapped_block_and_a_statement_by_key),
        cmocka_unit_test(two_mapped_blocks),
        cmocka_unit_test(rows_that_are_added_to_a_table_without_a_key),
    };
    return cmocka_run_group_tests(tests, mirror_fixture_begin, stop);
}
