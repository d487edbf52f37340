/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk in memory for the journal: it forgets what was not synced when it "crashes", fills up, and fails when told to. Deterministic for a
 * seed. One thread. For unit tests and the simulator (header only, so that both can include it without a library between them).
 */
#ifndef TESTS_SUPPORT_JOURNAL_DISK_H
#define TESTS_SUPPORT_JOURNAL_DISK_H

#include "base/memory.h"
#include "store/journal.h"
#include "store/journal_file.h"
#include <stdio.h>
#include <string.h>

#define DISK_UNUSED __attribute__((unused))
enum { DISK_NAMES = 1024, DISK_SECTOR = 512 };

struct disk_inode {
    uint8_t *live, *stable;
    uint64_t live_size, stable_size;
    uint32_t users; /* names and open files */
    uint8_t *lost;  /* by sector: a sync of it failed, and no later one writes it, unless it is written again */
    uint64_t lost_count;
};
struct disk_name {
    char name[96];
    struct disk_inode *inode;
};
struct journal_file {
    struct disk_inode *inode;
};
struct disk {
    struct disk_name live[DISK_NAMES], stable[DISK_NAMES];
    size_t live_count, stable_count;
    uint64_t random;     /* state of the generator */
    uint64_t operations; /* that change something, so far */
    uint64_t fail_at;    /* the operation with this number fails .. */
    uint64_t fail_count; /* .. and so many after it; UINT64_MAX: all */
    uint64_t stop_at;    /* from this operation on everything fails: the machine is off; UINT64_MAX: never */
    uint64_t capacity;   /* bytes of all files; 0: no limit */
    bool lose_nothing;   /* a crash keeps what was written (a killed process, not a power cut) */
    uint64_t now_us;
};

DISK_UNUSED static uint64_t disk_random(struct disk *disk)
{
    uint64_t z = disk->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

DISK_UNUSED static struct disk *disk_new(uint64_t seed)
{
    struct disk *disk = memory_zero(1, sizeof *disk);
    disk->random = seed;
    disk->fail_at = disk->stop_at = UINT64_MAX;
    disk->now_us = 1700000000000000;
    return disk;
}

static void disk_drop(struct disk_inode *inode)
{
    if (--inode->users) return;
    memory_free(inode->live);
    memory_free(inode->stable);
    memory_free(inode->lost);
    memory_free(inode);
}

DISK_UNUSED static void disk_free(struct disk *disk)
{
    for (size_t i = 0; i < disk->live_count; i++) disk_drop(disk->live[i].inode);
    for (size_t i = 0; i < disk->stable_count; i++) disk_drop(disk->stable[i].inode);
    memory_free(disk);
}

/* A disk with the same files, as after a restart. */
DISK_UNUSED static struct disk *disk_clone(const struct disk *from)
{
    struct disk *disk = disk_new(from->random);
    for (size_t i = 0; i < from->live_count; i++) {
        struct disk_inode *inode = memory_zero(1, sizeof *inode);
        inode->users = 1;
        inode->live_size = from->live[i].inode->live_size;
        inode->live = memory_copy(from->live[i].inode->live, inode->live_size);
        disk->live[i] = from->live[i];
        disk->live[i].inode = inode;
    }
    disk->live_count = from->live_count;
    return disk;
}

static struct disk_name *disk_find(struct disk_name *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i].name, name) == 0) return &names[i];
    return NULL;
}

/* True: the operation is to fail, error filled. */
static bool disk_fault(struct disk *disk, struct error *error)
{
    uint64_t number = ++disk->operations;
    bool off = number >= disk->stop_at;
    bool failing = number >= disk->fail_at && (disk->fail_count == UINT64_MAX || number - disk->fail_at < disk->fail_count);
    if (off || failing) error_set(error, ERROR_IO, off ? "the machine is off" : "the disk fails");
    return off || failing;
}

static bool disk_resize(struct disk *disk, struct disk_inode *inode, uint64_t size, struct error *error)
{
    uint64_t sum = size;
    for (size_t i = 0; i < disk->live_count; i++)
        if (disk->live[i].inode != inode) sum += disk->live[i].inode->live_size;
    if (disk->capacity && size > inode->live_size && sum > disk->capacity) return error_set(error, ERROR_DISK_FULL, "the disk is full");
    inode->live = memory_resize(inode->live, size);
    if (size > inode->live_size) memset(inode->live + inode->live_size, 0, size - inode->live_size);
    inode->live_size = size;
    return true;
}

static struct journal_file *disk_open(void *context, const char *name, enum journal_open_how how, struct error *error)
{
    struct disk *disk = context;
    struct disk_name *found = disk_find(disk->live, disk->live_count, name);
    if (how == JOURNAL_OPEN_CREATE) {
        if (disk_fault(disk, error)) return NULL;
        if (!found) {
            CHECK(disk->live_count < DISK_NAMES);
            found = &disk->live[disk->live_count++];
            *found = (struct disk_name){0};
            snprintf(found->name, sizeof found->name, "%s", name);
        } else {
            disk_drop(found->inode);
        }
        found->inode = memory_zero(1, sizeof *found->inode);
        found->inode->users = 1;
    }
    if (!found) {
        error_set(error, ERROR_IO, "no file %s", name);
        return NULL;
    }
    struct journal_file *file = memory_alloc(sizeof *file);
    file->inode = found->inode;
    file->inode->users++;
    return file;
}

static void disk_close(void *context, struct journal_file *file)
{
    (void)context;
    disk_drop(file->inode);
    memory_free(file);
}

static bool disk_size(void *context, struct journal_file *file, uint64_t *size, struct error *error)
{
    (void)context;
    (void)error;
    *size = file->inode->live_size;
    return true;
}

static bool disk_read(void *context, struct journal_file *file, uint64_t offset, void *bytes, size_t size, size_t *got, struct error *error)
{
    (void)context;
    (void)error;
    uint64_t left = offset < file->inode->live_size ? file->inode->live_size - offset : 0;
    *got = size < left ? size : (size_t)left;
    if (*got) memcpy(bytes, file->inode->live + offset, *got);
    return true;
}

static bool disk_write(void *context, struct journal_file *file, uint64_t offset, const void *bytes, size_t size, struct error *error)
{
    struct disk *disk = context;
    bool fault = disk_fault(disk, error);
    if (fault) size = disk->operations > disk->stop_at ? 0 : disk_random(disk) % (size + 1); /* part of it may get there */
    if (offset + size > file->inode->live_size && !disk_resize(disk, file->inode, offset + size, error)) return false;
    if (size) memcpy(file->inode->live + offset, bytes, size);
    for (uint64_t s = offset / DISK_SECTOR; size && s <= (offset + size - 1) / DISK_SECTOR && s < file->inode->lost_count; s++)
        file->inode->lost[s] = 0;
    return !fault;
}

/* The sectors in which live and stable differ become stable with a chance of 1 in `of`. */
static void disk_settle(struct disk *disk, struct disk_inode *inode, uint64_t of)
{
    if (of == 1 || disk_random(disk) % of == 0) {
        uint64_t old = inode->stable_size;
        inode->stable = memory_resize(inode->stable, inode->live_size);
        if (inode->live_size > old) memset(inode->stable + old, 0, inode->live_size - old);
        inode->stable_size = inode->live_size;
    }
    uint64_t size = inode->live_size < inode->stable_size ? inode->live_size : inode->stable_size;
    for (uint64_t at = 0; at < size; at += DISK_SECTOR) {
        size_t part = size - at < DISK_SECTOR ? (size_t)(size - at) : DISK_SECTOR;
        if (memcmp(inode->live + at, inode->stable + at, part) == 0) continue;
        if (at / DISK_SECTOR < inode->lost_count && inode->lost[at / DISK_SECTOR]) continue;
        if (of == 1 || disk_random(disk) % of == 0) memcpy(inode->stable + at, inode->live + at, part);
    }
}

/* What a failed sync did not write looks clean from now on: the kernel keeps it to be read, and writes it no more. */
static void disk_lose(struct disk_inode *inode)
{
    uint64_t sectors = inode->live_size / DISK_SECTOR + 1;
    if (sectors > inode->lost_count) {
        inode->lost = memory_resize(inode->lost, sectors);
        memset(inode->lost + inode->lost_count, 0, sectors - inode->lost_count);
        inode->lost_count = sectors;
    }
    for (uint64_t at = 0; at < inode->live_size && at < inode->stable_size; at += DISK_SECTOR) {
        uint64_t size = inode->live_size < inode->stable_size ? inode->live_size : inode->stable_size;
        size_t part = size - at < DISK_SECTOR ? (size_t)(size - at) : DISK_SECTOR;
        if (memcmp(inode->live + at, inode->stable + at, part) != 0) inode->lost[at / DISK_SECTOR] = 1;
    }
}

static bool disk_sync(void *context, struct journal_file *file, struct error *error)
{
    struct disk *disk = context;
    if (disk_fault(disk, error)) {
        disk_settle(disk, file->inode, 2); /* some of it got there */
        disk_lose(file->inode);
        return false;
    }
    disk_settle(disk, file->inode, 1);
    return true;
}

static bool disk_write_out(void *context, struct journal_file *file, uint64_t offset, size_t size, struct error *error)
{
    (void)file;
    (void)offset;
    (void)size;
    return !disk_fault(context, error);
}

static bool disk_truncate(void *context, struct journal_file *file, uint64_t size, struct error *error)
{
    struct disk *disk = context;
    return !disk_fault(disk, error) && disk_resize(disk, file->inode, size, error);
}

static bool disk_allocate(void *context, struct journal_file *file, uint64_t size, struct error *error)
{
    return size <= file->inode->live_size || disk_truncate(context, file, size, error);
}

static void disk_forget(struct disk_name *names, size_t *count, struct disk_name *name)
{
    disk_drop(name->inode);
    *name = names[--*count];
}

static bool disk_rename(void *context, const char *from, const char *to, struct error *error)
{
    struct disk *disk = context;
    if (disk_fault(disk, error)) return false;
    if (!disk_find(disk->live, disk->live_count, from)) return error_set(error, ERROR_IO, "no file %s", from);
    struct disk_name *old = disk_find(disk->live, disk->live_count, to);
    if (old) disk_forget(disk->live, &disk->live_count, old);
    struct disk_name *name = disk_find(disk->live, disk->live_count, from);
    snprintf(name->name, sizeof name->name, "%s", to);
    return true;
}

static bool disk_remove(void *context, const char *file, struct error *error)
{
    struct disk *disk = context;
    if (disk_fault(disk, error)) return false;
    struct disk_name *name = disk_find(disk->live, disk->live_count, file);
    if (name) disk_forget(disk->live, &disk->live_count, name);
    return true;
}

static void disk_copy_names(struct disk_name *to, size_t *to_count, const struct disk_name *from, size_t from_count)
{
    for (size_t i = 0; i < from_count; i++) from[i].inode->users++;
    for (size_t i = 0; i < *to_count; i++) disk_drop(to[i].inode);
    memcpy(to, from, from_count * sizeof *to);
    *to_count = from_count;
}

static bool disk_sync_folder(void *context, struct error *error)
{
    struct disk *disk = context;
    if (disk_fault(disk, error)) return false;
    disk_copy_names(disk->stable, &disk->stable_count, disk->live, disk->live_count);
    return true;
}

static bool disk_list(void *context, journal_file_visit *visit, void *visitor, struct error *error)
{
    struct disk *disk = context;
    (void)error;
    for (size_t i = 0; i < disk->live_count; i++) visit(visitor, disk->live[i].name, disk->live[i].inode->live_size);
    return true;
}

static void disk_release(void *context)
{
    (void)context;
}

/* Power is cut and comes back: unsynced sectors and names are there or not, each by chance. No file may be open. */
DISK_UNUSED static void disk_crash(struct disk *disk)
{
    if (!disk->lose_nothing) {
        for (size_t i = 0; i < disk->live_count; i++) disk_settle(disk, disk->live[i].inode, 2);
        for (size_t i = 0; i < disk->stable_count; i++) disk_settle(disk, disk->stable[i].inode, 2);
        if (disk_random(disk) % 2) disk_copy_names(disk->stable, &disk->stable_count, disk->live, disk->live_count);
        disk_copy_names(disk->live, &disk->live_count, disk->stable, disk->stable_count);
        for (size_t i = 0; i < disk->live_count; i++) {
            struct disk_inode *inode = disk->live[i].inode;
            inode->live = memory_resize(inode->live, inode->stable_size);
            inode->live_size = inode->stable_size;
            if (inode->live_size) memcpy(inode->live, inode->stable, inode->live_size);
        }
    }
    disk->fail_at = disk->stop_at = UINT64_MAX;
    disk->operations = 0;
}

DISK_UNUSED static struct journal_files disk_files(struct disk *disk)
{
    return (struct journal_files){.context = disk,
                                  .open = disk_open,
                                  .close = disk_close,
                                  .size = disk_size,
                                  .read = disk_read,
                                  .write = disk_write,
                                  .sync = disk_sync,
                                  .write_out = disk_write_out,
                                  .allocate = disk_allocate,
                                  .truncate = disk_truncate,
                                  .rename = disk_rename,
                                  .remove = disk_remove,
                                  .sync_folder = disk_sync_folder,
                                  .list = disk_list,
                                  .release = disk_release};
}

static uint64_t disk_now(void *context)
{
    return ((struct disk *)context)->now_us++;
}
static uint64_t disk_next_random(void *context)
{
    return disk_random(context);
}
/* A clock that moves by a microsecond each time it is asked; move disk->now_us to let time pass. */
DISK_UNUSED static struct journal_clock disk_clock(struct disk *disk)
{
    return (struct journal_clock){.context = disk, .wall_us = disk_now, .monotonic_us = disk_now, .random = disk_next_random};
}

/* The bytes of a file, to damage them. NULL: no such file. */
DISK_UNUSED static uint8_t *disk_bytes(struct disk *disk, const char *name, uint64_t *size)
{
    struct disk_name *found = disk_find(disk->live, disk->live_count, name);
    if (found) *size = found->inode->live_size;
    return found ? found->inode->live : NULL;
}

#endif
