/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backfill of one table. A chunk is read from the source, then written on the mirror's thread between two batches without the keys that the mirror touched since
 * the read began: those were or will be written as images that are at least as new. An unkeyed change voids the chunk: it is read again.
 */
#include "engine/copy_private.h"

#include "base/fault.h"
#include "base/log.h"
#include <stdio.h>

struct writing {
    struct copy *copy;
    const struct row_map *map;
    struct chunk *chunk;
    uint64_t mark, written;
    bool void_;
    bool replace;
};

static void column_list(struct buffer *out, const struct row_map *map)
{
    for (uint32_t i = 0; i < map->column_count; i++) {
        if (i) buffer_append_text(out, ", ");
        pg_quote_identifier(out, map->table->columns[map->columns[i]].target);
    }
}

static bool send_rows(struct writing *writing, struct pg *target, struct error *error)
{
    const struct row_map *map = writing->map;
    struct buffer lines;
    buffer_init(&lines, 0);
    bool good = true;
    for (uint32_t r = 0; good && r < writing->chunk->count; r++) {
        const struct row *row = &writing->chunk->rows[r];
        bool whole = false;
        if (map->key && mirror_touched(writing->copy->mirror, map->table, writing->mark, row->key, &whole)) continue;
        for (uint32_t i = 0; i < map->column_count; i++) {
            struct value value = rows_to_target(&map->table->columns[map->columns[i]], &row->values[i]);
            pg_copy_value(&lines, &value, i + 1 == map->column_count);
        }
        writing->written++;
        if (buffer_size(&lines) < 256 * 1024) continue;
        good = pg_copy_data(target, buffer_view(&lines), error);
        buffer_clear(&lines);
    }
    if (good && buffer_size(&lines)) good = pg_copy_data(target, buffer_view(&lines), error);
    buffer_release(&lines);
    return good;
}

static bool copy_into(struct writing *writing, struct pg *target, const char *table, struct error *error)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_printf(&text, "COPY %s (", table);
    column_list(&text, writing->map);
    buffer_append_text(&text, ") FROM STDIN");
    buffer_u8(&text, 0);
    bool good = pg_copy_start(target, (const char *)text.data + text.start, error);
    buffer_release(&text);
    if (!good) return false;
    uint64_t rows;
    writing->written = 0;
    good = send_rows(writing, target, error);
    struct error second;
    if (!good) {
        if (!pg_copy_end(target, error->text, &rows, &second)) return false;
        return false;
    }
    return pg_copy_end(target, NULL, &rows, error);
}

/* Rows that are there already (a resumed or repeated backfill) are replaced. */
static bool copy_by_staging(struct writing *writing, struct pg *target, struct error *error)
{
    const struct row_map *map = writing->map;
    struct buffer text;
    buffer_init(&text, 0);
    buffer_printf(&text, "CREATE TEMP TABLE understudy_chunk (LIKE %s) ON COMMIT DROP", map->target_name);
    buffer_u8(&text, 0);
    bool good = pg_run(target, (const char *)text.data + text.start, NULL, error) && copy_into(writing, target, "understudy_chunk", error);
    buffer_clear(&text);
    buffer_printf(&text, "DELETE FROM %s t USING understudy_chunk c WHERE ", map->target_name);
    for (unsigned k = 0; k < map->key->column_count; k++) {
        const char *name = map->table->columns[map->key->columns[k]].target;
        buffer_append_text(&text, k ? " AND t." : "t.");
        pg_quote_identifier(&text, name);
        buffer_append_text(&text, " = c.");
        pg_quote_identifier(&text, name);
    }
    buffer_printf(&text, "; INSERT INTO %s (", map->target_name);
    column_list(&text, map);
    buffer_append_text(&text, ") SELECT ");
    column_list(&text, map);
    buffer_append_text(&text, " FROM understudy_chunk");
    buffer_u8(&text, 0);
    good = good && pg_run(target, (const char *)text.data + text.start, NULL, error);
    buffer_release(&text);
    return good;
}

static bool write_chunk(void *context, struct pg *target, struct error *error)
{
    struct writing *writing = context;
    const struct row_map *map = writing->map;
    bool whole = false;
    if (map->key) {
        if (writing->chunk->count)
            (void)mirror_touched(writing->copy->mirror, map->table, writing->mark, writing->chunk->rows[0].key, &whole);
    } else {
        (void)mirror_touched(writing->copy->mirror, map->table, writing->mark, NULL, &whole);
    }
    writing->void_ = whole;
    if (whole) return true;
    if (!pg_run(target, "BEGIN", NULL, error)) return false;
    bool good;
    if (writing->replace && !map->key) {
        char text[700];
        snprintf(text, sizeof text, "DELETE FROM %.600s", map->target_name);
        good = pg_run(target, text, NULL, error) && copy_into(writing, target, map->target_name, error);
    } else {
        good = writing->replace ? copy_by_staging(writing, target, error) : copy_into(writing, target, map->target_name, error);
    }
    if (good) fault_point(FAULT_backfill_written);
    good = good && pg_run(target, "COMMIT", NULL, error);
    if (good) fault_point(FAULT_backfill_committed);
    return good;
}

static bool write_or_replace(struct writing *writing, struct error *error)
{
    if (mirror_run(writing->copy->mirror, write_chunk, writing, error)) return true;
    if (strcmp(error->sqlstate, "23505") != 0 || writing->replace || !writing->map->key) return false;
    writing->replace = true; /* rows are there already: from now on the whole table goes by staging */
    return mirror_run(writing->copy->mirror, write_chunk, writing, error);
}

/* Without a key a table is copied whole, in one piece, and only while nothing touches it. */
struct whole {
    struct copy *copy;
    const struct row_map *map;
    struct chunk chunk;
};
static bool whole_row(void *context, const struct value *values, uint32_t count)
{
    struct whole *whole = context;
    if (whole->chunk.count == whole->chunk.capacity) {
        uint32_t capacity = whole->chunk.capacity * 2 + 1024;
        struct row *rows = arena_alloc(&whole->copy->arena, sizeof *rows * capacity);
        if (whole->chunk.count) memcpy(rows, whole->chunk.rows, sizeof *rows * whole->chunk.count);
        whole->chunk.rows = rows;
        whole->chunk.capacity = capacity;
    }
    struct row *row = &whole->chunk.rows[whole->chunk.count++];
    memset(row, 0, sizeof *row);
    row->values = arena_alloc(&whole->copy->arena, sizeof *row->values * whole->map->column_count);
    for (uint32_t i = 0; i < whole->map->column_count && i < count; i++) row->values[i] = value_copy(&whole->copy->arena, &values[i]);
    return true;
}

static bool backfill_whole(struct copy *copy, uint32_t index, const struct row_map *map, struct error *error)
{
    for (int try = 0; try < 20; try++) {
        uint64_t mark = mirror_watch_mark(copy->mirror, map->table);
        struct whole whole = {.copy = copy, .map = map};
        struct source_result result;
        if (!source_run(copy->source, map->source_select, NULL, 0, 0, COPY_FETCH_ROWS, whole_row, &whole, &result, error)) return false;
        struct writing writing = {.copy = copy, .map = map, .chunk = &whole.chunk, .mark = mark, .replace = true};
        if (!write_or_replace(&writing, error)) return false;
        arena_reset(&copy->arena);
        if (writing.void_) continue;
        engine_count(copy->engine, COUNT_ROWS_BACKFILLED, writing.written);
        copy_report(copy, index, "done", whole.chunk.count, 0, view_of(NULL, 0), NULL);
        return true;
    }
    return error_set(error, ERROR_TIMEOUT,
                     "table %s has no key and is written to all the time: give it a key, or backfill it in a quiet hour", map->table->name);
}

static bool backfill_chunks(struct copy *copy, uint32_t index, const struct row_map *map, struct error *error)
{
    struct value after[32];
    struct arena kept, spare;
    arena_init(&kept, 0);
    arena_init(&spare, 0);
    uint64_t rows = 0;
    bool good = true, replace = false, first = true;
    while (good && !atomic_load(&copy->stopping)) {
        struct chunk chunk;
        uint64_t mark = mirror_watch_mark(copy->mirror, map->table);
        good = copy_read_chunk(copy, map, first ? NULL : after, &chunk, error);
        if (!good) break;
        fault_point(FAULT_backfill_read);
        struct writing writing = {.copy = copy, .map = map, .chunk = &chunk, .mark = mark, .replace = replace};
        good = chunk.count == 0 || write_or_replace(&writing, error);
        if (good && writing.void_) {
            arena_reset(&copy->arena);
            continue;
        }
        replace = writing.replace;
        engine_count(copy->engine, COUNT_ROWS_BACKFILLED, writing.written);
        rows += chunk.count;
        mirror_forget(copy->mirror, map->table, mark + 1);
        if (good && chunk.count) {
            struct arena old = kept;
            kept = spare;
            spare = old;
            arena_reset(&kept);
            for (unsigned k = 0; k < map->key->column_count; k++) after[k] = value_copy(&kept, &chunk.rows[chunk.count - 1].key[k]);
            first = false;
        }
        bool last = chunk.last;
        arena_reset(&copy->arena);
        if (good) copy_report(copy, index, last ? "done" : "running", rows, 0, view_of(NULL, 0), NULL);
        copy_throttle(copy, rows);
        if (last) break;
    }
    arena_release(&kept);
    arena_release(&spare);
    return good;
}

bool copy_backfill_table(struct copy *copy, uint32_t index, const struct row_map *map, struct error *error)
{
    mirror_watch_table(copy->mirror, map->table, true);
    bool good = map->key ? backfill_chunks(copy, index, map, error) : backfill_whole(copy, index, map, error);
    mirror_watch_table(copy->mirror, map->table, false);
    return good;
}
