/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the reply decoder share. Inner header of reply*.c. */
#ifndef WIRE_REPLY_DECODE_H
#define WIRE_REPLY_DECODE_H

#include "base/buffer.h"
#include "base/reader.h"
#include "wire/primitive.h"
#include "wire/reply.h"

/* A place in the payload where a cursor id stands, for the relay that renames one. */
struct reply_id_place {
    size_t at, size;
    uint32_t id;
};
enum { REPLY_ID_PLACES_MAX = 16 };

/* A REF CURSOR or implicit result met inside a message: it enters the table when the whole message is there. */
struct reply_new_cursor {
    struct reply_new_cursor *next;
    struct wire_column *columns;
    uint32_t column_count, id;
    struct wire_cell *cell; /* whose value it is; NULL: an implicit result */
};

struct wire_reply_decoder {
    const struct wire_session *session;
    struct wire_cursor_table *cursors;
    const struct wire_reply_events *events;
    void *context;

    /* What the reply answers. */
    uint8_t function;
    struct wire_cursor *cursor;
    bool row_counts_wanted;
    bool defines; /* the request came with defines: a describe in its reply does not undo them */
    uint32_t lob_locator_size;
    bool lob_has_amount, lob_has_flag, lob_has_charset;

    /* The message being read. */
    struct reader in;
    struct arena *arena; /* one of `arenas`: a row's bytes must outlive the next row */
    bool measuring;      /* walk over the message to see whether it is whole; keep nothing, tell nobody */
    const char *unknown;
    bool over_limit;
    struct reply_new_cursor *new_cursors;
    struct view schema; /* the current schema, as a pair of this message says it */

    /* The reply so far. */
    struct buffer partial; /* the beginning of a message that is not whole */
    struct arena arenas[2];
    struct wire_cell *row; /* the last row, in arena other than the next message's; NULL: none in this feed */
    uint32_t row_cells;
    bool has_vector; /* a bit vector stands for the next row */
    struct view vector;
    uint8_t vector_bytes[512];
    uint32_t iteration; /* of RETURNING */
    bool ended, flushed, failed;

    bool record_places;
    struct reply_id_place places[REPLY_ID_PLACES_MAX];
    uint32_t place_count;
    bool places_overflow;
};

/* True: the message is whole and good so far, and what it says may take effect. */
bool reply_effective(const struct wire_reply_decoder *d);
bool reply_ok(const struct wire_reply_decoder *d);
void reply_unknown(struct wire_reply_decoder *d, const char *why);
void reply_limit(struct wire_reply_decoder *d, const char *which);
void *reply_array(struct wire_reply_decoder *d, size_t count, size_t size);
bool reply_room(struct wire_reply_decoder *d, uint64_t count, size_t size_min);
struct wire_clr reply_clr(struct wire_reply_decoder *d);
struct wire_clr reply_dalc(struct wire_reply_decoder *d);
void reply_place(struct wire_reply_decoder *d, size_t at, uint32_t id);
void reply_enter_cursors(struct wire_reply_decoder *d); /* makes table entries of new_cursors */

void reply_describe(struct wire_reply_decoder *d);
void reply_new_cursor(struct wire_reply_decoder *d, struct wire_cell *cell); /* describe body and id */
void reply_implicit_result(struct wire_reply_decoder *d);
void reply_row_header(struct wire_reply_decoder *d);
void reply_bit_vector(struct wire_reply_decoder *d);
void reply_row(struct wire_reply_decoder *d);
void reply_io_vector(struct wire_reply_decoder *d);
void reply_parameters(struct wire_reply_decoder *d);
void reply_end(struct wire_reply_decoder *d);
void reply_status(struct wire_reply_decoder *d);
void reply_warning(struct wire_reply_decoder *d);
void reply_server_piggyback(struct wire_reply_decoder *d);
void reply_lob_data(struct wire_reply_decoder *d);
void reply_keep_row(struct wire_reply_decoder *d); /* the last row outlives this feed */

#endif
