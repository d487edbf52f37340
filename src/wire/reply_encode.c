/* SPDX-License-Identifier: Apache-2.0 */
/* The server half's replies: describes, rows, OUT values. The messages that close a reply are in reply_encode_end.c. */
#include "wire/reply.h"

#include "wire/message.h"
#include "wire/primitive.h"
#include "wire/value.h"
#include "wire/value_text.h"

enum {
    COLUMNS_MARK = 0x82, /* stands before the columns of a describe */
    ROW_HEADER_FLAGS = 0x22,
    ROWID_COLUMN_SIZE = 14,
    LOB_CHUNK_DEFAULT = 8060,
    RETURN_CODE_NULL = 1405,
    IO_VECTOR_FLAG = 5,
};

/* 2000-01-01: clients skip the time of a describe, and an encoder has no clock. */
static const uint8_t describe_date[] = {120, 100, 1, 1, 1, 1, 1};

/* ---- describe ---- */

static uint16_t column_charset(const struct wire_oac *oac)
{
    if (oac->charset || !oac->form) return oac->charset;
    return oac->form == WIRE_FORM_NATIONAL ? WIRE_CHARSET_UTF16 : WIRE_CHARSET_UTF8;
}

/* A column of size 0 would be "null by describe": no value bytes in rows. Only these types may say 0. */
static uint32_t column_size(const struct wire_oac *oac)
{
    return oac->size_max == 0 && !wire_type_is_long(oac->type) && oac->type != WIRE_TYPE_UROWID ? 1 : oac->size_max;
}

static void write_scale(const struct wire_session *session, int16_t scale, struct buffer *out)
{
    if (session->sb1_universal)
        wire_write_sb4(out, scale);
    else
        buffer_u8(out, (uint8_t)scale);
}

static void write_column_oac(const struct wire_session *session, const struct wire_oac *oac, struct buffer *out)
{
    buffer_u8(out, oac->type);
    buffer_u8(out, oac->flags ? oac->flags : oac->form ? WIRE_OAC_CHARACTER : 0);
    buffer_u8(out, oac->precision);
    write_scale(session, oac->scale, out);
    wire_write_ub4(out, column_size(oac));
    wire_write_ub4(out, oac->elements_max);
    wire_write_ub8(out, oac->continue_flags);
    wire_write_dalc(out, view_of(NULL, 0)); /* type id of objects */
    wire_write_ub2(out, 0);                 /* its version */
    wire_write_ub2(out, column_charset(oac));
    buffer_u8(out, oac->form);
    wire_write_ub4(out, oac->characters_max);
    if (session->field_version >= WIRE_FIELD_SIGNATURE) wire_write_ub4(out, 0);
}

static void write_column(const struct wire_session *session, const struct wire_column *column, uint32_t position, struct buffer *out)
{
    struct view name = view_text(column->name);
    write_column_oac(session, &column->oac, out);
    buffer_u8(out, column->nullable);
    buffer_u8(out, (uint8_t)(name.size > 255 ? 255 : name.size));
    wire_write_dalc(out, name);
    wire_write_dalc(out, view_text(column->type_schema));
    wire_write_dalc(out, view_text(column->type_name));
    wire_write_ub2(out, (uint16_t)position);
    if (session->field_version >= WIRE_FIELD_USER_TYPES) wire_write_ub4(out, 0); /* flags of user-defined types */
    if (session->field_version >= WIRE_FIELD_DOMAINS) {
        wire_write_dalc(out, view_of(NULL, 0));
        wire_write_dalc(out, view_of(NULL, 0));
    }
    if (session->field_version >= WIRE_FIELD_ANNOTATIONS) wire_write_ub4(out, 0);
    if (session->field_version >= WIRE_FIELD_VECTORS) {
        wire_write_ub4(out, 0);
        buffer_u8(out, 0);
        buffer_u8(out, 0);
    }
}

static void write_describe_body(const struct wire_session *session, const struct wire_column *columns, uint32_t count, struct buffer *out)
{
    uint64_t row_size = 0;
    for (uint32_t i = 0; i < count; i++) row_size += column_size(&columns[i].oac);
    wire_write_ub4(out, row_size > UINT32_MAX ? UINT32_MAX : (uint32_t)row_size);
    wire_write_ub4(out, count);
    if (count) buffer_u8(out, COLUMNS_MARK);
    for (uint32_t i = 0; i < count; i++) write_column(session, &columns[i], i, out);
    wire_write_dalc(out, view_of(describe_date, sizeof describe_date));
    wire_write_ub4(out, 1);
    wire_write_ub4(out, 8168);
    for (int i = 0; i < 2 && session->field_version >= WIRE_FIELD_REGISTRATION; i++) wire_write_ub4(out, 10);
    if (session->field_version >= WIRE_FIELD_QUERY_CACHE) wire_write_dalc(out, view_of(NULL, 0)); /* its key */
}

void wire_describe_write(const struct wire_session *session, const struct wire_column *columns, uint32_t count, struct buffer *out)
{
    uint8_t prefix[16 + sizeof describe_date] = {0};
    memcpy(prefix + 16, describe_date, sizeof describe_date);
    buffer_u8(out, WIRE_MESSAGE_DESCRIBE);
    wire_write_clr(out, view_of(prefix, sizeof prefix));
    write_describe_body(session, columns, count, out);
}

/* ---- rows ---- */

void wire_row_header_write(const struct wire_session *session, uint32_t columns, uint32_t rows_wanted, struct buffer *out)
{
    (void)session;
    buffer_u8(out, WIRE_MESSAGE_ROW_HEADER);
    buffer_u8(out, ROW_HEADER_FLAGS);
    wire_write_ub2(out, (uint16_t)columns);
    wire_write_ub4(out, 0); /* iteration */
    wire_write_ub4(out, rows_wanted);
    wire_write_ub2(out, 0);                 /* buffer length */
    wire_write_dalc(out, view_of(NULL, 0)); /* bit vector: never, some clients keep it for later rows */
    wire_write_dalc(out, view_of(NULL, 0));
}

void wire_row_begin(struct buffer *out)
{
    buffer_u8(out, WIRE_MESSAGE_ROW);
}

static void wire_row_rowid(struct buffer *out, bool null, uint32_t object, uint16_t file, uint32_t block, uint16_t slot)
{
    if (null) {
        buffer_u8(out, 0);
        return;
    }
    buffer_u8(out, ROWID_COLUMN_SIZE);
    wire_write_ub4(out, object);
    wire_write_ub2(out, file);
    buffer_u8(out, 0);
    wire_write_ub4(out, block);
    wire_write_ub2(out, slot);
}

static bool write_rowid_text(const struct value *value, struct buffer *out)
{
    uint32_t object = 0, block = 0;
    uint16_t file = 0, slot = 0;
    bool null = value->type == VALUE_NULL;
    bool good = null || (value->type == VALUE_TEXT && wire_rowid_from_text(value->bytes, &object, &file, &block, &slot));
    wire_row_rowid(out, null || !good, object, file, block, slot);
    return good;
}

/* What follows each LONG value of a row: an indicator and a return code. */
static void write_long_end(bool null, struct buffer *out)
{
    wire_write_sb4(out, null ? -1 : 0);
    wire_write_ub4(out, null ? RETURN_CODE_NULL : 0);
}

bool wire_row_value(const struct wire_session *session, const struct wire_oac *column, const struct wire_oac *define,
                    const struct value *value, struct buffer *out)
{
    uint8_t type = define && define->type ? define->type : column->type;
    uint8_t form = define && define->form ? define->form : column->form;
    if (type == WIRE_TYPE_ROWID) return write_rowid_text(value, out);
    bool good = wire_value_encode(session, type, form, value, out);
    if (!good) buffer_u8(out, 0);
    if (wire_type_is_long(type)) write_long_end(!good || value->type == VALUE_NULL, out);
    return good;
}

/* The first `limit` UTF-16 units of a text, whole characters only. */
static struct view text_start(struct view utf8, uint32_t limit)
{
    size_t at = 0, units = 0;
    while (at < utf8.size) {
        size_t size = 1;
        while (at + size < utf8.size && (utf8.data[at + size] & 0xC0) == 0x80) size++;
        units += size == 4 ? 2 : 1;
        if (units > limit) break;
        at += size;
    }
    return view_of(utf8.data, at);
}

static void write_prefetched(const struct wire_session *session, const struct wire_oac *column, const struct wire_oac *define,
                             const struct wire_lob_cell *lob, struct buffer *out)
{
    uint32_t limit = define->characters_max;
    struct view data = lob->has_data ? lob->data : view_of(NULL, 0);
    if (column->type == WIRE_TYPE_CLOB) {
        buffer_u8(out, 0); /* not of variable width: the data is in the client's charset */
        buffer_u8(out, column->form ? column->form : WIRE_FORM_DATABASE);
        data = text_start(data, limit);
    } else if (data.size > limit) {
        data.size = limit;
    }
    wire_write_long_clr(out, data, session->small_chunks);
}

void wire_row_lob(const struct wire_session *session, const struct wire_oac *column, const struct wire_oac *define,
                  const struct wire_lob_cell *lob, struct buffer *out)
{
    uint8_t type = define && define->type ? define->type : column->type;
    if (wire_type_is_long(type)) {
        bool null = !lob || !lob->has_data || lob->data.size == 0;
        wire_write_long_clr(out, null ? view_of(NULL, 0) : lob->data, session->small_chunks);
        write_long_end(null, out);
        return;
    }
    if (!lob) {
        wire_write_ub4(out, 0);
        return;
    }
    wire_write_ub4(out, (uint32_t)lob->locator.size);
    if (type != WIRE_TYPE_BFILE) {
        wire_write_ub8(out, lob->size);
        wire_write_ub4(out, lob->chunk ? lob->chunk : LOB_CHUNK_DEFAULT);
        if (define && (define->continue_flags & WIRE_CONTINUE_LOB_PREFETCH) && define->characters_max)
            write_prefetched(session, column, define, lob, out);
    }
    wire_write_clr(out, lob->locator);
}

void wire_row_cursor(const struct wire_session *session, const struct wire_column *columns, uint32_t count, uint32_t cursor_id,
                     struct buffer *out)
{
    buffer_u8(out, 1);
    write_describe_body(session, columns, count, out);
    wire_write_ub2(out, (uint16_t)cursor_id);
}

/* ---- OUT and RETURNING values ---- */

void wire_io_vector_write(const struct wire_session *session, const uint8_t *directions, uint32_t count, struct buffer *out)
{
    (void)session;
    buffer_u8(out, WIRE_MESSAGE_IO_VECTOR);
    buffer_u8(out, IO_VECTOR_FLAG);
    wire_write_ub2(out, (uint16_t)(count % 256));
    wire_write_ub4(out, count / 256);
    wire_write_ub4(out, 1); /* iterations */
    wire_write_ub2(out, 0);
    wire_write_ub2(out, 0); /* bit vector */
    wire_write_ub2(out, 0); /* rowid */
    buffer_append(out, directions, count);
}

bool wire_out_value(const struct wire_session *session, const struct wire_oac *bind, const struct value *value, struct buffer *out)
{
    bool rowid = bind->type == WIRE_TYPE_ROWID || bind->type == WIRE_TYPE_UROWID;
    uint8_t form = bind->form ? bind->form : WIRE_FORM_DATABASE;
    bool good = wire_value_encode(session, rowid ? WIRE_TYPE_VARCHAR : bind->type, form, value, out);
    if (!good) buffer_u8(out, 0);
    wire_write_sb4(out, 0);
    return good;
}

void wire_out_lob(const struct wire_session *session, const struct wire_oac *bind, const struct wire_lob_cell *lob, struct buffer *out)
{
    if (bind->continue_flags & WIRE_CONTINUE_LOB_PREFETCH) {
        wire_row_lob(session, bind, bind, lob, out);
    } else { /* who does not ask for prefetching reads the locator alone */
        wire_write_ub4(out, lob ? (uint32_t)lob->locator.size : 0);
        if (lob) wire_write_clr(out, lob->locator);
    }
    wire_write_sb4(out, 0);
}

void wire_out_cursor(const struct wire_session *session, const struct wire_column *columns, uint32_t count, uint32_t cursor_id,
                     struct buffer *out)
{
    wire_row_cursor(session, columns, count, cursor_id, out);
    wire_write_sb4(out, 0);
}

void wire_implicit_results_write(uint32_t count, struct buffer *out)
{
    buffer_u8(out, WIRE_MESSAGE_IMPLICIT_RESULT);
    wire_write_ub4(out, count);
}

void wire_implicit_result(const struct wire_session *session, const struct wire_column *columns, uint32_t count, uint32_t cursor_id,
                          struct buffer *out)
{
    buffer_u8(out, 0); /* a size and as many bytes, which no driver looks at */
    write_describe_body(session, columns, count, out);
    wire_write_ub2(out, (uint16_t)cursor_id);
}

void wire_return_count(struct buffer *out, uint32_t rows)
{
    wire_write_ub4(out, rows);
}
