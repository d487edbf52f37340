/* SPDX-License-Identifier: Apache-2.0 */
/* Copy: the job, its tables, its progress; reading the source in key chunks. */
#include "engine/copy_private.h"

#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>

static const char *const work_names[] = {"backfill", "verify"};

/* ---- chunks ---- */

/* "(a > :1 OR (a = :1 AND b > :2))": the rows behind a key. */
static void copy_after_source(struct buffer *out, const struct row_map *map)
{
    unsigned bind = 0;
    buffer_append_text(out, "(");
    for (unsigned i = 0; i < map->key->column_count; i++) {
        if (i) buffer_append_text(out, " OR (");
        for (unsigned j = 0; j < i; j++) buffer_printf(out, "\"%s\" = :%u AND ", map->table->columns[map->key->columns[j]].name, ++bind);
        buffer_printf(out, "\"%s\" > :%u", map->table->columns[map->key->columns[i]].name, ++bind);
        if (i) buffer_append_text(out, ")");
    }
    buffer_append_text(out, ")");
}

struct chunk_reading {
    struct copy *copy;
    const struct row_map *map;
    struct chunk *chunk;
};

static bool chunk_row(void *context, const struct value *values, uint32_t count)
{
    struct chunk_reading *reading = context;
    struct chunk *chunk = reading->chunk;
    const struct row_map *map = reading->map;
    struct arena *arena = &reading->copy->arena;
    if (count < map->column_count || chunk->count == chunk->capacity) return false;
    struct row *row = &chunk->rows[chunk->count++];
    row->values = arena_alloc(arena, sizeof *row->values * map->column_count);
    for (uint32_t i = 0; i < map->column_count; i++) {
        row->values[i] = value_copy(arena, &values[i]);
        if (values[i].type == VALUE_TEXT || values[i].type == VALUE_BYTES) chunk->bytes += values[i].bytes.size;
    }
    row->found = true;
    row->key = map->key ? arena_alloc(arena, sizeof *row->key * map->key->column_count) : NULL;
    for (unsigned k = 0; map->key && k < map->key->column_count; k++) row->key[k] = row->values[map->key_at[k]];
    return true;
}

bool copy_read_chunk(struct copy *copy, const struct row_map *map, const struct value *after, struct chunk *chunk, struct error *error)
{
    uint32_t want = copy->options.chunk_rows ? copy->options.chunk_rows : COPY_CHUNK_ROWS;
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_text(&text, map->source_select);
    struct value binds[32 * 17];
    uint32_t bind_count = 0;
    if (after) {
        buffer_append_text(&text, " WHERE ");
        copy_after_source(&text, map);
        for (unsigned i = 0; i < map->key->column_count; i++)
            for (unsigned j = 0; j <= i; j++) binds[bind_count++] = after[j];
    }
    buffer_append_text(&text, " ORDER BY ");
    for (unsigned i = 0; i < map->key->column_count; i++)
        buffer_printf(&text, "%s\"%s\"", i ? ", " : "", map->table->columns[map->key->columns[i]].name);
    buffer_printf(&text, " FETCH FIRST %u ROWS ONLY", want);
    buffer_u8(&text, 0);
    memset(chunk, 0, sizeof *chunk);
    chunk->capacity = want;
    chunk->rows = arena_alloc(&copy->arena, sizeof *chunk->rows * want);
    struct chunk_reading reading = {copy, map, chunk};
    struct source_result result;
    bool good = source_run(copy->source, (const char *)text.data + text.start, binds, bind_count, bind_count ? 1 : 0, COPY_FETCH_ROWS,
                           chunk_row, &reading, &result, error);
    buffer_release(&text);
    chunk->last = chunk->count < want;
    return good;
}

/* ---- progress ---- */

void copy_report(struct copy *copy, uint32_t index, const char *status, uint64_t rows, uint64_t differing, struct view position,
                 const char *problem)
{
    struct copy_table *table = &copy->tables[index];
    uint64_t now = clock_monotonic_us();
    mutex_lock(&copy->mutex);
    snprintf(table->status, sizeof table->status, "%s", status);
    table->rows = rows;
    table->differing = differing;
    double seconds = (double)(now - copy->table_started_us) / 1e6;
    table->rows_per_second = seconds > 0 ? (double)(rows - copy->table_started_rows) / seconds : 0;
    table->eta_seconds = table->rows_per_second > 0 && table->total > rows ? (double)(table->total - rows) / table->rows_per_second : 0;
    snprintf(table->error, sizeof table->error, "%s", problem ? problem : "");
    struct state_progress progress = {
        .position = position, .rows = rows, .total = table->total, .bytes = differing, .updated_us = (int64_t)clock_wall_us()};
    snprintf(progress.work, sizeof progress.work, "%s", work_names[copy->options.work]);
    snprintf(progress.table, sizeof progress.table, "%s", table->table);
    snprintf(progress.status, sizeof progress.status, "%s", status);
    mutex_unlock(&copy->mutex);
    struct error error;
    if (!state_progress_put(copy->engine->state, &progress, &error)) LOG(LOG_ERROR, "copy.progress", log_failure(&error));
}

void copy_throttle(struct copy *copy, uint64_t rows)
{
    if (!copy->options.rows_per_second) return;
    uint64_t due = copy->table_started_us + rows * 1000000 / copy->options.rows_per_second;
    while (clock_monotonic_us() < due && !atomic_load(&copy->stopping)) clock_sleep_us(5000);
}

uint32_t copy_progress(struct copy *copy, struct copy_table *out, uint32_t max)
{
    mutex_lock(&copy->mutex);
    uint32_t count = copy->table_count < max ? copy->table_count : max;
    memcpy(out, copy->tables, sizeof *out * count);
    mutex_unlock(&copy->mutex);
    /* The last table's gaps are cleared after its rows: who waits for "done" may count on them, and start the next job. */
    if (copy_running(copy) && count && strcmp(out[count - 1].status, "done") == 0)
        snprintf(out[count - 1].status, sizeof out[count - 1].status, "running");
    return count;
}

/* ---- what has been done ---- */

static bool is_mirrored(const struct sql_table *table)
{
    return !table->view && !table->temporary && table->target[0];
}

struct done {
    const char *name;
    bool found;
    uint64_t rows;
};
static void look_done(void *context, const struct state_progress *progress)
{
    struct done *done = context;
    if (strcmp(progress->status, "done") != 0) return;
    if (done->name && strcmp(progress->table, done->name) == 0) done->found = true;
    done->rows += progress->rows - (progress->bytes < progress->rows ? progress->bytes : progress->rows);
}

bool copy_complete(struct engine *engine, enum copy_work work, struct buffer *missing)
{
    const struct sql_catalog *catalog = atomic_load(&engine->catalog);
    if (!catalog) return false;
    bool complete = true;
    for (uint32_t i = 0; i < sql_catalog_table_count(catalog); i++) {
        const struct sql_table *table = sql_catalog_table_at(catalog, i);
        struct done done = {.name = table->name};
        if (!is_mirrored(table)) continue;
        state_progress_each(engine->state, work_names[work], look_done, &done);
        if (done.found) continue;
        buffer_printf(missing, "%s%s", complete ? "" : ", ", table->name);
        complete = false;
    }
    return complete;
}

uint64_t copy_verified_rows(struct engine *engine)
{
    struct done done = {0};
    state_progress_each(engine->state, work_names[COPY_VERIFY], look_done, &done);
    return done.rows;
}

/* ---- the job ---- */

static bool copy_connect(struct copy *copy, struct error *error)
{
    if (!copy->source) copy->source = source_open(&copy->engine->options, 10000, error);
    if (!copy->source) return false;
    if (copy->options.work == COPY_VERIFY && !copy->target) copy->target = pg_connect(copy->engine->options.target_conninfo, 10000, error);
    return copy->options.work != COPY_VERIFY || copy->target;
}

struct last_gap {
    uint64_t id;
};
static void newest_gap(void *context, const struct state_gap *gap)
{
    struct last_gap *last = context;
    if (gap->id > last->id) last->id = gap->id;
}

static void count_rows(struct copy *copy, uint32_t index, const struct row_map *map)
{
    char text[600], number[64];
    struct error error;
    snprintf(text, sizeof text, "SELECT COUNT(*) FROM %.500s", map->source_name);
    if (source_scalar(copy->source, text, number, sizeof number, &error)) copy->tables[index].total = strtoull(number, NULL, 10);
}

static bool run_table(struct copy *copy, uint32_t index, const struct sql_table *table, struct error *error)
{
    if (!copy_connect(copy, error)) return false;
    const struct row_map *map = row_map_of(copy->maps, table);
    count_rows(copy, index, map);
    copy->table_started_us = clock_monotonic_us();
    copy->table_started_rows = 0;
    copy_report(copy, index, "running", 0, 0, view_of(NULL, 0), NULL);
    return copy->options.work == COPY_BACKFILL ? copy_backfill_table(copy, index, map, error) : copy_verify_table(copy, index, map, error);
}

static void copy_main(void *context)
{
    struct copy *copy = context;
    const struct sql_catalog *catalog = atomic_load(&copy->engine->catalog);
    struct last_gap gap = {0};
    bool all_good = true;
    state_gap_each(copy->engine->state, true, newest_gap, &gap);
    for (uint32_t i = 0; i < copy->table_count && !atomic_load(&copy->stopping); i++) {
        const struct sql_table *table = sql_catalog_table(catalog, copy->engine->options.source_schema, NULL, copy->tables[i].table);
        struct error error = {0};
        bool good = false;
        for (int try = 0; try < 5 && !good && !atomic_load(&copy->stopping);
             try++) { /* a lost connection starts the table's chunk loop again from its stored position */
            if (try) clock_sleep_us(1000000);
            good = run_table(copy, i, table, &error);
            arena_reset(&copy->arena);
            if (good) break;
            LOG(LOG_WARNING, "copy.retry", log_text("work", work_names[copy->options.work]), log_text("table", table->name),
                log_failure(&error));
            if (copy->source) source_close(copy->source);
            if (copy->target) pg_close(copy->target);
            copy->source = NULL;
            copy->target = NULL;
        }
        if (!good)
            copy_report(copy, i, "failed", copy->tables[i].rows, copy->tables[i].differing, view_of(NULL, 0), error.text);
        else if (copy->options.work == COPY_VERIFY && !state_gap_clear(copy->engine->state, table->name, gap.id, "verify", &error))
            LOG(LOG_ERROR, "copy.gap", log_failure(&error));
        all_good = all_good && good;
        LOG(good ? LOG_INFO : LOG_ERROR, "copy.table", log_text("work", work_names[copy->options.work]), log_text("table", table->name),
            log_u64("rows", copy->tables[i].rows), log_u64("differing", copy->tables[i].differing));
    }
    struct error error;
    if (all_good && copy->options.work == COPY_VERIFY && !copy->options.table[0] && !atomic_load(&copy->stopping) &&
        !state_gap_clear(copy->engine->state, "*", gap.id, "verify", &error))
        LOG(LOG_ERROR, "copy.gap", log_failure(&error));
    atomic_store(&copy->running, false);
}

struct copy *copy_start(struct engine *engine, struct mirror *mirror, struct checker *checker, const struct copy_options *options,
                        struct error *error)
{
    const struct sql_catalog *catalog = atomic_load(&engine->catalog);
    if (!catalog) {
        error_set(error, ERROR_STATE, "the dictionary has not been read yet");
        return NULL;
    }
    struct copy *copy = memory_zero(1, sizeof *copy);
    copy->engine = engine;
    copy->mirror = mirror;
    copy->checker = checker;
    copy->options = *options;
    copy->maps = row_maps_new(catalog);
    arena_init(&copy->arena, 0);
    mutex_init(&copy->mutex);
    copy->tables = memory_zero(sql_catalog_table_count(catalog) + 1, sizeof *copy->tables);
    for (uint32_t i = 0; i < sql_catalog_table_count(catalog); i++) {
        const struct sql_table *table = sql_catalog_table_at(catalog, i);
        if (!is_mirrored(table) || (options->table[0] && strcmp(options->table, table->name) != 0)) continue;
        struct copy_table *entry = &copy->tables[copy->table_count++];
        snprintf(entry->table, sizeof entry->table, "%s", table->name);
        snprintf(entry->status, sizeof entry->status, "waiting");
    }
    atomic_store(&copy->running, true);
    copy->thread = copy->table_count ? thread_start(work_names[options->work], copy_main, copy, error) : NULL;
    if (!copy->thread) {
        if (!copy->table_count) error_set(error, ERROR_NOT_FOUND, "there is no table %s on both sides", options->table);
        atomic_store(&copy->running, false);
        copy_stop(copy);
        return NULL;
    }
    return copy;
}

bool copy_running(struct copy *copy)
{
    return atomic_load(&copy->running);
}

void copy_stop(struct copy *copy)
{
    if (!copy) return;
    atomic_store(&copy->stopping, true);
    thread_join(copy->thread);
    if (copy->source) source_close(copy->source);
    if (copy->target) pg_close(copy->target);
    row_maps_free(copy->maps);
    arena_release(&copy->arena);
    mutex_release(&copy->mutex);
    memory_free(copy->tables);
    memory_free(copy);
}
