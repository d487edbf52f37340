/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of commands and of options, and what `understudy help` prints of them. */
#include "cli/ask.h"

#include "base/limit.h"
#include "control/daemon.h"
#include <stdio.h>
#include <string.h>

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
    } else if (a->rest_count) {
        fprintf(
            stderr,
            "understudy: config prints what holds; `config example` a file to begin with, `config markdown` the documentation; not %s\n",
            a->rest[0]);
        buffer_release(&out);
        return 2;
    } else {
        struct config config;
        struct error error = {0};
        if (!config_load(a->config_file, &config, &error)) return command_fail(&error);
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

/* The options of more than one command. */
#define DAEMON "config json"                       /* asks the running daemon */
#define CHANGE "config json dry-run author reason" /* changes something, and stands in the audit log */
#define MOVE   CHANGE " override"                  /* changes the phase */

const struct command commands[] = {
    {"run", "", "the daemon, in the foreground", 0, "config",
     "SIGTERM ends it in order, SIGHUP reads again what may change while it runs (docs/configuration.md says which options).", command_run},
    {"check", "", "tests the configuration and both databases, changes nothing", 0, DAEMON,
     "Rights, settings, tables without a key or a counterpart. Run it before `understudy run`, and again after a change.", command_check},
    {"config", "[example|markdown]", "every option with its value; or an example file", 1, "config", NULL, run_config},
    {"limits", "", "what is bounded, by how much, and what happens then", 0, "", NULL, run_limits},
    {"status", "[--watch]", "phase, rates, lag, consistency, gate", 0, DAEMON " watch",
     "What the next phase's gate still wants stands at the end.", command_status},
    {"phases", "", "the phases, their gates and guards", 0, "", NULL, run_phases},
    {"phase", "PHASE [--percent N]", "enters a phase", 1, MOVE " percent",
     "PHASE is observe, dual-write, shadow, canary (with --percent 1, 5, 25, 50 or 100), cutover or complete. A phase whose gate is closed "
     "is refused with what is missing and what\n"
     "would supply it; --override enters it all the same, with --author and --reason, which stand in the audit log and in the final "
     "report.\n"
     "Every step back is possible until complete.",
     command_phase},
    {"backfill", "[--table T] [--wait]", "copies the existing rows", 0, CHANGE " table restart wait rows-per-second",
     "In the phase dual-write. Goes on where it was if it was interrupted; --restart begins anew.", command_backfill},
    {"verify", "[--table T] [--wait]", "compares every row of both sides", 0, CHANGE " table restart wait rows-per-second",
     "While both sides are written to. Clears the gaps that were open when it began; what differs is a divergence.", command_verify},
    {"work", "[--watch]", "progress of backfill and verify", 0, DAEMON " watch", NULL, command_work},
    {"divergences", "", "open differences with both rows", 0, DAEMON, NULL, command_divergences},
    {"repair", "", "repairs open divergences by key", 0, CHANGE,
     "Reads each row on the primary and makes the secondary equal, in order with what is mirrored. Images before and after are kept.",
     command_repair},
    {"statements", "", "every statement with what was measured of it", 0, DAEMON, NULL, command_statements},
    {"waive", "FINGERPRINT|refused:NUMBER --reason TEXT",
     "signs for a statement that was never compared, or for a transaction that the source refused", 1, CHANGE, NULL, command_waive},
    {"override", "list|add|remove", "the operator's own translations", 2, CHANGE " source target tables binds",
     "  override list\n  override add --source SQL|FINGERPRINT --target SQL [--tables LIST] [--binds LIST]\n  override remove FINGERPRINT\n"
     "PostgreSQL prepares the target's statement before it holds. Its $1, $2 .. are the source's binds in their order, or those that "
     "--binds names. With the text it holds for "
     "exactly this text, with a fingerprint (`understudy statements`) for all its texts. --tables says what a PL/SQL block writes: without "
     "it, everything may have been written.",
     command_override},
    {"sessions", "[--watch]", "client sessions", 0, DAEMON " watch", NULL, command_sessions},
    {"gaps", "[--all]", "stretches in which something may have been missed", 0, DAEMON " all",
     "By table and reason, those that are open; --all: each one, also those that a verify has cleared.", command_gaps},
    {"feed", "list|status|install|remove", "key feeds on the source: changed rows that no statement names", 1,
     MOVE " table all form print watch",
     "  feed list                                   every table, and why it would need a feed\n  feed status [--watch]                     "
     "  those that have one\n"
     "  feed install [--table T|--all] [--print]    --print: the SQL, which is not run\n  feed remove [--table T] [--print]",
     command_feed},
    {"users", "import", "takes users' verifiers from the source", 1, CHANGE,
     "Once the source is gone Understudy checks passwords itself, against the verifiers of the source's users.", command_users},
    {"cutover", "[--dry-run]", "makes the target primary", 0, MOVE, "`understudy phase cutover`. --dry-run says whether the gate is open.",
     command_cutover},
    {"rollback", "[--dry-run]", "makes the source primary again", 0, MOVE,
     "`understudy phase shadow`. No acknowledged write is lost, even if the target is.", command_rollback},
    {"audit", "", "the audit log", 0, DAEMON, NULL, command_audit},
    {"journal", "list|show|verify|replay|repair [FOLDER]",
     "the journal on disk: segments, records, checksums; replay to the target; repair of damage", 2,
     "config json dry-run folder key-file from to",
     "  journal list [FOLDER]                         the segments\n  journal show [FOLDER] [--from N] [--to N]     the records by "
     "position\n  journal verify [FOLDER]                       every checksum\n"
     "  journal replay [--dry-run]                    the daemon is down and stays down: brings the target up to the journal's end\n"
     "  journal repair [--dry-run]                    the daemon is down because the journal is damaged: sets the damage aside and leaves "
     "a gap over all tables",
     command_journal},
    {"report", "[--format text|json|html]", "the final report", 0, DAEMON " format", NULL, command_report},
    {"translate", "FILE|- [--json] [--catalog C]", "translates statements of a file", 1, "json catalog",
     "FILE has SQL with ; between statements, or a JSON object {\"id\", \"sql\"} on each line.", command_translate},
    {"assess", "[FILE|-] [--json]", "how much can be translated: of a file, or of what the daemon has seen", 1, "config json catalog", NULL,
     command_assess},
    {"schema", "[--types FILE] | --runtime", "the source's schema as PostgreSQL's DDL, and what is left out", 0, "config types runtime",
     "  understudy schema --runtime | psql ..    once: the functions that defaults and views use\n"
     "  understudy schema > schema.sql           read it, change it, then psql -f schema.sql",
     command_schema},
    {"version", "", "the version", 0, "", NULL, run_version},
    {"help", "[COMMAND|api|metrics|alerts|man]", "this text; one command; what there is besides", 1, "",
     "  help api        the calls of the admin API\n  help metrics    what Prometheus finds under /metrics\n  help alerts     the codes of "
     "alerts\n  help man        this as a manual page (understudy help man | man -l -)",
     command_help},
};
const unsigned command_count = sizeof commands / sizeof *commands;

const struct command_option command_options[] = {
    {"config", COMMAND_TEXT, "FILE", "the configuration; default $UNDERSTUDY_CONFIG, else /etc/understudy/understudy.ini",
     offsetof(struct arguments, config_file)},
    {"json", COMMAND_FLAG, "", "what programs read, instead of text", offsetof(struct arguments, json)},
    {"dry-run", COMMAND_FLAG, "", "says what would be done, and does nothing", offsetof(struct arguments, dry_run)},
    {"override", COMMAND_FLAG, "", "although the gate is closed, or somebody else uses it; wants --author and --reason",
     offsetof(struct arguments, override)},
    {"restart", COMMAND_FLAG, "", "begins anew instead of going on", offsetof(struct arguments, restart)},
    {"wait", COMMAND_FLAG, "", "until it is done, with rate and ETA", offsetof(struct arguments, wait)},
    {"watch", COMMAND_FLAG, "", "again every two seconds", offsetof(struct arguments, watch)},
    {"author", COMMAND_TEXT, "NAME", "who does it; default $USER", offsetof(struct arguments, author)},
    {"reason", COMMAND_TEXT, "TEXT", "why", offsetof(struct arguments, reason)},
    {"format", COMMAND_TEXT, "FORMAT", "text, json or html", offsetof(struct arguments, format)},
    {"percent", COMMAND_NUMBER, "N", "the share of reads that the target serves", offsetof(struct arguments, percent)},
    {"table", COMMAND_TEXT, "T", "this table only", offsetof(struct arguments, table)},
    {"tables", COMMAND_TEXT, "LIST", "the tables that it writes: SCHEMA.TABLE, commas between them", offsetof(struct arguments, tables)},
    {"binds", COMMAND_TEXT, "LIST", "the source's binds that $1, $2 .. stand for, commas between them", offsetof(struct arguments, binds)},
    {"rows-per-second", COMMAND_NUMBER, "N", "no faster than this", offsetof(struct arguments, rows_per_second)},
    {"catalog", COMMAND_TEXT, "CONNINFO", "a PostgreSQL database whose tables give the types", offsetof(struct arguments, catalog)},
    {"source", COMMAND_TEXT, "SQL", "the source's statement, or its fingerprint", offsetof(struct arguments, source)},
    {"types", COMMAND_TEXT, "FILE", "lines NUMBER(1, 0) = boolean or TABLE.COLUMN = uuid; # begins a remark",
     offsetof(struct arguments, types)},
    {"target", COMMAND_TEXT, "SQL", "what the target runs instead", offsetof(struct arguments, target)},
    {"folder", COMMAND_TEXT, "FOLDER", "the journal's; default: the configuration's", offsetof(struct arguments, folder)},
    {"key-file", COMMAND_TEXT, "FILE", "the key of an encrypted journal", offsetof(struct arguments, key_file)},
    {"from", COMMAND_NUMBER, "N", "the first position", offsetof(struct arguments, from)},
    {"to", COMMAND_NUMBER, "N", "the last position", offsetof(struct arguments, to)},
    {"form", COMMAND_TEXT, "FORM", "trigger (the default) or mvlog", offsetof(struct arguments, form)},
    {"print", COMMAND_FLAG, "", "the SQL, which is not run", offsetof(struct arguments, print)},
    {"all", COMMAND_FLAG, "", "everything, not only what is needed or open", offsetof(struct arguments, all)},
    {"runtime", COMMAND_FLAG, "", "the functions of the schema understudy, instead of the source's schema",
     offsetof(struct arguments, runtime)},
    {"help", COMMAND_FLAG, "", "this text", offsetof(struct arguments, help)},
};
const unsigned command_option_count = sizeof command_options / sizeof *command_options;

const struct command *command_find(const char *name)
{
    for (unsigned i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

bool command_takes(const struct command *command, const char *option)
{
    size_t size = strlen(option);
    if (strcmp(option, "help") == 0) return true;
    for (const char *at = command->options; (at = strstr(at, option)); at += size)
        if ((at == command->options || at[-1] == ' ') && (at[size] == ' ' || at[size] == 0)) return true;
    return false;
}
