/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to PostgreSQL, over libpq (the only folder that includes it). Two ways to use it:
 *  - asynchronous, on a worker's loop: pg_start / pg_send_* never block; the owner watches pg_socket for pg_wants and calls pg_ready;
 *    results come through callbacks in the order of the sends (libpq pipeline mode underneath);
 *  - blocking, in background threads: pg_run_*.
 * One thread at a time.
 */
#ifndef PG_CONNECTION_H
#define PG_CONNECTION_H

#include "base/error.h"
#include "base/value.h"

/* One parameter: text or binary form. */
struct pg_parameter {
    struct view text;
    bool null;
    bool binary;
    uint32_t type; /* oid, 0: inferred */
};
enum {
    PG_OID_BOOL = 16,
    PG_OID_BYTEA = 17,
    PG_OID_INT8 = 20,
    PG_OID_INT2 = 21,
    PG_OID_INT4 = 23,
    PG_OID_TEXT = 25,
    PG_OID_FLOAT4 = 700,
    PG_OID_FLOAT8 = 701,
    PG_OID_BPCHAR = 1042,
    PG_OID_VARCHAR = 1043,
    PG_OID_DATE = 1082,
    PG_OID_TIMESTAMP = 1114,
    PG_OID_TIMESTAMPTZ = 1184,
    PG_OID_INTERVAL = 1186,
    PG_OID_NUMERIC = 1700,
    PG_OID_UUID = 2950,
    PG_OID_JSON = 114,
    PG_OID_JSONB = 3802
};

struct pg_column {
    const char *name;
    uint32_t type;
    int32_t modifier;
};
struct pg_result { /* valid during the callback / until pg_result_free */
    bool ok;
    struct error error;      /* ERROR_TARGET with sqlstate, ERROR_TARGET_LOST */
    char constraint[129];    /* of the error, if any */
    uint32_t error_position; /* 1-based character, 0: none */
    uint64_t affected;       /* rows inserted, updated, deleted or selected */
    uint32_t rows, columns;
    void *handle; /* PGresult */
};
struct pg_column pg_result_column(const struct pg_result *result, uint32_t column);
bool pg_result_null(const struct pg_result *result, uint32_t row, uint32_t column);
struct view pg_result_text(const struct pg_result *result, uint32_t row, uint32_t column); /* the value's text form */
void pg_result_free(struct pg_result *result);                                             /* only of pg_run_* */
/* Takes the rows out of a callback's result, so that they outlive it: the caller frees them with pg_result_free. */
void pg_result_take(struct pg_result *from, struct pg_result *to);

struct pg;
enum pg_state { PG_CLOSED, PG_CONNECTING, PG_READY, PG_LOST };
typedef void pg_on_state(void *context, struct pg *pg, enum pg_state state, const struct error *error);
typedef void pg_on_result(void *context, struct pg_result *result);

/* ---- asynchronous ---- */
struct pg *pg_start(const char *conninfo, pg_on_state *on_state, void *context, struct error *error) MUST_USE;
void pg_close(struct pg *pg);       /* frees; callbacks of what was sent run with ERROR_CANCELLED */
int pg_socket(const struct pg *pg); /* changes while connecting: ask again after each pg_ready */
enum { PG_WANT_READ = 1, PG_WANT_WRITE = 2 };
int pg_wants(const struct pg *pg);
void pg_ready(struct pg *pg, int what); /* the socket is readable/writable: runs callbacks */
enum pg_state pg_state(const struct pg *pg);
/* Statement by name, parsed once a connection: `name` must be unique for the text (e.g. from plan fingerprint+generation+types). Each send is
 * queued in the pipeline; pg_sync ends a group: an error skips the rest of its group (those get ERROR_CANCELLED and the error's sqlstate), and undoes
 * all of it unless it was inside BEGIN. A group without BEGIN is one transaction. What is sent is copied. `done` may be NULL, may send more, and may
 * close the connection. When the connection is not ready, `done` runs at once with ERROR_TARGET_LOST. How much is sent before results are
 * awaited is the caller's to bound (pg_in_flight). The least used statements are deallocated beyond PG_STATEMENTS_MAX; never run
 * DISCARD ALL or DEALLOCATE ALL on a connection that has some. */
enum { PG_STATEMENTS_MAX = 2000 };
void pg_send_prepared(struct pg *pg, const char *name, const char *text, const struct pg_parameter *parameters, uint32_t count,
                      pg_on_result *done, void *context);
void pg_send_text(struct pg *pg, const char *text, pg_on_result *done, void *context); /* one statement, no parameters */
void pg_sync(struct pg *pg);
void pg_flush(struct pg *pg);               /* hands what was sent to the server without ending the group: it begins to work on it */
uint32_t pg_in_flight(const struct pg *pg); /* results not yet delivered */
bool pg_cancel(struct pg *pg, struct error *error); /* cancel request; blocks for one round trip at most: from background threads only */
const void *pg_running(const struct pg *pg);        /* context of the oldest statement without an answer: the one at work; NULL: none */
/* The same for another thread: a request of its own, usable while the connection is used or after it was closed. When it has been sent, the server has
 * told the connection's process; what that process runs by then, if anything, ends with SQLSTATE 57014. */
struct pg_cancel;
struct pg_cancel *pg_cancel_new(struct pg *pg);                     /* NULL: there is no connection */
bool pg_cancel_send(struct pg_cancel *cancel, struct error *error); /* blocks for one round trip; frees it */
void pg_cancel_free(struct pg_cancel *cancel);                      /* without sending it */

/* ---- blocking ---- */
struct pg *pg_connect(const char *conninfo, uint32_t timeout_ms, struct error *error) MUST_USE;
bool pg_run(struct pg *pg, const char *text, struct pg_result *result,
            struct error *error) MUST_USE; /* one or more statements; the last result. result may be NULL */
bool pg_run_prepared(struct pg *pg, const char *name, const char *text, const struct pg_parameter *parameters, uint32_t count,
                     struct pg_result *result, struct error *error) MUST_USE;
bool pg_run_wait(struct pg *pg, uint32_t timeout_ms, struct error *error) MUST_USE; /* pipelined sends: waits until nothing is in flight */
/* The same for several connections at once: their servers work side by side. False with the first error; the others are waited for all the same. */
enum { PG_WAIT_MAX = 32 };
bool pg_run_wait_all(struct pg *const *list, uint32_t count /* at most PG_WAIT_MAX */, uint32_t timeout_ms, struct error *error) MUST_USE;
/* A blocking call first waits for what was sent before. It waits for an answer as long as the connection's patience lasts; then the connection is lost
 * (ERROR_TIMEOUT): a server that is frozen, or cut off by a network that swallows packets, keeps its connections and says nothing. */
enum { PG_PATIENCE_MS = 60000 };                          /* of a connection made by pg_connect */
void pg_set_patience(struct pg *pg, uint32_t timeout_ms); /* 0: none */
/* Nothing is expected from it any more: all that is outstanding fails with ERROR_TARGET_LOST, the state becomes PG_LOST. Not within a callback. */
void pg_abandon(struct pg *pg, const char *why);
/* COPY table(columns) FROM STDIN (binary off: text form). Rows are in COPY text format; pg_copy_value escapes. */
bool pg_copy_start(struct pg *pg, const char *copy_statement, struct error *error) MUST_USE;
bool pg_copy_data(struct pg *pg, struct view rows, struct error *error) MUST_USE;
bool pg_copy_end(struct pg *pg, const char *abort_reason /* NULL: good */, uint64_t *rows, struct error *error) MUST_USE;
void pg_copy_value(struct buffer *out, const struct value *value,
                   bool last); /* the field with tab or newline; a value that cannot be said sets out->failed */

/* ---- values ---- */
/* The parameter for a value: text form, type 0 (PostgreSQL infers); VALUE_BYTES: binary form, type bytea. Bytes live in arena or are the value's own.
 * False: cannot be said (U+0000 in text, an unsupported value). */
bool pg_value_to_parameter(const struct value *value, struct arena *arena, struct pg_parameter *out, struct error *error) MUST_USE;
/* Text form of a column of that type -> value in normal form. numeric/int -> NUMBER, text/varchar/bpchar -> TEXT, bytea -> BYTES, timestamp(tz)/date -> DATETIME, interval -> INTERVAL_YM
 * if it has months only, INTERVAL_DS if it has none, .. What has no counterpart (numeric NaN, infinite dates, intervals of months and days) is VALUE_UNSUPPORTED;
 * types not listed above are TEXT. */
struct value pg_value_from_text(uint32_t type, struct view text, bool null, struct arena *arena);
void pg_quote_identifier(struct buffer *out, const char *name);
void pg_quote_literal(struct buffer *out, struct view text);

#endif
