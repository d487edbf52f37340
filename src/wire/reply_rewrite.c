/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole reply under another cursor id. It is read by an ordinary decoder that notes where ids stand, against a copy of the
 * cursor in a table of its own, so that the reading leaves no trace; the real decoder sees the rewritten bytes.
 */
#include "wire/cursor_state.h"
#include "wire/reply_decode.h"

enum { TABLE_MAX = 4096 };

static struct wire_cursor *copy_cursor(struct wire_cursor_table *table, const struct wire_cursor *cursor)
{
    struct wire_cursor *copy = wire_cursor_make(table, view_of(NULL, 0));
    copy->plsql = cursor->plsql;
    copy->query = cursor->query;
    copy->dml = cursor->dml;
    copy->return_binds = cursor->return_binds;
    wire_cursor_set_binds(copy, cursor->binds, cursor->bind_count);
    if (cursor->directions) wire_cursor_set_directions(copy, cursor->directions, cursor->bind_count);
    wire_cursor_set_columns(copy, cursor->columns, cursor->column_count);
    wire_cursor_set_defines(copy, cursor->defines, cursor->define_count);
    return copy;
}

static void write_renamed(const struct wire_reply_decoder *d, struct view payload, uint32_t from, uint32_t to, struct buffer *out)
{
    size_t at = 0;
    for (uint32_t i = 0; i < d->place_count; i++) {
        const struct reply_id_place *place = &d->places[i];
        if (place->id != from || from == 0) continue;
        buffer_append(out, payload.data + at, place->at - at);
        wire_write_ub4(out, to);
        at = place->at + place->size;
    }
    buffer_append(out, payload.data + at, payload.size - at);
}

bool wire_reply_rewrite_id(const struct wire_session *session, const struct wire_request *request, struct wire_cursor *cursor,
                           struct view payload, uint32_t from, uint32_t to, struct buffer *out)
{
    static const struct wire_reply_events no_events = {.end = NULL};
    struct wire_cursor_table *table = wire_cursor_table_new(TABLE_MAX, NULL);
    struct wire_reply_decoder *d = wire_reply_decoder_new(session, table, &no_events, NULL);
    struct wire_request copy = *request;
    copy.cursor = cursor ? copy_cursor(table, cursor) : NULL;
    wire_reply_begin(d, &copy);
    d->record_places = true;
    bool followed = wire_reply_feed(d, payload, NULL) == WIRE_DECODED && !d->places_overflow;
    if (followed) write_renamed(d, payload, from, to, out);
    wire_reply_decoder_free(d);
    wire_cursor_table_free(table);
    return followed;
}
