/* SPDX-License-Identifier: Apache-2.0 */
/* A listener for each test of a file: replies to a session with a server of version 19. */
#ifndef TESTS_SUPPORT_WIRE_LISTENER_FIXTURE_H
#define TESTS_SUPPORT_WIRE_LISTENER_FIXTURE_H

#include "tests/support/wire_replies.h"

static struct wire_listener listener;

static int setup(void **state)
{
    (void)state;
    wire_listen_open(&listener, wire_session_19c());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wire_listen_close(&listener);
    return 0;
}

#define SESSION (&listener.bench.session)
#define MESSAGE (&listener.bench.message)

#endif
