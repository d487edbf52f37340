/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal inspection: a journal folder read from end to end without changing a byte of it and without its lock, so that it can be looked at while a daemon runs, or
 * after one that does not start. What recovery would cut or refuse is reported, not done. One thread.
 */
#ifndef STORE_JOURNAL_INSPECT_H
#define STORE_JOURNAL_INSPECT_H

#include "store/journal_file.h"
#include "store/journal_format.h"

enum journal_segment_state {
    JOURNAL_SEGMENT_WHOLE,
    JOURNAL_SEGMENT_OPEN /* the last one, not closed in order */,
    JOURNAL_SEGMENT_TORN,
    JOURNAL_SEGMENT_DAMAGED
};

struct journal_segment_report {
    char name[JOURNAL_NAME_SIZE];
    struct journal_header header; /* zero if it cannot be read */
    uint64_t records, end;        /* end: one past the last record */
    uint64_t highest_csn;
    uint64_t used, size; /* bytes of header and whole groups; of the file */
    enum journal_segment_state state;
    char problem[400]; /* why it is damaged; else empty */
};

struct journal_inspection {
    void *context;
    void (*segment)(void *context, const struct journal_segment_report *report); /* before its records; may be NULL */
    bool (*record)(
        void *context,
        const struct journal_record *record); /* false: no more records are wanted; NULL: none are. Payload valid during the call */
    const uint8_t *key;                       /* 32 bytes, NULL: none */
};
const char *journal_segment_state_name(enum journal_segment_state state);
const char *journal_kind_name(enum journal_kind kind); /* "DML", "INTENT", .. */
/* False: the folder cannot be read, or a payload cannot be decrypted. Damage is not a failure of this call: it stands in the reports. */
bool journal_inspect(const struct journal_files *files, const struct journal_inspection *inspection, struct error *error) MUST_USE;

#endif
