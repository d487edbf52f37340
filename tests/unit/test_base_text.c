/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that others read: JSON, log lines, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *text_of(struct buffer *buffer)
{
    buffer_u8(buffer, 0);
    return (const char *)buffer_view(buffer).data;
}

static void json_has_commas_and_escapes_where_they_belong(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    struct json json = json_into(&out);
    json_object_begin(&json);
    json_field_text(&json, "name", "a\"b\\c\n\x01\x7f\xC3\xA4\xF0\x9F\x98\x80");
    json_field_view(&json, "broken", view_of("x\xFFy\xC3", 4));
    json_field_i64(&json, "least", INT64_MIN);
    json_field_u64(&json, "most", UINT64_MAX);
    json_field_real(&json, "tenth", 0.1);
    json_field_real(&json, "share", 99.99912345678901);
    json_field_real(&json, "nan", NAN);
    json_field_boolean(&json, "yes", true);
    json_field_text(&json, "nothing", NULL);
    json_key(&json, "list");
    json_array_begin(&json);
    json_i64(&json, 1);
    json_array_begin(&json);
    json_array_end(&json);
    json_object_begin(&json);
    json_object_end(&json);
    json_array_end(&json);
    assert_false(json_complete(&json));
    json_object_end(&json);
    assert_true(json_complete(&json));
    assert_string_equal(
        text_of(&out),
        "{\"name\":\"a\\\"b\\\\c\\n\\u0001\\u007f\xC3\xA4\xF0\x9F\x98\x80\",\"broken\":\"x\xEF\xBF\xBDy\xEF\xBF\xBD\","
        "\"least\":-9223372036854775808,\"most\":18446744073709551615,\"tenth\":0.1,\"share\":99.99912345678901,\"nan\":null,"
        "\"yes\":true,\"nothing\":null,\"list\":[1,[],{}]}");
    buffer_release(&out);
}

static void json_that_did_not_fit_is_not_complete(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 20);
    struct json json = json_into(&out);
    json_array_begin(&json);
    for (int i = 0; i < 20; i++) json_i64(&json, i);
    json_array_end(&json);
    assert_false(json_complete(&json));
    buffer_release(&out);
}

static void escaping_cuts_between_characters(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(json_escape(view_text("abc\"\"def"), out, 4), 3);
    assert_int_equal(json_escape(view_text("abc\"\"def"), out, 5), 5);
    assert_int_equal(json_escape(view_text("ab\xC3\xA4"), out, 3), 2);
}

/* ---- log ---- */

static char log_file[] = "/tmp/understudy-log-XXXXXX";

static void begin_log(enum log_level level, enum log_format format)
{
    struct error error = {0};
    strcpy(log_file + sizeof log_file - 7, "XXXXXX");
    close(mkstemp(log_file));
    assert_true(log_open(log_file, level, format, &error));
}

static void end_log(char *out, size_t size)
{
    struct error error = {0};
    FILE *file = fopen(log_file, "r");
    size_t got = fread(out, 1, size - 1, file);
    out[got] = '\0';
    fclose(file);
    unlink(log_file);
    assert_true(log_open(NULL, LOG_ERROR, LOG_FORMAT_TEXT, &error));
}

static void a_line_is_an_event_with_its_fields(void **state)
{
    (void)state;
    char text[8192];
    struct error error;
    error_set(&error, ERROR_TARGET, "duplicate key");
    strcpy(error.sqlstate, "23505");
    begin_log(LOG_INFO, LOG_FORMAT_TEXT);
    LOG(LOG_DEBUG, "not.shown");
    LOG(LOG_INFO, "session.opened", log_u64("session", 42), log_text("user", "SCOTT"), log_text("program", "a \"b\" c"), log_i64("n", -1),
        log_real("share", 0.5), log_boolean("tls", false), log_text("empty", ""), log_text(NULL, "x"));
    LOG(LOG_ERROR, "mirror.failed", log_failure(&error));
    end_log(text, sizeof text);
    char *first = text + strlen("time=2026-01-31T23:59:59.123456Z");
    assert_memory_equal(text, "time=20", 7);
    char *second = strchr(first, '\n') + 1;
    second[-1] = '\0';
    assert_string_equal(
        first, " level=info event=session.opened session=42 user=SCOTT program=\"a \\\"b\\\" c\" n=-1 share=0.5 tls=false empty=\"\"");
    assert_string_equal(strchr(second, ' '), " level=error event=mirror.failed code=TARGET sqlstate=23505 error=\"duplicate key\"\n");
}

static void a_line_may_be_json(void **state)
{
    (void)state;
    char text[8192];
    begin_log(LOG_DEBUG, LOG_FORMAT_JSON);
    LOG(LOG_DEBUG, "a.b", log_text("text", "x\ny"), log_u64("n", 1), log_boolean("b", true), log_real("r", NAN));
    end_log(text, sizeof text);
    assert_memory_equal(text, "{\"time\":\"20", 11);
    assert_string_equal(strchr(text, ','), ",\"level\":\"debug\",\"event\":\"a.b\",\"text\":\"x\\ny\",\"n\":1,\"b\":true,\"r\":null}\n");
}

static void a_long_line_is_cut_and_says_so(void **state)
{
    (void)state;
    char text[8192], long_text[3000];
    memset(long_text, '"', sizeof long_text);
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        struct view v = view_of(long_text, sizeof long_text);
        begin_log(LOG_INFO, (enum log_format)format);
        LOG(LOG_INFO, "a.b", log_view("one", v), log_view("two", v), log_view("three", v), log_u64("four", 4));
        end_log(text, sizeof text);
        assert_true(strlen(text) <= LOG_LINE_MAX);
        assert_non_null(strstr(text, "..."));
        assert_null(strstr(text, "three"));
        const char *end = format == LOG_FORMAT_JSON ? ",\"cut\":true}\n" : " cut=true\n";
        assert_string_equal(text + strlen(text) - strlen(end), end);
    }
}

static void a_file_moved_away_is_opened_again(void **state)
{
    (void)state;
    char text[8192], moved[64];
    struct error error = {0};
    begin_log(LOG_INFO, LOG_FORMAT_TEXT);
    LOG(LOG_INFO, "before.rotation");
    snprintf(moved, sizeof moved, "%s.1", log_file);
    assert_int_equal(rename(log_file, moved), 0);
    assert_true(log_reopen(&error));
    LOG(LOG_INFO, "after.rotation");
    end_log(text, sizeof text);
    assert_null(strstr(text, "before"));
    assert_non_null(strstr(text, "after"));
    unlink(moved);
    assert_false(log_open("/nowhere/at/all.log", LOG_INFO, LOG_FORMAT_TEXT, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_non_null(strstr(error.text, "/nowhere/at/all.log"));
    assert_true(log_open(NULL, LOG_ERROR, LOG_FORMAT_TEXT, &error));
}

static uint64_t fixed_now;
static uint64_t fixed(void *context)
{
    (void)context;
    return fixed_now;
}

static void what_repeats_is_logged_once_a_second(void **state)
{
    (void)state;
    const struct clock_source source = {.monotonic_us = fixed, .wall_us = fixed};
    char text[8192];
    begin_log(LOG_INFO, LOG_FORMAT_TEXT);
    clock_replace(&source);
    for (int i = 0; i < 300; i++) {
        fixed_now = 1769903999000000u + (uint64_t)i * 10000; /* 100 in each second */
        LOG_RATED(LOG_INFO, "peer.complained", log_u64("n", (uint64_t)i));
    }
    clock_replace(NULL);
    end_log(text, sizeof text);
    assert_string_equal(text, "time=2026-01-31T23:59:59.000000Z level=info event=peer.complained n=0\n"
                              "time=2026-02-01T00:00:00.000000Z level=info event=peer.complained left_out=99 n=100\n"
                              "time=2026-02-01T00:00:01.000000Z level=info event=peer.complained left_out=99 n=200\n");
}

/* ---- errors ---- */

static void an_error_tells_what_it_was_about(void **state)
{
    (void)state;
    struct error error;
    assert_false(error_set(&error, ERROR_NETWORK, "cannot connect to %s", "db"));
    assert_false(error_prefix(&error, "table %s", "EMP"));
    assert_string_equal(error.text, "table EMP: cannot connect to db");
    assert_int_equal(error.code, ERROR_NETWORK);
    error_set(&error, ERROR_IO, "again: %s", error.text); /* its own text as an argument */
    assert_string_equal(error.text, "again: table EMP: cannot connect to db");
    for (int i = 0; i < 100; i++) error_prefix(&error, "0123456789");
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    char huge[2000];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    error_prefix(&error, "%s", huge);
    assert_true(strlen(error.text) < sizeof error.text);
    assert_false(error_set(NULL, ERROR_IO, "nobody listens"));
    error_clear(&error);
    assert_int_equal(error.code, ERROR_NONE);
}

static void each_error_code_is_in_the_table(void **state)
{
    (void)state;
    for (int code = 0; code < ERROR_CODE_COUNT; code++) {
        assert_non_null(error_name((enum error_code)code));
        assert_true(error_http_status((enum error_code)code) >= 200);
        assert_int_equal(error_exit_status((enum error_code)code) == 0, code == ERROR_NONE);
    }
    assert_string_equal(error_name((enum error_code)999), "INTERNAL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_commas_and_escapes_where_they_belong),
        cmocka_unit_test(json_that_did_not_fit_is_not_complete),
        cmocka_unit_test(escaping_cuts_between_characters),
        cmocka_unit_test(a_line_is_an_event_with_its_fields),
        cmocka_unit_test(a_line_may_be_json),
        cmocka_unit_test(a_long_line_is_cut_and_says_so),
        cmocka_unit_test(a_file_moved_away_is_opened_again),
        cmocka_unit_test(what_repeats_is_logged_once_a_second),
        cmocka_unit_test(an_error_tells_what_it_was_about),
        cmocka_unit_test(each_error_code_is_in_the_table),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
