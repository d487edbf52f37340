/* SPDX-License-Identifier: Apache-2.0 */
/* A stage: the tables, columns and other things that two statements name, made up in PostgreSQL from the errors that it answers. */
#ifndef TESTS_TRANSLATOR_STAGE_H
#define TESTS_TRANSLATOR_STAGE_H

#include "tests/translator/suite.h"

enum { STAGE_STEPS_MAX = 400, STAGE_TABLES_MAX = 20 };
struct stage {
    PGconn *target;
    const char *type;                   /* of made-up columns; NULL: by the column's name */
    char tables[STAGE_TABLES_MAX][140]; /* as written, quoted */
    int table_count;
};

void stage_quiet(PGconn *target, const char *text); /* errors are not said */
int stage_parameters(const char *text);             /* the highest $n */
/* Runs the statement until nothing that it names is missing; what it did is left standing. */
struct rows stage_prepare(struct stage *stage, const char *text);

/* ---- definition.c ---- */
/* Is the table, column or index that stands in the target now the one that Oracle's CREATE TABLE, ALTER TABLE ADD or CREATE INDEX describes: columns, classes of types, NOT NULL, defaults, number of
 * keys and checks? Reads Oracle's text on its own, without the translator. False: not, or it cannot be told; *why says what. */
bool definition_as_written(PGconn *target, const char *source, char *why, size_t size);

#endif
