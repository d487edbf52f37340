/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the key feed, shared by feed*.c and mirror_feed.c only. */
#ifndef ENGINE_FEED_PRIVATE_H
#define ENGINE_FEED_PRIVATE_H

#include "base/limit.h"
#include "base/map.h"
#include "base/random.h"
#include "base/thread.h"
#include "engine/checker.h"
#include "engine/feed.h"

enum {
    FEED_NAME_SIZE = 31 /* Oracle before 12.2 takes names of 30 bytes */,
    FEED_MARK_SIZE = 80,
    FEED_IDENTITY_SIZE = 200,
    FEED_DELETE_SIZES = 3
};

/* ---- names and texts (feed_script.c) ---- */
void feed_log_name(const char *table, char out[FEED_NAME_SIZE]);
void feed_trigger_name(const char *table, char out[FEED_NAME_SIZE]);
#define FEED_LOST_SEQUENCE "UNDERSTUDY_F_LOST"
#define FEED_COMMENT       "Understudy key feed" /* a log with it is ours */

/* ---- reading a log (feed_log.c) ---- */
struct feed_log { /* how the log of one table is read; immutable */
    enum feed_form form;
    char *select, *count;            /* count: up to the backlog's limit */
    char *delete[FEED_DELETE_SIZES]; /* of 1, 16, 256 rows */
    uint32_t rows;                   /* that select answers at most */
};
void feed_log_make(struct feed_log *out, const struct row_map *map, enum feed_form form, const char *log, uint32_t rows,
                   uint32_t count_max);
void feed_log_release(struct feed_log *log);
struct feed_keys {
    uint32_t rows; /* of the log */
    struct value *rowids;
    struct value highest; /* time or sequence of the newest of them */
    uint32_t count;       /* different keys */
    struct value **keys;  /* normal values */
    uint32_t nameless;    /* rows whose key names no row: a part of it is NULL or cannot be read */
    uint64_t age_us;      /* of the oldest row; 0 for mvlog: it has no time */
};
bool feed_log_read(struct source *source, const struct feed_log *log, const struct row_map *map, struct arena *arena, struct feed_keys *out,
                   struct error *error) MUST_USE;
/* Deletes exactly the rows that were read, and commits. */
bool feed_log_delete(struct source *source, const struct feed_log *log, const struct feed_keys *keys, struct error *error) MUST_USE;

/* ---- looking at the dictionary (feed_look.c) ---- */
struct feed_found {
    char table[129], log[129], reason[200];
    enum feed_form form;
    enum feed_state state; /* FEED_ON: whole; FEED_BROKEN, FEED_FOREIGN */
    bool readable;         /* the log is there with its columns */
    bool marked;           /* trigger: the mark that a truncated log would miss is there */
    char identity[FEED_IDENTITY_SIZE];
};
struct feed_look {
    struct feed_found *found; /* in the arena */
    uint32_t count;
    bool counter;     /* there is the counter of keys that could not be noted */
    uint64_t counted; /* its value: one is drawn by each look */
};
bool feed_look(struct source *source, const char *schema, const struct sql_catalog *catalog, struct row_maps *maps, struct arena *arena,
               struct feed_look *out, struct error *error) MUST_USE;
bool feed_mark_again(struct source *source, const char *schema, const char *log, struct error *error) MUST_USE;

/* ---- what is covered (feed_set.c) ---- */
struct feed_member {
    char schema[129], table[129];
    bool covers;
    uint64_t since_us, since_position;
    struct feed_log log;
};
struct feed_set {
    uint32_t count;
    struct feed_member *members;
    struct feed_set *before;
};
void feed_set_free(struct feed_set *set);

/* ---- the reader ---- */
struct feed_entry {
    struct feed_table told; /* what others may see; under the lock */
    char identity[FEED_IDENTITY_SIZE];
    _Atomic bool retired; /* its log goes: it is not read any more */
    bool readable, overflowed, seen;
    uint64_t first_us;                 /* of the first look that found it whole */
    uint64_t since_us, since_position; /* since it covers */
    struct feed_log log;
    bool log_made;
    struct feed_entry *next;
};
struct feed {
    struct engine *engine;
    struct mirror *mirror;
    struct thread *thread;
    struct mutex lock;
    struct condition wake, changed;
    /* under the lock */
    struct feed_statistics statistics;
    bool pause_wanted, paused;
    uint64_t looks, passes_begun, empty_pass; /* empty_pass: number of the last pass that left nothing waiting */
    uint32_t drains;
    bool look_wanted;
    char changing[129];         /* the table whose feed we make or remove: half of it is nothing to be told, and nobody relies on it */
    struct feed_entry *entries; /* only the thread adds and removes */
    _Atomic bool stopping;
    /* the thread's own */
    struct feed_set *set;
    uint64_t covered; /* a hash of what `set` says */
    struct source *source;
    struct pg *target;
    uint64_t source_retry_us, target_retry_us, retry_us, looked_us, allowed_us;
    uint32_t source_tries, target_tries, tries;
    bool remembered; /* what the last run knew has been read */
    struct random_generator random;
    const struct sql_catalog *catalog;
    struct row_maps *maps;
    struct arena arena;
};
enum feed_mode { FEED_REST, FEED_DISCARD, FEED_FORWARD, FEED_REVERSE };
enum feed_mode feed_mode_now(struct feed *feed);
bool feed_target_ready(struct feed *feed);
void feed_failed(struct feed *feed, const struct error *error);
/* feed_state.c: what a look found becomes states, gaps and the published set. */
void feed_take_look(struct feed *feed, const struct feed_look *look);
/* feed_pass.c: one pass over all logs. *waiting: rows that were there when it began. False: a side is not there. */
bool feed_pass(struct feed *feed, uint64_t *waiting);

/* mirror_feed.c: reads these rows from the source and writes them to the target, in order with apply; returns when it is committed. */
bool mirror_reconcile_keys(struct mirror *mirror, const struct sql_table *table, struct value *const *keys, uint32_t count,
                           struct error *error) MUST_USE;

#endif
