/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source connection: our own Oracle client (wire's client half over a blocking socket), for background threads: dictionary, image reads, backfill,
 * verify, recheck, reverse apply, epoch. One thread at a time. Logged in with NLS and time zone set so that values compare as bytes.
 * A lost connection answers ERROR_SOURCE_LOST; the caller reopens.
 */
#ifndef ENGINE_SOURCE_H
#define ENGINE_SOURCE_H

#include "engine/engine.h"
#include "wire/reply.h"

struct source;
struct source *source_open(const struct engine_options *options, uint32_t timeout_ms, struct error *error) MUST_USE;
void source_close(struct source *source); /* what was not committed is rolled back */

struct source_result {
    uint32_t columns;
    const struct wire_column *column; /* NULL for DML */
    uint64_t affected;
    bool has_rowid;
    char rowid[19];
};
/* A row of a query: values in the caller's arena are valid during the call. Answer false to stop fetching. LOBs are read whole. */
typedef bool source_row(void *context, const struct value *values, uint32_t count);
/* Runs one statement with positional binds (rows x bind_count values; rows 1 for queries, 0: no binds). Statements are cached by text (re-executed
 * by id). fetch_rows: array size. Nothing is committed by itself. Errors of the database: ERROR_SOURCE with native = ORA number. */
bool source_run(struct source *source, const char *text, const struct value *binds, uint32_t bind_count, uint32_t rows, uint32_t fetch_rows,
                source_row *row, void *context, struct source_result *result, struct error *error) MUST_USE;
bool source_commit(struct source *source, struct error *error) MUST_USE;
bool source_rollback(struct source *source, struct error *error) MUST_USE;
/* One value of the first row as text into out; false if no row. */
bool source_scalar(struct source *source, const char *text, char *out, size_t size, struct error *error) MUST_USE;
const struct wire_session *source_session(const struct source *source);

#endif
