/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key feed: the keys of every changed row of a table, whoever changed it (DESIGN section 4, "What the wire does not show"): triggers, procedures, cascades,
 * writers that bypass us. Two forms on the source, made by `understudy feed install` or by hand with the SQL that it prints:
 *  trigger  a row trigger UNDERSTUDY_T_<table> that notes the key in a log table UNDERSTUDY_F_<table>: works on every edition
 *  mvlog    CREATE MATERIALIZED VIEW LOG .. WITH PRIMARY KEY, SEQUENCE: Oracle fills MLOG$_<table> itself
 * One log for each table: its columns have the types of the key (no conversion, no NLS), writers of different tables never meet in one block, and a table is
 * fed or not without the others. The log has no index and the trigger draws no sequence: rows are known by ROWID and time, so that concurrent writers
 * spread over the segment's blocks instead of meeting in the last leaf of an index.
 *
 * The reader (a thread) takes keys in bounded batches, each key once, and compares the rows on both sides when the target has applied all that
 * the source's rows could show. What is equal is done: the wire has brought it already. What differs is read again and written by the mirror, between
 * its batches and with its horizon (engine/mirror.h). Only then exactly the log's rows that were read are deleted. A crash repeats keys and loses none.
 * While the target is primary our own writes to the source fire the triggers: those keys are found equal. What is not equal there was written
 * to the fallback behind our back: it goes to the checker, and nothing is written.
 *
 * A table is `covered` from the second look at the source's dictionary that finds its feed whole, if no client's transaction is older than the first. What a
 * statement did to covered tables besides what it says is no gap: the mirror takes their keys within the same batch (I5 holds for it).
 * A feed that goes, is disabled, is made anew, whose log is truncated, or that held more keys than its limit, leaves a gap on its table.
 */
#ifndef ENGINE_FEED_H
#define ENGINE_FEED_H

#include "engine/mirror.h"

enum feed_form { FEED_TRIGGER, FEED_MVLOG };
const char *feed_form_name(enum feed_form form); /* "trigger", "mvlog" */
bool feed_form_parse(const char *name, enum feed_form *out);
enum feed_state {
    FEED_ABSENT,
    FEED_STARTING, /* whole, but not yet covering: transactions that are older may still be open */
    FEED_ON,
    FEED_BROKEN,  /* a part is missing or disabled: the reason says which */
    FEED_FOREIGN, /* a materialized view log that others use: left alone */
    FEED_STATE_COUNT
};
const char *feed_state_name(enum feed_state state);

/* ---- what the data path asks (any thread) ---- */

/* What is covered: one immutable object, replaced whole, kept until feed_free. NULL: no feed at all. */
struct feed_set;
/* Writes to the table are seen, if their first record stands in the journal behind this position? */
bool feed_covers(const struct feed_set *set, const struct sql_table *table, uint64_t position);
/* Is any table covered since before `since_us` (monotonic)? Then a call whose tables are not known is journalled, and the mirror looks closer. */
bool feed_covers_any(const struct feed_set *set, uint64_t since_us);

/* ---- the reader ---- */

struct feed;
struct feed *feed_start(struct engine *engine, struct mirror *mirror, struct error *error) MUST_USE;
void feed_stop(struct feed *feed); /* before the mirror */
void feed_free(struct feed *feed); /* after the mirror: it may look at the last set until then */
/* Returns when a pass that began after the call has found no key waiting; false: not within the time, or a side is not there. */
bool feed_drain(struct feed *feed, uint64_t timeout_us);
/* Returns when the pause holds, or is over; false: the reader was busy all the time (with a side that does not answer), and goes on. */
bool feed_pause(struct feed *feed, bool paused, uint64_t timeout_us);
void feed_look_soon(struct feed *feed); /* the dictionary has changed */

struct feed_table {
    char table[129], log[129], reason[200];
    enum feed_form form;
    enum feed_state state;
    uint64_t keys, equal, written, discarded; /* since the start */
    uint64_t backlog;                         /* rows of the log that wait, as of the last pass; counted up to the limit */
    uint64_t lag_us;                          /* age of the oldest of them; 0: none waits */
};
struct feed_statistics {
    uint32_t tables, on, broken;
    uint64_t backlog, lag_us, passes;
    char last_error[300];
};
/* Copies up to `max` tables that have a feed or had one; answers their number. */
uint32_t feed_statistics(struct feed *feed, struct feed_statistics *all, struct feed_table *tables, uint32_t max);

/* ---- making and removing (not for the data path: each opens its own connection to the source) ---- */

/* One statement of a script, with a comment for the person who runs it. false ends the walk. */
typedef bool feed_statement(void *context, const char *comment, const char *sql);
struct feed_script {
    const struct row_map *map; /* has a key */
    enum feed_form form;
    const char *reader; /* the account that reads the log: source.user */
};
/* False: the form cannot be had for this table (error says why), or the visit ended it. */
bool feed_script_install(const struct feed_script *script, feed_statement *visit, void *context, struct error *error) MUST_USE;
bool feed_script_remove(const struct feed_script *script, feed_statement *visit, void *context, struct error *error) MUST_USE;
/* What all tables of the trigger form share: made before the first, removed after the last. */
bool feed_script_shared(const char *schema, const char *reader, bool install, feed_statement *visit, void *context) MUST_USE;

/* The tables with a key, why they would need a feed, and what they have. */
struct feed_need {
    char table[129], why[300]; /* why: empty: nothing is known that writes it besides its own statements */
    enum feed_form form;
    enum feed_state state;
    bool possible; /* it has a key and stands on the target */
    char reason[200];
};
bool feed_survey(struct feed *feed, struct feed_need **out, uint32_t *count, struct error *error) MUST_USE; /* *out: memory_free */
/* The catalog's map of a table, for scripts; the caller frees *maps with row_maps_free. NULL with error. */
const struct row_map *feed_table_map(struct engine *engine, const char *table, struct row_maps **maps, struct error *error) MUST_USE;
/* Makes the feed; what was begun is removed again if it fails. */
bool feed_install(struct feed *feed, const char *table, enum feed_form form, struct error *error) MUST_USE;
/* Takes away the trigger first, waits until every key it left was reconciled, then the log. `anyway`: keys that cannot be reconciled in time become a gap. */
bool feed_remove(struct feed *feed, const char *table, bool anyway, struct error *error) MUST_USE;

#endif
