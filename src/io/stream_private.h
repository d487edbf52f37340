/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a stream, shared by connecting, moving bytes and listening. */
#ifndef IO_STREAM_PRIVATE_H
#define IO_STREAM_PRIVATE_H

#include "io/address.h"
#include "io/loop_private.h"
#include "io/stream.h"
#include "io/tls.h"

enum stream_state {
    STREAM_CONNECTING,  /* names, addresses */
    STREAM_HANDSHAKING, /* TLS */
    STREAM_OPEN,
    STREAM_FINISHED,  /* `closed` was told or is about to be; the owner still holds it */
    STREAM_LINGERING, /* the owner let go: what is queued goes out, then the peer may end */
    STREAM_GONE       /* freed when libuv lets go of the handles */
};

struct stream {
    struct loop_object object; /* first */
    struct loop *loop;
    enum stream_state state;
    int descriptor;        /* -1: none */
    int polled;            /* UV_* events asked for */
    bool paused;           /* by the owner */
    bool above_high;       /* the owner waits for `drained` */
    bool turn_scheduled;   /* at_turn_end will run */
    bool read_scheduled;   /* there: try to read also without an event of the descriptor */
    bool opened_scheduled; /* there: tell `opened` */
    bool input_untold;     /* bytes came that `readable` was not told of */
    unsigned holds;        /* handles not closed yet, requests under way, scheduled turn ends */
    unsigned small_reads;  /* in a row */
    size_t read_size;      /* asked of the system at once */
    size_t input_max;
    struct buffer input, output, cipher;
    struct tls_session *tls;
    struct stream_events events;
    void *context;
    struct error failure; /* FINISHED: what `closed` tells */
    bool failure_scheduled;
    uv_poll_t *poll;  /* NULL: none; a closing one lives on by itself, as a failed attempt to connect leaves it behind */
    uv_timer_t timer; /* connecting, handshake, lingering */
    char *host;       /* asked for; NULL: accepted */
    struct connecting *connecting;
    char peer[ADDRESS_TEXT_SIZE];
};

struct stream *stream_new(struct loop *loop, size_t input_max);
void stream_use_descriptor(struct stream *stream, int descriptor); /* takes it; begins to poll */
void stream_drop_descriptor(struct stream *stream);
void stream_poll(struct stream *stream); /* asks for the events that the state needs */
void stream_connected(struct stream *stream, struct tls_context *tls);
void stream_fail(struct stream *stream, const struct error *why); /* `closed` is told at the turn's end */
void stream_unhold(struct stream *stream);
void stream_set_timer(struct stream *stream, uint64_t after_ms); /* 0: off */

/* stream_connect.c */
void stream_connect_ready(struct stream *stream); /* the socket became writable */
void stream_connect_timeout(struct stream *stream);
void stream_connect_release(struct stream *stream); /* stops what is under way */

/* stream_transfer.c */
void stream_receive(struct stream *stream);
void stream_flush(struct stream *stream);    /* sends what it can; may fail the stream */
void stream_schedule(struct stream *stream); /* a turn's end for this stream */

#endif
