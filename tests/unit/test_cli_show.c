/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands say of the daemon's answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/show.h"

#include <string.h>

static struct buffer out;

static const char *said(void)
{
    buffer_u8(&out, 0);
    return (const char *)buffer_view(&out).data;
}

static const char *value(const char *json, const char *path, const char *kind)
{
    struct json_t *document = show_parse(view_text(json));
    assert_non_null(document);
    buffer_clear(&out);
    show_value(document, path, kind, &out);
    show_release(document);
    return said();
}

static void each_kind_is_said_as_people_read_it(void **state)
{
    (void)state;
    static const struct {
        const char *json, *kind, *wanted;
    } cases[] = {
        {"{\"a\":0}", "count", "0"},
        {"{\"a\":999}", "count", "999"},
        {"{\"a\":1000}", "count", "1,000"},
        {"{\"a\":1234567}", "count", "1,234,567"},
        {"{\"a\":-1234}", "count", "-1,234"},
        {"{\"a\":0.34}", "rate", "0.3"},
        {"{\"a\":1.3e-10}", "rate", "0"},
        {"{\"a\":15265.2}", "rate", "15,265"},
        {"{\"a\":0.99998999999}", "share", "0.9999899"}, /* never more than it is */
        {"{\"a\":1}", "share", "1.0000000"},
        {"{\"a\":0}", "us", "-"},
        {"{\"a\":703}", "us", "0.7 ms"},
        {"{\"a\":2300000}", "us", "2.3 s"},
        {"{\"a\":96.8}", "ms", "96.8 ms"},
        {"{\"a\":59.94}", "s", "59.9 s"},
        {"{\"a\":61}", "s", "1 min 01 s"},
        {"{\"a\":4320}", "s", "1 h 12 min"},
        {"{\"a\":200000}", "s", "2 d 7 h"},
        {"{\"a\":12}", "bytes", "12 B"},
        {"{\"a\":7218176}", "bytes", "7.2 MB"},
        {"{\"a\":0}", "time", "-"},
        {"{\"a\":1769854830000000}", "time", "2026-01-31 10:20:30Z"},
        {"{\"a\":true}", "yes", "yes"},
        {"{\"a\":false}", "yes", "no"},
        {"{\"a\":null}", "count", "-"},
        {"{}", "count", "-"},
        {"{\"a\":\"one\\ntwo\\u001b[2J\"}", "text", "one two [2J"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(value(cases[i].json, "a", cases[i].kind), cases[i].wanted);
    assert_string_equal(value("{\"a\":{\"b\":{\"c\":5}}}", "a.b.c", "count"), "5");
    assert_string_equal(value("{\"a\":5}", "a.b.c", "count"), "-");
}

static void a_list_is_aligned_and_long_cells_are_cut_at_whole_characters(void **state)
{
    (void)state;
    static const struct show_column columns[] = {{"NAME", "name", "text", 6}, {"ROWS", "rows", "count", 0}, {"NOTE", "note", "text", 0}};
    static const struct show_list list = {columns, 3, "nothing"};
    struct json_t *document = show_parse(view_text("[{\"name\":\"A\",\"rows\":12345,\"note\":\"x\"},{\"name\":"
                                                   "\"\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\",\"rows\":1,\"note\":\"y\"}]"));
    buffer_clear(&out);
    show_rows(document, &list, &out);
    show_release(document);
    assert_string_equal(said(), "NAME      ROWS  NOTE\nA       12,345  x\n\u00e4\u00f6\u00fc...       1  y\n");
    document = show_parse(view_text("[]"));
    buffer_clear(&out);
    show_rows(document, &list, &out);
    show_release(document);
    assert_string_equal(said(), "nothing\n");
}

static void a_refusal_says_what_is_missing_and_what_supplies_it(void **state)
{
    (void)state;
    struct json_t *document = show_parse(view_text(
        "{\"error\":{\"code\":\"GATE\",\"text\":\"closed\",\"missing\":[{\"code\":\"LAG\",\"text\":\"12 behind\",\"advice\":\"wait\"}]}}"));
    buffer_clear(&out);
    assert_true(show_refusal(document, &out));
    show_release(document);
    assert_string_equal(said(), "understudy: refused, this is missing:\n  LAG: 12 behind\n    -> wait\n");
    document = show_parse(view_text("{\"phase\":\"shadow\"}"));
    buffer_clear(&out);
    assert_false(show_refusal(document, &out));
    show_release(document);
}

static void troubles_stand_in_the_status(void **state)
{
    (void)state;
    struct json_t *document =
        show_parse(view_text("{\"phase\":\"canary\",\"epoch\":3,\"primary\":\"source\",\"canary_percent\":5,\"target_healthy\":false,"
                             "\"hold\":false,\"mirror\":{\"last_error\":\"gone\"},"
                             "\"guard\":{\"tripped\":true,\"reason\":\"latency\",\"at_us\":1769854830000000,\"rollback_ms\":12.5},\"gate\":"
                             "{\"target\":\"cutover\",\"open\":true,\"missing\":[]}}"));
    buffer_clear(&out);
    show_status(document, &out);
    show_release(document);
    const char *text = said();
    assert_non_null(strstr(text, "canary, epoch 3, the source is primary"));
    assert_non_null(strstr(text, "5 % of the reads"));
    assert_non_null(strstr(text, "OUT OF REACH"));
    assert_non_null(strstr(text, "last error   gone"));
    assert_non_null(strstr(text, "TRIPPED 2026-01-31 10:20:30Z: latency; rolled back in 12.5 ms"));
    assert_non_null(strstr(text, "cutover: its gate is open"));
}

static const char *fed(const char *json)
{
    struct json_t *document = show_parse(view_text(json));
    assert_non_null(document);
    buffer_clear(&out);
    show_feed_change(document, &out);
    show_release(document);
    return said();
}

static void a_change_of_feeds_says_what_was_done_and_what_is_left(void **state)
{
    (void)state;
    assert_string_equal(fed("{\"action\":\"install\",\"tables\":[{\"table\":\"A\",\"done\":true},{\"table\":\"B\",\"done\":false,"
                            "\"error\":\"no right\"}],\"done\":1,\"failed\":1,\"without\":0}"),
                        "A: installed\nB: not done: no right\n");
    assert_string_equal(fed("{\"action\":\"remove\",\"tables\":[{\"table\":\"A\",\"done\":true}]}"), "A: removed\n");
    assert_string_equal(fed("{\"action\":\"remove\",\"tables\":[]}"), "there is no feed to remove\n");
    assert_non_null(strstr(fed("{\"action\":\"install\",\"tables\":[],\"without\":7}"), "7 tables with a key have no feed"));
    assert_non_null(strstr(fed("{\"statements\":[{\"comment\":\"why\",\"sql\":\"CREATE TABLE A\"},{\"sql\":\"DROP TABLE B\"}]}"),
                           "\n-- why\nCREATE TABLE A\n/\nDROP TABLE B\n/\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_said_as_people_read_it),
        cmocka_unit_test(a_list_is_aligned_and_long_cells_are_cut_at_whole_characters),
        cmocka_unit_test(a_refusal_says_what_is_missing_and_what_supplies_it),
        cmocka_unit_test(troubles_stand_in_the_status),
        cmocka_unit_test(a_change_of_feeds_says_what_was_done_and_what_is_left),
    };
    buffer_init(&out, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_release(&out);
    return failed;
}
