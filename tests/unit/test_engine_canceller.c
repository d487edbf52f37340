/* SPDX-License-Identifier: Apache-2.0 */
/* Cancel requests from a thread of their own, against a real PostgreSQL: the statement at work ends, others stay, a connection that is closed lets its locks go. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <time.h>

#include <cmocka.h>

#include "engine/canceller.h"
#include "tests/support/pg_fixture.h"

static atomic_int sent;
static void note_sent(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

static void wait_until_sent(int count)
{
    for (int i = 0; i < 5000 && atomic_load(&sent) < count; i++) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(atomic_load(&sent), count);
}

struct outcome {
    bool came, ok;
    char sqlstate[6];
};
static void note_result(void *context, struct pg_result *result)
{
    struct outcome *outcome = context;
    outcome->came = true;
    outcome->ok = result->ok;
    memcpy(outcome->sqlstate, result->error.sqlstate, sizeof outcome->sqlstate);
}

static void test_ends_what_runs(void **state)
{
    (void)state;
    struct canceller *canceller = canceller_new();
    struct error error = {0};
    struct outcome slow = {0}, quick = {0};
    struct pg *pg = connect_blocking();
    atomic_store(&sent, 0);
    pg_send_text(pg, "SELECT pg_sleep(60)", note_result, &slow);
    pg_sync(pg);
    pg_send_text(pg, "SELECT 1", note_result, &quick);
    pg_sync(pg);
    assert_ptr_equal(pg_running(pg), &slow);
    wait_until_asleep();
    canceller_submit(canceller, pg_cancel_new(pg), note_sent, &sent);
    assert_true(pg_run_wait(pg, 60000, &error));
    assert_true(slow.came && !slow.ok);
    assert_string_equal(slow.sqlstate, "57014");
    assert_true(quick.came && quick.ok);
    assert_null(pg_running(pg));
    wait_until_sent(1);
    pg_close(pg);
    canceller_free(canceller);
}

static void test_after_close(void **state)
{
    (void)state;
    struct canceller *canceller = canceller_new();
    struct error error = {0};
    struct pg *holder = connect_blocking(), *other = connect_blocking();
    assert_true(pg_run(holder, "CREATE TABLE held (id int)", NULL, &error));
    pg_send_text(holder, "LOCK TABLE held", NULL, NULL); /* one group: one transaction */
    pg_send_text(holder, "SELECT pg_sleep(60)", NULL, NULL);
    pg_sync(holder);
    wait_until_asleep();
    struct pg_cancel *cancel = pg_cancel_new(holder);
    pg_close(holder);
    canceller_submit(canceller, cancel, NULL, NULL);
    assert_true(pg_run(other, "SET lock_timeout = '50s'", NULL, &error));
    if (!pg_run(other, "LOCK TABLE held; DROP TABLE held", NULL, &error)) fail_msg("%s", error.text);
    pg_close(other);
    canceller_free(canceller);
}

static void test_nothing_to_cancel(void **state)
{
    (void)state;
    struct canceller *canceller = canceller_new();
    atomic_store(&sent, 0);
    canceller_submit(canceller, NULL, note_sent, &sent);
    assert_int_equal(atomic_load(&sent), 1); /* at once */
    canceller_free(canceller);
    canceller_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_what_runs),
        cmocka_unit_test(test_after_close),
        cmocka_unit_test(test_nothing_to_cancel),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
