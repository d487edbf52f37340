/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target was lost while it was primary and the source is primary again: what an open transaction had done is done again on the session's own source connection,
 * from its records: exact statements as the client sent them, others by the row images that the target had returned, so that the keys and values the
 * client was told are the ones that stand. Then the call at hand goes to the source. If a statement does not have the same effect the transaction is
 * rolled back and the client is told so (ORA-25402), never silently.
 */
#include "engine/session_private.h"

#include "base/log.h"
#include "base/reader.h"

bool session_replay_needed(const struct session *s)
{
    return s->tx.counted && s->tx.side == SIDE_TARGET && !s->lease && s->tx.open && buffer_size(&s->tx.log) > 0;
}

static void replay_next(struct session *s);

/* Nothing of the half-replayed transaction may stay on the source: its locks would hold up everybody else. */
static void rolled_back(struct session *s)
{
    buffer_clear(&s->tx.log);
    session_transaction_abort(s);
    if (s->replay_idle) {
        s->doomed = true;
        s->call.state = CALL_NONE;
        return;
    }
    session_answer_error(s, 25402, "ORA-25402: transaction must roll back\n", 0);
}

static void replay_failed(struct session *s, const char *why)
{
    char detail[300];
    snprintf(detail, sizeof detail, VIEW_FORMAT, VIEW_ARGUMENTS(s->hidden_end.message));
    LOG(LOG_ERROR, "session.replay_failed", log_u64("session", s->id), log_text("why", why), log_text("source", detail));
    s->replaying = false;
    struct wire_request request = {.function = WIRE_FN_ROLLBACK, .sequence = ++s->sequence};
    buffer_clear(&s->output);
    wire_simple_write(s->wire, request.sequence, WIRE_FN_ROLLBACK, &s->output);
    session_hidden_send(s, &s->output, &request, rolled_back);
}

static bool record_at(struct session *s, size_t at, struct view *payload, size_t *next)
{
    struct reader r = reader_of(view_of(s->tx.log.data + s->tx.log.start + at, buffer_size(&s->tx.log) - at));
    uint32_t size = reader_u32(&r);
    *payload = reader_bytes(&r, size);
    *next = at + 4 + size;
    return reader_ok(&r);
}

static void replay_finished(struct session *s)
{
    s->replaying = false;
    session_transaction_side(s, SIDE_SOURCE);
    engine_count(s->engine, COUNT_REPLAYED_CALLS, 1);
    LOG(LOG_INFO, "session.replayed", log_u64("session", s->id), log_u64("statements", s->tx.ordinal));
    buffer_clear(&s->tx.log);
    s->call.state = CALL_NONE;
    if (!s->replay_idle) session_route(s);
}

/* The record goes to the journal again, now as a write of the source's transaction. */
static void journal_again(struct session *s, struct record *record, struct record_result *result)
{
    struct buffer payload;
    buffer_init(&payload, 0);
    record->flags &= ~(uint32_t)RECORD_PRIMARY_TARGET;
    record_encode(&payload, record, result);
    if (!s->tx.id) s->tx.id = journal_new_transaction(s->engine->journal);
    s->environment->journal(s->context, JOURNAL_DML, s->tx.id, 0, buffer_view(&payload), false);
    s->tx.journalled = s->tx.wrote = true;
    buffer_release(&payload);
}

struct replay {
    struct record record;
    struct record_result result;
    bool has_result;
    const struct sql_plan *plan;
    const struct row_map *map;
    bool by_image;
};

static bool replay_load(struct session *s, struct replay *replay, size_t *next)
{
    struct view payload;
    struct error error;
    if (!record_at(s, s->replay_at, &payload, next)) return false;
    if (!record_decode(payload, &s->call.arena, &replay->record, &replay->result, &replay->has_result, &error)) return false;
    struct statement *statement = statement_of(s->statements, replay->record.text, s->schema);
    replay->plan = statement ? statement_plan(statement) : NULL;
    replay->by_image = false;
    if (!replay->plan || !replay->plan->written || replay->result.image_rows == 0 || replay->plan->kind == SQL_DELETE) return true;
    if (replay->plan->class_ == SQL_CLASS_EXACT && replay->result.returned_binds == 0) return true;
    if (!s->row_maps) s->row_maps = row_maps_new(atomic_load(&s->engine->catalog));
    replay->map = row_map_of(s->row_maps, replay->plan->written);
    replay->by_image = replay->map && replay->map->key && replay->map->column_count == replay->result.image_columns;
    return true;
}

static uint32_t iterations_good(const struct replay *replay)
{
    return replay->has_result && replay->result.partial ? replay->result.good_iterations : replay->record.row_count;
}

/* Iterations of array DML that the target had refused are not tried on the source. True: none is left to be done. */
static bool skip_failed(struct session *s, const struct replay *replay)
{
    const struct record_result *result = &replay->result;
    for (; s->replay_row < iterations_good(replay); s->replay_row++) {
        bool failed = false;
        for (uint32_t i = 0; i < result->failed_count && !failed; i++) failed = result->failed[i] == s->replay_row;
        if (!failed) return false;
    }
    if (replay->record.row_count <= 1 && !result->failed_count && !result->partial) return false;
    memset(&s->hidden_end, 0, sizeof s->hidden_end);
    s->hidden_affected = 0;
    return true;
}

static void replayed(struct session *s)
{
    struct replay replay;
    size_t next;
    if (s->hidden_end.error && s->hidden_end.error != 1403) {
        LOG(LOG_WARNING, "session.replay_statement", log_u64("session", s->id), log_u64("ora", s->hidden_end.error));
        replay_failed(s, "the source refused a statement");
        return;
    }
    if (!replay_load(s, &replay, &next)) {
        replay_failed(s, "a record cannot be read");
        return;
    }
    if (replay.by_image) {
        if (s->replay_stage == 0 && s->hidden_affected == 0 && replay.map->source_insert) { /* no such row yet */
            const struct value *image = &replay.result.images[s->replay_image * replay.result.image_columns];
            s->replay_stage = 1;
            session_hidden_execute(s, view_text(replay.map->source_insert), image, replay.map->column_count, WIRE_OPTION_EXECUTE, replayed);
            return;
        }
        s->replay_stage = 0;
        if (++s->replay_image < replay.result.image_rows) {
            replay_next(s);
            return;
        }
    } else {
        s->replay_affected += s->hidden_affected;
        s->replay_row++;
        if (s->replay_row < iterations_good(&replay)) { /* array DML: one iteration after the other */
            replay_next(s);
            return;
        }
        if (replay.has_result && s->replay_affected != replay.result.affected) {
            replay_failed(s, "a statement touched another number of rows");
            return;
        }
    }
    journal_again(s, &replay.record, &replay.result);
    s->replay_image = s->replay_row = 0;
    s->replay_affected = 0;
    s->replay_at = next;
    replay_next(s);
}

static void replay_next(struct session *s)
{
    struct replay replay;
    size_t next;
    if (s->replay_at >= buffer_size(&s->tx.log)) {
        replay_finished(s);
        return;
    }
    if (!replay_load(s, &replay, &next)) {
        replay_failed(s, "a record cannot be read");
        return;
    }
    if (replay.by_image) { /* UPDATE by key: its binds are the columns, then the key */
        const struct value *image = &replay.result.images[s->replay_image * replay.result.image_columns];
        uint32_t keys = replay.map->key->column_count;
        struct value *binds = arena_alloc(&s->call.arena, sizeof *binds * (replay.map->column_count + keys)),
                     *key = arena_alloc(&s->call.arena, sizeof *key * keys);
        for (uint32_t k = 0; k < keys; k++) key[k] = image[replay.map->key_at[k]];
        struct row row = {.key = key, .values = (struct value *)(uintptr_t)image, .found = true};
        uint32_t count = rows_source_update_binds(replay.map, &row, binds);
        session_hidden_execute(s, view_text(replay.map->source_update), binds, count, WIRE_OPTION_EXECUTE, replayed);
        return;
    }
    if (skip_failed(s, &replay)) {
        replayed(s);
        return;
    }
    session_hidden_execute(s, replay.record.text, replay.record.binds + (size_t)s->replay_row * replay.record.bind_count,
                           replay.record.bind_count, WIRE_OPTION_EXECUTE, replayed);
}

void session_replay_idle(struct session *s)
{
    if (!session_replay_needed(s) || !s->source_open) {
        bool open = s->tx.open && (s->tx.locked || session_replay_needed(s));
        session_transaction_abort(s);
        s->doomed = open;
        return;
    }
    session_replay(s);
    s->replay_idle = s->replaying;
}

void session_replay(struct session *s)
{
    s->replaying = true;
    s->replay_idle = false;
    s->replay_at = 0;
    s->replay_image = s->replay_row = 0;
    s->replay_affected = 0;
    s->replay_stage = 0;
    s->call.state = CALL_PREPARING;
    replay_next(s);
}
