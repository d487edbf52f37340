/* SPDX-License-Identifier: Apache-2.0 */
/* LOB operations by locator, and LOBs as OUT values. */
#include "standin/call.h"

#include <inttypes.h>
#include <stdio.h>

enum { LOB_CHUNK = 8060, TYPE_AT_CREATE_CLOB = WIRE_TYPE_CLOB, READ_MAX = 1 << 30 };

void call_out_value(struct client *client, const struct wire_oac *oac, const struct value *value)
{
    if (oac->type == WIRE_TYPE_CLOB || oac->type == WIRE_TYPE_BLOB) {
        if (value->type == VALUE_NULL) {
            wire_out_lob(client->session, oac, NULL, &client->reply);
            return;
        }
        uint8_t locator[LOB_LOCATOR_SIZE];
        struct lob *lob = lob_new(&client->lobs, oac->type == WIRE_TYPE_CLOB, true, value->bytes);
        lob_write_locator(lob, locator);
        struct wire_lob_cell cell = {.locator = view_of(locator, sizeof locator),
                                     .size = lob_length(lob),
                                     .chunk = LOB_CHUNK,
                                     .has_data = true,
                                     .data = value->bytes};
        wire_out_lob(client->session, oac, &cell, &client->reply);
        return;
    }
    (void)wire_out_value(client->session, oac, value, &client->reply);
}

/* A value that was dropped to save memory comes from its row again. */
struct reload {
    struct client *client;
    struct lob *lob;
};
static void take_value(void *context, char **values, unsigned long *lengths)
{
    struct reload *r = context;
    lob_set_value(&r->client->lobs, r->lob, view_of(values[0], values[0] ? lengths[0] : 0));
}

static bool reload(struct client *client, struct lob *lob)
{
    if (lob->loaded) return true;
    struct plan_error ignored = {0};
    struct engine_error failed;
    char sql[600];
    if (!lob->owner || !client_free_engine(client, &ignored)) return false;
    snprintf(sql, sizeof sql, "SELECT `%s` FROM `%s`.`%s` WHERE `ROWID$` = %" PRIu64, lob->column, lob->owner, lob->table, lob->row_number);
    struct reload r = {.client = client, .lob = lob};
    return engine_rows(&client->engine, sql, take_value, &r, &failed) && lob->loaded;
}

/* A LOB of a row is written to its row; the caller holds the row's lock or waits for it. */
static bool store(struct client *client, const struct lob *lob, struct plan_error *error)
{
    if (lob->temporary || !lob->owner) return true;
    if (!client_begin(client, error) || !client_free_engine(client, error)) return false;
    struct buffer sql;
    buffer_init(&sql, 0);
    buffer_printf(&sql, "UPDATE `%s`.`%s` SET `%s` = ? WHERE `ROWID$` = %" PRIu64, lob->owner, lob->table, lob->column, lob->row_number);
    struct buffer value;
    buffer_init(&value, 0);
    lob_value(lob, &value);
    unsigned long length = buffer_size(&value);
    MYSQL_BIND bind = {.buffer_type = lob->character ? MYSQL_TYPE_VAR_STRING : MYSQL_TYPE_BLOB,
                       .buffer = length ? value.data + value.start : (void *)"",
                       .buffer_length = length,
                       .length = &length};
    MYSQL_STMT *prepared = mysql_stmt_init(client->engine.mysql);
    bool good = mysql_stmt_prepare(prepared, (const char *)sql.data + sql.start, buffer_size(&sql)) == 0 &&
                mysql_stmt_bind_param(prepared, &bind) == 0 && mysql_stmt_execute(prepared) == 0;
    if (!good) {
        struct engine_error failed;
        engine_note_statement(prepared, &failed);
        error_from_engine(client, NULL, &failed, error);
    }
    mysql_stmt_close(prepared);
    buffer_release(&sql);
    buffer_release(&value);
    return good;
}

static void finish(struct client *client, const struct wire_request *request, struct view locator, uint64_t amount, int32_t flag)
{
    wire_lob_result_write(client->session, &request->lob, locator, amount, flag, &client->reply);
    call_end(client, request, &(struct wire_end){.row_count = 0});
}

static void create_temporary(struct client *client, const struct wire_request *request)
{
    bool character = request->lob.destination_offset == TYPE_AT_CREATE_CLOB;
    struct lob *lob = lob_new(&client->lobs, character, true, view_of(NULL, 0));
    uint8_t locator[LOB_LOCATOR_SIZE];
    lob_write_locator(lob, locator);
    finish(client, request, view_of(locator, sizeof locator), 0, 0);
}

static void read_lob(struct client *client, const struct wire_request *request, const struct lob *lob)
{
    struct buffer data;
    buffer_init(&data, READ_MAX);
    uint64_t amount = lob_read(lob, request->lob.source_offset, request->lob.amount, &data);
    wire_lob_data_write(client->session, buffer_view(&data), &client->reply);
    buffer_release(&data);
    finish(client, request, request->lob.source, amount, 0);
}

static void change_lob(struct client *client, const struct wire_request *request, struct lob *lob)
{
    const struct wire_lob_request *r = &request->lob;
    struct plan_error error = {0};
    bool good = true;
    if (r->operation == WIRE_LOB_TRIM)
        lob_trim(&client->lobs, lob, r->amount);
    else
        good = lob_write(&client->lobs, lob, r->source_offset ? r->source_offset : 1, r->data);
    if (!good) {
        call_refuse(client, request, 22920, "row containing the LOB value is not locked or the value is too large");
        return;
    }
    if (store(client, lob, &error))
        finish(client, request, r->source, r->amount, 0);
    else
        call_error(client, request, &error, 0);
}

static void free_temporaries(struct client *client, const struct wire_request *request)
{
    struct view rest = request->lob.source;
    while (rest.size >= LOB_LOCATOR_SIZE) {
        size_t size = (size_t)(rest.data[0] << 8 | rest.data[1]) + 2;
        struct lob *lob = lob_find(&client->lobs, rest);
        if (lob && lob->temporary) lob_free(&client->lobs, lob);
        if (size < LOB_LOCATOR_SIZE || size > rest.size) break;
        rest = view_of(rest.data + size, rest.size - size);
    }
    finish(client, request, request->lob.source, 0, 0);
}

void call_lob(struct client *client, struct wire_request *request)
{
    const struct wire_lob_request *r = &request->lob;
    server_log(client->server,
               "session %u: LOB operation %x source %u/%" PRIu64 " destination %u/%" PRIu64 " amount %d/%" PRIu64
               " flag %d charset %d data %zu",
               client->session_id, r->operation, r->source_length, r->source_offset, r->destination_length, r->destination_offset,
               r->has_amount, r->amount, r->has_flag, r->has_charset, r->data.size);
    if (r->operation == WIRE_LOB_CREATE_TEMPORARY) {
        create_temporary(client, request);
        return;
    }
    if (r->operation == WIRE_LOB_FREE_TEMPORARY || r->operation == WIRE_LOB_FREE_TEMPORARY_ARRAY) {
        free_temporaries(client, request);
        return;
    }
    struct lob *lob = lob_find(&client->lobs, r->source);
    if (!lob || !reload(client, lob)) {
        call_refuse(client, request, 22922, "nonexistent LOB value");
        return;
    }
    switch (r->operation) {
    case WIRE_LOB_LENGTH: finish(client, request, r->source, lob_length(lob), 0); break;
    case WIRE_LOB_READ: read_lob(client, request, lob); break;
    case WIRE_LOB_TRIM:
    case WIRE_LOB_WRITE: change_lob(client, request, lob); break;
    case WIRE_LOB_CHUNK_SIZE: finish(client, request, r->source, LOB_CHUNK, 0); break;
    case WIRE_LOB_OPEN:
    case WIRE_LOB_CLOSE:
    case WIRE_LOB_IS_OPEN: finish(client, request, r->source, 0, 0); break;
    default: call_refuse(client, request, 3001, "unimplemented feature"); break;
    }
}
