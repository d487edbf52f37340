/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state store remembers of the journal. Consumers know journals by numbers: the target that everything up to a CSN is applied, the source how far the
 * stream has come. A journal that begins anew below them, because its folder was lost or an older copy was put in its place, would give numbers again, and
 * what it gives them to would look as if it had been applied. The target says so when it is there; it may be away. So the state store holds
 *  - what has certainly stood in the journal: the number of its last start (each start makes a new one), a position and a CSN a few seconds old;
 *  - what may have been given at most: numbers are reserved in blocks, ahead, before the first of them is given.
 * A journal that ends below the first goes on above the second, with a GAP over all tables.
 */
#include "control/daemon.h"

#include "base/log.h"

/* A block is refilled when half of it is used, at a tick: at 1,000,000 commits a second that leaves the control thread 8 s (CSNs) and half an hour (positions). */
#define CSN_BLOCK      ((uint64_t)1 << 24)
#define POSITION_BLOCK ((uint64_t)1 << 32)
#define KEEP_EVERY_US  UINT64_C(5000000)

void journal_floor_options(struct state *state, struct journal_options *options)
{
    options->boot_floor = state_get_u64(state, "journal_boot", 0);
    options->position_floor = state_get_u64(state, "journal_position", 0);
    options->csn_floor = state_get_u64(state, "journal_csn", 0);
    options->position_reserved = state_get_u64(state, "journal_position_reserved", 0);
    options->csn_reserved = state_get_u64(state, "journal_csn_reserved", 0);
}

static bool reserve(struct state *state, const char *name, uint64_t used, uint64_t block, uint64_t *reserved, struct error *error)
{
    if (*reserved >= used + block / 2) return true;
    uint64_t to = used + block;
    if (!state_put_u64(state, name, to, error)) return false;
    *reserved = to;
    return true;
}

bool journal_floor_keep(struct daemon *daemon, uint64_t now_us, struct error *error)
{
    struct engine *engine = &daemon->engine;
    uint64_t csn = journal_last_csn(engine->journal), position = journal_durable(engine->journal);
    if (!reserve(engine->state, "journal_csn_reserved", csn, CSN_BLOCK, &daemon->floor.csn_reserved, error) ||
        !reserve(engine->state, "journal_position_reserved", position, POSITION_BLOCK, &daemon->floor.position_reserved, error))
        return false;
    if (position == daemon->floor.position || now_us < daemon->floor.kept_us + KEEP_EVERY_US) return true;
    daemon->floor.kept_us = now_us;
    /* Only what is durable: a CSN that was given may not have become a record. The applied one has, or is void for ever. */
    csn = atomic_load(&engine->applied);
    if (csn > daemon->floor.csn && csn <= journal_last_csn(engine->journal)) {
        if (!state_put_u64(engine->state, "journal_csn", csn, error)) return false;
        daemon->floor.csn = csn;
    }
    if (!state_put_u64(engine->state, "journal_position", position, error)) return false;
    daemon->floor.position = position;
    return true;
}

bool journal_floor_opened(struct daemon *daemon, struct error *error)
{
    struct engine *engine = &daemon->engine;
    struct journal_recovery recovery;
    journal_recovery(engine->journal, &recovery);
    if (recovery.lost) {
        LOG(LOG_ERROR, "journal.lost", log_u64("start_known", state_get_u64(engine->state, "journal_boot", 0)),
            log_u64("position_known", state_get_u64(engine->state, "journal_position", 0)),
            log_u64("goes_on_at", journal_durable(engine->journal) + 1), log_u64("csn", journal_last_csn(engine->journal)));
    }
    /* Before anything is given: the blocks that this start begins. */
    return state_put_u64(engine->state, "journal_boot", recovery.boot, error) && journal_floor_keep(daemon, 0, error);
}
