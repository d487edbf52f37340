/* SPDX-License-Identifier: Apache-2.0 */
/* A line is built on the stack, then written at once; level, format and descriptor are atomics that may change at any time. */
#include "base/log.h"

#include "base/clock.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static _Atomic int current_level = LOG_INFO;
static _Atomic int current_format = LOG_FORMAT_TEXT;
static _Atomic int current_descriptor = STDERR_FILENO;
static _Atomic uint64_t lost;
static char current_file[PATH_MAX]; /* log_open and log_reopen only, which the main thread calls */

static const char *const level_names[] = {[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};

static const char *log_level_name(enum log_level level)
{
    return (unsigned)level <= LOG_ERROR ? level_names[level] : "unknown";
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&current_level, memory_order_relaxed);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

uint64_t log_lost(void)
{
    return atomic_load_explicit(&lost, memory_order_relaxed);
}

/* The new file takes the old one's place under the same descriptor number, so that a thread about to write never meets a closed one. */
static bool open_file(struct error *error)
{
    if (current_file[0] == '\0') {
        atomic_store(&current_descriptor, STDERR_FILENO);
        return true;
    }
    int opened = open(current_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (opened < 0)
        return error_set(error, ERROR_IO, "cannot open log file %s: %s; check the folder and its permissions", current_file,
                         strerror(errno));
    int before = atomic_load(&current_descriptor);
    if (before == STDERR_FILENO) {
        atomic_store(&current_descriptor, opened);
        return true;
    }
    int status = dup2(opened, before);
    int reason = errno;
    close(opened);
    if (status < 0) return error_set(error, ERROR_IO, "cannot switch to log file %s: %s", current_file, strerror(reason));
    return true;
}

bool log_open(const char *file, enum log_level level, enum log_format format, struct error *error)
{
    atomic_store(&current_format, (int)format);
    log_set_level(level);
    if (snprintf(current_file, sizeof current_file, "%s", file ? file : "") >= (int)sizeof current_file) {
        current_file[0] = '\0';
        return error_set(error, ERROR_CONFIG, "the name of the log file is longer than %d bytes", PATH_MAX - 1);
    }
    return open_file(error);
}

bool log_reopen(struct error *error)
{
    return open_file(error);
}

/* ---- one line ---- */

struct line {
    bool json;
    bool cut;
    size_t size;
    char text[LOG_LINE_MAX];
};

enum { ROOM_FOR_END = 24 /* of the line, for the mark that it was cut and for its end */ };

static size_t room(const struct line *line)
{
    return sizeof line->text - ROOM_FOR_END - line->size;
}

static void put(struct line *line, const char *text, size_t size)
{
    if (line->cut || size > room(line)) {
        line->cut = true;
        return;
    }
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

static void put_format(struct line *line, const char *format, ...) PRINTF_LIKE(2, 3);
static void put_format(struct line *line, const char *format, ...)
{
    char text[64];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(line, text, size < (int)sizeof text ? (size_t)size : sizeof text - 1);
}

static bool needs_quotes(struct view text)
{
    if (text.size == 0) return true;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c >= 0x7F) return true;
    }
    return false;
}

static void put_name(struct line *line, const char *name)
{
    if (line->json) {
        put(line, line->size > 1 ? ",\"" : "\"", line->size > 1 ? 2 : 1);
        put(line, name, strlen(name));
        put(line, "\":", 2);
    } else {
        if (line->size > 0) put(line, " ", 1);
        put(line, name, strlen(name));
        put(line, "=", 1);
    }
}

static void put_text(struct line *line, const char *name, struct view text)
{
    char escaped[6 * LOG_VALUE_MAX];
    bool shortened = text.size > LOG_VALUE_MAX;
    if (shortened) text.size = LOG_VALUE_MAX;
    bool quotes = line->json || shortened || needs_quotes(text);
    size_t size_before = line->size;
    put_name(line, name);
    if (quotes) put(line, "\"", 1);
    size_t size = json_escape(text, escaped, sizeof escaped);
    put(line, escaped, size);
    if (shortened) put(line, "...", 3);
    if (quotes) put(line, "\"", 1);
    if (line->cut) line->size = size_before; /* a field is whole or not there, so that the line stays readable by programs */
}

static void put_number(struct line *line, const struct log_field *field)
{
    size_t size_before = line->size;
    put_name(line, field->name);
    switch (field->kind) {
    case LOG_VALUE_I64: put_format(line, "%lld", (long long)field->i64); break;
    case LOG_VALUE_U64: put_format(line, "%llu", (unsigned long long)field->u64); break;
    case LOG_VALUE_REAL:
        if (isfinite(field->real))
            put_format(line, "%.6g", field->real);
        else
            put(line, "null", 4);
        break;
    default: put_format(line, "%s", field->boolean ? "true" : "false"); break;
    }
    if (line->cut) line->size = size_before;
}

static void put_error(struct line *line, const struct error *error)
{
    const struct log_field native = log_i64("native", error->native);
    put_text(line, "code", view_text(error_name(error->code)));
    if (error->native) put_number(line, &native);
    if (error->sqlstate[0]) put_text(line, "sqlstate", view_text(error->sqlstate));
    put_text(line, "error", view_text(error->text));
}

static void put_field(struct line *line, const struct log_field *field)
{
    char id[17];
    if (field->kind == LOG_VALUE_ID) {
        snprintf(id, sizeof id, "%016llx", (unsigned long long)field->u64);
        put_text(line, field->name, view_text(id));
        return;
    }
    if (field->kind == LOG_VALUE_VIEW)
        put_text(line, field->name, field->text);
    else if (field->kind == LOG_VALUE_ERROR)
        put_error(line, field->error);
    else
        put_number(line, field);
}

static void put_end(struct line *line)
{
    bool cut = line->cut;
    const char *mark = line->json ? ",\"cut\":true" : " cut=true";
    const char *end = line->json ? "}\n" : "\n";
    if (cut) {
        memcpy(line->text + line->size, mark, strlen(mark));
        line->size += strlen(mark);
    }
    memcpy(line->text + line->size, end, strlen(end));
    line->size += strlen(end);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    if (!log_enabled(level)) return;
    struct line line;
    char time[CLOCK_TEXT_SIZE];
    line.json = atomic_load_explicit(&current_format, memory_order_relaxed) == LOG_FORMAT_JSON;
    line.cut = false;
    line.size = 0;
    if (line.json) put(&line, "{", 1);
    put_text(&line, "time", view_of(time, clock_text(clock_wall_us(), time)));
    put_text(&line, "level", view_text(log_level_name(level)));
    put_text(&line, "event", view_text(event));
    for (size_t i = 0; i < count; i++)
        if (fields[i].name) put_field(&line, &fields[i]);
    put_end(&line);
    ssize_t written;
    do written = write(atomic_load_explicit(&current_descriptor, memory_order_relaxed), line.text, line.size);
    while (written < 0 && errno == EINTR);
    if (written != (ssize_t)line.size) atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
}

bool log_rate_allows(struct log_rate *rate, uint64_t *left_out)
{
    uint64_t second = clock_monotonic_us() / 1000000u + 1;
    uint64_t before = atomic_load_explicit(&rate->second, memory_order_relaxed);
    if (before != second &&
        atomic_compare_exchange_strong_explicit(&rate->second, &before, second, memory_order_relaxed, memory_order_relaxed)) {
        *left_out = atomic_exchange_explicit(&rate->left_out, 0, memory_order_relaxed);
        return true;
    }
    atomic_fetch_add_explicit(&rate->left_out, 1, memory_order_relaxed);
    *left_out = 0;
    return false;
}
