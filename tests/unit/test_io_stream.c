/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over loopback: echo, gathering, back-pressure, limits, closing from within callbacks, errors. Each test runs a real loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/limit.h"
#include "base/memory.h"
#include "io/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct peer {
    struct world *world;
    struct stream *stream;
    struct buffer got;
    size_t received, expected; /* the loop stops when so much came */
    unsigned opened, readable, drained, closed;
    struct error why;
    bool keep_input;
};

struct world {
    struct loop *loop;
    struct listener *listener;
    struct timer *limit;
    struct peer client, server;
    bool echo;
    bool timed_out;
    unsigned to_close; /* the loop stops when so many `closed` came */
    unsigned closed;
};

static void on_limit(void *context)
{
    struct world *world = context;
    world->timed_out = true;
    loop_stop(world->loop);
}

static void on_opened(void *context)
{
    struct peer *peer = context;
    peer->opened++;
}

static void on_readable(void *context)
{
    struct peer *peer = context;
    struct view input = stream_input(peer->stream);
    peer->readable++;
    if (peer->keep_input) return;
    if (peer == &peer->world->server && peer->world->echo)
        stream_write(peer->stream, input);
    else
        buffer_append_view(&peer->got, input);
    peer->received += input.size;
    stream_consume(peer->stream, input.size);
    if (peer->expected && peer->received >= peer->expected) loop_stop(peer->world->loop);
}

static void on_drained(void *context)
{
    struct peer *peer = context;
    peer->drained++;
}

static void on_closed(void *context, const struct error *why)
{
    struct peer *peer = context;
    peer->closed++;
    peer->why = *why;
    if (++peer->world->closed == peer->world->to_close) loop_stop(peer->world->loop);
}

static const struct stream_events events = {.opened = on_opened, .readable = on_readable, .drained = on_drained, .closed = on_closed};

static void on_accepted(void *context, struct stream *stream)
{
    struct world *world = context;
    world->server.stream = stream;
    stream_set_events(stream, &events, &world->server);
}

static void begin(struct world *world)
{
    struct error error = {0};
    *world = (struct world){.loop = loop_new()};
    world->client.world = world->server.world = world;
    buffer_init(&world->client.got, 0);
    buffer_init(&world->server.got, 0);
    world->limit = timer_new(world->loop, on_limit, world);
    timer_start(world->limit, 90000000, 0); /* for what hangs; a machine that is busy is waited for */
    world->listener = listener_new(world->loop, "127.0.0.1", 0, NULL, 1 << 20, on_accepted, world, &error);
    assert_non_null(world->listener);
}

static void begin_connected(struct world *world)
{
    begin(world);
    world->client.stream =
        stream_connect(world->loop, "127.0.0.1", listener_port(world->listener), NULL, 30000, 1 << 20, &events, &world->client);
}

static void run_for(struct world *world, uint64_t us)
{
    struct timer *stop = timer_new(world->loop, (loop_task *)loop_stop, world->loop);
    timer_start(stop, us, 0);
    loop_run(world->loop);
    timer_free(stop);
}

static void end(struct world *world)
{
    assert_false(world->timed_out);
    loop_free(world->loop);
    buffer_release(&world->client.got);
    buffer_release(&world->server.got);
}

static uint8_t *pattern(size_t size)
{
    uint8_t *bytes = memory_alloc(size);
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    return bytes;
}

static void bytes_come_back_as_they_went(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 8192, 16384, 1000000, 20000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct world world;
        uint8_t *bytes = pattern(sizes[i]);
        begin_connected(&world);
        world.echo = true;
        world.client.expected = sizes[i];
        stream_write(world.client.stream, view_of(bytes, sizes[i])); /* before it is connected */
        loop_run(world.loop);
        assert_int_equal(world.client.opened, 1);
        assert_int_equal(world.server.opened, 1);
        assert_true(view_equal(buffer_view(&world.client.got), view_of(bytes, sizes[i])));
        end(&world);
        memory_free(bytes);
    }
}

static void write_many(void *context)
{
    struct peer *peer = context;
    for (int i = 0; i < 100; i++) stream_write(peer->stream, view_of("0123456789", 10));
}

static void the_writes_of_a_turn_leave_together(void **state)
{
    (void)state;
    struct world world;
    begin_connected(&world);
    world.server.expected = 1000;
    loop_post(world.loop, write_many, &world.client);
    loop_run(world.loop);
    assert_int_equal(world.server.received, 1000);
    assert_int_equal(world.server.readable, 1);
    end(&world);
}

struct flood {
    struct world world;
    size_t most_pending;
    size_t to_send;
};

static void resume_server(void *context)
{
    struct world *world = context;
    stream_pause(world->server.stream, false);
}

static void pump(struct flood *flood)
{
    struct stream *stream = flood->world.client.stream;
    static const uint8_t zeros[64 * 1024];
    while (flood->to_send > 0 && stream_pending(stream) <= LIMIT_SESSION_OUTPUT_HIGH_BYTES) {
        size_t size = flood->to_send < sizeof zeros ? flood->to_send : sizeof zeros;
        stream_write(stream, view_of(zeros, size));
        flood->to_send -= size;
    }
    if (stream_pending(stream) > flood->most_pending) flood->most_pending = stream_pending(stream);
}

static void flood_opened(void *context)
{
    struct peer *peer = context;
    peer->opened++;
    pump((struct flood *)peer->world);
}

static void flood_drained(void *context)
{
    struct peer *peer = context;
    peer->drained++;
    pump((struct flood *)peer->world);
}

static void a_slow_reader_slows_the_writer(void **state)
{
    (void)state;
    struct flood flood = {.to_send = 64u << 20};
    const struct stream_events flooding = {.opened = flood_opened, .readable = on_readable, .drained = flood_drained, .closed = on_closed};
    begin_connected(&flood.world);
    stream_set_events(flood.world.client.stream, &flooding, &flood.world.client);
    flood.world.server.expected = 64u << 20;
    while (!flood.world.server.stream) run_for(&flood.world, 1000);
    stream_pause(flood.world.server.stream, true);
    timer_start(timer_new(flood.world.loop, resume_server, &flood.world), 200000, 0);
    loop_run(flood.world.loop);
    assert_int_equal(flood.world.server.received, 64u << 20);
    assert_true(flood.most_pending > LIMIT_SESSION_OUTPUT_HIGH_BYTES);
    assert_true(flood.most_pending <= LIMIT_SESSION_OUTPUT_HIGH_BYTES + 64 * 1024);
    assert_true(flood.world.client.drained > 0);
    end(&flood.world);
}

static void consume_all(void *context)
{
    struct peer *peer = context;
    peer->keep_input = false;
    on_readable(peer);
}

static void input_that_is_not_consumed_stops_at_its_maximum(void **state)
{
    (void)state;
    struct world world;
    size_t size = 3 << 20;
    uint8_t *bytes = pattern(size);
    begin_connected(&world);
    world.server.keep_input = true;
    world.server.expected = size;
    stream_write(world.client.stream, view_of(bytes, size));
    while (!world.timed_out && (!world.server.stream || stream_input(world.server.stream).size < 1 << 20)) run_for(&world, 10000);
    run_for(&world, 100000); /* and no more comes */
    assert_int_equal(stream_input(world.server.stream).size, 1 << 20);
    loop_post(world.loop, consume_all, &world.server);
    loop_run(world.loop);
    assert_true(view_equal(buffer_view(&world.server.got), view_of(bytes, size)));
    memory_free(bytes);
    end(&world);
}

static void the_end_comes_after_the_bytes(void **state)
{
    (void)state;
    struct world world;
    size_t size = 5000000;
    uint8_t *bytes = pattern(size);
    begin_connected(&world);
    world.to_close = 1;
    stream_write(world.client.stream, view_of(bytes, size));
    while (!world.client.opened) run_for(&world, 1000);
    stream_close(world.client.stream); /* with most of it still queued */
    loop_run(world.loop);
    assert_int_equal(world.server.closed, 1);
    assert_int_equal(world.server.why.code, ERROR_NONE);
    assert_true(view_equal(buffer_view(&world.server.got), view_of(bytes, size)));
    assert_int_equal(world.client.closed, 0);
    end(&world);
    memory_free(bytes);
}

/* Close or abort in each callback, on both sides; the address sanitizer watches. */
struct closer {
    struct world world;
    int in; /* callback in which it happens */
    bool abort;
    bool done;
};
enum { IN_ACCEPTED, IN_OPENED, IN_READABLE, IN_CLOSED, IN_COUNT };

static void close_in(struct closer *closer, struct peer *peer, int where)
{
    if (closer->in != where || closer->done) return;
    closer->done = true;
    stream_write(peer->stream, view_of("bye", 3));
    if (closer->abort)
        stream_abort(peer->stream);
    else
        stream_close(peer->stream);
    struct timer *stop = timer_new(closer->world.loop, (loop_task *)loop_stop, closer->world.loop);
    timer_start(stop, 20000, 0);
}

static void closer_opened(void *context)
{
    struct peer *peer = context;
    close_in((struct closer *)peer->world, peer, IN_OPENED);
}

static void closer_readable(void *context)
{
    struct peer *peer = context;
    struct closer *closer = (struct closer *)peer->world;
    if (peer == &peer->world->server && closer->in != IN_READABLE) stream_write(peer->stream, view_of("pong", 4));
    if (closer->in == IN_CLOSED && peer == &peer->world->server)
        stream_abort(peer->stream);
    else
        close_in(closer, peer, IN_READABLE);
}

static void closer_closed(void *context, const struct error *why)
{
    struct peer *peer = context;
    (void)why;
    if (peer == &peer->world->client) close_in((struct closer *)peer->world, peer, IN_CLOSED);
}

static const struct stream_events closer_events = {.opened = closer_opened, .readable = closer_readable, .closed = closer_closed};

static void closer_accepted(void *context, struct stream *stream)
{
    struct closer *closer = context;
    closer->world.server.stream = stream;
    stream_set_events(stream, &closer_events, &closer->world.server);
    close_in(closer, &closer->world.server, IN_ACCEPTED);
}

static void streams_may_be_closed_in_every_callback(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * IN_COUNT; i++) {
        struct error error = {0};
        struct closer closer = {.in = i / 2, .abort = i % 2};
        begin(&closer.world);
        closer.world.client.world = closer.world.server.world = &closer.world;
        listener_free(closer.world.listener);
        closer.world.listener = listener_new(closer.world.loop, "127.0.0.1", 0, NULL, 1 << 16, closer_accepted, &closer, &error);
        closer.world.client.stream = stream_connect(closer.world.loop, "127.0.0.1", listener_port(closer.world.listener), NULL, 30000,
                                                    1 << 16, &closer_events, &closer.world.client);
        stream_write(closer.world.client.stream, view_of("ping", 4));
        loop_run(closer.world.loop);
        assert_true(closer.done);
        end(&closer.world);
    }
}

static uint16_t unused_port(struct world *world)
{
    uint16_t port = listener_port(world->listener);
    listener_free(world->listener);
    return port;
}

static void a_refused_connection_says_what_to_check(void **state)
{
    (void)state;
    struct world world;
    char expected[64];
    begin(&world);
    uint16_t port = unused_port(&world);
    world.to_close = 1;
    world.client.stream = stream_connect(world.loop, "localhost", port, NULL, 30000, 1 << 16, &events, &world.client);
    loop_run(world.loop);
    assert_int_equal(world.client.why.code, ERROR_NETWORK);
    snprintf(expected, sizeof expected, "cannot connect to localhost port %u: Connection refused", port);
    assert_non_null(strstr(world.client.why.text, expected));
    assert_non_null(strstr(world.client.why.text, "is a server running there"));
    stream_close(world.client.stream);
    end(&world);
}

static void an_unknown_host_is_named(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.to_close = 1;
    world.client.stream = stream_connect(world.loop, "no-such-host.invalid", 1521, NULL, 60000, 1 << 16, &events, &world.client);
    loop_run(world.loop);
    assert_int_equal(world.client.why.code, ERROR_NETWORK);
    assert_non_null(strstr(world.client.why.text, "cannot find host no-such-host.invalid"));
    end(&world);
}

static void a_silent_host_times_out(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.to_close = 1;
    uint64_t before = clock_monotonic_us();
    world.client.stream = stream_connect(world.loop, "192.0.2.1", 1521, NULL, 300, 1 << 16, &events, &world.client);
    loop_run(world.loop);
    assert_true(clock_monotonic_us() - before < 30000000);
    assert_true(world.client.why.code == ERROR_TIMEOUT || world.client.why.code == ERROR_NETWORK); /* some machines have no route at all */
    assert_non_null(strstr(world.client.why.text, "192.0.2.1 port 1521"));
    end(&world);
}

static void a_taken_address_is_named(void **state)
{
    (void)state;
    struct world world;
    struct error error = {0};
    begin(&world);
    uint16_t port = unused_port(&world);
    struct socket_listener *other = socket_listen("127.0.0.1", port, &error); /* not shared: as another program's */
    assert_non_null(other);
    assert_null(listener_new(world.loop, "127.0.0.1", port, NULL, 1 << 16, on_accepted, &world, &error));
    assert_int_equal(error.code, ERROR_ADDRESS_IN_USE);
    char expected[64];
    snprintf(expected, sizeof expected, "127.0.0.1 port %u", port);
    assert_non_null(strstr(error.text, expected));
    socket_listener_close(other);
    end(&world);
}

/* Another process that shares its port would silently take half of our connections. */
static void a_shared_address_of_another_process_counts_as_taken(void **state)
{
    (void)state;
    struct error error = {0};
    int ports[2], stop[2];
    uint16_t port = 0;
    assert_int_equal(pipe(ports), 0);
    assert_int_equal(pipe(stop), 0);
    pid_t child = fork();
    if (child == 0) {
        char c;
        struct loop *loop = loop_new();
        struct listener *listener = listener_new(loop, "127.0.0.1", 0, NULL, 1 << 16, on_accepted, NULL, &error);
        port = listener ? listener_port(listener) : 0;
        close(stop[1]);
        _exit(write(ports[1], &port, sizeof port) == sizeof port && read(stop[0], &c, 1) == 0 ? 0 : 1);
    }
    assert_int_equal(read(ports[0], &port, sizeof port), sizeof port);
    struct loop *loop = loop_new();
    assert_null(listener_new(loop, "127.0.0.1", port, NULL, 1 << 16, on_accepted, NULL, &error));
    assert_int_equal(error.code, ERROR_ADDRESS_IN_USE);
    loop_free(loop);
    close(stop[1]);
    close(stop[0]);
    close(ports[0]);
    close(ports[1]);
}

static void several_loops_listen_on_one_address(void **state)
{
    (void)state;
    struct world world;
    struct error error = {0};
    begin(&world);
    struct loop *other = loop_new();
    struct listener *second = listener_new(other, "127.0.0.1", listener_port(world.listener), NULL, 1 << 16, on_accepted, &world, &error);
    assert_non_null(second);
    loop_free(other);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back_as_they_went),
        cmocka_unit_test(the_writes_of_a_turn_leave_together),
        cmocka_unit_test(a_slow_reader_slows_the_writer),
        cmocka_unit_test(input_that_is_not_consumed_stops_at_its_maximum),
        cmocka_unit_test(the_end_comes_after_the_bytes),
        cmocka_unit_test(streams_may_be_closed_in_every_callback),
        cmocka_unit_test(a_refused_connection_says_what_to_check),
        cmocka_unit_test(an_unknown_host_is_named),
        cmocka_unit_test(a_silent_host_times_out),
        cmocka_unit_test(a_taken_address_is_named),
        cmocka_unit_test(a_shared_address_of_another_process_counts_as_taken),
        cmocka_unit_test(several_loops_listen_on_one_address),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
