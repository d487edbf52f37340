/* SPDX-License-Identifier: Apache-2.0 */
/* Names into addresses, listening sockets, and what to tell people when the network says no. */
#define _GNU_SOURCE /* SOCK_NONBLOCK, TCP_USER_TIMEOUT */
#include "io/address.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 1024, KEEP_ALIVE_IDLE_S = 60, KEEP_ALIVE_INTERVAL_S = 15, KEEP_ALIVE_COUNT = 4, UNANSWERED_MS = 60000 };

bool address_from_number(const char *host, uint16_t port, struct address *out)
{
    char plain[INET6_ADDRSTRLEN + 1];
    size_t size = strlen(host);
    *out = (struct address){.size = sizeof out->v4};
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(port);
    if (size == 0 || strcmp(host, "*") == 0) return true;
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) return true;
    if (size > 2 && host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    }
    if (size >= sizeof plain) return false;
    memcpy(plain, host, size);
    plain[size] = '\0';
    *out = (struct address){.size = sizeof out->v6};
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(port);
    return inet_pton(AF_INET6, plain, &out->v6.sin6_addr) == 1;
}

size_t address_resolve(const char *host, uint16_t port, struct address out[ADDRESS_MAX], struct error *error)
{
    if (address_from_number(host, port, &out[0])) return 1;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[8];
    size_t count = 0;
    snprintf(service, sizeof service, "%u", port);
    int status = getaddrinfo(host, service, &hints, &found);
    for (struct addrinfo *at = found; status == 0 && at && count < ADDRESS_MAX; at = at->ai_next) {
        if (at->ai_addrlen > sizeof(struct sockaddr_in6)) continue;
        memcpy(&out[count].any, at->ai_addr, at->ai_addrlen);
        out[count++].size = at->ai_addrlen;
    }
    if (found) freeaddrinfo(found);
    if (count == 0) address_error_resolve(error, host, status == EAI_SYSTEM ? strerror(errno) : gai_strerror(status));
    return count;
}

void address_print(const struct address *address, char out[ADDRESS_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_SIZE, "[%s]:%u", host, ntohs(address->v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_SIZE, "%s:%u", host, ntohs(address->v4.sin_port));
    }
}

static uint16_t address_port(const struct address *address)
{
    return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

static bool local_address(int descriptor, struct address *out)
{
    out->size = sizeof out->v6;
    return getsockname(descriptor, &out->any, &out->size) == 0;
}

uint16_t address_local_port(int descriptor)
{
    struct address address;
    return local_address(descriptor, &address) ? address_port(&address) : 0;
}

void address_of_peer(int descriptor, char out[ADDRESS_TEXT_SIZE])
{
    struct address address = {.size = sizeof address.v6};
    if (getpeername(descriptor, &address.any, &address.size) == 0)
        address_print(&address, out);
    else
        snprintf(out, ADDRESS_TEXT_SIZE, "unknown");
}

/* ---- errors ---- */

bool address_error_connect(struct error *error, const char *host, uint16_t port, int reason)
{
    const char *advice = "";
    switch (reason) {
    case ECONNREFUSED: advice = "; is a server running there, and is the port right?"; break;
    case ENETUNREACH:
    case EHOSTUNREACH: advice = "; check the host's address, routes and firewalls"; break;
    case ETIMEDOUT: advice = "; check the host, the port and firewalls"; break;
    case EMFILE:
    case ENFILE: advice = "; raise the limit on open files (ulimit -n, LimitNOFILE)"; break;
    case EADDRNOTAVAIL: advice = "; no local port is free: too many connections to this address"; break;
    default: break;
    }
    error_set(error, reason == ETIMEDOUT ? ERROR_TIMEOUT : ERROR_NETWORK, "cannot connect to %s port %u: %s%s", host, port,
              strerror(reason), advice);
    if (error) error->native = reason;
    return false;
}

bool address_error_timeout(struct error *error, const char *host, uint16_t port, uint32_t timeout_ms)
{
    return error_set(error, ERROR_TIMEOUT, "cannot connect to %s port %u: no answer within %u ms; check the host, the port and firewalls",
                     host, port, timeout_ms);
}

bool address_error_resolve(struct error *error, const char *host, const char *reason)
{
    return error_set(error, ERROR_NETWORK, "cannot find host %s: %s; check the name (getent hosts %s) and the DNS servers", host, reason,
                     host);
}

/* ---- sockets ---- */

static void set(int descriptor, int level, int option, int value)
{
    (void)setsockopt(descriptor, level, option, &value, sizeof value); /* an old kernel without it still works */
}

void address_tune(int descriptor)
{
    set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_ALIVE_IDLE_S);
    set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_ALIVE_INTERVAL_S);
    set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, KEEP_ALIVE_COUNT);
    set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, UNANSWERED_MS);
}

static bool listen_error(struct error *error, const char *host, uint16_t port, int reason)
{
    const char *name = *host ? host : "*";
    if (reason == EADDRINUSE)
        return error_set(
            error, ERROR_ADDRESS_IN_USE,
            "cannot listen on %s port %u: the address is in use; stop who has it (ss -ltnp 'sport = :%u') or choose another port", name,
            port, port);
    const char *advice = reason == EACCES          ? "; ports below 1024 need root or CAP_NET_BIND_SERVICE"
                         : reason == EADDRNOTAVAIL ? "; this machine has no such address (ip addr)"
                                                   : "";
    return error_set(error, ERROR_NETWORK, "cannot listen on %s port %u: %s%s", name, port, strerror(reason), advice);
}

static bool same_address(const struct address *a, const struct address *b)
{
    if (a->any.sa_family != b->any.sa_family || address_port(a) != address_port(b)) return false;
    if (a->any.sa_family == AF_INET6) return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
    return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

/* Does a socket of this very process listen on the address? */
static bool listening_ourselves(const struct address *address)
{
    bool found = false;
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *entry; folder && !found && (entry = readdir(folder)) != NULL;) {
        struct address local;
        int listening = 0;
        socklen_t size = sizeof listening;
        int descriptor = (int)strtol(entry->d_name, NULL, 10); /* 0 for . and .., which does not listen */
        if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || !listening) continue;
        found = local_address(descriptor, &local) && same_address(address, &local);
    }
    if (folder) closedir(folder);
    return found;
}

/* Binding a shared socket succeeds beside any other shared one of this user, another process's too, which would then take half of the
 * connections. So a plain socket tries first; it fails if anybody is there, and then it has to be us. */
static int taken_by_others(const struct address *address)
{
    int probe = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return 0;
    set(probe, SOL_SOCKET, SO_REUSEADDR, 1);
    int status = bind(probe, &address->any, address->size) == 0 ? 0 : errno;
    close(probe);
    return status == EADDRINUSE && listening_ourselves(address) ? 0 : status;
}

int address_listen(const char *host, uint16_t port, bool shared, struct error *error)
{
    struct address addresses[ADDRESS_MAX];
    if (address_resolve(host, port, addresses, error) == 0) return -1;
    const struct address *address = &addresses[0];
    int reason = shared && port ? taken_by_others(address) : 0;
    int descriptor = reason ? -1 : socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (!reason && descriptor < 0) reason = errno;
    if (!reason) {
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
        if (shared) set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
        if (bind(descriptor, &address->any, address->size) != 0 || listen(descriptor, BACKLOG) != 0) reason = errno;
    }
    if (!reason) return descriptor;
    if (descriptor >= 0) close(descriptor);
    listen_error(error, host, port, reason);
    return -1;
}
