/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the stream (reverse.c) and the journal replay (reverse_replay.c). */
#ifndef ENGINE_REVERSE_PRIVATE_H
#define ENGINE_REVERSE_PRIVATE_H

#include "engine/record.h"
#include "engine/reverse.h"
#include "engine/statement.h"

/* reverse_publish.c: publication of the mirrored tables, made anew; rows of tables without a primary key are named by all their columns */
bool reverse_publish(struct engine *engine, struct error *error) MUST_USE;
bool reverse_unpublish(struct engine *engine, struct error *error) MUST_USE;
/* Rows of tables without a key, found by all their columns: one of those that are equal. Only if every column can be compared. */
bool reverse_keyless_writable(const struct row_map *map);
bool reverse_delete_keyless(struct source *source, const struct row_map *map, const struct row *row, bool *found,
                            struct error *error) MUST_USE;
bool reverse_insert_keyless(struct source *source, const struct row_map *map, const struct row *row, struct error *error) MUST_USE;
/* reverse_statement.c: one recorded write of the primary target, as it is brought to the source */
struct reverse_write {
    const struct record *record;
    const struct record_result *result; /* NULL: not known */
    const struct sql_plan *plan;        /* NULL: not translated */
    const struct row_map *map;          /* of the written table; NULL: none or several */
    bool by_image;                      /* the rows are written as they were acknowledged; otherwise the statement runs again */
};
void reverse_write_of(struct row_maps *maps, struct statement_cache *statements, const struct record *record,
                      const struct record_result *result, bool has_result, struct reverse_write *out);
void reverse_image(const struct reverse_write *write, uint32_t at, struct value *key /* ROWS_KEY_MAX */, struct row *row);
/* A statement that touches another number of rows than was acknowledged: ERROR_STATE. Nothing is committed or rolled back. */
bool reverse_write_run(struct source *source, const struct reverse_write *write, struct error *error) MUST_USE;
/* The source's own answer, and it would be the same the next time; not a lost connection, a deadlock or a lock. */
bool reverse_is_refusal(const struct error *error);
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
/* The same for one that a replay brings. *there: it was noted before, by a transaction whose end was not seen. */
bool returned_note(struct source *source, uint64_t csn, bool *there, struct error *error) MUST_USE;
bool returned_resume(struct returned *returned, struct engine *engine,
                     struct error *error) MUST_USE; /* at a start: fills engine->outstanding */
bool reverse_write_row(struct source *source, const struct row_map *map, const struct row *row, struct error *error) MUST_USE;

#endif
