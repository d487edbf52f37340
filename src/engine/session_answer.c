/* SPDX-License-Identifier: Apache-2.0 */
/* Replies that we make ourselves: rows and metadata as Oracle would have sent them, ends of calls, errors. */
#include "engine/session_private.h"

#include "base/log.h"
#include "base/memory.h"
#include "wire/message.h"

static const struct {
    enum sql_kind kind;
    uint8_t command;
} command_types[] = {
    {SQL_SELECT, 3},     {SQL_INSERT, 2},           {SQL_INSERT_ALL, 2},  {SQL_UPDATE, 6},         {SQL_DELETE, 7},
    {SQL_MERGE, 189},    {SQL_PLSQL, 47},           {SQL_COMMIT, 44},     {SQL_ROLLBACK, 45},      {SQL_ROLLBACK_TO, 45},
    {SQL_SAVEPOINT, 46}, {SQL_SET_TRANSACTION, 48}, {SQL_LOCK_TABLE, 26}, {SQL_ALTER_SESSION, 42},
};

static uint8_t command_of(const struct call *call)
{
    for (size_t i = 0; call->plan && i < sizeof command_types / sizeof *command_types; i++)
        if (command_types[i].kind == call->plan->kind) return command_types[i].command;
    return 0;
}

void session_answer_send(struct session *s)
{
    buffer_clear(&s->packets);
    wire_packet_write_data(&s->packets, buffer_view(&s->output), s->wire->large, s->wire->sdu, 0);
    session_send(s, PEER_CLIENT, buffer_view(&s->packets));
    buffer_clear(&s->output);
    session_finish_call(s);
}

static struct wire_end end_of(struct session *s, uint8_t command, uint64_t rows)
{
    struct call *call = &s->call;
    return (struct wire_end){.call_status = s->tx.open ? 3 : 1,
                             .command = command,
                             .row_count = rows,
                             .transaction_open = s->tx.open,
                             .cursor_id = call->wire_cursor ? call->wire_cursor->id : 0};
}

/* false: an OCI client of whose encoding not even an error can be written */
static bool session_can_answer(const struct session *s)
{
    return s->wire->encoding == WIRE_ENCODING_UNIVERSAL || s->wire->encoding == WIRE_ENCODING_FIXED;
}

void session_answer_error(struct session *s, uint32_t ora, const char *text, int32_t position)
{
    struct call *call = &s->call;
    engine_count(s->engine, COUNT_CLIENT_ERRORS, 1);
    if (!session_can_answer(s)) { /* nothing that the client would understand */
        session_end(s);
        return;
    }
    uint8_t sequence = 0;
    if (call->state != CALL_NONE || call->number) {
        sequence = wire_tap_request(s->tap) ? wire_tap_request(s->tap)->sequence : 0;
        if (!call->tap_told && call->state != CALL_RELAYED) {
            call->tap_told = true;
            session_keep_piggybacks(s);
            if (call->wire_cursor && call->wire_cursor->id == 0) { /* a first execute that failed: the cursor is not kept */
                wire_request_abandon(s->cursors, wire_tap_request(s->tap));
                call->wire_cursor = NULL;
                call->cursor = NULL;
            }
            wire_tap_served(s->tap);
        }
    }
    buffer_clear(&s->output);
    wire_error_write(s->wire, ora, text, position, call->wire_cursor ? call->wire_cursor->id : 0, s->tx.open, sequence, &s->output);
    session_answer_send(s);
}

void session_answer_sqlstate(struct session *s, const struct error *error, const char *constraint)
{
    char text[700];
    int ora = error->native;
    if (ora)
        snprintf(text, sizeof text, "ORA-%05d: %s", ora, error->text);
    else
        ora = sql_error_to_ora(error->sqlstate, constraint, error->text, s->schema, text, sizeof text);
    if (ora == 1400 && s->call.plan && s->call.plan->kind == SQL_UPDATE) { /* the target has one number for both */
        const char *column = strstr(text, "into ");
        char updated[700];
        snprintf(updated, sizeof updated, "ORA-01407: cannot update %s to NULL", column ? column + strlen("into ") : "a column");
        snprintf(text, sizeof text, "%.699s", updated);
        ora = 1407;
    }
    size_t length = strlen(text);
    if (length + 1 < sizeof text && (length == 0 || text[length - 1] != '\n')) {
        text[length] = '\n';
        text[length + 1] = 0;
    }
    session_answer_error(s, (uint32_t)ora, text, 0);
}

void session_answer_status(struct session *s)
{
    session_served(s);
    buffer_clear(&s->output);
    wire_status_write(s->wire, s->tx.open, &s->output);
    session_answer_send(s);
}

void session_answer_ok(struct session *s, uint8_t command)
{
    session_served(s);
    struct wire_request *request = wire_tap_request(s->tap);
    buffer_clear(&s->output);
    if (request->function == WIRE_FN_COMMIT || request->function == WIRE_FN_ROLLBACK || request->function == WIRE_FN_PING ||
        request->function == WIRE_FN_LOGOFF) {
        wire_status_write(s->wire, s->tx.open, &s->output);
    } else {
        wire_parameters_write(s->wire, s->call.wire_cursor ? s->call.wire_cursor->id : 0, NULL, 0, request->execute.dml_row_counts,
                              &s->output);
        struct wire_end end = end_of(s, command ? command : command_of(&s->call), 0);
        wire_end_write(s->wire, &end, request->sequence, &s->output);
    }
    session_answer_send(s);
}

/* ---- metadata ---- */

static void column_from_plan(const struct sql_result_column *plan, struct wire_oac *oac)
{
    static const struct {
        enum sql_type type;
        uint8_t wire;
        uint32_t size;
    } map[] = {
        {SQL_NUMBER, WIRE_TYPE_NUMBER, 22},
        {SQL_INTEGER, WIRE_TYPE_NUMBER, 22},
        {SQL_FLOAT, WIRE_TYPE_NUMBER, 22},
        {SQL_BINARY_FLOAT, WIRE_TYPE_BINARY_FLOAT, 4},
        {SQL_BINARY_DOUBLE, WIRE_TYPE_BINARY_DOUBLE, 8},
        {SQL_CHAR, WIRE_TYPE_CHAR, 2000},
        {SQL_CLOB, WIRE_TYPE_CLOB, 4000},
        {SQL_BLOB, WIRE_TYPE_BLOB, 4000},
        {SQL_RAW, WIRE_TYPE_RAW, 2000},
        {SQL_DATE, WIRE_TYPE_DATE, 7},
        {SQL_TIMESTAMP, WIRE_TYPE_TIMESTAMP, 11},
        {SQL_TIMESTAMP_TZ, WIRE_TYPE_TIMESTAMP_TZ, 13},
        {SQL_TIMESTAMP_LTZ, WIRE_TYPE_TIMESTAMP_LTZ, 11},
        {SQL_INTERVAL_YM, WIRE_TYPE_INTERVAL_YM, 5},
        {SQL_INTERVAL_DS, WIRE_TYPE_INTERVAL_DS, 11},
        {SQL_VARCHAR, WIRE_TYPE_VARCHAR, 4000},
    };
    for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
        if (map[i].type != plan->type) continue;
        oac->type = map[i].wire;
        oac->size_max = map[i].size;
    }
    oac->precision = (uint8_t)plan->precision;
    oac->scale = (int16_t)plan->scale;
    if (oac->type == WIRE_TYPE_NUMBER && !plan->precision) oac->scale = plan->type == SQL_INTEGER ? 0 : -127;
    if (plan->length > 0 && (oac->type == WIRE_TYPE_VARCHAR || oac->type == WIRE_TYPE_CHAR)) {
        oac->characters_max = (uint32_t)plan->length;
        oac->size_max = (uint32_t)plan->length * 4 < 4000 ? (uint32_t)plan->length * 4 : 4000;
    }
    if (plan->length > 0 && oac->type == WIRE_TYPE_RAW) oac->size_max = (uint32_t)plan->length;
}

static void column_from_target(const struct pg_column *column, struct wire_oac *oac)
{
    static const struct {
        uint32_t oid;
        uint8_t wire;
        uint32_t size;
    } map[] = {
        {PG_OID_NUMERIC, WIRE_TYPE_NUMBER, 22},
        {PG_OID_INT8, WIRE_TYPE_NUMBER, 22},
        {PG_OID_INT4, WIRE_TYPE_NUMBER, 22},
        {PG_OID_INT2, WIRE_TYPE_NUMBER, 22},
        {PG_OID_BOOL, WIRE_TYPE_NUMBER, 22},
        {PG_OID_FLOAT4, WIRE_TYPE_BINARY_FLOAT, 4},
        {PG_OID_FLOAT8, WIRE_TYPE_BINARY_DOUBLE, 8},
        {PG_OID_BYTEA, WIRE_TYPE_RAW, 2000},
        {PG_OID_TIMESTAMP, WIRE_TYPE_TIMESTAMP, 11},
        {PG_OID_DATE, WIRE_TYPE_DATE, 7},
        {PG_OID_TIMESTAMPTZ, WIRE_TYPE_TIMESTAMP_TZ, 13},
        {PG_OID_INTERVAL, WIRE_TYPE_INTERVAL_DS, 11},
        {PG_OID_BPCHAR, WIRE_TYPE_CHAR, 2000},
    };
    oac->type = WIRE_TYPE_VARCHAR;
    oac->size_max = 4000;
    for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
        if (map[i].oid != column->type) continue;
        oac->type = map[i].wire;
        oac->size_max = map[i].size;
    }
    if (oac->type == WIRE_TYPE_NUMBER) oac->scale = -127;
    if (column->type == PG_OID_TIMESTAMP && column->modifier == 0) {
        oac->type = WIRE_TYPE_DATE;
        oac->size_max = 7;
    }
    if (oac->type == WIRE_TYPE_TIMESTAMP || oac->type == WIRE_TYPE_TIMESTAMP_TZ) oac->scale = 6;
    if ((column->type == PG_OID_VARCHAR || column->type == PG_OID_BPCHAR) && column->modifier > 4) {
        oac->characters_max = (uint32_t)column->modifier - 4;
        oac->size_max = oac->characters_max * 4 < 4000 ? oac->characters_max * 4 : 4000;
    }
}

static char *upper_name(struct arena *arena, const char *name)
{
    char *upper = arena_string(arena, view_text(name));
    for (char *c = upper; *c; c++)
        if (*c >= 'a' && *c <= 'z') *c -= 32;
    return upper;
}

/* As the source described this statement, if it ever did; else from the plan's inference, else from the target's types. */
static bool session_describe_columns(struct session *s, const struct pg_result *result, const struct wire_column **columns, uint32_t *count)
{
    struct call *call = &s->call;
    struct statement_describe *known = call->statement ? atomic_load_explicit(&call->statement->describe, memory_order_acquire) : NULL;
    if (known && known->count == result->columns) {
        *columns = known->columns;
        *count = known->count;
        return true;
    }
    struct wire_column *made = arena_zero(&call->arena, sizeof *made * (result->columns + 1));
    for (uint32_t i = 0; i < result->columns; i++) {
        struct pg_column target = pg_result_column(result, i);
        struct wire_oac *oac = &made[i].oac;
        column_from_target(&target, oac);
        const struct sql_result_column *plan = call->plan && call->plan->column_count == result->columns ? &call->plan->columns[i] : NULL;
        if (plan && plan->type != SQL_UNKNOWN) column_from_plan(plan, oac);
        bool text = oac->type == WIRE_TYPE_VARCHAR || oac->type == WIRE_TYPE_CHAR || oac->type == WIRE_TYPE_CLOB;
        oac->charset = text ? 873 : 0;
        oac->form = text ? WIRE_FORM_DATABASE : 0;
        if (text) oac->flags = WIRE_OAC_CHARACTER;
        if (text && !oac->characters_max)
            oac->characters_max = oac->size_max; /* with 0 some drivers take the column for one without values */
        made[i].nullable = !plan || plan->nullable;
        made[i].name = plan && plan->name ? arena_string(&call->arena, view_text(plan->name)) : upper_name(&call->arena, target.name);
    }
    *columns = made;
    *count = result->columns;
    return true;
}

/* ---- rows ---- */

static void write_lob(struct session *s, const struct wire_oac *column, const struct wire_oac *define, const struct value *value)
{
    if (value->type == VALUE_NULL) {
        wire_row_lob(s->wire, column, define, NULL, &s->output);
        return;
    }
    bool binary = column->type == WIRE_TYPE_BLOB;
    struct wire_lob_cell lob = {.chunk = 8060};
    lob.locator = session_lob_locator(s, value->bytes, binary, false, &s->call.arena);
    lob.size = value->bytes.size;
    if (!binary) { /* in UTF-16 code units */
        lob.size = 0;
        for (size_t i = 0; i < value->bytes.size; i++) {
            uint8_t c = value->bytes.data[i];
            if ((c & 0xC0) != 0x80) lob.size += c >= 0xF0 ? 2 : 1;
        }
    }
    lob.has_data = define && (define->continue_flags & WIRE_CONTINUE_LOB_PREFETCH) && define->characters_max > 0;
    lob.data = value->bytes;
    wire_row_lob(s->wire, column, define, &lob, &s->output);
}

/*
 * A value that has no form in its column's type, such as NaN in a NUMBER or a date that is infinite: Oracle could not hold it. The rows before it are the client's; then
 * the call ends with the error that Oracle has for such a value where it computes one.
 */
static const char *value_lost(struct session *s, const struct wire_column *column, uint32_t *ora)
{
    static const struct {
        uint8_t type;
        uint32_t ora;
        const char *text;
    } errors[] = {
        {WIRE_TYPE_NUMBER, 1426, "ORA-01426: numeric overflow\n"},
        {WIRE_TYPE_DATE, 1841, "ORA-01841: (full) year must be between -4713 and +9999, and not be 0\n"},
        {WIRE_TYPE_TIMESTAMP, 1841, "ORA-01841: (full) year must be between -4713 and +9999, and not be 0\n"},
        {WIRE_TYPE_TIMESTAMP_TZ, 1841, "ORA-01841: (full) year must be between -4713 and +9999, and not be 0\n"},
        {WIRE_TYPE_TIMESTAMP_LTZ, 1841, "ORA-01841: (full) year must be between -4713 and +9999, and not be 0\n"},
        {WIRE_TYPE_INTERVAL_DS, 1873, "ORA-01873: the leading precision of the interval is too small\n"},
        {WIRE_TYPE_INTERVAL_YM, 1873, "ORA-01873: the leading precision of the interval is too small\n"},
        {0, 932, "ORA-00932: inconsistent datatypes\n"},
    };
    uint32_t i = 0;
    while (errors[i].type && errors[i].type != column->oac.type) i++;
    engine_count(s->engine, COUNT_VALUES_LOST, 1);
    engine_count(s->engine, COUNT_CLIENT_ERRORS, 1);
    LOG_RATED(LOG_ERROR, "session.value_lost", log_u64("session", s->id), log_text("column", column->name ? column->name : ""),
              log_u64("type", column->oac.type), log_u64("ora", errors[i].ora));
    *ora = errors[i].ora;
    return errors[i].text;
}

/* NULL: all its values could be said; else the column that has the one that could not, and the row must not be sent. */
static const struct wire_column *write_row(struct session *s, const struct pg_result *result, uint32_t row,
                                           const struct wire_cursor *cursor, struct arena *scratch)
{
    wire_row_begin(&s->output);
    for (uint32_t i = 0; i < cursor->column_count; i++) {
        const struct wire_oac *column = &cursor->columns[i].oac, *define = i < cursor->define_count ? &cursor->defines[i] : NULL;
        struct value value =
            pg_value_from_text(pg_result_column(result, i).type, pg_result_text(result, row, i), pg_result_null(result, row, i), scratch);
        uint8_t as = define ? define->type : column->type;
        bool empty = value.type == VALUE_NULL && !pg_result_null(result, row, i);
        if (empty && wire_type_is_stored_lob(column->type))
            value = (struct value){.type = column->type == WIRE_TYPE_BLOB ? VALUE_BYTES : VALUE_TEXT,
                                   .bytes = view_text("")}; /* EMPTY_CLOB() is not NULL */
        if (column->type == WIRE_TYPE_INTERVAL_YM && value.type == VALUE_INTERVAL_DS && value.interval.days == 0 &&
            value.interval.nanoseconds == 0)
            value = (struct value){.type = VALUE_INTERVAL_YM}; /* nothing is nothing of either kind */
        if (wire_type_is_stored_lob(column->type) && wire_type_is_stored_lob(as))
            write_lob(s, column, define, &value);
        else if (!wire_row_value(s->wire, column, define, &value, &s->output))
            return &cursor->columns[i];
    }
    return NULL;
}

void session_answer_rows(struct session *s, bool describe)
{
    struct call *call = &s->call;
    struct wire_request *request = wire_tap_request(s->tap);
    struct target_result *target = &call->cursor->target;
    const struct pg_result *result = &target->result;
    session_served(s);
    struct wire_cursor *cursor = call->wire_cursor;
    const struct wire_column *columns;
    uint32_t count;
    buffer_clear(&s->output);
    session_describe_columns(s, result, &columns, &count);
    if (describe || cursor->column_count != count) wire_cursor_set_columns(cursor, columns, count);
    if (describe) wire_describe_write(s->wire, cursor->columns, cursor->column_count, &s->output);
    uint32_t wanted = wire_rows_wanted(request, cursor);
    struct arena scratch;
    arena_init(&scratch, 0);
    uint32_t left = result->rows - target->next_row, rows = wanted < left ? wanted : left;
    if (rows || (wanted && !describe)) wire_row_header_write(s->wire, cursor->column_count, rows, &s->output);
    const struct wire_column *lost = NULL;
    for (uint32_t i = 0; i < rows && !lost; i++) {
        size_t before = buffer_size(&s->output);
        lost = write_row(s, result, target->next_row, cursor, &scratch);
        if (lost)
            buffer_truncate(&s->output, before);
        else
            target->next_row++;
        if (i % 64 == 63) arena_reset(&scratch);
    }
    arena_release(&scratch);
    struct wire_end end = end_of(s, 3, target->next_row);
    if (lost) {
        target->done = true;
        end.message = view_text(value_lost(s, lost, &end.error));
    } else if (wanted && rows < wanted) {
        target->done = true;
        end.error = 1403;
        end.message = view_text("ORA-01403: no data found\n");
    }
    if (request->function != WIRE_FN_FETCH)
        wire_parameters_write(s->wire, cursor->id, NULL, 0, request->execute.dml_row_counts, &s->output);
    wire_end_write(s->wire, &end, request->sequence, &s->output);
    session_answer_send(s);
}

/* ---- DML ---- */

static void write_returned(struct session *s)
{
    struct call *call = &s->call;
    const struct wire_cursor *cursor = call->wire_cursor;
    struct wire_request *request = wire_tap_request(s->tap);
    const struct record_result *result = &call->result;
    uint32_t n = cursor->return_binds, first = cursor->bind_count - n;
    if (request->execute.options & WIRE_OPTION_IO_VECTOR) {
        uint8_t *directions = arena_zero(&call->arena, cursor->bind_count + 1);
        for (uint32_t i = 0; i < cursor->bind_count; i++) directions[i] = i < first ? WIRE_IN : WIRE_OUT;
        wire_io_vector_write(s->wire, directions, cursor->bind_count, &s->output);
    }
    uint32_t iterations = request->execute.row_count ? request->execute.row_count : 1;
    uint32_t at = 0;
    for (uint32_t i = 0; i < iterations; i++) {
        uint32_t rows = call->counts && i < call->count_count ? (uint32_t)call->counts[i] : (iterations == 1 ? result->returned_rows : 0);
        wire_row_begin(&s->output);
        for (uint32_t b = 0; b < n; b++) {
            wire_return_count(&s->output, rows);
            for (uint32_t r = 0; r < rows && at + r < result->returned_rows; r++)
                wire_out_value(s->wire, &cursor->binds[first + b], &result->returned[(at + r) * result->returned_binds + b], &s->output);
        }
        at += rows;
    }
}

void session_answer_dml(struct session *s)
{
    struct call *call = &s->call;
    struct wire_request *request = wire_tap_request(s->tap);
    session_served(s);
    buffer_clear(&s->output);
    const struct wire_cursor *cursor = call->wire_cursor;
    if (cursor->return_binds && cursor->bind_count >= cursor->return_binds) write_returned(s);
    wire_parameters_write(s->wire, cursor->id, call->counts, call->count_count, request->execute.dml_row_counts, &s->output);
    struct wire_end end = end_of(s, command_of(call), call->result.affected);
    if (call->result.failed_count) {
        end.error = 24381;
        end.message = view_text("ORA-24381: error(s) in array DML\n");
        end.batch_count = call->result.failed_count;
        end.batch_offsets = call->result.failed;
        end.batch_errors = arena_zero(&call->arena, sizeof(uint32_t) * end.batch_count);
        end.batch_messages = arena_zero(&call->arena, sizeof(struct view) * end.batch_count);
        for (uint32_t i = 0; i < end.batch_count; i++) {
            end.batch_errors[i] = call->failed_errors[i];
            end.batch_messages[i] = view_text(call->failed_texts[i]);
        }
    }
    wire_end_write(s->wire, &end, request->sequence, &s->output);
    session_answer_send(s);
}
