/* SPDX-License-Identifier: Apache-2.0 */
/* TLS over loopback with a certificate made here: streams and blocking sockets, verification, renegotiation, peers that do not speak TLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/thread.h"
#include "io/stream.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/understudy-tls-XXXXXX";
static char certificate_file[64], key_file[64];

static void add_names(X509 *certificate)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
}

static int make_certificate(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(certificate_file, sizeof certificate_file, "%s/server.crt", folder);
    snprintf(key_file, sizeof key_file, "%s/server.key", folder);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    add_names(certificate);
    X509_sign(certificate, key, EVP_sha256());
    FILE *file = fopen(certificate_file, "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    file = fopen(key_file, "w");
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return 0;
}

static int remove_certificate(void **state)
{
    (void)state;
    unlink(certificate_file);
    unlink(key_file);
    return rmdir(folder);
}

static struct tls_context *server_context(void)
{
    struct error error = {0};
    struct tls_context *context =
        tls_context_new(&(struct tls_options){.certificate_file = certificate_file, .key_file = key_file}, &error);
    if (!context) fail_msg("%s", error.text);
    return context;
}

static struct tls_context *client_context(const char *server_name)
{
    struct error error = {0};
    struct tls_context *context = tls_context_new(
        &(struct tls_options){.client = true, .verify_peer = true, .ca_file = certificate_file, .server_name = server_name}, &error);
    if (!context) fail_msg("%s", error.text);
    return context;
}

/* ---- streams on a loop ---- */

struct world {
    struct loop *loop;
    struct listener *listener;
    struct tls_context *server_tls, *client_tls;
    struct stream *client, *server;
    struct buffer got;
    size_t expected;
    unsigned opened, input_max;
    struct error client_why, server_why;
    bool timed_out;
};

static void stop_late(void *context)
{
    struct world *world = context;
    world->timed_out = true;
    loop_stop(world->loop);
}

static void client_opened(void *context)
{
    struct world *world = context;
    world->opened++;
}

static void client_readable(void *context)
{
    struct world *world = context;
    struct view input = stream_input(world->client);
    buffer_append_view(&world->got, input);
    stream_consume(world->client, input.size);
    if (buffer_size(&world->got) >= world->expected) loop_stop(world->loop);
}

static void client_closed(void *context, const struct error *why)
{
    struct world *world = context;
    world->client_why = *why;
    loop_stop(world->loop);
}

static void server_readable(void *context)
{
    struct world *world = context;
    struct view input = stream_input(world->server);
    stream_write(world->server, input);
    stream_consume(world->server, input.size);
}

static void server_closed(void *context, const struct error *why)
{
    struct world *world = context;
    world->server_why = *why;
}

static const struct stream_events client_events = {.opened = client_opened, .readable = client_readable, .closed = client_closed};
static const struct stream_events server_events = {.readable = server_readable, .closed = server_closed};

static void on_accepted(void *context, struct stream *stream)
{
    struct world *world = context;
    world->server = stream;
    stream_set_events(stream, &server_events, world);
}

static void begin(struct world *world, const char *host, const char *server_name, bool server_speaks_tls)
{
    struct error error = {0};
    *world = (struct world){.loop = loop_new()};
    buffer_init(&world->got, 0);
    world->server_tls = server_context();
    world->client_tls = client_context(server_name);
    struct timer *limit = timer_new(world->loop, stop_late, world);
    timer_start(limit, 90000000, 0);
    world->listener =
        listener_new(world->loop, "127.0.0.1", 0, server_speaks_tls ? world->server_tls : NULL, 100000, on_accepted, world, &error);
    assert_non_null(world->listener);
    world->client =
        stream_connect(world->loop, host, listener_port(world->listener), world->client_tls, 30000, 70000, &client_events, world);
}

static void end(struct world *world)
{
    assert_false(world->timed_out);
    loop_free(world->loop);
    tls_context_free(world->server_tls);
    tls_context_free(world->client_tls);
    buffer_release(&world->got);
}

static uint8_t *pattern(size_t size)
{
    uint8_t *bytes = memory_alloc(size);
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    return bytes;
}

static void bytes_come_back_through_tls(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 16384, 16385, 1000000, 10000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct world world;
        uint8_t *bytes = pattern(sizes[i]);
        begin(&world, i % 2 ? "127.0.0.1" : "localhost", NULL, true);
        world.expected = sizes[i];
        stream_write(world.client, view_of(bytes, sizes[i]));
        loop_run(world.loop);
        if (world.client_why.code) fail_msg("%s", world.client_why.text);
        assert_int_equal(world.opened, 1);
        assert_true(view_equal(buffer_view(&world.got), view_of(bytes, sizes[i])));
        stream_close(world.client);
        end(&world);
        memory_free(bytes);
    }
}

static void pause_then_resume(void *context)
{
    struct world *world = context;
    stream_pause(world->client, false);
}

static void client_opened_pauses(void *context)
{
    struct world *world = context;
    struct timer *resume = timer_new(world->loop, pause_then_resume, world);
    timer_start(resume, 50000, 0);
    stream_pause(world->client, true);
}

/* Plain text that waits inside the TLS session is known to no descriptor. */
static void a_paused_stream_goes_on_with_what_tls_holds(void **state)
{
    (void)state;
    const struct stream_events pausing = {.opened = client_opened_pauses, .readable = client_readable, .closed = client_closed};
    struct world world;
    uint8_t *bytes = pattern(200000);
    begin(&world, "localhost", NULL, true);
    stream_set_events(world.client, &pausing, &world);
    world.expected = 200000;
    stream_write(world.client, view_of(bytes, 200000));
    loop_run(world.loop);
    assert_true(view_equal(buffer_view(&world.got), view_of(bytes, 200000)));
    memory_free(bytes);
    end(&world);
}

static void a_certificate_for_another_name_is_refused(void **state)
{
    (void)state;
    struct world world;
    begin(&world, "localhost", "db.example.com", true);
    loop_run(world.loop);
    assert_int_equal(world.client_why.code, ERROR_TLS);
    assert_non_null(strstr(world.client_why.text, "certificate is not accepted"));
    assert_int_equal(world.opened, 0);
    end(&world);
}

static void a_certificate_of_an_unknown_authority_is_refused(void **state)
{
    (void)state;
    struct world world;
    struct error error = {0};
    begin(&world, "127.0.0.1", NULL, true);
    stream_abort(world.client);
    tls_context_free(world.client_tls);
    world.client_tls = tls_context_new(&(struct tls_options){.client = true, .verify_peer = true}, &error);
    assert_non_null(world.client_tls);
    world.client =
        stream_connect(world.loop, "127.0.0.1", listener_port(world.listener), world.client_tls, 30000, 70000, &client_events, &world);
    loop_run(world.loop);
    assert_int_equal(world.client_why.code, ERROR_TLS);
    end(&world);
}

static void a_server_that_does_not_speak_tls_is_told_apart(void **state)
{
    (void)state;
    struct world world;
    begin(&world, "localhost", NULL, false); /* it echoes the client's hello */
    loop_run(world.loop);
    assert_int_equal(world.client_why.code, ERROR_TLS);
    end(&world);
}

static void unusable_files_are_named(void **state)
{
    (void)state;
    struct error error = {0};
    assert_null(tls_context_new(&(struct tls_options){.certificate_file = "/nowhere/server.crt"}, &error));
    assert_int_equal(error.code, ERROR_TLS);
    assert_non_null(strstr(error.text, "/nowhere/server.crt"));
    assert_null(tls_context_new(&(struct tls_options){.certificate_file = certificate_file, .key_file = certificate_file}, &error));
    assert_non_null(strstr(error.text, "key"));
    assert_null(tls_context_new(&(struct tls_options){0}, &error));
}

/* ---- blocking sockets ---- */

struct echo {
    struct socket_listener *listener;
    struct tls_context *tls;
};

static void echo_run(void *context)
{
    struct echo *echo = context;
    struct error error = {0};
    for (;;) {
        struct socket_stream *stream = socket_accept(echo->listener, echo->tls, &error);
        if (!stream) return;
        struct buffer bytes;
        buffer_init(&bytes, 0);
        while (socket_read(stream, &bytes, 65536, 30000, &error)) {
            if (!socket_write(stream, buffer_view(&bytes), 30000, &error)) break;
            buffer_clear(&bytes);
        }
        buffer_release(&bytes);
        socket_close(stream);
    }
}

static void echo_through_sockets(struct tls_context *server, struct tls_context *client)
{
    struct error error = {0};
    struct echo echo = {.tls = server, .listener = socket_listen("127.0.0.1", 0, &error)};
    struct thread *thread = thread_start("echo", echo_run, &echo, &error);
    struct socket_stream *stream = socket_connect("localhost", socket_listener_port(echo.listener), client, 30000, &error);
    if (!stream) fail_msg("%s", error.text);
    uint8_t *bytes = pattern(100000);
    struct buffer back;
    buffer_init(&back, 0);
    assert_true(socket_write(stream, view_of(bytes, 100000), 30000, &error));
    while (buffer_size(&back) < 100000) assert_true(socket_read(stream, &back, 4096, 30000, &error));
    assert_true(view_equal(buffer_view(&back), view_of(bytes, 100000)));
    assert_false(socket_read(stream, &back, 4096, 50, &error));
    assert_int_equal(error.code, ERROR_TIMEOUT);
    socket_close(stream);
    socket_listener_stop(echo.listener);
    thread_join(thread);
    socket_listener_close(echo.listener);
    buffer_release(&back);
    memory_free(bytes);
}

static void blocking_sockets_echo(void **state)
{
    (void)state;
    struct tls_context *server = server_context(), *client = client_context(NULL);
    echo_through_sockets(NULL, NULL);
    echo_through_sockets(server, client);
    tls_context_free(server);
    tls_context_free(client);
}

static void a_blocking_connection_refused_says_what_to_check(void **state)
{
    (void)state;
    struct error error = {0};
    struct socket_listener *listener = socket_listen("127.0.0.1", 0, &error);
    uint16_t port = socket_listener_port(listener);
    assert_null(socket_listen("127.0.0.1", port, &error));
    assert_int_equal(error.code, ERROR_ADDRESS_IN_USE);
    socket_listener_close(listener);
    assert_null(socket_connect("127.0.0.1", port, NULL, 1000, &error));
    assert_int_equal(error.code, ERROR_NETWORK);
    assert_non_null(strstr(error.text, "Connection refused"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back_through_tls),
        cmocka_unit_test(a_paused_stream_goes_on_with_what_tls_holds),
        cmocka_unit_test(a_certificate_for_another_name_is_refused),
        cmocka_unit_test(a_certificate_of_an_unknown_authority_is_refused),
        cmocka_unit_test(a_server_that_does_not_speak_tls_is_told_apart),
        cmocka_unit_test(unusable_files_are_named),
        cmocka_unit_test(blocking_sockets_echo),
        cmocka_unit_test(a_blocking_connection_refused_says_what_to_check),
    };
    return cmocka_run_group_tests_name("tls", tests, make_certificate, remove_certificate);
}
