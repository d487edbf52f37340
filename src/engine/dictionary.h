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

/* What the engine knows of a table beyond the catalog; set before the catalog is published (sql_table.owner). */
enum dictionary_fact {
    TABLE_TRIGGERS_SPREAD = 1, /* a trigger of it may write other tables */
    TABLE_CASCADES = 2,        /* a delete of its rows changes rows of other tables (ON DELETE CASCADE, SET NULL) */
};
static inline unsigned dictionary_facts(const struct sql_table *table)
{
    return (unsigned)(uintptr_t)table->owner;
}
/* A write to it may change rows that its statement does not name. */
static inline bool dictionary_table_spreads(const struct sql_table *table)
{
    return dictionary_facts(table) != 0;
}

/* Does the name belong to an object that a database keeps for itself (recycle bin, logs, parts of indexes and identities) or that is ours, and not to the
 * application's? */
bool dictionary_is_internal(struct view name);
/* A catalog is the caller's until it is published in struct engine; from then on it lives to the end. dictionary_load asks both databases (errors as source_run's and
 * pg_run's; ERROR_LIMIT: more than ENGINE_TABLE_MAX tables); dictionary_save keeps it in the state store, from which dictionary_restore makes it while
 * a database is away (ERROR_NOT_FOUND: nothing was kept). Background threads. */
struct sql_catalog *dictionary_load(struct engine *engine, struct source *source, struct pg *target, uint64_t version,
                                    struct error *error) MUST_USE;
bool dictionary_save(struct engine *engine, const struct sql_catalog *catalog, struct error *error) MUST_USE;
struct sql_catalog *dictionary_restore(struct engine *engine, uint64_t version, struct error *error) MUST_USE;
/* The tables UNDERSTUDY_* on the source, as far as they are there: ERROR_CONFIG if one is not as we need it (columns, primary key), with what to do. Makes nothing. */
bool epoch_check_source(struct source *source, bool *all_there, struct error *error) MUST_USE;
/* The tables that both sides need for epochs and positions, made if missing. The source's are checked as above. */
bool epoch_prepare_source(struct source *source, struct error *error) MUST_USE;
bool epoch_prepare_target(struct pg *target, struct error *error) MUST_USE;
/* Epoch rows on both sides (I6). The source's table UNDERSTUDY_EPOCH is made if missing. */
bool epoch_write_source(struct source *source, uint64_t epoch, enum engine_side primary, struct error *error) MUST_USE;
/* lsn (may be NULL): where its message stands in the target's log. ERROR_STATE: the target knows of a later epoch. */
bool epoch_write_target(struct pg *target, uint64_t epoch, enum engine_side primary, uint64_t *lsn, struct error *error) MUST_USE;
bool epoch_read_source(struct source *source, uint64_t *epoch, struct error *error) MUST_USE;
bool epoch_read_target(struct pg *target, uint64_t *epoch, struct error *error) MUST_USE;
/* A proxy must not go on that knows of fewer switches than the databases do: another one has switched since, or our state store is an older copy. Reads what stands there, makes nothing;
 * either may be NULL (not there). False with ERROR_STATE: stale; with another code: it could not be read. */
bool epoch_is_ours(struct source *source, struct pg *target, uint64_t epoch, struct error *error) MUST_USE;

#endif
