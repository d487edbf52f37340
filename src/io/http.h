/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin HTTP server (libmicrohttpd) and HTTP client (libcurl, webhooks and the CLI). Each connection has a thread of its own, at most LIMIT_HTTP_CONNECTIONS.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include "base/buffer.h"
#include "base/error.h"

struct http_request {
    const char *method, *path;
    struct view body;
    const char *(*parameter)(const struct http_request *request, const char *name); /* query string; NULL: absent */
    const char *(*header)(const struct http_request *request, const char *name);
    const char *peer;
    void *handle;
};
struct http_response {
    int status;
    const char *content_type;
    struct buffer body;
};
typedef void http_handler(void *context, const struct http_request *request, struct http_response *response);
/* The handler runs on the connection's thread after the whole body came, beside handlers of other connections: one that waits for a database keeps nobody
 * else waiting. The response starts as 200 text/plain with an empty body. A body over body_max is answered with 413 before the handler. */
struct http_server;
struct http_server *http_server_start(const char *address, uint16_t port, size_t body_max, http_handler *handler, void *context,
                                      struct error *error) MUST_USE;
uint16_t http_server_port(const struct http_server *server);
void http_server_stop(struct http_server *server);

/* Blocking request (http and https, no redirects); answers the status code or 0 with error. token NULL or "": none; content_type NULL: application/json.
 * The answer's body is appended to `response`, whose maximum bounds it. Any thread. */
int http_call(const char *method, const char *url, const char *token, struct view body, const char *content_type, uint32_t timeout_ms,
              struct buffer *response, struct error *error);

#endif
