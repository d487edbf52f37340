/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: what the INI reader takes and refuses, and options by their table. Errors are compared whole: people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/ini.h"
#include "base/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool collect(void *context, struct ini_place place, struct view section, struct view name, struct view value, struct error *error)
{
    (void)error;
    buffer_printf(context, "%u[" VIEW_FORMAT "]" VIEW_FORMAT "=" VIEW_FORMAT ";", place.line, VIEW_ARGUMENTS(section), VIEW_ARGUMENTS(name),
                  VIEW_ARGUMENTS(value));
    return true;
}

static void the_reader_takes_what_people_write(void **state)
{
    (void)state;
    static const char text[] =
        "\xEF\xBB\xBF# comment\r\n; another\r\n\r\n[source]\r\nhost = db1 # where it is\r\npassword = \"a # b\\\"c\\\\\" # kept\r\n"
        "  empty =\nhash = a#b\nequals = a=b\n[ user admin ] # x\nshow=1\nnone = # nothing";
    struct error error = {0};
    struct buffer out;
    buffer_init(&out, 0);
    assert_true(ini_read(view_text(text), "test.ini", collect, &out, &error));
    buffer_u8(&out, 0);
    assert_string_equal((const char *)out.data,
                        "5[source]host=db1;6[source]password=a # b\"c\\;7[source]empty=;8[source]hash=a#b;9[source]equals=a=b;11[user "
                        "admin]show=1;12[user admin]none=;");
    buffer_release(&out);
}

static void the_reader_names_the_line_that_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"[a]\nb\n", "test.ini:2: not understood: 'b'; write name = value, [section] or # comment"},
        {"[a]\nb c = 1\n", "test.ini:2: not understood: 'b c = 1'; write name = value, [section] or # comment"},
        {"[a\n", "test.ini:1: section without ']'; write [name]"},
        {"[ ]\n", "test.ini:1: section without a name; write [name]"},
        {"[a] b = 1\n", "test.ini:1: text after ']'; options go on lines of their own"},
        {"\n\na = \"b\n", "test.ini:3: the closing double quote is missing"},
        {"a = \"b\" c\n", "test.ini:1: text after the closing double quote; write \\\" for a quote within a value"},
        {"a = \"b\\", "test.ini:1: the closing double quote is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {0};
        struct buffer out;
        buffer_init(&out, 0);
        assert_false(ini_read(view_text(cases[i].text), "test.ini", collect, &out, &error));
        assert_int_equal(error.code, ERROR_CONFIG);
        assert_string_equal(error.text, cases[i].error);
        buffer_release(&out);
    }
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct error error = {0};
    struct buffer text;
    buffer_init(&text, INI_FILE_MAX);
    assert_false(ini_load("/nowhere/test.ini", &text, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_string_equal(error.text, "cannot open /nowhere/test.ini: No such file or directory; check the path");
    assert_false(ini_load("/dev/zero", &text, &error));
    assert_int_equal(error.code, ERROR_LIMIT);
    buffer_release(&text);
}

/* ---- options ---- */

enum mode { MODE_SAFE, MODE_FAST };
struct config {
    char host[16];
    char password[32];
    uint16_t port;
    uint32_t share, workers;
    uint64_t size, pause_us;
    uint32_t timeout_ms;
    int8_t level;
    bool tls;
    enum mode mode;
    double threshold, part;
};

static const char *const modes[] = {"safe", "fast", NULL};
static const struct option_row rows[] = {
    {OPTION_FIELD(struct config, host), "source", "host", OPTION_TEXT, NULL, .description = "Where the source is."},
    {OPTION_FIELD(struct config, password), "source", "password", OPTION_TEXT, "", .description = "Its password.", .secret = true},
    {OPTION_FIELD(struct config, port), "source", "port", OPTION_INTEGER, "1521", 1, 65535, .description = "Its port."},
    {OPTION_FIELD(struct config, tls), "source", "tls", OPTION_BOOLEAN, "no", .description = "Speak TLS."},
    {OPTION_FIELD(struct config, share), "work", "share", OPTION_PERCENT, "10%", .description = "How much | of it.", .reloadable = true},
    {OPTION_FIELD(struct config, workers), "work", "workers", OPTION_INTEGER, "2", 0, 64, .unit = "threads",
     .description = "Worker threads."},
    {OPTION_FIELD(struct config, size), "work", "size_max", OPTION_SIZE, "64M", 4096, INT64_C(1) << 40, .description = "Most bytes.",
     .reloadable = true},
    {OPTION_FIELD(struct config, pause_us), "work", "pause", OPTION_DURATION, "2s", 0, 10000000, .unit = "us", .description = "Pause."},
    {OPTION_FIELD(struct config, timeout_ms), "work", "timeout", OPTION_DURATION, "30s", .unit = "ms", .description = "Time-out."},
    {OPTION_FIELD(struct config, level), "work", "level", OPTION_INTEGER, "-3", -5, 5, .description = "Level."},
    {OPTION_FIELD(struct config, mode), "work", "mode", OPTION_CHOICE, "safe", .choices = modes, .description = "How."},
    {OPTION_FIELD(struct config, threshold), "work", "threshold", OPTION_REAL, "99.999", 50, 100, .description = "Consistency."},
    {OPTION_FIELD(struct config, part), "work", "part", OPTION_REAL, "1%", 0, 1, .description = "Part of it."},
};
static const struct option_table table = {rows, sizeof rows / sizeof *rows};

static void defaults_and_values_reach_their_members(void **state)
{
    (void)state;
    struct error error = {0};
    struct config config;
    option_check(&table);
    assert_true(option_read(&table, view_text("[source]\nhost=db\n"), "t", &config, NULL, NULL, &error));
    assert_string_equal(config.host, "db");
    assert_int_equal(config.port, 1521);
    assert_false(config.tls);
    assert_int_equal(config.share, 10);
    assert_int_equal(config.size, 64 << 20);
    assert_int_equal(config.pause_us, 2000000);
    assert_int_equal(config.timeout_ms, 30000);
    assert_int_equal(config.level, -3);
    assert_int_equal(config.mode, MODE_SAFE);
    assert_true(config.threshold == 99.999);
    assert_true(config.part == 0.01);
    static const char all[] =
        "[source]\nhost = 123456789012345\nport = 65535\ntls = Yes\n[work]\nshare = 100\nworkers=64\nsize_max = 1T\npause = 250us\n"
        "timeout = 1min\nlevel = 5\nmode = FAST\nthreshold = 50 \npart = 12.5%\n";
    if (!option_read(&table, view_text(all), "t", &config, NULL, NULL, &error)) fail_msg("%s", error.text);
    assert_string_equal(config.host, "123456789012345");
    assert_int_equal(config.port, 65535);
    assert_true(config.tls);
    assert_int_equal(config.share, 100);
    assert_int_equal(config.workers, 64);
    assert_true(config.size == UINT64_C(1) << 40);
    assert_int_equal(config.pause_us, 250);
    assert_int_equal(config.timeout_ms, 60000);
    assert_int_equal(config.level, 5);
    assert_int_equal(config.mode, MODE_FAST);
    assert_true(config.threshold == 50);
    assert_true(config.part == 0.125);
}

static void a_wrong_value_is_answered_with_a_right_one(void **state)
{
    (void)state;
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"[source]\nport=0", "t:3: source.port = 0 is not possible: write a whole number, 1 to 65535"},
        {"[source]\nport=65536", "t:3: source.port = 65536 is not possible: write a whole number, 1 to 65535"},
        {"[source]\nport=1e3", "t:3: source.port = 1e3 is not possible: write a whole number, 1 to 65535"},
        {"[source]\ntls=maybe", "t:3: source.tls = maybe is not possible: write true or false"},
        {"[source]\nhost=1234567890123456", "t:3: source.host = 1234567890123456 is not possible: write a text of at most 15 bytes"},
        {"[work]\nshare=101%", "t:3: work.share = 101% is not possible: write a percentage, 0% to 100%"},
        {"[work]\nsize_max=64", "t:3: work.size_max = 64 is not possible: write a size such as 64M, 4K to 1T"},
        {"[work]\nsize_max=1X", "t:3: work.size_max = 1X is not possible: write a size such as 64M, 4K to 1T"},
        {"[work]\npause=5", "t:3: work.pause = 5 is not possible: write a duration such as 30s, 0s to 10s, in whole us"},
        {"[work]\npause=11s", "t:3: work.pause = 11s is not possible: write a duration such as 30s, 0s to 10s, in whole us"},
        {"[work]\ntimeout=100us", "t:3: work.timeout = 100us is not possible: write a duration such as 30s, at least 0s, in whole ms"},
        {"[work]\ntimeout=2000d", "t:3: work.timeout = 2000d is not possible: write a duration such as 30s, at least 0s, in whole ms"},
        {"[work]\nmode=quick", "t:3: work.mode = quick is not possible: write one of safe, fast"},
        {"[work]\nlevel=-6", "t:3: work.level = -6 is not possible: write a whole number, -5 to 5"},
        {"[work]\nthreshold=101", "t:3: work.threshold = 101 is not possible: write a number, 50 to 100"},
        {"[work]\npart=101%", "t:3: work.part = 101% is not possible: write a number, 0 to 1"},
        {"[work]\npart=%", "t:3: work.part = % is not possible: write a number, 0 to 1"},
        {"[source]\npassword=12345678901234567890123456789012",
         "t:3: source.password = ******** is not possible: write a text of at most 31 bytes"},
        {"[source]\nhots=x", "t:3: section [source] has no option 'hots'; did you mean host in [source]?"},
        {"[source]\nworkers=1", "t:3: section [source] has no option 'workers'; did you mean workers in [work]?"},
        {"[source]\nzzzzzz=1", "t:3: section [source] has no option 'zzzzzz'"},
        {"[sauce]\nhost=1", "t:3: there is no section [sauce]; did you mean [source]?"},
        {"\nhost=1", "t:3: option before the first [section]"},
        {"[work]\nshare=1\nshare=2", "t:4: work.share stands in line 3 already; remove one"},
        {"[work]\nshare=1", "t: source.host is missing: Where the source is."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {0};
        struct config config;
        char text[200];
        snprintf(text, sizeof text, "\n%s\n", cases[i].line);
        assert_false(option_read(&table, view_text(text), "t", &config, NULL, NULL, &error));
        assert_int_equal(error.code, ERROR_CONFIG);
        assert_string_equal(error.text, cases[i].error);
    }
}

static void a_command_line_has_no_place(void **state)
{
    (void)state;
    struct error error = {0};
    struct config config;
    const struct option_row *row = option_find(&table, view_text("work"), view_text("share"));
    option_defaults(&table, &config);
    assert_true(option_set(row, &config, view_text("7"), (struct ini_place){0}, &error));
    assert_int_equal(config.share, 7);
    assert_false(option_set(row, &config, view_text("x"), (struct ini_place){0}, &error));
    assert_int_equal(error.code, ERROR_USAGE);
    assert_string_equal(error.text, "work.share = x is not possible: write a percentage, 0% to 100%");
}

static void sections_of_others_go_to_them(void **state)
{
    (void)state;
    struct error error = {0};
    struct config config;
    struct buffer out;
    buffer_init(&out, 0);
    assert_true(option_read(&table, view_text("[source]\nhost=a\n[webhook ops]\nurl = http://x\n"), "t", &config, collect, &out, &error));
    assert_true(view_equal(buffer_view(&out), view_text("4[webhook ops]url=http://x;")));
    buffer_release(&out);
}

static void note_change(void *context, const struct option_row *row, bool applied)
{
    buffer_printf(context, "%s:%s ", row->name, applied ? "now" : "restart");
}

static void a_reload_takes_what_may_change(void **state)
{
    (void)state;
    struct error error = {0};
    struct config running, fresh;
    struct buffer out;
    buffer_init(&out, 0);
    assert_true(option_read(&table, view_text("[source]\nhost=a\n"), "t", &running, NULL, NULL, &error));
    assert_true(option_read(&table, view_text("[source]\nhost=b\n[work]\nshare=50\n"), "t", &fresh, NULL, NULL, &error));
    option_reload(&table, &running, &fresh, note_change, &out);
    assert_true(view_equal(buffer_view(&out), view_text("host:restart share:now ")));
    assert_string_equal(running.host, "a");
    assert_int_equal(running.share, 50);
    buffer_release(&out);
}

static void printed_values_read_back_the_same(void **state)
{
    (void)state;
    struct error error = {0};
    struct config config, again;
    static const char text[] = "[source]\nhost=db\nport=1\ntls=on\n[work]\nsize_max=1025K\npause=1500ms\ntimeout=90s\nlevel=-5\nmode="
                               "fast\nthreshold=99.5\nshare=3\n";
    memset(&again, 0xAA, sizeof again);
    assert_true(option_read(&table, view_text(text), "t", &config, NULL, NULL, &error));
    option_defaults(&table, &again);
    for (size_t i = 0; i < table.count; i++) {
        struct buffer out;
        buffer_init(&out, 0);
        option_print_value(&rows[i], &config, &out);
        assert_true(option_set(&rows[i], &again, buffer_view(&out), (struct ini_place){0}, &error));
        assert_memory_equal((char *)&again + rows[i].offset, (char *)&config + rows[i].offset, rows[i].size);
        buffer_release(&out);
    }
}

static void secrets_are_never_printed(void **state)
{
    (void)state;
    struct error error = {0};
    struct config config;
    struct buffer out;
    buffer_init(&out, 0);
    assert_true(option_read(&table, view_text("[source]\nhost=a\npassword=tiger\n"), "t", &config, NULL, NULL, &error));
    option_print_text(&table, &config, &out);
    buffer_u8(&out, 0);
    assert_null(strstr((const char *)out.data, "tiger"));
    assert_non_null(strstr((const char *)out.data, "password = ********"));
    buffer_release(&out);
}

static void the_example_file_is_a_valid_one(void **state)
{
    (void)state;
    struct error error = {0};
    struct config config;
    struct buffer out;
    buffer_init(&out, 0);
    option_print_ini(&table, &out);
    if (!option_read(&table, buffer_view(&out), "t", &config, NULL, NULL, &error)) fail_msg("%s", error.text);
    buffer_clear(&out);
    option_print_markdown(&table, &out);
    buffer_u8(&out, 0);
    assert_non_null(strstr((const char *)out.data, "| `share` | a percentage, 0% to 100% | `10%` | yes | How much \\| of it. |\n"));
    assert_non_null(strstr((const char *)out.data, "| `workers` | a whole number, 0 to 64 (threads) | `2` | no | Worker threads. |\n"));
    assert_non_null(strstr((const char *)out.data, "| `host` | a text of at most 15 bytes | *must be given* | no |"));
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reader_takes_what_people_write),
        cmocka_unit_test(the_reader_names_the_line_that_is_wrong),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(defaults_and_values_reach_their_members),
        cmocka_unit_test(a_wrong_value_is_answered_with_a_right_one),
        cmocka_unit_test(a_command_line_has_no_place),
        cmocka_unit_test(sections_of_others_go_to_them),
        cmocka_unit_test(a_reload_takes_what_may_change),
        cmocka_unit_test(printed_values_read_back_the_same),
        cmocka_unit_test(secrets_are_never_printed),
        cmocka_unit_test(the_example_file_is_a_valid_one),
    };
    return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
