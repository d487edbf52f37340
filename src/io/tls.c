/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL between two memory BIOs. */
#include "io/tls.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

struct tls_context {
    SSL_CTX *ssl;
    char *server_name;
    bool client;
    bool verify_peer;
};

struct tls_session {
    SSL *ssl;
    BIO *received, *to_send; /* owned by ssl */
};

/* Takes the oldest reason off OpenSSL's stack; the rest only repeats it. */
static const char *reason_of(char out[200])
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(out, 200, "%s", reason ? reason : "unknown reason");
    ERR_clear_error();
    return out;
}

static bool load_failed(struct error *error, const char *what, const char *file, const char *advice)
{
    char reason[200];
    return error_set(error, ERROR_TLS, "cannot use %s %s: %s; %s", what, file, reason_of(reason), advice);
}

static bool load_files(SSL_CTX *ssl, const struct tls_options *options, struct error *error)
{
    if (options->certificate_file && *options->certificate_file) {
        const char *key = options->key_file && *options->key_file ? options->key_file : options->certificate_file;
        if (SSL_CTX_use_certificate_chain_file(ssl, options->certificate_file) != 1)
            return load_failed(error, "certificate", options->certificate_file,
                               "it must be a readable PEM file, the server's certificate first");
        if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
            return load_failed(error, "key", key, "it must be a readable PEM file without a passphrase, and belong to the certificate");
    } else if (!options->client) {
        return error_set(error, ERROR_TLS, "a TLS listener needs a certificate and its key");
    }
    if (!options->verify_peer) return true;
    if (options->ca_file && *options->ca_file) {
        if (SSL_CTX_load_verify_locations(ssl, options->ca_file, NULL) != 1)
            return load_failed(error, "certificate authorities", options->ca_file, "it must be a readable PEM file");
        return true;
    }
    if (SSL_CTX_set_default_verify_paths(ssl) != 1)
        return load_failed(error, "certificate authorities", "of the system", "install ca-certificates or name a file");
    return true;
}

struct tls_context *tls_context_new(const struct tls_options *options, struct error *error)
{
    ERR_clear_error();
    SSL_CTX *ssl = SSL_CTX_new(options->client ? TLS_client_method() : TLS_server_method());
    CHECK(ssl != NULL);
    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    if (options->verify_peer) SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | (options->client ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT), NULL);
    if (!load_files(ssl, options, error)) {
        SSL_CTX_free(ssl);
        return NULL;
    }
    struct tls_context *context = memory_zero(1, sizeof *context);
    context->ssl = ssl;
    context->client = options->client;
    context->verify_peer = options->verify_peer;
    if (options->server_name && *options->server_name) context->server_name = memory_string(options->server_name);
    return context;
}

void tls_context_free(struct tls_context *context)
{
    if (!context) return;
    SSL_CTX_free(context->ssl);
    memory_free(context->server_name);
    memory_free(context);
}

static void expect_name(SSL *ssl, const char *name, bool verify)
{
    struct in6_addr number;
    bool numeric = inet_pton(AF_INET, name, &number) == 1 || inet_pton(AF_INET6, name, &number) == 1;
    if (!numeric) SSL_set_tlsext_host_name(ssl, name);
    if (!verify) return;
    if (numeric)
        CHECK(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1);
    else
        CHECK(SSL_set1_host(ssl, name) == 1);
}

struct tls_session *tls_session_new(struct tls_context *context, const char *host)
{
    struct tls_session *session = memory_zero(1, sizeof *session);
    session->ssl = SSL_new(context->ssl);
    session->received = BIO_new(BIO_s_mem());
    session->to_send = BIO_new(BIO_s_mem());
    CHECK(session->ssl && session->received && session->to_send);
    BIO_set_mem_eof_return(session->received, -1); /* empty means "later", not "end" */
    SSL_set_bio(session->ssl, session->received, session->to_send);
    if (context->client) {
        const char *name = context->server_name ? context->server_name : host;
        if (name && *name) expect_name(session->ssl, name, context->verify_peer);
        SSL_set_connect_state(session->ssl);
    } else {
        SSL_set_accept_state(session->ssl);
    }
    return session;
}

void tls_session_free(struct tls_session *session)
{
    if (!session) return;
    SSL_free(session->ssl);
    memory_free(session);
}

void tls_put_cipher(struct tls_session *session, struct view cipher)
{
    CHECK(cipher.size <= INT32_MAX);
    if (cipher.size) CHECK(BIO_write(session->received, cipher.data, (int)cipher.size) == (int)cipher.size);
}

void tls_take_cipher(struct tls_session *session, struct buffer *out)
{
    char *bytes;
    long size = BIO_get_mem_data(session->to_send, &bytes);
    if (size <= 0) return;
    buffer_append(out, bytes, (size_t)size);
    (void)BIO_reset(session->to_send);
}

static enum tls_result failed(struct tls_session *session, const char *doing, struct error *error)
{
    char reason[200];
    long verified = SSL_get_verify_result(session->ssl);
    if (verified != X509_V_OK) {
        ERR_clear_error();
        error_set(error, ERROR_TLS,
                  "TLS %s: the peer's certificate is not accepted: %s; check the certificate authorities and the host name", doing,
                  X509_verify_cert_error_string(verified));
    } else {
        error_set(error, ERROR_TLS, "TLS %s: %s", doing, reason_of(reason));
    }
    return TLS_FAILED;
}

static enum tls_result judge(struct tls_session *session, int status, const char *doing, struct error *error)
{
    switch (SSL_get_error(session->ssl, status)) {
    case SSL_ERROR_NONE: return TLS_DONE;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return TLS_WANT;
    case SSL_ERROR_ZERO_RETURN: return TLS_CLOSED;
    default: return failed(session, doing, error);
    }
}

enum tls_result tls_handshake(struct tls_session *session, struct error *error)
{
    ERR_clear_error();
    return judge(session, SSL_do_handshake(session->ssl), "handshake", error);
}

enum tls_result tls_read(struct tls_session *session, struct buffer *into, size_t most, struct error *error)
{
    enum { CHUNK = 16 * 1024 }; /* the largest record */
    ERR_clear_error();
    while (most > 0) {
        size_t wanted = most < CHUNK ? most : CHUNK, got = 0;
        uint8_t *room = buffer_reserve(into, wanted);
        if (!room) {
            error_set(error, ERROR_LIMIT, "more than %zu bytes received and not read", into->maximum);
            return TLS_FAILED;
        }
        int status = SSL_read_ex(session->ssl, room, wanted, &got);
        if (status != 1) return judge(session, status, "read", error);
        buffer_commit(into, got);
        most -= got;
    }
    return TLS_DONE;
}

enum tls_result tls_write(struct tls_session *session, struct view plain, struct error *error)
{
    ERR_clear_error();
    while (plain.size > 0) {
        size_t written = 0;
        int status = SSL_write_ex(session->ssl, plain.data, plain.size, &written);
        if (status != 1) return judge(session, status, "write", error); /* memory takes all, so only a failure comes here */
        plain = view_of(plain.data + written, plain.size - written);
    }
    return TLS_DONE;
}

void tls_say_end(struct tls_session *session)
{
    ERR_clear_error();
    if (SSL_is_init_finished(session->ssl)) (void)SSL_shutdown(session->ssl);
    ERR_clear_error();
}
