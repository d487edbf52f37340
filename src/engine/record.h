/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record: what the journal keeps of one write statement: all that is needed to do it again on the other side, or to know which rows to read.
 * Payload of JOURNAL_DML, and of JOURNAL_INTENT for an auto-commit call (then without results, which come with JOURNAL_OUTCOME).
 *
 * Layout (integers little-endian): docs/journal.md has the table. Values are in the byte form of base/value.h.
 */
#ifndef ENGINE_RECORD_H
#define ENGINE_RECORD_H

#include "base/arena.h"
#include "base/value.h"
#include "store/journal.h"

enum record_flag {
    RECORD_PRIMARY_TARGET = 1 /* ran on the target as primary */,
    RECORD_INCOMPLETE = 2 /* something could not be captured: a gap on its tables */
};

struct record {
    uint32_t flags;
    uint32_t ordinal; /* number of the statement within its transaction, for JOURNAL_TRIM */
    uint64_t session;
    struct view schema;             /* current schema */
    struct view text;               /* source SQL */
    uint32_t bind_count, row_count; /* row_count iterations of bind_count values; by position among source_binds */
    struct value *binds;            /* row_count x bind_count; RETURNING targets are VALUE_NULL */
};
/* What came back. */
struct record_result {
    uint64_t affected;
    bool has_rowid;
    char rowid[19];
    uint32_t returned_rows, returned_binds; /* RETURNING INTO: rows x binds (all iterations joined) */
    struct value *returned;
    uint32_t image_rows, image_columns; /* target primary: the written rows as RETURNING gave them, columns in catalog order */
    struct value *images;
    uint32_t failed_count;
    uint32_t *failed;         /* iterations that failed (batch errors) */
    bool partial;             /* array DML stopped at an error: iterations >= affected_iterations did not run */
    uint32_t good_iterations; /* iterations that ran; = row_count when all did */
};
void record_encode(struct buffer *out, const struct record *record, const struct record_result *result /* NULL: not known yet */);
/* Views into payload, arrays in arena. `has_result` tells whether the result is inside. */
bool record_decode(struct view payload, struct arena *arena, struct record *record, struct record_result *result, bool *has_result,
                   struct error *error) MUST_USE;
/* Payload of JOURNAL_OUTCOME: outcome byte, then the result if it was an auto-commit call. */
void record_encode_outcome(struct buffer *out, enum journal_outcome outcome, const struct record_result *result /* NULL */);
bool record_decode_outcome(struct view payload, struct arena *arena, enum journal_outcome *outcome, struct record_result *result,
                           bool *has_result, struct error *error) MUST_USE;
/* Payload of JOURNAL_INTENT: tables written (catalog ids of this boot are useless after a restart: names), then optionally the record. */
struct record_intent {
    bool auto_commit;
    bool target_primary;
    bool unknown_tables;
    bool unsure; /* a part of what was recorded may have been rolled back or committed before: rows are read, nothing is replayed */
    struct record record;
    bool has_record;
};
void record_encode_intent(struct buffer *out, const struct record_intent *intent);
bool record_decode_intent(struct view payload, struct arena *arena, struct record_intent *intent, struct error *error) MUST_USE;

#endif
