/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence: what was measured of statements and rows is kept in the state store and is there again after a restart: executions, comparisons, demotions, waivers.
 * Saved every few seconds and at the end: a crash loses the last seconds of counting, never a demotion's cause (the divergence is a row of its own). A
 * statement whose translation is not what it was (a new release, another override) starts its window anew, as it does while running.
 */
#ifndef ENGINE_EVIDENCE_H
#define ENGINE_EVIDENCE_H

#include "engine/statement.h"

void evidence_load(struct engine *engine); /* before the first session */
/* What has changed since the last call. Control's thread. */
bool evidence_save(struct engine *engine, struct error *error) MUST_USE;

#endif
