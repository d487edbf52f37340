/* SPDX-License-Identifier: Apache-2.0 */
/* Names on the target: folding, shortening to PostgreSQL's 63 bytes, quoting. */
#ifndef SQL_NAME_H
#define SQL_NAME_H

#include "base/buffer.h"
#include "sql/translation.h"

/* A folded source name as the target calls it: all upper case becomes lower case, others stay; longer than 63 bytes is shortened
 * with a hash at its end, the same way always. */
struct view name_to_target(struct translation *t, struct view name);
void name_write(struct buffer *out, struct view target); /* quoted where needed */
void string_write(struct buffer *out, struct view text); /* '..' with quotes doubled; E'..' is never needed */

#endif
