/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal replay onto the source after the target was lost: transactions that were acknowledged (or whose outcome nobody knows) and have not come back through the
 * stream. One source transaction each, in the order of their outcomes. From the row images where the record has them, else the source statement with its binds.
 */
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "engine/outstanding.h"
#include "engine/record.h"
#include "engine/reverse_private.h"
#include "engine/statement.h"
#include <stdlib.h>

struct pending {
    uint64_t id, csn, outcome_position;
    enum journal_outcome outcome;
    bool skip; /* its intent concerns nobody here */
    size_t before_intent;
    struct buffer records; /* u32 size + payload each */
    struct buffer outcome_payload;
    bool auto_commit;
    struct pending *next;
};
struct replay {
    struct engine *engine;
    struct source *source;
    struct row_maps *maps;
    struct statement_cache *statements;
    struct arena arena;
    struct pending *all;
    uint64_t up_to, count;
};

static struct pending *pending_of(struct replay *replay, uint64_t id)
{
    for (struct pending *p = replay->all; p; p = p->next)
        if (p->id == id) return p;
    struct pending *p = memory_zero(1, sizeof *p);
    p->id = id;
    buffer_init(&p->records, 0);
    buffer_init(&p->outcome_payload, 0);
    p->next = replay->all;
    replay->all = p;
    return p;
}

static void pending_drop(struct replay *replay, struct pending *wanted)
{
    for (struct pending **at = &replay->all; *at; at = &(*at)->next) {
        if (*at != wanted) continue;
        *at = wanted->next;
        buffer_release(&wanted->records);
        buffer_release(&wanted->outcome_payload);
        memory_free(wanted);
        return;
    }
}

static void append_record(struct pending *p, struct view payload)
{
    buffer_u32(&p->records, (uint32_t)payload.size);
    buffer_append_view(&p->records, payload);
}

static uint32_t little_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* ROLLBACK TO: statements from this ordinal on are void. docs/journal.md: version 1, flags 4, ordinal 4. */
static void pending_trim(struct pending *p, struct view payload)
{
    if (payload.size < 4) return;
    uint32_t from = little_u32(payload.data);
    for (size_t at = 0; at + 13 <= buffer_size(&p->records);) {
        const uint8_t *record = p->records.data + p->records.start + at;
        uint32_t size = (uint32_t)record[0] << 24 | (uint32_t)record[1] << 16 | (uint32_t)record[2] << 8 | record[3];
        if (size >= 9 && little_u32(record + 9) >= from) {
            p->records.end = p->records.start + at;
            return;
        }
        at += 4 + (size_t)size;
    }
}

static void take(struct replay *replay, const struct journal_record *record)
{
    struct pending *p;
    struct error error;
    switch (record->kind) {
    case JOURNAL_DML: append_record(pending_of(replay, record->transaction), record->payload); return;
    case JOURNAL_ABORT:
        p = pending_of(replay, record->transaction);
        pending_drop(replay, p);
        return;
    case JOURNAL_INTENT: {
        struct record_intent intent;
        arena_reset(&replay->arena);
        p = pending_of(replay, record->transaction);
        p->csn = record->csn;
        p->before_intent = buffer_size(&p->records);
        p->skip = !outstanding_has(replay->engine->outstanding, record->csn) || record->csn > replay->up_to ||
                  !record_decode_intent(record->payload, &replay->arena, &intent, &error) || !intent.target_primary;
        if (p->skip) return; /* kept until its outcome: what is not committed goes on, and may get another intent */
        p->auto_commit = intent.has_record;
        if (intent.has_record) {
            struct buffer payload;
            buffer_init(&payload, 0);
            record_encode(&payload, &intent.record, NULL);
            append_record(p, buffer_view(&payload));
            buffer_release(&payload);
        }
        return;
    }
    case JOURNAL_OUTCOME:
        for (p = replay->all; p; p = p->next) {
            if (p->csn != record->csn || p->csn == 0) continue;
            p->outcome_position = record->position;
            p->outcome = record->payload.size ? (enum journal_outcome)record->payload.data[0] : JOURNAL_UNKNOWN;
            if (p->outcome == JOURNAL_NOT_COMMITTED) {
                p->records.end = p->records.start + p->before_intent;
                p->csn = 0;
                p->skip = p->auto_commit = false;
                return;
            }
            buffer_append_view(&p->outcome_payload, record->payload);
            if (p->skip || p->outcome != JOURNAL_COMMITTED) pending_drop(replay, p); /* not acknowledged: its session does it again */
            return;
        }
        return;
    case JOURNAL_TRIM: pending_trim(pending_of(replay, record->transaction), record->payload); return;
    default: return;
    }
}

/* ---- onto the source ---- */

static bool replay_images(struct replay *replay, const struct sql_plan *plan, const struct record_result *result, struct error *error)
{
    const struct row_map *map = row_map_of(replay->maps, plan->written);
    for (uint32_t r = 0; r < result->image_rows; r++) {
        struct row row = {.values = &result->images[r * result->image_columns], .found = plan->kind != SQL_DELETE};
        struct value key[32];
        for (unsigned k = 0; k < map->key->column_count; k++) key[k] = row.values[map->key_at[k]];
        row.key = key;
        if (!reverse_write_row(replay->source, map, &row, error)) return false;
    }
    return true;
}

static bool run_rows(struct replay *replay, const char *text, const struct record *record, uint32_t first, uint32_t rows,
                     struct error *error)
{
    struct source_result ran;
    const struct value *binds = record->bind_count ? record->binds + (size_t)first * record->bind_count : NULL;
    return source_run(replay->source, text, binds, record->bind_count, rows, 0, NULL, NULL, &ran, error);
}

/* Array DML of which some executions failed, or that stopped at one: only those that were done. */
static bool replay_iterations(struct replay *replay, const char *text, const struct record *record, const struct record_result *result,
                              struct error *error)
{
    uint32_t count = result->partial && result->good_iterations < record->row_count ? result->good_iterations : record->row_count;
    for (uint32_t i = 0; i < count; i++) {
        bool failed = false;
        for (uint32_t f = 0; f < result->failed_count && !failed; f++) failed = result->failed[f] == i;
        if (!failed && !run_rows(replay, text, record, i, 1, error)) return false;
    }
    return true;
}

static bool replay_statement(struct replay *replay, const struct record *record, const struct record_result *result, bool has_result,
                             struct error *error)
{
    char schema[130];
    size_t size = record->schema.size < sizeof schema - 1 ? record->schema.size : sizeof schema - 1;
    memcpy(schema, record->schema.data ? (const void *)record->schema.data : "", size);
    schema[size] = 0;
    struct statement *statement = statement_of(replay->statements, record->text, schema);
    const struct sql_plan *plan = statement ? statement_plan(statement) : NULL;
    const struct row_map *map = plan && plan->written ? row_map_of(replay->maps, plan->written) : NULL;
    if (has_result && result->image_rows && map && map->key && map->column_count == result->image_columns && !plan->key_changes)
        return replay_images(replay, plan, result, error);
    if (has_result && result->affected == 0) return true;
    char *text = memory_string_of(record->text.data, record->text.size);
    bool good = has_result && (result->failed_count || result->partial) ? replay_iterations(replay, text, record, result, error)
                                                                        : run_rows(replay, text, record, 0, record->row_count, error);
    memory_free(text);
    return good;
}

static bool replay_one(struct replay *replay, struct pending *p, struct error *error)
{
    struct view left = buffer_view(&p->records);
    enum journal_outcome outcome;
    struct record_result late = {0};
    bool has_late = false;
    arena_reset(&replay->arena);
    if (buffer_size(&p->outcome_payload) &&
        !record_decode_outcome(buffer_view(&p->outcome_payload), &replay->arena, &outcome, &late, &has_late, error))
        return false;
    while (left.size >= 4) {
        uint32_t size = (uint32_t)left.data[0] << 24 | (uint32_t)left.data[1] << 16 | (uint32_t)left.data[2] << 8 | left.data[3];
        struct record record;
        struct record_result result = {0};
        bool has_result = false;
        if (!record_decode(view_of(left.data + 4, size), &replay->arena, &record, &result, &has_result, error)) return false;
        left = view_of(left.data + 4 + size, left.size - 4 - size);
        bool last = left.size < 4;
        if (!has_result && last && has_late) { /* an auto-commit call: its result came with the outcome */
            result = late;
            has_result = true;
        }
        if (!replay_statement(replay, &record, &result, has_result, error)) return false;
    }
    /* In the same transaction: a process that dies in the middle of the replay must not do this one twice. */
    return returned_note(replay->source, p->csn, error) && source_commit(replay->source, error);
}

/* By outcome: a call that commits itself has its CSN before it waits for the rows of others. Without one: last, by CSN. */
static int order_outcome(const void *a, const void *b)
{
    const struct pending *x = *(struct pending *const *)a, *y = *(struct pending *const *)b;
    if (x->outcome_position != y->outcome_position) return x->outcome_position - 1 < y->outcome_position - 1 ? -1 : 1;
    return x->csn < y->csn ? -1 : x->csn > y->csn;
}

static bool replay_all(struct replay *replay, struct error *error)
{
    uint32_t count = 0;
    for (struct pending *p = replay->all; p; p = p->next) count += p->csn != 0 && !p->skip;
    struct pending **sorted = memory_zero(count + 1, sizeof *sorted);
    count = 0;
    for (struct pending *p = replay->all; p; p = p->next)
        if (p->csn && !p->skip) sorted[count++] = p;
    qsort(sorted, count, sizeof *sorted, order_outcome);
    bool good = true;
    for (uint32_t i = 0; good && i < count; i++) {
        good = replay_one(replay, sorted[i], error);
        if (!good) {
            error_prefix(error, "replay of CSN %llu", (unsigned long long)sorted[i]->csn);
            if (!source_rollback(replay->source, NULL)) LOG(LOG_WARNING, "replay.rollback");
        } else {
            replay->count++;
            outstanding_remove(replay->engine->outstanding, sorted[i]->csn);
            if (sorted[i]->csn > atomic_load(&replay->engine->reverse_csn)) atomic_store(&replay->engine->reverse_csn, sorted[i]->csn);
        }
    }
    memory_free(sorted);
    return good;
}

bool reverse_replay(struct engine *engine, uint64_t up_to_csn, uint64_t *replayed, struct error *error)
{
    struct replay replay = {.engine = engine,
                            .up_to = up_to_csn,
                            .maps = row_maps_new(atomic_load(&engine->catalog)),
                            .statements = statement_cache_new(engine->statements)};
    arena_init(&replay.arena, 0);
    replay.source = source_open(&engine->options, 5000, error);
    /* Not the mirror's position: it reads past what the primary target commits. */
    uint64_t from = atomic_load(&engine->reverse_from), first = journal_first(engine->journal);
    struct journal_reader *reader = replay.source ? journal_reader_new(engine->journal, from > first ? from : first, error) : NULL;
    bool good = reader != NULL;
    struct journal_record record;
    enum journal_read read = JOURNAL_READ_END;
    uint64_t until = journal_durable(engine->journal);
    while (good && (read = journal_read(reader, &record, error)) == JOURNAL_READ_OK) {
        take(&replay, &record);
        if (record.position >= until) break;
    }
    good = good && read != JOURNAL_READ_ERROR && replay_all(&replay, error);
    *replayed = replay.count;
    while (replay.all) pending_drop(&replay, replay.all);
    if (reader) journal_reader_free(reader);
    if (replay.source) source_close(replay.source);
    row_maps_free(replay.maps);
    statement_cache_free(replay.statements);
    arena_release(&replay.arena);
    return good;
}
