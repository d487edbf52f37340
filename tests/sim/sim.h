/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's world: one seed, one thread, no time but its own. The project's journal (stepped, on a disk in memory), its record format, its translator and its mirror run as they
 * are, and so do its reverse and its replay of the journal onto the source; what they would reach over a socket is played here: both sides with row locks and READ COMMITTED (source.c), a
 * target with transactions (target.c) and a log that is streamed (stream.c), client sessions (clients.c), control at a switch (switch.c). faults.c ends processes, cuts power and connections; judge.c says what must hold.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "base/fault.h"
#include "base/random.h"
#include "engine/checker.h"
#include "engine/mirror.h"
#include "engine/record.h"
#include "engine/reverse.h"
#include "engine/statement.h"

enum {
    TABLE_COUNTER,
    TABLE_ITEM,
    SIM_TABLES,
    SIM_KEYS = 8,
    SIM_GROUPS = 3,
    SIM_VALUES = 4, /* of the unique column, beside NULL */
    SIM_CLIENTS = 6,
    SIM_READERS = 2,
    SIM_BINDS = 3,
    SIM_COMMITS = 4000,
    SIM_STATES = 2000, /* committed states of one item */
    SIM_CSNS = 8192,
    SIM_WRITER = SIM_CLIENTS, /* holds rows of the source beside the clients: the reverse, or a replay */
    SIM_WAL = 6000,
    SIM_TRIES = 4000
};

struct sim_row {
    bool there;
    int64_t n, grp, u; /* u: another unique key; 0: NULL */
};

/* ---- statements that clients run ---- */
enum sim_verb { VERB_ADD, VERB_SET, VERB_INSERT, VERB_DELETE, VERB_GROUP, VERB_MOVE, VERB_UNIQUE, VERB_SEQUENCE, VERB_COUNT };
struct sim_statement {
    const char *text;
    enum sim_verb verb;
    int table;
    uint32_t binds;
};
extern const struct sim_statement sim_statements[];
extern const uint32_t sim_statement_count;
struct sim_call {
    const struct sim_statement *statement;
    int64_t binds[SIM_BINDS];
};
enum sim_answer { ANSWER_DONE, ANSWER_WAIT, ANSWER_REFUSED };
/* What a call does to rows, on either side. Answers how many rows it touched; touched[] says which. refused: a key is there already. */
uint32_t sim_do(const struct sim_call *call, struct sim_row rows[SIM_KEYS], int64_t *sequence, bool touched[SIM_KEYS], bool *refused);

/* ---- source ---- */
struct sim_meta { /* the project's own tables there */
    bool returned[SIM_CSNS];
    struct {
        bool there;
        uint64_t csn, position;
    } reverse, low;
};
struct sim_source {
    struct sim_row rows[SIM_TABLES][SIM_KEYS]; /* committed */
    struct sim_meta meta;
    uint64_t away_until_us;
    uint64_t commits;
};
/* Rows that are being written, on either side. */
struct sim_locks {
    struct sim_row mine[SIM_TABLES][SIM_KEYS]; /* what the holder of the lock has made of it */
    int holder[SIM_TABLES][SIM_KEYS];          /* client + 1, 0: nobody */
    int64_t sequence;
};
enum sim_answer side_execute(enum engine_side side, int client, const struct sim_call *call, uint32_t *affected);
void side_end(enum engine_side side, int client, bool commit);
void side_back_to(enum engine_side side, int client, const bool held[SIM_TABLES][SIM_KEYS],
                  const struct sim_row mine[SIM_TABLES][SIM_KEYS]);
void side_view(enum engine_side side, int client, int table, struct sim_row rows[SIM_KEYS]); /* what the client sees */
bool side_holds(enum engine_side side, int client, int table, int key);

/* ---- target ---- */
enum { SIM_LANES = 4 };
struct sim_lane { /* a row of understudy.lane */
    bool there;
    uint64_t lanes, csn, upto, position, horizon;
    char ahead[600];
};
struct sim_database {
    struct sim_row rows[SIM_TABLES][SIM_KEYS];
    uint64_t csn, position, horizon;
    bool positioned;
    struct sim_lane lanes[SIM_LANES];
};
struct sim_wal { /* a transaction in the target's log */
    uint64_t lsn, csn, epoch;
    uint32_t count;
    struct {
        int table, key;
        struct sim_row before, after;
    } changes[2 * SIM_TABLES * SIM_KEYS];
};
struct sim_target {
    struct sim_wal *wal;
    uint32_t wal_count;
    uint64_t lsn, slot; /* end of the log; confirmed by the reverse */
    struct sim_database committed;
    uint64_t away_until_us;
    uint64_t commits, lost, retried, torn, unique_waits;
};
const struct row_map *sim_map(int table);
void target_begin(void); /* once: learns the texts of the project's statements */
bool sim_rows_equal(const struct sim_row *a, const struct sim_row *b);
bool target_is_torn(const struct sim_database *target); /* a commit stands there, and one before it does not */

/* ---- reads on the target (readers.c) ---- */
void reader_step(void);  /* one begins, if it may */
void readers_time(void); /* those whose time has come look at the target */

/* ---- the roles change (switch.c) ---- */
void switch_step(void);
bool switch_at_rest(void); /* the source is primary, nothing is under way; asks for it */
void switch_before_start(void);
void switch_resume(void);                 /* a start of the process, when the mirror is there */
void wal_write(int client, uint64_t csn); /* before the rows that a client of the target holds become committed */
void wal_epoch(uint64_t epoch);
bool sim_excused(void); /* the target may differ, and the project says so */

/* ---- clients ---- */
enum sim_stage { STAGE_IDLE, STAGE_AT_SOURCE, STAGE_ANSWERED, STAGE_WAIT_INTENT, STAGE_COMMIT_SENT, STAGE_COMMITTED, STAGE_ZOMBIE };
struct sim_client {
    enum sim_stage stage;
    struct sim_call call;
    enum engine_side side;
    bool auto_commit; /* the call carries its commit */
    bool refused;     /* the statement that carried the commit failed */
    bool saved;       /* a savepoint was set */
    bool saved_held[SIM_TABLES][SIM_KEYS];
    struct sim_row saved_mine[SIM_TABLES][SIM_KEYS];
    uint32_t saved_ordinal;
    uint32_t saved_counted[SIM_KEYS];
    uint32_t left, ordinal, affected, waits;
    bool touched[SIM_KEYS]; /* by the call, and the rows as it left them */
    struct sim_row rows[SIM_KEYS];
    uint64_t transaction, csn;
    bool journalled;
    uint32_t counted[SIM_KEYS]; /* increments of counters in this transaction */
    uint64_t due_us;            /* a zombie ends at this time .. */
    bool will_commit;           /* .. by its COMMIT, which was on its way */
    uint64_t birth;             /* of the process that it is connected to: callbacks of an earlier one are nobody's */
};
bool client_step(int number); /* false: it could do nothing */
void clients_crash(void);     /* the daemon is gone */
void clients_time(void);      /* zombies whose time has come */
bool clients_idle(void);
void clients_target_lost(void); /* those who were there: what they had not been told is over */

/* ---- the world ---- */
struct sim {
    uint64_t seed, step, now_us;
    struct random_generator random;
    bool faults, draining, trace;
    bool switching;           /* the roles change */
    bool strangers;           /* somebody writes to the source while it is not primary, so that it refuses some of what comes back */
    bool deferred;            /* the source looks at unique values at the commit of what comes back */
    bool images;              /* rows come back from the primary target with its answers */
    enum engine_side primary; /* durable */
    uint64_t epoch;
    bool hold, target_lost;
    int wish;
    uint64_t wish_until_us, switched_us;
    struct reverse *reverse;
    struct sim_locks locks[2];
    int64_t base[SIM_KEYS]; /* counters at the cut-over */
    struct sim_try {        /* commits on the primary target that have a CSN */
        uint64_t csn;
        uint32_t counted[SIM_KEYS];
        bool wrote[SIM_KEYS];       /* items */
        bool committed, told, back; /* back: a transaction of the source has brought it */
        bool refused;               /* the project has kept it as one that the source refuses */
    } tries[SIM_TRIES];
    uint32_t try_count;
    bool resync_gap; /* the gap over all tables after the target was lost as primary: a verify clears it */
    uint64_t cutovers, rollbacks, losses, replayed, refused;
    bool groups; /* statements over a predicate run too; in doubt they leave a gap, which excuses much */
    struct disk *disk;
    struct journal *journal;
    struct mirror *mirror;
    struct engine *engine;
    struct sim_source source;
    struct sim_target target;
    struct sim_client clients[SIM_CLIENTS];
    struct {
        bool running;
        uint64_t due_us, fence, birth;
    } readers[SIM_READERS];
    uint64_t reads, birth, start_fence;
    bool dying; /* the process was killed in the middle of a step: it notices nothing any more */
    struct {
        uint64_t csn;
        int key;
        uint32_t count;
    } commits[SIM_COMMITS];
    uint32_t commit_count; /* of counters, as the source committed them */
    struct sim_state {
        uint64_t csn;
        struct sim_row row;
    } history[SIM_KEYS][SIM_STATES]; /* of items: every committed state, in the source's order; [0]: at the beginning */
    uint32_t states[SIM_KEYS];
    bool to_check[SIM_TABLES][SIM_KEYS];
    bool gap[SIM_TABLES], gap_any; /* the project says that something may be missing there */
    bool forgiven;                 /* a process died while its disk was failing: what it knew died with it (docs/journal.md) */
    struct {
        char name[40];
        uint64_t value;
    } state[8];
    uint64_t crashes, power_cuts, doubts, acknowledged;
    bool failed;
    char problem[500];
};
extern struct sim sim;
bool sim_chance(double probability);
uint64_t sim_below(uint64_t bound);
void sim_fail(const char *format, ...) PRINTF_LIKE(1, 2);
void sim_trace(const char *format, ...) PRINTF_LIKE(1, 2);
void sim_pass(uint64_t us); /* time goes by */
void sim_others(void);      /* while the mirror reads, the others go on */

/* faults.c */
bool process_start(void); /* the daemon's part: journal and mirror */
void process_end(bool power);
void fault_step(void);
/* judge.c */
void judge_equal(const char *when);
void judge_back(bool in_step); /* the source is primary again */
void judge_checked(void);      /* what the mirror asked to be compared is compared and made equal */
void judge_step(void);
void judge_end(void);

#endif
