/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canceller: sends cancel requests to PostgreSQL on a thread of its own, because each needs a connection and blocks until the server has taken it; a worker's loop
 * must not wait for that. The thread starts with the first request. Requests are sent in order; at most LIMIT_TARGET_CANCELS wait.
 */
#ifndef ENGINE_CANCELLER_H
#define ENGINE_CANCELLER_H

#include "pg/connection.h"

struct canceller;
struct canceller *canceller_new(void);
void canceller_free(struct canceller *canceller); /* what was not sent is dropped, without its callback */
/* Takes the request (NULL is allowed: nothing is sent). `sent` (may be NULL) runs on the canceller's thread, or at once when the request is dropped. */
void canceller_submit(struct canceller *canceller, struct pg_cancel *cancel, void (*sent)(void *context), void *context);

#endif
