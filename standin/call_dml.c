/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT, UPDATE, DELETE, MERGE: iterations, row counts, batch errors, RETURNING, the rowid of the last row. */
#include "standin/call.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct returned {
    struct value *values;
    uint32_t row_count, capacity;
}; /* of one iteration: rows x return binds */

struct dml {
    struct client *client;
    struct wire_request *request;
    struct statement *s;
    uint64_t rows;     /* all iterations */
    uint64_t last_row; /* row number; 0: none */
    uint64_t *counts;
    uint32_t count_size;
    struct returned *returned;
    uint32_t *batch_errors, *batch_offsets;
    struct view *batch_messages;
    uint32_t batch_count;
};

/* ---- rows that DML answers ---- */

static void keep_row(struct dml *d, struct returned *r)
{
    struct arena *arena = &d->client->call_arena;
    uint32_t width = d->s->plan->return_count;
    if (r->row_count == r->capacity) {
        r->capacity = r->capacity ? r->capacity * 2 : 4;
        struct value *values = arena_alloc(arena, (size_t)r->capacity * width * sizeof *values);
        if (r->row_count) memcpy(values, r->values, (size_t)r->row_count * width * sizeof *values);
        r->values = values;
    }
    for (uint32_t i = 0; i < width; i++) {
        struct value v = result_value(d->s, i + 1, &d->s->plan->returns[i].column.type, arena);
        r->values[r->row_count * width + i] = value_copy(arena, &v);
    }
    r->row_count++;
}

/* DELETE, and anything with RETURNING: the result's rows are the rows that were changed. */
static bool take_rows(struct dml *d, struct returned *r, uint64_t *count, struct plan_error *error)
{
    *count = 0;
    if (!result_begin(d->s, error)) return false;
    for (;;) {
        bool row;
        if (!result_next(d->s, &row, error)) return false;
        if (!row) return true;
        ++*count;
        const struct result_column *first = &d->s->columns[0];
        if (!first->null) d->last_row = strtoull(first->bytes, NULL, 10);
        if (d->s->plan->return_count) keep_row(d, r);
    }
}

/* ---- one iteration ---- */

static bool run_plain(struct dml *d, const struct wire_bind *row, struct returned *r, uint64_t *count, struct plan_error *error)
{
    struct parameter_set parameters;
    const struct plan *plan = d->s->plan;
    if (!statement_prepare(d->s, error)) return false;
    *count = 0;
    if (plan->sql) {
        if (!parameters_fill(d->client, d->request->cursor, row, plan->binds, plan->bind_count, &parameters, error) ||
            !statement_execute(d->s, d->s->prepared, &parameters, error))
            return false;
        if (plan->row_number == ROW_NUMBER_RETURNED) return take_rows(d, r, count, error);
        *count = mysql_stmt_affected_rows(d->s->prepared);
        uint64_t id = mysql_stmt_insert_id(d->s->prepared);
        if (*count && id && plan->row_number == ROW_NUMBER_INSERT_ID) d->last_row = id;
        if (*count && id && plan->row_number == ROW_NUMBER_FIRST_OF_MANY) d->last_row = id + *count - 1;
    }
    if (!plan->second_sql) return true;
    if (!parameters_fill(d->client, d->request->cursor, row, plan->second_binds, plan->second_bind_count, &parameters, error) ||
        !statement_execute(d->s, d->s->second, &parameters, error))
        return false;
    *count += mysql_stmt_affected_rows(d->s->second);
    return true;
}

static bool run_with_savepoint(struct dml *d, const struct wire_bind *row, struct returned *r, uint64_t *count, struct plan_error *error)
{
    struct engine_error failed;
    if (!engine_run(&d->client->engine, "SAVEPOINT `$merge`", NULL, &failed)) {
        error_from_engine(d->client, NULL, &failed, error);
        return false;
    }
    bool good = run_plain(d, row, r, count, error);
    if (!good && error->ora != 60) (void)!engine_run(&d->client->engine, "ROLLBACK TO SAVEPOINT `$merge`", NULL, &failed);
    return good;
}

/* ---- UPDATE .. RETURNING: lock the rows, change them, read them ---- */

static char *with_list(const char *sql, const char *list)
{
    struct buffer text;
    buffer_init(&text, 0);
    for (const char *c = sql; *c; c++) {
        if (*c == '\x03')
            buffer_append_text(&text, list);
        else
            buffer_u8(&text, (uint8_t)*c);
    }
    char *out = memory_string_of(text.data + text.start, buffer_size(&text));
    buffer_release(&text);
    return out;
}

static MYSQL_STMT *prepare_text(struct dml *d, const char *sql, const struct plan_bind *binds, uint32_t bind_count,
                                const struct wire_bind *row, struct plan_error *error)
{
    struct parameter_set parameters;
    struct engine_error failed;
    if (!parameters_fill(d->client, d->request->cursor, row, binds, bind_count, &parameters, error)) return NULL;
    MYSQL_STMT *prepared = mysql_stmt_init(d->client->engine.mysql);
    CHECK(prepared);
    bool good = mysql_stmt_prepare(prepared, sql, strlen(sql)) == 0 &&
                (parameters.count == 0 || mysql_stmt_bind_param(prepared, parameters.binds) == 0) && mysql_stmt_execute(prepared) == 0;
    if (good) return prepared;
    engine_note_statement(prepared, &failed);
    mysql_stmt_close(prepared);
    error_from_engine(d->client, d->s->plan, &failed, error);
    return NULL;
}

static bool lock_rows(struct dml *d, const struct wire_bind *row, struct buffer *list, uint64_t *count, struct plan_error *error)
{
    const struct plan *plan = d->s->plan;
    MYSQL_STMT *prepared = prepare_text(d, plan->lock_sql, plan->lock_binds, plan->lock_bind_count, row, error);
    if (!prepared) return false;
    uint64_t id = 0;
    MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &id, .is_unsigned = 1};
    bool good = mysql_stmt_bind_result(prepared, &bind) == 0;
    *count = 0;
    while (good && mysql_stmt_fetch(prepared) == 0) {
        buffer_printf(list, "%s%" PRIu64, *count ? ", " : "", id);
        d->last_row = id;
        ++*count;
    }
    struct engine_error failed;
    engine_note_statement(prepared, &failed);
    mysql_stmt_close(prepared);
    if (failed.number) error_from_engine(d->client, plan, &failed, error);
    return failed.number == 0;
}

static bool run_update_returning(struct dml *d, const struct wire_bind *row, struct returned *r, uint64_t *count, struct plan_error *error)
{
    const struct plan *plan = d->s->plan;
    struct buffer list;
    buffer_init(&list, 64 << 20);
    bool good = lock_rows(d, row, &list, count, error);
    if (good && *count) {
        buffer_u8(&list, 0);
        char *change = with_list(plan->sql, (const char *)list.data), *read = with_list(plan->read_sql, (const char *)list.data);
        MYSQL_STMT *prepared = prepare_text(d, change, plan->binds, plan->bind_count, row, error);
        good = prepared != NULL;
        if (prepared) mysql_stmt_close(prepared);
        uint64_t read_count;
        if (good) good = (d->s->prepared = prepare_text(d, read, NULL, 0, row, error)) != NULL;
        if (good) good = take_rows(d, r, &read_count, error);
        if (d->s->prepared) mysql_stmt_close(d->s->prepared);
        d->s->prepared = NULL;
        memory_free(change);
        memory_free(read);
    }
    buffer_release(&list);
    return good;
}

/* ---- all iterations ---- */

static bool run_one(struct dml *d, const struct wire_bind *row, uint32_t i, struct plan_error *error)
{
    uint64_t count = 0;
    struct returned *r = d->returned ? &d->returned[i] : NULL;
    bool good;
    if (d->s->plan->lock_sql)
        good = run_update_returning(d, row, r, &count, error);
    else if (d->s->plan->second_sql)
        good = run_with_savepoint(d, row, r, &count, error);
    else
        good = run_plain(d, row, r, &count, error);
    if (good) {
        d->rows += count;
        d->counts[d->count_size++] = count;
    }
    return good;
}

static void keep_batch_error(struct dml *d, uint32_t i, const struct plan_error *error)
{
    d->batch_errors[d->batch_count] = (uint32_t)error->ora;
    d->batch_offsets[d->batch_count] = i;
    const char *text = arena_printf(&d->client->call_arena, "%s\n", error->text);
    d->batch_messages[d->batch_count++] = view_text(text);
    d->counts[d->count_size++] = 0;
}

static bool run_all(struct dml *d, uint32_t iterations, struct plan_error *error)
{
    const struct wire_execute *x = &d->request->execute;
    uint32_t width = d->request->cursor->bind_count;
    bool batch = x->options & WIRE_OPTION_BATCH_ERRORS;
    for (uint32_t i = 0; i < iterations; i++) {
        const struct wire_bind *row = x->row_count > i ? &x->rows[(size_t)i * width] : NULL;
        struct plan_error failed = {0};
        if (run_one(d, row, i, &failed)) continue;
        bool fatal = failed.ora == 60 || failed.ora == 1013 || failed.ora == 3113;
        if (batch && !fatal) {
            keep_batch_error(d, i, &failed);
            continue;
        }
        *error = failed;
        return false;
    }
    return true;
}

/* ---- reply ---- */

static void write_returned(struct dml *d, uint32_t iterations)
{
    const struct plan *plan = d->s->plan;
    const struct wire_cursor *cursor = d->request->cursor;
    struct client *client = d->client;
    if (d->request->execute.options & WIRE_OPTION_IO_VECTOR) {
        uint8_t *directions = arena_alloc(&client->call_arena, cursor->bind_count + 1);
        memset(directions, WIRE_IN, cursor->bind_count);
        for (uint32_t i = 0; i < plan->return_count; i++) directions[plan->returns[i].ordinal] = WIRE_OUT;
        wire_io_vector_write(client->session, directions, cursor->bind_count, &client->reply);
    }
    for (uint32_t n = 0; n < iterations; n++) {
        wire_row_begin(&client->reply);
        for (uint32_t b = 0; b < plan->return_count; b++) {
            const struct wire_oac *oac = &cursor->binds[plan->returns[b].ordinal];
            const struct returned *r = &d->returned[n];
            wire_return_count(&client->reply, r->row_count);
            for (uint32_t k = 0; k < r->row_count; k++) call_out_value(client, oac, &r->values[k * plan->return_count + b]);
        }
    }
}

static void write_end(struct dml *d, const struct plan_error *error)
{
    const struct plan *plan = d->s->plan;
    struct wire_end end = {.cursor_id = d->request->cursor->id, .row_count = d->rows, .command = plan->command};
    if (d->last_row && plan->table_id && !error) {
        end.has_rowid = true;
        end.rowid_object = plan->table_id;
        end.rowid_file = ROWID_FILE;
        end.rowid_block = rowid_block(d->last_row);
        end.rowid_slot = rowid_slot(d->last_row);
    }
    if (error) {
        end.error = (uint32_t)error->ora;
        end.error_position = error->position;
        end.message = view_text(arena_printf(&d->client->call_arena, "%s\n", error->text));
    } else if (d->batch_count) {
        end.error = 24381;
        end.message = view_text("ORA-24381: error(s) in array DML\n");
        end.batch_count = d->batch_count;
        end.batch_errors = d->batch_errors;
        end.batch_offsets = d->batch_offsets;
        end.batch_messages = d->batch_messages;
    }
    call_end(d->client, d->request, &end);
}

static bool finish(struct dml *d, bool begun, bool good, struct plan_error *error)
{
    struct client *client = d->client;
    if (good && d->request->execute.commit) return client_commit(client, error);
    if (!good && error->ora == 60)
        client->doomed = client->in_transaction;
    else if (!good && begun && d->rows == 0) {
        /* The failed statement was the transaction's first: there is no transaction. */
        struct plan_error ignored = {0};
        (void)!client_rollback(client, &ignored);
    }
    return good;
}

void call_dml(struct client *client, struct wire_request *request, struct statement *s)
{
    const struct wire_execute *x = &request->execute;
    struct plan_error error = {0};
    if (!(x->options & WIRE_OPTION_EXECUTE) && !x->short_form) { /* parse only */
        wire_parameters_write(client->session, request->cursor->id, NULL, 0, x->dml_row_counts, &client->reply);
        call_end(client, request, &(struct wire_end){.cursor_id = request->cursor->id, .command = s->plan->command});
        return;
    }
    uint32_t iterations = request->cursor->bind_count ? x->row_count : x->execution_count;
    if (iterations == 0 || (s->plan->return_count && x->row_count == 0)) iterations = x->execution_count ? x->execution_count : 1;
    struct arena *arena = &client->call_arena;
    struct dml d = {.client = client, .request = request, .s = s};
    d.counts = arena_alloc(arena, (iterations + 1) * sizeof *d.counts);
    if (s->plan->return_count) d.returned = arena_zero(arena, iterations * sizeof *d.returned);
    if (x->options & WIRE_OPTION_BATCH_ERRORS) {
        d.batch_errors = arena_alloc(arena, iterations * sizeof *d.batch_errors);
        d.batch_offsets = arena_alloc(arena, iterations * sizeof *d.batch_offsets);
        d.batch_messages = arena_alloc(arena, iterations * sizeof *d.batch_messages);
    }
    s->cursor = request->cursor;
    statement_close_result(s);
    bool alone = x->commit && iterations == 1 && !s->plan->second_sql && !s->plan->lock_sql && !client->in_transaction && !client->doomed;
    bool begun = !alone && !client->in_transaction;
    bool good = client_free_engine(client, &error) && (alone || client_begin(client, &error));
    if (good) good = run_all(&d, iterations, &error);
    good = finish(&d, begun, good, &error);
    if (!good) {
        buffer_clear(&client->reply);
        write_end(&d, &error);
        return;
    }
    if (s->plan->return_count) write_returned(&d, iterations);
    wire_parameters_write(client->session, request->cursor->id, d.counts, d.count_size, x->dml_row_counts, &client->reply);
    write_end(&d, NULL);
}
