/* SPDX-License-Identifier: Apache-2.0 */
/* Replies, decoding: describes of results, and the result sets that come with one inside other messages. */
#include "wire/message.h"
#include "wire/reply_decode.h"

enum { COLUMN_SIZE_MIN = 20, ANNOTATIONS_MAX = 65536, IMPLICIT_RESULTS_MAX = 65536 };

static char *text_of(struct wire_reply_decoder *d, struct wire_clr clr)
{
    return clr.null || d->measuring ? NULL : arena_string(d->arena, clr.bytes);
}

static void read_oac(struct wire_reply_decoder *d, struct wire_oac *oac)
{
    struct reader *in = &d->in;
    oac->type = reader_u8(in);
    oac->flags = reader_u8(in);
    oac->precision = reader_u8(in);
    oac->scale = d->session->sb1_universal ? (int16_t)wire_read_sb4(in) : (int8_t)reader_u8(in);
    oac->size_max = wire_read_ub4(in);
    oac->elements_max = wire_read_ub4(in);
    oac->continue_flags = wire_read_ub8(in);
    reply_dalc(d);     /* type id of objects */
    wire_read_ub2(in); /* its version */
    oac->charset = wire_read_ub2(in);
    oac->form = reader_u8(in);
    oac->characters_max = wire_read_ub4(in);
    if (d->session->field_version >= WIRE_FIELD_SIGNATURE) wire_read_ub4(in);
}

static void read_annotations(struct wire_reply_decoder *d)
{
    if (wire_read_ub4(&d->in) == 0) return;
    reader_u8(&d->in);
    uint32_t count = wire_read_ub4(&d->in);
    reader_u8(&d->in);
    if (count > ANNOTATIONS_MAX) reply_limit(d, "annotations of one column");
    for (uint32_t i = 0; i < count && reply_ok(d); i++) {
        reply_dalc(d);
        reply_dalc(d);
        wire_read_ub4(&d->in);
    }
    wire_read_ub4(&d->in);
}

static void read_column(struct wire_reply_decoder *d, struct wire_column *column)
{
    uint8_t version = d->session->field_version;
    read_oac(d, &column->oac);
    column->nullable = reader_u8(&d->in);
    reader_u8(&d->in); /* length of the name, for old clients */
    column->name = text_of(d, reply_dalc(d));
    if (!column->name && !d->measuring) column->name = arena_string(d->arena, view_of(NULL, 0));
    column->type_schema = text_of(d, reply_dalc(d));
    column->type_name = text_of(d, reply_dalc(d));
    wire_read_ub2(&d->in); /* position */
    if (version >= WIRE_FIELD_USER_TYPES) wire_read_ub4(&d->in);
    if (version >= WIRE_FIELD_DOMAINS) {
        reply_dalc(d);
        reply_dalc(d);
    }
    if (version >= WIRE_FIELD_ANNOTATIONS) read_annotations(d);
    if (version >= WIRE_FIELD_VECTORS) {
        wire_read_ub4(&d->in);
        reader_skip(&d->in, 2);
    }
}

static struct wire_column *reply_describe_body(struct wire_reply_decoder *d, uint32_t *count)
{
    wire_read_ub4(&d->in); /* size of a row */
    *count = wire_read_ub4(&d->in);
    if (*count) reader_u8(&d->in);
    if (*count > d->session->limits.column_max) reply_limit(d, "columns of one result");
    struct wire_column *columns = reply_room(d, *count, COLUMN_SIZE_MIN) ? reply_array(d, *count, sizeof *columns) : NULL;
    for (uint32_t i = 0; columns && i < *count && reply_ok(d); i++) read_column(d, &columns[i]);
    reply_dalc(d); /* time of the describe */
    for (int i = 0; i < 2; i++) wire_read_ub4(&d->in);
    for (int i = 0; i < 2 && d->session->field_version >= WIRE_FIELD_REGISTRATION; i++) wire_read_ub4(&d->in);
    if (d->session->field_version >= WIRE_FIELD_QUERY_CACHE) reply_dalc(d); /* its key */
    return columns;
}

static void set_columns(struct wire_reply_decoder *d, const struct wire_column *columns, uint32_t count)
{
    struct wire_cursor *cursor = d->cursor;
    bool keep = d->defines && cursor->define_count == count && count > 0;
    struct wire_oac *defines = keep ? reply_array(d, count, sizeof *defines) : NULL;
    if (defines) memcpy(defines, cursor->defines, count * sizeof *defines);
    wire_cursor_set_columns(cursor, columns, count);
    if (defines) wire_cursor_set_defines(cursor, defines, count);
}

void reply_describe(struct wire_reply_decoder *d)
{
    uint32_t count;
    if (wire_reader_native(&d->in))
        reader_skip(&d->in, wire_read_ub4(&d->in)); /* raw behind its size */
    else
        reply_clr(d);
    struct wire_column *columns = reply_describe_body(d, &count);
    if (!d->cursor) reply_unknown(d, "a describe for no statement");
    if (!reply_effective(d)) return;
    set_columns(d, columns, count);
    d->row = NULL;
    if (d->events->describe) d->events->describe(d->context, d->cursor);
}

void reply_new_cursor(struct wire_reply_decoder *d, struct wire_cell *cell)
{
    uint32_t count;
    struct wire_column *columns = reply_describe_body(d, &count);
    uint16_t id = wire_read_ub2(&d->in);
    if (!reply_effective(d)) return;
    struct reply_new_cursor *new = reply_array(d, 1, sizeof *new);
    if (!new) return;
    *new = (struct reply_new_cursor){.columns = columns, .column_count = count, .id = id, .cell = cell};
    struct reply_new_cursor **last = &d->new_cursors;
    while (*last) last = &(*last)->next;
    *last = new;
}

void reply_implicit_result(struct wire_reply_decoder *d)
{
    uint32_t count = wire_read_ub4(&d->in);
    if (count > IMPLICIT_RESULTS_MAX) reply_limit(d, "implicit results of one call");
    for (uint32_t i = 0; i < count && reply_ok(d); i++) {
        reader_skip(&d->in, reader_u8(&d->in));
        reply_new_cursor(d, NULL);
    }
    if (reply_effective(d)) reply_enter_cursors(d);
}
