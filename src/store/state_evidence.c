/* SPDX-License-Identifier: Apache-2.0 */
/* What was measured of each statement, so that weeks of comparisons outlive the process. */
#include "store/state_database.h"

#include <stdio.h>

static bool put_one(struct state *state, const struct state_evidence *e, struct error *error)
{
    struct state_statement statement = state_begin(
        state, "INSERT OR REPLACE INTO evidence (fingerprint, text, state, kind, class, translation, executions, relayed, served, "
               "comparable, equal,"
               " divergent, noise, not_comparable, retired_comparable, retired_divergent, generation, demoted, waived, reason, updated_us)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    state_bind_u64(&statement, e->fingerprint);
    state_bind_text(&statement, e->text);
    state_bind_i64(&statement, e->state);
    state_bind_i64(&statement, e->kind);
    state_bind_i64(&statement, e->class_);
    state_bind_u64(&statement, e->translation);
    for (uint32_t i = 0; i < EVIDENCE_COUNTERS; i++) state_bind_u64(&statement, e->counters[i]);
    state_bind_i64(&statement, e->demoted);
    state_bind_i64(&statement, e->waived);
    state_bind_text(&statement, e->reason);
    state_bind_i64(&statement, state_now_us());
    state_step(&statement);
    return state_finish(&statement, "evidence", error);
}

bool state_evidence_put(struct state *state, const struct state_evidence *list, uint32_t count, struct error *error)
{
    if (count == 0) return true;
    pthread_mutex_lock(&state->lock); /* nobody else's statement is to stand between BEGIN and COMMIT */
    bool good = state_execute(state, "BEGIN IMMEDIATE", error);
    for (uint32_t i = 0; good && i < count; i++) good = put_one(state, &list[i], error);
    good = good && state_execute(state, "COMMIT", error);
    if (!good) (void)!state_execute(state, "ROLLBACK", NULL);
    pthread_mutex_unlock(&state->lock);
    return good;
}

void state_evidence_each(struct state *state, state_evidence_visit *visit, void *context)
{
    struct state_statement statement = state_begin(
        state,
        "SELECT fingerprint, text, state, kind, class, translation, executions, relayed, served, comparable, equal, divergent, noise,"
        " not_comparable, retired_comparable, retired_divergent, generation, demoted, waived, reason FROM evidence");
    while (state_step(&statement)) {
        struct state_evidence e = {.fingerprint = (uint64_t)state_column_i64(&statement, 0),
                                   .text = state_column_string(&statement, 1),
                                   .state = (int)state_column_i64(&statement, 2),
                                   .kind = (int)state_column_i64(&statement, 3),
                                   .class_ = (int)state_column_i64(&statement, 4),
                                   .translation = (uint64_t)state_column_i64(&statement, 5),
                                   .demoted = state_column_i64(&statement, 6 + EVIDENCE_COUNTERS) != 0,
                                   .waived = state_column_i64(&statement, 7 + EVIDENCE_COUNTERS) != 0};
        for (int i = 0; i < EVIDENCE_COUNTERS; i++) e.counters[i] = (uint64_t)state_column_i64(&statement, 6 + i);
        state_column_text(&statement, 8 + EVIDENCE_COUNTERS, e.reason, sizeof e.reason);
        visit(context, &e);
    }
    state_finish(&statement, "evidence", NULL);
}
