/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a copy job, shared by copy*.c. */
#ifndef ENGINE_COPY_PRIVATE_H
#define ENGINE_COPY_PRIVATE_H

#include "base/clock.h"
#include "base/thread.h"
#include "engine/copy.h"

enum { COPY_CHUNK_ROWS = 5000, COPY_FETCH_ROWS = 1000 };

struct copy {
    struct engine *engine;
    struct mirror *mirror;
    struct checker *checker;
    struct copy_options options;
    struct source *source;
    struct pg *target; /* verify reads through its own connection */
    struct row_maps *maps;
    struct arena arena; /* one chunk */
    struct thread *thread;
    atomic_bool stopping, running;
    struct mutex mutex; /* of tables */
    struct copy_table *tables;
    uint32_t table_count;
    uint64_t table_started_us, table_started_rows;
};

/* One chunk of source rows in key order. */
struct chunk {
    struct row *rows;
    uint32_t count, capacity;
    bool last;
    size_t bytes;
};
/* Rows with key > after (NULL: from the start), at most chunk_rows. */
bool copy_read_chunk(struct copy *copy, const struct row_map *map, const struct value *after, struct chunk *chunk,
                     struct error *error) MUST_USE;
void copy_report(struct copy *copy, uint32_t table, const char *status, uint64_t rows, uint64_t differing, struct view position,
                 const char *problem);
bool copy_backfill_table(struct copy *copy, uint32_t index, const struct row_map *map, struct error *error) MUST_USE;
bool copy_verify_table(struct copy *copy, uint32_t index, const struct row_map *map, struct error *error) MUST_USE;
void copy_throttle(struct copy *copy, uint64_t rows);

#endif
