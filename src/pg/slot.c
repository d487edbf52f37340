/* SPDX-License-Identifier: Apache-2.0 */
/* Replication slots and publications: made if missing, dropped if there. */
#include "pg/replication.h"

#include "base/clock.h"
#include <stdio.h>

enum { CONNECT_MS = 10000, DROP_TRIES = 50, DROP_PAUSE_US = 100000 };

static bool parse_lsn(struct view text, uint64_t *lsn)
{
    char copy[32];
    unsigned high, low;
    if (text.size >= sizeof copy) return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    if (sscanf(copy, "%X/%X", &high, &low) != 2) return false;
    *lsn = (uint64_t)high << 32 | low;
    return true;
}

/* Runs `format` with one quoted literal in it; the result is the caller's. */
static bool run_with_literal(struct pg *pg, const char *before, const char *literal, const char *after, struct pg_result *result,
                             struct error *error)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_text(&text, before);
    pg_quote_literal(&text, view_text(literal));
    buffer_append(&text, after, strlen(after) + 1);
    bool good = pg_run(pg, (const char *)text.data + text.start, result, error);
    buffer_release(&text);
    return good;
}

static bool ensure_publication(struct pg *pg, const char *publication, struct error *error)
{
    struct pg_result result;
    bool good = run_with_literal(pg, "SELECT 1 FROM pg_publication WHERE pubname = ", publication, "", &result, error);
    bool there = good && result.rows > 0;
    pg_result_free(&result);
    if (!good || there) return good;
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_text(&text, "CREATE PUBLICATION ");
    pg_quote_identifier(&text, publication);
    buffer_append(&text, " FOR ALL TABLES", sizeof " FOR ALL TABLES");
    good = pg_run(pg, (const char *)text.data + text.start, NULL, error);
    buffer_release(&text);
    return good;
}

static bool find_slot(struct pg *pg, const char *slot, bool *found, uint64_t *lsn, struct error *error)
{
    struct pg_result result;
    bool good = run_with_literal(
        pg,
        "SELECT plugin, database = current_database(), confirmed_flush_lsn, coalesce(wal_status, '') FROM pg_replication_slots"
        " WHERE slot_name = ",
        slot, "", &result, error);
    *found = good && result.rows > 0;
    if (*found) {
        if (!view_equal(pg_result_text(&result, 0, 0), view_text("pgoutput")) || !view_equal(pg_result_text(&result, 0, 1), view_text("t")))
            good = error_set(error, ERROR_TARGET,
                             "the replication slot %s is there but of another plugin or database: drop it or name another one", slot);
        else if (view_equal(pg_result_text(&result, 0, 3), view_text("lost")))
            good = error_set(
                error, ERROR_TARGET,
                "the replication slot %s has lost its WAL (max_slot_wal_keep_size): drop it; the reverse mirror must begin anew", slot);
        else if (!parse_lsn(pg_result_text(&result, 0, 2), lsn))
            good = error_set(error, ERROR_TARGET, "the replication slot %s has no confirmed position", slot);
    }
    pg_result_free(&result);
    return good;
}

static bool create_slot(struct pg *pg, const char *slot, uint64_t *lsn, struct error *error)
{
    struct pg_result result;
    bool good = run_with_literal(pg, "SELECT lsn FROM pg_create_logical_replication_slot(", slot, ", 'pgoutput')", &result, error) &&
                (parse_lsn(pg_result_text(&result, 0, 0), lsn) || error_set(error, ERROR_TARGET, "the new slot %s has no position", slot));
    pg_result_free(&result);
    return good;
}

bool pg_slot_ensure(const char *conninfo, const char *slot, const char *publication, bool *created, uint64_t *consistent_lsn,
                    struct error *error)
{
    bool found = false, local;
    uint64_t lsn = 0;
    if (!created) created = &local;
    *created = false;
    struct pg *pg = pg_connect(conninfo, CONNECT_MS, error);
    /* The publication first: the slot sees only what was there when it was made. */
    bool good = pg && ensure_publication(pg, publication, error) && find_slot(pg, slot, &found, &lsn, error);
    if (good && !found) good = *created = create_slot(pg, slot, &lsn, error);
    if (good && consistent_lsn) *consistent_lsn = lsn;
    pg_close(pg);
    return good;
}

bool pg_slot_drop(const char *conninfo, const char *slot, struct error *error)
{
    struct pg *pg = pg_connect(conninfo, CONNECT_MS, error);
    struct error why = {0};
    bool good = false;
    for (int try = 0; pg && !good && try < DROP_TRIES; try++) {
        if (try > 0) clock_sleep_us(DROP_PAUSE_US);
        good = run_with_literal(pg, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ", slot, "",
                                NULL, &why);
        if (!good && strcmp(why.sqlstate, "55006") != 0) break; /* other than "in use" */
    }
    if (pg && !good && error) *error = why;
    pg_close(pg);
    return good;
}
