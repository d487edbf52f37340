/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: every field version and text form, every prefix, damaged bytes, piggybacks, and what a request does to the cursor table. */
#include "wire/request.h"

#include "tests/support/wire_bench_fixture.h"
#include "wire/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct wire_oac four_binds[] = {
    {.type = WIRE_TYPE_NUMBER, .flags = 1, .size_max = 22},
    {.type = WIRE_TYPE_VARCHAR, .flags = 1, .size_max = 80, .charset = 873, .form = 1, .characters_max = 20},
    {.type = WIRE_TYPE_TIMESTAMP, .flags = 3, .size_max = 11},
    {.type = WIRE_TYPE_CLOB, .flags = 1, .size_max = 4000, .continue_flags = WIRE_CONTINUE_LOB_PREFETCH},
};

static void write_insert(uint32_t cursor_id, const char *sql)
{
    struct wire_bind rows[8];
    for (int i = 0; i < 8; i++) rows[i] = wire_bind_of(i % 4 == 3 ? "locator" : i == 5 ? NULL : "\xc1\x02");
    struct wire_execute_spec spec = {
        .options = WIRE_OPTION_PARSE | WIRE_OPTION_BIND | WIRE_OPTION_EXECUTE | WIRE_OPTION_NOT_PLSQL | WIRE_OPTION_COMMIT,
        .cursor_id = cursor_id,
        .sql = view_text(sql),
        .prefetch_rows = 1,
        .execution_count = 2,
        .binds = four_binds,
        .bind_count = 4,
        .rows = rows,
        .row_count = 2,
        .dml_row_counts = true,
    };
    uint32_t ids[] = {3, 70000};
    wire_close_cursors_write(&bench.session, 7, ids, 2, &bench.message);
    assert_true(wire_execute_write(&bench.session, 8, &spec, &bench.message));
}

static void assert_insert(void)
{
    struct wire_request *request = &bench.request;
    assert_int_equal(request->function, WIRE_FN_EXECUTE);
    assert_int_equal(request->sequence, 8);
    assert_int_equal(request->piggyback_count, 1);
    assert_int_equal(request->piggybacks[0].id_count, 2);
    assert_int_equal(request->piggybacks[0].ids[1], 70000);
    assert_int_equal(request->execute.options, 0x8129);
    assert_true(request->execute.commit);
    assert_true(request->execute.dml_row_counts == (bench.session.field_version >= 7));
    assert_int_equal(request->execute.execution_count, 2);
    assert_int_equal(request->execute.bind_count, 4);
    assert_int_equal(request->execute.binds[1].size_max, 80);
    assert_int_equal(request->execute.binds[1].charset, 873);
    assert_int_equal(request->execute.binds[1].characters_max, 20);
    assert_true(request->execute.binds[3].continue_flags == WIRE_CONTINUE_LOB_PREFETCH);
    assert_int_equal(request->execute.row_count, 2);
    assert_true(view_equal(request->execute.rows[0].raw, view_text("\xc1\x02")));
    assert_true(view_equal(request->execute.rows[7].raw, view_text("locator")));
    assert_true(request->execute.rows[5].null);
    assert_false(request->execute.rows[6].null);
    assert_non_null(request->cursor);
    assert_string_equal(request->cursor->sql, "insert into t values(:a,:b,:c,:d)");
    assert_true(request->cursor->dml);
}

static void test_an_execution_in_every_form(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WIRE_FORM_COUNT; i++) {
        bench.session = wire_session_of(wire_form_at(i));
        buffer_clear(&bench.message);
        write_insert(0, "insert into t values(:a,:b,:c,:d)");
        assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
        assert_insert();
        /* No value and no text was copied: they are views of the message. */
        const uint8_t *start = bench.exact, *end = start + buffer_size(&bench.message);
        assert_true(bench.request.execute.rows[0].raw.data > start && bench.request.execute.rows[0].raw.data < end);
        wire_request_abandon(bench.cursors, &bench.request);
        assert_int_equal(wire_cursor_count(bench.cursors), 0);
    }
}

static void test_every_prefix_needs_more(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WIRE_FORM_COUNT; i++) {
        bench.session = wire_session_of(wire_form_at(i));
        buffer_clear(&bench.message);
        write_insert(12, "insert into t values(:a,:b,:c,:d)");
        for (size_t size = 0; size < buffer_size(&bench.message); size++) {
            assert_int_equal(wire_bench_decode_part(&bench, size), WIRE_NEED_MORE);
            assert_int_equal(wire_cursor_count(bench.cursors), 0); /* nothing entered the table */
        }
    }
}

/* Any byte, any value: an answer, no read outside, and nothing left in the table. */
static void test_damaged_bytes(void **state)
{
    (void)state;
    static const uint8_t values[] = {0, 1, 2, 4, 7, 8, 9, 0x7F, 0x80, 0x84, 252, 253, 254, 255};
    for (unsigned form = 0; form < WIRE_FORM_COUNT; form += 5) {
        bench.session = wire_session_of(wire_form_at(form));
        buffer_clear(&bench.message);
        write_insert(0, "insert into t values(:a,:b,:c,:d)");
        for (size_t at = 0; at < buffer_size(&bench.message); at++)
            for (size_t v = 0; v < sizeof values; v++) {
                uint8_t *byte = bench.message.data + bench.message.start + at, kept = *byte;
                *byte = values[v];
                enum wire_status status = wire_bench_decode(&bench);
                *byte = kept;
                assert_true(bench.request.undecoded == (status == WIRE_UNKNOWN || status == WIRE_MALFORMED));
                if (status == WIRE_DECODED) wire_request_abandon(bench.cursors, &bench.request);
                assert_int_equal(wire_cursor_count(bench.cursors), 0);
            }
    }
}

static void test_limits_are_checked_before_room_is_made(void **state)
{
    (void)state;
    write_insert(0, "insert into t values(:a,:b,:c,:d)");
    static const struct {
        size_t call_max, value_max;
        uint32_t bind_max, cursor_max, rows_max;
    } limits[] = {
        {20, 1000, 100, 100, 100},
        {100000, 1000, 3, 100, 100},
        {100000, 1000, 100, 0, 100},
        {100000, 1000, 100, 100, 1},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct wire_cursor_table *table = bench.cursors;
        bench.cursors = wire_cursor_table_new(limits[i].cursor_max, NULL);
        bench.session.limits.call_max = limits[i].call_max;
        bench.session.limits.value_max = limits[i].value_max;
        bench.session.limits.bind_max = limits[i].bind_max;
        bench.session.limits.rows_max = limits[i].rows_max;
        assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
        assert_int_equal(bench.error.code, ERROR_LIMIT);
        wire_cursor_table_free(bench.cursors);
        bench.cursors = table;
    }
    bench.session.limits = wire_limits_default;
    bench.session.limits.value_max = 5;                        /* a value over its limit can never become good */
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN); /* here the statement itself */
    bench.session.limits = wire_limits_default;
    arena_release(&bench.arena);
    arena_init(&bench.arena, 256);
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
    assert_int_equal(bench.error.code, ERROR_LIMIT);
}

/* Counts that promise more than the message can hold make it wait, not allocate. */
static void test_large_counts(void **state)
{
    (void)state;
    wire_bench_add_hex(&bench, "11 69 01 01 04 ff ff ff ff 01 05"); /* four thousand million ids to close */
    assert_int_equal(wire_bench_decode(&bench), WIRE_NEED_MORE);
    assert_true(bench.arena.used < 4096);
    buffer_clear(&bench.message);
    wire_bench_add_hex(&bench, "11 69 01 01 05 01 ff ff ff ff 01 05"); /* a length that no such number has */
    assert_int_equal(wire_bench_decode(&bench), WIRE_MALFORMED);
}

/* ---- functions without a statement ---- */

static void test_short_functions(void **state)
{
    (void)state;
    static const uint8_t functions[] = {WIRE_FN_COMMIT, WIRE_FN_ROLLBACK, WIRE_FN_PING, WIRE_FN_LOGOFF};
    for (size_t i = 0; i < sizeof functions; i++) {
        buffer_clear(&bench.message);
        wire_simple_write(&bench.session, 200, functions[i], &bench.message);
        assert_int_equal(wire_bench_decode_part(&bench, 2), WIRE_NEED_MORE);
        assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
        assert_int_equal(bench.request.function, functions[i]);
        assert_int_equal(bench.request.sequence, 200);
        buffer_u8(&bench.message, 0);
        assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN); /* a byte too many */
    }
    buffer_clear(&bench.message);
    wire_bench_add_hex(&bench, "03 3b 05 01 02 01 00 01 01 01 01"); /* version */
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    buffer_clear(&bench.message);
    wire_bench_add_hex(&bench, "13"); /* the client's turn after FLUSH_OUT_BINDS */
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_int_equal(bench.request.function, 0);
    bench.session.field_version = 18; /* a token behind the sequence number */
    buffer_clear(&bench.message);
    wire_bench_add_hex(&bench, "03 0e 05 01 09");
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_int_equal(bench.request.token, 9);
}

static void test_distributed_transactions(void **state)
{
    (void)state;
    wire_bench_add_hex(&bench, "03 67 01 01 01 00 00 01 07 01 02 01 01 01 01 03 01 02 01 3c 01 01 01 00 00 00 00 aa bb cc 00");
    assert_int_equal(wire_bench_decode_part(&bench, 20), WIRE_NEED_MORE);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_int_equal(bench.request.tpc.operation, 1);
    assert_int_equal(bench.request.tpc.flags, 2);
    assert_int_equal(bench.request.tpc.timeout, 60);
    assert_int_equal(bench.request.tpc.xid.size, 3);
    assert_int_equal(bench.request.tpc.format, 7);
    assert_int_equal(bench.request.tpc.global_size, 2);
    assert_int_equal(bench.request.tpc.context.size, 0);
    buffer_clear(&bench.message);
    wire_bench_add_hex(&bench, "03 68 01 01 03 01 01 02 01 07 01 02 01 01 01 01 03 00 01 04 01 00 dd ee aa bb cc");
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_int_equal(bench.request.tpc.operation, 3);
    assert_int_equal(bench.request.tpc.state, WIRE_TPC_READ_ONLY);
    assert_int_equal(bench.request.tpc.context.size, 2);
    assert_int_equal(bench.request.tpc.context.data[0], 0xdd);
    assert_int_equal(bench.request.tpc.xid.size, 3);
}

static void test_what_is_not_known_is_said_to_be_unknown(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "03 79 01 00",                                                                            /* a queue operation */
        "11 cd 01 01 01 01",                                                                      /* a piggyback */
        "01 06 00 41 00",                                                                         /* no call at all */
        "03 77 01 01 01 03 00 01 00 00",                                                          /* a describe call with an option */
        "03 60 01 01 01 02 00 00 00 00 00 00 00 01 04 00 00 01 01 00 00 00 00 00 00 00 00 aa bb", /* a LOB operation */
    };
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        buffer_clear(&bench.message);
        wire_bench_add_hex(&bench, unknown[i]);
        assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
        assert_true(bench.request.undecoded);
        assert_true(bench.error.text[0] != 0);
    }
    bench.session.encoding = WIRE_ENCODING_UNKNOWN;
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
}

/* ---- piggybacks ---- */

static void test_piggybacks(void **state)
{
    (void)state;
    wire_bench_add_hex(&bench, "11 87 01 00 00 02 01 19 01 01 04 01 01 03 01 01 03 00 00 00 00 01 01 02 00 00 00 00 00 00 04 61 70 70 31 "
                               "03 6d 6f 64 03 61 63 74 02 69 6e");
    wire_bench_add_hex(&bench, "11 98 02 01 01 03 03 48 52 31");                                           /* schema */
    wire_bench_add_hex(&bench, "11 b0 03 01 44");                                                          /* session state */
    wire_bench_add_hex(&bench, "11 9a 04 01 01 02 01 01 01 01 01 00 02 4e 53 01 01 01 6b 01 01 01 76 00"); /* application context */
    wire_bench_add_hex(&bench, "11 bf 05 01 01 03 00 03 31 2c 32");                                        /* JDBC, before it logs off */
    wire_bench_add_hex(&bench,
                       "11 60 06 01 01 04 00 00 00 00 00 00 00 03 08 01 11 00 00 00 00 00 00 00 00 00 00 00 0a 0b 0c 0d"); /* free LOBs */
    wire_bench_add_hex(&bench, "11 c7 07 00 00 01");                                                                       /* pipeline */
    wire_bench_add_hex(&bench, "11 78 08 01 01 01 01 05");                                                                 /* cancel */
    size_t piggybacks = buffer_size(&bench.message);
    wire_simple_write(&bench.session, 9, WIRE_FN_PING, &bench.message);
    for (size_t size = 0; size < buffer_size(&bench.message); size++)
        assert_int_equal(wire_bench_decode_part(&bench, size), WIRE_NEED_MORE);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    const struct wire_piggyback *all = bench.request.piggybacks;
    assert_int_equal(bench.request.piggyback_count, 8);
    assert_true(view_equal(all[0].text, view_text("app1")));
    assert_true(view_equal(all[0].module, view_text("mod")));
    assert_true(view_equal(all[0].action, view_text("act")));
    assert_true(view_equal(all[0].client_info, view_text("in")));
    assert_true(view_equal(all[1].text, view_text("HR1")));
    assert_int_equal(all[2].bits, 0x44);
    assert_int_equal(all[7].ids[0], 5);
    size_t sum = 0;
    for (int i = 0; i < 8; i++) sum += all[i].size;
    assert_int_equal(sum, piggybacks);
    assert_int_equal(bench.request.function_at, piggybacks);
}

static void test_texts_without_a_length_of_their_own(void **state)
{
    (void)state;
    bench.session.conversion_length = false;
    wire_bench_add_hex(&bench, "11 87 01 00 00 01 09 01 01 02 01 01 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 61 70 6d"); /* raw texts */
    wire_bench_add_hex(&bench, "11 bf 05 01 01 03 00 31 2c 32");
    wire_simple_write(&bench.session, 9, WIRE_FN_PING, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_true(view_equal(bench.request.piggybacks[0].text, view_text("ap")));
    assert_true(view_equal(bench.request.piggybacks[0].module, view_text("m")));
    assert_true(view_equal(bench.request.piggybacks[1].text, view_text("1,2")));
}

static void test_too_many_piggybacks(void **state)
{
    (void)state;
    for (int i = 0; i < 65; i++) wire_bench_add_hex(&bench, "11 b0 03 00");
    wire_simple_write(&bench.session, 9, WIRE_FN_PING, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
    assert_int_equal(bench.error.code, ERROR_LIMIT);
}

/* ---- the cursor table ---- */

static void test_a_decode_changes_nothing_and_a_commit_does(void **state)
{
    (void)state;
    wire_bench_cursor(&bench, 3, "select 3 from dual", NULL, 0);
    wire_bench_cursor(&bench, 12, "select 12 from dual", NULL, 0);
    write_insert(12, "insert into t values(:a,:b,:c,:d)"); /* closes 3, parses into 12 */
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_string_equal(wire_cursor_find(bench.cursors, 3)->sql, "select 3 from dual");
    assert_string_equal(wire_cursor_find(bench.cursors, 12)->sql, "select 12 from dual");
    wire_request_commit(bench.cursors, &bench.request);
    assert_null(wire_cursor_find(bench.cursors, 3));
    struct wire_cursor *cursor = wire_cursor_find(bench.cursors, 12);
    assert_ptr_equal(cursor, bench.request.cursor);
    assert_string_equal(cursor->sql, "insert into t values(:a,:b,:c,:d)");
    assert_int_equal(cursor->bind_count, 4);
    assert_int_equal(cursor->executions, 1);
    arena_reset(&bench.arena); /* the statement's text is the table's own by now */
    assert_string_equal(cursor->sql, "insert into t values(:a,:b,:c,:d)");
}

static void test_an_abandoned_request_leaves_nothing(void **state)
{
    (void)state;
    wire_bench_cursor(&bench, 12, "select 12 from dual", NULL, 0);
    write_insert(12, "insert into t values(:a,:b,:c,:d)");
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    wire_request_abandon(bench.cursors, &bench.request);
    assert_null(bench.request.cursor);
    assert_int_equal(wire_cursor_count(bench.cursors), 1);
    assert_string_equal(wire_cursor_find(bench.cursors, 12)->sql, "select 12 from dual");
    buffer_clear(&bench.message);
    wire_fetch_write(&bench.session, 1, 12, 10, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    wire_request_abandon(bench.cursors, &bench.request); /* an entry that was there stays */
    assert_non_null(wire_cursor_find(bench.cursors, 12));
}

/* A request that nobody finished: its entry, whose text lay in an arena that is gone, ends with the next decode. */
static void test_a_forgotten_request_ends_with_the_next(void **state)
{
    (void)state;
    write_insert(0, "insert into t values(:a,:b,:c,:d)");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
        assert_int_equal(wire_cursor_count(bench.cursors), 1);
    }
    wire_request_commit(bench.cursors, &bench.request);
    struct wire_cursor *sent = bench.request.cursor;
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED); /* one that was sent and waits for its reply stays */
    assert_int_equal(wire_cursor_count(bench.cursors), 2);
    assert_string_equal(sent->sql, "insert into t values(:a,:b,:c,:d)");
}

static void test_unknown_cursors(void **state)
{
    (void)state;
    wire_fetch_write(&bench.session, 1, 12, 10, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
    assert_true(bench.request.unknown_cursor);
    assert_int_equal(bench.request.fetch.cursor_id, 12);
    struct wire_execute_spec spec = {.options = WIRE_OPTION_EXECUTE, .cursor_id = 12, .execution_count = 1};
    buffer_clear(&bench.message);
    wire_reexecute_write(&bench.session, 1, WIRE_FN_REEXECUTE, &spec, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
    assert_true(bench.request.unknown_cursor);
    buffer_clear(&bench.message);
    wire_execute_write(&bench.session, 1, &spec, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
    assert_true(bench.request.unknown_cursor);
    /* Closed by the list stapled before it. */
    uint32_t id = 12;
    wire_bench_cursor(&bench, 12, "select 12 from dual", NULL, 0);
    buffer_clear(&bench.message);
    wire_close_cursors_write(&bench.session, 1, &id, 1, &bench.message);
    wire_fetch_write(&bench.session, 2, 12, 10, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
    assert_true(bench.request.unknown_cursor);
}

/* What was not read may have closed cursors and recycled their ids. */
static void test_an_undecoded_request_takes_doubtful_entries_along(void **state)
{
    (void)state;
    wire_bench_cursor(&bench, 3, "select 3 from dual", NULL, 0);
    wire_bench_cursor(&bench, 4, "select 4 from dual", NULL, 0);
    wire_bench_add_hex(&bench, "11 69 01 01 01 01 01 03 03 79 01 00"); /* closes 3, then an unknown function: 4 is not touched */
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
    wire_request_commit(bench.cursors, &bench.request);
    assert_null(wire_cursor_find(bench.cursors, 3));
    assert_non_null(wire_cursor_find(bench.cursors, 4));
    buffer_clear(&bench.message);
    wire_bench_add_hex(&bench, "11 cd 01 01 01 01"); /* an unknown piggyback: anything may follow */
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
    wire_request_commit(bench.cursors, &bench.request);
    assert_int_equal(wire_cursor_count(bench.cursors), 0);
}

static void test_an_unreadable_parse_into_a_cursor_closes_it_here(void **state)
{
    (void)state;
    wire_bench_cursor(&bench, 12, "select 12 from dual", NULL, 0);
    wire_bench_cursor(&bench, 13, "select 13 from dual", NULL, 0);
    write_insert(12, "insert into t values(:a,:b,:c,:d)");
    buffer_u8(&bench.message, 0);
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN);
    wire_request_commit(bench.cursors, &bench.request);
    assert_null(wire_cursor_find(bench.cursors, 12));
    assert_non_null(wire_cursor_find(bench.cursors, 13));
}

static void test_logoff_empties_the_table(void **state)
{
    (void)state;
    wire_bench_cursor(&bench, 12, "select 12 from dual", NULL, 0);
    wire_simple_write(&bench.session, 1, WIRE_FN_LOGOFF, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    wire_request_commit(bench.cursors, &bench.request);
    assert_int_equal(wire_cursor_count(bench.cursors), 0);
}

static void test_statement_texts(void **state)
{
    (void)state;
    struct wire_execute_spec spec = {.options = WIRE_OPTION_PARSE | WIRE_OPTION_EXECUTE, .sql = view_of("alter session set x = 1\0\0", 25)};
    wire_execute_write(&bench.session, 1, &spec, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_string_equal(bench.request.cursor->sql, "alter session set x = 1");
    assert_int_equal(bench.request.cursor->sql_size, 23);
    wire_request_abandon(bench.cursors, &bench.request);
    bench.session.client_charset = 46; /* Latin-9 on the wire, UTF-8 in the table */
    buffer_clear(&bench.message);
    spec.sql = view_text("select '\xe2\x82\xac' from dual");
    wire_execute_write(&bench.session, 1, &spec, &bench.message);
    assert_int_equal(wire_bench_decode(&bench), WIRE_DECODED);
    assert_string_equal(bench.request.cursor->sql, "select '\xe2\x82\xac' from dual");
    wire_request_abandon(bench.cursors, &bench.request);
    bench.session.client_charset = 873;
    assert_int_equal(wire_bench_decode(&bench), WIRE_UNKNOWN); /* the byte is no UTF-8 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_execution_in_every_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_prefix_needs_more, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits_are_checked_before_room_is_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_short_functions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_distributed_transactions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_known_is_said_to_be_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_piggybacks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_texts_without_a_length_of_their_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_piggybacks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_decode_changes_nothing_and_a_commit_does, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_abandoned_request_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_forgotten_request_ends_with_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_cursors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_undecoded_request_takes_doubtful_entries_along, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_unreadable_parse_into_a_cursor_closes_it_here, setup, teardown),
        cmocka_unit_test_setup_teardown(test_logoff_empties_the_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_statement_texts, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
