/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal replay onto the source after the target was lost: transactions that were acknowledged (or whose outcome nobody knows) and have not come back through the
 * stream. One source transaction each, in the order of their CSNs: a transaction on the target gets its CSN when it holds all its rows (session_write.c), so who
 * waited for one of them has a higher one. The order in which they were seen to end is not that of their commits: two answers come over two connections.
 * What the source refuses is kept (engine/refused.h), and the rest goes on: clients wait.
 */
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/outstanding.h"
#include "engine/refused.h"
#include <stdlib.h>

enum { FIRST_MS = 5000, AGAIN_MS = 1500, LATE_MS = 300, TRIES_MAX = 5, LOST_MAX = 3, BUSY_US = 50000 };
#define PATIENCE_US UINT64_C(9000000)

struct pending {
    uint64_t id, csn;
    uint64_t seen; /* journal position of its outcome; 0: in doubt */
    enum journal_outcome outcome;
    bool skip; /* its intent concerns nobody here */
    size_t before_intent;
    struct buffer records; /* u32 size + payload each */
    struct buffer outcome_payload;
    struct pending *next;
};
struct replay {
    struct engine *engine;
    struct source *source;
    struct row_maps *maps;
    struct statement_cache *statements;
    struct arena arena;
    struct pending *all;
    uint64_t up_to, count, refused;
    uint32_t patience_ms; /* for an answer of the source */
    uint64_t waited_us;   /* in vain */
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
            p->seen = record->position;
            p->outcome = record->payload.size ? (enum journal_outcome)record->payload.data[0] : JOURNAL_UNKNOWN;
            if (p->outcome == JOURNAL_NOT_COMMITTED) {
                p->records.end = p->records.start + p->before_intent;
                p->csn = p->seen = 0;
                p->skip = false;
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

typedef bool each_write(void *context, const struct reverse_write *write, struct error *error);

/* Every write of the transaction, in order, until one says no. */
static bool pending_each(struct replay *replay, const struct pending *p, each_write *visit, void *context, struct error *error)
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
        struct reverse_write write;
        bool has_result = false;
        if (!record_decode(view_of(left.data + 4, size), &replay->arena, &record, &result, &has_result, error)) return false;
        left = view_of(left.data + 4 + size, left.size - 4 - size);
        bool last = left.size < 4;
        if (!has_result && last && has_late) { /* an auto-commit call: its result came with the outcome */
            result = late;
            has_result = true;
        }
        reverse_write_of(replay->maps, replay->statements, &record, &result, has_result, &write);
        if (!visit(context, &write, error)) return false;
    }
    return true;
}

static bool run_write(void *context, const struct reverse_write *write, struct error *error)
{
    struct replay *replay = context;
    return reverse_write_run(replay->source, write, error);
}

/* Its CSN first, in the same transaction: a process or a connection that dies in the middle must not do this one twice. */
static bool replay_one(struct replay *replay, struct pending *p, struct error *error)
{
    bool there = false;
    if (!returned_note(replay->source, p->csn, &there, error)) return false;
    if (there) return source_rollback(replay->source, error);
    return pending_each(replay, p, run_write, replay, error) && source_commit(replay->source, error);
}

static bool gather_write(void *context, const struct reverse_write *write, struct error *error)
{
    (void)error;
    refused_write(context, write);
    return true;
}

static void replay_drop_source(struct replay *replay)
{
    if (replay->source) source_close(replay->source);
    replay->source = NULL;
}

static bool replay_ready(struct replay *replay, struct error *error)
{
    if (!replay->source) replay->source = source_open(&replay->engine->options, replay->patience_ms, error);
    return replay->source != NULL;
}

/* The source will not have it: it is kept, and noted there as settled, so that no later replay brings it after what comes now. */
static bool refuse(struct replay *replay, struct pending *p, const struct error *why, struct error *error)
{
    struct refused *refused = refused_new(replay->engine, p->csn);
    struct error ignored;
    bool there;
    if (!pending_each(replay, p, gather_write, refused, &ignored)) LOG(LOG_ERROR, "replay.unreadable", log_failure(&ignored));
    bool good = replay_ready(replay, error) && refused_keep(refused, replay->source, why, error);
    refused_free(refused);
    if (good && !(returned_note(replay->source, p->csn, &there, &ignored) && source_commit(replay->source, &ignored))) {
        LOG(LOG_WARNING, "replay.not_noted", log_u64("csn", p->csn), log_failure(&ignored));
        replay_drop_source(replay);
    }
    replay->refused += good;
    return good;
}

/* False: the source is not there. Clients wait meanwhile: who holds a row there for long is not waited for longer than PATIENCE_US in all. */
static bool bring(struct replay *replay, struct pending *p, struct error *error)
{
    for (uint32_t tries = 1;; tries++) {
        if (!replay_ready(replay, error)) return false;
        error_clear(error);
        uint64_t began = clock_monotonic_us();
        if (replay_one(replay, p, error)) {
            replay->count++;
            return true;
        }
        struct error why = *error;
        bool lost = !source_rollback(replay->source, NULL) || why.code == ERROR_SOURCE_LOST;
        if (lost) {
            replay_drop_source(replay);
            replay->waited_us += clock_monotonic_us() - began;
            replay->patience_ms = replay->waited_us > PATIENCE_US ? LATE_MS : AGAIN_MS;
        }
        LOG(LOG_WARNING, "replay.again", log_u64("csn", p->csn), log_u64("try", tries), log_failure(&why));
        bool enough = tries >= TRIES_MAX || (lost && (tries >= LOST_MAX || replay->waited_us > PATIENCE_US));
        if (!reverse_is_refusal(&why) && !enough) {
            clock_sleep_us(BUSY_US);
            continue;
        }
        return refuse(replay, p, &why, error);
    }
}

static int order_csn(const void *a, const void *b)
{
    const struct pending *x = *(struct pending *const *)a, *y = *(struct pending *const *)b;
    if (FAULT_PLANTED(BUG_REPLAY_ORDER) && x->seen != y->seen) return x->seen - 1 < y->seen - 1 ? -1 : 1;
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
    qsort(sorted, count, sizeof *sorted, order_csn);
    bool good = true;
    for (uint32_t i = 0; good && i < count; i++) {
        good = bring(replay, sorted[i], error);
        if (!good) {
            error_prefix(error, "replay of CSN %llu", (unsigned long long)sorted[i]->csn);
        } else {
            outstanding_remove(replay->engine->outstanding, sorted[i]->csn);
            if (sorted[i]->csn > atomic_load(&replay->engine->reverse_csn)) atomic_store(&replay->engine->reverse_csn, sorted[i]->csn);
        }
    }
    memory_free(sorted);
    return good;
}

bool reverse_replay(struct engine *engine, uint64_t up_to_csn, struct reverse_replayed *replayed, struct error *error)
{
    *replayed = (struct reverse_replayed){0};
    if (!atomic_load(&engine->catalog)) return error_set(error, ERROR_STATE, "the dictionary has not been read yet");
    struct replay replay = {.engine = engine,
                            .up_to = up_to_csn,
                            .patience_ms = FIRST_MS,
                            .maps = row_maps_new(atomic_load(&engine->catalog)),
                            .statements = statement_cache_new(engine->statements)};
    arena_init(&replay.arena, 0);
    /* Not the mirror's position: it reads past what the primary target commits. */
    uint64_t from = atomic_load(&engine->reverse_from), first = journal_first(engine->journal);
    /* A restart, and nobody could say yet what has come back (the source was away): it is asked now. */
    struct returned returned;
    bool known = from != REVERSE_FROM_ALL || FAULT_PLANTED(BUG_REPLAY_START) || returned_resume(&returned, engine, error);
    if (from == REVERSE_FROM_ALL) from = first;
    struct journal_reader *reader =
        known && replay_ready(&replay, error) ? journal_reader_new(engine->journal, from > first ? from : first, error) : NULL;
    bool good = reader != NULL;
    struct journal_record record;
    enum journal_read read = JOURNAL_READ_END;
    uint64_t until = journal_durable(engine->journal);
    while (good && (read = journal_read(reader, &record, error)) == JOURNAL_READ_OK) {
        take(&replay, &record);
        if (record.position >= until) break;
    }
    good = good && read != JOURNAL_READ_ERROR && replay_all(&replay, error);
    *replayed = (struct reverse_replayed){.transactions = replay.count, .refused = replay.refused};
    while (replay.all) pending_drop(&replay, replay.all);
    if (reader) journal_reader_free(reader);
    replay_drop_source(&replay);
    row_maps_free(replay.maps);
    statement_cache_free(replay.statements);
    arena_release(&replay.arena);
    return good;
}
