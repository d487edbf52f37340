/* SPDX-License-Identifier: Apache-2.0 */
/* TTC scalars: known bytes, round trips, random numbers and dates, and bytes that mean nothing. */
#include "wire/value.h"

#include "tests/support/exact.h"
#include "tests/support/wire_session.h"
#include "wire/primitive.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { RANDOM_ROUNDS = 20000 };

static struct arena arena;
static struct buffer written;
static struct wire_session session;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    buffer_init(&written, 0);
    session = wire_session_19c();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    buffer_release(&written);
    return 0;
}

static struct value decode_bytes(uint8_t type, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = exact_copy(bytes, size);
    struct value value = wire_value_decode(&session, type, WIRE_FORM_DATABASE, view_of(copy, size), &arena);
    value = value_copy(&arena, &value);
    free(copy);
    return value;
}

static struct value decode_hex(uint8_t type, const char *hex)
{
    uint8_t bytes[64];
    return decode_bytes(type, bytes, exact_hex(hex, bytes, sizeof bytes));
}

/* The value's text as people see it: enough to tell values apart. */
static const char *print(struct value value)
{
    struct buffer text;
    buffer_init(&text, 0);
    value_print(&text, &value, 200);
    char *copy = arena_string(&arena, buffer_view(&text));
    buffer_release(&text);
    return copy;
}

static void assert_encodes(uint8_t type, struct value value, const char *hex)
{
    uint8_t expected[64];
    size_t size = exact_hex(hex, expected, sizeof expected);
    buffer_clear(&written);
    assert_true(wire_value_encode(&session, type, WIRE_FORM_DATABASE, &value, &written));
    assert_int_equal(buffer_size(&written), size);
    assert_memory_equal(buffer_view(&written).data, expected, size);
}

static void assert_refused(uint8_t type, struct value value)
{
    buffer_clear(&written);
    assert_false(wire_value_encode(&session, type, WIRE_FORM_DATABASE, &value, &written));
    assert_int_equal(buffer_size(&written), 0);
}

static struct value text(const char *t)
{
    return value_text(view_text(t));
}
static struct value number(const char *t)
{
    return value_number_text(&arena, view_text(t));
}

/* ---- known bytes ---- */

static const struct known {
    uint8_t type;
    const char *hex, *text;
} known[] = {
    {2, "80", "0"},
    {2, "c1 02", "1"},
    {2, "c2 02", "100"},
    {2, "3e 64 66", "-1"},
    {2, "c0 33", "0.5"},
    {6, "c1 0b", "10"},
    {3, "c2 02 02", "101"},
    {2, "00", "-~"},
    {2, "ff 65", "~"},
    {12, "77 b5 0b 11 01 01 01", "1981-11-17 00:00:00"},
    {12, "78 7c 02 1d 0e 0f 10", "2024-02-29 13:14:15"},
    {12, "64 65 01 01 01 01 01", "0001-01-01 00:00:00"},
    {12, "35 58 01 01 01 01 01", "4712-01-01 00:00:00 BC"},
    {12, "64 63 0c 1f 18 3c 3c", "0001-12-31 23:59:59 BC"},
    {12, "c7 c7 0c 1f 18 3c 3c", "9999-12-31 23:59:59"},
    {12, "73 64 02 1d 01 01 01", "1500-02-29 00:00:00"},
    {180, "78 7c 03 0f 0f 1f 2e 07 5b ca 00", "2024-03-15 14:30:45.123456"},
    {180, "78 7c 03 0f 0f 1f 2e", "2024-03-15 14:30:45"},
    {187, "78 7c 03 0f 0f 1f 2e 00 00 00 01", "2024-03-15 14:30:45.000000001"},
    {181, "78 7c 02 1d 13 2d 10 1d cd 65 00 0f 1e", "2024-02-29 13:14:15.5-05:30"},
    {181, "78 7c 03 0f 0f 1f 2e 07 5b ca 00 59 5a", "2024-03-15 14:30:45.123456+05:30"},
    {181, "78 7c 03 0f 0f 1f 2e 00 00 00 00 d0 05", "2024-03-15 14:30:45+00:00"},
    {188, "78 7c 03 0f 0f 1f 2e 00 00 00 00 14 3c", "2024-03-15 14:30:45+00:00"},
    {231, "78 7c 02 1d 0e 0f 10 00 0f 42 40", "2024-02-29 13:14:15.001+00:00"},
    {252, "01 01", "true"},
    {252, "00", "false"},
    {252, "01 00", "false"},
    {252, "01", "true"},
    {11, "00 01 8a 49 00 18 00 00 00 00 74 00 07", "'AAAYpJAAYAAAAB0AAH'"},
    {208, "01 00 01 8a 49 00 18 00 00 00 74 00 07", "'AAAYpJAAYAAAAB0AAH'"},
    {208, "02 04 01 02 03", "'*BAECAw'"},
    {1, "41 42", "'AB'"},
    {96, "61 20 20", "'a  '"},
    {23, "00 ff", "0x00ff"},
};

static void test_known_bytes_mean_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_string_equal(print(decode_hex(known[i].type, known[i].hex)), known[i].text);
}

static void test_intervals(void **state)
{
    (void)state;
    struct value value = decode_hex(182, "80 00 00 03 43");
    assert_int_equal(value.type, VALUE_INTERVAL_YM);
    assert_int_equal(value.months, 43);
    assert_int_equal(decode_hex(182, "7f ff ff fd 35").months, -43);
    value = decode_hex(183, "80 00 00 04 41 42 43 b5 0c 52 80");
    assert_int_equal(value.type, VALUE_INTERVAL_DS);
    assert_int_equal(value.interval.days, 4);
    assert_true(value.interval.nanoseconds == 5LL * 3600 * 1000000000 + 6LL * 60 * 1000000000 + 7LL * 1000000000 + 890000000);
    value = decode_hex(183, "80 00 00 00 3c 3c 3c 7f ff ff ff");
    assert_int_equal(value.interval.days, 0);
    assert_int_equal(value.interval.nanoseconds, -1);
    assert_int_equal(decode_hex(183, "80 00 00 01 3b 3c 3c 80 00 00 00").type, VALUE_UNSUPPORTED); /* signs differ */
    assert_int_equal(decode_hex(182, "80 00 00 01 3b").type, VALUE_UNSUPPORTED);
}

static void test_floats(void **state)
{
    (void)state;
    assert_true(decode_hex(100, "40 3f ff ff").real == -1.5);
    assert_true(decode_hex(101, "c0 0a 00 00 00 00 00 00").real == 3.25);
    assert_true(isnan(decode_hex(101, "ff f8 00 00 00 00 00 00").real));
    assert_true(isinf(decode_hex(100, "ff 80 00 00").real));
    assert_false(signbit(decode_hex(101, "7f ff ff ff ff ff ff ff").real)); /* -0 is 0 */
    assert_encodes(100, (struct value){.type = VALUE_FLOAT, .real = -1.5}, "04 40 3f ff ff");
    assert_encodes(101, (struct value){.type = VALUE_DOUBLE, .real = 3.25}, "08 c0 0a 00 00 00 00 00 00");
    assert_encodes(101, (struct value){.type = VALUE_FLOAT, .real = 3.25}, "08 c0 0a 00 00 00 00 00 00");
    assert_refused(100, (struct value){.type = VALUE_DOUBLE, .real = 0.1});
}

static const struct meaningless {
    uint8_t type;
    const char *hex;
} meaningless[] = {
    {2, "c1"},
    {2, "c1 00"},
    {2, "c1 66"},
    {2, "c1 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02"},
    {12, "78 7c 02 1e 01 01 01"},
    {12, "78 7b 02 1d 01 01 01"},
    {12, "78 7c 0d 01 01 01 01"},
    {12, "78 7c 00 01 01 01 01"},
    {12, "78 7c 01 00 01 01 01"},
    {12, "78 7c 01 01 00 01 01"},
    {12, "78 7c 01 01 19 01 01"},
    {12, "78 7c 01 01 01 3d 01"},
    {12, "78 7c 01 01 01 01 3d"},
    {12, "64 64 01 01 01 01 01"},
    {12, "00 00 00 00 00 00 00"},
    {12, "78 7c 01 01 01 01"},
    {12, "78 7c 01 01 01 01 01 00 00 00 00"},
    {12, "35 57 01 01 01 01 01"},
    {12, "65 63 01 01 01 01 01"},
    {180, "78 7c 03 0f 0f 1f 2e 3b 9a ca 00"},
    {180, "78 7c 03 0f 0f 1f 2e 00"},
    {181, "78 7c 03 0f 0f 1f 2e 00 00 00 00"},
    {181, "78 7c 03 0f 0f 1f 2e 00 00 00 00 84 3c"},
    {181, "78 7c 03 0f 0f 1f 2e 00 00 00 00 3f 3c"},
    {181, "78 7c 03 0f 0f 1f 2e 00 00 00 00 14 00"},
    {182, "80 00 00 00"},
    {182, "80 00 00 00 48"},
    {183, "80 00 00 00 54 3c 3c 80 00 00 00"},
    {183, "80 00 00 00 3c 3c 3c"},
    {183, "80 00 00 00 3c 3c 3c bb 9a ca 00"},
    {100, "00"},
    {101, "00 00 00 00"},
    {252, "02"},
    {252, "01 02"},
    {252, "01 01 01"},
    {252, "02 01"},
    {11, "00 01"},
    {208, "03 04"},
    {1, "ff"},
    {1, "c0 80"},
    {1, "ed a0 80"},
    {1, "e2 82"},
    {112, "00 70"},
    {102, "01"},
    {109, "01"},
    {119, "01"},
    {200, "01"},
};

static void test_meaningless_bytes_are_never_guessed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof meaningless / sizeof *meaningless; i++) {
        struct value value = decode_hex(meaningless[i].type, meaningless[i].hex);
        if (value.type != VALUE_UNSUPPORTED) print_error("%u: %s\n", meaningless[i].type, meaningless[i].hex);
        assert_int_equal(value.type, VALUE_UNSUPPORTED);
        assert_true(value.bytes.size > 0); /* the bytes are kept */
    }
}

static void test_no_bytes_are_null(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++)
        assert_int_equal(wire_value_decode(&session, (uint8_t)type, 1, view_of(NULL, 0), &arena).type, VALUE_NULL);
}

/* Every type, any bytes: an answer, and what is answered with meaning is written back to the same bytes or refused. */
static void test_random_bytes(void **state)
{
    (void)state;
    for (int round = 0; round < RANDOM_ROUNDS * 5; round++) {
        uint8_t bytes[24], type = (uint8_t)rand();
        size_t size = (size_t)rand() % sizeof bytes;
        for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)rand();
        struct value value = decode_bytes(type, bytes, size);
        struct value again;
        buffer_clear(&written);
        if (value.type == VALUE_UNSUPPORTED || !wire_value_encode(&session, type, 1, &value, &written)) continue;
        struct reader r = reader_of(buffer_view(&written));
        struct wire_clr clr = type == WIRE_TYPE_UROWID ? wire_read_dalc(&r, &arena, 4000) : wire_read_clr(&r, &arena, 4000);
        assert_int_equal(reader_left(&r), 0);
        again = wire_value_decode(&session, type, 1, clr.bytes, &arena);
        assert_true(value_equal(&value, &again));
        arena_reset(&arena);
    }
}

/* ---- round trips ---- */

static struct value round_trip(uint8_t type, struct value value)
{
    buffer_clear(&written);
    assert_true(wire_value_encode(&session, type, WIRE_FORM_DATABASE, &value, &written));
    struct reader r = reader_of(buffer_view(&written));
    struct wire_clr clr = wire_read_clr(&r, &arena, 1 << 20);
    assert_true(reader_ok(&r));
    assert_int_equal(reader_left(&r), 0);
    struct value back = wire_value_decode(&session, type, WIRE_FORM_DATABASE, clr.bytes, &arena);
    return value_copy(&arena, &back);
}

static void test_random_numbers_survive(void **state)
{
    (void)state;
    for (int round = 0; round < RANDOM_ROUNDS; round++) {
        char digits[64];
        int integers = rand() % 20, decimals = rand() % 20, at = 0;
        if (rand() & 1) digits[at++] = '-';
        digits[at++] = (char)('1' + rand() % 9);
        for (int i = 0; i < integers; i++) digits[at++] = (char)('0' + rand() % 10);
        digits[at++] = '.';
        for (int i = 0; i < decimals; i++) digits[at++] = (char)('0' + rand() % 10);
        digits[at] = '\0';
        struct value value = value_number_text(&arena, view_text(digits));
        struct value back = round_trip(WIRE_TYPE_NUMBER, value);
        assert_true(value_equal(&value, &back));
        /* and from its text, where that is exact */
        buffer_clear(&written);
        struct value as_text = text(digits);
        if (wire_value_encode(&session, WIRE_TYPE_NUMBER, 1, &as_text, &written)) {
            back = round_trip(WIRE_TYPE_NUMBER, as_text);
            assert_true(value_equal(&value, &back));
        }
        arena_reset(&arena);
    }
}

static struct value random_datetime(bool zone, bool fraction)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct value value = {.type = VALUE_DATETIME};
    struct value_datetime *d = &value.datetime;
    d->year = rand() % 14710 - 4711;
    d->month = (uint8_t)(1 + rand() % 12);
    d->day = (uint8_t)(1 + rand() % days[d->month - 1]);
    d->hour = (uint8_t)(rand() % 24);
    d->minute = (uint8_t)(rand() % 60);
    d->second = (uint8_t)(rand() % 60);
    if (fraction) d->nanosecond = (uint32_t)rand() % 1000000000u;
    d->has_zone = zone;
    if (zone) d->zone_minutes = (int16_t)(rand() % (2 * 14 * 60 + 1) - 14 * 60);
    return value;
}

static void test_random_dates_survive(void **state)
{
    (void)state;
    for (int round = 0; round < RANDOM_ROUNDS; round++) {
        static const uint8_t types[] = {WIRE_TYPE_DATE, WIRE_TYPE_TIMESTAMP, WIRE_TYPE_TIMESTAMP_TZ, WIRE_TYPE_TIMESTAMP_LTZ};
        for (int i = 0; i < 4; i++) {
            struct value value = random_datetime(i >= 2, i > 0 && rand() % 3), back = round_trip(types[i], value);
            assert_true(value_equal(&value, &back));
            assert_int_equal(value.datetime.year, back.datetime.year);
            if (i == 2) assert_int_equal(value.datetime.zone_minutes, back.datetime.zone_minutes);
        }
        arena_reset(&arena);
    }
}

static void test_random_intervals_and_reals_survive(void **state)
{
    (void)state;
    for (int round = 0; round < RANDOM_ROUNDS; round++) {
        int sign = rand() & 1 ? 1 : -1;
        struct value ym = {.type = VALUE_INTERVAL_YM, .months = (int64_t)sign * rand()};
        struct value ds = {.type = VALUE_INTERVAL_DS,
                           .interval = {.days = (int64_t)sign * (rand() % 1000000000),
                                        .nanoseconds = (int64_t)sign * (((int64_t)rand() << 20) % 86400000000000)}};
        union {
            uint64_t bits;
            double real;
        } real = {.bits = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand()};
        struct value d = {.type = VALUE_DOUBLE, .real = isnan(real.real) ? (double)NAN : real.real == 0 ? 0 : real.real};
        struct value back = round_trip(WIRE_TYPE_INTERVAL_YM, ym);
        assert_true(value_equal(&ym, &back));
        back = round_trip(WIRE_TYPE_INTERVAL_DS, ds);
        assert_true(value_equal(&ds, &back));
        back = round_trip(WIRE_TYPE_BINARY_DOUBLE, d);
        assert_true(value_equal(&d, &back));
        arena_reset(&arena);
    }
}

/* ---- conversions: exact or not at all ---- */

static void test_conversions_are_exact_or_refused(void **state)
{
    (void)state;
    assert_encodes(2, text(" 12.50 "), "03 c1 0d 33");
    assert_encodes(2, (struct value){.type = VALUE_DOUBLE, .real = 0.5}, "02 c0 33");
    assert_encodes(2, (struct value){.type = VALUE_BOOLEAN, .boolean = true}, "02 c1 02");
    assert_refused(2, (struct value){.type = VALUE_DOUBLE, .real = 0.1}); /* its 55 digits do not fit */
    assert_refused(2, text("1x"));
    assert_refused(2, text("12345678901234567890123456789012345678901234567890"));
    assert_encodes(1, number("-0.5"), "03 2d 2e 35");
    assert_encodes(1, number("0.5"), "02 2e 35");
    assert_encodes(1, number("0"), "01 30");
    assert_refused(1, number("1E60"));
    assert_encodes(101, number("0.25"), "08 bf d0 00 00 00 00 00 00");
    assert_refused(101, number("0.1"));
    assert_encodes(252, number("1"), "02 01 01");
    assert_encodes(252, (struct value){.type = VALUE_BOOLEAN, .boolean = false}, "01 00");
    assert_refused(252, number("2"));
    struct value zoned = {.type = VALUE_DATETIME, .datetime = {.year = 2024, .month = 1, .day = 1, .has_zone = true}};
    assert_refused(12, zoned);
    assert_refused(180, zoned);
    zoned.datetime.has_zone = false;
    assert_encodes(12, zoned, "07 78 7c 01 01 01 01 01");
    assert_refused(181, zoned);
    assert_refused(231, zoned);
    zoned.datetime.nanosecond = 1;
    assert_refused(12, zoned);
    assert_refused(12, text("2024-01-01"));
    assert_refused(23, text("ff"));
    assert_refused(112, text("lob"));
    zoned.datetime.year = 10000;
    assert_refused(180, zoned);
    assert_encodes(1, value_null(), "00");
}

static void test_local_zone_follows_the_database(void **state)
{
    (void)state;
    session.database_zone_minutes = -7 * 60;
    struct value value = decode_hex(231, "78 7c 01 01 01 01 01");
    assert_string_equal(print(value), "2024-01-01 07:00:00+00:00");
    assert_encodes(231, value, "07 78 7c 01 01 01 01 01");
    session.database_zone_known = false;
    assert_int_equal(decode_hex(231, "78 7c 01 01 01 01 01").type, VALUE_UNSUPPORTED);
    assert_refused(231, value);
}

/* ---- rowids ---- */

static void test_rowid_text(void **state)
{
    (void)state;
    char out[19];
    uint32_t object, block;
    uint16_t file, slot;
    for (int round = 0; round < RANDOM_ROUNDS; round++) {
        uint32_t o = (uint32_t)rand() * 2u + (rand() & 1), b = (uint32_t)rand() * 2u + (rand() & 1);
        uint16_t f = (uint16_t)rand(), s = (uint16_t)rand();
        assert_int_equal(wire_rowid_to_text(o, f, b, s, out), 18);
        assert_true(wire_rowid_from_text(view_text(out), &object, &file, &block, &slot));
        assert_true(object == o && file == f && block == b && slot == s);
    }
    assert_false(wire_rowid_from_text(view_text("AAAYpJAAYAAAAB0AA"), &object, &file, &block, &slot));
    assert_false(wire_rowid_from_text(view_text("AAAYpJAAYAAAAB0AA!"), &object, &file, &block, &slot));
    assert_false(wire_rowid_from_text(view_text("//////////////////"), &object, &file, &block, &slot)); /* 36 bits of object */
}

/* ---- binds ---- */

static void assert_bind(struct value value, uint8_t type, uint32_t size, const char *hex)
{
    struct wire_oac oac;
    struct view raw;
    bool null;
    uint8_t expected[32];
    size_t expected_size = exact_hex(hex, expected, sizeof expected);
    wire_value_to_bind(&session, &value, &arena, &oac, &raw, &null);
    assert_int_equal(oac.type, type);
    assert_int_equal(oac.size_max, size);
    assert_int_equal(raw.size, expected_size);
    if (expected_size) assert_memory_equal(raw.data, expected, expected_size);
    assert_int_equal(null, value.type == VALUE_NULL);
}

static void test_binds_as_a_thin_client_makes_them(void **state)
{
    (void)state;
    struct value date = {.type = VALUE_DATETIME, .datetime = {.year = 2024, .month = 1, .day = 1}};
    assert_bind(value_null(), 1, 1, "");
    assert_bind(text("h\xc3\xa9"), 1, 3, "68 c3 a9");
    assert_bind(number("-1"), 2, 22, "3e 64 66");
    assert_bind(date, 12, 7, "78 7c 01 01 01 01 01");
    date.datetime.nanosecond = 1000;
    assert_bind(date, 180, 11, "78 7c 01 01 01 01 01 00 00 03 e8");
    date.datetime.has_zone = true;
    date.datetime.zone_minutes = 90;
    assert_bind(date, 181, 13, "78 7c 01 01 01 01 01 00 00 03 e8 15 5a");
    assert_bind((struct value){.type = VALUE_BOOLEAN, .boolean = true}, 2, 22, "c1 02");
    session.field_version = 24;
    assert_bind((struct value){.type = VALUE_BOOLEAN, .boolean = true}, 252, 4, "01 01");
    assert_bind(value_bytes(view_text("\x01\x02")), 23, 2, "01 02");
    assert_bind((struct value){.type = VALUE_UNSUPPORTED, .bytes = view_text("x")}, 0, 0, "");
    date.datetime.year = 12000;
    assert_bind(date, 0, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_known_bytes_mean_what_they_say, setup, teardown),
        cmocka_unit_test_setup_teardown(test_intervals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_floats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_meaningless_bytes_are_never_guessed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_bytes_are_null, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_numbers_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_dates_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_intervals_and_reals_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_conversions_are_exact_or_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_local_zone_follows_the_database, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rowid_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_binds_as_a_thin_client_makes_them, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
