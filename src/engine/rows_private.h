/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a row map, shared by rows*.c only. */
#ifndef ENGINE_ROWS_PRIVATE_H
#define ENGINE_ROWS_PRIVATE_H

#include "engine/rows.h"

/* Reads by key take 1, 2, 4 .. 256 keys, padded: few texts, so that cursors and prepared statements are used again. */
enum { ROWS_SIZES = 9, ROWS_READ_MAX = 1 << (ROWS_SIZES - 1), ROWS_NAME_SIZE = 24 };

struct row_map_full {
    struct row_map map; /* first: what others see is a pointer to it */
    char *source_in[ROWS_SIZES], *target_in[ROWS_SIZES];
    char target_in_name[ROWS_SIZES][ROWS_NAME_SIZE];
    char upsert_name[ROWS_NAME_SIZE], insert_name[ROWS_NAME_SIZE], delete_name[ROWS_NAME_SIZE];
    char *source_rowids[ROWS_SIZES]; /* select by ROWID */
};
static inline struct row_map_full *rows_full(const struct row_map *map)
{
    return (struct row_map_full *)(uintptr_t)map;
}
static inline const struct sql_column *rows_column(const struct row_map *map, uint32_t at)
{
    return &map->table->columns[map->columns[at]];
}
static inline const struct sql_column *rows_key_column(const struct row_map *map, uint32_t at)
{
    return &map->table->columns[map->key->columns[at]];
}
/* " .. WHERE key IN (..)" for 1 << size keys; made on first use. */
const char *rows_source_in(const struct row_map *map, unsigned size);
const char *rows_target_in(const struct row_map *map, unsigned size);
const char *rows_source_rowids(const struct row_map *map, unsigned size);
void rows_statement_name(const char *text, char out[ROWS_NAME_SIZE]); /* unique for the text */
/* A parameter for a column of the target. Its type is left to the place it stands in. */
bool rows_parameter(const struct sql_column *column, const struct value *value, struct arena *arena, struct pg_parameter *out,
                    struct error *error) MUST_USE;

#endif
