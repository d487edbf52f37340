/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of a file, in one of two forms, told apart by the first character that is no blank:
 *  - `{`: JSON lines {"sql": text [, "id": text or number] [, "executions": number]}; without an id the line's number counts;
 *  - else a script: SQL ended by `;`, PL/SQL ended by `/` on a line of its own (without any such line: by its last END), commands of SQL*Plus that
 *    reach to the end of their line. Semicolons in strings (q'[..]' too), quoted names and comments end nothing.
 * The file is read whole, at most 1 GiB. A byte order mark is left out.
 */
#ifndef CLI_STATEMENTS_H
#define CLI_STATEMENTS_H

#include "base/error.h"
#include "sql/catalog.h"

struct statement_read {
    const char *id;      /* of a JSON line; else the statement's or the line's number */
    struct view text;    /* valid during the call; may hold any bytes */
    uint64_t weight;     /* "executions" of a JSON line, else 1 */
    const char *problem; /* NULL; or why there is no statement: text is then the front of the line */
};
typedef void statements_one(void *context, const struct statement_read *read);
bool statements_read(const char *file, statements_one *one, void *context, struct error *error) MUST_USE;
/* The daemon's list of what it has seen (GET /v1/statements). False: that is no such list. */
typedef void statements_seen(void *context, const char *text, const char *state, uint64_t executions);
bool statements_seen_read(struct view answer, statements_seen *one, void *context);
/* A catalog made from PostgreSQL's own: names upper-cased, types turned back into Oracle's. schema: the one that statements without a schema mean,
 * that of the connection's search path if it has tables. */
struct sql_catalog *statements_catalog(const char *conninfo, char schema[129], struct error *error) MUST_USE;

#endif
