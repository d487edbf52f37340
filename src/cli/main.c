/* SPDX-License-Identifier: Apache-2.0 */
/* understudy: the command line. */
#include "cli/ask.h"

#include "base/limit.h"
#include "control/daemon.h"
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
    fwrite(buffer_view(&out).data, 1, buffer_size(&out), stdout);
    buffer_release(&out);
    return 0;
}

static int run_limits(const struct arguments *a)
{
    (void)a;
    struct buffer out;
    buffer_init(&out, 0);
    limit_print_markdown(&out);
    fwrite(buffer_view(&out).data, 1, buffer_size(&out), stdout);
    buffer_release(&out);
    return 0;
}

static int run_version(const struct arguments *a)
{
    (void)a;
    puts("understudy 0.1.0");
    return 0;
}

static int run_help(const struct arguments *a)
{
    (void)a;
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
    {"help", "", "this text", run_help},
};
const unsigned command_count = sizeof commands / sizeof *commands;

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {"dry-run", no_argument, NULL, 'n'},
    {"override", no_argument, NULL, 'o'},
    {"restart", no_argument, NULL, 'r'},
    {"wait", no_argument, NULL, 'W'},
    {"watch", no_argument, NULL, '3'},
    {"author", required_argument, NULL, 'a'},
    {"reason", required_argument, NULL, 'w'},
    {"format", required_argument, NULL, 'f'},
    {"percent", required_argument, NULL, 'p'},
    {"table", required_argument, NULL, 't'},
    {"rows-per-second", required_argument, NULL, 's'},
    {"catalog", required_argument, NULL, 'C'},
    {"source", required_argument, NULL, 'S'},
    {"types", required_argument, NULL, 'Y'},
    {"target", required_argument, NULL, 'T'},
    {"folder", required_argument, NULL, 'F'},
    {"key-file", required_argument, NULL, 'K'},
    {"from", required_argument, NULL, '1'},
    {"to", required_argument, NULL, '2'},
    {"form", required_argument, NULL, 'm'},
    {"print", no_argument, NULL, 'P'},
    {"all", no_argument, NULL, 'A'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse(int argc, char **argv, struct arguments *a)
{
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'c': a->config_file = optarg; break;
        case 'j': a->json = true; break;
        case 'n': a->dry_run = true; break;
        case 'o': a->override = true; break;
        case 'r': a->restart = true; break;
        case 'W': a->wait = true; break;
        case '3': a->watch = true; break;
        case 'a': a->author = optarg; break;
        case 'w': a->reason = optarg; break;
        case 'f': a->format = optarg; break;
        case 'p': a->percent = strtol(optarg, NULL, 10); break;
        case 't': a->table = optarg; break;
        case 's': a->rows_per_second = strtol(optarg, NULL, 10); break;
        case 'C': a->catalog = optarg; break;
        case 'S': a->source = optarg; break;
        case 'Y': a->types = optarg; break;
        case 'T': a->target = optarg; break;
        case 'F': a->folder = optarg; break;
        case 'K': a->key_file = optarg; break;
        case '1': a->from = strtol(optarg, NULL, 10); break;
        case '2': a->to = strtol(optarg, NULL, 10); break;
        case 'm': a->form = optarg; break;
        case 'P': a->print = true; break;
        case 'A': a->all = true; break;
        case 'h': exit(run_help(a));
        default: return false;
        }
    }
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
        return commands[i].run(&arguments);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return run_help(&arguments);
    fprintf(stderr, "understudy: there is no command %s; `understudy help` lists them\n", argv[1]);
    return 2;
}
