/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprint with its text. */
#ifndef SQL_FINGERPRINT_H
#define SQL_FINGERPRINT_H

#include "base/buffer.h"
#include "sql/token.h"
#include "sql/translate.h"

uint64_t fingerprint_write(struct view statement, struct buffer *text); /* text NULL: the hash only */

#endif
