/* SPDX-License-Identifier: Apache-2.0 */
/* Logical decoding from a real PostgreSQL: every kind of change, resuming, confirming, messages, loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pg/replication.h"
#include "tests/support/pg_fixture.h"

static struct pg_stream *open_stream(uint64_t from)
{
    struct error error = {0};
    struct pg_stream *stream = pg_stream_open(server.conninfo, "slot_a", "pub A", from, &error);
    if (!stream) fail_msg("%s", error.text);
    return stream;
}

static uint64_t ensure(bool expect_created)
{
    bool created;
    uint64_t lsn;
    struct error error = {0};
    if (!pg_slot_ensure(server.conninfo, "slot_a", "pub A", &created, &lsn, &error)) fail_msg("%s", error.text);
    assert_int_equal(created, expect_created);
    assert_true(lsn > 0);
    return lsn;
}

static void drop(void)
{
    struct error error = {0};
    if (!pg_slot_drop(server.conninfo, "slot_a", &error)) fail_msg("%s", error.text);
    assert_true(pg_slot_drop(server.conninfo, "slot_a", &error)); /* not there: fine */
}

/* The next change as one line of text; *lsn: its position. */
static const char *next(struct pg_stream *stream, uint64_t *lsn)
{
    static char line[1000];
    static const char *const names[] = {"none", "begin", "commit", "insert", "update", "delete", "truncate", "message"};
    struct pg_change change;
    struct error error = {0};
    bool timed_out;
    if (!pg_stream_next(stream, 60000, &change, &timed_out, &error)) fail_msg("%s %s", timed_out ? "timed out" : "", error.text);
    int at = snprintf(line, sizeof line, "%s", names[change.kind]);
    if (change.relation) at += snprintf(line + at, sizeof line - (size_t)at, " %s.%s", change.relation->schema, change.relation->name);
    for (int which = 0; which < 2; which++) {
        const struct pg_tuple_value *values = which ? change.new_values : change.old_values;
        if (!values) continue;
        at += snprintf(line + at, sizeof line - (size_t)at, which ? " new" : " old");
        for (uint32_t i = 0; i < change.relation->column_count; i++) {
            if (values[i].kind == 't')
                at += snprintf(line + at, sizeof line - (size_t)at, " %.*s", (int)(values[i].text.size > 20 ? 20 : values[i].text.size),
                               (const char *)values[i].text.data);
            else
                at += snprintf(line + at, sizeof line - (size_t)at, " (%c)", values[i].kind);
        }
    }
    if (change.kind == PG_CHANGE_MESSAGE)
        snprintf(line + at, sizeof line - (size_t)at, " %s %.*s=%.*s", change.transactional ? "inside" : "outside", (int)change.prefix.size,
                 (const char *)change.prefix.data, (int)change.content.size, (const char *)change.content.data);
    assert_true(change.lsn > 0);
    if (lsn) *lsn = change.lsn;
    return line;
}

static void expect_nothing(struct pg_stream *stream, uint32_t ms)
{
    struct pg_change change;
    struct error error = {0};
    bool timed_out;
    assert_false(pg_stream_next(stream, ms, &change, &timed_out, &error));
    assert_true(timed_out);
}

static void test_changes(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    run(pg, "CREATE TABLE a (id int PRIMARY KEY, t text, n numeric); CREATE TABLE b (x text); ALTER TABLE b REPLICA IDENTITY FULL;"
            "ALTER TABLE a ALTER t SET STORAGE EXTERNAL");
    ensure(true);
    ensure(false);
    struct pg_stream *stream = open_stream(0);
    run(pg, "BEGIN; INSERT INTO a VALUES (1, repeat('x', 5000), 1.50); UPDATE a SET n = 2; UPDATE a SET id = 2; DELETE FROM a; COMMIT");
    uint64_t begin, commit;
    assert_string_equal(next(stream, &begin), "begin");
    assert_string_equal(next(stream, NULL), "insert public.a new 1 xxxxxxxxxxxxxxxxxxxx 1.50");
    assert_string_equal(next(stream, NULL), "update public.a new 1 (u) 2");
    assert_string_equal(next(stream, NULL), "update public.a old 1 (n) (n) new 2 (u) 2");
    assert_string_equal(next(stream, NULL), "delete public.a old 2 (n) (n)");
    assert_string_equal(next(stream, &commit), "commit");
    assert_true(commit > begin);
    run(pg, "INSERT INTO b VALUES ('q'); UPDATE b SET x = NULL; TRUNCATE a, b");
    assert_string_equal(next(stream, NULL), "begin");
    assert_string_equal(next(stream, NULL), "insert public.b new q");
    assert_string_equal(next(stream, NULL), "update public.b old q new (n)");
    assert_string_equal(next(stream, NULL), "truncate public.a");
    assert_string_equal(next(stream, NULL), "commit");
    run(pg, "BEGIN; SELECT pg_logical_emit_message(true, 'understudy', '42'); INSERT INTO a VALUES (5); COMMIT");
    assert_string_equal(next(stream, NULL), "begin");
    assert_string_equal(next(stream, NULL), "message inside understudy=42");
    assert_string_equal(next(stream, NULL), "insert public.a new 5 (n) (n)");
    assert_string_equal(next(stream, NULL), "commit");
    run(pg, "BEGIN; INSERT INTO a VALUES (6); ROLLBACK; SELECT pg_logical_emit_message(false, 'mark', 'm')");
    assert_string_equal(next(stream, NULL), "message outside mark=m");
    run(pg, "ALTER TABLE a ADD extra int DEFAULT 3");
    run(pg, "INSERT INTO a (id) VALUES (7)");
    assert_string_equal(next(stream, NULL), "begin"); /* of the ALTER: nothing in it, or left out by the server */
    const char *line = next(stream, NULL);
    if (strcmp(line, "commit") == 0) {
        assert_string_equal(next(stream, NULL), "begin");
        line = next(stream, NULL);
    }
    assert_string_equal(line, "insert public.a new 7 (n) (n) 3");
    assert_string_equal(next(stream, NULL), "commit");
    expect_nothing(stream, 100);
    pg_stream_close(stream);
    drop();
    run(pg, "DROP TABLE a, b");
    pg_close(pg);
}

static void test_resume(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    struct error error = {0};
    run(pg, "CREATE TABLE r (id int PRIMARY KEY)");
    ensure(true);
    struct pg_stream *stream = open_stream(0);
    uint64_t commits[3];
    for (int i = 0; i < 3; i++) {
        char text[60];
        snprintf(text, sizeof text, "INSERT INTO r VALUES (%d)", i);
        run(pg, text);
        next(stream, NULL);
        next(stream, NULL);
        assert_string_equal(next(stream, &commits[i]), "commit");
    }
    usleep(150000);
    assert_true(pg_stream_confirm(stream, commits[0], &error));
    pg_stream_close(stream); /* what was confirmed is not sent again, the rest is */
    for (int i = 0; i < 1200; i++) {
        if (strcmp(ask(pg, "SELECT active FROM pg_replication_slots"), "f") == 0) break;
        usleep(50000);
    }
    stream = open_stream(0);
    assert_string_equal(next(stream, NULL), "begin");
    assert_string_equal(next(stream, NULL), "insert public.r new 1");
    pg_stream_close(stream);
    for (int i = 0; i < 1200; i++) {
        if (strcmp(ask(pg, "SELECT active FROM pg_replication_slots"), "f") == 0) break;
        usleep(50000);
    }
    stream = open_stream(commits[1]); /* the caller knows better */
    assert_string_equal(next(stream, NULL), "begin");
    assert_string_equal(next(stream, NULL), "insert public.r new 2");
    assert_string_equal(next(stream, NULL), "commit");
    pg_stream_close(stream);
    drop();
    run(pg, "DROP TABLE r");
    pg_close(pg);
}

/* WAL of others does not stay: the slot moves on although no change comes to us; but not past a change that is not confirmed. */
static void test_idle_slot_moves(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    run(pg, "CREATE TABLE s (id int PRIMARY KEY)");
    ensure(true);
    struct pg_stream *stream = open_stream(0);
    struct error error = {0};
    run(pg, "INSERT INTO s VALUES (1)");
    uint64_t commit;
    next(stream, NULL);
    next(stream, NULL);
    assert_string_equal(next(stream, &commit), "commit");
    char check[200];
    snprintf(check, sizeof check, "SELECT confirmed_flush_lsn >= '%X/%X' FROM pg_replication_slots", (unsigned)(commit >> 32),
             (unsigned)commit);
    run(pg, "CREATE UNLOGGED TABLE noise (t text); SELECT pg_switch_wal(); INSERT INTO noise VALUES ('x')");
    run(pg, "SELECT pg_logical_emit_message(true, 'x', 'y') WHERE false; CREATE TEMP TABLE z (a int); DROP TABLE noise");
    for (int i = 0; i < 12; i++) {
        struct pg_change change;
        bool timed_out;
        (void)!pg_stream_next(stream, 500, &change, &timed_out, &error);
    }
    assert_string_equal(ask(pg, check), "f");
    assert_true(pg_stream_confirm(stream, commit, &error));
    const char *moved = "f";
    for (int i = 0; i < 40 && strcmp(moved, "t") != 0; i++) {
        struct pg_change change;
        bool timed_out;
        (void)!pg_stream_next(stream, 500, &change, &timed_out, &error);
        moved = ask(pg, check);
    }
    assert_string_equal(moved, "t");
    assert_true(pg_stream_server_lsn(stream) >= commit);
    pg_stream_close(stream);
    drop();
    run(pg, "DROP TABLE s");
    pg_close(pg);
}

static void test_many(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    run(pg, "CREATE TABLE m (id int PRIMARY KEY, t text)");
    ensure(true);
    struct pg_stream *stream = open_stream(0);
    run(pg, "INSERT INTO m SELECT i, 'row ' || i FROM generate_series(1, 20000) i");
    assert_string_equal(next(stream, NULL), "begin");
    for (int i = 1; i <= 20000; i++) {
        char expected[100];
        snprintf(expected, sizeof expected, "insert public.m new %d row %d", i, i);
        assert_string_equal(next(stream, NULL), expected);
    }
    assert_string_equal(next(stream, NULL), "commit");
    pg_stream_close(stream);
    drop();
    run(pg, "DROP TABLE m");
    pg_close(pg);
}

static void test_errors(void **state)
{
    (void)state;
    struct error error = {0};
    assert_null(pg_stream_open(server.conninfo, "no_such_slot", "p", 0, &error));
    assert_string_equal(error.sqlstate, "42704");
    assert_null(pg_stream_open("host=127.0.0.1 port=1", "s", "p", 0, &error));
    assert_int_equal(error.code, ERROR_TARGET_LOST);
    struct pg *pg = connect_blocking();
    run(pg, "SELECT pg_create_logical_replication_slot('other', 'test_decoding')");
    assert_false(pg_slot_ensure(server.conninfo, "other", "pub A", NULL, NULL, &error));
    assert_non_null(strstr(error.text, "another plugin"));
    run(pg, "SELECT pg_drop_replication_slot('other')");
    ensure(true);
    struct pg_stream *stream = open_stream(0);
    assert_null(pg_stream_open(server.conninfo, "slot_a", "pub A", 0, &error)); /* in use */
    assert_string_equal(error.sqlstate, "55006");
    pg_close(pg);
    assert_int_equal(private_postgres_do(&server, "crash"), 0);
    struct pg_change change;
    bool timed_out;
    assert_false(pg_stream_next(stream, 60000, &change, &timed_out, &error));
    assert_false(timed_out);
    assert_int_equal(error.code, ERROR_TARGET_LOST);
    pg_stream_close(stream);
    assert_int_equal(private_postgres_do(&server, "resume"), 0);
    drop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes), cmocka_unit_test(test_resume), cmocka_unit_test(test_idle_slot_moves),
        cmocka_unit_test(test_many),    cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
