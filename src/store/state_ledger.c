/* SPDX-License-Identifier: Apache-2.0 */
/* State: the ledgers of divergences, refused transactions and gaps. */
#include "store/state_database.h"

#include "base/memory.h"

/* ---- divergences ---- */

static int64_t time_or_now(int64_t us)
{
    return us ? us : state_now_us();
}

/* Cut at a character, as the ledger gives it back. */
static void bind_cut(struct state_statement *statement, const char *text, size_t size)
{
    char *copy = memory_string_of(text, strnlen(text, size - 1));
    state_bind_text(statement, copy);
    memory_free(copy);
}

bool state_divergence_add(struct state *state, const struct state_divergence *divergence, uint64_t *id, struct error *error)
{
    struct state_statement statement = state_begin(
        state, "INSERT INTO divergence (found_us, origin, tab, key_text, fingerprint, statement, source_row, target_row, reason, status, "
               "note, key,"
               " csn, last_us, refused) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'open', ?10, ?11, ?12, ?1, ?13)"
               " ON CONFLICT (tab, key, key_text, origin, fingerprint) WHERE status = 'open' DO UPDATE SET seen = seen + 1,"
               " last_us = excluded.last_us, source_row = excluded.source_row, target_row = excluded.target_row, reason = excluded.reason,"
               " csn = excluded.csn, refused = excluded.refused RETURNING id");
    const struct state_divergence *d = divergence;
    state_bind_i64(&statement, time_or_now(d->found_us));
    bind_cut(&statement, d->origin, sizeof d->origin);
    bind_cut(&statement, d->table, sizeof d->table);
    bind_cut(&statement, d->key_text, sizeof d->key_text);
    state_bind_u64(&statement, d->fingerprint);
    bind_cut(&statement, d->statement, sizeof d->statement);
    bind_cut(&statement, d->source_row, sizeof d->source_row);
    bind_cut(&statement, d->target_row, sizeof d->target_row);
    bind_cut(&statement, d->reason, sizeof d->reason);
    bind_cut(&statement, d->note, sizeof d->note);
    state_bind_view(&statement, d->key);
    state_bind_u64(&statement, d->csn);
    state_bind_u64(&statement, d->refused);
    if (state_step(&statement)) {
        if (id) *id = (uint64_t)state_column_i64(&statement, 0);
        state_step(&statement);
    }
    return state_finish(&statement, "divergence", error);
}

bool state_divergence_close(struct state *state, uint64_t id, const char *status, const char *note, struct error *error)
{
    struct state_statement statement =
        state_begin(state, "UPDATE divergence SET status = ?, note = ?, closed_us = ? WHERE id = ? AND status = 'open' RETURNING id");
    state_bind_text(&statement, status);
    state_bind_text(&statement, note);
    state_bind_i64(&statement, state_now_us());
    state_bind_u64(&statement, id);
    bool found = state_step(&statement);
    if (found) state_step(&statement);
    if (!state_finish(&statement, "divergence", error)) return false;
    return found || error_set(error, ERROR_NOT_FOUND, "no open divergence %llu", (unsigned long long)id);
}

static void read_divergence(const struct state_statement *statement, struct state_divergence *out)
{
    out->id = (uint64_t)state_column_i64(statement, 0);
    out->found_us = state_column_i64(statement, 1);
    out->closed_us = state_column_i64(statement, 2);
    state_column_text(statement, 3, out->origin, sizeof out->origin);
    state_column_text(statement, 4, out->table, sizeof out->table);
    state_column_text(statement, 5, out->key_text, sizeof out->key_text);
    out->fingerprint = (uint64_t)state_column_i64(statement, 6);
    state_column_text(statement, 7, out->statement, sizeof out->statement);
    state_column_text(statement, 8, out->source_row, sizeof out->source_row);
    state_column_text(statement, 9, out->target_row, sizeof out->target_row);
    state_column_text(statement, 10, out->reason, sizeof out->reason);
    state_column_text(statement, 11, out->status, sizeof out->status);
    state_column_text(statement, 12, out->note, sizeof out->note);
    out->key = state_column_view(statement, 13);
    out->csn = (uint64_t)state_column_i64(statement, 14);
    out->seen = (uint64_t)state_column_i64(statement, 15);
    out->last_us = state_column_i64(statement, 16);
    out->refused = (uint64_t)state_column_i64(statement, 17);
}

void state_divergence_each(struct state *state, const char *status, uint32_t limit, state_divergence_visit *visit, void *context)
{
    struct state_statement statement = state_begin(
        state,
        "SELECT id, found_us, closed_us, origin, tab, key_text, fingerprint, statement, source_row, target_row, reason, status, note, key,"
        " csn, seen, last_us, refused FROM divergence WHERE ?1 = '' OR status = ?1 ORDER BY id DESC LIMIT ?2");
    state_bind_text(&statement, status);
    state_bind_i64(&statement, limit ? (int64_t)limit : -1);
    struct state_divergence *divergence = memory_zero(1, sizeof *divergence);
    while (state_step(&statement)) {
        read_divergence(&statement, divergence);
        visit(context, divergence);
    }
    memory_free(divergence);
    state_finish(&statement, "divergences", NULL);
}

uint64_t state_divergence_count(struct state *state, const char *status)
{
    struct state_statement statement = state_begin(state, "SELECT count(*) FROM divergence WHERE ?1 = '' OR status = ?1");
    state_bind_text(&statement, status);
    uint64_t count = state_step(&statement) ? (uint64_t)state_column_i64(&statement, 0) : 0;
    /* A count that cannot be read must not look like "none": the gate would open. */
    return state_finish(&statement, "divergences", NULL) ? count : UINT64_MAX;
}

/* ---- refused transactions ---- */

bool state_refused_put(struct state *state, uint64_t csn, struct view payload, uint64_t *id, struct error *error)
{
    struct state_statement statement = state_begin(state, "INSERT INTO refused (csn, found_us, payload) VALUES (?1, ?2, ?3)"
                                                          " ON CONFLICT (csn) WHERE csn <> 0 DO UPDATE SET payload = excluded.payload"
                                                          " RETURNING id");
    state_bind_u64(&statement, csn);
    state_bind_i64(&statement, state_now_us());
    state_bind_view(&statement, payload);
    if (state_step(&statement)) {
        *id = (uint64_t)state_column_i64(&statement, 0);
        state_step(&statement);
    }
    return state_finish(&statement, "refused transaction", error);
}

bool state_refused_get(struct state *state, uint64_t id, uint64_t *csn, struct buffer *payload, struct error *error)
{
    struct state_statement statement = state_begin(state, "SELECT csn, payload FROM refused WHERE id = ?");
    state_bind_u64(&statement, id);
    bool found = state_step(&statement);
    if (found) {
        *csn = (uint64_t)state_column_i64(&statement, 0);
        buffer_append_view(payload, state_column_view(&statement, 1));
        state_step(&statement);
    }
    if (!state_finish(&statement, "refused transaction", error)) return false;
    return found || error_set(error, ERROR_NOT_FOUND, "no refused transaction %llu", (unsigned long long)id);
}

bool state_refused_close(struct state *state, uint64_t id, const char *status, const char *note, struct error *error)
{
    struct state_statement statement = state_begin(
        state,
        "UPDATE divergence SET status = ?, note = ?, closed_us = ? WHERE refused = ? AND refused <> 0 AND status = 'open' RETURNING id");
    state_bind_text(&statement, status);
    state_bind_text(&statement, note);
    state_bind_i64(&statement, state_now_us());
    state_bind_u64(&statement, id);
    bool found = state_step(&statement);
    if (found)
        while (state_step(&statement)) {}
    if (!state_finish(&statement, "refused transaction", error)) return false;
    return found || error_set(error, ERROR_NOT_FOUND, "no open divergence is part of a refused transaction %llu", (unsigned long long)id);
}

uint64_t state_refused_open(struct state *state, uint64_t *ids, uint32_t max)
{
    struct state_statement statement =
        state_begin(state, "SELECT DISTINCT refused FROM divergence WHERE refused <> 0 AND status = 'open' ORDER BY refused");
    uint64_t count = 0;
    for (; state_step(&statement); count++)
        if (count < max) ids[count] = (uint64_t)state_column_i64(&statement, 0);
    return state_finish(&statement, "refused transactions", NULL) ? count : UINT64_MAX;
}

/* ---- gaps ---- */

bool state_gap_add(struct state *state, const struct state_gap *gap, uint64_t *id, struct error *error)
{
    struct state_statement statement =
        state_begin(state, "INSERT INTO gap (from_us, to_us, from_csn, to_csn, tab, reason) VALUES (?, ?, ?, ?, ?, ?) RETURNING id");
    state_bind_i64(&statement, gap->from_us);
    state_bind_i64(&statement, time_or_now(gap->to_us));
    state_bind_u64(&statement, gap->from_csn);
    state_bind_u64(&statement, gap->to_csn);
    bind_cut(&statement, gap->table, sizeof gap->table);
    bind_cut(&statement, gap->reason, sizeof gap->reason);
    if (state_step(&statement)) {
        if (id) *id = (uint64_t)state_column_i64(&statement, 0);
        state_step(&statement);
    }
    return state_finish(&statement, "gap", error);
}

bool state_gap_clear(struct state *state, const char *table, uint64_t up_to_id, const char *by, struct error *error)
{
    struct state_statement statement =
        state_begin(state, "UPDATE gap SET cleared_us = ?, cleared_by = ? WHERE cleared_us = 0 AND tab = ? AND id <= ?");
    state_bind_i64(&statement, state_now_us());
    state_bind_text(&statement, by);
    state_bind_text(&statement, table);
    state_bind_u64(&statement, up_to_id > INT64_MAX ? INT64_MAX : up_to_id);
    state_step(&statement);
    return state_finish(&statement, "gap", error);
}

void state_gap_each(struct state *state, bool open_only, state_gap_visit *visit, void *context)
{
    struct state_statement statement =
        state_begin(state, "SELECT id, from_us, to_us, cleared_us, from_csn, to_csn, tab, reason, cleared_by FROM gap"
                           " WHERE ?1 = 0 OR cleared_us = 0 ORDER BY id");
    state_bind_i64(&statement, open_only);
    while (state_step(&statement)) {
        struct state_gap gap = {.id = (uint64_t)state_column_i64(&statement, 0),
                                .from_us = state_column_i64(&statement, 1),
                                .to_us = state_column_i64(&statement, 2),
                                .cleared_us = state_column_i64(&statement, 3),
                                .from_csn = (uint64_t)state_column_i64(&statement, 4),
                                .to_csn = (uint64_t)state_column_i64(&statement, 5)};
        state_column_text(&statement, 6, gap.table, sizeof gap.table);
        state_column_text(&statement, 7, gap.reason, sizeof gap.reason);
        state_column_text(&statement, 8, gap.cleared_by, sizeof gap.cleared_by);
        visit(context, &gap);
    }
    state_finish(&statement, "gaps", NULL);
}
