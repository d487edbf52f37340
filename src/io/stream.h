/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream: one TCP connection, plain or TLS, on a loop. Reading goes into the stream's own buffer, which the owner looks at and
 * consumes (so that whole packets are viewed in place). Writing never blocks: bytes are queued, sent at the end of the turn in one
 * system call; `pending` tells how much waits, so that the owner pauses its other side (back-pressure).
 */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include "io/loop.h"

struct tls_context; /* io/tls.h */
struct stream;
struct stream_events {
    void (*opened)(void *context);   /* connected, TLS done; accepted streams get it too */
    void (*readable)(void *context); /* stream_input has grown */
    void (*drained)(void *context);  /* pending fell below the low mark (64 KiB) after it was above the high mark (256 KiB) */
    void (*closed)(void *context, const struct error *why); /* end of file (ERROR_NONE) or failure; no event after it */
}; /* Any of them may be NULL. In each of them the stream may be closed, aborted, written to. */
/*
 * A stream belongs to its owner until stream_close or stream_abort, also after `closed`: what was received stays readable, what is written is dropped.
 * Events never come from within a call of the owner, only from the loop.
 */
/* Connects (asynchronously, names resolved off the loop). tls NULL: plain. */
struct stream *stream_connect(struct loop *loop, const char *host, uint16_t port, struct tls_context *tls, uint32_t timeout_ms,
                              size_t input_max, const struct stream_events *events, void *context);
void stream_set_events(struct stream *stream, const struct stream_events *events, void *context);
struct view stream_input(const struct stream *stream);   /* bytes received and not consumed */
uint8_t *stream_input_bytes(struct stream *stream);      /* the same, mutable: the relay edits in place */
void stream_consume(struct stream *stream, size_t size); /* reading goes on by itself when the input was full (input_max) */
/* Copied into the queue (also before `opened`). More than LIMIT_SESSION_OUTPUT_BYTES waiting: the stream fails with ERROR_LIMIT. */
void stream_write(struct stream *stream, struct view bytes);
size_t stream_pending(const struct stream *stream);
void stream_pause(struct stream *stream, bool paused); /* stop or resume reading */
void stream_close(struct stream *stream);              /* sends what is queued, then closes; frees itself at end of turn; no events after */
void stream_abort(struct stream *stream);              /* at once */
void stream_peer(const struct stream *stream, char out[64]); /* "127.0.0.1:1234" */

struct listener;
typedef void listener_accepted(void *context, struct stream *stream); /* events are set by the callee before it returns */
/* Several loops may listen on one address (SO_REUSEPORT): the kernel shares connections out. Port 0: any; listener_port tells. */
struct listener *listener_new(struct loop *loop, const char *address, uint16_t port, struct tls_context *tls, size_t input_max,
                              listener_accepted *accepted, void *context, struct error *error) MUST_USE;
uint16_t listener_port(const struct listener *listener);
void listener_free(struct listener *listener);

/* ---- blocking, for background threads ---- */
struct socket_stream;
struct socket_stream *socket_connect(const char *host, uint16_t port, struct tls_context *tls, uint32_t timeout_ms,
                                     struct error *error) MUST_USE;
bool socket_write(struct socket_stream *socket, struct view bytes, uint32_t timeout_ms, struct error *error) MUST_USE;
/* Reads at least one byte into `into`; false: time-out, end of file or failure. */
bool socket_read(struct socket_stream *socket, struct buffer *into, size_t at_most, uint32_t timeout_ms, struct error *error) MUST_USE;
void socket_shutdown(struct socket_stream *socket); /* any thread: ends a read or write that waits; the stream is still to be closed */
void socket_close(struct socket_stream *socket);
/* An accepted blocking socket (the stand-in's thread per connection). */
struct socket_listener;
struct socket_listener *socket_listen(const char *address, uint16_t port, struct error *error) MUST_USE;
uint16_t socket_listener_port(const struct socket_listener *listener);
/* Blocks. NULL (ERROR_CANCELLED): socket_listener_stop was called. With tls the handshake is part of the first read or write, so that a slow client holds up
 * its own thread only. */
struct socket_stream *socket_accept(struct socket_listener *listener, struct tls_context *tls, struct error *error) MUST_USE;
void socket_listener_stop(struct socket_listener *listener);  /* any thread, also a signal handler; accepts end from then on */
void socket_listener_close(struct socket_listener *listener); /* frees: after the accepting thread has ended */

/* ---- TLS ---- */
struct tls_options {
    const char *certificate_file, *key_file, *ca_file;
    bool verify_peer;
    const char *server_name;
    bool client;
};
struct tls_context *tls_context_new(const struct tls_options *options, struct error *error) MUST_USE; /* TLS 1.2 at least */
void tls_context_free(struct tls_context *context);

#endif
