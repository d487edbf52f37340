/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State: what must survive a restart besides the journal: phase and epoch, progress of backfill and verify, the ledgers of
 * divergences, gaps and overrides, users' verifiers, the audit log as a hash chain. SQLite (WAL, synchronous=FULL) behind one door.
 * All calls may be made from any thread (one internal mutex); never from a worker's hot path. A visit runs under that mutex; it may call
 * back into the same state. What a visit is given is valid during the visit.
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "base/buffer.h"
#include "base/error.h"

struct state;
struct state *state_open(const char *path, struct error *error) MUST_USE; /* creates, upgrades; path ":memory:" in tests */
void state_close(struct state *state);

/* Small named values: "phase", "epoch", "applied_csn", .. */
bool state_put(struct state *state, const char *name, const char *value, struct error *error) MUST_USE;
bool state_get(struct state *state, const char *name, struct buffer *value); /* false: not there */
bool state_put_u64(struct state *state, const char *name, uint64_t value, struct error *error) MUST_USE;
uint64_t state_get_u64(struct state *state, const char *name, uint64_t otherwise);

/* Progress of long work (backfill, verify) by table. */
struct state_progress {
    char work[32];
    char table[260];
    char status[16];
    struct view position;
    uint64_t rows, bytes, total;
    int64_t updated_us;
};
bool state_progress_put(struct state *state, const struct state_progress *progress, struct error *error) MUST_USE;
typedef void state_progress_visit(void *context, const struct state_progress *progress);
void state_progress_each(struct state *state, const char *work, state_progress_visit *visit, void *context);

/* Evidence: what was measured of a statement, by fingerprint. */
enum {
    EVIDENCE_COUNTERS = 11
}; /* executions, relayed, served, comparable, equal, divergent, noise, not comparable, retired comparable, retired divergent, generation */
struct state_evidence {
    uint64_t fingerprint, translation; /* of the target's text */
    const char *text;
    int state, kind, class_; /* the translator's enums */
    uint64_t counters[EVIDENCE_COUNTERS];
    bool demoted, waived;
    char reason[200]; /* of the demotion */
};
bool state_evidence_put(struct state *state, const struct state_evidence *list, uint32_t count,
                        struct error *error) MUST_USE; /* all or none */
typedef void state_evidence_visit(void *context, const struct state_evidence *evidence);
void state_evidence_each(struct state *state, state_evidence_visit *visit, void *context);

/*
 * Divergences: confirmed differences. status: open, repaired, waived (somebody signed for it), gone (closed by a later proof of equality). `refused` names the transaction that it is a
 * part of, if it was acknowledged by one side and refused by the other (below): what is equal on both sides afterwards may be equally wrong.
 */
struct state_divergence {
    uint64_t id;
    int64_t found_us, closed_us;
    char origin[16]; /* shadow, mirror, verify, reverse, apply, refused */
    char table[260];
    char key_text[500];
    uint64_t fingerprint;
    char statement[2000];
    char source_row[4000], target_row[4000]; /* for people; cut */
    char reason[500];
    char status[16];
    char note[500];
    struct view key; /* encoded key values (base/value.h), empty: none */
    uint64_t csn;
    uint64_t refused; /* state_refused_put's id; 0: none */
    uint64_t seen;    /* how often; out only */
    int64_t last_us;  /* when last; out only */
};
bool state_divergence_add(struct state *state, const struct state_divergence *divergence, uint64_t *id, struct error *error)
    MUST_USE; /* an open one for the same table+key+origin+fingerprint is counted up, not doubled */
/* ERROR_NOT_FOUND if there is no open one with that id. */
bool state_divergence_close(struct state *state, uint64_t id, const char *status, const char *note, struct error *error) MUST_USE;
typedef void state_divergence_visit(void *context, const struct state_divergence *divergence);
void state_divergence_each(struct state *state, const char *status /* NULL: all */, uint32_t limit, state_divergence_visit *visit,
                           void *context);
uint64_t state_divergence_count(struct state *state, const char *status);

/*
 * Transactions that the target acknowledged while it was primary and the source refused (engine/refused.h). The payload is what they wrote. One is open as long as a divergence that names
 * it is; the same CSN once more replaces the payload and keeps its id. csn 0: a writer that is not one of our clients.
 */
bool state_refused_put(struct state *state, uint64_t csn, struct view payload, uint64_t *id, struct error *error) MUST_USE;
bool state_refused_get(struct state *state, uint64_t id, uint64_t *csn, struct buffer *payload, struct error *error) MUST_USE;
bool state_refused_close(struct state *state, uint64_t id, const char *status, const char *note,
                         struct error *error) MUST_USE;                        /* its open divergences; ERROR_NOT_FOUND: it has none */
uint64_t state_refused_open(struct state *state, uint64_t *ids, uint32_t max); /* how many there are; the lowest ids, ascending */

/* Rows of commits in doubt that are to be looked at again (engine/mirror_late.c), by table ("SCHEMA.NAME") and key. A row that is there already: noted_us is taken over. */
struct state_late {
    int64_t noted_us; /* wall clock: when the commit was settled first */
    char table[260];
    struct view key; /* encoded key values */
};
bool state_late_put(struct state *state, const struct state_late *list, uint32_t count, struct error *error) MUST_USE;  /* all or none */
bool state_late_drop(struct state *state, const struct state_late *list, uint32_t count, struct error *error) MUST_USE; /* all or none */
typedef void state_late_visit(void *context, const struct state_late *late);
void state_late_each(struct state *state, state_late_visit *visit, void *context);

/* Gaps: stretches in which something may have been missed. Tables in an open gap are unverified. */
struct state_gap {
    uint64_t id;
    int64_t from_us, to_us, cleared_us;
    uint64_t from_csn, to_csn;
    char table[260]; /* "*": any */
    char reason[500];
    char cleared_by[200];
};
bool state_gap_add(struct state *state, const struct state_gap *gap, uint64_t *id, struct error *error) MUST_USE;
/* Clears the open gaps of a table ("*": those of any) with ids up to up_to_id. */
bool state_gap_clear(struct state *state, const char *table, uint64_t up_to_id, const char *by, struct error *error) MUST_USE;
typedef void state_gap_visit(void *context, const struct state_gap *gap);
void state_gap_each(struct state *state, bool open_only, state_gap_visit *visit, void *context);

/* Audit: a hash chain (SHA-256 over the previous hash and the row). */
bool state_audit(struct state *state, const char *author, const char *action, const char *reason, const char *detail_json,
                 struct error *error) MUST_USE;
typedef void state_audit_visit(void *context, int64_t time_us, const char *author, const char *action, const char *reason,
                               const char *detail, const char *hash);
/* Newest first. */
void state_audit_each(struct state *state, uint32_t limit, state_audit_visit *visit, void *context);
/* False with ERROR_CORRUPT: the error names the first row that does not fit. */
bool state_audit_verify(struct state *state, uint64_t *rows, struct error *error) MUST_USE;

/* Users of server mode: name (upper case) and verifier as SPARE4 text. */
bool state_user_put(struct state *state, const char *name, const char *spare4, bool locked, struct error *error) MUST_USE;
bool state_user_get(struct state *state, const char *name, char *spare4, size_t size, bool *locked);
uint64_t state_user_count(struct state *state);

#endif
