/* SPDX-License-Identifier: Apache-2.0 */
/* understudy: the command line. */
#include "cli/ask.h"

#include "base/limit.h"
#include "control/daemon.h"
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

static int run_phases(const struct arguments *a)
{
    (void)a;
    for (uint32_t i = 0; i < phase_move_count; i++)
        printf("%-11s -> %-11s %s\n    gate:  %s\n    guard: %s\n", engine_phase_name(phase_moves[i].from),
               engine_phase_name(phase_moves[i].to), phase_moves[i].reason, phase_moves[i].gate, phase_moves[i].guard);
    return 0;
}

static int print_buffer(struct buffer *out)
{
    fwrite(buffer_view(out).data, 1, buffer_size(out), stdout);
    buffer_release(out);
    return 0;
}

static int run_config(const struct arguments *a)
{
    struct buffer out;
    buffer_init(&out, 0);
    if (a->rest_count && strcmp(a->rest[0], "example") == 0) {
        option_print_ini(&config_options, &out);
    } else if (a->rest_count && strcmp(a->rest[0], "markdown") == 0) {
        option_print_markdown(&config_options, &out);
    } else {
        struct config config;
        struct error error = {0};
        if (!config_read(a->config_file, &config, &error)) return command_fail(&error);
        option_print_text(&config_options, &config, &out);
    }
    return print_buffer(&out);
}

static int run_limits(const struct arguments *a)
{
    (void)a;
    struct buffer out;
    buffer_init(&out, 0);
    limit_print_markdown(&out);
    return print_buffer(&out);
}

static int run_version(const struct arguments *a)
{
    (void)a;
    puts("understudy 0.1.0");
    return 0;
}

static int run_help(const struct arguments *a)
{
    if (a->rest_count && strcmp(a->rest[0], "api") == 0) {
        struct buffer out;
        buffer_init(&out, 0);
        admin_print_routes(&out);
        return print_buffer(&out);
    }
    puts("understudy: moves a live application from Oracle to PostgreSQL\n\nusage: understudy COMMAND [--config FILE] [options]\n");
    for (unsigned i = 0; i < command_count; i++) printf("  %-11s %-34s %s\n", commands[i].name, commands[i].arguments, commands[i].text);
    puts("\noptions: --config FILE  --json  --dry-run  --author NAME  --reason TEXT  --override  --percent N  --table NAME  "
         "--rows-per-second N  --restart  --wait  --watch\n"
         "Every verb that changes something takes --dry-run. Reports are text; with --json what programs read. Exit status: 0; 3: a gate "
         "is closed; 2: refused; 1: failed.");
    return 0;
}

const struct command commands[] = {
    {"run", "", "the daemon, in the foreground", command_run},
    {"check", "", "tests the configuration and both databases, changes nothing", command_check},
    {"config", "[example|markdown]", "every option with its value; or an example file", run_config},
    {"limits", "", "what is bounded, by how much, and what happens then", run_limits},
    {"status", "[--watch]", "phase, rates, lag, consistency, gate", command_status},
    {"phases", "", "the phases, their gates and guards", run_phases},
    {"phase", "PHASE [--percent N]", "enters a phase", command_phase},
    {"backfill", "[--table T] [--wait]", "copies the existing rows", command_backfill},
    {"verify", "[--table T] [--wait]", "compares every row of both sides", command_verify},
    {"work", "[--watch]", "progress of backfill and verify", command_work},
    {"divergences", "", "open differences with both rows", command_divergences},
    {"repair", "", "repairs open divergences by key", command_repair},
    {"statements", "", "every statement with what was measured of it", command_statements},
    {"waive", "FINGERPRINT|refused:NUMBER --reason TEXT",
     "signs for a statement that was never compared, or for a transaction that the source refused", command_waive},
    {"override", "list|add|remove", "the operator's own translations", command_override},
    {"sessions", "[--watch]", "client sessions", command_sessions},
    {"gaps", "", "stretches in which something may have been missed", command_gaps},
    {"feed", "list|status|install|remove", "key feeds on the source: changed rows that no statement names", command_feed},
    {"users", "import", "takes users' verifiers from the source", command_users},
    {"cutover", "[--dry-run]", "makes the target primary", command_cutover},
    {"rollback", "[--dry-run]", "makes the source primary again", command_rollback},
    {"audit", "", "the audit log", command_audit},
    {"journal", "list|show|verify|replay|repair",
     "the journal on disk: segments, records, checksums; replay to the target; repair of damage", command_journal},
    {"report", "[--format text|json|html]", "the final report", command_report},
    {"translate", "FILE|- [--json] [--catalog C]", "translates statements of a file", command_translate},
    {"assess", "[FILE|-] [--json]", "how much can be translated: of a file, or of what the daemon has seen", command_assess},
    {"schema", "[--types FILE]", "the source's schema as PostgreSQL's DDL, and what is left out", command_schema},
    {"version", "", "the version", run_version},
    {"help", "[api]", "this text; or the calls of the admin API", run_help},
};
const unsigned command_count = sizeof commands / sizeof *commands;

enum { FLAG, TEXT, NUMBER };
static const struct option_place {
    const char *name;
    int kind;
    size_t member;
} option_places[] = {
    {"config", TEXT, offsetof(struct arguments, config_file)},
    {"json", FLAG, offsetof(struct arguments, json)},
    {"dry-run", FLAG, offsetof(struct arguments, dry_run)},
    {"override", FLAG, offsetof(struct arguments, override)},
    {"restart", FLAG, offsetof(struct arguments, restart)},
    {"wait", FLAG, offsetof(struct arguments, wait)},
    {"watch", FLAG, offsetof(struct arguments, watch)},
    {"author", TEXT, offsetof(struct arguments, author)},
    {"reason", TEXT, offsetof(struct arguments, reason)},
    {"format", TEXT, offsetof(struct arguments, format)},
    {"percent", NUMBER, offsetof(struct arguments, percent)},
    {"table", TEXT, offsetof(struct arguments, table)},
    {"rows-per-second", NUMBER, offsetof(struct arguments, rows_per_second)},
    {"catalog", TEXT, offsetof(struct arguments, catalog)},
    {"source", TEXT, offsetof(struct arguments, source)},
    {"types", TEXT, offsetof(struct arguments, types)},
    {"target", TEXT, offsetof(struct arguments, target)},
    {"folder", TEXT, offsetof(struct arguments, folder)},
    {"key-file", TEXT, offsetof(struct arguments, key_file)},
    {"from", NUMBER, offsetof(struct arguments, from)},
    {"to", NUMBER, offsetof(struct arguments, to)},
    {"form", TEXT, offsetof(struct arguments, form)},
    {"print", FLAG, offsetof(struct arguments, print)},
    {"all", FLAG, offsetof(struct arguments, all)},
    {"help", FLAG, offsetof(struct arguments, help)},
};
enum { OPTIONS = sizeof option_places / sizeof *option_places };

static bool put_option(const struct option_place *place, const char *text, struct arguments *a)
{
    void *member = (char *)a + place->member;
    char *end;
    if (place->kind == FLAG) {
        *(bool *)member = true;
    } else if (place->kind == TEXT) {
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

static bool parse(int argc, char **argv, struct arguments *a)
{
    struct option options[OPTIONS + 1] = {0};
    int index = 0, answer;
    for (int i = 0; i < OPTIONS; i++)
        options[i] =
            (struct option){.name = option_places[i].name, .has_arg = option_places[i].kind == FLAG ? no_argument : required_argument};
    while ((answer = getopt_long(argc, argv, "", options, &index)) != -1)
        if (answer != 0 || !put_option(&option_places[index], optarg, a)) return false;
    for (int i = optind; i < argc && a->rest_count < 16; i++) a->rest[a->rest_count++] = argv[i];
    return true;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.config_file = getenv("UNDERSTUDY_CONFIG")};
    if (!arguments.config_file) arguments.config_file = "/etc/understudy/understudy.ini";
    if (argc < 2) return run_help(&arguments), 2;
    for (unsigned i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, argv[1]) != 0) continue;
        if (!parse(argc - 1, argv + 1, &arguments)) return 2;
        return arguments.help ? run_help(&arguments) : commands[i].run(&arguments);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return run_help(&arguments);
    fprintf(stderr, "understudy: there is no command %s; `understudy help` lists them\n", argv[1]);
    return 2;
}
