/* SPDX-License-Identifier: Apache-2.0 */
/* A thin layer over pthreads in which a failing lock operation is a defect, not an error to handle. */
#define _GNU_SOURCE /* thread names */
#include "base/thread.h"

#include "base/memory.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct thread {
    pthread_t handle;
    thread_body *body;
    void *context;
    char name[16];
};

static void *run(void *argument)
{
    struct thread *thread = argument;
    pthread_setname_np(pthread_self(), thread->name);
    thread->body(thread->context);
    return NULL;
}

struct thread *thread_start(const char *name, thread_body *body, void *context, struct error *error)
{
    struct thread *thread = memory_zero(1, sizeof *thread);
    thread->body = body;
    thread->context = context;
    snprintf(thread->name, sizeof thread->name, "%s", name);
    sigset_t all, before;
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    int status = pthread_create(&thread->handle, NULL, run, thread);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    if (status == 0) return thread;
    memory_free(thread);
    error_set(error, ERROR_LIMIT, "cannot start thread %s: %s; raise the limit on processes (ulimit -u, TasksMax)", name, strerror(status));
    return NULL;
}

void thread_join(struct thread *thread)
{
    if (!thread) return;
    CHECK(pthread_join(thread->handle, NULL) == 0);
    memory_free(thread);
}

void mutex_init(struct mutex *mutex)
{
    CHECK(pthread_mutex_init(&mutex->handle, NULL) == 0);
}

void mutex_release(struct mutex *mutex)
{
    CHECK(pthread_mutex_destroy(&mutex->handle) == 0);
}

void mutex_lock(struct mutex *mutex)
{
    CHECK(pthread_mutex_lock(&mutex->handle) == 0);
}

void mutex_unlock(struct mutex *mutex)
{
    CHECK(pthread_mutex_unlock(&mutex->handle) == 0);
}

void condition_init(struct condition *condition)
{
    pthread_condattr_t attributes;
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&condition->handle, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
}

void condition_release(struct condition *condition)
{
    CHECK(pthread_cond_destroy(&condition->handle) == 0);
}

void condition_wait(struct condition *condition, struct mutex *mutex)
{
    CHECK(pthread_cond_wait(&condition->handle, &mutex->handle) == 0);
}

bool condition_wait_us(struct condition *condition, struct mutex *mutex, uint64_t at_most_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t nanoseconds = (uint64_t)until.tv_nsec + at_most_us % 1000000u * 1000u;
    until.tv_sec += (time_t)(at_most_us / 1000000u + nanoseconds / 1000000000u);
    until.tv_nsec = (long)(nanoseconds % 1000000000u);
    int status = pthread_cond_timedwait(&condition->handle, &mutex->handle, &until);
    CHECK(status == 0 || status == ETIMEDOUT);
    return status == 0;
}

void condition_signal(struct condition *condition)
{
    CHECK(pthread_cond_signal(&condition->handle) == 0);
}

void condition_broadcast(struct condition *condition)
{
    CHECK(pthread_cond_broadcast(&condition->handle) == 0);
}

void thread_sleep(_Atomic uint32_t *word, uint32_t value, uint32_t bits)
{
    long status = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, NULL, NULL, bits);
    CHECK(status == 0 || errno == EAGAIN || errno == EINTR);
}

void thread_yield(void)
{
    sched_yield();
}

void thread_wake(_Atomic uint32_t *word, uint32_t at_most, uint32_t bits)
{
    CHECK(syscall(SYS_futex, word, FUTEX_WAKE_BITSET_PRIVATE, at_most, NULL, NULL, bits) >= 0);
}
