/* SPDX-License-Identifier: Apache-2.0 */
/* PL/SQL blocks: binds go in and out through MariaDB's variables @b1, @b2, ...; cursors become cursors of the session. */
#include "standin/call.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

struct array { /* an index-by table that goes out */
    bool set;
    uint32_t count;
    struct value *values;
};
struct block {
    struct client *client;
    struct wire_request *request;
    struct statement *s;
    const struct wire_bind *row;
    struct value *values;         /* of OUT binds */
    struct wire_cursor **cursors; /* of OUT cursor binds */
    struct array *arrays;         /* of OUT binds that are index-by tables */
    struct wire_cursor **results; /* that are returned beside the binds, as many as the plan has steps */
};

static bool fail(struct plan_error *error, int ora, const char *text)
{
    error->ora = ora;
    snprintf(error->text, sizeof error->text, "ORA-%05d: %s", ora, text);
    return false;
}

/* ---- in ---- */

static bool set_variables(struct block *b, struct plan_error *error)
{
    struct client *client = b->client;
    uint32_t count = b->s->plan->out_count;
    if (count == 0) return true;
    struct buffer sql;
    buffer_init(&sql, 0);
    struct plan_bind *order = arena_alloc(&client->call_arena, count * sizeof *order);
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool given = b->s->plan->outs[i].in && b->row && i < b->request->cursor->bind_count && b->row[i].present;
        buffer_printf(&sql, "%s@b%u = %s", i ? ", " : "SET ", i + 1, given ? "?" : "NULL");
        if (given) order[used++] = (struct plan_bind){.ordinal = i, .conversion = BIND_LOCAL};
    }
    struct parameter_set parameters;
    struct engine_error failed;
    bool good = parameters_fill(client, b->request->cursor, b->row, order, used, &parameters, error);
    MYSQL_STMT *prepared = good ? mysql_stmt_init(client->engine.mysql) : NULL;
    if (prepared) {
        good = mysql_stmt_prepare(prepared, (const char *)sql.data + sql.start, buffer_size(&sql)) == 0 &&
               (used == 0 || mysql_stmt_bind_param(prepared, parameters.binds) == 0) && mysql_stmt_execute(prepared) == 0;
        if (!good) {
            engine_note_statement(prepared, &failed);
            error_from_engine(client, b->s->plan, &failed, error);
        }
        mysql_stmt_close(prepared);
    }
    buffer_release(&sql);
    return good;
}

/* ---- out ---- */

static struct value value_of_text(struct block *b, const struct sql_type *type, const char *text, size_t size)
{
    struct arena *arena = &b->client->call_arena;
    if (!text) return value_null();
    struct view bytes = arena_copy(arena, view_of(text, size));
    if (sql_kind_is_number(type->kind) || type->kind == KIND_BOOLEAN) {
        struct value number = value_number_text(arena, bytes);
        if (type->kind == KIND_BINARY_DOUBLE || type->kind == KIND_BINARY_FLOAT)
            return (struct value){.type = type->kind == KIND_BINARY_DOUBLE ? VALUE_DOUBLE : VALUE_FLOAT, .real = strtod(text, NULL)};
        return number;
    }
    if (sql_kind_is_time(type->kind)) {
        struct value v = {.type = VALUE_DATETIME};
        if (!datetime_from_text(bytes, &v.datetime)) return value_null();
        v.datetime.has_zone = type->kind == KIND_TIMESTAMP_TZ || type->kind == KIND_TIMESTAMP_LTZ;
        if (type->kind == KIND_DATE) v.datetime.nanosecond = 0;
        return v;
    }
    if (type->kind == KIND_RAW || type->kind == KIND_BLOB) return value_bytes(bytes);
    return value_text(bytes);
}

static void take_outs(void *context, char **values, unsigned long *lengths)
{
    struct block *b = context;
    const struct plan *plan = b->s->plan;
    for (uint32_t i = 0; i < plan->out_count; i++) {
        struct sql_type type = plan->outs[i].type;
        if (type.kind == KIND_UNKNOWN && i < b->s->bind_count) type = b->s->bind_types[i];
        if (plan->outs[i].out) b->values[i] = value_of_text(b, &type, values[i], lengths[i]);
    }
}

/* A text must fit the room that the client declared for it. */
static bool outs_fit(struct block *b, struct plan_error *error)
{
    const struct plan *plan = b->s->plan;
    const struct wire_cursor *cursor = b->request->cursor;
    for (uint32_t i = 0; i < plan->out_count && i < cursor->bind_count; i++) {
        const struct wire_oac *oac = &cursor->binds[i];
        bool text = (oac->type == WIRE_TYPE_VARCHAR || oac->type == WIRE_TYPE_CHAR) && b->values[i].type == VALUE_TEXT;
        if (plan->outs[i].out && text && oac->size_max && b->values[i].bytes.size > oac->size_max)
            return fail(error, 6502, "PL/SQL: numeric or value error: character string buffer too small");
    }
    return true;
}

static bool read_variables(struct block *b, struct plan_error *error)
{
    const struct plan *plan = b->s->plan;
    bool any = false;
    struct buffer sql;
    buffer_init(&sql, 0);
    for (uint32_t i = 0; i < plan->out_count; i++) {
        any |= plan->outs[i].out;
        buffer_printf(&sql, "%s@b%u", i ? ", " : "SELECT ", i + 1);
    }
    buffer_u8(&sql, 0);
    struct engine_error failed;
    bool good = !any || engine_rows(&b->client->engine, (const char *)sql.data + sql.start, take_outs, b, &failed);
    if (!good) error_from_engine(b->client, plan, &failed, error);
    buffer_release(&sql);
    return good && outs_fit(b, error);
}

/* ---- cursors ---- */

static struct wire_cursor *cursor_new(struct client *client, struct statement *s)
{
    struct wire_cursor *cursor = wire_cursor_make(client->cursors, view_of(NULL, 0));
    if (!cursor) return NULL;
    struct wire_column *columns = arena_zero(&client->call_arena, (s->plan->column_count + 1) * sizeof *columns);
    wire_cursor_bind_id(client->cursors, cursor, wire_cursor_free_id(client->cursors, 1));
    result_describe(s->plan->columns, s->plan->column_count, columns);
    wire_cursor_set_columns(cursor, columns, s->plan->column_count);
    cursor->owner = s;
    s->cursor = cursor;
    return cursor;
}

/* The query runs as a statement of its own. NULL with error. `block`: the text is the block's own, with its binds. */
static struct wire_cursor *open_query(struct block *b, struct view sql, bool block, struct plan_error *error)
{
    struct client *client = b->client;
    struct parameter_set parameters = {0};
    bool renewed;
    struct statement *child = statement_new(client, sql);
    struct sql_type none = {0};
    bool good = statement_plan(child, block ? b->s->bind_types : &none, block ? b->s->bind_count : 0, &renewed, error);
    if (good && block) child->plan->kind = PLAN_QUERY;
    if (good && child->plan->kind != PLAN_QUERY) good = fail(error, 6550, "PLS-00428: a query is expected here");
    good =
        good && statement_prepare(child, error) &&
        (!block || parameters_fill(client, b->request->cursor, b->row, child->plan->binds, child->plan->bind_count, &parameters, error)) &&
        statement_execute(child, child->prepared, &parameters, error) && result_begin(child, error);
    /* Taken over whole: the cursor lives beside other statements, and its defines are not known yet. */
    if (good && mysql_stmt_store_result(child->prepared)) good = fail(error, 600, "internal error: cursor");
    client->streaming = NULL;
    child->stored = good;
    struct wire_cursor *cursor = good ? cursor_new(client, child) : NULL;
    if (cursor) return cursor;
    statement_destroy(child);
    if (good) (void)fail(error, 1000, "maximum open cursors exceeded");
    return NULL;
}

/* OPEN :c FOR SELECT */
static bool open_cursor(struct block *b, struct plan_error *error)
{
    struct wire_cursor *cursor = open_query(b, view_of(b->s->sql, b->s->sql_size), true, error);
    b->cursors[b->s->plan->cursor_bind] = cursor;
    return cursor;
}

/* DBMS_SQL.RETURN_RESULT. A client that did not say that it takes results beside the binds gets the error that Oracle has for it. */
static bool open_results(struct block *b, struct plan_error *error)
{
    enum { FLAGS = 9, TAKES_RESULTS = 0x8000 };
    const struct wire_execute *x = &b->request->execute;
    if (!x->short_form && !(x->i4_count > FLAGS && x->i4[FLAGS] & TAKES_RESULTS))
        return fail(error, 29481, "Implicit results cannot be returned to client.");
    const struct plan *plan = b->s->plan;
    b->results = arena_zero(&b->client->call_arena, (plan->step_count + 1) * sizeof *b->results);
    for (uint32_t i = 0; i < plan->step_count; i++)
        if (!(b->results[i] = open_query(b, view_text(plan->steps[i]), false, error))) return false;
    return true;
}

/* STANDIN_ARRAYS: the first bind is a table that comes in; what goes out is its size or its elements the other way round. */
static bool run_arrays(struct block *b, struct plan_error *error)
{
    const struct wire_cursor *cursor = b->request->cursor;
    const struct plan *plan = b->s->plan;
    struct client *client = b->client;
    uint32_t to = plan->out_count - 1;
    bool given = b->row && cursor->bind_count >= plan->out_count && (cursor->binds[0].flags & WIRE_OAC_ARRAY);
    if (!given) return fail(error, 6550, "PLS-00306: wrong number or types of arguments");
    uint32_t count = b->row[0].element_count;
    if (strcmp(plan->sql, "COUNT_OF") == 0) {
        b->values[to] = value_number_text(&client->call_arena, view_text(arena_printf(&client->call_arena, "%u", count)));
        return true;
    }
    if (!(cursor->binds[to].flags & WIRE_OAC_ARRAY)) return fail(error, 6550, "PLS-00306: wrong number or types of arguments");
    if (count > cursor->binds[to].elements_max)
        return fail(error, 6513, "PL/SQL: index for PL/SQL table out of range for host language array");
    struct value *values = arena_zero(&client->call_arena, (count + 1) * sizeof *values);
    for (uint32_t i = 0; i < count; i++)
        values[i] = wire_bind_value(client->session, &cursor->binds[0], &b->row[0].elements[count - 1 - i], &client->call_arena);
    b->arrays[to] = (struct array){.set = true, .count = count, .values = values};
    return true;
}

/* How a procedure's cursor parameter was described when it was made. */
static struct plan *cursor_plan(const char *result)
{
    struct plan *plan = memory_zero(1, sizeof *plan);
    arena_init(&plan->arena, 0);
    plan->kind = PLAN_QUERY;
    plan->columns = arena_zero(&plan->arena, 1000 * sizeof *plan->columns);
    while (*result && plan->column_count < 1000) {
        int kind, scale, characters, national, nullable, at = 0;
        unsigned precision, length, object;
        if (sscanf(result, "%d %u %d %u %d %d %u %d %n", &kind, &precision, &scale, &length, &characters, &national, &object, &nullable,
                   &at) < 8)
            break;
        size_t size = strcspn(result + at, "\n");
        plan->columns[plan->column_count++] = (struct plan_column){.name = arena_string(&plan->arena, view_of(result + at, size)),
                                                                   .nullable = nullable,
                                                                   .lob_key = -1,
                                                                   .type = {.kind = (enum sql_kind)kind,
                                                                            .precision = (uint8_t)precision,
                                                                            .scale = (int8_t)scale,
                                                                            .length = length,
                                                                            .characters = characters,
                                                                            .national = national,
                                                                            .object = object}};
        result += at + size;
        result += *result == '\n';
    }
    return plan;
}

/* CALL p(..) whose rows are the cursor: read at once, because OUT values follow them. */
static bool call_with_cursor(struct block *b, uint32_t bind, struct plan_error *error)
{
    struct client *client = b->client;
    struct parameter_set none = {0};
    struct statement *child = statement_new(client, view_of(NULL, 0));
    child->plan = cursor_plan(b->s->plan->outs[bind].cursor_result);
    child->plan->sql = arena_string(&child->plan->arena, view_text(b->s->plan->sql));
    struct wire_cursor *cursor = NULL;
    bool good = statement_prepare(child, error) && statement_execute(child, child->prepared, &none, error) && result_begin(child, error);
    if (good) cursor = cursor_new(client, child);
    if (good && !cursor) good = fail(error, 1000, "maximum open cursors exceeded");
    if (good) good = result_spool(child, cursor, 0, 0, error);
    if (good) {
        while (mysql_stmt_next_result(child->prepared) == 0) mysql_stmt_free_result(child->prepared);
        b->cursors[bind] = cursor;
        return true;
    }
    if (cursor)
        wire_cursor_release(client->cursors, cursor);
    else
        statement_destroy(child);
    return false;
}

/* ---- did it change anything? ---- */

/* MariaDB's counters of the session begin at zero. This commits, so it comes before the transaction. */
static bool forget_counters(struct client *client, struct plan_error *error)
{
    struct engine_error failed;
    if (engine_run(&client->engine, "FLUSH LOCAL STATUS", NULL, &failed)) return true;
    error_from_engine(client, NULL, &failed, error);
    return false;
}

static void add_counter(void *context, char **values, unsigned long *lengths)
{
    int64_t n = 0, *sum = context;
    if (values[1] && view_to_i64(view_of(values[1], lengths[1]), &n)) *sum += n;
}

/* A procedure that only read has opened no transaction. */
static bool changed_rows(struct client *client, const struct plan *plan)
{
    struct engine_error ignored;
    int64_t sum = 0;
    if (strstr(plan->sql, "FOR UPDATE")) return true;
    bool good =
        engine_rows(&client->engine, "SHOW SESSION STATUS WHERE Variable_name IN ('Handler_write', 'Handler_update', 'Handler_delete')",
                    add_counter, &sum, &ignored);
    return !good || sum > 0;
}

static bool run_block(struct block *b, struct plan_error *error)
{
    const struct plan *plan = b->s->plan;
    if (plan->kind == PLAN_CURSOR) return open_cursor(b, error);
    if (plan->kind == PLAN_ARRAYS) return run_arrays(b, error);
    if (plan->kind == PLAN_RESULTS) return open_results(b, error);
    if (!set_variables(b, error)) return false;
    for (uint32_t i = 0; i < plan->out_count; i++) {
        if (plan->outs[i].cursor_result) return call_with_cursor(b, i, error) && read_variables(b, error);
    }
    struct engine_error failed;
    if (!engine_run(&b->client->engine, plan->sql, NULL, &failed)) {
        error_from_engine(b->client, plan, &failed, error);
        return false;
    }
    return read_variables(b, error);
}

/* ---- reply ---- */

static void write_outs(struct block *b)
{
    struct client *client = b->client;
    const struct plan *plan = b->s->plan;
    struct wire_cursor *cursor = b->request->cursor;
    uint8_t *directions = arena_alloc(&client->call_arena, cursor->bind_count + 1);
    for (uint32_t i = 0; i < cursor->bind_count; i++) {
        bool out = i < plan->out_count && plan->outs[i].out;
        directions[i] = !out ? WIRE_IN : plan->outs[i].in ? WIRE_IN_OUT : WIRE_OUT;
    }
    wire_cursor_set_directions(cursor, directions, cursor->bind_count);
    wire_io_vector_write(client->session, directions, cursor->bind_count, &client->reply);
    bool any = false;
    for (uint32_t i = 0; i < cursor->bind_count; i++) any |= directions[i] != WIRE_IN;
    if (!any) return;
    wire_row_begin(&client->reply);
    for (uint32_t i = 0; i < cursor->bind_count; i++) {
        if (directions[i] == WIRE_IN) continue;
        struct wire_cursor *opened = b->cursors[i];
        const struct array *array = &b->arrays[i];
        if (array->set) {
            wire_return_count(&client->reply, array->count);
            for (uint32_t k = 0; k < array->count; k++) call_out_value(client, &cursor->binds[i], &array->values[k]);
        } else if (opened)
            wire_out_cursor(client->session, opened->columns, opened->column_count, opened->id, &client->reply);
        else
            call_out_value(client, &cursor->binds[i], &b->values[i]);
    }
}

static void write_results(const struct block *b)
{
    struct buffer *out = &b->client->reply;
    uint32_t count = b->results ? b->s->plan->step_count : 0;
    if (count) wire_implicit_results_write(count, out);
    for (uint32_t i = 0; i < count; i++)
        wire_implicit_result(b->client->session, b->results[i]->columns, b->results[i]->column_count, b->results[i]->id, out);
}

/* A block that fails leaves nothing of itself, in an open transaction too. One that committed inside has taken the mark with it. */
static bool mark(struct client *client)
{
    struct engine_error ignored;
    return engine_run(&client->engine, "SAVEPOINT `$block`", NULL, &ignored);
}

static void undo_to_mark(struct client *client)
{
    struct engine_error ignored;
    (void)!engine_run(&client->engine, "ROLLBACK TO SAVEPOINT `$block`", NULL, &ignored);
}

void call_block(struct client *client, struct wire_request *request, struct statement *s)
{
    const struct wire_execute *x = &request->execute;
    struct plan_error error = {0};
    struct wire_cursor *cursor = request->cursor;
    if (!(x->options & WIRE_OPTION_EXECUTE) && !x->short_form) { /* parse only */
        wire_parameters_write(client->session, cursor->id, NULL, 0, x->dml_row_counts, &client->reply);
        call_end(client, request, &(struct wire_end){.cursor_id = cursor->id, .command = 47});
        return;
    }
    struct block b = {.client = client, .request = request, .s = s};
    b.values = arena_zero(&client->call_arena, (cursor->bind_count + s->plan->out_count + 1) * sizeof *b.values);
    b.arrays = arena_zero(&client->call_arena, (cursor->bind_count + s->plan->out_count + 1) * sizeof *b.arrays);
    b.cursors = arena_zero(&client->call_arena, (cursor->bind_count + s->plan->out_count + 1) * sizeof *b.cursors);
    bool good = true;
    if (s->plan->out_count > cursor->bind_count) good = fail(&error, 1008, "not all variables bound");
    bool begun = s->plan->locks && !client->in_transaction;
    good = good && client_free_engine(client, &error) && (!begun || forget_counters(client, &error)) &&
           (!s->plan->locks || client_begin(client, &error));
    uint32_t iterations = x->row_count ? x->row_count : 1;
    bool marked = good && s->plan->locks && !begun && mark(client);
    for (uint32_t i = 0; good && i < iterations; i++) {
        b.row = x->row_count ? &x->rows[(size_t)i * cursor->bind_count] : NULL;
        good = run_block(&b, &error);
    }
    if (s->plan->locks) client->in_transaction = engine_in_transaction(&client->engine);
    if (good && begun && client->in_transaction && !changed_rows(client, s->plan)) good = client_rollback(client, &error);
    if (good && x->commit) good = client_commit(client, &error);
    if (!good) {
        struct plan_error ignored = {0};
        if (error.ora == 60)
            client->doomed = true;
        else if (begun)
            (void)!client_rollback(client, &ignored);
        else if (marked)
            undo_to_mark(client);
        call_error(client, request, &error, cursor->id);
        return;
    }
    /* The short form cannot ask: who sends it knows from the first execution that values come back. */
    if (x->short_form || x->options & WIRE_OPTION_IO_VECTOR) write_outs(&b);
    write_results(&b);
    wire_parameters_write(client->session, cursor->id, NULL, 0, x->dml_row_counts, &client->reply);
    call_end(client, request, &(struct wire_end){.cursor_id = cursor->id, .command = 47, .row_count = 1});
}
