/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by refused*.c only: the form in which a refused transaction is kept (big-endian). */
#ifndef ENGINE_REFUSED_PRIVATE_H
#define ENGINE_REFUSED_PRIVATE_H

#include "engine/refused.h"

/*
 * 'R', u32 size: u16 size and name of the table, u8 bits (1: there is a row, else it was deleted; 2: the source had one; 4: the source was asked; 8: it has a key),
 * u64 hash of the source's row, the key's values, and the row's if there is one. 'S', u32 size: a record (engine/record.h).
 */
void refused_encode_row(struct buffer *out, const struct row_map *map, const struct row *row,
                        const struct row *source /* NULL: not known */);
void refused_encode_record(struct buffer *out, struct view record);

#endif
