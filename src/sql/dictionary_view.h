/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The views of the source's dictionary that drivers and mappers read, and that the target has over its own catalog (runtime/65_dictionary.sql):
 * ALL_, DBA_ and USER_ of tables, columns, keys, indexes, sequences, comments and their kin, with the columns that the target can say something of.
 */
#ifndef SQL_DICTIONARY_VIEW_H
#define SQL_DICTIONARY_VIEW_H

#include "sql/resolve.h"

/* Is the item (without a schema, or of SYS) such a view? Then the relation gets its columns and its name on the target. The answer is the target's, so
 * the statement is approximate and not comparable. */
bool dictionary_view_resolve(struct translation *t, const struct from_item *item, struct relation *r);

/* Every view: name on the source and its columns, divided by blanks; "-": not in USER_.., "#": a number, "@": a date. False: there are no more. */
bool dictionary_view_at(uint32_t i, const char **name, const char **columns);

#endif
