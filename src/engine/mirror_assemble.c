/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the journal, puts transactions together from their records, and hands them out in the order of their CSNs. */
#include "engine/mirror_private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

enum { READ_AT_ONCE = 4096, SPARE_MAX = 4096, SPARE_KEPT = 256, SPARE_BYTES = 16384, BOOT_SHIFT = 40, SKIP_AT_ONCE = 1000000 };
enum { TRIM_FROM = 16 << 20 };

/* ---- transactions ---- */

static uint64_t boot_of(const struct mirror_transaction *t)
{
    return t->id >> BOOT_SHIFT;
}

static struct mirror_transaction *transaction_new(struct mirror *m, uint64_t id, uint64_t position)
{
    struct mirror_transaction *t = m->spare;
    if (t) {
        m->spare = t->newer;
        m->spare_count--;
        struct mirror_entry *entries = t->entries;
        uint32_t room = t->entry_room;
        struct arena arena = t->arena;
        memset(t, 0, sizeof *t);
        t->entries = entries;
        t->entry_room = room;
        t->arena = arena;
    } else {
        t = memory_zero(1, sizeof *t);
        arena_init(&t->arena, 0);
    }
    t->id = id;
    t->first_position = position;
    t->older = m->newest;
    if (m->newest)
        m->newest->newer = t;
    else
        m->oldest = t;
    m->newest = t;
    m->transaction_count++;
    map_put_u64(&m->by_id, id, t);
    return t;
}

static void transaction_free(struct mirror_transaction *t)
{
    arena_release(&t->arena);
    memory_free(t->entries);
    memory_free(t);
}

/* A backlog is over: the C library would keep its memory. */
static void give_back(struct mirror *m)
{
    for (; m->spare_count > SPARE_KEPT; m->spare_count--) {
        struct mirror_transaction *spare = m->spare;
        m->spare = spare->newer;
        transaction_free(spare);
    }
    memory_trim();
    m->pending_peak = 0;
}

void mirror_transaction_drop(struct mirror *m, struct mirror_transaction *t)
{
    if (t->state == TRANSACTION_DOUBT) atomic_fetch_sub(&m->engine->in_doubt, 1);
    if (map_get_u64(&m->by_id, t->id) == t) map_remove_u64(&m->by_id, t->id);
    if (t->csn && map_get_u64(&m->by_csn, t->csn) == t) map_remove_u64(&m->by_csn, t->csn);
    if (t->older)
        t->older->newer = t->newer;
    else
        m->oldest = t->newer;
    if (t->newer)
        t->newer->older = t->older;
    else
        m->newest = t->older;
    m->pending_bytes -= t->bytes;
    m->transaction_count--;
    if (m->pending_peak > TRIM_FROM && m->pending_bytes < m->pending_peak / 8) give_back(m);
    if (m->spare_count >= SPARE_MAX || t->entry_room > 1024 || t->bytes > SPARE_BYTES) {
        transaction_free(t);
        return;
    }
    arena_reset(&t->arena);
    t->newer = m->spare;
    m->spare = t;
    m->spare_count++;
}

void mirror_assemble_init(struct mirror *m, uint64_t position)
{
    mirror_assemble_release(m);
    map_init(&m->by_id);
    map_init(&m->by_csn);
    m->next_position = position ? position : 1;
    m->reading_boot = 0;
    m->highest_csn = 0;
    m->void_below = 0;
    m->done_any = m->done_auto = 0;
    m->gap_count = 0;
}

void mirror_assemble_release(struct mirror *m)
{
    while (m->oldest) mirror_transaction_drop(m, m->oldest);
    while (m->spare) {
        struct mirror_transaction *next = m->spare->newer;
        transaction_free(m->spare);
        m->spare = next;
    }
    m->spare_count = 0;
    map_release(&m->by_id);
    map_release(&m->by_csn);
    journal_reader_free(m->reader);
    m->reader = NULL;
}

static void set_doubt(struct mirror *m, struct mirror_transaction *t, uint64_t since_us)
{
    t->state = TRANSACTION_DOUBT;
    t->outcome_us = since_us;
    if (!t->outcome_position) t->outcome_position = m->next_position; /* its interval ends nowhere before here */
    if (FAULT_PLANTED(BUG_LOST_OUTCOME)) {
        t->state = TRANSACTION_VOID;
        return;
    }
    atomic_fetch_add(&m->engine->in_doubt, 1);
}

/* ---- records ---- */

/* What it takes in memory is counted, not what was copied. */
static void count_bytes(struct mirror *m, struct mirror_transaction *t)
{
    m->pending_bytes += t->arena.held - t->bytes;
    t->bytes = t->arena.held;
    if (m->pending_bytes > m->pending_peak) m->pending_peak = m->pending_bytes;
}

static void add_entry(struct mirror *m, struct mirror_transaction *t, const struct journal_record *record, uint32_t ordinal, bool of_intent)
{
    if (t->entry_count == t->entry_room) {
        t->entry_room = t->entry_room ? t->entry_room * 2 : 8;
        t->entries = memory_resize(t->entries, sizeof *t->entries * t->entry_room);
    }
    struct mirror_entry *e = &t->entries[t->entry_count++];
    *e = (struct mirror_entry){.position = record->position, .ordinal = ordinal, .of_intent = of_intent};
    if (m->pending_bytes + record->payload.size > LIMIT_MIRROR_PENDING_BYTES) {
        t->unkept += record->payload.size;
        return;
    }
    e->payload = arena_copy(&t->arena, record->payload);
    count_bytes(m, t);
}

static uint32_t ordinal_of(struct view payload)
{
    /* version 1, flags 4, ordinal 4: docs/journal.md */
    if (payload.size < 9) return 0;
    const uint8_t *p = payload.data + 5;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The commit did not take place: the transaction goes on without the call that carried it. Its CSN is used up: a void one stands for it. */
static void reopen(struct mirror *m, struct mirror_transaction *t, uint64_t position)
{
    uint64_t csn = t->csn;
    if (t->state == TRANSACTION_DOUBT) atomic_fetch_sub(&m->engine->in_doubt, 1);
    if (map_get_u64(&m->by_csn, csn) == t) map_remove_u64(&m->by_csn, csn);
    while (t->entry_count && t->entries[t->entry_count - 1].of_intent) t->entry_count--;
    t->state = TRANSACTION_OPEN;
    t->csn = 0;
    t->intent_position = t->outcome_position = 0;
    t->auto_commit = t->unknown_tables = t->unsure = t->done = false;
    if (csn <= m->applied_csn) return;
    struct mirror_transaction *used = transaction_new(m, t->id, position);
    map_put_u64(&m->by_id, t->id, t);
    used->csn = csn;
    used->state = TRANSACTION_VOID;
    map_put_u64(&m->by_csn, csn, used);
}

/* A transaction that goes on after its intent: the outcome that said so is missing, it was refused inside a gap. */
static struct mirror_transaction *open_by_id(struct mirror *m, const struct journal_record *record)
{
    struct mirror_transaction *t = map_get_u64(&m->by_id, record->transaction);
    if (t && t->state != TRANSACTION_OPEN) {
        LOG(LOG_WARNING, "mirror.outcome_missing", log_u64("position", record->position), log_u64("csn", t->csn));
        reopen(m, t, record->position);
    }
    return t;
}

static void take_dml(struct mirror *m, const struct journal_record *record)
{
    struct mirror_transaction *t = open_by_id(m, record);
    if (!t) t = transaction_new(m, record->transaction, record->position);
    add_entry(m, t, record, ordinal_of(record->payload), false);
}

static void take_intent(struct mirror *m, const struct journal_record *record)
{
    struct mirror_transaction *t = open_by_id(m, record);
    if (!t) t = transaction_new(m, record->transaction, record->position);
    struct record_intent intent;
    struct error error;
    t->csn = record->csn;
    t->intent_position = record->position;
    t->state = TRANSACTION_INTENT;
    t->done = record->csn <= m->applied_csn;
    struct arena scratch;
    arena_init(&scratch, 0);
    if (record_decode_intent(record->payload, &scratch, &intent, &error)) {
        t->auto_commit = intent.auto_commit;
        t->target_primary = intent.target_primary;
        t->unknown_tables = intent.unknown_tables;
        t->unsure = intent.unsure;
        if (intent.has_record) add_entry(m, t, record, intent.record.ordinal, true);
    } else {
        LOG(LOG_ERROR, "mirror.record", log_failure(&error), log_u64("position", record->position));
        if (!t->done) mirror_gap(m, NULL, error.text);
    }
    arena_release(&scratch);
    if (!t->done) map_put_u64(&m->by_csn, t->csn, t);
}

/* Applied before this start, perhaps of an intent that is not read again. Who overlaps with it must not believe that CSN order was the primary's. */
static void note_done(struct mirror *m, const struct mirror_transaction *t, uint64_t position)
{
    m->done_any = position;
    if (!t || t->auto_commit) m->done_auto = position;
}

static void take_outcome(struct mirror *m, const struct journal_record *record)
{
    struct mirror_transaction *t = map_get_u64(&m->by_id, record->transaction);
    if (!t || t->done) note_done(m, t, record->position);
    if (!t || t->state == TRANSACTION_OPEN) return; /* its intent was refused: inside a gap */
    uint8_t outcome = record->payload.size ? record->payload.data[0] : JOURNAL_UNKNOWN;
    if (outcome == JOURNAL_NOT_COMMITTED) {
        reopen(m, t, record->position);
        return;
    }
    if (t->done) {
        mirror_transaction_drop(m, t);
        return;
    }
    t->outcome_position = record->position;
    t->outcome_us = record->time_us;
    t->outcome = arena_copy(&t->arena, record->payload);
    count_bytes(m, t);
    map_remove_u64(&m->by_id, t->id);
    if (t->state == TRANSACTION_DOUBT) atomic_fetch_sub(&m->engine->in_doubt, 1); /* it was given up too early */
    if (outcome == JOURNAL_COMMITTED)
        t->state = TRANSACTION_COMMITTED;
    else if (outcome == JOURNAL_ROLLED_BACK)
        t->state = TRANSACTION_VOID;
    else
        set_doubt(m, t, record->time_us);
}

static void take_trim(struct mirror *m, const struct journal_record *record)
{
    struct mirror_transaction *t = map_get_u64(&m->by_id, record->transaction);
    if (!t || record->payload.size < 4) return;
    const uint8_t *p = record->payload.data;
    uint32_t from = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    while (t->entry_count && t->entries[t->entry_count - 1].ordinal >= from) t->entry_count--;
}

/* A gap that the journal itself wrote is not in the ledger yet. It is put there once, whatever is read again after a restart. */
static void ledger_gap(struct mirror *m, const struct journal_record *record, const struct journal_gap *gap)
{
    struct state *state = m->engine->state;
    struct error error;
    if (!state || record->transaction != 0 || record->position <= state_get_u64(state, "mirror_gap_position", 0)) return;
    struct state_gap row = {
        .from_us = (int64_t)gap->from_us, .to_us = (int64_t)gap->to_us, .from_csn = gap->from_csn, .to_csn = gap->to_csn};
    snprintf(row.table, sizeof row.table, VIEW_FORMAT, (int)(gap->table.size > 259 ? 259 : gap->table.size), (const char *)gap->table.data);
    snprintf(row.reason, sizeof row.reason, VIEW_FORMAT, (int)(gap->reason.size > 400 ? 400 : gap->reason.size),
             (const char *)gap->reason.data);
    uint64_t id;
    engine_count(m->engine, COUNT_GAPS, 1);
    if (!state_gap_add(state, &row, &id, &error) || !state_put_u64(state, "mirror_gap_position", record->position, &error))
        LOG(LOG_ERROR, "mirror.gap_not_recorded", log_failure(&error), log_u64("position", record->position));
}

static void take_gap(struct mirror *m, const struct journal_record *record)
{
    struct journal_gap gap;
    if (!journal_gap_decode(record->payload, &gap)) return;
    ledger_gap(m, record, &gap);
    if (gap.to_csn == 0 || gap.to_csn <= m->applied_csn || record->transaction != 0) return;
    if (m->gap_count == MIRROR_GAPS_MAX) { /* the oldest two become one: a wider gap is the safe side */
        m->gaps[1].from = m->gaps[0].from < m->gaps[1].from ? m->gaps[0].from : m->gaps[1].from;
        m->gap_count--;
        memmove(m->gaps, m->gaps + 1, m->gap_count * sizeof *m->gaps);
    }
    m->gaps[m->gap_count++] = (struct csn_range){.from = gap.from_csn, .to = gap.to_csn, .time_us = record->time_us};
}

/* Records of a later start of the process: what an earlier one left open will never get its intent, or its outcome. */
static void boot_changed(struct mirror *m, uint64_t boot)
{
    for (struct mirror_transaction *t = m->oldest, *next; t; t = next) {
        next = t->newer;
        if (boot_of(t) >= boot) continue;
        if (t->state == TRANSACTION_OPEN || (t->state == TRANSACTION_INTENT && t->done))
            mirror_transaction_drop(m, t);
        else if (t->state == TRANSACTION_INTENT)
            set_doubt(m, t, m->started_us);
    }
    if (m->void_below < m->highest_csn) m->void_below = m->highest_csn; /* a CSN that did not become durable: its COMMIT was never sent */
    /* The same for what only a segment's header knows to have been given: everything of earlier starts has been read. */
    if (boot >= m->boot && m->void_below < m->start_csn) m->void_below = m->start_csn;
    m->reading_boot = boot;
}

static void take_record(struct mirror *m, const struct journal_record *record)
{
    if (record->kind != JOURNAL_GAP && record->transaction >> BOOT_SHIFT > m->reading_boot)
        boot_changed(m, record->transaction >> BOOT_SHIFT);
    if (record->csn > m->highest_csn) m->highest_csn = record->csn;
    switch (record->kind) {
    case JOURNAL_DML: take_dml(m, record); break;
    case JOURNAL_INTENT: take_intent(m, record); break;
    case JOURNAL_OUTCOME: take_outcome(m, record); break;
    case JOURNAL_TRIM: take_trim(m, record); break;
    case JOURNAL_GAP: take_gap(m, record); break;
    case JOURNAL_ABORT: {
        struct mirror_transaction *t = open_by_id(m, record);
        if (t) mirror_transaction_drop(m, t);
        break;
    }
    case JOURNAL_EPOCH:
    case JOURNAL_MARK: break;
    }
    m->next_position = record->position + 1;
}

static bool open_reader(struct mirror *m)
{
    struct error error;
    uint64_t first = journal_first(m->engine->journal);
    if (m->next_position < first) {
        LOG(LOG_ERROR, "mirror.journal_lost", log_u64("wanted", m->next_position), log_u64("first", first));
        mirror_gap(m, NULL, "the journal no longer has what the target has not seen: verify every table");
        m->next_position = first;
        m->void_below = m->start_csn;
    }
    m->reader = journal_reader_new(m->engine->journal, m->next_position, &error);
    if (!m->reader) LOG_RATED(LOG_ERROR, "mirror.journal", log_failure(&error), log_u64("position", m->next_position));
    return m->reader != NULL;
}

bool mirror_read_some(struct mirror *m)
{
    if (!m->reader && !open_reader(m)) return false;
    const struct engine_options *options = &m->engine->options;
    uint32_t count = 0, most = LIMIT_MIRROR_PENDING_TRANSACTIONS + 2 * options->mirror_fold * options->mirror_lanes;
    for (; count < READ_AT_ONCE; count++) {
        struct journal_record record;
        struct error error;
        const struct mirror_transaction *head = map_get_u64(&m->by_csn, m->applied_csn + 1);
        bool waiting = head && head->state != TRANSACTION_INTENT; /* only what can be applied may make reading wait */
        if (waiting && m->transaction_count >= most) break;
        enum journal_read read = journal_read(m->reader, &record, &error);
        if (read == JOURNAL_READ_ERROR) {
            LOG_RATED(LOG_ERROR, "mirror.journal", log_failure(&error), log_u64("position", m->next_position));
            journal_reader_free(m->reader);
            m->reader = NULL;
            return false;
        }
        if (read == JOURNAL_READ_END) break;
        take_record(m, &record);
    }
    if (m->next_position > m->start_durable && m->reading_boot < m->boot) {
        boot_changed(m, m->boot);
        if (m->void_below < m->start_csn) m->void_below = m->start_csn;
    }
    return count > 0;
}

/* ---- what is next ---- */

static const struct csn_range *gap_over(const struct mirror *m, uint64_t csn)
{
    for (uint32_t i = 0; i < m->gap_count; i++)
        if (m->gaps[i].from <= csn && csn <= m->gaps[i].to) return &m->gaps[i];
    return NULL;
}

static bool is_absent(const struct mirror *m, uint64_t csn, uint64_t now)
{
    if (csn <= m->void_below) return true;
    const struct csn_range *gap = gap_over(m, csn);
    return gap && now > gap->time_us + MIRROR_SETTLE_US; /* its intent might still come: it was taken when the gap began */
}

static bool is_decided(struct mirror *m, struct mirror_transaction *t, uint64_t now)
{
    if (t->state == TRANSACTION_INTENT) {
        const struct csn_range *gap = gap_over(m, t->csn);
        if (!gap || now < gap->time_us + MIRROR_LOST_OUTCOME_US) return false;
        set_doubt(m, t, now);
    }
    if (t->state != TRANSACTION_DOUBT) return true;
    uint64_t since = t->outcome_us > m->started_us ? t->outcome_us : m->started_us;
    return t->target_primary || now >= since + MIRROR_SETTLE_US;
}

static void batch_add(struct mirror_batch *b, struct mirror_transaction *t)
{
    if (b->count == b->room) {
        b->room = b->room ? b->room * 2 : 64;
        b->transactions = memory_resize(b->transactions, sizeof(struct mirror_transaction *) * b->room);
    }
    b->transactions[b->count++] = t;
    b->statements += t->entry_count;
    b->bytes += t->bytes + t->unkept;
}

bool mirror_collect(struct mirror *m)
{
    struct mirror_batch *b = &m->batch;
    uint64_t now = clock_wall_us(), csn = m->applied_csn + 1;
    uint32_t fold = m->engine->options.mirror_fold ? m->engine->options.mirror_fold : 1, most = fold * mirror_lanes_wanted(m), skipped = 0;
    b->count = 0;
    b->csn = m->applied_csn;
    b->statements = 0;
    b->bytes = 0;
    while (b->count < most && b->statements < LIMIT_MIRROR_BATCH_STATEMENTS && b->bytes < LIMIT_MIRROR_BATCH_BYTES &&
           skipped < SKIP_AT_ONCE) {
        struct mirror_transaction *t = map_get_u64(&m->by_csn, csn);
        if (!t) {
            if (csn > m->highest_csn && csn > m->void_below && !gap_over(m, csn)) break;
            if (!is_absent(m, csn, now)) break;
            skipped++;
        } else {
            if (!is_decided(m, t, now)) break;
            if (m->paused && !t->target_primary && t->state != TRANSACTION_VOID) break;
            batch_add(b, t);
            t->ahead = mirror_is_ahead(m, csn);
            if (t->ahead) note_done(m, t, t->outcome_position);
        }
        b->csn = csn++;
    }
    b->wide = b->count > fold; /* one target transaction does not take what is waiting */
    if (FAULT_PLANTED(BUG_ORDER) && b->count > 1) {
        struct mirror_transaction *last = b->transactions[b->count - 1];
        b->transactions[b->count - 1] = b->transactions[b->count - 2];
        b->transactions[b->count - 2] = last;
    }
    return b->csn > m->applied_csn;
}

uint64_t mirror_restart_position(const struct mirror *m, uint64_t applied_csn)
{
    for (const struct mirror_transaction *t = m->oldest; t; t = t->newer)
        if (t->csn == 0 || t->csn > applied_csn) return t->first_position;
    return m->next_position;
}

uint64_t mirror_oldest_commit_us(const struct mirror *m)
{
    uint64_t oldest = 0;
    uint32_t looked = 0;
    for (const struct mirror_transaction *t = m->oldest; t && looked < 256; t = t->newer, looked++) {
        if (t->done || t->target_primary || (t->state != TRANSACTION_COMMITTED && t->state != TRANSACTION_DOUBT)) continue;
        if (!oldest || t->outcome_us < oldest) oldest = t->outcome_us;
    }
    return oldest;
}

/* ---- payloads that were not kept ---- */

bool mirror_load_payloads(struct mirror *m, struct mirror_transaction *t, struct error *error)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < t->entry_count; i++) missing += t->entries[i].payload.size == 0;
    if (!missing) return true;
    struct journal_reader *reader = journal_reader_new(m->engine->journal, t->first_position, error);
    if (!reader) return false;
    bool good = true;
    uint32_t at = 0;
    while (good && missing) {
        struct journal_record record;
        enum journal_read read = journal_read(reader, &record, error);
        if (read != JOURNAL_READ_OK) {
            good = read == JOURNAL_READ_END ? error_set(error, ERROR_CORRUPT, "the journal ends inside a transaction") : false;
            break;
        }
        while (at < t->entry_count && t->entries[at].position < record.position) at++;
        if (at == t->entry_count) break;
        struct mirror_entry *e = &t->entries[at];
        if (e->position != record.position || e->payload.size) continue;
        e->payload = arena_copy(&m->batch.arena, record.payload); /* the batch's memory goes with the batch, and the transaction too */
        e->borrowed = true;
        missing--;
    }
    journal_reader_free(reader);
    return good && (missing == 0 || error_set(error, ERROR_CORRUPT, "the journal lacks records of a transaction"));
}
