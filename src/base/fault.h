/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault points: numbered places along the path of a write at which a test lets the process die as by kill -9 (tests/torture). They exist only in a build with
 * UNDERSTUDY_FAULT_POINTS (make V=torture); in any other build fault_point() is nothing.
 *
 * The environment says which one, at start: UNDERSTUDY_FAULT=NAME:HIT kills the process when it comes to the point NAME for the HIT-th time,
 * UNDERSTUDY_FAULT=NAME:HIT:MS lets that thread sleep instead, each time from then on. The last words on standard error are "fault point NAME".
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

/* number, name, where it stands */
#define FAULT_POINTS(X)                                                                                                                    \
    X(1, dml_answered, "a write was answered, its record is not queued yet")                                                               \
    X(2, dml_queued, "its record is queued for the journal")                                                                               \
    X(3, intent_made, "a commit has its CSN, the intent is not queued yet")                                                                \
    X(4, intent_queued, "the intent is queued, not durable")                                                                               \
    X(5, intent_durable, "the intent is durable, COMMIT is not forwarded yet")                                                             \
    X(6, commit_forwarded, "COMMIT is handed to the source's connection")                                                                  \
    X(7, commit_answered, "bytes came from the source while a commit is under way")                                                        \
    X(8, outcome_known, "the outcome is known, not queued yet")                                                                            \
    X(9, outcome_queued, "the outcome is queued, the client has no answer yet")                                                            \
    X(10, reply_sent, "an answer was handed to the client's connection")                                                                   \
    X(11, journal_write, "a group is sealed, nothing of it is written")                                                                    \
    X(12, journal_written, "a group is written, not synced")                                                                               \
    X(13, journal_synced, "a group is synced, nobody knows yet")                                                                           \
    X(14, journal_told, "those who waited for a group were told")                                                                          \
    X(15, journal_segment, "a segment is full, the next is about to begin")                                                                \
    X(16, gap_ledger, "a gap stands in the ledger, not in the journal")                                                                    \
    X(17, mirror_collected, "a batch is collected, not planned")                                                                           \
    X(18, mirror_read, "its images were read from the source, nothing is sent")                                                            \
    X(19, mirror_sent, "statements and images were sent, the position and COMMIT not")                                                     \
    X(20, mirror_committed, "the target has committed the batch, the mirror has not noted it")                                             \
    X(21, mirror_noted, "the mirror has noted the batch")                                                                                  \
    X(22, mirror_careful, "a batch was done again with care, its COMMIT is not sent")                                                      \
    X(23, mirror_released, "the journal was told what it may drop")                                                                        \
    X(24, reconcile_horizon, "a row is to be repaired, the horizon is on the target")                                                      \
    X(25, reconcile_committed, "the repaired row is committed, nobody knows yet")                                                          \
    X(26, backfill_read, "a chunk of the backfill was read")                                                                               \
    X(27, backfill_written, "a chunk was written, not committed")                                                                          \
    X(28, backfill_committed, "a chunk was committed, its progress is not recorded")                                                       \
    X(29, divergence_found, "the checker is about to record a divergence")                                                                 \
    X(30, start_recovered, "a start has recovered the journal, nothing else")                                                              \
    X(31, start_positioned, "a start has read the target's position")                                                                      \
    X(32, lanes_sent, "every lane of a batch has done its part, no COMMIT is sent")                                                        \
    X(33, lane_committing, "COMMIT was sent on a lane, not yet on the next")                                                               \
    X(34, lanes_committed, "every lane has committed, the mirror has not noted it")

#define FAULT_ENUM_ROW(number, name, text) FAULT_##name = number,
enum fault_point { FAULT_POINTS(FAULT_ENUM_ROW) FAULT_POINT_END };

/* Bugs planted on purpose, so that the simulation can show that it finds their kind. One at most; only in a build with fault points. */
enum fault_bug {
    BUG_NONE,
    BUG_ORDER,         /* the last two transactions of a batch change places */
    BUG_LOST_OUTCOME,  /* what is in doubt is taken for rolled back */
    BUG_DOUBLE_APPLY,  /* a target that committed and did not answer is taken for one that did not commit */
    BUG_UNSYNCED,      /* the journal calls durable what it has only written */
    BUG_LANE_POSITION, /* a lane commits without saying on the target what it applied */
    BUG_LANE_ORDER,    /* transactions that touch the same row go to different lanes */
    BUG_LANE_READS,    /* reads run while lanes are committing */
    BUG_LANE_MEMORY,   /* what lanes have committed while others were lost is not looked for */
    BUG_UNIQUE_ROW,    /* a row that stands in the way under a unique key is deleted, and not read */
    BUG_RETURNED,      /* what comes back from the primary target is not noted on the source with its rows */
    BUG_REPLAY_ORDER,  /* a replay onto the source takes the commits in the order in which they were seen to end */
    BUG_REPLAY_START,  /* a replay after a restart takes it for known what has come back */
    BUG_REFUSED,       /* what the source refuses is passed over and not kept */
    BUG_COUNT
};

#ifdef UNDERSTUDY_FAULT_POINTS
void fault_point(enum fault_point point);
void fault_plant(enum fault_bug bug);
bool fault_planted(enum fault_bug bug);
#define FAULT_PLANTED(bug) fault_planted(bug)
#else
#define fault_point(point) ((void)(point))
#define FAULT_PLANTED(bug) false
#endif

#endif
