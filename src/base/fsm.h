/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State machines as tables: each allowed move stands in a row with the reason for it. fsm_move is the one place that moves a state; it checks the
 * table and the invariant, and logs the move with its reason. The same rows print the documentation and the dashboard's picture. A machine
 * belongs to one thread; tables are constant.
 */
#ifndef BASE_FSM_H
#define BASE_FSM_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"

struct fsm_move {
    uint8_t from, to;
    const char *reason;
};
struct fsm_table {
    const char *name;          /* "session": moves are logged as session.moved */
    const char *const *states; /* names by number */
    uint8_t state_count;       /* at most 64 */
    uint64_t final_states;     /* bit per state from which no move leads away */
    const struct fsm_move *moves;
    size_t move_count;
    /* What must hold when `state` is entered; NULL: nothing. Answers what is wrong, or NULL. */
    const char *(*broken)(const void *context, uint8_t state);
    enum log_level level; /* of the log line of a move */
};
struct fsm {
    const struct fsm_table *table;
    uint64_t id;       /* of what moves, for the log */
    uint64_t since_us; /* monotonic, of the last move */
    uint8_t state;
};

/* Stops the process on a defect of the table: unknown states, double rows, moves out of final states, states that no move reaches from `first`. */
void fsm_check(const struct fsm_table *table, uint8_t first);

void fsm_init(struct fsm *machine, const struct fsm_table *table, uint8_t first, uint64_t id);
static inline const char *fsm_state_name(const struct fsm *machine)
{
    return machine->table->states[machine->state];
}
const struct fsm_move *fsm_find(const struct fsm_table *table, uint8_t from, uint8_t to); /* NULL: not allowed */
static inline bool fsm_may(const struct fsm *machine, uint8_t to)
{
    return fsm_find(machine->table, machine->state, to) != NULL;
}
/* False with ERROR_STATE: the table does not allow it, or the invariant does not hold; nothing has changed. context is for the invariant. `why` (may be
 * NULL) is what caused it this time; the row's reason is logged beside it. */
bool fsm_move(struct fsm *machine, uint8_t to, const char *why, const void *context, struct error *error) MUST_USE;

void fsm_print_markdown(const struct fsm_table *table, struct buffer *out);
void fsm_print_dot(const struct fsm_table *table, struct buffer *out); /* for graphviz */

#endif
