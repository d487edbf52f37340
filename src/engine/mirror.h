/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mirror: the thread that makes the target equal to the source by applying the journal's committed transactions in CSN order
 * (DESIGN: invariants I3, I4). One ordered, pipelined connection; many source transactions folded into one target transaction; while more is waiting than
 * one target transaction takes, several of them side by side (lanes, below).
 *
 * For each DML of a committed transaction, by the class of its plan:
 *  exact      the translated statement with the recorded binds; the row count is compared with the source's;
 *  image      its key joins the batch's image set: after the batch's statements the rows are read from the source by key and written as they are;
 *  predicate  the translated statement with RETURNING key; the keys touched are handed to the checker, or read from the source if the clock, the session or chance has a say in it; another row count marks the table for a sweep;
 *  opaque     an override if there is one, else a gap on the tables it may touch.
 * A row read from the source may be ahead of the batch. Hence the horizon: for each key written as image, the highest CSN given out when the read was
 * over; later DML on that key with a CSN at or below it is an image again (re-reading is idempotent, replaying is not).
 *
 * While a table is being backfilled every DML on it is handled as image, and the keys touched since the chunk's read began are remembered, so that the
 * chunk's write leaves them out (mirror_run executes the chunk's write on the mirror's thread between two batches: nothing is doubled, lost or brought back to life).
 *
 * The target lost: the mirror reconnects with back-off, reads understudy.applied, and goes on from there. A batch that fails is done again statement by
 * statement: keyed DML as image, the rest under savepoints; what still fails is a divergence (`poison`) and its table is unverified.
 * In doubt (no outcome after a restart, or outcome unknown): all its keys as image; unkeyed: its tables become unverified.
 *
 * While the target works on a batch of statements by key alone, the next one is planned (mirror_next.c says when that plan is thrown away).
 *
 * Lanes. A batch that is larger than one target transaction ([mirror] fold) is split by write sets: transactions that name a row in common, that run or read
 * over rows they do not name on a common table, or that may hand a unique value to one another, stay together in CSN order; the groups go to up to
 * [mirror] lanes connections (mirror_links.c), all driven by the mirror's one thread. Why that is right:
 *  - order (I3): two transactions on one row are in one group, hence in one lane, one after the other. The next batch begins when all lanes have committed.
 *  - nothing half done: no lane commits before every lane has done all of its part without an error. What fails until then (a statement, a lock that another
 *    lane holds, a deadlock, a lost connection) is rolled back everywhere and the batch is done on one connection, with all of its rules for trouble; for a
 *    second there are no lanes then. Lanes wait for locks 250 ms at most: a lane that waits for another waits for its commit, which waits for all.
 *  - once (I4): each lane writes what it applied in its own transaction (understudy.lane: mirror_position.c). After a crash, or a lane lost at its commit, the
 *    mirror reads these rows, skips exactly the CSNs in them that stand above the position, does the rest on one connection, and then only lanes again. Images
 *    that a lane wrote carry the batch's horizon in its row, so that what comes after them is image. A position is only read when every earlier connection of
 *    the mirror is over at the server (an advisory lock), because a COMMIT that is still under way there would be missed.
 *  - reads (I5): between the first and the last lane's COMMIT the target holds later commits without earlier ones. `applied` moves when all have committed, so a
 *    read whose fence lies in the batch is not concerned; one whose fence held before (it read tables that nobody wrote) is: engine_ragged_begin announces the
 *    commits, waits until the reads that are running are over, and no read begins until `applied` has reached the batch's end (engine_read_begin: sessions and the
 *    shadow). Reads that go on for more than 100 ms send the batch back to one connection. After a torn batch reads wait until `applied` has passed its last commit.
 *    The checker, verify and repair look at single rows, each of which only one lane writes; tables without a key go to one lane as a whole.
 */
#ifndef ENGINE_MIRROR_H
#define ENGINE_MIRROR_H

#include "engine/rows.h"

struct mirror;
struct mirror *mirror_start(struct engine *engine, struct error *error) MUST_USE;
void mirror_stop(struct mirror *mirror); /* finishes the batch at hand */
/* While the target is primary the mirror rests: it reads past the target-primary transactions (they come back through the stream). */
void mirror_pause(struct mirror *mirror, bool paused); /* returns when the pause holds */
/* Runs `work` on the mirror's thread between two batches, with its target connection outside a transaction, and waits for it. `work` answers false with
 * error; the connection is rolled back then. Any background thread. */
typedef bool mirror_work(void *context, struct pg *target, struct error *error);
bool mirror_run(struct mirror *mirror, mirror_work *work, void *context, struct error *error) MUST_USE;

/* Backfill: from table_watch on, DML on the table is image and touched keys are kept; mirror_touched says whether a key was touched since the mark. On the
 * mirror's thread (inside mirror_work) or before watching. `mark` numbers chunk reads. */
void mirror_watch_table(struct mirror *mirror, const struct sql_table *table, bool watch);
uint64_t mirror_watch_mark(struct mirror *mirror, const struct sql_table *table); /* before the chunk's read */
bool mirror_touched(struct mirror *mirror, const struct sql_table *table, uint64_t mark, const struct value *key,
                    bool *whole_table); /* whole_table: an unkeyed change: read the chunk again */
void mirror_forget(struct mirror *mirror, const struct sql_table *table, uint64_t mark); /* marks below are done */

/* Repair and reconcile: these keys are read from the primary and written to the secondary, in order with apply. Queued; `done` runs on the mirror's thread. */
typedef void mirror_reconciled(void *context, const struct row *before, const struct row *after, bool changed, const struct error *error);
void mirror_reconcile(struct mirror *mirror, const struct sql_table *table, struct view encoded_key, mirror_reconciled *done,
                      void *context);

/* Without a thread, for the simulator: nothing happens but in mirror_step, which does one turn; false: there was nothing to do. mirror_stop ends it. mirror_run waits
 * for a thread and must not be used; mirror_pause holds at once. */
struct mirror *mirror_open_stepped(struct engine *engine, uint64_t seed);
bool mirror_step(struct mirror *mirror);

/* The CSN up to which everything stands on the target, by the target's own word; 0: nothing does. Any thread. */
bool mirror_target_position(struct pg *target, uint64_t *csn, struct error *error) MUST_USE;

struct mirror_statistics {
    uint64_t transactions, statements, images, batches, retries, poison, pending_transactions, position;
    uint64_t lanes; /* connections of the last batch: 1 as long as there is no backlog */
    double per_second;
    bool target_up;
    char last_error[300];
};
void mirror_statistics(struct mirror *mirror, struct mirror_statistics *out);

#endif
