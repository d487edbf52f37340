/* SPDX-License-Identifier: Apache-2.0 */
/* understudy: the command line. */
#include "cli/ask.h"

#include "base/check.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int command_fail(const struct error *error)
{
    fprintf(stderr, "understudy: %s\n", error->text);
    return error_exit_status(error->code);
}

int command_usage(const char *name, const char *word)
{
    const struct command *command = command_find(name);
    if (word) fprintf(stderr, "understudy: %s does not know what to do with %s\n", name, word);
    fprintf(stderr, "usage: understudy %s %s\n`understudy help %s` says more\n", name, command->arguments, name);
    return 2;
}

enum { OPTIONS_MAX = 64 };

static bool put_option(const struct command_option *place, const char *text, struct arguments *a)
{
    void *member = (char *)a + place->member;
    char *end;
    if (place->kind == COMMAND_FLAG) {
        *(bool *)member = true;
    } else if (place->kind == COMMAND_TEXT) {
        *(const char **)member = text;
    } else {
        errno = 0;
        long number = *(long *)member = strtol(text, &end, 10);
        if (errno != 0 || end == text || *end != 0 || number < 0) {
            fprintf(stderr, "understudy: --%s wants a whole number, not %s\n", place->name, text);
            return false;
        }
    }
    return true;
}

static bool refuse_option(const struct command *command, int answer, const char *word)
{
    fprintf(stderr,
            answer == ':' ? "understudy: %s wants a value; `understudy help %s` says which\n"
                          : "understudy: %s is no option, or not with a value of its own; `understudy help %s` says what there is\n",
            word, command->name);
    return false;
}

/* False: it was said why. */
static bool parse(const struct command *command, int argc, char **argv, struct arguments *a)
{
    struct option options[OPTIONS_MAX + 1] = {0};
    int index = 0, answer;
    CHECK(command_option_count <= OPTIONS_MAX);
    for (unsigned i = 0; i < command_option_count; i++)
        options[i] = (struct option){.name = command_options[i].name,
                                     .has_arg = command_options[i].kind == COMMAND_FLAG ? no_argument : required_argument};
    opterr = 0; /* what is wrong is said here, with the place to look */
    while ((answer = getopt_long(argc, argv, ":h", options, &index)) != -1) {
        if (answer == 'h') {
            a->help = true;
            continue;
        }
        if (answer != 0) return refuse_option(command, answer, argv[optind - 1]);
        if (!put_option(&command_options[index], optarg, a)) return false;
        bool any = command_options[index].member == offsetof(struct arguments, config_file); /* a script may give it to every command */
        if (any || command_takes(command, command_options[index].name)) continue;
        fprintf(stderr, "understudy: %s takes no --%s; `understudy help %s` says what it takes\n", command->name,
                command_options[index].name, command->name);
        return false;
    }
    for (int i = optind; i < argc; i++) {
        if (a->rest_count >= command->rest_max) {
            fprintf(stderr, "understudy: %s does not know what to do with %s; `understudy help %s` says what it takes\n", command->name,
                    argv[i], command->name);
            return false;
        }
        a->rest[a->rest_count++] = argv[i];
    }
    return true;
}

/* What was said must have arrived: a report on a full disk is no success. */
static int ended(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "understudy: standard output cannot be written: %s\n", strerror(errno));
    return status ? status : error_exit_status(ERROR_IO);
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.config_file = getenv("UNDERSTUDY_CONFIG")};
    if (!arguments.config_file) arguments.config_file = "/etc/understudy/understudy.ini";
    const char *name = argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ? "help"
                       : strcmp(argv[1], "--version") == 0                                      ? "version"
                                                                                                : argv[1];
    const struct command *command = command_find(name);
    if (!command) {
        fprintf(stderr, "understudy: there is no command %s; `understudy help` lists them\n", name);
        return 2;
    }
    if (argc > 1 && !parse(command, argc - 1, argv + 1, &arguments)) return 2;
    if (arguments.help && command->run != command_find("help")->run) {
        command_print_help(command, stdout);
        return ended(0);
    }
    int status = ended(command->run(&arguments));
    return argc < 2 ? 2 : status;
}
