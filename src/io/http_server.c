/* SPDX-License-Identifier: Apache-2.0 */
/* The admin HTTP server: libmicrohttpd with a thread for each connection, bodies collected up to their limit before the handler runs. */
#include "io/http.h"

#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/address.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { IDLE_TIMEOUT_S = 30 };

struct http_server {
    struct MHD_Daemon *daemon;
    uint16_t port;
    size_t body_max;
    http_handler *handler;
    void *context;
};

/* One request while its body arrives. */
struct exchange {
    struct buffer body;
};

static const char *parameter(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->handle, MHD_GET_ARGUMENT_KIND, name);
}

static const char *header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->handle, MHD_HEADER_KIND, name);
}

static enum MHD_Result respond(struct MHD_Connection *connection, struct http_response *response)
{
    struct view body = buffer_view(&response->body);
    struct MHD_Response *answer = MHD_create_response_from_buffer(body.size, (void *)body.data, MHD_RESPMEM_MUST_COPY);
    CHECK(answer != NULL);
    if (response->content_type) MHD_add_response_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type);
    MHD_add_response_header(answer, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    enum MHD_Result queued = MHD_queue_response(connection, (unsigned)response->status, answer);
    MHD_destroy_response(answer);
    return queued;
}

static enum MHD_Result respond_text(struct MHD_Connection *connection, int status, const char *text)
{
    struct http_response response = {.status = status, .content_type = "text/plain"};
    buffer_init(&response.body, 0);
    buffer_append_text(&response.body, text);
    enum MHD_Result queued = respond(connection, &response);
    buffer_release(&response.body);
    return queued;
}

static enum MHD_Result handle(struct http_server *server, struct MHD_Connection *connection, const char *url, const char *method,
                              struct exchange *exchange)
{
    char peer[ADDRESS_TEXT_SIZE] = "unknown";
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info) address_of_peer(info->connect_fd, peer);
    struct http_request request = {.method = method,
                                   .path = url,
                                   .body = buffer_view(&exchange->body),
                                   .parameter = parameter,
                                   .header = header,
                                   .peer = peer,
                                   .handle = connection};
    struct http_response response = {.status = 200, .content_type = "text/plain"};
    buffer_init(&response.body, 0);
    server->handler(server->context, &request, &response);
    enum MHD_Result queued = respond(connection, &response);
    buffer_release(&response.body);
    return queued;
}

/* Called first without a body, then for each piece of it, then once more. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **state)
{
    struct http_server *server = context;
    struct exchange *exchange = *state;
    (void)version;
    if (!exchange) {
        *state = exchange = memory_zero(1, sizeof *exchange);
        buffer_init(&exchange->body, server->body_max);
        return MHD_YES;
    }
    if (*upload_size > 0) {
        buffer_append(&exchange->body, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    if (exchange->body.failed) return respond_text(connection, 413, "the body of the request is too large\n");
    return handle(server, connection, url, method, exchange);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *state;
    (void)context;
    (void)connection;
    (void)code;
    if (!exchange) return;
    buffer_release(&exchange->body);
    memory_free(exchange);
    *state = NULL;
}

static void on_log(void *context, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
static void on_log(void *context, const char *format, va_list arguments)
{
    char text[300];
    (void)context;
    vsnprintf(text, sizeof text, format, arguments);
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == '\n') text[--size] = '\0';
    LOG_RATED(LOG_WARNING, "http.complained", log_text("text", text));
}

struct http_server *http_server_start(const char *address, uint16_t port, size_t body_max, http_handler *handler, void *context,
                                      struct error *error)
{
    int descriptor = address_listen(address, port, false, error);
    if (descriptor < 0) return NULL;
    struct http_server *server = memory_zero(1, sizeof *server);
    server->port = address_local_port(descriptor);
    server->body_max = body_max;
    server->handler = handler;
    server->context = context;
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ERROR_LOG | MHD_USE_ITC;
    server->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET,
                         descriptor, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT,
                         (unsigned)LIMIT_HTTP_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_END);
    if (server->daemon) return server;
    close(descriptor);
    memory_free(server);
    error_set(error, ERROR_NETWORK, "cannot start the HTTP server on %s port %u: %s", address, port, strerror(errno));
    return NULL;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_stop(struct http_server *server)
{
    if (!server) return;
    MHD_stop_daemon(server->daemon);
    memory_free(server);
}
