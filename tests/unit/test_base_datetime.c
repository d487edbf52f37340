/* SPDX-License-Identifier: Apache-2.0 */
/* Datetimes: every day of 800 years both ways, ISO text both ways, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/value.h"

static void seconds_and_calendar_agree(void **state)
{
    (void)state;
    struct value_datetime d = {.year = 1970, .month = 1, .day = 1};
    assert_int_equal(datetime_to_seconds(&d), 0);
    d = (struct value_datetime){.year = 2000, .month = 3, .day = 1};
    assert_int_equal(datetime_to_seconds(&d), 951868800);
    d = (struct value_datetime){.year = -4711, .month = 1, .day = 1};
    assert_int_equal(datetime_to_seconds(&d), INT64_C(86400) * (404 - 2440588)); /* by Julian day numbers */
    int64_t days = -800 * 146097 / 400;
    datetime_from_seconds(days * 86400, &d);
    for (int i = 0; i < 800 * 366; i++, days++) {
        struct value_datetime next;
        assert_int_equal(datetime_to_seconds(&d), days * 86400);
        datetime_from_seconds((days + 1) * 86400 - 1, &next);
        assert_true(next.day == d.day && next.hour == 23 && next.minute == 59 && next.second == 59);
        datetime_from_seconds((days + 1) * 86400, &next);
        bool same_month = next.month == d.month && next.day == d.day + 1;
        bool new_month = next.day == 1 && d.day >= 28 && next.month == d.month % 12 + 1;
        assert_true(same_month || new_month);
        assert_int_equal(next.year, d.year + (d.month == 12 && new_month));
        d = next;
    }
}

static const struct {
    const char *text, *printed; /* printed NULL: the same */
} texts[] = {
    {"2026-01-31 23:59:59", NULL},
    {"2026-01-31", "2026-01-31 00:00:00"},
    {"2026-01-31T07:08", "2026-01-31 07:08:00"},
    {"2026-01-31 23:59:59.123456789", NULL},
    {"2026-01-31 23:59:59.5", NULL},
    {"2026-01-31 23:59:59.100000", "2026-01-31 23:59:59.1"},
    {"2026-01-31 23:59:59+02", "2026-01-31 23:59:59+02:00"},
    {"2026-01-31 23:59:59.25-05:30", NULL},
    {"2026-12-31 23:59:59+14:00", NULL},
    {"2026-01-31 23:59:59Z", "2026-01-31 23:59:59+00:00"},
    {"0044-03-15 00:00:00 BC", NULL},
    {"4712-01-01 12:00:00 BC", NULL},
    {"0001-01-01 00:00:00+01:00 BC", NULL},
    {"10000-01-01 00:00:00", NULL},
    {"2000-02-29 00:00:00", NULL},
};

static void text_goes_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct value_datetime d;
        char out[64];
        assert_true(datetime_from_text(view_text(texts[i].text), &d));
        size_t size = datetime_to_text(&d, out);
        assert_string_equal(out, texts[i].printed ? texts[i].printed : texts[i].text);
        assert_int_equal(size, strlen(out));
    }
}

static void zones_become_utc(void **state)
{
    (void)state;
    struct value_datetime d;
    assert_true(datetime_from_text(view_text("2026-01-01 00:30:00+02"), &d));
    assert_true(d.has_zone && d.zone_minutes == 120 && d.year == 2025 && d.month == 12 && d.day == 31 && d.hour == 22 && d.minute == 30);
    assert_true(datetime_from_text(view_text("1890-01-01 00:00:00+00:53:28"), &d));
    assert_true(d.hour == 23 && d.minute == 6 && d.second == 32 && d.zone_minutes == 53);
}

static void what_is_no_datetime_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "infinity",
                                      "-infinity",
                                      "2026",
                                      "2026-13-01",
                                      "2026-00-01",
                                      "2026-02-29",
                                      "1900-02-29",
                                      "2026-04-31",
                                      "2026-01-01 24:00:00",
                                      "2026-01-01 00:60",
                                      "2026-01-01 00:00:60",
                                      "2026-01-01 00:00:00.",
                                      "2026-01-01 00:00:00+",
                                      "2026-01-01 00:00:00+2",
                                      "2026-01-01 00:00:00+02:60",
                                      "2026-01-01x",
                                      "0000-01-01",
                                      "2026-01-01 00:00:00+02 AD",
                                      "2026-1-1",
                                      "2026-01-01 00:00:00.1234567890",
                                      "26-01-01",
                                      "2026-01-01 BCE"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct value_datetime d;
        if (datetime_from_text(view_text(bad[i]), &d)) fail_msg("accepted: '%s'", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_and_calendar_agree),
        cmocka_unit_test(text_goes_both_ways),
        cmocka_unit_test(zones_become_utc),
        cmocka_unit_test(what_is_no_datetime_is_refused),
    };
    return cmocka_run_group_tests_name("datetime", tests, NULL, NULL);
}
