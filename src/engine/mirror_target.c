/* SPDX-License-Identifier: Apache-2.0 */
/* The mirror's connection to the target: opened with back-off, its position read from the target itself, probed while idle. */
#include "engine/mirror_private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/dictionary.h"
#include <inttypes.h>
#include <stdio.h>

enum { CONNECT_TIMEOUT_MS = 5000, PROBE_TIMEOUT_MS = 2000 };
#define PROBE_EVERY_US UINT64_C(500000)

/* ---- what an error means ---- */

static bool state_starts(const struct error *error, const char *prefix)
{
    return strncmp(error->sqlstate, prefix, strlen(prefix)) == 0;
}

bool mirror_target_transient(const struct error *error)
{
    static const char *const states[] = {"40001", "40P01", "55P03", "57014"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(error->sqlstate, states[i]) == 0) return true;
    return false;
}

bool mirror_target_trouble(const struct error *error)
{
    static const char *const classes[] = {"08", "53", "57", "58", "XX", "25006", "28", "3D", "F0"};
    if (error->code == ERROR_TARGET_LOST || error->code == ERROR_TIMEOUT) return true;
    if (strcmp(error->sqlstate, "57014") == 0) return false;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (state_starts(error, classes[i])) return true;
    return false;
}

/* ---- connection ---- */

void mirror_target_failed(struct mirror *m, const struct error *error)
{
    engine_count(m->engine, COUNT_TARGET_ERRORS, 1);
    LOG_RATED(LOG_ERROR, "mirror.target", log_failure(error));
    mirror_next_drop(m);
    mirror_lanes_close(m);
    if (m->target) pg_close(m->target);
    m->target = NULL;
    atomic_store(&m->engine->target_healthy, false);
    m->target_retry_us = clock_monotonic_us() + random_backoff_us(&m->random, m->target_tries++, 100000, 2000000);
    mutex_lock(&m->lock);
    m->statistics.target_up = false;
    snprintf(m->statistics.last_error, sizeof m->statistics.last_error, "%.299s", error->text);
    mutex_unlock(&m->lock);
}

/* A connection that was given up may still be committing at the server. The position is read, and anything sent, only when it is over: each connection
 * of the mirror holds a lock as long as its process lives, the lanes together one, and who is alone holds both for a moment. */
static bool wait_for_predecessors(struct pg *pg, bool lane, struct error *error)
{
    static const char alone[] = "SET lock_timeout = '2s'; SELECT pg_advisory_lock(1970499172, 0), pg_advisory_lock(1970499172, 1), "
                                "pg_advisory_unlock(1970499172, 1)";
    static const char beside[] = "SET lock_timeout = '2s'; SELECT pg_advisory_lock_shared(1970499172, 1)";
    return pg_run(pg, lane ? beside : alone, NULL, error) || error_prefix(error, "an earlier connection of the mirror is not over");
}

static bool prepare_session(struct mirror *m, struct pg *pg, bool lane, struct error *error)
{
    if (!wait_for_predecessors(pg, lane, error)) return false;
    struct buffer text;
    buffer_init(&text, 0);
    /* Rows are applied as they are: the target's own triggers and foreign keys do not act on them a second time. */
    buffer_append_text(
        &text,
        "SET session_replication_role = replica; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; "
        "SET lock_timeout = '10s'; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; "
        "SET tcp_user_timeout = 15000; SET application_name = 'understudy mirror'; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; "
        "SET search_path = ");
    pg_quote_identifier(&text, m->engine->options.target_schema);
    buffer_append_text(&text, ", public");
    buffer_u8(&text, 0);
    bool good = pg_run(pg, (const char *)buffer_view(&text).data, NULL, error);
    buffer_release(&text);
    return good && epoch_prepare_target(pg, error);
}

struct pg *mirror_target_connect(struct mirror *m, bool lane, uint32_t timeout_ms, struct error *error)
{
    struct pg *pg = pg_connect(m->engine->options.target_conninfo, timeout_ms, error);
    if (!pg || prepare_session(m, pg, lane, error)) return pg;
    pg_close(pg);
    return NULL;
}

/*
 * The target stands beyond the end that the journal had when we started: it was lost, in part, and nobody knew (the state store would have, see
 * control/journal_floor.c). CSNs and positions up to the target's have been given again since, while the target was away. What this start wrote is applied
 * from its first record on; and the target is told at once, because a position that is higher than ours means later that an answer was lost.
 */
static bool start_below(struct mirror *m, struct pg *pg, struct mirror_position *stored, struct error *error)
{
    uint64_t highest = stored->ahead_count ? stored->ahead[stored->ahead_count - 1] : stored->csn;
    if (stored->csn <= m->start_csn && highest <= m->start_csn && stored->position <= m->start_durable + 1) return true;
    LOG(LOG_ERROR, "mirror.ahead_of_journal", log_u64("target", highest), log_u64("journal", m->start_csn));
    mirror_gap(m, NULL, "the target has commits that the journal does not know: was the journal lost? verify every table");
    if (stored->horizon < highest) stored->horizon = highest;
    if (stored->csn > m->start_csn) stored->csn = m->start_csn;
    stored->position = m->start_durable + 1;
    stored->ahead_count = 0; /* other commits have these numbers now */
    char text[500];
    snprintf(text, sizeof text,
             "DELETE FROM understudy.lane; INSERT INTO understudy.applied AS a (reader, csn, position, updated) VALUES ('mirror', %" PRIu64
             ", %" PRIu64 ", clock_timestamp()), ('mirror horizon', %" PRIu64 ", %" PRIu64
             ", clock_timestamp()) ON CONFLICT (reader) DO UPDATE SET csn = excluded.csn, "
             "position = excluded.position, updated = excluded.updated",
             stored->csn, stored->position, stored->horizon, stored->position);
    return pg_run(pg, text, NULL, error);
}

static void start_from(struct mirror *m, struct mirror_position *stored)
{
    m->applied_csn = stored->csn;
    m->applied_position = m->written_position = stored->position;
    m->written_csn = m->applied_csn;
    m->horizon_start = stored->horizon;
    if (m->horizon_max < stored->horizon) m->horizon_max = stored->horizon;
    mirror_assemble_init(m, stored->found && stored->position ? stored->position : journal_first(m->engine->journal));
    m->positioned = true;
    mirror_ahead_set(m, stored);
    engine_set_applied(m->engine, m->applied_csn, m->applied_position);
    LOG(LOG_INFO, "mirror.positioned", log_u64("csn", m->applied_csn), log_u64("position", m->next_position),
        log_u64("horizon", m->horizon_start), log_u64("ahead", m->ahead_count));
}

/* Lanes that had committed when the others were lost. What was read for them is as far ahead as the target says. */
static void take_lanes(struct mirror *m, struct mirror_position *stored)
{
    mirror_ahead_set(m, stored);
    if (!m->ahead_count) {
        if (atomic_load(&m->engine->ragged) > m->applied_csn) engine_ragged_end(m->engine);
        return;
    }
    LOG(LOG_WARNING, "mirror.lanes_torn", log_u64("csn", m->applied_csn), log_u64("ahead", m->ahead_count));
    if (m->horizon_start < stored->horizon) m->horizon_start = stored->horizon;
}

/* The connection was lost and is back. What stands on the target decides. */
static void go_on_from(struct mirror *m, struct mirror_position *stored)
{
    if (stored->csn < m->written_csn) {
        /* It went back: a replica was promoted, or a backup restored. Everything since is applied again; until then nobody may read there. */
        LOG(LOG_ERROR, "mirror.target_went_back", log_u64("was", m->written_csn), log_u64("is", stored->csn));
        mirror_gap(m, NULL, "the target went back to an earlier state");
        m->target_lost_csn = m->applied_csn;
        start_from(m, stored);
        return;
    }
    if (FAULT_PLANTED(BUG_DOUBLE_APPLY)) stored->csn = m->applied_csn, stored->ahead_count = 0;
    if (stored->csn <= m->applied_csn) {
        take_lanes(m, stored);
        return;
    }
    /* The last COMMIT went through, its answer was lost. */
    for (struct mirror_transaction *t = m->oldest, *next; t; t = next) {
        next = t->newer;
        if (t->csn && t->csn <= stored->csn && !t->done) mirror_transaction_drop(m, t);
    }
    m->applied_csn = stored->csn;
    m->horizon_start = stored->horizon; /* what was noted of its keys went with the batch */
    m->applied_position = mirror_restart_position(m, stored->csn);
    m->written_csn = stored->csn;
    m->written_position = stored->position;
    take_lanes(m, stored);
    engine_set_applied(m->engine, m->applied_csn, m->applied_position);
}

bool mirror_target_ready(struct mirror *m)
{
    if (m->target) return true;
    uint64_t now = clock_monotonic_us();
    if (now < m->target_retry_us) return false;
    struct error error;
    struct mirror_position stored = {.found = false};
    error_clear(&error);
    struct pg *pg = mirror_target_connect(m, false, CONNECT_TIMEOUT_MS, &error);
    if (!pg || !mirror_position_read(pg, &stored, &error) || (!m->positioned && !start_below(m, pg, &stored, &error))) {
        if (pg) pg_close(pg);
        mirror_position_release(&stored);
        mirror_target_failed(m, &error);
        return false;
    }
    m->target = pg;
    fault_point(FAULT_start_positioned);
    m->target_tries = 0;
    m->probed_us = now;
    if (m->positioned)
        go_on_from(m, &stored);
    else
        start_from(m, &stored);
    m->lanes_unsettled = stored.of_lanes;
    mirror_position_release(&stored);
    if (m->applied_csn >= m->target_lost_csn) atomic_store(&m->engine->target_healthy, true);
    mutex_lock(&m->lock);
    m->statistics.target_up = true;
    m->statistics.last_error[0] = 0;
    mutex_unlock(&m->lock);
    return true;
}

void mirror_target_probe(struct mirror *m)
{
    uint64_t now = clock_monotonic_us();
    if (!m->target || now < m->probed_us + PROBE_EVERY_US) return;
    m->probed_us = now;
    struct error error;
    error_clear(&error);
    pg_send_text(m->target, "SELECT 1", NULL, NULL);
    pg_sync(m->target);
    if (!pg_run_wait(m->target, PROBE_TIMEOUT_MS, &error) || pg_state(m->target) != PG_READY) {
        if (error.code == ERROR_NONE) error_set(&error, ERROR_TARGET_LOST, "the target does not answer");
        mirror_target_failed(m, &error);
    } else if (m->applied_csn >= m->target_lost_csn) {
        atomic_store(&m->engine->target_healthy, true);
    }
}
