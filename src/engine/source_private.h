/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a source connection, shared by source*.c only. */
#ifndef ENGINE_SOURCE_PRIVATE_H
#define ENGINE_SOURCE_PRIVATE_H

#include "engine/source.h"
#include "io/stream.h"
#include "wire/auth.h"
#include "wire/value.h"

enum { SOURCE_STATEMENTS_MAX = 200 /* cursors kept open: far below open_cursors (300 by default) */, SOURCE_FETCH_MAX = 5000 };

/* A statement that was parsed, and its cursor on the server. */
struct source_statement {
    char *text;
    uint64_t hash, used; /* `used`: number of the call, for the oldest to be closed */
    struct wire_cursor *cursor;
    bool lobs, defined; /* has LOB columns; they are defined as LONG */
};

/* What one call brings. */
struct source_call {
    source_row *row;
    void *context;
    bool stopped; /* the caller wants no more rows */
    bool ended;
    struct wire_end end; /* message: in call_arena */
    bool deferred;       /* rows wait for their LOBs: kept in call_arena until the reply is over */
    struct value *rows;  /* of deferred rows */
    struct wire_cell *cells;
    uint32_t row_count, row_capacity, columns;
    uint64_t seen;      /* rows that came, all replies of the call */
    struct buffer *lob; /* where LOB data goes */
};

struct source {
    const struct engine_options *options;
    uint32_t timeout_ms;
    struct tls_context *tls;
    struct socket_stream *socket;
    struct wire_client_login *login; /* owns the session's facts */
    struct wire_session *session;
    struct wire_cursor_table *cursors;
    struct wire_reply_decoder *decoder;
    struct buffer input, payload, packets;
    struct arena call_arena, row_arena;
    struct source_statement *statements[SOURCE_STATEMENTS_MAX];
    uint32_t statement_count;
    uint32_t closing[SOURCE_STATEMENTS_MAX + 1], closing_count; /* ids to be closed with the next request */
    uint64_t calls;
    struct source_call call;
    uint8_t sequence;
    bool lost;
    bool open;     /* something may have been written since the last commit or rollback */
    bool locators; /* the server does not take LONG defines for LOBs: they are read by locator */
};

/* source_login.c */
bool source_connect(struct source *source, struct error *error) MUST_USE;
/* source_call.c */
extern const struct wire_reply_events source_events;
/* Sends source->payload as the request and reads its reply: source->call.end. False: the connection is lost. */
bool source_exchange(struct source *source, const struct wire_request *request, struct error *error) MUST_USE;
uint8_t source_sequence(struct source *source);
void source_request_begin(struct source *source);              /* empties the payload; puts the list of cursors to close in it */
bool source_error(struct source *source, struct error *error); /* the reply's error, if it has one: fills error, answers true */
/* source_lob.c */
bool source_deliver_deferred(struct source *source, const struct wire_cursor *cursor, struct error *error) MUST_USE;
bool source_cursor_has_lobs(const struct wire_cursor *cursor);
/* Describes every LOB column as a LONG, so that values come whole with their rows. */
void source_define_longs(struct source *source, struct wire_cursor *cursor);

#endif
