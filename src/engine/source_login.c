/* SPDX-License-Identifier: Apache-2.0 */
/* Connects to the source and logs in, following redirects. */
#include "engine/source_private.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REDIRECTS_MAX = 3, SDU = 32768, READ_SIZE = 65536 };

struct destination {
    char host[256];
    uint16_t port;
    struct buffer descriptor;
    bool redirected;
};

static void describe_destination(const struct engine_options *options, struct destination *to)
{
    char machine[65] = "localhost";
    if (gethostname(machine, sizeof machine) != 0) snprintf(machine, sizeof machine, "localhost");
    machine[sizeof machine - 1] = 0;
    for (char *c = machine; *c; c++)
        if (*c == '(' || *c == ')' || *c == '=') *c = '_'; /* would end the value in a descriptor */
    snprintf(to->host, sizeof to->host, "%s", options->source_host);
    to->port = options->source_port;
    buffer_printf(&to->descriptor,
                  "(DESCRIPTION=(ADDRESS=(PROTOCOL=%s)(HOST=%s)(PORT=%u))(CONNECT_DATA=(SERVICE_NAME=%s)(CID=(PROGRAM=understudy)(HOST=%s)("
                  "USER=understudy))))",
                  options->source_tls ? "tcps" : "tcp", options->source_host, options->source_port, options->source_service, machine);
}

static bool follow_redirect(struct source *source, struct view address, struct destination *to, struct error *error)
{
    struct view host, port;
    uint64_t number;
    if (!wire_descriptor_find(address, "ADDRESS.HOST", &host) || !wire_descriptor_find(address, "ADDRESS.PORT", &port) ||
        host.size >= sizeof to->host || !view_to_u64(port, &number) || number == 0 || number > 65535)
        return error_set(error, ERROR_PROTOCOL, "the source redirects to an address that cannot be read: " VIEW_FORMAT,
                         VIEW_ARGUMENTS(address));
    snprintf(to->host, sizeof to->host, VIEW_FORMAT, VIEW_ARGUMENTS(host));
    to->port = (uint16_t)number;
    to->redirected = true;
    struct view descriptor = wire_client_login_descriptor(source->login);
    if (descriptor.size) {
        struct buffer copy;
        buffer_init(&copy, 0);
        buffer_append_view(&copy, descriptor);
        buffer_release(&to->descriptor);
        to->descriptor = copy;
    }
    return true;
}

static bool open_socket(struct source *source, const struct destination *to, struct error *error)
{
    if (source->options->source_tls && !source->tls) {
        struct tls_options tls = {.ca_file = source->options->source_ca[0] ? source->options->source_ca : NULL,
                                  .verify_peer = source->options->source_ca[0] != 0,
                                  .server_name = to->host,
                                  .client = true};
        if (!(source->tls = tls_context_new(&tls, error))) return false;
    }
    source->socket = socket_connect(to->host, to->port, source->tls, source->timeout_ms, error);
    return source->socket != NULL;
}

static bool log_in(struct source *source, const struct destination *to, struct view *redirect, struct error *error)
{
    struct buffer output;
    buffer_init(&output, 0);
    struct wire_client_login_options options = {
        .descriptor = buffer_view(&to->descriptor),
        .user = source->options->source_user,
        .password = source->options->source_password,
        .program = "understudy",
        .machine = "understudy",
        .os_user = "understudy",
        .sdu = SDU,
        .redirected = to->redirected,
    };
    const struct wire_limits *limits = source->options->wire_limits ? source->options->wire_limits : &wire_limits_default;
    source->login = wire_client_login_new(&options, limits, &output);
    enum wire_login_state state = WIRE_LOGIN_GOING;
    bool good = true;
    while (good && state == WIRE_LOGIN_GOING) {
        if (buffer_size(&output)) good = socket_write(source->socket, buffer_view(&output), source->timeout_ms, error);
        buffer_clear(&output);
        if (!good || !(good = socket_read(source->socket, &source->input, READ_SIZE, source->timeout_ms, error))) break;
        size_t used = 0;
        state = wire_client_login_feed(source->login, source->input.data + source->input.start, buffer_size(&source->input), &used, &output,
                                       redirect, error);
        buffer_consume(&source->input, used);
    }
    if (good && buffer_size(&output))
        good = socket_write(source->socket, buffer_view(&output), source->timeout_ms, error) || state == WIRE_LOGIN_REFUSED;
    buffer_release(&output);
    return good && state == WIRE_LOGIN_DONE;
}

static void forget_connection(struct source *source)
{
    if (source->socket) socket_close(source->socket);
    source->socket = NULL;
    wire_client_login_free(source->login);
    source->login = NULL;
    buffer_clear(&source->input);
}

bool source_connect(struct source *source, struct error *error)
{
    struct destination to = {.port = 0};
    buffer_init(&to.descriptor, 0);
    describe_destination(source->options, &to);
    bool good = false;
    error_clear(error);
    for (int i = 0; i <= REDIRECTS_MAX && !good; i++) {
        struct view redirect = {0};
        if (!open_socket(source, &to, error)) break;
        if (log_in(source, &to, &redirect, error)) {
            good = true;
        } else {
            if (redirect.size == 0 || !follow_redirect(source, redirect, &to, error)) break;
            error_set(error, ERROR_PROTOCOL, "the source redirects more than %d times", REDIRECTS_MAX);
            forget_connection(source);
        }
    }
    buffer_release(&to.descriptor);
    if (!good) {
        forget_connection(source);
        return error_prefix(error, "log-in to the source %s:%u as %s", source->options->source_host, source->options->source_port,
                            source->options->source_user);
    }
    source->session = wire_client_login_session(source->login);
    return true;
}
