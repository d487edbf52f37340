/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that the project's translator and row maps make for the simulation's two tables: the target knows them by heart. */
#ifndef TESTS_SIM_TEXTS_H
#define TESTS_SIM_TEXTS_H

#include "tests/sim/sim.h"

enum known_kind { KNOWN_STATEMENT, KNOWN_RETURNING, KNOWN_UPSERT, KNOWN_INSERT, KNOWN_DELETE };
struct known {
    const char *text;
    enum known_kind kind;
    int table;
    const struct sim_statement *statement;
    const struct sql_plan *plan;
};
const struct known *known_of(const char *text); /* NULL: none of them */

#endif
