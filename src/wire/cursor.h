/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cursor table of one connection. A re-execution carries only a cursor id: what it runs, and how its bytes are to be
 * read, stands here and nowhere else. It is the most dangerous structure of the program: an entry that is wrong reads the
 * wrong values and mirrors the wrong write. Hence: an id that is not in the table is *unknown*, never guessed.
 *
 * Life of an entry: made when a parse is requested (no id yet: `pending`), bound to its id by the reply (OER, RPA), re-bound
 * when the server recycles the id (the old entry is released), released by a close-cursors piggyback, logoff, or a reply that
 * gave it no id. (A failed first execution often does give one, and some drivers execute it again.) Entries are owned by the table; `owner` belongs to the engine and is released through `owner_free`.
 */
#ifndef WIRE_CURSOR_H
#define WIRE_CURSOR_H

#include "base/arena.h"
#include "wire/session.h"

enum wire_type {
    WIRE_TYPE_VARCHAR = 1,
    WIRE_TYPE_NUMBER = 2,
    WIRE_TYPE_BINARY_INTEGER = 3,
    WIRE_TYPE_VARNUM = 6,
    WIRE_TYPE_LONG = 8,
    WIRE_TYPE_ROWID = 11,
    WIRE_TYPE_DATE = 12,
    WIRE_TYPE_RAW = 23,
    WIRE_TYPE_LONG_RAW = 24,
    WIRE_TYPE_LONG_VARCHAR = 94,
    WIRE_TYPE_LONG_VARRAW = 95,
    WIRE_TYPE_CHAR = 96,
    WIRE_TYPE_CHARZ = 97,
    WIRE_TYPE_BINARY_FLOAT = 100,
    WIRE_TYPE_BINARY_DOUBLE = 101,
    WIRE_TYPE_CURSOR = 102,
    WIRE_TYPE_ROWID_DESCRIPTOR = 104,
    WIRE_TYPE_OBJECT = 109,
    WIRE_TYPE_CLOB = 112,
    WIRE_TYPE_BLOB = 113,
    WIRE_TYPE_BFILE = 114,
    WIRE_TYPE_RESULT_SET = 116,
    WIRE_TYPE_JSON = 119,
    WIRE_TYPE_VECTOR = 127,
    WIRE_TYPE_TIMESTAMP = 180,
    WIRE_TYPE_TIMESTAMP_TZ = 181,
    WIRE_TYPE_INTERVAL_YM = 182,
    WIRE_TYPE_INTERVAL_DS = 183,
    WIRE_TYPE_TIMESTAMP_DESCRIPTOR = 187,
    WIRE_TYPE_TIMESTAMP_TZ_DESCRIPTOR = 188,
    WIRE_TYPE_INTERVAL_YM_DESCRIPTOR = 189,
    WIRE_TYPE_INTERVAL_DS_DESCRIPTOR = 190,
    WIRE_TYPE_UROWID = 208,
    WIRE_TYPE_TIMESTAMP_LTZ = 231,
    WIRE_TYPE_TIMESTAMP_LTZ_DESCRIPTOR = 232,
    WIRE_TYPE_BOOLEAN = 252,
};
enum { WIRE_FORM_DATABASE = 1, WIRE_FORM_NATIONAL = 2 };
enum { WIRE_OAC_ARRAY = 0x40, WIRE_OAC_CHARACTER = 0x80 };
enum { WIRE_OAC_REPEATED = 0x80 }; /* all flags of a bind that has no value of its own: it has that of the first one of its name (go-ora) */
enum { WIRE_CONTINUE_LOB_PREFETCH = 0x2000000 };

/* A type descriptor (OAC) of a bind, a define or a column: docs/protocol.md 8.4. */
struct wire_oac {
    uint8_t type, flags, precision;
    int16_t scale;         /* -127 with precision 0: plain NUMBER */
    uint32_t size_max;     /* bytes; 0 on a column: null by describe, no value bytes in rows */
    uint32_t elements_max; /* index-by tables */
    uint64_t continue_flags;
    uint16_t charset;
    uint8_t form;            /* WIRE_FORM_* */
    uint32_t characters_max; /* or LOB prefetch length with WIRE_CONTINUE_LOB_PREFETCH */
};
struct wire_column {
    struct wire_oac oac;
    bool nullable;
    char *name;                    /* UTF-8, owned by the cursor */
    char *type_schema, *type_name; /* objects; else NULL */
};
enum wire_direction { WIRE_DIRECTION_UNKNOWN = 0, WIRE_OUT = 16, WIRE_IN = 32, WIRE_IN_OUT = 48 };

struct wire_row; /* reply.h: the previous row, for bit vectors */
struct wire_cursor {
    uint32_t id; /* the id on this connection; 0 while pending */
    char *sql;   /* UTF-8, NUL-terminated, without trailing NULs; NULL: a REF CURSOR or implicit result */
    size_t sql_size;
    bool plsql, query, dml; /* by the statement's first word (comments and hints skipped), and RETURNING INTO below */
    uint32_t return_binds;  /* binds after RETURNING .. INTO; they are the last ones */
    struct wire_oac *binds;
    uint32_t bind_count;
    uint8_t *directions; /* enum wire_direction for each bind; NULL before an IO_VECTOR */
    struct wire_column *columns;
    uint32_t column_count;
    struct wire_oac *defines;
    uint32_t define_count;     /* 0: values come as described */
    struct wire_row *previous; /* last row seen, kept across fetch calls */
    uint64_t rows_fetched;     /* since the last execute */
    uint64_t executions;
    void *owner;                     /* the engine's half of this cursor */
    bool directions_lost;            /* a reply of PL/SQL could not be followed: which binds a short re-execution carries is not known */
    struct wire_cursor_state *state; /* the table's own: how it is filed, what memory it holds */
};

/* Fills plsql, query, dml and return_binds from a statement's text, by the same reading as the drivers' (they decide what they send). */
void wire_cursor_classify(struct view sql, struct wire_cursor *cursor);

/* Fills first_of[i] with the number of the first placeholder that has the name of the i-th, by the same reading; answers how many there are in all. */
uint32_t wire_statement_same_names(struct view sql, uint32_t *first_of, uint32_t count);

struct wire_cursor_table;
struct wire_cursor_table *wire_cursor_table_new(uint32_t cursor_max, void (*owner_free)(void *owner));
void wire_cursor_table_free(struct wire_cursor_table *table);
struct wire_cursor *wire_cursor_find(struct wire_cursor_table *table, uint32_t id);     /* NULL: unknown */
struct wire_cursor *wire_cursor_make(struct wire_cursor_table *table, struct view sql); /* pending; NULL: the limit is reached */
void wire_cursor_bind_id(struct wire_cursor_table *table, struct wire_cursor *cursor, uint32_t id);   /* releases what had the id */
void wire_cursor_set_binds(struct wire_cursor *cursor, const struct wire_oac *binds, uint32_t count); /* forgets directions */
/* Copies. Only what is a LOB, JSON, VECTOR or LONG is sent as it is defined; any other column keeps its own type and form: the client converts. python-oracledb
 * says a NUMBER or a ROWID as text in a define (it must define all columns if one is a LOB) and reads the bytes as the NUMBER or ROWID of the description. */
void wire_cursor_set_defines(struct wire_cursor *cursor, const struct wire_oac *defines, uint32_t count);
void wire_cursor_set_columns(struct wire_cursor *cursor, const struct wire_column *columns,
                             uint32_t count); /* copies; forgets defines and previous row */
void wire_cursor_set_directions(struct wire_cursor *cursor, const uint8_t *directions, uint32_t count);
void wire_cursor_release(struct wire_cursor_table *table, struct wire_cursor *cursor); /* removes and frees */
void wire_cursor_close_id(struct wire_cursor_table *table, uint32_t id);               /* unknown ids are ignored */
/* Releases every entry. For when bytes went by that may have closed cursors or parsed new ones: each id is unknown from then on. */
void wire_cursor_table_clear(struct wire_cursor_table *table);
uint32_t wire_cursor_count(const struct wire_cursor_table *table);
/* Server half: the smallest id >= first that is free. */
uint32_t wire_cursor_free_id(struct wire_cursor_table *table, uint32_t first);
void wire_cursor_each(struct wire_cursor_table *table, void (*visit)(struct wire_cursor *cursor, void *context), void *context);

#endif
