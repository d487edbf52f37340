/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checker: the thread that proves rows equal, by key, under live writes. It takes (table, key) from the mirror (a share of the mirrored rows), from predicate
 * statements, from verify (what differed in a sweep) and from repair. It reads the row on both sides; a difference is looked at again
 * after everything acknowledged so far is applied, a few times with growing pauses; one that persists is a divergence in the state store.
 * Equal rows are counted for the gate (COUNT_ROWS_COMPARED / _EQUAL / _DIVERGENT). A row proven equal closes its open divergences.
 */
#ifndef ENGINE_CHECKER_H
#define ENGINE_CHECKER_H

#include "engine/rows.h"
#include "engine/statement.h"

struct checker;
struct checker *checker_start(struct engine *engine, struct error *error) MUST_USE;
void checker_stop(struct checker *checker);
enum checker_origin { CHECK_MIRROR, CHECK_PREDICATE, CHECK_VERIFY, CHECK_REPAIR, CHECK_REVERSE };
/* Any thread. False: the queue is full (limit) and the check was dropped and counted; only CHECK_MIRROR may be dropped, the others wait. */
bool checker_add(struct checker *checker, enum checker_origin origin, const struct sql_table *table, struct view encoded_key, uint64_t csn,
                 struct fingerprint *fingerprint);
uint64_t checker_pending(struct checker *checker);
/* Blocks until everything queued before the call was decided, or time-out. */
bool checker_drain(struct checker *checker, uint32_t timeout_ms);

#endif
