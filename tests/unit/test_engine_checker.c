/* SPDX-License-Identifier: Apache-2.0 */
/* The checker: equal rows are counted, moving rows are no divergences, real ones are found, told, and closed when the row is proven equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/mirror_fixture.h"

static struct client *client;
static struct checker *checker;

static int start(void **state)
{
    struct error error;
    if (mirror_fixture_start(state)) return -1;
    if (!fixture_there) return 0;
    checker = checker_start(&engine, &error);
    engine.checker = checker;
    mirror_begin();
    return checker ? 0 : -1;
}
static int stop(void **state)
{
    if (client) client_free(client);
    if (mirror) mirror_end();
    checker_stop(checker);
    return mirror_fixture_stop(state);
}

static void decided(void)
{
    if (!wait_applied(90000)) fail_msg("not applied: %s", mirror_numbers().last_error);
    mirror_pause(mirror, true); /* a batch gives its keys to the checker after it has said that it is applied */
    mirror_pause(mirror, false);
    if (!checker_drain(checker, 60000)) fail_msg("%llu checks are not decided", (unsigned long long)checker_pending(checker));
}

static void add(int64_t id, enum checker_origin origin)
{
    struct arena arena;
    struct buffer key;
    arena_init(&arena, 0);
    buffer_init(&key, 0);
    struct row_maps *maps = row_maps_new(atomic_load(&engine.catalog));
    struct value value = value_number_i64(&arena, id);
    rows_encode_key(&key, row_map_of(maps, table_named("ACCT")), &value);
    assert_true(checker_add(checker, origin, table_named("ACCT"), buffer_view(&key), 1, NULL));
    row_maps_free(maps);
    buffer_release(&key);
    arena_release(&arena);
}

static void mirrored_rows_are_proven_equal(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    client = client_new();
    for (int i = 0; i < 300; i++) {
        WRITE(client, "INSERT INTO acct (id, n, v, grp) VALUES (:1, :2, :3, :4)", "iisi", (int64_t)i, (int64_t)i, "row", (int64_t)(i % 10));
        if (i % 3 == 2) client_commit(client);
    }
    client_commit(client);
    decided();
    assert_int_equal(counted(COUNT_ROWS_EQUAL), 300);
    assert_int_equal(counted(COUNT_ROWS_COMPARED), 300);
    WRITE(client, "UPDATE acct SET n = n + 1 WHERE grp = :1", "i", (int64_t)4);
    WRITE(client, "DELETE FROM line WHERE note = :1", "s", "nothing");
    client_commit(client);
    decided();
    assert_int_equal(counted(COUNT_ROWS_EQUAL), 330); /* all keys of a predicate */
    assert_int_equal(counted(COUNT_ROWS_DIVERGENT), 0);
    assert_int_equal(checker_pending(checker), 0);
    struct fingerprint *f =
        statements_fingerprint(engine.statements, sql_fingerprint(view_text("UPDATE acct SET n = n + 1 WHERE grp = :1")));
    assert_non_null(f);
    assert_int_equal(atomic_load(&f->equal), 30);
}

static void rows_that_move_are_no_divergence(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    uint64_t equal = counted(COUNT_ROWS_EQUAL);
    for (int i = 0; i < 400; i++) {
        assert_true(AUTO(client, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", (int64_t)(i % 3)));
        if (i % 5 == 0) add(i % 3, CHECK_VERIFY);
    }
    decided();
    assert_int_equal(counted(COUNT_ROWS_DIVERGENT), 0);
    assert_true(counted(COUNT_ROWS_EQUAL) > equal);
    assert_int_equal(state_divergence_count(engine.state, "open"), 0);
}

static struct state_divergence seen;
static uint32_t seen_count;
static void see(void *context, const struct state_divergence *divergence)
{
    (void)context;
    seen = *divergence;
    seen_count++;
}

static void a_real_difference_is_told_with_both_rows(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    on_target(
        "UPDATE app.acct SET v = 'wrong' WHERE id = 50; DELETE FROM app.acct WHERE id = 51; INSERT INTO app.acct (id, n) VALUES (5000, 1)");
    uint64_t compared = counted(COUNT_ROWS_COMPARED);
    for (int64_t id = 50; id < 53; id++) add(id, CHECK_VERIFY);
    add(5000, CHECK_VERIFY);
    decided();
    assert_int_equal(counted(COUNT_ROWS_DIVERGENT), 3);
    assert_int_equal(counted(COUNT_ROWS_COMPARED) - compared, 4);
    state_divergence_each(engine.state, "open", 100, see, NULL);
    assert_int_equal(seen_count, 3);
    assert_string_equal(seen.table, "ACCT");
    assert_string_equal(seen.origin, "verify");
    assert_non_null(strstr(seen.key_text, "ID="));
    /* Looked at again, it is the same divergence. */
    add(50, CHECK_VERIFY);
    decided();
    assert_int_equal(state_divergence_count(engine.state, "open"), 3);
}

static _Atomic int reconciled_count, changed_count;
static void reconciled(void *context, const struct row *before, const struct row *after, bool changed, const struct error *error)
{
    (void)context;
    if (error && error->code != ERROR_NONE)
        fprintf(stderr, "%s\n", error->text);
    else if (changed && before->found + after->found > 0)
        atomic_fetch_add(&changed_count, 1);
    atomic_fetch_add(&reconciled_count, 1);
}

static void a_repair_closes_what_it_made_equal(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    static const int64_t ids[] = {50, 51, 5000, 52};
    struct arena arena;
    arena_init(&arena, 0);
    struct row_maps *maps = row_maps_new(atomic_load(&engine.catalog));
    for (int i = 0; i < 4; i++) {
        struct buffer key;
        buffer_init(&key, 0);
        struct value value = value_number_i64(&arena, ids[i]);
        rows_encode_key(&key, row_map_of(maps, table_named("ACCT")), &value);
        mirror_reconcile(mirror, table_named("ACCT"), buffer_view(&key), reconciled, NULL);
        buffer_release(&key);
    }
    for (int i = 0; i < 1200 && atomic_load(&reconciled_count) < 4; i++) clock_sleep_us(50000);
    assert_int_equal(atomic_load(&reconciled_count), 4);
    assert_int_equal(atomic_load(&changed_count), 3);
    for (int i = 0; i < 4; i++) add(ids[i], CHECK_REPAIR);
    decided();
    assert_int_equal(state_divergence_count(engine.state, "open"), 0);
    assert_int_equal(state_divergence_count(engine.state, "repaired"), 3);
    assert_same_rows("ACCT");
    /* What is written right after a repair is not done twice. */
    for (int i = 0; i < 10; i++) assert_true(AUTO(client, "UPDATE acct SET n = n + 1 WHERE id = :1", "i", (int64_t)51));
    decided();
    assert_same_rows("ACCT");
    row_maps_free(maps);
    arena_release(&arena);
}

static void a_divergence_that_a_later_write_heals_is_gone(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    on_target("UPDATE app.acct SET v = 'wrong' WHERE id = 60");
    add(60, CHECK_VERIFY);
    decided();
    assert_int_equal(state_divergence_count(engine.state, "open"), 1);
    WRITE(client, "UPDATE acct SET v = 'right', d = SYSDATE WHERE id = :1", "i", (int64_t)60);
    client_commit(client);
    decided();
    assert_int_equal(state_divergence_count(engine.state, "open"), 0);
    assert_int_equal(state_divergence_count(engine.state, "gone"), 1);
}

static void a_lost_side_makes_it_wait(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    uint64_t divergent = counted(COUNT_ROWS_DIVERGENT);
    on_target("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'understudy checker'");
    unsigned port = standin.port;
    private_standin_kill(&standin);
    for (int64_t id = 100; id < 120; id++) add(id, CHECK_VERIFY);
    assert_false(checker_drain(checker, 500));
    assert_int_equal(private_standin_listen(&standin, port), 0);
    if (!checker_drain(checker, 60000)) fail_msg("%llu checks are not decided", (unsigned long long)checker_pending(checker));
    assert_int_equal(counted(COUNT_ROWS_DIVERGENT), divergent);
    source_close(app);
    app = source_connected();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mirrored_rows_are_proven_equal),
        cmocka_unit_test(rows_that_move_are_no_divergence),
        cmocka_unit_test(a_real_difference_is_told_with_both_rows),
        cmocka_unit_test(a_repair_closes_what_it_made_equal),
        cmocka_unit_test(a_divergence_that_a_later_write_heals_is_gone),
        cmocka_unit_test(a_lost_side_makes_it_wait),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
