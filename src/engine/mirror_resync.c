/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After the target was lost while it was primary, and came back: what it did last may not be what its clients were told of in the end. The keys of those
 * transactions are read from the source, which has them all by then, and written as they are.
 */
#include "engine/mirror_private.h"

#include "base/log.h"
#include "base/memory.h"

enum { KEYS_AT_ONCE = 2000 };

struct resync {
    struct mirror *mirror;
    uint64_t from, to;
    struct map wanted;
    uint64_t keys;
};

static bool each_record(struct resync *r, bool (*visit)(struct resync *, const struct journal_record *), struct error *error)
{
    struct mirror *m = r->mirror;
    struct journal_reader *reader = journal_reader_new(m->engine->journal, journal_first(m->engine->journal), error);
    if (!reader) return false;
    bool good = true;
    while (good) {
        struct journal_record record;
        enum journal_read read = journal_read(reader, &record, error);
        if (read != JOURNAL_READ_OK) {
            good = read == JOURNAL_READ_END;
            break;
        }
        good = visit(r, &record);
    }
    journal_reader_free(reader);
    return good;
}

static bool note_intent(struct resync *r, const struct journal_record *record)
{
    struct record_intent intent;
    struct arena scratch;
    if (record->kind != JOURNAL_INTENT || record->csn <= r->from || record->csn > r->to) return true;
    arena_init(&scratch, 0);
    if (!record_decode_intent(record->payload, &scratch, &intent, NULL) || intent.target_primary)
        map_put_u64(&r->wanted, record->transaction, r);
    arena_release(&scratch);
    return true;
}

static bool take_record(struct resync *r, const struct journal_record *record)
{
    struct mirror *m = r->mirror;
    if ((record->kind != JOURNAL_DML && record->kind != JOURNAL_INTENT) || !map_get_u64(&r->wanted, record->transaction)) return true;
    struct mirror_transaction t = {
        .id = record->transaction, .csn = record->csn ? record->csn : m->applied_csn, .state = TRANSACTION_DOUBT};
    struct mirror_entry entry = {
        .position = record->position, .of_intent = record->kind == JOURNAL_INTENT, .payload = arena_copy(&m->batch.arena, record->payload)};
    struct record_intent intent;
    if (entry.of_intent && (!record_decode_intent(entry.payload, &m->batch.arena, &intent, NULL) || !intent.has_record)) return true;
    mirror_plan_entry(m, &t, &entry); /* in doubt: the rows are read and compared, whatever the statement */
    r->keys += m->batch.keys.count;
    if (m->batch.keys.count < KEYS_AT_ONCE) return true;
    bool good = mirror_apply_keys(m);
    mirror_batch_reset(m);
    return good;
}

/*
 * A server that was frozen still does what stood in its sockets when it wakes up: a commit of a session that has been done again elsewhere. Those of our own connections
 * that are older than this one are ended, and waited for, before their rows are read.
 */
static bool end_older_connections(struct mirror *m, struct error *error)
{
    static const char text[] =
        "SELECT count(*) FILTER (WHERE NOT pg_terminate_backend(o.pid, 5000)) FROM pg_stat_activity o, pg_stat_activity me WHERE me.pid = "
        "pg_backend_pid() AND o.pid <> me.pid AND o.datid = me.datid AND o.usesysid = me.usesysid AND o.application_name = "
        "(SELECT reset_val FROM pg_settings WHERE name = 'application_name') AND o.backend_type = 'client backend' AND o.backend_start < "
        "me.backend_start";
    struct pg_result result = {0};
    bool good = pg_run(m->target, text, &result, error);
    uint64_t left = 0;
    if (good && result.rows == 1) good = view_to_u64(pg_result_text(&result, 0, 0), &left);
    pg_result_free(&result);
    if (good && left) return error_set(error, ERROR_TIMEOUT, "%llu older connections to the target do not end", (unsigned long long)left);
    return good;
}

void mirror_resync(struct mirror *m)
{
    struct state *state = m->engine->state;
    struct error error;
    error_clear(&error);
    if (!state || !m->target || !m->catalog) return;
    struct resync r = {.mirror = m, .from = state_get_u64(state, "resync_from_csn", 0), .to = state_get_u64(state, "resync_to_csn", 0)};
    if (r.to == 0) {
        m->resync_wanted = false;
        return;
    }
    LOG(LOG_INFO, "mirror.resync", log_u64("from", r.from), log_u64("to", r.to));
    map_init(&r.wanted);
    mirror_next_drop(m);
    mirror_batch_reset(m);
    bool good = end_older_connections(m, &error) && each_record(&r, note_intent, &error) && each_record(&r, take_record, &error) &&
                mirror_apply_keys(m);
    mirror_batch_reset(m);
    map_release(&r.wanted);
    if (!good) {
        LOG_RATED(LOG_ERROR, "mirror.resync_failed", log_failure(&error)); /* once more when both sides are there */
        return;
    }
    /* Writers that did not come through us, and triggers, may have changed more on the target than the journal names. */
    engine_gap(m->engine, NULL, "the target was lost while it was primary: verify every table");
    m->resync_wanted = false;
    if (!state_put_u64(state, "resync_to_csn", 0, &error) || !state_put_u64(state, "resync_from_csn", 0, &error))
        LOG(LOG_ERROR, "mirror.resync_state", log_failure(&error));
    LOG(LOG_INFO, "mirror.resynced", log_u64("keys", r.keys));
}
