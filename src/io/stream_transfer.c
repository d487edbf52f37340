/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes in and out of a stream. Writes are collected and sent at the end of the turn in one system call; a read asks for more the
 * next time when the system filled what was asked for, so that bulk data comes in large pieces and idle sessions stay small.
 */
#include "base/limit.h"
#include "io/stream_private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum {
    READ_LEAST = 8 * 1024,
    READ_MOST = 256 * 1024,
    READ_TURN_MAX = 1024 * 1024, /* then the other streams of the loop get their turn */
    SMALL_READS = 64,            /* so many in a row, and a large buffer is given back */
    DIRECT_LEAST = 16 * 1024,    /* written at once instead of copied */
    CIPHER_MOST = 256 * 1024,
    OUTPUT_KEPT_MAX = 1024 * 1024,
    LINGER_QUIET_MS = 500
};

static void fail_network(struct stream *stream, const char *doing, int reason)
{
    struct error error = {0};
    error_set(&error, ERROR_NETWORK, "connection with %s: %s: %s", stream->peer, doing, strerror(reason));
    error.native = reason;
    stream_fail(stream, &error);
}

static void end_of_file(struct stream *stream)
{
    const struct error none = {0};
    struct error error = {0};
    if (stream->state == STREAM_HANDSHAKING)
        error_set(&error, ERROR_TLS, "TLS handshake with %s: the peer closed the connection; does it speak TLS on this port?",
                  stream->peer);
    stream_fail(stream, stream->state == STREAM_HANDSHAKING ? &error : &none);
}

/* ---- receiving ---- */

static void adapt_read_size(struct stream *stream, size_t got)
{
    if (got == stream->read_size) {
        stream->small_reads = 0;
        if (stream->read_size < READ_MOST) stream->read_size *= 2;
        return;
    }
    if (got >= stream->read_size / 4 || stream->read_size == READ_LEAST) return;
    if (++stream->small_reads < SMALL_READS) return;
    stream->small_reads = 0;
    stream->read_size = READ_LEAST;
}

/* True: bytes came. *more: there may be others. */
static bool receive_plain(struct stream *stream, bool *more)
{
    size_t room = stream->input_max - buffer_size(&stream->input);
    size_t wanted = room < stream->read_size ? room : stream->read_size;
    *more = false;
    if (wanted == 0) return false;
    if (stream->read_size == READ_LEAST && stream->input.capacity > READ_MOST && buffer_size(&stream->input) == 0)
        buffer_release(&stream->input);
    ssize_t size = recv(stream->descriptor, buffer_reserve(&stream->input, wanted), wanted, 0);
    if (size > 0) {
        buffer_commit(&stream->input, (size_t)size);
        *more = (size_t)size == wanted;
        if (wanted == stream->read_size) adapt_read_size(stream, (size_t)size);
        return true;
    }
    if (size == 0)
        end_of_file(stream);
    else if (errno == EINTR)
        *more = true;
    else if (errno != EAGAIN)
        fail_network(stream, "read", errno);
    return false;
}

/* One piece of ciphertext from the socket into the TLS session. */
static bool receive_cipher(struct stream *stream, bool *more)
{
    ssize_t size = recv(stream->descriptor, stream->loop->scratch, LOOP_SCRATCH_SIZE, 0);
    *more = false;
    if (size > 0) {
        tls_put_cipher(stream->tls, view_of(stream->loop->scratch, (size_t)size));
        *more = size == LOOP_SCRATCH_SIZE;
        return true;
    }
    if (size == 0)
        end_of_file(stream);
    else if (errno == EINTR)
        *more = true;
    else if (errno != EAGAIN)
        fail_network(stream, "read", errno);
    return false;
}

static bool stream_send(struct stream *stream, struct buffer *from);

static void send_cipher(struct stream *stream)
{
    tls_take_cipher(stream->tls, &stream->cipher);
    if (buffer_size(&stream->cipher) > 0) (void)stream_send(stream, &stream->cipher);
}

static void handshake(struct stream *stream)
{
    struct error error = {0};
    enum tls_result result = tls_handshake(stream->tls, &error);
    send_cipher(stream); /* also the alert that tells the peer why it failed */
    if (stream->state != STREAM_HANDSHAKING) return;
    if (result == TLS_WANT) return;
    if (result != TLS_DONE) {
        if (result == TLS_CLOSED) error_set(&error, ERROR_TLS, "the peer ended it");
        error_prefix(&error, "connection with %s", stream->peer);
        stream_fail(stream, &error);
        return;
    }
    stream->state = STREAM_OPEN;
    stream->opened_scheduled = true;
    stream->read_scheduled = true; /* data may have come with the last message of the handshake */
    stream_set_timer(stream, 0);
    stream_schedule(stream);
}

/* What the TLS session holds, as far as there is room. True: bytes came. */
static bool decrypt(struct stream *stream)
{
    struct error error = {0};
    size_t before = buffer_size(&stream->input);
    if (before >= stream->input_max) return false;
    enum tls_result result = tls_read(stream->tls, &stream->input, stream->input_max - before, &error);
    send_cipher(stream);
    if (result == TLS_CLOSED) end_of_file(stream);
    if (result == TLS_FAILED) {
        error_prefix(&error, "connection with %s", stream->peer);
        stream_fail(stream, &error);
    }
    return buffer_size(&stream->input) > before;
}

static bool receive_tls(struct stream *stream, bool *more)
{
    bool came = false;
    *more = false;
    if (stream->state == STREAM_OPEN) came = decrypt(stream); /* what an earlier turn had no room for */
    if (stream->state > STREAM_OPEN || (stream->state == STREAM_OPEN && buffer_size(&stream->input) >= stream->input_max)) return came;
    if (stream->state == STREAM_HANDSHAKING) handshake(stream);
    if (stream->state > STREAM_OPEN || !receive_cipher(stream, more)) return came;
    if (stream->state == STREAM_HANDSHAKING)
        handshake(stream);
    else if (stream->state == STREAM_OPEN)
        came = decrypt(stream) || came;
    return came;
}

/* Also when the stream has failed meanwhile: the owner sees what came before the end, which is told at the turn's end. */
static void stream_tell_input(struct stream *stream)
{
    bool in_order = stream->state == STREAM_OPEN || stream->state == STREAM_FINISHED;
    if (!stream->input_untold || stream->opened_scheduled || !in_order) return;
    stream->input_untold = false;
    if (stream->events.readable) stream->events.readable(stream->context);
}

void stream_receive(struct stream *stream)
{
    size_t before = buffer_size(&stream->input);
    bool more = true, came = false;
    if (stream->paused && stream->state == STREAM_OPEN) return;
    while (more && stream->state <= STREAM_OPEN && buffer_size(&stream->input) - before < READ_TURN_MAX)
        came = (stream->tls ? receive_tls(stream, &more) : receive_plain(stream, &more)) || came;
    if (came) stream->input_untold = true;
    stream_tell_input(stream);
    if (stream->state <= STREAM_OPEN) stream_poll(stream);
}

/* ---- sending ---- */

static bool stream_send(struct stream *stream, struct buffer *from)
{
    while (buffer_size(from) > 0) {
        struct view bytes = buffer_view(from);
        ssize_t size = send(stream->descriptor, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EAGAIN) return true;
        if (size < 0) {
            fail_network(stream, "write", errno);
            return false;
        }
        buffer_consume(from, (size_t)size);
        if ((size_t)size < bytes.size) return true; /* full; the next try would only say so */
    }
    return true;
}

static bool encrypt(struct stream *stream)
{
    struct error error = {0};
    struct view plain = buffer_view(&stream->output);
    if (plain.size > CIPHER_MOST) plain.size = CIPHER_MOST;
    enum tls_result result = tls_write(stream->tls, plain, &error);
    tls_take_cipher(stream->tls, &stream->cipher);
    if (result == TLS_DONE) {
        buffer_consume(&stream->output, plain.size);
        return true;
    }
    error_prefix(&error, "connection with %s", stream->peer);
    stream_fail(stream, &error);
    return false;
}

static bool send_encrypted(struct stream *stream)
{
    do {
        if (buffer_size(&stream->output) > 0 && buffer_size(&stream->cipher) < CIPHER_MOST && !encrypt(stream)) return false;
        tls_take_cipher(stream->tls, &stream->cipher); /* the end's alert comes without plain text */
        if (!stream_send(stream, &stream->cipher)) return false;
    } while (buffer_size(&stream->output) > 0 && buffer_size(&stream->cipher) == 0);
    return true;
}

static void trim(struct buffer *buffer)
{
    if (buffer->capacity > OUTPUT_KEPT_MAX && buffer_size(buffer) == 0) buffer_release(buffer);
}

static void sent(struct stream *stream)
{
    size_t pending = stream_pending(stream);
    trim(&stream->output);
    trim(&stream->cipher);
    if (stream->state == STREAM_LINGERING && pending == 0) {
        stream_set_timer(stream, LINGER_QUIET_MS); /* the peer has got all; it may answer with its own end */
        (void)shutdown(stream->descriptor, SHUT_WR);
    }
    stream_poll(stream);
    if (!stream->above_high || pending > LIMIT_SESSION_OUTPUT_LOW_BYTES) return;
    stream->above_high = false;
    if (stream->state == STREAM_OPEN && stream->events.drained) stream->events.drained(stream->context);
}

void stream_flush(struct stream *stream)
{
    if (stream->descriptor < 0) return;
    if (stream->state == STREAM_HANDSHAKING) {
        if (stream_send(stream, &stream->cipher)) stream_poll(stream);
        return;
    }
    if (stream->state != STREAM_OPEN && stream->state != STREAM_LINGERING) return;
    if (stream->tls ? send_encrypted(stream) : stream_send(stream, &stream->output)) sent(stream);
}

/* Writes a large piece without copying it, if nothing waits before it; answers what was taken. What is wrong shows at the turn's end. */
static size_t write_directly(struct stream *stream, struct view bytes)
{
    if (bytes.size < DIRECT_LEAST || stream->tls || stream->state != STREAM_OPEN || buffer_size(&stream->output) > 0) return 0;
    ssize_t size = send(stream->descriptor, bytes.data, bytes.size, MSG_NOSIGNAL);
    return size > 0 ? (size_t)size : 0;
}

void stream_write(struct stream *stream, struct view bytes)
{
    if (stream->state > STREAM_OPEN || bytes.size == 0) return;
    size_t taken = write_directly(stream, bytes);
    if (taken == bytes.size) return;
    buffer_append(&stream->output, bytes.data + taken, bytes.size - taken);
    if (stream->output.failed) {
        struct error error = {0};
        error_set(&error, ERROR_LIMIT,
                  "connection with %s: more than %d bytes wait to be sent (session_output_bytes); the peer does not read", stream->peer,
                  (int)LIMIT_SESSION_OUTPUT_BYTES);
        stream_fail(stream, &error);
        return;
    }
    if (stream_pending(stream) > LIMIT_SESSION_OUTPUT_HIGH_BYTES) stream->above_high = true;
    stream_schedule(stream);
}

/* ---- the turn's end ---- */

static void at_turn_end(void *context)
{
    struct stream *stream = context;
    stream->turn_scheduled = false;
    if (stream->opened_scheduled && (stream->state == STREAM_OPEN || stream->state == STREAM_FINISHED)) {
        stream->opened_scheduled = false;
        if (stream->events.opened) stream->events.opened(stream->context);
        stream_tell_input(stream);
    }
    if (stream->state == STREAM_OPEN) stream_flush(stream);
    if (stream->read_scheduled && stream->state <= STREAM_OPEN && stream->descriptor >= 0) {
        stream->read_scheduled = false;
        stream_receive(stream);
    }
    if (stream->failure_scheduled && stream->state == STREAM_FINISHED) {
        stream->failure_scheduled = false;
        if (stream->events.closed) stream->events.closed(stream->context, &stream->failure);
    }
    stream_unhold(stream);
}

void stream_schedule(struct stream *stream)
{
    if (stream->turn_scheduled) return;
    stream->turn_scheduled = true;
    stream->holds++;
    loop_at_turn_end(stream->loop, at_turn_end, stream);
}
