/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts in which several statements stand: scripts, and records of lists that took more than one for one. On the wire a text is always one statement, and
 * sql_translate reads it so; whoever reads files comes here.
 */
#ifndef SQL_SCRIPT_H
#define SQL_SCRIPT_H

#include "sql/translate.h"

/* Takes a script apart as SQL*Plus does: SQL ended by ";" or by "/" on a line of its own, code by "/", commands of SQL*Plus by the end of their line. */
typedef void script_one(void *context, struct view text);
void script_read(struct view text, script_one *one, void *context);

enum {
    SCRIPT_PARTS_MAX = 1000,        /* a record of more is no record: the rest stays in one part */
    SCRIPT_DIVIDED_MAX = 100,       /* statements divided by nothing but empty lines: each is looked for by reading on to the next .. */
    SCRIPT_DIVIDED_BYTES = 64 << 10 /* .. so that longer texts would take long */
};
struct script_part {
    struct view text;      /* into the whole */
    uint32_t line, column; /* place in the whole of its first byte, from 1 */
    struct sql_plan *plan; /* owned */
};
struct script_parts {
    struct script_part *parts; /* at least one */
    uint32_t count;
};
/*
 * Translates a text as one statement; if it cannot be read as one, as several: ended by ";" or "/", or by an empty line, which ends a statement for SQL*Plus, behind
 * which the next one begins. Texts that are one statement with an error in it stay one part.
 */
struct script_parts script_translate(const struct sql_options *options, struct view text);
void script_release(struct script_parts *parts);
/* Of all parts the one whose state is worst: exact, passed, approximate, refused, unparsed; the first of equals. */
const struct script_part *script_worst(const struct script_parts *parts);
/* The texts for the target, divided by ";" and a line's end, the parameters counted on from part to part; NULL: a part has none though it should. Caller frees. */
char *script_target(const struct script_parts *parts);

#endif
