/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal files: what the journal asks of a disk, as a struct of functions, so that tests and the simulator can put a disk of
 * their own (full, failing, forgetting what was not synced) in the place of the real one.
 *
 * All names are file names inside one folder. Every function answers false and fills `error` when it fails; a full disk is told
 * as ERROR_DISK_FULL. Functions are called from the journal thread, its helper and readers at the same time, but never two
 * of them on one open file, except reads.
 */
#ifndef STORE_JOURNAL_FILE_H
#define STORE_JOURNAL_FILE_H

#include "base/error.h"
#include "base/view.h"

enum journal_open_how {
    JOURNAL_OPEN_READ,
    JOURNAL_OPEN_WRITE,  /* there already; read and write */
    JOURNAL_OPEN_CREATE, /* made empty, whatever was there; read and write */
};

struct journal_file; /* an open file; belongs to whoever made the struct below */
typedef void journal_file_visit(void *visitor, const char *name, uint64_t size);

struct journal_files {
    void *context; /* first argument of each function */
    struct journal_file *(*open)(void *context, const char *name, enum journal_open_how how, struct error *error); /* NULL: failed */
    void (*close)(void *context, struct journal_file *file);
    bool (*size)(void *context, struct journal_file *file, uint64_t *size, struct error *error);
    bool (*read)(void *context, struct journal_file *file, uint64_t offset, void *bytes, size_t size, size_t *got,
                 struct error *error); /* fewer than asked: the end of the file */
    bool (*write)(void *context, struct journal_file *file, uint64_t offset, const void *bytes, size_t size,
                  struct error *error);                                          /* all of it, or fails having written any part */
    bool (*sync)(void *context, struct journal_file *file, struct error *error); /* contents and size are durable */
    /* Bytes that were written leave the system's memory, and it waits until they have. Promises nothing: it only makes the sync that follows short. */
    bool (*write_out)(void *context, struct journal_file *file, uint64_t offset, size_t size, struct error *error);
    bool (*allocate)(void *context, struct journal_file *file, uint64_t size, struct error *error); /* blocks are reserved */
    bool (*truncate)(void *context, struct journal_file *file, uint64_t size, struct error *error);
    bool (*rename)(void *context, const char *from, const char *to, struct error *error);
    bool (*remove)(void *context, const char *name, struct error *error); /* not there: true */
    bool (*sync_folder)(void *context, struct error *error);              /* names are durable */
    bool (*list)(void *context, journal_file_visit *visit, void *visitor, struct error *error);
    void (*release)(void *context); /* nothing is open any more */
};

/* The real disk. Makes the folder if it is missing (not its parents) and locks it for this process. sync: false turns syncs into nothing. */
bool journal_files_posix(const char *folder, bool sync, struct journal_files *out, struct error *error) MUST_USE;
/* To look only: the folder must be there, nothing is made in it, and it is not locked: another process may be writing it. */
bool journal_files_posix_look(const char *folder, struct journal_files *out, struct error *error) MUST_USE;

#endif
