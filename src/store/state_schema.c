/* SPDX-License-Identifier: Apache-2.0 */
/* The state's schema, step by step. A step that was released is never changed: the next change is a new step. */
#include "store/state_schema.h"

#include "store/state_database.h"
#include <stdio.h>

const struct state_schema_step state_schema[] = {
    {1, "values, progress, divergences, gaps, audit, users",
     "CREATE TABLE value (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
     "CREATE TABLE progress (work TEXT NOT NULL, tab TEXT NOT NULL, status TEXT NOT NULL, position BLOB NOT NULL, row_count INTEGER NOT "
     "NULL,"
     " bytes INTEGER NOT NULL, total INTEGER NOT NULL, updated_us INTEGER NOT NULL, PRIMARY KEY (work, tab)) WITHOUT ROWID;"
     "CREATE TABLE divergence (id INTEGER PRIMARY KEY AUTOINCREMENT, found_us INTEGER NOT NULL, closed_us INTEGER NOT NULL DEFAULT 0,"
     " origin TEXT NOT NULL, tab TEXT NOT NULL, key_text TEXT NOT NULL, fingerprint INTEGER NOT NULL, statement TEXT NOT NULL,"
     " source_row TEXT NOT NULL, target_row TEXT NOT NULL, reason TEXT NOT NULL, status TEXT NOT NULL, note TEXT NOT NULL, key BLOB NOT "
     "NULL,"
     " csn INTEGER NOT NULL, seen INTEGER NOT NULL DEFAULT 1, last_us INTEGER NOT NULL);"
     "CREATE UNIQUE INDEX divergence_open ON divergence (tab, key, key_text, origin, fingerprint) WHERE status = 'open';"
     "CREATE INDEX divergence_status ON divergence (status, id);"
     "CREATE TABLE gap (id INTEGER PRIMARY KEY AUTOINCREMENT, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, cleared_us INTEGER NOT "
     "NULL DEFAULT 0,"
     " from_csn INTEGER NOT NULL, to_csn INTEGER NOT NULL, tab TEXT NOT NULL, reason TEXT NOT NULL, cleared_by TEXT NOT NULL DEFAULT '');"
     "CREATE INDEX gap_open ON gap (tab, id) WHERE cleared_us = 0;"
     "CREATE TABLE audit (id INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, author TEXT NOT NULL, action TEXT NOT NULL, reason TEXT NOT "
     "NULL,"
     " detail TEXT NOT NULL, hash TEXT NOT NULL);"
     "CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is not changed'); END;"
     "CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is not cut'); END;"
     "CREATE TABLE verifier (name TEXT PRIMARY KEY, spare4 TEXT NOT NULL, locked INTEGER NOT NULL) WITHOUT ROWID;"},
    {2, "what was measured of statements",
     "CREATE TABLE evidence (fingerprint INTEGER PRIMARY KEY, text TEXT NOT NULL, state INTEGER NOT NULL, kind INTEGER NOT NULL, class "
     "INTEGER NOT NULL,"
     " translation INTEGER NOT NULL, executions INTEGER NOT NULL, relayed INTEGER NOT NULL, served INTEGER NOT NULL, comparable INTEGER "
     "NOT NULL,"
     " equal INTEGER NOT NULL, divergent INTEGER NOT NULL, noise INTEGER NOT NULL, not_comparable INTEGER NOT NULL, retired_comparable "
     "INTEGER NOT NULL,"
     " retired_divergent INTEGER NOT NULL, generation INTEGER NOT NULL, demoted INTEGER NOT NULL, waived INTEGER NOT NULL, reason TEXT NOT "
     "NULL,"
     " updated_us INTEGER NOT NULL);"},
    {3, "transactions that one side acknowledged and the other refused",
     "CREATE TABLE refused (id INTEGER PRIMARY KEY AUTOINCREMENT, csn INTEGER NOT NULL, found_us INTEGER NOT NULL, payload BLOB NOT NULL);"
     "CREATE UNIQUE INDEX refused_csn ON refused (csn) WHERE csn <> 0;"
     "ALTER TABLE divergence ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;"
     "CREATE INDEX divergence_refused ON divergence (refused) WHERE refused <> 0 AND status = 'open';"},
    {4, "rows of commits in doubt that are looked at again",
     "CREATE TABLE late (tab TEXT NOT NULL, key BLOB NOT NULL, noted_us INTEGER NOT NULL, PRIMARY KEY (tab, key)) WITHOUT ROWID;"},
};
const size_t state_schema_count = sizeof state_schema / sizeof *state_schema;

static bool current_version(struct state *state, int *version, struct error *error)
{
    struct state_statement statement = state_begin(state, "PRAGMA user_version");
    if (state_step(&statement)) *version = (int)state_column_i64(&statement, 0);
    return state_finish(&statement, "cannot read the state's version", error);
}

static bool take_step(struct state *state, const struct state_schema_step *step, struct error *error)
{
    char version[64];
    snprintf(version, sizeof version, "PRAGMA user_version = %d", step->version);
    if (state_execute(state, "BEGIN IMMEDIATE", error) && state_execute(state, step->sql, error) && state_execute(state, version, error) &&
        state_execute(state, "COMMIT", error))
        return true;
    (void)!state_execute(state, "ROLLBACK", NULL);
    return error_prefix(error, "state, step %d (%s)", step->version, step->what);
}

bool state_schema_upgrade(struct state *state, struct error *error)
{
    int version = 0, newest = state_schema[state_schema_count - 1].version;
    if (!current_version(state, &version, error)) return false;
    if (version > newest)
        return error_set(error, ERROR_STATE, "the state is of version %d, this program knows up to %d: start the newer program", version,
                         newest);
    for (size_t i = 0; i < state_schema_count; i++)
        if (state_schema[i].version > version && !take_step(state, &state_schema[i], error)) return false;
    return true;
}
