/* SPDX-License-Identifier: Apache-2.0 */
/* How transactions end that no COMMIT of the client ends: calls that carry their commit, DDL, blocks, distributed transactions, locks. */
#define _GNU_SOURCE /* memmem */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/feed_private.h"
#include "tests/support/session_play.h"
#include "wire/primitive.h"

static uint32_t open_transactions(struct play *p)
{
    return atomic_load(&p->engine.transactions_open);
}
static uint64_t gaps(struct play *p)
{
    return engine_counted(&p->engine, COUNT_GAPS);
}

/* In observe nothing is journalled, but open transactions are counted: mirroring begins when there is none. */
static void observe_counts_what_a_call_ends(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_OBSERVE);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    assert_int_equal(open_transactions(p), 1);
    play_run(p, "UPDATE T SET N = 2 WHERE ID = 1", true, 0, 1, false);
    assert_int_equal(open_transactions(p), 0);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "SELECT N FROM T", true, 1403, 0, false); /* a query may carry the commit of what ran before it */
    assert_int_equal(open_transactions(p), 0);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "BEGIN P; END;", true, 0, 1, false);
    assert_int_equal(open_transactions(p), 0);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "UPDATE T SET N = 2 WHERE ID = 1", true, 1, 0, true); /* it failed and committed nothing */
    assert_int_equal(open_transactions(p), 1);
    play_run(p, "BEGIN P; END;", false, 0, 1, false); /* a COMMIT inside */
    assert_int_equal(open_transactions(p), 0);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", true, 0, 1, false);
    assert_int_equal(open_transactions(p), 0);
    assert_string_equal(play_records(p), "");
    assert_int_equal(gaps(p), 0);
    play_end(p);
}

static void ddl_ends_the_open_transaction(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "CREATE TABLE X (A NUMBER)", false, 0, 0, false);
    assert_string_equal(play_records(p), "dml intent committed gap");
    assert_int_equal(open_transactions(p), 0);
    /* It failed when the commit before it was made already .. */
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "CREATE TABLE X (A NUMBER)", false, 955, 0, false);
    assert_string_equal(play_records(p), "dml intent committed");
    /* .. and here before: what ran is open, and is rolled back. */
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "CREATE TABLE X (A NUMBERR", false, 907, 0, true);
    assert_string_equal(play_records(p), "dml intent not-committed");
    assert_int_equal(open_transactions(p), 1);
    play_function(p, WIRE_FN_ROLLBACK);
    play_status(p, false);
    assert_string_equal(play_records(p), "abort");
    assert_int_equal(open_transactions(p), 0);
    assert_int_equal(gaps(p), 1);
    /* A driver that did not negotiate the call's status: nobody says which of the two it was. */
    p->session->wire->status_has_call_status = false;
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "CREATE TABLE X (A NUMBERR", false, 907, 0, true);
    assert_string_equal(play_records(p), "dml intent unknown");
    play_end(p);
}

/* A block that commits or rolls back inside ends what was open; nobody says which. The rows of what ran before are read. */
static void a_block_that_ends_the_transaction(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "BEGIN P; END;", false, 0, 1, false);
    assert_string_equal(play_records(p), "dml gap dml intent unknown"); /* the block too, if there is an override for it */
    assert_int_equal(gaps(p), 1);
    assert_int_equal(open_transactions(p), 0);
    play_function(p, WIRE_FN_ROLLBACK);
    play_status(p, false);
    assert_string_equal(play_records(p), ""); /* of nothing */
    /* The same when it fails. */
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "BEGIN P; END;", false, 20000, 0, false);
    assert_string_equal(play_records(p), "dml gap intent unknown");
    assert_int_equal(open_transactions(p), 0);
    play_end(p);
}

/* It may commit and go on: the source's bit stays. If the client then rolls back, not all of it may be gone. */
static void a_block_that_may_have_committed_a_part(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "BEGIN P; END;", false, 0, 1, true);
    assert_string_equal(play_records(p), "dml dml");
    play_function(p, WIRE_FN_ROLLBACK);
    play_status(p, false);
    assert_string_equal(play_records(p), "gap abort");
    assert_int_equal(open_transactions(p), 0);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true); /* no block in this one */
    play_function(p, WIRE_FN_ROLLBACK);
    play_status(p, false);
    assert_string_equal(play_records(p), "dml abort");
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "BEGIN P; END;", false, 0, 1, true);
    play_function(p, WIRE_FN_COMMIT);
    assert_true(play_intent(p).unsure); /* what ran before the block may have ended with it */
    play_status(p, false);
    assert_string_equal(play_records(p), "dml dml intent committed");
    play_run(p, "SAVEPOINT A", false, 0, 0, true);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "BEGIN P; END;", false, 0, 1, true);
    play_run(p, "ROLLBACK TO SAVEPOINT A", false, 0, 0, true); /* it would have failed, had the block committed: 1086 */
    play_function(p, WIRE_FN_COMMIT);
    play_status(p, false);
    assert_false(play_intent(p).unsure);
    assert_string_equal(play_records(p), "dml dml trim intent committed");
    play_end(p);
}

/* Locks write nothing: they open a transaction, and no record of it is made. */
/* With key feeds on the source what a block does is noted there: it is journalled, as a commit of unknown tables, and no gap. */
static void a_block_that_a_key_feed_sees(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    struct feed_member member = {.schema = "APP", .table = "T", .covers = true};
    struct feed_set set = {.count = 1, .members = &member};
    play_run(p, "BEGIN P; END;", false, 0, 1, false);
    assert_string_equal(play_records(p), "gap");
    atomic_store(&p->engine.feed_set, &set);
    play_run(p, "BEGIN P; END;", false, 0, 1, false);
    assert_true(play_intent(p).unknown_tables);
    assert_string_equal(play_records(p), "dml intent committed");
    assert_int_equal(atomic_load(&p->engine.unknown_acknowledged), journal_last_csn(p->engine.journal)); /* readers wait for the mirror */
    assert_int_equal(open_transactions(p), 0);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "BEGIN P; END;", false, 0, 1, false); /* a COMMIT or ROLLBACK inside */
    assert_string_equal(play_records(p), "dml dml intent unknown");
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "BEGIN P; END;", false, 0, 1, true); /* it may have committed a part .. */
    play_function(p, WIRE_FN_ROLLBACK);
    play_status(p, false);
    assert_string_equal(play_records(p), "dml dml intent unknown"); /* .. which tell the rows */
    assert_int_equal(open_transactions(p), 0);
    play_run(p, "BEGIN P; END;", false, 20000, 0, false); /* it failed, and may have committed a part before */
    assert_string_equal(play_records(p), "dml intent committed");
    assert_int_equal(gaps(p), 1);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_run(p, "BEGIN P; END;", false, 20000, 0, true); /* what is open may be another transaction by now: not known */
    assert_string_equal(play_records(p), "dml gap");
    play_function(p, WIRE_FN_COMMIT);
    play_status(p, false);
    assert_string_equal(play_records(p), "intent committed");
    member.since_us = UINT64_MAX; /* a feed that is younger than the call */
    play_run(p, "BEGIN P; END;", false, 0, 1, false);
    assert_string_equal(play_records(p), "gap");
    atomic_store(&p->engine.feed_set, NULL);
    play_end(p);
}

static void locks_are_no_writes(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    play_run(p, "LOCK TABLE T IN EXCLUSIVE MODE", false, 0, 0, true);
    assert_int_equal(open_transactions(p), 1);
    play_function(p, WIRE_FN_COMMIT);
    play_status(p, false);
    assert_int_equal(open_transactions(p), 0);
    play_run(p, "SELECT N FROM T WHERE ID = 1 FOR UPDATE", false, 1403, 1, true);
    assert_int_equal(open_transactions(p), 1);
    play_function(p, WIRE_FN_ROLLBACK);
    play_status(p, false);
    assert_int_equal(open_transactions(p), 0);
    play_run(p, "LOCK TABLE T IN EXCLUSIVE MODE NOWAIT", false, 54, 0, false);
    assert_int_equal(open_transactions(p), 0);
    assert_string_equal(play_records(p), "");
    /* The same inside one that writes, and a lock of DBMS_LOCK, which is in no table. */
    play_run(p, "LOCK TABLE T IN ROW EXCLUSIVE MODE", false, 0, 0, true);
    play_run(p, "BEGIN :1 := DBMS_LOCK.REQUEST('1', 6, 10, TRUE); END;", false, 0, 1, true);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    play_function(p, WIRE_FN_COMMIT);
    play_status(p, false);
    assert_string_equal(play_records(p), "dml intent committed");
    play_run(p, "BEGIN DBMS_LOCK.SLEEP(1); END;", false, 0, 1, false);
    play_run(p, "begin\n :id := dbms_transaction.local_transaction_id( TRUE );\nend;", false, 0, 1,
             true); /* what SQLAlchemy connects with */
    assert_int_equal(open_transactions(p), 1);
    play_function(p, WIRE_FN_ROLLBACK);
    play_status(p, false);
    play_run(p, "BEGIN :1 := SYSDATE; :2 := SYS.DBMS_UTILITY.GET_TIME; END;", false, 0, 2, false);
    assert_int_equal(gaps(p), 0);
    play_run(p, "BEGIN DBMS_TRANSACTION.COMMIT; END;", false, 0, 1, false); /* another member of the same package */
    assert_int_equal(gaps(p), 1);
    play_run(p, "BEGIN DBMS_LOCK.SLEEP(1); P; END;", false, 0, 1, false); /* something else too */
    assert_string_equal(play_records(p), "gap gap");
    assert_int_equal(gaps(p), 2);
    play_end(p);
}

static void distributed_body(struct play *p, uint8_t function, uint32_t operation)
{
    static const uint8_t xid[] = "global-branch";
    struct buffer *m = &p->message;
    wire_write_ub4(m, operation);
    buffer_u8(m, 0);
    wire_write_ub4(m, 0); /* no context */
    wire_write_ub4(m, 1); /* format */
    wire_write_ub4(m, 6);
    wire_write_ub4(m, 7);
    buffer_u8(m, 1);
    wire_write_ub4(m, 13);
    wire_write_ub4(m, 0);
    wire_write_ub4(m, 60);
    if (function == WIRE_FN_TPC_STATE) {
        buffer_u8(m, 1);
        wire_write_ub4(m, 0);
    } else {
        buffer_append(m, "\1\1\1", 3);
        for (int i = 0; i < 2; i++) {
            buffer_u8(m, 0);
            wire_write_ub4(m, 0);
        }
    }
    buffer_append(m, xid, 13);
    if (function == WIRE_FN_TPC_SWITCH) wire_write_ub4(m, 0);
}

static void distributed(struct play *p, uint8_t function, uint32_t operation)
{
    buffer_clear(&p->to_source);
    wire_simple_write(p->session->wire, 1, function, &p->message);
    distributed_body(p, function, operation);
    play_input(p, false);
}

static void distributed_answer(struct play *p, bool open)
{
    struct wire_end end = {.transaction_open = open};
    assert_true(buffer_size(&p->to_source) > 0);
    wire_end_write(p->session->wire, &end, 1, &p->message);
    play_input(p, true);
    assert_int_equal(p->session->call.state, CALL_NONE);
}

/* Work of a branch is committed elsewhere, later, by whoever finishes it: what was recorded is in doubt, and its tables are told. */
static void a_distributed_transaction(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    distributed(p, WIRE_FN_TPC_SWITCH, 1);
    distributed_answer(p, true);
    play_run(p, "UPDATE T SET N = 1 WHERE ID = 1", false, 0, 1, true);
    distributed(p, WIRE_FN_TPC_SWITCH, 2);
    distributed_answer(p, false);
    assert_string_equal(play_records(p), "dml gap intent unknown");
    distributed(p, WIRE_FN_TPC_STATE, 1);
    distributed_answer(p, false);
    assert_string_equal(play_records(p), "gap");
    assert_int_equal(open_transactions(p), 0);
    /* With the target as primary it is refused, not answered as done. */
    play_policy(p, PHASE_CUTOVER, SIDE_TARGET);
    buffer_clear(&p->to_client);
    distributed(p, WIRE_FN_TPC_SWITCH, 1);
    assert_int_equal(buffer_size(&p->to_source), 0);
    struct view said = buffer_view(&p->to_client);
    assert_non_null(memmem(said.data, said.size, "ORA-00439", 9));
    play_end(p);
}

/* A transaction without session is left by a piggyback of the statement that wrote: a COMMIT after it is not the one that commits that write. */
static void a_transaction_that_a_piggyback_leaves(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    wire_simple_write(p->session->wire, 1, WIRE_FN_TPC_SWITCH, &p->message);
    p->message.data[p->message.start] = 17; /* a piggyback, not a function */
    distributed_body(p, WIRE_FN_TPC_SWITCH, WIRE_TPC_POST_DETACH);
    play_run(p, "UPDATE T SET N = 2 WHERE ID = 2", false, 0, 1, false);
    assert_string_equal(play_records(p), "dml gap intent unknown");
    assert_int_equal(open_transactions(p), 0);
    play_function(p, WIRE_FN_COMMIT);
    play_status(p, false);
    assert_string_equal(play_records(p), "");
    play_end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(observe_counts_what_a_call_ends),   cmocka_unit_test(ddl_ends_the_open_transaction),
        cmocka_unit_test(a_block_that_ends_the_transaction), cmocka_unit_test(a_block_that_may_have_committed_a_part),
        cmocka_unit_test(a_block_that_a_key_feed_sees),      cmocka_unit_test(locks_are_no_writes),
        cmocka_unit_test(a_distributed_transaction),         cmocka_unit_test(a_transaction_that_a_piggyback_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
