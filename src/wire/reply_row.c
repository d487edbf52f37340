/* SPDX-License-Identifier: Apache-2.0 */
/* Replies, decoding: rows, OUT binds and returned values, and the bit vectors that spare repeated values. */
#include "base/memory.h"
#include "wire/message.h"
#include "wire/reply_decode.h"
#include "wire/value.h"
#include "wire/value_text.h"

enum { ROWID_BYTES = 13, BYTE_NULL = 255, CLOB_UTF16_FLAG = 1 };

/* ---- one value ---- */

static void read_plain(struct wire_reply_decoder *d, struct wire_cell *cell)
{
    struct wire_clr clr = reply_clr(d);
    cell->null = clr.null;
    cell->raw = clr.bytes;
}

static void read_long(struct wire_reply_decoder *d, struct wire_cell *cell)
{
    read_plain(d, cell);
    wire_read_sb4(&d->in); /* indicator */
    wire_read_ub4(&d->in); /* return code */
}

static void put_big(uint8_t *at, uint32_t n, unsigned size)
{
    for (unsigned i = size; i-- > 0; n >>= 8) at[i] = (uint8_t)n;
}

/* The parts of a ROWID become 13 bytes of one form, so that it is a value like others. */
static void read_rowid(struct wire_reply_decoder *d, struct wire_cell *cell)
{
    uint8_t size = reader_u8(&d->in);
    cell->null = size == 0 || size == BYTE_NULL;
    if (cell->null || !reply_ok(d)) return;
    uint32_t object = wire_read_ub4(&d->in);
    uint16_t file = wire_read_ub2(&d->in);
    uint8_t unused = reader_u8(&d->in);
    uint32_t block = wire_read_ub4(&d->in);
    uint16_t slot = wire_read_ub2(&d->in);
    uint8_t *bytes = reply_effective(d) ? reply_array(d, ROWID_BYTES, 1) : NULL;
    if (!bytes) return;
    put_big(bytes, object, 4);
    put_big(bytes + 4, file, 2);
    bytes[6] = unused;
    put_big(bytes + 7, block, 4);
    put_big(bytes + 11, slot, 2);
    cell->raw = view_of(bytes, ROWID_BYTES);
}

static void read_prefetched(struct wire_reply_decoder *d, uint8_t type, struct wire_cell *cell)
{
    if (type == WIRE_TYPE_CLOB) {
        uint8_t flag = reader_u8(&d->in);
        uint16_t charset = flag == CLOB_UTF16_FLAG ? wire_read_ub2(&d->in) : 0;
        reader_u8(&d->in); /* charset form */
        if (flag > CLOB_UTF16_FLAG) reply_unknown(d, "a prefetched LOB of unknown form");
        cell->lob_utf16 = charset == WIRE_CHARSET_UTF16;
        if (flag == CLOB_UTF16_FLAG && !cell->lob_utf16) reply_unknown(d, "a prefetched LOB of an unknown character set");
    }
    if (reply_ok(d)) cell->lob_data = reply_clr(d).bytes;
    cell->lob_has_data = true;
}

static void read_lob(struct wire_reply_decoder *d, const struct wire_oac *oac, struct wire_cell *cell)
{
    cell->null = wire_read_ub4(&d->in) == 0;
    if (cell->null || !reply_ok(d)) return;
    if (oac->type != WIRE_TYPE_BFILE) {
        cell->lob_size = wire_read_ub8(&d->in);
        wire_read_ub4(&d->in); /* chunk */
        if ((oac->continue_flags & WIRE_CONTINUE_LOB_PREFETCH) && oac->characters_max) read_prefetched(d, oac->type, cell);
    }
    cell->raw = reply_clr(d).bytes;
}

static void read_image(struct wire_reply_decoder *d, struct wire_cell *cell)
{
    cell->null = wire_read_ub4(&d->in) == 0;
    if (cell->null || !reply_ok(d)) return;
    cell->lob_size = wire_read_ub8(&d->in);
    wire_read_ub4(&d->in);
    cell->lob_data = reply_clr(d).bytes;
    cell->lob_has_data = true;
    cell->raw = reply_clr(d).bytes;
}

static void read_object(struct wire_reply_decoder *d, struct wire_cell *cell)
{
    for (int i = 0; i < 3; i++) reply_dalc(d); /* type, object, snapshot */
    wire_read_ub2(&d->in);                     /* version */
    cell->null = wire_read_ub4(&d->in) == 0;
    wire_read_ub2(&d->in); /* flags */
    if (!cell->null && reply_ok(d)) cell->raw = reply_clr(d).bytes;
}

static void read_cursor(struct wire_reply_decoder *d, struct wire_cell *cell)
{
    cell->null = reader_u8(&d->in) == 0;
    if (!cell->null && reply_ok(d)) reply_new_cursor(d, cell);
}

/* What columns and OUT binds have in common. */
static void read_value(struct wire_reply_decoder *d, const struct wire_oac *oac, struct wire_cell *cell)
{
    if (wire_type_is_cursor(oac->type))
        read_cursor(d, cell);
    else if (wire_type_is_lob(oac->type))
        read_lob(d, oac, cell);
    else if (wire_type_is_image(oac->type))
        read_image(d, cell);
    else if (oac->type == WIRE_TYPE_OBJECT)
        read_object(d, cell);
    else
        read_plain(d, cell);
}

static void read_column_value(struct wire_reply_decoder *d, uint32_t i, struct wire_cell *cell)
{
    const struct wire_oac *oac = wire_cursor_value_oac(d->cursor, i);
    bool sized = oac->type == WIRE_TYPE_LONG || oac->type == WIRE_TYPE_LONG_RAW || oac->type == WIRE_TYPE_UROWID ||
                 d->cursor->columns[i].oac.size_max > 0;
    if (!sized) { /* null by describe: not one byte */
        cell->null = true;
    } else if (oac->type == WIRE_TYPE_ROWID) {
        read_rowid(d, cell);
    } else if (oac->type == WIRE_TYPE_UROWID) {
        struct wire_clr clr = reply_dalc(d);
        cell->null = clr.null;
        cell->raw = clr.bytes;
    } else if (wire_type_is_long(oac->type)) {
        read_long(d, cell);
    } else {
        read_value(d, oac, cell);
    }
}

/* A LOB out of a bind whose descriptor does not ask for prefetching is its locator alone. */
static void read_locator(struct wire_reply_decoder *d, struct wire_cell *cell)
{
    cell->null = wire_read_ub4(&d->in) == 0;
    if (!cell->null && reply_ok(d)) cell->raw = reply_clr(d).bytes;
}

/* OUT values: the same, a ROWID being a text, and an actual length behind each (negative: null, where 0 bytes would not say so). */
static void read_out_value(struct wire_reply_decoder *d, const struct wire_oac *oac, struct wire_cell *cell)
{
    if (wire_type_is_lob(oac->type) && !(oac->continue_flags & WIRE_CONTINUE_LOB_PREFETCH))
        read_locator(d, cell);
    else
        read_value(d, oac, cell);
    if (wire_read_sb4(&d->in) < 0) cell->null = true;
}

/* ---- rows of a query ---- */

void reply_row_header(struct wire_reply_decoder *d)
{
    struct reader *in = &d->in;
    reader_u8(in);
    wire_read_ub2(in);
    wire_read_ub4(in);
    wire_read_ub4(in);
    wire_read_ub2(in);
    struct wire_clr vector = wire_read_dalc(in, d->arena, sizeof d->vector_bytes);
    reply_dalc(d);
    if (!reply_effective(d)) return;
    d->has_vector = vector.bytes.size > 0;
    if (!d->has_vector) return;
    memcpy(d->vector_bytes, vector.bytes.data, vector.bytes.size);
    d->vector = view_of(d->vector_bytes, vector.bytes.size);
}

void reply_bit_vector(struct wire_reply_decoder *d)
{
    wire_read_ub2(&d->in); /* columns sent */
    if (!d->cursor || !d->cursor->column_count) reply_unknown(d, "a bit vector for no result");
    if (!reply_ok(d)) return;
    size_t size = (d->cursor->column_count + 7) / 8;
    if (size > sizeof d->vector_bytes) reply_limit(d, "columns of one result");
    struct view vector = reader_bytes(&d->in, size);
    if (!reply_effective(d)) return;
    memcpy(d->vector_bytes, vector.data, size);
    d->vector = view_of(d->vector_bytes, size);
    d->has_vector = true;
}

static bool is_repeated(const struct wire_reply_decoder *d, uint32_t i)
{
    return d->has_vector && (i / 8 >= d->vector.size || !(d->vector.data[i / 8] >> (i % 8) & 1));
}

static const struct wire_cell *cell_before(const struct wire_reply_decoder *d, uint32_t i)
{
    if (d->row) return i < d->row_cells ? &d->row[i] : NULL;
    const struct wire_row *previous = d->cursor->previous;
    return previous && i < previous->count ? &previous->cells[i] : NULL;
}

/* Copied, because the row before lies in memory that the row after this one will take. */
static void repeat_cell(struct wire_reply_decoder *d, uint32_t i, struct wire_cell *cell)
{
    const struct wire_cell *before = cell_before(d, i);
    if (!before) {
        reply_unknown(d, "a repeated value without a row before");
        return;
    }
    if (!before->null && wire_type_is_cursor(wire_cursor_value_oac(d->cursor, i)->type)) {
        reply_unknown(d, "a result set that two rows share");
        return;
    }
    if (d->measuring) return;
    *cell = *before;
    cell->raw = arena_copy(d->arena, before->raw);
    cell->lob_data = arena_copy(d->arena, before->lob_data);
    cell->repeated = true;
    if (d->arena->exhausted) reply_limit(d, "memory of one message");
}

static void read_query_row(struct wire_reply_decoder *d)
{
    struct wire_cursor *cursor = d->cursor;
    struct wire_cell *cells = reply_array(d, cursor->column_count, sizeof *cells);
    for (uint32_t i = 0; cells && i < cursor->column_count && reply_ok(d); i++) {
        if (is_repeated(d, i))
            repeat_cell(d, i, &cells[i]);
        else
            read_column_value(d, i, &cells[i]);
    }
    if (!reply_effective(d)) return;
    reply_enter_cursors(d);
    if (!reply_ok(d)) return;
    d->has_vector = false;
    d->row = cells;
    d->row_cells = cursor->column_count;
    cursor->rows_fetched++;
    if (d->events->row) d->events->row(d->context, cursor, cells, cursor->column_count);
}

/* The next packet of rows, or the next fetch, may repeat values of this row. (After the end of the data there is none: see reply_end.) */
void reply_keep_row(struct wire_reply_decoder *d)
{
    if (!d->row) return;
    struct wire_row *previous = d->cursor->previous;
    if (!previous) {
        previous = memory_zero(1, sizeof *previous);
        arena_init(&previous->arena, 0);
        d->cursor->previous = previous;
    }
    arena_reset(&previous->arena);
    previous->count = d->row_cells;
    previous->cells = arena_alloc(&previous->arena, d->row_cells * sizeof *previous->cells);
    for (uint32_t i = 0; i < d->row_cells; i++) {
        previous->cells[i] = d->row[i];
        previous->cells[i].raw = arena_copy(&previous->arena, d->row[i].raw);
        previous->cells[i].lob_data = arena_copy(&previous->arena, d->row[i].lob_data);
        previous->cells[i].cursor = NULL;
    }
    d->row = NULL;
}

/* ---- OUT binds and RETURNING ---- */

void reply_io_vector(struct wire_reply_decoder *d)
{
    struct reader *in = &d->in;
    reader_u8(in);
    uint32_t low = wire_read_ub2(in);
    uint64_t count = low + 256ull * wire_read_ub4(in);
    wire_read_ub4(in);
    wire_read_ub2(in);
    reader_skip(in, wire_read_ub2(in));
    reader_skip(in, wire_read_ub2(in));
    if (!d->cursor || count != d->cursor->bind_count) reply_unknown(d, "directions for other binds than the statement's");
    if (!reply_ok(d)) return;
    struct view directions = reader_bytes(in, count);
    if (reply_effective(d)) wire_cursor_set_directions(d->cursor, directions.data, (uint32_t)count);
}

static void read_array(struct wire_reply_decoder *d, const struct wire_oac *oac, struct wire_cell *cell)
{
    uint32_t count = wire_read_ub4(&d->in);
    if (count > d->session->limits.rows_max) reply_limit(d, "elements of one index-by table");
    cell->null = count == 0;
    cell->elements = reply_room(d, count, 1) && count ? reply_array(d, count, sizeof *cell->elements) : NULL;
    for (uint32_t i = 0; cell->elements && i < count && reply_ok(d); i++) read_out_value(d, oac, &cell->elements[i]);
    cell->element_count = count;
}

static void read_out_binds(struct wire_reply_decoder *d)
{
    struct wire_cursor *cursor = d->cursor;
    if (!cursor->directions) {
        reply_unknown(d, "OUT binds without their directions");
        return;
    }
    struct wire_cell *cells = reply_array(d, cursor->bind_count, sizeof *cells);
    for (uint32_t i = 0; cells && i < cursor->bind_count && reply_ok(d); i++) {
        cells[i].null = true;
        if (cursor->directions[i] == WIRE_IN) continue;
        cells[i].null = false;
        if (cursor->binds[i].flags & WIRE_OAC_ARRAY)
            read_array(d, &cursor->binds[i], &cells[i]);
        else
            read_out_value(d, &cursor->binds[i], &cells[i]);
    }
    if (!reply_effective(d)) return;
    reply_enter_cursors(d);
    if (reply_ok(d) && d->events->out_binds) d->events->out_binds(d->context, cursor, cells, cursor->directions, cursor->bind_count);
}

static bool is_returned(const struct wire_cursor *cursor, uint32_t i)
{
    return cursor->directions ? cursor->directions[i] != WIRE_IN : i + cursor->return_binds >= cursor->bind_count;
}

static void read_returned(struct wire_reply_decoder *d)
{
    struct wire_cursor *cursor = d->cursor;
    uint32_t count = 0;
    struct wire_return_rows *binds = reply_array(d, cursor->bind_count, sizeof *binds);
    for (uint32_t i = 0; binds && i < cursor->bind_count && reply_ok(d); i++) {
        if (!is_returned(cursor, i)) continue;
        struct wire_return_rows *rows = &binds[count++];
        rows->row_count = wire_read_ub4(&d->in);
        if (rows->row_count > d->session->limits.rows_max) reply_limit(d, "rows returned by one execution");
        if (!reply_room(d, rows->row_count, 2)) return;
        rows->cells = rows->row_count ? reply_array(d, rows->row_count, sizeof *rows->cells) : NULL;
        for (uint32_t k = 0; rows->cells && k < rows->row_count && reply_ok(d); k++) read_out_value(d, &cursor->binds[i], &rows->cells[k]);
    }
    if (!reply_effective(d)) return;
    reply_enter_cursors(d);
    if (reply_ok(d) && d->events->returned) d->events->returned(d->context, cursor, d->iteration, binds, count);
    d->iteration++;
}

void reply_row(struct wire_reply_decoder *d)
{
    struct wire_cursor *cursor = d->cursor;
    if (!cursor)
        reply_unknown(d, "a row for no statement");
    else if (cursor->dml && cursor->return_binds)
        read_returned(d);
    else if (!cursor->plsql && cursor->column_count)
        read_query_row(d);
    else if (cursor->bind_count)
        read_out_binds(d);
    else
        reply_unknown(d, "a row of a result that was not described");
}

/* ---- what cells mean ---- */

const struct wire_oac *wire_cursor_value_oac(const struct wire_cursor *cursor, uint32_t column)
{
    bool defined = column < cursor->define_count && cursor->defines[column].type;
    return defined ? &cursor->defines[column] : &cursor->columns[column].oac;
}

/* The data that came with a locator is the value if it is all of it. */
static struct value lob_value(const struct wire_session *session, const struct wire_oac *oac, const struct wire_cell *cell,
                              struct arena *arena)
{
    struct value whole = {.type = VALUE_UNSUPPORTED, .bytes = cell->raw};
    if (oac->type == WIRE_TYPE_BLOB) return cell->lob_data.size == cell->lob_size ? value_bytes(cell->lob_data) : whole;
    if (oac->type != WIRE_TYPE_CLOB) return whole;
    struct view text;
    uint16_t charset = cell->lob_utf16 ? WIRE_CHARSET_UTF16 : wire_text_charset(session, WIRE_FORM_DATABASE);
    if (!wire_text_decode(charset, cell->lob_data, arena, &text)) return whole;
    uint64_t units = 0; /* of UTF-16: what a CLOB's size counts */
    for (size_t i = 0; i < text.size; i++) units += (text.data[i] & 0xC0) == 0x80 ? 0 : text.data[i] >= 0xF0 ? 2 : 1;
    return units == cell->lob_size ? value_text(text) : whole;
}

struct value wire_cell_value(const struct wire_session *session, const struct wire_oac *oac, const struct wire_cell *cell,
                             struct arena *arena)
{
    if (cell->null) return value_null();
    if (cell->lob_has_data) return lob_value(session, oac, cell, arena);
    if (wire_type_is_cursor(oac->type) || cell->elements) return (struct value){.type = VALUE_UNSUPPORTED, .bytes = cell->raw};
    return wire_value_decode(session, oac->type, oac->form, cell->raw, arena);
}
