/* SPDX-License-Identifier: Apache-2.0 */
/* State: rows of commits in doubt that are to be looked at again, so that a restart goes on with it. */
#include "store/state_database.h"

static bool one(struct state *state, const char *sql, const struct state_late *late, bool with_time, struct error *error)
{
    struct state_statement statement = state_begin(state, sql);
    state_bind_text(&statement, late->table);
    state_bind_view(&statement, late->key);
    if (with_time) state_bind_i64(&statement, late->noted_us);
    state_step(&statement);
    return state_finish(&statement, "rows to look at again", error);
}

static bool all(struct state *state, const char *sql, const struct state_late *list, uint32_t count, bool with_time, struct error *error)
{
    if (count == 0) return true;
    pthread_mutex_lock(&state->lock); /* nobody else's statement is to stand between BEGIN and COMMIT */
    bool good = state_execute(state, "BEGIN IMMEDIATE", error);
    for (uint32_t i = 0; good && i < count; i++) good = one(state, sql, &list[i], with_time, error);
    good = good && state_execute(state, "COMMIT", error);
    if (!good) (void)!state_execute(state, "ROLLBACK", NULL);
    pthread_mutex_unlock(&state->lock);
    return good;
}

bool state_late_put(struct state *state, const struct state_late *list, uint32_t count, struct error *error)
{
    return all(state, "INSERT INTO late (tab, key, noted_us) VALUES (?1, ?2, ?3) ON CONFLICT (tab, key) DO UPDATE SET noted_us = ?3", list,
               count, true, error);
}

bool state_late_drop(struct state *state, const struct state_late *list, uint32_t count, struct error *error)
{
    return all(state, "DELETE FROM late WHERE tab = ?1 AND key = ?2", list, count, false, error);
}

void state_late_each(struct state *state, state_late_visit *visit, void *context)
{
    struct state_statement statement = state_begin(state, "SELECT tab, key, noted_us FROM late ORDER BY noted_us");
    while (state_step(&statement)) {
        struct state_late late = {.key = state_column_view(&statement, 1), .noted_us = state_column_i64(&statement, 2)};
        state_column_text(&statement, 0, late.table, sizeof late.table);
        visit(context, &late);
    }
    state_finish(&statement, "rows to look at again", NULL);
}
