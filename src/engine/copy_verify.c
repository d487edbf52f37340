/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verify of one table: both sides are read by the same key ranges and compared by row hash; keys that are missing, extra or different go to the checker, which decides
 * under live writes. Key ranges on the target compare text byte by byte (COLLATE "C"), as the source's binary order does.
 */
#include "engine/copy_private.h"

#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>

struct verifying {
    struct copy *copy;
    const struct row_map *map;
    uint64_t rows, differing;
};

static bool is_text(enum sql_type type)
{
    return type == SQL_VARCHAR || type == SQL_CHAR || type == SQL_NVARCHAR || type == SQL_NCHAR;
}

static void target_range(struct buffer *out, const struct row_map *map, const char *operator, unsigned first)
{
    buffer_append_text(out, "(");
    for (unsigned k = 0; k < map->key->column_count; k++) {
        const struct sql_column *column = &map->table->columns[map->key->columns[k]];
        if (k) buffer_append_text(out, ", ");
        pg_quote_identifier(out, column->target);
        if (is_text(column->type)) buffer_append_text(out, " COLLATE \"C\"");
    }
    buffer_printf(out, ") %s (", operator);
    for (unsigned k = 0; k < map->key->column_count; k++) buffer_printf(out, "%s$%u", k ? ", " : "", first + k);
    buffer_append_text(out, ")");
}

static bool target_rows(struct verifying *v, const struct value *after, const struct value *up_to, struct pg_result *result,
                        struct error *error)
{
    const struct row_map *map = v->map;
    unsigned keys = map->key->column_count, count = 0;
    struct pg_parameter parameters[64];
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_text(&text, map->target_select);
    if (after || up_to) buffer_append_text(&text, " WHERE ");
    if (after) target_range(&text, map, ">", 1);
    if (after && up_to) buffer_append_text(&text, " AND ");
    if (up_to) target_range(&text, map, "<=", after ? keys + 1 : 1);
    buffer_u8(&text, 0);
    bool good = true;
    for (int side = 0; side < 2; side++) {
        const struct value *key = side == 0 ? after : up_to;
        for (unsigned k = 0; key && k < keys && good; k++) {
            struct value value = rows_to_target(&map->table->columns[map->key->columns[k]], &key[k]);
            good = pg_value_to_parameter(&value, &v->copy->arena, &parameters[count], error);
            parameters[count++].type = 0;
        }
    }
    char name[64];
    snprintf(name, sizeof name, "v%u_%d%d", map->table->id, after != NULL, up_to != NULL);
    good = good && pg_run_prepared(v->copy->target, name, (const char *)text.data + text.start, parameters, count, result, error);
    buffer_release(&text);
    return good;
}

static void differs(struct verifying *v, const struct value *key)
{
    struct buffer encoded;
    buffer_init(&encoded, 0);
    rows_encode_key(&encoded, v->map, key);
    v->differing++;
    while (!checker_add(v->copy->checker, CHECK_VERIFY, v->map->table, buffer_view(&encoded), journal_last_csn(v->copy->engine->journal),
                        NULL)) {
        if (atomic_load(&v->copy->stopping)) break;
        clock_sleep_us(2000);
    }
    buffer_release(&encoded);
}

struct entry {
    const struct row *row;
    uint64_t hash;
    bool seen;
};

static int entry_order(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static uint64_t key_hash(const struct row_map *map, const struct value *key)
{
    uint64_t hash = 7;
    for (unsigned k = 0; k < map->key->column_count; k++) {
        struct value value = rows_to_target(&map->table->columns[map->key->columns[k]], &key[k]);
        hash = value_hash(&value, hash);
    }
    return hash;
}

static struct entry *entry_find(struct entry *entries, uint32_t count, uint64_t hash)
{
    struct entry wanted = {.hash = hash};
    return bsearch(&wanted, entries, count, sizeof *entries, entry_order);
}

static void compare_chunk(struct verifying *v, const struct chunk *chunk, const struct pg_result *result)
{
    const struct row_map *map = v->map;
    struct arena *arena = &v->copy->arena;
    struct entry *entries = arena_zero(arena, sizeof *entries * (chunk->count + 1));
    for (uint32_t i = 0; i < chunk->count; i++) entries[i] = (struct entry){&chunk->rows[i], key_hash(map, chunk->rows[i].key), false};
    qsort(entries, chunk->count, sizeof *entries, entry_order);
    struct value *values = arena_alloc(arena, sizeof *values * map->column_count),
                 *key = arena_alloc(arena, sizeof *key * map->key->column_count);
    struct arena scratch;
    arena_init(&scratch, 0);
    for (uint32_t r = 0; r < result->rows; r++) {
        for (uint32_t c = 0; c < map->column_count; c++)
            values[c] =
                pg_value_from_text(pg_result_column(result, c).type, pg_result_text(result, r, c), pg_result_null(result, r, c), &scratch);
        for (unsigned k = 0; k < map->key->column_count; k++) key[k] = values[map->key_at[k]];
        struct entry *entry = entry_find(entries, chunk->count, key_hash(map, key));
        if (entry) entry->seen = true;
        if (!entry || rows_hash(map, entry->row->values) != rows_hash(map, values)) differs(v, key);
        if (r % 64 == 63) arena_reset(&scratch);
    }
    arena_release(&scratch);
    for (uint32_t i = 0; i < chunk->count; i++)
        if (!entries[i].seen) differs(v, entries[i].row->key);
    v->rows += chunk->count;
}

static bool verify_chunks(struct verifying *v, uint32_t index, struct error *error)
{
    struct copy *copy = v->copy;
    const struct row_map *map = v->map;
    struct value after[32];
    struct arena kept[2];
    arena_init(&kept[0], 0);
    arena_init(&kept[1], 0);
    bool good = true, first = true;
    int turn = 0;
    while (good && !atomic_load(&copy->stopping)) {
        struct chunk chunk;
        struct pg_result result;
        good = copy_read_chunk(copy, map, first ? NULL : after, &chunk, error);
        if (!good) break;
        const struct value *up_to = chunk.last ? NULL : chunk.rows[chunk.count - 1].key;
        good = target_rows(v, first ? NULL : after, up_to, &result, error);
        if (!good) break;
        compare_chunk(v, &chunk, &result);
        pg_result_free(&result);
        engine_count(copy->engine, COUNT_ROWS_VERIFIED, chunk.count);
        if (chunk.count) {
            turn ^= 1;
            arena_reset(&kept[turn]);
            for (unsigned k = 0; k < map->key->column_count; k++) after[k] = value_copy(&kept[turn], &chunk.rows[chunk.count - 1].key[k]);
            first = false;
        }
        bool last = chunk.last;
        arena_reset(&copy->arena);
        copy_report(copy, index, last ? "checking" : "running", v->rows, v->differing, view_of(NULL, 0), NULL);
        copy_throttle(copy, v->rows);
        if (last) break;
    }
    arena_release(&kept[0]);
    arena_release(&kept[1]);
    return good;
}

/* ---- without a key: as multisets of row hashes ---- */

struct hashes {
    struct verifying *v;
    uint64_t *hashes;
    uint32_t count, capacity;
};

static void add_hash(struct hashes *h, uint64_t hash)
{
    if (h->count == h->capacity) {
        h->capacity = h->capacity * 2 + 4096;
        h->hashes = memory_resize(h->hashes, sizeof *h->hashes * h->capacity);
    }
    h->hashes[h->count++] = hash;
}

static bool hash_row(void *context, const struct value *values, uint32_t count)
{
    struct hashes *h = context;
    if (count >= h->v->map->column_count) add_hash(h, rows_hash(h->v->map, values));
    return true;
}

static int order_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool hash_both(struct verifying *v, struct hashes *source, struct hashes *target, struct error *error)
{
    struct source_result read;
    if (!source_run(v->copy->source, v->map->source_select, NULL, 0, 0, COPY_FETCH_ROWS, hash_row, source, &read, error)) return false;
    struct pg_result result;
    if (!pg_run(v->copy->target, v->map->target_select, &result, error)) return false;
    struct value *values = memory_zero(v->map->column_count + 1, sizeof *values);
    for (uint32_t r = 0; r < result.rows; r++) {
        for (uint32_t c = 0; c < v->map->column_count; c++)
            values[c] = pg_value_from_text(pg_result_column(&result, c).type, pg_result_text(&result, r, c), pg_result_null(&result, r, c),
                                           &v->copy->arena);
        add_hash(target, rows_hash(v->map, values));
        arena_reset(&v->copy->arena);
    }
    memory_free(values);
    pg_result_free(&result);
    return true;
}

/* It has no key by which the checker could look at it again: the sweep that found it is what closes it. */
static void close_multiset(void *context, const struct state_divergence *divergence)
{
    struct verifying *v = context;
    struct error error;
    if (divergence->key.size || strcmp(divergence->origin, "verify") != 0 || strcmp(divergence->table, v->map->table->name) != 0) return;
    if (!state_divergence_close(v->copy->engine->state, divergence->id, "gone", "the same set of rows on both sides", &error))
        LOG(LOG_WARNING, "verify.not_closed", log_failure(&error), log_u64("divergence", divergence->id));
}

static bool verify_multiset(struct verifying *v, struct error *error)
{
    bool equal = false, good = true;
    for (int try = 0; try < 5 && good && !equal; try++) { /* writes in between make it unequal: look again */
        struct hashes source = {.v = v}, target = {.v = v};
        good = hash_both(v, &source, &target, error);
        qsort(source.hashes, source.count, sizeof(uint64_t), order_u64);
        qsort(target.hashes, target.count, sizeof(uint64_t), order_u64);
        equal = good && source.count == target.count &&
                (source.count == 0 || memcmp(source.hashes, target.hashes, sizeof(uint64_t) * source.count) == 0);
        v->rows = source.count;
        memory_free(source.hashes);
        memory_free(target.hashes);
        if (!equal) clock_sleep_us(300000);
    }
    if (good && equal) state_divergence_each(v->copy->engine->state, "open", 100000, close_multiset, v);
    if (!good || equal) return good;
    struct state_divergence *divergence = memory_zero(1, sizeof *divergence);
    snprintf(divergence->origin, sizeof divergence->origin, "verify");
    snprintf(divergence->table, sizeof divergence->table, "%s", v->map->table->name);
    snprintf(
        divergence->reason, sizeof divergence->reason,
        "a table without a key is not the same set of rows on both sides: `understudy backfill --table %s --restart`, then verify it again",
        v->map->table->name);
    v->differing++;
    good = state_divergence_add(v->copy->engine->state, divergence, &divergence->id, error);
    memory_free(divergence);
    return good;
}

bool copy_verify_table(struct copy *copy, uint32_t index, const struct row_map *map, struct error *error)
{
    struct verifying v = {.copy = copy, .map = map};
    bool good = map->key ? verify_chunks(&v, index, error) : verify_multiset(&v, error);
    if (!good) return false;
    if (atomic_load(&copy->stopping)) return error_set(error, ERROR_CANCELLED, "stopped");
    if (!checker_drain(copy->checker, 120000))
        return error_set(error, ERROR_TIMEOUT, "the rows that differed could not be decided within 120 s");
    copy_report(copy, index, "done", v.rows, 0, view_of(NULL, 0), NULL);
    return true;
}
