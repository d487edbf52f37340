/* SPDX-License-Identifier: Apache-2.0 */
/* Journal inspection: segments in order, each verified, then its records. */
#include "store/journal_inspect.h"

#include "base/memory.h"
#include "store/journal_cipher.h"
#include "store/journal_scan.h"
#include <stdio.h>
#include <stdlib.h>

struct inspecting {
    const struct journal_files *files;
    const struct journal_inspection *wanted;
    uint64_t *firsts;
    size_t count, capacity;
    bool records_wanted;
    uint8_t *group, *plain;
    size_t group_capacity, plain_capacity;
};

const char *journal_segment_state_name(enum journal_segment_state state)
{
    static const char *const names[] = {"whole", "open", "torn", "damaged"};
    return state <= JOURNAL_SEGMENT_DAMAGED ? names[state] : "?";
}

const char *journal_kind_name(enum journal_kind kind)
{
    static const char *const names[] = {"?", "DML", "INTENT", "OUTCOME", "ABORT", "TRIM", "GAP", "EPOCH", "MARK"};
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "?";
}

static void note_file(void *visitor, const char *name, uint64_t size)
{
    struct inspecting *i = visitor;
    uint64_t first;
    (void)size;
    if (!journal_segment_name_parse(name, &first)) return;
    if (i->count == i->capacity) {
        i->capacity = i->capacity ? i->capacity * 2 : 64;
        i->firsts = memory_resize(i->firsts, i->capacity * sizeof *i->firsts);
    }
    i->firsts[i->count++] = first;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* ---- records ---- */

static bool give_record(struct inspecting *i, const struct journal_cipher *cipher, struct journal_record *record, bool encrypted,
                        struct error *error)
{
    if (encrypted) {
        size_t size = record->payload.size < JOURNAL_TAG_SIZE ? 0 : record->payload.size - JOURNAL_TAG_SIZE;
        if (size + 1 > i->plain_capacity) {
            memory_free(i->plain);
            i->plain_capacity = size + 4096;
            i->plain = memory_alloc(i->plain_capacity);
        }
        if (record->payload.size < JOURNAL_TAG_SIZE || !journal_cipher_open(cipher, record, i->plain))
            return error_set(error, ERROR_CORRUPT, "journal record %llu does not decrypt", (unsigned long long)record->position);
        record->payload = view_of(i->plain, size);
    }
    i->records_wanted = i->wanted->record(i->wanted->context, record);
    return true;
}

static bool give_group(struct inspecting *i, const struct journal_scan *scan, const struct journal_cipher *cipher, uint64_t offset,
                       struct journal_group *group, uint64_t next, struct error *error)
{
    uint8_t head[JOURNAL_SECTOR];
    size_t got;
    const struct journal_files *files = i->files;
    if (!files->read(files->context, scan->file, offset, head, sizeof head, &got, error)) return false;
    if (!journal_group_decode(view_of(head, got), scan->header.salt, group))
        return error_set(error, ERROR_CORRUPT, "the file changed while it was read");
    if (group->size > i->group_capacity) {
        memory_free(i->group);
        i->group_capacity = group->size;
        i->group = memory_alloc(i->group_capacity);
    }
    if (!files->read(files->context, scan->file, offset, i->group, group->size, &got, error)) return false;
    if (got < group->size) return error_set(error, ERROR_CORRUPT, "the file became shorter while it was read");
    size_t at = JOURNAL_GROUP_HEADER_SIZE, end = group->size - JOURNAL_GROUP_TRAILER_SIZE;
    for (uint32_t r = 0; r < group->count && i->records_wanted; r++) {
        struct journal_record record;
        bool encrypted;
        size_t used;
        if (!journal_record_decode(view_of(i->group + at, end - at), scan->header.salt, &record, &encrypted, &used))
            return error_set(error, ERROR_CORRUPT, "the file changed while it was read");
        at += used;
        if (record.position < next && !give_record(i, cipher, &record, encrypted, error))
            return false; /* at or above the next segment's first: void */
    }
    return true;
}

static bool give_records(struct inspecting *i, const struct journal_scan *scan, uint64_t next, struct error *error)
{
    struct journal_cipher cipher = {.on = false};
    if (scan->header.encrypted) {
        uint8_t check[16];
        if (!i->wanted->key) return error_set(error, ERROR_JOURNAL, "it is encrypted: give the journal's key ([journal] key_file)");
        journal_cipher_init(&cipher, i->wanted->key, &scan->header, check);
        if (memcmp(check, scan->header.key_check, sizeof check) != 0)
            return error_set(error, ERROR_JOURNAL, "it is encrypted with another key");
    }
    for (uint64_t offset = JOURNAL_HEADER_SIZE; offset < scan->offset && i->records_wanted;) {
        struct journal_group group;
        if (!give_group(i, scan, &cipher, offset, &group, next, error)) return false;
        offset += group.size;
    }
    return true;
}

/* ---- segments ---- */

static void judge(struct journal_segment_report *report, const struct journal_scan *scan, uint64_t next, bool jump)
{
    bool last = next == UINT64_MAX;
    report->state = JOURNAL_SEGMENT_WHOLE;
    switch (scan->tail) {
    case JOURNAL_TAIL_COMPLETE:
    case JOURNAL_TAIL_CLOSED: break;
    case JOURNAL_TAIL_ZERO: report->state = JOURNAL_SEGMENT_OPEN; break;
    case JOURNAL_TAIL_TORN: report->state = JOURNAL_SEGMENT_TORN; break;
    case JOURNAL_TAIL_DAMAGED: report->state = JOURNAL_SEGMENT_DAMAGED; break;
    }
    if (!last && scan->tail != JOURNAL_TAIL_COMPLETE && !(jump && (scan->tail == JOURNAL_TAIL_CLOSED || scan->tail == JOURNAL_TAIL_ZERO)))
        report->state = JOURNAL_SEGMENT_DAMAGED;
    if (report->state != JOURNAL_SEGMENT_DAMAGED) return;
    snprintf(report->problem, sizeof report->problem, "record %llu at byte %llu cannot be read%s", (unsigned long long)scan->end,
             (unsigned long long)scan->offset,
             last ? ": a checksum does not hold although all of it was written" : ", and later segments are there");
}

static bool inspect_segment(struct inspecting *i, size_t at, struct error *error)
{
    struct journal_segment_report report = {.name = ""};
    struct journal_scan scan, following;
    struct error why = {0};
    bool jump = false;
    uint64_t first = i->firsts[at], next = at + 1 < i->count ? i->firsts[at + 1] : UINT64_MAX;
    char name[JOURNAL_NAME_SIZE];
    if (next != UINT64_MAX) {
        journal_segment_name(next, name);
        if (journal_scan_open(&following, i->files, name, NULL)) jump = following.header.jump;
        journal_scan_close(&following);
    }
    journal_segment_name(first, report.name);
    bool good = journal_scan_open(&scan, i->files, report.name, &why);
    report.size = scan.file_size;
    report.end = first;
    if (good && scan.header.first != first)
        good = error_set(&why, ERROR_CORRUPT, "its header says that it begins with record %llu", (unsigned long long)scan.header.first);
    if (good) {
        report.header = scan.header;
        good = journal_scan_run(&scan, next, &why);
    }
    if (!good) {
        report.state = JOURNAL_SEGMENT_DAMAGED;
        snprintf(report.problem, sizeof report.problem, "%.399s", why.text);
    } else {
        report.records = scan.records;
        report.end = scan.end;
        report.highest_csn = scan.highest_csn;
        report.used = scan.offset;
        judge(&report, &scan, next, jump);
    }
    if (i->wanted->segment) i->wanted->segment(i->wanted->context, &report);
    if (good && i->records_wanted)
        good = give_records(i, &scan, next, error) || error_prefix(error, "journal segment %s", report.name);
    else
        good = true;
    journal_scan_close(&scan);
    return good;
}

bool journal_inspect(const struct journal_files *files, const struct journal_inspection *inspection, struct error *error)
{
    struct inspecting i = {.files = files, .wanted = inspection, .records_wanted = inspection->record != NULL};
    bool good = files->list(files->context, note_file, &i, error);
    if (good && i.count) qsort(i.firsts, i.count, sizeof *i.firsts, by_number);
    for (size_t at = 0; good && at < i.count; at++) good = inspect_segment(&i, at, error);
    memory_free(i.firsts);
    memory_free(i.group);
    memory_free(i.plain);
    return good;
}
