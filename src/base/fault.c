/* SPDX-License-Identifier: Apache-2.0 */
/* Fault points of a test build: what the environment asked for, and the death that follows. */
#include "base/fault.h"

#ifdef UNDERSTUDY_FAULT_POINTS
#include "base/clock.h"
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum fault_bug planted; /* before any thread starts */

void fault_plant(enum fault_bug bug)
{
    planted = bug;
}

bool fault_planted(enum fault_bug bug)
{
    return planted == bug;
}

#define FAULT_NAME_ROW(number, name, text) [number] = #name,
static const char *const names[FAULT_POINT_END] = {FAULT_POINTS(FAULT_NAME_ROW)};

static atomic_int wanted = -1; /* -1: the environment was not asked yet; 0: none */
static _Atomic unsigned long hits_left;
static unsigned long sleep_ms;

/* Two threads may come here first at once: both read the same. */
static int ask_environment(void)
{
    const char *text = getenv("UNDERSTUDY_FAULT");
    int point = 0;
    unsigned long hit = 1, ms = 0;
    char name[64] = "";
    if (text && sscanf(text, "%63[a-z_]:%lu:%lu", name, &hit, &ms) >= 1)
        for (int i = 1; i < FAULT_POINT_END; i++)
            if (names[i] && strcmp(names[i], name) == 0) point = i;
    if (text && !point) {
        fprintf(stderr, "UNDERSTUDY_FAULT=%s: there is no such fault point\n", text);
        _exit(2);
    }
    int unasked = -1;
    sleep_ms = ms;
    if (atomic_load(&wanted) == unasked) {
        atomic_store(&hits_left, hit ? hit : 1);
        atomic_compare_exchange_strong(&wanted, &unasked, point);
    }
    return point;
}

void fault_point(enum fault_point point)
{
    int want = atomic_load(&wanted);
    if (want < 0) want = ask_environment();
    if (want != (int)point) return;
    unsigned long left = atomic_load(&hits_left);
    while (left > 1 && !atomic_compare_exchange_weak(&hits_left, &left, left - 1)) {}
    if (left > 1) return;
    if (sleep_ms) {
        clock_sleep_us((uint64_t)sleep_ms * 1000);
        return;
    }
    char words[100];
    int size = snprintf(words, sizeof words, "fault point %s\n", names[point]);
    if (write(STDERR_FILENO, words, (size_t)size) < 0) _exit(3);
    kill(getpid(), SIGKILL);
    for (;;) pause();
}
#else
typedef int fault_points_are_not_compiled_in;
#endif
