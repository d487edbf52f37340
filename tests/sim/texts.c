/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/texts.h"

#include <string.h>

enum { KNOWN_MAX = 64 };
static struct known known[KNOWN_MAX];
static uint32_t known_count;
static struct row_maps *maps; /* the texts live in them */

static void learn(const char *text, enum known_kind kind, int table, const struct sim_statement *statement, const struct sql_plan *plan)
{
    if (!text) return;
    CHECK(known_count < KNOWN_MAX);
    known[known_count++] = (struct known){text, kind, table, statement, plan};
}

const struct row_map *sim_map(int table)
{
    const struct sql_catalog *catalog = atomic_load(&sim.engine->catalog);
    return row_map_of(maps, sql_catalog_table(catalog, NULL, "APP", table == TABLE_ITEM ? "ITEM" : "COUNTER"));
}

void target_begin(void)
{
    const struct sql_catalog *catalog = atomic_load(&sim.engine->catalog);
    struct statement_cache *cache = statement_cache_new(sim.engine->statements);
    for (uint32_t i = 0; i < sim_statement_count; i++) {
        const struct sql_plan *plan = statement_plan(statement_of(cache, view_text(sim_statements[i].text), "APP"));
        CHECK(plan->written && (plan->target_text || plan->class_ == SQL_CLASS_IMAGE));
        learn(plan->target_text, KNOWN_STATEMENT, sim_statements[i].table, &sim_statements[i], plan);
        learn(plan->returning_text, KNOWN_RETURNING, sim_statements[i].table, &sim_statements[i], plan);
    }
    statement_cache_free(cache);
    maps = row_maps_new(catalog);
    for (int t = 0; t < SIM_TABLES; t++) {
        const struct row_map *map = row_map_of(maps, sql_catalog_table(catalog, NULL, "APP", t == TABLE_ITEM ? "ITEM" : "COUNTER"));
        learn(map->target_upsert, KNOWN_UPSERT, t, NULL, NULL);
        learn(map->target_insert, KNOWN_INSERT, t, NULL, NULL);
        learn(map->target_delete, KNOWN_DELETE, t, NULL, NULL);
    }
}

const struct known *known_of(const char *text)
{
    for (uint32_t i = 0; i < known_count; i++)
        if (strcmp(known[i].text, text) == 0) return &known[i];
    return NULL;
}
