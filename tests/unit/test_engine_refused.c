/* SPDX-License-Identifier: Apache-2.0 */
/* What the primary target acknowledged and the source refuses when the journal is replayed onto it: kept, shown, passed over, and done again when somebody has removed the cause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/outstanding.h"
#include "engine/refused.h"
#include "tests/support/mirror_fixture.h"

enum { COLUMNS = 7 };
static struct arena arena;

/* ---- a client of the primary target, as the journal has it ---- */

static uint64_t target_transaction;
static uint32_t target_ordinal;

static _Atomic uint32_t not_durable;

static void durable(void *context, struct journal_ticket ticket)
{
    (void)context, (void)ticket;
    atomic_fetch_sub(&not_durable, 1);
}

static void append(enum journal_kind kind, uint64_t csn, struct buffer *payload)
{
    atomic_fetch_add(&not_durable, 1);
    journal_append(engine.journal, kind, target_transaction, csn, buffer_view(payload), durable, NULL);
    buffer_release(payload);
}

/* images: one row, or NULL. */
static void wrote(const char *text, const struct value *binds, uint32_t count, uint64_t affected, const struct value *image)
{
    struct buffer payload;
    struct record record = {.flags = RECORD_PRIMARY_TARGET,
                            .ordinal = target_ordinal++,
                            .session = 1,
                            .schema = view_text("APP"),
                            .text = view_text(text),
                            .bind_count = count,
                            .row_count = 1,
                            .binds = (struct value *)(uintptr_t)binds};
    struct record_result result = {.affected = affected, .good_iterations = 1};
    if (image) {
        result.image_rows = 1;
        result.image_columns = COLUMNS;
        result.images = (struct value *)(uintptr_t)image;
    }
    if (!target_transaction) target_transaction = journal_new_transaction(engine.journal);
    buffer_init(&payload, 0);
    record_encode(&payload, &record, &result);
    append(JOURNAL_DML, 0, &payload);
}

static void inserted(int64_t id, int64_t n, const char *u)
{
    static const char text[] = "INSERT INTO acct (id, n, u) VALUES (:1, :2, :3)";
    struct value *binds = values_of(&arena, "iis", id, n, u), *image = values_of(&arena, "iisssss", id, n, NULL, NULL, u, NULL, NULL);
    wrote(text, binds, 3, 1, image);
}

static void added(int64_t id, uint64_t affected)
{
    wrote("UPDATE acct SET n = n + 1 WHERE id = :1", values_of(&arena, "i", id), 1, affected, NULL);
}

static uint64_t intended(void)
{
    struct buffer payload;
    struct record_intent intent = {.target_primary = true};
    uint64_t csn = journal_next_csn(engine.journal);
    outstanding_add(engine.outstanding, csn);
    buffer_init(&payload, 0);
    record_encode_intent(&payload, &intent);
    append(JOURNAL_INTENT, csn, &payload);
    target_transaction = 0;
    target_ordinal = 0;
    return csn;
}

static void ended(uint64_t csn)
{
    struct buffer payload;
    buffer_init(&payload, 0);
    record_encode_outcome(&payload, JOURNAL_COMMITTED, NULL);
    append(JOURNAL_OUTCOME, csn, &payload);
}

static uint64_t committed(void)
{
    uint64_t csn = intended();
    ended(csn);
    return csn;
}

static struct reverse_replayed replay(void)
{
    struct reverse_replayed replayed = {0};
    struct error error = {0};
    for (int i = 0; i < 60000 && atomic_load(&not_durable); i++) clock_sleep_us(1000);
    assert_int_equal(atomic_load(&not_durable), 0);
    if (!reverse_replay(&engine, journal_last_csn(engine.journal), &replayed, &error)) fail_msg("%s", error.text);
    return replayed;
}

/* ---- the ledger ---- */

struct seen {
    uint32_t count;
    struct state_divergence last, of[20];
};
static void see(void *context, const struct state_divergence *d)
{
    struct seen *seen = context;
    seen->last = *d;
    if (seen->count < 20) seen->of[seen->count] = *d;
    seen->count++;
}
static struct seen *divergences(const char *status)
{
    static struct seen seen;
    memset(&seen, 0, sizeof seen);
    state_divergence_each(engine.state, status, 0, see, &seen);
    return &seen;
}

static void nothing_written(void *context, const struct sql_table *table, struct view key)
{
    (void)table;
    assert_true(key.size > 0);
    ++*(uint32_t *)context;
}

static bool again(uint64_t id, uint32_t *rows, struct error *error)
{
    *rows = 0;
    error_clear(error);
    return refused_again(&engine, id, nothing_written, rows, error);
}

/* ---- tests ---- */

static int begin(void **state)
{
    (void)state;
    struct error error = {0};
    uint64_t ids[100];
    if (!fixture_there) return 0;
    if (!engine.outstanding) engine.outstanding = outstanding_new();
    arena_init(&arena, 0);
    on_source("DELETE FROM acct");
    clear_gaps();
    for (uint64_t i = 0, count = state_refused_open(engine.state, ids, 100); i < count; i++)
        if (!state_refused_close(engine.state, ids[i], "waived", "", &error)) return -1;
    struct source *source = source_connected();
    bool good = epoch_prepare_source(source, &error);
    source_close(source);
    return good ? 0 : -1;
}
static int end(void **state)
{
    (void)state;
    if (fixture_there) arena_release(&arena);
    return 0;
}

static void a_row_that_stands_in_the_way(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    uint32_t rows;
    on_source("INSERT INTO acct (id, n, u) VALUES (100, 0, 'x')");
    inserted(1, 10, "y"); /* one transaction: the first write would be taken */
    inserted(2, 20, "x");
    uint64_t csn = committed();
    inserted(3, 30, "z");
    committed();
    struct reverse_replayed replayed = replay();
    assert_int_equal(replayed.transactions, 1);
    assert_int_equal(replayed.refused, 1);
    assert_string_equal(ask_source("SELECT COUNT(*) FROM acct WHERE id IN (1, 2)"), "0"); /* all of it or nothing */
    assert_string_equal(ask_source("SELECT n FROM acct WHERE id = 3"), "30");
    struct seen *open = divergences("open");
    assert_int_equal(open->count, 2);
    assert_string_equal(open->last.origin, "refused");
    assert_string_equal(open->last.table, "ACCT");
    assert_int_equal(open->last.csn, csn);
    assert_non_null(strstr(open->of[0].target_row, "U='x'"));
    assert_string_equal(open->of[0].source_row, "(no row)");
    assert_non_null(strstr(open->of[0].reason, "is refused by the source"));
    assert_int_equal(open_gaps(), 1);
    uint64_t id = open->last.refused;
    /* Once more: nothing is done twice, and the one that was refused is not brought after what came later. */
    replayed = replay();
    assert_int_equal(replayed.refused, 0);
    assert_int_equal(divergences("open")->count, 2);
    assert_false(again(id, &rows, &error)); /* the row is still there */
    assert_int_equal(error.native, 1);
    assert_string_equal(ask_source("SELECT COUNT(*) FROM acct WHERE id IN (1, 2)"), "0");
    on_source("DELETE FROM acct WHERE id = 100");
    if (!again(id, &rows, &error)) fail_msg("%s", error.text);
    assert_int_equal(rows, 2);
    assert_string_equal(ask_source("SELECT n FROM acct WHERE u = 'x'"), "20");
    assert_string_equal(ask_source("SELECT n FROM acct WHERE id = 1"), "10");
    assert_int_equal(divergences("open")->count, 0);
    assert_int_equal(divergences("repaired")->count, 2);
}

static void another_number_of_rows(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    uint32_t rows;
    on_source("INSERT INTO acct (id, n) VALUES (50, 0)");
    added(50, 1);
    added(51, 1); /* somebody has deleted it on the source */
    committed();
    struct reverse_replayed replayed = replay();
    assert_int_equal(replayed.refused, 1);
    assert_string_equal(ask_source("SELECT n FROM acct WHERE id = 50"), "0");
    struct seen *open = divergences("open");
    assert_int_equal(open->count, 2);
    assert_non_null(strstr(open->last.reason, "touched 0 rows"));
    assert_non_null(strstr(open->last.statement, "UPDATE acct"));
    uint64_t id = open->last.refused;
    on_source("INSERT INTO acct (id, n) VALUES (51, 7)");
    if (!again(id, &rows, &error)) fail_msg("%s", error.text);
    /* Once more, as if the process had died before it could note that it was done: the source knows. */
    assert_false(again(id, &rows, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND); /* no divergence of it is open any more */
    assert_string_equal(ask_source("SELECT n FROM acct WHERE id = 50"), "1");
    assert_string_equal(ask_source("SELECT n FROM acct WHERE id = 51"), "8");
}

static void a_row_that_was_changed_since_is_not_written_over(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    uint32_t rows;
    on_source("INSERT INTO acct (id, n, u) VALUES (100, 0, 'x')");
    on_source("INSERT INTO acct (id, n, u) VALUES (5, 1, 'five')");
    inserted(5, 2, "x");
    committed();
    assert_int_equal(replay().refused, 1);
    struct seen *open = divergences("open");
    assert_int_equal(open->count, 1);
    assert_non_null(strstr(open->last.source_row, "U='five'"));
    uint64_t id = open->last.refused;
    on_source("DELETE FROM acct WHERE id = 100");
    on_source("UPDATE acct SET n = 99 WHERE id = 5"); /* a client, after the rollback */
    assert_false(again(id, &rows, &error));
    assert_int_equal(error.code, ERROR_STATE);
    assert_non_null(strstr(error.text, "changed since"));
    assert_string_equal(ask_source("SELECT n FROM acct WHERE id = 5"), "99");
    assert_int_equal(divergences("open")->count, 1);
    assert_true(state_refused_close(engine.state, id, "waived", "somebody: by hand", &error));
    assert_false(state_refused_close(engine.state, id, "waived", "twice", &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_int_equal(state_refused_open(engine.state, NULL, 0), 0);
}

/* Nobody waits for long: a row that somebody holds at the source is refused in the end, and the rest goes on. */
static void a_row_that_somebody_holds(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    uint32_t rows;
    struct source_result result;
    on_source("INSERT INTO acct (id, n) VALUES (60, 0)");
    struct source *blocker = source_connected();
    if (!source_run(blocker, "UPDATE acct SET v = 'held' WHERE id = 60", NULL, 0, 0, 0, NULL, NULL, &result, &error))
        fail_msg("%s", error.text);
    added(60, 1);
    committed();
    inserted(61, 1, "free");
    committed();
    uint64_t began = clock_monotonic_us();
    struct reverse_replayed replayed = replay();
    assert_true(clock_monotonic_us() - began < 60000000);
    assert_int_equal(replayed.refused, 1);
    assert_int_equal(replayed.transactions, 1);
    assert_string_equal(ask_source("SELECT n FROM acct WHERE id = 61"), "1");
    uint64_t id = divergences("open")->last.refused;
    assert_true(source_rollback(blocker, &error));
    source_close(blocker);
    if (!again(id, &rows, &error)) fail_msg("%s", error.text);
    assert_string_equal(ask_source("SELECT n FROM acct WHERE id = 60"), "1");
}

/* Who waited for a row of a commit may be seen to end before it: the answers come over different connections. */
static void commits_that_are_seen_to_end_the_other_way_round(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    inserted(70, 1, "first");
    uint64_t first = intended();
    inserted(70, 2, "second"); /* the row as it is after it */
    uint64_t second = intended();
    ended(second);
    ended(first);
    assert_int_equal(replay().transactions, 2);
    assert_string_equal(ask_source("SELECT n FROM acct WHERE id = 70"), "2");
}

/* A restart while the source was away: nobody has been able to say what has come back, when the target is lost as well. */
static void a_restart_that_could_not_ask_the_source(void **state)
{
    (void)state;
    NEEDS_DATABASES();
    struct error error;
    assert_true(state_put_u64(engine.state, "cutover_csn", journal_last_csn(engine.journal), &error));
    inserted(80, 1, "eighty");
    committed();
    inserted(81, 1, "eighty-one");
    committed();
    outstanding_free(engine.outstanding);
    engine.outstanding = outstanding_new();
    engine.start_csn = journal_last_csn(engine.journal);
    atomic_store(&engine.reverse_from, REVERSE_FROM_ALL);
    assert_int_equal(replay().transactions, 2);
    atomic_store(&engine.reverse_from, 0);
    assert_string_equal(ask_source("SELECT COUNT(*) FROM acct WHERE id IN (80, 81)"), "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commits_that_are_seen_to_end_the_other_way_round, begin, end),
        cmocka_unit_test_setup_teardown(a_restart_that_could_not_ask_the_source, begin, end),
        cmocka_unit_test_setup_teardown(a_row_that_stands_in_the_way, begin, end),
        cmocka_unit_test_setup_teardown(another_number_of_rows, begin, end),
        cmocka_unit_test_setup_teardown(a_row_that_was_changed_since_is_not_written_over, begin, end),
        cmocka_unit_test_setup_teardown(a_row_that_somebody_holds, begin, end),
    };
    return cmocka_run_group_tests(tests, mirror_fixture_start, mirror_fixture_stop);
}
