/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal: the durable, ordered log of what clients wrote. docs/journal.md has the format.
 *
 * One journal thread writes; any worker appends through its own producer (a queue without locks). Records get their sequence
 * number (`position`) and, for intents, their CSN in the order in which the journal takes them; a record is durable when
 * `journal_durable` >= its position, and the producer's callback is run (on the journal thread; it posts to its own loop).
 * Group commit: everything queued while one sync runs is written by the next.
 *
 * What nobody waits for and an open transaction may lose (DML, TRIM, ABORT without `done`) does not make the journal write: it goes with the next
 * record that does, or when it is 128 KiB, or after a second.
 *
 * A transaction's life: DML records as replies arrive (not waited for), one INTENT (waited for: only then is COMMIT forwarded),
 * one OUTCOME. An intent without an outcome after a crash is in doubt.
 *
 * When the disk fails: appends are refused (journal_failed), the callers go on (invariant I1) and the journal keeps trying to write a
 * GAP record; all that was refused is inside the gap.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "base/buffer.h"
#include "base/error.h"

enum journal_kind {
    JOURNAL_DML = 1,     /* one statement of a transaction with binds and what came back; payload: engine/record.h */
    JOURNAL_INTENT = 2,  /* the transaction is about to commit; has a CSN; payload may hold the DML of an auto-commit call */
    JOURNAL_OUTCOME = 3, /* payload: one byte, enum journal_outcome, then what the reply brought (engine/record.h) */
    JOURNAL_ABORT = 4,   /* the transaction's DML is void (rolled back before an intent) */
    JOURNAL_TRIM = 5,    /* ROLLBACK TO: DML of the transaction with ordinal >= u32 in the payload is void */
    JOURNAL_GAP = 6,     /* something may have been missed; payload says where, why and which tables */
    JOURNAL_EPOCH = 7,   /* who is primary from here on */
    JOURNAL_MARK = 8,    /* watermark of backfill, cut-over and the like */
};
enum journal_outcome {
    JOURNAL_COMMITTED = 1,
    JOURNAL_ROLLED_BACK = 2,
    JOURNAL_UNKNOWN = 3,
    JOURNAL_NOT_COMMITTED = 4 /* the call that carried the commit failed: what ran before it is still open, and may get another intent */
};

struct journal_record {
    uint64_t position;    /* 1, 2, 3, .. without holes */
    uint64_t csn;         /* intents and outcomes; of a GAP that the journal wrote itself the highest given so far; else 0 */
    uint64_t transaction; /* journal-wide id of the transaction: unique for ever (boot number in the high 24 bits) */
    enum journal_kind kind;
    uint64_t time_us; /* wall clock, microseconds since 1970 */
    struct view payload;
};

struct journal;
struct journal_options {
    const char *folder;
    uint64_t segment_size; /* preallocated bytes of one segment file; default 64 MiB */
    uint64_t retain_bytes; /* released segments are kept up to this; default 4 GiB */
    uint64_t retain_us;    /* .. and for this long after their end, microseconds; 0 (default): whatever their age */
    uint32_t queue_max;    /* records waiting for the journal thread; default 65536: beyond it appends are refused, i.e. a gap */
    bool sync;             /* fdatasync each group; false only in tests */
    const uint8_t *key;    /* 32 bytes: payloads are encrypted with AES-256-GCM; NULL: plain */
    uint64_t queue_bytes;  /* memory of what waits for the journal thread, rounded up to a power of two; default 64 MiB */
    /* Of all segments on disk: beyond it released ones go, then appends are refused as on a full disk; 0 (default): none. */
    uint64_t bytes_max;
    /* What is known to have stood in it: the number of a start, a position, a CSN. A journal that ends below one of them was lost, in part or altogether: it
     * goes on above these floors and above `position_reserved` and `csn_reserved` (the highest that may have been given, 0: the floors), and a GAP says so. */
    uint64_t boot_floor, position_floor, csn_floor;
    uint64_t position_reserved, csn_reserved;
    /* Repair: what is behind the first damage is set aside (*.damaged) and a GAP over all tables is written. */
    bool cut_damage;
};
void journal_options_default(struct journal_options *options);
struct journal *journal_open(const struct journal_options *options,
                             struct error *error) MUST_USE; /* recovers: cuts a torn tail, checks every checksum */
void journal_close(struct journal *journal);

/* ---- append ---- any thread, no locks held by the caller; payload is copied */
struct journal_ticket {
    uint64_t position, csn;
    bool refused;
};
typedef void journal_done(void *context, struct journal_ticket ticket);
/* Queues a record. `done` (may be NULL) runs on the journal thread once the record is durable or refused; when the queue is full it
 * runs at once, refused, in the caller's thread. Payloads larger than 256 MiB are refused. */
void journal_append(struct journal *journal, enum journal_kind kind, uint64_t transaction, uint64_t csn, struct view payload,
                    journal_done *done, void *context);
/* As journal_append, and sleeps until the record is durable or refused: for threads that have nothing else to do meanwhile. A loop uses journal_append, and all of the
 * daemon's writers are loops; this is the door by which tests and the bench put the load of many threads on the journal. */
struct journal_ticket journal_commit(struct journal *journal, enum journal_kind kind, uint64_t transaction, uint64_t csn,
                                     struct view payload);
/* Takes the next CSN: strictly increasing. The order of CSNs is the order in which this is called. */
uint64_t journal_next_csn(struct journal *journal);
uint64_t journal_last_csn(const struct journal *journal); /* the last one given */
uint64_t journal_new_transaction(struct journal *journal);
uint64_t journal_durable(const struct journal *journal); /* last durable position */
bool journal_failed(const struct journal *journal, struct error *why);

/* ---- read ---- one reader an instance, its own thread */
struct journal_reader;
struct journal_reader *journal_reader_new(struct journal *journal, uint64_t from_position, struct error *error);
void journal_reader_free(struct journal_reader *reader);
enum journal_read { JOURNAL_READ_OK, JOURNAL_READ_END /* nothing durable beyond */, JOURNAL_READ_ERROR };
enum journal_read journal_read(struct journal_reader *reader, struct journal_record *out,
                               struct error *error);                                       /* payload valid until the next call */
bool journal_wait(struct journal *journal, uint64_t beyond_position, uint32_t timeout_ms); /* true: there is something durable beyond */
/* All records before `position` may be dropped (segments are removed when retention allows). */
void journal_release(struct journal *journal, uint64_t position);
uint64_t journal_first(const struct journal *journal); /* oldest position still there */
struct journal_statistics {
    uint64_t records, bytes, syncs, refused, segments, bytes_on_disk, sync_us_p50, sync_us_p99;
    uint64_t failures;        /* groups and GAP records that could not be written */
    uint64_t helper_failures; /* spare segments that could not be made, segments that could not be removed: a disk that fills up */
};
void journal_statistics(const struct journal *journal, struct journal_statistics *out);

/* What opening found. */
struct journal_recovery {
    uint64_t segments, records, bytes; /* read and verified */
    uint64_t microseconds;
    uint64_t boot;             /* of this start */
    uint64_t torn_bytes;       /* cut from the end: written when the process or machine stopped, never acknowledged */
    uint64_t damaged_segments; /* set aside because of cut_damage */
    bool clean;                /* it was closed in order (or is new) */
    bool lost;                 /* it ends below the floors of the options */
};
void journal_recovery(const struct journal *journal, struct journal_recovery *out);

/* ---- a GAP's payload, whoever writes it ---- */
struct journal_gap {
    uint64_t from_us, to_us;   /* wall clock, microseconds since 1970 */
    uint64_t from_csn, to_csn; /* first and last that may be missing */
    uint64_t refused;          /* records, 0: not known */
    struct view table;         /* "*": any */
    struct view reason;
};
void journal_gap_encode(struct buffer *out, const struct journal_gap *gap); /* texts are cut at 65535 bytes */
bool journal_gap_decode(struct view payload, struct journal_gap *out) MUST_USE;

/* ---- without threads: for the simulator and tests of faults ---- */
struct journal_files; /* store/journal_file.h */
struct journal_clock {
    void *context;
    uint64_t (*wall_us)(void *context); /* since 1970 */
    uint64_t (*monotonic_us)(void *context);
    uint64_t (*random)(void *context); /* 64 bits, must not repeat when payloads are encrypted */
};
/* As journal_open (`folder` is not used; `files` is taken over), but nothing happens by itself: each journal_step does one turn of the journal
 * thread: takes what is queued, writes, syncs, runs callbacks, makes spares, removes segments. True if it did anything. */
struct journal *journal_open_stepped(const struct journal_options *options, const struct journal_files *files,
                                     const struct journal_clock *clock, struct error *error) MUST_USE;
bool journal_step(struct journal *journal);

#endif
