/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for sockets, and for one answer: the blocking calls' only ways to block. */
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

/* Time left in milliseconds; -1: no end. */
static int64_t left_of(uint64_t until)
{
    uint64_t now = clock_monotonic_us();
    return until == 0 ? -1 : now >= until ? 0 : (int64_t)(until - now + 999) / 1000;
}

static bool send_all(PGconn *handle, uint64_t until)
{
    int more;
    while ((more = PQflush(handle)) == 1) {
        if (!pg_wait_socket(PQsocket(handle), PG_WANT_READ | PG_WANT_WRITE, left_of(until))) return false;
        (void)PQconsumeInput(handle); /* a failure is told by the result */
    }
    return true;
}

static bool wait_for_result(PGconn *handle, uint64_t until)
{
    while (PQisBusy(handle)) {
        if (!pg_wait_socket(PQsocket(handle), PG_WANT_READ, left_of(until))) return false;
        if (!PQconsumeInput(handle)) return true;
    }
    return true;
}

PGresult *pg_exec_patiently(PGconn *handle, const char *text, uint32_t timeout_ms, bool *expired)
{
    uint64_t until = timeout_ms ? clock_monotonic_us() + (uint64_t)timeout_ms * 1000 : 0;
    PGresult *last = NULL;
    *expired = false;
    if (!PQsendQuery(handle, text)) return NULL;
    *expired = !send_all(handle, until);
    while (!*expired) {
        *expired = !wait_for_result(handle, until);
        PGresult *next = *expired ? NULL : PQgetResult(handle);
        if (!next) break;
        PQclear(last);
        last = next;
        ExecStatusType status = PQresultStatus(last);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH || PQstatus(handle) == CONNECTION_BAD) break;
    }
    if (!*expired) return last;
    PQclear(last);
    return NULL;
}
