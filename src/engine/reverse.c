/* SPDX-License-Identifier: Apache-2.0 */
/* Reverse: PostgreSQL's change stream onto the source, transaction by transaction, with the position in the same source transaction. */
#include "engine/reverse.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "engine/outstanding.h"
#include "engine/refused.h"
#include "pg/replication.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    BATCH_TRANSACTIONS = 32,
    CSNS_MAX = 256 /* of transactions without rows too */,
    IDLE_WAIT_MS = 5,
    CAREFUL = 2 * BATCH_TRANSACTIONS,
    REFUSED_TRIES = 3,
    TARGET_MS = 5000
};

struct change {
    const struct row_map *map;
    struct row row, old;
    bool has_old;
};
struct reverse {
    struct engine *engine;
    uint64_t epoch, from_lsn;
    struct pg_stream *stream;
    struct pg *target; /* reads values that the stream left out (unchanged, stored out of line) */
    struct source *source;
    struct row_maps *maps;
    struct arena arena; /* one target transaction */
    struct change *changes;
    uint32_t change_count, change_capacity;
    uint64_t transaction_csn;
    int64_t transaction_us;
    bool active; /* the epoch's message was seen */
    uint32_t uncommitted;
    uint64_t pending_csn, pending_lsn;
    uint64_t csns[CSNS_MAX], csn_lsns[CSNS_MAX];
    uint32_t csn_count; /* come back, not yet committed on the source */
    uint32_t careful;   /* so many transactions are brought one by one: one before them failed */
    uint64_t refused_lsn;
    uint32_t refused_tries; /* of the transaction that ends there */
    bool commit_refused;    /* by the source, which took every statement: a deferred constraint */
    uint32_t failures;      /* one after the other */
    uint64_t source_lsn;    /* what stands on the source when we connect to it: the stream may bring it again */
    struct returned returned;
    uint64_t behind_lsn;  /* end of the target's log at a restart, until the stream is there; 0: it is */
    uint64_t resumed_csn; /* a restart: what was given before it and has not come back when the stream is at its end never was a commit */
    _Atomic uint64_t processed_lsn; /* everything before stands on the source, committed */
    atomic_bool stopping, failed;
    struct error why;
    struct mutex mutex;
    struct thread *thread;
};

/* ---- slot ---- */

bool reverse_prepare(struct engine *engine, uint64_t *lsn, struct error *error)
{
    bool created;
    struct error ignored;
    if (!pg_slot_drop(engine->options.target_conninfo, REVERSE_NAME, &ignored)) LOG(LOG_DEBUG, "reverse.no_old_slot");
    /* The publication first: the slot sees only what was there when it was made. */
    if (!reverse_publish(engine, error) || !returned_forget(engine, error)) return false;
    return pg_slot_ensure(engine->options.target_conninfo, REVERSE_NAME, REVERSE_NAME, &created, lsn, error) ||
           error_prefix(error, "logical decoding on the target (wal_level must be logical)");
}

bool reverse_drop(struct engine *engine, struct error *error)
{
    return pg_slot_drop(engine->options.target_conninfo, REVERSE_NAME, error) && reverse_unpublish(engine, error);
}

/* ---- rows ---- */

static const struct sql_table *table_of(struct engine *engine, const struct pg_relation *relation)
{
    const struct sql_catalog *catalog = atomic_load(&engine->catalog);
    for (uint32_t i = 0; catalog && i < sql_catalog_table_count(catalog); i++) {
        const struct sql_table *table = sql_catalog_table_at(catalog, i);
        if (strcmp(table->target_schema, relation->schema) == 0 && strcmp(table->target, relation->name) == 0) return table;
    }
    return NULL;
}

/* Stream values -> row_map order. *missing: a value was left out because it did not change, and `before`, the whole row as it was, is not known (NULL). */
static bool row_from_tuple(struct reverse *reverse, const struct row_map *map, const struct pg_relation *relation,
                           const struct pg_tuple_value *tuple, const struct row *before, struct row *row, bool *missing)
{
    unsigned key_columns = map->key ? map->key->column_count : 0;
    row->values = arena_zero(&reverse->arena, sizeof *row->values * map->column_count);
    row->key = arena_zero(&reverse->arena, sizeof *row->key * (key_columns + 1));
    row->found = true;
    for (uint32_t i = 0; i < map->column_count; i++) {
        const struct sql_column *column = &map->table->columns[map->columns[i]];
        bool seen = false;
        for (uint32_t c = 0; c < relation->column_count && !seen; c++) {
            if (strcmp(relation->columns[c].name, column->target) != 0) continue;
            seen = true;
            if (tuple[c].kind == 'u' && before) {
                row->values[i] = before->values[i];
                continue;
            }
            if (tuple[c].kind == 'u') *missing = true;
            struct value value = pg_value_from_text(relation->columns[c].type, tuple[c].text, tuple[c].kind != 't', &reverse->arena);
            row->values[i] = value_copy(&reverse->arena, &value);
        }
    }
    for (unsigned k = 0; k < key_columns; k++) row->key[k] = row->values[map->key_at[k]];
    return true;
}

static struct change *new_change(struct reverse *reverse, const struct row_map *map)
{
    if (reverse->change_count == reverse->change_capacity) {
        reverse->change_capacity = reverse->change_capacity * 2 + 64;
        reverse->changes = memory_resize(reverse->changes, sizeof *reverse->changes * reverse->change_capacity);
    }
    struct change *change = &reverse->changes[reverse->change_count++];
    memset(change, 0, sizeof *change);
    change->map = map;
    return change;
}

static bool keys_equal(const struct row_map *map, const struct value *a, const struct value *b)
{
    for (unsigned k = 0; k < map->key->column_count; k++)
        if (!value_equal(&a[k], &b[k])) return false;
    return true;
}

/* Of a table without a key: the whole row as it was, and as it is. */
static bool take_keyless(struct reverse *reverse, const struct row_map *map, const struct pg_change *in)
{
    bool missing = false, whole = in->kind == PG_CHANGE_INSERT || (in->old_values && !in->old_is_key);
    if (!whole || !reverse_keyless_writable(map)) {
        engine_gap(reverse->engine, map->table->name,
                   "a table without a key was changed on the target: its rows cannot be addressed on the source");
        return true;
    }
    struct change *change = new_change(reverse, map);
    change->has_old = in->kind != PG_CHANGE_INSERT;
    if (change->has_old && !row_from_tuple(reverse, map, in->relation, in->old_values, NULL, &change->old, &missing)) return false;
    if (in->kind == PG_CHANGE_DELETE) return true;
    return row_from_tuple(reverse, map, in->relation, in->new_values, change->has_old ? &change->old : NULL, &change->row, &missing);
}

static bool take_change(struct reverse *reverse, const struct pg_change *in, struct error *error)
{
    const struct sql_table *table = table_of(reverse->engine, in->relation);
    if (!table) return true; /* ours, or not one of the application's */
    const struct row_map *map = row_map_of(reverse->maps, table);
    if (!map->key) return take_keyless(reverse, map, in);
    bool missing = false;
    if (in->kind == PG_CHANGE_DELETE) {
        struct change *change = new_change(reverse, map);
        if (!row_from_tuple(reverse, map, in->relation, in->old_values, NULL, &change->row, &missing)) return false;
        change->row.found = false;
        return true;
    }
    struct row old = {0};
    bool has_old = in->old_values != NULL, ignored = false;
    if (has_old && !row_from_tuple(reverse, map, in->relation, in->old_values, NULL, &old, &ignored)) return false;
    struct change *change = new_change(reverse, map);
    if (!row_from_tuple(reverse, map, in->relation, in->new_values, NULL, &change->row, &missing)) return false;
    change->has_old = has_old && !keys_equal(map, old.key, change->row.key);
    change->old = old;
    if (!missing) return true;
    struct row current = {.key = change->row.key};
    if (!reverse->target) reverse->target = pg_connect(reverse->engine->options.target_conninfo, TARGET_MS, error);
    if (reverse->target) pg_set_patience(reverse->target, TARGET_MS);
    if (!reverse->target || !rows_read_target(reverse->target, map, &current, 1, &reverse->arena, error)) return false;
    if (current.found)
        change->row = current;
    else
        reverse->change_count--; /* deleted since: the deletion comes later in the stream */
    return true;
}

/* ---- onto the source ---- */

static bool write_position(struct source *source, uint64_t csn, uint64_t lsn, struct error *error)
{
    struct arena arena;
    arena_init(&arena, 0);
    struct value binds[] = {value_number_i64(&arena, (int64_t)csn), value_number_i64(&arena, (int64_t)lsn)};
    struct source_result result;
    bool good = source_run(source, "UPDATE UNDERSTUDY_APPLIED SET CSN = :1, POSITION = :2 WHERE READER = 'reverse'", binds, 2, 1, 0, NULL,
                           NULL, &result, error);
    if (good && result.affected == 0)
        good = source_run(source, "INSERT INTO UNDERSTUDY_APPLIED (READER, CSN, POSITION) VALUES ('reverse', :1, :2)", binds, 2, 1, 0, NULL,
                          NULL, &result, error);
    arena_release(&arena);
    return good;
}

bool reverse_write_row(struct source *source, const struct row_map *map, const struct row *row, struct error *error)
{
    return rows_write_source(source, map, row, error) || error_prefix(error, "table %s", map->table->name);
}

static bool source_ready(struct reverse *reverse, struct error *error)
{
    if (reverse->source) return true;
    char text[32] = "";
    reverse->source = source_open(&reverse->engine->options, 5000, error);
    if (!reverse->source) return false;
    if (!source_scalar(reverse->source, "SELECT MAX(POSITION) FROM UNDERSTUDY_APPLIED WHERE READER = 'reverse'", text, sizeof text, error))
        return false;
    reverse->source_lsn = strtoull(text, NULL, 10);
    return true;
}

/* A restart: the stream has brought everything up to here. What was given before the restart was committed before, or never: if it has not come back it was no commit. */
static void caught_up(struct reverse *reverse, uint64_t lsn)
{
    if (!reverse->behind_lsn || lsn < reverse->behind_lsn) return;
    for (uint64_t csn = reverse->returned.low + 1; csn <= reverse->resumed_csn; csn++)
        outstanding_remove(reverse->engine->outstanding, csn);
    reverse->behind_lsn = 0;
    atomic_store(&reverse->engine->reverse_from, journal_first(reverse->engine->journal)); /* the mirror raises it */
    LOG(LOG_INFO, "reverse.caught_up", log_u64("csn", reverse->resumed_csn));
}

/* Where the target's log ends when we come back to it. */
static bool read_behind(struct reverse *reverse, struct error *error)
{
    if (reverse->behind_lsn || atomic_load(&reverse->engine->reverse_from) != REVERSE_FROM_ALL) return true;
    struct pg_result result = {0};
    struct pg *pg = pg_connect(reverse->engine->options.target_conninfo, 5000, error);
    bool good = pg && pg_run(pg, "SELECT (pg_current_wal_lsn() - '0/0')::numeric", &result, error);
    if (good && !view_to_u64(pg_result_text(&result, 0, 0), &reverse->behind_lsn))
        good = error_set(error, ERROR_TARGET, "the end of the target's log cannot be read");
    pg_result_free(&result);
    if (pg) pg_close(pg);
    return good;
}

static bool commit_source(struct reverse *reverse, struct error *error)
{
    bool good = source_commit(reverse->source, error);
    reverse->commit_refused = !good && reverse_is_refusal(error);
    if (reverse->commit_refused) reverse->careful = CAREFUL; /* whose fault it is shows when they are brought one by one */
    return good;
}

static bool flush(struct reverse *reverse, struct error *error)
{
    reverse->commit_refused = false;
    if (reverse->uncommitted) {
        uint64_t fresh[CSNS_MAX];
        uint32_t count = 0;
        for (uint32_t i = 0; i < reverse->csn_count; i++) /* the others were noted there with their position */
            if (reverse->csn_lsns[i] > reverse->source_lsn) fresh[count++] = reverse->csns[i];
        if (!write_position(reverse->source, reverse->pending_csn, reverse->pending_lsn, error) ||
            !returned_write(&reverse->returned, reverse->engine, reverse->source, fresh, count, error) || !commit_source(reverse, error))
            return false;
        engine_count(reverse->engine, COUNT_REVERSE_APPLIED, reverse->uncommitted);
        reverse->uncommitted = 0;
        atomic_store(&reverse->failed, false);
    }
    for (uint32_t i = 0; i < reverse->csn_count; i++) outstanding_remove(reverse->engine->outstanding, reverse->csns[i]);
    reverse->csn_count = 0;
    if (reverse->pending_csn > atomic_load(&reverse->engine->reverse_csn))
        atomic_store(&reverse->engine->reverse_csn, reverse->pending_csn);
    atomic_store(&reverse->processed_lsn, reverse->pending_lsn);
    caught_up(reverse, reverse->pending_lsn);
    return pg_stream_confirm(reverse->stream, reverse->pending_lsn, error);
}

static bool write_keyless(struct reverse *reverse, const struct change *change, struct error *error)
{
    bool found = true;
    if (change->has_old && !reverse_delete_keyless(reverse->source, change->map, &change->old, &found, error)) return false;
    if (!found)
        engine_gap(reverse->engine, change->map->table->name,
                   "a row without a key that was changed on the target is not there on the source");
    return !change->row.found || reverse_insert_keyless(reverse->source, change->map, &change->row, error);
}

static bool write_change(struct reverse *reverse, const struct change *change, struct error *error)
{
    if (!change->map->key) return write_keyless(reverse, change, error);
    if (change->has_old) {
        struct row gone = {.key = change->old.key, .values = change->old.values, .found = false};
        if (!reverse_write_row(reverse->source, change->map, &gone, error)) return false;
    }
    return reverse_write_row(reverse->source, change->map, &change->row, error);
}

/* It was asked alone, several times, and would be asked for ever: the transaction is kept as refused, and those after it go on. */
static bool refuse(struct reverse *reverse, const struct error *why, struct error *error)
{
    struct refused *refused = refused_new(reverse->engine, reverse->transaction_csn);
    for (uint32_t i = 0; i < reverse->change_count; i++) {
        const struct change *change = &reverse->changes[i];
        struct row gone = {.key = change->old.key, .values = change->old.values, .found = false};
        if (change->has_old) refused_row(refused, change->map, &gone);
        if (change->row.values && (change->map->key || change->row.found)) refused_row(refused, change->map, &change->row);
    }
    bool good = source_rollback(reverse->source, error) && refused_keep(refused, reverse->source, why, error);
    refused_free(refused);
    return good;
}

/* The source has refused the transaction that ends at `lsn`. `alone`: and nothing else was asked with it. False: it is to be asked again. */
static bool refused_for_good(struct reverse *reverse, uint64_t lsn, bool alone, const struct error *why)
{
    if (!reverse_is_refusal(why)) return false;
    reverse->careful = CAREFUL;
    reverse->refused_tries = reverse->refused_lsn == lsn && alone ? reverse->refused_tries + 1 : alone;
    reverse->refused_lsn = lsn;
    return reverse->refused_tries >= REFUSED_TRIES;
}

static bool write_changes(struct reverse *reverse, uint64_t lsn, struct error *error)
{
    bool good = true;
    for (uint32_t i = 0; good && i < reverse->change_count; i++) good = write_change(reverse, &reverse->changes[i], error);
    struct error why = good ? (struct error){0} : *error;
    return good || (refused_for_good(reverse, lsn, reverse->uncommitted == 0, &why) && refuse(reverse, &why, error));
}

/* The transaction at hand and nothing else. What the source refuses at the commit is kept, and only the position is committed. */
static bool flush_alone(struct reverse *reverse, uint64_t lsn, struct error *error)
{
    if (flush(reverse, error)) return true;
    struct error why = *error;
    return reverse->commit_refused && refused_for_good(reverse, lsn, true, &why) && refuse(reverse, &why, error) && flush(reverse, error);
}

static bool transaction_over(struct reverse *reverse, const struct pg_change *commit, struct error *error)
{
    if (reverse->active && reverse->change_count) {
        if (!source_ready(reverse, error)) return false;
        bool again = commit->lsn <=
                     reverse->source_lsn; /* it stands there, only the slot had not heard of it: a row without a key must not come twice */
        if (!again && !write_changes(reverse, commit->lsn, error)) return false;
        engine_count(reverse->engine, COUNT_REVERSE_ROWS, again ? 0 : reverse->change_count);
        reverse->uncommitted += !again;
    }
    if (reverse->transaction_csn > reverse->pending_csn) reverse->pending_csn = reverse->transaction_csn;
    if (reverse->transaction_csn) {
        reverse->csn_lsns[reverse->csn_count] = commit->lsn;
        reverse->csns[reverse->csn_count++] = reverse->transaction_csn;
    }
    reverse->pending_lsn = commit->lsn;
    uint64_t now = clock_wall_us();
    atomic_store(&reverse->engine->reverse_lag_us,
                 reverse->active && now > (uint64_t)commit->commit_us ? now - (uint64_t)commit->commit_us : 0);
    if (reverse->careful) {
        reverse->careful--;
        return flush_alone(reverse, commit->lsn, error);
    }
    return (reverse->uncommitted < BATCH_TRANSACTIONS && reverse->csn_count < CSNS_MAX) || flush(reverse, error);
}

static void take_message(struct reverse *reverse, const struct pg_change *change)
{
    if (!view_equal(change->prefix, view_text("understudy"))) return;
    char text[64];
    snprintf(text, sizeof text, VIEW_FORMAT, VIEW_ARGUMENTS(change->content));
    if (strncmp(text, "epoch ", 6) == 0 && strtoull(text + 6, NULL, 10) >= reverse->epoch) reverse->active = true;
    if (strncmp(text, "csn ", 4) == 0) reverse->transaction_csn = strtoull(text + 4, NULL, 10);
}

/* ---- the thread ---- */

static bool step(struct reverse *reverse, struct error *error)
{
    struct pg_change change;
    bool timed_out = false;
    if (!pg_stream_next(reverse->stream, IDLE_WAIT_MS, &change, &timed_out, error)) {
        if (!timed_out) return false;
        if (reverse->pending_lsn != atomic_load(&reverse->processed_lsn)) return flush(reverse, error);
        atomic_store(&reverse->engine->reverse_lag_us, 0);
        caught_up(reverse, pg_stream_server_lsn(reverse->stream)); /* and nothing of it is for us */
        return true;
    }
    switch (change.kind) {
    case PG_CHANGE_BEGIN:
        arena_reset(&reverse->arena);
        reverse->change_count = 0;
        reverse->transaction_csn = 0;
        return true;
    case PG_CHANGE_INSERT:
    case PG_CHANGE_UPDATE:
    case PG_CHANGE_DELETE: return !reverse->active || take_change(reverse, &change, error);
    case PG_CHANGE_TRUNCATE:
        if (reverse->active) engine_gap(reverse->engine, NULL, "TRUNCATE on the target");
        return true;
    case PG_CHANGE_MESSAGE: take_message(reverse, &change); return true;
    case PG_CHANGE_COMMIT: return transaction_over(reverse, &change, error);
    default: return true;
    }
}

static void fail(struct reverse *reverse, const struct error *error)
{
    mutex_lock(&reverse->mutex);
    reverse->why = *error;
    mutex_unlock(&reverse->mutex);
    if (!atomic_exchange(&reverse->failed, true)) LOG(LOG_ERROR, "reverse.failed", log_failure(error));
}

static void disconnect(struct reverse *reverse)
{
    if (reverse->stream) pg_stream_close(reverse->stream);
    if (reverse->target) pg_close(reverse->target);
    if (reverse->source) source_close(reverse->source); /* what was not committed there is gone; the stream brings it again */
    reverse->stream = NULL;
    reverse->target = NULL;
    reverse->source = NULL;
    reverse->uncommitted = 0;
    reverse->csn_count = 0;
    reverse->change_count = 0;
}

static bool connected(struct reverse *reverse, struct error *error)
{
    if (reverse->stream) return true;
    uint64_t from = atomic_load(&reverse->processed_lsn);
    reverse->stream =
        pg_stream_open(reverse->engine->options.target_conninfo, REVERSE_NAME, REVERSE_NAME, from ? from : reverse->from_lsn, error);
    reverse->pending_lsn = from;
    if (reverse->stream && !read_behind(reverse, error)) {
        pg_stream_close(reverse->stream);
        reverse->stream = NULL;
    }
    return reverse->stream != NULL;
}

void reverse_step(struct reverse *reverse)
{
    struct error error = {0};
    if (!connected(reverse, &error)) {
        fail(reverse, &error);
        clock_sleep_us(500000);
        return;
    }
    if (step(reverse, &error)) {
        if (reverse->failures && atomic_load(&reverse->processed_lsn)) reverse->failures = 0;
        return;
    }
    LOG(LOG_WARNING, "reverse.again", log_failure(&error));
    disconnect(reverse);
    if (++reverse->failures > 5) fail(reverse, &error);
    clock_sleep_us(200000);
}

static void finish(struct reverse *reverse)
{
    struct error error;
    if (reverse->stream && reverse->uncommitted && !flush(reverse, &error)) LOG(LOG_WARNING, "reverse.last_flush", log_failure(&error));
    disconnect(reverse);
}

static void reverse_main(void *context)
{
    struct reverse *reverse = context;
    while (!atomic_load(&reverse->stopping)) reverse_step(reverse);
    finish(reverse);
}

struct reverse *reverse_open_stepped(struct engine *engine, uint64_t epoch, uint64_t lsn, struct error *error)
{
    /* Without it no row of the stream would be known for one of the application's. */
    if (!atomic_load(&engine->catalog)) {
        error_set(error, ERROR_STATE, "the dictionary has not been read yet");
        return NULL;
    }
    struct returned returned = {.low = journal_last_csn(engine->journal)};
    if (lsn == 0 && !returned_resume(&returned, engine, error)) return NULL;
    struct reverse *reverse = memory_zero(1, sizeof *reverse);
    reverse->returned = returned;
    reverse->resumed_csn = lsn == 0 ? engine->start_csn : 0; /* what was given since may be about to commit */
    if (lsn == 0) atomic_store(&engine->reverse_from, REVERSE_FROM_ALL);
    reverse->engine = engine;
    reverse->epoch = epoch;
    reverse->from_lsn = lsn;
    reverse->active =
        lsn == 0; /* a restart: the slot stands behind the epoch's message, or before it and the position on the source tells */
    reverse->maps = row_maps_new(atomic_load(&engine->catalog));
    arena_init(&reverse->arena, 0);
    mutex_init(&reverse->mutex);
    return reverse;
}

struct reverse *reverse_start(struct engine *engine, uint64_t epoch, uint64_t lsn, struct error *error)
{
    struct reverse *reverse = reverse_open_stepped(engine, epoch, lsn, error);
    if (!reverse) return NULL;
    reverse->thread = thread_start("reverse", reverse_main, reverse, error);
    if (reverse->thread) return reverse;
    reverse_stop(reverse);
    return NULL;
}

bool reverse_drained(struct reverse *reverse, uint64_t csn, uint64_t target_lsn)
{
    (void)csn; /* CSNs whose commit failed never come back: the position in the stream is what counts */
    return atomic_load(&reverse->processed_lsn) >= target_lsn;
}

bool reverse_failed(struct reverse *reverse, struct error *why)
{
    if (!atomic_load(&reverse->failed)) return false;
    mutex_lock(&reverse->mutex);
    if (why) *why = reverse->why;
    mutex_unlock(&reverse->mutex);
    return true;
}

void reverse_stop(struct reverse *reverse)
{
    if (!reverse) return;
    atomic_store(&reverse->stopping, true);
    if (reverse->thread)
        thread_join(reverse->thread);
    else
        finish(reverse);
    row_maps_free(reverse->maps);
    arena_release(&reverse->arena);
    mutex_release(&reverse->mutex);
    memory_free(reverse->changes);
    memory_free(reverse);
}
