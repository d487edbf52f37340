/* SPDX-License-Identifier: Apache-2.0 */
/* Capture: a result kept as it passes, in the byte form of normal values. */
#include "engine/shadow.h"

#include "base/memory.h"
#include "wire/reply.h"

void capture_init(struct capture *capture, size_t maximum)
{
    memset(capture, 0, sizeof *capture);
    buffer_init(&capture->rows, maximum);
}

void capture_release(struct capture *capture)
{
    buffer_release(&capture->rows);
}

void capture_reset(struct capture *capture)
{
    buffer_clear(&capture->rows);
    capture->columns = capture->row_count = 0;
    capture->complete = capture->failed = false;
}

struct view capture_trim(struct view text)
{
    while (text.size && text.data[text.size - 1] == ' ') text.size--;
    return text;
}

/* The value as both sides can say it: CHAR without padding, fractions cut to microseconds. */
struct value capture_normal(const struct wire_oac *oac, struct value value)
{
    if (value.type == VALUE_TEXT && oac->type == WIRE_TYPE_CHAR) return value_text(capture_trim(value.bytes));
    if (value.type == VALUE_DATETIME) {
        value.datetime.nanosecond -= value.datetime.nanosecond % 1000;
        value.datetime.zone_minutes = 0; /* compared by instant */
    }
    return value;
}

void capture_row(struct capture *capture, const struct wire_session *session, const struct wire_cursor *cursor,
                 const struct wire_cell *cells, uint32_t count, struct arena *scratch)
{
    if (capture->failed) return;
    capture->columns = count;
    for (uint32_t i = 0; i < count && i < cursor->column_count; i++) {
        const struct wire_oac *oac = wire_cursor_value_oac(cursor, i);
        struct value value;
        bool lob = oac->type == WIRE_TYPE_CLOB || oac->type == WIRE_TYPE_BLOB;
        if (lob && !cells[i].null && !cells[i].lob_has_data)
            value = value_number_i64(scratch, (int64_t)cells[i].lob_size); /* its length stands for it */
        else
            value = capture_normal(&cursor->columns[i].oac, wire_cell_value(session, oac, &cells[i], scratch));
        if (value.type == VALUE_UNSUPPORTED) capture->failed = true;
        buffer_u8(&capture->rows, lob && !cells[i].null && !cells[i].lob_has_data); /* marks a length */
        value_encode(&capture->rows, &value);
    }
    capture->row_count++;
    if (capture->rows.failed) capture->failed = true;
}
