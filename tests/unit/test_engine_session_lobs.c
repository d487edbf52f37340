/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary LOBs on the source: a session follows those that are there, forgets those that the client has freed, in whichever way, and keeps to its limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limit.h"
#include "tests/support/session_play.h"

enum { LOCATOR = 40, PIECE = 60000, ROUNDS = 50 };

static struct view locator_of(uint32_t number, uint8_t bytes[LOCATOR])
{
    memset(bytes, 0x11, LOCATOR);
    bytes[0] = 0;
    bytes[1] = LOCATOR - 2; /* the length of what follows */
    memcpy(bytes + 10, &number, sizeof number);
    return view_of(bytes, LOCATOR);
}

static void answer(struct play *p, const struct wire_lob_request *request, struct view locator)
{
    struct wire_end end = {.row_count = 0};
    assert_true(buffer_size(&p->to_source) > 0);
    wire_lob_result_write(p->session->wire, request, locator, request->amount, 0, &p->message);
    wire_end_write(p->session->wire, &end, 1, &p->message);
    play_input(p, true);
    assert_int_equal(p->session->call.state, CALL_NONE);
}

static void make(struct play *p, uint32_t number)
{
    uint8_t bytes[LOCATOR], none[LOCATOR] = {0};
    struct wire_lob_request request = {.operation = WIRE_LOB_CREATE_TEMPORARY,
                                       .source = view_of(none, LOCATOR),
                                       .source_length = LOCATOR,
                                       .destination_offset = WIRE_TYPE_BLOB,
                                       .has_amount = true,
                                       .amount = 10};
    buffer_clear(&p->to_source);
    wire_lob_write(p->session->wire, 1, &request, &p->message);
    play_input(p, false);
    answer(p, &request, locator_of(number, bytes));
}

static void fill(struct play *p, uint32_t number, uint64_t offset)
{
    static const uint8_t piece[PIECE] = {1, 2, 3};
    uint8_t bytes[LOCATOR];
    struct wire_lob_request request = {.operation = WIRE_LOB_WRITE,
                                       .source = locator_of(number, bytes),
                                       .source_length = LOCATOR,
                                       .source_offset = offset + 1,
                                       .has_data = true,
                                       .data = view_of(piece, sizeof piece)};
    buffer_clear(&p->to_source);
    wire_lob_write(p->session->wire, 1, &request, &p->message);
    play_input(p, false);
    answer(p, &request, request.source);
}

static void free_by_call(struct play *p, uint32_t number)
{
    uint8_t bytes[LOCATOR];
    struct wire_lob_request request = {.operation = WIRE_LOB_FREE_TEMPORARY, .source = locator_of(number, bytes), .source_length = LOCATOR};
    buffer_clear(&p->to_source);
    wire_lob_write(p->session->wire, 1, &request, &p->message);
    play_input(p, false);
    answer(p, &request, request.source);
}

/* Two of them, in front of another call. */
static void free_by_piggyback(struct play *p, uint32_t first)
{
    uint8_t bytes[2 * LOCATOR];
    (void)locator_of(first, bytes);
    (void)locator_of(first + 1, bytes + LOCATOR);
    struct wire_lob_request request = {
        .operation = WIRE_LOB_FREE_TEMPORARY_ARRAY, .source = view_of(bytes, sizeof bytes), .source_length = sizeof bytes};
    wire_lob_write(p->session->wire, 1, &request, &p->message);
    p->message.data[p->message.start] = 17; /* a piggyback looks like a function but for its first byte */
    play_function(p, WIRE_FN_PING);
    play_status(p, false);
}

static uint32_t followed(const struct play *p)
{
    uint32_t count = 0;
    for (const struct source_lob *lob = p->session->source_lobs; lob; lob = lob->next) count++;
    return count;
}

static void freed_lobs_are_forgotten(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        for (uint32_t lob = 0; lob < 4; lob++) {
            make(p, i * 4 + lob);
            fill(p, i * 4 + lob, 0);
        }
        assert_int_equal(followed(p), 4);
        assert_true(p->session->source_lob_bytes >= 4 * PIECE);
        free_by_piggyback(p, i * 4);
        assert_int_equal(followed(p), 2);
        free_by_call(p, i * 4 + 2);
        free_by_call(p, i * 4 + 3);
        assert_int_equal(followed(p), 0);
        assert_int_equal(p->session->source_lob_bytes, 0);
    }
    play_end(p);
}

/* A client that frees nothing: what it made last is there, the session stays within its limit. */
static void the_limit_holds(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    uint32_t number = 0;
    for (; (uint64_t)number * PIECE < 2 * (uint64_t)LIMIT_SESSION_SOURCE_LOB_BYTES; number++) {
        make(p, number);
        fill(p, number, 0);
        assert_true(p->session->source_lob_bytes <= LIMIT_SESSION_SOURCE_LOB_BYTES);
        uint8_t bytes[LOCATOR];
        assert_memory_equal(p->session->source_lobs->locator, locator_of(number, bytes).data, LOCATOR);
        assert_int_equal(buffer_size(&p->session->source_lobs->bytes), PIECE);
    }
    assert_true(followed(p) < number);
    /* One that is larger than all of the limit pushes the others out, and is whole. */
    make(p, number);
    for (uint64_t at = 0; at < (uint64_t)LIMIT_SESSION_SOURCE_LOB_BYTES + PIECE; at += PIECE) fill(p, number, at);
    assert_int_equal(followed(p), 1);
    assert_true(buffer_size(&p->session->source_lobs->bytes) > LIMIT_SESSION_SOURCE_LOB_BYTES);
    free_by_call(p, number);
    assert_int_equal(p->session->source_lob_bytes, 0);
    play_end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(freed_lobs_are_forgotten), cmocka_unit_test(the_limit_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
