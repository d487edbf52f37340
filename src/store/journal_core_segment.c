/* SPDX-License-Identifier: Apache-2.0 */
/* Journal core: opening and closing, the beginning and end of segments, spares and their removal. */
#include "store/journal_core_segment.h"

#include "base/memory.h"
#include <stdio.h>

#define SPARE     "spare"     /* made ahead: whole and zero */
#define SPARE_NEW "spare.new" /* the helper's, not whole yet */
#define BEGIN     "begin"     /* a segment that begins without a spare */
enum { ZERO_CHUNK = 256 << 10 };

size_t journal_sync_bucket(uint64_t us)
{
    if (us < 8) return us;
    size_t power = 63 - (size_t)__builtin_clzll(us);
    size_t bucket = (power - 2) * 8 + ((us >> (power - 3)) & 7);
    return bucket < JOURNAL_SYNC_BUCKETS ? bucket : JOURNAL_SYNC_BUCKETS - 1;
}

uint64_t journal_sync_bucket_top(size_t bucket)
{
    if (bucket < 8) return bucket;
    size_t power = bucket / 8 + 2;
    return ((uint64_t)1 << power) + ((uint64_t)(bucket % 8 + 1) << (power - 3)) - 1;
}

/* ---- segments ---- */

static struct journal_file *open_blank(struct journal_core *core, uint64_t bytes, const char **name, struct error *error)
{
    const struct journal_files *files = &core->files;
    if (bytes == core->segment_size && atomic_load(&core->spare_ready)) {
        struct journal_file *spare = files->open(files->context, SPARE, JOURNAL_OPEN_WRITE, NULL);
        if (spare) {
            *name = SPARE;
            return spare;
        }
        atomic_store(&core->spare_ready, false);
    }
    *name = BEGIN;
    struct journal_file *file = files->open(files->context, BEGIN, JOURNAL_OPEN_CREATE, error);
    if (file && !files->allocate(files->context, file, bytes, error)) {
        files->close(files->context, file);
        (void)!files->remove(files->context, BEGIN, NULL);
        return NULL;
    }
    return file;
}

static void make_header(struct journal_core *core, struct journal_header *header)
{
    const struct journal_clock *clock = &core->clock;
    *header = (struct journal_header){.first = core->next_position,
                                      .boot = core->boot,
                                      .last_csn = atomic_load(&core->csn),
                                      .created_us = clock->wall_us(clock->context),
                                      .salt = clock->random(clock->context),
                                      .encrypted = core->encrypt,
                                      .jump = core->jump};
    if (!core->encrypt) return;
    uint64_t random[2] = {clock->random(clock->context), clock->random(clock->context)};
    memcpy(header->key_salt, random, sizeof header->key_salt);
    journal_cipher_init(&core->cipher, core->key, header, header->key_check);
}

static bool name_segment(struct journal_core *core, struct journal_file *file, const char *from, struct error *error)
{
    const struct journal_files *files = &core->files;
    struct journal_header header;
    uint8_t bytes[JOURNAL_HEADER_SIZE];
    char name[JOURNAL_NAME_SIZE];
    make_header(core, &header);
    journal_header_encode(&header, bytes);
    journal_segment_name(header.first, name);
    if (!files->write(files->context, file, 0, bytes, sizeof bytes, error) || !files->sync(files->context, file, error)) return false;
    if (!files->rename(files->context, from, name, error) || !files->sync_folder(files->context, error)) return false;
    core->salt = header.salt;
    return true;
}

static void end_segment(struct journal_core *core)
{
    if (!core->file) return;
    core->files.close(core->files.context, core->file);
    core->file = NULL;
    if (core->segment_first == core->next_position)
        journal_segments_drop_last(&core->segments); /* nothing durable in it: the next one takes its name */
    else
        journal_segments_seal(&core->segments, core->next_position, core->segment_bytes);
}

void journal_core_abandon_segment(struct journal_core *core)
{
    end_segment(core);
}

static bool within_limit(struct journal_core *core, uint64_t more, struct error *error)
{
    struct journal_segments *segments = &core->segments;
    if (!core->bytes_max || atomic_load(&segments->bytes) + more <= core->bytes_max) return true;
    if (!journal_segments_prune(segments, &core->files, 0, 0, error)) return false;
    if (atomic_load(&segments->bytes) + more <= core->bytes_max) return true;
    return error_set(error, ERROR_DISK_FULL, "the journal has reached its limit of %llu bytes: nothing of it was released by who reads it",
                     (unsigned long long)core->bytes_max);
}

bool journal_core_begin_segment(struct journal_core *core, size_t group_size, struct error *error)
{
    const char *name;
    uint64_t bytes = core->segment_size;
    if (JOURNAL_HEADER_SIZE + group_size > bytes) bytes = JOURNAL_HEADER_SIZE + group_size;
    if (!within_limit(core, bytes, error)) return false;
    struct journal_file *file = open_blank(core, bytes, &name, error);
    if (!file) return false;
    bool spare = strcmp(name, SPARE) == 0, named = name_segment(core, file, name, error);
    if (spare) atomic_store(&core->spare_ready, false);
    if (!named) {
        core->files.close(core->files.context, file);
        (void)!core->files.remove(core->files.context, name, NULL);
        return false;
    }
    end_segment(core);
    core->file = file;
    core->segment_first = core->next_position;
    core->segment_bytes = bytes;
    core->offset = JOURNAL_HEADER_SIZE;
    struct journal_segment segment = {.first = core->next_position,
                                      .end = UINT64_MAX,
                                      .bytes = bytes,
                                      .begun_us = core->clock.wall_us(core->clock.context),
                                      .jump = core->jump};
    journal_segments_add(&core->segments, &segment);
    core->jump = false;
    return true;
}

/* ---- the helper's work ---- */

bool journal_core_spare_wanted(const struct journal_core *core)
{
    return !atomic_load(&core->spare_ready) && !atomic_load(&core->failed);
}

static bool fill_spare(struct journal_core *core, struct journal_file *file, const _Atomic bool *stop, struct error *error)
{
    const struct journal_files *files = &core->files;
    if (!files->allocate(files->context, file, core->segment_size, error)) return false;
    uint8_t *zeros = memory_zero(1, ZERO_CHUNK);
    bool good = true;
    for (uint64_t at = 0; good && at < core->segment_size; at += ZERO_CHUNK) {
        uint64_t left = core->segment_size - at;
        /*
         * Out in pieces: one sync of all of it would hold up the journal's own for long. A sync of each piece would be worse: it flushes the disk's cache
         * and commits the file system's own journal, both of which a sync of the journal then waits for.
         */
        size_t size = left < ZERO_CHUNK ? (size_t)left : ZERO_CHUNK;
        good = !(stop && atomic_load(stop)) && files->write(files->context, file, at, zeros, size, error) &&
               files->write_out(files->context, file, at, size, error);
    }
    memory_free(zeros);
    return good && files->sync(files->context, file, error);
}

bool journal_core_make_spare(struct journal_core *core, const _Atomic bool *stop)
{
    const struct journal_files *files = &core->files;
    struct journal_file *file = files->open(files->context, SPARE_NEW, JOURNAL_OPEN_CREATE, NULL);
    bool good = file && fill_spare(core, file, stop, NULL);
    if (file) files->close(files->context, file);
    good = good && files->rename(files->context, SPARE_NEW, SPARE, NULL);
    if (good) {
        atomic_store(&core->spare_ready, true);
        return true;
    }
    (void)!files->remove(files->context, SPARE_NEW, NULL);
    if (!stop || !atomic_load(stop)) atomic_fetch_add_explicit(&core->helper_failures, 1, memory_order_relaxed);
    return false;
}

void journal_core_prune(struct journal_core *core)
{
    uint64_t now = core->clock.wall_us(core->clock.context), age = core->retain_us;
    if (!journal_segments_prune(&core->segments, &core->files, core->retain_bytes, age && age < now ? now - age : 0, NULL))
        atomic_fetch_add_explicit(&core->helper_failures, 1, memory_order_relaxed);
}

/* ---- opening and closing ---- */

static void set_options(struct journal_core *core, const struct journal_options *options)
{
    uint64_t size = options->segment_size;
    if (size < JOURNAL_HEADER_SIZE + JOURNAL_SECTOR) size = JOURNAL_HEADER_SIZE + JOURNAL_SECTOR;
    core->segment_size = (size + JOURNAL_SECTOR - 1) / JOURNAL_SECTOR * JOURNAL_SECTOR;
    core->retain_bytes = options->retain_bytes;
    core->retain_us = options->retain_us;
    core->bytes_max = options->bytes_max;
    core->encrypt = options->key != NULL;
    if (core->encrypt) memcpy(core->key, options->key, sizeof core->key);
}

static void gap_from_start(struct journal_core *core, uint64_t from_us, uint64_t from_csn, const char *reason)
{
    core->gap.pending = true;
    core->gap.from_us = from_us;
    core->gap.from_csn = from_csn;
    snprintf(core->gap.reason, sizeof core->gap.reason, "%s", reason);
}

/* What is known to have stood in it is more than there is: the folder was lost or is an older copy, or the disk forgot what it had called durable. */
static bool is_lost(const struct journal_core *core, const struct journal_options *options, const struct journal_found *found)
{
    return options->boot_floor > found->highest_boot || options->position_floor >= core->next_position ||
           options->csn_floor > core->durable_csn;
}

static uint64_t highest(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t most = a > b ? a : b;
    return most > c ? most : c;
}

/* Nothing may be numbered like what is missing. */
static void go_above_floors(struct journal_core *core, const struct journal_options *options)
{
    if (!core->gap.pending) gap_from_start(core, 0, core->durable_csn + 1, "the journal ends before what was already read from it");
    core->recovery.lost = true;
    core->recovery.clean = false;
    core->next_position = highest(core->next_position - 1, options->position_floor, options->position_reserved) + 1;
    core->durable_csn = highest(core->durable_csn, options->csn_floor, options->csn_reserved);
}

static bool take_up(struct journal_core *core, const struct journal_options *options, const struct journal_found *found,
                    struct error *error)
{
    core->recovery = found->report;
    core->boot = core->recovery.boot = highest(found->highest_boot, options->boot_floor, 0) + 1;
    if (core->boot >= (uint64_t)1 << (64 - JOURNAL_BOOT_SHIFT)) return error_set(error, ERROR_LIMIT, "the journal was started 2^24 times");
    core->durable_us = core->clock.wall_us(core->clock.context);
    core->durable_csn = found->highest_csn;
    core->next_position = found->next_position;
    if (found->lost_position >= core->next_position) core->next_position = found->lost_position + 1;
    if (found->gap) gap_from_start(core, 0, 0, "a damaged part of the journal was set aside");
    core->gap.marker = found->gap;
    if (is_lost(core, options, found)) go_above_floors(core, options);
    core->jump = core->next_position != found->next_position;
    atomic_store(&core->csn, core->durable_csn);
    atomic_store(&core->durable, core->next_position - 1);
    return true;
}

static bool remove_leftovers(const struct journal_files *files, struct error *error)
{
    return files->remove(files->context, SPARE, error) && files->remove(files->context, SPARE_NEW, error) &&
           files->remove(files->context, BEGIN, error) && files->remove(files->context, JOURNAL_GAP_MARKER_NEW, error);
}

static void free_core(struct journal_core *core)
{
    memory_free(core->group);
    memory_free(core->waiters);
    journal_segments_release(&core->segments);
    pthread_mutex_destroy(&core->why_lock);
    core->files.release(core->files.context);
}

bool journal_core_open(struct journal_core *core, const struct journal_options *options, const struct journal_files *files,
                       const struct journal_clock *clock, struct error *error)
{
    memset(core, 0, sizeof *core);
    core->files = *files;
    core->clock = *clock;
    pthread_mutex_init(&core->why_lock, NULL);
    journal_segments_init(&core->segments);
    set_options(core, options);
    struct journal_found found;
    struct error why = {0};
    uint64_t started = clock->monotonic_us(clock->context);
    bool good = remove_leftovers(files, &why) && journal_recover(files, options->key, options->cut_damage, &core->segments, &found, &why) &&
                take_up(core, options, &found, &why);
    if (good) {
        core->recovery.microseconds = clock->monotonic_us(clock->context) - started;
        good = journal_core_begin_segment(core, 0, &why);
        if (!good && why.code == ERROR_DISK_FULL) {
            journal_core_fail(core, &why);
            good = true;
        }
    }
    if (good) return true;
    if (error) *error = why;
    free_core(core);
    return false;
}

/* A close group proves at the next start that everything before it was written whole. */
static void write_close(struct journal_core *core)
{
    uint8_t bytes[JOURNAL_SECTOR] = {0};
    struct journal_group group = {.first = core->next_position, .size = sizeof bytes, .close = true};
    if (!core->file || core->offset + sizeof bytes > core->segment_bytes) return;
    journal_group_seal(bytes, &group, core->salt);
    if (core->files.write(core->files.context, core->file, core->offset, bytes, sizeof bytes, NULL) &&
        core->files.truncate(core->files.context, core->file, core->offset + sizeof bytes, NULL))
        (void)!core->files.sync(core->files.context, core->file, NULL);
}

void journal_core_close(struct journal_core *core)
{
    if (!core->down) write_close(core);
    if (core->file) core->files.close(core->files.context, core->file);
    (void)!remove_leftovers(&core->files, NULL);
    free_core(core);
}
