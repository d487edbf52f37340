/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits on the target, while it is primary, that do not yet stand on the source: added before the intent is made durable, removed when the commit has come
 * back through the target's stream and is committed on the source, or when it is known that it was none. PostgreSQL commits in another order than
 * CSNs are given out, so "everything up to N" is no answer to whether one of them is there.
 *
 * If the target is lost this is what decides: a commit that is not outstanding stands on the source and must not be done again, an acknowledged one that is
 * outstanding must. A bit for each of the last OUTSTANDING_WINDOW CSNs, 2 MiB, lock-free; any thread. NULL: nothing is ever removed (everything is outstanding).
 */
#ifndef ENGINE_OUTSTANDING_H
#define ENGINE_OUTSTANDING_H

#include <stdbool.h>
#include <stdint.h>

enum { OUTSTANDING_WINDOW = 1 << 24 };

struct outstanding;
struct outstanding *outstanding_new(void);
void outstanding_free(struct outstanding *outstanding);
void outstanding_add(struct outstanding *outstanding, uint64_t csn);
void outstanding_remove(struct outstanding *outstanding, uint64_t csn);
bool outstanding_has(const struct outstanding *outstanding, uint64_t csn);

#endif
