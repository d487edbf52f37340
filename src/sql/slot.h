/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots: places in an application's text for SQL where something else is put in before the statement is sent: &name of SQL*Plus, ${name} and #{name}
 * of mappers, {0}, {name}, {{ name }}, %s, %(name)s, $name, ??. None of these can stand in a statement that the source takes, so whoever reads
 * one knows that this is no text from the wire.
 */
#ifndef SQL_SLOT_H
#define SQL_SLOT_H

#include "base/view.h"

/* Bytes of the slot that begins at `at`; 0: none does. `first`: nothing of a name stands before it; $name and ?? are slots only then. */
size_t slot_size(struct view text, size_t at, bool first);
/* #{name}, #{name,jdbcType=..}, #name#: mappers make a bind of it. Bytes; 0: none. The name is answered in *name. */
size_t slot_bind(struct view text, size_t at, struct view *name);
/* $$..$$ and $tag$..$tag$, PostgreSQL's strings: bytes; 0: none. The text inside is answered in *inside. */
size_t slot_dollar_string(struct view text, size_t at, struct view *inside);

#endif
