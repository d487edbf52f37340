/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's logical decoding (pgoutput, protocol version 1 with messages) over libpq's replication protocol: the reverse direction's
 * source of truth. Blocking with a time-out, for one background thread.
 */
#ifndef PG_REPLICATION_H
#define PG_REPLICATION_H

#include "pg/connection.h"

struct pg_relation {
    uint32_t id;
    char schema[64], name[64];
    char replica_identity;
    uint32_t column_count;
    struct pg_column *columns;
    bool *key;
};
struct pg_tuple_value {
    char kind; /* n null, u unchanged toast, t text, b binary */
    struct view text;
};
enum pg_change_kind {
    PG_CHANGE_NONE,
    PG_CHANGE_BEGIN,
    PG_CHANGE_COMMIT,
    PG_CHANGE_INSERT,
    PG_CHANGE_UPDATE,
    PG_CHANGE_DELETE,
    PG_CHANGE_TRUNCATE,
    PG_CHANGE_MESSAGE
};
struct pg_change {
    enum pg_change_kind kind;
    /* Of the message (the decoder alone knows it of BEGIN, COMMIT, MESSAGE); COMMIT: end of the transaction: what may be confirmed. */
    uint64_t lsn;
    int64_t commit_us; /* BEGIN, COMMIT: commit time, microseconds since 1970 */
    uint32_t xid;
    const struct pg_relation *relation;   /* INSERT, UPDATE, DELETE; TRUNCATE: the first */
    const struct pg_relation **relations; /* TRUNCATE: all of them */
    uint32_t relation_count;
    bool cascade, restart_identity;    /* TRUNCATE */
    bool old_is_key;                   /* old_values holds the key columns only */
    bool transactional;                /* MESSAGE: part of the transaction between BEGIN and COMMIT */
    struct pg_tuple_value *old_values; /* key columns (or all with FULL) if sent, else NULL */
    struct pg_tuple_value *new_values; /* INSERT, UPDATE */
    struct view prefix, content;       /* MESSAGE */
};
/* Pure decoder of one pgoutput message (fuzzed). Relations are remembered in `decoder`; what `out` points to is valid until the next call.
 * Kind NONE: the message was for the decoder (a relation, a type, an origin). False: malformed, or of a relation that was never described. */
struct pg_output_decoder;
struct pg_output_decoder *pg_output_decoder_new(void);
void pg_output_decoder_free(struct pg_output_decoder *decoder);
bool pg_output_decode(struct pg_output_decoder *decoder, struct view message, struct pg_change *out, struct error *error) MUST_USE;

/* Slot and publication (of all tables) are made if missing (blocking; conninfo of an ordinary connection). *consistent_lsn: from where on the slot has
 * everything; of one that was there: what was confirmed last. */
bool pg_slot_ensure(const char *conninfo, const char *slot, const char *publication, bool *created, uint64_t *consistent_lsn,
                    struct error *error) MUST_USE;
/* The slot if it is there; waits a little for a stream that is just closing. The publication stays. */
bool pg_slot_drop(const char *conninfo, const char *slot, struct error *error) MUST_USE;

struct pg_stream;
/* from_lsn 0: where the slot was confirmed last. */
struct pg_stream *pg_stream_open(const char *conninfo, const char *slot, const char *publication, uint64_t from_lsn,
                                 struct error *error) MUST_USE;
void pg_stream_close(struct pg_stream *stream);
/* Next change; false with *timed_out, or with error. Views valid until the next call. Keepalives are answered inside; while all that
 * was given out is confirmed, they also move the slot on, so that WAL without changes for us is not kept. */
bool pg_stream_next(struct pg_stream *stream, uint32_t timeout_ms, struct pg_change *out, bool *timed_out, struct error *error) MUST_USE;
bool pg_stream_confirm(struct pg_stream *stream, uint64_t lsn,
                       struct error *error) MUST_USE;          /* everything before is safely at the other side */
uint64_t pg_stream_server_lsn(const struct pg_stream *stream); /* last end of WAL the server told */

#endif
