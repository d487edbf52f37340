/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of OCI clients: what can be read is journalled, what cannot is a gap on its tables until its transaction is over, and nothing is ever served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/memory.h"
#include "tests/support/oci_messages.h"
#include "tests/support/session_play.h"

enum { VERSION = 12 };

static struct play *oci_play(enum engine_phase phase, enum wire_encoding encoding)
{
    struct play *p = play_begin(phase);
    p->session->wire->encoding = encoding;
    p->session->wire->native_encoding = true;
    return p;
}

static void run(struct play *p, const char *sql, uint32_t options, uint32_t binds)
{
    struct oci_execute shape = {.sql = sql, .options = options, .binds = binds};
    buffer_clear(&p->to_source);
    oci_write_execute(&p->message, &shape, VERSION);
    if (binds) oci_zeros(&p->message, 40);
    size_t size = buffer_size(&p->message);
    uint8_t *sent = memory_copy(p->message.data + p->message.start, size);
    play_input(p, false);
    /* every byte as it came: ten of header, then the message */
    if (buffer_size(&p->to_source)) assert_memory_equal(p->to_source.data + p->to_source.start + 10, sent, size);
    memory_free(sent);
}

static void function(struct play *p, uint8_t number)
{
    oci_begin(&p->message, 3, number, 2, VERSION);
    play_input(p, false);
}

static void ends(struct play *p, bool open)
{
    size_t at = buffer_size(&p->message);
    oci_write_end(&p->message, 0, 0, 4, 1, VERSION);
    p->message.data[p->message.start + at + 1] = open ? 3 : 1;
    play_input(p, true);
}

static void status(struct play *p, bool open)
{
    buffer_u8(&p->message, 9);
    oci_put(&p->message, open ? 3 : 1, 4);
    oci_put(&p->message, 7, 2);
    play_input(p, true);
}

struct ledger {
    char words[400];
};

static void add_gap(void *context, const struct state_gap *gap)
{
    struct ledger *ledger = context;
    size_t at = strlen(ledger->words);
    snprintf(ledger->words + at, sizeof ledger->words - at, "%s%s", at ? " " : "", gap->table);
}

static const char *gaps(struct play *p)
{
    static struct ledger ledger;
    ledger.words[0] = 0;
    state_gap_each(p->engine.state, true, add_gap, &ledger);
    return ledger.words;
}

static void what_is_read_is_journalled(void **state)
{
    (void)state;
    struct play *p = oci_play(PHASE_DUAL_WRITE, WIRE_ENCODING_FIXED);
    run(p, "INSERT INTO t (id, n) VALUES (1, 2)", 0x8021, 0);
    ends(p, true);
    assert_string_equal(play_records(p), "dml");
    function(p, WIRE_FN_COMMIT);
    assert_string_equal(play_records(p), "intent");
    status(p, false);
    assert_string_equal(play_records(p), "committed");
    assert_string_equal(gaps(p), "");
    play_end(p);
}

static void binds_are_a_gap_until_the_commit(void **state)
{
    (void)state;
    struct play *p = oci_play(PHASE_DUAL_WRITE, WIRE_ENCODING_FIXED);
    run(p, "INSERT INTO t (id, n) VALUES (:1, 2)", 0x8029, 1);
    assert_string_equal(gaps(p), "T");
    assert_string_equal(play_records(p), "gap");
    ends(p, true);
    assert_string_equal(gaps(p), "T T");                /* now it is done */
    run(p, "SELECT n FROM t WHERE id = :1", 0x8069, 1); /* a read leaves none */
    ends(p, true);
    assert_string_equal(gaps(p), "T T");
    function(p, WIRE_FN_COMMIT);
    status(p, false);
    assert_string_equal(gaps(p), "T T T"); /* again: a verify before the commit has not seen the row */
    run(p, "INSERT INTO t (id, n) VALUES (:1, 2)", 0x8029, 1);
    ends(p, true);
    function(p, WIRE_FN_ROLLBACK);
    status(p, false);
    assert_string_equal(gaps(p), "T T T T T"); /* sent and answered, and no third time: nothing came of it */
    play_end(p);
}

/* What ran before an unread call that carries the commit is committed with it, and its records never get an outcome. */
static void an_unread_commit_may_have_committed_everything(void **state)
{
    (void)state;
    struct play *p = oci_play(PHASE_DUAL_WRITE, WIRE_ENCODING_FIXED);
    run(p, "INSERT INTO t (id, n) VALUES (1, 2)", 0x8021, 0);
    ends(p, true);
    run(p, "UPDATE t SET n = :1", 0x8129, 1);
    assert_string_equal(gaps(p), "*");
    play_end(p);
}

static void structures_are_read_in_requests_only(void **state)
{
    (void)state;
    struct play *p = oci_play(PHASE_DUAL_WRITE, WIRE_ENCODING_STRUCT);
    function(p, WIRE_FN_ROLLBACK);
    status(p, false);
    assert_string_equal(gaps(p), "");
    function(p, WIRE_FN_COMMIT); /* its answer is of a form that was not seen */
    oci_put(&p->message, 0x0108, 30);
    play_input(p, true);
    assert_string_equal(gaps(p), "*");
    assert_int_equal(p->session->call.state, CALL_NONE);
    play_end(p);
}

static void nothing_is_served(void **state)
{
    (void)state;
    struct play *p = oci_play(PHASE_SHADOW, WIRE_ENCODING_FIXED);
    engine_set_policy(&p->engine,
                      &(struct engine_policy){.phase = PHASE_CANARY, .mirror = true, .canary_percent = 100, .source_attached = true});
    atomic_store(&p->engine.target_healthy, true);
    for (int i = 0; i < 2; i++) { /* described by the first, it could be served */
        run(p, "SELECT n FROM t WHERE id = 1", 0x8061, 0);
        assert_int_equal(p->session->call.state, CALL_RELAYED);
        oci_write_describe(&p->message, VERSION);
        oci_write_row(&p->message);
        ends(p, false);
    }
    play_policy(p, PHASE_CUTOVER, SIDE_TARGET);
    buffer_clear(&p->to_client);
    run(p, "SELECT n FROM t WHERE id = 1", 0x8061, 0);
    assert_int_equal(buffer_size(&p->to_source), 0);
    struct wire_packet packet;
    assert_int_equal(wire_packet_next(p->to_client.data + p->to_client.start, buffer_size(&p->to_client), true, 8192, &packet),
                     WIRE_DECODED);
    /* an end of call in the client's own widths: the number where it stands twice, and its text */
    assert_int_equal(packet.payload.data[0], 4);
    assert_int_equal(packet.payload.data[11] | packet.payload.data[12] << 8, 3115);
    assert_int_equal(packet.payload.data[66] | packet.payload.data[67] << 8, 3115);
    assert_memory_equal(packet.payload.data + 72, "ORA-03115", 9);
    assert_false(p->session->closing);
    play_end(p);

    p = oci_play(PHASE_CUTOVER, WIRE_ENCODING_STRUCT); /* not even an error can be said */
    play_policy(p, PHASE_CUTOVER, SIDE_TARGET);
    function(p, WIRE_FN_COMMIT);
    assert_true(p->session->closing);
    assert_int_equal(p->closed, 1u << PEER_CLIENT | 1u << PEER_SOURCE);
    play_end(p);
}

/* A request that is shorter than the layout that we know: it must not wait for an end that never comes. */
static void a_request_that_ends_early_is_sent(void **state)
{
    (void)state;
    struct play *p = oci_play(PHASE_DUAL_WRITE, WIRE_ENCODING_FIXED);
    struct oci_execute shape = {.sql = "INSERT INTO t (id, n) VALUES (1, 2)", .options = 0x8021};
    oci_write_execute(&p->message, &shape, VERSION);
    p->message.end -= 20;
    size_t size = buffer_size(&p->message);
    play_input(p, false);
    assert_int_equal(buffer_size(&p->to_source), size + 10);
    assert_int_equal(engine_counted(&p->engine, COUNT_OPAQUE_CALLS), 0);
    ends(p, true);
    assert_int_equal(engine_counted(&p->engine, COUNT_OPAQUE_CALLS), 1);
    assert_string_equal(gaps(p), "*");
    buffer_clear(&p->to_source);
    function(p, WIRE_FN_COMMIT); /* the next call is read, and its end is the gap's */
    status(p, false);
    assert_int_equal(buffer_size(&p->to_source), 13);
    assert_string_equal(gaps(p), "* *");
    play_end(p);

    p = oci_play(PHASE_DUAL_WRITE, WIRE_ENCODING_FIXED); /* one that really goes on is read all the same, and its bytes are not doubled */
    oci_write_execute(&p->message, &shape, VERSION);
    size = buffer_size(&p->message);
    uint8_t *whole = memory_copy(p->message.data + p->message.start, size);
    p->message.end = p->message.start + 100;
    play_input(p, false);
    buffer_append(&p->message, whole + 100, size - 100);
    play_input(p, false);
    assert_int_equal(buffer_size(&p->to_source), size + 20);
    ends(p, true);
    assert_string_equal(play_records(p), "dml");
    assert_string_equal(gaps(p), "");
    memory_free(whole);
    play_end(p);
}

/* A log-in that cannot be followed: everything behind it is relayed, counted, and a gap. */
static void an_unreadable_log_in_is_never_silent(void **state)
{
    (void)state;
    struct play *p = play_begin(PHASE_DUAL_WRITE);
    p->session->logged_in = false;
    wire_tap_free(p->session->tap);
    p->session->tap = wire_tap_new(NULL, &session_reply_events, p->session, NULL);
    p->session->wire = wire_tap_session(p->session->tap);
    p->session->cursors = wire_tap_cursors(p->session->tap);
    struct wire_accept accept = {.version = 318, .sdu = 8192};
    wire_accept_write(&p->packets, accept.version, accept.sdu);
    (void)session_source_input(p->session, p->packets.data + p->packets.start, buffer_size(&p->packets));
    buffer_append(&p->message, "\x77what is this", 13);
    play_input(p, false);
    assert_true(p->session->logged_in);
    for (unsigned i = 1; i <= 3; i++) {
        buffer_clear(&p->to_source);
        buffer_append(&p->message, "\x78 and this", 10);
        play_input(p, false);
        assert_int_equal(buffer_size(&p->to_source), 20);
        assert_int_equal(engine_counted(&p->engine, COUNT_OPAQUE_CALLS), i);
        assert_int_equal(engine_counted(&p->engine, COUNT_GAPS), 2 * i - 1);
        buffer_append(&p->message, "\x79", 1);
        play_input(p, true);
        assert_int_equal(engine_counted(&p->engine, COUNT_GAPS), 2 * i);
    }
    play_end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_journalled),
        cmocka_unit_test(binds_are_a_gap_until_the_commit),
        cmocka_unit_test(an_unread_commit_may_have_committed_everything),
        cmocka_unit_test(structures_are_read_in_requests_only),
        cmocka_unit_test(nothing_is_served),
        cmocka_unit_test(a_request_that_ends_early_is_sent),
        cmocka_unit_test(an_unreadable_log_in_is_never_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
