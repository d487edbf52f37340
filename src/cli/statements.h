/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of a file: SQL separated by `;` (or `/` on a line of its own after PL/SQL), or JSON lines {"id": .., "sql": ..}. */
#ifndef CLI_STATEMENTS_H
#define CLI_STATEMENTS_H

#include "base/error.h"
#include "sql/catalog.h"

/* weight: "executions" of a JSON line, else 1. */
typedef void statements_one(void *context, const char *id, struct view text, uint64_t weight);
bool statements_read(const char *file, statements_one *one, void *context, struct error *error) MUST_USE;
/* The daemon's list of what it has seen (GET /v1/statements). False: that is no such list. */
typedef void statements_seen(void *context, const char *text, const char *state, uint64_t executions);
bool statements_seen_read(struct view answer, statements_seen *one, void *context);
/* A catalog made from PostgreSQL's own: names upper-cased, types turned back into Oracle's. schema: the one that statements without a schema mean,
 * that of the connection's search path if it has tables. */
struct sql_catalog *statements_catalog(const char *conninfo, char schema[129], struct error *error) MUST_USE;

#endif
