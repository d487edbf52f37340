/* SPDX-License-Identifier: Apache-2.0 */
/* Values: equality, a total order, hashes that agree with it, the byte form in all its cuts and corruptions, and how people see them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/reader.h"
#include "base/value.h"

#include <math.h>
#include <stdlib.h>

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct value datetime(const char *text)
{
    struct value value = {.type = VALUE_DATETIME};
    assert_true(datetime_from_text(view_text(text), &value.datetime));
    return value;
}

static struct value real(enum value_type type, double number)
{
    return (struct value){.type = type, .real = number};
}

/* In ascending order, no two equal. */
static size_t ascending(struct value out[40])
{
    size_t n = 0;
    out[n++] = value_number_text(&arena, view_text("-1e100"));
    out[n++] = value_number_text(&arena, view_text("-12.5"));
    out[n++] = value_number_text(&arena, view_text("-12.49"));
    out[n++] = value_number_i64(&arena, -1);
    out[n++] = value_number_i64(&arena, 0);
    out[n++] = value_number_text(&arena, view_text("0.001"));
    out[n++] = value_number_i64(&arena, 99);
    out[n++] = value_number_i64(&arena, 100);
    out[n++] = value_text(view_text("a"));
    out[n++] = value_text(view_text("a "));
    out[n++] = value_text(view_text("b"));
    out[n++] = value_text(view_text("\xC3\xA4"));
    out[n++] = value_bytes(view_of("\0", 1));
    out[n++] = value_bytes(view_of("\0\0", 2));
    out[n++] = datetime("0044-03-15 00:00:00 BC");
    out[n++] = datetime("2026-01-31 23:59:59");
    out[n++] = datetime("2026-01-31 23:59:59.000000001");
    out[n++] = datetime("2026-01-31 23:59:59+02");
    out[n++] = datetime("2026-01-31 23:59:59+01");
    out[n++] = (struct value){.type = VALUE_INTERVAL_YM, .months = -13};
    out[n++] = (struct value){.type = VALUE_INTERVAL_YM, .months = 13};
    out[n++] = (struct value){.type = VALUE_INTERVAL_DS, .interval = {-1, -500}};
    out[n++] = (struct value){.type = VALUE_INTERVAL_DS, .interval = {-1, 0}};
    out[n++] = (struct value){.type = VALUE_INTERVAL_DS, .interval = {0, 1}};
    out[n++] = real(VALUE_FLOAT, -1.5);
    out[n++] = real(VALUE_FLOAT, 0);
    out[n++] = real(VALUE_DOUBLE, -INFINITY);
    out[n++] = real(VALUE_DOUBLE, 1e300);
    out[n++] = real(VALUE_DOUBLE, NAN);
    out[n++] = (struct value){.type = VALUE_BOOLEAN, .boolean = false};
    out[n++] = (struct value){.type = VALUE_BOOLEAN, .boolean = true};
    out[n++] = value_null();
    return n;
}

static void the_order_is_total_and_equality_and_hash_agree(void **state)
{
    (void)state;
    struct value values[40];
    size_t count = ascending(values);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            assert_int_equal(value_order(&values[i], &values[j]), i < j ? -1 : i > j);
            assert_int_equal(value_equal(&values[i], &values[j]), i == j);
            assert_int_equal(value_hash(&values[i], 1) == value_hash(&values[j], 1), i == j);
        }
        assert_true(value_hash(&values[i], 1) != value_hash(&values[i], 2));
    }
}

static void what_means_the_same_is_equal(void **state)
{
    (void)state;
    const struct value pairs[][2] = {
        {datetime("2026-01-31 23:59:59+02"), datetime("2026-01-31 21:59:59+00")},
        {real(VALUE_DOUBLE, 0.0), real(VALUE_DOUBLE, -0.0)},
        {real(VALUE_DOUBLE, NAN), real(VALUE_DOUBLE, -NAN)},
        {value_text(view_text("")), value_null()},
        {value_bytes(view_of(NULL, 0)), value_null()},
        {value_number_text(&arena, view_text("1.50")), value_number_text(&arena, view_text("15e-1"))},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_true(value_equal(&pairs[i][0], &pairs[i][1]));
        assert_true(value_hash(&pairs[i][0], 5) == value_hash(&pairs[i][1], 5));
    }
    const struct value unsupported = {.type = VALUE_UNSUPPORTED, .bytes = view_text("x")};
    assert_false(value_equal(&unsupported, &unsupported));
    assert_int_equal(value_number_text(&arena, view_text("12 monkeys")).type, VALUE_UNSUPPORTED);
}

static void the_byte_form_goes_both_ways(void **state)
{
    (void)state;
    struct value values[40], back;
    struct buffer bytes;
    size_t count = ascending(values);
    buffer_init(&bytes, 0);
    values[count++] = (struct value){.type = VALUE_UNSUPPORTED, .bytes = view_text("raw")};
    static uint8_t large[100000];
    values[count++] = value_bytes(view_of(large, sizeof large));
    for (size_t i = 0; i < count; i++) value_encode(&bytes, &values[i]);
    struct reader reader = reader_of(buffer_view(&bytes));
    for (size_t i = 0; i < count; i++) {
        assert_true(value_decode(&reader, &back));
        assert_int_equal(back.type, values[i].type);
        assert_int_equal(value_order(&back, &values[i]), 0);
        if (back.type == VALUE_DATETIME) assert_int_equal(back.datetime.zone_minutes, values[i].datetime.zone_minutes);
    }
    assert_int_equal(reader_left(&reader), 0);
    buffer_release(&bytes);
}

static void each_cut_of_the_byte_form_is_short(void **state)
{
    (void)state;
    struct value values[40], back;
    size_t count = ascending(values);
    for (size_t i = 0; i < count; i++) {
        struct buffer bytes;
        buffer_init(&bytes, 0);
        value_encode(&bytes, &values[i]);
        for (size_t size = 0; size < buffer_size(&bytes); size++) {
            struct reader reader = reader_of(view_of(buffer_view(&bytes).data, size));
            assert_false(value_decode(&reader, &back));
            assert_true(reader.short_read);
        }
        buffer_release(&bytes);
    }
}

static void random_bytes_never_become_abnormal_values(void **state)
{
    (void)state;
    srand(11);
    unsigned decoded = 0;
    for (int round = 0; round < 300000; round++) {
        uint8_t bytes[24];
        struct value value, again;
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)rand();
        bytes[0] %= 14;
        struct reader reader = reader_of(view_of(bytes, sizeof bytes));
        if (!value_decode(&reader, &value)) continue;
        decoded++;
        struct buffer out;
        buffer_init(&out, 0);
        value_encode(&out, &value);
        reader = reader_of(buffer_view(&out));
        assert_true(value_decode(&reader, &again));
        assert_int_equal(value_order(&value, &again), 0);
        value_print(&out, &again, 50);
        buffer_release(&out);
    }
    assert_true(decoded > 10000);
    static const uint8_t bad[][20] = {{2, 0}, {1, 0}, {1, 22},   {2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1},
                                      {13},   {255},  {4, 0x7F}, {4, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reader reader = reader_of(view_of(bad[i], sizeof bad[i]));
        struct value value;
        assert_false(value_decode(&reader, &value));
        assert_true(reader.malformed || i == 2);
    }
}

static void what_is_not_normal_is_written_as_unsupported(void **state)
{
    (void)state;
    const struct value empty_number = {.type = VALUE_NUMBER};
    struct value back;
    struct buffer bytes;
    buffer_init(&bytes, 0);
    value_encode(&bytes, &empty_number);
    struct reader reader = reader_of(buffer_view(&bytes));
    assert_true(value_decode(&reader, &back));
    assert_int_equal(back.type, VALUE_UNSUPPORTED);
    buffer_release(&bytes);
}

static void copies_live_on_their_own(void **state)
{
    (void)state;
    char text[] = "hello";
    struct value value = value_text(view_of(text, 5));
    struct value copy = value_copy(&arena, &value);
    text[0] = 'j';
    assert_true(view_equal(copy.bytes, view_text("hello")));
}

static void people_can_read_them(void **state)
{
    (void)state;
    const struct {
        struct value value;
        size_t limit;
        const char *text;
    } cases[] = {
        {value_null(), 0, "NULL"},
        {value_number_text(&arena, view_text("-12.50")), 0, "-12.5"},
        {value_text(view_text("it's\n")), 0, "'it''s\\x0a'"},
        {value_text(view_text("abcdef")), 3, "'abc'... (6 bytes)"},
        {value_text(view_text("ab\xC3\xA4")), 3, "'ab'... (4 bytes)"},
        {value_bytes(view_of("\x00\xff", 2)), 0, "0x00ff"},
        {value_bytes(view_of("abcdef", 6)), 4, "0x6162... (6 bytes)"},
        {datetime("2026-01-31 23:59:59.5+02"), 0, "2026-01-31 23:59:59.5+02:00"},
        {{.type = VALUE_INTERVAL_YM, .months = -14}, 0, "-1-02"},
        {{.type = VALUE_INTERVAL_DS, .interval = {1, 3723000000005}}, 0, "+1 01:02:03.000000005"},
        {{.type = VALUE_DOUBLE, .real = 0.1}, 0, "0.10000000000000001"},
        {{.type = VALUE_FLOAT, .real = (double)0.1f}, 0, "0.100000001"},
        {{.type = VALUE_BOOLEAN, .boolean = true}, 0, "true"},
        {{.type = VALUE_UNSUPPORTED, .bytes = view_text("A")}, 0, "unsupported 0x41"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        buffer_init(&out, 0);
        value_print(&out, &cases[i].value, cases[i].limit);
        buffer_u8(&out, 0);
        assert_string_equal((const char *)out.data, cases[i].text);
        buffer_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_total_and_equality_and_hash_agree),
        cmocka_unit_test(what_means_the_same_is_equal),
        cmocka_unit_test(the_byte_form_goes_both_ways),
        cmocka_unit_test(each_cut_of_the_byte_form_is_short),
        cmocka_unit_test(random_bytes_never_become_abnormal_values),
        cmocka_unit_test(what_is_not_normal_is_written_as_unsupported),
        cmocka_unit_test(copies_live_on_their_own),
        cmocka_unit_test(people_can_read_them),
    };
    return cmocka_run_group_tests_name("value", tests, begin, end);
}
