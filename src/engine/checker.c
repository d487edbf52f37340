/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checker: rows proven equal by key, under live writes. A difference is only believed when the source's row did not move while the target's was read behind a fence
 * over every CSN given out so far, twice; a row that moves all the time is left undecided and counted as such, never as equal.
 */
#include "engine/checker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include <stdio.h>

enum { QUEUE_MAX = 65536, BATCH_MAX = 64, TRIES_MAX = 12, CONFIRMATIONS = 2, PAUSE_US = 4000 };

struct check {
    enum checker_origin origin;
    const struct sql_table *table;
    struct buffer key;
    uint64_t csn, not_before_us;
    uint32_t tries, confirmed;
    struct fingerprint *fingerprint;
    struct check *next;
};
struct checker {
    struct engine *engine;
    struct mutex mutex; struct condition wake;
    struct check *first, **last;
    uint64_t queued, busy;              /* waiting in the queue; being decided or waiting for another look */
    struct check *again;                /* to be looked at once more */
    struct source *source; struct pg *target; uint64_t retry_us;
    struct row_maps *maps;
    struct arena arena;
    struct thread *thread;
    atomic_bool stopping;
};

static const char *const origin_names[] = {[CHECK_MIRROR] = "mirror", [CHECK_PREDICATE] = "mirror", [CHECK_VERIFY] = "verify", [CHECK_REPAIR] = "repair", [CHECK_REVERSE] = "reverse"};

bool checker_add(struct checker *checker, enum checker_origin origin, const struct sql_table *table, struct view encoded_key, uint64_t csn, struct fingerprint *fingerprint)
{
    struct check *check = memory_zero(1, sizeof *check);
    check->origin = origin;
    check->table = table;
    check->csn = csn;
    check->fingerprint = fingerprint;
    buffer_init(&check->key, 0);
    buffer_append_view(&check->key, encoded_key);
    mutex_lock(&checker->mutex);
    bool room = checker->queued < QUEUE_MAX || origin != CHECK_MIRROR;
    if (room) {
        *checker->last = check;
        checker->last = &check->next;
        checker->queued++;
        condition_signal(&checker->wake);
    }
    mutex_unlock(&checker->mutex);
    if (room) return true;
    buffer_release(&check->key);
    memory_free(check);
    return false;
}

uint64_t checker_pending(struct checker *checker)
{
    mutex_lock(&checker->mutex);
    uint64_t pending = checker->queued + checker->busy;
    mutex_unlock(&checker->mutex);
    return pending;
}

bool checker_drain(struct checker *checker, uint32_t timeout_ms)
{
    uint64_t until = clock_monotonic_us() + (uint64_t)timeout_ms * 1000;
    while (checker_pending(checker)) {
        if (clock_monotonic_us() > until || atomic_load(&checker->stopping)) return false;
        clock_sleep_us(2000);
    }
    return true;
}

/* ---- outcomes ---- */

static void check_free(struct checker *checker, struct check *check)
{
    mutex_lock(&checker->mutex);
    checker->busy--;
    mutex_unlock(&checker->mutex);
    buffer_release(&check->key);
    memory_free(check);
}

struct closing { struct checker *checker; const struct check *check; uint64_t ids[64]; uint32_t count; };
static void find_open(void *context, const struct state_divergence *divergence)
{
    struct closing *closing = context;
    if (closing->count < 64 && strcmp(divergence->table, closing->check->table->name) == 0 && view_equal(divergence->key, buffer_view(&closing->check->key)))
        closing->ids[closing->count++] = divergence->id;
}

static void row_equal(struct checker *checker, struct check *check)
{
    engine_count(checker->engine, COUNT_ROWS_COMPARED, 1);
    engine_count(checker->engine, COUNT_ROWS_EQUAL, 1);
    if (state_divergence_count(checker->engine->state, "open") > 0) {
        struct closing closing = {.checker = checker, .check = check};
        state_divergence_each(checker->engine->state, "open", 100000, find_open, &closing);
        for (uint32_t i = 0; i < closing.count; i++) {
            struct error error;
            if (!state_divergence_close(checker->engine->state, closing.ids[i], check->origin == CHECK_REPAIR ? "repaired" : "gone", "the row is equal on both sides", &error))
                LOG(LOG_ERROR, "divergence.not_closed", log_failure(&error));
        }
    }
    check_free(checker, check);
}

static void row_divergent(struct checker *checker, struct check *check, const struct row_map *map, const struct row *source, const struct row *target, uint32_t column)
{
    engine_count(checker->engine, COUNT_ROWS_COMPARED, 1);
    engine_count(checker->engine, COUNT_ROWS_DIVERGENT, 1);
    struct state_divergence *divergence = memory_zero(1, sizeof *divergence);
    struct buffer text;
    buffer_init(&text, 0);
    snprintf(divergence->origin, sizeof divergence->origin, "%s", origin_names[check->origin]);
    snprintf(divergence->table, sizeof divergence->table, "%s", check->table->name);
    rows_print_key(&text, map, source->key);
    snprintf(divergence->key_text, sizeof divergence->key_text, VIEW_FORMAT, VIEW_ARGUMENTS(buffer_view(&text)));
    buffer_clear(&text);
    if (source->found) rows_print(&text, map, source->values);
    snprintf(divergence->source_row, sizeof divergence->source_row, VIEW_FORMAT, VIEW_ARGUMENTS(buffer_view(&text)));
    buffer_clear(&text);
    if (target->found) rows_print(&text, map, target->values);
    snprintf(divergence->target_row, sizeof divergence->target_row, VIEW_FORMAT, VIEW_ARGUMENTS(buffer_view(&text)));
    if (!source->found || !target->found) snprintf(divergence->reason, sizeof divergence->reason, "the row is missing on the %s", source->found ? "target" : "source");
    else snprintf(divergence->reason, sizeof divergence->reason, "column %s differs", map->table->columns[map->columns[column]].name);
    divergence->key = buffer_view(&check->key);
    divergence->csn = check->csn;
    if (check->fingerprint) {
        divergence->fingerprint = check->fingerprint->id;
        snprintf(divergence->statement, sizeof divergence->statement, "%.1900s", check->fingerprint->text);
    }
    struct error error;
    if (!state_divergence_add(checker->engine->state, divergence, &divergence->id, &error)) LOG(LOG_ERROR, "divergence.not_stored", log_failure(&error));
    LOG(LOG_WARNING, "row.divergent", log_text("table", divergence->table), log_text("key", divergence->key_text), log_text("reason", divergence->reason), log_text("found_by", divergence->origin));
    buffer_release(&text);
    memory_free(divergence);
    check_free(checker, check);
}

static void look_again(struct checker *checker, struct check *check)
{
    if (++check->tries >= TRIES_MAX) { /* it moves all the time: later writes will bring it here again */
        engine_count(checker->engine, COUNT_MIRROR_MISMATCH, 1);
        check_free(checker, check);
        return;
    }
    check->not_before_us = clock_monotonic_us() + PAUSE_US * (check->tries < 6 ? 1u << check->tries : 64u);
    check->next = checker->again;
    checker->again = check;
}

/* ---- a batch of one table ---- */

static bool connected(struct checker *checker)
{
    struct error error;
    uint64_t now = clock_monotonic_us();
    if (checker->target && pg_state(checker->target) != PG_READY) {
        pg_close(checker->target);
        checker->target = NULL;
    }
    if (checker->source && checker->target) return true;
    if (now < checker->retry_us) return false;
    if (!checker->source) checker->source = source_open(&checker->engine->options, 3000, &error);
    if (checker->source && !checker->target) checker->target = pg_connect(checker->engine->options.target_conninfo, 2000, &error);
    if (checker->source && checker->target) return true;
    checker->retry_us = now + 300000;
    return false;
}

static void disconnect(struct checker *checker, const struct error *error)
{
    LOG(LOG_WARNING, "checker.again", log_failure(error));
    if (checker->source) source_close(checker->source);
    if (checker->target) pg_close(checker->target);
    checker->source = NULL;
    checker->target = NULL;
}

static bool fence(struct checker *checker)
{
    uint64_t csn = journal_last_csn(checker->engine->journal), until = clock_monotonic_us() + 1000000;
    while (atomic_load(&checker->engine->applied) < csn) {
        if (clock_monotonic_us() > until || atomic_load(&checker->stopping)) return false;
        clock_sleep_us(300);
    }
    return true;
}

struct reading { struct row *source, *target, *later; bool fenced; };

/* Reads the rows on the source, behind the fence on the target, and on the source again: a row that moved meanwhile is seen. */
static bool read_rows(struct checker *checker, const struct row_map *map, struct check **batch, uint32_t count, struct reading *out, struct error *error)
{
    struct arena *arena = &checker->arena;
    out->source = arena_zero(arena, sizeof *out->source * count);
    out->target = arena_zero(arena, sizeof *out->target * count);
    out->later = arena_zero(arena, sizeof *out->later * count);
    for (uint32_t i = 0; i < count; i++) {
        struct value *key = arena_zero(arena, sizeof *key * map->key->column_count);
        if (!rows_decode_key(buffer_view(&batch[i]->key), map, arena, key)) return error_set(error, ERROR_CORRUPT, "a key cannot be read");
        out->source[i].key = out->target[i].key = out->later[i].key = key;
    }
    if (!rows_read_source(checker->source, map, out->source, count, arena, error) || !source_rollback(checker->source, error)) return false;
    out->fenced = fence(checker);
    return rows_read_target(checker->target, map, out->target, count, arena, error) && rows_read_source(checker->source, map, out->later, count, arena, error) &&
           source_rollback(checker->source, error);
}

static bool same_source(const struct row_map *map, const struct row *a, const struct row *b)
{
    if (a->found != b->found) return false;
    for (uint32_t c = 0; a->found && c < map->column_count; c++)
        if (!value_equal(&a->values[c], &b->values[c])) return false;
    return true;
}

static void decide(struct checker *checker, const struct row_map *map, struct check **batch, uint32_t count, const struct reading *reading)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct row *source = &reading->source[i], *target = &reading->target[i], *later = &reading->later[i];
        uint32_t column = 0;
        if (rows_equal(map, later, target, &column) || rows_equal(map, source, target, &column)) row_equal(checker, batch[i]);
        else if (same_source(map, source, later) && reading->fenced && ++batch[i]->confirmed >= CONFIRMATIONS) row_divergent(checker, batch[i], map, source, target, column);
        else look_again(checker, batch[i]);
    }
}

static uint32_t take(struct checker *checker, struct check **batch)
{
    uint32_t count = 0;
    uint64_t now = clock_monotonic_us();
    for (struct check **at = &checker->again; *at && count < BATCH_MAX;) {
        struct check *check = *at;
        if (check->not_before_us > now || (count && check->table != batch[0]->table)) {
            at = &check->next;
            continue;
        }
        *at = check->next;
        batch[count++] = check;
    }
    mutex_lock(&checker->mutex);
    while (checker->first && count < BATCH_MAX && (count == 0 || checker->first->table == batch[0]->table)) {
        struct check *check = checker->first;
        checker->first = check->next;
        if (!checker->first) checker->last = &checker->first;
        checker->queued--;
        checker->busy++;
        batch[count++] = check;
    }
    if (!count) condition_wait_us(&checker->wake, &checker->mutex, checker->again ? 2000 : 20000);
    mutex_unlock(&checker->mutex);
    return count;
}

static void put_back(struct checker *checker, struct check **batch, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        batch[i]->not_before_us = clock_monotonic_us() + 200000;
        batch[i]->next = checker->again;
        checker->again = batch[i];
    }
}

static void checker_main(void *context)
{
    struct checker *checker = context;
    struct check *batch[BATCH_MAX];
    while (!atomic_load(&checker->stopping)) {
        uint32_t count = take(checker, batch);
        if (!count) continue;
        const struct sql_catalog *catalog = atomic_load(&checker->engine->catalog);
        if (!checker->maps && catalog) checker->maps = row_maps_new(catalog);
        const struct row_map *map = checker->maps ? row_map_of(checker->maps, batch[0]->table) : NULL;
        if (!map || !map->key) {
            for (uint32_t i = 0; i < count; i++) check_free(checker, batch[i]);
            continue;
        }
        struct error error = {0};
        struct reading reading = {0};
        if (engine_policy(checker->engine)->primary == SIDE_TARGET || !connected(checker)) { /* with the target primary nothing is compared forward */
            put_back(checker, batch, count);
            clock_sleep_us(20000);
            continue;
        }
        if (!read_rows(checker, map, batch, count, &reading, &error)) {
            disconnect(checker, &error);
            put_back(checker, batch, count);
        } else {
            decide(checker, map, batch, count, &reading);
        }
        arena_reset(&checker->arena);
    }
}

struct checker *checker_start(struct engine *engine, struct error *error)
{
    struct checker *checker = memory_zero(1, sizeof *checker);
    checker->engine = engine;
    checker->last = &checker->first;
    mutex_init(&checker->mutex);
    condition_init(&checker->wake);
    arena_init(&checker->arena, 0);
    checker->thread = thread_start("checker", checker_main, checker, error);
    return checker->thread ? checker : NULL;
}

static void free_list(struct check *list)
{
    while (list) {
        struct check *next = list->next;
        buffer_release(&list->key);
        memory_free(list);
        list = next;
    }
}

void checker_stop(struct checker *checker)
{
    if (!checker) return;
    atomic_store(&checker->stopping, true);
    thread_join(checker->thread);
    free_list(checker->first);
    free_list(checker->again);
    if (checker->source) source_close(checker->source);
    if (checker->target) pg_close(checker->target);
    if (checker->maps) row_maps_free(checker->maps);
    arena_release(&checker->arena);
    mutex_release(&checker->mutex);
    condition_release(&checker->wake);
    memory_free(checker);
}
