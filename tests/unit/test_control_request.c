/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of admin calls: what is not what it should be is refused with words, never cut to fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/request.h"

#include <string.h>

static struct request_body *body(const char *text)
{
    struct error error = {0};
    struct request_body *body = request_parse(view_text(text), &error);
    assert_non_null(body);
    return body;
}

static void a_number_out_of_its_bounds_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"percent\":101}", "{\"percent\":-1}",   "{\"percent\":4294967301}", "{\"percent\":\"5\"}",
        "{\"percent\":5.0}", "{\"percent\":true}", "{\"percent\":[5]}",        "{\"percent\":9223372036854775807}"};
    uint32_t number = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        struct request_body *b = body(bad[i]);
        assert_false(request_count(b, "percent", 100, &number, &error));
        assert_int_equal(error.code, ERROR_USAGE);
        assert_string_equal(error.text, "\"percent\" must be a whole number from 0 to 100");
        request_free(b);
    }
    struct error error = {0};
    struct request_body *b = body("{\"percent\":100,\"other\":null}");
    assert_true(request_count(b, "percent", 100, &number, &error) && number == 100);
    assert_true(request_count(b, "other", 100, &number, &error) && number == 0);
    assert_true(request_count(b, "absent", 100, &number, &error) && number == 0);
    assert_true(request_count(NULL, "percent", 100, &number, &error) && number == 0);
    request_free(b);
}

static void a_name_is_read_as_oracle_reads_it(void **state)
{
    (void)state;
    char name[8];
    struct request_body *b = body("{\"plain\":\"assets\",\"quoted\":\"\\\"Mixed\\\"\",\"number\":5,\"long\":\"abcdefghijkl\"}");
    request_name(b, "plain", name, sizeof name);
    assert_string_equal(name, "ASSETS");
    request_name(b, "quoted", name, sizeof name);
    assert_string_equal(name, "Mixed");
    request_name(b, "number", name, sizeof name);
    assert_string_equal(name, "");
    request_name(b, "absent", name, sizeof name);
    assert_string_equal(name, "");
    request_name(b, "long", name, sizeof name);
    assert_string_equal(name, "ABCDEFG");
    request_free(b);
}

static void a_list_of_ids_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    uint64_t ids[3];
    uint32_t count;
    bool listed;
    struct error error = {0};
    struct request_body *b =
        body("{\"d\":[5,6,7],\"none\":[],\"all\":\"all\",\"long\":[1,2,3,4],\"mixed\":[1,\"2\"],\"word\":\"some\",\"number\":5}");
    assert_true(request_ids(b, "d", ids, 3, &count, &listed, &error) && listed && count == 3 && ids[2] == 7);
    assert_true(request_ids(b, "none", ids, 3, &count, &listed, &error) && listed && count == 0);
    assert_true(request_ids(b, "all", ids, 3, &count, &listed, &error) && !listed && count == 0);
    assert_true(request_ids(b, "absent", ids, 3, &count, &listed, &error) && !listed && count == 0);
    static const char *const bad[] = {"long", "mixed", "word", "number"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(request_ids(b, bad[i], ids, 3, &count, &listed, &error));
        assert_non_null(strstr(error.text, "must be \"all\" or a list of at most 3 ids"));
    }
    request_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_out_of_its_bounds_is_refused),
        cmocka_unit_test(a_name_is_read_as_oracle_reads_it),
        cmocka_unit_test(a_list_of_ids_is_taken_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
