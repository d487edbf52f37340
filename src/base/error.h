/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error: a code from one table (base/error.c), what we were doing, and a text that says what was wrong, where, and
 * what to do. Filled once, where it happens; functions that can fail answer false and fill it. Logged once, by the
 * owner of the work. The table maps each code to an HTTP status and a process exit code. Any thread (no shared state).
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/check.h"
#include <stdbool.h>
#include <stdint.h>

enum error_code {
    ERROR_NONE,
    ERROR_CONFIG, /* a line of the configuration is wrong: file:line */
    ERROR_USAGE,  /* a command line is wrong */
    ERROR_IO,     /* a file or disk operation failed */
    ERROR_DISK_FULL,
    ERROR_NETWORK, /* connect, read or write failed */
    ERROR_TIMEOUT,
    ERROR_ADDRESS_IN_USE,
    ERROR_TLS,
    ERROR_PROTOCOL, /* the peer sent what the protocol does not allow */
    ERROR_LIMIT,    /* a limit of the limits table was reached; the text names it */
    ERROR_AUTHENTICATION,
    ERROR_SOURCE,      /* the source answered an error; `native` is the ORA number */
    ERROR_TARGET,      /* the target answered an error; `sqlstate` is set */
    ERROR_TARGET_LOST, /* connection to the target is gone */
    ERROR_SOURCE_LOST,
    ERROR_TRANSLATION, /* a statement cannot be translated */
    ERROR_JOURNAL,     /* journal cannot be written or read */
    ERROR_CORRUPT,     /* a checksum or format does not hold */
    ERROR_STATE,       /* not allowed in this phase or state */
    ERROR_GATE,        /* CONSISTENCY_THRESHOLD_NOT_MET and its kin */
    ERROR_NOT_FOUND,
    ERROR_CANCELLED,
    ERROR_INTERNAL,
    ERROR_CODE_COUNT
};

struct error {
    enum error_code code;
    int native;       /* ORA number or errno, 0 if none */
    char sqlstate[6]; /* PostgreSQL's, "" if none */
    char text[500];
};

/* Fills `error` (may be NULL) and answers false, so that `return error_set(...)` reads well. */
bool error_set(struct error *error, enum error_code code, const char *format, ...) PRINTF_LIKE(3, 4);
/* Puts "what: " before the text. Answers false. */
bool error_prefix(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);
void error_clear(struct error *error);
const char *error_name(enum error_code code); /* "CONFIG", ... */
int error_http_status(enum error_code code);
int error_exit_status(enum error_code code);
bool error_parse(const char *name, enum error_code *out); /* by its name; false: there is none */
/* The exit statuses and what they mean, by index; NULL: there are no more. */
const char *error_exit_text(uint32_t index, int *status);

#endif
