/* SPDX-License-Identifier: Apache-2.0 */
/* Repair: open divergences with a key are reconciled through the mirror's order and proven equal by the checker; divergent reads are run again. */
#include "control/daemon.h"

#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

struct repair {
    struct daemon *daemon;
    const uint64_t *ids;
    uint32_t count, queued;
};

struct repaired {
    struct daemon *daemon;
    uint64_t id;
    const struct sql_table *table;
    struct buffer key;
};

static void reconciled(void *context, const struct row *before, const struct row *after, bool changed, const struct error *error)
{
    struct repaired *repaired = context;
    (void)before, (void)after;
    if (error && error->code != ERROR_NONE)
        LOG(LOG_ERROR, "repair.failed", log_u64("divergence", repaired->id), log_failure(error));
    else {
        if (changed) engine_count(&repaired->daemon->engine, COUNT_ROWS_REPAIRED, 1);
        (void)checker_add(repaired->daemon->checker, CHECK_REPAIR, repaired->table, buffer_view(&repaired->key), 0, NULL);
    }
    buffer_release(&repaired->key);
    memory_free(repaired);
}

static void repair_one(void *context, const struct state_divergence *divergence)
{
    struct repair *repair = context;
    bool wanted = repair->ids == NULL;
    for (uint32_t i = 0; i < repair->count && !wanted; i++) wanted = repair->ids[i] == divergence->id;
    if (!wanted || divergence->key.size == 0) return;
    const struct sql_catalog *catalog = atomic_load(&repair->daemon->engine.catalog);
    const char *name = strchr(divergence->table, '.') ? strchr(divergence->table, '.') + 1 : divergence->table;
    const struct sql_table *table = catalog ? sql_catalog_table(catalog, repair->daemon->engine.options.source_schema, NULL, name) : NULL;
    if (!table) return;
    struct repaired *repaired = memory_zero(1, sizeof *repaired);
    repaired->daemon = repair->daemon;
    repaired->id = divergence->id;
    repaired->table = table;
    buffer_init(&repaired->key, 0);
    buffer_append_view(&repaired->key, divergence->key);
    mirror_reconcile(repair->daemon->mirror, table, divergence->key, reconciled, repaired);
    repair->queued++;
}

bool repair_start(struct daemon *daemon, const uint64_t *ids, uint32_t count, uint32_t *queued, struct error *error)
{
    if (!atomic_load(&daemon->engine.catalog)) return error_set(error, ERROR_STATE, "the dictionary has not been read yet");
    struct repair repair = {.daemon = daemon, .ids = ids, .count = count};
    state_divergence_each(daemon->engine.state, "open", 100000, repair_one, &repair);
    *queued = repair.queued;
    if (!checker_drain(daemon->checker, 2000)) LOG(LOG_INFO, "repair.going_on", log_u64("queued", repair.queued));
    shadow_recheck_open(daemon->shadow);
    return true;
}
