/* SPDX-License-Identifier: Apache-2.0 */
/* What the cursor table and the request decoder know of an entry beyond wire/cursor.h. Inner header of the wire floor. */
#ifndef WIRE_CURSOR_STATE_H
#define WIRE_CURSOR_STATE_H

#include "wire/cursor.h"

struct wire_cursor_state {
    struct wire_cursor *next, *before; /* among the pending ones; `next` also among the spare ones */
    bool pending;
    bool sql_borrowed;    /* sql lies in the call's arena until wire_cursor_own_sql */
    void *columns_block;  /* the one allocation behind columns and their names */
    uint8_t *fetch_types; /* type that values of a column have been fetched as, kept when columns are described again */
    uint32_t fetch_type_count;
};

/* A pending entry of `kind` (as classified) whose text stays where it is (the call's arena) until wire_cursor_own_sql. Allocates
 * nothing as long as pending entries are owned or released one by one. NULL: the limit is reached. */
struct wire_cursor *wire_cursor_make_borrowed(struct wire_cursor_table *table, char *sql, size_t size, const struct wire_cursor *kind);
void wire_cursor_own_sql(struct wire_cursor_table *table, struct wire_cursor *cursor);
/* Releases entries whose text is still borrowed: their request was neither committed nor abandoned, and its arena is gone. */
void wire_cursor_release_borrowed(struct wire_cursor_table *table);

/* Releases the pending entries but `except` (which may be NULL): no reply will give them an id any more. */
void wire_cursor_release_pending(struct wire_cursor_table *table, const struct wire_cursor *except);

#endif
