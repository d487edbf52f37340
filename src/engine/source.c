/* SPDX-License-Identifier: Apache-2.0 */
/* Our own Oracle client: statements with positional binds over one blocking connection, cursors kept by text. */
#include "engine/source_private.h"

#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

enum { INPUT_MAX = 64 * 1024 * 1024, LOGOFF_MS = 1000 };

static const char *const session_settings[] = {
    "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,'",
    "ALTER SESSION SET TIME_ZONE = '+00:00'",
};

struct source *source_open(const struct engine_options *options, uint32_t timeout_ms, struct error *error)
{
    const struct wire_limits *limits = options->wire_limits ? options->wire_limits : &wire_limits_default;
    struct source *source = memory_zero(1, sizeof *source);
    source->options = options;
    source->timeout_ms = timeout_ms;
    buffer_init(&source->input, INPUT_MAX);
    buffer_init(&source->payload, limits->call_max);
    buffer_init(&source->packets, 0);
    arena_init(&source->call_arena, 0);
    arena_init(&source->row_arena, 0);
    if (!source_connect(source, error)) {
        source_close(source);
        return NULL;
    }
    source->cursors = wire_cursor_table_new(SOURCE_STATEMENTS_MAX * 2, NULL);
    source->decoder = wire_reply_decoder_new(source->session, source->cursors, &source_events, source);
    for (size_t i = 0; i < sizeof session_settings / sizeof *session_settings; i++) {
        if (source_run(source, session_settings[i], NULL, 0, 0, 0, NULL, NULL, NULL, error)) continue;
        error_prefix(error, "settings of the source's session");
        source_close(source);
        return NULL;
    }
    return source;
}

static void statement_free(struct source *source, struct source_statement *statement)
{
    if (statement->cursor) wire_cursor_release(source->cursors, statement->cursor);
    memory_free(statement->text);
    memory_free(statement);
}

/* Oracle commits what is open when a session logs off in order; what was not committed here is to be gone. A server that does not answer the rollback gets no logoff:
 * it ends the session as one whose client died. */
static void log_off(struct source *source)
{
    if (!source->socket || !source->session || !source->decoder || source->lost) return;
    source->timeout_ms = source->timeout_ms < LOGOFF_MS ? source->timeout_ms : LOGOFF_MS;
    if (source->open && !source_rollback(source, NULL)) return;
    struct error error;
    struct wire_request request = {.function = WIRE_FN_LOGOFF, .sequence = source_sequence(source)};
    buffer_clear(&source->payload);
    wire_simple_write(source->session, request.sequence, WIRE_FN_LOGOFF, &source->payload);
    bool good = source_exchange(source, &request, &error); /* its answer matters to nobody */
    (void)good;
}

void source_close(struct source *source)
{
    if (!source) return;
    for (uint32_t i = 0; i < source->statement_count; i++) statement_free(source, source->statements[i]);
    source->statement_count = 0;
    log_off(source);
    wire_reply_decoder_free(source->decoder);
    wire_cursor_table_free(source->cursors);
    if (source->socket) socket_close(source->socket);
    wire_client_login_free(source->login);
    if (source->tls) tls_context_free(source->tls);
    buffer_release(&source->input);
    buffer_release(&source->payload);
    buffer_release(&source->packets);
    arena_release(&source->call_arena);
    arena_release(&source->row_arena);
    memory_free(source);
}

const struct wire_session *source_session(const struct source *source)
{
    return source->session;
}

/* ---- statements ---- */

static void statement_drop(struct source *source, uint32_t at)
{
    struct source_statement *statement = source->statements[at];
    if (statement->cursor && statement->cursor->id) source->closing[source->closing_count++] = statement->cursor->id;
    statement_free(source, statement);
    source->statements[at] = source->statements[--source->statement_count];
}

static struct source_statement *statement_find(struct source *source, const char *text)
{
    uint64_t hash = view_hash(view_text(text));
    for (uint32_t i = 0; i < source->statement_count; i++)
        if (source->statements[i]->hash == hash && strcmp(source->statements[i]->text, text) == 0) return source->statements[i];
    return NULL;
}

static void statement_forget(struct source *source, const struct source_statement *statement)
{
    for (uint32_t i = 0; i < source->statement_count; i++)
        if (source->statements[i] == statement) {
            statement_drop(source, i);
            return;
        }
}

static struct source_statement *statement_make(struct source *source, const char *text)
{
    if (source->closing_count + 1 >= SOURCE_STATEMENTS_MAX) source->closing_count = 0; /* cannot be: each request empties the list */
    if (source->statement_count == SOURCE_STATEMENTS_MAX) {
        uint32_t oldest = 0;
        for (uint32_t i = 1; i < source->statement_count; i++)
            if (source->statements[i]->used < source->statements[oldest]->used) oldest = i;
        statement_drop(source, oldest);
    }
    struct source_statement *statement = memory_zero(1, sizeof *statement);
    statement->text = memory_string(text);
    statement->hash = view_hash(view_text(text));
    statement->cursor = wire_cursor_make(source->cursors, view_text(text));
    CHECK(statement->cursor); /* the table is larger than our list */
    source->statements[source->statement_count++] = statement;
    return statement;
}

/* ---- binds ---- */

/* One descriptor for a bind over all iterations. False: the iterations disagree on the type. */
static bool merge_descriptors(struct wire_oac *all, const struct wire_oac *one, bool all_null, bool one_null)
{
    if (one_null) return true;
    if (all_null) {
        *all = *one;
        return true;
    }
    if (all->type != one->type || all->form != one->form) return false;
    if (one->size_max > all->size_max) all->size_max = one->size_max;
    if (one->characters_max > all->characters_max) all->characters_max = one->characters_max;
    return true;
}

static bool make_binds(struct source *source, const struct value *values, uint32_t bind_count, uint32_t rows, struct wire_oac **oacs,
                       struct wire_bind **binds, bool *mixed, struct error *error)
{
    struct wire_oac *all = arena_zero(&source->call_arena, sizeof *all * (bind_count + 1));
    struct wire_bind *out = arena_zero(&source->call_arena, sizeof *out * ((size_t)bind_count * rows + 1));
    bool *nothing = arena_alloc(&source->call_arena, bind_count + 1);
    memset(nothing, 1, bind_count + 1);
    *mixed = false;
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t c = 0; c < bind_count; c++) {
            struct wire_bind *bind = &out[(size_t)r * bind_count + c];
            struct wire_oac oac = {0};
            bind->present = true;
            wire_value_to_bind(source->session, &values[(size_t)r * bind_count + c], &source->call_arena, &oac, &bind->raw, &bind->null);
            if (oac.type == 0) return error_set(error, ERROR_SOURCE, "bind %u has a value that Oracle's protocol cannot say", c + 1);
            if (r == 0) all[c] = oac;
            if (!merge_descriptors(&all[c], &oac, nothing[c], bind->null)) *mixed = true;
            if (!bind->null) nothing[c] = false;
        }
    *oacs = all;
    *binds = out;
    return true;
}

/* ---- executing ---- */

static bool fetch_rest(struct source *source, struct source_statement *statement, uint32_t fetch_rows, struct error *error)
{
    struct wire_cursor *cursor = statement->cursor;
    while (!source->call.stopped && source->call.end.error != 1403) {
        uint32_t id = cursor->id;
        struct wire_request request = {
            .function = WIRE_FN_FETCH, .sequence = 0, .cursor = cursor, .fetch = {.cursor_id = id, .rows = fetch_rows}};
        source_request_begin(source);
        request.sequence = source_sequence(source);
        wire_fetch_write(source->session, request.sequence, id, fetch_rows, &source->payload);
        if (!source_exchange(source, &request, error) || source_error(source, error)) return false;
        if (source->call.row_count && !source_deliver_deferred(source, cursor, error)) return false;
    }
    return true;
}

/* The server sends no rows of LOBs before it was told how: tells it, and takes the first rows. */
static bool define_and_fetch(struct source *source, struct source_statement *statement, uint32_t fetch_rows, struct error *error)
{
    struct wire_cursor *cursor = statement->cursor;
    if (source->locators) return true;
    source_define_longs(source, cursor);
    struct wire_execute_spec spec = {.options = WIRE_OPTION_DEFINE | WIRE_OPTION_FETCH | WIRE_OPTION_NOT_PLSQL,
                                     .cursor_id = cursor->id,
                                     .execution_count = fetch_rows,
                                     .prefetch_rows = fetch_rows,
                                     .defines = cursor->defines,
                                     .define_count = cursor->define_count,
                                     .query = true};
    source_request_begin(source);
    struct wire_request request = {.function = WIRE_FN_EXECUTE, .sequence = source_sequence(source), .cursor = cursor};
    request.execute.options = spec.options;
    request.execute.cursor_id = spec.cursor_id;
    request.execute.prefetch_rows = fetch_rows;
    if (!wire_execute_write(source->session, request.sequence, &spec, &source->payload))
        return error_set(error, ERROR_INTERNAL, "a define could not be encoded");
    if (!source_exchange(source, &request, error)) return false;
    if (!source_error(source, NULL)) {
        statement->defined = true;
        return true;
    }
    if (source->lost) return !source_error(source, error);
    LOG(LOG_INFO, "source.lobs_by_locator", log_u64("ora", source->call.end.error));
    source->locators = true;
    wire_cursor_set_defines(cursor, NULL, 0);
    memset(&source->call.end, 0, sizeof source->call.end);
    return true;
}

struct execution {
    const char *text;
    struct wire_oac *oacs;
    struct wire_bind *binds;
    uint32_t bind_count, rows, fetch_rows;
};

static bool execute(struct source *source, struct source_statement *statement, const struct execution *e, struct error *error)
{
    struct wire_cursor *cursor = statement->cursor;
    bool parse = cursor->id == 0, query = cursor->query;
    uint32_t options = WIRE_OPTION_EXECUTE | (parse ? WIRE_OPTION_PARSE : 0) | (e->bind_count ? WIRE_OPTION_BIND : 0);
    if (!cursor->plsql)
        options |= WIRE_OPTION_NOT_PLSQL;
    else if (e->bind_count)
        options |= WIRE_OPTION_IO_VECTOR;
    if (query) options |= WIRE_OPTION_FETCH;
    struct wire_execute_spec spec = {
        .options = options,
        .cursor_id = cursor->id,
        .sql = parse ? view_text(e->text) : view_of(NULL, 0),
        .prefetch_rows = query ? e->fetch_rows : 0,
        .execution_count = query ? (parse ? 0 : e->fetch_rows) : (e->rows ? e->rows : 1),
        .binds = e->oacs,
        .bind_count = e->bind_count,
        .rows = e->binds,
        .row_count = e->bind_count ? (e->rows ? e->rows : 1) : 0,
        .plsql = cursor->plsql,
        .query = query,
    };
    if (e->bind_count) wire_cursor_set_binds(cursor, e->oacs, e->bind_count);
    source_request_begin(source);
    struct wire_request request = {.function = WIRE_FN_EXECUTE, .sequence = source_sequence(source), .cursor = cursor};
    request.execute = (struct wire_execute){.options = options,
                                            .cursor_id = spec.cursor_id,
                                            .sql = spec.sql,
                                            .prefetch_rows = spec.prefetch_rows,
                                            .execution_count = spec.execution_count,
                                            .has_binds = e->bind_count > 0,
                                            .binds = e->oacs,
                                            .bind_count = e->bind_count,
                                            .rows = e->binds,
                                            .row_count = spec.row_count};
    if (!wire_execute_write(source->session, request.sequence, &spec, &source->payload))
        return error_set(error, ERROR_INTERNAL, "a statement could not be encoded: %.100s", e->text);
    if (source->payload.failed) return error_set(error, ERROR_LIMIT, "a call to the source is larger than call_max");
    source->call.deferred = query && (statement->lobs && source->locators);
    return source_exchange(source, &request, error);
}

/* The cursor is gone or its tables have changed: it is parsed again, once. */
static bool is_stale(uint32_t number)
{
    return number == 1001 || number == 1007 || number == 932 || number == 1003 || number == 1002 || number == 1023;
}

static bool run_statement(struct source *source, const struct execution *e, struct error *error)
{
    for (int attempt = 0;; attempt++) {
        struct source_statement *statement = statement_find(source, e->text);
        bool again = statement != NULL;
        if (!statement) statement = statement_make(source, e->text);
        statement->used = ++source->calls;
        if (!execute(source, statement, e, error)) {
            if (!statement->cursor->id) statement_forget(source, statement); /* a pending cursor does not outlive its request */
            return false;
        }
        bool failed = source_error(source, error);
        if (failed && again && attempt == 0 && is_stale(source->call.end.error) && !source->lost) {
            statement_forget(source, statement);
            continue;
        }
        if (failed) {
            statement_forget(source, statement);
            return false;
        }
        struct wire_cursor *cursor = statement->cursor;
        bool kept = (cursor->query || cursor->dml) && cursor->id;
        if (cursor->query) {
            bool lobs = !statement->lobs && source_cursor_has_lobs(cursor);
            if (lobs) statement->lobs = true;
            bool define = statement->lobs && !statement->defined && source->call.seen == 0 && source->call.end.error != 1403;
            if (define && !define_and_fetch(source, statement, e->fetch_rows, error)) return false;
            if (source->call.row_count && !source_deliver_deferred(source, cursor, error)) return false;
            if (!fetch_rest(source, statement, e->fetch_rows, error)) {
                if (!source->lost) statement_forget(source, statement);
                return false;
            }
        }
        if (!kept) statement_forget(source, statement); /* DDL and session settings are parsed each time */
        return true;
    }
}

static void fill_result(struct source *source, const char *text, struct source_result *result)
{
    const struct wire_end *end = &source->call.end;
    const struct source_statement *statement = statement_find(source, text);
    memset(result, 0, sizeof *result);
    if (statement && statement->cursor->query) {
        result->columns = statement->cursor->column_count;
        result->column = statement->cursor->columns;
    }
    result->affected = end->row_count;
    if (end->has_rowid && (end->rowid_object || end->rowid_block)) {
        result->has_rowid = true;
        wire_rowid_to_text(end->rowid_object, end->rowid_file, end->rowid_block, end->rowid_slot, result->rowid);
    }
}

bool source_run(struct source *source, const char *text, const struct value *binds, uint32_t bind_count, uint32_t rows, uint32_t fetch_rows,
                source_row *row, void *context, struct source_result *result, struct error *error)
{
    struct error ignored;
    if (!error) error = &ignored;
    error_clear(error);
    if (fetch_rows == 0) fetch_rows = 100;
    if (fetch_rows > SOURCE_FETCH_MAX) fetch_rows = SOURCE_FETCH_MAX;
    if (bind_count && rows == 0) rows = 1;
    arena_reset(&source->call_arena);
    memset(&source->call, 0, sizeof source->call);
    source->call.row = row;
    source->call.context = context;
    struct execution e = {.text = text, .bind_count = bind_count, .rows = rows, .fetch_rows = fetch_rows};
    bool mixed = false;
    if (bind_count && !make_binds(source, binds, bind_count, rows, &e.oacs, &e.binds, &mixed, error)) return false;
    if (mixed) { /* one iteration a call */
        uint64_t affected = 0;
        for (uint32_t i = 0; i < rows; i++) {
            if (!source_run(source, text, binds + (size_t)i * bind_count, bind_count, 1, fetch_rows, row, context, result, error))
                return false;
            affected += source->call.end.row_count;
        }
        if (result) result->affected = affected;
        return true;
    }
    source->open = source->open || !row;
    if (!run_statement(source, &e, error)) return false;
    if (result) fill_result(source, text, result);
    return true;
}

/* ---- short calls ---- */

static bool simple_call(struct source *source, uint8_t function, struct error *error)
{
    struct error ignored;
    if (!error) error = &ignored;
    arena_reset(&source->call_arena);
    memset(&source->call, 0, sizeof source->call);
    source_request_begin(source);
    struct wire_request request = {.function = function, .sequence = source_sequence(source)};
    wire_simple_write(source->session, request.sequence, function, &source->payload);
    return source_exchange(source, &request, error) && !source_error(source, error);
}

bool source_commit(struct source *source, struct error *error)
{
    bool good = simple_call(source, WIRE_FN_COMMIT, error);
    if (good) source->open = false;
    return good;
}

bool source_rollback(struct source *source, struct error *error)
{
    bool good = simple_call(source, WIRE_FN_ROLLBACK, error);
    if (good) source->open = false;
    return good;
}

struct scalar {
    char *out;
    size_t size;
    bool found;
};

static bool take_scalar(void *context, const struct value *values, uint32_t count)
{
    struct scalar *scalar = context;
    if (count == 0) return false;
    struct buffer text;
    buffer_init(&text, 0);
    if (values[0].type == VALUE_NUMBER) {
        char number[NUMBER_TEXT_MAX];
        buffer_append(&text, number, number_to_text(values[0].bytes, number));
    } else if (values[0].type == VALUE_TEXT) {
        buffer_append_view(&text, values[0].bytes);
    } else if (values[0].type != VALUE_NULL) {
        value_print(&text, &values[0], scalar->size);
    }
    snprintf(scalar->out, scalar->size, VIEW_FORMAT, VIEW_ARGUMENTS(buffer_view(&text)));
    buffer_release(&text);
    scalar->found = true;
    return false;
}

bool source_scalar(struct source *source, const char *text, char *out, size_t size, struct error *error)
{
    struct scalar scalar = {.out = out, .size = size};
    if (size) out[0] = 0;
    if (!source_run(source, text, NULL, 0, 0, 1, take_scalar, &scalar, NULL, error)) return false;
    return scalar.found || error_set(error, ERROR_NOT_FOUND, "no row: %.200s", text);
}
