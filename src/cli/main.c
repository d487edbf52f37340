/* SPDX-License-Identifier: Apache-2.0 */
/* understudy: the command line. */
#include "cli/command.h"

#include "base/json.h"
#include "control/daemon.h"
#include "io/http.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int command_fail(const struct error *error)
{
    fprintf(stderr, "understudy: %s\n", error->text);
    return error_exit_status(error->code);
}

int command_fetch(const struct arguments *arguments, const char *method, const char *path, struct view body, struct buffer *answer,
                  struct error *error)
{
    struct config config;
    if (!config_read(arguments->config_file, &config, error)) return 0;
    char url[1024], token[256] = "";
    FILE *file = fopen(config.admin_token_file, "r");
    if (file) {
        if (!fgets(token, sizeof token, file)) token[0] = 0;
        fclose(file);
        token[strcspn(token, "\r\n")] = 0;
    }
    snprintf(url, sizeof url, "http://%s:%u%s", strcmp(config.admin_address, "0.0.0.0") == 0 ? "127.0.0.1" : config.admin_address,
             config.admin_port, path);
    int status = http_call(method, url, token, body, NULL, 120000, answer, error);
    if (status == 0) error_prefix(error, "is the daemon running? (%s)", url);
    return status;
}

int command_ask(const struct arguments *arguments, const char *method, const char *path, struct view body)
{
    struct error error = {0};
    struct buffer answer;
    buffer_init(&answer, 256 * 1024 * 1024);
    int status = command_fetch(arguments, method, path, body, &answer, &error);
    if (status == 0) {
        buffer_release(&answer);
        return command_fail(&error);
    }
    fwrite(buffer_view(&answer).data, 1, buffer_size(&answer), status < 400 ? stdout : stderr);
    fputc('\n', status < 400 ? stdout : stderr);
    buffer_release(&answer);
    return status < 400 ? 0 : status == 409 ? 3 : 2;
}

static int ask_get(const struct arguments *arguments, const char *path)
{
    return command_ask(arguments, "GET", path, view_of(NULL, 0));
}

static struct view phase_body(const struct arguments *arguments, const char *to, struct buffer *out)
{
    struct json json = json_into(out);
    json_object_begin(&json);
    if (to) json_field_text(&json, "to", to);
    json_field_i64(&json, "percent", arguments->percent);
    json_field_text(&json, "author", arguments->author ? arguments->author : getenv("USER") ? getenv("USER") : "operator");
    json_field_text(&json, "reason", arguments->reason ? arguments->reason : "");
    json_field_boolean(&json, "override", arguments->override);
    json_field_boolean(&json, "dry_run", arguments->dry_run);
    if (arguments->table) json_field_text(&json, "table", arguments->table);
    if (arguments->rows_per_second) json_field_i64(&json, "rows_per_second", arguments->rows_per_second);
    json_field_boolean(&json, "restart", arguments->restart);
    json_object_end(&json);
    return buffer_view(out);
}

static int post(const struct arguments *arguments, const char *path, const char *to)
{
    struct buffer body;
    buffer_init(&body, 65536);
    int status = command_ask(arguments, "POST", path, phase_body(arguments, to, &body));
    buffer_release(&body);
    return status;
}

static int run_status(const struct arguments *a)
{
    return ask_get(a, "/v1/status");
}
static int run_work(const struct arguments *a)
{
    return ask_get(a, "/v1/work");
}
static int run_divergences(const struct arguments *a)
{
    return ask_get(a, "/v1/divergences?status=open");
}
static int run_statements(const struct arguments *a)
{
    return ask_get(a, "/v1/statements");
}
static int run_sessions(const struct arguments *a)
{
    return ask_get(a, "/v1/sessions");
}
static int run_gaps(const struct arguments *a)
{
    return ask_get(a, "/v1/gaps");
}
static int run_audit(const struct arguments *a)
{
    return ask_get(a, "/v1/audit");
}
static int run_backfill(const struct arguments *a)
{
    return post(a, "/v1/backfill", NULL);
}
static int run_verify(const struct arguments *a)
{
    return post(a, "/v1/verify", NULL);
}
static int run_repair(const struct arguments *a)
{
    return post(a, "/v1/repair", NULL);
}
static int run_cutover(const struct arguments *a)
{
    return post(a, "/v1/phase", "cutover");
}
static int run_rollback(const struct arguments *a)
{
    return post(a, "/v1/phase", "shadow");
}

static int run_phase(const struct arguments *a)
{
    if (a->rest_count != 1) {
        fprintf(stderr, "usage: understudy phase observe|dual-write|shadow|canary|cutover|complete [--percent N] [--author A --reason R] "
                        "[--dry-run]\n");
        return 2;
    }
    return post(a, "/v1/phase", a->rest[0]);
}

static int run_users(const struct arguments *a)
{
    if (a->rest_count == 1 && strcmp(a->rest[0], "import") == 0) return post(a, "/v1/users/import", NULL);
    fprintf(stderr, "usage: understudy users import\n");
    return 2;
}

static int run_report(const struct arguments *a)
{
    char path[100];
    snprintf(path, sizeof path, "/v1/report?format=%.20s", a->json ? "json" : a->format ? a->format : "text");
    return ask_get(a, path);
}

static int run_override(const struct arguments *a)
{
    if (a->rest_count >= 1 && strcmp(a->rest[0], "list") == 0) return ask_get(a, "/v1/overrides");
    if (a->rest_count == 2 && strcmp(a->rest[0], "remove") == 0) {
        char path[100];
        snprintf(path, sizeof path, "/v1/overrides?fingerprint=%.32s", a->rest[1]);
        return command_ask(a, "DELETE", path, view_of(NULL, 0));
    }
    if (a->rest_count == 1 && strcmp(a->rest[0], "add") == 0 && a->source && a->target) {
        struct buffer body;
        buffer_init(&body, 1024 * 1024);
        struct json json = json_into(&body);
        json_object_begin(&json);
        json_field_text(&json, "source", a->source);
        json_field_text(&json, "target", a->target);
        json_field_text(&json, "author", a->author ? a->author : "operator");
        json_field_text(&json, "reason", a->reason ? a->reason : "");
        json_object_end(&json);
        int status = command_ask(a, "POST", "/v1/overrides", buffer_view(&body));
        buffer_release(&body);
        return status;
    }
    fprintf(stderr, "usage: understudy override list | add --source SQL --target SQL | remove FINGERPRINT\n");
    return 2;
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
         "--rows-per-second N  --restart");
    return 0;
}

const struct command commands[] = {
    {"run", "", "the daemon, in the foreground", command_run},
    {"check", "", "tests the configuration and both databases, changes nothing", command_check},
    {"config", "[example|markdown]", "every option with its value; or an example file", run_config},
    {"status", "", "phase, rates, lag, consistency, gate", run_status},
    {"phases", "", "the phases, their gates and guards", run_phases},
    {"phase", "PHASE [--percent N]", "enters a phase", run_phase},
    {"backfill", "[--table T]", "copies the existing rows", run_backfill},
    {"verify", "[--table T]", "compares every row of both sides", run_verify},
    {"work", "", "progress of backfill and verify", run_work},
    {"divergences", "", "open differences with both rows", run_divergences},
    {"repair", "", "repairs open divergences by key", run_repair},
    {"statements", "", "every statement with what was measured of it", run_statements},
    {"override", "list|add|remove", "the operator's own translations", run_override},
    {"sessions", "", "client sessions", run_sessions},
    {"gaps", "", "stretches in which something may have been missed", run_gaps},
    {"users", "import", "takes users' verifiers from the source", run_users},
    {"cutover", "[--dry-run]", "makes the target primary", run_cutover},
    {"rollback", "[--dry-run]", "makes the source primary again", run_rollback},
    {"audit", "", "the audit log", run_audit},
    {"journal", "list|show|verify|replay|repair",
     "the journal on disk: segments, records, checksums; replay to the target; repair of damage", command_journal},
    {"report", "[--format text|json|html]", "the final report", run_report},
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
