/* SPDX-License-Identifier: Apache-2.0 */
/* Journal scan: verification of one segment. */
#include "store/journal_scan.h"

#include "base/memory.h"

enum { WINDOW = 1 << 20 };

bool journal_scan_open(struct journal_scan *scan, const struct journal_files *files, const char *name, struct error *error)
{
    *scan = (struct journal_scan){.files = files};
    scan->file = files->open(files->context, name, JOURNAL_OPEN_READ, error);
    if (!scan->file || !files->size(files->context, scan->file, &scan->file_size, error)) return false;
    uint8_t header[JOURNAL_HEADER_SIZE];
    size_t got;
    if (!files->read(files->context, scan->file, 0, header, sizeof header, &got, error)) return false;
    return journal_header_decode(view_of(header, got), &scan->header, error);
}

void journal_scan_close(struct journal_scan *scan)
{
    if (scan->file) scan->files->close(scan->files->context, scan->file);
    memory_free(scan->window);
    *scan = (struct journal_scan){0};
}

/* The file's bytes at `offset`: at least `want` of them unless the file ends before. */
static bool window_at(struct journal_scan *scan, uint64_t offset, size_t want, struct view *out, struct error *error)
{
    bool inside = offset >= scan->window_at && offset + want <= scan->window_at + scan->window_size;
    bool ended = offset >= scan->window_at && scan->window_at + scan->window_size == scan->file_size && scan->window_size > 0;
    if (!inside && !ended) {
        size_t capacity = want > WINDOW ? want : WINDOW;
        if (capacity > scan->window_capacity) {
            memory_free(scan->window);
            scan->window = memory_alloc(capacity);
            scan->window_capacity = capacity;
        }
        scan->window_size = 0;
        scan->window_at = offset;
        if (!scan->files->read(scan->files->context, scan->file, offset, scan->window, capacity, &scan->window_size, error)) return false;
    }
    uint64_t skip = offset - scan->window_at;
    *out = skip < scan->window_size ? view_of(scan->window + skip, scan->window_size - skip) : view_of(NULL, 0);
    return true;
}

static bool all_zero(struct view bytes)
{
    return bytes.size == 0 || (bytes.data[0] == 0 && memcmp(bytes.data, bytes.data + 1, bytes.size - 1) == 0);
}

struct tail_facts {
    uint64_t nonzero_end; /* one past the last byte that is not zero, 0: all are */
    bool later_group;     /* a valid group header of a later position stands there */
    bool zero_sector;     /* below extent */
};

/* One pass over everything behind the last whole group. `extent`: where the damaged group ends, UINT64_MAX: as far as bytes are not zero. */
static bool look_at_tail(struct journal_scan *scan, uint64_t extent, struct tail_facts *facts, struct error *error)
{
    uint64_t zero_from = UINT64_MAX; /* first zero sector */
    *facts = (struct tail_facts){0};
    for (uint64_t at = scan->offset; at < scan->file_size; at += JOURNAL_SECTOR) {
        struct view bytes;
        if (!window_at(scan, at, JOURNAL_SECTOR, &bytes, error)) return false;
        if (bytes.size > JOURNAL_SECTOR) bytes.size = JOURNAL_SECTOR;
        if (all_zero(bytes)) {
            if (zero_from == UINT64_MAX) zero_from = at;
            continue;
        }
        struct journal_group group;
        if (at > scan->offset && journal_group_decode(bytes, scan->header.salt, &group) && group.first >= scan->end)
            facts->later_group = true;
        size_t last = bytes.size;
        while (bytes.data[last - 1] == 0) last--;
        facts->nonzero_end = at + last;
    }
    uint64_t end = extent == UINT64_MAX ? facts->nonzero_end : extent;
    facts->zero_sector = zero_from < end;
    return true;
}

static bool judge_tail(struct journal_scan *scan, const struct journal_group *group, struct error *error)
{
    uint64_t extent = group ? scan->offset + group->size : UINT64_MAX;
    struct tail_facts facts;
    if (!look_at_tail(scan, extent, &facts, error)) return false;
    if (facts.nonzero_end == 0)
        scan->tail = JOURNAL_TAIL_ZERO;
    else if (facts.later_group)
        scan->tail = JOURNAL_TAIL_DAMAGED;
    else if (facts.zero_sector)
        scan->tail = JOURNAL_TAIL_TORN;
    else {
        /* The last byte of a group is never zero, and groups end with a sector. */
        uint64_t end = extent == UINT64_MAX ? (facts.nonzero_end + JOURNAL_SECTOR - 1) / JOURNAL_SECTOR * JOURNAL_SECTOR : extent;
        scan->tail = facts.nonzero_end < end ? JOURNAL_TAIL_TORN : JOURNAL_TAIL_DAMAGED;
    }
    return true;
}

/* One group at scan->offset. *whole: it is there and valid. *known: its header is. */
static bool next_group(struct journal_scan *scan, struct journal_group *group, struct view *bytes, bool *known, bool *whole,
                       struct error *error)
{
    *known = *whole = false;
    if (!window_at(scan, scan->offset, JOURNAL_SECTOR, bytes, error)) return false;
    if (!journal_group_decode(*bytes, scan->header.salt, group)) return true;
    *known = true;
    if (scan->file_size < scan->offset || group->size > scan->file_size - scan->offset)
        return true; /* do not believe a size and allocate for it */
    if (!window_at(scan, scan->offset, group->size, bytes, error)) return false;
    if (bytes->size < group->size) return true;
    bytes->size = group->size;
    *whole = true;
    return true;
}

bool journal_scan_run(struct journal_scan *scan, uint64_t next, struct error *error)
{
    scan->offset = scan->last = JOURNAL_HEADER_SIZE;
    scan->end = scan->header.first;
    scan->highest_csn = scan->header.last_csn;
    for (;;) {
        struct journal_group group;
        struct view bytes;
        bool known, whole;
        if (scan->end == next) {
            scan->tail = JOURNAL_TAIL_COMPLETE;
            return true;
        }
        if (!next_group(scan, &group, &bytes, &known, &whole, error)) return false;
        if (known && group.first != scan->end) {
            scan->tail = JOURNAL_TAIL_DAMAGED;
            return true;
        }
        if (!whole || !journal_group_verify(bytes, &group, scan->header.salt, &scan->highest_csn))
            return judge_tail(scan, known ? &group : NULL, error);
        scan->last = scan->offset;
        scan->offset += group.size;
        scan->end += group.count;
        scan->records += group.count;
        if (group.close) {
            scan->tail = JOURNAL_TAIL_CLOSED;
            return true;
        }
    }
}

bool journal_scan_rest(struct journal_scan *scan, uint64_t *highest_position, uint64_t *highest_csn, struct error *error)
{
    uint64_t stop = scan->offset, unknown = 0; /* bytes of groups whose headers are lost, behind the last one that is known */
    if (scan->end && scan->end - 1 > *highest_position) *highest_position = scan->end - 1;
    while (scan->offset < scan->file_size) {
        struct journal_group group;
        struct view bytes;
        bool known, whole;
        if (!next_group(scan, &group, &bytes, &known, &whole, error)) return false;
        if (known) {
            unknown = 0;
            if (group.first + group.count - 1 > *highest_position) *highest_position = group.first + group.count - 1;
        } else if (bytes.size >= JOURNAL_SECTOR && !all_zero(view_of(bytes.data, JOURNAL_SECTOR))) {
            unknown += JOURNAL_SECTOR;
        }
        if (whole) (void)!journal_group_verify(bytes, &group, scan->header.salt, highest_csn);
        scan->offset += whole ? group.size : JOURNAL_SECTOR;
    }
    scan->offset = stop;
    *highest_position += unknown / JOURNAL_RECORD_HEADER_SIZE;
    *highest_csn += unknown / JOURNAL_RECORD_HEADER_SIZE;
    return true;
}
