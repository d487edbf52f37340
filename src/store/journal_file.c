/* SPDX-License-Identifier: Apache-2.0 */
/* Journal files on a real disk. */
#define _GNU_SOURCE /* sync_file_range */
#include "store/journal_file.h"

#include "base/memory.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct posix_folder {
    char *path;
    int folder;
    int lock;
    bool sync;
};
struct journal_file {
    int descriptor;
};

static bool fail(struct error *error, const char *what, const char *name)
{
    int number = errno;
    bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
    error_set(error, full ? ERROR_DISK_FULL : ERROR_IO, "%s %s: %s", what, name, strerror(number));
    if (error) error->native = number;
    return false;
}

static struct journal_file *posix_open(void *context, const char *name, enum journal_open_how how, struct error *error)
{
    static const int flags[] = {
        [JOURNAL_OPEN_READ] = O_RDONLY, [JOURNAL_OPEN_WRITE] = O_RDWR, [JOURNAL_OPEN_CREATE] = O_RDWR | O_CREAT | O_TRUNC};
    struct posix_folder *folder = context;
    int descriptor;
    do {
        descriptor = openat(folder->folder, name, flags[how] | O_CLOEXEC, 0600);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) {
        fail(error, "cannot open", name);
        return NULL;
    }
    struct journal_file *file = memory_alloc(sizeof *file);
    file->descriptor = descriptor;
    return file;
}

static void posix_close(void *context, struct journal_file *file)
{
    (void)context;
    close(file->descriptor);
    memory_free(file);
}

static bool posix_size(void *context, struct journal_file *file, uint64_t *size, struct error *error)
{
    (void)context;
    struct stat status;
    if (fstat(file->descriptor, &status) != 0) return fail(error, "cannot ask the size of", "a journal file");
    *size = (uint64_t)status.st_size;
    return true;
}

static bool posix_read(void *context, struct journal_file *file, uint64_t offset, void *bytes, size_t size, size_t *got,
                       struct error *error)
{
    (void)context;
    *got = 0;
    while (*got < size) {
        ssize_t n = pread(file->descriptor, (uint8_t *)bytes + *got, size - *got, (off_t)(offset + *got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(error, "cannot read", "a journal file");
        if (n == 0) break;
        *got += (size_t)n;
    }
    return true;
}

static bool posix_write(void *context, struct journal_file *file, uint64_t offset, const void *bytes, size_t size, struct error *error)
{
    (void)context;
    size_t done = 0;
    while (done < size) {
        ssize_t n = pwrite(file->descriptor, (const uint8_t *)bytes + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = ENOSPC;
        if (n <= 0) return fail(error, "cannot write", "a journal file");
        done += (size_t)n;
    }
    return true;
}

/* Never tried again, whatever the error: what it did not write may look clean to the kernel afterwards, and a second sync that succeeds proves nothing. */
static bool posix_sync(void *context, struct journal_file *file, struct error *error)
{
    struct posix_folder *folder = context;
    if (folder->sync && fdatasync(file->descriptor) != 0) return fail(error, "cannot sync", "a journal file");
    return true;
}

static bool posix_write_out(void *context, struct journal_file *file, uint64_t offset, size_t size, struct error *error)
{
    struct posix_folder *folder = context;
    const unsigned all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    if (!folder->sync || sync_file_range(file->descriptor, (off_t)offset, (off_t)size, all) == 0) return true;
    if (errno == ENOSYS) return true; /* the sync does it all */
    return fail(error, "cannot write", "a journal file");
}

static bool posix_allocate(void *context, struct journal_file *file, uint64_t size, struct error *error)
{
    (void)context;
    int number;
    do {
        number = posix_fallocate(file->descriptor, 0, (off_t)size);
    } while (number == EINTR);
    if (number == 0 || number == EOPNOTSUPP || number == EINVAL) return true;
    errno = number;
    return fail(error, "cannot allocate", "a journal file");
}

static bool posix_truncate(void *context, struct journal_file *file, uint64_t size, struct error *error)
{
    (void)context;
    int status;
    do {
        status = ftruncate(file->descriptor, (off_t)size);
    } while (status != 0 && errno == EINTR);
    return status == 0 || fail(error, "cannot truncate", "a journal file");
}

static bool posix_rename(void *context, const char *from, const char *to, struct error *error)
{
    struct posix_folder *folder = context;
    if (renameat(folder->folder, from, folder->folder, to) != 0) return fail(error, "cannot rename", from);
    return true;
}

static bool posix_remove(void *context, const char *name, struct error *error)
{
    struct posix_folder *folder = context;
    if (unlinkat(folder->folder, name, 0) != 0 && errno != ENOENT) return fail(error, "cannot remove", name);
    return true;
}

static bool posix_sync_folder(void *context, struct error *error)
{
    struct posix_folder *folder = context;
    if (folder->sync && fsync(folder->folder) != 0) return fail(error, "cannot sync the folder", folder->path);
    return true;
}

static bool posix_list(void *context, journal_file_visit *visit, void *visitor, struct error *error)
{
    struct posix_folder *folder = context;
    DIR *directory = opendir(folder->path);
    if (!directory) return fail(error, "cannot list", folder->path);
    const struct dirent *entry;
    bool good = true;
    /* A list that is cut short would be a journal without its last segments: their positions would be given again. */
    while (good && (errno = 0, entry = readdir(directory))) {
        struct stat status;
        if (fstatat(folder->folder, entry->d_name, &status, 0) != 0)
            good = errno == ENOENT || fail(error, "cannot look at", entry->d_name);
        else if (S_ISREG(status.st_mode))
            visit(visitor, entry->d_name, (uint64_t)status.st_size);
    }
    if (good && errno != 0) good = fail(error, "cannot list", folder->path);
    closedir(directory);
    return good;
}

static void posix_release(void *context)
{
    struct posix_folder *folder = context;
    if (folder->lock >= 0) close(folder->lock);
    if (folder->folder >= 0) close(folder->folder);
    memory_free(folder->path);
    memory_free(folder);
}

/* The name of a folder that was just made, in the one above it. */
static bool sync_above(const struct posix_folder *folder, struct error *error)
{
    if (!folder->sync) return true;
    char *path = memory_string(folder->path), *end = path + strlen(path);
    while (end > path && end[-1] == '/') *--end = 0;
    char *slash = strrchr(path, '/');
    if (slash == path) slash++;
    if (slash) *slash = 0;
    int above = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = (above >= 0 && fsync(above) == 0) || fail(error, "cannot sync the folder above", folder->path);
    if (above >= 0) close(above);
    memory_free(path);
    return good;
}

static bool folder_open(struct posix_folder *folder, struct error *error)
{
    bool made = mkdir(folder->path, 0700) == 0;
    if (!made && errno != EEXIST) return fail(error, "cannot make the folder", folder->path);
    if (made && !sync_above(folder, error)) return false;
    folder->folder = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->folder < 0) return fail(error, "cannot open the folder", folder->path);
    folder->lock = openat(folder->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (folder->lock < 0) return fail(error, "cannot make the lock file in", folder->path);
    if (flock(folder->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return fail(error, "cannot lock", folder->path);
        return error_set(error, ERROR_STATE, "journal %s is in use by another process: stop that one first", folder->path);
    }
    return true;
}

static struct posix_folder *folder_new(const char *folder, bool sync, struct journal_files *out)
{
    struct posix_folder *context = memory_alloc(sizeof *context);
    *context = (struct posix_folder){.path = memory_string(folder), .folder = -1, .lock = -1, .sync = sync};
    *out = (struct journal_files){
        .context = context,
        .open = posix_open,
        .close = posix_close,
        .size = posix_size,
        .read = posix_read,
        .write = posix_write,
        .sync = posix_sync,
        .write_out = posix_write_out,
        .allocate = posix_allocate,
        .truncate = posix_truncate,
        .rename = posix_rename,
        .remove = posix_remove,
        .sync_folder = posix_sync_folder,
        .list = posix_list,
        .release = posix_release,
    };
    return context;
}

bool journal_files_posix(const char *folder, bool sync, struct journal_files *out, struct error *error)
{
    struct posix_folder *context = folder_new(folder, sync, out);
    if (folder_open(context, error)) return true;
    posix_release(context);
    return false;
}

bool journal_files_posix_look(const char *folder, struct journal_files *out, struct error *error)
{
    struct posix_folder *context = folder_new(folder, false, out);
    context->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (context->folder >= 0) return true;
    fail(error, "cannot open the journal's folder", folder);
    posix_release(context);
    return false;
}
