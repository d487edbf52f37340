/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that ask the running daemon. Each answers the exit status: 0, 3: refused by a gate, 2: another refusal, else error_exit_status. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/command.h"

/* Until every table of this work ("backfill", "verify") is done or failed; progress goes to stderr. 1: a table failed. */
int command_wait_for_work(const struct arguments *arguments, const char *kind);

int command_status(const struct arguments *arguments);
int command_work(const struct arguments *arguments);
int command_divergences(const struct arguments *arguments);
int command_statements(const struct arguments *arguments);
int command_sessions(const struct arguments *arguments);
int command_gaps(const struct arguments *arguments);
int command_audit(const struct arguments *arguments);
int command_backfill(const struct arguments *arguments);
int command_verify(const struct arguments *arguments);
int command_repair(const struct arguments *arguments);
int command_cutover(const struct arguments *arguments);
int command_rollback(const struct arguments *arguments);
int command_phase(const struct arguments *arguments);
int command_users(const struct arguments *arguments);
int command_report(const struct arguments *arguments);
int command_waive(const struct arguments *arguments);
int command_override(const struct arguments *arguments);
int command_feed(const struct arguments *arguments);

#endif
