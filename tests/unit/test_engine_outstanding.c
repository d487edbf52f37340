/* SPDX-License-Identifier: Apache-2.0 */
/* Which commits on the target do not yet stand on the source. */
#include "engine/outstanding.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void commits_come_back_in_another_order(void **state)
{
    (void)state;
    struct outstanding *o = outstanding_new();
    for (uint64_t csn = 100; csn < 200; csn++) outstanding_add(o, csn);
    outstanding_remove(o, 150);
    outstanding_remove(o, 199);
    assert_true(outstanding_has(o, 100));
    assert_true(outstanding_has(o, 149));
    assert_false(outstanding_has(o, 150));
    assert_true(outstanding_has(o, 151));
    assert_true(outstanding_has(o, 198));
    assert_false(outstanding_has(o, 199));
    assert_false(outstanding_has(o, 200));
    outstanding_free(o);
}

static void the_window_turns(void **state)
{
    (void)state;
    struct outstanding *o = outstanding_new();
    outstanding_add(o, 5);
    outstanding_remove(o, 5);
    outstanding_add(o, (uint64_t)OUTSTANDING_WINDOW + 5);
    assert_true(outstanding_has(o, (uint64_t)OUTSTANDING_WINDOW + 5));
    outstanding_remove(o, (uint64_t)OUTSTANDING_WINDOW + 5);
    assert_false(outstanding_has(o, (uint64_t)OUTSTANDING_WINDOW + 5));
    outstanding_free(o);
}

static void without_memory_everything_is_outstanding(void **state)
{
    (void)state;
    outstanding_add(NULL, 7);
    outstanding_remove(NULL, 7);
    assert_true(outstanding_has(NULL, 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_come_back_in_another_order),
        cmocka_unit_test(the_window_turns),
        cmocka_unit_test(without_memory_everything_is_outstanding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
