/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server and the client, one against the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "io/http.h"
#include "io/stream.h"

#include <stdio.h>

static struct http_server *server;

static void handle(void *context, const struct http_request *request, struct http_response *response)
{
    (void)context;
    if (strcmp(request->path, "/slow") == 0) clock_sleep_us(1500000);
    if (strcmp(request->path, "/missing") == 0) {
        response->status = 404;
        return;
    }
    const char *name = request->parameter(request, "name");
    const char *token = request->header(request, "Authorization");
    response->content_type = "application/json";
    buffer_printf(&response->body, "%s %s name=%s token=%s peer=%.9s body=" VIEW_FORMAT, request->method, request->path, name ? name : "-",
                  token ? token : "-", request->peer, VIEW_ARGUMENTS(request->body));
}

static int start(void **state)
{
    (void)state;
    struct error error = {0};
    server = http_server_start("127.0.0.1", 0, 100000, handle, NULL, &error);
    return server ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    http_server_stop(server);
    return 0;
}

static int call(const char *method, const char *path, const char *token, struct view body, struct buffer *answer, struct error *error)
{
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", http_server_port(server), path);
    return http_call(method, url, token, body, NULL, 30000, answer, error);
}

static void expect(const char *method, const char *path, const char *token, const char *body, int status, const char *text)
{
    struct error error = {0};
    struct buffer answer;
    buffer_init(&answer, 0);
    assert_int_equal(call(method, path, token, view_text(body), &answer, &error), status);
    buffer_u8(&answer, 0);
    assert_string_equal((const char *)buffer_view(&answer).data, text);
    buffer_release(&answer);
}

static void requests_reach_the_handler(void **state)
{
    (void)state;
    expect("GET", "/status", NULL, "", 200, "GET /status name=- token=- peer=127.0.0.1 body=");
    expect("GET", "/status?name=a%20b&x=1", "secret", "", 200, "GET /status name=a b token=Bearer secret peer=127.0.0.1 body=");
    expect("POST", "/phase", NULL, "{\"to\":\"shadow\"}", 200, "POST /phase name=- token=- peer=127.0.0.1 body={\"to\":\"shadow\"}");
    expect("POST", "/phase", NULL, "", 200, "POST /phase name=- token=- peer=127.0.0.1 body=");
    expect("DELETE", "/override", NULL, "", 200, "DELETE /override name=- token=- peer=127.0.0.1 body=");
    expect("GET", "/missing", NULL, "", 404, "");
}

static void call_slowly(void *context)
{
    struct error error = {0};
    struct buffer answer;
    buffer_init(&answer, 0);
    *(int *)context = call("GET", "/slow", NULL, view_of(NULL, 0), &answer, &error);
    buffer_release(&answer);
}

static void a_handler_that_waits_keeps_nobody_else_waiting(void **state)
{
    (void)state;
    struct error error = {0};
    int status = 0;
    struct thread *slow = thread_start("slow", call_slowly, &status, &error);
    assert_non_null(slow);
    clock_sleep_us(300000); /* it has begun */
    uint64_t began = clock_monotonic_us();
    expect("GET", "/status", NULL, "", 200, "GET /status name=- token=- peer=127.0.0.1 body=");
    assert_true(clock_monotonic_us() - began < 900000);
    thread_join(slow);
    assert_int_equal(status, 200);
}

static void a_body_over_its_limit_is_refused(void **state)
{
    (void)state;
    struct error error = {0};
    struct buffer answer;
    char *large = memory_zero(1, 200000);
    memset(large, 'x', 199999);
    buffer_init(&answer, 0);
    assert_int_equal(call("POST", "/phase", NULL, view_of(large, 99999), &answer, &error), 200);
    assert_int_equal(call("POST", "/phase", NULL, view_of(large, 199999), &answer, &error), 413);
    buffer_release(&answer);
    buffer_init(&answer, 1000);
    assert_int_equal(call("POST", "/phase", NULL, view_of(large, 5000), &answer, &error), 0);
    assert_int_equal(error.code, ERROR_LIMIT);
    buffer_release(&answer);
    memory_free(large);
}

static void a_call_that_fails_says_why(void **state)
{
    (void)state;
    struct error error = {0};
    struct buffer answer;
    char url[64];
    buffer_init(&answer, 0);
    struct socket_listener *silent = socket_listen("127.0.0.1", 0, &error);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", socket_listener_port(silent));
    assert_int_equal(http_call("GET", url, NULL, view_of(NULL, 0), NULL, 100, &answer, &error), 0);
    assert_int_equal(error.code, ERROR_TIMEOUT);
    socket_listener_close(silent);
    assert_int_equal(http_call("GET", url, NULL, view_of(NULL, 0), NULL, 1000, &answer, &error), 0);
    assert_int_equal(error.code, ERROR_NETWORK);
    assert_non_null(strstr(error.text, url));
    assert_int_equal(http_call("GET", "file:///etc/passwd", NULL, view_of(NULL, 0), NULL, 1000, &answer, &error), 0);
    assert_int_equal(error.code, ERROR_CONFIG);
    buffer_release(&answer);
}

static void a_taken_port_is_named(void **state)
{
    (void)state;
    struct error error = {0};
    assert_null(http_server_start("127.0.0.1", http_server_port(server), 1000, handle, NULL, &error));
    assert_int_equal(error.code, ERROR_ADDRESS_IN_USE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_reach_the_handler),
        cmocka_unit_test(a_handler_that_waits_keeps_nobody_else_waiting),
        cmocka_unit_test(a_body_over_its_limit_is_refused),
        cmocka_unit_test(a_call_that_fails_says_why),
        cmocka_unit_test(a_taken_port_is_named),
    };
    return cmocka_run_group_tests_name("http", tests, start, stop);
}
