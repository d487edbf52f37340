/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the stream (reverse.c) and the journal replay (reverse_replay.c). */
#ifndef ENGINE_REVERSE_PRIVATE_H
#define ENGINE_REVERSE_PRIVATE_H

#include "engine/reverse.h"

bool reverse_write_row(struct source *source, const struct row_map *map, const struct row *row, struct error *error) MUST_USE;

#endif
