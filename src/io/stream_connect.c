/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting: the name is looked up off the loop, then its addresses are tried one after the other. */
#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include "base/memory.h"
#include "io/stream_private.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ATTEMPT_LEAST_MS = 250 };

struct connecting {
    uv_getaddrinfo_t request; /* first */
    struct stream *stream;    /* NULL: nobody waits any more */
    struct tls_context *tls;
    bool resolving;
    uint16_t port;
    uint32_t timeout_ms;
    size_t count, next;
    struct address addresses[ADDRESS_MAX];
};

void stream_connect_release(struct stream *stream)
{
    struct connecting *connecting = stream->connecting;
    if (!connecting) return;
    stream->connecting = NULL;
    connecting->stream = NULL;
    if (connecting->resolving)
        uv_cancel((uv_req_t *)&connecting->request); /* its callback comes either way, and frees */
    else
        memory_free(connecting);
}

static void fail_connect(struct stream *stream, int reason)
{
    struct error error = {0};
    address_error_connect(&error, stream->host, stream->connecting->port, reason);
    stream_fail(stream, &error);
}

static void connected(struct stream *stream)
{
    struct tls_context *tls = stream->connecting->tls;
    stream_connect_release(stream);
    stream_connected(stream, tls);
}

/* Starts on the next address; false with errno when that failed at once. */
static bool begin_attempt(struct stream *stream)
{
    struct connecting *connecting = stream->connecting;
    const struct address *address = &connecting->addresses[connecting->next++];
    address_print(address, stream->peer);
    stream_drop_descriptor(stream);
    int descriptor = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return false;
    address_tune(descriptor);
    if (connect(descriptor, &address->any, address->size) != 0 && errno != EINPROGRESS) {
        int reason = errno;
        close(descriptor);
        errno = reason;
        return false;
    }
    stream_use_descriptor(stream, descriptor);
    uint64_t share = connecting->timeout_ms / connecting->count;
    stream_set_timer(stream, share > ATTEMPT_LEAST_MS ? share : ATTEMPT_LEAST_MS);
    stream_poll(stream); /* writable when connected, at once or later */
    return true;
}

static void try_next(struct stream *stream, int reason)
{
    while (stream->connecting->next < stream->connecting->count) {
        if (begin_attempt(stream)) return;
        reason = errno;
    }
    fail_connect(stream, reason);
}

static void try_first(void *context)
{
    struct stream *stream = context;
    if (stream->state == STREAM_CONNECTING) try_next(stream, EADDRNOTAVAIL);
    stream_unhold(stream);
}

void stream_connect_ready(struct stream *stream)
{
    int reason = 0;
    socklen_t size = sizeof reason;
    if (getsockopt(stream->descriptor, SOL_SOCKET, SO_ERROR, &reason, &size) != 0) reason = errno;
    if (reason == 0)
        connected(stream);
    else
        try_next(stream, reason);
}

void stream_connect_timeout(struct stream *stream)
{
    struct connecting *connecting = stream->connecting;
    struct error error = {0};
    if (!connecting->resolving && connecting->next < connecting->count) {
        try_next(stream, ETIMEDOUT);
        return;
    }
    if (connecting->resolving)
        address_error_resolve(&error, stream->host, "the name servers did not answer in time");
    else
        address_error_timeout(&error, stream->host, connecting->port, connecting->timeout_ms);
    stream_fail(stream, &error);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct connecting *connecting = (struct connecting *)request;
    struct stream *stream = connecting->stream;
    connecting->resolving = false;
    if (!stream) {
        uv_freeaddrinfo(found);
        memory_free(connecting);
        return;
    }
    for (struct addrinfo *at = found; status == 0 && at && connecting->count < ADDRESS_MAX; at = at->ai_next) {
        if (at->ai_addrlen > sizeof(struct sockaddr_in6)) continue;
        struct address *address = &connecting->addresses[connecting->count++];
        memcpy(&address->any, at->ai_addr, at->ai_addrlen);
        address->size = at->ai_addrlen;
    }
    uv_freeaddrinfo(found);
    if (connecting->count > 0) {
        try_next(stream, EADDRNOTAVAIL);
        return;
    }
    struct error error = {0};
    address_error_resolve(&error, stream->host, status ? uv_strerror(status) : "it has no address");
    stream_fail(stream, &error);
}

static void begin_resolving(struct stream *stream)
{
    struct connecting *connecting = stream->connecting;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[8];
    snprintf(service, sizeof service, "%u", connecting->port);
    connecting->resolving = true;
    int status = uv_getaddrinfo(&stream->loop->uv, &connecting->request, on_resolved, stream->host, service, &hints);
    if (status == 0) {
        stream_set_timer(stream, connecting->timeout_ms ? connecting->timeout_ms : 1);
        return;
    }
    struct error error = {0};
    connecting->resolving = false;
    address_error_resolve(&error, stream->host, uv_strerror(status));
    stream_fail(stream, &error);
}

struct stream *stream_connect(struct loop *loop, const char *host, uint16_t port, struct tls_context *tls, uint32_t timeout_ms,
                              size_t input_max, const struct stream_events *events, void *context)
{
    struct stream *stream = stream_new(loop, input_max);
    struct connecting *connecting = memory_zero(1, sizeof *connecting);
    stream_set_events(stream, events, context);
    stream->host = memory_string(host);
    snprintf(stream->peer, sizeof stream->peer, "%s:%u", host, port);
    stream->connecting = connecting;
    connecting->stream = stream;
    connecting->tls = tls;
    connecting->port = port;
    connecting->timeout_ms = timeout_ms;
    if (address_from_number(host, port, &connecting->addresses[0])) {
        connecting->count = 1;
        stream->holds++;
        loop_at_turn_end(loop, try_first, stream); /* not here: a failure at once must not be told from within this call */
    } else {
        begin_resolving(stream);
    }
    return stream;
}
