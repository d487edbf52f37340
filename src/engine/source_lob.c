/* SPDX-License-Identifier: Apache-2.0 */
/* LOB columns of our own queries: defined as LONG so that they come with their rows, or else read by locator. */
#include "engine/source_private.h"

#include "base/memory.h"
#include "wire/message.h"

enum { LONG_SIZE = 0x7FFFFFFF, LOCATOR_FLAG_BYTE = 6, LOCATOR_UTF16 = 0x80, LOCATOR_SIZE_MIN = 8 };

bool source_cursor_has_lobs(const struct wire_cursor *cursor)
{
    for (uint32_t i = 0; i < cursor->column_count; i++)
        if (wire_type_is_stored_lob(cursor->columns[i].oac.type)) return true;
    return false;
}

void source_define_longs(struct source *source, struct wire_cursor *cursor)
{
    struct wire_oac *defines = arena_zero(&source->call_arena, sizeof *defines * cursor->column_count);
    for (uint32_t i = 0; i < cursor->column_count; i++) {
        const struct wire_oac *column = &cursor->columns[i].oac;
        defines[i] = (struct wire_oac){.type = column->type,
                                       .flags = 1,
                                       .size_max = column->size_max,
                                       .charset = column->charset,
                                       .form = column->form,
                                       .characters_max = column->characters_max,
                                       .precision = column->precision,
                                       .scale = column->scale};
        if (!wire_type_is_stored_lob(column->type)) continue;
        defines[i].type = column->type == WIRE_TYPE_BLOB ? WIRE_TYPE_LONG_RAW : WIRE_TYPE_LONG;
        defines[i].size_max = LONG_SIZE;
        defines[i].characters_max = 0;
        if (column->type == WIRE_TYPE_CLOB) defines[i].charset = 873;
    }
    wire_cursor_set_defines(cursor, defines, cursor->column_count);
}

/* Reads one LOB whole. The bytes are in call_arena. */
static bool read_lob(struct source *source, const struct wire_oac *column, const struct wire_cell *cell, struct value *out,
                     struct error *error)
{
    *out = value_null();
    if (cell->null || cell->lob_size == 0) return true;
    if (cell->lob_size > source->session->limits.value_max)
        return error_set(error, ERROR_LIMIT, "a LOB of %llu is larger than value_max", (unsigned long long)cell->lob_size);
    struct buffer data;
    buffer_init(&data, source->session->limits.value_max * 4);
    struct wire_lob_request lob = {.operation = WIRE_LOB_READ,
                                   .source = cell->raw,
                                   .source_length = (uint32_t)cell->raw.size,
                                   .source_offset = 1,
                                   .has_amount = true,
                                   .amount = cell->lob_size};
    struct wire_request request = {.function = WIRE_FN_LOB, .sequence = source_sequence(source), .lob = lob};
    source_request_begin(source);
    wire_lob_write(source->session, request.sequence, &lob, &source->payload);
    source->call.lob = &data;
    bool good = source_exchange(source, &request, error) && !source_error(source, error);
    source->call.lob = NULL;
    if (good && data.failed) good = error_set(error, ERROR_LIMIT, "a LOB brought more than value_max allows");
    if (good) {
        struct view bytes = arena_copy(&source->call_arena, buffer_view(&data));
        bool utf16 = cell->raw.size >= LOCATOR_SIZE_MIN && (cell->raw.data[LOCATOR_FLAG_BYTE] & LOCATOR_UTF16);
        if (column->type == WIRE_TYPE_BLOB)
            *out = value_bytes(bytes);
        else
            *out = value_text(utf16 ? wire_utf16be_to_utf8(bytes, &source->call_arena) : bytes);
    }
    buffer_release(&data);
    return good;
}

bool source_deliver_deferred(struct source *source, const struct wire_cursor *cursor, struct error *error)
{
    struct source_call *call = &source->call;
    struct wire_end end = call->end; /* reading LOBs makes calls of its own */
    for (uint32_t r = 0; r < call->row_count && !call->stopped; r++) {
        struct value *values = &call->rows[(size_t)r * call->columns];
        for (uint32_t c = 0; c < call->columns; c++) {
            const struct wire_cell *cell = &call->cells[(size_t)r * call->columns + c];
            const struct wire_oac *oac = wire_cursor_value_oac(cursor, c);
            if (!wire_type_is_stored_lob(oac->type) || (cell->lob_has_data && !cell->null)) continue;
            if (!read_lob(source, oac, cell, &values[c], error)) return false;
        }
        if (!call->row(call->context, values, call->columns)) call->stopped = true;
    }
    call->row_count = 0;
    call->end = end;
    return true;
}
