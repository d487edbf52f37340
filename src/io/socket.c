/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking sockets for background threads: every wait is a poll() with a time limit. */
#define _GNU_SOURCE /* accept4 */
#include "io/address.h"
#include "io/stream.h"

#include "base/clock.h"
#include "base/memory.h"
#include "io/tls.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { HANDSHAKE_MS = 10000, CIPHER_CHUNK = 16 * 1024, FOREVER_MS = INT32_MAX };

struct socket_stream {
    int descriptor;
    struct tls_session *tls;
    struct tls_context *tls_wanted; /* accepted: the handshake is done by the first who reads or writes */
    struct buffer cipher;           /* to be sent */
    char peer[ADDRESS_TEXT_SIZE];
};

struct socket_listener {
    int descriptor;
    int closing; /* eventfd: wakes the thread that waits in socket_accept */
};

/* ---- waiting ---- */

static uint64_t deadline_after(uint32_t timeout_ms)
{
    return clock_monotonic_us() + (uint64_t)timeout_ms * 1000;
}

/* 1: ready, 0: time is over, -1: errno */
static int wait_for(int descriptor, short events, uint64_t deadline_us)
{
    for (;;) {
        uint64_t now = clock_monotonic_us();
        uint64_t left_ms = deadline_us > now ? (deadline_us - now + 999) / 1000 : 0;
        struct pollfd poll_one = {.fd = descriptor, .events = events};
        int ready = poll(&poll_one, 1, left_ms > FOREVER_MS ? FOREVER_MS : (int)left_ms);
        if (ready != -1 || errno != EINTR) return ready;
    }
}

static bool failed(const struct socket_stream *stream, const char *doing, int reason, struct error *error)
{
    error_set(error, ERROR_NETWORK, "connection with %s: %s: %s", stream->peer, doing, strerror(reason));
    if (error) error->native = reason;
    return false;
}

static bool too_late(const struct socket_stream *stream, const char *doing, struct error *error)
{
    return error_set(error, ERROR_TIMEOUT, "connection with %s: %s: no answer in time", stream->peer, doing);
}

static bool send_all(struct socket_stream *stream, struct view bytes, uint64_t deadline_us, struct error *error)
{
    while (bytes.size > 0) {
        ssize_t size = send(stream->descriptor, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (size > 0) {
            bytes = view_of(bytes.data + size, bytes.size - (size_t)size);
            continue;
        }
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno != EAGAIN) return failed(stream, "write", errno, error);
        int writable = wait_for(stream->descriptor, POLLOUT, deadline_us);
        if (writable < 0) return failed(stream, "write", errno, error);
        if (writable == 0) return too_late(stream, "write", error);
    }
    return true;
}

/* At least one byte into `room`; 0: end of file, -1: error is filled. */
static ssize_t receive_some(struct socket_stream *stream, void *room, size_t size, uint64_t deadline_us, struct error *error)
{
    for (;;) {
        ssize_t got = recv(stream->descriptor, room, size, 0);
        if (got >= 0) return got;
        if (errno == EINTR) continue;
        if (errno != EAGAIN) {
            failed(stream, "read", errno, error);
            return -1;
        }
        int readable = wait_for(stream->descriptor, POLLIN, deadline_us);
        if (readable > 0) continue;
        if (readable == 0)
            too_late(stream, "read", error);
        else
            failed(stream, "read", errno, error);
        return -1;
    }
}

/* ---- TLS ---- */

static bool send_cipher(struct socket_stream *stream, uint64_t deadline_us, struct error *error)
{
    tls_take_cipher(stream->tls, &stream->cipher);
    bool sent = send_all(stream, buffer_view(&stream->cipher), deadline_us, error);
    buffer_clear(&stream->cipher);
    return sent;
}

static bool receive_cipher(struct socket_stream *stream, uint64_t deadline_us, struct error *error)
{
    uint8_t chunk[CIPHER_CHUNK];
    ssize_t size = receive_some(stream, chunk, sizeof chunk, deadline_us, error);
    if (size == 0) error_set(error, ERROR_NETWORK, "connection with %s: the peer closed it", stream->peer);
    if (size <= 0) return false;
    tls_put_cipher(stream->tls, view_of(chunk, (size_t)size));
    return true;
}

static bool begin_tls(struct socket_stream *stream, struct tls_context *tls, const char *host, uint64_t deadline_us, struct error *error)
{
    stream->tls = tls_session_new(tls, host);
    for (;;) {
        enum tls_result result = tls_handshake(stream->tls, error);
        struct error unsent;
        bool sent = send_cipher(stream, deadline_us, result == TLS_FAILED ? &unsent : error);
        if (result == TLS_DONE) return sent;
        if (result == TLS_FAILED) return error_prefix(error, "connection with %s", stream->peer);
        if (result == TLS_CLOSED) return error_set(error, ERROR_TLS, "connection with %s: TLS handshake: the peer ended it", stream->peer);
        if (!sent) return false;
        if (!receive_cipher(stream, deadline_us, error)) return error_prefix(error, "TLS handshake");
    }
}

static bool ready(struct socket_stream *stream, struct error *error)
{
    struct tls_context *tls = stream->tls_wanted;
    if (!tls) return true;
    stream->tls_wanted = NULL;
    return begin_tls(stream, tls, NULL, deadline_after(HANDSHAKE_MS), error);
}

static bool read_tls(struct socket_stream *stream, struct buffer *into, size_t at_most, uint64_t deadline_us, struct error *error)
{
    size_t before = buffer_size(into);
    for (;;) {
        enum tls_result result = tls_read(stream->tls, into, at_most, error);
        if (buffer_size(into) > before) return true;
        if (result == TLS_FAILED) return error_prefix(error, "connection with %s", stream->peer);
        if (result == TLS_CLOSED) return error_set(error, ERROR_NETWORK, "connection with %s: the peer closed it", stream->peer);
        if (!send_cipher(stream, deadline_us, error) || !receive_cipher(stream, deadline_us, error)) return false;
    }
}

/* ---- streams ---- */

static struct socket_stream *stream_of(int descriptor)
{
    struct socket_stream *stream = memory_zero(1, sizeof *stream);
    stream->descriptor = descriptor;
    buffer_init(&stream->cipher, 0);
    address_tune(descriptor);
    address_of_peer(descriptor, stream->peer);
    return stream;
}

/* errno of the attempt, 0: connected. */
static int attempt(const struct address *address, uint64_t deadline_us, int *descriptor)
{
    int reason = 0;
    socklen_t size = sizeof reason;
    *descriptor = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*descriptor < 0) return errno;
    if (connect(*descriptor, &address->any, address->size) == 0) return 0;
    reason = errno;
    if (reason == EINPROGRESS) {
        int writable = wait_for(*descriptor, POLLOUT, deadline_us);
        reason = writable == 0 ? ETIMEDOUT : errno;
        if (writable > 0 && getsockopt(*descriptor, SOL_SOCKET, SO_ERROR, &reason, &size) != 0) reason = errno;
    }
    if (reason == 0) return 0;
    close(*descriptor);
    return reason;
}

struct socket_stream *socket_connect(const char *host, uint16_t port, struct tls_context *tls, uint32_t timeout_ms, struct error *error)
{
    struct address addresses[ADDRESS_MAX];
    uint64_t deadline_us = deadline_after(timeout_ms);
    size_t count = address_resolve(host, port, addresses, error);
    if (count == 0) return NULL;
    int reason = 0, descriptor = -1;
    for (size_t i = 0; i < count; i++) {
        uint64_t now = clock_monotonic_us();
        uint64_t left = deadline_us > now ? deadline_us - now : 0;
        reason = attempt(&addresses[i], now + left / (count - i), &descriptor);
        if (reason == 0) break;
    }
    if (reason == ETIMEDOUT)
        address_error_timeout(error, host, port, timeout_ms);
    else if (reason)
        address_error_connect(error, host, port, reason);
    if (reason) return NULL;
    struct socket_stream *stream = stream_of(descriptor);
    if (!tls || begin_tls(stream, tls, host, deadline_us, error)) return stream;
    socket_close(stream);
    return NULL;
}

bool socket_write(struct socket_stream *stream, struct view bytes, uint32_t timeout_ms, struct error *error)
{
    if (!ready(stream, error)) return false;
    uint64_t deadline_us = deadline_after(timeout_ms);
    if (!stream->tls) return send_all(stream, bytes, deadline_us, error);
    enum { PLAIN_CHUNK = 256 * 1024 };
    while (bytes.size > 0) {
        struct view chunk = view_of(bytes.data, bytes.size < PLAIN_CHUNK ? bytes.size : PLAIN_CHUNK);
        if (tls_write(stream->tls, chunk, error) != TLS_DONE) return error_prefix(error, "connection with %s", stream->peer);
        if (!send_cipher(stream, deadline_us, error)) return false;
        bytes = view_of(bytes.data + chunk.size, bytes.size - chunk.size);
    }
    return true;
}

bool socket_read(struct socket_stream *stream, struct buffer *into, size_t at_most, uint32_t timeout_ms, struct error *error)
{
    if (!ready(stream, error)) return false;
    uint64_t deadline_us = deadline_after(timeout_ms);
    if (stream->tls) return read_tls(stream, into, at_most, deadline_us, error);
    uint8_t *room = buffer_reserve(into, at_most);
    if (!room)
        return error_set(error, ERROR_LIMIT, "connection with %s: more than %zu bytes received and not read", stream->peer, into->maximum);
    ssize_t size = receive_some(stream, room, at_most, deadline_us, error);
    if (size == 0) return error_set(error, ERROR_NETWORK, "connection with %s: the peer closed it", stream->peer);
    if (size < 0) return false;
    buffer_commit(into, (size_t)size);
    return true;
}

void socket_shutdown(struct socket_stream *stream)
{
    (void)shutdown(stream->descriptor, SHUT_RDWR);
}

void socket_close(struct socket_stream *stream)
{
    if (!stream) return;
    if (stream->tls) {
        tls_say_end(stream->tls);
        (void)send_cipher(stream, 0, NULL);
    }
    close(stream->descriptor);
    tls_session_free(stream->tls);
    buffer_release(&stream->cipher);
    memory_free(stream);
}

/* ---- listening ---- */

struct socket_listener *socket_listen(const char *address, uint16_t port, struct error *error)
{
    int descriptor = address_listen(address, port, false, error);
    if (descriptor < 0) return NULL;
    struct socket_listener *listener = memory_zero(1, sizeof *listener);
    listener->descriptor = descriptor;
    listener->closing = eventfd(0, EFD_CLOEXEC);
    CHECK(listener->closing >= 0);
    return listener;
}

uint16_t socket_listener_port(const struct socket_listener *listener)
{
    return address_local_port(listener->descriptor);
}

/* The next connection's descriptor, -1 with error. */
static int next_connection(struct socket_listener *listener, struct error *error)
{
    for (;;) {
        struct pollfd both[2] = {{.fd = listener->descriptor, .events = POLLIN}, {.fd = listener->closing, .events = POLLIN}};
        if (poll(both, 2, -1) < 0 && errno != EINTR) CHECK(errno == ENOMEM);
        if (both[1].revents) {
            error_set(error, ERROR_CANCELLED, "the listener was closed");
            return -1;
        }
        int descriptor = accept4(listener->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) return descriptor;
        if (errno == EMFILE || errno == ENFILE) clock_sleep_us(100000); /* until others have closed some */
    }
}

struct socket_stream *socket_accept(struct socket_listener *listener, struct tls_context *tls, struct error *error)
{
    int descriptor = next_connection(listener, error);
    if (descriptor < 0) return NULL;
    struct socket_stream *stream = stream_of(descriptor);
    stream->tls_wanted = tls;
    return stream;
}

void socket_listener_stop(struct socket_listener *listener)
{
    const uint64_t one = 1;
    CHECK(write(listener->closing, &one, sizeof one) == sizeof one);
}

void socket_listener_close(struct socket_listener *listener)
{
    if (!listener) return;
    close(listener->descriptor);
    close(listener->closing);
    memory_free(listener);
}
