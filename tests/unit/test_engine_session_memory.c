/* SPDX-License-Identifier: Apache-2.0 */
/* The hot path allocates nothing: a session that relays calls it has seen before, reads, writes and commits, in every phase in which the source is primary. */
#define _GNU_SOURCE /* memmem */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/allocations.h"
#include "tests/support/session_play.h"

enum { WARM = 200, COUNTED = 1000, READER = 11, WRITER = 12 };
static const struct wire_oac number = {.type = WIRE_TYPE_NUMBER, .size_max = 22, .precision = 12};
static const struct wire_column column = {.name = (char *)(uintptr_t) "N", .oac = number};
static const uint8_t one[] = {0xc1, 2};

static void watch(bool inside)
{
    allocations_on = inside;
}

static void ask(struct play *p, const char *sql, uint32_t cursor, uint8_t function, uint32_t binds, bool commit)
{
    static const struct wire_oac oacs[2] = {number, number};
    static const struct wire_bind row[2] = {{.present = true, .raw = {one, sizeof one}}, {.present = true, .raw = {one, sizeof one}}};
    bool query = cursor == READER;
    struct wire_execute_spec spec = {.options = (sql ? WIRE_OPTION_PARSE : 0) | WIRE_OPTION_EXECUTE | WIRE_OPTION_BIND |
                                                WIRE_OPTION_NOT_PLSQL | (query ? WIRE_OPTION_FETCH : 0) | (commit ? WIRE_OPTION_COMMIT : 0),
                                     .cursor_id = sql ? 0 : cursor,
                                     .sql = sql ? view_text(sql) : view_of(NULL, 0),
                                     .prefetch_rows = 2,
                                     .execution_count = query ? 0 : 1,
                                     .binds = oacs,
                                     .bind_count = binds,
                                     .rows = row,
                                     .row_count = 1,
                                     .query = query};
    buffer_clear(&p->to_source);
    buffer_clear(&p->to_client);
    if (function == WIRE_FN_EXECUTE)
        assert_true(wire_execute_write(p->session->wire, 1, &spec, &p->message));
    else
        assert_true(wire_reexecute_write(p->session->wire, 1, function, &spec, &p->message));
    play_input(p, false);
    assert_true(buffer_size(&p->to_source) > 0);
}

static void answer(struct play *p, uint32_t cursor, bool first, bool open)
{
    struct wire_end end = {.row_count = 1, .cursor_id = cursor, .transaction_open = open, .error = cursor == READER ? 1403 : 0};
    struct value value = {.type = VALUE_NUMBER, .bytes = {one, sizeof one}};
    if (cursor == READER) {
        end.message = view_text("ORA-01403: no data found\n");
        if (first) wire_describe_write(p->session->wire, &column, 1, &p->message);
        wire_row_header_write(p->session->wire, 1, 2, &p->message);
        wire_row_begin(&p->message);
        assert_true(wire_row_value(p->session->wire, &number, NULL, &value, &p->message));
    }
    wire_parameters_write(p->session->wire, cursor, NULL, 0, false, &p->message);
    wire_end_write(p->session->wire, &end, 1, &p->message);
    play_input(p, true);
    assert_int_equal(p->session->call.state, CALL_NONE);
    assert_true(buffer_size(&p->to_client) > 0);
}

static void one_round(struct play *p)
{
    static const uint8_t queries[] = {WIRE_FN_EXECUTE, WIRE_FN_REEXECUTE_FETCH}, writes[] = {WIRE_FN_EXECUTE, WIRE_FN_REEXECUTE};
    for (uint32_t i = 0; i < 2; i++) {
        ask(p, NULL, READER, queries[i], 1, false);
        answer(p, READER, false, false);
        ask(p, NULL, WRITER, writes[i], 2, false);
        answer(p, WRITER, false, true);
        play_function(p, WIRE_FN_COMMIT);
        play_status(p, false);
        ask(p, NULL, WRITER, writes[i], 2, true);
        answer(p, WRITER, false, false);
        play_records(p); /* keeps the journal short */
        journal_release(p->engine.journal, p->read_from);
    }
}

static void check_phase(enum engine_phase phase)
{
    struct play *p = play_begin(phase);
    p->watch = watch;
    ask(p, "SELECT N FROM T WHERE ID = :1", READER, WIRE_FN_EXECUTE, 1, false);
    answer(p, READER, true, false);
    ask(p, "UPDATE T SET N = :1 WHERE ID = :2", WRITER, WIRE_FN_EXECUTE, 2, true);
    answer(p, WRITER, true, false);
    play_records(p);
    for (uint32_t i = 0; i < WARM; i++) one_round(p);
    if (allocations_counted) assert_true(allocations > 0); /* the first calls did: it is counted */
    allocations = 0;
    for (uint32_t i = 0; i < COUNTED; i++) one_round(p);
    assert_int_equal(allocations, 0);
    play_end(p);
}

static void observe_allocates_nothing(void **state)
{
    (void)state;
    check_phase(PHASE_OBSERVE);
}

static void dual_write_allocates_nothing(void **state)
{
    (void)state;
    check_phase(PHASE_DUAL_WRITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(observe_allocates_nothing), cmocka_unit_test(dual_write_allocates_nothing)};
    if (!allocations_counted) print_message("SKIPPED: a sanitizer has its own malloc; allocations are not counted in this build\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
