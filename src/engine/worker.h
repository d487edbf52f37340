/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worker: one event loop with its listener, its sessions and its target connections. Workers share nothing but struct engine. Control talks to them by
 * the policy, and by the functions here, which may be called from any thread between worker_start and worker_stop.
 */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include "engine/shadow.h"

struct worker_options {
    const char *address;
    uint16_t port;
    struct tls_context *client_tls, *source_tls;
    struct shadow *shadow;
};
struct engine_worker *worker_start(struct engine *engine, uint32_t number, const struct worker_options *options,
                                   struct error *error) MUST_USE;
uint16_t worker_port(const struct engine_worker *worker);
void worker_stop(struct engine_worker *worker, bool close_sessions); /* closes the listener; waits for the thread */
void worker_policy_changed(struct engine_worker *worker);            /* sessions that hold look again; any thread */
void worker_applied_changed(struct engine_worker *worker);           /* fence waiters look again; any thread; coalesced */

/* A client's session as it is at this moment. Texts are cut. */
struct worker_session {
    uint64_t id;
    char user[64], program[64], peer[64];
    char state[24];
    uint64_t transaction_us;
    uint64_t calls;
    char last_side[8];
    char statement[200];
};
/* All of them, at most `max`: asks every worker's loop and waits for its answer. Not for a worker's own thread. */
uint32_t engine_sessions(struct engine *engine, struct worker_session *out, uint32_t max);
/* Longest time since the last call of this function that a client's call was held, microseconds (pause of a switch). */
uint64_t engine_longest_hold_us(struct engine *engine);

#endif
