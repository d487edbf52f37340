/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine without sessions for tests: a stand-in as source, a real PostgreSQL as target, a journal on disk, and clients that do to both what a
 * session does: run on the source, write records, intent and outcome. Include after cmocka.h.
 */
#ifndef TESTS_SUPPORT_ENGINE_FIXTURE_H
#define TESTS_SUPPORT_ENGINE_FIXTURE_H

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/checker.h"
#include "engine/dictionary.h"
#include "engine/mirror.h"
#include "engine/record.h"
#include "engine/statement.h"
#include "tests/support/private_postgres.h"
#include "tests/support/private_standin.h"

#define FIXTURE_UNUSED __attribute__((unused))

static struct private_standin standin;
static struct private_postgres postgres;
static bool fixture_there;
static struct engine engine; /* static: published policies and catalogs stay reachable */
static struct source *app;   /* the application's own connection to the source */
static struct pg *pg;
static char journal_folder[128];
static const struct sql_catalog *fixture_catalogs[64];
static uint32_t fixture_catalog_count;

#define NEEDS_DATABASES()                                                                                                                  \
    do {                                                                                                                                   \
        if (!fixture_there) skip();                                                                                                        \
    } while (0)

FIXTURE_UNUSED static struct source *source_connected(void)
{
    struct error error = {0};
    struct source *source = source_open(&engine.options, 60000, &error);
    if (!source) fail_msg("%s", error.text);
    return source;
}

FIXTURE_UNUSED static uint64_t on_source(const char *text)
{
    struct error error = {0};
    struct source_result result;
    if (!source_run(app, text, NULL, 0, 0, 0, NULL, NULL, &result, &error)) fail_msg("%s: %s", text, error.text);
    if (!source_commit(app, &error)) fail_msg("%s", error.text);
    return result.affected;
}
FIXTURE_UNUSED static void on_target(const char *text)
{
    struct error error = {0};
    if (!pg_run(pg, text, NULL, &error)) fail_msg("%s: %s", text, error.text);
}
FIXTURE_UNUSED static const char *ask_source(const char *text)
{
    static char out[4][500];
    static unsigned turn_;
    char *answer = out[turn_++ % 4];
    struct error error = {0};
    if (!source_scalar(app, text, answer, 500, &error)) snprintf(answer, 500, "error: %.400s", error.text);
    return answer;
}
FIXTURE_UNUSED static const char *ask_target(const char *text)
{
    static char out[4][500];
    static unsigned turn_;
    char *answer = out[turn_++ % 4];
    struct error error = {0};
    struct pg_result result = {0};
    snprintf(answer, 500, "(no row)");
    if (!pg_run(pg, text, &result, &error))
        snprintf(answer, 500, "error: %.400s", error.text);
    else if (result.rows)
        snprintf(answer, 500, VIEW_FORMAT, VIEW_ARGUMENTS(pg_result_text(&result, 0, 0)));
    pg_result_free(&result);
    return answer;
}

static void engine_journal_open(void)
{
    struct journal_options options;
    struct error error = {0};
    journal_options_default(&options);
    options.folder = journal_folder;
    options.segment_size = 8 << 20;
    options.sync = false;
    engine.journal = journal_open(&options, &error);
    if (!engine.journal) fail_msg("%s", error.text);
}

static int fixture_start(void **state_)
{
    (void)state_;
    struct error error = {0};
    int started = private_standin_start(&standin);
    if (started) return started < 0;
    if (private_postgres_start(&postgres, "max_connections=50")) return -1;
    snprintf(journal_folder, sizeof journal_folder, "/tmp/understudy-journal-%d", (int)getpid());
    memset(&engine, 0, sizeof engine);
    engine_options_default(&engine.options);
    snprintf(engine.options.source_host, sizeof engine.options.source_host, "127.0.0.1");
    engine.options.source_port = (uint16_t)standin.port;
    snprintf(engine.options.source_service, sizeof engine.options.source_service, "ANY");
    snprintf(engine.options.source_user, sizeof engine.options.source_user, "APP");
    snprintf(engine.options.source_password, sizeof engine.options.source_password, "secret");
    snprintf(engine.options.source_schema, sizeof engine.options.source_schema, "APP");
    snprintf(engine.options.target_conninfo, sizeof engine.options.target_conninfo, "%s", postgres.conninfo);
    snprintf(engine.options.target_schema, sizeof engine.options.target_schema, "app");
    engine.state = state_open(":memory:", &error);
    engine.statements = statements_new(&engine, 10000);
    engine_set_policy(&engine,
                      &(struct engine_policy){.phase = PHASE_DUAL_WRITE, .primary = SIDE_SOURCE, .mirror = true, .source_attached = true});
    pg = pg_connect(postgres.conninfo, 60000, &error);
    app = source_open(&engine.options, 60000, &error);
    if (!engine.state || !pg || !app) {
        fprintf(stderr, "%s\n", error.text);
        return -1;
    }
    engine_journal_open();
    if (!pg_run(pg, sql_runtime_script, NULL, &error)) {
        fprintf(stderr, "runtime script: %s\n", error.text);
        return -1;
    }
    fixture_there = true;
    return 0;
}

static int fixture_stop(void **state_)
{
    (void)state_;
    char command[200];
    if (!fixture_there) return 0;
    statements_free(engine.statements);
    journal_close(engine.journal);
    state_close(engine.state);
    source_close(app);
    pg_close(pg);
    for (uint32_t i = 0; i < fixture_catalog_count; i++) sql_catalog_free((struct sql_catalog *)(uintptr_t)fixture_catalogs[i]);
    private_standin_stop(&standin);
    snprintf(command, sizeof command, "rm -rf %s", journal_folder);
    int status = private_postgres_do(&postgres, "stop");
    return status | system(command);
}

/* Reads the dictionary again: after DDL of a test. */
FIXTURE_UNUSED static const struct sql_catalog *catalog_load(void)
{
    struct error error = {0};
    struct source *source = source_connected();
    struct sql_catalog *catalog = dictionary_load(&engine, source, pg, fixture_catalog_count + 1, &error);
    if (!catalog) fail_msg("%s", error.text);
    source_close(source);
    fixture_catalogs[fixture_catalog_count++] = catalog;
    atomic_store(&engine.catalog, catalog);
    statements_retranslate(engine.statements);
    return catalog;
}

FIXTURE_UNUSED static const struct sql_table *table_named(const char *name)
{
    const struct sql_table *table = sql_catalog_table(atomic_load(&engine.catalog), "APP", NULL, name);
    if (!table) fail_msg("the catalog has no %s", name);
    return table;
}

/* ---- clients ---- */

struct client {
    struct source *source;
    uint64_t transaction, csn;
    uint32_t ordinal;
    struct arena arena;
    bool counted;
    uint32_t tables[16], table_count;
};

FIXTURE_UNUSED static struct client *client_new(void)
{
    struct client *client = memory_zero(1, sizeof *client);
    client->source = source_connected();
    arena_init(&client->arena, 0);
    return client;
}
FIXTURE_UNUSED static void client_free(struct client *client)
{
    source_close(client->source);
    arena_release(&client->arena);
    memory_free(client);
}

static void client_append(struct client *client, enum journal_kind kind, uint64_t csn, struct buffer *payload)
{
    journal_append(engine.journal, kind, client->transaction, csn, buffer_view(payload), NULL, NULL);
    buffer_release(payload);
}

static struct record client_record(struct client *client, const char *text, const struct value *binds, uint32_t bind_count, uint32_t rows)
{
    return (struct record){.ordinal = client->ordinal,
                           .session = 1,
                           .schema = view_text("APP"),
                           .text = view_text(text),
                           .bind_count = bind_count,
                           .row_count = rows ? rows : 1,
                           .binds = (struct value *)(uintptr_t)binds};
}

static bool client_execute(struct client *client, const char *text, const struct value *binds, uint32_t bind_count, uint32_t rows,
                           struct record_result *result)
{
    struct error error = {0};
    struct source_result done;
    memset(result, 0, sizeof *result);
    if (!source_run(client->source, text, binds, bind_count, rows, 0, NULL, NULL, &done, &error)) {
        if (getenv("FIXTURE_TALK")) fprintf(stderr, "%s: %s\n", text, error.text);
        return false;
    }
    result->affected = done.affected;
    result->good_iterations = rows ? rows : 1;
    result->has_rowid = done.has_rowid;
    memcpy(result->rowid, done.rowid, sizeof result->rowid);
    return true;
}

/* A write inside a transaction. */
FIXTURE_UNUSED static void client_write_array(struct client *client, const char *text, const struct value *binds, uint32_t bind_count,
                                              uint32_t rows)
{
    struct record_result result;
    if (!client_execute(client, text, binds, bind_count, rows, &result)) fail_msg("%s", text);
    if (!client->transaction) client->transaction = journal_new_transaction(engine.journal);
    struct record record = client_record(client, text, binds, bind_count, rows);
    struct buffer payload;
    buffer_init(&payload, 0);
    record_encode(&payload, &record, &result);
    client->ordinal++;
    client_append(client, JOURNAL_DML, 0, &payload);
}

static void client_intent(struct client *client, const struct record *record)
{
    struct record_intent intent = {.auto_commit = record != NULL, .has_record = record != NULL};
    if (record) intent.record = *record;
    if (!client->transaction) client->transaction = journal_new_transaction(engine.journal);
    client->csn = journal_next_csn(engine.journal);
    struct buffer payload;
    buffer_init(&payload, 0);
    record_encode_intent(&payload, &intent);
    client_append(client, JOURNAL_INTENT, client->csn, &payload);
}

static void client_outcome(struct client *client, enum journal_outcome outcome, const struct record_result *result)
{
    struct buffer payload;
    buffer_init(&payload, 0);
    record_encode_outcome(&payload, outcome, result);
    if (outcome != JOURNAL_ROLLED_BACK) engine_acknowledge(&engine, client->csn, NULL, 0, true);
    client_append(client, JOURNAL_OUTCOME, client->csn, &payload);
    client->transaction = 0;
    client->ordinal = 0;
}

FIXTURE_UNUSED static void client_commit(struct client *client)
{
    struct error error = {0};
    client_intent(client, NULL);
    if (!source_commit(client->source, &error)) fail_msg("%s", error.text);
    client_outcome(client, JOURNAL_COMMITTED, NULL);
}

FIXTURE_UNUSED static void client_abort(struct client *client)
{
    struct error error = {0};
    if (!source_rollback(client->source, &error)) fail_msg("%s", error.text);
    struct buffer nothing;
    buffer_init(&nothing, 0);
    if (client->transaction) client_append(client, JOURNAL_ABORT, 0, &nothing);
    client->transaction = 0;
    client->ordinal = 0;
}

/* An auto-commit call. False: the source refused it. */
FIXTURE_UNUSED static bool client_auto(struct client *client, const char *text, const struct value *binds, uint32_t bind_count)
{
    struct error error = {0};
    struct record_result result;
    struct record record = client_record(client, text, binds, bind_count, 1);
    client_intent(client, &record);
    bool good = client_execute(client, text, binds, bind_count, 1, &result) && source_commit(client->source, &error);
    client_outcome(client, good ? JOURNAL_COMMITTED : JOURNAL_ROLLED_BACK, good ? &result : NULL);
    return good;
}

/* Binds by letters: i int64_t, s text (NULL: null), d double as NUMBER text. */
FIXTURE_UNUSED static struct value *values_of(struct arena *arena, const char *kinds, ...)
{
    va_list list;
    struct value *values = arena_zero(arena, sizeof *values * (strlen(kinds) + 1));
    va_start(list, kinds);
    for (size_t i = 0; kinds[i]; i++) {
        if (kinds[i] == 'i') {
            values[i] = value_number_i64(arena, va_arg(list, int64_t));
        } else {
            const char *text = va_arg(list, const char *);
            if (kinds[i] == 'n')
                values[i] = value_number_text(arena, view_text(text));
            else
                values[i] = text ? value_text(view_of(arena_string(arena, view_text(text)), strlen(text))) : value_null();
        }
    }
    va_end(list);
    return values;
}
#define WRITE(client, text, kinds, ...)                                                                                                    \
    client_write_array(client, text, values_of(&(client)->arena, kinds, __VA_ARGS__), (uint32_t)strlen(kinds), 1)
#define AUTO(client, text, kinds, ...) client_auto(client, text, values_of(&(client)->arena, kinds, __VA_ARGS__), (uint32_t)strlen(kinds))

/* ---- waiting ---- */

FIXTURE_UNUSED static bool wait_applied(uint32_t timeout_ms)
{
    uint64_t csn = journal_last_csn(engine.journal), until = clock_monotonic_us() + (uint64_t)timeout_ms * 1000;
    while (atomic_load(&engine.applied) < csn) {
        if (clock_monotonic_us() > until) return false;
        clock_sleep_us(500);
    }
    return true;
}

static void count_gap(void *context, const struct state_gap *gap)
{
    if (getenv("FIXTURE_TALK")) fprintf(stderr, "gap %s: %s\n", gap->table, gap->reason);
    ++*(uint32_t *)context;
}
FIXTURE_UNUSED static uint32_t open_gaps(void)
{
    uint32_t count = 0;
    state_gap_each(engine.state, true, count_gap, &count);
    return count;
}
FIXTURE_UNUSED static void clear_gaps(void)
{
    struct error error = {0};
    assert_true(state_gap_clear(engine.state, "*", UINT64_MAX >> 1, "test", &error));
    for (uint32_t i = 0; i < sql_catalog_table_count(atomic_load(&engine.catalog)); i++)
        assert_true(
            state_gap_clear(engine.state, sql_catalog_table_at(atomic_load(&engine.catalog), i)->name, UINT64_MAX >> 1, "test", &error));
}

struct gathered {
    struct arena *arena;
    const struct row_map *map;
    struct row rows[20000];
    uint32_t count;
};
FIXTURE_UNUSED static bool fixture_gather(void *context, const struct value *values, uint32_t count)
{
    struct gathered *all = context;
    assert_int_equal(count, all->map->column_count);
    assert_true(all->count < 20000);
    struct row *row = &all->rows[all->count++];
    row->found = true;
    row->values = arena_alloc(all->arena, sizeof *row->values * count);
    row->key = arena_alloc(all->arena, sizeof *row->key * all->map->key->column_count);
    for (uint32_t i = 0; i < count; i++) row->values[i] = value_copy(all->arena, &values[i]);
    for (uint16_t i = 0; i < all->map->key->column_count; i++) row->key[i] = row->values[all->map->key_at[i]];
    return true;
}

/* Every row of the table, by key, on both sides: must be the same, and no more on the target. */
FIXTURE_UNUSED static void assert_same_rows(const char *table)
{
    struct arena arena;
    struct error error = {0};
    arena_init(&arena, 0);
    struct row_maps *maps = row_maps_new(atomic_load(&engine.catalog));
    const struct row_map *map = row_map_of(maps, table_named(table));
    struct gathered *all = memory_zero(1, sizeof *all);
    all->arena = &arena;
    all->map = map;
    if (!source_run(app, map->source_select, NULL, 0, 0, 1000, fixture_gather, all, NULL, &error)) fail_msg("%s", error.text);
    struct row *target = arena_zero(&arena, sizeof *target * (all->count + 1));
    for (uint32_t i = 0; i < all->count; i++) target[i].key = all->rows[i].key;
    if (!rows_read_target(pg, map, target, all->count, &arena, &error)) fail_msg("%s", error.text);
    for (uint32_t i = 0; i < all->count; i++) {
        uint32_t column;
        if (rows_equal(map, &all->rows[i], &target[i], &column)) continue;
        struct buffer text;
        buffer_init(&text, 0);
        rows_print(&text, map, all->rows[i].values);
        buffer_append_text(&text, "\n target: ");
        if (target[i].found)
            rows_print(&text, map, target[i].values);
        else
            buffer_append_text(&text, "(none)");
        buffer_u8(&text, 0);
        fail_msg("%s differs (column %u)\n source: %s", table, column, (const char *)buffer_view(&text).data);
    }
    char count[300], want[30];
    snprintf(count, sizeof count, "SELECT count(*) FROM %s", map->target_name);
    snprintf(want, sizeof want, "%u", all->count);
    assert_string_equal(ask_target(count), want);
    memory_free(all);
    row_maps_free(maps);
    arena_release(&arena);
}

#endif
