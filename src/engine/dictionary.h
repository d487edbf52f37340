/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dictionary: reads the source's data dictionary (or, with the source gone, the copy kept in the state store) into a catalog, and looks up the target's
 * column types so that target_type is known. A table without a counterpart on the target stays in the catalog with target "" (its statements are refused,
 * its writes are gaps).
 */
#ifndef ENGINE_DICTIONARY_H
#define ENGINE_DICTIONARY_H

#include "engine/source.h"
#include "pg/connection.h"

struct sql_catalog *dictionary_load(struct engine *engine, struct source *source, struct pg *target, uint64_t version, struct error *error) MUST_USE;
bool dictionary_save(struct engine *engine, const struct sql_catalog *catalog, struct error *error) MUST_USE;
struct sql_catalog *dictionary_restore(struct engine *engine, uint64_t version, struct error *error) MUST_USE;
/* Epoch rows on both sides (I6). The source's table UNDERSTUDY_EPOCH is made if missing. */
bool epoch_write_source(struct source *source, uint64_t epoch, enum engine_side primary, struct error *error) MUST_USE;
bool epoch_write_target(struct pg *target, uint64_t epoch, enum engine_side primary, uint64_t *lsn, struct error *error) MUST_USE;
bool epoch_read_source(struct source *source, uint64_t *epoch, struct error *error) MUST_USE;
bool epoch_read_target(struct pg *target, uint64_t *epoch, struct error *error) MUST_USE;

#endif
