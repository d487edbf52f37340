/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refused transactions: the target acknowledged them while it was primary, and the source refuses them when they are brought there (somebody has added a constraint or a row, a trigger
 * raises an error). Nobody may wait for that, and nothing may be lost by it: what they wrote is kept in the state store with a divergence for every row (as acknowledged, and as the source
 * has it), their tables are in a gap, and the transactions after them go on. What is equal on both sides afterwards does not close such a divergence while the source is primary: both
 * may lack the write. It ends by refused_again, or by somebody who signs for it (state_refused_close, "waived").
 *
 * One thread for each struct refused; refused_again: any thread but the mirror's and the reverse's.
 */
#ifndef ENGINE_REFUSED_H
#define ENGINE_REFUSED_H

#include "engine/reverse_private.h"

struct refused; /* a transaction that is being gathered */
struct refused *refused_new(struct engine *engine, uint64_t csn /* 0: not of one of our clients */);
void refused_free(struct refused *refused);
void refused_row(struct refused *refused, const struct row_map *map,
                 const struct row *row);                                        /* as acknowledged; not found: deleted. Copied */
void refused_write(struct refused *refused, const struct reverse_write *write); /* one of the journal's records. Copied */
/* Ledger and gaps, durable. The source is asked for its rows; NULL or lost: they are not known. */
bool refused_keep(struct refused *refused, struct source *source, const struct error *why, struct error *error) MUST_USE;

/* While the source is primary: does it again there, in one transaction of its own, and closes its divergences. A row that has been changed since it was refused is not written over:
 * ERROR_STATE. `written` is called for every key after the commit, so that the mirror brings it to the target. The source notes that it was done (UNDERSTUDY_APPLIED, 'refused CSN'), so that
 * one whose end was not seen can be asked for again and is not done twice. */
typedef void refused_written(void *context, const struct sql_table *table, struct view encoded_key);
bool refused_again(struct engine *engine, uint64_t id, refused_written *written, void *context, struct error *error) MUST_USE;

#endif
