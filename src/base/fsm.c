/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where a state changes. */
#include "base/fsm.h"

#include "base/clock.h"

#include <stdio.h>

static uint64_t bit(uint8_t state)
{
    return UINT64_C(1) << state;
}

void fsm_check(const struct fsm_table *table, uint8_t first)
{
    CHECK(table->state_count > 0 && table->state_count <= 64 && first < table->state_count);
    for (size_t i = 0; i < table->move_count; i++) {
        const struct fsm_move *move = &table->moves[i];
        CHECK(move->from < table->state_count && move->to < table->state_count && move->reason && move->reason[0]);
        CHECK(!(table->final_states & bit(move->from)));
        CHECK(fsm_find(table, move->from, move->to) == move);
    }
    uint64_t reached = bit(first), before;
    do {
        before = reached;
        for (size_t i = 0; i < table->move_count; i++)
            if (reached & bit(table->moves[i].from)) reached |= bit(table->moves[i].to);
    } while (reached != before);
    for (uint8_t state = 0; state < table->state_count; state++) CHECK(reached & bit(state));
}

void fsm_init(struct fsm *machine, const struct fsm_table *table, uint8_t first, uint64_t id)
{
    CHECK(first < table->state_count);
    *machine = (struct fsm){.table = table, .id = id, .state = first, .since_us = clock_monotonic_us()};
}

const struct fsm_move *fsm_find(const struct fsm_table *table, uint8_t from, uint8_t to)
{
    for (size_t i = 0; i < table->move_count; i++)
        if (table->moves[i].from == from && table->moves[i].to == to) return &table->moves[i];
    return NULL;
}

static bool refuse(const struct fsm *machine, uint8_t to, struct error *error)
{
    const struct fsm_table *table = machine->table;
    char allowed[300] = "";
    size_t size = 0;
    for (size_t i = 0; i < table->move_count && size < sizeof allowed; i++)
        if (table->moves[i].from == machine->state)
            size += (size_t)snprintf(allowed + size, sizeof allowed - size, "%s%s", size ? ", " : "", table->states[table->moves[i].to]);
    return error_set(error, ERROR_STATE, "%s cannot go from %s to %s; from there it can go to: %s", table->name,
                     table->states[machine->state], to < table->state_count ? table->states[to] : "an unknown state",
                     size ? allowed : "nothing, it is final");
}

bool fsm_move(struct fsm *machine, uint8_t to, const char *why, const void *context, struct error *error)
{
    const struct fsm_table *table = machine->table;
    const struct fsm_move *move = fsm_find(table, machine->state, to);
    if (!move) return refuse(machine, to, error);
    const char *broken = table->broken ? table->broken(context, to) : NULL;
    if (broken)
        return error_set(error, ERROR_STATE, "%s cannot go from %s to %s: %s", table->name, table->states[machine->state],
                         table->states[to], broken);
    if (log_enabled(table->level)) {
        char event[64];
        snprintf(event, sizeof event, "%s.moved", table->name);
        LOG(table->level, event, log_u64(table->name, machine->id), log_text("from", table->states[machine->state]),
            log_text("to", table->states[to]), log_text("reason", move->reason), log_text(why ? "why" : NULL, why));
    }
    machine->state = to;
    machine->since_us = clock_monotonic_us();
    return true;
}

void fsm_print_markdown(const struct fsm_table *table, struct buffer *out)
{
    buffer_append_text(out, "| from | to | when |\n|---|---|---|\n");
    for (size_t i = 0; i < table->move_count; i++) {
        const struct fsm_move *move = &table->moves[i];
        buffer_printf(out, "| %s | %s | %s |\n", table->states[move->from], table->states[move->to], move->reason);
    }
}

void fsm_print_dot(const struct fsm_table *table, struct buffer *out)
{
    buffer_printf(out, "digraph \"%s\" {\n", table->name);
    for (uint8_t state = 0; state < table->state_count; state++)
        if (table->final_states & bit(state)) buffer_printf(out, "  \"%s\" [peripheries=2];\n", table->states[state]);
    for (size_t i = 0; i < table->move_count; i++) {
        const struct fsm_move *move = &table->moves[i];
        buffer_printf(out, "  \"%s\" -> \"%s\" [label=\"%s\"];\n", table->states[move->from], table->states[move->to], move->reason);
    }
    buffer_append_text(out, "}\n");
}
