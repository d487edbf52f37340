/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a stream: its states, its handles, and when its events are told. */
#include "io/stream.h"

#include "base/limit.h"
#include "base/memory.h"
#include "io/stream_private.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_FIRST = 8 * 1024, HANDSHAKE_MS = LIMIT_CONNECT_US / 1000, LINGER_MS = 5000 };

/* ---- handles ---- */

static void stream_release(struct stream *stream)
{
    buffer_release(&stream->input);
    buffer_release(&stream->output);
    buffer_release(&stream->cipher);
    tls_session_free(stream->tls);
    memory_free(stream->host);
    memory_free(stream);
}

void stream_unhold(struct stream *stream)
{
    CHECK(stream->holds > 0);
    if (--stream->holds == 0 && stream->state == STREAM_GONE) stream_release(stream);
}

static void on_handle_closed(uv_handle_t *handle)
{
    stream_unhold(handle->data);
}

static void dispose(struct loop_object *object)
{
    struct stream *stream = (struct stream *)object;
    if (stream->state == STREAM_GONE) return;
    loop_remove(object);
    stream->state = STREAM_GONE;
    stream_connect_release(stream);
    stream_drop_descriptor(stream);
    uv_close((uv_handle_t *)&stream->timer, on_handle_closed);
}

static void on_timer(uv_timer_t *timer)
{
    struct stream *stream = timer->data;
    struct error error = {0};
    switch (stream->state) {
    case STREAM_CONNECTING: stream_connect_timeout(stream); return;
    case STREAM_HANDSHAKING:
        error_set(&error, ERROR_TIMEOUT, "TLS handshake with %s: not finished within %d ms; does the peer speak TLS on this port?",
                  stream->peer, HANDSHAKE_MS);
        stream_fail(stream, &error);
        return;
    case STREAM_LINGERING: dispose(&stream->object); return;
    default: return;
    }
}

struct stream *stream_new(struct loop *loop, size_t input_max)
{
    struct stream *stream = memory_zero(1, sizeof *stream);
    stream->loop = loop;
    stream->descriptor = -1;
    stream->read_size = READ_FIRST;
    stream->input_max = input_max;
    buffer_init(&stream->input, 0); /* bounded by input_max on reading */
    buffer_init(&stream->output, LIMIT_SESSION_OUTPUT_BYTES);
    buffer_init(&stream->cipher, 0); /* bounded on encrypting */
    CHECK(uv_timer_init(&loop->uv, &stream->timer) == 0);
    stream->timer.data = stream;
    stream->holds = 1;
    loop_add(loop, &stream->object, dispose);
    return stream;
}

void stream_set_timer(struct stream *stream, uint64_t after_ms)
{
    if (after_ms == 0) {
        uv_timer_stop(&stream->timer);
        return;
    }
    uv_update_time(&stream->loop->uv);
    CHECK(uv_timer_start(&stream->timer, on_timer, after_ms, 0) == 0);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct stream *stream = handle->data;
    memory_free(handle);
    stream_unhold(stream);
}

void stream_drop_descriptor(struct stream *stream)
{
    if (stream->poll) uv_close((uv_handle_t *)stream->poll, on_poll_closed);
    if (stream->descriptor >= 0) close(stream->descriptor);
    stream->poll = NULL;
    stream->descriptor = -1;
}

void stream_use_descriptor(struct stream *stream, int descriptor)
{
    stream->descriptor = descriptor;
    stream->poll = memory_zero(1, sizeof *stream->poll);
    CHECK(uv_poll_init(&stream->loop->uv, stream->poll, descriptor) == 0);
    stream->poll->data = stream;
    stream->polled = 0;
    stream->holds++;
}

/* ---- events of the descriptor ---- */

static void linger_ready(struct stream *stream, int events)
{
    if (events & UV_WRITABLE) stream_flush(stream);
    if (stream->state != STREAM_LINGERING || !(events & UV_READABLE)) return;
    /* What still comes is thrown away: closing with unread bytes would reset the connection and destroy what we sent last. */
    ssize_t size = recv(stream->descriptor, stream->loop->scratch, LOOP_SCRATCH_SIZE, 0);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) dispose(&stream->object);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct stream *stream = poll->data;
    if (status < 0) events = stream->polled; /* the system call that follows tells what is wrong */
    switch (stream->state) {
    case STREAM_CONNECTING: stream_connect_ready(stream); return;
    case STREAM_LINGERING: linger_ready(stream, events); return;
    case STREAM_HANDSHAKING:
    case STREAM_OPEN:
        if (events & UV_WRITABLE) stream_flush(stream);
        if ((events & UV_READABLE) && stream->state <= STREAM_OPEN) stream_receive(stream);
        return;
    default: return;
    }
}

static bool wants_input(const struct stream *stream)
{
    if (stream->state == STREAM_HANDSHAKING || stream->state == STREAM_LINGERING) return true;
    return stream->state == STREAM_OPEN && !stream->paused && buffer_size(&stream->input) < stream->input_max;
}

static bool wants_output(const struct stream *stream)
{
    if (stream->state == STREAM_CONNECTING || buffer_size(&stream->cipher) > 0) return true;
    return buffer_size(&stream->output) > 0 && stream->state != STREAM_HANDSHAKING;
}

void stream_poll(struct stream *stream)
{
    if (!stream->poll) return;
    int events = (wants_input(stream) ? UV_READABLE : 0) | (wants_output(stream) ? UV_WRITABLE : 0);
    if (stream->state == STREAM_FINISHED) events = 0;
    if (events == stream->polled) return;
    stream->polled = events;
    if (events)
        CHECK(uv_poll_start(stream->poll, events, on_poll) == 0);
    else
        uv_poll_stop(stream->poll);
}

/* ---- opening and failing ---- */

void stream_connected(struct stream *stream, struct tls_context *tls)
{
    stream->state = tls ? STREAM_HANDSHAKING : STREAM_OPEN;
    stream_set_timer(stream, tls ? HANDSHAKE_MS : 0);
    if (tls)
        stream->tls = tls_session_new(tls, stream->host);
    else
        stream->opened_scheduled = true;
    stream->read_scheduled = tls != NULL; /* a client speaks first: its handshake begins without an event */
    stream_schedule(stream);
}

void stream_fail(struct stream *stream, const struct error *why)
{
    if (stream->state >= STREAM_FINISHED) {
        if (stream->state == STREAM_LINGERING) dispose(&stream->object);
        return;
    }
    stream->state = STREAM_FINISHED;
    stream->failure = *why;
    stream->failure_scheduled = true;
    stream_connect_release(stream);
    stream_set_timer(stream, 0);
    stream_poll(stream);
    stream_schedule(stream);
}

/* ---- what owners call ---- */

void stream_set_events(struct stream *stream, const struct stream_events *events, void *context)
{
    stream->events = *events;
    stream->context = context;
}

struct view stream_input(const struct stream *stream)
{
    return buffer_view(&stream->input);
}

uint8_t *stream_input_bytes(struct stream *stream)
{
    return stream->input.data ? stream->input.data + stream->input.start : NULL;
}

static void read_again(struct stream *stream)
{
    stream_poll(stream);
    if (!stream->tls) return;
    stream->read_scheduled = true; /* plain text may wait inside the TLS session, of which the descriptor knows nothing */
    stream_schedule(stream);
}

void stream_consume(struct stream *stream, size_t size)
{
    bool was_full = buffer_size(&stream->input) >= stream->input_max;
    buffer_consume(&stream->input, size);
    if (was_full && size > 0) read_again(stream);
}

size_t stream_pending(const struct stream *stream)
{
    return buffer_size(&stream->output) + buffer_size(&stream->cipher);
}

void stream_pause(struct stream *stream, bool paused)
{
    if (stream->paused == paused) return;
    stream->paused = paused;
    if (paused)
        stream_poll(stream);
    else
        read_again(stream);
}

void stream_abort(struct stream *stream)
{
    if (stream) dispose(&stream->object);
}

static void linger(struct stream *stream)
{
    stream->state = STREAM_LINGERING;
    if (stream->tls) tls_say_end(stream->tls);
    stream_set_timer(stream, LINGER_MS);
    stream_flush(stream);
}

void stream_close(struct stream *stream)
{
    if (!stream) return;
    stream->events = (struct stream_events){0};
    if (stream->state == STREAM_OPEN)
        linger(stream);
    else if (stream->state != STREAM_LINGERING)
        dispose(&stream->object);
}

void stream_peer(const struct stream *stream, char out[64])
{
    memcpy(out, stream->peer, ADDRESS_TEXT_SIZE);
}
