/* SPDX-License-Identifier: Apache-2.0 */
/* NUMBER: known bytes, text both ways, rounding, range, order, and that random numbers survive the trip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/value.h"

#include <stdio.h>
#include <stdlib.h>

static void hex_of(const uint8_t *bytes, size_t size, char out[64])
{
    for (size_t i = 0; i < size; i++) sprintf(out + 2 * i, "%02x", bytes[i]);
    out[2 * size] = '\0';
}

static const struct {
    const char *text, *hex, *printed; /* printed NULL: the same text */
} known[] = {
    {"0", "80", NULL},
    {"-0", "80", "0"},
    {"0.000", "80", "0"},
    {"1", "c102", NULL},
    {"-1", "3e6466", NULL},
    {"10", "c10b", NULL},
    {"100", "c202", NULL},
    {"123", "c20218", NULL},
    {"-123", "3d644e66", NULL},
    {"0.5", "c033", NULL},
    {".5", "c033", "0.5"},
    {"5.", "c106", "5"},
    {"0.05", "c006", NULL},
    {"0.001", "bf0b", NULL},
    {"-12.5", "3e593366", NULL},
    {"12.50", "c10d33", "12.5"},
    {"  +42 ", "c12b", "42"},
    {"1e2", "c202", "100"},
    {"1E-2", "c002", "0.01"},
    {"12345678901234567890", "ca0d23394f5b0d23394f5b", NULL},
    {"99999999999999999999999999999999999999", "d364646464646464646464646464646464646464", NULL},
    {"~", "ff65", NULL},
    {"-~", "00", NULL},
    {"-Infinity", "00", "-~"},
};

static void known_numbers_have_their_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint8_t bytes[NUMBER_SIZE_MAX];
        char hex[64], text[NUMBER_TEXT_MAX];
        size_t size;
        assert_true(number_from_text(view_text(known[i].text), bytes, &size, NULL));
        hex_of(bytes, size, hex);
        assert_string_equal(hex, known[i].hex);
        size_t length = number_to_text(view_of(bytes, size), text);
        text[length] = '\0';
        assert_string_equal(text, known[i].printed ? known[i].printed : known[i].text);
    }
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "-",
                                      "+",
                                      ".",
                                      "e5",
                                      "1e",
                                      "1e+",
                                      "1.2.3",
                                      "1x",
                                      "0x10",
                                      "1 2",
                                      "--1",
                                      "nan",
                                      "1E126",
                                      "-1e126",
                                      "1e999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t bytes[NUMBER_SIZE_MAX];
        size_t size;
        if (number_from_text(view_text(bad[i]), bytes, &size, NULL)) fail_msg("accepted: '%s'", bad[i]);
    }
}

static void expect_rounded(const char *text, const char *printed, bool expect)
{
    uint8_t bytes[NUMBER_SIZE_MAX];
    char out[NUMBER_TEXT_MAX];
    size_t size;
    bool rounded;
    assert_true(number_from_text(view_text(text), bytes, &size, &rounded));
    size_t length = number_to_text(view_of(bytes, size), out);
    out[length] = '\0';
    assert_string_equal(out, printed);
    assert_int_equal(rounded, expect);
}

static void digits_beyond_forty_are_rounded_half_up(void **state)
{
    (void)state;
    expect_rounded("0.3333333333333333333333333333333333333333", "0.3333333333333333333333333333333333333333", false);
    expect_rounded("0.33333333333333333333333333333333333333334", "0.3333333333333333333333333333333333333333", true);
    expect_rounded("0.33333333333333333333333333333333333333335", "0.3333333333333333333333333333333333333334", true);
    expect_rounded("-0.33333333333333333333333333333333333333335", "-0.3333333333333333333333333333333333333334", true);
    expect_rounded("9.9999999999999999999999999999999999999999999", "10", true);
    expect_rounded("99999999999999999999999999999999999999999", "100000000000000000000000000000000000000000", true);
    expect_rounded("1.00000000000000000000000000000000000000000000000000", "1", false);
    expect_rounded("1.00000000000000000000000000000000000000000000000001", "1", true);
    expect_rounded("1e-131", "0", true);
    expect_rounded("0e-999999999999", "0", false);
}

static void the_ends_of_the_range_hold(void **state)
{
    (void)state;
    uint8_t bytes[NUMBER_SIZE_MAX];
    char text[NUMBER_TEXT_MAX];
    size_t size;
    assert_true(number_from_text(view_text("9.999999999999999999999999999999999999999e125"), bytes, &size, NULL));
    assert_int_equal(number_to_text(view_of(bytes, size), text), 126);
    assert_true(number_from_text(view_text("-1.234567890123456789012345678901234567891e-130"), bytes, &size, NULL));
    assert_in_range(number_to_text(view_of(bytes, size), text), 130, NUMBER_TEXT_MAX);
    assert_memory_equal(text, "-0.0000", 7);
    assert_false(number_from_text(view_text("99999999999999999999999999999999999999999e85"), bytes, &size, NULL)); /* rounds up to 1E126 */
}

static void bytes_that_differ_but_mean_the_same_become_one(void **state)
{
    (void)state;
    static const struct {
        uint8_t in[8];
        size_t size;
        const char *hex;
    } cases[] = {
        {{0xc1, 0x02, 0x01, 0x01}, 4, "c102"},   {{0xc2, 0x01, 0x02}, 3, "c102"}, {{0x3e, 0x64}, 2, "3e6466"},
        {{0x3e, 0x64, 0x65, 0x66}, 4, "3e6466"}, {{0xc1, 0x01}, 2, "80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[NUMBER_SIZE_MAX];
        char hex[64];
        size_t size;
        assert_true(number_canonical(view_of(cases[i].in, cases[i].size), bytes, &size));
        hex_of(bytes, size, hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void malformed_bytes_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t in[24];
        size_t size;
    } cases[] = {
        {{0}, 0}, {{0xc1}, 1}, {{0xc1, 0x00}, 2}, {{0xc1, 0x66}, 2}, {{0x3e, 0x66}, 2}, {{0x3e, 0x01, 0x00}, 3}, {{0xc1, 2, 2, 2}, 23}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[NUMBER_SIZE_MAX];
        char text[NUMBER_TEXT_MAX];
        size_t size;
        assert_false(number_canonical(view_of(cases[i].in, cases[i].size), bytes, &size));
        assert_int_equal(number_to_text(view_of(cases[i].in, cases[i].size), text), 0);
    }
}

static void integers_go_both_ways(void **state)
{
    (void)state;
    static const int64_t cases[] = {0, 1, -1, 9, 10, 99, 100, 101, -100, 1000000, 123456789012345678, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[NUMBER_SIZE_MAX], other[NUMBER_SIZE_MAX];
        char text[32];
        size_t size, other_size;
        int64_t back;
        assert_true(number_from_i64(cases[i], bytes, &size));
        assert_true(number_to_i64(view_of(bytes, size), &back));
        assert_true(back == cases[i]);
        sprintf(text, "%lld", (long long)cases[i]);
        assert_true(number_from_text(view_text(text), other, &other_size, NULL));
        assert_true(view_equal(view_of(bytes, size), view_of(other, other_size)));
    }
    static const char *const not_integers[] = {"0.5", "1.01", "9223372036854775808", "-9223372036854775809", "1e30", "~", "-~"};
    for (size_t i = 0; i < sizeof not_integers / sizeof *not_integers; i++) {
        uint8_t bytes[NUMBER_SIZE_MAX];
        size_t size;
        int64_t n;
        assert_true(number_from_text(view_text(not_integers[i]), bytes, &size, NULL));
        assert_false(number_to_i64(view_of(bytes, size), &n));
    }
}

static int random_text(char *out)
{
    int integers = rand() % 20, decimals = rand() % 20, at = 0;
    if (rand() % 2) out[at++] = '-';
    for (int i = 0; i < integers; i++) out[at++] = (char)('0' + rand() % 10);
    out[at++] = '.';
    for (int i = 0; i < decimals; i++) out[at++] = (char)('0' + rand() % 10);
    if (integers + decimals == 0) out[at++] = '7';
    out[at] = '\0';
    return at;
}

/* Up to 38 digits: a long double is not exact enough, so the order is checked on texts with few digits. */
static void random_numbers_survive_and_sort(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 20000; round++) {
        char text[64], printed[NUMBER_TEXT_MAX];
        uint8_t a[NUMBER_SIZE_MAX], b[NUMBER_SIZE_MAX];
        size_t a_size, b_size;
        bool rounded;
        random_text(text);
        assert_true(number_from_text(view_text(text), a, &a_size, &rounded));
        assert_false(rounded);
        size_t length = number_to_text(view_of(a, a_size), printed);
        assert_true(number_from_text(view_of(printed, length), b, &b_size, NULL));
        assert_true(view_equal(view_of(a, a_size), view_of(b, b_size)));
        assert_true(number_canonical(view_of(a, a_size), b, &b_size));
        assert_true(view_equal(view_of(a, a_size), view_of(b, b_size)));
        double x = (rand() % 20001 - 10000) / 100.0, y = (rand() % 20001 - 10000) / 100.0;
        sprintf(text, "%.2f", x);
        assert_true(number_from_text(view_text(text), a, &a_size, NULL));
        sprintf(text, "%.2f", y);
        assert_true(number_from_text(view_text(text), b, &b_size, NULL));
        assert_int_equal(view_compare(view_of(a, a_size), view_of(b, b_size)), x < y ? -1 : x > y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_numbers_have_their_bytes),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(digits_beyond_forty_are_rounded_half_up),
        cmocka_unit_test(the_ends_of_the_range_hold),
        cmocka_unit_test(bytes_that_differ_but_mean_the_same_become_one),
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(integers_go_both_ways),
        cmocka_unit_test(random_numbers_survive_and_sort),
    };
    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
