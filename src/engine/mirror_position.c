/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the target itself says of how far it is. One connection: the row 'mirror' of understudy.applied, written in the transaction that it tells of.
 * Lanes: understudy.lane has one row for each lane, written in that lane's transaction: everything up to `csn` was applied before the batch began, the
 * batch goes up to `upto` over `lanes` lanes, and this one applied the CSNs in `ahead`. A row of a batch is only written when every lane of the batch
 * before has committed, so the highest `csn` of all rows holds, and all lanes of that batch being there means that it is complete.
 */
#include "engine/mirror_private.h"

#include "base/fault.h"
#include "base/memory.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t number_at(const struct pg_result *result, uint32_t row, uint32_t column)
{
    uint64_t number = 0;
    return !pg_result_null(result, row, column) && view_to_u64(pg_result_text(result, row, column), &number) ? number : 0;
}

/* ---- reading ---- */

static bool read_applied(struct pg *pg, struct mirror_position *out, struct error *error)
{
    struct pg_result result = {0};
    bool good =
        pg_run(pg, "SELECT reader, csn, position FROM understudy.applied WHERE reader IN ('mirror', 'mirror horizon')", &result, error);
    for (uint32_t r = 0; good && r < result.rows; r++) {
        if (view_equal(pg_result_text(&result, r, 0), view_text("mirror"))) {
            out->found = true;
            out->csn = number_at(&result, r, 1);
            out->position = number_at(&result, r, 2);
        } else {
            out->horizon = number_at(&result, r, 1);
        }
    }
    pg_result_free(&result);
    return good;
}

/* {1,2,3}: those above what is applied anyway. */
static void take_ahead(struct mirror_position *out, struct view text)
{
    uint64_t number = 0;
    bool digits = false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= '0' && text.data[i] <= '9') {
            number = number * 10 + (uint64_t)(text.data[i] - '0');
            digits = true;
            continue;
        }
        if (digits && number > out->csn) {
            out->ahead = memory_resize(out->ahead, sizeof *out->ahead * (out->ahead_count + 1));
            out->ahead[out->ahead_count++] = number;
        }
        number = 0;
        digits = false;
    }
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void take_lanes(struct mirror_position *out, const struct pg_result *result)
{
    uint32_t complete = 0;
    uint64_t base = 0, upto = 0, lanes = 0;
    for (uint32_t r = 0; r < result->rows; r++) {
        uint64_t csn = number_at(result, r, 1), horizon = number_at(result, r, 4);
        if (out->horizon < horizon) out->horizon = horizon;
        if (csn > base || r == 0) {
            base = csn;
            upto = number_at(result, r, 2);
            lanes = number_at(result, r, 0);
            complete = 0;
        }
        complete += csn == base;
        if (csn > out->csn || !out->found) { /* the position goes with the CSN: older ones are on the safe side, newer ones are not */
            out->found = out->of_lanes = true;
            out->csn = csn;
            out->position = number_at(result, r, 3);
        }
    }
    if (lanes && complete == lanes && upto > out->csn) {
        out->of_lanes = true;
        out->csn = upto;
    }
    for (uint32_t r = 0; r < result->rows; r++) take_ahead(out, pg_result_text(result, r, 5));
    if (out->ahead_count > 1) qsort(out->ahead, out->ahead_count, sizeof *out->ahead, by_number);
}

bool mirror_position_read(struct pg *pg, struct mirror_position *out, struct error *error)
{
    struct pg_result result = {0};
    memset(out, 0, sizeof *out);
    if (!read_applied(pg, out, error)) return false;
    bool good = pg_run(pg, "SELECT lanes, csn, upto, position, horizon, ahead FROM understudy.lane ORDER BY lane", &result, error);
    if (good) take_lanes(out, &result);
    pg_result_free(&result);
    return good;
}

void mirror_position_release(struct mirror_position *position)
{
    memory_free(position->ahead);
    memset(position, 0, sizeof *position);
}

bool mirror_target_position(struct pg *target, uint64_t *csn, struct error *error)
{
    struct mirror_position position;
    bool good = mirror_position_read(target, &position, error);
    *csn = position.csn;
    mirror_position_release(&position);
    return good;
}

/* ---- what lanes have applied beyond it ---- */

void mirror_ahead_set(struct mirror *m, struct mirror_position *position)
{
    memory_free(m->ahead);
    m->ahead = position->ahead;
    m->ahead_count = FAULT_PLANTED(BUG_LANE_MEMORY) ? 0 : position->ahead_count;
    position->ahead = NULL;
    position->ahead_count = 0;
    if (m->ahead_count) atomic_store(&m->engine->ragged, m->ahead[m->ahead_count - 1]);
}

bool mirror_is_ahead(const struct mirror *m, uint64_t csn)
{
    return m->ahead_count && bsearch(&csn, m->ahead, m->ahead_count, sizeof *m->ahead, by_number);
}

void mirror_ahead_prune(struct mirror *m)
{
    if (m->ahead_count && m->ahead[m->ahead_count - 1] <= m->applied_csn) m->ahead_count = 0;
}

/* ---- writing ---- */

enum { NUMBERS_MAX = 6 };
struct numbers {
    char text[NUMBERS_MAX][24];
    struct pg_parameter parameters[NUMBERS_MAX + 1];
};

static void say(struct numbers *n, const uint64_t *values, int count)
{
    memset(n, 0, sizeof *n);
    for (int i = 0; i < count; i++) {
        snprintf(n->text[i], sizeof n->text[i], "%" PRIu64, values[i]);
        n->parameters[i] = (struct pg_parameter){.text = view_text(n->text[i]), .type = PG_OID_INT8};
    }
}

void mirror_send_applied(struct mirror *m, uint64_t csn, uint64_t position, pg_on_result *done, void *context)
{
    static const char text[] =
        "INSERT INTO understudy.applied AS a (reader, csn, position, updated) VALUES ('mirror', $1, $2, clock_timestamp()), "
        "('mirror horizon', $3, $2, clock_timestamp()) ON CONFLICT (reader) DO UPDATE SET csn = excluded.csn, "
        "position = excluded.position, updated = excluded.updated";
    struct numbers n;
    say(&n, (uint64_t[]){csn, position, m->horizon_max}, 3);
    pg_send_prepared(m->target, "understudy_applied", text, n.parameters, 3, done, context);
}

void mirror_send_lane(struct mirror *m, struct pg *pg, uint32_t lane, struct view ahead, pg_on_result *done, void *context)
{
    static const char text[] =
        "INSERT INTO understudy.lane AS l (lane, lanes, csn, upto, position, horizon, ahead, updated) VALUES ($1, $2, $3, $4, $5, $6, "
        "$7::text::bigint[], clock_timestamp()) ON CONFLICT (lane) DO UPDATE SET lanes = excluded.lanes, csn = excluded.csn, "
        "upto = excluded.upto, position = excluded.position, horizon = excluded.horizon, ahead = excluded.ahead, updated = "
        "excluded.updated";
    struct numbers n;
    const struct mirror_batch *b = &m->batch;
    if (FAULT_PLANTED(BUG_LANE_POSITION)) return;
    say(&n, (uint64_t[]){lane, b->lane_count, m->applied_csn, b->csn, mirror_restart_position(m, m->applied_csn), m->horizon_max},
        NUMBERS_MAX);
    n.parameters[0].type = n.parameters[1].type = PG_OID_INT4;
    n.parameters[NUMBERS_MAX] = (struct pg_parameter){.text = ahead, .type = PG_OID_TEXT};
    pg_send_prepared(pg, "understudy_lane", text, n.parameters, NUMBERS_MAX + 1, done, context);
}
