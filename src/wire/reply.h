/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies: what a server answers to one request (docs/protocol.md sections 10 to 13), both halves. The decoder is resumable
 * at message borders (one row is one message), so that a large result is tapped in one pass while its bytes are forwarded.
 */
#ifndef WIRE_REPLY_H
#define WIRE_REPLY_H

#include "base/value.h"
#include "wire/request.h"

/* One column or out value as it stands in the message. */
struct wire_cell {
    bool null;
    bool repeated; /* not sent: same as the row before (bit vector); bytes are those of that row */
    struct view
        raw; /* TTC bytes without CLR framing; LOB: the locator; ROWID: 13 bytes (u32 object, u16 file, u8, u32 block, u16 slot), big-endian */
    uint64_t lob_size;          /* LOBs: characters or bytes */
    bool lob_has_data;          /* prefetched, or the whole value inline */
    struct view lob_data;       /* as sent */
    bool lob_utf16;             /* lob_data is UTF-16BE */
    struct wire_cursor *cursor; /* REF CURSOR values: the new entry */
    uint32_t element_count;     /* index-by tables (OUT binds): values follow in `elements` */
    struct wire_cell *elements;
};
struct wire_row {
    struct wire_cell *cells;
    uint32_t count;
    struct arena arena;
};

struct wire_end { /* OER (4) or STATUS (9) */
    bool status_only;
    uint32_t call_status; /* 2: a transaction is open */
    uint32_t error;       /* ORA number; 0 good, 1403 end of data */
    struct view message;  /* error text */
    int32_t error_position;
    uint32_t cursor_id;
    uint64_t row_count;
    uint8_t command; /* SQL command type */
    uint8_t warning_flags;
    bool has_rowid;
    uint32_t rowid_object;
    uint16_t rowid_file;
    uint32_t rowid_block;
    uint16_t rowid_slot;
    uint32_t batch_count;
    uint32_t *batch_errors;
    uint32_t *batch_offsets;
    struct view *batch_messages;
    bool transaction_open; /* call_status & 2 */
};
struct wire_return_rows {
    uint32_t row_count;
    struct wire_cell *cells;
}; /* one per RETURNING bind and iteration */

/* What the decoder reports, in order. Any member may be NULL. Views are valid during the call only. */
struct wire_reply_events {
    void (*describe)(void *context, struct wire_cursor *cursor);
    void (*row)(void *context, struct wire_cursor *cursor, const struct wire_cell *cells, uint32_t count);
    void (*out_binds)(void *context, struct wire_cursor *cursor, const struct wire_cell *cells, const uint8_t *directions,
                      uint32_t count); /* cells of IN binds are absent (null) */
    void (*returned)(void *context, struct wire_cursor *cursor, uint32_t iteration, const struct wire_return_rows *binds,
                     uint32_t count);                                          /* RETURNING INTO */
    void (*row_counts)(void *context, const uint64_t *counts, uint32_t count); /* array DML */
    void (*lob_data)(void *context, struct view data);
    void (*lob_result)(void *context, struct view locator, bool has_amount, uint64_t amount, int32_t flag);
    void (*implicit_result)(void *context, struct wire_cursor *cursor);
    void (*schema)(void *context, struct view name); /* current schema changed (OCSSYNC 168) */
    void (*end)(void *context, const struct wire_end *end);
};
struct wire_reply_decoder;
struct wire_reply_decoder *wire_reply_decoder_new(const struct wire_session *session, struct wire_cursor_table *cursors,
                                                  const struct wire_reply_events *events, void *context);
void wire_reply_decoder_free(struct wire_reply_decoder *decoder);
/* Before the first byte of a reply: which request it answers (its cursor, function, lob operation are used; copied). A cursor that the
 * reply gave no id to is released by the next begin. After FLUSH_OUT_BINDS the client's continuation changes nothing here. */
void wire_reply_begin(struct wire_reply_decoder *decoder, const struct wire_request *request);
/*
 * Feed payload bytes as they arrive (one DATA packet's payload at a time). DECODED: the reply is over. NEED_MORE: it goes on.
 * UNKNOWN / MALFORMED: cannot be followed; the caller relays on and resynchronises at the next client request.
 * FLUSH_OUT_BINDS gives the turn to the client: wire_reply_flushed answers true once.
 */
enum wire_status wire_reply_feed(struct wire_reply_decoder *decoder, struct view payload, struct error *error);
bool wire_reply_flushed(struct wire_reply_decoder *decoder);
void wire_reply_discard(struct wire_reply_decoder *decoder); /* a MARKER cut the reply: partial state is dropped */

struct value wire_cell_value(const struct wire_session *session, const struct wire_oac *oac, const struct wire_cell *cell,
                             struct arena *arena);
const struct wire_oac *wire_cursor_value_oac(const struct wire_cursor *cursor, uint32_t column); /* define if there is one, else column */

/* Relay with mapped ids: as wire_reply_feed has no view of where ids stand in a stream, the relay buffers the reply of a mapped
 * call and asks for the rewritten payload: cursor ids in OER and RPA equal to `from` become `to`. False: could not be followed. */
bool wire_reply_rewrite_id(const struct wire_session *session, const struct wire_request *request, struct wire_cursor *cursor,
                           struct view payload, uint32_t from, uint32_t to, struct buffer *out);

/* ---- encode (server half). Appends messages; wrap with wire_packet_write_data. ---- */
void wire_describe_write(const struct wire_session *session, const struct wire_column *columns, uint32_t count, struct buffer *out);
void wire_row_header_write(const struct wire_session *session, uint32_t columns, uint32_t rows_wanted, struct buffer *out);
/* A row message: begin, then one value per column in order. `oac` is the define if there is one, else the column. */
void wire_row_begin(struct buffer *out);
/* False: the value cannot be said in that type; a NULL stands in its place, and the row must not be sent. */
bool wire_row_value(const struct wire_session *session, const struct wire_oac *column, const struct wire_oac *define,
                    const struct value *value, struct buffer *out);
struct wire_lob_cell {
    struct view locator;
    uint64_t size;
    uint32_t chunk;
    bool has_data;
    struct view data;
}; /* data: UTF-8 or bytes */
void wire_row_lob(const struct wire_session *session, const struct wire_oac *column, const struct wire_oac *define,
                  const struct wire_lob_cell *lob, struct buffer *out); /* lob NULL: null */
void wire_row_cursor(const struct wire_session *session, const struct wire_column *columns, uint32_t count, uint32_t cursor_id,
                     struct buffer *out);
void wire_io_vector_write(const struct wire_session *session, const uint8_t *directions, uint32_t count, struct buffer *out);
/* OUT and RETURNING values: the value, then sb4 0. An index-by table: wire_return_count, then its values. False as wire_row_value. */
bool wire_out_value(const struct wire_session *session, const struct wire_oac *bind, const struct value *value, struct buffer *out);
void wire_out_lob(const struct wire_session *session, const struct wire_oac *bind, const struct wire_lob_cell *lob,
                  struct buffer *out); /* lob NULL: null */
void wire_out_cursor(const struct wire_session *session, const struct wire_column *columns, uint32_t count, uint32_t cursor_id,
                     struct buffer *out);
void wire_return_count(struct buffer *out, uint32_t rows); /* before the values of one RETURNING bind or index-by table */
void wire_parameters_write(const struct wire_session *session, uint32_t cursor_id, const uint64_t *row_counts, uint32_t count,
                           bool counts_wanted, struct buffer *out);                                                        /* RPA */
void wire_end_write(const struct wire_session *session, const struct wire_end *end, uint8_t sequence, struct buffer *out); /* OER */
void wire_status_write(const struct wire_session *session, bool transaction_open, struct buffer *out);                     /* STATUS */
/* text: with or without its "ORA-nnnnn: ". */
void wire_error_write(const struct wire_session *session, uint32_t ora_number, const char *text, int32_t position, uint32_t cursor_id,
                      bool transaction_open, uint8_t sequence, struct buffer *out);
void wire_version_write(const struct wire_session *session, const char *banner, uint32_t number, struct buffer *out);
/* Answers to 103 and 104: the context names the branch to the server in later calls (at most 65,535 bytes). An end of call follows. */
void wire_tpc_switch_write(struct view context, struct buffer *out);
void wire_tpc_state_write(uint32_t state, struct buffer *out);
/* Implicit results (DBMS_SQL.RETURN_RESULT): how many, then each one's columns and cursor. */
void wire_implicit_results_write(uint32_t count, struct buffer *out);
void wire_implicit_result(const struct wire_session *session, const struct wire_column *columns, uint32_t count, uint32_t cursor_id,
                          struct buffer *out);
void wire_lob_data_write(const struct wire_session *session, struct view data,
                         struct buffer *out); /* 14: already in the locator's encoding */
void wire_lob_result_write(const struct wire_session *session, const struct wire_lob_request *request, struct view locator, uint64_t amount,
                           int32_t flag, struct buffer *out);

#endif
