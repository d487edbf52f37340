/* SPDX-License-Identifier: Apache-2.0 */
/* Declared types of the legacy dialect: how they are stored in MariaDB and how they are described on the wire. Pure. */
#ifndef STANDIN_TYPE_H
#define STANDIN_TYPE_H

#include "base/arena.h"
#include "wire/cursor.h"

enum sql_kind {
    KIND_UNKNOWN, /* NULL literal, untyped bind */
    KIND_NUMBER,  /* precision 0: plain NUMBER; scale -127 with precision > 0: FLOAT */
    KIND_BINARY_FLOAT,
    KIND_BINARY_DOUBLE,
    KIND_VARCHAR,
    KIND_CHAR,
    KIND_RAW,
    KIND_DATE,
    KIND_TIMESTAMP,     /* scale: fractional digits */
    KIND_TIMESTAMP_TZ,  /* kept as UTC, read back with offset +00:00 */
    KIND_TIMESTAMP_LTZ, /* kept as UTC */
    KIND_INTERVAL_DS,   /* kept as microseconds */
    KIND_INTERVAL_YM,   /* kept as months */
    KIND_CLOB,
    KIND_BLOB,
    KIND_LONG,
    KIND_ROWID,   /* kept as the hidden row number; text AAA.. outside */
    KIND_BOOLEAN, /* a condition; never a value of a column */
    KIND_CURSOR,
    KIND_COUNT
};

struct sql_type {
    enum sql_kind kind;
    uint8_t precision;
    int8_t scale;
    bool national;   /* NVARCHAR2, NCHAR, NCLOB */
    bool characters; /* length counts characters (CHAR semantics), else bytes */
    uint32_t length; /* VARCHAR, CHAR, RAW: as declared */
    uint32_t object; /* KIND_ROWID: the table's object number */
};

static inline struct sql_type sql_type_of(enum sql_kind kind)
{
    return (struct sql_type){.kind = kind};
}
struct sql_type sql_type_number(void);                 /* NUMBER without precision */
struct sql_type sql_type_varchar(uint32_t characters); /* an expression's text */
static inline bool sql_kind_is_text(enum sql_kind k)
{
    return k == KIND_VARCHAR || k == KIND_CHAR || k == KIND_CLOB || k == KIND_LONG;
}
static inline bool sql_kind_is_time(enum sql_kind k)
{
    return k >= KIND_DATE && k <= KIND_TIMESTAMP_LTZ;
}
static inline bool sql_kind_is_number(enum sql_kind k)
{
    return k >= KIND_NUMBER && k <= KIND_BINARY_DOUBLE;
}
static inline bool sql_kind_is_lob(enum sql_kind k)
{
    return k == KIND_CLOB || k == KIND_BLOB;
}

/* The column type in MariaDB. False: cannot be stored faithfully (`why` says so). */
bool sql_type_storage(struct arena *arena, const struct sql_type *type, const char **out, const char **why);
/* What the dictionary calls it: "NUMBER", "VARCHAR2", "TIMESTAMP(6)", ... */
const char *sql_type_name(struct arena *arena, const struct sql_type *type);
uint32_t sql_type_data_length(const struct sql_type *type); /* bytes, as DATA_LENGTH says */
void sql_type_describe(const struct sql_type *type, struct wire_oac *out);
struct sql_type sql_type_of_oac(const struct wire_oac *oac); /* a bind's */
const char *sql_kind_name(enum sql_kind kind);               /* for messages: "NUMBER", "DATE" */

#endif
