/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that ask the running daemon. Each answers the exit status: error_exit_status of what the daemon, or we, found wrong. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/command.h"

/* Until every table of this work ("backfill", "verify") is done or failed; progress goes to stderr. 1: a table failed. */
int command_wait_for_work(const struct arguments *arguments, const char *kind);

/* Parts of these commands, for those that need more than one call. */
/* The body of a changing call: what the options say, and the command's own word under its name (NULL: none). */
void command_body(const struct arguments *arguments, const char *name, const char *word, struct buffer *body);
int command_exit_status(int http_status, const struct buffer *answer);
void command_say_refusal(const struct arguments *arguments, const struct buffer *answer); /* to stderr; as JSON if that was asked for */
int command_refuse(const struct arguments *arguments,
                   const struct error *error);             /* what we found ourselves, in the same way; exit status */
void command_write(const struct buffer *text, FILE *file); /* ends with a new line */

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
int command_feed(const struct arguments *arguments);                /* feed.c */
int command_feed_list(const struct arguments *arguments, bool fed); /* fed: only tables that have one */

#endif
