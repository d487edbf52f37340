/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to a real PostgreSQL: pipelines and their groups, prepared statements, loss, blocking calls, COPY. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/pg_fixture.h"

/* ---- asynchronous, with a loop of our own ---- */

struct watched {
    uint32_t changes;
    enum pg_state state;
    struct error error;
};
static void watch_state(void *context, struct pg *pg, enum pg_state state, const struct error *error)
{
    (void)pg;
    struct watched *watched = context;
    watched->changes++;
    watched->state = state;
    if (error) watched->error = *error;
}

static bool turn(struct pg *pg, int timeout_ms)
{
    int wants = pg_wants(pg);
    struct pollfd one = {.fd = pg_socket(pg),
                         .events = (short)((wants & PG_WANT_READ ? POLLIN : 0) | (wants & PG_WANT_WRITE ? POLLOUT : 0))};
    if (poll(&one, 1, timeout_ms) <= 0) return false;
    int what = (one.revents & (POLLIN | POLLHUP | POLLERR) ? PG_WANT_READ : 0) | (one.revents & POLLOUT ? PG_WANT_WRITE : 0);
    pg_ready(pg, what);
    return true;
}

static struct pg *start_async(struct watched *watched)
{
    struct error error = {0};
    *watched = (struct watched){0};
    struct pg *pg = pg_start(server.conninfo, watch_state, watched, &error);
    if (!pg) fail_msg("%s", error.text);
    while (pg_state(pg) == PG_CONNECTING) assert_true(turn(pg, 60000));
    assert_int_equal(pg_state(pg), PG_READY);
    assert_int_equal(watched->changes, 1);
    return pg;
}

static void test_async(void **state)
{
    (void)state;
    static struct answers answers;
    answers.count = 0;
    struct watched watched;
    struct pg *pg = start_async(&watched);
    pg_send_text(pg, "CREATE TEMP TABLE a (id int PRIMARY KEY, t text)", note, tag(&answers, 0));
    pg_sync(pg);
    for (int i = 1; i <= 1000; i++) {
        char id[20], text[40];
        snprintf(id, sizeof id, "%d", i);
        snprintf(text, sizeof text, "row %d", i);
        struct pg_parameter parameters[] = {text_parameter(id), text_parameter(text)};
        pg_send_prepared(pg, "insert", "INSERT INTO a VALUES ($1, $2) RETURNING t", parameters, 2, note, tag(&answers, i));
        if (i % 32 == 0) pg_sync(pg);
    }
    pg_sync(pg);
    assert_int_equal(pg_in_flight(pg), 1001);
    while (pg_in_flight(pg)) assert_true(turn(pg, 60000));
    assert_int_equal(answers.count, 1001);
    for (int i = 1; i <= 1000; i++) {
        char text[40];
        snprintf(text, sizeof text, "row %d", i);
        assert_int_equal(answers.items[i].tag, i);
        assert_true(answers.items[i].ok);
        assert_string_equal(answers.items[i].first, text);
        assert_int_equal(answers.items[i].affected, 1);
    }
    pg_close(pg);
}

/* A loop that only ever asks pg_wants must get everything out, however much is queued before the server reads. */
static void test_async_large(void **state)
{
    (void)state;
    static struct answers answers;
    answers.count = 0;
    struct watched watched;
    struct pg *pg = start_async(&watched);
    char *text = memory_alloc(1000001);
    memset(text, 'x', 1000000);
    text[1000000] = 0;
    for (int i = 0; i < 30; i++) {
        struct pg_parameter parameter = text_parameter(text);
        pg_send_prepared(pg, "echo", "SELECT $1::text", &parameter, 1, note, tag(&answers, i));
    }
    pg_sync(pg);
    while (pg_in_flight(pg)) assert_true(turn(pg, 60000));
    for (int i = 0; i < 30; i++) assert_true(answers.items[i].ok && answers.items[i].first[98] == 'x');
    pg_close(pg);
    memory_free(text);
}

static void test_connect_refused(void **state)
{
    (void)state;
    struct error error = {0};
    assert_null(pg_connect("host=127.0.0.1 port=1 user=x", 3000, &error));
    assert_int_equal(error.code, ERROR_TARGET_LOST);
    assert_null(pg_connect("nonsense=1", 3000, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    char wrong[300];
    snprintf(wrong, sizeof wrong, "%s dbname=nowhere", server.conninfo);
    assert_null(pg_connect(wrong, 3000, &error));
    assert_int_equal(error.code, ERROR_TARGET_LOST);
    assert_non_null(strstr(error.text, "nowhere"));
}

/* ---- groups ---- */

static void test_group_is_a_transaction(void **state)
{
    (void)state;
    static struct answers answers;
    answers.count = 0;
    struct pg *pg = connect_blocking();
    run(pg, "CREATE TEMP TABLE g (id int PRIMARY KEY)");
    pg_send_text(pg, "INSERT INTO g VALUES (1)", note, tag(&answers, 0));
    pg_send_text(pg, "INSERT INTO g VALUES (1)", note, tag(&answers, 1)); /* duplicate */
    pg_send_text(pg, "INSERT INTO g VALUES (2)", note, tag(&answers, 2)); /* skipped */
    pg_sync(pg);
    pg_send_text(pg, "INSERT INTO g VALUES (3)", note, tag(&answers, 3));
    pg_sync(pg);
    struct error error = {0};
    assert_true(pg_run_wait(pg, 60000, &error));
    assert_true(answers.items[0].ok);
    assert_int_equal(answers.items[1].code, ERROR_TARGET);
    assert_string_equal(answers.items[1].sqlstate, "23505");
    assert_int_equal(answers.items[2].code, ERROR_CANCELLED);
    assert_string_equal(answers.items[2].sqlstate, "23505");
    assert_true(answers.items[3].ok);
    assert_string_equal(ask(pg, "SELECT string_agg(id::text, ',') FROM g"), "3");
    pg_close(pg);
}

static void test_error_fields(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    run(pg, "CREATE TEMP TABLE f (id int CONSTRAINT the_key PRIMARY KEY)");
    struct pg_result result;
    struct error error = {0};
    assert_false(pg_run(pg, "INSERT INTO f VALUES (1), (1)", &result, &error));
    assert_int_equal(error.code, ERROR_TARGET);
    assert_string_equal(result.constraint, "the_key");
    assert_non_null(strstr(error.text, "(1)"));
    pg_result_free(&result);
    assert_false(pg_run(pg, "SELECT 1, nothing", &result, &error));
    assert_string_equal(error.sqlstate, "42703");
    assert_int_equal(result.error_position, 11);
    pg_result_free(&result);
    pg_close(pg);
}

/* ---- prepared statements ---- */

static void test_prepared_after_failed_group(void **state)
{
    (void)state;
    static struct answers answers;
    answers.count = 0;
    struct pg *pg = connect_blocking();
    struct pg_parameter parameter = text_parameter("7");
    struct error error = {0};
    /* The preparation is skipped with its group; the second group, sent before that is known, must not rely on it. */
    pg_send_text(pg, "SELECT 1/0", note, tag(&answers, 0));
    pg_send_prepared(pg, "s", "SELECT $1::int + 1", &parameter, 1, note, tag(&answers, 1));
    pg_sync(pg);
    pg_send_prepared(pg, "s", "SELECT $1::int + 1", &parameter, 1, note, tag(&answers, 2));
    pg_send_prepared(pg, "s", "SELECT $1::int + 1", &parameter, 1, note, tag(&answers, 3));
    pg_sync(pg);
    assert_true(pg_run_wait(pg, 60000, &error));
    pg_send_prepared(pg, "s", "SELECT $1::int + 1", &parameter, 1, note, tag(&answers, 4));
    assert_true(pg_run_wait(pg, 60000, &error));
    assert_int_equal(answers.items[0].code, ERROR_TARGET);
    assert_int_equal(answers.items[1].code, ERROR_CANCELLED);
    for (int i = 2; i <= 4; i++) {
        assert_true(answers.items[i].ok);
        assert_string_equal(answers.items[i].first, "8");
    }
    /* Prepared twice because two groups did not know; one is left. */
    for (int i = 0; i < 5; i++) {
        pg_send_prepared(pg, "u", "SELECT $1::int + 2", &parameter, 1, NULL, NULL);
        pg_sync(pg);
    }
    assert_true(pg_run_wait(pg, 60000, &error));
    assert_true(pg_run_wait(pg, 60000, &error));
    assert_string_equal(ask(pg, "SELECT count(*) FROM pg_prepared_statements"), "2");
    pg_close(pg);
}

static void test_prepare_error(void **state)
{
    (void)state;
    static struct answers answers;
    answers.count = 0;
    struct pg *pg = connect_blocking();
    struct error error = {0};
    pg_send_prepared(pg, "bad", "SELEC 1", NULL, 0, note, tag(&answers, 0));
    pg_send_text(pg, "SELECT 1", note, tag(&answers, 1));
    pg_sync(pg);
    pg_send_prepared(pg, "bad", "SELECT 5", NULL, 0, note, tag(&answers, 2)); /* what failed may be sent again, even with another text */
    pg_sync(pg);
    assert_true(pg_run_wait(pg, 60000, &error));
    assert_int_equal(answers.items[0].code, ERROR_TARGET);
    assert_string_equal(answers.items[0].sqlstate, "42601");
    assert_int_equal(answers.items[1].code, ERROR_CANCELLED);
    assert_true(answers.items[2].ok);
    pg_close(pg);
}

static void test_prepared_limit(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    struct error error = {0};
    for (int i = 0; i < PG_STATEMENTS_MAX + 500; i++) {
        char name[20], text[40];
        snprintf(name, sizeof name, "n%d", i);
        snprintf(text, sizeof text, "SELECT %d", i);
        pg_send_prepared(pg, name, text, NULL, 0, NULL, NULL);
        pg_send_prepared(pg, "hot", "SELECT 'hot'", NULL, 0, NULL, NULL);
        if (i % 100 == 0) assert_true(pg_run_wait(pg, 60000, &error));
    }
    assert_true(pg_run_wait(pg, 60000, &error));
    int count = atoi(ask(pg, "SELECT count(*) FROM pg_prepared_statements"));
    assert_true(count <= PG_STATEMENTS_MAX && count > PG_STATEMENTS_MAX - 200);
    assert_string_equal(ask(pg, "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 0'"), "0");
    assert_string_equal(ask(pg, "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT ''hot'''"), "1");
    pg_close(pg);
}

static void test_parameters(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    struct pg_parameter parameters[] = {
        {.null = true, .type = PG_OID_TEXT},          {.text = view_of("a\0b", 3), .binary = true, .type = PG_OID_BYTEA},
        {.text = view_text(""), .type = PG_OID_TEXT}, {.text = view_of("123456", 3), .type = PG_OID_INT4},
        {.binary = true, .type = PG_OID_BYTEA},
    };
    struct pg_result result;
    struct error error = {0};
    assert_true(pg_run_prepared(pg, "p", "SELECT $1, $2, $3, $4, length($5)", parameters, 5, &result, &error));
    assert_true(pg_result_null(&result, 0, 0));
    assert_true(view_equal(pg_result_text(&result, 0, 1), view_text("\\x610062")));
    assert_false(pg_result_null(&result, 0, 2));
    assert_true(view_equal(pg_result_text(&result, 0, 3), view_text("123")));
    assert_true(view_equal(pg_result_text(&result, 0, 4), view_text("0")));
    assert_int_equal(pg_result_column(&result, 1).type, PG_OID_BYTEA);
    assert_string_equal(pg_result_column(&result, 4).name, "length");
    pg_result_free(&result);
    assert_false(pg_run_prepared(pg, "q", "SELECT 1/$1::int", (struct pg_parameter[]){text_parameter("0")}, 1, &result, &error));
    assert_string_equal(error.sqlstate, "22012");
    pg_result_free(&result);
    pg_close(pg);
}

/* ---- results that outlive, sends and closes in callbacks ---- */

struct chain {
    struct pg *pg;
    int left;
    struct pg_result kept;
};
static void chain_step(void *context, struct pg_result *result)
{
    struct chain *chain = context;
    assert_true(result->ok);
    if (chain->left == 5) pg_result_take(result, &chain->kept);
    if (--chain->left == 0) return;
    pg_send_text(chain->pg, "SELECT 'again'", chain_step, chain);
    pg_sync(chain->pg);
}

static void test_callback_sends_and_takes(void **state)
{
    (void)state;
    struct chain chain = {.pg = connect_blocking(), .left = 10};
    struct error error = {0};
    pg_send_text(chain.pg, "SELECT 'again'", chain_step, &chain);
    pg_sync(chain.pg);
    assert_true(pg_run_wait(chain.pg, 60000, &error));
    assert_int_equal(chain.left, 0);
    pg_close(chain.pg);
    assert_true(view_equal(pg_result_text(&chain.kept, 0, 0), view_text("again")));
    pg_result_free(&chain.kept);
}

/* The callback of a skipped statement undoes it in a group of its own, while the end of the failed group is still to come. */
struct undo {
    struct pg *pg;
    struct answers *answers;
};
static void undo_after_skipped(void *context, struct pg_result *result)
{
    struct undo *undo = context;
    assert_int_equal(result->error.code, ERROR_CANCELLED);
    pg_send_text(undo->pg, "ROLLBACK TO SAVEPOINT a", note, tag(undo->answers, 1));
    pg_sync(undo->pg);
}

static void test_undo_after_skipped(void **state)
{
    (void)state;
    static struct answers answers;
    answers.count = 0;
    struct pg *pg = connect_blocking();
    struct undo undo = {.pg = pg, .answers = &answers};
    struct error error = {0};
    pg_send_text(pg, "BEGIN", NULL, NULL);
    pg_send_text(pg, "SAVEPOINT a", NULL, NULL);
    pg_send_text(pg, "SELECT 1/0", note, tag(&answers, 0));
    pg_send_text(pg, "RELEASE SAVEPOINT a", undo_after_skipped, &undo);
    assert_true(pg_run_wait(pg, 60000, &error));
    pg_send_text(pg, "SELECT 'on'", note, tag(&answers, 2));
    assert_true(pg_run_wait(pg, 60000, &error));
    assert_int_equal(answers.count, 3);
    assert_false(answers.items[0].ok);
    assert_true(answers.items[1].ok);
    assert_string_equal(answers.items[2].first, "on");
    pg_close(pg);
}

/* The callback of the statement that failed, the last of its group, undoes it in a group of its own. */
static void undo_after_failed(void *context, struct pg_result *result)
{
    struct undo *undo = context;
    assert_false(result->ok);
    pg_send_text(undo->pg, "ROLLBACK", note, tag(undo->answers, 0));
    pg_sync(undo->pg);
}

static void test_undo_after_failed(void **state)
{
    (void)state;
    static struct answers answers;
    answers.count = 0;
    struct pg *pg = connect_blocking();
    struct undo undo = {.pg = pg, .answers = &answers};
    struct error error = {0};
    for (int i = 0; i < 3; i++) {
        answers.count = 0;
        pg_send_text(pg, "BEGIN", NULL, NULL);
        pg_send_prepared(pg, "fails", "SELECT 1/0", NULL, 0, undo_after_failed, &undo);
        assert_true(pg_run_wait(pg, 60000, &error));
        pg_send_text(pg, "SELECT 'on'", note, tag(&answers, 1));
        assert_true(pg_run_wait(pg, 60000, &error));
        assert_int_equal(answers.count, 2);
        assert_true(answers.items[0].ok);
        assert_string_equal(answers.items[1].first, "on");
    }
    pg_close(pg);
}

static void close_inside(void *context, struct pg_result *result)
{
    struct pg **pg = context;
    assert_true(result->ok);
    pg_close(*pg);
    *pg = NULL;
}

static void test_close_in_callback(void **state)
{
    (void)state;
    static struct answers answers;
    answers.count = 0;
    struct watched watched;
    struct pg *pg = start_async(&watched), *same = pg;
    pg_send_text(pg, "SELECT 1", close_inside, &pg);
    pg_send_text(pg, "SELECT 2", note, tag(&answers, 0));
    pg_sync(pg);
    while (pg) turn(same, 1000);
    assert_int_equal(answers.count, 1);
    assert_int_equal(answers.items[0].code, ERROR_CANCELLED);
    assert_int_equal(watched.changes, 1);
}

/* ---- loss ---- */

static void test_backend_terminated(void **state)
{
    (void)state;
    static struct answers answers;
    answers.count = 0;
    struct watched watched;
    struct pg *pg = start_async(&watched);
    for (int i = 0; i < 5; i++)
        pg_send_text(pg, i == 2 ? "SELECT pg_terminate_backend(pg_backend_pid())" : "SELECT 1", note, tag(&answers, i));
    pg_sync(pg);
    for (int i = 5; i < 10; i++) pg_send_text(pg, "SELECT 1", note, tag(&answers, i));
    pg_sync(pg);
    while (pg_state(pg) == PG_READY) assert_true(turn(pg, 60000));
    assert_int_equal(pg_state(pg), PG_LOST);
    assert_int_equal(watched.state, PG_LOST);
    assert_int_equal(watched.error.code, ERROR_TARGET_LOST);
    assert_int_equal(answers.count, 10);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(answers.items[i].tag, i);
        if (i < 2) assert_true(answers.items[i].ok);
        if (i >= 2) assert_int_equal(answers.items[i].code, ERROR_TARGET_LOST);
    }
    assert_int_equal(pg_in_flight(pg), 0);
    pg_send_text(pg, "SELECT 1", note, tag(&answers, 10)); /* at once */
    assert_int_equal(answers.count, 11);
    assert_int_equal(answers.items[10].code, ERROR_TARGET_LOST);
    assert_int_equal(pg_wants(pg), 0);
    pg_close(pg);
}

static void test_server_crash(void **state)
{
    (void)state;
    static struct answers answers;
    answers.count = 0;
    struct watched watched;
    struct pg *idle = connect_blocking(), *pg = start_async(&watched);
    pg_send_text(pg, "SELECT pg_sleep(30)", note, tag(&answers, 0));
    pg_sync(pg);
    while (turn(pg, 100)) {}
    assert_int_equal(private_postgres_do(&server, "crash"), 0);
    while (pg_state(pg) == PG_READY) assert_true(turn(pg, 60000));
    assert_int_equal(answers.items[0].code, ERROR_TARGET_LOST);
    pg_close(pg);
    struct error error = {0};
    assert_false(pg_run(idle, "SELECT 1", NULL, &error));
    assert_int_equal(error.code, ERROR_TARGET_LOST);
    assert_int_equal(pg_state(idle), PG_LOST);
    assert_false(pg_run(idle, "SELECT 1", NULL, &error));
    assert_int_equal(error.code, ERROR_TARGET_LOST);
    pg_close(idle);
    assert_int_equal(private_postgres_do(&server, "resume"), 0);
    pg_close(connect_blocking());
}

static void *cancel_soon(void *context)
{
    wait_until_asleep();
    struct error error = {0};
    return pg_cancel(context, &error) ? NULL : "failed";
}

static void test_cancel(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    pthread_t thread;
    pthread_create(&thread, NULL, cancel_soon, pg);
    struct error error = {0};
    assert_false(pg_run(pg, "SELECT pg_sleep(90)", NULL, &error));
    assert_string_equal(error.sqlstate, "57014");
    assert_int_equal(error.code, ERROR_TARGET);
    void *answer;
    pthread_join(thread, &answer);
    assert_null(answer);
    run(pg, "SELECT 1");
    pg_close(pg);
}

static void test_wait_times_out(void **state)
{
    (void)state;
    static struct answers answers;
    answers.count = 0;
    struct pg *pg = connect_blocking();
    struct error error = {0};
    pg_send_text(pg, "SELECT pg_sleep(2)", note, tag(&answers, 0));
    assert_false(pg_run_wait(pg, 50, &error));
    assert_int_equal(error.code, ERROR_TIMEOUT);
    assert_true(pg_run_wait(pg, 60000, &error));
    assert_true(answers.items[0].ok);
    pg_close(pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_async),
        cmocka_unit_test(test_async_large),
        cmocka_unit_test(test_connect_refused),
        cmocka_unit_test(test_group_is_a_transaction),
        cmocka_unit_test(test_error_fields),
        cmocka_unit_test(test_prepared_after_failed_group),
        cmocka_unit_test(test_prepare_error),
        cmocka_unit_test(test_prepared_limit),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_callback_sends_and_takes),
        cmocka_unit_test(test_undo_after_skipped),
        cmocka_unit_test(test_undo_after_failed),
        cmocka_unit_test(test_close_in_callback),
        cmocka_unit_test(test_backend_terminated),
        cmocka_unit_test(test_server_crash),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_wait_times_out),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
