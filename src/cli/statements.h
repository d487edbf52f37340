/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of a file: SQL separated by `;` (or `/` on a line of its own after PL/SQL), or JSON lines {"id": .., "sql": ..}. */
#ifndef CLI_STATEMENTS_H
#define CLI_STATEMENTS_H

#include "base/error.h"
#include "sql/catalog.h"

typedef void statements_one(void *context, const char *id, struct view text);
bool statements_read(const char *file, statements_one *one, void *context, struct error *error) MUST_USE;
/* A catalog made from a PostgreSQL schema: table and column names upper-cased, types turned back into Oracle's. */
struct sql_catalog *statements_catalog(const char *conninfo, struct error *error) MUST_USE;
const char *statements_schema(const struct sql_catalog *catalog);

#endif
