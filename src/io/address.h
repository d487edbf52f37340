/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and bare sockets: names into addresses, listening, and errors that say what to check. Any thread. */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include "base/error.h"
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
};
enum { ADDRESS_TEXT_SIZE = 64, ADDRESS_MAX = 8 /* addresses of one name that are tried */ };

/* Without asking anybody: "127.0.0.1", "::1", "[::1]"; "" and "*": all IPv4 addresses. */
bool address_from_number(const char *host, uint16_t port, struct address *out);
/* Also names; blocks. Answers how many, 0 with error. */
size_t address_resolve(const char *host, uint16_t port, struct address out[ADDRESS_MAX], struct error *error);
void address_print(const struct address *address, char out[ADDRESS_TEXT_SIZE]); /* "127.0.0.1:1521", "[::1]:1521" */
void address_of_peer(int descriptor, char out[ADDRESS_TEXT_SIZE]);

/* Fills the error of a failed connection (errno) or name look-up. Both answer false. */
bool address_error_connect(struct error *error, const char *host, uint16_t port, int reason);
bool address_error_timeout(struct error *error, const char *host, uint16_t port, uint32_t timeout_ms);
bool address_error_resolve(struct error *error, const char *host, const char *reason);

/* Non-blocking, no delay, dead peers found by keep-alive. */
void address_tune(int descriptor);
/* A non-blocking listening socket, -1 with error. shared: several sockets of this process may listen on one address. */
int address_listen(const char *host, uint16_t port, bool shared, struct error *error);
uint16_t address_local_port(int descriptor);

#endif
