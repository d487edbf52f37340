/* SPDX-License-Identifier: Apache-2.0 */
/* Execute calls: queries, DDL, session and transaction statements. DML is in call_dml.c, PL/SQL in call_block.c. */
#include "standin/call.h"

#include "base/memory.h"

#include <stdio.h>

enum { ROWS_AHEAD = 500, BYTES_AHEAD = 256 << 10, ORA_NO_DATA = 1403 };

void call_end(struct client *client, const struct wire_request *request, const struct wire_end *end)
{
    struct wire_end filled = *end;
    filled.transaction_open = client->in_transaction;
    wire_end_write(client->session, &filled, request->sequence, &client->reply);
}

/* ---- rows ---- */

static bool lobs_undefined(const struct statement *s, const struct wire_cursor *cursor)
{
    if (cursor->define_count) return false;
    for (uint32_t i = 0; i < s->plan->column_count; i++) {
        if (sql_kind_is_lob(s->plan->columns[i].type.kind)) return true;
    }
    return false;
}

static void query_end(struct client *client, const struct wire_request *request, const struct statement *s)
{
    struct wire_end end = {.cursor_id = request->cursor->id, .row_count = s->rows_sent, .command = 3};
    if (s->exhausted) {
        end.error = ORA_NO_DATA;
        end.message = view_text("ORA-01403: no data found\n");
    }
    call_end(client, request, &end);
}

static bool append_rows(struct client *client, const struct wire_request *request, struct statement *s, uint32_t wanted,
                        struct plan_error *error)
{
    uint32_t count;
    wire_row_header_write(client->session, s->plan->column_count, wanted, &client->reply);
    return result_fetch(s, request->cursor, wanted, &client->reply, &count, error);
}

void call_rows(struct client *client, const struct wire_request *request, struct statement *s, uint32_t wanted)
{
    struct plan_error error = {0};
    if (append_rows(client, request, s, wanted ? wanted : 1, &error))
        query_end(client, request, s);
    else
        call_error(client, request, &error, request->cursor->id);
}

/* ---- queries ---- */

static bool run_query(struct client *client, const struct wire_request *request, struct statement *s, struct plan_error *error)
{
    struct parameter_set parameters;
    const struct wire_bind *row = request->execute.row_count ? request->execute.rows : NULL;
    statement_close_result(s);
    if (s->plan->refresh_sequences) server_refresh_sequences(client->server);
    if (s->plan->locks && !client_begin(client, error)) return false;
    s->cursor = request->cursor;
    return client_free_engine(client, error) && statement_prepare(s, error) &&
           parameters_fill(client, request->cursor, row, s->plan->binds, s->plan->bind_count, &parameters, error) &&
           statement_execute(s, s->prepared, &parameters, error) && result_begin(s, error);
}

static void write_description(struct client *client, const struct wire_request *request, struct statement *s)
{
    struct wire_column *columns = arena_zero(&client->call_arena, (s->plan->column_count + 1) * sizeof *columns);
    result_describe(s->plan->columns, s->plan->column_count, columns);
    wire_cursor_set_columns(request->cursor, columns, s->plan->column_count);
    wire_describe_write(client->session, columns, s->plan->column_count, &client->reply);
}

/* A plan made again for other bind types mostly has the same columns: then there is nothing to tell, and the client's defines stand. */
static bool columns_changed(struct client *client, const struct wire_cursor *cursor, const struct statement *s)
{
    if (cursor->column_count != s->plan->column_count) return true;
    struct wire_column *columns = arena_zero(&client->call_arena, (s->plan->column_count + 1) * sizeof *columns);
    result_describe(s->plan->columns, s->plan->column_count, columns);
    for (uint32_t i = 0; i < cursor->column_count; i++)
        if (columns[i].oac.type != cursor->columns[i].oac.type || columns[i].oac.size_max != cursor->columns[i].oac.size_max) return true;
    return false;
}

static void call_query(struct client *client, const struct wire_request *request, struct statement *s, bool describe)
{
    struct plan_error error = {0};
    uint32_t options = request->execute.options, id = request->cursor->id;
    bool execute = request->execute.short_form || (options & WIRE_OPTION_EXECUTE),
         describe_only = !execute && (options & WIRE_OPTION_DESCRIBE);
    if (describe || describe_only) write_description(client, request, s);
    bool good = true;
    if (execute)
        good = run_query(client, request, s, &error);
    else if (client->streaming != s)
        good = client_free_engine(client, &error);
    uint32_t wanted = wire_rows_wanted(request, request->cursor);
    if (good && wanted && !describe_only) good = append_rows(client, request, s, wanted, &error);
    /* What is short is read at once, so that no lock and no buffer of MariaDB waits for the client. */
    if (good && execute && !lobs_undefined(s, request->cursor)) {
        good = result_spool(s, request->cursor, s->plan->locks ? 0 : ROWS_AHEAD, BYTES_AHEAD, &error);
    }
    if (!good) {
        call_error(client, request, &error, id);
        return;
    }
    wire_parameters_write(client->session, id, NULL, 0, request->execute.dml_row_counts, &client->reply);
    query_end(client, request, s);
}

/* ---- DDL, session, transaction ---- */

bool call_steps(struct client *client, struct statement *s, struct plan_error *error)
{
    struct server *server = client->server;
    bool renewed;
    if (!client_commit(client, error) || !client_free_engine(client, error)) return false;
    pthread_mutex_lock(&server->ddl_lock);
    /* Planned again under the lock: the dictionary may have changed meanwhile. */
    client->settings_version++;
    bool good = statement_plan(s, s->bind_types, s->bind_count, &renewed, error);
    for (uint32_t i = 0; good && i < s->plan->step_count; i++) {
        struct engine_error failed;
        server_log(server, "session %u: step: %s", client->session_id, s->plan->steps[i]);
        if (engine_run(&client->engine, s->plan->steps[i], NULL, &failed)) continue;
        error_from_engine(client, s->plan, &failed, error);
        good = false;
    }
    struct error reload = {0};
    if (!dictionary_store_reload(server->dictionary, &reload) && good) {
        error->ora = 600;
        snprintf(error->text, sizeof error->text, "ORA-00600: internal error: %.400s", reload.text);
        good = false;
    }
    pthread_mutex_unlock(&server->ddl_lock);
    return good;
}

static bool run_transaction(struct client *client, const struct plan *plan, struct plan_error *error)
{
    for (uint32_t i = 0; i < plan->step_count; i++) {
        struct engine_error failed;
        const char *step = plan->steps[i];
        bool read_only = *step == '\x04';
        if (read_only) {
            if (client->in_transaction) {
                error->ora = 1453;
                snprintf(error->text, sizeof error->text, "ORA-01453: SET TRANSACTION must be first statement of transaction");
                return false;
            }
            if (!client_free_engine(client, error)) return false;
            step = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
        } else if (strncmp(step, "ROLLBACK TO", 11) == 0 && !client->in_transaction) {
            error->ora = 1086;
            snprintf(error->text, sizeof error->text, "ORA-01086: savepoint never established in this session or is invalid");
            return false;
        } else if (!client_begin(client, error)) {
            return false;
        }
        if (!client_free_engine(client, error)) return false;
        if (!engine_run(&client->engine, step, NULL, &failed)) {
            error_from_engine(client, plan, &failed, error);
            if (failed.number == 1305) {
                error->ora = 1086;
                snprintf(error->text, sizeof error->text, "ORA-01086: savepoint never established in this session or is invalid");
            }
            return false;
        }
        if (read_only) client->in_transaction = client->read_only = true;
    }
    return true;
}

static bool run_session(struct client *client, const struct plan *plan, struct plan_error *error)
{
    /* The plan goes with the settings: copy before they change. */
    for (uint32_t i = 0; i < plan->setting_count && !error->ora; i++)
        session_setting(client, plan->setting_names[i], plan->setting_values[i], error);
    return error->ora == 0;
}

static void call_simple(struct client *client, const struct wire_request *request, struct statement *s)
{
    struct plan_error error = {0};
    uint8_t command = s->plan->command;
    bool good = true;
    if (request->execute.options & WIRE_OPTION_EXECUTE || request->execute.short_form) {
        switch (s->plan->kind) {
        case PLAN_STEPS: good = call_steps(client, s, &error); break;
        case PLAN_SESSION: good = run_session(client, s->plan, &error); break;
        case PLAN_TRANSACTION: good = run_transaction(client, s->plan, &error); break;
        case PLAN_COMMIT: good = client_commit(client, &error); break;
        default: good = call_rollback(client, &error); break;
        }
    }
    if (!good) {
        call_error(client, request, &error, request->cursor->id);
        return;
    }
    if (s->plan) command = s->plan->command;
    wire_parameters_write(client->session, request->cursor->id, NULL, 0, request->execute.dml_row_counts, &client->reply);
    call_end(client, request, &(struct wire_end){.cursor_id = request->cursor->id, .command = command});
}

/* ---- the call ---- */

static struct statement *statement_of(struct client *client, struct wire_cursor *cursor, const struct sql_type *types)
{
    struct statement *s = cursor->owner;
    struct view sql = view_of(cursor->sql, cursor->sql_size);
    if (s && (s->sql_size != sql.size || memcmp(s->sql, sql.data, sql.size) != 0)) {
        cursor->owner = NULL;
        statement_destroy(s);
        s = NULL;
    }
    if (!s) s = statement_from_cache(client, sql, types, cursor->bind_count);
    if (!s) s = statement_new(client, sql);
    cursor->owner = s;
    s->cursor = cursor;
    return s;
}

void call_execute(struct client *client, struct wire_request *request)
{
    struct wire_cursor *cursor = request->cursor;
    struct plan_error error = {0};
    if (client->branch && request->execute.commit) {
        call_refuse(client, request, 2089, "COMMIT is not allowed in a subordinate session");
        return;
    }
    if (!cursor || request->unknown_cursor) {
        call_refuse(client, request, 1001, "invalid cursor");
        return;
    }
    if (cursor->id == 0) wire_cursor_bind_id(client->cursors, cursor, wire_cursor_free_id(client->cursors, 1));
    struct statement *s = cursor->owner;
    if (!cursor->sql && s && s->plan) { /* a REF CURSOR */
        call_query(client, request, s, request->execute.options & WIRE_OPTION_DESCRIBE);
        return;
    }
    if (!cursor->sql) {
        call_refuse(client, request, 1003, "no statement parsed");
        return;
    }
    struct sql_type *types = arena_zero(&client->call_arena, (cursor->bind_count + 1) * sizeof *types);
    for (uint32_t i = 0; i < cursor->bind_count; i++) types[i] = sql_type_of_oac(&cursor->binds[i]);
    s = statement_of(client, cursor, types);
    bool renewed, parsed = request->execute.sql.size > 0;
    bool defining = !(request->execute.options & WIRE_OPTION_EXECUTE) && !request->execute.short_form && !parsed;
    if (defining && s->plan) { /* defines or a fetch of the open result: no new plan under it */
        call_query(client, request, s, false);
        return;
    }
    if (!statement_plan(s, types, cursor->bind_count, &renewed, &error)) {
        call_error(client, request, &error, cursor->id);
        return;
    }
    bool describe = parsed || (renewed && columns_changed(client, cursor, s)) || (cursor->column_count == 0 && s->plan->column_count > 0);
    switch (s->plan->kind) {
    case PLAN_QUERY: call_query(client, request, s, describe); break;
    case PLAN_DML: call_dml(client, request, s); break;
    case PLAN_BLOCK:
    case PLAN_ARRAYS:
    case PLAN_RESULTS:
    case PLAN_CURSOR: call_block(client, request, s); break;
    default: call_simple(client, request, s); break;
    }
}
