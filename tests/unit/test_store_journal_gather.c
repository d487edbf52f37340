/* SPDX-License-Identifier: Apache-2.0 */
/* How long a group waits for committers that were just told, and when it gives that up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/journal_gather.h"

enum { SYNC_US = 600 };

/* A group of `told` was told while `queued` waited; then one commit comes each `each_us`. Answers how many the next group has; *waited gets for how long. */
static uint32_t next_group(struct journal_gather *gather, uint32_t told, uint32_t queued, uint32_t each_us, uint64_t *clock,
                           uint64_t *waited)
{
    uint64_t from = *clock += SYNC_US;
    uint32_t back = 0;
    journal_gather_told(gather, told, queued, SYNC_US, from);
    if (journal_gather_begin(gather, queued, *clock)) {
        while (journal_gather_goes_on(gather, queued + back, *clock)) {
            ++*clock;
            if (each_us && (*clock - from) % each_us == 0 && back < told) back++;
        }
        journal_gather_end(gather, queued + back);
    }
    *waited = *clock - from;
    return queued + back;
}

static void all_who_come_back_are_taken(void **state)
{
    (void)state;
    struct journal_gather gather = {0};
    uint64_t clock = 1000, waited;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(next_group(&gather, 44, 20, 2, &clock, &waited), 64);
        assert_int_equal(waited, 88); /* no longer than they take */
    }
}

/* Who commits seldom waits for nobody: the tries become seldom, and each is short. */
static void nobody_comes_back(void **state)
{
    (void)state;
    struct journal_gather gather = {0};
    uint64_t clock = 1000, waited, sum = 0;
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(next_group(&gather, 3, 1, 0, &clock, &waited), 1);
        assert_true(waited <= 40);
        sum += waited;
    }
    assert_true(sum / 10000 < 1);
    /* .. and it finds out when that changes */
    uint32_t groups = 0;
    while (next_group(&gather, 44, 20, 2, &clock, &waited) < 64) groups++;
    assert_true(groups <= 256);
    for (int i = 0; i < 100; i++) assert_int_equal(next_group(&gather, 44, 20, 2, &clock, &waited), 64);
}

static void its_patience_is_a_part_of_a_sync(void **state)
{
    (void)state;
    struct journal_gather gather = {0};
    uint64_t clock = 1000, waited;
    assert_true(next_group(&gather, 1000, 0, 30, &clock, &waited) < 10);
    assert_int_equal(waited, SYNC_US / 3);
    gather = (struct journal_gather){0};
    journal_gather_told(&gather, 1000, 0, 9000000, clock); /* a disk that hangs is no reason to wait long */
    assert_int_equal(journal_gather_begin(&gather, 1, clock), 1000);
    assert_true(journal_gather_goes_on(&gather, 1, clock));
    assert_false(journal_gather_goes_on(&gather, 2, clock + 250));
}

static void nothing_is_expected_of_what_nobody_waited_for(void **state)
{
    (void)state;
    struct journal_gather gather = {0};
    journal_gather_told(&gather, 0, 5, SYNC_US, 1000);
    assert_false(journal_gather_hopes(&gather));
    assert_int_equal(journal_gather_begin(&gather, 5, 1000), 0);
    journal_gather_told(&gather, 3, 0, SYNC_US, 1000);
    assert_true(journal_gather_hopes(&gather));
    assert_int_equal(journal_gather_begin(&gather, 3, 1000), 0); /* they are all there */
    journal_gather_told(&gather, 3, 0, SYNC_US, 1000);
    assert_int_equal(journal_gather_begin(&gather, 0, 5000), 0); /* it was long ago */
    assert_false(journal_gather_hopes(&gather));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_who_come_back_are_taken), cmocka_unit_test(nobody_comes_back),
                                       cmocka_unit_test(its_patience_is_a_part_of_a_sync),
                                       cmocka_unit_test(nothing_is_expected_of_what_nobody_waited_for)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
