/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log: one line an event, as key=value or as JSON. A line has time, level, event name ("noun.verbed") and typed fields:
 *
 *   LOG(LOG_INFO, "session.opened", log_u64("session", id), log_text("user", user));
 *   LOG(LOG_ERROR, "mirror.failed", log_failure(&error), log_u64("csn", csn));
 *
 * Any thread. A line is put together on the stack and written by one write(), so that lines never mix and no lock is held. A line is
 * at most LOG_LINE_MAX bytes; what does not fit is cut, and the line says so. Never log passwords, binds, or rows.
 * Before log_open, lines go to standard error at LOG_INFO. Not for the hot path: LOG costs nothing below the level, a system call above.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/error.h"
#include "base/view.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum { LOG_LINE_MAX = 4000, LOG_VALUE_MAX = 1000 /* bytes of one field's value, before escaping */ };

/* file NULL or "": standard error. Also used to change level, format or file while running. */
bool log_open(const char *file, enum log_level level, enum log_format format, struct error *error) MUST_USE;
/* Opens the file again by its name: after it was moved away for rotation. */
bool log_reopen(struct error *error) MUST_USE;
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
/* Lines that could not be written (disk full, pipe closed). */
uint64_t log_lost(void);

struct log_field {
    const char *name; /* NULL: no field */
    enum { LOG_VALUE_VIEW, LOG_VALUE_I64, LOG_VALUE_U64, LOG_VALUE_ID, LOG_VALUE_REAL, LOG_VALUE_BOOLEAN, LOG_VALUE_ERROR } kind;
    union {
        struct view text;
        int64_t i64;
        uint64_t u64;
        double real;
        bool boolean;
        const struct error *error;
    };
};

static inline struct log_field log_view(const char *name, struct view text)
{
    return (struct log_field){.name = name, .kind = LOG_VALUE_VIEW, .text = text};
}
static inline struct log_field log_text(const char *name, const char *text)
{
    return log_view(name, view_text(text));
}
static inline struct log_field log_i64(const char *name, int64_t n)
{
    return (struct log_field){.name = name, .kind = LOG_VALUE_I64, .i64 = n};
}
static inline struct log_field log_u64(const char *name, uint64_t n)
{
    return (struct log_field){.name = name, .kind = LOG_VALUE_U64, .u64 = n};
}
/* A fingerprint, as every report says it: 16 hexadecimal digits. */
static inline struct log_field log_id(const char *name, uint64_t id)
{
    return (struct log_field){.name = name, .kind = LOG_VALUE_ID, .u64 = id};
}
static inline struct log_field log_real(const char *name, double n)
{
    return (struct log_field){.name = name, .kind = LOG_VALUE_REAL, .real = n};
}
static inline struct log_field log_boolean(const char *name, bool b)
{
    return (struct log_field){.name = name, .kind = LOG_VALUE_BOOLEAN, .boolean = b};
}
/* Becomes code=, error=, and native= and sqlstate= where there are any. */
static inline struct log_field log_failure(const struct error *error)
{
    return (struct log_field){.name = "error", .kind = LOG_VALUE_ERROR, .error = error};
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count);

#define LOG(level, event, ...)                                                                                                             \
    do {                                                                                                                                   \
        if (log_enabled(level)) {                                                                                                          \
            const struct log_field log_fields_[] = {{0}, ##__VA_ARGS__};                                                                   \
            log_event(level, event, log_fields_ + 1, sizeof log_fields_ / sizeof log_fields_[0] - 1);                                      \
        }                                                                                                                                  \
    } while (0)

/* For what a peer can cause as often as it likes: at most one line a second from this place; the next one tells how many were left out. */
struct log_rate {
    _Atomic uint64_t second;
    _Atomic uint64_t left_out;
};
bool log_rate_allows(struct log_rate *rate, uint64_t *left_out);
#define LOG_RATED(level, event, ...)                                                                                                       \
    do {                                                                                                                                   \
        static struct log_rate log_rate_;                                                                                                  \
        uint64_t log_left_out_;                                                                                                            \
        if (log_enabled(level) && log_rate_allows(&log_rate_, &log_left_out_)) {                                                           \
            const struct log_field log_fields_[] = {log_u64(log_left_out_ ? "left_out" : NULL, log_left_out_), ##__VA_ARGS__};             \
            log_event(level, event, log_fields_, sizeof log_fields_ / sizeof log_fields_[0]);                                              \
        }                                                                                                                                  \
    } while (0)

#endif
