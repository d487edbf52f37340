/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INI reader: [section], then name = value, one a line. A line that starts with # or ; is a comment; so is what follows a # after a blank,
 * unless the value is in double quotes ("a # b", with \" and \\ inside). Names are letters, digits, _ - and . ; a section may hold any text
 * without ]. Every error says file:line and what to write instead.
 */
#ifndef BASE_INI_H
#define BASE_INI_H

#include "base/buffer.h"
#include "base/error.h"

struct ini_place {
    const char *file;
    unsigned line; /* from 1 */
};
/* Called for each pair, in order. The views are valid during the call. False with error stops the reading. */
typedef bool ini_pair(void *context, struct ini_place place, struct view section, struct view name, struct view value, struct error *error);

bool ini_read(struct view text, const char *file, ini_pair *pair, void *context, struct error *error) MUST_USE;

enum { INI_FILE_MAX = 1024 * 1024, INI_VALUE_MAX = 4096 };
/* A whole file into a buffer (which has a maximum), with an error that says what to do. Also for other small files. */
bool ini_load(const char *file, struct buffer *out, struct error *error) MUST_USE;

#endif
