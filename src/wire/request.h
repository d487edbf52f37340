/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests: one TTC function message with the piggybacks stapled before it (docs/protocol.md sections 8, 9). Decoding
 * yields views into the message; what has to be joined or converted goes to the call's arena. Encoding is the client half,
 * and what the relay uses to turn a re-execution into a full parse-and-execute.
 */
#ifndef WIRE_REQUEST_H
#define WIRE_REQUEST_H

#include "base/value.h"
#include "wire/cursor.h"
#include "wire/packet.h"

enum wire_function {
    WIRE_FN_REEXECUTE = 4,
    WIRE_FN_FETCH = 5,
    WIRE_FN_LOGOFF = 9,
    WIRE_FN_COMMIT = 14,
    WIRE_FN_ROLLBACK = 15,
    WIRE_FN_VERSION = 59,
    WIRE_FN_REEXECUTE_FETCH = 78,
    WIRE_FN_EXECUTE = 94,
    WIRE_FN_LOB = 96,
    WIRE_FN_TPC_SWITCH = 103,
    WIRE_FN_TPC_STATE = 104,
    WIRE_FN_CLOSE_CURSORS = 105,
    WIRE_FN_SWITCH_SESSION = 107,
    WIRE_FN_AUTH = 115,
    WIRE_FN_SESSION_KEY = 118,
    WIRE_FN_DESCRIBE = 119,
    WIRE_FN_CANCEL_CURSORS = 120,
    WIRE_FN_END_TO_END = 135,
    WIRE_FN_PING = 147,
    WIRE_FN_SET_SCHEMA = 152,
    WIRE_FN_APP_CONTEXT = 154,
    WIRE_FN_DRCP_GET = 162,
    WIRE_FN_DRCP_RELEASE = 163,
    WIRE_FN_SESSION_STATE = 176,
    WIRE_FN_JDBC_BF = 191,
    WIRE_FN_PIPELINE_BEGIN = 199,
    WIRE_FN_PIPELINE_END = 200,
};
enum wire_execute_option {
    WIRE_OPTION_PARSE = 0x1,
    WIRE_OPTION_BIND = 0x8,
    WIRE_OPTION_DEFINE = 0x10,
    WIRE_OPTION_EXECUTE = 0x20,
    WIRE_OPTION_FETCH = 0x40,
    WIRE_OPTION_CANCEL = 0x80,
    WIRE_OPTION_COMMIT = 0x100,
    WIRE_OPTION_IO_VECTOR = 0x400,
    WIRE_OPTION_NOT_PLSQL = 0x8000,
    WIRE_OPTION_DESCRIBE = 0x20000,
    WIRE_OPTION_NO_COMPRESSED_FETCH = 0x40000,
    WIRE_OPTION_BATCH_ERRORS = 0x80000,
};

/* One bind as it stands in the message. `raw` is the value's bytes without the CLR framing. */
struct wire_bind {
    bool present; /* false: not in this request (pure OUT or RETURNING bind) */
    bool null;
    struct view raw;        /* TTC bytes; LOB binds: the locator; cursor binds: empty */
    uint32_t element_count; /* index-by tables: count, elements follow in `elements` */
    struct wire_bind *elements;
};

struct wire_execute {
    uint32_t options;   /* enum wire_execute_option */
    uint32_t cursor_id; /* 0: new */
    struct view sql;    /* empty: re-execution */
    uint32_t prefetch_rows, prefetch_bytes, long_max;
    uint32_t execution_count; /* al8i4[1] */
    uint32_t i4[13];
    uint32_t i4_count;
    bool dml_row_counts; /* al8pidmlrc pointer set: counts are wanted in RPA */
    bool has_binds;
    struct wire_oac *binds;
    uint32_t bind_count; /* descriptors in this message */
    bool has_defines;
    struct wire_oac *defines;
    uint32_t define_count;
    bool short_form;        /* functions 4 and 78 */
    bool commit;            /* commits on success (0x100, or options2 & 1) */
    struct wire_bind *rows; /* row_count x cursor->bind_count, row by row */
    uint32_t row_count;     /* `07` rows in the message */
};
enum wire_lob_operation {
    WIRE_LOB_LENGTH = 1,
    WIRE_LOB_READ = 2,
    WIRE_LOB_TRIM = 0x20,
    WIRE_LOB_WRITE = 0x40,
    WIRE_LOB_CREATE_TEMPORARY = 0x110,
    WIRE_LOB_FREE_TEMPORARY = 0x111,
    WIRE_LOB_CHUNK_SIZE = 0x4000,
    WIRE_LOB_OPEN = 0x8000,
    WIRE_LOB_CLOSE = 0x10000,
    WIRE_LOB_IS_OPEN = 0x11000,
    WIRE_LOB_FREE_TEMPORARY_ARRAY = 0x80111,
};
struct wire_lob_request {
    uint32_t operation;
    struct view source, destination; /* locators */
    uint32_t source_length, destination_length;
    uint64_t source_offset, destination_offset; /* 1-based characters or bytes; create: charset form, type */
    bool has_amount;
    uint64_t amount;
    bool has_flag; /* null/boolean pointer: a flag comes back */
    bool has_charset;
    uint32_t charset;
    bool has_data;
    struct view data;
};
/* A branch of a distributed transaction. Switch (103) joins and leaves it, change state (104) ends it. */
enum wire_tpc_switch { WIRE_TPC_START = 1, WIRE_TPC_DETACH = 2, WIRE_TPC_POST_DETACH = 4 };
enum wire_tpc_change { WIRE_TPC_COMMIT = 1, WIRE_TPC_ABORT = 2, WIRE_TPC_PREPARE = 3, WIRE_TPC_FORGET = 4 };
enum wire_tpc_flag { WIRE_TPC_NEW = 1, WIRE_TPC_JOIN = 2, WIRE_TPC_RESUME = 4, WIRE_TPC_PROMOTE = 8, WIRE_TPC_SUSPEND = 0x100000 };
/* What a change of state answers. In a request to commit, READ_ONLY asks for one phase and COMMITTED for the second of two. */
enum wire_tpc_state {
    WIRE_TPC_REQUIRES_COMMIT = 1,
    WIRE_TPC_COMMITTED = 2,
    WIRE_TPC_ABORTED = 3,
    WIRE_TPC_READ_ONLY = 4,
    WIRE_TPC_FORGOTTEN = 5,
};
struct wire_tpc {
    uint32_t operation; /* enum wire_tpc_switch, or enum wire_tpc_change */
    uint32_t timeout;   /* seconds */
    uint32_t flags;     /* enum wire_tpc_flag and others */
    uint32_t state;     /* change state: the one that is asked for */
    uint32_t format, global_size;
    struct view xid;     /* global part and branch part; empty: the session's own branch, or the one of `context` */
    struct view context; /* what the answer to the start said; empty: none */
};
struct wire_piggyback {
    uint8_t function;
    uint32_t *ids;
    uint32_t id_count;                       /* close / cancel cursors */
    struct view text;                        /* schema; e2e: client id; LOBs: locators of those that are freed, one behind the other */
    struct view module, action, client_info; /* e2e */
    uint64_t bits;                           /* session state */
    size_t at, size;                         /* place in the message, so that the relay can cut or rewrite it */
    size_t ids_at;                           /* where `ub4 n` of the id list starts; 0: none */
};
struct wire_request {
    uint8_t function; /* enum wire_function; 0: none (FLUSH_OUT_BINDS continuation and the like) */
    uint8_t sequence;
    uint64_t token;
    struct wire_piggyback *piggybacks;
    uint32_t piggyback_count;
    struct wire_cursor *cursor;          /* the entry used or newly made (pending); NULL: none, or unknown */
    bool unknown_cursor;                 /* a re-execution or fetch of an id that is not in the table */
    bool one_way;                        /* nothing but messages that are not answered: function is 0 */
    bool undecoded;                      /* the answer was UNKNOWN or MALFORMED: only what stood before it is filled in */
    struct view message;                 /* the whole payload */
    size_t function_at;                  /* where the function message starts in it */
    size_t cursor_id_at, cursor_id_size; /* where the function's cursor id stands (ub4) */
    union {
        struct wire_execute execute; /* 94, 4, 78 */
        struct {
            uint32_t cursor_id, rows;
        } fetch;
        struct wire_lob_request lob;
        struct wire_tpc tpc; /* 103, 104 */
    };
};

/*
 * Decodes one whole request. `message` is the payload received so far (DATA packets joined). NEED_MORE: call again with more.
 * UNKNOWN: a function or piggyback that is not decoded, or a re-execution with an unknown cursor: the rest of the message
 * cannot be read; relay it byte-exact. The cursor table is changed only by wire_request_commit, when the call is really sent: a parse
 * adds a pending entry, which ends with the next decode if it is neither committed nor abandoned. What is decoded lives as long as
 * `message` and what is in `arena`.
 */
enum wire_status wire_request_decode(const struct wire_session *session, struct wire_cursor_table *cursors, struct arena *arena,
                                     struct view message, struct wire_request *out, struct error *error);
/*
 * The same for a message that comes in many pieces: `progress` (zeroed before the first piece, kept between the calls, zeroed again for the
 * next message) spares reading the bind rows of a long array execution from the start each time.
 */
struct wire_request_progress {
    size_t rows_at, at;
    uint32_t rows;
};
enum wire_status wire_request_decode_more(const struct wire_session *session, struct wire_cursor_table *cursors, struct arena *arena,
                                          struct view message, struct wire_request_progress *progress, struct wire_request *out,
                                          struct error *error);
/* Takes effect on the table: close lists, new binds and defines. Call it once for each decoded request, before its reply. Call it also for
 * an undecoded one that is relayed: its ids, or all ids if it may have closed or parsed any, become unknown. */
void wire_request_commit(struct wire_cursor_table *cursors, struct wire_request *request);
/* The request is dropped (never sent, or answered with an error before it could): releases a pending cursor. */
void wire_request_abandon(struct wire_cursor_table *cursors, struct wire_request *request);

/* Bind bytes -> value. LOB binds become VALUE_UNSUPPORTED: the engine resolves the locator. Text becomes UTF-8 (charset form 2 is UTF-16BE). */
struct value wire_bind_value(const struct wire_session *session, const struct wire_oac *oac, const struct wire_bind *bind,
                             struct arena *arena);

/* ---- encode (client half) ---- */
struct wire_execute_spec {
    uint32_t options, cursor_id;
    struct view sql;
    uint32_t prefetch_rows;
    uint32_t execution_count;
    const struct wire_oac *binds;
    uint32_t bind_count;
    const struct wire_oac *defines;
    uint32_t define_count;
    const struct wire_bind *rows;
    uint32_t row_count;
    uint32_t return_binds; /* last binds that are RETURNING INTO targets */
    bool plsql, query, dml_row_counts;
};
/* False: a bind has no wire form here (objects), nothing was written. `present` false in a row: written as NULL by the full form, left out by the short ones. */
bool wire_execute_write(const struct wire_session *session, uint8_t sequence, const struct wire_execute_spec *spec, struct buffer *out);
void wire_fetch_write(const struct wire_session *session, uint8_t sequence, uint32_t cursor_id, uint32_t rows, struct buffer *out);
bool wire_reexecute_write(const struct wire_session *session, uint8_t sequence, uint8_t function, const struct wire_execute_spec *spec,
                          struct buffer *out); /* options2: commit from WIRE_OPTION_COMMIT */
void wire_simple_write(const struct wire_session *session, uint8_t sequence, uint8_t function,
                       struct buffer *out); /* commit, rollback, ping, logoff */
void wire_lob_write(const struct wire_session *session, uint8_t sequence, const struct wire_lob_request *lob, struct buffer *out);
void wire_close_cursors_write(const struct wire_session *session, uint8_t sequence, const uint32_t *ids, uint32_t count,
                              struct buffer *out); /* a piggyback: a function follows */

/* Relay with mapped cursor ids: copies the message with each cursor id (function and close lists) replaced through `map`
 * (client id -> source id; 0: drop it from a close list). Everything else stays byte-exact. False: the function's id maps to 0. */
bool wire_request_rewrite_ids(const struct wire_request *request, uint32_t (*map)(void *context, uint32_t id), void *context,
                              struct buffer *out);

/* Server half: how many rows the reply to an execution carries; 0: none, the client fetches them. Asked for by the fetch option, or, where the cursor has no LOB, by
 * executing with prefetch rows (JDBC and go-ora never set the option on a first execution). Prefetch never covers LOBs, as OCI's manual says: python-oracledb
 * leaves the option out when it executes a cursor with LOBs again, and fetches then. With a LOB and no defines there are none.
 * The cursor's columns are to be set. */
uint32_t wire_rows_wanted(const struct wire_request *request, const struct wire_cursor *cursor);

#endif
