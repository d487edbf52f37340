/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a client's session, read from ALTER SESSION and said to the target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/settings.h"

static struct settings settings;

static int forget(void **state)
{
    (void)state;
    memset(&settings, 0, sizeof settings);
    return 0;
}

static const char *said(const char *user)
{
    static char text[2000];
    struct buffer out;
    buffer_init(&out, 0);
    settings_statement(&settings, user, &out);
    snprintf(text, sizeof text, "%s", (const char *)out.data + out.start);
    buffer_release(&out);
    return text;
}

static void test_user_alone(void **state)
{
    (void)state;
    assert_false(settings.altered);
    assert_string_equal(said("cases"), "SELECT set_config('understudy.user_name', 'CASES', true)");
    assert_string_equal(said("o'brien"), "SELECT set_config('understudy.user_name', 'O''BRIEN', true)");
}

static void test_one(void **state)
{
    (void)state;
    assert_true(settings_alter(&settings, view_text("ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY/MM/DD'")));
    assert_true(settings.altered);
    assert_string_equal(
        said("U"), "SELECT set_config('understudy.user_name', 'U', true), set_config('understudy.nls_date_format', 'YYYY/MM/DD', true)");
    assert_false(settings_alter(&settings, view_text("alter  session set nls_date_format='YYYY/MM/DD'"))); /* as it is */
    assert_true(settings_alter(&settings, view_text("alter session set nls_date_format=\"DD \"\"of\"\" MM\"")));
    assert_string_equal(settings.values[SETTING_DATE_FORMAT], "DD \"of\" MM");
}

static const char *source_said(enum setting which)
{
    static char text[400];
    struct buffer out;
    buffer_init(&out, 0);
    bool altered = settings_source_statement(&settings, which, &out);
    snprintf(text, sizeof text, "%s", altered ? (const char *)out.data + out.start : "nothing");
    buffer_release(&out);
    return text;
}

static void test_said_to_the_source(void **state)
{
    (void)state;
    settings_alter(&settings, view_text("ALTER SESSION SET NLS_DATE_FORMAT = 'DD \"o''clock\"' TIME_ZONE = DBTIMEZONE"));
    assert_string_equal(source_said(SETTING_DATE_FORMAT), "ALTER SESSION SET NLS_DATE_FORMAT = 'DD \"o''clock\"'");
    assert_string_equal(source_said(SETTING_TIME_ZONE), "ALTER SESSION SET TIME_ZONE = DBTIMEZONE");
    assert_string_equal(source_said(SETTING_TIMESTAMP_FORMAT), "nothing");
    settings_alter(&settings, view_text("ALTER SESSION SET TIME_ZONE = '+02:00'"));
    assert_string_equal(source_said(SETTING_TIME_ZONE), "ALTER SESSION SET TIME_ZONE = '+02:00'");
}

static void test_what_the_target_does_not_follow(void **state)
{
    (void)state;
    assert_null(settings_foreign(&settings));
    assert_false(
        settings_alter(&settings, view_text("ALTER SESSION SET NLS_LANGUAGE = 'AMERICAN' NLS_TERRITORY = 'AMERICA' NLS_SORT = BINARY")));
    assert_null(settings_foreign(&settings));
    assert_true(settings_alter(&settings, view_text("alter session set nls_comp = linguistic nls_sort = binary_ci")));
    assert_string_equal(settings_foreign(&settings), "NLS_SORT");
    assert_false(settings.altered);
    assert_true(settings_alter(&settings, view_text("ALTER SESSION SET NLS_SORT = binary")));
    assert_string_equal(settings_foreign(&settings), "NLS_COMP");
    assert_true(settings_alter(&settings, view_text("ALTER SESSION SET NLS_COMP = BINARY")));
    assert_null(settings_foreign(&settings));
    assert_false(settings_alter(&settings, view_text("ALTER SESSION SET OPTIMIZER_MODE = ALL_ROWS"))); /* changes no result */
}

static void test_several(void **state)
{
    (void)state;
    assert_true(settings_alter(
        &settings, view_text("ALTER SESSION SET TIME_ZONE='Europe/Berlin' NLS_LANGUAGE=AMERICAN\n NLS_NUMERIC_CHARACTERS=',.' ")));
    assert_string_equal(
        said("U"), "SELECT set_config('understudy.user_name', 'U', true), set_config('understudy.nls_numeric_characters', ',.', true), "
                   "set_config('TimeZone', 'Europe/Berlin', true)");
}

static void test_offsets(void **state)
{
    (void)state;
    assert_true(settings_alter(&settings, view_text("ALTER SESSION SET TIME_ZONE = '+05:30'")));
    assert_string_equal(said("U"), "SELECT set_config('understudy.user_name', 'U', true), set_config('TimeZone', '<+05:30>-05:30', true)");
    assert_true(settings_alter(&settings, view_text("ALTER SESSION SET TIME_ZONE = '-03:00'")));
    assert_string_equal(said("U"), "SELECT set_config('understudy.user_name', 'U', true), set_config('TimeZone', '<-03:00>+03:00', true)");
    assert_true(settings_alter(&settings, view_text("ALTER SESSION SET TIME_ZONE = local")));
    assert_string_equal(said("U"), "SELECT set_config('understudy.user_name', 'U', true)");
}

static void test_others(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "ALTER",
                                        "ALTER SESSION",
                                        "ALTER SESSION SET",
                                        "ALTER SESSION SET NLS_DATE_FORMAT",
                                        "ALTER SESSION SET NLS_DATE_FORMAT =",
                                        "ALTER SESSION SET NLS_DATE_FORMAT 'x'",
                                        "ALTER SYSTEM SET NLS_DATE_FORMAT = 'x'",
                                        "ALTER SESSION SET CURRENT_SCHEMA = a",
                                        "ALTER SESSION ENABLE PARALLEL DML",
                                        "SELECT 1 FROM dual"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_false(settings_alter(&settings, view_text(texts[i])));
    assert_false(settings.altered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_user_alone, forget),
        cmocka_unit_test_setup(test_one, forget),
        cmocka_unit_test_setup(test_several, forget),
        cmocka_unit_test_setup(test_said_to_the_source, forget),
        cmocka_unit_test_setup(test_what_the_target_does_not_follow, forget),
        cmocka_unit_test_setup(test_offsets, forget),
        cmocka_unit_test_setup(test_others, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
