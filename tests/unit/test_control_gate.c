/* SPDX-License-Identifier: Apache-2.0 */
/* The bound of the gate: exact, against the sum of all terms of the binomial, and fast enough to stand in every answer of /v1/status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/daemon.h"

#include <math.h>
#include <time.h>

/* Probability of at most k of n, every term on its own. */
static double at_most(uint64_t k, uint64_t n, double p)
{
    double sum = 0;
    for (uint64_t i = 0; i <= k; i++)
        sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) + (double)i * log(p) +
                   (double)(n - i) * log1p(-p));
    return sum;
}

static void the_bound_is_the_exact_one(void **state)
{
    (void)state;
    static const struct {
        uint64_t comparable, divergent;
        double confidence;
    } cases[] = {{10, 0, 0.95},     {100, 1, 0.95},     {100, 1, 0.99},         {100, 50, 0.95},     {1000, 999, 0.95},
                 {299573, 0, 0.95}, {1000000, 3, 0.95}, {1000000, 1000, 0.999}, {20000, 10000, 0.5}, {3, 2, 0.95}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double bound = gate_bound(cases[i].comparable, cases[i].divergent, cases[i].confidence), alpha = 1 - cases[i].confidence;
        double chance = at_most(cases[i].divergent, cases[i].comparable, 1 - bound);
        if (fabs(chance - alpha) > 1e-6) fail_msg("%zu: bound %.12f, chance %.9f", i, bound, chance);
    }
    assert_true(fabs(gate_bound(100, 1, 0.95) - 0.9534402) < 1e-6); /* Clopper-Pearson, one-sided: 1 of 100 */
    assert_true(gate_bound(0, 0, 0.95) == 0);
    assert_true(gate_bound(5, 5, 0.95) == 0);
    assert_true(gate_bound(100, 0, 1) == 0); /* certainty is never reached */
}

static void what_is_needed_reaches_the_threshold(void **state)
{
    (void)state;
    assert_int_equal(gate_needed(0, 0.99999, 0.95), 299572);
    for (uint64_t divergent = 0; divergent <= 10000; divergent = divergent * 7 + 1) {
        uint64_t needed = gate_needed(divergent, 0.999, 0.95);
        assert_true(gate_bound(needed, divergent, 0.95) >= 0.999);
        assert_true(gate_bound(needed - 1, divergent, 0.95) < 0.999);
    }
    /* Its own processor time: what else the machine does is not counted. */
    struct timespec began, end;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &began);
    gate_needed(10000, 0.99999, 0.95);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    long took_ms = (end.tv_sec - began.tv_sec) * 1000 + (end.tv_nsec - began.tv_nsec) / 1000000;
    if (took_ms > 200) fail_msg("%ld ms", took_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bound_is_the_exact_one),
        cmocka_unit_test(what_is_needed_reaches_the_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
