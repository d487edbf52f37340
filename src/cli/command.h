/* SPDX-License-Identifier: Apache-2.0 */
/* The commands as a table: name, arguments, what it does, and the function that runs it. Exit status: 0, or error_exit_status of the failure. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "control/config.h"
#include <stdio.h>

struct arguments {
    const char *config_file; /* --config FILE; default $UNDERSTUDY_CONFIG, else /etc/understudy/understudy.ini */
    bool json, dry_run, override, restart, wait, watch, print, all, runtime, help;
    const char *author, *reason, *format, *table, *tables, *binds, *catalog, *source, *target, *types, *form;
    const char *folder, *key_file;           /* of a journal; NULL: the configuration's */
    long percent, rows_per_second, from, to; /* never negative */
    const char *rest[4];
    int rest_count; /* what is no option */
};
struct command {
    const char *name, *arguments, *text;
    int rest_max;        /* how many words it takes that are no options: at most 4 */
    const char *options; /* the names of those it takes, one blank between them; any other is refused */
    const char *detail;  /* what `understudy help NAME` says besides; NULL: nothing */
    int (*run)(const struct arguments *arguments);
};
extern const struct command commands[];
extern const unsigned command_count;

struct command_option {
    const char *name;
    enum { COMMAND_FLAG, COMMAND_TEXT, COMMAND_NUMBER } kind;
    const char *value, *text;
    size_t member; /* its place in struct arguments: a bool, a const char * or a long */
};
extern const struct command_option command_options[];
extern const unsigned command_option_count;

const struct command *command_find(const char *name); /* NULL: there is none */
bool command_takes(const struct command *command, const char *option);
void command_print_help(const struct command *command, FILE *out);
int command_fail(const struct error *error);
/* The command line is wrong: says so (word: what is wrong in it; NULL: something is missing) and how it goes. The exit status. */
int command_usage(const char *name, const char *word);
/* Asks the daemon over its admin API, the answer into a buffer; method "GET", "POST" or "DELETE". The HTTP status; 0: the daemon could not be asked. */
enum { COMMAND_ANSWER_MAX = 256 * 1024 * 1024 };
int command_fetch(const struct arguments *arguments, const char *method, const char *path, struct view body, struct buffer *answer,
                  struct error *error);

int command_run(const struct arguments *arguments);
int command_help(const struct arguments *arguments);
int command_check(const struct arguments *arguments);
int command_translate(const struct arguments *arguments);
int command_assess(const struct arguments *arguments);
int command_schema(const struct arguments *arguments);
int command_journal(const struct arguments *arguments);
int journal_replay(const struct config *config, bool dry_run, bool json); /* exit status */
int journal_repair(const struct config *config, bool dry_run);            /* exit status */

#endif
