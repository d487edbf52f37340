/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Target pool: one worker's connections to PostgreSQL. A shared lease puts one statement into the pipeline of the least loaded connection that no transaction holds;
 * an exclusive lease takes a connection out until the transaction is over. Waiters are served in order; a waiter that nobody can serve within
 * the wait limit is told ERROR_LIMIT, or ERROR_TIMEOUT if no connection is up.
 * What still runs on a connection that comes back broken is cancelled, so that its locks go at once. A connection whose statement takes long is avoided by reads. Lost connections are opened again with back-off. One thread: the worker's.
 */
#ifndef ENGINE_TARGET_POOL_H
#define ENGINE_TARGET_POOL_H

#include "engine/engine.h"
#include "io/loop.h"
#include "pg/connection.h"

struct target_pool;
struct target_waiter {
    void (*granted)(void *context, struct pg *pg, const struct error *error);
    void *context;
    bool exclusive, waiting;
    uint64_t since_us;
    struct target_waiter *next;
};
struct target_pool *target_pool_new(struct engine *engine, struct loop *loop, uint32_t connections,
                                    void (*lost)(void *context, struct pg *pg), void *context);
void target_pool_free(struct target_pool *pool);
void target_pool_lease(struct target_pool *pool, struct target_waiter *waiter); /* granted is called now or later */
void target_pool_cancel(struct target_pool *pool, struct target_waiter *waiter);
void target_pool_return(struct target_pool *pool, struct pg *pg, bool exclusive, bool broken);
void target_pool_stop(struct target_pool *pool, struct pg *pg, void (*sent)(void *context),
                      void *context); /* ends what runs there; `sent` on another thread, once it cannot hit what is sent later */
void target_pool_flush(struct target_pool *pool, struct pg *pg); /* something was sent on it */
/* The target was given up, or does not answer: every connection is lost now, whatever was under way on it; none is opened while the policy says target_down. */
void target_pool_give_up(struct target_pool *pool);

#endif
