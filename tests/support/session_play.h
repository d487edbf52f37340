/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session without sockets: the test is the client and the source, in their own bytes; the journal is the project's, on a disk in memory. What the session wrote to it can be asked as
 * a line of words. Include after cmocka's own headers.
 */
#ifndef TESTS_SUPPORT_SESSION_PLAY_H
#define TESTS_SUPPORT_SESSION_PLAY_H

#include "engine/record.h"
#include "engine/session_private.h"
#include "engine/statement.h"
#include "tests/support/journal_disk.h"
#include "wire/negotiate_session.h"

#define PLAY_UNUSED __attribute__((unused))

struct play {
    struct engine engine;
    struct disk *disk;
    struct statement_cache *statements;
    struct session *session;
    struct buffer to_client, to_source, message, packets;
    uint64_t read_from; /* journal position */
    bool notify, journalled_refused;
    uint64_t notify_csn, now_us;
    uint32_t closed;
    void (*watch)(bool inside); /* told when the session begins to work on bytes, and when it has; NULL: nobody wants to know */
    struct play *before;
};
/* Published policies and catalogs stay to the end of a process, so what they hang on does. */
static struct play *plays_over;

static void play_send(void *context, enum session_peer peer, struct view bytes)
{
    struct play *p = context;
    buffer_append_view(peer == PEER_CLIENT ? &p->to_client : &p->to_source, bytes);
}
static void play_close(void *context, enum session_peer peer)
{
    ((struct play *)context)->closed |= 1u << peer;
}
static void play_durable(void *context, struct journal_ticket ticket)
{
    struct play *p = context;
    p->notify = true;
    p->notify_csn = ticket.csn;
    p->journalled_refused = ticket.refused;
}
static void play_journal(void *context, enum journal_kind kind, uint64_t transaction, uint64_t csn, struct view payload, bool notify)
{
    struct play *p = context;
    journal_append(p->engine.journal, kind, transaction, csn, payload, notify ? play_durable : NULL, p);
}
static uint64_t play_now(void *context)
{
    return ((struct play *)context)->now_us += 10;
}
static void play_lease(void *context, bool exclusive)
{
    (void)context, (void)exclusive;
}
static void play_nothing(void *context)
{
    (void)context;
}
static void play_return(void *context, struct pg *pg, bool exclusive, bool broken)
{
    (void)context, (void)pg, (void)exclusive, (void)broken;
}
static void play_cancel(void *context, struct pg *pg, bool notify)
{
    (void)context, (void)pg, (void)notify;
}
static void play_flush(void *context, struct pg *pg)
{
    (void)context, (void)pg;
}
static void play_wake(void *context, uint64_t microseconds)
{
    (void)context, (void)microseconds;
}
static void play_shadow(void *context, struct shadow_job *job)
{
    (void)context, (void)job;
}

static const struct session_environment play_environment = {.send = play_send,
                                                            .close = play_close,
                                                            .journal = play_journal,
                                                            .target_lease = play_lease,
                                                            .target_cancel_lease = play_nothing,
                                                            .target_return = play_return,
                                                            .target_cancel = play_cancel,
                                                            .target_flush = play_flush,
                                                            .wake_after = play_wake,
                                                            .wait_applied = play_nothing,
                                                            .now_us = play_now,
                                                            .shadow = play_shadow};

static void play_policy(struct play *p, enum engine_phase phase, enum engine_side primary)
{
    engine_set_policy(
        &p->engine, &(struct engine_policy){.phase = phase, .primary = primary, .mirror = phase != PHASE_OBSERVE, .source_attached = true});
}

static void play_catalog(struct play *p)
{
    struct sql_catalog *catalog = sql_catalog_new();
    struct sql_table *table = sql_catalog_add_table(catalog, "APP", "T");
    struct sql_key key = {.name = "PK", .primary = true, .columns = {0}, .column_count = 1};
    static const char *const names[] = {"ID", "N"};
    for (int i = 0; i < 2; i++) {
        struct sql_column column = {.type = SQL_INTEGER, .precision = 12, .nullable = i > 0};
        snprintf(column.name, sizeof column.name, "%s", names[i]);
        sql_catalog_add_column(table, &column);
    }
    sql_catalog_add_key(table, &key);
    sql_catalog_freeze(catalog, 1);
    atomic_store(&p->engine.catalog, catalog);
}

static struct play *play_begin(enum engine_phase phase)
{
    struct play *p = memory_zero(1, sizeof *p);
    struct journal_options options;
    struct error error = {0};
    engine_options_default(&p->engine.options);
    snprintf(p->engine.options.source_schema, sizeof p->engine.options.source_schema, "APP");
    snprintf(p->engine.options.target_schema, sizeof p->engine.options.target_schema, "app");
    p->disk = disk_new(1);
    journal_options_default(&options);
    options.segment_size = 256 * 1024;
    struct journal_files files = disk_files(p->disk);
    struct journal_clock clock = disk_clock(p->disk);
    p->engine.journal = journal_open_stepped(&options, &files, &clock, &error);
    p->engine.state = state_open(":memory:", &error);
    if (!p->engine.journal || !p->engine.state) fail_msg("%s", error.text);
    play_catalog(p);
    p->engine.statements = statements_new(&p->engine, 1000);
    play_policy(p, phase, SIDE_SOURCE);
    p->statements = statement_cache_new(p->engine.statements);
    p->session = session_new(&p->engine, 1, p->statements, &play_environment, p);
    p->now_us = 1000000;
    p->read_from = 1;
    struct buffer *buffers[] = {&p->to_client, &p->to_source, &p->message, &p->packets};
    for (size_t i = 0; i < 4; i++) buffer_init(buffers[i], 0);
    struct wire_session wire;
    struct wire_accept accept = {.version = 318, .sdu = 8192};
    struct wire_login_info info = {.user = "APP"};
    wire_session_init(&wire, NULL);
    wire_session_set_accept(&wire, &accept);
    wire.field_version = 12;
    wire.conversion_length = wire.status_has_call_status = wire.status_has_sequence = wire.strings_32k = true;
    wire.client_charset = wire.server_charset = 873;
    wire_tap_adopt(p->session->tap, &wire, &info);
    snprintf(p->session->schema, sizeof p->session->schema, "APP");
    p->session->source_open = p->session->logged_in = true;
    return p;
}

static void play_end(struct play *p)
{
    session_free(p->session);
    statement_cache_free(p->statements);
    statements_free(p->engine.statements);
    journal_close(p->engine.journal);
    state_close(p->engine.state);
    disk_free(p->disk);
    struct buffer *buffers[] = {&p->to_client, &p->to_source, &p->message, &p->packets};
    for (size_t i = 0; i < 4; i++) buffer_release(buffers[i]);
    p->before = plays_over;
    plays_over = p;
}

/* The journal writes, and tells who waits. */
static void play_settle(struct play *p)
{
    do {
        while (journal_step(p->engine.journal)) {}
        if (!p->notify) return;
        p->notify = false;
        if (p->watch) p->watch(true);
        session_journal_done(p->session, p->notify_csn, p->journalled_refused);
        if (p->watch) p->watch(false);
    } while (true);
}

static void play_input(struct play *p, bool source)
{
    buffer_clear(&p->packets);
    wire_packet_write_data(&p->packets, buffer_view(&p->message), true, 8192, 0);
    if (p->watch) p->watch(true);
    size_t used = source ? session_source_input(p->session, p->packets.data + p->packets.start, buffer_size(&p->packets))
                         : session_client_input(p->session, p->packets.data + p->packets.start, buffer_size(&p->packets));
    if (p->watch) p->watch(false);
    assert_int_equal(used, buffer_size(&p->packets));
    buffer_clear(&p->message);
    play_settle(p);
}

/* ---- the client ---- */

PLAY_UNUSED static void play_statement(struct play *p, const char *sql, bool commit)
{
    bool query = strncasecmp(sql, "SELECT", 6) == 0, block = strncasecmp(sql, "BEGIN", 5) == 0;
    struct wire_execute_spec spec = {.options = WIRE_OPTION_PARSE | WIRE_OPTION_EXECUTE | (query ? WIRE_OPTION_FETCH : 0) |
                                                (block ? 0 : WIRE_OPTION_NOT_PLSQL) | (commit ? WIRE_OPTION_COMMIT : 0),
                                     .sql = view_text(sql),
                                     .prefetch_rows = 2,
                                     .execution_count = query ? 0 : 1,
                                     .plsql = block,
                                     .query = query};
    buffer_clear(&p->to_source);
    assert_true(wire_execute_write(p->session->wire, 1, &spec, &p->message));
    play_input(p, false);
}

PLAY_UNUSED static void play_function(struct play *p, uint8_t function)
{
    buffer_clear(&p->to_source);
    wire_simple_write(p->session->wire, 1, function, &p->message);
    play_input(p, false);
}

/* ---- the source ---- */

/* The end of a call: `open` is the bit that says that a transaction is open. */
PLAY_UNUSED static void play_answer(struct play *p, uint32_t error, uint64_t rows, bool open)
{
    static uint32_t cursor = 10;
    struct wire_end end = {.error = error,
                           .message = view_text(error ? "ORA-00001: refused\n" : ""),
                           .row_count = rows,
                           .cursor_id = ++cursor,
                           .transaction_open = open};
    assert_true(buffer_size(&p->to_source) > 0); /* it was asked */
    wire_parameters_write(p->session->wire, cursor, NULL, 0, false, &p->message);
    wire_end_write(p->session->wire, &end, 1, &p->message);
    play_input(p, true);
    assert_int_equal(p->session->call.state, CALL_NONE);
}

PLAY_UNUSED static void play_status(struct play *p, bool open)
{
    assert_true(buffer_size(&p->to_source) > 0);
    wire_status_write(p->session->wire, open, &p->message);
    play_input(p, true);
}

PLAY_UNUSED static void play_run(struct play *p, const char *sql, bool commit, uint32_t error, uint64_t rows, bool open)
{
    play_statement(p, sql, commit);
    play_answer(p, error, rows, open);
}

/* ---- what became of it ---- */

/* Kinds of the records since the last time, in order; of an outcome what it was: "dml intent committed". */
PLAY_UNUSED static const char *play_records(struct play *p)
{
    static char words[500];
    static const char *const kinds[] = {[JOURNAL_DML] = "dml",   [JOURNAL_INTENT] = "intent", [JOURNAL_ABORT] = "abort",
                                        [JOURNAL_TRIM] = "trim", [JOURNAL_GAP] = "gap",       [JOURNAL_EPOCH] = "epoch"};
    static const char *const outcomes[] = {"?", "committed", "rolled-back", "unknown", "not-committed"};
    struct error error = {0};
    struct journal_record record;
    size_t at = 0;
    words[0] = 0;
    struct journal_reader *reader = journal_reader_new(p->engine.journal, p->read_from, &error);
    if (!reader) fail_msg("%s", error.text);
    while (journal_read(reader, &record, &error) == JOURNAL_READ_OK) {
        const char *word = record.kind == JOURNAL_OUTCOME ? outcomes[record.payload.data[0]] : kinds[record.kind];
        at += (size_t)snprintf(words + at, sizeof words - at, "%s%s", at ? " " : "", word);
        p->read_from = record.position + 1;
    }
    journal_reader_free(reader);
    return words;
}

/* The last intent among them; its record is not decoded into anything that lasts. Before play_records. */
PLAY_UNUSED static struct record_intent play_intent(struct play *p)
{
    struct error error = {0};
    struct journal_record record;
    struct record_intent intent = {0};
    struct arena arena;
    arena_init(&arena, 0);
    struct journal_reader *reader = journal_reader_new(p->engine.journal, p->read_from, &error);
    if (!reader) fail_msg("%s", error.text);
    while (journal_read(reader, &record, &error) == JOURNAL_READ_OK)
        if (record.kind == JOURNAL_INTENT && !record_decode_intent(record.payload, &arena, &intent, &error)) fail_msg("%s", error.text);
    journal_reader_free(reader);
    arena_release(&arena);
    intent.record = (struct record){0};
    return intent;
}

#endif
