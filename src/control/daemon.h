/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Daemon: owns the engine and everything that runs over it: the phase with its gate and guard, the switch, the long jobs. One mutex (`command`) serialises
 * what changes the phase: admin calls, the guard, the end. The control thread ticks every 100 ms: loads the dictionary until it has it, probes the
 * target, samples the counters, watches the guard, keeps sequences ahead.
 */
#ifndef CONTROL_DAEMON_H
#define CONTROL_DAEMON_H

#include "base/clock.h"
#include "base/json.h"
#include "base/thread.h"
#include "control/config.h"
#include "engine/checker.h"
#include "engine/copy.h"
#include "engine/feed.h"
#include "engine/mirror.h"
#include "engine/reverse.h"
#include "engine/shadow.h"
#include "engine/worker.h"

enum { DAEMON_SAMPLES = 64, GATE_MISSING_MAX = 64 };

struct gate_missing {
    char code[48], text[400], advice[300];
};
struct gate {
    bool open;
    uint32_t count;
    struct gate_missing missing[GATE_MISSING_MAX];
};

struct switch_report {
    char kind[24], reason[300];
    uint64_t at_us, pause_us, total_us;
    bool good;
};
struct sample {
    uint64_t at_us, counters[ENGINE_COUNTER_COUNT];
    struct histogram_copy target;
};
struct consistency {
    uint64_t comparable, equal, divergent, needed;
    double estimate, bound;
};

struct daemon {
    struct config config;
    struct engine engine;
    struct mirror *mirror;
    struct checker *checker;
    struct shadow *shadow;
    struct reverse *reverse;
    struct copy *copy;
    struct feed *feed;
    struct feed_work *feed_work;
    enum copy_work copy_work;
    struct http_server *http;
    struct thread *thread;
    struct mutex command;
    struct mutex work;        /* `copy` and `feed_work`, which are looked at while `command` is held for long; taken after it */
    struct mutex overrides;   /* one change of the overrides' file at a time */
    _Atomic uint64_t tick_us; /* monotonic: the control thread's last round */
    atomic_bool stopping;
    uint64_t started_us, phase_since_us, step_since_us; /* monotonic */
    struct pg *probe;
    uint64_t probe_failed_since_us, probe_last_us;
    struct sample samples[DAEMON_SAMPLES];
    uint32_t sample_at;
    uint64_t sampled_us;
    uint64_t catalog_try_us, sequences_us;
    struct { /* journal_floor.c; what the state store holds */
        uint64_t position, csn, position_reserved, csn_reserved, kept_us;
    } floor;
    uint64_t source_p99_us; /* baseline for the guard: reads on the source before the last step */
    struct switch_report last_switch, switches[16];
    uint32_t switch_count;
    bool guard_tripped;
    char guard_reason[300];
    uint64_t guard_at_us, rollback_us;
    uint64_t step_back_from_us; /* monotonic: the guard's next try after one that could not step back */
    uint64_t reverse_lsn, reverse_try_us;
    uint64_t epoch;
    struct alerts *alerts;
    _Atomic uint64_t evidence_us; /* when it was last saved */
    bool slot_lost;
    uint64_t slot_bytes, slot_looked_us; /* what PostgreSQL keeps for the fallback; guard.c */
    char catalog_error[300];
};

/* daemon.c */
struct daemon *daemon_start(const struct config *config, struct error *error) MUST_USE;
void daemon_stop(struct daemon *daemon);
/* What can change while it runs: the log file is opened again, the options that are marked so are taken from the configuration, the overrides are read again.
 * What cannot be read is logged and changes nothing. The thread that started the daemon. */
void daemon_reload(struct daemon *daemon, const char *config_file);
/* journal_floor.c: what the state store remembers of the journal, so that a folder that was lost or is an older copy is known by the next start, whether or not
 * the target can be asked. Floors for journal_open; after it; and at each tick and at the end. */
void journal_floor_options(struct state *state, struct journal_options *options);
bool journal_floor_opened(struct daemon *daemon, struct error *error) MUST_USE;
bool journal_floor_keep(struct daemon *daemon, uint64_t now_us /* monotonic */, struct error *error) MUST_USE;
/* phase.c: the one door by which the phase moves. json gets the outcome for the caller. Takes `command`. */
struct phase_move {
    enum engine_phase from, to;
    const char *reason, *gate, *guard;
};
extern const struct phase_move phase_moves[];
extern const uint32_t phase_move_count;
struct phase_request {
    enum engine_phase to;
    uint32_t percent; /* 0 to 100; of the canary */
    char author[64], reason[300];
    bool override, dry_run;
};
/* *entered: the phase in which it ended (dry_run: would end by what is known now). That is not always the one that was asked for: a rollback leads to shadow if the fallback was in
 * step, and to dual-write if the target was lost. */
bool phase_change(struct daemon *daemon, const struct phase_request *request, struct gate *gate, enum engine_phase *entered,
                  struct error *error) MUST_USE;
void phase_publish(struct daemon *daemon, enum engine_phase phase, enum engine_side primary, uint32_t canary, bool hold,
                   bool target_down); /* builds and sets the policy, stores the phase */
/* gate.c */
void gate_evaluate(struct daemon *daemon, enum engine_phase to, struct gate *out);
void gate_reads(struct daemon *daemon, struct consistency *out);
void gate_rows(struct daemon *daemon, struct consistency *out);
double gate_bound(uint64_t comparable, uint64_t divergent, double confidence); /* one-sided lower bound, exact binomial (Clopper-Pearson) */
uint64_t gate_needed(uint64_t divergent, double threshold, double confidence); /* comparisons for which the bound reaches the threshold */
/* guard.c: called by the control thread each tick */
void guard_tick(struct daemon *daemon);
/* switch.c: `command` is held */
bool switch_mirror_on(struct daemon *daemon,
                      struct error *error) MUST_USE; /* observe -> dual-write, at a moment without open transactions */
bool switch_cutover(struct daemon *daemon, const char *reason, struct error *error) MUST_USE;
bool switch_rollback(struct daemon *daemon, const char *reason, bool target_lost, struct error *error) MUST_USE;
bool switch_complete(struct daemon *daemon, struct error *error) MUST_USE;
/* users.c */
bool users_import(struct daemon *daemon, bool dry_run, uint32_t *imported, struct error *error) MUST_USE; /* dry_run: only counts them */
/* repair.c: every open divergence with a key is reconciled, then looked at again; shadow divergences are re-run; transactions that the source refused are done again there, while it is
 * primary, in the order of their refusals. ids NULL: all open. Waits for these, not for the others. */
struct repair_result {
    uint32_t queued, done_again, still_refused;
    char why[301]; /* of the first that is still refused */
};
bool repair_start(struct daemon *daemon, const uint64_t *ids, uint32_t count, struct repair_result *result, struct error *error) MUST_USE;
/* Somebody signs for a refused transaction: it is given up, or was written by hand. Its divergences are closed. */
bool repair_waive(struct daemon *daemon, uint64_t refused, const char *author, const char *reason, struct error *error) MUST_USE;
/* feed.c: key feeds. feed_change: an admin call's body; with dry_run or print the SQL that would run, else the work is started: feed_work.c does a table after
 * the other on a thread of its own, and says how far it is as rows of /v1/work. */
struct request_body;
bool feed_list(struct daemon *daemon, bool fed_only, struct json *json, struct error *error) MUST_USE;
bool feed_change(struct daemon *daemon, const struct request_body *body, struct json *json, struct error *error) MUST_USE;
void feed_status(struct daemon *daemon, struct json *json);
bool feed_ready(struct daemon *daemon, bool *broken, char *text, size_t size); /* false: text says what is amiss */
/* feed_work.c: one job at a time. tables: copied. False: one is running, or there is no thread for it. */
struct feed_order {
    char table[129];
    enum feed_form form;
};
struct feed_request {
    bool install, anyway;
    char author[64], reason[300];
};
bool feed_work_start(struct daemon *daemon, const struct feed_request *request, const struct feed_order *tables, uint32_t count,
                     struct error *error) MUST_USE;
void feed_work_list(struct daemon *daemon, struct json *json); /* the last job's tables, into an array */
void feed_work_stop(struct daemon *daemon);                    /* after the table at hand; frees */
/* admin.c */
bool admin_start(struct daemon *daemon, struct error *error) MUST_USE;
void admin_print_routes(struct buffer *out); /* the calls, a line each */
/* report.c: models as JSON; text and HTML renderers stand beside it; metrics.c */
void report_status(struct daemon *daemon, struct json *json);
void report_final(struct daemon *daemon, const char *format, struct buffer *out);
void report_metrics(struct daemon *daemon, struct buffer *out); /* Prometheus text */
void report_metric_names(struct buffer *out);                   /* all of them as a table of Markdown */

#endif
