/* SPDX-License-Identifier: Apache-2.0 */
/* Listening: accepted sockets become streams. */
#define _GNU_SOURCE /* accept4 */
#include "base/log.h"
#include "base/memory.h"
#include "io/stream_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 64, REST_MS = 100 /* after the system had no room for another descriptor */ };

struct listener {
    struct loop_object object; /* first */
    struct loop *loop;
    int descriptor;
    uv_poll_t poll;
    uv_timer_t rest;
    unsigned holds; /* handles not closed yet */
    struct tls_context *tls;
    size_t input_max;
    listener_accepted *accepted;
    void *context;
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    if (--listener->holds == 0) memory_free(listener);
}

static void dispose(struct loop_object *object)
{
    struct listener *listener = (struct listener *)object;
    if (listener->descriptor < 0) return;
    loop_remove(object);
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    uv_close((uv_handle_t *)&listener->rest, on_closed);
    close(listener->descriptor);
    listener->descriptor = -1;
}

static void on_rested(uv_timer_t *timer)
{
    struct listener *listener = timer->data;
    CHECK(uv_poll_start(&listener->poll, UV_READABLE, on_poll) == 0);
}

/* Out of descriptors: the waiting connection would wake us without end. */
static void take_rest(struct listener *listener, int reason)
{
    LOG_RATED(LOG_ERROR, "listener.exhausted", log_text("error", strerror(reason)),
              log_text("advice", "raise the limit on open files (ulimit -n, LimitNOFILE)"));
    uv_poll_stop(&listener->poll);
    uv_timer_start(&listener->rest, on_rested, REST_MS, 0);
}

static void accept_one(struct listener *listener, int descriptor)
{
    struct stream *stream = stream_new(listener->loop, listener->input_max);
    address_tune(descriptor);
    address_of_peer(descriptor, stream->peer);
    stream_use_descriptor(stream, descriptor);
    stream_connected(stream, listener->tls);
    listener->accepted(listener->context, stream);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct listener *listener = poll->data;
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN && listener->descriptor >= 0; i++) {
        int descriptor = accept4(listener->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            accept_one(listener, descriptor);
            continue;
        }
        if (errno == EAGAIN) return;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            take_rest(listener, errno);
            return;
        } /* all else concerns the one connection, which is gone */
    }
}

struct listener *listener_new(struct loop *loop, const char *address, uint16_t port, struct tls_context *tls, size_t input_max,
                              listener_accepted *accepted, void *context, struct error *error)
{
    int descriptor = address_listen(address, port, true, error);
    if (descriptor < 0) return NULL;
    struct listener *listener = memory_zero(1, sizeof *listener);
    listener->loop = loop;
    listener->descriptor = descriptor;
    listener->tls = tls;
    listener->input_max = input_max;
    listener->accepted = accepted;
    listener->context = context;
    listener->holds = 2;
    CHECK(uv_poll_init(&loop->uv, &listener->poll, descriptor) == 0);
    CHECK(uv_timer_init(&loop->uv, &listener->rest) == 0);
    listener->poll.data = listener->rest.data = listener;
    CHECK(uv_poll_start(&listener->poll, UV_READABLE, on_poll) == 0);
    loop_add(loop, &listener->object, dispose);
    return listener;
}

uint16_t listener_port(const struct listener *listener)
{
    return address_local_port(listener->descriptor);
}

void listener_free(struct listener *listener)
{
    if (listener) dispose(&listener->object);
}
