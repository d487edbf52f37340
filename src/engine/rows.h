/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows by key, on both sides: the common ground of image writes, reconcile, repair, the checker and verify. Column lists, key predicates and
 * upserts are made once for each table and cached in a row_map. Values are normal values (base/value.h) in catalog column order
 * (virtual columns left out).
 */
#ifndef ENGINE_ROWS_H
#define ENGINE_ROWS_H

#include "engine/source.h"
#include "pg/connection.h"

enum { ROWS_KEY_MAX = 32 }; /* columns of a key; Oracle allows as many */
struct row_map {
    const struct sql_table *table;
    const struct sql_key *key; /* NULL: no key, rows cannot be addressed */
    uint16_t *columns;
    uint32_t column_count;           /* catalog indexes of the mirrored columns */
    uint16_t *key_at;                /* key column -> index in columns */
    char *source_name, *target_name; /* quoted, qualified */
    char *source_select;             /* SELECT cols FROM table */
    char *target_select;
    char *target_upsert;                                 /* INSERT .. VALUES ($1..) ON CONFLICT (key) DO UPDATE */
    char *target_insert, *target_delete;                 /* by key */
    char *source_update, *source_insert, *source_delete; /* by key, with :1.. */
};
struct row_maps; /* cache, one per thread */
struct row_maps *row_maps_new(const struct sql_catalog *catalog);
void row_maps_free(struct row_maps *maps);
const struct row_map *row_map_of(struct row_maps *maps, const struct sql_table *table);

struct row {
    struct value *key;
    struct value *values;
    bool found;
}; /* values: row_map column order */

/* Reads rows by key, many in one statement (IN lists, padded to few sizes so that cursors are re-used). rows[i].key is given; found/values are filled in arena. */
bool rows_read_source(struct source *source, const struct row_map *map, struct row *rows, uint32_t count, struct arena *arena,
                      struct error *error) MUST_USE;
bool rows_read_target(struct pg *pg, const struct row_map *map, struct row *rows, uint32_t count, struct arena *arena,
                      struct error *error) MUST_USE;
/* The normal form of a column's value: the same bytes whichever side it came from. Points into `in` or into `out` itself. */
struct rows_normal {
    struct value value;
    char room[NUMBER_TEXT_MAX];
};
void rows_normalise(const struct sql_column *column, const struct value *in, struct rows_normal *out);
/* A key's values in normal form, in arena. False: a part is NULL or has no form that could be looked up, so that no row can be named by it. */
bool rows_normal_key(const struct row_map *map, const struct value *in, struct value *out, struct arena *arena) MUST_USE;
/* As typed normal values: NUMBER by value, CHAR without padding, '' as NULL, DATE to the second, TIMESTAMP to microseconds, LOB by content. */
bool rows_value_equal(const struct sql_column *column, const struct value *source, const struct value *target);
bool rows_equal(const struct row_map *map, const struct row *source, const struct row *target, uint32_t *differing_column);
/* What the target will hold for a source value (fraction cut to microseconds, padding removed ..): apply before writing. */
struct value rows_to_target(const struct sql_column *column, const struct value *value);
uint64_t rows_hash(const struct row_map *map, const struct value *values); /* of the normal form: same on both sides */
/* Makes the target's rows equal to `rows` (found: upsert, not found: delete): appended to pg's pipeline, no sync. on_result may be NULL. */
bool rows_send_image(struct pg *pg, const struct row_map *map, const struct row *rows, uint32_t count, struct arena *arena,
                     pg_on_result *done, void *context, struct error *error) MUST_USE;
/* The same by deleting all keys first and inserting what was found: for rows that exchange values under another unique key. */
bool rows_send_replace(struct pg *pg, const struct row_map *map, const struct row *rows, uint32_t count, struct arena *arena,
                       pg_on_result *done, void *context, struct error *error) MUST_USE;
/* Keys (normal values, map->key order, one after the other) of other rows of the target that hold a unique value which one of `rows` (found) is to get. */
bool rows_find_conflicts(struct pg *pg, const struct row_map *map, const struct row *rows, uint32_t count, struct arena *arena,
                         struct value **keys, uint32_t *key_count, struct error *error) MUST_USE;
/* Reads rows of the source by their ROWIDs (18 characters each): the *found ones stand at the front of `rows` (room for count), in no order. */
bool rows_read_rowids(struct source *source, const struct row_map *map, const char (*rowids)[19], uint32_t count, struct row *rows,
                      uint32_t *found, struct arena *arena, struct error *error) MUST_USE;
/* Reads keys of the target's rows whose `columns` (catalog indexes) equal `values`: children of a parent. Normal values, map->key order. */
bool rows_find_keys(struct pg *pg, const struct row_map *map, const uint16_t *columns, const struct value *values, uint32_t count,
                    struct arena *arena, struct value **keys, uint32_t *key_count, struct error *error) MUST_USE;
/* The binds of source_update in its order; out has room for every column and the key. Answers their number. */
uint32_t rows_source_update_binds(const struct row_map *map, const struct row *row, struct value *out);
/* Makes the source's row equal to `row` (found: update, else insert; not found: delete), in the transaction at hand; nothing is committed. */
bool rows_write_source(struct source *source, const struct row_map *map, const struct row *row, struct error *error) MUST_USE;
void rows_print(struct buffer *out, const struct row_map *map, const struct value *values); /* NAME=value, .. for people */
void rows_print_row(char *out, size_t size, const struct row_map *map,
                    const struct row *row); /* the same as a text with its NUL, cut to size; "(no row)" */
void rows_print_key(struct buffer *out, const struct row_map *map, const struct value *key);
/* A key in bytes, the same whichever side it came from: for queues, ledgers and maps. Decoded: normal values in map->key order, in arena; false: not a key of this
 * table. */
void rows_encode_key(struct buffer *out, const struct row_map *map, const struct value *key);
bool rows_decode_key(struct view bytes, const struct row_map *map, struct arena *arena, struct value *key) MUST_USE;

#endif
