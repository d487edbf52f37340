/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads with names, and mutexes and conditions for background work. No signal is delivered to a thread started here: signals
 * belong to the main thread. Locks are for background threads; the data path meets in queues and atomics.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/error.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct thread;
typedef void thread_body(void *context);
/* name: at most 15 bytes are kept (what `top -H` shows). NULL with error: the system has no room for another thread. */
struct thread *thread_start(const char *name, thread_body *body, void *context, struct error *error) MUST_USE;
void thread_join(struct thread *thread); /* waits for its end and frees it; NULL is allowed */

struct mutex {
    pthread_mutex_t handle;
};
void mutex_init(struct mutex *mutex);
void mutex_release(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

struct condition {
    pthread_cond_t handle;
};
void condition_init(struct condition *condition);
void condition_release(struct condition *condition);
void condition_wait(struct condition *condition, struct mutex *mutex);
bool condition_wait_us(struct condition *condition, struct mutex *mutex, uint64_t at_most_us); /* false: time is over */
void condition_signal(struct condition *condition);
void condition_broadcast(struct condition *condition);

void thread_yield(void); /* lets others run that are ready, and goes on */

/* Sleeping on a word (futex): without a lock, and one system call wakes many. Sleeps while *word == value, until thread_wake has one of `bits` (not 0);
 * may also return for no reason: the caller looks again. What it waits for is stored before *word changes and before thread_wake. */
void thread_sleep(_Atomic uint32_t *word, uint32_t value, uint32_t bits);
void thread_wake(_Atomic uint32_t *word, uint32_t at_most, uint32_t bits);

#endif
