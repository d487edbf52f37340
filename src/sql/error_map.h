/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error map: which Oracle number says what a PostgreSQL error says, and the class that both belong to, so that the outcomes of one
 * statement on both sides can be compared. Tables in error_map.c, pure functions, any thread.
 */
#ifndef SQL_ERROR_MAP_H
#define SQL_ERROR_MAP_H

#include <stdbool.h>
#include <stdint.h>

enum sql_error_class {
    SQL_ERROR_NONE,      /* no error */
    SQL_ERROR_UNIQUE,    /* a key exists already */
    SQL_ERROR_NOT_NULL,  /* NULL where none may be */
    SQL_ERROR_CHECK,     /* a check constraint, a view's check option */
    SQL_ERROR_PARENT,    /* no such parent row */
    SQL_ERROR_CHILD,     /* there are child rows */
    SQL_ERROR_NO_OBJECT, /* table, view, sequence or function is not there */
    SQL_ERROR_NO_COLUMN, /* a name that is no column */
    SQL_ERROR_SYNTAX,    /* cannot be parsed, or the clauses do not fit */
    SQL_ERROR_TYPE,      /* data types do not fit */
    SQL_ERROR_NUMBER,    /* text that is no number, a number that does not fit */
    SQL_ERROR_DATE,      /* text that is no date, fields out of range, a wrong format model */
    SQL_ERROR_DIVISION,  /* by zero */
    SQL_ERROR_LENGTH,    /* a value too long for its column */
    SQL_ERROR_ARGUMENT,  /* an argument out of its range, a wrong regular expression */
    SQL_ERROR_ROW_COUNT, /* one row wanted and several found, or a row written twice */
    SQL_ERROR_NO_ROW,    /* one row wanted and none found */
    SQL_ERROR_LOCKED,    /* somebody else holds the row or the object */
    SQL_ERROR_DEADLOCK,
    SQL_ERROR_SERIAL, /* the snapshot is too old for this write */
    SQL_ERROR_CANCELLED,
    SQL_ERROR_PERMISSION,
    SQL_ERROR_SEQUENCE, /* CURRVAL before NEXTVAL, or past the end */
    SQL_ERROR_READ_ONLY,
    SQL_ERROR_TRANSACTION, /* the transaction cannot go on, or not be committed */
    SQL_ERROR_RESOURCE,    /* disk, memory, sessions */
    SQL_ERROR_CONNECTION,
    SQL_ERROR_RAISED, /* by application code: 20000 to 20999 */
    SQL_ERROR_OTHER,
    SQL_ERROR_CLASS_COUNT
};

const char *sql_error_class_name(enum sql_error_class class_); /* "unique", .. */
/* ora 0: SQL_ERROR_NONE; a number that the table does not hold: SQL_ERROR_OTHER. */
enum sql_error_class sql_error_class_of_ora(int ora);
/* sqlstate NULL or "": SQL_ERROR_NONE. message may be NULL. */
enum sql_error_class sql_error_class_of_sqlstate(const char *sqlstate, const char *message);
/* Did both sides fail for the same reason (or both succeed)? Two errors of class "other" are the same only when the target raised that very number. */
bool sql_error_agrees(int ora, const char *sqlstate, const char *message);

#endif
