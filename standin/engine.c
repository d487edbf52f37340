/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to the MariaDB underneath. */
#include "standin/engine.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

static const char session_settings[] =
    "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin, autocommit = 1,"
    " sql_mode = 'ORACLE,EMPTY_STRING_IS_NULL,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_BACKSLASH_ESCAPES,"
    "PAD_CHAR_TO_FULL_LENGTH,TIME_ROUND_FRACTIONAL,SIMULTANEOUS_ASSIGNMENT', tx_isolation = 'READ-COMMITTED', time_zone = '+00:00', "
    "div_precision_increment = 30";

bool engine_connect(struct engine *engine, const char *socket_path, struct error *error)
{
    *engine = (struct engine){.mysql = mysql_init(NULL), .socket = socket_path};
    CHECK(engine->mysql);
    mysql_options(engine->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(engine->mysql, MYSQL_INIT_COMMAND, session_settings);
    unsigned long flags = CLIENT_MULTI_RESULTS | CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS;
    if (!mysql_real_connect(engine->mysql, NULL, "root", NULL, NULL, 0, socket_path, flags)) {
        error_set(error, ERROR_SOURCE, "cannot connect to MariaDB at %s: %s", socket_path, mysql_error(engine->mysql));
        engine_close(engine);
        return false;
    }
    engine->thread_id = mysql_thread_id(engine->mysql);
    return true;
}

void engine_close(struct engine *engine)
{
    if (engine->mysql) mysql_close(engine->mysql);
    engine->mysql = NULL;
}

void engine_note(struct engine *engine, struct engine_error *error)
{
    if (!error) return;
    error->number = mysql_errno(engine->mysql);
    snprintf(error->text, sizeof error->text, "%s", mysql_error(engine->mysql));
}

void engine_note_statement(MYSQL_STMT *statement, struct engine_error *error)
{
    error->number = mysql_stmt_errno(statement);
    snprintf(error->text, sizeof error->text, "%s", mysql_stmt_error(statement));
    if (error->number) return;
    /* While rows are read the library leaves the error with the connection. */
    error->number = mysql_errno(statement->mysql);
    snprintf(error->text, sizeof error->text, "%s", mysql_error(statement->mysql));
}

static void drain_results(struct engine *engine)
{
    do {
        MYSQL_RES *result = mysql_store_result(engine->mysql);
        if (result) mysql_free_result(result);
    } while (mysql_next_result(engine->mysql) == 0);
}

bool engine_run(struct engine *engine, const char *sql, uint64_t *affected, struct engine_error *error)
{
    if (mysql_query(engine->mysql, sql) != 0) {
        engine_note(engine, error);
        return false;
    }
    if (affected) *affected = mysql_affected_rows(engine->mysql);
    drain_results(engine);
    if (mysql_errno(engine->mysql) != 0) {
        engine_note(engine, error);
        return false;
    }
    return true;
}

bool engine_runf(struct engine *engine, struct engine_error *error, const char *format, ...)
{
    enum { TEXT_MAX = 64 << 10 };
    char *text = memory_alloc(TEXT_MAX);
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, TEXT_MAX, format, arguments);
    va_end(arguments);
    CHECK(size >= 0 && size < TEXT_MAX);
    bool good = engine_run(engine, text, NULL, error);
    memory_free(text);
    return good;
}

bool engine_rows(struct engine *engine, const char *sql, engine_row *row, void *context, struct engine_error *error)
{
    if (mysql_query(engine->mysql, sql) != 0) {
        engine_note(engine, error);
        return false;
    }
    MYSQL_RES *result = mysql_store_result(engine->mysql);
    if (result) {
        for (MYSQL_ROW values; (values = mysql_fetch_row(result));) row(context, values, mysql_fetch_lengths(result));
        mysql_free_result(result);
    }
    while (mysql_next_result(engine->mysql) == 0) {
        result = mysql_store_result(engine->mysql);
        if (result) mysql_free_result(result);
    }
    bool good = mysql_errno(engine->mysql) == 0;
    if (!good) engine_note(engine, error);
    return good;
}

static void take_number(void *context, char **values, unsigned long *lengths)
{
    int64_t *out = context;
    if (values[0]) (void)view_to_i64(view_of(values[0], lengths[0]), out);
}

int64_t engine_number(struct engine *engine, const char *sql, int64_t otherwise)
{
    int64_t out = otherwise;
    struct engine_error ignored;
    return engine_rows(engine, sql, take_number, &out, &ignored) ? out : otherwise;
}

bool engine_in_transaction(const struct engine *engine)
{
    unsigned int status = 0;
    mariadb_get_infov(engine->mysql, MARIADB_CONNECTION_SERVER_STATUS, &status);
    return status & SERVER_STATUS_IN_TRANS;
}

void engine_kill(const char *socket_path, unsigned long thread_id)
{
    struct engine engine;
    struct error ignored;
    struct engine_error failed;
    if (!engine_connect(&engine, socket_path, &ignored)) return;
    (void)!engine_runf(&engine, &failed, "KILL QUERY %lu", thread_id);
    engine_close(&engine);
}

void engine_quote(struct buffer *out, struct view text)
{
    buffer_u8(out, '\'');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'') buffer_u8(out, '\'');
        buffer_u8(out, text.data[i]);
    }
    buffer_u8(out, '\'');
}
