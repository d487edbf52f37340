/* SPDX-License-Identifier: Apache-2.0 */
/* Journal core: groups, their way to the disk, and what happens when the disk does not take them. */
#include "store/journal_core.h"

#include "base/fault.h"
#include "base/memory.h"
#include "store/journal_core_segment.h"

enum { RETRY_FIRST_US = 100 * 1000, RETRY_LAST_US = 2 * 1000 * 1000 };

/* ---- gaps ---- */

static void note_refused(struct journal_core *core, uint64_t csn, uint64_t count, const char *reason)
{
    if (!core->gap.pending) {
        core->gap.pending = true;
        core->gap.from_us = core->durable_us;
        core->gap.from_csn = core->durable_csn + 1;
        core->gap.refused = 0;
        size_t size = strnlen(reason, sizeof core->gap.reason - 1);
        memcpy(core->gap.reason, reason, size);
        core->gap.reason[size] = 0;
    }
    if (csn && csn < core->gap.from_csn) core->gap.from_csn = csn;
    core->gap.refused += count;
    atomic_fetch_add_explicit(&core->refused, count, memory_order_relaxed);
}

void journal_core_overflow(struct journal_core *core, uint64_t csn)
{
    uint64_t lowest = atomic_load(&core->overflow_csn);
    while (csn && (lowest == 0 || csn < lowest) && !atomic_compare_exchange_weak(&core->overflow_csn, &lowest, csn)) {}
    atomic_fetch_add(&core->overflow, 1);
}

static void collect_overflow(struct journal_core *core)
{
    uint64_t count = atomic_exchange(&core->overflow, 0);
    if (count) note_refused(core, atomic_exchange(&core->overflow_csn, 0), count, "the journal's queue was full");
}

static void add_gap(struct journal_core *core);

static void gap_is_durable(struct journal_core *core)
{
    core->gap.in_group = core->gap.pending = false;
    if (!core->gap.marker) return;
    /* If the marker stays, the next start writes another GAP: too many is safe, too few is not. */
    core->gap.marker = false;
    if (core->files.remove(core->files.context, JOURNAL_GAP_MARKER, NULL)) (void)!core->files.sync_folder(core->files.context, NULL);
}

/* ---- building a group ---- */

static void empty_group(struct journal_core *core)
{
    if (core->capacity > 2 * JOURNAL_GROUP_ROOM) { /* one huge record went by */
        memory_free(core->group);
        core->group = NULL;
        core->capacity = 0;
    }
    core->used = JOURNAL_GROUP_HEADER_SIZE;
    core->count = 0;
    core->waiter_count = 0;
    core->awaited = 0;
    core->group_csn = 0;
    core->group_time_us = core->clock.wall_us(core->clock.context);
}

void journal_core_begin(struct journal_core *core)
{
    empty_group(core);
    collect_overflow(core);
    if (!core->down && core->gap.pending) add_gap(core);
}

bool journal_core_room(const struct journal_core *core, size_t payload_size)
{
    return core->waiter_count == 0 || core->used + journal_record_size(payload_size + JOURNAL_TAG_SIZE) <= JOURNAL_GROUP_ROOM;
}

static void grow_group(struct journal_core *core, size_t used)
{
    size_t need = journal_group_size(used);
    if (need <= core->capacity) return;
    size_t capacity = core->capacity ? core->capacity : 64 * 1024;
    while (capacity < need) capacity *= 2;
    core->group = memory_resize(core->group, capacity);
    core->capacity = capacity;
}

static void add_waiter(struct journal_core *core, struct journal_waiter waiter)
{
    if (core->waiter_count == core->waiter_capacity) {
        core->waiter_capacity = core->waiter_capacity ? core->waiter_capacity * 2 : 1024;
        core->waiters = memory_resize(core->waiters, core->waiter_capacity * sizeof *core->waiters);
    }
    core->waiters[core->waiter_count++] = waiter;
    if (waiter.done) core->awaited++;
}

static void add_record(struct journal_core *core, const struct journal_record *record)
{
    size_t stored = record->payload.size + (core->encrypt ? JOURNAL_TAG_SIZE : 0);
    size_t size = journal_record_size(stored);
    grow_group(core, core->used + size);
    uint8_t *at = core->group + core->used;
    journal_record_fields(at, record, stored, core->encrypt);
    if (record->payload.size) memcpy(at + JOURNAL_RECORD_HEADER_SIZE, record->payload.data, record->payload.size);
    core->used += size;
    core->count++;
    if (record->csn > core->group_csn) core->group_csn = record->csn;
}

void journal_core_add(struct journal_core *core, enum journal_kind kind, uint64_t transaction, uint64_t csn, struct view payload,
                      journal_done *done, void *context)
{
    uint64_t position = core->next_position + core->count;
    add_waiter(core, (struct journal_waiter){.done = done, .context = context, .position = position, .csn = csn});
    if (core->down) return;
    struct journal_record record = {
        .position = position, .csn = csn, .transaction = transaction, .kind = kind, .time_us = core->group_time_us, .payload = payload};
    add_record(core, &record);
}

static void add_gap(struct journal_core *core)
{
    struct buffer payload;
    buffer_init(&payload, 0);
    struct journal_gap gap = {.from_us = core->gap.from_us,
                              .to_us = core->group_time_us,
                              .from_csn = core->gap.from_csn,
                              .to_csn = atomic_load(&core->csn),
                              .refused = core->gap.refused,
                              .table = view_text("*"),
                              .reason = view_text(core->gap.reason)};
    journal_gap_encode(&payload, &gap);
    struct journal_record record = {.position = core->next_position + core->count,
                                    .csn =
                                        gap.to_csn, /* given, though no other record may have it: the next start must not give it again */
                                    .kind = JOURNAL_GAP,
                                    .time_us = core->group_time_us,
                                    .payload = buffer_view(&payload)};
    add_record(core, &record);
    buffer_release(&payload);
    core->gap.in_group = true;
}

/* Checksums and encryption depend on the segment, which is known only now. */
static size_t seal_group(struct journal_core *core)
{
    size_t at = JOURNAL_GROUP_HEADER_SIZE;
    for (uint32_t i = 0; i < core->count; i++) {
        uint8_t *record = core->group + at;
        uint64_t position = core->next_position + i;
        size_t stored = journal_record_stored(record);
        if (core->encrypt) journal_cipher_seal(&core->cipher, record, position, stored - JOURNAL_TAG_SIZE);
        at += journal_record_finish(record, stored, core->salt);
    }
    size_t size = journal_group_size(core->used - JOURNAL_GROUP_HEADER_SIZE);
    memset(core->group + core->used, 0, size - core->used);
    struct journal_group group = {.first = core->next_position, .size = (uint32_t)size, .count = core->count};
    journal_group_seal(core->group, &group, core->salt);
    return size;
}

/* ---- writing it ---- */

static void count_sync(struct journal_core *core, uint64_t us)
{
    atomic_fetch_add_explicit(&core->syncs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&core->sync_counts[journal_sync_bucket(us)], 1, memory_order_relaxed);
}

static bool write_group(struct journal_core *core, struct error *error)
{
    size_t size = journal_group_size(core->used - JOURNAL_GROUP_HEADER_SIZE);
    if (!core->file || core->offset + size > core->segment_bytes) {
        if (core->file) fault_point(FAULT_journal_segment);
        if (!journal_core_begin_segment(core, size, error)) return false;
    }
    CHECK(seal_group(core) == size);
    uint64_t started = core->clock.monotonic_us(core->clock.context);
    fault_point(FAULT_journal_write);
    if (!core->files.write(core->files.context, core->file, core->offset, core->group, size, error)) return false;
    fault_point(FAULT_journal_written);
    if (!FAULT_PLANTED(BUG_UNSYNCED) && !core->files.sync(core->files.context, core->file, error)) return false;
    count_sync(core, core->clock.monotonic_us(core->clock.context) - started);
    core->offset += size;
    core->next_position += core->count;
    core->durable_us = core->group_time_us;
    if (core->group_csn > core->durable_csn) core->durable_csn = core->group_csn;
    atomic_fetch_add_explicit(&core->records, core->count, memory_order_relaxed);
    atomic_fetch_add_explicit(&core->bytes, size, memory_order_relaxed);
    if (core->gap.in_group) gap_is_durable(core);
    atomic_store(&core->durable, core->next_position - 1);
    return true;
}

static void enter_failed(struct journal_core *core, const struct error *error)
{
    pthread_mutex_lock(&core->why_lock);
    core->why = *error;
    pthread_mutex_unlock(&core->why_lock);
    atomic_fetch_add_explicit(&core->failures, 1, memory_order_relaxed);
    core->retry_wait_us = core->down ? core->retry_wait_us * 2 : RETRY_FIRST_US;
    if (core->retry_wait_us > RETRY_LAST_US) core->retry_wait_us = RETRY_LAST_US;
    core->retry_at_us = core->clock.monotonic_us(core->clock.context) + core->retry_wait_us;
    core->gap.in_group = false;
    core->down = true;
    atomic_store(&core->failed, true);
    journal_core_abandon_segment(core);
    /* A full disk may be full because of us. */
    if (error->code == ERROR_DISK_FULL && !journal_segments_prune(&core->segments, &core->files, 0, 0, NULL))
        atomic_fetch_add_explicit(&core->helper_failures, 1, memory_order_relaxed);
}

void journal_core_fail(struct journal_core *core, const struct error *error)
{
    note_refused(core, 0, 0, error->text);
    enter_failed(core, error);
}

/* Failed, and the time to try again has come. */
static bool journal_core_retry_due(const struct journal_core *core)
{
    return core->down && core->clock.monotonic_us(core->clock.context) >= core->retry_at_us;
}

static void run_waiters(struct journal_core *core, bool refused, const char *reason)
{
    for (size_t i = 0; refused && i < core->waiter_count; i++) note_refused(core, core->waiters[i].csn, 1, reason);
    for (size_t i = 0; i < core->waiter_count; i++) {
        struct journal_waiter *waiter = &core->waiters[i];
        struct journal_ticket ticket = {.position = refused ? 0 : waiter->position, .csn = waiter->csn, .refused = refused};
        if (waiter->done) waiter->done(waiter->context, ticket);
    }
    core->waiter_count = 0;
}

/* The first thing that is written after a failure is the GAP, alone. */
static void try_again(struct journal_core *core)
{
    struct error error = {0};
    empty_group(core);
    add_gap(core);
    if (!write_group(core, &error)) {
        enter_failed(core, &error);
        return;
    }
    core->down = false;
    atomic_store(&core->failed, false);
}

bool journal_core_end(struct journal_core *core)
{
    core->refuse = core->down;
    if (core->down) return core->waiter_count > 0 || journal_core_retry_due(core);
    if (core->count == 0) return false;
    struct error error = {0};
    if (!write_group(core, &error)) {
        core->refuse = true;
        enter_failed(core, &error);
    }
    fault_point(FAULT_journal_synced);
    return true;
}

void journal_core_tell(struct journal_core *core)
{
    run_waiters(core, core->refuse, core->why.text);
    fault_point(FAULT_journal_told);
    if (journal_core_retry_due(core)) try_again(core);
}
