/* SPDX-License-Identifier: Apache-2.0 */
/* A bench for each test of a file: requests of a session with a server of version 19. */
#ifndef TESTS_SUPPORT_WIRE_BENCH_FIXTURE_H
#define TESTS_SUPPORT_WIRE_BENCH_FIXTURE_H

#include "tests/support/wire_messages.h"

static struct wire_bench bench;

static int setup(void **state)
{
    (void)state;
    wire_bench_open(&bench, wire_session_19c());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wire_bench_close(&bench);
    return 0;
}

#endif
