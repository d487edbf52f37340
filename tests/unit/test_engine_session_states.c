/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every state of a session against everything that may happen in it: what the client and the source are sent, what is closed, what the journal gets, where the session
 * stands then, and what its end adds. The table is what must come; after each case nothing may be left open or undecided. Where the target works, it is a PostgreSQL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/limit.h"
#include "tests/support/pg_fixture.h"
#include "tests/support/session_play.h"

static const char insert_text[] = "INSERT INTO t (id, n) VALUES (1, 2)", query_text[] = "SELECT n FROM t WHERE id = 1";

/* ---- states ---- */

static void say(struct play *p, bool source)
{
    buffer_clear(&p->packets);
    wire_packet_write_data(&p->packets, buffer_view(&p->message), true, 8192, 0);
    uint8_t *bytes = p->packets.data + p->packets.start;
    (void)(source ? session_source_input(p->session, bytes, buffer_size(&p->packets))
                  : session_client_input(p->session, bytes, buffer_size(&p->packets)));
    buffer_clear(&p->message);
}

static void policy(struct play *p, const struct engine_policy *wanted)
{
    engine_set_policy(&p->engine, wanted);
}

static void to_idle(struct play *p)
{
    (void)p;
}
static void to_open(struct play *p)
{
    play_run(p, insert_text, false, 0, 1, true);
}
static void to_query(struct play *p)
{
    play_statement(p, query_text, false);
}
static void to_write(struct play *p)
{
    play_statement(p, insert_text, false);
}
static void to_intent(struct play *p)
{
    to_open(p);
    wire_simple_write(p->session->wire, 1, WIRE_FN_COMMIT, &p->message);
    say(p, false); /* the journal has not written it */
}
static void to_commit(struct play *p)
{
    to_open(p);
    play_function(p, WIRE_FN_COMMIT);
}
static void to_held(struct play *p)
{
    policy(p, &(struct engine_policy){.phase = PHASE_SHADOW, .mirror = true, .hold = true, .source_attached = true});
    play_statement(p, insert_text, false);
}

/* The source has described the query once, so the target may answer it. */
static void to_canary(struct play *p)
{
    struct wire_column column = {.name = (char *)(uintptr_t) "N", .oac = {.type = WIRE_TYPE_NUMBER, .size_max = 22}, .nullable = true};
    struct wire_end end = {.error = 1403, .cursor_id = 5, .message = view_text("ORA-01403: no data found\n")};
    play_statement(p, query_text, false);
    wire_describe_write(p->session->wire, &column, 1, &p->message);
    wire_end_write(p->session->wire, &end, 1, &p->message);
    play_input(p, true);
    atomic_store(&p->engine.target_healthy, true);
    policy(p, &(struct engine_policy){.phase = PHASE_CANARY, .mirror = true, .canary_percent = 100, .source_attached = true});
}
static void to_fence(struct play *p)
{
    to_canary(p);
    engine_acknowledge(&p->engine, 5, NULL, 0, true);
    play_statement(p, query_text, false);
}
static void to_lease(struct play *p)
{
    to_canary(p);
    play_statement(p, query_text, false);
}
static void write_on_target(struct play *p, bool commit)
{
    atomic_store(&p->engine.target_healthy, true);
    policy(p, &(struct engine_policy){.phase = PHASE_CUTOVER, .primary = SIDE_TARGET, .mirror = true, .source_attached = true});
    play_statement(p, insert_text, commit);
}
static void to_target(struct play *p)
{
    write_on_target(p, false);
}

static struct pg *target; /* what a session has as its lease */

static void grant(struct play *p)
{
    target = connect_blocking();
    run(target, "CREATE TABLE IF NOT EXISTS app.t (id bigint PRIMARY KEY, n bigint)");
    run(target, "TRUNCATE app.t");
    session_target_granted(p->session, target, NULL);
}
static void to_serving(struct play *p)
{
    to_lease(p);
    grant(p);
}
static void to_writing(struct play *p)
{
    to_target(p);
    grant(p);
}

/* The call carries its commit: no CSN before its rows are locked, no COMMIT before its intent is durable. */
static void to_carrying(struct play *p)
{
    write_on_target(p, true);
    assert_int_equal(p->session->tx.csn, 0);
    grant(p);
}
static void to_carried(struct play *p)
{
    struct error error = {0};
    to_carrying(p);
    if (!pg_run_wait(target, 10000, &error)) fail_msg("%s", error.text);
    assert_true(p->session->tx.csn > 0);
}

/* The cursor was parsed on the target, and the source is to run it: it is parsed there first, by a call that the client does not see. */
static void to_preparing(struct play *p)
{
    struct wire_cursor_table *cursors = wire_tap_cursors(p->session->tap);
    struct wire_cursor *cursor = wire_cursor_make(cursors, view_text(query_text));
    struct wire_execute_spec spec = {.cursor_id = TARGET_CURSOR_FIRST, .execution_count = 2};
    wire_cursor_bind_id(cursors, cursor, TARGET_CURSOR_FIRST);
    assert_true(wire_reexecute_write(p->session->wire, 1, WIRE_FN_REEXECUTE_FETCH, &spec, &p->message));
    play_input(p, false);
}

static const struct {
    const char *name;
    void (*reach)(struct play *p);
    enum call_state state;
} states[] = {
    {"idle", to_idle, CALL_NONE},
    {"open", to_open, CALL_NONE},
    {"query", to_query, CALL_RELAYED},
    {"write", to_write, CALL_RELAYED},
    {"intent", to_intent, CALL_WAIT_INTENT},
    {"commit", to_commit, CALL_RELAYED},
    {"held", to_held, CALL_HELD},
    {"fence", to_fence, CALL_WAIT_FENCE},
    {"lease", to_lease, CALL_WAIT_LEASE},
    {"target", to_target, CALL_WAIT_LEASE},
    {"serving", to_serving, CALL_SERVING},
    {"writing", to_writing, CALL_SERVING},
    {"carrying", to_carrying, CALL_SERVING},
    {"carried", to_carried, CALL_WAIT_INTENT},
    {"preparing", to_preparing, CALL_PREPARING},
};

/* ---- events ---- */

static void marker(struct play *p, enum wire_marker kind)
{
    buffer_clear(&p->packets);
    wire_packet_write_marker(&p->packets, true, kind);
    (void)session_client_input(p->session, p->packets.data + p->packets.start, buffer_size(&p->packets));
}
static void on_break(struct play *p)
{
    marker(p, WIRE_MARKER_INTERRUPT);
}
static void on_reset(struct play *p)
{
    marker(p, WIRE_MARKER_RESET);
}
static void on_break_and_reset(struct play *p)
{
    marker(p, WIRE_MARKER_INTERRUPT);
    marker(p, WIRE_MARKER_RESET);
}
static void on_break_and_durable(struct play *p)
{
    marker(p, WIRE_MARKER_INTERRUPT);
    play_settle(p);
}
static void on_one_way(struct play *p)
{
    buffer_append(&p->message, "\x1a\xb0\x0b\1\x08", 5);
    say(p, false);
    play_settle(p);
}
static void on_eof(struct play *p)
{
    buffer_clear(&p->packets);
    wire_packet_write_data(&p->packets, view_of(NULL, 0), true, 8192, WIRE_DATA_EOF);
    (void)session_client_input(p->session, p->packets.data + p->packets.start, buffer_size(&p->packets));
}
static void on_client_gone(struct play *p)
{
    session_client_closed(p->session, NULL);
}
static void on_source_gone(struct play *p)
{
    session_source_closed(p->session, NULL);
}
static void answer(struct play *p, uint32_t error, bool open)
{
    struct wire_end end = {.error = error,
                           .message = view_text(error ? "ORA-00060: deadlock detected\n" : ""),
                           .row_count = error ? 0 : 1,
                           .cursor_id = 9,
                           .transaction_open = open};
    wire_end_write(p->session->wire, &end, 1, &p->message);
    say(p, true);
    play_settle(p);
}
static void on_answer(struct play *p)
{
    answer(p, 0, false);
}
static void on_error(struct play *p)
{
    answer(p, 60, p->session->tx.open);
}
static void on_strange_answer(struct play *p)
{
    buffer_append(&p->message, "\xee\xee", 2);
    say(p, true);
    play_settle(p);
}
static void garbage(struct play *p, bool source)
{
    uint8_t bytes[] = {0, 0, 0, 3, 6, 0, 0, 0, 0, 0};
    (void)(source ? session_source_input(p->session, bytes, sizeof bytes) : session_client_input(p->session, bytes, sizeof bytes));
}
static void on_source_garbage(struct play *p)
{
    garbage(p, true);
}
static void on_client_garbage(struct play *p)
{
    garbage(p, false);
}
static void on_strange_request(struct play *p)
{
    buffer_append(&p->message, "\3\xee\1", 3);
    say(p, false);
    play_settle(p);
}
static void on_log_off(struct play *p)
{
    wire_simple_write(p->session->wire, 2, WIRE_FN_LOGOFF, &p->message);
    say(p, false);
    play_settle(p);
}
static void on_durable(struct play *p)
{
    play_settle(p);
}
static void on_refused(struct play *p)
{
    session_journal_done(p->session, p->session->tx.csn, true);
}
static void on_cut_over(struct play *p)
{
    policy(p, &(struct engine_policy){.phase = PHASE_CUTOVER, .primary = SIDE_TARGET, .mirror = true, .source_attached = true});
    session_policy_changed(p->session);
}
static void on_target_down(struct play *p)
{
    struct engine_policy down = *engine_policy(&p->engine);
    down.target_down = true;
    policy(p, &down);
    session_policy_changed(p->session);
}
static void on_late(struct play *p)
{
    p->now_us += 60000000;
    session_tick(p->session);
}
static void on_applied(struct play *p)
{
    atomic_store(&p->engine.applied, 5);
    session_applied(p->session);
}
static void on_no_lease(struct play *p)
{
    struct error error;
    error_set(&error, ERROR_TIMEOUT, "no connection is up");
    session_target_granted(p->session, NULL, &error);
}

/* The target answers all that it was asked. */
static void on_target_answers(struct play *p)
{
    struct error error = {0};
    if (target && !pg_run_wait(target, 60000, &error)) fail_msg("%s", error.text);
    play_settle(p);
    if (target && !pg_run_wait(target, 60000, &error)) fail_msg("%s", error.text); /* what the journal's word set going */
}
static void on_target_breaks(struct play *p)
{
    if (target) pg_abandon(target, "the network is gone");
    play_settle(p);
}

static const struct {
    const char *name;
    void (*happen)(struct play *p);
} events[] = {
    {"break", on_break},
    {"reset", on_reset},
    {"break-and-reset", on_break_and_reset},
    {"break-and-durable", on_break_and_durable},
    {"one-way", on_one_way},
    {"eof", on_eof},
    {"client-gone", on_client_gone},
    {"source-gone", on_source_gone},
    {"answer", on_answer},
    {"error", on_error},
    {"strange-answer", on_strange_answer},
    {"source-garbage", on_source_garbage},
    {"client-garbage", on_client_garbage},
    {"strange-request", on_strange_request},
    {"log-off", on_log_off},
    {"durable", on_durable},
    {"refused", on_refused},
    {"cut-over", on_cut_over},
    {"target-down", on_target_down},
    {"late", on_late},
    {"applied", on_applied},
    {"no-lease", on_no_lease},
    {"target-answers", on_target_answers},
    {"target-breaks", on_target_breaks},
};

enum { STATES = sizeof states / sizeof *states, EVENTS = sizeof events / sizeof *events };

/* ---- what came of it ---- */

static size_t add_word(char *out, size_t room, size_t at, const char *word)
{
    return at + (size_t)snprintf(out + at, room - at, "%s%s", at ? " " : "", word);
}

static size_t add_packets(char *out, size_t room, size_t at, const char *to, struct buffer *bytes)
{
    char word[64];
    while (buffer_size(bytes)) {
        struct wire_packet packet;
        static const char *const markers[] = {"?", "break", "reset", "interrupt"};
        assert_int_equal(wire_packet_next(bytes->data + bytes->start, buffer_size(bytes), true, 1 << 20, &packet), WIRE_DECODED);
        const char *what = packet.type == WIRE_MARKER          ? markers[packet.payload.data[2] & 3]
                           : packet.data_flags & WIRE_DATA_EOF ? "eof"
                                                               : "data";
        char number[10] = "";
        for (size_t i = 0; i + 9 < packet.payload.size; i++)
            if (memcmp(packet.payload.data + i, "ORA-", 4) == 0)
                snprintf(number, sizeof number, "%.5s", (const char *)packet.payload.data + i + 4);
        snprintf(word, sizeof word, "%s%s", to, number[0] ? number : what);
        at = add_word(out, room, at, word);
        buffer_consume(bytes, packet.size);
    }
    return at;
}

/* ">word" was sent to the client, "<word" to the source; "x>" and "x<" close them; then the journal's records, and the state. */
static const char *describe(struct play *p)
{
    static const char *const names[CALL_STATE_COUNT] = {"none", "relayed", "intent", "fence", "lease", "serving", "held", "preparing"};
    static char out[400];
    out[0] = 0;
    size_t at = add_packets(out, sizeof out, 0, ">", &p->to_client);
    at = add_packets(out, sizeof out, at, "<", &p->to_source);
    if (p->closed & 1u << PEER_CLIENT) at = add_word(out, sizeof out, at, "x>");
    if (p->closed & 1u << PEER_SOURCE) at = add_word(out, sizeof out, at, "x<");
    const char *records = play_records(p);
    if (records[0]) at = add_word(out, sizeof out, at, records);
    (void)add_word(out, sizeof out, at, names[p->session->call.state]);
    return out;
}

struct expected {
    const char *state, *event, *happens, *end; /* end: what freeing the session adds to the journal */
};

static const struct expected table[] = {
#include "tests/unit/session_states.h"
};

static const struct expected *find(const char *state, const char *event)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].state, state) == 0 && strcmp(table[i].event, event) == 0) return &table[i];
    return NULL;
}

static bool walk_one(size_t s, size_t e)
{
    char happened[400], end[300];
    struct play *p = play_begin(PHASE_SHADOW);
    states[s].reach(p);
    assert_int_equal(p->session->call.state, states[s].state);
    buffer_clear(&p->to_client);
    buffer_clear(&p->to_source);
    (void)play_records(p);
    events[e].happen(p);
    snprintf(happened, sizeof happened, "%s", describe(p));
    session_client_closed(p->session, NULL);
    session_free(p->session);
    if (target) pg_close(target);
    target = NULL;
    while (journal_step(p->engine.journal)) {}
    snprintf(end, sizeof end, "%s", play_records(p));
    assert_int_equal(atomic_load(&p->engine.transactions_open), 0);
    assert_int_equal(atomic_load(&p->engine.transactions_on_target), 0);
    assert_int_equal(atomic_load(&p->engine.commits_in_flight), 0);
    p->session = NULL;
    play_end(p);
    const struct expected *expected = find(states[s].name, events[e].name);
    bool good = expected && strcmp(expected->happens, happened) == 0 && strcmp(expected->end, end) == 0;
    if (!good) print_error("    {\"%s\", \"%s\", \"%s\", \"%s\"},\n", states[s].name, events[e].name, happened, end);
    return good;
}

static void every_state_meets_every_event(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t s = 0; s < STATES; s++)
        for (size_t e = 0; e < EVENTS; e++) wrong += !walk_one(s, e);
    assert_int_equal(sizeof table / sizeof *table, (size_t)STATES * EVENTS);
    assert_int_equal(wrong, 0);
}

/* Before the log-in nobody may send without end, whatever it looks like. */
static void a_log_in_has_a_limit(void **state)
{
    (void)state;
    static const uint8_t noise[8000] = {3, 0xee};
    struct play *p = play_begin(PHASE_OBSERVE);
    p->session->logged_in = false;
    size_t sent = 0;
    while (!p->closed && sent < 4 * LIMIT_LOGIN_BYTES) {
        buffer_append(&p->message, noise, sizeof noise);
        say(p, false);
        sent += sizeof noise;
        buffer_clear(&p->to_source);
    }
    assert_in_range(sent, LIMIT_LOGIN_BYTES - 2 * sizeof noise, LIMIT_LOGIN_BYTES + 2 * sizeof noise);
    assert_int_equal(p->closed, 1u << PEER_CLIENT | 1u << PEER_SOURCE);
    play_end(p);
}

/* Native encryption is not forwarded: optional it is edited out, required it is refused before the source hears of it. */
static void encryption_that_is_required_is_refused(void **state)
{
    (void)state;
    for (int required = 0; required < 2; required++) {
        struct play *p = play_begin(PHASE_OBSERVE);
        p->session->logged_in = false;
        p->session->wire->large = false;
        wire_connect_write(&p->packets, view_text("(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=x)))"), 8192, false);
        uint8_t *bytes = p->packets.data + p->packets.start;
        bytes[32] = bytes[33] = required ? 0x91 : 0x81;
        (void)session_client_input(p->session, bytes, buffer_size(&p->packets));
        assert_int_equal(buffer_size(&p->to_source) > 0, !required);
        assert_int_equal(p->closed, required ? 1u << PEER_CLIENT | 1u << PEER_SOURCE : 0);
        buffer_u8(&p->to_client, 0);
        if (required) {
            assert_int_equal(p->to_client.data[p->to_client.start + 4], WIRE_REFUSE);
            assert_non_null(strstr((const char *)p->to_client.data + p->to_client.start + 12, "(ERR=12660)"));
        }
        play_end(p);
    }
}

static int start_target(void **state)
{
    int status = start_server(state);
    if (status != 0) return status;
    struct pg *pg = connect_blocking();
    run(pg, "CREATE SCHEMA app");
    pg_close(pg);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(encryption_that_is_required_is_refused),
                                       cmocka_unit_test(every_state_meets_every_event), cmocka_unit_test(a_log_in_has_a_limit)};
    return cmocka_run_group_tests(tests, start_target, stop_server);
}
