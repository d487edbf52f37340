/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS without sockets: ciphertext goes in and comes out of memory, so that the same code serves streams on a loop and blocking sockets. The one
 * place, with base/crypto, that knows OpenSSL. A context may be used by all threads; a session by one at a time.
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include "base/buffer.h"
#include "base/error.h"
#include "io/stream.h"

enum tls_result {
    TLS_DONE,
    TLS_WANT,   /* more ciphertext is needed */
    TLS_CLOSED, /* the peer said that it ends */
    TLS_FAILED  /* error is filled */
};

struct tls_session;
/* host: for clients; the name that the certificate must have unless the context has its own. */
struct tls_session *tls_session_new(struct tls_context *context, const char *host);
void tls_session_free(struct tls_session *session);

void tls_put_cipher(struct tls_session *session, struct view cipher);  /* received */
void tls_take_cipher(struct tls_session *session, struct buffer *out); /* to be sent; look after each call below */
enum tls_result tls_handshake(struct tls_session *session, struct error *error);
/* Reads up to `most` bytes of plain text into the buffer. TLS_WANT: fewer were there; all that were are in it. */
enum tls_result tls_read(struct tls_session *session, struct buffer *into, size_t most, struct error *error);
enum tls_result tls_write(struct tls_session *session, struct view plain, struct error *error);
void tls_say_end(struct tls_session *session);

#endif
