/* SPDX-License-Identifier: Apache-2.0 */
/* Stream: logical decoding over the replication protocol; what is confirmed goes back with the status messages. */
#include "pg/connection_internal.h"
#include "pg/replication.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/reader.h"
#include <inttypes.h>

enum { CONNECT_US = 10 * 1000000, STATUS_US = 5 * 1000000, CONFIRM_US = 100000 };
#define EPOCH_SHIFT_US ((uint64_t)946684800 * 1000000)

struct pg_stream {
    PGconn *handle;
    struct pg_output_decoder *decoder;
    char *copied;        /* the last message, libpq's */
    uint64_t server_lsn; /* end of WAL at the server */
    uint64_t received;   /* of our messages */
    uint64_t given;      /* the last transaction (its end) or message outside one that was given out */
    uint64_t confirmed;
    bool in_transaction;
    bool to_tell;     /* confirmed moved since the last status */
    uint64_t told_us; /* when the last status went */
};

static bool stream_fail(struct pg_stream *stream, const char *what, struct error *error)
{
    return pg_fail(error, ERROR_TARGET_LOST, stream->handle, what);
}

static PGconn *connect_replication(const char *conninfo, struct error *error)
{
    uint64_t until = clock_monotonic_us() + CONNECT_US;
    PGconn *handle = pg_open(conninfo, true, error);
    PostgresPollingStatusType polling = PGRES_POLLING_WRITING;
    while (handle && polling != PGRES_POLLING_OK) {
        int wants = polling == PGRES_POLLING_READING ? PG_WANT_READ : PG_WANT_WRITE;
        uint64_t now = clock_monotonic_us();
        bool ready = now < until && pg_wait_socket(PQsocket(handle), wants, (int64_t)(until - now + 999) / 1000);
        if (ready) polling = PQconnectPoll(handle);
        if (ready && polling != PGRES_POLLING_FAILED) continue;
        if (ready)
            pg_fail(error, ERROR_TARGET_LOST, handle, "cannot connect to the target for replication");
        else
            error_set(error, ERROR_TIMEOUT, "the target did not answer when connecting for replication");
        PQfinish(handle);
        handle = NULL;
    }
    return handle;
}

static bool start_streaming(PGconn *handle, const char *slot, const char *publication, uint64_t from_lsn, struct error *error)
{
    struct buffer text, name;
    buffer_init(&text, 0);
    buffer_init(&name, 0);
    pg_quote_identifier(&name, publication);
    buffer_append_text(&text, "START_REPLICATION SLOT ");
    pg_quote_identifier(&text, slot);
    buffer_printf(&text, " LOGICAL %" PRIX32 "/%" PRIX32 " (proto_version '1', messages 'true', publication_names ",
                  (uint32_t)(from_lsn >> 32), (uint32_t)from_lsn);
    pg_quote_literal(&text, buffer_view(&name));
    buffer_append(&text, ")", 2);
    bool expired;
    PGresult *result = pg_exec_patiently(handle, (const char *)text.data + text.start, CONNECT_US / 1000, &expired);
    bool good = PQresultStatus(result) == PGRES_COPY_BOTH;
    if (expired) {
        error_set(error, ERROR_TIMEOUT, "the target did not begin to stream in time");
    } else if (!good) {
        struct pg_result why;
        pg_result_init(&why, result);
        if (error) *error = why.error;
        error_prefix(error, "logical decoding from slot %s", slot);
    }
    PQclear(result);
    buffer_release(&text);
    buffer_release(&name);
    return good;
}

struct pg_stream *pg_stream_open(const char *conninfo, const char *slot, const char *publication, uint64_t from_lsn, struct error *error)
{
    PGconn *handle = connect_replication(conninfo, error);
    if (!handle) return NULL;
    if (!start_streaming(handle, slot, publication, from_lsn, error)) {
        PQfinish(handle);
        return NULL;
    }
    struct pg_stream *stream = memory_zero(1, sizeof *stream);
    *stream = (struct pg_stream){
        .handle = handle, .decoder = pg_output_decoder_new(), .confirmed = from_lsn, .given = from_lsn, .told_us = clock_monotonic_us()};
    return stream;
}

void pg_stream_close(struct pg_stream *stream)
{
    if (!stream) return;
    PQfreemem(stream->copied);
    PQfinish(stream->handle);
    pg_output_decoder_free(stream->decoder);
    memory_free(stream);
}

static bool tell_status(struct pg_stream *stream, struct error *error)
{
    struct buffer message;
    buffer_init(&message, 0);
    buffer_u8(&message, 'r');
    buffer_u64(&message, stream->received);
    buffer_u64(&message, stream->confirmed);
    buffer_u64(&message, stream->confirmed);
    buffer_u64(&message, clock_wall_us() - EPOCH_SHIFT_US);
    buffer_u8(&message, 0);
    bool good = PQputCopyData(stream->handle, (const char *)message.data + message.start, (int)buffer_size(&message)) == 1 &&
                PQflush(stream->handle) == 0;
    buffer_release(&message);
    stream->told_us = clock_monotonic_us();
    stream->to_tell = false;
    return good || stream_fail(stream, "logical decoding", error);
}

bool pg_stream_confirm(struct pg_stream *stream, uint64_t lsn, struct error *error)
{
    if (lsn > stream->confirmed) {
        stream->confirmed = lsn;
        stream->to_tell = true;
    }
    if (!stream->to_tell || clock_monotonic_us() - stream->told_us < CONFIRM_US) return true;
    return tell_status(stream, error);
}

uint64_t pg_stream_server_lsn(const struct pg_stream *stream)
{
    return stream->server_lsn;
}

static void note_server(struct pg_stream *stream, uint64_t lsn)
{
    if (lsn > stream->server_lsn) stream->server_lsn = lsn;
}

/* All up to `end` was sent to us or is nothing for us. */
static bool keepalive(struct pg_stream *stream, struct reader *in, struct error *error)
{
    uint64_t end = reader_u64(in);
    reader_skip(in, 8);
    bool asked = reader_u8(in);
    if (!reader_ok(in)) return error_set(error, ERROR_PROTOCOL, "logical decoding: a malformed keepalive");
    note_server(stream, end);
    if (end > stream->received) stream->received = end;
    if (!stream->in_transaction && stream->given <= stream->confirmed && end > stream->confirmed) {
        stream->confirmed = end;
        stream->to_tell = true;
    }
    return !asked || tell_status(stream, error);
}

static void note_change(struct pg_stream *stream, const struct pg_change *change)
{
    if (change->kind == PG_CHANGE_BEGIN) stream->in_transaction = true;
    if (change->kind == PG_CHANGE_COMMIT) stream->in_transaction = false;
    bool ends = change->kind == PG_CHANGE_COMMIT || (change->kind == PG_CHANGE_MESSAGE && !change->transactional);
    if (ends && change->lsn > stream->given) stream->given = change->lsn;
}

static bool wal_data(struct pg_stream *stream, struct reader *in, struct pg_change *out, struct error *error)
{
    uint64_t start = reader_u64(in), end = reader_u64(in);
    reader_skip(in, 8);
    if (!reader_ok(in)) return error_set(error, ERROR_PROTOCOL, "logical decoding: a malformed message");
    note_server(stream, end);
    if (start > stream->received) stream->received = start;
    if (!pg_output_decode(stream->decoder, reader_bytes(in, reader_left(in)), out, error)) return false;
    if (out->lsn == 0) out->lsn = start;
    note_change(stream, out);
    return true;
}

/* One message that has come. *got: there was one. */
static bool take_message(struct pg_stream *stream, struct pg_change *out, bool *got, struct error *error)
{
    PQfreemem(stream->copied);
    stream->copied = NULL;
    int size = PQgetCopyData(stream->handle, &stream->copied, 1);
    *got = size > 0;
    if (size == 0) return true;
    if (size < 0) {
        PGresult *result = size == -1 ? PQgetResult(stream->handle) : NULL;
        struct pg_result why = {0};
        if (result) pg_result_init(&why, result);
        PQclear(result);
        if (why.error.text[0]) return error_set(error, ERROR_TARGET_LOST, "logical decoding ended: %s", why.error.text);
        return stream_fail(stream, "logical decoding ended", error);
    }
    struct reader in = reader_of(view_of(stream->copied, (size_t)size));
    uint8_t kind = reader_u8(&in);
    *out = (struct pg_change){0};
    if (kind == 'w') return wal_data(stream, &in, out, error);
    if (kind == 'k') return keepalive(stream, &in, error);
    return error_set(error, ERROR_PROTOCOL, "logical decoding: a message of unknown kind 0x%02x", kind);
}

bool pg_stream_next(struct pg_stream *stream, uint32_t timeout_ms, struct pg_change *out, bool *timed_out, struct error *error)
{
    uint64_t until = clock_monotonic_us() + (uint64_t)timeout_ms * 1000;
    *timed_out = false;
    for (;;) {
        bool got;
        if (!take_message(stream, out, &got, error)) return false;
        if (got && out->kind != PG_CHANGE_NONE) return true;
        uint64_t now = clock_monotonic_us(), since = now - stream->told_us;
        if ((since >= STATUS_US || (stream->to_tell && since >= CONFIRM_US)) && !tell_status(stream, error)) return false;
        if (got) continue;
        if (now >= until) {
            *timed_out = true;
            return false;
        }
        uint64_t wait = until - now, status = stream->to_tell ? CONFIRM_US : STATUS_US;
        if (wait > status) wait = status;
        if (pg_wait_socket(PQsocket(stream->handle), PG_WANT_READ, (int64_t)(wait + 999) / 1000) && !PQconsumeInput(stream->handle))
            return stream_fail(stream, "logical decoding", error);
    }
}
