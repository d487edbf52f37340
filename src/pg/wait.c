/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for sockets: the blocking calls' only way to block. */
#include "pg/connection_internal.h"

#include "base/clock.h"
#include <errno.h>
#include <poll.h>

bool pg_wait_sockets(const int *descriptors, const int *wants, uint32_t count, int64_t timeout_ms)
{
    struct pollfd list[PG_WAIT_MAX];
    CHECK(count <= PG_WAIT_MAX);
    for (uint32_t i = 0; i < count; i++)
        list[i] = (struct pollfd){.fd = descriptors[i],
                                  .events = (short)((wants[i] & PG_WANT_READ ? POLLIN : 0) | (wants[i] & PG_WANT_WRITE ? POLLOUT : 0))};
    uint64_t until = clock_monotonic_us() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms) * 1000;
    for (;;) {
        int left = -1;
        if (timeout_ms >= 0) {
            uint64_t now = clock_monotonic_us();
            left = now >= until ? 0 : (int)((until - now + 999) / 1000);
        }
        int ready = poll(list, count, left);
        if (ready > 0) return true;
        if (ready == 0) return false;
        if (errno != EINTR) return true; /* libpq will find out what is wrong */
    }
}

bool pg_wait_socket(int descriptor, int wants, int64_t timeout_ms)
{
    return pg_wait_sockets(&descriptor, &wants, 1, timeout_ms);
}
