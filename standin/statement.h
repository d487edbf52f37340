/* SPDX-License-Identifier: Apache-2.0 */
/* A client's cursor on our side: the plan, MariaDB's prepared statement, and the rows that come from it. */
#ifndef STANDIN_STATEMENT_H
#define STANDIN_STATEMENT_H

#include "standin/client.h"

struct result_column {
    enum sql_kind kind;
    char *bytes;
    unsigned long size, length; /* buffer, its size, the value's length */
    MYSQL_TIME time;
    double real;
    my_bool null, truncated;
};

struct statement {
    struct client *client;
    char *sql;
    size_t sql_size; /* the client's text */
    struct sql_type *bind_types;
    uint32_t bind_count;
    struct plan *plan;
    MYSQL_STMT *prepared;
    MYSQL_STMT *second; /* MERGE: the INSERT */
    /* results */
    struct result_column *columns;
    uint32_t column_count; /* the plan's and the hidden ones */
    MYSQL_BIND *binds;
    bool open;   /* MariaDB has (or may have) more rows */
    bool bound;  /* result buffers are bound since the last execute */
    bool stored; /* rows were taken over by the client library */
    struct buffer spool;
    uint64_t spool_rows; /* rows encoded for the wire, each with its size before it */
    uint64_t rows_sent;  /* since the last execute */
    bool exhausted;
    struct arena row_arena;     /* values of the row that is being encoded */
    struct wire_cursor *cursor; /* whose rows these are; set at each execute */
    uint64_t settings_version;  /* of the session when the plan was made */
};

struct statement *statement_new(struct client *client, struct view sql);
void statement_free(void *statement); /* to the client's cache, when it is worth it */
void statement_destroy(struct statement *statement);
struct statement *statement_from_cache(struct client *client, struct view sql, const struct sql_type *types, uint32_t count);
/* Makes or renews the plan for these bind types. *renewed: it is a new one. */
bool statement_plan(struct statement *statement, const struct sql_type *types, uint32_t count, bool *renewed,
                    struct plan_error *error) MUST_USE;
void statement_forget_engine(struct statement *statement, const MYSQL *mysql); /* what was prepared there, and its rows, are gone */
bool statement_prepare(struct statement *statement, struct plan_error *error) MUST_USE;
void statement_close_result(struct statement *statement); /* throws away what was not fetched */

/* Values of one iteration, in the order of the client's binds -> parameters in the order of the plan's. */
struct parameter_set {
    MYSQL_BIND *binds;
    uint32_t count;
};
bool parameters_fill(struct client *client, const struct wire_cursor *cursor, const struct wire_bind *row, const struct plan_bind *order,
                     uint32_t count, struct parameter_set *out, struct plan_error *error) MUST_USE;
struct value parameter_value(struct client *client, const struct wire_oac *oac, const struct wire_bind *bind); /* LOB locators resolved */

bool statement_execute(struct statement *statement, MYSQL_STMT *prepared, struct parameter_set *parameters,
                       struct plan_error *error) MUST_USE;

/* Rows. */
bool result_begin(struct statement *statement, struct plan_error *error) MUST_USE; /* after execute of a query */
/* Encodes up to `wanted` rows into `out`; answers how many. Sets statement->exhausted at the end. */
bool result_fetch(struct statement *statement, const struct wire_cursor *cursor, uint32_t wanted, struct buffer *out, uint32_t *count,
                  struct plan_error *error) MUST_USE;
/* Reads what is left into the spool, at most `rows` rows and `bytes` bytes (0: all). */
bool result_spool(struct statement *statement, const struct wire_cursor *cursor, uint64_t rows, size_t bytes,
                  struct plan_error *error) MUST_USE;
/* For values that are not rows of a client's cursor (RETURNING, OUT): the current row's value. */
struct value result_value(struct statement *statement, uint32_t column, const struct sql_type *type, struct arena *arena);
bool result_next(struct statement *statement, bool *row, struct plan_error *error) MUST_USE; /* reads one row into the buffers */
void result_describe(const struct plan_column *columns, uint32_t count, struct wire_column *out);

/* ROWID: how a table's number and a row number are said on the wire. */
enum { ROWID_FILE = 4, ROWID_SLOT_BITS = 7 };
static inline uint32_t rowid_block(uint64_t row_number)
{
    return (uint32_t)(row_number >> ROWID_SLOT_BITS);
}
static inline uint16_t rowid_slot(uint64_t row_number)
{
    return (uint16_t)(row_number & ((1u << ROWID_SLOT_BITS) - 1));
}

#endif
