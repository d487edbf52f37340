/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the mirror, shared by mirror*.c only. All of it belongs to the mirror's thread, but for what stands under `lock` and the atomics. */
#ifndef ENGINE_MIRROR_PRIVATE_H
#define ENGINE_MIRROR_PRIVATE_H

#include "base/map.h"
#include "base/random.h"
#include "base/thread.h"
#include "engine/mirror.h"
#include "engine/record.h"
#include "engine/statement.h"

/* ---- limits; those on memory stand in base/limit.h ---- */
enum {
    MIRROR_RETRIES = 5, /* of a batch after a serialization failure or a deadlock; then it is done with care */
    MIRROR_FIND_ROUNDS =
        200, /* how often rows that stand in the way under a unique key are looked for: a circle of unique values is as long as it is */
    MIRROR_GAPS_MAX = 1000, /* CSN ranges of gaps that are remembered */
    MIRROR_RECONCILE_BATCH = 100,
};
#define MIRROR_SETTLE_US       UINT64_C(1500000)  /* a commit whose outcome is not known may still be going on at the source */
#define MIRROR_LOST_OUTCOME_US UINT64_C(60000000) /* an outcome that a gap may have swallowed is not waited for longer */

/* ---- transactions (mirror_assemble.c) ---- */
enum mirror_state { TRANSACTION_OPEN, TRANSACTION_INTENT, TRANSACTION_COMMITTED, TRANSACTION_VOID, TRANSACTION_DOUBT };
struct mirror_entry {
    uint64_t position;
    uint32_t ordinal;
    bool of_intent;      /* the auto-commit call's own statement: its result came with the outcome */
    bool borrowed;       /* payload stands in the batch's memory */
    struct view payload; /* empty: not kept, read it again */
};
struct mirror_transaction {
    uint64_t id, csn;
    uint64_t first_position, intent_position, outcome_position, outcome_us;
    enum mirror_state state;
    bool auto_commit, target_primary, unknown_tables, unsure, done /* applied before the restart */;
    bool ahead;    /* a lane has applied it already, though not all before it are */
    uint32_t slot; /* in its batch */
    struct mirror_entry *entries;
    uint32_t entry_count, entry_room;
    struct view outcome; /* payload of the OUTCOME */
    struct arena arena;
    size_t bytes;                             /* of memory, counted in pending_bytes */
    size_t unkept;                            /* of payloads that were not kept: they are there while its batch is */
    struct mirror_transaction *older, *newer; /* by first_position */
};
struct csn_range {
    uint64_t from, to, time_us;
};

/* ---- keys (mirror_keys.c) ---- */
struct mirror_key {
    const struct row_map *map;
    uint64_t hash;
    struct view encoded; /* normal values */
    struct value *key;   /* the same, decoded */
    uint64_t csn;        /* of the last transaction of the batch that names it */
    struct fingerprint *fingerprint;
    bool image;      /* the row is read from the primary and written as it is */
    bool doubt;      /* of a commit in doubt: looked at again later */
    bool late_kept;  /* .. and the state store knows it */
    bool must_check; /* it is not left to the sample whether the row is compared */
    bool deleted;    /* a statement deleted it, though it may be there again by now: what that cascaded to has to be looked at */
    bool expanded;   /* .. and was */
    struct row row;  /* what was read; key set when image */
    bool read, sent;
    bool dropped;                    /* it could not be read or written: its table is in a gap */
    bool takes_unique, frees_unique; /* it may get, or give up, a value under another unique key */
    uint32_t slot;                   /* of a transaction that names it, plus 1; 0: none */
};
struct mirror_keys { /* of one batch; memory in the batch's arena */
    struct mirror_key **slots;
    uint32_t slot_count;
    struct mirror_key **list;
    uint32_t count, room;
};
/* What is remembered of keys beyond their batch. */
struct recent_entry {
    uint64_t hash, horizon, any_outcome, auto_outcome;
    const struct sql_table *table;
    struct view encoded;
};
struct recent_generation {
    struct arena arena;
    struct recent_entry *slots;
    uint32_t slot_count, count;
    uint64_t horizon_max, outcome_max;
};
struct table_recent {                       /* the same for statements whose keys are not known, by table id */
    uint64_t horizon;                       /* DML on it up to this CSN is image */
    uint64_t predicate_any, predicate_auto; /* last outcome position of a statement over a predicate */
    uint64_t any_outcome, auto_outcome;     /* last outcome position of any statement */
    uint64_t change_any, change_auto;       /* .. of one whose rows are not known and that did not only add rows with values of its own */
    uint64_t image_csn;                     /* highest horizon of any key of it */
};

/* ---- operations (mirror_plan.c) ---- */
enum mirror_action { ACTION_EXACT, ACTION_PREDICATE };
struct mirror_op { /* one execution on the target */
    enum mirror_action action;
    const struct mirror_transaction *transaction;
    const struct sql_plan *plan;
    uint64_t statement; /* its number, for the prepared name */
    struct fingerprint *fingerprint;
    const struct row_map *map; /* of the written table; NULL: several or none */
    struct value *binds;
    uint32_t bind_count;
    struct mirror_key *key; /* ACTION_EXACT by key: left out if the key is image */
    struct mirror_record *record;
    bool image_touched; /* ACTION_PREDICATE: the rows it touched are read from the primary afterwards */
    bool strict;        /* another row count is never excused: it overlaps with writes whose rows are not known */
    bool sent, failed;
    struct pg_result result; /* ACTION_PREDICATE: taken rows */
    struct error error;
    uint64_t affected;
};
struct mirror_record { /* what several executions of one call have in common */
    uint64_t expected, affected;
    bool comparable;
    uint32_t ops, sent;
};
struct mirror_rowid {
    const struct row_map *map;
    char rowid[19];
    uint64_t csn;
    const struct mirror_transaction *transaction;
    struct fingerprint *fingerprint;
};

struct mirror_batch {
    struct arena arena;
    struct mirror_transaction **transactions;
    uint32_t count, room;
    uint64_t csn; /* of the last */
    struct mirror_op *ops;
    uint32_t op_count, op_room;
    struct mirror_keys keys;
    struct mirror_rowid *rowids;
    uint32_t rowid_count, rowid_room;
    struct sql_plan **plans;
    uint32_t plan_count, plan_room; /* made for this batch only */
    uint32_t predicates;
    uint64_t horizon; /* taken after the last read from the primary */
    uint64_t statements, images;
    size_t bytes;
    bool feed_wanted;      /* keys that the key feeds note are part of it, and have not been taken yet */
    struct buffer scratch; /* for one key */
    bool planned;          /* ahead of its time: mirror_next.c */
    /* lanes */
    bool wide;           /* collected for several lanes */
    uint32_t *links;     /* slot -> another slot of the same group, mirror_links.c; NULL: not kept */
    uint32_t *lanes;     /* slot of a group's root -> lane; NULL: all is one lane */
    uint32_t lane_count; /* 1: one transaction on the target */
    bool crossed;        /* groups of different lanes turned out to belong together */
};

enum { MIRROR_LANES_MAX = 16 };

struct mirror_job { /* mirror_run, mirror_reconcile */
    mirror_work *work;
    void *context;
    const struct sql_table *table;
    struct buffer key;
    mirror_reconciled *reconciled;
    bool finished, good;
    struct error error;
    struct mirror_job *next;
};
struct mirror_watch; /* mirror_watch.c */
struct gap_memory {
    char table[260];
    char reason[300];
    uint64_t last_us;
    bool waiting;
};

struct mirror {
    struct engine *engine;
    struct thread *thread;
    struct mutex lock;
    struct condition changed;
    /* under the lock */
    struct mirror_job *jobs, *jobs_last;
    bool pause_wanted, paused;
    struct mirror_watch *watches;
    struct mirror_statistics statistics;
    _Atomic bool stopping;
    _Atomic uint32_t watching; /* number of watches */
    /* reading */
    struct journal_reader *reader;
    uint64_t next_position; /* of the next record to be read */
    uint64_t start_durable, start_csn, boot, reading_boot;
    struct map by_id;  /* id -> transaction */
    struct map by_csn; /* csn -> transaction with an intent, not applied */
    struct mirror_transaction *oldest, *newest;
    uint32_t transaction_count;
    struct mirror_transaction *spare;
    uint32_t spare_count;
    size_t pending_bytes; /* memory of all transactions */
    size_t pending_peak;  /* the most of it since memory was given back */
    uint64_t highest_csn; /* of any record read */
    uint64_t void_below;  /* CSNs up to here that did not appear never will */
    uint64_t done_any,
        done_auto; /* last outcome position of a transaction that was applied before this start: its keys are not remembered; of an auto-commit one */
    struct csn_range *gaps;
    uint32_t gap_count;
    /* applying */
    uint64_t applied_csn, applied_position;
    uint64_t written_csn, written_position,
        written_us;         /* what stands on the target: behind `applied` while nothing that concerned it came */
    uint64_t horizon_start; /* from the target: DML up to this CSN may stand there already, whatever its key */
    uint64_t horizon_max;
    bool positioned; /* applied was read from the target */
    struct pg *target;
    struct source *source;
    uint64_t target_retry_us, source_retry_us, probed_us, released_us, started_us;
    uint32_t target_tries, source_tries, read_failures;
    struct random_generator random;
    struct statement_cache *statements;
    const struct sql_catalog *catalog;
    struct row_maps *maps;
    struct table_recent *tables;
    uint32_t table_count;
    struct recent_generation recent[2]; /* [0] is filled */
    struct mirror_batch batch, next;    /* next: planned while the target works on `batch` */
    uint64_t next_from;                 /* the CSN after which `next` comes */
    struct gap_memory *gap_memory;
    uint32_t gap_memory_count;
    uint64_t rate_us, rate_count;
    struct csn_place {
        uint64_t csn, position;
    } * kept, kept_folded;          /* folded: one for all that there was no room for; position 0: none */
    uint32_t kept_count, kept_room; /* target-primary transactions that have not come back, as they were read */
    bool resync_wanted;
    struct mirror_late *late; /* mirror_late.c; late_count: with those that are being looked at */
    uint32_t late_count;
    bool late_resumed;            /* what an earlier process left was read */
    struct state_late *late_done; /* to be dropped from the state store */
    uint32_t late_done_count;
    uint64_t late_dropped_us;
    struct pg *lanes[MIRROR_LANES_MAX]; /* [0] is not used: that lane is `target` */
    uint64_t *ahead;                    /* sorted: CSNs above applied_csn that stand on the target */
    uint32_t ahead_count;
    uint64_t lanes_retry_us;  /* before that no lanes */
    bool narrow;              /* the batch is to be done on one connection */
    bool lanes_unsettled;     /* understudy.applied is behind understudy.lane */
    uint64_t target_lost_csn; /* applied when the target was lost: it is not healthy before it is there again */
};

/* mirror_assemble.c */
bool mirror_read_some(struct mirror *mirror); /* true: something was read */
void mirror_assemble_init(struct mirror *mirror, uint64_t position);
void mirror_assemble_release(struct mirror *mirror);
void mirror_keep_for_reverse(
    struct mirror *mirror, const struct mirror_transaction *transaction); /* its records are needed till it came back through the stream */
void mirror_transaction_drop(struct mirror *mirror, struct mirror_transaction *transaction);
uint64_t mirror_restart_position(const struct mirror *mirror,
                                 uint64_t applied_csn); /* first record still needed when everything up to there is applied */
/* Fills the batch with the transactions that are next and whose outcome is known. False: none. */
bool mirror_collect(struct mirror *mirror);
uint64_t mirror_oldest_commit_us(const struct mirror *mirror); /* wall clock; 0: nothing is waiting */
/* The payloads of a transaction that were not kept, in the batch's arena. */
bool mirror_load_payloads(struct mirror *mirror, struct mirror_transaction *transaction, struct error *error) MUST_USE;

/* mirror_keys.c */
void mirror_keys_reset(struct mirror_batch *batch);
struct mirror_key *mirror_key_add(struct mirror_batch *batch, const struct row_map *map, const struct value *normal_key);
void mirror_key_image(struct mirror_key *key);
void recent_init(struct mirror *mirror);
void recent_release(struct mirror *mirror);
void recent_find(const struct mirror *mirror, const struct mirror_key *key, struct recent_entry *out);
void recent_note(struct mirror *mirror, const struct mirror_key *key, uint64_t horizon, uint64_t outcome, bool auto_commit);
/* Rows of the table that a transaction wrote which overlaps with t, one of the two being auto-commit, are read from the primary. */
void recent_images(struct mirror *mirror, const struct row_map *map, const struct mirror_transaction *t);
void recent_prune(struct mirror *mirror); /* after a batch: forgets what no later transaction can need */

/* mirror_plan.c: transactions -> operations and keys */
void mirror_plan_batch(struct mirror *mirror);
void mirror_plan_entry(struct mirror *mirror, struct mirror_transaction *transaction, const struct mirror_entry *entry);
void mirror_batch_reset(struct mirror *mirror);
/* mirror_values.c: key values of one execution from binds, literals and RETURNING */
struct mirror_execution {
    const struct sql_plan *plan;
    const struct value *binds;
    uint32_t bind_count;                /* as recorded */
    const struct record_result *result; /* NULL: not known */
    uint32_t iteration, returned_row;   /* returned_row UINT32_MAX: not known which row is its own */
};
bool mirror_part_value(const struct mirror_execution *execution, const struct sql_key_part *part, struct arena *arena, struct value *out);
/* Binds one per occurrence in the source's text. NULL: they do not fit the plan. */
struct value *mirror_expand_binds(const struct sql_plan *plan, const struct value *binds, uint32_t count, struct arena *arena,
                                  uint32_t *out_count);

/* mirror_read.c: the primary's rows */
bool mirror_source_ready(struct mirror *mirror); /* connects if it is time to; false: not there */
void mirror_source_failed(struct mirror *mirror, const struct error *error);
bool mirror_read_rowids(struct mirror *mirror, struct error *error) MUST_USE;
bool mirror_read_images(struct mirror *mirror, struct error *error) MUST_USE; /* all image keys that were not read yet; sets the horizon */
bool mirror_may_cascade(const struct mirror *mirror);                         /* rows with children are gone */
bool mirror_add_cascades(struct mirror *mirror,
                         struct error *error) MUST_USE; /* children of rows that are gone, as the target has them now */

/* mirror_position.c: what the target says of itself */
struct mirror_position {
    bool found, of_lanes; /* understudy.lane knows more than understudy.applied */
    uint64_t csn, position, horizon;
    uint64_t *ahead; /* sorted */
    uint32_t ahead_count;
};
bool mirror_position_read(struct pg *pg, struct mirror_position *out, struct error *error) MUST_USE;
void mirror_position_release(struct mirror_position *position);
void mirror_ahead_set(struct mirror *mirror, struct mirror_position *position); /* takes its list over */
bool mirror_is_ahead(const struct mirror *mirror, uint64_t csn);
void mirror_ahead_prune(struct mirror *mirror);
void mirror_send_applied(struct mirror *mirror, uint64_t csn, uint64_t position, pg_on_result *done, void *context);
void mirror_send_lane(struct mirror *mirror, struct pg *pg, uint32_t lane, struct view ahead, pg_on_result *done, void *context);

/* mirror_links.c: which transactions of a batch have to stay in order */
void mirror_links_begin(struct mirror_batch *batch);
void mirror_links_key(struct mirror_batch *batch, struct mirror_key *key, const struct mirror_transaction *transaction);
void mirror_links_together(struct mirror_batch *batch, const struct mirror_transaction *one, const struct mirror_transaction *other);
bool mirror_links_split(struct mirror *mirror, uint32_t lanes); /* false: it is better, or necessary, to do the batch on one connection */
uint32_t mirror_lane_of(const struct mirror_batch *batch, uint32_t slot);
uint32_t mirror_lane_of_key(const struct mirror_batch *batch, const struct mirror_key *key);

/* mirror_lanes.c: a batch over several connections */
uint32_t mirror_lanes_wanted(const struct mirror *mirror); /* 1: none */
enum mirror_ran { RAN_GOOD, RAN_UNDONE /* nothing of it was committed; on one connection then */, RAN_FAILED };
enum mirror_ran mirror_lanes_run(struct mirror *mirror, struct error *error);
void mirror_lanes_close(struct mirror *mirror);
void mirror_lanes_settle(struct mirror *mirror); /* nothing is waiting: understudy.applied says what the lanes' rows say together */

/* mirror_next.c */
void mirror_next_plan(struct mirror *mirror); /* the batch was sent, its answers are not awaited yet */
bool mirror_next_take(struct mirror *mirror); /* true: it is the batch now */
void mirror_next_drop(struct mirror *mirror); /* something happens that a plan depends on */

/* mirror_apply.c */
bool mirror_apply_batch(struct mirror *mirror); /* false: it must be tried again later */
bool mirror_apply_keys(struct mirror *mirror);  /* the batch's keys, without transactions: images at the position we have */
bool mirror_send_statement(struct mirror *mirror, struct pg *pg, struct mirror_op *op, struct error *error) MUST_USE;
bool mirror_take_touched(struct mirror *mirror, struct mirror_op *op,
                         struct error *error) MUST_USE; /* rows that a predicate touched become keys */
bool mirror_send_images(struct mirror *mirror, bool found, pg_on_result *done, void *context,
                        struct error *error) MUST_USE; /* found: upserts; else deletes; each on its lane */
struct pg *mirror_lane_pg(const struct mirror *mirror, uint32_t lane);
struct mirror_op *mirror_first_failed(struct mirror *mirror); /* NULL: none */
bool mirror_look_at_results(struct mirror *mirror,
                            struct error *error) MUST_USE; /* counts against the primary's; rows touched become keys */
bool mirror_images_are_read(const struct mirror_batch *batch);
bool mirror_roll_back(struct mirror *mirror);
/* mirror_careful.c */
bool mirror_apply_carefully(struct mirror *mirror, struct error *error) MUST_USE;
/* mirror_target.c */
bool mirror_target_ready(struct mirror *mirror);
void mirror_target_failed(struct mirror *mirror, const struct error *error);
struct pg *mirror_target_connect(struct mirror *mirror, bool lane, uint32_t timeout_ms, struct error *error) MUST_USE;
bool mirror_target_transient(const struct error *error); /* the same again may succeed */
bool mirror_target_trouble(const struct error *error);   /* the target as a whole, not the statement */
void mirror_target_probe(struct mirror *mirror);
/* mirror_jobs.c */
void mirror_jobs_run(struct mirror *mirror);
/* mirror_late.c: rows of commits in doubt, again and later. */
void mirror_late_keep(
    struct mirror *mirror); /* before the target's commit, and after it for those found meanwhile: the state store knows them */
void mirror_late_note(struct mirror *mirror, const struct mirror_key *key);
void mirror_late_run(struct mirror *mirror);
void mirror_late_release(struct mirror *mirror);
void mirror_jobs_fail(struct mirror *mirror);
/* mirror_feed.c */
/* A statement of the transaction changed rows that it does not name, of one table or (NULL) of any: a gap, but for tables with a key feed that covers it. */
void mirror_side_effects(struct mirror *mirror, const struct mirror_transaction *transaction, const char *table, const char *reason);
/* Takes what the feeds note by now into the batch as images. False without error: too much at once, try again later. */
bool mirror_feed_pull(struct mirror *mirror, struct error *error) MUST_USE;
/* mirror_resync.c */
void mirror_resync(struct mirror *mirror);
/* mirror_watch.c: the mirror's half */
bool watch_is_on(struct mirror *mirror, const struct sql_table *table);
void watch_touch(struct mirror *mirror, const struct mirror_key *key);
void watch_touch_all(struct mirror *mirror, const struct sql_table *table);
bool watch_any(struct mirror *mirror);
void watch_take_ends(struct mirror *mirror); /* between batches: horizons of tables whose watch was ended */
void watch_release(struct mirror *mirror);
/* mirror.c */
void mirror_gap(struct mirror *mirror, const char *table, const char *reason); /* at most one a second for each table; none is lost */
const struct sql_table *mirror_table_here(const struct mirror *mirror,
                                          const struct sql_table *table); /* the current catalog's; NULL: gone */

#endif
