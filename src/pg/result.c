/* SPDX-License-Identifier: Apache-2.0 */
/* Results: what a PGresult says, without libpq's types. */
#include "pg/connection_internal.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_loss(const PGresult *handle, const char *sqlstate)
{
    const char *severity = PQresultErrorField(handle, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0)) return true;
    return strncmp(sqlstate, "08", 2) == 0;
}

static void take_error(struct pg_result *result, const PGresult *handle)
{
    const char *sqlstate = PQresultErrorField(handle, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(handle, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(handle, PG_DIAG_MESSAGE_DETAIL);
    const char *constraint = PQresultErrorField(handle, PG_DIAG_CONSTRAINT_NAME);
    const char *position = PQresultErrorField(handle, PG_DIAG_STATEMENT_POSITION);
    if (!message || !sqlstate) { /* not the server's: libpq made it because the connection broke */
        struct view text = view_trim(view_text(PQresultErrorMessage(handle)));
        error_set(&result->error, ERROR_TARGET_LOST, VIEW_FORMAT, VIEW_ARGUMENTS(text));
        return;
    }
    enum error_code code = is_loss(handle, sqlstate) ? ERROR_TARGET_LOST : ERROR_TARGET;
    if (detail)
        error_set(&result->error, code, "%s (%s)", message, detail);
    else
        error_set(&result->error, code, "%s", message);
    snprintf(result->error.sqlstate, sizeof result->error.sqlstate, "%.5s", sqlstate);
    if (constraint) snprintf(result->constraint, sizeof result->constraint, "%.128s", constraint);
    if (position) result->error_position = (uint32_t)strtoul(position, NULL, 10);
}

void pg_result_init(struct pg_result *result, PGresult *handle)
{
    memset(result, 0, sizeof *result);
    result->handle = handle;
    switch (PQresultStatus(handle)) {
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
        result->rows = (uint32_t)PQntuples(handle);
        result->columns = (uint32_t)PQnfields(handle);
        /* fall through */
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
    case PGRES_COPY_IN:
        result->ok = true;
        result->affected = strtoull(PQcmdTuples(handle), NULL, 10);
        return;
    default: take_error(result, handle);
    }
}

struct pg_column pg_result_column(const struct pg_result *result, uint32_t column)
{
    CHECK(column < result->columns);
    int at = (int)column;
    return (struct pg_column){
        .name = PQfname(result->handle, at), .type = PQftype(result->handle, at), .modifier = PQfmod(result->handle, at)};
}

bool pg_result_null(const struct pg_result *result, uint32_t row, uint32_t column)
{
    CHECK(row < result->rows && column < result->columns);
    return PQgetisnull(result->handle, (int)row, (int)column);
}

struct view pg_result_text(const struct pg_result *result, uint32_t row, uint32_t column)
{
    CHECK(row < result->rows && column < result->columns);
    return view_of(PQgetvalue(result->handle, (int)row, (int)column), (size_t)PQgetlength(result->handle, (int)row, (int)column));
}

void pg_result_free(struct pg_result *result)
{
    PQclear(result->handle);
    result->handle = NULL;
    result->rows = result->columns = 0;
}

void pg_result_take(struct pg_result *from, struct pg_result *to)
{
    *to = *from;
    from->handle = NULL;
    from->rows = from->columns = 0;
}
