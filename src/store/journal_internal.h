/* SPDX-License-Identifier: Apache-2.0 */
/* What journal.c and journal_reader.c share; for nobody else. */
#ifndef STORE_JOURNAL_INTERNAL_H
#define STORE_JOURNAL_INTERNAL_H

#include "store/journal_core.h"

struct journal_core *journal_core_of(struct journal *journal);

#endif
