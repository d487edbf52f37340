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
/* reverse_returned.c: commits of the target that stand on the source, by CSN, in the source itself */
struct returned {
    uint64_t low;       /* nothing up to here is outstanding */
    uint64_t bound;     /* the highest CSN that was given when this was looked at last */
    uint64_t pruned_us; /* monotonic */
};
bool returned_forget(struct engine *engine, struct error *error) MUST_USE; /* before a switch: positions and CSNs of an earlier one */
/* In the source transaction that brings their rows. */
bool returned_write(struct returned *returned, struct engine *engine, struct source *source, const uint64_t *csns, uint32_t count,
                    struct error *error) MUST_USE;
/* The same for one that a replay brings. */
bool returned_note(struct source *source, uint64_t csn, struct error *error) MUST_USE;
bool returned_resume(struct returned *returned, struct engine *engine,
                     struct error *error) MUST_USE; /* at a start: fills engine->outstanding */
bool reverse_write_row(struct source *source, const struct row_map *map, const struct row *row, struct error *error) MUST_USE;

#endif
