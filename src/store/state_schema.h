/* SPDX-License-Identifier: Apache-2.0 */
/* The state's schema: a list of steps, each with its number; a database is brought from where it is to the last one. */
#ifndef STORE_STATE_SCHEMA_H
#define STORE_STATE_SCHEMA_H

#include "store/state.h"

struct state_schema_step {
    int version;
    const char *what;
    const char *sql;
};
extern const struct state_schema_step state_schema[];
extern const size_t state_schema_count;
/* Brings the open database to the last version, each step in a transaction of its own. A newer database is refused (ERROR_STATE). */
bool state_schema_upgrade(struct state *state, struct error *error) MUST_USE;

#endif
