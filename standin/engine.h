/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to the MariaDB underneath. Blocking; one thread at a time, except engine_kill. */
#ifndef STANDIN_ENGINE_H
#define STANDIN_ENGINE_H

#include "base/check.h"
#include "base/error.h"
#include "base/view.h"

#include <mysql.h>

struct engine {
    MYSQL *mysql;
    const char *socket; /* borrowed; for engine_kill */
    unsigned long thread_id;
};

/* What MariaDB answered when it failed. */
struct engine_error {
    unsigned number; /* 0: no error */
    char text[512];
};

bool engine_connect(struct engine *engine, const char *socket_path, struct error *error) MUST_USE;
void engine_close(struct engine *engine);
/* Runs a statement and throws its results away. `affected` may be NULL. */
bool engine_run(struct engine *engine, const char *sql, uint64_t *affected, struct engine_error *error) MUST_USE;
/* The same, with a printf format; the text is limited to 64 KiB. */
bool engine_runf(struct engine *engine, struct engine_error *error, const char *format, ...) PRINTF_LIKE(3, 4) MUST_USE;
/* Calls `row` for each row of the (first) result. */
typedef void engine_row(void *context, char **values, unsigned long *lengths);
bool engine_rows(struct engine *engine, const char *sql, engine_row *row, void *context, struct engine_error *error) MUST_USE;
/* One number, `otherwise` when there is none. */
int64_t engine_number(struct engine *engine, const char *sql, int64_t otherwise);
bool engine_in_transaction(const struct engine *engine);
void engine_note(struct engine *engine, struct engine_error *error); /* takes the connection's last error */
void engine_note_statement(MYSQL_STMT *statement, struct engine_error *error);
/* Stops what the connection runs now, through a connection of its own. Any thread. */
void engine_kill(const char *socket_path, unsigned long thread_id);
/* Appends `text` as a MariaDB string literal (no backslash escapes). */
struct buffer;
void engine_quote(struct buffer *out, struct view text);

#endif
