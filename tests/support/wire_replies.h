/* SPDX-License-Identifier: Apache-2.0 */
/* A reply decoder whose events become lines of text, so that the same reply cut in any way must read the same. */
#ifndef TESTS_SUPPORT_WIRE_REPLIES_H
#define TESTS_SUPPORT_WIRE_REPLIES_H

#include "tests/support/wire_messages.h"
#include "wire/reply.h"

struct wire_listener {
    struct wire_bench bench; /* message: the reply */
    struct wire_reply_decoder *decoder;
    struct buffer lines;
    struct wire_request request; /* what the reply answers */
};

static inline void listen_value(struct wire_listener *l, const struct wire_oac *oac, const struct wire_cell *cell)
{
    struct arena arena;
    arena_init(&arena, 0);
    if (cell->repeated) buffer_append_text(&l->lines, " =");
    if (cell->cursor) {
        buffer_printf(&l->lines, " cursor %u", cell->cursor->id);
    } else if (cell->elements) {
        buffer_printf(&l->lines, " [%u", cell->element_count);
        for (uint32_t i = 0; i < cell->element_count; i++) listen_value(l, oac, &cell->elements[i]);
        buffer_append_text(&l->lines, "]");
    } else {
        struct value value = wire_cell_value(&l->bench.session, oac, cell, &arena);
        buffer_append_text(&l->lines, " ");
        value_print(&l->lines, &value, 60);
        if (cell->lob_size) buffer_printf(&l->lines, "(%u)", (unsigned)cell->lob_size);
    }
    arena_release(&arena);
}

static inline void listen_describe(void *context, struct wire_cursor *cursor)
{
    struct wire_listener *l = context;
    buffer_append_text(&l->lines, "describe");
    for (uint32_t i = 0; i < cursor->column_count; i++) {
        const struct wire_column *c = &cursor->columns[i];
        buffer_printf(&l->lines, " %s:%u/%u/%d/%u%s", c->name, c->oac.type, c->oac.precision, c->oac.scale, c->oac.size_max,
                      c->nullable ? "?" : "");
    }
    buffer_append_text(&l->lines, "\n");
}

static inline void listen_row(void *context, struct wire_cursor *cursor, const struct wire_cell *cells, uint32_t count)
{
    struct wire_listener *l = context;
    buffer_append_text(&l->lines, "row");
    for (uint32_t i = 0; i < count; i++) listen_value(l, wire_cursor_value_oac(cursor, i), &cells[i]);
    buffer_append_text(&l->lines, "\n");
}

static inline void listen_out(void *context, struct wire_cursor *cursor, const struct wire_cell *cells, const uint8_t *directions,
                              uint32_t count)
{
    struct wire_listener *l = context;
    buffer_append_text(&l->lines, "out");
    for (uint32_t i = 0; i < count; i++)
        if (directions[i] != WIRE_IN) listen_value(l, &cursor->binds[i], &cells[i]);
    buffer_append_text(&l->lines, "\n");
}

static inline void listen_returned(void *context, struct wire_cursor *cursor, uint32_t iteration, const struct wire_return_rows *binds,
                                   uint32_t count)
{
    struct wire_listener *l = context;
    buffer_printf(&l->lines, "returned %u:", iteration);
    for (uint32_t i = 0; i < count; i++) {
        buffer_printf(&l->lines, " %u:", binds[i].row_count);
        for (uint32_t k = 0; k < binds[i].row_count; k++)
            listen_value(l, &cursor->binds[cursor->bind_count - count + i], &binds[i].cells[k]);
    }
    buffer_append_text(&l->lines, "\n");
}

static inline void listen_counts(void *context, const uint64_t *counts, uint32_t count)
{
    struct wire_listener *l = context;
    buffer_append_text(&l->lines, "counts");
    for (uint32_t i = 0; i < count; i++) buffer_printf(&l->lines, " %u", (unsigned)counts[i]);
    buffer_append_text(&l->lines, "\n");
}

static inline void listen_lob_data(void *context, struct view data)
{
    struct wire_listener *l = context;
    buffer_printf(&l->lines, "lob data " VIEW_FORMAT "\n", VIEW_ARGUMENTS(data));
}

static inline void listen_lob_result(void *context, struct view locator, bool has_amount, uint64_t amount, int32_t flag)
{
    struct wire_listener *l = context;
    buffer_printf(&l->lines, "lob " VIEW_FORMAT " %d %u %d\n", VIEW_ARGUMENTS(locator), has_amount, (unsigned)amount, flag);
}

static inline void listen_implicit(void *context, struct wire_cursor *cursor)
{
    struct wire_listener *l = context;
    buffer_printf(&l->lines, "implicit %u of %u columns\n", cursor->id, cursor->column_count);
}

static inline void listen_schema(void *context, struct view name)
{
    struct wire_listener *l = context;
    buffer_printf(&l->lines, "schema " VIEW_FORMAT "\n", VIEW_ARGUMENTS(name));
}

static inline void listen_end(void *context, const struct wire_end *end)
{
    struct wire_listener *l = context;
    buffer_printf(&l->lines, "%s %u rows %u cursor %u at %d%s command %u", end->status_only ? "status" : "end", end->error,
                  (unsigned)end->row_count, end->cursor_id, end->error_position, end->transaction_open ? " open" : "", end->command);
    if (end->has_rowid)
        buffer_printf(&l->lines, " rowid %u.%u.%u.%u", end->rowid_object, end->rowid_file, end->rowid_block, end->rowid_slot);
    for (uint32_t i = 0; i < end->batch_count; i++) {
        buffer_printf(&l->lines, " [%u at %u", end->batch_errors[i], end->batch_offsets[i]);
        if (end->batch_messages) buffer_printf(&l->lines, " " VIEW_FORMAT, VIEW_ARGUMENTS(view_trim(end->batch_messages[i])));
        buffer_append_text(&l->lines, "]");
    }
    buffer_printf(&l->lines, " " VIEW_FORMAT "\n", VIEW_ARGUMENTS(view_trim(end->message)));
}

static inline void wire_listen_open(struct wire_listener *l, struct wire_session session)
{
    static const struct wire_reply_events events = {
        .describe = listen_describe,
        .row = listen_row,
        .out_binds = listen_out,
        .returned = listen_returned,
        .row_counts = listen_counts,
        .lob_data = listen_lob_data,
        .lob_result = listen_lob_result,
        .implicit_result = listen_implicit,
        .schema = listen_schema,
        .end = listen_end,
    };
    *l = (struct wire_listener){.request.function = WIRE_FN_EXECUTE};
    wire_bench_open(&l->bench, session);
    l->decoder = wire_reply_decoder_new(&l->bench.session, l->bench.cursors, &events, l);
    buffer_init(&l->lines, 0);
}

static inline void wire_listen_close(struct wire_listener *l)
{
    wire_reply_decoder_free(l->decoder);
    buffer_release(&l->lines);
    wire_bench_close(&l->bench);
}

/* Feeds one piece out of a block of just its size. */
static inline enum wire_status wire_listen_piece(struct wire_listener *l, size_t from, size_t size)
{
    uint8_t *exact = exact_copy(buffer_view(&l->bench.message).data + from, size);
    enum wire_status status = wire_reply_feed(l->decoder, view_of(exact, size), &l->bench.error);
    free(exact);
    return status;
}

static inline const char *wire_listen_lines(struct wire_listener *l)
{
    buffer_u8(&l->lines, 0);
    return (const char *)buffer_view(&l->lines).data;
}

#endif
