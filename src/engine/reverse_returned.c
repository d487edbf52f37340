/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which commits of the target stand on the source, so that a start knows it exactly although the target may be gone by then. They come back in the order of
 * PostgreSQL's commits, not of CSNs: the highest one does not tell of those below. So each CSN is inserted into UNDERSTUDY_RETURNED by the source transaction that
 * brings it; below a low mark, under which nothing is outstanding, they are deleted again.
 */
#include "engine/reverse_private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "engine/dictionary.h"
#include "engine/outstanding.h"
#include <stdlib.h>

#define PRUNE_EVERY_US UINT64_C(1000000)
enum { READ_ROWS = 1000, ORA_UNIQUE = 1 };

static bool run(struct source *source, const char *text, const struct value *binds, uint32_t count, uint32_t rows, uint64_t *affected,
                struct error *error)
{
    struct source_result result = {0};
    bool good = source_run(source, text, binds, count, rows, 0, NULL, NULL, &result, error);
    if (affected) *affected = result.affected;
    return good;
}

bool returned_forget(struct engine *engine, struct error *error)
{
    struct source *source = source_open(&engine->options, 5000, error);
    bool good = source && epoch_prepare_source(source, error) && run(source, "DELETE FROM UNDERSTUDY_RETURNED", NULL, 0, 0, NULL, error) &&
                run(source, "DELETE FROM UNDERSTUDY_APPLIED WHERE READER IN ('reverse', 'reverse low')", NULL, 0, 0, NULL, error) &&
                source_commit(source, error);
    if (source) source_close(source);
    return good || error_prefix(error, "position of the reverse on the source");
}

/* Everything up to the mark has come back, or never was a commit. A CSN is outstanding a moment after it was given, so only those that were given a second ago count. */
static uint64_t raise_low(struct returned *r, struct engine *engine)
{
    while (r->low < r->bound && !outstanding_has(engine->outstanding, r->low + 1)) r->low++;
    r->bound = journal_last_csn(engine->journal);
    return r->low;
}

bool returned_write(struct returned *r, struct engine *engine, struct source *source, const uint64_t *csns, uint32_t count,
                    struct error *error)
{
    struct arena arena;
    uint64_t now = clock_monotonic_us(), affected = 0;
    bool good = true;
    arena_init(&arena, 0);
    if (count && !FAULT_PLANTED(BUG_RETURNED)) {
        struct value *binds = arena_alloc(&arena, sizeof *binds * count);
        for (uint32_t i = 0; i < count; i++) binds[i] = value_number_i64(&arena, (int64_t)csns[i]);
        good = run(source, "INSERT INTO UNDERSTUDY_RETURNED (CSN) VALUES (:1)", binds, 1, count, NULL, error);
    }
    if (good && now > r->pruned_us + PRUNE_EVERY_US) {
        r->pruned_us = now;
        struct value low = value_number_i64(&arena, (int64_t)raise_low(r, engine));
        good = run(source, "DELETE FROM UNDERSTUDY_RETURNED WHERE CSN <= :1", &low, 1, 1, NULL, error) &&
               run(source, "UPDATE UNDERSTUDY_APPLIED SET CSN = :1 WHERE READER = 'reverse low'", &low, 1, 1, &affected, error) &&
               (affected || run(source, "INSERT INTO UNDERSTUDY_APPLIED (READER, CSN, POSITION) VALUES ('reverse low', :1, 0)", &low, 1, 1,
                                NULL, error));
    }
    arena_release(&arena);
    return good;
}

bool returned_note(struct source *source, uint64_t csn, bool *there, struct error *error)
{
    struct arena arena;
    arena_init(&arena, 0);
    struct value bind = value_number_i64(&arena, (int64_t)csn);
    bool good = run(source, "INSERT INTO UNDERSTUDY_RETURNED (CSN) VALUES (:1)", &bind, 1, 1, NULL, error);
    *there = !good && error->code == ERROR_SOURCE && error->native == ORA_UNIQUE;
    arena_release(&arena);
    return good || *there;
}

static bool take_csn(void *context, const struct value *values, uint32_t count)
{
    struct engine *engine = context;
    int64_t csn = 0;
    if (count == 1 && values[0].type == VALUE_NUMBER && number_to_i64(values[0].bytes, &csn))
        outstanding_remove(engine->outstanding, (uint64_t)csn);
    return true;
}

static bool ask(struct source *source, const char *text, uint64_t *number, struct error *error)
{
    char answer[32] = "";
    if (!source_scalar(source, text, answer, sizeof answer, error)) return false;
    *number = strtoull(answer, NULL, 10);
    return true;
}

bool returned_resume(struct returned *r, struct engine *engine, struct error *error)
{
    uint64_t highest = 0, low = 0, cutover = state_get_u64(engine->state, "cutover_csn", 0), last = engine->start_csn;
    struct source *source = source_open(&engine->options, 5000, error);
    bool good = source && epoch_prepare_source(source, error) &&
                ask(source, "SELECT MAX(CSN) FROM UNDERSTUDY_APPLIED WHERE READER = 'reverse'", &highest, error) &&
                ask(source, "SELECT MAX(CSN) FROM UNDERSTUDY_APPLIED WHERE READER = 'reverse low'", &low, error);
    if (low < cutover) low = cutover;
    /* Of what this start has given its sessions keep account. */
    if (last > low + OUTSTANDING_WINDOW - 1) low = last - OUTSTANDING_WINDOW + 1;
    for (uint64_t csn = low + 1; good && csn <= last; csn++) outstanding_add(engine->outstanding, csn);
    struct source_result result;
    good = good && source_run(source, "SELECT CSN FROM UNDERSTUDY_RETURNED", NULL, 0, 0, READ_ROWS, take_csn, engine, &result, error);
    if (source) source_close(source);
    if (!good) return error_prefix(error, "position of the reverse on the source");
    *r = (struct returned){.low = low};
    atomic_store(&engine->reverse_csn, highest > cutover ? highest : cutover);
    return true;
}
