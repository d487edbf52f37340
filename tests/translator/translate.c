/* SPDX-License-Identifier: Apache-2.0 */
/* The translator, guarded: a statement that crashes it or takes longer than five seconds is counted and the run goes on. */
#include "tests/translator/suite.h"

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

static sigjmp_buf guard_return;

static void on_signal(int number)
{
    siglongjmp(guard_return, number == SIGALRM ? GUARD_HANG : GUARD_CRASH);
}

/* Translates as one statement, or with `parts` as several. */
static struct sql_plan *guarded(const struct sql_options *options, const char *text, struct script_parts *parts, int *guard)
{
    static const int caught[] = {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGALRM};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER | SA_ONSTACK};
    static char stack[65536];
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) sigaction(caught[i], &action, NULL);
    *guard = sigsetjmp(guard_return, 1);
    if (*guard != GUARD_OK) return NULL;
    alarm(5);
    struct sql_plan *plan = parts ? NULL : sql_translate(options, view_text(text));
    if (parts) *parts = script_translate(options, view_text(text));
    alarm(0);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) signal(caught[i], SIG_DFL);
    return plan;
}

struct sql_plan *guarded_translate(const struct sql_options *options, const char *text, int *guard)
{
    return guarded(options, text, NULL, guard);
}

bool guarded_parts(const struct sql_options *options, const char *text, struct script_parts *parts, int *guard)
{
    *parts = (struct script_parts){0};
    guarded(options, text, parts, guard);
    return *guard == GUARD_OK;
}
