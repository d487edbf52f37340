/* SPDX-License-Identifier: Apache-2.0 */
/* Plans, prepared statements and the connection's small cache of them. */
#include "standin/statement.h"
#include "standin/server.h"

#include "base/memory.h"

#include <stdio.h>

enum { CACHED_SQL_MAX = 16384 };

struct statement *statement_new(struct client *client, struct view sql)
{
    struct statement *s = memory_zero(1, sizeof *s);
    s->client = client;
    s->sql = memory_string_of(sql.data, sql.size);
    s->sql_size = sql.size;
    buffer_init(&s->spool, 1 << 30);
    arena_init(&s->row_arena, 0);
    return s;
}

static void forget_prepared(struct statement *s)
{
    statement_close_result(s);
    if (s->prepared) mysql_stmt_close(s->prepared);
    if (s->second) mysql_stmt_close(s->second);
    s->prepared = s->second = NULL;
    for (uint32_t i = 0; i < s->column_count; i++) memory_free(s->columns[i].bytes);
    memory_free(s->columns);
    memory_free(s->binds);
    s->columns = NULL;
    s->binds = NULL;
    s->column_count = 0;
}

void statement_destroy(struct statement *s)
{
    forget_prepared(s);
    plan_free(s->plan);
    buffer_release(&s->spool);
    arena_release(&s->row_arena);
    memory_free(s->bind_types);
    memory_free(s->sql);
    memory_free(s);
}

void statement_free(void *statement)
{
    struct statement *s = statement;
    if (!s) return;
    struct client *client = s->client;
    bool worth = s->prepared && s->plan && (s->plan->kind == PLAN_QUERY || s->plan->kind == PLAN_DML) && s->sql_size <= CACHED_SQL_MAX &&
                 !atomic_load(&client->closing);
    if (!worth) {
        statement_destroy(s);
        return;
    }
    statement_close_result(s);
    if (client->cache_count == STATEMENT_CACHE_SIZE) {
        statement_destroy(client->cache[0]);
        memmove(client->cache, client->cache + 1, (STATEMENT_CACHE_SIZE - 1) * sizeof *client->cache);
        client->cache_count--;
    }
    client->cache[client->cache_count++] = s;
}

static bool same_types(const struct statement *s, const struct sql_type *types, uint32_t count)
{
    if (s->bind_count != count) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (s->bind_types[i].kind != types[i].kind) return false;
    }
    return true;
}

struct statement *statement_from_cache(struct client *client, struct view sql, const struct sql_type *types, uint32_t count)
{
    for (uint32_t i = client->cache_count; i-- > 0;) {
        struct statement *s = client->cache[i];
        if (s->sql_size != sql.size || memcmp(s->sql, sql.data, sql.size) != 0 || !same_types(s, types, count)) continue;
        memmove(&client->cache[i], &client->cache[i + 1], (client->cache_count - i - 1) * sizeof *client->cache);
        client->cache_count--;
        return s;
    }
    return NULL;
}

void statement_close_result(struct statement *s)
{
    buffer_clear(&s->spool);
    s->spool_rows = 0;
    s->exhausted = false;
    if (!s->open) return;
    s->open = false;
    if (s->client->streaming == s) s->client->streaming = NULL;
    mysql_stmt_free_result(s->prepared);
}

bool statement_plan(struct statement *s, const struct sql_type *types, uint32_t count, bool *renewed, struct plan_error *error)
{
    struct dictionary_store *store = s->client->server->dictionary;
    *renewed = false;
    if (s->plan && s->plan->dictionary_version == dictionary_store_version(store) && s->settings_version == s->client->settings_version &&
        same_types(s, types, count))
        return true;
    struct plan_session session = client_plan_session(s->client);
    const struct dictionary *dictionary = dictionary_acquire(store);
    struct plan *plan = plan_make(dictionary, &session, view_of(s->sql, s->sql_size), types, count, error);
    dictionary_release(dictionary);
    if (!plan) {
        server_log(s->client->server, "session %u: %s for: %s", s->client->session_id, error->text, s->sql);
        return false;
    }
    server_log(s->client->server, "session %u: %s", s->client->session_id, plan->sql ? plan->sql : plan->step_count ? plan->steps[0] : "-");
    forget_prepared(s);
    plan_free(s->plan);
    s->plan = plan;
    s->settings_version = s->client->settings_version;
    /* `types` may be the statement's own. */
    struct sql_type *kept = memory_copy(types, (count ? count : 1) * sizeof *types);
    memory_free(s->bind_types);
    s->bind_types = kept;
    s->bind_count = count;
    *renewed = true;
    return true;
}

static MYSQL_STMT *prepare_one(struct statement *s, const char *sql, struct plan_error *error)
{
    struct engine_error failed;
    MYSQL_STMT *prepared = mysql_stmt_init(s->client->engine.mysql);
    if (prepared && mysql_stmt_prepare(prepared, sql, strlen(sql)) == 0) return prepared;
    if (prepared)
        engine_note_statement(prepared, &failed);
    else
        engine_note(&s->client->engine, &failed);
    if (prepared) mysql_stmt_close(prepared);
    error_from_engine(s->client, s->plan, &failed, error);
    return NULL;
}

void statement_forget_engine(struct statement *s, const MYSQL *mysql)
{
    if (s->prepared && s->prepared->mysql == mysql) forget_prepared(s);
}

bool statement_prepare(struct statement *s, struct plan_error *error)
{
    /* The session has joined or left a distributed transaction since. */
    if (s->prepared && s->prepared->mysql != s->client->engine.mysql) forget_prepared(s);
    if (s->plan->sql && !s->prepared && !(s->prepared = prepare_one(s, s->plan->sql, error))) return false;
    if (s->plan->second_sql && !s->second && !(s->second = prepare_one(s, s->plan->second_sql, error))) return false;
    return true;
}

bool statement_execute(struct statement *s, MYSQL_STMT *prepared, struct parameter_set *parameters, struct plan_error *error)
{
    struct engine_error failed;
    bool good = parameters->count == 0 || mysql_stmt_bind_param(prepared, parameters->binds) == 0;
    if (good && mysql_stmt_execute(prepared) == 0) return true;
    engine_note_statement(prepared, &failed);
    error_from_engine(s->client, s->plan, &failed, error);
    return false;
}
