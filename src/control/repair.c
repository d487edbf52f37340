/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repair: open divergences with a key are reconciled through the mirror's order and proven equal by the checker; divergent reads are run again. Transactions that the source refused at a
 * rollback are done again there first: to make both sides equal would lose them.
 */
#include "control/daemon.h"

#include "engine/refused.h"

#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

enum { OPEN_MAX = 100000 };

struct repair {
    struct daemon *daemon;
    const uint64_t *ids;
    uint32_t count;
    uint64_t refused[LIMIT_REPAIR_REFUSED];
    uint32_t refused_count;
    struct repair_result *result;
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

static void queue(struct repair *repair, const struct sql_table *table, struct view key, uint64_t id)
{
    struct repaired *repaired = memory_zero(1, sizeof *repaired);
    repaired->daemon = repair->daemon;
    repaired->id = id;
    repaired->table = table;
    buffer_init(&repaired->key, 0);
    buffer_append_view(&repaired->key, key);
    mirror_reconcile(repair->daemon->mirror, table, key, reconciled, repaired);
    repair->result->queued++;
}

static void want_refused(struct repair *repair, uint64_t id)
{
    uint32_t at = 0;
    while (at < repair->refused_count && repair->refused[at] < id) at++;
    if ((at < repair->refused_count && repair->refused[at] == id) || repair->refused_count == LIMIT_REPAIR_REFUSED) return;
    memmove(&repair->refused[at + 1], &repair->refused[at], sizeof repair->refused[0] * (repair->refused_count - at));
    repair->refused[at] = id;
    repair->refused_count++;
}

static void repair_one(void *context, const struct state_divergence *divergence)
{
    struct repair *repair = context;
    bool wanted = repair->ids == NULL;
    for (uint32_t i = 0; i < repair->count && !wanted; i++) wanted = repair->ids[i] == divergence->id;
    if (!wanted) return;
    if (divergence->refused && engine_policy(&repair->daemon->engine)->primary == SIDE_SOURCE) {
        want_refused(repair, divergence->refused);
        return;
    }
    if (divergence->key.size == 0) return;
    const struct sql_catalog *catalog = atomic_load(&repair->daemon->engine.catalog);
    const char *name = strchr(divergence->table, '.') ? strchr(divergence->table, '.') + 1 : divergence->table;
    const struct sql_table *table = catalog ? sql_catalog_table(catalog, repair->daemon->engine.options.source_schema, NULL, name) : NULL;
    if (!table) return;
    queue(repair, table, divergence->key, divergence->id);
}

static void again_written(void *context, const struct sql_table *table, struct view encoded_key)
{
    queue(context, table, encoded_key, 0);
}

/* In the order in which they were refused: the later may need the earlier. */
static void again(struct repair *repair)
{
    struct repair_result *result = repair->result;
    for (uint32_t i = 0; i < repair->refused_count; i++) {
        struct error error = {0};
        if (refused_again(&repair->daemon->engine, repair->refused[i], again_written, repair, &error)) {
            result->done_again++;
            continue;
        }
        LOG(LOG_WARNING, "repair.still_refused", log_u64("refused", repair->refused[i]), log_failure(&error));
        if (result->still_refused++ == 0) snprintf(result->why, sizeof result->why, "%.300s", error.text);
    }
}

bool repair_start(struct daemon *daemon, const uint64_t *ids, uint32_t count, struct repair_result *result, struct error *error)
{
    memset(result, 0, sizeof *result);
    if (!atomic_load(&daemon->engine.catalog)) return error_set(error, ERROR_STATE, "the dictionary has not been read yet");
    struct repair *repair = memory_zero(1, sizeof *repair);
    *repair = (struct repair){.daemon = daemon, .ids = ids, .count = count, .result = result};
    mutex_lock(&daemon->command); /* the roles stay as they are meanwhile */
    state_divergence_each(daemon->engine.state, "open", OPEN_MAX, repair_one, repair);
    again(repair);
    mutex_unlock(&daemon->command);
    memory_free(repair);
    if (!checker_drain(daemon->checker, 2000)) LOG(LOG_INFO, "repair.going_on", log_u64("queued", result->queued));
    shadow_recheck_open(daemon->shadow);
    return true;
}

struct refused_search {
    uint64_t id;
    bool open;
};
static void look_for_refused(void *context, const struct state_divergence *divergence)
{
    struct refused_search *search = context;
    search->open |= divergence->refused == search->id;
}

bool repair_waive(struct daemon *daemon, uint64_t id, const char *author, const char *reason, struct error *error)
{
    struct refused_search search = {.id = id};
    state_divergence_each(daemon->engine.state, "open", OPEN_MAX, look_for_refused, &search);
    if (!id || !search.open) /* before the audit log says that somebody signed for it */
        return error_set(error, ERROR_NOT_FOUND,
                         "no open divergence is part of a refused transaction %llu; `understudy divergences` lists them",
                         (unsigned long long)id);
    char detail[64], note[400];
    snprintf(detail, sizeof detail, "{\"refused\":%llu}", (unsigned long long)id);
    snprintf(note, sizeof note, "%.60s: %.300s", author, reason);
    return state_audit(daemon->engine.state, author, "waiver", reason, detail, error) &&
           state_refused_close(daemon->engine.state, id, "waived", note, error);
}
