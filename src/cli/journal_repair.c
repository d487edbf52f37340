/* SPDX-License-Identifier: Apache-2.0 */
/*
 * understudy journal repair: the operator's answer to a journal that does not open because it is damaged and no copy of the file can be put back. What stands behind the damage is set
 * aside, and a GAP over all tables is written: the gate is closed until a verify has swept them. --dry-run tells what would be set aside. The daemon must be stopped.
 */
#include "cli/command.h"

#include "base/clock.h"
#include "control/daemon.h"
#include "store/journal_inspect.h"
#include <inttypes.h>
#include <stdio.h>

enum { WRITTEN_MS = 10000 };

struct damage {
    uint64_t segments, damaged, records, first_damaged;
};

static void look_at_segment(void *context, const struct journal_segment_report *r)
{
    struct damage *d = context;
    d->segments++;
    d->records += r->records;
    if (r->state != JOURNAL_SEGMENT_DAMAGED) return;
    if (d->damaged++ == 0) d->first_damaged = r->end ? r->end : r->header.first;
    printf("%s is damaged: %s\n", r->name, r->problem);
}

static bool look(const char *folder, const uint8_t *key, struct damage *d, struct error *error)
{
    struct journal_files files;
    if (!journal_files_posix_look(folder, &files, error)) return false;
    struct journal_inspection wanted = {.context = d, .segment = look_at_segment, .key = key};
    bool good = journal_inspect(&files, &wanted, error);
    files.release(files.context);
    return good;
}

/* The GAP is the first record of the new segment: without it nobody would know. */
static bool wait_written(struct journal *journal, struct error *error)
{
    struct journal_statistics numbers;
    for (int ms = 0; ms < WRITTEN_MS; ms++) {
        journal_statistics(journal, &numbers);
        if (numbers.records) return true;
        clock_sleep_us(1000);
    }
    return journal_failed(journal, error) ? false
                                          : error_set(error, ERROR_TIMEOUT, "the GAP was not written within %d s", WRITTEN_MS / 1000);
}

static bool cut(const struct config *config, const uint8_t *key, struct journal_recovery *out, struct error *error)
{
    struct journal_options options;
    struct state *state = state_open(config->engine.state_file, error);
    if (!state) return false;
    journal_options_default(&options);
    options.folder = config->engine.journal_folder;
    options.segment_size = config->journal_segment;
    options.retain_bytes = UINT64_MAX; /* nothing more than the damage goes */
    options.key = key;
    options.cut_damage = true;
    journal_floor_options(state, &options);
    struct journal *journal = journal_open(&options, error);
    bool good = journal != NULL;
    if (good) {
        journal_recovery(journal, out);
        if (out->damaged_segments || out->lost) good = wait_written(journal, error);
    }
    journal_close(journal);
    state_close(state);
    return good;
}

int journal_repair(const struct config *config, bool dry_run)
{
    struct error error = {0};
    struct damage d = {0};
    struct journal_recovery recovery = {0};
    uint8_t key[32];
    bool encrypted;
    if (!config_journal_key(config, key, &encrypted, &error) || !look(config->engine.journal_folder, encrypted ? key : NULL, &d, &error))
        return command_fail(&error);
    printf("%" PRIu64 " segments, %" PRIu64 " of them damaged\n", d.segments, d.damaged);
    if (dry_run) {
        if (d.damaged)
            printf("a repair would set aside everything from record %" PRIu64 " on; all tables would count as unverified\n",
                   d.first_damaged);
        return 0;
    }
    if (!cut(config, encrypted ? key : NULL, &recovery, &error)) return command_fail(&error);
    if (recovery.damaged_segments)
        printf("%" PRIu64 " segments were set aside as *.damaged; a gap over all tables is written: verify them before the next step\n",
               recovery.damaged_segments);
    else
        puts("nothing had to be set aside");
    return 0;
}
