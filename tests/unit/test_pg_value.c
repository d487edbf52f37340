/* SPDX-License-Identifier: Apache-2.0 */
/* Values through a real PostgreSQL and back: as a parameter, and as a column's text. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/pg_fixture.h"

static struct arena arena;

static struct value number(const char *text)
{
    return value_number_text(&arena, view_text(text));
}
static struct value datetime(const char *iso)
{
    struct value value = {.type = VALUE_DATETIME};
    if (!datetime_from_text(view_text(iso), &value.datetime)) fail_msg("%s", iso);
    return value;
}

static void assert_values(const struct value *a, const struct value *b, const char *what)
{
    if (value_equal(a, b)) return;
    struct buffer text;
    buffer_init(&text, 0);
    value_print(&text, a, 200);
    buffer_append_text(&text, " is not ");
    value_print(&text, b, 200);
    fail_msg("%s: %.*s", what, (int)buffer_size(&text), (const char *)text.data);
}

/* The value as a parameter of that type, read back from the column. */
static struct value through(struct pg *pg, const struct value *value, const char *type, uint32_t oid)
{
    char text[100];
    struct pg_parameter parameter;
    struct pg_result result;
    struct error error = {0};
    snprintf(text, sizeof text, "SELECT $1::%s", type);
    if (!pg_value_to_parameter(value, &arena, &parameter, &error)) fail_msg("%s", error.text);
    if (!pg_run_prepared(pg, parameter.binary ? "binary" : text, text, &parameter, 1, &result, &error))
        fail_msg("%s: %s", text, error.text);
    if (oid) assert_int_equal(pg_result_column(&result, 0).type, oid);
    struct view got = arena_copy(&arena, pg_result_text(&result, 0, 0));
    struct value back = pg_value_from_text(pg_result_column(&result, 0).type, got, pg_result_null(&result, 0, 0), &arena);
    pg_result_free(&result);
    return back;
}

static void same(struct pg *pg, struct value value, const char *type, uint32_t oid)
{
    struct value back = through(pg, &value, type, oid);
    assert_values(&back, &value, type);
}

static void test_round_trips(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    static const char *const numbers[] = {"0",
                                          "1",
                                          "-1",
                                          "100",
                                          "0.5",
                                          "-0.000001",
                                          "12345678901234567890.12345",
                                          "99999999999999999999999999999999999999",
                                          "-123456789012345678901234567890123456.7891",
                                          "1E125",
                                          "1E-130",
                                          "9.99999999999999999999999999999999999999E-10"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) same(pg, number(numbers[i]), "numeric", PG_OID_NUMERIC);
    same(pg, number("-32768"), "int2", PG_OID_INT2);
    same(pg, number("2147483647"), "int4", PG_OID_INT4);
    same(pg, number("-9223372036854775808"), "int8", PG_OID_INT8);
    same(pg, value_text(view_text("h\xc3\xa9llo \xf0\x9f\x98\x80 it's \\ \t\n")), "text", PG_OID_TEXT);
    same(pg, value_text(view_text("pad  ")), "char(5)", PG_OID_BPCHAR);
    same(pg, value_text(view_text("x")), "varchar(10)", PG_OID_VARCHAR);
    same(pg, value_text(view_text("{\"a\": 1}")), "json", PG_OID_JSON);
    same(pg, value_text(view_text("0e37df36-f698-11e6-8dd4-cb9ced3df976")), "uuid", PG_OID_UUID);
    same(pg, value_bytes(view_of("\0\1\xff\\'", 5)), "bytea", PG_OID_BYTEA);
    same(pg, value_null(), "text", PG_OID_TEXT);
    static const char *const stamps[] = {"2026-01-31 23:59:59",        "2024-02-29 00:00:00.000001", "0001-01-01 00:00:00",
                                         "9999-12-31 23:59:59.999999", "4712-01-01 00:00:00 BC",     "0001-12-31 23:59:59.5 BC",
                                         "1582-10-10 12:00:00",        "1969-12-31 23:59:59.999999"};
    for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++) same(pg, datetime(stamps[i]), "timestamp", PG_OID_TIMESTAMP);
    static const char *const zoned[] = {"2026-07-01 12:00:00+02", "2026-07-01 12:00:00.25-05:30", "0044-03-15 12:00:00+00 BC"};
    for (size_t i = 0; i < sizeof zoned / sizeof *zoned; i++) same(pg, datetime(zoned[i]), "timestamptz", PG_OID_TIMESTAMPTZ);
    same(pg, datetime("2026-01-31"), "date", PG_OID_DATE);
    static const double reals[] = {0, 1, -1.5, 1e300, 5e-324, 0.1, 1.0 / 3, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        same(pg, (struct value){.type = VALUE_DOUBLE, .real = reals[i]}, "float8", PG_OID_FLOAT8);
        float single = (float)reals[i];
        same(pg, (struct value){.type = VALUE_FLOAT, .real = (double)single}, "float4", PG_OID_FLOAT4);
    }
    same(pg, (struct value){.type = VALUE_BOOLEAN, .boolean = true}, "bool", PG_OID_BOOL);
    same(pg, (struct value){.type = VALUE_BOOLEAN}, "bool", PG_OID_BOOL);
    pg_close(pg);
}

static void test_intervals(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    static const int64_t months[] = {1, -1, 12, 14, -14, 11988, -11988};
    for (size_t i = 0; i < sizeof months / sizeof *months; i++)
        same(pg, (struct value){.type = VALUE_INTERVAL_YM, .months = months[i]}, "interval", PG_OID_INTERVAL);
    static const struct {
        int64_t days, nanoseconds;
    } parts[] = {{0, 0},
                 {0, 1000},
                 {0, -1000},
                 {1, 0},
                 {-1, 0},
                 {3, 14706789000000},
                 {-3, -14706789000000},
                 {999999999, 86399999999000},
                 {0, 3600000000000}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        same(pg, (struct value){.type = VALUE_INTERVAL_DS, .interval = {parts[i].days, parts[i].nanoseconds}}, "interval", PG_OID_INTERVAL);
    pg_close(pg);
}

/* What PostgreSQL prints -> the value it is for us. */
static struct value parsed(struct pg *pg, const char *expression)
{
    char text[200];
    struct pg_result result;
    struct error error = {0};
    snprintf(text, sizeof text, "SELECT %s", expression);
    if (!pg_run(pg, text, &result, &error)) fail_msg("%s: %s", text, error.text);
    struct view got = arena_copy(&arena, pg_result_text(&result, 0, 0));
    struct value value = pg_value_from_text(pg_result_column(&result, 0).type, got, pg_result_null(&result, 0, 0), &arena);
    pg_result_free(&result);
    return value;
}

static void means(struct pg *pg, const char *expression, struct value expected)
{
    struct value got = parsed(pg, expression);
    assert_values(&got, &expected, expression);
}

static void test_server_forms(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    means(pg, "''::text", value_null()); /* '' is NULL, always */
    means(pg, "''::bytea", value_null());
    means(pg, "NULL::int", value_null());
    means(pg, "'-0'::float8", (struct value){.type = VALUE_DOUBLE, .real = 0});
    means(pg, "1e20::numeric", number("100000000000000000000"));
    means(pg, "1.500::numeric", number("1.5"));
    means(pg, "'x'::name", value_text(view_text("x")));
    means(pg, "'a'::\"char\"", value_text(view_text("a")));
    means(pg, "4294967295::oid", number("4294967295"));
    means(pg, "'25 hours -1 minutes'::interval", (struct value){.type = VALUE_INTERVAL_DS, .interval = {1, 3540000000000}});
    means(pg, "'1 day -1 hour'::interval", (struct value){.type = VALUE_INTERVAL_DS, .interval = {0, 82800000000000}});
    means(pg, "'-1 day 1 hour'::interval", (struct value){.type = VALUE_INTERVAL_DS, .interval = {0, -82800000000000}});
    means(pg, "'-1 year -2 months'::interval", (struct value){.type = VALUE_INTERVAL_YM, .months = -14});
    static const char *const none[] = {"'NaN'::numeric", "'infinity'::timestamp", "'-infinity'::date", "'infinity'::timestamptz",
                                       "'1 mon 1 day'::interval"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) assert_int_equal(parsed(pg, none[i]).type, VALUE_UNSUPPORTED);
    struct value infinity = parsed(pg, "'-Infinity'::numeric");
    assert_int_equal(infinity.type, VALUE_NUMBER);
    same(pg, infinity, "numeric", PG_OID_NUMERIC);
    same(pg, parsed(pg, "'Infinity'::numeric"), "numeric", PG_OID_NUMERIC);
    pg_close(pg);
}

static void test_inferred(void **state)
{
    (void)state;
    struct pg *pg = connect_blocking();
    run(pg, "CREATE TEMP TABLE i (a bigint PRIMARY KEY, b bytea, d date, f float4)");
    struct value values[] = {number("5"), value_bytes(view_of("\0x", 2)), datetime("2026-02-03 00:00:00"), number("1.5")};
    struct pg_parameter parameters[4];
    struct error error = {0};
    for (int i = 0; i < 4; i++) assert_true(pg_value_to_parameter(&values[i], &arena, &parameters[i], &error));
    if (!pg_run_prepared(pg, "i", "INSERT INTO i VALUES ($1, $2, $3, $4)", parameters, 4, NULL, &error)) fail_msg("%s", error.text);
    run(pg, "SET enable_seqscan = off");
    /* An inferred type lets the key's index be used: a numeric parameter would not. */
    assert_string_equal(ask(pg, "PREPARE x AS SELECT 1 FROM i WHERE a = $1; EXPLAIN (COSTS OFF) EXECUTE x ('5')") + 6,
                        "Only Scan using i_pkey on i");
    assert_string_equal(ask(pg, "SELECT a || ' ' || encode(b, 'hex') || ' ' || d || ' ' || f FROM i"), "5 0078 2026-02-03 1.5");
    pg_close(pg);
}

static void test_cannot_be_said(void **state)
{
    (void)state;
    struct value values[] = {value_text(view_of("a\0b", 3)), {.type = VALUE_UNSUPPORTED, .bytes = view_text("x")}};
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t i = 0; i < 2; i++) {
        struct pg_parameter parameter;
        struct error error = {0};
        assert_false(pg_value_to_parameter(&values[i], &arena, &parameter, &error));
        assert_int_equal(error.code, ERROR_TARGET);
        buffer_clear(&out);
        pg_copy_value(&out, &values[i], true);
        assert_true(out.failed);
    }
    buffer_release(&out);
}

/* Malformed text is refused, whatever it is: from a heap block of its exact size. */
static void test_malformed(void **state)
{
    (void)state;
    static const uint32_t types[] = {PG_OID_BOOL,   PG_OID_BYTEA,     PG_OID_INT8,        PG_OID_NUMERIC,  PG_OID_FLOAT4,
                                     PG_OID_FLOAT8, PG_OID_TIMESTAMP, PG_OID_TIMESTAMPTZ, PG_OID_INTERVAL, PG_OID_DATE};
    static const char *const texts[] = {"x",
                                        "\\x0",
                                        "\\x0g",
                                        "\\",
                                        "1 ",
                                        "--1",
                                        "1 year 2",
                                        "1 yea",
                                        "12:",
                                        "1:2",
                                        "00:00:00.1234567890",
                                        "99999999999999999999 days",
                                        "9223372036854775807 years",
                                        "12:34",
                                        "2026-13-01",
                                        "2026",
                                        "tt",
                                        "+",
                                        "1e",
                                        "nan?",
                                        " day",
                                        "-",
                                        "1 day  2 days"};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            size_t size = strlen(texts[i]);
            uint8_t *exact = memory_copy(texts[i], size);
            struct value value = pg_value_from_text(types[t], view_of(exact, size), false, &arena);
            bool number_text = strcmp(texts[i], "1 ") == 0 || strcmp(texts[i], "2026") == 0;
            if (!number_text) assert_int_equal(value.type, VALUE_UNSUPPORTED);
            memory_free(exact);
        }
}

static int start(void **state)
{
    arena_init(&arena, 0);
    return start_server(state);
}
static int stop(void **state)
{
    arena_release(&arena);
    return stop_server(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_intervals),      cmocka_unit_test(test_server_forms),
        cmocka_unit_test(test_inferred),    cmocka_unit_test(test_cannot_be_said), cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
