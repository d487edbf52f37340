/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reverse: the thread that keeps the source in step while the target is primary, from PostgreSQL's own logical decoding: row images by key in commit order, from
 * any writer, trigger effects included. Position on the source: table UNDERSTUDY_APPLIED, written in the same source transaction as the rows.
 * Transactions before the epoch's own message (logical message "understudy", "epoch N") are the mirror's and are skipped. Each of our
 * transactions carries "csn N": reverse_csn tells how far the stream has brought them.
 *
 * The target lost for good: reverse_replay applies from the journal what has not come back through the stream: committed, and in doubt with a durable
 * intent (its client may have been told). From images where the record has them, else the source statement with its binds.
 */
#ifndef ENGINE_REVERSE_H
#define ENGINE_REVERSE_H

#include "engine/rows.h"

#define REVERSE_NAME "understudy_reverse" /* of the slot, and of the publication */

struct reverse;
/*
 * Makes the publication of the mirrored tables anew, and the slot. A table without a primary key gets REPLICA IDENTITY FULL, because PostgreSQL would refuse to change its rows; on the
 * source such a row is found by all its columns (a gap if one of them cannot be compared). An account that owns the tables can do it; one that does not needs a publication that
 * somebody else has made. Before the switch; then reverse_start streams from `lsn`.
 */
bool reverse_prepare(struct engine *engine, uint64_t *lsn, struct error *error) MUST_USE;
struct reverse *reverse_start(struct engine *engine, uint64_t epoch, uint64_t lsn, struct error *error) MUST_USE;
/* Without a thread, for the simulator: nothing happens but in reverse_step, which does one turn. reverse_stop ends it. */
struct reverse *reverse_open_stepped(struct engine *engine, uint64_t epoch, uint64_t lsn, struct error *error) MUST_USE;
void reverse_step(struct reverse *reverse);
bool reverse_drained(struct reverse *reverse, uint64_t csn, uint64_t target_lsn); /* everything up to there stands on the source */
void reverse_stop(struct reverse *reverse);
bool reverse_failed(struct reverse *reverse, struct error *why); /* it cannot go on: the fallback is no longer true */
/* Journal replay onto the source: what is outstanding (engine/outstanding.h) and acknowledged, up to this CSN, in the order of CSNs. What the source refuses is kept
 * (engine/refused.h) and passed over. False: the source, the journal or the state store is not there; it can be tried again. */
struct reverse_replayed {
    uint64_t transactions, refused;
};
bool reverse_replay(struct engine *engine, uint64_t up_to_csn, struct reverse_replayed *replayed, struct error *error) MUST_USE;
bool reverse_drop(struct engine *engine, struct error *error) MUST_USE; /* slot and publication: at complete */

/* Sequences: keeps `to` ahead of the other side by the margin; called each second, and at a switch with the primary held. */
bool sequences_advance(struct engine *engine, enum engine_side to, struct error *error) MUST_USE;

#endif
