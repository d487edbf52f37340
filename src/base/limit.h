/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: the one table of what is bounded, by how much, why, and what happens when it is reached. Code uses the constants
 * (LIMIT_PACKET_BYTES); docs/limits.md and `understudy limits` print the rows. What an operator may move is an option (docs/configuration.md).
 */
#ifndef BASE_LIMIT_H
#define BASE_LIMIT_H

#include "base/buffer.h"

/* LIMIT(name, value, unit, reason, what happens when it is reached) */
#define LIMIT_TABLE(LIMIT)                                                                                                                 \
    LIMIT(PACKET_BYTES, 2097152, "bytes", "one TNS packet; drivers negotiate an SDU of 8K to 2M", "the connection is closed")              \
    LIMIT(CALL_BYTES, 268435456, "bytes", "one request with all its packets: array DML with large binds",                                  \
          "the call is relayed undecoded and its tables become unverified")                                                                \
    LIMIT(VALUE_BYTES, 134217728, "bytes", "one bind, column value or piece of a LOB",                                                     \
          "the call is treated as one that cannot be decoded")                                                                             \
    LIMIT(BINDS, 65535, "binds", "binds of one statement; Oracle allows 65535", "the call is treated as one that cannot be decoded")       \
    LIMIT(COLUMNS, 4096, "columns", "columns of one result; Oracle allows 1000, 4096 from 23ai on",                                        \
          "the call is treated as one that cannot be decoded")                                                                             \
    LIMIT(CURSORS, 65535, "cursors", "open cursors of one session; Oracle's open_cursors allows 65535",                                    \
          "further statements of the session are not tracked: a gap")                                                                      \
    LIMIT(ARRAY_ROWS, 4194304, "rows", "iterations of one array DML", "the call is treated as one that cannot be decoded")                 \
    LIMIT(REPEATED_BINDS, 4096, "binds", "binds of a statement that repeats some of them: names are compared each with each",              \
          "the call is treated as one that cannot be decoded")                                                                             \
    LIMIT(TARGET_CANCELS, 1024, "requests", "cancel requests of one worker that wait to be sent to the target",                            \
          "further ones are dropped with a warning: their statements run to their end")                                                    \
    LIMIT(STATEMENT_BYTES, 1048576, "bytes", "the text of one statement that is translated", "the statement is opaque: a gap on writes")   \
    LIMIT(STATEMENT_DEPTH, 200, "levels", "nesting of one statement; bounds the parser's stack",                                           \
          "the statement is opaque: a gap on writes")                                                                                      \
    LIMIT(STATEMENTS, 100000, "statements", "statements with statistics and plans of their own; applications with literals make more",     \
          "the least used ones are forgotten")                                                                                             \
    LIMIT(SESSIONS, 20000, "sessions", "client connections of one process; each takes about 100K",                                         \
          "new connections are refused with ORA-12520")                                                                                    \
    LIMIT(LOGIN_BYTES, 1048576, "bytes", "what a client may send before its log-in is over; drivers send 3K to 10K, tokens some more",     \
          "the connection is closed")                                                                                                      \
    LIMIT(IDLE_US, 31536000000000, "us",                                                                                                   \
          "longest silence between two calls that listen.idle_timeout may allow; by default there is no limit: the source's profiles "     \
          "decide",                                                                                                                        \
          "the connection is closed")                                                                                                      \
    LIMIT(SESSION_LOB_BYTES, 33554432, "bytes", "LOBs of one session that PostgreSQL answers for, kept to be read by their locators",      \
          "the oldest that are not temporary go; reading one answers ORA-22922")                                                           \
    LIMIT(SESSION_SOURCE_LOB_BYTES, 67108864, "bytes",                                                                                     \
          "temporary LOBs that one session has made on the source and not freed, followed so that a bind of one can be mirrored",          \
          "the oldest but the one being written are forgotten: a statement that binds one of those is a gap")                              \
    LIMIT(SESSION_INPUT_BYTES, 4194304, "bytes", "received and not yet relayed, each side of a session", "reading from that side pauses")  \
    LIMIT(SESSION_OUTPUT_HIGH_BYTES, 262144, "bytes", "queued for one peer before the other side pauses",                                  \
          "reading from the other side pauses")                                                                                            \
    LIMIT(SESSION_OUTPUT_LOW_BYTES, 65536, "bytes", "queued for one peer when the other side goes on",                                     \
          "reading from the other side goes on")                                                                                           \
    LIMIT(SESSION_OUTPUT_BYTES, 301989888, "bytes", "queued for one peer, whatever happens; a call of the largest size and some packets",  \
          "the connection is closed")                                                                                                      \
    LIMIT(SHADOW_QUEUE_BYTES, 134217728, "bytes",                                                                                          \
          "reads with their results that wait to be compared, beside reads.shadow_queue: one may hold reads.capture_max",                  \
          "further reads are not compared (shadow_skipped)")                                                                               \
    LIMIT(MIRROR_PENDING_TRANSACTIONS, 4096, "transactions",                                                                               \
          "read from the journal ahead of what the secondary has, beside two batches: what waits longer waits on the disk",                \
          "reading waits for applying")                                                                                                    \
    LIMIT(MIRROR_PENDING_BYTES, 268435456, "bytes", "memory of the transactions that were read ahead",                                     \
          "statements are not kept, and are read from the journal again when they are applied")                                            \
    LIMIT(MIRROR_BATCH_STATEMENTS, 5000, "statements", "of one transaction of the mirror on the secondary", "the batch ends")              \
    LIMIT(MIRROR_BATCH_BYTES, 67108864, "bytes", "statements of one transaction of the mirror on the secondary", "the batch ends")         \
    LIMIT(LATE_LOOKS, 10000, "rows", "rows of commits in doubt that are looked at again for some minutes",                                 \
          "the table is in a gap: verify")                                                                                                 \
    LIMIT(REFUSED_ROWS, 1000, "rows", "divergences of one transaction that the source refuses while it is brought there from the target",  \
          "the rest is kept with the transaction, and done with it, but not shown")                                                        \
    LIMIT(REPAIR_REFUSED, 10000, "transactions", "refused transactions that one repair does again", "the next repair takes more")          \
    LIMIT(FEED_BATCH_ROWS, 2000, "rows", "rows of one key feed's log read and reconciled at once", "the rest is read by the next pass")    \
    LIMIT(FEED_PULL_KEYS, 5000, "rows", "rows of one key feed's log that the mirror takes into a batch for a statement's side effects",    \
          "the batch waits until the feed's reader has taken them")                                                                        \
    LIMIT(LOGIN_US, 60000000, "us", "from accept to the end of the login", "the connection is closed")                                     \
    LIMIT(CONNECT_US, 10000000, "us", "connecting to the source or the target",                                                            \
          "the connection counts as failed and is tried again with back-off")                                                              \
    LIMIT(HTTP_BODY_BYTES, 1048576, "bytes", "body of one request to the admin interface", "413 is answered")                              \
    LIMIT(HTTP_CONNECTIONS, 64, "connections", "connections to the admin interface", "further connections are closed")                     \
    LIMIT(WEBHOOK_QUEUE, 256, "events", "alerts waiting to be sent", "the oldest is dropped and counted")

#define LIMIT_CONSTANT(name, value, unit, reason, reached) LIMIT_##name = value,
enum { LIMIT_TABLE(LIMIT_CONSTANT) };
#undef LIMIT_CONSTANT

struct limit_row {
    const char *name; /* without LIMIT_ */
    uint64_t value;
    const char *unit, *reason, *reached;
};
size_t limit_count(void);
const struct limit_row *limit_at(size_t index);
void limit_print_markdown(struct buffer *out);

#endif
