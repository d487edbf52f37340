/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shadow: reads that the primary answered are run on the secondary and compared as typed normal values. A session captures the result as it passes (capture_*),
 * then hands over a job; the shadow thread waits until the secondary has applied the job's fence, runs the reads pipelined, and compares: in
 * order if the statement orders totally, as a multiset if not. A partly fetched ordered result is compared as a prefix; a partly fetched unordered one is
 * not comparable. A mismatch whose tables a commit touched meanwhile, or any first mismatch, is re-run on both sides (our own source connection);
 * only one that persists is a divergence: recorded with both rows, its fingerprint demoted. Every outcome has a counter.
 *
 * Both reads are done under the session's settings (formats, time zone, current schema). A session with a setting that the target does not follow
 * (NLS_SORT and the like: engine/settings.c has the table) is not shadowed; its reads count as not comparable.
 */
#ifndef ENGINE_SHADOW_H
#define ENGINE_SHADOW_H

#include "engine/settings.h"
#include "engine/statement.h"

/* A captured result: rows as byte forms of normal values (base/value.h), joined. Owned by the session until given away. */
struct capture {
    struct buffer rows; /* encoded values, row after row */
    uint32_t columns, row_count;
    bool complete; /* the end of data was seen */
    bool failed;   /* over capture_max, or a value that cannot be compared */
};
void capture_init(struct capture *capture, size_t maximum);
void capture_release(struct capture *capture);
void capture_reset(struct capture *capture);
struct wire_oac;
struct value capture_normal(const struct wire_oac *oac, struct value value); /* what a captured column is reduced to before it is kept */
struct view capture_trim(struct view text);                                  /* without trailing blanks */
struct wire_cell;
struct wire_session;
/* One row as it passes by. CHAR is stripped of its padding, timestamps cut to microseconds; a LOB that came without its data is replaced by its length. */
void capture_row(struct capture *capture, const struct wire_session *session, const struct wire_cursor *cursor,
                 const struct wire_cell *cells, uint32_t count, struct arena *scratch);

struct shadow_job { /* given away by shadow_submit */
    struct statement *statement;
    const struct sql_plan *plan;
    uint64_t fence; /* CSN that must be applied on the secondary first */
    uint64_t session;
    uint64_t source_us;       /* how long the primary took */
    struct settings settings; /* the session's, under which both sides read */
    char user[129];
    struct buffer binds; /* encoded values, one per source bind occurrence */
    uint32_t bind_count;
    struct capture capture;
};
struct shadow;
struct shadow *shadow_start(struct engine *engine, struct error *error) MUST_USE;
void shadow_stop(struct shadow *shadow);
/* Takes ownership of the job's buffers. Any worker; no lock. A full queue (by number, or LIMIT_SHADOW_QUEUE_BYTES) drops it (COUNT_SHADOW_SKIPPED). */
void shadow_submit(struct shadow *shadow, struct shadow_job *job);
struct shadow_job *shadow_job_new(void);
void shadow_job_free(struct shadow_job *job); /* one that is not submitted after all */
uint64_t shadow_pending(struct shadow *shadow);
/* Every divergent read that is kept is run again on both sides, by the shadow's thread, soon (after a repair): equal closes it and restarts its
 * fingerprint's window. Any thread. */
void shadow_recheck_open(struct shadow *shadow);

#endif
