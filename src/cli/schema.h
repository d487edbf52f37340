/* SPDX-License-Identifier: Apache-2.0 */
/*
 * understudy schema: the application's schema as the source's dictionary has it, written for PostgreSQL. The dictionary is read into grids of texts
 * (schema_read.c); definitions are put together as the source would write them and go through the translator (schema.c), so that there is one map of types.
 */
#ifndef CLI_SCHEMA_H
#define CLI_SCHEMA_H

#include "base/arena.h"
#include "base/buffer.h"
#include "engine/source.h"
#include "sql/translate.h"

struct grid {
    uint32_t rows, columns;
    char **cells; /* row by row; NULL where the source has NULL */
};
static inline const char *grid_cell(const struct grid *grid, uint32_t row, uint32_t column)
{
    return grid->cells[row * grid->columns + column];
}

struct schema_dictionary {
    struct grid tables; /* TABLE_NAME, TEMPORARY, DURATION */
    struct grid
        columns; /* TABLE_NAME, COLUMN_NAME, DATA_TYPE, DATA_LENGTH, DATA_PRECISION, DATA_SCALE, NULLABLE, CHAR_LENGTH, DATA_DEFAULT, VIRTUAL_COLUMN, IDENTITY_COLUMN */
    struct grid identities; /* TABLE_NAME, COLUMN_NAME, GENERATION_TYPE */
    struct grid
        constraints; /* CONSTRAINT_NAME, CONSTRAINT_TYPE, TABLE_NAME, SEARCH_CONDITION, R_CONSTRAINT_NAME, DELETE_RULE, STATUS, GENERATED */
    struct grid key_columns;       /* CONSTRAINT_NAME, TABLE_NAME, COLUMN_NAME */
    struct grid indexes;           /* INDEX_NAME, INDEX_TYPE, TABLE_NAME, UNIQUENESS */
    struct grid index_columns;     /* INDEX_NAME, COLUMN_NAME, DESCEND, COLUMN_POSITION */
    struct grid index_expressions; /* INDEX_NAME, COLUMN_EXPRESSION, COLUMN_POSITION */
    struct grid sequences;         /* SEQUENCE_NAME, MIN_VALUE, MAX_VALUE, INCREMENT_BY, CYCLE_FLAG, CACHE_SIZE, LAST_NUMBER */
    struct grid views;             /* VIEW_NAME, TEXT */
    struct grid table_comments;    /* TABLE_NAME, COMMENTS */
    struct grid column_comments;   /* TABLE_NAME, COLUMN_NAME, COMMENTS */
    struct grid others;            /* OBJECT_TYPE, OBJECT_NAME: kinds that are not translated */
};
/* Everything in the arena. False: the source could not be asked. A view of the dictionary that this server does not have is an empty grid. */
bool schema_read(struct source *source, const char *owner, struct arena *arena, struct schema_dictionary *dictionary,
                 struct error *error) MUST_USE;
/* The translator's catalog of it, named on the target under `target_schema`. */
struct sql_catalog *schema_catalog(const struct schema_dictionary *dictionary, const char *owner, const char *target_schema);

#endif
