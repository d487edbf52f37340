/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of MariaDB -> rows on the wire. */
#include "standin/statement.h"

#include "base/memory.h"
#include "wire/value.h"

#include <stdio.h>
#include <stdlib.h>

enum { COLUMN_BUFFER_SMALL = 80, COLUMN_BUFFER_MAX = 8192, SPOOL_MAX = 1 << 30 };

static bool fail(struct plan_error *error, int ora, const char *text)
{
    error->ora = ora;
    snprintf(error->text, sizeof error->text, "ORA-%05d: %s", ora, text);
    return false;
}

void result_describe(const struct plan_column *columns, uint32_t count, struct wire_column *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (struct wire_column){.name = (char *)(uintptr_t)columns[i].name, .nullable = columns[i].nullable};
        sql_type_describe(&columns[i].type, &out[i].oac);
    }
}

/* ---- buffers ---- */

static unsigned long buffer_for(const struct sql_type *type)
{
    if (type->kind != KIND_VARCHAR && type->kind != KIND_CHAR && type->kind != KIND_RAW) return COLUMN_BUFFER_SMALL;
    unsigned long size = (unsigned long)type->length * 4 + 1;
    return size > COLUMN_BUFFER_MAX ? COLUMN_BUFFER_MAX : size < COLUMN_BUFFER_SMALL ? COLUMN_BUFFER_SMALL : size;
}

static enum enum_field_types fetch_type(enum sql_kind kind)
{
    if (sql_kind_is_time(kind)) return MYSQL_TYPE_DATETIME;
    if (kind == KIND_BINARY_FLOAT || kind == KIND_BINARY_DOUBLE) return MYSQL_TYPE_DOUBLE; /* as text a float would lose bits */
    return kind == KIND_RAW || kind == KIND_BLOB ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
}

static void make_columns(struct statement *s)
{
    if (s->columns) return;
    const struct plan *plan = s->plan;
    s->column_count = mysql_stmt_field_count(s->prepared);
    s->columns = memory_zero(s->column_count + 1, sizeof *s->columns);
    s->binds = memory_zero(s->column_count + 1, sizeof *s->binds);
    /* Rows of RETURNING: the row number comes first. */
    uint32_t first = plan->kind == PLAN_DML ? 1 : 0;
    for (uint32_t i = 0; i < s->column_count; i++) {
        struct result_column *c = &s->columns[i];
        const struct sql_type number = sql_type_number();
        const struct sql_type *type = &number;
        if (plan->kind == PLAN_DML && i >= first && i - first < plan->return_count) type = &plan->returns[i - first].column.type;
        if (plan->kind != PLAN_DML && i < plan->column_count) type = &plan->columns[i].type;
        c->kind = type->kind;
        c->size = buffer_for(type);
        MYSQL_BIND *b = &s->binds[i];
        b->buffer_type = fetch_type(c->kind);
        b->is_null = &c->null;
        b->error = &c->truncated;
        b->length = &c->length;
        if (b->buffer_type == MYSQL_TYPE_DATETIME) {
            b->buffer = &c->time;
            b->buffer_length = sizeof c->time;
        } else if (b->buffer_type == MYSQL_TYPE_DOUBLE) {
            b->buffer = &c->real;
            b->buffer_length = sizeof c->real;
        } else {
            c->bytes = memory_alloc(c->size);
            b->buffer = c->bytes;
            b->buffer_length = c->size;
        }
    }
}

bool result_begin(struct statement *s, struct plan_error *error)
{
    make_columns(s);
    s->open = true;
    s->bound = s->stored = s->exhausted = false;
    s->rows_sent = 0;
    s->client->streaming = s;
    if (s->column_count != mysql_stmt_field_count(s->prepared)) return fail(error, 1007, "variable not in select list");
    return true;
}

static bool bind_buffers(struct statement *s, struct plan_error *error)
{
    if (s->bound) return true;
    if (mysql_stmt_bind_result(s->prepared, s->binds)) return fail(error, 600, "internal error: result buffers");
    s->bound = true;
    return true;
}

static void result_ended(struct statement *s)
{
    s->open = false;
    if (s->client->streaming == s) s->client->streaming = NULL;
    mysql_stmt_free_result(s->prepared);
}

/* A value that did not fit: its buffer grows once and for good. */
static bool fetch_long(struct statement *s, uint32_t i)
{
    struct result_column *c = &s->columns[i];
    c->size = c->length + 1;
    memory_free(c->bytes);
    c->bytes = memory_alloc(c->size);
    s->binds[i].buffer = c->bytes;
    s->binds[i].buffer_length = c->size;
    MYSQL_BIND one = s->binds[i];
    return mysql_stmt_fetch_column(s->prepared, &one, i, 0) == 0;
}

bool result_next(struct statement *s, bool *row, struct plan_error *error)
{
    *row = false;
    if (!s->open) return true;
    if (!bind_buffers(s, error)) return false;
    int got = mysql_stmt_fetch(s->prepared);
    if (got == MYSQL_NO_DATA) {
        result_ended(s);
        return true;
    }
    if (got != 0 && got != MYSQL_DATA_TRUNCATED) {
        struct engine_error failed;
        engine_note_statement(s->prepared, &failed);
        result_ended(s);
        error_from_engine(s->client, s->plan, &failed, error);
        return false;
    }
    bool grown = false;
    for (uint32_t i = 0; i < s->column_count; i++) {
        struct result_column *c = &s->columns[i];
        if (c->bytes && !c->null && c->length > c->size) {
            if (!fetch_long(s, i)) return fail(error, 600, "internal error: long value");
            grown = true;
        }
    }
    /* The library copied the old buffers' addresses. */
    if (grown && mysql_stmt_bind_result(s->prepared, s->binds)) return fail(error, 600, "internal error: result buffers");
    *row = true;
    return true;
}

/* ---- values ---- */

static struct value number_value(const struct result_column *c, struct arena *arena)
{
    uint8_t bytes[NUMBER_SIZE_MAX];
    size_t size;
    if (!number_from_text(view_of(c->bytes, c->length), bytes, &size, NULL)) return value_null();
    return (struct value){.type = VALUE_NUMBER, .bytes = arena_copy(arena, view_of(bytes, size))};
}

static struct value time_value(const struct result_column *c)
{
    const MYSQL_TIME *t = &c->time;
    bool zone = c->kind == KIND_TIMESTAMP_TZ || c->kind == KIND_TIMESTAMP_LTZ;
    struct value v = {.type = VALUE_DATETIME};
    v.datetime = (struct value_datetime){.year = (int32_t)t->year,
                                         .month = (uint8_t)t->month,
                                         .day = (uint8_t)t->day,
                                         .hour = (uint8_t)t->hour,
                                         .minute = (uint8_t)t->minute,
                                         .second = (uint8_t)t->second,
                                         .nanosecond = c->kind == KIND_DATE ? 0 : (uint32_t)t->second_part * 1000,
                                         .has_zone = zone};
    return v;
}

static struct value rowid_value(const struct result_column *c, uint32_t object, struct arena *arena)
{
    char text[19];
    uint64_t n = strtoull(c->bytes, NULL, 10);
    size_t size = wire_rowid_to_text(object, ROWID_FILE, rowid_block(n), rowid_slot(n), text);
    return value_text(arena_copy(arena, view_of(text, size)));
}

struct value result_value(struct statement *s, uint32_t column, const struct sql_type *type, struct arena *arena)
{
    const struct result_column *c = &s->columns[column];
    if (c->null) return value_null();
    if (c->bytes && c->length < c->size) c->bytes[c->length] = '\0';
    switch (c->kind) {
    case KIND_NUMBER:
    case KIND_BOOLEAN: return number_value(c, arena);
    case KIND_BINARY_FLOAT: return (struct value){.type = VALUE_FLOAT, .real = c->real};
    case KIND_BINARY_DOUBLE: return (struct value){.type = VALUE_DOUBLE, .real = c->real};
    case KIND_DATE:
    case KIND_TIMESTAMP:
    case KIND_TIMESTAMP_TZ:
    case KIND_TIMESTAMP_LTZ: return time_value(c);
    case KIND_RAW:
    case KIND_BLOB: return value_bytes(view_of(c->bytes, c->length));
    case KIND_ROWID: return rowid_value(c, type->object, arena);
    case KIND_INTERVAL_YM: return (struct value){.type = VALUE_INTERVAL_YM, .months = strtoll(c->bytes, NULL, 10)};
    case KIND_INTERVAL_DS: {
        int64_t micros = strtoll(c->bytes, NULL, 10);
        return (struct value){.type = VALUE_INTERVAL_DS,
                              .interval = {.days = micros / 86400000000LL, .nanoseconds = micros % 86400000000LL * 1000}};
    }
    default: return value_text(view_of(c->bytes, c->length));
    }
}

static void write_lob(struct statement *s, const struct plan_column *column, uint32_t i, const struct wire_oac *oac,
                      const struct wire_oac *define, struct buffer *out)
{
    struct client *client = s->client;
    const struct result_column *c = &s->columns[i];
    if (c->null) {
        wire_row_lob(client->session, oac, define, NULL, out);
        return;
    }
    struct view data = view_of(c->bytes, c->length);
    uint8_t locator[LOB_LOCATOR_SIZE];
    struct wire_lob_cell cell = {.chunk = 8060, .has_data = true, .data = data};
    uint8_t type = define && define->type ? define->type : oac->type;
    if (type == WIRE_TYPE_CLOB || type == WIRE_TYPE_BLOB) {
        struct lob *lob = lob_new(&client->lobs, c->kind == KIND_CLOB, false, data);
        if (column->lob_key >= 0)
            lob_set_row(lob, column->lob_owner, column->lob_table, column->lob_column,
                        strtoull(s->columns[column->lob_key].bytes, NULL, 10));
        lob_write_locator(lob, locator);
        cell.locator = view_of(locator, sizeof locator);
        cell.size = lob_length(lob);
    }
    wire_row_lob(client->session, oac, define, &cell, out);
}

static bool encode_row(struct statement *s, const struct wire_cursor *cursor, struct buffer *out)
{
    bool good = true;
    arena_reset(&s->row_arena);
    wire_row_begin(out);
    for (uint32_t i = 0; i < s->plan->column_count; i++) {
        const struct plan_column *column = &s->plan->columns[i];
        const struct wire_oac *oac = &cursor->columns[i].oac, *define = i < cursor->define_count ? &cursor->defines[i] : NULL;
        if (sql_kind_is_lob(column->type.kind)) {
            write_lob(s, column, i, oac, define, out);
            continue;
        }
        struct value value = result_value(s, i, &column->type, &s->row_arena);
        good &= wire_row_value(s->client->session, oac, define, &value, out);
    }
    return good;
}

/* ---- fetching ---- */

static uint32_t take_spooled(struct statement *s, uint32_t wanted, struct buffer *out)
{
    uint32_t count = 0;
    while (count < wanted && s->spool_rows) {
        struct view spool = buffer_view(&s->spool);
        uint32_t size;
        memcpy(&size, spool.data, sizeof size);
        buffer_append(out, spool.data + sizeof size, size);
        buffer_consume(&s->spool, sizeof size + size);
        s->spool_rows--;
        count++;
    }
    return count;
}

bool result_spool(struct statement *s, const struct wire_cursor *cursor, uint64_t rows, size_t bytes, struct plan_error *error)
{
    struct buffer one;
    buffer_init(&one, SPOOL_MAX);
    bool good = true, row = true;
    for (uint64_t i = 0; good && s->open && (rows == 0 || (i < rows && buffer_size(&s->spool) < bytes)); i++) {
        good = result_next(s, &row, error);
        if (!good || !row) break;
        buffer_clear(&one);
        if (!encode_row(s, cursor, &one))
            good = fail(error, 932, "inconsistent datatypes: a column cannot be converted to the type asked for");
        uint32_t size = (uint32_t)buffer_size(&one);
        buffer_append(&s->spool, &size, sizeof size);
        buffer_append_view(&s->spool, buffer_view(&one));
        s->spool_rows++;
        if (s->spool.failed) good = fail(error, 4030, "out of process memory: more than 1 GiB of unfetched rows");
    }
    buffer_release(&one);
    return good;
}

bool result_fetch(struct statement *s, const struct wire_cursor *cursor, uint32_t wanted, struct buffer *out, uint32_t *count,
                  struct plan_error *error)
{
    *count = take_spooled(s, wanted, out);
    while (*count < wanted && s->open) {
        bool row;
        if (!result_next(s, &row, error)) return false;
        if (!row) break;
        if (!encode_row(s, cursor, out))
            return fail(error, 932, "inconsistent datatypes: a column cannot be converted to the type asked for");
        ++*count;
    }
    s->rows_sent += *count;
    s->exhausted = *count < wanted && !s->open && s->spool_rows == 0;
    return true;
}
