/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the stream (reverse.c) and the journal replay (reverse_replay.c). */
#ifndef ENGINE_REVERSE_PRIVATE_H
#define ENGINE_REVERSE_PRIVATE_H

#include "engine/reverse.h"

#define REVERSE_PUBLICATION "understudy_reverse"

/* reverse_publish.c: publication of the mirrored tables, made anew; rows of tables without a primary key are named by all their columns */
bool reverse_publish(struct engine *engine, struct error *error) MUST_USE;
bool reverse_unpublish(struct engine *engine, struct error *error) MUST_USE;
/* Rows of tables without a key, found by all their columns: one of those that are equal. Only if every column can be compared. */
bool reverse_keyless_writable(const struct row_map *map);
bool reverse_delete_keyless(struct source *source, const struct row_map *map, const struct row *row, bool *found,
                            struct error *error) MUST_USE;
bool reverse_insert_keyless(struct source *source, const struct row_map *map, const struct row *row, struct error *error) MUST_USE;
bool reverse_write_row(struct source *source, const struct row_map *map, const struct row *row, struct error *error) MUST_USE;

#endif
