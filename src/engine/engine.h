/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine: what the floors below become when they meet. This header holds what is shared between the threads of the data path, and nothing
 * that belongs to one of them.
 *
 * Threads: N workers (each a loop that owns its sessions and its target connections; they share nothing), the journal's thread, the
 * mirror (journal -> secondary), the checker (rows by key), the shadow (reads compared), the reverse (target -> source after a cut-over), one
 * thread for each long job (backfill, verify), and control. They meet here: in atomics, in queues, and in objects that never change
 * once published (catalog, plans, route policy).
 *
 * Positions, all CSNs: `acknowledged` is the highest CSN whose commit was acknowledged to a client; `applied` is the CSN up to which
 * everything stands on the secondary. A read may be served by the secondary when applied >= the CSNs acknowledged on its tables before it arrived (I5).
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "sql/translate.h"
#include "store/journal.h"
#include "store/state.h"
#include <stdatomic.h>

enum engine_phase { PHASE_OBSERVE, PHASE_DUAL_WRITE, PHASE_SHADOW, PHASE_CANARY, PHASE_CUTOVER, PHASE_COMPLETE, PHASE_COUNT };
const char *engine_phase_name(enum engine_phase phase); /* "observe", "dual-write", "shadow", "canary", "cutover", "complete" */
bool engine_phase_parse(const char *name, enum engine_phase *out);
enum engine_side { SIDE_SOURCE, SIDE_TARGET };

struct engine_options {
    /* source */
    char source_host[256];
    uint16_t source_port;
    char source_service[129];
    char source_user[129];
    char source_password[129]; /* our own account: dictionary, image reads, backfill, verify, reverse */
    char source_schema[129];   /* the application's schema, upper case */
    bool source_tls;
    char source_ca[512];
    /* target */
    char target_conninfo[1024]; /* an account that may set session_replication_role and create the schema `understudy` */
    char target_schema[129];
    /* paths */
    char journal_folder[512];
    char state_file[512];
    char overrides_file[512];
    /* sizes */
    uint32_t sessions_max;       /* client connections of all workers together; further ones are refused */
    uint64_t login_timeout_us;   /* from accept to the end of the log-in */
    uint64_t idle_timeout_us;    /* between two calls; 0: none */
    uint32_t workers;            /* loops; 0: one per core, at most 4 */
    uint32_t target_connections; /* per worker */
    /* Atomic: they may change while all runs. */
    _Atomic uint32_t fence_wait_us;  /* how long a read waits for its fence before the primary serves it */
    _Atomic uint32_t compare_share;  /* percent of mirrored rows that are compared by key */
    _Atomic uint32_t shadow_share;   /* percent of eligible reads that are shadowed */
    uint32_t shadow_queue;           /* shadow jobs waiting; beyond: skipped and counted */
    uint32_t mirror_fold;            /* source transactions in one target transaction, at most */
    uint32_t mirror_lanes;           /* target transactions side by side while there is a backlog, at most; 1: one after the other */
    size_t capture_max;              /* bytes of a captured result; beyond: not comparable */
    size_t result_max;               /* bytes of one served result held in memory */
    uint32_t statement_timeout_ms;   /* on the target, for served calls; 0: none */
    uint32_t sequence_margin;        /* how far sequences are kept ahead on the side that is not primary */
    struct wire_limits *wire_limits; /* NULL: defaults */
    uint32_t feed_poll_us;           /* key feed: between two passes while keys come; doubled while none come */
    uint32_t feed_poll_max_us;       /* .. up to this */
    uint32_t feed_look_us;           /* between two looks at the source's dictionary */
    uint32_t feed_rows_per_second;   /* keys reconciled a second, at most; 0: no limit */
    uint32_t feed_backlog_max;       /* rows of one log; beyond, they are given up: a gap */
};

/* The route policy: one immutable object, replaced whole; readers load the pointer once a call. Old ones are kept till the end (they are few). */
struct engine_policy {
    uint64_t epoch;
    enum engine_phase phase;
    enum engine_side primary;
    uint32_t canary_percent; /* share of eligible reads served by the target while the source is primary */
    bool mirror;             /* writes are journalled (all phases but observe; also while the target is primary) */
    bool shadow;             /* reads are compared */
    bool hold;               /* new transactions wait: a switch is going on */
    bool target_down;        /* the target was given up: whatever is on it is held or goes back to the source */
    bool source_attached;    /* false in complete */
};

enum { ENGINE_TABLE_MAX = 4096 }; /* tables of one catalog; more: the catalog loader refuses */

enum engine_counter {
    COUNT_CALLS,
    COUNT_RELAYED,
    COUNT_SERVED,
    COUNT_HELD,
    COUNT_OPAQUE_CALLS,
    COUNT_UNKNOWN_CURSORS,
    COUNT_VALUES_LOST,
    COUNT_TRANSLATIONS,
    COUNT_CLIENT_ERRORS,
    COUNT_SESSIONS_OPENED,
    COUNT_SESSIONS_CLOSED,
    COUNT_TRANSACTIONS,
    COUNT_DML_RECORDED,
    COUNT_GAPS,
    COUNT_MIRROR_APPLIED,
    COUNT_MIRROR_EXACT,
    COUNT_MIRROR_IMAGES,
    COUNT_MIRROR_PREDICATE,
    COUNT_MIRROR_OPAQUE,
    COUNT_MIRROR_RETRIES,
    COUNT_MIRROR_MISMATCH,
    COUNT_MIRROR_LANE_BATCHES,
    COUNT_MIRROR_LANE_RETREATS,
    COUNT_ROWS_COMPARED,
    COUNT_ROWS_EQUAL,
    COUNT_ROWS_DIVERGENT,
    COUNT_ROWS_VERIFIED,
    COUNT_ROWS_BACKFILLED,
    COUNT_ROWS_REPAIRED,
    COUNT_SHADOW_QUEUED,
    COUNT_SHADOW_SKIPPED,
    COUNT_SHADOW_EQUAL,
    COUNT_SHADOW_RECHECKED,
    COUNT_SHADOW_NOISE,
    COUNT_SHADOW_NOT_COMPARABLE,
    COUNT_SHADOW_DIVERGENT,
    COUNT_FENCE_WAITS,
    COUNT_FENCE_TIMEOUTS,
    COUNT_FALLBACKS,
    COUNT_REPLAYED_CALLS,
    COUNT_REVERSE_APPLIED,
    COUNT_REVERSE_ROWS,
    COUNT_REVERSE_REFUSED,
    COUNT_TARGET_ERRORS,
    COUNT_SOURCE_ERRORS,
    COUNT_FEED_KEYS,
    COUNT_FEED_EQUAL,
    COUNT_FEED_WRITTEN,
    COUNT_FEED_DISCARDED,
    ENGINE_COUNTER_COUNT
};
const char *
engine_counter_name(enum engine_counter counter); /* Prometheus name without prefix and _total; the table also has a help text */
const char *engine_counter_help(enum engine_counter counter);

struct engine_statements; /* engine/statement.h */
struct engine_worker;     /* engine/worker.h */
struct outstanding;       /* engine/outstanding.h */
struct feed_set;          /* engine/feed.h */

#define REVERSE_FROM_ALL UINT64_MAX

struct engine {
    struct engine_options options;
    struct journal *journal;
    struct state *state;
    struct engine_statements *statements;
    _Atomic(const struct engine_policy *) policy;
    _Atomic(const struct sql_catalog *) catalog; /* NULL until the dictionary was read: then nothing is translated and all is relayed */
    _Atomic uint64_t acknowledged;               /* CSN */
    _Atomic uint64_t applied;                    /* CSN, on the secondary */
    _Atomic uint64_t applied_position;           /* journal position up to which everything is applied */
    _Atomic uint64_t ragged; /* CSN: above `applied`, some commits up to here may be visible on the secondary without others before them */
    _Atomic uint32_t reads_running; /* between engine_read_begin and engine_read_end */
    _Atomic uint64_t mirror_lag_us; /* age of the oldest commit not yet applied, 0: none */
    _Atomic uint64_t reverse_csn;   /* highest CSN that came back through the target's stream and stands on the source */
    _Atomic uint64_t
        reverse_from; /* journal position: the primary target's commits that the source lacks are recorded from here on, and kept.
                                       0: there are none; REVERSE_FROM_ALL: not known since a restart, until the stream has been at its end */
    _Atomic uint64_t reverse_lag_us;
    _Atomic uint64_t table_acknowledged[ENGINE_TABLE_MAX]; /* CSN of the last acknowledged commit that wrote the table */
    _Atomic uint64_t unknown_acknowledged; /* CSN of the last acknowledged commit whose tables are not known: counts for every table */
    _Atomic uint64_t counters[ENGINE_COUNTER_COUNT];
    _Atomic uint32_t sessions, transactions_open, commits_in_flight, in_doubt;
    _Atomic uint32_t transactions_on_target; /* of transactions_open, those that began on the target or are about to */
    _Atomic bool target_healthy, source_healthy;
    _Atomic(const char *) foreign_setting;     /* by which a session's reads could not be compared, lately; a constant text, NULL: none */
    _Atomic uint64_t longest_hold_us;          /* longest time a client's call was held since control last asked */
    struct outstanding *outstanding;           /* engine/outstanding.h; commits on the target that do not yet stand on the source */
    struct checker *checker;                   /* engine/checker.h; set before the mirror starts, NULL: rows are not checked */
    _Atomic(const struct feed_set *) feed_set; /* engine/feed.h: the tables whose changed keys are noted on the source; NULL: none */
    struct engine_worker **workers;
    uint32_t worker_count;
    uint8_t fake_seed[32]; /* for logins of unknown users in server mode; random, made once a start */
    uint64_t boot;         /* number of this start, from the state store */
    uint64_t start_csn;    /* the last CSN that an earlier start has given */
};

static inline const struct engine_policy *engine_policy(struct engine *engine)
{
    return atomic_load_explicit(&engine->policy, memory_order_acquire);
}
/* A rollback without the target, on its way: transactions that were on it are done again on the source, and no other call of a transaction may come between. */
static inline bool engine_policy_moving(const struct engine_policy *policy)
{
    return policy->primary == SIDE_SOURCE && policy->hold && policy->target_down;
}
static inline void engine_count(struct engine *engine, enum engine_counter counter, uint64_t n)
{
    atomic_fetch_add_explicit(&engine->counters[counter], n, memory_order_relaxed);
}
static inline uint64_t engine_counted(struct engine *engine, enum engine_counter counter)
{
    return atomic_load_explicit(&engine->counters[counter], memory_order_relaxed);
}
void engine_held(struct engine *engine, uint64_t microseconds); /* a held call was released after this long */
void engine_options_default(struct engine_options *options);    /* for tests and tools: the defaults of the table in control/config.c */
void engine_set_policy(struct engine *engine, const struct engine_policy *policy); /* copies; publishes; wakes the workers */
/* Marks a commit as acknowledged: before the client sees the answer. tables: bit set over catalog table ids as an id list; unknown: tables not known. */
void engine_acknowledge(struct engine *engine, uint64_t csn, const uint32_t *tables, uint32_t count, bool unknown);
/* The fence of a read over these tables: the CSN that must be applied before the secondary may answer it. */
uint64_t engine_fence(struct engine *engine, const struct sql_table_use *tables, uint32_t count);
void engine_set_applied(struct engine *engine, uint64_t csn, uint64_t position); /* mirror and switch only; wakes fence waiters */
/* A read on the secondary is about to be sent, its fence holds. False: what it would see is no state that the order of commits knows; it has to wait like
 * one whose fence does not hold (engine_set_applied wakes it). After true: engine_read_end once its answer is there. Any thread. */
bool engine_read_begin(struct engine *engine) MUST_USE;
void engine_read_end(struct engine *engine);
/* The mirror is about to commit up to `csn` in an order of its own: from now on no read begins. False: reads that began before are not over within
 * `patience_us`; reads may begin again. After true it lasts until `applied` is there, or engine_ragged_end: nothing of it was committed. */
bool engine_ragged_begin(struct engine *engine, uint64_t csn, uint64_t patience_us) MUST_USE;
void engine_ragged_end(struct engine *engine);

/* A gap: something may have been missed. Counts, writes the ledger row and the journal record. table NULL: any. Any thread; not for the hot path. */
void engine_gap(struct engine *engine, const char *table, const char *reason);

#endif
