/* SPDX-License-Identifier: Apache-2.0 */
/* State: opening the database, its statements, and the small things: values, progress, users. */
#include "store/state_database.h"

#include "base/memory.h"
#include "store/state_schema.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- statements ---- */

static bool database_error(struct state *state, int result, const char *what, struct error *error)
{
    int primary = result & 0xff;
    enum error_code code = primary == SQLITE_FULL                                  ? ERROR_DISK_FULL
                           : primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ? ERROR_CORRUPT
                           : primary == SQLITE_BUSY || primary == SQLITE_LOCKED    ? ERROR_TIMEOUT
                                                                                   : ERROR_IO;
    error_set(error, code, "%s: %s", what, sqlite3_errmsg(state->database));
    if (error) error->native = result;
    return false;
}

struct state_statement state_begin(struct state *state, const char *sql)
{
    struct state_statement statement = {.state = state};
    pthread_mutex_lock(&state->lock);
    statement.result = sqlite3_prepare_v2(state->database, sql, -1, &statement.handle, NULL);
    return statement;
}

void state_bind_text(struct state_statement *statement, const char *text)
{
    if (statement->handle) sqlite3_bind_text(statement->handle, ++statement->bound, text ? text : "", -1, SQLITE_TRANSIENT);
}
void state_bind_view(struct state_statement *statement, struct view bytes)
{
    if (statement->handle)
        sqlite3_bind_blob64(statement->handle, ++statement->bound, bytes.size ? (const void *)bytes.data : "", bytes.size,
                            SQLITE_TRANSIENT);
}
void state_bind_i64(struct state_statement *statement, int64_t number)
{
    if (statement->handle) sqlite3_bind_int64(statement->handle, ++statement->bound, number);
}
void state_bind_u64(struct state_statement *statement, uint64_t number)
{
    state_bind_i64(statement, (int64_t)number);
}

bool state_step(struct state_statement *statement)
{
    if (!statement->handle) return false;
    statement->result = sqlite3_step(statement->handle);
    return statement->result == SQLITE_ROW;
}

bool state_finish(struct state_statement *statement, const char *what, struct error *error)
{
    int result = statement->result;
    bool good = statement->handle && (result == SQLITE_ROW || result == SQLITE_DONE || result == SQLITE_OK);
    if (!good) database_error(statement->state, result, what, error);
    sqlite3_finalize(statement->handle);
    pthread_mutex_unlock(&statement->state->lock);
    return good;
}

const char *state_column_string(const struct state_statement *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement->handle, column);
    return text ? (const char *)text : "";
}
void state_column_text(const struct state_statement *statement, int column, char *out, size_t size)
{
    const char *text = state_column_string(statement, column);
    size_t length = strlen(text);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) length--;
    }
    memcpy(out, text, length);
    out[length] = 0;
}
struct view state_column_view(const struct state_statement *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement->handle, column);
    return view_of(bytes, (size_t)sqlite3_column_bytes(statement->handle, column));
}
int64_t state_column_i64(const struct state_statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

bool state_execute(struct state *state, const char *sql, struct error *error)
{
    pthread_mutex_lock(&state->lock);
    int result = sqlite3_exec(state->database, sql, NULL, NULL, NULL);
    if (result != SQLITE_OK) database_error(state, result, "state", error);
    pthread_mutex_unlock(&state->lock);
    return result == SQLITE_OK;
}

int64_t state_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- opening ---- */

struct state *state_open(const char *path, struct error *error)
{
    struct state *state = memory_zero(1, sizeof *state);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&state->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    /* It holds verifiers of passwords: made for the owner only. SQLite gives its other files the same mode. */
    if (strcmp(path, ":memory:") != 0) {
        int made = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (made >= 0) close(made);
    }
    int result = sqlite3_open_v2(path, &state->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    bool good = result == SQLITE_OK;
    if (!good) {
        database_error(state, result, "cannot open", error);
    } else {
        sqlite3_busy_timeout(state->database, 5000);
        good = state_execute(state, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF", error) &&
               state_schema_upgrade(state, error);
    }
    if (good) return state;
    error_prefix(error, "state %s", path);
    state_close(state);
    return NULL;
}

void state_close(struct state *state)
{
    if (!state) return;
    sqlite3_close(state->database);
    pthread_mutex_destroy(&state->lock);
    memory_free(state);
}

/* ---- values ---- */

bool state_put(struct state *state, const char *name, const char *value, struct error *error)
{
    struct state_statement statement =
        state_begin(state, "INSERT INTO value (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    state_bind_text(&statement, name);
    state_bind_text(&statement, value);
    state_step(&statement);
    return state_finish(&statement, name, error);
}

bool state_get(struct state *state, const char *name, struct buffer *value)
{
    struct state_statement statement = state_begin(state, "SELECT value FROM value WHERE name = ?");
    state_bind_text(&statement, name);
    bool found = state_step(&statement);
    if (found) buffer_append_text(value, state_column_string(&statement, 0));
    return state_finish(&statement, name, NULL) && found;
}

bool state_put_u64(struct state *state, const char *name, uint64_t value, struct error *error)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return state_put(state, name, text, error);
}

uint64_t state_get_u64(struct state *state, const char *name, uint64_t otherwise)
{
    struct buffer text;
    uint64_t number = otherwise;
    buffer_init(&text, 0);
    if (state_get(state, name, &text) && !view_to_u64(buffer_view(&text), &number)) number = otherwise;
    buffer_release(&text);
    return number;
}

/* ---- progress ---- */

bool state_progress_put(struct state *state, const struct state_progress *progress, struct error *error)
{
    struct state_statement statement = state_begin(
        state,
        "INSERT INTO progress (work, tab, status, position, row_count, bytes, total, updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (work, tab) DO UPDATE SET status = excluded.status, position = excluded.position, row_count = excluded.row_count,"
        " bytes = excluded.bytes, total = excluded.total, updated_us = excluded.updated_us");
    state_bind_text(&statement, progress->work);
    state_bind_text(&statement, progress->table);
    state_bind_text(&statement, progress->status);
    state_bind_view(&statement, progress->position);
    state_bind_u64(&statement, progress->rows);
    state_bind_u64(&statement, progress->bytes);
    state_bind_u64(&statement, progress->total);
    state_bind_i64(&statement, progress->updated_us ? progress->updated_us : state_now_us());
    state_step(&statement);
    return state_finish(&statement, "progress", error);
}

void state_progress_each(struct state *state, const char *work, state_progress_visit *visit, void *context)
{
    struct state_statement statement = state_begin(
        state, "SELECT work, tab, status, position, row_count, bytes, total, updated_us FROM progress WHERE work = ? ORDER BY tab");
    state_bind_text(&statement, work);
    while (state_step(&statement)) {
        struct state_progress progress = {.position = state_column_view(&statement, 3),
                                          .rows = (uint64_t)state_column_i64(&statement, 4),
                                          .bytes = (uint64_t)state_column_i64(&statement, 5),
                                          .total = (uint64_t)state_column_i64(&statement, 6),
                                          .updated_us = state_column_i64(&statement, 7)};
        state_column_text(&statement, 0, progress.work, sizeof progress.work);
        state_column_text(&statement, 1, progress.table, sizeof progress.table);
        state_column_text(&statement, 2, progress.status, sizeof progress.status);
        visit(context, &progress);
    }
    state_finish(&statement, "progress", NULL);
}

/* ---- users ---- */

bool state_user_put(struct state *state, const char *name, const char *spare4, bool locked, struct error *error)
{
    struct state_statement statement =
        state_begin(state, "INSERT INTO verifier (name, spare4, locked) VALUES (?, ?, ?)"
                           " ON CONFLICT (name) DO UPDATE SET spare4 = excluded.spare4, locked = excluded.locked");
    state_bind_text(&statement, name);
    state_bind_text(&statement, spare4);
    state_bind_i64(&statement, locked);
    state_step(&statement);
    return state_finish(&statement, "user", error);
}

bool state_user_get(struct state *state, const char *name, char *spare4, size_t size, bool *locked)
{
    struct state_statement statement = state_begin(state, "SELECT spare4, locked FROM verifier WHERE name = ?");
    state_bind_text(&statement, name);
    bool found = state_step(&statement);
    if (found) {
        state_column_text(&statement, 0, spare4, size);
        *locked = state_column_i64(&statement, 1) != 0;
    }
    return state_finish(&statement, "user", NULL) && found;
}

uint64_t state_user_count(struct state *state)
{
    struct state_statement statement = state_begin(state, "SELECT count(*) FROM verifier");
    uint64_t count = state_step(&statement) ? (uint64_t)state_column_i64(&statement, 0) : 0;
    state_finish(&statement, "users", NULL);
    return count;
}
